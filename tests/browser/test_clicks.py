"""The whole story by clicks and typing alone, in a real Chromium: from a fresh server to a statement that both parties signed and an auditor verified.
Once more with script switched off, where what needs a key is done by the commands on the pages. What the guides say is what was done."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import BINARY, CHROMIUM, SOURCE, ServerCase, free_port, send, wait_for  # noqa: E402

GUIDES = ("operator", "advertiser", "publisher", "auditor")


class Clicks:
    @classmethod
    def set_up_market(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        port, state = free_port(), cls.folder / "state.json"
        site = f"http://127.0.0.1:{port}"
        demo = subprocess.Popen(["/usr/bin/python3", "-B", str(SOURCE / "scripts/demo.py"), "--port", str(port), "--state", str(state)])
        cls.addClassCleanup(demo.wait)
        cls.addClassCleanup(demo.kill)
        wait_for(lambda: cls.answers(site), what="the demo's site")
        asked = {"chromium": CHROMIUM, "base": cls.server.url, "operator": cls.operator.token, "script": cls.script, "landing": site + "/", "state": str(state),
                 "folder": str(cls.folder), "programs": str(Path(BINARY).parent)}
        done = subprocess.run(["node", str(HERE / "clicks.mjs")], input=json.dumps(asked), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise AssertionError(done.stderr[-4000:])
        cls.told = json.loads(done.stdout)

    @staticmethod
    def answers(site):
        try:
            return send(site + "/").status == 503  # it is told later what to show
        except OSError:
            return False

    def test_nothing_is_complained_of(self):
        self.assertEqual(self.told["complaints"], [])

    def test_both_visitors_leads_were_taken_and_approved_together(self):
        for n in (1, 2):
            self.assertTrue(self.told[f"visitor {n}"].startswith("pending"), self.told[f"visitor {n}"])
        self.assertEqual(self.told["waits"], "2 leads wait for you")
        self.assertIn("Answered: 2.", self.told["reviewed"])

    def test_both_parties_keys_are_on_record_and_their_answers_on_the_statement(self):
        parties = {one["kind"]: one for one in self.operator.get("/v1/parties")["data"]}
        self.assertEqual([parties[kind]["key"]["kid"] for kind in ("advertiser", "publisher")], self.told["keys"])
        (statement,) = self.operator.get("/v1/statements")["data"]
        self.assertEqual(statement["to_pay_minor"], 2500)
        self.assertEqual(self.told["asked"], 1)
        self.assertEqual({one["role"]: one["verdict"] for one in statement["answers"]}, {"advertiser": "accept", "publisher": "accept"})

    def test_each_command_that_stands_on_a_page_ends_well(self):
        for one in self.told["ran"]:
            with self.subTest(one["who"], text=one["text"]):
                self.assertEqual(one["status"], 0, one["said"])
        self.assertEqual([one["who"] for one in self.told["ran"]], self.runs)

    def test_the_auditor_sees_both_answers_verified(self):
        said = self.told["ran"][-1]["said"]
        self.assertIn("accept", said)


@unittest.skipUnless(shutil.which(CHROMIUM), f"no {CHROMIUM} here")
class WithScript(Clicks, ServerCase):
    script, runs = True, ["auditor"]

    def test_a_key_that_the_browser_made_is_one_of_keygen(self):
        own = {one["kind"]: one["id"] for one in self.operator.get("/v1/parties")["data"]}
        self.assertEqual(self.told["file"], f"countersign-{own['publisher']}.jwk")
        text = (self.folder / "publisher.jwk").read_text()
        self.assertEqual(text, json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) + "\n")
        self.assertEqual(sorted(json.loads(text)), ["crv", "d", "kid", "kty", "x"])
        self.assertEqual(json.loads(text)["kid"], self.told["keys"][1])

    def test_the_guides_say_what_was_done(self):
        """Each word in bold is one that this role pressed, typed into or was shown, in that order; and each of those stands in bold."""
        for guide in GUIDES:
            rest = iter(self.told["used"][guide])
            words = re.findall(r"\*\*(.+?)\*\*", (SOURCE / "docs/guides" / f"{guide}.md").read_text())
            self.assertEqual(set(words) - {"Bold"}, set(self.told["used"][guide]), guide)
            for word in words[1:]:
                with self.subTest(guide, word=word):
                    self.assertIn(word, rest)


@unittest.skipUnless(shutil.which(CHROMIUM), f"no {CHROMIUM} here")
class WithoutScript(Clicks, ServerCase):
    script, runs = False, ["advertiser", "publisher", "advertiser", "publisher", "auditor"]


if __name__ == "__main__":
    unittest.main()
