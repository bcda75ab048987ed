"""A real server on a private port and folder, the parties of one small market, and a look at the ledger from outside."""

import base64
import hashlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "scripts"))

from client import (  # noqa: E402, F401 (handed on to the tests)
    Caller, Party, b64u, b64u_decode, click, jws, jws_payload, query_signature, rfc3339, send, statement_payload)

BINARY = os.environ.get("COUNTERSIGN", str(SOURCE / "build/asan/countersign"))
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
# A browser's engine without the browser around it: the same pages for a third of the work. What a person's own settings or a profile decide needs the whole.
WHOLE_CHROMIUM = "/usr/bin/chromium"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium-headless-shell")
READY_S = 60
STOP_S = 30
# To look for leaks is half of what a start of the program costs, to keep where each byte was allocated a sixth: one test in six does so, each time
# others, and all do where LEAKS is set. The C tests always do. What else is found is found as before, without the stacks of where memory came from.
if os.environ.get("ASAN_OPTIONS") and "LEAKS" not in os.environ and secrets.randbelow(6):
    os.environ["ASAN_OPTIONS"] += ":detect_leaks=0:malloc_context_size=1"
# A command that ends is started thousands of times: one in three has the sanitizers, the others are the release, which starts in a third of the time
# and is what users have. Servers always have them, and all do where LEAKS is set or where no RELEASE is known to be built from the same sources.
RELEASE = os.environ.get("RELEASE")
MIXED = RELEASE and "LEAKS" not in os.environ
SANITIZER = re.compile(r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:)")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds=60, what="a condition"):
    """Polls until the condition gives something true; answers that."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def either():
    """The binary, or the release."""
    return RELEASE if MIXED and secrets.randbelow(3) else BINARY


def countersign(*arguments, binary=None, **options):
    """Runs the binary, or the release, to its end."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([binary or either(), *map(str, arguments)], text=True, timeout=120, check=False, **options)


class Server:
    """`countersign serve` over a fresh folder. Started again over the same folder after stop or kill."""

    scheme = "http"

    def __init__(self, public_url=None, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix="countersign-test-")
        self.data = Path(self.folder.name) / "data"
        self.log_path = Path(self.folder.name) / "log"
        self.port = free_port()
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        # a busy machine loses no click; little memory is faster to start with
        self.settings = {"MAP_SIZE_GIB": 1, "SWEEP_MS": 100, "CLICK_WAIT_MS": 60000, "REPEAT_MIB": 1, "LEAST_ROOM_MIB": 64, **settings}
        self.process = None
        self.prepare()
        done = countersign("init", "--data", self.data, "--public-url", public_url or self.url)
        if done.returncode:
            raise AssertionError(f"init failed: {done.stderr}")
        self.start()
        self.operator = Caller(self.url, (self.data / "operator.token").read_text().strip())

    def prepare(self):
        """Before there is anything."""

    def command(self):
        return [BINARY, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]

    def start(self):
        env = dict(os.environ, **{f"COUNTERSIGN_{name}": str(value) for name, value in self.settings.items()})
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, env=env)
        wait_for(self.ready, READY_S, "the server to be ready")

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()[-4000:]}")
        try:
            return send(self.url + "/readyz").status == 200
        except OSError:
            return False

    def log(self):
        return self.log_path.read_text(errors="replace")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """TERM has to end it with 0, and no sanitizer may have spoken."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end {STOP_S} s after TERM:\n{self.log()[-2000:]}") from None
        if status != 0 or SANITIZER.search(self.log()):
            raise AssertionError(f"the server ended with {status}:\n{self.log()[-8000:]}")

    def close(self):
        try:
            self.stop()
        finally:
            self.folder.cleanup()

    def be_its_own_witness(self):
        """It learns of the keys in turn, and restarts for each. Answers its policy."""
        logs, policy = Path(self.folder.name) / "logs", Path(self.folder.name) / "policy"
        logs.write_text(send(self.url + "/log/keys").text.split("\n")[0] + "\n")
        self.stop()
        self.settings["WITNESS"] = logs
        self.start()
        key = send(self.url + "/witness/key").text.strip()
        policy.write_text(f"witness own {key} {self.url}/witness\nquorum own\n")
        self.stop()
        self.settings["WITNESSES"] = policy
        self.start()
        return policy

    def metric(self, name, *labels):
        """A counter or gauge, over all its labels that match those given as text: `route="/c/{*}"`."""
        found = re.findall(rf"^countersign_{name}(?:_total)?(\{{.*\}})? (\d+)$", send(self.url + "/metrics").text, re.MULTILINE)
        return sum(int(value) for having, value in found if all(label in having for label in labels))


class Market:
    """An advertiser with a campaign, a publisher with a contract and a code, an auditor with a grant."""

    def __init__(self, server, campaign=None, contract=None):
        operator = server.operator
        self.server, self.operator = server, operator
        self.advertiser = Party(operator, "Advertiser", "advertiser")
        self.publisher = Party(operator, "Publisher", "publisher")
        self.auditor = Party(operator, "Auditor", "auditor")
        self.campaign = self.advertiser.post("/v1/campaigns", {
            "advertiser": self.advertiser.id, "name": "Offer", "currency": "EUR", "landing_url": "https://landing.example/offer?a=1#form",
            "allowed_hosts": ["shop.example", "*.shop.example"], "timezone": "Europe/Paris", "lead": {"require": ["email", "phone"]},
            "review": {"mode": "manual"}, "repeat_window_s": 0, **(campaign or {})})["id"]
        self.contract = self.new_contract(self.publisher, **(contract or {}))
        operator.post(f"/v1/contracts/{self.contract}/grants", {"party": self.auditor.id})
        self.code = self.new_code(self.publisher, self.contract)

    def new_contract(self, publisher, **members):
        return self.operator.post("/v1/contracts", {
            "campaign": self.campaign, "publisher": publisher.id,
            "price": {"lead": [{"when": {"field": "country", "in": ["FR"]}, "micros": 12_000_000}, {"micros": 8_000_000}]},
            **members})["id"]

    def new_publisher(self):
        """One has a single open contract in a campaign."""
        return Party(self.operator, "Further publisher", "publisher")

    def new_code(self, publisher, contract, **members):
        return publisher.post(f"/v1/contracts/{contract}/codes", {"label": "link", **members})

    def click(self, query="", **headers):
        """A person's click: its id."""
        answer, click_id = click(self.code["click_url"] + query, **{**BROWSER, **headers})
        assert answer.status == 302 and click_id, answer
        return click_id

    def put_keys(self):
        for party in (self.advertiser, self.publisher):
            party.put_key()

    # the ledger, as a party reads it

    def head(self, contract=None):
        """(size, root) of the served checkpoint."""
        lines = self.publisher.do("GET", f"/log/{contract or self.contract}/checkpoint").text.split("\n")
        return int(lines[1]), base64.b64decode(lines[2])

    def entries(self, contract=None, start=0, size=None):
        """All entries from `start` on, as (index, bytes), read through the bundles of the tiles API."""
        contract = contract or self.contract
        size = self.head(contract)[0] if size is None else size
        reader = self.publisher if contract == self.contract else self.operator
        for n in range(start // 256, (size + 255) // 256):
            width = min(256, size - n * 256)
            path = f"/log/{contract}/tile/entries/{tile_number(n)}" + ("" if width == 256 else f".p/{width}")
            for index, entry in enumerate(bundle(reader.do("GET", path).body), n * 256):
                if index >= start:
                    yield index, entry

    def settled_entries(self):
        """All entries, parsed, as soon as the served checkpoint covers what was acknowledged before this call: a click made now is in."""
        marker = "marker-" + secrets.token_hex(8)
        self.click("?sub1=" + marker)

        def covered():
            entries = [json.loads(entry) for _, entry in self.entries()]
            found = [n for n, entry in enumerate(entries) if entry.get("sub1") == marker]
            return entries[:found[0]] if found else None

        return wait_for(covered, what="the checkpoint to catch up")


def person(**changes):
    """A form fill by somebody new. A member given as None is left out."""
    tag = secrets.token_hex(6)
    fields = {"txid": "tx-" + tag, "email": f"lea.{tag}@example.com", "phone": "+336" + str(secrets.randbelow(10**8)).zfill(8),
              "first_name": "Léa", "country": "FR", **changes}
    return {name: value for name, value in fields.items() if value is not None}


def tile_number(n):
    """C2SP tlog-tiles: groups of three digits, all but the last with an x before."""
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03d}")
    return "/".join(groups)


def bundle(data):
    """The entries of a bundle: each behind its 16-bit length."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at:at + 2], "big")
        entry = data[at + 2:at + 2 + length]
        assert len(entry) == length, "the bundle is cut"
        yield entry
        at += 2 + length


class Tree:
    """RFC 6962, leaf by leaf: written for the tests alone, so that it can disagree with the server."""

    def __init__(self):
        self.size, self.edge = 0, []  # roots of the perfect subtrees, tallest first

    def append(self, entry, leaf=None):
        node, size = leaf or hashlib.sha256(b"\0" + entry).digest(), self.size
        while size & 1:
            node = hashlib.sha256(b"\1" + self.edge.pop() + node).digest()
            size >>= 1
        self.edge.append(node)
        self.size += 1

    def root(self):
        if not self.edge:
            return hashlib.sha256(b"").digest()
        node = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            node = hashlib.sha256(b"\1" + left + node).digest()
        return node


class ServerCase(unittest.TestCase):
    """One server for the class; its end is part of the test."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(**cls.settings)
        cls.addClassCleanup(cls.server.close)
        cls.operator = cls.server.operator
        cls.set_up_market()

    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server)

    def assertStatus(self, answer, status):
        self.assertEqual(answer.status, status, answer)
        return answer

    def assertProblem(self, answer, status, *words):
        """RFC 9457, naming each of the words; answers it without its request id, which is that of the header."""
        self.assertStatus(answer, status)
        self.assertEqual(answer.headers.get_content_type(), "application/problem+json", answer)
        problem = answer.json
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem.pop("request_id"), answer.headers["Request-Id"])
        for word in words:
            self.assertIn(word, json.dumps(problem), f"the problem does not name {word}")
        return problem

    def recorded(self, market=None):
        """How many jobs this server committed so far: unchanged means that nothing was recorded."""
        return sum(self.server.metric(name) for name in ("clicks", "views", "impressions", "leads", "dispositions"))

    def assertNothingRecorded(self, before):
        self.assertEqual(self.recorded(), before, "something was recorded")


def query_of(url):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query, keep_blank_values=True)
