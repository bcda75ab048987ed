"""The tracking lane: clicks, pixels and the tag."""

import json
import sys
import unittest
import urllib.parse

from harness import BROWSER, SOURCE, ServerCase, click, query_of, send

sys.path.insert(0, str(SOURCE / "server"))

from minify import minified  # noqa: E402

GIF_LEN = 43


class Clicks(ServerCase):
    def entries(self, kind):
        return [entry for entry in self.market.settled_entries() if entry["kind"] == kind]

    def get(self, query="", method="GET", **headers):
        return send(self.market.code["click_url"] + query, method, headers={**BROWSER, **headers})

    def test_redirects_to_the_landing_page_with_a_click_id(self):
        answer = self.assertStatus(self.get("?sub1=abc"), 302)
        location = urllib.parse.urlsplit(answer.headers["Location"])
        self.assertEqual((location.scheme, location.netloc, location.path, location.fragment), ("https", "landing.example", "/offer", "form"))
        query = query_of(answer.headers["Location"])
        self.assertEqual(query["a"], ["1"], "the landing page's own query is kept")
        self.assertEqual(len(query["click_id"][0]), 51)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer-when-downgrade")
        self.assertEqual(answer.body, b"")

    def test_no_cookie_where_the_campaign_takes_no_leads_by_pixel(self):
        answer, _ = click(self.market.code["click_url"], **BROWSER)
        self.assertNotIn("Set-Cookie", answer.headers)

    def test_two_click_ids_share_nothing_readable(self):
        ids = [self.market.click() for _ in range(2)]
        self.assertNotEqual(*ids)
        self.assertNotEqual(ids[0][8:24], ids[1][8:24], "contract and index stand encrypted")

    def test_parameters_are_recorded_and_repaired_but_never_lose_a_click(self):
        cases = {
            "plain": ("?sub1=plain&utm_source=mail&utm_campaign=black%20friday", {"sub1": "plain", "utm_source": "mail", "utm_campaign": "black friday"}),
            "bad utf-8": ("?sub1=bad-%FF-utf8", {"sub1": "bad-\ufffd-utf8"}),
            "bad escape": ("?sub1=50%&sub2=%zz", {"sub1": "50%", "sub2": "%zz"}),
            "cut": ("?sub1=cut-" + "x" * 400, {"sub1": "cut-" + "x" * 252}),
            "cut at a character": ("?sub1=é-" + urllib.parse.quote("é" * 200), None),
            "unknown": ("?sub1=unknown&gclid=1&sub9=2", {"sub1": "unknown"}),
        }
        for what, (query, _) in cases.items():
            with self.subTest(what):
                self.assertStatus(self.get(urllib.parse.quote(query, safe="?=&%-")), 302)
        clicks = self.entries("click")
        for what, (_, members) in cases.items():
            if members is None:
                continue
            with self.subTest(what):
                found = [entry for entry in clicks if entry.get("sub1") == members["sub1"]]
                self.assertEqual(len(found), 1)
                given = {name: value for name, value in found[0].items() if name.startswith(("sub", "utm_"))}
                self.assertEqual(given, members)
        cut = [entry["sub1"] for entry in clicks if entry.get("sub1", "").startswith("é-")]
        self.assertEqual(cut, ["é-" + "é" * 126], "cut at 256 bytes, between two characters")

    def test_deep_link_only_to_allowed_hosts(self):
        cases = {
            "https://shop.example/p?x=2": "https://shop.example/p",
            "https://fr.shop.example/": "https://fr.shop.example/",
            "https://landing.example/other": "https://landing.example/other",
            "https://evil.example/": "https://landing.example/offer",
            "https://shop.example.evil.example/": "https://landing.example/offer",
            "https://shop.example@evil.example/": "https://landing.example/offer",
            "https://evil.example\\@shop.example/": "https://landing.example/offer",
            "javascript:alert(1)": "https://landing.example/offer",
            "//evil.example/": "https://landing.example/offer",
            "https://shop.example/\r\nX-Injected: 1": "https://landing.example/offer",
        }
        for link, goes_to in cases.items():
            with self.subTest(link):
                answer = self.assertStatus(self.get("?to=" + urllib.parse.quote(link, safe="")), 302)
                location = urllib.parse.urlsplit(answer.headers["Location"])
                self.assertEqual(f"{location.scheme}://{location.netloc}{location.path}", goes_to)
                self.assertIn("click_id", query_of(answer.headers["Location"]))
                self.assertNotIn("X-Injected", answer.headers)

    def test_a_code_may_have_its_own_landing_page(self):
        code = self.market.new_code(self.market.publisher, self.market.contract, landing_url="https://shop.example/own")
        answer, click_id = click(code["click_url"])
        self.assertTrue(answer.headers["Location"].startswith("https://shop.example/own?click_id="), answer.headers["Location"])
        self.assertTrue(click_id)

    def test_head_answers_the_same_and_records_nothing(self):
        before = self.recorded()
        answer = self.assertStatus(self.get(method="HEAD"), 302)
        self.assertEqual(sorted(answer.headers), sorted(self.get().headers))
        before = before + 1  # the GET
        self.assertTrue(answer.headers["Location"].startswith("https://landing.example/offer"))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertNothingRecorded(before)

    def test_prefetch_is_recorded_as_prefetch_and_never_as_a_click(self):
        names = {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch", "X-Purpose": "preview", "X-Moz": "prefetch"}
        for name, value in names.items():
            with self.subTest(name):
                answer = self.assertStatus(self.get(f"?sub1=pre-{name}", **{name: value}), 503)  # so that the browser asks again
                self.assertEqual(answer.headers["Cache-Control"], "no-store")
                self.assertNotIn("Location", answer.headers)
                self.assertNotIn("Set-Cookie", answer.headers)
        classes = {entry["sub1"]: entry.get("class") for entry in self.entries("click") if entry.get("sub1", "").startswith("pre-")}
        self.assertEqual(classes, {f"pre-{name}": "prefetch" for name in names})

    def test_what_is_fetched_into_a_page_is_embedded_and_answered_the_same(self):
        for dest in ("image", "iframe", "script", "empty", "document", "Document"):
            self.assertStatus(self.get(f"?sub1=dest-{dest}", **{"Sec-Fetch-Dest": dest}), 302)
        classes = {entry["sub1"][5:]: entry["class"] for entry in self.entries("click") if entry.get("sub1", "").startswith("dest-")}
        self.assertEqual(classes, {**dict.fromkeys(("image", "iframe", "script", "empty"), "embedded"), "document": "ok", "Document": "ok"})

    def test_bots_get_the_same_answer_and_are_told(self):
        agents = {"library": "curl/8.5.0", "nothing": "", "robot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                  "person": BROWSER["User-Agent"]}
        answers = [self.assertStatus(self.get(f"?sub1=agent-{name}", **{"User-Agent": agent}), 302) for name, agent in agents.items()]
        self.assertEqual(len({(*answer.headers, answer.headers["Location"].split("click_id=")[0]) for answer in answers}), 1)
        told = {entry["sub1"][6:]: (entry["class"], entry.get("device")) for entry in self.entries("click") if entry.get("sub1", "").startswith("agent-")}
        self.assertEqual(told, {**dict.fromkeys(("library", "nothing", "robot"), ("bot", None)), "person": ("ok", "desktop")})

    def test_a_purpose_that_is_no_prefetch_is_a_click(self):
        for name, value in {"Sec-Purpose": "navigate", "Purpose": "pre-fetch", "X-Purpose": "view", "X-Moz": ""}.items():
            self.assertStatus(self.get(f"?sub1=real-{name}", **{name: value}), 302)
        classes = {entry["class"] for entry in self.entries("click") if entry.get("sub1", "").startswith("real-")}
        self.assertEqual(classes, {"ok"})

    def test_bad_codes_are_404_and_not_recorded(self):
        code = self.market.code["code"]
        flipped = code[:-1] + ("A" if code[-1] != "A" else "B")
        before, label = self.recorded(), ('route="/c/{*}"', 'code="404"')
        counted = self.server.metric("requests", *label)
        bad = ["x", code[:-1], code + "A", flipped, "%00" + code, code.swapcase(), "A" * 35, "A" * 3000]
        for text in bad:
            with self.subTest(text[:50]):
                self.assertIn(send(f"{self.server.url}/c/{text}", headers=BROWSER).status, (400, 404))
        self.assertNothingRecorded(before)
        self.assertGreater(self.server.metric("requests", *label), counted, "counted all the same")

    def test_every_changed_character_of_a_code_is_refused(self):
        code = self.market.code["code"]
        for at in range(len(code)):
            changed = code[:at] + ("A" if code[at] != "A" else "Q") + code[at + 1:]
            self.assertStatus(send(f"{self.server.url}/c/{changed}", headers=BROWSER), 404)

    def test_ended_contract_is_410_and_not_recorded(self):
        contract = self.market.new_contract(self.market.publisher, ends_at="2020-01-01T00:00:00Z")
        code = self.market.new_code(self.market.publisher, contract)
        before = self.recorded()
        self.assertStatus(send(code["click_url"], headers=BROWSER), 410)
        self.assertNothingRecorded(before)
        pixel = self.assertStatus(send(code["pixel_url"] + "?event=view", headers=BROWSER), 200)
        self.assertEqual(len(pixel.body), GIF_LEN)

    def test_entries_carry_no_personal_data(self):
        self.assertStatus(self.get("?sub1=private", **{"User-Agent": "Very-Personal-Agent/1.0"}), 302)
        text = json.dumps(self.market.settled_entries())
        self.assertNotIn("Very-Personal-Agent", text)
        self.assertNotIn("127.0.0.1", text)


class Tag(ServerCase):
    def test_is_small_javascript(self):
        answer = self.assertStatus(send(self.server.url + "/t.js"), 200)
        self.assertIn("javascript", answer.headers["Content-Type"])
        self.assertLess(len(answer.body), 5000)
        self.assertIn(b"globalPrivacyControl", answer.body)

    def test_is_what_the_minifier_makes_of_the_source(self):
        source = (SOURCE / "server/tracking/t.js").read_text()
        self.assertEqual(send(self.server.url + "/t.js?code=x&consent").text, minified(source))
        self.assertNotEqual(minified(source.replace("cs_touch", "cs_other")), minified(source))

    def test_the_api_answers_an_element_that_fits_the_campaign(self):
        market = self.market
        self.assertEqual(market.code["tag"], f'<script src="{self.server.url}/t.js?code={market.code["code"]}" async></script>')
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"click_param": "sub.id"})
        code = market.new_code(market.publisher, market.contract)
        self.assertEqual(code["tag"], f'<script src="{self.server.url}/t.js?code={code["code"]}&amp;param=sub.id" async></script>')


if __name__ == "__main__":
    unittest.main()
