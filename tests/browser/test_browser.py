"""A real Chromium clicks a publisher's link, lands, submits the form; the landing page's own backend reports the lead."""

import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, Market, ServerCase, free_port  # noqa: E402



@unittest.skipUnless(shutil.which(CHROMIUM), f"no {CHROMIUM} here")
class Browser(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.landing_port, cls.publisher_port = free_port(), free_port()
        cls.market = Market(cls.server, campaign={"landing_url": f"http://127.0.0.1:{cls.landing_port}/offer?ref=1",
                                                  "lead": {"require": ["email", "phone"], "honeypot": "f_website"}})

    def drive(self, scenario):
        """Runs one scenario of browser.mjs; answers what it saw."""
        market = self.market
        given = {"scenario": scenario, "chromium": CHROMIUM, "landing_port": self.landing_port, "publisher_port": self.publisher_port,
                 "base": self.server.url, "tag": market.code["tag"], "click_url": market.code["click_url"] + "?sub1=" + scenario,
                 "kid": market.advertiser.kid, "secret": market.advertiser.secret}
        done = subprocess.run(["node", str(HERE / "browser.mjs")], input=json.dumps(given), capture_output=True, text=True, timeout=120,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        return json.loads(done.stdout)

    def entries(self, scenario):
        """(index of the scenario's click, the entries)."""
        entries = self.market.settled_entries()
        return next(n for n, entry in enumerate(entries) if entry.get("sub1") == scenario), entries

    def views(self, entries, click):
        return [entry for entry in entries if entry["kind"] == "view" and entry.get("click") == click]

    def test_the_lead_arrives_attributed_with_a_valid_receipt(self):
        seen = self.drive("plain")
        click, entries = self.entries("plain")
        self.assertEqual(entries[click].get("class", "ok"), "ok")
        self.assertEqual(seen["form"]["click_id"], seen["landed"]["click_id"], "the hidden field holds the click id of the URL")
        self.assertEqual(seen["form"]["touches"].split(","), [seen["landed"]["click_id"]])
        self.assertEqual(seen["lead"]["status"], "pending")
        lead = entries[seen["lead"]["index"]]
        self.assertEqual((lead["kind"], lead["click"]), ("lead", click))
        self.assertEqual(seen["receipt"]["index"], seen["lead"]["index"])
        self.assertEqual(len(self.views(entries, click)), 1, "one view pixel")

    def test_a_second_page_without_the_click_id_still_knows_it(self):
        seen = self.drive("later")
        click, entries = self.entries("later")
        self.assertEqual(entries[seen["lead"]["index"]]["click"], click)

    def test_two_clicks_are_both_kept(self):
        seen = self.drive("twice")
        self.assertEqual(len(seen["form"]["touches"].split(",")), 2)
        self.assertEqual(seen["form"]["click_id"], seen["landed"]["click_id"], "the latest one")

    def test_global_privacy_control_stores_and_fires_nothing(self):
        seen = self.drive("gpc")
        click, entries = self.entries("gpc")
        self.assertEqual((seen["stored"], seen["pixels"]), ([], 0))
        self.assertEqual(self.views(entries, click), [])

    def test_nothing_before_consent_and_all_after(self):
        seen = self.drive("consent")
        click, entries = self.entries("consent")
        self.assertEqual((seen["before"]["stored"], seen["before"]["pixels"]), ([], 0))
        self.assertEqual(seen["pixels"], 1)
        self.assertEqual(len(self.views(entries, click)), 1)
        self.assertEqual(seen["lead"]["status"], "pending")

    def test_a_prerendered_page_fires_when_it_is_looked_at(self):
        seen = self.drive("prerender")
        self.assertEqual(seen["pixels_while_prerendered"], 0)
        self.assertEqual(seen["pixels"], 1)


if __name__ == "__main__":
    unittest.main()
