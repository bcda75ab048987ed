"""Buttons that copy and check the server's folder, a party's new key, all leads at once on a phone, and refusals in French: in a real Chromium."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, Market, ServerCase, countersign, person  # noqa: E402


class Operating(ServerCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        (cls.folder / "copies").mkdir()
        cls.settings = {"BACKUP_DIR": cls.folder / "copies"}
        super().setUpClass()

    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server)
        key = cls.folder / "me.key"
        for words in (("keygen", key), ("enrol", cls.server.url, "--token", market.publisher.token, "--key", key)):
            done = countersign(*words)
            assert done.returncode == 0, done.stderr
        for n in range(3):
            market.publisher.postback(person(click_id=market.click(), email=f"p{n}@example.com", phone=f"+336123{n:05}"))
        asked = {"chromium": CHROMIUM, "base": cls.server.url, "operator": cls.operator.token, "advertiser": market.advertiser.token,
                 "publisher": market.publisher.token, "folder": str(cls.folder), "key": str(key)}
        done = subprocess.run(["node", str(HERE / "operating.mjs")], input=json.dumps(asked), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise AssertionError(done.stderr[-4000:])
        cls.told = json.loads(done.stdout)

    def test_nothing_is_complained_of(self):
        self.assertEqual(self.told["complaints"], [])

    def test_the_buttons_made_a_copy_that_holds_and_a_check(self):
        (made,) = (self.folder / "copies").iterdir()
        self.assertEqual(self.told["copies"].count("· holds ·"), 2)
        self.assertIn(made.name, self.told["copies"])
        self.assertEqual(self.told["figures"].count("0 min ago"), 2)
        done = countersign("check", "--data", made)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_new_key_took_the_place_of_the_old_one(self):
        self.assertEqual(self.told["after"], self.told["made"])
        self.assertNotEqual(self.told["after"], self.told["before"])
        self.assertIn("Choose your key file", self.told["noFile"])
        self.assertIn("on record already", self.told["same"])
        self.assertIn("not the key that is on record", self.told["other"])
        self.assertEqual(self.market.publisher.get("/v1/parties/" + self.market.publisher.id)["key"]["kid"], self.told["made"])

    def test_a_refusal_speaks_french(self):
        self.assertIn("doit être dans le futur", self.told["french"])

    def test_all_leads_are_chosen_on_a_phone(self):
        self.assertEqual(self.told["phone"], [3, 3])
        self.assertFalse(self.told["wide"])
        self.assertEqual(self.told["desk"], [False, True])


if __name__ == "__main__":
    unittest.main()
