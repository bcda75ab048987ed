"""`countersign leads`, `tail` and a report's money: what a party sees on a terminal, against what the lists and the stream say."""

import csv
import io
import json
import re
import signal
import subprocess
import threading
import unittest

from harness import BINARY, Market, Server, ServerCase, countersign, person, wait_for


class Leads(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server)
        cls.contracts = [cls.market.contract, cls.market.new_contract(cls.market.new_publisher())]
        rows = [person(click_id=cls.market.click(), first_name="=1+1" if n == 7 else "Zoë") for n in range(120)]
        answer = cls.market.publisher.post("/v1/leads", rows)
        assert all(row["status"] == 200 for row in answer["data"]), answer["data"][0]
        cls.leads = [row["lead"] for row in answer["data"]]
        for lead in cls.leads[:60]:
            cls.market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": "rejected", "reason": "wrong \x1b[31mnumber"})

    def run_leads(self, *flags, token=None, status=0):
        done = countersign("leads", self.server.url, "--token", token or self.market.advertiser.token, *flags)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def test_a_table_that_is_aligned_and_whole(self):
        lines = self.run_leads().splitlines()
        self.assertEqual(len(lines), 121)
        at = {name: lines[0].index(name) for name in ("STATUS", "CONTRACT", "LEAD", "TXID")}
        self.assertEqual([line[at["LEAD"]:at["LEAD"] + 47] for line in lines[1:]], self.leads)
        self.assertEqual([line[at["STATUS"]:].split()[0] for line in lines[1:]], ["rejected"] * 60 + ["pending"] * 60)
        self.assertTrue(all(line[at["CONTRACT"]:at["CONTRACT"] + 13] == self.market.contract for line in lines[1:]))
        self.assertNotIn("\x1b", "\n".join(lines))
        self.assertTrue(lines[1].endswith("number"))

    def test_filters(self):
        self.assertEqual(len(self.run_leads("--status", "pending").splitlines()), 61)
        self.assertEqual(len(self.run_leads("--contract", self.contracts[1]).splitlines()), 1)
        self.assertEqual(len(self.run_leads("--contract", self.contracts[0], "--status", "rejected", "--json").splitlines()), 60)

    def test_json_is_what_the_list_has(self):
        listed, after = [], {}
        while True:
            page = self.market.advertiser.get(f"/v1/contracts/{self.market.contract}/leads", limit=200, **after)
            listed += page["data"]
            if "next" not in page:
                break
            after = {"after": page["next"]}
        self.assertEqual([json.loads(line) for line in self.run_leads("--json").splitlines()], listed)

    def test_csv_is_what_the_list_has(self):
        rows = list(csv.DictReader(io.StringIO(self.run_leads("--csv").lstrip("\ufeff"))))
        self.assertEqual([row["lead"] for row in rows], self.leads)
        self.assertEqual((rows[0]["payout"], rows[0]["currency"], rows[61]["payout"]), ("0.00", "EUR", "12.00"))
        self.assertEqual((rows[7]["first_name"], rows[8]["first_name"]), ("'=1+1", "Zoë"))
        self.assertTrue(all(row["email"].endswith("@example.com") for row in rows))
        auditor = list(csv.DictReader(io.StringIO(self.run_leads("--csv", token=self.market.auditor.token).lstrip("\ufeff"))))
        self.assertEqual({row["email"] for row in auditor}, {""})

    def test_errors(self):
        for flags, words in ((("--status", "Gone"), "--status"), (("--contract", "x/y"), "--contract"), (("--json", "--csv"), "which"),
                             (("--status", "gone"), "status"), (("--contract", "C000000000000"), "404")):
            self.assertIn(words, self.run_leads(*flags, status=2))
        self.assertIn("401", self.run_leads(token="no", status=2))


class Report(ServerCase):
    @classmethod
    def set_up_market(cls):
        pass

    def test_money_has_the_decimals_of_its_currency(self):
        for currency, click_micros, lead_micros, payout, per_lead in (("EUR", 1_500, 5_000_000, "10.0045", "5.00"), ("KWD", 1_234_567, 1_000_000, "5.703701", "2.851"),
                                                                      ("JPY", 700_000_000, 1_000_000, "2102", "1051"), ("USD", 10_000_000, 1_000_000, "32.00", "16.00")):
            market = Market(self.server, campaign={"currency": currency}, contract={"price": {"lead": [{"micros": lead_micros}], "click_micros": click_micros}})
            for click in [market.click() for _ in range(3)][:2]:
                lead = market.publisher.postback(person(click_id=click)).json["lead"]
                market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": "approved"})

            def total(contract=market.contract):
                done = countersign("report", self.server.url, "--token", self.server.operator.token, "--contract", contract)
                self.assertEqual(done.returncode, 0, done.stderr)
                return done.stdout.splitlines()[-1].split()[:10]
            wait_for(lambda total=total: total()[2:7] == ["3", "3", "2", "2", "0"], what="the clicks and leads to be counted")
            self.assertEqual(total()[7:9], [payout, per_lead], currency)


class Tail(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.market = Market(self.server)

    def tail(self, *flags, token=None):
        process = subprocess.Popen([BINARY, "tail", self.server.url, "--token", token or self.market.publisher.token, *flags],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = []
        thread = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))
        thread.start()

        def end():
            process.send_signal(signal.SIGINT)
            status, errors = process.wait(20), process.stderr.read()
            thread.join()
            process.stdout.close()
            process.stderr.close()
            return status, errors
        ended = []
        self.addCleanup(lambda: ended or end())

        def end_once():
            ended.append(end())
            return ended[0]
        return lines, end_once

    def opened(self, n):
        wait_for(lambda: self.server.metric("requests", 'route="/v1/live"') >= n, what="a stream")

    def lead(self):
        return self.market.publisher.postback(person(click_id=self.market.click())).json["lead"]

    def test_lines_and_the_end(self):
        lines, end = self.tail()
        self.opened(1)
        lead = self.lead()
        self.market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": "approved"})
        self.market.publisher.postback({"txid": "t", "status": "nonsense"})
        self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        wait_for(lambda: {"lead", "disposition", "refused", "statement", "counters"} <= {line[21:32].strip() for line in lines}, what="all kinds")
        self.assertEqual(end(), (0, ""))
        of = {line[21:32].strip(): line for line in lines}
        self.assertRegex(of["lead"], rf"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d  lead         {self.market.contract}  (pending|approved) +12\.00 EUR  {lead}  tx-")
        self.assertIn("+12.00 EUR", of["disposition"])
        self.assertIn("net 12.00 EUR", of["statement"])
        self.assertRegex(of["refused"], r" 4\d\d /postback status: ")
        self.assertRegex(of["counters"], r"clicks 1 \(ok 1\), leads [01]")

    def test_csv_is_a_row_an_event(self):
        lines, end = self.tail("--csv")
        self.opened(1)
        lead = self.market.publisher.postback(person(click_id=self.market.click(), txid="=1+1")).json["lead"]
        self.market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": "approved", "reason": 'no, "really"\nno'})
        self.market.publisher.postback({"txid": "t", "status": "nonsense"})
        statement = self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]

        def rows():
            return list(csv.DictReader(io.StringIO("".join(lines).lstrip("\ufeff"), newline="")))
        wait_for(lambda: any(row["event"] == "counters" and row["leads"] == "1" for row in rows()) and len({row["event"] for row in rows()}) == 5, what="all kinds")
        self.assertEqual(end(), (0, ""))
        self.assertTrue(lines[0].startswith("\ufeffevent,at,contract,"))
        self.assertEqual("".join(lines).count("event,at"), 1)
        of = {row["event"]: row for row in rows()}
        self.assertTrue(all(None not in row and None not in row.values() for row in rows()))
        shown = self.market.publisher.get(f"/v1/leads/{lead}")
        self.assertEqual([of["lead"][name] for name in ("at", "contract", "index", "lead", "txid", "currency")],
                         [shown["at"], self.market.contract, str(shown["index"]), lead, "'=1+1", "EUR"])
        told = of["disposition"]
        self.assertEqual([told[name] for name in ("lead", "status", "note", "amount", "clicks")], [lead, "approved", 'no, "really"\nno', "12.00", ""])
        self.assertEqual([of["statement"][name] for name in ("statement", "number", "amount", "currency")], [statement, "1", "12.00", "EUR"])
        self.assertRegex(of["statement"]["at"], r"^20\d\d-")
        self.assertEqual([of["refused"][name] for name in ("status", "route", "field")], ["400", "/postback", "status"])
        self.assertEqual((of["counters"]["clicks"], of["counters"]["lead"]), ("1", ""))

    def test_it_goes_on_over_a_restart(self):
        lines, end = self.tail("--json")
        self.opened(1)
        leads = [self.lead()]
        wait_for(lambda: any('"lead"' in line for line in lines), what="a lead")
        self.server.kill()
        self.server.start()
        leads += [self.lead() for _ in range(3)]

        def told():
            return [json.loads(line)["data"]["lead"] for line in list(lines) if json.loads(line)["event"] == "lead"]
        wait_for(lambda: len(told()) >= 4, 40, what="what came meanwhile")
        status, errors = end()
        self.assertEqual((status, told()), (0, leads))
        self.assertIn("again", errors)

    def test_who_may_not_is_told(self):
        for flags, token, words in ((("--contract", "C000000000000"), None, "404"), ((), "nobody", "401"), (("--contract", "-"), None, "--contract"),
                                    (("--json", "--csv"), None, "which")):
            done = countersign("tail", self.server.url, "--token", token or self.market.publisher.token, *flags)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(words, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_a_token_that_ends_ends_it(self):
        made = self.market.publisher.post(f"/v1/parties/{self.market.publisher.id}/tokens", {})
        process = subprocess.Popen([BINARY, "tail", self.server.url, "--token", made["token"]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.opened(1)
        self.market.publisher.delete(f"/v1/parties/{self.market.publisher.id}/tokens/{made['id']}")
        _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 2)
        self.assertRegex(errors, re.escape(self.server.url) + ".*401")


if __name__ == "__main__":
    unittest.main()
