"""What strangers' bytes cost the release build: memory, others' answers, descriptors. One worker, so that all meet on one loop."""

import contextlib
import http.client
import json
import multiprocessing
import os
import re
import resource
import secrets
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

from harness import BROWSER, SOURCE, Market, Server, click, free_port, person, send, wait_for
from test_witness import Log
from client import webhook_signature  # of scripts/, which harness puts on the path

RELEASE = SOURCE / "build/release"
SECONDS = float(os.environ.get("FLOOD_S", "0.7"))  # of each flood
ALL = "FLOOD_S" in os.environ
SLOW = shutil.which("slowhttptest")
SEED = int(os.environ.get("SEED") or time.time())
MIB = 1 << 20
BOUND = {1: 32 * MIB, 50: 64 * MIB}  # of anonymous memory, by connections
PATIENCE_S = 10


def raw(method, target, body=b"", **headers):
    lines = [f"{method} {target} HTTP/1.1", "Host: h", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def memory(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def connect(port, reset=False):
    peer = socket.create_connection(("127.0.0.1", port))
    if reset:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return peer


class Flooder:
    """A peer that pipelines as fast as it is let, for ever the same bytes."""

    def __init__(self, port, stream, reads, selector):
        self.port, self.stream, self.reads, self.selector = port, stream, reads, selector
        self.open()

    def open(self):
        self.at, self.peer = 0, connect(self.port)
        self.peer.setblocking(False)
        self.selector.register(self.peer, selectors.EVENT_WRITE | (selectors.EVENT_READ if self.reads else 0), self)

    def act(self, events):
        try:
            if events & selectors.EVENT_READ and not self.peer.recv(1 << 18):
                raise ConnectionResetError
            if events & selectors.EVENT_WRITE:
                self.at = (self.at + self.peer.send(self.stream[self.at:])) % len(self.stream)
        except BlockingIOError:
            pass
        except OSError:
            self.selector.unregister(self.peer)
            self.peer.close()
            self.open()


def flood(port, request, connections, reads, seconds):
    stream = request * (1 + (1 << 17) // len(request))
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            Flooder(port, stream, reads, selector)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for key, events in selector.select(0.1):
                key.data.act(events)
        for key in list(selector.get_map().values()):
            key.fileobj.close()


class Watch:
    """The most memory that a process had within the block."""

    def __init__(self, pid):
        self.pid, self.peak, self.over = pid, 0, threading.Event()

    def look(self):
        while not self.over.wait(0.02):
            self.peak = max(self.peak, memory(self.pid))

    def __enter__(self):
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def flooded(pid, port, request, connections, reads, meanwhile):
    """The peak of memory under a flood; calls meanwhile() again and again until it is over."""
    flooder = multiprocessing.get_context("fork").Process(target=flood, args=(port, request, connections, reads, SECONDS), daemon=True)
    with Watch(pid) as watch:
        flooder.start()
        while flooder.is_alive():
            meanwhile()
            time.sleep(0.02)
    return watch.peak


class Released(Server):
    """files: (soft, hard) limits on open files that it starts under."""

    def __init__(self, files=None, **settings):
        self.files = files
        super().__init__(**settings)

    def command(self):
        limits = ["prlimit", "--nofile={}:{}".format(*self.files)] if self.files else []
        return [*limits, str(RELEASE / "countersign"), *super().command()[1:]]

    def limit(self):
        with open(f"/proc/{self.process.pid}/limits") as limits:
            return int(re.search(r"Max open files +(\d+)", limits.read()).group(1))


class FloodCase(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Released(WORKERS=1, **cls.settings)
        cls.addClassCleanup(cls.server.close)
        cls.market = Market(cls.server)
        cls.pid, cls.port = cls.server.process.pid, cls.server.port

    def click(self):
        """Somebody else's, in time."""
        start = time.monotonic()
        answer, ident = click(self.market.code["click_url"])
        self.assertEqual((answer.status, bool(ident)), (302, True))
        self.assertLess(time.monotonic() - start, PATIENCE_S)


class Pipelines(FloodCase):
    """Every kind of route, replies read or not, one connection and fifty; without FLOOD_S one of these four ways each, the mixed kind all."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="countersign-floods-")
        cls.addClassCleanup(folder.cleanup)
        cls.foreign, logs = Log("log.example"), Path(folder.name) / "logs"
        logs.write_text(cls.foreign.signer.vkey + "\n")
        cls.settings = {"WITNESS": logs}
        super().setUpClass()
        cls.requests = cls.kinds()

    @classmethod
    def kinds(cls):
        market, publisher = cls.market, cls.market.publisher
        code = urllib.parse.urlsplit(market.code["click_url"]).path
        lead = publisher.postback(person(click_id=market.click())).json["lead"]
        statement = cls.server.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        link = cls.server.operator.post(f"/v1/statements/{statement}/shares", {})["url"].removeprefix(cls.server.url)
        form = urllib.parse.urlencode(person(click_id=market.click())).encode()
        report = json.dumps(person(click_id=market.click())).encode()
        ident, now = "msg_" + secrets.token_urlsafe(18), int(time.time())
        publisher_host = {"Host": publisher.host}
        signed = {"Content_Type": "application/json", "webhook_id": ident, "webhook_timestamp": now,
                  "webhook_signature": webhook_signature(publisher.secret, ident, now, report)}
        token, of_publisher = ({"Authorization": "Bearer " + caller.token} for caller in (cls.server.operator, publisher))
        json_token = {"Content_Type": "application/json", **token}
        leads = json.dumps([person(click_id=market.click(), email="")] * 100).encode()  # none of which pays: all are looked at
        said = json.dumps([{"lead": lead, "status": "approved"}] * 100).encode()
        rows = "".join(["txid,payout\n", *(f"tx-{n},1.00\n" for n in range(1000))]).encode()
        size = int(send(cls.server.url + "/log/checkpoint").text.split("\n")[1])
        agent = {"User_Agent": BROWSER["User-Agent"]}
        key = publisher.put(f"/v1/parties/{publisher.id}/postback-key", {"cidrs": ["127.0.0.1"]})["key"]
        kinds = {
            "click": raw("GET", code, **agent),
            "click with large cookies": raw("GET", code, Cookie="a=" + "x" * 60_000, **agent),
            "refused click": raw("GET", "/c/none"),
            "pixel": raw("GET", code.replace("/c/", "/p/") + ".gif?event=view", **agent),
            "tag": raw("GET", "/t.js"),
            "signed query": raw("GET", publisher.signed_target(person(click_id=market.click()))),
            "signed form": raw("POST", publisher.signed_target({}, method="POST", body=form), form, Content_Type="application/x-www-form-urlencoded"),
            "unsigned form": raw("POST", "/postback", b"a" * 60000),
            "signed JSON": raw("POST", f"/postback/{publisher.kid}", report, **signed),
            "read": raw("GET", "/v1/contracts", **token),
            "write": raw("POST", f"/v1/contracts/{market.contract}/codes", b'{"label":"one more"}', **json_token),
            "leads by token": raw("POST", "/v1/leads", leads, Content_Type="application/json", **of_publisher),
            "dispositions in bulk": raw("POST", "/v1/dispositions", said, **json_token),
            "rows to reconcile": raw("POST", f"/v1/contracts/{market.contract}/reconcile", rows, Content_Type="text/csv", **of_publisher),
            "terms tried": raw("POST", f"/v1/campaigns/{market.campaign}/try", b'{"lead":{"require":["email"]}}', **json_token),
            "settlements": raw("GET", "/v1/settlements", **token),
            "statement by its link": raw("GET", link, Accept="text/html"),
            "page": raw("GET", "/verify"),
            "openings": raw("GET", f"/log/{market.contract}/openings?from=0&to=5", **token),
            "postback by key": raw("GET", f"/postback?key={key}&" + urllib.parse.urlencode(person(click_id=market.click()))),
            "erasure of nobody": raw("POST", "/v1/erasures", b'{"email":"nobody@nowhere.example"}', **json_token),
            "checkpoint to cosign": raw("POST", "/witness/add-checkpoint", cls.foreign.body(0, 900).encode()),
            "heads": raw("GET", f"/log/{market.contract}/heads", **token),
            "description": raw("GET", "/openapi.json"),
            "tile": raw("GET", f"/log/tile/0/000.p/{size}"),
            "statement": raw("GET", f"/v1/statements/{statement}", Accept="text/html", **token),
            "metrics": raw("GET", "/metrics"),
            "404": raw("GET", "/nothing"),
            "405": raw("DELETE", "/healthz"),
            "bad head": b"GET / HTTP/1.1\r\n\r\n",
            "endless head": b"GET /" + b"a" * 70000,
            "endless head of a click": b"GET /c/" + b"a" * 70000,
            "expectation": raw("POST", "/postback", b"a", Expect="100-continue"),
        }
        kinds = {name: request.replace(b"Host: h\r\n", f"Host: {publisher_host['Host']}\r\n".encode()) for name, request in kinds.items()}
        kinds["mixed"] = b"".join(kinds[name] for name in ("click", "404", "signed form", "tag", "pixel", "read", "unsigned form")) + raw("HEAD", "/t.js")
        return kinds

    def test_each_kind_of_flood_is_borne(self):
        print(f"SEED={SEED}")
        ways = [(connections, reads) for connections in BOUND for reads in (True, False)]
        for number, (name, request) in enumerate(self.requests.items(), SEED):
            for connections, reads in ways if ALL or name == "mixed" else [ways[number % len(ways)]]:
                with self.subTest(name, connections=connections, reads=reads):
                    peak = flooded(self.pid, self.port, request, connections, reads, self.click)
                    self.assertLess(peak, BOUND[connections], f"{peak >> 20} MiB")
                    self.assertIsNone(self.server.process.poll(), "the server is gone")

    def test_a_server_without_a_guard_breaks_the_bound(self):
        """libevent's own HTTP server under the flood that costs least to send: what the test above would say of it."""
        port = free_port()
        bare = subprocess.Popen([RELEASE / "countersign-loadtest", "null", "--listen", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: self.answers(port), what="the null server")
            peak = 0
            for _ in range(40):  # how soon depends on how busy the machine is
                peak = peak if peak > BOUND[1] else flooded(bare.pid, port, raw("GET", "/p/x"), 1, False, lambda: None)
        finally:
            bare.kill()
            bare.wait()
        self.assertGreater(peak, BOUND[1])

    @staticmethod
    def answers(port):
        try:
            return connect(port).close() is None
        except OSError:
            return False


class Strangers(FloodCase):
    """Many peers, each with little."""

    settings = {"REQUEST_TIMEOUT_S": 600}

    def open_many(self, count, words, reset=False):
        peers = []
        for _ in range(count):
            peers.append(connect(self.port, reset))
            peers[-1].sendall(words)
        self.addCleanup(lambda: [peer.close() for peer in peers])
        return peers

    def settled(self):
        """The server's memory, when it has taken what was sent before: it answers on the same loop."""
        self.click()
        self.click()
        return memory(self.pid)

    def assertGivenBack(self):
        """What earlier peers left may take some seconds to go."""
        wait_for(lambda: self.settled() < 9 * MIB, seconds=30, what="memory to be given back")
        return self.settled()

    def test_an_announced_body_costs_what_came_of_it(self):
        before = self.assertGivenBack()
        for words in (raw("POST", "/postback", b"a" * 60000)[:-59999], raw("POST", "/postback", b"", Content_Length=65536, Expect="100-continue"), b"GET /"):
            self.open_many(500, words)
        self.assertLess(self.settled() - before, 3 * MIB, "2 KiB each")

    def test_what_was_held_is_given_back(self):
        """60 KiB of a body each: a quarter of the bound of one address, and gone with their peers."""
        before = self.assertGivenBack()
        peers = self.open_many(200, raw("POST", "/postback", b"a" * 60000)[:-1])
        wait_for(lambda: self.settled() > before + 3 * MIB, what="as much of the bodies as one address may have to be held")
        for peer in peers:
            peer.close()
        self.assertGivenBack()

    def test_all_together_stay_within_the_bound(self):
        """Eighty MiB offered to a server that holds 32: bodies, and heads of clicks."""
        self.open_many(700, raw("POST", "/postback", b"a" * 60000)[:-1])
        self.open_many(700, raw("GET", "/c/x", Cookie="a" * 60000)[:-1])
        self.assertLess(self.settled(), 56 * MIB)
        wait_for(lambda: "connections_shed" in self.server.log(), what="the log to say it")

    def test_churn_leaves_nothing_behind(self):
        """Connections that end at any point, by a close or a reset."""
        code = urllib.parse.urlsplit(self.market.code["click_url"]).path
        told = (b"", b"G", raw("GET", code), raw("GET", "/openapi.json"), raw("GET", code) * 5, raw("GET", "/v1/parties")[:-2],
                raw("POST", "/postback", b"a" * 500)[:-3], b"GET / HTTP/1.1\r\n\r\n" + raw("GET", code), raw("POST", "/postback/K1", b"{}"))
        self.click()
        wait_for(lambda: descriptors(self.pid) < 40, what="earlier connections to end")
        before = descriptors(self.pid)
        for number in range(3000):
            peer = connect(self.port, reset=number % 2)
            peer.sendall(told[number % len(told)])
            if number % 7 == 0:
                peer.settimeout(0.005)
                with contextlib.suppress(OSError):
                    peer.recv(1)
            peer.close()
        wait_for(lambda: descriptors(self.pid) <= before, what=f"{before} descriptors")
        self.assertGivenBack()


class Files(unittest.TestCase):
    """The limit on open files."""

    def serve(self, files, **settings):
        server = Released(files, WORKERS=1, **settings)
        self.addCleanup(server.close)
        return server

    def test_the_soft_limit_is_raised_to_what_the_connections_need(self):
        server = self.serve((128, 4000), MAX_CONNECTIONS=1000)
        self.assertGreaterEqual(server.limit(), 1000)
        self.assertNotIn("few_files", server.log())
        peers = [connect(server.port) for _ in range(600)]
        self.assertEqual(send(server.url + "/healthz").status, 200)
        for peer in peers:
            peer.close()

    def test_where_the_hard_limit_is_too_low_the_start_says_so(self):
        server = self.serve((128, 512), MAX_CONNECTIONS=1000)
        self.assertEqual(server.limit(), 512)
        line = wait_for(lambda: [json.loads(line) for line in server.log().splitlines() if "few_files" in line], what="the line")[0]
        for word in ("max_connections", "LimitNOFILE", "hard limit"):
            self.assertIn(word, line["detail"])
        peers = [connect(server.port) for _ in range(600)]
        for peer in peers[100:]:
            peer.close()
        self.assertEqual(send(server.url + "/readyz").status, 200)
        self.assertNotIn("accept_failed", server.log())
        for peer in peers:
            peer.close()

    def test_a_limit_that_leaves_no_connection_ends_the_start(self):
        server = self.serve(None)
        server.stop()
        server.files = (60, 60)
        with self.assertRaisesRegex(AssertionError, "limit on open files"):
            server.start()
        server.files = None
        server.start()

    def test_out_of_descriptors_it_waits_for_some(self):
        """Taken away while it runs, as another process or a fault would."""
        server = self.serve(None)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (descriptors(server.process.pid) + 5, server.limit()))
        peers = [connect(server.port) for _ in range(20)]
        wait_for(lambda: "accept_failed" in server.log(), what="the log to say it")
        for peer in peers:
            peer.close()
        self.assertEqual(send(server.url + "/healthz").status, 200)
        self.assertLess(server.log().count("accept_failed"), 200)


class End(FloodCase):
    def test_term_ends_it_under_every_kind_of_peer(self):
        told = (b"", b"GET /", raw("GET", "/openapi.json") * 200, raw("POST", "/postback", b"a" * 60000)[:-5], raw("GET", "/nothing") * 5000,
                raw("GET", urllib.parse.urlsplit(self.market.code["click_url"]).path) * 1000)
        peers = []
        for words in told * 5:
            peers.append(connect(self.port))
            peers[-1].setblocking(False)
            try:
                peers[-1].send(words)
            except BlockingIOError:
                pass
        start = time.monotonic()
        self.server.stop()
        self.assertLess(time.monotonic() - start, 10)
        for peer in peers:
            peer.close()


def click_from_elsewhere(url):
    """From another address than all other callers here."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=PATIENCE_S, source_address=("127.0.0.2", 0))
    with contextlib.closing(connection):
        connection.request("GET", urllib.parse.urlsplit(url).path, headers=BROWSER)
        return connection.getresponse().status


@unittest.skipUnless(SLOW and "LONG" in os.environ, "slowhttptest is not installed, or nobody waits for it")
class SlowClients(unittest.TestCase):
    """Debian's slowhttptest against the release: heads, bodies and reads that never end, in more connections than a worker takes."""

    def test_others_are_answered_meanwhile(self):
        server = Released(WORKERS=1, MAX_CONNECTIONS=500)
        self.addCleanup(server.close)
        market = Market(server)
        for mode in (["-H"], ["-B", "-t", "POST"], ["-X", "-k", "3"], ["-R"]):
            with self.subTest(mode):
                target = server.url + ("/openapi.json" if "-X" in mode else "/postback")
                attack = subprocess.Popen([SLOW, *mode, "-c", "800", "-r", "400", "-i", "2", "-l", "20", "-u", target], stdout=subprocess.PIPE, text=True)
                answered = 0
                while attack.poll() is None:
                    self.assertEqual(click_from_elsewhere(market.code["click_url"]), 302)
                    answered += 1
                    time.sleep(0.05)
                said = attack.communicate()[0]
                self.assertGreater(answered, 20, said[-500:])
                self.assertLess(memory(server.process.pid), BOUND[50], said[-500:])


if __name__ == "__main__":
    unittest.main()
