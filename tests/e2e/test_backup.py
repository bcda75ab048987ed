"""Copies of a folder that is served, and what becomes of them: a folder that goes on with the history, or words that say why not."""

import contextlib
import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from harness import BINARY, SOURCE, Market, Server, countersign, person, wait_for

KILLER = os.environ.get("KILLER_LIBRARY", "")


def limited(most):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def damage(store):
    """Of each page but the first two, which LMDB checks."""
    with store.open("r+b") as file:
        for page in range(2, store.stat().st_size // 4096):
            file.seek(page * 4096 + 4000)
            file.write(b"\xa5" * 90)


class Case(unittest.TestCase):
    def new_server(self):
        server = Server()
        return server, Market(server, contract={"price": {"lead": [{"micros": 5_000_000}]}})

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="countersign-backup-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.to, self.restored = self.scratch / "copy", self.scratch / "restored"

    def lead(self, n):
        return self.market.publisher.postback(person(email=f"p{n}@example.com", phone=f"+336123{n:05}", click_id=self.market.click()))

    def backup(self, status=0, **options):
        done = countersign("backup", "--data", self.server.data, self.to, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(self.to.exists(), status == 0)
        self.assertFalse(Path(f"{self.to}.part").exists())
        return done

    def restore(self, *flags, status=0, **options):
        done = countersign("restore", self.to, self.restored, *flags, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(self.restored.exists(), status == 0)
        self.assertFalse(Path(f"{self.restored}.part").exists())
        return done

    def mark(self, done):
        instance, batch = re.search(r"instance (I[0-9A-Z]{12}) up to batch (\d+)", done.stdout).groups()
        return instance, int(batch)

    def holds(self, folder):
        done = countersign("check", "--data", folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def heads_alone(self):
        """All that is left of the server's folder."""
        left = self.scratch / "left"
        left.mkdir()
        shutil.copy(self.server.data / "signed-heads", left)
        return left

    def pull(self, name, status=0):
        done = countersign("pull", self.server.url, self.scratch / name, "--contract", self.market.contract, "--token", self.market.advertiser.token)
        self.assertEqual(done.returncode, status, done.stderr)
        return self.scratch / name

    def go_on_in(self, folder):
        """The server, over that folder."""
        self.server.stop()
        self.server.data = folder
        self.server.start()


class GoingOn(Case):
    def setUp(self):
        super().setUp()
        self.server, self.market = self.new_server()
        self.addCleanup(self.server.close)

    def test_a_stopped_server_goes_on_from_its_copy(self):
        for n in range(3):
            self.assertEqual(self.lead(n).status, 200)
        self.market.settled_entries()
        statement = self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        mirror = self.pull("mirror")
        self.server.stop()
        instance, batch = self.mark(self.backup())
        self.assertEqual({path.stat().st_mode & 0o077 for path in [self.to, *self.to.rglob("*")]}, {0})
        self.assertEqual(self.mark(self.restore("--lost", self.server.data)), (instance, batch))
        self.holds(self.restored)
        shutil.copytree(self.restored, self.scratch / "kept")
        shutil.rmtree(self.restored)
        self.restore("--lost", self.heads_alone())
        self.assertEqual((self.restored / "signed-heads").read_bytes(), (self.scratch / "kept" / "signed-heads").read_bytes())
        self.server.start()
        self.go_on_in(self.restored)
        self.assertEqual(self.lead(3).status, 200)
        shutil.rmtree(self.to)
        again = self.mark(self.backup())
        self.assertEqual(again[0], instance)
        self.assertGreater(again[1], batch)
        self.assertEqual(self.market.operator.do("GET", f"/v1/statements/{statement['id']}").status, 200)
        self.market.settled_entries()
        self.pull("mirror")
        done = countersign("verify", mirror)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_copies_made_under_load_hold_and_extend_what_was_published(self):
        stop, failures = threading.Event(), []

        def load(first):
            n = first
            while not stop.is_set():
                answer = self.lead(n)
                if answer.status != 200:
                    failures.append(answer.text)
                n += 2
        threads = [threading.Thread(target=load, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        try:
            for n in range(3):
                mirror = self.pull(f"before{n}")
                self.to = self.scratch / f"copy{n}"
                self.backup()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.restore("--nothing-signed-since")
        self.holds(self.restored)
        self.go_on_in(self.restored)
        self.assertEqual(self.lead(90001).status, 200)
        size = len(list(self.market.settled_entries()))
        shutil.copytree(mirror, self.scratch / "again")
        self.pull("again")
        done = countersign("verify", self.scratch / "again", "--against", mirror)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertGreater(size, 4)

    def test_what_was_signed_after_the_copy_forbids_to_go_on_from_it(self):
        self.assertEqual(self.lead(1).status, 200)
        self.market.settled_entries()
        self.backup()
        self.assertEqual(self.lead(2).status, 200)
        self.market.settled_entries()
        self.pull("mirror")
        served = self.restore("--lost", self.server.data, status=1)
        self.assertIn("is served", served.stderr)
        self.server.stop()
        done = self.restore("--lost", self.server.data, status=1)
        self.assertRegex(done.stderr, rf"/log/{self.market.contract}: a head of \d+ entries was signed, and the backup has \d+")
        self.assertIn("restore a newer one", done.stderr)
        self.assertIn("restore a newer one", self.restore("--lost", self.heads_alone(), status=1).stderr)
        self.assertIn("exclude each other", self.restore("--lost", self.server.data, "--nothing-signed-since", status=2).stderr)
        bare = self.scratch / "bare"
        bare.mkdir()
        self.assertIn("is missing: what was signed last cannot be told", self.restore("--lost", bare, status=2).stderr)


    def test_heads_that_may_have_lost_one_cannot_tell(self):
        """Of the folder that is lost: each way in which its file can be less than it was."""
        self.assertEqual(self.lead(1).status, 200)
        self.market.settled_entries()
        self.server.stop()
        old = (self.server.data / "signed-heads").read_bytes()
        self.server.start()
        self.assertEqual(self.lead(2).status, 200)
        self.market.settled_entries()
        self.backup()
        self.server.stop()
        left = self.heads_alone()
        heads = left / "signed-heads"
        good = heads.read_bytes()
        self.restore("--lost", left)
        shutil.rmtree(self.restored)
        newest = max(range(128, len(good), 64), key=lambda at: good[at:at + 8])
        bads = [b"", bytes(len(good)), old, b"garbage", (self.to / "signed-heads").read_bytes()]
        bads += [good[:n] for n in (*range(64, len(good), 64), 1, 100, len(good) - 1)]
        bads += [good[:at] + bytes([good[at] ^ 1]) + good[at + 1:] for at in (0, newest, newest + 9, newest + 41, newest + 63)]
        bads.append(good[:newest] + bytes(64) + good[newest + 64:])
        for store in (False, True):
            if store:
                (left / "store.mdb").write_bytes(b"")
            for bad in bads:
                heads.write_bytes(bad)
                done = countersign("restore", self.to, self.restored, "--lost", left)
                self.assertEqual(done.returncode, 2, (len(bad), len(good), bad == old, done.stderr))
                said = done.stderr
                self.assertIn("cannot be told", said)
                self.assertEqual("--nothing-signed-since" in said, not store, said)
                self.assertEqual("serve that folder" in said, store, said)
        self.assertIn("cannot be told", self.restore("--lost", self.to, status=2).stderr)

    def test_what_the_old_store_has_behind_its_last_signed_head_forbids_it_too(self):
        """Acknowledged, and in no head."""
        self.assertEqual(self.lead(1).status, 200)
        self.market.settled_entries()
        self.backup()
        path, name = f"/v1/parties/{self.market.publisher.id}", self.market.operator.get(f"/v1/parties/{self.market.publisher.id}")["name"]
        self.market.operator.patch(path, {"name": "another name"})
        self.server.stop()
        self.assertRegex(self.restore("--lost", self.server.data, status=1).stderr, "0 entries .*, and another table of parties.*\n.*serve that folder")
        self.server.start()
        self.market.operator.patch(path, {"name": name})
        self.assertEqual(self.lead(2).status, 200)
        self.server.stop()
        self.assertNotIn("another table", self.restore("--lost", self.server.data, status=1).stderr)
        self.assertRegex(self.restore("--lost", self.server.data, status=1).stderr, r"has [1-9]\d* entries that the backup has not")
        store = self.server.data / "store.mdb"
        with store.open("r+b") as file:
            file.seek(0)
            file.write(bytes(8192))
        self.assertIn("cannot be told", self.restore("--lost", self.server.data, status=2).stderr)
        store.unlink()
        self.restore("--lost", self.server.data)
        self.holds(self.restored)


class Compacting(Case):
    def setUp(self):
        super().setUp()
        self.server, self.market = self.new_server()
        self.addCleanup(self.server.close)
        for n in range(20):
            self.lead(n)
        self.market.settled_entries()
        self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        self.mirror = self.pull("mirror")

    def compact(self, status=0, **options):
        done = countersign("compact", "--data", self.server.data, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def goes_on(self):
        """With the history that was there."""
        self.holds(self.server.data)
        self.server.start()
        self.assertEqual(self.lead(999).status, 200)
        self.pull("mirror")
        self.server.stop()

    def test_a_store_that_is_compacted_is_smaller_and_goes_on(self):
        self.assertIn("stop it first", self.compact(1).stderr)
        self.server.stop()
        store = self.server.data / "store.mdb"
        before = store.stat().st_size
        self.compact()
        self.assertLess(store.stat().st_size, before)
        self.assertFalse((self.server.data / "compact").exists())
        self.assertEqual(store.stat().st_mode & 0o777, 0o600)
        self.goes_on()
        self.server.start()

    def test_whatever_ends_it_the_store_is_the_one_or_the_other(self):
        """Killed in front of each of its steps on the disk; a folder that it left is in nobody's way."""
        self.server.stop()
        store = self.server.data / "store.mdb"
        known = store.read_bytes()
        for at in range(1, 100):
            killed = countersign("compact", "--data", self.server.data, binary=BINARY,
                                 env={**os.environ, "LD_PRELOAD": KILLER, "COUNTERSIGN_KILL_AT": str(at), "COUNTERSIGN_KILL_PATHS": "1"})
            if killed.returncode == 0:
                break
            self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
            if store.read_bytes() != known:
                self.holds(self.server.data)
                known = store.read_bytes()
        self.assertGreater(at, 5)
        self.goes_on()
        self.server.start()

    def test_without_room_nothing_changes(self):
        self.server.stop()
        store = self.server.data / "store.mdb"
        before = store.read_bytes()
        for most in (0, 20_000):
            self.assertIn("no room", self.compact(1, preexec_fn=limited(most)).stderr)
            self.assertEqual(store.read_bytes(), before)
            self.assertFalse((self.server.data / "compact").exists())
        self.goes_on()
        self.server.start()


def is_free(folder):
    """Whether nobody has it locked."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


class Copies(Case):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.market = cls.new_server(cls)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_unless_somebody_says_what_was_signed_since_it_is_read_alone(self):
        self.backup()
        done = self.restore()
        self.assertIn("It is not served", done.stdout)
        self.holds(self.restored)
        for command in (["serve", "--listen", "127.0.0.1:0"], ["keys", "rotate", "log"], ["token", "--party", "P1"]):
            name, *rest = command
            for folder in (self.restored, self.to):
                refused = countersign(name, *rest, "--data", folder)
                self.assertEqual(refused.returncode, 1, refused.stderr)
                self.assertIn("nobody has said what was signed after", refused.stderr)

    def test_a_backup_of_what_nobody_spoke_for_is_no_way_round_and_a_data_folder_is_no_backup(self):
        self.backup()
        self.restore()
        again = self.scratch / "again"
        self.assertEqual(countersign("backup", "--data", self.restored, again).returncode, 0)
        refused = countersign("serve", "--listen", "127.0.0.1:0", "--data", again)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("nobody has said what was signed after", refused.stderr)
        shutil.rmtree(self.restored)
        (self.to / "unconfirmed").unlink()
        self.assertIn("give a folder that `countersign backup` made", self.restore("--nothing-signed-since", status=2).stderr)

    def test_what_was_taken_back_after_the_copy_is_told(self):
        """A token that was ended lives again where signed-heads is all that is left."""
        self.backup()
        made = (self.to / "unconfirmed").read_text().rsplit("\n", 1)[1]
        said = self.restore("--lost", self.heads_alone()).stdout
        self.assertRegex(made, r"^\d{4}-\d\d-\d\dT[0-9:.]+Z$")
        for words in (f"as of {made}", "is as it was", "tokens"):
            self.assertIn(words, said)
        again = self.scratch / "again"
        shutil.rmtree(self.restored)
        self.restore()
        self.assertEqual(countersign("backup", "--data", self.restored, again).returncode, 0)
        self.assertEqual((again / "unconfirmed").read_text(), (self.to / "unconfirmed").read_text(), "it is no newer")
        shutil.rmtree(self.restored)
        self.server.stop()
        self.assertNotIn("is as it was", self.restore("--lost", self.server.data).stdout, "the old store says so itself")
        self.server.start()

    def test_a_month_that_was_destroyed_after_the_copy_stays_destroyed(self):
        self.assertEqual(self.lead(1).status, 200)
        self.backup()
        self.server.stop()
        month = next(path for path in (self.to / "keys").iterdir() if path.name != "kept-from")
        (self.server.data / "keys" / "kept-from").write_text("2199-01")
        self.restore("--lost", self.server.data)
        self.assertFalse((self.restored / "keys" / month.name).exists())
        self.assertEqual((self.restored / "keys" / "kept-from").read_text(), "2199-01")
        (self.server.data / "keys" / "kept-from").unlink()
        self.server.start()

    def test_the_drill_of_the_readme_holds(self):
        section = (SOURCE / "docs/operating.md").read_text().split("## Backup and restore\n")[1].split("\n## ")[0]
        before, after = re.findall(r"(?m)^    (.*)", section)[:2], re.findall(r"(?m)^    (countersign .*)", section)[2:]
        self.assertEqual((len(before), len(after)), (2, 2))
        environment = dict(os.environ, DATA=self.server.data, COPY=self.to, NEW=self.restored, PATH=f"{Path(BINARY).parent}:{os.environ['PATH']}")
        self.lead(1)
        self.market.settled_entries()
        for lines in (before, after):
            done = subprocess.run(["bash", "-ec", "\n".join(lines)], env=environment, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.server.stop()
        self.server.start()

    def test_free_pages_are_left_out(self):
        """What was freed is the ciphertext of what was erased."""
        for n in range(20):
            self.lead(100 + n)
        self.backup()
        self.assertLess((self.to / "store.mdb").stat().st_size, (self.server.data / "store.mdb").stat().st_size)

    def test_a_name_that_is_taken_is_left_alone(self):
        self.to.mkdir()
        (self.to / "mine").write_text("x")
        done = countersign("backup", "--data", self.server.data, self.to)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is there already", done.stderr)
        self.assertEqual((self.to / "mine").read_text(), "x")
        shutil.rmtree(self.to)
        part = Path(f"{self.to}.part")
        self.to.symlink_to(self.scratch / "nowhere")
        done = countersign("backup", "--data", self.server.data, self.to)
        self.assertEqual((done.returncode, part.exists()), (1, False))
        self.assertIn("is there already", done.stderr)
        self.to.unlink()
        part.mkdir()
        (part / "mine").write_text("x")
        done = countersign("backup", "--data", self.server.data, self.to)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no copy of a data folder", done.stderr)
        self.assertEqual((part / "mine").read_text(), "x")

    def test_a_name_that_is_none_or_inside_of_the_folder_is_refused(self):
        for name, words, status in (("", "is empty", 2), (self.server.data / "copy", "is inside of", 1), (f"{self.server.data}/keys/../keys/copy//", "is inside of", 1)):
            before = sorted(Path().iterdir()), sorted(self.server.data.rglob("*"))
            done = countersign("backup", "--data", self.server.data, name)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertEqual((sorted(Path().iterdir()), sorted(self.server.data.rglob("*"))), before)
        self.backup()
        done = countersign("restore", self.to, self.to / "new")
        self.assertIn("is inside of", done.stderr)

    def test_of_two_at_once_one_makes_the_copy_and_the_other_says_so(self):
        for n in range(4):
            self.to = self.scratch / f"both{n}"
            with contextlib.ExitStack() as stack:
                both = [stack.enter_context(subprocess.Popen([BINARY, "backup", "--data", str(self.server.data), str(self.to)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)) for _ in range(2)]
                said = [process.communicate(timeout=60)[1] for process in both]
            self.assertEqual(sorted(process.returncode for process in both), [0, 1], said)
            self.assertRegex("".join(said), "another countersign makes|is there already")
            self.assertFalse(Path(f"{self.to}.part").exists())
            self.holds(self.to)

    def test_a_disk_that_is_full_leaves_nothing_behind(self):
        self.lead(1)
        for most in (0, 4096, 50_000):
            done = self.backup(status=1, preexec_fn=limited(most))
            self.assertRegex(done.stderr, "no room|signal")
        self.backup()
        for most in (0, 4096, 50_000):
            self.assertRegex(self.restore(status=1, preexec_fn=limited(most)).stderr, "no room|cannot copy")

    def test_one_that_is_cut_short_has_no_name_and_is_done_again(self):
        self.lead(1)
        part = Path(f"{self.to}.part")
        for made in ("store.mdb", "keys.json", "signed-heads"):
            with subprocess.Popen([BINARY, "backup", "--data", str(self.server.data), str(self.to)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True) as process:
                wait_for(lambda name=part / made, process=process: name.exists() or process.poll() is not None, what="the copy to begin")
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            if self.to.exists():  # it was faster
                shutil.rmtree(self.to)
        wait_for(lambda: not part.exists() or is_free(part), what="what was killed to be gone: its child holds the folder until then")
        self.backup()
        self.holds(self.to)

    def test_a_damaged_store_makes_no_copy(self):
        self.lead(1)
        self.market.settled_entries()
        self.server.stop()
        store = self.server.data / "store.mdb"
        good = store.read_bytes()
        damage(store)
        done = self.backup(status=1)
        self.assertNotEqual(done.stderr, "")
        store.write_bytes(good)
        self.backup()
        self.server.start()

    def test_a_damaged_copy_is_not_restored(self):
        self.lead(1)
        self.market.settled_entries()
        self.backup()
        store = self.to / "store.mdb"
        for change in (lambda: damage(store), lambda: os.truncate(store, store.stat().st_size // 2), lambda: (self.to / "keys.json").unlink()):
            change()
            done = countersign("restore", self.to, self.restored, "--nothing-signed-since")
            self.assertIn(done.returncode, (1, 2))
            self.assertNotEqual(done.stderr, "")
            self.assertFalse(self.restored.exists())


if __name__ == "__main__":
    unittest.main()
