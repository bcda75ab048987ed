"""Settlement: what a statement says, how it chains, and how the parties answer it."""

import base64
import csv
import datetime
import hashlib
import io
import json
import re
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness import BROWSER, SOURCE, Market, Party, ServerCase, Tree, b64u, b64u_decode, countersign, person, rfc3339, send, statement_payload, wait_for

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import second_verify  # noqa: E402


NOTHING = dict.fromkeys(("address", "cash_accounting", "country", "email", "exemption", "name", "representative_address", "representative_name", "representative_vat_id", "vat_id"))


class Statements(ServerCase):
    def setUp(self):
        self.market = Market(self.server)
        self.market.put_keys()

    def lead(self, **changes):
        got = self.market.publisher.postback(person(click_id=self.market.click(), **changes))
        return self.assertStatus(got, 200).json["lead"]

    def say(self, lead, status):
        self.assertStatus(self.market.advertiser.postback({"lead": lead, "status": status}), 200)

    def settle(self, **asked):
        """A new statement: (id, payload, payload bytes)."""
        ident = self.operator.post(f"/v1/contracts/{self.market.contract}/statements", asked)["id"]
        payload = statement_payload(self.market.advertiser.do("GET", f"/v1/statements/{ident}").body)
        return ident, json.loads(payload), payload

    def test_totals_and_buckets(self):
        approved, returned, pending = self.lead(), self.lead(country="BE"), self.lead()
        self.lead(email="")
        self.say(approved, "approved")
        self.say(returned, "approved")
        self.say(returned, "returned")
        _, statement, _ = self.settle()
        leads = statement["counts"]["leads"]
        self.assertEqual((leads["total"], leads["approved"], leads["returned"], leads["pending"]), (4, 1, 1, 1))
        self.assertEqual(leads["rejected"], {"missing_field": 1})
        self.assertEqual(leads["total"], sum(n for name, n in leads.items() if name not in ("total", "rejected")) + sum(leads["rejected"].values()))
        clicks = statement["counts"]["clicks"]
        self.assertEqual((clicks["total"], clicks["ok"]), (4, 4))
        self.assertEqual(statement["net_micros"], 12_000_000)
        self.assertEqual(statement["payable_minor"] * 10**6, statement["net_micros"] * 10**statement["exponent"] / 1)
        self.assertTrue(pending)

    def test_a_sale_pays_its_share_and_a_return_takes_it_back(self):
        market = Market(self.server, contract={"price": {"lead": [{"micros": 8_000_000}], "sale_ppm": 123_457}})
        leads = [market.publisher.postback(person(click_id=market.click())).json["lead"] for _ in range(2)]
        sale = {"lead": leads[0], "event": "sale", "amount": "99.999999", "currency": "EUR"}
        share = 99_999_999 * 123_457 // 10**6
        self.assertEqual(self.assertStatus(market.advertiser.postback(sale), 200).json["payout_micros"], 8_000_000 + share)
        self.assertStatus(market.advertiser.postback({"lead": leads[1], "status": "approved"}), 200)
        later = {"lead": leads[1], "status": "converted", "amount": "0.000009", "currency": "EUR"}  # 1.11 micros
        self.assertEqual(self.assertStatus(market.advertiser.postback(later), 200).json["payout_micros"], 1)
        self.assertProblem(market.advertiser.postback({**later, "currency": "USD"}), 400, "currency")
        back = self.assertStatus(market.advertiser.postback({"lead": leads[0], "status": "returned"}), 200).json
        self.assertEqual(back["payout_micros"], -8_000_000 - share)
        ident = self.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        statement = json.loads(statement_payload(market.advertiser.do("GET", f"/v1/statements/{ident}").body))
        self.assertEqual((statement["gross_micros"], statement["net_micros"]), (16_000_001 + share, 8_000_001))
        self.audited(market)

    def audited(self, market):
        with tempfile.TemporaryDirectory() as folder:
            done = countersign("pull", self.server.url, folder + "/m", "--contract", market.contract, "--token", market.auditor.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = countersign("verify", folder + "/m")
            self.assertEqual(done.returncode, 0, done.stdout)
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout)

    def until(self, until, status=201):
        answer = self.operator.call("POST", f"/v1/contracts/{self.market.contract}/statements", {"until": until})
        return self.assertStatus(answer, status).json

    def test_a_period_ends_where_it_is_said_to(self):
        first = self.lead()
        self.say(first, "approved")
        time.sleep(0.01)
        between = rfc3339(time.time())
        time.sleep(0.01)
        second = self.lead()
        self.say(second, "approved")
        self.say(first, "returned")
        made = self.until(between)
        self.assertEqual((made["to_at"], made["net_micros"], made["more"]), (between, 12_000_000, False))
        _, statement, _ = self.settle()
        self.assertEqual((statement["gross_micros"], statement["net_micros"], statement["period"]["from_at"]), (12_000_000, 0, between))
        self.assertEqual([each["statement"] for each in statement["adjustments"]], [made["id"]])
        self.assertEqual(statement["period"]["from"], made["to"])
        ends = []
        for _ in range(3):
            time.sleep(0.01)
            ends.append(rfc3339(time.time()))
        time.sleep(0.01)
        self.lead()
        made = [self.until(end) for end in ends[:2]]
        self.assertEqual([(each["lines"], each["net_micros"]) for each in made], [(0, 0)] * 2)
        time.sleep(0.01)
        end = rfc3339(time.time())
        self.lead()
        self.assertEqual([self.until(each)["lines"] for each in (ends[2], end)], [0, 1])
        self.assertEqual(self.verified().returncode, 0)
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout)

    def verified(self):
        with tempfile.TemporaryDirectory() as folder:
            mirror = f"{folder}/mirror"
            done = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = countersign("verify", mirror)
            second = second_verify(mirror)
            self.assertEqual((done.returncode, second.returncode), (0, 0), done.stdout + second.stdout + second.stderr)
            return done

    def test_an_end_that_is_none_is_refused_with_its_cure(self):
        self.lead()
        for until, words in (("2999-01", ("until", "still to come")), ("2999-01-01T00:00:00Z", ("until", "still to come")), ("2026-02-30", ("until", "2026-11-30")),
                             ("2026-13", ("until", "2026-11")), ("yesterday", ("until", "2026-11"))):
            self.assertProblem(self.operator.call("POST", f"/v1/contracts/{self.market.contract}/statements", {"until": until}), 400, *words)
        self.assertProblem(self.operator.call("POST", f"/v1/contracts/{self.market.contract}/statements", {"until": "2020-01"}), 409, "until", "before the contract began")
        made = self.until(rfc3339(time.time()))
        for until in (made["to_at"], "2020-12-31"):
            self.assertProblem(self.operator.call("POST", f"/v1/contracts/{self.market.contract}/statements", {"until": until}), 409, "until", made["id"])

    def test_there_is_no_second_empty_statement_without_an_end(self):
        path = f"/v1/contracts/{self.market.contract}/statements"
        first = self.operator.post(path, {})  # of nothing too
        self.assertStatus(self.market.advertiser.answer_statement(first["id"]), 201)
        for _ in range(2):
            self.assertProblem(self.operator.call("POST", path, {}), 409, "nothing came", first["id"], first["to_at"], "until")
        time.sleep(0.01)
        self.assertEqual(self.until(rfc3339(time.time()))["number"], 2)
        self.market.click()
        self.assertEqual(self.operator.post(path, {})["number"], 3)
        self.assertProblem(self.operator.call("POST", path, {}), 409, "number 3")
        self.verified()

    def test_of_two_at_once_each_closes_what_is_open(self):
        self.lead()
        until, answers = rfc3339(time.time()), []
        threads = [threading.Thread(target=lambda: answers.append(self.operator.call("POST", f"/v1/contracts/{self.market.contract}/statements", {"until": until})))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answer.status for answer in answers), [201, 409, 409, 409])
        self.assertEqual(len(self.operator.get("/v1/statements", contract=self.market.contract)["data"]), 1)

    def test_what_no_statement_can_say_is_settled_by_several(self):
        market = Market(self.server, {"currency": "VND"}, {"price": {"lead": [{"micros": 10_000_000_000_000}], "sale_ppm": 1_000_000}})
        leads = [market.publisher.postback(person(click_id=market.click())).json["lead"] for _ in range(4)]
        sale = {"event": "sale", "currency": "VND"}
        for lead in leads[:3]:
            self.assertStatus(market.advertiser.postback({"lead": lead, "amount": "5000000000", **sale}), 200)
        # one entry always fits by itself; what could not is refused by name
        most = 2**53 - 1 - 10**6 - 10**13
        for amount in (most + 1, 2**53 - 1):
            text = f"{amount // 10**6}.{amount % 10**6:06d}"
            self.assertProblem(market.advertiser.postback({"lead": leads[3], "amount": text, **sale}), 400, "amount")
            answer = market.advertiser.call("POST", f"/v1/leads/{leads[3]}/dispositions", {"status": "converted", "amount": text, "currency": "VND"})
            self.assertProblem(answer, 400, "amount")
        self.assertStatus(market.advertiser.postback({"lead": leads[3], "amount": f"{most // 10**6}.{most % 10**6:06d}", **sale}), 200)
        answers = []
        while not answers or answers[-1]["more"]:
            answers.append(self.operator.post(f"/v1/contracts/{market.contract}/statements", {}))
            market.click()  # the log goes on in between
        self.assertEqual([a["more"] for a in answers], [True] * 3 + [False])
        self.assertEqual([a["net_micros"] for a in answers], [5_010_000_000_000_000] * 3 + [2**53 - 1 - 10**6])
        self.assertEqual([a["from"] for a in answers], [0] + [a["to"] for a in answers[:-1]])
        self.assertFalse(self.operator.post(f"/v1/contracts/{market.contract}/statements", {})["more"])
        self.audited(market)

    def test_both_parties_get_the_same_bytes(self):
        ident, _, _ = self.settle()
        bodies = {party.do("GET", f"/v1/statements/{ident}").body for party in (self.market.advertiser, self.market.publisher, self.market.auditor)}
        self.assertEqual(len(bodies), 1)

    def test_statements_chain_and_late_reversals_adjust_the_next(self):
        lead = self.lead()
        self.say(lead, "approved")
        _, first, first_bytes = self.settle()
        self.say(lead, "returned")
        _, second, second_bytes = self.settle()
        self.assertEqual(first["prev_sha256"], "")
        self.assertEqual(second["prev_sha256"], hashlib.sha256(first_bytes).hexdigest())
        self.assertEqual((first["period"]["from"], second["period"]["from"]), (0, first["period"]["to"]))
        self.assertEqual((first["net_micros"], second["net_micros"]), (12_000_000, -12_000_000))
        self.assertEqual(len(second["adjustments"]), 1)
        _, third, _ = self.settle(until=rfc3339(time.time()))
        self.assertEqual(third["prev_sha256"], hashlib.sha256(second_bytes).hexdigest())
        self.assertEqual(third["net_micros"], 0)

    def test_who_the_parties_are_by_law_is_on_statements_and_decides_on_vat(self):
        market = self.market
        lumen = {"name": "Solaire Lumen SAS", "address": "14, quai des \u00c9tuves\n69002 Lyon", "country": "fr", "vat_id": "FR 48 999 000 102", "email": "compta@lumen.example"}
        nord = {"name": "Comparateur Nord SRL", "country": "BE", "vat_id": "BE 0999.000.129"}
        cases = [({}, {}, "none", False, 0), (lumen, {}, "none", False, 0), (lumen, nord, "reverse_charge", True, 0),
                 (lumen, {**nord, "country": "FR", "vat_id": "FR40999000129"}, "domestic", True, 240), (lumen, {"country": "FR", "name": "Small"}, "none", False, 0),
                 (lumen, {"country": "CH", "name": "Abroad"}, "reverse_charge", False, 0), ({**lumen, "country": "US"}, nord, "outside", True, 0),
                 (lumen, {"country": "MC", "vat_id": "FR40999000129"}, "domestic", True, 240), (lumen, {"country": "IM", "name": "Man"}, "reverse_charge", False, 0)]
        self.operator.patch(f"/v1/contracts/{market.contract}", {"vat_ppm": 200_000})
        for n, (customer, supplier, kind, self_billing, vat) in enumerate(cases):
            with self.subTest(kind, n=n):
                self.assertStatus(market.advertiser.call("PATCH", f"/v1/parties/{market.advertiser.id}", {"legal": {**NOTHING, **customer}}), 200)
                self.assertStatus(self.operator.call("PATCH", f"/v1/parties/{market.publisher.id}", {"legal": {**NOTHING, **supplier}}), 200)
                self.say(self.lead(), "approved")
                _, statement, _ = self.settle()
                tax = {**self.bare([statement["tax"]])[0], "rows": self.bare(statement["tax"]["rows"])}
                told = {each.pop("entry"): each for each in tax.pop("traders")}
                self.assertEqual([told.get(statement["tax"][role], {}) for role in ("advertiser", "publisher")],
                                 [{name: value for name, value in statement[role].get("legal", {}).items() if name in ("address", "country", "name", "vat_id")} for role in ("advertiser", "publisher")])
                self.assertEqual(tax, {"brought": [], "carried": [], "kind": kind, "self_billing": self_billing, "vat_minor": vat,
                                                    "rows": [{"kind": kind, "net_minor": 1200, "supplied_minor": 1200, "supplied_vat_minor": vat, "vat_minor": vat, "vat_ppm": 200_000 if vat else 0}]})
                self.assertEqual(statement["payable_minor"], 1200)
                listed = self.operator.get(f"/v1/statements?contract={market.contract}")["data"][-1]
                self.assertEqual((listed["payable_minor"], listed["vat_minor"], listed["to_pay_minor"]), (1200, vat, 1200 + vat))
                said = {**customer, "country": customer["country"].upper(), "vat_id": customer["vat_id"].replace(" ", "")} if customer else None
                self.assertEqual(statement["advertiser"], {"id": market.advertiser.id, **({"legal": said} if said else {})})
        for legal, field in (({"vat_id": "-"}, "legal.vat_id"), ({"country": "Belgium"}, "legal.country"), ({"tel": "1"}, "legal.tel"), ({"name": "a\nb"}, "legal.name"), ([], "legal"),
                             ({"country": "DE", "vat_id": "FR48999000102"}, "legal.vat_id"), ({"country": "GB", "vat_id": "IE1234567A"}, "legal.vat_id")):
            refused = self.operator.call("PATCH", f"/v1/parties/{market.publisher.id}", {"legal": legal})
            self.assertEqual((refused.status, refused.json["field"]), (422, field))
        self.assertIn("of a party in DE is DE999999999 (9: a digit", self.operator.call("PATCH", f"/v1/parties/{market.publisher.id}", {"legal": {"country": "DE", "vat_id": "FR48999000102"}}).json["detail"])
        for country, vat_id, kept in (("EL", "GR 123456789", ("GR", "EL123456789")), ("GR", "EL123456789", ("GR", "EL123456789")), ("UK", "xi-123 456 789", ("GB", "XI123456789"))):
            legal = self.assertStatus(self.operator.call("PATCH", f"/v1/parties/{market.publisher.id}", {"legal": {"country": country, "vat_id": vat_id}}), 200).json["legal"]
            self.assertEqual((legal["country"], legal["vat_id"]), kept)
        self.assertStatus(market.publisher.call("PATCH", f"/v1/parties/{market.advertiser.id}", {"legal": {}}), 404)
        later = market.new_contract(Party(self.operator, "Another", "publisher"))
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            for contract in (market.contract, later):
                folder = f"{mirror}/{contract}"
                self.assertEqual(countersign("pull", self.server.url, folder, "--contract", contract, "--token", self.operator.token).returncode, 0)
                verified = countersign("verify", folder)
                self.assertEqual(verified.returncode, 0)
                if contract == market.contract:
                    self.assertEqual(verified.stdout.count("payable 12.00 EUR and 2.40 VAT: 14.40 EUR by the advertiser"), 2, verified.stdout)
                    self.assertEqual(verified.stdout.count("payable 12.00 EUR by the advertiser"), len(cases) - 2, verified.stdout)

    def test_a_remainder_is_carried_and_an_auditor_finds_the_same(self):
        market = self.market
        market.publisher = market.new_publisher()
        market.contract = market.new_contract(market.publisher, price={"lead": [{"micros": 12_340_567}]})
        market.code = market.new_code(market.publisher, market.contract)
        carried = 0
        for leads in (1, 2, 0, 1):
            for _ in range(leads):
                self.say(self.lead(), "approved")
            _, statement, _ = self.settle(**({} if leads else {"until": rfc3339(time.time())}))
            owed = carried + leads * 12_340_567
            self.assertEqual((statement["net_micros"], statement["payable_minor"]), (leads * 12_340_567, owed // 10_000))
            self.assertEqual(statement["carried_micros"], owed % 10_000)
            carried = owed % 10_000
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            pulled = countersign("pull", self.server.url, mirror, "--contract", market.contract, "--token", market.publisher.token)
            self.assertEqual(pulled.returncode, 0, pulled.stderr)
            verified = countersign("verify", mirror)
            self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_what_was_folded_before_the_commit_is_in_it_once(self):
        click = self.market.click()
        for turn in range(2):
            for n, size in enumerate((90, 10)):
                rows = [person(click_id=click, txid=f"{turn}.{n}.{i}") for i in range(size)]
                self.assertStatus(self.market.publisher.call("POST", "/v1/leads", rows), 200)
            _, statement, _ = self.settle()
            self.assertEqual((statement["counts"]["leads"]["total"], statement["lines"]["n"]), (100, 100))
        with tempfile.TemporaryDirectory() as mirror:
            for command in (("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.auditor.token), ("verify", mirror)):
                done = countersign(*command)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_bots_are_counted_and_earn_nothing(self):
        market = self.market
        market.publisher = market.new_publisher()
        market.contract = market.new_contract(market.publisher, price={"lead": [{"micros": 1}], "click_micros": 10_000, "impression_micros": 1_000})
        market.code = market.new_code(market.publisher, market.contract)
        for headers in ({}, {}, {"User-Agent": "curl/8.5.0"}, {"User-Agent": ""}, {"Sec-Fetch-Dest": "image"}):
            market.click(**headers)
            for event in ("view", "impression"):
                send(market.code["pixel_url"] + "?event=" + event, headers={**BROWSER, **headers})
        _, statement, _ = self.settle()
        clicks, views, impressions = (statement["counts"][what] for what in ("clicks", "views", "impressions"))
        self.assertEqual((clicks["total"], clicks["ok"], clicks["bot"], clicks["embedded"]), (5, 2, 2, 1))
        for seen in (views, impressions):
            self.assertEqual((seen["total"], seen["ok"], seen["bot"]), (5, 3, 2))
        self.assertEqual(statement["net_micros"], 2 * 10_000 + 3 * 1_000)

    def test_roots_are_those_of_the_log(self):
        self.lead()
        _, statement, _ = self.settle()
        tree = Tree()
        for _, entry in self.market.entries(size=statement["period"]["to"]):
            tree.append(entry)
        self.assertEqual(statement["tree"]["to_root"], tree.root().hex())
        self.assertEqual(statement["tree"]["from_root"], hashlib.sha256(b"").hexdigest())

    def test_line_items_have_the_root_the_statement_names(self):
        for _ in range(3):
            self.say(self.lead(), "approved")
        ident, statement, _ = self.settle()
        lines = self.market.publisher.do("GET", f"/v1/statements/{ident}/lines").body
        tree = Tree()
        for line in lines.splitlines():
            tree.append(line)
        self.assertEqual((statement["lines"]["n"], statement["lines"]["root"]), (tree.size, tree.root().hex()))
        self.assertEqual(statement["lines"]["sha256"], hashlib.sha256(lines).hexdigest())

    def test_lines_tell_of_which_lead_by_whom_and_why(self):
        lead = self.assertStatus(self.market.publisher.postback(person(click_id=self.market.click("?sub1=november"), txid='N\u00b0 "1"', sub1="own")), 200).json["lead"]
        self.assertStatus(self.market.advertiser.postback({"lead": lead, "status": "approved", "reason": "reached \\ by phone"}), 200)
        ident, statement, _ = self.settle()
        lines = self.lines(ident)
        about = {"placement": 1, "sub1": "november", "txid": 'N\u00b0 "1"', "lead": lines[0]["index"], "lead_at": lines[0]["lead_at"]}
        self.assertEqual(lines[0], {**about, "index": lines[0]["index"], "kind": "lead", "micros": 0, "reason": "", "status": "pending"})
        self.assertEqual(lines[1], {**about, "at": lines[1]["at"], "by": self.market.advertiser.id, "index": lines[1]["index"], "kind": "disposition",
                                    "micros": 12_000_000, "reason": "", "status": "approved", "terms": 0, "text": "reached \\ by phone", "tier": 0, "trust": "signed"})
        self.assertEqual([(each["what"], each["terms"], each["tier"], each["n"]) for each in statement["quantities"]], [("lead", 0, 0, 1)])

    def test_for_people(self):
        self.say(self.lead(), "approved")
        made = self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        path = f"/v1/statements/{made['id']}"
        page = self.market.publisher.do("GET", path, headers={"Accept": "text/html"})
        self.assertEqual(page.headers.get_content_type(), "text/html")
        self.assertIn("12.00", page.text)
        self.assertNotIn("<script", page.text)
        style = re.search("<style>(.*?)</style>", page.text, re.DOTALL)[1].encode()
        self.assertIn(base64.b64encode(hashlib.sha256(style).digest()).decode(), page.headers["Content-Security-Policy"])
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        for asked, headers, word in (("?format=html&lang=fr", {}, "À payer"), ("?format=html&lang=zh", {}, "应付"), ("?format=html&lang=de", {}, "To pay"),
                                     ("?format=html", {"Accept-Language": "fr-CH, en;q=0.5"}, "À payer"), ("?format=html&lang=en", {"Accept-Language": "fr"}, "To pay")):
            self.assertIn(word, self.market.publisher.do("GET", path + asked, headers=headers).text)
        self.assertProblem(self.market.publisher.call("GET", path + "?format=html&lines=2"), 400, "lines")
        waits = page.text.count("has not answered yet")
        self.market.advertiser.answer_statement(made["id"], "dispute", reason="none of it is ours")
        answered = self.market.publisher.do("GET", path + "?format=html").text
        self.assertEqual((waits, answered.count("has not answered yet"), answered.count("disputes all of it")), (2, 1, 1))
        rows = list(csv.reader(io.StringIO(self.market.publisher.do("GET", path, headers={"Accept": "text/csv"}).text)))
        self.assertGreater(len(rows), 1)
        self.assertEqual({bool(row) for row in rows}, {True})
        self.assertEqual(rows[0][:2], ["\ufeffstatement", "number"])
        sold, paid = (dict(zip(rows[0], row)) for row in rows[-2:])
        self.assertEqual((paid["kind"], paid["amount"], paid["to_pay"]), ("to_pay", "", "12.00"))
        self.assertEqual((sold["kind"], sold["amount"], sold["timezone"], sold["by"], sold["link_today"]), ("disposition", "12.00", "Europe/Paris", self.market.advertiser.id, "link"))
        self.assertEqual(self.market.advertiser.get(f"/v1/leads/{sold['reference']}")["status"], "approved")
        shown = [self.market.publisher.do("GET", f"{path}?format={form}").text for form in ("html", "csv")]
        for zone in ("Pacific/Kiritimati", "Europe/Paris"):
            self.market.advertiser.do("PATCH", f"/v1/campaigns/{self.market.campaign}", {"timezone": zone})
            again = [self.market.publisher.do("GET", f"{path}?format={form}").text for form in ("html", "csv")]
            self.assertEqual(again, shown, "times are by the clocks of the zone that was signed")
        self.operator.call("PATCH", f"/v1/parties/{self.market.publisher.id}", {"legal": {"name": "Werbe \u202e KK ateB yb diap"}})
        self.say(self.assertStatus(self.market.publisher.postback(person(click_id=self.market.click("?sub1=%E2%80%AEevil"), txid="n\u2066\u00b0 1")), 200).json["lead"], "approved")
        turned = f"/v1/statements/{self.settle()[0]}?format="
        html, sheet = (self.market.publisher.do("GET", turned + form).text for form in ("html", "csv"))
        for text, words in ((html, ("Werbe \ufffd KK", "\ufffdevil", "n\ufffd\u00b0 1")), (sheet, ("\ufffdevil", "n\ufffd\u00b0 1"))):
            self.assertNotRegex(text, "[\u202a-\u202e\u2066-\u2069]")
            for word in words:
                self.assertIn(word, text)
        table = re.search(r'href="([^"]*format=csv&amp;lang=fr)"', self.page(made["id"], "&lang=fr"))[1].replace("&amp;", "&")
        self.assertIn(";12,00;;\r\n", self.market.publisher.do("GET", f"/v1/statements/{table}").text)
        self.assertIn(";12,00;;\r\n", self.market.publisher.do("GET", path + "?format=csv&lang=fr").text)

    def test_a_page_reads_what_it_shows_and_counts_the_others(self):
        """Line items are made of the log by 256: those of the first 50 that move money, and of each adjustment."""
        click = self.market.click()
        found = self.assertStatus(self.market.publisher.call("POST", "/v1/leads", [person(click_id=click, txid=f"n{i}") for i in range(700)]), 200).json
        leads = [row["lead"] for row in found["data"]]
        for rows in ([{"lead": lead, "status": "approved"} for lead in leads[:450]], [{"lead": leads[i], "status": "returned"} for i in (3, 449)]):
            self.assertStatus(self.market.advertiser.call("POST", "/v1/dispositions", rows), 200)
        ident, statement, _ = self.settle()
        lines = self.lines(ident)
        moving = [line["index"] for line in lines if line["micros"] != 0]
        self.assertEqual((len(lines), len(moving), len(statement["adjustments"])), (1152, 452, 2))
        before = set()
        for asked, shown in (("", 50), ("&lines=all", 452)):
            page = self.market.publisher.do("GET", f"/v1/statements/{ident}?format=html{asked}").text
            above, below = page.split(f"1 to {shown} of 452")
            rows, total = below.split("</table>")[0].split("</tbody>")
            self.assertEqual((rows.count("<tr>"), total.count("<tr>")), (shown + 1, int(shown == 452)))  # a sum stands under all alone
            before.add(above)
        self.assertEqual(len(before), 1)
        # disputed ones are counted in, of bundles in which nothing moves money too
        still = [line["index"] for line in lines if line["micros"] == 0]
        self.assertStatus(self.market.publisher.answer_statement(ident, "dispute", [still[300], still[-1], moving[-1]]), 201)
        self.assertStatus(self.market.advertiser.answer_statement(ident, "dispute", [still[0], still[300]]), 201)
        for asked, shown, disputed in (("", 50, 4), ("&lines=all", 455, 5)):
            page = self.page(ident, asked)
            self.assertEqual((page.count("<td class=\"t\""), page.count("disputed by"), f"1 to {shown} of 455" in page), (shown, disputed, True))

    def test_a_disputed_line_shows_what_came_of_it(self):
        leads = [self.lead() for _ in range(3)]
        for lead in leads:
            self.say(lead, "approved")
        ident, _, _ = self.settle()
        moving = [line["index"] for line in self.lines(ident) if line["micros"]]
        self.assertStatus(self.market.publisher.answer_statement(ident, "dispute", moving[:2]), 201)
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": 1_500_000, "reason": "more", "lead": leads[0]})
        self.say(leads[2], "returned")  # whose line nobody disputes
        self.settle()
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -500_000, "reason": "less", "lead": leads[0]})
        told = wait_for(lambda: (lambda given: given if len(given["corrections"]) == 2 else None)(self.operator.get(f"/v1/statements/{ident}/responses")), what="both corrections")
        self.assertEqual([(each["lead"], each["micros"], each.get("number")) for each in told["corrections"]], [(leads[0], 1_500_000, 2), (leads[0], -500_000, None)])
        for language, words in (("en", ("corrected by 1.50, on no. 2", "corrected by \u22120.50, on no statement so far")), ("fr", ("rectifié de 1,50, sur le n° 2",)), ("zh", ("更正 1.50，计入编号 2",))):
            for word in words:
                self.assertEqual(self.page(ident, f"&lang={language}").count(word), 1, word)

    def test_a_correction_is_told_once_of_a_lead_that_has_two_lines(self):
        """Beside the last of those that are disputed, also where each side disputes one, or both the same."""
        lead, other = self.lead(), self.lead()
        for status in ("approved", "returned"):
            self.say(lead, status)
        self.say(other, "approved")
        ident, _, _ = self.settle()
        lines = [line for line in self.lines(ident) if line["micros"]]
        of_lead = [line["index"] for line in lines if line["lead"] == lines[0]["lead"]]
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": 1_500_000, "reason": "more", "lead": lead})
        self.settle()
        publisher, advertiser = self.market.publisher, self.market.advertiser
        for party, disputed, beside in ((publisher, of_lead[:1], of_lead[0]), (publisher, of_lead, of_lead[1]), (advertiser, of_lead[1:], of_lead[1]), (publisher, of_lead[:1], of_lead[1])):
            self.assertStatus(party.answer_statement(ident, "dispute", disputed), 201)
            time.sleep(0.002)  # a later answer is of a later time
            page = self.page(ident)
            rows = [row for row in page.split("<tr>") if "corrected by 1.50, on no. 2" in row]
            self.assertEqual((page.count("corrected by 1.50"), len(rows)), (1, 1))
            self.assertIn(f">{beside:,}</td>", rows[0].replace("\u202f", ","))

    def test_a_page_shows_the_first_adjustments_and_the_sum_of_all(self):
        click = self.market.click()
        found = self.assertStatus(self.market.publisher.call("POST", "/v1/leads", [person(click_id=click, txid=f"a{i}") for i in range(60)]), 200).json
        for status in ("approved", "returned"):
            self.assertStatus(self.market.advertiser.call("POST", "/v1/dispositions", [{"lead": row["lead"], "status": status} for row in found["data"]]), 200)
            ident, statement, _ = self.settle()
        paid = -sum(each["micros"] for each in statement["adjustments"]) // 1_000_000
        self.assertEqual((len(statement["adjustments"]), paid > 0), (60, True))
        for language, some in (("en", "Adjustments: 1 to 50 of 60"), ("fr", "Ajustements\u00a0: 1 à 50 sur 60"), ("zh", "调整：第 1–50 项，共 60 项")):
            for more, shown in (("", 50), ("&lines=all", 60)):
                page = self.page(ident, f"&lang={language}{more}")
                section = next(each.split("</section>")[0] for each in page.split("<section>") if 'scope="row" colspan="4"' in each)
                rows, total = section.split("</tbody>")
                self.assertEqual((rows.count("<tr>"), some in rows, "lines=all" in total), (shown + 1, shown == 50, shown == 50))
                self.assertEqual(rows.count(ident), 1)  # on each sheet of paper that it takes
                self.assertIn(f"{paid}", total.split("</table>")[0])
        self.assertEqual(self.market.publisher.do("GET", f"/v1/statements/{ident}?format=csv").text.count(",returned,"), 60)

    def law(self, customer, supplier):
        for party, (country, vat_id) in ((self.market.advertiser, customer), (self.market.publisher, supplier)):
            legal = {**NOTHING, "country": country, **({"name": f"Company {vat_id}", "vat_id": vat_id} if vat_id else {})}
            self.assertStatus(self.operator.call("PATCH", f"/v1/parties/{party.id}", {"legal": legal}), 200)

    def bare(self, parts):
        """Without whose they are."""
        return [{name: value for name, value in part.items() if name not in ("advertiser", "publisher")} for part in parts]

    def lines(self, ident):
        return [json.loads(line) for line in self.market.publisher.do("GET", f"/v1/statements/{ident}/lines").text.splitlines()]

    def page(self, ident, more=""):
        return self.market.publisher.do("GET", f"/v1/statements/{ident}?format=html{more}").text

    def vat_of(self, row):
        """A row of a list as the payload has it."""
        return [{name.replace("vat_kind", "kind"): value for name, value in part.items() if name not in ("advertiser", "publisher")} for part in row["vat"]]

    def warnings(self):
        [row] = self.operator.get("/v1/settlements", contract=self.market.contract)["data"]
        return {each["warning"]: each["text"] for each in row["warnings"]}

    def swept(self, net_micros):
        wait_for(lambda: self.operator.get("/v1/settlements", contract=self.market.contract)["data"][0].get("draft", {}).get("net_micros") == net_micros, what="all to be swept")

    def test_what_was_charged_at_another_rate_is_taken_back_at_that_rate_and_told_wherever_money_is_shown(self):
        french, german = ("FR", "FR48999000102"), ("DE", "DE999999999")
        self.law(french, ("FR", "FR40999000129"))
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 200_000})
        leads = [self.lead() for _ in range(5)]
        for lead in leads[:4]:
            self.say(lead, "approved")
        self.swept(48_000_000)
        self.assertEqual(set(self.warnings()), set())
        one, first, _ = self.settle()
        self.say(leads[0], "returned")
        two, _, _ = self.settle()  # nothing has changed: a credit note that names what it corrects
        page = self.page(two)
        self.assertIn("self-billing credit note", page)
        self.assertRegex(page, f'Corrects</dt><dd>no. 1 of .*{one}')
        self.assertNotIn("VAT by rate", page)
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 190_000})
        self.say(leads[1], "returned")
        self.swept(-12_000_000)
        self.assertEqual(set(self.warnings()), {"negative_net", "unanswered"})  # all of it is under the rate of the first
        fresh = self.lead()
        self.say(fresh, "approved")
        self.swept(0)
        self.assertIn("12.00 EUR under VAT of 19% (2.28) and -12.00 EUR under VAT of 20% (-2.40)", self.warnings()["vat_rate_changed"])
        shown = countersign("settle", self.server.url, "--token", self.operator.token, "--contract", self.market.contract, "--preview").stdout
        for words in ("with 1 returned lead of -12.00 EUR", "-12.00 EUR under VAT of 20% (-2.40)", "payable 0.00 EUR and 0.12 VAT: 0.12 EUR by the publisher"):
            self.assertIn(words, shown)
        three, statement, _ = self.settle()
        lines = self.lines(three)
        rows = [{"kind": "domestic", "net_minor": 1200, "supplied_minor": 1200, "supplied_vat_minor": 228, "vat_minor": 228, "vat_ppm": 190_000},
                {"kind": "domestic", "net_minor": -1200, "supplied_minor": 0, "supplied_vat_minor": 0, "vat_minor": -240, "vat_ppm": 200_000}]
        self.assertEqual((self.bare(statement["tax"]["rows"]), statement["tax"]["vat_minor"], statement["payable_by"]), (rows, -12, "publisher"))
        self.assertEqual([line.get("vat_ppm") for line in lines], [200_000, None, 190_000])
        for language, words in (("en", ("VAT by rate", "With VAT, EUR")), ("fr", ("TVA par taux", "20\u202f%")), ("zh", ("按税率分列的增值税", "含税金额"))):
            for word in words:
                self.assertIn(word, self.page(three, f"&lang={language}"))
        self.law(german, ("FR", "FR40999000129"))  # reverse charge: the rate that is agreed is idle
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": 5_000_000, "reason": "on both", "statement": three})
        self.say(leads[2], "returned")
        self.swept(-7_000_000)
        self.assertIn("reverse charge", self.warnings()["vat_rate_unused"])
        told = countersign("settle", self.server.url, "--token", self.operator.token, "--contract", self.market.contract)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("is not charged: by reverse charge", told.stdout)
        then = "charged as: Company FR40999000129, VAT FR40999000129; to: Company FR48999000102, VAT FR48999000102"
        parts = f"5.00 EUR under VAT of 19% (0.95), {then} and -12.00 EUR under VAT of 20% (-2.40), {then}"
        for words in (parts, "is under reverse_charge, and on the statement before it was under domestic"):
            self.assertIn(words, told.stdout)
        four = self.operator.get("/v1/statements", contract=self.market.contract)["data"][-1]["id"]
        # each correction of the first, by the statement that carries it, and what none carries so far
        self.say(leads[0], "approved")
        self.say(leads[4], "approved")  # which it only waited on: no correction
        since = lambda ident: re.findall(r'<tr>(?:(?!</tr>).)*</tr>', self.page(ident).split("Changed since")[1].split("</table>")[0])[1:]
        rows = [re.sub("<[^>]*>", " ", row).split() for row in since(one)]
        self.assertEqual([row[-2:] for row in rows], [["1", "\u221212.00"]] * 3 + [["1", "12.00"], ["4", "\u221224.00"]])
        self.assertEqual([word in " ".join(row) for word, row in zip((two, three, four, "no statement so far"), rows)], [True] * 4)
        self.assertEqual([row[-2:] for row in (re.sub("<[^>]*>", " ", row).split() for row in since(three))], [["1", "5.00"]] * 2)
        self.assertNotIn("Changed since", self.page(four))
        five, _, _ = self.settle()
        self.assertEqual([re.sub("<[^>]*>", " ", cell).split()[0] for cell in self.page(five).split('data-l="Decided">')[1:]], ["Reinstated", "Approved"])
        with tempfile.TemporaryDirectory() as folder:
            key = Path(folder, "key")
            key.touch(0o600)
            key.write_text(json.dumps({"crv": "Ed25519", "d": b64u(self.market.publisher.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())), "kty": "OKP", "x": self.market.publisher.jwk["x"]}))
            shown = countersign("sign", self.server.url, four, "--accept", "--token", self.market.publisher.token, "--key", key)
            self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
            for words in (f"vat         {parts}", "vat         CHANGED since the statement before",
                          "net -7.00 EUR (gross 0.00 EUR, 1 adjustment of 5.00 EUR and 1 returned lead of -12.00 EUR)"):
                self.assertIn(words, shown.stdout)
            again = countersign("sign", self.server.url, one, "--accept", "--token", self.market.publisher.token, "--key", key)
            self.assertIn("corrected since by 3 returned leads of -36.00 EUR and 1 reinstated lead of 12.00 EUR", again.stdout)

    def test_who_charged_whom_is_told_as_it_stood_when_it_came(self):
        """Alpha of France supplies 2 leads, moves to Germany on the same day, supplies one there, and one of the first is returned."""
        self.market.publisher = self.market.new_publisher()
        self.market.contract = self.market.new_contract(self.market.publisher, vat_ppm=200_000)
        self.market.code = self.market.new_code(self.market.publisher, self.market.contract)
        customer, french, german = ("FR", "FR48999000102"), ("FR", "FR40999000129"), ("DE", "DE999999999")
        first = self.lead()
        self.say(first, "approved")  # before anybody told who it is: of the first that it tells
        self.law(customer, ("FR", ""))
        self.law(customer, french)
        leads = [first, self.lead(), self.lead()]
        reached = {"country": "FR", "name": "Company FR40999000129", "vat_id": "FR40999000129", "address": "2 rue B\n69001 Lyon"}
        for address in ("1 rue A\n75001 Paris", reached["address"]):  # who moves house stays who he is
            self.assertStatus(self.operator.call("PATCH", f"/v1/parties/{self.market.publisher.id}", {"legal": {**reached, "address": address, "email": "a@b.example"}}), 200)
        self.say(leads[1], "approved")
        self.law(customer, german)
        self.say(leads[2], "approved")
        [row] = wait_for(lambda: (lambda rows: rows if rows[0].get("draft", {}).get("net_micros") == 24_000_000 else None)(self.operator.get("/v1/settlements", contract=self.market.contract)["data"]), what="all to be swept")
        self.assertTrue(row["draft"]["more"])
        self.assertEqual((row["draft"]["vat"][0]["publisher"], row["draft"]["vat_minor"]), (reached, 480))
        self.assertIn("charged as: Company FR40999000129, VAT FR40999000129; to: Company FR48999000102", {each["warning"]: each["text"] for each in row["warnings"]}["other_parties"])
        one, statement, _ = self.settle()
        self.assertEqual((statement["publisher"]["legal"]["vat_id"], statement["tax"]["kind"], statement["tax"]["vat_minor"]), ("DE999999999", "domestic", 480))
        self.assertEqual([{name: value for name, value in each.items() if name != "entry"} for each in statement["tax"]["traders"]][1], reached)
        two, statement, _ = self.settle()
        self.assertEqual((statement["tax"]["kind"], statement["tax"]["vat_minor"], statement["payable_minor"]), ("reverse_charge", 0, 1200))
        self.assertNotIn("charged as", self.page(two))
        self.say(leads[1], "returned")
        three, statement, _ = self.settle()
        self.assertEqual([(part["kind"], part["net_minor"], part["vat_minor"]) for part in statement["tax"]["rows"]], [("domestic", -1200, -240)])
        self.assertEqual([part["vat_id"] for part in statement["tax"]["traders"]], ["FR48999000102", "FR40999000129", "DE999999999"])
        for ident in (one, three):
            for language, words in (("en", "charged as: Company FR40999000129, 2 rue B, 69001 Lyon, France, VAT FR40999000129; to: Company FR48999000102, France, VAT FR48999000102"),
                                    ("fr", "facturé par\u00a0: Company FR40999000129, 2 rue B, 69001 Lyon, France, TVA FR40999000129\u202f; à\u00a0:"),
                                    ("zh", "开票方：Company FR40999000129，2 rue B，69001 Lyon，法国，增值税号 FR40999000129；对方：")):
                self.assertIn(words, re.sub("<[^>]*>", "", self.page(ident, f"&lang={language}")))
            for language, country in (("en", "Germany"), ("fr", "Allemagne"), ("zh", "德国")):
                self.assertIn(f"<br><bdi>{country}</bdi><br>", self.page(ident, f"&lang={language}"))
            table = list(csv.DictReader(io.StringIO(self.market.publisher.do("GET", f"/v1/statements/{ident}?format=csv").text.lstrip("\ufeff"))))
            self.assertEqual({(row["supplier"], row["supplier_vat_id"]) for row in table if row["kind"] in ("disposition", "vat") and row["amount"] != "0"},
                             {("Company FR40999000129", "FR40999000129")})
            self.assertEqual(table[-1]["supplier_vat_id"], "DE999999999")
        self.say(self.lead(), "approved")
        self.swept(12_000_000)
        self.law(german, german)
        wait_for(lambda: {"same_vat_id", "other_parties"} <= set(self.warnings()), what="the warning")
        self.assertEqual(self.verified().returncode, 0)
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_is_said_of_a_company_is_merged_into_what_was_said_before(self):
        path = f"/v1/parties/{self.market.publisher.id}"
        told = {"country": "FR", "name": "Petite", "address": "1 rue A\n75001 Paris", "vat_id": "FR40999000129"}
        say = lambda legal: self.operator.call("PATCH", path, {"legal": legal})  # noqa: E731
        self.assertEqual(self.assertStatus(say({**NOTHING, **told}), 200).json["legal"], told)
        self.assertEqual(self.assertStatus(say({"cash_accounting": True}), 200).json["legal"], {**told, "cash_accounting": True})
        self.assertEqual(self.assertStatus(say({}), 200).json["legal"], {**told, "cash_accounting": True})
        self.assertEqual(self.assertStatus(say({"cash_accounting": None, "address": None}), 200).json["legal"], {name: told[name] for name in ("country", "name", "vat_id")})
        refused = say({"country": "DE"})
        self.assertEqual((refused.status, refused.json["field"]), (422, "legal.vat_id"), "the id is of France still")
        self.assertStatus(say({"nickname": "P"}), 422)
        self.verified()

    def test_no_line_of_an_address_looks_like_a_vat_id_or_stands_apart(self):
        path = f"/v1/parties/{self.market.publisher.id}"
        for address in ("1 rue A\nVAT FR99999999999", "1 rue A\nfr 99 999 999 999", "TVA: FR99999999999\n1 rue A", "1 rue A\n\nTo pay, EUR 999.00", "1 rue A\n \u00a0\n75001 Paris", "\n".join("1234567")):
            for member in ("address", "representative_address"):
                refused = self.operator.call("PATCH", path, {"legal": {**NOTHING, "country": "FR", "name": "P", member: address}})
                self.assertEqual((refused.status, refused.json.get("field")), (422, f"legal.{member}"), address)
        good = {"country": "FR", "name": "P", "address": "Vatel & Cie\nBP 12, Savatier 9\n75001 Paris", "vat_id": "FR40999000129"}
        self.assertStatus(self.operator.call("PATCH", path, {"legal": {**NOTHING, **good}}), 200)
        self.say(self.lead(), "approved")
        one, _, _ = self.settle()
        page = self.page(one)
        self.assertRegex(page, '<span class="addr">[^\n]*75001 Paris[^\n]*</span><br><bdi>France</bdi><br><strong class="vatid">VAT [^\n]*FR40999000129')
        self.verified()

    def test_why_a_supplier_charges_no_vat_and_who_represents_it_stand_where_the_law_wants_them(self):
        self.market.publisher = self.market.new_publisher()
        self.market.contract = self.market.new_contract(self.market.publisher, vat_ppm=200_000)
        self.market.code = self.market.new_code(self.market.publisher, self.market.contract)
        self.law(("FR", "FR48999000102"), ("FR", ""))
        path = f"/v1/parties/{self.market.publisher.id}"
        small = {"country": "FR", "name": "Petite", "exemption": "TVA non applicable, art. 293 B du CGI.", "cash_accounting": False}
        legal = self.assertStatus(self.operator.call("PATCH", path, {"legal": small}), 200).json["legal"]
        self.assertNotIn("cash_accounting", legal)
        self.say(self.lead(), "approved")
        one, statement, _ = self.settle()
        self.assertEqual(statement["tax"]["kind"], "none")
        plain = lambda ident, language: re.sub("<[^>]*>", "", self.page(ident, f"&lang={language}"))  # noqa: E731
        for language, words in (("en", "No VAT is charged: TVA non applicable, art. 293 B du CGI."), ("fr", "TVA non facturée\u00a0: TVA non applicable, art. 293 B du CGI."),
                                ("zh", "不收取增值税：TVA non applicable, art. 293 B du CGI。")):
            self.assertIn(words, plain(one, language))
            self.assertNotIn("what the parties say of themselves", plain(one, language))
        taxed = {**legal, "vat_id": "FR40999000129", "cash_accounting": True, "representative_name": "Gamma SA", "representative_address": "3 rue C\n69001 Lyon", "representative_vat_id": "fr 62 999 000 128"}
        self.assertEqual(self.assertStatus(self.operator.call("PATCH", path, {"legal": taxed}), 200).json["legal"]["representative_vat_id"], "FR62999000128")
        self.say(self.lead(), "approved")
        two, statement, _ = self.settle()
        [trader] = [each for each in statement["tax"]["traders"] if each.get("name") == "Petite"]
        self.assertTrue(trader["cash_accounting"])
        for language, words in (("en", ("Cash accounting.", "Tax representative: Gamma SA, 3 rue C, 69001 Lyon, VAT FR62999000128")), ("fr", ("Comptabilité de caisse.", "Représentant fiscal\u00a0: Gamma SA")),
                                ("zh", ("收付实现制", "税务代表：Gamma SA"))):
            for word in words:
                self.assertIn(word, plain(two, language))
            self.assertIn("293 B", plain(two, language), "that it is charged all the same is no secret")
            self.assertNotIn(words[0], plain(one, language))
        # a rate is charged for who says that it charges none: said before, and on the page
        charged = self.lead()
        self.say(charged, "approved")
        self.swept(12_000_000)
        self.assertIn("exempt_but_charged", self.warnings())
        self.assertIn("charges no VAT (TVA non applicable, art. 293 B du CGI), and the terms charge VAT of 20%", self.warnings()["exempt_but_charged"])
        self.assertIn("says that it charges no VAT (TVA non applicable, art. 293 B du CGI), and the terms charge 20%", plain(two, "en"))
        self.settle()
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 0})
        self.say(self.lead(), "approved")
        self.swept(12_000_000)
        self.assertLessEqual(set(self.warnings()), {"no_key", "unanswered"}, "exempt, and none is agreed: as it should be")
        self.say(charged, "returned")
        self.swept(0)
        self.assertNotIn("exempt_but_charged", self.warnings(), "what is taken back at a rate is not charged at it")
        self.assertNotIn("both cannot be right", plain(self.settle()[0], "en"))
        for legal, field in (({"exemption": 1}, "legal.exemption"), ({"cash_accounting": "yes"}, "legal.cash_accounting"), ({"representative_vat_id": "-"}, "legal.representative_vat_id")):
            refused = self.operator.call("PATCH", path, {"legal": legal})
            self.assertEqual((refused.status, refused.json["field"]), (422, field))
        self.verified()

    def test_a_sum_below_nothing_that_is_carried_says_what_becomes_of_its_vat(self):
        self.market.publisher = self.market.new_publisher()
        self.market.contract = self.market.new_contract(self.market.publisher, vat_ppm=200_000, set_off="next")
        self.market.code = self.market.new_code(self.market.publisher, self.market.contract)
        self.law(("FR", "FR48999000102"), ("FR", "FR40999000129"))
        leads = [self.lead() for _ in range(3)]
        self.say(leads[0], "approved")
        one, first, _ = self.settle()
        self.say(leads[0], "returned")
        self.swept(-12_000_000)
        two, statement, _ = self.settle()
        part = {"kind": "domestic", "micros": -12_000_000, "number": 1, "vat_ppm": 200_000}
        corrected = [{"id": one, "issued_at": first["issued_at"], "number": 1}]
        self.assertEqual((first["corrects"], statement["corrects"]), ([], corrected))
        self.assertEqual((statement["payable_minor"], statement["carried_micros"], statement["tax"]["vat_minor"], self.bare(statement["tax"]["carried"])), (0, -12_000_000, 0, [part]))
        for language, words in (("en", "This is carried over to the next, which credits it with its VAT: 12.00 (20%, of no. 1)"), ("fr", "qui le créditera avec sa TVA"), ("zh", "由其连同增值税一并冲减")):
            self.assertIn(words, self.page(two, f"&lang={language}"))
            self.assertNotIn(words, self.page(one, f"&lang={language}"))
        table = lambda ident: list(csv.DictReader(io.StringIO(self.market.publisher.do("GET", f"/v1/statements/{ident}?format=csv").text.lstrip("\ufeff"))))
        picked = lambda ident, kind: [(row["vat_kind"], row["vat_percent"], row["amount"], row["taxable"]) for row in table(ident) if row["kind"] == kind]
        self.assertEqual(picked(two, "carried_out"), [("domestic", "20", "12.00", "")])
        self.assertEqual(picked(two, "vat"), [], "nothing is credited on it")
        self.assertRegex(self.page(two), '>Carried over to the next</th><td class="n">12.00<')
        self.assertNotIn("Taxable amount", self.page(two))
        self.assertIn("carried over to the next 12.00 EUR", self.verified().stdout)
        for language, words in (("en", "series"), ("fr", "série"), ("zh", "系列")):
            self.assertIn(f"{words} {self.market.contract}</p>", self.page(two, f"&lang={language}"))
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 190_000})
        self.law(("FR", "FR48999000102"), ("DE", "DE999999999"))  # for one statement that takes the sum on
        self.say(leads[1], "approved")
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -13_000_000, "reason": "of none"})
        _, statement, _ = self.settle()
        parts = [part, {"kind": "reverse_charge", "micros": -1_000_000, "vat_ppm": 0}]
        self.assertEqual((statement["carried_micros"], statement["tax"]["kind"], self.bare(statement["tax"]["brought"]), self.bare(statement["tax"]["carried"])), (-13_000_000, "reverse_charge", [part], parts))
        self.assertEqual(statement["corrects"], [], "nothing of no. 1 is credited on it")
        self.law(("FR", "FR48999000102"), ("FR", "FR40999000129"))
        later = [leads[2], self.lead()]
        for lead in later:
            self.say(lead, "approved")
        self.swept(24_000_000)
        three, statement, _ = self.settle()
        self.assertEqual((statement["payable_minor"], statement["tax"]["vat_minor"]), (1100, 456 - 240))
        self.assertEqual([(row["kind"], row["vat_ppm"], row["net_minor"]) for row in statement["tax"]["rows"]],
                         [("domestic", 190_000, 2400), ("domestic", 200_000, -1200), ("reverse_charge", 0, -100)])
        third = self.page(self.operator.get("/v1/statements", contract=self.market.contract)["data"][2]["id"])
        self.assertIn(">all of it carried over to the next: 12.00</span></th><td class=\"n\">–</td>", third)
        page = self.page(three)
        for words in ("carried over with: \u221212.00 (20%, of no. 1), \u22121.00 (reverse charge)", "Reverse charge: VAT is due from the customer"):
            self.assertIn(words, page)
        self.assertEqual(statement["corrects"], corrected)
        for language, words in (("en", f"<dt>Corrects</dt><dd>no. 1 of .*{one}"), ("fr", f"<dd>n° 1 du .*{one}"), ("zh", f"<dd>编号 1，.*{one}")):
            self.assertRegex(self.page(three, f"&lang={language}"), words)
        self.assertEqual([(row["corrects"], row["corrects_number"], row["corrects_issued_at"]) for row in table(three) if row["kind"] == "carried_in"],
                         [(one, "1", table(one)[0]["issued_at"]), ("", "", "")])
        self.assertEqual(picked(three, "carried_in"), [("domestic", "20", "-12.00", ""), ("reverse_charge", "", "-1.00", "")])
        # what is new has its VAT on its own statement, though all comes to less than nothing
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 200_000})
        new = self.lead()
        self.say(new, "approved")
        for lead in later:
            self.say(lead, "returned")
        self.swept(-12_000_000)
        four, statement, _ = self.settle()
        self.assertEqual((statement["payable_minor"], statement["carried_micros"], statement["tax"]["vat_minor"], statement["payable_by"]), (0, -12_000_000, 240 - 228, "advertiser"))
        self.assertEqual(self.bare(statement["tax"]["carried"]), [part | {"number": 4, "vat_ppm": 190_000}])
        self.assertEqual([(each["number"], each["id"]) for each in statement["corrects"]], [(4, three)])
        self.assertEqual([(row["vat_ppm"], row["net_minor"], row["vat_minor"]) for row in statement["tax"]["rows"]], [(190_000, -1200, -228), (200_000, 1200, 240)])
        self.assertIn("The VAT of what is above 0 is charged here", self.page(four))
        self.assertEqual(picked(three, "vat"), [("domestic", "19", "4.56", "24.00"), ("domestic", "20", "-2.40", "-12.00"), ("reverse_charge", "", "0.00", "-1.00")])
        [last] = [row for row in table(three) if row["kind"] == "to_pay"]
        self.assertEqual((last["to_pay"], last["supplier_vat_id"], last["customer_vat_id"]), ("13.16", "FR40999000129", "FR48999000102"))

    def test_what_is_new_is_invoiced_at_the_rate_under_which_more_is_credited(self):
        self.market.publisher = self.market.new_publisher()
        self.market.contract = self.market.new_contract(self.market.publisher, vat_ppm=200_000, set_off="next")
        self.market.code = self.market.new_code(self.market.publisher, self.market.contract)
        self.law(("FR", "FR48999000102"), ("FR", "FR40999000129"))
        leads = [self.lead() for _ in range(6)]
        for lead in leads[:5]:
            self.say(lead, "approved")
        self.swept(60_000_000)
        self.settle()
        for lead in leads[:3]:
            self.say(lead, "returned")
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -1_081_111, "reason": "of none"})
        self.swept(-37_081_111)
        of = ("settle", self.server.url, "--token", self.operator.token, "--contract", self.market.contract)
        self.assertIn("payable 0.00 EUR, carried over to the next 37.081111 EUR that the publisher owes, net -37.081111 EUR", countersign(*of, "--preview").stdout)
        self.assertIn("payable 0.00 EUR, carried over to the next 37.081111 EUR that the publisher owes\n", countersign(*of).stdout)
        two = self.operator.get("/v1/statements", contract=self.market.contract)["data"][-1]["id"]
        statement = json.loads(statement_payload(self.market.advertiser.do("GET", f"/v1/statements/{two}").body))
        self.assertEqual([(row["net_minor"], row["supplied_minor"]) for row in statement["tax"]["rows"]], [(0, 0)])
        self.assertNotIn("The VAT of what is above 0 is charged here", self.page(two))
        self.assertIn(">Settlement statement<", self.page(two))
        self.assertEqual(set(self.warnings()) & {"vat_rate_unused"}, set())
        text = lambda ident, language: re.sub("<[^>]*>", "", self.page(ident, f"&lang={language}"))  # noqa: E731
        self.assertIn("Company FR40999000129 owes Company FR48999000102 37.081111 EUR: it is carried over, and the next statement sets it off.", text(two, "en"))
        self.say(leads[5], "approved")
        self.swept(12_000_000)
        self.assertIn("carried over to the next 25.081111 EUR that the publisher owes, carried over from the one before -37.081111 EUR that the publisher owes, net 12.00 EUR", countersign(*of, "--preview").stdout)
        [preview] = self.operator.get("/v1/settlements", contract=self.market.contract)["data"]
        three, statement, _ = self.settle()
        listed = self.operator.get("/v1/statements", contract=self.market.contract)["data"][-1]
        for shown in (preview["draft"], listed):
            self.assertEqual(self.vat_of(shown), self.bare(statement["tax"]["rows"]))
        self.assertEqual((statement["to_pay_minor"], statement["payable_minor"], statement["carried_micros"]), (0, 0, -25_081_111))
        self.assertEqual(self.bare(statement["tax"]["rows"]), [{"kind": "domestic", "net_minor": 0, "supplied_minor": 1200, "supplied_vat_minor": 240, "vat_minor": 0, "vat_ppm": 200_000}])
        for language, words in (("en", "From the statement before Company FR40999000129 owed Company FR48999000102 37.081111 EUR: it is set off here."), ("fr", "37,081111 EUR\u00a0: compensé ici"), ("zh", "在本单抵扣")):
            self.assertIn(words, text(three, language))
        for language, words in (("en", ("self-billing invoice and credit note", "20%: supplied here", "20%: credited or corrected, of no. 1 and of no statement named", "and earlier amounts, without naming a statement", "VAT is charged by the supplier", "Self-billing: drawn up",
                                        "All in all it comes to less than 0",  # its net is 12.00
                                        "The VAT of what is above 0 is charged here", '>12.00</td>', '>\u22122.40</td>')),
                                ("fr", ("facture et avoir en autofacturation", "fourni ici", "du n° 1 et d’aucun relevé nommé", "Le total est négatif", "2,40")), ("zh", ("自开发票及红字发票", "本期新增", "编号 1 及未指明结算单", "总计为负", "2.40"))):
            for each in words:
                self.assertIn(each, self.page(three, f"&lang={language}"))
        table = list(csv.DictReader(io.StringIO(self.market.publisher.do("GET", f"/v1/statements/{three}?format=csv").text.lstrip("\ufeff"))))
        self.assertEqual([(row["vat_percent"], row["taxable"], row["amount"], row["corrects_number"]) for row in table if row["kind"] == "vat"],
                         [("20", "12.00", "2.40", ""), ("20", "-12.00", "-2.40", "")])  # a part of that is about none
        self.verified()

    def adjust(self, lead, micros):
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": micros, "reason": "r", "lead": lead})

    def corrected(self, *said):
        """The statement of the contract now; and its preview, `settle`, page and `sign` say of its leads just that."""
        index = {row["lead"]: row["index"] for row in self.operator.get("/v1/leads", contract=self.market.contract, limit=100)["data"]}
        lines = {words.format(**{name: index[lead] for name, lead in self.named.items()}): word for word, words in said}
        [row] = self.operator.get("/v1/settlements", contract=self.market.contract)["data"]
        self.assertEqual({each["text"]: each["warning"] for each in row["warnings"] if each["warning"].startswith("corrected")}, lines)
        settled = countersign("settle", self.server.url, "--token", self.operator.token, "--contract", self.market.contract)
        self.assertEqual(settled.returncode, 0, settled.stderr)
        ident = self.operator.get("/v1/statements", contract=self.market.contract)["data"][-1]["id"]
        self.assertEqual(sorted(re.findall(r"lead \d+ charged .*?(?:taken back|corrects it)", settled.stdout)), sorted(lines))
        page = re.sub("<[^>]*>", "", self.page(ident)).replace("\u2212", "-")
        words = [re.sub(r": [0-9.]+ (?:stands of it; )?more", ": more", re.sub(r"no\. (\d+) ", r"no. \1: ", text).replace(", no.", "; no.")).replace("lead", "Lead", 1) for text in lines]
        self.assertEqual(re.findall(r"Lead \d+ charged [^<]*?(?:taken back|corrects it)", page), words)
        for language, words in (("fr", ("repris au-delà de ce qu’il a facturé", "plusieurs relevés le rectifient")), ("zh", ("冲回超过其计费", "多份结算单对其更正"))):
            page = self.page(ident, f"&lang={language}")
            self.assertEqual([page.count(word) for word in words], [list(lines.values()).count(word) for word in ("corrected_beyond", "corrected_again")])
        shown = countersign("sign", self.server.url, ident, "--accept", "--contract", self.market.contract, "--token", self.market.publisher.token, "--key", self.key, "--mirrors", self.mirrors)
        self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
        self.assertEqual([line for line in shown.stdout.splitlines() if " BUT " in line], [f"adjustment  BUT {text}" for text in lines])
        return ident

    def test_a_lead_that_is_corrected_beyond_what_it_charged_or_again_is_told_wherever_one_decides(self):
        """Within one statement and over several; by decisions and adjustments; what never charged anything, and a sale."""
        with tempfile.TemporaryDirectory() as folder:
            self.key, self.mirrors = Path(folder, "key"), Path(folder, "mirrors")
            self.key.touch(0o600)
            self.key.write_text(json.dumps({"crv": "Ed25519", "d": b64u(self.market.publisher.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())), "kty": "OKP", "x": self.market.publisher.jwk["x"]}))
            names = ("twice", "part", "both", "back", "never", "plain")
            self.named = {name: self.lead() for name in names}
            for name in names:
                if name != "never":
                    self.say(self.named[name], "approved")
            self.swept(60_000_000)
            self.corrected()
            at = self.named
            for name, micros in (("twice", -8_000_000), ("part", -5_000_000), ("both", -20_000_000), ("back", -3_000_000), ("never", -1_000_000)):
                self.adjust(at[name], micros)
            self.say(at["plain"], "returned")
            self.swept(-49_000_000)
            beyond, again = "corrected_beyond", "corrected_again"
            first = self.corrected((beyond, "lead {both} charged 12.00, corrected by -20.00 (no. 2 -20.00): 8.00 more than it charged is taken back"),
                                   (beyond, "lead {never} charged 0.00, corrected by -1.00 (no. 2 -1.00): 1.00 more than it charged is taken back"))
            self.adjust(at["twice"], -8_000_000)
            self.adjust(at["part"], -5_000_000)
            self.adjust(at["both"], 20_000_000)
            self.say(at["back"], "returned")
            self.say(at["plain"], "approved")
            self.swept(7_000_000)
            self.corrected((beyond, "lead {twice} charged 12.00, corrected by -16.00 (no. 2 -8.00, no. 3 -8.00): 4.00 more than it charged is taken back"),
                           (again, "lead {part} charged 12.00, corrected by -10.00 (no. 2 -5.00, no. 3 -5.00): 2.00 stands of it; more than one statement corrects it"),
                           (again, "lead {both} charged 12.00, corrected by 0.00 (no. 2 -20.00, no. 3 20.00): 12.00 stands of it; more than one statement corrects it"),
                           (beyond, "lead {back} charged 12.00, corrected by -15.00 (no. 2 -3.00, no. 3 -12.00): 3.00 more than it charged is taken back"))
            page = re.sub("<[^>]*>", "", self.page(first))
            self.assertEqual(page.count("more than it charged is taken back"), 2)  # and says what it said
            self.assertNotIn("more than one statement corrects it", page)
            shown = countersign("sign", self.server.url, first, "--accept", "--again", "--contract", self.market.contract, "--token", self.market.publisher.token, "--key", self.key, "--mirrors", self.mirrors)
            self.assertEqual([("more than it charged" in line, "no. 3" in line) for line in shown.stdout.splitlines() if " BUT " in line], [(True, False)] * 2)
            self.verified()

    def test_what_a_lead_charged_has_the_share_of_its_sale_also_once_it_is_returned(self):
        self.market = Market(self.server, contract={"price": {"lead": [{"micros": 8_000_000}], "sale_ppm": 100_000}})
        self.market.put_keys()
        lead = self.assertStatus(self.market.publisher.postback(person(click_id=self.market.click())), 200).json["lead"]
        self.assertStatus(self.market.advertiser.postback({"lead": lead, "event": "sale", "amount": "100", "currency": "EUR"}), 200)
        self.swept(18_000_000)
        self.settle()
        self.say(lead, "returned")
        self.adjust(lead, 1_000_000)
        self.swept(-17_000_000)
        self.assertFalse({word for word in self.warnings() if word.startswith("corrected")})
        self.adjust(lead, -2_000_000)
        self.swept(-19_000_000)
        self.assertRegex(self.warnings()["corrected_beyond"], r"lead \d+ charged 18.00, corrected by -19.00 \(no. 2 -19.00\): 1.00 more")
        second = self.lead()
        self.say(second, "approved")
        self.adjust(second, -9_000_000)
        self.swept(-20_000_000)
        self.settle()
        self.adjust(second, -1_000_000)
        time.sleep(0.01)
        between = rfc3339(time.time())
        time.sleep(0.01)
        self.say(second, "returned")  # which is of the next period
        self.swept(-9_000_000)
        for until, words in ((between, "8.00, corrected by -10.00 (no. 2 -9.00, no. 3 -1.00)"), (None, "8.00, corrected by -18.00 (no. 2 -9.00, no. 3 -9.00)")):
            [row] = self.operator.get("/v1/settlements", contract=self.market.contract, **({"until": until} if until else {}))["data"]
            [told] = [each["text"] for each in row["warnings"] if each["warning"] == "corrected_beyond"]
            self.assertIn(words, told)

    def test_what_is_carried_goes_through_three_traders_and_back_for_whoever_replays_it(self):
        customer, belgian, french, german = ("FR", "FR48999000102"), ("BE", "BE0999000129"), ("FR", "FR40999000129"), ("DE", "DE999999999")
        self.market.publisher = self.market.new_publisher()
        self.market.contract = self.market.new_contract(self.market.publisher, vat_ppm=200_000, set_off="next")
        self.market.code = self.market.new_code(self.market.publisher, self.market.contract)
        self.law(customer, belgian)
        first = [self.lead() for _ in range(3)]
        for lead in first:
            self.say(lead, "approved")
        self.swept(36_000_000)
        self.settle()
        self.law(customer, french)
        self.say(self.lead(), "approved")
        for lead in first[:2]:
            self.say(lead, "returned")
        self.swept(-12_000_000)
        ident, two, _ = self.settle()
        self.assertEqual([(row["kind"], row["net_minor"], row["vat_minor"]) for row in two["tax"]["rows"]], [("domestic", 1200, 240), ("reverse_charge", -1200, 0)])
        self.assertEqual([(part["kind"], part["micros"]) for part in two["tax"]["carried"]], [("reverse_charge", -12_000_000)])
        self.law(customer, german)
        self.say(self.lead(), "approved")
        self.swept(12_000_000)
        _, three, _ = self.settle()
        self.assertEqual([trader["vat_id"] for trader in three["tax"]["traders"]], [customer[1], belgian[1], german[1]])
        self.assertEqual(([row["net_minor"] for row in three["tax"]["rows"]], three["payable_minor"], three["carried_micros"]), ([-1200, 1200], 0, 0))
        self.say(first[2], "returned")
        self.law(customer, belgian)
        self.swept(-12_000_000)
        self.settle()
        self.say(self.lead(), "approved")
        self.law(customer, french)
        self.say(self.lead(), "approved")
        self.swept(12_000_000)
        self.settle()
        self.verified()
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout)
        with tempfile.TemporaryDirectory() as folder:
            done = countersign("backup", "--data", self.server.data, f"{folder}/copy")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_one_that_was_altered_fails_also_where_it_alone_says_which_entry_it_ends_at(self):
        self.say(self.lead(), "approved")
        self.swept(12_000_000)
        time.sleep(0.1)
        until = rfc3339(time.time())
        time.sleep(0.1)
        self.say(self.lead(), "approved")
        self.swept(24_000_000)
        ident, _, _ = self.settle(until=until)
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as folder:
            mirror = f"{folder}/mirror"
            self.assertEqual(countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token).returncode, 0)
            path = Path(mirror, "v1/statements", f"{ident}.jws")
            path.chmod(0o600)
            whole = path.read_bytes()
            for altered, status in ((whole[:200] + (b"B" if whole[200:201] == b"A" else b"A") + whole[201:], 1), (whole, 0), (whole[:-40], 1)):
                path.write_bytes(altered)
                done, second = countersign("verify", mirror), second_verify(mirror)
                self.assertEqual((done.returncode, second.returncode), (status, status), done.stdout + second.stdout)

    def test_who_pays_is_who_owes_the_net_with_its_vat(self):
        """1.00 to the publisher, who gives 2.40 of VAT back: it pays 1.40, and no sign of the three is another one."""
        self.law(("FR", "FR48999000102"), ("FR", "FR40999000129"))
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 200_000})
        lead = self.lead()
        self.say(lead, "approved")
        _, one, _ = self.settle()
        self.assertEqual((one["payable_minor"], one["tax"]["vat_minor"], one["to_pay_minor"], one["payable_by"]), (1200, 240, 1440, "advertiser"))
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 0})
        self.say(lead, "returned")
        self.say(self.lead(), "approved")
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": 1_000_000, "reason": "more"})
        self.swept(1_000_000)
        ident, two, _ = self.settle()
        self.assertEqual((two["payable_minor"], two["tax"]["vat_minor"], two["to_pay_minor"], two["payable_by"]), (100, -240, -140, "publisher"))
        listed = self.operator.get("/v1/statements", contract=self.market.contract)["data"][-1]
        self.assertEqual([listed[name] for name in ("id", "payable_minor", "vat_minor", "to_pay_minor", "payable_by")], [ident, 100, -240, -140, "publisher"])
        self.assertIn("<strong>1.40 EUR</strong>", self.page(ident))
        self.assertIn("self-billing invoice and credit note<", self.page(ident))
        self.assertIn("payable -1.00 EUR and 2.40 VAT: 1.40 EUR by the publisher", self.verified().stdout)

    def test_what_stands_carried_is_owed_once_nothing_comes_that_sets_it_off(self):
        customer, supplier = ("FR", "FR48999000102"), ("FR", "FR40999000129")
        for way in ("ended", "owed"):
            with self.subTest(way):
                self.market.publisher = self.market.new_publisher()
                self.market.contract = self.market.new_contract(self.market.publisher, vat_ppm=200_000, set_off="next")
                self.market.code = self.market.new_code(self.market.publisher, self.market.contract)
                self.law(customer, supplier)
                path = f"/v1/contracts/{self.market.contract}"
                leads = [self.lead() for _ in range(3)]
                for lead in leads:
                    self.say(lead, "approved")
                self.swept(36_000_000)
                self.settle()
                for lead in leads[:2]:
                    self.say(lead, "returned")
                self.swept(-24_000_000)
                _, two, _ = self.settle()
                self.assertEqual((two["payable_minor"], two["carried_micros"]), (0, -24_000_000))
                settle = lambda *more: countersign("settle", self.server.url, "--token", self.operator.token, "--contract", self.market.contract, *more).stdout  # noqa: E731
                for more in ((), ("--preview",)):
                    said = settle(*more)
                    self.assertIn("nothing to settle", said)
                    self.assertIn("-24.00 EUR stand carried over", said)
                self.assertStatus(self.operator.call("POST", f"{path}/statements", {}), 409)
                self.assertStatus(self.operator.do("PATCH", path, {"set_off": "owed"} if way == "owed" else {"ends_at": rfc3339(time.time() + 1)}), 200)
                row = lambda: self.operator.get("/v1/settlements", contract=self.market.contract)["data"][0]  # noqa: E731
                wait_for(lambda: row()["state"] == "open", what="something to settle")
                draft = row()["draft"]
                self.assertEqual((draft["payable_minor"], draft["vat_minor"], draft["payable_by"], draft["carried_micros"]), (-2400, -480, "publisher", 0))
                self.assertIn("which the publisher owes, with what was carried over", settle("--preview"))
                self.assertIn("24.00 EUR and 4.80 VAT: 28.80 EUR by the publisher", settle())
                [three] = [each for each in self.operator.get("/v1/statements", contract=self.market.contract)["data"] if each["number"] == 3]
                self.assertEqual((three["net_micros"], three["payable_minor"], three["vat_minor"], three["carried_micros"]), (0, -2400, -480, 0))
                said = settle()
                self.assertIn("nothing to settle", said)
                self.assertNotIn("stand carried over", said)
                self.assertEqual(self.verified().returncode, 0)
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_rate_that_an_ended_contract_charged_is_not_said_to_be_idle(self):
        self.market.publisher = self.market.new_publisher()
        self.market.contract = self.market.new_contract(self.market.publisher, vat_ppm=200_000)
        self.market.code = self.market.new_code(self.market.publisher, self.market.contract)
        customer = ("FR", "FR48999000102")
        self.law(customer, ("FR", "FR40999000129"))
        first = self.lead()
        self.say(first, "approved")
        self.swept(12_000_000)
        self.settle()
        self.law(customer, ("DE", "DE999999999"))
        self.say(self.lead(), "approved")
        self.say(first, "returned")
        self.swept(0)
        self.assertIn("by reverse charge the customer owes it", self.warnings()["vat_rate_unused"])
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"ends_at": rfc3339(time.time() + 0.5)})
        wait_for(lambda: "vat_rate_unused" not in self.warnings(), what="the contract's end, behind which a rate is for what it corrects")
        self.assertIn("vat_rate_changed", self.warnings())

    def test_the_terms_in_words_say_caps_and_the_rate_of_vat(self):
        market = Market(self.server, {"caps": {"month": 1200, "budget_micros_month": 9_000_500_000}}, {"caps": {"day": 3}, "vat_ppm": 55_000})
        ident = self.operator.post(f"/v1/contracts/{market.contract}/statements", {"until": rfc3339()})["id"]
        said = {"en": ("At most</dt><dd>leads a day: 3</dd>", "At most, over all publishers</dt><dd>leads a month: 1,200<br>EUR for the leads of a month: 9,000.50</dd>", "VAT rate agreed</dt><dd>5.5%"),
                "fr": ("Au plus</dt><dd>leads par jour\u00a0: 3</dd>", "leads par mois\u00a0: 1\u202f200<br>EUR pour les leads d’un mois\u00a0: 9\u202f000,50</dd>", "Taux de TVA convenu</dt><dd>5,5\u202f%"),
                "zh": ("上限</dt><dd>每日线索：3</dd>", "每月线索：1,200<br>每月线索金额（EUR）：9,000.50</dd>", "约定的增值税税率</dt><dd>5.5%")}
        for language, parts in said.items():
            html = self.operator.do("GET", f"/v1/statements/{ident}?format=html&lang={language}").text
            for part in parts:
                self.assertIn(part, html)
        bare = Market(self.server)
        ident = self.operator.post(f"/v1/contracts/{bare.contract}/statements", {"until": rfc3339()})["id"]
        html = self.operator.do("GET", f"/v1/statements/{ident}?format=html&lang=en").text
        for word in ("At most<", "over all publishers", "VAT rate agreed"):
            self.assertNotIn(word, html)

    def test_a_contracts_statements_are_listed_under_it(self):
        both = [Market(self.server), Market(self.server)]
        made = [self.operator.post(f"/v1/contracts/{market.contract}/statements", {"until": rfc3339()})["id"] for market in both]
        for market, ident in zip(both, made):
            listed = market.publisher.get(f"/v1/contracts/{market.contract}/statements")
            self.assertEqual([row["id"] for row in listed["data"]], [ident])
            self.assertEqual(listed, market.publisher.get("/v1/statements", contract=market.contract))
            self.assertEqual(market.publisher.get(f"/v1/contracts/{market.contract}/statements", verdict="accept")["data"], [])
        self.assertProblem(both[0].publisher.call("GET", f"/v1/contracts/{both[1].contract}/statements"), 404)
        self.assertProblem(self.operator.call("GET", f"/v1/contracts/{both[0].contract}/statements?contract={both[1].contract}"), 400, "contract")

    def test_who_told_too_little_to_say_which_vat_it_is_under_is_named(self):
        supplier, customer = ("BE", "BE0999000129"), ("FR", "FR48999000102")
        told = lambda: self.warnings().get("vat_untold", "nothing")  # noqa: E731
        self.say(self.lead(), "approved")
        self.swept(12_000_000)
        self.assertNotIn("vat_untold", self.warnings())  # nobody told anything: that is said already
        market, head = self.market, "no VAT is charged and no reason for that is given, since nobody told "
        for party, country in ((market.advertiser, "FR"), (market.publisher, "BE")):
            party.patch(f"/v1/parties/{party.id}", {"legal": {"name": "Company", "country": country}})
        wait_for(lambda: told() == head + "the supplier's VAT id, nor by which exemption it charges no VAT", what=told())
        market.publisher.patch(f"/v1/parties/{market.publisher.id}", {"legal": {"exemption": "art. 56bis CTVA"}})
        wait_for(lambda: told() == "nothing", what=told())
        market.publisher.patch(f"/v1/parties/{market.publisher.id}", {"legal": {"exemption": None, "vat_id": supplier[1]}})
        wait_for(lambda: told() == head + "the customer's VAT id", what=told())
        of = ("settle", self.server.url, "--token", self.operator.token, "--contract", market.contract)
        self.assertIn("but " + head + "the customer's VAT id", countersign(*of, "--preview").stdout)
        market.advertiser.patch(f"/v1/parties/{market.advertiser.id}", {"legal": {"vat_id": customer[1]}})
        wait_for(lambda: told() == "nothing", what=told())

    def test_a_rate_counts_from_its_day_on_whenever_the_statement_is_issued(self):
        self.law(("FR", "FR48999000102"), ("FR", "FR40999000129"))
        self.say(self.lead(), "approved")
        self.swept(12_000_000)
        self.assertEqual(set(self.warnings()), {"no_vat_rate"})  # and there will be none of that lead
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 200_000, "price": {"click_micros": 100_000, "lead": [{"micros": 12_000_000}]}})
        self.say(self.lead(), "approved")
        self.operator.patch(f"/v1/contracts/{self.market.contract}", {"vat_ppm": 190_000})
        later = self.lead()
        self.say(later, "approved")
        ident, statement, _ = self.settle()
        lines = self.lines(ident)
        self.assertEqual([(row["vat_ppm"], row["net_minor"], row["vat_minor"]) for row in statement["tax"]["rows"]], [(0, 1200, 0), (190_000, 1210, 230), (200_000, 1210, 242)])
        self.assertEqual([(line["vat_ppm"], line["clicks"], line["all_clicks"]) for line in lines if line["kind"] == "traffic"], [(190_000, 2, 3), (200_000, 1, 0)])
        self.assertEqual([(each["what"], each.get("vat_ppm", 0)) for each in statement["quantities"]],
                         [("click", 190_000), ("click", 200_000), ("lead", 0), ("lead", 200_000), ("lead", 190_000)])
        self.assertEqual(self.verified().returncode, 0)

    def test_what_is_taken_back_names_the_statement_that_charged_it(self):
        """Not the one on which the lead still waited: a credit note names the invoice, and its rate is what counts."""
        self.law(("FR", "FR48999000102"), ("FR", "FR40999000129"))
        waits, waits_too = self.lead(), self.lead()
        one, _, _ = self.settle()
        self.say(waits, "approved")
        two, _, _ = self.settle()
        self.say(waits, "returned")
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -1_000_000, "reason": "of one that is paid", "lead": waits})
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -1_000_000, "reason": "of one that is not", "lead": waits_too})
        self.say(waits_too, "approved")
        self.assertIn("Changed since", self.page(two))  # on none so far
        three, statement, _ = self.settle()
        self.assertEqual([each["statement"] for each in statement["adjustments"]], [two, two, one])
        self.assertRegex(self.page(three), f"(?s)Corrects</dt><dd>no. 1 .*{one}.*<br>no. 2 .*{two}.*</dd>")
        listed = [each["corrected"] for each in self.operator.get("/v1/statements", contract=self.market.contract)["data"]]
        self.assertEqual([(each["adjusted"]["n"], each["returned"], each["reinstated"]["n"]) for each in listed],
                         [(1, {"micros": 0, "n": 0}, 0), (1, {"micros": -12_000_000, "n": 1}, 0), (0, {"micros": 0, "n": 0}, 0)])
        self.say(waits_too, "returned")
        _, statement, _ = self.settle()
        self.assertEqual([each["statement"] for each in statement["adjustments"]], [three])
        self.assertEqual(self.verified().returncode, 0)

    def test_a_credit_note_says_that_part_of_it_corrects_no_statement(self):
        self.law(("FR", "FR48999000102"), ("DE", "DE999999999"))
        lead = self.lead()
        self.say(lead, "approved")
        one, _, _ = self.settle()
        self.assertIn("Taxable amount</th><td class=\"n\">12.00</td>", self.page(one))  # by reverse charge, too
        self.assertNotIn("VAT 0%", self.page(one))
        self.say(lead, "returned")
        fresh = self.lead()
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -1_000_000, "reason": "of this very period", "lead": fresh})
        two, _, _ = self.settle()
        self.assertRegex(self.page(two), f"Corrects</dt><dd>no. 1 of (?:(?!</dd>).)*{one}</span></dd>")
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -3_000_000, "reason": "of one", "statement": one})
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -2_000_000, "reason": "of none"})
        three, _, _ = self.settle()
        for language, words in (("en", "and earlier amounts, without naming a statement"), ("fr", "ainsi que des montants antérieurs"), ("zh", "以及此前的款项，未指明结算单")):
            self.assertRegex(self.page(three, f"&lang={language}"), f"{one}</span><br>{words}")
        self.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -2_000_000, "reason": "of none"})
        four, _, _ = self.settle()
        self.assertIn("<dd>earlier amounts, without naming a statement</dd>", self.page(four))

    def test_a_table_adds_up_to_what_is_to_be_paid(self):
        market = self.market
        market.publisher = market.new_publisher()
        market.contract = market.new_contract(market.publisher, price={"lead": [{"micros": 12_340_567}]}, vat_ppm=200_000)
        market.code = market.new_code(market.publisher, market.contract)
        self.law(("FR", "FR48999000102"), ("FR", "FR40999000129"))
        for leads, carried in ((1, {"carried_out", "vat"}), (2, {"carried_in", "carried_out", "vat"})):
            for _ in range(leads):
                self.say(self.lead(), "approved")
            ident, statement, _ = self.settle()
            for language, mark, point in (("en", ",", "."), ("fr", ";", ",")):
                text = market.publisher.do("GET", f"/v1/statements/{ident}?format=csv&lang={language}").text.removeprefix("\ufeff")
                rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=mark))
                value = lambda text: int(round(float((text or "0").replace(point, ".")) * 10**6))
                self.assertEqual(sum(value(row["amount"]) for row in rows), value(rows[-1]["to_pay"]))
                self.assertEqual(value(rows[-1]["to_pay"]), (statement["payable_minor"] + statement["tax"]["vat_minor"]) * 10_000)
                self.assertEqual(sum(int(row["micros"] or 0) for row in rows), value(rows[-1]["to_pay"]))
                self.assertEqual({row["kind"] for row in rows} - {"lead", "disposition"}, carried | {"to_pay"})

    def test_a_line_that_is_disputed_is_shown_though_it_moves_no_money(self):
        leads = [self.lead() for _ in range(3)]
        self.say(leads[0], "approved")
        ident, _, _ = self.settle()
        lines = self.lines(ident)
        still = [line["index"] for line in lines if line["micros"] == 0]
        before = self.page(ident)
        self.assertIn("money: 1 to 1 of 1", before)
        self.assertStatus(self.market.advertiser.answer_statement(ident, "dispute", still[1:]), 201)
        self.assertStatus(self.market.publisher.answer_statement(ident, "dispute", [still[1], lines[-1]["index"]]), 201)
        page = self.page(ident)
        self.assertIn(f"or are disputed: 1 to {len(still)} of {len(still)}", page)
        self.assertEqual(page.count("disputed by"), len(still) + 1)
        self.assertIn("lines: " + ", ".join(map(str, still[1:])), page)
        self.assertEqual(page.count('<li class="disp"><svg class="hand" viewBox="0 0 200 44" preserveAspectRatio="xMinYMax meet" aria-hidden="true"><path d="M10 30l8 8m0-8l-8 8"/>'), 2,
                         "who disputes has no hand that reads as signed")

    def test_accept_is_weighed(self):
        """RFC 9110, 12.5.1, for the three forms there are; the JWS when none of them is meant."""
        path, types = f"/v1/statements/{self.settle()[0]}", {"jws": "application/jose+json", "html": "text/html", "csv": "text/csv"}
        for accept, form in (("text/csv", "csv"), ("TEXT/HTML", "html"), ("*/*", "jws"), ("text/*", "html"), ("application/*", "jws"),
                             ("application/jose+json", "jws"), ("image/png", "jws"), ("", "jws"), ("text", "jws"), ("*/csv", "jws"),
                             ("text/html, text/csv", "html"), ("text/csv, text/html", "csv"), ("text/csv;q=0.5, text/html;q=0.8", "html"),
                             ("text/html;q=0.3,text/csv;q=0.4", "csv"), ("text/html;q=0", "jws"), ("text/html;q=0.9, text/csv", "csv"),
                             ("text/html;Q=0.1, text/csv;q=0.2", "csv"), ("\ttext/csv ; q=0.5 ,\t text/html ; q=0.4", "csv"),
                             ("text/csv;v=0, text/html;q=0.5", "csv"), ("text/csv;v=1;q=0.2, text/html;q=0.3", "html"),
                             ("text/csv;q, text/html;q=0.9", "csv"), ("text/csv;q=0.001", "csv"), ("text/csv;q=0.000", "jws"),
                             ("text/csv;q=1.000, text/html", "csv"), ("text/csv;q=1.001, text/html;q=0.1", "html"),
                             ("text/csv;q=2, text/html;q=0.1", "html"), ("text/csv;q=.9, text/html;q=0.1", "html"),
                             ("text/csv;q=0.9999, text/html;q=0.1", "html"), ("text/csv;q=x, text/html;q=0.1", "html"),
                             ("text/csv;q=0.59, text/html;q=0.6", "html"), ("text/csv;q=0.61, text/html;q=0.6", "csv"),
                             ("text/csv;q=0.601, text/html;q=0.6", "csv"), ("text/csv;q=0a9, text/html;q=0.1", "html"), (",,text/csv,", "csv")):
            with self.subTest(accept):
                answer = self.market.publisher.do("GET", path, headers={"Accept": accept})
                self.assertEqual(answer.headers.get_content_type(), types[form])
                self.assertEqual(answer.headers["Vary"], "Accept, Accept-Language, Authorization")

    def test_a_link_may_ask_for_a_form_whatever_is_accepted(self):
        path = f"/v1/statements/{self.settle()[0]}"
        for word, content_type in (("jws", "application/jose+json"), ("jose", "application/jose+json"), ("html", "text/html"), ("csv", "text/csv")):
            answer = self.market.publisher.do("GET", f"{path}?format={word}", headers={"Accept": "text/html" if word != "html" else "text/csv"})
            self.assertEqual(answer.headers.get_content_type(), content_type)
        for word in ("", "pdf", "HTML", "cs"):
            self.assertProblem(self.market.publisher.call("GET", f"{path}?format={word}"), 400, "format")

    def test_share_link_opens_without_a_token_and_only_that_statement(self):
        ident, _, _ = self.settle()
        self.market.click()
        other, _, _ = self.settle()
        made = self.market.publisher.post(f"/v1/statements/{ident}/shares", {"days": 2})
        self.assertEqual((made["statement"], made["by"]), (ident, self.market.publisher.id))
        left = datetime.datetime.fromisoformat(made["expires_at"]) - datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(datetime.timedelta(days=1, hours=23) < left <= datetime.timedelta(days=2))
        shared = self.assertStatus(send(made["url"]), 200)
        self.assertEqual(shared.headers.get_content_type(), "text/html")
        paper = shared.text.partition("<footer")[0]  # what stands behind it is not printed
        self.assertNotIn(made["url"].partition("share=")[2], paper)
        self.assertEqual(send(made["url"].replace("format=html", "format=csv")).headers.get_content_type(), "text/csv")
        self.assertEqual((made["texts"], self.market.publisher.post(f"/v1/statements/{ident}/shares", {"texts": True})["texts"]), (False, True))
        self.assertProblem(self.market.publisher.call("POST", f"/v1/statements/{ident}/shares", {"texts": 1}), 422, "texts")
        self.assertProblem(send(made["url"].replace(ident, other)), 404, "share")
        for at in (-1, -43, -44, -56):
            forged = made["url"][:at] + ("A" if made["url"][at] != "A" else "E") + (made["url"][at + 1:] if at < -1 else "")
            self.assertProblem(send(forged), 404, "share")
        self.assertIn(send(f"{self.server.url}/v1/statements/{ident}").status, (401, 404))
        self.assertStatus(send(f"{self.server.url}/v1/statements/{ident}/lines?{urllib.parse.urlsplit(made['url']).query}"), 401)

    def test_share_links_are_listed_and_ended(self):
        ident, _, _ = self.settle()
        path, publisher, advertiser = f"/v1/statements/{ident}/shares", self.market.publisher, self.market.advertiser
        links = [publisher.post(path, {}), advertiser.post(path, {"days": 1, "label": "the accountant"}), publisher.post(path, {"days": 366})]
        first = advertiser.get(path + "?limit=2")
        listed = first["data"] + advertiser.get(path + f"?after={first['next']}")["data"]
        bare = [{name: value for name, value in link.items() if name != "url" or link["by"] == advertiser.id} for link in links]
        self.assertEqual(listed, sorted(bare, key=lambda link: link["id"]))
        secret = links[0]["url"].partition("share=")[2]
        for caller in (publisher, advertiser, self.operator, self.market.auditor):
            self.assertEqual(secret in caller.do("GET", path).text, caller is publisher)
        self.assertEqual([link.get("label") for link in links], [None, "the accountant", None])
        for caller, link, status in ((advertiser, links[0], 403), (publisher, links[0], 200), (publisher, links[0], 200), (self.operator, links[1], 200),
                                     (publisher, {"id": "HNONE"}, 404), (publisher, {"id": "no such"}, 404), (Market(self.server).publisher, links[2], 404)):
            self.assertStatus(caller.call("DELETE", path + "/" + urllib.parse.quote(link["id"])), status)
        ended = {link["id"]: link for link in publisher.get(path)["data"]}
        self.assertEqual([("ended_at" in ended[link["id"]], "url" in ended[link["id"]]) for link in links], [(True, False), (True, False), (False, True)])
        self.assertProblem(send(links[0]["url"].replace("format=html", "format=csv")), 404, "share")
        self.assertIn("This link has expired or was ended", self.assertStatus(send(links[0]["url"]), 404).text)
        self.assertStatus(send(links[2]["url"]), 200)
        for days, status in ((0, 422), (367, 422), (-1, 422), (1.5, 400), ("30", 422)):
            refused = publisher.call("POST", path, {"days": days})
            self.assertProblem(refused, status, "days")
            if status == 422 and days != "30":
                self.assertIn("from 1 to 366", refused.json["detail"])
        self.assertProblem(publisher.call("POST", path, {"day": 1}), 422, "day")
        word = publisher.jws(publisher.response(statement_payload(publisher.do("GET", f"/v1/statements/{ident}").body), "dispute", reason="a\x07b"))
        self.assertProblem(publisher.call("POST", f"/v1/statements/{ident}/responses", word.encode(), {"Content-Type": "application/jose"}), 422, "reason")
        self.assertStatus(Market(self.server).publisher.call("POST", path, {}), 404)
        for _ in range(99):
            publisher.post(path, {})
        full = {link["id"] for link in self.operator.get(path + "?limit=200")["data"]}
        self.assertEqual((len(full), links[0]["id"] in full), (101, False))  # of the publisher's own 101 the closed one was forgotten
        self.assertProblem(publisher.call("POST", path, {}), 409)
        self.assertStatus(publisher.call("DELETE", path + "/" + links[2]["id"]), 200)
        publisher.post(path, {})
        self.assertStatus(publisher.call("POST", path, {}), 409)
        advertiser.post(path, {})  # who is not in its partner's way
        self.assertEqual(len(self.operator.get(path + "?limit=200")["data"]), 102)
        self.assertProblem(publisher.call("POST", path, {"label": ""}), 422, "label")

    def test_accept_and_dispute(self):
        ident, statement, payload = self.settle()
        first = self.market.advertiser.answer_statement(ident)
        self.assertStatus(first, 201)
        lines = [json.loads(line)["index"] for line in self.market.publisher.do("GET", f"/v1/statements/{ident}/lines").body.splitlines()]
        self.assertStatus(self.market.publisher.answer_statement(ident, "dispute", lines, reason="all of them"), 201)
        kinds = [entry["kind"] for entry in self.market.settled_entries()]
        self.assertEqual(kinds.count("response"), 2)
        self.assertEqual(kinds.count("statement"), 1)
        self.assertTrue(payload)

    def test_a_later_answer_supersedes(self):
        ident, _, payload = self.settle()
        party = self.market.advertiser
        said = party.response(payload, at=rfc3339(time.time() - 1))
        text = party.jws(said)
        path, headers = f"/v1/statements/{ident}/responses", {"Content-Type": "application/jose"}
        self.assertStatus(party.call("POST", path, text.encode(), headers), 201)
        self.assertStatus(party.call("POST", path, text.encode(), headers), 200)
        self.assertProblem(party.call("POST", path, party.jws({**said, "verdict": "dispute", "reason": "no"}).encode(), headers), 422, "at")
        self.assertStatus(party.answer_statement(ident, "dispute", reason="no"), 201)
        self.assertProblem(party.call("POST", path, text.encode(), headers), 422, "at")  # what was said before comes not back
        last = self.market.publisher.get(path)["data"]
        self.assertEqual(json.loads(b64u_decode(last[0]["jws"].split(".")[1]))["verdict"], "dispute")
        self.assertEqual([entry["kind"] for entry in self.market.settled_entries()].count("response"), 2)

    def test_answers_say_who_to_whom_what_and_when(self):
        """Each member that is not so is named; one party's answer is not the other's, and line items are there."""
        self.lead()
        ident, _, payload = self.settle()
        market, path, headers = self.market, f"/v1/statements/{ident}/responses", {"Content-Type": "application/jose"}
        party, lines = market.advertiser, [json.loads(line)["index"] for line in market.advertiser.do("GET", f"/v1/statements/{ident}/lines").body.splitlines()]
        cases = (("party", {"party": market.publisher.id}), ("issuer", {"issuer": "https://another.example"}), ("typ", {"typ": "countersign-key"}),
                 ("typ", {"typ": None}), ("party", {"party": None}), ("issuer", {"issuer": None}), ("at", {"at": None}), ("at", {"at": "2026-11-22"}),
                 ("at", {"at": rfc3339(time.time() + 400)}), ("at", {"at": rfc3339(time.time() - 400)}), ("at", {"at": 1}),
                 ("statement_sha256", {"statement_sha256": "0" * 64}), ("verdict", {"verdict": "perhaps"}), ("colour", {"colour": 1}),
                 ("disputed", {"disputed": [999999]}), ("disputed", {"disputed": [lines[0], lines[0]]}), ("disputed", {"disputed": ["L"]}),
                 ("disputed", {"disputed": [0]}), ("disputed", {"disputed": list(range(2001))}), ("disputed", {"disputed": [-1]}),
                 ("disputed", {"verdict": "accept", "disputed": lines[:1]}), ("reason", {"reason": "x" * 513}),
                 ("reason", {"disputed": []}), ("reason", {"disputed": None, "reason": " \u00a0\u200b"}))
        for field, change in cases:
            said = {**party.response(payload, "dispute", lines[:1]), **change}
            with self.subTest(field, change=str(change)[:60]):
                text = party.jws({name: value for name, value in said.items() if value is not None})
                self.assertProblem(party.call("POST", path, text.encode(), headers), 422, field)
        posted = market.publisher.jws(party.response(payload))  # one's word in the other's mouth
        self.assertProblem(party.call("POST", path, posted.encode(), headers), 422, "kid")
        self.assertProblem(market.publisher.call("POST", path, posted.encode(), headers), 422, "party")
        self.assertStatus(party.call("POST", path, party.jws(party.response(payload, "dispute", lines, reason="never called")).encode(), headers), 201)

    def test_answers_that_do_not_count(self):
        ident, _, payload = self.settle()
        market, path, headers = self.market, f"/v1/statements/{ident}/responses", {"Content-Type": "application/jose"}
        good = market.advertiser.response(payload)
        text = market.advertiser.jws(good)
        cases = {
            "another's key": market.publisher.jws(good), "another statement": market.advertiser.jws({**good, "statement_sha256": "0" * 64}),
            "no verdict": market.advertiser.jws({**good, "verdict": "perhaps"}), "unknown member": market.advertiser.jws({**good, "colour": 1}),
            "flipped signature": text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1], "no jws": "abc", "empty": "", "too many parts": text + ".x",
        }
        size = len(market.settled_entries())
        for what, body in cases.items():
            with self.subTest(what):
                self.assertIn(market.advertiser.call("POST", path, body.encode(), headers).status, (400, 401, 403, 422))
        self.assertIn(market.auditor.call("POST", path, text.encode(), headers).status, (403, 404))
        self.assertEqual(len([entry for entry in market.settled_entries() if entry["kind"] == "response"]), 0)
        self.assertTrue(size)

    def test_a_party_without_a_key_cannot_answer(self):
        self.market = Market(self.server)
        ident, _, _ = self.settle()
        self.assertIn(self.market.advertiser.answer_statement(ident).status, (403, 409, 422))

    def test_listing(self):
        idents = []
        for _ in range(3):
            self.market.click()
            idents.append(self.settle()[0])
        self.assertEqual([row["id"] for row in self.market.publisher.get("/v1/statements", contract=self.market.contract)["data"]], idents)
        self.assertEqual(Market(self.server).publisher.get("/v1/statements")["data"], [])


if __name__ == "__main__":
    unittest.main()
