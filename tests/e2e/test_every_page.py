"""Every page that a link leads to and every form on one, of each role, in three languages, as a browser without script sees them: each page
speaks its language and is light, each form keeps what was typed, whether it is refused or its session is over, and does nothing twice."""

import re
import time
import unittest
import urllib.parse

from harness import Market, Party, ServerCase, person, rfc3339, wait_for
from monkey import Page
from test_pages import Browser

MOST = 100_000  # bytes of a page with its style and script
EACH = 2  # pages of one shape
MOVES = re.compile(r"animation|transition|scroll-behavior")
AMISS = ("/leads?from=yesterday", "/leads?status=lost", "/leads?reason=none&contract=none", "/leads?score_from=many", "/leads?after=nothing", "/leads?limit=x", "/leads?from=2026-01-01&from=2026-01-02",
         "/reports?group=everything", "/reports?from=yesterday", "/reports?from=2027-01-01&to=2026-01-01", "/reports?where=sub1&is=" + "x" * 600, "/reports?contract=none", "/reports?status=lost",
         "/reports?class=none", "/statements?after=nothing", "/deliveries?status=lost", "/deliveries?after=nothing", "/refused?after=nothing", "/audit?change=everything", "/audit?after=nothing",
         "/month-end?until=yesterday", "/month-end?after=nothing", "/search?q=%E2%80%AE", "/settings?zone=Nowhere/Land", "/links?code=none", "/links?to=nowhere", "/parties?kind=king", "/campaigns?after=nothing",
         "/contracts?after=nothing", "/nothing", "/leads/none", "/statements/none", "/statements/none/answer", "/campaigns/none", "/offers/none", "/parties/none", "/contracts/none", "/invite/none")
LEFT_ALONE = ("/sign-out", "/assets/", "/log/", "/v1/", "/verify", "/openapi.json", "/icon.svg", "/healthz", "/readyz")
SENTENCE = re.compile(r"[A-Za-z]{2,}(?:,? [A-Za-z]{2,}){2}")
ID = re.compile(r"/(?:L[\w-]{22,}|[A-Z][0-9A-Z]{8,})(?=/|$)")
TYPED = {"date": "2001-02-29", "number": "twelve", "email": "nobody at all", "url": "no address", "text": "?! <b>\u00e9", "textarea": "?! <b>\nrow,2"}
# Made to be sent by the one who signs: in the browser, by a script; a key's own text, which comes back to nobody
BY_SCRIPT = {("respond", "jws"), ("key", "jws"), ("key", "jwk"), ("crm", "token")}


def shape(path):
    path, _, query = path.partition("?")
    return ID.sub("/*", path) + ("?" + "&".join(sorted({one.split("=")[0] for one in query.split("&")})) if query else "")


def left_english(english, other):
    """Texts of three words that are the same in English, but for what parties wrote and what is marked as a program's."""
    said = {text for text, _ in Page(english).said}
    return [text for text, _ in Page(other).said if text in said and SENTENCE.search(text)]


class EveryPage(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server, {"name": "Roofs", "lead": {"require": ["email"], "rules": [{"field": "country", "in": ["FR", "BE"]}]}},
                                     {"price": {"lead": [{"micros": 3_000_000}]}})
        operator = cls.operator
        for party in (market.publisher, market.advertiser):
            operator.do("PATCH", f"/v1/parties/{party.id}", {"legal": {"name": "Ltd", "country": "FR"}} if party is market.publisher else {"name": "Sun"})
        market.put_keys()
        operator.do("PATCH", f"/v1/parties/{market.auditor.id}", {"name": "Audit"})
        leads = [market.publisher.postback(person(click_id=market.click(f"?sub1=a{n}"), txid=f"t{n}", country="US" if n == 5 else "FR")).json["lead"] for n in range(12)]
        market.publisher.postback(person(txid="without"))
        market.publisher.postback({"email": "{email}", "txid": "macro"})
        for n, status in enumerate(("approved", "approved", "rejected", "converted", "returned")):
            if status == "returned":
                market.advertiser.postback({"lead": leads[n], "status": "approved"})
            market.advertiser.postback({"lead": leads[n], "status": status, "reason": "no"})
        cls.statement = operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        market.publisher.answer_statement(cls.statement, "dispute")
        later = rfc3339(time.time() + 30 * 86400)
        market.advertiser.do("PATCH", "/v1/campaigns/" + market.campaign, {"lead": {"require": ["email"], "rules": [{"field": "f_age", "min": 25}]}, "return_days": 12, "effective_at": later})
        operator.do("PATCH", "/v1/contracts/" + market.contract, {"price": {"lead": [{"when": {"field": "country", "in": ["FR"]}, "micros": 4_000_000}, {"micros": 2_000_000}]},
                                                                  "vat_ppm": 200_000, "effective_at": later})
        market.publisher.do("PUT", f"/v1/parties/{market.publisher.id}/webhook", {"url": "https://hooks.example.com/a"})
        market.publisher.post(f"/v1/parties/{market.publisher.id}/webhook/test", {})
        market.new_code(market.advertiser, operator.get("/v1/campaigns/" + market.campaign)["direct_contract"])
        wait_for(lambda: any(a["size"] >= 25 for a in market.publisher.get("/v1/reports")["as_of"]), what="the report")
        cls.roles = {"publisher": market.publisher, "advertiser": market.advertiser, "auditor": market.auditor, "operator": operator}
        bare = Market(cls.server, {"name": "Bare"})
        cls.roles |= {"new publisher": bare.publisher, "new advertiser": bare.advertiser, "new auditor": Party(operator, "None", "auditor")}
        cls.pages = {role: cls.walk(role) for role in cls.roles}

    @classmethod
    def signed_in(cls, role):
        browser = Browser(cls.server)
        browser.sign_in(cls.roles[role].token)
        return browser

    @classmethod
    def walk(cls, role):
        """path -> language -> its text: by links, some of each shape."""
        campaign, browser = "/campaigns/" + cls.market.campaign, cls.signed_in(role)
        ahead, seen, found = ["/", "/month-end?until=2099-01-01", campaign + "/rules", "/search?q=t1", "/leads?status=rejected"], {}, {}
        while ahead:
            path = ahead.pop(0)
            if path in found or seen.get(shape(path), 0) == EACH or path.startswith(LEFT_ALONE) or re.search(r"lang=|\.csv", path):
                continue
            seen[shape(path)] = seen.get(shape(path), 0) + 1
            answers = {language: browser.get(f"{path}{'&' if '?' in path else '?'}lang={language}") for language in ("en", "fr", "zh-Hans")}
            if any(answer.headers.get_content_type() != "text/html" for answer in answers.values()):
                continue
            if answers["en"].status == 200:
                found[path] = {language: answer.text for language, answer in answers.items()}
                ahead += [urllib.parse.urljoin(path, link.split("#")[0]) for link, *_ in Page(answers["en"].text).links if link.startswith(("/", "?"))]
        return found

    def each(self):
        return [(role, path, texts) for role, pages in self.pages.items() for path, texts in pages.items()]

    def test_there_are_as_many_pages_as_one_would_think(self):
        shapes = {role: {shape(path).split("?")[0] for path in pages} for role, pages in self.pages.items()}
        for role, some in {"publisher": ("/offers/*", "/links", "/postbacks", "/leads/*", "/statements/*", "/statements/*/answer", "/refused", "/deliveries", "/settings", "/reports", "/reconcile"),
                           "advertiser": ("/review", "/campaigns/*/rules", "/campaigns/*/landing", "/campaigns/*/crm", "/answers", "/publishers", "/reconcile"),
                           "auditor": ("/contracts/*", "/leads/*", "/statements/*"),
                           "operator": ("/parties/*", "/month-end", "/system", "/audit", "/contracts/*", "/campaigns/*/rules")}.items():
            self.assertEqual(set(some) - shapes[role], set(), role)

    def test_no_page_says_in_english_what_it_says_in_french_or_chinese(self):
        for role, path, texts in self.each():
            for language in ("fr", "zh-Hans"):
                with self.subTest(role, path=path, language=language):
                    self.assertEqual(left_english(texts["en"], texts[language]), [])
                    self.assertEqual([text for text, marked in Page(texts[language]).said if marked == "en" and text != "English"], [])

    def test_pages_of_nobody_speak_the_language_and_are_light(self):
        for path, word in (("/", "Check a statement"), ("/sign-in", "Sign in"), ("/invite/none", "There is no such invitation")):
            texts = {language: Browser(self.server).get(path, **{"Accept-Language": language}).text for language in ("en", "fr", "zh-Hans")}
            self.assertIn(word, texts["en"])
            for language in ("fr", "zh-Hans"):
                with self.subTest(path, language=language):
                    self.assertEqual((Page(texts[language]).language, Page(texts[language]).faults, left_english(texts["en"], texts[language])), (language, [], []))
                    self.assertNotIn(word, texts[language])
                    self.assertLess(len(texts[language].encode()), MOST // 4)

    def test_what_an_address_asks_amiss_is_said_in_the_language_of_the_page(self):
        refused = 0
        for role in ("publisher", "advertiser", "auditor", "operator"):
            browser = self.signed_in(role)
            for path in (*AMISS, f"/campaigns/{self.market.campaign}/rules", f"/campaigns/{self.market.campaign}/landing", f"/campaigns/{self.market.campaign}/crm", "/review", "/offers", "/postbacks"):
                answers = {language: browser.get(path, **{"Accept-Language": language, "Accept": "text/html"}) for language in ("en", "fr", "zh-Hans")}
                for language in ("fr", "zh-Hans"):
                    with self.subTest(role, path=path, language=language):
                        self.assertLess(answers[language].status, 500)
                        self.assertEqual(Page(answers[language].text).language, language)
                        self.assertEqual(left_english(answers["en"].text, answers[language].text), [])
                        self.assertEqual([text for text, marked in Page(answers[language].text).said if marked == "en" and text != "English"], [])
                        refused += answers[language].status >= 400
        self.assertGreater(refused, 100)

    def test_nothing_moves_for_who_wants_no_motion(self):
        styles = set()
        for _, _, texts in self.each():
            styles |= set(re.findall(r'href="(/assets/[^"]+\.css)"', texts["en"])) | set(re.findall(r"<style>(.*?)</style>", texts["en"], re.S))
        browser = self.signed_in("auditor")
        texts = [browser.get(one).text if one.startswith("/assets/") else one for one in styles]
        self.assertTrue(any(MOVES.search(text) for text in texts))
        for text in texts:
            self.assertIsNone(MOVES.search(re.sub(r"@media \(prefers-reduced-motion:no-preference\)\{(?:[^{}]*\{[^{}]*\})*\}", "", text)))

    def test_english_that_stayed_is_seen(self):
        self.assertEqual(left_english("<p>one two three</p><p>four</p>", "<p>un</p><p>one two three</p><bdi>one two three</bdi>"), ["one two three"])

    def test_each_page_is_light(self):
        sizes = {}
        for role, path, texts in self.each():
            for language, text in texts.items():
                of = set(re.findall(r'"(/assets/[^"]+)"', text))
                for asset in of - set(sizes):
                    sizes[asset] = len(self.signed_in("auditor").get(asset).body)
                with self.subTest(role, path=path, language=language):
                    self.assertLessEqual(len(text.encode()) + sum(sizes[asset] for asset in of), MOST)

    # ---- forms

    def forms(self):
        """(role, path, act, which of that act) of each, one of a shape."""
        met = set()
        for role, path, texts in self.each():
            if role.startswith("new "):
                continue
            acts = []
            for form in Page(texts["en"]).forms:
                key = role, shape(path).split("?")[0], form.act or form.action.split("?")[0]
                acts.append(form.act)
                if form.method == "post" and form.action != "/sign-out" and key not in met:
                    met.add(key)
                    yield role, path, form.act, len([act for act in acts if act == form.act]) - 1

    def fresh(self, role, path, act, n, language="en"):
        browser = self.signed_in(role)
        browser.jar["lang"] = language
        forms = [form for form in Page(browser.get(path).text).forms if form.act == act and form.method == "post" and form.action != "/sign-out"]
        return (browser, forms[n]) if n < len(forms) else (browser, None)

    @staticmethod
    def fill(form):
        """What is sent, and what of it was typed: all that takes text holds what it should not."""
        typed = {}
        for one in form.typed():
            if one.type in TYPED and (form.act, one.name) not in BY_SCRIPT:
                one.value = typed[one.name] = TYPED[one.type]
        return form.as_it_stands(), typed

    @staticmethod
    def stands(page, name, value):
        return any(control.name == name and re.sub(r"\r\n?", "\n", control.value) == value for form in page.forms for control in form.controls)

    def test_each_form_that_is_refused_keeps_what_was_typed_in_each_language(self):
        refused = 0
        for role, path, act, n in list(self.forms()):
            said = {}
            for language in ("en", "fr", "zh-Hans"):
                with self.subTest(role, path=path, act=act, language=language):
                    browser, form = self.fresh(role, path, act, n, language)
                    sent, typed = self.fill(form) if form is not None else (None, None)
                    if not typed:
                        continue
                    answer = browser.post(form.action or path, sent)
                    self.assertLess(answer.status, 500, answer.text[-400:])
                    if answer.status < 400:
                        continue
                    said[language], page = answer.text, Page(answer.text)
                    refused += 1
                    self.assertEqual({name: value for name, value in typed.items() if not self.stands(page, name, value)}, {}, answer.status)
                    if language != "en":
                        self.assertEqual([text for text, marked in page.said if marked == "en" and text != "English"], [])
                        self.assertEqual(left_english(said["en"], answer.text), [])
        self.assertGreater(refused, 60)

    def test_each_form_of_a_session_that_is_over_comes_back_with_what_was_typed(self):
        asked = 0
        for role, path, act, n in list(self.forms()):
            with self.subTest(role, path=path, act=act):
                browser, form = self.fresh(role, path, act, n)
                if form is None:
                    continue
                sent, _ = self.fill(form)
                browser.jar.pop("countersign")
                answer = browser.post(form.action or path, sent)
                self.assertEqual(answer.status, 403, act)
                fields = next(f for f in Page(answer.text).forms if f.action == "/sign-in").as_it_stands()
                again = browser.post("/sign-in", [(name, value) for name, value in fields if name != "token"] + [("token", self.roles[role].token)])
                self.assertEqual(again.status, 200)
                back = Page(again.text)
                self.assertEqual([(name, value) for name, value in sent if name != "form" and (act, name) not in BY_SCRIPT and not self.stands(back, name, re.sub(r"\r\n?", "\n", value))], [])
                asked += 1
        self.assertGreater(asked, 40)

    def changed(self):
        """What there is of all that a form makes."""
        op = self.operator
        return (self.server.metric("countersign_dispositions_total"), self.server.metric("countersign_leads_total"), len(op.get("/v1/statements?limit=200")["data"]),
                op.get("/v1/changes?limit=20")["data"])

    def test_each_form_that_is_sent_twice_counts_once(self):
        done = 0
        for role, path, act, n in list(self.forms()):
            with self.subTest(role, path=path, act=act):
                browser, form = self.fresh(role, path, act, n)
                if form is None or act in ("end-token", "lock"):  # by which this test acts
                    continue
                sent = form.as_it_stands(form.buttons[0] if form.buttons else None)
                first = browser.post(form.action or path, sent)
                between = self.changed()
                second = browser.post(form.action or path, sent)
                self.assertLess(max(first.status, second.status), 500)
                if first.status < 400:
                    self.assertEqual(self.changed(), between)
                    done += 1
        self.assertGreater(done, 20)


if __name__ == "__main__":
    unittest.main()
