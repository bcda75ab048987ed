"""Lies about order, persons and other contracts, signed with the server's real keys: each is shown by the audit of its mirror, or of the mirrors
of its campaign together. The honest ones hold."""

import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path

from harness import BROWSER, SOURCE, Market, Party, ServerCase, b64u, b64u_decode, click, countersign, person, rfc3339
from liar import Liar

sys.path.insert(0, str(SOURCE / "tests/support"))

from second import verify_twice  # noqa: E402

HOUR, DAY = 3_600_000, 86_400_000


class Joined(ServerCase):
    """Two contracts of one campaign, whose mirrors are signed again."""

    @classmethod
    def set_up_market(cls):
        cls.kept = {}
        cls.market = market = cls.make()
        cls.other = Party(cls.operator, "Other publisher", "publisher")
        cls.contracts = (market.contract, market.new_contract(cls.other))
        cls.codes = (market.code, market.new_code(cls.other, cls.contracts[1]))
        cls.tell()
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-order-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.pulled = {}
        for reader in (market.auditor, market.advertiser):
            for contract in cls.contracts:
                if reader is market.auditor:
                    cls.operator.do("POST", f"/v1/contracts/{contract}/grants", {"party": reader.id})
                to = cls.pulled[reader, contract] = Path(cls.folder.name) / f"{reader.id}-{contract}"
                done = countersign("pull", cls.server.url, to, "--contract", contract, "--token", reader.token)
                assert done.returncode == 0, done.stderr

    @classmethod
    def clicked(cls, n):
        answer, click_id = click(cls.codes[n]["click_url"], **BROWSER)
        assert answer.status == 302 and click_id, answer
        cls.kept.setdefault("clicks", []).append(click_id)
        return click_id

    @classmethod
    def report(cls, n, fields):
        party = (cls.market.publisher, cls.other)[n]
        answer = party.postback({**fields, "click_id": cls.clicked(n)}).json
        cls.kept.setdefault("receipts", []).append(answer["receipt"])
        return answer

    # lies

    def lie(self, n=0, reader=None):
        reader = reader or self.market.auditor
        folder = tempfile.TemporaryDirectory(prefix="countersign-order-")
        self.addCleanup(folder.cleanup)
        seen = shutil.ignore_patterns("seen")  # whatever a pull saw on its way would show each lie
        mirror = Path(shutil.copytree(self.pulled[reader, self.contracts[n]], Path(folder.name) / "mirror", ignore=seen))
        return Liar(self.server.data, mirror, self.contracts[n])

    def verify(self, *liars, flags=()):
        """Of mirrors that are signed anew, under one root log with the heads of all."""
        for before, liar in zip((None, *liars), liars):
            liar.take_root_log(before)
            liar.publish()
        for liar in liars:
            liar.take_root_log(liars[-1])
        return verify_twice(*(liar.mirror for liar in liars), *flags)

    def assertHolds(self, *liars, flags=()):
        done = self.verify(*liars, flags=flags)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def assertCaught(self, words, *liars, flags=(), status=1):
        done = self.verify(*liars, flags=flags)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        said = [line for line in done.stdout.splitlines() if words in line]
        self.assertTrue(said, done.stdout)


class Order(Joined):
    @classmethod
    def make(cls):
        return Market(cls.server, campaign={"review": {"mode": "auto", "auto_approve_days": 14}})

    @classmethod
    def tell(cls):
        """Two people in both contracts, of whom one came back by another address; a statement."""
        for n in range(3):
            cls.report(0, person())
        cls.anna, cls.bob = person(), person()
        first = cls.report(0, cls.anna)
        again = cls.report(1, {**cls.anna, "txid": "anna-2", "phone": person()["phone"]})
        along = cls.report(1, {**person(), "txid": "anna-3", "phone": None, "email": cls.anna["email"]})
        assert (first["status"], again["status"], along["status"]) == ("pending", "duplicate", "rejected"), (first, again, along)
        cls.report(1, cls.bob)
        rejected = cls.report(0, person())
        cls.market.advertiser.postback({"lead": rejected["lead"], "status": "rejected"})
        cls.statement = cls.operator.post(f"/v1/contracts/{cls.contracts[0]}/statements", {})["id"]
        for n in range(2):
            cls.clicked(n)

    def test_the_same_history_signed_again_holds(self):
        for n in range(2):
            self.assertHolds(self.lie(n))
        self.assertIn("not shown", self.assertHolds(self.lie(0), self.lie(1)))
        self.assertHolds(self.lie(0), self.lie(1), flags=["--all-contracts"])
        told = self.assertHolds(self.lie(0, self.market.advertiser), self.lie(1, self.market.advertiser))
        self.assertIn("open contact fields: equal ones have equal tokens", told)

    def test_an_entry_before_the_one_in_front_of_it(self):
        liar = self.lie()
        liar.entries[liar.leads()[1]]["at"] -= DAY
        self.assertCaught(f"entry {liar.leads()[1]} is dated", liar)

    def test_a_lead_dated_back_by_a_clock_that_never_stepped(self):
        liar = self.lie()
        lead = liar.entries[liar.leads()[1]]
        lead["at"] = liar.entries[liar.leads()[1] - 1]["at"]
        lead["clock_ms"] = lead["at"] - 3 * DAY
        self.assertCaught(f"entry {liar.leads()[1]} is dated", liar)

    def test_a_disposition_dated_back(self):
        liar = self.lie()
        index = liar.last("disposition")
        entry = liar.entries[index]
        entry["at"] = liar.entries[index - 1]["at"]
        entry["clock_ms"] = entry["at"] - 2 * HOUR
        self.assertCaught(f"entry {index} is dated", liar)

    def test_a_statement_dated_before_its_entries(self):
        liar = self.lie()
        index = liar.last("statement")
        liar.entries[index]["at"] = 1_700_000_000_000
        liar.statement(index, issued_at="2023-11-14T22:13:20.000Z")
        self.assertCaught(f"entry {index} is dated", liar)

    def test_a_lead_before_its_click(self):
        liar = self.lie()
        entry = liar.entries[liar.leads()[0]]
        entry["click"] = liar.last("click")
        self.assertCaught(f"lead {liar.leads()[0]} is recorded with ", liar)

    def test_a_lead_whose_lost_click_came_later(self):
        liar = self.lie()
        entry = liar.entries[liar.leads()[0]]
        entry.update(click_unrecorded=True, clicked_ms=entry["at"] + DAY)
        self.assertCaught(f"entry {liar.leads()[0]} is dated", liar)

    def test_a_txid_twice(self):
        liar = self.lie()
        a, b = liar.leads()[:2]
        liar.entries[b]["txid"] = liar.entries[a]["txid"]
        self.assertCaught(f"lead {b} has a txid under which", liar)

    def test_an_approval_withheld_without_a_statement(self):
        liar = self.lie()
        liar.click_after(15 * DAY)
        liar.click_after(1)
        self.assertHolds(liar)  # as after a restart: it may come yet
        liar = self.lie()
        liar.click_after(15 * DAY)
        liar.click_after(HOUR)
        self.assertCaught("was due for its automatic approval", liar)

    # persons

    def test_one_person_with_two_tokens(self):
        liar = self.lie(reader=self.market.advertiser)
        liar.token(liar.leads()[1], "email", b"another person!!")
        self.assertHolds(liar)  # alone in its log
        both = (liar, self.lie(1, self.market.advertiser))
        anna = liar.leads()[3]
        liar = self.lie(reader=self.market.advertiser)
        liar.token(anna, "email", b"another person!!")
        self.assertCaught("one email address, and different tokens", liar, both[1])

    def test_two_persons_with_one_token(self):
        liar = self.lie(reader=self.market.advertiser)
        a, b = liar.leads()[1:3]
        liar.openings[b]["phone"] = liar.openings[a]["phone"]
        liar.recommit(b)
        liar.make_duplicate(b)
        liar.entries[b]["dup"] = {"contract": liar.contract, "index": a}
        self.assertCaught("one token: they are not one person", liar)

    # several contracts

    def test_a_false_duplicate_elsewhere(self):
        here, there = self.lie(), self.lie(1)
        bob = there.leads()[-1]
        there.make_duplicate(bob)
        there.commit_to(bob, here, here.leads()[0])
        there.publish()
        self.assertEqual(countersign("verify", there.mirror).returncode, 0)  # which its log alone does not tell
        early = self.lie()
        here.click_after(HOUR)
        for words, none in (("another person's", "nothing that is here leads from one to the other"), ("no contract has", "none of these contracts has")):
            self.assertCaught(none, here, there, status=2)
            self.assertCaught(words, here, there, flags=["--all-contracts"])
            self.assertCaught("another pull", early, there, flags=["--all-contracts"], status=2)
            there.entries[bob]["dup"]["commit"] = "A" * 43

    def test_a_duplicate_of_a_lead_that_did_not_stand(self):
        here, there = self.lie(), self.lie(1)
        fallen = here.entries[here.last("disposition")]["lead"]
        bob = there.leads()[-1]
        for kind in ("email", "phone"):
            there.openings[bob][kind] = here.openings[fallen][kind]
        there.recommit(bob)
        there.make_duplicate(bob)
        there.commit_to(bob, here, fallen)
        for liar in (here, there):
            liar.click_after(HOUR)
        there.entries[bob]["at"] = there.entries[bob + 1]["at"] = there.entries[-1]["at"]
        self.assertCaught("did not stand then", here, there)
        self.step(here)
        self.assertCaught("did not stand then, by a clock that stepped", here, there, status=2)

    def test_a_duplicate_that_was_not_made(self):
        here, there = self.lie(), self.lie(1)
        anna = there.leads()[0]
        bob = {name: value for name, value in there.entries[there.leads()[-1]].items() if name in ("status", "payout_micros", "tier")}
        entry = there.entries[anna]
        del entry["dup"], entry["reason"]
        entry.update(bob, due_ms=entry["at"] + 14 * DAY)
        for liar in (here, there):
            liar.click_after(HOUR)
        there.publish()
        self.assertEqual(countersign("verify", there.mirror).returncode, 0)
        self.assertCaught("stood beside each other", here, there)

    def test_a_txid_of_two_contracts(self):
        here, there = self.lie(), self.lie(1)
        for liar in (here, there):
            liar.entries[liar.leads()[-1]].update(party=self.market.advertiser.id, txid="order-7")
        self.assertCaught("have one txid of one sender", here, there)
        self.step(here)
        self.assertCaught("have one txid of one sender", here, there)

    def step(self, liar):
        """The server's clock was set."""
        at = liar.entries[-1]["at"]
        liar.entries.append({"at": at + 5_000, "from_ms": at, "kind": "clock", "steps": 1, "to_ms": at + 5_000})

    def test_a_step_of_the_clock_told_in_two_ways(self):
        here, there = self.lie(0), self.lie(1)
        for liar, ms in ((here, 5_000), (there, 6_000)):
            at = liar.entries[-1]["at"]
            liar.entries.append({"at": at + ms, "from_ms": at, "kind": "clock", "steps": 1, "to_ms": at + ms})
            self.assertHolds(liar)
        self.assertCaught("tell step 1 of the server's one clock otherwise", here, there)

    def test_mirrors_that_do_not_belong_together(self):
        liar = self.lie()
        self.assertCaught("two of the mirrors are of contract", liar, liar, status=2)
        campaign = self.market.advertiser.post("/v1/campaigns", {"advertiser": self.market.advertiser.id, "currency": "EUR", "landing_url": "https://shop.example/", "name": "Another"})
        contract = self.operator.get("/v1/contracts")["data"][-1]["id"] if "direct_contract" not in campaign else campaign["direct_contract"]
        other = Path(self.folder.name) / "another"
        self.assertEqual(countersign("pull", self.server.url, other, "--contract", contract, "--token", self.operator.token).returncode, 0)
        done = countersign("verify", liar.mirror, other)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"{contract} is of campaign {campaign['id']}, and {liar.contract} of {self.market.campaign}", done.stdout)

    def keep(self, name, *more):
        path = Path(self.folder.name) / name
        path.write_text("".join(f"{line}\n" for line in [*self.kept[name], *more]))
        return path

    def test_what_was_kept_finds_its_contract(self):
        mirrors = [self.pulled[self.market.advertiser, contract] for contract in self.contracts]
        flags = ["--receipts", self.keep("receipts"), "--clicks", self.keep("clicks")]
        done = verify_twice(*mirrors, *flags)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("each is of one of these contracts"), 2, done.stdout)
        head, said, signature = self.kept["receipts"][0].split(".")
        strays = ".".join((head, b64u(b64u_decode(said).replace(self.contracts[0].encode(), b"C" + b"0" * 12)), signature))
        for some, more, told in ((mirrors[1:2], [], f"other contracts, whose logs are not here: line 1 ({self.contracts[0]}), line 2"),
                                 (mirrors, [strays], f"none of these contracts: line {len(self.kept['receipts']) + 1};")):
            done = verify_twice(*some, "--receipts", self.keep("receipts", *more))
            self.assertEqual((done.returncode, told in done.stdout), (2, True), done.stdout)
        self.keep("receipts")
        unknown = "A" + "B" * 50
        self.keep("clicks", unknown)
        done = countersign("verify", *mirrors, *flags)
        self.assertIn(f"1 of none of these contracts: line {len(self.kept['clicks']) + 1};", done.stdout)
        auditors = [self.pulled[self.market.auditor, contract] for contract in self.contracts]
        for some, closed in ((mirrors[:1] + auditors[1:], 1), (auditors, 2)):
            done = verify_twice(*some, "--clicks", self.keep("clicks"))
            self.assertEqual((done.returncode, f"{closed} of 2 mirrors have no click key" in done.stdout), (2, True), done.stdout)
        dropped = self.lie(1, self.market.advertiser)
        dropped.entries[dropped.leads()[-1]]["request_sha256"] = "ab" * 32
        self.assertCaught("is dropped, or its request was changed", self.lie(0, self.market.advertiser), dropped, flags=flags)

    def test_one_mirror_as_all_contracts(self):
        told = self.assertHolds(self.lie(0), flags=["--all-contracts"])
        self.assertIn("1 contract of campaign", told)
        self.assertCaught("a lead that no contract has", self.lie(1), flags=["--all-contracts"])


class Along(Joined):
    """A person who is known by way of a duplicate in a third contract."""

    @classmethod
    def make(cls):
        return Market(cls.server)

    @classmethod
    def tell(cls):
        third = Party(cls.operator, "Third publisher", "publisher")
        cls.contracts += (cls.market.new_contract(third),)
        cls.codes += (cls.market.new_code(third, cls.contracts[2]),)
        anna, between = person(), person()
        told = [cls.report(0, anna), cls.report(1, {**between, "email": anna["email"]}),
                third.postback({**person(), "phone": between["phone"], "click_id": cls.clicked(2)}).json]
        assert [each["status"] for each in told[:2]] == ["pending", "duplicate"] and told[2]["reason"] == "duplicate", told

    def test_what_leads_to_it_may_stand_where_nobody_looked(self):
        """Of an honest operator, as it is."""
        mirrors = [self.pulled[self.market.auditor, contract] for contract in self.contracts]
        done = verify_twice(*mirrors, "--all-contracts")
        self.assertEqual(done.returncode, 0, done.stdout)
        done = verify_twice(mirrors[0], mirrors[2])
        self.assertEqual((done.returncode, "nothing that is here leads from one to the other" in done.stdout), (2, True), done.stdout)
        between = self.lie(1)
        between.cut(between.leads()[0])
        self.assertCaught("or another pull's", self.lie(0), between, self.lie(2), flags=["--all-contracts"], status=2)


class Words(Joined):
    """What the advertiser's own key said of two leads that both publishers share."""

    @classmethod
    def make(cls):
        market = Market(cls.server, campaign={"attribution": {"model": "linear"}, "review": {"mode": "manual"}})
        market.put_keys()
        return market

    @classmethod
    def tell(cls):
        leads = []
        for txid in ("shared", "as well"):
            both = [cls.clicked(0)]
            time.sleep(0.01)
            both.append(cls.clicked(1))
            leads.append(cls.market.advertiser.postback(person(txid=txid, touches=",".join(both))).json)
        advertiser = cls.market.advertiser
        for status in ("approved", "returned"):
            jws = advertiser.jws({"typ": "countersign-disposition", "issuer": advertiser.base, "party": advertiser.id, "contract": leads[0]["contract"],
                                  "lead": leads[0]["index"], "status": status, "at": rfc3339()})
            said = advertiser.call("POST", f"/v1/leads/{leads[0]['lead']}/dispositions", {"status": status, "jws": jws})
            assert said.status == 200, said
            time.sleep(0.01)
        cls.signed_in = cls.contracts.index(leads[0]["contract"])

    def both(self):
        """The contract whose lead the advertiser signed for, and the other."""
        liars = self.lie(self.signed_in), self.lie(1 - self.signed_in)
        for liar in liars:
            liar.click_after(HOUR)
        return liars

    def test_the_same_words_hold(self):
        self.assertHolds(*self.both(), flags=["--all-contracts"])
        self.assertHolds(*self.both())

    def test_what_was_signed_of_another_lead(self):
        """A part follows what was said of another part: which no log alone can look at."""
        here, there = self.both()
        for entry in there.entries:
            if entry["kind"] == "disposition":
                entry["lead"] = there.leads()[1]
        self.assertHolds(there)
        self.assertCaught("which is no part of that lead", here, there)
        self.assertCaught("which is no part of that lead", there, flags=["--all-contracts"])

    def test_a_mirror_that_was_pulled_before_what_was_signed(self):
        """What the advertiser signed of is behind where that mirror ends."""
        here, there = self.both()
        here.cut(here.leads()[0])
        for flags in ([], ["--all-contracts"]):
            self.assertCaught("is not here, or not so far", here, there, flags=flags, status=2)

    def test_a_part_that_stays_as_it_was(self):
        """The return reached one publisher alone."""
        here, there = self.both()
        for liar, other in ((here, there), (there, here)):
            kept = list(liar.entries)
            del liar.entries[liar.last("disposition")]
            self.assertHolds(liar)
            self.assertCaught("another part of it, stays as it was", here, there)
            liar.entries = kept


    def test_a_part_that_changes_for_ever_ends(self):
        here, there = self.both()
        last = there.entries[there.last("disposition")]
        said = {name: value for name, value in last.items() if name not in ("clock_ms", "jws")}
        for n in range(256):
            there.append({**said, "trust": "api", **({"status": "approved", "payable_micros": -last["payable_micros"]} if n % 2 == 0 else {})})
        self.assertCaught("changed more than 256 times", here, there, status=2)


class Capped:
    """A cap of the campaign, and a lead that both publishers share. It is noon, far from where days and months end."""

    @classmethod
    def make(cls):
        zone = f"Etc/GMT{time.gmtime().tm_hour - 12:+d}"
        return Market(cls.server, campaign={"attribution": {"model": "linear"}, "caps": cls.caps, "timezone": zone})

    @classmethod
    def tell(cls):
        both = [cls.clicked(0)]
        time.sleep(0.01)  # touches of one millisecond have no order that a log tells
        both.append(cls.clicked(1))
        shared = cls.market.advertiser.postback(person(txid="shared", touches=",".join(both))).json
        told = [cls.report(n, person())["reason"] for n in (0, 0, 1, 1)]
        assert shared["status"] == "pending" and told == ["", "", "", cls.reason], (shared, told)

    def both(self):
        liars = self.lie(0), self.lie(1)
        for liar in liars:
            liar.click_after(HOUR)
        return liars

    def test_the_same_history_signed_again_holds(self):
        told = self.assertHolds(*self.both(), flags=["--all-contracts"])
        self.assertIn("1 lead refused by a cap of the campaign", told)
        self.assertIn("1 lead shared by contracts", told)
        self.assertHolds(*self.both())

    def refuse(self, liar, index):
        entry = liar.entries[index]
        for name in ("due_ms", "payout_micros", "tier"):
            entry.pop(name, None)
        entry.update(status="rejected", reason=self.reason)

    def test_a_refusal_by_a_cap_that_nobody_reached(self):
        here, there = self.both()
        self.refuse(there, there.leads()[1])
        there.publish()
        self.assertEqual(countersign("verify", there.mirror).returncode, 0)  # others may have
        self.assertCaught("which the leads that are here did not reach", here, there, status=2)
        self.assertCaught("which the leads of all contracts had not reached then", here, there, flags=["--all-contracts"])
        early = self.lie(0)
        self.assertCaught("a mirror ends before it came", early, there, flags=["--all-contracts"], status=2)

    def test_a_lead_that_was_taken_past_a_cap(self):
        here, there = self.both()
        index = there.leads()[-1]
        taken = {name: value for name, value in there.entries[index - 2].items() if name in ("status", "payout_micros", "tier")}
        entry = there.entries[index]
        del entry["reason"]
        entry.update(taken)
        for later in there.entries[index:]:
            later["at"] += HOUR // 4
        self.assertEqual(entry["status"], "pending")
        if "due_ms" in there.entries[index - 2]:
            entry["due_ms"] = entry["at"] + 14 * DAY
        there.publish()
        self.assertEqual(countersign("verify", there.mirror).returncode, 0)
        self.assertCaught(f"although {self.reason} of the campaign had been reached", here, there)


class Days(Capped, Joined):
    caps, reason = {"day": 4}, "cap_day"


class Budgets(Capped, Joined):
    """Parts of a lead are paid out of its whole price."""

    caps, reason = {"budget_micros_month": 4 * 12_000_000}, "budget"


class Months(Capped, Joined):
    caps, reason = {"month": 4}, "cap_month"

    def part(self, liar, **share):
        """Another part of the shared lead, priced by its own book."""
        entry = liar.entries[liar.leads()[0]]
        entry.update(share)
        price = liar.entries[liar.leads()[1]]["payout_micros"]
        cut = [price * entry.get(name, 0) // 1_000_000 for name in ("share_from", "share_to")]
        entry["payout_micros"] = cut[1] - cut[0]

    def test_a_share_that_no_model_gives(self):
        here, there = self.both()
        self.part(here, share_to=600_000)
        self.part(there, share_from=600_000)
        for liar in (here, there):
            self.assertHolds(liar)
        self.assertCaught("shared otherwise than the terms' model", here, there)

    def test_parts_that_do_not_make_the_whole(self):
        here, there = self.both()
        self.part(here, share_to=400_000)
        self.assertCaught("whose mirror is not here", here, there, status=2)
        self.assertCaught("do not sum to the whole", here, there, flags=["--all-contracts"])

    def test_a_mirror_that_was_pulled_before_a_shared_lead(self):
        """Its operator is honest; who has none of a part though its log goes on is not."""
        for n in range(2):
            early, late = self.lie(n), self.lie(1 - n)
            late.click_after(HOUR)
            early.cut(early.leads()[0])
            self.assertCaught("that of " + early.contract, early, late, flags=["--all-contracts"], status=2)
            self.assertCaught("does not go on until then", early, late, status=2)
            early.click_after(HOUR)
            self.assertCaught("a contract that was credited has none", early, late, flags=["--all-contracts"])

    def test_parts_that_say_two_things(self):
        here, there = self.both()
        there.entries[there.leads()[0]]["txid"] = "another"
        self.assertCaught("that the part of another contract reports otherwise", here, there)


if __name__ == "__main__":
    unittest.main()
