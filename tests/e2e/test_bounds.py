"""What whoever starts a process allows it: too little is said, with its cause, and nothing is left half done."""

import os
import re
import resource
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BINARY, SANITIZER, free_port, wait_for

KIB, MIB = 1 << 10, 1 << 20
# (limit, value, commands that cannot work under it, words of what each of them says)
LIMITS = [(resource.RLIMIT_STACK, 64 * KIB, "serve backup check init", ("the stack, 64 KiB", "ulimit -s, LimitSTACK")),
          (resource.RLIMIT_STACK, 128 * KIB, "serve backup check init", ("the stack, 128 KiB", "ulimit -s")),
          (resource.RLIMIT_NOFILE, 5, "serve backup check init", ("open files, 5", "ulimit -n, LimitNOFILE")),
          (resource.RLIMIT_NOFILE, 8, "serve backup check init", ("open files, 8", "ulimit -n")),
          (resource.RLIMIT_NOFILE, 16, "serve", ("open files, 16", "LimitNOFILE")),
          (resource.RLIMIT_FSIZE, 0, "serve backup check init", ("bytes of a file is 0", "ulimit -f, LimitFSIZE")),
          (resource.RLIMIT_FSIZE, 4 * KIB, "serve backup check init", ("bytes of a file is 4096", "ulimit -f")),
          (resource.RLIMIT_NPROC, 1, "serve backup check", ("cannot start", "processes and threads is 1", "ulimit -u, LimitNPROC")),
          (resource.RLIMIT_NPROC, 2, "serve backup", ("thread", "processes and threads is 2", "ulimit -u")),
          (resource.RLIMIT_MEMLOCK, 0, "", ()),
          (resource.RLIMIT_CORE, 0, "", ())]
# of these a sanitizer needs more itself
MEMORY = [(resource.RLIMIT_AS, 512 * MIB, "serve backup check init", ("no memory is left", "bytes of addresses", "is 536870912", "ulimit -v, LimitAS")),
          (resource.RLIMIT_DATA, 16 * MIB, "serve", ("no memory is left", "bytes of memory", "is 16777216", "ulimit -d, LimitDATA"))]
SOMEBODY = 54321


def is_of(user, process):
    try:
        return process.stat().st_uid == user
    except FileNotFoundError:
        return False


class Bounds(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o777)
        self.binary = self.folder / "countersign"  # where anybody may run it
        self.binary.write_bytes(Path(BINARY).read_bytes())
        self.binary.chmod(0o755)

    def run_under(self, limit, value, *arguments, soft=None):
        def lower():
            if limit == resource.RLIMIT_NPROC and os.getuid() == 0:  # root has no such limit
                os.setgroups([])
                os.setgid(SOMEBODY)
                os.setuid(SOMEBODY)
            if limit is not None:
                resource.setrlimit(limit, (value if soft is None else soft, value))
        # who looks for leaks needs a thread, and may not look at a process that acts as another user, as root's does on his folder
        blind = limit == resource.RLIMIT_NPROC or any(is_of(SOMEBODY, each) for each in arguments if isinstance(each, Path))
        leaks = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"} if blind else {}
        process = subprocess.Popen([self.binary, *map(str, arguments)], env={**os.environ, **leaks}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=lower)
        said = ""
        if arguments[0] == "serve":
            for line in process.stderr:  # until it is ready, or has ended
                said += line
                if '"ready"' in line:
                    process.send_signal(signal.SIGTERM)
        out, rest = process.communicate(timeout=120)
        self.assertIsNone(SANITIZER.search(said + rest), said + rest)
        if limit == resource.RLIMIT_NPROC and os.getuid() == 0:  # a server that ends at once takes its helper with it, a moment later
            wait_for(lambda: not any(is_of(SOMEBODY, each) for each in Path("/proc").glob("[0-9]*")), what="its processes to end")
        return process.returncode, out + said + rest

    def made(self, name):
        """A folder that works, of whoever is to run."""
        status, said = self.run_under(None, 0, "init", "--data", self.folder / name, "--public-url", "http://track.example")
        self.assertEqual(status, 0, said)

    def commands(self, data, n):
        return {"serve": ("serve", "--data", data, "--listen", f"127.0.0.1:{free_port()}", "--map_size_gib", 1),
                "backup": ("backup", "--data", data, self.folder / f"copy{n}"),
                "check": ("check", "--data", data),
                "init": ("init", "--data", self.folder / f"new{n}", "--public-url", "http://track.example")}

    def hold(self, limits):
        for n, (limit, value, cannot, words) in enumerate(limits):
            data = self.folder / f"data{n}"
            self.made(data.name)
            if limit == resource.RLIMIT_NPROC and os.getuid() == 0:
                for root, _, files in os.walk(data):
                    for path in (root, *(os.path.join(root, each) for each in files)):
                        os.chown(path, SOMEBODY, SOMEBODY)
            for name, command in self.commands(data, n).items():
                with self.subTest(limit=limit, value=value, command=name):
                    status, said = self.run_under(limit, value, *command)
                    self.assertIn(status, (1, 2) if name in cannot.split() else (0,), said)
                    for word in words if name in cannot.split() else ():
                        self.assertIn(word, said)
                    self.assertNotRegex(said, r"damaged|whether this user may")
                    self.assertEqual([each.name for each in self.folder.glob("*.part")], [])
            status, said = self.run_under(None, 0, "check", "--data", data)
            self.assertEqual(status, 0, said)
            status, said = self.run_under(None, 0, *self.commands(data, f"again{n}")["init"])
            self.assertEqual(status, 0, said)
            if (self.folder / f"new{n}").exists() and "init" in cannot.split():
                self.made(f"new{n}")  # what was cut off is taken up again

    def test_too_little_is_said(self):
        self.hold(LIMITS)

    def test_too_little_memory_is_said(self):
        if re.search(rb"__asan_init", self.binary.read_bytes()):
            self.binary.write_bytes(Path(os.environ["RELEASE"]).read_bytes()) if os.environ.get("RELEASE") else self.skipTest("a sanitizer needs more memory itself")
        self.hold(MEMORY)

    def test_what_may_be_raised_is_raised(self):
        for n, (limit, soft, hard) in enumerate([(resource.RLIMIT_STACK, 64 * KIB, 8 * MIB), (resource.RLIMIT_NOFILE, 8, 4096)]):
            data = self.folder / f"raised{n}"
            self.made(data.name)
            for name, command in self.commands(data, f"raised{n}").items():
                with self.subTest(limit=limit, command=name):
                    status, said = self.run_under(limit, hard, *command, soft=soft)
                    self.assertEqual(status, 0, said)


if __name__ == "__main__":
    unittest.main()
