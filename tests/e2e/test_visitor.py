"""What people and programs meet beside a working link: pages for links that lead nowhere, what browsers fetch by themselves, and request
heads as real clients write them."""

import base64
import hashlib
import html.parser
import re
import socket
import struct
import unittest
import urllib.parse
import urllib.robotparser
import zlib

from harness import BROWSER, ServerCase, click, person, send

WORDS = {  # by kind and language: the page's title
    "unknown": {"en": "This link leads nowhere", "fr": "Ce lien ne mène nulle part", "zh-Hans": "此链接无效"},
    "early": {"en": "This offer has not begun yet", "fr": "Cette offre n’a pas encore commencé", "zh-Hans": "此优惠尚未开始"},
    "paused": {"en": "This offer is paused", "fr": "Cette offre est suspendue", "zh-Hans": "此优惠已暂停"},
    "ended": {"en": "This offer has ended", "fr": "Cette offre est terminée", "zh-Hans": "此优惠已结束"},
}
STATUS = {"unknown": 404, "early": 410, "paused": 410, "ended": 410}
REASON = {"unknown": "unknown_code", "early": "not_begun", "paused": "paused", "ended": "contract_ended"}

LANGUAGES = [  # Accept-Language, what comes
    (None, "en"), ("", "en"), ("fr", "fr"), ("FR-ca", "fr"), ("zh-CN", "zh-Hans"), ("zh-Hans-SG,zh;q=0.9", "zh-Hans"),
    ("zh-TW,zh-Hant;q=0.9", "zh-Hans"), ("zh-Hant-HK", "zh-Hans"), ("zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", "zh-Hans"),
    ("de", "en"), ("de,fr;q=0.5", "fr"), ("de-DE,de;q=0.9,en;q=0.3,fr;q=0.2", "en"), ("en;q=0.4,fr;q=0.6", "fr"),
    ("fr,en", "fr"), ("en,fr", "en"), ("fr;q=0,en;q=0.1", "en"), ("en;q=0", "en"), ("en;q=0,*", "fr"), ("*", "en"), ("fr;q=0.2,*;q=0.1", "fr"),
    ("*;q=0.5,zh;q=0.1", "en"), ("fr;q=2,zh", "zh-Hans"), ("fr ; q=0.9 , zh ; q=1", "zh-Hans"), ("french", "en"), ("f", "en"), (";;,,=", "en"),
]

ACCEPT = [  # Accept, whether a problem comes
    (None, False), ("*/*", False), ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", False),
    ("application/json", True), ("application/problem+json", True), ("application/json, text/plain, */*", True),
    ("text/html, application/json", False), ("text/html;q=0.5, application/json", True), ("application/json;q=0.5, text/html", False),
    ("application/json;q=0", False),
]


class Page(html.parser.HTMLParser):
    """Of a page: the text of each element, the attributes that may load something."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.text, self.links, self.lang = [], {}, [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.stack.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src", "action")]
        self.lang = dict(attributes).get("lang", self.lang)

    def handle_data(self, data):
        if self.stack:
            self.text[self.stack[-1]] = self.text.get(self.stack[-1], "") + data


class VisitorPages(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market = cls.market
        cls.urls = {"unknown": cls.server.url + "/c/" + "A" * 35}
        for kind, times in (("early", {"starts_at": "2100-01-01T00:00:00Z"}), ("ended", {"ends_at": "2026-01-01T00:00:00Z"}), ("paused", {})):
            campaign = market.operator.post("/v1/campaigns", {"advertiser": market.advertiser.id, "name": kind, "currency": "EUR",
                                                              "landing_url": "https://solaire.example:8443/roof?a={sub1}"})
            contract = market.operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": market.publisher.id, "price": {}, **times})
            cls.urls[kind] = market.new_code(market.publisher, contract["id"])["click_url"]
            if kind == "paused":
                market.advertiser.post(f"/v1/campaigns/{campaign['id']}/pause", {})

    def get(self, kind, method="GET", **headers):
        return send(self.urls[kind], method, headers={**BROWSER, **{name: value for name, value in headers.items() if value is not None}})

    def test_each_kind_in_each_language(self):
        for kind, titles in WORDS.items():
            for language, title in titles.items():
                with self.subTest(kind, language=language):
                    answer = self.assertStatus(self.get(kind, **{"Accept-Language": language}), STATUS[kind])
                    page = Page(answer.text)
                    self.assertEqual((page.text["title"].strip(), page.text["h1"].strip(), page.lang), (title, title, language))
                    self.assertEqual(answer.headers["Content-Language"], language)
                    self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
                    self.assertEqual(answer.headers["Cache-Control"], "no-store")
                    self.assertIn("Accept-Language", answer.headers["Vary"])
                    self.assertNotIn("Set-Cookie", answer.headers)
                    self.assertLess(len(answer.body), 3000)
                    self.assertEqual(page.links, [] if kind == "unknown" else ["https://solaire.example:8443/"])

    def test_the_language_is_the_one_that_weighs_most(self):
        for header, language in LANGUAGES:
            with self.subTest(header):
                self.assertEqual(self.get("ended", **{"Accept-Language": header}).headers["Content-Language"], language)

    def test_who_asks_for_json_gets_a_problem(self):
        for header, problem in ACCEPT:
            with self.subTest(header):
                answer = self.assertStatus(self.get("ended", Accept=header), 410)
                self.assertEqual(answer.headers["Content-Type"], "application/problem+json" if problem else "text/html; charset=utf-8")
        answer = self.assertStatus(self.get("unknown", Accept="application/json"), 404)
        self.assertEqual((answer.json["type"], answer.json["detail"]), ("urn:countersign:problem:not_found", "this is no tracking code of ours"))
        self.assertIn("not begun", self.get("early", Accept="application/json").json["detail"])

    def test_nothing_but_its_own_style_may_run_or_load(self):
        answer = self.get("ended")
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        style = re.search(r"<style>(.*)</style>", answer.text, re.DOTALL).group(1)
        self.assertEqual(policy["style-src"], "'sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() + "'")
        self.assertEqual((policy["default-src"], policy["img-src"]), ("'none'", "'self'"))
        self.assertNotIn("<script", answer.text)
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer", "the code stays here")

    def test_each_kind_is_counted_by_its_name_and_never_recorded(self):
        before = self.recorded()
        for kind, reason in REASON.items():
            counted = self.server.metric("clicks_refused", f'reason="{reason}"')
            self.get(kind)
            self.assertEqual(self.server.metric("clicks_refused", f'reason="{reason}"'), counted + 1)
            head = self.assertStatus(self.get(kind, method="HEAD"), STATUS[kind])
            self.assertEqual(head.body, b"")
            self.assertEqual(self.server.metric("clicks_refused", f'reason="{reason}"'), counted + 1, "HEAD is nobody's click")
        self.assertNothingRecorded(before)


class Pause(ServerCase):
    def test_a_pause_stops_clicks_and_takes_no_lead(self):
        market = self.market
        pause, url = f"/v1/campaigns/{market.campaign}/pause", market.code["click_url"]
        click = market.click()
        self.assertTrue(market.advertiser.post(pause, {})["paused"])
        self.assertStatus(send(url), 410)
        lead = market.publisher.postback(person(click_id=click)).json
        self.assertEqual((lead["status"], lead["reason"]), ("pending", ""), "its click came before the pause")
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"fallback_url": "https://home.example/"})
        self.assertEqual(self.assertStatus(send(url), 302).headers["Location"], "https://home.example/")
        self.assertFalse(market.operator.post(pause, {"paused": False})["paused"])
        self.assertIn("landing", self.assertStatus(send(url), 302).headers["Location"])
        for body, field in (({"paused": 1}, "paused"), ({"pause": True}, "pause")):
            self.assertProblem(market.operator.call("POST", pause, body), 422, field)
        self.assertProblem(market.publisher.call("POST", pause, {}), 403)


class Locked(ServerCase):
    def test_nothing_is_taken_from_a_locked_party_nor_of_its_codes(self):
        market, before = self.market, None
        lock, url, pixel = f"/v1/parties/{market.publisher.id}/lock", market.code["click_url"], market.code["pixel_url"]
        click = market.click()
        key = market.operator.call("PUT", f"/v1/parties/{market.publisher.id}/postback-key", {"cidrs": ["127.0.0.1"]}).json["key"]
        by_key = lambda txid: send(f"{self.server.url}/postback?key={key}&txid={txid}&click_id={click}&email={txid}%40x.example&phone=%2B33612345678")
        self.assertStatus(by_key("k1"), 200)
        self.assertProblem(market.advertiser.call("POST", lock, {}), 404)
        locked = self.assertStatus(market.publisher.call("POST", lock, {}), 200).json
        self.assertEqual(locked["locked_by"], market.publisher.id)
        before = self.recorded()
        page = self.assertStatus(send(url, headers=BROWSER), 410)
        self.assertIn("This link is switched off", page.text)
        self.assertStatus(send(pixel), 200)
        for answer in (market.publisher.postback(person(click_id=click)), by_key("k2"), market.publisher.call("GET", "/v1/parties"),
                       market.publisher.call("DELETE", lock), market.publisher.call("POST", "/v1/leads", person(click_id=click))):
            self.assertIn("locked", self.assertStatus(answer, 403).json["detail"])
        self.assertNothingRecorded(before)
        lead = self.assertStatus(market.advertiser.postback(person(click_id=click)), 200).json
        self.assertEqual((lead["status"], lead["contract"]), ("pending", market.contract), "its click came before")
        self.assertStatus(market.operator.call("DELETE", lock), 200)
        self.assertIn("landing", self.assertStatus(send(url, headers=BROWSER), 302).headers["Location"])
        self.assertStatus(market.publisher.postback(person(click_id=click)), 200)


class SwitchedOff(ServerCase):
    def test_a_code_is_off_until_it_is_on_again_and_others_go_on(self):
        market = self.market
        other, code = market.new_code(market.publisher, market.contract), market.code
        click, path = market.click(), f"/v1/contracts/{market.contract}/codes/{code['code']}"
        self.assertProblem(market.publisher.call("PATCH", path, {"off": 1}), 422, "off")
        self.assertProblem(market.publisher.call("PATCH", path[:-1], {"off": True}), 404)
        off = market.publisher.patch(path, {"off": True})
        self.assertEqual((off["off"], off["off_by"], off["label"]), (True, market.publisher.id, code["label"]))
        before = self.recorded()
        for accept, said in (("text/html", "This link is switched off"), ("application/json", "switched off")):
            self.assertIn(said, self.assertStatus(send(code["click_url"], headers={**BROWSER, "Accept": accept}), 410).text)
        for event in ("view", "impression"):
            self.assertStatus(send(f"{code['pixel_url']}?event={event}"), 200)
        self.assertNothingRecorded(before)
        self.assertEqual(market.publisher.postback(person(click_id=click)).json["status"], "pending", "its click came before")
        self.assertIn("landing", self.assertStatus(send(other["click_url"], headers=BROWSER), 302).headers["Location"])
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"fallback_url": "https://home.example/"})
        self.assertEqual(self.assertStatus(send(code["click_url"], headers=BROWSER), 302).headers["Location"], "https://home.example/")
        again = market.publisher.patch(path, {"label": "renamed"})
        self.assertEqual((again["off"], again["off_at"], again["label"]), (True, off["off_at"], "renamed"))
        on = market.operator.patch(path, {"off": False})
        self.assertEqual((on["off"], on["label"], "off_at" in on), (False, "renamed", False))
        self.assertIn("landing", self.assertStatus(send(code["click_url"], headers=BROWSER), 302).headers["Location"])


class ByThemselves(ServerCase):
    """robots.txt, icons."""

    def test_crawlers_leave_links_and_pixels_alone(self):
        answer = self.assertStatus(send(self.server.url + "/robots.txt"), 200)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        robots = urllib.robotparser.RobotFileParser()
        robots.parse(answer.text.splitlines())
        code = self.market.code
        for path, allowed in {code["click_url"]: False, code["pixel_url"]: False, "/postback?a=b": False, "/v1/statements/S1?share=x": False,
                              "/": True, "/t.js": True, "/openapi.json": True, "/log/checkpoint": True, "/.well-known/jwks.json": True}.items():
            with self.subTest(path):
                self.assertEqual(robots.can_fetch("Googlebot", path), allowed)

    def test_the_icon_is_one_drawn_and_painted(self):
        icon = self.assertStatus(send(self.server.url + "/favicon.ico"), 200)
        self.assertEqual(icon.headers["Content-Type"], "image/vnd.microsoft.icon")
        self.assertLess(len(icon.body), 2000)
        reserved, kind, count, width, height, _, _, _, _, size, offset = struct.unpack("<HHHBBBBHHII", icon.body[:22])
        self.assertEqual((reserved, kind, count, width, height, offset + size), (0, 1, 1, 32, 32, len(icon.body)))
        png = icon.body[offset:]
        self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
        at, pixels = 8, b""
        while at < len(png):
            length, name = struct.unpack(">I4s", png[at:at + 8])
            data = png[at + 8:at + 8 + length]
            self.assertEqual(zlib.crc32(name + data), struct.unpack(">I", png[at + 8 + length:at + 12 + length])[0])
            pixels += data if name == b"IDAT" else b""
            at += 12 + length
        self.assertEqual(len(zlib.decompress(pixels)), 32 * (1 + 4 * 32), "32 rows of RGBA")
        drawn = self.assertStatus(send(self.server.url + "/icon.svg"), 200)
        self.assertEqual(drawn.headers["Content-Type"], "image/svg+xml")
        self.assertIn(b"<svg", drawn.body)
        for answer in (icon, drawn):
            self.assertIn("max-age", answer.headers["Cache-Control"])


class Heads(ServerCase):
    """What a head may be on this lane, byte by byte."""

    def raw(self, head):
        """Status and Location of what a socket answers to these bytes."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as peer:
            peer.sendall(head)
            answer = b""
            while b"\r\n\r\n" not in answer:
                more = peer.recv(65536)
                if not more:
                    break
                answer += more
        status = int(answer.split()[1]) if answer else 0
        location = re.search(rb"\r\nLocation: ([^\r]*)", answer)
        return status, location.group(1).decode() if location else None

    def get(self, target, *headers):
        agent = f"User-Agent: {BROWSER['User-Agent']}"
        return self.raw(b"GET " + target + b" HTTP/1.1\r\n" + "\r\n".join(["Host: h", agent, *headers, "", ""]).encode())

    def test_request_lines_of_real_clients(self):
        path = urllib.parse.urlsplit(self.market.code["click_url"]).path.encode()
        rows = {  # the target, sub1 of its entry
            "plain": (path + b"?sub1=line-plain", "line-plain"),
            "fragment": (path + b"?sub1=line-fragment#offer", "line-fragment"),
            "fragment with a query": (path + b"?sub1=line-fragment2#offer?sub1=x&sub2=y", "line-fragment2"),
            "fragment at once": (path + b"#offer", None),
            "fragment in the code's place": (path + b"/#/offer?sub1=no", None),
            "raw UTF-8": (path + "?sub1=line-café".encode(), "line-café"),
            "raw Latin-1": (path + b"?sub1=line-caf\xe9", "line-caf\ufffd"),
            "a plus for a blank": (path + b"?sub1=line+plus", "line plus"),
            "raw blanks": (path + b"?sub1=line raw blanks", "line raw blanks"),
            "a blank behind the code": (path + b" ?sub1=line-blank", "line-blank"),
            "raw UTF-8 behind the code": (path + "\u200b?sub1=line-zero-width".encode(), "line-zero-width"),
            "stray percent behind the code": (path + b"%?sub1=line-percent", "line-percent"),
            "stray percent": (path + b"?sub1=line-50%", "line-50%"),
            "absolute form": (b"http://h" + path + b"?sub1=line-absolute", "line-absolute"),
            "absolute form, another host": (b"HTTPS://track.example:8443" + path + b"?sub1=line-absolute2", "line-absolute2"),
            "doubled slash": (b"/" + path + b"?sub1=line-doubled", "line-doubled"),
            "braces and quotes": (path + b'?sub1=line-{"a"|<b>}', 'line-{"a"|<b>}'),
            "eight KiB": (path + b"?sub1=line-long&junk=" + b"x" * 8192, "line-long"),
            "sixty KiB": (path + b"?junk=" + b"x" * 60000 + b"&sub1=line-longer", "line-longer"),
            "many pairs": (path + b"?" + b"a=1&" * 12000 + b"sub1=line-pairs", "line-pairs"),
        }
        before = len(self.market.settled_entries())
        for name, (target, _) in rows.items():
            with self.subTest(name):
                status, location = self.get(target)
                self.assertEqual(status, 302)
                self.assertRegex(location, r"^https://landing\.example/offer\?a=1&click_id=[\w-]{51}#form$")
        clicks = self.market.settled_entries()[before + 1:]  # the first is the marker of the look before
        self.assertEqual([entry.get("sub1") for entry in clicks], [sub1 for _, sub1 in rows.values()])

    def test_large_cookies_cost_no_click_and_no_pixel(self):
        code, query = self.market.code, "?sub1=cookies"
        for size in (17_000, 40_000, 64_000):
            with self.subTest(size):
                answer, click_id = click(code["click_url"] + query, Cookie="a=" + "x" * size)
                self.assertStatus(answer, 302)
                pixel = send(f"{code['pixel_url']}?event=view&click_id={click_id}", headers={**BROWSER, "Cookie": "a=" + "x" * size})
                self.assertStatus(pixel, 200)
        entries = self.market.settled_entries()
        mine = [n for n, entry in enumerate(entries) if entry.get("sub1") == "cookies"]
        self.assertEqual(len(mine), 3)
        self.assertEqual([entry["click"] for entry in entries if entry["kind"] == "view" and entry.get("click") in mine], mine)

    def test_past_64_kib_and_elsewhere_past_16_it_is_too_much(self):
        cookie = "Cookie: a=" + "x" * 17_000
        code = urllib.parse.urlsplit(self.market.code["click_url"]).path.encode()
        for target, status in {b"/": 431, b"/t.js": 431, b"/postback?a=b": 431, code: 302}.items():
            with self.subTest(target[:20]):
                self.assertEqual(self.get(target, cookie)[0], status)
        self.assertEqual(self.get(b"/" + b"x" * 9000)[0], 414)
        self.assertEqual(self.get(code, "Cookie: a=" + "x" * 66_000)[0], 431)
        self.assertEqual(self.get(code + b"?" + b"x" * 66_000)[0], 414)
        self.assertEqual(self.raw(b"POST " + code + b" HTTP/1.1\r\nHost: h\r\n" + cookie.encode() + b"\r\n\r\n")[0], 431)


if __name__ == "__main__":
    unittest.main()
