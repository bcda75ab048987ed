"""Witnesses, both ways, each side against a program written apart: a log of Python's asks the server to cosign, the server asks witnesses of
Python's; and one set of keys cannot show three readers three histories."""

import base64
import hashlib
import shutil
import struct
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness import SOURCE, Market, Server, Tree, countersign, send, wait_for

sys.path.insert(0, str(SOURCE / "tests/support"))

from second import verify_twice  # noqa: E402


def b64(data):
    return base64.b64encode(data).decode()


class Signer:
    """A key of a signed note (type 1) or of cosignatures (type 4)."""

    def __init__(self, name, kind):
        self.name, self.key = name, Ed25519PrivateKey.generate()
        self.public = bytes([kind]) + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(name.encode() + b"\n" + self.public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(self.public)}"

    def line(self, text):
        return f"— {self.name} {b64(self.id + self.key.sign(text.encode()))}\n"

    def cosignature(self, text, at):
        signature = self.key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        return f"— {self.name} {b64(self.id + struct.pack('>Q', at) + signature)}\n"


def open_cosignature(line, text, vkey):
    """The time of a cosignature that holds."""
    name, ident, public = vkey.split("+", 2)
    public = base64.b64decode(public)
    assert public[0] == 4 and hashlib.sha256(name.encode() + b"\n" + public).digest()[:4].hex() == ident
    dash, said, blob = line.split(" ")
    blob = base64.b64decode(blob)
    assert dash == "—" and said == name and blob[:4].hex() == ident and len(blob) == 76
    at = int.from_bytes(blob[4:12], "big")
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(blob[12:], f"cosignature/v1\ntime {at}\n{text}".encode())
    return at


def consistency(hashes, old):
    """RFC 6962 section 2.1.2 over leaf hashes."""
    def root(part):
        tree = Tree()
        for leaf in part:
            tree.append(None, leaf)
        return tree.root()

    def sub(m, part, whole):
        if m == len(part):
            return [] if whole else [root(part)]
        k = 1
        while 2 * k < len(part):
            k *= 2
        if m <= k:
            return [*sub(m, part[:k], whole), root(part[k:])]
        return [*sub(m - k, part[k:], False), root(part[:k])]

    return sub(old, hashes, True) if 0 < old < len(hashes) else []


class Log:
    """A log that is not ours."""

    def __init__(self, origin, tag=""):
        self.signer, self.tag = Signer(origin, 1), tag

    def leaves(self, size):
        return [hashlib.sha256(b"\0" + f"{self.tag if n >= 3 else ''}{n}".encode()).digest() for n in range(size)]

    def text(self, size):
        tree = Tree()
        for leaf in self.leaves(size):
            tree.append(None, leaf)
        return f"{self.signer.name}\n{size}\n{b64(tree.root())}\n"

    def body(self, old, size, proof=None, signer=None):
        proof = consistency(self.leaves(size), old) if proof is None else proof
        text = self.text(size)
        return f"old {old}\n" + "".join(b64(h) + "\n" for h in proof) + f"\n{text}\n{(signer or self.signer).line(text)}"


class ServerAsWitness(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-witness-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.logs = [Log("log.example/a"), Log("log.example/b")]
        names = Path(cls.folder.name) / "logs"
        names.write_text("# logs\n\n" + "".join(log.signer.vkey + "\n" for log in cls.logs))
        cls.server = Server(WITNESS=names)
        cls.addClassCleanup(cls.server.close)
        cls.vkey = send(cls.server.url + "/witness/key").text.strip()

    def add(self, body):
        return send(self.server.url + "/witness/add-checkpoint", "POST", body.encode())

    def cosigned(self, log, old, size):
        answer = self.add(log.body(old, size))
        self.assertEqual(answer.status, 200, answer)
        at = open_cosignature(answer.text.rstrip("\n"), log.text(size), self.vkey)
        self.assertLess(abs(at - time.time()), 60)
        with self.assertRaises(InvalidSignature):
            open_cosignature(answer.text.rstrip("\n"), log.text(size + 1), self.vkey)

    def conflict(self, answer, size):
        self.assertEqual((answer.status, answer.text, answer.headers["Content-Type"]), (409, f"{size}\n", "text/x.tlog.size"))

    def test_it_follows_a_log_and_no_other_history_of_it(self):
        log, other = self.logs
        self.cosigned(log, 0, 3)
        self.cosigned(log, 3, 3)
        self.conflict(self.add(log.body(0, 7)), 3)
        self.conflict(self.add(log.body(2, 7)), 3)
        self.cosigned(log, 3, 7)
        self.cosigned(other, 0, 700)
        self.assertEqual(self.add(log.body(9, 8)).status, 400)
        fork = Log(log.signer.name, "another ")
        fork.signer = log.signer
        for _ in range(3):
            self.conflict(self.add(fork.body(7, 7)), 7)  # the same size, another root
        self.assertEqual(self.server.log().count("signed two histories of 7 entries"), 1)
        self.assertEqual(self.add(fork.body(7, 20)).status, 422)
        self.assertEqual(self.add(log.body(7, 20, proof=[b"\1" * 32])).status, 422)
        self.assertEqual(self.add(log.body(7, 20, proof=[])).status, 422)
        self.server.kill()  # what was cosigned is on the disk
        self.server.start()
        self.conflict(self.add(log.body(0, 20)), 7)
        self.assertEqual(self.add(fork.body(7, 20)).status, 422)
        self.cosigned(log, 7, 20)
        self.cosigned(other, 700, 701)

    def test_what_a_server_keeps_is_its_owners_alone(self):
        self.add(self.logs[1].body(0, 3))
        self.assertTrue((self.server.data / "witnessed").exists())
        self.assertEqual({path.stat().st_mode & 0o077 for path in [self.server.data, *self.server.data.rglob("*")]}, {0})

    def test_without_what_it_remembers_it_does_not_start(self):
        """It would cosign another history."""
        memory = self.server.data / "witnessed"
        self.add(self.logs[1].body(0, 3))
        self.server.stop()
        kept = memory.read_bytes()
        for spoil in (lambda: memory.write_bytes(kept[:-1]), memory.mkdir):
            memory.unlink()
            spoil()
            with self.assertRaisesRegex(AssertionError, "countersign serve: .*witnessed"):
                self.server.start()
        memory.rmdir()
        memory.write_bytes(kept)
        self.server.start()

    def test_who_is_no_log_of_its_is_refused(self):
        stranger, log = Log("log.example/c"), self.logs[0]
        self.assertEqual(self.add(stranger.body(0, 2)).status, 404)
        self.assertEqual(self.add(log.body(0, 2, signer=Signer(log.signer.name, 1))).status, 403)
        for body in ("", "old 1", "old 01\n\n", "old 0\nx\n\n", log.body(0, 2).replace("old", "new"), log.body(0, 2)[:-9],
                     "old 1\n" + (b64(bytes(32)) + "\n") * 64 + "\n" + log.body(0, 2).split("\n\n", 1)[1]):
            with self.subTest(body[:20]):
                self.assertEqual(self.add(body).status, 400)


class FakeWitness:
    """A witness that answers as it is told."""

    def __init__(self, name):
        self.signer, self.bodies, self.answer = Signer(name, 4), [], self.cosign
        self.last = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.bodies.append(body)
                status, kind, text = outer.answer(body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/prefix/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def cosign(self, body):
        old, text = int(body.split("\n")[0][4:]), body.split("\n\n")[1] + "\n"
        if old != self.last:
            return 409, "text/x.tlog.size", f"{self.last}\n"
        self.last = int(text.split("\n")[1])
        return 200, "text/plain", self.signer.cosignature(text, int(time.time()))

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class ServerAsksWitnesses(unittest.TestCase):
    def policy(self, *lines):
        path = Path(self.folder.name) / "policy"
        path.write_text("\n".join(lines) + "\n")
        return path

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="countersign-witness-")
        self.addCleanup(self.folder.cleanup)
        self.witnesses = [FakeWitness(f"w{n}.example") for n in range(3)]
        for w in self.witnesses:
            self.addCleanup(w.close)
        policy = self.policy(*(f"witness {n} {w.signer.vkey} {w.url}" for n, w in enumerate(self.witnesses)), "group two 2 0 1 2", "quorum two")
        self.server = Server(WITNESSES=policy)
        self.addCleanup(self.server.close)
        self.market = Market(self.server)

    def statement(self):
        self.market.click()
        return self.server.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]

    def witnessed(self):
        answer = send(self.server.url + "/log/witnessed")
        return answer.text if answer.status == 200 else None

    def root_size(self):
        return int(send(self.server.url + "/log/checkpoint").text.split("\n")[1])

    def test_a_quorum_is_served_and_what_contradicts_is_an_alarm(self):
        dead = self.witnesses[2]
        dead.answer = lambda body: (503, "text/plain", "not today\n")
        self.assertIsNone(self.witnessed())
        self.statement()
        note = wait_for(self.witnessed, what="a quorum")
        text, lines = note.split("\n\n")
        text, lines = text + "\n", lines.rstrip("\n").split("\n")
        self.assertEqual(len(lines), 3)  # the log's and two
        for line, w in zip(lines[1:], self.witnesses):
            open_cosignature(line, text, w.signer.vkey)
        # a witness that remembers more than it is given is proved to from there
        self.witnesses[0].last = 1
        self.statement()
        wait_for(lambda: int(self.witnessed().split("\n")[1]) > 1, what="the next quorum")
        covered = wait_for(lambda: self.covered(), what="the contract to be covered")
        self.assertIn(f"/log/{self.market.contract}\n", covered)
        size = int(self.witnessed().split("\n")[1])
        entries = send(f"{self.server.url}/log/tile/entries/000.p/{size}").body
        self.assertIn(hashlib.sha256(covered.encode()).digest(), [entries[at + 2:at + 34] for at in range(0, len(entries), 34)])
        self.assertEqual(self.server.metric("witnesses_conflicting"), 0)
        # one that knows more than there is
        self.witnesses[1].answer = lambda body: (409, "text/x.tlog.size", "1000000\n")
        before = int(self.witnessed().split("\n")[1])
        self.statement()
        wait_for(lambda: self.server.metric("witnesses_conflicting") == 1, what="the alarm")
        self.assertIn("cosigned a root log of 1000000 entries under our name", self.server.log())
        self.assertIn("witnesses cosigned another root log", send(self.server.url + "/readyz").text)
        self.assertEqual(int(self.witnessed().split("\n")[1]), before)  # never taken for a quorum

    def covered(self):
        answer = self.market.auditor.call("GET", f"/log/{self.market.contract}/witnessed")
        return answer.text if answer.status == 200 else None

    def test_a_cosignature_that_is_none_does_not_count(self):
        for w, answer in zip(self.witnesses, (lambda body: (200, "text/plain", "— a b\n"), self.forged, self.witnesses[2].answer)):
            w.answer = answer
        self.statement()
        wait_for(lambda: len(self.witnesses[2].bodies) > 0 and len(self.witnesses[1].bodies) > 0, what="the witnesses to be asked")
        wait_for(lambda: self.server.log().count("without a cosignature of its key over our head") == 2, what="both to be told")
        self.assertIsNone(self.witnessed())

    def forged(self, body):
        return 200, "text/plain", self.witnesses[1].signer.cosignature("another text\n", int(time.time()))


class OneSetOfKeys(unittest.TestCase):
    """An operator that shows three readers three histories, all of them signed with the real keys."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="countersign-witness-")
        self.addCleanup(self.folder.cleanup)
        self.policy, logs = Path(self.folder.name) / "policy", Path(self.folder.name) / "logs"
        self.first = Server()
        self.addCleanup(self.first.close)
        self.market = Market(self.first)
        logs.write_text(send(self.first.url + "/log/keys").text.split("\n")[0] + "\n")
        self.witness = Server(WITNESS=logs)
        self.addCleanup(self.witness.close)
        key = send(self.witness.url + "/witness/key").text.strip()
        self.policy.write_text(f"witness w {key} {self.witness.url}/witness\nquorum w\n")
        self.first.stop()
        self.kept = Path(self.folder.name) / "kept"
        shutil.copytree(self.first.data, self.kept)
        self.first.settings["WITNESSES"] = self.policy

    def face(self, tag):
        """The same folder, another history: what a reader of it pulls, and whether it verifies with the witnesses."""
        shutil.rmtree(self.first.data)
        shutil.copytree(self.kept, self.first.data)
        self.first.start()
        self.market.click(f"?sub1={tag}")
        self.first.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        asked = wait_for(lambda: self.first.metric("witnesses_conflicting") or self.first.metric("witnessed_timestamp_seconds"), what="the witness's word")
        wait_for(lambda: self.first.metric("witnesses_conflicting") or
                 self.market.auditor.call("GET", f"/log/{self.market.contract}/witnessed").status == 200, what="the contract's head")
        mirror = Path(self.folder.name) / tag
        pulled = countersign("pull", self.first.url, mirror, "--contract", self.market.contract, "--token", self.market.auditor.token)
        self.assertEqual(pulled.returncode, 0, pulled.stderr)
        plain, done = countersign("verify", mirror), verify_twice(mirror, "--witnesses", self.policy)
        self.assertEqual(plain.returncode, 0, plain.stdout)  # each history is one: alone it holds
        self.assertTrue(asked)
        self.first.stop()
        return done

    def test_only_one_of_three_histories_finds_a_witness(self):
        done = self.face("a")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"witnesses.*that 1 of 1 witnesses cosigned, the first at \d{4}-")
        for tag in "bc":
            done = self.face(tag)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertRegex(done.stdout, "witnesses.*log/witnessed is missing")
        shutil.copy(Path(self.folder.name) / "a/log/witnessed", Path(self.folder.name) / "b/log/witnessed")
        done = verify_twice(Path(self.folder.name) / "b", "--witnesses", self.policy)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, "witnesses.*(has another root|entries were taken back)")  # as many heads as each had time for


if __name__ == "__main__":
    unittest.main()
