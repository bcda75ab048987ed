"""The released binaries as readelf sees them: whatever CMakeLists.txt asks for, this is what came out."""

import base64
import ctypes
import errno
import functools
import json
import os
import platform
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import SOURCE, Server, wait_for

RELEASE = SOURCE / "build/release"
BINARIES = ("countersign", "countersign-loadtest")
LANDING_PAD = bytes.fromhex("f30f1efa")  # endbr64
LANDLOCK_CREATE_RULESET = 444  # on every architecture
PROBE = bytes.fromhex("48830c2400")  # orq $0, (%rsp)
LETS_IN = "int main(int n, char **args) { char text[9999]; __builtin_strcpy(text, args[n - 1]); return text[3]; }"


def tool(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def readelf(flag, binary):
    return tool("readelf", flag, "--wide", binary)


@functools.cache
def supports(*flags):
    """Whether cc builds an empty program with the flags."""
    command = ["cc", *flags, "-x", "c", "-", "-o", "/dev/null"]
    return subprocess.run(command, input=b"int main(void) { return 0; }", capture_output=True, check=False).returncode == 0


def marks(path):
    """The control-flow features that a file says it keeps to."""
    return set(re.findall(r"\b(IBT|SHSTK)\b", readelf("--notes", path)))


def code_at(binary, symbol, length):
    """The first bytes of a function, None when there is no such symbol."""
    found = re.search(rf"^ *\d+: ([0-9a-f]+) .* FUNC .* {symbol}$", readelf("--syms", binary), re.MULTILINE)
    if not found:
        return None
    address = int(found[1], 16)
    for line in readelf("--segments", binary).splitlines():
        load = re.match(r" +LOAD +(0x\w+) (0x\w+) 0x\w+ (0x\w+)", line)
        if load:
            offset, start, size = (int(n, 16) for n in load.groups())
            if start <= address < start + size:
                with open(binary, "rb") as file:
                    file.seek(offset + address - start)
                    return file.read(length)
    return None


def lacks_position_independence(binary):
    return not re.search(r"Type: +DYN", readelf("--file-header", binary)) or " INTERP " not in readelf("--segments", binary)


def lacks_relro(binary):
    return " GNU_RELRO " not in readelf("--segments", binary)


def lacks_binding_at_start(binary):
    return not re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", readelf("--dynamic", binary))


def has_writable_code(binary):
    return bool(re.search(r" RWE ", readelf("--segments", binary)))


def has_executable_stack(binary):
    return not re.search(r" GNU_STACK .* RW +0x", readelf("--segments", binary))


def lacks_fortified_calls(binary):
    return not re.search(r" __(mem|v?f?s?n?printf|str)\w*_chk@", readelf("--dyn-syms", binary))


def lacks_stack_protector(binary):
    return " __stack_chk_fail@" not in readelf("--dyn-syms", binary)


def lacks_control_flow_protection(binary):
    """IBT is only asked for where the C library's start files keep to it: the linker marks what all files share."""
    if not supports("-fcf-protection"):
        return False
    wanted = {"SHSTK"} if supports("-Wl,-z,shstk") else set()
    wanted |= marks(tool("cc", "-print-file-name=Scrt1.o").strip()) & marks(tool("cc", "-print-file-name=crti.o").strip())
    return code_at(binary, "main", len(LANDING_PAD)) != LANDING_PAD or not wanted <= marks(binary)


def lacks_stack_probes(binary):
    return PROBE not in binary.read_bytes()


CHECKS = (lacks_position_independence, lacks_relro, lacks_binding_at_start, has_writable_code, has_executable_stack,
          lacks_fortified_calls, lacks_stack_protector, lacks_control_flow_protection)


class Hardening(unittest.TestCase):
    def test_the_release_is_hardened(self):
        for name in BINARIES:
            binary = RELEASE / name
            self.assertTrue(binary.exists(), f"{binary} is missing: build the release first")
            for check in CHECKS:
                with self.subTest(name, check=check.__name__):
                    self.assertFalse(check(binary))

    @unittest.skipUnless(platform.machine() == "x86_64" and supports("-fstack-clash-protection"), "no probe to look for")
    def test_large_frames_of_the_release_are_probed_page_by_page(self):
        """Asked of the server alone: a program without a large frame has no probe."""
        self.assertFalse(lacks_stack_probes(RELEASE / BINARIES[0]))

    def test_a_weak_binary_is_refused_by_each_check(self):
        weak = ("-O1", "-no-pie", "-fno-pie", "-fno-stack-protector", "-fcf-protection=none", "-fno-stack-clash-protection",
                "-U_FORTIFY_SOURCE", "-Wl,-z,norelro", "-Wl,-z,lazy", "-Wl,-z,execstack", "-Wl,-N")
        flags = [flag for flag in weak if supports(flag)]
        with tempfile.TemporaryDirectory(prefix="countersign-test-") as folder:
            source, binary = Path(folder) / "weak.c", Path(folder) / "weak"
            source.write_text(LETS_IN)
            tool("cc", *flags, source, "-o", binary)
            for check in (*CHECKS, lacks_stack_probes):
                if check is not lacks_control_flow_protection or supports("-fcf-protection"):
                    with self.subTest(check=check.__name__):
                        self.assertTrue(check(binary))


def memory_of(pid):
    """What the process may write to, and so may have kept: the bytes of each range."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, modes, _, _, inode, *name = line.split()
            if modes.startswith("rw") and (inode == "0" or not name[0].startswith("/dev/")):
                first, last = (int(at, 16) for at in span.split("-"))
                memory.seek(first)
                try:
                    yield memory.read(last - first)
                except OSError as e:
                    if e.errno != errno.EIO:  # a range that nobody can read
                        raise


class Released(Server):
    """Without a sanitizer, whose shadow is larger than what a test can look through."""

    def command(self):
        return [str(RELEASE / "countersign"), *super().command()[1:]]


class Secrets(unittest.TestCase):
    def test_nothing_is_left_of_how_the_keys_were_read(self):
        """keys.json is text that is taken apart: none of its secrets stays as text, nor a piece of one; as bytes they are there, or this looks in vain."""
        server = Released()
        self.addCleanup(server.close)
        server.operator.get("/v1/parties")
        keys = json.loads((Path(server.data) / "keys.json").read_text(encoding="utf-8"))
        texts = [keys["master"], *(key["seed"] for name in ("log", "statement", "token") for key in keys[name])]
        master = base64.urlsafe_b64decode(keys["master"] + "=")
        found, kept = set(), 0
        for piece in memory_of(server.process.pid):
            kept += piece.count(master)
            found |= {text for text in texts if text[20:36].encode() in piece}
        self.assertGreaterEqual(kept, 1)
        self.assertEqual(found, set())


class IntrudedServer(Released):
    """The release, with somebody's code in it."""

    def prepare(self):
        self.told = Path(self.folder.name) / "told"
        self.told.with_suffix(".secret").write_text("another's")

    def start(self):
        os.environ.update(LD_PRELOAD=os.environ["INTRUDER_LIBRARY"], COUNTERSIGN_INTRUDER=str(self.told))
        try:
            super().start()
        finally:
            del os.environ["LD_PRELOAD"], os.environ["COUNTERSIGN_INTRUDER"]


class Confined(unittest.TestCase):
    """What a server gives up before strangers reach it, tried from within. What this kernel does not have is not asked."""

    def setUp(self):
        self.server = IntrudedServer(WEBHOOK_ALLOW="none")
        self.addCleanup(self.server.close)

    def test_who_runs_code_in_it_gets_no_further(self):
        said = re.search(r"\(Landlock (\d+)\).*?: (none|.*) \(seccomp\)", self.server.log())
        self.assertIsNotNone(said, self.server.log())
        abi, calls = int(said[1]), said[2] == "none"
        self.assertEqual(abi, max(0, ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)), "what the kernel has is used")
        text = wait_for(lambda: (text := self.server.told.read_text()).endswith("end 0\n") and text, what="the intruder")
        met = {what: int(number) for what, number in (line.split() for line in text.splitlines())}
        wanted = {"dumpable": 0, "core": 0, "system": 0}
        if abi >= 1:
            wanted |= dict.fromkeys(("read", "make", "system_write"), errno.EACCES)
        if abi >= 4:
            wanted |= dict.fromkeys(("connect", "listen"), errno.EACCES)
        if abi >= 6:
            wanted["signal"] = errno.EPERM
        if calls:
            wanted |= dict.fromkeys(("fork", "execute", "trace"), errno.EPERM)
        self.assertEqual({what: met[what] for what in wanted}, wanted)
        self.assertFalse(self.server.told.with_suffix(".made").exists())

    def test_all_of_its_threads_are_confined(self):
        states = [path.read_text() for path in Path(f"/proc/{self.server.process.pid}/task").glob("*/status")]
        self.assertGreater(len(states), 4)
        for state in states:
            self.assertRegex(state, r"NoNewPrivs:\s1\n")
            if "processes, tracing: none" in self.server.log():
                self.assertRegex(state, r"Seccomp:\s2\n")


if __name__ == "__main__":
    unittest.main()
