"""Rows held against leads as FORMATS.md "Reconciliation" says it, written from that text alone: slow and plain. Of spellings it knows those that
test_reconcile.py writes."""

import datetime
import re
from decimal import Decimal

QUARTER, DAY = 900_000, 86_400_000
EPOCH = datetime.datetime(1970, 1, 1)
PAID, OPEN = ("approved", "converted"), ("pending", "held")
WORDS = {"approved": "paid", "confirmed": "paid", "sale": "paid", "pending": "open", "onhold": "open", "rejected": "unpaid", "chargeback": "unpaid",
         "cancelled": "unpaid"}


def state_of(status):
    return "paid" if status in PAID else "open" if status in OPEN else "unpaid"


def owed(lead):
    return lead["micros"] if state_of(lead["status"]) != "unpaid" else 0


def ms_of(year, month, day, rest="0:0:0"):
    hour, minute, second = map(int, rest.split(":"))
    return round((datetime.datetime(year, month, day, hour, minute, second) - EPOCH).total_seconds() * 1000)


class Row:
    """One row as its cells say it. `form` of its time: None, day, wall, universal."""

    def __init__(self, cells, number, currency):
        self.number, self.lead_key, self.macro = number, cells.get("lead", ""), False
        self.keys = {}
        for name in ("lead", "txid", "click_id"):
            text = cells.get(name, "").strip()
            if re.search(r"\{\w*\}|%\w+%", text):
                self.macro, text = True, ""
            self.keys[name] = "" if text in ("null", "undefined") else text
        self.request = cells.get("request_id", "")
        self.when(cells.get("at", ""))
        self.state = WORDS.get(re.sub(r"[^a-z]", "", cells.get("status", "").lower()))
        self.currency = cells.get("currency") or currency
        text = re.sub(r"[^\d.,()-]", "", cells.get("amount", ""))
        sign = -1 if "-" in text or "(" in text else 1
        text = re.sub(r"[()-]", "", text)
        if cells.get("comma"):
            text = text.replace(".", "").replace(",", ".")
        self.micros = sign * int(Decimal(text.replace(",", "") or 0) * 1_000_000)
        self.lead = self.of_row = self.refusal = None

    def when(self, text):
        self.form, self.ms = None, 0
        if not text:
            return
        if match := re.fullmatch(r"\d{10}", text):
            self.form, self.ms = "universal", int(text) * 1000
        elif match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)?)?", text):
            year, month, day, time, zone = match.groups()
            self.form, self.ms = "universal" if zone else "wall" if time else "day", ms_of(int(year), int(month), int(day), time or "0:0:0")
            if zone and zone != "Z":
                self.ms -= (1 if zone[0] == "+" else -1) * (int(zone[1:3]) * 60 + int(zone[4:])) * 60_000
        else:
            day, month, year, time = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})(?: (\d\d:\d\d:\d\d))?", text).groups()
            self.form, self.ms = "wall" if time else "day", ms_of(int(year), int(month), int(day), time or "0:0:0")

    def owed(self):
        return 0 if self.state == "unpaid" else self.micros


class Model:
    """case: what test_reconcile.py tells the program; rows: dicts of cells by the known names; numbers: theirs in the file."""

    def __init__(self, case, rows, numbers):
        self.case, self.currency = case, case.get("currency", "EUR")
        self.columns = {name for row in rows for name in row}
        self.money = "amount" in self.columns
        self.rows = [Row(cells, number, self.currency) for cells, number in zip(rows, numbers)]
        self.leads = [dict(lead, row=None, wall=lead["at_ms"] + 1000 * lead["offset_s"]) for lead in case["leads"]]
        self.bounds = [self.bound(case.get(name)) for name in ("from", "to")]
        for lead in self.leads:
            lead["inside"] = self.holds(lead["at_ms"], lead["wall"])
        self.last_offset = next((1000 * lead["offset_s"] for lead in reversed(self.leads) if lead["inside"]), 0)
        self.pair()
        self.find_shift()
        for row in self.rows:
            row.wall = row.ms if row.form != "universal" else row.ms + (1000 * row.lead["offset_s"] if row.lead else self.last_offset)
            row.outside = self.is_outside(row)
        self.newest = max((row.wall + (DAY - 1 if row.form == "day" else 0) for row in self.rows if row.form and not row.outside), default=None)
        self.refuse()

    # ---- period ----

    @staticmethod
    def bound(text):
        return text and ("day", ms_of(*map(int, text.split("-")))) if not text or len(text) == 10 else ("time", Row({"at": text}, 0, "").ms)

    def before(self, at, wall):
        first = self.bounds[0]
        return first and (wall // DAY < first[1] // DAY if first[0] == "day" else at < first[1])

    def behind(self, at, wall):
        last = self.bounds[1]
        return last and (wall // DAY > last[1] // DAY if last[0] == "day" else at >= last[1])

    def holds(self, at, wall):
        return not self.before(at, wall) and not self.behind(at, wall)

    def is_outside(self, row):
        if not row.form or (row.lead and row.lead["inside"]):
            return False
        offset = 1000 * row.lead["offset_s"] if row.lead else self.last_offset
        ends = row.wall, row.wall + (DAY - 1 if row.form == "day" else 0)
        return self.before(ends[1] - offset, ends[1]) or self.behind(ends[0] - offset, ends[0])

    # ---- pairs ----

    def index_of(self, row):
        key = row.keys["lead"]
        return int(key) if key.isdigit() else self.case.get("references", {}).get(key) if key else None

    def first(self, name, key):
        return next((row for row in self.rows if row.keys[name] == key), None)

    def marry(self, row, lead):
        row.lead, lead["row"] = lead, row

    def pair(self):
        for row in self.rows:
            row.index = self.index_of(row)
            row.click = self.case.get("click_ids", {}).get(row.keys["click_id"]) if row.keys["click_id"] else None
        for lead in self.leads:
            row = next((row for row in self.rows if row.index == lead["index"]), None)
            if row:
                self.marry(row, lead)
        shared = {lead["txid"] for lead in self.leads if lead.get("txid")} & {row.keys["txid"] for row in self.rows}
        for txid in shared:
            row = self.first("txid", txid)
            open_leads = [lead for lead in self.leads if lead.get("txid") == txid and not lead["row"]]
            if not row.lead and open_leads:
                self.marry(row, max(open_leads, key=lambda lead: (lead["party"] == self.case.get("party"), not self.refused_at_once(lead), lead["index"])))
        by_key = [row for row in self.rows if not row.lead and self.has_twin(row)]
        for strict in (True, False) if not shared else (True,):
            for lead in self.leads:
                for row in self.rows:
                    if not lead["row"] and lead.get("click") is not None and row.click == lead["click"] and not row.lead and row.index is None \
                            and row not in by_key and not (strict and row.keys["txid"] and lead.get("txid")):
                        self.marry(row, lead)
        for row in self.rows:
            row.twin = not row.lead and (self.has_key_before(row) or row in by_key)

    @staticmethod
    def refused_at_once(lead):
        return (lead.get("came") or lead["status"]) in ("rejected", "duplicate")

    def has_twin(self, row):
        """Names, by reference or txid, a lead that another row has by one of these."""
        return any(lead["row"] and (lead["index"] == row.index or (row.keys["txid"] and lead.get("txid") == row.keys["txid"])) for lead in self.leads)

    def has_key_before(self, row):
        before = self.rows[:self.rows.index(row)]
        if row.index is not None and any(other.index == row.index for other in before):
            return True
        if row.keys["txid"]:
            return any(other.keys["txid"] == row.keys["txid"] for other in before)
        return row.index is None and row.click is not None and any(other.click == row.click for other in before)

    # ---- shift ----

    def find_shift(self):
        pairs = [(row, row.lead) for row in self.rows if row.lead and row.form]
        best = []
        for universal in (False, True):
            votes = {}
            for quarters in range(-104, 105):
                votes[quarters] = sum(self.agrees(row, lead, quarters, universal) for row, lead in pairs)
            best.append(max(votes.items(), key=lambda item: (item[1], -abs(item[0]), -item[0])))
        self.utc = best[1][1] > best[0][1]
        quarters, count = best[self.utc]
        if 2 * count < len(pairs) or not count:
            quarters, self.utc = 0, False
        self.shift = quarters * QUARTER

    @staticmethod
    def agrees(row, lead, quarters, universal):
        base = lead["at_ms"] if universal else lead["wall"]
        wall = row.ms + (1000 * lead["offset_s"] if row.form == "universal" else 0)
        if row.form == "day":
            return (base + quarters * QUARTER) // DAY == wall // DAY
        return -QUARTER // 2 < wall - base - quarters * QUARTER <= QUARTER // 2

    def shown(self, lead):
        """What the rows' clock shows when the lead comes."""
        return (lead["at_ms"] if self.utc else lead["wall"]) + self.shift

    def instant(self, row):
        return row.ms if row.form == "universal" else row.ms - self.shift - (0 if self.utc else self.last_offset)

    # ---- outcome ----

    def differs(self, row, lead):
        log, out = state_of(lead["status"]), set()
        if row.state != log if row.state else log == "unpaid" and not (self.money and row.micros == 0):
            out.add("status")
        if row.currency != self.currency:
            out.add("currency")
        elif self.money and row.owed() != owed(lead):
            out.add("amount")
        if row.form and row.wall // DAY != lead["wall"] // DAY:
            out.add("day")
        return out

    @staticmethod
    def unpaid(lead):
        if lead.get("test") or lead.get("reason") == "test":
            return "test"
        if lead["status"] == "duplicate":
            return "duplicate"
        if lead["status"] == "rejected" and lead.get("reason") in ("bot", "honeypot"):
            return "bot"
        if lead["status"] == "rejected" and lead.get("reason") in ("no_click", "unknown_click", "unrecorded_click"):
            return "unknown_click"
        return "rejected" if lead["status"] in ("rejected", "returned") else None

    def by_shift(self, row, lead):
        return row.form and (self.shift or self.utc) and self.shown(lead) // DAY == row.wall // DAY

    def paired(self, row, lead):
        if not lead["inside"]:
            return "missing_here", "zone" if self.by_shift(row, lead) else "late" if self.behind(lead["at_ms"], lead["wall"]) else "early"
        differs = self.differs(row, lead)
        if not differs:
            return "matched", ""
        if "status" in differs:
            return "differing", self.unpaid(lead) or "state"
        if "currency" in differs:
            return "differing", "currency"
        if "amount" in differs:
            coin = {"EUR": 10_000, "JPY": 1_000_000, "KWD": 1000}[self.currency]
            return "differing", "rounding" if abs(row.owed() - owed(lead)) < coin else "unexplained"
        return "differing", "zone" if self.by_shift(row, lead) else "late" if row.wall // DAY < lead["wall"] // DAY else "early"

    def alone(self, row):
        named = any(row.keys.values())
        if row.twin:
            return "duplicate"
        if not named and row.macro:
            return "literal_macro"
        if row.refusal is not None:
            return "refused"
        if row.keys["lead"] and (row.index is not None or "references" in self.case):
            return "unknown_lead"
        if row.keys["click_id"] and "click_ids" in self.case:
            found = next((click["class"] for click in self.case.get("clicks", []) if click["index"] == row.click), None)
            if row.click is None or found is None:
                return "unknown_click"
            if found in ("bot", "datacenter", "prefetch", "embedded", "test"):
                return "test" if found == "test" else "bot"
        if (row.keys["lead"] and row.index is None) or (row.keys["click_id"] and "click_ids" not in self.case):
            return "not_judged"
        if not named:
            return "no_key"
        return "late" if row.form and self.instant(row) > self.case["last_ms"] else "unexplained"

    def refuse(self):
        told = self.case.get("refusals", [])
        for n, refusal in enumerate(told):
            row = next((row for row in self.rows if row.request == refusal["request_id"] and not row.lead and row.refusal is None), None)
            if row:
                row.refusal = n
        free = [row for row in self.rows if not row.lead and not row.outside and row.form in ("wall", "universal") and self.alone(row) == "unexplained"]
        for n, refusal in enumerate(told):
            if any(row.refusal == n for row in self.rows):
                continue
            near = [(abs(self.instant(row) - refusal["at_ms"]), self.instant(row), row) for row in free if row.refusal is None]
            near = [item for item in near if item[0] <= 5000]
            if near:
                min(near, key=lambda item: item[:2])[2].refusal = n

    def left(self, lead):
        if word := self.unpaid(lead):
            return word
        moved = self.shown(lead) - lead["wall"]
        if moved and not self.holds(lead["at_ms"] + moved, lead["wall"] + moved):
            return "zone"
        return "late" if self.newest is not None and self.shown(lead) > self.newest else "unexplained"

    # ---- the answer ----

    def answer(self):
        days, explained, items = {}, {}, []
        counts = dict.fromkeys(("differing", "log", "matched", "missing_here", "missing_there", "outside", "rows"), 0)

        def tell(kind, reason, micros, where):
            counts[kind] += 1
            if kind != "matched":
                n, total = explained.get((kind, reason), (0, 0))
                explained[kind, reason] = (n + 1, total + micros)
                items.append((kind, reason, where))

        for row in self.rows:
            if row.outside:
                counts["outside"] += 1
                continue
            counts["rows"] += 1
            kind, reason = self.paired(row, row.lead) if row.lead else ("missing_here", self.alone(row))
            own = row.owed() if self.money and row.currency == self.currency else 0
            tell(kind, reason, own - (owed(row.lead) if self.money and row.lead and row.lead["inside"] else 0), row.number)
            day = row.wall // DAY if row.form else row.lead["wall"] // DAY if row.lead else None
            self.add(days, day, 2, own)
        for lead in self.leads:
            if lead["inside"]:
                counts["log"] += 1
                self.add(days, lead["wall"] // DAY, 0, owed(lead))
                if not lead["row"]:
                    tell("missing_there", self.left(lead), -owed(lead) if self.money else 0, lead["index"])
        return {"counts": counts, "items": items, "explained": explained, "shift": {"minutes": self.shift // 60_000, "of": "utc" if self.utc else "contract"},
                "days": {"" if day is None else f"{EPOCH + datetime.timedelta(days=day):%Y-%m-%d}": sums for day, sums in days.items()}}

    @staticmethod
    def add(days, day, at, micros):
        sums = days.setdefault(day, [0, 0, 0, 0])
        sums[at] += 1
        sums[at + 1] += micros
