#!/usr/bin/python3
"""A recorded run, folded by other processes, in other batches, by another compiler's code, comes to the same tables byte by byte."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness import (  # noqa: E402
    BINARY, BROWSER, SOURCE, Party, Server, click, person, send, wait_for)
from whole_story import tell_a_whole_story  # noqa: E402

BUILD = Path(BINARY).parent
CLANG = SOURCE / "build/clang"
FACTS = os.environ.get("TWIN_FACTS", str(BUILD / "twin_facts"))
BATCHES = (1, 7, 4096)
SLEEP_S, AHEAD_S = 20 * 24 * 3600, 3600  # recorder.c
RUN_S = 120
LABELS = 1024  # behind which a log says what it has learnt


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=RUN_S, check=False)
    if done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def rows(data):
    """Every row of every table, in the order of keys: a line each."""
    return run(FACTS, "rows", data).splitlines()


def fold(build, recording, before, after, batch, *fault):
    """Folds into a copy of a folder; answers how many records there were of each kind, and in the largest batch."""
    shutil.copytree(before, after)
    lines = run(build / "fold", after, recording, batch, *fault).splitlines()
    return {word: int(n) for word, n in map(str.split, lines)}


class Recorder(Server):
    """A server whose run is recorded. `before` is its folder before the run."""

    def command(self):
        return [str(word) for word in (BUILD / "recorder", self.data, f"127.0.0.1:{self.port}", self.recording)]

    def start(self):
        self.before, self.recording = Path(self.folder.name) / "before", Path(self.folder.name) / "recording"
        shutil.copytree(self.data, self.before)
        super().start()

    def sleep(self):
        """Its machine, clocks and all, wakes up weeks later."""
        self.process.send_signal(signal.SIGUSR1)

    def jump(self):
        """Its wall clock alone is set ahead."""
        self.process.send_signal(signal.SIGUSR2)

    def limit_storage(self):
        size = (self.data / "store.mdb").stat().st_size
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def lift_limit(self):
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_for(self.ready, what="room")


def repeat(market):
    """Postbacks that come again, or that are not what came before."""
    publisher, advertiser = market.publisher, market.advertiser
    visit = market.click()
    fields = person(click_id=visit)
    target = publisher.signed_target(fields, nonce="nonce-of-the-first-lead")
    first, again = send(publisher.base + target), send(publisher.base + target)
    assert first.status == 200 and first.json["lead"] == again.json["lead"], (first, again)
    assert publisher.postback(fields).json["lead"] == first.json["lead"]
    assert publisher.postback({**fields, "country": "BE"}).status == 409
    assert publisher.postback(person(click_id=visit), nonce="nonce-of-the-first-lead").status == 409
    duplicate = publisher.postback({**fields, "txid": "another"}).json
    assert duplicate["status"] == "duplicate", duplicate
    assert advertiser.postback({"txid": "nobody's", "status": "approved"}).status == 404
    for _ in range(2):
        advertiser.do("POST", f"/v1/leads/{first.json['lead']}/dispositions", {"status": "approved"}, {"Idempotency-Key": "approve"})
    for _ in range(5):  # a proof of what no sweep has seen yet, unless one comes in between
        lead = publisher.postback(person(click_id=visit)).json["lead"]
        publisher.do("GET", f"/v1/leads/{lead}/proof")
    advertiser.postback({"click_id": visit, "txid": fields["txid"], "status": "converted", "amount": "99.50", "currency": "EUR"})


def ask_all(server, targets):
    """GETs all at once, each on a connection of its own: batches are large."""
    connections = [socket.create_connection(("127.0.0.1", server.port), 20) for _ in targets]
    for connection, target in zip(connections, targets):
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
                           "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0\r\n\r\n".encode())
    for connection in connections:
        with connection, connection.makefile("rb") as answer:
            assert answer.readline().split()[1] in (b"200", b"302", b"409")
            answer.read()


def storm(server, market):
    """Much at once: clicks, pixels, leads, among them the same person, the same txid and the very same request."""
    publisher, visits = market.publisher, [market.click() for _ in range(4)]
    same, path = person(click_id=visits[0]), market.code["click_url"].removeprefix(server.url)
    pixel = market.code["pixel_url"].removeprefix(server.url)
    targets = [f"{path}?sub1={n}" for n in range(60)]
    targets += [f"{pixel}?event=view&click_id={visit}" for visit in visits for _ in range(10)]
    targets += [f"{pixel}?event=impression"] * 10 + [f"{pixel}?event=lead&txid=pixel-{n // 2}&click_id={visits[0]}" for n in range(8)]
    targets += [publisher.signed_target(person(click_id=visit)) for visit in visits for _ in range(10)]
    targets += [publisher.signed_target({**same, "txid": f"storm-{n // 2}"}) for n in range(12)]
    targets += [publisher.signed_target({**same, "txid": "storm", "country": country}) for country in ("FR", "BE")]
    targets += targets[-4:]
    ask_all(server, targets[::3] + targets[1::3] + targets[2::3])


def work_for_another(market):
    """The publisher gets a contract of a second advertiser, then another key: it has to reach the logs of both."""
    other = Party(market.operator, "Another", "advertiser")
    campaign = other.post("/v1/campaigns", {"advertiser": other.id, "name": "Other", "currency": "USD",
                                            "landing_url": "https://other.example/"})
    contract = market.operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": market.publisher.id,
                                                      "price": {"lead": [{"micros": 5_000_000}]}})["id"]
    code = market.new_code(market.publisher, contract)
    market.publisher.new_key()
    _, visit = click(code["click_url"], **BROWSER)
    send(code["pixel_url"] + "?event=view", headers=BROWSER)
    assert market.publisher.postback(person(click_id=visit)).json["status"] == "pending"
    return contract


def be_told(market):
    """What is due to webhooks that the server does not call, and what it says of that."""
    for party in (market.advertiser, market.publisher):
        hook = f"/v1/parties/{party.id}/webhook"
        for port in (1, 2):
            party.put(hook, {"url": f"https://127.0.0.1:{port}/"})
        party.post(hook + "/test", {})
        party.put(f"/v1/parties/{party.id}/notices", {"email": "a@example.com", "kinds": ["cap"]})
    crm = f"/v1/campaigns/{market.campaign}/crm"
    market.advertiser.put(crm, {"recipe": "json", "url": "https://127.0.0.1:3/", "token": "of-it"})
    market.advertiser.post(crm + "/test", {})
    wait_for(lambda: all(made["attempts"] for made in market.operator.get("/v1/deliveries")["data"]), what="attempts")


def run_full(server, market):
    """Storage is full twice: once a probe finds out that there is room again, once clicks go unrecorded meanwhile."""
    def fill():
        server.limit_storage()
        page = {"label": "a page", "landing_url": "https://shop.example/" + "x" * 1900}
        while market.publisher.call("POST", f"/v1/contracts/{market.contract}/codes", page).status == 201:
            pass
        assert send(server.url + "/readyz").status == 503

    fill()
    server.lift_limit()
    fill()
    market.click()
    assert server.metric("unrecorded") == 1
    server.lift_limit()


def outgrow(market, now):
    """More moves than one statement can say: the log is cut, and cut again."""
    market.operator.patch(f"/v1/contracts/{market.contract}", {"price": {"sale_ppm": 1_000_000}})
    for _ in range(2):
        lead = market.publisher.postback(person(click_id=market.click()), ts=now).json["lead"]
        for said in ({"status": "converted", "amount": "5000000000", "currency": "EUR"}, {"status": "returned"}):
            answer = market.advertiser.postback({"lead": lead, **said}, ts=now)
            assert answer.status == 200, answer


def weeks_later(server, market, contract, due):
    def root_size():
        return int(send(server.url + "/log/checkpoint").text.split("\n")[1])

    size = root_size()
    server.sleep()
    wait_for(lambda: market.operator.get(f"/v1/leads/{due}")["status"] == "approved", what="a lead to be approved by itself")
    wait_for(lambda: root_size() > size + 2, what="heads in the root log")
    now = int(time.time()) + SLEEP_S
    for number in range(15):  # each may meet an answer that is a day old
        market.publisher.do("POST", f"/v1/contracts/{contract}/codes", {"label": "late"}, {"Idempotency-Key": f"late-{number}"})
    late = market.publisher.postback(person(click_id=market.click()), ts=now)
    assert late.json["status"] == "pending", late
    outgrow(market, now)
    for each in (market.contract, contract):
        market.operator.post(f"/v1/contracts/{each}/statements", {})


def teach(market):
    """So many leads that a log says what it has learnt, and a contract beside it is brought that."""
    score = {"facts": ["country", "f_age", "sub1"], "cross": ["country", "f_age"]}
    campaign = market.advertiser.post("/v1/campaigns", {"advertiser": market.advertiser.id, "name": "Taught", "currency": "EUR", "landing_url": "https://shop.example/", "score": score,
                                                        "lead": {"require": ["email"]}, "review": {"mode": "auto", "auto_approve_days": 0}})
    contract = market.operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": market.publisher.id, "price": {"lead": [{"micros": 5_000_000}]}})["id"]
    _, visit = click(market.new_code(market.publisher, contract)["click_url"], **BROWSER)
    rows = [person(click_id=visit, country=("FR", "DE", "BE")[n % 3], f_age=str(18 + n % 50)) for n in range(LABELS + 40)]
    for at in range(0, len(rows), 500):
        leads = market.publisher.post("/v1/leads", rows[at:at + 500])["data"]
        market.advertiser.postback({"lead": leads[0]["lead"], "status": "returned"})
    wait_for(lambda: seeded(market, campaign["id"]), what="a seed", seconds=60)


def seeded(market, campaign):
    """Whether a contract of the campaign has one."""
    for row in market.operator.get(f"/v1/contracts?campaign={campaign}")["data"]:
        size = int(market.operator.do("GET", f"/log/{row['id']}/checkpoint").text.split("\n")[1])
        if size and any(b'"origin":"seed"' in entry for _, entry in market.entries(row["id"], size=size)):
            return True
    return False


def an_hour_ahead(server, market):
    """What is decided across a step of the clock, before and after it is confirmed."""
    def lead(visit):
        return market.publisher.postback(person(click_id=visit), ts=int(time.time()) + SLEEP_S + AHEAD_S).json["status"]

    visit, target = market.click(), f"/v1/contracts/{market.contract}/statements"
    server.jump()
    wait_for(lambda: market.operator.get("/v1/clock")["steps"] == 1, what="the step to be seen")
    assert lead(visit) == "held" and lead(market.click()) == "pending"
    assert market.operator.call("POST", target, {}).status == 409
    market.operator.post("/v1/clock/confirm", {"steps": 1})
    assert lead(visit) == "held"
    market.operator.post(target, {})


def live(server):
    market = tell_a_whole_story(server)
    market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"pixel_leads": "hold"})
    be_told(market)
    repeat(market)
    storm(server, market)
    contract = work_for_another(market)
    run_full(server, market)
    teach(market)
    due = market.publisher.postback(person(click_id=market.click())).json["lead"]
    weeks_later(server, market, contract, due)
    an_hour_ahead(server, market)
    server.stop()


class Determinism(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Recorder()
        cls.addClassCleanup(cls.server.close)
        live(cls.server)
        cls.rows = rows(cls.server.data)

    def fold(self, build, batch, *fault):
        after = self.server.data.parent / "-".join([build.name, str(batch), *fault])
        counts = fold(build, self.server.recording, self.server.before, after, batch, *fault)
        return counts, rows(after)

    def differences(self, folded):
        """Tables and keys of the rows that are not the same, or not there; but for how many batches there were."""
        rows = (f"{row['table']} {row['key']}" for row in map(json.loads, sorted({*self.rows} ^ {*folded})))
        return [row for row in rows if row != f"meta {b'batch'.hex()}"]

    def assertSame(self, build):
        for batch in BATCHES:
            with self.subTest(batch=batch):
                counts, folded = self.fold(build, batch)
                self.assertTrue(counts["batch"] == batch or counts["batch"] > max(BATCHES[:-1]), counts)
                self.assertEqual(self.differences(folded)[:5], [], f"built by {build.name}, in batches of {batch}")

    def test_every_kind_was_recorded_and_every_table_has_rows(self):
        counts, _ = self.fold(BUILD, 100)
        self.assertEqual([kind for kind, n in counts.items() if n == 0], ["server_keys"])  # of `countersign keys` alone: e2e/test_keys
        tables = json.loads(run(FACTS, "tables"))
        self.assertEqual(set(tables["stores"] + tables["rows"]) - {"untold", "unfinished"}, {json.loads(row)["table"] for row in self.rows})  # all was told, in all logs
        journal = [row for row in self.rows if json.loads(row)["table"] == "journal"]
        for origin in ("fold", "seed"):
            self.assertTrue(any(f'"origin":"{origin}"'.encode().hex() in row for row in journal), origin)

    def test_any_batches_come_to_the_same_tables(self):
        self.assertSame(BUILD)

    def test_what_clang_built_comes_to_the_same_tables(self):
        if BUILD == CLANG:
            self.skipTest("all of this is built by clang")
        if not (CLANG / "fold").exists():
            self.skipTest(f"{CLANG}/fold is not built: cmake --preset clang && cmake --build --preset clang")
        self.assertSame(CLANG)

    def test_a_clock_read_a_random_id_and_another_order_are_noticed(self):
        for fault, table in (("clock", "codes"), ("chance", "contracts"), ("order", "journal")):
            with self.subTest(fault=fault):
                _, folded = self.fold(BUILD, 4096, fault)
                self.assertIn(table, {row.split()[0] for row in self.differences(folded)})


if __name__ == "__main__":
    unittest.main(verbosity=2)  # says why something was skipped
