"""A party's own rows held against the leads of a log (FORMATS "Reconciliation"). For scripts/verify.py, which holds them against a mirror; the
tests hold this file's answers against the server's.

The order of the file is that of the work: the bytes a table, its columns, what cells say, pairs of row and lead, the shift of the rows' clock, what
each is and why, what they add up to, the CSV.
"""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache
from typing import NamedTuple

from contact_keys import BLANK, code_points

MOST_ROWS, MOST_LEADS, MOST_BYTES, ROW_BYTES, MOST_COLUMNS, TXID_BYTES, SHOWN_BYTES = 1_000_000, 4_000_000, 256 << 20, 65_536, 256, 4096, 160
LARGEST = 2**53 - 1
MINUTE, QUARTER, QUARTERS, DAY = 60_000, 900_000, 26 * 4, 86_400_000
BOM, REPLACEMENT = "\ufeff", "\ufffd"
FORMULA = "'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]"
CELL_STARTS = "(?:\\A|(?<=[;,\t|\"\r\n]))"
GUARDED, UNGUARDED = re.compile(f"{CELL_STARTS}(?={FORMULA})"), re.compile(f"{CELL_STARTS}'(?={FORMULA})")
PICTURE = "[" + "".join(code_points("A9 AE 203C 2049 2122 2139 2190-21FF 2300-27BF 2900-297F 2B00-2BFF 3030 303D 3297 3299 1F000-1FAFF")) + "][\ufe0e\ufe0f]?"
HIDDEN = re.compile(f"({PICTURE}(?:\u200d{PICTURE})*|\ufe0f\u20e3)|[" + "".join(code_points(
    "80-9F AD 34F 61C 115F-1160 17B4-17B5 180B-180F 200B-200F 2028-202E 2060-206F 2800 3164 FE00-FE0F FEFF FFA0 FFF0-FFFB 13430-1343F 1BCA0-1BCA3 1D173-1D17A E0000-E0FFF")) + "]")


class Unread(Exception):
    """The rows cannot be read: where, and why."""

    def __init__(self, where, why):
        super().__init__(f"{where} {why}".strip())
        self.where = where


class Asked(NamedTuple):
    """What the reader says of the rows. dates: dmy, mdy; decimal: point, comma; None: not said. first, end: of the period, as `bound` reads them."""
    map: str = ""
    dates: str | None = None
    decimal: str | None = None
    first: tuple | None = None
    end: tuple | None = None
    party: str = ""


# ---- the table ----

class Table:
    """`names`: its columns. `rows`: (number, cells), cells by the column's place; what is not there is ""."""

    def __init__(self, data):
        if len(data) > MOST_BYTES:
            raise Unread("", "have more than 256 MiB")
        text = characters(data)
        start = text.lstrip(" \t\r\n")[:1]
        if not start or start == "{":
            raise Unread("", "are no table: no rows, or an object where an array of them belongs")
        self.json = start == "["
        all_text(text)
        self.mark = None
        self.header, self.none = 1, False  # where the names stand; an array of nothing, which has no names
        self.names, self.rows = self.read_json(text) if self.json else self.read_csv(text)

    def where(self, number, name=""):
        return f"{'row' if self.json else 'line'} {number}" + (f", {cut(name, 60)}" if name else "")

    # CSV

    def read_csv(self, text):
        told = re.match("sep=([^\r\n\x80-\U0010ffff])\r?(?:\n|\\Z)", text, re.IGNORECASE)
        self.mark = told[1] if told else most_of(text)
        records = self.records(text, told.end() if told else 0, 1 + bool(told))
        names = next(records, None)
        if names is None:
            raise Unread("", "hold no rows")
        self.header = names[0]
        return [strip(name) for name in names[1]], self.body(records, len(names[1]))

    def body(self, records, width):
        for number, cells in records:
            if len(cells) > width:
                raise Unread(self.where(number), f"has {len(cells)} cells, and the first line names {width} columns")
            yield number, [unguarded(strip(cell)) for cell in cells] + [""] * (width - len(cells))

    def records(self, text, at, line):
        field = re.compile(f'"((?:[^"]|"")*+)"|([^{re.escape(self.mark)}"\r\n]*+)')
        while at < len(text):
            start = at
            while (empty := re.compile("\r?\n").match(text, at)) is not None:
                at, line = empty.end(), line + 1
            if at == len(text):
                return
            number, cells = line, []
            while True:
                found = field.match(text, at)
                at, line = found.end(), line + found[0].count("\n")
                end = re.compile("\r?\n").match(text, at)
                if at < len(text) and text[at] != self.mark and not end:
                    raise Unread(self.where(number), "is not CSV")
                if len(cells) == MOST_COLUMNS:
                    raise Unread(self.where(number), f"has more than {MOST_COLUMNS} cells")
                cells.append(found[2] if found[1] is None else found[1].replace('""', '"'))
                if at == len(text):
                    break
                if end:
                    at, line = end.end(), line + 1
                    break
                at += 1
                if at == len(text):
                    break
            if 4 * (at - start) > ROW_BYTES and len(text[start:at].encode()) > ROW_BYTES:
                raise Unread(self.where(number), f"is longer than {ROW_BYTES} bytes")
            yield number, cells

    # JSON

    def read_json(self, text):
        names, objects = {}, []
        for number, value in self.elements(text):
            for name in value:
                if name not in names and (len(names) == MOST_COLUMNS or len(name.encode()) > 255):
                    raise Unread(self.where(number), "brings more than 256 names, or one of more than 255 bytes")
                names.setdefault(name, len(names))
            objects.append(value)
        names, self.none = list(names), not objects
        return names, ((number, Members(self, number, names, value)) for number, value in enumerate(objects, 1))

    def elements(self, text):
        reader = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=refuse_constant, object_pairs_hook=undoubled)
        blanks = re.compile("[ \t\r\n]*")
        at, number = blanks.match(text).end() + 1, 1
        at = blanks.match(text, at).end()
        ended = text[at:at + 1] == "]"
        while not ended:
            try:
                value, end = reader.raw_decode(text, at)
                good = isinstance(value, dict) and "\0" not in json.dumps(value, ensure_ascii=False).replace("\\u0000", "\0")
                good = good and (4 * (end - at) <= ROW_BYTES or len(text[at:end].encode()) <= ROW_BYTES)
            except (ValueError, RecursionError):
                good = False
            behind = blanks.match(text, end).end() if good else 0
            if not good or text[behind:behind + 1] not in ("]", ","):
                raise Unread(self.where(number), "is no object of the array, or nothing that may follows it")
            yield number, value
            ended, at, number = text[behind] == "]", blanks.match(text, behind + 1).end(), number + 1
        if text[at + (number == 1):].strip(" \t\r\n"):
            raise Unread(self.where(number), "stands behind the array")


class Members:
    """The cells of an object, by the column's place; one that is an object or a list refuses the rows when it is asked."""

    def __init__(self, table, number, names, value):
        self.table, self.number, self.names, self.value = table, number, names, value

    def __getitem__(self, place):
        value = self.value.get(self.names[place])
        if isinstance(value, (dict, list)):
            raise Unread(self.table.where(self.number, self.names[place]), "must be a text or a number")
        return "" if value is None else strip(value) if isinstance(value, str) else "true" if value else "false"


def refuse_constant(text):
    raise ValueError(f"{text} is no JSON")


def undoubled(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a doubled member")
    return dict(pairs)


def characters(data):
    """The text of the bytes: UTF-16 by its mark or its zeros, else UTF-8; what is none of it is found later, by its line."""
    zeros = [byte == 0 for byte in data[:4]]
    if len(data) >= 4 and (data[:2] in (b"\xff\xfe", b"\xfe\xff") or zeros in ([True, False] * 2, [False, True] * 2)):
        little = data[1] == 0 or data[:2] == b"\xff\xfe"
        text = data[:len(data) // 2 * 2].decode("utf-16-le" if little else "utf-16-be", "surrogatepass")
    else:
        text = data.decode(errors="surrogateescape")
    return text.removeprefix(BOM)


def all_text(text):
    found = re.search("[\0\ud800-\udfff]", text)
    if found:
        raise Unread(f"line {text.count(chr(10), 0, found.start()) + 1}", "is no text in UTF-8 or UTF-16")


def most_of(text):
    """The mark that the first line has most of, outside quotes."""
    first = re.match('(?:[^"\n]|"[^"]*(?:"|\\Z))*', text)[0]
    counts = Counter(re.sub('"[^"]*(?:"|\\Z)', "", first))
    return max(",;\t|", key=lambda mark: counts[mark])


def strip(text):
    return text.strip(BLANK)


def unguarded(text):
    return UNGUARDED.sub("", text) if "'" in text else text


def cut(text, most):
    """So many bytes of it, and no half character."""
    return text if 4 * len(text) <= most else text.encode()[:most].decode(errors="ignore")


# ---- columns ----

COLUMNS = {
    "lead": "lead leadref leadreference countersignlead",
    "txid": "txid transactionid orderid conversionid ordernumber orderno orderref orderreference actionid eventid saleid leadid externalid uniqueid transaction order oid reference",
    "click_id": "clickid cid subid cnvid clickref clickreference click",
    "request_id": "requestid",
    "at": "at time timestamp datetime conversiontime conversiondate transactiondate transactiontime leaddate leadtime orderdate ordertime eventdate eventtime createdat created"
          " date day",
    "micros": "micros payoutmicros amountmicros",
    "amount": "payout payoutamount commission commissionamount earnings amount price cost cpa cpl",
    "currency": "currency currencycode payoutcurrency commissioncurrency ccy",
    "status": "status state conversionstatus leadstatus transactionstatus commissionstatus approvalstatus"}


def plain(text):
    """Its letters and digits without case; None of what is not ASCII."""
    return re.sub("[^a-z0-9]", "", text.lower()) if text.isascii() else None


def columns(table, said):
    """{name: place} of the columns that are taken, by the map and by their names."""
    taken, told = {}, set()
    for pair in said.removesuffix(",").split(",") if said else []:
        word, colon, name = (strip(part) for part in pair.partition(":"))
        if not colon or word not in COLUMNS or word in told:
            raise Unread("map", "must be pairs such as txid:Order ID,amount:#4, each column once")
        told.add(word)
        number = int(name[1:]) if re.fullmatch("#[1-9][0-9]{0,8}", name) else 0
        if not name:
            continue  # none is to be taken
        if name in table.names:
            if table.names.count(name) > 1:
                raise Unread(table.where(table.header, name), "names two columns: say which by its number")
            taken[word] = table.names.index(name)
        elif 1 <= number <= len(table.names):
            taken[word] = number - 1
        elif not table.none:
            raise Unread("map", f"names for {word} a column that the rows do not have")
    names = [plain(name) for name in table.names]
    for word, others in COLUMNS.items():
        if word == "amount" and "micros" in taken:
            continue  # the exact one counts
        for other in others.split():
            free = [place for place, name in enumerate(names) if name == other and place not in taken.values()]
            if word not in told and word not in taken and free:
                if len(free) > 1:
                    raise Unread(table.where(table.header, table.names[free[0]]), "names two columns: say which by its number")
                taken[word] = free[0]
    if not table.none and not {"lead", "txid", "click_id"} & set(taken):
        raise Unread(table.where(1), "names no column that says which lead a row is about: say --map txid:YOUR NAME")
    return taken


# ---- what cells say ----

ZEROS = {"Z": 0, "UTC": 0, "GMT": 0}
DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?!\d)", re.ASCII)
CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?:[.,](\d{1,9}))?(?: *([ap])m)?", re.ASCII | re.IGNORECASE)
OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(?:(\d\d)(\d\d)|(\d{1,2})(?::(\d\d))?)", re.ASCII | re.IGNORECASE)


class Untold(Exception):
    """It may mean either of two things."""


def order_told(cell):
    """dmy or mdy, where this cell alone tells."""
    found = DATE.match(cell)
    if not found or len(found[1]) == 4 or len(found[4]) != 4:
        return None
    return "dmy" if found[2] == "." or int(found[1]) > 12 else "mdy" if int(found[3]) > 12 else None


def day_ms(year, month, day):
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not (2000 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= (31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]):
        raise ValueError("no day")
    year -= month <= 2
    return (365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 719_469) * DAY


def clock_ms(hour, minute, second):
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("no time of a day")
    return ((hour * 60 + minute) * 60 + second) * 1000


def read_time(cell, order):
    """(form, ms): day, wall (a clock that says no zone) or universal. ValueError: none; Untold: day or month may be first."""
    if re.fullmatch("[0-9]+", cell):
        return read_digits(cell)
    found = DATE.match(cell)
    if not found:
        raise ValueError("no date")
    first, second, last = int(found[1]), int(found[3]), int(found[4])
    if len(found[1]) == 4 and len(found[4]) <= 2:
        day = day_ms(first, second, last)
    elif len(found[1]) <= 2 and len(found[4]) == 4:
        order = order_told(cell) or order
        if order is None and first != second:
            raise Untold
        day = day_ms(last, first, second) if order == "mdy" else day_ms(last, second, first)
    else:
        raise ValueError("no date")
    rest = cell[found.end():]
    return ("day", day) if not rest else read_clock(rest, day)


def read_clock(rest, day):
    clock = CLOCK.match(rest[1:].strip(" "))
    if rest[0] not in "Tt ," or not clock:
        raise ValueError("no time")
    hour, half = int(clock[1]), (clock[5] or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError("no hour")
    hour = hour % 12 + 12 * (half == "p") if half else hour
    ms = day + clock_ms(hour, int(clock[2]), int(clock[3] or 0)) + int((clock[4] or "").ljust(3, "0")[:3])
    zone = rest[1:].strip(" ")[clock.end():].strip(" ")
    if not zone:
        return "wall", ms
    if zone.upper() in ZEROS:
        return "universal", ms
    offset = OFFSET.fullmatch(zone)
    if not offset:
        raise ValueError("no offset")
    away = clock_ms(int(offset[2] or offset[4]), int(offset[3] or offset[5] or 0), 0)
    return "universal", ms + away if offset[1] == "-" else ms - away


def read_digits(cell):
    if len(cell) in (8, 14):
        ms = day_ms(int(cell[:4]), int(cell[4:6]), int(cell[6:8]))
        return ("day", ms) if len(cell) == 8 else ("wall", ms + clock_ms(int(cell[8:10]), int(cell[10:12]), int(cell[12:])))
    ms = int(cell) * (1000 if len(cell) in (9, 10) else 1)
    if len(cell) not in (9, 10, 12, 13) or not day_ms(2000, 1, 1) <= ms < day_ms(2099, 12, 31) + DAY:
        raise ValueError("no time")
    return "universal", ms


def bound(text):
    """One end of the period; None for anything else."""
    try:
        form, ms = read_time(text, None)
    except (ValueError, Untold):
        return None
    return None if form == "wall" else (form, ms)


def cross(first, end):
    """Whether a period of these ends holds nothing, in whatever zone its days are."""
    if not first or not end:
        return False
    if first[0] == end[0] == "day":
        return first[1] > end[1]
    return first[1] - (first[0] == "day") * 14 * 3_600_000 >= end[1] + (end[0] == "day") * 36 * 3_600_000


SIGNS = "$\u20ac\u00a3\u00a5"
WITHIN = " '\u00a0\u2009\u202f\u2019"


def number_of(cell):
    """(minus, its digits and marks, letters beside it). ValueError: no amount."""
    rest, minus, code = strip(cell), False, ""
    if len(rest) > 2 and rest[0] == "(" and rest[-1] == ")":
        rest, minus = strip(rest[1:-1]), True
    for back in (False, False, True, True):
        if not minus and rest[-1 if back else 0:][:1] in ("-", "\u2212") and rest:
            rest, minus = strip(rest[:-1] if back else rest[1:]), True
        three = rest[-3:] if back else rest[:3]
        if len(rest.encode()) > 3 and re.fullmatch("[A-Za-z]{3}", three):
            rest, code = rest[:-3] if back else rest[3:], three
        elif rest and (rest[-1] if back else rest[0]) in SIGNS:
            rest = rest[:-1] if back else rest[1:]
        rest = strip(rest)
    rest = rest[1:] if rest[:1] == "+" and not minus else rest
    digits = rest[:1] + re.sub(f"[{WITHIN}]", "", rest[1:])
    if len(digits) > 64 or not re.fullmatch("[0-9.,]*[0-9]", digits):
        raise ValueError("no amount")
    return minus, digits, code


def divides(digits):
    """Which of its marks divides decimals; "": none does; "?": it may be either."""
    marks = [c for c in digits if c in ".,"]
    if len(set(marks)) == 2:
        return marks[-1]
    if len(marks) != 1:
        return ""
    front, _, behind = digits.partition(marks[0])
    return "?" if len(behind) == 3 and 1 <= len(front) <= 3 and digits[0] != "0" else marks[0]


def mark_told(cell):
    """point or comma, where this cell alone tells which divides decimals."""
    try:
        _, digits, _ = number_of(cell)
    except ValueError:
        return None
    mark = divides(digits)
    if not mark and digits.count(".") + digits.count(",") > 1:
        mark = "," if "." in digits else "."  # 1.234.567: of thousands
    return {".": "point", ",": "comma"}.get(mark)


@lru_cache(maxsize=4096)
def read_amount(cell, decimal):
    """(micros, letters beside it). ValueError: none, or too much; Untold: thousands, or three decimals."""
    minus, digits, code = number_of(cell)
    mark = divides(digits)
    if mark == "?" and decimal is None:
        raise Untold
    mark = "," if mark == "?" and decimal == "comma" else "." if mark == "?" else mark
    front, _, behind = digits.partition(mark) if mark else (digits, "", "")
    groups = re.split("[.,]", front)
    if not behind.isdigit() and behind or len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
        raise ValueError("no amount")
    micros = int("".join(groups) or 0) * 1_000_000 + int(behind[:6].ljust(6, "0"))
    if micros > LARGEST:
        raise ValueError("too much")
    return -micros if minus else micros, code


STATES = {word: state for state, all_words in {
    "paid": "approved accepted valid validated confirmed payable paid locked converted sale sold success",
    "open": "pending held hold onhold open new review inreview waiting",
    "unpaid": "rejected declined refused denied invalid cancelled canceled void trash duplicate duplicated returned refunded reversed chargeback unpayable"}.items()
    for word in all_words.split()}
NOTHING = "null", "(null)", "nil", "undefined", "none", "nan", "n/a", "0", "-"
NAME = "[A-Za-z_.-][A-Za-z0-9_.-]{0,31}"
MACRO = re.compile(r"\{ *[A-Za-z0-9_.-]{1,32} *\}|%%" + NAME + "%%|(?<![A-Za-z0-9])(?:" + rf"\[{NAME}\]|#{NAME}#|%{NAME}%|<{NAME}>" + ")(?![A-Za-z0-9])")
CURRENCIES = {**dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0), **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
              **dict.fromkeys("CLF UYW".split(), 4), **dict.fromkeys("""AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR
    LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
    SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG""".split(), 2)}


class Row:
    """What one row says. `index`, `click`: what its reference and click id open to. `form` of its time: None, day, wall, universal."""
    __slots__ = ("number", "shown", "index", "txid", "click", "unopened", "foreign_lead", "foreign_click", "macro", "request", "form", "ms", "state", "currency", "micros",
                 "lead", "twin", "refused", "outside", "wall")

    def __init__(self, number):
        self.number = number
        self.index = self.click = self.form = self.state = self.lead = None
        self.txid = self.request = ""
        self.ms = self.micros = self.wall = 0
        self.unopened = self.foreign_lead = self.foreign_click = self.macro = self.twin = self.refused = self.outside = False

    def owed(self):
        return 0 if self.state == "unpaid" else self.micros

    def named(self):
        return self.index is not None or self.txid or self.click is not None or self.unopened or self.foreign_lead or self.foreign_click


class Rows:
    """All of them, read. open_lead, open_click: a reference's or click id's index, None: it does not open; each itself None: nobody here opens them."""

    def __init__(self, data, asked, currency, open_lead=None, open_click=None):
        self.table, self.currency, self.open_lead, self.open_click = Table(data), currency, open_lead, open_click
        self.column = columns(self.table, asked.map)
        self.money = bool({"amount", "micros"} & set(self.column))
        raw = self.survey(asked)
        self.all = [self.read(number, cells) for number, cells in raw]

    def cell(self, cells, name):
        return cells[self.column[name]] if name in self.column else ""

    def survey(self, asked):
        """All rows; by them, what divides decimals and whether day or month is first."""
        raw, orders, marks = [], set(), set()
        for number, cells in self.table.rows:
            if len(raw) == MOST_ROWS:
                raise Unread(self.table.where(number), f"is the row behind {MOST_ROWS}")
            orders.add(order_told(self.cell(cells, "at")))
            marks.add(mark_told(self.cell(cells, "amount")) if "amount" in self.column else None)
            raw.append((number, cells))
        self.dates, self.decimal = asked.dates or only(orders), asked.decimal or only(marks)
        if self.decimal is None and self.table.json:
            self.decimal = "point"
        return raw

    def key(self, row, cells, name):
        text = self.cell(cells, name)
        if MACRO.search(text):
            row.macro = True
            return ""
        return "" if text.lower() in NOTHING else text

    def read(self, number, cells):
        row = Row(number)
        row.shown = tuple(cut(self.cell(cells, name), SHOWN_BYTES) for name in ("lead", "txid", "click_id"))
        for name, read in (("txid", self.read_keys), ("at", self.read_at), ("amount", self.read_money), ("status", self.read_status)):
            try:
                read(row, cells)
            except Untold:
                raise Unread(self.where(number, name), "may be read in two ways, and no other row tells: say --dates or --decimal") from None
            except ValueError as error:
                raise Unread(self.where(number, str(error) if str(error) in self.column else name), "does not read") from None
        return row

    def where(self, number, name):
        return self.table.where(number, self.table.names[self.column[name]] if name in self.column else "")

    def read_keys(self, row, cells):
        lead, txid, click = (self.key(row, cells, name) for name in ("lead", "txid", "click_id"))
        if re.fullmatch("0|[1-9][0-9]{0,15}", lead) and int(lead) < LARGEST:
            row.index = int(lead)
        elif lead:
            row.unopened = self.open_lead is None
            row.index = self.open_lead(lead) if self.open_lead else None
            row.foreign_lead = not row.unopened and row.index is None
        if len(txid.encode()) > TXID_BYTES:
            raise ValueError("txid")
        row.txid = unicodedata.normalize("NFC", txid)
        if click:
            row.unopened = row.unopened or self.open_click is None
            row.click = self.open_click(click) if self.open_click else None
            row.foreign_click = self.open_click is not None and row.click is None
        request = self.cell(cells, "request_id").lower()
        row.request = request if re.fullmatch("[0-9a-f]{16}", request) and int(request, 16) else ""

    def read_at(self, row, cells):
        if text := self.cell(cells, "at"):
            row.form, row.ms = read_time(text, self.dates)

    def read_money(self, row, cells):
        code = ""
        if text := self.cell(cells, "amount"):
            row.micros, code = read_amount(text, self.decimal)
        if text := self.cell(cells, "micros"):
            if not re.fullmatch("0|-?[1-9][0-9]*", text) or abs(int(text)) > LARGEST:
                raise ValueError("micros")
            row.micros = int(text)
        row.currency = self.currency
        for name, told in (("amount", code), ("currency", self.cell(cells, "currency"))):
            if told and told.upper() not in CURRENCIES:
                raise ValueError(name)
            row.currency = told.upper() or row.currency

    def read_status(self, row, cells):
        if text := self.cell(cells, "status"):
            row.state = STATES.get(plain(text))
            if row.state is None:
                raise ValueError("status")


def only(told):
    told = told - {None}
    return told.pop() if len(told) == 1 else None


# ---- leads ----

PAID, OPEN = ("approved", "converted"), ("pending", "held")


class Lead:
    """One of the log. `came`: the status that it came with; micros: what it pays as it stands, or would."""
    __slots__ = ("index", "at_ms", "wall", "offset_ms", "txid", "click", "party", "came", "status", "reason", "test", "micros", "sale", "row", "inside")

    def __init__(self, index, at_ms, offset_s, came, status, micros, reason="", txid="", click=None, party="", test=False, sale=0):
        self.index, self.at_ms, self.offset_ms, self.wall = index, at_ms, 1000 * offset_s, at_ms + 1000 * offset_s
        self.txid, self.click, self.party, self.came, self.status, self.reason = txid, click, party, came, status, reason
        self.test = test or reason == "test"
        self.micros = micros if status in PAID + OPEN else 0
        self.sale = sale if status in PAID else 0  # what of micros is the share of its sale
        self.row = None

    def state(self):
        return "paid" if self.status in PAID else "open" if self.status in OPEN else "unpaid"

    def unpaid(self):
        """Why it does not count; None of others."""
        if self.test:
            return "test"
        if self.status == "duplicate":
            return "duplicate"
        if self.status == "rejected" and self.reason in ("bot", "honeypot"):
            return "bot"
        if self.status == "rejected" and self.reason in ("no_click", "unknown_click", "unrecorded_click"):
            return "unknown_click"
        return "rejected" if self.state() == "unpaid" else None


# ---- pairs ----

def up(ms):
    """Quarters of an hour, rounded up."""
    return -(-ms // QUARTER)


class Reconciliation:
    """Rows held against the leads of a log, in its order. classes: {index: class} of its clicks; refusals: [{at_ms, request_id}], None: nobody here knows."""

    def __init__(self, rows, leads, asked, classes, last_ms, refusals=None):
        self.table, self.rows, self.asked, self.classes, self.last_ms = rows, rows.all, asked, classes, last_ms
        for lead in leads:
            lead.inside = self.holds(lead.at_ms, lead.wall)
        self.last_offset = next((lead.offset_ms for lead in reversed(leads) if lead.inside), 0)
        named = {"index": set(), "txid": set(), "click": set()}
        for row in self.rows:
            for name, keys in named.items():
                keys.add(getattr(row, name))
        self.leads = [lead for lead in leads if lead.inside or lead.index in named["index"] or lead.click is not None and lead.click in named["click"]
                      or lead.txid and lead.txid in named["txid"]]
        if len(self.leads) > MOST_LEADS:
            raise Unread("", "are of a period of too many leads: name a shorter one")
        self.pair()
        self.shift, self.utc = self.find_shift()
        for row in self.rows:
            row.wall = row.ms if row.form != "universal" else row.ms + (row.lead.offset_ms if row.lead else self.last_offset)
            row.outside = self.is_outside(row)
        self.newest = max(((row.wall // MINUTE + 1) * MINUTE - 1 + (row.form == "day") * (DAY - MINUTE) for row in self.rows if row.form and not row.outside), default=None)
        if refusals:
            self.refuse(refusals)
        self.judge()

    # the period

    def before(self, at_ms, wall):
        first = self.asked.first
        return first is not None and (wall // DAY < first[1] // DAY if first[0] == "day" else at_ms < first[1])

    def behind(self, at_ms, wall):
        end = self.asked.end
        return end is not None and (wall // DAY > end[1] // DAY if end[0] == "day" else at_ms >= end[1])

    def holds(self, at_ms, wall):
        return not self.before(at_ms, wall) and not self.behind(at_ms, wall)

    def is_outside(self, row):
        if not row.form or (row.lead and row.lead.inside):
            return False
        offset, last = row.lead.offset_ms if row.lead else self.last_offset, row.wall + (row.form == "day") * (DAY - 1)
        return self.before(last - offset, last) or self.behind(row.wall - offset, row.wall)

    # pairs

    @staticmethod
    def marry(row, lead):
        row.lead, lead.row = lead, row

    def pair(self):
        first = {"index": {}, "txid": {}, "click": {}}
        of_click = defaultdict(list)
        for row in self.rows:
            for name, keys in first.items():
                if getattr(row, name) not in (None, ""):
                    keys.setdefault(getattr(row, name), row)
            if row.click is not None:
                of_click[row.click].append(row)
        by_index, by_txid = {lead.index: lead for lead in self.leads}, defaultdict(list)
        for lead in self.leads:
            if lead.index in first["index"]:
                self.marry(first["index"][lead.index], lead)
            if lead.txid:
                by_txid[lead.txid].append(lead)
        shared = first["txid"].keys() & by_txid.keys()
        for txid in shared:
            free = [lead for lead in by_txid[txid] if lead.row is None]
            if first["txid"][txid].lead is None and free:
                self.marry(first["txid"][txid], max(free, key=lambda lead: (lead.party == self.asked.party != "", lead.came not in ("rejected", "duplicate"), lead.index)))
        for row in self.rows:
            there = [by_index[row.index]] if row.index in by_index else []
            row.twin = row.lead is None and any(lead.row for lead in there + (by_txid.get(row.txid, []) if row.txid else []))
        for strict in (True,) if shared else (True, False):
            for lead in self.leads:
                if lead.row is None and lead.click is not None:
                    fits = (row for row in of_click.get(lead.click, ()) if not row.lead and not row.twin and row.index is None and not (strict and row.txid and lead.txid))
                    if row := next(fits, None):
                        self.marry(row, lead)
        for row in self.rows:
            if not row.lead and not row.twin:
                row.twin = row.index is not None and first["index"][row.index] is not row or bool(row.txid) and first["txid"][row.txid] is not row \
                    or row.index is None and not row.txid and row.click is not None and first["click"][row.click] is not row

    # the shift

    def find_shift(self):
        pairs = [(row, row.lead) for row in self.rows if row.lead and row.form]
        best = []
        for utc in (False, True):
            change = Counter()
            for row, lead in pairs:
                away = row.ms + (lead.offset_ms if row.form == "universal" else 0) - (lead.at_ms if utc else lead.wall)
                low, high = (up(away), up(away + DAY) - 1) if row.form == "day" else (up(away - QUARTER // 2),) * 2
                if high >= -QUARTERS and low <= QUARTERS:
                    change[max(low, -QUARTERS)] += 1
                    change[min(high, QUARTERS) + 1] -= 1
            agree, votes = 0, []
            for quarters in range(-QUARTERS, QUARTERS + 1):
                agree += change[quarters]
                votes.append((agree, -abs(quarters), -quarters))
            best.append(max(votes))
        utc = best[1][0] > best[0][0]
        count, _, quarters = best[utc]
        return (-quarters * QUARTER, utc) if count and 2 * count >= len(pairs) else (0, False)

    def shown(self, lead):
        """What the rows' clock shows when the lead comes."""
        return (lead.at_ms if self.utc else lead.wall) + self.shift

    def instant(self, row):
        return row.ms if row.form == "universal" else row.ms - self.shift - (0 if self.utc else self.last_offset)

    # ---- what each is, and why ----

    def differs(self, row, lead):
        log, said = lead.state(), []
        if row.state != log if row.state else log == "unpaid" and not (self.table.money and row.micros == 0):
            said.append("status")
        if row.currency != self.table.currency:
            said.append("currency")
        elif self.table.money and row.owed() != lead.micros:
            said.append("amount")
        if row.form and row.wall // DAY != lead.wall // DAY:
            said.append("day")
        return [word for word in ("status", "amount", "currency", "day") if word in said]

    def by_shift(self, row, lead):
        return row.form and (self.shift or self.utc) and self.shown(lead) // DAY == row.wall // DAY

    def paired(self, row, lead, differs):
        if not lead.inside:
            return "missing_here", "zone" if self.by_shift(row, lead) else "late" if self.behind(lead.at_ms, lead.wall) else "early"
        if not differs:
            return "matched", ""
        if "status" in differs:
            return "differing", lead.unpaid() or "state"
        if "currency" in differs:
            return "differing", "currency"
        if "amount" in differs:
            coin = 10 ** (6 - CURRENCIES[self.table.currency])
            price = lead.sale and abs(row.owed() - lead.micros + lead.sale) < coin
            return "differing", "rounding" if abs(row.owed() - lead.micros) < coin else "sale" if price else "unexplained"
        return "differing", "zone" if self.by_shift(row, lead) else "late" if row.wall // DAY < lead.wall // DAY else "early"

    def alone(self, row):
        if row.twin:
            return "duplicate"
        if row.macro and not row.named():
            return "literal_macro"
        if row.refused:
            return "refused"
        if row.index is not None or row.foreign_lead:
            return "unknown_lead"
        if row.foreign_click or row.click is not None and row.click not in self.classes:
            return "unknown_click"
        if row.click is not None and self.classes[row.click] in ("bot", "datacenter", "prefetch", "embedded", "test"):
            return "test" if self.classes[row.click] == "test" else "bot"
        if row.unopened:
            return "not_judged"
        if not row.named():
            return "no_key"
        return "late" if row.form and self.instant(row) > self.last_ms else "unexplained"

    def refuse(self, refusals):
        by_request = defaultdict(list)
        for row in self.rows:
            by_request[row.request].append(row)
        left = []
        for refusal in refusals:
            row = next((row for row in by_request[refusal["request_id"]] if not row.lead and not row.refused), None) if refusal["request_id"] else None
            if row:
                row.refused = True
            else:
                left.append(refusal)
        free = [row for row in self.rows if not row.lead and not row.outside and not row.refused and row.form in ("wall", "universal") and self.alone(row) == "unexplained"]
        for refusal in left:
            near = [(abs(self.instant(row) - refusal["at_ms"]), self.instant(row), n, row) for n, row in enumerate(free) if not row.refused]
            near = [each for each in near if each[0] <= 5000]
            if near:
                min(near)[3].refused = True

    def left(self, lead):
        if word := lead.unpaid():
            return word
        moved = self.shown(lead) - lead.wall
        if moved and not self.holds(lead.at_ms + moved, lead.wall + moved):
            return "zone"
        return "late" if self.newest is not None and self.shown(lead) > self.newest and self.asked.end is None else "unexplained"

    # ---- what they add up to ----

    def judge(self):
        """items: (class, reason, differs, row, lead); explained: {(class, reason): (how many, micros)}; days: {day: log n, log micros, rows n, rows micros}."""
        self.items, self.explained, self.days = [], {}, {}
        self.counts = dict.fromkeys(("differing", "log", "matched", "missing_here", "missing_there", "outside", "rows"), 0)
        self.row_micros = self.log_micros = 0
        self.foreign = Counter()
        for row in self.rows:
            if row.outside:
                self.counts["outside"] += 1
                continue
            differs = self.differs(row, row.lead) if row.lead and row.lead.inside else []
            kind, reason = self.paired(row, row.lead, differs) if row.lead else ("missing_here", self.alone(row))
            own = row.owed() if self.table.money and row.currency == self.table.currency else 0
            self.counts["rows"] += 1
            self.row_micros += own
            self.foreign[row.currency] += row.owed()
            self.add_day(row.wall // DAY if row.form else row.lead.wall // DAY if row.lead else None, 2, own)
            self.tell(kind, reason, differs, row, row.lead)
        for lead in self.leads:
            if lead.inside:
                self.counts["log"] += 1
                self.log_micros += lead.micros
                self.add_day(lead.wall // DAY, 0, lead.micros)
                if not lead.row:
                    self.tell("missing_there", self.left(lead), [], None, lead)
        sums = [self.row_micros, self.log_micros, self.row_micros - self.log_micros, *self.foreign.values(), *(micros for _, micros in self.explained.values()),
                *(sums[at] for sums in self.days.values() for at in (1, 3))]
        if any(abs(micros) > LARGEST for micros in sums):
            raise Unread("", "add up to more than 9007199254.740991: take a shorter period")

    def tell(self, kind, reason, differs, row, lead):
        self.counts[kind] += 1
        if kind != "matched":
            n, micros = self.explained.get((kind, reason), (0, 0))
            self.explained[kind, reason] = n + 1, micros + self.off(row, lead)
            self.items.append((kind, reason, differs, row, lead))

    def off(self, row, lead):
        """By how much the row is more than the log."""
        own = row.owed() if row and row.currency == self.table.currency else 0
        return own - (lead.micros if lead and lead.inside else 0) if self.table.money else 0

    def add_day(self, day, at, micros):
        sums = self.days.setdefault(day, [0, 0, 0, 0])
        sums[at] += 1
        sums[at + 1] += micros

    # ---- the CSV ----

    def csv(self):
        """The lines of the table, each with its end."""
        table = self.table.table
        mark = table.mark if table.mark in (";", "\t") else ","
        point = "," if mark != "," and self.table.decimal == "comma" else "."
        exponent = CURRENCIES[self.table.currency]

        def amounts(there, micros):
            return [str(micros), decimal(micros, exponent).replace(".", point)] if there else ["", ""]

        yield BOM + mark.join(CSV_COLUMNS) + "\r\n"
        for kind, reason, differs, row, lead in self.items:
            shown = row.shown if row else ("", cut(lead.txid, SHOWN_BYTES), "")
            cells = [kind, reason, WHY[reason], " ".join(differs), str(row.number) if row else "", str(lead.index) if lead else "", "" if lead else shown[0], *shown[1:],
                     day_said(row.wall // DAY) if row and row.form else "", day_said(lead.wall // DAY) if lead else "", row.state or "" if row else "",
                     lead.status if lead else "", lead.reason if lead else "", row.currency if row else self.table.currency]
            numbers = amounts(row and self.table.money, row.owed() if row else 0) + amounts(lead, lead.micros if lead else 0) + amounts(self.table.money, self.off(row, lead))
            yield mark.join([csv_cell(cell, mark) for cell in cells] + numbers) + "\r\n"


CSV_COLUMNS = ("class reason explained differs row index lead txid click_id own_day log_day own_status log_status log_reason currency own_micros own_amount log_micros log_amount"
               " difference_micros difference").split()
WHY = {"duplicate": "another row or lead is the same", "literal_macro": "its key is a macro that nobody filled in", "refused": "the server refused it",
       "unknown_lead": "no lead of this log has its reference", "unknown_click": "its click id names no click of this log", "bot": "its click or its lead was a program's",
       "test": "it is a test", "not_judged": "only the server can open its reference, or only the click keys its click id", "no_key": "every cell that could name a lead is empty",
       "rejected": "the log does not pay it", "state": "one has it as paid, the other as open or unpaid", "currency": "it is in another currency than the contract",
       "rounding": "the amounts differ by less than the smallest coin", "sale": "the row has the price alone, without the share of the sale", "zone": "the rows' clock is of another zone", "late": "the log received it later, or after the last row",
       "early": "the log received it earlier", "unexplained": "nothing that is known explains it"}


def csv_cell(text, mark):
    shown = HIDDEN.sub(lambda found: found[1] or REPLACEMENT, GUARDED.sub("'", text)).replace('"', '""')
    return f'"{shown}"' if re.search(f"[,\"\r\n{re.escape(mark)}]", text) else shown


def decimal(micros, exponent):
    whole, part = divmod(abs(micros), 1_000_000)
    part = f"{part:06}".rstrip("0").ljust(exponent, "0")
    return ("-" if micros < 0 else "") + str(whole) + (f".{part}" if part else "")


@lru_cache(maxsize=1024)
def day_said(day):
    from verify import rfc3339
    return rfc3339(max(day, 0) * DAY)[:10]


# ---- on a mirror ----

def click_name(place, unrecorded):
    """A click as rows and leads name it: one that left as unrecorded is no entry."""
    return place & LARGEST, bool(unrecorded)


def check(audit, given, _):
    """FORMATS "The checks", `reconcile`. given: the rows' bytes, what was asked, and where the table goes, or None; what was told stays in audit.rows_told."""
    from kept import click_keys, last_at, open_click  # which are written in the words of verify.py
    from verify import CannotTell, Fails
    audit.have(audit.ledger, "decisions")
    try:
        keys = click_keys(audit)
    except CannotTell:
        keys = None

    def opened(ident):
        click = open_click(keys, ident)
        known = click and (click[2] == 1 or click[2] == 0 and click[0] <= LARGEST)  # else it was answered to a HEAD
        return click_name(click[0], click[2]) if known else None

    data, asked, write = given
    currency = audit.ledger.versions.all[0].campaign["currency"] if audit.ledger.versions.all else ""
    if currency not in CURRENCIES:
        raise CannotTell("the contract has no currency that is known here")
    leads = [Lead(lead.index, lead.time, lead.entry.get("utc_offset_s", 0), lead.entry["status"], lead.status, lead.price + (lead.sale if lead.status in PAID else 0),
                  lead.entry.get("reason", ""), lead.entry.get("txid", ""),
                  click_name(lead.entry["click"], lead.entry.get("click_unrecorded", False)) if "click" in lead.entry else None, lead.entry["party"], lead.entry.get("test", False), lead.sale)
             for lead in audit.ledger.leads.values()]
    classes = {click_name(at, False): entry["class"] for at, entry in enumerate(audit.parsed) if entry["kind"] == "click"}
    try:
        told = Reconciliation(Rows(data, asked, currency, None, opened if keys else None), leads, asked, classes, last_at(audit))
    except Unread as error:
        raise CannotTell(f"the rows cannot be read: {error}") from None
    audit.rows_told = [f"{told.counts['rows']} rows, {told.counts['log']} leads: {told.counts['matched']} matched"
                       + (f"; the rows come to {told.row_micros} millionths, the log to {told.log_micros}" if told.table.money else "")]
    audit.rows_told += [f"{n} {kind} {reason}: {WHY[reason]}" + (f"; the rows less the log: {micros} millionths" if told.table.money else "")
                        for (kind, reason), (n, micros) in told.explained.items()]
    if write:
        write(told.csv())
    why = Counter(reason for _, reason, *_ in told.items)
    if why["unexplained"]:
        raise Fails(f"nothing explains {why['unexplained']} of what differs between the rows and the log ({told.counts['matched']} rows match)")
    if why["not_judged"]:
        raise CannotTell(f"{why['not_judged']} rows have only what cannot be opened here: give the txid or the click id")
    return f"{told.counts['matched']} rows match the log's leads; {len(told.items)} differ or miss their other half, each explained"
