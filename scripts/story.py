#!/usr/bin/python3
"""One whole story against a running server, told in plain words: from a tracking code to a statement that both parties signed and an
auditor recomputed. Exits 1 at the first step that does not hold."""

import argparse
import html
import html.parser
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from client import Caller, Party, Refused, click, jws_payload, money, send, statement_payload

PRICE_MICROS = 12_000_000
READY_S = 30
PATIENCE_S = 2  # with one answer of who may be another


class Broken(Exception):
    """A step did not hold."""


def hold(condition, what):
    if not condition:
        raise Broken(what)


def tell(text=""):
    print(text, flush=True)


def wait_ready(what, url, pid, log):
    """Until the process answers there; it may end instead, another's port taken."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            lines = Path(log).read_text(errors="replace").strip().splitlines()
            raise Broken(f"{what} did not start: " + (lines[-1] if lines else "it said nothing")) from None
        try:
            if send(url, timeout_s=PATIENCE_S).status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise Broken(f"{what} was not ready after {READY_S} s")


def fill_form(click_id, **changes):
    """What the landing page's form sends, one person each time."""
    person = secrets.token_hex(4)
    fields = {"click_id": click_id, "txid": "form-" + person, "email": f"ana.{person}@example.com", "country": "FR",
              "phone": "+336" + str(secrets.randbelow(10**8)).zfill(8), "first_name": "Ana", "last_name": "Martin"}
    return {**fields, **changes}


class Page(html.parser.HTMLParser):
    """Of a page: its scripts, what its form would send as it stands, the text of each element with an id."""

    VOID = ("meta", "link", "input")

    def __init__(self, text):
        super().__init__()
        self.fields, self.scripts, self.texts, self.ids = {}, [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "script":
            self.scripts.append(given.get("src", ""))
        elif tag == "input" and given.get("name") and (given.get("type") != "radio" or "checked" in given):
            self.fields[given["name"]] = given.get("value", "")
        if tag not in self.VOID:
            self.ids.append(given.get("id"))

    def handle_endtag(self, tag):
        self.ids.pop()

    def handle_data(self, data):
        for name in filter(None, self.ids):
            self.texts[name] = self.texts.get(name, "") + data


class Story:
    def __init__(self, args):
        self.url, self.binary, self.demo, self.demo_state = args.url, args.binary, args.demo, Path(args.demo_state)
        self.demo_pid, self.demo_log, self.month = args.demo_pid, args.demo_log, Path(args.month)
        self.operator = Caller(self.url, (Path(args.data) / "operator.token").read_text().strip())

    def agree(self):
        """Who takes part and under which terms."""
        self.advertiser = Party(self.operator, "Solaire Lumen", "advertiser")
        self.publisher = Party(self.operator, "Comparateur Nord", "publisher")
        self.auditor = Party(self.operator, "Cabinet Audit & Fils", "auditor")
        tell("Three parties: the advertiser Solaire Lumen, the publisher Comparateur Nord, an auditor.")
        self.advertiser.put_key()
        self.publisher.put_key()
        tell("Advertiser and publisher each put the public half of an Ed25519 key of their own on record.")

        self.campaign = self.advertiser.post("/v1/campaigns", {
            "advertiser": self.advertiser.id, "name": "Solar roof", "currency": "EUR", "landing_url": self.demo + "/",
            "timezone": "Europe/Paris", "lead": {"require": ["email", "phone"]}, "review": {"mode": "manual"}})["id"]
        self.contract = self.contract_with(self.publisher)
        self.operator.post(f"/v1/contracts/{self.contract}/grants", {"party": self.auditor.id})
        tell(f"A campaign, and contract {self.contract}: {money(PRICE_MICROS, 'EUR')} for a French lead, 8.00 EUR for another. "
             "The auditor may read it.")
        self.code = self.publisher.post(f"/v1/contracts/{self.contract}/codes", {"label": "newsletter"})
        tell(f"The publisher's tracking link: {self.code['click_url']}")

    def contract_with(self, publisher):
        return self.operator.post("/v1/contracts", {
            "campaign": self.campaign, "publisher": publisher.id,
            "price": {"lead": [{"when": {"field": "country", "in": ["FR"]}, "micros": PRICE_MICROS}, {"micros": 8_000_000}]}})["id"]

    def open_site(self):
        """The advertiser's site learns what it needs to know: its campaign, the tag, its own postback secret."""
        self.publishers, self.tracking = {self.contract: self.publisher.name}, [{"name": self.publisher.name, "url": self.code["click_url"]}]
        for name in ("Guide Maison", "Le Bon Toit"):
            publisher = Party(self.operator, name, "publisher")
            contract = self.contract_with(publisher)
            self.publishers[contract] = name
            code = publisher.post(f"/v1/contracts/{contract}/codes", {"label": "links"})
            self.tracking.append({"name": name, "url": code["click_url"]})
        tag = self.code["tag"].replace(self.code["code"], self.code["code"] + "&amp;consent=required")
        state = {"tracker": self.url, "campaign": self.campaign, "kid": self.advertiser.kid, "secret": self.advertiser.secret,
                 "tag": tag, "links": self.tracking, "publishers": self.publishers}
        with open(os.open(self.demo_state, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(state, file)
        wait_ready("the landing page", self.demo + "/", self.demo_pid, self.demo_log)
        tell(f"Two more publishers, Guide Maison and Le Bon Toit. The advertiser's landing page: {self.demo}/")

    def visit(self):
        """One visitor clicks through and sees the landing page."""
        answer, self.click_id = click(self.code["click_url"] + "?sub1=november")
        hold(answer.status == 302 and self.click_id, f"the click was not redirected with a click id: {answer}")
        tell(f"\nA visitor clicks: 302 to {answer.headers['Location']}")
        page = send(answer.headers["Location"])
        hold(page.status == 200 and any("/t.js?code=" in source for source in Page(page.text).scripts), f"the landing page has no tag: {page}")
        pixel = send(f"{self.code['pixel_url']}?event=view&click_id={self.click_id}")
        hold(pixel.status == 200 and len(pixel.body) == 43, f"the pixel is not a 43-byte GIF: {pixel}")
        tell("The landing page's pixel: 200, 43 bytes.")

    def expect(self, answer, status, reason, what):
        hold(answer.status == 200, f"{what}: {answer}")
        got = answer.json
        hold((got["status"], got["reason"]) == (status, reason), f"{what}: expected {status} {reason}, got {answer}")
        receipt = jws_payload(got["receipt"])
        hold(receipt["index"] == got["index"] and receipt["contract"] == self.contract, f"{what}: the receipt does not fit: {receipt}")
        because = f" ({reason})" if reason else ""
        tell(f"{what}: {status}{because}, entry {got['index']}, {money(got['payout_micros'], got['currency'])}, signed receipt.")
        return got

    def report(self):
        """Leads as they come in reality: good, incomplete, twice, unsigned, and one the advertiser does not want."""
        good = fill_form(self.click_id)
        self.lead = self.expect(self.publisher.postback(good), "pending", "", "A lead by a signed postback")
        self.expect(self.publisher.postback(fill_form(self.click_id, phone="")), "rejected", "missing_field", "A lead without a phone number")
        self.expect(self.publisher.postback({**good, "txid": "form-again"}), "duplicate", "duplicate", "The first person once more")
        other = self.expect(self.publisher.postback_json(fill_form(self.click_id, country="BE")), "pending", "", "A Belgian lead as signed JSON")
        target = self.publisher.signed_target(fill_form(self.click_id))
        forged = send(self.url + target[:-1] + ("0" if target[-1] != "0" else "1"))
        hold(forged.status == 401, f"a forged signature was not refused: {forged}")
        tell("A postback whose signature is off by one digit: 401, and nothing is recorded.")

        again = self.publisher.postback(good)
        hold(again.status == 200 and again.json["lead"] == self.lead["lead"] and again.json["index"] == self.lead["index"],
             f"the same txid did not answer the first lead: {again}")
        tell("The first lead reported again under its txid: the first answer again, and no second entry.")
        approved = self.advertiser.postback({"lead": self.lead["lead"], "status": "approved"})
        hold(approved.status == 200 and approved.json["status"] == "approved", f"the approval failed: {approved}")
        rejected = self.advertiser.do("POST", f"/v1/leads/{other['lead']}/dispositions", {"status": "rejected", "reason": "wrong number"})
        hold(rejected.json["status"] == "rejected", f"the rejection failed: {rejected}")
        tell("The advertiser approves the first lead by a signed postback and rejects the Belgian one through the API.")

    def settle(self):
        """The statement, and both parties' signatures under it."""
        made = self.operator.post(f"/v1/contracts/{self.contract}/statements", {})
        self.statement = made["id"]
        payload = statement_payload(self.advertiser.do("GET", f"/v1/statements/{self.statement}").body)
        hold(payload == statement_payload(self.publisher.do("GET", f"/v1/statements/{self.statement}").body),
             "the two parties did not get the same statement")
        read = json.loads(payload)
        leads, currency = read["counts"]["leads"], read["currency"]
        tell(f"\nStatement {self.statement} over entries {read['period']['from']} to {read['period']['to']}, the same bytes for both parties:")
        tell(f"  clicks {read['counts']['clicks']['total']}, views {read['counts']['views']['total']}, leads {leads['total']}: "
             f"approved {leads['approved']}, duplicate {leads['duplicate']}, "
             f"rejected {sum(leads['rejected'].values())}, pending {leads['pending']}")
        tell(f"  gross {money(read['gross_micros'], currency)}, net {money(read['net_micros'], currency)}, "
             f"payable {read['payable_minor'] / 10 ** read['exponent']:.{read['exponent']}f} {currency}")
        hold(read["net_micros"] == PRICE_MICROS and leads["total"] == 4 and leads["approved"] == 1
             and read["counts"]["clicks"]["total"] == 1 and read["counts"]["views"]["total"] == 1, f"the totals are wrong: {read}")
        for who, party in (("advertiser", self.advertiser), ("publisher", self.publisher)):
            answer = party.answer_statement(self.statement)
            hold(answer.status // 100 == 2, f"the {who} could not countersign: {answer}")
        tell("Advertiser and publisher each check it and countersign with their own key: accept.")

    def audit(self):
        """The auditor trusts nobody: pulls everything, recomputes everything, offline."""
        with tempfile.TemporaryDirectory() as folder:
            mirror = os.path.join(folder, "mirror")
            self.countersign("pull", self.url, mirror, "--contract", self.contract, "--token", self.auditor.token)
            files = [path for path in Path(mirror).rglob("*") if path.is_file()]
            tell(f"\nThe auditor pulls the contract ({len(files)} files) and verifies it offline, with nothing but public keys:")
            tell(self.countersign("verify", mirror).rstrip())
            hold(self.verify_status(mirror, files) == 1, "verify did not notice a changed byte")
            tell("One byte of the copy changed: verify says so.")

    def verify_status(self, mirror, files):
        """Changes one byte of the log's entries and verifies."""
        bundle = next(path for path in files if "entries" in path.parts and self.contract in path.parts)
        content = bytearray(bundle.read_bytes())
        content[len(content) // 2] ^= 1
        bundle.write_bytes(content)
        return subprocess.run([self.binary, "verify", mirror], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode

    def countersign(self, *arguments):
        done = subprocess.run([self.binary, *arguments], capture_output=True, text=True, check=False)
        hold(done.returncode == 0, f"countersign {arguments[0]} exited {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def try_site(self):
        """What the reader may do by hand: from each publisher's link, and from none, to the landing page, its form, the answer."""
        tell("\nThe landing page, as three publishers' visitors and one of nobody use it:")
        for who, link in [*((link["name"], link["url"]) for link in self.tracking), ("nobody", self.demo + "/")]:
            answer, click_id = click(link)
            form = Page(send(answer.headers["Location"]).text if click_id else answer.text).fields
            person = secrets.token_hex(4)
            form.update(click_id=click_id or "", f_postcode="75011", f_bill="90", last_name="Martin", email=f"zoe.{person}@example.com",
                        phone="+336" + str(secrets.randbelow(10**8)).zfill(8), country="FR")  # the click id by the tag, after consent
            said = [Page(send(self.demo + "/", "POST", urllib.parse.urlencode(form).encode(),
                              {"Content-Type": "application/x-www-form-urlencoded"}).text).texts for _ in range(2)]
            hold(said[0].get("credited") == who and "signed by the published key" in said[0].get("checked", ""), f"the form of {who}'s visitor: {said[0]}")
            hold(said[0]["lead"] == said[1]["lead"], f"the same form sent twice is two leads: {said}")
            tell(f"  from {who}: {' '.join(said[0]['verdict'].split())} Worth {said[0]['payout']}, receipt {said[0]['checked'].strip()}.")

    def pages(self):
        """Each of them signs in, as they would in a browser, and finds what they came for."""
        tell(f"\nSign in at {self.url}/sign-in with a token, or once by its link (they are this demonstration's alone):")
        operator = self.operator.get("/v1/parties?limit=1")["data"][0]["id"]
        for role, token, party, shows in (("publisher", self.publisher.token, self.publisher.id, self.publisher.name),
                                          ("advertiser", self.advertiser.token, self.advertiser.id, self.advertiser.name),
                                          ("auditor", self.auditor.token, self.auditor.id, self.contract),
                                          ("operator", self.operator.token, operator, self.publisher.name), *self.of_month()):
            signed_in = send(self.url + "/sign-in", "POST", urllib.parse.urlencode({"token": token, "to": "/"}).encode(),
                             {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url})
            hold(signed_in.status == 303, f"the {role} cannot sign in: {signed_in}")
            home = send(self.url + signed_in.headers["Location"], headers={"Cookie": "; ".join(one.split(";")[0] for one in signed_in.headers.get_all("Set-Cookie")), "Accept": "text/html"})
            hold(home.status == 200 and html.escape(shows) in home.text, f"the page of the {role}: {home}")
            link = self.operator.post(f"/v1/parties/{party}/invitations", {})["invite_url"]
            hold(send(link, headers={"Accept": "text/html"}).status == 200, f"the link of the {role} does not open")
            tell(f"  {role:22} {token}\n  {'':22} {link}")

    def of_month(self):
        """Those who look back on a month, where the folder began with one: role, token, party, what their page shows."""
        if self.month.exists():
            for role, who in json.loads(self.month.read_text()).items():
                yield role + ", a month", who["token"], who["party"], who["name"]

    def links(self):
        tell("\nEvery step held. Links to open:")
        for number, link in enumerate(self.tracking):
            hold(send(link["url"], "HEAD").status == 302, f"{link} does not open")
            tell(f"  {'publishers' if number == 0 else '':22} {link['url']}  ({link['name']})")
        for what, link in (("landing page", self.demo + "/"), ("start page", self.url + "/"), ("statement", self.operator.post(f"/v1/statements/{self.statement}/shares", {})["url"]),
                           ("API description", self.url + "/openapi.json"), ("tag for landing pages", self.url + "/t.js"),
                           ("statement keys", self.url + "/.well-known/jwks.json"), ("root log", self.url + "/log/checkpoint"),
                           ("metrics", self.url + "/metrics")):
            answer = send(link)
            hold(answer.status in (200, 302), f"{link} does not open: {answer}")
            tell(f"  {what:22} {link}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--data", required=True, help="the server's folder, for the operator's token")
    parser.add_argument("--binary", required=True, help="countersign, for pull and verify")
    parser.add_argument("--pid", required=True, type=int, help="the server's process")
    parser.add_argument("--log", required=True, help="the server's stderr")
    parser.add_argument("--demo", required=True, help="URL of the landing page's site")
    parser.add_argument("--demo-state", required=True, help="where that site reads what it is told")
    parser.add_argument("--demo-pid", required=True, type=int, help="that site's process")
    parser.add_argument("--demo-log", required=True, help="that site's stderr")
    parser.add_argument("--month", required=True, help="who took part in the month that the folder began with, where it did")
    args = parser.parse_args()
    try:
        wait_ready("the server", args.url + "/readyz", args.pid, args.log)
        story = Story(args)
        for chapter in (story.agree, story.open_site, story.visit, story.report, story.settle, story.audit, story.try_site, story.pages, story.links):
            chapter()
    except (Broken, Refused, OSError, KeyError) as problem:
        print(f"\nThe story broke: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
