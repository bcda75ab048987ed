"""The commands of parties that keep their own keys: keygen, enrol, sign. What is refused, and what is told when an answer is lost."""

import datetime
import json
import os
import threading
import time
import unittest
import zoneinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import Market, person, rfc3339, send, wait_for
from parties import Parties


class Swallower(BaseHTTPRequestHandler):
    """Passes everything on, and the answers to reads back; of what is sent the answer is lost."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        answer = send(self.server.to + self.path, headers={"Authorization": self.headers["Authorization"]})
        self.send_response(answer.status)
        for name in ("Content-Type", "Link"):
            if answer.headers[name]:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.says:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.says)))
            self.end_headers()
            self.wfile.write(self.server.says)
            return
        send(self.server.to + self.path, self.command, body, {name: self.headers[name] for name in ("Authorization", "Content-Type")})
        self.close_connection = True

    do_PUT = do_POST

    def log_message(self, *_):
        pass


class Hider(Swallower):
    """Passes everything on, but its list of statements is empty."""

    def do_GET(self):
        if not self.path.startswith("/v1/statements?"):
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "11")
        self.end_headers()
        self.wfile.write(b'{"data":[]}')


class Portal(Swallower):
    """What stands in front of a network until one has signed in: a page of its own for everything."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"welcome")


class PartyCommands(Parties):
    def test_one_accepts_the_other_disputes_a_line_and_accepts_it_later(self):
        self.enrolled()
        statement, leads = self.settle(2)
        shown = self.at_a_terminal(0, "y\n", self.advertiser, "advertiser", statement, "--accept")
        for words in (statement, "payable 24.00 EUR", "lead 12.00 EUR when country in FR", "the operator made 1 API token", "Accept this statement as advertiser"):
            self.assertIn(words, shown)
        for said in self.together(lambda: self.at_a_terminal(1, "n\n", self.publisher, "publisher", statement, "--accept", mirror="one"),
                                  lambda: self.at_a_terminal(1, "\x04", self.publisher, "publisher", statement, "--accept", mirror="two"),
                                  lambda: self.sign(1, self.publisher, "publisher", statement, "--dispute", str(leads[1]["index"] + 1000), "--reason", "a lead that never was",
                                                    mirror="three")):
            self.assertIn("nothing was signed", said)
        self.assertIn(f"no line item {leads[1]['index'] + 1000}", said)
        self.sign(0, self.publisher, "publisher", statement, "--dispute", str(leads[1]["index"]), "--reason", "not ours")
        said = self.told()[statement]
        self.assertEqual((said["advertiser"]["verdict"], said["publisher"]["verdict"]), ("accept", "dispute"))
        self.assertEqual((said["publisher"]["disputed"], said["publisher"]["reason"]), ([leads[1]["index"]], "not ours"))
        none, again = self.together(lambda: self.accept(0, self.publisher, "publisher", mirror="one"),
                                    lambda: self.accept(1, self.publisher, "publisher", statement, mirror="two"))
        self.assertIn("no statement", none)
        self.assertIn("answered already (dispute", again)
        self.accept(0, self.publisher, "publisher", statement, "--again")
        [mine, its] = self.publisher.get(f"/v1/statements/{statement}/responses")["data"]
        self.assertEqual((mine["verdict"], mine["earlier"], its["verdict"]), ("accept", [], "accept"))
        self.assertEqual([(each["verdict"], each["disputed"], each["reason"]) for each in its["earlier"]], [("dispute", [leads[1]["index"]], "not ours")])
        self.assertLess(its["earlier"][0]["at"], its["at"])
        self.accept(0, self.publisher, "publisher", statement, "--again")
        self.assertEqual([each["verdict"] for each in self.publisher.get(f"/v1/statements/{statement}/responses")["data"][1]["earlier"]], ["dispute", "accept"])
        checked = self.run_with(0, "check", "--data", self.server.data)
        self.assertNotIn("FAILS", checked)
        later = [self.settle()[0], self.settle()[0]]
        shown = self.accept(0, self.advertiser, "advertiser")
        for words in ("unchanged since the statement before", f"{self.publisher.id}, of whom nobody said who it is by law"):
            self.assertIn(words, shown)
        said = self.told()
        self.assertEqual([said[statement]["publisher"]["verdict"], *(said[each]["advertiser"]["verdict"] for each in later)], ["accept"] * 3)

    def test_whom_it_pays_and_by_which_terms_is_told_whenever_that_changed(self):
        """Also between the end of a period and its statement, which then is of other terms and names others than its entries."""
        def said(of):
            return self.publisher.call("PATCH", f"/v1/parties/{self.publisher.id}", {"legal": {"name": of, "address": "Rue des Tanneurs 18\n7500 Tournai", "country": "BE"}})
        self.enrolled()
        self.assertStatus(said("Comparateur Nord SRL"), 200)
        self.settle()
        shown = self.accept(0, self.advertiser, "advertiser")
        self.assertIn("publisher   Comparateur Nord SRL, Rue des Tanneurs 18, 7500 Tournai, BE", shown)
        self.assertNotIn("CHANGED", shown)
        self.settle()
        self.assertNotIn("CHANGED", self.accept(0, self.advertiser, "advertiser"))
        end = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for n in range(70):  # more than a report has lines for
            self.assertStatus(said("Anybody else" if n == 69 else f"Nobody {n}"), 200)
        self.market.operator.patch(f"/v1/contracts/{self.market.contract}", {"due_days": 1})
        self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {"until": end})
        self.assertStatus(said("Comparateur Nord SRL"), 200)
        shown = self.accept(0, self.advertiser, "advertiser")
        self.assertIn("publisher   Anybody else, ", shown)
        self.assertIn("CHANGED since the statement before, which named Comparateur Nord SRL", shown)
        self.assertRegex(shown, r"terms +version \d.*due")
        self.assertNotIn("unchanged", shown)

    def test_a_name_that_the_operator_gave_is_told_as_such(self):
        self.enrolled()
        law = {"legal": {"name": "Comparateur Nord SRL", "country": "BE"}}
        self.assertStatus(self.publisher.call("PATCH", f"/v1/parties/{self.publisher.id}", law), 200)
        self.settle()
        self.assertNotIn("given by the operator", self.accept(0, self.advertiser, "advertiser"))
        law["legal"]["name"] = "Operator Holding Ltd"
        self.assertStatus(self.market.operator.call("PATCH", f"/v1/parties/{self.publisher.id}", law), 200)
        self.settle()
        shown = self.accept(0, self.advertiser, "advertiser")
        self.assertRegex(shown, r"publisher   Operator Holding Ltd, BE\n +CHANGED since [^\n]*\n +given by the operator P[0-9A-Z]+ in its name, entry \d+ of 20")
        self.assertEqual(shown.count("given by the operator"), 1)

    def test_all_that_a_statement_says_of_money_time_and_people_is_shown_before_it_is_signed(self):
        self.market = Market(self.server, {"timezone": "Asia/Kolkata"}, {"vat_ppm": 200_000, "set_off": "next"})
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher
        law = lambda party, **legal: self.assertStatus(party.call("PATCH", f"/v1/parties/{party.id}", {"legal": legal}), 200)  # noqa: E731
        law(self.advertiser, name="Solaire Lumen SAS", address="14, quai des Étuves\n69002 Lyon", country="FR", vat_id="FR48999000102")
        law(self.publisher, name="Petite SARL", country="FR", vat_id="FR40999000129", exemption="art. 293 B du CGI", cash_accounting=True,
            representative_name="Gamma SA", representative_address="3 rue C\n69001 Lyon", representative_vat_id="FR62999000128")
        self.enrolled()
        said = "charges no VAT: art. 293 B du CGI, tax representative Gamma SA, 3 rue C, 69001 Lyon, VAT FR62999000128, cash accounting"
        before, then = f"Petite SARL, FR, VAT FR40999000129, {said}", "charged as: Petite SARL, VAT FR40999000129; to: Solaire Lumen SAS, VAT FR48999000102"
        one, leads = self.settle(2)
        shown = self.shown_of(self.accept(0, self.publisher, "publisher"))
        [due] = [row["due_at"] for row in self.market.operator.get("/v1/statements", contract=self.market.contract)["data"]]
        self.assertIn(f"payable 24.00 EUR and 4.80 VAT: 28.80 EUR by the advertiser, due {due}, net 24.00 EUR", shown.pop("statement")[0])
        [terms] = shown.pop("terms")
        self.assertRegex(terms, r"^version 1, entry 0 .* lead 12.00 EUR when country in FR, 8.00 EUR, .*set_off: next; .*vat_ppm: 20 %")
        self.assertEqual([sum(f"for {role}" in line for line in shown["credential"]) for role in ("advertiser", "publisher")], [2, 2])
        shown.pop("credential")
        self.assertEqual(shown, {
            "period": [self.period(one)], "advertiser": ["Solaire Lumen SAS, 14, quai des Étuves, 69002 Lyon, FR, VAT FR48999000102"], "publisher": [before],
            "vat": ["24.00 EUR under VAT of 20% (4.80)", "BUT the supplier says that it charges no VAT (art. 293 B du CGI), and the terms charge VAT of 20%: both cannot be right"],
            "decided": ["the rules, as leads came: 2 pending (in the whole log)", f"reported as the advertiser's word, by secret or token, of {self.advertiser.id}: 2 approved (in the whole log)"]})
        for lead in leads:
            self.advertiser.post(f"/v1/leads/{lead['lead']}/dispositions", {"status": "returned"})
        law(self.publisher, name="Petite SARL", country="DE", vat_id="DE999999999")
        two = self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]
        shown = self.shown_of(self.accept(0, self.advertiser, "advertiser", two))
        self.assertIn("payable 0.00 EUR, net -24.00 EUR (gross 0.00 EUR, 2 returned leads of -24.00 EUR), carried over to the next 24.00 EUR", shown["statement"][0])
        self.assertEqual(shown["period"], [self.period(two).removesuffix(self.due(two))])  # nothing is due
        self.assertEqual(shown["publisher"], [f"Petite SARL, DE, VAT DE999999999, {said}", f"CHANGED since the statement before, which named {before}"])
        self.assertEqual(shown["advertiser"], ["Solaire Lumen SAS, 14, quai des Étuves, 69002 Lyon, FR, VAT FR48999000102"])
        self.assertEqual(shown["owed"], ["24.00 EUR by the publisher, which is carried over, and the next statement sets it off"])
        self.assertEqual(shown["vat"], [f"0.00 EUR under VAT of 20% (all of it carried over), {then}", f"carried over, with its VAT: 24.00 EUR under VAT of 20%, {then}"])
        self.assertTrue(shown["terms"][0].startswith("unchanged since the statement before: version 1"), shown["terms"])
        self.assertNotIn("credential", shown)  # none is new
        self.market.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": -1_000_000, "reason": "as told on Monday"})
        self.market.operator.patch(f"/v1/contracts/{self.market.contract}", {"due_days": 1})
        three, _ = self.settle(1)
        shown = self.shown_of(self.accept(0, self.advertiser, "advertiser", three))
        self.assertIn("payable 0.00 EUR and 2.20 VAT: 2.20 EUR by the publisher", shown["statement"][0])
        self.assertEqual(shown["owed"], ["24.00 EUR by the publisher from the statement before, which is set off here", "13.00 EUR by the publisher, which is carried over, and the next statement sets it off"])
        self.assertEqual(shown["vat"][0], f"-11.00 EUR under VAT of 20% (-2.20), {then} and 11.00 EUR under reverse charge (new 12.00, corrected by -1.00)")
        self.assertTrue(shown["vat"][-1].startswith("CHANGED since the statement before"), shown["vat"])
        self.assertIn("under reverse_charge, and was under domestic", shown["vat"][-1])
        [adjusted], [terms] = shown["adjustment"], shown["terms"]
        self.assertIn("as told on Monday", adjusted)
        self.assertRegex(terms, "^version 2, .*due_days: 30 days -> 1 day")
        self.assertEqual(shown["period"], [self.period(three)])

    def shown_of(self, text):
        """By their first word what `sign` says of one statement; what has none goes on with the one before."""
        found, word = {}, None
        for line in text[text.index("\nstatement   ") + 1:].splitlines():
            if line[:12].strip() == "" or line[11:12] == " ":
                word = line[:12].strip() or word
                found.setdefault(word, []).append(line[12:])
        return found

    def period(self, ident):
        [made] = [row for row in self.market.operator.get("/v1/statements", contract=self.market.contract)["data"] if row["id"] == ident]
        at = {name: datetime.datetime.fromisoformat(made[name].replace("Z", "+00:00")).astimezone(zoneinfo.ZoneInfo("Asia/Kolkata")) for name in ("from_at", "to_at", "due_at")}
        return f"{at['from_at']:%Y-%m-%d %H:%M} to {at['to_at']:%Y-%m-%d %H:%M} Asia/Kolkata{self.due(ident)}"

    def due(self, ident):
        [made] = [row for row in self.market.operator.get("/v1/statements", contract=self.market.contract)["data"] if row["id"] == ident]
        return f", due on {datetime.datetime.fromisoformat(made['due_at'].replace('Z', '+00:00')).astimezone(zoneinfo.ZoneInfo('Asia/Kolkata')):%Y-%m-%d}"

    def at_a_terminal(self, status, typed, *call, **options):
        """What `sign` says where somebody types."""
        master, slave = os.openpty()
        os.write(master, typed.encode())
        try:
            return self.sign(status, *call, stdin=slave, **options)
        finally:
            os.close(master)
            os.close(slave)

    def test_the_server_is_asked_whose_a_statement_is_and_mirrors_stand_beside_the_key(self):
        self.enrolled()
        campaign = self.advertiser.post("/v1/campaigns", {"advertiser": self.advertiser.id, "name": "Second", "currency": "EUR",
                                                          "landing_url": "https://landing.example/"})["id"]
        one, other = self.market.contract, self.market.new_contract(self.publisher, campaign=campaign)
        statements = [self.market.operator.post(f"/v1/contracts/{contract}/statements", {})["id"] for contract in (one, other)]
        words = ("sign", self.server.url, "--token", self.publisher.token, "--key", self.key("publisher"), "--accept")
        self.assertIn(f"{statements[0]}: accepted by publisher", self.run_with(0, *words, statements[0]))
        self.assertEqual([path.name for path in (self.folder / "publisher.key.mirrors").iterdir()], [one])
        told = self.run_with(0, *words, "--all")
        self.assertIn(f"no statement of contract {one} waits for the publisher's answer", told)
        self.assertIn(f"{statements[1]}: accepted by publisher", told)
        self.assertIn("has no statement", self.run_with(2, *words, "S" + "0" * 12))

    def test_a_statement_that_the_list_hides_is_found_in_the_log_where_there_is_a_mirror(self):
        self.enrolled()
        words = ("--token", self.publisher.token, "--key", self.key("publisher"), "--accept")
        first, _ = self.settle()
        self.run_with(0, "sign", self.server.url, first, *words)
        second, _ = self.settle()
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), Hider)
        proxy.to, proxy.says = self.server.url, b"<html>welcome</html>"
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            told = self.run_with(2, "sign", f"http://127.0.0.1:{proxy.server_port}", "--all", *words)  # what it sends goes nowhere
            self.assertIn(second, told)
            away = self.run_with(0, "sign", f"http://127.0.0.1:{proxy.server_port}", "--all", "--mirrors", self.folder / "empty", *words)
        finally:
            proxy.shutdown()
            proxy.server_close()
        self.assertIn("the server's word alone, and not checked", away)
        told = self.run_with(0, "sign", self.server.url, "--all", *words)
        self.assertIn(f"{second}: accepted by publisher", told)
        self.assertIn("looked up in the logs of 1 contract: 1 of which the server says", told)

    def test_of_very_many_those_in_between_are_answered_too(self):
        """`verify` tells the first and the last 32 of a kind: what it does not tell is there all the same."""
        many, middle = 70, 35
        self.market = Market(self.server, contract={"assent": "both"})
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher
        self.enrolled()
        self.together(lambda: self.sign(0, self.advertiser, "advertiser", "--terms", "1"), lambda: self.sign(0, self.publisher, "publisher", "--terms", "1"))
        path, leads, idents = f"/v1/contracts/{self.market.contract}", [], []
        for number in range(1, many):
            self.market.click()
            if number == middle:
                leads.append(self.publisher.postback(person(click_id=self.market.click())).json["lead"])
                self.advertiser.post(f"/v1/leads/{leads[0]}/dispositions", {"status": "approved"})
            idents.append(wait_for(lambda: self.operator.call("POST", path + "/statements", {}).json.get("id"), what="something to settle"))
        asked = [self.operator.post(path + "/adjustments", {"micros": -12_000_000 if n == middle else 1, "reason": "agreed", **({"lead": leads[0]} if n == middle else {})})["index"]
                 for n in range(1, many + 1)]
        at = str(asked[middle - 1])
        self.sign(0, self.publisher, "publisher", "--adjustment", at)
        self.sign(0, self.advertiser, "advertiser", "--adjustment", at)
        self.assertIn("has assented to it already", self.sign(0, self.publisher, "publisher", "--adjustment", at))
        idents.append(wait_for(lambda: self.operator.call("POST", path + "/statements", {}).json.get("id"), what="the adjustment to settle"))
        line = json.loads(self.publisher.do("GET", f"/v1/statements/{idents[middle - 1]}/lines").body.split(b"\n")[0])["index"]
        shown = self.sign(0, self.publisher, "publisher", idents[middle - 1], "--dispute", str(line), "--reason", "not mine")
        for words in (f"number {middle}, {idents[middle - 1]}, payable 12.00 EUR by the advertiser, net 12.00 EUR", "of which some may wait", "disputed by publisher"):
            self.assertIn(words, shown)
        self.assertIn("is answered already (dispute", self.sign(1, self.publisher, "publisher", idents[middle - 1], "--accept"))
        shown = self.accept(0, self.publisher, "publisher")
        self.assertEqual(shown.count(": accepted by publisher"), many - 1)
        self.assertNotIn("BUT", shown, "what a statement in between charged was left out")
        self.assertIn("no statement of contract", self.accept(0, self.publisher, "publisher"))
        said = [self.publisher.get(f"/v1/statements/{ident}/responses")["data"] for ident in idents]
        self.assertEqual([sum("jws" in answer for answer in answers) for answers in said], [1] * many)

    def test_of_very_many_versions_one_in_between_is_assented_to(self):
        """It binds, and all that came behind it was withdrawn: `verify` tells of neither, and what it says is shown all the same."""
        middle, behind = 36, 33
        self.enrolled()
        path = f"/v1/contracts/{self.market.contract}"
        for number in range(2, middle + 1):
            self.operator.patch(path, {"price": {"lead": [{"micros": 1_000_000 * number}]}})
        for number in range(middle + 1, middle + 1 + behind):
            self.operator.patch(path, {"price": {"lead": [{"micros": 1}]}, "effective_at": rfc3339(time.time() + 86400)})
            self.operator.do("POST", f"{path}/terms/{number}/withdraw", b"")
        shown = self.sign(0, self.publisher, "publisher", "--terms", str(middle))
        for words in (f"terms       version {middle}, entry ", "binds from then on. It pays ", "lead 36.00 EUR", "one of very many", f"terms, version {middle}: assented to by publisher"):
            self.assertIn(words, shown)
        self.assertIn("has assented to it already", self.sign(0, self.publisher, "publisher", "--terms", str(middle)))
        self.assertIn(f"goes up to version {middle + behind} of the terms: version {middle + behind + 1} was not made",
                      self.sign(1, self.publisher, "publisher", "--terms", str(middle + behind + 1)))
        self.assertEqual(self.publisher.get(f"{path}/terms/{middle}")["assents"][0]["party"], self.publisher.id)

    def test_a_key_is_for_nobody_else_and_followed_by_another(self):
        made = self.keygen("own")
        self.assertEqual(self.key("own").stat().st_mode & 0o777, 0o600)
        self.assertNotIn("d", made)
        self.assertIn("not replaced", self.run_with(1, "keygen", self.key("own")))
        self.assertIn(made["kid"], self.enrol(0, self.publisher, "own"))
        self.assertEqual(self.publisher.get(f"/v1/parties/{self.publisher.id}")["key"]["kid"], made["kid"])
        self.enrol(0, self.publisher, "own")  # again: it is the one that it has
        self.assertIn("409", self.enrol(1, self.advertiser, "own"))
        wrong = ("enrol", self.server.url, "--token", "cst_nobody", "--key", self.key("own"))
        self.assertIn("check the token", self.run_with(2, *wrong))
        self.run_with(1, "enrol", self.server.url, "--token", self.server.operator.token, "--key", self.key("own"))
        next_one = self.keygen("next")
        self.assertRegex(self.enrol(2, self.publisher, "next"), f"by the key {made['kid']}: give .* --old")
        self.keygen("foreign")
        self.enrol(1, self.publisher, "next", "--old", self.key("foreign"))
        self.enrol(0, self.publisher, "next", "--old", self.key("own"))
        self.assertEqual(self.publisher.get(f"/v1/parties/{self.publisher.id}")["key"]["kid"], next_one["kid"])
        self.settle()
        self.assertIn("another took its place", self.accept(1, self.publisher, "own"))
        self.accept(0, self.publisher, "next")
        os.chmod(self.key("next"), 0o640)
        self.assertIn("chmod 600", self.enrol(2, self.publisher, "next"))
        self.assertIn("chmod 600", self.accept(2, self.publisher, "next"))
        self.key("empty").touch(0o600)
        self.assertIn("holds no private", self.enrol(2, self.publisher, "empty"))

    def test_what_does_not_hold_is_not_signed(self):
        self.enrolled()
        statement, _ = self.settle()
        self.assertIn("check the token", self.run_with(2, "sign", self.server.url, statement, "--token", "cst_nobody", "--key", self.key("publisher"), "--accept"))
        self.keygen("foreign")
        self.assertIn("neither party", self.accept(1, self.publisher, "foreign"))
        self.assertIn(f"the token is of party {self.advertiser.id}, and the key of the publisher", self.accept(1, self.advertiser, "publisher"))
        seen = self.folder / f"{self.publisher.id}.mirrors" / self.market.contract / "log" / self.market.contract / "seen"
        seen.mkdir(exist_ok=True)
        (seen / "1").write_text("a checkpoint that nobody signed")
        self.assertRegex(self.accept(1, self.publisher, "publisher"), r"(?s)history +FAILS.*nothing was signed")
        for words in (("--dispute", "1"), ("--dispute", "", "--reason", "why"), ("--accept", "--reason", "why"), ("--dispute", "x", "--reason", "why"), ("--dispute", "1", "--reason", " \t"), ("--dispute", "1", "--reason", "a\x07b"),
                      (), ("--accept", "--dispute", "1", "--reason", "why"), ("--accept", "--all")):
            self.sign(2, self.publisher, "publisher", statement, *words)
        for words in (("--accept",), ("--all",), ("--all", "--accept", "--again"), ("--all", "--dispute", "all", "--reason", "why"), ("--terms", "1", "--accept")):
            self.sign(2, self.publisher, "publisher", *words)
        self.assertEqual({answer["verdict"] for answer in self.told()[statement].values()}, {"none"})

    def test_whose_a_token_is_cannot_be_told_by_a_page_that_is_no_answer(self):
        self.keygen("own")
        portal = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        try:
            said = self.enrol(2, self.publisher, "own", url=f"http://127.0.0.1:{portal.server_port}")
        finally:
            portal.shutdown()
            portal.server_close()
        self.assertIn("whose token this is cannot be told", said)

    def test_a_lost_answer_is_told_and_the_same_command_finds_out(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Swallower)
        server.to, server.says = self.server.url, b""
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}"
        kid = self.keygen("own")["kid"]
        for server.says in (b"<html>welcome</html>", b"{}", *(json.dumps(said).encode() for said in (
                {"id": self.publisher.id}, {"id": self.publisher.id, "key": {"kid": kid[::-1]}}, {"id": self.advertiser.id, "key": {"kid": kid}}))):
            self.assertIn("whether it was taken is not known", self.enrol(2, self.publisher, "own", url=url))
        self.assertNotIn("key", self.publisher.get(f"/v1/parties/{self.publisher.id}"))
        self.enrolled()
        statement, _ = self.settle()
        said = {"contract": self.market.contract, "statement": statement}
        for server.says in (b"<html>welcome</html>", b'{"contract":"CANOTHER"}', b"{}", *(json.dumps(said | {"verdict": verdict}).encode() for verdict in ("dispute", "none", None)),
                            json.dumps(said | {"statement": "SANOTHER", "verdict": "accept"}).encode()):  # of whoever stands in between
            self.assertIn("whether it was taken is not known", self.accept(2, self.publisher, "publisher", url=url))
        self.assertEqual(self.told()[statement]["publisher"]["verdict"], "none")
        server.says = b""
        lost = self.accept(2, self.publisher, "publisher", url=url)
        self.assertIn("whether the server took it is not known. Run the same command again", lost)
        self.assertIn("no statement", self.accept(0, self.publisher, "publisher"))
        self.assertEqual(self.told()[statement]["publisher"]["verdict"], "accept")

    def test_a_token_made_while_the_server_stands_still_is_told_by_the_logs(self):
        self.server.stop()
        token = self.run_with(0, "token", "--data", self.server.data, "--party", self.advertiser.id).strip()
        self.server.start()
        self.assertTrue(token.startswith("cst_"))

        def made():
            return [json.loads(entry) for _, entry in self.market.entries() if b'"kind":"credential"' in entry]
        wait_for(lambda: len(made()) == 5, what="the token to be told")
        self.assertEqual((made()[-1]["party"], made()[-1]["what"], made()[-1]["by"]), (self.advertiser.id, "token", self.server.operator.get("/v1/parties")["data"][0]["id"]))


if __name__ == "__main__":
    unittest.main()
