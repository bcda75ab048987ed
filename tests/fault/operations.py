"""What is asked of a server or done with a folder while something fails in it, and what must come out.

An operation prepares a call that can be made again word by word, says of an answer what it comes down to (`facts`), and what that has to be
(`want`). `later` looks, after a restart, whether an answer that was given still holds."""

import json
import re
import secrets
import time
import urllib.parse

from harness import BROWSER, Market, countersign, person, query_of, send, statement_payload
from test_witness import Log, open_cosignature


class Stranger:
    """Who has no token."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path):
        return send(self.url + path, method)


class Scene:
    """A market in which things happen, and a quiet one whose every read is known to the byte."""

    def __init__(self, server):
        self.server, self.operator = server, server.operator
        self.busy, self.quiet = Market(server, campaign={"pixel_leads": "on"}), Market(server)
        self.busy.put_keys()
        self.history()
        self.paid = person()
        self.reported(self.busy, **self.paid)
        send(self.quiet.code["click_url"].replace("/c/", "/p/") + ".gif?event=nothing", headers=BROWSER)  # it stands in the refused log
        self.share_path = self.operator.post(f"/v1/statements/{self.statement}/shares", {"days": 2})["url"].removeprefix(server.url)
        self.stranger = Stranger(server.url)
        self.foreign = Log("log.example")  # which the server is a witness of
        self.postback_key = self.busy.publisher.put(f"/v1/parties/{self.busy.publisher.id}/postback-key", {"cidrs": ["127.0.0.1"]})["key"]
        self.root_size = int(send(server.url + "/log/checkpoint").text.split("\n")[1])

    def history(self):
        """A closed period and an open one, with leads of every sort."""
        market = self.quiet
        market.put_keys()
        self.leads = []
        for n in range(6):
            self.leads.append(self.reported(market, country="FR" if n % 2 else "BE"))
        self.reported(market, email="")
        self.asked = person()
        self.reported(market, **self.asked)
        for lead, status in zip(self.leads, ("approved", "rejected", "approved")):
            market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": status})
        self.statement = self.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        assert market.advertiser.answer_statement(self.statement).status == 201
        self.mirror = self.server.data.parent / "mirror-of-before"
        pulled = countersign("pull", self.server.url, self.mirror, "--contract", market.contract, "--token", market.auditor.token)
        assert pulled.returncode == 0, pulled.stderr
        for _ in range(2):
            self.leads.append(self.reported(market))

    def further_contract(self, **members):
        """One of the busy market, and its publisher, who has a key."""
        publisher = self.busy.new_publisher()
        publisher.put_key()
        return publisher, self.busy.new_contract(publisher, **members)

    def settled_soon(self, publisher, contract, *persons):
        """A click and a lead of each for a contract of the busy market, the first one approved."""
        market = self.busy
        code = market.new_code(publisher, contract)
        leads = []
        for fields in persons:
            location = send(code["click_url"], headers=BROWSER).headers["Location"]
            answer = publisher.postback({**fields, "click_id": query_of(location)["click_id"][0]})
            assert answer.status == 200, answer
            leads.append(answer.json["lead"])
        market.advertiser.post(f"/v1/leads/{leads[0]}/dispositions", {"status": "approved"})

    def agreed_contract(self):
        """One whose terms both parties have assented to."""
        publisher, contract = self.further_contract(assent="both")
        for party in (self.busy.advertiser, publisher):
            assert party.assent(contract, 1).status == 201
        return publisher, contract

    def listed(self):
        return self.quiet.publisher.get(f"/v1/contracts/{self.quiet.contract}/leads", limit=200)["data"]

    def reported(self, market, **fields):
        answer = market.publisher.postback({**person(), **fields, "click_id": market.click()})
        assert answer.status == 200, answer
        return answer.json["lead"]


class Operation:
    name = ""

    def prepare(self, scene):
        """A function that makes the call; made again it is the same call."""
        raise NotImplementedError

    def facts(self, answer):
        return answer.status

    want = 200

    def failed(self, answer):
        """Whether it says that it could not be done."""
        return answer.status >= 500

    def later(self, scene, answer):
        """Looks that what was acknowledged is there."""


def posting(caller, path, body):
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    return lambda: caller.call("POST", path, body, headers)


def hold(condition, what):
    if not condition:
        raise AssertionError(what)


# ---- tracking

class Click(Operation):
    name, want = "click", (302, "landing.example", True)

    def prepare(self, scene):
        url = f"{scene.busy.code['click_url']}?sub1={secrets.token_hex(6)}"
        return lambda: send(url, headers=BROWSER)

    def facts(self, answer):
        location = answer.headers.get("Location", "")
        return answer.status, urllib.parse.urlsplit(location).netloc, len(query_of(location).get("click_id", [""])[0]) == 51

    def later(self, scene, answer):
        click_id = query_of(answer.headers["Location"])["click_id"][0]
        decided = scene.busy.publisher.postback(person(click_id=click_id)).json
        hold((decided["status"], decided["reason"]) == ("pending", ""), f"the click is not there: {decided}")


class View(Operation):
    name, want = "view", (200, "image/gif", 43)

    def prepare(self, scene):
        url = f"{scene.busy.code['pixel_url']}?event=view&click_id={scene.busy.click()}"
        return lambda: send(url, headers=BROWSER)

    def facts(self, answer):
        return answer.status, answer.headers.get_content_type(), len(answer.body)


class Impression(View):
    name = "impression"

    def prepare(self, scene):
        url = f"{scene.busy.code['pixel_url']}?event=impression&sub1={secrets.token_hex(6)}"
        return lambda: send(url, headers=BROWSER)


class ThankYou(View):
    """A lead of a thank-you page."""

    name = "lead by pixel"

    def prepare(self, scene):
        url = f"{scene.busy.code['pixel_url']}?event=lead&txid={secrets.token_hex(6)}&click_id={scene.busy.click()}"
        return lambda: send(url, headers=BROWSER)


# ---- postbacks

class Postback(Operation):
    """A lead: what was decided, why, for how much."""

    status, reason, payout_micros = "pending", "", 12_000_000

    def __init__(self):
        self.want = (200, self.status, self.reason, self.payout_micros)

    def facts(self, answer):
        if answer.status != 200:
            return answer.status, answer.json["type"].split(":")[-1], answer.json.get("field"), 0
        got = answer.json
        return 200, got["status"], got["reason"], got["payout_micros"]

    def fields(self, scene):
        return person(click_id=scene.busy.click())

    def prepare(self, scene):
        target = scene.busy.publisher.signed_target(self.fields(scene))
        return lambda: send(scene.server.url + target)

    def later(self, scene, answer):
        if answer.status == 200:
            got, lead = answer.json, scene.busy.advertiser.get(f"/v1/leads/{answer.json['lead']}")
            hold((lead["status"], lead["index"]) == (got["status"], got["index"]), f"{got} became {lead}")


class LeadByQuery(Postback):
    name = "lead by query"


class LeadByJson(Postback):
    name = "lead by JSON"

    def prepare(self, scene):
        fields, ident, at = {**self.fields(scene), "fields": {"age": "33"}}, "msg_" + secrets.token_urlsafe(18), int(time.time())
        return lambda: scene.busy.publisher.postback_json(fields, ident=ident, timestamp=at)


class LeadByForm(Postback):
    name = "lead by form"

    def prepare(self, scene):
        fields, nonce, at = self.fields(scene), secrets.token_urlsafe(18), int(time.time())
        return lambda: scene.busy.publisher.postback_form(fields, nonce=nonce, ts=at)


class LeadByKey(Postback):
    """Unsigned, from one of the party's own addresses."""

    name = "lead by key"

    def prepare(self, scene):
        query = urllib.parse.urlencode({**self.fields(scene), "key": scene.postback_key})
        return lambda: send(f"{scene.server.url}/postback?{query}")


class LeadByTouches(Postback):
    name = "lead by touches"

    def fields(self, scene):
        return person(touches=",".join(scene.busy.click() for _ in range(3)))


class LeadOfForeignDomain(Postback):
    name = "lead with an international domain"

    def fields(self, scene):
        return person(click_id=scene.busy.click(), email=f"lea.{secrets.token_hex(4)}@bücher.example")


class LeadElsewhere(Postback):
    name, payout_micros = "lead of the second price", 8_000_000

    def fields(self, scene):
        return person(click_id=scene.busy.click(), country="BE")


class Duplicate(Postback):
    name, status, reason, payout_micros = "lead of a person paid before", "duplicate", "duplicate", 0

    def fields(self, scene):
        return person(click_id=scene.busy.click(), email=scene.paid["email"])


class DuplicateByPhone(Duplicate):
    name = "lead of a phone paid before"

    def fields(self, scene):
        return person(click_id=scene.busy.click(), phone=scene.paid["phone"])


class NoClick(Postback):
    name, status, reason, payout_micros = "lead without a click", "rejected", "no_click", 0

    def fields(self, scene):
        return person()


class Replay(Postback):
    """The same bytes once more: the first answer, byte by byte."""

    name = "lead sent again"

    def prepare(self, scene):
        call = super().prepare(scene)
        self.first = call().body
        return call

    def facts(self, answer):
        return (*super().facts(answer), answer.body == self.first)

    def __init__(self):
        super().__init__()
        self.want = (*self.want, True)


class SameTxid(Postback):
    """The same lead under another nonce: what it was before."""

    name = "lead under a known txid"

    def prepare(self, scene):
        fields = self.fields(scene)
        self.first = scene.busy.publisher.postback(fields).json["lead"]
        target = scene.busy.publisher.signed_target(fields)
        return lambda: send(scene.server.url + target)

    def facts(self, answer):
        return (*super().facts(answer), answer.status == 200 and answer.json["lead"] == self.first)

    def __init__(self):
        super().__init__()
        self.want = (*self.want, True)


class OtherUnderTxid(Postback):
    name, want = "another lead under a known txid", None

    def __init__(self):
        self.want = (409, "conflict", "txid", 0)

    def prepare(self, scene):
        fields = self.fields(scene)
        assert scene.busy.publisher.postback(fields).status == 200
        target = scene.busy.publisher.signed_target({**fields, "first_name": "Somebody else"})
        return lambda: send(scene.server.url + target)


class OtherUnderNonce(Postback):
    name = "another lead under a known nonce"

    def __init__(self):
        self.want = (409, "conflict", "nonce", 0)

    def prepare(self, scene):
        nonce, fields = secrets.token_urlsafe(18), self.fields(scene)
        assert scene.busy.publisher.postback(fields, nonce=nonce).status == 200
        target = scene.busy.publisher.signed_target({**fields, "txid": "tx-" + secrets.token_hex(4)}, nonce=nonce)
        return lambda: send(scene.server.url + target)


class SaidByPostback(Postback):
    name, status = "disposition by postback", "approved"

    def prepare(self, scene):
        lead = scene.reported(scene.busy)
        target = scene.busy.advertiser.signed_target({"lead": lead, "status": "approved"})
        return lambda: send(scene.server.url + target)

    def later(self, scene, answer):
        lead = scene.busy.advertiser.get(f"/v1/leads/{answer.json['lead']}")
        hold(lead["status"] == "approved", f"approved, but {lead}")


# ---- management

class Control(Operation):
    """A write of the management API: the members of its answer that are known."""

    want = 201
    path = body = None
    shows = ()

    def caller(self, scene):
        return scene.operator

    def prepare(self, scene):
        return posting(self.caller(scene), self.path(scene), self.body(scene))

    def facts(self, answer):
        return (answer.status, *(answer.json.get(name) for name in self.shows)) if self.shows else answer.status


class Dispose(Control):
    name, want, shows = "disposition", (200, "returned", -12_000_000), ("status", "payout_micros")

    def caller(self, scene):
        return scene.busy.advertiser

    def prepare(self, scene):
        self.lead = scene.reported(scene.busy)
        assert scene.busy.advertiser.post(f"/v1/leads/{self.lead}/dispositions", {"status": "approved"})["status"] == "approved"
        return super().prepare(scene)

    def path(self, scene):
        return f"/v1/leads/{self.lead}/dispositions"

    def body(self, scene):
        return {"status": "returned"}

    def later(self, scene, answer):
        hold(scene.busy.advertiser.get(f"/v1/leads/{answer.json['lead']}")["status"] == "returned", "the disposition is not there")


class PartyCreate(Control):
    name, want, shows = "new party", (201, "Late", "publisher"), ("name", "kind")

    def path(self, scene):
        return "/v1/parties"

    def body(self, scene):
        return {"name": "Late", "kind": "publisher"}

    def later(self, scene, answer):
        hold(scene.operator.get(f"/v1/parties/{answer.json['id']}")["name"] == "Late", "the party is not there")


class PartyCreateAgain(PartyCreate):
    """What an Idempotency-Key was answered with is found again, or nothing is: no second party."""

    name = "new party sent again"

    def prepare(self, scene):
        call = super().prepare(scene)
        self.want = self.facts(call())
        assert self.want[0] == 201, self.want
        return call

    def facts(self, answer):
        return answer.status, answer.json.get("id")


class SecretCreate(Control):
    name, want = "new secret", 201

    def caller(self, scene):
        return scene.busy.publisher

    def path(self, scene):
        return f"/v1/parties/{scene.busy.publisher.id}/secrets"

    def body(self, scene):
        return {}


class CampaignPatch(Control):
    name, want, shows = "campaign changed", (200, "Later", "EUR"), ("name", "currency")

    def prepare(self, scene):
        advertiser = scene.busy.advertiser
        made = advertiser.post("/v1/campaigns", {"advertiser": advertiser.id, "name": "Offer", "currency": "EUR", "landing_url": "https://landing.example/"})
        return lambda: advertiser.call("PATCH", f"/v1/campaigns/{made['id']}", {"name": "Later"})

    def later(self, scene, answer):
        hold(scene.busy.advertiser.get(f"/v1/campaigns/{answer.json['id']}")["name"] == "Later", "the campaign is called what it was")


class ContractCreate(Control):
    name, want = "new contract", 201

    def path(self, scene):
        return "/v1/contracts"

    def body(self, scene):
        return {"campaign": scene.busy.campaign, "publisher": scene.busy.new_publisher().id, "price": {"lead": [{"micros": 7}]}}

    def later(self, scene, answer):
        code = scene.busy.new_code(scene.operator, answer.json["id"])
        hold(send(code["click_url"], headers=BROWSER).status == 302, "the contract takes no click")


class CodeCreate(Control):
    name, want = "new code", 201

    def caller(self, scene):
        return scene.busy.publisher

    def path(self, scene):
        return f"/v1/contracts/{scene.busy.contract}/codes"

    def body(self, scene):
        return {"label": "late"}

    def later(self, scene, answer):
        hold(send(answer.json["click_url"], headers=BROWSER).status == 302, "the code takes no click")


class KeyPut(Control):
    name, want = "key put", 200

    def prepare(self, scene):
        party = scene.fresh_party()
        return lambda: party.call("PUT", f"/v1/parties/{party.id}/key", party.key_body())


class Statement(Control):
    """Over a contract of its own: three leads, one of them approved, one of somebody paid before."""

    name = "statement"

    def prepare(self, scene):
        publisher, self.contract = scene.further_contract()
        scene.settled_soon(publisher, self.contract, person(), person(country="BE"), person(email=scene.paid["email"]))
        return posting(scene.operator, f"/v1/contracts/{self.contract}/statements", {})

    def facts(self, answer):
        return answer.status, answer.status == 201 and self.said(answer.json)

    @staticmethod
    def said(statement):
        return statement["net_micros"]

    want = (201, 12_000_000)

    def later(self, scene, answer):
        payload = json.loads(statement_payload(scene.operator.do("GET", f"/v1/statements/{answer.json['id']}").body))
        leads = payload["counts"]["leads"]
        got = (payload["net_micros"], payload["lines"]["n"], payload["counts"]["clicks"]["total"], payload["period"]["from"],
               *(leads[name] for name in ("total", "approved", "pending", "duplicate")))
        hold(got == (12_000_000, 4, 3, 0, 3, 1, 1, 1), f"the statement says {got}")


class CampaignCreate(Control):
    name, want, shows = "new campaign", (201, "Offer", "EUR"), ("name", "currency")

    def caller(self, scene):
        return scene.busy.advertiser

    def path(self, scene):
        return "/v1/campaigns"

    def body(self, scene):
        return {"advertiser": scene.busy.advertiser.id, "name": "Offer", "currency": "EUR", "landing_url": "https://landing.example/"}

    def later(self, scene, answer):
        hold(scene.busy.advertiser.get(f"/v1/campaigns/{answer.json['id']}")["name"] == "Offer", "the campaign is not there")


class CampaignPause(Control):
    name, want, shows = "campaign paused", (200, True), ("paused",)

    def prepare(self, scene):
        advertiser = scene.busy.advertiser
        made = advertiser.post("/v1/campaigns", {"advertiser": advertiser.id, "name": "Offer", "currency": "EUR", "landing_url": "https://landing.example/"})
        return posting(advertiser, f"/v1/campaigns/{made['id']}/pause", {})

    def later(self, scene, answer):
        hold(scene.busy.advertiser.get(f"/v1/campaigns/{answer.json['id']}")["paused"], "the campaign goes on")


class PartyByLaw(Control):
    name, want = "party by law", 200

    def prepare(self, scene):
        party = scene.fresh_party()
        return lambda: party.call("PATCH", f"/v1/parties/{party.id}", {"legal": {"name": "Late SAS", "country": "FR"}})

    def later(self, scene, answer):
        hold(scene.operator.get(f"/v1/parties/{answer.json['id']}")["legal"]["name"] == "Late SAS", "the party has no name")


class PostbackKeyPut(Control):
    name, want = "postback key put", 200

    def prepare(self, scene):
        self.party = scene.fresh_party()
        return lambda: self.party.call("PUT", f"/v1/parties/{self.party.id}/postback-key", {"cidrs": ["192.0.2.0/24"]})

    def later(self, scene, answer):
        hold(answer.json["key"].startswith("csk_"), f"no key: {answer}")


class PostbackKeyDelete(Control):
    name, want = "postback key deleted", True  # 200, or 404 where it is gone already

    def prepare(self, scene):
        party = scene.fresh_party()
        party.put(f"/v1/parties/{party.id}/postback-key", {"cidrs": ["192.0.2.0/24"]})
        return lambda: party.call("DELETE", f"/v1/parties/{party.id}/postback-key")

    def facts(self, answer):
        return answer.status in (200, 404)


class StatementAnswer(Control):
    name, want = "countersignature", True  # 201, or 200 for what was recorded already

    def prepare(self, scene):
        market = scene.busy
        market.click()
        statement = scene.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        payload = statement_payload(market.publisher.do("GET", f"/v1/statements/{statement}").body)
        said = market.publisher.jws(market.publisher.response(payload)).encode()
        return lambda: market.publisher.call("POST", f"/v1/statements/{statement}/responses", said, {"Content-Type": "application/jose"})

    def facts(self, answer):
        return answer.status in (200, 201)


class Rows(Operation):
    """Several in one call: each row has its answer, those that failed as well."""

    path = ""
    shows = ()

    def caller(self, scene):
        raise NotImplementedError

    def rows(self, scene):
        raise NotImplementedError

    def prepare(self, scene):
        caller, body = self.caller(scene), self.rows(scene)
        return lambda: caller.call("POST", self.path, body)

    def failed(self, answer):
        return answer.status >= 500 or (answer.status == 200 and any(row["status"] >= 500 for row in answer.json["data"]))

    def facts(self, answer):
        return answer.status, *(tuple(row.get(name) for name in ("status", *self.shows)) for row in answer.json["data"])

    def later(self, scene, answer):
        for row in answer.json["data"]:
            lead = scene.busy.advertiser.get(f"/v1/leads/{row['lead']}")
            hold(lead["status"] == row["decision"], f"{row} became {lead}")


class LeadsByToken(Rows):
    name, path, shows = "leads by token", "/v1/leads", ("decision", "reason", "payout_micros")
    want = (200, (200, "pending", "", 12_000_000), (200, "pending", "", 8_000_000), (200, "duplicate", "duplicate", 0))

    def caller(self, scene):
        return scene.busy.publisher

    def rows(self, scene):
        return [person(click_id=scene.busy.click(), **fields) for fields in ({}, {"country": "BE"}, {"email": scene.paid["email"]})]


class DispositionsInBulk(Rows):
    name, path, shows = "dispositions in bulk", "/v1/dispositions", ("decision",)
    want = (200, (200, "approved"), (200, "rejected"))

    def caller(self, scene):
        return scene.busy.advertiser

    def rows(self, scene):
        return [{"lead": scene.reported(scene.busy), "status": status} for status in ("approved", "rejected")]


class TokenCreate(Control):
    name, want = "new token", 201

    def caller(self, scene):
        self.party = scene.fresh_party()  # each may have so many
        return self.party

    def path(self, scene):
        return f"/v1/parties/{self.party.id}/tokens"

    def body(self, scene):
        return {}

    def later(self, scene, answer):
        got = send(scene.server.url + "/v1/contracts", headers={"Authorization": "Bearer " + answer.json["token"]})
        hold(got.status == 200, "the token opens nothing")


class TokenEnd(Control):
    name, want = "ended token", 200

    def prepare(self, scene):
        party = scene.fresh_party()
        self.made = party.post(f"/v1/parties/{party.id}/tokens", {})
        return lambda: party.call("DELETE", f"/v1/parties/{party.id}/tokens/{self.made['id']}")

    def later(self, scene, answer):
        got = send(scene.server.url + "/v1/contracts", headers={"Authorization": "Bearer " + self.made["token"]})
        hold(got.status == 401, "the token opens something")


class Grant(Control):
    name, want = "grant", 201

    def prepare(self, scene):
        self.auditor = scene.fresh_party("auditor")
        return super().prepare(scene)

    def path(self, scene):
        return f"/v1/contracts/{scene.busy.contract}/grants"

    def body(self, scene):
        return {"party": self.auditor.id}

    def later(self, scene, answer):
        hold(scene.operator.get(f"/v1/contracts/{scene.busy.contract}")["id"] == scene.busy.contract, "the contract is gone")


class ContractPatch(Control):
    """A new price, in a contract of its own: the version that binds, and what a lead of it is paid."""

    name, want = "contract changed", 200

    def prepare(self, scene):
        _, self.contract = scene.further_contract()
        return lambda: scene.operator.call("PATCH", f"/v1/contracts/{self.contract}", {"price": {"lead": [{"micros": 9}]}})

    def later(self, scene, answer):
        price = scene.operator.get(f"/v1/contracts/{answer.json['id']}")["price"]["lead"]
        hold(price == [{"micros": 9}], f"the price is {price}")


class Adjust(Control):
    name, want, shows = "adjustment", (201, -7), ("micros",)

    def path(self, scene):
        return f"/v1/contracts/{scene.busy.contract}/adjustments"

    def body(self, scene):
        return {"micros": -7, "reason": "as agreed"}

    def later(self, scene, answer):
        page, indices = None, []
        while page is None or page.get("next"):
            page = scene.operator.get(self.path(scene), limit=200, **({"after": page["next"]} if page else {}))
            indices += [each["index"] for each in page["data"]]
        hold(answer.json["index"] in indices, "the adjustment is not there")


class Assent(Control):
    """To the first version of the terms of a contract that needs both."""

    name, want = "assent to terms", True

    def prepare(self, scene):
        party, contract = scene.further_contract(assent="both")
        said = party.assent_jws(contract, 1).encode()
        return lambda: party.call("POST", f"/v1/contracts/{contract}/terms/1/assent", said, {"Content-Type": "application/jose"})

    def facts(self, answer):
        return answer.status in (200, 201)


class Withdraw(Control):
    """Of a version that lacks assents."""

    name, want = "version of terms withdrawn", 200

    def prepare(self, scene):
        _, contract = scene.agreed_contract()
        scene.operator.patch(f"/v1/contracts/{contract}", {"price": {"lead": [{"micros": 9}]}})
        return lambda: scene.operator.call("POST", f"/v1/contracts/{contract}/terms/2/withdraw", b"", {})


class AdjustmentAssent(Control):
    name, want = "assent to an adjustment", True

    def prepare(self, scene):
        party, contract = scene.agreed_contract()
        made = scene.operator.post(f"/v1/contracts/{contract}/adjustments", {"micros": -7, "reason": "as agreed"})["index"]
        said = party.adjustment_jws(contract, made)
        return lambda: party.assent_to_adjustment(contract, made, said)

    def facts(self, answer):
        return answer.status in (200, 201)


class Erase(Control):
    """What is sealed of a person who came once."""

    name, want = "erasure", (200, 1)

    def prepare(self, scene):
        self.fields = person()
        scene.reported(scene.busy, **self.fields)
        return posting(scene.operator, "/v1/erasures", {"email": self.fields["email"]})

    def facts(self, answer):
        return answer.status, answer.json.get("leads")


class Confirm(Control):
    """Of a clock that made no step."""

    name, want = "clock confirmed", 200

    def path(self, scene):
        return "/v1/clock/confirm"

    def body(self, scene):
        return {"steps": 0}


class Cosign(Control):
    """A tree of another log, which extends the one that was cosigned before: a cosignature, or where it was made already and nobody heard, its size."""

    name, want = "checkpoint of another log", True

    def prepare(self, scene):
        first = self.sent(scene, 0, 1)
        self.scene, self.remembered = scene, int(first.text) if first.status == 409 else 1
        self.size = self.remembered + 1
        body = scene.foreign.body(self.remembered, self.size).encode()
        return lambda: send(scene.server.url + "/witness/add-checkpoint", "POST", body)

    @staticmethod
    def sent(scene, old, size):
        return send(scene.server.url + "/witness/add-checkpoint", "POST", scene.foreign.body(old, size).encode())

    def facts(self, answer):
        if answer.status != 200:
            return (answer.status, answer.text) == (409, f"{self.size}\n") or str(answer)
        open_cosignature(answer.text.rstrip("\n"), self.scene.foreign.text(self.size), self.scene.witness_key)
        self.remembered = self.size
        return True

    def later(self, scene, answer):
        told = self.sent(scene, 0, 1)
        hold(told.status == 409 and int(told.text) >= self.remembered, f"cosigned {self.remembered}, remembers {told}")


class Share(Control):
    name, want = "share link made", 201

    def caller(self, scene):
        return scene.quiet.publisher

    def path(self, scene):
        return f"/v1/statements/{scene.statement}/shares"

    def body(self, scene):
        return {"days": 2}

    def later(self, scene, answer):
        hold(send(answer.json["url"]).status == 200, "the link opens nothing")


class ShareEnd(Control):
    name, want = "share link ended", 200

    def prepare(self, scene):
        caller = scene.quiet.publisher
        made = caller.post(f"/v1/statements/{scene.statement}/shares", {"days": 2})
        self.url = made["url"]
        return lambda: caller.call("DELETE", f"/v1/statements/{scene.statement}/shares/{made['id']}")

    def later(self, scene, answer):
        hold(send(self.url).status in (401, 403, 404, 410), "an ended link opens the statement")


# ---- reading: the same bytes as without a fault

class Reading(Operation):
    """sent: what is asked for by POST, though it records nothing: (body, content type). said: what of the body is always the same."""

    def __init__(self, name, path, caller=lambda scene: scene.quiet.publisher, grows=False, sent=None, said=bytes):
        self.name, self.path, self.caller, self.grows, self.sent, self.said, self.want = name, path, caller, grows, sent, said, None

    def prepare(self, scene):
        caller, path = self.caller(scene), self.path(scene)
        asked = ("GET", path)
        if self.sent:
            body, kind = self.sent(scene)
            asked = ("POST", path, body, {"Content-Type": kind, "Accept": "application/json"})
        if self.want is None or self.grows:
            first, second = (self.facts(caller.call(*asked)) for _ in range(2))
            assert first == second and first[0] == 200, (path, first, second)
            self.want = first
        return lambda: caller.call(*asked)

    def facts(self, answer):
        return answer.status, answer.headers.get("Link"), self.said(answer.body)


def without_times(body):
    """That of the answer itself, and what is counted from it."""
    return re.sub(rb'"(at|to_at|due_at)":"[^"]*"', b"", body)


def first_line(body):
    """Of what grows by itself once a minute, with the root log."""
    return body.split(b"\n")[0]


def readings():
    def contract(rest):
        return lambda scene: f"/v1/contracts/{scene.quiet.contract}{rest}"

    def statement(rest):
        return lambda scene: f"/v1/statements/{scene.statement}{rest}"

    def log(rest):
        return lambda scene: f"/log/{scene.quiet.contract}{rest}"

    def path(text):
        return lambda scene: text

    def operator(scene):
        return scene.operator

    return [Reading("list of leads", contract("/leads?limit=200")), Reading("a page of leads", contract("/leads?limit=3")),
            Reading("list of approved leads", contract("/leads?status=approved")), Reading("list of codes", contract("/codes")),
            Reading("list of statements", path("/v1/statements")), Reading("list of contracts", path("/v1/contracts")),
            Reading("list of campaigns", path("/v1/campaigns"), lambda scene: scene.quiet.advertiser),
            Reading("list of parties", path("/v1/parties"), lambda scene: scene.quiet.auditor),
            Reading("a contract", contract("")), Reading("a lead", lambda scene: f"/v1/leads/{scene.leads[0]}"),
            Reading("proof of a lead", lambda scene: f"/v1/leads/{scene.leads[0]}/proof"),
            Reading("a statement", statement("")), Reading("a statement as HTML", statement("?format=html")),
            Reading("a statement as CSV", statement("?format=csv")), Reading("line items", statement("/lines")),
            Reading("closing checkpoint", statement("/checkpoint")), Reading("answers", statement("/responses")),
            Reading("checkpoint", log("/checkpoint")), Reading("a tile", lambda scene: log(f"/tile/0/000.p/{scene.size}")(scene)),
            Reading("entries", lambda scene: log(f"/tile/entries/000.p/{scene.size}")(scene)),
            Reading("openings", lambda scene: log(f"/openings?from=0&to={scene.size}")(scene)),
            Reading("openings for the auditor", lambda scene: log(f"/openings?from=0&to={scene.size}")(scene), lambda scene: scene.quiet.auditor),
            Reading("versions of terms", contract("/terms")), Reading("a version of terms", contract("/terms/1")),
            Reading("click key", contract("/click-key")), Reading("list of adjustments", contract("/adjustments")),
            Reading("list of share links", statement("/shares"), grows=True), Reading("proof of a statement", statement("/proof")),
            Reading("a statement by its link", lambda scene: scene.share_path, lambda scene: scene.stranger),
            Reading("settlements", lambda scene: f"/v1/settlements?contract={scene.quiet.contract}", operator, said=without_times),
            Reading("the refused log", path("/v1/refused"), operator, grows=True), Reading("the clock", path("/v1/clock"), operator),
            Reading("heads", log("/heads"), said=first_line),
            Reading("the root log's checkpoint", path("/log/checkpoint"), said=first_line),
            Reading("a tile of the root log", lambda scene: f"/log/tile/0/000.p/{scene.root_size}"),
            Reading("rows held against the log", contract("/reconcile"), said=without_times,
                    sent=lambda scene: ("\n".join(["lead,payout", *(f"{lead},12.00" for lead in scene.leads), "L0,1.00", ""]).encode(), "text/csv")),
            Reading("terms tried", lambda scene: f"/v1/campaigns/{scene.quiet.campaign}/try", lambda scene: scene.quiet.advertiser,
                    sent=lambda scene: (b'{"lead":{"require":["email"],"min_click_to_lead_s":2}}', "application/json")),
            Reading("a lead explained", path("/v1/postbacks/explain"),
                    sent=lambda scene: (json.dumps({"target": scene.quiet.publisher.signed_target({**scene.asked, "campaign": scene.quiet.campaign}, ts=1, nonce="n" * 20)}).encode(), "application/json")),
            Reading("a disposition explained", path("/v1/postbacks/explain"), lambda scene: scene.quiet.advertiser,
                    sent=lambda scene: (json.dumps({"target": scene.quiet.advertiser.signed_target({"lead": scene.leads[3], "status": "approved"}, ts=1, nonce="n" * 20)}).encode(), "application/json")),
            Reading("the page that verifies", path("/verify")),
            Reading("the key as a witness", path("/witness/key"), lambda scene: scene.stranger),
            Reading("a party", lambda scene: f"/v1/parties/{scene.quiet.publisher.id}"), Reading("a campaign", lambda scene: f"/v1/campaigns/{scene.quiet.campaign}", lambda scene: scene.quiet.advertiser),
            Reading("published keys", path("/.well-known/jwks.json")), Reading("log keys", path("/log/keys"), grows=True),
            Reading("the API's description", path("/openapi.json"))]


def writings():
    return [each() for each in (
        Click, View, Impression, ThankYou, LeadByQuery, LeadByJson, LeadByForm, LeadByKey, LeadByTouches, LeadOfForeignDomain, LeadElsewhere, Duplicate, DuplicateByPhone, NoClick, Replay, SameTxid,
        OtherUnderTxid, OtherUnderNonce, SaidByPostback, Dispose, PartyCreate, PartyCreateAgain, SecretCreate, CampaignPatch, ContractCreate, CodeCreate, KeyPut,
        Statement, StatementAnswer, LeadsByToken, DispositionsInBulk, TokenCreate, TokenEnd, Grant, ContractPatch, Adjust, Assent, Share, ShareEnd, CampaignCreate, CampaignPause, PartyByLaw, PostbackKeyPut,
        PostbackKeyDelete, Withdraw, AdjustmentAssent, Erase, Confirm, Cosign)]
