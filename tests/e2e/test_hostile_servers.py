"""pull against servers that mean harm, by table: it ends soon, in little memory, with the right exit status, has touched nothing but the
mirror, shown no raw byte, and told its token to nobody else. So do the other commands that ask a server for something."""

import atexit
import base64
import hashlib
import json
import os
import queue
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness import BINARY, RELEASE, ServerCase, Tree, b64u_decode, bundle, countersign, either, person, tile_number, wait_for

TOKEN = "cst_the-token-of-this-test"
TIME_S = 25       # of one pull; the machine may be busy
MEMORY_KIB = 48 << 10  # above what a friendly server costs
RAW = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xef\xb8[\x80-\x8f]|\xe1\x9e[\xb4\xb5]|\xf3\xa0")
ENDLESS = 1 << 40
SMALL_QUARANTINE = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}


# Runs the programs that it is told of, one after the other, and says how each ended and the most memory it had. A small process of its own: a child's
# figure starts at its parent's.
MEASURE = """
import json, os, resource, signal, sys
for line in sys.stdin:
    told = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for to, path in enumerate((os.devnull, told["out"], told["err"])):
            os.dup2(os.open(path, os.O_RDWR), to)
        for what, value in told["limits"]:
            resource.setrlimit(what, (value, value))
        os.execve(told["command"][0], told["command"], told["env"])
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(pid, signal.SIGKILL))
    signal.alarm(told["time_s"])
    _, status, usage = os.wait4(pid, 0)
    signal.alarm(0)
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, flush=True)
"""


class Measurer:
    """One such process. Those that are idle wait for the next command."""

    idle = queue.LifoQueue()

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-I", "-S", "-c", MEASURE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.communicate)

    def run(self, **told):
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        return map(int, self.process.stdout.readline().split(" "))


def measured(command, base, limits=(), env=None):
    """Runs a command to its end, or kills it after TIME_S."""
    try:
        measurer = Measurer.idle.get_nowait()
    except queue.Empty:
        measurer = Measurer()
    with tempfile.NamedTemporaryFile(dir=base) as out, tempfile.NamedTemporaryFile(dir=base) as err:
        started = time.monotonic()
        code, memory_kib = measurer.run(command=command, limits=limits, env={**os.environ, **SMALL_QUARANTINE, **(env or {})}, out=out.name, err=err.name,
                                        time_s=TIME_S)
        seconds = time.monotonic() - started
        Measurer.idle.put(measurer)
        return {"code": code, "memory_kib": memory_kib, "seconds": seconds, "out": out.read(), "err": err.read()}


class Site:
    """A server on a port of its own. It answers what a mirror's files say, unless `answer` does: answer(connection, path), true when it
    has answered."""

    def __init__(self, files, answer=None):
        self.files, self.answer = files, answer
        self.requests = []  # (path, lines of the head)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.ended = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.ended.set()
        self.listener.close()

    def accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        """One request a connection: nothing is left over for the next."""
        connection.settimeout(TIME_S)
        with connection:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    head += piece
                lines = head.decode().split("\r\n")
                path = lines[0].split(" ")[1]
                self.requests.append((path, lines[1:]))
                if self.answer is None or not self.answer(Connection(connection, self.ended), path):
                    self.friendly(Connection(connection, self.ended), path)
            except OSError:
                pass

    def friendly(self, connection, path):
        name = path.split("?")[0].lstrip("/")
        found = self.files.get(name, self.files.get(name + ".jws"))
        missing = "403 Forbidden" if name.endswith("/click-key") else "404 Not Found"  # it is not for auditors
        if name.endswith("/heads") and found:
            first = int(path.split("?from=")[1].split("&")[0])
            found = b"".join(line for line in found.splitlines(True) if json.loads(line)["leaf"] >= first)
        connection.reply(found if found is not None else b"not here", "200 OK" if found is not None else missing)


class Connection:
    def __init__(self, connection, ended):
        self.connection, self.ended = connection, ended

    def send(self, data):
        self.connection.sendall(data)

    def reply(self, body=b"", status="200 OK", *headers, length=None):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def start(self, *headers, status="200 OK"):
        """A body that ends with the connection."""
        self.send("\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers]).encode() + b"\r\n\r\n")

    def forever(self, piece, wait_s=0):
        """Until the client hangs up."""
        while not self.ended.is_set():
            self.send(piece)
            time.sleep(wait_s)

    def silence(self):
        self.connection.settimeout(TIME_S)
        self.connection.recv(1)


def snapshot(folder):
    """Every file, link and folder: what it is, its mode, its bytes."""
    def tell(path):
        s = path.lstat()
        kind = stat.S_IFMT(s.st_mode)
        return kind, stat.S_IMODE(s.st_mode), os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""

    return {str(path.relative_to(folder)): tell(path) for path in sorted(folder.rglob("*"))}


# No whole answer came (a status, the clock, or libcurl's own words, which begin with a capital): nothing can be told of the server, exit 2.
NO_ANSWER = re.compile(rb" answered \d|the server is too slow|a header longer than|http://[^ ]+: [A-Z][^:]+(: check the URL.*)?\n$")


class Case:
    """What the server answers to the paths that match `at` (once it is reached), and how pull must end."""

    def __init__(self, name, at=None, answer=None, *, says=(), code=1, flags=(), fresh=True, prepare=None, env=None, kill=None, largest=None):
        self.name, self.at, self.does, self.says, self.code, self.flags = name, at, answer, says, code, flags
        self.fresh, self.prepare, self.env, self.signal, self.largest = fresh, prepare, env, kill, largest

    def answer(self, connection, path):
        if self.at is None or not re.search(self.at, path):
            return False
        return self.does(connection, path) is not False


def body(data, *headers, status="200 OK", length=None):
    return lambda connection, path: connection.reply(data, status, *headers, length=length)


def raw(data):
    return lambda connection, path: connection.send(data)


def endless(piece, *headers, wait_s=0, status="200 OK"):
    def answer(connection, _):
        connection.start(*headers, status=status)
        connection.forever(piece, wait_s)

    return answer


def chunked(piece):
    def answer(connection, _):
        connection.start("Transfer-Encoding: chunked")
        connection.forever(b"%x\r\n%b\r\n" % (len(piece), piece))

    return answer


def head_forever(line, start=b"HTTP/1.1 200 OK\r\n", wait_s=0):
    def answer(connection, _):
        connection.send(start)
        connection.forever(line, wait_s)

    return answer


def silence(connection, _):
    connection.silence()


def hang_up(connection, _):
    return True


class HostileServers(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market = cls.market
        market.put_keys()
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        market.advertiser.postback({"lead": lead, "status": "approved"})
        cls.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        for n in range(260):
            market.click(f"?sub1={n}")
        market.settled_entries()
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-hostile-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.base = Path(cls.folder.name)
        cls.mirror = cls.base / "mirror"
        done = countersign("pull", cls.server.url, cls.mirror, "--contract", market.contract, "--token", market.auditor.token)
        assert done.returncode == 0, done.stderr
        cls.files = {str(path.relative_to(cls.mirror)): path.read_bytes() for path in cls.mirror.rglob("*") if path.is_file()}
        cls.log = f"log/{market.contract}"
        cls.size = int(cls.files[f"{cls.log}/checkpoint"].split(b"\n")[1])
        assert cls.size > 256
        cls.elsewhere = Site({}, lambda connection, path: connection.reply(b"you should not be here") or True)
        cls.addClassCleanup(cls.elsewhere.close)
        cls.usual_kib = {binary: cls.run_case(Case("friendly", code=0), binary)["memory_kib"] for binary in (BINARY, RELEASE) if binary}

    # one run

    @classmethod
    def run_case(cls, case, binary=None):
        """Runs a case in a folder of its own. What happened, for `judge`."""
        with tempfile.TemporaryDirectory(prefix="case-", dir=cls.base) as name:
            parent = Path(name)
            (parent / "neighbour").mkdir()
            (parent / "neighbour" / "file").write_text("somebody else's")
            to = parent / "to"
            if not case.fresh:
                shutil.copytree(cls.mirror, to)
            if not case.fresh and case.signal is None:
                (to / "notes.part").write_text("the user's own")
                (to / "log" / "checkpoint.new").write_text("the user's own")
            if case.prepare is not None:
                case.prepare(cls, parent, to)
            site = Site(cls.files, case.answer)
            before = snapshot(parent)
            binary = binary or either()
            out = {"binary": binary, **cls.launch(case, binary, site, to)}
            out["before"], out["after"] = before, snapshot(parent)
            out["verified"] = countersign("verify", to).returncode if case.signal is not None else None
            site.close()
            out["requests"], out["url"] = site.requests, site.url
            if case.signal is not None:
                friend = Site(cls.files)
                done = countersign("pull", friend.url, to, "--contract", cls.market.contract, "--token", TOKEN)
                out["again"] = (done.returncode, countersign("verify", to).returncode, done.stderr)
                friend.close()
            return out

    @classmethod
    def launch(cls, case, binary, site, to):
        command = [binary, "pull", site.url, str(to), "--contract", cls.market.contract, "--token", TOKEN, *case.flags]
        if case.signal is None:
            return measured(command, cls.base, [(resource.RLIMIT_FSIZE, case.largest)] if case.largest else [], case.env)
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for(lambda: any(re.search(case.at, path) for path, _ in site.requests), what="the pull to get there")
        process.send_signal(case.signal)
        out, err = process.communicate(timeout=TIME_S)
        return {"code": process.returncode, "seconds": time.monotonic() - started, "memory_kib": 0, "out": out, "err": err}

    def judge(self, case, done):
        killed = case.signal == signal.SIGKILL
        code = 2 if case.code == 1 and NO_ANSWER.search(done["err"]) else case.code
        self.assertEqual(done["code"], code, done["err"])
        self.assertLess(done["seconds"], TIME_S)
        self.assertLess(done["memory_kib"], self.usual_kib.get(done["binary"], self.usual_kib[BINARY]) + MEMORY_KIB)
        for text in (done["out"], done["err"]):
            self.assertIsNone(RAW.search(text), text)
            text.decode()
            self.assertLess(len(text), 2000)
        for word in case.says:
            self.assertIn(word, done["err"].decode())
        self.assertEqual(len(done["err"].splitlines()), 0 if killed or case.code == 0 else 1, done["err"])
        self.judge_folder(case, done, killed)
        for path, lines in done["requests"]:
            self.assertTrue(path.startswith("/"), path)
            self.assertIn(f"Authorization: Bearer {TOKEN}", lines)
        self.assertFalse(self.elsewhere.requests, "the token went elsewhere")

    def judge_folder(self, case, done, killed):
        before, after = done["before"], done["after"]
        outside = {name: what for name, what in before.items() if not name.startswith("to")}
        self.assertEqual({name: what for name, what in after.items() if not name.startswith("to")}, outside, "something beside the folder")
        if case.code == 0:
            self.assertEqual({name: what for name, what in before.items() if "checkpoint.new" in name or "notes" in name},
                             {name: what for name, what in after.items() if "checkpoint.new" in name or "notes" in name})
        elif not killed:
            self.assertEqual(before, after, "a pull that failed left its traces")
        for name, (kind, mode, _) in after.items():
            if name.startswith("to") and name not in before:
                self.assertEqual(mode, 0o700 if kind == stat.S_IFDIR else 0o600, name)
        if not killed:
            self.assertFalse({name for name in after if ".countersign-pull" in name} - set(before), "the pull's own files")

    def run_all(self, cases):
        self.assertEqual(len({case.name for case in cases}), len(cases))
        with ThreadPoolExecutor(24) as pool:
            for case, done in zip(cases, pool.map(self.run_case, cases)):
                with self.subTest(case.name):
                    self.judge(case, done)
                    if case.signal is not None:
                        self.assertEqual(done["verified"], 2 if case.fresh or "KILL" in case.name else 0)
                    if case.signal is not None:
                        self.assertEqual(done["again"][:2], (0, 0), done["again"])

    # the tables

    def test_transport(self):
        first = r"/checkpoint$"
        slow = ("--timeout", "1")
        self.run_all([
            Case("a friendly server", code=0),
            Case("a friendly server, again", code=0, fresh=False),
            Case("a body without end", first, endless(b"a" * 65536), says=("longer than it can be",)),
            Case("a chunked body without end", first, chunked(b"a" * 65536), says=("longer than it can be",)),
            Case("a body of a terabyte", first, body(b"x", length=ENDLESS), flags=slow),
            Case("a head without end", first, head_forever(b"X-Header: " + b"y" * 1000 + b"\r\n"), says=("head",)),
            Case("a header without end", first, head_forever(b"y" * 65536, b"HTTP/1.1 200 OK\r\nX: ")),
            Case("interim answers without end", first, head_forever(b"HTTP/1.1 100 Continue\r\n\r\n", b""), says=("head",)),
            Case("trailers without end", first, head_forever(b"X: y\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")),
            Case("a body drop by drop", first, endless(b"a", wait_s=0.1), flags=slow, says=("too slow",)),
            Case("a head drop by drop", first, head_forever(b"X", wait_s=0.1), flags=slow, says=("too slow",)),
            Case("silence", first, silence, flags=slow, says=("too slow",)),
            Case("silence after the head", first, body(b"", length=100), flags=slow),
            Case("a hung-up connection", first, hang_up),
            Case("a cut body", first, body(b"abc", length=100)),
            Case("no HTTP at all", first, raw(b"SSH-2.0-OpenSSH\r\n\r\n")),
            Case("HTTP 0.9", first, raw(b"track.example/log\n5\nabc\n")),
            Case("a status past all numbers", first, raw(b"HTTP/1.1 99999999999 OK\r\n\r\n")),
            Case("two lengths", first, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde")),
            Case("a negative length", first, raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabcde")),
            Case("a part", first, body(b"x", "Content-Range: bytes 0-0/1", status="206 Partial Content"), says=("206",)),
            Case("no content", first, raw(b"HTTP/1.1 204 No Content\r\n\r\n"), says=("204",)),
            Case("a refusal without end", first, endless(b"no " * 9999, status="500 Broken"), says=("500", "no no")),
            Case("a refusal of escapes", first, body(b"\x1b]0;owned\x07\x1b[2J\x9b31m\xc2\x9b31m\xe2\x80\xae\xff\xfe\r\nnext line\x00", status="401 No"),
                 says=("401", "token")),
            Case("a reason of escapes", first, raw(b"HTTP/1.1 403 \x1b[2Jno\r\nX-\x1b[2J: \x1b[2J\r\nContent-Length: 0\r\n\r\n")),
            Case("each answer later than the last", "/log", lambda connection, path: time.sleep(1.9) or False, flags=slow, says=("too slow",)),
        ])

    def test_redirects(self):
        first, elsewhere = r"/checkpoint$", self.elsewhere.url
        redirects = [(f"{status} to {name}", status, to) for status in (301, 302, 303, 307, 308)
                     for name, to in (("another host", elsewhere + "/log"), ("itself", "/"))]
        redirects += [("302 to a file", 302, "file:///etc/passwd"), ("302 to gopher", 302, f"gopher://127.0.0.1:{self.elsewhere.port}/x")]
        cases = [Case(name, first, body(b"", f"Location: {to}", status=f"{status} There"), says=("redirects are not followed",))
                 for name, status, to in redirects]
        cases += [
            Case("a refresh", first, body(b"x", f"Refresh: 0; url={elsewhere}", f"Alt-Svc: http/1.1=\"127.0.0.1:{self.elsewhere.port}\"")),
            Case("an upgrade", first, raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
                 flags=("--timeout", "1")),
            Case("a proxy of the environment", code=0, env={name: elsewhere for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}),
        ]
        self.run_all(cases)

    def note(self, *lines):
        """The checkpoint with its first lines replaced: signed by nobody, which pull looks at last."""
        rest = self.files[f"{self.log}/checkpoint"].split(b"\n")
        return b"\n".join([line if line is not None else rest[n] for n, line in enumerate(lines)] + rest[len(lines):])

    def signed_note(self, size, root):
        """What only the operator can make: the contract's checkpoint as it likes, by its own key."""
        key = Ed25519PrivateKey.from_private_bytes(b64u_decode(json.loads((self.server.data / "keys.json").read_text())["log"][0]["seed"]))
        lines = self.files[f"{self.log}/checkpoint"].split(b"\n")
        text = lines[0] + b"\n%d\n%s\n" % (size, base64.b64encode(root))
        dash, name, blob = lines[4].split(b" ")
        signature = base64.b64encode(base64.b64decode(blob)[:4] + key.sign(text))
        return text + b"\n" + b" ".join((dash, name, signature)) + b"\n"

    def test_logs(self):
        head, full, part = rf"^/{self.log}/checkpoint$", rf"^/{self.log}/tile/0/000$", rf"^/{self.log}/tile/entries/{tile_number(self.size // 256)}.p"
        entries = self.files[f"{self.log}/tile/entries/000"]
        signature = self.files[f"{self.log}/checkpoint"].split(b"\n")[4] + b"\n"

        def forever_more(connection, path):
            """Whatever tile is asked for: there is always one more."""
            if path.endswith("/checkpoint"):
                connection.reply(self.note(None, b"1000000"))
            elif "/entries/" in path:
                connection.reply(b"\0\0" * (int(path.split("/")[-1]) if ".p/" in path else 256))
            else:
                connection.reply(b"x" * 32 * (int(path.split("/")[-1]) if ".p/" in path else 256))

        self.run_all([
            Case("no checkpoint", head, body(b"because\nnot a number\n"), says=("not a checkpoint",)),
            Case("a compressed one", head, body(b"\x1f\x8b\x08" + bytes(300), "Content-Encoding: gzip"), says=("not a checkpoint",)),
            Case("another log's", head, body(self.files["log/checkpoint"]), says=("of another",)),
            Case("an origin of escapes", head, body(self.note(b"\x1b[2J"))),
            Case("2^64-1 entries", head, body(self.note(None, b"18446744073709551615")), says=("--max-mib",)),
            Case("2^64 entries", head, body(self.note(None, b"18446744073709551616"))),
            Case("10^30 entries", head, body(self.note(None, b"1" + b"0" * 30))),
            Case("a number of a thousand digits", head, body(self.note(None, b"9" * 1000))),
            Case("a negative number", head, body(self.note(None, b"-5"))),
            Case("more entries than --max-mib", head, body(self.note(None, b"40000")), says=("--max-mib",), flags=("--max-mib", "1")),
            Case("a thousand signatures", head, body(self.files[f"{self.log}/checkpoint"] + signature * 1000)),
            Case("a log that has shrunk", head, body(self.note(None, b"3")), fresh=False),
            Case("another root", head, body(self.note(None, None, base64.b64encode(bytes(32)))), says=("not the root of the tiles",)),
            Case("another signature", head, body(self.note(None, None, None, None, signature[:-12] + b"AAAA" + signature[-8:-1])), says=("not signed",)),
            Case("another size", head, body(self.note(None, str(self.size - 1).encode())), fresh=False),
            Case("a full tile of others", full, body(b"x" * 8192), says=("not what the tree",)),
            Case("a full tile of others, again", full, body(b"x" * 8192), code=0, fresh=False),
            Case("a part of others", rf"^/{self.log}/tile/0/001.p", body(b"x" * 32 * (self.size % 256)), says=("not the root of the tiles",), fresh=False),
            Case("a bundle of others", r"/entries/000$", body(b"\0\1x" * 256), says=("not what the tree",)),
            Case("a last bundle of others", part, body(b"\0\1x" * (self.size % 256)), says=("not what the tree",), fresh=False),
            Case("tiles for ever", rf"^/{self.log}/(checkpoint|tile)", forever_more, says=("--max-mib",), flags=("--max-mib", "2")),
            Case("a tile too long", full, body(b"x" * 8193)),
            Case("a tile too short", full, body(b"x" * 8191), says=("not a tile",)),
            Case("an empty tile", full, body(b""), says=("not a tile",)),
            Case("a bundle too short", part, body(b"\0\1x"), says=("not a bundle",)),
            Case("a bundle that is cut", r"/entries/000$", body(entries[:-1]), says=("not a bundle",)),
            Case("a bundle that has more", r"/entries/000$", body(entries + b"\0\1x"), says=("not a bundle",)),
            Case("a bundle without end", r"/entries/000$", endless(b"\xff" * 65536), says=("longer than it can be",)),
            Case("a full tile that is gone", full, body(b"gone", status="404 Not Found"), says=("404",)),
            Case("a root log that is another's", "^/log/checkpoint$", body(self.files[f"{self.log}/checkpoint"]), says=("of another",)),
            Case("a root bundle of nothing", "^/log/tile/entries", body(b""), says=("not a bundle",)),
            Case("no more than allowed", code=1, flags=("--max-mib", "1"), at=r"/log/keys$", answer=endless(b"\n" * 999)),
        ])

    def test_pages(self):
        at, log, size = "/openings", self.log, self.size
        big = 2560  # full bundles, of empty entries
        openings = self.files[f"{log}/openings"]

        def pages(link):
            def answer(connection, path):
                asked = int(re.search("from=([0-9]+)", path).group(1))
                connection.reply(openings if asked == 0 else b"", "200 OK", "Link: " + link(asked))

            return answer

        def next_at(n, to=size, path=f"/{log}/openings"):
            return f'<{path}?from={n}&to={to}>; rel="next"'

        def many_pages(link):
            """Of a log so large that such a page could follow."""
            leaf, tree = hashlib.sha256(b"\0").digest(), Tree()
            for _ in range(256):
                tree.append(b"")
            node = tree.root()
            for _ in range(big - 256):
                tree.append(b"")
            note = self.signed_note(big, tree.root())

            def answer(connection, path):
                if path.endswith("/checkpoint"):
                    connection.reply(note)
                elif path.endswith("/witnessed"):
                    connection.reply(b"", "404 Not Found")
                elif "/entries/" in path:
                    connection.reply(b"\0\0" * 256)
                elif "/tile/" in path:
                    connection.reply(leaf * 256 if "/tile/0/" in path else node * (big // 256))
                else:
                    pages(link)(connection, path)

            return answer

        self.run_all([
            Case(name, at, pages(link), says=("does not follow",)) for name, link in (
                ("a page on another host", lambda _: f'<{self.elsewhere.url}/{log}/openings?from=2000&to={size}>; rel="next"'),
                ("a page on a host without scheme", lambda _: next_at(2000, path=f"//127.0.0.1:{self.elsewhere.port}/{log}/openings")),
                ("a page on another path", lambda _: next_at(2000, path="/v1/parties")),
                ("a page beside", lambda _: next_at(2000, path=f"/{log}/openings/../../../v1/parties")),
                ("the same page", next_at),
                ("a page before", lambda _: next_at(-1)),
                ("a page past the end", lambda _: next_at(size + 5000)),
                ("a page of no number", lambda _: next_at("0x10")),
                ("a page of 2^64", lambda _: next_at(1 << 64)),
                ("a page of another end", lambda _: next_at(1000, to=size + 1)),
                ("pages an entry apart", lambda asked: next_at(asked + 1)),
                ("escapes for a page", lambda _: next_at("\x1b[2J")),
            ) if "another host" not in name
        ] + [
            Case(f"a page that could be, {name}", f"^/{log}/", many_pages(lambda asked, link=link: "" if asked else link), says=("does not follow",))
            for name, link in (
                ("on another path", next_at(2000, big, "/v1/parties")), ("on a path as long", next_at(2000, big, f"/{log}/0penings")),
                ("in a log as long", next_at(2000, big, f"/{log[:-1]}_/openings")), ("beside", next_at(2000, big, f"/{log}/openings/../openings")),
                ("too few openings on", next_at(999, big)),
            )
        ] + [
            Case("pages that could be, until one that could not", f"^/{log}/", many_pages(lambda asked: next_at(asked + 1000, big)),
                 says=("does not follow", "openings?from=3000&to=2560")),
            Case("a page on another host", at, pages(lambda _: f'<{self.elsewhere.url}/{log}/openings?from=2000&to={size}>; rel="next"')),
            Case("a link without end", at, body(openings, "Link: </" + "x" * 60000 + '>; rel="next"')),
            Case("a link of 600 bytes", at, body(openings, "Link: </" + "x" * 600 + '>; rel="next"'), says=("/openings names a next page",)),
            Case("a line without end", at, endless(b"{" + b"x" * 65536), says=("longer than any",)),
            Case("lines without end", at, endless(b"{}\n" * 1000), says=("more lines",)),
            Case("empty lines without end", at, endless(b"\n" * 1000), says=("no JSON object",)),
            Case("lines of NULs", at, endless(b"\0\n" * 1000), says=("no JSON object",)),
            Case("a last line without its end", at, body(openings + b"{}"), says=("no end",)),
        ])

    def forged_log(self, **members):
        """A log with a statement entry of these members in place of its last entry: where it is asked for, and the answers."""
        n, part = self.size // 256, f".p/{self.size % 256}"
        name = f"{self.log}/tile/entries/{tile_number(n)}{part}"
        entries = list(bundle(self.files[name]))
        entries[-1] = json.dumps({"at": 1, "from": 0, "id": "S1", "issued_ms": 2, "kind": "statement", "number": 1, "sha256": "0" * 64, "to": 1, "to_ms": 2, **members},
                                 sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        leaves, tree = [hashlib.sha256(b"\0" + entry).digest() for entry in entries], Tree()
        for entry in bundle(self.files[f"{self.log}/tile/entries/000"]):
            tree.append(entry)
        for leaf in leaves:
            tree.append(None, leaf)
        files = {f"/{name}": b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries),
                 f"/{self.log}/tile/0/{tile_number(n)}{part}": b"".join(leaves),
                 f"/{self.log}/checkpoint": self.signed_note(self.size, tree.root())}
        return "^(" + "|".join(map(re.escape, files)) + ")$", lambda connection, path: connection.reply(files[path])

    def test_statements_and_keys(self):
        cases = []
        for name, ident in (("that climbs", "../../../x"), ("of escapes", "S\x1b[2J"), ("of bidi marks", "S\u202e1"), ("that is a path", "S/1"),
                            ("in small letters", "sabc"), ("that is empty", ""), ("that is a flag", "-rf")):
            cases.append(Case(f"a statement id {name}", *self.forged_log(id=ident), says=("which is no id",)))
        for name, members in (("past the end", {"to": 10**9}), ("turned around", {"from": 9, "to": 3})):
            cases.append(Case(f"a statement {name}", *self.forged_log(**members), says=("entries that it does not have",)))
        statement = r"^/v1/statements/[0-9A-Z]+"
        log_keys = self.files["log/keys"]
        cases += [
            Case("a statement without end", statement + "$", endless(b"{" * 65536), says=("longer than it can be",)),
            Case("a statement of HTML", statement + "$", body(b"<html>"), says=("not a signed statement",)),
            Case("line items without end", statement + "/lines", endless(b"{}\n" * 10, wait_s=0.01)),
            Case("a line item without end", statement + "/lines", endless(b"{" * 100, wait_s=0.01), says=("longer than any",)),
            Case("a head of another tree", statement + "/checkpoint", body(self.files[f"{self.log}/checkpoint"]), says=("not a checkpoint",)),
            Case("no head", statement + "/checkpoint", body(b""), says=("not a checkpoint",)),
            Case("keys without end", "^/log/keys", endless(log_keys.splitlines(True)[0]), says=("more lines than it can have",)),
            Case("a key without end", "^/log/keys", endless(b"x" * 65536), says=("longer than any",)),
            Case("keys that are none", "^/log/keys", body(b"x\n" * 100000), says=("no verifier key",)),
            Case("keys without their newline", "^/log/keys", body(log_keys[:-1]), says=("no end",)),
            Case("statement keys without end", "jwks", endless(b'{"keys":[' + b"[" * 65536), says=("longer than it can be",)),
            Case("statement keys that are none", "jwks", body(b"[" * 10000), says=("not a set of keys",)),
            Case("click keys", "click-key$", body(b'{"contract":"%s","keys":[]}' % self.market.contract.encode()), code=0),
            Case("click keys without end", "click-key$", endless(b'{"contract":' + b" " * 65536), says=("longer than it can be",)),
            Case("click keys of HTML", "click-key$", body(b"<html>"), says=("not the click keys",)),
            Case("click keys of another contract", "click-key$", body(b'{"contract":"CANOTHER","keys":[]}'), says=("not the click keys",)),
            Case("click keys that end early", "click-key$", body(b'{"contract":"%s","keys":[' % self.market.contract.encode()), says=("not the click keys",)),
            Case("a witnessed head of HTML", "/witnessed$", body(b"<html>"), says=("not a checkpoint",)),
            Case("a witnessed head without end", "/witnessed$", endless(b"a" * 65536), says=("longer than it can be",)),
            Case("a witnessed head that one may not read", "/witnessed$", body(b"no", status="403 Forbidden"), says=("403",)),
            Case("click keys that are not there", "click-key$", body(b"no", status="404 Not Found"), says=("404",)),
            Case("a long refusal of click keys", "click-key$", endless(b"x" * 65536, status="403 Forbidden"), code=0),
            Case("a refusal of click keys in silence", "click-key$", silence, flags=("--timeout", "1")),
            Case("statement keys in silence", "jwks", silence, flags=("--timeout", "1"), fresh=False),
        ]
        self.run_all(cases)

    def test_folders(self):
        """What lies in the folder, planted or the user's own."""
        def link(path, target="neighbour"):
            def prepare(_, parent, to):
                place = to / path
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.is_dir() and not place.is_symlink():
                    shutil.rmtree(place)
                elif place.exists():
                    place.unlink()
                place.symlink_to(parent / target)

            return prepare

        def fifo(path):
            def prepare(_, parent, to):
                (to / path).unlink(missing_ok=True)
                os.mkfifo(to / path)

            return prepare

        def folder(path):
            def prepare(_, parent, to):
                (to / path).unlink()
                put(path + "/own")(_, parent, to)

            return prepare

        def file_there(path):
            def prepare(_, parent, to):
                shutil.rmtree(to / path)
                put(path)(_, parent, to)

            return prepare

        def put(path, text="the user's own"):
            def prepare(_, parent, to):
                (to / path).parent.mkdir(parents=True, exist_ok=True)
                (to / path).write_text(text)

            return prepare

        def leftover(_, parent, to):
            side = to / ".countersign-pull"
            (side / log / "tile" / "0").mkdir(parents=True)
            (side / log / "tile" / "0" / "000").symlink_to(parent / "neighbour")
            for name in ("log/checkpoint", f"{log}/openings", "v1/statements/S1.jws", "v1/statements/S1/lines", "v1/contracts/C1/click-key"):
                (side / name).parent.mkdir(parents=True, exist_ok=True)
                (side / name).write_text("x")

        def planted(_, parent, to):
            side = to / ".countersign-pull"
            (side / log / "tile" / "0").mkdir(parents=True)
            (side / log / "tile" / "0" / "000").symlink_to(parent / "neighbour" / "file")
            (side / "halfway").write_text("")

        def both(*prepares):
            return lambda *arguments: [prepare(*arguments) for prepare in prepares]

        def file_for_folder(_, parent, to):
            to.write_text("a file")

        log, old = self.log, {"fresh": False}
        self.run_all([
            Case("a folder of the user's", prepare=put("thesis.txt"), says=("not empty",)),
            Case("a folder of the user's, with a log", prepare=put("log/thesis.txt"), says=("not empty",)),
            Case("another contract's mirror", prepare=put("log/C0000000000000/checkpoint"), says=("another contract",)),
            Case("a file for a folder", prepare=file_for_folder, says=("cannot open",)),
            Case("log is a link", prepare=link("log"), says=("link",), **old),
            Case("log is a link, in a new folder", prepare=link("log"), says=("link",)),
            Case("the contract's log is a link", prepare=link(log), says=("link",), **old),
            Case("the tiles are a link", prepare=link(log + "/tile"), says=("link",), **old),
            Case("v1 is a link", prepare=link("v1"), says=("link",), **old),
            Case(".well-known is a link", prepare=link(".well-known"), says=("link",), **old),
            Case("the checkpoint is a link", prepare=link(log + "/checkpoint", "neighbour/file"), says=("link",), **old),
            Case("the keys are a link to nowhere", prepare=link("log/keys", "neighbour/new"), says=("link",), **old),
            Case("the checkpoint is a FIFO", prepare=fifo(log + "/checkpoint"), says=("link or a device",), **old),
            Case("the openings are a FIFO", prepare=fifo(log + "/openings"), says=("link or a device",), **old),
            Case("the side folder is a link", prepare=link(".countersign-pull"), says=("not left by a pull",), **old),
            Case("a file in the side folder's place", prepare=put(".countersign-pull"), says=("not left by a pull",), **old),
            Case("a damaged checkpoint", prepare=put(log + "/checkpoint", "x\n"), says=("damaged",), **old),
            Case("a folder for the openings", prepare=folder(log + "/openings"), says=("in the way",), **old),
            Case("a folder for the new checkpoint", prepare=folder("log/checkpoint"), **old),
            Case("a file for a folder of tiles", prepare=file_there(log + "/tile"), says=("in the way",), **old),
            Case("an empty folder that was there before a pull that fails", "^/log/keys", endless(b"a" * 65536), prepare=lambda _, parent, to: to.mkdir()),
            Case("a link among what was put in place", prepare=planted, says=("is no file",), **old),
            Case("a link beside the mirror", prepare=link("holiday"), code=0, **old),
            Case("the user's own in a mirror", prepare=put("thesis.txt"), code=0, **old),
            Case("a folder of the user's beside an empty side folder", says=("not empty",),
                 prepare=both(put("thesis.txt"), put(".countersign-pull/x"), lambda _, parent, to: (to / ".countersign-pull/x").unlink())),
        ] + [
            Case(f"the user's own in the side folder, {name}, {mirror}", prepare=put(f".countersign-pull/{name}"), says=("not left by a pull", name), fresh=fresh)
            for name in ("thesis.txt", "log/thesis.txt", "v1/statements/thesis.txt", "v1/contracts/C1/thesis.txt", f"{log}/tile/0/thesis", "halfway/thesis")
            for mirror, fresh in (("new", True), ("old", False))
        ] + [Case(f"what a killed pull left, {name}", prepare=leftover, code=0, fresh=fresh) for name, fresh in (("new", True), ("old", False))])

    def test_interruptions(self):
        keys = "^/log/keys"
        cases = [Case(f"{name} into {what}", keys, silence, code=-number if number == signal.SIGKILL else 2, fresh=fresh, kill=number)
                 for name, number in (("INT", signal.SIGINT), ("TERM", signal.SIGTERM), ("KILL", signal.SIGKILL))
                 for what, fresh in (("a new folder", True), ("a mirror", False))]
        full = [Case("a full disk, new", largest=1000, says=("cannot write",)),
                Case("a full disk, old", largest=1000, says=("cannot write",), fresh=False)]
        self.run_all(cases + full)

    def test_two_pulls_into_one_folder(self):
        waiting = threading.Event()

        def stall(connection, _):
            waiting.set()
            connection.silence()

        first, second = Site(self.files, Case("", "jwks", stall).answer), Site(self.files)
        to = self.base / "two"
        command = [BINARY, "pull", first.url, str(to), "--contract", self.market.contract, "--token", TOKEN]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.assertTrue(waiting.wait(TIME_S))
        done = countersign("pull", second.url, to, "--contract", self.market.contract, "--token", TOKEN)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another pull", done.stderr)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(TIME_S), 2)
        self.assertFalse(to.exists())
        first.close(), second.close()

    def test_what_the_harness_looks_at_it_sees(self):
        """Programs in pull's place that do one wrong thing each."""
        wrong = {
            "escapes": 'printf "countersign pull: \\033[2J\\n" >&2; exit 1', "two lines": 'printf "a\\nb\\n" >&2; exit 1', "code": "echo x >&2; exit 2",
            "neighbour": 'echo x >> "$(dirname "$3")/neighbour/file"; echo x >&2; exit 1', "new neighbour": 'touch "$3"/../x; echo x >&2; exit 1',
            "own file": 'rm "$3"/notes.part; echo x >&2; exit 1', "side folder": 'mkdir "$3"/.countersign-pull; echo x >&2; exit 1',
            "mirror": 'echo >> "$3"/log/keys; echo x >&2; exit 1',
            "memory": "python3 -c 'x = b\"x\" * (1 << 29)'; echo x >&2; exit 1",
            "token": f"curl -s {self.elsewhere.url} >/dev/null; echo x >&2; exit 1",
        }
        case = Case("", fresh=False)
        for name, script in wrong.items():
            program = self.base / f"wrong-{name.replace(' ', '-')}"
            program.write_text("#!/bin/sh\n" + script + "\n")
            program.chmod(0o755)
            with self.subTest(name), self.assertRaises(AssertionError):
                self.judge(case, self.run_case(case, binary=str(program)))
            self.elsewhere.requests.clear()
        good = self.base / "right"
        good.write_text("#!/bin/sh\necho x >&2; exit 1\n")
        good.chmod(0o755)
        self.judge(case, self.run_case(case, binary=str(good)))
        modes = Case("", code=0)
        open_modes = self.base / "open-modes"
        open_modes.write_text('#!/bin/sh\nmkdir -m 755 "$3"; exit 0\n')
        open_modes.chmod(0o755)
        with self.assertRaises(AssertionError):
            self.judge(modes, self.run_case(modes, binary=str(open_modes)))


class HostileAnswers(unittest.TestCase):
    """settle, sign and enrol: what a server lists of itself and answers to what it is sent."""

    SHOWN = 100_000  # bytes of a report

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-hostile-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.base = Path(cls.folder.name)
        for name in ("key", "old"):
            assert countersign("keygen", cls.base / name).returncode == 0
        cls.elsewhere = Site({}, lambda connection, path: connection.reply(b"you should not be here") or True)
        cls.addClassCleanup(cls.elsewhere.close)
        key = str(cls.base / "key")
        cls.commands = {"settle": ("settle",), "preview": ("settle", "--preview"), "sign": ("sign", "S1", "--accept", "--key", key),
                        "sign all": ("sign", "--all", "--accept", "--key", key), "enrol": ("enrol", "--key", key)}

    def run_case(self, case):
        command, answer, code, says = case
        site = Site({}, answer)
        verb, *words = self.commands[command]
        done = measured([BINARY, verb, site.url, *words, "--token", TOKEN], self.base)
        site.close()
        return done, site.requests

    def judge(self, case, done, requests):
        _, _, code, says = case
        self.assertEqual(done["code"], code, done["err"])
        self.assertLess(done["seconds"], TIME_S)
        self.assertLess(done["memory_kib"], self.memory_kib + 2 * MEMORY_KIB)
        for text in (done["out"], done["err"]):
            self.assertIsNone(RAW.search(text), text)
            self.assertLess(len(text.decode()), self.SHOWN)
        self.assertEqual(len(done["err"].splitlines()), int(code != 0 and b"refused" not in done["out"]), done["err"])
        self.assertIn(says, (done["out"] + done["err"]).decode())
        for _, lines in requests:
            self.assertIn(f"Authorization: Bearer {TOKEN}", lines)
        self.assertFalse(self.elsewhere.requests, "the token went elsewhere")

    def test_none_of_it_hurts(self):
        least, most = -(1 << 53) + 1, (1 << 53) - 1  # further ones are no numbers of this server's
        bad = "\x1b]0;owned\x07\x1b[2J\u202e\u009b31m\ufe0f\U000e0100\u17b4"

        def listed(*rows, **members):
            return body(json.dumps({"data": rows, **members}).encode())

        def by_path(*answers):
            return lambda connection, path: next(answer for at, answer in answers if re.search(at, path))(connection, path)

        def draft(number, vat=0):
            return {"number": number, "from": number, "net_micros": number, "clicks": number, "leads": number, "payable_minor": number, "vat_minor": vat,
                    "to_pay_minor": number, "carried_micros": number, "from_at": bad, "to_at": bad * 9, "payable_by": "publisher",
                    "waiting": {"pending": number, "held": number, "micros": number}}

        def row(state, number=0, **members):
            return {"contract": "C1", "campaign_name": bad, "publisher_name": bad * 1000, "currency": "IRR", "state": state, "draft": draft(number), **members}

        warned = [{"warning": bad, "text": bad * 8, "blocks": blocks} for blocks in (True, False)] * 250
        unanswered = {"contract": bad, "id": bad, "number": most, "issued_at": bad, "currency": bad, **draft(least),
                      "answers": [{"role": "publisher", "verdict": "none"}] * 20}
        statements, settlements = "v1/statements", "v1/settlements"
        offered = (settlements, listed(row("open", most)))
        cases = []
        for command, code, says in (("settle", 1, ""), ("sign", 1, ""), ("enrol", 2, "cannot be told")):
            cases.append((command, endless(b"[" * 65536), 1, "longer than it can be"))
            cases += [(command, body(answer), code, says) for answer in (b"<html>", b'{"data":' + b"[" * 60000, b'{"data":[9007199254740992]}')]
        cases += [("enrol", answer, code, says) for answer, code, says in (
            (body(b"", f"Location: {self.elsewhere.url}/v1/parties", status="302 There"), 2, "redirects are not followed"),
            (body(json.dumps({"title": bad, "detail": bad * 1000}).encode(), status="403 No"), 2, "403"), (hang_up, 2, ""))]
        for command in ("settle", "sign all"):
            cases += [(command, answer, 1, says) for answer, says in (
                (listed(next="S1"), "what is no list"), (listed(next=bad), "what is no list"), (listed(next="../x"), "what is no list"),
                (listed(*[{}] * 51), "what is no list"))]

        def dense(row):
            """Pages of a row whose JSON takes much memory, too much were all of them kept; then what is no list."""
            numbers, much = iter(range(6)), [{}] * 100_000

            def answer(connection, path):
                n = next(numbers, None)
                listed(*([{**row(n), "x": much}] if n is not None else [{}] * 51), next=f"S{n}")(connection, path)

            return answer

        def silent(n):
            return {"contract": f"C{n}", "id": f"S{n}", "answers": [{"role": "publisher", "verdict": "none"}] * 20}

        cases += [(command, answer, 1, "what is no list") for command, answer in (
            ("settle", dense(silent)),
            ("preview", by_path((statements, listed()), (settlements, dense(lambda n: row("nothing", n))))))]
        cases += [
            ("settle", by_path((statements, listed()), (settlements, listed(row("refused", warnings=warned)))), 1, "and 230 more"),
            ("settle", by_path((statements, listed()), (settlements, listed({"contract": "../x", "state": "open"}))), 1, "a contract that is none"),
            ("settle", by_path((statements, listed(*[unanswered] * 50)), (settlements, listed())), 0, "has not answered"),
            ("settle", by_path((statements, listed()), offered, ("/statements", body(b"<html>"))), 1, "what is no statement"),
            ("settle", by_path((statements, listed()), offered, ("/statements", body(json.dumps({"detail": bad * 99}).encode(), status="409 No"))), 1, "refused"),
            ("settle", by_path((statements, listed()), offered, ("/statements", body(json.dumps({**draft(least), "id": bad, "to": most}).encode(), status="201 Made"))),
             0, "settled"),
            ("settle", by_path((statements, listed()), offered, ("/statements", body(json.dumps({**draft(5, vat=1), "id": bad, "to": most}).encode(), status="201 Made"))), 2, "not their sum"),
            ("sign", listed({"id": "S1", "contract": "../x"}), 1, "without its contract"), ("sign", listed({"id": "S2", "contract": "C1"}), 2, "has no statement S1"),
            ("sign all", listed({"id": "S1"}), 1, "without its contract"),
            ("enrol", listed({"id": bad}), 2, "a party without its id"), ("enrol", listed({"id": "P1", "key": {"kid": bad * 9}}), 2, "by --old"),
            ("enrol", by_path(("/key$", endless(b"{" * 65536)), ("", listed({"id": "P1"}))), 2, "is not known"),
            ("enrol", by_path(("/key$", body(bad.encode(), status="422 No")), ("", listed({"id": "P1"}))), 1, "422"),
        ]
        for number in (least, most, -1):
            cases.append(("preview", by_path((statements, listed()), (settlements, listed(row("open", number, warnings=warned)))), 0, "1 contract to settle"))
        plain = self.run_case(("preview", listed(), 0, ""))[0]
        self.assertEqual(plain["code"], 0, plain["err"])
        type(self).memory_kib = plain["memory_kib"]
        with ThreadPoolExecutor(6) as pool:
            for case, (done, requests) in zip(cases, pool.map(self.run_case, cases)):
                with self.subTest(case[0] + ", " + case[3]):
                    self.judge(case, done, requests)


if __name__ == "__main__":
    unittest.main()
