#!/usr/bin/python3
"""Writes the seeds that carry signatures or bytes, into corpus/. The keys are those of the targets (fuzz_key)."""
import base64
import hashlib
import hmac
import json
import os
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
sys.path.insert(0, os.path.join(CORPUS, "../../../scripts"))
import score  # noqa: E402

MASTER = bytes([7]) * 32
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)
PUB = SIGNER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
ORIGIN = "ledger.example/log"


def seed(target, name, data):
    folder = os.path.join(CORPUS, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def tokens():
    def subkey(purpose):
        return HKDF(SHA256(), 32, None, b"countersign/v1/" + purpose).derive(MASTER)

    def tagged(key, head):
        return b64url(head + hmac.new(key, head, hashlib.sha256).digest()[:16])

    def encrypted(key, block):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    def click_id():
        block = struct.pack(">QIB", 70000, 1795312231, 0)
        key = HKDF(SHA256(), 32, None, struct.pack(">I", 3)).derive(subkey(b"click keys"))
        inner = encrypted(key, block + bytes(3))
        masked = 3 ^ struct.unpack(">I", encrypted(subkey(b"click mask"), inner)[:4])[0]
        return tagged(subkey(b"click mac"), b"\x01\x01" + inner + struct.pack(">I", masked))

    lead = tagged(subkey(b"lead mac"), b"\x01\x01" + encrypted(subkey(b"lead block"), struct.pack(">IQI", 3, 70000, 0)))
    code = tagged(subkey(b"code"), b"\x01\x01" + struct.pack(">II", 3, 4))
    seed("token", "ok-code", code)
    seed("token", "ok-click-id", click_id())
    seed("token", "ok-lead-ref", "L" + lead)
    seed("token", "ok-secret", "whsec_" + base64.b64encode(bytes(range(24))).decode())
    seed("token", "ok-long-secret", "whsec_" + base64.b64encode(bytes(range(64))).decode())
    seed("token", "no-short-secret", "whsec_" + base64.b64encode(bytes(range(23))).decode())
    seed("token", "no-lead-ref-as-click-id", lead)
    seed("token", "no-trailing-bits", code[:-1] + chr(ord(code[-1]) + 1))
    seed("token", "no-other-kid", "AQI" + code[3:])


def notes():
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + PUB).digest()[:4]

    def line(text):
        return "\u2014 %s %s\n" % (ORIGIN, base64.b64encode(key_id + SIGNER.sign(text.encode())).decode())

    vkey = "%s+%s+%s" % (ORIGIN, key_id.hex(), base64.b64encode(b"\x01" + PUB).decode())
    text = "%s\n70000\n%s\n" % (ORIGIN, base64.b64encode(bytes([1]) * 32).decode())
    stranger = "\u2014 witness.example %s\n" % base64.b64encode(bytes(76)).decode()
    seed("note", "ok-key", vkey)
    seed("note", "no-key-id", vkey.replace("+" + key_id.hex(), "+00000000"))
    seed("note", "no-key-id-end", vkey.replace("+" + key_id.hex(), "+" + key_id[:3].hex() + "00"))
    seed("note", "ok-checkpoint", text + "\n" + line(text))
    seed("note", "ok-witnessed", text + "extension\n\n" + stranger + line(text + "extension\n"))
    seed("note", "no-known-key", text + "\n" + stranger)
    seed("note", "no-other-root", text.replace("AQEB", "AQEC", 1) + "\n" + line(text))


def jwss():
    kid = b64url(hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": b64url(PUB)}).encode()).digest())
    jwk = {"crv": "Ed25519", "kid": kid, "kty": "OKP", "use": "sig", "x": b64url(PUB)}

    def signed(alg, payload):
        head = b64url(canonical({"alg": alg, "kid": kid, "typ": "countersign-statement"}).encode())
        return head, b64url(payload), b64url(SIGNER.sign(("%s.%s" % (head, b64url(payload))).encode()))

    def general(algs, payload):
        parts = [signed(alg, payload) for alg in algs]
        objects = [{"protected": head, "signature": signature} for head, _, signature in parts]
        return canonical({"payload": b64url(payload), "signatures": objects})

    seed("jws", "ok-key", canonical(jwk))
    seed("jws", "no-private-key", canonical(dict(jwk, d=b64url(bytes(32)))))
    seed("jws", "no-kid-of-key", canonical(dict(jwk, kid=b64url(bytes(32)))))
    seed("jws", "ok-compact", ".".join(signed("EdDSA", b'{"a":1}')))
    seed("jws", "ok-compact-ed25519", ".".join(signed("Ed25519", b"")))
    seed("jws", "no-compact-changed", ".".join(signed("EdDSA", b"{}")).replace(".e", ".f", 1))
    seed("jws", "ok-general", general(["EdDSA", "Ed25519"], b'{"a":1}'))
    seed("jws", "no-general-order", general(["Ed25519", "EdDSA"], b'{"a":1}'))
    seed("jws", "no-general-space", general(["EdDSA", "Ed25519"], b'{"a":1}').replace(",", ", ", 1))


def openings():
    """Openings whose plaintexts fit their commitments."""
    salt = bytes([1]) * 16

    def commit(domain, value):
        return b64url(hashlib.sha256(b"countersign/v1/" + domain + b"\n" + salt + canonical(value).encode()).digest())

    network, contact = {"ip": "1.2.3.4", "ua": "x"}, {"email": "ana@example.com"}
    told = {"contact_sha256": commit(b"contact", contact), "network_sha256": commit(b"net", network), "index": 7,
            "salt": b64url(salt), "email": b64url(salt)}
    seed("commitment", "ok-kept", b"\1" + bytes(128))
    seed("commitment", "no-kept-cut", b"\1" + bytes(127))
    seed("commitment", "ok-opening-contact", canonical(dict(told, contact=contact, contact_salt=b64url(salt))))
    seed("commitment", "ok-opening-network", canonical(dict(told, network_salt=b64url(salt), **network)))
    seed("commitment", "no-opening-other-ip", canonical(dict(told, network_salt=b64url(salt), ip="1.2.3.5", ua="x")))


def envelopes():
    def envelope(kind, entry, beside, device=0):
        length = struct.pack(">H", len(entry)) if kind in (0, 4) else b""
        return struct.pack(">BBIBI", kind, device << 4, 3, 0, 70000) + length + entry + beside

    seed("journal", "ok-lead", envelope(4, b'{"at":1}', bytes(113)))
    seed("journal", "ok-alone", envelope(9, b"{}", b""))
    seed("journal", "ok-root", envelope(0, bytes(32), b""))
    seed("journal", "ok-empty", envelope(1, b"", b""))
    seed("journal", "no-kind", envelope(255, b"{}", b""))
    seed("journal", "ok-device", envelope(2, b'{"at":1}', b"", 4))
    seed("journal", "no-device", envelope(2, b"{}", b"", 5))
    seed("journal", "no-device-of-a-view", envelope(3, b"{}", b"", 1))
    seed("journal", "no-class", envelope(2, b"{}", b"")[:1] + b"\x0f" + envelope(2, b"{}", b"")[2:])
    seed("journal", "no-rest", envelope(4, b"{}", b"")[:-1])
    seed("journal", "no-length", envelope(4, b"", b"")[:-1])
    seed("journal", "no-head", envelope(2, b"", b"")[:-1])


def private_parts():
    drawn = bytes([1]) * 16
    seed("private", "ok-click", drawn + b"\0\1\2\3\4Mozilla/5.0")
    seed("private", "ok-click-v6", drawn + b"\x0c2001:db8::1Mozilla/5.0 (\"x\")")
    seed("private", "ok-lead", drawn + b"\x81\0\0" + '{"email":"ana@example.com","f_note":"é"}'.encode())
    seed("private", "ok-lead-bare", drawn + b"\x80\1\2\3\4\0\1x{}")
    seed("private", "no-text", drawn + b"\x081.2.3.4x")
    seed("private", "no-rest", drawn + b"\0\1\2\3")
    seed("private", "no-utf8", drawn + b"\0\1\2\3\4\xff")
    seed("private", "no-contact", drawn + b"\x81\0\1x")
    seed("private", "no-length", drawn + b"\x81\0")


def records():
    """FORMATS.md, "Records"."""
    def text(value):
        value = value.encode() if isinstance(value, str) else value
        return struct.pack(">I", len(value)) + value

    def head(kind, advertiser=2, key=b"", token=b""):
        return (struct.pack(">BBHIQQB", 1, kind, 0, advertiser, 1_790_000_000_000, 1_790_000_000_001, bool(token)) +
                token + bytes([bool(key)]) + key)

    sealed = struct.pack(">I", 20_600) + text(bytes(range(40)))
    nonce = b"\1" + b"n" * 16 + b"r" * 32 + struct.pack(">Q", 1_790_000_600) + b"\0"
    click = struct.pack(">IIB", 2, 1, 0) + b"c" * 32 + b"".join(map(text, ("nov", "", "", "", "x", "utm", "", "", "", "", ""))) + b"\0\2"
    click += text("")
    lead = (struct.pack(">I", 2) + text("P3") + b"\0" + text("order-1") + b"\3\0\0\0\0\1" +
            b"\1" + struct.pack(">IQIB", 2, 7, 1_790_000_000, 0) + b"\1" + text("country") + text("FR") +
            text("a") + 4 * text("") + struct.pack(">q", -18_000) + b"\1\0" + b"e" * 16 + bytes(16) + b"f" * 32 + b"k" * 32 + b"q" * 32 + b"s" * 16 + b"c" * 32 + b"n" * 32 + sealed + nonce)
    seed("record", "ok-click", head(1) + click + sealed)
    seed("record", "ok-lead", head(3) + lead)
    seed("record", "ok-code-idempotent", head(16, 2, b"i" * 60, b"t" * 32) + struct.pack(">II", 2, 3) + text("label") + text("") + struct.pack(">I", 100))
    seed("record", "ok-statement", head(17) + struct.pack(">IQQQBqqqQBqQQ", 2, 3, 7, 9, 0, 1_790_000_000_000,
         1_790_000_000_000, 3600, 0, 1, 200_000, 1, 2) + b"l" * 32 + b"p" * 32 + bytes(481) + struct.pack(">qQQQQ", 0, 1, 0, 0, 5) + b"s" * 32 + text("{}") + text("") + text("{}"))
    seed("record", "ok-fresh-head", head(19) + struct.pack(">I", 2))
    seed("record", "ok-sweep", head(24, 0) + bytes(12))
    seed("record", "ok-day-keys", head(23, 0) + struct.pack(">I", 20_600) + bytes(120))
    def refusal(party, proven, status, *texts):
        return (struct.pack(">IBQQH", party, proven, 2**64 - 1 - 1_790_000_000_000, 0x9f3c1d20a4b5e677, status) +
                b"".join(bytes([len(t)]) + t for t in texts))

    rows = refusal(3, 1, 400, b"K3", b"/postback", b"txid", b"too long") + refusal(0, 0, 200, b"", b"/p/{*}", b"", b"none")
    for name, body in (("ok-refused", rows), ("ok-refused-none", b""), ("no-refused-cut", rows[:-1]),
                       ("no-refused-status", refusal(3, 1, 500, b"", b"", b"", b"")), ("no-refused-proof", refusal(0, 1, 400, b"", b"", b"", b"")),
                       ("no-refused-control", refusal(3, 0, 400, b"", b"", b"", b"a\nb")), ("no-refused-kid", refusal(3, 0, 400, b"K" * 17, b"", b"", b""))):
        seed("record", name, head(27, 0) + text(body) + struct.pack(">II", 0, 64))
    for name, places in (("ok-erase", ((1, 7), (1, 9), (2, 3))), ("no-erase-order", ((1, 9), (1, 7))), ("no-erase-twice", ((1, 7), (1, 7)))):
        data = b"".join(struct.pack(">IQ", *place) for place in places)
        seed("record", name, head(38, 0) + struct.pack(">II", 1, len(data)) + data)
    seed("record", "no-erase-cut", head(38, 0) + struct.pack(">II", 1, 7) + bytes(7))
    seed("record", "no-kind-0", head(0))
    seed("record", "no-bool-2", head(26, 0) + b"\2")
    seed("record", "no-cut", (head(1) + click + sealed)[:-1])
    seed("record", "no-longer", head(24, 0) + b"\0")
    seed("record", "no-nul-in-id", head(17) + struct.pack(">I", 2) + b"\2S\0")


def bundles():
    entries = [b'{"at":1}', b"", bytes(300)]
    bundle = b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)
    seed("tile", "ok-bundle", bundle)
    seed("tile", "no-bundle-cut", bundle[:-1])


def scores():
    """States of the shape of fuzz_score.c: f_age, sub1, contract, all crossed."""
    shape = score.Shape([("f_age", False), ("sub1", True), ("contract", True)], [0, 1, 2])
    begun, lived = score.State(shape), score.State(shape)
    for n in range(40):
        tokens_of = shape.tokens([str(n % 9).encode(), b"p%d" % (n % 5), b"id"])
        lived.predict(tokens_of)
        lived.learn(tokens_of, n % 3 // 2)
    good, head = lived.bytes(), 19 + 8 + 4 * 6
    slots = [good[i:i + 16] for i in range(head, len(good), 16)]
    seed("score", "ok-begun", begun.bytes())
    seed("score", "ok-lived", good)
    seed("score", "no-version", b"\2" + good[1:])
    seed("score", "no-cut", good[:-1])
    seed("score", "no-order", good[:head] + b"".join(reversed(slots)))
    seed("score", "no-twice", good + slots[-1])
    seed("score", "no-empty-slot", good[:head] + bytes(16) + good[head:])
    seed("score", "no-other-shape", good[:17] + b"\4" + good[18:])
    seed("score", "no-doubt", good[:-4] + struct.pack(">I", 2**16 - 1))
    seed("score", "no-mean", good[:-8] + struct.pack(">i", 2**27 + 1) + good[-4:])
    seed("score", "no-held", good[:13] + struct.pack(">I", 65537) + good[17:])


for write in (tokens, notes, jwss, openings, envelopes, private_parts, records, bundles, scores):
    write()
