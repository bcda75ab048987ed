"""What a sender can prove: the digest of each request, by whatever way it came, in the entry and in the receipt; and what an auditor makes of
receipts and click ids that a party kept, of an honest operator and of one that lies with its own keys."""

import base64
import hashlib
import json
import shutil
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

from harness import SOURCE, ServerCase, countersign, jws_payload, person, send, wait_for
from liar import Liar

sys.path.insert(0, str(SOURCE / "tests/support"))

from forge import canonical, compact  # noqa: E402
from second import verify_twice  # noqa: E402


def sha256(*parts):
    return hashlib.sha256(b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)).hexdigest()


class Digests(ServerCase):
    settings = {"TRUSTED_PROXIES": "127.0.0.1"}

    def setUp(self):
        self.publisher, self.visit = self.market.publisher, self.market.click()

    def assertDigest(self, got, digest):
        """Entry and receipt name the request; FORMATS "Requests" worked out here."""
        self.assertEqual(jws_payload(got["receipt"])["request_sha256"], digest)
        self.assertEqual(self.market.settled_entries()[got["index"]]["request_sha256"], digest)

    def text(self, method, target, body=b"", more=""):
        return f"PBv1\n{method}\n{self.publisher.host}\n{target}\n{sha256(body)}{more}"

    def token_digest(self, target, body, token):
        return sha256(self.text("POST", target, body, "\n" + sha256(token)))

    def test_a_signed_query_and_its_repetitions(self):
        fields = person(click_id=self.visit)
        target = self.publisher.signed_target(fields)
        got = self.assertStatus(send(self.server.url + target), 200).json
        digest = sha256(self.text("GET", target.split("&sig=")[0]))
        self.assertDigest(got, digest)
        for again in (send(self.server.url + target), self.publisher.postback(fields), self.publisher.postback_json(fields)):
            self.assertEqual(self.assertStatus(again, 200).json["receipt"], got["receipt"])

    def test_a_signed_form(self):
        body = urllib.parse.urlencode(person(click_id=self.visit)).encode()
        target = self.publisher.signed_target({}, method="POST", body=body)
        got = self.assertStatus(send(self.server.url + target, "POST", body, {"Content-Type": "application/x-www-form-urlencoded"}), 200).json
        self.assertDigest(got, sha256(self.text("POST", target.split("&sig=")[0], body)))

    def test_signed_json_the_timestamp_of_the_first(self):
        body, now = json.dumps(person(click_id=self.visit)).encode(), int(time.time())
        got = self.assertStatus(self.publisher.postback_json(None, ident="msg_1", timestamp=now, body=body), 200).json
        self.assertDigest(got, sha256(f"msg_1.{now}.", body))
        again = self.assertStatus(self.publisher.postback_json(None, ident="msg_1", timestamp=now + 1, body=body), 200).json
        self.assertEqual(again["receipt"], got["receipt"], "signed anew, it is the same request")

    def test_by_key(self):
        key = self.publisher.put(f"/v1/parties/{self.publisher.id}/postback-key", {"cidrs": ["203.0.113.0/24"]})["key"]
        target = "/postback?" + urllib.parse.urlencode({**person(click_id=self.visit), "key": key})
        got = self.assertStatus(send(self.server.url + target, headers={"X-Forwarded-For": "203.0.113.7"}), 200).json
        self.assertDigest(got, sha256(self.text("GET", target)))

    def test_by_token_one_and_many(self):
        one = json.dumps(person(click_id=self.visit)).encode()
        got = self.assertStatus(self.publisher.call("POST", "/v1/leads", one, {"Content-Type": "application/json"}), 200).json
        self.assertDigest(got, self.token_digest("/v1/leads", one, self.publisher.token))
        rows = [json.dumps(person(click_id=self.visit)) for _ in range(3)]
        data = self.publisher.do("POST", "/v1/leads", f"[ {rows[0]} ,{rows[1]},\n{rows[2]}]".encode(), {"Content-Type": "application/json"}).json["data"]
        for got, row in zip(data, rows):
            self.assertDigest(got, self.token_digest("/v1/leads", row.encode(), self.publisher.token))

    def test_what_becomes_of_leads(self):
        advertiser = self.market.advertiser
        leads = [self.publisher.postback(person(click_id=self.market.click())).json["lead"] for _ in range(3)]
        target = advertiser.signed_target({"lead": leads[0], "status": "approved"})
        got = self.assertStatus(send(self.server.url + target), 200).json
        self.assertDigest(got, sha256(self.text("GET", target.split("&sig=")[0])))
        path, body = f"/v1/leads/{leads[1]}/dispositions", b'{"status": "approved"}'
        got = advertiser.do("POST", path, body, {"Content-Type": "application/json"}).json
        self.assertDigest(got, self.token_digest(path, body, advertiser.token))
        lines = ["lead,status\r\n", f"{leads[2]},rejected\n"]
        row = advertiser.do("POST", "/v1/dispositions", "".join(lines).encode(), {"Content-Type": "text/csv"}).json["data"][0]
        self.assertEqual(self.market.settled_entries()[row["index"]]["request_sha256"],
                         self.token_digest("/v1/dispositions", lines[1].encode(), advertiser.token))


class Lies(ServerCase):
    """An honest history of one contract, and what a sender and a party kept of it; then lies, signed with the server's keys."""

    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market = cls.market
        sender, cls.kept, cls.ids = market.publisher, [], [market.click(f"?sub1={n}") for n in range(6)]
        for n, click_id in enumerate(cls.ids[:4]):
            target = sender.signed_target(person(click_id=click_id, email=None if n == 2 else f"p{n}@example.com"))
            text = f"PBv1\nGET\n{sender.host}\n{target.split('&sig=')[0]}\n{sha256(b'')}"
            cls.kept.append({"request": text, "receipt": send(cls.server.url + target).json["receipt"]})
        lead = market.publisher.postback({**person(), "click_id": cls.ids[4]}).json["lead"]
        target = market.advertiser.signed_target({"lead": lead, "status": "approved"})
        cls.disposed = f"PBv1\nGET\n{market.advertiser.host}\n{target.split('&sig=')[0]}\n{sha256(b'')}"
        cls.kept.append({"receipt": send(cls.server.url + target).json["receipt"]})
        cls.ids.append(market.click("?sub1=last"))
        cls.size = len(market.settled_entries())  # the marker is one click more
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-lies-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.mirror = Path(cls.folder.name) / "mirror"
        done = countersign("pull", cls.server.url, cls.mirror, "--contract", market.contract, "--token", sender.token)
        assert done.returncode == 0, done.stderr
        honest = Liar(cls.server.data, cls.mirror)
        cls.marker = honest.of("click")[-1]
        honest.drop(cls.marker)  # the click that settled_entries made
        honest.sign()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-lie-")
        self.addCleanup(folder.cleanup)
        self.folder, self.looked = Path(folder.name), False
        self.forger = Liar(self.server.data, shutil.copytree(self.mirror, self.folder / "copy"))

    def verify(self, status, *words, receipts=None, ids=None):
        """The lie passes what looks at the mirror alone; with what was kept, verify says so."""
        self.forger.sign()
        options = []
        if receipts is not None:
            path = self.folder / "receipts"
            path.write_text("".join((json.dumps(line) if isinstance(line, dict) else line) + "\n" for line in receipts))
            options += ["--receipts", path]
        if ids is not None:
            path = self.folder / "ids"
            path.write_text("".join(f"{line}\n" for line in ids))
            options += ["--clicks", path]
        if not self.looked:
            alone = countersign("verify", self.forger.mirror)
            self.assertEqual(alone.returncode, 0, alone.stdout)
        self.looked = True
        done = verify_twice(self.forger.mirror, *options)
        self.assertEqual(done.returncode, status, done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)

    def test_what_is_honest_holds(self):
        self.verify(0, "5 receipts signed", "4 of them for the very request", "7 clicks stand in the log", receipts=self.kept, ids=self.ids)
        self.verify(0, "5 receipts signed", receipts=[line["receipt"] for line in self.kept])
        folder = self.folder / "answers"
        folder.mkdir()
        for n, line in enumerate(self.kept):
            (folder / f"{n}.json").write_text(json.dumps({"data": [line]}))
        done = verify_twice(self.forger.mirror, "--receipts", folder)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_spreadsheets_and_editors_save_is_read_or_told(self):
        """Byte order marks, CRLF, semicolons, quotes; of UTF-16 it says what to do."""
        quoted = ['"' + json.dumps(line).replace('"', '""') + '";"sent"' for line in self.kept]
        times = [f"{int(time.time())}"] * 3
        cases = {
            "receipts, quoted JSON": ("--receipts", ["\ufeffanswer;note", *quoted], "4 of them for the very request"),
            "receipts among columns": ("--receipts", [f'order-{n};"{line["receipt"]}";2026' for n, line in enumerate(self.kept)], "5 receipts signed"),
            "clicks": ("--clicks", ["\ufeff" + self.ids[0], *self.ids[1:]], "7 clicks stand"),
            "clicks in quotes, with times": ("--clicks", ["click_id;seen;campaign", *(f'"{i}";"{t}";"spring"' for i, t in zip(self.ids, times)), *self.ids[3:]], "7 clicks stand"),
        }
        path = self.folder / "saved"
        for name, (flag, lines, words) in cases.items():
            with self.subTest(name):
                path.write_bytes(("\r\n".join(lines) + "\r\n").encode())
                done = verify_twice(self.forger.mirror, flag, path)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertIn(words, done.stdout)
        for code in ("utf-16", "utf-16-le", "utf-16-be"):
            path.write_bytes("\r\n".join(self.ids).encode(code))
            for flag in ("--clicks", "--receipts"):
                done = verify_twice(self.forger.mirror, flag, path)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn("the file is UTF-16", done.stdout)
            done = countersign("verify", self.forger.mirror, "--pin", path)
            self.assertEqual((done.returncode, "UTF-16" in done.stderr), (2, True), done.stderr)
        path.write_bytes(("\ufeff" + countersign("verify", self.forger.mirror, "--print-pin").stdout.replace("\n", "\r\n")).encode())
        done = verify_twice(self.forger.mirror, "--pin", path)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_was_kept_is_not_believed_either(self):
        head, payload, signature = self.kept[0]["receipt"].split(".")
        self.verify(2, "no published key", receipts=[f"{head}.{payload}.{signature[:-4]}AAAA"])
        other = base64.urlsafe_b64encode(json.dumps({**jws_payload(self.kept[0]["receipt"]), "index": 1}).encode()).decode().rstrip("=")
        self.verify(2, "no published key", receipts=[f"{head}.{other}.{signature}"])
        statement_key = self.forger.keys.statement
        for status, other, word in (
                (1, {"contract": ""}, "does not read"), (2, {"contract": "C" + "0" * 12}, "1 of other contracts, whose logs are not here"), (1, {"index": "1"}, "does not read"), (1, {"terms": 1}, "other facts"),
                (1, {"index": 99}, "the last of a later time"), (2, {"index": 99, "at": "2999-01-01T00:00:00.000Z"}, "came after this mirror was pulled")):
            said = canonical({**jws_payload(self.kept[0]["receipt"]), **other})
            forged = compact(statement_key, {"alg": "EdDSA", "kid": self.forger.keys.jwk()["kid"], "typ": "countersign-receipt"}, said)
            self.verify(status, word, receipts=[*self.kept, forged])
        self.verify(1, "another request than the one beside it", receipts=[{**self.kept[0], "request": self.kept[0]["request"] + "x"}])
        self.verify(2, "do not show whether", receipts=[{**self.kept[0], "request": "the txid again"}, *self.kept])
        self.verify(2, "no receipt of this contract", receipts=["order 1 sent"])
        self.verify(2, "no id of this contract", ids=["A" * 51])
        self.verify(2, "no time", ids=[self.ids[0] + " yesterday"])
        self.verify(2, "without a newline", ids=[*self.ids, "x" * 4097])
        self.verify(2, "without a newline", receipts=[*self.kept, "x" * (1 << 20 | 1)])
        self.verify(2, "neither JSON nor a receipt", receipts=[*self.kept, "{"])
        self.verify(0, "7 clicks stand in the log", ids=["# " + self.ids[0][:-1] + "-", *self.ids, *self.ids])

    def test_only_a_repetition_explains_an_earlier_receipt(self):
        """Each text beside the receipt of the first: sent later, and answered with what answers the first."""
        said, head = self.kept[0]["request"].split("\n"), self.kept[0]["receipt"]
        path, query = said[3].split("?")
        fields = dict(urllib.parse.parse_qsl(query))
        facts = {name: value for name, value in fields.items() if name not in ("kid", "ts", "nonce")}

        def query_of(**change):
            changed = {**fields, "nonce": "another-nonce-here", **change}
            return "\n".join([*said[:3], f"{path}?{urllib.parse.urlencode({name: value for name, value in changed.items() if value})}", said[4]])

        def json_of(**change):
            return "msg_2.1790000000." + json.dumps({**facts, **change})

        alias = {name: value for name, value in facts.items() if name != "txid"} | {"order_id": facts["txid"], "event": "lead"}
        for status, text, word in (
                (0, query_of(), "for an earlier one that said the same"), (0, json_of(email=facts["email"].upper() + " "), "said the same"),
                (0, "msg_3.1790000000." + json.dumps(alias), "said the same"),
                (1, query_of(txid="another"), "names another txid"), (1, query_of(txid=None), "names another txid"), (1, json_of(txid="another"), "names another txid"),
                (1, query_of(click_id=self.ids[5]), "names another click"), (1, json_of(email="somebody@example.com"), "says other facts"),
                (2, "\n".join([*said[:4], sha256("a body")]), "do not show whether")):
            with self.subTest(text):
                self.verify(status, word, receipts=[*self.kept, {"request": text, "receipt": head}])

    def test_a_repeated_disposition_says_the_same_of_the_same_lead(self):
        first = {"request": self.disposed, "receipt": self.kept[4]["receipt"]}
        for status, text, word in ((0, self.disposed.replace("nonce=", "nonce=x"), "said the same"), (1, self.disposed.replace("approved", "rejected"), "says other facts"),
                                   (2, self.disposed.replace("lead=L", "lead=M"), "do not show whether")):
            with self.subTest(text):
                self.verify(status, word, receipts=[first, {**first, "request": text}])

    def test_other_facts(self):
        lead = self.forger.entries[self.forger.of("lead")[0]]
        lead["sub1"] = "another source"
        self.verify(1, "other facts than were signed", receipts=self.kept)

    def test_the_digest_of_another_request(self):
        self.forger.entries[self.forger.of("lead")[0]]["request_sha256"] = sha256("what was never sent")
        self.verify(1, "its request was changed", receipts=self.kept)

    def test_no_digest_at_all(self):
        del self.forger.entries[self.forger.of("lead")[0]]["request_sha256"]
        self.forger.sign()
        done = countersign("verify", self.forger.mirror)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("names no request", done.stdout)

    def test_a_lead_dropped(self):
        self.forger.drop(self.forger.of("lead")[3])
        self.verify(1, "is dropped", receipts=self.kept)

    def test_the_last_one_dropped(self):
        self.forger.drop(self.forger.of("disposition")[0])
        self.verify(1, "is dropped: a click stands there", receipts=self.kept)

    def test_decided_otherwise(self):
        lead = self.forger.entries[self.forger.of("lead")[0]]
        self.assertEqual(lead["facts"], {"country": "FR"})
        lead.update(facts={"country": "BE"}, payout_micros=8_000_000, tier=1)
        self.verify(1, "is decided otherwise than it was answered: pending, 12000000 micros; the log says pending, 8000000", receipts=self.kept)

    def test_a_click_dropped(self):
        click = self.forger.of("click")[5]
        self.forger.drop(click)
        self.verify(1, "is dropped", ids=self.ids)

    def test_a_click_invented(self):
        click = self.forger.of("click")[-1]
        self.forger.insert(click + 1, {**self.forger.entries[click], "sub1": "nobody"})
        self.verify(2, "1 click of the log (1 of class ok) is not among the ids: entry " + str(click + 1), ids=self.ids)

    def test_a_click_at_another_time(self):
        self.forger.entries[-1]["at"] += 5000
        self.verify(1, "is another click than the one that was answered", ids=self.ids)

    def test_a_click_seen_before_its_time(self):
        seen = time.time() - 7200
        self.verify(1, "was seen more than an hour before", ids=[f"{self.ids[0]} {int(seen)}", *self.ids[1:]])

    def test_an_auditor_has_nothing_that_opens_ids(self):
        (self.forger.mirror / f"v1/contracts/{self.market.contract}/click-key").unlink()
        self.verify(2, "an auditor's has not", ids=self.ids)


class LateClicks(ServerCase):
    """Clicks that waited longer than they may: recorded after all, and their ids say that they were not."""

    settings = {"CLICK_WAIT_MS": "1"}

    def test_ids_that_left_as_unrecorded_are_counted_by_gaps_alone(self):
        market, ids = self.market, []
        with tempfile.TemporaryDirectory(prefix="countersign-late-") as folder:
            for n in range(500):
                ids.append(market.click(f"?sub1={n}"))
                if self.server.metric("unwaited"):
                    break
            else:
                self.skipTest("each of 500 clicks was committed within a millisecond")
            got = self.assertStatus(market.publisher.postback(person(click_id=ids[-1])), 200).json
            self.assertEqual((got["status"], got["reason"]), ("held", "unrecorded_click"))

            def counted():
                entries = [json.loads(entry) for _, entry in market.entries()]
                return sum(entry.get("late_clicks", 0) for entry in entries) == self.server.metric("unwaited") and entries

            entries = wait_for(counted, what="the gap entries that count late clicks")
            self.assertEqual(entries[got["index"] - 1]["kind"], "gap")
            mirror, path = Path(folder) / "mirror", Path(folder) / "ids"
            path.write_text("".join(f"{line}\n" for line in ids))
            done = countersign("pull", self.server.url, mirror, "--contract", market.contract, "--token", market.publisher.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = verify_twice(mirror, "--clicks", path)
            self.assertIn("left as unrecorded, which gap entries count", done.stdout)
            path.with_name("rows").write_text(f"click_id\n{ids[-1]}\n")
            rows = json.loads(verify_twice(mirror, "--reconcile", path.with_name("rows"), "--json").stdout)
            self.assertEqual([check["verdict"] for check in rows["checks"] if check["check"] == "reconcile"], ["holds"])
            online = market.publisher.call("POST", f"/v1/contracts/{market.contract}/reconcile", path.with_name("rows").read_bytes(), {"Content-Type": "text/csv", "Accept": "application/json"})
            self.assertEqual(self.assertStatus(online, 200).json["counts"]["missing_here"], 0, online.text)  # the lead is found by it
            forger = Liar(self.server.data, mirror)
            for gap in forger.of("gap"):
                forger.entries[gap].pop("late_clicks", None)
            forger.entries.append({**forger.entries[forger.of("click")[-1]], "at": forger.entries[-1]["at"] + 120_000})
            forger.sign()
            done = verify_twice(mirror, "--clicks", path)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("no gap entry counts it", done.stdout)


if __name__ == "__main__":
    unittest.main()
