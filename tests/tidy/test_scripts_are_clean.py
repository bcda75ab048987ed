"""Shell scripts hold under shellcheck, Python under pyflakes."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
ELSEWHERE = {"build", "node_modules", "__pycache__", ".git"}


def files():
    for folder, folders, names in os.walk(SOURCE):
        folders[:] = set(folders) - ELSEWHERE
        yield from (Path(folder) / name for name in names)


def is_shell(path):
    with path.open("rb") as file:
        first = file.readline(80)
    return path.suffix == ".sh" or re.match(rb"#!.*\b(ba)?sh\s*$", first) is not None


def shellcheck(*paths):
    """What it says, nothing when all is well. A script that is sourced is read from beside the one that sources it."""
    done = subprocess.run(["shellcheck", "--external-sources", "--source-path=SCRIPTDIR", *map(str, paths)],
                          capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def pyflakes(*paths):
    """What it says of lines that are not marked noqa: an import for others to use is one."""
    done = subprocess.run(["/usr/bin/pyflakes3", *map(str, paths)], capture_output=True, text=True, check=False)
    said = []
    for line in (done.stdout + done.stderr).splitlines():
        where = re.match(r"(.+?):(\d+):", line)
        if where is None or "# noqa" not in Path(where[1]).read_text().splitlines()[int(where[2]) - 1]:
            said.append(line)
    return said


class Clean(unittest.TestCase):
    def test_shell_scripts_hold_under_shellcheck(self):
        scripts = sorted(filter(is_shell, files()))
        self.assertLessEqual({SOURCE / "scripts" / name for name in ("run", "test", "bench", "lib.sh")}, set(scripts))
        self.assertEqual(shellcheck(*scripts), "")

    def test_python_holds_under_pyflakes(self):
        scripts = sorted(path for path in files() if path.suffix == ".py")
        self.assertIn(SOURCE / "scripts/story.py", scripts)
        self.assertEqual(pyflakes(*scripts), [])

    def test_what_is_not_clean_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            unquoted, unused = Path(folder) / "unquoted", Path(folder) / "unused.py"
            unquoted.write_text("#!/bin/bash\nrm $1\n")
            unused.write_text("import os\nimport re  # noqa\n")
            self.assertTrue(is_shell(unquoted))
            self.assertIn("SC2086", shellcheck(unquoted))
            self.assertEqual(len(pyflakes(unused)), 1)
            unused.write_text("def broken(:\n")
            self.assertNotEqual(pyflakes(unused), [])


if __name__ == "__main__":
    unittest.main()
