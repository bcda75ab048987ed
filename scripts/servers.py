"""What the benchmarks run: servers as processes of their own, and the load generator against them."""

import collections
import json
import os
import pathlib
import signal
import re
import socket
import ssl
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
    """A process that serves HTTP, with its children, and the servers that it asks itself."""

    asked = ()

    def __init__(self, name, command, port, cpu, log, ready="/"):
        self.name, self.port, self.ready_path = name, port, ready
        self.url = f"http://127.0.0.1:{port}"
        pinned = ["taskset", "-c", str(cpu)] if cpu is not None else []
        with open(log, "ab") as out:
            self.process = subprocess.Popen([*pinned, *map(str, command)], stdout=out, stderr=out)

    def is_ready(self):
        try:
            anybody = ssl._create_unverified_context()  # pylint: disable=protected-access
            with urllib.request.urlopen(self.url + self.ready_path, timeout=5, context=anybody) as answer:
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
        children = map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return [pid, *children, *(pid for server in self.asked for pid in server.pids())]

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
        for server in self.asked:
            server.stop()


# What a click costs who keeps it durably in Redis: a line a click, answered once it is on the disk.
LUA = """content_by_lua_block {{
    local redis = ngx.socket.tcp()
    local there = redis:connect("127.0.0.1", {port})
    local line = ngx.now() .. " " .. ngx.var.remote_addr .. " " .. ngx.var.request_uri .. " " .. ngx.var.http_user_agent
    local sent = there and redis:send("*3\\r\\n$5\\r\\nRPUSH\\r\\n$6\\r\\nclicks\\r\\n$" .. #line .. "\\r\\n" .. line .. "\\r\\n")
    local answer = sent and redis:receive("*l")
    if not answer or answer:sub(1, 1) ~= ":" then return ngx.exit(503) end
    redis:setkeepalive(60000, 4096)
    return ngx.redirect("https://landing.example/offer", 302)
}}"""


def lua_redis(folder, cpu):
    """nginx whose Lua waits for Redis, which syncs its log before each answer; CPU is that of both."""
    data, port = folder / "redis", free_port()
    data.mkdir()
    command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", data, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
               "--maxclients", "8192", "--daemonize", "no"]
    redis = Server("redis", command, port, cpu, folder / "redis.log")
    server = nginx(folder, cpu, LUA.format(port=port), "lua")
    server.asked, server.ready_path = (redis,), "/empty.gif"
    return server


def nginx(folder, cpu, location="empty_gif;", name="nginx"):
    folder = folder / name
    folder.mkdir()
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    temp = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    modules = "" if name == "nginx" else "\n".join(f"load_module /usr/lib/nginx/modules/{module}_module.so;" for module in ("ndk_http", "ngx_http_lua"))
    (folder / "nginx.conf").write_text(f"""
{modules}
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
    server {{ listen 127.0.0.1:{port} backlog=4096; location = /empty.gif {{ empty_gif; }} location / {{ {location} }} }}
}}
""")
    command = [NGINX, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    return Server(name, command, port, cpu, folder / "log")


def null(folder, cpu):
    port = free_port()
    return Server("null", [LOADTEST, "null", "--listen", f"127.0.0.1:{port}"], port, cpu, folder / "null.log")


class Countersign(Server):
    """A server with a data folder of its own, one campaign, and codes to load it with; `under` is what to run the binary with,
    `budget` what a party and an address may ask a second."""

    public = "http"

    def __init__(self, folder, label, cpu, *flags, binary=BINARY, under=(), budget=100_000_000, workers=1):
        self.label, self.data, self.flags, self.cpu, self.budget = label, folder / label, flags, cpu, budget
        self.binary, self.under, self.workers = binary, under, workers
        self.log = folder / f"{label}.log"
        self.data_port = free_port()
        subprocess.run([binary, "init", "--data", self.data, "--public-url", f"{self.public}://127.0.0.1:{self.data_port}"],
                       check=True, stdout=subprocess.DEVNULL)
        self.start()
        self.wait_ready()
        self.set_up(folder / f"{label}.codes")

    def start(self):
        command = [*self.under, self.binary, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.data_port}", "--workers", self.workers,
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


class Encrypted(Countersign):
    """One that speaks TLS, once it is set up."""

    public = "https"

    def __init__(self, folder, label, cpu):
        super().__init__(folder, label, cpu)
        self.stop()
        cert, key = folder / f"{label}.crt", folder / f"{label}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
        key.chmod(0o600)
        self.flags = ("--tls-cert", cert, "--tls-key", key, "--budget-handshakes", 100_000)
        self.start()
        self.url = self.url.replace("http:", "https:")
        self.wait_ready()


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


def wrk(server, connections, seconds):
    """One run of wrk, which speaks TLS, over clicks of one code: what `load` tells of it."""
    code = server.codes.read_text().split()[0]
    command = ["taskset", "-c", "1", "wrk", "-t", "1", "-c", connections, "-d", f"{seconds}s", "-H", f"User-Agent: {USER_AGENT}", f"{server.url}/c/{code}"]
    before = server.cpu_us()
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True).stdout
    spent = server.cpu_us() - before
    requests, took = re.search(r"(\d+) requests in ([\d.]+)s", done).groups()
    if "Non-2xx" in done or "Socket errors" in done:
        say(f"  warning: {server.name}: {done}")
    return {"per_s": int(int(requests) / float(took)), "cpu_us": spent / max(int(requests), 1), "busy": spent / (float(took) * 1e6)}
