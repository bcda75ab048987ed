"""verify on mirrors that mean harm, by table: it ends soon, in little memory, with the right exit status, changes nothing and shows no raw
byte. 1 is what is there and wrong, 2 what it cannot tell."""

import base64
import functools
import hashlib
import json
import os
import random
import resource
import shutil
import socket
import stat
import signal
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import BINARY, RELEASE, SOURCE, ServerCase, b64u, bundle, countersign, either, jws, person, rfc3339, wait_for
from test_hostile_servers import RAW, TIME_S, measured

sys.path.insert(0, str(SOURCE / "tests/support"))
from forge import Keys, key_of, public, root_at, write_log  # noqa: E402

MEMORY_KIB = 48 << 10  # above what an honest mirror costs
TERABYTE = 1 << 40
MANY, MOST = 10_000, 60_000 if "LEAKS" in os.environ else 30_000  # scripts/test --long
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def canonical(**members):
    """RFC 8785, for what stands in entries."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def ident(letter, n):
    return letter + "".join(DIGITS[n >> 5 * shift & 31] for shift in range(11, -1, -1))


@functools.cache
def private_key(n):
    return key_of(n.to_bytes(32, "big"))


@functools.cache
def public_key(n):
    return public(private_key(n))


class Operator:
    """Signs whatever it likes, with keys of its own: what only a hostile operator can make."""

    def __init__(self, mirror, contract):
        self.mirror, self.contract = mirror, contract
        self.keys = Keys.fresh()
        self.root = (mirror / "log" / "keys").read_text().split("+")[0]
        self.terms = next(bundle(next((mirror / "log" / contract / "tile" / "entries").rglob("000")).read_bytes()))
        self.at = json.loads(self.terms)["at"]
        shutil.rmtree(mirror / "v1")
        for tree in mirror.rglob("tile"):
            shutil.rmtree(tree)
        for name in ("openings", "heads"):
            (mirror / "log" / contract / name).write_bytes(b"")
        (mirror / "log" / "keys").write_text(self.verifier_key(self.root) + "\n")
        self.publish("log", [])

    def verifier_key(self, name):
        return self.keys.note_key(name).strip()

    def sign(self, log, size, root):
        name = self.root if log == "log" else f"{self.root}/{self.contract}"
        (self.mirror / log / "checkpoint").write_bytes(self.keys.note(name, size, root))

    def publish(self, log, entries):
        write_log(self.mirror, log, entries, b"")
        self.sign(log, len(entries), root_at(entries))

    def contract_log(self, entries, root=()):
        self.publish(f"log/{self.contract}", [self.terms, *entries])
        if root:
            self.publish("log", list(root))

    # entries

    def click(self, **members):
        return canonical(**{"at": self.at, "class": "ok", "commit": b64u(bytes(32)), "kind": "click", "placement": 1, **members})

    def key_of(self, party, n, before=None):
        """Shown by itself, and by the key number `before`."""
        said = {"party": party, "issuer": "http://" + self.root.removesuffix("/log"), "at": rfc3339(self.at / 1000 - 200_000 + 2 * n),
                "jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64u(public_key(n))}}
        more = {} if before is None else {"previous_jws": jws(private_key(before), said)}
        return canonical(at=self.at, kind="key", party=party, pub=b64u(public_key(n)), jws=jws(private_key(n), said), **more)

    def statement_id(self, number):
        said = hashlib.sha256(f"countersign/v1/statement\n{self.contract}\n{number}".encode()).digest()
        return ident("S", int.from_bytes(said[:8], "big") >> 4)

    def statement(self, number, first, index):
        """As it must be where all entries are of one time."""
        return canonical(at=self.at, **{"from": first}, id=self.statement_id(number), issued_ms=self.at, kind="statement", number=number, sha256="0" * 64, to=index,
                         to_ms=self.at + 1)

    def response(self, number, jws="a.b.c"):
        return canonical(at=self.at, jws=jws, kind="response", party="P1", statement=self.statement_id(number))

    def version(self, n):
        return self.terms.replace(b'"version":1}', b'"version":%d}' % n)

    def gap(self, count):
        return canonical(at=self.at, clicks=count, from_ms=1, kind="gap", to_ms=2, views=count)

    def opening(self, index, size):
        salt, contact = bytes(16), {"f_x": "y" * size}
        return canonical(contact=contact, contact_salt=b64u(salt), contact_sha256=b64u(hashlib.sha256(
            b"countersign/v1/contact\n" + salt + canonical(**contact)).digest()), index=index, network_sha256=b64u(bytes(32)), salt=b64u(salt)) + b"\n"


def state(folder):
    """What stands below a folder, without reading it: files of a terabyte are among them."""
    def tell(path):
        s = path.lstat()
        return s.st_mode, s.st_size, s.st_mtime_ns

    return {str(path): tell(path) for path in folder.rglob("*")}


class HostileMirrors(ServerCase):
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
        done = countersign("pull", cls.server.url, cls.mirror, "--contract", market.contract, "--token", market.advertiser.token)
        assert done.returncode == 0, done.stderr
        cls.log = f"log/{market.contract}"
        statement = next((cls.mirror / "v1" / "statements").glob("*.jws")).stem
        cls.kinds = {
            "the checkpoint": f"{cls.log}/checkpoint", "the root log's checkpoint": "log/checkpoint", "the log keys": "log/keys",
            "the statement keys": ".well-known/jwks.json", "a tile": f"{cls.log}/tile/0/000", "a bundle": f"{cls.log}/tile/entries/000",
            "a partial bundle": str(next((cls.mirror / cls.log / "tile" / "entries" / "001.p").iterdir()).relative_to(cls.mirror)),
            "the openings": f"{cls.log}/openings", "the heads": f"{cls.log}/heads", "a statement": f"v1/statements/{statement}.jws",
            "line items": f"v1/statements/{statement}/lines", "a closed head": f"v1/statements/{statement}/checkpoint"}
        cls.usual_kib = {binary: cls.run_case(("honest", 0, lambda mirror: None), binary=binary)["memory_kib"] for binary in (BINARY, RELEASE) if binary}

    @classmethod
    def run_case(cls, case, as_json=False, binary=None, against=False):
        """(name, status, damage[, limits]): what happened, for `judge`."""
        _, _, damage, *limits = case
        with tempfile.TemporaryDirectory(prefix="case-", dir=cls.base) as name:
            mirror = Path(name) / "mirror"
            shutil.copytree(cls.mirror, mirror)
            target = damage(mirror) or mirror
            before = state(Path(name))

            which = [str(cls.mirror), "--against", str(target)] if against else [str(target)]
            binary = binary or either()
            done = measured([binary, "verify", *which, *(["--json"] if as_json else [])], cls.base, limits)
            return {**done, "binary": binary, "json": as_json, "before": before, "after": state(Path(name))}

    def judge(self, case, done):
        self.assertEqual(done["code"], case[1], done["out"].decode() + done["err"].decode())
        self.assertLess(done["seconds"], TIME_S)
        self.assertLess(done["memory_kib"], self.usual_kib.get(done["binary"], self.usual_kib[BINARY]) + MEMORY_KIB)
        self.assertEqual(done["before"], done["after"], "verify only reads")
        self.assertEqual(done["err"], b"")
        self.assertIsNone(RAW.search(done["out"]), done["out"])
        self.assertLess(len(done["out"]), 60000)
        if done["json"]:
            report = json.loads(done["out"])
            self.assertEqual(report["verdict"], ["holds", "fails", "cannot_tell"][case[1]])
            self.assertIsNone(RAW.search(json.dumps(report, ensure_ascii=False).encode()))
        else:
            self.assertEqual(done["out"].splitlines()[-1:], [[b"all holds", b"something does NOT hold", b"cannot tell"][case[1]]])

    def run_all(self, cases, against=False):
        self.assertEqual(len({case[0] for case in cases}), len(cases))

        def run(n):
            return self.run_case(cases[n], n % 2 == 1, against=against)

        with ThreadPoolExecutor(4) as pool:
            for case, done in zip(cases, pool.map(run, range(len(cases)))):
                with self.subTest(case[0]):
                    self.judge(case, done)

    def test_too_few_files_to_open_are_said_before_anything_is_read(self):
        done = self.run_case(("", 2, lambda mirror: None, (resource.RLIMIT_NOFILE, 5)))
        self.assertEqual((done["code"], done["out"]), (2, b""), done["err"])
        self.assertIn(b"the limit on open files", done["err"])

    # damage

    @staticmethod
    def at(path, change):
        """In place of the file at `path`, what `change` makes there."""
        def damage(mirror):
            place = mirror / path
            kept = place.read_bytes()
            place.unlink()
            change(place, kept)

        return damage

    @staticmethod
    def fifo(place, _):
        os.mkfifo(place)

    @staticmethod
    def link(place, kept):
        other = Path(tempfile.mkdtemp(dir=next(up for up in place.parents if up.name == "mirror").parent)) / "real"
        other.write_bytes(kept)
        place.symlink_to(other)

    @staticmethod
    def folder_there(place, _):
        place.mkdir()

    @staticmethod
    def listener(place, _):
        with socket.socket(socket.AF_UNIX) as s:
            folder = os.open(place.parent, os.O_PATH)
            s.bind(f"/proc/self/fd/{folder}/{place.name}")  # a socket's path is short
            os.close(folder)

    @staticmethod
    def sparse(place, kept):
        place.write_bytes(kept)
        os.truncate(place, TERABYTE)

    @staticmethod
    def all_zero(place, _):
        place.touch()
        os.truncate(place, TERABYTE)

    @staticmethod
    def no_newline(place, kept):
        place.write_bytes(kept + b"x" * (24 << 20))

    @staticmethod
    def device(place, _):
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero

    def test_what_stands_in_a_files_place(self):
        changes = [("a FIFO", 2, self.fifo), ("a link to it", 2, self.link), ("a folder", 2, self.folder_there), ("a socket", 2, self.listener),
                   ("a sparse terabyte behind it", 1, self.sparse), ("a terabyte of zeros", 1, self.all_zero),
                   ("24 MiB without a newline behind it", 1, self.no_newline)]
        if os.geteuid() == 0:
            changes.append(("a device", 2, self.device))
        self.run_all([("honest", 0, lambda mirror: None), ("honest, as JSON", 0, lambda mirror: None)] +
                     [(f"{what} for {kind}", status, self.at(path, change))
                      for n, (kind, path) in enumerate(self.kinds.items()) for m, (what, status, change) in enumerate(changes)
                      if m in (0, 4) or (n + m) % 4 == 0])

    def test_another_mirror_to_compare_with(self):
        """Only what is compared is read of it, and its faults are not this one's."""
        changes = [("a FIFO", self.fifo), ("a link to it", self.link), ("a folder", self.folder_there), ("a sparse terabyte behind it", self.sparse),
                   ("a terabyte of zeros", self.all_zero), ("24 MiB without a newline behind it", self.no_newline)]
        read = ("the checkpoint", "the root log's checkpoint", "a bundle", "a partial bundle")
        self.run_all([("honest", 0, lambda mirror: None)] +
                     [(f"{what} for {kind}", 2 if kind in read else 0, self.at(path, change)) for n, (kind, path) in enumerate(self.kinds.items())
                      for m, (what, change) in enumerate(changes) if (n + m) % (2 if kind in read else 6) == 0] +
                     [("nothing", 2, shutil.rmtree)], against=True)

    def test_what_else_lies_in_the_folder(self):
        def many(mirror):
            for n in range(10_000):
                os.close(os.open(mirror / f"{n}", os.O_CREAT))

        def kept(mirror):
            (mirror / self.log / "seen").mkdir()
            for n in range(2_000):
                (mirror / self.log / "seen" / str(n)).write_bytes(note)

        def fifo_kept(mirror):
            (mirror / self.log / "seen").mkdir()
            os.mkfifo(mirror / self.log / "seen" / "1")

        def placed(name, make):
            def damage(mirror):
                (mirror / name).parent.mkdir(parents=True, exist_ok=True)
                make(mirror / name)

            return damage

        def moved_click_key(make):
            return placed(f"v1/contracts/{self.market.contract}/click-key", lambda place: (place.unlink(missing_ok=True), make(place)))

        note = (self.mirror / self.log / "checkpoint").read_bytes()

        def named(name, text=b"x"):
            def damage(mirror):
                path = os.path.join(os.fsencode(mirror), name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(text)

            return damage

        def deep(mirror):
            place = mirror
            for _ in range(300):
                place = place / "d"
            place.mkdir(parents=True)
            (place / "file").write_text("hidden")

        def moved(name, target=None):
            """A part of the mirror stands elsewhere, and a link in its place."""
            def damage(mirror):
                (mirror / name).rename(mirror.parent / "elsewhere")
                (mirror / name).symlink_to(target or mirror.parent / "elsewhere")

            return damage

        def loop(mirror):
            (mirror / "log" / "loop").symlink_to(mirror)

        def renamed(mirror):
            (mirror / self.log).rename(mirror / "log" / os.fsdecode(b"\x1b[2J\xe2\x80\xae\xff"))

        def linked_whole(mirror):
            (mirror.parent / "by-link").symlink_to(mirror)
            return mirror.parent / "by-link"

        def emptied(mirror):
            shutil.rmtree(mirror)
            mirror.mkdir()

        def in_its_place(make):
            def damage(mirror):
                shutil.rmtree(mirror)
                make(mirror)

            return damage

        self.run_all([
            ("10,000 files more", 0, many), ("an escape for a name", 0, named(b"\x1b]0;owned\x07\x1b[2J")), ("bidi marks for a name", 0, named("\u202etxt".encode())),
            ("a name that is no text", 0, named(b"log/\xff\xfe\x9b31m")), ("a name of lines", 0, named(b"log/all holds\nall holds")),
            ("a name of 255 bytes", 0, named(b"\xc2\x9b" * 127 + b"x")), ("a folder 300 deep", 0, deep), ("a link that loops", 0, loop),
            ("the log is a link", 2, moved("log")), ("the tiles are a link", 2, moved(f"{self.log}/tile")), ("v1 is a link", 2, moved("v1")),
            ("the log is a link to /", 2, moved("log", "/")), ("another contract beside", 2, named(b"log/C0000000000000/checkpoint")),
            ("escapes for a contract", 1, renamed), ("the folder itself is a link", 0, linked_whole), ("an empty folder", 2, emptied),
            ("a file", 2, in_its_place(lambda m: m.write_text("x"))), ("a FIFO", 2, in_its_place(os.mkfifo)), ("nothing", 2, in_its_place(lambda m: None)),
            ("2,000 kept checkpoints, each checked", 1, kept), ("a kept one of 2^64-1 entries", 1, named(f"{self.log}/seen/{2**64 - 1}".encode(), note)),
            ("a kept one of 2^64 entries", 0, named(f"{self.log}/seen/{2**64}".encode(), note)), ("a kept one of escapes", 1, named(b"log/seen/1", b"\x1b[2J")),
            ("a FIFO for a kept one", 2, fifo_kept), ("a kept one that is this one", 0, named(f"{self.log}/seen/{int(note.split()[1])}".encode(), note)),
            ("a folder for a kept one", 2, placed(f"{self.log}/seen/20", Path.mkdir)), ("a folder for one of the root log's", 2, placed("log/seen/2", Path.mkdir)),
            ("a FIFO for those kept", 2, placed(f"{self.log}/seen", os.mkfifo)), ("a file for those of the root log", 2, placed("log/seen", Path.touch)),
            ("a link for those kept", 2, placed(f"{self.log}/seen", lambda place: place.symlink_to("/etc"))),
            ("a FIFO for the click key", 2, moved_click_key(os.mkfifo)), ("a folder for the click key", 2, moved_click_key(Path.mkdir)),
            ("a link for the click key", 2, moved_click_key(lambda place: place.symlink_to("/etc/passwd"))),
            ("a FIFO for what was witnessed", 2, placed("log/witnessed", os.mkfifo)), ("a FIFO for the pull's own folder", 2, placed(".countersign-pull", os.mkfifo)),
            ("a folder of the user's", 0, placed("log/seen/notes/20", Path.mkdir)),
            ("a folder for another contract's log", 2, placed("log/C0000000000000/checkpoint", Path.mkdir)),
            ("a pull cut short while it fetched", 2, named(b".countersign-pull/log/checkpoint")),
            ("a pull cut short halfway", 2, named(b".countersign-pull/halfway")),
        ])

    def test_texts(self):
        log_keys, jwks = (self.mirror / "log/keys").read_bytes(), (self.mirror / ".well-known/jwks.json").read_bytes()
        checkpoint = (self.mirror / self.log / "checkpoint").read_bytes()
        lines = checkpoint.split(b"\n")
        one = log_keys.splitlines(True)[0]
        root, _, pub = one.decode().strip().split("+", 2)

        def log_key(name):
            key_id = hashlib.sha256(name.encode() + b"\n" + base64.b64decode(pub)).hexdigest()[:8]
            return f"{name}+{key_id}+{pub}\n".encode()
        others = b"".join(log_key(f"{root}/{ident('C', n)}") for n in range(200_000))

        def text(kind, data):
            return self.at(self.kinds[kind], lambda place, _: place.write_bytes(data))

        def line(n, data):
            return b"\n".join([*lines[:n], data, *lines[n + 1:]])

        self.run_all([
            ("200,000 log keys", 1, text("the log keys", log_keys + others)),
            ("a log key twice", 1, text("the log keys", log_keys + one)),
            ("a million lines that are no keys", 1, text("the log keys", log_keys + b"\n" * 1_000_000)),
            ("a log key of a mebibyte", 1, text("the log keys", log_keys + b"x" * (1 << 20) + b"\n")),
            ("log keys of escapes", 1, text("the log keys", b"\x1b[2J" + log_keys)),
            ("no log keys", 1, text("the log keys", b"")),
            ("a hundred thousand statement keys", 1, text("the statement keys", b'{"keys":[' + b",".join([jwks[9:-2]] * 100_000) + b"]}")),
            ("statement keys nested without end", 1, text("the statement keys", b"[" * 16000)),
            ("objects nested without end", 1, text("the statement keys", b'{"keys":' * 2000)),
            ("numbers without end", 1, text("the statement keys", b'{"keys":[' + b"9" * 10000 + b"]}")),
            ("2^64-1 entries", 1, text("the checkpoint", line(1, b"18446744073709551615"))),
            ("10^4000 entries", 1, text("the checkpoint", line(1, b"1" + b"0" * 4000))),
            ("an origin of escapes", 1, text("the checkpoint", line(0, b"\x1b[2J\xc2\x9b31m"))),
            ("a hundred thousand signatures", 1, text("the checkpoint", checkpoint + lines[4] + b"\n" * 100_000)),
            ("thirty signatures", 1, text("the checkpoint", checkpoint + (lines[4] + b"\n") * 30)),
            ("a statement nested without end", 1, text("a statement", b"[" * 60000)),
            ("a statement of a million signatures", 1, text("a statement", b'{"payload":"","signatures":[' + b"{}," * 1_000_000 + b"{}]}")),
            ("a statement of 20,000 signatures", 1, text("a statement", b'{"payload":"","signatures":[' + b"{}," * 20_000 + b"{}]}")),
            ("openings of empty lines", 1, text("the openings", b"\n" * 10_000_000)),
            ("openings nested without end", 1, text("the openings", b"[" * 100_000 + b"\n")),
            ("openings of escapes", 1, text("the openings", b"\x1b[2J\n")),
            ("a bundle of empty entries", 1, text("a bundle", b"\0\0" * 256)),
            ("a bundle of the longest entries", 1, text("a bundle", (b"\xff\xff" + b"[" * 65535) * 256)),
        ])

    def test_what_a_hostile_operator_signs(self):
        def signed(write):
            def damage(mirror):
                write(Operator(mirror, self.market.contract))

            return damage

        def entries(make, root=lambda o: ()):
            return signed(lambda o: o.contract_log(make(o), root(o)))

        def claims(size):
            def write(o):
                o.contract_log([o.click()] * 255)
                o.sign(f"log/{o.contract}", size, bytes(32))

            return signed(write)

        def statements(o):
            return [o.statement(n + 1, n, n + 1) for n in range(MANY)]

        def opening(size, index):
            def write(o):
                o.contract_log([o.click()] * MANY)
                (o.mirror / "log" / o.contract / "openings").write_bytes(o.opening(index, size))

            return signed(write)

        def heads(o):
            rng = random.Random(1)
            return [rng.randbytes(32) for _ in range(MOST)]

        odd = "P\x1b[2J\u202e"
        self.run_all([
            ("an honest log of its own", 0, entries(lambda o: [o.click()] * 600)),
            ("2^64-1 entries, signed", 2, claims(2**64 - 1)), ("2^63 entries, signed", 2, claims(2**63)), ("10^15 entries, signed", 2, claims(10**15)),
            ("many statements and heads", 2, entries(lambda o: [o.statement(n + 1, n, n + 1) for n in range(MOST)], heads)),
            ("many statements and answers", 1, entries(lambda o: statements(o) + [o.response(n + 1) for n in range(MANY)])),
            ("many looks into large bundles", 1, entries(lambda o: [o.click(), *[o.response(1, "a" * 12_000)] * 9 * 256] + [
                canonical(at=o.at, **{"class": "ok"}, click=1 + 256 * (n % 9), commit=b64u(bytes(32)), kind="view", placement=1) for n in range(MANY)])),
            ("many terms", 0, entries(lambda o: [o.version(n + 2) for n in range(1500)])),
            ("many keys of one party", 0, entries(lambda o: [o.key_of("P1", n, n - 1 if n else None) for n in range(MANY // 10)])),
            ("keys of many parties", 1, entries(lambda o: [o.key_of(f"P{n}", n) for n in range(MANY)])),
            ("many clicks before one long opening", 1, opening(100_000, 10**9)),
            ("an opening longer than any", 1, opening(200_000, 10**9)),
            ("gaps past all counting", 1, entries(lambda o: [o.gap(2**53 - 1)] * 3000 + [o.statement(1, 0, 3001)])),
            ("times past all calendars", 1, entries(lambda o: [o.click(at=2**53 - 1), o.statement(1, 0, 2)])),
            ("a party of escapes", 0, entries(lambda o: [o.key_of(odd, n, n - 1 if n else None) for n in range(3)])),
            ("a member of escapes", 1, entries(lambda o: [o.click(**{"\x1b[2J\u202e": 1})])),
            ("a kind of escapes", 1, entries(lambda o: [canonical(at=1, kind="\x1b[2J")])),
            ("an entry of a thousand members", 1, entries(lambda o: [o.click(**{f"m{n}": n for n in range(1000)})])),
            ("an entry nested without end", 1, entries(lambda o: [b"[" * 40_000])),
            ("an entry nested as deep as may be", 1, entries(lambda o: [b'{"at":' + b"[" * 15 + b"]" * 15 + b"}"])),
            ("an answer of 40,000 bytes", 1, entries(lambda o: [o.statement(1, 0, 1), o.response(1, "a" * 40_000)])),
            ("an empty entry", 1, entries(lambda o: [b""])),
            ("a root log of odd entries", 1, entries(lambda o: [o.click()], lambda o: [b"", b"x" * 33, b"\x1b[2J"])),
        ])

    def test_a_process_that_dies_cannot_tell(self):
        mirror = Path(shutil.copytree(self.mirror, self.base / "dies"))
        operator = Operator(mirror, self.market.contract)
        operator.contract_log([operator.version(n + 2) for n in range(4000)])
        left_alone = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_sigbus=0"}
        for number, as_json, words in ((signal.SIGKILL, (), b"out of memory"), (signal.SIGBUS, ("--json",), b"its disk failed")):
            process = subprocess.Popen([BINARY, "verify", mirror, *as_json], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=left_alone)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            child = wait_for(lambda: children.read_text().split(), what="the verifying process")
            os.kill(int(child[0]), number)
            out, err = process.communicate(timeout=TIME_S)
            self.assertEqual((process.returncode, err), (2, b""))
            self.assertIn(b"died of signal %d " % number, out)
            self.assertIn(words, out)
            self.assertIn(b"cannot_tell" if as_json else b"cannot tell", out.splitlines()[-1])

    def test_what_the_harness_looks_at_it_sees(self):
        """Programs in verify's place that do one wrong thing each."""
        wrong = {"code": "exit 1", "escapes": 'printf "\\033[2J\\n"; echo all holds', "nothing": "true", "stderr": "echo x >&2; echo all holds",
                 "writes": 'echo >> "$2"/log/keys; echo all holds', "memory": "python3 -c 'x = b\"x\" * (1 << 29)'; echo all holds"}
        honest = ("honest", 0, lambda mirror: None)
        for name, script in {**wrong, "right": "echo all holds"}.items():
            program = self.base / f"wrong-{name}"
            program.write_text("#!/bin/sh\n" + script + "\n")
            program.chmod(0o755)
            with self.subTest(name):
                if name == "right":
                    self.judge(honest, self.run_case(honest, binary=str(program)))
                else:
                    with self.assertRaises(AssertionError):
                        self.judge(honest, self.run_case(honest, binary=str(program)))


if __name__ == "__main__":
    unittest.main()
