"""An operator who lies with the server's real keys: takes a pulled mirror apart, and signs another history of it that hangs together."""

import base64
import hashlib
import json
import shutil
import sys
from pathlib import Path

from harness import b64u, b64u_decode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from forge import Keys, canonical, read_log, root_at, verify, write_log  # noqa: E402
from root_log import retold  # noqa: E402

REFERS = ("click", "lead", "terms")  # members that are indexes


class Liar:
    """The entries and openings of one mirror, as Python has them; `publish` writes them back under the keys of `data`."""

    def __init__(self, data, mirror, contract=None):
        self.keys, self.mirror = Keys.of(data), Path(mirror)
        self.contract = contract or next(path.parent.name for path in (self.mirror / "log").glob("C*/checkpoint"))
        self.log = self.mirror / "log" / self.contract
        self.root = (self.mirror / "log" / "keys").read_text().split("+")[0]
        self.origin = f"{self.root}/{self.contract}"
        self.entries = [json.loads(entry) for entry in self.raw(f"log/{self.contract}")]
        self.openings = {}
        for line in (self.log / "openings").read_text().splitlines():
            self.openings[json.loads(line)["index"]] = json.loads(line)

    def raw(self, folder):
        return list(read_log(lambda name: (self.mirror / name).read_bytes(), folder))

    # reading

    def leads(self):
        return self.of("lead")

    def last(self, kind):
        return self.of(kind)[-1]

    def of(self, kind):
        return [index for index, entry in enumerate(self.entries) if entry["kind"] == kind]

    def leaf(self, index):
        return verify.leaf_hash(canonical(self.entries[index]))

    # lying

    def append(self, entry, opening=None):
        """At the end of the log, not dated before it."""
        self.entries.append({**entry, "at": max(entry["at"], self.entries[-1]["at"])})
        if opening is not None:
            self.openings[len(self.entries) - 1] = {**opening, "index": len(self.entries) - 1}
        return len(self.entries) - 1

    def drop(self, index):
        """As if it had never come: what stands behind it moves up, and what names that follows. What rests on it has to go before."""
        del self.entries[index]
        self.openings.pop(index, None)
        self._renumber(lambda n: n - (n > index))

    def insert(self, index, entry):
        self._renumber(lambda n: n + (n >= index))
        self.entries.insert(index, entry)

    def _renumber(self, new):
        self.openings = {new(index): {**line, "index": new(index)} for index, line in self.openings.items()}
        for entry in self.entries:
            for holder in (entry, *entry.get("touches", ())):
                for name in REFERS:
                    if isinstance(holder.get(name), int):
                        holder[name] = new(holder[name])
            if entry.get("dup", {}).get("contract") not in (None, "other"):
                entry["dup"]["index"] = new(entry["dup"]["index"])

    def cut(self, index):
        """The log ends in front of that entry, as in a mirror that was pulled before it came."""
        del self.entries[index:]
        self.openings = {at: line for at, line in self.openings.items() if at < index}

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
        path.write_bytes(self.keys.general(payload))
        self.entries[index]["sha256"] = hashlib.sha256(payload).hexdigest()

    # signing

    def take_root_log(self, other):
        """As the other one has it."""
        if other in (None, self):
            return
        shutil.rmtree(self.mirror / "log" / "tile", ignore_errors=True)
        if (other.mirror / "log" / "tile").is_dir():
            shutil.copytree(other.mirror / "log" / "tile", self.mirror / "log" / "tile")
        shutil.copy(other.mirror / "log" / "checkpoint", self.mirror / "log" / "checkpoint")

    def _write(self, folder, origin, entries):
        note = self.keys.note(origin, len(entries), root_at(entries))
        write_log(self.mirror, folder, entries, note)
        return note

    def _write_log(self, entries):
        (self.log / "openings").write_bytes(b"".join(canonical(self.openings[index]) + b"\n" for index in sorted(self.openings)))
        return self._write(f"log/{self.contract}", self.origin, entries)

    def _write_root(self, notes):
        """With these notes as the heads of this log."""
        roots, heads = retold(self.raw("log"), self.origin, notes)
        (self.log / "heads").write_bytes(heads)
        self._write("log", self.root, roots)

    def sign(self):
        """The log and its openings; statements stay as they are, and so does the root log, unless it holds heads that are of another history now."""
        entries = [canonical(entry) for entry in self.entries]
        note = self._write_log(entries)
        heads = [json.loads(line)["note"].split("\n")[1:3] for line in (self.log / "heads").read_text().splitlines()]
        if any(int(size) > len(entries) or base64.b64encode(root_at(entries, int(size))).decode() != root for size, root in heads):
            self._write_root([note])

    def publish(self):
        """The log, its openings, and each statement over the tree in front of it, with its head's leaf in the root log."""
        entries, notes, closed = [], [], root_at([])
        for index, entry in enumerate(self.entries):
            if entry["kind"] == "statement":
                path, root = self.mirror / "v1" / "statements" / entry["id"] / "checkpoint", root_at(entries)
                notes.append(self.keys.note(self.origin, len(entries), root))
                path.write_bytes(notes[-1])
                self.statement(index, tree={"from_root": closed.hex(), "size": len(entries), "to_root": root.hex()})
                closed = root
            entries.append(canonical(entry))
        self._write_log(entries)
        self._write_root(notes)
