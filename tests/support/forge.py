"""What an operator that lies can do: changes a pulled mirror and signs it again with the server's real keys, so that only what somebody else kept
tells. A mirror without statements; of its root log nothing changes but the heads of this contract."""

import base64
import hashlib
import json
import shutil
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))
from harness import Tree, b64u_decode, bundle, tile_number  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from root_log import retold  # noqa: E402

REFERS = ("click", "lead", "terms")  # members that are indexes


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Forger:
    def __init__(self, mirror, data):
        self.mirror = Path(mirror)
        self.key = Ed25519PrivateKey.from_private_bytes(b64u_decode(json.loads((Path(data) / "keys.json").read_text())["log"][0]["seed"]))
        self.log = next(path.parent for path in (self.mirror / "log").glob("*/checkpoint"))
        self.origin = (self.log / "checkpoint").read_text().split("\n")[0]
        size = int((self.log / "checkpoint").read_text().split("\n")[1])
        self.entries = []
        for n in range(0, size, 256):
            width = min(256, size - n)
            path = self.log / "tile/entries" / (tile_number(n // 256) + ("" if width == 256 else f".p/{width}"))
            self.entries += [json.loads(entry) for entry in bundle(path.read_bytes())]
        self.openings = [json.loads(line) for line in (self.log / "openings").read_text().splitlines()]

    def of(self, kind):
        return [n for n, entry in enumerate(self.entries) if entry["kind"] == kind]

    def drop(self, index):
        """As if it had never come: what stands behind it moves up, and what names that follows. What rests on it has to go before."""
        del self.entries[index]
        self.openings = [line for line in self.openings if line["index"] != index]
        self._renumber(lambda n: n - (n > index))

    def insert(self, index, entry, opening=None):
        self._renumber(lambda n: n + (n >= index))
        self.entries.insert(index, entry)
        if opening:
            self.openings.append({**opening, "index": index})
            self.openings.sort(key=lambda line: line["index"])

    def _renumber(self, new):
        for line in self.openings:
            line["index"] = new(line["index"])
        for entry in self.entries:
            for holder in (entry, *entry.get("touches", ())):
                for name in REFERS:
                    if isinstance(holder.get(name), int):
                        holder[name] = new(holder[name])
            if entry.get("dup", {}).get("contract") not in (None, "other"):
                entry["dup"]["index"] = new(entry["dup"]["index"])

    def sign(self):
        """Tiles, bundles and checkpoint anew; the root log too, if it holds heads that are of another history now."""
        entries = [canonical(entry) for entry in self.entries]
        note = self._write(self.log, self.origin, entries)
        (self.log / "openings").write_bytes(b"".join(canonical(line) + b"\n" for line in self.openings))
        heads = [json.loads(line)["note"].split("\n")[1:3] for line in (self.log / "heads").read_text().splitlines()]
        roots, tree = {}, Tree()
        for entry in entries:
            tree.append(entry)
            roots[str(tree.size)] = base64.b64encode(tree.root()).decode() if [str(tree.size)] in [head[:1] for head in heads] else None
        if all(roots.get(size) == root for size, root in heads):
            return
        root, old = self.mirror / "log", []
        size = int((root / "checkpoint").read_text().split("\n")[1])
        for n in range(0, size, 256):
            width = min(256, size - n)
            old += bundle((root / "tile/entries" / (tile_number(n // 256) + ("" if width == 256 else f".p/{width}"))).read_bytes())
        roots, shown = retold(old, self.origin, [note])
        (self.log / "heads").write_bytes(shown)
        self._write(root, self.origin.rsplit("/", 1)[0], roots)

    def _write(self, log, origin, entries):
        hashes, tree = [hashlib.sha256(b"\0" + entry).digest() for entry in entries], Tree()
        for leaf in hashes:
            tree.append(None, leaf)
        shutil.rmtree(log / "tile", ignore_errors=True)
        self._tiles(log, "entries", [len(entry).to_bytes(2, "big") + entry for entry in entries])
        for level in range(8):
            self._tiles(log, str(level), hashes)
            hashes = [self._subtree(hashes[n:n + 256]) for n in range(0, len(hashes) // 256 * 256, 256)]
        text = f"{origin}\n{len(entries)}\n{base64.b64encode(tree.root()).decode()}\n".encode()
        public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        blob = hashlib.sha256(origin.encode() + b"\n\1" + public).digest()[:4] + self.key.sign(text)
        note = text + f"\n\u2014 {origin} {base64.b64encode(blob).decode()}\n".encode()
        (log / "checkpoint").write_bytes(note)
        return note

    @staticmethod
    def _tiles(log, level, pieces):
        for n in range(0, len(pieces), 256):
            width = min(256, len(pieces) - n)
            path = log / "tile" / level / (tile_number(n // 256) + ("" if width == 256 else f".p/{width}"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(pieces[n:n + width]))

    @staticmethod
    def _subtree(nodes):
        while len(nodes) > 1:
            nodes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(nodes[::2], nodes[1::2])]
        return nodes[0]
