"""Terms that bind once both parties have assented: what is taken in between, what an assent must be, and what a log shows of it."""

import shutil
import sys
import tempfile
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness import SOURCE, Market, Party, ServerCase, countersign, person, rfc3339, send, wait_for
from liar import Liar

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import second_verify  # noqa: E402

OLD, NEW, LAST = 5_000_000, 4_000_000, 3_000_000


def price(micros):
    return {"price": {"lead": [{"micros": micros}]}}


class Assent(ServerCase):
    settings = {"SWEEP_MS": 100}

    @classmethod
    def set_up_market(cls):
        cls.market = None

    def market_of(self, assent="both"):
        self.market = Market(self.server, campaign={"lead": {"require": ["email"]}, "review": {"mode": "auto", "auto_approve_days": 0}, "dedupe": {"by": []}},
                             contract={**price(OLD), "assent": assent})
        self.market.put_keys()
        self.path = f"/v1/contracts/{self.market.contract}"
        return self.market

    def both_assent(self, version):
        for party in (self.market.advertiser, self.market.publisher):
            answer = self.assertStatus(party.assent(self.market.contract, version), 201)
        return answer.json

    def patch(self, **members):
        return self.assertStatus(self.market.operator.do("PATCH", self.path, members), 200).json

    def report(self, **fields):
        click_id = self.market.click()
        return self.market.publisher.postback(person(click_id=click_id, phone=None, **fields))

    def paid(self):
        return self.assertStatus(self.report(), 200).json["payout_micros"]

    def states(self):
        return [version["state"] for version in self.market.publisher.get(f"{self.path}/terms")["data"]]

    def audit(self):
        """By check, verify and verify.py; what verify says."""
        self.market.settled_entries()
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            pulled = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
            self.assertEqual(pulled.returncode, 0, pulled.stderr)
            verified = countersign("verify", mirror)
            self.assertEqual(verified.returncode, 0, verified.stdout)
            second = second_verify(mirror)
            self.assertEqual(second.returncode, 0, second.stdout + second.stderr)
        return verified.stdout

    def test_a_contract_opens_with_the_second_assent(self):
        market = self.market_of()
        self.assertEqual(market.operator.get(self.path)["awaits_assent_of"], [market.advertiser.id, market.publisher.id])
        self.assertEqual(self.states(), ["proposed"])
        self.assertStatus(send(market.code["click_url"]), 410)
        refused = self.assertProblem(market.publisher.postback(person(contract=market.contract)), 409, "contract")
        self.assertIn("/terms/1/assent", refused["detail"])
        self.assertProblem(market.operator.call("POST", f"{self.path}/statements", {}), 409)
        answer = self.assertStatus(market.publisher.assent(market.contract, 1), 201).json
        self.assertNotIn("effective_at", answer)
        self.assertEqual(market.operator.get(self.path)["awaits_assent_of"], [market.advertiser.id])
        self.assertStatus(send(market.code["click_url"]), 410)
        self.assertIn("effective_at", self.assertStatus(market.advertiser.assent(market.contract, 1), 201).json)
        self.assertNotIn("awaits_assent_of", market.operator.get(self.path))
        self.assertEqual((self.states(), self.paid()), (["in_force"], OLD))
        statement = market.operator.post(f"{self.path}/statements", {})
        self.assertEqual(statement["net_micros"], OLD)
        said = self.audit()
        self.assertIn(f"by the own key of publisher {market.publisher.id}", said)
        self.assertNotIn("anybody but the operator agreed", said)

    def test_leads_are_decided_by_the_version_that_both_assented_to_by_then(self):
        market = self.market_of()
        self.both_assent(1)
        self.assertEqual(self.paid(), OLD)
        self.assertEqual(self.patch(**price(NEW))["awaits_assent_of"], [market.advertiser.id, market.publisher.id])
        self.assertEqual(self.paid(), OLD)
        self.assertStatus(market.advertiser.assent(market.contract, 2), 201)
        self.assertEqual(self.paid(), OLD, "one party alone")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.paid(), OLD, "after a crash")
        self.assertStatus(market.publisher.assent(market.contract, 2), 201)
        self.assertEqual(self.paid(), NEW)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.paid(), NEW, "after a crash")
        at = datetime.now(timezone.utc) + timedelta(seconds=4)
        self.patch(**price(LAST), effective_at=at.isoformat())
        self.both_assent(3)
        self.assertEqual((self.paid(), self.states()), (NEW, ["over", "in_force", "waiting"]))
        wait_for(lambda: datetime.now(timezone.utc) > at, what="the time of the third version")
        self.assertEqual(self.paid(), LAST)
        terms, seen = {}, []
        for index, entry in enumerate(market.settled_entries()):
            if entry["kind"] == "terms":
                terms[index] = entry
            elif entry["kind"] == "lead":
                seen.append(terms[entry["terms"]]["version"])
        self.assertEqual(seen, [1, 1, 1, 1, 2, 2, 2, 3])
        self.audit()

    def test_what_lacks_assents_is_given_up_for_the_next_and_a_pause_needs_none(self):
        market = self.market_of()
        self.both_assent(1)
        self.patch(**price(NEW))
        stale = market.advertiser.assent_jws(market.contract, 2)
        self.assertEqual(self.patch(**price(OLD))["terms_version"], 3)
        self.assertEqual(self.states(), ["over", "over", "in_force"], "what is said again needs no assent, and takes back what did")
        self.assertProblem(market.advertiser.assent(market.contract, 2, stale), 409)
        self.patch(**price(NEW))
        self.assertStatus(market.publisher.assent(market.contract, 4), 201)
        market.advertiser.post(f"/v1/campaigns/{market.campaign}/pause", {})
        self.assertStatus(send(market.code["click_url"]), 410)
        market.advertiser.post(f"/v1/campaigns/{market.campaign}/pause", {"paused": False})
        self.assertEqual(self.states()[-2:], ["in_force", "proposed"])
        self.assertEqual(self.paid(), OLD)
        self.patch(assent="operator")
        self.assertEqual(self.states()[-1], "proposed", "the operator alone cannot do away with it")
        self.audit()

    def differences(self, version):
        one = self.market.publisher.get(f"{self.path}/terms/{version}")["differences"]
        self.assertEqual(self.market.publisher.get(f"{self.path}/terms")["data"][version - 1]["differences"], one)
        return sorted(d["path"] for d in one)

    def test_a_proposal_is_told_by_all_that_it_changes_of_what_binds(self):
        self.market_of()
        self.patch(due_days=20)
        self.assertEqual(self.differences(2), [], "nothing binds: it changes nothing, and is whole")
        self.both_assent(2)
        self.patch(**price(NEW), effective_at=rfc3339(time.time() + 3600))
        self.patch(due_days=10)
        self.assertEqual(self.differences(4), ["due_days", "price.lead[0].micros"], "the third was given up, but the fourth says what it said")
        said = self.audit()
        for words in ("price.lead[0].micros: 5.00 EUR -> 4.00 EUR", "version 3, to which both parties had not assented, is given up by it"):
            self.assertIn(words, said)
        self.both_assent(4)
        self.assertEqual(self.paid(), NEW)
        self.patch(due_days=11, effective_at=rfc3339(time.time() + 3600))
        self.both_assent(5)
        self.patch(set_off="next", effective_at=rfc3339(time.time() + 7200))
        self.assertEqual(self.differences(6), ["set_off"], "the fifth will bind before")
        self.audit()

    def test_an_assent_is_the_partys_own_to_this_very_version_and_given_once(self):
        market = self.market_of()
        party, other = market.advertiser, market.publisher
        good = party.assent_jws(market.contract, 1)
        leaf = market.publisher.get(f"{self.path}/terms/1")["leaf"]
        before = rfc3339(time.time() - 3600)
        for changes, field in (({"leaf": "0" * 64}, "leaf"), ({"leaf": leaf.upper()}, "leaf"), ({"version": 2}, "version"), ({"version": "1"}, "version"),
                               ({"contract": "C0000000000000"}, "contract"), ({"party": other.id}, "party"), ({"issuer": "https://elsewhere.example"}, "issuer"),
                               ({"at": before}, "at"), ({"typ": "countersign-response"}, "typ"), ({"more": 1}, "more")):
            self.assertProblem(party.assent(market.contract, 1, party.assent_jws(market.contract, 1, **changes)), 422, field)
        self.assertStatus(other.assent(market.contract, 1, good), 422)
        foreign = Party.__new__(Party)
        foreign.__dict__.update(party.__dict__, key=Ed25519PrivateKey.generate())
        self.assertStatus(party.assent(market.contract, 1, foreign.assent_jws(market.contract, 1)), 422)
        party.new_key()
        self.assertStatus(party.assent(market.contract, 1, good), 422)
        for role in (market.auditor, market.operator):
            self.assertStatus(role.call("POST", f"{self.path}/terms/1/assent", good.encode(), {"Content-Type": "application/jose"}), 403)
        self.assertStatus(party.assent(market.contract, 9, good), 404)
        self.assertEqual(self.states(), ["proposed"])
        good = party.assent_jws(market.contract, 1)
        self.assertStatus(party.assent(market.contract, 1, good), 201)
        self.assertStatus(party.assent(market.contract, 1, good), 200)
        self.assertProblem(party.assent(market.contract, 1, party.assent_jws(market.contract, 1, at=rfc3339(time.time() + 1))), 409, "version")
        self.assertStatus(other.assent(market.contract, 1), 201)
        self.assertEqual([entry["kind"] for entry in market.settled_entries()].count("assent"), 2)
        self.audit()

    def test_what_both_assented_to_goes_when_both_take_it_back(self):
        market = self.market_of()
        self.both_assent(1)
        self.paid()
        self.patch(**price(NEW), effective_at=rfc3339(time.time() + 86_400))
        withdraw = f"{self.path}/terms/2/withdraw"
        early = market.publisher.take_back(market.contract, 2)
        self.assertIn("is not one that both", self.assertProblem(early, 403, "version")["detail"])
        self.both_assent(2)
        alone = self.assertProblem(market.operator.call("POST", withdraw, b"", {}), 403, "version")
        self.assertIn("they alone take it back", alone["detail"])
        word = market.publisher.assent_jws(market.contract, 2)
        self.assertProblem(market.publisher.take_back(market.contract, 2, word), 422, "typ")
        self.assertStatus(market.advertiser.take_back(market.contract, 2, market.publisher.assent_jws(market.contract, 2, typ="countersign-withdrawal")), 422)
        for _ in range(2):
            answer = self.assertStatus(market.publisher.take_back(market.contract, 2), 200).json
            self.assertEqual(answer, {"awaits_withdrawal_by": market.advertiser.id, "contract": market.contract, "version": 2, "withdrawn": []})
        self.server.kill()
        self.server.start()
        self.assertEqual(self.states(), ["in_force", "waiting"], "one alone ends nothing")
        self.assertEqual(self.assertStatus(market.advertiser.take_back(market.contract, 2), 200).json["withdrawn"], [{"contract": market.contract, "version": 2}])
        self.assertEqual((self.states(), self.paid()), (["in_force", "withdrawn"], OLD))
        said = self.audit()
        self.assertIn("it never binds", said)
        self.patch(**price(LAST))
        market.operator.post(f"{self.path}/terms/3/withdraw", {})
        self.assertEqual(self.states(), ["in_force", "withdrawn", "withdrawn"])
        already = self.assertProblem(market.publisher.take_back(market.contract, 3), 409, "version")
        self.assertIn("was withdrawn already", already["detail"])
        self.assertStatus(market.publisher.take_back(market.contract, 2), 200)  # its own word again
        self.audit()
        self.no_withdrawal_is_made_up(market)

    def no_withdrawal_is_made_up(self, market):
        def of_one_word(liar, made):
            by = next(entry for entry in liar.entries if entry["kind"] == "withdrawal" and "jws" not in entry)["by"]
            liar.entries[made[1]] = {"at": liar.entries[made[1]]["at"], "by": by, "kind": "withdrawal", "version": 2}

        def by_the_publisher(liar, made):
            liar.entries[made[2]]["by"] = market.publisher.id

        def by_one_key_twice(liar, made):
            liar.entries[made[1]] = {**liar.entries[made[0]], "at": liar.entries[made[1]]["at"]}

        def left_out(liar, made):
            version = liar.entries[liar.last("terms")]
            liar.drop(made[2])
            liar.append({**version, "version": 4})  # as the next that the server would make, on the same documents
            liar.append({"kind": "withdrawal", "by": liar.entries[made[0]]["by"], "at": 0, "version": 4})

        def of_what_binds(liar, made):
            liar.append({**liar.entries[made[2]], "version": 1})

        def decides_though_withdrawn(liar, made):
            last = liar.last("lead")
            liar.entries[last]["terms"] = liar.of("terms")[1]
            liar.entries[last]["payout_micros"] = NEW

        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as scratch:
            honest = Path(scratch, "honest")
            self.assertEqual(countersign("pull", self.server.url, honest, "--contract", market.contract, "--token", market.publisher.token).returncode, 0)
            for lie in (of_one_word, by_the_publisher, by_one_key_twice, left_out, of_what_binds, decides_though_withdrawn):
                with self.subTest(lie.__name__):
                    mirror = Path(scratch, lie.__name__)
                    shutil.copytree(honest, mirror)
                    liar = Liar(self.server.data, mirror, market.contract)
                    lie(liar, liar.of("withdrawal"))
                    liar.publish()
                    verified = countersign("verify", mirror)
                    self.assertEqual(verified.returncode, 1, verified.stdout)
                    second = second_verify(mirror)
                    self.assertEqual(second.returncode, 1, second.stdout)

    def test_no_operator_makes_up_an_assent_with_the_servers_keys(self):
        market = self.market_of()
        self.both_assent(1)
        self.paid()
        self.patch(**price(NEW))
        self.both_assent(2)
        self.paid()
        market.settled_entries()

        def dropped(liar, last):
            liar.entries[last] = {**next(entry for entry in liar.entries if entry["kind"] == "click"), "at": liar.entries[last]["at"], "class": "bot"}

        def of_the_version_before(liar, last):
            liar.entries[last]["jws"] = next(entry["jws"] for entry in liar.entries if entry["kind"] == "assent" and entry["party"] == market.publisher.id)

        def of_the_other_party(liar, last):
            liar.entries[last]["party"] = market.advertiser.id

        def not_asked_for(liar, last):
            del liar.entries[liar.last("terms")]["on_assent"]
            dropped(liar, last)
            dropped(liar, liar.last("assent"))

        for lie in (lambda liar, last: None, dropped, of_the_version_before, of_the_other_party, not_asked_for):
            with self.subTest(lie.__name__), tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
                self.assertEqual(countersign("pull", self.server.url, mirror, "--contract", market.contract, "--token", market.publisher.token).returncode, 0)
                liar = Liar(self.server.data, Path(mirror), market.contract)
                lie(liar, liar.last("assent"))
                liar.publish()
                expected = int(lie.__name__ != "<lambda>")
                verified = countersign("verify", mirror)
                self.assertEqual(verified.returncode, expected, verified.stdout)
                second = second_verify(mirror)
                self.assertEqual(second.returncode, expected, second.stdout)

    def test_terms_that_the_operator_sets_can_be_assented_to_and_bind_without(self):
        market = self.market_of(assent="operator")
        self.assertEqual(self.paid(), OLD)
        self.assertIn("anybody but the operator agreed to 1 of the 1 version", self.audit())
        self.patch(**price(NEW))
        self.assertEqual(self.paid(), NEW)
        self.assertStatus(market.publisher.assent(market.contract, 2), 201)
        version = market.auditor.get(f"{self.path}/terms/2")
        self.assertEqual(([given["party"] for given in version["assents"]], version["asks_assent"]), ([market.publisher.id], False))
        self.assertIn("to 1 version one party alone assented", self.audit())

    def test_a_campaigns_own_contract_has_nobody_to_agree_with(self):
        market = self.market_of()
        direct = market.operator.get(f"/v1/campaigns/{market.campaign}")["direct_contract"]
        self.assertProblem(market.operator.call("PATCH", f"/v1/contracts/{direct}", {"assent": "both"}), 422, "assent")


if __name__ == "__main__":
    unittest.main()
