#!/usr/bin/python3
"""The server's own keys change twice, to their end and as stolen, with statements before, between and after; what is cut short goes on."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from harness import BROWSER, SOURCE, Market, Server, b64u, b64u_decode, click, countersign, person, send

sys.path.insert(0, str(SOURCE / "tests/support"))
from book import Book, sha256  # noqa: E402
from forge import Keys as Signing, canonical, compact, key_of, public  # noqa: E402
from liar import Liar  # noqa: E402
from root_log import tag  # noqa: E402
from second import verify_twice  # noqa: E402
from verify import thumbprint  # noqa: E402
from test_hostile_servers import TOKEN, Site  # noqa: E402


class Rotated(Signing):
    """All keys that the server ever had, each of which signs where the book's entries say."""

    def __init__(self, data, book, fresh=()):
        stored = json.loads((Path(data) / "keys.json").read_text())
        pairs = [key_of(b64u_decode(key["seed"])) for name in ("log", "statement") for key in stored[name]]
        self.book, self.of = book, {b64u(public(key)): key for key in (*pairs, *fresh)}
        self.first = {name: [b64u(public(key_of(b64u_decode(stored[name][-1]["seed"]))))] for name in ("log", "statement")}

    def state(self, before, index=lambda at, entry: at):
        """What signs in front of that entry; of the root log by the index there."""
        said = [json.loads(b64u_decode(entry["jws"].split(".")[1])) for at, entry in enumerate(self.book.entries)
                if entry["kind"] == "server_keys" and index(at, entry) < before]
        return {"log": said[-1]["log"], "statement": [said[-1]["statement"]]} if said else self.first

    def note(self, origin, size, root):
        state = self.state(size, (lambda _, entry: entry["root"]) if origin == self.book.root_origin else lambda at, _: at)
        notes = []
        for name in state["log"]:
            self.log = self.of[name]
            notes.append(super().note(origin, size, root))
        return notes[0] + b"".join(note.split(b"\n\n")[1] for note in notes[1:])

    def general(self, payload, typ="countersign-statement"):
        self.statement = self.of[self.state(json.loads(payload)["tree"]["size"])["statement"][0]]
        return super().general(payload, typ)


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
        self.assertIn("in use by another countersign", self.keys("rotate", "log", status=1).stderr)
        self.server.stop()
        shutil.copytree(data, before)
        self.keys("rotate", "log")
        drawn = (data / "keys.json").read_bytes()
        self.assertNotEqual(drawn, (before / "keys.json").read_bytes())
        (before / "keys.json").write_bytes(drawn)
        shutil.rmtree(data)
        shutil.copytree(before, data)
        self.assertEqual(len(self.keys("list").stdout.splitlines()), 4)
        self.server.start()
        self.settle()
        self.assertEqual(self.signers(self.pull()), 1)
        self.verify(self.pull())
        self.stopped("rotate", "log")
        self.assertEqual((data / "keys.json").read_bytes(), drawn)

    def codes_by_another_key(self):
        """What is out stays good, and a mirror of before gets what opens the new ids."""
        for words in (), ("token", "--end"), ("token", "--stolen"), ("all",):
            self.keys("rotate", *words, status=2)
        old = self.market.click()
        publishers = self.pull("publishers", token=self.market.publisher.token)
        self.assertIn("token-key 2 makes codes and ids\ntoken-key 1 opens those of before", self.stopped("rotate", "token"))
        ids = [old, self.market.click(), click(self.market.new_code(self.market.publisher, self.market.contract)["click_url"], **BROWSER)[1]]
        self.assertEqual([b64u_decode(each)[1] for each in ids], [1, 2, 2])
        for each in ids:
            self.assertEqual(self.market.publisher.postback(person(click_id=each)).json["status"], "pending")
        self.pull("publishers", token=self.market.publisher.token)
        (self.folder / "ids").write_text("\n".join(ids))
        self.verify(publishers, "--clicks", self.folder / "ids")

    def test_keys_change_with_statements_before_between_and_after(self):
        self.server.stop()
        self.assertIn("nothing was changed: no rotation is under way", self.keys("rotate", "log", "--end", status=1).stderr)
        self.server.start()
        self.codes_by_another_key()
        self.settle()
        self.verify(self.pull())
        early = Path(shutil.copytree(self.folder / "mirror", self.folder / "early"))
        self.cut_short()
        self.settle()
        mirror = self.pull()
        self.assertEqual(self.signers(mirror), 2)
        self.both_keys_changed_at_once(mirror)
        self.meanwhile(early, mirror)
        self.against(early, mirror, "holds")
        self.assertIn("retired at entry", self.verify(mirror)["keys"]["sentence"])  # the statement key
        self.server.stop()
        again = self.keys("rotate", "log", status=1)
        self.assertIn("nothing was changed: a rotation is under way", again.stderr)
        self.server.start()
        before = Path(shutil.copytree(self.pull(), self.folder / "before-the-end"))
        self.assertEqual(self.stopped("rotate", "log", "--end").count(" retired"), 2)
        self.meanwhile(before, self.pull(), heads="heads")
        self.settle()
        self.assertEqual(self.signers(self.pull()), 1)
        self.verify(mirror)
        self.against(mirror, early, "holds")
        self.against(early, mirror, "cannot_tell")
        retired = self.stopped("rotate", "log", "--stolen", "--retired")
        self.assertEqual((retired.count("reported stolen"), retired.count(" signs")), (2, 2))
        self.assertRegex(self.verify(self.pull())["keys"]["sentence"], r"retired at entry \d+, reported stolen at entry \d+")
        self.assertEqual(self.stopped("rotate", "log", "--stolen").count("reported stolen"), 4)
        self.settle()
        self.pull()
        self.assertEqual(len(json.loads(send(self.server.url + "/.well-known/jwks.json").text)["keys"]), 3)
        checks = self.receipts_hold(mirror)
        self.assertIn("reported stolen at entry", checks["keys"]["sentence"])
        self.receipt_of_the_thief(mirror)
        self.forged_by_the_thief(mirror)
        self.told_otherwise(mirror, before)
        self.a_later_contract_has_all_of_it()

    def receipts_hold(self, mirror):
        (self.folder / "receipts").write_text("\n".join(self.receipts) + "\n")
        checks = self.verify(mirror, "--receipts", self.folder / "receipts")
        self.assertIn(f"{len(self.receipts)} receipts signed", checks["receipts"]["sentence"])
        return checks

    def both_keys_changed_at_once(self, mirror):
        """The log's key and the statements': what either key of before signed holds, and so does what those of now sign. No key signs for the other time."""
        self.receipts_hold(mirror)
        told = Book(mirror, None)
        at = told.find("server_keys")
        word = json.loads(b64u_decode(told.entries[at]["jws"].split(".")[1]))
        kids = {"statements": [], "receipts": [json.loads(b64u_decode(each.split(".")[0]))["kid"] for each in self.receipts]}
        for entry in told.entries:
            if entry["kind"] == "statement":
                signature = json.loads(told.files[f"v1/statements/{entry['id']}.jws"])["signatures"][0]
                kids["statements"].append(json.loads(b64u_decode(signature["protected"]))["kid"])
        before, after = (thumbprint(b64u_decode(each)) for each in (Rotated(self.server.data, told).first["statement"][0], word["statement"]))
        self.assertEqual(kids, {"statements": [before, before, after], "receipts": [before] * 4 + [after] * 2})
        self.assertEqual((len(word["log"]), before == after), (2, False))
        told.keys = Rotated(self.server.data, told)
        for first in (True, False):  # one statement by the other time's key
            name = f"v1/statements/{told.entries[told.find('statement', 0 if first else 2)]['id']}.jws"
            forged = Path(shutil.copytree(mirror, self.folder / f"other-time-{first}"))
            told.keys.statement = told.keys.of[word["statement"] if first else told.keys.first["statement"][0]]
            (forged / name).write_bytes(Signing.general(told.keys, b64u_decode(json.loads(told.files[name])["payload"])))
            self.assertEqual(self.verify(forged, status=1)["statements"]["verdict"], "fails")

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

    def told_otherwise(self, mirror, before):
        """The operator, with all of its keys, about its keys: what of it shows in the mirror, and what beside another's."""
        def book(of=mirror):
            told = Book(of, None)
            told.keys = Rotated(self.server.data, told)
            return told

        def changes(told):
            return [at for at, entry in enumerate(told.entries) if entry["kind"] == "server_keys"]

        kept = self.folder / "receipts"
        honest = book().write(self.folder / "told-honest")
        self.verify(honest, "--receipts", kept)

        backdated = book(before)
        at = changes(backdated)[0]
        to = backdated.find("statement")  # the second keys sign it already
        backdated.move(at, to)
        backdated.entries[to].update(at=backdated.entries[to - 1]["at"])
        forged = backdated.write(self.folder / "backdated")
        self.verify(forged)
        self.assertIn("is dropped", self.verify(forged, "--receipts", kept, status=1)["receipts"]["sentence"])
        self.assertIn(f"the logs agree in their first {to} entries", self.verify(forged, "--against", before, status=1)["against"]["sentence"])
        denied = book()  # by who calls its own keys stolen: what they signed accuses nobody any more, and is named
        denied.move(changes(denied)[0], to)
        denied.entries[to].update(at=denied.entries[to - 1]["at"])
        self.assertIn("was reported stolen, and it may be its thief's", self.verify(denied.write(self.folder / "denied"), "--receipts", kept, status=2)["receipts"]["sentence"])
        alone = book(before)
        for signers in alone.keys.state(len(alone.entries))["log"]:  # both sign while keys change
            alone.keys.state = lambda *_, signers=signers: {"log": [signers]}
            self.assertIn("is not signed by just the keys", self.verify(alone.raw().write(self.folder / "by-one"), status=1)["checkpoint"]["sentence"])

        hidden = book()
        hidden.drop(changes(hidden)[-1])
        self.assertIn("a change of the server's keys", self.verify(hidden.write(self.folder / "hidden"), status=1)["keys"]["sentence"])

        harmless = book()
        entry = harmless.entries[changes(harmless)[-1]]
        header, said = (json.loads(b64u_decode(part)) for part in entry["jws"].split(".")[:2])
        del said["compromised"]
        for name, by in ("jws", said["log"][0]), ("previous_jws", harmless.keys.state(changes(harmless)[-1])["log"][0]):
            entry[name] = compact(harmless.keys.of[by], header, canonical(said))
        harmless.roots[entry["root"]] = sha256(entry["jws"].encode())
        self.assertIn("do not follow", self.verify(harmless.write(self.folder / "harmless"), status=1)["keys"]["sentence"])

        self.for_one_reader_alone(mirror, book(), book())

    def for_one_reader_alone(self, mirror, told, unheard):
        """A change of keys that another reader never hears of: under the same root log that one's mirror shows it, else both beside each other do."""
        fresh = Signing.fresh()
        at, last = len(told.roots), next(entry for entry in reversed(told.entries) if entry["kind"] == "server_keys")
        header, said = (json.loads(b64u_decode(part)) for part in last["jws"].split(".")[:2])
        before = told.keys.of[said["log"][0]]
        said = canonical({**said, "compromised": True, "log": [b64u(public(fresh.log))], "statement": b64u(public(fresh.statement))})
        jws, previous = (compact(key, {"alg": "EdDSA", "typ": header["typ"]}, said) for key in (fresh.log, before))
        for book in told, unheard:
            book.keys = Rotated(self.server.data, book, (fresh.log, fresh.statement))
            book.roots += [sha256(jws.encode()), tag(book.root_origin, at)]
            book.files["log/keys"] = fresh.note_key(book.root_origin).encode() + book.files["log/keys"]
            book.files[".well-known/jwks.json"] = canonical({"keys": [fresh.jwk(), *json.loads(book.files[".well-known/jwks.json"])["keys"]]})
        told.entries.append({"at": told.entries[-1]["at"], "jws": jws, "kind": "server_keys", "previous_jws": previous, "root": at})
        forged = told.write(self.folder / "alone")
        self.verify(forged)
        self.assertEqual(self.verify(mirror, "--against", forged, status=2)["against"]["verdict"], "cannot_tell")  # keys that it does not know may be new
        self.assertIn("a change of the server's keys", self.verify(unheard.write(self.folder / "unheard"), status=1)["keys"]["sentence"])

    def a_later_contract_has_all_of_it(self):
        later = self.market.new_contract(self.market.new_publisher())
        self.verify(self.pull("later", later, self.market.operator.token))


    def contacts(self):
        """Of which entries the advertiser is shown the contact fields."""
        text = self.market.advertiser.do("GET", f"/log/{self.market.contract}/openings?from=0&to=1000").text
        return [json.loads(line)["index"] for line in text.splitlines() if "contact" in json.loads(line)]

    def test_a_month_whose_key_is_lost_is_told_and_the_server_goes_on(self):
        """What was sealed in it is gone, for good; the log, its statements and all that comes later are not."""
        self.settle()
        before = self.contacts()
        month = time.strftime("%Y-%m", time.gmtime())
        self.assertIn("stop it first", self.lost(month, status=1))
        self.server.stop()
        key = self.server.data / "keys" / month
        self.assertIn("nothing of", self.lost(month, status=1))
        there = key.read_bytes()
        key.write_bytes(there[:20])
        cut = subprocess.run(self.server.command(), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(cut.returncode, 1)
        self.assertIn(f"keys/{month} is damaged", cut.stderr)
        self.assertIn("move it away", self.lost(month, status=1))
        key.unlink()
        refused = subprocess.run(self.server.command(), capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("keys lost", refused.stderr)
        self.assertIn("new key", self.lost(month))
        self.assertNotEqual(key.read_bytes(), there)
        self.assertIn("nothing of", self.lost(month, status=1))  # it has another one now
        self.assertEqual(countersign("check", "--data", self.server.data).returncode, 0)
        self.server.start()
        self.assertEqual(self.contacts(), [])
        self.settle()
        self.assertEqual((len(before), len(self.contacts())), (1, 1))
        self.assertGreater(self.contacts(), before)
        self.verify(self.pull())

    def lost(self, month, status=0):
        done = self.keys("lost", "--month", month, status=status)
        return done.stdout + done.stderr


if __name__ == "__main__":
    unittest.main()
