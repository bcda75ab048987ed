"""The README's tour works word by word, and its tables are those of the program."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, SOURCE, countersign, free_port

README = (SOURCE / "README.md").read_text()


class Readme(unittest.TestCase):
    def test_the_tour(self):
        tour = README[README.index("## A tour"):README.index("## What is guaranteed")]
        script = "\n".join(re.findall(r"^```sh\n(.*?)^```", tour, re.DOTALL | re.MULTILINE))
        self.assertIn("countersign verify", script)
        script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + script.replace("8090", str(free_port()))
        with tempfile.TemporaryDirectory() as folder:
            release = Path(folder) / "build/release"
            release.mkdir(parents=True)
            for name in ("countersign", "countersign-loadtest"):
                (release / name).symlink_to(Path(BINARY).with_name(name))
            done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False,
                                  env={**os.environ, "TMPDIR": folder, "COUNTERSIGN_MAP_SIZE_GIB": "1"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for words in ("200 43 bytes", '"status": "pending"', "duplicate", "approved", "12.00"):
            self.assertIn(words, done.stdout)

    def test_the_settings_table(self):
        shown = re.findall(r"^(\w+) = ", self.print_config(), re.MULTILINE)
        table = README[README.index("## Settings"):README.index("## The API")]
        self.assertEqual(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE), shown)

    def print_config(self):
        with tempfile.TemporaryDirectory() as folder:
            countersign("init", "--data", folder + "/data", "--public-url", "http://127.0.0.1:1")
            return countersign("serve", "--data", folder + "/data", "--print-config").stdout


if __name__ == "__main__":
    unittest.main()
