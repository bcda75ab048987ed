"""Dispositions that the advertiser's own key signed: what is taken, what is refused with which cure, and what verify says of them."""

import json
import tempfile
import unittest
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from harness import BROWSER, Market, Party, ServerCase, b64u, click, countersign, person, rfc3339


class Countersigned(ServerCase):
    def setUp(self):
        self.market = Market(self.server)
        self.market.put_keys()

    def lead(self, market=None):
        market = market or self.market
        return self.assertStatus(market.publisher.postback(person(click_id=market.click())), 200).json

    def signed(self, lead, /, status, market=None, key=None, **changes):
        advertiser = (market or self.market).advertiser
        facts = {"typ": "countersign-disposition", "issuer": advertiser.base, "party": advertiser.id, "contract": lead["contract"],
                 "lead": lead["index"], "status": status, "at": rfc3339(), **changes}
        return (key or advertiser).jws({name: value for name, value in facts.items() if value is not None})

    def say(self, lead, status, jws, market=None, **more):
        body = {"status": status, "jws": jws, **more}
        return (market or self.market).advertiser.call("POST", f"/v1/leads/{lead['lead']}/dispositions", body)

    def entry(self, index, market=None):
        return (market or self.market).settled_entries()[index]

    def verified(self, market):
        with tempfile.TemporaryDirectory(prefix="countersign-test-") as to:
            self.assertEqual(countersign("pull", self.server.url, to, "--contract", market.contract, "--token", market.publisher.token).returncode, 0)
            done = countersign("verify", to, "--json")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return [fact for fact in json.loads(done.stdout)["facts"]]

    def test_the_same_facts_signed_are_countersigned_and_told_beside_those_that_are_not(self):
        first, second, third = self.lead(), self.lead(), self.lead()
        jws = self.signed(first, "approved", reason="it sold")
        answer = self.assertStatus(self.say(first, "approved", jws, reason="it sold"), 200).json
        entry = self.entry(answer["index"])
        self.assertEqual((entry["trust"], entry["jws"], entry["text"], entry["lead"]), ("countersigned", jws, "it sold", first["index"]))
        self.assertEqual(self.assertStatus(self.say(first, "approved", jws, reason="it sold"), 200).json["index"], answer["index"], "it is said")
        sale = {"amount": "12.5", "currency": "EUR"}
        bulk = [{"status": "rejected", "lead": second["lead"], "jws": self.signed(second, "rejected")},
                {"status": "converted", "jws": self.signed(third, "converted", amount_micros=12_500_000, currency="EUR"), **sale},
                {"status": "converted", "lead": second["lead"], "jws": self.signed(third, "converted")}]
        rows = self.market.advertiser.post("/v1/dispositions", bulk)["data"]
        self.assertEqual([row["status"] for row in rows], [200, 200, 422], rows)
        self.assertEqual(rows[2]["field"], "lead")
        fourth = self.lead()
        self.assertStatus(self.market.advertiser.call("POST", f"/v1/leads/{fourth['lead']}/dispositions", {"status": "approved"}), 200)
        said = {fact["data"]["by"]: fact["data"]["leads"] for fact in self.verified(self.market) if fact["topic"] == "decided"}
        self.assertEqual(said["countersigned"], {"approved": 1, "converted": 1, "rejected": 1})
        self.assertEqual(said["advertiser"], {"approved": 1})

    def test_a_command_signs_what_a_campaign_asks_to_be_signed(self):
        market = Market(self.server, campaign={"dispositions": "countersigned"})
        market.put_keys()
        first, second = self.lead(market), self.lead(market)
        self.assertProblem(market.advertiser.call("POST", f"/v1/leads/{first['lead']}/dispositions", {"status": "approved"}), 403, "jws")
        with tempfile.TemporaryDirectory() as folder:
            keys = {}
            for party in (market.advertiser, market.publisher):
                keys[party.id] = Path(folder, party.id)
                keys[party.id].touch(0o600)
                keys[party.id].write_text(json.dumps({"crv": "Ed25519", "d": b64u(party.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())), "kty": "OKP", "x": party.jwk["x"]}))
            dispose = lambda lead, *more, key=keys[market.advertiser.id]: countersign("dispose", self.server.url, lead["lead"], "--token", market.advertiser.token, "--key", key, *more)
            for _ in range(2):
                done = dispose(first, "--status", "approved", "--reason", "it sold")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn(f"{first['lead']}: approved, entry ", done.stdout)
            done = dispose(second, "--status", "converted", "--amount", "12.5", "--currency", "EUR")
            self.assertEqual(done.returncode, 0, done.stderr)
            for more, code, says in ((("--status", "approved"), 2, "signs by"), (("--status", "converted", "--amount", "1,5", "--currency", "EUR"), 2, "no amount"),
                                     (("--status", "converted", "--amount", "1.5"), 2, "belong together"), (("--status", "sold"), 1, "status")):
                done = dispose(second, *more, **({"key": keys[market.publisher.id]} if says == "signs by" else {}))
                self.assertEqual((done.returncode, says in done.stderr), (code, True), done.stderr)
        entries = [entry for entry in market.settled_entries() if entry["kind"] == "disposition"]
        self.assertEqual([(entry["lead"], entry["status"], entry["trust"], entry.get("text"), entry.get("amount_micros")) for entry in entries],
                         [(first["index"], "approved", "countersigned", "it sold", None), (second["index"], "converted", "countersigned", None, 12_500_000)])
        self.assertEqual([fact["data"]["leads"] for fact in self.verified(market) if fact["topic"] == "decided" and fact["data"]["by"] == "countersigned"], [{"approved": 1, "converted": 1}])

    def test_a_file_of_many_is_signed_and_each_row_is_answered(self):
        market = Market(self.server, campaign={"dispositions": "countersigned"})
        market.put_keys()
        leads = [self.lead(market) for _ in range(4)]
        with tempfile.TemporaryDirectory() as folder:
            key, rows = Path(folder, "key"), Path(folder, "rows.csv")
            key.touch(0o600)
            key.write_text(json.dumps({"crv": "Ed25519", "d": b64u(market.advertiser.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())), "kty": "OKP", "x": market.advertiser.jwk["x"]}))
            words = ("dispose", self.server.url, "--token", market.advertiser.token, "--key", key, "--file", rows)
            rows.write_text("\ufefflead,status,reason,amount,currency\r\n"
                            f"{leads[0]['lead']},approved,it sold,,\r\n{leads[1]['lead']},converted,,12.5,EUR\r\n{leads[2]['lead']},sold,,,\r\nLnothing,approved,,,\r\n"
                            f"{leads[2]['lead']},converted,,1.5,\r\n{leads[2]['lead']},rejected,\"no, \"\"never\"\"\",,\r\n")
            for again in range(2):  # the same again is the same
                taken = "was so already" if again else "taken"
                done = countersign(*words)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                for row, says in ((1, f"{leads[0]['lead']} {taken}, entry "), (2, f"{leads[1]['lead']} {taken}, entry "), (3, "refused"), (4, "refused, there is no such lead"),
                                  (5, "refused, amount and currency belong together"), (6, f"{leads[2]['lead']} {taken}, entry ")):
                    self.assertEqual(len([line for line in done.stdout.splitlines() if line.startswith(f"row {row}: {says}")]), 1, (row, done.stdout))
                self.assertIn("0 taken, 3 were so already, 3 refused" if again else "3 taken, 0 were so already, 3 refused", done.stdout)
                self.assertEqual([line.split(":")[0] for line in done.stdout.splitlines()[:6]], [f"row {n}" for n in range(1, 7)], "in the order of the file")
            rows.write_text(f"status,lead\n approved , {leads[3]['lead']}\n")
            done = countersign(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"row 1: {leads[3]['lead']} taken", done.stdout)
            rows.write_bytes(f"Lead;STATUS;Reason\n{leads[3]['lead']};approved;\n{leads[3]['lead']};approved;d\u00e9j\u00e0\n".encode("latin-1") + f"{leads[3]['lead']};appr\x1boved;\n".encode())
            done = countersign(*words)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn(f"row 1: {leads[3]['lead']} was so already", done.stdout)
            self.assertIn("row 2: refused, it is not UTF-8: save the file as UTF-8", done.stdout)
            self.assertIn("row 3: refused, its status is none such as approved", done.stdout)
            for text, says in (("lead,status,lead\n", "twice"), ("lead,status,colour\n", "colour"), ("lead\n", "status"), ("", "no first line"), ("lead,txid,status\n", "txid"), ("lead,status\n\"x\n", "does not read")):
                rows.write_text(text)
                done = countersign(*words)
                self.assertEqual((done.returncode, says in done.stderr), (2, True), done.stderr)
            for more in ((leads[0]["lead"],), ("--reason", "x")):
                self.assertEqual(countersign(*words, *more).returncode, 2)
        entries = [entry for entry in market.settled_entries() if entry["kind"] == "disposition"]
        self.assertEqual([(entry["lead"], entry["status"], entry["trust"], entry.get("text")) for entry in entries],
                         [(leads[0]["index"], "approved", "countersigned", "it sold"), (leads[1]["index"], "converted", "countersigned", None),
                          (leads[2]["index"], "rejected", "countersigned", 'no, "never"'), (leads[3]["index"], "approved", "countersigned", None)])

    def test_what_was_not_signed_so_is_refused_by_the_member_that_differs(self):
        market, lead = self.market, self.lead()
        other = self.lead()
        for changes, field in (({"status": "rejected"}, "status"), ({"lead": other["index"]}, "lead"), ({"reason": "x"}, "reason"),
                               ({"issuer": "https://elsewhere.example"}, "issuer"), ({"party": market.publisher.id}, "party"),
                               ({"contract": "C0000000000000"}, "contract"), ({"at": rfc3339(0)}, "jws"), ({"at": "soon"}, "at"),
                               ({"at": "2999-01-01T00:00:00Z"}, "at"), ({"typ": "countersign-response"}, "typ"), ({"colour": "red"}, "colour"),
                               ({"lead": None}, "lead"), ({"amount_micros": 1}, "amount_micros"), ({"txid": "t"}, "txid")):
            with self.subTest(changes):
                answer = self.say(lead, "approved", self.signed(lead, **{"status": "approved", **changes}))
                self.assertProblem(answer, 409 if field == "jws" else 422, field)
        jws = self.signed(lead, "approved", key=market.publisher)
        self.assertProblem(self.say(lead, "approved", jws), 422, "kid")
        answer = market.operator.call("POST", f"/v1/leads/{lead['lead']}/dispositions", {"status": "approved", "jws": self.signed(lead, "approved")})
        self.assertProblem(answer, 403, "jws")
        keyless = Market(self.server)
        self.assertProblem(self.say(self.lead(keyless), "approved", self.signed(lead, "approved", keyless), keyless), 409, "jws")

    def test_nobody_says_again_what_was_said_before(self):
        lead = self.lead()
        jws = self.signed(lead, "approved")
        self.assertStatus(self.say(lead, "approved", jws), 200)
        self.assertStatus(self.market.advertiser.call("POST", f"/v1/leads/{lead['lead']}/dispositions", {"status": "returned"}), 200)
        self.assertProblem(self.say(lead, "approved", jws), 409, "jws")

    def test_a_campaign_may_take_nothing_else(self):
        market = Market(self.server, campaign={"dispositions": "countersigned"})
        market.put_keys()
        lead = self.lead(market)
        path = f"/v1/leads/{lead['lead']}/dispositions"
        for who in (market.advertiser, market.operator):
            self.assertIn("jws", self.assertProblem(who.call("POST", path, {"status": "approved"}), 403, "jws")["detail"])
        self.assertProblem(market.advertiser.postback({"lead": lead["lead"], "status": "approved"}), 403, "jws")
        self.assertStatus(self.say(lead, "approved", self.signed(lead, "approved", market), market), 200)
        facts = self.verified(market)
        self.assertNotIn("reported", {fact["data"].get("what") for fact in facts})

    def test_the_parts_of_a_shared_lead_follow_what_was_signed_of_one(self):
        market = Market(self.server, campaign={"dispositions": "countersigned", "attribution": {"model": "linear"}})
        market.put_keys()
        other = Party(self.operator, "Second publisher", "publisher")
        contract = market.new_contract(other)
        clicks = [market.click(), click(market.new_code(other, contract)["click_url"], **BROWSER)[1]]
        lead = self.assertStatus(market.advertiser.postback(person(touches=",".join(clicks))), 200).json
        self.assertStatus(self.say(lead, "approved", self.signed(lead, "approved", market), market), 200)
        for party, of in ((market.publisher, market.contract), (other, contract)):
            with tempfile.TemporaryDirectory(prefix="countersign-test-") as to:
                self.assertEqual(countersign("pull", self.server.url, to, "--contract", of, "--token", party.token).returncode, 0)
                done = countersign("verify", to)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertRegex(done.stdout, "countersigned by the own key of advertiser .*: 1 approved")


if __name__ == "__main__":
    unittest.main(verbosity=2)
