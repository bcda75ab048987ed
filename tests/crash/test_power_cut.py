"""The power goes, at any moment, on a disk that promises no more than it must: what a real server and its commands did to their files is
recorded (disk.c), and thousands of states that the disk may be in then are opened (power_cut.c)."""

import base64
import contextlib
import fcntl
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import BINARY, Market, Server, countersign, jws_payload, person, wait_for  # noqa: E402

DISK, CLOCK, POWER_CUT = (os.environ.get(name, "") for name in ("DISK_LIBRARY", "CLOCK_LIBRARY", "POWER_CUT"))
SEED = int(os.environ.get("SEED") or time.time())
STATES = int(os.environ.get("STATES") or 3000)
STATES_OF_A_CONTROL = 50
MARK = 2  # trace.h
DAY_S = 24 * 3600


class RecordedServer(Server):
    """What becomes of the folder above its data is recorded."""

    def prepare(self):
        self.disk = Path(self.folder.name) / "disk"
        self.disk.mkdir()
        self.data = self.disk / "data"
        self.trace = Path(self.folder.name) / "trace"
        self.trace.touch()
        self.passed_s = 0
        clock = Path(self.folder.name) / "clock"
        clock.write_bytes(bytes(24))
        with clock.open("r+b") as file:
            self.clock = mmap.mmap(file.fileno(), 24)
        self.environment = {"LD_PRELOAD": f"{DISK} {CLOCK}", "COUNTERSIGN_DISK": str(self.disk), "COUNTERSIGN_TRACE": str(self.trace),
                            "COUNTERSIGN_CLOCK": str(clock)}
        os.environ.update(self.environment)

    def start(self):
        if self.process is None:
            self.know("init")
        super().start()

    def know(self, what):
        """From here on this must be there, whatever happens."""
        with self.trace.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(struct.pack("=4I5Q", MARK, 0, 0, 0, 0, 0, 0, 0, len(what)) + what.encode())

    def wait(self, seconds):
        self.passed_s += seconds
        self.clock[8:16] = struct.pack("=q", self.passed_s * 1000)

    def now(self):
        return int(time.time()) + self.passed_s

    def run(self, *words):
        done = countersign(*words, binary=BINARY)
        if done.returncode:
            raise AssertionError(f"{words}: {done.stderr}")

    def end(self):
        for name in self.environment:
            os.environ.pop(name)
        if self.process.poll() is None:
            self.kill()


class Story:
    """Whatever is acknowledged is made known."""

    def __init__(self, server):
        self.server = server
        self.market = Market(server, campaign={"lead": {"require": []}, "review": {"mode": "auto", "auto_approve_days": 0}})
        self.market.put_keys()
        self.market.publisher.postback = self.postback
        self.keys = 1

    def postback(self, fields):
        answer = type(self.market.publisher).postback(self.market.publisher, fields, ts=self.server.now())
        if answer.status != 200:
            return answer
        receipt = jws_payload(answer.json["receipt"])
        self.server.know(f"log {receipt['contract']} {receipt['index'] + 1}")
        return answer

    def lead(self):
        return self.market.publisher.postback(person(click_id=self.market.click()))

    def leads(self, n):
        threads = [threading.Thread(target=lambda: [self.lead() for _ in range(n)]) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def look(self):
        """At both heads, once they are there."""
        for ident, path in ((self.market.contract, f"/log/{self.market.contract}/checkpoint"), ("/", "/log/checkpoint")):
            answer = wait_for(lambda path=path: (got := self.market.operator.call("GET", path)).status == 200 and got, what="a head")
            _, size, root, *_ = answer.text.split("\n")
            self.server.know(f"head {ident} {size} {base64.b64decode(root).hex()}")

    def statement(self):
        def once():
            made = self.market.operator.call("POST", f"/v1/contracts/{self.market.contract}/statements", {})
            return made if made.status == 201 else None
        made = wait_for(once, what="a statement")
        self.server.know(f"statement {made.json['id']}")
        for party in (self.market.advertiser, self.market.publisher):
            party.answer_statement(made.json["id"])

    def backup(self, name):
        self.server.know(f"copying {name}")
        self.server.run("backup", "--data", self.server.data, self.server.disk / name)
        self.server.know(f"copied {name}")

    def rotate(self, *words):
        self.server.stop()
        self.server.run("keys", "rotate", *words, "--data", self.server.data)
        self.keys += words[0] != "token"
        self.server.know(f"states {self.keys}")
        self.server.start()

    def run(self):
        self.leads(3)
        self.look()
        self.statement()
        copying = threading.Thread(target=self.backup, args=("copy",))
        copying.start()
        self.leads(3)
        copying.join()
        self.look()
        self.server.kill()
        self.server.start()
        self.rotate("log")
        self.leads(2)
        self.look()
        self.rotate("token")
        self.server.wait(DAY_S)
        with contextlib.suppress(AssertionError):  # at the change of the day there may be no key for it yet
            self.leads(1)
        wait_for(lambda: self.lead().status == 200, what="a lead of the next day")
        self.statement()
        self.look()
        self.server.run("check", "--data", self.server.data)
        self.rotate("log", "--end")
        self.leads(1)
        self.look()
        self.server.stop()
        self.server.run("compact", "--data", self.server.data)
        self.backup("again")


class PowerCut(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="countersign-power-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = scratch.name
        server = RecordedServer(SWEEP_MS=50, STORE_AHEAD_KIB=16)
        cls.addClassCleanup(server.folder.cleanup)
        try:
            Story(server).run()
        finally:
            server.end()
        cls.trace = server.trace

    def cut(self, states, *swallowed):
        done = subprocess.run([POWER_CUT, str(self.trace), self.scratch, str(SEED), str(states), *swallowed], capture_output=True, text=True, check=False)
        print(*swallowed, done.stdout.strip().splitlines()[-1:])
        return done

    def test_whatever_the_disk_has_kept_the_server_stands_by_its_word(self):
        print(f"SEED={SEED}")
        done = self.cut(STATES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_kind_of_sync_is_needed(self):
        for swallowed in ("folders", "store", "renamed"):
            with self.subTest(swallowed):
                done = self.cut(STATES_OF_A_CONTROL, swallowed)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
