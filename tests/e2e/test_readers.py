"""Reads have threads of their own and turns: whatever they wait for, clicks, postbacks and other parties' reads do not."""

import json
import os
import select
import signal
import socket
import subprocess
import threading
import unittest
import urllib.parse

from harness import BROWSER, Caller, Market, Server, ServerCase, click, person, send, wait_for

OF_CALLER, IN_ALL = 64, 1024  # reads that may wait, server/worker/readers.h


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()


class StallingServer(Server):
    """One reader thread, whose cursors stop while `stalled`."""

    def __init__(self, **settings):
        self.mark = None
        super().__init__(**{"READERS": 1, "WORKERS": 1, "LOG_LEVEL": "debug", **settings})

    def start(self):
        self.mark = self.data / "stall"  # a server writes nowhere else
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
            made = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})
            market.statement = f"/v1/statements/{made['id']}"
            market.share_url = market.operator.post(market.statement + "/shares", {})["url"]

    def setUp(self):
        assert self.leads(self.market).status == 200  # whatever was read before is read
        wait_for(lambda: self.server.waiting() == 0, what="no read to wait")
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

    def test_a_revoked_grant_ends_what_is_under_way(self):
        """What stands in the thread, and what waits for it, come to what a contract that is not there comes to."""
        market, auditor = self.market, self.other.auditor
        grants = f"/v1/contracts/{market.contract}/grants"
        market.operator.post(grants, {"party": auditor.id})
        paths = [f"/v1/contracts/{market.contract}/leads", f"/log/{market.contract}/openings?from=0&to=1"]
        reads = Reads(lambda: auditor.call("GET", paths[0]), 1)
        wait_for(self.server.met().exists, what="a read to stand")
        later = Reads(lambda: auditor.call("GET", paths[1]), 1)
        wait_for(lambda: self.server.waiting() == 1, what="a read to wait")
        market.operator.do("DELETE", f"{grants}/{auditor.id}")
        self.server.go_on()
        self.assertEqual(reads.end() + later.end(), [404, 404])
        nowhere = self.assertProblem(auditor.call("GET", paths[0].replace(market.contract, "C000000000000")), 404)
        for answer in reads.answers + later.answers:
            self.assertEqual(self.assertProblem(answer, 404), nowhere)

    def test_an_ended_link_ends_what_is_under_way(self):
        market = self.market
        token = market.publisher.post(f"/v1/parties/{market.publisher.id}/tokens", {})
        self.server.go_on()
        url = Caller(market.publisher.base, token["token"]).post(market.statement + "/shares", {})["url"]
        self.server.stall()
        reads = Reads(lambda: send(url), 1)
        wait_for(self.server.met().exists, what="a read to stand")
        market.operator.do("DELETE", f"/v1/parties/{market.publisher.id}/tokens/{token['id']}")
        self.server.go_on()
        self.assertEqual(reads.end(), [404])

    def test_what_is_not_a_read_goes_on(self):
        reads = self.under_way(self.market, 8)
        answer, ident = click(self.market.code["click_url"], **BROWSER)
        self.assertEqual((answer.status, bool(ident)), (302, True))
        self.assertEqual(self.market.publisher.postback(person(click_id=ident)).status, 200)
        self.assertEqual(self.other.publisher.call("GET", "/v1/contracts").status, 200)
        self.assertEqual(send(self.server.url + "/healthz").status, 200)
        self.server.go_on()
        self.assertEqual(reads.end(), [200] * 8)

    def test_a_reader_that_tells_of_its_answer_keeps_no_worker(self):
        """Woken there and then, the worker would wait for what the reader holds, and every click for the worker."""
        self.server.go_on()
        tells = self.server.mark.with_name("stall.tells")
        self.addCleanup(tells.unlink, missing_ok=True)
        tells.touch()
        reads = Reads(lambda: self.leads(self.market), 1)
        wait_for(self.server.met().exists, what="a reader to stand")
        reads.more(1)
        wait_for(lambda: self.server.waiting() == 1, what="a read to wait")
        self.assertEqual(click(self.market.code["click_url"], **BROWSER)[0].status, 302)
        tells.unlink()
        self.assertEqual(reads.end(), [200] * 2)

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

    def test_everybody_reads_a_statement_in_his_own_turn(self):
        """All from one address: a party's reads are in nobody's way, nor are those by a share link."""
        share = self.market.share_url
        mine = lambda: self.market.publisher.call("GET", self.market.statement)
        reads = self.under_way(self.market, 2)
        wait_for(lambda: self.server.waiting() == 1, what="one to stand in the thread")
        many = Reads(mine, OF_CALLER - 1)
        wait_for(lambda: self.server.waiting() >= OF_CALLER, what="reads to wait")
        self.assertEqual(mine().status, 429)
        calls = (lambda: self.market.advertiser.call("GET", self.market.statement), lambda: self.other.publisher.call("GET", self.other.statement),
                 lambda: send(share), lambda: send(self.server.url + "/log/checkpoint"))
        others = [Reads(call, 1) for call in calls]
        wait_for(lambda: self.server.waiting() >= OF_CALLER + len(others), what="the others to wait as well")
        links = Reads(lambda: send(share), OF_CALLER - 1)
        wait_for(lambda: self.server.waiting() >= 2 * OF_CALLER + len(others) - 1, what="reads by the link to wait")
        self.assertEqual(send(share).status, 429)
        checkpoint = Reads(lambda: send(self.server.url + "/log/checkpoint"), 1)
        self.server.go_on()
        self.assertEqual([reads.end() for reads in others], [[200]] * len(others))
        self.assertEqual((reads.end(), many.end(), links.end(), checkpoint.end()),
                         ([200] * 2, [200] * (OF_CALLER - 1), [200] * (OF_CALLER - 1), [200]))

    def test_who_may_not_read_a_statement_does_not_wait_to_be_told(self):
        reads = self.under_way(self.market, 2)
        url, share = self.server.url + self.market.statement, urllib.parse.urlsplit(self.market.share_url).query
        self.assertEqual(send(url).status, 401)
        self.assertEqual(send(url, headers={"Authorization": "Bearer " + "a" * 43}).status, 401)
        self.assertEqual(send(f"{url}?{share[:-1]}").status, 404)
        self.assertEqual(send(f"{url}x?{share}").status, 404)
        self.assertProblem(send(f"{url}?nothing=1"), 400, "nothing")
        self.server.go_on()
        self.assertEqual(reads.end(), [200] * 2)

    def request(self, path="/log/checkpoint", source="127.0.0.1", token=None):
        peer = socket.create_connection(("127.0.0.1", self.server.port), source_address=(source, 0))
        self.addCleanup(peer.close)
        head = f"Authorization: Bearer {token}\r\n" if token else ""
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n{head}\r\n".encode())
        return peer

    def test_a_read_whose_client_is_gone_is_not_done(self):
        told = len(self.server.log())
        reads = self.under_way(self.market, 2)
        wait_for(lambda: self.server.waiting() == 1, what="one to stand in the thread")
        leads = f"/v1/contracts/{self.market.contract}/leads"
        token = self.market.publisher.token
        at_once = [self.request(leads, token=token) for _ in range(20)]
        for peer in at_once:
            reset(peer)
        later = [self.request(leads, token=token) for _ in range(20)]
        wait_for(lambda: self.server.waiting() >= 21, what="reads to wait")
        for peer in later:
            reset(peer)
        wait_for(lambda: self.server.waiting() == 1, what="the reads to be dropped")
        self.server.go_on()
        self.assertEqual(reads.end(), [200] * 2)
        lines = [json.loads(line) for line in self.server.log()[told:].splitlines()]
        left = [line["status"] for line in lines if "connection ended" in line.get("reason", "")]
        self.assertEqual(left, [410] * 40)

    def test_who_has_nothing_waiting_gets_a_place(self):
        """Strangers of many addresses have taken all: one of them gives a place up."""
        reads = self.under_way(self.market, 2)
        wait_for(lambda: self.server.waiting() == 1, what="one to stand in the thread")
        strangers = [self.request(source=f"127.0.0.{10 + i % 20}") for i in range(IN_ALL - 1)]
        wait_for(lambda: self.server.waiting() >= IN_ALL, what="all places to be taken")
        mine = Reads(lambda: self.leads(self.other), 3)
        answered = select.poll()
        for peer in strangers:
            answered.register(peer, select.POLLIN)
        wait_for(lambda: len(answered.poll(0)) == 3, what="three to give up their places")
        for descriptor, _ in answered.poll(0):
            self.assertIn(b" 503 ", os.read(descriptor, 100))
        self.assertEqual(self.server.waiting(), IN_ALL)
        for peer in strangers:
            reset(peer)
        self.server.go_on()
        self.assertEqual((reads.end(), mine.end()), ([200] * 2, [200] * 3))


class Long(unittest.TestCase):
    def test_of_two_threads_one_is_free_of_long_reads(self):
        server = StallingServer(READERS=2)
        self.addCleanup(server.close)
        self.addCleanup(server.go_on)
        markets = [Market(server), Market(server)]
        markets[0].publisher.postback(person(click_id=markets[0].click()))
        for market in markets:
            market.settled_entries()
        rows = {"Content-Type": "text/csv", "Accept": "application/json"}
        asked = lambda market: market.publisher.call("POST", f"/v1/contracts/{market.contract}/reconcile", b"txid\nx\n", rows)
        server.stall()
        stands = Reads(lambda: asked(markets[0]), 1)
        wait_for(server.met().exists, what="rows to be held against the log")
        waits = Reads(lambda: asked(markets[1]), 1)
        wait_for(lambda: server.waiting() == 1, what="another's rows to wait")
        self.assertEqual(asked(markets[1]).status, 429, "one waits already")
        server.met().unlink()
        short = Reads(lambda: send(server.url + "/log/checkpoint"), 1)
        wait_for(server.met().exists, what="a short read to go by the other thread")
        self.assertEqual(server.waiting(), 1)
        server.go_on()
        self.assertEqual((stands.end(), waits.end(), short.end()), ([200], [200], [200]))


class Shares(unittest.TestCase):
    def test_of_two_threads_one_is_free_for_others(self):
        server = StallingServer(READERS=2)
        self.addCleanup(server.close)
        self.addCleanup(server.go_on)
        markets = [Market(server), Market(server)]
        asked = lambda market: market.publisher.call("GET", f"/v1/contracts/{market.contract}/leads")
        for market in markets:
            market.publisher.postback(person(click_id=market.click()))
        server.stall()
        many = Reads(lambda: asked(markets[0]), 1)
        wait_for(server.met().exists, what="a read to stand")
        many.more(5)
        wait_for(lambda: server.waiting() == 5, what="the same caller's others to wait")
        server.met().unlink()
        one = Reads(lambda: asked(markets[1]), 1)
        wait_for(server.met().exists, what="another's read to go by the other thread")
        self.assertEqual(server.waiting(), 5)
        server.go_on()
        self.assertEqual((many.end(), one.end()), ([200] * 6, [200]))


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
