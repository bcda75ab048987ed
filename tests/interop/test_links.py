"""Random links go where the URL Standard's own reader (Node's URL and URLSearchParams) says, with and without parameters set."""

import os
import secrets
import subprocess
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
LINKS = 20_000


def compare(seed, count, *lie):
    return subprocess.run(["node", HERE / "links.mjs", os.environ["LINK_ANSWERS"], str(seed), str(count), *lie],
                          capture_output=True, text=True, timeout=180, check=False)


class Links(unittest.TestCase):
    def test_links_are_those_of_the_url_standard(self):
        seed = int(os.environ.get("SEED", secrets.randbelow(1 << 32)))
        done = compare(seed, LINKS)
        print(done.stdout.strip().splitlines()[-1:])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        taken = int(done.stdout.split(" links, ")[1].split()[0])
        self.assertGreater(taken, LINKS // 3)

    def test_a_parameter_set_otherwise_is_noticed(self):
        done = compare(1, 200, "!")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("theirs", done.stdout)


if __name__ == "__main__":
    unittest.main()
