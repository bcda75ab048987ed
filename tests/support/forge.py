"""What whoever has a server's keys can make: its signatures, and the files of a log. For tests that lie, and for those that make logs of their own."""

import base64
import json
import shutil
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import verify  # noqa: E402
from verify import b64u, b64u_decode, canonical  # noqa: E402


def public(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_of(seed):
    return Ed25519PrivateKey.from_private_bytes(seed)


class Keys:
    """The server's: those that sign logs and statements now."""

    def __init__(self, log, statement):
        self.log, self.statement = log, statement

    @classmethod
    def of(cls, data):
        stored = json.loads((Path(data) / "keys.json").read_text())
        return cls(*(key_of(b64u_decode(stored[name][0]["seed"], 32)) for name in ("log", "statement")))

    @classmethod
    def fresh(cls):
        return cls(Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate())

    def note(self, origin, size, root):
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        signature = verify.note_key_id(origin, public(self.log)) + self.log.sign(text)
        return text + f"\n\u2014 {origin} {base64.b64encode(signature).decode()}\n".encode()

    def note_key(self, origin):
        raw = public(self.log)
        return f"{origin}+{verify.note_key_id(origin, raw).hex()}+{base64.b64encode(bytes([1]) + raw).decode()}\n"

    def jwk(self):
        raw = public(self.statement)
        return {"crv": "Ed25519", "kid": verify.thumbprint(raw), "kty": "OKP", "use": "sig", "x": b64u(raw)}

    def jwks(self):
        return canonical({"keys": [self.jwk()]})

    def general(self, payload, typ="countersign-statement"):
        signatures = []
        for algorithm in ("EdDSA", "Ed25519"):
            protected = b64u(canonical({"alg": algorithm, "kid": self.jwk()["kid"], "typ": typ}))
            signatures.append({"protected": protected, "signature": b64u(self.statement.sign(f"{protected}.{b64u(payload)}".encode()))})
        return canonical({"payload": b64u(payload), "signatures": signatures})


def compact(key, header, payload):
    """A JWS of these bytes, under a header of these members."""
    signed = f"{b64u(canonical(header))}.{b64u(payload)}"
    return f"{signed}.{b64u(key.sign(signed.encode()))}"


def root_at(entries, size=None):
    return verify.root_of([verify.leaf_hash(entry) for entry in entries[:size]])


def log_files(folder, entries):
    """{path: bytes}: tiles and bundles of the log in that folder of a mirror."""
    files = {f"{folder}/{path}": data for path, data in verify.tiles_of([verify.leaf_hash(entry) for entry in entries]).items()}
    for n, width in verify.tile_shapes(len(entries)):
        data = b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries[256 * n:256 * n + width])
        files[f"{folder}/{verify.tile_path('entries', n, width)}"] = data
    return files


def read_log(read, folder):
    """The entries of the log in that folder, each as its bytes; `read` gives the bytes of a path."""
    size = int(read(f"{folder}/checkpoint").split(b"\n")[1])
    for n, width in verify.tile_shapes(size):
        rest = read(f"{folder}/{verify.tile_path('entries', n, width)}")
        while rest:
            length = int.from_bytes(rest[:2], "big")
            yield rest[2:2 + length]
            rest = rest[2 + length:]


def write_log(mirror, folder, entries, note):
    """Under that note, in place of what is there."""
    shutil.rmtree(Path(mirror) / folder / "tile", ignore_errors=True)
    for name, data in {**log_files(folder, entries), f"{folder}/checkpoint": note}.items():
        path = Path(mirror) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
