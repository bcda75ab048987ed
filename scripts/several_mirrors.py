"""Several mirrors of one campaign, held against each other: FORMATS "Several mirrors", for scripts/verify.py, written from that document alone.

Each mirror is audited by itself first (verify.Audit); here are the nine checks over all of them. No log says how many contracts its campaign
has: what one that is not here could explain cannot be told, unless the reader says that these are all (`whole`).
"""

from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate, combinations
from math import isqrt

import score as lead_score
from verify import DAY_MS, WHOLE, CannotTell, b64u, b64u_decode, canonical, clock, leaf_hash, need, sha256

FOREVER = 1 << 62
DOCUMENT = ("", "the campaign's document")
SLACK = 600_000  # ten minutes: so far may the clock's times of two logs be apart
FORMAL = ("no_click", "unknown_click", "missing_field", "bad_email", "bad_phone")  # refused for its form ("Txid")
REPORT = ("party", "trust", "txid", "given", "bad", "test", "honeypot", "disposable", "claimed", "other_touches", "utc_offset_s", "clock_steps", "clock_unsure",
          "request_sha256", "sub1", "sub2", "sub3", "sub4", "sub5")
ALLOWED = {"pending": ("approved", "converted", "rejected"), "held": ("approved", "converted", "rejected"), "approved": ("returned", "converted"), "converted": ("returned",)}


class Contract:
    """What is asked of one log: its leads, and how far it goes."""

    def __init__(self, audit):
        self.name, self.ledger, self.leads = audit.contract, audit.ledger, list(audit.ledger.leads.values())
        entries = self.ledger.entries
        self.end = clock(entries[-1])
        self.clocks = [entry for entry in entries if entry["kind"] == "clock"]
        self.first = clock(entries[0])
        self.parties = {self.ledger.advertiser, self.ledger.publisher or self.ledger.advertiser}
        self.told = list(told_of_parties(entries))
        versions = self.ledger.versions
        self.asks = any(version.on_assent for version in versions.all)  # then its parties say when what binds
        self.told += [(DOCUMENT, max(version.at, version.begins), canonical(version.campaign)) for version in versions.line if version.begins <= entries[-1]["at"]]
        for lead in self.leads:
            lead.log = self
            lead.leaf = leaf_hash(canonical(lead.entry))
            lead.spans = standing(lead, self.end)

    def steps(self):
        """The `clock` entries that tell of one new step, since the log began."""
        before = 0
        for n, entry in enumerate(self.ledger.entries):
            if entry["kind"] == "clock":
                new, before = entry["steps"] - before, entry["steps"]
                if new == 1 and not (n == 1 and entry["from_ms"] == entry["to_ms"] == self.first):
                    yield entry


def told_of_parties(entries):
    """What entries say of parties: (of whom and what, from when, what it is; None: none such)."""
    for entry in entries:
        if entry["kind"] == "key":
            yield (entry["party"], "key"), clock(entry), entry["pub"]
        elif entry["kind"] == "party":
            yield (entry["party"], "legal data"), clock(entry), (entry["by"], canonical(entry["legal"]))
        elif entry["kind"] == "credential":
            yield (entry["party"], entry["what"], entry["id"]), clock(entry), None if entry.get("retired") else (entry["by"], entry["since_ms"])


def standing(lead, end):
    """From when to when a lead stood, one behind the other, none adjoining, and by which terms it came to: [(from, to, terms)]."""
    spans, last = [], None
    for start, to, _, terms in lead.stood:
        if last == start:
            start, _, terms = spans.pop()
        last = to
        spans.append((start, end if to is None else to, terms))
    return spans


def beside(one, other, kind):
    """Whether two leads stood beside each other though the second to stand was the person of the first, by the terms by which it came to."""
    for a in one.spans:
        for b in other.spans:
            terms = (a if a[0] > b[0] else b)[2]
            if kind in terms.by and abs(one.time - other.time) <= terms.days and min(a[1], b[1]) - max(a[0], b[0]) > SLACK:
                return True
    return False


def stood(lead, status):
    return status in ALLOWED and not (lead.untrusted and status == "held")


def formal(lead):
    return lead.entry["status"] == "rejected" and lead.entry.get("reason") in FORMAL


def formally_refused(lead, until):
    """Whether its sender could report it again under its txid until then: for its form, and not reinstated."""
    return formal(lead) and (len(lead.history) == 1 or until <= lead.history[1][0] + SLACK)


def named(lead):
    return f"lead {lead.index} of {lead.log.name}"


class Campaign:
    """The checks over all logs, in the order of the report. Each says what holds, or raises; `doubts` are what it cannot tell."""

    CHECKS = ("campaign", "persons", "duplicates", "txids", "shares", "caps", "clocks", "parties", "document", "seeds")

    def __init__(self, audits, whole):
        self.audits, self.whole, self.doubts = audits, whole, []

    def doubt(self, what, time, *there):
        """What another contract's log, or more of one, may explain: it does not hold where all are here and go on behind that time."""
        need(not self.whole or any(log.clocks or log.end <= time + SLACK and log not in there for log in self.logs), what)
        self.doubts.append(what)

    def check(self, name):
        self.doubts = []
        if name != "campaign" and not hasattr(self, "logs"):
            raise CannotTell("needs campaign")
        sentence = getattr(self, name)()
        if self.doubts:
            raise CannotTell(self.doubts[0] + (f" (and {len(self.doubts) - 1} more)" if len(self.doubts) > 1 else ""))
        return sentence

    def campaign(self):
        audits, told = self.audits, [audit for audit in self.audits if audit.ledger is not None]
        need(len({audit.root_origin for audit in audits if audit.note_keys}) <= 1, "these mirrors are of several servers")
        first = [(audit.ledger.versions.all[0].campaign["id"], audit.ledger.advertiser) for audit in told]
        need(len(set(first)) <= 1, "these contracts are of several campaigns")
        root_logs = sorted((audit.root_log.leaves for audit in audits if hasattr(audit, "root_log")), key=len)
        for shorter, longer in zip(root_logs, root_logs[1:]):
            need(longer[:len(shorter)] == shorter, "the root log of one is another history than the one in another of these mirrors")
        if len(told) < len(audits) or any(audit.ledger.unknown_rules is not None for audit in told):
            raise CannotTell("the log of one cannot be followed to its end")
        if len({audit.contract for audit in audits}) < len(audits):
            raise CannotTell("a contract is here twice")
        self.logs = [Contract(audit) for audit in audits]
        self.leads = [lead for log in self.logs for lead in log.leads]
        self.by_commit = defaultdict(list)
        for lead in self.leads:
            if "share_to" in lead.entry:
                self.by_commit[lead.entry["commit"]].append(lead)
        return f"{len(audits)} contracts of {first[0][0]}" + (", all of them as the reader says" if self.whole else "; whether it has more no log tells")

    def persons(self):
        by_key, by_token = {}, {}
        for log in self.logs:
            for kind, keys in log.ledger.spelled[0].items():
                for key, token in keys.items():
                    one, other = by_key.setdefault((kind, key), token), by_token.setdefault((kind, token), key)
                    need(one == token and other == key, f"the {kind} of one person has two tokens, or one token is of two, in {log.name} and another log")
        return f"{len(by_key)} addresses and numbers that are open have each one token"

    # duplicates

    def duplicates(self):
        self.under = defaultdict(list)
        for lead in self.leads:
            for key in self.keys(lead):
                self.under[key].append(lead)
        found = sum(self.repeated(lead) for lead in self.leads if "commit" in lead.entry.get("dup", {}))
        self.unmade()
        return f"{found} duplicates of leads that another log may have name one here; no person stands in two logs"

    @staticmethod
    def keys(lead):
        yield from lead.contacts()
        for kind, value in (("txid", lead.txid), ("click", lead.click)):
            if value is not None:
                yield kind, lead.log.name, value

    def repeated(self, report):
        """What a duplicate commits to is a lead here that was in its way."""
        commit = b64u_decode(report.entry["commit"])
        is_it = lambda lead: b64u(sha256(b"countersign/v1/dup\n" + commit + lead.leaf)) == report.entry["dup"]["commit"]  # noqa: E731
        way = next((lead for lead in self.reached(report) if is_it(lead)), None)
        if way is None:
            other = next(filter(is_it, self.leads), None)
            self.doubt(f"{named(report)} repeats {f'{named(other)}, which is another person' if other else 'a lead that is not here'}", report.time, report.log)
            return False
        ago = report.time - way.time
        then = -SLACK <= ago <= report.terms.days + SLACK
        near = any(start <= report.time + SLACK and to >= report.time - SLACK for start, to, _ in way.spans) or \
            way.stands() and way.stood[-1][0] <= report.time + SLACK
        if not then or not (near or way.entry["trust"] == "pixel"):
            self.otherwise(True, f"{named(report)} repeats {named(way)}, which {'did not stand' if then else 'came at another time'}")
            return False
        return True

    def reached(self, report):
        """The leads that equal keys lead to, by those of others on the way: 256 leads in all."""
        line, seen, asked = [report], {id(report)}, set()
        for lead in line:  # which grows while it is walked
            for key in self.keys(lead):
                if key not in asked:
                    asked.add(key)
                    for other in self.under[key]:
                        if id(other) not in seen and len(line) < 256:
                            seen.add(id(other))
                            line.append(other)
                            yield other

    def unmade(self):
        """No two leads of one person stand beside each other in two logs."""
        for key, leads in self.under.items():
            leads = [lead for lead in leads if lead.spans]
            if key[0] in ("txid", "click") or len({lead.log.name for lead in leads}) < 2:
                continue
            kind = ("email", "phone")[key[0] - 1]
            for one, later in combinations(sorted(leads, key=lambda lead: lead.time), 2):
                if one.log is not later.log and one.entry["commit"] != later.entry["commit"] and beside(one, later, kind):
                    what = f"{named(later)} is of the person of {named(one)} and stood beside it"
                    need(any(log.clocks for log in self.logs), what)
                    self.doubts.append(what)

    def txids(self):
        last = defaultdict(list)
        for lead in self.leads:
            if lead.txid and lead.entry["trust"] != "pixel":
                last[lead.entry["party"], lead.txid].append(lead)
        for leads in last.values():
            for one, later in combinations(sorted(leads, key=lambda lead: lead.time), 2):
                parts = one.entry["commit"] == later.entry["commit"]
                mended = formally_refused(one, later.time) or one.time == later.time and formally_refused(later, one.time)
                if one.log is not later.log and not parts and not mended:
                    what = f"{named(later)} has the sender and txid of {named(one)}"
                    need((formal(one) or formal(later)) and any(log.clocks for log in self.logs), what)  # which came first a clock that stepped does not say
                    self.doubts.append(what)
        return f"{len(last)} txids are each of one lead"

    # shares

    def shares(self):
        for parts in self.by_commit.values():
            self.one_report(parts)
            self.followed(parts)
        for lead, contract, index in (said for log in self.logs for said in log.ledger.said_of_others):
            log = next((log for log in self.logs if log.name == contract), None)
            if log is None or index >= len(log.ledger.entries):
                what = f"what was signed of {named(lead)} is of a lead of {contract}, which is not here, or not so far"
                need(log is not None or not self.whole, what)
                self.doubts.append(what)
                continue
            other = log.ledger.leads.get(index)
            need(other is not None and other in self.by_commit[lead.entry["commit"]], f"what was signed of {named(lead)} is of a lead that it is no part of")
        return f"{len(self.by_commit)} shared leads make the whole, and are dealt as their model says"

    def one_report(self, parts):
        """Parts of one lead: one report, one time, the whole, dealt by the model."""
        parts.sort(key=lambda lead: lead.share)
        first = parts[0]
        for part, behind in zip(parts, parts[1:]):
            need(part.time == behind.time, f"{named(part)} and {named(behind)} are parts of one lead at two times")
            other = [name for name in REPORT if part.entry.get(name) != behind.entry.get(name)]
            need(not other, f"{named(part)} and {named(behind)} are parts of one lead and differ in {other}")
            need(part.share[1] <= behind.share[0], f"{named(part)} and {named(behind)} are parts that overlap")
        edges = [0, *(edge for part in parts for edge in part.share), WHOLE]
        if edges[::2] != edges[1::2]:
            self.doubt(f"the parts of {named(first)} do not make the whole", first.time, *(part.log for part in parts))
        elif "clock_steps" not in first.entry:
            self.dealt(parts)

    def dealt(self, parts):
        """Touches oldest first, each its share; a contract has what its touches have, in the order of the latest of each."""
        touches = [(touch["clicked_ms"], touch.get("click_unrecorded", False), touch["click"], part)
                   for part in parts for touch in (*part.entry.get("touches", []), part.entry)]
        times = {(time, part.log.name) for time, _, _, part in touches}
        if len({time for time, _ in times}) < len(times):
            return  # whose was first no log tells
        touches.sort(key=lambda touch: touch[:3])
        weights = deal(parts[-1].terms.campaign["attribution"], parts[-1].time, [time for time, *_ in touches])
        at = 0
        for part in parts:
            own = sum(weight for weight, (*_, whose) in zip(weights, touches) if whose is part)
            need(part.share == (at, at + own), f"{named(part)} is {part.share[1] - part.share[0]} millionths of its lead, its clicks earn {own}")
            at += own
        latest = [max(n for n, (*_, whose) in enumerate(touches) if whose is part) for part in parts]
        need(latest == sorted(latest), f"the parts of {named(parts[0])} are not in the order of their clicks")

    def followed(self, parts):
        """What becomes of a part becomes of the others, at one time."""
        moves = [(part, *move) for part in parts for move in zip(part.history, part.history[1:])]
        if any(len(part.history) > 257 for part in parts):
            self.doubts.append(f"{named(parts[0])} has too many dispositions")
            return
        for part, (_, before, _), (time, status, entry) in moves:
            if entry["trust"] == "system" or not stood(part, before) or part.log.clocks:
                continue
            for other in parts:
                if other is part or other.log.clocks or other.log.end - time <= SLACK or any(when == time for when, *_ in other.history[1:]):
                    continue
                state = [status_ for when, status_, _ in other.history if when <= time][-1:]
                late = status == "returned" and any(time - when > other.terms.return_ms for when, what, _ in other.history if what in ("approved", "converted"))
                need(not state or late or not stood(other, state[0]) or status not in ALLOWED[state[0]], f"{named(part)} became {status}, and {named(other)}, a part of the same lead, did not")

    # caps

    def caps(self):
        self.counts = Standing(self.logs)
        for lead in self.leads:
            caps = lead.terms.campaign["caps"]
            if lead.entry.get("reason") in CAPPED:
                self.refused(lead, caps)
            elif caps and lead.entry["status"] in ("pending", "held", "approved"):
                self.taken(lead, caps)
        return "no lead was refused by a cap of the campaign that nobody had reached, and none was taken past one"

    def refused(self, lead, caps):
        name = CAPPED[lead.entry["reason"]]
        if not lead.foreign_cap:
            return
        n, micros = self.counts.at("may", lead)[name == "day"]
        reached = micros + lead.whole > caps[name] if name == "budget_micros_month" else n >= caps[name]
        if not reached:
            what = f"{named(lead)} was refused by a cap of {caps[name]}: {micros if name == 'budget_micros_month' else n} stood at most"
            self.doubt(what, lead.time, lead.log)

    def taken(self, lead, caps):
        for name, cap in caps.items():
            n, micros = self.counts.at("must", lead)[name == "day"]
            over = micros + lead.whole > cap if name == "budget_micros_month" else n >= cap
            if over:
                what = f"{named(lead)} was taken past a cap of {cap}: {micros if name == 'budget_micros_month' else n} stood"
                need(any(log.clocks for log in self.logs), what)
                self.doubts.append(what)

    def clocks(self):
        told = {}
        for log in self.logs:
            for entry in log.steps():
                times = entry["from_ms"], entry["to_ms"]
                need(told.setdefault(entry["steps"], times) == times, f"step {entry['steps']} of the clock is told in two ways, in {log.name} and another log")
        return f"{len(told)} steps of the clock are told alike"

    # parties

    def parties(self):
        things = {thing for log in self.logs for thing, *_ in log.told if thing[0] in log.parties}  # and so not the document
        for thing in sorted(things):
            logs = [log for log in self.logs if thing[0] in log.parties]
            for one, other in combinations(logs, 2):
                self.alike(thing, one, other)
            if thing[1] in ("key", "legal data"):
                self.changed(thing, logs)
        return f"{len(things)} keys, legal data and credentials of parties are told alike"

    def document(self):
        for one, other in combinations([log for log in self.logs if not log.asks], 2):
            self.alike(DOCUMENT, one, other)
        return "the campaign's document that bound was one in all of them"

    # seeds

    def seeds(self):
        """Each is what the campaign's logs taught all together, learnt again from them."""
        told = [Seed(log, index, entry) for log in self.logs for index, entry in enumerate(log.ledger.entries) if entry["kind"] == "model" and entry["origin"] == "seed"]
        made = 0
        for asked in sorted({seed.asked for seed in told}):
            joined = Joined(self.logs, asked)
            for seed in sorted((seed for seed in told if seed.asked == asked), key=lambda seed: seed.total):
                here = all(size <= joined.sizes.get(contract, -1) for contract, size in seed.prefixes.items())
                if not here:
                    if self.whole:
                        need(seed.may_be_later(self.logs), f"{seed.name} is a seed of logs that are not here")
                        self.doubts.append(f"{seed.name} is a seed of more of a log than its mirror has: pull again")
                    break  # this one and those behind it are taken at their word
                need(all(seed.prefixes.get(contract, 0) >= done for contract, done in joined.done.items()), f"{seed.name} is a seed that leaves out what an earlier one had learnt")
                for log in self.logs:
                    ahead = [index for index, entry in enumerate(log.ledger.entries[:seed.prefixes.get(log.name, 0)]) if entry["kind"] in ("lead", "disposition")][-1:]
                    if ahead and clock(log.ledger.entries[ahead[0]]) > clock(seed.entry) + SLACK:
                        self.otherwise(True, f"{seed.name} is a seed that knows entry {ahead[0]} of {log.name}, which came more than ten minutes later")
                data, counts = joined.learn(seed.prefixes)
                stands, gives = (seed.entry["leads"], seed.entry["labels"], seed.entry["sha256"]), (*counts, sha256(data).hex())
                need(stands == gives, f"{seed.name} is a seed of {stands}, the logs of its campaign give {gives}")
                made += 1
        return f"{made} of {len(told)} seeds of the score made again of these logs, and the same; the others taken at their word"

    def otherwise(self, fails, what):
        need(not fails or any(log.clocks for log in self.logs), what)
        self.doubts.append(what)

    def alike(self, thing, one, other):
        """In no two logs does something else hold for longer than two clocks may be apart, or a credential is told late."""
        for start, to, value in spells(thing, one):
            for start_, to_, value_ in spells(thing, other):
                late = len(thing) == 3 and None in (value, value_)
                if value != value_ and min(to, to_) - max(start, start_) > (DAY_MS if late else SLACK):
                    self.otherwise(not late, f"{' '.join(thing[1:])} of {thing[0]} is another one in {one.name} than in {other.name}, or none")
                    return

    def changed(self, thing, logs):
        """A change has one time in all logs that were there; what a log begins with was so before."""
        told = {(time, value) for log in logs for what, time, value in log.told if what == thing and time > log.first}
        for time, value in told:
            for log in logs:
                if log.first + SLACK < time < log.end - SLACK and (thing, time, value) not in log.told:
                    self.otherwise(True, f"{thing[1]} of {thing[0]} changed, but not in {log.name}")


def spells(thing, log):
    """From when to when what held in a log: [(from, to, what)]. A clock that seems earlier than before is as late as that."""
    said = [(time, value) for what, time, value in log.told if what == thing]
    times = list(accumulate([log.first, *(time for time, _ in said), log.end], max))
    return zip(times, times[1:], [None, *(value for _, value in said)])


class Seed:
    def __init__(self, log, index, entry):
        self.entry, self.name = entry, f"entry {index} of {log.name}"
        self.prefixes = {prefix["contract"]: prefix["size"] for prefix in entry["from"]}
        self.total = sum(self.prefixes.values())
        self.asked = asks(log.ledger.bound_by[index].score)

    def may_be_later(self, logs):
        """Whether all that it names is here, and what is not here so far ends before it came, or may by another clock."""
        here, stepped = {log.name: log for log in logs}, any(log.clocks for log in logs)
        return all(name in here and (stepped or len(here[name].ledger.entries) >= size or here[name].end <= clock(self.entry) + SLACK) for name, size in self.prefixes.items())


def asks(score):
    return (tuple(score["facts"]), tuple(score["cross"])) if score else None


class Joined:
    """One state that all logs teach, in the order of their times, as far as their terms ask the same."""

    def __init__(self, logs, asked):
        self.asked, self.state = asked, None
        self.logs = {log.name: log for log in logs}
        self.sizes = {log.name: len(log.ledger.entries) for log in logs}
        self.folds = {log.name: lead_score.Fold(log.name) for log in logs}
        self.done, self.statuses = dict.fromkeys(self.sizes, 0), {}

    def learn(self, prefixes):
        new = [(entry["at"], name, index, entry) for name, size in prefixes.items() for index, entry in enumerate(self.logs[name].ledger.entries)
               if self.done[name] <= index < size and entry["kind"] in ("lead", "disposition")]
        for _, name, index, entry in sorted(new, key=lambda each: each[:3]):
            self.take(self.logs[name].ledger, self.folds[name], name, index, entry)
        self.done.update(prefixes)
        self.state = self.state or lead_score.State(lead_score.Fold("").shape({"facts": list(self.asked[0]), "cross": list(self.asked[1])}))
        return self.state.shared(), (self.state.leads, sum(self.state.labels))

    def take(self, ledger, fold, name, index, entry):
        score, about = ledger.bound_by[index].score, entry.get("lead", index)
        before = self.statuses.get((name, about))
        self.statuses[name, about] = entry["status"]
        if asks(score) != self.asked:
            fold.asked = None
            return
        fold.begin(score, index)
        self.state = self.state or fold.state
        fold.state = self.state
        fold.take(score, index, entry, ledger.entries[about], before)


CAPPED = {"cap_day": "day", "cap_month": "month", "budget": "budget_micros_month"}


class Standing:
    """How many leads of a day or month may have stood at a time, and must have, and what they pay: sums over changes in order."""

    def __init__(self, logs):
        changes = {"may": defaultdict(list), "must": defaultdict(list)}
        for log in logs:
            for lead in log.leads:
                for which, choose in (("may", max), ("must", min)):
                    for time, n, micros in spread(lead, log.end, choose):
                        for period in (lead.day, lead.month):
                            changes[which][period].append((time, n if lead.share[0] == 0 else 0, micros))
        self.sums = {which: {period: self.added(rows) for period, rows in periods.items()} for which, periods in changes.items()}

    @staticmethod
    def added(rows):
        rows.sort()
        return [time for time, *_ in rows], list(accumulate(n for _, n, _ in rows)), list(accumulate(micros for *_, micros in rows))

    def at(self, which, lead):
        """((n, micros) of its month, of its day) at the time of a lead."""
        return [self.of(self.sums[which].get(period), lead.time) for period in (lead.month, lead.day)]

    @staticmethod
    def of(sums, time):
        n = bisect_right(sums[0], time) if sums else 0
        return (sums[1][n - 1], sums[2][n - 1]) if n else (0, 0)


def spread(lead, end, choose):
    """How a lead may (`max`), or must (`min`), have stood by another log's clock: changes of (time, leads, micros)."""
    spans = [(start, FOREVER if to is None and choose is max else end if to is None else to, micros) for start, to, micros, _ in lead.stood]
    edges, n, paid = sorted({edge + by for start, to, _ in spans for edge in (start, to) for by in (-SLACK, SLACK)}), 0, 0
    for edge in edges:
        near = [(start, to, micros) for start, to, micros in spans if start <= edge + SLACK and to > edge - SLACK]  # around that time
        whole = near and near[0][0] <= edge - SLACK and near[-1][1] > edge + SLACK and all(one[1] == other[0] for one, other in zip(near, near[1:]))
        now = (1, choose(micros for *_, micros in near)) if near and (whole or choose is max) else (0, 0)
        if now != (n, paid):
            yield edge, now[0] - n, now[1] - paid
            n, paid = now


# ---- the models of attribution ("Shares") ----

DECAY = [1 << 61]
for _ in range(32):
    DECAY.append(isqrt(DECAY[-1] << 62))


def decayed(age, half_life_ms):
    """2^(-age/half-life) in units of 2^-62."""
    halves, rest = divmod(age, half_life_ms)
    fraction, x = (rest << 32) // half_life_ms, 1 << 62
    for k in range(1, 33):
        if fraction >> (32 - k) & 1:
            x = x * DECAY[k] >> 62
    return x >> halves if halves <= 62 else 0


def deal(attribution, now, times):
    """What each touch gets of the million. They stand in their order; one that seems earlier than the one before it, after a step of the clock, is as old as that."""
    n, model = len(times), attribution["model"]
    ages = [max(0, now - time) for time in accumulate(times, max)]
    weights = {"last": lambda i: i == n - 1, "first": lambda i: i == 0, "linear": lambda i: 1,
               "position": lambda i: 1 if n <= 2 else 2 * (n - 2) if i in (0, n - 1) else 1,
               "time-decay": lambda i: decayed(ages[i] - ages[-1], attribution["half_life_days"] * DAY_MS)}[model]
    weights = [int(weights(i)) for i in range(n)]
    total = sum(weights)
    shares = [WHOLE * weight // total for weight in weights]
    rest = sorted(range(n), key=lambda i: (WHOLE * weights[i] % total, i))[::-1]
    for i in rest[:WHOLE - sum(shares)]:
        shares[i] += 1
    return shares
