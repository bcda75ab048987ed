"""The command line: help, refusals, init, token, check, and how serve starts and ends."""

import contextlib
import json
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import BINARY, RELEASE, SOURCE, Caller, Market, Party, Server, ServerCase, countersign, free_port, person, send, wait_for

ALL = "LEAKS" in os.environ  # scripts/test --long: each form of each refusal of what one parser refuses by its commands' tables, else one in turn


def commands():
    """The names in the overview, which prints main.c's list."""
    return re.findall(r"^  (\w+) +\S", countersign("--help").stdout, re.MULTILINE)


def xxh64(data, seed):
    """Of at most 31 bytes."""
    def left(x, n):
        return (x << n | x >> 64 - n) & M
    M, p1, p2, p3, p4, p5 = 2**64 - 1, 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
    h = seed + p5 + len(data) & M
    while len(data) >= 8:
        h, data = left(h ^ left(int.from_bytes(data[:8], "little") * p2 & M, 31) * p1 & M, 27) * p1 + p4 & M, data[8:]
    if len(data) >= 4:
        h, data = left(h ^ int.from_bytes(data[:4], "little") * p1 & M, 23) * p2 + p3 & M, data[4:]
    for byte in data:
        h = left(h ^ byte * p5 & M, 11) * p1 & M
    h = (h ^ h >> 33) * p2 & M
    h = (h ^ h >> 29) * p3 & M
    return h ^ h >> 32


def free_pages(store):
    """Where in a store of one page of them the numbers of free pages stand (lmdb-0.9.24, mdb.c: MDB_meta, MDB_db, MDB_node)."""
    meta = max((0, 4096), key=lambda at: struct.unpack_from("<Q", store, at + 144)[0])
    root = struct.unpack_from("<Q", store, meta + 80)[0] * 4096
    found = []
    for node in struct.unpack_from(f"<{(struct.unpack_from('<H', store, root + 12)[0] - 16) // 2}H", store, root + 16):
        ids = root + node + 8 + struct.unpack_from("<H", store, root + node + 6)[0]
        found += [ids + 8 * (i + 1) for i in range(struct.unpack_from("<Q", store, ids)[0])]
    return found


def unread(port):
    """Bytes that came to a server's connections and that it has not read."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(int(row[4].split(":")[1], 16) for row in rows if int(row[1].split(":")[1], 16) == port and row[3] == "01")


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assertOneLine(self, done, *words, status=1):
        """It failed with one line that names what is wrong."""
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def assertRefused(self, done, *words):
        self.assertOneLine(done, *words, status=2)

    def test_the_overview_lists_what_the_readme_lists(self):
        readme = (SOURCE / "README.md").read_text()
        table = readme[readme.index("## Commands"):readme.index("## Settings")]
        self.assertEqual(re.findall(r"^\| `countersign (\w+)", table, re.MULTILINE), commands())
        self.assertEqual(countersign("help").stdout, countersign("--help").stdout)

    def test_each_command_has_help(self):
        self.assertGreaterEqual(len(commands()), 6)
        for name in commands():
            with self.subTest(name):
                done = countersign(name, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith(f"usage: countersign {name}"), done.stdout)
                self.assertEqual(countersign("help", name).stdout, done.stdout)

    def test_the_version(self):
        done = countersign("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        version = re.search(r"^project\(countersign VERSION ([\d.]+)", (SOURCE / "CMakeLists.txt").read_text(), re.MULTILINE).group(1)
        store = re.search(r'^#define STORE_FORMAT "(\d+)"', (SOURCE / "server/store/store.h").read_text(), re.MULTILINE).group(1)
        self.assertEqual(done.stdout, f"countersign {version}, store format {store}\n")

    def test_unknown_commands_are_refused_by_name(self):
        self.assertRefused(countersign("dance"), "dance")
        self.assertRefused(countersign("help", "dance"), "dance")
        self.assertRefused(countersign(), "--help")

    def test_each_command_refuses_unknown_flags_by_name(self):
        forms = ("--colour", "1"), ("--colour=1",), ("-c",)
        for n, name in enumerate(commands()):
            for arguments in forms if ALL else forms[n % 3:n % 3 + 1]:
                with self.subTest(name, arguments=arguments):
                    self.assertRefused(countersign(name, *arguments), f"countersign {name}: ", arguments[0].split("=")[0])

    def test_each_flag_wants_its_value_once(self):
        """The rows of each help say which flags there are and what their values are called."""
        seen = 0
        for name in commands():
            for flag, value in re.findall(r"^  (--[\w-]+)( [A-Z-]+)? ", countersign(name, "--help").stdout, re.MULTILINE):
                with self.subTest(name, flag=flag):
                    seen += 1
                    wrong = ((((flag,), "wants a value"), ((flag, "1", f"{flag}=1"), "twice")) if value else
                             (((f"{flag}=1",), "no value"), ((flag, flag), "twice")))
                    for arguments, says in wrong if ALL else wrong[seen % 2:][:1]:
                        self.assertRefused(countersign(name, *arguments), flag, says)
        self.assertGreater(seen, 20)

    def test_what_is_missing_is_named(self):
        for arguments, missing in ((("init", "--data", "d"), "--public-url"), (("serve",), "--data"), (("token", "--data", "d"), "--party"),
                                   (("check", "--json"), "--data"), (("pull", "u", "--contract", "C"), "DIR"), (("verify",), "DIR")):
            with self.subTest(arguments):
                self.assertRefused(countersign(*arguments), missing)

    def test_words_that_are_too_many(self):
        self.assertRefused(countersign("pull", "one", "two", "three"), "three")
        self.assertRefused(countersign("serve", "one"), "one")

    def test_values_out_of_range(self):
        for flag, value in (("--workers", "0"), ("--workers", "x"), ("--sweep-ms", "1"), ("--listen", "nowhere"), ("--log-level", "loud")):
            with self.subTest(flag, value=value):
                countersign("init", "--data", self.folder / "data", "--public-url", "http://127.0.0.1:1")
                self.assertRefused(countersign("serve", "--data", self.folder / "data", flag, value), value)

    def test_pull_wants_a_token_and_a_contract(self):
        env = {name: value for name, value in os.environ.items() if name != "COUNTERSIGN_TOKEN"}
        self.assertRefused(countersign("pull", "http://127.0.0.1:1", self.folder / "mirror", "--contract", "C1", env=env), "--token")
        self.assertRefused(countersign("pull", "http://127.0.0.1:1", self.folder / "mirror", "--contract", "../x", "--token", "t"), "../x")
        self.assertRefused(countersign("pull", "http://127.0.0.1:1", self.folder / "mirror", "--contract", "C1", "--token", "a\nb"), "token")
        self.assertOneLine(countersign("pull", "http://127.0.0.1:1", self.folder / "mirror", "--contract", "C1", "--token", "t"), "http://127.0.0.1:1/", "check the URL",
                           status=2)

    def test_init_once(self):
        data = self.folder / "data"
        done = countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1")
        self.assertEqual(done.returncode, 0, done.stderr)
        token = (data / "operator.token").read_text().strip()
        self.assertIn(token, done.stdout)
        for secret in ("operator.token", "keys.json"):
            self.assertEqual((data / secret).stat().st_mode & 0o777, 0o600)
        self.assertEqual(data.stat().st_mode & 0o777, 0o700)
        before = [(data / secret).read_bytes() for secret in ("operator.token", "keys.json")]
        self.assertOneLine(countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1"))
        self.assertEqual([(data / secret).read_bytes() for secret in ("operator.token", "keys.json")], before)

    def test_a_store_of_another_format_is_refused_untouched(self):
        """Also where that has other tables, which would look like damage."""
        for name, changes in (("rows", ()), ("tables", ((b"untold", b"untolx"),))):
            data = self.folder / name
            self.assertEqual(countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1").returncode, 0)
            store = data / "store.mdb"
            whole, key = store.read_bytes(), b"format"
            row = re.search(key + rb"(\d+)(.{8})", whole, re.DOTALL)
            seed = xxh64(key, xxh64(b"meta", 0))
            self.assertEqual(xxh64(row[1], seed).to_bytes(8), row[2])
            other = b"0" * len(row[1])  # of a number as long
            for old, new in ((row[0], key + other + xxh64(other, seed).to_bytes(8)), *changes):
                self.assertIn(old, whole)
                whole = whole.replace(old, new)
            store.write_bytes(whole)
            for command in (("serve", "--listen", "127.0.0.1:0"), ("check",), ("token", "--party", "P1"), ("keys", "rotate", "log"), ("erase", "--email", "a@b.example"),
                            ("backup", self.folder / "copy")):
                with self.subTest(name, command=command):
                    done = countersign(command[0], "--data", data, *command[1:])
                    self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                    self.assertRegex(done.stdout + done.stderr, "format.*the version that last served it")
            self.assertEqual(store.read_bytes(), whole)

    def test_an_init_without_its_token_makes_no_store(self):
        data = self.folder / "data"
        (data / "operator.token").mkdir(parents=True)
        self.assertOneLine(countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1"), "operator.token", "run init again")
        self.assertEqual([path.name for path in data.iterdir()], ["operator.token"])
        (data / "operator.token").rmdir()
        self.assertEqual(countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1").returncode, 0)

    def test_an_init_that_ran_out_of_room_is_done_again(self):
        data = self.folder / "data"
        init = ("init", "--data", data, "--public-url", "http://127.0.0.1:1")
        for most in (0, 60, 4096, 3 * 4096):
            with self.subTest(most):
                done = countersign(*init, preexec_fn=lambda most=most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
                self.assertOneLine(done, "run init again")
                self.assertEqual([path.name for path in data.iterdir() if path.name != "operator.token"], [])
        self.assertEqual(countersign(*init).returncode, 0)
        self.assertEqual(sorted(path.name for path in data.iterdir()), ["keys.json", "operator.token", "store.mdb"])
        self.assertEqual(countersign("check", "--data", data).returncode, 0)

    def test_bad_public_urls(self):
        for url in ("127.0.0.1", "ftp://x", "http://", "http://x?y", "http://x#y", "http://user@x", "http://:80", "http://x:0", "http://x:65536", "http://x:080",
                    "http://x:1:1", "http://::1", "http://[::1", "http://[::g]", "http://[x]", "http://x/a b", "http://x:http"):
            with self.subTest(url):
                self.assertRefused(countersign("init", "--data", self.folder / "bad", "--public-url", url), url)

    def test_a_public_url_has_one_spelling(self):
        for given, kept in (("https://x:443", "https://x"), ("http://x:80/", "http://x"), ("http://x:443", "http://x:443"), ("https://x:80", "https://x:80"),
                            ("HTTPS://Track.Example.COM:443/Base/", "https://track.example.com/Base"), ("https://x:", "https://x"),
                            ("https://[2001:DB8:0:0::1]:443", "https://[2001:db8::1]"), ("http://[::1]:8080/p", "http://[::1]:8080/p"),
                            ("http://[::FFFF:192.0.2.1]:80", "http://[::ffff:192.0.2.1]"), ("http://192.0.2.1:80", "http://192.0.2.1")):
            with self.subTest(given):
                data = self.folder / secrets.token_hex(4)
                done = countersign("init", "--data", data, "--public-url", given)
                self.assertEqual(done.stdout.splitlines()[0], f"{data} is ready for {kept}", done.stderr)

    def test_folders_that_are_not_ours(self):
        for arguments in (("serve",), ("token", "--party", "P1")):
            with self.subTest(arguments):
                self.assertRefused(countersign(*arguments, "--data", self.folder), "keys.json", "countersign init")
        self.assertEqual(countersign("check", "--data", self.folder).returncode, 2, "cannot tell")

    def test_keys_that_others_may_read_are_used_by_no_command(self):
        data = self.folder / "loose"
        self.assertEqual(countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1").returncode, 0)
        (data / "keys.json").chmod(0o640)
        for arguments in (("serve",), ("token", "--party", "P1"), ("keys", "list"), ("backup", self.folder / "copy")):
            with self.subTest(arguments):
                done = countersign(*arguments, "--data", data)
                self.assertEqual(done.returncode, 1)
                self.assertIn("others may read or write keys.json", done.stderr)
        done = countersign("check", "--data", data)
        self.assertEqual(done.returncode, 1)
        self.assertIn("others may read or write keys.json", done.stdout)

    def test_output_that_cannot_be_written_is_no_success(self):
        data, url = self.folder / "data", ("--public-url", "http://127.0.0.1:1")
        full = [(name, "--help") for name in commands()] + [("--help",), ("--version",), ("serve", "--print-config")]
        with open("/dev/full", "w", encoding="ascii") as nowhere:
            for arguments in full:
                with self.subTest(arguments):
                    done = countersign(*arguments, stdout=nowhere)
                    self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2 if arguments[0] in ("check", "verify") else 1, 1))
            done = countersign("init", "--data", data, *url, stdout=nowhere)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
            self.assertIn("operator.token", done.stderr)
            self.assertTrue((data / "operator.token").read_text().startswith("cst_"))
            party = re.search(rb"P[0-9A-Z]{12}", (data / "store.mdb").read_bytes())[0].decode()
            before = (data / "store.mdb").read_bytes()
            done = countersign("token", "--data", data, "--party", party, stdout=nowhere)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
            self.assertIn("nothing was changed", done.stderr)
            self.assertEqual((data / "store.mdb").read_bytes(), before)
            for arguments in (("check", "--data", data), ("check", "--data", data, "--json"), ("verify", data), ("verify", data, "--json")):
                with self.subTest(arguments):
                    self.assertEqual(countersign(*arguments, stdout=nowhere).returncode, 2)
        read, write = os.pipe()
        os.close(read)
        self.assertEqual(countersign("token", "--data", data, "--party", party, stdout=write).returncode, 1)
        os.close(write)
        closed = countersign("check", "--data", data, stdout=None, preexec_fn=lambda: os.close(1))
        self.assertEqual(closed.returncode, 2)

    @unittest.skipUnless(RELEASE, "sanitizers need more memory than that")
    def test_a_check_without_memory_cannot_tell(self):
        data = self.folder / "data"
        countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1")
        none = lambda: resource.setrlimit(resource.RLIMIT_AS, (64 << 20, 64 << 20))
        for arguments in (("check", "--data", data), ("check", "--data", data, "--json")):
            self.assertEqual(countersign(*arguments, binary=RELEASE, preexec_fn=none).returncode, 2)

    def test_a_damaged_store_ends_each_command_with_one_line(self):
        data = self.folder / "data"
        countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1")
        good = (data / "store.mdb").read_bytes()
        party = re.search(rb"P[0-9A-Z]{12}", good)[0].decode()
        token = ("token", "--data", data, "--party", party)
        for size in (0, 1, 100, 4096, 8191, 8192, 8193, 12288, 20480, len(good) - 4096):
            with self.subTest(size=size):
                (data / "store.mdb").write_bytes(good[:size])
                self.assertOneLine(countersign(*token), "countersign check", str(data))
                done = countersign("serve", "--data", data, "--listen", "127.0.0.1:1")
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
                self.assertIn("countersign check", done.stderr)
                self.assertEqual(countersign("check", "--data", data).returncode, 1)
        told = 0
        for at in range(0, len(good), 4096): # pages of old trees are among them
            with self.subTest(at=at):
                (data / "store.mdb").write_bytes(good[:at] + bytes(4096) + good[at + 4096:])
                done = countersign(*token)
                self.assertIn(done.returncode, (0, 1), done.stderr)
                told += done.returncode
        self.assertGreater(told, 3)
        (data / "store.mdb").write_bytes(good)
        self.assertEqual(countersign(*token).returncode, 0)

    def test_a_free_page_that_is_none_is_told_before_anything_is_written_over(self):
        server = Server()
        self.addCleanup(server.close)
        Market(server).click()
        server.stop()
        data = server.data
        good = (data / "store.mdb").read_bytes()
        self.assertIn("pages       holds", countersign("check", "--data", data).stdout)
        ids = free_pages(good)
        self.assertGreater(len(ids), 5)
        last = len(good) // 4096 - 1
        free = {struct.unpack_from("<Q", good, at)[0] for at in ids}
        for page, what in ((0, "is none of"), (last + 9, "is none of"), (min(free), "free and that once more"), (max(set(range(2, last)) - free), " and free")):
            at = next(at for at in ids if struct.unpack_from("<Q", good, at)[0] != page)
            (data / "store.mdb").write_bytes(good[:at] + struct.pack("<Q", page) + good[at + 8:])
            done = countersign("check", "--data", data)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout, f"(?m)^pages       FAILS +page {page}\\b.*{what}")
        root = min(ids) // 4096 * 4096
        (data / "store.mdb").write_bytes(good[:root] + bytes(4096) + good[root + 4096:])
        self.assertRegex(countersign("check", "--data", data).stdout, "(?m)^pages       FAILS")
        done = countersign("serve", "--data", data, "--listen", "127.0.0.1:1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("run countersign check", done.stderr)

    def test_folders_that_lack_something_say_what(self):
        data, other = self.folder / "data", self.folder / "other"
        for folder in (data, other):
            countersign("init", "--data", folder, "--public-url", "http://127.0.0.1:1")
        party = re.search(rb"P[0-9A-Z]{12}", (data / "store.mdb").read_bytes())[0].decode()
        commands = (("token", "--data", data, "--party", party), ("serve", "--data", data, "--listen", "127.0.0.1:1"))
        keys, seed = (data / "keys.json").read_bytes(), rb'"seed":"[^"]+"'
        others = re.findall(seed, (other / "keys.json").read_bytes())
        changed = [keys.replace(mine, theirs) for mine, theirs in zip(re.findall(seed, keys), others)]
        self.assertEqual(len(changed), 3)
        changed.append(re.sub(rb'"master":"[^"]+"', re.search(rb'"master":"[^"]+"', (other / "keys.json").read_bytes())[0], keys))
        for arguments in commands:
            for text in changed:
                (data / "keys.json").write_bytes(text)
                self.assertOneLine(countersign(*arguments), "keys.json", "put that one back")
                check = countersign("check", "--data", data)
                self.assertEqual(check.returncode, 1)
                self.assertIn("these are not the keys", check.stdout)
            with open(data / "keys.json", "wb") as f:
                f.truncate(120 << 20)
            self.assertOneLine(countersign(*arguments), "keys.json", "larger")
            (data / "keys.json").write_bytes(b"{}")
            self.assertOneLine(countersign(*arguments), "keys.json", "does not read")
            (data / "keys.json").unlink()
            self.assertRefused(countersign(*arguments), "keys.json", "missing", "put back")
            (data / "keys.json").write_bytes(keys)
            (data / "keys.json").chmod(0o600)
            (data / "store.mdb").rename(data / "away")
            self.assertRefused(countersign(*arguments), "the store", "missing", "put back store.mdb")
            done = countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1")
            self.assertOneLine(done, "without its store")
            (data / "away").rename(data / "store.mdb")
            (data / "keys.json").rename(data / "away")
            done = countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1")
            self.assertOneLine(done, "without its keys.json")
            self.assertFalse((data / "keys.json").exists())
            (data / "away").rename(data / "keys.json")
        self.assertEqual(countersign(*commands[0]).returncode, 0)

    def test_print_config(self):
        data = self.folder / "data"
        countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1")
        config = self.folder / "config"
        config.write_text("# a comment\nworkers = 3\nsweep_ms = 700\n")
        done = countersign("serve", "--data", data, "--config", config, "--workers", "5", "--print-config",
                           env={**os.environ, "COUNTERSIGN_SWEEP_MS": "900"})
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line and not line.startswith("#"))
        self.assertEqual((shown["workers"], shown["sweep_ms"]), ("5", "900"), "flag over environment over file")
        config.write_text("colour = 1\n")
        self.assertRefused(countersign("serve", "--data", data, "--config", config), "colour")
        self.assertRefused(countersign("serve", "--data", data, "--config", self.folder / "nowhere"), "nowhere")


    def test_a_signal_during_the_start_ends_it_at_once(self):
        data = self.folder / "data"
        countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1")
        early = 0
        hangup_ends = lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where nohup runs this
        for number in (signal.SIGTERM, signal.SIGINT) * 8:
            with subprocess.Popen([BINARY, "serve", "--data", data, "--listen", "127.0.0.1"], stderr=subprocess.PIPE, preexec_fn=hangup_ends) as process:
                taken = lambda: sum(int(mask, 16) for mask in re.findall(r"Sig(?:Cgt|Blk):\s*([0-9a-f]+)", Path(f"/proc/{process.pid}/status").read_text()))
                while process.poll() is None and not taken() >> (number - 1) & 1:
                    time.sleep(0.0005)
                process.send_signal(signal.SIGHUP) # which ends nothing
                process.send_signal(number)
                said = [json.loads(line) for line in process.stderr.read().splitlines()]
                self.assertEqual(process.wait(30), 0, said)
                self.assertEqual(said[-1]["event"], "stopped", said)
                early += not any(line["event"] == "ready" for line in said)
        self.assertGreater(early, 0)
        self.assertEqual(countersign("check", "--data", data).returncode, 0)


    def test_a_body_under_way_at_the_end_is_served_or_told_so(self):
        server = Server(WORKERS=1)
        self.addCleanup(server.close)
        body = json.dumps({"kind": "publisher", "name": "the last"}).encode()
        head = f"POST /v1/parties HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.operator.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with contextlib.ExitStack() as stack:
            late, never, idle = (stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 30)) for _ in range(3))
            for peer in (late, never):
                peer.sendall(head.encode() + body[:9])
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b" 200 ", idle.recv(4096))
            wait_for(lambda: not unread(server.port), what="the server to read")
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(idle.recv(1), b"")
            late.sendall(body[9:])
            self.assertEqual(late.recv(4096)[:13], b"HTTP/1.1 201 ")
            self.assertEqual(never.recv(4096)[:13], b"HTTP/1.1 503 ")
            self.assertEqual((late.recv(4096), never.recv(4096)), (b"", b""))
        self.assertEqual(server.process.wait(30), 0)
        server.start()
        self.assertIn("the last", [party["name"] for party in server.operator.get("/v1/parties")["data"]])

    def test_a_check_that_is_ended_leaves_no_process(self):
        self.meet_check(self.end_check)

    def test_a_check_whose_process_is_ended_cannot_tell(self):
        self.meet_check(self.end_checking_process)

    def end_check(self, process, child):
        process.terminate()
        self.assertEqual(process.wait(30), -signal.SIGTERM)
        ended = lambda: not Path(f"/proc/{child}").exists() or Path(f"/proc/{child}/stat").read_text().rsplit(") ", 1)[1][0] == "Z"
        wait_for(ended, what="the checking process to end")

    def end_checking_process(self, process, child):
        os.kill(int(child), signal.SIGTERM)
        os.kill(int(child), signal.SIGCONT)
        self.assertEqual(process.wait(30), 2)

    def meet_check(self, then):
        """Stops the process that checks before it is done."""
        data = self.folder / "data"
        countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1")
        for _ in range(50): # the child may be done before it is met
            with subprocess.Popen([BINARY, "check", "--data", data], stdout=subprocess.DEVNULL) as process, contextlib.suppress(OSError):
                child = ""
                while process.poll() is None and not (child and "store.mdb" in Path(f"/proc/{child}/maps").read_text()):
                    child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().strip()
                if child:
                    os.kill(int(child), signal.SIGSTOP)
                if child and process.poll() is None:
                    then(process, child)
                    return
        self.fail("no checking process was met")


class Loose(unittest.TestCase):
    def test_folders_and_secrets_that_others_may_write_or_read_are_refused(self):
        with tempfile.TemporaryDirectory() as scratch:
            data = Path(scratch) / "data"
            self.assertEqual(countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1").returncode, 0)
            (data / "keys").mkdir(exist_ok=True, mode=0o700)
            (data / "keys" / "2020-01").write_text("x")
            (data / "signed-heads").touch()
            good = {path: path.stat().st_mode & 0o777 for path in (data, data / "keys", data / "operator.token", data / "store.mdb", data / "signed-heads")} | {data / "keys" / "2020-01": 0o600}
            for path, mode in good.items():
                path.chmod(mode)
            for path, bits, words in ((data, (0o20, 0o2), "chmod go-w"), (data / "keys", (0o20, 0o2), "chmod go-w"), (data / "operator.token", (0o40, 0o4), "operator.token"),
                                      (data / "store.mdb", (0o20, 0o2), "others may write to store.mdb"), (data / "signed-heads", (0o20, 0o2), "recorded or signed: chmod go-w"),
                                      (data / "keys" / "2020-01", (0o40, 0o4, 0o2), "a file in keys/")):
                for bit in bits:
                    path.chmod(good[path] | bit)
                    for name, *rest in (("serve", "--listen", "nowhere"), ("token", "--party", "P1")):
                        done = countersign(name, *rest, "--data", data)
                        self.assertEqual(done.returncode, 1, done.stderr)
                        self.assertIn("others may", done.stderr)
                        self.assertIn(words, done.stderr)
                path.chmod(good[path])
            done = countersign("serve", "--listen", "nowhere", "--data", data)
            self.assertIn("is not an address", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "of what root makes")
    def test_what_root_makes_in_a_folder_belongs_to_whose_that_is(self):
        """Its server would else find keys, a store or a lock that it may not read, as after a rotation in haste."""
        nobody, group = 65534, 65533
        options = {"env": dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")}  # which wants the rights of root
        with tempfile.TemporaryDirectory() as scratch:
            Path(scratch).chmod(0o755)
            data = Path(scratch) / "data"
            self.assertEqual(countersign("init", "--data", data, "--public-url", "http://127.0.0.1:1").returncode, 0)
            party = re.search(rb"P[0-9A-Z]{12}", (data / "store.mdb").read_bytes())[0].decode()
            for path in (data, *data.rglob("*")):
                os.chown(path, nobody, group)
            for arguments in (("token", "--party", party), ("keys", "rotate", "log"), ("compact",), ("check",), ("erase", "--email", "a@b.example")):
                done = countersign(*arguments, "--data", data, **options)
                self.assertIn(done.returncode, (0, 1 if arguments[0] == "erase" else 0), done.stderr)
                self.assertEqual({(path.stat().st_uid, path.stat().st_gid) for path in (data, *data.rglob("*"))}, {(nobody, group)}, arguments)
            (data / "store.mdb-lock").unlink()
            done = countersign("backup", "--data", data, Path(scratch) / "copy", **options)
            self.assertEqual((done.returncode, (data / "store.mdb-lock").stat().st_uid), (0, nobody), done.stderr)
            Path(scratch).chmod(0o700)  # he does not reach it: root does
            done = countersign("check", "--data", data, **options)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_public_url_has_no_segments_of_dots(self):
        with tempfile.TemporaryDirectory() as scratch:
            for url in ("http://h/../x", "http://h/..", "http://h/a/./b", "https://h/.", "http://h/a/.."):
                done = countersign("init", "--data", scratch + "/data", "--public-url", url)
                self.assertEqual(done.returncode, 2, url)
                self.assertFalse(Path(scratch, "data", "keys.json").exists())
            self.assertEqual(countersign("init", "--data", scratch + "/data", "--public-url", "http://h/.a/b..").returncode, 0)


class Running(ServerCase):
    def test_the_port_is_taken(self):
        with socket.socket() as taken, tempfile.TemporaryDirectory() as folder:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            countersign("init", "--data", folder + "/data", "--public-url", "http://127.0.0.1:1")
            for flag, others in (("--listen", ()), ("--admin-listen", ("--listen", "127.0.0.1"))):
                done = countersign("serve", "--data", folder + "/data", flag, f"127.0.0.1:{taken.getsockname()[1]}", *others)
                self.assertEqual(done.returncode, 1)
                for word in (str(taken.getsockname()[1]), "stop what listens there", f"another {flag}"):
                    self.assertIn(word, done.stderr)

    def test_two_addresses_of_one_server_are_two(self):
        """Each would take a part of the other's connections."""
        with tempfile.TemporaryDirectory() as folder:
            countersign("init", "--data", folder + "/data", "--public-url", "https://track.example")
            port = free_port()
            for address in ("127.0.0.1", "0.0.0.0"):
                for flag in ("--admin-listen", "--redirect-listen"):
                    done = countersign("serve", "--data", folder + "/data", "--listen", f"{address}:{port}", flag, f"127.0.0.1:{port}")
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(f"choose another {flag}", done.stderr)

    def test_one_server_per_folder(self):
        done = countersign("serve", "--data", self.server.data, "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 1)

    def test_one_writer_per_store_whoever_removed_the_lock_and_by_whatever_name(self):
        data = self.server.data
        with tempfile.TemporaryDirectory(dir=data.parent) as scratch:
            folders = [data]
            for name, put in (("hard", os.link), ("soft", os.symlink)):
                other = Path(scratch) / name
                shutil.copytree(data, other, ignore=shutil.ignore_patterns("store.mdb*", "lock"))
                put(data / "store.mdb", other / "store.mdb")
                folders.append(other)
            for folder in folders:
                for words in (["serve", "--listen", "127.0.0.1:0"], ["token", "--party", self.market.publisher.id], ["keys", "rotate", "log"], ["compact"]):
                    (folder / "lock").unlink(missing_ok=True)
                    name, *rest = words
                    done = countersign(name, *rest, "--data", folder)
                    self.assertEqual(done.returncode, 1, (words, done.stdout, done.stderr))
                    self.assertIn("in use by another countersign", done.stderr)
        self.assertEqual(self.market.operator.do("GET", "/readyz").status, 200)

    def test_token_needs_a_stopped_server(self):
        self.assertEqual(countersign("token", "--data", self.server.data, "--party", self.market.publisher.id).returncode, 1)
        self.server.stop()
        done = countersign("token", "--data", self.server.data, "--party", self.market.publisher.id)
        self.server.start()
        self.assertEqual(done.returncode, 0, done.stderr)
        token = next(word for word in done.stdout.split() if word.startswith("cst_"))
        self.assertEqual(Caller(self.server.url, token).call("GET", "/v1/contracts").status, 200)

    def test_who_has_the_folder_has_the_last_word_over_stolen_operators(self):
        """A thief with the operator's token made an operator of its own, and locked the honest one."""
        server = Server()
        self.addCleanup(server.close)
        market = Market(server)
        honest = server.operator.get("/v1/parties?limit=1")["data"][0]["id"]
        thief = Party(server.operator, "thief", "operator")
        thief.post(f"/v1/parties/{honest}/lock", {})
        thiefs = thief.get(f"/v1/parties/{thief.id}/tokens")["data"][0]["id"]
        publishers = thief.post(f"/v1/parties/{market.publisher.id}/tokens", {})
        self.assertEqual(server.operator.call("GET", "/v1/parties").status, 403)
        server.stop()
        done = countersign("token", "--data", server.data, "--party", honest, "--alone")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(countersign("check", "--data", server.data).returncode, 0)
        server.start()
        new = Caller(server.url, done.stdout.strip())
        self.assertEqual([caller.call("GET", "/v1/parties").status for caller in (new, server.operator, thief, market.publisher)], [200, 401, 401, 200])
        made = new.do("DELETE", f"/v1/parties/{thief.id}/tokens/{thiefs}?made_since=2020-01-01T00:00:00Z").json["made"]
        self.assertEqual([one["id"] for one in made], [publishers["id"]])
        server.stop()
        done = countersign("token", "--data", server.data, "--party", market.publisher.id, "--alone")
        server.start()
        self.assertEqual([Caller(server.url, token).call("GET", "/v1/parties").status for token in (done.stdout.strip(), market.publisher.token, new.token)], [200, 401, 200])

    def test_check_holds_running_and_stopped_and_after_a_kill(self):
        for _ in range(3):
            self.market.publisher.postback(person(click_id=self.market.click()))
        running = countersign("check", "--data", self.server.data)
        self.server.kill()
        killed = countersign("check", "--data", self.server.data)
        self.server.start()
        self.server.stop()
        stopped = countersign("check", "--data", self.server.data)
        self.server.start()
        for done in (running, killed, stopped):
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_check_notices_a_damaged_store(self):
        self.market.publisher.postback(person(click_id=self.market.click("?sub1=damaged-entry")))
        self.server.stop()
        store = self.server.data / "store.mdb"
        good = store.read_bytes()
        try:
            self.assertIn(b"damaged-entry", good)
            store.write_bytes(good.replace(b"damaged-entry", b"damaged-Entry"))
            self.assertIn(countersign("check", "--data", self.server.data).returncode, (1, 2))
        finally:
            store.write_bytes(good)
            self.server.start()
        self.assertEqual(countersign("check", "--data", self.server.data).returncode, 0)

    def test_a_store_cut_off_under_a_server_ends_it_with_a_line(self):
        server = Server()
        self.addCleanup(server.folder.cleanup)
        self.addCleanup(server.process.kill)
        os.truncate(server.data / "store.mdb", 8192)
        with contextlib.suppress(OSError, AssertionError):
            server.operator.post("/v1/parties", {"name": "x", "kind": "auditor"})
        self.assertEqual(server.process.wait(30), 1)
        last = json.loads(server.log().splitlines()[-1])
        self.assertIn(last["event"], ("damaged_store", "storage_failed"))
        self.assertEqual(countersign("check", "--data", server.data).returncode, 1)

    def refused_heads(self):
        """By `check`, and by a start."""
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^signed +FAILS +signed-heads lacks the head of log \d+")
        self.refused_start("lacks the last published head")

    def refused_start(self, words):
        done = countersign("serve", "--data", self.server.data, "--listen", f"127.0.0.1:{self.server.port}")
        self.assertEqual(done.returncode, 1, done.stderr)
        for said in (words, "put the newest signed-heads back", "--nothing-signed-since"):
            self.assertIn(said, done.stderr)

    def test_a_folder_whose_signed_heads_are_lost_goes_on_by_its_owners_word_alone(self):
        statements, data = f"/v1/contracts/{self.market.contract}/statements", self.server.data
        heads = data / "signed-heads"
        self.market.click()
        self.market.operator.post(statements, {})
        self.server.stop()
        good = heads.read_bytes()
        heads.unlink()
        self.refused_heads()
        for bad in (bytes(len(good)), good[:128], good[:256]):
            heads.write_bytes(bad)
            self.refused_heads()
        heads.unlink()
        with tempfile.TemporaryDirectory() as scratch:
            for bad in (None, b"", bytes(len(good)), b"x" * len(good), good[:256]):
                heads.unlink(missing_ok=True)
                if bad is not None:
                    heads.write_bytes(bad)
                refused = countersign("backup", "--data", data, scratch + "/copy")
                self.assertEqual(refused.returncode, 1, refused.stderr)
                self.assertIn("put the newest back", refused.stderr)
            done = [countersign("backup", "--data", data, "--signed-heads-lost", scratch + "/copy"), countersign("restore", scratch + "/copy", scratch + "/new", "--nothing-signed-since")]
            self.assertEqual([d.returncode for d in done], [0, 0], done[-1].stderr)
            self.server.data = Path(scratch + "/new")
            try:
                self.server.start()
                self.market.click()
                self.market.operator.post(statements, {})
                self.server.stop()
                check = countersign("check", "--data", self.server.data)
            finally:
                self.server.data = data
        self.assertEqual(check.returncode, 0, check.stdout)
        heads.write_bytes(good)
        self.server.start()

    def test_an_old_copy_of_signed_heads_is_refused(self):
        statements, heads = f"/v1/contracts/{self.market.contract}/statements", self.server.data / "signed-heads"
        self.market.click()
        self.market.operator.post(statements, {})
        old = heads.read_bytes()
        for _ in range(2):  # one slot of each log at least is another then
            self.market.click()
            self.market.operator.post(statements, {})
            self.market.operator.do("GET", "/log/checkpoint")
        self.server.stop()
        new = heads.read_bytes()
        heads.write_bytes(old)
        self.refused_heads()
        newest = max((128, 192), key=lambda at: new[at:at + 8])
        for slot in (bytes(64), new[newest:newest + 20] + b"damaged" + new[newest + 27:newest + 64]):
            heads.write_bytes(new[:newest] + slot + new[newest + 64:])  # of the root log
            self.refused_heads()
        heads.write_bytes(new + new)  # records of logs that are not there
        self.refused_start("signed-heads does not read")
        heads.write_bytes(new)
        self.server.start()

    def test_term_lets_requests_in_flight_end(self):
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200"))
            self.server.stop()
        self.server.start()

    def test_further_terms_change_nothing_and_a_body_that_ends_in_time_is_answered(self):
        for rows in (None, 200):
            lead = lambda: person(click_id=self.market.click())
            body = json.dumps(lead() if rows is None else [lead() for _ in range(rows)]).encode()
            head = f"POST /v1/leads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.market.publisher.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            process = self.server.process
            with socket.create_connection(("127.0.0.1", self.server.port), 20) as connection:
                connection.sendall(head.encode() + body[:-9])
                time.sleep(0.2)  # that it is read, of which nothing tells; where it is not, the connection is idle, and closed
                for n in range(4):
                    process.send_signal((signal.SIGTERM, signal.SIGINT)[n % 2])
                    wait_for(lambda: '"event":"stopping"' in self.server.log().rsplit('"event":"ready"', 1)[1], what="it to stop")
                connection.sendall(body[-9:])
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
            self.assertEqual(process.wait(30), 0)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer[:500])
            if rows is not None:
                self.assertEqual([row["status"] for row in json.loads(answer.split(b"\r\n\r\n", 1)[1])["data"]], [200] * rows)
            last = json.loads(self.server.log().splitlines()[-1])
            self.assertEqual((last["event"], last["detail"]), ("stopped", "all answers are out and durable"))
            self.server.start()

    def test_files_that_are_removed_under_a_server_are_told(self):
        server = Server()
        self.addCleanup(server.close)
        ready = lambda: server.operator.call("GET", "/readyz")
        month = next(path for path in (server.data / "keys").iterdir() if path.name != "kept-from")
        for file, name in ((server.data / "signed-heads", "signed-heads"), (server.data / "keys.json", "keys.json"), (month, "the key of this month")):
            kept = server.folder.name + "/kept"
            os.rename(file, kept)
            wait_for(lambda name=name: f"{name}" in ready().text and "the next start is refused" in ready().text, what="it to be told")
            self.assertEqual(ready().status, 200)
            self.assertIn('"event":"file_removed"', server.log())
            os.rename(kept, file)
            wait_for(lambda: "next start" not in ready().text, what="it to be in its place")
        party = server.operator.post("/v1/parties", {"name": "kept", "kind": "auditor"})
        store = server.data / "store.mdb"
        os.rename(store, server.data / "away")
        self.assertEqual(server.operator.call("POST", "/v1/parties", {"name": "lost", "kind": "auditor"}).status, 503)
        self.assertEqual(ready().status, 503)
        self.assertIn("store.mdb was removed", ready().text)
        self.assertIn('"event":"store_removed"', server.log())
        os.rename(server.data / "away", store)
        wait_for(lambda: server.operator.call("POST", "/v1/parties", {"name": "again", "kind": "auditor"}).status == 201, what="it to record again")
        store.unlink()
        self.assertEqual(server.operator.call("POST", "/v1/parties", {"name": "lost", "kind": "auditor"}).status, 503)
        fd = re.search(r"/proc/\d+/fd/\d+", server.log().rsplit('"event":"store_removed"', 1)[1]).group()
        self.assertEqual(fd.split("/")[2], str(server.process.pid))
        if os.access(fd, os.R_OK):  # root
            shutil.copyfile(fd, store)
            store.chmod(0o600)
            server.stop()
            server.start()
            names = [each["name"] for each in server.operator.get("/v1/parties")["data"]]
            self.assertTrue({"kept", "again"} <= set(names) and "lost" not in names, names)
            self.assertIn(party["id"], server.operator.do("GET", "/v1/parties").text)

    def test_a_reserve_that_is_no_file_keeps_nobody_from_recording(self):
        server = Server()
        self.addCleanup(server.close)
        for put in (os.mkfifo, lambda path: path.mkdir(), lambda path: path.symlink_to("/dev/zero")):
            server.stop()
            reserve = server.data / "reserve"
            reserve.rmdir() if reserve.is_dir() else reserve.unlink()
            put(reserve)
            server.start()
            self.assertEqual(server.operator.call("POST", "/v1/parties", {"name": "kept", "kind": "auditor"}).status, 201)
            self.assertIn('"event":"reserve_unkept"', server.log())
            server.log_path.write_text("")

    def test_a_lock_that_leads_nowhere_is_not_a_store_that_is_missing(self):
        server = Server()
        self.addCleanup(server.close)
        server.stop()
        (server.data / "lock").unlink()
        (server.data / "lock").symlink_to("/nowhere/at/all")
        done = countersign("serve", "--data", server.data, "--listen", "127.0.0.1:1")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("missing", done.stderr)
        (server.data / "lock").unlink()
        server.start()

    def test_logs_are_json_without_personal_data(self):
        send(self.server.url + "/c/nonsense", headers={"User-Agent": "Somebody-Personal/1"})
        lines = [line for line in self.server.log().splitlines() if line]
        for line in lines:
            json.loads(line)
        self.assertNotIn("Somebody-Personal", self.server.log())

    def test_interrupt_ends_it_as_well(self):
        process = self.server.process
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 0)
        self.server.start()

    def test_says_in_its_log_where_it_listens(self):
        ready = [line for line in map(json.loads, self.server.log().splitlines()) if line["event"] == "ready"]
        self.assertIn(f"127.0.0.1:{self.server.port}", ready[-1]["detail"])


if __name__ == "__main__":
    unittest.main()
