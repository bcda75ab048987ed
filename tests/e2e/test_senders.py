"""Senders that sign no query: platforms that only replace macros, and whoever brings a token and many rows."""

import base64
import contextlib
import csv
import http.client
import io
import json
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from harness import SOURCE, Market, Party, Server, ServerCase, countersign, jws_payload, person, send, wait_for

from client import webhook_signature  # from scripts/, where harness points to

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import second_verify, verify_twice  # noqa: E402

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
        with tempfile.TemporaryDirectory() as mirror:
            done = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", advertiser.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = countersign("verify", mirror)
            self.assertEqual(done.returncode, 0, done.stdout)
            done = second_verify(mirror)
            self.assertEqual(done.returncode, 0, done.stdout)

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


class Signed(ServerCase):
    """Signed JSON as its senders' libraries and their transports make it."""

    def setUp(self):
        self.publisher, self.visit = self.market.publisher, self.market.click()

    def signed(self, body, names="webhook", ident=None, at=None, secrets_of=None):
        """Headers by Python's own hmac; `names` is their kind."""
        ident, at = ident or "msg_" + secrets.token_hex(8), at or int(time.time())
        signatures = " ".join(webhook_signature(secret, ident, at, body) for secret in secrets_of or [self.publisher.secret])
        return {"Content-Type": "application/json", f"{names}-id": ident, f"{names}-timestamp": str(at), f"{names}-signature": signatures}

    def post(self, body, headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return send(f"{self.server.url}/postback/{self.publisher.kid}", "POST", body, headers)

    def say(self, fields):
        body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        return self.post(body, self.signed(body))

    def lead(self, **changes):
        return person(click_id=self.visit, **changes)

    def test_svix_headers_are_other_names(self):
        body = json.dumps(self.lead()).encode()
        headers = self.signed(body, "svix", ident="msg_svix")
        first = self.assertStatus(self.post(body, headers), 200).json
        again = self.signed(body, "webhook", ident="msg_svix")
        self.assertEqual(self.assertStatus(self.post(body, again), 200).json["index"], first["index"], "one id under both names")
        both = {**self.signed(body, "svix", ident="msg_both", at=int(time.time())), **self.signed(body, "webhook", ident="msg_both", at=int(time.time()))}
        both["svix-timestamp"] = both["webhook-timestamp"]
        both["svix-signature"] = both["webhook-signature"]
        self.assertStatus(self.post(body, both), 200)
        for name in ("id", "timestamp", "signature"):
            self.assertProblem(self.post(body, {**both, f"svix-{name}": both[f"webhook-{name}"] + "0"}), 400, f"svix-{name}")
        self.assertProblem(self.post(body, {**headers, "svix-id": "another"}), 401)
        self.assertProblem(self.post(body, {name: value for name, value in headers.items() if name != "svix-signature"}), 400, "webhook-signature")

    def test_one_of_several_signatures_holds(self):
        body = json.dumps(self.lead()).encode()
        other = "whsec_" + base64.b64encode(b"o" * 32).decode()
        self.assertStatus(self.post(body, self.signed(body, secrets_of=[other, self.publisher.secret])), 200)
        headers = self.signed(body, secrets_of=[other])
        headers["webhook-signature"] += " v1a,AAAA v2," + self.signed(body)["webhook-signature"][3:]
        self.assertProblem(self.post(body, headers), 401)

    def test_node_signs_and_is_believed(self):
        body = json.dumps(self.lead())
        script = ("const {Webhook} = require('standardwebhooks'); const [secret, id, at, body] = process.argv.slice(1);"
                  "console.log(new Webhook(secret).sign(id, new Date(at * 1000), body))")
        at = str(int(time.time()))
        done = subprocess.run(["node", "-e", script, self.publisher.secret, "msg_node", at, body], capture_output=True, text=True,
                              cwd=SOURCE / "tests", timeout=60, check=True)
        headers = {"Content-Type": "application/json", "svix-id": "msg_node", "svix-timestamp": at, "svix-signature": done.stdout.strip()}
        self.assertStatus(self.post(body.encode(), headers), 200)

    def test_an_envelope_is_opened(self):
        got = self.assertStatus(self.say({"type": "lead.created", "timestamp": "2026-11-26T18:00:00Z", "data": self.lead(), "account": "x"}), 200).json
        self.assertEqual((got["status"], got["ignored"]), ("pending", ["account"]))
        fields = self.lead()
        bare = self.assertStatus(self.say(fields), 200).json
        self.assertEqual(self.assertStatus(self.say({"type": "lead", "data": fields}), 200).json["index"], bare["index"])
        cases = [({"data": self.lead()}, "type"), ({"type": "lead", "data": [self.lead()]}, "data"), ({"type": "contact.deleted", "data": self.lead()}, "type"), ({"type": 1, "data": {}}, "type"),
                 ({"type": "lead", "data": self.lead(), "email": "x@example.com"}, "email"),
                 ({"type": "lead", "data": self.lead(), "fields": {}}, "fields"), ({"type": "lead", "data": self.lead(mail="x")}, "mail"),
                 ({"type": "lead.approved", "data": {"lead": got["lead"], "status": "rejected"}}, "status"),
                 ({"type": "disposition", "data": {"lead": got["lead"]}}, "status"), ({"type": "disposition", "data": person(txid="none")}, "status")]
        for body, word in cases:
            with self.subTest(word, body=str(body)[:40]):
                self.assertProblem(self.say(body), 400, word)
        advertiser = self.market.advertiser
        body = {"type": "lead.approved", "timestamp": "now", "data": {"lead": got["lead"], "reason": "good"}}
        self.assertEqual(self.assertStatus(advertiser.postback_json(body), 200).json["status"], "approved")

    def test_json_that_strangers_write(self):
        """Taken, told in `ignored`, or refused with the name: never lost in silence."""
        text = json.dumps(self.lead())
        self.assertStatus(self.say(b"\xef\xbb\xbf" + text.encode()), 200)
        escape = "\\ud83d"
        for more, field in ((f'"last_name": "{escape}"', "last_name"), (f'"f_city": "{escape}x"', "f_city"), ('"sub1": "\\udc00"', "sub1"),
                            (f'"fields": {{"a": "{escape}"}}', "f_a")):
            text = json.dumps(self.lead())
            for body in (f"{text[:-1]}, {more}}}".encode(), f"{text[:-1]}, {more.replace(escape, 'é')}}}".encode("latin-1")):
                with self.subTest(body[-40:]):
                    got = self.assertStatus(self.say(body), 200).json
                    self.assertEqual((got["status"], got["ignored"]), ("pending", [field] if b"\\u" in body or b"\xe9" in body else []))
        self.assertProblem(self.say(f'{{"txid": "{escape}"}}'.encode()), 400, "txid")
        got = self.assertStatus(self.say((json.dumps(self.lead())[:-1] + ', "last_name": "\\ud83d\\ude00 \\\\ud83d"}').encode()), 200).json
        self.assertEqual(got["ignored"], [])
        for changes, field in (({"f_Your city?": "x"}, "f_Your?city?"), ({"fields": {"Your city?": "x"}}, "f_Your?city?"),
                               ({"f_x": {"a": 1}}, "f_x"), ({"fields": {"a": {"b": 1}}}, "fields.a"), ({"fields": {"a": [1]}}, "fields.a"),
                               ({"fields": "x"}, "fields"), ({"email": ["a@example.com"]}, "email"), ({"f_" + "x" * 70: "1"}, "f_x")):
            with self.subTest(field):
                self.assertIn(field, self.assertProblem(self.say(self.lead(**changes)), 400)["field"])
        got = self.assertStatus(self.say(self.lead(address={"street": "x"}, tags=["a"], note=None)), 200).json
        self.assertEqual(sorted(got["ignored"]), ["address", "tags"])

    def test_chunks_of_pythons_client(self):
        for pieces in (1, 7, 4096):
            with self.subTest(pieces):
                body = json.dumps(self.lead()).encode()
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
                for _ in range(2):  # what follows on the connection is read from where the body ends
                    connection.request("POST", f"/postback/{self.publisher.kid}", (body[at:at + pieces] for at in range(0, len(body), pieces)),
                                       self.signed(body), encode_chunked=True)
                    answer = connection.getresponse()
                    self.assertEqual((answer.status, json.loads(answer.read())["status"]), (200, "pending"))
                connection.close()

    def test_chunks_of_curl(self):
        body = json.dumps(self.lead(fields={"text": "x" * 400, **{f"f{n}": "y" * 500 for n in range(30)}})).encode()
        headers = {**self.signed(body), "Transfer-Encoding": "chunked", "Expect": "100-continue"}
        arguments = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        done = subprocess.run(["curl", "-sS", "--http1.1", "--data-binary", "@-", *arguments, f"{self.server.url}/postback/{self.publisher.kid}"],
                              input=body, capture_output=True, timeout=60, check=True)
        self.assertEqual(json.loads(done.stdout)["status"], "pending", done)

    def test_chunks_may_come_a_byte_at_a_time_and_be_followed(self):
        body = json.dumps(self.lead()).encode()
        head = [f"POST /postback/{self.publisher.kid} HTTP/1.1", "Host: x", "Transfer-Encoding: chunked",
                *(f"{name}: {value}" for name, value in self.signed(body).items())]
        first = "\r\n".join(head).encode() + b"\r\n\r\n"
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 50]), body[at:at + 50]) for at in range(0, len(body), 50)) + b"0\r\n\r\n"
        last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        for step in (1, 100_000):
            with self.subTest(step), socket.create_connection(("127.0.0.1", self.server.port), 20) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                data, got = first + chunks + last, b""
                for at in range(0, len(data), step):
                    connection.sendall(data[at:at + step])
                while piece := connection.recv(65536):
                    got += piece
                self.assertEqual(re.findall(rb"HTTP/1.1 (\d+)", got), [b"200", b"200"], got[:300])

    def test_a_body_is_bounded_however_it_comes(self):
        body = b" " * (1 << 16) + b"{}"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        with contextlib.suppress(OSError):
            connection.request("POST", f"/postback/{self.publisher.kid}", iter([body[:40_000], body[40_000:]]), self.signed(body), encode_chunked=True)
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()


class PublicUrl(unittest.TestCase):
    """The HOST of signatures is that of the public URL, without a port that its scheme has anyway."""

    def test_default_ports_and_upper_case_are_no_part_of_the_host(self):
        for url, host, others in (("https://Track.Example:443/base", "track.example", ("track.example:443", "Track.Example", "track.example/base")),
                                  ("http://[2001:DB8::1]:80", "[2001:db8::1]", ("[2001:db8::1]:80", "[2001:DB8::1]", "2001:db8::1")),
                                  ("http://track.example:443", "track.example:443", ("track.example",))):
            server = Server(public_url=url)
            self.addCleanup(server.close)
            sender = Market(server).publisher
            for said, status in ((host, 200), *((other, 401) for other in others)):
                with self.subTest(url, host=said):
                    sender.host = said
                    self.assertEqual(sender.postback(person()).status, status)
            self.assertTrue(server.operator.get("/openapi.json")["servers"][0]["url"].startswith(url.split("//")[0] + "//" + host))


class Leads(ServerCase):
    """POST /v1/leads."""

    def setUp(self):
        self.publisher, self.advertiser = self.market.publisher, self.market.advertiser
        self.visit = self.market.click()

    def send(self, body, who=None, **headers):
        return (who or self.publisher).call("POST", "/v1/leads", body, headers)

    def lead(self, **changes):
        return person(click_id=self.visit, **changes)

    def test_one_is_answered_as_a_postback_is(self):
        fields = self.lead(fields={"age": 41}, touches=[self.visit], colour="red")
        got = self.assertStatus(self.send(fields), 200).json
        asked = self.assertStatus(self.publisher.postback_json(self.lead()), 200).json
        self.assertEqual(set(got), set(asked))
        self.assertEqual((got["status"], got["ignored"], got["payout_micros"]), ("pending", ["colour"], 12_000_000))
        entry = self.market.settled_entries()[got["index"]]
        self.assertEqual((entry["trust"], entry["party"]), ("api", self.publisher.id))
        self.assertEqual(self.assertStatus(self.send(fields), 200).json["index"], got["index"], "a txid tells a repetition")
        self.assertProblem(self.send({**fields, "country": "BE"}), 409, "txid")
        self.assertProblem(self.send({**fields, "mail": "x"}), 400, "mail")
        self.assertProblem(self.send({**fields, "email": "{email}"}), 400, "email")
        self.assertStatus(self.send(b"\xef\xbb\xbf" + json.dumps(self.lead()).encode(), **{"Content-Type": "application/json"}), 200)

    def test_an_array_answers_each_row(self):
        rows = [self.lead(), self.lead(email="{email}"), self.lead(status="approved"), self.lead(test="1"), self.lead(mail="x@example.com")]
        rows += [self.lead() for _ in range(60)] + [rows[0]]
        data = self.assertStatus(self.send(rows), 200).json["data"]
        self.assertEqual([row["row"] for row in data], list(range(len(rows))))
        self.assertEqual([row["status"] for row in data], [200, 400, 400, 200, 400] + [200] * 61)
        self.assertEqual([data[n]["field"] for n in (1, 2, 4)], ["email", "status", "mail"])
        self.assertEqual({row.get("decision") for row in data}, {None, "pending", "rejected"})
        self.assertEqual(data[-1]["index"], data[0]["index"])
        self.assertEqual(jws_payload(data[0]["receipt"])["index"], data[0]["index"])
        self.assertEqual(self.assertStatus(self.send([]), 200).json, {"data": []})

    def test_a_row_that_is_no_object_is_answered_as_the_others_are(self):
        rows = [None, self.lead(), 1, [], [self.lead()], "x", True, 1.5, self.lead()]
        data = self.assertStatus(self.send(rows), 200).json["data"]
        self.assertEqual([(row["row"], row["status"]) for row in data], [(n, 200 if isinstance(row, dict) else 400) for n, row in enumerate(rows)])
        self.assertEqual({row["detail"] for row in data if row["status"] == 400}, {"must be a JSON object"})

    def test_what_does_not_read_records_nothing(self):
        good, before = json.dumps(self.lead()), self.recorded()
        headers = {"Content-Type": "application/json"}
        for body, word in ((f"[{good},{good[:-1]}]", ""), (f"[{good} {good}]", ""), (f"[{good},]", ""), (f"[{good}],", ""), (f"[{good}", ""),
                           (f"[{good},{{\"a\":1,\"a\":2}}]", "[1]"), ("", ""), ("null", "object")):
            with self.subTest(body[-20:]):
                self.assertProblem(self.send(body.encode(), **headers), 400, word)
        self.assertProblem(self.send([{}] * 1001), 413, "1000")
        self.assertProblem(self.send(good.encode(), **{"Content-Type": "text/csv"}), 415)
        self.assertProblem(self.send(b" " * (2 << 20) + b" ", **headers), 413)
        self.assertNothingRecorded(before)

    def test_a_key_of_idempotency_holds_for_each_row(self):
        rows = [{**self.lead(), "txid": None} for _ in range(3)]
        rows = [{name: value for name, value in row.items() if value is not None} for row in rows]
        first = self.assertStatus(self.send(rows[:2], **{"Idempotency-Key": "k1"}), 200).json["data"]
        again = self.assertStatus(self.send(rows, **{"Idempotency-Key": "k1"}), 200).json["data"]
        self.assertEqual(again[:2], first)
        self.assertEqual(again[2]["status"], 200)
        other = self.assertStatus(self.send(rows[::-1], **{"Idempotency-Key": "k1"}), 200).json["data"]
        self.assertEqual([(row["status"], row.get("field")) for row in other], [(409, "Idempotency-Key"), (200, None), (409, "Idempotency-Key")])
        one = self.send(self.lead(), **{"Idempotency-Key": "k2"})
        self.assertIsNone(one.headers.get("Idempotent-Replayed"))
        self.assertProblem(self.send(self.lead(), **{"Idempotency-Key": "k2"}), 409, "Idempotency-Key")

    def test_a_refused_one_stands_in_the_refused_log(self):
        answer = self.assertStatus(self.send(self.lead(country="Atlantis")), 400)
        told = wait_for(lambda: [row for row in self.publisher.get("/v1/refused")["data"] if row["request_id"] == answer.headers["Request-Id"]],
                        what="the refused log")[0]
        self.assertEqual((told["field"], told["route"]), ("country", "/v1/leads"))

    def test_callers_racing_with_one_person_are_paid_once(self):
        rows = [self.lead(email="race@example.com", phone="+33612000001", txid=f"race-{n}") for n in range(24)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: self.send(rows[n::8]), range(8)))
        while any(answer.status == 429 for answer in answers):
            answers = [self.send(rows[n::8]) if answer.status == 429 else answer for n, answer in enumerate(answers)]
        decisions = [row["decision"] for answer in answers for row in answer.json["data"]]
        self.assertEqual((decisions.count("pending"), decisions.count("duplicate")), (1, 23))


    def test_of_a_person_s_duplicates_so_many_are_looked_through_and_no_more(self):
        """The one that says that an address and a number are one person is told behind 254 others, and then the lead that stands; behind 255 that is not looked at any more. An auditor's two programs count alike."""
        market = Market(self.server, {"lead": {"require": []}})
        visit, other = market.click(), market.click()

        def report(**who):
            return market.publisher.post("/v1/leads", {"click_id": visit, **who})

        expected = []
        for n in (254, 255):
            email, number = person()["email"], {"phone": person()["phone"], "click_id": other}
            first = report(**number)
            self.assertEqual(report(**number, email=email)["status"], "duplicate")
            rows = market.publisher.post("/v1/leads", [{"click_id": visit, "email": email}] * n)["data"]
            self.assertEqual({row["decision"] for row in rows}, {"duplicate"})
            market.advertiser.post(f"/v1/leads/{first['lead']}/dispositions", {"status": "rejected"})
            expected.append((report(**number)["status"], report(email=email)["status"]))
        self.assertEqual(expected, [("pending", "duplicate"), ("pending", "pending")])
        with tempfile.TemporaryDirectory() as mirror:
            done = countersign("pull", self.server.url, mirror, "--contract", market.contract, "--token", market.publisher.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(verify_twice(mirror).returncode, 0)


class SmallQueue(ServerCase):
    """A queue that holds less than a call has rows."""

    settings = {"QUEUE_SIZE": 16, "WORKERS": 1}

    def test_a_full_queue_holds_the_call_and_loses_nothing(self):
        visits = [self.market.click() for _ in range(4)]
        calls = [[person(click_id=visit) for _ in range(200)] for visit in visits]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda rows: self.market.publisher.call("POST", "/v1/leads", rows), calls))
        for rows, answer in zip(calls, answers):
            while True:  # what was not taken is sent again
                if answer.status == 200:
                    states = {row["status"] for row in answer.json["data"]}
                    self.assertLessEqual(states, {200, 503})
                    if states == {200}:
                        break
                else:
                    self.assertProblem(answer, 503)
                answer = self.market.publisher.call("POST", "/v1/leads", rows)
            self.assertEqual([row["row"] for row in answer.json["data"]], list(range(200)))
        reported = [entry["txid"] for entry in self.market.settled_entries() if entry["kind"] == "lead"]
        sent = {row["txid"] for rows in calls for row in rows}
        self.assertEqual(sorted(txid for txid in reported if txid in sent), sorted(sent), "each of them, once")

    def test_a_fifth_call_of_a_party_waits_its_turn(self):
        """Four are taken on one worker; who sends more is told so, and nothing of it is recorded."""
        rows = [[person(click_id=self.market.click()) for _ in range(500)] for _ in range(12)]
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda some: self.market.publisher.call("POST", "/v1/leads", some), rows))
        self.assertLessEqual({answer.status for answer in answers}, {200, 429, 503})
        self.assertIn(200, {answer.status for answer in answers})
        for answer in answers:
            self.assertEqual(answer.status == 200, "Retry-After" not in answer.headers)


class Dispositions(ServerCase):
    """POST /v1/dispositions."""

    ROWS = 10_000

    def setUp(self):
        self.publisher, self.advertiser = self.market.publisher, self.market.advertiser

    def leads(self, n, **changes):
        rows = [person(click_id=self.market.click(), **changes) for _ in range(n)]
        data = []
        for at in range(0, n, 1000):
            data += self.assertStatus(self.publisher.call("POST", "/v1/leads", rows[at:at + 1000]), 200).json["data"]
        self.assertEqual({row["status"] for row in data}, {200})
        return rows, [row["lead"] for row in data]

    def dispose(self, body, who=None, **headers):
        return (who or self.advertiser).call("POST", "/v1/dispositions", body, headers)

    def csv(self, text, **options):
        return self.dispose(text.encode(), **{"Content-Type": "text/csv; charset=utf-8"}, **options)

    def test_json_rows(self):
        rows, leads = self.leads(6)
        said = [{"lead": leads[0], "status": "approved"}, {"txid": rows[1]["txid"], "status": "rejected", "reason": "wrong number"},
                {"lead": leads[2], "status": "converted", "amount": 49.9, "currency": "EUR"}, {"lead": "L" + "x" * 46, "status": "approved"},
                {"lead": leads[3], "status": "sold"}, {"lead": leads[3], "status": "converted", "amount": "1.5", "currency": "USD"},
                {"lead": leads[3], "status": "approved", "mail": "x"}, {"status": "approved"}, {"lead": leads[0], "status": "approved"}]
        data = self.assertStatus(self.dispose(said), 200).json["data"]
        self.assertEqual([(row["row"], row["status"], row.get("field"), row.get("decision")) for row in data], [
            (0, 200, None, "approved"), (1, 200, None, "rejected"), (2, 200, None, "converted"), (3, 404, "lead", None), (4, 400, "status", None),
            (5, 400, "currency", None), (6, 400, "mail", None), (7, 400, "lead", None), (8, 200, None, "approved")])
        self.assertEqual(data[8]["index"], data[0]["index"], "said again it is so already")
        self.assertEqual((data[1]["reason"], data[1]["lead"]), ("wrong number", leads[1]))
        self.assertEqual(self.advertiser.get(f"/v1/leads/{leads[2]}")["status"], "converted")
        self.assertEqual(self.market.settled_entries()[data[0]["index"]]["trust"], "api")

    def test_csv_as_others_write_it(self):
        rows, leads = self.leads(4)
        text = io.StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerows([["lead", "status", "reason", "amount", "currency", "note"], [leads[0], "rejected", 'says "no",\nand hangs up', "", "", ""],
                          [leads[1], "converted", "", "12.50", "EUR", "x"]])
        data = self.assertStatus(self.csv("\ufeff" + text.getvalue()), 200).json["data"]
        self.assertEqual([(row["status"], row["decision"], row["ignored"]) for row in data],
                         [(200, "rejected", ["note"]), (200, "converted", ["note"])])
        self.assertEqual(data[0]["reason"], 'says "no",\nand hangs up')
        plain = f"txid,status\n{rows[2]['txid']},approved\n\n{rows[3]['txid']},approved"
        self.assertEqual([row["decision"] for row in self.assertStatus(self.csv(plain), 200).json["data"]], ["approved"] * 2)

    def test_csv_that_is_none_records_nothing(self):
        _, (lead,) = self.leads(1)
        before = self.recorded()
        cases = [("", "first line"), ("lead;status\nx;approved\n", "comma"), ("lead\tstatus\nx\tapproved\n", "comma"), (f"lead,status\n{lead},approved\n{lead}\n", "line 3"),
                 (f'lead,status\n{lead},"approved\n', "line 2"), (f'lead,status\n{lead},app"roved\n', "line 2"),
                 (f'lead,status\n{lead},"approved"x\n', "line 2"), (f"lead,status\r{lead},approved\r", "CR"),
                 (f"lead,lead,status\n{lead},{lead},approved\n", "lead"), (f"lead,mail,status\n{lead},x,approved\n", "mail")]
        for text, word in cases:
            with self.subTest(text[:30]):
                answer = self.csv(text)
                if answer.status == 200:
                    self.assertEqual({row["status"] for row in answer.json["data"]}, {400})
                else:
                    self.assertProblem(answer, 400, word)
        self.assertNothingRecorded(before)

    def test_who_may(self):
        rows, (lead, other) = self.leads(2)
        self.assertProblem(self.dispose([{"lead": lead, "status": "approved"}], self.publisher), 403)
        stranger = Market(self.server)
        data = self.assertStatus(self.dispose([{"lead": lead, "status": "approved"}, {"txid": rows[0]["txid"], "status": "approved"}],
                                              stranger.advertiser), 200).json["data"]
        self.assertEqual([row["status"] for row in data], [404, 404])
        data = self.assertStatus(self.dispose([{"lead": lead, "status": "approved"}, {"txid": rows[1]["txid"], "status": "approved"}],
                                              self.operator), 200).json["data"]
        self.assertEqual([(row["status"], row.get("field")) for row in data], [(200, None), (400, "lead")])
        self.assertEqual(self.advertiser.get(f"/v1/leads/{other}")["status"], "pending")

    def test_campaign_and_contract_decide(self):
        """One txid in two campaigns of an advertiser."""
        first, second = self.market, Market.__new__(Market)
        second.__dict__.update(first.__dict__)
        second.campaign = self.advertiser.post("/v1/campaigns", {
            "advertiser": self.advertiser.id, "name": "Second", "currency": "EUR", "landing_url": "https://second.example/",
            "review": {"mode": "manual"}})["id"]
        second.contract = second.new_contract(self.publisher)
        second.code = second.new_code(self.publisher, second.contract)
        reported = {}
        for market in (first, second):
            fields = person(txid="both", click_id=market.click(), email=f"{market.contract}@example.com")
            reported[market.campaign] = self.assertStatus(self.publisher.postback(fields), 200).json
        leads = {campaign: got["lead"] for campaign, got in reported.items()}
        say = self.advertiser.postback
        self.assertProblem(say({"txid": "both", "status": "approved"}), 409, "txid")
        self.assertProblem(say({"lead": leads[first.campaign], "campaign": second.campaign, "status": "approved"}), 409, "campaign")
        self.assertProblem(say({"lead": leads[first.campaign], "contract": second.contract, "status": "approved"}), 409, "contract")
        self.assertProblem(say({"txid": "both", "campaign": first.campaign, "contract": second.contract, "status": "approved"}), 400, "campaign")
        self.assertProblem(say({"txid": "both", "campaign": "A000000000000", "status": "approved"}), 400, "campaign")
        stranger = Market(self.server)
        self.assertProblem(say({"txid": "both", "contract": stranger.contract, "status": "approved"}), 400, "contract")
        got = self.assertStatus(say({"txid": "both", "campaign": second.campaign, "status": "approved"}), 200).json
        self.assertEqual(got["lead"], leads[second.campaign])
        data = self.assertStatus(self.dispose([{"txid": "both", "contract": first.contract, "status": "approved"}]), 200).json["data"]
        self.assertEqual(data[0]["lead"], leads[first.campaign])

    def test_ten_thousand_rows_while_others_click_and_the_end_in_the_middle(self):
        """Killed midway, the call said again brings what is left, and nothing twice; clicks of others are answered meanwhile."""
        rows, leads = self.leads(40)
        said = [{"lead": lead, "status": "approved", "reason": f"by hand {n}"} for n, lead in enumerate(leads)]
        many = (said + [{"txid": f"nobody-{n}", "status": "approved"} for n in range(self.ROWS)])[:self.ROWS]
        with ThreadPoolExecutor(2) as pool:
            call = pool.submit(self.dispose, many)
            clicks = 0
            while not call.done():
                self.market.click()
                clicks += 1
            answer = self.assertStatus(call.result(), 200)
        self.assertGreater(clicks, 3)
        data = answer.json["data"]
        self.assertEqual([row["row"] for row in data], list(range(self.ROWS)))
        self.assertEqual([row["status"] for row in data], [200] * 40 + [404] * (self.ROWS - 40))
        self.assertProblem(self.dispose(many + many[-1:]), 413, "10000")

        rows, leads = self.leads(2000)
        said = [{"lead": lead, "status": "rejected", "reason": "no"} for lead in leads]
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(self.dispose, said)
            before = self.server.metric("dispositions")
            wait_for(lambda: self.server.metric("dispositions") > before, what="the first rows")
            self.server.kill()
            with self.assertRaises(OSError):
                call.result()
        self.server.start()
        states = [self.advertiser.get(f"/v1/leads/{lead}")["status"] for lead in leads[::50]]
        data = self.assertStatus(self.dispose(said), 200).json["data"]
        self.assertEqual({(row["status"], row["decision"]) for row in data}, {(200, "rejected")})
        self.assertEqual(len({row["index"] for row in data}), 2000)
        entries = [entry for entry in self.market.settled_entries() if entry["kind"] == "disposition" and entry["status"] == "rejected"]
        told = [entry["lead"] for entry in entries if entry.get("reason", entry.get("text")) == "no"]
        self.assertEqual(len(told), len(set(told)), "nothing twice")
        self.assertLess(states.count("rejected"), len(states) + 1)


if __name__ == "__main__":
    unittest.main()
