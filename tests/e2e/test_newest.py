"""Leads from the newest to the oldest: the same ones as from the oldest on, whatever stands between them, in pages of any size."""

import datetime
import os
import random
import secrets
import unittest
import zoneinfo

from harness import Market, ServerCase, person
from test_clock import ClockServer

STATES = ("pending", "approved", "rejected")


class Newest(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server, contract={"price": {"lead": [{"micros": 1_000_000}]}})
        seed = int(os.environ.get("SEED", secrets.randbelow(2**32)))
        print(f"SEED={seed}")
        chance = random.Random(seed)
        for n in range(70):  # runs of clicks and dispositions between the leads
            lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
            for _ in range(chance.randrange(12) if n % 9 else 40):
                market.click()
            for _ in range(150 if n in (30, 69) else 0):  # behind which the next one stands, or none
                market.advertiser.post("/v1/dispositions", [{"lead": lead, "status": status} for status in ("approved", "rejected")])
            if n % 3:
                market.advertiser.postback({"lead": lead, "status": STATES[n % 3]})

    def listed(self, query=""):
        found, after = [], ""
        while True:
            page = self.market.publisher.get(f"/v1/contracts/{self.market.contract}/leads?{query}{after}")
            found += [lead["lead"] for lead in page["data"]]
            if "next" not in page:
                return found
            after = "&after=" + page["next"]

    def test_both_orders_have_the_same_leads(self):
        oldest = self.listed()
        self.assertEqual(len(oldest), 70)
        for limit in (1, 7, 69, 70, 71, 200):
            with self.subTest(limit):
                self.assertEqual(self.listed(f"order=newest&limit={limit}"), oldest[::-1])

    def test_likewise_of_one_status(self):
        for status in STATES:
            oldest = self.listed(f"status={status}")
            self.assertGreater(len(oldest), 10)
            for limit in (1, 5, 100):
                with self.subTest(status, limit=limit):
                    self.assertEqual(self.listed(f"status={status}&order=newest&limit={limit}"), oldest[::-1])

    def test_a_contract_without_leads_has_none(self):
        market = Market(self.server)
        self.assertEqual(market.publisher.get(f"/v1/contracts/{market.contract}/leads?order=newest"), {"data": []})

    def test_another_order_is_refused(self):
        self.assertProblem(self.market.publisher.call("GET", f"/v1/contracts/{self.market.contract}/leads?order=oldest"), 400, "order")

    def test_a_day_is_one_of_the_campaigns_clocks(self):
        server = ClockServer()
        self.addCleanup(server.close)
        market = Market(server, {"timezone": "Pacific/Auckland", "attribution": {"click_days": 365}})
        click_id = market.click()
        for _ in range(9):  # seven hours between two leads
            for _ in range(3):
                market.publisher.post("/v1/leads", person(click_id=click_id))
                market.click()
            server.wait(7 * 3600)
        path = f"/v1/contracts/{market.contract}/leads"
        leads, zone = market.publisher.get(path)["data"], zoneinfo.ZoneInfo("Pacific/Auckland")
        days = {}
        for lead in leads:
            day = datetime.datetime.fromisoformat(lead["at"]).astimezone(zone).date().isoformat()
            days.setdefault(day, []).append(lead["lead"])
        self.assertGreater(len(days), 2)
        days["2020-01-01"] = days["2099-12-31"] = []
        for day, wanted in days.items():
            with self.subTest(day):
                self.assertEqual([lead["lead"] for lead in market.publisher.get(f"{path}?day={day}")["data"]], wanted)
                for limit in (2, 200):
                    found, after = [], ""
                    while after is not None:
                        page = market.publisher.get(f"{path}?day={day}&order=newest&limit={limit}{after}")
                        found += [lead["lead"] for lead in page["data"]]
                        after = "&after=" + page["next"] if "next" in page else None
                    self.assertEqual(found, wanted[::-1])
        for bad in ("yesterday", "2026-11-28T00:00:00Z", ""):
            self.assertProblem(market.publisher.call("GET", f"{path}?day={bad}"), 400, "day")


if __name__ == "__main__":
    unittest.main()
