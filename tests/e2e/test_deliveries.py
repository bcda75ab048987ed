"""What is told to parties' webhooks: by whom, to whom, when, and what becomes of targets that do not behave."""

import base64
import contextlib
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock
import urllib.parse
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from harness import SOURCE, Market, Party, Server, ServerCase, countersign, free_port, person, wait_for
from sent import deliveries, ended
from tls import make_pair

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import verify_twice  # noqa: E402

LOOPBACK = {"WEBHOOK_ALLOW": "127.0.0.0/8"}


class Target:
    """A receiver on loopback. `answer` makes (status, headers, body) of a request; what came is in `got`."""

    def __init__(self, case, answer=None):
        self.got, self.lock = [], threading.Lock()
        self.answer = answer or (lambda request: (200, {}, b"ok"))
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = {"method": self.command, "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body.decode()}
                with target.lock:
                    target.got.append(request)
                status, headers, body = target.answer(request)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET = take

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)

    def ids(self):
        with self.lock:
            return [request["headers"]["webhook-id"] for request in self.got]

    def data(self, kind=None):
        with self.lock:
            said = [json.loads(request["body"]) for request in self.got]
        return [each["data"] for each in said if kind in (None, each["type"])]


class Deliveries(ServerCase):
    settings = LOOPBACK

    def setUp(self):
        self.market = Market(self.server)
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher

    def hook(self, party, url, **members):
        return party.put(f"/v1/parties/{party.id}/webhook", members or {"url": url})

    def lead(self, **fields):
        return self.publisher.postback(person(click_id=self.market.click(), **fields)).json

    def dispose(self, lead, status="approved", **fields):
        return self.advertiser.post(f"/v1/leads/{lead['lead']}/dispositions", {"status": status, **fields})


class Told(Deliveries):
    def test_each_side_is_told_what_concerns_it_and_both_libraries_verify_it(self):
        crm, tracker = Target(self), Target(self)
        secrets = {}
        for party, target in ((self.advertiser, crm), (self.publisher, tracker)):
            answer = self.hook(party, target.url)
            secrets[target.url], public = answer["secret"], answer["public_key"]
        lead = self.lead(email="ada@example.com", sub1="ad-7")
        self.dispose(lead)
        statement = self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]
        wait_for(lambda: len(crm.got) == 2 and len(tracker.got) == 3, what="five deliveries")
        told = crm.data("lead")[0]
        self.assertEqual((told["lead"], told["contact"]["email"], told["status"], told["sub1"]), (lead["lead"], "ada@example.com", "pending", "ad-7"), told)
        self.assertEqual([each["status"] for each in tracker.data("lead") + tracker.data("disposition")], ["pending", "approved"])
        self.assertEqual({each["lead"] for each in tracker.data() if "lead" in each}, {lead["lead"]})
        self.assertNotIn("ada@", json.dumps(tracker.data()))
        self.assertEqual([crm.data("statement")[0]["statement"], tracker.data("statement")[0]["statement"]], [statement, statement])
        self.verify([{"secret": secrets[target.url], "headers": request["headers"], "body": request["body"]}
                     for target in (crm, tracker) for request in target.got], public)

    def verify(self, requests, public):
        done = subprocess.run(["node", SOURCE / "tests/interop/webhook_verify.mjs"], input=json.dumps(requests), text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, len(done.stdout.split("\n")) - 1), (0, 2 * len(requests)), done.stderr)
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
        for request in requests:
            h = request["headers"]
            signature = base64.b64decode(h["webhook-signature"].split(" v1a,")[1])
            key.verify(signature, f"{h['webhook-id']}.{h['webhook-timestamp']}.{request['body']}".encode())
            with self.assertRaises(InvalidSignature):
                key.verify(signature, f"{h['webhook-id']}.{h['webhook-timestamp']}.{request['body']} ".encode())

    def test_macros_are_replaced_and_encoded(self):
        tracker = Target(self)
        names = "click_id txid status payout currency event sub1 lead_id reason timestamp"
        query = "&".join(f"x_{name}={{{name}}}" for name in names.split())
        self.hook(self.publisher, None, macro_url=f"{tracker.url}/{{status}}?{query}")
        visit = self.market.click("?sub1=a%26b%3Dc%20%C3%A9")
        lead = self.publisher.postback(person(click_id=visit, txid="t/1&2")).json
        wait_for(lambda: tracker.got, what="a call")
        request = tracker.got[0]
        got = {k[2:]: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(request["path"]).query, keep_blank_values=True).items()}
        self.assertEqual((request["method"], request["body"], urllib.parse.urlsplit(request["path"]).path), ("GET", "", "/hook/pending"))
        self.assertLess(abs(int(got.pop("timestamp")) - time.time()), 600)
        self.assertEqual(got, {"click_id": visit, "txid": "t/1&2", "status": "pending", "payout": "12.00", "currency": "EUR", "event": "lead", "sub1": "a&b=c é",
                               "lead_id": lead["lead"], "reason": ""})

    def test_what_arrives_comes_in_the_order_of_the_log(self):
        target = Target(self)
        self.hook(self.publisher, target.url)
        leads = [self.lead()["lead"] for _ in range(12)]
        wait_for(lambda: len(target.got) == 12, what="all of them")
        self.assertEqual([each["lead"] for each in target.data()], leads)

    def test_a_test_arrives_and_may_be_sent_again_under_its_id(self):
        target = Target(self)
        self.hook(self.publisher, target.url)
        made = self.publisher.post(f"/v1/parties/{self.publisher.id}/webhook/test", {})
        self.assertEqual(ended(self.publisher, made["id"])["state"], "delivered")
        again = self.publisher.post(f"/v1/deliveries/{made['id']}/resend", {})
        self.assertEqual(again["id"], made["id"])
        wait_for(lambda: len(target.got) == 2, what="it again")
        self.assertEqual(target.ids(), [made["id"]] * 2)
        wait_for(lambda: len(deliveries(self.publisher)[0]["attempts"]) == 2, what="both attempts")


class Misbehaving(Deliveries):
    def failing(self, answer, **hook):
        """The first attempt at a target that answers like that."""
        target = Target(self, answer)
        self.hook(self.publisher, target.url, **hook)
        identity = self.publisher.post(f"/v1/parties/{self.publisher.id}/webhook/test", {})["id"]
        return wait_for(lambda: next((d for d in deliveries(self.publisher) if d["id"] == identity and d["attempts"]), None), what="an attempt"), target

    def test_what_fails_is_said_and_tried_again(self):
        for answer, error, status in (
                ((500, {}, b"no"), "status", 500), ((404, {}, b""), "status", 404), ((200, {}, b"x" * 16385), "answer_too_large", 0),
                ((302, {"Location": "http://127.0.0.1:1/"}, b""), "redirect", 302), ((301, {"Location": self.server.url + "/healthz"}, b""), "redirect", 301)):
            with self.subTest(status=answer[0]):
                delivery, _ = self.failing(lambda request, said=answer: said)
                self.assertEqual((delivery["state"], delivery["attempts"][0]["error"], delivery["attempts"][0]["status"]), ("pending", error, status), delivery)
                self.assertGreater(delivery["next_at"], delivery["attempts"][0]["at"])

    def test_a_body_of_16_kib_is_taken(self):
        delivery, _ = self.failing(lambda request: (200, {}, b"x" * 16384))
        self.assertEqual(delivery["state"], "delivered", delivery)

    def test_retry_after_is_kept_to(self):
        delivery, _ = self.failing(lambda request: (503, {"Retry-After": "3600"}, b""))
        self.assertGreaterEqual(instant(delivery["next_at"]) - instant(delivery["attempts"][0]["at"]), 3600)

    def test_of_a_retry_after_of_days_twelve_hours_are_kept_to_for_all_that_goes_there(self):
        delivery, target = self.failing(lambda request: (503, {"Retry-After": "172800"}, b""))
        self.assertTrue(43200 <= instant(delivery["next_at"]) - instant(delivery["attempts"][0]["at"]) < 43200 * 1.3, delivery)
        self.publisher.post(f"/v1/parties/{self.publisher.id}/webhook/test", {})
        time.sleep(2.5)  # without it a target rests a second after its first failure
        self.assertEqual(target.ids(), [delivery["id"]])

    def test_410_switches_it_off_until_it_is_set_again(self):
        delivery, target = self.failing(lambda request: (410, {}, b""))
        self.assertEqual(delivery["state"], "failed", delivery)
        path = f"/v1/parties/{self.publisher.id}/webhook"
        self.assertIn("disabled_at", self.publisher.get(path))
        self.assertProblem(self.publisher.call("POST", path + "/test", {}), 409)
        self.lead()
        self.assertEqual([d["event"] for d in deliveries(self.publisher)], ["test"])
        target.answer = lambda request: (200, {}, b"")
        self.assertNotIn("disabled_at", self.hook(self.publisher, target.url))
        self.lead()
        wait_for(lambda: len(target.got) == 2, what="what came since")

    def test_a_410_with_a_page_larger_than_is_taken_is_one_too(self):
        delivery, _ = self.failing(lambda request: (410, {}, b"x" * 20000))
        self.assertEqual((delivery["state"], delivery["attempts"][0]["error"]), ("failed", "answer_too_large"), delivery)
        self.assertIn("disabled_at", self.publisher.get(f"/v1/parties/{self.publisher.id}/webhook"))

    def test_what_is_due_without_a_webhook_is_dropped(self):
        self.failing(lambda request: (500, {}, b""))
        identity = deliveries(self.publisher)[0]["id"]
        self.publisher.delete(f"/v1/parties/{self.publisher.id}/webhook")
        self.assertEqual(ended(self.publisher, identity)["state"], "dropped")

    def test_a_test_is_of_the_address_that_stood_then(self):
        delivery, old = self.failing(lambda request: (500, {}, b""))
        lead, new = self.lead(), Target(self)
        self.hook(self.publisher, new.url)
        self.assertEqual(ended(self.publisher, delivery["id"])["state"], "dropped")
        self.assertProblem(self.publisher.call("POST", f"/v1/deliveries/{delivery['id']}/resend", {}), 409)
        again = self.publisher.post(f"/v1/parties/{self.publisher.id}/webhook/test", {})
        self.assertEqual(ended(self.publisher, again["id"])["state"], "delivered")
        wait_for(lambda: len(new.got) == 2, what="the lead, which is for the party wherever it has its events sent")
        self.assertEqual(([each["lead"] for each in new.data("lead")], new.data("test")), ([lead["lead"]], [{"party": self.publisher.id}]))
        self.assertEqual({identity for identity in old.ids() if identity == again["id"]}, set())

    def test_a_failure_is_tried_again_under_its_id(self):
        answers = [(500, {}, b""), (200, {}, b"")]
        delivery, target = self.failing(lambda request: answers.pop(0))
        done = ended(self.publisher, delivery["id"])
        self.assertEqual(([a["status"] for a in done["attempts"]], set(target.ids())), ([500, 200], {delivery["id"]}))
        self.assertEqual(target.got[0]["body"], target.got[1]["body"])

    def test_no_target_holds_up_another(self):
        """One that never answers, one that never ends, one where nobody listens; in front of one that works."""
        endless = Endless(self)
        for _ in range(3):  # where the machine stood still for all that the server waits for an answer, nothing is told
            stuck = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
            urls = [*(f"http://127.0.0.1:{each.getsockname()[1]}/" for each in stuck), *[endless.url, f"http://127.0.0.1:{free_port()}/"] * 3]
            slow = [Party(self.operator, "Slow", "publisher") for _ in urls]
            tests = [self.probe(party, url)["id"] for party, url in zip(slow, urls)]
            for each in stuck:
                each.settimeout(300)
                self.addCleanup(each.close)
                self.addCleanup(each.accept()[0].close)
            good = Target(self)
            self.probe(self.publisher, good.url)
            wait_for(lambda: good.got, 300, what="the one that works")
            if not any(party.get(f"/v1/deliveries/{test}")["attempts"] for party, test in zip(slow[:3], tests)):
                return
        self.fail("it waits until those are given up that never answer")

    def test_many_crms_of_one_party_leave_room_for_others(self):
        """Each answers late and well: so none of them rests, as one that fails would."""
        late = threading.Event()
        self.addCleanup(late.set)
        slow, other = Target(self, lambda request: (late.wait() and 200, {}, b"")), Target(self)
        campaigns = [self.advertiser.post("/v1/campaigns", {"advertiser": self.advertiser.id, "name": f"Offer {n}", "currency": "EUR",
                                                            "landing_url": "https://landing.example/"})["id"] for n in range(12)]
        for campaign in campaigns:
            self.advertiser.put(f"/v1/campaigns/{campaign}/crm", {"recipe": "json", "url": slow.url})
        tests = [self.advertiser.post(f"/v1/campaigns/{campaign}/crm/test", {})["id"] for campaign in campaigns]
        wait_for(lambda: len(slow.got) >= 8, 60, "as many as are sent at once")
        self.probe(self.publisher, other.url)
        wait_for(lambda: other.got, 60, "the other party's")
        late.set()
        sent = [wait_for(lambda test=test: self.advertiser.get(f"/v1/deliveries/{test}")["attempts"], 60, "an attempt") for test in tests]
        spans = [(began := datetime.fromisoformat(each["at"]), began + timedelta(milliseconds=each["ms"])) for attempts in sent for each in attempts]
        self.assertLessEqual(max(sum(a <= began < b for a, b in spans) for began, _ in spans), 8)

    def probe(self, party, url):
        self.hook(party, url)
        return party.post(f"/v1/parties/{party.id}/webhook/test", {})


class Counted(Deliveries):
    def test_metrics_say_what_waits_arrived_and_failed(self):
        before = {name: self.server.metric(name) for name in ("deliveries_delivered", "delivery_failures", "deliveries_given_up")}
        target = Target(self, lambda request: (503, {"Retry-After": "3600"}, b""))
        self.hook(self.publisher, target.url)
        began = int(time.time())
        for _ in range(3):
            self.lead()
        wait_for(lambda: self.server.metric("deliveries_due") == 3 and target.got, what="three that wait")
        self.assertLess(abs(self.server.metric("delivery_oldest_timestamp_seconds") - began), 60)
        wait_for(lambda: self.server.metric("delivery_failures") == before["delivery_failures"] + 1, what="a failure")
        target.answer = lambda request: (200, {}, b"")
        self.hook(self.publisher, target.url + "?again")  # a target that is set again rests no more
        for each in deliveries(self.publisher):
            self.publisher.post(f"/v1/deliveries/{each['id']}/resend", {})
        wait_for(lambda: self.server.metric("deliveries_due") == 0, what="an end of them")
        self.assertEqual((self.server.metric("delivery_oldest_timestamp_seconds"), self.server.metric("deliveries_delivered") - before["deliveries_delivered"]), (0, 3))
        target.answer = lambda request: (410, {}, b"")
        self.lead()
        wait_for(lambda: self.server.metric("deliveries_given_up") == before["deliveries_given_up"] + 1, what="one that is given up")


class Endless:
    """Answers 200 and never ends."""

    def __init__(self, case):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        case.addCleanup(self.listener.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.ExitStack() as kept, contextlib.suppress(OSError):
            while True:
                taken = kept.enter_context(self.listener.accept()[0])
                taken.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")


class Killed(Deliveries):
    def test_no_delivery_is_lost_when_either_side_dies(self):
        """The receiver dies with the request in its hands, then the server while others wait; ids stay, and all arrive."""
        dying = socket.create_server(("127.0.0.1", 0))
        port = dying.getsockname()[1]
        self.hook(self.publisher, f"http://127.0.0.1:{port}/")
        leads = [self.lead()["lead"] for _ in range(5)]
        taken = dying.accept()[0]
        first = re.search(rb"webhook-id: (\S+)", taken.recv(65536))[1].decode()
        self.server.kill()
        taken.close()
        dying.close()
        got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                got.append((self.headers["webhook-id"], body["data"]["lead"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server.start()
        receiver = http.server.HTTPServer(("127.0.0.1", port), Handler)
        self.addCleanup(receiver.server_close)
        self.addCleanup(receiver.shutdown)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        wait_for(lambda: {lead for _, lead in got} == set(leads), 60, what="all of them")
        self.assertIn(first, [identity for identity, _ in got])
        self.assertEqual(len(set(got)), len(leads))  # one id each, however often
        wait_for(lambda: {d["state"] for d in deliveries(self.publisher)} == {"delivered"}, what="the log to say so")


class Seen(Deliveries):
    def setUp(self):
        super().setUp()
        self.crm = Target(self)
        self.hook(self.advertiser, self.crm.url + "?key=hidden")
        self.told = self.lead(email="ada@example.com")
        wait_for(lambda: self.crm.got, what="a delivery")
        self.identity = self.crm.ids()[0]
        ended(self.advertiser, self.identity)

    def test_both_sides_see_every_attempt_and_one_of_them_the_person(self):
        ours, theirs = (party.get(f"/v1/deliveries/{self.identity}") for party in (self.advertiser, self.publisher))
        self.assertEqual(ours["body"]["data"]["contact"]["email"], "ada@example.com")
        self.assertEqual(ours["body"], json.loads(self.crm.got[0]["body"]))
        self.assertNotIn("contact", theirs["body"]["data"])
        self.assertEqual((ours["target"], theirs["target"]), (self.crm.url + "?key=hidden", self.crm.url.removesuffix("hook")))
        self.assertEqual(ours["attempts"], theirs["attempts"])
        self.assertNotIn("ada@", json.dumps(self.operator.get(f"/v1/deliveries/{self.identity}")))
        host = self.crm.url.removesuffix("/hook")
        self.hook(self.advertiser, host + "?key=a/hidden")
        self.assertEqual(self.publisher.get(f"/v1/deliveries/{self.identity}")["target"], host)

    def test_nobody_else_sees_any(self):
        other = Party(self.operator, "Other", "publisher")
        self.assertEqual(deliveries(other), [])
        for method, path in (("GET", ""), ("POST", "/resend")):
            self.assertProblem(other.call(method, f"/v1/deliveries/{self.identity}{path}"), 404)
        self.assertProblem(other.call("GET", f"/v1/deliveries?contract={self.market.contract}"), 404)
        self.assertProblem(self.publisher.call("POST", f"/v1/deliveries/{self.identity}/resend", {}), 403)
        for method, body in (("GET", None), ("PUT", {"url": "https://x.example/"}), ("DELETE", None)):
            self.assertProblem(other.call(method, f"/v1/parties/{self.publisher.id}/webhook", body), 404)
        self.assertProblem(self.operator.call("PUT", f"/v1/parties/{self.publisher.id}/webhook", {"url": "https://x.example/"}), 403)
        self.assertEqual(self.market.auditor.call("GET", "/v1/deliveries").status, 403)
        for identity in ("x", "T-1-" + other.id, f"{self.market.contract}-999999-{self.advertiser.id}", self.identity + "x"):
            self.assertProblem(self.advertiser.call("GET", f"/v1/deliveries/{identity}"), 404)

    def test_pages_and_filters_give_each_once(self):
        for _ in range(4):
            self.lead()
        self.advertiser.post(f"/v1/parties/{self.advertiser.id}/webhook/test", {})
        whole = deliveries(self.advertiser)
        self.assertEqual((len(whole), [d["at"] for d in whole]), (6, sorted((d["at"] for d in whole), reverse=True)))
        paged, after = [], {}
        while True:
            page = self.advertiser.get("/v1/deliveries?" + urllib.parse.urlencode({"limit": 2, **after}))
            paged += page["data"]
            if "next" not in page:
                break
            after = {"after": page["next"]}
        self.assertEqual([d["id"] for d in paged], [d["id"] for d in whole])
        self.assertEqual([d["event"] for d in deliveries(self.advertiser, event="test")], ["test"])
        self.assertEqual(len(deliveries(self.publisher)), 5)
        self.assertEqual(deliveries(self.advertiser, party=self.publisher.id), [])
        self.assertEqual(len(deliveries(self.advertiser, contract=self.market.contract)), 5)
        stranger = Party(self.market.operator, "Stranger", "publisher")
        said = [self.advertiser.call("GET", "/v1/deliveries?party=" + ident) for ident in (stranger.id, "none")]
        self.assertEqual(*[(one.status, {**one.json, "request_id": ""}) for one in said])
        for query in ("state=none", "event=click", "after=x", "party=none", "what=x"):
            self.assertIn(self.advertiser.call("GET", "/v1/deliveries?" + query).status, (400, 404))

    def test_the_logs_tell_that_it_was_set_and_check_and_verify_hold(self):
        first = wait_for(self.told_webhooks, what="the log to tell of it")
        self.assertEqual([(e["party"], e["by"], e.get("retired", False)) for e in first], [(self.advertiser.id, self.advertiser.id, False)])
        self.hook(self.advertiser, self.crm.url)
        wait_for(lambda: len(self.told_webhooks()) == 3, what="the change")
        with tempfile.TemporaryDirectory(prefix="countersign-test-") as mirror:
            done = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.publisher.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(verify_twice(mirror).returncode, 0)
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def told_webhooks(self):
        return [e for e in self.market.settled_entries() if e["kind"] == "credential" and e["what"] == "webhook"]


class Refused(Deliveries):
    settings = {}

    def test_urls_that_are_none(self):
        path = f"/v1/parties/{self.publisher.id}/webhook"
        for body, status in (({}, 400), ({"url": "https://a.example/", "macro_url": "https://a.example/"}, 400), ({"url": ""}, 422),
                             ({"url": "http://a.example/"}, 422), ({"url": "ftp://a.example/"}, 422), ({"url": "https://u:p@a.example/"}, 422),
                             ({"url": "https://a.example/#x"}, 422), ({"url": "https://a.example/{click_id}"}, 422), ({"url": "//a.example/"}, 422),
                             ({"macro_url": "https://{sub1}.example/"}, 422), ({"macro_url": "https://a.example/?x={email}"}, 422),
                             ({"macro_url": "https://a.example/?x={click_id"}, 422), ({"url": "https://a.example/ b"}, 422), ({"url": 1}, 422),
                             *(({kind: f"https://{host}/"}, 422) for kind in ("url", "macro_url")
                               for host in ("[127.0.0.1]", "[1.2.3.4]", "[::1", "[]", "[:]", "[::1]x", "[::1%25lo]", "[::127.0.0.1.1]", "[1:2:3:4:5:6:7:8:9]", "a.example:", "a.example:65536"))):
            with self.subTest(body=body):
                answer = self.publisher.call("PUT", path, body)
                self.assertIn(answer.status, (status, 400 if status == 422 else status), answer)
        self.assertNotIn("url", self.publisher.get(path))
        self.assertProblem(self.publisher.call("POST", path + "/test", {}), 409)

    def test_private_addresses_are_not_called(self):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001", "169.254.169.254", "10.0.0.1"):
            with self.subTest(host=host):
                answer = self.publisher.call("PUT", f"/v1/parties/{self.publisher.id}/webhook", {"url": f"https://{host}:{port}/"})
                if answer.status != 200:
                    continue
                identity = self.publisher.post(f"/v1/parties/{self.publisher.id}/webhook/test", {})["id"]
                got = wait_for(lambda: self.publisher.get(f"/v1/deliveries/{identity}")["attempts"], what="an attempt")
                self.assertEqual([a["error"] for a in got], ["address_refused"])
        with self.assertRaises(BlockingIOError):
            listener.accept()


def instant(text):
    return datetime.fromisoformat(text).timestamp()


class Certificates(unittest.TestCase):
    def target(self, pair):
        context, made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Target(self)
        context.load_cert_chain(*pair)
        made.server.socket = context.wrap_socket(made.server.socket, server_side=True)
        made.url = made.url.replace("http://127.0.0.1", "https://localhost")
        return made

    def test_nobody_is_told_who_does_not_show_whose_host_it_is(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-tls-")
        self.addCleanup(folder.cleanup)
        pairs = {name: make_pair(Path(folder.name), name, **how) for name, how in
                 (("known", {}), ("unknown", {}), ("over", {"days": -1}), ("another", {"host": "another.example"}))}
        trust = Path(folder.name) / "trust"
        trust.write_bytes(b"".join(pairs[name][0].read_bytes() for name in ("known", "over", "another")))
        with unittest.mock.patch.dict(os.environ, SSL_CERT_FILE=str(trust)):
            server = Server(**LOOPBACK)
        self.addCleanup(server.close)
        targets = {name: self.target(pair) for name, pair in pairs.items()}
        plain = targets["plain"] = Target(self)
        plain.url = plain.url.replace("http://127.0.0.1", "https://localhost")
        for name, target in targets.items():
            with self.subTest(name):
                party = Party(server.operator, name, "publisher")
                party.put(f"/v1/parties/{party.id}/webhook", {"url": target.url})
                party.post(f"/v1/parties/{party.id}/webhook/test", {})
                attempt = wait_for(lambda party=party: deliveries(party)[0]["attempts"], 60, "an attempt")[0]
                self.assertEqual((attempt["error"], len(target.got)), ("", 1) if name == "known" else ("tls_failed", 0))


if __name__ == "__main__":
    unittest.main()
