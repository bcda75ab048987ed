"""Pixels: whose a view is, what an impression earns, leads of thank-you pages and their cookie; and always the same image."""

import json
import secrets
import tempfile
import unittest
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import BROWSER, Market, Party, ServerCase, click, countersign, send, statement_payload, wait_for

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")  # one transparent pixel
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BOT = {"User-Agent": "curl/8.5.0"}


class PixelCase(ServerCase):
    campaign = {"lead": {"require": []}}

    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server, campaign=cls.campaign)

    def pixel(self, code, query="", method="GET", body=None, **headers):
        """Fires a pixel of the code (an answer of the API, or a code's text): the image, whatever it reported."""
        url = code["pixel_url"] if isinstance(code, dict) else f"{self.server.url}/p/{code}"
        answer = send(url + query, method, body, {**BROWSER, **headers})
        self.assertGif(answer, method)
        return answer

    def assertGif(self, answer, method="GET"):
        self.assertStatus(answer, 200)
        self.assertEqual(answer.body, b"" if method == "HEAD" else GIF)
        self.assertEqual(answer.headers["Content-Length"], "43")
        for name, value in {"Content-Type": "image/gif", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*",
                            "Cross-Origin-Resource-Policy": "cross-origin"}.items():
            self.assertEqual(answer.headers[name], value, name)

    def settled(self, contract, code):
        """The contract's entries that a click made now would follow."""
        marker = "marker-" + secrets.token_hex(8)
        click(code["click_url"] + "?sub1=" + marker, **BROWSER)

        def covered():
            size = int(self.operator.do("GET", f"/log/{contract}/checkpoint").text.split("\n")[1])
            entries = [json.loads(entry) for _, entry in self.market.entries(contract, size=size)]
            found = [n for n, entry in enumerate(entries) if entry.get("sub1") == marker]
            return entries[:found[0]] if found else None

        return wait_for(covered, what="the checkpoint to catch up")

    def refused(self, reader, condition):
        """The reader's refusals, as soon as they are as they should be; what they are now, if that never comes."""
        rows = lambda: reader.get("/v1/refused", limit=200)["data"]  # noqa: E731
        try:
            wait_for(lambda: condition(rows()), 10, "the refused log")
        except AssertionError as late:
            raise AssertionError(f"{late}: {rows()}") from None


class Answers(PixelCase):
    def test_always_the_same_gif(self):
        code, click_id = self.market.code["code"], self.market.click()
        for ending in (".gif", ".png", "", ".GIF", "/", ".gif/"):
            self.pixel(code + ending, "?event=view")
        for query in (f"?click_id={click_id}", "?click_id=nonsense", "?event=nonsense", "", "?%zz=%00", "?event=lead&txid=1", "?" + "x" * 4000,
                      "?event=%FF", "?event=lead&txid=%FF", "?\xe9=1"):
            for method in ("GET", "POST", "HEAD"):
                with self.subTest(f"{method} {query[:40]}"):
                    self.pixel(code, urllib.parse.quote(query, safe="?&=%") if "\xe9" in query else query, method)
        for bad in ("nonsense", code[:-1] + "-", "A" * 35, "A" * 2000, "a/b", "/", ""):
            with self.subTest(bad[:40]):
                self.pixel(bad + ".gif", "?event=view")

    def test_also_where_other_requests_are_refused(self):
        code = self.market.code["code"]
        for method in ("GET", "POST"):
            self.pixel(code, "?" + "x" * 9000, method)
            self.pixel(code, "", method, Cookie="a=" + "x" * 17_000)
            self.pixel("%zz.gif", "", method)
        self.pixel(code, "", "POST", b"x" * 70_000)

    def test_other_methods_are_refused(self):
        self.assertStatus(send(self.market.code["pixel_url"], "DELETE", headers=BROWSER), 405)

    def test_a_browser_that_asks_first_is_let(self):
        for origin in ("https://shop.example", None, "null"):
            answer = send(self.market.code["pixel_url"], "OPTIONS", headers={
                **BROWSER, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type",
                **({"Origin": origin} if origin else {})})
            self.assertStatus(answer, 204)
            self.assertEqual((answer.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Credentials"]),
                             (origin or "*", "true" if origin else None))
            self.assertIn("POST", answer.headers["Access-Control-Allow-Methods"])
            self.assertIn("content-type", answer.headers["Access-Control-Allow-Headers"].lower())

    def test_a_page_that_names_its_origin_may_bring_credentials(self):
        for origin, named in (("https://shop.example", True), ("null", True), ("\x7f", False), (None, False)):
            for method in ("GET", "POST", "HEAD"):
                answer = send(self.market.code["pixel_url"], method, headers={**BROWSER, **({"Origin": origin} if origin else {})})
                self.assertEqual([answer.headers[name] for name in ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Vary")],
                                 [origin, "true", "Origin"] if named else ["*", None, None])

    def test_what_records_nothing(self):
        before = self.recorded()
        for query in ("?event=view", "?event=impression", "?event=lead&txid=1"):
            self.pixel(self.market.code, query, "HEAD")
        self.pixel("nonsense.gif", "?event=view")
        self.pixel(self.market.code, "?event=purchase")
        self.pixel(self.market.code, "?event=lead&txid=off")
        send(self.market.code["pixel_url"], "OPTIONS", headers=BROWSER)
        self.assertNothingRecorded(before)

    def test_refusals_are_told(self):
        self.pixel(self.market.code, "?event=purchase")
        self.pixel(self.market.code, "?event=lead&txid=off")
        event = ("/p/{*}", 200, "event", "this event is none that pixels report")
        lead = ("/p/{*}", 200, "", "it reports a lead, and the campaign's pixel_leads is off")
        for reader, wanted in ((self.operator, {event, lead}), (self.market.advertiser, {lead}), (self.market.publisher, {event})):
            self.refused(reader, lambda rows: {(row["route"], row["status"], row["field"], row["reason"]) for row in rows} >= wanted)

class Events(PixelCase):
    def test_words_and_spellings(self):
        code = self.market.code
        rows = [("", {}, "view"), ("?event=view", {}, "view"), ("?event=VIEW", {}, "view"), ("?event=View&event=impression", {}, "view"),
                ("?event=", {}, "view"), ("?%65vent=%49MPRESSION", {}, "impression"), ("?event=Impression", {}, "impression"),
                ("?x=1&amp;event=impression", {}, "impression"), ("?event=impression", {"method": "POST"}, "impression"),
                ("", {"method": "POST", "body": b"event=impression", **FORM}, "impression"),
                ("?event=view", {"method": "POST", "body": b"event=impression", **FORM}, "view"),
                ("", {"method": "POST", "body": b"event=impression", "Content-Type": "text/plain;charset=UTF-8"}, "impression"),
                ("", {"method": "POST", "body": b"x", "Content-Type": "text/plain;charset=UTF-8"}, "view"),
                ("?event=view", {"method": "POST", "body": b'{"x":1}', "Content-Type": "application/json"}, "view")]
        before = len(self.settled(self.market.contract, code))
        for query, how, _ in rows:
            self.pixel(code, query, **how)
        kinds = [entry["kind"] for entry in self.settled(self.market.contract, code)[before + 1:]]
        self.assertEqual(kinds, [kind for _, _, kind in rows])

    def test_a_body_that_is_not_read_is_no_view(self):
        before, counted = self.recorded(), self.server.metric("pixels_refused", 'reason="unread_body"')
        bodies = [(b'{"event":"impression"}', {"Content-Type": "application/json"}), (b"event=impression", {"Content-Type": "x/y"}), (b"\x00", {}),
                  (b'--b\r\nContent-Disposition: form-data; name="event"\r\n\r\nlead\r\n--b--\r\n', {"Content-Type": "multipart/form-data; boundary=b"})]
        for body, headers in bodies:
            self.pixel(self.market.code, "?x=1", "POST", body, **headers)
        self.assertNothingRecorded(before)
        self.assertEqual(self.server.metric("pixels_refused", 'reason="unread_body"'), counted + len(bodies))
        self.refused(self.market.publisher, lambda rows: sum("a body of a type that is not read" in row["reason"] for row in rows) == len(bodies))

    def test_pixels_of_a_paused_campaign_are_counted_as_such(self):
        market = Market(self.server)
        reasons = ("paused", "contract_ended", "not_begun")
        count = lambda: [self.server.metric("pixels_refused", f'reason="{reason}"') for reason in reasons]  # noqa: E731
        other = market.new_publisher()
        future = market.new_code(other, market.new_contract(other, starts_at="2100-01-01T00:00:00Z"))
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"paused": True})
        before = count()
        for event in ("view", "impression"):
            self.pixel(market.code, "?event=" + event)
            self.pixel(future, "?event=" + event)
        self.assertEqual([now - then for now, then in zip(count(), before, strict=True)], [2, 0, 2])


class Whose(PixelCase):
    """One landing page, two publishers, the campaign's own code."""

    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market = cls.market
        market.publisher_b = Party(market.operator, "Publisher B", "publisher")
        market.contract_b = market.new_contract(market.publisher_b)
        market.code_b = market.new_code(market.publisher_b, market.contract_b)
        market.code_a2 = market.new_code(market.publisher, market.contract)
        market.direct = market.advertiser.get(f"/v1/campaigns/{market.campaign}")["direct_contract"]
        market.own = market.advertiser.post(f"/v1/contracts/{market.direct}/codes", {"label": "landing page"})
        cls.foreign = Market(cls.server, campaign=cls.campaign)

    def views(self, contract, code, before):
        entries = self.settled(contract, code)
        return [(entry.get("placement"), entries[entry["click"]].get("sub1") if "click" in entry else None)
                for entry in entries[before:] if entry["kind"] == "view"]

    def test_the_click_decides_and_the_code_only_where_there_is_none(self):
        market = self.market
        head = send(market.code["click_url"], "HEAD", headers=BROWSER).headers["Location"]
        ids = {"a": click(market.code["click_url"] + "?sub1=a", **BROWSER)[1], "a2": click(market.code_a2["click_url"] + "?sub1=a2", **BROWSER)[1],
               "b": click(market.code_b["click_url"] + "?sub1=b", **BROWSER)[1], "own": click(market.own["click_url"] + "?sub1=own", **BROWSER)[1],
               "foreign": click(self.foreign.code["click_url"], **BROWSER)[1], "head": head.split("click_id=")[1][:51],
               "bad": "A" * 51, "": ""}
        ids |= {"a" + end: ids["a"] + end for end in (".", "_", "%E2%80%8B", "/)", "A")} | {"blank a": "%EF%BB%BF%20" + ids["a"]}
        rows = [  # code of the page, click id, whose view it is: contract, placement, click
            ("a", "a", ("a", 1, "a")), ("a", "a2", ("a", 2, "a2")), ("a", "b", ("b", 1, "b")), ("b", "a", ("a", 1, "a")),
            ("a", "", ("a", 1, None)), ("a", "bad", ("a", 1, None)), *[("b", "a" + end, ("a", 1, "a")) for end in (".", "_", "%E2%80%8B", "/)")],
            ("b", "blank a", ("a", 1, "a")), ("b", "aA", ("b", 1, None)), ("a", "foreign", ("a", 1, None)),
            ("own", "a", ("a", 1, "a")), ("own", "b", ("b", 1, "b")), ("own", "own", ("own", 1, "own")),
            ("own", "", None), ("own", "bad", None), ("own", "foreign", None),
            ("a", "head", ("a", 1, None)), ("b", "head", ("a", None, None)), ("own", "head", ("a", None, None)),
        ]
        codes = {"a": market.code, "b": market.code_b, "own": market.own}
        contracts = {"a": market.contract, "b": market.contract_b, "own": market.direct}
        before = {name: len(self.settled(contracts[name], codes[name])) for name in contracts}
        nobodys, wanted = self.server.metric("views_of_nobody"), {name: [] for name in contracts}
        for page, name, owner in rows:
            self.pixel(codes[page], f"?event=view&click_id={ids[name]}")
            if owner:
                wanted[owner[0]].append(owner[1:])
        for name, views in wanted.items():
            self.assertEqual(self.views(contracts[name], codes[name], before[name]), views, name)
        self.assertEqual(self.server.metric("views_of_nobody") - nobodys, 3)

    def test_an_advertiser_makes_the_campaigns_own_codes_and_no_others(self):
        market = self.market
        answer = market.advertiser.call("POST", f"/v1/contracts/{market.contract}/codes", {"label": "x"})
        self.assertProblem(answer, 403, "direct_contract")
        self.assertProblem(market.publisher.call("POST", f"/v1/contracts/{market.direct}/codes", {"label": "x"}), 404)
        self.assertIn(market.own["code"], [row["code"] for row in market.advertiser.get(f"/v1/contracts/{market.direct}/codes")["data"]])

    def test_a_view_of_an_ended_contract_is_refused(self):
        market = self.market
        ended = market.new_contract(market.publisher, ends_at="2020-01-01T00:00:00Z")
        code = market.new_code(market.publisher, ended)
        before = self.recorded()
        self.pixel(code, "?event=view")
        self.pixel(code, "?event=impression")
        self.assertNothingRecorded(before)


class Money(PixelCase):
    campaign = {"pixel_leads": "on", "lead": {"require": []}, "review": {"mode": "auto", "auto_approve_days": 0}}

    def test_a_statement_by_hand(self):
        market = self.market
        market.publisher = market.new_publisher()
        contract = market.new_contract(market.publisher, price={"lead": [{"micros": 7_000_001}], "click_micros": 10_000, "impression_micros": 1_500})
        market.contract, market.code = contract, market.new_code(market.publisher, contract)
        ids = [market.click(), market.click(), market.click(**BOT)]
        for headers in ({}, {}, {}, BOT, {"Sec-Purpose": "prefetch"}):
            self.pixel(market.code, "?event=impression", **headers)
            self.pixel(market.code, f"?event=view&click_id={ids[0]}", **headers)
        self.pixel(market.code, f"?event=lead&txid=m1&click_id={ids[0]}")
        self.pixel(market.code, f"?event=lead&txid=m1&click_id={ids[0]}")
        self.operator.patch(f"/v1/contracts/{contract}", {"price": {"impression_micros": 2_500}})
        self.pixel(market.code, "?event=impression")
        made = self.operator.post(f"/v1/contracts/{contract}/statements", {})
        statement = json.loads(statement_payload(market.publisher.do("GET", f"/v1/statements/{made['id']}").text))
        impressions, views = statement["counts"]["impressions"], statement["counts"]["views"]
        self.assertEqual({name: n for name, n in impressions.items() if n}, {"ok": 4, "bot": 1, "prefetch": 1, "total": 6})
        self.assertEqual({name: n for name, n in views.items() if n}, {"ok": 3, "bot": 1, "prefetch": 1, "total": 5})
        clicks, shown = 2 * 10_000, 3 * 1_500 + 2_500
        self.assertEqual((statement["gross_micros"], statement["payable_minor"], statement["carried_micros"]),
                         (clicks + shown + 7_000_001, (clicks + shown + 7_000_001) // 10_000, (clicks + shown + 7_000_001) % 10_000))
        lines = [json.loads(line) for line in market.publisher.do("GET", f"/v1/statements/{made['id']}/lines").text.splitlines()]
        self.assertEqual(lines[-1], {"kind": "traffic", "clicks": 2, "all_clicks": statement["counts"]["clicks"]["total"], "click_micros": clicks, "impressions": 4,
                                     "all_impressions": 6, "impression_micros": shown, "micros": clicks + shown})
        self.assertEqual([line["micros"] for line in lines[:-1]], [7_000_001])
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            pulled = countersign("pull", self.server.url, mirror, "--contract", contract, "--token", market.publisher.token)
            self.assertEqual(pulled.returncode, 0, pulled.stderr)
            verified = countersign("verify", mirror)
            self.assertEqual(verified.returncode, 0, verified.stdout)
            self.assertIn("6 impressions", verified.stdout)
            (bundle,) = Path(mirror).glob(f"log/{contract}/tile/entries/*.p/*")
            bundle.write_bytes(bundle.read_bytes().replace(b'"kind":"impression"', b'"kind":"expression"', 1))
            self.assertNotEqual(countersign("verify", mirror).returncode, 0, "a changed impression goes by")


class Leads(PixelCase):
    campaign = {"pixel_leads": "hold", "lead": {"require": []}, "attribution": {"model": "last", "click_days": 7}, "review": {"mode": "manual"}}

    def cookie(self, code=None, query="", **headers):
        """(cookie pair or None, its attributes, click id) of a click."""
        answer, click_id = click((code or self.market.code)["click_url"] + query, **{**BROWSER, **headers})
        text = answer.headers["Set-Cookie"]
        return (None, [], click_id) if text is None else (text.split("; ")[0], text.split("; ")[1:], click_id)

    def leads(self, txid, contract=None, code=None):
        entries = self.settled(contract or self.market.contract, code or self.market.code)
        return [{**entry, "clicked": entries[entry["click"]] if "click" in entry else None} for entry in entries if entry.get("txid") == txid]

    def test_the_click_comes_from_the_query_else_from_the_cookie(self):
        market = self.market
        first, _, first_id = self.cookie(query="?sub1=first")
        both, _, _ = self.cookie(query="?sub1=second", Cookie=first)
        foreign = Market(self.server, campaign=self.campaign)
        others, _, foreign_id = self.cookie(foreign.code)
        rows = {  # query, headers, (reason, sub1 of the click)
            "query": (f"&click_id={first_id}", {}, ("review", "first")),
            "cookie": ("", {"Cookie": first}, ("review", "first")),
            "the later of two": ("", {"Cookie": both}, ("review", "second")),
            "query before cookie": (f"&click_id={first_id}", {"Cookie": both}, ("review", "first")),
            "unreadable query, then cookie": ("&click_id={click_id}", {"Cookie": first}, ("review", "first")),
            "among other cookies": ("", {"Cookie": f"a=b; {others}; {first} ; c"}, ("review", "first")),
            "objection: the cookie is not read": ("", {"Cookie": first, "Sec-GPC": "1"}, ("no_click", None)),
            "objection: the query is": (f"&click_id={first_id}", {"Sec-GPC": "1"}, ("review", "first")),
            "nothing": ("", {}, ("no_click", None)),
            "foreign cookie": ("", {"Cookie": others}, ("no_click", None)),
            "foreign id": (f"&click_id={foreign_id}", {}, ("unknown_click", None)),
            "foreign id in our cookie": ("", {"Cookie": first.split("=")[0] + "=" + foreign_id}, ("unknown_click", None)),
            "made-up id": ("&click_id=" + "A" * 51, {}, ("unknown_click", None)),
            "garbage cookie": ("", {"Cookie": first.split("=")[0] + "=.x..y."}, ("no_click", None)),
        }
        for n, (query, headers, _) in enumerate(rows.values()):
            self.pixel(market.code, f"?event=Lead&txid=src-{n}{query}", **headers)
        entries = self.settled(market.contract, market.code)
        known = set()  # clicks that have a lead: without contact fields another one is no new person
        for n, (what, (_, _, (reason, sub1))) in enumerate(rows.items()):
            with self.subTest(what):
                (lead,) = [entry for entry in entries if entry.get("txid") == f"src-{n}"]
                status = "rejected" if sub1 is None else "duplicate" if sub1 in known else "held"
                known.add(sub1)
                self.assertEqual((lead["reason"], entries[lead["click"]]["sub1"] if "click" in lead else None),
                                 ("duplicate" if status == "duplicate" else reason, sub1))
                self.assertEqual((lead["trust"], lead["party"], lead["status"]), ("pixel", "", status))

    def test_what_somebody_fired_for_one_click_takes_no_txid_from_other_clicks(self):
        market = self.market
        other = market.new_publisher()
        contract = market.new_contract(other)
        code = market.new_code(other, contract)
        _, _, own = self.cookie()
        _, _, victims = self.cookie(code)
        for n in range(3):
            self.pixel(market.code, f"?event=lead&txid=order-{n}&click_id={own}")
        self.pixel(code, f"?event=lead&txid=order-0&click_id={victims}")
        (genuine,) = self.leads("order-0", contract, code)
        self.assertEqual((genuine["status"], genuine["reason"]), ("held", "review"))
        answer = market.advertiser.postback({"txid": "order-0", "click_id": victims, "status": "approved"})
        self.assertEqual((answer.status, answer.json["contract"]), (200, contract), answer)

    def test_the_cookie_and_its_attributes(self):
        pair, attributes, click_id = self.cookie()
        self.assertEqual(pair, f"cs_{self.market.campaign}={click_id}")
        self.assertEqual(attributes, [f"Max-Age={7 * 86_400}", "Path=/", "HttpOnly", "SameSite=Lax"], "over http")
        self.assertIsNone(self.cookie(**{"Sec-GPC": "1"})[0])
        self.assertIsNone(self.cookie(**{"Sec-Fetch-Dest": "image"})[0], "nobody went there")
        self.assertIsNotNone(self.cookie(**{"Sec-Fetch-Dest": "document"})[0])

    def test_a_txid_is_one_lead(self):
        market, click_id = self.market, self.market.click()
        before = self.recorded()
        for query in (f"&click_id={click_id}", f"&click_id={click_id}", f"&click_id={click_id}&x=1"):
            self.pixel(market.code, "?event=lead&txid=once" + query)
        self.assertEqual(self.recorded(), before + 1)
        self.pixel(market.code, "?event=lead&txid=once&click_id=" + self.market.click())
        self.assertEqual(len(self.leads("once")), 1)
        self.refused(market.advertiser, lambda rows: any(row["field"] == "txid" and "before" in row["reason"] for row in rows))
        answer = market.advertiser.postback({"txid": "once", "click_id": click_id})
        self.assertStatus(answer, 200)  # a party's own txid is another one
        self.assertEqual([lead["trust"] for lead in self.leads("once")], ["pixel", "signed"])

    def test_txids_that_do_not_read(self):
        before = self.recorded()
        for txid in ("", "%20", "%FF", "%zz", "a%00b", "{txid}", "{{order.id}}", "x" * 129):
            self.pixel(self.market.code, "?event=lead&txid=" + txid)
        self.pixel(self.market.code, "?event=lead")
        self.assertNothingRecorded(before)
        self.refused(self.market.advertiser, lambda rows: sum("clean text" in row["reason"] for row in rows) == 9)
        self.pixel(self.market.code, "?event=lead&txid=%20" + "x" * 128 + "%0A")
        self.assertEqual(self.recorded(), before + 1)

    def test_the_advertiser_decides_by_the_txid(self):
        click_id = self.market.click()
        self.pixel(self.market.code, f"?event=lead&txid=decided&click_id={click_id}")
        answer = self.market.publisher.postback({"txid": "decided", "status": "approved"})
        self.assertEqual(answer.status, 403, answer)
        answer = self.market.advertiser.postback({"txid": "decided", "status": "approved"})
        self.assertEqual((answer.status, answer.json["status"], answer.json["payout_micros"]), (200, "approved", 8_000_000), answer)

    def test_a_lead_goes_to_its_clicks_publisher_whatever_code_the_page_has(self):
        market = self.market
        direct = market.advertiser.get(f"/v1/campaigns/{market.campaign}")["direct_contract"]
        own = market.advertiser.post(f"/v1/contracts/{direct}/codes", {"label": "thank-you page"})
        self.pixel(own, f"?event=lead&txid=own-1&click_id={market.click()}")
        self.pixel(own, "?event=lead&txid=own-2")
        self.assertEqual([lead["status"] for lead in self.leads("own-1")], ["held"])
        self.assertEqual(self.leads("own-2"), [])
        self.assertEqual([lead["reason"] for lead in self.leads("own-2", direct, own)], ["no_click"])

    def test_a_held_lead_is_in_nobodys_way_whoever_comes_first(self):
        market, clicks = self.market, [self.market.click() for _ in range(12)]
        def both(n):
            report = lambda: self.pixel(market.code, f"?event=lead&txid=race{n}&click_id={clicks[n]}")
            signed = lambda: market.publisher.postback({"click_id": clicks[n], "txid": f"race{n}", "email": f"race{n}@shop.example"})
            with ThreadPoolExecutor(2) as pool:
                got = [pool.submit(act) for act in ((report, signed) if n % 2 else (signed, report))]
            return got[1 if n % 2 else 0].result()
        with ThreadPoolExecutor(len(clicks)) as pool:
            answers = list(pool.map(both, range(len(clicks))))
        self.assertEqual([answer.json["status"] for answer in answers], ["pending"] * len(clicks))
        for n in range(len(clicks)):
            by_pixel = [lead for lead in self.leads(f"race{n}") if lead["trust"] == "pixel"]
            self.assertIn([lead["status"] for lead in by_pixel], (["held"], ["duplicate"]))

    def test_verify_and_check_hold(self):
        market = self.market
        publisher = market.new_publisher()
        other = market.new_code(publisher, market.new_contract(publisher))
        clicks = [market.click(), click(other["click_url"], **BROWSER)[1], market.click()]
        steps = ({"email": "steps@shop.example"}, {"email": "steps@shop.example", "phone": "+33612345678"}, {"phone": "+33612345678"})
        senders = (market.publisher, publisher, market.publisher)
        self.assertEqual([sender.postback({"click_id": click_id, **step}).json["status"] for sender, click_id, step in zip(senders, clicks, steps)],
                         ["pending", "duplicate", "duplicate"])
        self.pixel(market.code, f"?event=lead&txid=audited&click_id={market.click()}")
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"pixel_leads": "off"})
        self.pixel(market.code, f"?event=lead&txid=too-late&click_id={market.click()}")
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"pixel_leads": "on"})
        self.pixel(market.code, f"?event=lead&txid=trusted&click_id={market.click()}")
        self.assertEqual([[lead["status"] for lead in self.leads(txid)] for txid in ("audited", "too-late", "trusted")], [["held"], [], ["pending"]])
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"pixel_leads": "hold"})
        self.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        for reader in (market.auditor, market.advertiser):
            with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
                pulled = countersign("pull", self.server.url, mirror, "--contract", market.contract, "--token", reader.token)
                self.assertEqual(pulled.returncode, 0, pulled.stderr)
                verified = countersign("verify", mirror)
                self.assertEqual(verified.returncode, 0, verified.stdout)
        self.server.stop()
        try:
            checked = countersign("check", "--data", self.server.data)
            self.assertEqual(checked.returncode, 0, checked.stdout)
        finally:
            self.server.start()


if __name__ == "__main__":
    unittest.main()
