"""kill -9 in mid-load, round after round over one data folder. After each restart: every acknowledged click and lead is in the ledger exactly
once, the tree extends every checkpoint seen before, and replayed state equals stored state; statements and answers are there, once."""

import collections
import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import BINARY, BROWSER, Market, Party, Server, Tree, click, countersign, person, statement_payload, wait_for  # noqa: E402

LOADTEST = str(Path(BINARY).with_name("countersign-loadtest"))
SEED = int(os.environ.get("SEED") or time.time())
ROUNDS = int(os.environ.get("ROUNDS") or 12)
EVENTS_PER_S = 1500
FLAT_OUT_EVERY = 5  # rounds
PRICE = 5_000_000


class Load:
    """The load generator in the background, writing what was acknowledged."""

    def __init__(self, market, folder, number, rate):
        self.acks = folder / f"acks-{number}"
        self.output = folder / f"load-{number}"
        codes = folder / "codes"
        codes.write_text(market.code["code"] + "\n")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [LOADTEST, "--url", market.server.url, "--codes", str(codes), "--kid", market.publisher.kid, "--secret", market.publisher.secret,
                 "--mix", "click=70,view=10,lead=20", "--rate", str(rate), "--duration", "30", "--connections", "32", "--acks", str(self.acks)],
                stdout=output, stderr=output)

    def acknowledged(self):
        """Whole lines only: the generator itself is ended in the middle of one now and then."""
        text = self.acks.read_text() if self.acks.exists() else ""
        return text[:text.rfind("\n") + 1].splitlines()

    def end(self):
        if self.process.poll() not in (None, 0):
            raise AssertionError(f"the load generator ended with {self.process.returncode}:\n{self.output.read_text()[-2000:]}")
        self.process.terminate()
        self.process.wait()


class Witness:
    """Reads the log from outside and remembers: entries once seen must stay, and lead to every root once signed."""

    def __init__(self, market):
        self.market, self.tree = market, Tree()
        self.heads = {}  # size -> root, of every checkpoint ever served
        self.clicks, self.leads = collections.Counter(), {}
        self.txids = collections.Counter()

    def see(self):
        size, root = self.market.head()
        assert self.heads.setdefault(size, root) == root, f"two roots for size {size}"
        return size

    def read_on(self):
        """Folds in what is new; each head seen must be passed with its very root."""
        size = self.see()
        assert size >= max(self.heads), f"the head went back to {size} from {max(self.heads)}"
        for index, entry in self.market.entries(start=self.tree.size, size=size):
            self.fold(index, json.loads(entry))
            self.tree.append(entry)
            if self.tree.size in self.heads:
                assert self.tree.root() == self.heads[self.tree.size], f"the tree does not extend the checkpoint of size {self.tree.size}"
        return size

    def fold(self, index, entry):
        if entry["kind"] == "click":
            self.clicks[entry["sub1"]] += 1
        elif entry["kind"] == "lead":
            self.txids[entry["txid"]] += 1
            self.leads[index] = entry["txid"]

    def reread(self):
        """From the first entry on, as if for the first time."""
        fresh = Witness(self.market)
        fresh.heads = self.heads
        fresh.read_on()
        assert (fresh.clicks, fresh.leads) == (self.clicks, self.leads), "entries that were read before have changed"


class Kill9(unittest.TestCase):
    def setUp(self):
        self.server = Server(SWEEP_MS=50, STORE_AHEAD_KIB=16)
        self.addCleanup(self.server.close)
        self.market = Market(self.server, campaign={"lead": {"require": []}})
        self.witness = Witness(self.market)
        folder = tempfile.TemporaryDirectory(prefix="countersign-crash-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def compare(self, acknowledged):
        """Acknowledged means recorded, exactly once, and where the answer said."""
        for line in acknowledged:
            kind, *words = line.split(" ")
            if kind == "click":
                self.assertEqual(self.witness.clicks[words[0]], 1, line)
            elif kind == "lead":
                txid, _, contract, index, _ = words
                self.assertEqual((contract, self.witness.leads.get(int(index)), self.witness.txids[txid]), (self.market.contract, txid, 1), line)
        self.assertEqual([sub for sub, n in self.witness.clicks.items() if n > 1], [], "recorded twice")
        self.assertEqual([txid for txid, n in self.witness.txids.items() if n > 1], [], "recorded twice")

    def test_kill_9_in_mid_load(self):
        print(f"SEED={SEED}")
        rng = random.Random(SEED)
        total = 0
        for number in range(ROUNDS):
            load = Load(self.market, self.folder, number, 0 if number % FLAT_OUT_EVERY == FLAT_OUT_EVERY - 1 else EVENTS_PER_S)
            wait_for(load.acknowledged, what="the first acknowledged event")
            until = time.monotonic() + rng.uniform(0.0, 0.45)
            while time.monotonic() < until:
                self.witness.see()
                time.sleep(rng.uniform(0.0, 0.1))
            self.server.kill()
            load.end()
            acknowledged = load.acknowledged()
            total += len(acknowledged)

            checked = countersign("check", "--data", self.server.data)
            self.assertEqual(checked.returncode, 0, f"round {number}: {checked.stdout}{checked.stderr}")
            self.server.start()
            self.market.click(f"?sub1=restart-{number}")
            wait_for(lambda n=number: self.witness.read_on() and self.witness.clicks[f"restart-{n}"], what="the checkpoint to catch up")
            self.compare(acknowledged)
        self.witness.reread()
        with self.assertRaises(AssertionError):  # the negative control of the comparison
            self.compare(["click never-happened x"])
        print(f"{ROUNDS} kills, {total} acknowledged events, {self.witness.tree.size} entries, {len(self.witness.heads)} checkpoints")
        self.assertGreater(total, 20 * ROUNDS, "hardly any load: this says little")
        self.assertGreater(len(self.witness.leads), ROUNDS)


class SharedLeads(unittest.TestCase):
    """A lead of several contracts is there with all its parts or not at all, and what became of it became of all of them."""

    def setUp(self):
        self.server = Server(SWEEP_MS=50, STORE_AHEAD_KIB=16)
        self.addCleanup(self.server.close)
        self.market = Market(self.server, campaign={"attribution": {"model": "linear"}, "lead": {"require": []}})
        other = Party(self.server.operator, "Other publisher", "publisher")
        self.contracts = [self.market.contract, self.market.new_contract(other)]
        self.codes = [self.market.code["click_url"], self.market.new_code(other, self.contracts[1])["click_url"]]

    def report(self):
        """Leads and their approvals and returns, until the server is gone."""
        with contextlib.suppress(OSError, http.client.HTTPException, KeyError):
            while True:
                clicks = [click(code, **BROWSER)[1] for code in self.codes]
                lead = self.market.advertiser.postback(person(touches=",".join(clicks))).json["lead"]
                for status in ("approved", "returned", "approved"):
                    self.market.advertiser.postback({"lead": lead, "status": status})

    def parts(self):
        """{commitment: [(from, to, statuses in their order)]}, read from the logs."""
        leads, became = collections.defaultdict(list), {}
        for contract in self.contracts:
            size = int(self.server.operator.do("GET", f"/log/{contract}/checkpoint").text.split("\n")[1])
            for index, entry in self.market.entries(contract, size=size):
                entry = json.loads(entry)
                if entry["kind"] == "lead":
                    became[contract, index] = []
                    leads[entry["commit"]].append((entry.get("share_from", 0), entry["share_to"], became[contract, index]))
                elif entry["kind"] == "disposition":
                    became[contract, entry["lead"]].append(entry["status"])
        return leads

    def test_kill_9_leaves_all_parts_or_none(self):
        rng = random.Random(SEED)
        for number in range(max(5, ROUNDS // 5)):
            senders = [threading.Thread(target=self.report) for _ in range(4)]
            for sender in senders:
                sender.start()
            time.sleep(rng.uniform(0.1, 0.5))
            self.server.kill()
            for sender in senders:
                sender.join()
            checked = countersign("check", "--data", self.server.data)
            self.assertEqual(checked.returncode, 0, f"round {number}: {checked.stdout}{checked.stderr}")
            self.server.start()
        self.market.settled_entries()
        leads = self.parts()
        for commit, parts in leads.items():
            self.assertEqual([(at, to) for at, to, _ in sorted(parts)], [(0, 500_000), (500_000, 1_000_000)], commit)
            self.assertEqual(parts[0][2], parts[1][2], commit)
        self.assertGreater(len(leads), 5, "hardly any lead: this says little")


class Statements(unittest.TestCase):
    """Statements and answers that were acknowledged are there, each once, and a call that was cut off may be sent again."""

    def setUp(self):
        self.server = Server(SWEEP_MS=50, STORE_AHEAD_KIB=16)
        self.addCleanup(self.server.close)
        self.market = Market(self.server, campaign={"review": {"mode": "auto", "auto_approve_days": 0}, "dedupe": {"by": []}}, contract={"price": {"lead": [{"micros": PRICE}]}})
        self.market.put_keys()
        self.path = f"/v1/contracts/{self.market.contract}/statements"
        self.issued, self.answered, self.sent, self.leads = {}, {}, {}, 0

    def issue(self, number):
        """One after the other, each under a key of its own, until the server is gone."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            for n in range(100):
                self.lead()
                key = f"round-{number}-{n}"
                self.sent[key] = None
                made = self.market.operator.call("POST", self.path, {}, {"Idempotency-Key": key})
                self.assertIn(made.status, (201, 409), made)  # what came is not swept yet: nothing to settle
                self.sent[key] = made.json.get("id")
                if made.status == 201:
                    self.issued[made.json["id"]] = made.json

    def lead(self):
        self.leads += 1  # one whose answer is lost may be there: it is asked for again
        txid = f"T{self.leads}"
        self.market.publisher.postback(person(click_id=self.market.click(), txid=txid))

    def answer(self, party):
        with contextlib.suppress(OSError, http.client.HTTPException):
            while self.runs:
                for ident in list(self.issued):
                    if (ident, party.id) in self.answered:
                        continue
                    payload = statement_payload(party.do("GET", f"/v1/statements/{ident}").body)
                    word = party.jws(party.response(payload, "accept")).encode()
                    said = party.call("POST", f"/v1/statements/{ident}/responses", word, {"Content-Type": "application/jose"})
                    self.assertEqual(said.status, 201, said)
                    self.answered[ident, party.id] = word
                time.sleep(0.01)

    def compare(self, issued, answered):
        market = self.market
        listed, after = [], ""
        while after is not None:
            page = market.operator.get(f"/v1/statements?contract={market.contract}{after}")
            listed += page["data"]
            after = f"&after={page['next']}" if "next" in page else None
        there = {each["id"]: each for each in listed}
        for ident, made in issued.items():
            self.assertIn(ident, there, "it was acknowledged")
            self.assertEqual({name: there[ident][name] for name in ("number", "from", "to", "sha256")}, {name: made[name] for name in ("number", "from", "to", "sha256")})
        self.assertEqual([each["number"] for each in listed], list(range(1, len(listed) + 1)))
        self.assertEqual([each["from"] for each in listed[1:]], [each["to"] for each in listed[:-1]])
        for ident, party in answered:
            self.assertEqual([each["verdict"] for each in there[ident]["answers"] if each["party"] == party], ["accept"], ident)
        return listed

    def resend(self):
        """What was cut off is done once, whether it had been done or not; what was done is not done again."""
        for key, ident in self.sent.items():
            again = self.market.operator.call("POST", self.path, {}, {"Idempotency-Key": key})
            if ident is not None:
                self.assertEqual((again.status, again.json.get("id")), (201, ident), key)
            elif again.status == 201:
                self.issued[again.json["id"]] = again.json
        self.sent.clear()
        for (ident, party), word in self.answered.items():
            sender = next(p for p in (self.market.advertiser, self.market.publisher) if p.id == party)
            again = sender.call("POST", f"/v1/statements/{ident}/responses", word, {"Content-Type": "application/jose"})
            self.assertEqual(again.status, 200, again)

    def test_kill_9_loses_no_statement_and_no_answer(self):
        print(f"SEED={SEED}")
        rng = random.Random(SEED)
        rounds = max(4, ROUNDS // 4)
        for number in range(rounds):
            work = [threading.Thread(target=self.issue, args=(number,))] + [threading.Thread(target=self.answer, args=(p,)) for p in (self.market.advertiser, self.market.publisher)]
            self.runs = True
            for each in work:
                each.start()
            time.sleep(rng.uniform(0.1, 0.7))
            self.server.kill()
            self.runs = False
            for each in work:
                each.join()
            checked = countersign("check", "--data", self.server.data)
            self.assertEqual(checked.returncode, 0, f"round {number}: {checked.stdout}{checked.stderr}")
            self.server.start()
            self.compare(self.issued, self.answered)
            self.resend()
            self.compare(self.issued, self.answered)
        with self.assertRaises(AssertionError):  # the negative controls of the comparison
            self.compare({"S0": {}}, {})
        self.market.click()
        self.market.settled_entries()
        last = self.market.operator.call("POST", self.path, {})
        self.assertIn(last.status, (201, 409), last)
        listed = self.compare(self.issued, self.answered)
        paid = sum(json.loads(entry).get("payable_micros", 0) for _, entry in self.market.entries() if json.loads(entry)["kind"] == "disposition")
        paid += sum(entry["payout_micros"] for entry in (json.loads(each) for _, each in self.market.entries()) if entry["kind"] == "lead" and entry["status"] == "approved")
        self.assertEqual(sum(each["net_micros"] for each in listed), paid)
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            pulled = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
            self.assertEqual(pulled.returncode, 0, pulled.stderr)
            verified = countersign("verify", mirror)
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        print(f"{rounds} kills, {len(self.issued)} statements, {len(self.answered)} answers")
        self.assertGreater(len(self.issued), rounds, "hardly any statement: this says little")
        self.assertGreater(len(self.answered), rounds)


class WitnessItself(unittest.TestCase):
    """The negative control: a witness that cannot fail would be worth nothing."""

    def setUp(self):
        self.server = Server(STORE_AHEAD_KIB=16)
        self.addCleanup(self.server.close)
        self.market = Market(self.server)
        for n in range(5):
            self.market.click(f"?sub1={n}")
        self.size = len(self.market.settled_entries())

    def test_notices_a_changed_entry_and_a_shorter_log(self):
        real = list(self.market.entries())

        class Liar:
            def __init__(self, entries, head):
                self.lies, self.root = entries, head

            def head(self):
                return self.root

            def entries(self, start=0, size=None):
                return iter(self.lies[start:size])

        head = self.market.head()
        Witness(Liar(real, head)).read_on()
        changed = [(n, entry.replace(b'"sub1":"3"', b'"sub1":"8"')) for n, entry in real]
        with self.assertRaisesRegex(AssertionError, "does not extend"):
            Witness(Liar(changed, head)).read_on()
        shortened = Witness(Liar(real, head))
        shortened.read_on()
        shortened.market = Liar(real[:-1], (head[0] - 1, b""))
        with self.assertRaisesRegex(AssertionError, "went back"):
            shortened.read_on()


if __name__ == "__main__":
    unittest.main()
