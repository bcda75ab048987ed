"""What is refused before a page's handler sees it, or by a budget: a browser is told in a page, in its language, and a program in JSON."""

import socket
import unittest

from harness import Server, ServerCase, free_port, send

BROWSERS = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
LONG = "a" * 9000
BODY = "x=" + "a" * 70000


def request(line, more="", body=""):
    """Its Accept where browsers send it: behind what a page of theirs is sent as, in front of cookies."""
    return lambda accept: (f"{line} HTTP/1.1\r\nHost: h\r\nUser-Agent: x\r\n" + (f"Accept: {accept}\r\n" if accept else "") +
                           f"Accept-Language: fr\r\n{more}\r\n{body}").encode()


# what is sent, its status, and what a person is told; None: nothing of ours
PAGES = {
    "a form that is too large": (request("POST /settings", f"{FORM}Content-Length: {len(BODY)}\r\n", BODY), 413, "Trop pour un formulaire"),
    "a large form, of nobody": (request("POST /answers", f"{FORM}Content-Length: {len(BODY)}\r\n", BODY), 401, "Ceci ne vous revient pas"),
    "a form of a length that nobody has": (request("POST /leads/L1", f"{FORM}Content-Length: {'9' * 20}\r\n"), 413, "Trop pour un formulaire"),
    "a form in chunks that is too large": (request("POST /sign-in", FORM + "Transfer-Encoding: chunked\r\n", f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n"),
                                           413, "Trop pour un formulaire"),
    "an invitation's": (request("POST /invite/x", f"{FORM}Content-Length: {len(BODY)}\r\n", BODY), 413, "Trop pour un formulaire"),
    "an address that is too long": (request("GET /search?q=" + LONG), 414, "Cette adresse est trop longue"),
    "one of which only the beginning is read": (request("GET /search?q=" + LONG * 3), 414, "This address is too long"),  # and no language
    "too many cookies": (request("GET /leads", "Cookie: a=" + LONG * 3 + "\r\n"), 431, "Votre navigateur envoie trop"),
    "a sign that was not encoded": (request("GET /search?q=100%"), 400, "Ceci n’a pu être lu"),
    "a chunked body that is none": (request("POST /sign-in", FORM + "Transfer-Encoding: chunked\r\n", "xyz\r\n"), 400, "Ceci n’a pu être lu"),
    "a form's address, opened": (request("GET /sign-out"), 405, "un formulaire"),
    "an address of nothing": (request("GET /nowhere"), 404, "Il n’y a rien à cette adresse"),
    "one below a page's": (request("GET /contracts/K1/more/and/more"), 404, "Il n’y a rien à cette adresse"),
    "a statement's link that is over": (request("GET /v1/statements/S1?share=x"), 404, "Il n’y a rien à cette adresse"),
    "the way to no more notices, of nobody": (request("GET /unsubscribe/x"), 404, "Il n’y a rien à cette adresse"),
}
CALLS = {
    "a body that is too large": (request("POST /v1/parties", f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n", BODY), 413),
    "a target that is too long": (request("GET /v1/leads?q=" + LONG), 414),
    "too many headers": (request("GET /v1/leads", "X-Y: " + LONG * 3 + "\r\n"), 431),
    "no path": (request("GET /v1/nowhere"), 404),
    "no path of the log": (request("GET /log/nowhere/at/all"), 404),
    "no method": (request("DELETE /v1/parties"), 405),
    "no request": (request("GET /v1/parties?%"), 400),
}


def answer_of(port, data):
    with socket.create_connection(("127.0.0.1", port), 20) as connection, connection.makefile("rb") as answer:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        head, _, body = answer.read().partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split(" ")[1]), dict(line.lower().split(": ", 1) for line in lines[1:]), body.decode()


class FrontDoor(ServerCase):
    def ask(self, made, accept):
        return answer_of(self.server.port, made(accept))

    def assertPage(self, answer, status, words):
        found, headers, body = answer
        language = "fr" if words != "This address is too long" else "en"
        self.assertEqual((found, headers["content-type"], headers["content-language"]), (status, "text/html; charset=utf-8", language), body)
        self.assertIn(words, body)
        self.assertIn(f'<html lang="{language}">', body)
        self.assertEqual(headers["cache-control"], "no-store")
        self.assertIn("default-src 'none'", headers["content-security-policy"])
        self.assertIn(headers["request-id"], body.lower(), "whoever asks the operator can name it")

    def test_a_browser_is_told_in_a_page_in_its_language(self):
        for what, (made, status, words) in PAGES.items():
            with self.subTest(what):
                self.assertPage(self.ask(made, BROWSERS), status, words)

    def test_the_language_that_was_chosen_goes_before_that_of_the_browser(self):
        for what in ("an address that is too long", "a form's address, opened"):
            with self.subTest(what):
                _, headers, _ = answer_of(self.server.port, PAGES[what][0](BROWSERS).replace(b"User-Agent: x", b"Cookie: a=b; lang=zh-Hans"))
                self.assertEqual(headers["content-language"], "zh-hans")

    def test_a_program_is_told_in_json_of_the_same_paths(self):
        for what, (made, status, _) in PAGES.items():
            for accept in ("*/*", "application/json", "application/json, text/html"):
                with self.subTest(what, accept=accept):
                    found, headers, _ = self.ask(made, accept)
                    cut = what == "one of which only the beginning is read"  # whose Accept nobody has read
                    self.assertEqual((found, headers["content-type"]), (status, "text/html; charset=utf-8" if cut else "application/problem+json"))

    def test_a_call_of_the_api_is_answered_in_json_whoever_asks(self):
        for what, (made, status) in CALLS.items():
            with self.subTest(what):
                found, headers, _ = self.ask(made, BROWSERS)
                self.assertEqual((found, headers["content-type"]), (status, "application/problem+json"))

    def test_what_is_no_address_of_ours_is_no_link_of_the_page(self):
        for target in ("//evil.example/x", "/\"><script>x</script>", "/search?q=<b>%", "/é/%"):
            with self.subTest(target):
                _, headers, body = self.ask(request("GET " + target), BROWSERS)
                self.assertEqual(headers["content-type"], "text/html; charset=utf-8")
                for bad in ("evil.example", "<script>x", "<b>", "é/"):
                    self.assertNotIn(bad, body)


class Guarded(Server):
    """With a listener for the operator alone, who is told there whether it is ready."""

    def __init__(self):
        self.admin = free_port()
        super().__init__(ADMIN_LISTEN=f"127.0.0.1:{self.admin}")

    def ready(self):
        try:
            return send(f"http://127.0.0.1:{self.admin}/readyz").status == 200
        except OSError:
            return False


class Admin(unittest.TestCase):
    def test_the_operators_own_listener_has_no_pages(self):
        server = Guarded()
        port = server.admin
        self.addCleanup(server.close)
        for path in ("/", "/nowhere", "/sign-out", "/search?q=100%"):
            with self.subTest(path):
                self.assertEqual(answer_of(port, request("GET " + path)(BROWSERS))[1]["content-type"], "application/problem+json")
        self.assertEqual(answer_of(port, request("GET /healthz")(BROWSERS))[0], 200)


class Budgets(unittest.TestCase):
    def test_a_browser_that_asks_too_fast_is_told_in_a_page(self):
        server = Server(WORKERS=1, BUDGET_ADDRESS=1)
        self.addCleanup(server.close)
        for path in ("/sign-in", "/nowhere", "/sign-out", "/invite/x", "/unsubscribe/x"):
            for accept, kind in ((BROWSERS, "text/html; charset=utf-8"), ("*/*", "application/problem+json")):
                with self.subTest(path, accept=accept):
                    for _ in range(200):
                        status, headers, body = answer_of(server.port, request("GET " + path)(accept))
                        if status == 429:
                            break
                    self.assertEqual((status, headers["content-type"]), (429, kind))
                    self.assertIn("retry-after", headers)
                    self.assertIn("Trop à la fois" if kind.startswith("text") else "rate_limited", body)


if __name__ == "__main__":
    unittest.main()
