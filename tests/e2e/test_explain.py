"""`explain`: each common mistake in a signature is named, what it foretells is what comes of the request when it is sent, nothing is recorded
by asking, and nobody learns of another's secrets."""

import base64
import hashlib
import hmac
import json
import secrets
import time
import unittest
import urllib.parse

from harness import BROWSER, Market, Party, Server, ServerCase, person, send
from harness import click as visit

FORETOLD = ("contract", "currency", "payout_micros", "reason")


def key_of(secret):
    return base64.b64decode(secret.removeprefix("whsec_"))


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256)


class Budget(unittest.TestCase):
    def test_a_party_has_so_many_explained(self):
        server = Server(WORKERS=1)
        self.addCleanup(server.close)
        market, other = Market(server), Market(server).publisher
        asked = {"url": market.publisher.signed_target(person())}
        answers = [market.publisher.call("POST", "/v1/postbacks/explain", asked)]
        while answers[-1].status == 200 and len(answers) < 1000:
            answers.append(market.publisher.call("POST", "/v1/postbacks/explain", asked))
        self.assertEqual(answers[-1].status, 429)
        self.assertGreaterEqual(len(answers), 30)
        self.assertGreaterEqual(int(answers[-1].headers["Retry-After"]), 1)
        self.assertGreaterEqual(server.metric("over_budget", 'budget="explained"'), 1)
        self.assertEqual(other.call("POST", "/v1/postbacks/explain", asked).status, 200, "it is the party's own")


class Explain(ServerCase):
    settings = {"BUDGET_EXPLAIN": 1000}

    def explain(self, body, by=None):
        """The answer, after which nothing may have been recorded."""
        before = self.recorded()
        got = (by or self.market.publisher).call("POST", "/v1/postbacks/explain", body)
        self.assertNothingRecorded(before)
        return got

    def explained(self, body, by=None):
        got = self.assertStatus(self.explain(body, by), 200)
        for party in (self.market.publisher, self.market.advertiser):
            self.assertNotIn(party.secret.removeprefix("whsec_"), got.text)
        return got.json

    def target(self, signature, sender=None, host=None, method="GET", **fields):
        """A target whose signature is what `signature(key, target, host)` makes of it."""
        sender = sender or self.market.publisher
        fields = {**(fields or person(click_id="A" * 46, campaign=self.market.campaign)), "kid": sender.kid, "ts": int(time.time()), "nonce": secrets.token_urlsafe(18)}
        target = "/postback?" + urllib.parse.urlencode(fields)
        return target + "&sig=" + signature(key_of(sender.secret), target, sender.host)

    def assertForetold(self, foretold, answer):
        """What was foretold is what the real one was answered."""
        self.assertEqual(foretold["status"], answer.status, (foretold, answer.text))
        if answer.status == 200:
            self.assertEqual({name: foretold[name] for name in FORETOLD}, {name: answer.json[name] for name in FORETOLD})
            self.assertEqual(foretold["decision"], answer.json["status"])
        else:
            self.assertEqual((foretold["field"], foretold["detail"]), (answer.json.get("field", ""), answer.json["detail"]))

    def assertUndecided(self, got):
        """No word of what would be decided."""
        self.assertEqual((sorted(got["decision"]), got["decision"]["status"], got["decision"]["field"]), (["detail", "field", "status"], 401, ""))
        self.assertIn("signature", got["decision"]["detail"])

    def test_without_a_signature_nobody_learns_who_is_known(self):
        """Another's customer and a stranger: the same answer, by whatever the signature lacks; and with it what the real one is answered."""
        market = self.market
        sender = market.new_publisher()
        code = market.new_code(sender, market.new_contract(sender))
        known, late = person(), int(time.time()) - 4000
        self.assertEqual(market.publisher.postback({**known, "click_id": market.click()}).json["status"], "pending")

        def asked(who, **how):
            fields = {**who, "click_id": click}
            if "sig" in how:
                return self.target(lambda key, own, host: how["sig"], sender=sender, **fields)
            return sender.signed_target(fields, **how)

        click = visit(code["click_url"], **BROWSER)[1]
        for how in ({"sig": "0" * 64}, {"ts": late}):
            told = []
            for who in (known, person()):
                got = self.explained({"url": sender.base + asked(who, **how)}, sender)
                self.assertUndecided(got)
                told.append(got["decision"])
            self.assertEqual(told[0], told[1])
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        for status in ("approved", "rejected"):
            self.assertUndecided(self.explained({"url": self.target(lambda key, own, host: "0" * 64, sender=market.advertiser, lead=lead, status=status)}, market.advertiser))
        target = asked(known)
        got = self.explained({"url": sender.base + target}, sender)
        self.assertEqual(got["decision"]["decision"], "duplicate")
        self.assertForetold(got["decision"], send(sender.base + target))

    def test_what_it_foretells_is_what_comes_of_it(self):
        market, publisher = self.market, self.market.publisher
        again = person()
        for fields in (person(click_id=market.click()), person(click_id=market.click(), country="BE"), person(click_id="A" * 46, campaign=market.campaign), person(phone="12", click_id=market.click()),
                       person(test="1", click_id=market.click()), {"click_id": market.click(), "txid": "x1"}, {**again, "click_id": market.click()},
                       {**again, "click_id": market.click(), "txid": "another"}, {**again, "country": "BE", "click_id": market.click()}, {**again, "emial": "a@example.com"}, {"status": "approved", "lead": "none"},
                       person(click_id="{click_id}"), person(event="other"), person(click_id=market.click(), colour="red")):
            with self.subTest(fields):
                target = publisher.signed_target(fields)
                got = self.explained({"url": publisher.base + target})
                self.assertEqual((got["signature"]["valid"], got["signature"]["differs"], got["signature"]["hints"]), (True, [], []))
                answer = send(publisher.base + target)
                self.assertForetold(got["decision"], answer)
                if answer.status == 200:
                    self.assertEqual(got["ignored"], answer.json["ignored"])
                    self.assertFalse(got["decision"]["replayed"])
                    after = self.explained({"target": target})["decision"]
                    self.assertForetold(after, answer)
                    self.assertTrue(after["replayed"], "the same request is answered as before")

    def test_what_becomes_of_a_lead_is_foretold_too(self):
        market, advertiser = self.market, self.market.advertiser
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        for status in ("converted", "rejected", "rejected", "approved", "returned"):
            target = advertiser.signed_target({"lead": lead, "status": status, "reason": "a word"})
            got = self.explained({"url": advertiser.base + target}, advertiser)
            self.assertForetold(got["decision"], send(advertiser.base + target))
        nobody = self.explained({"target": market.publisher.signed_target({"lead": lead, "status": "approved"})})
        self.assertEqual(nobody["decision"]["status"], 403)

    def test_anothers_lead_is_told_as_none(self):
        """By a real postback and an explanation alike, whoever sends it, also with a contract beside it."""
        market, other = self.market, Market(self.server)
        theirs = other.publisher.postback(person(click_id=other.click())).json["lead"]
        for party, more in ((market.advertiser, {}), (market.advertiser, {"contract": market.contract}), (market.publisher, {})):
            told = []
            for lead in (theirs, "A" * len(theirs)):
                target = party.signed_target({"lead": lead, "status": "approved", **more})
                got = self.explained({"url": party.base + target}, party)["decision"]
                self.assertForetold(got, send(party.base + target))
                told.append(got)
            self.assertEqual((told[0], told[0]["status"]), (told[1], 404))

    def test_signed_json(self):
        market, sender = self.market, self.market.publisher
        fields = person(click_id=market.click())
        body = json.dumps(fields, indent=1, ensure_ascii=False)
        ident, at = "msg_" + secrets.token_urlsafe(12), str(int(time.time()))
        key = key_of(sender.secret)

        def asked(text, key=key, form=lambda m: "v1," + base64.b64encode(m.digest()).decode(), front=""):
            return self.explained({"method": "POST", "target": "/postback/" + sender.kid, "body": body, "headers": {
                "Content-Type": "application/json", front + "webhook-id" if not front else "svix-id": ident, "Webhook-Timestamp": at, "webhook-signature": form(mac(key, text))}})

        right = f"{ident}.{at}.{body}"
        for front in ("", "svix"):
            got = asked(right, front=front)
            self.assertEqual((got["signature"]["valid"], got["signature"]["expected_text"], got["fields"]), (True, right, fields))
        self.assertForetold(got["decision"], sender.postback_json(fields, ident=ident, body=body.encode()))
        for differs, text, how in ((["body"], f"{ident}.{at}.{json.dumps(fields)}", {}), (["body"], f"{ident}.{at}.{json.dumps(fields, separators=(',', ':'), ensure_ascii=False)}", {}),
                                   (["text"], body, {}), (["text"], f"{at}.{body}", {}), (["text"], f"{ident}{at}{body}", {}),
                                   (["secret"], right, {"key": sender.secret.encode()}), (["secret"], right, {"key": sender.secret.removeprefix("whsec_").encode()}),
                                   (["sig"], right, {"form": lambda m: m.hexdigest()}), (["sig"], right, {"form": lambda m: base64.b64encode(m.digest()).decode()}),
                                   (["body", "secret"], f"{ident}.{at}.{json.dumps(fields)}", {"key": sender.secret.encode()}), (["sig"], right + "?", {})):
            with self.subTest(differs, text=text, **how):
                got = asked(text, **how)["signature"]
                self.assertEqual((got["valid"], got["differs"], len(got["hints"])), (False, differs, len(differs)), got["hints"])

    def test_the_mistake_in_a_signed_query_is_named(self):
        sender, digest = self.market.publisher, hashlib.sha256(b"").hexdigest()

        def text(method="GET", host=sender.host, target=None, digest=digest):
            return lambda own: "\n".join(("PBv1", method, host, own if target is None else target(own), digest))

        path = lambda own: own.split("?")[0]
        mistakes = [
            (["method"], text(method="POST")), (["method"], text(method="get")),
            (["host"], text(host="http://" + sender.host)), (["host"], text(host=sender.host.split(":")[0])), (["host"], text(host=sender.host + ":443")), (["host"], text(host="www." + sender.host)), (["host"], text(host="localhost:" + sender.host.partition(":")[2])),
            (["target"], text(target=path)), (["target"], text(target=lambda own: own.split("?")[1])), (["target"], text(target=lambda own: own + "&sig=")),
            (["target"], text(target=lambda own: "https://" + sender.host + own)), (["target"], text(target=urllib.parse.unquote_plus)),
            (["body"], text(digest="")), (["body"], text(digest=digest.upper())),
            (["text"], lambda own: text()(own) + "\n"), (["text"], lambda own: text()(own).replace("\n", "\r\n")), (["text"], lambda own: text()(own).removeprefix("PBv1\n")),
            (["text"], lambda own: text()(own).replace("\n", "")),
            (["method", "target"], text(method="POST", target=path)), (["host", "body"], text(host="http://" + sender.host, digest="")),
            (["sig"], lambda own: "something else")]
        for differs, made in mistakes:
            with self.subTest(differs, text=made("/T?q")):
                got = self.explained({"url": self.target(lambda key, own, host, made=made: mac(key, made(own)).hexdigest())})
                self.assertEqual((got["signature"]["valid"], got["signature"]["differs"], got["decision"]["status"]), (False, differs, 401), got["signature"]["hints"])
                self.assertUndecided(got)
        for differs, made in ((["sig"], lambda key, own, host: mac(key, text()(own)).hexdigest().upper()), (["sig"], lambda key, own, host: base64.urlsafe_b64encode(mac(key, text()(own)).digest()).decode()),
                              (["secret"], lambda key, own, host: mac(sender.secret.encode(), text()(own)).hexdigest())):
            with self.subTest(differs):
                got = self.explained({"url": self.target(made)})["signature"]
                self.assertEqual((got["valid"], got["differs"]), (False, differs), got["hints"])

    def test_what_signs_and_is_missing_or_misplaced_is_foretold_as_it_is_answered(self):
        sender = self.market.publisher

        def signed(**how):
            return sender.signed_target(person(click_id=self.market.click()), **how)

        for target, field in ((signed() + "&x=1", "sig"), (signed().replace("&ts=", "&tss="), "ts"), (signed(nonce="short"), "nonce"), (signed(ts="now"), "ts"),
                              (signed().replace("&sig=", "&sgi="), "sig")):
            with self.subTest(target):
                got, answer = self.explained({"url": sender.base + target}), self.assertStatus(send(sender.base + target), 400).json
                self.assertEqual((got["signature"]["valid"], got["decision"]), (False, {name: answer[name] for name in ("detail", "field", "status")}))
                self.assertEqual(answer["field"], field)

    def test_the_expected_text_is_what_is_to_be_signed(self):
        sender, form = self.market.publisher, urllib.parse.urlencode(person(click_id=self.market.click()))
        head = f"/postback?kid={sender.kid}&ts={int(time.time())}&nonce={secrets.token_urlsafe(18)}"
        asked = {"method": "POST", "target": head + "&sig=" + "0" * 64, "body": form, "headers": {"content-type": "application/x-www-form-urlencoded"}}
        got = self.explained(asked)
        self.assertEqual(got["signature"]["differs"], ["sig"])
        signed = mac(key_of(sender.secret), got["signature"]["expected_text"]).hexdigest()
        self.assertTrue(self.explained({**asked, "target": head + "&sig=" + signed})["signature"]["valid"])
        self.assertStatus(send(sender.base + head + "&sig=" + signed, "POST", form.encode(), asked["headers"]), 200)

    def test_a_wrong_time_kid_or_key(self):
        market, sender = self.market, self.market.publisher
        late = self.explained({"url": sender.base + sender.signed_target(person(campaign=market.campaign), ts=int(time.time()) - 4000)})
        self.assertEqual((late["signature"]["valid"], late["signature"]["differs"]), (False, ["ts"]))
        self.assertUndecided(late)
        second = sender.post(f"/v1/parties/{sender.id}/secrets", {})
        other = self.explained({"url": self.target(lambda key, own, host: mac(key_of(second["postback_secret"]), "\n".join(("PBv1", "GET", host, own, hashlib.sha256(b"").hexdigest()))).hexdigest())})
        self.assertEqual(other["signature"]["differs"], ["kid"])
        self.assertIn(second["kid"], other["signature"]["hints"][0])
        target = self.target(lambda key, own, host: "0" * 64).replace(sender.kid, second["kid"])
        sender.delete(f"/v1/parties/{sender.id}/secrets/{second['kid']}")
        self.assertEqual(self.explained({"url": target})["signature"]["differs"], ["kid"])
        for broken, field in ((target.replace("nonce=", "n="), "nonce"), (target.split("&sig=")[0], "sig"), (target + "&x=1", "sig")):
            self.assertEqual(self.explained({"url": broken.replace(second["kid"], sender.kid)})["signature"]["differs"], [field])
        made = sender.put(f"/v1/parties/{sender.id}/postback-key", {"cidrs": ["127.0.0.0/8"]})["key"]
        for key, valid, differs in ((made, True, []), ("wrong", False, ["key"])):
            got = self.explained({"url": "/postback?" + urllib.parse.urlencode({**person(campaign=market.campaign), "kid": sender.kid, "key": key})})
            self.assertEqual((got["signature"]["valid"], got["signature"]["differs"], got["signature"]["expected_text"]), (valid, differs, ""))
            self.assertNotIn(made, json.dumps(got))
        sender.delete(f"/v1/parties/{sender.id}/postback-key")
        elsewhere = self.explained({"url": "https://elsewhere.example" + sender.signed_target(person(campaign=market.campaign))})["signature"]
        self.assertEqual((elsewhere["valid"], elsewhere["differs"]), (True, ["host"]))

    def test_a_public_url_with_a_path(self):
        server = Server(public_url="https://track.example/base")
        self.addCleanup(server.close)
        market = Market(server)
        sender = market.publisher
        sender.host = "track.example"
        for path, valid, differs in (("/postback", True, []), ("/base/postback", False, ["target"])):
            signed = sender.signed_target(person(campaign=market.campaign), path=path)
            for pasted in (signed, "https://track.example/base" + signed.removeprefix("/base")):
                got = self.assertStatus(sender.call("POST", "/v1/postbacks/explain", {"url": pasted}), 200).json["signature"]
                self.assertEqual((got["valid"], got["differs"]), (valid, differs), got)

    def test_nobody_learns_of_anothers_secrets(self):
        market = self.market
        other = Market(self.server).publisher
        theirs, made_up = other.signed_target(person()), market.publisher.signed_target(person()).replace(market.publisher.kid, "K" + "A" * len(other.kid[1:]))
        answers = [self.explained({"url": target}) for target in (theirs, theirs[:-1] + "0", made_up)]
        for got in answers:
            self.assertEqual((got["signature"]["valid"], got["signature"]["differs"], got["fields"], got["decision"]), (False, ["kid"], {}, {"status": 401}))
        self.assertTrue(self.explained({"url": theirs}, self.server.operator)["signature"]["valid"], "the operator helps anybody")

    def test_what_is_no_postback_is_told_by_its_field(self):
        for body, field in (({}, "url"), ({"url": "/postback?a=1", "target": "/postback"}, "url"), ({"url": "https://x.example/c/ABC"}, "url"), ({"url": "/postback?a=ä"}, "url"), ({"url": "/postback?a=b c"}, "url"),
                            ({"url": 7}, "url"), ({"target": "/postback/a/b"}, "target"), ({"target": "/postback/K1", "method": "GET"}, "method"), ({"url": "/postback", "method": "PUT"}, "method"),
                            ({"url": "/postback", "headers": []}, "headers"), ({"url": "/postback", "headers": {"a": 1}}, "headers"), ({"url": "/postback", "body": {}}, "body"), ({"uri": "/postback"}, "uri")):
            with self.subTest(body):
                self.assertProblem(self.explain(body), 422, field)
        auditor = Party(self.server.operator, "Auditor", "auditor")
        self.assertEqual(self.explain({"url": "/postback"}, auditor).status, 403)


if __name__ == "__main__":
    unittest.main()
