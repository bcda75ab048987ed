"""A scored campaign with statements, seeds and what was learnt, told otherwise in one place by somebody who has the server's keys, or by whoever keeps the
mirror: `countersign verify` and scripts/verify.py say the same of it, by their exit status and by the entry that they name."""

import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import unittest
from hashlib import sha256
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path += [str(SOURCE / "tests/e2e"), str(SOURCE / "tests/support"), str(SOURCE / "scripts")]

import made_logs  # noqa: E402
from client import b64u_decode  # noqa: E402
from harness import BROWSER, Market, Server, click, countersign, person, wait_for  # noqa: E402
from liar import Liar  # noqa: E402
from second import second_verify  # noqa: E402

SEED = int(os.environ.get("SEED") or time.time())
MUTATIONS = int(os.environ.get("MUTATIONS", 40))
TERMS = {"lead": {"require": ["email"]}, "review": {"mode": "auto", "auto_approve_days": 0},
         "score": {"facts": ["country", "f_job", "sub1", "utm_source", "wait", "hour"], "cross": ["country", "f_job"], "hold_below": 300}}


def tell(server):
    """Two contracts of a campaign that learns from both: leads in all states, two statements of the first, both answered, and seeds."""
    market = Market(server, campaign=TERMS, contract={"price": {"lead": [{"micros": 5_000_000}], "click_micros": 1000}})
    market.put_keys()
    other = market.new_publisher()
    chance = random.Random(1)

    def lead(publisher, url, n, **fields):
        clicked = click(f"{url}?sub1=s{n % 3}&utm_source={('news', '')[n % 2]}", **BROWSER)[1]
        answer = publisher.postback(person(click_id=clicked, country=chance.choice(["FR", "DE"]), f_job=chance.choice(["cook", "nurse"]), **fields))
        assert answer.status == 200, answer
        return answer.json

    def round_of(publisher, url, n):
        found = [lead(publisher, url, at, **({"test": "1"} if at == 3 else {"email": "nobody"} if at == 4 else {})) for at in range(n)]
        for at, each in enumerate(found):
            for status in ((), ("returned",), ("returned", "approved"), ("converted",))[at % 4] if each["status"] == "approved" else ():
                assert market.advertiser.postback({"lead": each["lead"], "status": status}).status == 200

    round_of(market.publisher, market.code["click_url"], 9)
    contract = market.new_contract(other)
    url = market.new_code(other, contract)["click_url"]

    def seeds(log):
        size = int(market.operator.do("GET", f"/log/{log}/checkpoint").text.split("\n")[1])
        return sum(b'"origin":"seed"' in entry for _, entry in market.entries(log, size=size)) if size else 0

    wait_for(lambda: seeds(contract) == 1, what="the seed of the second", seconds=40)
    round_of(other, url, 5)
    for n in (1, 2):
        ident = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        for party in (market.advertiser, market.publisher):
            assert party.answer_statement(ident).status == 201
        wait_for(lambda n=n: seeds(market.contract) == n, what="a seed behind the statement", seconds=40)
        round_of(market.publisher, market.code["click_url"], 6)
    market.settled_entries()
    return market, contract


# ---- what is told otherwise: (liar, chance), or of files alone ----

def member(liar, chance):
    entry = chance.choice(liar.entries[1:])
    made_logs.change(entry, chance.choice(sorted(set(entry) - {"kind"})), chance, len(liar.entries))


def new_member(liar, chance):
    entry = chance.choice([entry for entry in liar.entries if entry["kind"] in made_logs.NEW])
    name, value = chance.choice(sorted(made_logs.NEW[entry["kind"]].items(), key=lambda each: each[0]))
    entry[name] = value


def scored(liar, chance):
    """What is said of a lead, or of what was learnt."""
    entry = chance.choice([entry for entry in liar.entries if "score" in entry or entry["kind"] == "model"])
    name = chance.choice([name for name in ("score", "score_high", "score_why", "facts", "sub1", "utm_source", "clicked_ms", "leads", "labels", "sha256", "from", "terms", "origin") if name in entry])
    if name == "from":
        one = chance.choice(entry["from"])
        one["size"] = max(1, one["size"] + chance.choice([1, -1, 7, -7, 1000]))
    elif name == "score_why":
        entry[name] = chance.choice([entry[name][::-1], entry[name][:-1], [("-" if each[0] == "+" else "+") + each[1:] for each in entry[name]]])
        if not entry[name]:
            del entry[name]
    else:
        made_logs.change(entry, name, chance, len(liar.entries))


def asked(liar, chance):
    """Terms that score otherwise."""
    score = chance.choice([entry for entry in liar.entries if entry["kind"] == "terms"])["campaign"]["score"]
    name = chance.choice(sorted(score))
    score[name] = {"facts": score["facts"][::-1], "cross": [], "hold_below": 999, "hold_days": 9, "max_held_permille": 1}[name]


def shifted(liar, at, by):
    """Statements go on to close what they closed."""
    for entry in liar.entries:
        if entry["kind"] == "statement":
            for name in ("from", "to"):
                entry[name] += by if entry[name] > at else 0


def drop(liar, chance):
    at = chance.randrange(1, len(liar.entries))
    liar.drop(at)
    if chance.random() < 0.5:
        shifted(liar, at, -1)


def insert(liar, chance):
    """One more of what is there, at a time that fits."""
    at = chance.randrange(1, len(liar.entries))
    entry = json.loads(json.dumps(chance.choice(liar.entries[:at])))
    opening = liar.openings.get(liar.entries.index(entry))
    entry["at"] = liar.entries[at - 1]["at"]
    liar.insert(at, entry)
    if opening:
        liar.openings[at] = {**opening, "index": at}
    if chance.random() < 0.6:
        shifted(liar, at, 1)


def swap(liar, chance):
    at = chance.randrange(1, len(liar.entries) - 1)
    one, other = liar.entries[at:at + 2]
    liar.entries[at:at + 2] = [{**other, "at": one["at"]}, {**one, "at": other["at"]}]


def again(liar, chance):
    at = chance.randrange(len(liar.entries))
    liar.append(json.loads(json.dumps(liar.entries[at])), liar.openings.get(at))


def opening(liar, chance):
    at = chance.choice(sorted(liar.openings))
    what = chance.choice(["drop", "copy", "change"])
    if what == "drop":
        del liar.openings[at]
    elif what == "copy":
        liar.openings[at] = {**liar.openings[chance.choice(sorted(liar.openings))], "index": at}
    else:
        made_logs.change(liar.openings[at], chance.choice(sorted(set(liar.openings[at]) - {"index"})), chance, len(liar.entries))


def state(liar, chance):
    """Other bytes of what was learnt, and the entry names them."""
    entry = chance.choice([entry for entry in liar.entries if entry["kind"] == "model"])
    folder = liar.mirror / "v1/contracts" / liar.contract / "models"
    data = bytearray((folder / entry["sha256"]).read_bytes())
    at = chance.choice([chance.randrange(40), chance.randrange(len(data)), len(data) - 1])
    data[at] ^= 1 << chance.randrange(8)
    if chance.random() < 0.2:
        data = data[:-16]
    if chance.random() < 0.7:
        entry["sha256"] = sha256(data).hexdigest()
    (folder / entry["sha256"]).write_bytes(data)


def line(liar, chance):
    """A line item that is gone, doubled, elsewhere or of another amount; the statement says the hash of that."""
    path = chance.choice(sorted((liar.mirror / "v1/statements").glob("*/lines")))
    lines = path.read_bytes().splitlines(keepends=True)
    at = chance.randrange(len(lines))
    what = chance.choice(["drop", "double", "swap", "number", "other"])
    if what == "number":
        lines[at] = re.sub(rb"[0-9](?=[,}])", lambda found: bytes([48 + (found[0][0] - 47) % 10]), lines[at], count=1)
    elif what == "other":
        lines[at] = lines[at].replace(b'"', b"'", 1)
    else:
        lines[at:at + 1] = {"drop": [], "double": [lines[at]] * 2, "swap": []}[what]
        if what == "swap":
            lines.insert(chance.randrange(len(lines) + 1), path.read_bytes().splitlines(keepends=True)[at])
    path.write_bytes(b"".join(lines))
    index = next(n for n, entry in enumerate(liar.entries) if entry.get("id") == path.parent.name)
    if chance.random() < 0.6:
        liar.statement(index, **{name: sha256(path.read_bytes()).hexdigest() for name in payload_of(liar, index) if name == "lines_sha256"})


def payload_of(liar, index):
    return json.loads(b64u_decode(json.loads((liar.mirror / "v1/statements" / f"{liar.entries[index]['id']}.jws").read_text())["payload"]))


def total(liar, chance):
    index = chance.choice(liar.of("statement"))
    said = payload_of(liar, index)
    name = chance.choice(sorted(said))
    made_logs.change(said, name, chance, len(liar.entries))
    liar.statement(index, **said)


def of_files(change):
    """Without the keys: nothing is signed again."""
    def told(liar, chance):
        names = sorted(path for path in liar.mirror.rglob("*") if path.is_file())
        change(liar, chance, chance.choice([path for path in names if "models" in path.parts] if chance.random() < 0.3 else names), names)
        return False
    return told


@of_files
def flip(liar, chance, path, names):
    data = bytearray(path.read_bytes())
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


@of_files
def cut(liar, chance, path, names):
    path.write_bytes(path.read_bytes()[:-chance.choice([1, 2, 20])])


@of_files
def gone(liar, chance, path, names):
    path.unlink()


@of_files
def copied(liar, chance, path, names):
    alike = [other for other in names if other.suffix == path.suffix and other != path and (other.name == path.name or other.parent == path.parent)]
    path.write_bytes(chance.choice(alike or names).read_bytes())


CHANGES = (member, member, new_member, scored, scored, scored, asked, drop, drop, insert, insert, insert, swap, again, opening, state, state, line, total, flip, cut, gone, copied)


CHECKS = {"keys", "checkpoint", "tree", "entries", "decisions", "openings", "statements", "lines", "heads", "responses", "rootlog", "history", "files"}


def named_by(output):
    """{check: the entry that it names}, of those that fail; a fact that fails (a `statement`) names entries that are in order, too."""
    found = (re.match(r"(\w+) +FAILS .*?\b(?:entry|lead) ([0-9]+)", each) for each in output.splitlines())
    return {each[1]: int(each[2]) for each in found if each and each[1] in CHECKS}


class Retold(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="countersign-retold-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        server = Server(WORKERS=1)
        cls.addClassCleanup(server.close)
        cls.market, other = tell(server)
        cls.data = server.data
        cls.mirrors = {}
        contracts = [row["id"] for row in cls.market.operator.get(f"/v1/contracts?campaign={cls.market.campaign}&limit=50")["data"]]
        for contract in contracts:
            for name in ("advertiser", "auditor") if contract == cls.market.contract else ("advertiser",):
                to = cls.folder / f"{contract}-{name}"
                done = countersign("pull", server.url, to, "--contract", contract, "--token", getattr(cls.market, name).token)
                assert done.returncode == 0, done.stderr
                cls.mirrors[to] = contract
        server.stop()
        cls.every = [to for to in cls.mirrors if to.name.endswith("-advertiser")]
        cls.other = other

    def retold(self, n):
        """(what was done, what both say): of one mirror, or of all with that one otherwise."""
        chance = random.Random(f"{SEED} {n}")
        whole = chance.random() < 0.25
        of = chance.choice(sorted(self.every if whole else self.mirrors))
        change = chance.choice(CHANGES)
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            copy = Path(shutil.copytree(of, Path(scratch) / "mirror"))
            liar = Liar(self.data, copy, self.mirrors[of])
            try:
                if change(liar, chance) is not False:
                    liar.publish()
            except (IndexError, KeyError, ValueError, TypeError, StopIteration) as nothing:
                return f"{change.__name__}: {nothing!r}", None, None  # there is nothing of the kind, or no payload to sign
            folders = [copy if each == of else each for each in self.every] if whole else [copy]
            more = ["--all-contracts"] * whole
            first = countersign("verify", *folders, *more)
            second = second_verify(*folders, *more)
        return f"{change.__name__} of {of.name}{' among all' * whole}", first, second

    def test_a_click_inside_an_interval_that_was_closed_is_a_lie(self):
        """Also where its statement reads no more, so that nothing behind it can be followed."""
        mirror = next(to for to in self.mirrors if self.mirrors[to] == self.market.contract)
        closed = Liar(self.data, mirror, self.market.contract).of("statement")
        for at, moves in ((closed[0] - 1, True), (closed[0] - 1, False), (closed[1] - 1, True), (closed[1] - 1, False)):
            with self.subTest(at=at, moves=moves), tempfile.TemporaryDirectory(dir=self.folder) as scratch:
                liar = Liar(self.data, shutil.copytree(mirror, Path(scratch) / "mirror"), self.market.contract)
                clicked = liar.last("click")
                liar.insert(at, {**liar.entries[clicked], "at": liar.entries[at - 1]["at"]})
                if moves:
                    shifted(liar, at, 1)
                liar.publish()
                first, second = countersign("verify", liar.mirror), second_verify(liar.mirror)
                self.assertEqual((first.returncode, second.returncode), (1, 1), first.stdout + second.stdout)

    def test_no_entry_is_dated_past_the_year_9999(self):
        mirror = next(to for to in self.mirrors if self.mirrors[to] == self.other)
        for at_ms, status in ((253_402_300_799_999, 0), (253_402_300_800_000, 1)):
            with self.subTest(at_ms=at_ms), tempfile.TemporaryDirectory(dir=self.folder) as scratch:
                liar = Liar(self.data, shutil.copytree(mirror, Path(scratch) / "mirror"), self.other)
                liar.append({**liar.entries[liar.last("click")], "at": at_ms})
                liar.publish()
                first, second = countersign("verify", liar.mirror), second_verify(liar.mirror)
                self.assertEqual((first.returncode, second.returncode), (status, status), first.stdout + second.stdout)

    def test_both_say_the_same_of_what_is_told_otherwise(self):
        print(f"SEED={SEED}", file=sys.stderr)
        for folders, more in [([to], []) for to in self.mirrors] + [(self.every, ["--all-contracts"])]:
            first, second = countersign("verify", *folders, *more), second_verify(*folders, *more)
            self.assertEqual((first.returncode, second.returncode), (0, 0), first.stdout + second.stdout)
        caught = 0
        for n in range(MUTATIONS):
            what, first, second = self.retold(n)
            if first is not None:
                caught += first.returncode != 0
                with self.subTest(what, number=n):
                    self.assertAlike(first, second)
        self.assertGreater(caught, MUTATIONS // 4)

    def assertAlike(self, first, second):
        told = f"{first.stdout}{first.stderr}\n-- the second:\n{second.stdout}"
        self.assertEqual(first.returncode, second.returncode, told)
        named, again = (named_by(each.stdout) for each in (first, second))
        if named and "decisions" in again:  # the second goes no further than there; of each check the first names the first
            unnamed = re.search(r" FAILS .*\(and [0-9]+ more\)$", first.stdout, re.M) and again["decisions"] > min(named.values())
            self.assertTrue(unnamed or again["decisions"] in named.values(), told)


if __name__ == "__main__":
    unittest.main()
