"""The list of disposable e-mail domains: it is what its package makes, in the order that its search relies on, and names its source."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PACKAGE = SOURCE / "tests/node_modules/disposable-email-domains-js"
TABLE = SOURCE / "common/decisions/disposable_table.h"

sys.path.insert(0, str(SOURCE / "scripts"))
import disposable_table  # noqa: E402


def package():
    return json.loads((PACKAGE / "package.json").read_text())


def domains():
    return json.loads((PACKAGE / "dist/dict/disposable_email_blocklist.json").read_text())


class Generated(unittest.TestCase):
    def test_the_list_is_what_its_package_makes(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "table.h"
            subprocess.run([sys.executable, "-B", SOURCE / "scripts/disposable_table.py", out], timeout=120, check=True)
            self.assertTrue(out.read_bytes() == TABLE.read_bytes(), "run scripts/disposable")

    def test_another_package_makes_another_list(self):
        self.assertFalse(disposable_table.written(package(), domains()[1:]) == TABLE.read_text())

    def test_the_list_names_its_source(self):
        lock = json.loads((SOURCE / "tests/package-lock.json").read_text())
        self.assertEqual(lock["packages"]["node_modules/disposable-email-domains-js"]["version"], package()["version"])
        self.assertIn(f"disposable-email-domains-js {package()['version']}, licence CC0-1.0.", TABLE.read_text()[:400])

    def test_what_stands_below_another_is_left_out_and_no_domain_is_refused(self):
        self.assertEqual(disposable_table.listed(["b.example", "x.a.example", "A.example ", "a.example"]), ["a.example", "b.example"])
        for bad in ("", "a..example", "a b.example", "bücher.example", 'a".example'):
            with self.assertRaises(ValueError):
                disposable_table.listed([bad])


if __name__ == "__main__":
    unittest.main()
