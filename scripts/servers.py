"""What the benchmarks run: servers as processes of their own, and the load generator against them."""

import collections
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

from client import Caller, Party

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/countersign"
LOADTEST = ROOT / "build/release/countersign-loadtest"
FILL = ROOT / "build/release/fill_leads"
CHANGES = ROOT / "build/release/changes"
SCORE = ROOT / "build/release/score_answers"
FILL_TRAFFIC = ROOT / "build/release/fill_traffic"
CLOCK = ROOT / "build/release/libwrong_clock.so"
NGINX = "/usr/sbin/nginx"

START_S, STOP_S = 180, 60
USER_AGENT = ("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.6613.146 "
              "Mobile Safari/537.36")[:120].ljust(120, "x")


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_clock(pid):
    """The clock of a process's CPU time: what clock_getcpuclockid(3) makes. /proc counts in ticks of 10 ms."""
    return ~pid << 3 | 2


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
        return sum(time.clock_gettime_ns(cpu_clock(pid)) for pid in self.pids()) / 1000

    def thread_us(self):
        """CPU time of the threads of each name so far."""
        out = collections.Counter()
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            out[(task / "comm").read_text().strip()] += int((task / "schedstat").read_text().split()[0]) / 1000
        return out

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
    """A server with a data folder of its own, one campaign, and codes to load it with; `under` is what to run the binary with,
    `budget` what a party and an address may ask a second."""

    def __init__(self, folder, label, cpu, *flags, binary=BINARY, under=(), budget=100_000_000):
        self.label, self.data, self.flags, self.cpu, self.budget = label, folder / label, flags, cpu, budget
        self.binary, self.under = binary, under
        self.log = folder / f"{label}.log"
        self.data_port = free_port()
        subprocess.run([binary, "init", "--data", self.data, "--public-url", f"http://127.0.0.1:{self.data_port}"],
                       check=True, stdout=subprocess.DEVNULL)
        self.start()
        self.wait_ready()
        self.set_up(folder / f"{label}.codes")

    def start(self):
        command = [*self.under, self.binary, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.data_port}", "--workers", 1,
                   "--log-level", "warn", "--budget-party", self.budget, "--budget-address", self.budget, *self.flags]
        super().__init__("countersign", command, self.data_port, self.cpu, self.log, "/readyz")

    def set_up(self, codes_file):
        operator = Caller(self.url, (self.data / "operator.token").read_text().strip())
        advertiser = Party(operator, "Bench advertiser", "advertiser")
        campaign = operator.post("/v1/campaigns", {
            "advertiser": advertiser.id, "name": "Bench", "currency": "EUR", "landing_url": "https://landing.example/offer",
            "lead": {"require": ["email", "phone"], "min_click_to_lead_s": 0, "hold_below_s": 0}})
        codes, self.contracts = [], []
        for number in range(4):
            publisher = operator.post("/v1/parties", {"name": f"Bench publisher {number}", "kind": "publisher"})
            contract = operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": publisher["id"],
                                                       "price": {"lead": [{"micros": 12_000_000}]}})
            self.contracts.append(contract["id"])
            codes += [operator.post(f"/v1/contracts/{contract['id']}/codes", {"label": f"placement {n}"})["code"]
                      for n in range(2)]
        codes_file.write_text("\n".join(codes) + "\n")
        self.codes, self.advertiser, self.operator = codes_file, advertiser, operator

    def narrow(self):
        """From here on all load goes to the first contract, whose id it gives, with the token of an auditor who may pull it."""
        auditor = Party(self.operator, "Bench auditor", "auditor")
        self.operator.post(f"/v1/contracts/{self.contracts[0]}/grants", {"party": auditor.id})
        self.codes.write_text("".join(self.codes.read_text().splitlines(keepends=True)[:2]))
        return self.contracts[0], auditor.token

    def mix(self, mix):
        return ["--codes", self.codes, "--mix", mix, "--kid", self.advertiser.kid, "--secret", self.advertiser.secret]

    def spare(self, first):
        """From here on no load goes to so many contracts, the first ones."""
        self.codes.write_text("".join(self.codes.read_text().splitlines(keepends=True)[2 * first:]))

    def stored_bytes(self):
        return sum(f.stat().st_blocks * 512 for f in self.data.rglob("*.mdb") if "lock" not in f.name)


class Clock:
    """A clock that a server runs by, which can be told that time went by."""

    def __init__(self, path):
        self.path = path
        self.pass_days(0)
        self.under = ("env", f"LD_PRELOAD={CLOCK}", f"COUNTERSIGN_CLOCK={path}")

    def pass_days(self, days):
        with open(self.path, "r+b" if self.path.exists() else "wb") as file:
            file.write(struct.pack("=3q", 0, days * 86_400_000, 0))


def load(server, *flags, connections=128, prompt=False):
    """One run of the load generator: its report, with what the server spent meanwhile and how many requests went wrong. `prompt`:
    it runs before the server, where root starts it."""
    first = ("chrt", "--fifo", "1") if prompt and os.geteuid() == 0 else ()
    command = [*first, LOADTEST, "--url", server.url, "--connections", connections, "--cpu", 1, "--user-agent", USER_AGENT, "--json", *flags]
    before = server.cpu_us()
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    out = json.loads(done.stdout)
    out["spent_us"] = server.cpu_us() - before
    out["cpu_us"] = out["spent_us"] / max(out["answered"], 1)
    out["busy"] = out["spent_us"] / (out["wall_ms"] * 1000)
    out["generator_busy"] = out["busy_ppm"] / 1e6
    unwell = sum(n for kind in out["kinds"].values() for status, n in kind["status"].items() if status not in ("200", "302"))
    out["bad"] = unwell + sum(out["failures"].values()) + out["unsent"]
    if out["bad"]:
        say(f"  warning: {server.name}: other than 200 and 302: {unwell}, failures: {out['failures']}, never sent: {out['unsent']}")
    return out
