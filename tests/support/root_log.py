"""The root log as an operator writes it anew who keeps the other contracts' leaves: FORMATS, "The root log"."""

import hashlib
import json


def tag(origin, leaf):
    return hashlib.sha256(b"countersign/v1/root leaf\0" + origin.encode() + b"\0" + leaf.to_bytes(8, "big")).digest()


def retold(entries, origin, notes, beside=False):
    """The entries with these notes as the heads of that log, in the places of those that it had, further ones behind all; and what /log/{contract}/heads
    shows. A place that is left over is another log's; `beside` its own heads of another history it keeps them all."""
    pairs = list(zip(entries[::2], entries[1::2]))
    places = [] if beside else [n for n, (_, whose) in enumerate(pairs) if whose == tag(origin, 2 * n)]
    for n in places[len(notes):]:
        pairs[n] = hashlib.sha256(b"another's head").digest(), tag(origin + "0", 2 * n)
    lines = []
    for note in notes:
        n = places.pop(0) if places else len(pairs)
        pairs[n:n + 1] = [(hashlib.sha256(note).digest(), tag(origin, 2 * n))]
        lines.append(json.dumps({"leaf": 2 * n, "note": note.decode()}, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    return [entry for pair in pairs for entry in pair], b"".join(lines)
