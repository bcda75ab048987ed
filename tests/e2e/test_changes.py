"""The log of changes: each change of control data once, with who made it, written with it; nothing that changed nothing."""

import unittest

from harness import Market, Party, ServerCase, countersign


class Changes(ServerCase):
    settings = {"SWEEP_MS": 50}

    @classmethod
    def set_up_market(cls):
        pass

    def told(self, **query):
        found, after = [], {}
        while after is not None:
            page = self.operator.get("/v1/changes", limit=3, **query, **after)
            found += page["data"]
            after = {"after": page["next"]} if "next" in page else None
        return found

    def since(self, act, **query):
        """What is told of an act, oldest first, without its times."""
        before = len(self.told(**query))
        act()
        rows = self.told(**query)
        return [{name: value for name, value in row.items() if name not in ("at", "token")} for row in rows[:len(rows) - before][::-1]]

    def test_each_change_is_told_once_with_who_made_it(self):
        operator = self.operator
        me = operator.get("/v1/parties?kind=operator")["data"][0]["id"]
        market = Market(self.server)
        publisher, campaign, contract = market.publisher, market.campaign, market.contract
        token, ended = {}, {}
        acts = [
            (lambda: operator.patch(f"/v1/parties/{publisher.id}", {"name": "Renamed"}), [{"change": "rename", "by": me, "party": publisher.id, "was": "Publisher", "what": "Renamed"}]),
            (lambda: operator.patch(f"/v1/parties/{publisher.id}", {"name": "Renamed"}), []),
            (lambda: publisher.patch(f"/v1/parties/{publisher.id}", {"legal": {"name": "P SA"}}), [{"change": "legal", "by": publisher.id, "party": publisher.id}]),
            (lambda: token.update(publisher.post(f"/v1/parties/{publisher.id}/tokens", {"label": "nightly"})), [{"change": "token", "by": publisher.id, "party": publisher.id, "subject": "TOKEN", "what": "nightly"}]),
            (lambda: publisher.do("DELETE", f"/v1/parties/{publisher.id}/tokens/{token['id']}"), [{"change": "token_end", "by": publisher.id, "party": publisher.id, "subject": "TOKEN"}]),
            (lambda: ended.update(operator.post(f"/v1/parties/{publisher.id}/invitations", {})), [{"change": "invitation", "by": me, "party": publisher.id, "subject": "ENDED"}]),
            (lambda: operator.post(f"/v1/parties/{publisher.id}/lock", {}), [{"change": "lock", "by": me, "party": publisher.id}]),
            (lambda: operator.post(f"/v1/parties/{publisher.id}/lock", {}), []),
            (lambda: operator.do("DELETE", f"/v1/parties/{publisher.id}/lock"), [{"change": "unlock", "by": me, "party": publisher.id}]),
            (lambda: market.advertiser.patch(f"/v1/campaigns/{campaign}", {"return_days": 20}),
             [{"change": "campaign_change", "by": market.advertiser.id, "campaign": campaign, "what": '{"return_days": 20}'}]),
            (lambda: operator.patch(f"/v1/contracts/{contract}", {"due_days": 9}), [{"change": "contract_change", "by": me, "campaign": campaign, "contract": contract, "what": '{"due_days": 9}'}]),
            (lambda: operator.do("DELETE", f"/v1/contracts/{contract}/grants/{market.auditor.id}"),
             [{"change": "grant_end", "by": me, "campaign": campaign, "contract": contract, "party": market.auditor.id}]),
            (lambda: operator.post(f"/v1/contracts/{contract}/grants", {"party": market.auditor.id}),
             [{"change": "grant", "by": me, "campaign": campaign, "contract": contract, "party": market.auditor.id}]),
            (lambda: operator.post(f"/v1/contracts/{contract}/grants", {"party": market.auditor.id}), []),
            (lambda: publisher.post(f"/v1/contracts/{contract}/codes", {"label": "mail"}), [{"change": "code", "by": publisher.id, "campaign": campaign, "contract": contract, "subject": str(len(publisher.get(f"/v1/contracts/{contract}/codes")["data"])), "what": "mail"}]),
            (lambda: token.update(publisher.post(f"/v1/parties/{publisher.id}/secrets", {"replaces": publisher.kid})),
             [{"change": "secret_end", "by": publisher.id, "party": publisher.id, "subject": publisher.kid}, {"change": "secret", "by": publisher.id, "party": publisher.id, "subject": "KID"}]),
            (lambda: market.advertiser.postback({"click_id": market.click(), "email": "a@b.example", "phone": "+33612345678", "txid": "t1"}), []),
        ]
        for n, (act, expected) in enumerate(acts):
            with self.subTest(n):
                rows = self.since(act)
                for row in expected:
                    row["subject"] = {"TOKEN": token.get("id"), "ENDED": ended.get("id"), "KID": token.get("kid")}.get(row.get("subject"), row.get("subject"))
                kind = lambda row: row["change"]  # noqa: E731
                self.assertEqual(sorted(rows, key=kind), sorted(({name: value for name, value in row.items() if value is not None} for row in expected), key=kind))

    def test_it_is_filtered_by_kind_and_party_over_its_pages(self):
        market = Market(self.server)
        for n in range(4):
            market.publisher.post(f"/v1/contracts/{market.contract}/codes", {"label": f"link {n}"})
        self.assertEqual([row["what"] for row in self.told(change="code", party=market.publisher.id)][:4], [f"link {n}" for n in range(4)][::-1])
        kinds = {row["change"] for row in self.told(party=market.advertiser.id)}
        self.assertLessEqual({"party", "campaign", "contract", "code"}, kinds)
        stranger = Party(self.operator, "Stranger", "publisher")
        self.assertEqual([row["change"] for row in self.told(party=stranger.id)], ["party"])
        everything = self.told()
        self.assertEqual([row["at"] for row in everything], sorted((row["at"] for row in everything), reverse=True))
        self.assertEqual(self.operator.get("/v1/changes", limit=200)["data"], everything[:200])
        for query, field in (("change=blue", "change"), ("after=x", "after"), ("after=00", "after")):
            self.assertProblem(self.operator.call("GET", "/v1/changes?" + query), 400, field)
        self.assertProblem(self.operator.call("GET", "/v1/changes?party=P000"), 404)

    def test_a_party_reads_what_it_did_and_what_was_done_to_it(self):
        market = Market(self.server)
        publisher, advertiser, auditor = market.publisher, market.advertiser, market.auditor
        strangers = [Party(self.operator, f"Stranger {n}", "publisher") for n in range(8)]
        self.operator.post(f"/v1/parties/{publisher.id}/invitations", {})
        publisher.post(f"/v1/contracts/{market.contract}/codes", {"label": "mine"})
        advertiser.patch(f"/v1/campaigns/{market.campaign}", {"return_days": 20})
        self.operator.patch(f"/v1/campaigns/{market.campaign}", {"return_days": 21})
        self.operator.patch(f"/v1/parties/{auditor.id}", {"name": "Renamed"})
        read = lambda caller, **query: [row["change"] for row in self.pages_of(caller, **query)]  # noqa: E731
        self.assertEqual(read(publisher), ["code", "invitation", "code", "contract", "party"])
        self.assertEqual(read(publisher, change="code"), ["code", "code"])
        self.assertEqual(read(advertiser), ["campaign_change", "campaign_change", "campaign", "party"])
        self.assertEqual(read(auditor), ["rename", "grant", "party"])
        self.assertEqual(read(strangers[3]), ["party"])
        self.assertEqual(read(publisher, party=publisher.id), read(publisher))
        self.assertProblem(publisher.call("GET", f"/v1/changes?party={auditor.id}"), 404)
        for caller in (publisher, advertiser, auditor, strangers[3]):
            self.assertEqual([row for row in self.told(party=caller.id) if row in self.pages_of(caller)], self.pages_of(caller))

    def pages_of(self, caller, **query):
        """By pages of one row: none comes twice, none is left out."""
        found, after = [], {}
        while after is not None:
            page = caller.get("/v1/changes", limit=1, **query, **after)
            found += page["data"]
            after = {"after": page["next"]} if "next" in page else None
        return found

    def test_a_change_on_the_machine_is_nobodys_and_check_finds_all_well(self):
        market = Market(self.server)
        self.server.stop()
        self.assertEqual(countersign("token", "--data", self.server.data, "--party", market.publisher.id).returncode, 0)
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.start()
        self.server.ready()
        [row] = [row for row in self.told(change="token", party=market.publisher.id) if "by" not in row]
        self.assertEqual((row["party"], "token" in row), (market.publisher.id, False))


if __name__ == "__main__":
    unittest.main()
