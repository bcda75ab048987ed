"""The served description: clean under Redocly's recommended rules, with examples, and what a real market sends and gets fits it."""

import copy
import json
import subprocess
import unittest
import urllib.parse
from pathlib import Path

from harness import BROWSER, Caller, Market, ServerCase, person, wait_for

import client  # from scripts/, where harness points to

SCRIPT = Path(__file__).with_name("openapi.mjs")
MODES = ("jws", "html", "csv")


def judge(*cases):
    """What the script says of each (document, exchanges)."""
    given = json.dumps([{"document": document, "exchanges": exchanges} for document, exchanges in cases])
    done = subprocess.run(["node", str(SCRIPT)], input=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Recorder:
    """Every request that goes through client.send while it is in force, as the script wants them."""

    def __init__(self):
        self.exchanges, self.plain = [], client.send

    def __enter__(self):
        client.send = self.send
        return self

    def __exit__(self, *_):
        client.send = self.plain

    def send(self, url, method="GET", body=None, headers=None):
        answer = self.plain(url, method, body, headers)
        sent_type = {name.lower(): value for name, value in (headers or {}).items()}.get("content-type", "")
        self.exchanges.append({
            "method": method, "path": urllib.parse.urlsplit(url).path or "/", "sent": (body or b"").decode(), "sentType": sent_type,
            "status": answer.status, "type": answer.headers.get_content_type(), "body": answer.body.decode(errors="replace")})
        return answer


def tell_a_whole_story(server):
    """Calls every operation of the API with success, and some without."""
    market = Market(server)
    market.put_keys()
    operator, advertiser, publisher = market.operator, market.advertiser, market.publisher
    lead = report_leads(market)
    for path in ("/v1/parties", "/v1/campaigns", "/v1/contracts", f"/v1/parties/{publisher.id}", f"/v1/campaigns/{market.campaign}",
                 f"/v1/contracts/{market.contract}", f"/v1/contracts/{market.contract}/codes", f"/v1/contracts/{market.contract}/leads",
                 f"/v1/leads/{lead}", "/.well-known/jwks.json", "/log/keys", "/", "/healthz", "/readyz", "/metrics", "/openapi.json",
                 "/t.js"):
        operator.do("GET", path)
    advertiser.patch(f"/v1/campaigns/{market.campaign}", {"return_days": 14, "review": None})
    operator.patch(f"/v1/contracts/{market.contract}", {"price": {"lead": [{"micros": 9_000_000}]}})
    made = publisher.post(f"/v1/parties/{publisher.id}/secrets", {})
    publisher.post(f"/v1/parties/{publisher.id}/secrets", {"retire": made["kid"]})
    Caller(publisher.base, publisher.post(f"/v1/parties/{publisher.id}/tokens", {})["token"]).do("GET", "/v1/contracts")
    settle(market)
    read_the_logs(market, lead)
    be_refused(market)


def report_leads(market):
    publisher, advertiser = market.publisher, market.advertiser
    click = market.click("?sub1=november")
    client.send(f"{market.code['pixel_url']}?event=view&click_id={click}", headers=BROWSER)
    lead = publisher.postback(person(click_id=click, f_age="41", sub1="mine")).json["lead"]
    publisher.postback(person(click_id=click, phone=None))
    publisher.postback(person(click_id=click, **{"return": "taken"}))
    publisher.postback_form(person(click_id=click, test="1"))
    other = publisher.postback_json(person(click_id=click, fields={"age": 41}, touches=[click])).json["lead"]
    advertiser.postback({"lead": lead, "status": "approved"})
    advertiser.do("POST", f"/v1/leads/{other}/dispositions", {"status": "rejected", "reason": "wrong number"})
    return lead


def settle(market):
    advertiser, publisher = market.advertiser, market.publisher
    statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
    for mode in MODES:
        advertiser.do("GET", f"/v1/statements/{statement}?format={mode}")
    for _ in range(2):
        advertiser.answer_statement(statement)
    jws = publisher.jws({"at": client.rfc3339(), "statement_sha256": "0" * 64, "verdict": "accept"})
    publisher.call("POST", f"/v1/statements/{statement}/responses", {"jws": jws})
    for path in ("", "/lines", "/checkpoint", "/responses"):
        publisher.do("GET", f"/v1/statements/{statement}{path}")
    publisher.do("GET", "/v1/statements")


def read_the_logs(market, lead):
    operator = market.operator
    wait_for(lambda: operator.call("GET", f"/v1/leads/{lead}/proof").status == 200, what="the lead's proof")
    for log in ("", f"/{market.contract}"):
        size = wait_for(lambda log=log: int(operator.do("GET", f"/log{log}/checkpoint").text.split("\n")[1]), what="a log with entries")
        operator.do("GET", f"/log{log}/tile/0/000.p/{size}")
        operator.do("GET", f"/log{log}/tile/entries/000.p/{size}")
    operator.do("GET", f"/log/{market.contract}/openings?from=0&to={size}")


def be_refused(market):
    click = market.click()
    market.publisher.call("GET", "/v1/leads/nobody")
    market.publisher.call("POST", "/v1/parties", {"name": "x", "kind": "auditor"})
    market.operator.call("POST", "/v1/campaigns", {"advertiser": market.advertiser.id, "name": "x", "currency": "EURO", "landing_url": "x"})
    market.publisher.postback(person(click_id=click, email="x" * 600))
    client.send(market.server.url + "/postback?kid=x")
    client.send(market.server.url + "/c/unknown")


def answer_of_a_postback(document):
    return document["components"]["schemas"]["PostbackAnswer"]["properties"]


def body_of_a_party(document):
    return document["paths"]["/v1/parties"]["post"]["requestBody"]["content"]["application/json"]


# A change of the description, and where which words must show up.
CHANGES = (
    ("a removed path", lambda d: d["paths"].pop("/v1/leads/{lead}"), "misfits", "no such operation"),
    ("a word too few", lambda d: answer_of_a_postback(d)["status"]["enum"].remove("rejected"), "misfits", "/status"),
    ("a member too few", lambda d: answer_of_a_postback(d).pop("receipt"), "misfits", "receipt"),
    ("a member of another type", lambda d: answer_of_a_postback(d)["index"].update(type="string"), "misfits", "/index"),
    ("a path that nobody calls", lambda d: d["paths"].update({"/v1/dreams": d["paths"]["/v1/parties"]}), "unreached", "/v1/dreams"),
    ("an operation without security", lambda d: d["paths"]["/v1/leads/{lead}"]["get"].pop("security"), "problems", "security-defined"),
    ("an operation that never fails", lambda d: d["paths"]["/v1/leads/{lead}"]["get"]["responses"].pop("4XX"), "problems", "4xx-response"),
    ("an example that does not fit", lambda d: body_of_a_party(d)["example"].update(kind="emperor"), "problems", "examples"),
    ("a missing example", lambda d: body_of_a_party(d).pop("example"), "bare", "post /v1/parties request application/json"),
)


def changed(document, change):
    document = copy.deepcopy(document)
    change(document)
    return document


class Description(ServerCase):
    @classmethod
    def set_up_market(cls):
        with Recorder() as recorder:
            tell_a_whole_story(cls.server)
        cls.exchanges = recorder.exchanges
        document = client.send(cls.server.url + "/openapi.json").json
        cases = [(document, cls.exchanges)] + [(changed(document, change), cls.exchanges) for _, change, _, _ in CHANGES]
        cls.verdict, *cls.of_changes = judge(*cases)

    def test_it_is_clean_under_the_recommended_rules_and_its_examples_fit(self):
        self.assertEqual(self.verdict["problems"], [])

    def test_every_body_has_an_example(self):
        self.assertEqual(self.verdict["bare"], [])

    def test_what_is_sent_and_answered_fits(self):
        self.assertGreater(len(self.exchanges), 50)
        self.assertEqual(self.verdict["misfits"], [])

    def test_every_operation_was_called(self):
        self.assertEqual(self.verdict["unreached"], [])

    def test_each_change_of_the_description_is_noticed(self):
        for (name, _, part, words), verdict in zip(CHANGES, self.of_changes):
            with self.subTest(name):
                self.assertTrue(any(words in line for line in verdict[part]), verdict[part])


if __name__ == "__main__":
    unittest.main()
