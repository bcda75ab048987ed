"""Measures Countersign beside nginx and beside our own evhttp that stores nothing, in one run, and prints Markdown.

Claims are ratios: each is taken within one round, in which all cases ran one after the other, and the median over the rounds is
printed. Rounds are rotated so that no case always runs first. Servers stand on CPU 0, the load generator on CPU 1."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from client import Caller, Party

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/countersign"
LOADTEST = ROOT / "build/release/countersign-loadtest"
NGINX = "/usr/sbin/nginx"

CPU_BOUND, THROUGHPUT_BOUND = 2.2, 0.65
P99_BOUND_MS, MEMORY_BOUND_MIB, CLICK_BOUND_BYTES, RESTART_BOUND_S = 10, 64, 600, 3
START_S, STOP_S = 30, 60
USER_AGENT = ("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.6613.146 "
              "Mobile Safari/537.36")[:120].ljust(120, "x")
PATH_LIKE_A_PIXEL = "/p/" + "x" * 35 + ".gif?event=view&click_id=" + "x" * 46


def cpu_times():
    """All of the machine's CPU time so far and what of it the hypervisor gave to others, in ticks."""
    fields = [int(n) for n in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields), fields[7]


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A process that serves HTTP, with its children."""

    def __init__(self, name, command, port, cpu, log, ready="/"):
        self.name, self.port, self.ready_path = name, port, ready
        self.url = f"http://127.0.0.1:{port}"
        pinned = ["taskset", "-c", str(cpu)] if cpu is not None else []
        with open(log, "ab") as out:
            self.process = subprocess.Popen([*pinned, *map(str, command)], stdout=out, stderr=out)

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + self.ready_path, timeout=5) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False
        except OSError:
            return False

    def wait_ready(self):
        """Seconds until it answered 200."""
        start = time.monotonic()
        while not self.is_ready():
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended with {self.process.returncode}")
            if time.monotonic() - start > START_S:
                sys.exit(f"{self.name} did not get ready")
            time.sleep(0.002)
        return time.monotonic() - start

    def pids(self):
        pid = self.process.pid
        return [pid, *map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def cpu_us(self):
        """CPU time of all threads so far, user and system."""
        ticks = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks * 1_000_000 // os.sysconf("SC_CLK_TCK")

    def rss_anon_mib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
        raise LookupError("RssAnon")

    def metrics(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {k: float(v) for k, v in (line.rsplit(" ", 1) for line in lines if line and line[0] != "#")}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()


def nginx(folder, cpu):
    folder = folder / "nginx"
    folder.mkdir()
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    temp = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
events {{ worker_connections 4096; }}
http {{
    {temp}
    access_log {folder}/access.log combined buffer=64k flush=1s;
    keepalive_requests 1000000000;
    keepalive_timeout 600;
    server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ empty_gif; }} }}
}}
""")
    command = [NGINX, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    return Server("nginx", command, port, cpu, folder / "log")


def null(folder, cpu):
    port = free_port()
    return Server("null", [LOADTEST, "null", "--listen", f"127.0.0.1:{port}"], port, cpu, folder / "null.log")


class Countersign(Server):
    """A server with a data folder of its own, one campaign, and codes to load it with."""

    def __init__(self, folder, name, cpu, *flags):
        self.data, self.flags, self.cpu = folder / name, flags, cpu
        self.log = folder / f"{name}.log"
        self.data_port = free_port()
        subprocess.run([BINARY, "init", "--data", self.data, "--public-url", f"http://127.0.0.1:{self.data_port}"],
                       check=True, stdout=subprocess.DEVNULL)
        self.start()
        self.wait_ready()
        self.set_up(folder / f"{name}.codes")

    def start(self):
        command = [BINARY, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.data_port}", "--workers", 1,
                   "--log-level", "warn", *self.flags]
        super().__init__("countersign", command, self.data_port, self.cpu, self.log, "/readyz")

    def set_up(self, codes_file):
        operator = Caller(self.url, (self.data / "operator.token").read_text().strip())
        advertiser = Party(operator, "Bench advertiser", "advertiser")
        campaign = operator.post("/v1/campaigns", {
            "advertiser": advertiser.id, "name": "Bench", "currency": "EUR", "landing_url": "https://landing.example/offer",
            "lead": {"require": ["email", "phone"], "min_click_to_lead_s": 0, "hold_below_s": 0}})
        codes = []
        for number in range(4):
            publisher = operator.post("/v1/parties", {"name": f"Bench publisher {number}", "kind": "publisher"})
            contract = operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": publisher["id"],
                                                       "price": {"lead": [{"micros": 12_000_000}]}})
            codes += [operator.post(f"/v1/contracts/{contract['id']}/codes", {"label": f"placement {n}"})["code"]
                      for n in range(2)]
        codes_file.write_text("\n".join(codes) + "\n")
        self.codes, self.kid, self.secret = codes_file, advertiser.kid, advertiser.secret

    def mix(self, mix):
        return ["--codes", self.codes, "--mix", mix, "--kid", self.kid, "--secret", self.secret]

    def stored_bytes(self):
        return sum(f.stat().st_blocks * 512 for f in self.data.rglob("*.mdb") if "lock" not in f.name)


def load(server, *flags, connections=128):
    """One run of the load generator: its report, with what the server spent meanwhile."""
    command = [LOADTEST, "--url", server.url, "--connections", connections, "--cpu", 1, "--user-agent", USER_AGENT, "--json", *flags]
    before = server.cpu_us()
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    out = json.loads(done.stdout)
    spent = server.cpu_us() - before
    out["cpu_us"] = spent / max(out["answered"], 1)
    out["busy"] = spent / (out["wall_ms"] * 1000)
    out["generator_busy"] = out["busy_ppm"] / 1e6
    bad = sum(n for kind in out["kinds"].values() for status, n in kind["status"].items() if status not in ("200", "302"))
    if bad or sum(out["failures"].values()) or out["unsent"]:
        say(f"  warning: {server.name}: other than 200 and 302: {bad}, failures: {out['failures']}, never sent: {out['unsent']}")
    return out


def median(rounds, case, value):
    return statistics.median(r[case][value] for r in rounds)


def median_ratio(rounds, case, base, value):
    return statistics.median(r[case][value] / r[base][value] for r in rounds)


def verdict(holds):
    return "holds" if holds else "**does not hold**"


def speed(folder, options, stack):
    """Requests per second and CPU per request, side by side."""
    pinned = stack(Countersign(folder, "pinned", 0))
    free = stack(Countersign(folder, "free", None))
    raw = ["--raw", PATH_LIKE_A_PIXEL]
    cases = {"nginx": (stack(nginx(folder, 0)), raw), "null": (stack(null(folder, 0)), raw),
             "click": (pinned, pinned.mix("click=1")), "pixel": (pinned, pinned.mix("view=1")),
             "click, server unpinned": (free, free.mix("click=1")), "pixel, server unpinned": (free, free.mix("view=1"))}
    for server, _ in cases.values():
        server.wait_ready()
    print("| case | connections | requests/s | CPU us/request | server busy | generator busy | CPU against nginx | "
          "requests/s against null |\n|---|---|---|---|---|---|---|---|")
    for connections in (128, 512):
        rounds, names = [], list(cases)
        for number in range(options.rounds):
            done = {}
            for name in names[number % len(names):] + names[:number % len(names)]:
                server, flags = cases[name]
                done[name] = load(server, *flags, "--duration", options.seconds, connections=connections)
                say(f"  {connections} connections, round {number + 1}, {name}: {done[name]['per_s']}/s, "
                    f"{done[name]['cpu_us']:.2f} us")
            rounds.append(done)
        for name in names:
            cpu, rate = median_ratio(rounds, name, "nginx", "cpu_us"), median_ratio(rounds, name, "null", "per_s")
            judged = name in ("click", "pixel")
            print(f"| {name} | {connections} | {median(rounds, name, 'per_s'):,.0f} | {median(rounds, name, 'cpu_us'):.2f} | "
                  f"{median(rounds, name, 'busy'):.0%} | {median(rounds, name, 'generator_busy'):.0%} | "
                  f"{cpu:.2f}{f' (at most {CPU_BOUND}: {verdict(cpu <= CPU_BOUND)})' if judged else ''} | "
                  f"{rate:.2f}{f' (at least {THROUGHPUT_BOUND}: {verdict(rate >= THROUGHPUT_BOUND)})' if judged else ''} |", flush=True)


def leads(folder, options, stack):
    """Signed lead postbacks, and what bounds them."""
    print("| signed leads, server | leads/s | CPU us/lead | server busy | generator busy | commits/s | leads a commit | bound by |\n"
          "|---|---|---|---|---|---|---|---|")
    for name, cpu in (("pinned", 0), ("unpinned", None)):
        server = stack(Countersign(folder, f"leads-{name}", cpu))
        before = server.metrics()
        out = load(server, *server.mix("lead=1"), "--duration", options.seconds * 2)
        after = server.metrics()
        seconds = out["wall_ms"] / 1000
        commits = after["countersign_commits_total"] - before["countersign_commits_total"]
        recorded = after["countersign_leads_total"] - before["countersign_leads_total"]
        acknowledged = out["kinds"]["lead"]["status"].get("200", 0)
        bound = ("the generator" if out["generator_busy"] > 0.95 else
                 "the server's CPU" if out["busy"] > (0.95 if cpu is not None else 1.5) else
                 "waiting: commits to the disk, and hand-overs between threads")
        if recorded != acknowledged:
            say(f"  warning: {acknowledged} leads acknowledged, {recorded:.0f} recorded")
        print(f"| {name} | {acknowledged / seconds:,.0f} | {out['cpu_us']:.1f} | {out['busy']:.0%} | {out['generator_busy']:.0%} | "
              f"{commits / seconds:,.0f} | {recorded / max(commits, 1):.1f} | {bound} |", flush=True)
        server.stop()


def latency(folder, options, stack):
    """Latency of clicks at 70 % of the saturated rate, open loop."""
    print("| clicks at 70 % of saturation, server | saturated/s | fired/s | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | "
          f"p99 under {P99_BOUND_MS} ms |\n|---|---|---|---|---|---|---|---|---|")
    for name, cpu in (("pinned", 0), ("unpinned", None)):
        server = stack(Countersign(folder, f"latency-{name}", cpu))
        full = statistics.median(load(server, *server.mix("click=1"), "--duration", options.seconds)["per_s"] for _ in range(3))
        out = load(server, *server.mix("click=1"), "--duration", options.seconds * 3, "--rate", int(full * 0.7))
        ms = {k: v / 1000 for k, v in out["latency"].items()}
        print(f"| {name} | {full:,.0f} | {out['per_s']:,} | {ms['p50_us']:.2f} | {ms['p90_us']:.2f} | {ms['p99_us']:.2f} | "
              f"{ms['p99_9_us']:.2f} | {ms['max_us']:.2f} | {verdict(ms['p99_us'] < P99_BOUND_MS)} |", flush=True)
        server.stop()


def growth(folder, options, stack):
    """CPU, memory and disk as events accumulate."""
    steps, server = 10, stack(Countersign(folder, "growth", 0))
    step = options.events // steps
    empty, rows = server.stored_bytes(), []
    print("| clicks so far | CPU us/click | clicks/s | RssAnon MiB | database bytes/click |\n|---|---|---|---|---|")
    for number in range(1, steps + 1):
        out = load(server, *server.mix("click=1"), "--count", step, "--timeout", 30, connections=256)
        time.sleep(1.5)  # a sweep, so that tiles and heads are counted
        size = (server.stored_bytes() - empty) / (number * step)
        rows.append((out["cpu_us"], server.rss_anon_mib(), size))
        print(f"| {number * step:,} | {out['cpu_us']:.2f} | {out['per_s']:,} | {rows[-1][1]:.1f} | {size:.0f} |", flush=True)
    half, last = rows[steps // 2 - 1], rows[-1]
    print(f"\nMemory without the mapped file after {step * steps // 2:,} clicks: {half[1]:.1f} MiB "
          f"(under {MEMORY_BOUND_MIB}: {verdict(half[1] < MEMORY_BOUND_MIB)}). "
          f"Database per click with a user agent of {len(USER_AGENT)} bytes: {last[2]:.0f} bytes "
          f"(under {CLICK_BOUND_BYTES}: {verdict(last[2] < CLICK_BOUND_BYTES)}). "
          f"CPU per click, last tenth against first: {last[0] / rows[0][0]:.2f}.", flush=True)
    server.stop()


def restart(folder, options, stack):
    """kill -9 with events that no sweep has seen, then the time to ready."""
    server = stack(Countersign(folder, "restart", None, "--sweep-ms", 60000))
    sweeps = server.metrics()["countersign_sweeps_total"]
    out = load(server, *server.mix("click=1"), "--count", options.unswept, "--timeout", 30, connections=512)
    swept = server.metrics()["countersign_sweeps_total"] - sweeps
    server.kill()
    server.start()
    stack(server)
    seconds = server.wait_ready()
    judged = "a sweep ran meanwhile, so fewer were unswept: says nothing" if swept else verdict(seconds < RESTART_BOUND_S)
    print(f"Restart after kill -9 with {out['answered']:,} unswept clicks: ready after {seconds:.2f} s "
          f"(under {RESTART_BOUND_S} s for a million: {judged}).", flush=True)
    server.stop()


SECTIONS = {f.__name__: f for f in (speed, leads, latency, growth, restart)}


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown CPU")
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Side-by-side benchmark; prints Markdown.")
    parser.add_argument("--quick", action="store_true", help="short rounds and few events: shows that it works, proves nothing")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the side-by-side comparison [3]")
    parser.add_argument("--seconds", type=int, help="seconds of one measurement [4; quick 1]")
    parser.add_argument("--events", type=int, help="events of the growth curve [10000000; quick 100000]")
    parser.add_argument("--unswept", type=int, help="events before the kill [1000000; quick 50000]")
    parser.add_argument("--data", help="folder on the disk to measure [a new one below build/]")
    options = parser.parse_args()
    options.seconds = options.seconds or (1 if options.quick else 4)
    options.events = options.events or (100_000 if options.quick else 10_000_000)
    options.unswept = options.unswept or (50_000 if options.quick else 1_000_000)
    if (os.cpu_count() or 1) < 2:
        sys.exit("needs two CPUs: one for the servers, one for the load generator")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.data or ROOT / "build"))
    try:
        print(f"Measured on {machine()}, {time.strftime('%Y-%m-%d')}.\n")
        for name in options.only or SECTIONS:
            say(f"{name}: {SECTIONS[name].__doc__}")
            all_before, stolen_before = cpu_times()
            with contextlib.ExitStack() as running:
                def stack(server):
                    running.callback(server.stop)
                    return server
                SECTIONS[name](folder, options, stack)
            all_after, stolen_after = cpu_times()
            print(f"\nMeanwhile the hypervisor gave {(stolen_after - stolen_before) / max(all_after - all_before, 1):.0%} of this machine's CPU time to "
                  "others; past a few percent, times say little.\n", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
