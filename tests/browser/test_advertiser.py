"""An advertiser in a real Chromium: answers leads by keys, and a statement by its own key, which stays in the browser. What it signed is pulled and
verified."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: E402
from harness import CHROMIUM, Market, ServerCase, b64u, b64u_decode, countersign, person, wait_for  # noqa: E402
from client import public_jwk  # noqa: E402 (where the harness put it)


class Advertiser(ServerCase):
    @classmethod
    def set_up_market(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.market = market = Market(cls.server, {"review": {"mode": "auto", "auto_approve_days": 9}})
        market.put_keys()
        cls.leads = [market.publisher.postback(person(click_id=market.click(), txid=f"order-{n}")).json["lead"] for n in range(6)]
        for lead in cls.leads[:2]:
            market.advertiser.postback({"lead": lead, "status": "approved"})
        cls.statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        lines = [json.loads(line) for line in market.advertiser.do("GET", f"/v1/statements/{cls.statement}/lines").text.splitlines()]
        cls.line = [one["index"] for one in lines if one["micros"]][1]
        cls.secret = b64u(market.advertiser.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
        keys = {"own": cls.keep("own", {**market.advertiser.jwk, "d": cls.secret}),
                "wrong": {"other": cls.keep("other", cls.private(Ed25519PrivateKey.generate())), "public": cls.keep("public", market.advertiser.jwk), "no_json": cls.keep("no_json", "x{")}}
        asked = {"chromium": CHROMIUM, "base": cls.server.url, "token": market.advertiser.token, "statement": cls.statement, "keys": keys, "line": cls.line}
        done = subprocess.run(["node", str(HERE / "advertiser.mjs")], input=json.dumps(asked), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise AssertionError(done.stderr[-4000:])
        cls.told = json.loads(done.stdout)

    @classmethod
    def private(cls, key):
        return {**public_jwk(key), "d": b64u(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))}

    @classmethod
    def keep(cls, name, what):
        path = cls.folder / f"{name}.jwk"
        path.write_text(what if isinstance(what, str) else json.dumps(what))
        return str(path)

    def test_nothing_is_complained_of(self):
        self.assertEqual(self.told["complaints"], [])

    def test_a_form_that_is_too_large_loses_nothing(self):
        length = len("lead,status\n" + "x,approved\n" * 130000)
        self.assertEqual((self.told["large"], self.told["large_sent"]), (["/answers", "A form takes 2,048 KiB: send this in parts.", length], 0))
        self.assertIn("Not recorded: 1.", self.told["small"])
        self.assertEqual(self.told["refused"][0], "Too much for one form")
        self.assertIn("2,048 KiB", self.told["refused"][1])
        self.assertEqual(self.told["back"], ["/answers", length])

    def test_keys_choose_and_answer_but_not_while_somebody_types(self):
        wanted = self.leads[3:5]  # two were approved: of four that wait the second and the third
        self.assertEqual((self.told["chosen"], self.told["count"], self.told["after_typing"]), (wanted, "2", 2))
        self.assertIn("Answered: 2.", self.told["answered"])
        states = [self.operator.get("/v1/leads/" + lead) for lead in self.leads]
        self.assertEqual([(one["status"], one.get("note", "")) for one in states[2:]], [("pending", ""), ("rejected", "jar"), ("rejected", "jar"), ("pending", "")])

    def test_what_is_not_the_partys_key_signs_nothing(self):
        self.assertEqual([self.told[name] for name in ("none", "other", "public", "no_json")],
                         ["Choose your key file first.", "This is not the key that is on record for you.", "This is no Ed25519 key with its private half (JWK).",
                          "This is no Ed25519 key with its private half (JWK)."])

    def test_a_dispute_and_then_an_acceptance_are_recorded_as_signed(self):
        self.assertEqual((self.told["disputed"], self.told["accepted"]), (f"{self.server.url}/statements/{self.statement}",) * 2)
        own = [one for one in self.market.operator.get(f"/v1/statements/{self.statement}/responses")["data"] if one["role"] == "advertiser"][0]
        self.assertEqual((own["verdict"], own["disputed"]), ("accept", []))
        before = own["earlier"][0]
        self.assertEqual((before["verdict"], before["disputed"], before["reason"]), ("dispute", [self.line], "ünï “x”"))
        for one in (own, before):
            signed, _, signature = one["jws"].rpartition(".")
            self.market.advertiser.key.public_key().verify(b64u_decode(signature), signed.encode())

    def test_the_private_half_went_nowhere(self):
        self.assertTrue(self.told["sent"])
        self.assertFalse([sent for sent in self.told["sent"] if self.secret in sent])

    def test_an_offline_audit_finds_the_answer(self):
        mirror = self.folder / "mirror"
        wait_for(lambda: countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.auditor.token).returncode == 0,
                 what="the mirror")
        verified = countersign("verify", mirror, "--json")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        self.assertIn('"verdict":"accept"', verified.stdout.replace(" ", ""))


if __name__ == "__main__":
    unittest.main()
