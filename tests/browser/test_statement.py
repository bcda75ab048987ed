"""The page of a statement in a real Chromium, in three languages: it fits a phone, prints on A4 without a link in it, and reads aloud as a
document with headings and tables. LOOK=folder keeps pictures and PDFs; LINES=n makes the long one that long."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, Market, ServerCase, person, statement_payload  # noqa: E402

LOOK, LINES = os.environ.get("LOOK"), int(os.environ.get("LINES", "52"))
LANGUAGES = {"en": "To pay, EUR", "fr": "À payer, EUR", "zh": "应付（EUR）"}
CUSTOMER = {"name": "Solaire Lumen SAS", "address": "14, quai des Étuves\n69002 Lyon", "country": "FR", "vat_id": "FR48999000102"}
SUPPLIER = {"name": "Comparateur Nord SRL", "address": "Rue des Tanneurs 18\n7500 Tournai", "country": "BE", "vat_id": "BE0999000129"}
PRICES = [{"when": {"field": "country", "in": ["FR", "BE"]}, "micros": 24_000_000}, {"when": {"field": "f_house", "equals": "owner"}, "micros": 18_000_000},
          {"micros": 11_000_000}]


def cents(amount):
    return int("".join(c for c in amount if c.isdigit())) * (-1 if "−" in amount else 1)


class Pages(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pages = []
        few, empty, disputed = (cls.new_market() for _ in range(3))
        leads = [cls.lead(few, country, "approved") for country in ("FR", "DE", "FR")]
        cls.show("three", few, cls.settle(few), LANGUAGES)
        for lead in leads:
            few.advertiser.postback({"lead": lead, "status": "returned", "reason": "adresse d’installation fausse, <b>deux</b> fois"})
        cls.show("negative", few, cls.settle(few), ["fr"])
        wide = {**SUPPLIER, "name": "Ŵ" * 100, "address": "W" * 300}  # words that would push amounts off the paper
        cls.accepted(cls.operator.call("PATCH", f"/v1/parties/{empty.publisher.id}", {"legal": wide}))
        cls.show("empty", empty, cls.settle(empty), ["zh"])
        for n in range(LINES):
            cls.lead(disputed, ("FR", "DE", "BE")[n % 3], "approved", house="owner" if n % 2 else "tenant")
        statement = cls.settle(disputed)
        lines = [json.loads(line) for line in disputed.publisher.do("GET", f"/v1/statements/{statement}/lines").text.splitlines()]
        paid = [line["index"] for line in lines if line["kind"] == "disposition"]
        cls.accepted(disputed.advertiser.answer_statement(statement))
        publisher = disputed.publisher
        payload = statement_payload(publisher.do("GET", f"/v1/statements/{statement}").body)
        word = publisher.jws(publisher.response(payload, "dispute", paid[:2], reason="zwei Leads fehlen: N° 3 und N° 4"))
        cls.accepted(publisher.call("POST", f"/v1/statements/{statement}/responses", word.encode(), {"Content-Type": "application/jose"}))
        disputed.operator.post(f"/v1/contracts/{disputed.contract}/adjustments", {"micros": 24_000_000, "reason": "W" * 500, "statement": statement})
        cls.show("long, disputed and corrected", disputed, statement, ["en"])
        cls.show("long, all lines", disputed, statement, ["zh"], "&lines=all")
        cls.show("bare", disputed, statement, ["en"], texts=False)
        cls.show("correction", disputed, cls.settle(disputed), ["fr"])
        asked = {"chromium": CHROMIUM, "pages": cls.pages}
        done = subprocess.run(["node", str(HERE / "statement.mjs")], input=json.dumps(asked), capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise AssertionError(done.stderr[-4000:])
        cls.told = json.loads(done.stdout)

    @staticmethod
    def accepted(answer):
        assert answer.status in (200, 201), (answer.status, answer.text)
        return answer

    @classmethod
    def new_market(cls):
        market = Market(cls.server, {"name": "Toiture solaire 2026", "pass": ["utm_source"]}, {"price": {"lead": PRICES, "click_micros": 10_000}})
        market.put_keys()
        for party, legal in ((market.advertiser, CUSTOMER), (market.publisher, SUPPLIER)):
            cls.accepted(cls.operator.call("PATCH", f"/v1/parties/{party.id}", {"legal": legal}))
        return market

    @classmethod
    def lead(cls, market, country, status, house="owner"):
        cls.sent = getattr(cls, "sent", 884119) + 1
        lead = cls.accepted(market.publisher.postback(person(click_id=market.click("?sub1=article-12_et_une_longue_suite"), country=country, f_house=house,
                                                             txid=f"CN-{cls.sent}"))).json["lead"]
        cls.accepted(market.advertiser.postback({"lead": lead, "status": status, "reason": "joint par téléphone"}))
        return lead

    @classmethod
    def settle(cls, market):
        return cls.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]

    @classmethod
    def show(cls, name, market, statement, languages, more="", texts=True):
        url = market.publisher.post(f"/v1/statements/{statement}/shares", {"texts": texts})["url"]
        for language in LANGUAGES if LOOK else languages:
            save = LOOK and str(Path(LOOK) / f"{name.replace(' ', '-').replace(',', '')}.{language}")
            cls.pages.append({"name": f"{name} {language}", "url": f"{url}&lang={language}{more}", "save": save})

    def test_each_page_fits_a_phone_and_complains_of_nothing(self):
        for name, said in self.told.items():
            with self.subTest(name):
                self.assertEqual((said["status"], said["phone"], said["complaints"]), (200, {"wide": [], "scrolls": False}, []))

    def test_a_screen_of_a_thousand_pixels_has_room_for_links(self):
        for name, said in self.told.items():
            with self.subTest(name):
                self.assertEqual(said["screen"]["wide"], [])
                if "long" in name:
                    self.assertGreaterEqual(said["screen"]["links"], 100)

    def test_it_prints_on_a4_without_a_link(self):
        for name, said in self.told.items():
            with self.subTest(name):
                self.assertEqual((said["paper"]["wide"], said["paper"]["links"], said["text"]), ([], [], False))
                cut = ("long, disputed" in name or "bare" in name) and LINES > 50
                self.assertEqual((len(said["paper"]["said"]), said["screen"]["said"]), (int(cut), []))  # what is left out is told
                self.assertTrue(not cut or str(LINES + 1) in said["paper"]["said"][0], said["paper"])
                self.assertEqual((len(said["paper"]["sheet"]), said["screen"]["sheet"]), (int("empty" not in name), []))
                self.assertEqual([cents(total) for total in said["paper"]["total"]], [] if cut or "empty" in name else [sum(map(cents, said["paper"]["amounts"]))])
                self.assertIn(said["sheets"], range(2, 3 + (LINES // 15 if "long" in name or "bare" in name else 0) + 1))

    def test_it_reads_aloud_as_headings_and_tables(self):
        for name, said in self.told.items():
            with self.subTest(name):
                tree = said["tree"]
                self.assertEqual(tree.count("[level=1]"), 1)
                self.assertGreaterEqual(tree.count("[level=2]"), 7)
                self.assertGreaterEqual(tree.count("- table"), 4)
                self.assertIn(f'rowheader "{LANGUAGES[name[-2:]]}"', tree)
                heads = tree.count("- columnheader")
                self.assertTrue(heads == 2 if "empty" in name else heads >= 6, heads)  # over nothing stands no head
                if "bare" not in name and "three" in name:
                    self.assertIn("CN-884120", tree)

    def test_what_senders_wrote_is_on_a_link_that_says_so_alone(self):
        bare, whole = self.told["bare en"]["tree"], self.told["long, disputed and corrected en"]["tree"]
        for text in ("CN-8841", "article-12", "téléphone", "zwei Leads"):
            self.assertEqual((text in bare, text in whole), (False, True), text)


if __name__ == "__main__":
    unittest.main()
