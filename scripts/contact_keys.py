"""The keys of contact fields, as common/FORMATS.md "Contact keys" has them: for scripts/verify.py, written from that document alone.

An address and a telephone number have each one key, however they were typed. Of telephone numbers the table of common/decisions is read, which is data.
"""

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

# ---- texts ----

def code_points(spelled):
    """`9-D 20`: the characters of these hexadecimal ranges."""
    for each in spelled.split():
        first, _, last = each.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


BLANK = "".join(code_points("9-D 20 80-9F A0 AD 61C 115F 1160 1680 180E 2000-200F 2028-202F 205F-206F 2800 3000 3164 FEFF FFA0 FFF9-FFFB E0000-E007F"))
SPACES = set(code_points("9-D 20 A0 1680 2000-200A 202F 205F 3000"))
UNSEEN = set(BLANK) - SPACES


def trim(value):
    return value.strip(BLANK)


def digits_of_all_scripts(value):
    return "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in value)


COUNTRIES = set("""AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO
    CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL
    IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX
    MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX
    SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW""".split())  # ISO 3166-1, and Kosovo


def country(value):
    value = trim(value).upper()
    return {"UK": "GB", "EL": "GR"}.get(value, value)


# ---- addresses ----

LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
QUOTES = "\"'`\u00b4\u2018\u2019\u201c\u201d"

PROVIDERS = [  # domains, characters that are passed over, that become `-`, whether a label in front is the mailbox, the one domain for all
    ("gmail.com googlemail.com", ".", "", False, "gmail.com"),
    ("icloud.com me.com mac.com", "", "", False, "icloud.com"),
    ("proton.me protonmail.com protonmail.ch pm.me", "._-", "", False, "proton.me"),
    ("yandex.* ya.ru narod.ru", "", ".", False, "yandex.ru"),
    ("fastmail.* fastmail.net fastmail.org", "", "", True, ""),
    ("outlook.* hotmail.* live.* msn.* windowslive.com zoho.* zohomail.* hey.com gmx.* gmx.net gmx.org yahoo.* aol.com posteo.* mailbox.org", "", "", False, ""),
]


def provider(domain):
    for domains, *how in PROVIDERS:
        for name in domains.split():
            if domain == name or name.endswith(".*") and re.fullmatch(re.escape(name[:-1]) + r"(com|[a-z]{2}|com?\.[a-z]{2})", domain):
                return how
    return None


def good_local(local):
    return re.fullmatch(LOCAL, local) is not None and len(local) <= 64


def email_key(value):
    """The key of an address, "" of one that is not well formed; None where it takes the Unicode tables of UTS #46 to tell."""
    value = trim(value)
    if value.endswith(">") and "<" in value:
        value = value[value.index("<") + 1:-1]
    value = trim(trim(value).strip(QUOTES))
    if value[:7].lower() == "mailto:":
        value = trim(value[7:].partition("?")[0].strip(QUOTES))
    value = "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in value)
    before, at, behind = value.partition("@")
    value = "".join(c for c in before if c not in UNSEEN) + at + "".join(c for c in behind if c not in UNSEEN or c in "\u200c\u200d")
    value = "".join(" " if c in SPACES else c for c in value)
    local, at, domain = value.rpartition("@")
    local, domain = local.strip(' "'), domain.lstrip(' "').rstrip(' ".,;')
    if not at or len(value.encode()) > 1272 or local.count(" ") > 1 or not good_local(local := local.replace(" ", "+").lower()):
        return ""
    if not domain.isascii():
        return None
    domain = domain.lower()
    labels = domain.split(".")
    if len(domain) > 253 or len(labels) < 2 or labels[-1].isdigit() or not all(re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels):
        return ""
    kept = provider(domain)
    if kept is None and (above := provider(".".join(labels[1:]))) and above[2]:
        local, domain, kept = labels[0], ".".join(labels[1:]), above
    if kept is None:
        return f"{local}@{domain}"
    passed, dashes, _, mailbox = kept
    local = "".join("-" if c in dashes else c for c in local.partition("+")[0] if c not in passed)
    return f"{local}@{mailbox or domain}" if good_local(local) else ""


# ---- telephone numbers ----

class PhoneTable:
    """`decisions/phone_table.h`, which is data: an automaton over digits, and countries and plans (calling codes) with patterns in it."""

    def __init__(self, path):
        source = path.read_text()
        self.accepts = int(re.search(r"PHONE_ACCEPTS = (\d+)", source)[1])
        self.next = [int(n) for n in re.search(r"phone_next\[.*?\{(.*?)\}", source, re.DOTALL)[1].replace(",", " ").split()]
        rows = {}
        for name in ("rules", "plans", "countries"):
            block = re.search(rf"phone_{name}\[[^\]]*\] = \{{\n(.*?)\n\}};", source, re.DOTALL)[1]
            rows[name] = [[json.loads(cell) if cell[0] == '"' else int(cell, 0) for cell in row.split(", ")] for row in re.findall(r"\{(.*)\}", block)]
        self.rules = rows["rules"]
        self.plans = [Plan(*row) for row in rows["plans"]]
        self.countries = [Country(*row) for row in rows["countries"]]
        self.by_id = {row.id: row for row in self.countries}

    def ends(self, node, digits):
        """Lengths of the beginnings that a pattern accepts, the shortest first."""
        found = [0] if node >= self.accepts else []
        for at, digit in enumerate(digits, 1):
            node = self.next[10 * node + int(digit)]
            if node == 0:
                break
            if node >= self.accepts:
                found.append(at)
        return found

    def accepted(self, node, digits):
        return len(digits) in self.ends(node, digits)

    def plan_of(self, digits):
        return next((plan for plan in self.plans if digits.startswith(plan.code)), None)

    def without_prefix(self, here, digits, is_number):
        """What is left when one prefix is taken off by the country's rules; None where none goes."""
        for drop, keep, behind, to_end, put in self.rules[here.rules:here.rules + here.n_rules]:
            ways = [(a, b, c) for a in self.ends(drop, digits) for b in self.ends(keep, digits[a:]) for c in self.ends(behind, digits[a + b:])
                    if not to_end or a + b + c == len(digits)]
            if ways:
                a, b, c = max(ways)
                left = put + digits[a:a + b] + digits[a + b + c:]
                fits = here.lengths >> len(left) & 1 or len(left) >= here.lengths.bit_length()
                if left != digits and fits and (is_number(left) or not is_number(digits)):
                    return left
        return None

    def stripped(self, here, digits, is_number):
        """(number, whether anything went) when up to three prefixes are taken off; None if there is none."""
        for taken in range(4):
            if is_number(digits):
                return digits, taken > 0
            digits = self.without_prefix(here, digits, is_number) if taken < 3 else None
            if digits is None:
                return None
        return None

    def accepts_in(self, plan, *nodes):
        """Whether digits are a number by one of these patterns: code and number have at most 15 digits."""
        return lambda left: len(plan.code) + len(left) <= 15 and any(self.accepted(node, left) for node in nodes)

    def from_abroad(self, digits):
        """The number, read from the calling code on; None if it is none."""
        plan = self.plan_of(digits)
        if plan is None:
            return None
        rest, is_number = digits[len(plan.code):], self.accepts_in(plan, plan.number)
        if is_number(rest):
            return Number(self, plan, rest)
        left = self.stripped(self.countries[plan.main], rest, is_number) if plan.main >= 0 else None
        return Number(self, plan, left[0]) if left else None

    def inside(self, here, digits):
        """The number, read as it is dialled in the country; None if it is none."""
        plan = self.plans[here.plan]
        main = [self.countries[plan.main].number] if plan.main >= 0 else []
        left = self.stripped(here, digits, self.accepts_in(plan, here.number, *main))
        return Number(self, plan, *left) if left else None

    def read(self, typed, name):
        """The number that digits are, in the order of FORMATS; None if they are none."""
        digits, here = typed.digits, self.by_id.get(name) if name in COUNTRIES else None
        plan = self.plan_of(digits)
        if typed.zero is not None and plan and digits[:typed.zero] == plan.code:
            without, with_zero = self.from_abroad(digits[:typed.zero] + digits[typed.zero + 1:]), self.from_abroad(digits)
            found = with_zero if with_zero and not (without and without.mobile) else without
            if found:
                return found
        behind = self.from_abroad(digits[2:]) if digits.startswith("00") else None
        if typed.plus:
            return self.from_abroad(digits)
        if here is None:
            return behind
        if not (behind and behind.plan is self.plans[here.plan]):
            for length in self.ends(here.abroad, digits):
                found = self.from_abroad(digits[length:]) if length else None
                if found:
                    return found
        if behind:
            return behind
        inside, lost_plus = self.inside(here, digits), self.from_abroad(digits) if plan is self.plans[here.plan] else None
        if lost_plus and (inside is None or not inside.dialled and lost_plus.mobile and not inside.mobile):
            return lost_plus
        return inside


class Number:
    def __init__(self, table, plan, digits, dialled=False):
        self.plan, self.key, self.dialled, self.mobile = plan, f"+{plan.code}{digits}", dialled, table.accepted(plan.mobile, digits)


class Plan:
    def __init__(self, code, number_, mobile, main):
        self.code, self.number, self.mobile, self.main = code, number_, mobile, main


class Country:
    def __init__(self, id_, plan, number_, abroad, rules, n_rules, lengths):
        self.id, self.plan, self.number, self.abroad, self.rules, self.n_rules, self.lengths = id_, plan, number_, abroad, rules, n_rules, lengths


@lru_cache(maxsize=1)
def phone_table():
    return PhoneTable(Path(__file__).resolve().parent.parent / "common/decisions/phone_table.h")


PLUSES = "+\uff0b\ufe62\u2795\u207a"


class Typed:
    """What was typed as a telephone number: its digits, whether a plus stands in front, where a `(0)` stood; `read` is False of what reads as none."""

    def __init__(self, value):
        self.digits, self.plus, self.zero, self.mark, self.well = "", False, None, None, False
        value = trim(value)
        if re.fullmatch(r"[0-9.,]*[0-9][0-9.,]*[eE][+-]?[0-9]+", value):
            return
        value = re.sub(r"^(\+?[0-9]+)\.0$", r"\1", value)
        letters = 0
        for at, c in enumerate(value):
            n, category = len(self.digits), unicodedata.category(c)
            if category == "Nd":
                if n == 24:
                    if self.mark is None:
                        return
                    self.digits, self.zero = self.digits[:self.mark], self.zero if self.zero is not None and self.zero < self.mark else None
                    break
                if digits_of_all_scripts(c) == "0" and n and self.zero is None and value[at - 1] in "(\uff08" and value[at + 1:at + 2] in (")", "\uff09"):
                    self.zero = n
                self.digits += digits_of_all_scripts(c)
            elif c in "xX" and 0 < n < 4:
                pass
            elif category[0] == "L" and c != "\u30fc" or c in PLUSES:
                letters += c not in PLUSES
                if 0 < n < 4:
                    return
                if n >= 4:
                    break
                if letters > 16 or self.plus and c not in PLUSES:
                    return
                self.plus = self.plus or c in PLUSES
            elif c in "#;" and n >= 4:
                break
            elif c in ",/" and n >= 4 and self.mark is None:
                self.mark = n
        self.well = True

    def first(self):
        """What stands before the mark that parts two numbers."""
        part = Typed("")
        part.digits, part.plus, part.zero = self.digits[:self.mark], self.plus, self.zero if self.zero is not None and self.zero < self.mark else None
        return part


def phone_key(value, name):
    """The key of a telephone number as one dials it in this country; of what is none the digits that compare, without zeros in front, or ""."""
    typed = Typed(value)
    found = typed.well and (phone_table().read(typed, country(name)) or typed.mark is not None and phone_table().read(typed.first(), country(name)))
    digits = typed.digits.lstrip("0")
    return found.key if found else digits if 7 <= len(digits) <= 20 else ""
