"""What a sender can prove: the digest of each request, by whatever way it came, in the entry and in the receipt; and what an auditor makes of
receipts and click ids that a party kept, of an honest operator and of one that lies with its own keys."""

import hashlib
import json
import time
import unittest
import urllib.parse

from harness import ServerCase, jws_payload, person, send


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


if __name__ == "__main__":
    unittest.main()
