"""A party's own rows held against the log, over HTTP and on a mirror: the same words from both."""

import csv
import io
import json
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

from harness import ServerCase, countersign, jws_payload, person, send


class Reconcile(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        market, publisher = cls.market, cls.market.publisher
        cls.leads = [publisher.postback(person(click_id=market.click(), txid=f"order-{n}")).json for n in range(4)]
        cls.again = publisher.postback({**person(click_id=market.click()), "test": "1", "txid": "order-test"}).json
        cls.unused = market.click()
        publisher.postback({**person(click_id=market.click()), "country": "nowhere", "txid": "order-refused"})
        market.settled_entries()
        time.sleep(1.2)
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
            offline = next(fact["data"]["answer"] for fact in told["facts"] if fact["topic"] == "reconciliation")
            self.assertEqual(self.plain(offline), self.plain(got))
            self.assertEqual(offline["not_judged"], ["refused"])
            lines = list(csv.DictReader(io.StringIO(out.read_bytes().decode())))
            self.assertEqual([(line["class"], line["reason"], line["explained"]) for line in lines],
                             [(item["class"], item["reason"], item["explained"]) for item in got["items"]])
            rows.write_text("txid\norder-0\norder-1\n\"open")
            broken = countersign("verify", mirror, "--reconcile", rows)
            self.assertEqual(broken.returncode, 2, broken.stdout)
            self.assertIn("line 4", broken.stdout)

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
        table = self.assertStatus(self.call(self.rows, accept="text/csv"), 200)
        self.assertEqual(len(list(csv.DictReader(io.StringIO(table.body.decode())))), len(said["items"]))

    def test_references_json_and_what_is_not_ones_own(self):
        rows = [{"lead": lead["lead"], "payout": lead["payout_micros"] // 1_000_000} for lead in self.leads]
        got = self.assertStatus(self.call(json.dumps(rows), kind="application/json"), 200).json
        self.assertEqual((got["counts"]["matched"], got["columns"]), (4, {"amount": "payout", "lead": "lead"}))
        self.assertStatus(self.call(self.rows, token=self.market.stranger.token if hasattr(self.market, "stranger") else "cst_nobody"), 401)

    def test_what_does_not_read_names_line_and_cure(self):
        got = self.assertStatus(self.call("txid,amount\na,x\n"), 400).json
        self.assertEqual(got["field"], "line 2, amount")
        self.assertStatus(self.call("txid\na\n", kind="image/png"), 415)
        for name, value in (("from", "x"), ("dates", "ymd"), ("decimal", "dot"), ("format", "pdf"), ("map", "x")):
            self.assertEqual(self.assertStatus(self.call("txid\na\n", **{name: value}), 400).json["field"], name)

    def test_a_body_larger_than_others_may_be_is_taken(self):
        got = self.assertStatus(self.call("txid,amount\n" + "".join(f"nobody-{n:08},1.5\n" for n in range(120_000))), 200).json
        self.assertEqual((got["counts"]["missing_here"], len(got["items"])), (120_000, 20_000))


if __name__ == "__main__":
    unittest.main()
