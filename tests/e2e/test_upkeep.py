"""Copies and checks of a served folder, asked for by a call: what they make, what they say when they cannot, and what is left when they are cut off."""

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import Market, Server, countersign, person, wait_for
from test_pages import Browser, forms


def children(pid):
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


class Case(unittest.TestCase):
    settings = {}

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="countersign-upkeep-")
        self.addCleanup(scratch.cleanup)
        self.copies = Path(scratch.name) / "copies"
        self.copies.mkdir()
        self.restored = Path(scratch.name) / "restored"
        self.server = Server(**{"BACKUP_DIR": self.copies, **self.settings})
        self.addCleanup(self.server.close)
        self.market = Market(self.server, contract={"price": {"lead": [{"micros": 5_000_000}]}})
        self.operator = self.server.operator

    def lead(self, n):
        return self.market.publisher.postback(person(email=f"p{n}@example.com", phone=f"+336123{n:05}", click_id=self.market.click()))

    def helper(self):
        (pid,) = children(self.server.process.pid)
        return pid

    def state(self, kind):
        return self.operator.get("/v1/upkeep")[kind]

    def ended(self, kind):
        """What came of it, once it runs no more."""
        wait_for(lambda: "running" not in self.state(kind), 60, f"the {kind} to end")
        return self.state(kind)

    def ask(self, what, **headers):
        return self.operator.call("POST", f"/v1/{what}", {}, headers)

    def caught(self, first):
        """The first of what is there for a moment."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            for one in first():
                return one
        self.fail("it never came")

    def made(self, *left):
        """What it made by one more call."""
        before = set(self.copies.iterdir()) - set(left)
        self.assertEqual(self.ask("backups").status, 202)
        state = self.ended("backup")
        self.assertNotIn("failed", state)
        (new,) = set(self.copies.iterdir()) - before
        self.assertEqual(state["last"]["folder"], str(new))
        return new

    @contextlib.contextmanager
    def held(self, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


class Copies(Case):
    def test_what_the_call_made_is_restored_and_goes_on(self):
        for n in range(5):
            self.assertEqual(self.lead(n).status, 200)
        self.market.settled_entries()
        statement = self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        made = self.made()
        self.assertRegex(made.name, r"^20\d\d-\d\d-\d\dT\d{6}\.\d{3}Z$")
        self.assertEqual({path.stat().st_mode & 0o077 for path in [made, *made.rglob("*")]}, {0})
        self.server.stop()
        done = countersign("restore", made, self.restored, "--lost", self.server.data)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.data = self.restored
        self.server.start()
        self.assertEqual(self.operator.do("GET", f"/v1/statements/{statement['id']}").status, 200)
        self.assertEqual(self.lead(5).status, 200)
        self.assertEqual(len(self.operator.get(f"/v1/contracts/{self.market.contract}/leads")["data"]), 6)

    def test_who_asked_stands_among_the_changes_and_the_last_one_outlives_a_restart(self):
        made = self.made()
        self.assertEqual(self.ask("checks").status, 202)
        self.assertEqual(self.ended("check")["last"]["verdict"], "holds")
        rows = self.operator.get("/v1/changes?change=upkeep")["data"]
        self.assertEqual([row["what"] for row in rows], ["check", "backup"])
        self.server.stop()
        self.server.start()
        self.assertEqual(self.state("backup")["last"]["folder"], str(made))
        self.assertEqual(self.state("check")["last"]["verdict"], "holds")

    def test_one_that_the_command_made_counts_as_well(self):
        self.assertNotIn("last", self.state("backup"))
        done = countersign("backup", "--data", self.server.data, self.copies / "by-hand")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.state("backup")["last"]["folder"], str(self.copies / "by-hand"))
        (self.server.data / "last-backup").write_text("{")
        self.assertEqual(self.state("backup")["last_unreadable"], True)

    def test_one_at_a_time_and_the_same_key_begins_no_second_one(self):
        with self.held(self.helper()):
            self.assertEqual(self.ask("backups", **{"Idempotency-Key": "once"}).status, 202)
            self.assertIn("since", self.state("backup")["running"])
            for what in ("backups", "checks"):
                answer = self.ask(what)
                self.assertEqual((answer.status, "wait for its end" in answer.json["detail"]), (409, True))
        self.ended("backup")
        again = self.ask("backups", **{"Idempotency-Key": "once"})
        self.assertEqual((again.status, again.headers["Idempotent-Replayed"]), (202, "true"))
        self.assertNotIn("running", self.state("backup"))
        self.assertEqual(len(list(self.copies.iterdir())), 1)

    def test_only_an_operator_with_the_scope_asks(self):
        self.assertEqual(self.market.publisher.call("POST", "/v1/backups", {}).status, 403)
        self.assertEqual(self.market.publisher.call("GET", "/v1/upkeep").status, 403)
        token = self.operator.post(f"/v1/parties/{self.operator.get('/v1/parties?kind=operator')['data'][0]['id']}/tokens", {"scope": "clock"})["token"]
        answer = type(self.operator)(self.server.url, token).call("POST", "/v1/backups", {})
        self.assertEqual((answer.status, "upkeep" in answer.headers["WWW-Authenticate"]), (403, True))

    def test_leads_are_taken_while_a_copy_is_made(self):
        self.assertEqual(self.ask("backups").status, 202)
        for n in range(20):
            self.assertEqual(self.lead(n).status, 200)
        self.assertNotIn("failed", self.ended("backup"))


class CutOff(Case):
    def failed(self, *words):
        self.assertEqual(self.ask("backups").status, 202)
        state = self.ended("backup")
        for word in words:
            self.assertIn(word, state["failed"]["detail"])
        self.assertNotIn("countersign:", state["failed"]["detail"])
        self.assertIn('"event":"backup"', self.server.log())

    def test_a_folder_that_is_gone_or_none_is_named(self):
        self.copies.rmdir()
        self.failed("backup_dir", "mount its disk")
        self.copies.write_text("a file")
        self.failed("which is no folder")
        self.copies.unlink()
        self.copies.mkdir()
        self.made()

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_folder_that_may_not_be_written_to_is_named(self):
        self.copies.chmod(0o500)
        self.addCleanup(self.copies.chmod, 0o700)
        self.failed("cannot make the folder", "Permission denied")

    @unittest.skipUnless(os.geteuid() == 0, "nobody but root mounts")
    def test_a_folder_that_its_unit_may_not_write_to_is_named_with_the_line_to_add(self):
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", self.copies], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("no mounts in here")
        self.addCleanup(subprocess.run, ["umount", self.copies], check=False)
        self.failed(f"ReadWritePaths={self.copies}")

    def test_a_full_disk_is_said_and_nothing_is_left(self):
        old = resource.prlimit(self.helper(), resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
        self.failed("no room")
        self.assertEqual(list(self.copies.iterdir()), [])
        resource.prlimit(self.helper(), resource.RLIMIT_FSIZE, old)
        self.made()

    def test_killed_half_way_nothing_looks_whole_and_the_next_one_clears_it_away(self):
        made = self.made()
        helper = self.helper()
        with self.held(helper):
            self.assertEqual(self.ask("backups").status, 202)
        job = self.caught(lambda: children(helper))
        self.caught(lambda: [path for path in self.copies.iterdir() if path.suffix == ".part"])
        os.kill(job, signal.SIGSTOP)
        self.server.kill()
        wait_for(lambda: not Path(f"/proc/{helper}").exists() and not Path(f"/proc/{job}").exists(), 15, "all to end with the server")
        (left,) = set(self.copies.iterdir()) - {made}
        self.assertEqual(left.suffix, ".part")
        self.server.start()
        self.assertEqual(self.state("backup")["last"]["folder"], str(made))
        again = self.made(left)
        self.assertEqual(set(self.copies.iterdir()), {made, again})

    def test_without_its_helper_the_server_serves_and_says_so(self):
        os.kill(self.helper(), signal.SIGKILL)
        wait_for(lambda: "helper_gone" in self.server.log(), 15, "the log to tell")
        answer = self.ask("backups")
        self.assertEqual((answer.status, "start the server again" in answer.json["detail"]), (409, True))
        self.assertEqual(self.lead(1).status, 200)

    def test_the_server_ends_while_one_is_made(self):
        self.assertEqual(self.ask("backups").status, 202)
        self.server.stop()
        self.assertNotIn("helper_gone", self.server.log())

    def test_what_ends_the_whole_group_is_no_fault_of_the_helpers(self):
        """As systemd and a terminal do it."""
        for end in (signal.SIGTERM, signal.SIGINT):
            helper = self.helper()
            os.kill(helper, end)
            self.assertEqual(self.ask("checks").status, 202)
            self.assertNotIn("failed", self.ended("check"))
            os.kill(self.server.process.pid, end)
            self.assertEqual(self.server.process.wait(60), 0)
            self.assertFalse(Path(f"/proc/{helper}").exists())
            self.server.start()
        self.assertNotIn("helper_gone", self.server.log())

    def end_one(self):
        """Whatever runs is told to end, if it is seen before it is done."""
        self.assertEqual(self.ask("checks").status, 202)
        while "running" in self.state("check"):
            with contextlib.suppress(ProcessLookupError):
                for job in children(self.helper()):
                    os.kill(job, signal.SIGTERM)
        return self.state("check")

    def test_who_ends_one_under_way_reads_that_it_was(self):
        state = {}
        for _ in range(20):
            state = state if "failed" in state else self.end_one()
        self.assertIn("by signal 15", state["failed"]["detail"])


class Checks(Case):
    def test_what_does_not_hold_is_said_and_kept(self):
        self.lead(1)
        self.market.settled_entries()
        self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        (self.server.data / "signed-heads").rename(self.server.data / "gone")
        self.addCleanup((self.server.data / "gone").rename, self.server.data / "signed-heads")
        self.assertEqual(self.ask("checks").status, 202)
        last = self.ended("check")["last"]
        self.assertNotEqual(last["verdict"], "holds")
        self.assertIn("signed-heads", last["sentence"])

    def test_a_checking_process_that_is_killed_takes_no_server_along(self):
        self.assertEqual(self.ask("checks").status, 202)
        self.ended("check")
        with self.held(self.helper()):
            self.assertEqual(self.ask("checks").status, 202)
        os.kill(self.caught(lambda: [checking for job in children(self.helper()) for checking in children(job)]), signal.SIGKILL)
        self.ended("check")
        self.assertEqual(self.state("check")["last"]["verdict"], "cannot_tell")
        self.assertIn("signal 9", self.state("check")["last"]["sentence"])
        self.assertEqual(self.lead(1).status, 200)


class Page(Case):
    """The same by the buttons of the operator's page."""

    def press(self, browser, act, **changed):
        fields = next(fields for kind, fields in forms(browser.get("/system").text) if kind == act)
        return browser.post("/system", {**fields, **changed})

    def test_what_the_button_made_is_there_and_said(self):
        browser = Browser(self.server)
        browser.sign_in(self.operator.token)
        self.assertIn("No copy so far.", browser.get("/system").text)
        self.assertIn("never", browser.get("/").text)
        with self.held(self.helper()):
            fields = next(fields for kind, fields in forms(browser.get("/system").text) if kind == "check")
            self.assertEqual(self.press(browser, "backup").status, 303)
            text = browser.get("/system").text
            self.assertIn("A copy is being made", text)
            self.assertEqual([kind for kind, _ in forms(text) if kind in ("backup", "check")], [])
            second = browser.post("/system", fields)  # of a page from before
            self.assertEqual((second.status, "wait for its end" in second.text), (409, True))
        folder = self.ended("backup")["last"]["folder"]
        text = browser.get("/system").text
        self.assertIn(folder, text)
        self.assertIn("0 min ago", text)
        self.assertIn("0 min ago", browser.get("/").text)
        done = countersign("check", "--data", folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.copies.rename(self.copies.with_name("elsewhere"))
        self.assertEqual(self.press(browser, "backup").status, 303)
        self.assertIn("mount its disk", self.ended("backup")["failed"]["detail"])
        self.assertIn("mount its disk", browser.get("/system").text)


class NoFolder(Case):
    settings = {"BACKUP_DIR": ""}

    def test_the_line_to_add_is_said(self):
        answer = self.ask("backups")
        self.assertEqual((answer.status, answer.json["field"]), (409, "backup_dir"))
        self.assertIn("backup_dir = ", answer.json["detail"])
        self.assertEqual(self.operator.get("/v1/changes?change=upkeep")["data"], [])
        self.assertEqual(self.ask("checks").status, 202)
        self.assertEqual(self.ended("check")["last"]["verdict"], "holds")


if __name__ == "__main__":
    unittest.main()
