"""The README's tour works word by word, and its tables are those of the program."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, SOURCE, countersign, free_port

README = (SOURCE / "README.md").read_text()


# What a newcomer's shell has: nothing of ours on the path, no settings, no compiler cache.
PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def clone(folder):
    """The sources as a clone would have them: what git knows, with the changes that are not committed yet, and nothing built."""
    command = ["git", "-c", f"safe.directory={SOURCE}", "-C", str(SOURCE), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode or not listed.stdout:  # sources that came without their history
        shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("build", "node_modules", "__pycache__"))
        return
    for name in filter(None, listed.stdout.split("\0")):
        if (SOURCE / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, folder / name, follow_symlinks=False)


class Readme(unittest.TestCase):
    @unittest.skipUnless("LONG" in os.environ, "builds the release once more: for scripts/test --long")
    def test_the_tour_works_in_a_fresh_clone_after_scripts_run(self):
        with tempfile.TemporaryDirectory() as home:
            sources = Path(home) / "countersign"
            clone(sources)
            env = {**PLAIN, "HOME": home, "TMPDIR": home}
            built = subprocess.run(["scripts/run", "--once", "--port", str(free_port()), "--demo-port", str(free_port())], cwd=sources, env=env,
                                   capture_output=True, text=True, timeout=1000, check=False)
            self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
            self.walk(sources, env)

    def test_the_tour_works_with_the_binaries_under_test(self):
        with tempfile.TemporaryDirectory() as folder:
            release = Path(folder) / "build/release"
            release.mkdir(parents=True)
            for name in ("countersign", "countersign-loadtest"):
                (release / name).symlink_to(Path(BINARY).with_name(name))
            self.walk(folder, {**os.environ, "TMPDIR": folder, "COUNTERSIGN_MAP_SIZE_GIB": "1"})

    def walk(self, folder, env):
        """Runs the tour's lines there, on a port of their own."""
        tour = README[README.index("## A tour"):README.index("## What is guaranteed")]
        script = "\n".join(re.findall(r"^```sh\n(.*?)^```", tour, re.DOTALL | re.MULTILINE))
        self.assertIn("countersign verify", script)
        script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + script.replace("8090", str(free_port()))
        done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for words in ("200 43 bytes", '"status": "pending"', "duplicate", "approved", "12.00"):
            self.assertIn(words, done.stdout)

    def test_the_settings_table(self):
        shown = re.findall(r"^(\w+) = ", self.print_config(), re.MULTILINE)
        table = README[README.index("## Settings"):README.index("## Install")]
        self.assertEqual(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE), shown)

    def print_config(self):
        with tempfile.TemporaryDirectory() as folder:
            countersign("init", "--data", folder + "/data", "--public-url", "http://127.0.0.1:1")
            return countersign("serve", "--data", folder + "/data", "--print-config").stdout


if __name__ == "__main__":
    unittest.main()
