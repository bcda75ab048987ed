"""One lead of three publishers: whose it is by each model, what each is paid, and what becomes of the parts. The model here is written apart,
with fractions and decimals, from FORMATS.md."""

import json
import os
import random
import tempfile
import time
import unittest
from decimal import Decimal, getcontext
from fractions import Fraction

from harness import BROWSER, Party, ServerCase, click, countersign, person, statement_payload

getcontext().prec = 60
SEED = int(os.environ.get("SEED") or time.time())
WHOLE = 1_000_000
DAY_MS = 86_400_000
PRICES = (10_000_001, 7_999_999, 3)
MODELS = ("last", "first", "linear", "time-decay", "position")


def weights(model, times, half_life_days):
    n = len(times)
    if model == "last":
        return [Fraction(i == n - 1) for i in range(n)]
    if model == "first":
        return [Fraction(i == 0) for i in range(n)]
    if model == "position" and n > 2:
        return [Fraction(2, 5) if i in (0, n - 1) else Fraction(1, 5 * (n - 2)) for i in range(n)]
    if model == "time-decay":
        return [Fraction(Decimal(2) ** (Decimal(at - times[-1]) / Decimal(half_life_days * DAY_MS))) for at in times]
    return [Fraction(1)] * n


def shares(model, times, half_life_days=7):
    """Floors of the exact shares; what is left to the largest remainders, of equal ones to the latest."""
    weight = weights(model, times, half_life_days)
    exact = [WHOLE * w / sum(weight) for w in weight]
    share = [int(e) for e in exact]
    order = sorted(range(len(exact)), key=lambda i: (exact[i] - share[i], i), reverse=True)
    for i in order[:WHOLE - sum(share)]:
        share[i] += 1
    return share


def parts(model, touches, prices, half_life_days=7):
    """touches: (time, contract), oldest first. {contract: (from, to, micros)}, in the order of the intervals."""
    share, of, out, at = shares(model, [t for t, _ in touches], half_life_days), {}, {}, 0
    for (_, contract), s in zip(touches, share):
        of[contract] = of.get(contract, 0) + s
    latest = {contract: i for i, (_, contract) in enumerate(touches)}
    for contract in sorted((c for c in of if of[c]), key=latest.get):
        to = at + of[contract]
        out[contract] = (at, to, prices[contract] * to // WHOLE - prices[contract] * at // WHOLE)
        at = to
    return out


class Shop:
    """A campaign of one model, with three publishers, each with a price of its own."""

    def __init__(self, market, model, **campaign):
        self.market, self.operator, self.advertiser, self.model = market, market.operator, market.advertiser, model
        self.half_life = 1
        self.campaign = self.advertiser.post("/v1/campaigns", {
            "advertiser": self.advertiser.id, "name": f"Offer by {model}", "currency": "EUR", "landing_url": "https://shop.example/",
            "attribution": {"model": model, "click_days": 30, "half_life_days": self.half_life}, "review": {"mode": "manual"},
            "repeat_window_s": 0, **campaign})["id"]
        self.publishers = [Party(self.operator, f"Publisher {n}", "publisher") for n in range(3)]
        self.contracts = [self.operator.post("/v1/contracts", {"campaign": self.campaign, "publisher": p.id, "price": {"lead": [{"micros": price}]}})["id"]
                          for p, price in zip(self.publishers, PRICES)]
        self.codes = [market.new_code(p, c)["click_url"] for p, c in zip(self.publishers, self.contracts)]

    def click(self, publisher):
        answer, click_id = click(self.codes[publisher], **BROWSER)
        assert answer.status == 302 and click_id, answer
        time.sleep(0.02)  # none before the one before, whichever worker's clock it gets
        return click_id

    def path(self, pattern):
        """Clicks in this order of publishers: their ids."""
        return [self.click(p) for p in pattern]

    def report(self, clicks, **fields):
        answer = self.advertiser.postback(person(touches=",".join(clicks), **fields))
        assert answer.status == 200, answer
        return answer.json

    def leads(self, publisher):
        return self.operator.get(f"/v1/contracts/{self.contracts[publisher]}/leads", limit=200)["data"]

    def of_txid(self, txid):
        """{publisher: its part as shown to the operator, with the entry}."""
        found = {}
        for p in range(3):
            for lead in self.leads(p):
                if lead.get("txid") == txid:
                    assert p not in found, "two parts of one lead in one contract"
                    found[p] = self.operator.get(f"/v1/leads/{lead['lead']}")
        return found

    def click_times(self, clicks_by, lead):
        """(ms, publisher) of each touch, from the entries of the parts: `clicks_by` says how many of whose there are."""
        times = []
        for p, part in lead.items():
            entry = part["entry"]
            times += [(touch["clicked_ms"], p) for touch in [*entry.get("touches", []), {"clicked_ms": entry["clicked_ms"]}]]
        assert len(times) == sum(clicks_by.values()), (times, clicks_by)
        return sorted(times)


class Shares(ServerCase):
    def assert_parts(self, shop, lead, expected):
        self.assertEqual({p: (part.get("share_from", 0), part.get("share_to", WHOLE), part["payout_micros"]) for p, part in lead.items()}, expected)

    def check_holds(self):
        """A hot look at the store would race with the sweep: the server stops for it."""
        self.server.stop()
        done = countersign("check", "--data", self.server.data)
        self.server.start()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def mirrors_hold(self, shop):
        for p, contract in enumerate(shop.contracts):
            with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
                pulled = countersign("pull", self.server.url, mirror, "--contract", contract, "--token", shop.publishers[p].token)
                self.assertEqual(pulled.returncode, 0, pulled.stderr)
                done = countersign("verify", mirror)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_model_pays_what_a_model_written_apart_pays(self):
        for model in MODELS:
            with self.subTest(model=model):
                shop = Shop(self.market, model)
                clicks = shop.path([0, 1, 2, 0, 1])
                told = random.Random(SEED).sample(clicks, len(clicks))
                said = shop.report(told, txid="A1")
                lead = shop.of_txid("A1")
                if model in ("last", "first"):
                    whole = {"last": 1, "first": 0}[model]
                    self.assert_parts(shop, lead, {whole: (0, WHOLE, PRICES[whole])})
                    self.assertNotIn("share_to", lead[whole]["entry"])
                else:
                    touches = shop.click_times({0: 2, 1: 2, 2: 1}, lead)
                    self.assert_parts(shop, lead, parts(model, touches, PRICES, shop.half_life))
                    self.assertEqual(len({part["entry"]["commit"] for part in lead.values()}), 1)
                    self.assertEqual(len({part["entry"]["at"] for part in lead.values()}), 1)
                answers = {"last": 1, "first": 0}.get(model, 1)  # the contract of the latest touch, or of all of it
                self.assertEqual((said["lead"], said["contract"], said["payout_micros"]),
                                 (lead[answers]["lead"], shop.contracts[answers], lead[answers]["payout_micros"]))
                self.mirrors_hold(shop)
        self.assertIn("decisions", self.check_holds())

    def test_the_model_written_apart_is_none_that_takes_anything(self):
        """Its negative control: another order, another price, another model pay otherwise."""
        touches = [(1000, 0), (2000, 1), (3000, 2), (4000, 0)]
        right = parts("position", touches, PRICES)
        self.assertNotEqual(right, parts("position", touches[::-1], PRICES))
        self.assertNotEqual(right, parts("linear", touches, PRICES))
        self.assertEqual([sum(to - at for at, to, _ in parts(m, touches, PRICES).values()) for m in MODELS], [WHOLE] * 5)
        self.assertEqual(shares("position", [1, 2, 3, 4]), [400_000, 100_000, 100_000, 400_000])
        self.assertEqual(shares("time-decay", [0, DAY_MS], 1), [333_333, 666_667])

    def test_permuted_and_repeated_touches_are_the_same_lead_shared_alike(self):
        rng = random.Random(SEED)
        print(f"SEED={SEED}")
        shop = Shop(self.market, rng.choice(MODELS[2:]))
        clicks = shop.path([2, 0, 1, 2, 0])
        seen = set()
        for n in range(6):
            told = rng.sample(clicks, len(clicks)) + rng.choices(clicks, k=4)
            shop.report(told[:10], txid=f"T{n}")
            lead = shop.of_txid(f"T{n}")
            seen.add(json.dumps({p: (part["share_from"] if "share_from" in part else 0, part["share_to"], part["payout_micros"])
                                 for p, part in lead.items()}, sort_keys=True))
            self.assertEqual(sum(part["share_to"] - part.get("share_from", 0) for part in lead.values()), WHOLE)
        self.assertEqual(len(seen), 1, seen)

    def test_a_person_is_paid_once_whoever_reports_it_again(self):
        shop = Shop(self.market, "linear")
        clicks = shop.path([0, 1])
        who = person()
        first = shop.advertiser.postback({**who, "touches": ",".join(clicks)}).json
        self.assertEqual(first["status"], "pending")
        again = shop.advertiser.postback({**who, "txid": "other", "touches": ",".join(reversed(clicks))}).json
        self.assertEqual(again["status"], "duplicate")
        for part in shop.of_txid("other").values():  # each sees its own part of the first one
            self.assertEqual((part["status"], part["entry"]["dup"]["contract"]), ("duplicate", part["contract"]))
        by_publisher = shop.publishers[0].postback({**who, "txid": "mine", "click_id": clicks[0]}).json
        self.assertEqual(by_publisher["status"], "duplicate")
        same = shop.advertiser.postback({**who, "touches": ",".join(clicks)}).json  # the same report
        self.assertEqual((same["lead"], same["receipt"]), (first["lead"], first["receipt"]))
        shop.advertiser.postback({"lead": first["lead"], "status": "rejected"})  # frees the person
        self.assertEqual(shop.advertiser.postback({**who, "txid": "third", "touches": ",".join(clicks)}).json["status"], "pending")
        back = shop.advertiser.postback({"lead": first["lead"], "status": "approved"})
        self.assertStatus(back, 409)  # nobody is paid for twice
        self.check_holds()

    def statuses(self, shop, txid):
        return {p: part["status"] for p, part in shop.of_txid(txid).items()}

    def test_what_becomes_of_a_part_becomes_of_all(self):
        shop = Shop(self.market, "position")
        clicks = shop.path([0, 1, 2])
        refs = {}
        for n, address in enumerate(("primary", "part", "txid", "click")):
            shop.report(clicks, txid=f"D{n}")
            lead = shop.of_txid(f"D{n}")
            refs[address] = ({"lead": lead[2]["lead"]} if address == "primary" else {"lead": lead[0]["lead"]} if address == "part" else
                             {"txid": f"D{n}"} if address == "txid" else {"txid": f"D{n}", "click_id": clicks[1]})
        for n, address in enumerate(refs):
            for status in ("approved", "returned", "approved", "converted"):
                with self.subTest(address=address, status=status):
                    said = shop.advertiser.postback({**refs[address], "status": status, **({"amount": "99.50", "currency": "EUR"} if status == "converted" else {})})
                    self.assertStatus(said, 200)
                    self.assertEqual(self.statuses(shop, f"D{n}"), dict.fromkeys(range(3), status))
                    again = shop.advertiser.postback({**refs[address], "status": status, **({"amount": "99.50", "currency": "EUR"} if status == "converted" else {})})
                    self.assertEqual((again.json["index"], again.json["receipt"]), (said.json["index"], said.json["receipt"]))
        rejected = shop.advertiser.postback({**refs["part"], "status": "rejected"})
        self.assertStatus(rejected, 409)
        self.assertEqual(self.statuses(shop, "D1"), dict.fromkeys(range(3), "converted"))
        for p in (0, 2):  # the part's own money, each in its own statement
            part = shop.of_txid("D0")[p]
            statement = shop.operator.post(f"/v1/contracts/{shop.contracts[p]}/statements", {})["id"]
            payload = json.loads(statement_payload(shop.operator.do("GET", f"/v1/statements/{statement}").body))
            self.assertEqual(payload["net_micros"], 4 * part["payout_micros"])
            self.assertEqual(payload["counts"]["leads"]["total"], 4)
            lines = [json.loads(line) for line in shop.operator.do("GET", f"/v1/statements/{statement}/lines").text.splitlines()]
            self.assertEqual({(line.get("share_from", 0), line["share_to"]) for line in lines}, {(part.get("share_from", 0), part["share_to"])})
            table = shop.operator.do("GET", f"/v1/statements/{statement}?format=csv").text
            self.assertIn(f",{part.get('share_from', 0)},{part['share_to']},", table)
            self.assertIn("40% of the lead", shop.operator.do("GET", f"/v1/statements/{statement}?format=html").text)
        self.mirrors_hold(shop)
        self.check_holds()

    def test_parts_are_approved_by_themselves_together(self):
        shop = Shop(self.market, "linear", review={"mode": "auto", "auto_approve_days": 0})
        shop.report(shop.path([0, 1, 2]), txid="auto")
        self.assertEqual(self.statuses(shop, "auto"), dict.fromkeys(range(3), "approved"))

    def test_a_shared_lead_counts_once_in_its_campaign(self):
        shop = Shop(self.market, "linear")
        shop.operator.patch(f"/v1/campaigns/{shop.campaign}", {"caps": {"day": 2}})
        for txid in ("C1", "C2", "C3"):
            shop.report(shop.path([0, 1, 2]), txid=txid)
        for txid, word in (("C1", ("pending", "")), ("C2", ("pending", "")), ("C3", ("rejected", "cap_day"))):
            self.assertEqual({p: (part["status"], part["reason"]) for p, part in shop.of_txid(txid).items()}, dict.fromkeys(range(3), word), txid)
        self.assertStatus(shop.advertiser.postback({"txid": "C1", "status": "rejected"}), 200)
        shop.report(shop.path([0, 1]), txid="C4")  # its place is free again
        self.assertEqual(self.statuses(shop, "C4"), dict.fromkeys(range(2), "pending"))
        self.mirrors_hold(shop)
        self.check_holds()

    def test_a_part_can_be_refused_alone(self):
        shop = Shop(self.market, "linear")
        clicks = shop.path([0, 1, 2])
        shop.operator.patch(f"/v1/contracts/{shop.contracts[0]}", {"ends_at": "2026-01-01T00:00:00Z"})
        shop.report(clicks, txid="E")
        lead = shop.of_txid("E")
        self.assertEqual({p: (part["status"], part["reason"]) for p, part in lead.items()},
                         {0: ("rejected", "contract_ended"), 1: ("pending", ""), 2: ("pending", "")})
        for status in ("approved", "returned", "approved"):
            self.assertStatus(shop.advertiser.postback({"txid": "E", "status": status}), 200)
            self.assertEqual(self.statuses(shop, "E"), {0: "rejected", 1: status, 2: status})
        told = self.assertProblem(shop.advertiser.postback({"lead": lead[0]["lead"], "status": "returned"}), 409, "status", shop.contracts[1])
        self.assertRegex(told["detail"], "part of a shared lead, and is rejected.* approved: name that one")
        self.assertStatus(shop.advertiser.postback({"lead": lead[0]["lead"], "status": "approved"}), 200)  # by hand, and it alone
        self.assertEqual(self.statuses(shop, "E"), dict.fromkeys(range(3), "approved"))
        self.mirrors_hold(shop)
        self.check_holds()

    def test_one_publisher_alone_has_all_of_it(self):
        shop = Shop(self.market, "time-decay")
        clicks = shop.path([1, 1, 1])
        said = shop.report(clicks, txid="own")
        lead = shop.of_txid("own")
        self.assert_parts(shop, lead, {1: (0, WHOLE, PRICES[1])})
        self.assertEqual((said["payout_micros"], lead[1]["entry"]["other_touches"]), (PRICES[1], 2))
        self.assertNotIn("touches", lead[1]["entry"])


if __name__ == "__main__":
    unittest.main()
