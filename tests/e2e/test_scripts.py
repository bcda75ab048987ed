"""The scripts as a newcomer calls them."""

import socket
import subprocess
import tempfile
import unittest

from harness import SOURCE, countersign, free_port

import compare  # of scripts/, which harness puts on the path


def script(name, *arguments):
    command = [str(SOURCE / "scripts" / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=350, check=False)


def run(*arguments):
    return script("run", *arguments)


def two_free_ports():
    """Asked one after the other, both may be the same."""
    port = demo_port = free_port()
    while demo_port == port:
        demo_port = free_port()
    return port, demo_port


class Run(unittest.TestCase):
    def test_once_tells_the_story_and_works_again_over_the_same_folder(self):
        port, demo_port = two_free_ports()
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                done = run("--once", "--port", port, "--demo-port", demo_port, "--data", folder + "/data")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                for words in ("payable 12.00 EUR", "verifies it offline", "from Le Bon Toit: pending", "from nobody: rejected (no_click)", "publisher, a month", "Every step held"):
                    self.assertIn(words, done.stdout)

    def test_a_broken_step_is_not_success(self):
        """A folder made for another public URL: signatures over another host."""
        with tempfile.TemporaryDirectory() as folder:
            countersign("init", "--data", folder + "/data", "--public-url", "http://other.example")
            port, demo_port = two_free_ports()
            done = run("--once", "--no-month", "--port", port, "--demo-port", demo_port, "--data", folder + "/data")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("The story broke", done.stderr)

    def test_a_port_that_is_taken_is_named(self):
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
            done = run("--once", "--no-month", "--port", free_port(), "--demo-port", taken.getsockname()[1], "--data", folder + "/data")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("another --demo-port", done.stderr)


class Arguments(unittest.TestCase):
    """Read before anything is installed or built."""

    def test_help_is_there(self):
        for name in ("run", "test", "bench", "agents", "package", "screenshots"):
            done = script(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("usage: scripts/" + name, done.stdout)

    def test_what_is_unknown_is_refused(self):
        for name, *arguments in (("run", "--twice"), ("package", "--twice"), ("screenshots", "--twice"), ("test", "--twice"), ("bench", "--twice"), ("bench", "--comp", "/bin/true"), ("bench", "--only", "sleep"),
                                 ("bench", "--compare", "/no/such/binary"), ("bench", "--compare", "/bin/true", "--only", "growth"),
                                 ("bench", "--instructions")):
            done = script(name, *arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn("usage: scripts/" + name, done.stderr)
            self.assertNotIn("building", done.stderr)


class Compare(unittest.TestCase):
    def test_the_interval_of_the_median_has_the_ranks_of_the_sign_test(self):
        for pairs, ranks in ((1, (1, 1)), (5, (1, 5)), (6, (1, 6)), (9, (2, 8)), (20, (6, 15)), (40, (14, 27))):
            self.assertEqual(compare.median_interval(list(range(pairs, 0, -1))), ranks)

    def test_it_claims_only_what_the_whole_interval_says(self):
        self.assertEqual(compare.verdict([0.9, 1, 1.01, 1.02, 1.02, 1.03]), "holds")
        self.assertIn("does not hold", compare.verdict([1.031, 1.04, 1.04, 1.04, 1.05, 1.2]))
        self.assertIn("cannot tell", compare.verdict([0.9, 1, 1.01, 1.02, 1.02, 1.04]))
        self.assertIn("cannot tell", compare.verdict([1, 1, 1, 1, 1]))


if __name__ == "__main__":
    unittest.main()
