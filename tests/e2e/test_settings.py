"""HUP: a config file that is read again, while the server has traffic. What may change counts at once and all together; what is wrong changes nothing."""

import json
import os
import re
import signal
import socket
import ssl
import tempfile
import threading
import unittest
from pathlib import Path

from harness import BROWSER, Market, Server, click, countersign, free_port, person, send, wait_for
from test_deliveries import Target
from test_notices import Post
from tls import TlsServer, make_pair

# Of each setting that a start alone takes, another value.
AT_START = {"data": "/nowhere", "listen": "127.0.0.1:1", "backup_dir": "/tmp", "admin_listen": "127.0.0.1:2", "redirect_listen": "127.0.0.1:3", "workers": 3, "readers": 3,
            "map_size_gib": 2, "store_ahead_kib": 0, "queue_size": 4096, "repeat_mib": 2, "click_wait_ms": 59999, "witnesses": "/nowhere", "witness": "/nowhere"}
SWITCHES = {"tls_cert": "/nowhere", "tls_key": "/nowhere", "smtp_url": "smtp://127.0.0.1:1"}  # from off to on
AT_ONCE = {"max_tls_mib", "least_room_mib", "sweep_ms", "max_connections", "max_held_mib", "request_timeout_s", "trusted_proxies", "proxy_header", "cors_origins", "country_header",
           "country_mmdb", "datacenter_list", "disposable_domains", "retention_days", "webhook_allow", "smtp_from", "smtp_user", "smtp_password_file", "notice_s",
           "budget_party", "budget_address", "budget_explain", "budget_bytes_kib", "budget_handshakes", "live_party", "quota_codes", "quota_secrets", "quota_tokens",
           "quota_campaigns", "quota_contracts", "quota_share_links", "quota_grants", "log_level"}
ORIGIN = "https://portal.example"


class Configured:
    """Of a server: its settings stand in a file."""

    def command(self):
        self.config = Path(self.folder.name) / "countersign.conf"
        binary, name, *flags = super().command()
        self.settings = {**{flag.removeprefix("--"): value for flag, value in zip(flags[::2], flags[1::2])}, **self.settings}
        return [binary, name, "--config", str(self.config)]

    def start(self):
        self.command()
        self.write()
        kept, self.settings = self.settings, {}  # none in the environment, which wins
        try:
            super().start()
        finally:
            self.settings = kept

    def write(self, text=None, **changes):
        """Lines of the present settings with these changes; None: without. Or another text."""
        self.settings = {**{name.lower(): value for name, value in self.settings.items()}, **changes}
        lines = "".join(f"{name} = {value}\n" for name, value in self.settings.items() if value is not None)
        made = self.config.with_suffix(".new")
        made.write_text(lines if text is None else text)
        made.rename(self.config)  # who reads it has the whole

    def hang_up(self, event="settings_read"):
        """Until the log says so; answers that line."""
        before = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: re.search(r'"event":"settings_(read|kept)"', self.log()[before:]), what="the log to say so")
        wanted = lambda: [line for line in self.log()[before:].splitlines() if f'"event":"{event}"' in line]
        wait_for(lambda: wanted() or self.process.poll() is not None, 10, f"{event} in {self.log()[before:]}")
        return wanted()[0]

    def change(self, **changes):
        differs = [name for name in changes if changes[name] != self.settings.get(name)]
        self.write(**changes)
        line = self.hang_up()
        for name in differs:
            assert name in line, line


class ConfiguredServer(Configured, Server):
    pass


class ConfiguredTlsServer(Configured, TlsServer):
    pass


class Case(unittest.TestCase):
    settings = {}
    kind = ConfiguredServer

    def setUp(self):
        self.server = self.kind(WORKERS=1, **self.settings)
        self.addCleanup(self.server.close)
        self.folder = Path(self.server.folder.name)  # with its config file: it may read there
        self.operator = self.server.operator

    def allowed(self, origin=ORIGIN):
        """Which pages may read an answer."""
        return send(self.server.url + "/v1/parties", headers={"Authorization": f"Bearer {self.operator.token}", "Origin": origin}).headers.get("Access-Control-Allow-Origin")

    def comes(self, condition, what):
        """A worker takes new settings over in its next turn, perhaps one behind the log's line."""
        return wait_for(condition, what=what)


class EachSetting(Case):
    def test_the_file_is_all_of_them(self):
        said = countersign("serve", "--help").stdout
        flags = {name.replace("-", "_"): line for name, line in re.findall(r"^  --([\w-]+) (.*)$", said, re.MULTILINE)}
        for names, note in ((AT_START, "; a change needs a restart"), ({*SWITCHES, "webhook_allow"}, "; on and off need a restart"), (AT_ONCE - {"webhook_allow"}, "")):
            for name in names:
                self.assertEqual(re.search(r"; (a change needs|on and off need) a restart$|$", flags[name])[0], note, name)
        self.assertEqual({*AT_START, *SWITCHES, *AT_ONCE}, flags.keys() - {"config", "print_config"})

    def test_what_a_start_alone_takes_is_named_and_stays(self):
        self.server.write(**AT_START, **SWITCHES, cors_origins=ORIGIN)
        line = self.server.hang_up("settings_wait")
        self.assertIn('"level":"warn"', line)
        # what surrounds it stands whatever the file says
        stand = {name for name in AT_START if f"COUNTERSIGN_{name.upper()}" in os.environ}
        self.assertEqual(set(re.search(r"restart: ([\w, ]+)", line)[1].split(", ")), {*AT_START, *SWITCHES} - stand)
        self.assertEqual(self.comes(self.allowed, "the new origins"), ORIGIN)
        self.assertEqual(send(self.server.url + "/readyz").status, 200)
        self.server.write(webhook_allow="none")
        self.assertIn("webhook_allow", self.server.hang_up("settings_wait"))
        shown = dict(re.findall(r"^(\w+) = (.*)$", countersign("serve", "--config", self.server.config, "--print-config").stdout, re.MULTILINE))
        self.assertEqual((shown["workers"], shown["webhook_allow"]), ("3", "none"), "which a restart would take")

    def test_origins_quotas_and_what_is_ready(self):
        self.assertIsNone(self.allowed())
        self.server.change(cors_origins=f"https://x.example, {ORIGIN}")
        self.assertEqual(self.comes(self.allowed, "the new origins"), ORIGIN)
        self.server.change(cors_origins="https://x.example")
        self.comes(lambda: self.allowed() is None, "the origin to be gone")
        self.server.change(quota_campaigns=1)
        market = Market(self.server)
        more = lambda: market.advertiser.call("POST", "/v1/campaigns", {"advertiser": market.advertiser.id, "name": "more", "currency": "EUR", "landing_url": "https://shop.example/"}).status
        self.assertEqual(more(), 409)
        self.server.change(quota_campaigns=2)
        self.assertEqual(self.comes(lambda: more() == 201, "room for a campaign"), True)
        self.assertNotIn("room for", send(self.server.url + "/readyz").text)
        self.server.change(least_room_mib=1 << 30)
        self.comes(lambda: "the disk has room for" in send(self.server.url + "/readyz").text, "too little room")

    def test_budgets(self):
        self.assertTrue(all(self.operator.call("GET", "/v1/parties").status == 200 for _ in range(40)))
        self.server.change(budget_party=1)
        self.comes(lambda: self.operator.call("GET", "/v1/parties").status == 429, "an end of the budget")
        self.server.change(budget_party=2000)
        self.comes(lambda: self.operator.call("GET", "/v1/parties").status == 200, "a larger budget")
        self.server.change(budget_address=1)
        self.comes(lambda: send(self.server.url + "/log/keys").status == 429, "an end of the address's")
        self.server.change(budget_address=2000)
        self.comes(lambda: send(self.server.url + "/log/keys").status == 200, "a larger one")

    def test_connections_and_their_time(self):
        def dialled():
            made = socket.create_connection(("127.0.0.1", self.server.port), 60)
            self.addCleanup(made.close)
            return made
        self.server.change(request_timeout_s=3600)
        idle = [dialled() for _ in range(12)]
        for one in idle:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertIn(b"200 OK", one.recv(4096))
        self.server.change(max_connections=4)
        self.assertGreaterEqual(sum(self.ends(one) for one in idle[:8]), 8)
        self.server.change(max_connections=10000, request_timeout_s=1)
        for one in idle:
            self.assertTrue(self.ends(one))
        idle = [dialled() for _ in range(12)]
        for one in idle:
            self.assertTrue(self.ends(one))

    def ends(self, connection):
        try:
            while connection.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True

    def test_who_names_the_client_and_lists_of_another_name(self):
        hosting, elsewhere = self.folder / "hosting", "203.0.113.9"
        hosting.write_text("198.51.100.0/24\n")
        market, headers = Market(self.server), {"X-Forwarded-For": "198.51.100.7", "Forwarded": f"for={elsewhere}", "X-Country": "BR"}
        seen = []
        def look(**changes):
            self.server.change(**changes)
            seen.append(None)
            def as_wanted():
                mark = f"n{len(seen)}x{id(seen)}"
                answer, _ = click(market.code["click_url"] + f"?sub1={mark}", **(BROWSER | headers))
                self.assertEqual(answer.status, 302)
                return next(((e["class"], e.get("country")) for e in market.settled_entries() if e.get("sub1") == mark))
            return as_wanted
        for changes, wanted in (({"datacenter_list": hosting}, ("ok", None)), ({"trusted_proxies": "127.0.0.1"}, ("datacenter", None)),
                                ({"country_header": "X-Country"}, ("datacenter", "BR")), ({"proxy_header": "Forwarded"}, ("ok", "BR")),
                                ({"datacenter_list": None, "country_header": None}, ("ok", None))):
            with self.subTest(changes):
                as_wanted = look(**changes)
                self.comes(lambda seen=as_wanted, want=wanted: seen() == want, f"{changes} to count")

    def test_sweeps(self):
        market = Market(self.server)
        self.server.change(sweep_ms=60000)
        market.click()
        self.server.change(sweep_ms=20)
        self.assertEqual([entry["kind"] for entry in market.settled_entries()].count("click"), 1)

    def test_the_log_s_level(self):
        self.server.change(log_level="debug")
        self.server.write(log_level="error", cors_origins=ORIGIN)
        self.server.process.send_signal(signal.SIGHUP)
        self.comes(self.allowed, "the new origins")
        self.server.change(log_level="info")
        self.assertNotIn("cors_origins", self.server.log(), "which is an info, said under another level")


class WhereItSends(Case):
    settings = {"SMTP_FROM": "one@operator.example", "NOTICE_S": 1, "WEBHOOK_ALLOW": ""}

    def setUp(self):
        self.one, self.other = Post(), Post()
        self.addCleanup(self.one.stop)
        self.addCleanup(self.other.stop)
        self.settings = {**self.settings, "SMTP_URL": self.one.url}
        super().setUp()
        self.market = Market(self.server, {"lead": {"require": ["email"]}})

    def mail(self, party):
        address = f"{party.id.lower()}@example.com"
        party.put(f"/v1/parties/{party.id}/notices", {"email": address, "kinds": ["statement"], "language": "en"})
        return address

    def statement(self):
        self.market.publisher.postback(person(click_id=self.market.click()))
        self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})

    def test_mail_goes_where_the_file_says(self):
        first = self.mail(self.market.publisher)
        self.statement()
        wait_for(lambda: self.one.taken(first), what="mail")
        self.server.change(smtp_url=self.other.url, smtp_from="other@operator.example")
        second = self.mail(self.market.advertiser)
        mail = wait_for(lambda: self.other.taken(second) or self.one.taken(second), what="mail elsewhere")[0]
        if not self.other.taken(second):  # it was under way as the file was read
            self.skipTest("the first mail was under way")
        self.assertEqual(mail["From"].addresses[0].addr_spec, "other@operator.example")

    def test_webhooks_go_where_the_file_lets_them(self):
        target, publisher = Target(self), self.market.publisher
        hook = lambda: publisher.call("PUT", f"/v1/parties/{publisher.id}/webhook", {"url": target.url})
        self.assertEqual((hook().status, hook().json["field"]), (422, "url"))
        self.server.change(webhook_allow="127.0.0.0/8")
        self.comes(lambda: hook().status == 200, "the network to be allowed")
        self.comes(lambda: self.attempt(publisher).get("status") == 200, "it to be called")
        self.server.change(webhook_allow="192.0.2.0/24")
        self.comes(lambda: self.attempt(publisher).get("error") == "address_refused", "the network to be refused")

    def attempt(self, party):
        """The first of another test delivery."""
        identity = party.post(f"/v1/parties/{party.id}/webhook/test", {})["id"]
        return wait_for(lambda: party.get(f"/v1/deliveries/{identity}")["attempts"], what="an attempt")[0]


class Tls(Case):
    kind = ConfiguredTlsServer

    def shown(self):
        with socket.create_connection(("127.0.0.1", self.server.port), 60) as raw:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(raw) as peer:
                return peer.getpeercert(binary_form=True)

    def test_one_that_ends_soon_is_told_where_somebody_looks(self):
        ready = lambda: send(self.server.url + "/readyz").text
        self.assertEqual(ready(), "ready as owner\n")
        cert, key = make_pair(self.server.pair_folder, "short", days=13)
        self.server.trust.write_bytes(self.server.trust.read_bytes() + cert.read_bytes())
        self.server.change(tls_cert=cert, tls_key=key)
        self.comes(lambda: "but the certificate ends on 20" in ready(), "a word of it")
        self.assertIn('"level":"warn","event":"tls"', self.server.log())
        cert, key = make_pair(self.server.pair_folder, "long", days=15)
        self.server.trust.write_bytes(self.server.trust.read_bytes() + cert.read_bytes())
        self.server.change(tls_cert=cert, tls_key=key)
        self.comes(lambda: ready() == "ready as owner\n", "no more of it")

    def test_a_certificate_of_another_name(self):
        before = self.shown()
        cert, key = make_pair(self.server.pair_folder, "another")
        _, strange = make_pair(self.server.pair_folder, "stranger")
        self.server.write(tls_cert=cert, tls_key=strange, cors_origins=ORIGIN)
        self.assertIn(f"{self.server.config} line ", self.server.hang_up("settings_kept"))
        self.assertEqual((self.shown(), self.server.metric("settings_kept"), self.server.metric("tls_kept")), (before, 1, 0))
        self.server.change(tls_key=key)
        self.comes(lambda: self.shown() != before, "the new certificate")
        self.server.trust.write_bytes(cert.read_bytes())
        self.assertEqual((self.server.metric("settings_kept"), self.server.metric("tls_kept")), (0, 0))
        self.server.write(tls_cert=None, tls_key=None)
        self.assertIn("tls_cert, tls_key", self.server.hang_up("settings_wait"))
        self.assertNotEqual(self.shown(), before)


class Wrong(Case):
    def faults(self):
        """Changes, or a whole text; what the log says of it; whether a line is named."""
        bad = self.folder / "bad"
        bad.write_text("nonsense\n")
        return [({"budget_party": 0}, "budget_party is", True), ({"no_such": 1}, 'there is no setting "no_such"', True), ({"trusted_proxies": "nowhere"}, "trusted_proxies ", True),
                ({"proxy_header": "X"}, "proxy_header is", True), ({"cors_origins": "portal.example"}, "cors_origins must be", True),
                ({"country_header": "X-Country"}, "country_header counts only", True), ({"disposable_domains": "/nowhere"}, "disposable_domains: /nowhere", True),
                ({"disposable_domains": bad}, "line 1 holds no domain", True), ({"datacenter_list": bad}, "line 1", True), ({"country_mmdb": bad}, "is no MaxMind DB", True),
                ({"datacenter_list": "/nowhere"}, "cannot be read", True), ({"webhook_allow": "x"}, "webhook_allow: ", True), ({"log_level": "loud"}, "log_level is", True),
                ("cors_origins\n", "line 1: write `key = value`", True), ("a = b\0", "a NUL byte", False), ("", "data is missing", False), ("cors_origins = " + ORIGIN, "data is missing", False), (None, "there is none", False)]

    def test_nothing_changes(self):
        good = dict(self.server.settings)
        for n, (fault, said, numbered) in enumerate(self.faults()):
            with self.subTest(fault):
                self.server.settings = dict(good)
                self.server.write(**{"cors_origins": ORIGIN, **(fault if isinstance(fault, dict) else {})}, text=fault if isinstance(fault, str) else None)
                if fault is None:
                    self.server.config.unlink()
                line = self.server.hang_up("settings_kept")
                self.assertIn('"level":"error"', line)
                self.assertIn(said, json.loads(line)["detail"])
                self.assertEqual(bool(re.search(rf"{self.server.config} line \d+", line)), numbered, line)
                self.assertEqual(self.server.metric("settings_kept"), 1)
                self.assertIn("settings were refused", send(self.server.url + "/readyz").text)
                self.assertIsNone(self.allowed(), "what stands beside it counts neither")
                self.server.settings = dict(good)
                self.server.write(quota_grants=100 + n)
                self.assertIn("quota_grants", self.server.hang_up())
                self.assertEqual(self.server.metric("settings_kept"), 0)
                self.assertNotIn("settings", send(self.server.url + "/readyz").text)

    def test_a_file_elsewhere_is_for_a_restart(self):
        with tempfile.TemporaryDirectory(prefix="countersign-elsewhere-") as folder:
            hosting = Path(folder) / "hosting"
            hosting.write_text("198.51.100.0/24\n")
            self.server.write(datacenter_list=hosting)
            before = self.server.log()
            self.server.process.send_signal(signal.SIGHUP)
            line = wait_for(lambda: re.search('"event":"settings_(read|kept)".*', self.server.log()[len(before):]), what="an answer in the log")[0]
            if "settings_kept" in line:  # by a kernel that has Landlock
                self.assertIn("or restart", line)

    def test_a_list_that_does_not_read_any_more_holds_nothing_else_back(self):
        hosting = self.folder / "hosting"
        hosting.write_text("198.51.100.0/24\n")
        self.server.change(datacenter_list=hosting)
        hosting.write_text("nonsense\n")
        self.server.write(cors_origins=ORIGIN)
        self.assertIn(str(hosting), self.server.hang_up("lists_kept"))
        self.assertEqual(self.comes(self.allowed, "the new origins"), ORIGIN)

    def test_without_a_file_there_is_nothing_to_change(self):
        server = Server(WORKERS=1)
        self.addCleanup(server.close)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: '"event":"settings_read"' in server.log(), what="an answer in the log")
        self.assertIn("no config file is named: nothing changed", server.log())


class AtStart(unittest.TestCase):
    """What would be found out when it is needed, perhaps in a night, is found out at the start."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-settings-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.data = self.folder / "data"
        self.assertEqual(countersign("init", "--data", self.data, "--public-url", "http://127.0.0.1:1").returncode, 0)

    def refused(self, *flags):
        done = countersign("serve", "--data", self.data, "--listen", f"127.0.0.1:{free_port()}", *flags)
        self.assertEqual(done.returncode, 2, f"{flags}: {done.stderr}")
        return done.stderr.splitlines()[-1]

    def test_copies_inside_of_what_is_copied(self):
        (self.folder / "link").symlink_to(self.data)
        (self.folder / "file").touch()
        (self.data / "within").mkdir()
        for name in ("data", "data/", "link", "data/within", "data/none", "link/within/../within"):
            said = self.refused("--backup-dir", self.folder / name)
            self.assertIn("backup_dir: ", said)
            self.assertIn("inside of the data folder", said)
            self.assertIn("name one elsewhere", said)
        self.assertIn("is no folder: name one", self.refused("--backup-dir", self.folder / "file"))

    def test_a_disk_of_copies_that_comes_later_holds_no_click_up(self):
        server = Server(BACKUP_DIR=self.folder / "none")
        self.addCleanup(server.close)
        self.assertIn('"event":"no_backup_dir"', server.log())

    def test_a_mail_server_that_is_none(self):
        for url in ("smtp://", "smtp://:25", "smtp://x:0", "smtp://x:70000", "smtp://x:", "smtp://x:2x", "smtp://a b", "smtp://me:secret@h", "smtp://[::1", "smtp://[]", "smtp://h/x"):
            said = self.refused("--smtp-url", url, "--smtp-from", "a@b.example")
            self.assertIn("smtp_url: must name a host", said)
            self.assertNotIn("secret", said)

    def test_a_header_that_nobody_can_send(self):
        self.assertIn("country_header is", self.refused("--country-header", "X Country", "--trusted-proxies", "127.0.0.1"))


class UnderTraffic(Case):
    HANG_UPS = 60

    def test_nobody_notices_but_by_what_changed(self):
        market, stop, wrong, n = Market(self.server), threading.Event(), [], [0]
        origins = [f"https://p{i}.example" for i in range(2)]

        def clicks():
            while not stop.is_set():
                answer, _ = click(market.code["click_url"], **BROWSER)
                n[0] += 1
                if answer.status != 302:
                    wrong.append(answer.status)

        def calls(origin):
            while not stop.is_set():
                answer = send(self.server.url + "/v1/contracts", headers={"Authorization": f"Bearer {market.publisher.token}", "Origin": origin})
                if answer.status != 200 or answer.headers.get("Access-Control-Allow-Origin") not in (None, origin):
                    wrong.append((answer.status, answer.headers.items()))

        threads = [threading.Thread(target=clicks) for _ in range(2)] + [threading.Thread(target=calls, args=(origin,)) for origin in origins]
        for thread in threads:
            thread.start()
        try:
            for i in range(self.HANG_UPS):
                self.server.write(cors_origins=origins[i % 2], budget_party=5000 + i % 2, max_connections=500 + 500 * (i % 2), request_timeout_s=15 + i % 2,
                                  max_held_mib=16 + 16 * (i % 2), trusted_proxies=f"192.0.2.{i}", sweep_ms=50 + i % 2, webhook_allow=f"192.0.2.{i}", max_tls_mib=8 + i % 2)
                self.server.hang_up()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(sum(entry["kind"] == "click" for entry in market.settled_entries()), n[0])


if __name__ == "__main__":
    unittest.main()
