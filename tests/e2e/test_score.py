"""The lead score over HTTP: what stands in the ledger is what a script that knows the documents alone says, over restarts, kill -9, returns and
terms that change; low scores hold, and approve by themselves; check, verify and verify.py learn it again, and tell who says another one."""

import contextlib
import csv
import http.client
import io
import json
import os
import random
import secrets
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import BROWSER, SOURCE, Market, Server, ServerCase, click, countersign, jws_payload, person, send, wait_for
from liar import Liar
from test_clock import ClockServer
from test_pages import Browser

sys.path[:0] = [str(SOURCE / "scripts"), str(SOURCE / "tests/support")]
import score  # noqa: E402
from second import verify_twice  # noqa: E402

FACTS = ["country", "f_job", "f_age", "sub1", "placement", "trust", "utm_source", "wait", "hour"]
SCORE = {"facts": FACTS, "cross": ["f_age", "country", "utm_source"]}
OPEN = {"lead": {"require": ["email"]}, "review": {"mode": "manual"}, "score": SCORE}
DAY = 86_400
MEMBERS = ("score", "score_high", "score_why")


def told(contract, entries, state_of=None):
    """The leads' scores by the documents alone, from the entries in front of each; and how often one was learnt from. state_of: the bytes of a seed."""
    fold, terms, status, scores = score.Fold(contract), {}, {}, {}
    for index, entry in enumerate(entries):
        if entry["kind"] == "terms":
            terms = entry["campaign"]["score"]
        elif entry["kind"] == "statement":
            fold.seeded = False
        elif entry["kind"] == "model" and entry["origin"] == "seed":
            fold.take_seed(terms, index, state_of(entry["sha256"]))
        elif entry["kind"] == "lead":
            scores[index] = fold.say(terms, entry) if terms and entry["status"] in score.SCORED else ({}, False)
            fold.take(terms, index, entry)
            status[index] = entry["status"]
        elif entry["kind"] == "disposition":
            fold.take(terms, index, entry, entries[entry["lead"]], status[entry["lead"]])
            status[entry["lead"]] = entry["status"]
    return scores, fold


class Scored:
    """Leads of a market, what is done with them, and what is said of who tells it otherwise."""

    def lead(self, market, **fields):
        query = f"?sub1=p{self.chance.randrange(3)}&utm_source={self.chance.choice(['news', 'caf%C3%A9', ''])}"
        facts = {"country": self.chance.choice(["FR", "DE", "BE"]), "f_job": self.chance.choice(["nurse", "cook", " cook "]), "f_age": str(self.chance.randrange(18, 80)), **fields}
        return self.assertStatus(market.publisher.postback(person(click_id=market.click(query), **facts)), 200).json

    def dispose(self, market, lead, status):
        return self.assertStatus(market.advertiser.postback({"lead": lead["lead"], "status": status}), 200).json

    def restart_and_check(self):
        """What is stored of what was learnt, when all is swept, is what the entries teach."""
        self.server.stop()
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.server.start()

    def assertTold(self, market):
        """The ledger's scores are those of the script; its entries."""
        entries = market.settled_entries()
        scores, fold = told(market.contract, entries, lambda named: market.publisher.do("GET", f"/v1/contracts/{market.contract}/models/{named}").body)
        stands = {index: {name: entry[name] for name in MEMBERS if name in entry}
                  for index, entry in enumerate(entries) if entry["kind"] == "lead"}
        self.assertEqual(stands, {index: said for index, (said, _) in scores.items()})
        return entries, fold

    def audit(self, market):
        checked = countersign("check", "--data", market.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        with tempfile.TemporaryDirectory() as folder:
            done = verify_twice(self.pull(market, Path(folder) / "mirror"))
            self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def pull(self, market, to):
        done = countersign("pull", market.server.url, to, "--contract", market.contract, "--token", market.publisher.token)
        self.assertEqual(done.returncode, 0, done.stderr)
        return to

    def lying(self, market, at, members):
        """What is said of a mirror in which an entry has these members (None: not)."""
        with tempfile.TemporaryDirectory() as folder:
            liar = Liar(market.server.data, self.pull(market, Path(folder) / "mirror"), market.contract)
            liar.entries[at].update(members)
            liar.entries[at] = {name: value for name, value in liar.entries[at].items() if value is not None}
            liar.publish()
            done = verify_twice(liar.mirror)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done

    def lie(self, market, at, members, entries, gives=None):
        """Both say which entry it is, what stands there and what it should be; `gives`: other members than those that were changed."""
        done, entry = self.lying(market, at, members), entries[at]
        stands = {**entry, **members} if gives else members
        for words in (done.stdout, done.second):
            told = next(line for line in words.splitlines() if line.startswith("decisions"))
            self.assertRegex(told, rf"(lead|entry) {at}\W")
            before, _, behind = told.replace(" ", "").lower().partition(" give ".replace(" ", ""))
            for name in gives or members:
                right = (gives or entry).get(name)
                for part, value in ((before, stands.get(name)), (behind, right)):
                    empty = (f"no{name}", f'{name}""', f"{name}0")
                    self.assertTrue(f"{name}{json.dumps(value)}".replace(" ", "").lower() in part if value is not None else any(each in part for each in empty), (name, value, told))


class Scores(Scored, ServerCase):
    settings = {"WORKERS": 2}

    @classmethod
    def set_up_market(cls):
        seed = int(os.environ.get("SEED", secrets.randbits(32)))
        print(f"seed {seed}", file=sys.stderr)
        cls.chance = random.Random(seed)

    def market(self, **campaign):
        return Market(self.server, {**OPEN, **campaign})

    def live(self, market, n):
        """Leads, and what becomes of some of them; returns, reinstatements and sales too."""
        open_, ended = [], []
        for _ in range(n):
            open_.append(self.lead(market))
            if self.chance.random() < 0.7:
                lead = open_.pop(self.chance.randrange(len(open_)))
                status = self.chance.choice(["approved", "rejected", "converted"])
                self.dispose(market, lead, status)
                ended.append((lead, status))
            if ended and self.chance.random() < 0.3:
                lead, status = ended.pop(self.chance.randrange(len(ended)))
                self.dispose(market, lead, "approved" if status == "rejected" else "returned")

    def test_scores_are_those_of_a_script_that_knows_the_documents_alone(self):
        market = self.market()
        self.live(market, 25)
        self.server.kill()
        self.server.start()
        self.live(market, 10)
        self.server.stop()
        self.server.start()
        self.live(market, 10)
        entries, fold = self.assertTold(market)
        self.assertGreater(min(fold.state.labels), 3)
        self.assertEqual(fold.state.leads, 45)
        self.assertEqual({entry.get("utm_source") for entry in entries if entry["kind"] == "lead"}, {"news", "café", None})
        self.audit(market)

    def test_answer_and_receipt_say_what_the_entry_says(self):
        market = self.market()
        first, again = self.lead(market), self.lead(market)
        self.assertEqual((first["score"], first["score_why"]), (500, []))
        self.dispose(market, first, "rejected")
        self.dispose(market, again, "rejected")
        lead = self.lead(market, country="FR", f_job="cook")
        self.assertLess(lead["score"], 500)
        self.assertGreater(lead["score_high"], lead["score"])
        receipt = jws_payload(lead["receipt"])
        entry = self.assertTold(market)[0][receipt["index"]]
        for name in ("score", "score_high"):
            self.assertEqual((lead[name], receipt[name]), (entry[name], entry[name]))
        self.assertEqual((lead["score_why"], receipt["score_why"]), (entry.get("score_why", []),) * 2)
        self.audit(market)

    def test_what_would_be_paid_by_the_score_is_foretold(self):
        market = self.paid_by_score([{"when": {"field": "score", "min": 530}, "micros": 9_000_000}, {"micros": 1_000_000}])
        for n in range(8):
            self.dispose(market, self.lead(market, f_job=("nurse", "cook")[n % 2]), ("rejected", "approved")[n % 2])
        market.settled_entries()
        for job, micros in (("cook", 9_000_000), ("nurse", 1_000_000)):
            target = market.publisher.signed_target(person(f_job=job, click_id=market.click()))

            def foretold(target=target):
                return market.publisher.post("/v1/postbacks/explain", {"url": self.server.url + target})["decision"]["payout_micros"]

            wait_for(lambda micros=micros, foretold=foretold: foretold() == micros, what="what was learnt to be stored")
            self.assertEqual(self.assertStatus(send(self.server.url + target), 200).json["payout_micros"], micros)

    def test_lists_say_it_and_the_table_in_words(self):
        market = self.market(score={"facts": ["f_job", "country"]})
        for n in range(12):
            self.dispose(market, self.lead(market, f_job=("cook", "nurse")[n % 2], country="FR"), ("approved", "rejected")[n % 2])
        lead = self.lead(market, f_job="nurse", country="FR")
        listed = next(row for row in market.publisher.get(f"/v1/contracts/{market.contract}/leads", limit=200)["data"] if row["lead"] == lead["lead"])
        for name in MEMBERS:
            self.assertEqual(listed[name], lead[name])
        self.assertEqual(lead["score_why"], ["-f_job"])
        done = countersign("leads", self.server.url, "--token", market.publisher.token, "--csv")
        row = next(row for row in csv.DictReader(io.StringIO(done.stdout.lstrip("\ufeff"))) if row["lead"] == lead["lead"])
        self.assertEqual((row["score"], row["score_high"], row["score_why"]), (str(lead["score"]), str(lead["score_high"]), "hurt: f_job"))
        head, *lines = countersign("leads", self.server.url, "--token", market.publisher.token).stdout.splitlines()
        line = next(line for line in lines if lead["lead"] in line)
        column = head.index("SCORE")
        self.assertEqual((line[column:column + 5].strip(), line.endswith("  hurt: f_job")), (str(lead["score"]), True), line)

    def test_pages_say_it_in_words(self):
        market = self.market(score={"facts": ["f_job", "country"]})
        for n in range(12):
            self.dispose(market, self.lead(market, f_job=("cook", "nurse")[n % 2], country="FR"), ("approved", "rejected")[n % 2])
        low, high = (self.lead(market, f_job=job, country="FR") for job in ("nurse", "cook"))
        refused = self.lead(market, email=None)
        self.assertEqual((low["score_why"], high["score_why"], refused["status"]), (["-f_job"], ["+f_job"], "rejected"))
        report = wait_for(lambda: next((r for r in [market.publisher.get("/v1/reports?group=score")] if r["totals"] and r["totals"][0]["leads"]["total"] == 15), None), what="a report of all")
        mean_score = sum(entry.get("score", 0) for entry in market.settled_entries() if entry["kind"] == "lead") // 14
        self.assertEqual(report["totals"][0]["mean_score"], mean_score)
        browser = Browser(self.server)
        browser.sign_in(market.advertiser.token)
        for language, says, helped, hurt, mean in (("en", "Score {} of 1,000", "helped: ", "hurt: ", "Mean score"), ("fr", "Score {} sur 1\u00a0000", "pour\u00a0: ", "contre\u00a0: ", "Score moyen"),
                                                   ("zh-Hans", "得分 {}/1,000", "加分：", "减分：", "平均得分")):
            browser.get("/?lang=" + language)
            for lead, words in ((low, hurt), (high, helped)):
                for path in ("/leads", "/leads/" + lead["lead"], "/review"):
                    with self.subTest(language=language, path=path):
                        self.assertIn(f'{says.format(lead["score"])}<br>{words}<code>f_job</code></span>', browser.get(path).text)
            self.assertNotIn(says.split("{")[0], browser.get("/leads/" + refused["lead"]).text)
            text = browser.get("/reports?group=score").text
            self.assertRegex(text, f'<th [^>]*>{mean}</th>')
            self.assertIn(f'<td class="n" data-l="{mean}">{mean_score}</td>', text)
            self.assertNotIn(mean, browser.get("/reports?group=country").text)

    def test_what_is_refused_a_duplicate_or_a_test_is_not_scored_and_teaches_nothing(self):
        market = self.market()
        known = person(f_job="cook", country="FR")
        self.assertStatus(market.publisher.postback({**known, "click_id": market.click()}), 200)
        for fields in ({"email": None}, {"test": "1"}, {"email": known["email"]}):
            lead = self.lead(market, **fields)
            self.assertIn(lead["status"], ("rejected", "duplicate"))
            self.assertNotIn("score", lead)
        refused = self.lead(market, email=None)
        self.dispose(market, refused, "approved")
        fold = self.assertTold(market)[1]
        self.assertEqual((fold.state.leads, fold.state.labels), (1, [0, 0]))
        self.audit(market)

    def test_what_is_approved_at_once_teaches_at_once(self):
        market = self.market(review={"mode": "auto", "auto_approve_days": 0})
        leads = [self.lead(market) for _ in range(5)]
        self.assertEqual(self.assertTold(market)[1].state.labels, [0, 5])
        self.assertGreater(leads[-1]["score"], 600)
        self.dispose(market, leads[0], "returned")
        self.assertEqual(self.assertTold(market)[1].state.labels, [1, 4])
        self.audit(market)

    def test_other_facts_begin_with_nothing_learnt(self):
        market = self.market()
        before = [self.lead(market) for _ in range(4)]
        self.dispose(market, before[0], "rejected")
        path = f"/v1/campaigns/{market.campaign}"
        market.advertiser.patch(path, {"score": {"hold_below": 10}})
        self.dispose(market, before[1], "rejected")
        self.assertEqual(self.assertTold(market)[1].state.labels, [2, 0])
        market.advertiser.patch(path, {"score": {"cross": []}})
        self.dispose(market, before[2], "rejected")
        self.restart_and_check()  # where nothing but that it begins anew is to be stored
        lead = self.lead(market)
        self.assertEqual((lead["score"], lead["score_why"]), (500, []))
        self.restart_and_check()  # and nothing but that a lead came
        self.dispose(market, lead, "approved")
        self.assertEqual(self.assertTold(market)[1].state.labels, [0, 1])
        market.advertiser.patch(path, {"score": None})
        self.assertNotIn("score", self.lead(market))
        self.restart_and_check()
        market.advertiser.patch(path, {"score": {"facts": FACTS}})
        self.assertEqual(self.lead(market)["score"], 500)
        self.dispose(market, before[3], "rejected")
        self.assertEqual(self.assertTold(market)[1].state.labels, [0, 0])
        self.audit(market)

    def test_terms_that_cannot_be_are_refused_by_path(self):
        facts = {"facts": ["f_age", "country"]}
        bad = [({"facts": []}, "score.facts"), ({"cross": []}, "score.facts"), ({"facts": ["f_age", "f_age"]}, "score.facts[1]"),
               ({"facts": ["f_age", "shoe size"]}, "score.facts[1]"), ({"facts": [f"f_{n}" for n in range(32)]}, "score.facts"),
               ({**facts, "cross": ["f_age", "country", "f_job"]}, "score.cross[2]"), ({**facts, "cross": ["f_age", "f_age"]}, "score.cross[1]"),
               ({**facts, "cross": ["f_age"]}, "score.cross"), ({**facts, "hold_below": 1001}, "score.hold_below"), ({**facts, "hold_below": -1}, "score.hold_below"),
               ({**facts, "max_held_permille": 1001}, "score.max_held_permille"), ({**facts, "hold_days": 366}, "score.hold_days"),
               ({**facts, "hold_below": 1.5}, "score.hold_below"), ({**facts, "why": 1}, "score.why"), ([], "score")]
        bad += [({"facts": ["f_age", name]}, "score.facts[1]") for name in ("email", "phone", "first_name", "last_name", "ip", "ua", "user_agent", "contract", "device")]
        market = self.market(score=None)
        for asked, path in bad:
            with self.subTest(asked=asked):
                answer = market.advertiser.call("PATCH", f"/v1/campaigns/{market.campaign}", {"score": asked})
                self.assertIn(answer.status, (400, 422))
                self.assertEqual(answer.json["field"], path)
        self.assertProblem(market.advertiser.call("PATCH", f"/v1/campaigns/{market.campaign}", {"lead": {"honeypot": "f_age"}, "score": facts}), 422, "lead.honeypot")
        kept = market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"score": {**facts, "cross": ["country", "f_age"]}})
        self.assertEqual(kept["score"], {**facts, "cross": ["f_age", "country"], "hold_below": 0, "hold_days": 3, "max_held_permille": 200})

    def paid_by_score(self, tiers, **campaign):
        market = Market(self.server, {**OPEN, "score": {"facts": ["f_job"]}, **campaign}, {"assent": "both", "price": {"lead": tiers}})
        market.put_keys()
        for party in (market.advertiser, market.publisher):
            self.assertStatus(party.assent(market.contract, 1), 201)
        return market

    def test_a_tier_by_score_pays_what_the_entry_says_whatever_is_learnt_later(self):
        tiers = [{"when": {"field": "score", "min": 530}, "micros": 9_000_000}, {"when": {"field": "score", "min": 470, "max": 529}, "micros": 5_000_000}, {"micros": 1_000_000}]
        market = self.paid_by_score(tiers, caps={"budget_micros_month": 200_000_000})
        leads = [self.lead(market, f_job=("nurse", "cook")[n % 2]) for n in range(8)]
        self.assertEqual({lead["payout_micros"] for lead in leads}, {5_000_000})
        for n, lead in enumerate(leads):
            self.dispose(market, lead, ("rejected", "approved")[n % 2])
        low, high, middle = (self.lead(market, f_job=job) for job in ("nurse", "cook", "pilot"))
        self.assertEqual([lead["payout_micros"] for lead in (low, high, middle)], [1_000_000, 9_000_000, 5_000_000])
        refused = self.lead(market, f_job="cook", email=None)
        self.dispose(market, refused, "approved")
        self.dispose(market, high, "rejected")
        self.dispose(market, high, "approved")
        entries, _ = self.assertTold(market)
        for entry in entries:
            if "score" in entry:
                tier = next(n for n, tier in enumerate(tiers) if tier.get("when", {}).get("min", 0) <= entry["score"])
                self.assertEqual((entry.get("tier", -1), entry["payout_micros"]), (tier, tiers[tier]["micros"]))
        paid = {entry["lead"]: entry["payable_micros"] for entry in entries if entry["kind"] == "disposition" and entry["status"] == "approved"}
        self.assertEqual(paid[jws_payload(refused["receipt"])["index"]], 1_000_000)
        self.assertEqual(paid[jws_payload(high["receipt"])["index"]], 9_000_000)
        tried = market.advertiser.post(f"/v1/campaigns/{market.campaign}/try", {})
        self.assertEqual((tried["changes"], tried["before"]), ([], tried["after"]))
        self.audit(market)
        last = jws_payload(middle["receipt"])["index"]
        for tier in (0, 2):
            with self.subTest(tier=tier), tempfile.TemporaryDirectory() as folder:
                liar = Liar(market.server.data, self.pull(market, Path(folder) / "mirror"), market.contract)
                liar.entries[last].update(tier=tier, payout_micros=tiers[tier]["micros"])
                liar.publish()
                done = verify_twice(liar.mirror)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(f"lead {last} ", done.stdout)

    def test_a_budget_looks_at_the_price_that_the_score_makes(self):
        market = self.paid_by_score([{"when": {"field": "score", "min": 500}, "micros": 9_000_000}, {"micros": 1_000_000}], caps={"budget_micros_month": 10_000_000})
        for _ in range(3):
            self.dispose(market, self.lead(market, f_job="nurse"), "rejected")
        for lead in [self.lead(market, f_job="cook") for _ in range(3)]:
            self.dispose(market, lead, "approved")
        outcomes = [(lead["status"], lead.get("reason", "")) for lead in (self.lead(market, f_job=job) for job in ("cook", "nurse", "cook", "nurse"))]
        self.assertEqual(outcomes, [("rejected", "budget"), ("pending", ""), ("rejected", "budget"), ("pending", "")])
        self.assertTold(market)
        self.audit(market)

    def test_parts_of_a_shared_lead_are_paid_by_the_score_in_their_own_contract(self):
        tiers = [{"when": {"field": "score", "min": 530}, "micros": 9_000_001}, {"when": {"field": "score", "max": 470}, "micros": 1_000_001}, {"micros": 5_000_001}]
        market = self.paid_by_score(tiers, attribution={"model": "linear"})
        other = market.new_publisher()
        contract = market.new_contract(other, assent="both", price={"lead": tiers})
        other.put_key()
        for party in (market.advertiser, other):
            self.assertStatus(party.assent(contract, 1), 201)
        urls = [market.code["click_url"], market.new_code(other, contract)["click_url"]]
        for publisher, url, status in ((market.publisher, urls[0], "approved"), (other, urls[1], "rejected")):
            for _ in range(4):
                lead = self.assertStatus(publisher.postback(person(f_job="cook", click_id=click(url, **BROWSER)[1])), 200).json
                self.dispose(market, lead, status)
        touches = ",".join(click(url, **BROWSER)[1] for url in urls)
        self.assertStatus(market.advertiser.postback(person(f_job="cook", touches=touches)), 200)

        def log_of(contract):
            size = int(market.operator.do("GET", f"/log/{contract}/checkpoint").text.split("\n")[1])
            entries = [json.loads(entry) for _, entry in market.entries(contract, size=size)]
            return entries if any("share_to" in entry for entry in entries) else None

        for log, micros in ((market.contract, 9_000_001), (contract, 1_000_001)):
            entries = wait_for(lambda log=log: log_of(log), what="its part")
            index, part = next((n, entry) for n, entry in enumerate(entries) if "share_to" in entry)
            first, to = part.get("share_from", 0), part["share_to"]
            self.assertEqual((part["payout_micros"], part["score"]), (micros * to // 10**6 - micros * first // 10**6, told(log, entries)[0][index][0]["score"]))
            with tempfile.TemporaryDirectory() as folder:
                pulled = countersign("pull", market.server.url, Path(folder) / "mirror", "--contract", log, "--token", market.advertiser.token)
                self.assertEqual(pulled.returncode, 0, pulled.stderr)
                done = verify_twice(Path(folder) / "mirror")
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_who_did_not_assent_is_not_paid_by_score(self):
        tiers = {"price": {"lead": [{"when": {"field": "score", "min": 600}, "micros": 9}, {"micros": 1}]}}
        market = self.market()
        self.assertProblem(market.operator.call("PATCH", f"/v1/contracts/{market.contract}", tiers), 422, "price.lead[0].when.field")
        self.assertStatus(market.operator.do("PATCH", f"/v1/contracts/{market.contract}", {**tiers, "assent": "both"}), 200)
        self.assertProblem(market.operator.call("PATCH", f"/v1/contracts/{market.contract}", {"assent": "operator"}), 422, "price.lead[0].when.field")

    def test_who_says_another_score_is_told_what_it_should_be(self):
        market = self.market()
        self.dispose(market, self.lead(market), "rejected")
        self.live(market, 8)
        entries, _ = self.assertTold(market)
        last = max(index for index, entry in enumerate(entries) if "score" in entry)
        right, sent = entries[last], next(index for index, entry in enumerate(entries) if entry["kind"] == "lead" and "utm_source" in entry)
        scores = dict.fromkeys(MEMBERS)
        changes = [{"score": right["score"] - 1}, {"score_high": right["score_high"] + 1}, {"score_why": ["+hour"]}, scores, {"utm_source": "bought"}, {"due_ms": right["at"]},
                   {"tier": 7}, {"payout_micros": 1}, {"payout_micros": None}, {"reason": "low_score", "status": "held"}, {"status": "approved"}]
        for change in changes:
            with self.subTest(change=change):
                self.lie(market, last, change, entries)
        with self.subTest("a source that its click has"):
            self.lie(market, sent, {"utm_source": None}, entries)
        self.labels(market, entries)

    def labels(self, market, entries):
        """What becomes of a lead, told otherwise: what it moves is not that, or it cannot be, or the leads behind it say so."""
        at = next(index for index, entry in enumerate(entries) if entry["kind"] == "disposition")
        lead, later = entries[at]["lead"], next(index for index in range(at, len(entries)) if "score" in entries[index])
        price = entries[lead]["payout_micros"]
        self.lie(market, at, {"status": "approved"}, entries, {"payable_micros": price})
        moved = self.lying(market, at, {"status": "returned"})
        self.assertIn(f"entry {at} (returned of lead {lead}, which is pending) is not what the terms allow", moved.stdout)
        self.assertIn(f"entry {at}: a lead that is pending cannot become returned", moved.second)
        moved = self.lying(market, at, {"status": "approved", "payable_micros": price})
        for words in (moved.stdout, moved.second):
            self.assertRegex(words, rf"(lead|entry) {later}\W.* score {entries[later]['score']}\b.* give .*score \d+")


class Anything(Scored, unittest.TestCase):
    """Two workers or eight, killed while many send, and gone on from a copy: the scores are those of the documents, and what is stored of them too."""

    assertStatus = ServerCase.assertStatus

    def crowd(self, market, n, until=lambda: False):
        """Eight that send leads and say what became of them; what a server that was killed did not answer is nothing."""
        def one(_):
            if until():
                return
            try:
                lead = self.lead(market)
                for status in self.chance.choice(((), ("approved",), ("rejected",), ("approved", "returned"), ("rejected", "approved"))):
                    self.dispose(market, lead, status)
            except (OSError, http.client.HTTPException):
                if not until():
                    raise

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(n)))

    def killed(self, market, server):
        """At any moment of the crowd."""
        over = threading.Event()

        def kill():
            over.set()
            server.kill()

        timer = threading.Timer(self.chance.uniform(0.05, 0.6), kill)
        timer.start()
        self.crowd(market, 400, over.is_set)
        timer.join()
        server.start()

    def seeded(self, market, contract):
        """The seed that a contract's log has; there is one, whoever was killed while it was made."""
        def seeds():
            size = int(market.operator.do("GET", f"/log/{contract}/checkpoint").text.split("\n")[1])
            return [entry for _, entry in market.entries(contract, size=size) if b'"origin":"seed"' in entry] if size else []

        wait_for(seeds, what="a seed", seconds=40)
        self.assertEqual(len(seeds()), 1)
        return seeds()[0]

    def test_the_same_after_anything(self):
        seed = int(os.environ.get("SEED", secrets.randbits(32)))
        print(f"seed {seed}", file=sys.stderr)
        for workers in (2, 8):
            with self.subTest(workers=workers), contextlib.closing(Server(WORKERS=workers)) as server, tempfile.TemporaryDirectory() as folder:
                self.chance = random.Random(seed + workers)
                market = Market(server, OPEN)
                self.crowd(market, 40)
                other = market.new_contract(market.new_publisher())
                for _ in range(3):
                    self.killed(market, server)
                self.seeded(market, other)
                self.assertTold(market)
                server.stop()
                for command in (("backup", "--data", server.data, Path(folder) / "copy"), ("restore", Path(folder) / "copy", Path(folder) / "restored", "--lost", server.data)):
                    done = countersign(*command)
                    self.assertEqual(done.returncode, 0, done.stderr)
                server.data = Path(folder) / "restored"
                server.start()
                self.crowd(market, 20)
                self.assertStatus(market.operator.do("POST", f"/v1/contracts/{market.contract}/statements", {}), 201)
                brought = self.seeded(market, market.contract)
                server.kill()
                server.start()
                self.crowd(market, 20)
                self.assertEqual(self.seeded(market, market.contract), brought)
                _, fold = self.assertTold(market)
                self.assertGreater(min(fold.state.labels), 10)
                self.audit(market)
                server.stop()


class Unswept(Scored, unittest.TestCase):
    assertStatus = ServerCase.assertStatus
    chance = random.Random(5)

    def test_what_was_never_stored_is_learnt_again_from_the_journal(self):
        with contextlib.closing(Server(WORKERS=2, SWEEP_MS=60_000)) as server:
            market = Market(server, OPEN)
            for _ in range(2):
                for status in ("approved", "rejected", "approved"):
                    self.dispose(market, self.lead(market), status)
                server.kill()
                server.start()
            server.stop()
            server.settings["SWEEP_MS"] = 100
            server.start()
            _, fold = self.assertTold(market)
            self.assertEqual((fold.state.leads, fold.state.labels), (6, [2, 4]))
            self.audit(market)


@unittest.skipUnless(os.environ.get("CLOCK_LIBRARY"), "no CLOCK_LIBRARY")
class Holds(Scored, unittest.TestCase):
    chance = random.Random(7)

    assertStatus = ServerCase.assertStatus

    def setUp(self):
        self.server = ClockServer(WORKERS=2)
        self.addCleanup(self.server.close)

    def learnt(self, **hold):
        """Twenty cooks were good, twenty nurses were not."""
        market = Market(self.server, {**OPEN, "review": {"mode": "auto", "auto_approve_days": 2}, "score": {"facts": ["f_job"], **hold}})
        leads = [self.lead(market, f_job=("nurse", "cook")[n % 2]) for n in range(40)]
        for n, lead in enumerate(leads):
            self.dispose(market, lead, ("rejected", "approved")[n % 2])
        return market

    def test_a_low_score_holds_for_some_days_and_never_rejects(self):
        market = self.learnt(hold_below=600, hold_days=5)
        low, good = self.lead(market, f_job="nurse"), self.lead(market, f_job="cook")
        self.assertEqual((low["status"], low["reason"], good["status"]), ("held", "low_score", "pending"))
        other = self.lead(market, f_job="nurse", phone="12")
        self.assertEqual((other["status"], other["reason"]), ("held", "bad_phone"))
        self.assertLess(low["score_high"], 600)
        self.assertGreater(good["score"], 600)
        due = {entry["reason"]: entry.get("due_ms") and entry["due_ms"] - entry["at"] for entry in self.assertTold(market)[0] if "reason" in entry}
        self.assertEqual(due, {"low_score": 5 * DAY * 1000, "bad_phone": None})
        self.server.wait(3 * DAY)
        market.click()
        wait_for(lambda: self.row(market, good)["status"] == "approved", what="the good one to be due")
        self.assertEqual(self.row(market, low)["status"], "held")
        self.server.wait(3 * DAY)
        wait_for(lambda: self.row(market, low)["status"] == "approved", what="the low one to be due")
        entries, fold = self.assertTold(market)
        self.assertEqual(fold.state.labels, [20, 22])
        self.audit(market)
        for below in (0, 550, 601):
            with self.subTest(below=below), tempfile.TemporaryDirectory() as folder:
                liar = Liar(market.server.data, self.pull(market, Path(folder) / "mirror"), market.contract)
                liar.entries[0]["campaign"]["score"]["hold_below"] = below
                liar.publish()
                held = next(entry for entry in entries if entry.get("reason") == "low_score")
                done = verify_twice(liar.mirror)
                self.assertEqual(done.returncode, int(below <= held["score_high"]), done.stdout)
                self.assertIn(f'lead {entries.index(held)} is recorded with due_ms {held["due_ms"]}, reason "low_score", status "held"' if below <= held["score_high"] else "all holds", done.stdout)
        for change in ({"due_ms": held["due_ms"] + 1}, {"due_ms": None}, {"reason": None, "status": "pending"}, {"reason": "review"}):
            with self.subTest(change=change):
                self.lie(market, entries.index(held), change, entries)

    def test_a_trial_says_how_many_a_threshold_would_have_held(self):
        market = self.learnt()
        leads = [self.lead(market, f_job="nurse") for _ in range(3)] + [self.lead(market, f_job="cook")]
        self.assertEqual({lead["status"] for lead in leads}, {"pending"})
        rows = market.publisher.get(f"/v1/contracts/{market.contract}/leads", limit=200)["data"]
        rows.sort(key=lambda row: row["index"])
        kinds = {"good": ("approved", "converted"), "bad": ("rejected", "returned"), "open": ("pending", "held")}
        counts = []
        for below, most in ((600, 1000), (1000, 1000), (1000, 100), (1000, 20), (0, 1000)):
            with self.subTest(below=below, most=most):
                told = market.advertiser.post(f"/v1/campaigns/{market.campaign}/try", {"score": {"hold_below": below, "max_held_permille": most}})
                share, low = 0, []
                for row in rows:
                    holds = row["score_high"] < below and share < most * 65536 // 1000
                    share += (65536 * holds - share) >> 7
                    low += [row["status"]] if holds else []
                expected = {kind: sum(status in statuses for status in low) for kind, statuses in kinds.items()}
                self.assertEqual(told["low_score"], {**expected, "leads": len(low)})
                self.assertEqual(sum(outcome["leads"] for outcome in told["after"]["outcomes"] if outcome["reason"] == "low_score"), len(low))
                counts.append(len(low))
        self.assertEqual((counts[1], counts[4]), (len(rows), 0))
        self.assertGreaterEqual(counts[0], 3)
        self.assertLess(0, counts[3])
        self.assertLess(counts[3], counts[2])
        self.assertLess(counts[2], counts[1])

    def row(self, market, lead):
        return next(row for row in market.publisher.get(f"/v1/contracts/{market.contract}/leads")["data"] if row["lead"] == lead["lead"])

    def test_no_more_than_so_many_of_the_last_are_held(self):
        market = self.learnt(hold_below=1000, max_held_permille=50)
        outcomes = [self.lead(market, f_job="nurse")["status"] for _ in range(30)]
        self.assertIn("held", outcomes)
        self.assertEqual(outcomes[-1] == "held" and outcomes[-2] == "held", False)
        self.assertLess(outcomes.count("held"), 12)
        self.assertTold(market)
        self.audit(market)

    def test_it_is_approved_not_sooner_than_if_it_were_not_held(self):
        market = self.learnt(hold_below=600, hold_days=0)
        low, good = self.lead(market, f_job="nurse"), self.lead(market, f_job="cook")
        self.assertEqual(low["status"], "held")
        entries = self.assertTold(market)[0]
        due = {entry["status"]: entry["due_ms"] - entry["at"] for entry in entries if entry.get("due_ms") and entry.get("score")}
        self.assertEqual(due["held"], 2 * DAY * 1000)
        self.assertEqual(good["status"], "pending")


if __name__ == "__main__":
    unittest.main()
