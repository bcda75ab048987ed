"""scripts/run as a newcomer calls it."""

import subprocess
import tempfile
import unittest

from harness import SOURCE, countersign, free_port


def run(*arguments):
    return subprocess.run([str(SOURCE / "scripts/run"), *map(str, arguments)], capture_output=True, text=True, timeout=350, check=False)


class Run(unittest.TestCase):
    def test_once_tells_the_story_and_works_again_over_the_same_folder(self):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                done = run("--once", "--port", port, "--data", folder + "/data")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                for words in ("payable 12.00 EUR", "verifies it offline", "Every step held"):
                    self.assertIn(words, done.stdout)

    def test_a_broken_step_is_not_success(self):
        """A folder made for another public URL: signatures over another host."""
        with tempfile.TemporaryDirectory() as folder:
            countersign("init", "--data", folder + "/data", "--public-url", "http://other.example")
            done = run("--once", "--port", free_port(), "--data", folder + "/data")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("The story broke", done.stderr)

    def test_unknown_arguments(self):
        self.assertNotEqual(run("--twice").returncode, 0)


if __name__ == "__main__":
    unittest.main()
