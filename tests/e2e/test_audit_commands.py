"""pull and verify as an auditor types them: what lands in the folder, what is said, and every way to be refused."""

import json
import os
import resource
import shutil
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness import Market, ServerCase, countersign, person

TILE = 256


class AuditCommands(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market = cls.market
        market.put_keys()
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        market.advertiser.postback({"lead": lead, "status": "approved"})
        cls.statement = cls.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        for party in (market.advertiser, market.publisher):
            assert party.answer_statement(cls.statement).status == 201
        market.settled_entries()
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-audit-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.base = Path(cls.folder.name)
        cls.mirror = cls.base / "mirror"
        cls.pulled = cls.pull(cls.mirror)
        assert cls.pulled.returncode == 0, cls.pulled.stderr

    @classmethod
    def pull(cls, to, url=None, contract=None, token=None):
        return countersign("pull", url or cls.server.url, to, "--contract", contract or cls.market.contract, "--token", token or cls.market.auditor.token)

    def copy(self, name):
        return Path(shutil.copytree(self.mirror, self.base / name))

    def files(self, mirror):
        return {str(path.relative_to(mirror)) for path in mirror.rglob("*") if path.is_file()}

    def size(self, mirror, log):
        return int((mirror / log / "checkpoint").read_text().split("\n")[1])

    def expected(self, mirror):
        """The files of a mirror of less than two tiles, by FORMATS.md "Mirror"."""
        names = {"log/keys", ".well-known/jwks.json", f"log/{self.market.contract}/openings", f"log/{self.market.contract}/heads",
                 f"v1/statements/{self.statement}.jws",
                 f"v1/statements/{self.statement}/lines", f"v1/statements/{self.statement}/checkpoint"}
        for log in (f"log/{self.market.contract}", "log"):
            size = self.size(mirror, log)
            names.add(f"{log}/checkpoint")
            for kind in ("0", "entries"):
                names |= {f"{log}/tile/{kind}/{n:03d}" for n in range(size // TILE)}
                names |= {f"{log}/tile/{kind}/{size // TILE:03d}.p/{size % TILE}"} if size % TILE else set()
            names |= {f"{log}/tile/1/000.p/{size // TILE}"} if size >= TILE else set()
        return names

    def refused(self, done, *words, code=1):
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_mirror_is_these_files_and_pull_counts_them(self):
        files = self.files(self.mirror)
        self.assertEqual(files, self.expected(self.mirror))
        self.assertIn(f"{len(files)} files fetched", self.pulled.stdout)
        self.assertIn(f"countersign verify {self.mirror}", self.pulled.stdout)

    def test_the_token_may_come_from_the_environment_and_the_url_may_end_in_slashes(self):
        to = self.base / "by-environment"
        done = countersign("pull", self.server.url + "//", to, "--contract", self.market.contract,
                           env={**os.environ, "COUNTERSIGN_TOKEN": self.market.publisher.token})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.files(to), self.expected(to) | {f"v1/contracts/{self.market.contract}/click-key"}, "a party's")

    def test_verify_says_one_line_a_check_and_the_same_as_json(self):
        for mirror, status, word, last in ((self.mirror, 0, "holds", "all holds"),
                                           (self.broken(), 1, "fails", "something does NOT hold"),
                                           (self.base / "nowhere", 2, "cannot_tell", "cannot tell")):
            with self.subTest(word):
                text, report = countersign("verify", mirror), countersign("verify", mirror, "--json")
                self.assertEqual((text.returncode, report.returncode), (status, status), text.stdout + text.stderr)
                lines, parsed = text.stdout.splitlines(), json.loads(report.stdout)
                self.assertEqual((lines[-1], parsed["verdict"]), (last, word))
                marks = {"holds": "holds", "fails": "FAILS", "cannot_tell": "cannot tell", None: "-"}
                told = [(item.get("check") or item["topic"].replace("_", " "), marks[item.get("verdict")], item["sentence"])
                        for item in parsed["checks"] + parsed["facts"]]
                self.assertEqual([(line[:12].strip(), line[12:25].strip(), line[25:]) for line in lines[:-1]], told)
                self.assertIn(word, {check["verdict"] for check in parsed["checks"]})

    def test_what_holds_is_told_with_its_figures(self):
        sentences = {check["check"]: check["sentence"] for check in json.loads(countersign("verify", self.mirror, "--json").stdout)["checks"]}
        market = self.market
        for check, words in (("entries", "1 lead, 1 disposition,"), ("decisions", "1 lead and 1 disposition decided again"),
                             ("openings", "every lead has one"), ("statements", "1 statement signed"), ("lines", "2 line items equal"),
                             ("heads", "1 closed head signed"), ("responses", "2 answers signed"), ("responses", market.advertiser.id),
                             ("responses", market.publisher.id), ("rootlog", "over 1 head,")):
            with self.subTest(check):
                self.assertIn(words, sentences[check])

    def broken(self):
        mirror = self.copy("broken")
        lines = mirror / "v1/statements" / self.statement / "lines"
        lines.write_bytes(lines.read_bytes().replace(b"12000000", b"13000000"))
        return mirror

    def test_check_says_the_same_as_text_and_as_json(self):
        text, report = (countersign("check", "--data", self.server.data, *more) for more in ((), ("--json",)))
        self.assertEqual((text.returncode, report.returncode), (0, 0), text.stdout + text.stderr)
        parsed = json.loads(report.stdout)
        self.assertEqual({check["verdict"] for check in parsed["checks"]}, {"holds"})
        self.assertLessEqual({"open", "journal", "entries", "private", "decisions", "trees", "rows", "statements", "catalog"},
                             {check["check"] for check in parsed["checks"]})
        names = [line.split()[0] for line in text.stdout.splitlines()]
        self.assertEqual(names[:len(parsed["checks"])], [check["check"] for check in parsed["checks"]])
        self.assertEqual(text.stdout.splitlines()[-1], "all holds")

    def test_verify_holds_few_files_open(self):
        self.assertGreater(len(self.files(self.mirror)), 8)
        done = countersign("verify", self.mirror, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16)))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_foreign_files_of_any_name_are_told_in_clean_text(self):
        mirror = self.copy("foreign")
        for name in (b"odd\xffname", b"two\nlines"):
            path = os.path.join(os.fsencode(mirror), b"log", name)
            Path(os.fsdecode(path)).write_text("x")
            done = countersign("verify", mirror, "--json")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn(f"nobody looked at log/{name[:3].decode()}", done.stdout)
            os.unlink(path)
        self.assertNotIn("nobody looked at", countersign("verify", mirror).stdout)

    def test_what_systems_leave_in_folders_is_named_and_fails_nothing(self):
        mirror, log = self.copy("left"), f"log/{self.market.contract}"
        for name in (".DS_Store", "log/Thumbs.db", f"{log}/tile/._0", "v1/desktop.ini", f"{log}/seen/05", f"{log}/tile/0/000 2", "notes"):
            (mirror / name).parent.mkdir(exist_ok=True)
            (mirror / name).write_text("x")
        done = countersign("verify", mirror)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^files +holds .*nobody looked at \.DS_Store and 6 more")
        for name in (f"{log}/tile/0/777", f"{log}/seen/123456", "log/C0000000000000/openings", "v1/statements/S000/lines", "v1/contracts/C000/click-key"):
            with self.subTest(name):
                (mirror / name).parent.mkdir(parents=True, exist_ok=True)
                (mirror / name).write_text("x")
                done = countersign("verify", mirror)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex(done.stdout, r"(?m)^(files|history) +FAILS .*" + name.replace(".", r"\."))
                (mirror / name).unlink()

    def test_another_pull_fetches_what_is_new_and_removes_what_is_outdated(self):
        mirror, market = self.copy("grown"), self.market
        had = {log: self.size(mirror, log) for log in (f"log/{market.contract}", "log")}
        for n in range(TILE):
            market.click(f"?sub1=grown-{n}")
        side = mirror / ".countersign-pull" / "log"
        side.mkdir(parents=True)
        (side / "checkpoint").write_text("of a pull that was killed")
        own = [mirror / "log" / "user.part", mirror / "log" / market.contract / "checkpoint.new", mirror / "notes.tmp"]
        for path in own:
            path.write_text("the user's own")
        self.assertEqual(self.pull(mirror).returncode, 0)
        self.assertEqual({path.read_text() for path in own}, {"the user's own"}, "nothing but its own is removed")
        for path in own:
            path.unlink()
        seen = {name for name in self.files(mirror) if "/seen/" in name}  # what it had, and what the pull was shown first
        self.assertEqual(self.files(mirror) - seen, self.expected(mirror))
        self.assertLessEqual({f"{log}/seen/{size}" for log, size in had.items() if size != self.size(mirror, log)}, seen)
        self.assertEqual(countersign("verify", mirror).returncode, 0)
        kept, lost = (mirror / f"log/{market.contract}/tile/{kind}/000" for kind in ("0", "entries"))
        before = kept.stat().st_mtime_ns
        lost.unlink()
        self.assertEqual(self.pull(mirror).returncode, 0)
        self.assertEqual(kept.stat().st_mtime_ns, before, "a full tile is not fetched again")
        self.assertTrue(lost.exists(), "a lost one is")

    def test_a_checkpoint_that_was_edited_here_accuses_nobody(self):
        mirror = self.copy("edited")
        note = mirror / "log" / self.market.contract / "checkpoint"
        lines = note.read_text().split("\n")
        note.write_text("\n".join([lines[0], "100000", *lines[2:]]))
        self.refused(self.pull(mirror), "is damaged")
        self.assertEqual(self.size(mirror, f"log/{self.market.contract}"), 100000, "what was there is kept")

    def test_a_folder_is_of_one_contract(self):
        other = Market(self.server)
        before = self.files(self.mirror)
        self.refused(self.pull(self.mirror, contract=other.contract, token=other.auditor.token), "another contract")
        self.assertEqual(self.files(self.mirror), before)

    def test_what_cannot_be_pulled_is_refused_with_one_line(self):
        to, good = self.base / "refused", ("--contract", self.market.contract)
        nobody = {name: value for name, value in os.environ.items() if name != "COUNTERSIGN_TOKEN"}
        self.refused(countersign("pull", self.server.url, to, *good, env=nobody), "--token", code=2)
        wrong_usage = [({"token": "cst_a\ncst_b"}, ["line break"]), ({"contract": "../../etc"}, ["contract id"]),
                       ({"contract": "c" + self.market.contract[1:]}, ["contract id"]), ({"contract": "C" * 65}, ["contract id"])]
        untold = [({"token": "cst_wrong"}, ["401", "token"]), ({"contract": "C000000000000000"}, ["404"]),
                  ({"url": "http://127.0.0.1:1"}, ["127.0.0.1:1"]), ({"url": "file:///etc"}, [])]
        cases = [(*case, 2) for case in wrong_usage + untold] + [({"to": self.base / "no" / "such"}, ["cannot make the folder"], 1)]
        with ThreadPoolExecutor(len(cases)) as pool:
            for (options, words, code), done in zip(cases, pool.map(lambda case: self.pull(**{"to": to, **case[0]}), cases)):
                with self.subTest(options):
                    self.refused(done, *words, code=code)
        self.assertEqual(self.files(to), set(), "nothing is left behind")

    def test_an_answer_that_is_no_checkpoint_is_refused(self):
        class Nonsense(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(int(self.path[1:4]))
                self.send_header("Location", "/200/elsewhere")
                self.end_headers()
                self.wfile.write(b"because\nnot a number\n")

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Nonsense)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        cases = [(200, "is not a checkpoint"), (302, "302"), (403, "may not read"), (500, "try again later")]

        def pull(case):
            return self.pull(self.base / f"answer-{case[0]}", url=f"http://127.0.0.1:{server.server_port}/{case[0]}")

        with ThreadPoolExecutor(len(cases)) as pool:
            for (status, word), done in zip(cases, pool.map(pull, cases)):
                with self.subTest(status):
                    self.assertEqual((done.returncode, done.stdout), (1 if status == 200 else 2, ""), done)
                    self.assertIn(word, done.stderr)
                    self.assertEqual("because" in done.stderr, status != 200)


if __name__ == "__main__":
    unittest.main()
