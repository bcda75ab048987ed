"""A real `countersign` whose calls fail when a test says so: faults.c preloaded, a page shared with it, and what became of the process."""

import dataclasses
import errno
import http.client
import json
import mmap
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import BINARY, Server, send  # noqa: E402
import client  # noqa: E402 (where harness has put it)

FAULTS = os.environ["FAULTS_LIBRARY"]
HANG_S = 10  # a request that takes longer is never answered
END_S = 10   # a process that is to end, or a start, may take so long
MDB_NOTFOUND = -30798
NEVER = 1 << 62
OF_A_START = ("few_files", "ready")  # the main thread says so, whatever another is about to end for

client.TIMEOUT_S = HANG_S


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    bit: int
    error: int = errno.EIO


MEMORY = Kind("memory", 1, errno.ENOMEM)
LOOKUP, STEP, TRANSACTION, CHANGE = Kind("lookup", 2), Kind("step", 4 | 128), Kind("transaction", 8), Kind("change", 16)
WRITE, SYNC = Kind("write", 32), Kind("sync", 64)
FILES = Kind("file", 256)
STARVED = Kind("lookup and step without memory", 2 | 4 | 128, errno.ENOMEM)
KINDS = (MEMORY, LOOKUP, STEP, TRANSACTION, CHANGE, WRITE, SYNC, FILES, STARVED)
ABSENT = Kind("lookup and step taken for absent", 2 | 4, MDB_NOTFOUND)  # what a bool for an error amounts to


class Page:
    """What faults.c reads: struct page, place by place."""

    PLACES = {name: 8 * n for n, name in enumerate(("kinds", "nth", "lasting", "error", "met", "fired", "unguarded", "told", "stalled", "waiting"))}
    WHERE, SIZE = 80, 4096

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(self.SIZE))
        with path.open("r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), self.SIZE)

    def get(self, name):
        return struct.unpack_from("<q", self.bytes, self.PLACES[name])[0]

    def set(self, **values):
        for name, value in values.items():
            struct.pack_into("<q", self.bytes, self.PLACES[name], value)

    def arm(self, kind, nth, lasting=False):
        self.bytes[self.WHERE:self.WHERE + 1024] = bytes(1024)
        self.set(nth=nth, lasting=int(lasting), error=kind.error, met=0, fired=0, told=0)
        self.set(kinds=kind.bit)

    def disarm(self):
        """(how many calls were met, how many of them failed)"""
        self.set(kinds=0)
        return self.get("met"), self.get("fired")

    def where(self):
        """The calls under way when the first one failed, innermost first, as far as the binary's symbols tell."""
        text = self.bytes[self.WHERE:self.WHERE + 1024].split(b"\0")[0].decode(errors="replace")
        frames = re.findall(r"(\S+)\+(0x[0-9a-f]+) ", text)
        ours = [hex(int(at, 16) - 1) for name, at in frames if name == Path(BINARY).name]
        named = subprocess.run(["addr2line", "-f", "-s", "-e", BINARY, *ours], capture_output=True, text=True, check=False).stdout.split("\n")
        functions = [f"{name}({place})" if "?" not in place else name for name, place in zip(named[::2], named[1::2])]
        libraries = [name.split(".")[0] for name, _ in frames if name != Path(BINARY).name]
        return " < ".join(dict.fromkeys(libraries[:2])) + " < " + " < ".join(functions[:7])


class Closed(Exception):
    """The connection was closed in place of an answer."""


class Wrong(Exception):
    """What no fault may bring about."""


def ask(call):
    """The answer of a call, Closed when there is none, Wrong when it does not come."""
    try:
        return call()
    except TimeoutError:
        raise Wrong(f"no answer within {HANG_S} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise Closed(repr(error)) from None


def end_of(status, output, statuses=(1,)):
    """Why a process ended by itself; Wrong unless that was clean and it says why."""
    said = [line.strip() for line in output.splitlines(True) if line.endswith("\n")]  # what another thread was writing then is cut
    said = [line for line in said if line and not any(f'"event":"{event}"' in line for event in OF_A_START)]
    last = said[-1] if said else ""
    if status < 0:
        raise Wrong(f"ended by {signal.Signals(-status).name}: {last}")
    if status not in statuses:
        raise Wrong(f"ended with {status}: {last}")
    if last.startswith("{"):
        line = json.loads(last)
        if line["level"] != "error" or not line["detail"]:
            raise Wrong(f"ended with {status} and does not say why: {last}")
    elif not re.fullmatch(r"countersign \w+: .+", last):
        raise Wrong(f"ended with {status} and does not say why: {last}")
    return last


class FaultyServer(Server):
    """`countersign serve` with faults.c in it. Its folder can be put back to what it was at `keep`."""

    def __init__(self, **settings):
        self.scratch = tempfile.TemporaryDirectory(prefix="countersign-faults-")
        self.page, self.commands_page = (Page(Path(self.scratch.name) / name) for name in ("of-server", "of-commands"))
        self.kept = Path(self.scratch.name) / "kept"
        self.told = 0  # how much of the log was there before the last start
        super().__init__(**{"SWEEP_MS": 60000, **settings})

    def environment(self, page):
        return dict(os.environ, LD_PRELOAD=FAULTS, COUNTERSIGN_FAULTS=str(page.path),
                    **{f"COUNTERSIGN_{name}": str(value) for name, value in self.settings.items()})

    def launch(self):
        self.told = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, env=self.environment(self.page))

    def start(self):
        self.launch()
        if not self.becomes_ready():
            raise AssertionError(f"the server did not start: {self.said()}")

    def becomes_ready(self):
        """False when it ended instead; Wrong when neither happens."""
        deadline = time.monotonic() + END_S
        while self.process.poll() is None:
            try:
                if send(self.url + "/readyz").status == 200 and '"event":"ready"' in self.said():
                    return True  # and its log begins with what it says of its start, whatever comes next
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > deadline:
                raise Wrong(f"neither ready nor ended after {END_S} s")
            time.sleep(0.004)
        return False

    def said(self):
        """The log since the last start."""
        return self.log_path.read_bytes()[self.told:].decode(errors="replace")

    def ended(self, patience_s):
        """Whether the process ended by itself; waits for it a little."""
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def keep(self):
        """Remembers the folder of the stopped server."""
        shutil.copytree(self.data, self.kept)

    def put_back(self):
        """Starts again over the folder as it was kept."""
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.data)
        shutil.copytree(self.kept, self.data)
        self.start()

    def run(self, *arguments):
        """Another command with faults.c in it, to its end; Wrong when it does not come to it."""
        try:
            return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=HANG_S, check=False,
                                  env=self.environment(self.commands_page))
        except subprocess.TimeoutExpired:
            raise Wrong(f"{arguments[0]} did not end within {HANG_S} s") from None

    def close(self):
        try:
            if self.process.poll() is None:
                self.kill()
        finally:
            self.folder.cleanup()
            self.scratch.cleanup()
