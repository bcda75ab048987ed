"""Oracles that we did not write open what we sign and sign what we accept. Each has its negative control: one changed byte is refused."""

import hashlib
import hmac
import json
import secrets
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from base64 import b64decode, b64encode
from pathlib import Path

from jwcrypto import jwk, jws

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import Market, ServerCase, b64u_decode, countersign, person, rfc3339, send, statement_payload  # noqa: E402


def run(*command, data=None, **options):
    return subprocess.run([str(part) for part in command], input=data, capture_output=True, timeout=180, check=False, **options)


def flip(data, at=None):
    """One bit changed, in the middle if no place is said."""
    at = len(data) // 2 if at is None else at
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


class Oracles(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market = cls.market
        for n in range(270):  # over one full tile
            click_id = market.click(f"?sub1=caf%C3%A9-{n}")
            if n % 30 == 0:
                lead = market.publisher.postback(person(click_id=click_id)).json["lead"]
                market.advertiser.postback({"lead": lead, "status": "approved", "reason": "très bien \"quoted\" \\ \u2028"})
        cls.receipt = market.publisher.postback(person(click_id=market.click())).json["receipt"]
        cls.statement_id = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        cls.statement = market.publisher.do("GET", f"/v1/statements/{cls.statement_id}").body
        cls.jwks = send(cls.server.url + "/.well-known/jwks.json").body
        market.settled_entries()
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-interop-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = Path(cls.folder.name)

    def flipped_payload(self):
        """The statement with one digit of its payload changed: still JSON, still base64url."""
        outer = json.loads(self.statement)
        text = outer["payload"]
        outer["payload"] = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]
        return json.dumps(outer).encode()

    # the log

    def test_go_opens_the_checkpoint_and_rebuilds_the_tree(self):
        mirror = self.path / "mirror"
        done = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.auditor.token)
        self.assertEqual(done.returncode, 0, done.stderr)
        checker = self.path / "logcheck"
        built = run(HERE / "go" / "build.sh", checker)
        self.assertEqual(built.returncode, 0, built.stderr.decode())
        origin = f"127.0.0.1:{self.server.port}/log/{self.market.contract}"
        key = b64decode((mirror / "log/keys").read_text().split()[0].split("+", 2)[2])
        vkey = f"{origin}+{hashlib.sha256(origin.encode() + bytes([10]) + key).hexdigest()[:8]}+{b64encode(key).decode()}"
        log = mirror / "log" / self.market.contract
        self.assertEqual(run(checker, vkey, log).returncode, 0)
        for name in ("checkpoint", "tile/0/000", "tile/entries/000"):
            with self.subTest(changed=name):
                good = (log / name).read_bytes()
                (log / name).write_bytes(flip(good))
                self.assertEqual(run(checker, vkey, log).returncode, 1)
                (log / name).write_bytes(good)

    def test_canonicalize_agrees_with_every_entry(self):
        entries = [entry for _, entry in self.market.entries()]
        payload = statement_payload(self.statement)
        lines = b"\n".join([*entries, payload])
        self.assertEqual(run("node", HERE / "canonical.mjs", data=lines).stdout, b"0\n")
        spaced = b"\n".join([*entries, payload.replace(b":", b": ", 1)])
        self.assertEqual(run("node", HERE / "canonical.mjs", data=spaced).stdout, b"1\n", "it can say no")

    # signatures of ours

    def test_jose_verifies_statement_and_receipt(self):
        def verdict(what):
            return run("node", HERE / "verify.mjs", data=json.dumps({"jwks": json.loads(self.jwks), "jws": what}).encode())

        done = verdict(json.loads(self.statement))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), {"algs": ["EdDSA", "Ed25519"], "bytes": len(statement_payload(self.statement))})
        self.assertEqual(verdict(json.loads(self.flipped_payload())).returncode, 1)
        self.assertEqual(verdict(self.receipt).returncode, 0)
        head, payload, signature = self.receipt.split(".")
        changed = payload[:20] + ("A" if payload[20] != "A" else "B") + payload[21:]
        self.assertEqual(verdict(f"{head}.{changed}.{signature}").returncode, 1)

    def test_jwcrypto_verifies_the_statement(self):
        keys = jwk.JWKSet.from_json(self.jwks.decode())

        def verify(statement):
            token = jws.JWS()
            token.deserialize(statement)
            header = json.loads(b64u_decode(json.loads(statement)["signatures"][0]["protected"]))
            token.verify(keys.get_key(header["kid"]))  # any of its two signatures; it knows EdDSA alone
            return token.payload

        self.assertEqual(verify(self.statement.decode()), statement_payload(self.statement))
        with self.assertRaises(jws.InvalidJWSSignature):
            verify(self.flipped_payload().decode())

    def test_openssl_verifies_both_statement_signatures(self):
        key = json.loads(self.jwks)["keys"][0]
        public = self.path / "key.der"
        public.write_bytes(bytes.fromhex("302a300506032b6570032100") + b64u_decode(key["x"]))  # RFC 8410

        def verify(signature, statement):
            (self.path / "text").write_bytes((signature["protected"] + "." + statement["payload"]).encode())
            (self.path / "sig").write_bytes(b64u_decode(signature["signature"]))
            return run("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", public, "-in", self.path / "text",
                       "-sigfile", self.path / "sig").returncode

        good, bad = json.loads(self.statement), json.loads(self.flipped_payload())
        self.assertEqual(len(good["signatures"]), 2)
        for n in range(2):
            self.assertEqual(verify(good["signatures"][n], good), 0)
            self.assertNotEqual(verify(bad["signatures"][n], bad), 0)

    # signatures of others

    def test_standardwebhooks_signs_what_we_accept(self):
        body = json.dumps({**person(click_id=self.market.click()), "fields": {"note": "é"}}).encode()
        ident, now = "msg_" + secrets.token_hex(12), int(time.time())
        given = {"secret": self.market.publisher.secret, "id": ident, "timestamp": now, "body": body.decode()}
        signed = run("node", HERE / "webhook_sign.mjs", data=json.dumps(given).encode())
        self.assertEqual(signed.returncode, 0, signed.stderr)

        def post(body):
            return send(f"{self.server.url}/postback/{self.market.publisher.kid}", "POST", body, {
                "Content-Type": "application/json", "webhook-id": ident, "webhook-timestamp": str(now),
                "webhook-signature": signed.stdout.decode().strip()})

        self.assertStatus(post(flip(body, body.index(b"example"))), 401)
        self.assertEqual(self.assertStatus(post(body), 200).json["status"], "pending")

    def test_hmac_of_the_standard_library_signs_what_we_accept(self):
        """The recipe of the README, spelt out: nothing here comes from our own client."""
        publisher = self.market.publisher
        fields = {**person(click_id=self.market.click()), "kid": publisher.kid, "ts": int(time.time()), "nonce": secrets.token_hex(16)}
        target = "/postback?" + urllib.parse.urlencode(fields)
        text = "\n".join(["PBv1", "GET", f"127.0.0.1:{self.server.port}", target, hashlib.sha256(b"").hexdigest()])
        sig = hmac.new(b64decode(publisher.secret[len("whsec_"):]), text.encode(), "sha256").hexdigest()
        self.assertStatus(send(f"{self.server.url}{target.replace('first_name=L', 'first_name=M')}&sig={sig}"), 401)
        self.assertEqual(self.assertStatus(send(f"{self.server.url}{target}&sig={sig}"), 200).json["status"], "pending")

    def test_jose_signs_a_countersignature_that_we_accept(self):
        market = Market(self.server)
        made = run("node", HERE / "countersign.mjs", data=b"{}")
        self.assertEqual(made.returncode, 0, made.stderr)
        private, party = json.loads(made.stdout)["private"], market.advertiser

        def sign(payload):
            return run("node", HERE / "countersign.mjs", data=json.dumps({"private": private, "payload": payload}).encode()).stdout.strip()
        shown = sign({"party": party.id, "issuer": self.server.url, "jwk": json.loads(made.stdout)["public"], "at": rfc3339()})
        party.do("PUT", f"/v1/parties/{party.id}/key", shown, {"Content-Type": "application/jose"})
        statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        payload = statement_payload(market.advertiser.do("GET", f"/v1/statements/{statement}").body)
        signed = sign(party.response(payload))
        path = f"/v1/statements/{statement}/responses"
        changed = flip(signed, signed.rindex(b".") + 10)
        self.assertIn(market.advertiser.call("POST", path, changed, {"Content-Type": "application/jose"}).status, (400, 401, 403, 422))
        self.assertStatus(market.advertiser.call("POST", path, signed, {"Content-Type": "application/jose"}), 201)


if __name__ == "__main__":
    unittest.main()
