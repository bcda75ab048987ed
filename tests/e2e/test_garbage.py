"""Bytes that no client should send: a clear 4xx or a closed connection, nothing recorded, and the server lives on."""

import json
import os
import random
import re
import socket
import time
import unittest

from harness import BROWSER, ServerCase, person, send

SEED = int(os.environ.get("SEED") or time.time())


class Garbage(ServerCase):
    settings = {"REQUEST_TIMEOUT_S": 2}

    def setUp(self):
        self.click_id = getattr(type(self), "click_id", None) or self.market.click()
        type(self).click_id = self.click_id
        self.before = self.recorded()

    def tearDown(self):
        self.assertStatus(send(self.server.url + "/readyz"), 200)
        self.assertNothingRecorded(self.before)

    def exchange(self, data, timeout=10, half_close=True):
        """Sends bytes, answers all that came back until the server closed."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout) as connection:
            got = b""
            try:
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65536):
                    got += chunk
            except (ConnectionResetError, BrokenPipeError):
                pass
            return got

    def statuses(self, answer):
        """Status of each response in a byte stream."""
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]

    def assertRefused(self, data):
        statuses = self.statuses(self.exchange(data))
        self.assertLessEqual(len(statuses), 1, "one request, one answer")
        for status in statuses:
            self.assertIn(status // 100, (4, 5), data[:80])
            self.assertNotEqual(status, 500)

    def test_heads_that_are_not_http(self):
        host = b"Host: 127.0.0.1\r\n"
        code = self.market.code["code"].encode()
        click, form = b"GET /c/" + code + b" HTTP/1.1\r\n", b"POST /postback HTTP/1.1\r\n"
        heads = {
            "bare line feeds": b"GET /c/" + code + b" HTTP/1.1\nHost: 127.0.0.1\n\n",
            "no host": click + b"\r\n", "two hosts": click + host + host + b"\r\n", "folded header": click + host + b"X: a\r\n b\r\n\r\n",
            "NUL in a value": click + host + b"X: a\0b\r\n\r\n", "space in a name": click + host + b"X y: a\r\n\r\n",
            "space before the colon": form + host + b"Content-Length : 3\r\n\r\nabc", "two lengths": form + host + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "signed length": form + host + b"Content-Length: +3\r\n\r\nabc", "hex length": form + host + b"Content-Length: 0x3\r\n\r\nabc",
            "huge length": form + host + b"Content-Length: 99999999999999999999\r\n\r\n", "negative length": form + host + b"Content-Length: -1\r\n\r\n",
            "chunked and cut": form + host + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "chunked GET": click + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "chunks with an extension": form + host + b"Transfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\n\r\n",
            "chunks with a trailer": form + host + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
            "chunks with bare line feeds": form + host + b"Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
            "chunks past the limit": form + host + b"Transfer-Encoding: chunked\r\n\r\n10001\r\n" + b"a" * 0x10001,
            "gzip": form + host + b"Transfer-Encoding: gzip\r\n\r\n", "chunked, gzip": form + host + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
            "length and chunked": form + host + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "chunked with a space": form + host + b"Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "absolute form": b"GET http://evil.example/postback?a=b HTTP/1.1\r\n" + host + b"\r\n",
            "two slashes": b"GET //evil.example/c/" + code + b" HTTP/1.1\r\n" + host + b"\r\n",
            "no slash": b"GET c/" + code + b" HTTP/1.1\r\n" + host + b"\r\n", "asterisk": b"GET * HTTP/1.1\r\n" + host + b"\r\n",
            "fragment": b"GET /postback?a=b#x HTTP/1.1\r\n" + host + b"\r\n", "raw high byte": b"GET /postback?a=\xff HTTP/1.1\r\n" + host + b"\r\n",
            "control byte": b"GET /c/\x01 HTTP/1.1\r\n" + host + b"\r\n", "HTTP/2": click.replace(b"HTTP/1.1", b"HTTP/2.0") + host + b"\r\n",
            "HTTP/0.9": b"GET /c/" + code + b"\r\n\r\n", "wrapping version": click.replace(b"1.1", b"4294967297.1") + host + b"\r\n",
            "two spaces": b"GET  /c/" + code + b" HTTP/1.1\r\n" + host + b"\r\n", "lower-case method": b"get /c/" + code + b" HTTP/1.1\r\n" + host + b"\r\n",
            "unknown method": b"BREW /c/" + code + b" HTTP/1.1\r\n" + host + b"\r\n", "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64,
            "body on GET": click + host + b"Content-Length: 3\r\n\r\nabc", "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "only line ends": b"\r\n" * 100, "nothing": b"",
        }
        for what, data in heads.items():
            with self.subTest(what):
                self.assertRefused(data)

    def test_smuggling_runs_no_second_request(self):
        inner = b"GET /c/" + self.market.code["code"].encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n"
        for outer in (b"HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(inner),
                      b"POST /postback HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                      b"POST /postback HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n" % (5 + len(inner)),
                      b"POST /postback HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                      b"POST /postback HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
                      b"POST /postback HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n",
                      b"POST /postback HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n",
                      b"POST /postback HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(inner)):
            with self.subTest(outer[:60]):
                self.assertLessEqual(len(self.statuses(self.exchange(outer + inner))), 1)

    def test_over_long(self):
        host, code = b"Host: x\r\n", self.market.code["code"].encode()
        cases = {"target": (b"GET /postback?" + b"a" * 9000 + b" HTTP/1.1\r\n" + host + b"\r\n", 414),
                 "header": (b"GET /t.js HTTP/1.1\r\n" + host + b"X: " + b"a" * 20_000 + b"\r\n\r\n", 431),
                 "a click's header": (b"GET /c/" + code + b" HTTP/1.1\r\n" + host + b"X: " + b"a" * 66_000 + b"\r\n\r\n", 431),
                 "headers": (b"GET /t.js HTTP/1.1\r\n" + host + b"".join(b"X%d: y\r\n" % n for n in range(4000)) + b"\r\n", 431),
                 "body": (b"POST /postback HTTP/1.1\r\n" + host + b"Content-Length: 70000\r\n\r\n" + b"a" * 70_000, 413),
                 "endless head": (b"GET /" + b"a" * 3_000_000, 414)}
        for what, (data, status) in cases.items():
            with self.subTest(what):
                statuses = self.statuses(self.exchange(data))
                self.assertIn(statuses, ([status], []) if len(data) > 60_000 else ([status],))

    def test_each_refusal_says_which_rule_was_broken(self):
        host = b"Host: x\r\n"
        cases = [(b"POST /postback HTTP/1.1\r\n" + host + b"Content-Length: 70000\r\n\r\n", 413, "a body has at most 65536 bytes"),
                 (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + host + b"\r\n", 414, "a request target has at most 8192 bytes"),
                 (b"POST /postback HTTP/1.1\r\n" + host + b"Expect: miracles\r\nContent-Length: 3\r\n\r\n", 417, "100-continue"),
                 (b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 20_000 + b"\r\n\r\n", 431, "request line and headers"),
                 (b"BREW / HTTP/1.1\r\n" + host + b"\r\n", 501, "PATCH"), (b"GET / HTTP/2.0\r\n" + host + b"\r\n", 505, "HTTP/1.1"),
                 (b"GET / HTTP/1.1\r\n\r\n", 400, "well-formed")]
        for data, status, words in cases:
            with self.subTest(status):
                head, _, body = self.exchange(data, half_close=False).partition(b"\r\n\r\n")
                self.assertEqual(self.statuses(head), [status])
                self.assertIn(b"application/problem+json", head)
                problem = json.loads(body)
                self.assertEqual(problem["status"], status)
                self.assertIn(words, problem["detail"])

    def test_slow_clients_are_cut_off(self):
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
            started = time.monotonic()
            try:
                for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100:
                    connection.sendall(bytes([byte]))
                    connection.settimeout(0.2)
                    try:
                        if not connection.recv(4096):
                            break
                    except TimeoutError:
                        continue
            except (ConnectionResetError, BrokenPipeError):
                pass
            self.assertLess(time.monotonic() - started, 8, "one deadline for the request, not one per byte")

    def test_cut_off_bodies(self):
        for data in (b"POST /postback HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", b"GET /c/", b"GET /c/abc HTTP/1.1\r\nHost: x\r\n"):
            with self.subTest(data[:30]):
                self.assertRefused(data)

    def test_pipelined_answers_keep_their_order(self):
        paths = [b"/healthz", b"/c/nonsense", b"/readyz", b"/t.js", b"/p/nonsense.gif", b"/v1/campaigns", b"/healthz"]
        data = b"".join(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths)
        data = data[:-2] + b"Connection: close\r\n\r\n"
        self.assertEqual(self.statuses(self.exchange(data, half_close=False)), [200, 404, 200, 200, 200, 401, 200])

    def test_any_cut_of_the_stream_gives_the_same_answers(self):
        """Tracking and all else on one connection, the bytes in two pieces, cut at every place."""
        host = b" HTTP/1.1\r\nHost: x\r\n"
        data = (b"GET /c/nonsense?sub1=a" + host + b"\r\n" + b"POST /postback/K" + host + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
                + b"GET /p/nonsense.gif" + host + b"\r\n" + b"HEAD /healthz" + host + b"\r\n" + b"GET /healthz" + host + b"Connection: close\r\n\r\n")
        for cut in range(1, len(data), 3):
            with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(data[:cut])
                time.sleep(0.001)
                connection.sendall(data[cut:])
                got = b""
                while chunk := connection.recv(65536):
                    got += chunk
            self.assertEqual(self.statuses(got), [404, 400, 200, 200, 200], f"cut at {cut}")

    def test_urls(self):
        code = self.market.code["code"]
        for path in ("/c/", "/c", "/p/", "/p/.gif", "/p/x.png", f"/C/{code}", "/c/%2e%2e", "/../etc/passwd", "/%00", "/v1/../c/x",
                     "/.well-known/", "/log/", "/log/x/checkpoint", "/log/tile/0/000/", "/" + "a/" * 2000, "/v1/leads/" + "L" * 5000):
            with self.subTest(path[:40]):
                status = send(self.server.url + path, headers=BROWSER).status
                self.assertTrue(status // 100 == 4 or (path.startswith("/p/") and status == 200), status)

    def test_each_call_that_writes_refuses_bodies_that_are_none(self):
        """Every one of the description, with the ids of what is there: 4xx, whatever is sent; what takes none may look at none."""
        market = self.market
        ids = {"party": market.publisher.id, "campaign": market.campaign, "contract": market.contract, "version": "1", "kid": market.publisher.kid}
        description = send(self.server.url + "/openapi.json").json
        bodies = (b"\0", b"{", b"[[", b'{"txid":[{}]}', b"\xff" * 100, b"[" * 5000, b'{"name":' + b"9" * 5000 + b"}", b'{"a":1,"a":2}', b"null", b"old 9\n\n", b'"' * 60_000)
        before = [self.operator.get(f"/v1/{name}") for name in ("parties", "campaigns", "contracts", "statements")]
        called = 0
        for path, methods in description["paths"].items():
            if path == "/sign-out":  # who has no session is out, whatever came along
                continue
            target = self.server.url + re.sub(r"\{(\w+)\}", lambda name: ids.get(name[1], name[1]), path)
            for method in {"post", "put", "patch", "delete"} & set(methods) if not path.startswith("/p/") else ():
                kinds = list(methods[method].get("requestBody", {}).get("content", {})) or ["application/json"]
                for number, body in enumerate(bodies):
                    with self.subTest(method=method, path=path, body=body[:20]):
                        headers = {"Authorization": "Bearer " + (self.operator, market.publisher)[number % 2].token, "Content-Type": kinds[number % len(kinds)]}
                        answer = send(target, method.upper(), body, headers)
                        self.assertEqual(answer.status // 100, 4, answer)
                        called += 1
        self.assertGreater(called, 300)
        self.assertEqual([self.operator.get(f"/v1/{name}") for name in ("parties", "campaigns", "contracts", "statements")], before)

    def test_random_bytes(self):
        """Mutations of good requests; the seed is printed so that a failure can be had again."""
        print(f"SEED={SEED}")
        rng = random.Random(SEED)
        target = self.market.publisher.signed_target(person(click_id=self.click_id)).encode()
        seeds = [b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % target.replace(b"&sig=", b"&sgi="),
                 b"POST /postback/%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nwebhook-id: abcdefghijklmnopqrst\r\n"
                 b"webhook-timestamp: 1\r\nwebhook-signature: v1,AAAA\r\nContent-Length: 12\r\n\r\n{\"txid\":\"a\"}" % self.market.publisher.kid.encode(),
                 b"GET /c/nonsense?sub1=a%20b&to=https://shop.example/ HTTP/1.1\r\nHost: x\r\nCookie: cs_touch=a.b\r\n\r\n",
                 b"GET /p/nonsense.gif?event=view HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"POST /v1/campaigns HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer cst_x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"]
        for _ in range(600):
            data = bytearray(rng.choice(seeds))
            for _ in range(rng.randint(1, 6)):
                at = rng.randrange(len(data))
                action = rng.randrange(4)
                if action == 0:
                    data[at] = rng.randrange(256)
                elif action == 1:
                    del data[at:at + rng.randint(1, 20)]
                elif action == 2:
                    data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 20)))
                else:
                    data[at:at] = data[at:at + rng.randint(1, 40)]
                data = data or bytearray(b"\n")
            for status in self.statuses(self.exchange(bytes(data))):
                self.assertTrue(status in (200, 501, 505) or status // 100 == 4, (status, bytes(data)))


if __name__ == "__main__":
    unittest.main()
