"""Campaigns that no server ran: several contracts over one clock, whose leads find each other's persons, caps, touches and txids, and, if asked, one
kind of lie about them. Each log by itself holds; what they say together one implementation has to tell as the other does."""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from made_logs import ADVERTISER, DAY, HOUR, KEYS, OPERATOR, ORIGIN, PUBLISHERS, START, MadeLog, b64u, documents, key_of, log_files, mirrors, root_at, sha256, verify  # noqa: E402
from several_mirrors import FORMAL, deal  # noqa: E402

CONTRACTS = ("C000000000001", "C000000000002", "C000000000003")
LIES = {  # what is told otherwise than it was: the check that shows it
    "unmade": "duplicates", "another's": "duplicates", "nobody's": "duplicates", "withheld": "caps", "past": "caps", "txid": "txids", "share": "shares",
    "left out": "shares", "one report": "shares", "one part": "shares", "token": "persons", "step": "clocks",
    "identity": "parties", "moment": "parties", "key": "parties", "maker": "parties", "document": "document"}

SEEN = {"unmade": 1, "another's": 1, "nobody's": 3, "withheld": 1, "past": 2, "txid": 4, "share": 1, "left out": 2, "one report": 3, "one part": 4, "token": 1, "step": 1,
        "identity": 1, "moment": 1, "key": 1, "maker": 1, "document": 1}  # seeds

HONEST = 215, 32, 194, 41  # seeds, likewise


class Member(MadeLog):
    """One contract of a campaign."""

    def __init__(self, campaign, n):
        self.campaign = campaign
        keys = {ADVERTISER: key_of(b"another")} if n == 1 and campaign.lies("key", 1) else campaign.keys
        super().__init__(campaign.chance, settles=False, contract=CONTRACTS[n], publisher=PUBLISHERS[n], people=campaign.people, fixed=campaign.fixed,
                         now=campaign.now, keys=keys)

    def terms(self, version, campaign, contract):
        """One campaign document for all, at one time."""
        document = {**self.campaign.document, "name": "Another"} if self.contract != CONTRACTS[0] and self.campaign.lies("document", 1) else self.campaign.document
        self.append({"campaign": document, "contract": contract, "kind": "terms", "rules": 1, "version": version + 1})

    def others_say(self, lead, terms, way):
        """Persons and caps as the whole campaign has them."""
        said, elsewhere = {}, self.campaign.in_the_way(lead, terms, self)
        if elsewhere is not None and (way is None or elsewhere.time > way.time):
            said["dup"] = self.campaign.commitment(lead, elsewhere)
        elif way is not None:
            said["dup"] = {"contract": self.contract, "index": way.index}
        reason = self.campaign.over(lead, terms)
        if self.campaign.lies("withheld") and terms.campaign["caps"] and not said:
            cap = self.chance.choice(sorted(terms.campaign["caps"]))
            reason = next(reason for reason, name in verify.CAP_OF.items() if name == cap)
        return said | ({"reason": reason} if reason else {})


class MadeCampaign:
    """Grows by random events in random contracts."""

    def __init__(self, chance, lie=None):
        self.chance, self.lie, self.lied = chance, lie, 0
        self.fixed, self.steps = {"currency": "EUR"}, lie == "step" or chance.random() < 0.15
        self.document = self.drawn()
        self.people = [MadeLog.somebody(self) for _ in range(8)]
        self.logs, self.now, self.keys = [], START, {}
        self.legal, self.credentials = None, {}
        self.logs += (Member(self, n) for n in range(chance.choice([2, 2, 3])))

    def drawn(self):
        document, _ = documents(self.chance, {**self.fixed, "contract": CONTRACTS[0], "publisher": PUBLISHERS[0]})
        document["lead"] |= {"require": [], "rules": []}  # so that most leads stand
        if self.lie in ("past", "withheld"):
            document["caps"] |= {"day": self.chance.choice([1, 2, 3]), "budget_micros_month": self.chance.choice([0, 9_000_000, 10**9])}
        if self.lie == "unmade":
            document["dedupe"] = {"by": ["email", "phone"], "days": 90}
        if self.lie == "token":
            document["attribution"]["model"] = "last"
        elif self.chance.random() < 0.6:
            document["attribution"]["model"] = self.chance.choice(["linear", "time-decay", "position", "linear"])
            document["accept_from"] = ["advertiser", "publisher"]
        return document

    def lies(self, what, often=0.4):
        lie = self.lie == what and self.chance.random() < often
        self.lied += lie
        return lie

    # what the campaign knows

    def leads(self):
        return [(log, lead) for log in self.logs for lead in log.ledger.leads.values()]

    def in_the_way(self, lead, terms, own, both_ways=False):
        """A lead of another contract with an equal token, that stands; of several the latest."""
        if self.lies("unmade"):
            return None
        if not both_ways and self.lies("another's"):
            return self.chance.choice([other for _, other in self.leads()] or [None])
        found = [other for log, other in self.leads() if log is not own and other.stands() and other.entry["commit"] != lead.entry["commit"]
                 and set(lead.contacts()) & set(other.contacts()) & {(kind, token) for kind, token in lead.contacts() if ("email", "phone")[kind - 1] in terms.by}
                 and verify.Persons.near(lead, other, terms, both_ways)]
        return max(found, key=lambda other: other.time, default=None)

    def commitment(self, lead, other):
        leaf = verify.leaf_hash(verify.canonical(other.entry))
        said = sha256(b"countersign/v1/dup\n" + verify.b64u_decode(lead.entry["commit"]) + leaf)
        return {"commit": b64u(self.chance.randbytes(32) if self.lies("nobody's") else said), "contract": "other"}

    def over(self, lead, terms):
        """The cap of the campaign that has no room."""
        if self.lies("past", 0.8):
            return None
        counts, caps = [log.ledger.counts["campaign"] for log in self.logs], terms.campaign["caps"]
        n, month, micros = (sum(each) for each in zip(*((count.days[lead.day], count.months[lead.month], count.micros[lead.month]) for count in counts)))
        full = {"cap_day": n >= caps.get("day", verify.LARGEST), "cap_month": month >= caps.get("month", verify.LARGEST),
                "budget": micros + lead.whole > caps.get("budget_micros_month", verify.LARGEST)}
        return next((reason for reason in full if full[reason]), None)

    # what happens

    def pass_time(self):
        chance = self.chance
        self.now += chance.choice([0, 1, 500, 3_000, 60_000, HOUR, HOUR, 9 * HOUR, DAY])
        if chance.random() < 0.03:
            self.now -= chance.choice([1, 500])
        self.now = max([self.now, *(log.ledger.latest - HOUR for log in self.logs)])
        if self.steps and chance.random() < 0.02:
            before, off = max(log.ledger.latest for log in self.logs), chance.choice([-3_000, 3_000, 50_000])
            self.now = before + off
            for log in self.logs:
                log.now = self.now
                log.append({"from_ms": before - 100 * self.lies("step", 0.8), "kind": "clock", "steps": log.ledger.steps + 1, "to_ms": self.now})
        for log in self.logs:
            log.now = self.now
        for log in self.logs:
            log.approve_due()

    def lead(self):
        """One report; credit to the contracts of its touches, each by its own terms."""
        chance, log = self.chance, self.chance.choice(self.logs)
        looked = set().union(*(each.terms_now().looked_at() for each in self.logs))
        terms = log.terms_now()
        entry, contact, tokens = log.report(terms.campaign, terms.lead, looked)
        if self.txid_taken(entry) and not self.lies("txid", 0.9) or log.ledger.txid_taken(entry):
            entry["txid"] = ""
        credit = self.credit(entry, terms, self.logs if entry["party"] in ("", ADVERTISER) else [log])
        if not credit:
            entry["claimed"] = chance.random() < 0.5
            credit = {log: {}}
        if "email" in tokens and list(credit) == [self.logs[-1]] and self.lies("token", 1):
            tokens["email"] = b64u(sha256(tokens["email"].encode())[:16])
        others = max(members.get("other_touches", 0) for members in credit.values())
        if others:
            contact["touches"] = ",".join(f"{n:051}" for n in range(others + 1))
        opening = log.open(contact, tokens)
        if len(credit) > 1 and self.lies("left out", 0.5):
            credit.pop(chance.choice(sorted(credit, key=lambda each: each.contract)))
        for n, (each, members) in enumerate(credit.items()):
            told = {**entry, **members}
            if n and self.lies("one report", 0.5):
                told["sub1"] = "another"
            if each.ledger.txid_taken(told):
                told["txid"] = ""
            each.book(told, opening, each.terms_now())

    def txid_taken(self, entry):
        """By leads of all contracts."""
        same = [lead for _, lead in self.leads() if lead.txid and (lead.txid, lead.entry["party"]) == (entry["txid"], entry["party"])]
        return any(lead.status != "rejected" or lead.entry.get("reason") not in FORMAL for lead in same)

    def credit(self, entry, terms, logs):
        """{log: what its entry says of touches and share}."""
        chance, attribution = self.chance, terms.campaign["attribution"]
        clicks = [(verify.clock(each), n, at, log) for n, log in enumerate(self.logs) if log in logs for at, each in list(enumerate(log.entries))[-15:] if each["kind"] == "click"]
        steps = lambda click: click[3].entries[click[2]].get("clock_steps", 0)  # noqa: E731
        touches = sorted(chance.sample(clicks, min(len(clicks), chance.choice([0, 1, 1, 2, 2, 3, 4]))), key=lambda click: (steps(click), *click[:3]))
        others = len(touches) - 1
        if attribution["model"] == "last":
            touches = touches[-1:]
        elif attribution["model"] == "first":
            touches = touches[:1]
        else:
            inside = [click for click in touches if steps(click) != self.logs[0].ledger.steps or self.now - click[0] <= terms.window]
            touches = inside or touches[-1:]
        while touches:
            shares = deal(attribution, self.now, [click[0] for click in touches])
            sums = {log: sum(share for share, click in zip(shares, touches) if click[3] is log) for *_, log in touches}
            if all(sums.values()):
                break
            touches = [click for click in touches if sums[click[3]]]
        order = sorted({click[3]: n for n, click in enumerate(touches)}.items(), key=lambda each: each[1])
        credit, at = {}, 0
        for log, last in order:
            own = [{"click": click[2], "clicked_ms": click[0]} for click in touches if click[3] is log]
            share = {} if len(order) == 1 else {"share_from": at, "share_to": at + sums[log], "touches": own[:-1]}
            at += sums[log]
            credit[log] = {**own[-1], **share, "placement": log.entries[own[-1]["click"]]["placement"], "other_touches": others}
        if len(credit) > 1 and self.lies("share"):
            self.shift(list(credit.values()))
        return credit

    def shift(self, parts):
        """A millionth, or more, for another contract; now and then all the parts in another order."""
        by = self.chance.choice([1, -1, 1000])
        one, other = self.chance.choice(list(zip(parts, parts[1:])))
        one["share_to"] += by
        other["share_from"] += by

    def disposition(self):
        chance, leads = self.chance, self.leads()
        for _ in range(8):
            if not leads:
                return
            log, lead = chance.choice(leads[-40:])
            status = chance.choice(["approved", "rejected", "returned", "converted"])
            by = chance.choice([{"party": ADVERTISER, "trust": "signed"}, {"party": ADVERTISER, "trust": "api"}, {"party": OPERATOR, "trust": "api"}])
            members = {"amount_micros": chance.randrange(1, 10**8), "currency": "EUR"} if status == "converted" and chance.random() < 0.7 else {}
            parts = [(each, other) for each, other in leads if other.entry["commit"] == lead.entry["commit"]]
            if len(parts) > 1 and self.lies("one part"):
                parts = [(log, lead)]
            before = lead.stands(), lead.status
            with_it = [(each, other) for each, other in parts if (other.stands() if before[0] else other.status == before[1])]
            done = [self.dispose(each, other, status, by, members) for each, other in with_it]
            if any(done):
                return

    def dispose(self, log, lead, status, by, members):
        """False for a step that is not allowed: the ledger is as before but for the entry."""
        stands_up = not lead.stands() and status in ("approved", "converted")
        if stands_up and self.in_the_way(lead, log.terms_now(), log, both_ways=True) is not None:
            return False
        saved = len(log.entries), lead.status
        try:
            log.dispose(lead, status, by, **members)
            return True
        except verify.Fails:
            assert lead.status == saved[1]
            del log.ledger.entries[saved[0]:]
            del log.ledger.bound_by[saved[0]:]
            return False

    def change_terms(self):
        self.document = self.drawn()
        for log in self.logs:
            log.change_terms()

    def grow(self, events):
        for _ in range(events):
            self.pass_time()
            self.chance.choices([lambda: self.chance.choice(self.logs).visit(), self.lead, self.disposition, self.change_terms,
                                 lambda: self.chance.choice(self.logs).statement()], [7, 8, 5, 0.2, 0.3])[0]()
        return self

    # what the advertiser says of itself, or is given, in all logs at one time

    def all_logs(self):
        for log in self.logs:
            log.now = self.now
        return self.logs

    def say_who(self):
        self.legal = {"kind": "party", "party": ADVERTISER, "by": self.chance.choice([ADVERTISER, OPERATOR]), "legal": {"name": f"Made {self.chance.randrange(9)}"}}
        for log in self.all_logs():
            log.append(self.told(log, self.legal))
        if self.lies("moment", 1):
            log.append({**self.legal, "legal": {"name": "Another"}})
            log.append(self.legal)

    def told(self, log, said):
        """As the last of the logs has it."""
        other = {"identity": {"legal": {"name": "Another"}}, "maker": {"by": ADVERTISER}}.get(self.lie, {}) if log is self.logs[-1] else {}
        return {**said, **{name: value for name, value in other.items() if name in said and said["kind"] == {"legal": "party", "by": "credential"}[name]}}

    def renew_key(self):
        if not self.lies("key", 1):
            self.keys[ADVERTISER] = key_of(f"advertiser {self.now}".encode())
            for log in self.all_logs():
                log.show_key(ADVERTISER, self.keys[ADVERTISER])

    def give_credential(self):
        """Told a while later, in one log behind the other; some are taken back."""
        ident = f"T{len(self.credentials)}"
        self.credentials[ident] = {"kind": "credential", "party": ADVERTISER, "by": OPERATOR, "what": self.chance.choice(["secret", "token", "postback_key"]), "id": ident, "since_ms": self.now}
        self.tell_credential(self.credentials[ident])
        if self.chance.random() < 0.4:
            self.now += HOUR
            self.tell_credential({**self.credentials.pop(ident), "retired": True, "since_ms": self.now})
            self.credentials[ident] = None

    def tell_credential(self, said):
        for log in self.all_logs():
            self.now += self.chance.choice([0, 1, 3_000])
            log.now = self.now
            if log is not self.logs[-1] or not self.lies("untold", 1):
                log.append(self.told(log, said))

    def new_contract(self):
        """One that begins with what is so by then."""
        if len(self.logs) < len(CONTRACTS):
            self.logs.append(Member(self, len(self.logs)))
            for said in (self.legal, *self.credentials.values()):
                if said is not None:
                    self.logs[-1].append(self.told(self.logs[-1], said))

    def tell_parties(self, events=14):
        for n in range(events):
            self.now = max([self.now + self.chance.choice([1, 60_000, HOUR, 2 * DAY]), *(verify.clock(log.entries[-1]) + 1 for log in self.logs)])
            for log in self.all_logs():
                log.approve_due()
            self.chance.choice([self.say_who, self.renew_key, self.give_credential, self.new_contract, lambda: self.chance.choice(self.logs).visit()])()
        self.now += 3 * DAY
        for log in self.all_logs():
            log.approve_due()
            log.visit()
        return self

    def mirrors(self):
        return mirrors([(log.contract, log.entries, log.openings, log.statements) for log in self.logs])


def other_root_log():
    """Files of a root log that is another server's history under the same keys."""
    leaves = [sha256(b"head"), verify.root_tag(f"{ORIGIN}/{CONTRACTS[0]}", 0)]
    return {"log/checkpoint": KEYS.note(ORIGIN, 2, root_at(leaves)), **log_files("log", leaves)}


def made_campaign(seed, lie=None, events=70, parties=False):
    """`parties`: they say things of themselves when all is done."""
    made = MadeCampaign(random.Random(f"{seed} {lie}"), lie).grow(events)
    return made.tell_parties() if parties or LIES.get(lie, "parties" if lie else "") == "parties" else made
