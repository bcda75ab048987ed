"""A monkey in a real Chromium: several who are signed in at once, on a phone and a desk, with script and without, do what comes to their mind."""

import json
import os
import secrets
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, Market, ServerCase, countersign, person  # noqa: E402
from monkey import WILD  # noqa: E402

STEPS = int(os.environ.get("STEPS", "400" if "LONG" in os.environ else "14"))
SEED = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**32)


class Monkey(ServerCase):
    def test_what_must_hold_holds(self):
        print(f"SEED={SEED} STEPS={STEPS}", flush=True)
        market, other = self.market, Market(self.server, {"name": "offer qzabzq"})
        parties = {"op": self.operator, "aa": market.advertiser, "pa": market.publisher, "xa": market.auditor, "ab": other.advertiser}
        for mark, party in parties.items():
            if mark != "op":
                self.operator.do("PATCH", f"/v1/parties/{party.id}", {"name": f"party qz{mark}zq"})
        market.put_keys()
        for n in range(12):
            lead = market.publisher.postback(person(click_id=market.click("?sub1=qzpazq"), txid=f"qzpazq-{n}")).json["lead"]
            other.publisher.postback(person(click_id=other.click("?sub1=qzpczq"), txid=f"qzpczq-{n}"))
            if n < 4:
                market.advertiser.postback({"lead": lead, "status": "approved"})
        self.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        everybody = [*parties, "pc"]
        walkers = [{"name": "operator", "token": "op", "language": "en", "width": 1280, "script": True, "marks": everybody},
                   {"name": "publisher", "token": "pa", "language": "fr", "width": 390, "script": True, "marks": ["pa", "aa", "op", "xa"]},
                   {"name": "advertiser", "token": "aa", "language": "zh-Hans", "width": 820, "script": True, "marks": ["pa", "aa", "op", "xa"]},
                   {"name": "auditor", "token": "xa", "language": "en", "width": 390, "script": False, "marks": ["pa", "aa", "op", "xa"]},
                   {"name": "other", "token": "ab", "language": "fr", "width": 1600, "script": False, "marks": ["ab", "pc", "op"]}]
        walkers = [{**walker, "mark": f"qz{walker['token']}zq", "token": parties[walker["token"]].token} for walker in walkers]
        asked = {"chromium": CHROMIUM, "base": self.server.url, "seed": SEED, "steps": STEPS, "wild": [one for one in WILD if one != "NaN"], "walkers": walkers}
        done = subprocess.run(["node", str(HERE / "monkey.mjs")], input=json.dumps(asked), capture_output=True, text=True, timeout=1500, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        told = json.loads(done.stdout)
        print(told["done"])
        marks = {party.id: mark for mark, party in parties.items() if mark != "op"}
        met = {(marks.get(one["party"]), contract["id"]) for contract in self.operator.get("/v1/contracts?limit=200")["data"]
               for one in self.operator.get(f"/v1/contracts/{contract['id']}/grants")["data"]}
        if len(met) > 1 or len(self.operator.get("/v1/contracts?limit=200")["data"]) > 2:  # the operator's monkey has brought others together
            told["found"] = [one for one in told["found"] if not one["what"].startswith("a mark of")]
        for one in told["found"]:
            print(one["line"], "\n   ", one["trail"])
        self.server.stop()
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, 0, checked.stderr[-2000:])
        self.server.start()
        self.assertEqual([one["line"] for one in told["found"]], [])


if __name__ == "__main__":
    unittest.main()
