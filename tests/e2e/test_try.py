"""`try`: how the last leads would have fared is what really comes of them in a campaign that has those terms; and nothing is recorded."""

import os
import random
import time
import unittest

from harness import Market, Party, ServerCase, person

NOW_KEYS = ("status", "reason", "payout_micros")
OLD = {"lead": {"require": ["email"]}, "review": {"mode": "auto"}, "default_country": "FR", "dedupe": {"by": ["email", "phone"], "days": 90}}
PRICE = {"price": {"lead": [{"micros": 5_000_000}]}}

# What is proposed of the campaign, and of its contract.
PROPOSALS = (
    ({}, {}),
    ({"lead": {"rules": [{"field": "f_age", "min": 30}, {"field": "country", "in": ["FR"]}]}}, {}),
    ({"lead": {"require": ["email", "phone", "f_age"]}}, {}),
    ({"lead": {"honeypot": "f_url"}}, {}),
    ({"dedupe": {"by": ["email"]}}, {}),
    ({"default_country": "US", "lead": {"require": ["phone"]}}, {}),
    ({"review": {"auto_approve_days": 0}}, {"price": {"lead": [{"when": {"field": "f_age", "min": 40}, "micros": 9_000_000}, {"micros": 1_000_000}]}}),
    ({"accept_from": ["advertiser"]}, {}),
    ({"dedupe": {"by": []}}, {}),
)


class Try(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market = None

    def market_of(self, campaign=None, contract=None):
        return Market(self.server, campaign={**OLD, **(campaign or {})}, contract={**PRICE, **(contract or {})})

    def leads(self, seed, n):
        """Fields of leads that share persons, and which click each has."""
        chance = random.Random(seed)
        people = [{"email": f"p{i}@shop.example", "phone": f"06 12 34 {i:02} {seed % 100:02}"} for i in range(n // 2)]
        for i in range(n):
            who = chance.choice(people)
            fields = {"email": who["email"] if chance.random() < .8 else f"x{i}@shop.example", "phone": who["phone"] if chance.random() < .6 else None,
                      "country": chance.choice(["FR", "BE", None]), "first_name": "Léa", "txid": f"t{seed}-{i}",
                      "f_age": str(chance.randrange(18, 60)) if chance.random() < .8 else None, "f_url": "x" if chance.random() < .1 else None}
            yield {name: value for name, value in fields.items() if value is not None}, chance.random() < .9

    def report(self, market, reports):
        """What each was answered; None for one that was not taken."""
        outcomes = []
        for fields, clicked in reports:
            answer = market.publisher.postback({**fields, "contract": market.contract, **({"click_id": market.click()} if clicked else {})})
            outcomes.append({key: answer.json[key] for key in (*NOW_KEYS, "lead")} if answer.status == 200 else None)
        return outcomes

    def try_out(self, market, campaign, contract=None):
        body = {**campaign, **({"contract": {"id": market.contract, **contract}} if contract else {})}
        return self.assertStatus(market.advertiser.call("POST", f"/v1/campaigns/{market.campaign}/try", body), 200).json

    def counted(self, outcomes):
        """The buckets that these come to."""
        buckets = {}
        for outcome in outcomes:
            key = (outcome["status"], outcome["reason"]) if outcome else ("not_taken", "")
            n, micros = buckets.get(key, (0, 0))
            buckets[key] = n + 1, micros + (outcome["payout_micros"] if outcome else 0)
        return buckets

    def side(self, side):
        buckets = {(o["status"], o["reason"]): (o["leads"], o["payout_micros"]) for o in side["outcomes"]}
        self.assertEqual(sum(micros for _, micros in buckets.values()), side["payout_micros"])
        return buckets

    def test_it_equals_really_having_had_these_terms(self):
        seed = int(os.environ.get("SEED", random.randrange(10**6)))
        print(f"SEED={seed}", flush=True)
        reports = list(self.leads(seed, 60))
        market = self.market_of()
        before = self.report(market, reports)
        self.assertGreater(len(self.counted(before)), 2)
        differ = 0
        for campaign, contract in PROPOSALS:
            with self.subTest(campaign=campaign, contract=contract):
                tried = self.try_out(market, campaign, contract)
                lead = {**OLD["lead"], **campaign.get("lead", {})}
                really = self.report(self.market_of({**campaign, "lead": lead, "dedupe": {**OLD["dedupe"], **campaign.get("dedupe", {})}}, contract), reports)
                self.assertEqual((tried["leads"], tried["unknown"], tried["currency"]), (60, 0, "EUR"))
                self.assertEqual(self.side(tried["before"]), self.counted(before))
                self.assertEqual(self.side(tried["after"]), self.counted(really))
                changes = {change["lead"]: change for change in tried["changes"]}
                for old, new in zip(before, really):
                    outcomes = [{key: o[key] for key in NOW_KEYS} if o else {"status": "not_taken", "reason": "", "payout_micros": 0} for o in (old, new)]
                    change = changes.pop(old["lead"], None)
                    if outcomes[0] == outcomes[1]:
                        self.assertIsNone(change)
                    else:
                        self.assertEqual([change["before"], change["after"]], outcomes)
                self.assertEqual(changes, {})
                differ += bool(tried["changes"])
        self.assertEqual(self.try_out(market, {})["changes"], [])
        self.assertGreaterEqual(differ, len(PROPOSALS) - 3, "the proposals do not change anything")  # one does not, few may not by chance

    def test_what_became_of_a_lead_frees_its_person_here_too(self):
        market = self.market_of()
        first, other, third = ({"email": "a@shop.example", "contract": market.contract, "click_id": market.click()} for _ in range(3))
        lead = market.publisher.postback({**first, "txid": "1"}).json["lead"]
        market.advertiser.do("POST", f"/v1/leads/{lead}/dispositions", {"status": "rejected"})
        self.assertEqual(market.publisher.postback({**other, "txid": "2"}).json["status"], "pending")
        self.assertEqual(market.publisher.postback({**third, "txid": "3"}).json["status"], "duplicate")
        self.assertEqual(self.try_out(market, {})["changes"], [])
        ended = self.try_out(market, {}, {"ends_at": "2020-01-01T00:00:00Z"})
        self.assertEqual(self.side(ended["after"]), {("rejected", "contract_ended"): (3, 0)})
        tried = self.try_out(market, {"review": {"auto_approve_days": 0}})
        self.assertEqual(self.side(tried["after"]), {("approved", ""): (2, 10_000_000), ("duplicate", "duplicate"): (1, 0)})
        self.assertEqual([change["after"]["status"] for change in tried["changes"]], ["approved", "approved"])

    def test_a_person_that_a_duplicate_leads_back_to(self):
        market = self.market_of({"review": {"mode": "manual"}})
        reports = [{"email": "c@shop.example", "contract": market.contract, "click_id": market.click(), "txid": f"t{n}"} for n in range(3)]
        lead = market.publisher.postback(reports[0]).json["lead"]
        self.assertEqual(market.publisher.postback(reports[1]).json["status"], "duplicate")
        market.advertiser.do("POST", f"/v1/leads/{lead}/dispositions", {"status": "rejected"})
        self.assertEqual(market.publisher.postback(reports[2]).json["status"], "pending")
        for proposal in ({"name": "same"}, {"caps": {"day": 3}}, {"dedupe": {"by": ["email"], "days": 90}}):
            tried = self.try_out(market, proposal)
            self.assertEqual((tried["unknown"], tried["changes"]), (0, []), proposal)

    def test_shared_leads_are_told_where_the_model_stays(self):
        for model in ("first", "linear", "time-decay", "position"):
            market = self.market_of({"attribution": {"model": model}})
            other = market.new_publisher()
            code = market.new_code(other, market.new_contract(other, **PRICE))
            for codes in ((market.code, market.code), (market.code, code), (code,)):
                clicks = []
                for market.code in codes:
                    clicks.append(market.click())
                answer = market.advertiser.postback(person(touches=",".join(clicks)))
                self.assertEqual(self.assertStatus(answer, 200).json["status"], "pending")
                market.code = codes[0]
            tried = self.try_out(market, {"name": "same"})
            self.assertEqual((tried["unknown"], tried["changes"]), (0, []), model)
            self.assertEqual(tried["after"]["payout_micros"], 15_000_000, model)
            self.assertEqual(self.try_out(market, {"attribution": {"model": "last"}})["unknown"], 0, model)

    def shared(self, model):
        """A market of two publishers at different prices, and three leads: of both, of both the other way round, of one."""
        market = self.market_of({"attribution": {"model": model}})
        other = Party(market.operator, "Other", "publisher")
        contracts = market.contract, market.new_contract(other, price={"lead": [{"micros": 8_000_000}]})
        code = market.new_code(other, contracts[1])
        own, paid = market.code, []
        for codes in ((own, own, code), (code, own), (own,)):
            clicks = []
            for market.code in codes:
                clicks.append(market.click())
                time.sleep(0.002)  # which was last is told by milliseconds
            fields = person(touches=",".join(clicks))
            self.assertEqual(self.assertStatus(market.advertiser.postback(fields), 200).json["status"], "pending")
            leads = [lead for contract in contracts for lead in market.advertiser.get(f"/v1/contracts/{contract}/leads")["data"]]
            paid.append(sum(lead["payout_micros"] for lead in leads if lead["txid"] == fields["txid"]))
        return market, paid

    def test_a_shared_lead_is_one_and_is_dealt_as_it_really_would_be(self):
        markets = {model: self.shared(model) for model in ("last", "first", "linear", "position")}
        for model, (market, before) in markets.items():
            for other, (_, after) in markets.items():
                with self.subTest(f"{model} -> {other}"):
                    tried = self.try_out(market, {"attribution": {"model": other}, "caps": {"day": 100}})
                    self.assertEqual((tried["leads"], tried["unknown"]), (3, 0))
                    self.assertEqual(self.side(tried["before"]), {("pending", ""): (3, sum(before))})
                    self.assertEqual(self.side(tried["after"]), {("pending", ""): (3, sum(after))})
                    told = [(c["before"]["payout_micros"], c["after"]["payout_micros"]) for c in tried["changes"]]
                    self.assertEqual(told, [pair for pair in zip(before, after) if pair[0] != pair[1]])
        tried = self.try_out(markets["linear"][0], {"attribution": {"model": "last"}, "accept_from": ["publisher"]})
        self.assertEqual(self.side(tried["after"]), {("not_taken", ""): (3, 0)})

    def test_a_lead_that_another_contract_would_have_stands_there_at_its_time(self):
        market = self.market_of()
        other = market.new_publisher()
        own, code = market.code, market.new_code(other, market.new_contract(other, **PRICE))
        for txid, codes in (("1", (own, code)), ("2", (own,))):
            clicks = []
            for market.code in codes:
                clicks.append(market.click())
                time.sleep(0.002)
            answer = market.advertiser.postback({"email": "d@shop.example", "txid": txid, "touches": ",".join(clicks)})
        self.assertEqual(answer.json["status"], "duplicate")
        tried = self.try_out(market, {"attribution": {"model": "first"}})
        self.assertEqual((tried["unknown"], self.side(tried["after"])), (0, {("pending", ""): (1, 5_000_000), ("duplicate", "duplicate"): (1, 0)}))
        self.assertEqual(tried["changes"], [])

    def test_nothing_is_recorded_and_nobody_is_named(self):
        market = self.market_of()
        market.publisher.postback(person(click_id=market.click(), email="secret.person@shop.example", f_age="4177777", txid="order-4177777"))
        before, recorded = market.settled_entries(), self.recorded()
        answer = market.operator.call("POST", f"/v1/campaigns/{market.campaign}/try", {"lead": {"rules": [{"field": "f_age", "max": 40}]}})
        self.assertEqual([change["after"]["reason"] for change in self.assertStatus(answer, 200).json["changes"]], ["outside_profile"])
        for word in ("secret", "f_age", "4177777", "order-"):  # too long to stand in a random lead reference by chance
            self.assertNotIn(word, answer.text)
        self.assertNothingRecorded(recorded)
        self.assertEqual(market.settled_entries()[:-1], before)  # but for the click that settled them
        shown = market.operator.get(f"/v1/campaigns/{market.campaign}")
        self.assertEqual(shown["lead"]["rules"], [])

    def test_bad_proposals_are_refused_like_a_patch(self):
        market, stranger = self.market_of(), self.market_of()
        path = f"/v1/campaigns/{market.campaign}/try"
        mine = {"id": market.contract}
        for body, status, field in (({"lead": {"rules": [{"field": "f_x"}]}}, 422, "lead.rules[0]"), ({"nonsense": 1}, 422, "nonsense"),
                                    ({"currency": "USD"}, 422, "currency"), ({"timezone": "Mars/Base"}, 422, "timezone"),
                                    ({"effective_at": "2099-01-01T00:00:00Z"}, 422, "effective_at"), ({"contract": 5}, 422, "contract"),
                                    ({"contract": {}}, 422, "contract.id"), ({"contract": {"id": stranger.contract}}, 422, "contract.id"),
                                    ({"contract": {**mine, "price": {"lead": [{"micros": -1}]}}}, 422, "contract.price.lead[0].micros"),
                                    ({"contract": {**mine, "publisher": "P1"}}, 422, "contract.publisher")):
            with self.subTest(body):
                self.assertProblem(market.advertiser.call("POST", path, body), status, f'"field": "{field}')
        self.assertProblem(market.advertiser.call("POST", path, b"{"), 400)
        self.assertProblem(market.publisher.call("POST", path, {}), 403)
        self.assertProblem(stranger.advertiser.call("POST", path, {}), 404)

    def test_leads_of_all_contracts_stand_in_each_others_way(self):
        market = self.market_of()
        other = market.new_publisher()
        contract = market.new_contract(other)
        code = market.new_code(other, contract)
        for code_of, sender, txid in ((market.code, market.publisher, "1"), (code, other, "2")):
            market.code = code_of
            answer = sender.postback({"email": "b@shop.example", "txid": txid, "click_id": market.click()})
        self.assertEqual(answer.json["status"], "duplicate")
        self.assertEqual(self.try_out(market, {})["changes"], [])
        tried = self.try_out(market, {"dedupe": {"by": []}})
        self.assertEqual([change["contract"] for change in tried["changes"]], [contract])
        self.assertEqual(tried["unknown"], 0)

    def test_it_looks_at_the_newest_500(self):
        market = self.market_of()
        for n in range(503):
            market.publisher.postback({"email": f"n{n}@shop.example", "txid": f"n{n}", "contract": market.contract})
        tried = self.try_out(market, {})
        self.assertEqual((tried["leads"], tried["changes"]), (500, []))


if __name__ == "__main__":
    unittest.main(verbosity=2)
