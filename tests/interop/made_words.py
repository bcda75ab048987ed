"""A contract in which nothing counts without the word of both parties: adjusted, erased from, its terms changed, agreed to and taken back. And what an
operator with the server's keys, but with neither party's, tells otherwise of it."""

import json
import random

from made_logs import ADVERTISER, DAY, HOUR, OPERATOR, PUBLISHER, MadeLog, b64u, canonical, compact, key_of, mirror, verify

OPENED = ("contact", "contact_salt", "ip", "ua", "network_salt")


def close(openings, *leads):
    for opening in openings:
        if opening["index"] in leads:
            for name in OPENED:
                opening.pop(name, None)


class Words(MadeLog):
    """The honest one, of one seed: what was drawn makes no difference to the words."""

    def __init__(self):
        super().__init__(random.Random(3), both=True)
        self.now += HOUR
        self.clicks(3)
        self.adjusted()
        agreed = self.changed(777, effective_ms=self.now + DAY)
        for typ, kind in (("countersign-assent", "assent"), ("countersign-withdrawal", "withdrawal")):
            for party in sorted(self.party_keys):
                self.now += 1000
                said = self.about(party, typ, agreed.leaf, agreed.at, version=agreed.version)
                self.append({"by" if kind == "withdrawal" else "party": party, "jws": said, "kind": kind, "version": agreed.version})
        self.lacking = self.changed(778).version
        self.append({"by": OPERATOR, "kind": "withdrawal", "version": self.lacking})
        self.clicks(2)
        self.append({"by": OPERATOR, "entries": [min(self.of("click"))], "kind": "erase"})
        for _ in range(2):
            self.lead()
        self.append({"by": OPERATOR, "entries": [min(self.of("lead"))], "kind": "erase"})
        close(self.openings, min(self.of("lead")))
        self.clicks(1)

    def documents(self):
        return json.loads(json.dumps({name: self.entries[0][name] for name in ("campaign", "contract")}))

    def clicks(self, n):
        for _ in range(n):
            self.append({"class": "ok", "commit": b64u(self.chance.randbytes(32)), "kind": "click", "placement": 1})
            self.now += HOUR

    def adjusted(self):
        self.append({"by": OPERATOR, "kind": "adjustment", "micros": 5_000_000, "on_assent": True, "reason": "as agreed"})
        at = len(self.entries) - 1
        for n, party in enumerate(sorted(self.party_keys)):
            self.now += 1000
            made = self.ledger.adjustments[at]
            said = self.about(party, "countersign-assent", made.leaf, made.entry["at"], adjustment=at)
            self.append({"adjustment": at, "jws": said, "kind": "assent", "party": party, **({"payable_micros": made.micros} if n else {})})

    def changed(self, click_micros, **members):
        said = self.documents()
        said["contract"]["price"]["click_micros"] = click_micros
        self.append({**said, "kind": "terms", "on_assent": True, "rules": 1, "version": len(self.ledger.versions.all) + 1, **members})
        return self.ledger.versions.line[-1]

    def of(self, kind):
        return [at for at, entry in enumerate(self.entries) if entry["kind"] == kind]


class Told:
    """A copy to lie in."""

    def __init__(self, log):
        self.entries, self.openings = json.loads(json.dumps(log.entries)), json.loads(json.dumps(log.openings))

    def one(self, kind, n=0, **members):
        return [entry for entry in self.entries if entry["kind"] == kind and all(entry.get(name) == value for name, value in members.items())][n]

    def add(self, entry):
        self.entries.append({**entry, "at": self.entries[-1]["at"]})

    def mirror(self):
        return mirror(self.entries, self.openings, {})


# ---- lies: what is told otherwise ----

def assent_before_its_time(told):
    """Its entry is earlier than what was signed: the version would have bound sooner."""
    at = told.entries.index(told.one("assent", version=2))
    for entry in told.entries[at - 1:]:
        entry["at"] -= HOUR // 2
    told.entries[at - 1]["effective_ms"] -= HOUR // 2


def adjustment_counts_with_one_word(told):
    told.one("assent", adjustment=told.entries.index(told.one("adjustment")))["payable_micros"] = 5_000_000


def adjustment_of_another_amount(told):
    told.one("adjustment")["micros"] += 1


def adjustment_asks_nobody(told):
    del told.one("adjustment")["on_assent"]


def assent_by_the_servers_key(told):
    entry = told.one("assent", adjustment=told.entries.index(told.one("adjustment")))
    header, said = (json.loads(verify.b64u_decode(part)) for part in entry["jws"].split(".")[:2])
    entry["jws"] = compact(key_of(b"statement"), header, canonical(said))


def taken_back_by_no_signature(told):
    """What both agreed to, by the operator's word."""
    entry = told.one("withdrawal", version=2)
    del entry["jws"]
    entry["by"] = OPERATOR


def taken_back_by_one_for_the_other(told):
    told.one("withdrawal", 1, version=2)["jws"] = told.one("withdrawal", version=2)["jws"]


def taken_back_twice_by_one(told):
    told.one("withdrawal", 1, version=2).update({name: told.one("withdrawal", version=2)[name] for name in ("by", "jws")})


def taken_back_in_the_publishers_name(told):
    told.one("withdrawal", version=3)["by"] = PUBLISHER


def taken_back_while_in_force(told):
    told.one("withdrawal", version=3)["version"] = 1


def version_that_asks_nobody(told):
    del told.one("terms", version=3)["on_assent"]


def version_that_makes_assents_the_operators(told):
    entry = told.one("terms", version=3)
    del entry["on_assent"]
    entry["contract"]["assent"] = "operator"


def erased_in_the_publishers_name(told):
    told.one("erase")["by"] = PUBLISHER


def erased_and_shown(told):
    shown = max(opening["index"] for opening in told.openings if "contact" in opening)
    told.add({"by": OPERATOR, "entries": [shown], "kind": "erase"})


def erased_twice(told):
    told.add(told.one("erase"))


def erased_what_was_never_sealed(told):
    told.one("erase")["entries"] = [0]


def erased_before_it_was_there(told):
    told.one("erase")["entries"] = [len(told.entries) - 1]


def taken_back_in_the_advertisers_name(told):
    told.one("withdrawal", version=3)["by"] = ADVERTISER


def erased_in_the_advertisers_name(told):
    told.one("erase")["by"] = ADVERTISER


def erased_without_a_word(told):
    """What tells persons apart is closed for good, and no entry says why."""
    close(told.openings, *(opening["index"] for opening in told.openings))


def second_word_kept_back(told):
    """Both took it back; the log ends behind the first, and it will bind."""
    at = told.entries.index(told.one("withdrawal", 1, version=2))
    del told.entries[at:]
    told.openings = [opening for opening in told.openings if opening["index"] < at]


def adjustment_that_waits(told):
    """Which nobody agreed to: it counts for nothing."""
    told.add({"by": OPERATOR, "kind": "adjustment", "micros": -1_000_000, "on_assent": True, "reason": "made up"})


SHOWN = (assent_before_its_time, adjustment_counts_with_one_word, adjustment_of_another_amount, adjustment_asks_nobody, assent_by_the_servers_key,
         taken_back_by_no_signature, taken_back_by_one_for_the_other, taken_back_twice_by_one, taken_back_in_the_publishers_name, taken_back_while_in_force,
         version_that_asks_nobody, version_that_makes_assents_the_operators, erased_in_the_publishers_name, erased_and_shown, erased_twice,
         erased_what_was_never_sealed, erased_before_it_was_there)
WORD = {  # what one mirror takes at the operator's word, as README says: and what `verify` says that it does not show
    taken_back_in_the_advertisers_name: "withdrawn", erased_in_the_advertisers_name: "erased", erased_without_a_word: "tokens", second_word_kept_back: "kept_back",
    adjustment_that_waits: "kept_back"}
