"""The hand of an operator who lies: whoever has the data folder, and with it the server's keys, makes of a mirror another one that is as consistent.
Leads are decided again and statements are built again by scripts/verify.py, then all is signed with the real keys."""

import copy
import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from forge import log_files, read_log, root_at, verify  # noqa: E402
from root_log import retold  # noqa: E402
from verify import b64u, b64u_decode, canonical, sha256  # noqa: E402

OUTCOME = ("status", "reason", "tier", "payout_micros", "due_ms")
SCORE = ("score", "score_high", "score_why")


class Deciding(verify.Ledger):
    """A fold that makes of each lead and disposition what the terms make of it, in place of looking whether it is that."""

    def lead(self, at, entry, terms):
        said = entry.pop("dup", None)
        for member in (*OUTCOME, *SCORE):
            entry.pop(member, None)
        entry |= {"status": "pending", "terms": terms.index}
        probe = verify.Lead(at, entry, self.openings.get(at), terms)
        if not self.refusal(probe, terms):
            way, _ = self.persons.in_the_way(probe, terms)
            if way is not None:
                entry["dup"] = {"contract": self.contract, "index": way.index}
            elif said and said["contract"] == "other":
                entry["dup"] = said
        entry |= self.decide(probe, terms).members()
        entry |= probe.said
        return super().lead(at, entry, terms)


class Book:
    """A mirror as what it says. Whoever changes it calls `write`."""

    def __init__(self, folder, keys):
        self.folder, self.keys = Path(folder), keys
        self.files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}
        self.files = {name: data for name, data in self.files.items() if "/seen/" not in name}  # whatever a pull saw on its way would show each lie
        self.contract = next(name.split("/")[1] for name in self.files if name.startswith("log/C") and name.endswith("/checkpoint"))
        self.root_origin = self.files["log/keys"].decode().split("+")[0]
        self.log = f"log/{self.contract}"
        signed = next((data for name, data in self.files.items() if name.endswith(".jws")), None)
        self.issuer = signed and json.loads(b64u_decode(json.loads(signed)["payload"]))["issuer"]
        self.entries = [json.loads(entry) for entry in read_log(self.files.get, self.log)]
        self.roots = list(read_log(self.files.get, "log"))
        self.openings = [json.loads(line) for line in self.files[f"{self.log}/openings"].splitlines()]
        self.lines = {}
        self.beside = None  # the root log keeps the heads of before, and these lines of them are shown

    # what is in it

    def find(self, kind, n=0, **members):
        """The n-th entry of the kind that has these members: its index."""
        found = [at for at, entry in enumerate(self.entries) if entry["kind"] == kind and all(entry.get(name) == value for name, value in members.items())]
        return found[n]

    def lead(self, txid):
        return self.find("lead", txid=txid)

    def lonely_click(self):
        """A click that no lead names, far enough from both ends."""
        named = {entry.get("click") for entry in self.entries if entry["kind"] in ("lead", "view")}
        return next(at for at, entry in enumerate(self.entries) if at > 3 and entry["kind"] == "click" and at not in named)

    def opening(self, at):
        return next(opening for opening in self.openings if opening["index"] == at)

    # changing it

    def drop(self, *indexes):
        self.renumber([at for at in range(len(self.entries)) if at not in indexes])

    def move(self, at, to):
        order = [n for n in range(len(self.entries)) if n != at]
        order.insert(to, at)
        self.renumber(order)

    def insert(self, at, entry, opening=None):
        self.entries.append(entry)
        if opening is not None:
            self.openings.append({**opening, "index": len(self.entries) - 1})
        self.move(len(self.entries) - 1, at)

    def go_on(self, ms):
        """A click of that much later: the server was at work then."""
        click = {name: value for name, value in self.entries[self.find("click")].items() if name not in ("clock_ms", "class")}
        self.entries.append({**click, "at": self.entries[-1]["at"] + ms, "class": "bot"})

    def renumber(self, order):
        """The entries in this order; what names one by its index follows."""
        place = {old: new for new, old in enumerate(order)}
        self.entries = [self.entries[old] for old in order]
        for entry in self.entries:
            for holder in (entry, *entry.get("touches", [])):
                for name in ("click", "lead", "terms"):
                    if name in holder and not holder.get("click_unrecorded"):
                        holder[name] = place.get(holder[name], holder[name])
            if entry.get("dup", {}).get("contract") == self.contract:
                entry["dup"]["index"] = place.get(entry["dup"]["index"], 0)
        self.openings = sorted(({**opening, "index": place[opening["index"]]} for opening in self.openings if opening["index"] in place),
                               key=lambda opening: opening["index"])

    def open_with(self, at, contact=None, tokens=None):
        """Other contact fields or tokens for a lead: opening and commitment go together."""
        opening = self.opening(at)
        if contact is not None:
            salt = b64u_decode(opening["contact_salt"])
            opening["contact"] = contact
            opening["contact_sha256"] = b64u(sha256(b"countersign/v1/contact\n" + salt + canonical(contact)))
        for name, token in (tokens or {}).items():
            opening[name] = token
        self.entries[at]["commit"] = b64u(verify.open_lead(opening))

    # writing it

    def settle(self):
        """Decides and builds again all that follows from something else. Answers of parties stay as they were signed."""
        ledger = Deciding(self.contract, {opening["index"]: opening for opening in self.openings}, (self.issuer,))
        leaves = []
        self.statements = {}
        roots = lambda size: verify.root_of(leaves[:size])  # noqa: E731
        for at, entry in enumerate(self.entries):
            if entry["kind"] == "statement":
                number, before = len(ledger.statements) + 1, ledger.statements[-1] if ledger.statements else None
                last, least = self.entries[at - 1]["at"], max(self.entries[at - 1]["at"] + 1, before.entry["to_ms"] if before else 0)
                issued = min(entry["at"], max(last, entry["at"] - verify.HOUR_MS, entry["issued_ms"]))
                entry |= {"from": before.to if before else 0, "id": verify.statement_id(self.contract, number), "number": number, "to": at,
                          "issued_ms": issued, "to_ms": min(max(least, entry["to_ms"]), max(least, issued))}
                for role in ("advertiser", "publisher"):  # entries may have moved
                    entry.pop(f"vat_{role}", None)
                    if who := ledger.trader(getattr(ledger, role), at):
                        entry[f"vat_{role}"] = who
            ledger.add(entry)
            if entry["kind"] == "statement":
                statement = ledger.statements[-1]
                payload = statement.payload(self.issuer, roots)
                entry["sha256"] = sha256(payload).hex()
                self.statements[entry["id"]] = payload, statement.lines
            leaves.append(verify.leaf_hash(canonical(entry)))
        return self

    def raw(self):
        """Signs what stands there, decided or not; statements stay as they are."""
        self.statements = None
        return self

    def write(self, folder):
        if not hasattr(self, "statements"):
            self.settle()
        files = {name: data for name, data in self.files.items() if "/tile/" not in name and not name.endswith("/openings")}
        data = [canonical(entry) for entry in self.entries]
        leaves, origin = [verify.leaf_hash(entry) for entry in data], f"{self.root_origin}/{self.contract}"
        files[f"{self.log}/openings"] = b"".join(canonical(opening) + b"\n" for opening in self.openings)
        files[f"{self.log}/checkpoint"] = self.keys.note(origin, len(data), verify.root_of(leaves))
        files |= log_files(self.log, data)
        kept = {name: bytes_ for name, bytes_ in files.items() if name.startswith("v1/statements/")}
        notes = []
        for name in kept:
            del files[name]
        for at, entry in enumerate(self.entries):
            if entry["kind"] != "statement":
                continue
            name = f"v1/statements/{entry['id']}"
            head = self.keys.note(origin, at, verify.root_of(leaves[:at]))
            files[f"{name}/checkpoint"] = head
            if self.statements is None:
                files |= {f"{name}{end}": kept[f"{name}{end}"] for end in (".jws", "/lines")}
            else:
                payload, lines = self.statements[entry["id"]]
                files |= {f"{name}.jws": self.keys.general(payload), f"{name}/lines": b"".join(line + b"\n" for line in lines)}
            notes.append(head)
        notes.append(files[f"{self.log}/checkpoint"])
        roots, files[f"{self.log}/heads"] = retold(self.roots, origin, notes, self.beside is not None)
        files[f"{self.log}/heads"] = (self.beside or b"") + files[f"{self.log}/heads"]
        files["log/checkpoint"] = self.keys.note(self.root_origin, len(roots), root_at(roots))
        files |= log_files("log", roots)
        shutil.rmtree(folder, ignore_errors=True)
        for name, bytes_ in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes_)
        return Path(folder)

    def copy(self):
        return copy.deepcopy(self)
