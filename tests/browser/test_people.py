"""What two publishers are paid when people come as they do in life, in a real Chromium: the statements say what a person would say. And
the demo's landing page, by hand."""

import html
import http.server
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, SOURCE, Market, Party, ServerCase, free_port, send, statement_payload, wait_for  # noqa: E402

CLICK_MICROS, LEAD_MICROS = 100_000, 12_000_000
ID = r"^[\w-]{51}$"


def browse(people):
    done = subprocess.run(["node", str(HERE / "people.mjs")], input=json.dumps({"chromium": CHROMIUM, "people": people}), capture_output=True,
                          text=True, timeout=300, check=False)
    if done.returncode:
        raise AssertionError(done.stderr[-4000:])
    return json.loads(done.stdout)


def typed():
    person = secrets.token_hex(4)
    return {"email": f"zoe.{person}@example.com", "phone": "+336" + str(secrets.randbelow(10**8)).zfill(8)}


class Site(http.server.BaseHTTPRequestHandler):
    """Publishers' pages (/ad?how=…&to=…) and the advertiser's (/offer, /other, /submit), whose back end reports by a signed postback."""

    FORM = ('<form method="post" action="/submit"><input name="email"><input name="phone"><input type="hidden" name="click_id">'
            '<input type="hidden" name="touches"><button>Send</button></form>')
    ADS = {
        "link": '<a id="ad" href="{to}">See the offer</a>',
        "image": '<img src="{to}">',
        "prefetch": '<link rel="prefetch" href="{to}">',
        "speculation": '<a id="ad" href="{to}">See the offer</a><script type="speculationrules">'
                       '{{"prefetch": [{{"source": "list", "urls": ["{to}"], "eagerness": "immediate"}}]}}</script>',
    }

    def page(self, body, status=200):
        text = f'<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head><body>{body}</body></html>'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/ad":
            self.page(self.ADS[query["how"]].format(to=query["to"]))
        else:
            self.page(self.server.tags[url.path] + self.FORM if url.path in self.server.tags else "", 200 if url.path in self.server.tags else 404)

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        lead = self.server.report(form)
        self.page(f'<p id="lead">{html.escape(json.dumps(lead))}</p>')

    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which(CHROMIUM), f"no {CHROMIUM} here")
class People(ServerCase):
    @classmethod
    def set_up_market(cls):
        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        cls.addClassCleanup(site.server_close)
        cls.addClassCleanup(site.shutdown)
        cls.port = site.server_port
        cls.landing = f"http://127.0.0.1:{cls.port}"
        price = {"price": {"lead": [{"micros": LEAD_MICROS}], "click_micros": CLICK_MICROS}}
        cls.market = market = Market(cls.server, campaign={"landing_url": cls.landing + "/offer", "review": {"mode": "auto", "auto_approve_days": 0}}, contract=price)
        cls.other = Party(market.operator, "Other publisher", "publisher")
        cls.contracts = {"A": market.contract, "B": market.new_contract(cls.other, **price)}
        codes = {"A": market.code, "B": market.new_code(cls.other, cls.contracts["B"]),
                 "A to the other page": market.new_code(market.publisher, market.contract, landing_url=cls.landing + "/other")}
        cls.links = {name: code["click_url"] for name, code in codes.items()}
        site.tags = {"/offer": codes["A"]["tag"], "/other": codes["B"]["tag"]}
        site.report = lambda form: market.advertiser.postback({**form, "txid": secrets.token_hex(8), "campaign": market.campaign}).json
        cls.told = browse(cls.people())
        cls.paid = {name: cls.statement(contract) for name, contract in cls.contracts.items()}

    @classmethod
    def statement(cls, contract):
        made = cls.market.operator.post(f"/v1/contracts/{contract}/statements", {})
        return json.loads(statement_payload(cls.market.operator.do("GET", f"/v1/statements/{made['id']}").body))

    @classmethod
    def people(cls):
        """Who comes, and how. Clicks are counted as they are recorded, prefetches and images too."""
        clicks = [0]

        def ad(link, how="link"):
            return ["goto", f"http://localhost:{cls.port}/ad?" + urllib.parse.urlencode({"how": how, "to": cls.links[link]})]

        def recorded():
            clicks[0] += 1
            return ["until", cls.server.url + "/metrics", rf"^countersign_clicks_total {clicks[0]}$"]

        def follow(link):
            return [ad(link), ["press", "#ad"], recorded(), ["value", "click_id", ID]]

        def send_form():
            return [["fill", typed()], ["press", "button"]]

        return [
            {"name": "A's, A's tag", "steps": [*follow("A"), *send_form()]},
            {"name": "B's, A's tag", "steps": [*follow("B"), *send_form()]},
            {"name": "A's, B's tag", "steps": [*follow("A to the other page"), *send_form()]},
            {"name": "organic", "steps": [["goto", cls.landing + "/offer"], *send_form()]},
            {"name": "an image's", "steps": [ad("A", "image"), recorded()]},
            {"name": "prefetch only", "steps": [ad("B", "prefetch"), recorded()]},
            {"name": "prefetch, then there", "steps": [ad("B", "speculation"), recorded(), ["press", "#ad"], recorded(), ["value", "click_id", ID], *send_form()]},
            {"name": "A's, then B's", "steps": [*follow("A"), *follow("B"), *send_form()]},
        ]

    def lead(self, name):
        return json.loads(self.told[name]["texts"]["lead"])

    def test_each_lead_goes_to_whom_a_person_would_say(self):
        owners = {"A's, A's tag": "A", "B's, A's tag": "B", "A's, B's tag": "A", "prefetch, then there": "B", "A's, then B's": "B"}
        for name, owner in owners.items():
            with self.subTest(name):
                lead = self.lead(name)
                self.assertEqual((lead["contract"], lead["status"], lead["payout_micros"]), (self.contracts[owner], "approved", LEAD_MICROS))
        organic = self.lead("organic")
        self.assertNotIn(organic["contract"], self.contracts.values())
        self.assertEqual((organic["status"], organic["reason"], organic["payout_micros"]), ("rejected", "no_click", 0))

    def test_the_statements_count_clicks_by_what_they_were(self):
        counts = {name: {word: n for word, n in paid["counts"]["clicks"].items() if n} for name, paid in self.paid.items()}
        self.assertEqual(counts, {"A": {"ok": 3, "embedded": 1, "total": 4}, "B": {"ok": 3, "prefetch": 2, "total": 5}})

    def test_the_statements_pay_for_clicks_of_people_and_for_leads(self):
        self.assertEqual({name: (paid["counts"]["leads"]["approved"], paid["counts"]["leads"]["total"]) for name, paid in self.paid.items()}, {"A": (2, 2), "B": (3, 3)})
        self.assertEqual({name: paid["net_micros"] for name, paid in self.paid.items()},
                         {"A": 3 * CLICK_MICROS + 2 * LEAD_MICROS, "B": 3 * CLICK_MICROS + 3 * LEAD_MICROS})

    def test_each_page_seen_is_one_view(self):
        self.assertEqual(sum(paid["counts"]["views"]["ok"] for paid in self.paid.values()), 7)

    def test_no_page_complains(self):
        for name, told in self.told.items():
            with self.subTest(name):
                self.assertEqual([line for line in told["complaints"] if "prefetch" not in name or "status of 503" not in line], [])


@unittest.skipUnless(shutil.which(CHROMIUM), f"no {CHROMIUM} here")
class Demo(ServerCase):
    """scripts/demo.py by hand: with consent, without, withdrawn."""

    @classmethod
    def set_up_market(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        port, state = free_port(), Path(folder.name) / "state.json"
        site = f"http://127.0.0.1:{port}"
        cls.market = market = Market(cls.server, campaign={"landing_url": site + "/"})
        code = market.code
        state.write_text(json.dumps({
            "tracker": cls.server.url, "campaign": market.campaign, "kid": market.advertiser.kid, "secret": market.advertiser.secret,
            "tag": code["tag"].replace(code["code"], code["code"] + "&amp;consent=required"),
            "links": [{"name": "Publisher", "url": code["click_url"]}], "publishers": {market.contract: "Publisher"}}))
        demo = subprocess.Popen(["/usr/bin/python3", "-B", str(SOURCE / "scripts/demo.py"), "--port", str(port), "--state", str(state)])
        cls.addClassCleanup(demo.wait)
        cls.addClassCleanup(demo.kill)
        wait_for(lambda: cls.answers(site), what="the demo's site")
        form = {"f_postcode": "75011", "f_bill": "90", "last_name": "Zoé <b>"}
        come, consent = ["press", "text=Publisher"], ["check", "[data-consent]"]

        def filled():
            return [["fill", {**form, **typed()}], ["check", "[name=call]"], ["press", "button"]]

        cls.told = browse([
            {"name": "consent", "steps": [["goto", site], come, consent, ["value", "click_id", ID], *filled()]},
            {"name": "none", "steps": [["goto", site], come, ["value", "click_id", "^$"], *filled()]},
            {"name": "withdrawn", "steps": [["goto", site], come, consent, ["value", "click_id", ID], ["uncheck", "[data-consent]"],
                                            ["value", "click_id", "^$"], *filled()]},
            {"name": "remembered", "steps": [["goto", site], come, consent, ["value", "click_id", ID], ["goto", site], ["value", "click_id", ID], *filled()]},
            {"name": "bad phone", "steps": [["goto", site], come, consent, ["value", "click_id", ID],
                                            ["fill", {**form, **typed(), "phone": "{phone}"}], ["check", "[name=call]"], ["press", "button"]]},
        ])

    @staticmethod
    def answers(site):
        try:
            return send(site + "/").status == 200
        except OSError:
            return False

    def test_what_the_page_shows_is_what_the_server_said(self):
        for name, credited, verdict, worth in (("consent", "Publisher", "pending", "12.00 EUR"), ("none", "nobody", "rejected (no_click)", "0.00 EUR"),
                                               ("withdrawn", "nobody", "rejected (no_click)", "0.00 EUR"), ("remembered", "Publisher", "pending", "12.00 EUR")):
            with self.subTest(name):
                texts = self.told[name]["texts"]
                self.assertEqual((texts["credited"], texts["verdict"].split(".")[0], texts["payout"]), (credited, verdict, worth))
                self.assertIn("signed by the published key", texts["checked"])
                self.assertNotIn("NOT", texts["checked"])
                lead = self.market.operator.get("/v1/leads/" + texts["lead"])
                self.assertIn(lead["contract"] == self.market.contract, (credited == "Publisher",))

    def test_a_refusal_is_shown_and_nothing_typed_is_lost(self):
        texts = self.told["bad phone"]["texts"]
        self.assertIn("phone", texts["problem"])
        kept = self.told["bad phone"]["values"]
        self.assertEqual((kept["last_name"], kept["f_postcode"], kept["phone"]), ("Zoé <b>", "75011", "{phone}"))

    def test_no_page_complains_or_scrolls_sideways(self):
        for name, told in self.told.items():
            with self.subTest(name):
                self.assertEqual([line for line in told["complaints"] if "status of 400" not in line], [])
                self.assertFalse(told["wide"])


if __name__ == "__main__":
    unittest.main()
