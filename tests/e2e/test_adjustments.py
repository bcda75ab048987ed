"""Corrections in money: entries of their own, on the next statement, by the operator's word or with the assent of both; what a log shows of them."""

import csv
import datetime
import io
import json
import re
import shutil
import sys
import tempfile
import time
import unittest
import zoneinfo
from pathlib import Path

from harness import SOURCE, Market, ServerCase, countersign, person, rfc3339, statement_payload
from liar import Liar

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import second_verify  # noqa: E402

LEAD = 5_000_000


class Adjustments(ServerCase):
    settings = {"SWEEP_MS": 100}

    @classmethod
    def set_up_market(cls):
        cls.market = None

    def market_of(self, assent):
        self.market = Market(self.server, campaign={"lead": {"require": ["email"]}, "review": {"mode": "auto", "auto_approve_days": 0}, "dedupe": {"by": []}},
                             contract={"price": {"lead": [{"micros": LEAD}]}, "assent": assent})
        self.market.put_keys()
        self.path = f"/v1/contracts/{self.market.contract}"
        if assent == "both":
            for party in (self.market.advertiser, self.market.publisher):
                self.assertStatus(party.assent(self.market.contract, 1), 201)
        return self.market

    def lead(self):
        return self.assertStatus(self.market.publisher.postback(person(click_id=self.market.click(), phone=None)), 200).json

    def adjust(self, micros, reason="as agreed", **cited):
        return self.assertStatus(self.market.operator.call("POST", f"{self.path}/adjustments", {"micros": micros, "reason": reason, **cited}), 201).json

    def settle(self, **asked):
        made = self.market.operator.post(f"{self.path}/statements", asked)
        jws = self.market.publisher.do("GET", f"/v1/statements/{made['id']}").body
        lines = self.market.publisher.do("GET", f"/v1/statements/{made['id']}/lines").text
        return json.loads(statement_payload(jws)), [json.loads(line) for line in lines.splitlines()]

    def table(self, statement):
        """The CSV's rows of adjustments: what each corrects, its entry, when the advertiser and the publisher agreed."""
        text = self.market.operator.do("GET", f"/v1/statements/{statement['id']}?format=csv").text.removeprefix("\ufeff")
        return [(row["corrects"], row["adjustment"], row["advertiser_assent_at"], row["publisher_assent_at"]) for row in csv.DictReader(io.StringIO(text))
                if row["kind"] in ("adjustment", "disposition")]

    def listed(self):
        return {each["index"]: each for each in self.market.publisher.get(f"{self.path}/adjustments")["data"]}

    def pull(self, mirror):
        pulled = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
        self.assertEqual(pulled.returncode, 0, pulled.stderr)

    def judged(self, mirror, expected):
        verified = countersign("verify", mirror, "--json")
        self.assertEqual(verified.returncode, expected, verified.stdout)
        second = second_verify(mirror)
        self.assertEqual(second.returncode, expected, second.stdout + second.stderr)
        return json.loads(verified.stdout)

    def audit(self):
        """By check, verify and verify.py; the facts that verify tells, by topic."""
        self.market.settled_entries()
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            self.pull(mirror)
            told = {}
            for fact in self.judged(mirror, 0)["facts"]:
                told.setdefault(fact["topic"], []).append(fact)
            return told

    def test_the_operators_word_counts_at_once_and_says_what_it_corrects(self):
        market = self.market_of("operator")
        lead = self.lead()
        self.lead()
        one, _ = self.settle()
        made = self.adjust(-LEAD, "a test order", lead=lead["lead"])
        self.assertEqual((made["state"], made["counts_from"], made["asks_assent"], made["lead"]), ("counts", made["index"], False, lead["lead"]))
        other = self.adjust(700_001, "the <b>\"bonus\"</b> of November", statement=one["id"])
        self.server.kill()
        self.server.start()
        two, lines = self.settle()
        unfit = {"micros": 1, "reason": "x", "lead": lead["lead"], "statement": two["id"]}
        self.assertProblem(market.operator.call("POST", f"{self.path}/adjustments", unfit), 422, "statement")
        self.assertEqual(two["adjustments"], [
            {"adjustment": made["index"], "index": made["index"], "lead": lead["index"], "micros": -LEAD, "reason": "adjustment", "statement": one["id"]},
            {"adjustment": other["index"], "index": other["index"], "micros": 700_001, "reason": "adjustment", "statement": one["id"]}])
        self.assertEqual([line["text"] for line in lines], ["a test order", "the <b>\"bonus\"</b> of November"])
        self.assertEqual((two["gross_micros"], two["net_micros"], two["payable_minor"], two["carried_micros"]), (0, 700_001 - LEAD, -430, 1))
        html = market.operator.do("GET", f"/v1/statements/{two['id']}?format=html").text
        self.assertIn("&lt;b&gt;", html)
        self.assertEqual((html.count("by the operator’s word alone"), "agreed by" in html), (2, False))
        self.assertEqual(self.table(two), [(one["id"], str(made["index"]), "", ""), (one["id"], str(other["index"]), "", "")])
        self.assertEqual({index: each["stands_on"] for index, each in self.listed().items()}, {made["index"]: two["id"], other["index"]: two["id"]})
        told = self.audit()
        self.assertIn("by the operator's word alone", told["adjustment"][0]["sentence"])
        of = next(fact for fact in told["statement"] if fact["data"].get("id") == one["id"])
        self.assertEqual(of["data"]["corrected"]["adjusted"], {"n": 2, "micros": 700_001 - LEAD})
        self.assertIn("corrected since by 2 adjustments of -4.299999 EUR", of["sentence"])

    def test_with_both_it_counts_from_the_second_assent(self):
        market = self.market_of("both")
        lead = self.lead()
        one, _ = self.settle()
        made = self.adjust(-LEAD, "a test order", lead=lead["lead"], statement=one["id"])
        never = self.adjust(LEAD, "nobody agreed to this")
        self.assertEqual((made["state"], made["asks_assent"], made["assents"]), ("awaits_assent", True, []))
        two, _ = self.settle(until=rfc3339(time.time()))
        self.assertEqual((two["adjustments"], two["net_micros"]), ([], 0))
        jws = market.advertiser.adjustment_jws(market.contract, made["index"])
        self.assertEqual(self.assertStatus(market.advertiser.assent_to_adjustment(market.contract, made["index"], jws), 201).json["state"], "awaits_assent")
        self.server.kill()
        self.server.start()
        self.assertStatus(market.advertiser.assent_to_adjustment(market.contract, made["index"], jws), 200)
        done = self.assertStatus(market.publisher.assent_to_adjustment(market.contract, made["index"]), 201).json
        self.assertEqual(([each["party"] for each in done["assents"]], done["state"]), ([market.advertiser.id, market.publisher.id], "counts"))
        self.server.kill()
        self.server.start()
        three, lines = self.settle()
        self.assertEqual(three["adjustments"], [{"adjustment": made["index"], "index": done["counts_from"], "lead": lead["index"], "micros": -LEAD,
                                                 "reason": "adjustment", "statement": one["id"]}])
        self.assertEqual((three["net_micros"], lines[0]["text"]), (-LEAD, "a test order"))
        zone = zoneinfo.ZoneInfo(three["timezone"])
        agreed = [datetime.datetime.fromisoformat(each["at"]).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") for each in done["assents"]]
        self.assertEqual(self.table(three), [(one["id"], str(made["index"]), *agreed)])
        html = re.sub("<[^>]*>", "", market.publisher.do("GET", f"/v1/statements/{three['id']}?format=html").text)
        days = [f"{day.day}\u00a0{day:%b}\u00a0{day.year}" for day in map(datetime.datetime.fromisoformat, agreed)]
        self.assertIn(f"agreed by {market.advertiser.id}, {days[0]}; {market.publisher.id}, {days[1]}", html)
        self.assertEqual(self.listed()[never["index"]]["state"], "awaits_assent")
        disputed = market.publisher.answer_statement(three["id"], "dispute", [done["counts_from"]])
        self.assertStatus(disputed, 201)
        self.adjust(1, "of the second", statement=two["id"])  # counts for nothing yet
        shown = {each["id"]: each for each in market.auditor.get("/v1/statements")["data"]}
        none = {"micros": 0, "n": 0}
        corrected = {"adjusted": {"micros": -LEAD, "n": 1}, "reinstated": none, "returned": none}
        self.assertEqual([shown[each["id"]]["corrected"] for each in (one, two, three)], [corrected, *2 * [{**corrected, "adjusted": none}]])
        self.assertEqual([(answer["role"], answer["verdict"], answer.get("disputed")) for answer in shown[three["id"]]["answers"]],
                         [("advertiser", "none", None), ("publisher", "dispute", 1)])
        whole = market.auditor.get(f"/v1/statements/{three['id']}/responses")["data"]
        self.assertEqual(([answer["verdict"] for answer in whole], whole[1]["disputed"]), (["none", "dispute"], [done["counts_from"]]))
        self.assertEqual(market.auditor.get(f"/v1/statements/{one['id']}/responses")["corrected"], corrected)
        told = self.audit()["adjustment"]
        self.assertEqual([fact["data"].get("counts") for fact in told], [None, None, False, True, None])

    def test_what_comes_to_less_than_nothing_is_owed_or_set_off_as_the_terms_say(self):
        market = self.market_of("operator")
        self.assertStatus(market.operator.do("PATCH", self.path, {"set_off": "next"}), 200)
        self.lead()
        self.settle()
        self.adjust(-2 * LEAD - 1)
        self.adjust(-3)
        carried = self.settle()[0]
        self.assertEqual((carried["net_micros"], carried["payable_minor"], carried["carried_micros"]), (-2 * LEAD - 4, 0, -2 * LEAD - 4))
        self.lead()
        carried = self.settle()[0]
        self.assertEqual((carried["net_micros"], carried["payable_minor"], carried["carried_micros"]), (LEAD, 0, -LEAD - 4))
        self.server.kill()
        self.server.start()
        for _ in range(2):
            self.lead()
        self.adjust(4)
        paid = self.settle()[0]
        self.assertEqual((paid["payable_minor"], paid["carried_micros"]), (LEAD // 10_000, 0))
        self.adjust(-LEAD)
        self.assertEqual(self.settle()[0]["carried_micros"], -LEAD)
        self.assertStatus(market.operator.do("PATCH", self.path, {"set_off": "owed"}), 200)
        owed = self.settle(until=rfc3339(time.time()))[0]
        self.assertEqual((owed["net_micros"], owed["payable_minor"], owed["carried_micros"]), (0, -LEAD // 10_000, 0))
        self.adjust(-LEAD)
        self.audit()

    def test_the_farthest_that_is_carried_is_what_a_statement_can_say(self):
        market, most = self.market_of("operator"), 2**53 - 1 - 1_000_000
        self.assertStatus(market.operator.do("PATCH", self.path, {"set_off": "next"}), 200)
        self.adjust(-most)
        self.assertEqual(self.settle()[0]["carried_micros"], -most)
        self.adjust(-most)
        owed = self.settle()[0]
        self.assertEqual((owed["payable_minor"], owed["carried_micros"]), ((-2 * most) // 10_000, (-2 * most) % 10_000))
        self.adjust(most)
        self.adjust(most)
        self.settle(), self.settle()
        self.audit()

    def test_what_is_taken_back_later_names_the_statement_on_which_it_stood(self):
        market = self.market_of("operator")
        lead, again = self.lead(), self.lead()
        one, _ = self.settle()
        for each in (lead, again):
            market.advertiser.post(f"/v1/leads/{each['lead']}/dispositions", {"status": "returned"})
        two, _ = self.settle()
        self.assertEqual([(each["lead"], each["statement"]) for each in two["adjustments"]], [(lead["index"], one["id"]), (again["index"], one["id"])])
        self.assertEqual(self.table(two), 2 * [(one["id"], "", "", "")])
        market.advertiser.post(f"/v1/leads/{lead['lead']}/dispositions", {"status": "approved"})
        within = self.lead()
        market.advertiser.post(f"/v1/leads/{within['lead']}/dispositions", {"status": "returned"})
        three, _ = self.settle()
        self.assertEqual([each.get("statement") for each in three["adjustments"]], [one["id"], None])
        self.audit()

    def test_what_is_none_is_refused_by_name(self):
        market, stranger = self.market_of("both"), self.market_of("operator")
        theirs = self.lead()["lead"]
        statement = self.settle()[0]["id"]
        self.market, self.path = market, f"/v1/contracts/{market.contract}"
        good = {"micros": 5, "reason": "x"}
        for changes, status, field in (({"micros": 0}, 422, "micros"), ({"micros": "5"}, 422, "micros"), ({"micros": 2**53 - 1}, 422, "micros"), ({"micros": -2**53}, 400, "micros"),
                                       ({"micros": 1.5}, 400, "micros"), ({"reason": ""}, 422, "reason"), ({"reason": " \u200b\u3000"}, 422, "reason"), ({"reason": "a\nb"}, 422, "reason"), ({"reason": "x" * 513}, 422, "reason"),
                                       ({"lead": theirs}, 422, "lead"), ({"lead": "L1"}, 422, "lead"), ({"statement": statement}, 422, "statement"),
                                       ({"statement": "S0"}, 422, "statement"), ({"more": 1}, 422, "more")):
            with self.subTest(changes):
                self.assertProblem(market.operator.call("POST", f"{self.path}/adjustments", {**good, **changes}), status, field)
        self.assertStatus(market.operator.call("POST", f"{self.path}/adjustments", {"micros": 5}), 422)
        for party in (market.advertiser, market.publisher, market.auditor):
            self.assertStatus(party.call("POST", f"{self.path}/adjustments", good), 403)
        direct = market.operator.get(f"/v1/campaigns/{market.campaign}")["direct_contract"]
        self.assertStatus(market.operator.call("POST", f"/v1/contracts/{direct}/adjustments", good), 409)
        made, other = self.adjust(5), self.adjust(6)
        party = market.advertiser
        jws = party.adjustment_jws(market.contract, made["index"])
        for changes, field in (({"adjustment": other["index"]}, "adjustment"), ({"leaf": other["leaf"]}, "leaf"), ({"version": 1}, "version"), ({"typ": "countersign-response"}, "typ"),
                               ({"at": rfc3339(time.time() - 3600)}, "at"), ({"contract": stranger.contract}, "contract"), ({"adjustment": str(made["index"])}, "adjustment")):
            with self.subTest(changes):
                self.assertProblem(party.assent_to_adjustment(market.contract, made["index"], party.adjustment_jws(market.contract, made["index"], **changes)), 422, field)
        self.assertStatus(market.publisher.assent_to_adjustment(market.contract, made["index"], jws), 422)
        self.assertProblem(party.assent_to_adjustment(market.contract, other["index"], jws), 422, "adjustment")
        self.assertStatus(party.assent_to_adjustment(market.contract, made["index"] + 500, jws), 404)
        self.assertProblem(party.assent(market.contract, 1, jws), 422, "version")
        self.assertStatus(party.assent_to_adjustment(market.contract, made["index"], jws), 201)
        self.assertProblem(party.assent_to_adjustment(market.contract, made["index"], party.adjustment_jws(market.contract, made["index"], at=rfc3339(time.time() + 1))), 409, "adjustment")
        self.audit()
        self.market, self.path = stranger, f"/v1/contracts/{stranger.contract}"
        alone = self.adjust(5)
        self.assertStatus(stranger.advertiser.assent_to_adjustment(stranger.contract, alone["index"]), 409)

    def test_no_operator_makes_one_count_with_the_servers_keys(self):
        market = self.market_of("both")
        self.lead()
        self.settle()
        made = self.adjust(-LEAD, "a test order", lead=self.lead()["lead"])
        for party in (market.advertiser, market.publisher):
            self.assertStatus(party.assent_to_adjustment(market.contract, made["index"]), 201)
        market.settled_entries()
        scratch = self.enterContext(tempfile.TemporaryDirectory(prefix="countersign-mirror-"))
        mirror = f"{scratch}/mirror"
        self.pull(f"{scratch}/pulled")

        def more_than_it_says(liar, last):
            liar.entries[last]["payable_micros"] = -2 * LEAD

        def it_counts_for_nothing(liar, last):
            del liar.entries[last]["payable_micros"]

        def counts_with_the_first(liar, last):
            liar.entries[last - 1]["payable_micros"] = -LEAD

        def another_amount(liar, last):
            liar.entries[made["index"]]["micros"] = liar.entries[last]["payable_micros"] = -2 * LEAD

        def at_once(liar, last):
            del liar.entries[made["index"]]["on_assent"]

        def of_the_other_party(liar, last):
            liar.entries[last]["party"] = market.advertiser.id

        def given_twice(liar, last):
            liar.append(liar.entries[last - 1])

        def to_another(liar, last):
            liar.append({**liar.entries[made["index"]], "micros": -1})
            liar.entries[last]["adjustment"] = len(liar.entries) - 1

        def of_no_lead(liar, last):
            liar.entries[made["index"]]["lead"] = 1

        def of_no_statement(liar, last):
            liar.append({"at": liar.entries[last]["at"], "by": liar.entries[made["index"]]["by"], "kind": "adjustment", "micros": 5, "on_assent": True, "reason": "x", "statement": "S0"})

        def by_a_party(liar, last):
            liar.append({"at": liar.entries[last]["at"], "by": market.advertiser.id, "kind": "adjustment", "micros": 5, "on_assent": True, "reason": "x"})

        def blank(liar, last):
            liar.append({"at": liar.entries[last]["at"], "by": liar.entries[made["index"]]["by"], "kind": "adjustment", "micros": 5, "on_assent": True, "reason": " "})

        for lie in (lambda liar, last: None, blank, more_than_it_says, it_counts_for_nothing, counts_with_the_first, another_amount, at_once, of_the_other_party,
                    given_twice, to_another, of_no_lead, of_no_statement, by_a_party):
            with self.subTest(lie.__name__):
                shutil.rmtree(mirror, ignore_errors=True)
                shutil.copytree(f"{scratch}/pulled", mirror)
                liar = Liar(self.server.data, Path(mirror), market.contract)
                lie(liar, liar.last("assent"))
                liar.publish()
                told = self.judged(mirror, int(lie.__name__ not in ("<lambda>", "blank")))
                said = [fact["sentence"] for fact in told["facts"] if fact["topic"] == "adjustment"]
                self.assertEqual(any("no reason given" in sentence for sentence in said), lie is blank, said)


if __name__ == "__main__":
    unittest.main()
