#!/usr/bin/python3
"""The server's own keys change twice, to their end and as stolen, with statements before, between and after; what is cut short goes on."""

import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from harness import SOURCE, Market, Server, b64u_decode, countersign, person, send

sys.path.insert(0, str(SOURCE / "tests/support"))
from forge import canonical, compact, key_of  # noqa: E402
from liar import Liar  # noqa: E402
from second import verify_twice  # noqa: E402
from test_hostile_servers import TOKEN, Site  # noqa: E402


class Keys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="countersign-keys-")
        self.addCleanup(folder.cleanup)
        self.folder, self.receipts = Path(folder.name), []
        self.server = Server()
        self.addCleanup(self.server.close)
        self.market = Market(self.server)
        self.market.put_keys()

    def settle(self):
        lead = self.market.publisher.postback(person(click_id=self.market.click())).json
        self.receipts.append(lead["receipt"])
        self.receipts.append(self.market.advertiser.postback({"lead": lead["lead"], "status": "approved"}).json["receipt"])
        return self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]

    def keys(self, *words, status=0):
        done = countersign("keys", *words, "--data", self.server.data)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def pull(self, to="mirror", contract=None, token=None):
        done = countersign("pull", self.server.url, self.folder / to, "--contract", contract or self.market.contract, "--token", token or self.market.auditor.token)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / to

    def verify(self, mirror, *more, status=0):
        """Both implementations; what each check of the first said."""
        done = verify_twice(mirror, "--json", *more)
        checks = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
        self.assertEqual(done.returncode, status, done.stdout)
        return checks

    def stopped(self, *words):
        """Does that while the server is stopped."""
        self.server.stop()
        done = self.keys(*words)
        self.assertEqual(countersign("check", "--data", self.server.data).returncode, 0)
        self.server.start()
        return done.stdout

    def signers(self, mirror):
        return sum(line.startswith("\u2014 ") for line in (mirror / "log" / self.market.contract / "checkpoint").read_text().split("\n"))

    def cut_short(self):
        """A rotation whose keys are on the disk and whose entries are not: the server goes on with the old ones, and the same keys come with the next."""
        data, before = self.server.data, self.folder / "before"
        self.assertIn("in use by another countersign", self.keys("rotate", status=1).stderr)
        self.server.stop()
        shutil.copytree(data, before)
        self.keys("rotate")
        drawn = (data / "keys.json").read_bytes()
        self.assertNotEqual(drawn, (before / "keys.json").read_bytes())
        (before / "keys.json").write_bytes(drawn)
        shutil.rmtree(data)
        shutil.copytree(before, data)
        self.assertEqual(len(self.keys("list").stdout.splitlines()), 2)
        self.server.start()
        self.settle()
        self.assertEqual(self.signers(self.pull()), 1)
        self.verify(self.pull())
        self.stopped("rotate")
        self.assertEqual((data / "keys.json").read_bytes(), drawn)

    def test_keys_change_with_statements_before_between_and_after(self):
        self.settle()
        self.verify(self.pull())
        early = Path(shutil.copytree(self.folder / "mirror", self.folder / "early"))
        self.cut_short()
        self.settle()
        mirror = self.pull()
        self.assertEqual(self.signers(mirror), 2)
        self.meanwhile(early, mirror)
        self.against(early, mirror, "holds")
        self.assertIn("retired at entry", self.verify(mirror)["keys"]["sentence"])  # the statement key
        self.server.stop()
        again = self.keys("rotate")
        self.assertIn("nothing was changed: a rotation is under way", again.stderr)
        self.server.start()
        before = Path(shutil.copytree(self.pull(), self.folder / "before-the-end"))
        self.assertEqual(self.stopped("rotate", "--end").count(" retired"), 2)
        self.meanwhile(before, self.pull(), heads="heads")
        self.settle()
        self.assertEqual(self.signers(self.pull()), 1)
        self.verify(mirror)
        self.against(mirror, early, "holds")
        self.against(early, mirror, "cannot_tell")
        retired = self.stopped("rotate", "--stolen", "--retired")
        self.assertEqual((retired.count("reported stolen"), retired.count(" signs")), (2, 2))
        self.assertRegex(self.verify(self.pull())["keys"]["sentence"], r"retired at entry \d+, reported stolen at entry \d+")
        self.assertEqual(self.stopped("rotate", "--stolen").count("reported stolen"), 4)
        self.settle()
        self.pull()
        self.assertEqual(len(json.loads(send(self.server.url + "/.well-known/jwks.json").text)["keys"]), 3)
        (self.folder / "receipts").write_text("\n".join(self.receipts) + "\n")
        checks = self.verify(mirror, "--receipts", self.folder / "receipts")
        self.assertIn("reported stolen at entry", checks["keys"]["sentence"])
        self.assertIn(f"{len(self.receipts)} receipts signed", checks["receipts"]["sentence"])
        self.receipt_of_the_thief(mirror)
        self.forged_by_the_thief(mirror)
        self.a_later_contract_has_all_of_it()

    def against(self, mirror, other, verdict):
        """An older mirror knows fewer keys; that accuses nobody."""
        done = json.loads(verify_twice(mirror, "--against", other, "--json").stdout)
        self.assertEqual([check["verdict"] for check in done["checks"] if check["check"] == "against"], [verdict], done)

    def meanwhile(self, early, late, heads="checkpoint"):
        """A log that goes on, under other keys, between two requests of one pull: it begins again. A server that keeps what it signed to itself is refused."""
        old, new = ({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} for folder in (early, late))
        log = f"log/{self.market.contract}"
        for withheld in (False, True):
            asked = []

            def answer(connection, path):
                name = path.split("?")[0].lstrip("/")
                asked.append(name)
                stale = name in (f"{log}/checkpoint", f"{log}/openings", f"{log}/{heads}", "log/keys", ".well-known/jwks.json")
                if stale and (withheld or asked.count(f"{log}/checkpoint") <= 2):
                    connection.reply(old[name])
                    return True
                return False

            site = Site({**old, **new}, answer)
            self.addCleanup(site.close)
            own = self.folder / f"meanwhile-{site.port}"
            done = countersign("pull", site.url, own, "--contract", self.market.contract, "--token", TOKEN)
            self.assertEqual(done.returncode, withheld, done.stderr)
            self.assertEqual(asked.count(f"{log}/checkpoint"), 4)
            if withheld:
                self.assertIn("it withholds what it signed", done.stderr)
            else:
                self.assertEqual((own / log / "checkpoint").read_bytes(), new[f"{log}/checkpoint"])
                self.verify(own)

    def receipt_of_the_thief(self, mirror):
        """By the key that retired first and was reported stolen later: what the log denies accuses nobody."""
        header, said = (json.loads(b64u_decode(part)) for part in self.receipts[0].split(".")[:2])
        key = key_of(b64u_decode(json.loads((self.server.data / "keys.json").read_text())["statement"][-1]["seed"]))
        forged = compact(key, header, canonical({**said, "payout_micros": said["payout_micros"] + 1}))
        (self.folder / "forged-receipt").write_text(forged + "\n")
        done = verify_twice(mirror, "--receipts", self.folder / "forged-receipt")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("was reported stolen, and it may be its thief's", done.stdout)

    def forged_by_the_thief(self, mirror):
        """Another entry under a key that is no more; under that of now it would be the operator's own."""
        seeds = [key["seed"] for key in json.loads((self.server.data / "keys.json").read_text())["log"]]
        for seed in seeds:
            forged = Path(shutil.copytree(mirror, self.folder / "forged"))
            forger = Liar(self.server.data, forged)
            forger.keys.log = key_of(b64u_decode(seed))
            at = forger.entries[-1]["at"]
            forger.append({"at": at, "clicks": 1, "from_ms": at, "kind": "gap", "to_ms": at})
            forger.sign()
            checks = self.verify(forged, status=0 if seed == seeds[0] else 1)
            self.assertEqual("is not signed by just the keys" in checks["checkpoint"]["sentence"], seed != seeds[0], checks)
            self.pulled_from_the_thief(mirror, forged, refused=seed != seeds[0])
            shutil.rmtree(forged)

    def pulled_from_the_thief(self, mirror, forged, refused):
        """It extends the mirror's logs, and its keys are published."""
        site = Site({str(path.relative_to(forged)): path.read_bytes() for path in forged.rglob("*") if path.is_file()})
        self.addCleanup(site.close)
        own = Path(shutil.copytree(mirror, self.folder / f"own-{site.port}"))
        done = countersign("pull", site.url, own, "--contract", self.market.contract, "--token", TOKEN)
        self.assertEqual(done.returncode, refused, done.stderr)
        self.assertEqual("is signed by an older key than the head that this mirror has" in done.stderr, refused, done.stderr)

    def a_later_contract_has_all_of_it(self):
        later = self.market.new_contract(self.market.new_publisher())
        self.verify(self.pull("later", later, self.market.operator.token))


if __name__ == "__main__":
    unittest.main()
