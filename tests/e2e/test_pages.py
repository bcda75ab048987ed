"""Pages for who signs in with a token: what a session opens and what not, who may send a form, and that no text of a stranger is HTML."""

import html
import re
import unittest
import urllib.parse

from harness import BROWSER, Market, ServerCase, person, send, wait_for

POLICY = ("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
          "frame-ancestors 'none'; base-uri 'none'")
PAGE = {**BROWSER, "Accept": "text/html"}
FORM = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
EVIL = "<script>x</script>\"'><img src=x onerror=y>&amp;{}"


class Browser:
    """Cookies, and forms as a page of the server sends them."""

    def __init__(self, server):
        self.server, self.jar = server, {}

    def call(self, method, path, body=None, headers=None):
        sent = {**(FORM if method == "POST" else PAGE), "Cookie": "; ".join(f"{n}={v}" for n, v in self.jar.items()), **(headers or {})}
        answer = send(self.server.url + path, method, body, sent)
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.jar[name] = value
            if "Max-Age=0" in line:
                del self.jar[name]
        return answer

    def get(self, path, **headers):
        return self.call("GET", path, headers=headers)

    def post(self, path, fields, **headers):
        return self.call("POST", path, urllib.parse.urlencode(fields).encode(), {"Sec-Fetch-Site": "same-origin", **headers})

    def sign_in(self, token, to="/", **more):
        return self.post("/sign-in", {"token": token, "to": to, **more})

    def form_token(self, path="/"):
        return re.search(r'name="form" value="([^"]+)"', self.get(path).text)[1]


class Sessions(ServerCase):
    def browser(self, party):
        browser = Browser(self.server)
        self.assertEqual(browser.sign_in(party.token).status, 303)
        return browser

    def new_token(self, party):
        return party.post(f"/v1/parties/{party.id}/tokens", {"label": "browser"})["token"]

    def test_a_token_signs_in_and_only_a_sealed_word_of_it_is_kept(self):
        browser, token = Browser(self.server), self.market.publisher.token
        answer = browser.sign_in(token, "/leads?status=held")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/leads?status=held"))
        cookie = answer.headers["Set-Cookie"]
        self.assertNotIn(token, cookie)
        self.assertEqual(cookie.split("; ")[1:], ["Path=/", "HttpOnly", "SameSite=Lax"])
        self.assertEqual(browser.get("/leads").status, 200)

    def test_every_page_has_the_policy_and_is_kept_by_nobody(self):
        browser = self.browser(self.market.publisher)
        for path in ("/", "/leads", "/statements", "/sign-in", "/leads/none"):
            with self.subTest(path):
                answer = browser.get(path)
                self.assertEqual((answer.headers["Content-Security-Policy"], answer.headers["Cache-Control"]), (POLICY, "no-store"))
                self.assertIsNone(re.search(r"<style|style=|<script>|\son\w+=", answer.text))

    def test_a_wrong_token_is_told_and_kept_nowhere(self):
        browser = Browser(self.server)
        for token in ("", "cst_wrong", self.market.publisher.id, "<b>"):
            answer = browser.sign_in(token)
            self.assertEqual((answer.status, answer.headers["Set-Cookie"]), (403, None))
            self.assertIn("not known here", answer.text)
            self.assertEqual(answer.text.count(html.escape(token)) if len(token) > 3 else 0, 0)

    def test_an_invitation_signs_nobody_in(self):
        made = self.operator.post(f"/v1/parties/{self.market.publisher.id}/invitations", {})
        self.assertEqual(Browser(self.server).sign_in(made["invite_url"].rsplit("/", 1)[1]).status, 403)

    def test_without_a_session_a_page_leads_to_the_sign_in_and_back(self):
        answer = Browser(self.server).get("/leads?status=held")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/sign-in?to=%2Fleads%3Fstatus%3Dheld"))

    def test_it_leads_to_no_other_host(self):
        for to in ("//evil.example/", "https://evil.example/", "/\\evil.example", "\\\\evil", "/a\nb", "", "javascript:x"):
            with self.subTest(to):
                self.assertEqual(Browser(self.server).sign_in(self.market.publisher.token, to).headers["Location"], "/")

    def test_a_session_opens_no_call_of_the_api(self):
        browser = self.browser(self.operator)
        for method, path in (("GET", "/v1/parties"), ("GET", "/v1/reports"), ("POST", "/v1/parties"), ("GET", "/v1/live")):
            with self.subTest(path):
                self.assertEqual(browser.call(method, path).status, 401)

    def test_a_bearer_token_opens_no_page(self):
        answer = send(self.server.url + "/leads", headers={**PAGE, "Authorization": "Bearer " + self.operator.token})
        self.assertEqual(answer.status, 303)

    def test_a_session_ends_with_its_token(self):
        publisher = self.market.publisher
        token = self.new_token(publisher)
        browser = Browser(self.server)
        browser.sign_in(token)
        self.assertEqual(browser.get("/leads").status, 200)
        listed = publisher.get(f"/v1/parties/{publisher.id}/tokens")["data"]
        ident = [one for one in listed if one.get("label") == "browser"][-1]["id"]
        publisher.do("DELETE", f"/v1/parties/{publisher.id}/tokens/{ident}")
        self.assertEqual(browser.get("/leads").status, 303)
        self.assertEqual(browser.sign_in(token).status, 403)

    def test_a_cookie_that_was_changed_opens_nothing(self):
        browser = self.browser(self.market.publisher)
        whole = browser.jar["countersign"]
        for n in range(0, len(whole), 7):
            browser.jar["countersign"] = whole[:n] + ("A" if whole[n] != "A" else "B") + whole[n + 1:]
            self.assertEqual(browser.get("/leads").status, 303)
        for other in ("", whole[:-1], whole + "A", whole * 2):
            browser.jar["countersign"] = other
            self.assertEqual(browser.get("/leads").status, 303)
        browser.jar["countersign"] = whole
        self.assertEqual(browser.get("/leads").status, 200)

    def test_who_signs_out_is_out(self):
        browser = self.browser(self.market.publisher)
        self.assertEqual(browser.post("/sign-out", {"form": browser.form_token()}).status, 200)
        self.assertEqual((browser.jar, browser.get("/leads").status), ({}, 303))

    def test_a_form_of_no_page_of_ours_is_refused(self):
        browser = self.browser(self.market.publisher)
        token = browser.form_token()
        other = self.browser(self.market.publisher).form_token()
        for fields, headers in (({}, {}), ({"form": other}, {}), ({"form": token[:-1] + "_"}, {}), ({"form": token}, {"Sec-Fetch-Site": "cross-site"}),
                                ({"form": token}, {"Sec-Fetch-Site": "same-site"}), ({"form": token}, {"Sec-Fetch-Site": "", "Origin": "https://evil.example"}),
                                ({"form": token}, {"Sec-Fetch-Site": "", "Origin": "null"})):
            with self.subTest(fields=fields, headers=headers):
                answer = browser.post("/sign-out", fields, **headers)
                self.assertEqual((answer.status, "countersign" in browser.jar), (403, True))
        self.assertEqual(browser.post("/sign-out", {"form": token}, **{"Sec-Fetch-Site": "", "Origin": self.server.url}).status, 200)

    def test_another_site_signs_nobody_in(self):
        answer = Browser(self.server).post("/sign-in", {"token": self.market.publisher.token}, **{"Sec-Fetch-Site": "cross-site"})
        self.assertEqual((answer.status, answer.headers["Set-Cookie"]), (403, None))

    def test_a_chosen_language_stays(self):
        browser = self.browser(self.market.publisher)
        for lang, word in (("fr", "Se déconnecter"), ("zh-Hans", "退出"), ("en", "Sign out")):
            answer = browser.get("/?lang=" + lang)
            self.assertIn("lang=" + lang, answer.headers["Set-Cookie"])
            for path in ("/leads", "/statements"):
                page = browser.get(path, **{"Accept-Language": "es"})
                self.assertIn(word, page.text)
                self.assertEqual(page.headers["Content-Language"], lang)
        self.assertIn("Sign out", browser.get("/?lang=%3Cb%3E").text)

    def test_what_is_of_another_party_looks_like_nothing(self):
        market = Market(self.server)
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        browser = self.browser(self.market.publisher)
        for path in ("/leads/" + lead, "/leads?contract=" + market.contract, "/leads/LAAAA", "/statements/S0000"):
            answer = browser.get(path)
            self.assertEqual(answer.status, 404, path)
            self.assertIn("There is nothing at this address" if "?" not in path else "<h1>", answer.text)

    def test_a_bad_question_is_told_in_a_page(self):
        browser = self.browser(self.market.publisher)
        for path in ("/?tz=Mars/Olympus", "/leads?status=blue", "/leads?x=1", "/statements?after=x"):
            answer = browser.get(path)
            self.assertEqual((answer.status, answer.headers.get_content_type()), (400, "text/html"), path)

    def test_style_and_script_are_kept_for_ever(self):
        text = self.browser(self.market.publisher).get("/").text
        for address, kind in ((re.search(r'href="(/assets/[^"]+)"', text)[1], "text/css"), (re.search(r'src="(/assets/[^"]+)"', text)[1], "text/javascript")):
            answer = send(self.server.url + address)
            self.assertEqual((answer.status, answer.headers.get_content_type(), answer.headers["Cache-Control"]),
                             (200, kind, "public, max-age=31536000, immutable"))
        self.assertEqual(send(self.server.url + "/assets/0000000000000000.css").status, 404)

    def test_over_https_the_cookie_goes_nowhere_else(self):
        server = type(self.server)(public_url="https://pages.example")
        self.addCleanup(server.close)
        answer = send(server.url + "/sign-in", "POST", urllib.parse.urlencode({"token": server.operator.token}).encode(), FORM)
        name, *flags = answer.headers["Set-Cookie"].split("; ")
        self.assertTrue(name.startswith("__Host-countersign="))
        self.assertEqual(flags, ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"])
        bare = send(server.url + "/leads", headers={**PAGE, "Cookie": name.removeprefix("__Host-")})
        self.assertEqual((bare.status, send(server.url + "/leads", headers={**PAGE, "Cookie": name}).status), (303, 200))


class Deciding(ServerCase):
    """The form on a lead's page."""

    def new_lead(self):
        market = self.market
        return market.publisher.postback(person(click_id=market.click())).json["lead"]

    def signed_in(self, party):
        browser = Browser(self.server)
        browser.sign_in(party.token)
        return browser

    @staticmethod
    def fields(text):
        return {name: html.unescape(value) for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text)}

    def form(self, browser, lead):
        text = browser.get("/leads/" + lead).text
        self.assertIn('name="status" value="approved"', text)
        return self.fields(text[text.index('action="/leads/'):text.index("</form>", text.index('action="/leads/'))])

    def status(self, lead):
        return self.operator.get("/v1/leads/" + lead)

    def test_the_advertiser_and_the_operator_decide(self):
        for party, status, reason in ((self.market.advertiser, "approved", ""), (self.operator, "rejected", "déjà client"), (self.market.advertiser, "rejected", EVIL)):
            lead, browser = self.new_lead(), self.signed_in(party)
            answer = browser.post("/leads/" + lead, {**self.form(browser, lead), "status": status, "reason": reason})
            self.assertEqual((answer.status, answer.headers["Location"]), (303, "/leads/" + lead))
            said = self.status(lead)
            self.assertEqual((said["status"], said.get("note", "")), (status, reason))

    def test_sent_twice_it_counts_once(self):
        lead, browser = self.new_lead(), self.signed_in(self.market.advertiser)
        sent = {**self.form(browser, lead), "status": "approved", "reason": "ok"}
        before = [browser.post("/leads/" + lead, sent).status, self.status(lead)]
        self.assertEqual([browser.post("/leads/" + lead, sent).status, self.status(lead)], before)
        self.market.advertiser.postback({"lead": lead, "status": "returned"})
        self.assertEqual((browser.post("/leads/" + lead, sent).status, self.status(lead)["status"]), (303, "returned"))

    def test_what_does_not_do_is_told_beside_what_was_typed(self):
        lead, browser = self.new_lead(), self.signed_in(self.market.advertiser)
        for status, reason in (("blue", EVIL), ("", "nothing"), ("returned", "not approved so far")):
            answer = browser.post("/leads/" + lead, {**self.form(browser, lead), "status": status, "reason": reason})
            self.assertIn(answer.status, (400, 409, 422), answer.text)
            self.assertIn("Nothing was recorded.", answer.text)
            self.assertIn(f'value="{html.escape(reason).replace("&#x27;", "&#39;")}"', answer.text)
            self.assertEqual(self.status(lead)["status"], "pending")

    def test_others_have_no_form_and_decide_nothing(self):
        lead = self.new_lead()
        for party in (self.market.publisher, self.market.auditor):
            browser = self.signed_in(party)
            page = browser.get("/leads/" + lead).text
            self.assertNotIn('name="status"', page)
            token = re.search(r'name="form" value="([^"]+)"', page)[1]
            answer = browser.post("/leads/" + lead, {"form": token, "once": "a", "status": "approved"})
            self.assertEqual((answer.status, self.status(lead)["status"]), (403, "pending"))

    def test_a_session_that_is_over_loses_nothing_typed(self):
        lead, browser = self.new_lead(), self.signed_in(self.market.advertiser)
        sent = {**self.form(browser, lead), "status": "rejected", "reason": "Ünïcode & " + EVIL}
        browser.jar.clear()
        asked = browser.post("/leads/" + lead, sent)
        self.assertEqual(asked.status, 403)
        self.assertIn("You were signed out meanwhile", asked.text)
        wrong = browser.post("/sign-in", {**self.fields(asked.text), "token": "cst_wrong"})
        again = browser.post("/sign-in", {**self.fields(wrong.text), "token": self.market.advertiser.token})
        self.assertEqual((again.status, self.status(lead)["status"]), (200, "pending"))
        self.assertIn(f'action="/leads/{lead}"', again.text)
        form = self.fields(again.text[:again.text.index("</form>")])
        self.assertEqual((form["reason"], form["status"], form["once"]), (sent["reason"], "rejected", sent["once"]))
        self.assertEqual(browser.post("/leads/" + lead, form).status, 303)
        self.assertEqual((self.status(lead)["status"], self.status(lead)["note"]), ("rejected", sent["reason"]))

    def test_a_form_of_the_session_before_is_offered_again_only_where_the_browser_vouches_for_it(self):
        lead, browser = self.new_lead(), self.signed_in(self.market.advertiser)
        sent = {**self.form(browser, lead), "status": "approved", "reason": "typed"}
        browser.sign_in(self.market.advertiser.token)
        answer = browser.post("/leads/" + lead, sent)
        self.assertEqual((answer.status, self.fields(answer.text)["reason"], self.status(lead)["status"]), (200, "typed", "pending"))
        for headers in ({"Sec-Fetch-Site": ""}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "cross-site"}):
            self.assertEqual(browser.post("/leads/" + lead, sent, **headers).status, 403)
        self.assertEqual(self.status(lead)["status"], "pending")


class Strangers(ServerCase):
    """Every text that somebody may place, shown to each role."""

    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server, campaign={"name": "Offer " + EVIL, "pass": ["utm_source"]})
        for party in (market.advertiser, market.publisher, market.auditor):
            market.operator.do("PATCH", f"/v1/parties/{party.id}", {"name": party.name + EVIL})
        market.put_keys()
        market.code = market.new_code(market.publisher, market.contract, label=EVIL[:60])
        q = urllib.parse.quote(EVIL)
        click = market.click(f"?sub1={q}&sub2={q}&utm_source={q}", **{"User-Agent": "Mozilla/5.0 " + EVIL.replace("\n", ""), "Referer": "https://x.example/" + q})
        lead = market.publisher.postback(person(click_id=click, txid="T" + EVIL, first_name=EVIL, last_name=EVIL, f_note=EVIL)).json
        cls.lead = lead["lead"]
        market.advertiser.postback({"lead": cls.lead, "status": "approved", "reason": "ok " + EVIL})
        market.publisher.postback({"email": EVIL, "txid": EVIL, "click_id": EVIL + "{email}"})
        cls.statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        wait_for(lambda: any(a["size"] for a in market.publisher.get("/v1/reports")["as_of"]), what="the report")

    def test_no_text_of_a_stranger_is_html(self):
        market = self.market
        paths = ("/", "/leads", f"/leads?contract={market.contract}", "/leads/" + self.lead, "/statements", "/statements/" + self.statement)
        for party in (market.publisher, market.advertiser, market.auditor, market.operator):
            browser = Browser(self.server)
            browser.sign_in(party.token)
            for path in paths:
                with self.subTest(party=party.token[-4:], path=path):
                    answer = browser.get(path)
                    self.assertEqual(answer.status, 200, answer.text)
                    for bad in ("<script>x", "<img", "onerror=y>", "&amp;{}"):
                        self.assertNotIn(bad, answer.text)

    def test_and_they_are_shown(self):
        browser = Browser(self.server)
        browser.sign_in(self.market.advertiser.token)
        text = browser.get("/leads/" + self.lead).text
        shown = "&lt;script&gt;x&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=y&gt;&amp;amp;{}"
        self.assertGreaterEqual(text.count(shown), 6)


if __name__ == "__main__":
    unittest.main()
