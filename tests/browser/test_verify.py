"""The page /verify in a real Chromium: an honest mirror holds, as files and as a folder, from the server and from a saved file, and each lie
fails at the row that is about it."""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE.parent / "support"))

from forge import Keys  # noqa: E402
from harness import CHROMIUM, Market, ServerCase, b64u_decode, countersign, person, rfc3339, send, wait_for  # noqa: E402



def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class VerifyPage(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        market = cls.market = Market(cls.server)
        market.put_keys()
        cls.statements, leads = [], []
        for _ in range(2):
            for status in ("approved", "rejected", None):
                lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
                leads.append(lead)
                if status:
                    market.advertiser.postback({"lead": lead, "status": status})
            if cls.statements:
                market.advertiser.postback({"lead": leads[0], "status": "returned"})
            ident = cls.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
            cls.statements.append(ident)
            market.advertiser.answer_statement(ident)
            if len(cls.statements) == 1:
                market.publisher.answer_statement(ident, "dispute", [json.loads(line)["index"] for line in market.publisher.do(
                    "GET", f"/v1/statements/{ident}/lines").text.splitlines()[:1]])
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        mirror = Path(cls.folder.name) / "mirror"
        countersign("pull", cls.server.url, mirror, "--contract", market.contract, "--token", market.publisher.token)
        cls.mirror = {str(path.relative_to(mirror)): path.read_bytes() for path in mirror.rglob("*") if path.is_file()}
        cls.keys = Keys.of(cls.server.data)
        cls.page = send(cls.server.url + "/verify")
        cls.saved = Path(cls.folder.name) / "saved.html"
        cls.saved.write_bytes(cls.page.body)
        cases = cls.cases()
        newer = cls.settled_by_a_newer_key(Path(cls.folder.name) / "newer")
        cls.told = cls.browse([*cases, ("a newer key", newer, {}), ("a newer key, and a page of before", newer, {"url": cls.saved.as_uri()}),
                               ("a key of before, and the page of now", cls.files(), {})])

    @classmethod
    def settled_by_a_newer_key(cls, mirror):
        """The files of one more statement, of a lead that came when the server's keys had changed."""
        cls.server.stop()
        assert countersign("keys", "rotate", "log", "--data", cls.server.data).returncode == 0
        cls.server.start()
        lead = cls.market.publisher.postback(person(click_id=cls.market.click())).json["lead"]
        cls.market.advertiser.postback({"lead": lead, "status": "approved"})
        base = "v1/statements/" + cls.operator.post(f"/v1/contracts/{cls.market.contract}/statements", {})["id"]
        countersign("pull", cls.server.url, mirror, "--contract", cls.market.contract, "--token", cls.market.publisher.token)
        return {path: (mirror / path).read_bytes() for path in (base + ".jws", base + "/lines", base + "/checkpoint")}

    @classmethod
    def empty_statement(cls):
        """The file of one in whose period nothing came."""
        path = f"/v1/contracts/{cls.market.new_contract(cls.market.new_publisher())}/statements"
        made = wait_for(lambda: (lambda said: said.status == 201 and said)(cls.operator.call("POST", path, {"until": rfc3339(time.time() - 1)})), what="a period to end").json
        return {"empty.jws": cls.operator.do("GET", f"/v1/statements/{made['id']}").body}

    @classmethod
    def browse(cls, cases):
        asked = []
        for name, files, options in cases:
            asked.append({"name": name, "url": cls.server.url + "/verify", "whole": len(files) > 8, **options,
                          "files": [{"path": path, "base64": base64.b64encode(data).decode()} for path, data in sorted(files.items())]})
        done = subprocess.run(["node", str(HERE / "verify.mjs")], input=json.dumps({"chromium": CHROMIUM, "cases": asked}), capture_output=True,
                              text=True, timeout=300, check=False)
        if done.returncode:
            raise AssertionError(done.stderr[-4000:])
        return json.loads(done.stdout)

    @classmethod
    def files(cls, n=0, **changes):
        """A statement with its lines and checkpoint; a part given as None is left out, other bytes replace it."""
        base = f"v1/statements/{cls.statements[n]}"
        names = {"jws": base + ".jws", "lines": base + "/lines", "checkpoint": base + "/checkpoint"}
        files = {path: changes.get(part, cls.mirror[path]) for part, path in names.items()}
        return {path: data for path, data in files.items() if data is not None}

    @classmethod
    def payload(cls, n=0):
        return json.loads(b64u_decode(json.loads(cls.files(n)[f"v1/statements/{cls.statements[n]}.jws"])["payload"]))

    @classmethod
    def signed(cls, n=0, **members):
        return cls.keys.general(canonical({**cls.payload(n), **members}))

    @classmethod
    def cases(cls):
        kid = cls.keys.jwk()["kid"]
        lines = cls.files()[f"v1/statements/{cls.statements[0]}/lines"]
        jws = cls.files()[f"v1/statements/{cls.statements[0]}.jws"]
        first, second = cls.payload(0), cls.payload(1)
        stranger = Keys.fresh()
        masked = Keys(stranger.log, stranger.statement)
        masked.jwk = cls.keys.jwk
        base = f"v1/statements/{cls.statements[0]}"
        note = cls.files()[base + "/checkpoint"].decode().split("\n")
        origin, size, root = note[0], int(note[1]), base64.b64decode(note[2])
        log = f"log/{cls.market.contract}"
        less = dict(cls.mirror)
        bundle = next(path for path in less if path.startswith(log + "/tile/entries/"))
        less[bundle] = less[bundle].replace(b'"status":"approved"', b'"status":"rejected"', 1)
        answered = dict(cls.mirror)
        answered[bundle] = answered[bundle].replace(b'"party":"' + cls.market.advertiser.id.encode() + b'","statement"',
                                                    b'"party":"' + cls.market.publisher.id.encode() + b'","statement"', 1)
        return [
            ("honest files", cls.files(), {}),
            ("honest mirror", cls.mirror, {"picture": os.environ.get("PICTURE")}),
            ("from a saved file", cls.mirror, {"url": cls.saved.as_uri()}),
            ("in French, on a phone", cls.mirror, {"locale": "fr-FR", "viewport": {"width": 390, "height": 800}}),
            ("in Chinese", cls.files(), {"url": cls.server.url + "/verify#zh"}),
            ("pinned", cls.files(), {"pin": kid}),
            ("pinned otherwise", cls.files(), {"pin": stranger.jwk()["kid"]}),
            ("no statement", {"lines": lines}, {}),
            ("a bit of the payload", cls.files(jws=jws.replace(b'"payload":"eyJ', b'"payload":"eyK')), {}),
            ("a foreign key", cls.files(jws=stranger.general(canonical(first))), {}),
            ("a foreign key under our name", cls.files(jws=masked.general(canonical(first))), {}),
            ("one signature of two", cls.files(jws=canonical({**json.loads(jws), "signatures": json.loads(jws)["signatures"][:1]})), {}),
            ("members of other types", cls.files(jws=cls.signed(counts=None, period=[], adjustments={})), {}),
            ("a blank more", cls.files(jws=jws.replace(b'{"payload"', b'{ "payload"')), {}),
            ("more to pay", cls.files(jws=cls.signed(payable_minor=first["payable_minor"] + 1)), {}),
            ("more gross", cls.files(jws=cls.signed(gross_micros=first["gross_micros"] + 10**6, net_micros=first["net_micros"] + 10**6,
                                                    payable_minor=first["payable_minor"] + 100)), {}),
            ("one lead fewer counted", cls.files(jws=cls.signed(counts={**first["counts"], "leads": {
                **first["counts"]["leads"], "approved": 0}})), {}),
            ("a line changed", cls.files(lines=lines.replace(b'"micros":12000000', b'"micros":11000000')), {}),
            ("another tier", cls.files(jws=cls.signed(quantities=[{**each, "tier": each.get("tier", 0) + 1} for each in first["quantities"]])), {}),
            ("a line dropped", cls.files(lines=lines.split(b"\n", 1)[1]), {}),
            ("without lines", cls.files(lines=None), {}),
            ("nothing came", cls.empty_statement(), {}),
            ("another root", cls.files(checkpoint=cls.keys.note(origin, size, bytes(32))), {}),
            ("a foreign note", cls.files(checkpoint=stranger.note(origin, size, root)), {}),
            ("a note changed after signing", cls.files(checkpoint="\n".join([note[0], note[1], base64.b64encode(bytes(32)).decode(), *note[3:]]).encode()), {}),
            ("a checkpoint cut", cls.files(checkpoint=cls.files()[base + "/checkpoint"][:-1]), {}),
            ("a checkpoint of another contract", cls.files(checkpoint=cls.keys.note(origin[:-13] + "C" + 12 * "0", size, root)), {}),
            ("a checkpoint that is no text", cls.files(checkpoint=b"\xff" + cls.files()[base + "/checkpoint"]), {"url": cls.server.url + "/verify#en"}),
            ("lines behind a mark", cls.files(lines=b"\xef\xbb\xbf" + lines), {}),
            ("lines that are gone", cls.files(lines=b""), {}),
            ("a statement cut", cls.files(jws=jws[:-1]), {}),
            ("what nobody needs", {**cls.files(), "holiday.txt": b"wish you were here"}, {}),
            ("the next without the first", cls.files(1), {}),
            ("both", {**cls.files(0), **cls.files(1)}, {}),
            ("carried wrongly", {**cls.files(0), **cls.files(1, jws=cls.signed(1, prev_sha256="0" * 64))}, {}),
            ("period with a gap", {**cls.files(0), **cls.files(1, jws=cls.signed(1, tree={**second["tree"], "from_root": "0" * 64}))}, {}),
            ("an entry of the log changed", less, {}),
            ("one party's answer in the other's name", answered, {}),
        ]

    # where each fails, or what it says
    EXPECTED = {
        "a bit of the payload": "as a server writes it", "a foreign key": "is not known here", "a foreign key under our name": "signature is not that",
        "a newer key, and a page of before": "is not known here",
        "pinned otherwise": "not the key that you expect", "one signature of two": "as a server writes it", "members of other types": "as a server writes it", "a blank more": "as a server writes it",
        "more to pay": "money does not add up", "more gross": "money does not add up", "one lead fewer counted": "counts do not add up",
        "another tier": "money does not add up", "a line changed": "lines are not the ones", "a line dropped": "lines are not the ones", "another root": "does not have this head",
        "a foreign note": "checkpoint is not known", "a note changed after signing": "not signed by the log",
        "a checkpoint cut": "does not read as what its name says", "a checkpoint of another contract": "does not read as what its name says",
        "a checkpoint that is no text": "does not read as what its name says", "lines behind a mark": "lines are not the ones", "lines that are gone": "lines are not the ones",
        "period with a gap": "does not follow statement", "an entry of the log changed": "does not have this head",
        "one party's answer in the other's name": "answer is not signed",
    }

    def rows(self, name, verdict):
        return [text for said, text in self.told[name]["rows"] if said == verdict]

    def test_an_honest_statement_holds(self):
        for name, statements in (("honest files", 1), ("honest mirror", 2), ("from a saved file", 2), ("a newer key", 1), ("a key of before, and the page of now", 1), ("pinned", 1), ("both", 2), ("without lines", 1), ("nothing came", 1),
                                 ("the next without the first", 1), ("what nobody needs", 1), ("in French, on a phone", 2), ("in Chinese", 1)):
            with self.subTest(name):
                self.assertEqual(self.told[name]["verdicts"], ["holds"] * statements, self.told[name]["text"])
        whole = self.told["honest mirror"]["text"]
        for word in ("accepts, ", "disputes, ", "has not answered", f"It follows statement {self.statements[0]}", "12.00 EUR", "−12.00 EUR"):
            self.assertIn(word.replace(" EUR", "\u00a0EUR"), whole)
        self.assertIn("The lines (0) are the ones that were signed", self.rows("nothing came", "holds"))
        self.assertEqual(self.told["a statement cut"]["verdicts"], [])
        self.assertIn("jws does not read as what its name says", self.told["a statement cut"]["text"])
        self.assertEqual(self.rows("without lines", "not")[0], f"The lines ({self.payload()['lines']['n']}) were not given")

    def test_each_lie_fails_where_it_lies(self):
        for name, words in self.EXPECTED.items():
            with self.subTest(name):
                said = self.told[name]
                bad = self.rows(name, "fails") + self.rows(name, "unknown")
                self.assertTrue(any(words in row for row in bad), said["text"])
                self.assertNotEqual(said["verdicts"][0], "holds")

    def test_nothing_is_fetched_or_sent_and_nothing_complains(self):
        for name, said in self.told.items():
            with self.subTest(name):
                self.assertEqual(said["leaks"], "refused")
                self.assertEqual(len([url for url in said["asked"] if not url.startswith(("blob:", "data:"))]), 1, said["asked"])
                self.assertTrue(all("Content Security Policy" in line or "Fetch API cannot load" in line for line in said["complaints"]), said["complaints"])
                self.assertFalse(said["wide"])

    def test_three_languages(self):
        self.assertEqual([self.told[name]["lang"] for name in ("honest files", "in French, on a phone", "in Chinese")], ["en", "fr", "zh"])
        self.assertIn("Cela tient", self.told["in French, on a phone"]["text"])
        self.assertIn("成立", self.told["in Chinese"]["text"])
        self.assertIn("No statement", self.told["no statement"]["text"])

    def test_the_policy_is_in_the_page_and_in_the_header(self):
        policy = self.page.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn(policy.removesuffix("; frame-ancestors 'none'"), self.page.text)


if __name__ == "__main__":
    unittest.main()
