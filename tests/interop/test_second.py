"""The second implementation of `countersign verify` (scripts/verify.py, written from FORMATS.md alone) gives the same verdict as the first: on
mirrors of honest servers; on mirrors that were changed by somebody without the server's keys, all of which both have to notice; on logs that the
second one made up and decided; and on those changed in one place and signed as if they had always been so. So it does on campaigns of several
contracts, told by one operator who lies, or not, about what their logs say together."""

import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SOURCE = Path(__file__).resolve().parents[2]
sys.path += [str(SOURCE / "tests/e2e"), str(SOURCE / "scripts")]

import made_campaigns  # noqa: E402
import made_logs  # noqa: E402
import made_values  # noqa: E402
import made_words  # noqa: E402
import several_mirrors  # noqa: E402
import verify  # noqa: E402
from client import b64u, b64u_decode, canonical  # noqa: E402
from harness import BROWSER, Market, Server, countersign, person, send  # noqa: E402
from whole_story import tell_a_whole_story  # noqa: E402

SEED = int(os.environ.get("SEED") or time.time())
MUTATIONS = int(os.environ.get("MUTATIONS", 30))
MADE = int(os.environ.get("MADE", 6))
FORGED = int(os.environ.get("FORGED", 24))
VALUES = int(os.environ.get("VALUES", 400))
CAMPAIGNS = int(os.environ.get("CAMPAIGNS", 1))
CUT = 1795916762  # a statement closes what is in front of a cut, and leaves what is behind it
AT_ONCE = 1795916690  # of two leads of one time one stands, and one of a pixel is held
NO_TIME = 1795917769, 1795917771  # the log and its forgery: a lead of an unrecorded click, behind a gap of its own, without that click's time
SOLD = 1795906937  # told as `past`: with the shares of sales a budget has no room for leads that were taken
JOINED = several_mirrors.Campaign.CHECKS
ROLES = ("advertiser", "publisher", "auditor")


def contested_market(server):
    """One campaign in which leads end in as many ways as one market has, over a settled period and an open one."""
    market = Market(server, campaign={
        "lead": {"require": ["email"], "require_any": [], "honeypot": "f_website", "disposable_email": "hold", "min_click_to_lead_s": 0,
                 "rules": [{"field": "f_age", "min": 25, "max": 70}, {"field": "country", "in": ["FR", "GB", "BE"]}]},
        "review": {"mode": "auto", "auto_approve_days": 0}, "caps": {"day": 1000}, "default_country": "FR", "payable_classes": ["ok", "bot"],
        "pixel_leads": "hold"}, contract={
            "price": {"lead": [{"when": {"field": "device", "equals": "phone"}, "micros": 5_000_001}, {"when": {"field": "f_age", "min": 30}, "micros": 3_333_333},
                               {"when": {"field": "sub1", "equals": "07.0"}, "micros": 9_000_009}, {"micros": 1_000_000}],
                      "click_micros": 1_234, "impression_micros": 7, "sale_ppm": 123_456},
            "caps": {"month": 40, "budget_micros_month": 60_000_000}})
    market.put_keys()
    publisher, advertiser, operator = market.publisher, market.advertiser, market.operator

    def lead(sender=publisher, query="", headers=None, **fields):
        fields = person(**{"f_age": "33", **fields})
        if "click_id" not in fields:
            fields["click_id"] = market.click(query, **(headers or {}))
        answer = sender.postback({name: value for name, value in fields.items() if value is not None})
        assert answer.status == 200, answer
        return answer.json["lead"]

    for period in range(2):
        good = [lead(f_age=age, sub1=sub, country=country) for age, sub, country in
                (("29", "7", "FR"), (" 30 ", None, "uk"), ("٣٣", None, "BE"), ("29", "x", "GB"), ("24", None, "FR"), ("old", None, "FR"), ("40", None, "DE"))]
        lead(headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"})
        lead(f_website="http://spam.example"), lead(email=None), lead(email="nobody"), lead(phone="12"), lead(phone="06 12 34 56 78"), lead(test="1")
        lead(email="x@mailinator.com"), lead(email=f"Ana.{period}@exämple.fr"), lead(click_id=None), lead(click_id="made-up")
        email, phone = f"chain{period}@example.com", f"+3361200{period}00{period}"
        lead(email=email, phone=None, txid=f"c{period}1"), lead(email=email, phone=phone), lead(email=f"new{period}@example.com", phone=phone)
        one = market.click()
        lead(click_id=one), lead(click_id=one), lead(sender=advertiser, click_id=one, txid=f"o{period}", email=None, phone=None)
        send(f"{market.code['pixel_url']}?event=lead&txid=p{period}&click_id={market.click()}", headers=BROWSER)
        for event in ("view", "impression"):
            send(f"{market.code['pixel_url']}?event={event}&click_id={one}", headers=BROWSER)
        market.click(**{"User-Agent": "curl/8"}), market.click("?test=1")
        for ident, said in zip(good, ({"status": "returned", "reason": "no"}, {"status": "converted", "amount": "12.34", "currency": "EUR"},
                                      {"status": "returned"}, {"status": "converted"})):
            answer = advertiser.postback({"lead": ident, **said})
            assert answer.status in (200, 409), answer  # in the last period a cap may have refused it
        advertiser.postback({"lead": good[0], "status": "approved"})
        advertiser.postback({"lead": good[1], "status": "returned"})
        advertiser.postback({"lead": good[4], "status": "approved"})
        if not period:
            ident = operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
            lines = [json.loads(line) for line in advertiser.do("GET", f"/v1/statements/{ident}/lines").body.splitlines()]
            for answer in advertiser.answer_statement(ident), publisher.answer_statement(ident, "dispute", [lines[0]["index"]]):
                assert answer.status == 201, answer
        operator.patch(f"/v1/contracts/{market.contract}", {"price": {"lead": [{"micros": 2_000_000 + period}], "click_micros": 3}})
    return market


def long_market(server):
    """A log of more than one tile."""
    market = Market(server)
    for n in range(290):
        market.click(f"?sub1={n}")
    market.publisher.postback(person(click_id=market.click()))
    market.operator.post(f"/v1/contracts/{market.contract}/statements", {})
    return market


class MemoryMirror:
    """The files of a mirror in memory, as scripts/verify.py reads them."""

    def __init__(self, files):
        self.files = files

    def names(self):
        return list(self.files)

    def read(self, name, limit):
        if name not in self.files:
            raise verify.CannotTell(f"{name} is missing")
        verify.need(len(self.files[name]) <= limit, f"{name} is too long")
        return self.files[name]

    def opened(self, name):
        assert name in self.files


def both(cases):
    """[((status, lines) of the first, of the second)] over mirrors: the first in folders of several workers, the second meanwhile here."""
    workers = os.cpu_count() or 2

    def worked(worker):
        with tempfile.TemporaryDirectory(prefix="countersign-second-") as folder:
            copy = Copy(folder)
            return [(n, copy.first(cases[n])) for n in range(worker, len(cases), workers)]

    with ThreadPoolExecutor(workers) as pool:
        firsts = pool.map(worked, range(workers))
        seconds = [second(files) for files in cases]
        firsts = dict(each for found in firsts for each in found)
    return [(firsts[n], told) for n, told in enumerate(seconds)]


def doubts(*said):
    """What the two did not find to hold."""
    return "\n--\n".join("\n".join(line for line in lines if "holds  " not in line) for _, lines in said)


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def second(files):
    """(exit status, lines) of the second implementation, in this process."""
    try:
        return verify.verify(MemoryMirror(files))
    except verify.CannotTell as error:
        return 2, [str(error)]


class Copy:
    """A folder that holds one mirror at a time, for the first implementation: of the next one only what differs is written."""

    def __init__(self, folder):
        self.folder, self.files = Path(folder), {}

    def put(self, files):
        for name in self.files.keys() - files.keys():
            (self.folder / name).unlink()
        for name, data in files.items():
            if self.files.get(name) != data:
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        self.files = dict(files)

    def first(self, files):
        self.put(files)
        done = countersign("verify", self.folder)
        return done.returncode, (done.stdout + done.stderr).splitlines()

    def settle(self, files):
        """What it tells of periods that were not closed."""
        self.put(files)
        return [fact["data"] for fact in json.loads(countersign("verify", self.folder, "--json").stdout)["facts"] if fact["topic"] == "settle"]


# ---- changes that anybody can make who has no key of the server ----

def bundles(files):
    return [name for name in files if "/tile/entries/" in name]


def entries_of(data):
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at:at + 2], "big")
        entries.append(data[at + 2:end])
        at = end
    return entries


def with_entries(files, chance, change):
    name = chance.choice(bundles(files))
    entries = entries_of(files[name])
    changed = change(list(entries))
    return {**files, name: b"".join(len(entry).to_bytes(2, "big") + entry for entry in changed)}


def rebuilt(files, name):
    """The tiles of level 0 worked out anew from the bundle: only the signed root still knows."""
    hashes = b"".join(verify.leaf_hash(entry) for entry in entries_of(files[name]))
    return {**files, name.replace("/entries/", "/0/"): hashes}


def flip(files, chance):
    name = chance.choice([name for name, data in files.items() if data])
    at = chance.randrange(len(files[name]))
    data = files[name]
    return {**files, name: data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1:]}


def truncate(files, chance):
    name = chance.choice([name for name, data in files.items() if data])
    return {**files, name: files[name][:chance.choice([0, -1, chance.randrange(len(files[name]))])]}


def lengthen(files, chance):
    name = chance.choice([name for name in files if name != "log/keys"])  # which the first takes with every line twice
    return {**files, name: files[name] + chance.choice([b"\0", b"\n", b"{}", files[name] or b"x"])}


def remove(files, chance):
    name = chance.choice([name for name in files if "/seen/" not in name])  # a mirror that was pulled once has none of these
    return {other: data for other, data in files.items() if other != name}


def exchange(files, chance):
    one, other = chance.sample(list(files), 2)
    return {**files, one: files[other], other: files[one]}


def add(files, chance):
    folder = chance.choice(list(files)).rpartition("/")[0]
    more = f"{folder}/{chance.choice(['000', '777', '000.p/255'])}", "log/C0000000000000/openings", "v1/statements/S000000000000/lines", "log/seen/999999"
    return {**files, chance.choice(more): b"x"}


def drop_entry(files, chance):
    return with_entries(files, chance, lambda entries: entries[:(at := chance.randrange(len(entries)))] + entries[at + 1:])


def repeat_entry(files, chance):
    return with_entries(files, chance, lambda entries: entries[:(at := chance.randrange(len(entries)))] + entries[at:at + 1] + entries[at:])


def swap_entries(files, chance):
    def swap(entries):
        one, other = sorted(chance.sample(range(len(entries)), 2)) if len(entries) > 1 else (0, 0)
        entries[one], entries[other] = entries[other], entries[one]
        return entries
    changed = with_entries(files, chance, swap)
    return rebuilt(changed, chance.choice(bundles(changed)))


def edit_entry(files, chance):
    """A number of an entry is another one, and the tile fits it."""
    names = [name for name in bundles(files) if not name.startswith("log/tile/")]
    name = chance.choice(names)
    entries = entries_of(files[name])
    at = chance.randrange(len(entries))
    entry = json.loads(entries[at])
    member = chance.choice([member for member, value in entry.items() if isinstance(value, int)])
    entry[member] += chance.choice([1, -1, 1000])
    entries[at] = canonical(entry)
    return rebuilt({**files, name: b"".join(len(each).to_bytes(2, "big") + each for each in entries)}, name)


def statements(files):
    return [name for name in files if name.endswith(".jws")]


def edit_total(files, chance):
    """A total of a statement: in its payload under the old signature or a foreign one, or in its line items."""
    if not statements(files):
        return flip(files, chance)
    name = chance.choice(statements(files))
    lines = name.removesuffix(".jws") + "/lines"
    if files[lines] and chance.random() < 0.4:
        line = chance.choice(files[lines].splitlines())
        changed = json.loads(line)
        changed["micros"] += chance.choice([1, -1])
        return {**files, lines: files[lines].replace(line, canonical(changed), 1)}
    document = json.loads(files[name])
    payload = json.loads(b64u_decode(document["payload"]))
    payload[chance.choice(["gross_micros", "net_micros", "payable_minor", "carried_micros"])] += chance.choice([1, -1])
    document["payload"] = b64u(canonical(payload))
    if chance.random() < 0.5:
        sign_again(document)
    return {**files, name: canonical(document)}


FOREIGN = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def sign_again(document):
    for signature in document["signatures"]:
        signature["signature"] = b64u(FOREIGN.sign(f"{signature['protected']}.{document['payload']}".encode()))


def foreign_signature(files, chance):
    name = chance.choice([name for name in files if name.endswith((".jws", "checkpoint"))])
    if name.endswith(".jws"):
        document = json.loads(files[name])
        sign_again(document)
        return {**files, name: canonical(document)}
    text, _, line = files[name].decode().partition("\n\n")
    words = line.split(" ")
    key_id = base64.b64decode(words[2])[:4]
    signature = base64.b64encode(key_id + FOREIGN.sign(text.encode() + b"\n")).decode()
    return {**files, name: f"{text}\n\n{words[0]} {words[1]} {signature}\n".encode()}


def older_checkpoint(files, chance):
    """The head of a statement in place of the newest one, or the other way round, or one statement's in place of another's."""
    heads = [name for name in files if name.endswith("checkpoint") and name != "log/checkpoint"]
    if len(heads) < 2:
        return foreign_signature(files, chance)
    to, source = chance.sample(heads, 2)
    return {**files, to: files[source]}


def drop_opening(files, chance):
    name = next(name for name in files if name.endswith("/openings"))
    lines = files[name].splitlines(keepends=True)
    if not lines:
        return flip(files, chance)
    at = chance.randrange(len(lines))
    return {**files, name: b"".join(lines[:at] + lines[at + 1 + chance.randrange(2):])}


CHANGES = (flip, flip, flip, truncate, lengthen, remove, exchange, add, drop_entry, repeat_entry, swap_entries, edit_entry, edit_total,
           foreign_signature, older_checkpoint, drop_opening)


def evidence(files):
    """What counts of a mirror. Not the key that opens click ids, nor the openings of visits: nobody needs to be shown a visitor; nor what else
    lies in its folder."""
    counted = {name: data for name, data in files.items() if verify.MIRROR_NAME.fullmatch(name) and not name.endswith("/click-key")}
    for name, data in files.items():
        if name.endswith("/openings"):
            counted[name] = b"".join(line for line in data.splitlines(keepends=True) if b'"contact_sha256"' in line or not line.startswith(b'{"index"'))
    return counted


class Second(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-second-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.mirrors = {}
        server = Server()
        try:
            for name, tell in (("story", tell_a_whole_story), ("contested", contested_market), ("long", long_market)):
                market = tell(server)
                market.settled_entries()
                shown = [each["id"] for each in market.advertiser.get("/v1/contracts", limit=100)["data"]]
                for n, contract in enumerate(shown):
                    for role in ROLES:
                        cls.pull(server, f"{name}-{n}-{role}", contract, getattr(market, role))
        finally:
            server.close()

    @classmethod
    def pull(cls, server, name, contract, party):
        to = Path(cls.folder.name) / name
        if party.call("GET", f"/log/{contract}/checkpoint").status == 200:
            pulled = countersign("pull", server.url, to, "--contract", contract, "--token", party.token)
            assert pulled.returncode == 0, pulled.stderr
            cls.mirrors[name] = files_of(to)

    def test_mirrors_of_an_honest_server_hold(self):
        self.assertGreater(len(self.mirrors), 10)
        for name in self.mirrors:
            with self.subTest(name):
                (Path(self.folder.name) / name / "log/.DS_Store").write_text("x")
                first = countersign("verify", Path(self.folder.name) / name)
                status, lines = second({**self.mirrors[name], "log/.DS_Store": b"x"})
                self.assertEqual((first.returncode, status), (0, 0), first.stdout + "\n".join(lines))

    def test_the_command_says_it_line_by_line_and_by_its_exit_status(self):
        folder = next(Path(self.folder.name) / name for name in self.mirrors if any(file.endswith("/lines") for file in self.mirrors[name]))
        copy = Path(self.folder.name) / "copy"
        shutil.copytree(folder, copy)
        command = [sys.executable, "-B", SOURCE / "scripts/verify.py"]

        def run(path):
            done = subprocess.run([*command, path], capture_output=True, text=True, timeout=60, check=False)
            return done.returncode, done.stdout

        status, said = run(copy)
        self.assertEqual(status, 0, said)
        self.assertEqual([line.split()[0] for line in said.splitlines()[:13]], list(verify.Audit.CHECKS))
        next(copy.rglob("lines")).write_bytes(b"")
        self.assertEqual(run(copy)[0], 1)
        (copy / ".well-known/jwks.json").unlink()
        (copy / ".well-known/jwks.json").symlink_to(folder / ".well-known/jwks.json")
        self.assertEqual(run(copy)[0], 1)  # the lines are wrong, whatever else cannot be told
        (copy / "log/keys").unlink()
        self.assertEqual(run(copy)[0], 2)
        shutil.rmtree(copy)
        self.assertEqual(run(copy)[0], 2)

    def test_both_notice_every_change_that_touches_evidence(self):
        print(f"SEED={SEED}")
        chance = random.Random(SEED)
        changed = []
        while len(changed) < MUTATIONS:
            name, change = chance.choice(sorted(self.mirrors)), chance.choice(CHANGES)
            files = change(self.mirrors[name], chance)
            if evidence(files) != evidence(self.mirrors[name]):
                changed.append((name, change.__name__, files))
        for n, ((name, kind, _), (first, told)) in enumerate(zip(changed, both([files for _, _, files in changed]))):
            with self.subTest(kind, mirror=name, number=n):
                self.assertIn(first[0], (1, 2), doubts(first, told))
                self.assertEqual(told[0], first[0], doubts(first, told))


def joined(campaigns):
    """[((status, {check of all: verdict}) of the first, of the second)] over (mirrors, whether they are all of the campaign)."""
    def first(case):
        mirrors, whole = case
        with tempfile.TemporaryDirectory(prefix="countersign-joined-") as folder:
            folders = [Path(folder) / str(n) for n in range(len(mirrors))]
            for to, files in zip(folders, mirrors):
                Copy(to).put(files)
            done = countersign("verify", *folders, "--json", *["--all-contracts"] * whole)
            checks = json.loads(done.stdout)["checks"][-len(JOINED):]
            return done.returncode, {check["check"]: check["verdict"] for check in checks}

    def second(case):
        mirrors, whole = case
        status, lines = verify.verify_all([MemoryMirror(files) for files in mirrors], whole)
        words = {"holds": "holds", "FAILS": "fails", "cannot tell": "cannot_tell"}
        return status, {line[:11].strip(): words[line[12:24].strip()] for line in lines[-len(JOINED) - 1:-1]}

    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        firsts = pool.map(first, campaigns)
        seconds = [second(case) for case in campaigns]
        return list(zip(firsts, seconds))


class Campaigns(unittest.TestCase):
    """What the logs of several contracts say together."""

    def agree(self, cases):
        """{name: what both say}; they say the same."""
        told = {}
        for (name, _), (first, second_) in zip(cases, joined([case for _, case in cases])):
            with self.subTest(name):
                self.assertEqual(list(second_[1]), list(JOINED))
                self.assertEqual(first, second_, f"SEED={SEED}")
            told[name] = second_
        return told

    def test_both_say_the_same_of_campaigns_told_as_they_were_and_otherwise(self):
        print(f"SEED={SEED}")
        for seed in (SOLD, *range(SEED, SEED + CAMPAIGNS)):
            lies = random.Random(seed).sample(sorted(made_campaigns.LIES), 4)
            made = {lie: made_campaigns.made_campaign(seed, lie, parties=True) for lie in (None, *lies)}
            whole = {lie: lie is None or random.Random(f"{seed} {lie}").random() < 0.7 for lie in made}
            told = self.agree([((seed, lie), (campaign.mirrors(), whole[lie])) for lie, campaign in made.items()])
            self.assertEqual(told[seed, None], (0, dict.fromkeys(JOINED, "holds")), f"SEED={seed}: nobody lied")

    def test_each_lie_is_shown_by_its_check(self):
        """Of each kind one that is big enough to be seen; without it nothing is: the logs of a campaign that nobody lied about hold."""
        cases = [(lie, (made_campaigns.made_campaign(seed, lie).mirrors(), True)) for lie, seed in made_campaigns.SEEN.items()]
        for lie, (status, verdicts) in self.agree(cases).items():
            self.assertEqual((status, verdicts[made_campaigns.LIES[lie]]), (1, "fails"), lie)
        self.assertEqual(self.agree([("untold", (made_campaigns.made_campaign(1, "untold").mirrors(), True))])["untold"][1]["parties"], "cannot_tell")

    def test_what_looks_like_a_lie_and_is_none(self):
        """Duplicates of what a quiet log ends with; leads that came to stand by other terms than the later one; a txid that came again before its lead was
        reinstated; a pixel's part that could not follow."""
        cases = [(seed, (made_campaigns.made_campaign(seed).mirrors(), True)) for seed in made_campaigns.HONEST]
        for seed, told in self.agree(cases).items():
            self.assertEqual(told, (0, dict.fromkeys(JOINED, "holds")), seed)

    def test_mirrors_that_do_not_belong_together(self):
        one, other = made_campaigns.made_campaign(1).mirrors()[:2]
        story = made_logs.made_log(1).mirror()
        forked = dict(other) | {name: data for name, data in made_campaigns.other_root_log().items()}
        gone = {name: data for name, data in other.items() if not name.startswith("log/tile/") and name != "log/checkpoint"}
        self.agree([("one contract twice", ([one, one], False)), ("another campaign", ([one, story], False)), ("two histories", ([one, forked], False)),
                    ("no root log", ([one, gone], True)), ("one of several", ([other], True)), ("no log", ([one, {}], False))])


class MadeLogs(unittest.TestCase):
    def test_both_tell_the_same_periods_that_were_not_closed(self):
        told = []
        with tempfile.TemporaryDirectory(prefix="countersign-second-") as folder:
            copy = Copy(folder)
            for seed in (CUT, *range(SEED, SEED + MADE)):
                with self.subTest(seed=seed):
                    log = made_logs.made_log(seed, 90)
                    told += copy.settle(log.mirror())
                    self.assertEqual(told[len(told) - len(verify.Settling(log.ledger).told):], verify.Settling(log.ledger).told)
        self.assertTrue(told)

    def test_what_the_second_decides_the_first_decides_alike(self):
        print(f"SEED={SEED}")
        seeds = (AT_ONCE, *range(SEED, SEED + MADE))
        for seed, (first, told) in zip(seeds, both([made_logs.made_log(seed).mirror() for seed in seeds])):
            with self.subTest(seed=seed):
                self.assertEqual((first[0], told[0]), (0, 0), doubts(first, told))

    def test_both_look_at_what_witnesses_saw(self):
        log = next(log for log in (made_logs.made_log(SEED + n) for n in range(1000)) if log.statements)
        files, contract = log.mirror(), f"log/{made_logs.CONTRACT}"
        head = next(data for name, data in files.items() if name.startswith("v1/statements/") and name.endswith("/checkpoint"))
        line = "\u2014 witness.example ".encode() + base64.b64encode(bytes(76)) + b"\n"
        text, own = files["log/checkpoint"].split(b"\n\n")
        cosigned = files["log/checkpoint"] + line
        seen = {**files, "log/witnessed": cosigned, f"{contract}/witnessed": head}
        other = made_logs.KEYS.note(made_logs.ORIGIN, 1, bytes(32))
        cases = [(0, seen), (0, {**seen, "log/witnessed": cosigned + line}), (0, {**seen, "log/witnessed": text + b"\n\n" + line + own}),
                 (1, {**seen, "log/witnessed": text + b"\n\n" + line}), (1, {**seen, f"{contract}/witnessed": files[f"{contract}/checkpoint"]}),
                 (1, {**seen, "log/witnessed": other}), (1, {**seen, "log/witnessed": cosigned + b"x\n"}), (1, {**seen, "log/witnessed": cosigned[:-70] + b"\n"})]
        for (status, _), (first, told) in zip(cases, both([files for _, files in cases])):
            with self.subTest(first[1][-3:]):
                self.assertEqual((first[0], told[0]), (status, status), doubts(first, told))

    def test_both_say_the_same_of_logs_forged_with_the_keys(self):
        print(f"SEED={SEED}")
        seeds = NO_TIME[1], *range(SEED, SEED + FORGED)
        forged = [made_logs.forge(made_logs.made_log(NO_TIME[0], 40, settles=False), random.Random(NO_TIME[1]))]
        for n in range(FORGED):
            if n % 8 == 0:
                log = made_logs.made_log(SEED + n, 40, settles=False)
            forged.append(made_logs.forge(log, random.Random(SEED + n)))
        for seed, (what, _), (first, told) in zip(seeds, forged, both([files for _, files in forged])):
            with self.subTest(what, seed=seed):
                self.assertEqual(told[0], first[0], doubts(first, told))


class Files(unittest.TestCase):
    def test_without_the_files_beside_it_there_is_no_verdict(self):
        scripts = ("verify.py", "score.py", "contact_keys.py", "kept.py", "several_mirrors.py", "own_rows.py")
        for missing in scripts[1:]:
            with self.subTest(missing), tempfile.TemporaryDirectory() as folder:
                for name in set(scripts) - {missing}:
                    shutil.copy(SOURCE / "scripts" / name, folder)
                done = subprocess.run([sys.executable, "-B", f"{folder}/verify.py", folder], capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout.split(":")[0], done.stderr), (2, "cannot tell", ""), done.stdout + done.stderr)
                self.assertIn(missing.removesuffix(".py"), done.stdout)


class Values(unittest.TestCase):
    """What the server takes at its door, an auditor takes in a log, and nothing else: each member of each record, with what it may hold and what it may not."""

    def agree(self, cases):
        """The cases, by what both say of them."""
        said = {0: [], 1: [], 2: []}  # 2: rules that neither knows
        for (what, _), (first, told) in zip(cases, both([files for _, files in cases])):
            with self.subTest(what):
                self.assertEqual(told[0], first[0], doubts(first, told))
                said[first[0]].append(what)
        return said

    def some(self, cases, n):
        print(f"SEED={SEED}")
        first, *others = cases
        return [first, *random.Random(SEED).sample(others, min(n, len(others)))]

    def test_both_refuse_the_same_documents_and_legal_data(self):
        said = self.agree(self.some(made_values.of_documents(), VALUES))
        self.assertIn("as it is", said[0])
        self.assertTrue(len(said[0]) > 1 and said[1])

    def test_both_refuse_what_no_server_would_have_taken(self):
        impossible = [("campaign", name, value) for name, value in (
            ("referrer_policy", "never"), ("landing_url", "javascript:alert(1)"), ("landing_url", "https://a.example/{sub6}"), ("fallback_url", "https://u@a.example/"), ("allowed_hosts", ["*.com"]),
            ("click_param", "c id"), ("name", ""), ("pass", ["sub1"]), ("timezone", "/UTC"), ("currency", "XAU"))] + [("contract", "ends_at", "2025-01-01T00:00:00.000Z")]
        cases = {f"{document}.{name} = {json.dumps(value)}" for document, name, value in impossible}
        found = [(what, files) for what, files in made_values.of_documents() if what in cases]
        self.assertEqual(sorted(self.agree(found)[1]), sorted(cases))

    def test_both_refuse_the_same_members_of_entries(self):
        self.assertIn("as it is", self.agree(self.some(made_values.of_entries(SEED), VALUES))[0])

    def test_a_server_has_one_name_and_one_scheme(self):
        said = self.agree(list(made_values.of_issuers(SEED)))
        self.assertEqual({issuers: status for status in said for issuers in said[status]}, made_values.ISSUERS)


class Words(unittest.TestCase):
    def test_no_operator_says_for_a_party_what_it_did_not_and_what_is_the_operators_word_is_said(self):
        log = made_words.Words()
        lies = [lambda told: None, *made_words.SHOWN, *made_words.WORD]
        told = [made_words.Told(log) for _ in lies]
        for lie, each in zip(lies, told):
            lie(each)
        for lie, (first, second_) in zip(lies, both([each.mirror() for each in told])):
            with self.subTest(lie.__name__):
                self.assertEqual((first[0], second_[0]), (lie in made_words.SHOWN,) * 2, doubts(first, second_))
        with tempfile.TemporaryDirectory(prefix="countersign-second-") as folder:
            copy = Copy(folder)
            for lie, word in made_words.WORD.items():
                with self.subTest(lie.__name__, word=word):
                    copy.put(told[lies.index(lie)].mirror())
                    facts = json.loads(countersign("verify", copy.folder, "--json").stdout)["facts"]
                    self.assertIn(word, [fact["data"]["what"] for fact in facts if fact["topic"] == "not_shown"])


if __name__ == "__main__":
    unittest.main()
