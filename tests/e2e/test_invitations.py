"""Invitations: a link that gives whom it was sent to an API token and a postback secret, once."""

import re
import threading
import unittest
from datetime import datetime, timedelta, timezone

from harness import Caller, Party, ServerCase, person, send

import client  # from scripts/, where harness points to

PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def later(**time):
    return (datetime.now(timezone.utc) + timedelta(**time)).isoformat()


class Invitations(ServerCase):
    def made(self, name="Nord & Fils <b>", kind="publisher"):
        return self.operator.post("/v1/parties", {"name": name, "kind": kind})

    def invite(self, party, **wishes):
        return self.operator.post(f"/v1/parties/{party}/invitations", wishes)

    def listed(self, party):
        return [one["id"] for one in self.operator.get(f"/v1/parties/{party}/invitations")["data"]]

    def test_a_new_party_has_one_for_seven_days_that_gives_it_its_own_token_and_secret(self):
        made = self.made()
        until = datetime.fromisoformat(made["invite_expires_at"].replace("Z", "+00:00"))
        self.assertAlmostEqual((until - datetime.now(timezone.utc)).total_seconds(), 7 * 86400, delta=60)
        self.assertTrue(made["invite_url"].startswith(self.server.url + "/invite/csi_"))
        for _ in range(2):  # looking uses nothing up
            self.assertEqual(send(made["invite_url"]).json, {"expires_at": made["invite_expires_at"], "kind": "publisher", "name": made["name"], "party": made["id"]})
        used = self.assertStatus(send(made["invite_url"], "POST"), 201).json
        self.assertEqual((used["party"], used["name"], used["kind"]), (made["id"], made["name"], "publisher"))
        self.assertNotEqual(used["token"], made["token"])
        own = Caller(self.server.url, used["token"])
        tokens = {one["id"]: one for one in own.get(f"/v1/parties/{made['id']}/tokens")["data"]}
        self.assertEqual(len(tokens), 2)
        self.assertEqual({one["by"] for one in tokens.values()}, {self.operator.get("/v1/parties")["data"][0]["id"]})
        self.assertEqual(len({one.get("scope") for one in tokens.values()}), 1)  # as many scopes as the first
        self.assertEqual(set(own.get(f"/v1/parties/{made['id']}")["kids"]), {made["kid"], used["kid"]})
        self.assertEqual(self.listed(made["id"]), [])
        sender = client.Sender(self.server.url, used["kid"], used["postback_secret"])
        self.assertProblem(sender.postback(person()), 400)  # signed well, of a party without a campaign
        for method in ("GET", "POST"):
            self.assertProblem(send(made["invite_url"], method), 410)
        for _ in range(2):
            answer = self.assertStatus(send(made["invite_url"], headers={**PAGE, "Accept-Language": "fr"}), 410)
            self.assertIn("n’est plus valable", answer.text)

    def test_a_browser_is_shown_pages_in_its_language(self):
        made = self.made()
        for language, words in (("en", "Make them and show them"), ("fr-BE", "Les créer et les montrer"), ("zh-TW", "生成并显示")):
            page = self.assertStatus(send(made["invite_url"], headers={**PAGE, "Accept-Language": language}), 200)
            self.assertIn(words, page.text)
            self.assertIn("Nord &amp; Fils &lt;b&gt;", page.text)
            self.assertNotIn("<b>Nord & Fils", page.text)
            self.assertIn("form-action 'self'", page.headers["Content-Security-Policy"])
            self.assertEqual((page.headers["Cache-Control"], page.headers["Referrer-Policy"]), ("no-store", "no-referrer"))
        page = self.assertStatus(send(made["invite_url"], "POST", headers=PAGE), 201)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        token, secret = re.search("cst_[A-Za-z0-9_-]{43}", page.text)[0], re.search("whsec_[A-Za-z0-9+/=]{44}", page.text)[0]
        self.assertEqual(Caller(self.server.url, token).get(f"/v1/parties/{made['id']}")["name"], made["name"])
        self.assertNotEqual(secret, made["postback_secret"])

    def test_it_is_no_token_and_a_token_is_none(self):
        made = self.made()
        text = made["invite_url"].rsplit("/", 1)[1]
        self.assertProblem(Caller(self.server.url, text).call("GET", "/v1/contracts"), 401)
        self.assertProblem(send(f"{self.server.url}/invite/{made['token']}", "POST"), 404)
        self.assertProblem(send(made["invite_url"][:-1], "POST"), 404)
        ident = self.listed(made["id"])[0]
        self.assertProblem(self.operator.call("DELETE", f"/v1/parties/{made['id']}/tokens/{ident}"), 404)
        self.assertNotIn(ident, [one["id"] for one in self.operator.get(f"/v1/parties/{made['id']}/tokens")["data"]])

    def test_raced_it_is_used_once(self):
        url, answers = self.made()["invite_url"], []
        threads = [threading.Thread(target=lambda: answers.append(send(url, "POST").status)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answers), [201] + [410] * 11)

    def test_withdrawn_expired_or_of_a_locked_party_it_opens_nothing(self):
        party = self.made()["id"]
        one = self.invite(party, label="to the agency")
        self.assertIn(one["id"], self.listed(party))
        self.operator.delete(f"/v1/parties/{party}/invitations/{one['id']}")
        self.assertProblem(send(one["invite_url"], "POST"), 410)
        short = self.invite(party, expires_at=later(seconds=1))
        while send(short["invite_url"]).status == 200:
            pass
        self.assertIn("expired", self.assertProblem(send(short["invite_url"], "POST"), 410)["detail"])
        another = self.invite(party)
        self.operator.post(f"/v1/parties/{party}/lock", {})
        self.assertProblem(send(another["invite_url"], "POST"), 403)
        self.operator.do("DELETE", f"/v1/parties/{party}/lock")
        self.assertStatus(send(another["invite_url"], "POST"), 201)
        self.assertProblem(self.operator.call("POST", f"/v1/parties/{party}/invitations", {"expires_at": "2020-01-01T00:00:00Z"}), 422, "expires_at")

    def test_the_page_says_until_when_and_why_not(self):
        made = self.made()
        until = datetime.fromisoformat(made["invite_expires_at"].replace("Z", "+00:00"))
        for language in ("en", "fr", "zh"):
            told = self.assertStatus(send(made["invite_url"], headers={**PAGE, "Accept-Language": language}), 200).text
            self.assertIn(f"{until:%H:%M}</time> UTC", told)
        self.operator.post(f"/v1/parties/{made['id']}/lock", {})
        for language, words in (("en", "This account is locked"), ("fr", "Ce compte est verrouillé"), ("zh", "此账户已锁定")):
            self.assertIn(words, self.assertStatus(send(made["invite_url"], headers={**PAGE, "Accept-Language": language}), 403).text)
        self.operator.do("DELETE", f"/v1/parties/{made['id']}/lock")

    def test_what_is_appended_to_the_link_is_ignored(self):
        made = self.made()
        self.assertStatus(send(made["invite_url"] + "?utm_source=mail&x", headers=PAGE), 200)
        self.assertStatus(send(made["invite_url"] + "?fbclid=x&y=z", "POST"), 201)

    def test_no_page_of_another_origin_reads_it(self):
        made, origin = self.made(), {"Origin": "https://evil.example"}
        for method, headers in (("GET", {}), ("OPTIONS", {"Access-Control-Request-Method": "POST"}), ("POST", {})):
            self.assertEqual([name for name in send(made["invite_url"], method, headers={**origin, **headers}).headers if name.startswith("Access-Control")], [])

    def test_a_new_partys_token_and_invitation_have_no_more_than_whoever_made_it(self):
        operator = self.operator.get("/v1/parties")["data"][0]["id"]
        narrow = Caller(self.server.url, self.operator.post(f"/v1/parties/{operator}/tokens", {"scope": "credentials"})["token"])
        made = narrow.post("/v1/parties", {"name": "Narrow", "kind": "advertiser"})
        used = self.assertStatus(send(made["invite_url"], "POST"), 201).json
        for token in (made["token"], used["token"]):
            own = Caller(self.server.url, token)
            self.assertEqual(self.assertStatus(own.call("PATCH", f"/v1/parties/{made['id']}", {"name": "Wide"}), 403).headers["WWW-Authenticate"], 'Bearer error="insufficient_scope", scope="parties"')
            self.assertStatus(own.call("POST", f"/v1/parties/{made['id']}/secrets", {}), 201)
        self.assertEqual({one.get("scope") for one in own.get(f"/v1/parties/{made['id']}/tokens")["data"]}, {"credentials"})
        self.assertIn("must be", self.assertProblem(narrow.call("POST", f"/v1/parties/{made['id']}/tokens", {"scope": ""}), 422, "scope")["detail"])

    def test_one_that_was_used_is_not_withdrawn(self):
        party = Party(self.operator, "Used", "publisher")
        made = party.post(f"/v1/parties/{party.id}/invitations", {})
        path = f"/v1/parties/{party.id}/invitations/{made['id']}"
        used = send(made["invite_url"], "POST").json
        token = next(one for one in party.get(f"/v1/parties/{party.id}/tokens")["data"] if one.get("made_by") == made["id"])
        self.assertProblem(party.call("DELETE", path), 409, token["id"], token["created_at"], "made_since")
        self.assertStatus(Caller(self.server.url, used["token"]).call("GET", "/v1/contracts"), 200)
        self.assertProblem(party.call("DELETE", path + "?made_since=2200-01-01T00:00:00Z"), 400, "made_since")
        for _ in range(2):  # again changes nothing
            ended = self.assertStatus(party.call("DELETE", path + f"?made_since={token['created_at']}"), 200).json
        self.assertEqual(ended["made"], [])
        self.assertProblem(Caller(self.server.url, used["token"]).call("GET", "/v1/contracts"), 401)
        self.assertNotIn(used["kid"], party.get(f"/v1/parties/{party.id}")["kids"])
        withdrawn = party.post(f"/v1/parties/{party.id}/invitations", {})
        for _ in range(2):
            self.assertStatus(party.call("DELETE", f"/v1/parties/{party.id}/invitations/{withdrawn['id']}"), 200)

    def test_it_gives_no_more_than_whoever_made_it_has(self):
        party = Party(self.operator, "Narrow", "publisher")
        narrow = party.post(f"/v1/parties/{party.id}/tokens", {"scope": "credentials"})
        made = Caller(self.server.url, narrow["token"]).post(f"/v1/parties/{party.id}/invitations", {})
        used = self.assertStatus(send(made["invite_url"], "POST"), 201).json
        scopes = [one.get("scope") for one in party.get(f"/v1/parties/{party.id}/tokens")["data"]]
        self.assertEqual(scopes.count("credentials"), 2)
        own = Caller(self.server.url, used["token"])
        self.assertProblem(own.call("PATCH", f"/v1/parties/{party.id}", {"name": "Wide"}), 403)
        self.assertStatus(own.call("POST", f"/v1/parties/{party.id}/secrets", {}), 201)

    def test_a_leaked_tokens_invitations_end_with_it_and_what_they_made(self):
        party = Party(self.operator, "Leaky", "publisher")
        leaked = party.post(f"/v1/parties/{party.id}/tokens", {"scope": "credentials"})
        thief = Caller(self.server.url, leaked["token"])
        waiting, opened = (thief.post(f"/v1/parties/{party.id}/invitations", {}) for _ in range(2))
        used = send(opened["invite_url"], "POST").json
        ended = party.delete(f"/v1/parties/{party.id}/tokens/{leaked['id']}?made_since=2020-01-01T00:00:00Z")
        self.assertEqual(sorted(one["what"] for one in ended["made"]), ["invitation", "secret", "token"])
        self.assertProblem(send(waiting["invite_url"], "POST"), 410)
        self.assertProblem(Caller(self.server.url, used["token"]).call("GET", "/v1/contracts"), 401)
        self.assertNotIn(used["kid"], party.get(f"/v1/parties/{party.id}")["kids"])

    def test_it_is_neither_in_the_log_nor_forgotten_by_a_crash(self):
        made = self.made()
        used = send(self.made()["invite_url"], "POST").json
        self.assertNotIn(made["invite_url"].rsplit("/", 1)[1], self.server.log())
        self.server.kill()
        self.server.start()
        self.assertStatus(send(made["invite_url"], "POST"), 201)
        self.assertStatus(Caller(self.server.url, used["token"]).call("GET", "/v1/contracts"), 200)


if __name__ == "__main__":
    unittest.main()
