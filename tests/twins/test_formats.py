"""FORMATS.md against the code's own tables and against all that a real server wrote while everything happened once."""

import copy
import hashlib
import json
import math
import os
import re
import socket
import subprocess
import sys
import time
import unittest
from collections import Counter, defaultdict
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from markdown import spelled_out, table, words

SOURCE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "tests/e2e"), str(SOURCE / "scripts")]

from events import Events  # noqa: E402
from harness import Server, b64u_decode, countersign, free_port, jws_payload, person, rfc3339, wait_for  # noqa: E402
import own_rows  # noqa: E402
from verify import b64u, canonical  # noqa: E402
from test_notices import Post  # noqa: E402
from whole_story import tell_a_whole_story  # noqa: E402

FACTS = os.environ.get("TWIN_FACTS", str(SOURCE / "build/asan/twin_facts"))
ROWS, STORAGE, CONTROL = "Rows", "Journal envelope and storage tables", "Control rows and stored answers"


def section(doc, title):
    """The text below a heading of the second level."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", doc, re.MULTILINE | re.DOTALL)[1]


def facts(*arguments):
    done = subprocess.run([FACTS, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


class World:
    """A server's folder after a whole story, a party's mirror of it, and what the code says."""

    def __init__(self):
        self.code = json.loads(facts("tables"))
        self.post = Post()
        server = Server(WEBHOOK_ALLOW="127.0.0.0/8", SMTP_URL=self.post.url, SMTP_FROM="c@operator.example", NOTICE_S=1)
        try:
            self.market = tell_a_whole_story(server)
            self.set_webhooks()
            self.click_id = self.market.click()
            self.receipt = self.market.publisher.postback(person(click_id=self.click_id)).json["receipt"]
            self.mirror = self.pulled(server)
            made = self.market.operator.post(f"/v1/contracts/{self.market.contract}/statements", {})
            self.market.operator.post(f"/v1/statements/{made['id']}/shares", {"label": "the accountant"})
            self.cut_log()
            self.withdraw_terms()
            bare = {"advertiser": self.market.advertiser.id, "name": "Bare", "currency": "EUR", "landing_url": "https://bare.example/"}
            self.bare = self.market.operator.post("/v1/campaigns", bare)["id"]
            self.origin = server.url.split("://")[1]
            self.lead = self.market.operator.get(f"/v1/contracts/{self.market.contract}/leads")["data"][0]["lead"]
            stream = Events(server.url, self.market.publisher.token)
            self.event = wait_for(lambda: stream.last, what="an event id")
            stream.close()
            wait_for(lambda: any(b'"origin":"seed"' in entry for _, entry in self.market.entries()), 30, "a seed")
            self.mirror = self.pulled(server)
            self.lines = self.line_items()
            self.told = json.loads(countersign("verify", server.data.parent / "mirror", "--json").stdout)["facts"]
            server.stop()
            assert countersign("token", "--data", server.data, "--party", self.market.publisher.id).returncode == 0  # a row of `untold`
            self.keys = json.loads((server.data / "keys.json").read_text())
            self.months = {path.name: path.read_text() for path in (server.data / "keys").iterdir()}
            self.rows = defaultdict(list)
            for line in facts("rows", server.data).splitlines():
                row = json.loads(line)
                self.rows[row["table"]].append((bytes.fromhex(row["key"]), bytes.fromhex(row["value"])))
        finally:
            server.close()
            self.post.stop()

    def pulled(self, server):
        """The files of a mirror, pulled once more."""
        mirror = server.data.parent / "mirror"
        done = countersign("pull", server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
        assert done.returncode == 0, done.stderr
        return [str(path.relative_to(mirror)) for path in mirror.rglob("*") if path.is_file()]

    def line_items(self):
        """Of all statements, as they are served."""
        statements = self.market.operator.get("/v1/statements?limit=200")["data"]
        texts = [self.market.operator.do("GET", f"/v1/statements/{made['id']}/lines").text for made in statements]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def set_webhooks(self):
        """One that nobody listens at, so that what follows is pending, and one that is gone, with a CRM."""
        market = self.market
        market.publisher.put(f"/v1/parties/{market.publisher.id}/webhook", {"macro_url": f"http://127.0.0.1:{free_port()}/?cid={{click_id}}"})
        hook, crm = f"/v1/parties/{market.advertiser.id}/webhook", f"/v1/campaigns/{market.campaign}/crm"
        gone = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/"
        market.advertiser.put(hook, {"url": url})
        market.advertiser.put(crm, {"recipe": "json", "url": url, "token": "of-the-crm"})
        for path in (hook, crm):
            market.advertiser.post(path + "/test", {})
            with gone.accept()[0] as taken:
                taken.recv(65536)
                taken.sendall(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
        gone.close()
        for path in (hook, crm):
            wait_for(lambda path=path: "disabled_at" in market.advertiser.get(path), what="the 410 to count")
        market.advertiser.put(f"/v1/parties/{market.advertiser.id}/notices", {"email": "a@example.com", "kinds": ["webhook"]})
        wait_for(self.post.taken, 30, "a notice")

    def cut_log(self):
        """More moves than one statement can say: a row of `cuts`."""
        market = self.market
        market.operator.patch(f"/v1/contracts/{market.contract}", {"price": {"sale_ppm": 1_000_000}})
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        for said in ({"status": "converted", "amount": "5000000000", "currency": "EUR"}, {"status": "returned"}):
            answer = market.advertiser.postback({"lead": lead, **said})
            assert answer.status == 200, answer

    def withdraw_terms(self):
        path = f"/v1/contracts/{self.market.contract}"
        made = self.market.operator.patch(path, {"due_days": 9, "effective_at": rfc3339(time.time() + 86_400)})
        self.market.operator.post(f"{path}/terms/{made['terms_version']}/withdraw", {})

    def json_rows(self, name):
        return [json.loads(value) for _, value in self.rows[name]]

    def part(self, name):
        """The first row of this part of a statement."""
        return next(value for key, value in self.rows["statements"] if key.endswith(b"\0" + name))

    def wrap(self, day, salt, info):
        """What wraps a day's key, by the file of its month."""
        date = datetime.fromtimestamp(int.from_bytes(day, "big") * 86400, timezone.utc)
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info.encode()).derive(b64u_decode(self.months[f"{date:%Y-%m}"]))

    def subkey(self, label):
        hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=label.encode())
        return hkdf.derive(b64u_decode(self.keys["master"]))


def unseal(key, sealed, aad):
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], aad)


# Sizes in words: "contract be32, level u8, hash 32".

VARIABLE = re.compile(r"^(contract id|party id|statement id|kid|envelope|id 00 part|statement id 00 (?:party|link) id|as sent|reason|record|its id|`.*)$|^(sealed|head of|the compact) ")


def item_size(item, doc):
    """The bytes that one item says it has; None when they vary. A word that says nothing is a fault."""
    if found := re.search(r"\[:(\d+)\]", item):
        return int(found[1])
    if found := re.search(r"\b(?:be|u)(\d+)\b", item):
        return int(found[1]) // 8
    if "SHA-256" in item:
        return 32
    if found := re.search(r"\b(\d+)-byte\b|^\w+ (\d+)$", item):
        return int(found[1] or found[2])
    if item == "0" or item in ("flags", "salt"):
        return 1
    if found := re.fullmatch(r"key in `(\w+)`", item):
        return size(dict(key_cells(doc))[found[1]], doc)
    if VARIABLE.search(item):
        return None
    raise AssertionError(f"it does not say how long this is: {item!r}")


def items(cell):
    cell = re.sub(r"\([^()]*\)", "", cell)
    return [item.strip() for item in re.split(r"[:;](?!\d+\])|\. ", cell)[0].split(",")]


def size(cell, doc):
    sizes = [item_size(item, doc) for item in items(cell)]
    return None if None in sizes else sum(sizes)


def storage_tables(doc):
    """All tables of the database: (name, key, value)."""
    for title in (ROWS, STORAGE, CONTROL):
        for name, key, value in table(section(doc, title), "table", "key", "value"):
            yield name.strip("`"), key, value


def key_cells(doc):
    return [(name, key) for name, key, _ in storage_tables(doc)]


# The checks: each yields what does not agree.

def tokens(doc, world):
    real = {"tracking code": world.market.code["code"], "click id": world.click_id, "lead reference": world.lead, "event id": world.event}
    bodies = {}
    for name, body, characters in table(doc, "token", "body", "characters"):
        cell = body.split(": ")[-1]
        bodies[name] = bodies["click id"] if "as a click id" in body else sum(item_size(item, doc) for item in cell.split(", "))
        said = sum(map(int, characters.split(" + ")))
        computed = math.ceil((1 + 1 + bodies[name] + 16) * 8 / 6) + body.startswith(("`L`", "`E`"))
        if not said == computed == len(real.pop(name, "")):
            yield f"{name}: {said} characters, {computed} by its body"
    yield from real


def private_parts(doc, world):
    labels = {key: info for info, key in table(doc, "info", "key")}
    salt = world.subkey(words_of_label(next(info for key, info in labels.items() if "daily keys of private parts" in key)))
    info = re.search(r"salt = the key of `[^`]+`, info = `([^`]+)`", doc)[1]
    days = {key: unseal(world.wrap(key, salt, info), value, key) for key, value in world.rows["day_keys"]}
    sealed = dict(world.rows["private"])
    erased = {head[2:11]: json.loads(entry)["entries"] for _, head, entry, _ in envelopes(world) if head[2:6] != bytes(4) and b'"kind":"erase"' in entry}
    if not erased:
        yield "nothing was erased"
    for seq, head, entry, beside in envelopes(world):
        if seq not in sealed:
            continue
        read, row = json.loads(entry), sealed.pop(seq)
        if len(row) == 8:
            if int.from_bytes(head[6:11]) not in erased.get(head[2:6] + row[3:], ()):
                yield f"what is erased under {seq.hex()} is so by no entry"
            continue
        commit = b64u_decode(read["commit"])
        part = private_part(doc, read["kind"], AESGCM(days[row[:4]]).decrypt(commit[:12], row[4:], commit))
        if read["kind"] == "lead":
            yield from kept_part(doc, part, beside, read["commit"])
        elif hashlib.sha256(b"countersign/v1/net\n" + part["seed"] + canonical({name: part[name].decode() for name in ("ip", "ua")})).digest() != commit:
            yield f"the private part of a {read['kind']} is not what its entry commits to"
    yield from (f"a sealed part under {seq.hex()} is no entry's" for seq in sealed)


def private_part(doc, kind, plain):
    """Its members as bytes, by the table."""
    part, rest, n, said = {}, plain, None, None
    for size, of, what in table(doc, "bytes of it", "of", "what"):
        if of not in ("all", kind):
            continue
        if size.startswith("the rest") or (n is None and size.endswith("the rest")):
            length = len(rest)
        elif size.startswith("so many"):
            length = n
        elif size.startswith("4, or"):
            length = 4 if said == 0 else said - 1
        else:
            length = int(size) if size.isdigit() else item_size(size, "")
        value, rest = rest[:length], rest[length:]
        if found := re.match(r"head: (\d+) in", what):
            if bool(value[0] & int(found[1])) != (kind == "lead"):
                raise AssertionError(f"the head of a {kind} is {value[0]}")
            said = value[0] & ~int(found[1])
        elif what.startswith("length"):
            n = int.from_bytes(value)
        else:
            part[what.split("`")[1]] = value if not (size.startswith("4, or") and said == 0) else ".".join(map(str, value)).encode()
    return part


def kept_part(doc, part, beside, commit):
    """What stands beside a lead, by the table of its bytes."""
    rest, kept = beside, {}
    for size, name in table(doc, "bytes", "of what is kept"):
        name = re.search(r"`\w+`", name)[0]
        if name in ("`email`", "`phone`") and not beside[0] & (1 if name == "`email`" else 2):
            continue
        kept[name.strip("`")], rest = rest[:int(size)], rest[int(size):]
    if rest:
        yield "what is kept of a lead is longer than its table"
    salts = {label: hashlib.sha256(part["seed"] + label.encode()).digest()[:16] for label in ("net", "contact", "lead")}
    network = hashlib.sha256(b"countersign/v1/net\n" + salts["net"] + canonical({name: part[name].decode() for name in ("ip", "ua")})).digest()
    contact = hashlib.sha256(b"countersign/v1/contact\n" + salts["contact"] + part["contact"]).digest()
    if (kept["salt"], kept["contact_sha256"], kept["network_sha256"]) != (salts["lead"], contact, network):
        yield "what is kept of a lead is not of its private part"
    inner = {"contact": b64u(contact), "network": b64u(network)} | {name: b64u(kept[name]) for name in ("email", "phone") if name in kept}
    if b64u(hashlib.sha256(b"countersign/v1/lead\n" + kept["salt"] + canonical(inner)).digest()) != commit:
        yield "what is kept of a lead does not give its commitment"


def root_log(doc, world):
    label = re.search(r'SHA-256\("(countersign/[^"]+)" 00 origin 00 be64', doc)[1].encode()
    pairs = [(entry, beside) for _, head, entry, beside in envelopes(world) if head[2:6] == bytes(4)]
    if len(pairs) % 2:
        yield "the root log has half a pair"
    for leaf in range(0, len(pairs) - 1, 2):
        (entry, note), (tag, nothing) = pairs[leaf:leaf + 2]
        if hashlib.sha256(note).digest() != entry or nothing:
            yield f"leaf {leaf} of the root log is not the hash of the note beside it"
        origin = note.split(b"\n")[0] if b"\n" in note else f"{world.origin}/log".encode()
        if hashlib.sha256(label + b"\0" + origin + b"\0" + leaf.to_bytes(8, "big")).digest() != tag:
            yield f"leaf {leaf} of the root log has another tag"


def words_of_label(cell):
    return re.search(r"`([^`]+)`", cell)[1]


def envelopes(world):
    """Key, head, entry and what stands beside it, of each journal row."""
    for key, value in world.rows["journal"]:
        if has_length(world, value):
            length = int.from_bytes(value[11:13], "big")
            yield key, value[:11], value[13:13 + length], value[13 + length:]
        else:
            yield key, value[:11], value[11:], b""


def has_length(world, value):
    return value[0] in (world.code["kinds"]["lead"], world.code["kinds"]["root"])


def entries(doc, world):
    said = {}
    for kind, members in table(doc, "kind", "members"):
        said[kind.strip("`")] = {member: star == "*" for member, star in re.findall(r"`(\w+)`(\*?)", spelled_out(members))}
    for kind in said.keys() | world.code["members"].keys():
        differing = set(said.get(kind, {}).items()) ^ set(world.code["members"].get(kind, {}).items())
        yield from (f"{kind}: {member}" for member, _ in differing)
    yield from (f"{kind} is not spoken of" for kind in set(world.code["kinds"]) - set(said) if f"kind `{kind}`" not in doc)


def storage_names(doc, world):
    said, made = Counter(name for name, _ in key_cells(doc)), Counter(world.code["stores"] + world.code["rows"])
    yield from (said - made) + (made - said)


PASSING = {"unfinished"}  # its rows stand for moments: unit/test_go_on reads them


def row_sizes(doc, world):
    for name, key, value in storage_tables(doc):
        rows = world.rows[name]
        if not rows and name not in PASSING:
            yield f"{name}: nothing was written, so nothing can be compared"
        said = size(key, doc)
        if said is not None and any(len(k) != said for k, _ in rows):
            yield f"{name}: a key of {len(rows[0][0])} bytes, not {said}"
        parts = rb"[^\0]+\0[^\0]+" + (rb"(\0.{8})?" if "00 be64" in key else b"")
        if "00" in key and said is None and not all(re.fullmatch(parts, k, re.DOTALL) for k, _ in rows):
            yield f"{name}: a key without its parts"
        yield from (f"{name}: {fault}" for fault in value_sizes(value, [v for _, v in rows], doc))


def value_sizes(cell, values, doc):
    if cell.startswith("empty or "):
        cell, values = cell.removeprefix("empty or "), [v for v in values if v]
    if re.match(r"empty\b|nothing\b", cell):
        yield from ("a value that should be empty" for v in values if v)
        return
    if unit := re.search(r"\b(\d+) bytes each, at most 256|\bbe(\d+) .*at most 256", cell):
        unit = int(unit[1] or int(unit[2]) // 8)
        yield from (f"{len(v)} bytes are no list" for v in values if not v or len(v) % unit or len(v) > 256 * unit)
        return
    if cell.startswith("`"):  # JSON, or parts
        return
    sizes = [item_size(item, doc) for item in items(cell)]
    least = sum(s or 0 for s in sizes)
    yield from (f"{len(v)} bytes, not {least}" for v in values if (len(v) < least if None in sizes else len(v) != least))
    if (total := re.search(r": (\d+) bytes", cell)) and int(total[1]) != least:
        yield f"the items give {least} bytes, the sum says {total[1]}"


def control_rows(doc, world):
    for name, _, value in table(section(doc, CONTROL), "table", "key", "value"):
        name = name.strip("`")
        if not value.startswith("`") or name == "statements":
            continue
        said = {member: "absent" in note for member, note in re.findall(r"`(\w+)`((?: \([^)]*\))?)", value.split(". ")[0])}
        rows = [set(row) for row in world.json_rows(name)]
        yield from (f"{name}: {member} is not described" for member in set().union(*rows) - set(said))
        for member, may_lack in said.items():
            if not (any if may_lack else all)(member in row for row in rows):
                yield f"{name}: {member} is not there"


def stored_statements(doc, world):
    cell = {name: value for name, _, value in storage_tables(doc)}["statements"]
    yield from set(re.findall(r"`(\w+)`: ", cell)) ^ {key.split(b"\0")[1].decode() for key, _ in world.rows["statements"]}
    every, parts = re.search(r"for every (\d+) line items, in order, a \*bundle\*: (.*?) \(so the tree", cell).groups()
    each, numbers = size(parts, doc), defaultdict(dict)
    for key, value in world.rows["statements"]:
        ident, part = key.split(b"\0")
        numbers[ident][part] = len(value) if part == b"lines" else json.loads(b64u_decode(json.loads(value)["payload"]))["lines"]["n"] if part == b"jws" else 0
    yield from (f"{ident.decode()}: {made[b'jws']} lines in {made[b'lines']} bytes" for ident, made in numbers.items() if made[b"lines"] != each * math.ceil(made[b"jws"] / int(every)))


def sealed_secrets(doc, world):
    labels = {key: words_of_label(info) for info, key in table(doc, "info", "key")}
    key = world.subkey(labels["seals postback secrets"])
    for kid, value in world.rows["secrets"]:
        try:
            if not 24 <= len(unseal(key, b64u_decode(json.loads(value)["sealed"]), kid)) <= 64:
                yield "a secret of another length"
        except Exception as error:  # pylint: disable=broad-except
            yield f"a secret does not open: {error!r}"


def meta_names(doc, world):
    key = dict(key_cells(doc))["meta"]
    yield from set(words(key)) ^ {k.decode() for k, _ in world.rows["meta"]}


def read_envelope(rows, value, says_length):
    """The fields of an envelope as the table says, by their meaning."""
    fields, at, known = {}, 0, {}
    if not says_length:
        rows = [(offset, length, what) for offset, length, what in rows if not re.search(r"\blength (\w)\b", what)][:-1]
        rows[-1] = (rows[-2][0] + "+" + str(item_size(rows[-2][1], "")), "", rows[-1][2])
    for offset, length, what in rows:
        start = sum(known[part] if part in known else int(part) for part in offset.split("+"))
        if start != at:
            raise ValueError(f"{what}: offset {offset} leaves a gap")
        width = known.get(length) if length in known else item_size(length, "") if length else len(value) - at
        fields[what] = value[start:start + width]
        at = start + width
        if found := re.search(r"\blength (\w)\b", what):
            known[found[1]] = int.from_bytes(fields[what], "big")
    return fields


def envelope(doc, world):
    rows = table(doc, "offset", "bytes", "what")
    devices = {word: int(number) for number, word in re.findall(r"(\d) (\w+)", next(what for _, _, what in rows if "device" in what))}
    sizes = Counter()
    for _, value in world.rows["journal"]:
        try:
            fields = read_envelope(rows, value, has_length(world, value))
            number = {what.split(",")[0].split(";")[0].split(" ")[0]: int.from_bytes(b[:8], "big") for what, b in fields.items()}
            entry = next(b for what, b in fields.items() if what.startswith("the entry"))
            kind = "root" if len(entry) == 32 else json.loads(entry)["kind"]
        except (ValueError, KeyError, StopIteration) as error:
            yield f"a row does not read: {error!r}"
            return
        cls = json.loads(entry).get("class", "ok") if kind in ("click", "view") else "ok"
        device = devices[json.loads(entry).get("device", "none") if kind == "click" else "none"]
        expected = {"entry": world.code["kinds"][kind], "two": world.code["classes"].index(cls) | device << 4, "index": sizes[number["contract"]],
                    **({"length": len(entry)} if has_length(world, value) else {})}
        sizes[number["contract"]] += 1
        yield from (f"{kind}: {what} is {number[what]}, not {n}" for what, n in expected.items() if number[what] != n)


def read_items(cell, value, at, known):
    """Reads one row of the head's table; answers where it ends."""
    for item in cell.split(", ") if "times (" not in cell else re.split(r", (?=\w times)", cell):
        if repeat := re.fullmatch(r"(\w) times \((.*)\)", item):
            at += known[repeat[1]] * sum(item_size(part, "") for part in repeat[2].split(", "))
        elif repeat := re.fullmatch(r"be64 times (\d+)", item):
            at += 8 * int(repeat[1])
        elif repeat := re.fullmatch(r"(\d+) (\w)", item):
            at += int(repeat[1]) * known[repeat[2]]
        elif re.fullmatch(r"\d+", item):
            at += int(item)
        elif item in known:
            at += known[item]
        else:
            width = item_size(item, "")
            number = int.from_bytes(value[at:at + width], "big")
            if name := re.fullmatch(r"u8 (\w)", item):
                known[name[1]] = number
            known.setdefault("numbers", []).append(number)
            at += width
    return at


def head(doc, world):
    watermark = int.from_bytes(dict(world.rows["meta"])[b"watermark"], "big")
    size_of = Counter(int.from_bytes(value[2:6], "big") for _, value in world.rows["journal"][:watermark])
    for key, value in world.rows["heads"]:
        known, at = {}, 0
        for cell, _ in table(doc, "bytes", "what"):
            at = read_items(cell, value, at, known)
        form, entries_n = known["numbers"][:2]
        if at != len(value):
            yield f"a head of {len(value)} bytes ends at {at}"
        elif (form, entries_n) != (3, size_of[int.from_bytes(key, "big")]) or known["e"] != entries_n.bit_count():
            yield f"a head of size {entries_n} with {known['e']} edges"
        elif known["c"] != len(world.code["classes"]):
            yield "another number of classes"


def defaults(header, stored, doc, world):
    """A document that was made with nothing but what is required."""
    document = next(row["document"] for row in world.json_rows(stored) if world.bare in (row["document"].get("campaign"), row["id"]))
    said = set()
    for names, default, _ in table(doc, header, "default", "meaning"):
        names = words(names)
        said.update(names)
        values = [] if default in ("required", "set by the server") else re.findall(r"`([^`]*)`", default) or [default]
        for n, name in enumerate(names if values else ()):
            value = json.loads(values[n % len(values)])
            if document.get(name, ...) != value:
                yield f"{name} is {document.get(name, 'not there')}, not {value}"
    yield from said ^ set(document)


def reasons(doc, world):
    said = [word.strip() for row in table(doc, "reason", "when") for word in row[0].split(",")]
    yield from set(said) - set(world.code["reasons"])
    if len(said) != len(set(said)):
        yield "a reason stands twice"
    texts = section(doc, "Decisions")
    missing = {word for word in world.code["reasons"] if word and not re.search(rf"\b{word}\b", texts)}
    yield from missing - {"bot", "cap_day", "cap_month", "budget", "low_score"}  # words that nothing decides with yet


def traffic(doc, world):
    for words_are, header in (("classes", "class"), ("devices", "device")):
        yield from {word for row in table(doc, header, "when") for word in words(row[0])} ^ set(filter(None, world.code[words_are]))


def word_tables(doc, world):
    said = {name: words(cell) for name, cell in table(doc, "words", "in this order")}
    code = {name: [word for word in world.code[key] if word] for name, key in
            (("status", "statuses"), ("reason", "reasons"), ("trust", "trusts"), ("class", "classes"), ("what", "credentials"), ("vat_kind", "taxes"))}
    yield from (f"{name}: {said.get(name)} is not {in_code}" for name, in_code in code.items() if said.get(name) != in_code)


def reconciliation(doc, world):
    """Classes, reasons, columns and their other names."""
    text = section(doc, "Reconciliation")
    yield from {word for row in table(text, "class of an item", "when") for word in words(row[0])} ^ set(world.code["outcomes"])
    yield from {word for row in table(text, "reason", "of", "when") for word in words(row[0])} ^ set(filter(None, world.code["causes"]))
    for column, _, others in table(text, "column", "what", "also called"):
        name = column.strip("`")
        plain = name.replace("_", "")
        yield from (set(words(others)) | {plain}) ^ set(world.code["synonyms"].get(name, []))
        if plain not in world.code["synonyms"].get(name, []):
            yield f"{name} does not mean itself"
    yield from {row[0].strip("`") for row in table(text, "column", "what", "also called")} ^ set(world.code["synonyms"])
    yield from (f"own_rows.py has other names of {name}" for name, others in own_rows.COLUMNS.items() if others.split() != world.code["synonyms"].get(name))


def dispositions(doc, world):
    said = {}
    for origins, targets in table(doc, "from", "to"):
        to = {m[1]: {"+": 1, "-": -1, None: 0}[m[2]] for m in re.finditer(r"(\w+)(?: \(([+-])payout[^)]*\))?(?:, |$)", targets)}
        said.update({origin: to for origin in origins.split(", ")})
    if said != world.code["dispositions"]:
        yield f"{said} is not {world.code['dispositions']}"


def keys_below(value):
    if isinstance(value, list):
        return set().union(*map(keys_below, value)) if value else set()
    return set(value).union(*map(keys_below, value.values())) if isinstance(value, dict) else set()


def statement(doc, world):
    payload = json.loads(b64u_decode(json.loads(world.part(b"jws"))["payload"]))
    said = set()
    for names, what in table(doc, "member", "what"):
        names = words(names)
        said.update(names)
        below = set().union(*(keys_below(payload.get(name)) for name in names))
        described = set(words(what)) | set(world.code["classes"]) | set(world.code["reasons"])
        yield from (f"{names}: {member} is not described" for member in below - described)
    yield from said ^ set(payload)


def statement_lines(doc, world):
    """Each line has the members that its kind always has, and none that its kind has not; each member of a lead's line was met, but of a sale."""
    always, may, met = defaultdict(set), defaultdict(set), set()
    for names, kinds, _ in table(doc, "member", "lines", "what"):
        for kind in words(kinds):
            may[kind] |= set(re.findall(r"`(\w+)`", names))
            always[kind] |= set(re.findall(r"`(\w+)`\*", names))
    for line in world.lines:
        kind, members = line["kind"], set(line)
        yield from (f"{kind} line: {name}" for name in (always[kind] - members) | (members - may[kind]))
        met |= members
    yield from (f"no line with {name} was written" for name in (may["lead"] | may["disposition"] | may["adjustment"]) - met - {"sale_micros"})


def payloads(doc, world):
    said = set(words(re.search(r"\*Receipt payload\*: (`[^`]*`)", doc)[1]))
    yield from said ^ set(jws_payload(world.receipt))
    said = set(words(re.search(r"\*Response payload\*: (.*?); plain JSON", doc, re.DOTALL)[1])) - {"accept", "dispute", "index", "countersign-response"}
    yield from said - {"reason"} ^ set(jws_payload(world.rows["responses"][0][1].decode()))


def checks(doc, world):
    said = [name.strip("`") for name, _ in table(doc, "check", "holds when")]
    if said != world.code["checks"]:
        yield f"{said} is not {world.code['checks']}"


def topics(doc, world):
    """Each topic of the code stands in the table, and no line that was told has a member that its row does not name."""
    rows = {name.strip("`"): set(words(cell)) for name, _, cell in table(doc, "topic", "rests on", "members of `data`")}
    if list(rows) != world.code["topics"]:
        yield f"{list(rows)} is not {world.code['topics']}"
    for fact in world.told:
        yield from (f"{fact['topic']}: {name}" for name in fact["data"].keys() - rows.get(fact["topic"], set()) - {"untold"})
    yield from rows.keys() - {fact["topic"] for fact in world.told} - {"clock", "gap", "rows", "settle"}  # which an honest clock, a disk with room, a server in time give no cause to tell of


def mirror(doc, world):
    patterns = {word: re.escape(word).replace("…", ".+") for row in table(doc, "path", "what") for word in words(row[0])}
    patterns = {word: re.sub(r"\\\{\w+\\\}", "[^/]+", pattern) for word, pattern in patterns.items()}
    found = {path: {word for word, pattern in patterns.items() if re.fullmatch(pattern, path)} for path in world.mirror}
    yield from (f"{path} is not described" for path, by in found.items() if not by)
    yield from (f"no file is {word}" for word in set(patterns) - set().union(*found.values()))


def labels(doc, world):
    del world
    sources = "\n".join(path.read_text() for room in ("common", "server") for path in (SOURCE / room).rglob("*.[ch]"))
    code = re.sub(r"/\*.*?\*/", "", sources, flags=re.DOTALL)
    used = {label.removesuffix("\\n") for label in re.findall(r'"(countersign/v1/[^"%]*)', code)}
    said = {label.removesuffix("\\n") for label in re.findall(r"[`\"](countersign/v1/[^`\"]*)", doc)}
    yield from used ^ said


def shape(value):
    """What is left of a value without its texts and numbers."""
    if isinstance(value, dict):
        return {member: shape(below) for member, below in value.items()}
    return [shape(below) for below in value] if isinstance(value, list) else type(value)


def records(doc, world):
    said = {row[1]: row for row in table(doc, "kind", "word", "scope", "batch", "fields")}
    yield from said.keys() ^ {kind["word"] for kind in world.code["records"]}
    for kind in world.code["records"]:
        number, word, scope, batch, fields = said[kind["word"]]
        if (int(number), word, scope, batch) != (kind["number"], kind["word"], kind["scope"], kind["batch"]):
            yield f"{word}: {kind}"
        if re.findall(r"`(\w+)` ([^,]+)", fields) != [tuple(field) for field in kind["fields"]]:
            yield f"{word} has the fields {kind['fields']}"


def key_file(doc, world):
    said = re.search(r'^`(\{"format":1,.*\})`$', doc, re.MULTILINE)[1]
    said = json.loads(re.sub(r'(?<=[:])S\b', '"S"', re.sub(r"(?<=[:])N\b", "1", said)))
    if shape(said) != shape(world.keys):
        yield f"{said} is not what is on disk"


# Each check, and changes of the document that it must notice: words that stand in it once, and what to put there.
CASES = {
    tokens: [("contract be32, placement be32 | 35 |", "contract be32, placement be32 | 36 |"),
             ("contract be32, placement be32 | 35 |", "contract be32, placement be64 | 35 |")],
    private_parts: [("| all | `ip`:", "| all | `address`:"), ("| 16 | all | `seed`", "| 12 | all | `seed`"), ("head: 128 in a lead", "head: 64 in a lead"), ("info = `countersign/v1/day wrap`", "info = `countersign/v1/day cover`")],
    root_log: [('"countersign/v1/root leaf" 00', '"countersign/v1/root tag" 00')],
    entries: [("`at`* `campaign`* `clock_ms` `contract`*", "`at`* `campaign`* `contract`"), ("`honeypot` `kind`*", "`kind`*"),
              ("| `gap` | `at`", "| `hole` | `at`")],
    storage_names: [("| `seqs` |", "| `sequences` |"), ("| due | due ms", "| overdue | due ms")],
    row_sizes: [("last be64, terms be64", "last be64"), ("24 bytes. One row per lead", "20 bytes. One row per lead"),
                ("| `codes` | contract be32, placement be32", "| `codes` | contract be32, placement be64"), ("token 16, layer", "token 32, layer"),
                ("32 bytes each, at most 256", "33 bytes each, at most 256"), ("`facts` of what is kept: of", "be64, of")],
    control_rows: [("`name`, `postback_by`", "`postback_by`"), ("`created`, `label`,", "`created`, `label`, `colour`,")],
    stored_statements: [("`lines`: for every 256", "`rows`: for every 256"), ("be32 how many move money", "be64 how many move money")],
    sealed_secrets: [("countersign/v1/secret wrap", "countersign/v1/secret cover")],
    meta_names: [("`batch` or `watermark`", "`watermark`")],
    envelope: [("| 2 | be32 | contract", "| 2 | be64 | contract"), ("| 11 | be16 | length n", "| 11 | be32 | length n"),
               ("| 0 | u8 | entry kind", "| 0 | u8 | traffic kind"), ("0 none, 1 phone, 2 tablet, 3 desktop", "0 none, 1 phone, 2 desktop, 3 tablet")],
    head: [("| be64 times 12 |", "| be64 times 5 |"), ("| u8 e, 32 e |", "| u8 e, 16 e |"),
           ("(be64, be64, be64) | tally", "(be64, be64, be32) | tally")],
    partial(defaults, "campaign", "campaigns"): [
        ("| `return_days` | 30 |", "| `return_days` | 31 |"), ("| `timezone` | `\"UTC\"` |", "| `zone` | `\"UTC\"` |"),
        ('| `pixel_leads` | `"off"`', '| `pixel_leads` | `"on"`')],
    partial(defaults, "contract", "contracts"): [
        ('"lead":[],"sale_ppm":0', '"lead":[],"sale_ppm":1'), ("| `starts_at` `ends_at` |", "| `starts_at` |")],
    traffic: [("| `embedded` | a click", "| `imbedded` | a click"), ("| `desktop` | `Windows", "| `desk` | `Windows")],
    reasons: [("| too_fast | less", "| too_quick | less"), ("| outside_profile | a rule does not hold |\n", "")],
    word_tables: [("`signed` `key` `pixel`", "`key` `signed` `pixel`"), ("`cap_month` `budget`", "`budget`")],
    dispositions: [("| approved | returned (-payout), converted |", "| approved | returned (-payout) |"),
                   ("| converted | returned (-payout) |", "| converted | returned |")],
    statement: [("| `gross_micros` |", "| `gross` |"), ("`from_at` is the `to_at`", "the `to_at`")],
    statement_lines: [("| `kind`* `micros`* | `lead`", "| `kind`* | `lead`"), ("| `share_from` `share_to` | `lead` `disp", "| `share_from` `share` | `lead` `disp"),
                      ("| `trust`* | `disposition` |", "| `trust`* | `lead` `disposition` |"), ("| `sub1` |", "| `sub2` |")],
    payloads: [("`at contract index kind lead leaf", "`at contract index kind lead"), ("`verdict` (`accept` or `dispute`), `disputed`", "`disputed`")],
    checks: [("| `rootlog` | signed", "| `root` | signed"), ("| `lines` | equal to those built from the entries |\n", "")],
    topics: [("`first_at` `last_at`", "`last_at`"), ("| `decided` |", "| `decisions` |")],
    reconciliation: [("| `missing_there` | a lead", "| `missing` | a lead"), ("| `early` | all", "| `soon` | all"), ("`orderno` ", ""),
                     ("| `request_id` | the id", "| `request` | the id")],
    mirror: [("| `v1/statements/{id}/lines` |", "| `v1/statements/{id}/rows` |"), ("`log/checkpoint`, ", "")],
    labels: [("countersign/v1/lead block", "countersign/v1/lead brick")],
    records: [("| 16 | code | advertiser |", "| 16 | code | instance |"), ("`by` be32, `kid` text |", "`kid` text |"),
              ("| 17 | statement | advertiser | after a sweep |", "| 17 | statement | advertiser | alone |")],
    key_file: [('"kid":N,"seed":S}]}`', '"seed":S}]}`')],
}


def lengthen(rows):
    rows[0] = (rows[0][0], rows[0][1] + b"\0")


def add_member(rows):
    rows[0] = (rows[0][0], b'{"colour":1,' + rows[0][1][1:])


# Changes of what the code says and writes, each for the check that must notice.
CODE_CHANGES = [
    (entries, lambda world: world.code["members"]["click"].update(colour=False)),
    (entries, lambda world: world.code["kinds"].update(dream=11)),
    (storage_names, lambda world: world.code["stores"].append("dreams")),
    (row_sizes, lambda world: lengthen(world.rows["leads"])),
    (row_sizes, lambda world: lengthen(world.rows["due"])),
    (row_sizes, lambda world: world.rows.pop("nonces")),
    (control_rows, lambda world: add_member(world.rows["grants"])),
    (head, lambda world: lengthen(world.rows["heads"])),
    (head, lambda world: world.code["classes"].append("robot")),
    (traffic, lambda world: world.code["classes"].append("robot")),
    (traffic, lambda world: world.code["devices"].append("watch")),
    (reasons, lambda world: world.code["reasons"].append("too_slow")),
    (word_tables, lambda world: world.code["trusts"].reverse()),
    (dispositions, lambda world: world.code["dispositions"]["held"].pop("approved")),
    (checks, lambda world: world.code["checks"].reverse()),
    (topics, lambda world: world.code["topics"].append("dream")),
    (topics, lambda world: world.told[0]["data"].update(colour=1)),
    (reconciliation, lambda world: world.code["causes"].append("dream")),
    (reconciliation, lambda world: world.code["synonyms"]["txid"].append("dream")),
    (mirror, lambda world: world.mirror.append("log/dreams")),
    (records, lambda world: world.code["records"][0]["fields"].pop()),
    (records, lambda world: world.code["records"].pop()),
    (key_file, lambda world: world.keys.update(second="S")),
]


class Twins(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.doc = (SOURCE / "common/FORMATS.md").read_text()
        cls.world = World()

    @staticmethod
    def faults(check, doc, world):
        try:
            return list(check(doc, world))
        except Exception as error:  # pylint: disable=broad-except
            return [repr(error)]

    def test_every_table_says_what_the_code_does(self):
        for check in CASES:
            with self.subTest(name(check)):
                self.assertEqual(self.faults(check, self.doc, self.world), [])

    def test_each_change_of_the_document_is_noticed(self):
        for check, changes in CASES.items():
            for old, new in changes:
                with self.subTest(name(check), old=old):
                    self.assertEqual(self.doc.count(old), 1, "stands there once")
                    self.assertNotEqual(self.faults(check, self.doc.replace(old, new), self.world), [])

    def test_each_change_of_the_code_is_noticed(self):
        for number, (check, change) in enumerate(CODE_CHANGES):
            with self.subTest(name(check), number=number):
                world = copy.copy(self.world)
                world.code, world.rows, world.mirror, world.keys, world.told = map(copy.deepcopy, (world.code, world.rows, world.mirror, world.keys, world.told))
                change(world)
                self.assertNotEqual(self.faults(check, self.doc, world), [])


def name(check):
    return f"{check.func.__name__} {check.args[0]}" if isinstance(check, partial) else check.__name__


if __name__ == "__main__":
    unittest.main()
