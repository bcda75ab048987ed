"""A small client of a Countersign server: the calls, signatures and keys that the story and the tests need."""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
import urllib.parse

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TIMEOUT_S = 20
now = time.time  # who goes by another clock than this machine's puts it here


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64u_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value):
    """RFC 8785 for what the server writes: ASCII keys, integers, no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def money(micros, currency):
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // 1_000_000}.{abs(micros) % 1_000_000 // 10_000:02d} {currency}"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Refused(Exception):
    """A call that should have succeeded did not."""


def send(url, method="GET", body=None, headers=None, timeout_s=None):
    """One request on a connection of its own; redirects are not followed."""
    parts = urllib.parse.urlsplit(url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname, parts.port, timeout=timeout_s or TIMEOUT_S)
    try:
        target = url[len(f"{parts.scheme}://{parts.netloc}"):] or "/"
        connection.request(method, target, body=body, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def postback_key(secret):
    """The HMAC key inside `whsec_<base64>`."""
    return base64.b64decode(secret.removeprefix("whsec_"))


def query_signature(secret, method, host, target, body=b""):
    text = f"PBv1\n{method}\n{host}\n{target}\n{hashlib.sha256(body).hexdigest()}"
    return hmac.new(postback_key(secret), text.encode(), hashlib.sha256).hexdigest()


def webhook_signature(secret, ident, timestamp, body):
    mac = hmac.new(postback_key(secret), f"{ident}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def jws_payload(compact):
    """The payload of a compact JWS, unverified."""
    return json.loads(b64u_decode(compact.split(".")[1]))


def rfc3339(seconds=None):
    seconds = now() if seconds is None else seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


class Caller:
    """Somebody with an API token."""

    def __init__(self, base, token):
        self.base, self.token = base, token

    def call(self, method, path, body=None, headers=None):
        """A management call; answers whatever came back. A dict or list goes out as JSON, bytes as they are."""
        headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        return send(self.base + path, method, body, headers)

    def do(self, method, path, body=None, headers=None):
        """The same for a call that has to succeed."""
        answer = self.call(method, path, body, headers)
        if answer.status // 100 != 2:
            raise Refused(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace')}")
        return answer

    def get(self, path, **query):
        return self.do("GET", path + ("?" + urllib.parse.urlencode(query) if query else "")).json

    def post(self, path, body):
        return self.do("POST", path, body).json

    def put(self, path, body):
        return self.do("PUT", path, body).json

    def patch(self, path, body):
        return self.do("PATCH", path, body).json

    def delete(self, path):
        return self.do("DELETE", path).json


class Sender:
    """Whoever reports by signed postbacks: a kid and its secret."""

    def __init__(self, base, kid, secret):
        self.base, self.kid, self.secret = base, kid, secret
        self.host = urllib.parse.urlsplit(base).netloc

    def signed_target(self, fields, method="GET", body=b"", ts=None, nonce=None, path="/postback"):
        """Path and query of a signed query postback, `sig` last."""
        fields = {**fields, "kid": self.kid, "ts": int(now()) if ts is None else ts,
                  "nonce": nonce or secrets.token_urlsafe(18)}
        target = path + "?" + urllib.parse.urlencode(fields)
        return target + "&sig=" + query_signature(self.secret, method, self.host, target, body)

    def postback(self, fields, **options):
        """Reports by a signed GET."""
        return send(self.base + self.signed_target(fields, **options))

    def postback_form(self, fields, **options):
        """Reports by a signed form POST: the fields in the body, what signs in the query."""
        body = urllib.parse.urlencode(fields).encode()
        target = self.signed_target({}, method="POST", body=body, **options)
        return send(self.base + target, "POST", body, {"Content-Type": "application/x-www-form-urlencoded"})

    def postback_json(self, fields, ident=None, timestamp=None, body=None, signature=None):
        """Reports by signed JSON (Standard Webhooks)."""
        body = json.dumps(fields).encode() if body is None else body
        ident = ident or "msg_" + secrets.token_urlsafe(18)
        timestamp = int(now()) if timestamp is None else timestamp
        signature = signature or webhook_signature(self.secret, ident, timestamp, body)
        return send(f"{self.base}/postback/{self.kid}", "POST", body,
                    {"Content-Type": "application/json", "webhook-id": ident, "webhook-timestamp": str(timestamp),
                     "webhook-signature": signature})


def public_jwk(key):
    return {"kty": "OKP", "crv": "Ed25519", "x": b64u(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}


def jws(key, payload, **header):
    """A compact JWS of canonical JSON by that key."""
    kid = b64u(hashlib.sha256(canonical(public_jwk(key))).digest())
    signed = b64u(canonical({"alg": "EdDSA", "kid": kid, **header})) + "." + b64u(canonical(payload))
    return signed + "." + b64u(key.sign(signed.encode()))


class Party(Caller, Sender):
    """A party made through `POST /v1/parties`: its token, its postback secret, its own countersigning key."""

    def __init__(self, operator, name, kind):
        made = operator.post("/v1/parties", {"name": name, "kind": kind})
        Caller.__init__(self, operator.base, made["token"])
        Sender.__init__(self, operator.base, made.get("kid"), made.get("postback_secret"))
        self.id, self.name = made["id"], name
        self.key = Ed25519PrivateKey.generate()

    # countersigning

    @property
    def jwk(self):
        return public_jwk(self.key)

    def key_body(self, previous=None, **changes):
        """What puts this party's key on record: shown by itself, and by the `previous` key where there is one."""
        payload = {"party": self.id, "issuer": self.base, "jwk": self.jwk, "at": rfc3339(), **changes}
        body = {"jws": self.jws(payload)}
        return body if previous is None else {**body, "previous_jws": jws(previous, payload)}

    def put_key(self, previous=None):
        return self.do("PUT", f"/v1/parties/{self.id}/key", self.key_body(previous))

    def new_key(self):
        """Another key, which the one before signs as well."""
        previous, self.key = self.key, Ed25519PrivateKey.generate()
        return self.put_key(previous)

    def jws(self, payload):
        """A compact JWS of canonical JSON by this party's own key."""
        return jws(self.key, payload)

    def response(self, payload, verdict="accept", disputed=(), **changes):
        """An answer to the statement of that payload, as it is signed."""
        return {"typ": "countersign-response", "issuer": self.base, "party": self.id, "verdict": verdict,
                "statement_sha256": hashlib.sha256(payload).hexdigest(), "disputed": list(disputed), "at": rfc3339(), **changes}

    def answer_statement(self, statement_id, verdict="accept", disputed=(), payload=None, **changes):
        """Fetches a statement and answers it with a signature over its SHA-256."""
        if payload is None:
            payload = statement_payload(self.do("GET", f"/v1/statements/{statement_id}").body)
        text = self.jws(self.response(payload, verdict, disputed, **changes))
        return self.call("POST", f"/v1/statements/{statement_id}/responses", text.encode(),
                         {"Content-Type": "application/jose"})

    def assent_jws(self, contract, version, /, **changes):
        """Its word that it agrees to a version of a contract's terms: to the very entry of that version; as typ countersign-withdrawal, that it takes that back."""
        shown = self.get(f"/v1/contracts/{contract}/terms/{version}")
        return self.jws({"typ": "countersign-assent", "issuer": self.base, "party": self.id, "contract": contract, "version": version,
                         "leaf": shown["leaf"], "at": rfc3339(), **changes})

    def adjustment_jws(self, contract, index, /, **changes):
        """Its word that it agrees to an adjustment: to the very entry."""
        shown = next(each for each in self.get(f"/v1/contracts/{contract}/adjustments?limit=200")["data"] if each["index"] == index)
        return self.jws({"typ": "countersign-assent", "issuer": self.base, "party": self.id, "contract": contract, "adjustment": index,
                         "leaf": shown["leaf"], "at": rfc3339(), **changes})

    def assent_to_adjustment(self, contract, index, jws=None):
        jws = self.adjustment_jws(contract, index) if jws is None else jws
        return self.call("POST", f"/v1/contracts/{contract}/adjustments/{index}/assent", jws.encode(), {"Content-Type": "application/jose"})

    def assent(self, contract, version, jws=None):
        jws = self.assent_jws(contract, version) if jws is None else jws
        return self.call("POST", f"/v1/contracts/{contract}/terms/{version}/assent", jws.encode(), {"Content-Type": "application/jose"})

    def take_back(self, contract, version, jws=None):
        """Its assent to a version that both have assented to, and that does not bind yet."""
        jws = self.assent_jws(contract, version, typ="countersign-withdrawal") if jws is None else jws
        return self.call("POST", f"/v1/contracts/{contract}/terms/{version}/withdraw", jws.encode(), {"Content-Type": "application/jose"})


def statement_payload(jws):
    """The payload bytes of a statement (General JWS), unverified."""
    return b64u_decode(json.loads(jws)["payload"])


def click(url, **headers):
    """Follows a tracking link as a browser would up to the redirect: (answer, click id)."""
    answer = send(url, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0", **headers})
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers.get("Location", "")).query)
    return answer, query.get("click_id", [None])[0]
