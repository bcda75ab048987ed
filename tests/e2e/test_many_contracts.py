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

    def killed_between_slices(self, call, begun):
        """Kills once it has begun, before there is an answer; starts again."""
        answer = Answer(call)
        wait_for(begun, 60, "the change to begin")
        self.server.kill()
        answer.join(60)
        self.assertIsNone(answer.answer, "it was whole too soon to be cut off: more contracts are needed")
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.start()

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
        def begun():
            return self.version(self.contracts[0])["campaign"]["name"] == "Cut off"

        self.killed_between_slices(lambda: self.market.advertiser.patch(f"/v1/campaigns/{self.market.campaign}", {"name": "Cut off"}), begun)
        versions = [self.version(contract) for contract in self.contracts]
        self.assertEqual({each["campaign"]["name"] for each in versions}, {"Cut off"})
        self.assertEqual(len({each["at"] for each in versions}), 1)
        self.audited()

    def test_a_key_and_legal_data_that_were_cut_off_are_in_every_log_after_the_start(self):
        party = self.market.publisher
        self.killed_between_slices(party.put_key, lambda: "key" in self.market.operator.get(f"/v1/parties/{party.id}"))
        self.audited()
        self.killed_between_slices(lambda: party.patch(f"/v1/parties/{party.id}", {"legal": {"name": "Nova SA"}}),
                                   lambda: "legal" in self.market.operator.get(f"/v1/parties/{party.id}"))
        self.audited()
        for contract in (self.contracts[0], self.contracts[-1]):
            told = [entry for entry in map(json.loads, (text for _, text in self.market.entries(contract))) if entry["kind"] in ("key", "party")]
            self.assertEqual([entry["kind"] for entry in told], ["key", "party"])


if __name__ == "__main__":
    unittest.main()
