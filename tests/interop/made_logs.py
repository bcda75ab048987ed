"""Logs that no server wrote: random terms, clicks, leads and dispositions, decided by scripts/verify.py and signed with keys made here. What one
implementation decided the other has to decide alike; and of what is then changed by somebody who has the keys both have to say the same."""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from forge import Keys, compact, log_files, public, root_at, verify  # noqa: E402
from forge import key_of as key_from  # noqa: E402
from verify import b64u, canonical, sha256  # noqa: E402

ORIGIN = "made.example/log"
ISSUER = "https://" + ORIGIN.removesuffix("/log")
CONTRACT, CAMPAIGN = "C000000000001", "A000000000001"
ADVERTISER, PUBLISHER, OPERATOR = "P000000000001", "P000000000002", "P000000000003"
HOUR, DAY = 3_600_000, 86_400_000
START = 1_790_000_000_000


def key_of(seed):
    return key_from(sha256(seed))


KEYS = Keys(key_of(b"log"), key_of(b"statement"))
PUBLISHERS = (PUBLISHER, "P000000000004", "P000000000005")
PARTY_KEYS = {ADVERTISER: key_of(b"advertiser"), **{party: key_of(b"publisher" + party.encode()) for party in PUBLISHERS}}


# ---- signing ----

def party_word(key, party, typ, at, **members):
    """What a party says with a key of its own."""
    said = {"at": verify.rfc3339(at), "issuer": ISSUER, "party": party, "typ": typ, **members}
    return compact(key, {"alg": "EdDSA", "kid": verify.thumbprint(public(key)), "typ": typ}, canonical(said))


def mirror(entries, openings, statements):
    return mirrors([(CONTRACT, entries, openings, statements)])[0]


def mirrors(logs):
    """The files of a mirror of each of these contracts, under one root log: (contract, entries as objects, openings as a list, statements as {id: (payload, line items)})."""
    roots, made = [], []
    for contract, entries, openings, statements in logs:
        data = [canonical(entry) for entry in entries]
        origin = f"{ORIGIN}/{contract}"
        files = {".well-known/jwks.json": KEYS.jwks(),
                 "log/keys": KEYS.note_key(ORIGIN).encode(),
                 f"log/{contract}/checkpoint": KEYS.note(origin, len(data), root_at(data)),
                 f"log/{contract}/openings": b"".join(canonical(opening) + b"\n" for opening in openings)}
        files |= log_files(f"log/{contract}", data)
        heads = []
        for at, entry in enumerate(entries):
            if entry.get("kind") == "statement" and entry.get("id") in statements:
                payload, lines = statements[entry["id"]]
                head = KEYS.note(origin, at, root_at(data, at))
                heads.append(canonical({"leaf": len(roots), "note": head.decode()}) + b"\n")
                roots += [sha256(head), verify.root_tag(origin, len(roots))]
                files |= {f"v1/statements/{entry['id']}.jws": KEYS.general(payload),
                          f"v1/statements/{entry['id']}/lines": b"".join(line + b"\n" for line in lines),
                          f"v1/statements/{entry['id']}/checkpoint": head}
        files[f"log/{contract}/heads"] = b"".join(heads)
        made.append(files)
    root = {"log/checkpoint": KEYS.note(ORIGIN, len(roots), root_at(roots)), **log_files("log", roots)}
    return [files | root for files in made]


# ---- terms ----

FIELDS = ("country", "f_age", "f_city")
NUMBERS = ("35", "035", "35.0", " 35 ", "\u0663\u0665", "+35", "\uff13\uff15", "35.00000000000000001", "34", "-35", "\u221235", "36", "3 5", "35.", ".5", "1e2", "", "  ", "x" * 20)
TEXTS = ("Lyon", "Ly\u006f\u0301n", "Ly\u00f3n", "lyon", " Lyon ", "")
COUNTRIES = ("FR", "GB", "UK", "GR", "EL", "BE", "fr")


def value_of(field, chance):
    return chance.choice({"country": COUNTRIES[:6], "f_age": NUMBERS, "f_city": TEXTS}.get(field, ("7", "07", "x")))


def rule(chance, fields):
    field = chance.choice(fields)
    if field == "f_age" and chance.random() < 0.6:
        bounds = {"min": chance.choice([30, 35]), "max": chance.choice([35, 40])}
        return {"field": field, **dict(chance.sample(sorted(bounds.items()), chance.choice([1, 2])))}
    if field == "placement":
        return {"field": field, "in": ["1"]}
    if field == "device":
        return {"equals": chance.choice(["phone", "desktop"]), "field": field}
    if field == "class":
        return {"field": field, "in": ["ok", "bot"]}
    values = [value for value in (value_of(field, chance).strip() for _ in range(3)) if value] or ["FR" if field == "country" else "35"]
    if field == "country":
        values = [{"UK": "GB", "EL": "GR"}.get(value, value) for value in values]
    return {"equals": values[0], "field": field} if chance.random() < 0.4 else {"field": field, "in": sorted(set(values))}


def caps(chance):
    return {name: chance.choice(some) for name, some in (("budget_micros_month", [0, 20_000_000, 50_000_000]), ("day", [0, 3, 8]), ("month", [5, 20])) if chance.random() < 0.2}


def rfc3339_or_none(chance, before, after):
    return verify.rfc3339(START + chance.randrange(before, after)) if chance.random() < 0.1 else ""


def scored(chance):
    """By which facts leads are scored; often by none."""
    facts = [name for name in (*FIELDS, "sub1", "placement", "trust", "utm_source", "wait", "hour") if chance.random() < 0.5]
    if not facts or chance.random() < 0.4:
        return {}
    cross = [name for name in facts if chance.random() < 0.5]
    return {"cross": cross if len(cross) > 1 else [], "facts": facts, "hold_below": chance.choice([0, 500, 1000]), "hold_days": chance.choice([0, 2]),
            "max_held_permille": chance.choice([0, 200, 1000])}


def by_score(chance):
    """Tiers that look at it, which only both parties together agree to."""
    bounds = [{"min": chance.randrange(450, 550)}, {"max": chance.randrange(450, 550)}, {"max": chance.randrange(500, 550), "min": chance.randrange(400, 500)}]
    return [{"micros": chance.randrange(10**7), "when": {"field": "score", **chance.choice(bounds)}}] if chance.random() < 0.7 else []


def documents(chance, fixed):
    require = [name for name in ("email", "phone", "first_name", "country", "f_age") if chance.random() < 0.15]
    campaign = {
        "accept_from": chance.choice([["advertiser", "publisher"], ["advertiser", "publisher"], ["publisher"], ["advertiser"]]),
        "advertiser": ADVERTISER, "allowed_hosts": [],
        "attribution": {"click_days": chance.choice([1, 2, 30]), "half_life_days": 7, "model": chance.choice(["last", "last", "linear", "first", "time-decay"])},
        "caps": caps(chance), "click_param": "click_id", "currency": fixed["currency"],
        "dedupe": {"by": chance.choice([["email", "phone"], ["email", "phone"], ["email"], ["phone"], []]), "days": chance.choice([1, 3, 90])},
        "default_country": chance.choice(["", "FR", "GB"]), "dispositions": "any", "fallback_url": "", "id": CAMPAIGN, "landing_url": "https://landing.example/",
        "lead": {"disposable_email": chance.choice(["ok", "hold", "reject"]), "hold_below_s": chance.choice([0, 0, 5]), "honeypot": chance.choice(["", "f_website"]),
                 "min_click_to_lead_s": chance.choice([0, 0, 2]), "require": require,
                 "require_any": chance.choice([["email", "phone"], ["email", "phone"], [], ["email"], ["phone"]]),
                 "rules": [rule(chance, FIELDS) for _ in range(chance.choice([0, 0, 1]))]},
        "name": "Made", "pass": [], "paused": False,
        "payable_classes": [name for name in verify.PAYABLE if chance.random() < 0.6], "pixel_leads": chance.choice(["off", "hold", "on"]),
        "referrer_policy": "no-referrer-when-downgrade", "repeat_window_s": 3600, "return_days": chance.choice([1, 3, 30]),
        "review": {"auto_approve_days": chance.choice([0, 1, 3]), "mode": chance.choice(["auto", "manual"])}, "timezone": "UTC"}
    campaign["score"] = scored(random.Random(repr(campaign)))  # what else is made of a seed stays as it was
    tiers = [{"micros": chance.randrange(10**7), "when": rule(chance, (*FIELDS, "sub1", "placement", "device", "class"))} for _ in range(chance.randrange(3))]
    if chance.random() < 0.8:
        tiers.append({"micros": chance.randrange(10**7)})
    contract = {"assent": "operator", "campaign": CAMPAIGN, "caps": caps(chance), "due_days": chance.randrange(61), "ends_at": rfc3339_or_none(chance, 5 * DAY, 40 * DAY), "id": fixed["contract"],
                "price": {"click_micros": chance.choice([0, 1234]), "impression_micros": chance.choice([0, 7]), "lead": tiers,
                          "sale_ppm": chance.choice([0, 123_456, 1_000_000])},
                "publisher": fixed["publisher"], "set_off": chance.choice(["owed", "next"]),
                "settle": chance.choice(["manual", "weekly", "monthly"]), "starts_at": rfc3339_or_none(chance, -DAY, DAY), "vat_ppm": chance.choice([0, 200_000])}
    return campaign, contract


# ---- a log ----

class MadeLog:
    """Grows by random events, each decided by the second implementation."""

    def __init__(self, chance, settles=True, contract=CONTRACT, publisher=PUBLISHER, people=None, fixed=None, now=START, keys=None, both=False):
        self.settles, self.contract = settles, contract
        self.chance, self.entries, self.openings, self.statements, self.data = chance, [], [], {}, []
        self.opened = {}
        self.ledger = verify.Ledger(contract, self.opened, (ISSUER,))
        self.now = now
        self.fixed = {"contract": contract, "publisher": publisher, **(fixed or {"currency": chance.choice(["EUR", "JPY", "KWD"])})}
        self.people = people or [self.somebody() for _ in range(6)]
        self.both = both  # terms ask for the word of both parties, most of them
        self.terms(0, *documents(chance, self.fixed))
        self.party_keys = {}
        for party in (ADVERTISER, publisher):
            self.show_key(party, {**PARTY_KEYS, **(keys or {})}[party])
        if both:
            self.assent_to_terms()

    def show_key(self, party, key):
        """A party's key, or another one that the one before signs too."""
        said = {"jwk": {"crv": "Ed25519", "kty": "OKP", "x": b64u(public(key))}}
        entry = {"jws": party_word(key, party, "countersign-key", self.now, **said), "kind": "key", "party": party, "pub": b64u(public(key))}
        if party in self.party_keys:
            entry["previous_jws"] = party_word(self.party_keys[party], party, "countersign-key", self.now, **said)
        self.append(entry)
        self.party_keys[party] = key

    def change_key(self):
        party = self.chance.choice(sorted(self.party_keys))
        if self.now > max(verify.clock(entry) for entry in self.entries if entry["kind"] == "key"):
            self.show_key(party, key_of(f"{party} {self.now}".encode()))

    def tell(self):
        """Who a party is by law: in one country or another, under this VAT id or that, or nobody again."""
        party = self.chance.choice(sorted(self.party_keys))
        legal = self.chance.choice([{"country": "FR", "name": "A", "vat_id": "FR40999000129"}, {"country": "FR", "name": "A", "vat_id": "FR48999000102"}, {"country": "FR"},
                                    {"country": "FR", "name": "A"}, {"country": "BE", "email": "a@b.example", "name": "A", "vat_id": "BE0999000129"},
                                    {"country": "BE", "name": "A", "vat_id": "BE0999000129"}, {"country": "US", "name": "A"}, {}])
        self.append({"by": self.chance.choice([party, OPERATOR]), "kind": "party", "legal": legal, "party": party})

    def append(self, entry):
        if entry["kind"] == "party" and verify.other_trader(self.ledger.legal.get(entry["party"], {}), entry["legal"]):
            entry = {**entry, "other": True}
        at = max(self.now, self.entries[-1]["at"] if self.entries else 0)
        entry = {"at": at, **entry}
        if self.now < at:
            entry["clock_ms"] = self.now
        self.ledger.add(entry)
        self.entries.append(entry)
        self.data.append(canonical(entry))
        return entry

    def draft(self, entry):
        at = max(self.now, self.entries[-1]["at"] if self.entries else 0)
        return {"at": at, **entry, **({"clock_ms": self.now} if self.now < at else {})}

    def somebody(self):
        chance = self.chance
        return {"email": b64u(chance.randbytes(16)), "phone": b64u(chance.randbytes(16)), "txid": f"t{chance.randrange(10**6)}",
                "mail": f"p{chance.randrange(10**6)}@example.com", "number": f"+336{chance.randrange(10**8):08d}"}

    def pass_time(self):
        chance = self.chance
        self.now += chance.choice([0, 1, 500, 3_000, 60_000, HOUR, HOUR, 9 * HOUR, DAY, 3 * DAY])
        if chance.random() < 0.03 and self.entries:
            self.now -= chance.choice([1, 1000, HOUR])
        self.now = max(self.now, self.ledger.latest - HOUR)
        if chance.random() < 0.03 and self.entries:
            self.step()
        elif self.ledger.unsure and chance.random() < 0.4:
            self.confirm()
        self.approve_due()

    def step(self):
        """One or two of the server's clock; a large one waits for the operator's word, or has it already."""
        chance, before = self.chance, self.ledger.latest
        steps, off = chance.choice([1, 1, 2]), chance.choice([-2_000, 2_000, 59_999, 60_000, -HOUR, 30 * HOUR, -30 * HOUR])
        self.now = before + off
        waits = self.ledger.unsure or (abs(off) >= 60_000 if steps == 1 else chance.random() < 0.5)
        word = {} if not waits else {"unsure": True} if chance.random() < 0.6 else {"by": OPERATOR, "confirmed_ms": self.now}
        self.append({"from_ms": before, "kind": "clock", "steps": self.ledger.steps + steps, "to_ms": self.now, **word})

    def confirm(self):
        self.append({"by": OPERATOR, "confirmed_ms": self.now, "kind": "clock", "steps": self.ledger.steps})

    def approve_due(self):
        if self.ledger.unsure:
            return
        for lead in sorted(self.ledger.leads.values(), key=lambda lead: lead.due or 0):
            if lead.status == "pending" and lead.due and lead.due <= self.now and (self.chance.random() < 0.7 or self.now - lead.due >= HOUR):
                self.dispose(lead, "approved", {"trust": "system"})

    def terms(self, version, campaign, contract):
        if self.both and self.chance.random() < 0.8:
            contract["assent"] = "both"
            contract["price"]["lead"][:0] = by_score(random.Random(repr(contract)))
        entry = {"campaign": campaign, "contract": contract, "kind": "terms", "rules": 1, "version": version + 1}
        if version:
            waiting = self.ledger.versions.waiting(max(self.now, self.entries[-1]["at"]))
            if self.chance.random() < 0.4 and len(waiting) < 8:
                entry["effective_ms"] = max(self.now, self.entries[-1]["at"], *[w.begins for w in waiting]) + self.chance.choice([1, HOUR, DAY])
        if self.ledger.versions.asks(verify.Terms(self.draft(entry), len(self.entries))):
            entry["on_assent"] = True
            if version and waiting and "effective_ms" not in entry:
                return
        self.append(entry)

    def visit(self):
        chance = self.chance
        kind = chance.choice(["click", "click", "click", "view", "impression", "gap"])
        commit = {"class": chance.choice(["ok", "ok", "ok", *verify.CLASSES]), "commit": b64u(chance.randbytes(32)), "kind": kind, "placement": chance.randrange(1, 4)}
        clicks = [n for n, entry in enumerate(self.entries) if entry.get("kind") == "click"]
        if kind == "click":
            commit |= {name: value for name, value in (("device", chance.choice(verify.DEVICES)), ("clock_steps", self.ledger.steps), ("sub1", "x")) if value and chance.random() < 0.8 or name == "clock_steps" and value}
            source = ("news", "\u00e9t\u00e9", None)[sum(commit["commit"].encode()) % 3]
            commit |= {"utm_source": source} if source else {}
        if kind == "view" and clicks:
            commit["click"] = chance.choice(clicks)
            commit["placement"] = self.entries[commit["click"]]["placement"]
        if kind == "gap":
            commit = {"from_ms": self.now - 10, "kind": kind, "to_ms": self.now, **{name: chance.randrange(1, 9) for name in ("clicks", "views") if chance.random() < 0.5 or name == "clicks"}}
        self.append(commit)

    def terms_now(self):
        return self.ledger.versions.bound(max(self.now, self.entries[-1]["at"]))

    def lead(self):
        terms = self.terms_now()
        entry, contact, tokens = self.report(terms.campaign, terms.lead, terms.looked_at())
        if self.ledger.txid_taken(entry):
            entry["txid"] = ""
        self.touch(entry, terms)
        if "other_touches" in entry:
            contact["touches"] = ",".join(f"{n:051}" for n in range(entry["other_touches"] + 1))
        self.book(entry, self.open(contact, tokens), terms)

    def report(self, campaign, wanted, looked):
        """What somebody reports: the members of an entry, its contact part, its tokens."""
        chance = self.chance
        who = chance.choice(self.people)
        pixel = campaign["pixel_leads"] != "off" and chance.random() < 0.15
        senders = [{"advertiser": ADVERTISER, "publisher": self.fixed["publisher"]}[role] for role in campaign["accept_from"]]
        fields = {} if pixel else {name: value for name, value in (("email", who["mail"]), ("phone", who["number"]), ("first_name", "L\u00e9a")) if chance.random() < 0.75}
        bad = []
        for name, wrong in (("email", "nobody"), ("phone", chance.choice(["123", "0612345678901234"]))):
            if name in fields and chance.random() < 0.1:
                fields[name] = wrong
                bad.append(name)
        facts = {} if pixel else {name: value_of(name, chance) for name in FIELDS if chance.random() < 0.8}
        facts = {name: value for name, value in facts.items() if value.strip()}
        facts = {name: {"UK": "GB", "EL": "GR"}.get(value, value) for name, value in facts.items()}
        contact = {**fields, **{name: value for name, value in facts.items() if name not in looked}}
        facts = {name: value for name, value in facts.items() if name in looked}
        honeypot = bool(wanted["honeypot"]) and not pixel and chance.random() < 0.05
        if honeypot:
            contact[wanted["honeypot"]] = "x"
        entry = {"commit": "", "kind": "lead", "party": "" if pixel else chance.choice(senders), "status": "",
                 "trust": "pixel" if pixel else chance.choice(["signed", "key", "api"]),
                 "bad": bad, "given": [name for name in verify.CONTACTS if name in fields], "facts": facts, "honeypot": honeypot,
                 "test": chance.random() < 0.03, "disposable": "email" in fields and "email" not in bad and chance.random() < 0.05, "claimed": True,
                 "txid": chance.choice([who["txid"], "", f"n{chance.randrange(10**6)}"]), "sub1": chance.choice(["", "7", "07", "x"]),
                 "utc_offset_s": chance.choice([0, 3600, -36_000, 7200]), "clock_steps": self.ledger.steps, "clock_unsure": self.ledger.unsure}
        tokens = {name: who[name] for name in ("email", "phone") if name in fields and name not in bad}
        if "phone" in bad and len(fields["phone"].lstrip("0")) >= 7:
            tokens["phone"] = b64u(sha256(fields["phone"].lstrip("0").encode())[:16])
        if not pixel:
            entry["request_sha256"] = chance.randbytes(32).hex()
        return entry, contact, tokens

    def book(self, entry, opening, terms):
        at = len(self.entries)
        opening = {**opening, "index": at}
        entry = {**entry, "terms": terms.index, "commit": b64u(verify.open_lead(opening)),
                 "missing_fields": sum(not verify.trim(entry["facts"].get(name, "")) for name in terms.lead["require"] if name not in verify.CONTACTS)}
        entry = self.draft({name: value for name, value in entry.items() if value not in ("", [], {}, False, 0) or name in ("party", "terms", "status", "click") or value is True})
        self.decide(entry, opening, terms)
        self.opened[at] = opening
        try:
            self.append({name: value for name, value in entry.items() if name not in ("at", "clock_ms")})
        except verify.Fails as error:
            raise AssertionError(f"{error}: {entry}") from None
        self.openings.append(opening)

    def touch(self, entry, terms):
        chance = self.chance
        clicks = [n for n, each in enumerate(self.entries) if each["kind"] == "click"][-12:]
        if not clicks or chance.random() < 0.08:
            entry["claimed"] = chance.random() < 0.5
            return
        if chance.random() < 0.06:
            second = self.now // 1000 * 1000 - chance.choice([0, 1000, 4 * DAY])
            self.append({"from_ms": second, "kind": "gap", "to_ms": second + 999})
            entry |= {"click": chance.randrange(2**53), "click_unrecorded": True, "clicked_ms": second}
            return
        own = [chance.choice(clicks)]
        model = terms.campaign["attribution"]["model"]
        time = self.now
        if model not in ("last", "first") and chance.random() < 0.7:
            own = [n for n in sorted({*own, *(chance.choice(clicks) for _ in range(2))})
                   if self.entries[n].get("clock_steps", 0) != self.ledger.steps or time - verify.clock(self.entries[n]) <= terms.window] or own
            others = chance.randrange(1, 3)
            if chance.random() < 0.8:
                first = chance.randrange(900_000)
                entry |= {"share_from": first, "share_to": chance.randrange(first + 1, 1_000_000)}
            entry["other_touches"] = len(own) - 1 + others
        own.sort(key=lambda n: (self.entries[n].get("clock_steps", 0), verify.clock(self.entries[n]), n))
        written = [{"click": n, "clicked_ms": verify.clock(self.entries[n])} for n in own]
        entry |= written[-1] | {"placement": self.entries[own[-1]]["placement"], "touches": written[:-1] if "share_to" in entry else []}

    def decide(self, entry, opening, terms):
        """Writes into the draft what the second implementation decides."""
        source = self.entries[entry["click"]].get("utm_source") if "click" in entry and not entry.get("click_unrecorded") else None
        if source and "utm_source" in terms.score.get("facts", []):
            entry["utm_source"] = source
        lead = verify.Lead(len(self.entries), {**entry, "status": "pending"}, opening, terms)
        said = self.ledger.scores.say(terms.score, entry)[0] if terms.score else {}
        _, lead.whole = self.ledger.tier(lead, terms, said.get("score"))
        lead.price = verify.cut(lead.whole, lead.share)
        if not self.ledger.refusal(lead, terms):
            entry |= self.others_say(lead, terms, self.ledger.persons.in_the_way(lead, terms)[0])
        lead.entry = entry
        told = self.ledger.decide(lead, terms)
        entry |= {"status": told.status, **lead.said}
        entry |= {name: value for name, value, default in (("reason", told.reason, ""), ("tier", told.tier, -1), ("payout_micros", told.payout, 0), ("due_ms", told.due, 0)) if value != default}

    def others_say(self, lead, terms, way):
        """What the entry has by this contract's leads and by those of other contracts, of which this log alone tells nothing."""
        if way is not None:
            return {"dup": {"contract": self.contract, "index": way.index}}
        return {"dup": {"commit": b64u(self.chance.randbytes(32)), "contract": "other"}} if self.chance.random() < 0.03 else {}

    def open(self, contact, tokens):
        chance = self.chance
        salt, contact_salt, network_salt = (chance.randbytes(16) for _ in range(3))
        opening = {"index": 0, "salt": b64u(salt), "contact_sha256": b64u(sha256(b"countersign/v1/contact\n" + contact_salt + canonical(contact))),
                   "network_sha256": b64u(chance.randbytes(32)), **tokens, "contact": contact, "contact_salt": b64u(contact_salt)}
        if chance.random() < 0.5:
            opening |= {"ip": "192.0.2.1", "ua": "Browser", "network_salt": b64u(network_salt)}
            opening["network_sha256"] = b64u(verify.network_hash(b64u(network_salt), opening))
        return opening

    def dispose(self, lead, status, by, **members):
        terms = self.ledger.versions.bound(max(self.now, self.entries[-1]["at"]))
        sale = members.get("amount_micros", 0) * lead.terms.price["sale_ppm"] // 1_000_000 if status == "converted" else 0
        sale = verify.cut(sale, lead.share)
        pays = {"approved": lead.price, "converted": lead.price + (lead.sale if lead.status == "converted" else sale)}
        change = pays.get(status, 0) - pays.get(lead.status, 0)
        entry = {"kind": "disposition", "lead": lead.index, "status": status, "terms": terms.index, **by, **members}
        if change:
            entry["payable_micros"] = change
        if by["trust"] != "system":
            entry["request_sha256"] = self.chance.randbytes(32).hex()
        self.append(entry)

    def disposition(self):
        chance = self.chance
        leads = list(self.ledger.leads.values())
        for _ in range(8):
            if not leads:
                return
            lead = chance.choice(leads[-15:])
            status = chance.choice(["approved", "rejected", "returned", "converted"])
            by = chance.choice([{"party": ADVERTISER, "trust": "signed"}, {"party": ADVERTISER, "trust": "api"}, {"party": OPERATOR, "trust": "api"}, {"party": ADVERTISER, "trust": "key"}])
            members = {"amount_micros": chance.randrange(1, 10**9), "currency": self.fixed["currency"]} if status == "converted" and chance.random() < 0.7 else {}
            saved = len(self.entries), lead.status
            try:
                self.dispose(lead, status, by, **members)
                return
            except verify.Fails:  # not a step that is allowed: the ledger is as before but for the entry
                assert lead.status == saved[1]
                del self.ledger.entries[saved[0]:]
                del self.ledger.bound_by[saved[0]:]

    def statement(self):
        if self.ledger.unsure:
            self.confirm()
        self.approve_due()
        if any(lead.status == "pending" and lead.due and self.now - lead.due > HOUR for lead in self.ledger.leads.values()):
            return
        ledger, at = self.ledger, len(self.entries)
        before = ledger.statements[-1] if ledger.statements else None
        number, to = len(ledger.statements) + 1, at if self.chance.random() < 0.5 else self.chance.randint(max(before.to if before else 0, 1), at)
        cut = bool(ledger.cuts) and ledger.cuts[0] <= to
        to = ledger.cuts[0] if cut else to
        ident = verify.statement_id(self.contract, number)
        entry = {"from": before.to if before else 0, "id": ident, "kind": "statement", "number": number, "sha256": "0" * 64, "to": to}
        if offset := self.chance.choice([0, 3600, -12_600]):
            entry["utc_offset_s"] = offset
        last, now = self.entries[to - 1]["at"] + 1 if to > entry["from"] else 0, self.draft(entry)["at"]
        entry["issued_ms"] = max(last - 1, now - self.chance.choice([0, 1, 50, HOUR]))
        first, latest = max(last, before.entry["to_ms"] if before else 0), max(last, entry["issued_ms"], before.entry["to_ms"] if before else 0)
        if to < at:
            latest = min(latest, self.entries[to]["at"] + 1)
        if first > latest and not cut:
            return  # no time is between what it closes and what it leaves
        entry["to_ms"] = last if cut else self.chance.choice([first, latest, self.chance.randint(first, latest)])
        draft = self.draft(entry)
        made = verify.Statement(ledger, at, draft, ledger.versions.bound(draft["at"]), before)
        payload = made.payload(ISSUER, lambda size: root_at(self.data, size))
        entry |= {name: value for name, value in (("vat_advertiser", made.whose[0]), ("vat_kind", made.kind), ("vat_ppm", made.ppm), ("vat_publisher", made.whose[1]))
                  if value not in (0, "none")}
        self.append(entry | {"sha256": sha256(payload).hex()})
        ledger.statements[-1].payload(ISSUER, lambda size: root_at(self.data, size))
        self.statements[ident] = payload, made.lines
        if self.chance.random() < 0.7:
            self.respond(ident, payload)

    def respond(self, ident, payload):
        party = self.chance.choice([ADVERTISER, self.fixed["publisher"]])
        if self.now < self.entries[-1]["at"] - 300_000:
            return  # a clock that went far back: an answer would be of before its statement
        said = party_word(self.party_keys[party], party, "countersign-response", self.now, disputed=[], statement_sha256=sha256(payload).hex(), verdict="accept")
        self.append({"jws": said, "kind": "response", "party": party, "statement": ident})

    # the word of both parties

    def about(self, party, typ, leaf, since, **members):
        """What a party says of an entry; None: its clock went too far back for that."""
        if self.now < since - 300_000:
            return None
        return party_word(self.party_keys[party], party, typ, self.now, contract=self.contract, leaf=leaf.hex(), **members)

    def assent_to_terms(self):
        """Of one that is in force or waits, by one party or by both, now or later."""
        version = self.chance.choice(self.ledger.versions.line) if self.ledger.versions.binds(self.now) else self.ledger.versions.line[0]
        for party in self.chance.sample(sorted(self.party_keys), 2):
            said = self.about(party, "countersign-assent", version.leaf, version.at, version=version.version)
            if said and party not in version.assents and version in self.ledger.versions.line and (version is self.ledger.versions.bound(self.ahead()) or version.begins > self.ahead()):
                self.append({"jws": said, "kind": "assent", "party": party, "version": version.version})
            if self.chance.random() < 0.3 and self.ledger.versions.binds(self.now):
                return

    def assent_to_adjustment(self):
        open_ = [each for each in self.ledger.adjustments.values() if each.entry.get("on_assent") and len(each.assents) < 2]
        if not open_:
            return
        corrected, party = self.chance.choice(open_), self.chance.choice(sorted(self.party_keys))
        said = self.about(party, "countersign-assent", corrected.leaf, corrected.entry["at"], adjustment=corrected.index)
        if said and party not in corrected.assents:
            complete = {"payable_micros": corrected.micros} if corrected.assents else {}
            self.append({"adjustment": corrected.index, "jws": said, "kind": "assent", "party": party, **complete})

    def ahead(self):
        """The time that an entry would have."""
        return self.draft({})["at"]

    def withdraw(self):
        """The newest version, if it does not bind yet: by who may change it, or by both that assented."""
        version, at = self.ledger.versions.line[-1], self.ahead()
        if self.ledger.unsure or version is self.ledger.versions.bound(at):
            return
        if not (version.on_assent and len(version.assents) == 2):
            self.append({"by": self.chance.choice([OPERATOR, ADVERTISER]), "kind": "withdrawal", "version": version.version})
            return
        for party in self.chance.sample(sorted(self.party_keys), self.chance.choice([1, 2])):
            said = self.about(party, "countersign-withdrawal", version.leaf, version.at, version=version.version)
            if said and party not in version.taken_back:
                self.append({"by": party, "jws": said, "kind": "withdrawal", "version": version.version})

    def erase(self):
        """Visits and leads, of which nothing is open from there on but what tells persons apart."""
        sealed = [at for at, entry in enumerate(self.entries) if "commit" in entry and at not in self.ledger.erased]
        if not sealed:
            return
        gone = sorted(self.chance.sample(sealed, min(len(sealed), self.chance.choice([1, 1, 2, 5]))))
        self.append({"by": self.chance.choice([OPERATOR, ADVERTISER]), "entries": gone, "kind": "erase"})
        for opening in self.openings:
            if opening["index"] in gone:
                for name in ("contact", "contact_salt", "ip", "ua", "network_salt"):
                    opening.pop(name, None)

    def adjust(self):
        chance, most = self.chance, verify.ROOM
        entry = {"by": OPERATOR, "kind": "adjustment", "micros": chance.choice([1, -1, 10**7, -10**7, -10**9, most, -most, chance.randrange(-10**8, -1)]),
                 "reason": chance.choice(["as agreed", "x" * 512, "caf\u00e9 <b>\"test\"</b>"])}
        if self.terms_now().both():
            entry["on_assent"] = True
        if self.ledger.leads and chance.random() < 0.6:
            entry["lead"] = chance.choice(sorted(self.ledger.leads))
        if self.ledger.statements and chance.random() < 0.4:
            entry["statement"] = chance.choice(self.ledger.statements).id
        self.append(entry)

    def grow(self, events):
        for _ in range(events):
            self.pass_time()
            event = self.chance.choices([self.visit, self.lead, self.disposition, self.statement, self.change_terms, self.change_key, self.adjust,
                                         self.withdraw, self.erase, self.assent_to_terms, self.assent_to_adjustment, self.tell],
                                        [6, 9, 5, 0.4 * self.settles, 0.5, 0.2, 0.7, 0.4, 0.4, 0.3 + self.both, 0.1 + 0.5 * self.both, 0.7 * self.settles])[0]
            event()
        return self

    def change_terms(self):
        self.terms(len(self.ledger.versions.all), *documents(self.chance, self.fixed))

    def mirror(self):
        return mirror(self.entries, self.openings, self.statements)


def made_log(seed, events=60, settles=True):
    chance = random.Random(seed)
    return MadeLog(chance, settles, both=chance.random() < 0.3).grow(events)


# ---- changes by somebody who has the server's keys ----

WORDS = {"class": verify.CLASSES, "status": verify.STATUSES, "reason": verify.REASONS, "trust": verify.TRUSTS, "device": verify.DEVICES,
         "party": (ADVERTISER, PUBLISHER, OPERATOR, "P9", ""), "currency": ("EUR", "USD", "ZZZ"), "country": ("FR", "ZZ", "")}

UNASKED = {  # of these no decision depends: an auditor may ask less of them (FORMATS, "Documents")
    "allowed_hosts", "click_param", "fallback_url", "landing_url", "name", "pass", "referrer_policy", "timezone"}

NEW = {  # members that an entry may be given that it had not
    "lead": {"test": True, "disposable": True, "honeypot": True, "claimed": True, "clock_unsure": True, "click_unrecorded": True, "missing_fields": 1,
             "other_touches": 1, "due_ms": START, "tier": 0, "payout_micros": 5, "bad": ["email"], "txid": "new", "sub3": "x", "utc_offset_s": 3600,
             "share_from": 1, "share_to": 5, "clock_steps": 1, "dup": {"contract": CONTRACT, "index": 3}, "clock_ms": 5, "click": 3, "placement": 1,
             "reason": "review", "facts": {"country": "FR"}, "score": 500, "score_high": 700, "score_why": ["+hour"], "utm_source": "x", "zz": 1},
    "disposition": {"amount_micros": 7, "currency": "EUR", "payable_micros": 3, "text": "x", "txid": "y", "party": ADVERTISER, "clock_ms": 7},
    "click": {"clock_steps": 1, "sub1": "q", "to": "https://x.example/", "to_refused": True, "country": "FR", "device": "phone", "utm_term": "t"},
    "view": {"click": 3, "placement": 1}, "gap": {"clicks": 1, "impressions": 2}, "impression": {"device": "phone"},
    "clock": {"unsure": True, "by": OPERATOR, "confirmed_ms": START, "from_ms": START, "to_ms": START + DAY},
    "adjustment": {"on_assent": True, "lead": 1, "statement": "S9", "clock_ms": 5},
    "terms": {"effective_ms": START + 10**10, "on_assent": True}, "key": {"clock_ms": 5}, "erase": {"clock_ms": 5},
    "assent": {"payable_micros": 5, "adjustment": 3, "version": 1}, "withdrawal": {"clock_ms": 5, "jws": "x.y.z"}}


def another(value, name, chance, size):
    """Another value for a member; None where it is to go."""
    if name in WORDS:
        return chance.choice(WORDS[name])
    if isinstance(value, bool):
        return chance.choice([None, 1, "true"])
    if isinstance(value, int):
        return chance.choice([value + 1, value - 1, 0, value + 1000, value + DAY, value - DAY, 2 * value, -value, 2**53, 2**53 - 1, -1, chance.randrange(size), None])
    if isinstance(value, str):
        return chance.choice([value + "x", value[:-1], value.upper(), " " + value, "7", "x" * 50_000, "x" * 200, b64u(chance.randbytes(32)), None, 3])
    if isinstance(value, list):
        return chance.choice([value[::-1], value + value[:1], value[:-1], value + ["first_name"], value + ["phone"], None, {}])
    changed = json.loads(json.dumps(value)) or {"country": "FR"}
    member = chance.choice(sorted(changed.keys() - UNASKED) or sorted(changed))
    change(changed, member, chance, size)
    return changed


def change(holder, member, chance, size):
    value = another(holder[member], member, chance, size)
    if value is None or value in ("", [], {}):
        del holder[member]
    else:
        holder[member] = value


def forge(log, chance):
    """(what was done, files): a log with something else in one place, signed as if it had always been so."""
    entries, openings = json.loads(json.dumps(log.entries)), [dict(opening) for opening in log.openings]
    at = chance.randrange(1 if chance.random() < 0.95 else 0, len(entries))
    entry = entries[at]
    entry = entries[at := 0] if "touches" in entry else entry  # the first does not hold them against `other_touches`
    what = chance.choice(["member", "member", "member", "new", "new", "remove", "kind", "swap", "opening", "end", "again"])
    if what == "member":
        change(entry, chance.choice(sorted(set(entry) - {"kind"})), chance, len(entries))
    elif what == "new" and NEW.get(entry["kind"]):
        name = chance.choice(sorted(NEW[entry["kind"]]))
        entry[name] = NEW[entry["kind"]][name]
    elif what == "remove":
        del entry[chance.choice(sorted(entry))]
    elif what == "kind":
        entry["kind"] = chance.choice([*sorted(verify.MEMBERS), "erase", "root"])
    elif what == "swap" and at + 1 < len(entries):
        entries[at], entries[at + 1] = entries[at + 1], entries[at]
    elif what == "opening" and openings:
        opening = chance.choice(openings)
        change(opening, chance.choice(sorted(opening)), chance, len(entries))
    elif what == "end":
        entries.pop()
        openings = [opening for opening in openings if opening["index"] < len(entries)]
    elif what == "again":
        entries.append({**entry, "at": max(entry["at"], entries[-1]["at"])})
        openings += [{**opening, "index": len(entries) - 1} for opening in openings if opening["index"] == at]
    return f"{what} of entry {at}", mirror(entries, openings, {})
