"""What a click is: its class, its country, its device; what that pays; and lists that change under a running server."""

import concurrent.futures
import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

from harness import BINARY, BROWSER, SOURCE, Market, Server, ServerCase, click, countersign, send, statement_payload, wait_for

sys.path.insert(0, str(SOURCE / "tests/support"))

import mmdb  # noqa: E402

PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1"}
HOSTING, HOSTING6 = "198.51.100.7", "2001:db8:5::1"
IN = {"FR": "192.0.2.1", "DE": "2001:db8:1::1", "XX": "192.0.2.200"}


def from_(address, **more):
    return {"X-Forwarded-For": address, **more}


def country(code):
    return {"country": {"iso_code": code}}


class Files:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="countersign-lists-")
        self.datacenters, self.countries = (Path(self.folder.name) / name for name in ("datacenters", "countries.mmdb"))
        self.datacenters.write_text("# hosting\n198.51.100.0/24 # a provider\n\n2001:db8:5::/48\n")
        self.countries.write_bytes(mmdb.written([("192.0.2.0/25", country("FR")), ("192.0.2.128/25", country("XX")), ("2001:db8:1::/48", country("DE")),
                                                 ("198.51.100.0/24", country("US"))]))

    def settings(self):
        return {"DATACENTER_LIST": self.datacenters, "COUNTRY_MMDB": self.countries, "COUNTRY_HEADER": "X-Country", "TRUSTED_PROXIES": "127.0.0.1"}


# headers, query -> class, country, device; each by a visitor of its own
CLICKS = [
    (PHONE, "", "ok", None, "phone"),
    (PHONE | from_(IN["FR"]), "", "ok", "FR", "phone"),
    (BROWSER | from_(IN["DE"]), "", "ok", "DE", "desktop"),
    (BROWSER | from_("::ffff:192.0.2.9"), "", "ok", "FR", "desktop"),
    (BROWSER | from_(IN["XX"]), "", "ok", None, "desktop"),  # no country of ISO 3166
    (BROWSER | from_("203.0.113.9"), "", "ok", None, "desktop"),
    (BROWSER | from_("203.0.113.10", **{"X-Country": "BR"}), "", "ok", "BR", "desktop"),
    (BROWSER | from_("203.0.113.11", **{"x-country": "br"}), "", "ok", "BR", "desktop"),
    (BROWSER | from_(IN["FR"][:-1] + "2", **{"X-Country": "BR"}), "", "ok", "BR", "desktop"),  # before the database
    (BROWSER | from_(IN["FR"][:-1] + "3", **{"X-Country": "T1"}), "", "ok", "FR", "desktop"),
    (BROWSER | from_("203.0.113.12", **{"X-Country": "UK"}), "", "ok", "GB", "desktop"),
    (BROWSER | from_("203.0.113.13", **{"X-Country": ""}), "", "ok", None, "desktop"),
    (BROWSER | from_(HOSTING), "", "datacenter", "US", "desktop"),
    (BROWSER | from_(HOSTING6), "", "datacenter", None, "desktop"),
    (BROWSER | from_("198.51.101.0"), "", "ok", None, "desktop"),
    ({"User-Agent": "curl/8.5.0"} | from_(HOSTING), "", "bot", "US", None),
    ({"User-Agent": ""} | from_(IN["FR"]), "", "bot", "FR", None),
    (PHONE | from_(HOSTING, **{"Sec-Fetch-Dest": "image"}), "", "embedded", "US", "phone"),
    ({"User-Agent": "curl/8.5.0"} | from_(HOSTING, **{"Sec-Fetch-Dest": "image"}), "?test=1", "test", "US", None),
    (PHONE, "?test=1", "test", None, "phone"),
    (PHONE | from_("203.0.113.20"), "?test=0", "ok", None, "phone"),
    (PHONE | from_("203.0.113.21"), "?test=", "ok", None, "phone"),
    (PHONE | from_("203.0.113.22"), "?t%65st=1&sub1=a", "test", None, "phone"),
    (PHONE | from_(HOSTING, **{"Sec-Purpose": "prefetch"}), "?test=1", "prefetch", "US", "phone"),
]


class Classes(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.files = Files()
        cls.server = Server(WORKERS=2, **cls.files.settings())
        cls.operator = cls.server.operator
        cls.set_up_market()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.files.folder.cleanup()

    def market_with(self, **campaign):
        return Market(self.server, campaign=campaign, contract={"price": {"lead": [{"micros": 1}], "click_micros": 10_000}})

    def clicks_of(self, market):
        return [entry for entry in market.settled_entries() if entry["kind"] == "click"]

    def test_each_click_has_one_class_and_says_where_it_came_from(self):
        market = self.market_with(repeat_window_s=3600)
        for headers, query, cls, _, _ in CLICKS:
            answer = send(market.code["click_url"] + query, headers=headers)
            self.assertEqual(answer.status, 503 if cls == "prefetch" else 302, (headers, query))
        seen = [(e["class"], e.get("country"), e.get("device")) for e in self.clicks_of(market)]
        for case, entry in zip(CLICKS, seen, strict=True):
            with self.subTest(headers=case[0], query=case[1]):
                self.assertEqual(entry, case[2:])

    def test_the_answer_is_the_same_for_all(self):
        answers = [send(self.market.code["click_url"], headers=headers) for headers in (PHONE, PHONE | from_(HOSTING), {"User-Agent": "curl/8"})]
        shapes = {(a.status, urllib.parse.urlsplit(a.headers["Location"])._replace(query="").geturl(), tuple(sorted(a.headers.keys()))) for a in answers}
        self.assertEqual(len(shapes), 1, shapes)

    def test_a_country_that_no_trusted_proxy_sends_is_none(self):
        server = Server(COUNTRY_HEADER="X-Country", TRUSTED_PROXIES="192.0.2.1")
        self.addCleanup(server.close)
        market = Market(server)
        market.click(**{"X-Country": "FR"})
        self.assertEqual([e.get("country") for e in self.clicks_of(market)], [None])

    def test_the_same_visitor_on_the_same_code_is_a_repeat(self):
        market = self.market_with(repeat_window_s=3600)
        other = market.new_code(market.publisher, market.contract)
        steps = [  # url, address, agent -> class
            (market.code, "203.0.113.1", PHONE, "ok"), (market.code, "203.0.113.1", PHONE, "repeat"), (other, "203.0.113.1", PHONE, "ok"),
            (market.code, "203.0.113.2", PHONE, "ok"), (market.code, "203.0.113.1", BROWSER, "ok"), (market.code, "203.0.113.1", PHONE, "repeat"),
            (other, "203.0.113.1", PHONE, "repeat"),
        ]
        for code, address, agent, _ in steps:
            self.assertStatus(send(code["click_url"], headers=agent | from_(address)), 302)
        self.assertEqual([e["class"] for e in self.clicks_of(market)], [step[3] for step in steps])

    def test_what_is_no_click_of_a_person_makes_no_repeat(self):
        market = self.market_with(repeat_window_s=3600)
        visitor = PHONE | from_("203.0.113.3")
        for more, query, method in (({"Sec-Purpose": "prefetch"}, "", "GET"), ({"Sec-Fetch-Dest": "image"}, "", "GET"), ({}, "?test=1", "GET"),
                                    ({}, "", "HEAD"), ({}, "", "GET"), ({}, "", "GET")):
            send(market.code["click_url"] + query, method, headers=visitor | more)
        self.assertEqual([e["class"] for e in self.clicks_of(market)], ["prefetch", "embedded", "test", "ok", "repeat"])

    def test_a_window_ends_and_none_is_none(self):
        short, none = self.market_with(repeat_window_s=1), self.market_with(repeat_window_s=0)
        for market in (short, none):
            for _ in range(2):
                market.click()
        entries = self.clicks_of(short)
        self.assertEqual([e["class"] for e in self.clicks_of(none)], ["ok", "ok"])
        if entries[1]["at"] // 1000 - entries[0]["at"] // 1000 <= 1:  # else the machine was slow
            self.assertEqual([e["class"] for e in entries], ["ok", "repeat"])
        last = entries[-1]["at"]

        wait_for(lambda: time.time() * 1000 > last + 3000, what="the window to end")
        short.click("?sub1=later")
        self.assertEqual([e["class"] for e in self.clicks_of(short) if e.get("sub1") == "later"], ["ok"])

    def test_two_workers_know_the_same_visitors(self):
        market = self.market_with(repeat_window_s=3600)

        def one(address):
            return send(market.code["click_url"], headers=PHONE | from_(address)).status

        addresses = [f"203.0.114.{n}" for n in range(30)] * 6  # each connection is one worker's or the other's
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            self.assertEqual(set(pool.map(one, addresses)), {302})
        counts = [e["class"] for e in self.clicks_of(market)]
        self.assertEqual((counts.count("ok"), counts.count("repeat")), (30, 150))

    def test_a_restart_forgets_everybody(self):
        server = Server()
        self.addCleanup(server.close)
        market = Market(server, campaign={"repeat_window_s": 3600})
        market.click(), market.click()
        server.stop()
        server.start()
        market.click(), market.click()
        self.assertEqual([e["class"] for e in self.clicks_of(market)], ["ok", "repeat", "ok", "repeat"])


class Money(ServerCase):
    """The classes that a campaign pays for, on its statement and by an auditor's own count."""

    @classmethod
    def setUpClass(cls):
        cls.files = Files()
        cls.server = Server(**cls.files.settings())
        cls.operator = cls.server.operator

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.files.folder.cleanup()

    def traffic(self, market):
        """4 ok, 2 repeat, 1 each of bot, datacenter, embedded, test and prefetch: 11."""
        for headers in (from_("203.0.113.1"), from_("203.0.113.2"), from_("203.0.113.3"), from_("203.0.113.4"), from_("203.0.113.1"), from_("203.0.113.1"),
                        {"User-Agent": "curl/8.5.0"}, from_(HOSTING), {"Sec-Fetch-Dest": "iframe"}, {"Sec-Purpose": "prefetch"}):
            send(market.code["click_url"], headers=PHONE | headers)
        send(market.code["click_url"] + "?test=1", headers=PHONE)

    def settle(self, market):
        ident = self.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        return ident, json.loads(statement_payload(market.publisher.do("GET", f"/v1/statements/{ident}").body))

    def test_payable_classes_say_what_earns(self):
        for classes, paid in ((["ok"], 4), ([], 0), (["ok", "repeat"], 6), (["bot"], 1), (["repeat", "datacenter", "embedded", "bot", "ok"], 9)):
            with self.subTest(classes):
                market = Market(self.server, campaign={"payable_classes": classes, "repeat_window_s": 3600},
                                contract={"price": {"lead": [{"micros": 1}], "click_micros": 10_000}})
                self.traffic(market)
                ident, statement = self.settle(market)
                self.assertEqual(statement["counts"]["clicks"], {"ok": 4, "repeat": 2, "bot": 1, "datacenter": 1, "embedded": 1, "test": 1, "prefetch": 1,
                                                                 "ended": 0, "total": 11})
                self.assertEqual(statement["counts"]["payable"], {"clicks": paid, "impressions": 0})
                self.assertEqual(statement["net_micros"], paid * 10_000)
                rows = market.publisher.do("GET", f"/v1/statements/{ident}", headers={"Accept": "text/csv"}).text.splitlines()
                head, traffic = rows[0].split(","), [row.split(",") for row in rows[1:] if ",traffic," in row]
                self.assertEqual([(row[head.index("clicks")], row[head.index("all_clicks")]) for row in traffic], [(str(paid), "11")] if paid else [])

    def test_a_change_of_terms_counts_from_its_entry_on(self):
        market = Market(self.server, campaign={"repeat_window_s": 3600}, contract={"price": {"lead": [{"micros": 1}], "click_micros": 10_000}})
        self.traffic(market)
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"payable_classes": ["ok", "bot"]})
        self.traffic(market)  # everybody was there before: 6 repeats, a bot
        _, statement = self.settle(market)
        self.assertEqual((statement["counts"]["payable"]["clicks"], statement["net_micros"]), (4 + 1, 50_000))
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            pulled = countersign("pull", self.server.url, mirror, "--contract", market.contract, "--token", market.publisher.token)
            self.assertEqual(pulled.returncode, 0, pulled.stderr)
            verified = countersign("verify", mirror)
            self.assertEqual(verified.returncode, 0, verified.stdout)
        self.server.stop()
        checked = countersign("check", "--data", self.server.data)
        self.server.start()
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_what_cannot_pay_is_refused_by_name(self):
        market = Market(self.server)
        for classes, field in ((["ok", "prefetch"], "payable_classes[1]"), (["ended"], "payable_classes[0]"), (["test"], "payable_classes[0]"),
                               (["ok", "ok"], "payable_classes[1]"), ("ok", "payable_classes")):
            answer = market.advertiser.call("PATCH", f"/v1/campaigns/{market.campaign}", {"payable_classes": classes})
            self.assertEqual((answer.status, answer.json["field"]), (422, field))


class Reload(unittest.TestCase):
    def setUp(self):
        self.files = Files()
        self.addCleanup(self.files.folder.cleanup)
        self.server = Server(WORKERS=2, **self.files.settings())
        self.addCleanup(self.server.close)
        self.market = Market(self.server)
        self.n = 0

    def seen(self, address):
        """(class, country) of a click from there, on each of several connections: all workers agree."""
        self.n += 1
        for _ in range(8):
            answer, _ = click(self.market.code["click_url"] + f"?sub1=n{self.n}", **(BROWSER | from_(address)))
            self.assertEqual(answer.status, 302)
        found = {(e["class"], e.get("country")) for e in self.market.settled_entries() if e.get("sub1") == f"n{self.n}"}
        self.assertEqual(len(found), 1, found)
        return found.pop()

    def hang_up(self, event):
        before = self.server.log().count(event)
        self.server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.server.log().count(event) > before, what=f"the log to say {event}")
        return next(line for line in reversed(self.server.log().splitlines()) if event in line)

    def test_hup_reads_the_lists_again(self):
        self.assertEqual((self.seen("192.0.2.5"), self.seen(HOSTING)), (("ok", "FR"), ("datacenter", "US")))
        self.files.datacenters.write_text("192.0.2.0/24\n")
        self.files.countries.write_bytes(mmdb.written([("192.0.2.0/24", country("ES"))]))
        self.assertEqual(self.seen("192.0.2.5"), ("ok", "FR"), "nothing changes before the signal, whatever is written into the files")
        self.assertIn("1 ranges of hosting networks, 1 of countries", self.hang_up("lists_read"))
        self.assertEqual((self.seen("192.0.2.5"), self.seen(HOSTING)), (("datacenter", "ES"), ("ok", None)))

    def test_a_bad_file_leaves_all_lists_as_they_were(self):
        self.files.countries.write_bytes(mmdb.written([("192.0.2.0/24", country("ES"))]))
        for what, text, said in (("a bad line", "198.51.100.0/24\n198.51.100.0/33\n", "line 2"), ("no file", None, "cannot be read")):
            with self.subTest(what):
                self.files.datacenters.unlink() if text is None else self.files.datacenters.write_text(text)
                line = self.hang_up("lists_kept")
                self.assertIn('"level":"error"', line)
                self.assertIn(said, line)
                self.assertIn(str(self.files.datacenters), line)
                self.assertEqual((self.seen("192.0.2.5"), self.seen(HOSTING)), (("ok", "FR"), ("datacenter", "US")))
        self.files.datacenters.write_text("")
        self.files.countries.write_bytes(b"half of it")
        self.assertIn("is no MaxMind DB", self.hang_up("lists_kept"))
        self.assertEqual((self.seen("192.0.2.5"), self.seen(HOSTING)), (("ok", "FR"), ("datacenter", "US")))

    def test_a_bad_file_stops_a_start(self):
        self.server.stop()
        for name, said in (("DATACENTER_LIST", "line 1"), ("COUNTRY_MMDB", "is no MaxMind DB")):
            bad = Path(self.files.folder.name) / "bad"
            bad.write_text("nonsense\n")
            done = subprocess.run([BINARY, "serve", "--data", self.server.data, "--" + name.lower().replace("_", "-"), bad], capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)
        done = subprocess.run([BINARY, "serve", "--data", self.server.data, "--country-header", "X"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("trusted_proxies", done.stderr)


if __name__ == "__main__":
    unittest.main()
