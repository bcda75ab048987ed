"""The served description: clean under Redocly's recommended rules, with examples, and what a real market sends and gets fits it."""

import copy
import json
import subprocess
import tempfile
import unittest
import urllib.parse
from pathlib import Path

from harness import ServerCase, person, wait_for
from test_notices import Post
from whole_story import tell_a_whole_story

import client  # from scripts/, where harness points to

SCRIPT = Path(__file__).with_name("openapi.mjs")


def judge(*cases):
    """What the script says of each (document, exchanges)."""
    given = json.dumps([{"document": document, "exchanges": exchanges} for document, exchanges in cases])
    done = subprocess.run(["node", str(SCRIPT)], input=given, capture_output=True, text=True, timeout=300, check=False)
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


def be_witnessed(server, market):
    """The server is its own witness: for its description's sake alone."""
    server.be_its_own_witness()
    for path in ("/log/witnessed", f"/log/{market.contract}/witnessed", "/witness/key"):
        wait_for(lambda path=path: market.operator.call("GET", path).status == 200, what=path)
    note = client.send(server.url + "/log/witnessed").body
    size = note.split(b"\n")[1]
    assert client.send(server.url + "/witness/add-checkpoint", "POST", b"old %s\n\n%s" % (size, note), {"Content-Type": "text/plain"}).status == 200


def be_told(market, post):
    """A webhook that leads to where the server does not call, and what was attempted there."""
    publisher, hook = market.publisher, f"/v1/parties/{market.publisher.id}/webhook"
    publisher.put(hook, {"macro_url": "https://127.0.0.1:1/?cid={click_id}"})
    publisher.put(hook, {"url": "https://127.0.0.1:1/"})
    publisher.get(hook)
    publisher.postback(person(click_id=market.click()))
    publisher.post(hook + "/test", {})
    wait_for(lambda: all(made["attempts"] for made in publisher.get("/v1/deliveries")["data"]), what="attempts")
    for made in publisher.get("/v1/deliveries")["data"]:
        publisher.get(f"/v1/deliveries/{made['id']}")
    publisher.post(f"/v1/deliveries/{made['id']}/resend", {})
    publisher.delete(hook)
    notices = f"/v1/parties/{publisher.id}/notices"
    publisher.put(notices, {"email": "p@example.com", "kinds": ["statement"]})
    publisher.get(notices)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    client.send(publisher.base + "/sign-in/link", "POST", b"email=p%40example.com", form)
    mail = wait_for(lambda: post.taken("p@example.com"), 30, "a link")[0]
    link = next(line for line in mail.get_content().splitlines() if "/sign-in/link/" in line)
    client.send(link, "GET", None, {"Accept": "text/html"})
    client.send(link, "POST", b"", form)
    market.operator.post(f"/v1/contracts/{market.contract}/statements", {})
    mail = wait_for(lambda: [mail for mail in post.taken("p@example.com") if mail["List-Unsubscribe"]], 30, "a notice")[0]
    link = mail["List-Unsubscribe"].strip("<>")
    client.send(link)
    client.send(link, "POST", b"", {"Content-Type": "application/x-www-form-urlencoded"})
    publisher.delete(notices)
    advertiser, crm = market.advertiser, f"/v1/campaigns/{market.campaign}/crm"
    advertiser.put(crm, {"recipe": "json", "url": "https://127.0.0.1:1/", "token": "t", "fields": {"f_age": "age"}, "fixed": {"n": 1}, "columns": {"Deal": "txid", "Stage": "status"}, "statuses": {"Won": "approved"}})
    advertiser.get(crm)
    made = advertiser.post(crm + "/test", {})
    advertiser.get(f"/v1/deliveries/{made['id']}")
    advertiser.post(f"/v1/dispositions?campaign={market.campaign}", [{"Deal": "nobody's", "Stage": "Won"}])
    advertiser.delete(crm)
    advertiser.get("/v1/leads?from=2026-01-01T00:00:00Z&to=2099-01-01T00:00:00Z")
    advertiser.do("GET", "/v1/leads", headers={"Accept": "text/csv"})
    advertiser.do("GET", f"/v1/contracts/{market.contract}/leads", headers={"Accept": "text/csv"})


def be_seeded(market):
    """Behind the statement comes what the campaign knows of leads."""
    entries = wait_for(lambda: [entry for _, entry in market.entries() if b'"origin":"seed"' in entry], 30, "a seed")
    market.publisher.do("GET", f"/v1/contracts/{market.contract}/models/{json.loads(entries[0])['sha256']}")


def look_as_advertiser(market):
    """The advertiser's pages, and their forms as a session before sends them."""
    advertiser, form = market.advertiser, {"Content-Type": "application/x-www-form-urlencoded"}
    signed = client.send(advertiser.base + "/sign-in", "POST", b"token=" + advertiser.token.encode(), form)
    cookie = {"Cookie": signed.headers["Set-Cookie"].split(";")[0]}
    campaign, statement = "/campaigns/" + market.campaign, advertiser.get("/v1/statements")["data"][0]["id"]
    for path in ("/review", "/campaigns", campaign, campaign + "/rules", campaign + "/landing", campaign + "/crm", "/answers", "/reconcile", f"/statements/{statement}/answer"):
        client.send(advertiser.base + path, "GET", None, {**cookie, "Accept": "text/html"})
        client.send(advertiser.base + path, "POST", b"", {**form, **cookie, "Sec-Fetch-Site": "same-origin"})
    for path in ("/publishers", "/leads.csv"):
        client.send(advertiser.base + path, "GET", None, cookie)


class Description(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.post = Post()
        cls.addClassCleanup(cls.post.stop)
        cls.copies = tempfile.TemporaryDirectory(prefix="countersign-copies-")
        cls.addClassCleanup(cls.copies.cleanup)
        cls.settings = {"BACKUP_DIR": cls.copies.name, "SMTP_URL": cls.post.url, "SMTP_FROM": "c@operator.example", "NOTICE_S": 1}
        super().setUpClass()

    @classmethod
    def set_up_market(cls):
        with Recorder() as recorder:
            market = tell_a_whole_story(cls.server)
            be_told(market, cls.post)
            look_as_advertiser(market)
            be_witnessed(cls.server, market)
            be_seeded(market)
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
