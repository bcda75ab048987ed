"""Where requests end: one id in header, problem, log and refused log; metrics; what strangers can make the server write."""

import json
import re
import socket
import time
import unittest
import urllib.parse

from prometheus_client.parser import text_string_to_metric_families

from harness import BROWSER, Market, ServerCase, person, query_signature, send, wait_for

REQUEST_ID = re.compile(r"[0-9a-f]{16}")
ROOMS_MOST = 5000 + 1000 + 1000 + 200 + 1000  # refused_log.h: of a party, by standing, and of nobody
PERSONAL = ("lea.secret@example.com", "33699887766", "Léa-Secrète")


def now_text():
    seconds, rest = divmod(time.time_ns(), 10**9)  # of one look at the clock: of two, the second may have passed between them
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 10**6:03d}Z"


class EdgeCase(ServerCase):
    settings = {"LOG_LEVEL": "debug"}

    def lines(self):
        return [json.loads(line) for line in self.server.log().splitlines()]

    def line(self, answer):
        """The one line of this answer's request."""
        found = [line for line in self.lines() if line["request_id"] == answer.headers["Request-Id"]]
        self.assertEqual(len(found), 1, (answer, found))
        return found[0]

    def raw(self, data):
        """What comes back for bytes that no client of ours would send: the head's lines, and the body."""
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as connection, connection.makefile("rb") as answer:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            head, _, body = answer.read().partition(b"\r\n\r\n")
        return head.decode().split("\r\n"), body

    def forged(self, party, **fields):
        """A postback under a party's kid that somebody else made."""
        target = party.signed_target(person(**fields))
        return send(self.server.url + target[:-1] + ("0" if target[-1] != "0" else "1"))

    def refused(self, caller, query=""):
        rows, after = [], ""
        while True:
            page = caller.get(f"/v1/refused?limit=200{query}{after}")
            rows += page["data"]
            if "next" not in page:
                return rows
            after = "&after=" + page["next"]

    def wait_refused(self, caller, answer):
        """The row of this answer in the caller's refused log."""
        return wait_for(lambda: [row for row in self.refused(caller) if row["request_id"] == answer.headers["Request-Id"]],
                        what="a refusal to stand in its log")[0]


class Ids(EdgeCase):
    def test_every_answer_has_an_id_and_its_line_in_the_log(self):
        market, url = self.market, self.server.url
        click = market.click()
        answers = {
            "click": send(market.code["click_url"], headers=BROWSER),
            "no click": send(url + "/c/unknown"),
            "no click of a browser": send(url + "/c/unknown", headers={**BROWSER, "Accept": "text/html"}),
            "HEAD of a click": send(market.code["click_url"], "HEAD", headers=BROWSER),
            "pixel": send(market.code["pixel_url"] + "?event=view"),
            "bad pixel": send(url + "/p/unknown.gif"),
            "tag": send(url + "/t.js"),
            "lead": market.publisher.postback(person(click_id=click)),
            "lead by JSON": market.publisher.postback_json(person(click_id=click)),
            "forged lead": self.forged(market.publisher, click_id=click),
            "bad lead": market.publisher.postback(person(click_id=click, txid="{txid}")),
            "list": market.publisher.call("GET", "/v1/contracts"),
            "no token": send(url + "/v1/contracts"),
            "another's": market.publisher.call("GET", "/v1/leads/nobody"),
            "a write": market.operator.call("POST", "/v1/parties", {"name": "Somebody", "kind": "auditor"}),
            "a bad write": market.operator.call("POST", "/v1/parties", {"name": "Somebody", "kind": "king"}),
            "no path": send(url + "/nope"),
            "no method": send(url + "/healthz", "PUT", b""),
            "health": send(url + "/healthz"), "page": send(url + "/"), "sign in": send(url + "/sign-in"),
            "style": send(url + re.search(r"/assets/[^\"]*\.css", send(url + "/sign-in").text)[0]), "log": send(url + "/log/keys"),
            "statement": market.publisher.call("GET", "/v1/statements/S1"),
        }
        self.assertEqual(len({answer.headers["Request-Id"] for answer in answers.values()}), len(answers), "each its own")
        for what, answer in answers.items():
            with self.subTest(what):
                names = [name.lower() for name in answer.headers.keys()]
                self.assertEqual(sorted(names), sorted(set(names)), "no header stands twice")
                if answer.headers.get_content_type() in ("text/html", "text/css"):
                    self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
                self.assertTrue(REQUEST_ID.fullmatch(answer.headers["Request-Id"]), answer)
                line = self.line(answer)
                self.assertEqual(line["status"], answer.status)
                self.assertGreaterEqual(line["took_us"], 0)
                if answer.headers.get_content_type() == "application/problem+json":
                    self.assertEqual(answer.json["request_id"], answer.headers["Request-Id"])
                    self.assertTrue(answer.json["detail"], "every problem says what is wrong")
        self.assertEqual(self.line(answers["click"])["route"], "/c/{*}")
        self.assertEqual(self.line(answers["list"])["party"], market.publisher.id)
        self.assertEqual(self.line(answers["no path"])["route"], "none")

    def test_what_is_no_request_has_an_id_too(self):
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
                     b"GET /p/x.gif HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n", b"GET /c/x HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n",
                     b"POST /postback HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n"):
            with self.subTest(data[:20]):
                head, body = self.raw(data)
                ids = [line.split(": ")[1] for line in head if line.startswith("Request-Id: ")]
                self.assertEqual(len(ids), 1, head)
                self.assertEqual([line["status"] for line in self.lines() if line["request_id"] == ids[0]], [int(head[0].split(" ")[1])])
                if b"problem+json" in "\n".join(head).encode():
                    self.assertEqual(json.loads(body)["request_id"], ids[0])

    def test_ids_tell_nobody_how_much_is_going_on(self):
        ids = sorted(int(send(self.server.url + "/healthz").headers["Request-Id"], 16) for _ in range(50))
        self.assertGreater(min(b - a for a, b in zip(ids, ids[1:])), 2**20)

    def test_the_log_is_one_object_a_line_with_the_request_first_and_nothing_personal(self):
        email, phone, name = PERSONAL
        fields = {"email": email, "phone": "+" + phone, "first_name": name, "f_note": f"call {phone}"}
        click = self.market.click(f"?sub1={phone}")
        publisher = self.market.publisher
        for answer in (publisher.postback(person(click_id=click, **fields)), self.forged(publisher, click_id=click, **fields),
                       publisher.postback(person(click_id=click, **{**fields, "email": "{" + phone + "}"})),
                       publisher.postback(person(click_id=click, **fields, **{email: "{x}"})),
                       publisher.postback_json({**fields, "amount": {email: 1}}), publisher.postback_json({"fields": {email: {"a": 1}}}),
                       send(f"{self.server.url}/v1/contracts?{email}=1", headers={"Authorization": "Bearer " + publisher.token}),
                       send(f"{self.server.url}/{phone}"), send(f"{self.server.url}/postback?kid={email}"),
                       self.operator.call("POST", "/v1/parties", {email: phone, "name": name})):
            self.assertIn("Request-Id", answer.headers)
        text = self.server.log()
        for line in text.splitlines():
            self.assertTrue(line.startswith('{"request_id":"'), line)
            json.loads(line)
        for value in (*PERSONAL, "lea.secret", "sub1=", "nonce=", "sig="):
            self.assertNotIn(value, text)
        for row in self.refused(self.operator):
            self.assertFalse([value for value in PERSONAL if value in json.dumps(row, ensure_ascii=False)], row)


class FromTheLogAlone(EdgeCase):
    settings = {"LOG_LEVEL": "info", "WORKERS": 2}

    @staticmethod
    def between():
        """A time that lies between what was and what comes: the server's clock is a coarse one."""
        time.sleep(0.05)
        at = now_text()
        time.sleep(0.05)
        return at

    def refused_between(self, party, start, end):
        """Which postbacks of this party were refused between two times, why, under which request ids: of the log's lines alone."""
        return [(line["request_id"], line["status"], line.get("field", ""), line["reason"], line["proven"]) for line in self.lines()
                if line["event"] == "refused" and line["route"].startswith("/postback") and line.get("party") == party.id
                and start <= line["at"] < end]

    def test_which_postbacks_of_a_party_were_refused_when_why_and_under_which_ids(self):
        market, other = self.market, Market(self.server)
        x, now = market.publisher, int(time.time())
        click = market.click()

        def refuse():
            """Refusals of party x, and much else beside them."""
            fields = person(click_id=click)
            self.assertStatus(x.postback(fields), 200)
            expected = [
                (x.postback(person(click_id=click, txid="{txid}")), 400, "txid", "macro", "yes"),
                (x.postback({**fields, "country": "BE"}), 409, "txid", "other facts", "yes"),
                (x.postback_json(person(click_id=click, event="purchase")), 400, "event", "lead or sale", "yes"),
                (x.postback_json({}, body=b"{"), 400, "", "JSON", "yes"),
                (x.postback(person(click_id=click), ts=now - 900), 401, "", "timestamp", "late"),
                (self.forged(x, click_id=click), 401, "", "signature", "no"),
                (send(f"{self.server.url}/postback?kid={x.kid}&txid=1"), 400, "ts", "missing", "no"),
                (x.postback_json({}, body=b'{"txid":"' + b"x" * 70_000 + b'"}'), 413, "", "at most", "no"),
                (x.postback_json(person(click_id=click), signature="v1,AAAA"), 401, "", "signature", "no"),
                (send(f"{self.server.url}/postback/{x.kid}", "PUT", b"{}"), 405, "", "takes POST", "no"),
                (send(f"{self.server.url}/postback/{x.kid}", "POST", headers={"Transfer-Encoding": "gzip"}), 501, "", "transfer coding", "no"),
            ]
            other.publisher.postback(person(click_id=other.click(), txid="{txid}"))
            self.forged(other.publisher)
            send(self.server.url + "/postback?kid=K0000000000000")
            send(market.code["pixel_url"] + "?event=purchase")
            x.call("GET", "/v1/leads/nobody")
            return expected

        refuse()
        start = self.between()
        expected = refuse()
        end = self.between()
        refuse()
        told = self.refused_between(x, start, end)
        self.assertEqual([row[0] for row in told], [answer.headers["Request-Id"] for answer, *_ in expected])
        for (_, status, field, reason, proven), (answer, *wanted) in zip(told, expected):
            self.assertEqual((answer.status, status, field, proven), (wanted[0], wanted[0], wanted[1], wanted[3]))
            self.assertIn(wanted[2], reason)
        rows = {row["request_id"]: row for row in wait_for(
            lambda: (lambda rows: rows if len(rows) >= 3 * len(expected) + 3 else None)(self.refused(x)), what="the refused log to have all")}
        for ident, status, field, reason, _ in told:
            row = rows[ident]
            self.assertEqual((row["status"], row["field"], row["reason"]), (status, field, reason))
            self.assertIn(row["kid"], (x.kid, ""))
        within = [row["request_id"] for row in self.refused(x, f"&from={start}&to={end}") if row["route"] != "/p/{*}"]
        self.assertEqual(sorted(within), sorted(row[0] for row in told))


class RefusedLog(EdgeCase):
    def test_it_has_the_postbacks_and_pixels_of_its_party_alone(self):
        market, url = self.market, self.server.url
        other = Market(self.server)
        advertiser = market.advertiser
        mine = [market.publisher.postback(person(txid="{txid}")), self.forged(market.publisher), send(market.code["pixel_url"] + "?event=purchase")]
        theirs = [advertiser.postback({"txid": "nobody's", "status": "approved"}), other.publisher.postback(person(txid="{txid}"))]
        nobodys = [send(url + "/p/unknown.gif"), send(url + "/p/"), send(url + "/postback?kid=K0000000000000"), send(url + "/postback/none", "POST", b"")]
        for answer in nobodys:
            self.wait_refused(self.operator, answer)
        self.wait_refused(advertiser, theirs[0])
        own = [row["request_id"] for row in self.refused(market.publisher)]
        for answer in mine:
            self.assertIn(answer.headers["Request-Id"], own)
        for answer in theirs + nobodys:
            self.assertNotIn(answer.headers["Request-Id"], own)
        everything = [row["request_id"] for row in self.refused(self.operator)]
        for answer in mine + theirs + nobodys:
            self.assertEqual(everything.count(answer.headers["Request-Id"]), 1)
        self.assertEqual([row["request_id"] for row in self.refused(self.operator, f"&party={market.publisher.id}")], own)
        self.assertProblem(market.publisher.call("GET", f"/v1/refused?party={advertiser.id}"), 404)
        self.assertStatus(market.auditor.call("GET", "/v1/refused"), 403)
        row = self.wait_refused(market.publisher, mine[2])
        self.assertEqual((row["status"], row["route"], row["field"], row["kid"]), (200, "/p/{*}", "event", ""))

    def test_its_rows_have_their_shape_and_come_newest_first(self):
        for n in range(7):
            last = self.market.publisher.postback(person(txid="{txid}"))
        self.wait_refused(self.operator, last)
        rows = self.refused(self.operator)
        self.assertEqual(set(rows[0]), {"at", "request_id", "kid", "route", "status", "field", "reason"})
        self.assertEqual([row["at"] for row in rows], sorted((row["at"] for row in rows), reverse=True))
        small, after = [], ""
        while True:
            page = self.operator.get(f"/v1/refused?limit=3{after}")
            small += page["data"]
            self.assertLessEqual(len(page["data"]), 3)
            if "next" not in page:
                break
            after = "&after=" + page["next"]
        self.assertEqual(small, rows)
        for query in ("from=yesterday", "to=1", "after=x", "limit=0", "after=" + "g" * 32):
            self.assertProblem(self.operator.call("GET", f"/v1/refused?{query}"), 400, query.split("=", maxsplit=1)[0])
        self.assertEqual(self.refused(self.operator, "&to=2020-01-01T00:00:00Z"), [])
        self.assertEqual(self.refused(self.operator, "&from=2999-01-01T00:00:00Z"), [])

    def test_pixels_of_an_ended_contract_are_counted_by_kind(self):
        market = Market(self.server, contract={"ends_at": "2020-01-01T00:00:00Z"})
        counted = self.server.metric("pixels_refused", 'reason="contract_ended"')
        answer = send(market.code["pixel_url"] + "?event=view")
        self.assertEqual((answer.status, len(answer.body)), (200, 43))
        self.assertEqual(self.wait_refused(market.publisher, answer)["reason"], "the contract of its code has ended")
        self.assertEqual(self.server.metric("pixels_refused", 'reason="contract_ended"'), counted + 1)

    def test_a_restart_keeps_it(self):
        answer = self.market.publisher.postback(person(txid="{txid}"))
        self.server.stop()  # at once: what waits is written on the way down
        self.server.start()
        self.assertIn(answer.headers["Request-Id"], [row["request_id"] for row in self.refused(self.market.publisher)])


class Strangers(EdgeCase):
    settings = {"LOG_LEVEL": "info", "WORKERS": 1}

    def test_a_flood_of_refusals_leaves_what_a_party_signed_and_fills_nothing(self):
        publisher, flood = self.market.publisher, 3000
        genuine = [publisher.postback(person(txid="{txid}")) for _ in range(5)]
        size = self.server.metric("store_bytes")
        log = len(self.server.log())
        targets = [f"/p/unknown-{n}.gif" for n in range(flood)] + [f"/postback?kid={publisher.kid}&txid={n}" for n in range(flood)]
        self.flood(targets)
        genuine += [publisher.postback(person(txid="{txid}")) for _ in range(5)]
        for answer in genuine:
            self.assertEqual(self.wait_refused(publisher, answer)["field"], "txid")
        wait_for(lambda: send(self.server.url + "/readyz").status == 200)
        rows = self.refused(self.operator)
        self.assertLessEqual(len(rows), ROOMS_MOST)
        dropped = self.server.metric("refused_dropped")
        self.assertGreater(dropped, 0)
        self.assertLess(self.server.metric("store_bytes") - size, 8 << 20)
        self.assertGreater(self.server.metric("log_withheld"), 0, "a stranger's lines have an end")
        self.assertLess(len(self.server.log()) - log, 2500 * 400)
        forged = [line for line in self.lines() if line["event"] == "refused" and line["proven"] == "yes"]
        self.assertEqual(len(forged), len(genuine), "those that are signed are told one by one")
        wait_for(lambda: publisher.postback(person(txid="{txid}")) and [line for line in self.lines() if line["event"] == "withheld"],
                 what="a later line to say how many were not")
        self.market.click()

    def proven(self, *kinds):
        return [line["request_id"] for line in self.lines() if line["event"] == "refused" and line.get("proven") in kinds]

    def test_bytes_that_were_caught_and_sent_again_push_out_nothing(self):
        publisher, again = self.market.publisher, 3000
        caught = publisher.signed_target(person(txid="{txid}"))
        late = publisher.signed_target(person(), ts=int(time.time()) - 900)
        genuine = [publisher.postback(person(txid="{txid}")) for _ in range(5)]
        told, log = len(self.proven("yes", "late")), len(self.server.log())
        self.flood([caught, late] * (again // 2), (b"400", b"401"))
        genuine += [publisher.postback(person(txid="{txid}")) for _ in range(5)]
        for answer in genuine:
            self.wait_refused(publisher, answer)
        rows = [row for row in self.refused(publisher) if row["field"] == "txid"]
        self.assertLess(len(rows), 250, "sent again, they have a small room of their own")
        self.assertEqual(len(self.proven("yes", "late")), told + 2 + 5, "and of each one line, as of the genuine")
        self.assertLess(len(self.server.log()) - log, 2500 * 450)

    def test_a_flood_that_names_a_party_leaves_what_its_wrong_clock_made_late(self):
        publisher = self.market.publisher
        late = [publisher.postback(person(), ts=int(time.time()) - 900) for _ in range(3)]
        self.flood([f"/postback?kid={publisher.kid}&txid={n}" for n in range(3000)])
        late += [publisher.postback(person(), ts=int(time.time()) + 900) for _ in range(3)]
        for answer in late:
            self.assertEqual(answer.status, 401)
            self.assertIn("timestamp", self.wait_refused(publisher, answer)["reason"])
            self.assertIn(answer.headers["Request-Id"], self.proven("late"))

    def test_what_a_sender_floods_has_an_end_in_the_log_and_hides_nobody_elses(self):
        publisher, other, log = self.market.publisher, self.market.advertiser, len(self.server.log())
        self.flood([publisher.signed_target(person(txid="{txid}")) for _ in range(3000)], (b"400",))
        self.assertLess(len(self.server.log()) - log, 2500 * 450)
        self.assertGreater(self.server.metric("log_withheld"), 0)
        for _ in range(5):
            answer = other.postback({"txid": "nobody's", "status": "approved"})
            self.assertIn(answer.headers["Request-Id"], self.proven("yes"))
            self.wait_refused(other, answer)

    def test_names_that_a_sender_chose_are_not_told(self):
        publisher = self.market.publisher
        names = {"sub1": "sub1", "f_age": "f_age", "Email": "", "e-mail": "", "amp;txid": "", "telephone": "", "f_33699887766": ""}
        for name, told in names.items():
            with self.subTest(name):
                target = publisher.signed_target(person(**{name: "1"})).split("&sig=")[0] + "&" + urllib.parse.urlencode({name: "2"})
                answer = send(f"{self.server.url}{target}&sig={query_signature(publisher.secret, 'GET', publisher.host, target)}")
                self.assertEqual(answer.status, 400)
                line = [line for line in self.lines() if line["request_id"] == answer.headers["Request-Id"]][0]
                self.assertEqual(line.get("field", ""), told)
                self.assertEqual(self.wait_refused(publisher, answer)["field"], told)

    def flood(self, targets, statuses=(b"200", b"400", b"401")):
        for start in range(0, len(targets), 500):
            with socket.create_connection(("127.0.0.1", self.server.port), 30) as connection, connection.makefile("rb") as answers:
                for target in targets[start:start + 500]:
                    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                    head = answers.readline()
                    self.assertIn(head.split()[1], statuses)
                    length = 0
                    while (line := answers.readline()) != b"\r\n":
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    answers.read(length)


class Metrics(EdgeCase):
    settings = {"WORKERS": 2, "LOG_LEVEL": "warn"}

    def families(self):
        text = send(self.server.url + "/metrics").text
        return {family.name: family for family in text_string_to_metric_families(text)}, text

    def value(self, name, **labels):
        families, _ = self.families()
        return sum(sample.value for family in families.values() for sample in family.samples
                   if sample.name == name and labels.items() <= sample.labels.items())

    def test_they_are_what_prometheus_reads(self):
        self.market.publisher.postback(person(click_id=self.market.click()))
        families, text = self.families()
        names = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        self.assertEqual(len(dict(names)), len(names), "each once")
        self.assertEqual([name for name, _ in names], re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
        for name, kind in names:
            self.assertEqual(name.endswith("_total"), kind == "counter", name)
        for name in ("process_cpu_seconds", "process_start_time_seconds", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                     "process_open_fds", "process_max_fds", "countersign_build_info", "countersign_queue_depth"):
            self.assertTrue(families[name].samples, name)
        self.assertEqual(len(families["countersign_queue_depth"].samples), 2)
        self.assertEqual({s.value for s in families["countersign_build_info"].samples}, {1.0})
        self.assertIn("version", families["countersign_build_info"].samples[0].labels)
        self.assertLess(abs(self.value("process_start_time_seconds") - time.time()), 3600)
        samples = re.findall(r"^([^#]\S*) ", text, re.MULTILINE)
        self.assertEqual(len(set(samples)), len(samples), "no sample twice")

    def test_requests_are_counted_by_route_and_code(self):
        market = self.market
        cases = (({"route": "/c/{*}", "code": "302"}, market.click), ({"route": "/c/{*}", "code": "404"}, lambda: send(self.server.url + "/c/x")),
                 ({"route": "/p/{*}", "code": "200"}, lambda: send(self.server.url + "/p/x.gif")),
                 ({"route": "/postback", "code": "401"}, lambda: self.forged(market.publisher)),
                 ({"route": "/v1/leads/{}", "code": "404"}, lambda: market.publisher.call("GET", "/v1/leads/x")),
                 ({"route": "/healthz", "code": "405"}, lambda: send(self.server.url + "/healthz", "PUT", b"")),
                 ({"route": "none", "code": "404"}, lambda: send(self.server.url + "/nope")),
                 ({"route": "/c/{*}", "code": "400"}, lambda: self.raw(b"GET /c/x HTTP/1.1\r\n\r\n")))
        for labels, call in cases:
            with self.subTest(**labels):
                before = self.value("countersign_requests_total", **labels)
                call()
                self.assertEqual(self.value("countersign_requests_total", **labels), before + 1)

    def test_leads_are_counted_by_status_and_reason_once(self):
        publisher = self.market.publisher
        fields = person(click_id=self.market.click())
        labels = {"status": "pending", "reason": ""}
        before = self.value("countersign_leads_total", **labels)
        for _ in range(2):  # the second is a replay
            self.assertStatus(publisher.postback(fields), 200)
        self.assertEqual(self.value("countersign_leads_total", **labels), before + 1)
        rejected = self.value("countersign_leads_total", status="rejected", reason="no_click")
        self.assertEqual(publisher.postback(person()).json["reason"], "no_click")
        self.assertEqual(self.value("countersign_leads_total", status="rejected", reason="no_click"), rejected + 1)

    def test_histograms_add_up(self):
        before = self.value("countersign_requests_total")
        for _ in range(5):
            self.market.click()
        families, _ = self.families()
        for name in ("countersign_request_seconds", "countersign_commit_seconds", "countersign_chore_seconds"):
            samples = families[name].samples
            buckets = [(float(s.labels["le"]), s.value) for s in samples if s.name == name + "_bucket"]
            by_name = {s.name: s.value for s in samples}
            self.assertEqual(buckets, sorted(buckets), "cumulative")
            self.assertEqual(buckets[-1], (float("inf"), by_name[name + "_count"]))
            self.assertGreater(by_name[name + "_sum"], 0)
            self.assertLessEqual(by_name[name + "_sum"], sum(upper * count for upper, count in buckets[:-1]) + 60)
        self.assertGreaterEqual(self.value("countersign_request_seconds_count"), before + 5)
        counted = {name: sum(s.value for s in families[family].samples if s.name == name) for family, name in (
            ("countersign_requests", "countersign_requests_total"), ("countersign_request_seconds", "countersign_request_seconds_count"))}
        self.assertEqual(len(set(counted.values())), 1, counted)


class Turns(ServerCase):
    """A loop that spins serves all the same: only its turns show it."""

    settings = {"WORKERS": 2}

    def turns(self):
        return self.server.metric("loop_turns")

    def test_a_request_takes_a_few_turns_of_the_loop(self):
        requests, start, before = 200, time.monotonic(), self.turns()
        for _ in range(requests // 2):
            self.market.click()
            send(self.server.url + "/healthz")
        took = time.monotonic() - start
        # each is a connection of its own: accepted, read, answered when its commit is done, closed. The loops' ticks, four a second, come on top
        self.assertLess(self.turns() - before, 12 * requests + 2 * 5 * took + 100)

    def test_an_idle_loop_hardly_turns(self):
        self.market.click()  # an eventfd was told, and must be read
        before, start = self.turns(), time.monotonic()
        wait_for(lambda: time.monotonic() - start > 1)
        took = time.monotonic() - start
        self.assertLess(self.turns() - before, 2 * 5 * took + 50)


if __name__ == "__main__":
    unittest.main()
