"""Telephone numbers: the table is what its package makes, and numbers of all regions, in the styles that people and programs write them in, have
the one key that Debian's libphonenumber and libphonenumber-js give them. Where ours differs, the difference stands in a table with its reason."""

import json
import os
import random
import re
import secrets
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

SOURCE = Path(__file__).resolve().parents[2]
PACKAGE = SOURCE / "tests/node_modules/libphonenumber-js"
TABLE = SOURCE / "common/decisions/phone_table.h"
RANDOM_NUMBERS = 40_000

# One person's number has several spellings in E.164 itself: which one is the key.
ONE_PERSON = [(r"\+549(\d{10})", r"+54\1"), (r"\+521(\d{10})", r"+52\1"), (r"\+229([2-9]\d{7})", r"+22901\1")]

# Where our key of a known number is not that of the number: (region, style), each for any when "*".
DIFFERS = {
    ("AC", "*"): "Ascension has no ISO 3166 code of its own: AC is no country of a lead, and is passed over",
    ("TA", "*"): "Tristan da Cunha has none either",
    ("AC", "braced"): "+247 (0)62177: with the zero it is a number as well",
    ("IT", "braced"): "numbers of fixed lines begin with the zero: a second one is a typing error",
    ("VA", "braced"): "as in Italy",
    ("*", "lost plus"): "some digits are a number inside the country as well: one of the general pattern, or one that libphonenumber-js reads too",
}

sys.path.insert(0, str(SOURCE / "scripts"))
import phone_table  # noqa: E402


def lines_through(command, asked):
    text = "".join(json.dumps(line) + "\n" for line in asked)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=300, check=True)
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(asked)
    return answers


def ours(asked):
    return lines_through([os.environ["PHONE_ANSWERS"]], asked)


def newest(asked):
    return lines_through(["node", SOURCE / "tests/interop/phones.mjs"], asked)


def debians(asked):
    def read(text, region):
        try:
            number = phonenumbers.parse(text, region or None)
        except phonenumbers.NumberParseException:
            return ""
        return phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else ""

    return [read(*line) for line in asked]


def one_key(number):
    for pattern, instead in ONE_PERSON:
        number = re.sub(f"^{pattern}$", instead, number)
    return number


def known_numbers(chance):
    """(region, E.164) that both oracles call valid: the examples of each kind, and some beside them."""
    found = set()
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                text = phonenumbers.format_number(example, PhoneNumberFormat.E164)
                last = chance.randint(2, 4)
                found |= {(region, text), (region, text[:-last] + "".join(chance.choice("0123456789") for _ in range(last)))}
    numbers = sorted(found)
    asked = [(text, "") for _, text in numbers]
    return [n for n, a, b in zip(numbers, newest(asked), debians(asked)) if a == b == n[1]]


def styles(region, text):
    """(style, as written, the country that is known)."""
    number = phonenumbers.parse(text)
    code, bare = str(number.country_code), phonenumbers.national_significant_number(number)
    national, international = (phonenumbers.format_number(number, style) for style in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL))
    yield "plain", text, ""
    yield "grouped", international, ""
    yield "tel:", phonenumbers.format_number(number, PhoneNumberFormat.RFC3966), ""
    yield "no-break", international.replace(" ", "\u00a0").replace("-", "\u2011"), ""
    yield "embedded", f"\u202a{international}\u202c", ""
    yield "fullwidth", "".join(chr(ord(c) - 0x20 + 0xff00) for c in text), ""
    yield "Arabic-Indic", text.translate({ord("0") + i: 0x660 + i for i in range(10)}), ""
    yield "00", "00" + text[1:], ""
    yield "00 at home", "00" + text[1:], region
    yield "braced", f"+{code} (0){bare}", ""
    yield "national", national, region
    yield "bare", bare, region
    yield "extension", national + " ext. 3", region
    if region == "BR":
        yield "any carrier", f"(0xx{bare[:2]}) {bare[2:]}", region
    yield "lost plus", text[1:], region
    for abroad in ("AU", "BR", "FR", "JP", "RU", "US"):
        if abroad != region:
            yield f"from {abroad}", phonenumbers.format_out_of_country_calling_number(number, abroad), abroad
    mobile = phonenumbers.format_number_for_mobile_dialing(number, region, True)
    if mobile:
        yield "dialled", mobile, region
    if not bare.startswith("0"):
        yield "spreadsheet", bare + ".0", region


def is_number_inside(text, code):
    """By the general pattern, in which the table is broader than the oracles: they ask the patterns of each kind of number as well."""
    metadata = json.loads((PACKAGE / "metadata.max.json").read_text())
    rows = [metadata["countries"][country] for country in metadata["country_calling_codes"][code]]
    return any(len(text) in row[3] and re.fullmatch(row[2], text) for row in rows)


def is_from_abroad(text, key):
    """The key is that of these digits with a plus, but for what is dialled between code and number."""
    number = phonenumbers.parse(key)
    code, inside = str(number.country_code), phonenumbers.national_significant_number(number)
    return key == f"+{code}{inside}" and text.startswith(code) and text.endswith(inside) and is_number_inside(inside, code)


def may_differ(region, style, text, country, key):
    code = str(phonenumbers.country_code_for_region(region))
    if style == "lost plus" and (key == f"+{code}{text}" and is_number_inside(text, code) or newest([(text, country)]) == [key]):
        return ("*", style) in DIFFERS
    return (region, style) in DIFFERS or (region, "*") in DIFFERS


def is_explained(text, region, key, theirs):
    """Random digits are often two numbers, and ours is one of them: inside the country, by the general pattern; or from a calling code on, behind
    00 or with the plus lost, where theirs is a carrier's way abroad and another country, or a number that begins so (Japan's 0078). Or ours is
    none: of more than the 15 digits of E.164, or of another country of the same code that nobody dials from here."""
    if not key.startswith("+"):
        return len(theirs) > len("+") + 15 or phonenumbers.region_code_for_number(phonenumbers.parse(theirs)) != region
    code = str(phonenumbers.country_code_for_region(region))
    return (key == f"+{code}{text}" and is_number_inside(text, code)) or is_from_abroad(text.removeprefix("00"), key)


class Generated(unittest.TestCase):
    def test_the_table_is_what_its_package_makes(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "table.h"
            subprocess.run([sys.executable, "-B", SOURCE / "scripts/phone_table.py", out], timeout=120, check=True)
            self.assertTrue(out.read_bytes() == TABLE.read_bytes(), "run scripts/phones")

    def test_another_package_makes_another_table(self):
        metadata = json.loads((PACKAGE / "metadata.max.json").read_text())
        metadata["countries"]["FR"][2] = "[1-8]\\d{8}"
        package = json.loads((PACKAGE / "package.json").read_text())
        licence = (PACKAGE / "LICENSE").read_text().strip().splitlines()
        self.assertFalse(phone_table.written(package, metadata, licence) == TABLE.read_text())

    def test_the_table_names_its_source(self):
        package, lock = (json.loads(path.read_text()) for path in (PACKAGE / "package.json", SOURCE / "tests/package-lock.json"))
        self.assertEqual(lock["packages"]["node_modules/libphonenumber-js"]["version"], package["version"])
        self.assertIn(f"libphonenumber-js {package['version']}, licence MIT;", TABLE.read_text()[:400])

    def test_the_patterns_are_those_of_pythons_engine(self):
        chance = random.Random(1)
        metadata = json.loads((PACKAGE / "metadata.max.json").read_text())
        for country, row in metadata["countries"].items():
            graph = phone_table.Graph()
            node = graph.compiled(phone_table.parsed(row[2]))
            for length in row[3]:
                for _ in range(20):
                    digits = "".join(chance.choice("0123456789") for _ in range(length))
                    at = node
                    for digit in digits:
                        at = graph.nodes[at][1][int(digit)]
                    self.assertEqual(graph.nodes[at][0], re.fullmatch(row[2], digits) is not None, f"{country} {digits}")


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seed = int(os.environ.get("SEED", secrets.randbelow(1 << 32)))
        print("seed", cls.seed)
        cls.numbers = known_numbers(random.Random(cls.seed))

    def test_a_number_has_one_key_in_every_style(self):
        asked = [(number, style, text, country) for number in self.numbers for style, text, country in styles(*number)]
        keys = ours([line[2:] for line in asked])
        wrong = [(line, key) for line, key in zip(asked, keys) if key != one_key(line[0][1])]
        unexplained = [(line, key) for line, key in wrong if not may_differ(line[0][0], *line[1:], key)]
        print(f"{len(self.numbers)} numbers, {len(asked)} spellings, {len(wrong)} differ:", dict(Counter(line[1] for line, _ in wrong)))
        self.assertGreater(len(self.numbers), 1500)
        self.assertEqual(unexplained[:20], [])

    def test_the_comparison_bites(self):
        asked = [(text, country) for number in self.numbers[:50] for _, text, country in styles(*number)]
        want = [one_key(number[1]) for number in self.numbers[:50] for _ in styles(*number)]
        shifted = [(re.sub(r"\d(?=\D*$)", lambda m: str((int(m[0]) + 1) % 10), text), country) for text, country in asked]
        self.assertLess(sum(a == b for a, b in zip(ours(shifted), want)), len(asked) // 5)

    def test_different_numbers_have_different_keys(self):
        keys = ours([(text, "") for _, text in self.numbers])
        self.assertEqual(len(set(keys)), len({one_key(text) for _, text in self.numbers}))

    def test_random_digits_read_as_both_oracles_read_them(self):
        chance = random.Random(self.seed + 1)
        regions = sorted(phonenumbers.SUPPORTED_REGIONS - {"AC", "TA"})
        codes = {region: str(phonenumbers.country_code_for_region(region)) for region in regions}
        asked = []
        for _ in range(RANDOM_NUMBERS):
            region = chance.choice(regions)
            front = chance.choice(["", "", "0", "1", "8", "00", "+" + codes[region], "+" + codes[region] + "0", codes[region], "+", "+" + codes[chance.choice(regions)]])
            asked.append((front + "".join(chance.choice("0123456789") for _ in range(chance.randint(5, 12))), region))
        both = [(line, key, a) for line, key, a, b in zip(asked, ours(asked), newest(asked), debians(asked)) if a == b != ""]
        wrong = [each for each in both if each[1] != one_key(each[2])]
        print(f"{len(asked)} random numbers, {len(both)} valid, {len(wrong)} differ", wrong[:10])
        self.assertGreater(len(both), RANDOM_NUMBERS // 25)
        self.assertLess(len(wrong), len(both) // 100)
        for (text, region), key, theirs in wrong:
            self.assertTrue(is_explained(text, region, key, theirs), f"{text} in {region}: {key}, theirs {theirs}")


if __name__ == "__main__":
    unittest.main()
