#!/usr/bin/python3
"""The advertiser's own site in the story: a landing page with the tag, a form and a consent switch, and a back end that reports what is
sent by a signed postback and shows the answer. It knows of the server what an advertiser knows, from a file that the story writes."""

import argparse
import html
import json
import re
import secrets
import string
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from client import Sender, b64u_decode, jws_payload, money, send

PAGES = Path(__file__).resolve().parent / "demo"
FILES = {"/demo.css": "text/css; charset=utf-8", "/demo.js": "text/javascript; charset=utf-8"}
TYPED = ("f_postcode", "f_bill", "last_name", "email", "phone")
SENT = ("click_id", "touches", "f_owner", "country", *TYPED)
FORM_MAX = 16384

SAID = {  # by status: how it looks, what it means
    "pending": ("ok", "The advertiser looks at it, and pays once it is approved."),
    "held": ("wait", "Somebody has to look at it before anything else happens."),
    "approved": ("ok", "It is on the next statement."),
    "duplicate": ("bad", "This person asked before, so nobody is paid twice."),
    "rejected": ("bad", "It is on record with its reason, and nobody is paid for it."),
}
NO_CLICK = "Without your consent, or without a publisher’s link, no click came along: it is on record, and nobody is credited."


def page(name, **values):
    return string.Template((PAGES / name).read_text()).substitute(values).encode()


def receipt_signer(tracker, receipt):
    """The id of the published key that signed a compact JWS; None when no such key did."""
    signed, signature = receipt.rsplit(".", 1)
    kid = json.loads(b64u_decode(signed.split(".")[0]))["kid"]
    for key in send(tracker + "/.well-known/jwks.json").json["keys"]:
        if key["kid"] == kid:
            try:
                Ed25519PublicKey.from_public_bytes(b64u_decode(key["x"])).verify(b64u_decode(signature), signed.encode())
            except InvalidSignature:
                return None
            return kid
    return None


class Site:
    """What the pages are made of. Values for templates are HTML already."""

    def __init__(self, state):
        self.state, self.tracker = state, state["tracker"]
        self.sender = Sender(self.tracker, state["kid"], state["secret"])
        self.common = {"tracker": html.escape(self.tracker),
                       "links": " · ".join(f'<a href="{html.escape(link["url"])}">{html.escape(link["name"])}</a>' for link in state["links"])}

    def landing(self, given=None, problem=""):
        given = given or {}
        form = given.get("form", "")
        return page("landing.html", **self.common, tag=self.state["tag"], problem=problem,
                    form=form if re.fullmatch(r"[\w-]{22}", form) else secrets.token_urlsafe(16),
                    **{name: html.escape(given.get(name, "")) for name in TYPED})

    def report(self, given):
        """(status, page). One form is one lead, however often it is sent: its txid is the form's own."""
        fields = {name: given[name].strip() for name in SENT if given.get(name, "").strip()}
        target = self.sender.signed_target({**fields, "txid": "form-" + given.get("form", ""), "campaign": self.state["campaign"]})
        answer = send(self.tracker + target)
        if answer.status != 200:
            told = answer.json
            what = f'<p class="note bad" id="problem"><b>The postback was refused.</b> {html.escape(told.get("field", ""))} {html.escape(told.get("detail", ""))}</p>\n'
            return answer.status, self.landing(given, what)
        return 200, self.answer(answer.json, target)

    def answer(self, lead, target):
        tone, sentence = SAID.get(lead["status"], ("", ""))
        publisher = self.state["publishers"].get(lead["contract"])
        signer = receipt_signer(self.tracker, lead["receipt"])
        told = {"status": lead["status"], "because": f' ({lead["reason"]})' if lead["reason"] else "",
                "sentence": NO_CLICK if lead["reason"] == "no_click" else sentence, "credited": publisher or "nobody",
                "payout": money(lead["payout_micros"], lead["currency"]), "index": str(lead["index"]), "contract": lead["contract"],
                "lead": lead["lead"], "receipt": lead["receipt"], "payload": json.dumps(jws_payload(lead["receipt"]), indent=1),
                "checked": "signed by the published key" if signer else "NOT signed by a published key", "signer": signer or "",
                "request": f"GET {target}"}
        return page("answer.html", **self.common, tone=tone, **{name: html.escape(value) for name, value in told.items()})


class Handler(BaseHTTPRequestHandler):
    def reply(self, status, body, content_type="text/html; charset=utf-8"):
        tracker = self.server.site.tracker if self.server.site else ""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", f"default-src 'none'; script-src 'self' {tracker}; img-src {tracker}; style-src 'self'; "
                                                    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def site(self):
        """As the story left it last: another run over the same folder writes anew."""
        path = self.server.state
        if not path.exists():
            self.reply(503, b"The story has not come so far yet.\n", "text/plain; charset=utf-8")
            return None
        self.server.site = Site(json.loads(path.read_text()))
        return self.server.site

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path in FILES:
            self.reply(200, (PAGES / path[1:]).read_bytes(), FILES[path])
        elif path != "/":
            self.reply(404, b"There is nothing at this address.\n", "text/plain; charset=utf-8")
        elif site := self.site():
            self.reply(200, site.landing())

    do_HEAD = do_GET

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > FORM_MAX:
            self.reply(413, b"This form is too large.\n", "text/plain; charset=utf-8")
        elif site := self.site():
            given = dict(urllib.parse.parse_qsl(self.rfile.read(int(length)).decode(errors="replace")))
            self.reply(*site.report(given))

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--state", required=True, type=Path, help="what the story says of server, campaign and links")
    args = parser.parse_args()
    try:
        server = ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    except OSError as problem:
        parser.exit(1, f"the landing page cannot have port {args.port}: {problem.strerror}; give scripts/run another --demo-port\n")
    server.state, server.site = args.state, None
    server.serve_forever()


if __name__ == "__main__":
    main()
