"""Postbacks: every rule of how a party reports, and each way to get it wrong, after which nothing may have been recorded."""

import hashlib
import json
import secrets
import tempfile
import time
import unittest
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import BROWSER, Market, Party, Server, ServerCase, b64u_decode, click, jws_payload, person, query_signature, send


class Leads(ServerCase):
    def report(self, **changes):
        return self.assertStatus(self.market.publisher.postback(person(click_id=self.market.click(), **changes)), 200).json

    def assertDecision(self, got, status, reason=""):
        self.assertEqual((got["status"], got["reason"]), (status, reason), got)

    def test_an_accepted_lead_and_its_receipt(self):
        got = self.report()
        self.assertDecision(got, "pending")
        self.assertEqual((got["contract"], got["payout_micros"], got["currency"]), (self.market.contract, 12_000_000, "EUR"))
        self.assertTrue(got["lead"].startswith("L"))
        receipt = jws_payload(got["receipt"])
        self.assertEqual((receipt["contract"], receipt["index"], receipt["status"]), (got["contract"], got["index"], "pending"))
        entries = self.market.settled_entries()
        self.assertEqual(entries[got["index"]]["kind"], "lead")
        raw = dict(self.market.entries())[got["index"]]
        leaf = hashlib.sha256(b"\0" + raw).hexdigest()
        self.assertIn(leaf, json.dumps(receipt), "the receipt names the leaf")
        keys = {key["kid"]: key for key in send(self.server.url + "/.well-known/jwks.json").json["keys"]}
        self.assertIn(json.loads(b64u_decode(got["receipt"].split(".")[0]))["kid"], keys)

    def test_price_tiers(self):
        self.assertEqual(self.report(country="FR")["payout_micros"], 12_000_000)
        self.assertEqual(self.report(country="BE")["payout_micros"], 8_000_000)

    def test_rejections_pay_nothing_and_are_recorded(self):
        cases = [({"email": ""}, "missing_field"), ({"phone": None}, "missing_field"), ({"email": "not-an-address"}, "bad_email"),
                 ({"phone": "12"}, "bad_phone"), ({"test": "1"}, "test")]
        for changes, reason in cases:
            with self.subTest(reason, **changes):
                got = self.report(**changes)
                self.assertDecision(got, "rejected", reason)
                self.assertEqual(got["payout_micros"], 0)

    def test_without_a_click(self):
        post = self.market.publisher.postback
        self.assertDecision(self.assertStatus(post(person()), 200).json, "rejected", "no_click")
        self.assertDecision(self.assertStatus(post(person(click_id="A" * 46)), 200).json, "rejected", "unknown_click")
        self.assertDecision(self.assertStatus(post(person(click_id="garbage")), 200).json, "rejected", "unknown_click")

    def test_nobody_guesses_whose_a_lead_is(self):
        """A publisher of two advertisers: neither gets the other's contacts for want of a click id."""
        ours, theirs = Market(self.server), Market(self.server)
        shared = ours.operator.post("/v1/contracts", {"campaign": theirs.campaign, "publisher": ours.publisher.id, "price": {"lead": []}})["id"]
        others = theirs.click()  # another publisher's reads as none
        before = self.recorded()
        for click_id in ({}, {"click_id": "A" * 46}, {"click_id": others}):
            self.assertProblem(ours.publisher.postback(person(**click_id)), 400, "campaign")
        self.assertNothingRecorded(before)
        for where, contract in (({"campaign": theirs.campaign}, shared), ({"contract": shared}, shared), ({"campaign": ours.campaign}, ours.contract)):
            got = self.assertStatus(ours.publisher.postback(person(**where)), 200).json
            self.assertDecision(got, "rejected", "no_click")
            self.assertEqual(got["contract"], contract)
            for market in (ours, theirs):
                seen = market.advertiser.call("GET", "/v1/leads/" + got["lead"]).status
                self.assertEqual(seen, 200 if (market is theirs) == (contract == shared) else 404)

    def test_click_ids_by_their_aliases(self):
        for alias in ("click_id", "clickid", "cid", "subid", "cnv_id"):
            with self.subTest(alias):
                got = self.assertStatus(self.market.publisher.postback(person(**{alias: self.market.click()})), 200).json
                self.assertDecision(got, "pending")

    def test_of_more_touches_than_count_the_latest_stay(self):
        market = Market(self.server)
        other = Party(self.server.operator, "Other", "publisher")
        contract = market.new_contract(other)
        clicks = [market.click() for _ in range(10)]
        last = click(market.new_code(other, contract)["click_url"], **BROWSER)[1]
        everything = ",".join([*clicks[1:], last])
        got = self.assertStatus(market.advertiser.postback(person(click_id=clicks[0], touches=everything)), 200).json
        self.assertEqual(got["ignored"], ["touches"])
        shown = market.advertiser.get(f"/v1/leads/{got['lead']}")
        self.assertEqual(shown["contract"], contract)
        got = self.assertStatus(market.advertiser.postback(person(click_id=last, touches=",".join(clicks[:9]))), 200).json
        self.assertEqual((got["ignored"], market.advertiser.get(f"/v1/leads/{got['lead']}")["contract"]), ([], contract))

    def test_a_click_id_that_does_not_count_where_others_do_is_told_by_its_field(self):
        market = Market(self.server)
        elsewhere = market.operator.post("/v1/campaigns", {"advertiser": market.advertiser.id, "name": "Elsewhere", "landing_url": "https://elsewhere.example/", "currency": "EUR"})["id"]
        away = market.operator.post("/v1/contracts", {"campaign": elsewhere, "publisher": market.publisher.id, "price": {"lead": []}})["id"]
        other = click(market.new_code(market.publisher, away)["click_url"], **BROWSER)[1]
        for fields, reason, ignored in (
                ({"click_id": market.click(), "touches": f"{other},{market.click()}"}, "", ["touches"]),
                ({"click_id": market.click(), "touches": "A" * 46}, "", ["touches"]),
                ({"click_id": "A" * 46, "touches": market.click()}, "", ["click_id"]),
                ({"click_id": other, "campaign": market.campaign}, "unknown_click", ["click_id"]),
                ({"click_id": other, "touches": market.click(), "contract": market.contract}, "", ["click_id"]),
                ({"click_id": "A" * 46, "contract": market.contract}, "unknown_click", []),
                ({"click_id": market.click(), "touches": "  , undefined,"}, "", [])):
            with self.subTest(fields):
                got = self.assertStatus(market.advertiser.postback(person(**fields)), 200).json
                self.assertEqual((got["contract"], got["reason"], got["ignored"]),
                                 (market.contract if reason == "" else got["contract"], reason, ignored))

    def test_a_contract_beside_a_click_of_another_is_told_as_ignored(self):
        market = Market(self.server)
        other = Party(self.server.operator, "Other", "publisher")
        beside = market.new_contract(other)
        by = market.advertiser
        forms = (by.postback, by.postback_form, by.postback_json,
                 lambda fields: by.call("POST", "/v1/leads", fields), lambda fields: by.call("POST", "/v1/leads", [fields]))
        for form in forms:
            for named, ignored in ((beside, ["contract"]), (market.contract, [])):
                got = self.assertStatus(form(person(click_id=market.click(), contract=named)), 200).json
                got = got["data"][0] if "data" in got else got
                self.assertEqual((got["contract"], got["ignored"]), (market.contract, ignored))
            got = self.assertStatus(form(person(contract=beside)), 200).json
            got = got["data"][0] if "data" in got else got
            self.assertEqual((got["contract"], got["ignored"], got["reason"]), (beside, [], "no_click"))

    def test_more_form_fields_than_are_looked_at_are_refused(self):
        fields = {f"f_{n:03}": "1" for n in range(129)}
        refused = self.assertStatus(self.market.publisher.postback(person(click_id=self.market.click(), **fields)), 400).json
        self.assertEqual(refused["field"], "f_128")

    def test_touches_find_the_latest_click(self):
        touches = ",".join(self.market.click() for _ in range(3))
        self.assertDecision(self.assertStatus(self.market.publisher.postback(person(touches=touches)), 200).json, "pending")

    def test_the_advertiser_may_report_too(self):
        got = self.assertStatus(self.market.advertiser.postback(person(click_id=self.market.click())), 200).json
        self.assertDecision(got, "pending")
        self.assertEqual(got["contract"], self.market.contract, "the click says whose lead it is")

    def test_the_same_person_is_paid_once(self):
        first = person()
        self.assertDecision(self.assertStatus(self.market.publisher.postback({**first, "click_id": self.market.click()}), 200).json, "pending")
        by_email = person(email=first["email"].upper())
        by_phone = person(phone="00" + first["phone"][1:])
        for again in (by_email, by_phone):
            got = self.assertStatus(self.market.publisher.postback({**again, "click_id": self.market.click()}), 200).json
            self.assertDecision(got, "duplicate", "duplicate")
            self.assertEqual(got["payout_micros"], 0)

    def test_the_same_person_racing_itself_is_paid_once(self):
        who, clicks = person(), [self.market.click() for _ in range(24)]
        targets = [self.market.publisher.signed_target({**who, "txid": f"race-{n}-{who['txid']}", "click_id": click_id})
                   for n, click_id in enumerate(clicks)]
        with ThreadPoolExecutor(len(targets)) as pool:
            got = [answer.json["status"] for answer in pool.map(lambda target: send(self.server.url + target), targets)]
        self.assertEqual(sorted(got), ["duplicate"] * 23 + ["pending"])

    def test_a_person_racing_through_two_contracts_is_paid_once(self):
        market = Market(self.server)
        other = Party(market.operator, "Other", "publisher")
        own, code = market.code, market.new_code(other, market.new_contract(other))
        targets = []
        for n in range(24):
            market.code = (own, code)[n % 2]
            who = person(email="two@example.com", phone="+33612000002", click_id=market.click())
            targets.append((market.publisher, other, market.advertiser, market.advertiser)[n % 4].signed_target(who))
        with ThreadPoolExecutor(len(targets)) as pool:
            got = [answer.json for answer in pool.map(lambda target: send(self.server.url + target), targets)]
        self.assertEqual(sorted(answer["status"] for answer in got), ["duplicate"] * 23 + ["pending"])
        self.assertEqual(len({answer["contract"] for answer in got}), 2)

    def test_nobody_racing_himself_by_one_click_is_paid_once(self):
        market = Market(self.server, campaign={"lead": {"require_any": []}})
        click_id = market.click()
        senders = [market.publisher, market.advertiser]
        targets = [senders[n % 2].signed_target({"click_id": click_id, **({"txid": f"A{n // 8}"} if n % 3 else {})}) for n in range(24)]
        with ThreadPoolExecutor(len(targets)) as pool:
            got = list(pool.map(lambda target: send(self.server.url + target), targets))
        leads = {answer.json["lead"]: answer.json["status"] for answer in got if answer.status == 200}
        self.assertEqual(sorted(leads.values()), ["duplicate"] * (len(leads) - 1) + ["pending"], [answer.body for answer in got])
        self.assertGreater(len(leads), 8)

    def test_a_lead_without_contact_fields_is_taken_where_the_campaign_says_so(self):
        market = Market(self.server, campaign={"lead": {}})
        click_id = market.click()
        self.assertDecision(self.assertStatus(market.publisher.postback({"click_id": click_id, "txid": "1"}), 200).json, "rejected", "missing_field")
        self.assertDecision(self.assertStatus(market.publisher.postback({"click_id": click_id, "txid": "2", "phone": "+33612345678"}), 200).json, "pending")

    def test_a_phone_that_cannot_be_read_is_held_and_never_a_second_person(self):
        market = Market(self.server, campaign={"lead": {}})
        report = lambda **fields: self.assertStatus(market.publisher.postback({"click_id": market.click(), **fields}), 200).json
        self.assertDecision(report(txid="1", phone="612 345 678"), "held", "bad_phone")
        self.assertDecision(report(txid="2", phone="612-345-678"), "duplicate", "duplicate")
        self.assertDecision(report(txid="3", phone="call me"), "rejected", "bad_phone")
        self.assertDecision(report(txid="4", phone="n/a", email="x@shop.example"), "held", "bad_phone")

    def test_who_is_rejected_is_free_for_others(self):
        advertiser = self.market.advertiser
        who = person()
        say = lambda lead, status: advertiser.postback({"status": status, "lead": lead["lead"]})
        report = lambda txid: self.assertStatus(self.market.publisher.postback({**who, "txid": txid, "click_id": self.market.click()}), 200).json
        first = report("free-1-" + who["txid"])
        self.assertStatus(say(first, "rejected"), 200)
        second = report("free-2-" + who["txid"])
        self.assertDecision(second, "pending")
        self.assertProblem(say(first, "approved"), 409, "status", "another lead of this person")
        self.assertStatus(say(second, "rejected"), 200)
        self.assertStatus(say(first, "approved"), 200)
        self.assertProblem(say(second, "approved"), 409, "status", "another lead of this person")

    def test_form_and_json_say_the_same(self):
        form = self.market.publisher.postback_form(person(click_id=self.market.click()))
        self.assertDecision(self.assertStatus(form, 200).json, "pending")
        signed = self.market.publisher.postback_json({**person(click_id=self.market.click()), "fields": {"age": "33"}})
        self.assertDecision(self.assertStatus(signed, 200).json, "pending")

    def test_words_are_cleaned_and_cut_and_lose_no_lead(self):
        """The advertiser reads what a person wrote, whatever that was."""
        market = self.market
        words = {f"f_{n:02}": "x" for n in range(31)} | {"f_comment": "about {sports} \x07[x]\n\u0085" + "é" * 300, "f_more": "left out"}
        whole = {"first_name": "L\x01éa", "last_name": "%%NAME%%", "sub1": "{sub1}"}
        kept = "about {sports} [x]\n" + "é" * 246  # 512 bytes
        for lane in ("query", "form", "json"):
            fields = person(click_id=market.click(), country=None) | words | whole
            with self.subTest(lane):
                if lane == "json":
                    body = json.dumps({**fields, "x": 0, "first_name": "L\u0000éa"}).replace('"x": 0', '"x": 1' + "0" * 30).encode()
                    got = market.publisher.postback_json({}, body=body)
                elif lane == "form":
                    body = urllib.parse.urlencode({**fields, "first_name": "L\0éa"}).encode()
                    got = send(self.server.url + market.publisher.signed_target({}, method="POST", body=body), "POST", body,
                               {"Content-Type": "application/x-www-form-urlencoded"})
                else:
                    got = market.publisher.postback(fields)
                self.assertDecision(self.assertStatus(got, 200).json, "pending")
                self.assertEqual(got.json["ignored"], ["x", "f_more"] if lane == "json" else ["f_more"])
                lead = market.advertiser.get("/v1/leads/" + got.json["lead"])
                self.assertEqual(lead["contact"]["f_comment"], kept)
                self.assertNotIn("f_more", lead["contact"])
                self.assertEqual((lead["contact"]["first_name"], lead["contact"]["last_name"]), ("Léa", "%%NAME%%"))
                self.assertEqual(lead["entry"]["sub1"], "{sub1}")

    def test_names_nobody_knows_are_told_and_close_misses_refused(self):
        market = self.market
        got = market.publisher.postback(person(click_id=market.click(), gclid="x", utm_source="y"))
        self.assertEqual(self.assertStatus(got, 200).json["ignored"], ["gclid", "utm_source"])
        for name, cure in {"mail": "email", "telephone": "phone", "Phone": "phone", "firstname": "first_name", "tx_id": "txid", "amp;txid": "&"}.items():
            fields = person(click_id=market.click(), **{name: "1"})
            for lane in (market.publisher.postback, market.publisher.postback_json):
                with self.subTest(name):
                    answer = lane(fields)
                    self.assertProblem(answer, 400, name)
                    self.assertRegex(answer.json["detail"], rf"\b{cure}\b" if cure != "&" else "&")

    def test_return_text(self):
        answer = self.market.publisher.postback(person(click_id=self.market.click(), **{"return": "OK:1"}))
        self.assertStatus(answer, 200)
        self.assertEqual(answer.body, b"OK:1")
        self.assertEqual(answer.headers.get_content_type(), "text/plain")

    def test_entry_holds_no_contact_data(self):
        who = person(first_name="Verysecretname")
        self.assertStatus(self.market.publisher.postback({**who, "click_id": self.market.click()}), 200)
        text = json.dumps(self.market.settled_entries(), ensure_ascii=False)
        for value in (who["email"], who["phone"], who["first_name"]):
            self.assertNotIn(value, text)


class Idempotency(ServerCase):
    def test_same_bytes_answer_again_and_other_bytes_conflict(self):
        publisher, nonce = self.market.publisher, secrets.token_urlsafe(18)
        fields = person(click_id=self.market.click())
        target = publisher.signed_target(fields, nonce=nonce)
        first = self.assertStatus(send(self.server.url + target), 200)
        before = self.recorded()
        again = self.assertStatus(send(self.server.url + target), 200)
        self.assertEqual(again.body, first.body)
        other = publisher.postback({**fields, "txid": "tx-other"}, nonce=nonce)
        self.assertProblem(other, 409)
        self.assertNothingRecorded(before)

    def test_webhook_id_likewise(self):
        publisher, ident, now = self.market.publisher, "msg_" + secrets.token_urlsafe(18), int(time.time())
        fields = person(click_id=self.market.click())
        first = self.assertStatus(publisher.postback_json(fields, ident=ident, timestamp=now), 200)
        before = self.recorded()
        self.assertEqual(self.assertStatus(publisher.postback_json(fields, ident=ident, timestamp=now), 200).body, first.body)
        self.assertProblem(publisher.postback_json({**fields, "txid": "tx-other"}, ident=ident, timestamp=now), 409)
        self.assertNothingRecorded(before)

    def test_txid_likewise(self):
        publisher, fields = self.market.publisher, person(click_id=self.market.click())
        first = self.assertStatus(publisher.postback(fields), 200).json
        before = self.recorded()
        again = self.assertStatus(publisher.postback(fields), 200).json
        self.assertEqual((again["lead"], again["index"], again["status"]), (first["lead"], first["index"], first["status"]))
        self.assertProblem(publisher.postback({**fields, "first_name": "Somebody else"}), 409, "txid")
        self.assertNothingRecorded(before)

    def test_txids_of_two_senders_do_not_meet(self):
        fields = person(click_id=self.market.click())
        self.assertStatus(self.market.publisher.postback(fields), 200)
        got = self.assertStatus(self.market.advertiser.postback({**person(click_id=self.market.click()), "txid": fields["txid"]}), 200)
        self.assertEqual(got.json["status"], "pending")

    def test_replays_racing_each_other_are_recorded_once(self):
        before = self.server.metric("leads")
        target = self.market.publisher.signed_target(person(click_id=self.market.click()))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: send(self.server.url + target), range(8)))
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(self.server.metric("leads"), before + 1)

    def test_answers_survive_a_restart(self):
        target = self.market.publisher.signed_target(person(click_id=self.market.click()))
        first = self.assertStatus(send(self.server.url + target), 200)
        self.server.stop()
        self.server.start()
        self.assertEqual(self.assertStatus(send(self.server.url + target), 200).body, first.body)


class Dispositions(ServerCase):
    def lead(self, **changes):
        fields = person(click_id=self.market.click(), **changes)
        return {**fields, **self.assertStatus(self.market.publisher.postback(fields), 200).json}

    def say(self, status, party=None, **fields):
        return (party or self.market.advertiser).postback({"status": status, **fields})

    def status_of(self, lead):
        return self.market.advertiser.get(f"/v1/leads/{lead['lead']}")["status"]

    def test_the_ways_of_a_lead(self):
        for way in (["approved"], ["rejected"], ["approved", "returned"], ["approved", "converted"], ["approved", "converted", "returned"], ["converted"], ["converted", "returned"],
                    ["rejected", "approved", "returned", "approved", "converted"]):
            with self.subTest(way):
                lead = self.lead()
                for status in way:
                    got = self.assertStatus(self.say(status, lead=lead["lead"], reason="because"), 200).json
                    self.assertEqual((got["status"], got["lead"]), (status, lead["lead"]))
                    self.assertEqual(self.status_of(lead), status)

    def test_the_last_reason_is_the_leads_note(self):
        lead = self.lead()
        path = f"/v1/leads/{lead['lead']}"
        self.assertNotIn("note", self.market.advertiser.get(path))
        self.say("approved", lead=lead["lead"], reason="as agreed")
        self.assertEqual(self.market.publisher.get(path)["note"], "as agreed")
        self.say("returned", lead=lead["lead"])
        self.assertNotIn("note", self.market.publisher.get(path))

    def test_a_lead_is_shown_at_what_it_earns_and_with_a_reason_that_still_holds(self):
        for refused in (False, True):
            market = self.market
            lead = self.assertStatus(market.publisher.postback(person(click_id=None if refused else market.click())), 200).json
            shown = lambda: tuple(market.advertiser.get(f"/v1/leads/{lead['lead']}")[name] for name in ("status", "reason", "payout_micros"))
            self.assertEqual(shown(), ("rejected", "no_click", 0) if refused else ("pending", "", 12_000_000))
            for status, micros in [("rejected", 0)] * (not refused) + [("approved", 12_000_000), ("returned", 0), ("approved", 12_000_000)]:
                self.assertStatus(self.say(status, lead=lead["lead"]), 200)
                self.assertEqual(shown(), (status, "", micros))

    def test_steps_that_do_not_exist_conflict(self):
        for first, then in (("returned", "converted"), ("approved", "rejected"), (None, "returned"), ("rejected", "converted")):
            with self.subTest(first=first, then=then):
                lead = self.lead()
                for step in (["approved"] if first == "returned" else []) + ([first] if first else []):
                    self.assertStatus(self.say(step, lead=lead["lead"]), 200)
                before = self.recorded()
                self.assertProblem(self.say(then, lead=lead["lead"]), 409, "status", "can become")
                self.assertNothingRecorded(before)

    def test_said_twice_is_recorded_once(self):
        lead = self.lead()
        first = self.assertStatus(self.say("approved", lead=lead["lead"]), 200).json
        before = self.recorded()
        again = self.assertStatus(self.say("approved", lead=lead["lead"]), 200).json
        self.assertEqual((again["status"], again["index"]), ("approved", first["index"]))
        self.assertNothingRecorded(before)

    def test_addressed_by_click_id(self):
        lead = self.lead()
        self.assertEqual(self.assertStatus(self.say("approved", click_id=lead["click_id"]), 200).json["lead"], lead["lead"])

    def test_click_id_with_two_leads_is_not_an_address(self):
        lead = self.lead()
        self.assertStatus(self.market.publisher.postback(person(click_id=lead["click_id"])), 200)
        before = self.recorded()
        self.assertProblem(self.say("approved", click_id=lead["click_id"]), 409)
        self.assertNothingRecorded(before)

    def test_addressed_by_the_senders_own_txid(self):
        fields = person(click_id=self.market.click())
        lead = self.assertStatus(self.market.advertiser.postback(fields), 200).json
        self.assertEqual(self.assertStatus(self.say("approved", txid=fields["txid"]), 200).json["lead"], lead["lead"])

    def test_addressed_by_a_publishers_txid(self):
        lead = self.lead()
        self.assertEqual(self.assertStatus(self.say("approved", txid=lead["txid"]), 200).json["lead"], lead["lead"])
        before = self.recorded()
        self.assertProblem(self.say("returned", party=Market(self.server).advertiser, txid=lead["txid"]), 404, "txid")
        self.assertNothingRecorded(before)

    def test_only_the_campaigns_advertiser_decides(self):
        lead = self.lead()
        stranger = Market(self.server).advertiser
        before = self.recorded()
        self.assertProblem(self.say("approved", party=self.market.publisher, lead=lead["lead"]), 403)
        self.assertIn(self.say("approved", party=stranger, lead=lead["lead"]).status, (403, 404))
        self.assertNothingRecorded(before)
        self.assertEqual(self.status_of(lead), "pending")

    def test_unknown_lead(self):
        before = self.recorded()
        for fields in ({"lead": "L" + "A" * 46}, {"lead": "x"}, {"txid": "nobody-sent-this"}, {"click_id": "A" * 46}):
            self.assertIn(self.say("approved", **fields).status, (400, 404), fields)
        self.assertProblem(self.say("approved"), 400)
        self.assertNothingRecorded(before)

    def test_a_sale(self):
        lead = self.lead()
        self.assertStatus(self.say("approved", lead=lead["lead"]), 200)
        got = self.market.advertiser.postback({"event": "sale", "lead": lead["lead"], "amount": "99.90", "currency": "EUR"})
        self.assertEqual(self.assertStatus(got, 200).json["status"], "converted")

    def test_a_conversion_may_get_its_amount_later(self):
        lead = self.lead()
        self.assertStatus(self.say("converted", lead=lead["lead"]), 200)
        sale = {"event": "sale", "lead": lead["lead"], "amount": "99.90", "currency": "EUR"}
        got = self.assertStatus(self.market.advertiser.postback(sale), 200).json
        self.assertEqual((got["status"], self.market.settled_entries()[got["index"]]["amount_micros"]), ("converted", 99_900_000))
        before = self.recorded()
        for again in (sale, {"lead": lead["lead"], "status": "converted"}):
            self.assertEqual(self.assertStatus(self.market.advertiser.postback(again), 200).json["index"], got["index"])
        self.assertProblem(self.market.advertiser.postback({**sale, "amount": "100"}), 409, "returned, approved and converted again")
        self.assertNothingRecorded(before)

    def test_fields_of_a_new_lead_are_none_of_what_becomes_of_it(self):
        lead = self.lead()
        got = self.assertStatus(self.say("approved", lead=lead["lead"], email="x@example.com", f_age="3", sub1="s", currency="XYZ"), 200).json
        self.assertEqual(sorted(got["ignored"]), ["currency", "email", "f_age", "sub1"])

    def test_a_sale_by_click_with_a_new_txid_is_taken_once(self):
        lead = self.lead()
        sale = {"event": "sale", "click_id": lead["click_id"], "txid": "order-" + lead["txid"], "amount": "10", "currency": "EUR"}
        advertiser = self.market.advertiser
        self.assertProblem(advertiser.postback({**sale, "currency": "USD"}), 400, "currency")
        first = self.assertStatus(advertiser.postback(sale), 200).json
        self.assertEqual((first["lead"], first["status"]), (lead["lead"], "converted"))
        before = self.recorded()
        self.assertEqual(self.assertStatus(advertiser.postback_json({**sale, "amount": 10.0, "crm": {"score": 0.5}}), 200).json, {**first, "ignored": ["crm"]})
        self.assertProblem(advertiser.postback({**sale, "txid": "another"}), 409)
        self.assertProblem(advertiser.postback({**sale, "amount": "11"}), 409)
        self.assertNothingRecorded(before)

    def test_through_the_management_api(self):
        lead = self.lead()
        path = f"/v1/leads/{lead['lead']}/dispositions"
        self.assertEqual(self.market.publisher.call("POST", path, {"status": "approved"}).status, 403)
        before = self.server.metric("dispositions")
        self.assertEqual(self.market.advertiser.post(path, {"status": "approved"})["status"], "approved")
        self.assertEqual(self.server.metric("dispositions"), before + 1)
        self.assertEqual(self.status_of(lead), "approved")
        for body, word in (({"status": "converted", "amount": "1.2.3", "currency": "EUR"}, "amount"), ({"status": "converted", "amount": "12.50"}, "currency"),
                           ({"status": "converted", "amount": 12.5, "currency": "USD"}, "currency"), ({"status": "sold"}, "status"), ({}, "status"),
                           ({"status": "rejected", "amount": "12.50", "currency": "EUR"}, "amount"), ({"status": "approved", "colour": 1}, "colour"),
                           ({"status": "approved", "txid": "x"}, "txid"), ({"status": "approved", "f_x": "x"}, "f_x")):
            with self.subTest(word, **body):
                self.assertProblem(self.market.advertiser.call("POST", path, body), 400, word)
        got = self.market.advertiser.post(path, {"status": "converted", "amount": 12.5, "currency": "EUR"})
        entry = self.market.settled_entries()[got["index"]]
        self.assertEqual((entry["amount_micros"], entry["currency"]), (12_500_000, "EUR"))


class Refusals(ServerCase):
    """Nothing below may leave a trace in the ledger."""

    def setUp(self):
        self.before = self.recorded()

    def tearDown(self):
        self.assertNothingRecorded(self.before)

    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        cls.click_id = cls.market.click()

    def fields(self, **changes):
        return person(**{"click_id": self.click_id, **changes})

    def test_one_generic_401(self):
        publisher, now = self.market.publisher, int(time.time())
        target = publisher.signed_target(self.fields())
        wrong_digit = target[:-1] + ("0" if target[-1] != "0" else "1")
        jobs = self.server.metric("committed_jobs")
        refused = {
            "signature": send(self.server.url + wrong_digit),
            "upper case": send(self.server.url + target[:-64] + target[-64:].upper()),
            "short": send(self.server.url + target[:-2]),
            "changed field": send(self.server.url + target.replace("first_name=", "first_name=x")),
            "unknown kid": send(self.server.url + target.replace(f"kid={publisher.kid}", "kid=K0000000000000")),
            "another's kid": send(self.server.url + target.replace(f"kid={publisher.kid}", f"kid={self.market.advertiser.kid}")),
            "too old": publisher.postback(self.fields(), ts=now - 310),
            "too new": publisher.postback(self.fields(), ts=now + 310),
            "unsigned key": send(f"{self.server.url}/postback?key={publisher.kid}&txid=1"),
            "webhook signature": publisher.postback_json(self.fields(), signature="v1,AAAA"),
            "webhook too old": publisher.postback_json(self.fields(), timestamp=now - 310),
            "webhook no version": publisher.postback_json(self.fields(), signature="AAAA"),
            "webhook unknown kid": send(f"{self.server.url}/postback/K0000000000000", "POST", b"{}", {
                "Content-Type": "application/json", "webhook-id": "m" * 20, "webhook-timestamp": str(now), "webhook-signature": "v1,AAAA"}),
        }
        texts = set()
        for what, answer in refused.items():
            with self.subTest(what):
                self.assertStatus(answer, 401)
                texts.add(answer.json["title"] + "|" + str(answer.json.get("detail")))
        self.assertEqual(len(texts), 1, "one text, whatever was wrong")
        self.assertEqual(self.server.metric("committed_jobs"), jobs, "no write transaction was spent")

    def test_a_missing_or_doubled_parameter_is_named(self):
        target = self.market.publisher.signed_target(self.fields())
        path, query = target.split("?")
        for name in ("kid", "ts", "nonce", "sig"):
            pairs = [pair for pair in query.split("&") if not pair.startswith(name + "=")]
            without, twice = path + "?" + "&".join(pairs), f"{path}?{name}=1&{query}"
            for what, changed in {"missing": without, "more than once": twice}.items():
                with self.subTest(name, what=what):
                    answer = send(self.server.url + changed)
                    self.assertProblem(answer, 400, name)
                    self.assertIn(what, answer.json["detail"])
        self.assertProblem(send(f"{self.server.url}{target}&x=1"), 400, "sig")
        for header in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            headers = {"Content-Type": "application/json", "webhook-id": "m" * 20, "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
            del headers[header]
            self.assertProblem(send(f"{self.server.url}/postback/{self.market.publisher.kid}", "POST", b"{}", headers), 400, header)

    def test_another_method_or_body_under_the_signature(self):
        publisher = self.market.publisher
        target = publisher.signed_target(self.fields())
        self.assertStatus(send(self.server.url + target, "POST", b"", {"Content-Type": "application/x-www-form-urlencoded"}), 401)
        body = urllib.parse.urlencode(self.fields()).encode()
        signed = publisher.signed_target({}, method="POST", body=body)
        self.assertStatus(send(self.server.url + signed, "POST", body + b"&amount=1", {"Content-Type": "application/x-www-form-urlencoded"}), 401)

    def test_signature_of_another_host(self):
        target = self.market.publisher.signed_target(self.fields()).split("&sig=")[0]
        sig = query_signature(self.market.publisher.secret, "GET", "other.example", target)
        self.assertStatus(send(f"{self.server.url}{target}&sig={sig}"), 401)

    def test_malformed_says_which_field(self):
        cases = {
            "click_id": {"click_id": "{click_id}"}, "txid": {"txid": "{{transaction_id}}"}, "email": {"email": "{email}"},
            "phone": {"phone": "[phone]"}, "touches": {"touches": "#touches#"}, "country": {"country": "%country%"}, "contract": {"contract": "<contract>"},
            "event": {"event": "purchase"}, "status": {"status": "maybe"}, "campaign": {"campaign": "${campaign}"},
            "amount": {"event": "sale", "amount": "1.2.3", "currency": "EUR"}, "return": {"return": "x" * 600},
            "f_nnn": {"f_" + "n" * 70: "1"}, "txid ": {"txid": "x" * 129},
        }
        for field, changes in cases.items():
            with self.subTest(field[:20]):
                self.assertProblem(self.market.publisher.postback(self.fields(**changes)), 400, field.strip())
            if field not in ("event", "status", "amount"):
                with self.subTest(field[:20], lane="json"):
                    self.assertProblem(self.market.publisher.postback_json(self.fields(**changes)), 400, field.strip())
        self.assertProblem(self.market.publisher.postback(self.fields(), ts="soon"), 400, "ts")

    def test_nonce_rules(self):
        for nonce in ("short", "x" * 65, "with space and more", "bad+char/and=more"):
            with self.subTest(nonce[:20]):
                self.assertIn(self.market.publisher.postback(self.fields(), nonce=nonce).status, (400, 401))

    def test_fields_given_twice_or_under_two_aliases(self):
        publisher = self.market.publisher
        target = publisher.signed_target(self.fields()).split("&sig=")[0]
        for extra in ("&email=second%40example.com", "&cid=" + "A" * 46):
            with self.subTest(extra[:6]):
                doubled = target + extra
                sig = query_signature(publisher.secret, "GET", publisher.host, doubled)
                self.assertProblem(send(f"{self.server.url}{doubled}&sig={sig}"), 400)

    def test_strict_query(self):
        publisher = self.market.publisher
        for bad in ("&first_name=%zz", "&country=%FF", "&currency=%E9"):
            with self.subTest(bad):
                target = publisher.signed_target(person(click_id=self.click_id, first_name=None, country=None)).split("&sig=")[0] + bad
                sig = query_signature(publisher.secret, "GET", publisher.host, target)
                self.assertEqual(send(f"{self.server.url}{target}&sig={sig}").status, 400)

    def test_bad_json(self):
        bodies = [b"", b"{", b"[]", b'"text"', b'{"txid":1.5}', b'{"txid":"a","txid":"b"}', b'{"txid":"\xff"}', b'{"txid":"\\ud800"}',
                  b'{"txid":["a"]}', b'{"fields":[]}', b'{"fields":{"a":{"b":1}}}', b"[" * 5000, b'{"txid":"a"} x', b"\x00"]
        for body in bodies:
            with self.subTest(body[:30]):
                self.assertProblem(self.market.publisher.postback_json({}, body=body), 400)

    def test_wrong_content_type(self):
        answer = send(f"{self.server.url}/postback/{self.market.publisher.kid}", "POST", b"{}", {"Content-Type": "text/plain"})
        self.assertIn(answer.status, (400, 401, 415))

    def test_too_large(self):
        answer = self.market.publisher.postback_json({}, body=json.dumps({"txid": "x" * 70_000}).encode())
        self.assertStatus(answer, 413)

    def test_a_party_without_a_contract(self):
        stranger = Party(self.operator, "Stranger", "publisher")
        self.assertIn(stranger.postback(self.fields()).status, (400, 403))

    def test_accept_from_is_kept(self):
        market = Market(self.server, campaign={"accept_from": ["advertiser"]})
        click_id = market.click()
        self.before += 1
        self.assertStatus(market.publisher.postback(person(click_id=click_id)), 403)


class Secrets(ServerCase):
    def test_a_new_secret_and_the_old_ones_retirement(self):
        publisher = self.market.publisher
        old = (publisher.kid, publisher.secret)
        made = publisher.post(f"/v1/parties/{publisher.id}/secrets", {})
        for kid, secret in (old, (made["kid"], made["postback_secret"])):
            publisher.kid, publisher.secret = kid, secret
            self.assertStatus(publisher.postback(person(click_id=self.market.click())), 200)
        publisher.delete(f"/v1/parties/{publisher.id}/secrets/{old[0]}")
        publisher.kid, publisher.secret = old
        self.assertStatus(publisher.postback(person(click_id=self.market.click())), 401)
        publisher.kid, publisher.secret = made["kid"], made["postback_secret"]
        self.assertStatus(publisher.postback(person(click_id=self.market.click())), 200)


class Rules(ServerCase):
    """Decisions that need terms of their own."""

    def market_with(self, **campaign):
        return Market(self.server, campaign={"review": {"mode": "manual"}, **campaign})

    def decide(self, market, **changes):
        got = self.assertStatus(market.publisher.postback(person(click_id=market.click(), **changes)), 200).json
        return got["status"], got["reason"]

    def test_profile(self):
        market = self.market_with(lead={"require": ["email", "f_age"], "rules": [{"field": "country", "in": ["FR", "BE"]},
                                                                                {"field": "f_age", "min": 25, "max": 70}]})
        for changes, outcome in (({"f_age": "25"}, ("pending", "")), ({"f_age": "70"}, ("pending", "")),
                                 ({"f_age": "24"}, ("rejected", "outside_profile")), ({"f_age": "71"}, ("rejected", "outside_profile")),
                                 ({"f_age": "old"}, ("rejected", "outside_profile")), ({}, ("rejected", "missing_field")),
                                 ({"f_age": "30", "country": "DE"}, ("rejected", "outside_profile"))):
            with self.subTest(**changes):
                self.assertEqual(self.decide(market, **changes), outcome)

    def test_too_fast_and_held(self):
        self.assertEqual(self.decide(self.market_with(lead={"min_click_to_lead_s": 60})), ("rejected", "too_fast"))
        self.assertEqual(self.decide(self.market_with(lead={"hold_below_s": 60}))[0], "held")

    def test_honeypot(self):
        market = self.market_with(lead={"honeypot": "f_website"})
        self.assertEqual(self.decide(market, f_website="http://spam.example"), ("rejected", "honeypot"))
        self.assertEqual(self.decide(market, f_website=""), ("pending", ""))

    def test_disposable_addresses(self):
        for policy, outcome in (("ok", ("pending", "")), ("hold", ("held", "bad_email")), ("reject", ("rejected", "bad_email"))):
            market = self.market_with(lead={"disposable_email": policy})
            self.assertEqual(self.decide(market, email=f"lea.{policy}@yopmail.com"), outcome)
            self.assertEqual(self.decide(market), ("pending", ""))

    def test_a_phone_is_dialled_in_the_campaigns_country(self):
        market = self.market_with(default_country="uk", lead={"require": ["phone"]})
        self.assertEqual(market.advertiser.get(f"/v1/campaigns/{market.campaign}")["default_country"], "GB")
        self.assertEqual(self.decide(market, phone="07911 123415", email=None, country=None), ("pending", ""))
        self.assertEqual(self.decide(market, phone="+44 7911 123415", email=None, country="FR"), ("duplicate", "duplicate"))

    def test_the_campaigns_country_overrules_nothing(self):
        market = self.market_with(default_country="FR", lead={})
        self.assertEqual(self.decide(market, phone="06 12 34 00 02", country="US"), ("held", "bad_phone"))
        self.assertEqual(self.decide(market, phone="06 12 34 00 02", country="\uff26\uff32"), ("pending", ""))

    def test_a_plus_that_the_url_lost(self):
        market = self.market_with(lead={"require": ["phone"]})
        self.assertEqual(self.decide(market, phone=" 33612340001", email=None, country=None), ("pending", ""))
        self.assertEqual(self.decide(market, phone="+33612340001", email=None, country=None), ("duplicate", "duplicate"))
        self.assertEqual(self.decide(market, phone="  33612340003", email=None, country=None), ("rejected", "bad_phone"))
        self.assertEqual(self.decide(market, phone=" 0612340004", email=None, country="FR"), ("pending", ""))

    def test_what_draws_nothing_is_missing(self):
        market = self.market_with(lead={"require": ["email", "first_name"]})
        for blank in ("\u3164", "\u2800 \u2800", "\uffa0"):
            self.assertEqual(self.decide(market, first_name=blank), ("rejected", "missing_field"))

    def test_a_programs_word_for_nothing_is_no_id(self):
        market = self.market_with()
        for word in ("null", "undefined", "None", "0", "NaN", "-", "n/a"):
            for name in ("txid", "order_id"):
                self.assertProblem(market.publisher.postback({**person(click_id=market.click(), txid=None), name: word}), 400, name)
            got = self.assertStatus(market.publisher.postback(person(click_id=word, cid=market.click())), 200).json
            self.assertEqual(got["status"], "pending")
            got = self.assertStatus(market.publisher.postback(person(click_id=word, touches=f"{word},{word}")), 200).json
            self.assertEqual((got["status"], got["reason"]), ("rejected", "no_click"))

    def test_automatic_approval(self):
        self.assertEqual(self.decide(self.market_with(review={"mode": "auto", "auto_approve_days": 0})), ("approved", ""))

    def test_new_terms_hold_from_their_entry_on(self):
        market = self.market_with(lead={"require": ["email"]})
        self.assertEqual(self.decide(market), ("pending", ""))
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"lead": {"require": ["email", "f_vat"]}})
        self.assertEqual(self.decide(market), ("rejected", "missing_field"))
        self.assertEqual(self.decide(market, f_vat="1"), ("pending", ""))

    def test_a_click_of_another_campaign_is_unknown(self):
        ours, theirs = self.market_with(), self.market_with()
        got = self.assertStatus(ours.publisher.postback(person(click_id=theirs.click())), 200).json
        self.assertEqual((got["status"], got["reason"]), ("rejected", "unknown_click"))


class OwnDisposableDomains(unittest.TestCase):
    def served(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "domains"
        path.write_text(text)
        server = Server(DISPOSABLE_DOMAINS=path)
        self.addCleanup(server.close)
        return Market(server, campaign={"lead": {"disposable_email": "reject"}})

    def test_the_operators_list_stands_in_place_of_the_programs(self):
        market = self.served("# ours\nthrow.example # why\n")
        for email, status in (("a@throw.example", "rejected"), ("a@x.Throw.example", "rejected"), ("a@yopmail.com", "pending")):
            self.assertEqual(market.publisher.postback(person(click_id=market.click(), email=email)).json["status"], status)

    def test_a_list_that_does_not_read_is_told(self):
        with self.assertRaisesRegex(AssertionError, r"(?s)ended with 2:.*line 2 holds no domain"):
            self.served("throw.example\nno domain\n")


if __name__ == "__main__":
    unittest.main()
