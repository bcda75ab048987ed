"""The management API: who may do what, what is refused and by which name, and how lists and retries behave."""

import base64
import hashlib
import re
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from harness import Caller, Market, Party, ServerCase, b64u, jws, person, rfc3339, send, wait_for


class Access(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        cls.other = Market(cls.server)
        cls.lead = cls.market.publisher.postback(person(click_id=cls.market.click())).json["lead"]
        cls.market.settled_entries()  # from here on the log's head covers the lead: its proof is there

    def test_without_or_with_a_wrong_token(self):
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer cst_wrong"}, {"Authorization": "Basic YTpi"},
                        {"Authorization": "Bearer " + "x" * 5000}):
            with self.subTest(str(headers)[:50]):
                self.assertProblem(send(self.server.url + "/v1/campaigns", headers=headers), 401)

    def test_reading_across_tenants(self):
        market, other = self.market, self.other
        paths = [f"/v1/campaigns/{market.campaign}", f"/v1/contracts/{market.contract}", f"/v1/contracts/{market.contract}/leads",
                 f"/v1/contracts/{market.contract}/codes", f"/v1/leads/{self.lead}", f"/v1/leads/{self.lead}/proof",
                 f"/log/{market.contract}/checkpoint", f"/log/{market.contract}/tile/entries/000.p/1", f"/log/{market.contract}/openings?from=0&to=1"]
        for path in paths:
            with self.subTest(path):
                self.assertEqual(market.advertiser.call("GET", path).status // 100, 2 if "000.p" not in path else 2, path)
                for stranger in (other.advertiser, other.publisher, other.auditor):
                    self.assertIn(stranger.call("GET", path).status, (403, 404))

    def test_the_auditor_reads_what_was_granted_and_writes_nothing(self):
        auditor = self.market.auditor
        self.assertEqual(auditor.call("GET", f"/log/{self.market.contract}/checkpoint").status, 200)
        self.assertEqual(auditor.call("POST", f"/v1/contracts/{self.market.contract}/codes", {"label": "x"}).status, 403)
        self.assertEqual(auditor.call("POST", f"/v1/leads/{self.lead}/dispositions", {"status": "approved"}).status, 403)

    def test_who_may_create(self):
        market = self.market
        for role in (market.advertiser, market.publisher, market.auditor):
            self.assertProblem(role.call("POST", "/v1/parties", {"name": "x", "kind": "publisher"}), 403)
            self.assertProblem(role.call("POST", f"/v1/contracts/{market.contract}/statements", {}), 403)
            self.assertProblem(role.call("POST", f"/v1/contracts/{market.contract}/grants", {"party": market.auditor.id}), 403)
        self.assertProblem(market.publisher.call("POST", "/v1/campaigns", {"advertiser": market.advertiser.id}), 403)
        self.assertIn(self.other.publisher.call("POST", f"/v1/contracts/{market.contract}/codes", {"label": "x"}).status, (403, 404))
        self.assertIn(market.publisher.call("PUT", f"/v1/parties/{market.advertiser.id}/key", market.publisher.key_body()).status, (403, 404))
        self.assertIn(market.publisher.call("POST", f"/v1/parties/{market.advertiser.id}/secrets", {}).status, (403, 404))

    def test_contact_fields_are_shown_to_the_advertiser_and_the_sender_only(self):
        market, who = self.market, person()
        lead = market.publisher.postback({**who, "click_id": market.click()}).json["lead"]
        shown = {name: who["email"] in getattr(market, name).do("GET", f"/v1/leads/{lead}").text
                 for name in ("advertiser", "publisher", "auditor")}
        self.assertEqual(shown, {"advertiser": True, "publisher": True, "auditor": False})
        lead = market.advertiser.postback({**person(email=who["email"] + ".org"), "click_id": market.click()}).json["lead"]
        self.assertNotIn(who["email"], market.publisher.do("GET", f"/v1/leads/{lead}").text)

    def test_a_lead_shows_the_subs_that_came_with_it(self):
        subs = {f"sub{n}": f"value {n}" for n in range(1, 6)}
        lead = self.market.publisher.postback({**person(), "click_id": self.market.click(), **subs}).json["lead"]
        shown = self.market.advertiser.get(f"/v1/leads/{lead}")
        self.assertEqual({name: shown.get(name) for name in subs}, subs)

    def test_a_second_token(self):
        party = self.market.publisher
        made = party.post(f"/v1/parties/{party.id}/tokens", {})
        self.assertEqual([row["id"] for row in Caller(party.base, made["token"]).get("/v1/parties")["data"]], [party.id])
        self.assertEqual([row["id"] for row in party.get("/v1/parties")["data"]], [party.id], "the first one still works")

    def test_a_token_that_expires(self):
        party = self.market.publisher
        soon = (datetime.now(timezone.utc) + timedelta(seconds=2)).replace(microsecond=0)  # the server keeps milliseconds
        short = Caller(party.base, party.post(f"/v1/parties/{party.id}/tokens", {"expires_at": soon.isoformat()})["token"])
        wait_for(lambda: short.call("GET", "/v1/parties").status == 401, what="the token's end")
        self.assertGreaterEqual(datetime.now(timezone.utc), soon)
        self.assertProblem(short.call("GET", "/v1/parties"), 401, "expired")
        self.assertEqual(len([row for row in party.get(f"/v1/parties/{party.id}/tokens")["data"] if row.get("expires_at")]), 1)


class Input(ServerCase):
    def refused(self, caller, method, path, body, status, *words):
        self.assertProblem(caller.call(method, path, body), status, *words)

    def campaign(self, **members):
        return {"advertiser": self.market.advertiser.id, "name": "n", "currency": "EUR", "landing_url": "https://landing.example/", **members}

    def contract(self, **members):
        return {"campaign": self.market.campaign, "publisher": self.market.publisher.id, "price": {"lead": [{"micros": 1}]}, **members}

    def test_one_contract_of_a_campaign_and_publisher_is_open_at_a_time(self):
        market = Market(self.server)
        base = {"campaign": market.campaign, "publisher": market.publisher.id, "price": {"lead": [{"micros": 1}]}}

        def make(**members):
            return self.operator.call("POST", "/v1/contracts", {**base, **members})

        def change(contract, **members):
            return self.operator.call("PATCH", f"/v1/contracts/{contract}", members)

        for members in ({}, {"starts_at": "2090-01-01T00:00:00Z"}, {"ends_at": "2090-01-01T00:00:00Z"}, {"assent": "both"}):
            self.assertIn(market.contract, self.assertProblem(make(**members), 409, "publisher")["detail"])
        self.assertStatus(make(ends_at="2020-01-01T00:00:00Z"), 201)
        self.assertStatus(make(publisher=market.new_publisher().id), 201)
        self.assertStatus(change(market.contract, ends_at="2080-01-01T00:00:00Z"), 200)
        self.assertProblem(make(starts_at="2079-12-31T23:59:59Z"), 409, "publisher")
        late = self.assertStatus(make(starts_at="2080-01-01T00:00:00Z"), 201).json["id"]
        for contract, members in ((market.contract, {"ends_at": "2080-01-01T00:00:01Z"}), (market.contract, {"ends_at": None}), (late, {"starts_at": None})):
            self.assertProblem(change(contract, **members), 409, "ends_at")
        self.assertStatus(change(market.contract, price={"lead": [{"micros": 2}]}), 200)
        self.assertStatus(change(late, ends_at="2080-01-01T00:00:01Z", effective_at=rfc3339(time.time() + 3600)), 200)
        self.assertProblem(make(starts_at="2080-01-01T00:00:01Z"), 409, "publisher")  # what waits may still be withdrawn
        self.assertStatus(self.operator.call("POST", f"/v1/contracts/{late}/terms/2/withdraw", b""), 200)
        self.assertStatus(change(late, ends_at="2080-01-01T00:00:01Z"), 200)
        self.assertStatus(make(starts_at="2080-01-01T00:00:01Z"), 201)
        with ThreadPoolExecutor(6) as pool:
            raced = list(pool.map(lambda publisher: make(publisher=publisher).status, [market.new_publisher().id] * 6))
        self.assertEqual(sorted(raced), [201] + [409] * 5)

    def test_unknown_members_are_refused_by_name(self):
        market = self.market
        cases = [("POST", "/v1/parties", {"name": "n", "kind": "publisher", "colour": 1}, "colour"),
                 ("POST", "/v1/campaigns", self.campaign(colour=1), "colour"),
                 ("POST", "/v1/campaigns", self.campaign(lead={"colour": 1}), "colour"),
                 ("POST", "/v1/campaigns", self.campaign(dedupe={"days": 1, "colour": 1}), "colour"),
                 ("PATCH", f"/v1/campaigns/{market.campaign}", {"colour": 1}, "colour"),
                 ("POST", "/v1/contracts", self.contract(colour=1), "colour"),
                 ("POST", "/v1/contracts", self.contract(price={"lead": [{"micros": 1, "colour": 1}]}), "colour"),
                 ("PATCH", f"/v1/contracts/{market.contract}", {"colour": 1}, "colour"),
                 ("POST", f"/v1/contracts/{market.contract}/grants", {"party": market.auditor.id, "colour": 1}, "colour"),
                 ("POST", f"/v1/contracts/{market.contract}/codes", {"label": "l", "colour": 1}, "colour"),
                 ("POST", f"/v1/contracts/{market.contract}/statements", {"colour": 1}, "colour")]
        for method, path, body, name in cases:
            with self.subTest(path, name=name):
                answer = self.operator.call(method, path, body)
                self.assertIn(answer.status, (400, 422), answer)
                self.assertProblem(answer, answer.status, name)

    def test_null_is_refused_by_name_where_it_does_not_mean_the_default(self):
        market = self.market
        market.publisher.postback(person(click_id=market.click()))
        statement = self.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        contract, party = f"/v1/contracts/{market.contract}", f"/v1/parties/{market.publisher.id}"
        cases = [(f"/v1/statements/{statement}/shares", {"days": None}, "days"), (f"/v1/statements/{statement}/shares", {"texts": None}, "texts"),
                 (f"{contract}/statements", {"until": None}, "until"), (f"{contract}/codes", {"label": "l", "landing_url": None}, "landing_url"),
                 (f"{contract}/adjustments", {"micros": 1, "reason": "r", "lead": None}, "lead"),
                 (f"{contract}/adjustments", {"micros": None, "reason": "r"}, "micros"), (f"{contract}/grants", {"party": None}, "party"),
                 ("/v1/parties", {"name": "n", "kind": "publisher", "legal": None}, "legal"), (f"{party}/tokens", {"label": None}, "label"),
                 (f"/v1/campaigns/{market.campaign}/pause", {"paused": None}, "paused"), (f"/v1/campaigns/{market.campaign}/try", {"contract": None}, "contract")]
        for path, body, name in cases:
            with self.subTest(path, name=name):
                self.refused(self.operator, "POST", path, body, 422, name)

    def test_values_out_of_shape_are_refused_by_name(self):
        cases = [(self.campaign(currency="EURO"), "currency"), (self.campaign(currency="XQZ"), "currency"),
                 (self.campaign(landing_url="javascript:alert(1)"), "landing_url"), (self.campaign(landing_url="landing.example"), "landing_url"),
                 (self.campaign(landing_url="https://x/" + "a" * 3000), "landing_url"), (self.campaign(name=""), "name"),
                 (self.campaign(name=7), "name"), (self.campaign(name="x" * 300), "name"), (self.campaign(timezone="no zone!"), "timezone"),
                 (self.campaign(timezone="Mars/Olympus"), "timezone"), (self.campaign(timezone="Europe"), "timezone"), (self.campaign(default_country="XX"), "default_country"),
                 (self.campaign(lead={"disposable_email": "maybe"}), "disposable_email"), (self.campaign(lead={"rules": [{"field": "country", "in": ["FR", "ZZ"]}]}), "rules[0].in[1]"),
                 (self.campaign(allowed_hosts="shop.example"), "allowed_hosts"), (self.campaign(allowed_hosts=["http://x"]), "allowed_hosts"),
                 (self.campaign(lead={"require": ["shoe size"]}), "require"), (self.campaign(lead={"rules": [{"field": "country"}]}), "rules"),
                 (self.campaign(dedupe={"by": ["name"]}), "by"), (self.campaign(dedupe={"days": -1}), "days"),
                 (self.campaign(attribution={"model": "shapley"}), "model"), (self.campaign(attribution={"model": "last", "click_days": 1.5}), "click_days"),
                 (self.campaign(review={"mode": "perhaps"}), "mode"), (self.campaign(accept_from=["anybody"]), "accept_from"),
                 (self.campaign(advertiser="P0000000000000"), "advertiser")]
        for body, name in cases:
            with self.subTest(name, body=str(body)[-60:]):
                answer = self.operator.call("POST", "/v1/campaigns", body)
                self.assertIn(answer.status, (400, 404, 422), answer)
                self.assertProblem(answer, answer.status, name)
        cases = [(self.contract(price={"lead": [{"micros": -1}]}), "micros"), (self.contract(price={"lead": [{"micros": 2**60}]}), "micros"),
                 (self.contract(price={"lead": [{"micros": 0.5}]}), "micros"), (self.contract(price={"lead": [{"micros": 1}] * 100}), "lead"),
                 (self.contract(starts_at="tomorrow"), "starts_at"), (self.contract(publisher="P0000000000000"), "publisher"),
                 (self.contract(publisher=self.market.advertiser.id), "publisher"), (self.contract(campaign="C0000000000000"), "campaign")]
        for body, name in cases:
            with self.subTest(name, body=str(body)[-60:]):
                answer = self.operator.call("POST", "/v1/contracts", body)
                self.assertIn(answer.status, (400, 404, 422), answer)
                self.assertProblem(answer, answer.status, name)

    def test_names_of_blanks_are_none(self):
        market = self.market
        for caller, method, path, body, name in (
                (self.operator, "POST", "/v1/parties", {"kind": "publisher"}, "name"), (self.operator, "PATCH", f"/v1/campaigns/{market.campaign}", {}, "name"),
                (market.publisher, "POST", f"/v1/contracts/{market.contract}/codes", {}, "label"),
                (self.operator, "POST", f"/v1/contracts/{market.contract}/adjustments", {"micros": 1}, "reason")):
            for blank in ("", " ", "\u00a0\u200b"):
                with self.subTest(path, blank=blank):
                    answer = caller.call(method, path, {**body, name: blank})
                    self.assertIn(answer.status, (400, 422), answer)
                    self.assertProblem(answer, answer.status, name)

    def test_bodies_that_are_no_json_object(self):
        for body in (b"", b"{", b"[]", b"null", b'{"name":"a","name":"b","kind":"publisher"}', b'{"name":"\xff","kind":"publisher"}',
                     b'{"name":"\\u0000","kind":"publisher"}', b"[" * 20_000, b'{"name":"a","kind":"publisher"}{}'):
            with self.subTest(body[:40]):
                answer = self.operator.call("POST", "/v1/parties", body, {"Content-Type": "application/json"})
                self.assertIn(answer.status, (400, 422), answer)
                self.assertProblem(answer, answer.status)

    def test_unknown_kinds_ids_and_paths(self):
        self.refused(self.operator, "POST", "/v1/parties", {"name": "n", "kind": "emperor"}, 422, "kind")
        for path in ("/v1/campaigns/K", "/v1/contracts/" + "C" * 200, "/v1/leads/L", "/v1/leads/L" + "A" * 46, "/v1/statements/S", "/v1/nothing", "/v2/"):
            with self.subTest(path[:40]):
                self.assertProblem(self.operator.call("GET", path), 404)
        self.assertProblem(self.operator.call("DELETE", "/v1/campaigns"), 405)

    def test_private_and_foreign_keys_are_refused(self):
        publisher = self.market.publisher
        for jwk, word in (({**publisher.jwk, "d": publisher.jwk["x"]}, "d"), ({**publisher.jwk, "x": "AAAA"}, "x"),
                          ({"kty": "EC", "crv": "P-256", "x": publisher.jwk["x"], "y": publisher.jwk["x"]}, "kty"),
                          ({**publisher.jwk, "kid": "not-its-own"}, "kid")):
            with self.subTest(word):
                answer = publisher.call("PUT", f"/v1/parties/{publisher.id}/key", publisher.key_body(jwk=jwk))
                self.assertProblem(answer, 422, f"jwk.{word}")

    def test_keys_under_which_anybody_or_nobody_signs_are_refused(self):
        """Points of small order (with R the neutral point and S = 0 a signature holds for each text), other spellings of a point, and no points."""
        publisher, prime = self.market.publisher, 2**255 - 19
        small = [0, 1, prime - 1, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826]
        values = [*small, prime - small[3], prime, prime + 1, prime + 3, 2, 7]
        for value in (value + sign for value in values for sign in (0, 1 << 255)):
            with self.subTest(hex(value)):
                answer = publisher.call("PUT", f"/v1/parties/{publisher.id}/key", publisher.key_body(jwk={**publisher.jwk, "x": b64u(value.to_bytes(32, "little"))}))
                self.assertProblem(answer, 422, "jwk.x")
        publisher.put_key()

    def test_a_key_belongs_to_one_party(self):
        market = self.market
        market.advertiser.put_key()
        own, market.publisher.key = market.publisher.key, market.advertiser.key
        self.assertProblem(market.publisher.call("PUT", f"/v1/parties/{market.publisher.id}/key", market.publisher.key_body()), 409, "jwk")
        market.publisher.key = own
        market.publisher.put_key()

    def test_a_key_is_shown_by_who_holds_it(self):
        """Proof of possession, said for this party, to this server and now; a new key is signed by the old one as well."""
        publisher = Party(self.operator, "Shows its key", "publisher")
        path, old, stranger = f"/v1/parties/{publisher.id}/key", publisher.key, Ed25519PrivateKey.generate()

        def refused(body, status, field):
            self.assertProblem(publisher.call("PUT", path, body), status, field)
        for field, value in (("party", self.market.publisher.id), ("issuer", "https://another.example"), ("at", rfc3339(time.time() - 310)),
                             ("at", rfc3339(time.time() + 310)), ("at", "now"), ("at", int(time.time() * 1000)), ("typ", "countersign-response")):
            with self.subTest(field, value=value):
                refused(publisher.key_body(**{field: value}), 422, field)
        refused(publisher.key_body(colour="red"), 422, "colour")
        refused(publisher.jwk, 422, "kty")
        payload = {"party": publisher.id, "issuer": publisher.base, "jwk": publisher.jwk, "at": rfc3339()}
        refused({"jws": jws(stranger, payload)}, 422, "kid")
        refused({"jws": jws(stranger, payload, kid=None)}, 422, "kid")
        for header in ("jwk", "jku", "x5u", "x5c", "crit"):
            refused({"jws": jws(old, payload, **{header: publisher.jwk})}, 422, header)
        refused({**publisher.key_body(), "previous_jws": publisher.key_body()["jws"]}, 422, "previous_jws")
        publisher.put_key()
        publisher.put_key()  # again
        publisher.key = Ed25519PrivateKey.generate()
        refused(publisher.key_body(), 422, "previous_jws")
        refused(publisher.key_body(stranger), 422, "previous_jws")
        refused({**publisher.key_body(), "previous_jws": publisher.key_body(old, at=rfc3339(time.time() - 1))["previous_jws"]}, 422, "previous_jws")
        self.assertEqual(publisher.put_key(old).json["key"]["x"], publisher.jwk["x"])
        publisher.key, newer = Ed25519PrivateKey.generate(), publisher.key
        refused(publisher.key_body(old), 422, "previous_jws")
        publisher.put_key(newer)

    def test_what_is_fixed_cannot_be_patched(self):
        for path, body in ((f"/v1/campaigns/{self.market.campaign}", {"currency": "USD"}), (f"/v1/campaigns/{self.market.campaign}", {"advertiser": "P1"}),
                           (f"/v1/contracts/{self.market.contract}", {"publisher": "P1"})):
            with self.subTest(body):
                answer = self.operator.call("PATCH", path, body)
                self.assertIn(answer.status, (400, 409, 422), answer)
                self.assertProblem(answer, answer.status, next(iter(body)))

    def test_a_time_zone_is_one_of_the_systems(self):
        path = f"/v1/campaigns/{self.market.campaign}"
        for zone in ("Mars/Olympus", "Europe", "right/UTC"):
            self.assertProblem(self.operator.call("PATCH", path, {"timezone": zone}), 422, "timezone")
        for zone in ("America/Argentina/Buenos_Aires", "Asia/Kolkata", "Europe/Paris"):
            self.assertEqual(self.operator.patch(path, {"timezone": zone})["timezone"], zone)

    def test_landing_page_of_a_code_must_be_allowed(self):
        answer = self.market.publisher.call("POST", f"/v1/contracts/{self.market.contract}/codes", {"label": "l", "landing_url": "https://evil.example/"})
        self.assertProblem(answer, 422, "landing_url")

    def test_a_refused_call_changes_nothing(self):
        count = len(self.operator.get("/v1/campaigns", limit=200)["data"])
        self.operator.call("POST", "/v1/campaigns", self.campaign(colour=1))
        self.operator.call("POST", "/v1/campaigns", self.campaign(currency="EURO"))
        self.assertEqual(len(self.operator.get("/v1/campaigns", limit=200)["data"]), count)


class Lists(ServerCase):
    def test_pages(self):
        for n in range(5):
            Party(self.operator, f"party {n}", "publisher")
        everything = [row["id"] for row in self.operator.get("/v1/parties", limit=200)["data"]]
        paged, after = [], {}
        while True:
            page = self.operator.get("/v1/parties", limit=3, **after)
            self.assertLessEqual(len(page["data"]), 3)
            paged += [row["id"] for row in page["data"]]
            if not page.get("next"):
                break
            after = {"after": page["next"]}
        self.assertEqual(paged, everything)
        self.assertEqual(len(set(paged)), len(paged))

    def test_bad_cursors_and_parameters(self):
        for query, word in (("limit=0", "limit"), ("limit=1000000", "limit"), ("limit=x", "limit"), ("colour=1", "colour")):
            with self.subTest(query):
                answer = self.operator.call("GET", f"/v1/campaigns?{query}")
                self.assertIn(answer.status, (400, 422), answer)
                self.assertProblem(answer, answer.status, word)

    def test_leads(self):
        refs = [self.market.publisher.postback(person(click_id=self.market.click())).json["lead"] for _ in range(4)]
        rejected = self.market.publisher.postback(person(click_id=self.market.click(), email="")).json["lead"]
        path = f"/v1/contracts/{self.market.contract}/leads"
        self.assertEqual([row["lead"] for row in self.market.advertiser.get(path)["data"]], refs + [rejected])
        self.assertEqual([row["lead"] for row in self.market.advertiser.get(path, status="rejected")["data"]], [rejected])

    def test_secrets_are_shown_once(self):
        made = self.operator.do("POST", "/v1/parties", {"name": "quiet", "kind": "publisher"})
        self.assertEqual(made.status, 201)
        for path in (f"/v1/parties/{made.json['id']}", "/v1/parties?limit=200"):
            text = self.operator.do("GET", path).text
            self.assertNotIn(made.json["token"], text)
            self.assertNotIn(made.json["postback_secret"], text)


class Retries(ServerCase):
    def test_idempotency_key(self):
        body, headers = {"name": "once", "kind": "publisher"}, {"Idempotency-Key": "key-1"}
        first = self.operator.do("POST", "/v1/parties", body, headers)
        again = self.operator.do("POST", "/v1/parties", body, headers)
        self.assertEqual((again.status, again.body), (first.status, first.body))
        self.assertProblem(self.operator.call("POST", "/v1/parties", {**body, "name": "other"}, headers), 409)
        second = self.operator.do("POST", "/v1/parties", body, {"Idempotency-Key": "key-2"})
        self.assertNotEqual(second.json["id"], first.json["id"])
        names = [row["name"] for row in self.operator.get("/v1/parties", limit=200)["data"]]
        self.assertEqual(names.count("once"), 2)

    def test_keys_of_two_tokens_do_not_meet(self):
        """What one may make another one of its party does not get shown: not by fewer scopes, nor by the same."""
        party, headers = self.market.publisher, {"Idempotency-Key": "job-1"}
        own = Caller(self.server.url, party.token)
        for path, secret in ((f"/v1/parties/{party.id}/invitations", "invite_url"), (f"/v1/parties/{party.id}/tokens", "token"), (f"/v1/parties/{party.id}/secrets", "postback_secret")):
            first = own.do("POST", path, {}, headers)
            self.assertEqual(own.do("POST", path, {}, headers).body, first.body)
            for scope in ("credentials", None):
                other = Caller(self.server.url, own.post(f"/v1/parties/{party.id}/tokens", {"scope": scope} if scope else {})["token"])
                got = other.call("POST", path, {}, headers)
                self.assertNotIn("Idempotent-Replayed", got.headers)
                self.assertNotIn(first.json[secret], got.text)
            headers = {"Idempotency-Key": "job-" + secret}
        self.assertEqual(self.assertProblem(Caller(self.server.url, own.post(f"/v1/parties/{party.id}/tokens", {"scope": "codes"})["token"]).call(
            "POST", f"/v1/parties/{party.id}/invitations", {}, {"Idempotency-Key": "job-1"}), 403)["status"], 403)

    def test_keys_of_two_callers_do_not_meet(self):
        headers, other = {"Idempotency-Key": "shared"}, Market(self.server)
        made = []
        for market in (self.market, other):
            made.append(market.publisher.do("POST", f"/v1/contracts/{market.contract}/codes", {"label": "x"}, headers).json["code"])
        self.assertNotEqual(*made)


class Description(ServerCase):
    def test_openapi_names_every_call(self):
        document = send(self.server.url + "/openapi.json").json
        self.assertTrue(document["openapi"].startswith("3.1"))
        calls = {(method.upper(), path) for path, item in document["paths"].items() for method in item if method in
                 ("get", "post", "put", "patch", "delete")}
        paths = {path for _, path in calls}
        for path in ("/c/{code}", "/postback", "/v1/parties", "/v1/campaigns", "/v1/contracts", "/log/checkpoint", "/healthz"):
            self.assertIn(path, paths)
        self.assertIn(("POST", "/v1/campaigns"), calls)

    def test_operations(self):
        self.assertStatus(send(self.server.url + "/healthz"), 200)
        self.assertStatus(send(self.server.url + "/readyz"), 200)
        metrics = self.assertStatus(send(self.server.url + "/metrics"), 200)
        self.assertIn("# TYPE countersign_clicks_total counter", metrics.text)
        for name in ("X-Forwarded-For", "Forwarded"):
            self.assertProblem(send(self.server.url + "/metrics", headers={name: "for=192.0.2.1"}), 404, "admin_listen")

    def test_no_page_runs_what_is_not_its_own_is_framed_or_tells_where_from(self):
        self.market.click()
        self.market.settled_entries()
        statement = self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]
        pages = [send(self.server.url + path, headers={"Accept": "text/html"}) for path in ("/", "/verify", "/c/" + "x" * 20)]
        pages.append(self.operator.call("GET", f"/v1/statements/{statement}", None, {"Accept": "text/html"}))
        for page in pages:
            with self.subTest(page.text[:200]):
                self.assertEqual(page.headers.get_content_type(), "text/html")
                policy = page.headers["Content-Security-Policy"]
                self.assertIn("default-src 'none'", policy)
                self.assertIn("frame-ancestors 'none'", policy)
                self.assertNotIn("unsafe", policy)
                self.assertIn(page.headers["Referrer-Policy"], ("no-referrer", "same-origin"))  # pages of ours are told, as their forms need it
                for style in re.findall(r"<style>(.*?)</style>", page.text, re.S):
                    self.assertIn(base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(), policy)


if __name__ == "__main__":
    unittest.main()
