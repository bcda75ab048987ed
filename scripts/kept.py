"""What a reader has beside a mirror, held against it: pins, another reader's mirror, a time, receipts, click ids, a policy of witnesses. For
scripts/verify.py, which calls `check` of each that it was given; FORMATS "The checks", "Pins", "Requests", "Receipts and click ids that were kept".

What was kept may have been cut or changed by who kept it: that accuses nobody, and is `cannot tell`.
"""

import json
import re
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import own_rows
from contact_keys import trim
from verify import (LARGEST, CannotTell, Fails, Log, b64_decode, b64u_decode, canonical, clock, good_point, leaf_hash, need, note_key_id, read_compact_jws,
                    read_json, rfc3339, root_of, sha256, signed_by, together, undoubled, when_said)

BLANKS = " \t\r\n"
APART = re.compile(r'[ \t\r\n,;"]+')  # what stands between the words of a line
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


class Kept:
    """What was given: texts of pins and of a policy, another mirror, a time, the files of receipts and of click ids, as [(name, bytes)],
    and one's own rows, as own_rows.py has them."""

    def __init__(self, pins=None, against=None, witnesses=None, not_older_ms=None, now_ms=0, receipts=None, clicks=None, reconcile=None, joined=False):
        self.given = {"pins": pins, "against": against, "witnesses": witnesses, "age": not_older_ms, "receipts": receipts, "clicks": clicks, "reconcile": reconcile}
        self.now_ms, self.joined = now_ms, joined  # joined: these are several mirrors, and each looks for what is its own
        self.elsewhere = {"receipts": [], "clicks": []}  # of each mirror, what is none of its contract's

    def names(self):
        return [name for name, given in self.given.items() if given is not None]

    def check(self, name, audit):
        return CHECKS[name](audit, self.given[name], self)

    def quorum(self, note):
        return quorum(note, self.given["witnesses"])

    def left_over(self, name):
        """What is none of these contracts'."""
        looked = [set(each) for each in self.elsewhere[name]]
        return set.intersection(*looked) if looked else set()  # nobody could look


def saved(data, name):
    """The text of a file as editors and spreadsheets save it."""
    if len(data) > 1 and (0 in data[:2] or data[:2] in (b"\xff\xfe", b"\xfe\xff")):
        raise CannotTell(f"{name} is UTF-16, not UTF-8")
    return data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")


def read_text(path):
    with open(path, "rb") as file:
        data = file.read((1 << 20) + 1)
    if len(data) > 1 << 20:
        raise CannotTell(f"{path} is longer than 1 MiB")
    return saved(data, path)


def files_of(path):
    """[(name, bytes)] of a file, or of every file of a folder."""
    path = Path(path)
    names = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    return [(str(name), name.read_bytes()) for name in names]


def lines_of(files, longest):
    """[(where, line)] of all files, and what of them cannot be read."""
    lines, wrong = [], []
    for name, data in files:
        try:
            lines += [(f"{name} line {n}", line.strip(BLANKS)) for n, line in enumerate(saved(data, name).split("\n"), 1) if line.strip(BLANKS)]
        except CannotTell as error:
            wrong.append(str(error))
    wrong += [f"{where} is longer than it can be" for where, line in lines if len(line) > longest]
    return [line for line in lines if len(line[1]) <= longest], wrong


# ---- pins ----

def pins(audit, text, _):
    audit.have(audit.note_keys, "keys")
    origins, keys, ids, heads, named, wrong = (audit.root_origin, audit.origin), defaultdict(list), [], [], set(), []
    for n, line in enumerate(text.split("\n"), 1):
        word, _, rest = line.strip(BLANKS).partition(" ")
        rest = rest.strip(BLANKS)
        head = re.fullmatch(r"([^ ]+) (0|[1-9][0-9]{0,15}) ([A-Za-z0-9+/]{43}=)", rest)
        key = verifier_key(rest, 1)
        if word == "log-key" and key:
            keys[key[0]].append(key)
            named.add(key[0])
        elif word == "statement-key" and b64u_decode(rest, 32):
            ids.append(rest)
        elif word == "checkpoint" and head and b64_decode(head[3]):
            named.add(head[1])
            heads.append((head[1], int(head[2]), b64_decode(head[3])))
        elif word and not word.startswith("#"):
            wrong.append(f"line {n} of the pins is no log-key, statement-key or checkpoint")
    if named and not named & set(origins):
        ids = []  # of other servers

    def reads():
        if wrong:
            raise CannotTell(wrong[0])
        if not ids and not named & set(origins):
            raise CannotTell("no pin is about these logs")

    def holds(condition, what, origin, size):
        """Of a log that a pin says was larger already nothing follows but that."""
        if not condition and any(name == origin and said > size for name, said, _ in heads):
            raise CannotTell(f"{what}; the mirror is older than the pins")
        need(condition, what)

    def is_signed(note, origin):
        try:
            open_note(note, keys[origin])
        except Fails:
            return False
        return True

    def log_keys(origin, name):
        if keys[origin]:
            note = audit.mirror.read(name, 8192)
            size = re.match(rb"[^\n]*\n([0-9]{1,16})\n", note)
            holds(is_signed(note, origin), f"{name} is signed by none of the keys that are pinned", origin, int(size[1]) if size else 1 << 53)

    def checkpoint(origin, size, root):
        log = getattr(audit, "root_log" if origin == audit.root_origin else "log", None)
        audit.have(log, "the entries of its log")
        holds(size <= len(log.leaves) and root_of(log.leaves[:size]) == root, f"the pinned checkpoint of {size} entries is of another past than {origin} has",
              origin, len(log.leaves) if size > len(log.leaves) else 1 << 53)

    def statements():
        if ids:
            audit.after("statements")
            for statement in audit.ledger.statements:
                holds(statement.kid in ids, f"statement {statement.id} is signed by the key {statement.kid}, which is not pinned", audit.origin, len(audit.log.leaves))

    together(reads, *(partial(log_keys, origin, name) for origin, name in zip(origins, ("log/checkpoint", f"log/{audit.contract}/checkpoint"))),
             *(partial(checkpoint, *head) for head in heads if head[0] in origins), statements)
    return "what is pinned of these logs holds"


def verifier_key(text, kind):
    """(name, key id, public key) of a verifier key of that kind: 1 signs notes, 4 cosigns them; None for anything else."""
    found = re.fullmatch(r"([^ +]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)", text)
    raw = b64_decode(found[3]) if found else None
    if not raw or len(raw) != 33 or raw[0] != kind:
        return None
    ident = note_key_id(found[1], raw[1:]) if kind == 1 else sha256(found[1].encode() + b"\n\x04" + raw[1:])[:4]
    return (found[1], ident, raw[1:]) if found[2] == ident.hex() else None


def signature_lines(lines):
    """[(name, blob)] of what stands behind the text of a note."""
    need(lines.endswith(b"\n"), "a note is cut")
    for line in lines[:-1].split(b"\n"):
        found = re.fullmatch(rb"\xe2\x80\x94 ([^ +]+) ([A-Za-z0-9+/]+=*)", line)
        blob = b64_decode(found[2].decode()) if found else None
        need(blob is not None and len(blob) > 4, "a signature of a note is not written as one")
        yield found[1].decode(errors="replace"), blob


def open_note(data, keys):
    """(origin, size, root) of a note that one of the keys at least has signed: "Merkle trees, tiles, checkpoints"."""
    origin, size, root, text, lines = peek_note(data)
    good = False
    for name, blob in signature_lines(lines):
        for raw in [raw for key_name, ident, raw in keys if key_name == name == origin and ident == blob[:4]]:
            need(signed_by(raw, blob[4:], text), f"a signature of the checkpoint of {origin} does not hold")
            good = True
    need(good, f"the checkpoint of {origin} is signed by none of the keys that are known")
    return origin, size, root


def peek_note(data):
    """What a note says, whoever signed it: origin, size, root, its text, and the lines behind it."""
    text, blank, lines = data.partition(b"\n\n")
    found = re.fullmatch(rb"([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)((?:\n[^\n]+)*)", text)
    root = b64_decode(found[3].decode()) if found and blank else None
    need(root is not None, "a checkpoint is not written as one")
    return found[1].decode(errors="replace"), int(found[2]), root, text + b"\n", lines


# ---- another reader's mirror ----

def against(audit, other, _):
    audit.after("tree", "rootlog")
    return together(lambda: beside(audit, other, f"log/{audit.contract}", audit.log), lambda: beside(audit, other, "log", audit.root_log))


def beside(audit, other, folder, mine):
    origin = audit.root_origin if folder == "log" else audit.origin
    keys = [key for key in audit.note_keys if key[0] == origin]
    try:
        note = other.read(f"{folder}/checkpoint", 8192)
    except Fails as error:
        raise CannotTell(f"the other mirror: {error}") from None
    try:
        _, size, root = open_note(note, keys)
    except Fails as error:
        if peek_note(note)[1] > mine.size:  # by keys that are younger than this mirror, perhaps
            raise CannotTell(f"the other mirror is newer: {error}") from None
        raise Fails(f"the other mirror: {error}") from None
    try:
        theirs = Log(other, folder, size, root)
        need(root_of(theirs.leaves) == root, "its entries do not give its checkpoint")
    except Fails as error:
        raise CannotTell(f"{folder} of the other mirror does not hold: {error}") from None
    forked = [n for n, (one, another) in enumerate(zip(mine.entries, theirs.entries)) if one != another][:1]
    need(not forked, f"entry {forked} of {folder} is another one in each mirror, and both are signed: there are two histories")
    return f"{min(mine.size, size)} entries of {folder} are the same in both"


# ---- time ----

def last_at(audit):
    return audit.parsed[-1]["at"] if audit.parsed else 0


def age(audit, not_older_ms, kept):
    audit.after("entries")
    last = last_at(audit)
    if last > kept.now_ms + 10 * MINUTE_MS:
        raise CannotTell("the last entry is of a time to come")
    need(last >= not_older_ms, f"the last entry is of {rfc3339(last)}, older than it may be")
    return f"the last entry is of {rfc3339(last)}"


# ---- witnesses ----

class Policy:
    """Whose cosignatures count, and how many ("Witnesses")."""

    def __init__(self, text):
        self.logs, self.witnesses, self.groups, self.quorum, self.members = [], {}, {}, None, []
        for n, line in enumerate(text.removesuffix("\n").split("\n"), 1):
            if re.search(r"[\0-\x08\x0a-\x1f\x7f]", line) or not self.takes([item for item in re.split("[ \t]+", line) if item]):
                raise CannotTell(f"line {n} of the policy is none")
        if self.quorum is None:
            raise CannotTell("the policy has no quorum line")

    def takes(self, items):
        """Whether it is a line of a policy."""
        if not items or items[0].startswith("#"):
            return True
        return {"log": self.log, "witness": self.witness, "group": self.group, "quorum": self.set_quorum}.get(items[0], lambda *_: False)(*items[1:])

    def log(self, key="", url="", *more):
        key = verifier_key(key, 1)
        good = key and good_point(key[2]) and not more and key[2] not in [raw for _, _, raw in self.logs] and len(self.logs) < 32
        self.logs.append(key)
        return good

    def free(self, name):
        return name and name != "none" and name not in self.witnesses and name not in self.groups

    def witness(self, name="", key="", url="", *more):
        key = verifier_key(key, 4)
        good = key and good_point(key[2]) and not more and self.free(name) and key[2] not in [raw for _, _, raw in self.witnesses.values()] and len(self.witnesses) < 32
        self.witnesses[name] = key
        return good

    def group(self, name="", least="", *members):
        least = {"any": 1, "all": len(members)}.get(least, int(least) if re.fullmatch("0|[1-9][0-9]{0,8}", least) else 0)
        good = self.free(name) and 1 <= least <= len(members) and len(self.groups) < 32 and len(set(members)) == len(members)
        good = good and all((each in self.witnesses or each in self.groups) and each not in self.members for each in members)
        self.members += members
        self.groups[name] = least, members
        return good

    def set_quorum(self, name="", *more):
        good = self.quorum is None and not more and (name == "none" or name in self.witnesses or name in self.groups)
        self.quorum = name
        return good

    def met(self, have):
        met = set(have)
        for name, (least, members) in self.groups.items():  # members stand before their group
            if sum(member in met for member in members) >= least:
                met.add(name)
        return self.quorum == "none" or self.quorum in met


def quorum(data, text):
    """What a reader's policy says of `log/witnessed`."""
    policy = Policy(text)
    if policy.logs:
        open_note(data, policy.logs)
    signed, lines = peek_note(data)[3:]
    have = []
    for name, (origin, ident, raw) in policy.witnesses.items():
        for blob in [blob for signer, blob in signature_lines(lines) if signer == origin and blob[:4] == ident][:1]:
            at, signature = int.from_bytes(blob[4:12], "big"), blob[12:]
            need(len(blob) == 76 and signed_by(raw, signature, f"cosignature/v1\ntime {at}\n".encode() + signed), f"the cosignature of witness {name} does not hold")
            have.append(name)
    need(policy.met(have), f"{len(have)} of the policy's {len(policy.witnesses)} witnesses cosigned: that is no quorum")
    return f"{len(have)} of the policy's {len(policy.witnesses)} witnesses cosigned"


# ---- requests ----

FIELDS = {name: field for field, names in {"click_id": "click_id clickid cid subid cnv_id", "txid": "txid transaction_id order_id"}.items() for name in names.split()}
FIELDS |= {name: name for name in ("lead status amount campaign contract country currency email event first_name last_name phone reason sub1 sub2 sub3 sub4 sub5"
                                   " test touches").split()}
NAMES = ("click_id", "txid", "lead", "status")  # compared as they are; all others without what servers and forms make of them
DEFAULTS = {("event", "lead"), ("test", "0"), ("test", "false")}


class Request:
    """What a kept request said."""

    def __init__(self, text):
        self.digest, self.names, self.facts, self.nonce = sha256(text.encode()).hex(), {}, Counter(), None
        self.reads = self.hidden = False
        if text.startswith("PBv1\n"):
            self.read_query(text.split("\n", 4)[1:])
        else:
            self.read_json(*text.split(".", 2))

    def read_query(self, parts):
        if len(parts) == 4 and len(parts[3]) >= 64:
            self.reads, body = True, parts[3][:64]
            self.hidden = body != sha256(b"").hex()
            self.facts["body", body] += self.hidden
            for pair in filter(None, parts[2].partition("?")[2].split("&")):
                name, _, value = pair.partition("=")
                self.take(unquote_plus(name), unquote_plus(value))

    def read_json(self, ident="", time="", body=""):
        try:
            members = read_any_json(body)
        except ValueError:
            return
        if isinstance(members, dict):
            self.reads, self.nonce = True, ("webhook-id", ident)
            for name, value in members.items():
                self.hidden |= isinstance(value, (dict, list))
                self.take(name, scalar(value))
            self.facts["body", body] += self.hidden

    def take(self, name, value):
        value = trim(value)
        if name == "nonce":
            self.nonce = name, value
        field = name if name.startswith("f_") else FIELDS.get(name)
        if not value or field is None or (field, value) in DEFAULTS:
            return
        if field not in NAMES:
            self.facts[field, re.sub(r"[\0-\x20+]", "", value).translate(LOWER)] += 1
        elif self.names.get(field) != value:  # platforms send one value under two of its names
            self.names[field] = value
            self.facts[field, value] += 1

    def same(self, other, name):
        return name in self.names and self.names[name] == other.names.get(name)


LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def read_any_json(text):
    """Any JSON, of any numbers."""
    try:
        return json.loads(text, object_pairs_hook=undoubled)
    except RecursionError:
        raise ValueError("too deep") from None


def scalar(value):
    if isinstance(value, float):
        return f"{value:.15g}"
    return value if isinstance(value, str) else "1" if value is True else str(value) if type(value) is int else ""


def repeats(one, other):
    """Whether the later request says what the earlier did; fails if it does not, and cannot tell if the texts do not show it."""
    doubt = CannotTell("the receipt answers an earlier request, and the texts do not show whether that said the same")
    if not (one.reads and other.reads):
        raise doubt
    if +one.facts == +other.facts:
        need(one.hidden or {"status", "txid"} & set(one.names) or (one.nonce and one.nonce == other.nonce), "the receipt answers an earlier request, without a txid")
        return
    if one.hidden or other.hidden:
        raise doubt
    if "status" in one.names or "status" in other.names:
        need(one.same(other, "status"), "the receipt answers an earlier request, of another status")
        if not any(one.same(other, name) for name in ("txid", "click_id", "lead")):
            raise doubt
        return
    raise Fails("the receipt answers an earlier request, which says something else")


# ---- receipts ----

class Receipt(NamedTuple):
    where: str
    jws: str
    request: Request | None


def read_receipts(files):
    """The receipts of these files, the requests beside them, how many lines have none, and which do not read."""
    receipts_, requests, without = [], {}, 0
    lines, wrong = lines_of(files, 1 << 20)
    for where, line in lines:
        if line.startswith('"{'):  # the first field of a row, as spreadsheets quote it
            line = re.match(r'"((?:[^"]|"")*)', line)[1].replace('""', '"')
        if not line.startswith("{"):
            found = [word for word in APART.split(line) if word.startswith("eyJ") and word.count(".") == 2]
            receipts_ += [Receipt(where, found[0], None)] if found else []
            without += not found
            continue
        try:
            whole = read_any_json(line)
        except ValueError:
            wrong.append(f"{where} is neither JSON nor a receipt")
            continue
        rows = whole.get("data")
        for row in [whole, *(rows if isinstance(rows, list) else [])]:
            row = row if isinstance(row, dict) else {}
            request = Request(row["request"]) if isinstance(row.get("request"), str) else None
            if request:
                requests.setdefault(request.digest, request)
            if isinstance(row.get("receipt"), str):
                receipts_.append(Receipt(where, row["receipt"], request))
    return receipts_, requests, without, wrong


def receipts(audit, files, kept):
    all_of, requests, without, wrong = read_receipts(files)
    audit.after("entries")
    own, others, unsigned, checks = 0, [], [], []
    for receipt in all_of:
        header, said = (loose_object(part) for part in receipt.jws.split(".")[:2])
        if header is None or header.get("typ") != "countersign-receipt":
            without += 1
        elif said is not None and isinstance(said.get("contract"), str) and said["contract"] != audit.contract and 0 < len(said["contract"].encode()) <= 16:
            others.append(receipt)
        elif not signed_receipt(audit, receipt, header):
            unsigned.append(f"{receipt.where}: no published key of the server signed this receipt as it stands there")
        else:
            own += 1
            checks.append(lambda receipt=receipt, said=said, kid=header["kid"]: judge(audit, receipt, said, kid, requests))
    kept.elsewhere["receipts"].append([receipt.jws for receipt in others])
    alone = [] if kept.joined else [f"{receipt.where} is of another contract, whose log is not here" for receipt in others]

    def reads():
        if wrong or unsigned or alone or not (own or kept.joined):
            raise CannotTell([*wrong, *unsigned, *alone, "there is no receipt of this contract"][0])
    together(reads, *checks)
    return f"{own} receipts signed, and what they answered stands in the log; {len(others)} of other contracts, {without} lines without one"


def loose_object(part):
    try:
        value = read_json(b64u_decode(part) or b"")
    except Fails:
        return None
    return value if isinstance(value, dict) else None


def signed_receipt(audit, receipt, header):
    try:
        read_compact_jws(receipt.jws, audit.statement_keys[header["kid"]], "countersign-receipt")
        return True
    except (Fails, KeyError, TypeError):
        return False


def judge(audit, receipt, said, kid, requests):
    """Whether the entry at its index is what it says. Of a stolen key, what does not hold may be its thief's."""
    stands_to, stolen = answers_for(audit, kid)
    try:
        need(said is not None, "it does not read as a receipt")
        hash_, at = said.get("request_sha256"), when_said(said.get("at"))
        need(all(type(said.get(name)) is int and abs(said[name]) <= LARGEST for name in ("index", "payout_micros")) and said["index"] >= 0 and at is not None
             and isinstance(said.get("status"), str) and re.fullmatch("[0-9a-f]{64}", hash_ if isinstance(hash_, str) else ""), "it does not read as a receipt")
        need(said["index"] < stands_to, "its key signed no more when that entry came, or was never added")
        if said["index"] >= audit.size:
            need(at >= last_at(audit), f"entry {said['index']} is dropped: the log ends before it, at a later time")
            raise CannotTell(f"{receipt.where}: entry {said['index']} came after this mirror was pulled")
        stands(audit, said, canonical(said) == b64u_decode(receipt.jws.split(".")[1]))
        need(receipt.request is None or receipt.request.digest == hash_ or hash_ in requests, "it answers another request than the one beside it")
        if receipt.request is not None and receipt.request.digest != hash_:
            repeats(requests[hash_], receipt.request)
    except Fails as error:
        raise (CannotTell if stolen else Fails)(f"{receipt.where}: {error}") from None


def stands(audit, said, is_canonical):
    """The payload is that of the entry, or the difference is named."""
    at, entry = said["index"], audit.parsed[said["index"]]
    lead = entry["kind"] == "lead"
    need(lead or entry["kind"] == "disposition", f"entry {at} is dropped: a {entry['kind']} stands there")
    need(entry.get("request_sha256") == said["request_sha256"], f"entry {at} is dropped, or its request was changed")
    payload = {"at": rfc3339(entry["at"]), "contract": audit.contract, "index": at, "kind": entry["kind"], "lead": at if lead else entry["lead"],
               "leaf": leaf_hash(canonical(entry)).hex(), "payout_micros": entry.get("payout_micros" if lead else "payable_micros", 0),
               "reason": entry.get("reason" if lead else "text", ""), "request_sha256": entry.get("request_sha256"), "status": entry["status"], "terms": entry["terms"]}
    if "score" in entry:
        payload.update({"score": entry["score"], "score_high": entry["score_high"], "score_why": entry.get("score_why", [])})
    need(all(said[name] == payload[name] for name in ("status", "payout_micros")), f"entry {at} is decided otherwise than it was answered")
    need(said == payload and is_canonical, f"entry {at} holds other facts than were signed")


def answers_for(audit, kid):
    """In front of which entry a statement key signs receipts, and whether it was stolen ("The server's own keys")."""
    states = audit.states
    signs = [n for n, state in enumerate(states) if state["statement"] == audit.statement_keys[kid]]
    if not signs:
        return 0, False
    later = states[signs[-1] + 1:]
    return later[0]["from"] if later else 1 << 62, any(state["stolen"] for state in later)


# ---- click ids ----

class Click(NamedTuple):
    where: str
    ident: str
    place: int
    second: int
    flags: int
    seen_ms: int


def click_keys(audit):
    name = f"v1/contracts/{audit.contract}/click-key"
    try:
        document = read_json(audit.mirror.read(name, 8192))
        keys = {one["kid"]: b64u_decode(one["key"], 32) for one in document["keys"]}
    except (Fails, KeyError, TypeError):
        keys = {}
    keys = {kid: key for kid, key in keys.items() if key and type(kid) is int}
    if not keys:
        raise CannotTell(f"{name} holds no key")
    return {kid: Cipher(algorithms.AES(key), modes.ECB()) for kid, key in keys.items()}


def open_click(keys, ident):
    """(place, second, flags) of a click id; None: it does not open ("Tokens")."""
    data = b64u_decode(ident, 38)
    if data is None or data[0] != 1 or data[1] not in keys:
        return None
    inner = keys[data[1]].decryptor().update(data[2:18])
    return (int.from_bytes(inner[:8], "big"), int.from_bytes(inner[8:12], "big"), inner[12]) if inner[13:] == b"\0\0\0" else None


def read_clicks(keys, files):
    """The clicks of these files, each id once; the ids that do not open; what does not read."""
    clicks_, unopened = {}, []
    lines, wrong = lines_of(files, 4096)
    for where, line in lines:
        words = [word for word in APART.split(line) if word]
        ids = [n for n, word in enumerate(words) if len(word.encode()) == 51]
        if line.strip(BLANKS + ',;"').startswith("#") or not ids:
            continue
        ident, told = words[ids[0]], "".join(words[ids[0] + 1:ids[0] + 2])
        seen, opened = read_seen(told), open_click(keys, ident)
        if seen is None:
            wrong.append(f"{where} has behind its id what is no time")
        elif opened is None:
            unopened.append(ident)
        elif opened[2] & ~1:
            wrong.append(f"{where} is an id of a kind that is not known here")
        elif opened[2] or opened[0] <= LARGEST:  # else it was answered to a HEAD
            clicks_.setdefault(ident, Click(where, ident, *opened, seen))
    return list(clicks_.values()), unopened, wrong


def read_seen(text):
    """Unix ms of RFC 3339, Unix seconds or milliseconds; 0: not told; None: no time."""
    if not text or when_said(text) is not None:
        return when_said(text) or 0
    number = int(text) if re.fullmatch(r"[1-9][0-9]{0,14}", text) else 0
    return (number * 1000 if number < 253_402_300_800 else number) if 0 < number < 253_402_300_800_000 else None


def clicks(audit, files, kept):
    keys = click_keys(audit)
    seen, unopened, wrong = read_clicks(keys, files)
    kept.elsewhere["clicks"].append(unopened)
    audit.after("entries")
    recorded, first = [click for click in seen if not click.flags], {}
    for click in recorded:
        first.setdefault(click.place, click)
    unseen = [at for at, entry in enumerate(audit.parsed) if entry["kind"] == "click" and entry["class"] == "ok" and at not in first]
    late = sum(entry.get("late_clicks", 0) for entry in audit.parsed if entry["kind"] == "gap")

    def doubts():
        if wrong or not (seen or kept.joined):
            raise CannotTell([*wrong, "there is no id of this contract"][0])
        if seen and len(unseen) > late:
            raise CannotTell(f"{len(unseen)} clicks of class ok are not among the ids: entries {', '.join(map(str, unseen[:10]))}")

    def alone():
        doubled = [click for click in recorded if first[click.place] is not click]
        need(not doubled or doubled[0].place >= audit.size, f"{doubled[:1]} is another id of an entry that has one")

    together(doubts, alone, *(lambda click=click: click_stands(audit, click) for click in recorded), *unrecorded(audit, [click for click in seen if click.flags]))
    return f"{len(recorded)} clicks stand in the log, {len(seen) - len(recorded)} left as unrecorded, {len(unopened)} ids do not open"


def came_before(audit, click):
    """Long enough before the log's last entry that it has to be in the log."""
    return click.second * 1000 + MINUTE_MS < (clock(audit.parsed[-1]) if audit.parsed else 0)


def click_stands(audit, click):
    if click.place >= audit.size:
        need(not came_before(audit, click), f"{click.where}: the click of entry {click.place} is dropped")
        raise CannotTell(f"{click.where}: the click came after this mirror was pulled")
    entry = audit.parsed[click.place]
    need(entry["kind"] == "click", f"{click.where}: the click of entry {click.place} is dropped: a {entry['kind']} stands there")
    need(clock(entry) // 1000 == click.second, f"{click.where}: entry {click.place} is another click, of another second")
    need(not click.seen_ms or click.seen_ms + HOUR_MS >= clock(entry), f"{click.where}: it was seen more than an hour before")


def unrecorded(audit, ids):
    """A check for each id that no gap entry counts: the earliest id is counted first, by the gap that ends first of those that cover it."""
    gaps = sorted(([entry, entry.get("clicks", 0) + entry.get("late_clicks", 0)] for entry in audit.parsed if entry["kind"] == "gap"), key=lambda gap: gap[0]["to_ms"])
    for click in sorted(ids, key=lambda click: click.second):
        ms = click.second * 1000
        gap = next((gap for gap in gaps if gap[1] and gap[0]["from_ms"] < ms + 1000 and gap[0]["to_ms"] >= ms), None)
        if gap is None:
            yield lambda click=click: uncounted(audit, click)
        else:
            gap[1] -= 1


def uncounted(audit, click):
    need(not came_before(audit, click), f"{click.where}: the id left as unrecorded, and no gap entry counts it")
    raise CannotTell(f"{click.where}: the id left as unrecorded when this mirror was pulled")


CHECKS = {"pins": pins, "against": against, "age": age, "receipts": receipts, "clicks": clicks, "reconcile": own_rows.check}
