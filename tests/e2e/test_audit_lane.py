"""What an auditor reads: keys, checkpoints, tiles, openings, proofs. Checked by code that shares nothing with the server."""

import base64
import hashlib
import json
import unittest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from harness import Market, ServerCase, Tree, b64u, b64u_decode, person, send, tile_number, wait_for


def open_note(note, vkey):
    """C2SP signed-note: the text, if this key signed it."""
    name, key_id, key = vkey.split("+", 2)
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    key = base64.b64decode(key)
    assert key[:1] == b"\1" and hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == key_id, "the vkey does not fit itself"
    for line in signatures.strip("\n").split("\n"):
        dash, signer, signature = line.split(" ")
        signature = base64.b64decode(signature)
        if dash == "—" and signer == name and signature[:4].hex() == key_id:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], text.encode())
            return text
    raise AssertionError("not signed by this key")


class AuditLane(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        cls.leads = []
        for n in range(300):  # over one full tile
            click_id = cls.market.click(f"?sub1={n}")
            if n % 60 == 0:
                cls.leads.append(cls.market.publisher.postback(person(click_id=click_id)).json)
        cls.entries = cls.market.settled_entries()

    def vkeys(self):
        return self.assertStatus(send(self.server.url + "/log/keys"), 200).text.split()

    def vkey(self, origin):
        """The root log's keys are published; under another log's name they sign that."""
        name, _, key = next(iter(self.vkeys())).split("+", 2)
        self.assertEqual(name, self.origin())
        return f"{origin}+{hashlib.sha256(origin.encode() + bytes([10]) + base64.b64decode(key)).hexdigest()[:8]}+{key}"

    def test_keys_are_of_the_root_log_alone(self):
        self.assertEqual({vkey.split("+")[0] for vkey in self.vkeys()}, {self.origin()})

    def origin(self, contract=None):
        return f"127.0.0.1:{self.server.port}/log" + (f"/{contract}" if contract else "")

    def test_jwks(self):
        keys = self.assertStatus(send(self.server.url + "/.well-known/jwks.json"), 200).json["keys"]
        for key in keys:
            self.assertEqual((key["kty"], key["crv"]), ("OKP", "Ed25519"))
            self.assertNotIn("alg", key)
            self.assertNotIn("d", key)
            thumbprint = json.dumps({"crv": key["crv"], "kty": key["kty"], "x": key["x"]}, separators=(",", ":"))
            self.assertEqual(key["kid"], b64u(hashlib.sha256(thumbprint.encode()).digest()))

    def test_checkpoint_opens_and_the_tree_is_the_entries(self):
        note = self.market.publisher.do("GET", f"/log/{self.market.contract}/checkpoint").text
        text = open_note(note, self.vkey(self.origin(self.market.contract)))
        origin, size, root = text.rstrip("\n").split("\n")
        self.assertEqual(origin, self.origin(self.market.contract))
        tree = Tree()
        for _, entry in self.market.entries(size=int(size)):
            tree.append(entry)
        self.assertEqual(base64.b64encode(tree.root()).decode(), root)

    def test_a_changed_note_does_not_open(self):
        note = self.market.publisher.do("GET", f"/log/{self.market.contract}/checkpoint").text
        vkey = self.vkey(self.origin(self.market.contract))
        with self.assertRaises(InvalidSignature):
            open_note(note.replace("\n", "\n1", 1), vkey)

    def test_hash_tiles_are_the_entries_hashes(self):
        leaves = [hashlib.sha256(b"\0" + entry).digest() for _, entry in self.market.entries()]
        tile = self.market.publisher.do("GET", f"/log/{self.market.contract}/tile/0/000")
        self.assertEqual(tile.body, b"".join(leaves[:256]))
        self.assertIn("immutable", tile.headers["Cache-Control"])
        width = len(leaves) - 256
        partial = self.market.publisher.do("GET", f"/log/{self.market.contract}/tile/0/001.p/{width}")
        self.assertEqual(partial.body, b"".join(leaves[256:]))

    def test_an_older_partial_tile_stays_readable(self):
        tile = self.market.publisher.do("GET", f"/log/{self.market.contract}/tile/0/000.p/7")
        self.assertEqual(len(tile.body), 7 * 32)

    def test_tiles_past_the_head_or_misspelt_are_404(self):
        for path in ("tile/0/002", "tile/0/001", "tile/0/001.p/0", "tile/0/001.p/256", "tile/0/001.p/255", "tile/0/0", "tile/0/0000", "tile/00/000",
                     "tile/7/000", "tile/8/000", "tile/-1/000", "tile/entries/002", "tile/entries/001.p/01", "tile/0/x000/000", "tile/0/001.p/",
                     "tile/entries/../0/000", "tile/0/" + "x999/" * 20 + "999", "tile/0/99999999999999999999"):
            with self.subTest(path[:40]):
                self.assertIn(self.market.publisher.call("GET", f"/log/{self.market.contract}/{path}").status, (400, 404))

    def test_a_tile_that_is_not_there_yet_is_told_from_a_path_that_is_none(self):
        for path, detail in (("tile/0/200", "has no such tile (yet)"), ("tile/entries/200.p/7", "has no such tile (yet)"),
                             ("tile/0/0", "is not the path of a tile")):
            for log in (f"/log/{self.market.contract}", "/log"):
                with self.subTest(path, log=log):
                    self.assertIn(detail, self.assertProblem(self.market.publisher.call("GET", f"{log}/{path}"), 404)["detail"])

    def test_the_checkpoint_takes_a_lead_in_by_itself(self):
        lead = self.market.publisher.postback(person(click_id=self.market.click())).json
        wait_for(lambda: self.market.head()[0] > lead["index"], 5, "the head to take the lead in")

    def test_openings_fit_the_commitments_and_hide_names(self):
        size = self.market.head()[0]
        path = f"/log/{self.market.contract}/openings?from=0&to={size}"
        lines = self.market.auditor.do("GET", path).text.splitlines()
        leads = {n: entry for n, entry in enumerate(self.entries) if entry["kind"] == "lead"}
        self.assertEqual(sorted(leads), [json.loads(line)["index"] for line in lines if json.loads(line)["index"] in leads])
        for line in lines:
            opening = json.loads(line)
            if opening["index"] not in leads:
                continue
            inner = {"contact": opening["contact_sha256"], "email": opening.get("email", ""), "network": opening["network_sha256"],
                     "phone": opening.get("phone", "")}
            text = json.dumps(inner, sort_keys=True, separators=(",", ":"))
            commit = hashlib.sha256(b"countersign/v1/lead\n" + b64u_decode(opening["salt"]) + text.encode()).digest()
            self.assertEqual(b64u(commit), leads[opening["index"]]["commit"])
        self.assertNotIn("@example.com", "".join(lines))
        self.assertIn("@example.com", self.market.advertiser.do("GET", path).text)

    def test_bad_ranges(self):
        for query in ("from=5&to=1", "from=-1&to=2", "from=a&to=2", "from=0&to=99999999999999999999", "from=0&to=1&colour=1"):
            with self.subTest(query):
                self.assertIn(self.market.auditor.call("GET", f"/log/{self.market.contract}/openings?{query}").status, (400, 422))

    def test_inclusion_proof_of_a_lead(self):
        lead = self.leads[2]
        proof = self.market.publisher.do("GET", f"/v1/leads/{lead['lead']}/proof").text
        head, note = proof.split("\n\n", 1)
        lines = head.split("\n")
        self.assertEqual(lines[0], "c2sp.org/tlog-proof@v1")
        lines = [line for line in lines[1:] if not line.startswith("extra ")]
        self.assertEqual(lines[0], f"index {lead['index']}")
        path = [base64.b64decode(line) for line in lines[1:]]
        text = open_note(note, self.vkey(self.origin(self.market.contract)))
        _, size, root = text.rstrip("\n").split("\n")
        leaf = hashlib.sha256(b"\0" + dict(self.market.entries())[lead["index"]]).digest()
        self.assertEqual(base64.b64encode(climb(lead["index"], int(size), leaf, path)).decode(), root)
        self.assertNotEqual(base64.b64encode(climb(lead["index"], int(size), hashlib.sha256(leaf).digest(), path)).decode(), root)

    def test_statements_are_provable_too(self):
        self.market.click()
        ident = self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})["id"]
        proof = self.market.auditor.do("GET", f"/v1/statements/{ident}/proof").text
        head, note = proof.split("\n\n", 1)
        lines = head.split("\n")
        index = int(lines[1].removeprefix("index "))
        _, size, root = open_note(note, self.vkey(self.origin(self.market.contract))).rstrip("\n").split("\n")
        entry = dict(self.market.entries(size=int(size)))[index]
        self.assertEqual((json.loads(entry)["kind"], json.loads(entry)["id"]), ("statement", ident))
        path = [base64.b64decode(line) for line in lines[2:]]
        self.assertEqual(base64.b64encode(climb(index, int(size), hashlib.sha256(b"\0" + entry).digest(), path)).decode(), root)

    def test_a_checkpoint_that_one_has_is_not_sent_again(self):
        for path, scope in ((f"/log/{self.market.contract}/checkpoint", "private"), ("/log/checkpoint", "public")):
            first = self.market.publisher.do("GET", path)
            self.assertEqual(first.headers["Cache-Control"], f"{scope}, no-cache")
            for tags, status in ((first.headers["ETag"], 304), ('"x", W/' + first.headers["ETag"], 304), ("*", 304), ('"x"', 200)):
                with self.subTest(path, tags=tags):
                    again = self.market.publisher.call("GET", path, None, {"If-None-Match": tags})
                    self.assertEqual((again.status, again.body), (status, b"" if status == 304 else first.body))
                    self.assertEqual(again.headers["ETag"], first.headers["ETag"])
        size, _ = self.market.head()
        partial = self.market.publisher.do("GET", f"/log/{self.market.contract}/tile/0/{tile_number(size // 256)}.p/{size % 256}")
        self.assertEqual(partial.headers["Cache-Control"], "private, max-age=60")

    def test_root_log_is_public_and_signed(self):
        def root_checkpoint():
            answer = send(self.server.url + "/log/checkpoint")
            return answer.text if answer.status == 200 and answer.text.split("\n")[1] != "0" else None

        self.market.click()
        self.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
        note = wait_for(root_checkpoint, what="the root log to take in a statement's head")
        _, size, root = open_note(note, self.vkey(self.origin())).rstrip("\n").split("\n")
        bundle = self.assertStatus(send(f"{self.server.url}/log/tile/entries/{tile_number(0)}.p/{size}"), 200)
        tree = Tree()
        for at in range(0, len(bundle.body), 34):
            self.assertEqual(bundle.body[at:at + 2], b"\0\x20")
            tree.append(bundle.body[at + 2:at + 34])
        self.assertEqual(base64.b64encode(tree.root()).decode(), root)

    def root_entries(self):
        size = int(send(self.server.url + "/log/checkpoint").text.split("\n")[1])
        bundle = self.assertStatus(send(f"{self.server.url}/log/tile/entries/{tile_number(0)}.p/{size}"), 200).body
        return [bundle[at + 2:at + 34] for at in range(0, len(bundle), 34)]

    def test_the_root_log_says_whose_each_head_is_to_who_knows_the_contract(self):
        def heads(market, query=""):
            return [json.loads(line) for line in market.auditor.do("GET", f"/log/{market.contract}/heads{query}").text.splitlines()]

        def tag(origin, leaf):
            return hashlib.sha256(b"countersign/v1/root leaf\0" + origin.encode() + b"\0" + leaf.to_bytes(8, "big")).digest()

        other = Market(self.server)
        for market in (self.market, other, self.market):
            market.click()
            self.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        entries, seen = self.root_entries(), []
        for market in (self.market, other):
            shown, size = heads(market), 0
            for head in shown:
                text = open_note(head["note"], self.vkey(self.origin(market.contract)))
                self.assertEqual(entries[head["leaf"]], hashlib.sha256(head["note"].encode()).digest())
                self.assertLess(size, size := int(text.split("\n")[1]))
            mine = [leaf for leaf in range(0, len(entries), 2) if entries[leaf + 1] == tag(self.origin(market.contract), leaf)]
            self.assertEqual([head["leaf"] for head in shown], mine)
            self.assertEqual(heads(market, f"?from={mine[-1]}"), shown[-1:])
            self.assertEqual(heads(market, f"?from={mine[0] + 1}"), shown[1:])
            self.assertEqual(heads(market, f"?to={mine[-1]}"), shown[:-1])
            self.assertEqual(heads(market, f"?from={mine[-1] + 1}"), [])
            seen += mine
        self.assertEqual(sorted(seen), list(range(0, len(entries), 2)))
        self.assertIn(self.market.auditor.call("GET", f"/log/{other.contract}/heads").status, (403, 404))


class FreshProof(ServerCase):
    settings = {"SWEEP_MS": 60_000}

    def test_a_receipt_is_provable_at_once(self):
        for _ in range(3):
            lead = self.market.publisher.postback(person(click_id=self.market.click())).json
            proof = self.assertStatus(self.market.publisher.call("GET", f"/v1/leads/{lead['lead']}/proof"), 200).text
            self.assertIn(f"\nindex {lead['index']}\n", proof)
            self.assertGreater(int(proof.split("\n\n", 1)[1].split("\n")[1]), lead["index"])

    def test_who_may_not_see_the_lead_sweeps_nothing(self):
        lead = self.market.publisher.postback(person(click_id=self.market.click())).json
        other = Market(self.server)
        before = self.market.head()
        self.assertProblem(other.publisher.call("GET", f"/v1/leads/{lead['lead']}/proof"), 404)
        self.assertEqual(self.market.head(), before)


def climb(index, size, leaf, path):
    """RFC 9162 section 2.1.3.2: the root that an inclusion path leads to."""
    fn, sn, node = index, size - 1, leaf
    for sibling in path:
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        fn, sn = fn >> 1, sn >> 1
    return node


if __name__ == "__main__":
    unittest.main()
