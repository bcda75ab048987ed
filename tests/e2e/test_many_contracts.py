"""Who has many contracts: what is changed for all of them comes to their logs a slice at a time, and a kill -9 in between leaves no half of it."""

import json
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from harness import SOURCE, Market, ServerCase, countersign, wait_for

CONTRACTS = 300  # of one batch 32
OVER = {"ends_at": "2020-01-01T00:00:00Z"}  # of its publisher one is open at a time


class Answer(threading.Thread):
    """A call whose answer may never come."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.answer = call, None
        self.start()

    def run(self):
        try:
            self.answer = self.call()
        except (OSError, AssertionError):
            return


class ManyContracts(ServerCase):
    settings = {"BUDGET_PARTY": 100000, "BUDGET_ADDRESS": 100000, "QUOTA_CONTRACTS": 100000}

    @classmethod
    def set_up_market(cls):
        cls.market = Market(cls.server, contract=OVER)
        cls.contracts = [cls.market.new_contract(cls.market.publisher, **OVER) for _ in range(CONTRACTS)]

    def version(self, contract):
        """Of the terms that are in force: its number, and the campaign's document."""
        shown = self.market.operator.get(f"/v1/contracts/{contract}/terms?limit=200")["data"]
        return self.market.operator.get(f"/v1/contracts/{contract}/terms/{shown[-1]['version']}")

    def killed_between_slices(self, calls, begun):
        """Kills once a call has begun, before there is an answer; starts again. One that was too quick is followed by the next."""
        for n in range(20):
            answer = Answer(lambda n=n: calls(n))
            wait_for(lambda n=n: begun(n), 60, "the change to begin")
            self.server.kill()
            answer.join(60)
            done = countersign("check", "--data", self.server.data)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.server.start()
            if answer.answer is None:
                return n
        self.fail("each was whole too soon to be cut off: more contracts are needed")

    def audited(self):
        """Mirrors of the first, one in the middle and the last say one thing, by both audits."""
        with tempfile.TemporaryDirectory() as folder:
            mirrors = [Path(folder) / contract for contract in (self.contracts[0], self.contracts[CONTRACTS // 2], self.contracts[-1])]
            for mirror in mirrors:
                done = countersign("pull", self.server.url, mirror, "--contract", mirror.name, "--token", self.market.advertiser.token)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            done = countersign("verify", *mirrors)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            done = subprocess.run([sys.executable, "-B", SOURCE / "scripts/verify.py", *mirrors], capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_change_of_a_campaign_is_whole_when_it_is_answered(self):
        self.market.advertiser.post(f"/v1/campaigns/{self.market.campaign}/pause", {"paused": True})
        self.assertTrue(all(self.version(contract)["campaign"]["paused"] for contract in self.contracts))
        self.market.advertiser.post(f"/v1/campaigns/{self.market.campaign}/pause", {"paused": False})
        self.audited()

    def test_a_change_of_a_campaign_that_was_cut_off_is_whole_after_the_start(self):
        path = f"/v1/campaigns/{self.market.campaign}"
        n = self.killed_between_slices(lambda n: self.market.advertiser.patch(path, {"name": f"Cut off {n}"}),
                                       lambda n: self.market.operator.get(path)["name"] == f"Cut off {n}")
        versions = [self.version(contract) for contract in self.contracts]
        self.assertEqual({each["campaign"]["name"] for each in versions}, {f"Cut off {n}"})
        self.assertEqual(len({each["at"] for each in versions}), 1)
        self.audited()

    def test_a_key_and_legal_data_that_were_cut_off_are_in_every_log_after_the_start(self):
        party, shown = self.market.publisher, lambda: self.market.operator.get(f"/v1/parties/{self.market.publisher.id}")
        self.killed_between_slices(lambda n: party.new_key() if n else party.put_key(),
                                   lambda _: shown().get("key", {}).get("x") == party.jwk["x"])
        self.audited()
        self.killed_between_slices(lambda n: party.patch(f"/v1/parties/{party.id}", {"legal": {"name": f"Nova {n}"}}),
                                   lambda n: shown().get("legal", {}).get("name") == f"Nova {n}")
        self.audited()
        told = [[entry["kind"] for entry in (json.loads(text) for _, text in self.market.entries(contract)) if entry["kind"] in ("key", "party")]
                for contract in (self.contracts[0], self.contracts[-1])]
        self.assertEqual(told[0], told[1])
        self.assertEqual(set(told[0]), {"key", "party"})


if __name__ == "__main__":
    unittest.main()
