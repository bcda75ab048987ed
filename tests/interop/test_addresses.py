"""The operator's lists against Python's ipaddress, with files of random blocks: hosting networks as text, countries as a MaxMind DB that is
written here from the format's specification."""

import ipaddress
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/support"))

import mmdb  # noqa: E402

ISO_3166 = Path("/usr/share/zoneinfo/iso3166.tab")  # of tzdata
COUNTRIES = ("FR", "DE", "US", "CN", "BR")
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))


def mapped(address):
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


class Lists(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        folder = tempfile.TemporaryDirectory(prefix="countersign-lists-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def asked(self, datacenters, countries, addresses):
        text = "".join(f"{a}\n" for a in addresses)
        done = subprocess.run([os.environ["LIST_ANSWERS"], datacenters, countries], input=text, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split(" ") for line in done.stdout.splitlines()]

    def refused(self, datacenters="", countries=""):
        done = subprocess.run([os.environ["LIST_ANSWERS"], datacenters, countries], input="", capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        return done.stderr

    def block(self, version):
        """Crowded into a few corners, so that blocks meet, nest and touch."""
        width = 32 if version == 4 else 128
        corner = self.random.choice((0x0a000000, 0xc0000200, 0xfffffff0) if version == 4 else (0x20010db8 << 96, 0x2a00 << 112, 0xfd << 120))
        number = corner | self.random.getrandbits(self.random.choice((4, 8, width - 9)))
        kind = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
        return kind((number, self.random.randint(8, width)), strict=False)

    def addresses(self, blocks):
        """Around the borders of the blocks, and anywhere."""
        out = [ipaddress.ip_address(text) for text in ("0.0.0.0", "255.255.255.255", "::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:10.0.0.1")]
        for block in blocks:
            first, last, kind = int(block[0]), int(block[-1]), type(block[0])
            out += [kind(n) for n in (first - 1, first, last, last + 1, self.random.randint(first, last)) if 0 <= n < 2 ** block.max_prefixlen]
        out += [ipaddress.IPv4Address(self.random.getrandbits(32)) for _ in range(200)]
        out += [ipaddress.IPv6Address(0x2002 << 112 | self.random.choice((0x0a000000, 0xc0000200)) << 80 | self.random.getrandbits(90)) for _ in range(50)]
        return out + [ipaddress.IPv6Address(self.random.getrandbits(128)) for _ in range(200)]

    @staticmethod
    def plain(address):
        return address.ipv4_mapped if mapped(address) else address

    def test_blocks_hold_what_python_says(self):
        for number in range(10):
            blocks = [self.block(self.random.choice((4, 6))) for _ in range(self.random.randint(0, 60))]
            addresses = self.addresses(blocks)
            lines = []
            for block in blocks:
                text = str(block.network_address) if block.prefixlen == block.max_prefixlen and self.random.random() < .5 else str(block)
                lines.append(self.random.choice(("", " ", "\t")) + text + self.random.choice(("", " # a host", "\t#", "\r")))
                lines.append(self.random.choice(("", "# nothing", "   ")))
            path = self.folder / "blocks"
            path.write_text("\n".join(lines))
            expected = [str(int(any(self.plain(a).version == b.version and self.plain(a) in b for b in blocks))) for a in addresses]
            answers = self.asked(path, "", addresses)
            for address, (datacenter, country), wanted in zip(addresses, answers, expected, strict=True):
                self.assertEqual((datacenter, country), (wanted, ""), f"SEED={SEED}, file {number}: {address}")

    def test_countries_are_those_of_the_longest_block(self):
        for number in range(10):
            version = self.random.choice((4, 6, 6))
            shape = {"version": version, "record_bits": self.random.choice((24, 28, 32)), "aliases": version == 6 and self.random.random() < .5}
            blocks = [self.block(4) for _ in range(40)] + [self.block(6) for _ in range(40 if version == 6 else 0)]
            blocks = sorted(set(blocks), key=lambda b: b.prefixlen)
            told = {b: self.random.choice((*COUNTRIES, "XX", None)) for b in blocks}
            form = self.random.choice((lambda c: {"country": {"iso_code": c}}, lambda c: {"country": c}, lambda c: {"country_code": c}))
            records = [(str(b), {"continent": {"code": "EU"}, **(form(c) if c else {})}) for b, c in told.items()]
            path = self.folder / "mmdb"
            path.write_bytes(mmdb.written(records, **shape))
            addresses = self.addresses(blocks)
            for address, (datacenter, country) in zip(addresses, self.asked("", path, addresses), strict=True):
                alias = shape["aliases"] and address.version == 6 and address.sixtofour is not None  # cut out of any block, and not followed
                around = [b for b in blocks if not alias and b.version == self.plain(address).version and self.plain(address) in b]
                wanted = told[around[-1]] if around else None
                self.assertEqual((datacenter, country), ("0", wanted if wanted in COUNTRIES else ""), f"SEED={SEED}, file {number}: {address}")

    def test_what_is_no_address_is_nowhere(self):
        path = self.folder / "blocks"
        path.write_text("0.0.0.0/0\n::/0\n")
        self.assertEqual(self.asked(path, "", ["", "x", "1.2.3", "1.2.3.4.5", "1.2.3.4/8", "::g", "1.2.3.4"]), [["0", ""]] * 6 + [["1", ""]])

    def test_a_bad_line_is_named(self):
        path = self.folder / "blocks"
        for bad in ("10.0.0.0/33", "::1/129", "AS64500", "10.0.0.0/8 10.1.0.0/16", "10.0.0/8", "/8", "10.0.0.0/", "10.0.0.0/+8", "x" * 300):
            path.write_text(f"# first\n10.0.0.0/8\n{bad}\n11.0.0.0/8\n")
            said = self.refused(path)
            self.assertRegex(said, rf"^datacenter_list: {re.escape(str(path))} line 3: ", bad)
            self.assertIn("must be", said)
        self.assertIn("cannot be read (not_found)", self.refused(self.folder / "absent"))

    def test_a_database_that_does_not_read_is_refused(self):
        good = mmdb.written([("10.0.0.0/8", {"country": {"iso_code": "FR"}}), ("2001:db8::/32", {"country": {"iso_code": "DE"}})])
        path = self.folder / "mmdb"
        for what, text, said in (("nothing", b"", "is no MaxMind DB"), ("something else", b"x" * 5000, "is no MaxMind DB"),
                                 ("no country", mmdb.written([("10.0.0.0/8", {"autonomous_system_number": (6, 64500)})]), "names no country"),
                                 ("a tree that is cut", good[60:], "")):
            path.write_bytes(text)
            with self.subTest(what):
                self.assertRegex(self.refused("", path), rf"^country_mmdb: {re.escape(str(path))} .*{said}")
        self.assertIn("cannot be read", self.refused("", self.folder / "absent"))
        library = dict(os.environ, ASAN_OPTIONS="exitcode=99:detect_leaks=0")  # libmaxminddb 1.7 leaks what it had of metadata that does not read
        for _ in range(200):  # whatever it says then, it ends well
            damaged = bytearray(good)
            for _ in range(self.random.randint(1, 4)):
                damaged[self.random.randrange(len(damaged))] = self.random.getrandbits(8)
            path.write_bytes(damaged)
            done = subprocess.run([os.environ["LIST_ANSWERS"], "", path], input="10.0.0.1\n", capture_output=True, text=True, timeout=60, check=False,
                                  env=library)
            self.assertIn(done.returncode, (0, 1), f"SEED={SEED}: {done.stderr[-2000:]}")

    def test_countries_are_those_of_iso_3166(self):
        done = subprocess.run([os.environ["LIST_ANSWERS"], "codes"], capture_output=True, text=True, timeout=60, check=True)
        lines = [line for line in ISO_3166.read_text().splitlines() if not line.startswith("#")]
        # and what everybody writes: Kosovo's XK, EL for GR, UK for GB
        self.assertEqual(sorted(done.stdout.split()), sorted([line.split("\t")[0] for line in lines] + ["XK", "GR", "GB"]))


if __name__ == "__main__":
    unittest.main()
