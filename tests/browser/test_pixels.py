"""Pixels in a real Chromium: fetched, embedded, sent as beacons; and a thank-you page's lead, with the cookie and without."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import WHOLE_CHROMIUM, Market, ServerCase, free_port  # noqa: E402

TRACKER_PORT, PAGES_PORT = free_port(), free_port()
PUBLIC = f"https://track.test:{TRACKER_PORT}"


@unittest.skipUnless(shutil.which(WHOLE_CHROMIUM), f"no {WHOLE_CHROMIUM} here")
class Pixels(ServerCase):
    settings = {"public_url": PUBLIC}

    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server, campaign={
            "landing_url": f"https://shop.test:{PAGES_PORT}/", "pixel_leads": "hold", "lead": {"require": []},
            "attribution": {"model": "last", "click_days": 5}})
        public = dict(market.code)
        market.code["click_url"] = public["click_url"].replace(PUBLIC, cls.server.url)  # for this process, which has no proxy before it
        with tempfile.TemporaryDirectory(prefix="countersign-tls-") as folder:
            key, cert = f"{folder}/key.pem", f"{folder}/cert.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", "/CN=track.test", "-keyout", key, "-out", cert], check=True, capture_output=True)
            given = {"chromium": WHOLE_CHROMIUM, "base": cls.server.url, "tracker_port": TRACKER_PORT, "pages_port": PAGES_PORT, "key": key,
                     "cert": cert, "pixel_url": public["pixel_url"], "click_url": public["click_url"]}
            done = subprocess.run(["node", str(HERE / "pixels.mjs")], input=json.dumps(given), capture_output=True, text=True, timeout=180,
                                  check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        cls.seen = json.loads(done.stdout)
        cls.entries = market.settled_entries()

    def lead(self, txid):
        """(status, reason, sub1 of its click) of the one lead with this txid."""
        (lead,) = [entry for entry in self.entries if entry.get("txid") == txid]
        return lead["status"], lead["reason"], self.entries[lead["click"]]["sub1"] if "click" in lead else None

    def test_nothing_fails_whatever_a_page_does_with_it(self):
        seen = self.seen["calls"]
        self.assertEqual(seen["errors"], [])
        self.assertEqual(seen["images"], [[1, 1, False], [1, 1, True], [1, 1, True]], "the crossorigin ones may be read")
        self.assertEqual(seen["isolated"], [True, [[1, 1, False]]])
        self.assertEqual(seen["fetched"], [["cors", 200, 43]] * 3 + [["opaque", 0, 0], ["cors", 200, 43], ["cors", 200, 0]] + [["cors", 200, 43]] * 2)
        self.assertEqual(seen["beacons"], [True] * 4)

    def test_each_call_is_recorded_once(self):
        kinds = [entry["kind"] for entry in self.entries if entry["kind"] in ("view", "impression")]
        self.assertEqual((kinds.count("view"), kinds.count("impression")), (3 + 7 + 1, 1 + 2), "images, fetches, the bare beacon; isolated, text and form")
        self.assertEqual({entry["class"] for entry in self.entries if entry["kind"] in ("view", "impression")}, {"ok"})

    def test_the_cookie_brings_the_click_to_another_sites_page(self):
        for journey in ("cookie", "blocked", "own_domain"):
            self.assertEqual(self.seen[journey], {"errors": [], "cookies": [
                {"name": f"cs_{self.market.campaign}", "holds": True, "sameSite": "None", "secure": True, "httpOnly": True, "days": 5}]})
        self.assertEqual(self.lead("cookie"), ("held", "review", "cookie"))

    def test_where_the_browser_keeps_it_back(self):
        self.assertEqual(self.lead("blocked"), ("rejected", "no_click", None))
        self.assertEqual(self.lead("blocked-id"), ("held", "review", "blocked-id"), "the page hands the id on")
        self.assertEqual(self.lead("own-domain"), ("held", "review", "own-domain"), "the tracker has a name of the shop's domain")

    def test_who_objects_has_no_cookie(self):
        self.assertEqual(self.seen["gpc"], {"errors": [], "cookies": []})
        self.assertEqual(self.lead("gpc"), ("rejected", "no_click", None))
        self.assertEqual(self.lead("gpc-id"), ("held", "review", "gpc-id"), "the page hands the id on")

    def test_who_never_clicked(self):
        self.assertEqual(self.lead("stranger"), ("rejected", "no_click", None))


if __name__ == "__main__":
    unittest.main()
