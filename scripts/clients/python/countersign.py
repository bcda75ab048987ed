"""Countersign: report leads by signed postbacks, keep the receipts, verify webhooks. Python 3.8 or later, nothing else.

    client = Client("https://track.example", "KM8M1EDPTQCVM", "whsec_...", "receipts.jsonl")
    answer = client.send({"click_id": "AQ...", "txid": "order-1", "email": "ana@example.com"})
    event = verify(secret, request.headers, request.body)    # raises ValueError where it is forged, altered or old
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request

PAUSES_S = (1, 2, 4)
WINDOW_S = 300


def key_of(secret):
    return base64.b64decode(secret[len("whsec_"):] if secret.startswith("whsec_") else secret, validate=True)


def sign(secret, ident, timestamp, body):
    text = b"%s.%s.%s" % (ident.encode(), str(timestamp).encode(), body)
    return "v1," + base64.b64encode(hmac.new(key_of(secret), text, hashlib.sha256).digest()).decode()


class Refused(Exception):
    """A 4xx: to send the same again would be refused again. The text says why."""


class Client:
    def __init__(self, url, kid, secret, receipts):
        self.target, self.secret, self.receipts = f"{url.rstrip('/')}/postback/{kid}", secret, receipts

    def send(self, fields):
        """The answer, once its receipt is on the disk. The very same bytes go again where it is unknown whether they arrived: they count once."""
        body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        ident, timestamp = "msg_" + secrets.token_urlsafe(18), int(time.time())
        headers = {"Content-Type": "application/json", "webhook-id": ident, "webhook-timestamp": str(timestamp),
                   "webhook-signature": sign(self.secret, ident, timestamp, body)}
        for pause in (*PAUSES_S, None):
            try:
                with urllib.request.urlopen(urllib.request.Request(self.target, body, headers, method="POST"), timeout=15) as answer:
                    said = json.load(answer)
                break
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    raise Refused(error.read().decode(errors="replace")) from None
                if pause is None:
                    raise
            except OSError:
                if pause is None:
                    raise
            time.sleep(pause)
        self.keep({**said, "request": f"{ident}.{timestamp}.{body.decode()}"})
        return said

    def keep(self, receipt):
        with open(self.receipts, "a", encoding="utf-8") as file:
            file.write(json.dumps(receipt, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())


def verify(secret, headers, body, now=None):
    """What a delivery says, if it is the server's own, whole and fresh. `headers`: a mapping, `body`: the bytes as they came."""
    headers = {name.lower(): value for name, value in headers.items()}
    ident, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not ident or not timestamp.isdigit() or abs((now or time.time()) - int(timestamp)) > WINDOW_S:
        raise ValueError("no webhook of the last five minutes")
    wanted = sign(secret, ident, timestamp, body)
    if not any(hmac.compare_digest(wanted, one) for one in headers.get("webhook-signature", "").split(" ")):
        raise ValueError("the signature does not hold")
    return json.loads(body)


def main(command, *arguments):
    secret = os.environ["COUNTERSIGN_SECRET"]
    if command == "send":
        url, kid, receipts, *pairs = arguments
        print(json.dumps(Client(url, kid, secret, receipts).send(dict(pair.split("=", 1) for pair in pairs))))
    else:
        headers = {name: os.environ.get(name.upper().replace("-", "_"), "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        print(verify(secret, headers, sys.stdin.buffer.read())["type"])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Refused, ValueError) as error:
        sys.exit(str(error))
