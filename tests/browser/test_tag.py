"""The tag in a real Chromium, against copies of what form builders, frameworks, routers and consent tools make: the rows of tag_rows.mjs."""

import json
import os
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CHROMIUM, SOURCE, WHOLE_CHROMIUM, Market, ServerCase, click, free_port  # noqa: E402

LONG = "LONG" in os.environ  # all broken tags, else a third of the likely ones
SEED = int(os.environ.get("SEED") or time.time())


@unittest.skipUnless(shutil.which(CHROMIUM), f"no {CHROMIUM} here")
class Tag(ServerCase):
    @classmethod
    def set_up_market(cls):
        market = Market(cls.server)
        codes = [market.code["code"], market.new_code(market.publisher, market.contract)["code"]]
        ids = [click(market.code["click_url"])[1] for _ in range(12)]
        given = {"chromium": CHROMIUM, "whole": WHOLE_CHROMIUM, "base": cls.server.url, "codes": codes, "ids": ids, "port": free_port(), "patience_ms": 15000, "impatience_ms": 2500,
                 "source": str(SOURCE / "server/tracking/t.js"), "only": os.environ.get("ONLY", ""), "long": LONG, "seed": SEED}
        print(f"SEED={SEED}")
        done = subprocess.run(["node", str(HERE / "tag.mjs")], input=json.dumps(given), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise AssertionError(done.stderr[-4000:])
        cls.seen = json.loads(done.stdout)

    def test_each_row_is_as_wanted(self):
        rows = {name: row for name, row in self.seen.items() if not name.startswith("control ")}
        for name, row in rows.items():
            with self.subTest(name):
                self.assertEqual(row["got"], row["want"])
        self.assertGreater(len(rows), 50)

    def test_each_broken_tag_is_found_by_its_row(self):
        controls = {name: row for name, row in self.seen.items() if name.startswith("control ")}
        self.assertGreater(len(controls), 25 if LONG else 5)
        for name, row in controls.items():
            with self.subTest(name):
                self.assertNotEqual(row["got"], row["want"])


if __name__ == "__main__":
    unittest.main()
