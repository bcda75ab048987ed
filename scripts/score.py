"""The lead score, as common/FORMATS.md "Score" has it: for scripts/verify.py, written from that document alone."""

import hashlib
import re
from decimal import Decimal, localcontext
from math import isqrt

DOUBT, DOUBT_OF_A_PAIR, LEAST_DOUBT, MOST = 2**25, 2**21, 2**16, 2**27
SETS, SLOTS = 256, 8
NUMBER = re.compile(rb"([0-9]{1,9})(?:\.([0-9]{1,9}))?")
KNOWN, MANY = 20, 2**32


def table():
    with localcontext() as context:
        context.prec = 60
        return [int(65536 / (1 + (Decimal(-i) / 16).exp()) + Decimal("0.5")) for i in range(193)]


TABLE = table()


def fnv(data):
    h = 0xcbf29ce484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 % 2**64
    return h


def tag(data, pair, own):
    return fnv(data) // 4 * 4 + 2 * own + pair or 4


def doubt(of):
    return DOUBT_OF_A_PAIR if of % 2 else DOUBT


def sigmoid(z):
    a = min(abs(z), 12 * 2**24)
    i, rest = divmod(a, 2**20)
    y = TABLE[i]
    if i < 192:
        y += ((TABLE[i + 1] - y) * rest + 2**19) // 2**20
    return max(32, min(65504, 65536 - y if z < 0 else y))


def permille(p):
    return (1000 * p + 32768) // 65536


class Shape:
    """Fields are (name, own); cross numbers of fields, ascending."""

    def __init__(self, fields, cross):
        self.names = [name.encode() for name, _ in fields]
        self.own = [int(own) for _, own in fields]
        self.pairs = [(a, b) for k, b in enumerate(cross) for a in cross[:k]]
        self.unseen = [tag(name + b"\2", 0, own) for name, own in zip(self.names, self.own)]

    def field_tags(self, f, value):
        name, own, value = self.names[f], self.own[f], value.strip(b" ")
        number = NUMBER.fullmatch(value)
        if not number:
            return tag(name + b"\0" + value, 0, own), 0
        whole, behind = number[1], (number[2] or b"")
        u = (int(whole) * 1000 + int((behind + b"000")[:3])) // 125 + 8
        octave = u.bit_length()
        quarter = u // 2 ** (octave - 3) % 4
        return tag(name + bytes([1, octave, quarter]), 0, own), tag(name + bytes([1, octave]), 0, own)

    def tokens(self, values):
        fields = [self.field_tags(f, value) for f, value in enumerate(values)]

        def pair(a, b):
            x, y = (fields[f][1] or fields[f][0] for f in (a, b))
            return tag(b"\4" + x.to_bytes(8, "big") + y.to_bytes(8, "big"), 1, self.own[a] | self.own[b])

        return fields, [pair(a, b) for a, b in self.pairs]


class State:
    def __init__(self, shape):
        self.shape = shape
        self.sets = [[] for _ in range(SETS)]  # slots are [tag, mean, variance]
        self.bias = [0, 0, DOUBT]
        self.usual = [0] * (len(shape.names) + len(shape.pairs))
        self.leads, self.labels, self.held = 0, [0, 0], 0

    def set_of(self, of):
        return self.sets[((of ^ of >> 32) >> 2) % SETS]

    def find(self, of):
        return next((slot for slot in self.set_of(of) if slot[0] == of), None)

    def place(self, of, mean):
        slots, new = self.set_of(of), [of, mean, doubt(of)]
        if len(slots) < SLOTS:
            slots.append(new)
            return new
        doubts = [slot[2] * (16 if slot[0] % 2 else 1) for slot in slots]
        gives_way = doubts.index(max(doubts))
        for slot in slots:
            slot[2] = min(slot[2] + slot[2] // 256, doubt(slot[0]))
        slots[gives_way] = new
        return new

    def unseen_mean(self, f):
        slot = self.find(self.shape.unseen[f])
        return slot[1] if slot else 0

    def believe(self, tokens):
        fields, pairs = tokens
        total, variance, parts = self.bias[1], self.bias[2], []
        for f, (fine, coarse) in enumerate(fields):
            slots = [self.find(fine) or [fine, self.unseen_mean(f), DOUBT]]
            if coarse:
                slots.append(self.find(coarse) or [coarse, 0, DOUBT])
            parts.append(sum(slot[1] for slot in slots))
            variance += sum(slot[2] for slot in slots)
        for each in pairs:
            slot = self.find(each) or [each, 0, DOUBT_OF_A_PAIR]
            parts.append(slot[1])
            variance += slot[2]
        total += sum(parts)
        steep = isqrt(2**48 // (65536 + variance // 2**12 * 25736 // 65536))
        return total, variance, steep, parts

    def predict(self, tokens, note=True):
        """p, score, score_high, reasons as (sign, part); and remembers that it was said."""
        total, variance, steep, parts = self.believe(tokens)
        p = sigmoid(total * steep // 65536)
        high = sigmoid((total + isqrt(variance) * 2**10) * steep // 65536)
        off = [part - usual for part, usual in zip(parts, self.usual)]
        why = sorted((k for k, d in enumerate(off) if abs(d) >= 2**20), key=lambda k: (-abs(off[k]), k))[:3]
        if note:
            self.usual = [usual + d // 64 for usual, d in zip(self.usual, off)]
            self.leads = (self.leads + 1) % MANY
        return p, permille(p), permille(high), [("+" if off[k] > 0 else "-", k) for k in why]

    def is_low(self, high, below, most):
        return min(self.labels) >= KNOWN and high < below and self.held < most * 65536 // 1000

    def keep(self, low):
        """Whether the lead was held."""
        self.held += (65536 * low - self.held) // 128
        return low

    def low(self, high, below, most):
        return self.keep(self.is_low(high, below, most))

    def learn(self, tokens, label, before=None):
        if label == before:
            return
        total, variance, steep, _ = self.believe(tokens)
        p = sigmoid(total * steep // 65536)
        h = p * (65536 - p) // 65536
        d = 65536 + h * (variance // 2**12) // 65536
        if before is None:
            gradient, surer = (65536 * label - p) * 65536 // d, 65536 * h // d
        else:
            gradient, surer = (label - before) * 2**32 // d, 0
            self.labels[before] = (self.labels[before] - 1) % MANY
        self.labels[label] = (self.labels[label] + 1) % MANY

        def step(slot):
            v = slot[2]
            slot[1] = max(-MOST, min(MOST, slot[1] + (v * gradient + 2**19) // 2**20))
            slot[2] = max(LEAST_DOUBT, v - v * surer // 65536 * v // 2**28)

        fields, pairs = tokens
        step(self.bias)
        for f, (fine, coarse) in enumerate(fields):
            slot = self.find(fine)
            if slot is None:
                mean, unseen = self.unseen_mean(f), self.shape.unseen[f]
                step(self.find(unseen) or self.place(unseen, 0))
                slot = self.find(fine) or self.place(fine, mean)  # the two are one where somebody made their hashes equal
            step(slot)
            if coarse:
                step(self.find(coarse) or self.place(coarse, 0))
        for each in pairs:
            step(self.find(each) or self.place(each, 0))

    def bytes(self):
        def u32(n):
            return (n % MANY).to_bytes(4, "big")

        head = b"\1" + b"".join(map(u32, (self.leads, *self.labels, self.held))) + bytes([len(self.shape.names), len(self.shape.pairs)])
        slots = (of.to_bytes(8, "big") + u32(mean) + u32(variance) for slots in self.sets for of, mean, variance in slots)
        return head + b"".join(map(u32, (self.bias[1], self.bias[2], *self.usual))) + b"".join(slots)

    def take_seed(self, data):
        """What all contracts of the campaign know: other slots give way to it, where there is room; what is own stays."""
        seed = read_state(data, self.shape)
        if any(slot[0] & 2 for slots in seed.sets for slot in slots):
            raise ValueError("it says something own")
        if not self.leads and self.labels == [0, 0]:
            self.bias = seed.bias
        self.sets = [([slot for slot in own if slot[0] & 2] + brought)[:SLOTS] for own, brought in zip(self.sets, seed.sets)]
        return seed

    def shared(self):
        """The bytes of all that is not own."""
        own, self.sets = self.sets, [[slot for slot in slots if not slot[0] & 2] for slots in self.sets]
        data, self.sets = self.bytes(), own
        return data

    def sha256(self):
        return hashlib.sha256(self.bytes()).hexdigest()


def counts(state):
    """What an entry says of the bytes that it names."""
    return {"labels": sum(state.labels), "leads": state.leads}


def read_state(data, shape):
    """The state of those bytes, of that shape, strictly; else ValueError."""
    parts = len(shape.names) + len(shape.pairs)
    head = 27 + 4 * parts
    if len(data) < head or (len(data) - head) % 16 or data[:1] != b"\1" or tuple(data[17:19]) != (len(shape.names), len(shape.pairs)):
        raise ValueError("it is no state of this shape")

    def at(place, signed=False):
        return int.from_bytes(data[place:place + 4], "big", signed=signed)

    state = State(shape)
    state.leads, state.labels, state.held = at(1), [at(5), at(9)], at(13)
    state.bias = [0, at(19, True), at(23)]
    state.usual = [at(27 + 4 * k, True) for k in range(parts)]
    beliefs, last = [state.bias], 0
    for place in range(head, len(data), 16):
        slot = [int.from_bytes(data[place:place + 8], "big"), at(place + 8, True), at(place + 12)]
        number = ((slot[0] ^ slot[0] >> 32) >> 2) % SETS
        if not slot[0] or number < last or state.find(slot[0]) or len(state.sets[number]) == SLOTS:
            raise ValueError("its slots are no fold's")
        state.sets[number].append(slot)
        beliefs.append(slot)
        last = number
    if state.held > 65536 or any(abs(usual) > 2 * MOST for usual in state.usual) or not all(abs(mean) <= MOST and LEAST_DOUBT <= variance <= doubt(of) for of, mean, variance in beliefs):
        raise ValueError("its numbers are no fold's")
    return state


# ---- of entries ----

LABELS = 1024  # behind so many of them the log says what it has learnt

OF_ONE_PUBLISHER = {"sub1", "sub2", "sub3", "sub4", "sub5", "placement"}
TAUGHT = {"approved": 1, "converted": 1, "rejected": 0, "returned": 0}  # by a status; others teach nothing
SCORED = ("pending", "held", "approved")


def value_of(lead, name):
    """What a lead entry has of a field."""
    time = lead.get("clock_ms", lead["at"])
    if name == "hour":
        return str(time // 3_600_000 % 24)
    if name == "wait":
        return str((time - lead["clicked_ms"]) // 1000) if "click" in lead and time >= lead["clicked_ms"] else ""
    if name in OF_ONE_PUBLISHER or name in ("trust", "utm_source"):
        return str(lead.get(name, ""))
    return lead.get("facts", {}).get(name, "")


class Fold:
    """What a contract's log has taught of its leads, entry by entry, under the member `score` of the terms that bind each."""

    def __init__(self, contract):
        self.contract, self.asked, self.since, self.state = contract, None, 0, None
        self.due = False  # the next entry is to say what was learnt
        self.blind = False  # nothing is learnt before an entry that says what was
        self.seeded = False  # since the last statement, or since the state began

    def shape(self, score):
        facts = score["facts"]
        return Shape([*((name, name in OF_ONE_PUBLISHER) for name in facts), ("contract", True)], [facts.index(name) for name in score["cross"]])

    def known(self, score):
        """The state that counts under these terms; of other facts nothing is known."""
        return self.state if self.asked == (score["facts"], score["cross"]) else State(self.shape(score))

    def tokens(self, state, score, lead):
        return state.shape.tokens([*(value_of(lead, name).encode() for name in score["facts"]), self.contract.encode()])

    def say(self, score, lead):
        """The lead's members, and whether it is held."""
        state = self.known(score)
        _, mille, high, why = state.predict(self.tokens(state, score, lead), note=False)
        names = [*score["facts"], "contract"]
        names += ["&".join(names[f] for f in pair) for pair in state.shape.pairs]
        said = {"score": mille, "score_high": high, "score_why": [sign + names[k] for sign, k in why]}
        return {name: value for name, value in said.items() if value != []}, self.low(state, score, lead, high)

    @staticmethod
    def low(state, score, lead, high):
        """Parts of one lead move together: none is held by itself."""
        return "share_to" not in lead and state.is_low(high, score["hold_below"], score["max_held_permille"])

    def begin(self, score, index):
        if self.asked != (score["facts"], score["cross"]):
            self.asked, self.since, self.state, self.seeded = (score["facts"], score["cross"]), index, State(self.shape(score)), False

    def take(self, score, index, entry, lead=None, was=None):
        """A lead or disposition entry; of the latter its lead, and that one's status before."""
        if not score:
            self.asked = self.state = None
            return
        self.begin(score, index)
        if self.blind:
            return
        before = sum(self.state.labels)
        if entry["kind"] == "lead" and entry["status"] in SCORED:
            tokens = self.tokens(self.state, score, entry)
            high = self.state.predict(tokens)[2]
            self.state.keep(self.low(self.state, score, entry, high))
            if entry["status"] == "approved":
                self.state.learn(tokens, 1)
        elif entry["kind"] == "disposition" and entry["lead"] >= self.since and lead["status"] in SCORED:
            self.state.learn(self.tokens(self.state, score, lead), TAUGHT[entry["status"]], TAUGHT.get(was))
        self.due = sum(self.state.labels) > before and sum(self.state.labels) % LABELS == 0

    def learnt(self, terms_index):
        """The members of the entry that is due, but its time."""
        return {"kind": "model", **counts(self.state), "origin": "fold", "sha256": self.state.sha256(), "terms": terms_index}

    def take_learnt(self, data):
        """What was learnt so far is taken at an entry's word."""
        self.state, self.blind = read_state(data, self.state.shape), False

    def take_seed(self, score, index, data):
        self.begin(score, index)
        if self.seeded:
            raise ValueError("another one came since the last statement")
        self.seeded = True
        return self.state.take_seed(data)
