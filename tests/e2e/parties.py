"""Two companies that keep their own keys: what tests of their commands share."""

import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import SOURCE, Market, ServerCase, countersign, person

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import second_verify  # noqa: E402


class Parties(ServerCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="countersign-test-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.market = Market(self.server)
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher

    def key(self, name):
        return self.folder / f"{name}.key"

    def keygen(self, name):
        done = countersign("keygen", self.key(name))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def run_with(self, status, *words, **options):
        done = countersign(*words, **options)
        self.assertEqual(done.returncode, status, f"{words}: {done.stdout[-3000:]}{done.stderr}")
        return done.stdout + done.stderr

    def enrol(self, status, party, name, *more, url=None):
        return self.run_with(status, "enrol", url or self.server.url, "--token", party.token, "--key", self.key(name), *more)

    def accept(self, status, party, name, *more, **options):
        return self.sign(status, party, name, *(more or ("--all",)), "--accept", **options)

    def sign(self, status, party, name, *more, url=None, mirror=None, **options):
        return self.run_with(status, "sign", url or self.server.url, *more, "--contract", self.market.contract, "--mirrors", self.folder / f"{mirror or party.id}.mirrors",
                             "--token", party.token, "--key", self.key(name), **options)

    def enrolled(self):
        for name, party in (("advertiser", self.advertiser), ("publisher", self.publisher)):
            self.keygen(name)
            self.enrol(0, party, name)

    def together(self, *calls):
        """What each says, in their order: a pull waits a second for the log, so those that do not follow each other wait at once."""
        with ThreadPoolExecutor(len(calls)) as pool:
            return [each.result() for each in [pool.submit(call) for call in calls]]

    def settle(self, leads=1):
        found = [self.publisher.postback(person(click_id=self.market.click())).json for _ in range(leads)]
        for lead in found:
            self.advertiser.post(f"/v1/leads/{lead['lead']}/dispositions", {"status": "approved"})
        return self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"], found

    def told(self):
        """The statements as both verifiers see them."""
        mirror = self.folder / "auditor"
        self.run_with(0, "pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.auditor.token)
        second = second_verify(mirror)
        self.assertEqual(second.returncode, 0, second.stdout + second.stderr)
        facts = json.loads(self.run_with(0, "verify", mirror, "--json"))["facts"]
        return {fact["data"]["id"]: {answer["role"]: answer for answer in fact["data"]["answers"]} for fact in facts
                if fact["topic"] == "statement" and "id" in fact["data"]}
