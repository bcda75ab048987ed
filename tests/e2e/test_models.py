"""What a log says that it has taught: behind 1,024 labels, and over restarts and kill -9; an auditor begins there, and comes to the same verdicts; who says
something else, or nothing, is told what is to stand there."""

import hashlib
import json
import os
import random
import secrets
import shutil
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

from harness import BROWSER, Market, Server, ServerCase, click, countersign, person, send, wait_for
from liar import Liar
from test_clock import ClockServer
from test_score import SCORE, Scored, score, told
from second import verify_twice

import client  # noqa: E402

LABELS = 1024
AT_ONCE = {"lead": {"require": ["email"]}, "review": {"mode": "auto", "auto_approve_days": 0}, "score": SCORE}


class Models(Scored, unittest.TestCase):
    assertStatus = ServerCase.assertStatus

    @classmethod
    def setUpClass(cls):
        seed = int(os.environ.get("SEED", secrets.randbits(32)))
        print(f"seed {seed}", file=sys.stderr)
        cls.chance = random.Random(seed)
        cls.server = Server(WORKERS=2)
        cls.addClassCleanup(cls.server.close)
        cls.market = Market(cls.server, AT_ONCE)
        cls.many(LABELS - 20)

    @classmethod
    def many(cls, n):
        """Leads that are approved at once, as rows."""
        with ThreadPoolExecutor(8) as pool:
            clicks = list(pool.map(lambda _: cls.market.click(), range(n)))
        some = cls.chance.choice
        rows = [person(click_id=click, country=some(["FR", "DE"]), f_job=some(["cook", "nurse"]), f_age=str(some(range(18, 80)))) for click in clicks]
        for at in range(0, n, 1000):
            cls.market.publisher.post("/v1/leads", rows[at:at + 1000])

    def past(self, market):
        """Returned leads are no new labels, and a killed server says what it has learnt once: 20 more labels, and some beyond."""
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"score": {"hold_below": 1}})  # terms that ask the same: the state goes on, and the entry names them
        taught = [self.lead(market) for _ in range(10)]
        for lead in taught[:5]:
            self.dispose(market, lead, "returned")
        market.server.kill()
        market.server.start()
        for _ in range(15):
            self.lead(market)

    def test_all_of_it(self):
        market = self.market
        self.past(market)
        entries, fold = self.assertTold(market)
        models = [index for index, entry in enumerate(entries) if entry["kind"] == "model"]
        self.assertEqual(len(models), 1)
        at = models[0]
        before = told(market.contract, entries[:at])[1]
        self.assertEqual(sum(before.state.labels), LABELS)
        terms = max(index for index, entry in enumerate(entries[:at]) if entry["kind"] == "terms")
        self.assertGreater(terms, 0)
        self.assertEqual(entries[at], {"at": entries[at - 1]["at"], **before.learnt(terms)})
        self.assertEqual(entries[at]["origin"], "fold")
        served = self.assertStatus(market.publisher.do("GET", f"/v1/contracts/{market.contract}/models/{entries[at]['sha256']}"), 200)
        self.assertEqual(served.body, before.state.bytes())
        for name, status in (("0" * 64, 404), ("x", 404)):
            self.assertEqual(market.publisher.call("GET", f"/v1/contracts/{market.contract}/models/{name}").status, status)
        self.audit(market)
        market.server.stop()
        checked = countersign("check", "--data", market.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        market.server.start()
        with tempfile.TemporaryDirectory() as folder:
            self.begun_late(self.pull(market, Path(folder) / "mirror"), at, entries)

    def begun_late(self, mirror, at, entries):
        file = mirror / f"v1/contracts/{self.market.contract}/models/{entries[at]['sha256']}"
        plain = verify_twice(mirror)
        self.assertEqual(plain.returncode, 0, plain.stdout)
        self.assertNotIn("not worked out again", plain.stdout)
        late = verify_twice(mirror, "--scores-from", at)
        self.assertEqual(late.returncode, 0, late.stdout)
        self.assertIn(f"scores before entry {at}, which were not worked out again", late.stdout)
        self.assertEqual([line for line in late.stdout.splitlines() if " holds " in line], [line for line in plain.stdout.splitlines() if " holds " in line])
        for wrong in (at - 1, at + 1, len(entries) + 5):
            self.assertEqual(verify_twice(mirror, "--scores-from", wrong).returncode, 2, wrong)
        kept = file.read_bytes()
        file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        for more in ((), ("--scores-from", at)):
            self.assertEqual(verify_twice(mirror, *more).returncode, 1, more)
        file.unlink()
        for more in ((), ("--scores-from", at)):
            self.assertEqual(verify_twice(mirror, *more).returncode, 2, more)
        file.write_bytes(kept)
        self.lies(mirror, at, entries)

    @staticmethod
    def other_state(liar, entry, asked):
        """A state of other facts, which counts what the entry does."""
        state = score.State(score.Fold(liar.contract).shape(asked))
        state.leads, state.labels = entry["leads"], [1, entry["labels"] - 1]
        states = liar.mirror / f"v1/contracts/{liar.contract}/models"
        (states / entry["sha256"]).unlink()
        entry["sha256"] = state.sha256()
        (states / entry["sha256"]).write_bytes(state.bytes())

    def lies(self, mirror, at, entries):
        """(what is changed, what is said of it, whether one who begins late sees it too)"""
        last = max(index for index, entry in enumerate(entries) if "score" in entry)
        first = next(index for index, entry in enumerate(entries) if "score" in entry)
        hashed = entries[at]["sha256"]
        changes = [
            (lambda liar: liar.entries[at].update(leads=entries[at]["leads"] + 1), (f"entry {at} ", f"{entries[at]['leads'] + 1} leads", f"{entries[at]['leads']} leads"), True),
            (lambda liar: liar.entries[at].update(labels=2048), (f"entry {at} ", "2048 labels", "1024 labels"), True),
            (lambda liar: liar.entries[at].update(terms=0), (f"entry {at} ", "terms 0", f"terms {entries[at]['terms']}"), False),
            (lambda liar: liar.entries[at].update(sha256="0" * 64), (f"entry {at} ", "0" * 64, hashed), None),
            (lambda liar: liar.entries[at].update(clock_ms=entries[at]["at"] - 1), (f"entry {at} ", f"({entries[at]['at'] - 1} by the clock)"), False),
            (lambda liar: liar.drop(at), (f"entry {at} ", "of kind", hashed), None),
            (lambda liar: liar.insert(at + 1, liar.entries[at]), (f"entry {at + 1} ", "nothing is to say it there"), True),
            (lambda liar: liar.entries[last].update(score=entries[last]["score"] - 1), (f"lead {last} ", f"score {entries[last]['score']}"), True),
            (lambda liar: liar.entries[first].update(score=entries[first]["score"] - 1), (f"lead {first} ", f"score {entries[first]['score']}"), False),
            (lambda liar: liar.entries[first]["facts"].update(f_job="pilot"), ("lead ", "the entries in front of it give score"), False),
            (lambda liar: self.other_state(liar, liar.entries[at], {"facts": ["f_job"], "cross": []}), (f"entry {at} ", hashed), True),
        ]
        names = {path.relative_to(mirror): path.read_bytes() for path in mirror.rglob("*") if path.is_file()}
        for n, (change, words, late) in enumerate(changes):
            with self.subTest(change=n), tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / "mirror"
                for name, data in names.items():
                    (copy / name).parent.mkdir(parents=True, exist_ok=True)
                    (copy / name).write_bytes(data)
                liar = Liar(self.server.data, copy, self.market.contract)
                change(liar)
                liar.publish()
                done = verify_twice(copy)
                self.assertEqual(done.returncode, 1, done.stdout)
                for word in words:
                    self.assertIn(word, done.stdout)
                if late is not None:
                    self.assertEqual(verify_twice(copy, "--scores-from", at).returncode, 1 if late else 0)


class Joined:
    """What a campaign's logs teach all together, by the documents alone."""

    def __init__(self, logs):
        self.logs = logs  # entries by contract
        self.folds = {contract: score.Fold(contract) for contract in logs}
        self.known, self.done, self.statuses = None, dict.fromkeys(logs, 0), {}

    def learn(self, prefixes):
        """The bytes of the seed that names these."""
        new = [(entry["at"], contract, index) for contract, size in prefixes.items() for index, entry in enumerate(self.logs[contract]) if self.done[contract] <= index < size]
        for _, contract, index in sorted(new):
            entry, fold = self.logs[contract][index], self.folds[contract]
            if entry["kind"] not in ("lead", "disposition"):
                continue
            terms = [each for each in self.logs[contract][:index] if each["kind"] == "terms"][-1]["campaign"]["score"]
            key = contract, entry.get("lead", index)
            was, self.statuses[key] = self.statuses.get(key), entry["status"]
            if terms["facts"] != SCORE["facts"]:
                fold.asked = None
                continue
            self.known = self.known or score.State(fold.shape(terms))
            fold.begin(terms, index)
            fold.state = self.known
            fold.take(terms, index, entry, self.logs[contract][entry.get("lead", index)], was)
        self.done.update(prefixes)
        return self.known.shared()


class Seeds(Scored, unittest.TestCase):
    assertStatus = ServerCase.assertStatus

    def setUp(self):
        seed = int(os.environ.get("SEED", secrets.randbits(32)))
        print(f"seed {seed}", file=sys.stderr)
        self.chance = random.Random(seed)
        self.server = Server(WORKERS=2)
        self.addCleanup(self.server.close)
        self.market = Market(self.server, {"attribution": {"model": "linear"}, "lead": {"require": ["email"]}, "review": {"mode": "manual"}, "score": {**SCORE, "hold_below": 1000}})

    def learn_shared(self, urls, n):
        """Leads of several contracts, whose parts come at one time, and move so."""
        for at in range(n):
            touches = ",".join(click(url, **BROWSER)[1] for url in urls)
            lead = self.assertStatus(self.market.advertiser.postback(person(f_job=self.chance.choice(["cook", "nurse"]), country="FR", touches=touches)), 200).json
            self.dispose(self.market, lead, ("approved", "rejected")[at % 2])

    def lead_of(self, publisher, url, job, status):
        lead = self.assertStatus(publisher.postback(person(f_job=job, country="FR", click_id=click(url, **BROWSER)[1])), 200).json
        if status:
            self.dispose(self.market, lead, status)
        return lead

    def learn(self, publisher, url, n):
        for at in range(n):
            self.lead_of(publisher, url, ("nurse", "cook")[at % 2], ("rejected", "approved")[at % 2])

    def log(self, contract):
        size = int(self.market.operator.do("GET", f"/log/{contract}/checkpoint").text.split("\n")[1])
        return [json.loads(entry) for _, entry in self.market.entries(contract, size=size)] if size else []

    def state_of(self, contract):
        return lambda named: self.assertStatus(self.market.operator.do("GET", f"/v1/contracts/{contract}/models/{named}"), 200).body

    def seeds(self, contract):
        return [(index, entry) for index, entry in enumerate(self.log(contract)) if entry.get("origin") == "seed"]

    def test_what_the_campaign_knows_comes_into_a_log_that_begins_and_behind_statements(self):
        market = self.market
        waits = self.lead_of(market.publisher, market.code["click_url"], "cook", None)
        self.learn(market.publisher, market.code["click_url"], 40)
        other = market.new_publisher()
        contract = market.new_contract(other)
        url = market.new_code(other, contract)["click_url"]
        at, seed = wait_for(lambda: next(iter(self.seeds(contract)), None), what="its seed", seconds=30)
        self.assertIn(market.contract, [prefix["contract"] for prefix in seed["from"]])
        self.assertEqual(self.seeds(market.contract), [])  # it has leads, and no statement so far
        cook, nurse = (self.lead_of(other, url, job, None)["score"] for job in ("cook", "nurse"))
        self.assertGreater(cook, nurse + 100)
        self.dispose(market, waits, "approved")  # it came before the first seed, and teaches the next one
        self.learn_shared((url, market.code["click_url"]), 6)
        stale = self.ask_otherwise_for_a_while()
        market.settled_entries()
        early = self.mirrors_of(market)
        self.learn(other, url, 30)
        self.restart_and_check()
        self.assertStatus(market.operator.do("POST", f"/v1/contracts/{contract}/statements", {}), 201)
        self.restart_and_check()  # a statement opens the state to a seed, also where nothing was taught since all was stored
        self.server.kill()
        self.server.start()
        self.assertStatus(market.operator.do("POST", f"/v1/contracts/{market.contract}/statements", {}), 201)
        wait_for(lambda: all(map(self.seeded_since, (market.contract, contract))), what="one behind each statement", seconds=60)
        self.dispose(market, stale, "rejected")
        self.learn(market.publisher, market.code["click_url"], 4)
        self.assertStatus(market.operator.do("POST", f"/v1/contracts/{market.contract}/statements", {}), 201)
        wait_for(lambda: self.seeded_since(market.contract), what="a seed of what was learnt since", seconds=60)
        for log in (market.contract, contract):
            size = len(self.log(log))
            wait_for(lambda log=log, size=size: len(self.log(log)) >= size, what="heads")
        self.pulled_before(early)
        self.refuses_another_state(contract)
        self.holds([market.contract, contract])

    def ask_otherwise_for_a_while(self):
        """Leads from before teach nothing any more, neither their own log nor all of them together. Answers one that waits still."""
        market, path = self.market, f"/v1/campaigns/{self.market.campaign}"
        before, stale = (self.lead_of(market.publisher, market.code["click_url"], "cook", None) for _ in range(2))
        market.advertiser.patch(path, {"score": {"facts": ["f_job"], "cross": []}})
        self.lead_of(market.publisher, market.code["click_url"], "cook", None)
        market.advertiser.patch(path, {"score": {**SCORE, "hold_below": 0}})
        self.lead_of(market.publisher, market.code["click_url"], "nurse", "rejected")
        self.dispose(market, before, "approved")
        return stale

    def seeded_since(self, contract):
        """Whether a seed stands behind the last statement."""
        entries = self.log(contract)
        stands = [index for index, entry in enumerate(entries) if entry["kind"] == "statement" or entry.get("origin") == "seed"]
        return stands and entries[stands[-1]]["kind"] == "model"

    def refuses_another_state(self, contract):
        """A server that shows other bytes under a state's name is found out as they come."""
        server, token = self.server, self.market.advertiser.token

        class Changed(BaseHTTPRequestHandler):
            def do_GET(self):
                answer = send(server.url + self.path, headers={"Authorization": self.headers["Authorization"]})
                body = answer.body[:-1] + bytes([answer.body[-1] ^ 1]) if "/models/" in self.path else answer.body
                self.send_response(answer.status)
                for name in ("Content-Type", "Link"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", len(body))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Changed) as other, tempfile.TemporaryDirectory() as folder:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            done = countersign("pull", f"http://127.0.0.1:{other.server_port}", Path(folder) / "mirror", "--contract", contract, "--token", token)
            other.shutdown()
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("what the log's model entry names", done.stderr)

    def mirrors_of(self, market):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        every = [row["id"] for row in market.operator.get(f"/v1/contracts?campaign={market.campaign}&limit=50")["data"]]
        for contract in every:
            self.pulled(contract, Path(folder.name) / contract)
        return {contract: Path(folder.name) / contract for contract in every}

    def pulled(self, contract, to):
        done = countersign("pull", self.server.url, to, "--contract", contract, "--token", self.market.advertiser.token)
        self.assertEqual(done.returncode, 0, done.stderr)
        return to

    def pulled_before(self, early):
        """Mirrors that end before a seed came which names more of them: nobody lied, and another pull tells."""
        own = self.market.contract
        self.pulled(own, early[own])
        done = verify_twice(*early.values(), "--all-contracts")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stdout, r"seeds +cannot tell .*another pull may tell more")
        for contract, mirror in early.items():
            self.pulled(contract, mirror)
        done = verify_twice(*early.values(), "--all-contracts")
        self.assertEqual(done.returncode, 0, done.stdout)

    def holds(self, contracts):
        market = self.market
        every = [row["id"] for row in market.operator.get(f"/v1/contracts?campaign={market.campaign}&limit=50")["data"]]
        logs = {contract: self.log(contract) for contract in every}
        for contract in contracts:
            scores, _ = told(contract, logs[contract], self.state_of(contract))
            for index, (said, _) in scores.items():
                self.assertEqual({name: logs[contract][index][name] for name in ("score", "score_high", "score_why") if name in logs[contract][index]}, said)
        seeds = sorted((sum(prefix["size"] for prefix in entry["from"]), contract, entry) for contract in every for entry in logs[contract] if entry.get("origin") == "seed")
        joined = Joined(logs)
        for _, contract, entry in seeds:
            made = joined.learn({prefix["contract"]: prefix["size"] for prefix in entry["from"]})
            self.assertEqual(self.state_of(contract)(entry["sha256"]), made)
            self.assertEqual((entry["leads"], entry["labels"]), (joined.known.leads, sum(joined.known.labels)))
        self.server.stop()
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.server.start()
        with tempfile.TemporaryDirectory() as folder:
            mirrors = []
            for contract in every:
                mirrors.append(self.pulled(contract, Path(folder) / contract))
                alone = verify_twice(mirrors[-1])
                self.assertEqual(alone.returncode, 0, alone.stdout)
                self.assertEqual("the operator's word, unless the mirrors" in alone.stdout, bool(self.seeds(contract)))
            together = verify_twice(*mirrors, "--all-contracts")
            self.assertEqual(together.returncode, 0, together.stdout)
            turned = verify_twice(*reversed(mirrors), "--all-contracts")  # what came at one time is learnt by the contracts' ids
            self.assertEqual(turned.returncode, 0, turned.stdout)
            n = len(seeds)
            self.assertIn(f"{n} of {n} seeds of the score made again", together.stdout)
            some = verify_twice(*mirrors[:1], mirrors[-1])
            self.assertIn(some.returncode, (0, 2), some.stdout)  # of a lead that is shared a part may not be here
            self.assertIn("0 of ", some.stdout)
            self.lies(contracts, logs, mirrors)
            for _ in range(200 if os.environ.get("LONG") else 8):
                self.any_lie(contracts, mirrors)

    OF_A_LEAD = ("score", "score_high", "score_why", "due_ms", "status", "reason", "tier", "payout_micros", "utm_source", "facts")
    OF_A_MODEL = ("at", "clock_ms", "from", "labels", "leads", "origin", "sha256", "terms")

    def otherwise(self, value):
        """Something in a member's place; None: nothing."""
        some = self.chance.choice
        if isinstance(value, int):
            return some([value + 1, value - 1, 0, 1000, 2 * value, 2**53 - 1, None])
        if isinstance(value, str):
            return some([value[:-1], value + "x", "", "0" * len(value), "held", "approved", "rejected", "low_score", "fold", "seed", None])
        if isinstance(value, list):
            return some([value[:-1], value + value[-1:], value[::-1], None])
        return {**value, some([*value, "f_new"]): some(["cook", "", "\u00e9"])} if isinstance(value, dict) else some([0, 1, 1000, "x", "low_score", ["+f_job"], [{"contract": "C1", "size": 3}]])

    def any_lie(self, contracts, mirrors):
        """One member of one entry, or a bit of the bytes that one names, is another: both implementations say the same of it, alone and of all together."""
        with tempfile.TemporaryDirectory() as folder:
            copies = [Path(folder) / mirror.name for mirror in mirrors]
            for mirror, copy in zip(mirrors, copies):
                shutil.copytree(mirror, copy, ignore=shutil.ignore_patterns("seen", "witnessed"))
            liars = [Liar(self.server.data, copy, copy.name) for copy in copies]
            liar = self.chance.choice([liar for liar in liars if liar.contract in contracts])
            kind, names = self.chance.choice([("lead", self.OF_A_LEAD), ("disposition", ("status", "payable_micros", "lead")), ("model", self.OF_A_MODEL), ("model", ())])
            at = self.chance.choice(liar.of(kind))
            entry, name = liar.entries[at], self.chance.choice(names or ("bytes",))
            changed = self.otherwise(entry.get(name))
            if names:
                entry.pop(name, None) if changed is None else entry.update({name: changed})
            else:
                self.other_bytes(liar, entry)
            for before, each in zip((None, *liars), liars):
                each.take_root_log(before)
                each.publish()
            for each in liars:
                each.take_root_log(liars[-1])
            with self.subTest(contract=liar.contract, entry=at, name=name, changed=changed):
                verify_twice(liar.mirror)
                verify_twice(*copies, "--all-contracts")

    def other_bytes(self, liar, entry):
        """One bit, mostly under the hash that they have then."""
        states = liar.mirror / f"v1/contracts/{liar.contract}/models"
        data = bytearray((states / entry["sha256"]).read_bytes())
        data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        if self.chance.random() < 0.8:
            (states / entry["sha256"]).unlink()
            entry["sha256"] = hashlib.sha256(data).hexdigest()
        (states / entry["sha256"]).write_bytes(data)

    def lying_alone(self, mirrors, contract, at, members):
        """What is said of one mirror in which an entry has these members."""
        with tempfile.TemporaryDirectory() as folder:
            mirror = Path(shutil.copytree(next(mirror for mirror in mirrors if mirror.name == contract), Path(folder) / contract))
            liar = Liar(self.server.data, mirror, contract)
            liar.entries[at].update(members)
            liar.publish()
            done = verify_twice(mirror)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done

    def lies(self, contracts, logs, mirrors):
        """A seed that the campaign does not give: each mirror by itself holds, all of them together do not."""
        for contract in contracts:
            at = next(index for index, entry in enumerate(logs[contract]) if entry.get("origin") == "seed")
            named = logs[contract][at]["sha256"]
            for member, changed, words in (("from", [{**each, "size": at + 1} if each["contract"] == contract else each for each in logs[contract][at]["from"]], f"has {at + 1} entries of this log"),
                                           ("terms", at - 1, f"is {at - 1}, and those in force are of entry ")):
                with self.subTest(contract=contract, member=member):
                    told = self.lying_alone(mirrors, contract, at, {member: changed})
                    self.assertRegex(told.stdout, rf"decisions +FAILS +entry {at} brings in a seed, and not as it must: its {member} {words}")
            for change in ("a mean", "leads", "a size"):
                with self.subTest(contract=contract, change=change), tempfile.TemporaryDirectory() as folder:
                    copies = [Path(folder) / mirror.name for mirror in mirrors]
                    for mirror, copy in zip(mirrors, copies):
                        shutil.copytree(mirror, copy, ignore=shutil.ignore_patterns("seen", "witnessed"))
                    liars = [Liar(self.server.data, copy, copy.name) for copy in copies]
                    liar = next(liar for liar in liars if liar.contract == contract)
                    entry = liar.entries[at]
                    if change == "a mean":
                        data = self.state_of(contract)(named)
                        data = data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]
                        entry["sha256"] = hashlib.sha256(data).hexdigest()
                        states = liar.mirror / f"v1/contracts/{contract}/models"
                        (states / named).rename(states / entry["sha256"])
                        (states / entry["sha256"]).write_bytes(data)
                    elif change == "leads":
                        entry["leads"] += 1
                    else:
                        max(entry["from"], key=lambda prefix: prefix["size"])["size"] -= 20
                    for before, each in zip((None, *liars), liars):
                        each.take_root_log(before)
                        each.publish()
                    for each in liars:
                        each.take_root_log(liars[-1])
                    done = verify_twice(*copies, "--all-contracts")
                    self.assertEqual(done.returncode, 1, done.stdout)
                    self.assertIn(f"entry {at} of {contract} brings in a seed", done.stdout)


@unittest.skipUnless(os.environ.get("CLOCK_LIBRARY"), "no CLOCK_LIBRARY")
class Hindsight(Scored, unittest.TestCase):
    assertStatus = ServerCase.assertStatus
    lead_of, learn, log, seeds, mirrors_of, pulled = Seeds.lead_of, Seeds.learn, Seeds.log, Seeds.seeds, Seeds.mirrors_of, Seeds.pulled

    def told(self, later_s):
        """What is said of a seed that was written in once more was known, and that much later."""
        self.server = ClockServer(WORKERS=2)
        self.addCleanup(self.server.close)
        now = mock.patch.object(client, "now", self.server.now)
        now.start()
        self.addCleanup(now.stop)
        market = self.market = Market(self.server, {"lead": {"require": ["email"]}, "review": {"mode": "manual"}, "score": SCORE})
        self.learn(market.publisher, market.code["click_url"], 10)
        contract = market.new_contract(market.new_publisher())
        at, _ = wait_for(lambda: next(iter(self.seeds(contract)), None), what="its seed", seconds=30)
        self.server.wait(later_s)
        self.learn(market.publisher, market.code["click_url"], 4)
        market.settled_entries()
        mirrors = self.mirrors_of(market)
        logs = {log: self.log(log) for log in mirrors}
        liar = Liar(self.server.data, mirrors[contract], contract)
        sizes = {prefix["contract"]: prefix["size"] for prefix in liar.entries[at]["from"]} | {market.contract: len(logs[market.contract])}
        joined = Joined(logs)
        data = joined.learn(sizes)
        named = hashlib.sha256(data).hexdigest()
        liar.entries[at].update({"from": [{"contract": log, "size": sizes[log]} for log in sorted(sizes)], "labels": sum(joined.known.labels), "leads": joined.known.leads, "sha256": named})
        for old in (liar.mirror / f"v1/contracts/{contract}/models").iterdir():
            old.unlink()
        (liar.mirror / f"v1/contracts/{contract}/models" / named).write_bytes(data)
        liar.publish()
        self.assertEqual(verify_twice(liar.mirror).returncode, 0)  # alone it is the operator's word
        for log in mirrors.keys() - {contract}:
            Liar(self.server.data, mirrors[log], log).take_root_log(liar)
        return at, logs[market.contract], verify_twice(*mirrors.values(), "--all-contracts")

    def test_a_seed_knows_nothing_that_came_later(self):
        at, log, done = self.told(11 * 60)
        last = max(index for index, entry in enumerate(log) if entry["kind"] == "disposition")
        for words in (done.stdout, done.second):
            self.assertRegex(words, rf"seeds +FAILS +entry {at} of .* knows entry {last} of {self.market.contract}, which came more than ten minutes later")

    def test_clocks_of_two_logs_may_be_some_minutes_apart(self):
        _, _, done = self.told(9 * 60)
        self.assertRegex(done.stdout, r"seeds +holds")


if __name__ == "__main__":
    unittest.main()
