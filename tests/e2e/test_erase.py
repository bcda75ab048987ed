"""Erasing what is sealed of a person: by e-mail, telephone number or lead, by API and by command; what goes on after it, and who notices a lie about it."""

import json
import shutil
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from harness import BROWSER, SOURCE, Market, ServerCase, countersign, person, send, statement_payload, wait_for
from liar import Liar

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import second_verify, verify_twice  # noqa: E402
from test_shares import Shop  # noqa: E402

ANA = {"email": "ana@example.com", "phone": "+33612345678"}
EVE = {"email": "eve@example.com", "phone": "+33655555555"}


class Erasure(ServerCase):
    settings = {"SWEEP_MS": 100}

    @classmethod
    def set_up_market(cls):
        cls.market = None

    def new_market(self):
        self.market = Market(self.server, campaign={"review": {"mode": "auto", "auto_approve_days": 0}}, contract={"price": {"lead": [{"micros": 5_000_000}]}})
        self.path = f"/v1/contracts/{self.market.contract}"
        return self.market

    def lead(self, market=None, **fields):
        market = market or self.market
        click = market.click()
        self.assertStatus(send(f"{market.code['pixel_url']}?event=view&click_id={click}", headers=BROWSER), 200)
        return self.assertStatus(market.publisher.postback(person(click_id=click, **fields)), 200).json

    def erase(self, by=None, status=200, **whom):
        return self.assertStatus((by or self.market.operator).call("POST", "/v1/erasures", whom), status).json

    def openings(self, party, market=None):
        market = market or self.market
        text = party.do("GET", f"/log/{market.contract}/openings?from=0&to=1000").text
        return {json.loads(line)["index"]: json.loads(line) for line in text.splitlines()}

    def log(self, market=None):
        return list((market or self.market).settled_entries())

    def pull(self, mirror, party=None):
        pulled = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", (party or self.market.advertiser).token)
        self.assertEqual(pulled.returncode, 0, pulled.stderr)

    def judged(self, mirror, expected=0):
        verified = countersign("verify", mirror, "--json")
        self.assertEqual(verified.returncode, expected, verified.stdout)
        second = second_verify(mirror)
        self.assertEqual(second.returncode, expected, second.stdout + second.stderr)
        return json.loads(verified.stdout)

    def checked(self, expected=0):
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, expected, checked.stdout + checked.stderr)
        return checked.stdout

    def test_a_person_is_erased_and_everything_else_goes_on(self):
        market = self.new_market()
        first = self.lead(**ANA, first_name="Ana", txid="order-1")
        again = self.lead(email="ANA@example.com", phone="+33600000000", txid="order-2")
        other = self.lead(email="bob@example.com", phone="+33611111111", txid="order-3")
        self.assertEqual((first["status"], again["status"], other["status"]), ("approved", "duplicate", "approved"))
        before = market.operator.post(f"{self.path}/statements", {})
        text = {kind: market.operator.do("GET", f"/v1/statements/{before['id']}?format={kind}").body for kind in ("html", "csv")}
        with tempfile.TemporaryDirectory() as scratch:
            self.pull(f"{scratch}/early")
            self.pull(f"{scratch}/mirror")
            said = self.erase(email=" Ana@Example.com ")
            self.assertEqual(said, {"leads": 2, "more": False, "parts": 6})
            self.assertEqual(self.erase(email="ana@example.com"), said)
            log = self.log()
            entry = [each for each in log if each["kind"] == "erase"]
            gone = sorted({first["index"], again["index"]} | {log[lead["index"]]["click"] for lead in (first, again)}
                          | {at for at, each in enumerate(log) if each["kind"] == "view" and each["click"] in {log[lead["index"]]["click"] for lead in (first, again)}})
            self.assertEqual([(each["by"], each["entries"]) for each in entry], [(market.operator.get("/v1/parties")["data"][0]["id"], gone)])
            self.assertNotIn("ana", json.dumps(entry))
            # who saw contact fields is told that they are erased; the others' stay
            shown = market.advertiser.get(f"/v1/leads/{first['lead']}")
            self.assertEqual((shown.get("contact"), shown["contact_gone"]), (None, "erased"))
            self.assertNotIn("contact_gone", market.advertiser.get(f"/v1/leads/{other['lead']}"))
            self.assertEqual(market.advertiser.get(f"/v1/leads/{other['lead']}")["contact"]["email"], "bob@example.com")
            opened = self.openings(market.advertiser)
            self.assertEqual(("contact" in opened[first["index"]], "email" in opened[first["index"]], "contact" in opened[other["index"]]), (False, True, True))
            self.assertFalse(set(gone) & {at for at, line in self.openings(market.operator).items() if "ip" in line})
            # a restart, and everything that decides money
            self.server.kill()
            self.server.start()
            self.assertEqual(self.erase(phone="+33 6 12 34 56 78"), {"leads": 1, "more": False, "parts": 3})
            self.assertEqual(self.lead(**ANA, txid="order-4")["status"], "duplicate")
            self.assertEqual({kind: market.operator.do("GET", f"/v1/statements/{before['id']}?format={kind}").body for kind in text}, text)
            self.assertEqual([each["status"] for each in market.advertiser.get(f"{self.path}/leads")["data"]], ["approved", "duplicate", "approved", "duplicate"])
            after = market.operator.post(f"{self.path}/statements", {})
            jws = market.publisher.do("GET", f"/v1/statements/{after['id']}").body
            self.assertEqual(json.loads(statement_payload(jws))["gross_micros"], 0)
            self.assertEqual(market.advertiser.call("POST", f"/v1/leads/{first['lead']}/dispositions", {"status": "returned"}).status, 200)
            self.log()
            self.checked()
            self.pull(f"{scratch}/mirror")
            told = [fact["data"] for fact in self.judged(f"{scratch}/mirror")["facts"] if fact["topic"] == "erased"]
            self.assertEqual((told[0]["leads"], told[0]["others"]), (2, 4))
            self.assertEqual({key: told[-1][key] for key in ("erased", "leads", "untold")}, {"erased": 2, "leads": 2, "untold": 0})
            self.assertNotIn('"contact":', (Path(scratch) / "mirror/log" / market.contract / "openings").read_text().splitlines()[0])
            # who pulled before keeps what it got; it goes on to hold
            self.judged(f"{scratch}/early")
            self.lies(scratch, first, other)

    def lies(self, scratch, first, other):
        """By the server's own keys."""
        def shows_what_it_erased(liar):
            liar.openings[first["index"]] = Liar(self.server.data, f"{scratch}/early", self.market.contract).openings[first["index"]]

        def a_lead_never_there(liar):
            liar.entries[liar.last("erase")]["entries"].append(len(liar.entries) + 7)

        def what_has_nothing_sealed(liar):
            liar.entries[liar.last("erase")]["entries"].insert(0, 0)

        def twice(liar):
            liar.append(liar.entries[liar.last("erase")])

        def by_the_publisher(liar):
            liar.entries[liar.last("erase")]["by"] = self.market.publisher.id

        def without_an_entry(liar):
            at = liar.openings[other["index"]]
            del at["contact"], at["contact_salt"]

        for lie, status in ((lambda liar: None, 0), (shows_what_it_erased, 1), (a_lead_never_there, 1), (what_has_nothing_sealed, 1), (twice, 1), (by_the_publisher, 1),
                            (without_an_entry, 0)):
            with self.subTest(lie.__name__):
                mirror = Path(scratch) / "lie"
                shutil.rmtree(mirror, ignore_errors=True)
                shutil.copytree(f"{scratch}/mirror", mirror)
                liar = Liar(self.server.data, mirror, self.market.contract)
                lie(liar)
                liar.publish()
                facts = self.judged(mirror, status)["facts"]
                if lie is without_an_entry:  # nothing is wrong with it, and it is said
                    self.assertEqual([fact["data"]["untold"] for fact in facts if fact["topic"] == "erased" and fact["data"]["what"] == "all"], [1])

    def test_one_part_of_a_shared_lead_takes_all_and_books_go_on(self):
        shop = Shop(self.new_market(), "linear")
        lead = shop.report(shop.path([0, 1]), txid="shared", email="sam@example.com")
        parts = shop.of_txid("shared")
        self.assertEqual(len(parts), 2)
        self.assertEqual(shop.advertiser.call("POST", f"/v1/leads/{lead['lead']}/dispositions", {"status": "approved"}).status, 200)
        said = self.erase(lead=parts[1]["lead"])
        self.assertEqual((said["leads"], self.erase(lead=parts[0]["lead"])), (2, said))
        self.assertEqual([shop.advertiser.get(f"/v1/leads/{part['lead']}")["contact_gone"] for part in parts.values()], ["erased"] * 2)
        with tempfile.TemporaryDirectory() as scratch:
            rows, mirrors = Path(scratch) / "rows", [Path(scratch) / str(n) for n in parts]
            rows.write_text("txid\nshared\n")
            for n, mirror in zip(parts, mirrors):
                self.operator.post(f"/v1/contracts/{shop.contracts[n]}/statements", {})
                pulled = countersign("pull", self.server.url, mirror, "--contract", shop.contracts[n], "--token", shop.publishers[n].token)
                self.assertEqual(pulled.returncode, 0, pulled.stderr)
                self.assertEqual(verify_twice(mirror, "--reconcile", rows).returncode, 0)
                online = shop.publishers[n].call("POST", f"/v1/contracts/{shop.contracts[n]}/reconcile", rows.read_bytes(), {"Content-Type": "text/csv", "Accept": "application/json"})
                self.assertEqual(self.assertStatus(online, 200).json["counts"]["matched"], 1)
            joined = verify_twice(*mirrors)
            self.assertEqual(joined.returncode, 0, joined.stdout)
        self.checked()

    def test_who_may_and_what_is_told_of_others(self):
        mine, theirs = self.new_market(), self.new_market()
        lead = self.lead(mine, **EVE)
        foreign = self.lead(theirs, **EVE)
        unknown = self.erase(mine.advertiser, 404, email="nobody@example.com")
        self.assertEqual({key: self.erase(mine.advertiser, 404, lead=foreign["lead"])[key] for key in ("title", "status")}, {key: unknown[key] for key in ("title", "status")})
        for party in (mine.publisher, mine.auditor):
            self.erase(party, 403, lead=lead["lead"])
        for body, field in (({}, "email"), ({**EVE}, "email"), ({"email": "no address"}, "email"), ({"phone": "12"}, "phone"), ({"email": " "}, "email"), ({"name": "Eve"}, "name")):
            self.assertProblem(mine.operator.call("POST", "/v1/erasures", body), 422, field)
        self.assertEqual(self.erase(mine.advertiser, email=EVE["email"])["leads"], 1)
        self.assertEqual(theirs.advertiser.get(f"/v1/leads/{foreign['lead']}")["contact"]["email"], EVE["email"])
        self.assertEqual([each["by"] for each in self.log(mine) if each["kind"] == "erase"], [mine.advertiser.id])
        self.assertEqual(self.erase(theirs.operator, email=EVE["email"])["leads"], 2)
        self.assertEqual(theirs.advertiser.get(f"/v1/leads/{foreign['lead']}")["contact_gone"], "erased")
        dialled = self.lead(mine, email="zoe@example.com", phone="06 77 88 99 00", country="FR")
        self.assertIn("write it with the code", self.erase(mine.operator, 404, phone="0677889900")["detail"])
        self.assertEqual(self.erase(mine.operator, phone="+33677889900")["leads"], 1)
        self.assertEqual(mine.advertiser.get(f"/v1/leads/{dialled['lead']}")["contact_gone"], "erased")
        self.log(theirs)
        self.checked()

    def test_killed_at_any_moment_it_is_done_wholly_or_not_at_all(self):
        market = self.new_market()
        leads = [self.lead(email=f"p{n}@example.com", phone=f"+336100000{n:02}") for n in range(8)]
        done = []

        def erase_all():
            try:
                for n in range(len(leads)):
                    if market.operator.call("POST", "/v1/erasures", {"email": f"p{n}@example.com"}).status == 200:
                        done.append(n)
            except OSError:
                pass

        thread = threading.Thread(target=erase_all)
        thread.start()
        wait_for(lambda: len(done) >= 2, what="some erasures")
        self.server.kill()
        thread.join()
        self.server.start()
        gone = {n for n, lead in enumerate(leads) if "contact_gone" in market.advertiser.get(f"/v1/leads/{lead['lead']}")}
        self.assertLessEqual(set(done), gone)
        erased = {at for each in self.log() if each["kind"] == "erase" for at in each["entries"]}
        self.assertEqual(gone, {n for n, lead in enumerate(leads) if lead["index"] in erased})
        self.checked()
        # by the command, while the server is stopped
        self.assertEqual(countersign("erase", "--data", self.server.data, "--email", "p7@example.com").returncode, 1)
        self.server.stop()
        try:
            for _ in range(2):
                said = countersign("erase", "--data", self.server.data, "--email", "p7@example.com")
                self.assertEqual((said.returncode, said.stdout), (0, "1 lead, 3 sealed parts: nothing of them is there any more\n"), said.stderr)
            self.assertEqual(countersign("erase", "--data", self.server.data, "--lead", leads[6]["lead"]).returncode, 0)
            self.assertEqual(countersign("erase", "--data", self.server.data, "--email", "none@example.com").returncode, 1)
            for wrong in ((), ("--email", "a", "--phone", "1"), ("--email", "no address")):
                self.assertEqual(countersign("erase", "--data", self.server.data, *wrong).returncode, 2, wrong)
            self.checked()
        finally:
            self.server.start()
        self.assertEqual({market.advertiser.get(f"/v1/leads/{leads[n]['lead']}")["contact_gone"] for n in (6, 7)}, {"erased"})


if __name__ == "__main__":
    unittest.main()
