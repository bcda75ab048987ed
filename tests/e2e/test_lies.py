"""An operator who lies with the real keys, consistently, in every way that this project could think of: each lie is caught by the tool that its row
of the README names, or stands there as one that no tool shows. The honest mirror passes every tool."""

import json
import secrets
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from harness import BROWSER, SOURCE, Market, Party, ServerCase, click, countersign, person, rfc3339, wait_for

sys.path.insert(0, str(SOURCE / "tests/support"))
from book import Book, b64u, canonical, sha256, verify  # noqa: E402
from forge import Keys, compact, public  # noqa: E402
from second import second_verify, verify_twice  # noqa: E402

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402

HOUR, DAY = 3_600_000, 86_400_000


class Tale:
    """What happened honestly, and what everybody kept of it."""

    def __init__(self, server, folder):
        self.server, self.folder = server, Path(folder)
        market = self.market = Market(server, campaign={"lead": {"require": ["email"], "min_click_to_lead_s": 0}, "review": {"mode": "auto", "auto_approve_days": 14}},
                                      contract={"price": {"lead": [{"when": {"field": "country", "in": ["FR"]}, "micros": 12_000_000}, {"micros": 8_000_000}], "click_micros": 1000}})
        market.put_keys()
        self.other_publisher = Party(server.operator, "Other publisher", "publisher")
        self.other = market.new_contract(self.other_publisher)
        server.operator.post(f"/v1/contracts/{self.other}/grants", {"party": market.auditor.id})
        self.other_code = market.new_code(self.other_publisher, self.other)
        self.clicks, self.receipts = [], []
        self.early = self.pull("early", market.publisher.token)
        for txid in ("A1", "A2", "A3", "A4", "A5"):
            self.report(txid)
        self.report("A6", country="DE")
        self.report("A7", email="lea.known@example.com")
        self.report("A8", email="lea.known@example.com")
        for txid, status in (("A1", "approved"), ("A2", "approved"), ("A3", "rejected")):
            self.dispose(txid, status)
        self.first = self.settle()
        market.advertiser.do("PATCH", f"/v1/parties/{market.advertiser.id}", {"legal": {"name": "Lumen SA", "country": "FR"}})
        for txid in ("B1", "B2", "B3"):
            self.report(txid)
        self.dispose("A2", "returned")
        self.dispose("A4", "approved")
        self.middle = self.pull("middle", market.publisher.token)
        elsewhere = click(self.other_code["click_url"], **BROWSER)[1]
        self.elsewhere = self.other_publisher.postback(person(txid="E1", click_id=elsewhere, email="both@example.com")).json
        self.report("B4", email="both@example.com")
        self.second = self.settle(answer=False)
        self.report("C1")
        self.minted = server.operator.post(f"/v1/parties/{market.advertiser.id}/tokens", {})
        market.publisher.post(f"/v1/parties/{market.publisher.id}/secrets", {})
        wait_for(lambda: sum(b'"kind":"credential"' in entry for _, entry in market.entries()) == 6, what="what was made to be told")
        self.honest = self.pull("honest", market.publisher.token)
        self.advertisers = self.pull("advertisers", market.advertiser.token)
        self.joined = self.pull("joined", market.auditor.token, self.other)

    def report(self, txid, **members):
        self.clicks.append(self.market.click())
        self.clicks.append(self.market.click())
        answer = self.market.publisher.postback(person(txid=txid, click_id=self.clicks[-1], **members))
        assert answer.status == 200, answer
        self.receipts.append(answer.json["receipt"])

    def dispose(self, txid, status):
        answer = self.market.advertiser.postback({"txid": txid, "status": status})
        assert answer.status == 200, answer
        self.receipts.append(answer.json["receipt"])

    def settle(self, answer=True):
        statement = self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]
        for party in (self.market.advertiser, self.market.publisher) if answer else ():
            party.answer_statement(statement)
        return statement

    def kept(self, name):
        """A file of what the publisher kept: receipts, or click ids."""
        path = self.folder / f"{name}.kept"
        path.write_text("".join(line + "\n" for line in getattr(self, name)))
        return path

    def pins(self):
        path = self.folder / "pins"
        path.write_text(countersign("verify", self.honest, "--print-pin").stdout)
        return path

    def end(self):
        """The time of the last honest entry."""
        return verify.rfc3339(Book(self.honest, None).entries[-1]["at"])

    def pull(self, name, token, contract=None):
        done = countersign("pull", self.server.url, self.folder / name, "--contract", contract or self.market.contract, "--token", token)
        assert done.returncode == 0, done.stderr
        return self.folder / name


# ---- the lies: what is done to the book ----

def lead_facts(book, tale):
    book.entries[book.lead("A6")]["facts"]["country"] = "FR"


def lead_text(book, tale):
    book.entries[book.lead("B1")]["sub1"] = "cheap"


def lead_txid(book, tale):
    book.entries[book.lead("B1")]["txid"] = "B9"


def lead_sender(book, tale):
    book.entries[book.lead("B1")]["party"] = tale.market.advertiser.id


def lead_person(book, tale):
    at = book.lead("B1")
    book.open_with(at, {**book.opening(at)["contact"], "email": "other@example.com"}, {"email": b64u(secrets.token_bytes(16))})


def lead_called_test(book, tale):
    book.entries[book.lead("B1")]["test"] = True


def lead_called_bad(book, tale):
    book.entries[book.lead("B1")]["bad"] = ["email"]


def lead_of_another_click(book, tale):
    lead = book.entries[book.lead("B1")]
    lead["click"] = book.find("click", 0)
    lead["clicked_ms"] = book.entries[lead["click"]]["at"]


def lead_without_its_click(book, tale):
    lead = book.entries[book.lead("B1")]
    for member in ("click", "clicked_ms", "placement"):
        del lead[member]


def lead_of_an_unrecorded_click(book, tale):
    lead = book.entries[book.lead("B1")]
    del lead["placement"]
    lead |= {"click": 1234567, "click_unrecorded": True}


def lead_dropped(book, tale):
    book.drop(book.lead("B3"))


def lead_of_closed_period_dropped(book, tale):
    book.drop(book.lead("A5"))


def last_lead_dropped(book, tale):
    book.drop(book.lead("C1"))
    book.go_on(10 * 60_000)


def lead_moved(book, tale):
    click = book.entries[book.lead("B2")]["click"]
    for entry in book.entries[book.entries[book.lead("B1")]["click"]:book.lead("B2")]:
        entry["at"] = book.entries[book.lead("B2")]["at"]
    for lead in (book.lead("B1"), book.lead("B2")):
        book.entries[lead]["clicked_ms"] = book.entries[lead]["at"]
    book.move(click, book.entries[book.lead("B1")]["click"])
    book.move(book.lead("B2"), book.lead("B1"))


def lead_invented(book, tale):
    at = book.lead("B3")
    book.insert(at + 1, {**book.entries[at], "txid": "B8"}, book.opening(at))
    book.open_with(at + 1, {**book.opening(at)["contact"], "email": "nobody@example.com", "phone": "+33699887766"}, {"email": b64u(secrets.token_bytes(16)), "phone": b64u(secrets.token_bytes(16))})


def lead_backdated(book, tale):
    at = book.lead("B3")
    book.entries[at]["at"] = book.entries[at - 1]["at"] - 1000


def lead_dated_before_its_click(book, tale):
    click = book.entries[book.lead("B3")]["click"]
    book.entries[book.lead("B3")]["at"] = book.entries[click]["at"]
    book.move(book.lead("B3"), click)


def lead_redecided(book, tale):
    lead = book.entries[book.lead("B3")]
    for member in ("tier", "payout_micros", "due_ms"):
        lead.pop(member, None)
    lead |= {"reason": "outside_profile", "status": "rejected"}


def price_of_a_lead_lowered(book, tale):
    book.entries[book.lead("B3")]["payout_micros"] -= 1


def terms_of_old_rewritten(book, tale):
    for entry in book.entries:
        if entry["kind"] == "terms":
            entry["contract"]["price"]["lead"][0]["micros"] = 11_000_000
    for entry in book.entries:
        if entry["kind"] == "disposition" and abs(entry.get("payable_micros", 0)) == 12_000_000:
            entry["payable_micros"] = entry["payable_micros"] // 12 * 11


def terms_slipped_in(book, tale):
    at = book.lead("B1")
    terms = json.loads(json.dumps(book.entries[book.find("terms")]))
    terms["contract"]["price"]["lead"][0]["micros"] = 9_000_000
    book.insert(at, {**terms, "at": book.entries[at]["at"], "version": 2})
    book.entries[book.find("disposition", txid="A4")]["terms"] = at
    book.entries[book.find("disposition", status="returned")]["terms"] = at


def disposition_dropped(book, tale):
    book.drop(book.find("disposition", txid="A4"))


def disposition_invented(book, tale):
    book.insert(len(book.entries), {**book.entries[book.find("disposition", txid="A4")], "at": book.entries[-1]["at"], "lead": book.lead("B1"), "status": "rejected",
                                    "text": "not reachable", "txid": "B1"})
    del book.entries[-1]["payable_micros"]


def disposition_turned(book, tale):
    book.entries[book.find("disposition", txid="A4")] |= {"status": "rejected"}
    del book.entries[book.find("disposition", txid="A4")]["payable_micros"]


def disposition_by_the_publisher(book, tale):
    book.entries[book.find("disposition", txid="A4")]["party"] = tale.market.publisher.id


def approval_withheld(book, tale):
    book.go_on(20 * DAY)
    book.go_on(HOUR)


def duplicate_here_invented(book, tale):
    lead = book.entries[book.lead("B3")]
    for member in ("tier", "payout_micros", "due_ms"):
        lead.pop(member, None)
    lead |= {"dup": {"contract": book.contract, "index": book.lead("B1")}, "reason": "duplicate", "status": "duplicate"}


def duplicate_hidden(book, tale):
    tokens = {"email": b64u(secrets.token_bytes(16)), "phone": b64u(secrets.token_bytes(16))}
    book.open_with(book.lead("A8"), tokens=tokens)


def duplicate_by_tokens_made_equal(book, tale):
    book.open_with(book.lead("B3"), tokens={"email": book.opening(book.lead("B1"))["email"]})


def duplicate_elsewhere_invented(book, tale):
    lead = book.entries[book.lead("B3")]
    like = next(entry for entry in book.entries if entry.get("dup", {}).get("contract") not in (None, book.contract))
    for member in ("tier", "payout_micros", "due_ms"):
        lead.pop(member, None)
    lead |= {"dup": like["dup"], "reason": "duplicate", "status": "duplicate"}


def duplicate_elsewhere_not_made(book, tale):
    lead = book.entries[book.lead("B4")]
    del lead["dup"]
    book.go_on(HOUR)  # so long both stand beside each other


def click_dropped(book, tale):
    """One without a lead: of the first that the test makes for it."""
    book.drop(book.lonely_click())


def click_invented(book, tale):
    at = book.lonely_click()
    book.insert(at + 1, dict(book.entries[at]), None)
    if any(opening["index"] == at for opening in book.openings):
        book.openings.append({**book.opening(at), "index": at + 1})
        book.openings.sort(key=lambda opening: opening["index"])


def click_reclassed(book, tale):
    book.entries[book.lonely_click()]["class"] = "bot"


def click_replaced(book, tale):
    book.entries[book.lonely_click()]["placement"] = 2


def gap_for_dropped_click(book, tale):
    at = book.lonely_click()
    ms = book.entries[at]["at"]
    book.drop(at)
    book.insert(at, {"at": max(ms, book.entries[at - 1]["at"]), "clicks": 1, "from_ms": ms, "kind": "gap", "to_ms": ms})


def statement_closed_early(book, tale):
    at = book.find("statement", 1)
    book.move(at, book.lead("B2"))
    book.entries[book.find("statement", 1)] |= {"at": book.entries[book.find("statement", 1) - 1]["at"], "to": book.find("statement", 1)}


def statement_dated_before_its_entries(book, tale):
    at = book.find("statement", 1)
    book.entries[at]["at"] = book.entries[at - 1]["at"] - HOUR


def statement_issued_twice(book, tale):
    at = book.find("statement", 1)
    book.insert(at + 1, {**book.entries[at], "id": "S" + "0" * 12, "from": book.entries[at]["to"], "to": at + 1})


def statement_dropped(book, tale):
    at = book.find("statement", 1)
    book.drop(at)


def answer_dropped(book, tale):
    book.drop(book.find("response", 0))


def answer_of_the_other_party(book, tale):
    first, second = book.find("response", 0), book.find("response", 1)
    book.entries[second]["jws"] = book.entries[first]["jws"]


def answer_moved_to_the_next_statement(book, tale):
    at = book.find("response", 0)
    book.insert(len(book.entries), {**book.entries[at], "at": book.entries[-1]["at"], "statement": tale.second})


def key_minted_for_a_party(book, tale):
    """And an acceptance by it of the statement that nobody answered."""
    key, at = Ed25519PrivateKey.generate(), book.entries[-1]["at"]
    like = book.entries[book.find("key", party=tale.market.publisher.id)]
    book.entries.append({**like, "at": at, "pub": b64u(public(key))})
    book.settle()
    payload = book.statements[tale.second][0]
    header, said = (json.loads(verify.b64u_decode(part)) for part in book.entries[book.find("response", party=tale.market.publisher.id)]["jws"].split(".")[:2])
    jws = compact(key, {**header, "kid": verify.thumbprint(public(key))}, canonical({**said, "statement_sha256": sha256(payload).hex()}))
    book.entries.append({"at": at, "jws": jws, "kind": "response", "party": tale.market.publisher.id, "statement": tale.second})


def credential_of_a_time_to_come(book, tale):
    """As if it had not been there yet."""
    book.entries[book.find("credential", id=tale.minted["id"])]["since_ms"] += DAY


def credential_of_nobody(book, tale):
    book.entries[book.find("credential")]["party"] = tale.other_publisher.id


def credential_by_the_other_party(book, tale):
    book.entries[book.find("credential", party=tale.market.advertiser.id)]["by"] = tale.market.publisher.id


def credential_told(book, credential, **members):
    """At the end once more, with these members."""
    at = book.find("credential", id=credential["id"]) if "id" in credential else book.find("credential", by=credential["by"], what=credential["what"])
    end = book.entries[-1]["at"]
    book.entries.append({**book.entries[at], "at": end, "since_ms": end, **members})


def credential_made_twice(book, tale):
    credential_told(book, tale.minted)


def credential_made_again_for_the_other_party(book, tale):
    credential_told(book, tale.minted, party=tale.market.publisher.id, what="postback_key")


def credential_withdrawn_twice(book, tale):
    for _ in range(2):
        credential_told(book, tale.minted, retired=True)


def credential_withdrawn_that_was_never_made(book, tale):
    credential_told(book, tale.minted, retired=True, id="AAAAAAAAAAAA")


def credential_withdrawn_before_it_was_made(book, tale):
    credential_told(book, tale.minted, retired=True)
    book.move(len(book.entries) - 1, book.find("credential", id=tale.minted["id"]))
    book.entries[book.find("credential", id=tale.minted["id"])]["at"] = book.entries[book.find("credential", id=tale.minted["id"]) - 1]["at"]


def credential_withdrawn_since_a_time_before_it(book, tale):
    credential_told(book, tale.minted, retired=True)
    book.entries[-1]["since_ms"] -= 2 * HOUR


def credential_of_another_kind_withdrawn(book, tale):
    credential_told(book, tale.minted, retired=True, what="postback_key")


def credential_of_the_other_party_withdrawn(book, tale):
    """A secret of the publisher's own is told as one of the advertiser's."""
    credential_told(book, {"by": tale.market.publisher.id, "what": "secret"}, retired=True, party=tale.market.advertiser.id, by="P" + "0" * 12)


def credential_made_again_after_it_was_withdrawn(book, tale):
    credential_told(book, tale.minted, retired=True)
    credential_told(book, tale.minted)


def credential_left_out(book, tale):
    book.drop(book.find("credential", id=tale.minted["id"]))


def all_keys_replaced(book, tale):
    book.keys = Keys.fresh()
    book.files["log/keys"] = book.keys.note_key(book.root_origin).encode()
    book.files[".well-known/jwks.json"] = book.keys.jwks()


def real_keys_beside_the_forgers(book, tale):
    real = book.files[".well-known/jwks.json"]
    all_keys_replaced(book, tale)
    book.files[".well-known/jwks.json"] = canonical({"keys": [*json.loads(real)["keys"], book.keys.jwk()]})


def old_mirror(book, tale):
    """A head of some days ago, shown as if it were today's."""
    book.__dict__.update(Book(tale.middle, book.keys).__dict__)


def two_faces(book, tale):
    """The advertiser is shown a cheaper one."""
    lead_dropped(book, tale)


def two_histories_under_one_root_log(book, tale):
    """The advertiser is shown a cheaper one; witnesses and both readers see the one root log with the heads of both."""
    lead_dropped(book, tale)
    book.beside = b""


def two_histories_with_all_heads_shown(book, tale):
    lead_dropped(book, tale)
    book.beside = book.files[f"{book.log}/heads"]


def gap_for_ever(book, tale):
    """It would cover each click that is dropped."""
    gap_for_dropped_click(book, tale)
    book.entries[book.find("gap")] |= {"from_ms": 0, "to_ms": book.entries[-1]["at"]}


def gap_of_a_number(book, tale):
    gap_for_dropped_click(book, tale)
    book.entries[book.find("gap")]["clicks"] = 10**15


def gap_for_nothing(book, tale):
    gap_for_dropped_click(book, tale)
    del book.entries[book.find("gap")]["clicks"]


def step(book, ms, **word):
    """A step of the clock at the end of the log."""
    last = book.entries[-1]["at"]
    known = max((entry["steps"] for entry in book.entries if entry["kind"] == "clock"), default=0)
    book.entries.append({"at": max(last, last + ms), "from_ms": last, "kind": "clock", "steps": known + 1, "to_ms": last + ms, **({"clock_ms": last + ms} if ms < 0 else {}), **word})


def approved_by_an_unsure_clock(book, tale):
    """The clock is set ahead, nobody confirms it, and a lead is due by it."""
    step(book, 20 * DAY, unsure=True)
    waiting = book.entries[book.lead("A5")]
    book.entries.append({"at": book.entries[-1]["at"], "kind": "disposition", "lead": book.lead("A5"), "payable_micros": waiting["payout_micros"],
                         "status": "approved", "terms": waiting["terms"], "trust": "system"})


def held_for_a_step_that_nobody_tells(book, tale):
    """A lead that was accepted is held, as if the clock had stepped behind its click."""
    at = book.lead("C1")
    lead = book.entries[at]
    for name in ("due_ms",):
        lead.pop(name, None)
    lead.update(clock_steps=1, reason="review", status="held")


def lead_that_nobody_can_sign(book, tale):
    """As if its sender had countersigned it: leads are not."""
    book.entries[book.lead("C1")]["trust"] = "countersigned"


def step_of_half_a_second(book, tale):
    step(book, 500)


def large_step_that_asks_nobody(book, tale):
    step(book, 20 * DAY)


def step_that_dates_back(book, tale):
    """It says two hours back, and what comes behind it is dated three days back."""
    step(book, -2 * HOUR, unsure=True)
    click = {name: value for name, value in book.entries[book.find("click")].items() if name != "clock_ms"}
    book.entries.append({**click, "at": book.entries[-1]["at"], "clock_ms": book.entries[-1]["at"] - 3 * DAY, "clock_steps": 1})


def refused_by_a_cap_that_is_none(book, tale):
    """The terms have no cap of the campaign."""
    lead = book.entries[book.lead("C1")]
    for name in ("due_ms", "payout_micros", "tier"):
        lead.pop(name, None)
    lead.update(reason="cap_day", status="rejected")


def share_of_a_model_that_shares_nothing(book, tale):
    """Half of a lead, as if another contract had the other."""
    lead = book.entries[book.lead("C1")]
    lead.update(share_to=500_000, payout_micros=lead["payout_micros"] // 2, other_touches=1)


def approved_before_its_time(book, tale):
    """By the server, for the publisher."""
    at = book.lead("C1")
    lead = book.entries[at]
    book.entries.append({"at": book.entries[-1]["at"], "kind": "disposition", "lead": at, "payable_micros": lead["payout_micros"], "status": "approved",
                         "terms": lead["terms"], "trust": "system"})


def due_later_than_the_terms_say(book, tale):
    """The publisher waits a month more."""
    book.entries[book.lead("C1")]["due_ms"] += 30 * DAY


def confirmed_by_nobody(book, tale):
    step(book, 20 * DAY, unsure=True)
    book.entries.append({"at": book.entries[-1]["at"], "confirmed_ms": book.entries[-1]["at"], "kind": "clock", "steps": 1})


def lead_of_another_day(book, tale):
    """By another offset of its zone it counts in another day and month."""
    book.entries[book.lead("C1")]["utc_offset_s"] = -93_600


def credential_called_the_partys_own(book, tale):
    """What the operator made in a party's name."""
    for entry in book.entries:
        if entry["kind"] == "credential" and entry["by"] != entry["party"]:
            entry["by"] = entry["party"]


def credential_called_withdrawn(book, tale):
    """And it goes on working."""
    credential_told(book, tale.minted, retired=True)


def impressions_invented(book, tale):
    """At a price that the terms have from the beginning."""
    like = book.entries[book.lonely_click()]
    book.entries.append({"at": book.entries[-1]["at"], "class": "ok", "commit": like["commit"], "kind": "impression", "placement": like["placement"]})


def due_a_day_later(book, tale):
    """The day of issue, by another offset of the zone."""
    book.entries[book.find("statement", 1)]["utc_offset_s"] = 50_400


def legal_data_in_a_partys_name(book, tale):
    publisher = tale.market.publisher.id
    book.entries.append({"at": book.entries[-1]["at"], "by": publisher, "kind": "party", "legal": {"country": "FR", "name": "Another one"}, "party": publisher})


def identity_for_one_reader(book, tale):
    """Of the advertiser: the other publisher is shown another."""
    book.entries[book.find("party")]["legal"]["name"] = "Lumen Holding"
    book.go_on(HOUR)


def key_for_one_reader(book, tale):
    """The operator's own, as the advertiser's first."""
    key, at = Ed25519PrivateKey.generate(), book.find("key", party=tale.market.advertiser.id)
    header, said = (json.loads(verify.b64u_decode(part)) for part in book.entries[at]["jws"].split(".")[:2])
    said["jwk"]["x"] = b64u(public(key))
    jws = compact(key, {**header, "kid": verify.thumbprint(public(key))}, canonical(said))
    book.entries[at] |= {"jws": jws, "pub": said["jwk"]["x"]}
    book.go_on(HOUR)


def campaign_for_one_reader(book, tale):
    """The other publisher is told that returns are taken for 30 days, this one of 60."""
    book.entries[book.find("terms")]["campaign"]["return_days"] = 60
    book.go_on(HOUR)


def change_of_the_campaign_for_one_reader(book, tale):
    """The other publisher never hears that what counts is the first click now."""
    terms, at = json.loads(json.dumps(book.entries[book.find("terms")])), book.lead("C1")
    terms["campaign"]["attribution"]["model"] = "first"
    book.insert(at, {**terms, "at": book.entries[at - 1]["at"], "version": 2})
    book.go_on(HOUR)


def change_of_the_campaign_that_binds_earlier_for_one_reader(book, tale):
    change_of_the_campaign_for_one_reader(book, tale)
    book.entries[book.find("terms", 1)]["effective_ms"] = book.entries[-1]["at"] + HOUR
    book.go_on(2 * HOUR)
    book.go_on(HOUR)


def answer_told_twice(book, tale):
    book.entries.append({**book.entries[book.find("response", 0)], "at": book.entries[-1]["at"]})


def answer_in_front_of_its_statement(book, tale):
    at = book.find("response", 0)
    book.move(at, book.find("statement", 0))
    book.entries[book.find("response", 0)]["at"] = book.entries[book.find("response", 0) - 1]["at"]


def openings_exchanged(book, tale):
    """Of two leads: each shows the other's person."""
    one, other = book.opening(book.lead("B1")), book.opening(book.lead("B2"))
    one["index"], other["index"] = other["index"], one["index"]
    book.openings.sort(key=lambda opening: opening["index"])


def line_left_out(book, tale):
    name = f"v1/statements/{tale.first}/lines"
    book.files[name] = b"".join(book.files[name].splitlines(keepends=True)[1:])


def statement_of_another_sum(book, tale):
    """Signed, and hashed in its entry."""
    name = f"v1/statements/{tale.second}.jws"
    said = json.loads(verify.b64u_decode(json.loads(book.files[name])["payload"]))
    payload = canonical({**said, "net_micros": said["net_micros"] - 1_000_000})
    book.files[name] = book.keys.general(payload)
    book.entries[book.find("statement", 1)]["sha256"] = sha256(payload).hex()


def later_terms(book, version, **contract):
    terms = json.loads(json.dumps(book.entries[book.find("terms")]))
    terms["contract"] |= contract
    book.entries.append({**terms, "at": book.entries[-1]["at"], "version": version})
    return book.entries[-1]


def version_left_out(book, tale):
    later_terms(book, 3, due_days=60)


def currency_changed(book, tale):
    later_terms(book, 2)["campaign"]["currency"] = "USD"


def publisher_changed(book, tale):
    later_terms(book, 2, publisher=tale.other_publisher.id)


def terms_of_another_contract(book, tale):
    later_terms(book, 2, id=tale.other)


def legal_data_by_the_other_party(book, tale):
    legal_data_in_a_partys_name(book, tale)
    book.entries[-1]["by"] = tale.market.advertiser.id


def duplicate_approved_beside_its_lead(book, tale):
    entry = {**book.entries[book.find("disposition", txid="A4")], "at": book.entries[-1]["at"], "lead": book.lead("A8"), "txid": "A8"}
    book.entries.append(entry)


def approval_of_another_amount(book, tale):
    book.entries[book.find("disposition", txid="A4")]["payable_micros"] -= 1_000_000


def adjustment_by_a_party(book, tale):
    book.entries.append({"at": book.entries[-1]["at"], "by": tale.market.advertiser.id, "kind": "adjustment", "micros": -5_000_000, "reason": "as agreed"})


def adjustment_of_no_lead(book, tale):
    book.entries.append({"at": book.entries[-1]["at"], "by": "P" + "0" * 12, "kind": "adjustment", "lead": book.lonely_click(), "micros": -5_000_000, "reason": "as agreed"})


def erased_in_the_publishers_name(book, tale):
    book.entries.append({"at": book.entries[-1]["at"], "by": tale.market.publisher.id, "entries": [book.lead("C1")], "kind": "erase"})


def credential_called_another_kind(book, tale):
    """A token that can report what becomes of leads is told as what can send leads alone."""
    book.entries[book.find("credential", id=tale.minted["id"])]["what"] = "postback_key"


def lead_whose_report_named_no_click(book, tale):
    """And it has one."""
    del book.entries[book.lead("C1")]["claimed"]


def other_touches_of_a_report_that_named_no_click(book, tale):
    lead_without_its_click(book, tale)
    lead = book.entries[book.lead("B1")]
    del lead["claimed"]
    lead["other_touches"] = 1


def time_of_all_shifted(book, tale):
    for entry in book.entries:
        for member in [name for name in entry if name == "at" or name.endswith("_ms") and entry[name]]:
            entry[member] -= DAY


# How it is written: settled (all that follows from it is decided and built again) or raw (it stands there as it is). And the check that shows it.
LIES = [
    (lead_facts, "settle", "receipts"), (lead_text, "settle", "receipts"), (lead_txid, "settle", "receipts"), (lead_sender, "settle", "receipts"),
    (lead_person, "settle", "receipts"), (lead_called_test, "settle", "receipts"), (lead_called_bad, "raw", "decisions"), (lead_of_another_click, "settle", "receipts"),
    (lead_without_its_click, "settle", "receipts"), (lead_of_an_unrecorded_click, "raw", "decisions"), (lead_dropped, "settle", "receipts"),
    (lead_dropped, "settle", "against"), (lead_of_closed_period_dropped, "settle", "responses"), (last_lead_dropped, "settle", "receipts"),
    (lead_moved, "settle", "receipts"), (lead_invented, "settle", "clicks"), (lead_backdated, "raw", "entries"), (lead_dated_before_its_click, "raw", "decisions"),
    (lead_redecided, "raw", "decisions"), (price_of_a_lead_lowered, "raw", "decisions"), (terms_of_old_rewritten, "settle", "responses"), (terms_slipped_in, "settle", "receipts"),
    (disposition_dropped, "settle", "receipts"), (disposition_turned, "settle", "receipts"), (disposition_by_the_publisher, "raw", "decisions"),
    (approval_withheld, "raw", "decisions"), (duplicate_here_invented, "raw", "decisions"), (duplicate_hidden, "raw", "openings"),
    (duplicate_by_tokens_made_equal, "raw", "openings"), (duplicate_elsewhere_invented, "settle", "duplicates"), (duplicate_elsewhere_not_made, "settle", "duplicates"),
    (click_dropped, "settle", "clicks"), (click_invented, "settle", "clicks"), (click_reclassed, "settle", "against"), (click_replaced, "settle", "against"),
    (gap_for_dropped_click, "settle", "clicks"), (statement_closed_early, "settle", "against"), (statement_dated_before_its_entries, "raw", "entries"),
    (statement_dropped, "settle", "clicks"), (answer_dropped, "settle", "against"), (answer_of_the_other_party, "settle", "responses"),
    (answer_moved_to_the_next_statement, "settle", "responses"), (key_minted_for_a_party, "settle", "entries"), (all_keys_replaced, "settle", "pins"),
    (real_keys_beside_the_forgers, "settle", "pins"), (old_mirror, "settle", "age"), (two_faces, "settle", "against"), (two_histories_under_one_root_log, "settle", "heads"),
    (two_histories_with_all_heads_shown, "settle", "heads"), (time_of_all_shifted, "settle", "entries"),
    (statement_issued_twice, "settle", "clicks"), (gap_for_ever, "raw", "entries"), (gap_of_a_number, "raw", "entries"), (gap_for_nothing, "raw", "entries"),
    (approved_by_an_unsure_clock, "raw", "entries"), (held_for_a_step_that_nobody_tells, "raw", "entries"), (step_of_half_a_second, "raw", "entries"),
    (lead_that_nobody_can_sign, "raw", "decisions"), (refused_by_a_cap_that_is_none, "raw", "decisions"), (share_of_a_model_that_shares_nothing, "raw", "decisions"),
    (approved_before_its_time, "raw", "decisions"), (due_later_than_the_terms_say, "raw", "decisions"), (confirmed_by_nobody, "raw", "entries"),
    (lead_of_another_day, "raw", "receipts"), (credential_called_the_partys_own, "raw", "against"),
    (large_step_that_asks_nobody, "raw", "entries"), (step_that_dates_back, "raw", "entries"),
    (identity_for_one_reader, "settle", "parties"), (key_for_one_reader, "raw", "parties"),
    (credential_of_nobody, "raw", "entries"), (credential_of_a_time_to_come, "raw", "entries"), (credential_by_the_other_party, "raw", "entries"),
    (credential_made_twice, "raw", "entries"), (credential_made_again_for_the_other_party, "raw", "entries"), (credential_withdrawn_twice, "raw", "entries"),
    (credential_withdrawn_that_was_never_made, "raw", "entries"), (credential_withdrawn_before_it_was_made, "raw", "entries"),
    (credential_withdrawn_since_a_time_before_it, "raw", "entries"), (credential_of_another_kind_withdrawn, "raw", "entries"),
    (credential_of_the_other_party_withdrawn, "raw", "entries"), (credential_made_again_after_it_was_withdrawn, "raw", "entries"),
    (answer_told_twice, "raw", "responses"), (answer_in_front_of_its_statement, "raw", "responses"),
    (openings_exchanged, "raw", "openings"), (line_left_out, "raw", "lines"), (statement_of_another_sum, "raw", "statements"),
    (version_left_out, "raw", "entries"), (currency_changed, "raw", "entries"), (publisher_changed, "raw", "entries"), (terms_of_another_contract, "raw", "entries"),
    (legal_data_by_the_other_party, "raw", "entries"), (duplicate_approved_beside_its_lead, "raw", "decisions"), (approval_of_another_amount, "raw", "decisions"),
    (adjustment_by_a_party, "raw", "entries"), (adjustment_of_no_lead, "raw", "entries"), (erased_in_the_publishers_name, "raw", "entries"),
    (lead_whose_report_named_no_click, "raw", "decisions"), (other_touches_of_a_report_that_named_no_click, "raw", "decisions"),
    (campaign_for_one_reader, "settle", "document"), (change_of_the_campaign_for_one_reader, "settle", "document"), (change_of_the_campaign_that_binds_earlier_for_one_reader, "settle", "document"),
]

# What no tool shows, as README says.
NOT_SHOWN = [(disposition_invented, "settle"), (credential_left_out, "settle"), (credential_called_withdrawn, "settle"), (impressions_invented, "settle"),
             (due_a_day_later, "settle"), (legal_data_in_a_partys_name, "settle"), (credential_called_another_kind, "settle")]
KNOWS_MORE = {(credential_called_another_kind, "pins"): 1, (due_a_day_later, "pins"): 1,  # who was shown the entry before
              (credential_left_out, "pins"): 2}  # the log is shorter than the pin's: taken back, or a mirror of before


class Lies(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="countersign-lies-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.tale = Tale(cls.server, cls.scratch.name)
        cls.keys = Keys.of(cls.server.data)
        tale = cls.tale
        # {check: the arguments that verify is given beside the mirror}; others need none
        cls.tools = {"entries": (), "against": ("--against", tale.middle), "receipts": ("--receipts", tale.kept("receipts")), "clicks": ("--clicks", tale.kept("clicks")),
                     "duplicates": ("--all-contracts",), "pins": ("--pin", tale.pins()), "age": ("--not-older-than", tale.end())}

    def book(self, folder=None):
        return Book(folder or self.tale.honest, self.keys)

    def beside(self, mirror):
        """That mirror, and one of the other contract that goes on longer: both with the one root log that the operator shows."""
        folder = self.tale.folder / "beside"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(mirror, folder, ignore=shutil.ignore_patterns("seen"))
        other = Book(self.tale.joined, self.keys)
        other.go_on(HOUR)
        other.go_on(DAY)
        other.roots = Book(mirror, self.keys).roots
        later = other.raw().write(self.tale.folder / "later")
        shutil.rmtree(folder / "log/tile")
        shutil.copytree(later / "log/tile", folder / "log/tile")
        shutil.copy(later / "log/checkpoint", folder / "log/checkpoint")
        return folder, later

    def told(self, forged, check, *more):
        if check in ("duplicates", "parties", "document"):
            forged, later = self.beside(forged)
            more = (later, *more)
        return verify_twice(forged, *self.tools.get(check, ()), *more)

    def test_who_changes_nothing_writes_the_same_mirror(self):
        """The control of the liar: what it decides and builds again is what the server did. The honest mirror passes every tool."""
        book = self.book()
        before = [canonical(entry) for entry in book.entries]
        book.settle()
        self.assertEqual([canonical(entry) for entry in book.entries], before)
        for folder in (book.write(self.tale.folder / "same"), self.tale.honest):
            for tool in self.tools:
                done = self.told(folder, tool)
                self.assertEqual(done.returncode, 0, f"{tool}: {done.stdout}{done.stderr}")

    def forged(self, lie, how, tool):
        book = self.book(self.tale.advertisers if tool == "openings" else None)  # who sees the contact fields
        lie(book, self.tale)
        getattr(book, how)()
        return book.write(self.tale.folder / "forged")

    def test_each_lie_is_shown_by_its_tool(self):
        for lie, how, tool in LIES:
            with self.subTest(lie.__name__, tool=tool):
                done = self.told(self.forged(lie, how, tool), tool, "--json")
                self.assertEqual(done.returncode, 1, f"{done.stdout[-3000:]}{done.stderr}")
                self.assertIn(tool, [check["check"] for check in json.loads(done.stdout)["checks"] if check["verdict"] == "fails"])

    def test_two_histories_under_one_root_log_are_told_by_both_programs(self):
        for lie in (two_histories_under_one_root_log, two_histories_with_all_heads_shown):
            with self.subTest(lie.__name__):
                forged = self.forged(lie, "settle", "heads")
                checks = json.loads(self.told(forged, "heads", "--json").stdout)["checks"]
                self.assertEqual([check["check"] for check in checks if check["verdict"] != "holds"], ["heads"])
                self.assertIn("the operator published another history of this contract at leaf", next(c["sentence"] for c in checks if c["check"] == "heads"))
                status, lines = verify.verify(verify.Mirror(forged))
                self.assertEqual((status, [line for line in lines if "another history of this contract" in line][0][:5]), (1, "heads"))

    def test_one_root_log_for_each_contract_is_found_by_who_has_both(self):
        """The operator keeps two, so that the heads of one history never stand beside those of the other."""
        book = self.book()
        book.entries[book.lead("B3")]["facts"]["country"] = "DE"
        forged = book.settle().write(self.tale.folder / "forged")
        for mirrors, status in (((self.tale.honest, self.tale.joined), 0), ((self.tale.joined, self.tale.middle), 0), ((forged, self.tale.joined), 1), ((self.tale.joined, forged), 1)):
            done = countersign("verify", *mirrors, "--json")
            self.assertEqual(done.returncode, status, done.stdout)
            told = [check for check in json.loads(done.stdout)["checks"] if check["verdict"] == "fails"]
            self.assertEqual([check["check"] for check in told], ["campaign"] * status)
            self.assertTrue(all("is another history than the one in another of these mirrors" in check["sentence"] for check in told))

    def test_a_token_minted_for_a_party_is_told(self):
        token = self.tale.minted
        self.assertEqual(token["id"], b64u(sha256(token["token"].encode()))[:12])
        told = json.loads(countersign("verify", self.tale.honest, "--json").stdout)["facts"]
        made = {(fact["data"]["party"], fact["data"]["by"], fact["data"]["what"]): fact["data"] for fact in told if fact["topic"] == "credential"}
        tokens = made[token["party"], "operator", "token"]
        self.assertEqual((tokens["made"], tokens["role"], tokens["ids"][-1]), (2, "advertiser", token["id"]))
        self.assertEqual(made[self.tale.market.publisher.id, "party", "secret"]["made"], 1, "what a party makes by itself is told apart")
        self.assertNotIn(token["token"], json.dumps(told))

    def test_two_ids_of_one_click_are_one_click_too_few(self):
        """Only the server can tell the last bytes of an id from others: all of them open to one place."""
        path, one = self.tale.folder / "doubled", self.tale.clicks[3]
        other = one[:-1] + ("A" if one[-1] != "A" else "E")
        for lines, status in ((self.tale.clicks + [one], 0), (self.tale.clicks + [other], 1)):
            path.write_text("\n".join(lines))
            self.assertEqual(verify_twice(self.tale.honest, "--clicks", path).returncode, status)

    def test_a_log_that_is_dated_forward_is_never_fresh(self):
        book = self.book()
        book.go_on(70 * 365 * DAY)
        forged = book.raw().write(self.tale.folder / "forged")
        done = verify_twice(forged, "--not-older-than", "1h")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("ahead of this machine's clock", done.stdout)

    def test_a_step_of_the_clock_is_told(self):
        """Whoever writes one frees what crosses it from the rules of time: it says so."""
        book = self.book()
        at = book.entries[book.lead("B3")]["click"]
        before = book.entries[at - 1]["at"]
        book.insert(at, {"at": before, "clock_ms": before - 5_000, "from_ms": before, "kind": "clock", "steps": 1, "to_ms": before - 5_000})
        for entry in book.entries[at + 1:]:
            if entry["kind"] in ("click", "lead"):
                entry["clock_steps"] = 1
        done = countersign("verify", book.settle().write(self.tale.folder / "forged"), "--json")
        told = [fact["data"] for fact in json.loads(done.stdout)["facts"] if fact["topic"] == "clock"]
        after = [n for n, entry in enumerate(book.entries) if n > at and entry["kind"] == "disposition" and entry["lead"] < at]
        self.assertEqual([(fact["what"], fact.get("entry"), fact["steps"], fact["leads"], fact["dispositions"]) for fact in told],
                         [("step", at, 1, 0, len(after)), ("all", None, 1, 0, len(after))])
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_legal_data_and_gaps_are_told(self):
        book = self.book()
        gap_for_dropped_click(book, self.tale)
        legal_data_in_a_partys_name(book, self.tale)
        last = book.entries[-1]
        book.entries.append({**last, "by": "P" + "0" * 12})
        facts = json.loads(countersign("verify", book.settle().write(self.tale.folder / "forged"), "--json").stdout)["facts"]
        told = {topic: [fact for fact in facts if fact["topic"] == topic and fact["data"].get("role") != "advertiser"] for topic in ("legal", "gap")}
        self.assertEqual([fact["data"] for fact in told["gap"]], [{"clicks": 1, "entries": 1, "impressions": 0, "late_clicks": 0, "views": 0}])
        self.assertEqual([(fact["data"]["by"], fact["data"]["role"], json.loads(fact["data"]["legal"])) for fact in told["legal"]],
                         [(last["by"], "publisher", last["legal"]), ("P" + "0" * 12, "publisher", last["legal"])])
        self.assertIn("given with a token of its own", told["legal"][0]["sentence"])
        self.assertIn("given by the operator P000000000000 in its name", told["legal"][1]["sentence"])

    def test_what_no_tool_shows_is_known(self):
        for lie, how in NOT_SHOWN:
            forged = self.forged(lie, how, None)
            for tool in self.tools:
                with self.subTest(lie.__name__, tool=tool):
                    self.assertEqual(self.told(forged, tool).returncode, KNOWS_MORE.get((lie, tool), 0))

    def test_what_the_advertiser_signs_itself_no_operator_says_for_it(self):
        market = Market(self.server, campaign={"dispositions": "countersigned"})
        market.put_keys()
        leads = [market.publisher.postback(person(txid=txid, click_id=market.click())).json for txid in ("S1", "S2")]

        def signed(lead, status, at):
            advertiser = market.advertiser
            return advertiser.jws({"typ": "countersign-disposition", "issuer": advertiser.base, "party": advertiser.id, "contract": market.contract,
                                   "lead": lead["index"], "status": status, "at": at})

        start = verify.when_said(rfc3339())
        for n, status in enumerate(("approved", "returned")):
            body = {"status": status, "jws": signed(leads[0], status, verify.rfc3339(start + 1000 * n))}
            self.assertStatus(market.advertiser.call("POST", f"/v1/leads/{leads[0]['lead']}/dispositions", body), 200)
        self.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        mirror = self.tale.folder / "signed"
        self.assertEqual(countersign("pull", self.server.url, mirror, "--contract", market.contract, "--token", market.publisher.token).returncode, 0)

        def told(change):
            book = Book(mirror, self.keys)
            first = book.find("disposition")
            entry = {**book.entries[first], "at": book.entries[-1]["at"], **change}
            book.entries.append({name: value for name, value in entry.items() if value is not None})
            forged = book.raw().write(self.tale.folder / "forged")
            done = countersign("verify", forged)
            second = second_verify(forged)
            self.assertEqual(second.returncode, done.returncode, second.stdout + second.stderr)
            return done

        def again(ms):
            return told({"jws": signed(leads[0], "approved", verify.rfc3339(start + ms))})

        self.assertEqual(again(2000).returncode, 0, "what the advertiser signs later holds")
        for done in (told({}), again(1000), again(-HOUR), told({"lead": leads[1]["index"]}),
                     told({"lead": leads[1]["index"], "trust": "api", "jws": None}), told({"lead": leads[1]["index"], "trust": "signed", "jws": None})):
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stdout, r"(?m)^(decisions|entries) +FAILS")


if __name__ == "__main__":
    unittest.main()
