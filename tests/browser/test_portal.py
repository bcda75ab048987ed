"""A page of another origin that calls the API in a real Chromium: what it is let see by whether the operator lists it."""

import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, Market, ServerCase, free_port  # noqa: E402

PAGES_PORT = free_port()
LISTED, OTHER, NEAR = (f"http://{host}:{PAGES_PORT}" for host in ("portal.test", "evil.test", "portal.test.evil.test"))


@unittest.skipUnless(shutil.which(CHROMIUM), f"no {CHROMIUM} here")
class Portal(ServerCase):
    settings = {"CORS_ORIGINS": LISTED}

    @classmethod
    def set_up_market(cls):
        cls.market = market = Market(cls.server)
        party, bearer = market.publisher, {"Authorization": f"Bearer {market.publisher.token}"}
        calls = {
            "lists": ("GET", "/v1/contracts", bearer, None),
            "makes": ("POST", f"/v1/parties/{party.id}/tokens", {**bearer, "Content-Type": "application/json", "Idempotency-Key": "portal-1"}, {"label": "of the portal"}),
            "sets": ("PUT", f"/v1/parties/{party.id}/webhook", {**bearer, "Content-Type": "application/json"}, {"url": "https://hook.example/"}),
            "removes": ("DELETE", f"/v1/parties/{party.id}/webhook", bearer, None),
            "is nobody": ("GET", "/v1/contracts", {}, None),
            "is told what is not there": ("GET", "/v1/contracts/C0", bearer, None),
            "is told what is wrong": ("POST", f"/v1/parties/{party.id}/tokens", {**bearer, "Content-Type": "application/json"}, {"no_such": 1}),
            "sends a header of its own": ("GET", "/v1/contracts", {**bearer, "X-Mine": "1"}, None),
            "public": ("GET", "/log/checkpoint", {}, None),
            "a page": ("GET", "/sign-in", {}, None),
        }
        asked = {name: {"url": cls.server.url + path, "options": {"method": method, "headers": headers, **({"body": json.dumps(body)} if body else {})}}
                 for name, (method, path, headers, body) in calls.items()}
        asked["with cookies"] = {"url": cls.server.url + "/v1/contracts", "options": {"headers": bearer, "credentials": "include"}}
        given = {"chromium": CHROMIUM, "pages_port": PAGES_PORT, "origins": [OTHER, NEAR, LISTED], "calls": asked}
        done = subprocess.run(["node", str(HERE / "portal.mjs")], input=json.dumps(given), capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        cls.seen = json.loads(done.stdout)

    def test_a_listed_one_calls_by_its_token(self):
        seen = self.seen[LISTED]
        self.assertEqual({name: call.get("status", call.get("error")) for name, call in seen.items()}, {
            "lists": 200, "makes": 201, "sets": 200, "removes": 200, "is nobody": 401, "is told what is not there": 404, "is told what is wrong": 422,
            "sends a header of its own": "TypeError", "public": 200, "a page": "TypeError", "with cookies": "TypeError"})
        self.assertTrue(all(seen[name]["id"] for name in ("lists", "makes", "is nobody", "is told what is not there")), "by which it could be asked about")
        self.assertIn("no_such", seen["is told what is wrong"]["text"])

    def test_any_other_sees_what_is_public_alone(self):
        for origin in (OTHER, NEAR):
            self.assertEqual({name for name, call in self.seen[origin].items() if "error" not in call}, {"public"}, origin)

    def test_nothing_was_made_for_it_either(self):
        """What a browser asks beforehand keeps a call with a token from being sent at all."""
        labels = [token.get("label") for token in self.market.publisher.get(f"/v1/parties/{self.market.publisher.id}/tokens")["data"]]
        self.assertEqual(labels.count("of the portal"), 1)


if __name__ == "__main__":
    unittest.main()
