"""GET /v1/live: each committed event comes once to whoever may see it, in order, over restarts and kills; and to nobody else."""

import contextlib
import http.client
import os
import random
import shutil
import socket
import sys
import threading
import time
import unittest
import urllib.parse

from events import Events
from harness import BROWSER, Market, Server, ServerCase, person, rfc3339, send, wait_for
from tls import TlsServer

DURABLE = ("lead", "disposition", "statement")


def seed_of(test):
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"{test}: SEED={seed}", file=sys.stderr)
    return random.Random(seed)


class Live(ServerCase):
    settings = {"WORKERS": 2}

    def events(self, caller, path="/v1/live", last=None):
        stream = Events(self.server.url, caller.token, path, last)
        self.addCleanup(stream.close)
        self.assertEqual(stream.status, 200, stream.body)
        return stream

    def assertRefused(self, status, token, path="/v1/live", last=None):
        stream = Events(self.server.url, token, path, last)
        self.addCleanup(stream.close)
        self.assertEqual(stream.status, status)

    def lead(self, market=None, **fields):
        market = market or self.market
        return market.publisher.postback(person(click_id=market.click(), **fields)).json

    def test_each_event_comes_once_in_order_with_what_the_lists_show(self):
        market = self.market
        streams = [self.events(party) for party in (market.advertiser, market.publisher, market.auditor, market.operator)]
        leads = [self.lead()["lead"] for _ in range(8)]
        for lead in leads[:3]:
            market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": "rejected", "reason": "no answer"})
        statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        for stream in streams:
            stream.wait_for(1, "statement")
            got = [(event, what) for event, _, what in stream.got if event in DURABLE]
            self.assertEqual([what["lead"] for event, what in got if event == "lead"], leads)
            self.assertEqual([(what["lead"], what["status"], what["note"]) for event, what in got if event == "disposition"],
                             [(lead, "rejected", "no answer") for lead in leads[:3]])
            self.assertEqual([event for event, _ in got], ["lead"] * 8 + ["disposition"] * 3 + ["statement"])
            self.assertEqual(len({ident for _, ident, _ in stream.got}), len(stream.got))
        listed = {lead["lead"]: lead for lead in market.advertiser.get(f"/v1/contracts/{market.contract}/leads", limit=200)["data"]}
        for lead in streams[0].of("lead")[3:]:
            self.assertEqual(lead, listed[lead["lead"]])
        self.assertEqual(streams[0].of("statement"), [one for one in market.advertiser.get("/v1/statements")["data"] if one["id"] == statement])
        self.assertTrue(all("contact" in lead for stream in streams[:2] for lead in stream.of("lead")))
        self.assertFalse(any("contact" in lead for stream in streams[2:] for lead in stream.of("lead")))

    def test_counters_are_those_of_today(self):
        market = Market(self.server)
        stream = self.events(market.publisher)
        lead = self.lead(market)["lead"]
        self.lead(market)
        market.click()
        market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": "approved"})

        def told():
            return [c for c in stream.of("counters") if c["clicks"].get("ok") == 3 and c["leads"] == {"approved": 1, "pending": 1, "total": 2}]
        stream.wait(told, what="counters")
        self.assertEqual({c["contract"] for c in stream.of("counters")}, {market.contract})
        again = self.events(market.auditor)  # who comes anew is told how it stands
        again.wait(lambda: again.of("counters"), what="counters at once")
        self.assertEqual({**again.of("counters")[0], "as_of": 0}, {**told()[0], "as_of": 0})

    def test_a_client_goes_on_where_it_was(self):
        market = self.market
        stream = self.events(market.advertiser)
        first = self.lead()["lead"]
        stream.wait_for(1, "lead")
        last = stream.last
        stream.close()
        missed = [self.lead()["lead"] for _ in range(3)]
        stream = self.events(market.advertiser, last=last)
        self.assertEqual([lead["lead"] for lead in stream.wait_for(3, "lead")], missed)
        later = self.lead()["lead"]
        self.assertEqual([lead["lead"] for lead in stream.wait_for(4, "lead")], missed + [later])
        self.assertNotIn(first, missed)

    def test_what_is_asked_for_wrongly_is_told(self):
        token = self.market.advertiser.token
        self.assertProblem(send(self.server.url + "/v1/live"), 401)
        for last in ("7", "E" + "A" * 46, self.lead()["lead"]):
            self.assertProblem(send(self.server.url + "/v1/live", headers={"Authorization": "Bearer " + token, "Last-Event-ID": last}), 400, "Last-Event-ID")
        self.assertProblem(self.market.advertiser.call("GET", "/v1/live?contract=C000000000000"), 404)
        self.assertProblem(self.market.advertiser.call("GET", "/v1/live?from=1"), 400, "from")
        head = self.assertStatus(self.market.advertiser.call("HEAD", "/v1/live"), 200)
        self.assertEqual((head.headers.get_content_type(), head.body), ("text/event-stream", b""))

    def test_one_contract_alone(self):
        market, other = self.market, self.market.new_publisher()
        contract = market.new_contract(other)
        stream = self.events(market.advertiser, f"/v1/live?contract={contract}")
        self.lead()
        code = market.new_code(other, contract)
        answer = send(code["click_url"], headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"})
        click_id = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["click_id"][0]
        lead = other.postback(person(click_id=click_id)).json["lead"]
        self.assertEqual([one["lead"] for one in stream.wait_for(1, "lead")], [lead])
        self.assertEqual({what["contract"] for _, _, what in stream.got}, {contract})

    def test_refusals_come_to_whose_they_are(self):
        market, other = Market(self.server), Market(self.server)
        streams = {name: self.events(caller) for name, caller in
                   (("own", market.publisher), ("operator", market.operator), ("other", other.publisher), ("auditor", market.auditor))}
        bad = [market.publisher.postback({"txid": f"t{n}", "status": "nonsense"}) for n in range(3)]
        self.assertTrue(all(400 <= answer.status < 500 for answer in bad), bad)
        ids = {answer.headers["Request-Id"] for answer in bad}
        self.assertEqual({row["request_id"] for row in streams["own"].wait_for(3, "refused")}, ids)
        streams["operator"].wait_for(3, "refused")
        listed = [row for row in market.publisher.get("/v1/refused")["data"] if row["request_id"] in ids]
        self.assertEqual(streams["own"].of("refused"), listed[::-1])
        last = streams["own"].got[-1][1] if streams["own"].got[-1][0] == "refused" else streams["own"].last
        first = next(ident for event, ident, _ in streams["own"].got if event == "refused")
        again = self.events(market.publisher, last=first)
        self.assertEqual(again.wait_for(2, "refused"), listed[::-1][1:])
        nothing = self.events(market.publisher, last=last)
        lead = self.lead(market)["lead"]
        for stream in (nothing, streams["other"], streams["auditor"]):
            (stream if stream is not streams["other"] else nothing).wait_for(1, "lead")
            self.assertEqual(stream.of("refused"), [])
        self.assertEqual(nothing.of("lead")[0]["lead"], lead)

    def test_an_ended_token_ends_its_streams(self):
        market = Market(self.server)
        made = market.publisher.post(f"/v1/parties/{market.publisher.id}/tokens", {})
        stream, kept = Events(self.server.url, made["token"]), self.events(market.publisher)
        self.addCleanup(stream.close)
        market.publisher.do("DELETE", f"/v1/parties/{market.publisher.id}/tokens/{made['id']}")
        self.assertTrue(stream.wait_end(), "it was cut off")
        self.assertIn("token", stream.comments[-1])
        self.assertRefused(401, made["token"], last=stream.last)
        self.lead(market)
        kept.wait_for(1, "lead")
        self.assertEqual(stream.of("lead"), [])

    def test_a_locked_party_hears_no_more(self):
        market = Market(self.server)
        stream = self.events(market.publisher)
        market.operator.post(f"/v1/parties/{market.publisher.id}/lock", {})
        self.assertTrue(stream.wait_end())
        self.assertRefused(403, market.publisher.token, last=stream.last)

    def test_a_revoked_grant_ends_what_it_opened(self):
        market = Market(self.server)
        one, all_ = self.events(market.auditor, f"/v1/live?contract={market.contract}"), self.events(market.auditor)
        market.operator.do("DELETE", f"/v1/contracts/{market.contract}/grants/{market.auditor.id}")
        self.assertTrue(one.wait_end())
        self.assertRefused(404, market.auditor.token, f"/v1/live?contract={market.contract}")
        own = self.events(market.advertiser)
        self.lead(market)
        own.wait_for(1, "lead")
        own.wait(lambda: own.of("counters"), what="counters")
        self.assertEqual((all_.of("lead"), all_.ended), ([], False))

    def test_nobody_hears_of_others(self):
        """Three tenants at random: what each party is told is what its lists show, and nothing is told twice."""
        chance = seed_of(self.id())
        markets = [Market(self.server) for _ in range(3)]
        callers = {party.id: party for market in markets for party in (market.advertiser, market.publisher, market.auditor)}
        streams = {ident: self.events(party) for ident, party in callers.items()}
        open_leads = {id(market): [] for market in markets}
        for _ in range(60):
            market = chance.choice(markets)
            step = chance.random()
            if step < 0.5 or not open_leads[id(market)]:
                open_leads[id(market)].append(self.lead(market)["lead"])
            elif step < 0.8:
                lead = open_leads[id(market)].pop(chance.randrange(len(open_leads[id(market)])))
                market.advertiser.post(f"/v1/leads/{lead}/dispositions", {"status": chance.choice(("approved", "rejected"))})
            elif step < 0.9:
                market.click()
            else:
                market.publisher.postback({"txid": "t", "status": "nonsense"})
        for market in markets:
            self.lead(market)
        for market in markets:
            decided = sum(entry["kind"] == "disposition" for entry in market.settled_entries())
            for party in (market.advertiser, market.publisher, market.auditor):
                stream = streams[party.id]
                leads = [lead["lead"] for lead in party.get(f"/v1/contracts/{market.contract}/leads", limit=200)["data"]]
                stream.wait_for(len(leads), "lead")
                stream.wait_for(decided, "disposition")
                self.assertEqual([lead["lead"] for lead in stream.of("lead")], leads)
                self.assertEqual(len(stream.of("disposition")), decided)
                self.assertEqual({what["contract"] for event, _, what in stream.got if event != "refused"}, {market.contract})
                self.assertEqual(any("contact" in lead for lead in stream.of("lead")), party is not market.auditor)


class Bounds(unittest.TestCase):
    def server(self, **settings):
        server = Server(**settings)
        self.addCleanup(server.close)
        return server, Market(server)

    def open(self, server, caller, last=None):
        stream = Events(server.url, caller.token, last=last)
        self.addCleanup(stream.close)
        return stream

    def test_a_party_has_so_many_streams(self):
        server, market = self.server(LIVE_PARTY=2, WORKERS=1)
        streams = [self.open(server, market.publisher) for _ in range(2)]
        self.assertEqual([stream.status for stream in streams], [200, 200])
        refused = self.open(server, market.publisher)
        self.assertEqual((refused.status, refused.body["status"], refused.answer.headers["Retry-After"]), (429, 429, "15"))
        self.assertEqual(self.open(server, market.advertiser).status, 200)
        streams[0].close()  # who hangs up makes room
        wait_for(lambda: self.open(server, market.publisher).status == 200, what="room")

    def test_streams_take_half_of_the_connections_at_most(self):
        server, market = self.server(MAX_CONNECTIONS=8, WORKERS=1)
        self.assertEqual([self.open(server, market.publisher).status for _ in range(5)], [200] * 4 + [503])
        self.assertTrue(market.click())

    def test_a_server_that_goes_down_ends_streams_whole(self):
        for settings in ({"WORKERS": 2}, {"WORKERS": 1, "REQUEST_TIMEOUT_S": 1}):
            server, market = self.server(**settings)
            streams = [self.open(server, market.publisher) for _ in range(6)]
            time.sleep(5 if "REQUEST_TIMEOUT_S" in settings else 0)  # longer than any answer may take
            self.assertFalse(any(stream.ended for stream in streams))
            server.stop()
            for stream in streams:
                self.assertTrue(stream.wait_end(), "it was cut off")
                self.assertIn("going down", stream.comments[-1])

    def test_who_hears_nothing_hears_that(self):
        server, market = self.server(REQUEST_TIMEOUT_S=1)
        stream = self.open(server, market.publisher)
        first = wait_for(lambda: stream.last, what="an id")
        stream.wait(lambda: stream.comments and stream.last != first, 40, "a comment with an id")
        self.assertEqual(stream.of(*DURABLE), [])

    def test_who_does_not_read_is_ended_and_goes_on_later(self):
        server, market = self.server(WORKERS=1, REQUEST_TIMEOUT_S=1)
        good = self.open(server, market.publisher)
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(f"GET /v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {market.publisher.token}\r\n\r\n".encode())
        head = b""
        while b"\n\n" not in head:
            head += slow.recv(1)
        last = head.split(b"id: ")[1].split(b"\n")[0].decode()
        self.addCleanup(slow.close)
        leads, before, click_id = [], server.metric("requests", 'route="/v1/live"'), market.click()
        long = {f"f_long{n}": "x" * 500 for n in range(30)}  # what the kernel keeps for both ends is full soon

        def closed():
            rows = market.publisher.post("/v1/leads", [person(click_id=click_id, **long) for _ in range(8)])["data"]
            leads.extend(row["lead"] for row in sorted(rows, key=lambda row: row["index"]))
            with open("/proc/net/tcp", encoding="ascii") as table:
                ours = f"{slow.getsockname()[1]:04X}"
                return not any(line.split()[2].endswith(":" + ours) and line.split()[3] == "01" for line in table.read().splitlines()[1:])
        wait_for(closed, 60, "the server to end who does not read")
        self.assertEqual([lead["lead"] for lead in good.wait_for(len(leads), "lead")], leads)
        again = self.open(server, market.publisher, last=last)
        self.assertEqual([lead["lead"] for lead in again.wait_for(len(leads), "lead")], leads)
        self.assertEqual(server.metric("requests", 'route="/v1/live"'), before + 1)  # of itself alone

    def test_counters_are_the_same_after_a_restart(self):
        """What came before is counted from the journal, once."""
        server, market = self.server(WORKERS=1)
        for n in range(5):
            market.click()
            if n % 2:
                market.publisher.postback(person(click_id=market.click()))
        want = {"clicks": {"ok": 7, "total": 7}, "leads": {"pending": 2, "total": 2}}
        for end in (lambda: None, server.stop, server.kill):
            end()
            if server.process.poll() is not None:
                server.start()
            streams = [self.open(server, caller) for caller in (market.advertiser, market.auditor)]
            for stream in streams:
                stream.wait(lambda one=stream: one.of("counters"), what="counters")
                told = stream.of("counters")[0]
                self.assertEqual({name: told[name] for name in want}, want)
        market.click()
        streams[0].wait(lambda: streams[0].of("counters")[-1]["clicks"] == {"ok": 8, "total": 8}, what="one more")

    def test_an_id_ahead_of_a_store_that_was_put_back_is_refused(self):
        server, market = self.server(WORKERS=1)
        market.publisher.postback(person(click_id=market.click()))
        server.stop()
        kept = f"{server.data}.kept"
        shutil.copytree(server.data, kept)
        self.addCleanup(shutil.rmtree, kept)
        server.start()
        stream = self.open(server, market.advertiser)
        market.publisher.postback(person(click_id=market.click()))
        stream.wait_for(1, "lead")
        server.stop()
        shutil.rmtree(server.data)
        shutil.copytree(kept, server.data)
        server.start()
        refused = self.open(server, market.advertiser, stream.last)
        self.assertEqual((refused.status, refused.body["field"]), (400, "Last-Event-ID"))
        self.assertIn("ahead of this server", refused.body["detail"])

    def test_very_many_contracts_are_told_in_several_pieces(self):
        server, market = self.server(WORKERS=1)
        contracts = [market.contract] + [market.new_contract(market.new_publisher()) for _ in range(230)]
        codes = [market.new_code(market.operator, contract) for contract in contracts]
        for code in codes:
            send(code["click_url"], headers=BROWSER)
        stream = self.open(server, market.advertiser)
        stream.wait(lambda: len({c["contract"] for c in stream.of("counters")}) == len(contracts), what="all of them")
        self.assertEqual([c["clicks"] for c in stream.of("counters")[:len(contracts)]], [{"ok": 1, "total": 1}] * len(contracts))
        self.assertEqual(server.metric("streams"), 1)

    def test_very_many_streams_come_and_go_and_each_is_told_all_once(self):
        server, market = self.server(WORKERS=1, LIVE_PARTY=1000, MAX_CONNECTIONS=2000)
        rng, leads, streams, from_on = seed_of("very many streams"), [], [], {}

        def come():  # some with a token that no round before can have known
            token = market.operator.post(f"/v1/parties/{market.publisher.id}/tokens", {"label": "reads"})["token"] if rng.random() < .2 else market.publisher.token
            stream = Events(server.url, token)
            self.addCleanup(stream.close)
            wait_for(lambda: stream.last, what="its first id")
            from_on[stream] = len(leads)
            streams.append(stream)
        for _ in range(60):
            come()
        for _ in range(40):
            for _ in range(rng.randrange(4)):
                come()
            for _ in range(rng.randrange(3)):
                streams.pop(rng.randrange(len(streams))).close()
            time.sleep(rng.random() * .05)  # over some rounds
            leads.append(market.publisher.postback(person(click_id=market.click())).json["lead"])
        for stream in streams:
            stream.wait(lambda of=stream: len(of.of("lead")) >= len(leads) - from_on[of], what="all leads")
            self.assertEqual([lead["lead"] for lead in stream.of("lead")], leads[from_on[stream]:])
            self.assertFalse(stream.ended)

    def test_a_token_that_expires_ends_its_streams(self):
        server, market = self.server()
        until = rfc3339(time.time() + 3)
        made = market.publisher.post(f"/v1/parties/{market.publisher.id}/tokens", {"expires_at": until})
        stream = Events(server.url, made["token"])
        self.addCleanup(stream.close)
        self.assertEqual(stream.status, 200, stream.body)
        self.assertTrue(stream.wait_end())
        self.assertIn("token", stream.comments[-1])

    def test_tls(self):
        server = TlsServer(WORKERS=2)
        self.addCleanup(server.close)
        market = Market(server)
        streams = [self.open(server, market.publisher) for _ in range(3)]
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        for stream in streams:
            self.assertEqual([one["lead"] for one in stream.wait_for(1, "lead")], [lead])
        streams[0].close()
        server.stop()
        self.assertTrue(all(stream.wait_end() for stream in streams[1:]))


class Follower(threading.Thread):
    """Comes again with the id it had last, until it has heard all that is listed."""

    def __init__(self, server, party):
        super().__init__(daemon=True)
        self.server, self.party = server, party
        self.heard, self.refused, self.listed = [], [], None
        self.stream = Events(server.url, party.token)
        self.stream.wait(lambda: self.stream.last, what="an id")  # what comes from here on is for it
        self.last = self.stream.last

    def run(self):
        while not self.has_all():
            if self.stream is None or self.stream.ended:
                self.leave()
                self.come()
            time.sleep(0.02)
        self.leave()

    def has_all(self):
        return self.listed is not None and set(self.listed) <= set(self.heard + self.hears())

    def hears(self):
        return [what["lead"] for what in self.stream.of(*DURABLE)] if self.stream is not None else []

    def leave(self):
        if self.stream is not None:
            self.stream.close()
            self.heard += self.hears()
            self.last, self.stream = self.stream.last, None

    def come(self):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):  # it was killed in mid answer
            stream = Events(self.server.url, self.party.token, last=self.last)
            if stream.status == 200:
                self.stream = stream
            else:
                self.refused.append(stream.body)
                stream.close()


class Kills(unittest.TestCase):
    """Clients that come again with the id they had last, while the server is killed and stopped under them."""

    def listed(self, market):
        listed, after = [], {}
        while True:
            page = market.publisher.get(f"/v1/contracts/{market.contract}/leads", limit=200, **after)
            listed += [lead["lead"] for lead in page["data"]]
            if "next" not in page:
                return listed
            after = {"after": page["next"]}

    def test_nothing_is_lost_or_doubled(self):
        chance = seed_of(self.id())
        server = Server(WORKERS=2)
        self.addCleanup(server.close)
        market = Market(server)
        done, acknowledged = threading.Event(), []

        def send_leads():
            while not done.is_set():
                try:
                    answer = market.publisher.postback(person(click_id=market.click()))
                except (OSError, http.client.HTTPException, ValueError, AssertionError):
                    time.sleep(0.05)
                    continue
                if answer.status == 200:
                    acknowledged.append(answer.json["lead"])

        followers = [Follower(server, party) for party in (market.advertiser, market.publisher)]
        sender = threading.Thread(target=send_leads)
        for thread in (*followers, sender):
            thread.start()
        for _ in range(4):
            so_far = len(acknowledged)
            wait_for(lambda: len(acknowledged) > so_far + 3, 30, "leads")
            time.sleep(chance.random() / 2)
            (server.kill if chance.random() < 0.7 else server.stop)()
            server.start()
        so_far = len(acknowledged)
        wait_for(lambda: len(acknowledged) > so_far + 3, 30, "leads")
        done.set()
        sender.join(60)
        self.assertFalse(sender.is_alive())
        listed = self.listed(market)
        self.assertLessEqual(set(acknowledged), set(listed))
        for follower in followers:
            follower.listed = listed
        for follower in followers:
            follower.join(60)
            self.assertEqual(follower.heard + follower.hears(), listed, follower.refused[-3:])


if __name__ == "__main__":
    unittest.main()
