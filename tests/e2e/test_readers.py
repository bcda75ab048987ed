"""Reads have threads of their own and turns: whatever they wait for, clicks, postbacks and other parties' reads do not."""

import json
import os
import signal
import subprocess
import threading
import unittest
from pathlib import Path

from harness import BROWSER, Market, Server, ServerCase, click, person, send, wait_for

OF_CALLER = 64  # reads of one party that may wait, server/worker/readers.h


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
        self.mark.touch()

    def go_on(self):
        self.mark.unlink(missing_ok=True)

    def waiting(self):
        return self.metric("reads_waiting")


class Reads:
    """Calls that are under way at once."""

    def __init__(self, call, n):
        self.answers = []
        self.threads = [threading.Thread(target=lambda: self.answers.append(call())) for _ in range(n)]
        for thread in self.threads:
            thread.start()

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
        before = self.server.waiting()
        reads = Reads(lambda: self.leads(market), n)
        wait_for(lambda: self.server.waiting() >= before + min(n - 1, OF_CALLER), what="reads to wait")
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


class Ends(unittest.TestCase):
    def test_a_stop_answers_what_waits(self):
        server = StallingServer()
        try:
            market = Market(server)
            market.publisher.postback(person(click_id=market.click()))
            server.stall()
            reads = Reads(lambda: market.publisher.call("GET", f"/v1/contracts/{market.contract}/leads"), 5)
            wait_for(lambda: server.waiting() >= 4, what="reads to wait")
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: len(reads.answers) >= 4, what="those that wait to be answered")
            server.go_on()
            self.assertEqual(reads.end(), [200, 503, 503, 503, 503])
        finally:
            server.go_on()
            server.close()


if __name__ == "__main__":
    unittest.main()
