"""Pages for who signs in with a token: what a session opens and what not, who may send a form, and that no text of a stranger is HTML."""

import csv
import datetime
import hashlib
import html
import io
import json
import os
import re
import socket
import subprocess
import time
import unittest
import urllib.parse
import zoneinfo

from events import Events
from harness import BROWSER, Caller, Market, Party, Server, ServerCase, person, rfc3339, send, statement_payload, wait_for
from test_clock import ClockServer
from test_notices import Post
from client import webhook_signature  # of scripts/, which harness puts on the path

POLICY = ("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
          "frame-ancestors 'none'; base-uri 'none'")
PAGE = {**BROWSER, "Accept": "text/html"}
FORM = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
EVIL = "<script>x</script>\"'><img src=x onerror=y>&amp;{}"


OPEN = ("/refused", "/deliveries")  # to all but auditors
OPERATORS = ("/month-end", "/system")


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


def pages_from(browser, path):
    """Of a list, all of its pages."""
    texts = []
    while path is not None:
        texts.append(browser.get(path).text)
        more = re.search(r'<a class="b" href="(/[^"]*after=[^"]*)"', texts[-1])
        path = html.unescape(more[1]) if more else None
    return texts


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
        self.assertEqual(Browser(self.server).post("/sign-in/link", {"email": "a@b.example"}).status, 404)  # no e-mail is sent
        for path in ("/", "/leads", "/statements", "/reports", "/links", "/offers", "/postbacks", "/sign-in", "/leads/none", "/settings", "/search", "/deliveries"):
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

    def test_a_copy_of_a_cookie_ends_with_its_session_and_no_other_does(self):
        browser, other = self.browser(self.market.publisher), self.browser(self.market.publisher)
        copy = Browser(self.server)
        copy.jar = dict(browser.jar)
        form = copy.form_token()
        self.assertEqual(browser.post("/sign-out", {"form": browser.form_token()}).status, 200)
        self.assertEqual([one.get("/leads").status for one in (copy, other)], [303, 200])
        self.assertNotEqual(copy.post("/links", {"form": form, "act": "make", "once": "a", "label": "x", "id": self.market.contract}).status, 200)
        self.assertEqual(other.post("/sign-out", {"form": other.form_token()}).status, 200)

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

    def test_a_form_has_so_many_fields(self):
        for n, status, words in ((400, 403, "not known here"), (401, 400, "at most 400 fields"), (9000, 400, "at most 400 fields")):
            answer = Browser(self.server).post("/sign-in", {f"f{i}": "" for i in range(n)})
            self.assertEqual(answer.status, status)
            self.assertIn(words, answer.text)

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
        self.assertEqual(browser.get("/?lang=zh").headers["Content-Language"], "zh-Hans")

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
        for path, field in (("/?tz=Mars/Olympus", "tz"), ("/leads?status=blue", "status"), ("/leads?x=1", "x"), ("/leads?to=9999", "to"), ("/statements?after=x", "after")):
            answer = browser.get(path)
            self.assertEqual((answer.status, answer.headers.get_content_type()), (400, "text/html"), path)
            self.assertIn(f"<code>{field}</code>", answer.text)

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


def forms(text):
    """Each form that is sent: what its hidden fields say, its act first."""
    found = []
    for form in re.findall(r"<form[^>]* method=\"post\".*?</form>", text, re.S):
        fields = {name: html.unescape(value) for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)}
        found.append((fields.get("act"), fields))
    return found


class Forms(ServerCase):
    """How a form of a page is sent."""

    def signed_in(self, token):
        browser = Browser(self.server)
        browser.sign_in(token)
        return browser

    def send(self, browser, path, act, **typed):
        ident = typed.get("id")
        fields = [f for name, f in forms(browser.get(path).text) if name == act and (ident is None or f.get("id") == ident)]
        self.assertTrue(fields, f"{act} {ident}")
        return browser.post(path, {**fields[0], **typed})


class Settings(Forms):
    """Forms that make and end what a party acts by: each is its call, with that call's rights."""

    def tokens(self, party):
        return party.get(f"/v1/parties/{party.id}/tokens")["data"]

    def test_a_token_is_made_and_shown_once_and_ended(self):
        party = self.market.publisher
        browser = self.signed_in(party.token)
        answer = self.send(browser, "/settings", "token", label="by form " + EVIL[:20], expires="2099-01-31", scope="codes")
        self.assertEqual(answer.status, 201, answer.text)
        token = re.search(r'id="token">(cst_[^<]+)<', answer.text)[1]
        self.assertIn(urllib.parse.quote("token=" + token, safe=""), answer.text)  # the file
        listed = [one for one in self.tokens(party) if one.get("label", "").startswith("by form")]
        self.assertEqual([(one["expires_at"], one["scope"]) for one in listed], [("2099-01-31T00:00:00.000Z", "codes")])
        page = browser.get("/settings").text
        self.assertNotIn(token, page)
        self.assertIn(listed[0]["id"], page)
        # what that token may not, its session may not
        other = self.signed_in(token)
        self.assertNotIn("secret", [act for act, _ in forms(other.get("/settings").text)])
        form = other.form_token("/settings")
        refused = other.post("/settings", {"form": form, "act": "secret", "once": "a", "party": party.id})
        self.assertEqual(refused.status, 403)
        self.assertEqual(len(party.get(f"/v1/parties/{party.id}")["kids"]), 1)
        self.assertEqual(self.send(browser, "/settings", "end-token", id=listed[0]["id"]).status, 303)
        self.assertEqual(other.get("/settings").status, 303)

    def test_sent_twice_one_is_made(self):
        party = self.market.advertiser
        browser = self.signed_in(party.token)
        fields = dict(next(f for act, f in forms(browser.get("/settings").text) if act == "secret"))
        first, again = browser.post("/settings", fields), browser.post("/settings", fields)
        secret = re.compile(r'id="postback_secret">([^<]+)<')
        self.assertEqual((first.status, again.status, secret.search(first.text)[1]), (201, 201, secret.search(again.text)[1]))
        kids = party.get(f"/v1/parties/{party.id}")["kids"]
        self.assertEqual(len(kids), 2)
        self.assertEqual(self.send(browser, "/settings", "end-secret", id=kids[1]).status, 303)
        self.assertEqual(party.get(f"/v1/parties/{party.id}")["kids"], kids[:1])

    def test_bad_input_keeps_what_was_typed_and_says_why_beside_it(self):
        browser = self.signed_in(self.market.publisher.token)
        for act, typed, field, what in (("token", {"label": "kept <b>", "expires": "2001-01-01"}, "token-expires", "later than now"),
                                        ("hook", {"url": "http://10.0.0.1/kept", "macro": ""}, "hook-url", "")):
            with self.subTest(act):
                answer = self.send(browser, "/settings", act, **typed)
                self.assertIn(answer.status, (400, 409, 422))
                self.assertIn("Nothing was recorded.", answer.text)
                self.assertRegex(answer.text, rf'id="{field}"[^>]* aria-describedby="[^"]*{field}-e" aria-invalid="true"')
                self.assertIn(f'id="{field}-e"', answer.text)
                self.assertIn(what, answer.text)
                self.assertIn("kept", answer.text)

    def test_webhook_notices_and_legal_data_are_set_and_taken_away(self):
        party = self.market.publisher
        browser, path = self.signed_in(party.token), f"/v1/parties/{party.id}"
        self.assertEqual(self.send(browser, "/settings", "hook", url="https://hooks.example.com/x").status, 303)
        self.assertEqual(party.get(path + "/webhook")["url"], "https://hooks.example.com/x")
        answer = self.send(browser, "/settings", "try-hook")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/deliveries"))
        self.assertIn("resend", [act for act, _ in forms(browser.get("/deliveries").text)])
        self.assertEqual(self.send(browser, "/settings", "end-hook").status, 303)
        self.assertEqual(self.send(browser, "/settings", "legal", name="Nord SRL", country="BE", address="Rue 18\r\n7500 Tournai", vat_id="", email="", exemption="").status, 303)
        self.assertEqual(party.get(path)["legal"], {"name": "Nord SRL", "country": "BE", "address": "Rue 18\n7500 Tournai"})
        self.assertEqual(self.send(browser, "/settings", "legal", name="Nord SA", country="BE", address="", vat_id="", email="", exemption="").status, 303)
        self.assertEqual(party.get(path)["legal"], {"name": "Nord SA", "country": "BE"})

    def test_notices_are_wanted_where_e_mail_is_sent(self):
        self.assertNotIn("notices", [act for act, _ in forms(self.signed_in(self.market.publisher.token).get("/settings").text)])
        server = type(self.server)(SMTP_URL="smtp://127.0.0.1:9", SMTP_FROM="cs@server.example")
        self.addCleanup(server.close)
        party = Market(server).publisher
        browser = Browser(server)
        browser.sign_in(party.token)
        for typed, status in (({"email": "no address kept", "kinds": "webhook"}, 422), ({"email": "a@b.example", "kinds": "webhook", "language": "fr"}, 303)):
            answer = self.send(browser, "/settings", "notices", **typed)
            self.assertEqual((answer.status, "kept" in answer.text), (status, status == 422))
        said = party.get(f"/v1/parties/{party.id}/notices")
        self.assertEqual((said["email"], said["kinds"], said["language"]), ("a@b.example", ["webhook"], "fr"))
        self.assertIn('value="webhook" checked', browser.get("/settings").text)
        self.assertEqual(self.send(browser, "/settings", "end-notices").status, 303)
        self.assertNotIn("email", party.get(f"/v1/parties/{party.id}/notices"))

    def test_the_operator_makes_invites_renames_and_locks(self):
        browser = self.signed_in(self.operator.token)
        answer = self.send(browser, "/parties", "party", name="Neue Firma", kind="publisher")
        self.assertEqual(answer.status, 201, answer.text)
        link = re.search(r'id="invite_url">([^<]+)<', answer.text)[1]
        self.assertEqual(send(link, headers=PAGE).status, 200)
        ident = re.search(r'href="/parties/([^"]+)"', browser.get("/parties?name=neue+f").text)[1]
        path = "/parties/" + ident
        self.assertEqual(self.send(browser, path, "rename", name="Neuere Firma").status, 303)
        self.assertEqual(self.send(browser, path, "lock").status, 303)
        said = self.operator.get("/v1" + path)
        self.assertEqual((said["name"], "locked_at" in said), ("Neuere Firma", True))
        self.assertEqual(self.send(browser, path, "unlock").status, 303)
        self.assertEqual(self.send(browser, path, "invite").status, 201)
        self.assertNotIn("locked_at", self.operator.get("/v1" + path))

    def test_an_invitation_leads_by_clicks_to_a_test_lead(self):
        market = Market(self.server)
        link = self.operator.post(f"/v1/parties/{market.publisher.id}/invitations", {})["invite_url"]
        browser = Browser(self.server)
        path = link.removeprefix(self.server.url)
        offered = browser.get(path + "?utm_source=mail")
        self.assertEqual((offered.status, offered.headers["Referrer-Policy"]), (200, "no-referrer"))
        done = browser.post(path, {})
        self.assertEqual(done.status, 201, done.text)
        self.assertEqual(re.findall(r'<pre class="id" id="(\w+)"', done.text), ["party", "token", "kid", "postback_secret"])
        signs = [fields for _, fields in forms(done.text) if "token" in fields]
        self.assertEqual([fields["to"] for fields in signs], ["/", "/contracts"])
        answer = browser.post("/sign-in", signs[1])
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/contracts"))
        self.assertIn(f"/contracts/{market.contract}", browser.get("/contracts").text)
        fields = dict(next(f for act, f in forms(browser.get("/contracts/" + market.contract).text) if act == "try"))
        first, again = (browser.post("/contracts/" + market.contract, fields).headers["Location"] for _ in range(2))
        self.assertEqual(first, again)
        self.assertEqual([market.publisher.get("/v1" + first)[name] for name in ("status", "reason", "contract")], ["rejected", "test", market.contract])
        self.assertEqual(browser.get(first).status, 200)

    def test_a_party_is_another_ones_business(self):
        market = self.market
        browser = self.signed_in(market.publisher.token)
        self.assertEqual(browser.get("/parties/" + market.advertiser.id).status, 404)
        fields = dict(next(f for act, f in forms(browser.get("/settings").text) if act == "secret"))
        before = len(market.advertiser.get(f"/v1/parties/{market.advertiser.id}")["kids"])
        self.assertEqual(browser.post("/settings", {**fields, "party": market.advertiser.id}).status, 404)
        self.assertEqual(len(market.advertiser.get(f"/v1/parties/{market.advertiser.id}")["kids"]), before)
        self.assertEqual(browser.post("/parties", {"form": fields["form"], "once": "b", "name": "x", "kind": "operator"}).status, 403)

    def test_a_session_that_is_over_loses_nothing_of_a_longer_form(self):
        party = self.market.publisher
        browser = self.signed_in(party.token)
        fields = dict(next(f for act, f in forms(browser.get("/settings").text) if act == "token"))
        browser.jar.clear()
        asked = browser.post("/settings", {**fields, "label": "typed before " + EVIL[:9], "expires": "2098-02-03"})
        again = browser.post("/sign-in", {**forms(asked.text)[0][1], "token": party.token})
        sent = forms(again.text)[0][1]
        self.assertEqual(browser.post("/settings", sent).status, 201)
        self.assertIn(("typed before " + EVIL[:9], "2098-02-03T00:00:00.000Z"), [(t.get("label"), t.get("expires_at")) for t in self.tokens(party)])

    def test_a_chosen_zone_is_kept_and_a_wrong_one_is_told(self):
        browser = self.signed_in(self.market.publisher.token)
        self.assertIn("Times in America/Lima", browser.get("/settings?zone=America/Lima").text)
        self.assertIn("Times in America/Lima", browser.get("/leads").text)
        self.assertEqual(browser.get("/settings?zone=Mars/Olympus").status, 400)
        browser.get("/settings?zone=")
        self.assertIn("Times in Europe/Paris", browser.get("/leads").text)
        browser.jar["tz"] = "Nowhere/At-All"
        self.assertIn("Times in Europe/Paris", browser.get("/leads").text)

    def test_search_finds_what_the_caller_may_see(self):
        market = self.market
        click = market.click()
        lead = market.publisher.postback(person(click_id=click, txid="FIND-1 é", email="found@people.example")).json["lead"]
        statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        mine, other = self.signed_in(market.publisher.token), self.signed_in(Market(self.server).publisher.token)
        for q, href in (("FIND-1 é", "/leads/" + lead), (lead, "/leads/" + lead), (click, "/leads/" + lead), ("Found@People.example", "/leads/" + lead), (statement, "/statements/" + statement), (market.contract, "/contracts/" + market.contract)):
            with self.subTest(q):
                path = "/search?q=" + urllib.parse.quote(q)
                self.assertIn(f'href="{href}"', mine.get(path).text)
                answer = other.get(path)
                self.assertEqual((answer.status, f'href="{href}"' in answer.text), (200, False))
        self.assertIn("No lead that stands has this address", mine.get("/search?q=a%40b.example").text)


class MailLinks(unittest.TestCase):
    """Signing in by an e-mail: once, within its time, to who gave the address; and nothing is told of who did."""

    @classmethod
    def setUpClass(cls):
        cls.post = Post()
        cls.addClassCleanup(cls.post.stop)
        cls.server = Server(SMTP_URL=cls.post.url, SMTP_FROM="cs@server.example", NOTICE_S=3600)
        cls.addClassCleanup(cls.server.close)
        cls.market = Market(cls.server)

    def wants(self, party, address):
        party.do("PUT", f"/v1/parties/{party.id}/notices", {"email": address, "kinds": ["webhook"], "language": "en"})

    def ask(self, browser, address):
        answer = browser.post("/sign-in/link", {"email": address})
        self.assertEqual(answer.status, 200, answer.text)
        return re.sub(r'<nav aria-label="Language">.*?</nav>', "", answer.text, flags=re.S)

    def links(self, address, n):
        mails = wait_for(lambda: (lambda got: got if len(got) >= n else None)(self.post.taken(address)), what="the mail")
        return [re.search(r"/sign-in/link/[A-Za-z0-9_-]{43}", mail.get_content())[0] for mail in mails]

    def test_a_link_signs_in_once_whoever_looks_at_it_before(self):
        party, browser = self.market.publisher, Browser(self.server)
        self.wants(party, "Nord@party.example")
        self.assertIn("/sign-in/link", browser.get("/sign-in").text)
        told = self.ask(browser, "nord@PARTY.example")
        self.assertEqual(told, self.ask(browser, "nobody@party.example"))
        path = self.links("Nord@party.example", 1)[0]
        for _ in range(2):
            shown = browser.get(path)
            self.assertEqual((shown.status, shown.headers["Referrer-Policy"], "countersign" in browser.jar), (200, "no-referrer", False))
        self.assertEqual(browser.post(path, {}, **{"Sec-Fetch-Site": "cross-site"}).status, 403)
        self.assertEqual(browser.post(path, {}).status, 303)
        self.assertEqual(browser.get("/leads").status, 200)
        other = Browser(self.server)
        self.assertEqual((other.get(path).status, other.post(path, {}).status, other.jar), (410, 410, {}))
        self.assertEqual(self.post.taken("nobody@party.example"), [])
        mail = self.post.taken("Nord@party.example")[0]
        self.assertEqual((mail["Subject"], mail["List-Unsubscribe"], mail["Auto-Submitted"]), ("Your sign-in link", None, "auto-generated"))

    def test_at_most_three_of_a_token_are_open_and_each_ends_with_it(self):
        party, browser = self.market.advertiser, Browser(self.server)
        made = party.post(f"/v1/parties/{party.id}/tokens", {"label": "mail", "scope": "credentials"})
        Caller(self.server.url, made["token"]).do("PUT", f"/v1/parties/{party.id}/notices", {"email": "three@party.example", "kinds": ["webhook"]})
        for _ in range(5):
            self.ask(browser, "three@party.example")
        self.wants(Market(self.server).publisher, "last@party.example")
        self.ask(browser, "last@party.example")
        self.links("last@party.example", 1)  # comes behind all of them
        paths = self.links("three@party.example", 3)
        self.assertEqual(len(paths), 3)
        self.assertEqual(browser.post(paths[0], {}).status, 303)
        party.do("DELETE", f"/v1/parties/{party.id}/tokens/{made['id']}")
        self.assertEqual((browser.get("/leads").status, browser.post(paths[1], {}).status), (303, 410))

    def test_one_stranger_takes_no_other_ones_place(self):
        def ask(address, ip):
            return Browser(server).post("/sign-in/link", {"email": address}, **{"X-Forwarded-For": ip}).status
        server = Server(SMTP_URL="smtp://10.255.255.1:9", SMTP_FROM="cs@server.example", NOTICE_S=3600, TRUSTED_PROXIES="127.0.0.1")
        self.addCleanup(server.close)
        said = [ask(f"n{n}@y.example", "203.0.113.5") for n in range(100)]
        self.assertIn(429, said)
        self.assertEqual(ask("owner@y.example", "203.0.113.77"), 200)

    def test_what_is_no_address_and_a_link_of_nobody_are_told(self):
        browser = Browser(self.server)
        for address in ("", "a b@c", "x" * 300 + "@y.example", "<b>@x"):
            self.assertEqual(browser.post("/sign-in/link", {"email": address}).status, 422)
        for code in ("a" * 43, "a", "%41" * 4):
            self.assertEqual((browser.get("/sign-in/link/" + code).status, browser.post("/sign-in/link/" + code, {}).status), (410, 410))


class Operating(Forms):
    """What the operator does by clicks, and that it is his alone."""

    def test_a_contract_is_made_of_the_form_and_an_auditor_let_in(self):
        market, browser = self.market, self.signed_in(self.operator.token)
        publisher = market.new_publisher()
        typed = {"campaign": market.campaign, "publisher": publisher.id, "lead": "12,50", "sale": "5", "click": "0.02", "due_days": "14"}
        for bad, field in (({"lead": "1,234"}, "contract-lead"), ({"due_days": "soon"}, "contract-due_days"), ({"ends_at": "x"}, "contract-ends_at")):
            answer = self.send(browser, "/contracts", "contract", **{**typed, **bad})
            self.assertEqual(answer.status, 422)
            self.assertIn(f'id="{field}-e"', answer.text)
            self.assertIn('value="0.02"', answer.text)
        answer = self.send(browser, "/contracts", "contract", **typed)
        self.assertEqual(answer.status, 303, answer.text)
        path = answer.headers["Location"]
        made = self.operator.get("/v1" + path)
        self.assertEqual((made["price"]["lead"], made["price"]["sale_ppm"], made["price"]["click_micros"], made["due_days"]), ([{"micros": 12_500_000}], 50_000, 20_000, 14))
        page = browser.get(path).text
        self.assertIn("12.50\u00a0EUR", page)
        self.assertIn("5%", page)
        self.assertEqual(self.send(browser, path, "grant", auditor=market.auditor.id).status, 303)
        self.assertEqual(self.signed_in(market.auditor.token).get(path).status, 200)
        self.assertEqual(self.send(browser, path, "revoke", id=market.auditor.id).status, 303)
        self.assertEqual(self.signed_in(market.auditor.token).get(path).status, 404)

    def test_campaigns_of_one_name_are_told_apart_by_whose_they_are(self):
        other = Party(self.operator, "Of the same name", "advertiser")
        campaign = other.post("/v1/campaigns", {"advertiser": other.id, "name": "Offer", "currency": "EUR", "landing_url": "https://landing.example/"})["id"]
        browser = self.signed_in(self.operator.token)
        for path, told in (("/contracts", "Offer · Of the same name</option>"), ("/leads", "Offer · Of the same name</option>"),
                           ("/leads", "Offer · Of the same name · without a publisher</option>")):
            self.assertIn(told, browser.get(path).text)
        self.assertIn(f'<option value="{campaign}"', browser.get("/contracts").text)

    def test_terms_that_change_are_told_by_what_differs(self):
        market = Market(self.server)
        self.operator.do("PATCH", f"/v1/contracts/{market.contract}", {"due_days": 21})
        page = self.signed_in(market.publisher.token).get("/contracts/" + market.contract).text
        self.assertIn("Version 2", page)
        self.assertRegex(page, r"<code>[^<]*due_days</code> <del>.*30.*</del> <ins>.*21.*</ins>")

    def test_statements_are_issued_one_by_one_and_once(self):
        market = Market(self.server)
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        market.advertiser.postback({"lead": lead, "status": "approved"})
        browser = self.signed_in(self.operator.token)
        fields = wait_for(lambda: next((f for text in pages_from(browser, "/month-end") for act, f in forms(text) if act == "issue" and f["id"] == market.contract), None), what="the draft")
        self.assertEqual([browser.post("/month-end", fields).status for _ in range(2)], [303, 303])
        statements = self.operator.get(f"/v1/statements?contract={market.contract}")["data"]
        self.assertEqual(len(statements), 1)
        page = "".join(pages_from(browser, "/month-end"))
        self.assertIn("/statements/" + statements[0]["id"], page)
        self.assertNotIn(market.contract, [f.get("id") for act, f in forms(page) if act == "issue"])

    def test_a_long_list_has_each_once_newest_first_over_its_pages(self):
        parties = [self.operator.post("/v1/parties", {"name": f"Of many {n}", "kind": "publisher"})["id"] for n in range(53)]
        campaign = self.operator.post("/v1/campaigns", {"advertiser": self.market.advertiser.id, "name": "With many", "currency": "EUR", "landing_url": "https://landing.example/"})["id"]
        contracts = [self.operator.post("/v1/contracts", {"campaign": campaign, "publisher": party, "price": {"lead": [{"micros": 1_000_000}]}})["id"] for party in parties]
        browser = self.signed_in(self.operator.token)
        for path, pattern, made in (("/parties?name=of+MANY&kind=publisher", r'<th scope="row"><a href="/parties/(\w+)"', parties),
                                    ("/contracts?campaign=" + campaign, r'class="id" href="/contracts/(\w+)"', contracts),
                                    ("/campaigns/" + campaign, r'href="/leads\?contract=(\w+)"', contracts)):
            with self.subTest(path):
                found = [re.findall(pattern, text) for text in pages_from(browser, path)]
                own = path.startswith("/contracts")  # the campaign's, which pays nobody
                self.assertEqual(sum(found, [])[:53], made[::-1])
                self.assertEqual([len(part) for part in found], [50, 4 if own else 3])
        rows = [text.count('<td class="hd">') for text in pages_from(browser, "/month-end")]
        self.assertEqual(rows[:-1], [50] * (len(rows) - 1))
        self.assertGreaterEqual(sum(rows), 53)
        listed = self.operator.get(f"/v1/contracts?publisher={parties[7]}&order=newest")["data"]
        self.assertEqual([one["id"] for one in listed], [contracts[7]])
        for path, field in (("/v1/contracts?order=oldest", "order"), ("/v1/parties?order=", "order"), ("/v1/parties?kind=person", "kind"), ("/v1/campaigns?order=x", "order")):
            self.assertProblem(self.operator.call("GET", path), 400, field)
        self.assertEqual(self.market.publisher.get("/v1/parties?kind=advertiser")["data"], [])

    def test_these_pages_are_the_operators(self):
        for party in (self.market.publisher, self.market.advertiser, self.market.auditor):
            browser = self.signed_in(party.token)
            for path in ("/month-end", "/system"):
                self.assertEqual(browser.get(path).status, 403, path)
            form = browser.form_token()
            for path, act in (("/contracts", "contract"), ("/month-end", "issue"), ("/contracts/" + self.market.contract, "grant")):
                self.assertEqual(browser.post(path, {"form": form, "act": act, "once": "a", "id": self.market.contract}).status, 403, path)

    def test_a_new_token_is_offered_what_its_party_has_calls_of(self):
        browser = self.signed_in(self.operator.token)
        offered = lambda path: set(re.findall(r'name="scope" value="(\w+)"', browser.get(path).text))  # noqa: E731
        self.assertEqual(offered("/parties/" + self.market.publisher.id), {"codes", "credentials", "parties"})
        self.assertLess(offered("/parties/" + self.market.publisher.id), offered("/settings"))

    def test_what_was_made_is_told_with_its_maker(self):
        party = Party(self.operator, "Made lately", "publisher")
        party.post(f"/v1/parties/{party.id}/tokens", {"label": "x"})
        self.operator.patch(f"/v1/parties/{party.id}", {"name": EVIL})
        browser = self.signed_in(self.operator.token)
        text = browser.get("/audit").text
        self.assertNotIn("<script>x", text)
        self.assertRegex(text, r"API token made</b> <a href=\"/parties/" + party.id + r"\"><bdi>&lt;script.*</bdi></a>  · by <bdi>&lt;script")
        self.assertRegex(text, r"Party renamed</b> .*(\n.*)?before: <bdi>Made lately</bdi>")
        self.assertEqual(browser.get(f"/audit?change=rename&party={party.id}").text.count('<li class="done">'), 1)
        self.assertIn("Nothing was changed", browser.get(f"/audit?change=grant&party={party.id}").text)
        self.assertEqual(browser.get("/audit?change=blue").status, 400)
        own = self.signed_in(party.token).get("/audit").text
        self.assertEqual((own.count('<li class="done">'), own.count("/parties/")), (3, 0))

    def test_the_first_page_leads_to_what_it_counts_and_names_who_was_refused(self):
        publisher = Party(self.operator, "Refused lately", "publisher")
        self.assertEqual(publisher.postback(person(), nonce="x" * 20, ts=1).status, 401)
        wait_for(lambda: any(one.get("kid") == publisher.kid for one in self.operator.get("/v1/refused")["data"]), what="the refusal")
        text = self.signed_in(self.operator.token).get("/").text
        for href in ("/system", "#waiting", "/refused"):
            self.assertRegex(text, rf'<dd><a href="{href}">\d+')
        for href in ("/parties", "/contracts"):
            self.assertRegex(text, rf'</h2><a href="{href}">\d+')
        self.assertIn('id="waiting"', text)
        self.assertIn(f'<a href="/parties/{publisher.id}"><bdi>Refused lately</bdi></a> <code>{publisher.kid}</code>', text)

    def test_what_was_refused_is_said_in_the_language_of_the_page(self):
        publisher = Market(self.server).publisher
        self.assertEqual(publisher.postback(person(), nonce="y" * 20, ts=1).status, 401)
        self.assertEqual(publisher.postback({"email": "{email}", "txid": "x"}).status, 400)
        wait_for(lambda: sum(one.get("kid") == publisher.kid for one in self.operator.get("/v1/refused")["data"]) == 2, what="the refusals")
        for language, said, names_nobody in (("fr", ("l’heure est décalée", "contient une macro qui n’a pas été remplacée"), "il ne nomme personne dont"),
                                             ("zh-Hans", ("时间相差超过", "含有未被替换的宏"), "您无权知道")):
            browser = self.signed_in(self.operator.token)
            for path in ("/", "/refused", "/system"):
                text = browser.get(f"{path}?lang={language}").text
                self.assertGreaterEqual(sum(word in text for word in said), 1 if path == "/system" else 2, (language, path))  # there one of each sender
                self.assertNotIn("the timestamp is more", text)
            own = self.signed_in(publisher.token)
            self.assertTrue(any(word in own.get(f"/?lang={language}").text for word in said), language)  # the last one
            told = self.send(own, f"/postbacks?lang={language}", "try", url=self.server.url + "/postback?txid=1&email=%7Bemail%7D").text
            self.assertIn(names_nobody, told)
            self.assertNotIn('lang="en">it names', told)

    def test_an_auditor_is_given_the_commands_of_each_contract(self):
        market = Market(self.server)
        other = market.new_contract(market.new_publisher())
        self.operator.post(f"/v1/contracts/{other}/grants", {"party": market.auditor.id})
        text = self.signed_in(market.auditor.token).get("/").text
        for contract in (market.contract, other):
            self.assertIn(f"countersign pull {self.server.url} ./{contract} --contract {contract} ", text)
            self.assertIn(f"countersign verify ./{contract}", text)

    def test_an_invitation_that_nobody_used_in_time_is_told_as_expired(self):
        server = ClockServer()
        self.addCleanup(server.close)
        party = Party(server.operator, "Late", "publisher")
        server.operator.post(f"/v1/parties/{party.id}/invitations", {})
        for passed, said in ((0, "Expires"), (8 * 86400, "Expired")):
            server.wait(passed)
            browser = Browser(server)
            browser.sign_in(server.operator.token)
            self.assertRegex(browser.get("/parties/" + party.id).text, rf"<td>{said} <time")

    def test_the_system_is_told_as_it_is(self):
        text = self.signed_in(self.operator.token).get("/system").text
        for said in (str(self.server.data), "countersign backup", "backup_dir = /backups", "No copy so far.", "<code>sweep_ms</code></dt><dd class=\"id\">100<"):
            self.assertIn(said, text)


class Weight(Forms):
    """What a phone has to take before it shows anything: a page of long rows, its style and its script."""

    MOST = 100_000

    def test_full_pages_are_light(self):
        market = self.market
        for n in range(120):
            marks = f"?sub1=placement-of-a-rather-long-name-in-the-letter-of-november-{n}&sub2=article-{n}&utm_source=newsletter-of-november&utm_campaign=solar-roofs"
            market.publisher.postback(person(click_id=market.click(marks), txid=f"of-a-long-name-{n}", first_name="W" * 60))
        wait_for(lambda: any(a["size"] >= 240 for a in market.publisher.get("/v1/reports")["as_of"]), what="the report")
        heavy = {}
        for party, paths in ((market.publisher, ("/", "/leads", "/reports", "/reports?group=sub1&compare=previous", "/links")),
                             (market.advertiser, ("/", "/review", "/leads", "/reports?group=sub1&compare=previous&status=pending", "/reports?group=day&from=2025-12-01&to=2026-11-29",
                                                  "/publishers", f"/campaigns/{market.campaign}/rules")),
                             (self.operator, ("/", "/leads", "/contracts", "/month-end", "/system", "/settings"))):
            browser = self.signed_in(party.token)
            for path in paths:
                for language in ("en", "fr", "zh-Hans"):
                    text = browser.get(path + ("&" if "?" in path else "?") + "lang=" + language).text
                    assets = sum(len(browser.get(asset).body) for asset in set(re.findall(r'"(/assets/[^"]+)"', text)))
                    heavy[path, language] = len(text.encode()) + assets
        self.assertEqual({page: size for page, size in heavy.items() if size > self.MOST}, {})


class Refusals(Forms):
    """What the API says of a form stands in the language of the page, with the API's word beside it."""

    def test_frequent_refusals_are_said_in_the_language_of_the_page(self):
        browser = Browser(self.server)
        browser.sign_in(self.market.advertiser.token)
        words = {"en": ("must be https", "must be later than now"), "fr": ("doit être en https", "doit être dans le futur"), "zh-Hans": ("须为 https", "须晚于现在")}
        for language, (https, past) in words.items():
            path = "/settings?lang=" + language
            fields = next(fields for act, fields in forms(browser.get(path).text) if act == "hook")
            text = browser.post(path, {**fields, "url": "http://198.51.100.7/"}).text
            self.assertIn(https, text)
            self.assertIn("<code>invalid</code>", text)
            fields = next(fields for act, fields in forms(browser.get(path).text) if act == "token")
            answer = browser.post(path, {**fields, "expires": "2001-01-31"})
            self.assertIn(past, answer.text)
            self.assertIn('value="2001-01-31"', answer.text)


class MonthEnd(ServerCase):
    """What may be issued, who has not answered, and statements from the newest on."""

    def every(self, query, limit):
        found, after = [], ""
        while True:
            page = self.operator.get(f"/v1/statements?limit={limit}{query}{after}")
            found += [one["id"] for one in page["data"]]
            if "next" not in page:
                return found
            after = "&after=" + page["next"]

    def test_from_no_statement_to_who_has_not_answered(self):
        market = self.market
        market.put_keys()
        operator = Browser(self.server)
        operator.sign_in(self.operator.token)
        text = operator.get("/month-end").text
        self.assertNotIn("Everybody has answered", text)
        self.assertIn("No statement yet", text)
        second = market.new_publisher()
        second.put_key()
        other = market.new_contract(second, price={"lead": [{"micros": 3_000_000}]})
        codes, senders = {market.contract: market.code, other: market.new_code(second, other)}, {market.contract: market.publisher, other: second}
        issued = []
        for n in range(7):
            for contract in (market.contract, other) if n % 3 else (other,):
                click = Market.click(type("", (), {"code": codes[contract]}))
                lead = senders[contract].postback(person(click_id=click, email=f"m{n}{contract}@example.com", phone=f"+336{len(issued):08}")).json["lead"]
                market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": "approved"})
                if n == 0:
                    wait_for(lambda: re.search(r'What may be issued now comes to</dt><dd><b class="nb">3\.00', operator.get("/month-end").text), what="the sum")
                issued.append(self.operator.post(f"/v1/contracts/{contract}/statements", {})["id"])
        for limit in (1, 2, 5, 200):
            self.assertEqual(self.every("&order=newest", limit), issued[::-1])
        self.assertEqual(self.every("&order=newest&verdict=none", 3), issued[::-1])
        self.assertEqual(self.every("&order=newest&contract=" + other, 2), [one for one in issued[::-1] if one in self.every("&contract=" + other, 200)])
        self.assertEqual(self.every("&verdict=dispute", 2), [])
        self.assertEqual(self.operator.call("GET", "/v1/statements?order=oldest").status, 400)
        shown = re.findall(r'href="/statements/(S[0-9A-Z]+)"', operator.get("/statements").text)
        self.assertEqual(list(dict.fromkeys(shown)), issued[::-1])
        text = operator.get("/month-end").text
        chased = text[text.index("Who has not answered"):]
        self.assertIn('<td><span class="s">gave no address for notices', chased)  # class n would keep it in one line, which a phone has no room for
        for party in (market.advertiser, market.publisher):
            self.assertIn(f'<a href="/parties/{party.id}"><bdi>{self.operator.get("/v1/parties/" + party.id)["name"]}</bdi></a>', chased)
        self.assertNotIn("Everybody has answered", text)
        whose = market.publisher if issued[2] in self.every("&contract=" + market.contract, 200) else second
        whose.answer_statement(issued[2], "dispute", reason="none of it")
        for order in ("", "&order=newest"):
            self.assertEqual(self.every(order + "&verdict=dispute", 2), [issued[2]])


class Advertiser(ServerCase):
    """What an advertiser does by clicks: every form is a call of the API."""

    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server, {"review": {"mode": "auto", "auto_approve_days": 9}})
        market.put_keys()
        cls.never = market.advertiser.post("/v1/campaigns", {"advertiser": market.advertiser.id, "name": "By hand", "currency": "EUR",
                                                             "landing_url": "https://landing.example/", "review": {"mode": "manual"}})
        contract = cls.operator.post("/v1/contracts", {"campaign": cls.never["id"], "publisher": market.publisher.id, "price": {"lead": [{"micros": 5_000_000}]}})["id"]
        cls.code = market.new_code(market.publisher, contract)

    def new_lead(self, code=None, **fields):
        click = Market.click(type("", (), {"code": code or self.market.code}))
        return self.market.publisher.postback(person(click_id=click, **fields)).json["lead"]

    def signed_in(self, party=None):
        browser = Browser(self.server)
        browser.sign_in((party or self.market.advertiser).token)
        return browser

    @staticmethod
    def form(browser, path, act):
        """What its form would send as it stands: every field of the form with that `act`."""
        text = browser.get(path).text
        for one in re.findall(r"<form.*?</form>", text, re.S):
            if f'name="act" value="{act}"' in one:
                fields = {n: html.unescape(v) for n, v in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*? value="([^"]*)"', one) if n not in ("lead", "line")}
                for name, value in re.findall(r'<textarea[^>]*? name="([^"]+)"[^>]*>\n?(.*?)</textarea>', one, re.S):
                    fields[name] = html.unescape(value)
                for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', one, re.S):
                    chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
                    fields[name] = html.unescape(chosen[1])
                return fields
        raise AssertionError(f"{path} has no form {act}: {text}")

    def state(self, lead):
        said = self.operator.get("/v1/leads/" + lead)
        return said["status"], said.get("note", "")

    def test_what_waits_is_listed_by_its_day_and_answered_many_at_once(self):
        leads = [self.new_lead(txid=f"order-{n}") for n in range(3)] + [self.new_lead(self.code)]
        browser = self.signed_in()
        text = browser.get("/review").text
        places = [text.index(f'value="{lead}"') for lead in leads]
        self.assertEqual(places, sorted(places))
        self.assertIn("order-1", text)
        self.assertIn("is approved by itself on its day", text)
        self.assertNotIn("is approved by itself", browser.get("/review?campaign=" + self.never["id"]).text)
        sent = {**self.form(browser, "/review", "answer"), "reason": "wrong number", "status": "rejected"}
        body = urllib.parse.urlencode([*sent.items(), ("lead", leads[0]), ("lead", leads[3])]).encode()
        answer = browser.call("POST", "/review", body, {"Sec-Fetch-Site": "same-origin"})
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/review?done=2"))  # so that who goes back sends nothing again
        self.assertIn("Answered: 2.", browser.get("/review?done=2").text)
        self.assertEqual([self.state(lead) for lead in leads], [("rejected", "wrong number"), ("pending", ""), ("pending", ""), ("rejected", "wrong number")])
        before = self.recorded()
        self.assertEqual(browser.call("POST", "/review", body, {"Sec-Fetch-Site": "same-origin"}).headers["Location"], "/review?done=2")  # the same form: the same answers
        self.assertNothingRecorded(before)

    def test_who_answers_by_contract_goes_on_by_contract(self):
        lead, browser, path = self.new_lead(), self.signed_in(), "/review?contract=" + self.market.contract
        sent = {**self.form(browser, path, "answer"), "status": "approved", "lead": lead}
        self.assertEqual(browser.post("/review", sent).headers["Location"], f"/review?done=1&contract={self.market.contract}")
        wrong = browser.post("/review", {**sent, "once": "other", "lead": "LAAAA"})
        self.assertIn("Not recorded: 1.", wrong.text)
        self.assertIn(f'<option value="{self.market.contract}" selected>', wrong.text)

    def test_what_waits_is_counted_as_it_is_listed_whatever_the_reports_have(self):
        server = type(self.server)(SWEEP_MS=60000)
        self.addCleanup(server.close)
        market = Market(server)
        for n in range(2):
            market.publisher.postback(person(txid=f"unseen-{n}"))
            market.publisher.postback(person(click_id=market.click(), txid=f"seen-{n}"))
        browser, publisher = Browser(server), Browser(server)
        browser.sign_in(market.advertiser.token)
        publisher.sign_in(market.publisher.token)
        waits = len(market.advertiser.get("/v1/leads?status=pending,held")["data"])
        self.assertGreater(waits, 1)
        self.assertRegex(browser.get("/").text, rf"<p><b>{waits}</b></p>")
        self.assertEqual(browser.get("/review").text.count('name="lead"'), waits)
        path = html.unescape(re.search(r'href="(/leads\?status=pending[^"]*)"', publisher.get("/").text)[1])
        listed = publisher.get(path).text
        self.assertEqual(listed.count('<a class="id" href="/leads/'), waits)
        self.assertIn('<option value="pending,held" selected>', listed)

    def test_thirty_days_are_the_same_days_on_each_page(self):
        market = Market(self.server, {"timezone": "Pacific/Kiritimati"})  # where today is another day than in UTC for most of it
        browser = self.signed_in(market.advertiser)
        first = re.search(r'<time datetime="([^"]+)">', browser.get("/publishers").text)[1]
        zone = zoneinfo.ZoneInfo("Pacific/Kiritimati")
        today = datetime.datetime.now(zone).date()
        said = datetime.datetime.fromisoformat(first.replace("Z", "+00:00")).astimezone(zone).date()
        self.assertIn((today - said).days, (29, 30))  # 30 only where midnight came in between
        reports = browser.get("/reports").text
        self.assertIn(f'name="from" value="{said}"', reports)

    def test_each_row_that_is_refused_is_told(self):
        lead, other = self.new_lead(), Market(self.server)
        others = other.publisher.postback(person(click_id=other.click())).json["lead"]
        browser = self.signed_in()
        sent = {**self.form(browser, "/review", "answer"), "status": "approved"}
        body = urllib.parse.urlencode([*sent.items(), ("lead", lead), ("lead", others), ("lead", EVIL)]).encode()
        answer = browser.call("POST", "/review", body, {"Sec-Fetch-Site": "same-origin"})
        self.assertIn("Answered: 1.", answer.text)
        self.assertIn("Not recorded: 2.", answer.text)
        self.assertNotIn("<script>x", answer.text)
        self.assertEqual((self.state(lead)[0], self.operator.get("/v1/leads/" + others)["status"]), ("approved", "pending"))

    def test_without_a_line_chosen_nothing_is_lost(self):
        self.new_lead()
        browser = self.signed_in()
        answer = browser.post("/review", {**self.form(browser, "/review", "answer"), "status": "rejected", "reason": "typed " + EVIL})
        self.assertEqual(answer.status, 422)
        self.assertIn("choose one lead at least", answer.text)
        self.assertIn("typed &lt;script&gt;", answer.text)

    def test_the_list_filters_as_the_call_does_and_the_table_is_whole(self):
        leads = [self.new_lead(txid=f"csv-{n}") for n in range(3)]
        browser = self.signed_in()
        for query in ("", f"campaign={self.never['id']}", "status=rejected", "code=" + self.market.code["code"], "sub1=nothing", "from=2020-01-01&to=2020-01-02", "reason=cap_day"):
            with self.subTest(query):
                wanted = self.market.advertiser.get("/v1/leads?order=newest&limit=200&" + query.replace("from=2020-01-01", "from=2020-01-01T00:00:00Z").replace("to=2020-01-02", "to=2020-01-03T00:00:00Z"))
                table = browser.get("/leads.csv?" + query)
                self.assertEqual((table.status, table.headers.get_content_type()), (200, "text/csv"))
                rows = list(csv.DictReader(io.StringIO(table.body.decode("utf-8-sig"))))
                self.assertEqual([row["lead"] for row in rows], [one["lead"] for one in wanted["data"]])
                page = browser.get("/leads?" + query).text
                self.assertEqual({lead: lead in page for lead in leads}, {lead: lead in [one["lead"] for one in wanted["data"]] for lead in leads})
        for query in ("from=x", "score_from=2000", "reason=why", "code=x"):
            self.assertIn(browser.get("/leads?" + query).status, (400, 404), query)

    def test_the_table_has_the_leads_of_many_answers(self):
        market = Market(self.server)
        rows = [{**person(), "txid": f"row-{n}", "contract": market.contract} for n in range(450)]
        self.assertTrue(all(one["status"] == 200 for one in market.publisher.post("/v1/leads", rows)["data"]))
        table = self.signed_in(market.publisher).get("/leads.csv")
        self.assertEqual([row["txid"] for row in csv.DictReader(io.StringIO(table.body.decode("utf-8-sig")))], [f"row-{n}" for n in reversed(range(450))])
        self.assertEqual(self.signed_in(market.publisher).get("/leads.csv?sub1=none").body.count(b"\n"), 1)

    def test_a_campaign_changes_by_its_form_and_what_the_form_does_not_know_stays(self):
        advertiser, browser = self.market.advertiser, self.signed_in()
        made = browser.post("/campaigns", {**self.form(browser, "/campaigns", "make"), "name": "Made here", "landing_url": "https://landing.example/x"})
        self.assertEqual(made.status, 303, made.text)
        path = made.headers["Location"]
        ident = path.rsplit("/", 1)[1]
        advertiser.do("PATCH", "/v1/campaigns/" + ident, {"referrer_policy": "origin", "lead": {"rules": [{"field": "country", "equals": "FR"}, {"field": "f_age", "min": 25}]}})
        before = advertiser.get("/v1/campaigns/" + ident)
        form = self.form(browser, path + "/rules", "rules")
        self.assertEqual(browser.post(path + "/rules", form).status, 303)
        self.assertEqual(advertiser.get("/v1/campaigns/" + ident), before)  # as it stood it changes nothing
        form = {**self.form(browser, path + "/rules", "rules"), "max1": "70", "cap_day": "40", "budget": "1200.50", "facts": "country\nf_age", "hold_s": "6", "json": '{"return_days": 11}'}
        self.assertEqual(browser.post(path + "/rules", form).status, 303)
        after = advertiser.get("/v1/campaigns/" + ident)
        self.assertEqual((after["lead"]["rules"], after["caps"], after["score"]["facts"], after["lead"]["hold_below_s"], after["return_days"], after["referrer_policy"]),
                         ([{"field": "country", "equals": "FR"}, {"field": "f_age", "min": 25, "max": 70}], {"day": 40, "budget_micros_month": 1200500000}, ["country", "f_age"], 6, 11, "origin"))
        form = {**self.form(browser, path + "/rules", "rules"), "cap_day": "", "facts": "", "field1": ""}
        self.assertEqual(browser.post(path + "/rules", form).status, 303)
        last = advertiser.get("/v1/campaigns/" + ident)
        self.assertEqual((last["caps"], last["score"], last["lead"]["rules"]), ({"budget_micros_month": 1200500000}, {}, [{"field": "country", "equals": "FR"}]))
        self.assertIn("f_age from 25 to 70", browser.get(path).text)

    def test_a_change_is_tried_refused_with_what_was_typed_and_taken_back(self):
        self.new_lead(self.code)
        advertiser, browser, path = self.market.advertiser, self.signed_in(), "/campaigns/" + self.never["id"]
        before = advertiser.get("/v1/campaigns/" + self.never["id"])
        form = {**self.form(browser, path + "/rules", "rules"), "do": "try", "field0": "country", "values0": "BE"}
        tried = browser.post(path + "/rules", form)
        self.assertEqual(tried.status, 200)
        self.assertIn("Nothing was changed.", tried.text)
        self.assertIn("outside the profile", tried.text)
        self.assertIn('name="values0" value="BE"', tried.text)
        for do in ("try", ""):
            wrong = browser.post(path + "/rules", {**form, "do": do, "field1": "f_age", "min1": "9O", "name": "Typed " + EVIL})
            self.assertEqual(wrong.status, 422)
            self.assertIn("lead.rules[1].min", wrong.text)
            self.assertIn('value="9O"', wrong.text)
            self.assertIn("Typed &lt;script&gt;", wrong.text)
        self.assertEqual(advertiser.get("/v1/campaigns/" + self.never["id"]), before)
        waits = browser.post(path + "/rules", {**self.form(browser, path + "/rules", "rules"), "return_days": "3", "effective": rfc3339(time.time() + 30 * 86400)[:10]})
        self.assertEqual(waits.status, 303)
        self.assertIn("waits for its day", browser.get(path).text)
        self.assertEqual(browser.post(path, self.form(browser, path, "withdraw")).status, 303)
        self.assertEqual(advertiser.get("/v1/campaigns/" + self.never["id"])["return_days"], before["return_days"])

    def test_a_campaign_is_paused_and_goes_on(self):
        browser, path = self.signed_in(), "/campaigns/" + self.never["id"]
        for paused in (True, False):
            self.assertEqual(browser.post(path, self.form(browser, path, "pause")).status, 303)
            self.assertEqual(self.market.advertiser.get("/v1/campaigns/" + self.never["id"])["paused"], paused)

    def test_what_a_session_may_not_is_told_on_the_page_of_its_form(self):
        browser, path = Browser(self.server), "/campaigns/" + self.never["id"]
        browser.sign_in(self.market.advertiser.post(f"/v1/parties/{self.market.advertiser.id}/tokens", {"label": "no scope"})["token"])
        for page, act, typed in ((path, "pause", {}), (path + "/rules", "rules", {"name": "Typed"}), (path + "/crm", "crm", {"url": "https://typed.example/"})):
            with self.subTest(page):
                answer = browser.post(page, {**self.form(browser, page, act), **typed})
                self.assertEqual(answer.status, 403, answer.text)
                self.assertIn("use one that has the scope", answer.text)
                for value in typed.values():
                    self.assertIn(f'value="{value}"', answer.text)

    def test_a_form_is_read_and_its_fields_are_said_to_be_ours(self):
        browser, path = self.signed_in(), f"/campaigns/{self.never['id']}/landing"
        self.assertEqual(browser.post(path, self.form(browser, path, "code")).status, 303)
        self.assertIn("t.js?code=", browser.get(path).text)
        self.assertIn("Not seen in the last two days.", browser.get(path).text)
        code = re.search(r"t\.js\?code=([\w-]{35})", browser.get(path).text)[1]
        click = Market.click(type("", (), {"code": self.code}))
        self.assertEqual(send(f"{self.server.url}/p/{code}.gif?event=view&click_id={click}", headers=BROWSER).status, 200)
        wait_for(lambda: re.search(r"The page was seen in the hour from <time[^>]*>.*?</time>, views: 1\.", browser.get(path).text), what="the view")
        shown = browser.post(path, {**self.form(browser, path, "map"), "html": EVIL + '<!-- <input name=gone> --><INPUT type = email name=\'Mail "x\'><select\nname=roof><input name=tel /><input name="a&b">'
                                                                                      '<inputname=no><input type=submit name=go><input type=hidden name=csrf_token value=x><input name=annonce><input type=password name=p><input name="' + "x" * 300 + '"><textarea name=note'})
        self.assertEqual(shown.status, 200)
        rows = re.findall(r'<th scope="row"><bdi>(.*?)</bdi></th>.*?<span>(.*?)</span>', shown.text, re.S)
        self.assertEqual([(name, re.sub("<.*?>", "", ours)) for name, ours in rows],
                         [("Mail &quot;x", "email"), ("roof", "f_roof"), ("tel", "phone"), ("a&amp;b", "f_a_b"), ("annonce", "f_annonce"), ("note", "f_note"),
                          ("go", "not sent: a button"), ("csrf_token", "not sent: a secret of the page or of its visitor"),
                          ("p", "not sent: a secret of the page or of its visitor")])
        self.assertNotIn("<script>x", shown.text)
        self.assertIn('&lt;input type="hidden" name="click_id"&gt;', shown.text)
        for junk in ("<", "<input", "<input name", "<input name=", "<input name='", "<!--", "<input name=x" + " a" * 999):
            self.assertEqual(browser.post(path, {**self.form(browser, path, "map"), "html": junk}).status, 200, junk)

    def test_a_crm_is_set_and_shown_but_for_its_token(self):
        browser, path = self.signed_in(), f"/campaigns/{self.never['id']}/crm"
        self.assertIn("go to no CRM", browser.get(path).text)
        form = {**self.form(browser, path, "crm"), "recipe": "json", "url": "https://crm.example/in", "token": "tok-secret", "fields": "f_age = age", "columns": "Deal ID = txid\nDeal Stage=status", "statuses": "Closed Won = converted"}
        wrong = browser.post(path, {**form, "columns": "Deal ID = nothing"})
        self.assertEqual(wrong.status, 422)
        self.assertIn("Deal ID = nothing", wrong.text)
        self.assertEqual(browser.post(path, {**form, "once": "another"}).status, 303)
        said = self.market.advertiser.get(f"/v1/campaigns/{self.never['id']}/crm")
        self.assertEqual((said["fields"], said["columns"], said["statuses"], said["token_set"]), ({"f_age": "age"}, {"Deal ID": "txid", "Deal Stage": "status"}, {"Closed Won": "converted"}, True))
        page = browser.get(path).text
        self.assertNotIn("tok-secret", page)
        self.assertIn("Deal Stage = status", page)
        leads = [self.new_lead(self.code, txid=f"deal-{n}") for n in range(2)]
        for lead in leads:
            self.market.advertiser.postback({"lead": lead, "status": "approved"})
        rows = browser.post("/answers", {**self.form(browser, "/answers", "answers"), "campaign": self.never["id"], "csv": "Deal ID,Deal Stage\ndeal-0,Closed Won\nnone,Closed Won\n"})
        self.assertIn("Answered: 1.", rows.text)
        self.assertIn("Not recorded: 1.", rows.text)
        self.assertEqual([self.state(lead)[0] for lead in leads], ["converted", "approved"])
        self.assertEqual(browser.post(path, self.form(browser, path, "off")).status, 303)
        self.assertIn("go to no CRM", browser.get(path).text)

    def test_own_rows_are_held_against_the_log(self):
        self.new_lead(txid="mine-1")
        wait_for(lambda: any(a["size"] for a in self.market.publisher.get("/v1/reports")["as_of"]), what="the report")
        for party in (self.market.publisher, self.market.advertiser):
            browser = self.signed_in(party)
            sent = {**self.form(browser, "/reconcile", "compare"), "contract": self.market.contract, "csv": "Order ID,Payout\nmine-1,13.00\n" + "<b>none,1.00\n"}
            page = browser.post("/reconcile", sent)
            self.assertEqual(page.status, 200, page.text)
            self.assertIn("<dt>Your rows</dt><dd>2</dd>", page.text)
            self.assertIn("mine-1", page.text)
            self.assertNotIn("<b>none", page.text)
            table = browser.post("/reconcile", {**sent, "do": "csv"})
            self.assertEqual((table.status, table.headers.get_content_type()), (200, "text/csv"))
            self.assertIn("mine-1", table.text)
            wrong = browser.post("/reconcile", {**sent, "csv": "What,Else\n1,2\n"})
            self.assertEqual(wrong.status, 400)
            self.assertIn("What,Else", wrong.text)

    def test_large_forms_of_rows_are_taken_up_to_their_limits(self):
        lead = self.new_lead(self.code, txid="large-1")
        wait_for(lambda: any(a["size"] for a in self.market.publisher.get("/v1/reports")["as_of"]), what="the report")
        browser = self.signed_in()
        form = {**self.form(browser, "/reconcile", "compare"), "contract": self.market.contract}
        rows = [f"none-{n},1.00\n" for n in range(20_000)]
        page = browser.post("/reconcile", {**form, "csv": "Order ID,Payout\nlarge-1,13.00\n" + "".join(rows)})
        self.assertEqual(page.status, 200, page.text[:2000])
        self.assertIn("<dt>Your rows</dt><dd>20,001</dd>", page.text)
        self.assertIn("none-19999,1.00", page.text, "what was pasted stays")
        self.assertRegex(page.text, r"Shown are the first 200(; the CSV has all of them| of 20,\d+; the CSV has 20,000)")
        page = browser.post("/reconcile", {**form, "csv": "Order ID,Payout\n" + "".join(rows) + "more,1.00\n"})
        self.assertRegex(page.text, r"Shown are the first 200 of 20,\d+; the CSV has 20,000, and countersign verify --reconcile has all of them\.")
        table = browser.post("/reconcile", {**form, "csv": "Order ID,Payout\n" + "".join(rows), "do": "csv"})
        self.assertEqual((table.status, table.headers.get_content_type()), (200, "text/csv"))
        self.assertIn("none-19999", table.text)
        wrong = browser.post("/reconcile", {**form, "csv": "What,Else\n" + "".join(rows)})
        self.assertEqual(wrong.status, 400)
        self.assertIn("What,Else", wrong.text)
        large = browser.post("/reconcile", {**form, "csv": "txid\n" + "none\n" * 1_300_000})
        self.assertEqual(large.status, 413)
        for words in ("A form takes 8,192 KiB", "name both of its days", "countersign verify --reconcile"):
            self.assertIn(words, large.text)
        form = self.form(browser, "/answers", "answers")
        said = browser.post("/answers", {**form, "csv": "txid,status\n" + "".join(f"none-{n},approved\n" for n in range(4_000)) + "large-1,approved\n"})
        self.assertEqual(said.status, 200, said.text[:2000])
        self.assertIn("Answered: 1. ", said.text)
        self.assertIn("Not recorded: 4,000.", said.text)
        self.assertEqual(self.state(lead)[0], "approved")
        wrong = browser.post("/answers", {**form, "once": "another", "csv": "txid,status\n" + "none,approved\n" * 10_001})
        self.assertEqual(wrong.status, 413)
        self.assertIn("none,approved", wrong.text, "what was pasted stays")
        large = browser.post("/answers", {**form, "csv": "txid,status\n" + "none,approved\n" * 150_000})
        self.assertEqual(large.status, 413)
        self.assertIn("A form takes 2,048 KiB, and nothing of this one was recorded. Go back, and send it in parts", large.text)
        over = Browser(self.server).post("/answers", {**form, "once": "a third", "csv": "txid,status\nlarge-1,rejected\n" + "none,approved\n" * 9_000})
        self.assertEqual(over.status, 401)
        self.assertIn("your session is over", over.text)
        for length in ("Content-Length: 8000000", "Transfer-Encoding: chunked"):  # a stranger's is not even taken
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as stranger:
                stranger.sendall(f"POST /reconcile HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\nAccept: text/html\r\n{length}\r\n"
                                 "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode())
                if "chunked" in length:
                    stranger.sendall(b"11000\r\n" + b"x" * 0x11000 + b"\r\n")
                self.assertRegex(stranger.recv(64), rb" (401|413) " if "chunked" in length else b" 401 ")  # by how much has come with its head
        self.assertEqual(self.state(lead)[0], "approved")

    def test_whose_it_is_not_sees_and_does_nothing(self):
        other = self.signed_in(Market(self.server).advertiser)
        path = "/campaigns/" + self.never["id"]
        for where in (path, path + "/rules", path + "/landing", path + "/crm"):
            self.assertEqual(other.get(where).status, 404, where)
            token = re.search(r'name="form" value="([^"]+)"', other.get("/campaigns").text)[1]
            self.assertIn(other.post(where, {"form": token, "once": "a", "act": "pause", "paused": "true", "name": "x"}).status, (400, 404), where)
        publisher = self.signed_in(self.market.publisher)
        self.assertEqual(publisher.get(path).status, 200)
        for where in ("/review", "/answers", "/publishers", path + "/rules", path + "/landing", path + "/crm"):
            self.assertEqual(publisher.get(where).status, 403, where)
        for where in ("/review", "/campaigns", path, path + "/rules", "/answers", "/reconcile", "/leads.csv"):
            self.assertEqual(Browser(self.server).get(where).status, 303, where)

    def test_a_statement_is_answered_by_what_the_browser_signed(self):
        self.new_lead()
        statement = self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]
        advertiser, browser, path = self.market.advertiser, self.signed_in(), f"/statements/{statement}/answer"
        text = browser.get(path).text
        payload = statement_payload(advertiser.do("GET", "/v1/statements/" + statement).body)
        self.assertIn(f'data-sha256="{hashlib.sha256(payload).hexdigest()}"', text)
        self.assertIn(f"countersign sign {self.server.url} {statement} --key KEY.jwk --accept", text)
        form = self.form(browser, path, "respond")
        wrong = browser.post(path, {**form, "jws": "a.b.c", "reason": "typed " + EVIL, "further": "7,8"})
        self.assertIn(wrong.status, (400, 422))
        self.assertIn("Nothing was recorded.", wrong.text)
        self.assertIn('name="reason" maxlength="500" value="typed &lt;script&gt;', wrong.text)
        self.assertIn('value="7,8"', wrong.text)
        done = browser.post(path, {**form, "once": "other", "jws": advertiser.jws(advertiser.response(payload))})
        self.assertEqual((done.status, done.headers["Location"]), (303, "/statements/" + statement))
        self.assertIn("You answered: accepted.", browser.get(path).text)
        self.assertEqual(self.signed_in(self.market.auditor).get(path).status, 403)
        self.assertEqual(self.signed_in(Market(self.server).publisher).get(path).status, 404)
        for party, asked in ((advertiser, 0), (self.market.publisher, 1), (self.operator, 0)):  # whose answer is there is asked no more
            text = self.signed_in(party).get("/statements").text
            self.assertEqual((text.count(f'href="/statements/{statement}"'), text.count(f'href="{path}"')), (1, asked))


class Reports(ServerCase):
    """What the page of reports shows is what the call answers."""

    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server, {"pass": ["utm_source"]})
        for n, sub in enumerate(("a", "a", "b", "")):
            lead = market.publisher.postback(person(click_id=market.click(f"?sub1={sub}&utm_source=mail"))).json["lead"]
            if n < 2:
                market.advertiser.postback({"lead": lead, "status": "approved"})
            if not sub:
                market.publisher.postback(person(click_id=market.click("?sub1=c")))
                again = market.click("?sub1=twice")
                for txid in ("1", "2"):
                    market.publisher.postback(person(click_id=again, txid=txid))
        wait_for(lambda: [one["leads"] for one in market.publisher.get("/v1/reports")["totals"]] == [{"approved": 2, "pending": 5, "total": 7}], what="the report")

    def page(self, query, party=None):
        browser = Browser(self.server)
        browser.sign_in((party or self.market.publisher).token)
        answer = browser.get("/reports?" + query)
        self.assertEqual(answer.status, 200, answer.text)
        return answer

    @staticmethod
    def cells(text):
        rows = re.findall(r"<tr><th scope=\"row\"[^>]*>(.*?)</th>(.*?)</tr>", text, re.S)
        return [(html.unescape(re.sub(r"<[^>]*>", "", head)), [html.unescape(re.sub(r"<[^>]*>", "", c)) for c in re.findall(r"<td[^>]*>(.*?)</td>", row)])
                for head, row in rows]

    def test_its_rows_are_those_of_the_call(self):
        said = self.market.publisher.get("/v1/reports?group=sub1")
        shown = self.cells(self.page("group=sub1").text)
        self.assertEqual(len(shown), len(said["rows"]) + 1)
        rows = sorted(said["rows"], key=lambda row: (-row["leads"]["total"], -row["clicks"].get("ok", 0)))
        self.assertGreater(len({row["leads"]["total"] for row in rows}), 1)
        for (head, cells), row in zip(shown, rows + said["totals"]):
            self.assertEqual(head, row["key"]["sub1"] or "without one" if "key" in row else "Total")
            self.assertEqual(cells[1], str(row["leads"]["total"]))
            self.assertEqual(cells[3], str(row["leads"].get("approved", 0)))
            self.assertEqual(cells[6], f"{row['payout_micros'] / 1e6:.2f}\xa0EUR")

    def test_of_more_leads_than_clicks_no_rate_is_told(self):
        rows = {head: cells for head, cells in self.cells(self.page("group=sub1").text)}
        said = {row["key"]["sub1"]: row for row in self.market.publisher.get("/v1/reports?group=sub1")["rows"]}
        self.assertEqual(said["twice"]["conversion_ppm"], 2000000)
        self.assertEqual((rows["twice"][2], rows["a"][2]), ("–", "100.0%"))
        self.assertIn("more leads than clicks", self.page("group=sub1").text)
        self.assertNotIn("more leads than clicks", self.page("group=day&where=sub1&is=a").text)

    def test_every_group_and_every_row_leads_on(self):
        groups = re.findall(r'<option value="(\w+)"', self.page("").text[:self.page("").text.index('name="from"')])
        self.assertEqual((len(groups), "publisher" in groups), (24, False))
        for group in groups:
            text = self.page("group=" + group + ("" if group in ("day", "hour", "week", "month") else "&compare=previous")).text
            for to in re.findall(r'<th scope="row"[^>]*><a href="/reports\?([^"]+)">', text):
                with self.subTest(group=group, to=to):
                    self.assertNotIn("Nothing in this period", self.page(html.unescape(to)).text)

    def test_a_number_of_leads_leads_to_these(self):
        browser = Browser(self.server)
        browser.sign_in(self.market.publisher.token)
        for query, links in (("group=day", 2), ("group=week&tz=Asia/Tokyo", 2), ("group=month", 2), ("group=contract", 2), ("group=campaign", 2), ("group=code", 2),
                             ("group=status", 3), ("group=day&status=approved", 2), ("group=day&where=code&is=" + self.market.code["code"], 2),
                             ("group=day&class=ok", 0), ("group=day&where=sub1&is=a", 0), ("group=sub1", 1), ("group=hour", 1)):
            found = re.findall(r'<a href="(/leads\?[^"]+)">(\d+)</a>', self.page(query).text)
            self.assertEqual(len(found), links, query)
            for to, n in found:
                with self.subTest(query=query, to=to):
                    self.assertEqual(browser.get(html.unescape(to)).text.count('<a class="id" href="/leads/'), int(n))

    def test_the_table_is_that_of_the_call(self):
        for group in ("sub1", "status", "day"):
            answer = self.page(f"group={group}&format=csv")
            self.assertEqual(answer.headers.get_content_type(), "text/csv")
            said = send(self.server.url + f"/v1/reports?group={group}&format=csv", headers={"Authorization": "Bearer " + self.market.publisher.token})
            self.assertEqual(answer.text, said.text)

    def test_what_is_not_ones_own_or_not_offered_is_told(self):
        other = Market(self.server)
        browser = Browser(self.server)
        browser.sign_in(self.market.publisher.token)
        for query, status in (("contract=" + other.contract, 404), ("where=code&is=" + other.code["code"], 404), ("group=publishers", 400), ("where=day&is=x", 400),
                              ("from=2026-12-02&to=2026-12-01", 400), ("from=yesterday", 400), ("status=blue", 400)):
            with self.subTest(query):
                self.assertEqual(browser.get("/reports?" + query).status, status)
        browser = Browser(self.server)
        browser.sign_in(self.market.auditor.token)
        self.assertIn(browser.get("/reports").status, (200, 403))

    def test_of_many_rows_a_page_is_a_page(self):
        market = Market(self.server)
        for n in range(210):
            market.click(f"?sub1=placement-{n}")
        market.publisher.postback(person(click_id=market.click("?sub1=zzz-last-by-name"), txid="ranked"))
        wait_for(lambda: [one["clicks"].get("ok") for one in market.publisher.get("/v1/reports")["totals"]] == [211], what="the report")
        page = self.page("group=sub1", market.publisher)
        self.assertEqual(self.cells(page.text)[0][0], "zzz-last-by-name")
        assets = [send(self.server.url + address).body for address in re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text)]
        self.assertEqual(len(assets), 2)
        self.assertLess(sum(map(len, [page.body, *assets])), 100 * 1024)
        self.assertEqual(self.page("group=sub1&format=csv", market.publisher).body.count(b"placement-"), 210)

    def test_it_says_of_which_entries_it_is(self):
        size = self.market.publisher.get("/v1/reports")["as_of"][0]["size"]
        self.assertIn(f"entries 0 to {size - 1}", self.page("").text)


class Links(ServerCase):
    """A publisher's links: what the page makes, names and switches is what the calls do."""

    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server, {"landing_url": "https://shop.example/start", "allowed_hosts": ["*.shop.example"]})

    def setUp(self):
        self.browser = Browser(self.server)
        self.browser.sign_in(self.market.publisher.token)

    @staticmethod
    def form(text, act, ident=""):
        for one in re.findall(r'<form class="[^"]*" method="post".*?</form>', text, re.S):
            fields = {name: html.unescape(value) for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', one)}
            if fields.get("act") == act and (not ident or fields.get("id") == ident):
                return fields
        raise AssertionError(f"no form {act}")

    def make(self, label, **more):
        sent = {**self.form(self.browser.get("/links").text, "new"), "contract": self.market.contract, "label": label, **more}
        return sent, self.browser.post("/links", sent)

    def codes(self):
        return {one["code"]: one for one in self.market.publisher.get(f"/v1/contracts/{self.market.contract}/codes?limit=200")["data"]}

    def test_a_link_is_made_once_and_ready(self):
        before = self.codes()
        sent, answer = self.make("newsletter <i>", landing_url="https://fr.shop.example/{sub1}")
        self.assertEqual(answer.status, 303)
        self.assertEqual(self.browser.post("/links", sent).headers["Location"], answer.headers["Location"])
        made = [one for code, one in self.codes().items() if code not in before]
        self.assertEqual([(one["label"], one["landing_url"]) for one in made], [("newsletter <i>", "https://fr.shop.example/{sub1}")])
        text = self.browser.get(answer.headers["Location"]).text
        self.assertIn(f'id="link">{made[0]["click_url"]}</pre>', text)
        self.assertIn("newsletter &lt;i&gt;", text)

    def test_what_does_not_do_is_told_beside_its_field(self):
        before = self.codes()
        for label, to, field in (("", "", "label"), ("x" * 201, "", "label"), ("kept as typed", "https://evil.example/", "landing_url")):
            _, answer = self.make(label, landing_url=to)
            self.assertIn(answer.status, (400, 422), answer.text)
            self.assertRegex(answer.text, f'name="{field}"[^>]* aria-invalid="true"')
            self.assertIn(f'value="{label}"', answer.text)
        self.assertEqual(self.codes(), before)

    def test_it_is_switched_off_and_on_and_renamed(self):
        _, answer = self.make("flyer")
        code = answer.headers["Location"].partition("code=")[2]
        for off, word in ((True, "This link is off"), (False, "In use")):
            text = self.browser.get("/links?code=" + code).text
            self.assertEqual(self.browser.post("/links", self.form(text, "switch", code)).status, 303)
            self.assertEqual(self.codes()[code]["off"], off)
            self.assertIn(word, self.browser.get("/links?code=" + code).text)
        sent = {**self.form(self.browser.get("/links?code=" + code).text, "label", code), "label": "flyer 2"}
        self.assertEqual((self.browser.post("/links", sent).status, self.codes()[code]["label"]), (303, "flyer 2"))
        self.make("newer flyer")  # another one stands first
        refused = self.browser.post("/links", {**sent, "once": "other", "label": "y" * 201})
        self.assertEqual((refused.status, self.codes()[code]["label"]), (422, "flyer 2"))
        self.assertIn("Nothing was recorded.", refused.text)
        self.assertIn(f'value="{"y" * 201}"', refused.text)

    def test_what_is_built_is_what_a_click_takes(self):
        code = self.market.code["code"]
        for to, goes in (("https://fr.shop.example/a?b=c&d", True), ("https://evil.example/", False), ("http://shop.example/", False)):
            asked = {"code": code, "to": to, "sub1": "a b&c=d/é", "utm_source": "mail"}
            text = self.browser.get("/links?" + urllib.parse.urlencode(asked)).text
            link = html.unescape(re.search(r'id="link">([^<]+)</pre>', text)[1])
            said = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
            self.assertEqual(said, {**({"to": [to]} if goes else {}), "sub1": ["a b&c=d/é"], "utm_source": ["mail"]})
            self.assertEqual('aria-invalid="true"' in text, not goes)
            place = send(link, headers=BROWSER).headers["Location"]
            self.assertTrue(place.startswith(to if goes else "https://shop.example/start"), place)

    def test_of_others_there_is_none(self):
        other = Market(self.server)
        for path in ("/links?code=" + other.code["code"], "/links?contract=" + other.contract, "/links?code=x"):
            self.assertEqual(self.browser.get(path).status, 404, path)
        form = self.form(self.browser.get("/links").text, "new")
        self.assertEqual(self.browser.post("/links", {**form, "contract": other.contract, "label": "x"}).status, 404)
        switch = {**self.form(self.browser.get("/links").text, "switch"), "contract": other.contract, "id": other.code["code"]}
        self.assertEqual(self.browser.post("/links", switch).status, 404)
        for party in (self.market.advertiser, self.market.auditor, self.operator):
            browser = Browser(self.server)
            browser.sign_in(party.token)
            self.assertEqual(browser.get("/links").status, 403)
        self.assertEqual(Browser(self.server).get("/links").headers["Location"], "/sign-in?to=%2Flinks")


class Live(ServerCase):
    """The stream that tells pages of news."""

    def stream(self, browser):
        stream = Events(self.server.url, None, "/live", cookie="; ".join(f"{n}={v}" for n, v in browser.jar.items()) or "none=0")
        self.addCleanup(stream.close)
        return stream

    def test_a_session_follows_what_its_party_may_see_and_ends_with_its_token(self):
        publisher, other = self.market.publisher, Market(self.server)
        token = publisher.post(f"/v1/parties/{publisher.id}/tokens", {"label": "followed"})["token"]
        browser = Browser(self.server)
        browser.sign_in(token)
        stream = self.stream(browser)
        self.assertEqual(stream.status, 200)
        other.publisher.postback(person(click_id=other.click()))
        lead = self.market.publisher.postback(person(click_id=self.market.click())).json["lead"]
        stream.wait_for(1, "lead")
        self.assertEqual([one["lead"] for one in stream.of("lead")], [lead])
        ident = [one for one in publisher.get(f"/v1/parties/{publisher.id}/tokens")["data"] if one.get("label") == "followed"][0]["id"]
        publisher.do("DELETE", f"/v1/parties/{publisher.id}/tokens/{ident}")
        wait_for(lambda: stream.ended, what="the end of the stream")

    @unittest.skipUnless(os.environ.get("CLOCK_LIBRARY"), "no CLOCK_LIBRARY")
    def test_it_ends_with_its_session(self):
        server = ClockServer()
        self.addCleanup(server.close)
        browser = Browser(server)
        browser.sign_in(server.operator.token)
        stream = Events(server.url, None, "/live", cookie="; ".join(f"{n}={v}" for n, v in browser.jar.items()))
        self.addCleanup(stream.close)
        self.assertEqual(stream.status, 200)
        server.wait(13 * 3600)
        wait_for(lambda: stream.ended, what="the end of the stream")
        self.assertIn("its session is over", " ".join(stream.comments))

    def test_without_a_session_there_is_none(self):
        self.assertEqual(self.stream(Browser(self.server)).status, 401)
        bearer = Events(self.server.url, self.operator.token, "/live")
        self.addCleanup(bearer.close)
        self.assertEqual(bearer.status, 401)

    def test_each_home_says_which_of_its_parts_are_taken_anew(self):
        for party, parts in ((self.market.publisher, {"today", "money", "plot", "latest", "waits"}), (self.market.advertiser, {"today", "money", "plot", "latest", "waits"}),
                             (self.operator, {"health"}), (self.market.auditor, {"contracts"})):
            browser = Browser(self.server)
            browser.sign_in(party.token)
            found = re.findall(r'data-live="(\w+)"', browser.get("/").text)
            self.assertEqual((set(found) - {"refused"}, len(found)), (parts, len(set(found))))


class Offers(ServerCase):
    """Terms in words, what changed, and what waits for whom."""

    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server, {"name": "Offer", "lead": {"require": ["email", "phone"]}, "caps": {"day": 1234}}, contract={"assent": "both"})

    def page(self, path):
        browser = Browser(self.server)
        browser.sign_in(self.market.publisher.token)
        answer = browser.get(path)
        self.assertEqual(answer.status, 200, answer.text)
        return html.unescape(re.sub(r"<[^>]*>", "", answer.text))

    def test_what_waits_for_ones_assent_is_said_with_the_command(self):
        said = self.market.publisher.get("/v1/contracts/" + self.market.contract)
        self.assertIn(self.market.publisher.id, said["awaits_assent_of"])
        for path in ("/offers", "/offers/" + self.market.contract):
            self.assertIn("It waits for your assent.", self.page(path))
        self.assertIn(f"countersign sign {self.server.url} --contract {self.market.contract} --terms {said['terms_version']} --key {self.market.publisher.id}.key",
                      self.page("/offers/" + self.market.contract))

    def test_terms_stand_in_words(self):
        for path in ("/offers", "/offers/" + self.market.contract):
            text = self.page(path)
            for word in ("Prices, EUR", "Each lead bringsemail, phone", "1,234", "Not open yet"):
                self.assertIn(word, text)

    def test_each_version_says_what_it_changes(self):
        market = Market(self.server)
        browser = Browser(self.server)
        browser.sign_in(market.publisher.token)
        market.operator.do("PATCH", "/v1/contracts/" + market.contract, {"due_days": 7, "effective_at": rfc3339(time.time() + 30 * 86400)})
        said = market.publisher.get(f"/v1/contracts/{market.contract}/terms")["data"]
        self.assertEqual(said[-1]["state"], "waiting")
        text = browser.get("/offers/" + market.contract).text
        for one in said[-1]["differences"]:
            self.assertIn(f"<code>{one['path']}</code>", text)
            self.assertIn(f"<bdi>{one['after']}</bdi>", text)
        self.assertIn("Terms change on", text)
        self.assertLess(text.index("Version 2"), text.index("Version 1"))

    def test_it_is_the_publishers_alone(self):
        other = Market(self.server)
        browser = Browser(self.server)
        browser.sign_in(self.market.publisher.token)
        self.assertEqual((browser.get("/offers/" + other.contract).status, browser.get("/offers/none").status), (404, 404))
        browser.sign_in(self.market.advertiser.token)
        self.assertEqual((browser.get("/offers").status, browser.get("/offers/" + self.market.contract).status), (403, 403))


class Postbacks(ServerCase):
    """Secrets, code to copy, a postback that is explained, a test lead."""

    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server, {"lead": {"require": ["email"]}})

    def setUp(self):
        self.browser = Browser(self.server)
        self.browser.sign_in(self.market.publisher.token)

    def send_form(self, act, ident="", **fields):
        form = Links.form(self.browser.get("/postbacks").text, act, ident)
        return self.browser.post("/postbacks", {**form, **fields})

    def kids(self):
        return self.market.publisher.get("/v1/parties/" + self.market.publisher.id)["kids"]

    def new_secret(self):
        answer = self.send_form("secret")
        self.assertIn(answer.status, (200, 201), answer.text)
        note = answer.text[answer.text.index('role="status"'):]
        return re.search(r'<code class="id">(K\w+)</code>', note)[1], re.search(r'id="secret">(whsec_[^<]+)<', note)[1], answer.text

    def test_a_secret_is_shown_once_and_retired_by_itself(self):
        before = self.kids()
        kid, secret, _ = self.new_secret()
        self.assertEqual(set(self.kids()), {*before, kid})
        self.assertNotIn(secret, self.browser.get("/postbacks").text)
        self.assertEqual(self.send_form("retire", kid).status, 303)
        self.assertEqual(set(self.kids()), set(before))

    def test_code_to_copy_runs_as_it_stands(self):
        kid, secret, text = self.new_secret()
        codes = [html.unescape(one) for one in re.findall(r'<pre id="code\d">(.*?)</pre>', text, re.S)]
        programs = (["sh", "-c"], ["php", "-r"], ["/usr/bin/python3", "-c"], ["node", "-e"])
        self.assertEqual(len(codes), len(programs))
        for n, (code, program) in enumerate(zip(codes, programs)):
            with self.subTest(program[0]):
                self.assertIn(kid, code)
                code = code.removeprefix("<?php\n").replace("FROM-YOUR-FORM", self.market.click()).replace("order-1", f"copied-{n}").replace("ana@", f"ana{n}@")
                done = subprocess.run([*program, code], env={**os.environ, "COUNTERSIGN_SECRET": secret}, capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(json.loads(done.stdout or "{}").get("status"), "pending", done.stdout + done.stderr)
        self.send_form("retire", kid)

    def test_a_postback_is_explained_and_nothing_recorded(self):
        fields = person(click_id=self.market.click(), txid="tried")
        right = self.server.url + self.market.publisher.signed_target(fields)
        before = self.market.publisher.get(f"/v1/contracts/{self.market.contract}/leads?limit=200")["data"]
        for url, words in ((right, ("right", "Pending", "Worth", "tried")), (right.replace("tried", "tired"), ("wrong", "What is to be signed", "with status 401"))):
            answer = self.send_form("try", url=url)
            self.assertEqual(answer.status, 200, answer.text)
            said = html.unescape(re.sub(r"<[^>]*>", "", answer.text[answer.text.index('id="said"'):answer.text.index("Try a postback")]))
            for word in words:
                self.assertIn(word, said)
            self.assertIn(html.escape(url), answer.text)
        self.assertEqual(self.market.publisher.get(f"/v1/contracts/{self.market.contract}/leads?limit=200")["data"], before)
        for url in ("", "https://elsewhere.example/", "{}"):
            answer = self.send_form("try", url=url)
            self.assertEqual(answer.status, 422, answer.text)
            self.assertRegex(answer.text, r'name="url"[^>]* aria-invalid="true"')

    def test_signed_json_is_explained_to_the_byte(self):
        party, body = self.market.publisher, json.dumps(person(click_id=self.market.click()), indent=1)
        ident, at = "msg_1", str(int(time.time()))
        headers = {"webhook-id": ident, "webhook-timestamp": at, "webhook-signature": webhook_signature(party.secret, ident, at, body.encode())}
        for sent, word in ((body.replace("\n", "\r\n"), "right"), (body.replace("\n", " "), "wrong")):  # as browsers send lines
            answer = self.send_form("try", url=f"{self.server.url}/postback/{party.kid}", body=sent, **headers)
            self.assertEqual(answer.status, 200, answer.text)
            said = re.sub(r"<[^>]*>", "", answer.text[answer.text.index('id="said"'):answer.text.index("Try a postback")])
            self.assertIn("Signature" + word, said)
            self.assertIn(sent.replace("\r", "")[:20], html.unescape(answer.text).replace("\r", ""))

    def test_a_test_lead_goes_the_whole_way_once(self):
        form = {**Links.form(self.browser.get("/postbacks").text, "test"), "contract": self.market.contract}
        answers = [self.browser.post("/postbacks", form) for _ in range(2)]
        self.assertEqual([one.status for one in answers], [303, 303], answers[0].text)
        self.assertEqual(answers[0].headers["Location"], answers[1].headers["Location"])
        page = self.browser.get(answers[0].headers["Location"]).text
        self.assertIn("Sent as a test; never paid.", page)

    def test_it_is_the_publishers_alone(self):
        for party in (self.market.advertiser, self.market.auditor, self.operator):
            browser = Browser(self.server)
            browser.sign_in(party.token)
            self.assertEqual((browser.get("/postbacks").status, browser.post("/postbacks", {"form": browser.form_token(), "act": "secret"}).status), (403, 403))
        token = self.market.publisher.post(f"/v1/parties/{self.market.publisher.id}/tokens", {"label": "reads", "scope": "codes"})["token"]
        browser = Browser(self.server)
        browser.sign_in(token)
        before = self.kids()
        answer = browser.post("/postbacks", Links.form(browser.get("/postbacks").text, "secret"))
        self.assertEqual((answer.status, self.kids()), (403, before))


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
        market.publisher.postback(person(click_id=market.click(f"?sub1={q}"), txid="U" + EVIL, f_note=EVIL))
        market.publisher.postback({"email": EVIL, "txid": EVIL, "click_id": EVIL + "{email}"})
        cls.statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        wait_for(lambda: any(a["size"] for a in market.publisher.get("/v1/reports")["as_of"]), what="the report")

    def test_no_text_of_a_stranger_is_html(self):
        market = self.market
        paths = ("/", "/leads", f"/leads?contract={market.contract}", "/leads/" + self.lead, "/statements", "/statements/" + self.statement,
                 "/campaigns", "/campaigns/" + market.campaign, "/reconcile", "/settings", "/parties", "/contracts", "/contracts/" + market.contract, "/search?q=" + urllib.parse.quote("T" + EVIL), "/audit", *OPEN, *OPERATORS)
        advertisers = ("/review", "/publishers", "/answers", f"/campaigns/{market.campaign}/rules", f"/campaigns/{market.campaign}/landing",
                       f"/campaigns/{market.campaign}/crm", f"/statements/{self.statement}/answer")
        q = urllib.parse.quote(EVIL)
        publishers = ("/offers", f"/offers/{market.contract}", "/postbacks", "/links", f"/links?code={market.code['code']}&sub1={q}&utm_term={q}&to={q}")
        reports = tuple(f"/reports?group={by}" for by in ("day", "campaign", "contract", "publisher", "code", "sub1", "sub2", "utm_source"))
        reports += (f"/reports?group=day&where=sub1&is={q}", f"/reports?group=sub2&where=sub2&is={q}&status=approved&compare=previous")
        of_role = {market.publisher: publishers + reports, market.advertiser: advertisers + reports, market.auditor: (), market.operator: reports}
        for party, own in of_role.items():
            browser = Browser(self.server)
            browser.sign_in(party.token)
            closed = OPERATORS if party is not market.operator else ()
            closed += OPEN if party is market.auditor else ()
            for path in paths + own:
                with self.subTest(party=party.token[-4:], path=path):
                    answer = browser.get(path)
                    self.assertEqual(answer.status, 403 if path in closed else 200, answer.text)
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
