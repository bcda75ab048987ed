"""The month's end of a network: what each contract would come to, `settle` over all of them, whoever breaks in, and who has not answered."""

import datetime
import json
import os
import re
import signal
import subprocess
import threading
import time
import unittest
import zoneinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import BINARY, Market, Party, ServerCase, click, countersign, person, rfc3339, send, wait_for

LEGAL = {"name": "Lumen SA", "address": "1 rue du Port, 59000 Lille", "country": "FR", "vat_id": "FR83404833048", "email": "books@lumen.example"}


class Between(BaseHTTPRequestHandler):
    """Passes everything on, but for what `spoil` of the server makes of a POST: (path, how often it came) to a status and a body, or None: its answer is lost."""
    protocol_version = "HTTP/1.1"

    def give(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.read_paths.append(self.path)
        if self.server.cut(self.path, self.server.read_paths.count(self.path)):
            self.close_connection = True
            return
        if self.server.said is not None:
            self.give(self.server.said(self.path)[0], "application/problem+json", self.server.said(self.path)[1])
            return
        answer = send(self.server.to + self.path, headers={"Authorization": self.headers["Authorization"]})
        self.give(answer.status, answer.headers["Content-Type"], self.server.read(self.path, answer.body))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Idempotency-Key"]))
        spoilt = self.server.spoil(self.path, len([path for path, _ in self.server.asked if path == self.path]))
        if spoilt is None or spoilt[0] == 0:
            answer = send(self.server.to + self.path, "POST", body, {name: self.headers[name] for name in ("Authorization", "Content-Type", "Idempotency-Key")})
            spoilt = None if spoilt is None else (answer.status, answer.body)
        if spoilt is None:
            self.close_connection = True
        else:
            self.give(spoilt[0], "application/json", spoilt[1])

    def log_message(self, *_):
        pass


class MonthEnd(ServerCase):
    settings = {"SWEEP_MS": 50}

    @classmethod
    def set_up_market(cls):
        pass

    def settle(self, status, *more, token=None):
        done = countersign("settle", self.server.url, "--token", token or self.operator.token, *more)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def rows(self, path="settlements", **query):
        """All rows of a list, two a page."""
        found, after = [], ""
        while after is not None:
            page = self.operator.get(f"/v1/{path}?limit=2{after}" + "".join(f"&{name}={value}" for name, value in query.items()))
            found += page["data"]
            after = f"&after={page['next']}" if "next" in page else None
        return found

    def row(self, contract):
        [row] = self.rows(contract=contract)
        return row

    def lead(self, market, publisher, code, price=None):
        _, click_id = click(code["click_url"])
        made = self.assertStatus(publisher.postback(person(click_id=click_id)), 200).json
        if price != 0:
            market.advertiser.post(f"/v1/leads/{made['lead']}/dispositions", {"status": "approved"})
        return made

    def swept(self, contract, **expected):
        def seen():
            row = self.row(contract)
            return row if all(row.get("draft", {}).get(name) == value for name, value in expected.items()) else None
        return wait_for(seen, what=f"{expected} of {contract}")

    def words(self, row):
        return {warning["warning"] for warning in row["warnings"]}

    def test_a_preview_is_what_is_issued_and_a_refusal_is_a_row(self):
        market = Market(self.server)
        operator = market.operator
        market.put_keys()
        for party in (market.advertiser, market.publisher):
            vat_id = {"vat_id": "FR40999000129"} if party is market.publisher else {}
            self.assertStatus(party.call("PATCH", f"/v1/parties/{party.id}", {"legal": {**LEGAL, **vat_id}}), 200)
        others = [Party(operator, name, "publisher") for name in ("Unbound", "Idle", "Owes")]
        unbound = market.new_contract(others[0], assent="both")
        idle = market.new_contract(others[1])
        owes = market.new_contract(others[2])
        operator.patch(f"/v1/contracts/{market.contract}", {"vat_ppm": 200_000})
        for _ in range(2):
            self.lead(market, market.publisher, market.code)
        waits = self.lead(market, market.publisher, market.code, price=0)
        operator.post(f"/v1/contracts/{owes}/adjustments", {"micros": -7_500_000, "reason": "paid twice"})
        good, bad = self.swept(market.contract, leads=3), self.swept(owes, net_micros=-7_500_000)
        self.assertEqual((good["state"], self.words(good)), ("open", set()))
        draft = good["draft"]
        self.assertEqual((draft["net_micros"], draft["payable_minor"], draft["payable_by"], draft["leads"], draft["clicks"], draft["number"]),
                         (24_000_000, 2400, "advertiser", 3, 3, 1))
        self.assertEqual((draft["vat_minor"], draft["to_pay_minor"]), (480, 2880))
        self.assertEqual(draft["waiting"], {"held": 0, "micros": 12_000_000, "pending": 1})
        self.assertEqual((bad["state"], self.words(bad), bad["draft"]["payable_by"]), ("open", {"negative_net", "no_key", "no_legal_data"}, "publisher"))
        self.assertEqual((self.row(idle)["state"], "draft" in self.row(idle)), ("nothing", False))
        refused = self.row(unbound)
        self.assertEqual((refused["state"], [w["warning"] for w in refused["warnings"] if w["blocks"]]), ("nothing", ["terms_unbound"]))
        self.assertEqual([row["contract"] for row in self.rows()][-4:], [market.contract, unbound, idle, owes])
        for party in (market.advertiser, market.publisher, market.auditor):
            self.assertProblem(party.call("GET", "/v1/settlements"), 403)

        shown = self.settle(0, "--preview", "--contract", market.contract)
        for word in ("open", "Offer, Publisher", "payable 24.00 EUR and 4.80 VAT: 28.80 EUR by the advertiser", "net 24.00 EUR", "3 leads", "1 waits for 12.00 EUR", "1 contract to settle"):
            self.assertIn(word, shown)
        self.settle(0, "--preview")
        self.assertEqual(self.rows("statements", contract=market.contract), [])

        told = self.settle(0)
        for word in ("payable 24.00 EUR and 4.80 VAT: 28.80 EUR by the advertiser", "payable 7.50 EUR by the publisher", "but nobody said who the publisher is by law",
                     "24.00 EUR and 4.80 VAT: 28.80 EUR owed by advertisers",
                     "7.50 EUR owed by publishers", "of this run wait"):
            self.assertIn(word, told)
        [issued] = self.rows("statements", contract=market.contract)
        for name in ("from", "gross_micros", "net_micros", "payable_minor", "vat_minor", "to_pay_minor", "payable_by", "carried_micros", "lines", "number", "from_at"):
            if name in issued:
                self.assertEqual(issued[name], draft[name], name)
        self.assertEqual(issued["due_at"][10:], draft["due_at"][10:])  # noon in Paris; the run may stand behind its midnight
        self.assertEqual(self.rows("statements", contract=unbound), [])

        again = wait_for(lambda: (lambda text: text if "0 contracts settled" in text else None)(self.settle(0)), what="nothing to be left")
        self.assertIn(f"{issued['id']} no. 1", again)
        self.assertIn("the advertiser Advertiser has not answered", again)
        self.assertEqual(len(self.rows("statements", contract=market.contract)), 1)

        for verdict, left in (("none", 1), ("accept", 0), ("dispute", 0)):
            self.assertEqual(len(self.rows("statements", contract=market.contract, verdict=verdict)), left)
        lines = [json.loads(line)["index"] for line in market.publisher.do("GET", f"/v1/statements/{issued['id']}/lines").text.splitlines()]
        market.advertiser.answer_statement(issued["id"])
        market.publisher.answer_statement(issued["id"], "dispute", lines[:1])
        for verdict, left in (("none", 0), ("accept", 1), ("dispute", 1)):
            self.assertEqual(len(self.rows("statements", contract=market.contract, verdict=verdict)), left)
        self.assertIn("everybody has answered", self.settle(0, "--contract", market.contract))
        market.advertiser.post(f"/v1/leads/{waits['lead']}/dispositions", {"status": "approved"})
        row = self.swept(market.contract, net_micros=12_000_000)
        self.assertEqual((self.words(row), row["last"]["id"], row["draft"]["number"]), ({"disputed"}, issued["id"], 2))
        self.assertIn("but the publisher disputes the last statement", self.settle(0, "--preview", "--contract", market.contract))

    def test_what_is_warned_of_stands_under_the_statement_that_it_is_about(self):
        market = Market(self.server)
        market.put_keys()
        operator, publisher = market.operator, Party(market.operator, "Moves", "publisher")
        contract = market.new_contract(publisher, vat_ppm=200_000)
        code = market.new_code(publisher, contract)
        law = lambda party, country, vat_id: operator.patch(f"/v1/parties/{party.id}", {"legal": {"name": vat_id, "country": country, "vat_id": vat_id}})  # noqa: E731
        law(market.advertiser, "FR", "FR48999000102")
        law(publisher, "DE", "DE999999999")
        self.lead(market, publisher, code)
        law(publisher, "FR", "FR40999000129")
        self.lead(market, publisher, code)
        self.swept(contract, more=True, net_micros=12_000_000)
        preview = self.settle(0, "--preview", "--contract", contract)
        self.assertIn("a second one follows, which takes the rest and is not in this", preview)
        self.assertIn("by reverse charge the customer owes it", preview)
        said = [line for line in self.settle(0, "--contract", contract).splitlines() if line.startswith(("settled", "  "))]
        self.assertEqual([line.split()[0] for line in said], ["settled", "but", "settled", "but"], said)
        self.assertIn("by reverse charge the customer owes it", said[1])
        self.assertNotIn("by reverse charge the customer owes it", said[3])
        self.assertIn("and on the statement before it was under reverse_charge", said[3])

    def network(self, n):
        self.market = market = Market(self.server)
        self.publishers, contracts = {}, []
        for i in range(n):
            publisher = Party(market.operator, f"Publisher {i}", "publisher")
            contract = market.new_contract(publisher)
            self.lead(market, publisher, market.new_code(publisher, contract))
            contracts.append(contract)
            self.publishers[contract] = publisher
        self.swept(contracts[-1], leads=1, net_micros=12_000_000)
        return contracts

    def runs(self):
        return subprocess.Popen([BINARY, "settle", self.server.url, "--token", self.operator.token], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def settled(self, contracts):
        made = [row["contract"] for row in self.rows("statements") if row["net_micros"] > 0]
        return {contract: made.count(contract) for contract in contracts}

    def test_killed_cut_off_and_run_by_two_at_once_it_settles_each_once(self):
        contracts = self.network(24)
        killed = self.runs()
        while not killed.stdout.readline().startswith("settled"):
            pass
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
        self.assertLess(sum(self.settled(contracts).values()), len(contracts))
        both = [self.runs(), self.runs()]
        for run in both:
            while not run.stdout.readline().startswith("settled"):
                pass
        self.server.kill()
        time.sleep(0.2)
        self.server.start()
        for run in both:
            out, err = run.communicate(timeout=100)
            self.assertEqual(run.returncode, 0, out + err)
        self.assertEqual(self.settled(contracts), dict.fromkeys(contracts, 1))
        self.assertIn("0 refused", self.settle(0))
        self.assertEqual(self.settled(contracts), dict.fromkeys(contracts, 1))
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_a_period_that_is_closed_is_not_closed_again(self):
        [contract] = self.network(1)
        until = rfc3339(time.time() + 0.001)
        time.sleep(0.05)
        only = ("--contract", contract)
        self.assertRegex(self.settle(1, "--until", "2999-01", *only), f"(?s)refused +{contract}.*because its period has not ended yet in Europe/Paris")
        self.assertIn("no month", self.settle(2, "--until", "soon", *only))
        self.assertIn("until", self.settle(2, "--until", "2026-13", *only))
        publisher = self.publishers[contract]
        self.lead(self.market, publisher, self.market.new_code(publisher, contract))
        self.swept(contract, leads=2, net_micros=24_000_000)
        shown = self.settle(0, "--until", until, "--preview", *only)
        self.assertRegex(shown, "payable 12.00 EUR.* 1 lead\n")
        told = self.settle(0, "--until", until, *only)
        self.assertIn("payable 12.00 EUR", told)
        [issued] = self.rows("statements", contract=contract)
        self.assertEqual(issued["to_at"][:19], until[:19])
        for again in (until, until.replace("Z", "+00:00"), issued["to_at"]):
            self.assertRegex(self.settle(0, "--until", again, *only), f"closed +{contract} .*{issued['id']} no. 1(?s:.*)1 closed before")
        self.assertEqual(len(self.rows("statements", contract=contract)), 1)
        self.assertRegex(self.settle(0, *only), "no. 2, .*payable 12.00 EUR")

    def between(self, spoil, read=lambda path, body: body, cut=lambda path, n: False, said=None):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
        server.to, server.spoil, server.read, server.cut, server.said = self.server.url, spoil, read, cut, said
        server.asked, server.read_paths = [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def settle_by(self, server, status, *more):
        done = countersign("settle", f"http://127.0.0.1:{server.server_port}", "--token", self.operator.token, *more)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_a_refusal_is_a_row_and_a_lost_answer_is_asked_for_again(self):
        first, lost, last = self.network(3)
        no = json.dumps({"status": 409, "field": "until", "detail": "not \x1b[31myet\u202e"}).encode()
        server = self.between(lambda path, n: (409, no) if first in path else None if lost in path and n == 1 else (503, b"") if lost in path and n == 2 else (0, b""))
        told = self.settle_by(server, 1)
        self.assertRegex(told, f"refused +{first} .*409, until not .*yet")
        self.assertNotRegex(told, "[\x1b\u202e]")
        self.assertIn("1 refused", told)
        self.assertEqual(self.settled([first, lost, last]), {first: 0, lost: 1, last: 1})
        keys = {key for path, key in server.asked if lost in path}
        self.assertEqual((len(keys), None in keys, len([path for path, _ in server.asked if lost in path])), (1, False, 3))
        self.assertRegex(told, f"settled +{lost} .*no. 1, .*payable 12.00 EUR")
        self.settle(0)
        self.assertEqual(self.settled([first, lost, last]), {first: 1, lost: 1, last: 1})

    def test_a_list_that_is_cut_off_is_asked_for_again(self):
        """The first one of all for a moment: the URL may be another's."""
        [contract] = self.network(1)
        server = self.between(lambda *_: (0, b""), cut=lambda path, n: "settlements" in path and n == 1)
        self.assertRegex(self.settle_by(server, 0, "--contract", contract), "1 contract settled(?s:.*)everybody has answered")
        self.assertEqual(len([path for path in server.read_paths if "settlements" in path]), 2)
        server = self.between(lambda *_: (0, b""), cut=lambda path, n: len(server.read_paths) == 1)
        self.settle_by(server, 0, "--contract", contract)
        self.assertEqual(server.read_paths[0], server.read_paths[1])
        server = self.between(lambda *_: (0, b""), cut=lambda path, n: True)
        self.settle_by(server, 2)
        self.assertEqual((len(server.read_paths), len(set(server.read_paths))), (3, 1))

    def test_sums_that_a_server_says_and_that_are_none_are_noticed(self):
        [contract] = self.network(1)
        wrong = lambda _, body: body.replace(b'"to_pay_minor":1200', b'"to_pay_minor":1201')  # noqa: E731
        told = self.settle_by(self.between(lambda *_: (0, b""), read=wrong), 2, "--preview", "--contract", contract)
        self.assertIn("to_pay_minor 1201, which is not their sum", told)
        said = json.dumps({"id": "S1", "number": 1, "payable_minor": 1200, "vat_minor": 0, "to_pay_minor": 1300}).encode()
        told = self.settle_by(self.between(lambda *_: (201, said)), 2, "--contract", contract)
        self.assertIn("to_pay_minor 1300, which is not their sum", told)
        self.settle(0, "--contract", contract)

    def test_periods_are_told_in_the_zone_of_their_campaign_as_on_the_page(self):
        [contract] = self.network(1)

        def told(from_at, to_at, zone="Europe/Paris", status=0):
            def read(_, body):
                for name, value in (("from_at", from_at), ("to_at", to_at), ("timezone", zone)):
                    body = re.sub(f'"{name}":"[^"]*"'.encode(), f'"{name}":"{value}"'.encode(), body)
                return body
            shown = self.settle_by(self.between(lambda *_: (0, b""), read=read), status, "--preview", "--contract", contract)
            return re.search("no. 1, (.*), payable 12.00 EUR", shown).group(1)
        self.assertEqual(told("2026-09-30T22:00:00.000Z", "2026-10-31T23:00:00.000Z"), "2026-10-01 to 2026-10-31 Europe/Paris")  # the clocks are set back within
        self.assertEqual(told("2026-09-30T21:59:59.999Z", "2026-10-31T23:01:00.000Z"), "2026-09-30 23:59 to 2026-11-01 00:01 Europe/Paris")
        self.assertEqual(told("2026-10-31T00:00:00.000Z", "2026-11-30T10:00:00.000Z", "Pacific/Kiritimati"), "2026-10-31 14:00 to 2026-11-30 Pacific/Kiritimati")
        for none in ("Mars/Olympus", "../../etc/passwd", ""):
            self.assertEqual(told("2026-09-30T22:00:00.000Z", "2026-11-01T00:00:00.000Z", none), "2026-09-30 22:00 to 2026-10-31 UTC")
        self.assertEqual(told("yesterday", "soon"), "yesterday to soon UTC")

        settled = self.settle(0, "--contract", contract)
        [issued] = self.rows("statements", contract=contract)
        paris = [datetime.datetime.fromisoformat(issued[name].replace("Z", "+00:00")).astimezone(zoneinfo.ZoneInfo("Europe/Paris")) for name in ("from_at", "to_at")]
        period = f"{paris[0]:%Y-%m-%d %H:%M} to {paris[1]:%Y-%m-%d %H:%M} Europe/Paris"
        self.assertEqual(issued["timezone"], "Europe/Paris")
        self.assertIn(f"no. 1, {period}, payable 12.00 EUR", settled)
        self.assertIn(f"no. 1, {period}, payable 12.00 EUR", self.settle(0, "--preview", "--contract", contract).split("unanswered", 1)[1])
        page = self.operator.do("GET", f"/v1/statements/{issued['id']}?format=html&lang=en").text
        for bound in paris:
            self.assertIn(f"{bound:%H:%M}</time>", page)
        closed = self.settle(0, "--until", issued["to_at"], "--contract", contract)
        self.assertIn(f"no. 1 ended on {paris[1]:%Y-%m-%d %H:%M} Europe/Paris, not before that", closed)

    def test_who_is_silent_is_a_line_however_many_statements_wait(self):
        first, second = self.network(2)
        for n in range(3):
            self.settle(0)
            for contract in (first, second)[:2 - n // 2]:
                publisher = self.publishers[contract]
                self.lead(self.market, publisher, self.market.new_code(publisher, contract))
                self.swept(contract, net_micros=12_000_000)
        told = [line for line in self.settle(0, "--preview").splitlines() if line.startswith("unanswered")]
        ours = {contract: [line for line in told if contract in line] for contract in (first, second)}
        self.assertEqual({contract: len(lines) for contract, lines in ours.items()}, {first: 2, second: 2})
        for contract, n in ((first, 3), (second, 3)):
            for line, role in zip(ours[contract], ("advertiser", "publisher")):
                self.assertRegex(line, f"no. 1 to .* no. {n}, {n} statements, issued [-0-9]+ to [-0-9]+: the {role} .* has not answered, for 0 days")

    def on_terminal(self, command):
        """What it printed, and what the terminal showed."""
        master, terminal = os.openpty()
        with open(master, "rb", buffering=0) as watched:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, timeout=60, check=False)
            os.close(terminal)
            seen = bytearray()
            try:
                while part := watched.read(65_536):
                    seen += part
            except OSError:  # the terminal's other end is closed
                pass
        return done, seen.decode().split("\r\x1b[K")

    def test_a_terminal_sees_how_far_it_is(self):
        for _ in range(2):
            market = Market(self.server)
            self.lead(market, market.publisher, market.code)
        preview = ("settle", self.server.url, "--token", self.operator.token, "--preview")
        for _ in range(5):  # others' contracts may settle or open meanwhile
            before = countersign(*preview)
            done, lines = self.on_terminal([BINARY, *preview])
            quiet = countersign(*preview)
            if before.stdout == quiet.stdout:
                break
        n = len(self.rows())
        self.assertEqual((lines[0], lines[-1]), ("", ""), "it goes when it ends")
        self.assertRegex(lines[1], f"^0 of {n} contracts, 0 %")
        self.assertTrue(any(line.startswith(f"{n - 1} of {n} contracts, ") for line in lines), lines)
        self.assertEqual((done.returncode, done.stdout.decode(), quiet.stderr), (quiet.returncode, quiet.stdout, ""))

    def test_a_refusal_is_told_in_a_line(self):
        market = Market(self.server)
        cases = (({"title": "Invalid content", "field": "until", "detail": "must be a month"}, "422, Invalid content: until must be a month$"),
                 ({"title": "Conflict", "detail": "not so"}, "422, Conflict: not so$"), ({"title": "Odd"}, "422, Odd$"), ({"x": [1.5, {}]}, "422: the server did not take"))
        for said, expected in cases:
            server = self.between(lambda *_: (0, b""), said=lambda path, said=said: (422, json.dumps(said).encode()))
            self.assertRegex(self.settle_by(server, 2).strip(), expected)
        server = self.between(lambda *_: (0, b""), said=lambda path: (502, b"<html><body>Bad gateway</body></html>"))
        self.assertRegex(self.settle_by(server, 2), "answered 502: the server failed, or is busy")
        told = self.settle(2, token=market.publisher.token)
        self.assertRegex(told, "answered 403, Not allowed: .*this token may not read it\n$")
        self.assertNotIn("{", told)

    def test_what_a_server_makes_up_is_not_followed(self):
        for made_up in ({"data": [{"contract": "../../v1/parties", "state": "open"}]}, {"data": [], "next": "a b"}, {"data": {}}, {"next": "X1"}):
            server = self.between(lambda *_: (0, b""), lambda path, body, made_up=made_up: json.dumps(made_up).encode())
            self.settle_by(server, 1)
            self.assertEqual(server.asked, [])

    def test_a_draft_goes_on_where_the_look_before_ended(self):
        market = Market(self.server)
        for _ in range(5):
            self.lead(market, market.publisher, market.code)
        whole = self.swept(market.contract, gross_micros=60_000_000)
        until = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")  # another draft of the same contract, of which nobody looked yet
        market.operator.post(f"/v1/contracts/{market.contract}/adjustments", {"micros": 1_000_000, "reason": "behind it"})
        looks = []
        while not looks or "reckoned" in looks[-1]:
            looks += self.operator.get(f"/v1/settlements?contract={market.contract}&until={until}&fold=3")["data"]
        self.assertEqual([(row["state"], row.get("reckoned"), "draft" in row) for row in looks],
                         [("reckoning", {"moves": n, "of": 10}, False) for n in (3, 6, 9)] + [("open", None, True)])
        told = lambda row: {name: value for name, value in row["draft"].items() if name not in ("due_at", "to_at", "to")}  # noqa: E731
        self.assertEqual(told(looks[-1]), told(whole))
        self.assertEqual(self.operator.get(f"/v1/settlements?contract={market.contract}&until={until}&fold=0")["data"][0]["draft"], looks[-1]["draft"])
        for _ in range(2):
            self.lead(market, market.publisher, market.code)
        self.swept(market.contract, gross_micros=84_000_000)
        self.operator.patch(f"/v1/parties/{market.publisher.id}", {"legal": {**LEGAL, "country": "DE", "vat_id": "DE136695976"}})
        self.lead(market, market.publisher, market.code)
        self.swept(market.contract, gross_micros=96_000_000)
        issued = self.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        self.assertEqual(issued["net_micros"], 97_000_000)
        self.lead(market, market.publisher, market.code)
        self.assertEqual(self.swept(market.contract, gross_micros=12_000_000)["draft"]["number"], 2)
        self.operator.post(f"/v1/contracts/{market.contract}/statements", {})  # nothing is left to whom `settle` is tried on
        for fold in ("-1", "x", "200001", ""):
            self.assertProblem(self.operator.call("GET", f"/v1/settlements?fold={fold}"), 400, "fold")

    def test_what_cannot_be_asked_is_said(self):
        self.assertIn("check the token", self.settle(2, token="cst_nobody"))
        self.assertIn("403", self.settle(2, token=Market(self.server).publisher.token))
        self.assertIn("not a contract id", self.settle(2, "--contract", "../x"))
        self.assertIn("404", self.settle(2, "--contract", "C000000000000"))
        self.assertProblem(self.operator.call("GET", "/v1/settlements?after=nobody"), 400, "after")
        self.assertProblem(self.operator.call("GET", "/v1/statements?verdict=maybe"), 400, "verdict")


if __name__ == "__main__":
    unittest.main()
