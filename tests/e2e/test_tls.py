"""TLS of our own: who speaks what is let in, sessions go on in any worker, certificates change under load, and strangers cost what they may."""

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import BROWSER, Market, ServerCase, countersign, free_port, send, wait_for
from tls import TlsServer, ask, make_pair

TESTSSL = shutil.which("testssl")
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
RECORD_OF_HELLO = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03"  # 16 KiB announced


def receive_all(connection):
    got = b""
    try:
        while chunk := connection.recv(65536):
            got += chunk
    except (ConnectionResetError, BrokenPipeError):
        pass
    return got


class Tls(ServerCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="countersign-test-")
        cls.addClassCleanup(folder.cleanup)
        networks = Path(folder.name) / "networks"
        networks.write_text("198.51.100.0/24\n")
        cls.server = TlsServer(DATACENTER_LIST=networks, WORKERS=2, REQUEST_TIMEOUT_S=2, MAX_TLS_MIB=2, TRUSTED_PROXIES="127.0.0.1", PROXY_HEADER="Forwarded")
        cls.addClassCleanup(cls.server.close)
        cls.operator = cls.server.operator
        cls.market = Market(cls.server)

    def tearDown(self):
        self.assertStatus(send(self.server.url + "/healthz"), 200)

    def plain(self, data):
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
            connection.sendall(data)
            return receive_all(connection)

    # who is let in

    def test_1_2_and_1_3_are_spoken_and_nothing_older(self):
        for version, name in ((V12, "TLSv1.2"), (V13, "TLSv1.3")):
            with self.server.dial(self.server.context(version, version)) as connection:
                self.assertEqual((connection.version(), connection.compression(), connection.selected_alpn_protocol()), (name, None, "http/1.1"))
                self.assertEqual(ask(connection)[0], 200)
                self.assertEqual(ask(connection)[0], 200)
        for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.assertRaises(ssl.SSLError) as refused:
                self.server.dial(self.server.context(old, old))
            self.assertIn("PROTOCOL_VERSION", str(refused.exception).upper())

    def test_http_1_1_is_agreed_on_or_nothing(self):
        with self.server.dial(self.server.context(alpn=("h2", "http/1.1"))) as connection:
            self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")
        with self.server.dial(self.server.context(alpn=())) as connection:
            self.assertEqual(ask(connection)[0], 200)
        with self.assertRaises(ssl.SSLError):
            self.server.dial(self.server.context(alpn=("h2",)))

    def test_weak_ciphers_are_refused(self):
        for cipher in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES256-GCM-SHA384", "AECDH-AES128-SHA"):
            context = self.server.context(V12, V12)
            context.set_ciphers(f"{cipher}:@SECLEVEL=0")
            with self.subTest(cipher), self.assertRaises(ssl.SSLError):
                self.server.dial(context)

    def test_a_click_by_tls_is_recorded_and_says_that_tls_is_to_stay(self):
        click_id = self.market.click()
        with self.server.dial() as connection:
            status, headers, _ = ask(connection, "/c/" + self.market.code["code"], [f"User-Agent: {BROWSER['User-Agent']}"])
        self.assertEqual((status, headers["Strict-Transport-Security"]), (302, "max-age=31536000"))
        answer = self.market.publisher.postback({"txid": "tls-1", "email": "a@example.com", "phone": "+33612345678", "country": "FR", "click_id": click_id})
        self.assertEqual(answer.json["contract"], self.market.contract)

    def test_commands_believe_the_certificates_that_they_are_given(self):
        self.market.click()
        with tempfile.TemporaryDirectory() as folder:
            pull = ("pull", self.server.url, Path(folder) / "mirror", "--contract", self.market.contract, "--token", self.market.auditor.token)
            env = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}
            refused = countersign(*pull, env=env)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertRegex(refused.stderr.lower(), "certificate")
            taken = countersign(*pull, env={**env, "SSL_CERT_FILE": str(self.server.trust)})
            self.assertEqual(taken.returncode, 0, taken.stderr)

    def test_forwarded_names_the_client_where_the_operator_says_so(self):
        hosting, other = "198.51.100.7", "203.0.113.9"
        for forwarded, x_forwarded_for, kind in ((f'for="{hosting}:1";proto=https', other, "datacenter"), (f"for={other}", hosting, "ok"), (None, hosting, "ok")):
            self.market.click(**{name: value for name, value in (("Forwarded", forwarded), ("X-Forwarded-For", x_forwarded_for)) if value})
            self.assertEqual(self.market.settled_entries()[-1]["class"], kind)

    # sessions

    def test_a_session_goes_on_in_whichever_worker_takes_the_connection(self):
        for version in (V12, V13):
            context, session, reused = self.server.context(version, version), None, []
            for _ in range(12):  # two workers: that all of these met one is a chance of one in 2,048
                with self.server.dial(context, session) as connection:
                    self.assertEqual(ask(connection)[0], 200)
                    reused.append(connection.session_reused)
                    session = connection.session
            self.assertEqual(reused, [False] + [True] * 11, version)

    # plain

    def test_who_speaks_plain_http_where_tls_is_spoken_is_told(self):
        for data in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0", b"\x80\x2e\x01\x00\x02"):
            got = self.plain(data)
            self.assertTrue(got.startswith(b"HTTP/1.1 400 "), got)
            self.assertIn(b"this port speaks TLS: begin the URL with https://", got)
            self.assertNotIn(b"Strict-Transport-Security", got)

    def test_garbage_instead_of_a_handshake_ends_the_connection(self):
        for data in (b"\x16" + bytes(200), b"\x16\x03\x01\xff\xff" + bytes(70000), RECORD_OF_HELLO + bytes(16384), b"\x16\x03\x03\x00\x00" * 400):
            self.assertNotIn(b"HTTP", self.plain(data))
        with self.server.dial() as connection:  # and behind one
            raw = socket.socket(fileno=os.dup(connection.fileno()))
            raw.settimeout(10)
            raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
            self.assertNotIn(b"HTTP", receive_all(raw))
            raw.close()

    def test_tls_on_the_plain_port_is_told_at_once(self):
        with socket.create_connection(("127.0.0.1", self.server.redirect_port), 10) as connection:
            connection.sendall(RECORD_OF_HELLO)
            self.assertEqual(receive_all(connection)[:13], b"HTTP/1.1 400 ")

    def test_plain_links_lead_to_https(self):
        port, host = self.server.redirect_port, f"127.0.0.1:{self.server.port}"
        for method, target, to in (("GET", "/c/x?a=b%20c", "/c/x?a=b%20c"), ("POST", "/postback", "/postback"), ("HEAD", "/p/x.gif?a b\xe9", "/p/x.gif?a%20b%E9"),
                                   ("GET", "http://elsewhere.example/c/x?y#z", "/c/x?y"), ("GET", "/healthz", "/healthz")):
            with socket.create_connection(("127.0.0.1", port), 10) as connection:
                connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n".encode("latin-1"))
                got = receive_all(connection).decode()
            self.assertTrue(got.startswith("HTTP/1.1 308 "), got)
            self.assertIn(f"\r\nLocation: https://{host}{to}\r\n", got)
            self.assertNotIn("Strict-Transport-Security", got)
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(b"GET //elsewhere.example/ HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertTrue(receive_all(connection).startswith(b"HTTP/1.1 400 "))

    # certificates that change

    def test_a_new_pair_is_taken_under_load_and_a_bad_one_is_not(self):
        server, failures, stop = self.server, [], threading.Event()

        def load():
            connection = server.dial()
            while not stop.is_set():
                try:
                    if ask(connection)[0] != 200:
                        failures.append("status")
                    with server.dial() as other:
                        ask(other)
                except OSError as error:
                    failures.append(error)
                    return
            connection.close()

        def serial():
            with server.dial() as connection:
                return connection.getpeercert()["serialNumber"]

        first = serial()
        context, session = server.context(V13, V13), None
        with server.dial(context) as connection:
            ask(connection)
            session = connection.session
        new = make_pair(server.pair_folder, "new")
        server.trust.write_bytes(server.trust.read_bytes() + new[0].read_bytes())
        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        cert, key = server.cert.read_bytes(), server.key.read_bytes()
        for file, bytes_of in ((server.cert, new[0].read_bytes()), (server.key, b"nonsense"), (server.cert, b""), (server.key, new[1].read_bytes()[:60])):
            server.cert.write_bytes(cert)
            server.key.write_bytes(key)
            file.write_bytes(bytes_of)
            server.reload("tls_kept")
            self.assertEqual(serial(), first)
            self.assertEqual(server.metric("tls_kept"), 1)
            self.assertIn("the new certificate was refused", send(server.url + "/readyz").text)
        ended = make_pair(server.pair_folder, "ended", days=-1)
        server.cert.write_bytes(ended[0].read_bytes())
        server.key.write_bytes(ended[1].read_bytes())
        server.reload("tls_kept")
        self.assertIn("is not valid at this time", server.log())
        server.cert.write_bytes(new[0].read_bytes())
        server.key.write_bytes(new[1].read_bytes())
        server.reload("tls")
        second = serial()
        self.assertNotEqual(first, second)
        self.assertEqual(server.metric("tls_kept"), 0)
        self.assertEqual(send(server.url + "/readyz").text, "ready as owner\n")
        context.load_verify_locations(server.trust)
        with server.dial(context, session) as connection:  # whose ticket speaks for the certificate that was
            self.assertFalse(connection.session_reused)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_what_makes_no_pair_is_refused_at_the_start_in_words(self):
        folder, server = self.server.pair_folder, self.server
        good, other = make_pair(folder, "good"), make_pair(folder, "other")
        sealed, loose = make_pair(folder, "sealed", passphrase=b"secret"), make_pair(folder, "loose")
        loose[1].chmod(0o640)
        broken = folder / "broken"
        broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        broken.chmod(0o600)
        pipe = folder / "pipe"  # whoever opens it waits
        os.mkfifo(pipe, 0o600)
        data = server.pair_folder / "data"
        countersign("init", "--data", data, "--public-url", "https://localhost")
        for cert, key, words in ((good[0], other[1], "is not the key of the certificate"), (good[0], sealed[1], "without a passphrase"),
                                 (loose[0], loose[1], "chmod 600"), (broken, good[1], "tls_cert"), (folder / "none", good[1], "No such file"),
                                 (good[0], folder / "none", "tls_key"), (good[1], good[1], "tls_cert"), (good[0], "", "tls_key is missing"),
                                 ("", good[1], "tls_cert is missing"), (pipe, good[1], "no regular file"), (good[0], pipe, "no regular file")):
            done = countersign("serve", "--data", data, "--listen", f"127.0.0.1:{free_port()}", "--tls-cert", cert, "--tls-key", key, stdin=subprocess.DEVNULL)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(words, done.stderr)
        plain = server.pair_folder / "plain"
        countersign("init", "--data", plain, "--public-url", "http://localhost")
        for option in (("--tls-cert", good[0], "--tls-key", good[1]), ("--redirect-listen", f"127.0.0.1:{free_port()}")):
            done = countersign("serve", "--data", plain, "--listen", f"127.0.0.1:{free_port()}", *option)
            self.assertEqual(done.returncode, 2)
            self.assertIn("http://localhost", done.stderr)

    def test_however_records_come_all_requests_are_answered(self):
        """The end of the handshake, two requests and a third in three records: in one segment, and each byte in its own."""
        for size in (1 << 20, 1):
            into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = self.server.context().wrap_bio(into, out, server_hostname="localhost")
            with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while True:
                    try:
                        tls.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        connection.sendall(out.read())
                        into.write(connection.recv(65536))
                for record in (b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", b"POST /postback HTTP/1.1\r\nHost: h\r\n",
                               b"Content-Length: 3\r\n\r\nab", b"cGET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"):
                    tls.write(record)
                data, got = out.read(), b""
                for at in range(0, len(data), size):
                    connection.sendall(data[at:at + size])
                while chunk := connection.recv(65536):
                    into.write(chunk)
                with contextlib.suppress(ssl.SSLWantReadError):
                    while chunk := tls.read(65536):
                        got += chunk
            self.assertEqual(re.findall(rb"HTTP/1\.1 (\d{3}) ", got) + [got[-3:]], [b"200", b"200", b"400", b"200", b"ok\n"])

    # what strangers cost

    def test_a_handshake_that_does_not_end_has_the_time_of_a_head(self):
        begun = [socket.create_connection(("127.0.0.1", self.server.port), 30) for _ in range(4)]
        for connection, data in zip(begun, (b"", b"\x16", RECORD_OF_HELLO)):
            connection.sendall(data)
        with self.assertRaises(OSError):  # nor does it help to dribble
            for byte in RECORD_OF_HELLO + bytes(400):
                begun[-1].sendall(bytes([byte]))
                time.sleep(0.05)
        for connection in begun:
            self.assertEqual(receive_all(connection), b"")
            connection.close()

    def test_past_the_room_for_tls_who_waits_longest_goes(self):
        """One MiB a worker: some 64 that are idle, of 300 that come."""
        context = self.server.context()
        many = [self.server.dial(context) for _ in range(300)]
        for connection in many[-10:]:
            self.assertEqual(ask(connection)[0], 200)
        open_now = 0
        for connection in many:
            connection.setblocking(False)
            try:
                while connection.recv(4096):
                    pass
            except ssl.SSLWantReadError:
                open_now += 1
            except OSError:
                pass
            connection.close()
        self.assertIn(open_now, range(10, 131))

    def test_a_flood_of_handshakes_stops_nobody_who_is_there(self):
        stop, context, made = threading.Event(), self.server.context(), [0]

        def flood():
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    self.server.dial(context).close()
                    made[0] += 1

        with self.server.dial() as connection:
            threads = [threading.Thread(target=flood) for _ in range(4)]
            for thread in threads:
                thread.start()
            wait_for(lambda: made[0] > 20, what="handshakes")
            for _ in range(100):
                self.assertEqual(ask(connection)[0], 200)
            stop.set()
            for thread in threads:
                thread.join()

    def test_a_peer_that_breaks_off_hurts_nobody(self):
        for _ in range(20):
            connection = self.server.dial()
            connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    def test_a_large_answer_and_a_large_body_come_whole(self):
        with self.server.dial() as connection:
            body = ask(connection, "/openapi.json")[2]
            self.assertEqual(body, send(self.server.url + "/openapi.json").body)
            self.assertGreater(len(body), 65536)
            connection.sendall(b"POST /postback HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n" + b"a" * 60000 + b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            got = b""
            while b"\r\n\r\nok\n" not in got:
                got += connection.recv(65536)
            self.assertTrue(got.startswith(b"HTTP/1.1 4"), got)


    @unittest.skipUnless(TESTSSL, "testssl is not installed (Debian: testssl.sh)")
    @unittest.skipUnless(os.environ.get("LONG"), "takes minutes: under --long")
    def test_testssl_finds_nothing_above_low(self):
        """But for what is the certificate's, which is the test's own."""
        found = self.server.pair_folder / "testssl.json"
        subprocess.run([TESTSSL, "--quiet", "--color", "0", "--nodns", "none", "--warnings", "off", "--add-ca", self.server.cert, "--jsonfile", found,
                        f"https://127.0.0.1:{self.server.port}/"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=1500, check=False)
        rows = json.loads(found.read_text())
        self.assertGreater(len(rows), 100)
        self.assertTrue({"heartbleed", "ROBOT", "cipherlist_NULL", "TLS1_1", "HSTS_time"} <= {row["id"] for row in rows}, "testssl went to its end")
        above = [row for row in rows if row["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL") and not row["id"].startswith(("cert", "OCSP", "DNS"))]
        self.assertEqual(above, [])


if __name__ == "__main__":
    unittest.main()
