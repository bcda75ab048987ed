"""Lists of the management API: filters show exactly theirs, and pages of any size walk through everything once, in order."""

import unittest

from harness import Market, Party, ServerCase, person

STATUSES = ("pending", "held", "approved", "rejected", "duplicate", "returned", "converted")


class Lists(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market = cls.market
        cls.leads = {status: [] for status in STATUSES}
        for _ in range(2):
            cls.report("pending")
            cls.report("rejected", email=None)
            for status in ("approved", "converted"):
                cls.say(cls.report(status), status)
            for status in ("approved", "returned"):
                cls.say(cls.leads["returned"][-1] if status == "returned" else cls.report("returned"), status)
            twin = person()
            cls.report("approved", **twin)
            cls.say(cls.leads["approved"][-1], "approved")
            cls.report("duplicate", **{**twin, "txid": twin["txid"] + "-again"})
        cls.second = Party(cls.operator, "Second", "publisher")
        cls.contracts = [market.contract, market.new_contract(cls.second), market.new_contract(cls.second, ends_at="2020-01-01T00:00:00Z")]
        cls.other = Market(cls.server)
        cls.codes = [market.code["code"]] + [market.new_code(market.publisher, market.contract, label=f"code {n}")["code"] for n in range(4)]
        cls.campaigns = [market.campaign] + [cls.new_campaign(n) for n in range(3)]
        cls.statements = []
        for contract in (market.contract, cls.contracts[1], market.contract, market.contract):
            market.click()
            cls.statements.append(cls.operator.post(f"/v1/contracts/{contract}/statements", {})["id"])

    @classmethod
    def report(cls, wanted, **fields):
        fields = {**person(), **fields}
        answer = cls.market.publisher.postback({name: value for name, value in {**fields, "click_id": cls.market.click()}.items() if value is not None})
        assert answer.status == 200, answer
        cls.leads[wanted].append(answer.json["lead"])
        return answer.json["lead"]

    @classmethod
    def say(cls, lead, status):
        return cls.market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": status})

    @classmethod
    def new_campaign(cls, n):
        return cls.market.advertiser.post("/v1/campaigns", {"advertiser": cls.market.advertiser.id, "name": f"campaign {n}", "currency": "EUR",
                                                            "landing_url": "https://landing.example/"})["id"]

    def leads_path(self):
        return f"/v1/contracts/{self.market.contract}/leads"

    def walk(self, caller, path, member, limit, **query):
        """What the pages of one size give, one after the other."""
        found, after = [], {}
        while True:
            page = caller.get(path, limit=limit, **query, **after)
            rows = [row[member] for row in page["data"]]
            self.assertLessEqual(len(rows), limit)
            found += rows
            if "next" not in page:
                return found
            self.assertEqual(len(rows), limit, "a page that is not full has a next one")
            after = {"after": page["next"]}

    def test_a_status_shows_its_leads_and_no_others(self):
        everything = [row["lead"] for row in self.market.advertiser.get(self.leads_path(), limit=200)["data"]]
        self.assertCountEqual(everything, sum(self.leads.values(), []))
        for status, leads in self.leads.items():
            with self.subTest(status):
                rows = self.market.advertiser.get(self.leads_path(), status=status)["data"]
                self.assertEqual([row["lead"] for row in rows], leads)
                self.assertEqual({row["status"] for row in rows} - {status}, set())

    def test_a_word_that_is_no_status_is_refused(self):
        for word in ("", "open", "Pending", "pending "):
            self.assertProblem(self.operator.call("GET", f"{self.leads_path()}?status={word.replace(' ', '%20')}"), 400, "status")

    def test_pages_of_every_size_give_everything_once_in_order(self):
        market, operator = self.market, self.operator
        lists = [(operator, "/v1/parties", "id", {}), (operator, "/v1/campaigns", "id", {}), (operator, "/v1/contracts", "id", {}),
                 (operator, "/v1/statements", "id", {}), (market.advertiser, "/v1/campaigns", "id", {}),
                 (market.advertiser, "/v1/contracts", "id", {}), (self.second, "/v1/contracts", "id", {}),
                 (market.publisher, "/v1/statements", "id", {}), (operator, "/v1/statements", "id", {"contract": market.contract}),
                 (operator, "/v1/contracts", "id", {"campaign": market.campaign}), (market.publisher, self.leads_path(), "lead", {}),
                 (market.publisher, self.leads_path(), "lead", {"status": "approved"}),
                 (market.publisher, f"/v1/contracts/{market.contract}/codes", "code", {})]
        for caller, path, member, query in lists:
            everything = [row[member] for row in caller.get(path, limit=200, **query)["data"]]
            self.assertGreaterEqual(len(everything), 2, path)
            self.assertEqual(len(set(everything)), len(everything))
            for limit in (1, 2, 3, len(everything) - 1, len(everything), len(everything) + 1):
                with self.subTest(path, limit=limit, **query):
                    self.assertEqual(self.walk(caller, path, member, limit, **query), everything)

    def test_lists_are_in_the_order_of_making(self):
        market = self.market
        self.assertEqual([row["code"] for row in market.publisher.get(f"/v1/contracts/{market.contract}/codes")["data"]], self.codes)
        self.assertEqual([row["id"] for row in market.advertiser.get("/v1/campaigns")["data"]], self.campaigns)
        first, other, *rest = self.statements  # by contract, then by number
        self.assertEqual([row["id"] for row in self.operator.get("/v1/statements")["data"]], [first, *rest, other])
        self.assertEqual([row["id"] for row in self.second.get("/v1/contracts")["data"]], self.contracts[1:])

    def test_filters_by_contract_and_campaign(self):
        market, operator = self.market, self.operator
        first, second, *_ = self.statements
        self.assertEqual([row["id"] for row in operator.get("/v1/statements", contract=self.contracts[1])["data"]], [second])
        self.assertNotIn(second, [row["id"] for row in operator.get("/v1/statements", contract=market.contract)["data"]])
        self.assertEqual(operator.get("/v1/statements", contract=self.contracts[2])["data"], [])
        self.assertEqual(self.second.get("/v1/statements", contract=market.contract)["data"], [])
        self.assertEqual([row["id"] for row in market.publisher.get("/v1/contracts", campaign=market.campaign)["data"]], [market.contract])
        self.assertEqual(market.publisher.get("/v1/contracts", campaign=self.other.campaign)["data"], [])
        self.assertEqual({row["campaign"] for row in operator.get("/v1/contracts", campaign=self.other.campaign)["data"]}, {self.other.campaign})
        self.assertTrue(first)

    def test_cursors_of_elsewhere_are_refused(self):
        market = self.market
        other_lead = self.other.publisher.postback(person(click_id=self.other.click())).json["lead"]
        other_code = self.other.code["code"]
        cases = [("/v1/parties", market.advertiser, market.publisher.id), ("/v1/campaigns", self.other.advertiser, market.campaign),
                 ("/v1/contracts", self.other.publisher, market.contract), (self.leads_path(), self.operator, other_lead),
                 (f"/v1/contracts/{market.contract}/codes", self.operator, other_code), ("/v1/statements", self.operator, "S" * 100)]
        cases += [(path, self.operator, "nonsense") for path in
                  ("/v1/parties", "/v1/campaigns", "/v1/contracts", self.leads_path(), f"/v1/contracts/{market.contract}/codes")]
        for path, caller, after in cases:
            with self.subTest(path, after=after):
                self.assertProblem(caller.call("GET", f"{path}?after={after}"), 400, "after")

    def test_limits(self):
        for path in ("/v1/parties", "/v1/campaigns", "/v1/contracts", "/v1/statements", self.leads_path(), f"/v1/contracts/{self.market.contract}/codes"):
            for limit, status in (("1", 200), ("200", 200), ("0", 400), ("201", 400), ("-1", 400), ("1.5", 400), ("", 400), ("x", 400), ("1x", 400)):
                with self.subTest(path, limit=limit):
                    answer = self.operator.call("GET", f"{path}?limit={limit}")
                    self.assertStatus(answer, status)
                    if status == 400:
                        self.assertProblem(answer, 400, "limit")


if __name__ == "__main__":
    unittest.main()
