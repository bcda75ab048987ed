"""An operator who lies with the server's real keys: takes a pulled mirror apart, and signs another history of it that hangs together."""

import base64
import hashlib
import json
import shutil
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness import Tree, b64u, b64u_decode, bundle, tile_number

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from root_log import retold  # noqa: E402


def canonical(members):
    """RFC 8785, for what stands in entries and statements."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


class Liar:
    """The entries and openings of one mirror, as Python has them; `publish` writes them back under the keys of `data`."""

    def __init__(self, data, mirror, contract):
        keys = json.loads((data / "keys.json").read_text())
        self.log_key, self.statement_key = (Ed25519PrivateKey.from_private_bytes(b64u_decode(keys[name][0]["seed"])) for name in ("log", "statement"))
        self.mirror, self.contract, self.log = mirror, contract, mirror / "log" / contract
        self.root = (mirror / "log" / "keys").read_text().split("+")[0]
        self.entries = [json.loads(entry) for entry in self.raw(self.log)]
        self.openings = {}
        for line in (self.log / "openings").read_text().splitlines():
            self.openings[json.loads(line)["index"]] = json.loads(line)

    @staticmethod
    def raw(log):
        size = int((log / "checkpoint").read_text().split("\n")[1])
        for n in range((size + 255) // 256):
            width = min(256, size - 256 * n)
            yield from bundle((log / "tile" / "entries" / (tile_number(n) + ("" if width == 256 else f".p/{width}"))).read_bytes())

    # reading

    def leads(self):
        return [index for index, entry in enumerate(self.entries) if entry["kind"] == "lead"]

    def last(self, kind):
        return max(index for index, entry in enumerate(self.entries) if entry["kind"] == kind)

    def leaf(self, index):
        return leaf(canonical(self.entries[index]))

    # lying

    def append(self, entry, opening=None):
        """At the end of the log, not dated before it."""
        self.entries.append({**entry, "at": max(entry["at"], self.entries[-1]["at"])})
        if opening is not None:
            self.openings[len(self.entries) - 1] = {**opening, "index": len(self.entries) - 1}
        return len(self.entries) - 1

    def click_after(self, ms):
        """A click of that much later: the server was at work then."""
        click = dict(self.entries[self.last("click")])
        return self.append({**click, "at": self.entries[-1]["at"] + ms})

    def commit_to(self, index, other, at):
        """`dup` of the lead at `index`: it repeats the lead at `at` of another liar's log."""
        own = b64u_decode(self.entries[index]["commit"])
        self.entries[index]["dup"] = {"commit": b64u(hashlib.sha256(b"countersign/v1/dup\n" + own + other.leaf(at)).digest()), "contract": "other"}

    def make_duplicate(self, index):
        entry = self.entries[index]
        for name in ("due_ms", "payout_micros", "tier"):
            entry.pop(name, None)
        entry.update(status="duplicate", reason="duplicate")

    def token(self, index, kind, value):
        """Another token in the opening, and in what the entry commits to."""
        opening = self.openings[index]
        opening[kind] = b64u(value)
        self.recommit(index)

    def recommit(self, index):
        opening = self.openings[index]
        said = {"contact": opening["contact_sha256"], "network": opening["network_sha256"],
                **{kind: opening[kind] for kind in ("email", "phone") if kind in opening}}
        self.entries[index]["commit"] = b64u(hashlib.sha256(b"countersign/v1/lead\n" + b64u_decode(opening["salt"]) + canonical(said)).digest())

    def statement(self, index, **members):
        """The payload of the statement that the entry at `index` is about, with other members; signed, and hashed in the entry."""
        path = self.mirror / "v1" / "statements" / f"{self.entries[index]['id']}.jws"
        payload = canonical({**json.loads(b64u_decode(json.loads(path.read_text())["payload"])), **members})
        path.write_bytes(self.general_jws(payload))
        self.entries[index]["sha256"] = hashlib.sha256(payload).hexdigest()

    # signing

    def general_jws(self, payload):
        pub = self.statement_key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        kid = b64u(hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": b64u(pub)})).digest())
        signatures = []
        for alg in ("EdDSA", "Ed25519"):
            protected = b64u(canonical({"alg": alg, "kid": kid, "typ": "countersign-statement"}))
            signed = self.statement_key.sign(f"{protected}.{b64u(payload)}".encode())
            signatures.append({"protected": protected, "signature": b64u(signed)})
        return canonical({"payload": b64u(payload), "signatures": signatures})

    def note(self, name, size, root):
        pub = self.log_key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        key_id = hashlib.sha256(name.encode() + b"\n\1" + pub).digest()[:4]
        text = f"{name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        return text + f"\n\u2014 {name} {base64.b64encode(key_id + self.log_key.sign(text)).decode()}\n".encode()

    def tiles(self, base, pieces):
        for n in range(0, len(pieces), 256):
            width = min(256, len(pieces) - n)
            path = base / (tile_number(n // 256) + ("" if width == 256 else f".p/{width}"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(pieces[n:n + width]))

    def write_log(self, log, name, entries):
        for path in sorted((log / "tile").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        tree, hashes = Tree(), [leaf(entry) for entry in entries]
        for hash_ in hashes:
            tree.append(None, hash_)
        (log / "checkpoint").write_bytes(self.note(name, len(entries), tree.root()))
        self.tiles(log / "tile" / "entries", [len(entry).to_bytes(2, "big") + entry for entry in entries])
        for level in range(8):
            self.tiles(log / "tile" / str(level), hashes)
            hashes = [self.perfect(hashes[n:n + 256]) for n in range(0, len(hashes) // 256 * 256, 256)]

    @staticmethod
    def perfect(nodes):
        while len(nodes) > 1:
            nodes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(nodes[::2], nodes[1::2])]
        return nodes[0]

    def take_root_log(self, other):
        """As the other one has it."""
        if other in (None, self):
            return
        shutil.rmtree(self.mirror / "log" / "tile", ignore_errors=True)
        if (other.mirror / "log" / "tile").is_dir():
            shutil.copytree(other.mirror / "log" / "tile", self.mirror / "log" / "tile")
        shutil.copy(other.mirror / "log" / "checkpoint", self.mirror / "log" / "checkpoint")

    def publish(self):
        """The log, its openings, and each statement over the tree in front of it, with its head's leaf in the root log."""
        entries, notes, tree, closed = [], [], Tree(), Tree().root()
        for index, entry in enumerate(self.entries):
            if entry["kind"] == "statement":
                path, root = self.mirror / "v1" / "statements" / entry["id"] / "checkpoint", tree.root()
                notes.append(self.note(f"{self.root}/{self.contract}", tree.size, root))
                path.write_bytes(notes[-1])
                self.statement(index, tree={"from_root": closed.hex(), "size": tree.size, "to_root": root.hex()})
                closed = root
            entries.append(canonical(entry))
            tree.append(entries[-1])
        self.write_log(self.log, f"{self.root}/{self.contract}", entries)
        roots, heads = retold(list(self.raw(self.mirror / "log")), f"{self.root}/{self.contract}", notes)
        (self.log / "heads").write_bytes(heads)
        self.write_log(self.mirror / "log", self.root, roots)
        (self.log / "openings").write_bytes(b"".join(canonical(self.openings[index]) + b"\n" for index in sorted(self.openings)))
