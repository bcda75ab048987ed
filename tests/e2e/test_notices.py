"""Notices by e-mail, taken by a real SMTP server (Debian's aiosmtpd): what they tell of, to whom, how often, and that none is lost or sent for nothing."""

import email
import email.policy
import os
import socket
import ssl
import tempfile
import threading
import time
import unittest
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from harness import Market, Server, ServerCase, countersign, free_port, person, send, wait_for
from test_clock import DAY_S, ClockServer
from tls import make_pair

KINDS = ["statement", "budget", "cap", "quiet", "refused", "webhook"]
FROM = "countersign@operator.example"


class Post:
    """An SMTP server on loopback. `answer` says what a message is answered with, in place of 250. Nobody has an address that is `unknown`, and at one that
    `chokes` it breaks off."""

    def __init__(self, **options):
        self.got, self.lock, self.answer, self.logins = [], threading.Lock(), None, []
        self.unknown, self.chokes = set(), set()
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), **options)
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{self.controller.port}"

    async def handle_RCPT(self, server, _session, envelope, address, _options):
        if address in self.chokes:
            server.transport.abort()
        if address in self.unknown:
            return "550 5.1.1 nobody has that"
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, _server, _session, envelope):
        with self.lock:
            answer = self.answer() if self.answer else None
            self.got.append((envelope.mail_from, envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default), envelope.content, answer))
        return answer or "250 taken"

    def login(self, _server, _session, _envelope, _mechanism, data):
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"s3cret")

    def taken(self, to=None):
        with self.lock:
            return [message for _, receivers, message, _, answer in self.got if answer is None and to in (None, receivers[0])]

    def stop(self):
        self.controller.stop()


def rounds(server, n=3):
    """So many looks went by."""
    time.sleep(n * 1.1)  # an absence can only be waited for
    assert server.process.poll() is None


class NoticeCase(ServerCase):
    campaign = {"lead": {"require": ["email"]}}

    @classmethod
    def setUpClass(cls):
        cls.post = Post()
        cls.addClassCleanup(cls.post.stop)
        cls.settings = {"SMTP_URL": cls.post.url, "SMTP_FROM": FROM, "NOTICE_S": 1, "WEBHOOK_ALLOW": "127.0.0.0/8"}
        super().setUpClass()

    @classmethod
    def set_up_market(cls):
        pass

    def setUp(self):
        self.market = Market(self.server, self.campaign)
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher

    def want(self, party, *kinds, language="en"):
        address = f"{party.id.lower()}@example.com"
        party.put(f"/v1/parties/{party.id}/notices", {"email": address, "kinds": kinds or KINDS, "language": language})
        return address

    def arrives(self, address, n=1):
        return wait_for(lambda: self.post.taken(address) if len(self.post.taken(address)) >= n else None, 30, f"mail to {address}")[n - 1]

    def lead(self, **fields):
        return self.publisher.postback(person(click_id=self.market.click(), **fields)).json

    def statement(self):
        self.lead()
        return self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]


class Told(NoticeCase):
    def test_a_statement_waits_and_is_told_once_in_the_language_of_each(self):
        ours, theirs = self.want(self.publisher, language="fr"), self.want(self.advertiser, language="zh-Hans")
        identity = self.statement()
        mail = self.arrives(ours)
        raw = next(content for _, to, _, content, _ in self.post.got if to == [ours])
        self.assertEqual(raw.count(b"\r\n"), raw.count(b"\n"))
        self.assertTrue(all(len(line) <= 998 and line.isascii() for line in raw.split(b"\r\n")))
        self.assertEqual((mail["From"].addresses[0].addr_spec, mail["To"].addresses[0].addr_spec, mail["Subject"]), (FROM, ours, "Un relevé attend votre réponse"))
        self.assertEqual((mail["Content-Language"], mail["Auto-Submitted"], mail.get_content_type()), ("fr", "auto-generated", "text/plain"))
        self.assertRegex(mail["Message-ID"], r"^<statement\.[A-Z0-9]+\.[0-9a-f]{32}@operator\.example>$")
        self.assertLess(abs(mail["Date"].datetime.timestamp() - time.time()), 600)
        self.assertEqual([defect for value in mail.values() for defect in value.defects], [])
        body = mail.get_content()
        self.assertIn(f"{self.server.url}/v1/statements/{identity}", body)
        self.assertIn("n’ont pas encore de réponse", body)
        self.assertEqual(self.arrives(theirs)["Subject"], "有结算单等待您的答复")
        rounds(self.server)
        self.statement()  # another one on the same day
        rounds(self.server)
        self.assertEqual((len(self.post.taken(ours)), len(self.post.taken(theirs))), (1, 1))

    def test_a_budget_is_near_then_a_cap_is_reached(self):
        self.campaign = {**self.campaign, "caps": {"budget_micros_month": 60_000_000, "day": 5}}
        self.setUp()
        ours, theirs = self.want(self.advertiser), self.want(self.publisher)
        for _ in range(3):
            self.lead()
        rounds(self.server)
        self.assertEqual(self.post.taken(ours), [])
        self.lead()
        mail = self.arrives(ours)
        self.assertEqual(mail["Subject"], "A budget is nearly used up")
        self.assertIn("48.00 of 60.00 EUR", mail.get_content())
        self.lead()
        cap = self.arrives(ours, 2)
        self.assertEqual(cap["Subject"], "A cap was reached")
        self.assertIn("5 leads a day", cap.get_content())
        self.assertIn("60.00 EUR a month", cap.get_content())
        self.assertEqual(self.post.taken(theirs), [])  # what an advertiser may spend is no publisher's matter

    def test_a_budget_is_used_up_once_no_lead_fits(self):
        self.market = Market(self.server, {**self.campaign, "caps": {"budget_micros_month": 20_000_000}}, {"price": {"lead": [{"micros": 12_000_000}]}})
        self.publisher = self.market.publisher
        ours = self.want(self.market.advertiser)
        self.assertEqual(self.lead()["status"], "pending")
        mail = self.arrives(ours)
        self.assertEqual(mail["Subject"], "A cap was reached")
        self.assertIn("20.00 EUR a month", mail.get_content())
        self.assertEqual(self.lead()["reason"], "budget")

    def test_clicks_without_a_lead_are_told_and_not_with_one(self):
        ours = self.want(self.publisher, "quiet")
        for _ in range(99):
            self.market.click()
        for _ in range(3):
            self.market.click(**{"User-Agent": "curl/8.5.0"})  # no person's
        rounds(self.server)
        self.assertEqual(self.post.taken(ours), [])
        self.market.click()
        self.assertIn("100 clicks", self.arrives(ours).get_content())
        self.market = Market(self.server, self.campaign)
        self.publisher = self.market.publisher
        theirs = self.want(self.publisher, "quiet")
        self.lead()
        for _ in range(110):
            self.market.click()
        rounds(self.server)
        self.assertEqual(self.post.taken(theirs), [])

    def test_refused_postbacks_of_its_own_are_told(self):
        ours, theirs = self.want(self.publisher, "refused"), self.want(self.advertiser, "refused")
        for n in range(10):
            self.assertEqual(self.publisher.postback(person(click_id=self.market.click(), phon=str(n), country="Atlantis")).status, 400)
        self.assertIn("10 requests", self.arrives(ours).get_content())
        self.assertEqual(self.post.taken(theirs), [])

    def test_a_webhook_that_is_gone_is_told_without_what_stands_behind_its_host(self):
        gone = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/"
        self.publisher.put(f"/v1/parties/{self.publisher.id}/webhook", {"url": url + "hook?key=hidden"})
        ours = self.want(self.publisher)
        self.publisher.post(f"/v1/parties/{self.publisher.id}/webhook/test", {})
        with gone, gone.accept()[0] as taken:
            taken.recv(65536)
            taken.sendall(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
        body = self.arrives(ours).get_content()
        self.assertIn(url, body)
        self.assertNotIn("hidden", body)

    def test_what_is_taken_for_nobody_keeps_no_mail_of_others_back(self):
        """Those in front of the one whose mail is taken: by an address that is unknown, and by one at which the server breaks off."""
        unknown, chokes = self.want(self.advertiser), self.want(self.publisher)
        self.post.unknown, self.post.chokes = {unknown}, {chokes}
        self.statement()
        self.market.publisher = self.publisher = self.market.new_publisher()
        self.market.contract = self.market.new_contract(self.publisher)
        self.market.code = self.market.new_code(self.publisher, self.market.contract)
        last = self.want(self.publisher)
        self.statement()
        wait_for(lambda: self.post.taken(last), 120, "mail to the last")
        self.post.unknown, self.post.chokes = set(), set()
        for address in (unknown, chokes):
            wait_for(lambda address=address: self.post.taken(address), 120, f"mail to {address}")

    def test_nothing_of_persons_is_in_any(self):
        ours = self.want(self.advertiser)
        self.lead(email="ada.lovelace@example.com", first_name="Adalove")
        self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        self.arrives(ours)
        for _, _, message, *_ in self.post.got:
            self.assertNotIn("lovelace", message.get_content().lower())


class Wanted(NoticeCase):
    def test_nobody_is_told_who_did_not_ask_and_nothing_else(self):
        ours = self.want(self.publisher, "budget")
        self.statement()
        rounds(self.server)
        self.assertEqual(self.post.taken(ours), [])
        self.assertEqual({to[0] for _, to, *_ in self.post.got} & {f"{self.advertiser.id.lower()}@example.com"}, set())

    def test_the_link_stops_them_by_a_click_and_by_a_mail_program(self):
        for press in (b"", b"List-Unsubscribe=One-Click"):
            ours = self.want(self.publisher, language="fr")
            self.statement()
            mail = self.arrives(ours)
            self.assertEqual(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
            link = mail["List-Unsubscribe"].strip("<>")
            self.assertIn(link, mail.get_content())
            page = send(link)
            self.assertEqual((page.status, "<button>Ne plus recevoir" in page.text), (200, True))
            self.assertIn("email", self.publisher.get(f"/v1/parties/{self.publisher.id}/notices"))  # looking stops nothing
            done = send(link, "POST", press, {"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual((done.status, "plus d’avis" in done.text), (200, True))
            self.assertEqual(self.publisher.get(f"/v1/parties/{self.publisher.id}/notices"), {"party": self.publisher.id})
            for method in ("GET", "POST"):
                self.assertEqual(send(link, method, b"" if method == "POST" else None).status, 404)
            self.market = Market(self.server, self.campaign)
            self.publisher = self.market.publisher

    def test_a_link_is_of_one_address_and_cannot_be_guessed(self):
        self.want(self.publisher)
        self.statement()
        link = self.arrives(f"{self.publisher.id.lower()}@example.com")["List-Unsubscribe"].strip("<>")
        code = link.rsplit("/", 1)[1]
        for wrong in (code[:-1] + ("A" if code[-1] != "A" else "B"), "B" + code[1:], code[:-1], code + "A", "x" * 27):
            self.assertEqual(send(f"{self.server.url}/unsubscribe/{wrong}", "POST", b"").status, 404)
        self.publisher.put(f"/v1/parties/{self.publisher.id}/notices", {"email": "other@example.com", "kinds": ["cap"]})
        self.assertEqual(send(link, "POST", b"").status, 404)

    def test_what_does_not_read_is_refused_by_name_and_no_header_is_broken(self):
        path = f"/v1/parties/{self.publisher.id}/notices"
        good = {"email": "a@example.com", "kinds": ["cap"]}
        for body, field in (({}, "email"), ({**good, "email": "a@example.com\r\nBcc: b@example.com"}, "email"), ({**good, "email": "a@b@c.example"}, "email"),
                            ({**good, "email": "a b@example.com"}, "email"), ({**good, "email": "<a@example.com>"}, "email"), ({**good, "email": "a,b@example.com"}, "email"),
                            ({**good, "email": '"a"@example.com'}, "email"), ({**good, "email": "é@example.com"}, "email"), ({**good, "email": "a@example"}, "email"),
                            ({**good, "kinds": []}, "kinds"), ({**good, "kinds": ["weather"]}, "kinds"), ({**good, "kinds": "cap"}, "kinds"),
                            ({**good, "language": "de"}, "language"), ({**good, "x": 1}, "x")):
            with self.subTest(body=body):
                answer = self.publisher.call("PUT", path, body)
                self.assertIn(answer.status, (400, 422))
                self.assertIn(field, answer.text)
        self.assertEqual(self.publisher.get(path), {"party": self.publisher.id})
        self.assertEqual(self.publisher.put(path, {**good, "email": "o'neil+x@sub.example.com"})["kinds"], ["cap"])
        self.assertProblem(self.operator.call("PUT", path, good), 403)
        self.assertProblem(self.advertiser.call("GET", path), 404)
        self.publisher.delete(path)
        self.assertEqual(self.publisher.get(path), {"party": self.publisher.id})

    def test_who_is_locked_is_told_nothing_until_it_is_no_more(self):
        ours, theirs = self.want(self.publisher, "statement"), self.want(self.advertiser, "statement")
        self.lead()
        self.operator.post(f"/v1/parties/{self.publisher.id}/lock", {})
        self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        self.arrives(theirs)
        rounds(self.server)
        self.assertEqual(self.post.taken(ours), [])
        self.operator.do("DELETE", f"/v1/parties/{self.publisher.id}/lock")
        self.arrives(ours)

    def test_they_end_with_the_token_that_asked_for_them(self):
        made = self.publisher.post(f"/v1/parties/{self.publisher.id}/tokens", {"label": "stolen", "scope": "credentials"})
        thief, path = type(self.operator)(self.server.url, made["token"]), f"/v1/parties/{self.publisher.id}/notices"
        thief.put(path, {"email": "thief@example.com", "kinds": KINDS})
        ended = self.publisher.call("DELETE", f"/v1/parties/{self.publisher.id}/tokens/{made['id']}?made_since=2020-01-01T00:00:00Z").json
        self.assertIn({"id": self.publisher.id, "party": self.publisher.id, "what": "notices"}, ended["made"])
        self.assertEqual(self.publisher.get(path), {"party": self.publisher.id})

    def test_who_names_things_breaks_no_message(self):
        """A campaign's name with what would turn or hide text around it."""
        self.market = Market(self.server, {**self.campaign, "name": "Offre \u202e=?x?= " + "é" * 60})
        self.publisher = self.market.publisher
        ours = self.want(self.publisher)
        self.statement()
        body = self.arrives(ours).get_content()
        self.assertNotIn("\u202e", body)
        self.assertIn("é" * 60, body)


class Lasting(unittest.TestCase):
    def serve(self, made=Server, **settings):
        self.post = Post()
        self.addCleanup(self.post.stop)
        self.server = made(**{"SMTP_URL": self.post.url, "SMTP_FROM": FROM, "NOTICE_S": 1, "WEBHOOK_ALLOW": "127.0.0.0/8", **settings})
        self.addCleanup(self.server.close)
        self.market = Market(self.server, NoticeCase.campaign)
        self.publisher = self.market.publisher

    def want(self):
        self.publisher.put(f"/v1/parties/{self.publisher.id}/notices", {"email": "p@example.com", "kinds": KINDS})

    def statement(self):
        return self.server.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})

    def lead(self):
        self.publisher.postback(person(click_id=self.market.click()))

    def test_a_server_that_takes_none_gets_it_again_as_the_same_message(self):
        self.serve()
        answers = ["451 later", "554 never", None]
        self.post.answer = lambda: answers.pop(0)
        self.want()
        self.lead()
        self.statement()
        wait_for(lambda: len(self.post.got) == 3, 60, "three attempts")
        self.assertEqual(len({message["Message-ID"] for _, _, message, *_ in self.post.got}), 1)
        self.assertIn("notice_not_sent", self.server.log())

    def test_killed_behind_the_sending_it_is_sent_again_as_the_same_message(self):
        self.serve()
        self.want()
        self.post.answer = self.server.kill  # before it can know that it was taken
        self.lead()
        self.statement()
        wait_for(lambda: self.post.got, 30, "an attempt")
        self.post.answer = None
        self.server.start()
        wait_for(lambda: len(self.post.got) == 2, 30, "it again")
        self.assertEqual(len({message["Message-ID"] for _, _, message, *_ in self.post.got}), 1)
        rounds(self.server)
        self.server.stop()
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.start()
        rounds(self.server)
        self.assertEqual(len(self.post.got), 2)  # what was sent was kept

    def test_the_next_day_tells_what_is_new_and_a_webhook_that_fails(self):
        self.serve(ClockServer)
        self.want()
        self.lead()
        first = self.statement()["id"]
        wait_for(lambda: '"event":"notice"' in self.server.log(), what="the first, taken and recorded")  # it is sent again where a day goes by between
        self.server.wait(DAY_S)
        rounds(self.server)
        self.assertEqual(len(self.post.got), 1, [mail.as_string() for mail in self.post.taken()])  # nothing is new
        self.publisher.put(f"/v1/parties/{self.publisher.id}/webhook", {"url": f"http://127.0.0.1:{free_port()}/"})
        made = self.publisher.post(f"/v1/parties/{self.publisher.id}/webhook/test", {})["id"]
        for n in range(1, 5):
            wait_for(lambda n=n: len(self.publisher.get(f"/v1/deliveries/{made}")["attempts"]) >= n, 90, f"attempt {n}")
            self.server.wait(3600)
        wait_for(lambda: len(self.post.got) == 2, 30, "the webhook's")
        body = self.post.taken()[1].get_content()
        self.assertIn("without success", body)
        self.assertNotIn(first, body)

    def test_a_password_is_sent_by_tls_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            cert, key = make_pair(Path(folder), "mail")
            password = Path(folder) / "password"
            password.touch(0o600)
            password.write_text("s3cret\n")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            self.post = Post(tls_context=context, auth_required=True, authenticator=lambda *a: self.post.login(*a))
            self.addCleanup(self.post.stop)
            plain = Post()
            self.addCleanup(plain.stop)
            os.environ["SSL_CERT_FILE"] = str(cert)
            self.addCleanup(os.environ.pop, "SSL_CERT_FILE")
            settings = {"SMTP_FROM": FROM, "SMTP_USER": "countersign", "SMTP_PASSWORD_FILE": password, "NOTICE_S": 1}
            for post, arrives in ((self.post, True), (plain, False)):
                server = Server(SMTP_URL=post.url, **settings)
                self.addCleanup(server.close)
                self.server, self.market = server, Market(server, NoticeCase.campaign)
                self.publisher = self.market.publisher
                self.want()
                self.lead()
                self.statement()
                if arrives:
                    wait_for(lambda: self.post.got, 30, "mail")
                else:
                    wait_for(lambda server=server: "notice_not_sent" in server.log(), 30, "a refusal")
                self.assertNotIn("s3cret", server.log())
            self.assertEqual(self.post.logins, [("countersign", "s3cret")])
            self.assertEqual(plain.got, [])

    def test_a_certificate_counts_where_tls_has_to_be_had(self):
        """Debian's postfix offers TLS by a certificate of its own: without a login mail goes there, as it would in the clear."""
        with tempfile.TemporaryDirectory() as folder:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*make_pair(Path(folder), "unknown"))
            offers, insists = Post(tls_context=context), Post(ssl_context=context)
            for post in (offers, insists):
                self.addCleanup(post.stop)
            for url in (offers.url, insists.url.replace("smtp:", "smtps:")):
                server = Server(SMTP_URL=url, SMTP_FROM=FROM, NOTICE_S=1)
                self.addCleanup(server.close)
                self.server, self.market = server, Market(server, NoticeCase.campaign)
                self.publisher = self.market.publisher
                self.want()
                self.statement()
                if url == offers.url:
                    wait_for(lambda: offers.got, 60, "mail")
                else:
                    wait_for(lambda server=server: "notice_not_sent" in server.log(), 60, "a refusal")
            self.assertEqual(insists.got, [])

    def test_settings_that_do_not_fit_are_said(self):
        with tempfile.TemporaryDirectory() as folder:
            opened = Path(folder) / "password"
            opened.write_text("x")
            opened.chmod(0o644)
            server = Server()
            self.addCleanup(server.close)
            publisher = Market(server).publisher
            self.assertEqual(publisher.call("PUT", f"/v1/parties/{publisher.id}/notices", {"email": "a@example.com", "kinds": ["cap"]}).status, 409)
            server.stop()
            for flags, word in ((["--smtp-url", "http://x"], "smtp_url"), (["--smtp-url", "smtp://x"], "smtp_from"), (["--smtp-url", "smtp://x", "--smtp-from", "a"], "smtp_from"),
                                (["--smtp-url", "smtp://x", "--smtp-from", FROM, "--smtp-user", "u"], "smtp_password_file"),
                                (["--smtp-url", "smtp://x", "--smtp-from", FROM, "--smtp-user", "u", "--smtp-password-file", opened], "chmod 600")):
                done = countersign("serve", "--data", server.data, "--listen", f"127.0.0.1:{free_port()}", *flags)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(word, done.stderr)
            server.start()


if __name__ == "__main__":
    unittest.main()
