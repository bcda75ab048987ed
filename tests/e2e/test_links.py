"""Links as publishers write them, chat programs break them and advertising platforms lengthen them: where each click goes, and what
its entry says."""

import struct
import time
import unittest
import urllib.parse

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from harness import BROWSER, Market, ServerCase, b64u_decode, send

LANDING = "https://landing.example/offer?click_id=old&a=1&lp={sub1}#form"


def quoted(text):
    return urllib.parse.quote(text, safe="")


# what follows the code -> where it goes (ID: the click's id), what the entry says of it
LINKS = {
    "plain": ("", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {}),
    "a macro": ("?sub1=a b&sub2=x".replace(" ", "%20"), "https://landing.example/offer?click_id=ID&a=1&lp=a%20b#form", {"sub1": "a b", "sub2": "x"}),
    "utm passed on": ("?utm_source=mail&utm_medium=e%26m", "https://landing.example/offer?click_id=ID&a=1&lp=&utm_source=mail&utm_medium=e%26m#form",
                      {"utm_source": "mail", "utm_medium": "e&m"}),
    "ad ids and pass": ("?gclid=G1&fbclid=F1&aff=9&other=1&a=2", "https://landing.example/offer?click_id=ID&a=2&lp=&gclid=G1&fbclid=F1&aff=9#form", {}),
    "a click id of somebody else": ("?click_id=theirs", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {}),
    "an empty value first": ("?sub2=&sub2=late", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "late"}),
    "the first value counts": ("?sub2=one&sub2=two", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "one"}),
    "names in other spellings": ("?%73ub1=x&utm%5Fsource=y", "https://landing.example/offer?click_id=ID&a=1&lp=x&utm_source=y#form",
                                 {"sub1": "x", "utm_source": "y"}),
    "&amp; between": ("?sub2=a&amp;sub3=b&amp;sub4=c", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "a", "sub3": "b", "sub4": "c"}),
    "two question marks": ("??sub2=x", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "x"}),
    "the question mark forgotten": ("&sub2=x&sub3=y", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "x", "sub3": "y"}),
    "the question mark escaped": ("%3Fsub2=x%26sub3=y", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "x", "sub3": "y"}),
    "slash and question mark escaped": ("%2F%3Fsub2=x%26sub3=y", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "x", "sub3": "y"}),
    "emphasis": ("_", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {}),
    "emphasis and a query": ("__?sub2=x", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "x"}),
    "a slash": ("/", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {}),
    "a slash and a query": ("/?sub2=x", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {"sub2": "x"}),
    "a full stop": (".", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {}),
    "brackets": (").,;", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {}),
    "blanks": ("%20%C2%A0", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {}),
    "zero width": ("%E2%80%8B%EF%BB%BF", "https://landing.example/offer?click_id=ID&a=1&lp=#form", {}),
    "a deep link": ("?to=" + quoted("https://shop.example/p?x=2&click_id=old#top"), "https://shop.example/p?x=2&click_id=ID#top",
                    {"to": "https://shop.example/p?x=2&click_id=old#top"}),
    "a deep link that ends in a question": ("?to=" + quoted("https://shop.example/?q=why?"), "https://shop.example/?q=why?&click_id=ID",
                                            {"to": "https://shop.example/?q=why?"}),
    "a deep link with utm": ("?utm_source=new&to=" + quoted("https://shop.example/?utm_source=old"), "https://shop.example/?utm_source=new&click_id=ID",
                             {"to": "https://shop.example/?utm_source=old", "utm_source": "new"}),
    "umlauts and pipes": ("?to=" + quoted("https://shop.example/café/a|b c"), "https://shop.example/caf%C3%A9/a%7Cb%20c?click_id=ID",
                          {"to": "https://shop.example/caf%C3%A9/a%7Cb%20c"}),
    "an IDN host": ("?to=" + quoted("https://bücher.shop.example/"), "https://xn--bcher-kva.shop.example/?click_id=ID",
                    {"to": "https://xn--bcher-kva.shop.example/"}),
    "a blank in front": ("?to=%20https%3A%2F%2Fshop.example", "https://shop.example/?click_id=ID", {"to": "https://shop.example/"}),
    "encoded twice": ("?to=" + quoted(quoted("https://shop.example/p?a=1")), "https://shop.example/p?a=1&click_id=ID", {"to": "https://shop.example/p?a=1"}),
    "an empty deep link first": ("?to=&to=" + quoted("https://shop.example/"), "https://shop.example/?click_id=ID", {"to": "https://shop.example/"}),
}
REFUSED = ["https://evil.example/", "http://shop.example/", "https://shop.example\\@evil.example/", "https://shop.example@evil.example/",
           "https://shop.example/\r\nX: 1", "javascript:alert(1)", "//shop.example/", "https://shop.example.evil.example/", "x" * 1100]


def opened(click_id, keys):
    """A click id as FORMATS.md, Tokens, says: place, seconds, flags; None for one that these keys do not open."""
    data = b64u_decode(click_id)
    assert len(data) == 38 and data[0] == 1
    key = b64u_decode({each["kid"]: each["key"] for each in keys}[data[1]])
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    block = decryptor.update(data[2:18]) + decryptor.finalize()
    if block[13:] != bytes(3):
        return None
    return struct.unpack(">QIB", block[:13])


class Links(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server, campaign={"landing_url": LANDING, "pass": ["aff", "a"]})

    def get(self, rest, code=None, method="GET", **headers):
        return send((code or self.market.code)["click_url"] + rest, method, headers={**BROWSER, **headers})

    def location(self, answer, param="click_id"):
        self.assertStatus(answer, 302)
        location = answer.headers["Location"]
        ids = [pair.partition("=")[2] for pair in urllib.parse.urlsplit(location).query.split("&") if pair.startswith(param + "=")]
        self.assertEqual(len(ids), 1, location)
        return location.replace(ids[0], "ID"), ids[0]

    def last_click(self):
        return [entry for entry in self.market.settled_entries() if entry["kind"] == "click"][-1]

    def told(self, entry):
        return {name: value for name, value in entry.items() if name.startswith(("sub", "utm_", "to"))}

    def test_each_link_goes_where_its_writer_meant(self):
        for what, (rest, goes_to, told) in LINKS.items():
            with self.subTest(what):
                self.assertEqual(self.location(self.get(rest))[0], goes_to)
                self.assertEqual(self.told(self.last_click()), told)

    def test_a_deep_link_that_may_not_be_taken_is_told_in_the_entry(self):
        counted = self.server.metric("links_refused")
        for link in REFUSED:
            with self.subTest(link[:60]):
                self.assertEqual(self.location(self.get("?to=" + quoted(link)))[0], "https://landing.example/offer?click_id=ID&a=1&lp=#form")
                self.assertEqual(self.told(self.last_click()), {"to_refused": True})
        self.assertEqual(self.server.metric("links_refused"), counted + len(REFUSED))

    def test_what_is_inside_a_code_may_be_escaped(self):
        code = self.market.code["code"]
        escaped = "".join(f"%{ord(c):02x}" if c in "-_" or at % 7 == 0 else c for at, c in enumerate(code))
        self.assertNotEqual(escaped, code)
        self.location(send(f"{self.server.url}/c/{escaped}", headers=BROWSER))

    def test_a_code_with_more_letters_is_another(self):
        for rest in ("A", "-", "%41", "_x", "_-", "A/"):
            self.assertStatus(self.get(rest), 404)

    def test_the_parties_open_click_ids_with_their_key(self):
        market = self.market
        other = market.new_contract(market.publisher.__class__(market.operator, "Other", "publisher"))
        keys = {contract: market.operator.get(f"/v1/contracts/{contract}/click-key")["keys"] for contract in (market.contract, other)}
        for party in (market.publisher, market.advertiser):
            self.assertEqual(party.get(f"/v1/contracts/{market.contract}/click-key"), {"contract": market.contract, "keys": keys[market.contract]})
        before = int(time.time())
        ids = [market.click(f"?sub1=opened-{n}") for n in range(3)]
        entries = market.settled_entries()
        for n, click_id in enumerate(ids):
            self.assertEqual(len(click_id), 51)
            place, at_s, flags = opened(click_id, keys[market.contract])
            self.assertEqual((entries[place]["kind"], entries[place]["sub1"], flags), ("click", f"opened-{n}", 0))
            self.assertEqual(at_s, entries[place]["at"] // 1000)
            self.assertGreaterEqual(at_s, before)
            self.assertIsNone(opened(click_id, keys[other]))
            self.assertIsNone(opened(click_id[:5] + ("A" if click_id[5] != "A" else "B") + click_id[6:], keys[market.contract]))

    def test_a_campaign_names_its_own_parameter(self):
        market = self.market
        campaign = market.operator.post("/v1/campaigns", {
            "advertiser": market.advertiser.id, "name": "own", "currency": "EUR", "landing_url": "https://own.example/?cid=1&click_id=kept", "click_param": "cid"})
        contract = market.operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": market.publisher.id, "price": {}})
        code = market.new_code(market.publisher, contract["id"])
        self.assertEqual(self.location(self.get("", code), "cid")[0], "https://own.example/?cid=ID&click_id=kept")

    def test_visitors_of_an_ended_campaign_may_be_sent_elsewhere(self):
        market = self.market
        cases = [({"ends_at": "2026-01-01T00:00:00Z"}, b"ended"), ({"starts_at": "2100-01-01T00:00:00Z"}, b"not begun")]
        for fallback in (None, "https://home.example/?from=over"):
            for times, words in cases:
                with self.subTest(words, fallback=fallback):
                    campaign = market.operator.post("/v1/campaigns", {"advertiser": market.advertiser.id, "name": "over", "currency": "EUR",
                                                                      "landing_url": "https://over.example/", "fallback_url": fallback})
                    contract = market.operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": market.publisher.id, "price": {}, **times})
                    answer = self.get("", market.new_code(market.publisher, contract["id"]))
                    self.assertNotIn("Set-Cookie", answer.headers)
                    if fallback:
                        self.assertEqual((answer.status, answer.headers["Location"]), (302, fallback))
                    else:
                        self.assertEqual(answer.status, 410)
                        self.assertIn(words, answer.body)


if __name__ == "__main__":
    unittest.main()
