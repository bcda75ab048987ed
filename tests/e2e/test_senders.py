"""Senders that cannot sign a query: platforms that only replace macros."""

import json
import unittest
import urllib.parse

from harness import Market, Party, ServerCase, person, send, wait_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Keys(ServerCase):
    """Unsigned postbacks, by `key=`."""

    settings = {"TRUSTED_PROXIES": "127.0.0.1"}

    def setUp(self):
        self.market = Market(self.server)
        self.publisher, self.visit = self.market.publisher, self.market.click()
        self.path = f"/v1/parties/{self.publisher.id}/postback-key"
        self.key = self.publisher.put(self.path, {"cidrs": ["203.0.113.0/24", "2001:db8::/32"]})["key"]

    def report(self, key=None, ip="203.0.113.7", target="/postback", **fields):
        fields = {**person(click_id=self.visit), "key": key or self.key, **fields}
        query = urllib.parse.urlencode({name: value for name, value in fields.items() if value is not None})
        return send(f"{self.server.url}{target}?{query}", headers={"X-Forwarded-For": ip})

    def test_a_lead_by_key(self):
        for ip in ("203.0.113.0", "203.0.113.255", "2001:db8::1"):
            got = self.assertStatus(self.report(ip=ip), 200).json
            self.assertEqual((got["status"], got["ignored"]), ("pending", []), got)
        self.assertEqual(self.market.settled_entries()[got["index"]]["trust"], "key")

    def test_the_same_lead_again_is_the_first_again(self):
        fields = person(click_id=self.market.click())
        first = self.assertStatus(self.report(**fields), 200).json
        self.assertEqual(self.assertStatus(self.report(**fields), 200).json["index"], first["index"])
        self.assertProblem(self.report(**{**fields, "country": "BE"}), 409, "txid")
        self.assertEqual(self.assertStatus(self.report(**fields, kid=self.publisher.kid), 200).json["index"], first["index"])

    def test_a_form_may_keep_the_key_out_of_the_target(self):
        body = urllib.parse.urlencode({**person(click_id=self.market.click()), "key": self.key, "kid": self.publisher.kid}).encode()
        got = send(self.server.url + "/postback", "POST", body, {**FORM, "X-Forwarded-For": "203.0.113.7"})
        self.assertEqual(self.assertStatus(got, 200).json["status"], "pending")
        self.assertProblem(send(self.server.url + "/postback?key=" + self.key, "POST", body, {**FORM, "X-Forwarded-For": "203.0.113.7"}), 400, "key")

    def test_one_401_for_whatever_is_wrong_and_the_refused_log_says_what(self):
        other = Party(self.operator, "Other", "publisher")
        others = other.put(f"/v1/parties/{other.id}/postback-key", {"cidrs": ["203.0.113.0/24"]})["key"]
        unlisted = Party(self.operator, "Unlisted", "publisher")
        signed = self.publisher.signed_target({"txid": "1"})[:-1] + "x"
        before, kid = self.recorded(), self.publisher.kid
        cases = {
            "wrong key": (self.report(self.key[:-1] + ("A" if self.key[-1] != "A" else "B")), None),
            "wrong key with a kid": (self.report("csk_x", kid=kid), "the key is not the party's"),
            "another party's key": (self.report(others, kid=kid), "the key is not the party's"),
            "upper case": (self.report(self.key.upper(), kid=kid), "the key is not the party's"),
            "an API token": (self.report(self.publisher.token, kid=kid), "the key is not the party's"),
            "wrong address": (self.report(ip="203.0.114.0"), "the key holds, but not from this address"),
            "wrong address, IPv6": (self.report(ip="2001:db9::1", kid=kid), "the key holds, but not from this address"),
            "unknown kid": (self.report(kid="K0000000000000"), None),
            "not switched on": (self.report(kid=unlisted.kid), None),
            "a wrong signature": (send(self.server.url + signed), "sig is not 64 lowercase hex digits"),
        }
        texts = set()
        for what, (answer, reason) in cases.items():
            with self.subTest(what):
                problem = self.assertProblem(answer, 401)
                texts.add(json.dumps(problem, sort_keys=True))
                if reason is None:
                    continue
                told = self.wait_for_refused(answer.headers["Request-Id"])
                self.assertEqual((told["reason"], told["status"], told["route"]), (reason, 401, "/postback"))
        self.assertEqual(len(texts), 1, texts)
        self.assertNothingRecorded(before)

    def wait_for_refused(self, request_id):
        rows = wait_for(lambda: [row for row in self.publisher.get("/v1/refused")["data"] if row["request_id"] == request_id],
                        what="the refused log")
        return rows[0]

    def test_what_is_missing_or_too_much_is_named(self):
        cases = [({"key": self.key + "&key=" + self.key}, "key"), ({"sig": "0" * 64}, "key"), ({"key": ""}, "kid")]
        for changes, word in cases:
            query = urllib.parse.urlencode({"txid": "1", "key": self.key, **changes}, safe="&=")
            with self.subTest(word, **changes):
                self.assertProblem(send(f"{self.server.url}/postback?{query}", headers={"X-Forwarded-For": "203.0.113.7"}), 400, word)
        self.assertProblem(self.report(email="{email}"), 400, "email", "macro")

    def test_the_proxys_client_counts_and_nobody_elses_word(self):
        """The address is the one that the trusted proxy saw, not one that its client wrote."""
        self.assertStatus(self.report(ip="203.0.113.7"), 200)
        self.assertStatus(self.report(ip="203.0.113.7, 198.51.100.1"), 401)
        self.assertStatus(self.report(ip="198.51.100.1, 203.0.113.7"), 200)

    def test_an_advertisers_dispositions(self):
        advertiser = self.market.advertiser
        key = advertiser.put(f"/v1/parties/{advertiser.id}/postback-key", {"cidrs": ["127.0.0.1"]})["key"]
        lead = self.assertStatus(self.report(), 200).json["lead"]
        said = {"lead": lead, "status": "approved", "click_id": None, "txid": None, "email": None, "phone": None, "first_name": None, "country": None}
        got = self.assertStatus(self.report(key, "127.0.0.1", **said), 200).json
        self.assertEqual((got["status"], got["lead"]), ("approved", lead))
        self.assertEqual(self.market.settled_entries()[got["index"]]["trust"], "key")
        self.assertProblem(self.report(**said), 403)  # a publisher's

    def test_switched_on_changed_and_off(self):
        shown = {"cidrs": ["203.0.113.0/24", "2001:db8::/32"]}
        self.assertEqual(self.publisher.get(f"/v1/parties/{self.publisher.id}")["postback_key"], shown)
        moved = self.publisher.put(self.path, {"cidrs": ["198.51.100.9"]})
        self.assertEqual(moved, {"cidrs": ["198.51.100.9"], "party": self.publisher.id}, "a key that is there is not shown, and stays")
        self.assertStatus(self.report(), 401)
        self.assertStatus(self.report(ip="198.51.100.9"), 200)
        self.server.stop()
        self.server.start()
        self.assertStatus(self.report(ip="198.51.100.9"), 200)
        self.assertEqual(self.publisher.do("DELETE", self.path).json, {"cidrs": [], "party": self.publisher.id})
        self.assertStatus(self.report(ip="198.51.100.9"), 401)
        self.assertNotIn("postback_key", self.publisher.get(f"/v1/parties/{self.publisher.id}"))
        fresh = self.operator.put(self.path, {"cidrs": ["198.51.100.9"]})["key"]
        self.assertNotEqual(fresh, self.key)
        self.assertStatus(self.report(ip="198.51.100.9"), 401)
        self.assertStatus(self.report(fresh, "198.51.100.9"), 200)

    def test_what_a_list_of_addresses_is(self):
        cases = [({}, "cidrs"), ({"cidrs": []}, "cidrs"), ({"cidrs": "203.0.113.0/24"}, "cidrs"), ({"cidrs": ["203.0.113.0/33"]}, "cidrs[0]"),
                 ({"cidrs": ["10.0.0.0/8", "example.com"]}, "cidrs[1]"), ({"cidrs": ["::1,10.0.0.0/8"]}, "cidrs[0]"), ({"cidrs": [1]}, "cidrs[0]"),
                 ({"cidrs": ["10.0.0.0/8"] * 33}, "cidrs"), ({"cidrs": ["10.0.0.0/8"], "key": "mine"}, "key"), ({"cidrs": [""]}, "cidrs[0]")]
        for body, word in cases:
            with self.subTest(word, body=body):
                self.assertProblem(self.publisher.call("PUT", self.path, body), 422, word)
        auditor = f"/v1/parties/{self.market.auditor.id}/postback-key"
        self.assertProblem(self.market.auditor.call("PUT", auditor, {"cidrs": ["10.0.0.0/8"]}), 403)

    def test_a_key_is_in_no_log(self):
        self.report()
        self.report(ip="198.51.100.1")
        self.report("csk_almost" + self.key, kid=self.publisher.kid)
        self.assertNotIn(self.key[4:], self.server.log())
        self.assertNotIn(self.key[4:], json.dumps(self.operator.get("/v1/refused")))


if __name__ == "__main__":
    unittest.main()
