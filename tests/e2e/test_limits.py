"""What one party may have, and use: so much, and then it is told so; others feel nothing of it."""

import contextlib
import http.client
import json
import select
import signal
import socket
import time
import unittest
import urllib.parse

from harness import BROWSER, Caller, Market, Party, Server, ServerCase, countersign, person, rfc3339, send, wait_for
from tls import TlsServer


class Quotas(ServerCase):
    settings = {"QUOTA_CODES": 3, "QUOTA_SECRETS": 3, "QUOTA_TOKENS": 3, "QUOTA_CAMPAIGNS": 2, "QUOTA_CONTRACTS": 2, "QUOTA_SHARE_LINKS": 2, "QUOTA_GRANTS": 2}

    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        cls.other = Market(cls.server)

    def assertQuota(self, answer, setting, *words):
        told = self.assertProblem(answer, 409, setting, "quota_exceeded", *words)
        self.assertEqual(told["type"], "urn:countersign:problem:quota_exceeded")

    def test_an_invitation_makes_no_token_past_the_limit(self):
        party = Party(self.operator, "Invited", "publisher")
        links = [self.operator.post(f"/v1/parties/{party.id}/invitations", {})["invite_url"] for _ in range(2)]
        self.assertStatus(send(links[0], "POST"), 201)
        own = party.post(f"/v1/parties/{party.id}/tokens", {})
        self.assertQuota(send(links[1], "POST"), "quota_tokens")
        page = self.assertStatus(send(links[1], "POST", headers={"Accept": "text/html"}), 409)
        self.assertIn("too many tokens", page.text)
        self.operator.delete(f"/v1/parties/{party.id}/tokens/{own['id']}")
        self.assertStatus(send(links[1], "POST"), 201)

    def test_an_invitation_makes_no_secret_past_the_limit(self):
        party = Party(self.operator, "Rotating", "publisher")
        kids = []
        for _ in range(2):
            link = self.operator.post(f"/v1/parties/{party.id}/invitations", {})["invite_url"]
            kids.append(self.assertStatus(send(link, "POST"), 201).json["kid"])
            for token in self.operator.get(f"/v1/parties/{party.id}/tokens")["data"][1:]:
                self.operator.delete(f"/v1/parties/{party.id}/tokens/{token['id']}")
        link = self.operator.post(f"/v1/parties/{party.id}/invitations", {})["invite_url"]
        self.assertQuota(send(link, "POST"), "quota_secrets", "has 3 ")
        self.assertIn("too many tokens or secrets", self.assertStatus(send(link, "POST", headers={"Accept": "text/html"}), 409).text)
        self.operator.delete(f"/v1/parties/{party.id}/secrets/{kids[0]}")
        self.assertStatus(send(link, "POST"), 201)

    def test_each_kind_has_its_limit_of_each_party(self):
        market, other, operator = self.market, self.other, self.operator
        campaign = {"name": "More", "currency": "EUR", "landing_url": "https://landing.example/"}
        price = {"price": {"lead": [{"micros": 1_000_000}]}}
        statement = operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        own = market.advertiser.do("GET", f"/v1/campaigns/{market.campaign}").json["direct_contract"]
        # (setting, how many there are, one more of it)
        kinds = [("quota_codes", 1, lambda: market.publisher.call("POST", f"/v1/contracts/{market.contract}/codes", {"label": "x"})),
                 ("quota_codes", 0, lambda: market.advertiser.call("POST", f"/v1/contracts/{own}/codes", {"label": "x"})),
                 ("quota_secrets", 1, lambda: market.publisher.call("POST", f"/v1/parties/{market.publisher.id}/secrets", {})),
                 ("quota_tokens", 1, lambda: operator.call("POST", f"/v1/parties/{market.publisher.id}/tokens", {})),
                 ("quota_campaigns", 1, lambda: market.advertiser.call("POST", "/v1/campaigns", {**campaign, "advertiser": market.advertiser.id})),
                 ("quota_share_links", 0, lambda: market.publisher.call("POST", f"/v1/statements/{statement}/shares", {}))]
        limits = {"quota_codes": 3, "quota_secrets": 3, "quota_tokens": 3, "quota_campaigns": 2, "quota_share_links": 2}
        for setting, there, make in kinds:
            for _ in range(limits[setting] - there):
                self.assertStatus(make(), 201)
            self.assertQuota(make(), setting, f"has {limits[setting]} ")
        self.assertStatus(market.advertiser.call("POST", f"/v1/statements/{statement}/shares", {}), 201)  # another's are not counted
        self.assertStatus(other.publisher.call("POST", f"/v1/contracts/{other.contract}/codes", {"label": "x"}), 201)
        # a contract counts for both of its sides
        sides = {"campaign": market.campaign, "publisher": Party(operator, "Second", "publisher").id, **price}
        self.assertStatus(operator.call("POST", "/v1/contracts", sides), 201)
        third = Party(operator, "Third", "publisher").id
        self.assertQuota(operator.call("POST", "/v1/contracts", {**sides, "publisher": third}), "quota_contracts", market.advertiser.id)
        self.assertStatus(operator.call("POST", "/v1/contracts", {**sides, "campaign": other.campaign, "publisher": market.publisher.id}), 201)
        for contract in (other.contract, own):
            answer = operator.call("POST", f"/v1/contracts/{contract}/grants", {"party": market.auditor.id})
            if contract == other.contract:
                self.assertStatus(answer, 201)
            else:
                self.assertQuota(answer, "quota_grants", market.auditor.id)
        fresh = Party(operator, "Fresh", "advertiser")
        offer = fresh.post("/v1/campaigns", {**campaign, "advertiser": fresh.id})["id"]
        self.assertQuota(operator.call("POST", "/v1/contracts", {**sides, "campaign": offer, "publisher": market.publisher.id}), "quota_contracts", market.publisher.id)

    def test_what_is_made_and_ended_without_end_meets_it_too(self):
        publisher = self.other.publisher
        tokens, secrets = f"/v1/parties/{publisher.id}/tokens", f"/v1/parties/{publisher.id}/secrets"
        for path, name, setting in ((tokens, "id", "quota_tokens"), (secrets, "kid", "quota_secrets")):
            for _ in range(2):
                publisher.do("DELETE", f"{path}/{publisher.post(path, {})[name]}")
            self.assertQuota(publisher.call("POST", path, {}), setting, "wait for a day")


class Grants(ServerCase):
    def test_who_was_granted_is_told_to_the_parties_and_each_auditor_its_own(self):
        market, operator, second = self.market, self.operator, Party(self.operator, "Second", "auditor")
        path = f"/v1/contracts/{market.contract}/grants"
        first = operator.get(path)["data"][0]
        self.assertEqual((first["party"], "revoked_at" in first), (market.auditor.id, False))
        self.assertEqual(self.assertStatus(operator.call("POST", path, {"party": market.auditor.id}), 200).json, first)
        operator.post(path, {"party": second.id})
        revoked = self.assertStatus(operator.call("DELETE", f"{path}/{second.id}"), 200).json
        self.assertEqual(revoked["revoked_by"], first["by"])
        self.assertEqual(self.assertStatus(operator.call("DELETE", f"{path}/{second.id}"), 200).json, revoked)  # again changes nothing
        self.assertProblem(second.call("GET", path), 404)
        self.assertEqual(second.get("/v1/contracts")["data"], [])
        for unknown in (market.publisher.id, "P000000000000"):
            self.assertProblem(operator.call("DELETE", f"{path}/{unknown}"), 404)
        again = operator.post(path, {"party": second.id})
        self.assertEqual([c["id"] for c in second.get("/v1/contracts")["data"]], [market.contract])
        all_of_them = {json.dumps(grant) for grant in (first, revoked, again)}
        for reader in (operator, market.advertiser, market.publisher):
            self.assertEqual({json.dumps(grant) for grant in reader.get(path)["data"]}, all_of_them)
        self.assertEqual(market.auditor.get(path)["data"], [first])
        self.assertEqual(second.get(path)["data"], [revoked, again])
        one_by_one, after = [], ""
        while after is not None:
            page = market.publisher.get(f"{path}?limit=1{after}")
            one_by_one += page["data"]
            after = f"&after={page['next']}" if "next" in page else None
        self.assertEqual({json.dumps(grant) for grant in one_by_one}, all_of_them)
        self.assertProblem(market.publisher.call("GET", path + "?after=x"), 400, "after")
        self.server.kill()
        self.server.start()
        self.assertEqual(second.get(path)["data"], [revoked, again])
        self.server.stop()
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.start()


class Links(ServerCase):
    """A share link ends with what its maker could do."""

    def test_one_call_ends_what_a_leaked_token_made(self):
        market, operator = self.market, self.operator
        shares = f"/v1/statements/{operator.post(f'/v1/contracts/{market.contract}/statements', {})['id']}/shares"
        tokens = f"/v1/parties/{market.publisher.id}/tokens"
        leaked, other = (market.publisher.post(tokens, {}) for _ in range(2))
        brief = market.publisher.post(tokens, {"expires_at": rfc3339(time.time() + 1)})
        links = {name: Caller(market.publisher.base, token["token"]).post(shares, {}) for name, token in
                 (("leaked", leaked), ("other", other), ("brief", brief))}
        links["auditor"] = market.auditor.post(shares, {})
        operator.post(shares, {})

        def opened():
            listed = {link["id"]: link for link in operator.get(shares)["data"]}
            now = {name for name, link in links.items() if send(link["url"]).status == 200}
            self.assertEqual({name for name, link in links.items() if listed[link["id"]]["open"]}, now)
            for link in links.values():
                answer = send(link["url"].replace("format=html", "format=csv"))
                if answer.status != 200:
                    self.assertProblem(answer, 404, "share")
            return now, listed

        wait_for(lambda: Caller(market.publisher.base, brief["token"]).call("GET", tokens).status == 401, what="a token to expire")
        self.assertEqual(opened()[0], {"leaked", "other", "brief", "auditor"})
        ended = operator.do("DELETE", f"{tokens}/{leaked['id']}").json
        now, listed = opened()
        self.assertEqual(now, {"other", "brief", "auditor"})
        self.assertEqual(listed[links["leaked"]["id"]]["ended_at"], ended["ended_at"])
        operator.do("DELETE", f"/v1/contracts/{market.contract}/grants/{market.auditor.id}")
        self.assertEqual(opened()[0], {"other", "brief"})
        operator.do("POST", f"/v1/parties/{market.publisher.id}/lock", {})
        self.assertEqual(opened()[0], set())
        statement = links["other"]["url"].split("?")[0]
        self.assertProblem(send(statement, headers={"Authorization": f"Bearer {market.publisher.token}"}), 403)
        self.assertProblem(send(statement, headers={"Authorization": f"Bearer {market.publisher.token}x"}), 401)
        self.assertProblem(send(statement), 401)
        operator.do("DELETE", f"/v1/parties/{market.publisher.id}/lock")
        self.assertEqual(opened()[0], {"other", "brief"})
        self.server.stop()
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.start()
        self.assertEqual(opened()[0], {"other", "brief"})


def ask(server, path, source="127.0.0.1", headers=(), form=None):
    """The answer to a call from an address of this machine. headers: pairs, sent in their order; form: what is sent of one."""
    peer = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(source, 0))
    body = urllib.parse.urlencode(form).encode() if form else b""
    peer.putrequest("POST" if form else "GET", path)
    for name, value in [*headers, *([("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", len(body))] if form else [])]:
        peer.putheader(name, value)
    peer.endheaders(body or None)
    answer = peer.getresponse()
    answer.read()
    peer.close()
    return answer


class Budgets(ServerCase):
    """30 s of so many a second at once; then 429, and when to come again."""

    settings = {"WORKERS": 1, "BUDGET_ADDRESS": 20, "BUDGET_PARTY": 3, "TRUSTED_PROXIES": "127.0.0.4"}

    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        cls.own = [("Authorization", f"Bearer {cls.market.publisher.token}")]
        cls.others = [("Authorization", f"Bearer {cls.market.auditor.token}")]

    def spend(self, path, source, headers=(), form=None):
        """Asks until it is told to wait, as there is a little more all the time; answers the last answer, and how many there were."""
        for n in range(2000):
            answer = ask(self.server, path, source, headers, form)
            if answer.status == 429:
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                return answer, n
        return self.fail("there was no limit")

    def test_an_address_has_its_own(self):
        self.assertGreaterEqual(self.spend("/v1/contracts", "127.0.0.2")[1], 600)
        for path in ("/nowhere", "/postback?kid=x"):
            self.spend(path, "127.0.0.2")
        self.assertEqual(ask(self.server, "/v1/contracts", "127.0.0.3", self.others).status, 200)
        code = urllib.parse.urlsplit(self.market.code["click_url"]).path
        self.assertEqual(ask(self.server, code, "127.0.0.2", BROWSER.items()).status, 302)  # visitors are nobody's
        # behind a proxy it is the client's, not the proxy's; several lines are one list
        named = [("X-Forwarded-For", "127.0.0.2"), ("Cookie", "a=b"), ("x-forwarded-FOR", "127.0.0.4")]
        for headers in (named[:1], named):
            self.spend("/v1/contracts", "127.0.0.4", headers)
        for headers in ([("X-Forwarded-For", "2001:db8::1")], named[:2] + [("X-Forwarded-For", "127.0.0.7")], []):
            self.assertEqual(ask(self.server, "/v1/contracts", "127.0.0.4", self.others + headers).status, 200)
        kept = self.operator.get("/v1/refused")["data"]
        self.assertEqual([row for row in kept if row["status"] == 429], [])  # it may come again

    def test_a_party_has_its_own_from_wherever_it_calls(self):
        answer, n = self.spend("/v1/contracts", "127.0.0.5", self.own)
        self.assertGreaterEqual(n, 80)
        self.assertEqual(answer.headers.get_content_type(), "application/problem+json")
        self.spend("/v1/contracts", "127.0.0.6", self.own)
        self.assertProblem(wait_for(lambda: [a for a in [self.market.publisher.postback(person())] if a.status != 200], what="an end of it")[0], 429, "Retry-After")
        self.assertEqual(ask(self.server, "/v1/contracts", "127.0.0.5", self.others).status, 200)

    def test_its_pages_are_of_it_too_and_so_is_signing_in(self):
        publisher = Market(self.server).publisher
        form = {"token": publisher.token, "to": "/"}
        cookie = ask(self.server, "/sign-in", "127.0.0.7", form=form).headers["Set-Cookie"].split(";")[0]
        self.assertIn(self.spend("/settings", "127.0.0.7", [("Cookie", cookie)])[1], range(80, 300))
        self.assertEqual(ask(self.server, "/sign-in", "127.0.0.8").status, 200)
        self.assertLess(self.spend("/sign-in", "127.0.0.8", form=form)[1], 300)
        self.assertEqual(ask(self.server, "/settings", "127.0.0.8").status, 303, "the address has some left")

    def test_rows_are_counted_and_paid_off(self):
        market = Market(self.server)
        rows = [{"txid": f"t{n}", "status": "approved"} for n in range(300)]
        self.assertStatus(market.advertiser.call("POST", "/v1/dispositions", rows), 200)
        answer = market.advertiser.call("POST", "/v1/dispositions", rows)
        self.assertProblem(answer, 429, "rows")
        self.assertGreater(int(answer.headers["Retry-After"]), 10)


class UnderWay(ServerCase):
    """Bytes of answers that are not taken: whose they are is told to wait, from anywhere, and nobody else."""

    settings = {"WORKERS": 1, "BUDGET_BYTES_KIB": 64, "REQUEST_TIMEOUT_S": 60}

    def leave(self, path, source, headers=""):
        """Connections that ask for more than the kernel has room for, and take nothing of it."""
        self.left_at = time.monotonic()
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode()
        for _ in range(8):
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.bind((source, 0))
            peer.connect(("127.0.0.1", self.server.port))
            peer.sendall(request * 200)
            self.left.append(peer)

    def setUp(self):
        self.left, self.left_at = [], -2
        self.addCleanup(lambda: [peer.close() for peer in self.left])

    def take_leave(self):
        for peer in self.left:
            peer.close()
        self.left.clear()

    def over(self, kind):
        return self.server.metric("over_budget", f'budget="{kind}"')

    def of_a_head(self, source):
        """The status that a head comes to whose body waits for a word; 100: it may come."""
        with socket.create_connection(("127.0.0.1", self.server.port), 30, source_address=(source, 0)) as peer:
            peer.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
            return peer.recv(12)[9:]

    def told(self, source, path="/robots.txt", headers=(), left="/openapi.json", left_from=None):
        """The 429, if it came: what is left is so again and again, as the kernel takes more of it after a while."""
        if time.monotonic() > self.left_at + 2:
            self.leave(left, left_from or source, "".join(f"{name}: {value}\r\n" for name, value in headers))
        answer = ask(self.server, path, source, headers)
        return answer if answer.status == 429 else None

    def test_an_address_is_told_to_take_its_answers(self):
        answer = wait_for(lambda: self.told("127.0.0.2"), what="an end of the budget")
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertGreaterEqual(self.over("address_bytes"), 1)
        wait_for(lambda: self.told("127.0.0.2") and self.of_a_head("127.0.0.2") == b"429", what="a body to be refused in front of it")
        self.assertEqual(ask(self.server, "/robots.txt", "127.0.0.3").status, 200)
        code = urllib.parse.urlsplit(self.market.code["click_url"]).path
        self.assertEqual(ask(self.server, code, "127.0.0.2", BROWSER.items()).status, 302)
        self.take_leave()
        wait_for(lambda: ask(self.server, "/robots.txt", "127.0.0.2").status == 200, what="the address to be free again")

    def test_a_party_is_told_so_from_wherever_it_calls(self):
        market = self.market
        path = f"/v1/contracts/{market.contract}/codes"
        for _ in range(100):
            market.publisher.post(path, {"label": "x" * 200})
        own = [("Authorization", f"Bearer {market.publisher.token}")]
        wait_for(lambda: self.told("127.0.0.6", path, own, path + "?limit=100", "127.0.0.5"), what="an end of the budget")
        self.assertGreaterEqual(self.over("party_bytes"), 1)
        self.assertEqual(ask(self.server, path, "127.0.0.6", [("Authorization", f"Bearer {market.auditor.token}")]).status, 200)
        self.take_leave()
        wait_for(lambda: ask(self.server, path, "127.0.0.6", own).status == 200, what="the party to be free again")


class Replays(ServerCase):
    """One postback that somebody saw on its way, sent over and over, costs its party nothing."""

    settings = {"WORKERS": 1, "BUDGET_PARTY": 2}

    def test_a_replay_is_not_counted_against_the_party(self):
        market = self.market
        target = market.publisher.signed_target(person(click_id=market.click()))
        first = self.assertStatus(send(market.publisher.base + target), 200)
        for _ in range(200):
            self.assertEqual(self.assertStatus(send(market.publisher.base + target), 200).body, first.body)
        self.assertStatus(market.publisher.postback(person(click_id=market.click())), 200)

    def test_a_replay_of_what_was_refused_is_not_either(self):
        publisher = Market(self.server).publisher
        target = publisher.signed_target({"event": "no event"})
        first = send(publisher.base + target)
        self.assertEqual(first.status, 400)
        for _ in range(200):
            self.assertEqual(send(publisher.base + target).status, 400)
        self.assertStatus(publisher.postback(person(txid="own")), 200)
        for n in range(200):  # others' bytes each time are the party's own doing
            if publisher.postback({"event": f"no event {n}"}).status == 429:
                return
        self.fail("nothing is counted against the party")


class Unfinished(ServerCase):
    """Bodies that never become whole, of one address, are in nobody's way but its own."""

    settings = {"WORKERS": 1, "MAX_HELD_MIB": 8, "REQUEST_TIMEOUT_S": 60}

    def peer(self, source, words):
        peer = socket.create_connection(("127.0.0.1", self.server.port), 30, source_address=(source, 0))
        self.addCleanup(peer.close)
        with contextlib.suppress(OSError):
            peer.sendall(words)
        return peer

    def answer(self, peer):
        reply = http.client.HTTPResponse(peer)
        reply.begin()
        return reply.status, reply.headers

    def head(self, path, length, token=None, more=""):
        own = f"Authorization: Bearer {token}\r\n" if token else ""
        return f"POST {path} HTTP/1.1\r\nHost: x\r\n{own}Content-Length: {length}\r\n{more}\r\n".encode()

    def test_the_token_of_a_body_is_looked_at_in_front_of_it(self):
        market = self.market
        path = f"/v1/contracts/{market.contract}/reconcile"
        for token, status in (("nobody", 401), (None, 401), (market.publisher.token, None)):
            for more in ("", "Expect: 100-continue\r\n"):
                peer = self.peer("127.0.0.2", self.head(path, 8 << 20, token, more))
                if status is not None:
                    got, headers = self.answer(peer)
                    self.assertEqual((got, headers["Connection"], headers["WWW-Authenticate"] is not None), (status, "close", True))
                elif more:
                    self.assertEqual(peer.recv(25), b"HTTP/1.1 100 Continue\r\n\r\n")
        peer = self.peer("127.0.0.2", f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        self.assertEqual(self.answer(peer)[0], 401)
        self.assertEqual(self.answer(self.peer("127.0.0.2", self.head("/nothing", 8000)))[0], 404)
        self.assertEqual(self.answer(self.peer("127.0.0.2", self.head("/v1/erasures", 8000, market.publisher.token)))[0], 403)

    def test_an_address_is_in_the_way_of_none(self):
        """A tenant's upload, a slow click and a slow postback outlast strangers that would fill all there is."""
        market, rows = self.market, b"txid,note\n" + (b"a," + b"n" * 1000 + b"\n") * 2000
        code = urllib.parse.urlsplit(market.code["click_url"]).path
        path = f"/v1/contracts/{market.contract}/reconcile"
        own = {"Authorization": f"Bearer {market.publisher.token}", "Content-Type": "text/csv"}
        wait_for(lambda: send(self.server.url + path, "POST", b"txid\nx\n", own).status == 200, what="the contract's log to have a head")
        upload = self.head(path, len(rows), market.publisher.token, "Content-Type: text/csv\r\n") + rows
        slow = f"GET {code} HTTP/1.1\r\nHost: x\r\nUser-Agent: {BROWSER['User-Agent']}\r\nX: {'a' * 3000}\r\n\r\n".encode()
        target = market.publisher.signed_target(person(click_id=market.click()))
        sent = f"GET {target} HTTP/1.1\r\nHost: {market.publisher.host}\r\n\r\n".encode()
        begun = [(self.peer(source, words[:-5]), words[-5:], status) for source, words, status in (("127.0.0.3", upload, 200), ("127.0.0.4", slow, 302), ("127.0.0.5", sent, 200))]
        strangers = [self.peer("127.0.0.2", self.head("/postback", 60000) + b"a" * 59000) for _ in range(80)]
        strangers += [self.peer("127.0.0.2", b"GET /c/x HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 60000) for _ in range(80)]
        told = wait_for(lambda: [peer for peer in strangers if select.select([peer], [], [], 0)[0]], what="strangers to be shed")
        status, headers = self.answer(told[0])
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        for peer, rest, expected in begun:
            peer.sendall(rest)
            self.assertEqual(self.answer(peer)[0], expected)

    def test_an_address_has_a_part_of_what_there_is(self):
        """Of a token's bodies too, of which each would be taken alone."""
        market, path = self.market, f"/v1/contracts/{self.market.contract}/reconcile"
        peers = [self.peer("127.0.0.2", self.head(path, 4 << 20, market.publisher.token) + b"a" * (1 << 20)) for _ in range(4)]
        refused = wait_for(lambda: [peer for peer in peers if select.select([peer], [], [], 0)[0]], what="one of them to be refused")
        self.assertEqual(self.answer(refused[0])[0], 503)


class Handshakes(unittest.TestCase):
    def test_an_address_has_so_many(self):
        server = TlsServer(WORKERS=1, BUDGET_HANDSHAKES=1)
        self.addCleanup(server.close)
        context = server.context()

        def shakes(source):
            with socket.create_connection(("127.0.0.1", server.port), 30, source_address=(source, 0)) as peer:
                try:
                    context.wrap_socket(peer, server_hostname="localhost").close()
                    return True
                except OSError:
                    return False

        made = 0
        while shakes("127.0.0.2") and made < 100:
            made += 1
        self.assertGreaterEqual(made, 10)
        self.assertLess(made, 100)
        self.assertTrue(shakes("127.0.0.3"))
        self.assertGreaterEqual(server.metric("over_budget", 'budget="handshakes"'), 1)


class Crowds(unittest.TestCase):
    """Whoever has most connections makes room first."""

    def hold(self, server, n, source, wrap=lambda peer: peer):
        held = []
        for _ in range(n):
            peer = socket.create_connection(("127.0.0.1", server.port), 30, source_address=(source, 0))
            held.append(wrap(peer))
            self.addCleanup(held[-1].close)
        return held

    def answers(self, peer):
        try:
            peer.sendall(b"HEAD /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n")
            return peer.recv(4000).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def test_too_many_connections(self):
        server = Server(WORKERS=1, MAX_CONNECTIONS=40, REQUEST_TIMEOUT_S=60)
        self.addCleanup(server.close)
        early = self.hold(server, 5, "127.0.0.2")
        many = self.hold(server, 100, "127.0.0.3")
        self.assertTrue(all(map(self.answers, early)))
        self.assertLess(sum(map(self.answers, many)), 40)

    def test_who_asks_in_a_moment_makes_no_room_for_a_crowd_that_sends(self):
        server = Server(WORKERS=1, MAX_CONNECTIONS=40, REQUEST_TIMEOUT_S=60)
        self.addCleanup(server.close)
        early = self.hold(server, 5, "127.0.0.2")
        many = self.hold(server, 35, "127.0.0.3")
        for peer in many:
            peer.sendall(b"GET /robots.txt HTTP/1.1\r\n")
        self.assertTrue(all(map(self.answers, early)), "that much was read")
        time.sleep(1.2)  # none of them has just come
        server.process.send_signal(signal.SIGSTOP)
        for peer in self.hold(server, 60, "127.0.0.3") + many:  # the new ones in front of what the others send
            peer.sendall(b"A: b\r\n")
        server.process.send_signal(signal.SIGCONT)
        self.assertEqual([self.answers(peer) for peer in early], 5 * [True])

    def test_who_has_just_come_makes_room_for_nobody(self):
        server = Server(WORKERS=1, MAX_CONNECTIONS=40, REQUEST_TIMEOUT_S=60)
        self.addCleanup(server.close)
        for _ in range(20):
            start = time.monotonic()
            early = [self.hold(server, 1, f"127.0.1.{i}")[0] for i in range(1, 31)]
            late = [self.hold(server, 1, f"127.0.2.{i}")[0] for i in range(1, 31)]
            answered = [self.answers(peer) for peer in early]
            quick = time.monotonic() - start < 0.5  # within the second that each has to itself
            for peer in early + late:
                peer.close()
            if quick:
                break
        self.assertTrue(quick, "this machine is too slow to see it")
        self.assertEqual(answered, 30 * [True])

    def test_too_much_of_tls(self):
        server = TlsServer(WORKERS=1, MAX_TLS_MIB=1, REQUEST_TIMEOUT_S=60)
        self.addCleanup(server.close)
        context = server.context()
        early = self.hold(server, 5, "127.0.0.2", lambda peer: context.wrap_socket(peer, server_hostname="localhost"))
        many = self.hold(server, 100, "127.0.0.3", lambda peer: context.wrap_socket(peer, server_hostname="localhost"))
        self.assertTrue(all(map(self.answers, early)))
        self.assertLess(sum(map(self.answers, many)), 100)

    def test_memory_of_tls_waits_for_nobody(self):
        server = TlsServer(WORKERS=1, MAX_TLS_MIB=1, REQUEST_TIMEOUT_S=60)
        self.addCleanup(server.close)
        context = server.context()
        each = [self.hold(server, 1, f"127.0.3.{i}", lambda peer: context.wrap_socket(peer, server_hostname="localhost"))[0] for i in range(1, 201)]
        self.assertLess(sum(map(self.answers, each)), 131)  # some 64 that are idle


if __name__ == "__main__":
    unittest.main()
