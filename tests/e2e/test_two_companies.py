"""Two companies that settle, dispute and correct by commands alone, and a run in which everybody else gets in between."""

import json
import shutil
import unittest

from harness import Market, person, send, wait_for
from parties import Parties


class TwoCompanies(Parties):
    def both_accept(self):
        return self.together(lambda: self.accept(0, self.advertiser, "advertiser"), lambda: self.accept(0, self.publisher, "publisher"))

    def month_end(self, *more, status=0):
        return self.run_with(status, "settle", self.server.url, "--token", self.server.operator.token, "--contract", self.market.contract, *more)

    def statement_of(self, told):
        """The id of the one that `settle` says it issued."""
        return next(line for line in told.splitlines() if line.startswith("settled")).split(": ")[1].split()[0]

    def approved(self, leads):
        """So many leads, as soon as a preview would settle them."""
        found = [self.publisher.postback(person(click_id=self.market.click())).json for _ in range(leads)]
        for lead in found:
            self.advertiser.post(f"/v1/leads/{lead['lead']}/dispositions", {"status": "approved"})
        wait_for(lambda: f" {leads} lead" in self.month_end("--preview"), what="the leads to be swept")
        return found

    def both_asked(self):
        """A contract in which nothing counts without the word of both, which they have given on its terms."""
        self.market = Market(self.server, contract={"assent": "both"})
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher
        self.enrolled()
        shown = self.sign(0, self.advertiser, "advertiser", "--terms", "1")
        for words in ("version 1", "lead 12.00 EUR when country in FR", "taken by the server"):
            self.assertIn(words, shown)
        self.sign(0, self.publisher, "publisher", "--terms", "1")

    def adjust(self, micros, reason, **cited):
        return self.market.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": micros, "reason": reason, **cited})["index"]

    def facts(self, topic):
        mirror = self.folder / "auditor"
        self.told()
        return [fact for fact in json.loads(self.run_with(0, "verify", mirror, "--json"))["facts"] if fact["topic"] == topic]

    def test_two_companies_settle_dispute_and_correct_by_commands_alone(self):
        self.both_asked()
        leads = self.approved(3)
        told = self.month_end()
        self.assertIn("payable 36.00 EUR by the advertiser", told)
        first = self.statement_of(told)
        self.together(lambda: self.accept(0, self.advertiser, "advertiser"),
                      lambda: self.sign(0, self.publisher, "publisher", first, "--dispute", f"{leads[0]['index']},{leads[2]['index']}",
                                        "--reason", "16 EUR were agreed for these"))
        index = self.adjust(8_000_000, "16 EUR for two leads, as agreed", statement=first)
        waits = self.accept(0, self.advertiser, "advertiser")
        self.assertIn(f"waits for the advertiser's assent (--adjustment {index})", waits)
        shown = self.month_end("--preview")
        for words in ("1 adjustment lacks the advertiser's assent", "1 adjustment lacks the publisher's assent", "the publisher disputes the last statement", "everybody has answered"):
            self.assertIn(words, shown)
        shown = self.sign(0, self.advertiser, "advertiser", "--adjustment", str(index))
        for words in ("16 EUR for two leads, as agreed", f"statement {first}", "+8.00 EUR"):
            self.assertIn(words, shown)
        self.sign(0, self.publisher, "publisher", "--adjustment", str(index))
        self.approved(1)
        second = self.statement_of(self.month_end())
        self.assertIn(f"{second} no. 2", self.month_end())
        for shown in self.both_accept():
            self.assertIn("payable 20.00 EUR", shown)
            self.assertIn("both have, and it counts from there", shown)
        done = self.month_end()
        self.assertIn("everybody has answered", done)
        self.assertNotIn("lack", done)
        said = self.told()
        self.assertEqual([(each[role]["verdict"]) for each in (said[first], said[second]) for role in ("advertiser", "publisher")], ["accept", "dispute", "accept", "accept"])
        of = next(fact for fact in self.facts("statement") if fact["data"].get("id") == first)
        self.assertEqual((of["data"]["corrected"]["adjusted"], of["verdict"]), ({"n": 1, "micros": 8_000_000}, "holds"))
        self.assertIn("corrected since by 1 adjustment of 8.00 EUR", of["sentence"])

    def an_older_state_is_not_signed(self, before, statement):
        """A copy of the folder from before the statement, in its place for a while: no mirror goes back to it."""
        self.server.stop()
        now = self.server.data.with_name("now")
        self.server.data.rename(now)
        before.rename(self.server.data)
        self.server.start()
        self.market.click()  # where the mirror has a lead
        self.assertIn("REFUSED", self.accept(1, self.publisher, "publisher", statement, mirror="foreign"))
        self.server.stop()
        shutil.rmtree(self.server.data)
        now.rename(self.server.data)
        self.server.start()

    def test_who_is_not_asked_answers_twice_or_dies_in_between_changes_nothing(self):
        self.both_asked()
        self.server.stop()
        before = self.server.data.with_name("before")
        shutil.copytree(self.server.data, before)
        self.server.start()
        first, _ = self.settle()
        link = self.publisher.post(f"/v1/statements/{first}/shares", {"days": 1})
        self.assertEqual(send(link["url"]).status, 200)
        self.publisher.do("DELETE", f"/v1/statements/{first}/shares/{link['id']}")
        self.assertEqual(send(link["url"]).status, 404)
        self.keygen("foreign")
        index = self.adjust(-12_000_000, "a test order", statement=first)
        foreign, _, other = self.together(
            lambda: self.sign(1, self.publisher, "foreign", "--adjustment", str(index), mirror="foreign"),
            lambda: self.sign(1, self.advertiser, "publisher", "--adjustment", str(index)),
            lambda: self.sign(1, self.publisher, "publisher", "--adjustment", str(index - 1), mirror="other"))
        self.assertIn("neither party", foreign)
        self.assertIn("no adjustment that asks", other)
        self.assertIn("goes up to version 1 of the terms: version 2 was not made, or not told yet", self.sign(1, self.publisher, "publisher", "--terms", "2"))
        self.an_older_state_is_not_signed(before, first)
        for words in (("--adjustment", "x"), ("--adjustment", "0"), ("--terms", "1", "--adjustment", "3"), ("--terms", "1", "--all"), ("--terms", "0")):
            self.sign(2, self.publisher, "publisher", *words)
        self.sign(0, self.publisher, "publisher", "--adjustment", str(index))
        self.server.kill()
        self.server.start()
        self.assertIn("already", self.sign(0, self.publisher, "publisher", "--adjustment", str(index)))
        self.accept(0, self.publisher, "publisher")
        self.server.kill()
        self.server.start()
        again, _ = self.together(lambda: self.accept(0, self.publisher, "publisher", first),
                                 lambda: self.sign(0, self.advertiser, "advertiser", "--adjustment", str(index)))
        self.assertIn("accepted already", again)
        second, _ = self.settle()
        self.both_accept()
        said = self.told()
        self.assertEqual({answer["verdict"] for each in (first, second) for answer in said[each].values()}, {"accept"})
        self.assertEqual(len([fact for fact in self.facts("adjustment") if fact["data"].get("adjustment") == index]), 2)


if __name__ == "__main__":
    unittest.main()
