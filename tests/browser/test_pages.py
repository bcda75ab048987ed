"""Every page of every role in a real Chromium, in three languages, on a phone and a desk, with long names, names from right
to left and huge sums: nothing is complained of, nothing scrolls sideways or stands beyond the paper, axe finds nothing serious, the focus is
seen, and who signs out is out. LOOK=folder keeps pictures."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, Market, Party, ServerCase, person, wait_for  # noqa: E402

LOOK = os.environ.get("LOOK")
WIDTHS = [390, 1280]
BETWEEN = [640, 900, 1024]  # where what stands beside each other is put below each other
OF_LANGUAGE = {"en": [390], "fr": [1280], "zh": [390]}  # of the roles, but in the long run: all of both
WORDS = {"en": ("Sign out", "Leads"), "fr": ("Se déconnecter", "Leads"), "zh": ("退出", "线索")}
LONG = "W" * 60 + " <b>& co"
RIGHT_TO_LEFT = "ناشر الإعلانات الكبير جدا في المدينة (١) (abc)", "חברת הפרסום הגדולה בע\"מ — " + "x" * 40


class Pages(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server, {"name": "Toiture solaire 2026 \u200f" + RIGHT_TO_LEFT[0]}, {"price": {"lead": [{"micros": 9_999_999_990_000}]}})
        market.put_keys()
        for party, name in zip((market.publisher, market.advertiser), RIGHT_TO_LEFT):
            market.operator.do("PATCH", f"/v1/parties/{party.id}", {"name": name})
        leads = [market.publisher.postback(person(click_id=market.click("?sub1=article-12_et_une_longue_suite"), txid=f"CN-{n}", first_name=LONG)).json["lead"]
                 for n in range(8)]
        market.publisher.postback(person(txid="CN-" + LONG.replace(" ", "")))
        market.publisher.postback({"email": "{email}", "txid": "x"})
        for n, status in enumerate(("approved", "approved", "rejected", "converted")):
            market.advertiser.postback({"lead": leads[n], "status": status, "reason": "joint par téléphone " + LONG})
        market.advertiser.postback({"lead": leads[1], "status": "returned", "reason": "adresse introuvable"})
        statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        wait_for(lambda: any(a["size"] >= 18 for a in market.publisher.get("/v1/reports")["as_of"]), what="the report")
        paths = ["/", "/leads", "/leads?status=rejected", "/leads/" + leads[0], "/leads/" + leads[1], "/leads/" + leads[5], "/statements"]
        market.new_code(market.advertiser, market.operator.get("/v1/campaigns/" + market.campaign)["direct_contract"], label="page " + LONG)
        market.advertiser.do("PATCH", "/v1/campaigns/" + market.campaign, {"lead": {"rules": [{"field": "f_age", "min": 25}]}, "effective_at": "2027-06-01T00:00:00Z"})
        campaign = "/campaigns/" + market.campaign
        roles = {"publisher": market.publisher, "advertiser": market.advertiser, "operator": market.operator, "auditor": market.auditor}
        shared = ["/settings", "/search?q=CN-1", "/search?q=nothing", "/contracts", f"/contracts/{market.contract}"]
        told = ["/reports", "/reports?group=sub1&compare=previous&status=approved", "/refused", "/deliveries"]
        more = {"publisher": [*told, campaign, "/reconcile", "/links", "/links?sub1=article-12&to=https://evil.example/", "/offers", "/offers/" + market.contract, "/postbacks"],
                "advertiser": [*told, "/review", "/leads?reason=low_score&sub1=x&score_from=1", "/campaigns", campaign, campaign + "/rules", campaign + "/landing",
                               campaign + "/crm", "/answers", "/publishers", "/reconcile", f"/statements/{statement}/answer"],
                "operator": [*told, "/campaigns", campaign, campaign + "/rules", "/parties", "/parties?name=none", "/parties?kind=publisher", f"/parties/{market.publisher.id}", "/month-end", "/month-end?all=1", "/system", "/audit", "/audit?change=grant"],
                "auditor": []}
        market.publisher.do("PUT", f"/v1/parties/{market.publisher.id}/webhook", {"url": "https://hooks.example.com/" + "a" * 90})
        market.publisher.post(f"/v1/parties/{market.publisher.id}/webhook/test", {})
        market.publisher.post(f"/v1/parties/{market.publisher.id}/tokens", {"label": LONG[:60], "scope": "codes"})
        visits = [{"name": f"{role} {language}", "token": party.token, "language": language, "widths": WIDTHS if "LONG" in os.environ else OF_LANGUAGE[language], "paths": paths + shared + more[role], "between": BETWEEN if language == "fr" else [], "scheme": "dark" if language == "fr" else "light",
                   "save": LOOK and str(Path(LOOK) / f"{role}.{language}")} for role, party in roles.items() for language in (os.environ.get("ONLY") or "en fr zh").split()]
        fresh, lone = Market(cls.server).publisher, Party(market.operator, "Nobody’s", "publisher")
        lonely = Party(market.operator, "No grant", "auditor")
        visits += [{"name": f"{name} {language}", "token": party.token, "language": language, "paths": ["/", "/leads", "/statements", "/settings"],
                    "save": LOOK and str(Path(LOOK) / f"{name}.{language}")} for name, party, language in (("fresh", fresh, "fr"), ("lone", lone, "zh"), ("lonely", lonely, "en"))]
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.link = f"/links?code={market.code['code']}&sub1=flyer&utm_source=" + "long" * 50
        visits += [{"name": "qr fr", "token": market.publisher.token, "language": "fr", "paths": [cls.link], "scheme": "dark", "save": cls.folder.name + "/qr"}]
        cls.pages = {visit["name"]: 1 + (visit["paths"][0] == "/") + len(visit["paths"]) for visit in visits}
        asked = {"chromium": CHROMIUM, "base": cls.server.url, "widths": WIDTHS, "visits": visits}
        done = subprocess.run(["node", str(HERE / "pages.mjs")], input=json.dumps(asked), capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            raise AssertionError(done.stderr[-4000:])
        cls.told = json.loads(done.stdout)
        cls.statement = statement

    def test_nothing_is_complained_of(self):
        for name, said in self.told.items():
            with self.subTest(name):
                self.assertEqual(said["complaints"], [])

    def test_nothing_scrolls_sideways(self):
        for name, said in self.told.items():
            for page in said["seen"]:
                with self.subTest(name, page=page["name"]):
                    self.assertEqual((page["wide"], page["scrolls"], page["between"]), ([], False, []))

    def test_axe_finds_nothing_serious(self):
        for name, said in self.told.items():
            for page in said["seen"]:
                with self.subTest(name, page=page["name"]):
                    self.assertEqual([one for one in page["axe"] if one.split()[0] in ("serious", "critical")], [])

    def assertNothing(self, told):
        """On any page."""
        for name, said in self.told.items():
            for page in said["seen"]:
                with self.subTest(name, page=page["name"]):
                    self.assertEqual(page[told], [])

    def test_each_page_fits_on_paper(self):
        self.assertNothing("printed")

    def test_no_card_is_mostly_empty(self):
        self.assertNothing("hollow")

    def test_each_stop_of_the_tab_key_is_seen(self):
        self.assertNothing("unseen")

    def test_each_page_speaks_the_language_and_has_one_title(self):
        for name, said in self.told.items():
            language = name.split()[1]
            self.assertEqual(len(said["seen"]), self.pages[name.rsplit(" ", 1)[0]])
            for page in said["seen"]:
                with self.subTest(name, page=page["name"]):
                    self.assertEqual((page["lang"][:2], page["h1"]), (language, 1))
                    if page["name"] not in ("front", "sign-in"):
                        self.assertIn(WORDS[language][0], page["text"])
                        self.assertIn(WORDS[language][1], page["text"])

    def test_a_qr_code_says_its_link(self):
        pictures = sorted(path for path in Path(self.folder.name).iterdir() if "links" in path.name)
        self.assertEqual(len(pictures), len(WIDTHS))
        link = self.market.code["click_url"] + "?" + self.link.partition("&")[2]
        for picture in pictures:
            read = subprocess.run(["zbarimg", "-q", "--raw", str(picture)], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(read.stdout.strip(), link)

    def test_who_signs_out_is_out(self):
        for name, said in self.told.items():
            with self.subTest(name):
                self.assertEqual((said["out"], said["cookies"]), (self.server.url + "/sign-out", 0))


if __name__ == "__main__":
    unittest.main()
