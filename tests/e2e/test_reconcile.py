"""A party's own rows held against the log, over HTTP and on a mirror: the same words from both."""

import csv
import datetime
import io
import json
import sys
import tempfile
import unittest
import urllib.parse
from pathlib import Path
from zoneinfo import ZoneInfo

from harness import SOURCE, Market, ServerCase, countersign, jws_payload, person, send, wait_for

sys.path.insert(0, str(Path(SOURCE) / "tests/support"))

from second import second_verify, verify_twice  # noqa: E402


def table(data, mark=","):
    assert data.startswith(b"\xef\xbb\xbf"), data[:20]
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=mark))


class Reconcile(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server, campaign={"lead": {"require": ["email", "phone"], "honeypot": "f_website"}})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        market, publisher = cls.market, cls.market.publisher
        cls.leads = [publisher.postback(person(click_id=market.click(), txid=f"order-{n}")).json for n in range(4)]
        cls.again = publisher.postback({**person(click_id=market.click()), "test": "1", "txid": "order-test"}).json
        cls.unused = market.click()
        cls.bot = market.click(**{"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"})
        rejected = publisher.postback(person(click_id=market.click(), txid="order-rejected"))
        market.advertiser.do("POST", f"/v1/leads/{rejected.json['lead']}/dispositions", {"status": "rejected", "reason": "no customer"})
        somebody = person(click_id=market.click(), txid="order-first")
        for txid in ("order-first", "order-again"):
            publisher.postback({**somebody, "txid": txid})
        publisher.postback(person(click_id="x" * 51, txid="order-no-click"))
        publisher.postback(person(click_id=market.click(), txid="order-bot", f_website="https://spam.example"))
        cls.refused = publisher.postback({**person(click_id=market.click()), "country": "nowhere", "txid": "order-refused"})
        market.settled_entries()
        wait_for(lambda: publisher.get("/v1/refused")["data"], what="what was refused to stand in its log")
        cls.refused_at = publisher.get("/v1/refused")["data"][0]["at"]
        cls.rows = ("Order ID;Click ID;Payout;Currency;Status\r\n"
                    f"order-0;;{cls.money(0)};EUR;{cls.leads[0]['status']}\r\n"
                    f"order-1;;{cls.money(4_000)};EUR;{cls.leads[1]['status']}\r\n"
                    f"order-2;;{cls.money(0)};USD;{cls.leads[2]['status']}\r\n"
                    f"order-2;;{cls.money(0)};EUR;{cls.leads[2]['status']}\r\n"
                    f"{{txid}};;{cls.money(0)};EUR;approved\r\n"
                    f";{cls.unused};{cls.money(0)};EUR;approved\r\n"
                    f";{'x' * 51};{cls.money(0)};EUR;approved\r\n"
                    f"order-test;;{cls.money(0)};EUR;approved\r\n")

    @classmethod
    def money(cls, more):
        whole, part = divmod(cls.leads[0]["payout_micros"] + more, 1_000_000)
        return f"{whole},{part:06}"

    def call(self, body, token=None, kind="text/csv", accept="application/json", **query):
        target = f"{self.server.url}/v1/contracts/{self.market.contract}/reconcile?{urllib.parse.urlencode(query)}"
        body = body if isinstance(body, bytes) else body.encode()
        return send(target, "POST", body, {"Authorization": f"Bearer {token or self.market.publisher.token}", "Content-Type": kind, "Accept": accept})

    def test_server_and_mirror_say_the_same(self):
        got = self.assertStatus(self.call(self.rows), 200).json
        self.assertEqual([(item["class"], item["reason"]) for item in got["items"][:6]],
                         [("differing", "rounding"), ("differing", "currency"), ("missing_here", "duplicate"), ("missing_here", "literal_macro"),
                          ("missing_here", "unexplained"), ("missing_here", "unknown_click")])
        self.assertIn(("differing", "test"), [(item["class"], item["reason"]) for item in got["items"]])
        self.assertEqual(got["money"]["difference_micros"], sum(part["micros"] for part in got["money"]["explained"]))
        with tempfile.TemporaryDirectory() as folder:
            mirror, rows, out = Path(folder, "mirror"), Path(folder, "rows.csv"), Path(folder, "out.csv")
            rows.write_bytes(self.rows.encode())
            pulled = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
            self.assertEqual(pulled.returncode, 0, pulled.stderr)
            done = countersign("verify", mirror, "--reconcile", rows, "--party", self.market.publisher.id, "--csv", out, "--json")
            told = json.loads(done.stdout)
            check = next(check for check in told["checks"] if check["check"] == "reconcile")
            self.assertEqual((done.returncode, check["verdict"]), (1, "fails"), done.stdout[:2000])
            offline = next(fact["data"]["answer"] for fact in told["facts"] if fact["topic"] == "rows")
            self.assertEqual(self.plain(offline), self.plain(got))
            self.assertEqual(offline["not_judged"], ["refused"])
            lines = table(out.read_bytes(), ";")
            self.assertEqual([(line["class"], line["reason"], line["explained"]) for line in lines],
                             [(item["class"], item["reason"], item["explained"]) for item in got["items"]])
            for name, text in (("same", self.rows), ("other", self.rows.replace(";EUR;", ";USD;", 1))):
                rows.write_bytes(text.encode())
                again = second_verify(mirror, "--reconcile", rows, "--party", self.market.publisher.id, "--csv", out.with_name(name))
                self.assertEqual(again.returncode, 1, again.stdout)
                cells = self.cells(out.with_name(name).read_bytes())
                (self.assertEqual if name == "same" else self.assertNotEqual)(cells, self.cells(out.read_bytes()), again.stdout)
            rows.write_text("txid\norder-0\norder-1\n\"open")
            broken = verify_twice(mirror, "--reconcile", rows, "--csv", out.with_name("none.csv"))
            self.assertEqual(broken.returncode, 2, broken.stdout)
            self.assertIn("line 4", broken.stdout)
            self.assertFalse(out.with_name("none.csv").exists(), "nothing is left for a table")
            self.assertEqual(verify_twice(mirror, "--reconcile", rows, "--csv", out).returncode, 2, "an older table is not written over")
            # a cure is one of the surface at hand
            for text, flag, parameter in (("txid,at\na,5/11/2026\n", "--dates dmy or --dates mdy", "dates=dmy or dates=mdy"), ("name,mail\na,b\n", "--map 'txid:YOUR NAME'", "map=txid:"),
                                          ("txid,amount\na,\"1,250\"\n", "--decimal point or --decimal comma", "decimal=point or"), ("txid,status\na,odd\n", "(--map status:)", "(map=status:)")):
                rows.write_text(text)
                offline, online = countersign("verify", mirror, "--reconcile", rows).stdout, self.assertStatus(self.call(text), 400).json["detail"]
                self.assertEqual([flag in offline, parameter in offline, flag in online, parameter in online], [True, False, False, True], offline + online)

    @staticmethod
    def cells(table_bytes):
        """All but the sentences, which are for people."""
        return [line.pop("explained") and line for line in table(table_bytes, ";")]

    def mirror(self):
        if not hasattr(type(self), "copy"):
            folder = tempfile.TemporaryDirectory()
            type(self).addClassCleanup(folder.cleanup)
            type(self).copy = Path(folder.name, "mirror")
            pulled = countersign("pull", self.server.url, self.copy, "--contract", self.market.contract, "--token", self.market.publisher.token)
            self.assertEqual(pulled.returncode, 0, pulled.stderr)
        return self.copy

    def both(self, rows, **query):
        """What the server says and what the mirror says, by both programs of one verdict: the reasons, by row or by the log's lead."""
        rows = rows if isinstance(rows, bytes) else rows.encode()
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            file.write(rows)
            file.flush()
            options = [word for name, value in query.items() for word in (f"--{name}", value)]
            done = verify_twice(self.mirror(), "--reconcile", file.name, "--party", self.market.publisher.id, "--json", *options)
        facts = [fact["data"]["answer"] for fact in json.loads(done.stdout)["facts"] if fact["topic"] == "rows" and "answer" in fact["data"]]
        self.assertEqual(len(facts), 1, done.stdout[:3000])
        return [self.assertStatus(self.call(rows, **query), 200).json, facts[0]]

    @staticmethod
    def reasons(answer, kind=None):
        return [item["reason"] for item in answer["items"] if kind is None or item["class"] == kind]

    def test_each_key_that_finds_nothing_is_explained(self):
        rows = ("lead,txid,click_id,request_id,at,amount\n"
                f"{'L' * 47},,,,,1\n"
                f",,{self.bot},,,1\n"
                ",,,,,1\n"
                f",order-refused,,{self.refused.headers['Request-Id']},,1\n"
                ",order-x,,,2099-01-01,1\n"
                ",order-y,,,2026-01-01,1\n")
        here, there = self.both(rows)
        self.assertEqual(self.reasons(here, "missing_here"), ["unknown_lead", "bot", "no_key", "refused", "late", "unexplained"])
        self.assertEqual(self.reasons(there, "missing_here"), ["not_judged", "bot", "no_key", "unexplained", "late", "unexplained"])
        self.assertEqual((here["not_judged"], there["not_judged"]), ([], ["lead", "refused"]))
        self.assertIn("the server refused it: country", next(item["explained"] for item in here["items"] if item["reason"] == "refused"))
        by_time = self.refused_at.replace("Z", "+00:00")
        self.assertEqual(self.reasons(self.both(f"txid,at\nx,{by_time}\n")[0], "missing_here"), ["refused"])

    def test_what_another_contract_has_is_unknown_here(self):
        other = Market(self.server)
        click = other.click()
        lead = other.publisher.postback(person(click_id=click)).json["lead"]
        rows = f"lead,click_id\n{lead},\n,{click}\n"
        here, there = self.both(rows)
        self.assertEqual(self.reasons(here, "missing_here"), ["unknown_lead", "unknown_click"])
        self.assertEqual(self.reasons(there, "missing_here"), ["not_judged", "unknown_click"])
        self.assertEqual(self.call(rows, token=other.publisher.token).status, 404)

    def test_what_the_log_does_not_pay_is_explained(self):
        rows = "txid,status\n" + "".join(f"{txid},approved\n" for txid in ("order-rejected", "order-again", "order-no-click", "order-test", "order-bot", "order-3"))
        for answer in self.both(rows):
            self.assertEqual(self.reasons(answer, "differing"), ["rejected", "duplicate", "unknown_click", "test", "bot", "state"])
            self.assertTrue(all(item["explained"] for item in answer["items"]))

    def test_another_clock_and_another_day_are_told_apart(self):
        at = {item["txid"]: item["log"]["at"] for item in self.both("txid,amount\n" + "".join(f"order-{n},0\n" for n in range(4)))[0]["items"] if "log" in item}
        times = [datetime.datetime.fromisoformat(at[f"order-{n}"].replace("Z", "+00:00")).astimezone(ZoneInfo("Europe/Paris")) for n in range(4)]
        hours = lambda n, more: (times[n] + datetime.timedelta(hours=more)).strftime("%d/%m/%Y %H:%M:%S")
        for answer in self.both("txid;at\n" + "".join(f"order-{n};{hours(n, 25)}\n" for n in range(4)), dates="dmy"):
            self.assertEqual((self.reasons(answer, "differing"), answer["shift"]), (["zone"] * 4, {"minutes": 25 * 60, "of": "contract"}))
            self.assertIn("25:00 h ahead of the contract's zone", answer["items"][0]["explained"])
        day = lambda n, more=0: (times[n] + datetime.timedelta(days=more)).strftime("%Y-%m-%d")
        rows = f"txid;at\norder-0;{day(0)}\norder-1;{day(1)}\norder-2;{day(2, -1)}\norder-3;{day(3, 1)}\n"
        for answer in self.both(rows):
            self.assertEqual(self.reasons(answer, "differing"), ["late", "early"])
            self.assertEqual(sum(day["rows"]["n"] for day in answer["days"]), 4)
        tomorrow = day(0, 1)
        for answer in self.both("txid\norder-0\n", **{"from": tomorrow}):
            self.assertEqual((self.reasons(answer), answer["period"], answer["counts"]["log"]), (["early"], {"from": tomorrow}, 0))

    def test_a_sheet_of_a_german_office(self):
        """As a spreadsheet saves it: UTF-16 or UTF-8 with its mark, semicolons, decimal commas, quoted line ends, lines of nothing at the end."""
        text = ("sep=;\r\nBestellnr.;Datum;Provision (EUR);Notiz\r\n"
                f"order-0;;{self.money(0)} €;\"zwei\r\nZeilen; \"\"und\"\" mehr\"\r\n"
                f"order-1;;{self.money(4_000)};\r\n;;;\r\n\r\n")
        for encoded in (text.encode("utf-8-sig"), text.encode("utf-16")):
            for answer in self.both(encoded, map="txid:Bestellnr.,at:Datum,amount:Provision (EUR)"):
                self.assertEqual([(item["row"], item["reason"]) for item in answer["items"] if "row" in item], [(5, "rounding"), (6, "no_key")])
                self.assertEqual(answer["counts"]["matched"], 1)

    @staticmethod
    def plain(answer):
        """Without what only the server knows or signs."""
        answer = {key: value for key, value in answer.items() if key not in ("at", "issuer", "party", "typ", "not_judged", "tree")}
        answer["items"] = [{key: value for key, value in item.items() if key != "lead"} for item in answer["items"]]
        return answer

    def test_it_is_signed_and_comes_as_a_table(self):
        got = self.assertStatus(self.call(self.rows, accept="*/*"), 200)
        payload = json.loads(got.body) if isinstance(got.body, (bytes, str)) else got.json
        self.assertEqual(len(payload["signatures"]), 2)
        said = jws_payload("." + payload["payload"] + ".")
        self.assertEqual((said["typ"], said["party"], said["contract"]), ("countersign-reconciliation", self.market.publisher.id, self.market.contract))
        self.assertGreater(said["tree"]["size"], 0)
        got = self.assertStatus(self.call(self.rows, accept="text/csv"), 200)
        self.assertEqual(got.headers["Content-Disposition"], f"attachment; filename=\"reconciliation-{self.market.contract}.csv\"")
        self.assertEqual(len(table(got.body, ";")), len(said["items"]))

    def test_references_json_and_what_is_not_ones_own(self):
        rows = [{"lead": lead["lead"], "payout": lead["payout_micros"] // 1_000_000} for lead in self.leads]
        got = self.assertStatus(self.call(json.dumps(rows), kind="application/json"), 200).json
        self.assertEqual((got["counts"]["matched"], got["columns"]), (4, {"amount": "payout", "lead": "lead"}))
        self.assertStatus(self.call(self.rows, token=self.market.stranger.token if hasattr(self.market, "stranger") else "cst_nobody"), 401)

    def test_what_does_not_read_names_line_and_cure(self):
        got = self.assertStatus(self.call("txid,amount\na,x\n"), 400).json
        self.assertEqual(got["field"], "line 2, amount")
        got = self.assertStatus(self.call("[null]", kind="application/json"), 400).json
        self.assertEqual((got["field"], got["detail"]), ("row 1", "must be a JSON object"))
        self.assertStatus(self.call("txid\na\n", kind="image/png"), 415)
        for name, value in (("from", "x"), ("dates", "ymd"), ("decimal", "dot"), ("format", "pdf"), ("map", "x")):
            self.assertEqual(self.assertStatus(self.call("txid\na\n", **{name: value}), 400).json["field"], name)
        for first, end in (("2026-11-02", "2026-11-01"), ("2026-11-01T00:00:00Z",) * 2, ("2026-11-03", "2026-11-02T09:00:00Z"), ("2026-11-03T13:00:00Z", "2026-11-02")):
            self.assertEqual(self.assertStatus(self.call("txid\na\n", **{"from": first, "to": end}), 400).json["field"], "from")
            done = verify_twice(self.mirror(), "--reconcile", __file__, "--from", first, "--to", end)
            self.assertEqual((done.returncode, "--from is not before --to" in done.stderr), (2, True), done.stderr)
        for first, end in (("2026-11-01", "2026-11-01"), ("2026-11-03", "2026-11-02T11:00:00Z"), ("2026-11-03T11:00:00Z", "2026-11-02")):
            self.assertStatus(self.call("txid\na\n", **{"from": first, "to": end}), 200)

    def test_a_body_larger_than_others_may_be_is_taken(self):
        many = "txid,amount\n" + "".join(f"nobody-{n:08},1.5\n" for n in range(120_000))
        got = self.assertStatus(self.call(many), 200).json
        self.assertEqual((got["counts"]["missing_here"], len(got["items"])), (120_000, 20_000))
        rows = table(self.assertStatus(self.call(many, accept="text/csv"), 200).body)
        self.assertEqual((len(rows), rows[-1]["class"], sum(int(row["difference_micros"]) for row in rows)),
                         (20_001, "left_out", got["money"]["difference_micros"]))
        self.assertEqual(self.assertStatus(self.call("txid\n" + "x\n" * 400_001), 400).json["field"], "line 400002")


if __name__ == "__main__":
    unittest.main()
