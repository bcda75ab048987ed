"""Leads of all contracts in one list, filtered, by pages and as a table: held against what was sent."""

import csv
import io
import time
import unittest
import urllib.parse

from harness import Market, Party, ServerCase, person, rfc3339


class Lists(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market, cls.other = Market(cls.server), Market(cls.server)
        cls.advertiser, cls.publisher = cls.market.advertiser, cls.market.publisher
        second = cls.market.new_publisher()
        cls.further = cls.market.new_contract(second)
        cls.sent = []
        for n in range(12):
            market = cls.market if n % 3 else cls.other
            cls.sent.append({**market.publisher.postback(person(click_id=market.click(), sub1="ad,7", txid=f"order-{n}", last_name='"=1+1"')).json, "market": market})
            if n == 5:
                time.sleep(0.005)
                cls.middle = time.time()
                time.sleep(0.005)
        code = cls.market.new_code(second, cls.further)
        market = type("", (), {"code": code})
        cls.late = second.postback(person(click_id=Market.click(market), txid="order-1")).json  # of another sender
        cls.advertiser.post(f"/v1/leads/{cls.sent[1]['lead']}/dispositions", {"status": "approved", "reason": "good"})
        for market in (cls.market, cls.other):  # times are found below a head by halving, behind it one by one: of these below, of the last behind
            market.settled_entries()

    def of(self, market, *more):
        return [each["lead"] for each in self.sent if each["market"] is market] + [each["lead"] for each in more]

    def pages(self, caller, limit=50, **query):
        found, after = [], {}
        while True:
            page = caller.get("/v1/leads?" + urllib.parse.urlencode({"limit": limit, **query, **after}))
            found += page["data"]
            if "next" not in page:
                return [each["lead"] for each in found]
            after = {"after": page["next"]}

    def test_each_sees_those_of_its_contracts_once_by_any_pages(self):
        ours = self.of(self.market, self.late)
        for limit in (1, 2, 3, 7, 50):
            self.assertEqual(self.pages(self.advertiser, limit), ours)
            self.assertEqual(self.pages(self.publisher, limit), ours[:-1])
            self.assertEqual(sorted(self.pages(self.operator, limit)), sorted(ours + self.of(self.other)))
        self.assertEqual(self.pages(Party(self.operator, "New", "publisher")), [])

    def test_filters_leave_out_the_others(self):
        ours = self.of(self.market)
        self.assertEqual(self.pages(self.advertiser, status="approved"), [self.sent[1]["lead"]])
        self.assertEqual(self.pages(self.advertiser, contract=self.further), [self.late["lead"]])
        self.assertEqual(self.pages(self.operator, campaign=self.other.campaign), self.of(self.other))
        middle = rfc3339(self.middle)
        early = [each["lead"] for each in self.sent[:6] if each["market"] is self.market]
        self.assertEqual(self.pages(self.advertiser, 2, to=middle), early)
        self.assertEqual(self.pages(self.advertiser, 2, **{"from": middle}), ours[len(early):] + [self.late["lead"]])
        self.assertEqual(self.pages(self.advertiser, **{"from": middle, "to": middle}), [])

    def test_the_newest_of_all_contracts_come_first_by_any_pages(self):
        newest = [each["lead"] for each in reversed(self.sent)]
        ours = [self.late["lead"]] + [lead for lead in newest if lead in self.of(self.market)]
        for limit in (1, 2, 3, 7, 50):
            with self.subTest(limit):
                self.assertEqual(self.pages(self.advertiser, limit, order="newest"), ours)
                self.assertEqual(self.pages(self.operator, limit, order="newest")[1:], newest)
                self.assertEqual(self.pages(self.advertiser, limit, order="newest", status="pending,held"), [lead for lead in ours if lead != self.sent[1]["lead"]])
                self.assertEqual(self.pages(self.advertiser, limit, order="newest", **{"from": rfc3339(self.middle)}), [lead for lead in ours if lead == self.late["lead"] or newest.index(lead) < 6])
                self.assertEqual(self.pages(self.operator, limit, order="newest", to=rfc3339(self.middle)), newest[6:])

    def test_what_an_entry_says_is_a_filter(self):
        self.assertEqual(self.pages(self.advertiser, sub1="ad,7"), self.of(self.market))
        self.assertEqual(self.pages(self.operator, order="newest", sub1="ad,7"), [each["lead"] for each in reversed(self.sent)])
        self.assertEqual(self.pages(self.advertiser, sub1="ad"), [])
        self.assertEqual(self.pages(self.advertiser, sub2="ad,7"), [])
        self.assertEqual(self.pages(self.advertiser, code=self.market.code["code"]), self.of(self.market))
        self.assertEqual(self.pages(self.operator, code=self.other.code["code"]), self.of(self.other))
        self.assertEqual(self.pages(self.advertiser, score_from=0), [])
        self.assertEqual(self.pages(self.advertiser, reason="cap_day"), [])
        for query, field in (("order=old", "order"), ("due=soon", "due"), ("order=due&due=never", "due"), ("score_from=1001", "score_from"), ("score_to=x", "score_to"),
                             ("reason=why", "reason"), ("status=pending,", "status"), ("day=2026-11-28", "day"), ("order=due&after=x", "after")):
            with self.subTest(query):
                self.assertProblem(self.advertiser.call("GET", "/v1/leads?" + query), 400, field)
        self.assertProblem(self.advertiser.call("GET", "/v1/leads?code=" + self.other.code["code"]), 404, "code")

    def test_those_that_are_approved_by_themselves_stand_by_their_day(self):
        def review(mode, days):
            return {"review": {"mode": mode, "auto_approve_days": days}}

        late = Market(self.server, review("auto", 9))
        advertiser, offer = late.advertiser, {"currency": "EUR", "landing_url": "https://x.example/"}
        made, never = (advertiser.post("/v1/campaigns", {"advertiser": advertiser.id, "name": name, **offer, **review(mode, 3)})
                       for name, mode in (("Soon", "auto"), ("Never", "manual")))
        by = {"late": late.code}
        for name, campaign in (("soon", made), ("never", never)):
            contract = self.operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": late.publisher.id, "price": {"lead": [{"micros": 1_000_000}]}})["id"]
            by[name] = late.new_code(late.publisher, contract)
        leads = {name: [] for name in by}
        for n in range(9):
            name = ("late", "soon", "never")[n % 3]
            leads[name].append(late.publisher.postback(person(click_id=Market.click(type("", (), {"code": by[name]}))))
                               .json["lead"])
        wanted = leads["soon"] + leads["late"]
        for limit in (1, 2, 4, 50):
            self.assertEqual(self.pages(advertiser, limit, order="due"), wanted)
            self.assertEqual(self.pages(advertiser, limit, order="newest", due="never", status="pending,held"), leads["never"][::-1])
            self.assertEqual(set(self.pages(self.operator, limit, order="due")) & set(sum(leads.values(), [])), set(wanted))
        self.assertEqual((self.pages(self.advertiser, order="due"), self.pages(late.publisher, order="due")), ([], wanted))  # another's, and its own
        page = advertiser.get("/v1/leads?order=due&limit=2")
        for lead in page["data"]:  # what the cursor names is decided meanwhile
            advertiser.post(f"/v1/leads/{lead['lead']}/dispositions", {"status": "rejected", "reason": "no"})
        rest = advertiser.get("/v1/leads?order=due&after=" + page["next"])
        self.assertEqual([one["lead"] for one in rest["data"]], wanted[2:])
        self.assertTrue(all(one["due_at"] > one["at"] for one in rest["data"]))
        self.assertNotIn("due_at", advertiser.get("/v1/leads/" + wanted[0]))
        self.assertEqual(self.pages(advertiser, order="due", campaign=made["id"]), wanted[2:3])

    def test_an_order_number_finds_the_lead_of_each_sender(self):
        self.assertEqual(set(self.pages(self.advertiser, txid="order-1")), {self.sent[1]["lead"], self.late["lead"]})
        self.assertEqual(self.pages(self.publisher, txid="order-1"), [self.sent[1]["lead"]])
        self.assertEqual(self.pages(self.operator, txid="order-3"), [self.sent[3]["lead"]])
        self.assertEqual(self.pages(self.advertiser, txid="order-3"), [])  # another advertiser's
        self.assertEqual(self.pages(self.advertiser, txid="order-1", status="pending"), [self.late["lead"]])

    def test_as_a_table_it_has_the_same_rows_and_names_the_next(self):
        rows, target = [], "/v1/leads?limit=4&status=pending"
        while target:
            answer = self.advertiser.do("GET", target, headers={"Accept": "text/csv"})
            self.assertTrue(answer.headers["Content-Type"].startswith("text/csv"))
            rows += csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig")))
            link = answer.headers["Link"]
            target = link and link.split(">")[0].removeprefix("<")
        self.assertEqual([row["lead"] for row in rows], self.pages(self.advertiser, status="pending"))
        self.assertEqual({(row["payout"], row["currency"], row["country"], row["sub1"][:4]) for row in rows}, {("12.00", "EUR", "FR", "ad,7"), ("12.00", "EUR", "FR", "")})
        self.assertTrue(all("@example.com" in row["email"] for row in rows))
        theirs = self.publisher.do("GET", f"/v1/contracts/{self.market.contract}/leads", headers={"Accept": "text/csv"}).text
        self.assertIn(self.sent[1]["lead"], theirs)
        self.assertIn(",good,", theirs)
        self.assertNotIn("@example.com", self.operator.do("GET", "/v1/leads", headers={"Accept": "text/csv"}).text)

    def test_what_is_asked_wrongly_is_said(self):
        for query, word in (("status=won", "status"), ("from=yesterday", "from"), ("to=2026-11-01", "to"), ("txid=", "txid"), ("after=x", "after"), ("what=1", "what"), ("limit=0", "limit")):
            self.assertProblem(self.advertiser.call("GET", "/v1/leads?" + query), 400, word)
        for query in (f"contract={self.other.contract}", "campaign=A"):
            self.assertProblem(self.advertiser.call("GET", "/v1/leads?" + query), 404)
        self.assertProblem(self.advertiser.call("GET", f"/v1/contracts/{self.market.contract}/leads?txid=x"), 400, "txid")
        for query in ("click_id=x", "txid=a&click_id=" + self.market.click(), "email=", "email=a@b.example&txid=1"):
            self.assertEqual(self.advertiser.call("GET", "/v1/leads?" + query).status, 400, query)

    def test_what_is_of_others_is_told_as_what_is_not_there(self):
        others = self.pages(self.other.advertiser)[0]
        for party in (self.advertiser, self.publisher):
            for mine, nothing in ((f"campaign={self.other.campaign}", "campaign=A"), (f"after={others}", "after=x"), (f"order=newest&after={others}", "order=newest&after=x")):
                with self.subTest(mine):
                    said = [party.call("GET", "/v1/leads?" + query) for query in (mine, nothing)]
                    self.assertEqual(*[(one.status, {**one.json, "request_id": ""}) for one in said])


class Finding(ServerCase):
    @classmethod
    def set_up_market(cls):
        pass

    def test_a_click_finds_its_leads_and_an_address_those_of_its_person_that_stand(self):
        market = Market(self.server)
        first, click = market.click(), market.click()
        email = "Find.Me@people.example"
        made = [market.publisher.postback(person(click_id=first, email=email)).json, market.publisher.postback(person(click_id=click, email=" find.me@PEOPLE.example")).json]
        other = market.publisher.postback(person(click_id=market.click())).json["lead"]
        self.assertEqual([one["status"] for one in made], ["pending", "duplicate"])
        made = [one["lead"] for one in made]
        stranger = Market(self.server)
        pages = lambda party, **query: sorted(row["lead"] for row in party.get("/v1/leads", **query)["data"])  # noqa: E731
        for party in (market.advertiser, market.publisher):
            self.assertEqual(pages(party, click_id=click), [made[1]])
            self.assertEqual(pages(party, email="find.me@people.example"), sorted(made))
            self.assertEqual(pages(party, email="nobody@people.example"), [])
            self.assertEqual(pages(party, email="no address"), [])
        self.assertEqual(pages(market.advertiser, email=email, status="duplicate"), [made[1]])
        self.assertEqual(pages(self.operator, click_id=first), [made[0]])
        for party in (stranger.advertiser, stranger.publisher):
            self.assertEqual((pages(party, click_id=first), pages(party, email=email)), ([], []))
        for party in (self.operator, market.auditor):
            self.assertProblem(party.call("GET", "/v1/leads?email=" + email), 403, "email")
        sent = market.advertiser.postback({"email": email, "phone": "+33612000001", "campaign": market.campaign, "txid": "own"})
        if sent.status == 200:  # the advertiser's own: the publisher is not told whose it is
            self.assertNotIn(sent.json["lead"], pages(market.publisher, email=email))
        market.advertiser.post(f"/v1/leads/{made[0]}/dispositions", {"status": "rejected", "reason": "no"})
        self.assertNotIn(made[0], pages(market.advertiser, email=email))
        self.assertNotIn(other, pages(market.advertiser, email=email))


if __name__ == "__main__":
    unittest.main()
