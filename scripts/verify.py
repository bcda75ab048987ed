#!/usr/bin/python3
"""The second implementation of `countersign verify`: the offline audit of pulled mirrors, written from common/FORMATS.md alone.

    scripts/verify.py DIR... [--all-contracts] [--pin FILE] [--against DIR] [--witnesses FILE] [--not-older-than TIME] [--receipts FILE] [--clicks FILE]
    scripts/verify.py DIR --reconcile FILE [--map LIST] [--from TIME] [--to TIME] [--dates ORDER] [--decimal MARK] [--party ID] [--csv FILE]

Of several mirrors of one campaign each is audited by itself; then they are held against each other (several_mirrors.py); --all-contracts says that
these are all contracts that it has. What the reader kept elsewhere is held against each (kept.py), a party's own rows against one (own_rows.py). It says one line for each check, in the order of FORMATS "Mirror", and ends with 0 (all holds), 1 (something does not) or 2 (it cannot be
told), as `countersign verify` does. It shares no line of code with the server: what both say alike follows from the document alone.
contact_keys.py beside it has the addresses and telephone numbers. Behind the checks stand the periods that were not closed as the terms say (`settle`).

The order of the file is that of the audit: bytes, signatures, trees, entries, terms, decisions, statements, and last the checks that put
them together. Names are those of FORMATS; section names stand in quotation marks.
"""

import argparse
import base64
import binascii
import hashlib
import heapq
import json
import os
import re
import stat
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

try:
    import score as lead_score
    from contact_keys import COUNTRIES, country, digits_of_all_scripts, email_key, phone_key, trim
except (ImportError, OSError) as missing:  # no verdict: what would judge is not all there
    print(f"cannot tell: {missing}: verify.py needs the files that stand beside it")
    sys.exit(2)

RULES = {1}  # the numbers of the rules that are known here ("Rules")
LARGEST = 2**53 - 1
ROOM = LARGEST - 1_000_000  # what the amounts of one statement come to at most ("Statement")
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
LAST_MS = 253_402_300_800_000  # the year 10000 begins
WHOLE = 1_000_000  # millionths: of a lead, of a currency unit


class Fails(Exception):
    """What is there is wrong."""


class CannotTell(Exception):
    """What is needed is missing, cannot be read, or is beyond this program."""


def need(condition, what):
    if not condition:
        raise Fails(what)


def need_same(stands, gives, of="the terms and the entries in front of it"):
    """Members as they stand, and as they should; what differs is told by name."""
    names = sorted(name for name in {*stands, *gives} if stands.get(name) != gives.get(name))
    said = [", ".join(f"{name} {json.dumps(each[name])}" if name in each else f"no {name}" for name in names) for each in (stands, gives)]
    need(not names, f"it says {said[0]}; {of} give {said[1]}")


# ---- bytes and texts ----

def sha256(data):
    return hashlib.sha256(data).digest()


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64u_decode(text, length=None):
    """Without padding, in the one spelling; None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return data if b64u(data) == text and length in (None, len(data)) else None


def b64_decode(text):
    """Padded; None for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def no_float(text):
    raise ValueError(f"{text} is no whole number")


def undoubled(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a doubled member")
    return dict(pairs)


def read_json(data):
    """Any JSON in UTF-8 without floats, doubled members and U+0000."""
    try:
        value = json.loads(data.decode() if isinstance(data, bytes) else data, parse_float=no_float, parse_constant=no_float, object_pairs_hook=undoubled)
    except (ValueError, RecursionError) as error:
        raise Fails(f"no JSON: {error}") from None
    need(not holds_nul(value), "no JSON: it holds U+0000")
    return value


def holds_nul(value):
    if isinstance(value, dict):
        return any("\0" in name or holds_nul(each) for name, each in value.items())
    return "\0" in value if isinstance(value, str) else isinstance(value, list) and any(map(holds_nul, value))


def canonical(value):
    """RFC 8785 of what FORMATS allows: ASCII names in byte order, whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_canonical(data, what):
    value = read_json(data)
    try:
        same = canonical(value) == data
    except (UnicodeEncodeError, TypeError, RecursionError):
        same = False
    need(same and within_range(value), f"{what} is not canonical JSON")
    return value


def within_range(value):
    if isinstance(value, dict):
        return all(name.isascii() and within_range(v) for name, v in value.items())
    if isinstance(value, list):
        return all(map(within_range, value))
    return value is not None and (not isinstance(value, int) or abs(value) <= LARGEST)


def rfc3339(ms):
    days, ms = divmod(ms, DAY_MS)
    year, month, day = civil(days)
    return f"{year:04d}-{month:02d}-{day:02d}T{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}Z"


def civil(days):
    """Year, month, day of a number of days since 1970-01-01, for every year (datetime ends with 9999)."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + year_of_era + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def days_from_civil(year, month, day):
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def read_rfc3339(text):
    """Unix ms of a time as it is written in documents: UTC with milliseconds; None for anything else."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z", text, re.ASCII)
    if not found:
        return None
    year, month, day, hour, minute, second, ms = map(int, found.groups())
    value = ((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + ms
    return value if rfc3339(value) == text else None


# ---- keys, signatures ("JWS, receipts") ----

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P


@lru_cache(maxsize=1024)
def good_point(raw):
    """A canonical encoding of a point of edwards25519 (RFC 8032 5.1.3) whose order is not 1, 2, 4 or 8."""
    number = int.from_bytes(raw, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if len(raw) != 32 or y >= P:
        return False
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if v * x * x % P != u or (x == 0 and sign):
        return False
    for _ in range(3):  # three times doubled: the neutral element, exactly for those orders
        xx, yy, xy = x * x, y * y, x * y
        twist = D * xx * yy
        x, y = 2 * xy * pow(1 + twist, P - 2, P) % P, (yy + xx) * pow(1 - twist, P - 2, P) % P
    return (x, y) != (0, 1)


@lru_cache(maxsize=65536)
def signed_by(raw, signature, data):
    if not good_point(raw):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, data)
        return True
    except (InvalidSignature, ValueError):
        return False


def thumbprint(raw):
    return b64u(sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": b64u(raw)})))


def read_jwks(data):
    """{kid: public key} of `.well-known/jwks.json`, which has one spelling."""
    keys = {}
    document = read_canonical(data, "the key set")
    need(isinstance(document, dict) and set(document) == {"keys"} and isinstance(document["keys"], list), "the key set has other members")
    need(0 < len(document["keys"]) <= 64, "no keys, or too many")
    for jwk in document["keys"]:
        raw = b64u_decode(jwk.get("x"), 32) if isinstance(jwk, dict) else None
        need(raw is not None and good_point(raw), "a statement key is none")
        need(jwk == {"crv": "Ed25519", "kid": thumbprint(raw), "kty": "OKP", "use": "sig", "x": b64u(raw)}, "a statement key does not fit its id")
        need(jwk["kid"] not in keys, "a statement key stands twice")
        keys[jwk["kid"]] = raw
    return keys


def read_note_keys(data):
    """[(name, key id, public key)] of `log/keys`."""
    need(data.endswith(b"\n"), "log/keys is cut")
    keys = []
    for line in data[:-1].split(b"\n"):
        need(len(line) < 4096, "log/keys has a line that is too long")
        found = re.fullmatch(rb"([!-*,-~]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)", line)
        raw = b64_decode(found[3].decode()) if found else None
        need(raw is not None and len(raw) == 33 and raw[0] == 1 and good_point(raw[1:]), "log/keys has a line that is no Ed25519 key")
        name = found[1].decode()
        need(found[2].decode() == note_key_id(name, raw[1:]).hex(), "a log key does not fit its id")
        keys.append((name, bytes.fromhex(found[2].decode()), raw[1:]))
    need(len(set(keys)) == len(keys), "a log key stands twice")
    need(len(keys) <= 32 and all(name == keys[0][0] for name, _, _ in keys), "log/keys has a key of another log, or too many")
    return keys


def root_tag(origin, leaf):
    """What stands behind a leaf of the root log that is of the log of that name."""
    return sha256(b"countersign/v1/root leaf\x00" + origin.encode() + b"\x00" + leaf.to_bytes(8, "big"))


def note_key_id(name, raw):
    return sha256(name.encode() + b"\n\x01" + raw)[:4]


def read_cosigned(data, origin, keys):
    """The same of a note with cosignatures behind it, which are of keys that nobody here knows."""
    text, blank, lines = data.partition(b"\n\n")
    lines = lines.split(b"\n")
    need(blank and len(lines) > 1 and lines.pop() == b"", "a witnessed note is not written as one")
    own = []
    for line in lines:
        found = re.fullmatch(rb"\xe2\x80\x94 ([^ +]+) ([A-Za-z0-9+/]+=*)", line)
        blob = b64_decode(found[2].decode()) if found else None
        need(blob is not None and len(blob) > 4, "a cosignature is not written as one")
        if (found[1].decode(errors="replace"), blob[:4]) in [(name, key_id) for name, key_id, _ in keys]:
            own.append(line)
    need(own, f"a witnessed note is signed by no key of {origin}")
    return read_note(text + blank + b"".join(line + b"\n" for line in own), origin, keys)


def read_note(data, origin, keys):
    """(size, root, signers) of a signed checkpoint in the plain form: signed by keys of this log and nobody else."""
    found = re.fullmatch(rb"([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n\n((?:\xe2\x80\x94 [^\n ]+ [A-Za-z0-9+/]+=*\n)+)", data)
    need(found is not None, "a checkpoint is not written as one")
    name, size, root = (part.decode(errors="replace") for part in found.groups()[:3])
    root, signers = b64_decode(root), []
    need(root is not None and int(size) <= LARGEST, "a checkpoint is not written as one")
    for line in found[4][:-1].split(b"\n"):
        signer, signature = line[4:].decode(errors="replace").rsplit(" ", 1)
        need(name == origin == signer, f"a checkpoint is of another log than {origin}")
        signature = b64_decode(signature)
        need(signature is not None, "a checkpoint is not written as one")
        known = [raw for key_name, key_id, raw in keys if key_name == origin and key_id == signature[:4]]
        signers += [raw for raw in known if signed_by(raw, signature[4:], data[:data.index(b"\n\n") + 1])][:1]
        need(signers and signers[-1] in known, "a checkpoint is not signed by its log's key")
    return int(size), root, signers


class Issuers:
    """The public URL, by the name of the root log; whether it is http or https the first that names it says, and all others likewise."""

    def __init__(self, name):
        self.may = [f"https://{name}", f"http://{name}"]

    def __iter__(self):
        return iter(self.may)

    def __contains__(self, said):
        if said not in self.may:
            return False
        self.may = [said]
        return True


def read_server_keys(entry, before, issuers):
    """What signs from this entry on ("The server's own keys"): its log keys, its statement key."""
    said = read_canonical(b64u_decode(entry["jws"].split(".")[1] if entry["jws"].count(".") == 2 else "") or b"", "its payload")
    need(isinstance(said, dict) and set(said) - {"compromised"} == {"at", "issuer", "log", "statement", "typ"}, "its payload has other members")
    need(said["typ"] == "countersign-server-keys" and said.get("compromised", True) is True, "its payload is of another kind")
    need(said["issuer"] in issuers, "it gives keys to another server")
    at = read_rfc3339(said["at"]) if isinstance(said["at"], str) else None
    need(at is not None and rfc3339(at) == said["at"], "its payload has no time")
    need(isinstance(said["log"], list) and len(said["log"]) in (1, 2), "one log key signs, or two")
    log, statement = [b64u_decode(key, 32) for key in said["log"]], b64u_decode(said["statement"], 32)
    need(all(key is not None and good_point(key) for key in (*log, statement)), "it gives the server a key that is none")
    payload = read_compact_jws(entry["jws"], log[0], said["typ"])
    need(("previous_jws" in entry) == (log[0] != before["log"][0]), "a key comes with a word by the one before, if that is another")
    if "previous_jws" in entry:
        need(read_compact_jws(entry["previous_jws"], before["log"][0], said["typ"]) == payload, "the key before did not sign")
    stolen = "compromised" in said
    if log == before["log"][:1]:
        need(statement == before["statement"] and (len(before["log"]) == 2 or stolen), "it ends a rotation otherwise, or changes nothing")
    else:
        need(log[0] not in before["log"] and statement != before["statement"], "its keys do not follow")
        need(log[1:] == ([] if stolen else before["log"]), "its keys do not follow")
    return {"log": log, "statement": statement, "stolen": stolen}


def read_general_jws(data, typ, keys):
    """The payload's bytes of a General JWS: two signatures of one published key, in the one spelling."""
    document = read_canonical(data, "a statement's JWS")
    need(isinstance(document, dict) and set(document) == {"payload", "signatures"}, "a statement's JWS has other members")
    payload = b64u_decode(document["payload"])
    need(payload is not None and isinstance(document["signatures"], list) and len(document["signatures"]) == 2, "a statement's JWS is not written as one")
    kid = None
    for algorithm, each in zip(("EdDSA", "Ed25519"), document["signatures"]):
        need(isinstance(each, dict) and set(each) == {"protected", "signature"}, "a signature has other members")
        protected, signature = b64u_decode(each["protected"]), b64u_decode(each["signature"], 64)
        need(protected is not None and signature is not None, "a signature is not written as one")
        header = read_canonical(protected, "a header")
        need(isinstance(header, dict), "a header is none")
        kid = header.get("kid") if kid is None else kid
        need(header == {"alg": algorithm, "kid": kid, "typ": typ}, "a header says something else")
        need(isinstance(kid, str) and kid in keys, "a statement is signed by a key that is not published")
        need(signed_by(keys[kid], signature, f"{each['protected']}.{document['payload']}".encode()), "a statement's signature does not hold")
    return payload


def when_said(text):
    """Unix ms of an RFC 3339 time as anybody writes it; None for anything else."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", text, re.ASCII) if isinstance(text, str) else None
    at = found and read_rfc3339(f"{found[1]}T{found[2]}.{((found[3] or '') + '000')[:3]}Z")
    if at is None or (found[4] and (int(found[5]) > 23 or int(found[6]) > 59)):
        return None
    at -= (int(found[5]) * 60 + int(found[6])) * 60_000 * (-1 if found[4] == "-" else 1) if found[4] else 0
    return at if 0 <= at < LAST_MS else None


def read_word(text, raw, typ, party, issuers):
    """What a party said with its own key ("A party's word"): the payload's members, and when it was said."""
    said = read_json(read_compact_jws(text, raw, typ))
    need(isinstance(said, dict) and said.get("typ", typ if typ == "countersign-key" else None) == typ, "it is another kind of word")
    need(said.get("party") == party, "it is another party's")
    need(said.get("issuer") in issuers, "it is said to another server")
    at = when_said(said.get("at"))
    need(at is not None, "it does not say when")
    return said, at


def read_key_word(entry, before, issuers):
    """When a party showed its key; `before`: key and time of the one in front of it."""
    raw = b64u_decode(entry["pub"])
    said, at = read_word(entry["jws"], raw, "countersign-key", entry["party"], issuers)
    jwk = said.get("jwk")
    need(set(said) <= {"typ", "issuer", "party", "at", "jwk"} and isinstance(jwk, dict), "the key has other members")
    need((jwk.get("kty"), jwk.get("crv"), jwk.get("x")) == ("OKP", "Ed25519", b64u(raw)) and "d" not in jwk, "another key is shown")
    need(jwk.get("kid", thumbprint(raw)) == thumbprint(raw), "the key has another id")
    need(("previous_jws" in entry) == (before is not None), "a key comes with a word by the one before, if there is one")
    if before is not None:
        need(read_compact_jws(entry["previous_jws"], before[0], "countersign-key") == read_compact_jws(entry["jws"], raw, "countersign-key"),
             "the key before did not sign this one")
        need(at > before[1], "the key is older than the one before")
    need(at <= entry.get("clock_ms", entry["at"]) + 300_000, "the key is shown in the future")
    return raw, at


def read_compact_jws(text, raw, typ):
    """The payload's bytes of a party's compact JWS under its key."""
    parts = text.split(".")
    header, payload, signature = (b64u_decode(part) for part in parts) if len(parts) == 3 else (None, None, None)
    need(header is not None and payload is not None and signature is not None, "an answer is no compact JWS")
    header = read_json(header)
    need(isinstance(header, dict) and header.get("alg") in ("EdDSA", "Ed25519"), "an answer is signed by another algorithm")
    need(set(header) <= {"alg", "kid", "typ"}, "an answer's header asks for more")
    need(header.get("typ", typ) == typ, "an answer is of another type")
    need(header.get("kid", thumbprint(raw)) == thumbprint(raw), "an answer names another key")
    need(signed_by(raw, signature, text.rpartition(".")[0].encode()), "an answer's signature does not hold")
    return payload


# ---- trees ("Merkle trees, tiles, checkpoints") ----

def leaf_hash(entry):
    return sha256(b"\0" + entry)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


class Tree:
    """RFC 6962, leaf by leaf: the roots of perfect subtrees, tallest first."""

    def __init__(self):
        self.size, self.edge = 0, []

    def append(self, node):
        size = self.size
        while size & 1:
            node = node_hash(self.edge.pop(), node)
            size >>= 1
        self.edge.append(node)
        self.size += 1

    def root(self):
        if not self.edge:
            return sha256(b"")
        node = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            node = node_hash(left, node)
        return node


def root_of(leaves):
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def tile_path(level, n, width):
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03d}")
    return f"tile/{level}/{'/'.join(groups)}" + ("" if width == 256 else f".p/{width}")


def tile_shapes(size):
    """(number, width) of the tiles over `size` hashes: full ones, and the one that is begun."""
    return [(n, min(256, size - 256 * n)) for n in range((size + 255) // 256)]


def tiles_of(leaves):
    """{path: bytes} of all tiles over these leaf hashes."""
    tiles, level, hashes = {}, 0, leaves
    while hashes:
        for n, width in tile_shapes(len(hashes)):
            tiles[tile_path(level, n, width)] = b"".join(hashes[256 * n:256 * n + width])
        hashes = [root_of(hashes[256 * n:256 * n + 256]) for n in range(len(hashes) // 256)]
        level += 1
    return tiles


class Log:
    """The entries of a log as its bundles hold them, under a checkpoint."""

    def __init__(self, mirror, folder, size, root):
        self.folder, self.size, self.root, self.entries = folder, size, root, []
        for n, width in tile_shapes(size):
            self.entries += self.bundle(mirror.read(f"{folder}/{tile_path('entries', n, width)}", 65_537 * width), width)
        self.leaves = [leaf_hash(entry) for entry in self.entries]
        self.tiles = tiles_of(self.leaves)

    def bundle(self, data, width):
        entries, at = [], 0
        while at < len(data):
            end = at + 2 + int.from_bytes(data[at:at + 2], "big")
            need(end <= len(data), "a bundle of entries is cut")
            entries.append(data[at + 2:end])
            at = end
        need(len(entries) == width, "a bundle holds another number of entries")
        return entries

    def paths(self):
        yield from (f"{self.folder}/{path}" for path in self.tiles)
        yield from (f"{self.folder}/{tile_path('entries', n, width)}" for n, width in tile_shapes(self.size))

    def check(self, mirror):
        need(root_of(self.leaves) == self.root, "the entries do not give the signed root")
        for path, hashes in self.tiles.items():
            need(mirror.read(f"{self.folder}/{path}", len(hashes)) == hashes, f"{self.folder}/{path} is not what the entries give")


# ---- the mirror's files ----

# What a file of a mirror may be called, of whatever contract, size and statement.
NUMBER, WIDTH = "(?:0|[1-9][0-9]{0,19})", "(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
TILE_NUMBER = rf"(?:x(?!000)[0-9]{{3}}/(?:x[0-9]{{3}}/)*)?[0-9]{{3}}(?:\.p/{WIDTH})?"
MIRROR_NAME = re.compile(r"\.well-known/jwks\.json|log/keys|log/ID/openings|log/ID/heads|v1/contracts/ID/(?:click-key|models/[0-9a-f]{64})|v1/statements/ID(?:\.jws|/lines|/checkpoint)"
                         rf"|log/(?:ID/)?(?:checkpoint|witnessed|seen/{NUMBER}|tile/(?:entries|[0-7])/{TILE_NUMBER})".replace("ID", "[0-9A-Z]{1,16}"))


class Mirror:
    """A folder, of which regular files alone are opened, none through a link."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise CannotTell(f"{folder} is no folder")
        left = self.folder / ".countersign-pull"
        if os.path.lexists(left) and not (left.is_dir() and not left.is_symlink() and not any(left.iterdir())):
            raise CannotTell("a pull into this folder has not ended")

    def names(self):
        def refuse(error):
            raise CannotTell(f"{error.filename} cannot be read")
        for folder, folders, files in os.walk(self.folder, onerror=refuse):
            below = os.path.relpath(folder, self.folder)
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for name in [*files, *links, *(f"{name}/" for name in folders if name not in links)]:
                yield name if below == "." else f"{below}/{name}"

    def read(self, name, limit):
        data = self.opened(name, lambda file: file.read(limit + 1))
        need(len(data) <= limit, f"{name} is longer than it can be")
        return data

    def opened(self, name, use=lambda file: None):
        path = self.folder
        try:
            for part in name.split("/")[:-1]:
                path = path / part
                if not stat.S_ISDIR(os.lstat(path).st_mode):
                    raise CannotTell(f"{name}: {part} is no folder")
            descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise CannotTell(f"{name} is no regular file")
                return use(file)
        except OSError as error:
            raise CannotTell(f"{name}: {error.strerror}") from None


# ---- entries ("Entries") ----

CLASSES = ("ended", "prefetch", "test", "embedded", "bot", "datacenter", "repeat", "ok")
PAYABLE = ("ok", "bot", "datacenter", "embedded", "repeat")
DEVICES = ("phone", "tablet", "desktop", "app")
STATUSES = ("pending", "held", "approved", "rejected", "duplicate", "returned", "converted")
REASONS = ("no_click", "unknown_click", "outside_window", "missing_field", "bad_email", "bad_phone", "outside_profile", "too_fast", "honeypot", "bot",
           "duplicate", "cap_day", "cap_month", "budget", "contract_ended", "low_score", "unrecorded_click", "test", "review")
CREDENTIALS = ("secret", "token", "postback_key", "lock", "webhook")
TAXES = ("none", "domestic", "reverse_charge", "outside")
ORIGINS = ("fold", "seed")
TRUSTS = ("signed", "key", "api", "pixel", "system", "countersigned")
CONTACTS = ("email", "phone", "first_name", "last_name")


def text(most):
    return lambda value: isinstance(value, str) and 0 < len(value.encode()) <= most


def whole(value):
    return type(value) is int and 0 < value <= LARGEST


def index(value):
    return type(value) is int and 0 <= value <= LARGEST


def small(value):
    return type(value) is int and 0 < value < 2**32


def signed(value):
    return type(value) is int and 0 < abs(value) <= LARGEST


def offset(value):
    return type(value) is int and 0 < abs(value) <= 93_600


def true(value):
    return value is True


def object_(value):
    return isinstance(value, dict) and value != {}


def key32(value):
    return b64u_decode(value, 32) is not None


def digest(value):
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def hex32(value):  # zeros are its default, and left out
    return isinstance(value, str) and re.fullmatch("(?!0{64})[0-9a-f]{64}", value) is not None


def word(words):
    return lambda value: isinstance(value, str) and value in words


def contacts(value):
    return isinstance(value, list) and value != [] and value == [name for name in CONTACTS if name in value]


def facts(value):
    return object_(value) and len(value) <= 32 and all(isinstance(v, str) for v in value.values())


def duplicate_of(value):
    if not isinstance(value, dict):
        return False
    if value.get("contract") == "other":
        return set(value) == {"commit", "contract"} and key32(value["commit"])
    return set(value) == {"contract", "index"} and ID(value["contract"]) and index(value["index"])


def touch(value):
    return isinstance(value, dict) and {"click"} <= set(value) <= {"click", "click_unrecorded", "clicked_ms"} and index(value["click"]) \
        and value.get("click_unrecorded", True) is True and index(value.get("clicked_ms", 0))


def touches(value):
    return isinstance(value, list) and value != [] and all(map(touch, value))


def permille(value):
    return type(value) is int and 0 <= value <= 1000


def reasons(value):
    return isinstance(value, list) and 1 <= len(value) <= 3 and all(isinstance(each, str) and each[:1] in ("+", "-") and 2 <= len(each.encode()) <= 134 for each in value)


def indexes(value):
    return isinstance(value, list) and 1 <= len(value) <= 128 and all(map(index, value)) and all(one < other for one, other in zip(value, value[1:]))


def prefixes(value):
    return isinstance(value, list) and 1 <= len(value) <= 512 and all(isinstance(each, dict) and set(each) == {"contract", "size"} and ID(each["contract"]) and whole(each["size"]) for each in value) \
        and all(one["contract"].encode() < other["contract"].encode() for one, other in zip(value, value[1:]))


SUBS = tuple(f"sub{n}" for n in range(1, 6))
UTMS = ("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term")
TEXTS = dict.fromkeys(SUBS, text(256))
ID = text(16)

# kind: the members that are always there, and the others with what they hold (a default is left out)
MEMBERS = {
    "terms": ({"campaign": object_, "contract": object_, "rules": index, "version": index}, {"effective_ms": whole, "on_assent": true}),
    "click": ({"class": word(CLASSES), "commit": key32, "placement": lambda value: value == 0 or small(value)},
              {**TEXTS, **dict.fromkeys(UTMS, text(256)), "clock_steps": small, "country": text(2), "device": word(DEVICES), "to": text(1024), "to_refused": true}),
    "view": ({"class": word(CLASSES), "commit": key32}, {"click": index, "placement": small}),
    "lead": ({"commit": key32, "party": lambda value: value == "" or ID(value), "status": word(STATUSES), "terms": index, "trust": word(TRUSTS)},
             {**TEXTS, "bad": contacts, "claimed": true, "click": index, "click_unrecorded": true, "clicked_ms": whole, "clock_steps": small,
              "clock_unsure": true, "disposable": true, "due_ms": whole, "dup": duplicate_of, "facts": facts, "given": contacts, "honeypot": true,
              "missing_fields": small, "other_touches": small, "payout_micros": whole, "placement": small, "reason": word(REASONS), "request_sha256": hex32,
              "score": permille, "score_high": permille, "score_why": reasons, "utm_source": text(256),
              "share_from": small, "share_to": small, "test": true, "tier": lambda value: type(value) is int and 0 <= value < 2**31,
              "touches": touches, "txid": text(128), "utc_offset_s": offset}),
    "disposition": ({"lead": index, "status": word(STATUSES), "terms": index, "trust": word(TRUSTS)},
                    {"amount_micros": whole, "currency": ID, "jws": text(4_096), "party": ID, "payable_micros": signed, "request_sha256": hex32, "text": text(512), "txid": text(128)}),
    "key": ({"jws": text(4096), "party": ID, "pub": key32}, {"previous_jws": text(4096)}),
    "server_keys": ({"jws": text(4096), "root": index}, {"previous_jws": text(4096)}),
    "statement": ({"from": index, "id": ID, "issued_ms": index, "number": index, "sha256": digest, "to": index, "to_ms": index},
                  {"utc_offset_s": offset, "vat_advertiser": whole, "vat_publisher": whole, "vat_kind": word(TAXES[1:]), "vat_ppm": lambda value: type(value) is int and 0 < value <= 1_000_000}),
    "response": ({"jws": text(65_536), "party": ID, "statement": ID}, {}),
    "assent": ({"jws": text(4_096), "party": ID}, {"adjustment": whole, "payable_micros": signed, "version": whole}),
    "withdrawal": ({"by": ID, "version": index}, {"jws": text(4_096)}),
    "adjustment": ({"by": ID, "micros": signed, "reason": text(512)}, {"lead": whole, "on_assent": true, "statement": ID}),
    "gap": ({"from_ms": index, "to_ms": index}, {"clicks": whole, "impressions": whole, "late_clicks": whole, "views": whole}),
    "impression": ({"class": word(CLASSES), "commit": key32, "placement": lambda value: value == 0 or small(value)}, {}),
    "party": ({"by": ID, "legal": lambda value: isinstance(value, dict), "party": ID}, {"other": true}),
    "credential": ({"by": ID, "id": ID, "party": ID, "since_ms": index, "what": word(CREDENTIALS)}, {"retired": true}),
    "erase": ({"by": ID, "entries": indexes}, {}),
    "model": ({"labels": index, "leads": index, "origin": word(ORIGINS), "sha256": digest, "terms": index}, {"from": prefixes}),
    "clock": ({"steps": lambda value: value == 0 or small(value)}, {"by": ID, "confirmed_ms": whole, "from_ms": whole, "to_ms": whole, "unsure": true}),
}


def read_entry(data):
    need(len(data) <= 49_152, "it is longer than an entry can be")
    entry = read_canonical(data, "it")
    need(isinstance(entry, dict) and entry.get("kind") in MEMBERS, "it is of no kind that is known")
    always, others = MEMBERS[entry["kind"]]
    always = {"at": index, **always}
    others = {"clock_ms": whole, **others}
    for name in always:
        need(name in entry, f"it has no {name}")
    for name, value in entry.items():
        if name != "kind":
            holds = always.get(name) or others.get(name)
            need(holds is not None and holds(value), f"its {name} is not what stands there")
    if entry["kind"] == "lead":
        need(("score" in entry) == ("score_high" in entry) >= ("score_why" in entry) and entry.get("score", 0) <= entry.get("score_high", 0), "its score is not whole")
    if entry["kind"] == "model":
        need(("from" in entry) == (entry["origin"] == "seed"), "its from is not there for a seed alone")
    return entry


def clock(entry):
    """The time that counts for what is judged by time."""
    return entry.get("clock_ms", entry["at"])


# ---- the comparison of texts ("Contact keys", "Documents") ----

def number(value):
    """What a text says as a number, None if it is none: up to 18 digits on each side of the point that are not zeros in front or behind."""
    found = re.fullmatch(r"([+\-\u2212\uFF0D])?([0-9]+)(?:[.\uFF0E\u066B]([0-9]+))?", digits_of_all_scripts(value))
    if not found:
        return None
    sign, front, behind = found[1], found[2].lstrip("0"), (found[3] or "").rstrip("0")
    if len(front) > 18 or len(behind) > 18:
        return None
    return Decimal(f"{'' if sign in (None, '+') else '-'}{front or 0}.{behind or 0}")


def equals(field, fact, value):
    fact, value = trim(fact), trim(str(value))
    if field == "country":
        return country(fact) == country(value) and country(fact) in COUNTRIES
    a, b = number(fact), number(value)
    if a is not None and b is not None:
        return a == b
    if len(fact.encode()) > 512 or len(value.encode()) > 512:
        return fact == value
    return unicodedata.normalize("NFC", fact) == unicodedata.normalize("NFC", value)


def rule_holds(rule, fact):
    if fact is None or not trim(fact):
        return False
    if "equals" in rule:
        return equals(rule["field"], fact, rule["equals"])
    if "in" in rule:
        return any(equals(rule["field"], fact, value) for value in rule["in"])
    value = number(trim(fact))
    return value is not None and rule.get("min", value) <= value <= rule.get("max", value)


# ---- terms ("Documents", "Versions") ----

CLICK_FIELDS = ("placement", "device", "class")
FIELD = r"country|f_[A-Za-z0-9._-]{1,64}"


def within(least, most):
    return lambda value: type(value) is int and least <= value <= most


def words_in_order(*words):
    return lambda value: isinstance(value, list) and value == [each for each in words if each in value]


def spelled(pattern, most):
    return lambda value: isinstance(value, str) and len(value.encode()) <= most and re.fullmatch(pattern, value, re.DOTALL) is not None


def some_text(value):
    return isinstance(value, str)


def texts(value):
    return isinstance(value, list) and all(map(some_text, value))


def members(**holds):
    """An object with exactly these members."""
    return lambda value: isinstance(value, dict) and value.keys() == holds.keys() and all(holds[name](each) for name, each in value.items())


def caps(value):
    return isinstance(value, dict) and value.keys() <= {"budget_micros_month", "day", "month"} and all(map(index, value.values()))


def written_time(value):
    return value == "" or isinstance(value, str) and (read_rfc3339(value) or -1) >= 0


def required(value):
    if not texts(value) or len(value) > 32 or len(set(value)) != len(value):
        return False
    others = [name for name in value if name not in CONTACTS]
    return value == [name for name in CONTACTS if name in value] + others and all(re.fullmatch(FIELD, name) for name in others)


def rule_value(field, value):
    """What a rule or tier may ask of a field."""
    words = {"class": CLASSES, "device": DEVICES}.get(field)
    if not isinstance(value, str) or len(value.encode()) > 512 or not trim(value):
        return False
    if field == "placement":
        return re.fullmatch("[1-9][0-9]{0,9}", value) is not None and int(value) < 2**32
    return country(value) in COUNTRIES if field == "country" else words is None or value in words


def rule(fields):
    def holds(value):
        field = value.get("field") if isinstance(value, dict) else None
        if not isinstance(field, str) or not re.fullmatch(fields, field):
            return False
        asked = value.keys() - {"field"}
        if field == "score" and not asked <= {"max", "min"}:
            return False
        if asked == {"equals"}:
            return rule_value(field, value["equals"])
        if asked == {"in"}:
            return isinstance(value["in"], list) and 0 < len(value["in"]) <= 64 and all(rule_value(field, each) for each in value["in"])
        bounds = [value[name] for name in ("min", "max") if name in asked]
        return bool(bounds) and asked <= {"max", "min"} and field not in ("country", "device", "class") \
            and all(map(within(0, 1000) if field == "score" else within(-LARGEST, LARGEST), bounds)) and bounds == sorted(bounds)
    return holds


def tiers(value):
    when = rule(f"{FIELD}|sub[1-5]|placement|device|class|score")
    return isinstance(value, list) and len(value) <= 64 and all(
        isinstance(tier, dict) and {"micros"} <= tier.keys() <= {"micros", "when"} and within(0, 10**13)(tier["micros"])
        and (when(tier["when"]) if "when" in tier else n == len(value) - 1) for n, tier in enumerate(value))


def rules(value):
    return isinstance(value, list) and len(value) <= 32 and all(map(rule(FIELD), value))


def scored(value):
    """What leads are scored by; without members none is."""
    if value == {}:
        return True
    names = re.compile(f"{FIELD}|sub[1-5]|placement|trust|utm_source|wait|hour")
    asked = members(cross=texts, facts=texts, hold_below=within(0, 1000), hold_days=within(0, 365), max_held_permille=within(0, 1000))
    if not asked(value):
        return False
    facts_, cross = value["facts"], value["cross"]
    return 1 <= len(facts_) <= 31 and len(set(facts_)) == len(facts_) and all(map(names.fullmatch, facts_)) \
        and len(cross) != 1 and len(cross) <= 8 and cross == [name for name in facts_ if name in cross]


ID_TEXT = spelled("[A-Za-z0-9_-]+", 16)
EXPONENTS = {  # ISO 4217, active codes that have a minor unit
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP"
                    " ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT"
                    " MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC"
                    " SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG".split(), 2),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3), **dict.fromkeys("CLF UYW".split(), 4)}
REFERRER_POLICIES = ("no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "same-origin", "strict-origin", "strict-origin-when-cross-origin", "unsafe-url")
MACROS = ("click_id", "code", "sub1", "sub2", "sub3", "sub4", "sub5", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
PARAMETER = spelled("[A-Za-z0-9._-]+", 64)


def host(value, least=1):
    """A name of that many labels at least, or an IPv4 address."""
    return len(value) <= 253 and re.fullmatch(r"(?![.-])[A-Za-z0-9.-]+", value) is not None and ".." not in value and value.count(".") + 1 >= least


def link(value):
    """An http or https URL of RFC 3986 characters, without user information."""
    if not spelled(r"(?i:https?)://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", 2048)(value):
        return False
    name = re.fullmatch(r"(\[[0-9A-Fa-f:.]{2,}\]|[^:\[\]]+)(:[0-9]{1,5})?", re.split("[/?#]", value.split("://", 1)[1], maxsplit=1)[0])
    return name is not None and (name[1][0] == "[" or host(name[1])) and (name[2] is None or int(name[2][1:]) < 65536)


def landing(value):
    """The same with macros behind the host, of those that clicks replace."""
    if not spelled(".*", 2048)(value) or "://" not in value:
        return False
    front = value.index("://") + 3
    end = front + len(re.split("[/?#]", value[front:], maxsplit=1)[0])
    said = re.findall(r"\{([A-Za-z0-9_]+)\}", value)
    return link(value[:end] + re.sub(r"\{[A-Za-z0-9_]+\}", "", value[end:])) and all(name in MACROS for name in said)


def host_pattern(value):
    name = value.removeprefix("*.") if isinstance(value, str) else ""
    return name != "" and len(value) <= 255 and host(name, 1 + (name != value)) and not name.endswith(".")


def passed(value):
    return PARAMETER(value) and value != "to" and not re.fullmatch("sub[1-5]", value)


def list_of(holds, most):
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(holds, value))


def label(value):
    return isinstance(value, str) and 0 < len(value.encode()) <= 200 and trim(value) != "" and not re.search("[\\x00-\\x1f\\x7f]", value)


def zone(value):
    return spelled("[A-Za-z0-9/_+-]+", 64)(value) and value[0] != "/" != value[-1]


# Each member of the two documents, and what it holds.
CAMPAIGN = members(
    accept_from=lambda value: value != [] and words_in_order("advertiser", "publisher")(value), advertiser=ID_TEXT, allowed_hosts=list_of(host_pattern, 64),
    attribution=members(click_days=within(1, 365), half_life_days=within(1, 365), model=word(("last", "first", "linear", "time-decay", "position"))),
    caps=caps, click_param=PARAMETER, currency=word(EXPONENTS), dedupe=members(by=words_in_order("email", "phone"), days=within(1, 3650)),
    default_country=lambda value: value == "" or isinstance(value, str) and value in COUNTRIES,
    dispositions=word(("any", "countersigned")), fallback_url=lambda value: value == "" or link(value), id=ID_TEXT,
    landing_url=landing,
    lead=members(disposable_email=word(("ok", "hold", "reject")), hold_below_s=within(0, 86_400), honeypot=spelled("|f_[A-Za-z0-9._-]{1,64}", 66),
                 min_click_to_lead_s=within(0, 86_400), require=required, require_any=words_in_order("email", "phone"), rules=rules),
    name=label, paused=lambda value: isinstance(value, bool), payable_classes=words_in_order(*PAYABLE),
    pixel_leads=word(("off", "hold", "on")), referrer_policy=word(REFERRER_POLICIES), repeat_window_s=within(0, 2_592_000), return_days=within(0, 365),
    score=scored, review=members(auto_approve_days=within(0, 365), mode=word(("auto", "manual"))), timezone=zone, **{"pass": list_of(passed, 32)})
CONTRACT = members(
    assent=word(("operator", "both")), campaign=ID_TEXT, caps=caps, due_days=within(0, 365), ends_at=written_time, id=ID_TEXT,
    settle=word(("manual", "weekly", "monthly")), vat_ppm=within(0, 1_000_000), publisher=lambda value: value == "" or ID_TEXT(value), set_off=word(("owed", "next")), starts_at=written_time,
    price=members(click_micros=within(0, 10**10), impression_micros=within(0, 10**10), lead=tiers, sale_ppm=within(0, 1_000_000)))


class Terms:
    """One version: its documents, and what is asked of them."""

    def __init__(self, entry, at):
        self.index, self.version, self.at = at, entry["version"], entry["at"]
        self.effective = entry.get("effective_ms", 0)
        self.campaign, self.contract = entry["campaign"], entry["contract"]
        self.on_assent, self.assents, self.leaf = entry.get("on_assent", False), set(), sha256(b"\0" + canonical(entry))
        self.taken_back = set()  # whose assent was, once both had assented
        self.begins = float("inf") if self.on_assent else self.effective  # from when it binds, as far as is known
        campaign, contract = self.campaign, self.contract
        need(CAMPAIGN(campaign) and CONTRACT(contract) and contract["campaign"] == campaign["id"], "its documents are not complete and within their bounds")
        need(contract["publisher"] or contract["assent"] == "operator", "a campaign's own contract has nobody else to assent")
        need(contract["assent"] == "both" or not any(tier.get("when", {}).get("field") == "score" for tier in contract["price"]["lead"]), "it pays by a score without the assent of both")
        need(max(len(canonical(campaign)), len(canonical(contract))) <= 24_000, "its documents are too long")
        self.lead, self.price, self.tiers = campaign["lead"], contract["price"], contract["price"]["lead"]
        self.starts, self.ends = ((read_rfc3339(contract[name]) if contract[name] else None) for name in ("starts_at", "ends_at"))
        need(not self.starts or not self.ends or self.starts < self.ends, "it ends before it begins")
        self.by, self.days = campaign["dedupe"]["by"], campaign["dedupe"]["days"] * DAY_MS
        self.window, self.return_ms = campaign["attribution"]["click_days"] * DAY_MS, campaign["return_days"] * DAY_MS
        self.payable, self.score = set(campaign["payable_classes"]), campaign["score"]

    def both(self):
        return self.contract.get("assent") == "both"

    def lacks(self):
        """Assents, which may never come."""
        return self.on_assent and len(self.assents) < 2

    def says(self):
        return {**self.campaign, "paused": None}, self.contract

    def active(self, time):
        return (self.starts is None or self.starts <= time) and (self.ends is None or time < self.ends)

    def carries(self, time):
        """What is below nothing: there is a statement to come."""
        return self.contract["set_off"] == "next" and (self.ends is None or time < self.ends)

    def looked_at(self):
        """The fields that these terms look at: they stand in the entry, everything else beside it."""
        fields = {"country", *self.lead["require"], *(each["field"] for each in self.lead["rules"]), *self.score.get("facts", [])}
        return (fields | {tier["when"]["field"] for tier in self.tiers if "when" in tier}) - {*CONTACTS, *SUBS, *CLICK_FIELDS, "score", "trust", "utm_source", "wait", "hour"}

    def unit(self, entry):
        """What a click or impression earns by these terms."""
        return self.price[f"{entry['kind']}_micros"] if entry["class"] in self.payable else 0


class Versions:
    """The versions that have not been replaced, the last one last: their times ascend."""

    def __init__(self):
        self.all, self.line = [], []
        self.withdrawn = None  # the last that was, and when

    def waiting(self, at):
        return [version for version in self.line if version.begins > at and not version.lacks()]

    def asks(self, terms):
        """Whether this version has to ask for the assent of both."""
        if not self.line:
            return terms.both()
        now = self.bound(terms.at)
        same = self.binds(terms.at) and now.says() == terms.says()
        return not same and any(version.both() for version in [terms, *self.line[self.line.index(now):]])

    def add(self, terms):
        need(terms.version == len(self.all) + 1, "its version does not follow")
        need(terms.on_assent == self.asks(terms), "it asks for assents that it need not have, or not for those that it must have")
        self.line = [version for version in self.line if not version.lacks()]
        waiting = self.waiting(terms.at)
        if not self.all:
            need(not terms.effective, "the first version binds at once")
        elif not terms.effective:
            need(not terms.on_assent or not waiting, "it would bind before one that waits")
            self.line = [version for version in self.line if version.begins <= terms.at]
        else:
            need(terms.effective > terms.at, "it should have bound before it was written")
            if waiting and waiting[-1].begins == terms.effective and not terms.on_assent:
                self.line = [version for version in self.line if version.begins != terms.effective]
            else:
                need(not waiting or waiting[-1].begins < terms.effective + terms.on_assent, "it would bind before one that waits")
                need(len(waiting) < 8, "too many versions wait")
        self.line.append(terms)
        self.all.append(terms)

    def assent(self, version, party, at):
        """The party agrees; what was awaited binds from then on, or from its own later time."""
        need(party not in version.assents, "its party has assented already")
        awaited = version.lacks()
        version.assents.add(party)
        if awaited and not version.lacks():
            version.begins = max(version.effective, at)

    def withdrawable(self, number, at):
        """The version of that number: the newest, not in force, and not the only one."""
        version, now = self.line[-1], self.bound(at)
        need(version.version == number and version is not now, "its version is not the newest, or in force, or all there is")
        return version

    def withdraw(self, version, party, at):
        """By whom the terms may be changed (no party), or each of both that assented."""
        agreed = version.on_assent and len(version.assents) == 2
        need(agreed == (party is not None), "who assented to its version, or may change the terms, is somebody else")
        need(party not in version.taken_back, "its party has said so already")
        version.taken_back |= {party}
        if party is None or len(version.taken_back) == 2:
            self.line.remove(version)
            self.withdrawn = version, at

    def bound(self, at):
        """The terms in force for an entry of this time behind those so far."""
        due = [version for version in self.line if version.begins <= at]
        return due[-1] if due else self.line[0]

    def binds(self, at):
        """Whether those bind: the first may still lack assents."""
        version = self.bound(at)
        return not version.on_assent or not version.lacks() and version.effective <= at

    def lately(self, at):
        """Those by which a lead may have been read when it arrived: in force, and up to four before, each until 60 s after the next one bound;
        and the last withdrawn one, if that was less than 60 s ago and before its time."""
        now = self.bound(at)
        found, later = [now], now
        if self.withdrawn and max(at, self.withdrawn[0].begins) <= self.withdrawn[1] + 60_000:
            found.append(self.withdrawn[0])
        for version in reversed(self.line[:self.line.index(now)][-4:]):
            if at > max(later.at, later.begins) + 60_000:
                break
            found.append(version)
            later = version
        return found


# ---- decisions ("A lead", "Identity", "Caps", "A disposition") ----

STANDING = ("pending", "held", "approved", "converted")


def cut(price, share):
    """What the part of a lead earns of a price ("Shares")."""
    return price * share[1] // WHOLE - price * share[0] // WHOLE


class Lead:
    """What later entries need to know of a lead ("Rows")."""

    def __init__(self, at, entry, opening, terms):
        self.index, self.entry, self.terms = at, entry, terms
        self.time, self.status = clock(entry), entry["status"]
        self.opened = opening is not None
        self.email, self.phone = (opening or {}).get("email"), (opening or {}).get("phone")
        self.txid, self.click = entry.get("txid"), (entry["click"], entry.get("click_unrecorded", False)) if "click" in entry else None
        self.untrusted = entry["trust"] == "pixel" and terms.campaign["pixel_leads"] != "on"
        self.share = entry.get("share_from", 0), entry.get("share_to", WHOLE)
        self.tier = -1
        self.whole = self.price = self.sale = 0  # of the whole lead, and what this contract pays of it
        self.sold = False
        self.approved, self.changed = (self.time if self.status == "approved" else None), self.time
        self.paid = at if self.status == "approved" else None  # the entry by which it became payable first
        self.signed = -1  # by its own word, the last countersigned disposition
        local = self.time + 1000 * entry.get("utc_offset_s", 0)
        self.day = local // DAY_MS
        self.month = civil(self.day)[:2]
        self.due = entry.get("due_ms")
        self.history = [(self.time, self.status, entry)]  # what became of it: when, what, by which entry
        self.said, self.low = {}, False  # its score, and whether that holds it
        self.foreign_cap = False  # a cap refused it that this contract's leads alone do not reach
        self.stood = []  # [from, to (None: still), what it pays or will, the terms in force then]
        self.repeats, self.weak = None, False  # of a duplicate: the lead of this contract that it repeats, and whether a txid or click led there

    def stands(self):
        return self.status in STANDING and not (self.untrusted and self.status == "held")

    def contacts(self):
        return [(kind, token) for kind, token in ((EMAIL, self.email), (PHONE, self.phone)) if token is not None]

    def bits(self):
        return sum(kind for kind, _ in self.contacts())


EMAIL, PHONE, TXID, CLICK = 1, 2, 16, 32  # kinds of keys; to the last two the contact tokens of the lead are added, bit by bit


class Persons:
    """Who is in whose way ("Identity", and the duplicates of "A shared lead")."""

    def __init__(self):
        self.rows = defaultdict(list)  # under each key the leads that have it

    def add(self, lead):
        for kind, token in (*lead.contacts(), (TXID + lead.bits(), lead.txid), (CLICK + lead.bits(), lead.click)):
            if token is not None:
                self.rows[kind, token].append(lead)

    def under(self, key):
        """The leads under a key, the latest first; of one time by their index. Whose tokens nobody shows is in nobody's way."""
        return sorted((lead for lead in self.rows[key] if lead.opened), key=lambda lead: (-lead.time, lead.index))

    @staticmethod
    def keys(lead, by):
        """The keys of a lead to look under: a txid or click alone does not make one of two who both have a token of one kind."""
        told = lead.bits() & sum({"email": EMAIL, "phone": PHONE}[name] for name in by or ("email", "phone"))
        yield from ((kind, token) for kind, token in lead.contacts() if ("email", "phone")[kind - 1] in by)
        for first, token in ((TXID, lead.txid), (CLICK, lead.click)):
            yield from ((first + bits, token) for bits in range(4) if token is not None and not bits & told)

    def in_the_way(self, report, terms, both_ways=False, sometime=False):
        """(lead, weak): the lead of the same person that stands, of several the latest; weak where a txid or click led to it.
        `sometime`: one that came at an unknown time, if none else is in the way."""
        found = []
        for order, key in enumerate(self.keys(report, terms.by)):
            if sometime and key[0] >= TXID:
                continue
            for lead in self.under(key):
                waits = report.untrusted and not both_ways and lead.untrusted and lead.status == "held"
                if lead is not report and (lead.stands() or waits) and (key[0] >= TXID or self.near(report, lead, terms, both_ways, sometime)):
                    found.append((-lead.time, waits, order, lead.index, lead, key[0] >= TXID))
        if found:
            return min(found, key=lambda row: row[:4])[4:]
        return self.along_duplicates(report, terms, both_ways, sometime)

    @staticmethod
    def near(report, lead, terms, both_ways, sometime=False):
        """Whether it came within the time in which a person is known; `sometime`: whether nobody can tell."""
        unsure = report.entry.get("clock_unsure", False) or lead.entry.get("clock_unsure", False)
        unknown = not both_ways and unsure and report.entry.get("clock_steps", 0) != lead.entry.get("clock_steps", 0)
        return unknown if sometime else not unknown and Persons.within(report, lead, terms, both_ways)

    @staticmethod
    def within(report, lead, terms, both_ways):
        """The same by the clock, whatever its steps were."""
        return -terms.days <= lead.time - report.time <= terms.days if both_ways else report.time - lead.time <= terms.days

    def along_duplicates(self, report, terms, both_ways, sometime):
        """Email, then email and phone, then phone is one person: through the duplicates of leads of this contract, one key after the other."""
        line = [(key, key[0] >= TXID) for key in self.keys(report, terms.by)]
        own, rows = len(line), 0

        def is_it(lead, weak):
            ours, theirs = dict(report.contacts()), dict(lead.contacts())
            both = [kind for kind, name in ((EMAIL, "email"), (PHONE, "phone")) if name in (terms.by or CONTACTS) and kind in ours and kind in theirs]
            told_apart = weak and both and not any(ours[kind] == theirs[kind] for kind in both)
            return lead is not report and lead.stands() and self.near(report, lead, terms, both_ways, sometime) and not told_apart

        for n, (key, weak) in enumerate(line):  # which grows while it is walked
            here = self.under(key)  # also a duplicate that is to stand itself: what it repeats may do so still
            for lead in [lead for lead in here if n >= own and lead.stands()] + [lead for lead in here if lead.repeats and lead.status == "duplicate"]:
                rows += 1
                if n >= 128 or rows > 256:
                    return None, False
                if lead.status != "duplicate":
                    if is_it(lead, weak):
                        return lead, weak
                elif sometime or self.within(report, lead, terms, both_ways):
                    weakly = weak or lead.weak
                    if is_it(lead.repeats, weakly):
                        return lead.repeats, weakly
                    for further in self.keys(lead, terms.by):
                        row = further, weakly or further[0] >= TXID
                        if row not in line and (further, False) not in line:
                            line.append(row)
        return None, False


class Counts:
    """The leads that stand, by day and month, and what they pay ("Caps")."""

    def __init__(self):
        self.days, self.months, self.micros = defaultdict(int), defaultdict(int), defaultdict(int)

    def change(self, lead, leads, times):
        self.days[lead.day] += leads
        self.months[lead.month] += leads
        self.micros[lead.month] += times * (lead.price + lead.sale)

    def over(self, lead, caps, price):
        """Which of these caps have no room for this lead."""
        if "day" in caps and self.days[lead.day] >= caps["day"]:
            yield "cap_day"
        if "month" in caps and self.months[lead.month] >= caps["month"]:
            yield "cap_month"
        if "budget_micros_month" in caps and self.micros[lead.month] + price > caps["budget_micros_month"]:
            yield "budget"


CAP_OF = {"cap_day": "day", "cap_month": "month", "budget": "budget_micros_month"}


class Decided:
    """What a lead entry has to say: status, reason, tier, payout, due time."""

    def __init__(self, status, reason="", tier=-1, payout=0, due=0):
        self.status, self.reason, self.tier, self.payout, self.due = status, reason, tier, payout, due

    MEMBERS = {"status": None, "reason": "", "tier": -1, "payout_micros": 0, "due_ms": 0}  # with their defaults

    def members(self):
        said = dict(zip(self.MEMBERS, (self.status, self.reason, self.tier, self.payout, self.due)))
        return {name: value for name, value in said.items() if value != self.MEMBERS[name]}


GAP_COUNTS = ("clicks", "impressions", "late_clicks", "views")


class Ledger:
    """The fold of one contract's entries: each is decided again from those in front of it."""

    def __init__(self, contract, openings, issuers=(), state_of=None, scores_from=0):
        self.contract, self.openings, self.issuers = contract, openings, issuers
        self.entries, self.versions = [], Versions()
        self.leads, self.moves, self.adjustments, self.erased = {}, [], {}, set()
        self.legal = {}  # by party
        self.traders = []  # entry, party, whether another one, the first that told the same, what it told, all that it told
        self.persons, self.counts = Persons(), {"campaign": Counts(), "contract": Counts()}
        self.keys, self.statements, self.answers = {}, [], []
        self.spent, self.gaps, self.prices, self.cuts = 0, [0, 0, 0], Counter(), []
        self.amounts, self.bound_by = [], []
        self.foreign, self.unopened, self.steps, self.shared = 0, set(), 0, set()
        self.unsure, self.latest = False, 0  # as the last `clock` entry says; clock's time, moved by its steps
        self.waiting, self.seen = [], None  # leads with a due time, the first first; (lead, when an entry saw it overdue)
        self.reported = {}  # by sender and txid: the last lead
        self.said_of_others = []  # (lead, contract and lead that its disposition was signed of): parts of one lead
        self.spelled = {"email": {}, "phone": {}}, {"email": {}, "phone": {}}  # token by key, key by token
        self.unknown_rules = None
        self.scores, self.seeds = lead_score.Fold(contract), 0
        self.state_of, self.scores_from = state_of, scores_from  # bytes by their hash; the entry from which on scores are worked out
        self.scores.blind = scores_from > 0

    # what every entry has to keep: "each entry can follow those before it"

    def add(self, entry):
        at = len(self.entries)
        if self.unknown_rules is not None:
            self.entries.append(entry)
            return
        if at:
            before = self.entries[-1]
            need(entry["at"] >= before["at"], "it is dated before the one in front of it")
            need("clock_ms" not in entry or (entry["clock_ms"] < entry["at"] == before["at"]), "its clock_ms does not fit its time")
        else:
            need(entry["kind"] == "terms" and "clock_ms" not in entry, "the first entry is no terms")
        need(entry["at"] < LAST_MS, "it is dated past the year 9999")
        self.dates(entry)
        self.withheld(entry)
        self.steps_hold(entry)
        self.gaps_hold(entry)
        self.entries.append(entry)
        if entry["kind"] == "terms" and entry["rules"] not in RULES:
            need(entry["version"] == len(self.versions.all) + 1, "its version does not follow")
            self.unknown_rules = entry["rules"]
            return
        if entry["kind"] == "terms":
            self.terms(at, entry)
        terms = self.versions.bound(entry["at"])
        self.bound_by.append(terms)
        self.learnt(at, entry, terms)
        need(entry["kind"] in ("terms", "key", "assent", "gap", "server_keys", "credential", "clock", "party", "withdrawal") or self.versions.binds(entry["at"]), "it comes before any terms bind")
        amount = {"assent": self.assent, "withdrawal": self.withdrawal, "adjustment": self.adjustment, "click": self.click, "impression": self.click, "view": self.view, "lead": self.lead, "disposition": self.disposition, "key": self.key,
                  "statement": self.statement, "response": self.response, "gap": self.gap, "terms": lambda *_: 0, "server_keys": lambda *_: 0, "credential": lambda *_: 0, "model": self.model, "party": self.party, "clock": lambda *_: 0,
                  "erase": self.erase}[entry["kind"]](at, entry, terms)
        self.bound_by[at] = self.versions.bound(entry["at"])  # an assent may be what makes a version bind
        self.tally(at, entry, amount or 0)

    def learnt(self, at, entry, terms):
        """What the log has taught is said where it is to be said, and nowhere else."""
        self.scores.seeded &= entry["kind"] != "statement"
        says, due = entry["kind"] == "model" and entry["origin"] == "fold", self.scores.due
        self.scores.due = False
        if self.scores.blind and at != self.scores_from:
            return
        if self.scores.blind and not says:
            return  # which is told at the end
        if self.scores.blind:
            need(terms.score and self.scores.state is not None, "it says what was learnt, and nothing was")
            try:
                self.scores.take_learnt(self.state_of(entry["sha256"]))
                need_same({name: entry[name] for name in ("labels", "leads")}, lead_score.counts(self.scores.state), "its bytes")
            except ValueError as error:
                raise Fails(f"its state: {error}") from None
        elif due:
            dated = {name: self.entries[-2][name] for name in ("at", "clock_ms") if name in self.entries[-2]}
            need_same(entry, {**dated, **self.scores.learnt(terms.index)})
        else:
            need(not says, "it says what was learnt, and nothing is to say it there")

    def model(self, at, entry, terms):
        if entry["origin"] == "seed":
            need(terms.score, "it seeds what no terms ask for")
            need_same({"terms": entry["terms"]}, {"terms": terms.index})
            need(all(prefix["size"] <= at for prefix in entry["from"] if prefix["contract"] == self.contract), "it seeds what its own log has not said by then")
        if entry["origin"] == "seed" and not self.scores.blind:
            try:
                seed = self.scores.take_seed(terms.score, at, self.state_of(entry["sha256"]))
                need_same({name: entry[name] for name in ("labels", "leads")}, lead_score.counts(seed), "its bytes")
            except ValueError as error:
                raise Fails(f"its seed: {error}") from None
        self.seeds += entry["origin"] == "seed"

    def dates(self, entry):
        """"Dates": none is dated back."""
        time, before = clock(entry), self.latest
        if entry["kind"] == "clock":
            self.latest += entry.get("to_ms", 0) - entry.get("from_ms", 0)
            need("from_ms" not in entry or before - HOUR_MS <= entry["from_ms"] and all(0 < entry.get(name, 0) < LAST_MS for name in ("from_ms", "to_ms")), "its step is of a time that was over, or of none")
        need(time >= self.latest - HOUR_MS, "it is dated back")
        if entry["kind"] == "lead":
            clicked = [entry.get("clicked_ms", 0), *(touch.get("clicked_ms", 0) for touch in entry.get("touches", []))]
            need(entry.get("clock_steps", 0) or max(clicked) <= time + HOUR_MS, "it is dated before its click")
        self.latest = max(self.latest, time)

    def steps_hold(self, entry):
        """What is said of the clock follows what was told of it."""
        kind = entry["kind"]
        if kind in ("click", "lead"):
            need(entry.get("clock_steps", 0) == self.steps, "its clock_steps are not those that are told in front of it")
            need(kind == "click" or entry.get("clock_unsure", False) == self.unsure, "its clock_unsure is not what is told in front of it")
        need(not self.unsure or kind not in ("statement", "withdrawal") and entry.get("trust") != "system", "it is of a clock that nobody had confirmed")
        if kind != "clock":
            return
        new, waits = entry["steps"] - self.steps, "by" in entry or "unsure" in entry
        need(("by" in entry) == ("confirmed_ms" in entry) and not ("by" in entry and "unsure" in entry), "its confirmation is none")
        need(entry.get("confirmed_ms", 0) <= clock(entry) + HOUR_MS, "it is confirmed ahead of its time")
        need(("from_ms" in entry) == ("to_ms" in entry) == (new > 0), "its steps and its times do not fit")
        need(new >= 0 and (new or self.unsure and "by" in entry), "it tells of no step, and confirms none")
        if new == 1 and not (len(self.entries) == 1 and entry["from_ms"] == entry["to_ms"] == clock(self.entries[0])):  # else of steps before the log began
            moved = abs(entry["to_ms"] - entry["from_ms"])
            need(moved >= 2_000 and waits == (self.unsure or moved >= 60_000), "its step is none, or waits for a word otherwise than it must")
        need(not self.unsure or waits, "it leaves out whether the clock was confirmed")
        self.steps, self.unsure = entry["steps"], "unsure" in entry

    def gaps_hold(self, entry):
        """What a gap counts, and how wide it is; one that counts nothing is that of the lead behind it."""
        before = self.entries[-1] if self.entries else {"kind": ""}
        if before["kind"] == "gap" and not any(name in before for name in GAP_COUNTS):
            lost = [each.get("clicked_ms", 0) for each in (entry, *entry.get("touches", [])) if each.get("click_unrecorded")] if entry["kind"] == "lead" else []
            need(lost and (before["from_ms"], before["to_ms"]) == (min(lost), max(lost) + 999), "the gap in front of it counts nothing, and is not its own")
        if entry["kind"] == "gap":
            need(self.steps or entry["to_ms"] <= clock(entry) + HOUR_MS, "it is a gap of a time to come")
            counted, width = sum(entry.get(name, 0) for name in GAP_COUNTS), entry["to_ms"] - entry["from_ms"]
            need(not counted or 0 <= width <= 600_000 and counted <= 1_000_000 * (width // 1000 + 1), "it is a gap that no server makes")

    def withheld(self, entry):
        """"Dates": no automatic approval is withheld."""
        while self.waiting and self.leads[self.waiting[0][1]].status not in ("pending", "held"):
            heapq.heappop(self.waiting)
        if entry["kind"] == "clock":
            self.seen = None
            return
        if not self.waiting or self.unsure or clock(entry) < self.waiting[0][0] + HOUR_MS:
            return
        if self.seen is None or self.seen[0] != self.waiting[0][1]:
            self.seen = self.waiting[0][1], clock(entry)
        need(clock(entry) < self.seen[1] + HOUR_MS // 6, f"the automatic approval of lead {self.seen[0]} is withheld")

    def txid_taken(self, entry):
        """"Txid": it names one lead of a sender, unless the last one was refused for its form, or repeats another and is a pixel's."""
        last = self.reported.get((entry["party"], entry.get("txid") or None))
        if last is None or (last.status == "duplicate" and entry["trust"] == "pixel"):
            return False
        return last.status != "rejected" or last.entry.get("reason") not in ("no_click", "unknown_click", "missing_field", "bad_email", "bad_phone")

    def tally(self, at, entry, amount):
        """What a statement may say at most: where the next entry would pass that the log is cut ("Statement")."""
        self.amounts.append(amount)
        gaps = [entry.get(name, 0) if entry["kind"] == "gap" else 0 for name in ("clicks", "impressions", "views")]
        price = self.priced(at)
        many = any(len({each for each in self.prices | price if each[0] == kind}) > 4 for kind in ("click", "impression"))
        other = entry["kind"] == "party" and entry.get("other") and self.spent > 0
        if self.spent + amount > ROOM or many or other or any(a + b > LARGEST for a, b in zip(self.gaps, gaps)):
            self.cuts.append(at)
            self.spent, self.gaps, self.prices = 0, [0, 0, 0], Counter()
        self.spent += amount
        self.prices += price
        self.gaps = [a + b for a, b in zip(self.gaps, gaps)]

    def priced(self, at):
        """Of a click or impression that earned money its price and the rate of VAT."""
        kind, amount = self.entries[at]["kind"], self.amounts[at]
        return Counter([(kind, amount, self.bound_by[at].contract["vat_ppm"])] if kind in ("click", "impression") and amount else [])

    def tally_again(self, start):
        """What stands behind a statement's end counts from there on; where it is not cut already."""
        self.spent, self.gaps, self.prices = 0, [0, 0, 0], Counter()
        for at in range(start, len(self.entries) - 1):  # the statement's own comes next
            entry, amount = self.entries[at], self.amounts[at]
            self.spent += amount
            self.prices += self.priced(at)
            self.gaps = [a + (entry.get(name, 0) if entry["kind"] == "gap" else 0) for a, name in zip(self.gaps, ("clicks", "impressions", "views"))]

    def terms(self, at, entry):
        terms = Terms(entry, at)
        if self.versions.all:
            first = self.versions.all[0]
            for document, names in (("campaign", ("id", "advertiser", "currency")), ("contract", ("id", "campaign", "publisher"))):
                for name in names:
                    need(getattr(terms, document)[name] == getattr(first, document)[name], f"its {name} is another one")
        need(terms.contract.get("id") == self.contract, "it is of another contract")
        self.versions.add(terms)
        self.advertiser, self.publisher = terms.campaign["advertiser"], terms.contract["publisher"]

    def party(self, at, entry, terms):
        need(entry["party"] in (self.advertiser, self.publisher or None), "its party is none of the two")
        need(entry["by"] == entry["party"] or entry["by"] not in (self.advertiser, self.publisher), "the other party said it")
        need(legal_fits(entry["legal"]), "its legal data are not written as they are")
        need(entry.get("other", False) == other_trader(self.legal.get(entry["party"], {}), entry["legal"]), "it does not say whether it makes another one of the party")
        self.legal[entry["party"]] = entry["legal"]
        told = {name: entry["legal"][name] for name in TRADER if name in entry["legal"]}
        first = next((each[3] for each in self.traders if each[1] == entry["party"] and each[4] == told), at) if told else 0
        self.traders.append((at, entry["party"], entry.get("other", False), first, told, entry["legal"]))

    def trader(self, party, to):
        """Who a party is to what came in front of `to`: the entry that first told so; 0: nobody who was told."""
        who = 0
        for at, of, other, first, *_ in self.traders:
            if of == party:
                if at >= to and other:
                    break
                who = first
        return who

    def trader_said(self, who):
        return next((told for at, _, _, _, told, _ in self.traders if at == who), None)

    def trader_reached(self, who, to):
        """What a trader told last in front of `to`, or else where it is named."""
        told = [legal for at, _, _, first, _, legal in self.traders if first == who and (at < to or at == who)]
        return {name: value for name, value in told[-1].items() if name != "email"}

    def click(self, at, entry, terms):
        return terms.unit(entry)

    def view(self, at, entry, terms):
        if "click" in entry:
            need(entry["click"] < at and self.entries[entry["click"]]["kind"] == "click", "its click is none")
            need(entry.get("placement") == self.entries[entry["click"]]["placement"], "its placement is not its click's")

    def gap(self, at, entry, terms):
        return 0

    def key(self, at, entry, terms):
        raw = b64u_decode(entry["pub"])
        need(good_point(raw), "its key is none")
        need(all(raw != other for party, other in self.keys.items() if party != entry["party"]), "its key is another party's")
        self.keys[entry["party"]] = raw
        need(len(self.keys) <= 8, "too many parties have keys")

    def assent(self, at, entry, terms):
        need(entry["party"] in (self.advertiser, self.publisher or None), "its party is none of the two")
        need(entry["party"] in self.keys, "its party has no key")
        need(("version" in entry) != ("adjustment" in entry), "it is to a version or to an adjustment")
        if "adjustment" in entry:
            return self.assent_to_adjustment(at, entry)
        need("payable_micros" not in entry, "it moves no money")
        line = self.versions.line
        version = next((each for each in line[line.index(terms):] if each.version == entry["version"]), None)
        need(version is not None, "its version binds no more, or is none")
        said, time = read_word(entry["jws"], self.keys[entry["party"]], "countersign-assent", entry["party"], self.issuers)
        need(set(said) == {"at", "contract", "issuer", "leaf", "party", "typ", "version"}, "the assent has other members")
        need((said["contract"], said["leaf"]) == (self.contract, version.leaf.hex()), "it is about other terms")
        need(type(said["version"]) is int and said["version"] == version.version, "it is about another version")
        need(version.at - 300_000 <= time <= clock(entry) + 300_000, "it was signed at another time")
        self.versions.assent(version, entry["party"], entry["at"])

    def withdrawal(self, at, entry, terms):
        by = entry["by"]
        version = self.versions.withdrawable(entry["version"], entry["at"])
        if "jws" not in entry:
            need(by != self.publisher, "its publisher may not change the terms")
            return self.versions.withdraw(version, None, entry["at"])
        need(by in (self.advertiser, self.publisher or None) and by in self.keys, "it is by none of the two, or by one without a key")
        said, time = read_word(entry["jws"], self.keys[by], "countersign-withdrawal", by, self.issuers)
        need(set(said) == {"at", "contract", "issuer", "leaf", "party", "typ", "version"}, "what takes the assent back has other members")
        need((said["contract"], said["leaf"]) == (self.contract, version.leaf.hex()), "it is about other terms")
        need(type(said["version"]) is int and said["version"] == version.version, "it is about another version")
        need(version.at - 300_000 <= time <= clock(entry) + 300_000, "it was signed at another time")
        return self.versions.withdraw(version, by, entry["at"])

    def assent_to_adjustment(self, at, entry):
        corrected = self.adjustments.get(entry["adjustment"])
        need(corrected is not None and corrected.entry.get("on_assent"), "its adjustment is none that asks for assents")
        need(entry["party"] not in corrected.assents, "its party has assented already")
        said, time = read_word(entry["jws"], self.keys[entry["party"]], "countersign-assent", entry["party"], self.issuers)
        need(set(said) == {"adjustment", "at", "contract", "issuer", "leaf", "party", "typ"}, "the assent has other members")
        need((said["contract"], said["leaf"]) == (self.contract, corrected.leaf.hex()), "it is about another entry")
        need(type(said["adjustment"]) is int and said["adjustment"] == corrected.index, "it is about another adjustment")
        need(corrected.entry["at"] - 300_000 <= time <= clock(entry) + 300_000, "it was signed at another time")
        corrected.assents.add(entry["party"])
        complete = len(corrected.assents) == 2
        need(entry.get("payable_micros", 0) == (corrected.micros if complete else 0), "what it comes to is not what the adjustment says")
        if complete:
            self.moves.append(Move(at, corrected, None, "", "", corrected.micros))
        return abs(entry.get("payable_micros", 0))

    def adjustment(self, at, entry, terms):
        need(self.publisher and entry["by"] not in (self.advertiser, self.publisher), "it is by a party, or pays nobody")
        need(entry["micros"] != 0 and abs(entry["micros"]) <= ROOM, "its amount is none that can be")
        need(entry["reason"] and not re.search("[\\x00-\\x1f\\x7f]", entry["reason"]), "its reason is none")
        need(entry.get("on_assent", False) == terms.both(), "it asks for assents otherwise than the terms do")
        need("lead" not in entry or entry["lead"] in self.leads, "its lead is none in front of it")
        need("statement" not in entry or entry["statement"] in {statement.id for statement in self.statements}, "its statement is none in front of it")
        made = self.adjustments[at] = Adjustment(at, entry)
        if terms.both():
            return 0
        self.moves.append(Move(at, made, None, "", "", made.micros))
        return abs(made.micros)

    def erase(self, at, entry, terms):
        need(entry["by"] not in ("", self.publisher), "it is by neither an operator nor the advertiser")
        for one in entry["entries"]:
            need(one < at and "commit" in self.entries[one], "what it erases is nothing that was sealed in front of it")
            need(one not in self.erased, "what it erases was erased before")
        self.erased.update(entry["entries"])

    def response(self, at, entry, terms):
        need(entry["statement"] in {statement.id for statement in self.statements}, "its statement is none in front of it")
        need(entry["party"] in self.keys, "its party has no key")
        self.answers.append((entry["statement"], entry["party"], at, self.keys[entry["party"]]))

    # leads

    def lead(self, at, entry, terms):
        need(entry["terms"] == terms.index, "its terms are not those in force")
        lead = Lead(at, entry, self.openings.get(at), terms)
        need(not self.txid_taken(entry), "its sender reported another lead under its txid")
        self.inputs(lead, terms)
        self.touched(lead, terms)
        expected = self.decide(lead, terms)
        need_same({name: entry[name] for name in (*Decided.MEMBERS, "score", "score_high", "score_why") if name in entry}, {**expected.members(), **lead.said})
        self.scores.take(terms.score, at, entry)
        self.leads[at] = lead
        if lead.txid:
            self.reported[entry["party"], lead.txid] = lead
        if lead.due:
            heapq.heappush(self.waiting, (lead.due, at))
        self.persons.add(lead)
        change = lead.price if lead.status == "approved" else 0
        if lead.stands():
            self.count(lead, 1, lead.time)
        self.moves.append(Move(at, lead, None, lead.status, entry.get("reason", ""), change))
        return change

    def inputs(self, lead, terms):
        """What a lead may be decided from ("Inputs of a lead"), by the terms in force when it was read: those of now, or of just before."""
        entry, opening, read_by = lead.entry, self.openings.get(lead.index), self.versions.lately(lead.entry["at"])
        given, bad = entry.get("given", []), entry.get("bad", [])
        need(set(bad) <= {"email", "phone"} & set(given), "its bad is not in given")
        need(not entry.get("disposable") or "email" in given and "email" not in bad, "it has no email that could be disposable")
        problems = [self.sender_problem(entry, version) or opening and "contact" in opening and self.facts_problem(entry, opening["contact"], version)
                    for version in read_by]
        need(not all(problems), problems[0])
        if opening is None:
            return
        for name in ("email", "phone"):
            wanted = name in given and name not in bad
            need((name in opening) == wanted or name == "phone" and name in bad, f"its opening and its entry do not agree about the {name}")
        if "contact" in opening:
            contact = {name: value for name, value in opening["contact"].items() if trim(value)}
            need([name for name in CONTACTS if name in contact] == given, "its given is not what the opening shows")
            need(entry.get("other_touches", 0) <= contact.get("touches", "").count(","), "it counts more clicks that led to it than its opening names")
            if "email" in contact:
                key = email_key(contact["email"])
                self.person("email", [key], opening.get("email"))
                need(key is None or bool(key) != ("email" in bad), "its email is well formed or not, other than it says")
            if "phone" in contact:
                told = entry.get("facts", {}).get("country", "")
                keys = [phone_key(contact["phone"], told if trim(told) else version.campaign["default_country"]) for version in read_by]
                need(any(key.startswith("+") != ("phone" in bad) for key in keys), "its phone is well formed or not, other than it says")
                self.person("phone", [key for key in keys if key.startswith("+") != ("phone" in bad)], opening.get("phone"))
                need("phone" not in bad or "phone" in opening or not all(keys), "its phone has digits to be compared by, and no token")

    def person(self, kind, keys, token):
        """"Persons": over the whole log equal keys have equal tokens, and others others."""
        key = keys[0] if len(set(keys)) == 1 else None
        if key and token is not None:
            by_key, by_token = (spelled[kind] for spelled in self.spelled)
            need(by_key.setdefault(key, token) == token and by_token.setdefault(token, key) == key, f"its {kind} and its token do not go together")

    @staticmethod
    def request(entry):
        """The digest of a request stands where somebody sent one."""
        need(("request_sha256" in entry) == (entry["trust"] not in ("pixel", "system")), "it names no request that it came by, or one where nobody sent any")

    def sender_problem(self, entry, terms):
        if entry["trust"] == "pixel":
            return "it came by a pixel, whose leads are not taken" if entry["party"] or terms.campaign["pixel_leads"] == "off" else None
        role = {self.advertiser: "advertiser", self.publisher: "publisher"}.get(entry["party"] or None)
        known = role in terms.campaign["accept_from"] and entry["trust"] in ("signed", "key", "api")
        return None if known else "its sender may not report leads"

    @staticmethod
    def facts_problem(entry, contact, terms):
        facts_, honeypot = entry.get("facts", {}), terms.lead["honeypot"]
        if entry.get("honeypot", False) != bool(honeypot and trim(contact.get(honeypot, facts_.get(honeypot, "")))):
            return "its honeypot is not what the opening shows"
        if len(facts_) < 32 and any(name in terms.looked_at() for name in contact if name not in CONTACTS):
            return "a fact that the terms look at is not in the entry"
        return None

    def touched(self, lead, terms):
        """The credited click and the contract's other touches: there, of the time and place that the entry says."""
        entry, campaign = lead.entry, terms.campaign
        self.request(entry)
        need(("click" in entry) == ("clicked_ms" in entry), "its click has no time")
        need("click" in entry or not (entry.get("click_unrecorded") or "share_to" in entry), "it has a share without a click")
        need("share_to" in entry or "touches" not in entry, "it has touches of its own that share nothing")
        recorded = self.entries[entry["click"]] if "click" in entry and not entry.get("click_unrecorded") and entry["click"] < lead.index else {}
        need(entry.get("placement", 0) == recorded.get("placement", 0), "its placement is not its click's")
        source = recorded.get("utm_source", "") if "utm_source" in terms.score.get("facts", []) else ""
        need_same({"utm_source": entry.get("utm_source", "")}, {"utm_source": source}, "its click and the terms")
        need(lead.share[0] < lead.share[1] <= WHOLE and ("share_to" in entry) == (lead.share != (0, WHOLE)), "its share is none")
        if "click" in entry:
            own = [*entry.get("touches", []), entry]
            for each in own:
                if each.get("click_unrecorded"):
                    gap, second = self.entries[lead.index - 1], each.get("clicked_ms", 0)
                    need(gap["kind"] == "gap" and gap["from_ms"] < second + 1000 and gap["to_ms"] >= second,
                         "no gap entry in front of it covers the second of a click that it has by its id alone")
                else:
                    need(each["click"] < lead.index and self.entries[each["click"]]["kind"] == "click", "its click is none")
                    need(each.get("clicked_ms") == clock(self.entries[each["click"]]), "its click's time is another one")
            order = [(self.steps_of(each, entry), each["clicked_ms"], each.get("click_unrecorded", False), each["click"]) for each in own]
            need(all(one < other for one, other in zip(order, order[1:])), "its touches are out of order")
            need(all((self.elapsed(lead, each) or 0) <= terms.window for each in own[:-1]), "a touch is outside the window")
            need(len(own) - 1 <= entry.get("other_touches", 0), "it has more touches than it counts")
        need(entry.get("claimed") or not ("click" in entry or "other_touches" in entry), "it has touches, and its report had no click id")
        need(campaign["attribution"]["model"] not in ("last", "first") or not (entry.get("touches") or "share_to" in entry), "it is shared by a model that shares nothing")
        if "share_to" in entry:
            need(entry["commit"] not in self.shared, "a part of this lead is here already")
            self.shared.add(entry["commit"])

    def steps_of(self, touch, lead):
        """The steps of the clock that a touch of a lead came behind; one that is not recorded has the lead's."""
        return (lead if touch.get("click_unrecorded") else self.entries[touch["click"]]).get("clock_steps", 0)

    def elapsed(self, lead, touch=None):
        """Milliseconds from the click, or another touch, to the lead; None where a step of the clock made that unknown."""
        touch, steps = touch or lead.entry, lead.entry.get("clock_steps", 0)
        unknown = steps != (0 if touch.get("click_unrecorded") else self.steps_of(touch, lead.entry))
        return None if unknown else max(0, lead.time - touch["clicked_ms"])

    def decide(self, lead, terms):
        """The first reason that applies ("Outcome")."""
        entry, way, weak = lead.entry, None, False
        missing = sum(not trim(entry.get("facts", {}).get(name, "")) for name in terms.lead["require"] if name not in CONTACTS)
        need(entry.get("missing_fields", 0) == missing, f"it says that {entry.get('missing_fields', 0)} fields are missing: {missing} are")
        scored, lead.low = self.scored(entry, terms)
        tier, lead.whole = lead.tier, _ = self.tier(lead, terms, scored.get("score"))
        lead.price = cut(lead.whole, lead.share)
        dup = entry.get("dup")
        reason = self.refusal(lead, terms)
        if not reason:
            way, weak = self.persons.in_the_way(lead, terms)
            said = self.leads.get(dup["index"]) if dup and dup["contract"] == self.contract else None
            if way is not said and not (lead.opened and all(other.opened for other in self.leads.values())):
                self.unopened.add(lead.index)  # taken at its word: that of a person nobody shows may be any
                way = said
            if way is not None or dup:
                reason = "duplicate"
        need(bool(dup) == (reason == "duplicate"), "it repeats a lead, or does not, other than it says")
        need(not dup or dup["contract"] in ("other", self.contract), "it repeats a lead of a contract that is named")
        if dup and dup["contract"] == self.contract:
            need(way is not None and dup["index"] == way.index, "it repeats another lead than it says")
            lead.repeats, lead.weak = (None if lead.untrusted else way), weak
        elif dup:
            self.foreign += 1
        if not reason:
            reason = self.cap(lead, terms)
        if reason:  # without a score it is worth what it pays should it be approved by hand
            lead.tier, lead.whole = self.tier(lead, terms, None)
            lead.price = cut(lead.whole, lead.share)
            return Decided("duplicate" if reason == "duplicate" else "rejected", reason)
        lead.said = scored
        known = entry.get("clock_steps") and self.persons.in_the_way(lead, terms, sometime=True)[0] is not None
        reason = self.hold(lead, terms, known)
        if reason in ("", "low_score") and entry.get("clock_steps") and (entry["status"], entry.get("reason")) == ("held", "review"):
            self.foreign += 1  # a lead of another contract, or one that nobody shows, may have come at an unknown time
            reason = "review"
        review = terms.campaign["review"]
        if reason:
            days = max(terms.score["hold_days"], review["auto_approve_days"]) if reason == "low_score" and review["mode"] == "auto" else None
            return Decided("held", reason, tier, lead.price, 0 if days is None else lead.time + days * DAY_MS)
        if review["mode"] == "auto" and review["auto_approve_days"] == 0 and not entry.get("clock_unsure"):
            return Decided("approved", "", tier, lead.price)
        due = lead.time + review["auto_approve_days"] * DAY_MS if review["mode"] == "auto" else 0
        return Decided("pending", "", tier, lead.price, due)

    def scored(self, entry, terms):
        """What is said of a lead, and whether that holds it; before scores are worked out it is taken at its word."""
        if terms.score and self.scores.blind:
            need("score" in entry or entry["status"] not in lead_score.SCORED, "it has no score")
            return {name: entry[name] for name in ("score", "score_high", "score_why") if name in entry}, entry.get("reason") == "low_score"
        return self.scores.say(terms.score, entry) if terms.score else ({}, False)

    def refusal(self, lead, terms):
        entry, wanted = lead.entry, terms.lead
        given, bad = entry.get("given", []), entry.get("bad", [])
        elapsed = self.elapsed(lead) if "click" in entry else None
        good = set(given) - set(bad)

        def malformed(field):
            alone = wanted["require_any"] == [field]
            if field == "phone" and lead.phone is not None and field not in wanted["require"] and not alone:
                return False  # it is held
            persons = {*terms.by, *wanted["require_any"]}
            return field in bad and (field in wanted["require"] or alone or field in persons and not persons & good)

        reasons = (
            ("test", lambda: entry.get("test")),
            ("contract_ended", lambda: not terms.active(lead.time) and not entry.get("clock_unsure")),
            ("unknown_click" if entry.get("claimed") else "no_click", lambda: "click" not in entry),
            ("outside_window", lambda: elapsed is not None and elapsed > terms.window),
            ("honeypot", lambda: entry.get("honeypot")),
            ("missing_field", lambda: {*wanted["require"]} & {*CONTACTS} - {*given} or entry.get("missing_fields")
             or wanted["require_any"] and entry["trust"] != "pixel" and not {*wanted["require_any"]} & {*given}),
            ("bad_email", lambda: malformed("email") or entry.get("disposable") and wanted["disposable_email"] == "reject"),
            ("bad_phone", lambda: malformed("phone")),
            ("outside_profile", lambda: not all(rule_holds(rule, entry.get("facts", {}).get(rule["field"])) for rule in wanted["rules"])),
            ("too_fast", lambda: elapsed is not None and elapsed < 1000 * wanted["min_click_to_lead_s"]),
        )
        return next((reason for reason, applies in reasons if applies()), "")

    def cap(self, lead, terms):
        """A cap of the campaign that this contract's leads alone do not reach is taken at the entry's word."""
        recorded = lead.entry.get("reason", "")
        own = {*self.counts["campaign"].over(lead, terms.campaign["caps"], lead.whole), *self.counts["contract"].over(lead, terms.contract["caps"], lead.price)}
        for reason, cap in CAP_OF.items():
            if reason in own:
                return reason
            if recorded == reason and cap in terms.campaign["caps"]:
                self.foreign += 1
                lead.foreign_cap = True
                return reason
        return ""

    def hold(self, lead, terms, known):
        """Why somebody shall look at it first. `known`: a lead of the person came at an unknown time."""
        entry, wanted = lead.entry, terms.lead
        elapsed = self.elapsed(lead)
        lost = entry.get("click_unrecorded") or any(each.get("click_unrecorded") for each in entry.get("touches", []))
        reasons = (
            ("unrecorded_click", lost),
            ("bad_email", entry.get("disposable") and wanted["disposable_email"] == "hold"),
            ("bad_phone", "phone" in entry.get("bad", [])),
            ("too_fast", elapsed is not None and elapsed < 1000 * wanted["hold_below_s"]),
            ("review", elapsed is None or known or not terms.active(lead.time) or lead.untrusted),
            ("low_score", lead.low),
        )
        return next((reason for reason, applies in reasons if applies), "")

    def tier(self, lead, terms, score):
        """(number, micros) of the first tier whose `when` holds or is absent; -1 and 0 without one."""
        entry, click = lead.entry, {}
        if "click" in entry and not entry.get("click_unrecorded"):
            click = self.entries[entry["click"]]
        for n, tier in enumerate(terms.tiers):
            when = tier.get("when")
            if when is None:
                return n, tier["micros"]
            field = when["field"]
            source = {"score": score} if field == "score" else click if field in CLICK_FIELDS else entry if field in SUBS else entry.get("facts", {})
            fact = source.get(field)
            if rule_holds(when, None if fact is None else str(fact)):
                return n, tier["micros"]
        return -1, 0

    # dispositions

    def disposition(self, at, entry, terms):
        need(entry["terms"] == terms.index, "its terms are not those in force")
        lead = self.leads.get(entry["lead"])
        need(lead is not None, "its lead is none")
        self.request(entry)
        self.disposer(entry)
        before, after, time = lead.status, entry["status"], clock(entry)
        need(entry["trust"] in ("countersigned", "system") or terms.campaign["dispositions"] != "countersigned", "its terms want the advertiser's own signature")
        need((entry["trust"] == "countersigned") == ("jws" in entry), "its trust and its jws do not fit")
        if "jws" in entry:
            self.countersigned(entry, lead)
        sale = self.sale(entry, lead)
        back = before in ("rejected", "duplicate", "returned")
        stood = lead.stands()
        if before in ("pending", "held") and after in ("approved", "converted"):
            change = lead.price + (sale if after == "converted" else 0)
        elif before in ("pending", "held") and after == "rejected":
            change = 0
        elif before == "approved" and after == "converted":
            change = sale
        elif before == after == "converted":
            need(not lead.sold and entry.get("amount_micros", 0) > 0, "it converts a lead again, and not to tell its first amount")
            change = sale
        elif before in ("approved", "converted") and after == "returned":
            need(time - lead.approved <= lead.terms.return_ms, "it returns a lead too late")
            change = -lead.price - (lead.sale if before == "converted" else 0)
        elif back and after == "approved":
            need(entry.get("party") == self.advertiser, "it reinstates a lead, which the advertiser alone may do")
            need(lead.entry.get("reason") != "test", "it reinstates a test")
            need(time - lead.changed <= lead.terms.return_ms, "it reinstates a lead too late")
            change = lead.price
        else:
            raise Fails(f"a lead that is {before} cannot become {after}")
        if entry["trust"] == "system":
            waits = before == "pending" or before == "held" and lead.entry.get("reason") == "low_score"
            need(waits and after == "approved" and lead.due and time >= lead.due, "it approves a lead that is not due")
        need_same({"payable_micros": entry.get("payable_micros", 0)}, {"payable_micros": change})
        lead.status = after
        if after in ("approved", "converted") and not stood:
            lead.status = before
            way, _ = self.persons.in_the_way(lead, terms, both_ways=True) if lead.opened else (None, False)
            need(way is None, "it lets a lead stand whose person has another one that stands")
            lead.status = after
        lead.status = before
        self.count(lead, -1, time) if stood else None
        lead.status, lead.sale = after, sale if after == "converted" else 0
        self.count(lead, 1, time) if lead.stands() else None
        lead.history.append((time, after, entry))
        if lead.approved is None and after in ("approved", "converted"):
            lead.approved, lead.paid = time, at
        lead.changed = time
        lead.sold = after == "converted" and entry.get("amount_micros", 0) > 0
        self.moves.append(Move(at, lead, before, after, "", change))
        self.scores.take(terms.score, at, entry, lead.entry, before)
        return abs(change)

    def count(self, lead, by, time):
        """A lead that stands, or stands no more, among those of its day and month. A shared one counts once in its campaign."""
        if by > 0:
            lead.stood.append([time, None, lead.price + lead.sale, self.bound_by[-1]])
        else:
            lead.stood[-1][1] = time
        self.counts["contract"].change(lead, by, by)
        self.counts["campaign"].change(lead, by if lead.share[0] == 0 else 0, by)

    def disposer(self, entry):
        party, trust = entry.get("party"), entry["trust"]
        if trust == "system":
            need(party is None and not {"amount_micros", "currency", "text", "txid"} & set(entry), "the server says more than it may")
        elif trust in ("signed", "key", "countersigned"):
            need(party == self.advertiser, "its party may not dispose of leads")
        else:
            need(trust == "api" and party is not None and (party == self.advertiser or party != self.publisher), "its party may not dispose of leads")

    def countersigned(self, entry, lead):
        """What the advertiser's own key signed is what the entry says ("A countersigned disposition")."""
        need(entry["party"] in self.keys, "its party has no key")
        said, signed = read_word(entry["jws"], self.keys[entry["party"]], "countersign-disposition", entry["party"], self.issuers)
        names = {"amount_micros", "at", "contract", "currency", "issuer", "lead", "party", "reason", "status", "txid", "typ"}
        need(set(said) <= names, "what was signed has other members")
        facts = [(said.get("status"), entry["status"]), (said.get("reason", ""), entry.get("text", "")), (said.get("txid", ""), entry.get("txid", "")),
                 (said.get("currency", ""), entry.get("currency", "")), (said.get("amount_micros", 0), entry.get("amount_micros", 0))]
        need(all(one == other for one, other in facts), "what was signed is not what the entry says")
        own = (said.get("contract"), said.get("lead")) == (self.contract, lead.index)
        need(own or "share_to" in lead.entry and said.get("contract") != self.contract, "what was signed is about another lead")
        if not own:
            self.said_of_others.append((lead, said.get("contract"), said.get("lead")))
        need(signed <= clock(entry) + 300_000, "it was signed later than it was recorded")
        need(signed >= lead.changed - 300_000, "it was signed before the lead came to its state")
        need(signed > lead.signed, "what was signed later came before it")
        lead.signed = signed

    def sale(self, entry, lead):
        need(entry["status"] == "converted" or not {"amount_micros", "currency"} & set(entry), "it has an amount and is no sale")
        need(entry.get("currency", lead.terms.campaign["currency"]) == lead.terms.campaign["currency"], "its currency is another one")
        sale = cut(entry.get("amount_micros", 0) * lead.terms.price["sale_ppm"] // WHOLE, lead.share)
        need(lead.price + sale <= ROOM, "its sale is too large")
        return sale

    # statements

    def statement(self, at, entry, terms):
        before = self.statements[-1] if self.statements else None
        overdue = [lead for lead in self.leads.values() if lead.status in ("pending", "held") and lead.due and clock(entry) - lead.due > 3_600_000]
        need(not overdue, "automatic approvals are overdue")
        need(entry["from"] == (before.to if before else 0), "its interval does not follow the one before")
        to, cut = entry["to"], bool(self.cuts) and self.cuts[0] <= entry["to"]
        need(max(entry["from"], 1) <= to <= at and (not cut or to == self.cuts[0]), "its interval ends elsewhere")
        need(entry["number"] == len(self.statements) + 1, "its number is not the next")
        need(entry["id"] == statement_id(self.contract, entry["number"]), "its id is that of another statement")
        last = self.entries[to - 1]["at"] + 1 if to > entry["from"] else 0
        need(entry["at"] - HOUR_MS <= entry["issued_ms"] <= entry["at"] and entry["issued_ms"] >= last - 1, "it was issued at another time")
        latest = last if cut else max(entry["issued_ms"], last, before.entry["to_ms"] if before else 0)
        if not cut and to < at:
            latest = min(latest, self.entries[to]["at"] + 1)
        need(max(last, before.entry["to_ms"] if before else 0) <= entry["to_ms"] <= latest, "its period ends at another time")
        made = Statement(self, at, entry, terms, before)
        need((entry.get("vat_kind", "none"), entry.get("vat_ppm", 0)) == (made.kind, made.ppm), "its VAT is another one")
        need((entry.get("vat_advertiser", 0), entry.get("vat_publisher", 0)) == made.whose, "its parties are others")
        self.statements.append(made)
        if cut:
            self.cuts.pop(0)
        elif not self.cuts:
            self.tally_again(to)


EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
VAT_AREA = {"IM": "GB", "MC": "FR"}


def legal_fits(legal):
    """Whether these are legal data ("Legal data")."""
    limits = {"address": 500, "country": 2, "email": 254, "exemption": 200, "name": 200, "representative_address": 500, "representative_name": 200, "representative_vat_id": 20, "vat_id": 20}
    if not isinstance(legal, dict) or legal.get("cash_accounting", True) is not True:
        return False
    legal = {name: value for name, value in legal.items() if name != "cash_accounting"}
    good = set(legal) <= set(limits) and all(isinstance(value, str) and 0 < len(value.encode()) <= limits[name] for name, value in legal.items())
    if not good or any(re.search("[\\x00-\\x1f\\x7f]", value.replace("\n", "") if name.endswith("address") else value) for name, value in legal.items()):
        return False
    if any(len(lines) > 6 or not all(trim(line) for line in lines) for lines in (legal.get(name, "-").split("\n") for name in ("address", "representative_address"))):
        return False
    if legal.get("country") == "GR" and legal.get("vat_id", "").startswith("GR"):
        return False
    return (legal.get("country") in (None, *COUNTRIES) and all(re.fullmatch("[A-Z0-9]{4,20}", legal.get(name, "AAAA")) for name in ("vat_id", "representative_vat_id")) and
            "@" in legal.get("email", "@") and all(value == trim(value) for value in legal.values()))


TRADER = ("country", "name", "vat_id")


def other_trader(was, now):
    """Whether legal data take back, or tell otherwise, what those before told."""
    return any(name in was and was[name] != now.get(name) for name in TRADER)


def tax(customer, supplier):
    """What the two parties' legal data make of VAT, and whether the customer draws up the invoice."""
    here, there = (VAT_AREA.get(said, said) for said in ((customer or {}).get("country"), (supplier or {}).get("country")))
    taxable, kind = "vat_id" in (supplier or {}), "none"
    if here and there:
        if here == there and there in EU and taxable:
            kind = "domestic"
        elif here != there and here in EU and "vat_id" in customer and (there not in EU or taxable):
            kind = "reverse_charge"
        elif here not in EU and there in EU and taxable:
            kind = "outside"
    return kind, customer is not None and taxable


def vat(minor, ppm):
    """VAT of an amount, halves away from zero."""
    half_up = (abs(minor) * ppm * 2 + 1_000_000) // 2_000_000
    return -half_up if minor < 0 else half_up


def set_off(parts):
    """Of sums that come to less than nothing what is charged and credited all the same, and what is carried."""
    left, charged, carried = sum(micros for _, micros in parts if micros > 0), [], {}
    for key, micros in parts:
        here = max(micros, -left) if micros < 0 else micros
        left += min(here, 0)
        charged.append((key, here))
        if here != micros:
            carried[key] = micros - here
    return charged, carried


def attributed(carried, about):
    """What is carried by what it is about: of a VAT what is about the lowest numbers is credited first."""
    parts = {}
    for taxed, micros in carried.items():
        if micros > 0:
            parts[taxed, 0] = micros
        mine = {}
        for number in sorted((number for under, number in about if under == taxed and about[under, number] < 0), reverse=True):
            if micros < 0:
                mine[taxed, number] = max(micros, about[taxed, number])
                micros -= mine[taxed, number]
        parts |= dict(sorted(mine.items(), key=lambda part: part[0][1]))
    return parts


def new_units(supplied, stands, minor, unit):
    """What is new in a row, of which `stands` is not carried."""
    new = max(0, supplied) // unit
    return max(new, minor) if stands <= supplied else new


def whole_units(sums, rest, unit):
    """The largest remainders get what is over."""
    minors, left = [micros // unit for micros in sums], [micros % unit for micros in sums]
    for at in sorted(range(len(sums)), key=lambda at: -left[at])[:(sum(left) + rest) // unit]:
        minors[at] += 1
    return minors


class Settling:
    """Which periods were not closed as the terms say ("Settling"). What counts in the open period counts as of `since`."""

    COUNTS = ("click", "impression", "view", "lead", "disposition")

    def __init__(self, ledger):
        self.ledger, self.told, self.settle, self.unsure = ledger, [], "manual", False
        self.restart(None)
        for at, entry in enumerate(ledger.entries):
            self.add(at, entry, ledger.bound_by[at].contract["settle"])

    def restart(self, since):
        self.since, self.late, self.once = since, None, False

    def counts(self, at):
        entry = self.ledger.entries[at]
        moves = {"adjustment": "micros" if not entry.get("on_assent") else "", "assent": "payable_micros"}.get(entry["kind"])
        return entry["kind"] in self.COUNTS or (entry["kind"] == "gap" and any(name in entry for name in GAP_COUNTS)) or bool(moves and entry.get(moves))

    def add(self, at, entry, settle):
        if self.since is not None and (entry["kind"] == "clock" or settle != self.settle):
            self.restart(at)
        self.settle = settle
        if entry["kind"] == "clock":
            self.unsure = "unsure" in entry
        if self.since is not None and settle != "manual" and not self.unsure and not self.once:
            self.judge(at, entry, self.end())
        if entry["kind"] == "statement":
            self.restart(at if any(map(self.counts, range(entry["to"], at))) else None)
        elif self.since is None and self.counts(at):
            self.restart(at)

    def end(self):
        """When the week or month of `since` ends: the first Monday, or first day of a month, that is more than a day behind it."""
        behind = clock(self.ledger.entries[self.since]) + DAY_MS
        day = behind // DAY_MS + 1
        while day % 7 != 4 if self.settle == "weekly" else civil(day)[2] != 1:  # 1970-01-05 was a Monday
            day += 1
        return day * DAY_MS

    def judge(self, at, entry, end):
        what = ""
        if entry["kind"] == "statement":
            what = "past" if entry["to_ms"] > end + DAY_MS else ""
        elif clock(entry) > end + DAY_MS:
            self.late = clock(entry) if self.late is None else self.late
            what = "open" if clock(entry) >= self.late + HOUR_MS // 6 else ""
        if what:
            self.once = True
            self.told.append({"ended_at": rfc3339(end), "entry": at, "settle": self.settle, "since": self.since, "what": what})


def settling_said(told):
    how = "a statement goes past it" if told["what"] == "past" else "no statement had closed it"
    return f"{told['settle']}, say the terms: what was open at entry {told['since']} ended about {told['ended_at']}, and {how} at entry {told['entry']}"


class Adjustment:
    """A correction in money ("Adjustments")."""

    def __init__(self, at, entry):
        self.index, self.entry, self.micros, self.assents, self.leaf = at, entry, entry["micros"], set(), leaf_hash(canonical(entry))


# ---- statements ("Statement") ----

def statement_id(contract, number):
    bits = int.from_bytes(sha256(f"countersign/v1/statement\n{contract}\n{number}".encode())[:8], "big") >> 4
    return "S" + "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[bits >> shift & 31] for shift in range(55, -5, -5))


class Move(NamedTuple):
    """What a lead or disposition entry made of a lead that was something before (None: it came); or an adjustment that counts from there on."""
    at: int
    lead: Lead | Adjustment
    before: str | None
    after: str
    reason: str
    micros: int

    def pays(self):
        """Whether the lead came to be approved or converted, from neither."""
        return self.after in ("approved", "converted") and self.before not in ("approved", "converted")

    def adjusts(self):
        return self.micros < 0 or not self.after or (self.before in ("rejected", "duplicate", "returned") and self.after == "approved")


WAITING = ("pending", "held")


class Statement:
    """What a statement entry has to stand for: payload and line items, built from the entries of its interval."""

    def __init__(self, ledger, at, entry, terms, before):
        self.ledger, self.at, self.entry, self.terms, self.before = ledger, at, entry, terms, before
        self.id, self.start, self.to = entry["id"], entry["from"], entry["to"]
        self.legal = dict(ledger.legal)
        self.whose = tuple(ledger.trader(party, self.to) for party in (terms.campaign["advertiser"], terms.contract["publisher"]))
        self.kind, self.self_billing = tax(*map(ledger.trader_said, self.whose))
        self.moves = [move for move in ledger.moves if self.start <= move.at < self.to]
        self.lines = self.line_items()
        self.settle()

    def under(self, kind, ppm, whose=None):
        """A rate counts where the supplier charges VAT."""
        return kind, ppm if kind == "domestic" else 0, *(whose or self.whose)

    def agreed(self, at):
        return self.ledger.bound_by[at].contract["vat_ppm"]

    def taxed(self, move):
        """The VAT that a move is under: a correction that of what it corrects ("VAT")."""
        made = isinstance(move.lead, Adjustment)
        lead = self.ledger.leads.get(move.lead.entry.get("lead")) if made else move.lead
        if not move.adjusts():
            return self.under(self.kind, self.agreed(move.at))
        if lead is not None and lead.paid is not None and lead.paid < move.at:
            by = next((each for each in self.ledger.statements if each.start <= lead.paid < each.to), self) if lead.paid < self.start else self
            return self.under(by.kind, self.agreed(lead.paid), by.whose)
        if made and "statement" in move.lead.entry:
            cited = next(each for each in self.ledger.statements if each.id == move.lead.entry["statement"])
            return self.under(cited.kind, cited.ppm, cited.whose)
        return self.under(self.kind, self.agreed(move.at))

    def said(self, taxed, micros):
        """What a line, or an adjustment, says of it."""
        kind, ppm, *whose = taxed
        others = {f"vat_{role}": who for role, who, own in zip(("advertiser", "publisher"), whose, self.whose) if who != own}
        return {**({"vat_kind": kind} if kind != self.kind else {}), **({"vat_ppm": ppm} if ppm else {}), **others} if micros else {}

    def settle(self):
        """What it comes to, and by which VAT ("VAT")."""
        sums, supplied, before, terms, about = Counter(), Counter(), self.before, self.terms, Counter()
        for move in filter(lambda move: move.micros, self.moves):
            sums[self.taxed(move)] += move.micros
            if move.adjusts():
                about[self.taxed(move), self.about(move)] += move.micros
            if not move.adjusts() or (self.cites_lead(move) and self.named_by(move) is None):
                supplied[self.taxed(move)] += move.micros
        for n, _ in self.interval("click", "impression"):
            if self.ledger.amounts[n]:
                sums[self.under(self.kind, self.agreed(n))] += self.ledger.amounts[n]
                supplied[self.under(self.kind, self.agreed(n))] += self.ledger.amounts[n]
        self.net, self.brought = sum(sums.values()), before.carried_by if before else {}
        self.exponent = EXPONENTS[terms.campaign["currency"]]
        unit, whole_ = 10 ** (6 - self.exponent), self.net + (before.carried if before else 0)
        rest = whole_ - self.net - sum(self.brought.values())
        for (taxed, number), micros in self.brought.items():
            sums[taxed] += micros
            about[taxed, number] += micros
        parts = sorted(sums.items(), key=lambda part: (TAXES.index(part[0][0]), *part[0][1:]))
        own = [(-abs(micros), ppm) for (kind, ppm, *whose), micros in parts if (kind, *whose) == (self.kind, *self.whose) and micros]
        self.ppm = min(own)[1] if own else self.under(self.kind, terms.contract["vat_ppm"])[1]
        self.carried_by, self.carried = {}, whole_ % unit
        if terms.carries(self.entry["issued_ms"]) and -LARGEST <= whole_ < 0 and all(abs(micros) <= LARGEST for _, micros in parts):
            self.carried, (parts, self.carried_by) = whole_, set_off(parts)
            self.carried_by[next(iter(self.carried_by))] += rest
            self.carried_by, rest = attributed(self.carried_by, about), 0
        minors = whole_units([micros for _, micros in parts], rest, unit)
        new = [new_units(supplied[taxed], micros, minor, unit) for (taxed, micros), minor in zip(parts, minors)]
        self.rows = [{"advertiser": advertiser, "kind": kind, "net_minor": minor, "publisher": publisher, "supplied_minor": fresh, "supplied_vat_minor": vat(fresh, ppm),
                      "vat_minor": vat(minor, ppm), "vat_ppm": ppm} for ((kind, ppm, advertiser, publisher), _), minor, fresh in zip(parts, minors, new)]
        named = {who for taxed in sums for who in taxed[2:]} | set(self.whose)
        self.named_traders = [{"entry": who, **self.ledger.trader_reached(who, self.to)} for who in sorted(named) if who]

    def tax(self):
        listed = lambda parts: [{"advertiser": advertiser, "kind": kind, "micros": micros, "publisher": publisher, "vat_ppm": ppm} | ({"number": number} if number else {})  # noqa: E731
                                for ((kind, ppm, advertiser, publisher), number), micros in parts.items()]
        return {"advertiser": self.whose[0], "brought": listed(self.brought), "carried": listed(self.carried_by), "kind": self.kind, "publisher": self.whose[1],
                "rows": self.rows, "self_billing": self.self_billing, "traders": self.named_traders, "vat_minor": sum(row["vat_minor"] for row in self.rows)}

    def named_by(self, move):
        """The statement that a correction names, or None."""
        made = self.adjusted(move.at, move.lead) if isinstance(move.lead, Adjustment) else self.taken_back(move.at, move.lead, move.after, move.micros)
        return next((each for each in self.ledger.statements if each.id == made["statement"]), None) if "statement" in made else None

    @staticmethod
    def cites_lead(move):
        return move.lead.entry.get("lead") is not None if isinstance(move.lead, Adjustment) else True

    def about(self, move):
        named = self.named_by(move)
        return named.entry["number"] if named else 0

    def corrects(self):
        """The statements that it corrects: those that its adjustments name, and those of which it credits what was carried."""
        numbers = {self.about(move) for move in self.moves if move.adjusts()}
        numbers |= {number for (taxed, number), micros in self.brought.items() if self.carried_by.get((taxed, number)) != micros}
        return [{"id": each.id, "issued_at": rfc3339(each.entry["issued_ms"]), "number": each.entry["number"]}
                for each in self.ledger.statements if each.entry["number"] in numbers]

    def line_items(self):
        lines = []
        for move in self.moves:
            line = self.adjustment_line(move.at, move.lead) if isinstance(move.lead, Adjustment) else self.lead_line(move)
            line |= self.said(self.taxed(move), move.micros)
            lines.append(canonical({name: value for name, value in line.items() if value is not None}))
        return lines + [canonical(line) for line in self.traffic_lines()]

    def told(self, index):
        """What a line tells of the lead that it is about."""
        lead, entries = self.ledger.leads[index], self.ledger.entries
        clicked = "click" in lead.entry and not lead.entry.get("click_unrecorded")
        sub1 = (clicked and entries[lead.entry["click"]].get("sub1")) or lead.entry.get("sub1")
        return {"lead": lead.index, "lead_at": rfc3339(lead.time), "placement": lead.entry.get("placement"), "sub1": sub1, "txid": lead.entry.get("txid")}

    def adjustment_line(self, at, made):
        line, entries = self.adjusted(at, made), self.ledger.entries
        line |= {"at": rfc3339(clock(entries[at])), "by": made.entry["by"], "kind": line.pop("reason"), "text": made.entry["reason"]}
        return line | self.told(made.entry["lead"]) if "lead" in made.entry else line

    def lead_line(self, move):
        lead, entry = move.lead, self.ledger.entries[move.at]
        line = self.told(lead.index) | {"index": move.at, "kind": entry["kind"], "micros": move.micros, "reason": move.reason, "status": move.after}
        if entry["kind"] == "disposition":
            line |= {"at": rfc3339(clock(entry)), "by": entry.get("party") or None, "text": entry.get("text"), "trust": entry["trust"]}
        if "share_to" in lead.entry:
            line |= {"share_from": lead.share[0], "share_to": lead.share[1]}
        if not move.adjusts():
            price = lead.price if move.pays() else 0
            if move.pays():
                line |= {"terms": lead.terms.index, "tier": lead.tier if lead.tier >= 0 else None}
            if move.micros != price:
                line["sale_micros"] = move.micros - price
        return line

    def stood(self, lead):
        """The statement that closed the entry by which a lead became payable first, or else its own, where that is an earlier one."""
        paid = self.ledger.leads[lead].paid
        first = paid if paid is not None and paid < self.start else lead
        return next((each.id for each in self.ledger.statements if each.start <= first < each.to), "") if first < self.start else ""

    def adjusted(self, at, made):
        stood = made.entry.get("statement") or ("lead" in made.entry and self.stood(made.entry["lead"]))
        return {"adjustment": made.index, "index": at, "micros": made.micros, "reason": "adjustment",
                **({"lead": made.entry["lead"]} if "lead" in made.entry else {}), **({"statement": stood} if stood else {})}

    def taken_back(self, at, lead, status, micros):
        stood = self.stood(lead.index)
        return {"index": at, "lead": lead.index, "micros": micros, "reason": status, **({"statement": stood} if stood else {})}

    def interval(self, *kinds):
        return [(n, self.ledger.entries[n]) for n in range(self.start, self.to) if self.ledger.entries[n]["kind"] in kinds]

    def traffic(self):
        line = {"kind": "traffic"}
        for kind in ("click", "impression"):
            mine = self.interval(kind)
            line[f"all_{kind}s"] = len(mine)
            line[f"{kind}s"] = sum(entry["class"] in self.ledger.bound_by[n].payable for n, entry in mine)
            line[f"{kind}_micros"] = sum(self.ledger.amounts[n] for n, _ in mine)
        return line | {"micros": line["click_micros"] + line["impression_micros"]}

    def traffic_lines(self):
        """One for each rate that it earned under; what earned nothing is on the first."""
        all_, earned = self.traffic(), defaultdict(Counter)
        for n, entry in self.interval("click", "impression"):
            if self.ledger.amounts[n]:
                earned[self.under(self.kind, self.agreed(n))[1]].update({f"{entry['kind']}s": 1, f"{entry['kind']}_micros": self.ledger.amounts[n]})
        lines = [{name: earned[ppm][name] for name in ("click_micros", "clicks", "impression_micros", "impressions")} |
                 {"all_clicks": 0, "all_impressions": 0, "kind": "traffic"} | ({"vat_ppm": ppm} if ppm else {}) for ppm in sorted(earned)]
        for line in lines:
            line["micros"] = line["click_micros"] + line["impression_micros"]
        if lines:
            lines[0] |= {name: all_[name] for name in ("all_clicks", "all_impressions")}
            lines[0] |= {name: all_[name] - sum(line[name] for line in lines[1:]) for name in ("clicks", "impressions")}
        return lines

    def classes(self, kind):
        entries = self.interval(kind)
        return {name: sum(entry["class"] == name for _, entry in entries) for name in CLASSES} | {"total": len(entries)}

    def buckets(self):
        """The leads received in the interval, as its entries leave them."""
        status, counts = {}, {**dict.fromkeys(STATUSES, 0), "rejected": {}}
        for at, lead, _, after, reason, _ in self.moves:
            if after and lead.index >= self.start:
                status[lead.index] = after, reason if at == lead.index else "review"
        for after, reason in status.values():
            if after == "rejected":
                counts["rejected"][reason] = counts["rejected"].get(reason, 0) + 1
            else:
                counts[after] += 1
        return counts | {"total": len(status)}

    def named(self, party):
        return {"id": party} | ({"legal": self.legal[party]} if self.legal.get(party) else {})

    def waiting(self):
        """From what waits at the beginning to what waits at the end."""
        opening = self.before.closing if self.before else {"held": 0, "micros": 0, "pending": 0}
        self.closing, bridge = dict(opening), {name: {"micros": 0, "n": 0} for name in ("approved", "received", "rejected")}
        for move in self.moves:
            for status, by in ((move.before, -1), (move.after, 1)):
                if status in WAITING:
                    self.closing[status] += by
                    self.closing["micros"] += by * move.lead.price
            if (move.before in WAITING) != (move.after in WAITING):
                part = bridge["received" if move.before is None else "rejected" if move.after == "rejected" else "approved"]
                part["n"] += 1
                part["micros"] += move.lead.price
        said = lambda part: {name: value for name, value in part.items() if name != "micros" or value <= LARGEST}  # noqa: E731
        return {"opening": said(opening), "bridge": {name: said(part) for name, part in bridge.items()}, "closing": said(self.closing)}

    def quantities(self):
        """What the gross is made of."""
        lines = defaultdict(lambda: [0, 0])

        def add(micros, *key):
            lines[key][0] += 1
            lines[key][1] += micros

        for place, kind in enumerate(("click", "impression")):
            for n, _ in self.interval(kind):
                if self.ledger.amounts[n]:
                    add(self.ledger.amounts[n], place, kind, 0, -1, self.ledger.amounts[n], self.under(self.kind, self.agreed(n))[1])
        for move in self.moves:
            if move.adjusts():
                continue
            price, whole = move.lead.price if move.pays() else 0, "share_to" not in move.lead.entry
            ppm = self.under(self.kind, self.agreed(move.at))[1]
            if move.pays():
                add(price, *((2, "lead") if whole else (3, "lead_part")), move.lead.terms.index, move.lead.tier, price if whole else 0, ppm)
            if move.micros != price:
                add(move.micros - price, 4, "sale", 0, -1, 0, ppm)
        result = []
        for (place, what, terms, tier, unit, ppm), (n, micros) in sorted(lines.items()):
            result.append({"micros": micros, "n": n, "unit_micros": unit, "what": what} | ({"terms": terms} if place in (2, 3) else {}) |
                          ({"tier": tier} if tier >= 0 else {}) | ({"vat_ppm": ppm} if ppm else {}))
        return result

    def payload(self, issuer, roots):
        """The canonical payload; `roots` gives the root of the log at a size."""
        entries, terms, before = self.ledger.entries, self.terms, self.before
        traffic, gaps = self.traffic(), {"clicks": 0, "impressions": 0, "views": 0}
        for _, entry in self.interval("gap"):
            gaps = {name: n + entry.get(name, 0) for name, n in gaps.items()}
        adjustments = [(self.taken_back(move.at, move.lead, move.after, move.micros) if move.after else self.adjusted(move.at, move.lead)) | self.said(self.taxed(move), move.micros)
                       for move in self.moves if move.adjusts()]
        gross, net, exponent = self.net - sum(each["micros"] for each in adjustments), self.net, self.exponent
        minor, to_pay = (sum(row["net_minor"] + factor * row["vat_minor"] for row in self.rows) for factor in (0, 1))
        text_ = b"".join(line + b"\n" for line in self.lines)
        self.from_at = before.to_at if before else rfc3339(entries[0]["at"])
        self.to_at = rfc3339(self.entry["to_ms"])
        offset_ms = 1000 * self.entry.get("utc_offset_s", 0)
        due = ((self.entry["issued_ms"] + offset_ms) // DAY_MS + terms.contract["due_days"]) * DAY_MS + DAY_MS // 2 - offset_ms
        self.bytes = canonical({
            "adjustments": adjustments, "advertiser": self.named(terms.campaign["advertiser"]), **self.waiting(),
            "tax": self.tax(), "corrects": self.corrects(), "campaign_name": terms.campaign["name"],
            "timezone": terms.campaign["timezone"], "number": self.entry["number"], "due_at": rfc3339(due), "quantities": self.quantities(),
            "payable_by": "" if to_pay == 0 or not terms.contract["publisher"] else "advertiser" if to_pay > 0 else "publisher", "carried_micros": self.carried, "contract": self.ledger.contract,
            "counts": {"clicks": self.classes("click"), "gaps": gaps, "impressions": self.classes("impression"), "leads": self.buckets(),
                       "payable": {"clicks": traffic["clicks"], "impressions": traffic["impressions"]}, "views": self.classes("view")},
            "currency": terms.campaign["currency"], "exponent": exponent, "gaps": [gaps] if any(gaps.values()) else [], "gross_micros": gross,
            "id": self.id, "issued_at": rfc3339(self.entry["issued_ms"]), "issuer": issuer,
            "lines": {"n": len(self.lines), "root": root_of(map(leaf_hash, self.lines)).hex(), "sha256": sha256(text_).hex()},
            "net_micros": net, "payable_minor": minor, "to_pay_minor": to_pay,
            "period": {"from": self.start, "from_at": self.from_at, "to": self.to, "to_at": self.to_at},
            "prev_sha256": sha256(before.bytes).hex() if before else "", "publisher": self.named(terms.contract["publisher"]), "revision": 1,
            "terms": terms.index, "tree": {"from_root": roots(self.start).hex(), "size": self.to, "to_root": roots(self.to).hex()},
            "typ": "countersign-statement"})
        return self.bytes


# ---- openings ("Private part and commitments") ----

def read_openings(data, entries):
    """{index: opening} of the lines of a mirror's openings, each of which fits what its entry committed to."""
    openings, last = {}, -1
    need(data == b"" or data.endswith(b"\n"), "the openings are cut")
    for line in data.split(b"\n")[:-1]:
        need(len(line) < 131_072, "an opening is longer than it can be")
        opening = read_canonical(line, "an opening")
        need(isinstance(opening, dict) and index(opening.get("index")), "an opening has no index")
        at = opening["index"]
        need(last < at < len(entries), "openings are out of order")
        kind = entries[at]["kind"]
        need(kind in ("click", "view", "impression", "lead"), f"entry {at} has nothing to open")
        commitment = b64u_decode(entries[at]["commit"])
        need((open_lead if kind == "lead" else open_visit)(opening) == commitment, f"the opening of entry {at} does not fit its commitment")
        openings[at], last = opening, at
    for at in (one for entry in entries if entry["kind"] == "erase" for one in entry["entries"]):
        need(not {"contact", "ip"} & set(openings.get(at, ())), f"the opening of entry {at} shows what is erased")
    return openings


def network_hash(salt, opening):
    salt = b64u_decode(salt, 16)
    need(salt is not None and isinstance(opening["ip"], str) and isinstance(opening["ua"], str), "an opening's network part does not read")
    return sha256(b"countersign/v1/net\n" + salt + canonical({"ip": opening["ip"], "ua": opening["ua"]}))


def open_visit(opening):
    need(set(opening) == {"index", "ip", "salt", "ua"}, "an opening has other members")
    return network_hash(opening["salt"], opening)


def open_lead(opening):
    groups = set(opening) - {"index", "salt", "contact_sha256", "network_sha256", "email", "phone"}
    need({"index", "salt", "contact_sha256", "network_sha256"} <= set(opening), "an opening lacks members")
    need(groups in (set(), {"contact", "contact_salt"}, {"ip", "ua", "network_salt"}, {"contact", "contact_salt", "ip", "ua", "network_salt"}),
         "an opening leaves out a part of a group")
    salt = b64u_decode(opening["salt"], 16)
    need(salt is not None and all(b64u_decode(opening[name], 32) for name in ("contact_sha256", "network_sha256")), "an opening does not read")
    need(all(b64u_decode(opening[name], 16) for name in ("email", "phone") if name in opening), "a token does not read")
    if "contact" in groups:
        contact, contact_salt = opening["contact"], b64u_decode(opening["contact_salt"], 16)
        need(contact_salt is not None and isinstance(contact, dict) and all(isinstance(v, str) for v in contact.values()), "a contact part does not read")
        need(all(name in (*CONTACTS, "touches") or name.startswith("f_") for name in contact), "a contact part has other members")
        need(b64u(sha256(b"countersign/v1/contact\n" + contact_salt + canonical(contact))) == opening["contact_sha256"], "a contact part is another one")
    if "ip" in groups:
        need(b64u(network_hash(opening["network_salt"], opening)) == opening["network_sha256"], "a network part is another one")
    inner = {"contact": opening["contact_sha256"], "network": opening["network_sha256"]}
    inner |= {name: opening[name] for name in ("email", "phone") if name in opening}
    return sha256(b"countersign/v1/lead\n" + salt + canonical(inner))


# ---- the checks ("Mirror") ----

def verdict_of(check):
    """(verdict, sentence) of a check."""
    try:
        return "holds", check()
    except Fails as error:
        return "FAILS", str(error)
    except (CannotTell, OSError, MemoryError) as error:
        return "cannot tell", str(error)


def together(*checks):
    """What several checks say as one, in their order: what fails comes before what cannot be told."""
    said = [verdict_of(check) for check in checks]
    for verdict, error in (("FAILS", Fails), ("cannot tell", CannotTell)):
        for sentence in (sentence for found, sentence in said if found == verdict):
            raise error(sentence)
    return "; ".join(sentence for _, sentence in said if sentence)


ASKED = "pins", "against", "witnesses", "age", "receipts", "clicks", "reconcile"  # asked for, but witnesses also where the mirror has something of them


class Audit:
    """Runs the checks in the order of the report. One that needs what did not hold cannot tell."""

    CHECKS = ("keys", "checkpoint", "tree", "entries", "decisions", "openings", "statements", "lines", "heads", "responses", "rootlog", "history", "files")

    def __init__(self, mirror, kept=None, scores_from=0):
        self.scores_from = scores_from
        self.mirror, self.kept, self.report, self.verdicts = mirror, kept, [], {}  # kept: what its reader has beside it (kept.py)
        self.note_keys = self.statement_keys = self.ledger = self.named = None
        self.states, self.wrong_keys, self.notes, self.settling, self.rows_told = [], [], [], [], []

    def run(self):
        order = ("keys", "checkpoint", "tree", "entries", "openings", "decisions", "rootlog", "statements", "lines", "heads", "responses", "history", "files")
        asked = self.kept.names() if self.kept else []
        if "witnesses" not in asked and any(re.fullmatch("log/([^/]+/)?witnessed", name) for name in self.mirror.names()):
            asked.append("witnesses")
        self.CHECKS, order = (*self.CHECKS, *(name for name in ASKED if name in asked)), (*order, *asked)
        said = {}
        for name in order:
            said[name] = verdict_of(getattr(self, name, lambda name=name: self.kept.check(name, self)))
            self.verdicts[name] = said[name][0]
        if self.verdicts["entries"] == "holds":
            for name, why in self.out_of_time():
                said[name] = said[name] if said[name][0] == "FAILS" else ("FAILS", why)
        self.verdicts = {name: said[name][0] for name in self.CHECKS}
        self.report = [f"{name:<11} {said[name][0]:<12} {said[name][1]}" for name in self.CHECKS]
        if self.verdicts["entries"] == self.verdicts["statements"] == "holds":
            self.settling = Settling(self.ledger).told

    def after(self, *names):
        for name in names:
            if self.verdicts.get(name) != "holds":
                raise CannotTell(f"needs {name}")

    @staticmethod
    def have(value, what):
        if value is None:
            raise CannotTell(f"needs {what}")

    def keys(self):
        logs = [found[1] for found in (re.fullmatch("log/(C[0-9A-HJKMNP-TV-Z]{12})/checkpoint", name) for name in self.mirror.names()) if found]
        if len(logs) != 1:
            raise CannotTell(f"this is not a mirror of one contract: {len(logs)} files log/{{contract}}/checkpoint")
        self.contract = logs[0]
        note_keys = read_note_keys(self.mirror.read("log/keys", 32 * 4097))
        self.root_origin = note_keys[0][0]
        self.origin = f"{self.root_origin}/{self.contract}"
        note_keys += [(self.origin, note_key_id(self.origin, raw), raw) for _, _, raw in note_keys]  # one key signs all logs
        self.note_keys = note_keys
        self.statement_keys = read_jwks(self.mirror.read(".well-known/jwks.json", 16_384))
        return f"statement key {', '.join(self.statement_keys)}, log key {b64u(note_keys[0][2])}: compare them with what the operator publishes elsewhere"

    def checkpoint(self):
        self.have(self.note_keys, "keys")
        self.size, self.root = self.note("checkpoint", f"log/{self.contract}/checkpoint", self.origin)
        return f"signed over {self.size} entries, root {self.root.hex()}"

    def note(self, check, name, origin):
        """(size, root) of a checkpoint in the mirror; whether its keys sign a tree of that size is known at the end."""
        size, root, signers = read_note(self.mirror.read(name, 8192), origin, self.note_keys)
        self.notes.append((check, name, "root" if origin == self.root_origin else "from", size, signers))
        return size, root

    def out_of_time(self):
        """(check, why) of whatever keys signed that do not sign there."""
        yield from (("keys", why) for why in self.wrong_keys)
        for state in self.states[1:]:
            if hasattr(self, "root_log") and self.leaf(state["root"], self.root_origin) != sha256(state["jws"]):
                yield "keys", f"entry {state['from']} gives the server keys of which the root log says nothing"
        if self.states and hasattr(self, "root_log") and not self.wrong_keys:
            for leaf in self.leaves_of(self.root_origin):
                if leaf not in [state["root"] for state in self.states]:
                    yield "keys", f"the root log has at leaf {leaf} a change of the server's keys that this log does not have"
        for check, name, log, size, signers in self.notes:
            state = [state for state in self.states if state[log] < size][-1:]
            if size > 0 and state and signers != state[0]["log"]:
                yield check, f"{name} is not signed by just the keys that sign a tree of {size} entries"

    def tree(self):
        self.after("checkpoint")
        log = Log(self.mirror, f"log/{self.contract}", self.size, self.root)
        log.check(self.mirror)
        self.log = log
        sizes, tree = {0: sha256(b"")}, Tree()
        for leaf in self.log.leaves:
            tree.append(leaf)
            sizes[tree.size] = list(tree.edge)
        self.roots = lambda size: sizes[0] if size == 0 else self.edge_root(sizes[size])
        return "the entries give that root; the log's tiles hold what they must"

    @staticmethod
    def edge_root(edge):
        node = edge[-1]
        for left in reversed(edge[:-1]):
            node = node_hash(left, node)
        return node

    def entries(self):
        self.after("tree")
        self.parsed = []
        for at, data in enumerate(self.log.entries):
            try:
                self.parsed.append(read_entry(data))
            except Fails as error:
                raise Fails(f"entry {at}: {error}") from None
        self.party_keys()
        self.credentials()
        if self.statement_keys:
            self.server_keys()
        return f"{len(self.parsed)} entries are canonical"

    def server_keys(self):
        """What signed from where on; the first of both kinds are those that no entry adds."""
        published = {name: [raw for key_name, _, raw in self.note_keys if key_name == name] for name in (self.origin, self.root_origin)}
        self.states = [{"from": -1, "root": -1, "log": published[self.origin][-1:], "statement": [*self.statement_keys.values()][-1], "stolen": False}]
        for at, entry in enumerate(self.parsed):
            if entry["kind"] != "server_keys":
                continue
            try:
                before = self.states[-1]
                state = read_server_keys(entry, before, self.issuers())
                need(all(key in keys for key in state["log"] for keys in published.values()), "a log key is not published")
                need(state["statement"] in self.statement_keys.values(), "a statement key is not published")
                need(state["log"][0] in before["log"] or not any(state["log"][0] in old["log"] for old in self.states), "a retired key comes back")
                need(state["statement"] == before["statement"] or all(state["statement"] != old["statement"] for old in self.states), "a retired key comes back")
                need(entry["root"] > before["root"] and len(self.states) < 64, "it is out of the root log's order, or one too many")
                self.states.append({**state, "from": at, "root": entry["root"], "jws": entry["jws"].encode()})
            except Fails as error:
                self.wrong_keys.append(f"entry {at}: {error}")

    def issuers(self):
        if self.named is None:
            self.named = Issuers(self.root_origin.removesuffix("/log"))
        return self.named

    def party_keys(self):
        """Each key is shown by who holds it, and signed by the one before."""
        shown, servers = {}, [*(self.statement_keys or {}).values(), *(raw for _, _, raw in self.note_keys)]
        for at, entry in enumerate(self.parsed):
            if entry["kind"] == "key":
                try:
                    shown[entry["party"]] = read_key_word(entry, shown.get(entry["party"]), self.issuers())
                    need(shown[entry["party"]][0] not in servers, "it is a key of the server")
                except Fails as error:
                    raise Fails(f"entry {at}: {error}") from None

    def credentials(self):
        """What lets its holder act as a party is one of the two's, not the other's doing, made once, and then withdrawn once."""
        parties, stepped, made, retired = (), False, {}, set()
        for at, entry in enumerate(self.parsed):
            stepped |= entry["kind"] == "clock"
            if entry["kind"] == "terms":
                parties = entry["campaign"].get("advertiser"), entry["contract"].get("publisher")
            if entry["kind"] != "credential":
                continue
            party, by, ident, since = (entry[name] for name in ("party", "by", "id", "since_ms"))
            need(party in parties and not (by in parties and by != party), f"entry {at}: it is a credential of nobody here, or one that the other party had made")
            need(stepped or since <= clock(entry) + HOUR_MS, f"entry {at}: it is a credential of a time to come")
            if not entry.get("retired"):
                need(ident not in made, f"entry {at}: it is a credential that was made before")
                made[ident] = party, entry["what"], since
                continue
            need(made.get(ident, ())[:2] == (party, entry["what"]) and ident not in retired, f"entry {at}: it withdraws a credential that is none of that party's")
            need(stepped or since >= made[ident][2] - HOUR_MS, f"entry {at}: it withdraws a credential before it was made")
            retired.add(ident)

    def openings(self):
        self.after("entries")
        self.opened = {}
        self.opened = read_openings(self.mirror.read(f"log/{self.contract}/openings", 131_072 * max(1, self.size)), self.parsed)
        closed = [at for at, entry in enumerate(self.parsed) if entry["kind"] == "lead" and at not in self.opened]
        if closed:
            raise CannotTell(f"{len(closed)} leads have no opening, entry {closed[0]} first: their persons cannot be compared with others")
        return f"{len(self.opened)} openings fit what the entries committed to; every lead has one"

    def decisions(self):
        self.after("entries")
        if self.verdicts["openings"] == "FAILS":
            raise CannotTell("needs openings")
        ledger = Ledger(self.contract, self.opened, self.issuers() if getattr(self, "root_origin", None) else (), self.state_of, self.scores_from)
        for at, entry in enumerate(self.parsed):
            try:
                ledger.add(entry)
            except Fails as error:
                raise Fails(f"entry {at}: {error}") from None
        if ledger.unknown_rules is not None:
            raise CannotTell(f"the log has rules {ledger.unknown_rules}; this program knows up to {max(RULES)}")
        self.ledger = ledger
        if ledger.scores.blind and ledger.scores_from:
            raise CannotTell(f"entry {ledger.scores_from} says not what was learnt by then, so that no score was worked out again")
        if ledger.unopened:
            raise CannotTell(f"{len(ledger.unopened)} leads rest on persons that no opening shows")
        return f"{len(self.ledger.leads)} leads decided again, with the same outcome; {self.ledger.foreign} taken at their word"

    def rootlog(self):
        self.have(self.note_keys, "keys")
        size, root = self.note("rootlog", "log/checkpoint", self.root_origin)
        root_log = Log(self.mirror, "log", size, root)
        root_log.check(self.mirror)
        need(all(len(entry) == 32 for entry in root_log.entries), "an entry of the root log is no hash")
        need(size % 2 == 0, "the root log has half a pair")
        self.root_log = root_log
        return f"signed over {size // 2} heads, and they give its root"

    def leaf(self, at, origin):
        """The leaf of the root log, if it is of the log of that name."""
        pair = self.root_log.entries[at:at + 2]
        return pair[0] if at % 2 == 0 and len(pair) == 2 and pair[1] == root_tag(origin, at) else None

    def leaves_of(self, origin):
        return [at for at in range(0, len(self.root_log.entries), 2) if self.leaf(at, origin) is not None]

    def statements(self):
        self.have(self.ledger, "decisions")
        issuers = self.issuers()
        self.have(self.statement_keys or not self.ledger.statements or None, "keys")
        for statement in self.ledger.statements:
            limit = 65_536 + 256 * (statement.to - statement.start)
            valid = [state["statement"] for state in self.states if state["from"] < statement.at][-1:]
            keys = {kid: raw for kid, raw in self.statement_keys.items() if raw in valid}
            served = read_general_jws(self.mirror.read(f"v1/statements/{statement.id}.jws", limit), "countersign-statement", keys)
            need(sha256(served).hex() == statement.entry["sha256"], f"statement {statement.id} is not the one that its entry hashed")
            named = next((issuer for issuer in issuers if served == statement.payload(issuer, self.roots)), None)
            need(named in issuers, f"statement {statement.id} is not what the entries give")
            statement.bytes, statement.kid = served, *keys
        return f"{len(self.ledger.statements)} statements signed, chained, and equal to the recomputed byte for byte"

    def lines(self):
        self.have(self.ledger, "decisions")
        for statement in self.ledger.statements:
            served = self.mirror.read(f"v1/statements/{statement.id}/lines", 8192 * (statement.to - statement.start + 1))
            need(served == b"".join(line + b"\n" for line in statement.lines), f"the line items of {statement.id} are not what the entries give")
        return f"{sum(len(statement.lines) for statement in self.ledger.statements)} line items equal to the recomputed"

    def heads(self):
        """What the root log holds of this contract's log: its own past, each head once, and the heads of its statements among them."""
        self.after("tree", "rootlog")
        name = f"log/{self.contract}/heads"
        lines = self.mirror.read(name, 16_384 * (1 + len(self.root_log.entries) // 2)).split(b"\n")
        need(lines.pop() == b"", f"{name} is cut")
        shown, last_size, beyond = {}, 0, 0
        for line in lines:
            head = read_canonical(line, f"a line of {name}")
            need(isinstance(head, dict) and set(head) == {"leaf", "note"} and isinstance(head["note"], str) and len(head["note"].encode()) <= 8192,
                 f"{name} has a line that is none")
            leaf, note = head["leaf"], head["note"].encode()
            need(type(leaf) is int and leaf % 2 == 0 and leaf > max(shown, default=-1), f"{name} has a line out of order")
            need(self.leaf(leaf, self.origin) == sha256(note), f"{name} shows a head that is not leaf {leaf} of the root log, or not this log's there")
            size = note.split(b"\n")[1:2]
            size = int(size[0]) if size and re.fullmatch(rb"0|[1-9]\d{0,15}", size[0]) else 0
            another = f"the operator published another history of this contract at leaf {leaf} of the root log"
            need(size > last_size, another)
            if size > self.size:
                beyond = size
                try:
                    read_cosigned(note, self.origin, self.note_keys)
                except Fails as error:
                    raise CannotTell(f"leaf {leaf} of the root log: {error}") from None
            else:
                size, root, signers = read_note(note, self.origin, self.note_keys)
                need(root == self.roots(size), another)
                self.notes.append(("heads", f"leaf {leaf} of the root log", "from", size, signers))
            shown[leaf], last_size = sha256(note), size
        hidden = [leaf for leaf in self.leaves_of(self.origin) if leaf not in shown]
        need(not hidden, f"the operator published another history of this contract at leaf {hidden[:1]} of the root log: {name} does not show it")
        self.have(self.ledger, "decisions")
        for statement in self.ledger.statements:
            note = self.mirror.read(f"v1/statements/{statement.id}/checkpoint", 8192)
            size, root = self.note("heads", f"v1/statements/{statement.id}/checkpoint", self.origin)
            need(size == statement.at and root == self.roots(size), f"the head of {statement.id} is not the tree in front of its entry")
            need(sha256(note) in shown.values(), f"the head of {statement.id} is not in the root log")
        return (f"{len(self.ledger.statements)} closed heads signed and in the root log, which holds {len(shown)} of this log"
                + (f"; the log goes on to {beyond} entries, this mirror ends at {self.size}" if beyond else ""))

    def responses(self):
        self.have(self.ledger, "decisions")
        last = {}
        for ident, party, at, raw in self.ledger.answers:
            payload, said = read_word(self.parsed[at]["jws"], raw, "countersign-response", party, self.issuers())
            need({"statement_sha256", "verdict"} <= set(payload) <= {"at", "disputed", "issuer", "party", "reason", "statement_sha256", "typ", "verdict"},
                 f"entry {at}: the answer has other members")
            statement = next(each for each in self.ledger.statements if each.id == ident)
            need(payload["statement_sha256"] == statement.entry["sha256"], f"entry {at}: the answer is about another statement")
            disputed, reason = payload.get("disputed", []), payload.get("reason", "")
            need(isinstance(disputed, list) and payload["verdict"] in ("accept", "dispute"), f"entry {at}: the answer does not read")
            need(isinstance(reason, str) and len(reason.encode()) <= 512, f"entry {at}: the reason is too long")
            need(not re.search("[\0-\x1f\x7f]", reason), f"entry {at}: the reason has control characters")
            need(not (payload["verdict"] == "accept" and disputed), f"entry {at}: the answer accepts and disputes")
            need(payload["verdict"] == "accept" or disputed or trim(reason), f"entry {at}: the answer disputes all, and does not say why")
            lines = {index for index in (json.loads(line).get("index") for line in statement.lines) if index is not None}
            need(all(type(index) is int for index in disputed) and len(disputed) <= 2000, f"entry {at}: what is disputed are no numbers of line items")
            need(len(set(disputed)) == len(disputed) and set(disputed) <= lines, f"entry {at}: what is disputed are not line items")
            clock = self.parsed[at].get("clock_ms", self.parsed[at]["at"])
            need(statement.entry["issued_ms"] - 300_000 <= said <= clock + 300_000, f"entry {at}: the answer is of another time")
            need(said > last.get((ident, party), 0), f"entry {at}: the answer is not later than the one before")
            last[ident, party] = said
        return f"{len(self.ledger.answers)} answers signed by the parties' own keys"

    def history(self):
        """Checkpoints that were kept when newer ones were pulled: the log still begins as it did."""
        self.have(self.note_keys, "keys")
        seen = self.seen()
        for name in {"log/seen", f"log/{self.contract}/seen"} & set(self.mirror.names()):
            raise CannotTell(f"{name} is no folder")
        for name, (folder, size) in seen.items():
            origin, log = (self.root_origin, "root_log") if folder == "log" else (self.origin, "log")
            noted, root = self.note("history", name, origin)
            need(noted == size, f"{name} is of another size")
            self.have(getattr(self, log, None), "the entries of its log")
            leaves = getattr(self, log).leaves
            need(size <= len(leaves) and root_of(leaves[:size]) == root, f"{name} shows another past than the log has now")
        return f"{len(seen)} checkpoints that were kept are of this past"

    def witnesses(self):
        """What witnesses cosigned of the root log: it has had that past, with the head of this contract in it."""
        self.have(self.note_keys, "keys")
        names, past = ("log/witnessed", f"log/{self.contract}/witnessed"), {}

        def was(log, name, size, root):
            past[log] = size
            self.have(getattr(self, log, None), "the entries of its log")
            leaves = getattr(self, log).leaves
            need(size <= len(leaves) and root_of(leaves[:size]) == root, f"{name} shows another past than the log has now")

        def holds():
            self.have(past.get("root_log"), names[0])
            head = sha256(self.mirror.read(names[1], 8192))
            need(head in [self.leaf(at, self.origin) for at in range(0, past["root_log"] - 1, 2)], "the head of this contract is not in what was witnessed")
            return f"the root log of {past['root_log'] // 2} heads was shown to witnesses, with this contract's of {past['log']} entries"

        return together(lambda: was("root_log", names[0], *read_cosigned(self.mirror.read(names[0], 16_384), self.root_origin, self.note_keys)[:2]),
                        lambda: was("log", names[1], *self.note("witnesses", names[1], self.origin)), holds,
                        *([lambda: self.kept.quorum(self.mirror.read(names[0], 16_384))] if self.kept and "witnesses" in self.kept.names() else []))

    def seen(self):
        """{name: (folder of the log, size)} of kept checkpoints, and of folders in their place."""
        found = {name: re.fullmatch(rf"(log|log/{self.contract})/seen/(0|[1-9][0-9]{{0,15}})/?", name) for name in self.mirror.names()}
        return {name: (match[1], int(match[2])) for name, match in found.items() if match}

    def state_of(self, named):
        """The bytes that a model entry names."""
        name = f"v1/contracts/{self.contract}/models/{named}"
        data = self.mirror.read(name, 33_035)
        need(sha256(data).hex() == named, f"{name} has another hash")
        return data

    def files(self):
        self.after("tree", "entries")
        known = {".well-known/jwks.json", "log/keys", "log/checkpoint", f"log/{self.contract}/checkpoint", f"log/{self.contract}/openings",
                 f"log/{self.contract}/heads", f"v1/contracts/{self.contract}/click-key", "log/witnessed", f"log/{self.contract}/witnessed", *self.log.paths(), *self.seen()}
        for entry in self.parsed:
            if entry["kind"] == "statement":
                known |= {f"v1/statements/{entry['id']}{end}" for end in (".jws", "/lines", "/checkpoint")}
            if entry["kind"] == "model":
                self.state_of(entry["sha256"])
                known.add(f"v1/contracts/{self.contract}/models/{entry['sha256']}")
        self.after("rootlog")
        known |= set(self.root_log.paths())
        names = set(self.mirror.names())
        foreign = sorted(name for name in names - known if not name.endswith("/"))
        misplaced = [name for name in foreign if MIRROR_NAME.fullmatch(name)]
        if misplaced and any(entry["kind"] == "terms" and entry["rules"] not in RULES for entry in self.parsed):
            raise CannotTell("what other rules call for is not known here")
        need(not misplaced, f"{misplaced[:1]} is no file of this mirror")
        for name in names & {"v1", "v1/statements", "v1/contracts", f"v1/contracts/{self.contract}", f"v1/contracts/{self.contract}/models"}:
            raise CannotTell(f"{name} is no folder")
        for name in sorted(name for name in names if name.endswith("/") and MIRROR_NAME.fullmatch(name[:-1])):
            raise CannotTell(f"{name} is a folder, not a file")
        for name in sorted(names & known):
            self.mirror.opened(name)
        return "what the checkpoints and entries call for" + (f"; nobody looked at {', '.join(foreign)}" if foreign else "")


VERDICTS = "all holds", "NOT ALL HOLDS", "CANNOT TELL"


def verify(mirror):
    """(exit status, lines) of a mirror."""
    return verify_all([mirror])


def verify_all(mirrors, whole=False, names=(), kept=None, scores_from=0):
    """(exit status, lines) of mirrors: each by itself, then all of them together; `whole`: they are all of their campaign. `kept`: what is held against each."""
    from several_mirrors import Campaign  # which is written in the words of this file
    audits, lines = [Audit(mirror, kept, scores_from) for mirror in mirrors], []
    for n, audit in enumerate(audits):
        audit.run()
        lines += [f"{'mirror':<11} {names[n]}"] if len(audits) > 1 and names else []
        lines += audit.report + [f"{'settle':<11} {told}" for told in map(settling_said, audit.settling)] + [f"{'rows':<11} {told}" for told in audit.rows_told]
    said = {f"{n} {name}": verdict for n, audit in enumerate(audits) for name, verdict in audit.verdicts.items()}
    if len(audits) > 1 or whole:
        campaign = Campaign(audits, whole)
        for name in Campaign.CHECKS:
            said[name], sentence = verdict_of(lambda: campaign.check(name))
            lines.append(f"{name:<11} {said[name]:<12} {sentence}")
        for name in ("receipts", "clicks"):
            if kept and name in kept.names():
                left = len(kept.left_over(name))
                closed = name == "clicks" and len(kept.elsewhere[name]) < len(audits)  # a mirror without the click key cannot say whose an id is
                said[name] = "cannot tell" if said["campaign"] != "holds" or closed or (left and name == "receipts") else "holds"
                lines.append(f"{name:<11} {said[name]:<12} {left} are of none of these contracts")
    status = 1 if "FAILS" in said.values() else 2 if "cannot tell" in said.values() else 0
    return status, [*lines, VERDICTS[status]]


def read_arguments(argv):
    parser = argparse.ArgumentParser(description="The offline audit of mirrors, as `countersign verify` does it: 0 all holds, 1 something does not, 2 cannot tell.")
    parser.add_argument("DIR", nargs="+", help="a folder that `countersign pull` made; several: of contracts of one campaign")
    parser.add_argument("--all-contracts", action="store_true", help="they are all contracts of the campaign")
    parser.add_argument("--scores-from", metavar="ENTRY", type=int, help="begins to work out scores at this entry, which says what was learnt by then")
    parser.add_argument("--pin", metavar="FILE", help="keys and checkpoints that you know from elsewhere")
    parser.add_argument("--against", metavar="DIR", help="another reader's mirror of the contract")
    parser.add_argument("--witnesses", metavar="FILE", help="whose cosignatures of the root log count: a C2SP tlog-policy")
    parser.add_argument("--not-older-than", metavar="TIME", help="of the last entry: 2026-11-26T00:00:00Z, or how long ago: 90m, 36h, 7d")
    parser.add_argument("--receipts", metavar="FILE", help="what a sender kept, a file or a folder, one a line")
    parser.add_argument("--clicks", metavar="FILE", help="click ids that a party saw, a file or a folder, one a line")
    parser.add_argument("--reconcile", metavar="FILE", help="your own rows, CSV or JSON: what stands on one side alone, or otherwise on each, and why")
    parser.add_argument("--map", metavar="LIST", help='of these, which column is which: "txid:Order ID,amount:#4"')
    parser.add_argument("--from", metavar="TIME", help="the first day or time that they are about")
    parser.add_argument("--to", metavar="TIME", help="the last day, or the time behind the last")
    parser.add_argument("--dates", choices=("dmy", "mdy"), help="where no row tells whether day or month is first")
    parser.add_argument("--decimal", choices=("point", "comma"), help="where no row tells")
    parser.add_argument("--party", metavar="ID", help="whose they are: of two leads with one txid its own counts")
    parser.add_argument("--csv", metavar="FILE", help="a new file for all that does not match, a line each")
    return parser.parse_intermixed_args(argv)


def read_not_older(text, now_ms):
    """A time, or how long ago."""
    ago = re.fullmatch(r"([0-9]{1,12})([mhd])", text)
    when = now_ms - int(ago[1]) * {"m": 60_000, "h": HOUR_MS, "d": DAY_MS}[ago[2]] if ago else when_said(text)
    if when is None or when <= 0:
        raise CannotTell("--not-older-than is no time")
    return when


OF_ROWS = "map", "from", "to", "dates", "decimal", "party", "csv"


def read_rows(given):
    """The reader's own rows, what was said of them, and what writes the table."""
    from own_rows import MOST_BYTES, Asked, bound, cross
    said = {name: getattr(given, name) for name in OF_ROWS}
    ends = [said[name] and bound(said[name]) for name in ("from", "to")]
    if len(given.DIR) > 1 or given.all_contracts:
        raise CannotTell("--reconcile is about one DIR, without --all-contracts")
    if (said["from"] and not ends[0]) or (said["to"] and not ends[1]) or cross(*ends):
        raise CannotTell("--from and --to are no period: write days, or times with their offset from UTC, --from before --to")
    if said["csv"] and os.path.lexists(said["csv"]):
        raise CannotTell(f"{said['csv']} is there already")
    if not Path(given.reconcile).is_file():
        raise CannotTell(f"the rows {given.reconcile} are in no regular file")
    with open(given.reconcile, "rb") as file:
        data = file.read(MOST_BYTES + 1)

    def write(lines):
        with open(said["csv"], "x", encoding="utf-8", newline="") as file:
            try:
                file.writelines(lines)
                file.flush()
            except OSError:
                os.unlink(said["csv"])  # no part is left for the whole
                raise

    asked = Asked(said["map"] or "", said["dates"], said["decimal"], *(end or None for end in ends), said["party"] or "")
    return data, asked, write if said["csv"] else None


def read_kept(given):
    """What the reader has beside the mirrors, from where the arguments say."""
    from kept import Kept, files_of, read_text  # which is written in the words of this file
    now_ms = time.time_ns() // 1_000_000
    if given.against and (len(given.DIR) > 1 or given.all_contracts or os.path.samefile(given.against, given.DIR[0])):
        raise CannotTell("--against is another mirror of the one contract of one DIR")
    if given.reconcile is None and any(getattr(given, name) is not None for name in OF_ROWS):
        raise CannotTell("without --reconcile nothing is asked of rows")
    def read(text, how):
        return None if text is None else how(text)

    return Kept(pins=read(given.pin, read_text), against=read(given.against, Mirror), witnesses=read(given.witnesses, read_text),
                not_older_ms=read(given.not_older_than, lambda text: read_not_older(text, now_ms)), now_ms=now_ms,
                receipts=read(given.receipts, files_of), clicks=read(given.clicks, files_of), reconcile=read_rows(given) if given.reconcile is not None else None,
                joined=len(given.DIR) > 1 or given.all_contracts)


def read_scores_from(given):
    if given.scores_from is not None and (len(given.DIR) > 1 or given.all_contracts or given.scores_from <= 0):
        raise CannotTell("--scores-from is an entry of the one log of one DIR")
    return given.scores_from or 0


def main(argv=None):
    given = read_arguments(argv)
    try:
        status, lines = verify_all([Mirror(folder) for folder in given.DIR], given.all_contracts, given.DIR, read_kept(given), read_scores_from(given))
    except ImportError as error:
        status, lines = 2, [f"cannot tell: {error}: verify.py needs the files that stand beside it"]
    except (CannotTell, OSError, MemoryError) as error:
        status, lines = 2, [f"cannot tell: {error}"]
    print("\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines))
    return status


if __name__ == "__main__":
    from verify import main as run  # by the name by which several_mirrors knows this file
    sys.exit(run())
