"""Two companies that keep their own keys and settle by commands alone: keygen, enrol, sign. What is refused, and what is told when an answer is lost."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness import SOURCE, Market, ServerCase, countersign, person, send, wait_for


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
        send(self.server.to + self.path, self.command, body, {name: self.headers[name] for name in ("Authorization", "Content-Type")})
        self.close_connection = True

    do_PUT = do_POST

    def log_message(self, *_):
        pass


class PartyCommands(ServerCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="countersign-test-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.market = Market(self.server)
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher

    def key(self, name):
        return self.folder / f"{name}.key"

    def keygen(self, name):
        done = countersign("keygen", self.key(name))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def run_with(self, status, *words, **options):
        done = countersign(*words, **options)
        self.assertEqual(done.returncode, status, f"{words}: {done.stdout[-3000:]}{done.stderr}")
        return done.stdout + done.stderr

    def enrol(self, status, party, name, *more, url=None):
        return self.run_with(status, "enrol", url or self.server.url, "--token", party.token, "--key", self.key(name), *more)

    def sign(self, status, party, name, *more, url=None, **options):
        return self.run_with(status, "sign", url or self.server.url, self.folder / f"{party.id}.mirror", "--contract", self.market.contract,
                             "--token", party.token, "--key", self.key(name), *more, **options)

    def enrolled(self):
        for name, party in (("advertiser", self.advertiser), ("publisher", self.publisher)):
            self.keygen(name)
            self.enrol(0, party, name)

    def settle(self, leads=1):
        found = [self.publisher.postback(person(click_id=self.market.click())).json for _ in range(leads)]
        for lead in found:
            self.advertiser.post(f"/v1/leads/{lead['lead']}/dispositions", {"status": "approved"})
        return self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"], found

    def told(self):
        """The statements as both verifiers see them."""
        mirror = self.folder / "auditor"
        self.run_with(0, "pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.auditor.token)
        second = subprocess.run([sys.executable, "-B", SOURCE / "scripts/verify.py", mirror], capture_output=True, text=True, check=False)
        self.assertEqual(second.returncode, 0, second.stdout + second.stderr)
        facts = json.loads(self.run_with(0, "verify", mirror, "--json"))["facts"]
        return {fact["data"]["id"]: {answer["role"]: answer for answer in fact["data"]["answers"]} for fact in facts
                if fact["topic"] == "statement" and "id" in fact["data"]}

    def test_one_accepts_the_other_disputes_a_line_and_accepts_it_later(self):
        self.enrolled()
        statement, leads = self.settle(2)
        shown = self.sign(0, self.advertiser, "advertiser", input="y\n")
        for words in (statement, "payable 24.00 EUR", "lead 12.00 EUR when country in FR", "the operator made 1 API token", "Accept this statement as advertiser"):
            self.assertIn(words, shown)
        self.assertIn("nothing was signed", self.sign(1, self.publisher, "publisher", input="n\n"))
        self.assertIn("nothing was signed", self.sign(1, self.publisher, "publisher", stdin=subprocess.DEVNULL))
        self.sign(1, self.publisher, "publisher", "--dispute", str(leads[1]["index"] + 1000), "--reason", "a lead that never was", "--yes")
        self.assertEqual(self.told()[statement]["publisher"]["verdict"], "none")
        self.sign(0, self.publisher, "publisher", "--dispute", str(leads[1]["index"]), "--reason", "not ours", "--yes")
        said = self.told()[statement]
        self.assertEqual((said["advertiser"]["verdict"], said["publisher"]["verdict"]), ("accept", "dispute"))
        self.assertEqual((said["publisher"]["disputed"], said["publisher"]["reason"]), ([leads[1]["index"]], "not ours"))
        self.assertIn("no statement", self.sign(0, self.publisher, "publisher", "--yes"))
        self.assertIn("answered already (dispute", self.sign(1, self.publisher, "publisher", "--statement", statement, "--yes"))
        self.sign(0, self.publisher, "publisher", "--statement", statement, "--again", "--yes")
        later = [self.settle()[0], self.settle()[0]]
        self.assertIn("2 statements wait", self.sign(2, self.advertiser, "advertiser", "--yes"))
        self.assertIn("unchanged since the statement before", self.sign(0, self.advertiser, "advertiser", "--all", "--yes"))
        said = self.told()
        self.assertEqual([said[statement]["publisher"]["verdict"], *(said[each]["advertiser"]["verdict"] for each in later)], ["accept"] * 3)

    def both_asked(self):
        """A contract in which nothing counts without the word of both, which they have given on its terms."""
        self.market = Market(self.server, contract={"assent": "both"})
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher
        self.enrolled()
        shown = self.sign(0, self.advertiser, "advertiser", "--terms", "1", input="y\n")
        for words in ("version 1", "lead 12.00 EUR when country in FR", "Assent to this version of the terms as advertiser", "taken by the server"):
            self.assertIn(words, shown)
        self.sign(0, self.publisher, "publisher", "--terms", "1", "--yes")

    def adjust(self, micros, reason, **cited):
        return self.market.operator.post(f"/v1/contracts/{self.market.contract}/adjustments", {"micros": micros, "reason": reason, **cited})["index"]

    def facts(self, topic):
        mirror = self.folder / "auditor"
        self.told()
        return [fact for fact in json.loads(self.run_with(0, "verify", mirror, "--json"))["facts"] if fact["topic"] == topic]

    def test_two_companies_settle_dispute_and_correct_by_commands_alone(self):
        self.both_asked()
        first, leads = self.settle(3)
        self.sign(0, self.advertiser, "advertiser", "--yes")
        self.sign(0, self.publisher, "publisher", "--dispute", f"{leads[0]['index']},{leads[2]['index']}", "--reason", "16 EUR were agreed for these", "--yes")
        index = self.adjust(8_000_000, "16 EUR for two leads, as agreed", statement=first)
        waits = self.sign(0, self.advertiser, "advertiser", "--yes")
        self.assertIn(f"waits for the advertiser's assent (--adjustment {index})", waits)
        shown = self.sign(0, self.advertiser, "advertiser", "--adjustment", str(index), input="y\n")
        for words in ("16 EUR for two leads, as agreed", f"statement {first}", "+8.00 EUR", "Assent to this adjustment as advertiser"):
            self.assertIn(words, shown)
        self.sign(0, self.publisher, "publisher", "--adjustment", str(index), "--yes")
        second, _ = self.settle()
        for name, party in (("advertiser", self.advertiser), ("publisher", self.publisher)):
            shown = self.sign(0, party, name, "--yes")
            self.assertIn("payable 20.00 EUR", shown)
            self.assertIn("both have, and it counts from there", shown)
        said = self.told()
        self.assertEqual([(each[role]["verdict"]) for each in (said[first], said[second]) for role in ("advertiser", "publisher")], ["accept", "dispute", "accept", "accept"])
        of = next(fact for fact in self.facts("statement") if fact["data"].get("id") == first)
        self.assertEqual((of["data"]["corrected"], of["verdict"]), ({"adjustments": 1, "micros": 8_000_000}, "holds"))
        self.assertIn("1 adjustment of it comes to 8.00 EUR", of["sentence"])

    def test_who_is_not_asked_answers_twice_or_dies_in_between_changes_nothing(self):
        self.both_asked()
        first, _ = self.settle()
        self.keygen("foreign")
        index = self.adjust(-12_000_000, "a test order", statement=first)
        self.assertIn("neither party", self.sign(1, self.publisher, "foreign", "--adjustment", str(index), "--yes"))
        self.assertIn("nothing was signed", self.sign(1, self.publisher, "publisher", "--adjustment", str(index), input="n\n"))
        self.assertIn("no adjustment that asks", self.sign(1, self.publisher, "publisher", "--adjustment", str(index - 1), "--yes"))
        self.assertIn("no version 2", self.sign(1, self.publisher, "publisher", "--terms", "2", "--yes"))
        for words in (("--adjustment", "x"), ("--adjustment", "0"), ("--terms", "1", "--adjustment", "3"), ("--terms", "1", "--all"), ("--terms", "0")):
            self.sign(2, self.publisher, "publisher", *words, "--yes")
        self.sign(0, self.publisher, "publisher", "--adjustment", str(index), "--yes")
        self.server.kill()
        self.server.start()
        self.assertIn("already", self.sign(0, self.publisher, "publisher", "--adjustment", str(index), "--yes"))
        self.sign(0, self.publisher, "publisher", "--yes")
        self.server.kill()
        self.server.start()
        self.assertIn("answered already (accept", self.sign(1, self.publisher, "publisher", "--statement", first, "--yes"))
        self.sign(0, self.advertiser, "advertiser", "--adjustment", str(index), "--yes")
        second, _ = self.settle()
        self.assertIn("2 statements wait", self.sign(2, self.advertiser, "advertiser", "--yes"))
        self.sign(0, self.advertiser, "advertiser", "--all", "--yes")
        self.sign(0, self.publisher, "publisher", "--yes")
        said = self.told()
        self.assertEqual({answer["verdict"] for each in (first, second) for answer in said[each].values()}, {"accept"})
        self.assertEqual(len([fact for fact in self.facts("adjustment") if fact["data"].get("adjustment") == index]), 2)

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
        self.assertIn("previous_jws", self.enrol(1, self.publisher, "next"))
        self.keygen("foreign")
        self.enrol(1, self.publisher, "next", "--successor-of", self.key("foreign"))
        self.enrol(0, self.publisher, "next", "--successor-of", self.key("own"))
        self.assertEqual(self.publisher.get(f"/v1/parties/{self.publisher.id}")["key"]["kid"], next_one["kid"])
        self.settle()
        self.assertIn("neither party", self.sign(1, self.publisher, "own", "--yes"))
        self.sign(0, self.publisher, "next", "--yes")
        os.chmod(self.key("next"), 0o640)
        self.assertIn("chmod 600", self.enrol(2, self.publisher, "next"))
        self.assertIn("chmod 600", self.sign(2, self.publisher, "next", "--yes"))
        self.key("empty").touch(0o600)
        self.assertIn("holds no private", self.enrol(2, self.publisher, "empty"))

    def test_what_does_not_hold_is_not_signed(self):
        self.enrolled()
        statement, _ = self.settle()
        self.assertIn("check the token", self.run_with(2, "sign", self.server.url, self.folder / "m", "--contract", self.market.contract, "--token", "cst_nobody",
                                                       "--key", self.key("publisher"), "--yes"))
        self.keygen("foreign")
        self.assertIn("neither party", self.sign(1, self.publisher, "foreign", "--yes"))
        self.assertIn("kid", self.sign(1, self.advertiser, "publisher", "--yes"))
        seen = self.folder / f"{self.publisher.id}.mirror/log" / self.market.contract / "seen"
        seen.mkdir(exist_ok=True)
        (seen / "1").write_text("a checkpoint that nobody signed")
        self.assertRegex(self.sign(1, self.publisher, "publisher", "--yes"), r"(?s)history +FAILS.*nothing was signed")
        for words in (("--dispute", "1"), ("--dispute", "", "--reason", "why"), ("--reason", "why"), ("--dispute", "x", "--reason", "why"), ("--again",), ("--all", "--statement", statement)):
            self.sign(2, self.publisher, "publisher", "--yes", *words)
        self.assertEqual({answer["verdict"] for answer in self.told()[statement].values()}, {"none"})

    def test_a_lost_answer_is_told_and_the_same_command_finds_out(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Swallower)
        server.to = self.server.url
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}"
        self.enrolled()
        statement, _ = self.settle()
        lost = self.sign(2, self.publisher, "publisher", "--yes", url=url)
        self.assertIn("whether the server took it is not known. Run the same command again", lost)
        self.assertIn("no statement", self.sign(0, self.publisher, "publisher", "--yes"))
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
