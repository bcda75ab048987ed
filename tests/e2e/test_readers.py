"""Reads have threads of their own and turns: whatever they wait for, clicks, postbacks and other parties' reads do not."""

import json
import os
import select
import signal
import socket
import subprocess
import threading
import unittest
from pathlib import Path

from harness import BROWSER, Market, Server, ServerCase, click, person, send, wait_for

OF_CALLER = 64  # reads of one party or address that may wait, server/worker/readers.h
IN_ALL = 1024  # of all


class StallingServer(Server):
    """One reader thread, whose cursors stop while `stalled`."""

    def __init__(self, **settings):
        self.mark = None
        super().__init__(READERS=1, WORKERS=1, LOG_LEVEL="debug", **settings)

    def start(self):
        self.mark = Path(self.folder.name) / "stall"
        env = dict(os.environ, LD_PRELOAD=os.environ["STALL_LIBRARY"], COUNTERSIGN_STALL=str(self.mark),
                   **{f"COUNTERSIGN_{name}": str(value) for name, value in self.settings.items()})
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, env=env)
        wait_for(self.ready, 60, "the server to be ready")

    def stall(self):
        self.met().unlink(missing_ok=True)
        self.mark.touch()

    def met(self):
        """There as soon as the thread stands."""
        return self.mark.with_name("stall.met")

    def go_on(self):
        self.mark.unlink(missing_ok=True)

    def waiting(self):
        return self.metric("reads_waiting")


class Reads:
    """Calls that are under way at once."""

    def __init__(self, call, n):
        self.call, self.answers, self.threads = call, [], []
        self.more(n)

    def more(self, n):
        for _ in range(n):
            self.threads.append(threading.Thread(target=lambda: self.answers.append(self.call())))
            self.threads[-1].start()

    def end(self):
        for thread in self.threads:
            thread.join(30)
        return sorted(answer.status for answer in self.answers)


class Stalled(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.server = StallingServer()
        cls.addClassCleanup(cls.server.close)
        cls.addClassCleanup(cls.server.go_on)
        cls.market, cls.other = Market(cls.server), Market(cls.server)
        for market in (cls.market, cls.other):
            assert market.publisher.postback(person(click_id=market.click())).status == 200

    def setUp(self):
        self.server.stall()
        self.addCleanup(self.server.go_on)

    def leads(self, market):
        return market.publisher.call("GET", f"/v1/contracts/{market.contract}/leads")

    def under_way(self, market, n):
        """n reads of a market, of which the first stands in the thread and all others wait."""
        reads = Reads(lambda: self.leads(market), 1)
        wait_for(self.server.met().exists, what="a read to stand")
        reads.more(n - 1)
        wait_for(lambda: self.server.waiting() == min(n - 1, OF_CALLER), what="reads to wait")
        return reads

    def test_what_is_not_a_read_goes_on(self):
        reads = self.under_way(self.market, 8)
        answer, ident = click(self.market.code["click_url"], **BROWSER)
        self.assertEqual((answer.status, bool(ident)), (302, True))
        self.assertEqual(self.market.publisher.postback(person(click_id=ident)).status, 200)
        self.assertEqual(self.other.publisher.call("GET", "/v1/contracts").status, 200)
        self.assertEqual(send(self.server.url + "/healthz").status, 200)
        self.server.go_on()
        self.assertEqual(reads.end(), [200] * 8)

    def test_a_caller_who_asks_for_too_much_is_told_so(self):
        reads = self.under_way(self.market, OF_CALLER + 1)
        refused = self.leads(self.market)
        self.assertProblem(refused, 429, "reads")
        self.assertTrue(refused.headers["Retry-After"])
        other = Reads(lambda: self.leads(self.other), 1)
        wait_for(lambda: self.server.waiting() > OF_CALLER, what="another's read to wait as well")
        self.server.go_on()
        self.assertEqual(reads.end(), [200] * (OF_CALLER + 1))
        self.assertEqual(other.end(), [200])

    def test_each_caller_has_a_turn(self):
        """Another's one read is not behind all of the first one's."""
        told = len(self.server.log())
        many = self.under_way(self.market, 40)
        one = Reads(lambda: self.leads(self.other), 1)
        wait_for(lambda: self.server.waiting() >= 40, what="another's read to wait")
        self.server.go_on()
        self.assertEqual((many.end(), one.end()), ([200] * 40, [200]))
        lines = [json.loads(line) for line in self.server.log()[told:].splitlines()]
        order = [line["party"] for line in lines if line.get("route") == "/v1/contracts/{}/leads"]
        self.assertEqual(len(order), 41)
        self.assertLess(order.index(self.other.publisher.id), 10, "of 41")

    def test_a_read_that_fails_says_in_the_log_what_failed(self):
        self.server.go_on()
        mark, told = self.server.mark.with_name("stall.fails"), len(self.server.log())
        mark.touch()
        try:
            failed = self.leads(self.market)
        finally:
            mark.unlink()
        self.assertProblem(failed, 500)
        line = next(line for line in map(json.loads, self.server.log()[told:].splitlines()) if line["request_id"] == failed.headers["Request-Id"])
        self.assertEqual((line["level"], line["status"]), ("error", 500))
        self.assertIn("cursor: Input/output error", line["cause"])
        self.assertEqual(self.leads(self.market).status, 200)

    def test_strangers_are_known_by_their_addresses_and_all_together_have_a_bound(self):
        """A few addresses may share a place, and then their bound."""
        reads = self.under_way(self.market, 1)
        sockets, waiting, statuses = [], [], []
        self.addCleanup(lambda: [one.close() for one in sockets])

        def ask(address):
            one = socket.create_connection(("127.0.0.1", self.server.port), 30, (address, 0))
            one.sendall(b"GET /log/checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return one

        def answered(batch):
            poll = select.poll()
            for one in batch:
                poll.register(one, select.POLLIN)
            ready = {number for number, _ in poll.poll(0)}
            return [one for one in batch if one.fileno() in ready]

        def status(one):
            return int(one.recv(4096).split()[1])

        for last in range(1, 61):
            if self.server.waiting() >= IN_ALL:
                break
            before, batch = self.server.waiting(), [ask(f"127.0.1.{last}") for _ in range(OF_CALLER)]
            wait_for(lambda: self.server.waiting() - before + len(answered(batch)) == OF_CALLER, what="each to wait or be answered")
            refused = answered(batch)
            sockets += batch
            statuses += [status(one) for one in refused]
            waiting += [one for one in batch if one not in refused]
        self.assertEqual(self.server.waiting(), IN_ALL)
        self.assertLess(statuses.count(429), len(waiting) // 2)
        self.assertEqual(set(statuses) - {429, 503}, set())
        with ask("127.0.2.1") as one:
            self.assertEqual(status(one), 503)
        self.assertProblem(self.leads(self.other), 503, "reads")
        self.server.go_on()
        self.assertEqual({status(one) for one in waiting}, {200})
        self.assertEqual(reads.end(), [200])


class Ends(unittest.TestCase):
    def test_a_stop_answers_what_waits(self):
        server = StallingServer()
        try:
            market = Market(server)
            market.publisher.postback(person(click_id=market.click()))
            server.stall()
            reads = Reads(lambda: market.publisher.call("GET", f"/v1/contracts/{market.contract}/leads"), 1)
            wait_for(server.met().exists, what="a read to stand")
            reads.more(4)
            wait_for(lambda: server.waiting() == 4, what="reads to wait")
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: len(reads.answers) >= 4, what="those that wait to be answered")
            late = socket.create_connection(("127.0.0.1", server.port), 30)
            late.sendall(b"GET /log/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b" 503 ", late.recv(4096).split(b"\r\n")[0] + b" ", "a read that comes now waits for nobody")
            server.go_on()
            self.assertEqual(reads.end(), [200, 503, 503, 503, 503])
        finally:
            server.go_on()
            server.close()


if __name__ == "__main__":
    unittest.main()
