"""Terms over time: versions that bind from a later time on, what is decided on both sides of it, and who may change what meanwhile."""

import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from harness import SOURCE, Market, ServerCase, countersign, person, send, wait_for

sys.path.insert(0, str(SOURCE / "scripts"))
import verify  # noqa: E402


def rfc3339(moment):
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def soon(seconds):
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


class BindingVersions:
    """The model: which version binds an entry of a time, from the `terms` entries before it. Written from FORMATS, apart from the code."""

    def __init__(self):
        self.versions = []  # (from_ms, index, documents)

    def take(self, index, entry):
        if entry["kind"] == "withdrawal":
            self.versions = [v for v in self.versions if v[2]["version"] != entry["version"]]
            return
        from_ms = entry.get("effective_ms", 0)
        if not from_ms:
            self.versions = []  # what waited never binds
        else:
            self.versions = [v for v in self.versions if v[0] != from_ms or v[0] <= entry["at"]]
        self.versions.append((from_ms or entry["at"], index, entry))

    def at(self, at_ms):
        begun = [v for v in self.versions if v[0] <= at_ms] or self.versions[:1]
        return begun[-1]


class Terms(ServerCase):
    settings = {"SWEEP_MS": 100}

    @classmethod
    def set_up_market(cls):
        cls.market = None

    def market_of(self, **campaign):
        return Market(self.server, campaign={"lead": {"require": ["email"]}, "review": {"mode": "auto", "auto_approve_days": 0}, **campaign},
                      contract={"price": {"lead": [{"micros": 5_000_000}], "click_micros": 1000}})

    def story(self, market, n):
        """Clicks and leads; what the leads were answered."""
        answers = []
        for _ in range(n):
            click_id = market.click()
            market.click()
            answers.append(self.assertStatus(market.publisher.postback(person(click_id=click_id, phone=None)), 200).json)
        return answers

    def verify(self, market):
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            for party in (market.publisher, market.auditor):
                target = Path(mirror) / party.id
                pulled = countersign("pull", self.server.url, target, "--contract", market.contract, "--token", party.token)
                self.assertEqual(pulled.returncode, 0, pulled.stderr)
                verified = countersign("verify", target)
                self.assertEqual(verified.returncode, 0, verified.stdout)
        return verified.stdout

    def assert_one_campaign(self, market, *contracts):
        """Of the campaign one document binds in all of their logs at each time, to the millisecond, from where the last of them begins."""
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            audits = []
            for contract in contracts:
                pulled = countersign("pull", self.server.url, Path(mirror) / contract, "--contract", contract, "--token", market.operator.token)
                self.assertEqual(pulled.returncode, 0, pulled.stderr)
                audits.append(verify.Audit(verify.Mirror(Path(mirror) / contract)))
                audits[-1].run()
            begin, told = max(audit.parsed[0]["at"] for audit in audits), []
            for audit in audits:
                line = [(max(begin, version.at, version.begins), version.campaign) for version in audit.ledger.versions.line]
                line = [each for each, behind in zip(line, [*line[1:], (None, None)]) if each[0] != behind[0]]
                told.append([each for before, each in zip([(0, None), *line], line) if before[1] != each[1]])
            self.assertEqual(told, told[:1] * len(contracts))
            return told[0]

    def check(self):
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def assert_bound_by_the_model(self, market):
        """Every entry cites the version of its own time, and what leads and clicks earned is that version's price."""
        model, prices = BindingVersions(), []
        for index, entry in enumerate(market.settled_entries()):
            if entry["kind"] == "terms":
                model.take(index, entry)
            elif entry["kind"] in ("lead", "disposition"):
                _, terms, version = model.at(entry["at"])
                self.assertEqual(entry["terms"], terms, entry)
                if entry["kind"] == "lead":
                    price = version["contract"]["price"]["lead"][0]["micros"]
                    self.assertEqual(entry["payout_micros"], price)
                    prices.append(price)
        return prices

    def test_a_later_version_binds_from_its_time_on_across_a_kill(self):
        market = self.market_of()
        self.assertEqual({answer["payout_micros"] for answer in self.story(market, 2)}, {5_000_000})
        at = soon(5)
        changed = market.operator.do("PATCH", f"/v1/contracts/{market.contract}", {
            "price": {"lead": [{"micros": 7_000_000}], "click_micros": 2000}, "effective_at": rfc3339(at)})
        self.assertStatus(changed, 200)
        self.assertEqual(changed.json["effective_at"], rfc3339(at))
        self.assertEqual(changed.json["terms_version"], 2)
        self.story(market, 2)
        self.server.kill()
        self.server.start()
        waiting = market.operator.get(f"/v1/contracts/{market.contract}")
        self.assertEqual((waiting["terms_version"], waiting["terms_index"]), (2, changed.json["terms_index"]))
        self.story(market, 1)
        wait_for(lambda: datetime.now(timezone.utc) > at, what="the time that the version waits for")
        self.assertEqual({answer["payout_micros"] for answer in self.story(market, 2)}, {7_000_000})
        self.assertNotIn("effective_at", market.operator.get(f"/v1/contracts/{market.contract}"))
        self.server.kill()
        self.server.start()
        self.assertEqual({answer["payout_micros"] for answer in self.story(market, 1)}, {7_000_000})
        prices = self.assert_bound_by_the_model(market)
        self.assertLess({5_000_000}, set(prices))
        statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        entries = market.settled_entries()
        self.assertEqual(statement["net_micros"], self.earned(entries))
        self.check()
        self.verify(market)

    def earned(self, entries):
        """What the leads and clicks of a log are worth, by the model's prices at their own times."""
        model, sum_micros = BindingVersions(), 0
        for index, entry in enumerate(entries):
            if entry["kind"] == "statement":
                break
            if entry["kind"] == "terms":
                model.take(index, entry)
                continue
            price = model.at(entry["at"])[2]["contract"]["price"]
            if entry["kind"] == "lead" and entry["status"] == "approved":
                sum_micros += price["lead"][0]["micros"]
            elif entry["kind"] == "click" and entry["class"] == "ok":
                sum_micros += price["click_micros"]
        return sum_micros

    def test_a_campaigns_change_waits_in_each_of_its_contracts_and_in_new_ones(self):
        market = self.market_of()
        other = market.new_contract(market.new_publisher())
        at = rfc3339(soon(3600))
        path = f"/v1/campaigns/{market.campaign}"
        changed = self.assertStatus(market.advertiser.do("PATCH", path, {"lead": {"min_click_to_lead_s": 9}, "effective_at": at}), 200).json
        self.assertEqual(changed["effective_at"], at)
        self.assertEqual(market.advertiser.get(path)["effective_at"], at)
        late = market.new_contract(market.new_publisher())
        for contract, version in ((market.contract, 2), (other, 2), (late, 2)):
            shown = market.operator.get(f"/v1/contracts/{contract}")
            self.assertEqual((shown["terms_version"], shown["effective_at"]), (version, at))
        self.assertEqual({answer["status"] for answer in self.story(market, 1)}, {"approved"}, "what waits decided already")
        self.assertStatus(market.advertiser.call("POST", f"{path}/pause", {}), 200)
        self.assertStatus(market.operator.do("PATCH", f"/v1/contracts/{other}", {"due_days": 9, "effective_at": rfc3339(soon(7200))}), 200)
        self.assertEqual([document["lead"]["min_click_to_lead_s"] for _, document in self.assert_one_campaign(market, market.contract, other, late)], [0, 0, 9])
        self.check()
        self.verify(market)

    def withdraw(self, caller, contract, version):
        return caller.call("POST", f"/v1/contracts/{contract}/terms/{version}/withdraw", b"", {})

    def test_a_version_is_withdrawn_before_its_time_and_not_after_it(self):
        market = self.market_of()
        path = f"/v1/contracts/{market.contract}"
        far = self.assertProblem(market.operator.call("PATCH", path, {"due_days": 9, "effective_at": "2126-12-01T00:00:00Z"}), 422, "effective_at")
        self.assertIn("731 days", far["detail"])
        wrong, soon_at = soon(86_400 * 365), soon(6)
        self.assertStatus(market.operator.do("PATCH", path, {"price": {"lead": [{"micros": 6_000_000}]}, "effective_at": rfc3339(soon_at)}), 200)
        self.assertStatus(market.operator.do("PATCH", path, {"price": {"lead": [{"micros": 1}]}, "effective_at": rfc3339(wrong)}), 200)
        self.assertProblem(market.operator.call("PATCH", path, {"due_days": 9}), 409, "effective_at")
        self.assertStatus(self.withdraw(market.publisher, market.contract, 3), 403)
        self.assertStatus(self.withdraw(market.advertiser, market.contract, 3), 403)
        self.assertStatus(self.withdraw(market.operator, market.contract, 4), 404)
        self.assertIn("version 3 behind it", self.assertProblem(self.withdraw(market.operator, market.contract, 2), 409, "version")["detail"])
        gone = {"contract": market.contract, "version": 3, "withdrawn": [{"contract": market.contract, "version": 3}]}
        for _ in range(2):  # the same again is answered again
            self.assertEqual(self.assertStatus(self.withdraw(market.operator, market.contract, 3), 200).json, gone)
        self.server.kill()
        self.server.start()
        shown = market.operator.get(f"{path}/terms")["data"]
        self.assertEqual([version["state"] for version in shown], ["in_force", "waiting", "withdrawn"])
        self.assertEqual((len(shown[2]["withdrawals"]), market.operator.get(path)["terms_version"]), (1, 2))
        self.story(market, 1)
        wait_for(lambda: datetime.now(timezone.utc) > soon_at, what="the time of the second version")
        self.assertIn("is in force", self.assertProblem(self.withdraw(market.operator, market.contract, 2), 409, "version")["detail"])
        self.assertEqual(self.story(market, 1)[0]["payout_micros"], 6_000_000)
        changed = self.assertStatus(market.operator.do("PATCH", path, {"price": {"lead": [{"micros": 7_000_000}]}}), 200).json
        self.assertEqual(changed["terms_version"], 4)
        difference = market.operator.get(f"{path}/terms/4")["differences"]
        self.assertEqual([each["text"] for each in difference], ["price.lead[0].micros: 6.00 EUR -> 7.00 EUR"])
        self.assertEqual(self.story(market, 1)[0]["payout_micros"], 7_000_000)
        self.assertStatus(market.operator.do("POST", f"{path}/statements", {}), 201)
        self.assert_bound_by_the_model(market)
        self.check()
        self.verify(market)

    def test_a_campaigns_change_is_withdrawn_in_all_of_its_contracts_and_what_was_built_on_it(self):
        market = self.market_of()
        campaign = f"/v1/campaigns/{market.campaign}"
        direct = market.operator.get(campaign)["direct_contract"]
        other = market.new_contract(market.new_publisher())
        at, later = rfc3339(soon(3600)), rfc3339(soon(7200))
        self.assertStatus(market.advertiser.do("PATCH", campaign, {"lead": {"min_click_to_lead_s": 9}, "effective_at": at}), 200)
        alone = self.assertProblem(self.withdraw(market.operator, other, 2), 409, "version")
        self.assertIn(f"version 2 of the terms of contract {direct}", alone["detail"])
        price = {"price": {"lead": [{"micros": 6_000_000}]}}
        self.assertStatus(market.operator.do("PATCH", f"/v1/contracts/{other}", {**price, "effective_at": at}), 200)  # takes the place of version 2
        self.assertStatus(market.operator.do("PATCH", f"/v1/contracts/{market.contract}", {**price, "effective_at": later}), 200)
        answer = self.assertStatus(self.withdraw(market.operator, other, 3), 200).json
        self.assertEqual((answer["withdrawn"], answer["written_again"]), ([{"contract": other, "version": 3}], [{"contract": other, "version": 4}]))
        shown = market.operator.get(f"/v1/contracts/{other}")
        self.assertEqual((shown["terms_version"], shown["effective_at"], shown["price"]["lead"][0]["micros"]), (4, at, 12_000_000), "the campaign's change stays")
        made = market.operator.get(f"/v1/contracts/{other}/terms/4")
        self.assertEqual([each["text"].split(":")[0] for each in made["differences"]], ["lead.min_click_to_lead_s"])
        self.assertEqual(market.operator.get(f"/v1/contracts/{other}/terms")["data"][3]["differences"], made["differences"])
        self.check()
        gone = self.assertStatus(self.withdraw(market.advertiser, direct, 2), 200).json["withdrawn"]
        self.assertEqual(sorted((each["contract"], each["version"]) for each in gone), sorted([(direct, 2), (market.contract, 2), (market.contract, 3), (other, 4)]))
        self.assertNotIn("effective_at", market.operator.get(campaign))
        self.assertEqual(market.operator.get(campaign)["lead"]["min_click_to_lead_s"], 0)
        for contract in (direct, market.contract, other):
            self.assertEqual(market.operator.get(f"/v1/contracts/{contract}")["terms_version"], 1)
        self.assertStatus(market.advertiser.do("PATCH", campaign, {"lead": {"min_click_to_lead_s": 1}}), 200)
        self.assertEqual([document["lead"]["min_click_to_lead_s"] for _, document in self.assert_one_campaign(market, direct, market.contract, other)], [0, 1])
        self.server.kill()
        self.server.start()
        self.check()
        self.verify(market)

    def test_times_never_go_back_and_an_equal_time_takes_the_place(self):
        market = self.market_of()
        first, second = soon(3600), soon(7200)
        path, campaign = f"/v1/contracts/{market.contract}", f"/v1/campaigns/{market.campaign}"

        def change(micros, **members):
            return market.operator.call("PATCH", path, {"price": {"lead": [{"micros": micros}]}, **members})

        self.assertStatus(change(6_000_000, effective_at=rfc3339(second)), 200)
        for refused in (change(7_000_000, effective_at=rfc3339(first)), change(7_000_000),
                        market.advertiser.call("PATCH", campaign, {"return_days": 5}),
                        market.advertiser.call("PATCH", campaign, {"return_days": 5, "effective_at": rfc3339(first)})):
            problem = self.assertProblem(refused, 409, "effective_at", rfc3339(second))
            self.assertIn("takes its place", problem["detail"])
        self.assertProblem(change(7_000_000, effective_at=rfc3339(soon(-1))), 422, "effective_at", "future")
        for text in ("tomorrow", 5, "2027-13-01T00:00:00Z"):
            self.assertProblem(change(7_000_000, effective_at=text), 422, "effective_at")
        self.assertEqual(self.assertStatus(change(8_000_000, effective_at=rfc3339(second)), 200).json["terms_version"], 3)
        for n in range(7):  # as many may wait as FORMATS says, the first of them takes a place
            self.assertStatus(change(9_000_000 + n, effective_at=rfc3339(second + timedelta(seconds=n + 1))), 200)
        self.assertProblem(change(1, effective_at=rfc3339(second + timedelta(seconds=60))), 409, "effective_at")
        self.assertStatus(change(1, effective_at=rfc3339(second + timedelta(seconds=7))), 200)
        self.assertStatus(change(1, effective_at=rfc3339(second + timedelta(seconds=7))), 200)  # nothing changes: nothing is recorded
        self.assertProblem(change(1, effective_at=rfc3339(second + timedelta(seconds=8))), 409, "effective_at", "keeps its time")
        terms = [entry for entry in market.settled_entries() if entry["kind"] == "terms"]
        self.assertEqual([entry["version"] for entry in terms], list(range(1, 12)))
        self.check()
        self.verify(market)

    def test_a_pause_does_not_wait_for_what_does(self):
        market = self.market_of()
        at = soon(10)
        self.assertStatus(market.operator.do("PATCH", f"/v1/contracts/{market.contract}", {
            "price": {"lead": [{"micros": 6_000_000}]}, "effective_at": rfc3339(at)}), 200)
        market.advertiser.do("POST", f"/v1/campaigns/{market.campaign}/pause", {})
        self.assertEqual(market.operator.get(f"/v1/contracts/{market.contract}")["effective_at"], rfc3339(at))
        self.assertStatus(send(market.code["click_url"]), 410)
        wait_for(lambda: datetime.now(timezone.utc) > at, what="the time that the version waits for")
        self.assertStatus(send(market.code["click_url"]), 410)
        market.advertiser.do("POST", f"/v1/campaigns/{market.campaign}/pause", {"paused": False})
        self.assertEqual({answer["payout_micros"] for answer in self.story(market, 1)}, {6_000_000})
        versions = [(entry["version"], entry.get("effective_ms", 0) > 0, entry["campaign"]["paused"], entry["contract"]["price"]["lead"][0]["micros"])
                    for entry in market.settled_entries() if entry["kind"] == "terms"]
        self.assertEqual(versions, [(1, False, False, 5_000_000), (2, True, False, 6_000_000), (3, False, True, 5_000_000),
                                    (4, True, True, 6_000_000), (5, False, False, 6_000_000)])
        self.check()
        self.verify(market)

    def test_versions_are_listed_with_readable_differences(self):
        market = self.market_of(name="Old", lead={"require": ["email"], "rules": [{"field": "country", "in": ["FR"]}]})
        contract, at = f"/v1/contracts/{market.contract}", rfc3339(soon(3600))
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {
            "name": "New", "lead": {"rules": [{"field": "country", "in": ["FR", "BE"]}, {"field": "f_age", "min": 25, "max": 70}],
                                    "min_click_to_lead_s": 9, "require": ["email", "phone"]},
            "fallback_url": "https://other.example/", "review": {"auto_approve_days": 1}})
        market.operator.patch(contract, {
            "price": {"lead": [{"when": {"field": "country", "in": ["FR"]}, "micros": 12_500_000}, {"micros": 1_234_567}], "click_micros": 1000},
            "effective_at": at})
        listed = market.auditor.get(contract + "/terms")["data"]
        self.assertEqual([(v["version"], v["rules"], v["in_force"]) for v in listed], [(1, 1, False), (2, 1, True), (3, 1, False)])
        self.assertEqual(listed[0]["effective_at"], listed[0]["at"])
        self.assertEqual(listed[2]["effective_at"], at)
        self.assertEqual(listed[0]["differences"], [])
        told = [{d["text"] for d in v["differences"]} for v in listed]
        self.assertEqual(told[1], {
            "name: Old -> New", "fallback_url: none -> https://other.example/", "lead.min_click_to_lead_s: 0 s -> 9 s",
            "lead.require[1] added: phone", "lead.rules[0]: country in FR -> country in FR, BE",
            "lead.rules[1] added: f_age from 25 to 70", "review.auto_approve_days: 0 days -> 1 day"})
        self.assertEqual(told[2], {"price.lead[0].micros: 5.00 EUR -> 12.50 EUR", "price.lead[0].when added: country in FR",
                                   "price.lead[1] added: 1.234567 EUR"})
        first = market.publisher.get(contract + "/terms", limit=2)
        self.assertEqual([v["version"] for v in first["data"]], [1, 2])
        self.assertEqual(market.publisher.get(contract + "/terms", limit=2, after=first["next"])["data"], listed[2:])
        entries = market.settled_entries()
        for shown in listed:
            whole = market.publisher.get(f"{contract}/terms/{shown['version']}")
            self.assertEqual({name: whole[name] for name in shown}, shown)
            entry = entries[shown["index"]]
            self.assertEqual((entry["kind"], entry["version"], entry["campaign"], entry["contract"]),
                             ("terms", shown["version"], whole["campaign"], whole["contract"]))
        stranger = Market(self.server).publisher
        for path in ("/terms", "/terms/1"):
            self.assertProblem(stranger.call("GET", contract + path), 404)
        for version in ("0", "4", "x", "18446744073709551617"):
            self.assertProblem(market.publisher.call("GET", f"{contract}/terms/{version}"), 404)
        self.assertProblem(market.publisher.call("GET", contract + "/terms?after=x"), 400, "after")
        lines = [line for line in self.verify(market).splitlines() if line.startswith("terms")]
        self.assertEqual(len(lines), 3)
        self.assertIn("price.lead[1] added: 1.234567 EUR", lines[2])
        self.assertIn("binds from " + at, lines[2])


if __name__ == "__main__":
    unittest.main(verbosity=2)
