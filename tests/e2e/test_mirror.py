"""pull and verify: an auditor's copy holds, and any single changed byte of it is noticed."""

import json
import os
import random
import re
import shutil
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import Market, ServerCase, countersign, person, send

SEED = int(os.environ.get("SEED") or time.time())
FLIPS_PER_FILE = int(os.environ.get("FLIPS") or 1)


def history(market):
    """Two settled periods and an open one, with every kind of entry that a market makes."""
    market.put_keys()
    for period in range(3):
        leads = []
        for n in range(6):
            click_id = market.click(f"?sub1={period}-{n}&utm_source=mail")
            send(f"{market.code['pixel_url']}?event=view&click_id={click_id}")
            leads.append(market.publisher.postback(person(click_id=click_id, country="FR" if n % 2 else "BE")).json["lead"])
        market.publisher.postback(person(click_id=market.click(), email=""))
        market.publisher.postback(person())
        for lead, status in zip(leads, ("approved", "approved", "rejected", "approved")):
            market.advertiser.postback({"lead": lead, "status": status, "reason": "as agreed"})
        market.advertiser.postback({"lead": leads[0], "status": "returned"})
        if period < 2:
            ident = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
            lines = [json.loads(line)["index"] for line in market.advertiser.do("GET", f"/v1/statements/{ident}/lines").body.splitlines()][:2]
            assert market.advertiser.answer_statement(ident).status == 201
            assert market.publisher.answer_statement(ident, "accept" if period else "dispute", [] if period else lines).status == 201
        market.advertiser.patch(f"/v1/campaigns/{market.campaign}", {"return_days": 20 + period})


class Mirror(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        history(cls.market)
        for n in range(200):  # past one full tile
            cls.market.click(f"?sub1=later-{n}")
        cls.market.settled_entries()
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-mirror-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.mirror = Path(cls.folder.name) / "mirror"
        cls.pulled = cls.pull(cls.mirror)

    @classmethod
    def pull(cls, to, token=None, contract=None):
        return countersign("pull", cls.server.url, to, "--contract", contract or cls.market.contract, "--token", token or cls.market.auditor.token)

    def copy(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-mirror-")
        self.addCleanup(folder.cleanup)
        return Path(shutil.copytree(self.mirror, Path(folder.name) / "copy"))

    def test_holds(self):
        self.assertEqual(self.pulled.returncode, 0, self.pulled.stderr)
        done = countersign("verify", self.mirror)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = countersign("verify", self.mirror, "--json")
        self.assertEqual(done.returncode, 0)
        json.loads(done.stdout)

    def test_holds_for_each_party(self):
        for party in (self.market.advertiser, self.market.publisher):
            to = Path(self.folder.name) / party.id
            self.assertEqual(self.pull(to, party.token).returncode, 0)
            done = countersign("verify", to)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_party_has_what_opens_its_click_ids_and_an_auditor_has_not(self):
        name = f"v1/contracts/{self.market.contract}/click-key"
        self.assertFalse((self.mirror / name).exists())
        for party in (self.market.advertiser, self.market.publisher, self.market.operator):
            with self.subTest(party.token[:4]), tempfile.TemporaryDirectory() as folder:
                to = Path(folder) / "mirror"
                self.assertEqual(self.pull(to, party.token).returncode, 0)
                served = party.do("GET", "/" + name).body
                self.assertEqual((to / name).read_bytes(), served)
                self.assertEqual((to / name).stat().st_mode & 0o777, 0o600)
                self.assertEqual(json.loads(served)["contract"], self.market.contract)
                for left in (lambda: (to / name).write_bytes(b"anything"), (to / name).unlink):
                    left()
                    self.assertEqual(countersign("verify", to).returncode, 0, "it is none of the evidence")

    def test_every_flipped_byte_is_noticed(self):
        """Bit flips at many positions of every file, one at a time."""
        print(f"SEED={SEED}")
        rng = random.Random(SEED)
        files = [path.relative_to(self.mirror) for path in sorted(self.mirror.rglob("*")) if path.is_file()]
        self.assertGreater(len(files), 12)
        flips = []
        for path in files:
            size = (self.mirror / path).stat().st_size
            if size:
                ends = [0, size - 1, size // 2]
                places = {*(ends if FLIPS_PER_FILE > 1 else rng.sample(ends, 1)), *(rng.randrange(size) for _ in range(FLIPS_PER_FILE))}
                flips += [(path, at, 1 << rng.randrange(8)) for at in sorted(places)]
        workers = os.cpu_count() or 2
        copies = [self.copy() for _ in range(workers)]

        def missed(worker):
            found = []
            for path, at, bit in flips[worker::workers]:
                target = copies[worker] / path
                good = target.read_bytes()
                target.write_bytes(good[:at] + bytes([good[at] ^ bit]) + good[at + 1:])
                if countersign("verify", copies[worker]).returncode not in (1, 2):
                    found.append((str(path), at, bit))
                target.write_bytes(good)
            return found

        with ThreadPoolExecutor(workers) as pool:
            self.assertEqual([flip for found in pool.map(missed, range(workers)) for flip in found], [])
        self.assertEqual(countersign("verify", copies[0]).returncode, 0, "the copy holds again once it is mended")

    def test_missing_cut_and_foreign_files(self):
        copy = self.copy()
        for path in sorted(path for path in copy.rglob("*") if path.is_file()):
            good = path.read_bytes()
            with self.subTest(missing=str(path.relative_to(copy))):
                path.unlink()
                self.assertIn(countersign("verify", copy).returncode, (1, 2))
                path.write_bytes(good)
            with self.subTest(cut=str(path.relative_to(copy))):
                path.write_bytes(good[:-1])
                self.assertIn(countersign("verify", copy).returncode, (1, 2))
                path.write_bytes(good)
        (copy / "log" / "C0000000000000").mkdir()
        (copy / "log" / "C0000000000000" / "openings").write_text("x")
        self.assertIn(countersign("verify", copy).returncode, (1, 2))

    def test_nothing_there_is_not_told(self):
        self.assertEqual(countersign("verify", Path(self.folder.name) / "nowhere").returncode, 2)

    def test_a_statement_of_another_server_is_refused(self):
        copy, other = self.copy(), Market(self.server)
        history(other)
        to = Path(self.folder.name) / "other"
        self.assertEqual(self.pull(to, other.auditor.token, other.contract).returncode, 0)
        theirs, ours = (sorted((base / "v1/statements").glob("*.jws")) for base in (to, copy))
        self.assertTrue(theirs and ours)
        ours[0].write_bytes(theirs[0].read_bytes())
        self.assertEqual(countersign("verify", copy).returncode, 1)

    def test_pulling_again_brings_the_copy_up_to_date(self):
        to = Path(self.folder.name) / "again"
        self.assertEqual(self.pull(to).returncode, 0)
        self.market.publisher.postback(person(click_id=self.market.click()))
        size = len(self.market.settled_entries())
        done = self.pull(to)
        self.assertEqual(done.returncode, 0, done.stderr)
        note = (to / "log" / self.market.contract / "checkpoint").read_text()
        self.assertGreaterEqual(int(note.split("\n")[1]), size)
        done = countersign("verify", to)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_damaged_tiles_are_fetched_again(self):
        """Bytes changed, files cut, emptied, longer and gone: of each tile and bundle, all at once and those of one level alone."""
        to = self.copy()

        def tiles(level="[^/]+"):
            return [path for path in sorted(to.rglob("*")) if path.is_file() and re.search(f"/tile/{level}/", str(path))]

        damages = {
            "a byte": lambda good: good[:20] + bytes([good[20] ^ 1]) + good[21:], "the last byte": lambda good: good[:-1] + bytes([good[-1] ^ 1]),
            "cut": lambda good: good[:-1], "empty": lambda good: b"", "longer": lambda good: good + b"\0\0", "gone": None,
        }
        for name, level in [(name, "[^/]+") for name in damages] + [("a byte", "entries"), ("the last byte", "0")]:
            with self.subTest(name, level=level):
                self.assertTrue(tiles(level))
                for path in tiles(level):
                    good = path.read_bytes()
                    path.unlink()
                    if damages[name] is not None:
                        path.write_bytes(damages[name](good))
                done = self.pull(to)
                self.assertEqual(done.returncode, 0, done.stderr)
                done = countersign("verify", to)
                self.assertEqual(done.returncode, 0, done.stdout)
        bundle, hashes = (to / "log" / self.market.contract / "tile" / level / "000" for level in ("entries", "0"))
        bundle.write_bytes(damages["a byte"](bundle.read_bytes()))
        before = bundle.stat().st_ino, hashes.stat().st_ino
        self.assertEqual(self.pull(to).returncode, 0)
        self.assertNotEqual(bundle.stat().st_ino, before[0], "the damaged one was fetched")
        self.assertEqual(hashes.stat().st_ino, before[1], "the other one was kept")

    def test_pull_refuses_with_one_clear_line(self):
        to = Path(self.folder.name) / "refused"
        for arguments in ((self.server.url, to, "--contract", self.market.contract, "--token", "cst_wrong"),
                          (self.server.url, to, "--contract", "C0000000000000", "--token", self.market.auditor.token),
                          ("http://127.0.0.1:1", to, "--contract", self.market.contract, "--token", self.market.auditor.token)):
            done = countersign("pull", *arguments)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
