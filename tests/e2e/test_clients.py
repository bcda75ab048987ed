"""The snippets of scripts/clients/, each as it stands there, against a real server: they sign, send, keep receipts that verify takes, and verify deliveries."""

import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import CHROMIUM, SOURCE, ServerCase, countersign, person, send, wait_for
from client import webhook_signature
from test_deliveries import Target

CLIENTS = SOURCE / "scripts/clients"


def built_go(folder):
    """Std alone: nothing is downloaded."""
    env = dict(os.environ, GOFLAGS="-mod=mod", GOPROXY="off", GOCACHE=str(folder / "cache"), CGO_ENABLED="0")
    subprocess.run(["go", "build", "-o", folder / "client", "."], cwd=CLIENTS / "go", env=env, check=True, timeout=300)
    return [str(folder / "client")]


class Clients(ServerCase):
    settings = {"WEBHOOK_ALLOW": "127.0.0.0/8"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(prefix="countersign-clients-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.commands = {"python": ["/usr/bin/python3", "-B", str(CLIENTS / "python/countersign.py")], "node": ["node", str(CLIENTS / "node/countersign.mjs")],
                        "php": ["php", str(CLIENTS / "php/countersign.php")], "shell": [str(CLIENTS / "shell/countersign.sh")], "go": built_go(cls.folder)}

    def run_client(self, name, *arguments, secret=None, body=None, **headers):
        publisher = self.market.publisher
        env = dict(os.environ, COUNTERSIGN_SECRET=secret or publisher.secret, **headers)
        return subprocess.run([*self.commands[name], *map(str, arguments)], input=body, capture_output=True, env=env, timeout=60, check=False)

    def send(self, name, receipts, url=None, secret=None, **fields):
        return self.run_client(name, "send", url or self.server.url, self.market.publisher.kid, receipts, *(f"{k}={v}" for k, v in fields.items()), secret=secret)

    def test_each_reports_leads_whose_receipts_verify_takes(self):
        for name in self.commands:
            with self.subTest(name):
                receipts, leads = self.folder / f"{name}.jsonl", []
                for n in range(2):
                    done = self.send(name, receipts, **person(click_id=self.market.click(), first_name='Zoë "=', f_note=f"a=b & {{{n}}}"))
                    self.assertEqual(done.returncode, 0, done.stderr)
                    leads.append(json.loads(done.stdout)["lead"])
                kept = [json.loads(line) for line in receipts.read_text().splitlines()]
                self.assertEqual([each["lead"] for each in kept], leads)
                for n, lead in enumerate(leads):
                    contact = self.market.publisher.get(f"/v1/leads/{lead}")["contact"]
                    self.assertEqual((contact["first_name"], contact["f_note"]), ('Zoë "=', f"a=b & {{{n}}}"))
                mirror = self.folder / f"{name}-mirror"
                done = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
                self.assertEqual(done.returncode, 0, done.stderr)
                done = countersign("verify", mirror, "--receipts", receipts)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertRegex(done.stdout, r"receipts\s+holds\s+.*\b2\b")
                receipts.write_text(receipts.read_text().replace("x.", "y.", 1).replace('"request": "msg_', '"request": "mgs_', 1).replace('"request":"msg_', '"request":"mgs_', 1))
                self.assertEqual(countersign("verify", mirror, "--receipts", receipts).returncode, 1)

    def test_each_says_what_is_refused_and_keeps_no_receipt(self):
        for name in self.commands:
            with self.subTest(name):
                receipts = self.folder / f"{name}-refused.jsonl"
                done = self.send(name, receipts, click_id=self.market.click(), phon="1")
                self.assertEqual((done.returncode, b"phone" in done.stderr, receipts.exists()), (1, True, False), done)
                done = self.send(name, receipts, secret="whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", **person(click_id=self.market.click()))
                self.assertEqual((done.returncode, receipts.exists()), (1, False), done)

    def test_each_sends_the_same_bytes_again_and_they_count_once(self):
        """A proxy that loses the first answer, after the server has it."""
        for name in self.commands:
            with self.subTest(name):
                proxy = Losing(self, self.server.url)
                before = self.server.metric("leads")
                done = self.send(name, self.folder / f"{name}-again.jsonl", url=proxy.url, **person(click_id=self.market.click()))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual((len(proxy.got), len(set(proxy.got))), (2, 1))
                self.assertEqual(self.server.metric("leads"), before + 1)

    def test_each_verifies_deliveries_and_nothing_else(self):
        target = Target(self)
        secret = self.market.publisher.put(f"/v1/parties/{self.market.publisher.id}/webhook", {"url": target.url})["secret"]
        self.market.publisher.postback(person(click_id=self.market.click(), sub1="é"))
        wait_for(lambda: target.got, what="a delivery")
        request = target.got[0]
        headers = {name: request["headers"][name.lower().replace("_", "-")] for name in ("WEBHOOK_ID", "WEBHOOK_TIMESTAMP", "WEBHOOK_SIGNATURE")}
        body = request["body"].encode()
        other = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
        stale = [{"WEBHOOK_TIMESTAMP": str(at), "WEBHOOK_SIGNATURE": webhook_signature(secret, headers["WEBHOOK_ID"], at, body)} for at in (int(time.time()) - 330, int(time.time()) + 330)]
        for name in self.commands:
            with self.subTest(name):
                done = self.run_client(name, "verify", secret=secret, body=body, **headers)
                self.assertEqual((done.returncode, done.stdout.strip()), (0, b"lead"), done)
                for change in ({"secret": other}, {"body": body + b" "}, {"WEBHOOK_ID": headers["WEBHOOK_ID"] + "1"}, *stale, {"WEBHOOK_TIMESTAMP": str(int(headers["WEBHOOK_TIMESTAMP"]) - 1)}, {"WEBHOOK_TIMESTAMP": "x"},
                               {"WEBHOOK_TIMESTAMP": ""}, {"WEBHOOK_SIGNATURE": ""}, {"WEBHOOK_SIGNATURE": headers["WEBHOOK_SIGNATURE"].split(" ")[1]}):
                    done = self.run_client(name, "verify", **{"secret": secret, "body": body, **headers, **change})
                    self.assertEqual((done.returncode, done.stdout), (1, b""), (change, done))

    def test_wordpress_loads_the_tag_and_reports_its_forms(self):
        """The plugin between stand-ins for the few functions of WordPress that it calls."""
        receipts = self.folder / "wordpress.jsonl"
        plugin = self.folder / "plugin"
        plugin.mkdir()
        (plugin / "countersign.php").write_text((CLIENTS / "wordpress/countersign.php").read_text())
        (plugin / "class-countersign.php").write_text((CLIENTS / "php/countersign.php").read_text())
        fields = {"your-email": "ada@example.com", "your-phone": "+33612345678", "your-name": "Lovelace", "click_id": self.market.click(), "country": "FR",
                  "f_age": "44", "your-message": "hello", "_wpcf7": "5"}
        (self.folder / "site.php").write_text("""<?php
            const ABSPATH = '/';
            $hooks = []; $scripts = [];
            function add_action($name, $f) { global $hooks; $hooks[$name][] = $f; }
            function do_action($name, ...$args) { global $hooks; foreach ($hooks[$name] ?? [] as $f) $f(...$args); }
            function wp_enqueue_script($name, $src) { global $scripts; $scripts[] = $src; }
            class WPCF7_Submission { static function get_instance() { return new self; } function get_posted_data() { return json_decode(getenv('POSTED'), true); } }
            define('COUNTERSIGN_URL', getenv('URL')); define('COUNTERSIGN_CODE', getenv('CODE')); define('COUNTERSIGN_KID', getenv('KID'));
            define('COUNTERSIGN_SECRET', getenv('SECRET')); define('COUNTERSIGN_RECEIPTS', getenv('RECEIPTS'));
            require __DIR__ . '/plugin/countersign.php';
            do_action('wp_enqueue_scripts');
            do_action('wpcf7_before_send_mail', null);
            do_action('countersign_lead', ['email' => 'b@example.com', 'phone' => '+33612345679', 'click_id' => 'nonsense {{x}}']);
            echo json_encode($scripts);
        """)
        publisher = self.market.publisher
        env = dict(os.environ, URL=self.server.url, CODE=self.market.code["code"], KID=publisher.kid, SECRET=publisher.secret, RECEIPTS=str(receipts), POSTED=json.dumps(fields))
        done = subprocess.run(["php", self.folder / "site.php"], capture_output=True, env=env, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), [f"{self.server.url}/t.js?code={self.market.code['code']}"])
        kept = [json.loads(line) for line in receipts.read_text().splitlines()]
        self.assertEqual([each["status"] for each in kept], ["pending"])
        lead = publisher.get(f"/v1/leads/{kept[0]['lead']}")
        self.assertEqual((lead["contact"]["email"], lead["contact"]["last_name"], lead["contact"]["f_age"]), ("ada@example.com", "Lovelace", "44"))
        self.assertIn(b"not reported", done.stderr)  # what fails does not end the page

    def test_a_tag_manager_brings_the_tag_to_a_page(self):
        """Its snippet, put into the page late, as a tag manager does it."""
        snippet = re.search(r"<script>(.*)</script>", (CLIENTS / "tag-manager/tag.html").read_text(), re.DOTALL)[1]
        snippet = snippet.replace("https://track.example", self.server.url).replace("CODE", self.market.code["code"])
        page = f"""<!doctype html><meta charset="utf-8"><form><input name="click_id"></form><script>setTimeout(() => {{
            const s = document.createElement('script'); s.text = {json.dumps(snippet)}; document.body.appendChild(s) }}, 300);
            setInterval(() => document.querySelector('input').setAttribute('value', document.querySelector('input').value), 100)</script>"""

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        before, click_id = self.server.metric("views"), self.market.click()
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--virtual-time-budget=10000", "--dump-dom",
                                   f"http://127.0.0.1:{server.server_port}/?click_id={click_id}"], capture_output=True, text=True, timeout=120, check=False)
        self.assertIn(f'value="{click_id}"', done.stdout, done.stderr[-2000:])
        wait_for(lambda: self.server.metric("views") == before + 1, what="the view")


class Losing:
    """In front of the server: the first answer is lost on its way back."""

    def __init__(self, case, url):
        self.got, proxy = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: value for name, value in self.headers.items() if name.lower().startswith(("webhook-", "content-type"))}
                answer = send(url + self.path, "POST", body, headers)
                proxy.got.append((body, tuple(sorted(headers.items()))))
                if len(proxy.got) == 1:
                    self.connection.close()
                    return
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)


if __name__ == "__main__":
    unittest.main()
