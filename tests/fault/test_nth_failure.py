"""The n-th allocation, lookup, cursor step, transaction, write, sync and call on a file of a real server fails, once and from then on, under everything it
does. What comes out is the right answer, a 5xx, a closed connection, or an end with status 1 (2: a file does not read) and a line that says
why: never a wrong 2xx, a 4xx that the fault caused, a signal, or silence. Sent again it succeeds; after a restart `check` holds and what was
acknowledged is there.

In every run each operation meets its first failures and a sample of the others (SEED); ROUNDS=all tries each one, SHARE=3/8 of them those whose
number leaves 3 in a division by 8."""

import collections
import dataclasses
import http.client
import itertools
import json
import os
import random
import re
import shutil
import sys
import threading
import time
import unittest
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faulty import ABSENT, END_S, FILES, KINDS, LOOKUP, MEMORY, NEVER, STEP, SYNC, TRANSACTION, WRITE, Closed, FaultyServer, Wrong, ask, end_of  # noqa: E402
from client import public_jwk  # noqa: E402 (where harness has put it)
from harness import Party, b64u, countersign, person, send  # noqa: E402
from test_witness import open_cosignature  # noqa: E402
from operations import Operation, Scene, Statement, readings, writings  # noqa: E402

SEED = int(os.environ.get("SEED") or time.time())
ALL = os.environ.get("ROUNDS") == "all"
ONLY, KIND = os.environ.get("ONLY", ""), os.environ.get("KIND", "")  # parts of names, for whoever looks into one
PART, PARTS = map(int, (os.environ.get("SHARE") or "0/1").split("/"))
BUDGET_S = int(os.environ.get("BUDGET_S") or 25)
LEAST = 60  # failures in a run, whatever time they take on a machine that is busy
RUNNERS = 2
VISITS_OF_A_FOLDER = 10
FAILURES_OF_A_FOLDER = 40  # where each is tried: what an operation makes is looked through by the next, which would never come to an end
WORDS_OF_A_FAULT = 600
COURIER_S = 1
REFUSED_LOOKED_FOR = 9
OF_OTHERS = ("keys", "rootlog")  # checks of a mirror that count what others do at the same time
GROWS = re.compile(r"holds \d+ of this log")  # heads of the root log: one more may be added while a folder runs, and is gone when it is put back


@dataclasses.dataclass(frozen=True)
class Finding:
    operation: str
    kind: str
    nth: int
    lasting: bool
    what: str
    where: str

    def __str__(self):
        nth = "none" if self.nth == NEVER else f"{self.nth}{' and on' if self.lasting else ''}"
        return f"{self.operation}, {self.kind} {nth}: {self.what[:WORDS_OF_A_FAULT]}\n      at {self.where}"


def private_jwk(key):
    return {**public_jwk(key), "d": b64u(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))}


def money(micros):
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def holds(data):
    done = countersign("check", "--data", data)
    if done.returncode != 0:
        raise Wrong(f"check afterwards: {done.stdout}{done.stderr}")


class Calls:
    """Requests to one server, each with a failure in it."""

    meets = KINDS  # what there can be of in it

    share = (2, 3)  # failures that a visit tries: so many of the first, and of the others

    def __init__(self, runner, operation):
        self.runner, self.operation, self.name = runner, operation, operation.name
        self.page = runner.server.page

    def begin(self):
        self.acknowledged, self.failed = [], False

    def spoiled(self):
        self.acknowledged = []
        self.runner.server.put_back()

    def right(self, answer, when):
        try:
            facts = self.operation.facts(answer)
        except (ValueError, KeyError) as error:
            raise Wrong(f"{when}: {answer}, which does not read: {error!r}") from None
        if facts != self.operation.want:
            raise Wrong(f"{when}: {str(facts)[:WORDS_OF_A_FAULT]} in place of {str(self.operation.want)[:WORDS_OF_A_FAULT]}")
        return True

    def asked(self, call):
        """The answer to the same bytes, from a new server where the failure ends this one only now, in the background."""
        try:
            return ask(call)
        except Closed:
            if not self.runner.server.ended(END_S):
                raise
            self.runner.revive()
            return ask(call)

    def again(self, call):
        """The answer to the same bytes, as soon as they may be sent."""
        answer = self.asked(call)
        if self.operation.failed(answer):
            time.sleep(int(answer.headers.get("Retry-After") or 0))
            answer = self.asked(call)
        return answer

    def attempt(self, kind, nth, lasting=False):
        """(how many calls were met, how many failed); Wrong when what came out may not be."""
        runner = self.runner
        call = runner.steady(lambda: self.operation.prepare(runner.scene))
        answer = None
        self.page.arm(kind, nth, lasting)
        try:
            answer = ask(call)
        except Closed:
            pass
        finally:
            met, fired = self.page.disarm()
            self.failed |= fired > 0
        good = answer is not None and (not self.operation.failed(answer) or fired == 0) and self.right(answer, "answered")
        if runner.server.ended(0.001 if answer else 1 if fired else END_S):
            runner.revive()  # be it of the failure before, in the background
        elif answer is None and fired == 0:
            raise Wrong("closed the connection without a fault")
        if not good:
            answer = self.again(call)
            self.right(answer, "answered when sent again")
        self.acknowledged.append(answer)
        return met, fired

    def leave(self):
        """After a kill everything that was acknowledged is there."""
        if self.failed and type(self.operation).later is not Operation.later:
            self.runner.server.kill()
            self.runner.checked_start()
            for answer in self.acknowledged:
                self.operation.later(self.runner.scene, answer)


class Starts:
    """`serve` from its first instruction to its first answers."""

    name, share, meets = "start", (2, 2), KINDS

    def __init__(self, runner):
        self.runner, self.page = runner, runner.server.page

    def begin(self):
        pass

    def spoiled(self):
        self.runner.server.put_back()

    def attempt(self, kind, nth, lasting=False):
        server = self.runner.server
        server.kill()
        self.page.arm(kind, nth, lasting)
        try:
            server.launch()
            ready = server.becomes_ready()
        finally:
            met, fired = self.page.disarm()
        if not ready:
            end_of(server.process.returncode, server.said(), (1, 2))
            self.runner.checked_start()
        market = self.runner.scene.busy
        got = self.runner.steady(lambda: market.publisher.postback(person(click_id=market.click())))
        if got.status != 200 or got.json["status"] != "pending":
            raise Wrong(f"a server that started so answers {got}")
        return met, fired

    def leave(self):
        self.runner.server.kill()
        self.runner.checked_start()


class Courier(Starts):
    """Behind a start: the root log's head is signed, witnessed by the server itself, and served with its cosignature."""

    name, share, meets = "courier", (1, 2), (MEMORY, LOOKUP, STEP, TRANSACTION, WRITE, SYNC, FILES)

    def begin(self):
        self.before = {}

    def of_a_start(self, kind):
        """How many calls are met before there is a courier: those are tried at `start`."""
        if kind not in self.before:
            server = self.runner.server
            for _ in range(2):  # the first one has work to catch up with
                server.kill()
                self.page.arm(kind, NEVER)
                server.launch()
                assert server.becomes_ready()
                self.before[kind] = max(0, self.page.disarm()[0] - 2)  # not every start is the same
        return self.before[kind]

    def witnessed(self, patience_s):
        """Whether the note has come; False as well where the server ended."""
        server, deadline = self.runner.server, time.monotonic() + patience_s
        while time.monotonic() < deadline and server.process.poll() is None:
            try:
                got = send(server.url + "/log/witnessed")
            except (OSError, http.client.HTTPException):
                continue
            if got.status == 200:
                text, lines = got.text.split("\n\n")
                return open_cosignature(lines.rstrip("\n").split("\n")[1], text + "\n", self.runner.scene.witness_key) > 0
            if got.status != 404 and got.status < 500:
                raise Wrong(f"/log/witnessed answers {got}")
            time.sleep(0.01)
        return False

    def attempt(self, kind, nth, lasting=False):
        server, before = self.runner.server, self.of_a_start(kind)
        server.kill()
        (server.data / "witnessed").unlink(missing_ok=True)
        server.settings["WITNESSES"] = self.runner.policy
        try:
            self.page.arm(kind, before + nth, lasting)
            try:
                server.launch()
                ready = server.becomes_ready() and self.witnessed(COURIER_S)
            finally:
                met, fired = self.page.disarm()
            for _ in range(2):  # it may end only now, in the background
                if server.process.poll() is not None:
                    end_of(server.process.returncode, server.said(), (1, 2))
                    self.runner.checked_start()
                    ready = False
                ready = ready or self.witnessed(END_S)
            if not ready:
                raise Wrong(f"no witness is heard any more: {server.said()[-WORDS_OF_A_FAULT:]}")
            quiet = self.runner.scene.quiet
            got = quiet.auditor.call("GET", f"/log/{quiet.contract}/witnessed")
            if got.status != 200:
                raise Wrong(f"the contract's head is not witnessed: {got}")
        finally:
            del server.settings["WITNESSES"]
        return max(0, met - before), fired


class Commands:
    """`check`, `verify` or another one that reads: the same report as without a fault, or none."""

    share = (2, 2)

    def __init__(self, runner, command, *arguments, called=None, meets=KINDS, says="all holds"):
        self.runner, self.name, self.arguments, self.meets, self.says = runner, called or command, (command, *arguments), meets, says
        self.page = runner.server.commands_page

    def begin(self):
        """Over a folder in which nothing happens."""
        self.runner.server.kill()
        self.report = self.runner.server.run(*self.arguments).stdout
        assert self.says in self.report, self.report[-2500:]

    def spoiled(self):
        pass

    def attempt(self, kind, nth, lasting=False):
        done, met, fired = self.runner.under_fault(kind, nth, lasting, self.arguments)
        if done.returncode == 0 and done.stdout != self.report:
            raise Wrong(f"holds with another report: {done.stdout}")
        if "FAILS" in done.stdout:
            raise Wrong(f"takes the fault for damage: {done.stdout[-WORDS_OF_A_FAULT:]}{done.stderr}")
        if done.returncode != 0 and not (done.returncode == 2 and "cannot tell" in done.stdout):
            end_of(done.returncode, done.stderr, (1, 2))
        return met, fired

    def leave(self):
        self.runner.server.start()


class Refusals:
    """A command that a folder does not allow: it is refused, and the folder stays as it is."""

    share = (2, 2)

    def __init__(self, runner, name, *words, meets=(MEMORY, FILES)):
        self.runner, self.name, self.meets, self.page = runner, name, meets, runner.server.commands_page
        self.words = (*words, "--data", runner.server.data)

    def begin(self):
        self.runner.server.kill()
        assert self.runner.server.run(*self.words).returncode == 1  # what a start catches up with is done then
        self.before = self.files()

    def files(self):
        return {str(path): path.read_bytes() for path in self.runner.server.data.rglob("*") if path.is_file() and path.name != "store.mdb-lock"}

    def spoiled(self):
        self.runner.server.put_back()
        self.begin()

    def attempt(self, kind, nth, lasting=False):
        done, met, fired = self.runner.under_fault(kind, nth, lasting, self.words)
        changed = {name for name, was in self.before.items() if self.files().get(name) != was}
        if done.returncode == 0 or changed:
            raise Wrong(f"ended with {done.returncode} and changed {sorted(changed)}")
        end_of(done.returncode, done.stderr, (1, 2))
        return met, fired

    def leave(self):
        self.runner.server.start()


class Offline:
    """A command that changes a folder while no server runs: it is done, or was not and is done by the same words again, or these say `already`."""

    share, meets = (2, 2), KINDS

    def __init__(self, runner, name, *words, fresh=False, already=None):
        self.runner, self.name, self.fresh, self.already, self.page = runner, name, fresh, already, runner.server.commands_page
        self.data = Path(runner.server.scratch.name) / name.replace(" ", "-")
        self.words = (*words, "--data", self.data)

    def begin(self):
        pass

    def spoiled(self):
        pass

    def attempt(self, kind, nth, lasting=False):
        shutil.rmtree(self.data, ignore_errors=True)
        if not self.fresh:
            shutil.copytree(self.runner.server.kept, self.data)
        done, met, fired = self.runner.under_fault(kind, nth, lasting, self.words)
        if done.returncode != 0:
            end_of(done.returncode, done.stderr, (1, 2))
            self.failed(done)
            done = countersign(*self.words)
            if done.returncode != 0 and (self.already is None or self.already not in done.stderr):
                raise Wrong(f"{self.name} again: {done.stderr}")
        holds(self.data)
        return met, fired

    def failed(self, done):
        pass

    def leave(self):
        pass


class Copies(Offline):
    """`backup` of a folder that is served, `restore` of one: a copy that holds, or none and words; then the same words make it."""

    def __init__(self, runner, name, *words):
        super().__init__(runner, name, fresh=True)
        self.words = tuple(self.data if word is None else word for word in words)

    def failed(self, done):
        if self.data.exists():
            raise Wrong(f"{self.name} failed, and {self.data} is there: {done.stderr}")

    def leave(self):
        shutil.rmtree(self.data, ignore_errors=True)


class Clients:
    """A command that asks a sound server for something: it is done once, whether the command could say so or not."""

    share, meets = (1, 1), (MEMORY, WRITE, FILES)

    def __init__(self, runner, name, prepare):
        """prepare(scene): the words of the command, and what tells how often it was done."""
        self.runner, self.name, self.prepare, self.page = runner, name, prepare, runner.server.commands_page

    def begin(self):
        pass

    def spoiled(self):
        self.runner.server.put_back()

    def attempt(self, kind, nth, lasting=False):
        words, times = self.prepare(self.runner.scene)
        before = times()
        self.page.arm(kind, nth, lasting)
        try:
            done = self.runner.server.run(*words)
        finally:
            met, fired = self.page.disarm()
        if done.returncode != 0:
            end_of(done.returncode, done.stderr, (1, 2))
            done = countersign(*words)
            if done.returncode != 0:
                raise Wrong(f"{self.name} again: {done.stdout}{done.stderr}")
        if times() != before + 1:
            raise Wrong(f"{self.name} was done {times() - before} times: {done.stdout[-WORDS_OF_A_FAULT:]}{done.stderr}")
        return met, fired

    def leave(self):
        pass


class Pulls:
    """`pull`, with the failure in it or in the server that it asks: a whole mirror, or none and a reason."""

    share = (1, 1)

    def __init__(self, runner, name, in_server, before=None):
        """before: a mirror of an earlier day, which is to become the one of today."""
        self.runner, self.name, self.old, self.meets = runner, name, before, KINDS if in_server else (MEMORY, WRITE, FILES)
        self.page = runner.server.page if in_server else runner.server.commands_page
        self.mirror = runner.server.data.parent / ("mirror-" + name.replace(" ", "-"))
        self.report = None

    def begin(self):
        pass

    def spoiled(self):
        self.runner.server.put_back()

    def put_before(self):
        shutil.rmtree(self.mirror, ignore_errors=True)
        if self.old:
            shutil.copytree(self.old, self.mirror)

    def run(self):
        market = self.runner.scene.quiet
        return self.runner.server.run("pull", market.server.url, self.mirror, "--contract", market.contract, "--token", market.auditor.token)

    def whole(self):
        done = countersign("verify", self.mirror)
        report = [GROWS.sub("holds N of this log", line) for line in done.stdout.splitlines() if line.split()[0] not in OF_OTHERS]
        if self.report is None:
            self.report = report
        if done.returncode != 0 or report != self.report:
            raise Wrong(f"the mirror says {[line for line in report if line not in self.report]}{done.stderr}")

    def attempt(self, kind, nth, lasting=False):
        if self.report is None:
            self.put_before()
            assert self.run().returncode == 0
            self.whole()
        self.put_before()
        self.page.arm(kind, nth, lasting)
        try:
            done = self.run()
        finally:
            met, fired = self.page.disarm()
        if self.runner.server.ended(0.001 if done.returncode == 0 else 0.1):
            self.runner.revive()
        if done.returncode != 0:
            end_of(done.returncode, done.stderr, (1, 2))
            done = self.run()
            if done.returncode != 0 and self.runner.server.ended(END_S):
                self.runner.revive()
                done = self.run()
            if done.returncode != 0:
                raise Wrong(f"pull again: {done.stderr}")
        self.whole()
        return met, fired

    def leave(self):
        pass


class Runner:
    """One server over one folder, and who asks it."""

    def __init__(self):
        self.server = FaultyServer()
        self.scene = Scene(self.server)
        self.scene.fresh_party = lambda kind="publisher": Party(self.server.operator, "Late", kind)
        self.be_a_witness()
        self.scene.size = self.scene.quiet.head()[0]
        mirror = self.server.data.parent / "mirror"
        market = self.scene.quiet
        done = countersign("pull", self.server.url, mirror, "--contract", market.contract, "--token", market.auditor.token)
        assert done.returncode == 0, done.stderr
        self.visits = [Calls(self, operation) for operation in writings() + readings()]
        self.visits += [Starts(self), Courier(self), Refusals(self, "init again", "init", "--public-url", self.server.url),
                        Refusals(self, "keys not lost", "keys", "lost", "--month", time.strftime("%Y-%m", time.gmtime()), meets=KINDS),
                        Commands(self, "check", "--data", self.server.data), Commands(self, "verify", mirror, meets=(MEMORY, FILES)),
                        Pulls(self, "pull", False), Pulls(self, "pull of what came since", False, self.scene.mirror), Pulls(self, "pull from a faulty server", True)]
        rows = Path(self.server.scratch.name) / "rows.csv"
        payouts = {lead["txid"]: lead["payout_micros"] for lead in self.scene.listed()}
        rows.write_text("".join(["txid,payout\n", *(f"{txid},{money(micros)}\n" for txid, micros in payouts.items() if micros)]))
        of_rows = ("--reconcile", rows, "--party", self.scene.quiet.publisher.id)
        self.visits += [Commands(self, "verify", mirror, *of_rows, called="verify with rows", meets=(MEMORY, FILES)),
                        Offline(self, "first init", "init", "--public-url", self.server.url, fresh=True),
                        Commands(self, "keys", "list", "--data", self.server.data, called="keys listed", says="statement"),
                        Offline(self, "erased offline", "erase", "--email", self.scene.paid["email"]),
                        Offline(self, "keys rotated", "keys", "rotate", "log", already="nothing was changed: a rotation is under way"), Offline(self, "token made", "token", "--party", self.scene.quiet.publisher.id),
                        Copies(self, "backup", "backup", "--data", self.server.data, None), Copies(self, "restore", "restore", self.copied(), None, "--nothing-signed-since"),
                        Clients(self, "settle", self.settles), Clients(self, "sign", self.signs), Clients(self, "enrol", self.enrols)]
        self.made = 0

    def under_fault(self, kind, nth, lasting, words):
        page = self.server.commands_page
        page.arm(kind, nth, lasting)
        try:
            done = self.server.run(*words)
        finally:
            met, fired = page.disarm()
        return done, met, fired

    def copied(self):
        copy = Path(self.server.scratch.name) / "copy"
        done = countersign("backup", "--data", self.server.data, copy)
        assert done.returncode == 0, done.stderr
        return copy

    def be_a_witness(self):
        """Of another log and of its own, kept so; the policy that asks itself is for a start that is to have a courier."""
        logs, self.policy = (Path(self.server.scratch.name) / name for name in ("logs", "policy"))
        logs.write_text(self.scene.foreign.signer.vkey + "\n" + send(self.server.url + "/log/keys").text.split("\n")[0] + "\n")
        self.server.stop()
        self.server.keep()
        self.server.settings["WITNESS"] = logs
        self.server.start()
        self.scene.witness_key = send(self.server.url + "/witness/key").text.strip()
        self.policy.write_text(f"witness own {self.scene.witness_key} {self.server.url}/witness\nquorum own\n")

    def settles(self, scene):
        publisher, contract = scene.further_contract()
        scene.settled_soon(publisher, contract, person())
        scene.operator.post(f"/v1/contracts/{scene.further_contract()[1]}/statements", {})  # sweeps: only what is swept is settled
        words = ("settle", self.server.url, "--token", scene.operator.token, "--contract", contract)
        return words, lambda: len(scene.operator.get("/v1/statements", contract=contract)["data"])

    def signs(self, scene):
        party, contract = scene.further_contract()
        key, mirror = (Path(self.server.scratch.name) / name for name in ("party.key", "signed"))
        key.write_text(json.dumps(private_jwk(party.key)))
        key.chmod(0o600)
        shutil.rmtree(mirror, ignore_errors=True)
        statement = scene.operator.post(f"/v1/contracts/{contract}/statements", {})["id"]
        words = ("sign", self.server.url, statement, "--mirrors", mirror, "--token", party.token, "--key", key, "--accept")
        return words, lambda: str(party.get(f"/v1/statements/{statement}/responses")["data"]).count("'accept'")

    def enrols(self, scene):
        party, key = scene.fresh_party(), Path(self.server.scratch.name) / "new.key"
        key.unlink(missing_ok=True)
        assert countersign("keygen", key).returncode == 0
        words = ("enrol", self.server.url, "--token", party.token, "--key", key)
        return words, lambda: int("key" in party.get(f"/v1/parties/{party.id}"))

    def visit(self, name):
        """The operation of that name, on a folder that is not too full."""
        self.made += 1
        if self.made % VISITS_OF_A_FOLDER == 0:
            self.server.put_back()
        return next(each for each in self.visits if each.name == name)

    def checked_start(self):
        holds(self.server.data)
        self.server.start()

    def steady(self, call):
        """What the call gives, made again when a failure ended the server only now, in the background."""
        try:
            return call()
        except (OSError, http.client.HTTPException):
            if not self.server.ended(END_S):
                raise
            self.revive()
            return call()

    def revive(self):
        """The server ended by itself: cleanly, saying why, and leaving behind what holds."""
        end_of(self.server.process.returncode, self.server.said())
        self.checked_start()


class Search:
    """Which failures were tried, and what was found."""

    def __init__(self, runners, rng, budget_s, to_the_first, least):
        self.runners, self.rng, self.deadline, self.to_the_first, self.least = runners, rng, time.monotonic() + budget_s, to_the_first, least
        self.lock, self.findings = threading.Lock(), []
        self.tried, self.calls, self.done = collections.defaultdict(set), {}, 0

    def over(self):
        return (time.monotonic() > self.deadline and self.done >= self.least) or (self.to_the_first and len(self.findings) > 0)

    def points(self, visit, kind, lasting, everything):
        """Which failures to try next of an operation that makes so many calls of the kind."""
        n, done = self.calls[visit.name, kind.name], self.tried[visit.name, kind.name, lasting]
        left = [k for k in range(1, n + 1) if k not in done and k % PARTS == PART]
        if everything:
            return left
        first, sample = visit.share
        return left[:first] + sorted(self.rng.sample(left[first:], min(sample, len(left[first:]))))

    def one(self, visit, kind, nth, lasting):
        """Tries one failure: (how many calls were met, how many failed)."""
        try:
            return visit.attempt(kind, nth, lasting)
        except (Wrong, Closed, AssertionError) as wrong:
            counts = visit.page.disarm()
            self.found(visit, Finding(visit.name, kind.name, nth, lasting, repr(wrong), visit.page.where()))
            return counts

    def found(self, visit, finding):
        with self.lock:
            print(finding, flush=True)
            self.findings.append(finding)
        visit.spoiled()

    def go(self, runner, name, kind, lasting, everything):
        visit = runner.visit(name)
        if (name, kind.name) in self.calls and not self.points(visit, kind, lasting, True):
            return
        visit.begin()
        met, _ = self.one(visit, kind, NEVER, lasting)
        with self.lock:
            self.calls[name, kind.name] = max(met, self.calls.get((name, kind.name), 0))
            points = self.points(visit, kind, lasting, everything)
            self.tried[name, kind.name, lasting].update(points)
        tries, fired, nth = iter(points), 0, 0
        for count in itertools.count(1):
            nth = next(tries, nth + PARTS if everything and fired else NEVER)  # further than what was counted, while anything fails there
            if nth == NEVER or self.over():
                break
            _, fired = self.one(visit, kind, nth, lasting)
            with self.lock:
                self.done += 1
            if count % FAILURES_OF_A_FOLDER == 0:
                self.left(visit, kind, lasting)
                visit.spoiled()
                visit.begin()
        if everything:
            print(f"{name}, {kind.name}, {'lasting' if lasting else 'once'}: {len(points)} of {met}", flush=True)
        self.left(visit, kind, lasting)

    def left(self, visit, kind, lasting):
        """What the failures so far leave behind."""
        try:
            visit.leave()
        except (Wrong, Closed, AssertionError) as wrong:
            self.found(visit, Finding(visit.name, kind.name, 0, lasting, f"afterwards: {wrong!r}", ""))

    def work(self, runner, queue):
        while True:
            with self.lock:
                if not queue or self.over():
                    return
                job = queue.popleft()
            self.go(runner, *job)

    def run(self, jobs):
        """All of these, shared out over the runners."""
        queue, failed = collections.deque(jobs), []

        def work(runner):
            try:
                self.work(runner, queue)
            except BaseException as error:
                failed.append(error)
                raise

        threads = [threading.Thread(target=work, args=(runner,)) for runner in self.runners]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def report(self):
        print(f"{len({(name, kind) for name, kind, _ in self.tried})} pairs of operation and kind, {sum(map(len, self.tried.values()))} failures")
        for kind in KINDS:
            rounds = sum(len(points) for (_, name, _), points in self.tried.items() if name == kind.name)
            calls = sum(n for (_, name), n in self.calls.items() if name == kind.name)
            print(f"{kind.name:32} {rounds:6} failures tried, of {2 * calls}")


class NthFailure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"SEED={SEED}")
        cls.rng = random.Random(SEED)
        cls.runners = [Runner() for _ in range(RUNNERS)]
        for runner in cls.runners:
            cls.addClassCleanup(runner.server.close)

    def pairs(self):
        return [(visit.name, kind) for visit in self.runners[0].visits for kind in visit.meets if ONLY in visit.name and KIND in kind.name]

    def search(self, jobs, budget_s, to_the_first=False, least=0):
        search = Search(self.runners, self.rng, budget_s, to_the_first, least)
        search.run(jobs)
        return search

    def test_whatever_fails_the_outcome_is_right_or_none(self):
        jobs = [(name, kind, lasting, ALL) for name, kind in self.pairs() for lasting in (False, True)]
        if not ALL:  # each operation and kind once, then the other way, then further samples
            first = [(name, kind, self.rng.random() < 0.5, False) for name, kind in self.pairs()]
            jobs = self.rng.sample(first, len(first)) + [job for _ in range(40) for job in self.rng.sample(jobs, len(jobs))]
        search = self.search(jobs, 1 << 30 if ALL else BUDGET_S, least=LEAST)
        search.report()
        self.assertEqual([str(found) for found in search.findings], [])
        if not ONLY + KIND:
            self.assertGreaterEqual(search.done, LEAST, "hardly any failure was tried: this says little")

    def test_a_file_that_does_not_read_once_is_no_damage_and_no_copy_of_history(self):
        """Each call on a file of check; of verify the last ones, by which it looks for refused copies beside the mirror."""
        runner = self.runners[0]
        for name, last in (("check", 1 << 30), ("verify", REFUSED_LOOKED_FOR)):
            visit = runner.visit(name)
            visit.begin()
            met = min(visit.attempt(FILES, NEVER)[0] for _ in range(5))  # a second thread opens some ahead, or not
            self.assertGreater(met, REFUSED_LOOKED_FOR)
            failed = 0
            for nth in range(max(1, met - last + 1), met + 1):
                with self.subTest(name, nth=nth):
                    failed += any(visit.attempt(FILES, nth)[1] for _ in range(5))  # not each time there are so many
            visit.leave()
            self.assertGreaterEqual(failed, min(last, met) - 2, "they are not always as many")

    def test_a_copy_whose_name_is_not_on_the_disk_has_none(self):
        """What a backup syncs last is the folder that names it."""
        visit = self.runners[0].visit("backup")
        visit.begin()
        met, _ = visit.attempt(SYNC, NEVER)
        self.assertEqual(visit.attempt(SYNC, met), (met, 1))
        visit.leave()

    def test_a_statement_is_not_issued_whichever_step_of_its_cursors_fails(self):
        search = self.search([(Statement.name, STEP, lasting, True) for lasting in (False, True)], 120)
        print(f"{search.calls[Statement.name, STEP.name]} steps")
        self.assertEqual([str(found) for found in search.findings], [])
        self.assertGreater(search.calls[Statement.name, STEP.name], 3)

    def test_a_disk_that_does_not_read_the_store_is_not_taken_for_damage(self):
        """Both end the checking process by the same signal: where the file ends, and where its disk does."""
        server = self.runners[0].server
        data = Path(shutil.copytree(server.kept, Path(server.scratch.name) / "cut"))
        self.addCleanup(shutil.rmtree, data)
        os.truncate(data / "store.mdb", 8192)
        server.commands_page.arm(FILES, NEVER)
        cut = server.run("check", "--data", data)
        reads, _ = server.commands_page.disarm()
        self.assertEqual((cut.returncode, cut.stderr), (1, ""), cut.stdout)
        self.assertIn("the database file is damaged", cut.stdout)
        for nth in range(reads, 0, -1):  # behind the last one that reads it, the note that the folder was checked is written
            server.commands_page.arm(FILES, nth)
            unread = server.run("check", "--data", data)
            self.assertEqual(server.commands_page.disarm()[1], 1)
            if unread.returncode != 1:
                break
            self.assertEqual(unread.stdout, cut.stdout)
        self.assertEqual((unread.returncode, unread.stderr), (2, ""), unread.stdout)
        self.assertIn("the disk does not read the database file", unread.stdout)

    def test_a_failure_taken_for_absence_is_found(self):
        """The negative control: lookups and steps that fail answer that there is no such row, as a bool would."""
        search = self.search([("new party sent again", ABSENT, False, True)], 60, to_the_first=True)
        self.assertRegex("".join(map(str, search.findings)), r"answered: \(20[01], ", "a wrong outcome goes by")

    def test_a_row_that_seems_to_be_gone_is_missed_where_a_second_place_tells_of_it(self):
        jobs = [(name, ABSENT, False, True) for name in ("statement", "list of leads", "openings")]
        search = self.search(jobs, 120)
        self.assertEqual([str(found) for found in search.findings], [])
        for name, kind, _, _ in jobs:
            self.assertGreater(search.calls[name, kind.name], 3)

    def test_libraries_without_fail_stop_memory_are_found(self):
        """The negative control: jansson, libevent and OpenSSL are left to tell of it as they please."""
        for runner in self.runners:
            runner.server.page.set(unguarded=1)
            runner.server.put_back()
            self.addCleanup(runner.server.put_back)
            self.addCleanup(runner.server.page.set, unguarded=0)
        jobs = [(name, MEMORY, False, True) for name in ("lead by JSON", "campaign changed", "the API's description")]
        search = self.search(jobs, 60, to_the_first=True)
        self.assertRegex("".join(map(str, search.findings)), r"SIG|answered: .*[24]\d\d", "a wrong outcome goes by")


if __name__ == "__main__":
    unittest.main()
