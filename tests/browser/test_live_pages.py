"""A home that is open shows what is new without a reload, in a real Chromium; what is of another party it shows not."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, Market, ServerCase, person, wait_for  # noqa: E402


class Home(ServerCase):
    def open(self, party):
        node = subprocess.Popen(["node", str(HERE / "live.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(node.wait, 60)
        self.addCleanup(node.stdin.close)
        self.node = node
        self.say(json.dumps({"chromium": CHROMIUM, "base": self.server.url, "token": party.token}))

    def say(self, line):
        self.node.stdin.write(line + "\n")
        self.node.stdin.flush()
        return json.loads(self.node.stdout.readline())

    def shown(self):
        return self.say("look")

    def test_new_leads_come_without_a_reload(self):
        other = Market(self.server)
        self.open(self.market.publisher)
        self.assertEqual(self.shown()["leads"], [])
        other.publisher.postback(person(click_id=other.click()))
        leads = []
        for n in range(2):
            leads.insert(0, self.market.publisher.postback(person(click_id=self.market.click())).json["lead"])
            wait_for(lambda: self.shown()["leads"] == leads, what="the lead on the page")
        seen = self.shown()
        self.assertEqual((seen["same"], seen["complaints"]), (True, []))
        self.assertGreater(seen["fresh"], 0)
        wait_for(lambda: "2 waiting" in self.shown()["today"], what="the numbers of today")
        self.market.advertiser.postback({"lead": leads[0], "status": "approved"})
        wait_for(lambda: "1 approved, 1 waiting" in self.shown()["today"], what="the approval")
        self.assertTrue(self.shown()["same"])


if __name__ == "__main__":
    unittest.main()
