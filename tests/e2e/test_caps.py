"""Caps and budgets over HTTP: exact under races, at midnight of three zones, given back, replayed by check and verify, refused by name."""

import datetime
import tempfile
import threading
import unittest
import zoneinfo
from pathlib import Path

from harness import BROWSER, Market, ServerCase, click, countersign, person, wait_for
from test_clock import ClockServer

OPEN = {"lead": {"require": ["email", "phone"]}, "review": {"mode": "manual"}}


def audited(case, server, contract, token, *words):
    """The contract's mirror verifies, and the store checks; what verify said."""
    with tempfile.TemporaryDirectory() as folder:
        mirror = Path(folder) / "mirror"
        done = countersign("pull", server.url, mirror, "--contract", contract, "--token", token)
        case.assertEqual(done.returncode, 0, done.stderr)
        done = countersign("verify", mirror)
        case.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for word in words:
            case.assertIn(word, done.stdout)
    done = countersign("check", "--data", server.data)
    case.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Caps(ServerCase):
    settings = {"WORKERS": 2}

    @classmethod
    def set_up_market(cls):
        pass

    def market(self, campaign=None, contract=None):
        return Market(self.server, {**OPEN, **(campaign or {})}, contract)

    def lead(self, market, **changes):
        got = self.assertStatus(market.publisher.postback(person(click_id=market.click(), **changes)), 200).json
        return got["status"], got["reason"], got["lead"]

    def outcomes(self, market, n, **changes):
        return [self.lead(market, **changes)[:2] for _ in range(n)]

    def test_a_day_takes_so_many_and_a_rejection_gives_the_place_back(self):
        market = self.market(contract={"caps": {"day": 2}})
        taken = ("pending", "")
        self.assertEqual(self.outcomes(market, 3), [taken, taken, ("rejected", "cap_day")])
        _, _, over = self.lead(market)
        lead = market.publisher.get(f"/v1/contracts/{market.contract}/leads")["data"]
        self.assertEqual(sum(row["reason"] == "cap_day" for row in lead), 2)
        kept = next(row["lead"] for row in lead if row["status"] == "pending")
        self.assertStatus(market.advertiser.postback({"lead": kept, "status": "rejected"}), 200)
        self.assertEqual(self.outcomes(market, 2), [taken, ("rejected", "cap_day")])
        # what a cap refused the advertiser may take by hand, at the price that it would have had
        got = self.assertStatus(market.advertiser.postback({"lead": over, "status": "approved"}), 200).json
        self.assertEqual(got["payout_micros"], 12_000_000)
        self.assertEqual(self.outcomes(market, 1), [("rejected", "cap_day")])
        audited(self, self.server, market.contract, market.publisher.token)

    def test_reasons_come_in_their_order_and_nothing_else_counts(self):
        market = self.market({"caps": {"day": 1, "month": 1, "budget_micros_month": 0}})
        self.assertEqual(self.lead(market, email=None)[1], "missing_field")
        self.assertEqual(self.lead(market)[:2], ("rejected", "budget"))
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"caps": {"budget_micros_month": None}})
        known = person()
        self.assertEqual(self.lead(market, **known)[0], "pending")
        self.assertEqual(self.lead(market, **{**known, "txid": "again"})[0], "duplicate")
        self.assertEqual(self.lead(market)[1], "cap_day")
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"caps": {"day": None}})
        self.assertEqual(self.lead(market)[1], "cap_month")
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"caps": None})
        self.assertEqual(self.lead(market)[:2], ("pending", ""))
        audited(self, self.server, market.contract, market.publisher.token)

    def test_a_budget_is_spent_to_the_last_micro(self):
        market = self.market(contract={"caps": {"budget_micros_month": 20_000_000}})  # FR costs 12, others 8
        self.assertEqual(self.lead(market, country="FR")[1], "")
        self.assertEqual(self.lead(market, country="FR")[1], "budget")
        self.assertEqual(self.lead(market, country="BE")[1], "")
        self.assertEqual(self.lead(market, country="BE")[1], "budget")
        audited(self, self.server, market.contract, market.publisher.token)

    def race(self, market, contracts, n):
        """n leads at once, over the contracts by turns."""
        bodies = [person(click_id=click(contracts[i % len(contracts)]["click_url"], **BROWSER)[1]) for i in range(n)]
        barrier, answers = threading.Barrier(n), []

        def report(body):
            barrier.wait()
            answers.append(market.publisher.postback(body).json)

        threads = [threading.Thread(target=report, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted((answer["status"], answer["reason"]) for answer in answers)

    def test_of_24_raced_leads_a_cap_takes_exactly_its_number(self):
        for round_ in range(3):
            market = self.market(contract={"caps": {"day": 7}})
            self.assertEqual(self.race(market, [market.code], 24), [("pending", "")] * 7 + [("rejected", "cap_day")] * 17)
        audited(self, self.server, market.contract, market.publisher.token)

    def test_a_campaign_s_cap_goes_over_all_its_contracts(self):
        market = self.market({"caps": {"month": 9}})
        other = Market.new_contract(market, Market(self.server).publisher)
        second = market.operator.post(f"/v1/contracts/{other}/codes", {"label": "link"})
        publisher = market.publisher
        market.publisher = market.advertiser  # who may report for both
        self.assertEqual(self.race(market, [market.code, second], 24), [("pending", "")] * 9 + [("rejected", "cap_month")] * 15)
        audited(self, self.server, market.contract, publisher.token, "taken at")

    def test_prices_by_source_device_and_class(self):
        phone = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 "
                               "Mobile/15E148 Safari/604.1"}
        tiers = [("sub2", {"equals": "gold"}), ("placement", {"in": ["2"]}), ("device", {"equals": "phone"}), ("class", {"in": ["test"]})]
        book = [{"micros": n + 1, "when": {"field": field, **rule}} for n, (field, rule) in enumerate(tiers)]
        market = self.market({"review": {"auto_approve_days": 0}}, {"price": {"lead": [*book, {"micros": 9}]}})
        second = market.new_code(market.publisher, market.contract)
        for micros, code, query, headers, fields in [
                (1, market.code, "", phone, {"sub2": "gold"}), (2, second, "", phone, {}), (3, market.code, "", phone, {}),
                (4, market.code, "?test=1", BROWSER, {}), (9, market.code, "?sub2=gold", BROWSER, {})]:
            click_id = click(code["click_url"] + query, **headers)[1]
            answer = self.assertStatus(market.publisher.postback(person(click_id=click_id, **fields)), 200).json
            self.assertEqual((answer["status"], answer["payout_micros"]), ("approved", micros))
        audited(self, self.server, market.contract, market.publisher.token)

    def test_entries_say_how_far_ahead_the_zone_was(self):
        for zone in ("Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns", "UTC"):
            market = self.market({"timezone": zone})
            self.lead(market)
            entry = next(e for e in market.settled_entries() if e["kind"] == "lead")
            at = datetime.datetime.fromtimestamp(entry["at"] / 1000, zoneinfo.ZoneInfo(zone))
            self.assertEqual(entry.get("utc_offset_s", 0), at.utcoffset().total_seconds(), zone)
            self.assertEqual("utc_offset_s" in entry, zone != "UTC")

    def test_what_cannot_be_is_refused_with_its_path(self):
        market = self.market()
        change = f"/v1/campaigns/{market.campaign}", f"/v1/contracts/{market.contract}"
        for path, body, field in [
                (change[0], {"caps": {"day": -1}}, "caps.day"), (change[0], {"caps": {"month": True}}, "caps.month"),
                (change[0], {"caps": {"budget_micros_month": -1}}, "caps.budget_micros_month"), (change[0], {"caps": {"week": 1}}, "caps.week"),
                (change[0], {"timezone": "Mars/Olympus"}, "timezone"), (change[0], {"timezone": "europe/paris"}, "timezone"),
                (change[1], {"caps": {"month": "9"}}, "caps.month"), (change[1], {"price": {"click_micros": -1}}, "price.click_micros"),
                (change[1], {"price": {"impression_micros": -1}}, "price.impression_micros"),
                (change[1], {"price": {"lead": [{"micros": 1, "when": {"field": "country", "in": ["FR"]}}, {"micros": 2, "when":
                 {"field": "country", "in": ["BE"]}}, {"micros": -3}]}}, "price.lead[2].micros")]:
            problem = self.assertProblem(self.operator.call("PATCH", path, body), 422)
            self.assertEqual(problem["field"], field)
        for member, value in (("currency", "EUX"), ("timezone", "Nowhere"), ("caps", {"day": -2})):
            body = {"advertiser": market.advertiser.id, "name": "x", "currency": "EUR", "landing_url": "https://a.example/", member: value}
            problem = self.assertProblem(self.operator.call("POST", "/v1/campaigns", body), 422)
            self.assertIn(problem["field"], (member, "caps.day"))


class Midnight(unittest.TestCase):
    """A cap of one lead a day in each zone, at the milliseconds around the midnights of the days on which clocks change."""

    @staticmethod
    def recorded_click(server, market):
        """None as long as the key of a new day is not there yet."""
        before, click_id = server.metric("clicks"), market.click()
        return click_id if server.metric("clicks") > before else None

    def recorded_lead(self, market, report, at):
        answer = market.publisher.postback(report, ts=at // 1000)
        self.assertIn(answer.status, (200, 503), answer)
        return answer.json if answer.status == 200 else None

    def test_days_are_the_zone_s_over_both_changes(self):
        days = {"America/New_York": [(2027, 3, 14), (2027, 11, 7)], "Europe/Paris": [(2027, 3, 28), (2027, 10, 31)],
                "Asia/Kolkata": [(2027, 3, 28), (2027, 10, 31)]}
        begin_s = int(datetime.datetime(2027, 3, 1, tzinfo=datetime.timezone.utc).timestamp())
        server = ClockServer(stands=begin_s * 1000)
        self.addCleanup(server.close)
        steps, hours = [], {}
        for zone, dates in days.items():
            market = Market(server, {**OPEN, "timezone": zone, "caps": {"day": 1}, "attribution": {"click_days": 365}})
            click_id = wait_for(lambda market=market: self.recorded_click(server, market), what="the day's key")
            for date in dates:
                day = datetime.date(*date)
                first, second = (int(datetime.datetime.combine(day + datetime.timedelta(d), datetime.time(), zoneinfo.ZoneInfo(zone))
                                     .timestamp() * 1000) for d in (0, 1))
                hours[zone, date] = (second - first) / 3600000
                steps += [(first - 2, market, click_id, ""), (first - 1, market, click_id, "cap_day"), (first, market, click_id, ""), (second - 1, market, click_id, "cap_day"),
                          (second, market, click_id, "")]
        self.assertEqual(sorted(hours.values()), [23, 23, 24, 24, 25, 25])
        for at, market, click_id, reason in sorted(steps, key=lambda step: step[0]):
            server.stand(at)
            report = person(click_id=click_id)
            lead = wait_for(lambda market=market, report=report, at=at: self.recorded_lead(market, report, at), what="the day's key")
            self.assertEqual(lead["reason"], reason, at)
        for market in {id(step[1]): step[1] for step in steps}.values():
            audited(self, server, market.contract, market.publisher.token)


if __name__ == "__main__":
    unittest.main()
