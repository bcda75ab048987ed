"""A lying operator, with the real keys and with others, against what its readers kept: another history, a rolled back backup, two faces for two
readers, keys replaced. Each is refused or named, and nothing that was kept is lost; a log that only grew passes."""

import json
import os
import re
import shutil
import signal
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from harness import SOURCE, ServerCase, bundle, countersign, person, tile_number
from test_hostile_mirrors import Operator
from test_hostile_servers import RAW, TOKEN, Site, snapshot

sys.path.insert(0, str(SOURCE / "tests/support"))

from second import second_verify, verify_twice  # noqa: E402

LIBRARY = os.environ.get("KILLER_LIBRARY", "")
STRIDE = 1 if os.environ.get("LONG") else 13
WITHOUT_WAIT = {**os.environ, "LD_PRELOAD": LIBRARY, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


def files_of(mirror):
    return {str(path.relative_to(mirror)): path.read_bytes() for path in mirror.rglob("*") if path.is_file()}


class LyingOperator(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market = cls.market
        cls.contract, cls.log = market.contract, f"log/{market.contract}"
        cls.folder = tempfile.TemporaryDirectory(prefix="countersign-lies-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.base = Path(cls.folder.name)
        market.put_keys()
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        market.advertiser.postback({"lead": lead, "status": "approved"})
        cls.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        cls.clicks(260)  # past one full tile
        cls.early = cls.base / "early"
        cls.assert_pulled(cls.pull_from(cls.server.url, cls.early))
        cls.server.stop()
        cls.backup = Path(shutil.copytree(cls.server.data, cls.base / "backup"))
        cls.server.start()
        cls.clicks(3)
        market.publisher.postback(person(click_id=market.click()))
        market.settled_entries()
        cls.late = Path(shutil.copytree(cls.early, cls.base / "late"))
        cls.grown = cls.pull_from(cls.server.url, cls.late)
        cls.assert_pulled(cls.grown)
        cls.server.stop()
        cls.honest = Path(shutil.copytree(cls.server.data, cls.base / "honest"))
        cls.server.start()

    @classmethod
    def clicks(cls, n):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: cls.market.click(), range(n)))
        cls.market.settled_entries()

    @classmethod
    def pull_from(cls, url, to, kill_at=0):
        token = cls.market.auditor.token if url == cls.server.url else TOKEN
        env = {**WITHOUT_WAIT, "COUNTERSIGN_KILL_AT": str(kill_at)}
        return countersign("pull", url, to, "--contract", cls.contract, "--token", token, env=env)

    @staticmethod
    def assert_pulled(done):
        assert done.returncode == 0, done.stderr

    @classmethod
    def serve(cls, data):
        """The server begins again from that copy of its folder."""
        cls.server.stop()
        shutil.rmtree(cls.server.data)
        shutil.copytree(data, cls.server.data)
        cls.server.start()

    def copy(self, mirror):
        folder = tempfile.TemporaryDirectory(prefix="case-", dir=self.base)
        self.addCleanup(folder.cleanup)
        return Path(shutil.copytree(mirror, Path(folder.name) / "mirror"))

    def size(self, mirror):
        return int((mirror / self.log / "checkpoint").read_text().split("\n")[1])

    def verdict(self, mirror, *flags):
        done = (verify_twice if flags else partial(countersign, "verify"))(mirror, *flags)
        self.assertIsNone(RAW.search(done.stdout.encode()), done.stdout)
        return done

    def assertAlike(self, mirror):
        """The second implementation says the same of it."""
        done = second_verify(mirror)
        self.assertEqual(done.returncode, self.verdict(mirror).returncode, done.stdout + done.stderr)

    def lines(self, done, verdict="FAILS"):
        return {line.split()[0]: line for line in done.stdout.splitlines() if line.split()[1:2] == [verdict]}

    def assertRefused(self, url, mirror, *says, n=1, known=True):
        """The mirror is untouched and holds, the other history stands beside it, and one line says what to do with both."""
        before = snapshot(mirror)
        done = self.pull_from(url, mirror)
        beside = mirror.with_name(f"{mirror.name}.refused-{n}")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIsNone(RAW.search(done.stderr.encode()), done.stderr)
        for word in ("REFUSED", str(beside), "to the other party and to an auditor", "cannot deny" if known else "ask the operator", *says):
            self.assertIn(word, done.stderr)
        self.assertEqual(snapshot(mirror), before)
        self.assertEqual(self.verdict(mirror).returncode, 0)
        self.assertTrue((beside / self.log / "checkpoint").exists())
        for path in beside.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o777, 0o700 if path.is_dir() else 0o600, path)
        return beside

    # ---- honest growth ----

    def test_a_log_that_grew_passes_and_every_checkpoint_stays(self):
        seen = self.late / self.log / "seen" / str(self.size(self.early))
        self.assertEqual(seen.read_bytes(), (self.early / self.log / "checkpoint").read_bytes())
        self.assertEqual(self.verdict(self.late, "--against", self.late / ".").returncode, 2, "itself is nobody else's")
        done = self.verdict(self.late, "--against", self.early, "--not-older-than", "1h")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^history +holds +[1-9] checkpoint")
        self.assertRegex(done.stdout, r"(?m)^entries .*the last is of 20..-..-..T")
        self.assertAlike(self.late)
        pins = self.base / "pins"
        pins.write_text(countersign("verify", self.early, "--print-pin").stdout)
        self.assertEqual(self.verdict(self.late, "--pin", pins).returncode, 0)

    def test_a_mirror_that_is_old_is_told(self):
        for flag in ("0m", "2999-01-01T00:00:00Z"):
            done = self.verdict(self.early, "--not-older-than", flag)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stdout, r"(?m)^age +FAILS +the last entry is of 20..-.*, \d+ hours? and \d+ minutes? ago")
        for flag in ("", "7", "d", "-1d", "99999999999999999999d", "yesterday", "2026-13-01"):
            done = verify_twice(self.early, "--not-older-than", flag)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), flag)

    # ---- a server that began again from a backup, with its real keys ----

    def test_a_history_that_was_rewritten(self):
        mirror, pins = self.copy(self.late), self.base / "late-pins"
        pins.write_text(countersign("verify", self.late, "--print-pin").stdout)
        before = snapshot(mirror.parent)
        done = self.pull_from(self.site(files_of(self.early)).url, mirror)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("older state", done.stderr)
        self.assertEqual(snapshot(mirror.parent), before, "a state that it was in accuses nobody")
        self.serve(self.backup)
        try:
            self.clicks(self.size(self.late) - self.market.head()[0] - 1)  # and the one that marks the end
            same = self.assertRefused(self.server.url, mirror, "was rewritten")
            self.assertRefused(self.server.url, mirror, "was rewritten")  # the same again: no second folder
            self.assertFalse(mirror.with_name("mirror.refused-2").exists())
            self.assertEqual(self.size(same), self.size(self.late))

            self.clicks(500)
            more = self.assertRefused(self.server.url, mirror, "was rewritten", n=2)
            self.assertGreater(self.size(more), self.size(self.late) + 490)
            self.assertEqual(set(self.lines(self.verdict(more))), {"history"}, "it proves itself what it is")
            self.assertAlike(more)
            told = self.lines(self.verdict(mirror, "--against", more))
            self.assertEqual(set(told), {"against"})
            first = int(re.search(r"agree in their first (\d+) entries", told["against"])[1])
            self.assertEqual(first, self.first_difference(mirror, more))

            # another reader, who has nothing to compare with
            fresh = self.base / "fresh"
            self.assert_pulled(self.pull_from(self.server.url, fresh))
            self.assertEqual(self.verdict(fresh).returncode, 0)
            self.assertEqual(set(self.lines(self.verdict(fresh, "--pin", pins))), {"pins"})
            for mine, theirs in ((fresh, mirror), (mirror, fresh)):
                done = self.verdict(mine, "--against", theirs)
                self.assertEqual((done.returncode, set(self.lines(done))), (1, {"against"}), done.stdout)
            done = self.verdict(fresh, "--against", self.early)
            self.assertEqual(done.returncode, 0, "what both had before the lie is the same")
        finally:
            self.serve(self.honest)
        done = self.pull_from(self.server.url, mirror)
        self.assert_pulled(done)
        self.assertIn("mirror.refused-1 is what an earlier pull refused", done.stdout)
        self.assertEqual(self.verdict(mirror).returncode, 0, "the honest history goes on")

    def entries(self, mirror):
        size = self.size(mirror)
        for n in range((size + 255) // 256):
            width = min(256, size - n * 256)
            yield from bundle((mirror / self.log / "tile/entries" / (tile_number(n) + ("" if width == 256 else f".p/{width}"))).read_bytes())

    def first_difference(self, a, b):
        return next(n for n, (x, y) in enumerate(zip(self.entries(a), self.entries(b))) if x != y)

    # ---- what only a server of one's own can show ----

    def site(self, files, answer=None):
        site = Site(files, answer)
        self.addCleanup(site.close)
        return site

    def test_keys_are_replaced(self):
        """All of them, over the very same entries; one of the statement keys; the contract's alone."""
        forged = self.copy(self.late)
        liar = Operator(forged, self.contract)
        liar.publish(self.log, list(self.entries(self.late)))
        root = bundle_of_root(self.late)
        liar.publish("log", root)
        honest = files_of(self.late)
        all_new = {**honest, **files_of(forged)}
        mirror = self.copy(self.late)
        old = honest["log/keys"].decode().splitlines()[0]
        beside = self.assertRefused(self.site(all_new).url, mirror, f"the log key {old}", known=False)
        told = self.lines(self.verdict(mirror, "--against", beside))
        self.assertIn("none of the keys that this mirror names", told["against"])
        self.assertEqual(self.verdict(mirror, "--pin", self.pins_of(beside)).returncode, 1)

        jwks = honest[".well-known/jwks.json"].replace(b'"x":"', b'"x":"A')
        self.assertRefused(self.site({**honest, ".well-known/jwks.json": jwks}).url, self.copy(self.late), "the statement key ")
        new = liar.verifier_key(liar.root).encode() + b"\n"
        self.assertRefused(self.site({**honest, "log/keys": honest["log/keys"] + new}).url, self.copy(self.late), "in another order")
        added = new + honest["log/keys"]
        mirror = self.copy(self.late)
        self.assert_pulled(self.pull_from(self.site({**honest, "log/keys": added}).url, mirror))
        self.assertEqual((mirror / "log/keys").read_bytes(), added, "keys may be added, in front")

    def pins_of(self, mirror):
        """What somebody would pin who was shown that mirror alone."""
        path = self.base / "their-pins"
        path.write_text("".join(f"log-key {line}\n" for line in (mirror / "log/keys").read_text().splitlines()))
        return path

    def test_an_older_state_lacks_the_keys_of_later(self):
        """A backup of before a rotation is no crime either."""
        honest, early = files_of(self.late), files_of(self.early)
        forged = self.copy(self.late)
        liar = Operator(forged, self.contract)
        new = liar.verifier_key(liar.root).encode() + b"\n"
        mirror = self.copy(self.late)
        (mirror / "log/keys").write_bytes(new + honest["log/keys"])
        before = snapshot(mirror.parent)
        done = self.pull_from(self.site(early).url, mirror)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("older state", done.stderr)
        self.assertEqual(snapshot(mirror.parent), before)
        done = self.pull_from(self.site(honest).url, mirror)
        self.assertEqual((done.returncode, "not published any more" in done.stderr), (1, True), "a key that is gone today")
        mirror = self.copy(self.late)
        (mirror / "log/keys").write_bytes(new + honest["log/keys"])
        stranger = Operator(self.copy(self.late), self.contract)
        unknown = stranger.verifier_key(stranger.root).encode() + b"\n"
        done = self.pull_from(self.site({**early, "log/keys": unknown + early["log/keys"]}).url, mirror)
        self.assertEqual(done.returncode, 1, "no older state had a key that came later than none")

    # ---- what nobody signs ----

    def test_openings_may_go_but_not_change(self):
        honest = files_of(self.late)
        name = self.log + "/openings"
        lines = honest[name].splitlines(keepends=True)
        self.assertGreater(len(lines), 1)
        mirror = self.copy(self.late)
        self.assert_pulled(self.pull_from(self.site({**honest, name: b"".join(lines[1:])}).url, mirror))
        self.assertEqual((mirror / name).read_bytes(), b"".join(lines[1:]), "erased")
        self.assert_pulled(self.pull_from(self.site(honest).url, mirror))
        self.assertEqual((mirror / name).read_bytes(), honest[name], "to be seen again")

        other = json.loads(lines[1])
        other["salt"] = other["salt"][:-2] + ("AA" if other["salt"][-2:] != "AA" else "BA")
        changed = b"".join([lines[0], json.dumps(other, sort_keys=True, separators=(",", ":")).encode() + b"\n", *lines[2:]])
        beside = self.assertUnsigned({**honest, name: changed}, self.copy(self.late), f"the opening of entry {other['index']}")
        self.assertEqual(set(self.lines(self.verdict(beside))), {"openings"})

        mirror = self.copy(self.late)
        (mirror / name).write_bytes(changed)
        self.assert_pulled(self.pull_from(self.site(honest).url, mirror))
        self.assertEqual((mirror / name).read_bytes(), honest[name], "what was damaged here accuses nobody")

    def assertUnsigned(self, files, mirror, *says):
        before = snapshot(mirror)
        done = self.pull_from(self.site(files).url, mirror)
        beside = mirror.with_name("mirror.refused-1")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        for word in ("REFUSED", "Nobody signs that file", str(beside), "to the other party and to an auditor", *says):
            self.assertIn(word, done.stderr)
        self.assertEqual(snapshot(mirror), before)
        told = self.verdict(mirror)
        self.assertEqual(told.returncode, 0)
        self.assertRegex(told.stdout, rf"(?m)^refused +- +{re.escape(str(beside))}: what earlier pulls refused")
        return beside

    def test_click_keys_may_come_but_not_change(self):
        honest, name = files_of(self.late), f"v1/contracts/{self.contract}/click-key"

        def keys(*pairs):
            return json.dumps({"contract": self.contract, "keys": [{"key": key, "kid": kid} for kid, key in pairs]}, separators=(",", ":")).encode()

        first, second = (1, "A" * 43), (2, "E" * 43)
        mirror = self.copy(self.late)
        for served in (keys(first), keys(second, first), None):
            files = {**honest, name: served} if served else honest  # without it this site says 403, as to an auditor
            self.assert_pulled(self.pull_from(self.site(files).url, mirror))
            self.assertEqual((mirror / name).read_bytes(), served or keys(second, first))
        for served, says in ((keys((2, "I" * 43), first), "the click key 2 is another one"), (keys(first), "the click key 2 is not served any more")):
            with self.subTest(says):
                copy = self.copy(mirror)
                self.assertUnsigned({**honest, name: served}, copy, says)
                self.assertEqual((copy / name).read_bytes(), keys(second, first))

    def test_a_statement_is_replaced(self):
        honest = files_of(self.late)
        for end in (".jws", "/lines", "/checkpoint"):
            name = next(name for name in honest if name.startswith("v1/statements/") and name.endswith(end))
            changed = damaged(honest[name]) if end == "/checkpoint" else honest[name].replace(b"1", b"2", 1)
            with self.subTest(end):
                self.assertRefused(self.site({**honest, name: changed}).url, self.copy(self.late), name)

    def test_what_nobody_signed_is_no_evidence(self):
        honest = files_of(self.early)
        note = honest[self.log + "/checkpoint"]
        forged = self.copy(self.late)
        liar = Operator(forged, self.contract)
        liar.publish(self.log, list(self.entries(self.early))[:-1])
        unsigned = {**honest, **{name: data for name, data in files_of(forged).items() if name.startswith(self.log)}}
        for name, files in (("another key's signature", unsigned), ("a changed signature", {**honest, self.log + "/checkpoint": damaged(note)})):
            with self.subTest(name):
                mirror = self.copy(self.late)
                before = snapshot(mirror.parent)
                done = self.pull_from(self.site(files).url, mirror)
                self.assertEqual(done.returncode, 1)
                self.assertIn("nothing of this pull was kept", done.stderr)
                self.assertEqual(snapshot(mirror.parent), before)

    def test_two_heads_in_one_pull(self):
        honest, fork = self.copy(self.late), self.copy(self.late)
        liar = Operator(honest, self.contract)
        entries = list(self.entries(self.late))
        liar.publish(self.log, entries)
        liar.publish("log", bundle_of_root(self.late))
        first = (honest / self.log / "checkpoint").read_bytes()
        liar.mirror = fork
        shutil.rmtree(fork / self.log / "tile")
        liar.publish(self.log, [*entries[:-1], entries[-2]])
        shown = {**files_of(self.late), **files_of(honest), **{name: data for name, data in files_of(fork).items() if name.startswith(self.log)}}
        shown = {name: data for name, data in shown.items() if "seen/" not in name}
        asked = []

        def two_faces(connection, path):
            if path != f"/{self.log}/checkpoint" or asked:
                return False
            asked.append(path)
            connection.reply(first)
            return True

        to = self.base / "two-faces" / "mirror"
        to.parent.mkdir()
        done = self.pull_from(self.site(shown, two_faces).url, to)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("the beginning of this pull", done.stderr)
        self.assertFalse(to.exists())
        beside = to.with_name("mirror.refused-1")
        self.assertIn(first, [path.read_bytes() for path in (beside / self.log / "seen").iterdir()])
        self.assertIn("history", self.lines(self.verdict(beside)))

    # ---- kill -9 ----

    def test_a_pull_that_is_killed_at_any_step_loses_nothing(self):
        """Whatever is there then holds or cannot be told, the kept head stands in it; the next pull makes it whole, or refuses a liar."""
        late, early = files_of(self.late), files_of(self.early)
        growth, pins = self.site(late), self.base / "early-pins"
        pins.write_text(countersign("verify", self.early, "--print-pin").stdout)
        forged = self.copy(self.early)
        liar = Operator(forged, self.contract)
        liar.publish(self.log, list(self.entries(self.early)))
        liar.publish("log", bundle_of_root(self.early))
        foreign = self.site({**early, **files_of(forged)})

        def killed(step):
            mirror = self.copy(self.early)
            done = self.pull_from(growth.url, mirror, kill_at=step)
            self.assertIn(done.returncode, (0, -signal.SIGKILL), done.stderr)
            first = countersign("verify", mirror, "--pin", pins)
            kept = [path.read_bytes() for path in (mirror / self.log).rglob("*") if path.parent.name == "seen" or path.name == "checkpoint"]
            refused = self.pull_from(foreign.url, mirror)
            after = countersign("verify", mirror, "--pin", pins)
            again = self.pull_from(growth.url, mirror)
            whole = countersign("verify", mirror, "--pin", pins)
            seen = mirror / self.log / "seen" / str(self.size(self.early))
            return (done.returncode != 0, first.returncode in (0, 2), early[self.log + "/checkpoint"] in kept, refused.returncode, after.returncode,
                    again.returncode, whole.returncode, seen.read_bytes() == early[self.log + "/checkpoint"])

        good, step, died = (True, True, 1, 0, 0, 0, True), 1, True
        with ThreadPoolExecutor(8) as pool:
            while died:
                for done in pool.map(killed, range(step, step + 4 * STRIDE, STRIDE)):
                    self.assertEqual(done[1:], good, f"killed in front of step {step}")
                    died &= done[0]
                    step += STRIDE
        self.assertGreater(step, 40)


def damaged(note):
    """One character of its signature is another."""
    return note[:-12] + (b"B" if note[-12:-11] == b"A" else b"A") + note[-11:]


def bundle_of_root(mirror):
    size = int((mirror / "log/checkpoint").read_text().split("\n")[1])
    assert 0 < size < 256
    return list(bundle((mirror / "log/tile/entries" / f"000.p/{size}").read_bytes()))


if __name__ == "__main__":
    unittest.main()
