"""A party's rows held against the log, by a model of their own: random logs, rows made from them in random spellings, each spoiled in at most
one way. Every row must be explained by the word for what spoiled it, every sum must add up. And what is asked here of the program is asked of
scripts/own_rows.py, which was written from FORMATS.md: it answers the same, to the cells of the table, and refuses the same rows for the same cell."""

import csv
import datetime
import io
import json
import os
import random
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parents[2] / "scripts"), str(Path(__file__).resolve().parents[1] / "twins")]

import own_rows  # noqa: E402
import test_refusals  # noqa: E402

SENTENCES = list(test_refusals.patterns().values())  # that pages say in other languages too

MS_DAY = 86_400_000
START = 1_793_491_200_000  # 2026-11-01T00:00:00Z
UNPAID = ("rejected", "duplicate", "returned")
STATE = {"approved": "paid", "converted": "paid", "pending": "open", "held": "open", "rejected": "unpaid", "duplicate": "unpaid", "returned": "unpaid"}
SPELLINGS = {"paid": ["approved", "Accepted", "CONFIRMED", "valid"], "open": ["pending", "On hold", "in review"],
             "unpaid": ["rejected", "Declined", "cancelled", "charge-back"]}
HEADERS = {"txid": ["txid", "Order ID", "transaction_id", "Conversion ID"], "click_id": ["Click ID", "clickid", "subid"],
           "at": ["Date", "time", "created_at", "Conversion date"], "amount": ["Payout", "amount", "Commission"],
           "currency": ["Currency", "currency_code"], "status": ["Status", "conversion status"]}


def ask(cases):
    done = subprocess.run([os.environ["RECONCILE_ANSWERS"]], input="".join(json.dumps(c) + "\n" for c in cases), capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for case, answer in zip(cases, answers):
        try:
            same(case, answer)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(case)[:4000]}") from None
    return answers


def same(case, answer):
    """What scripts/own_rows.py, written from FORMATS.md, says of the case: the program says it too, to the cells of its table."""
    unit = unittest.TestCase()
    try:
        told = second(case)
    except own_rows.Unread as error:
        unit.assertEqual(answer.get("error", {}).get("field"), error.where, (answer, str(error)))
        return
    unit.assertNotIn("error", answer)
    if "csv" in answer:
        if "most" not in case:
            unit.assertEqual(unexplained(answer["csv"]), unexplained("".join(told.csv())))
        return
    unit.assertEqual([said for said in {item["explained"] for item in answer["items"]} if not any(one.fullmatch(said) for one in SENTENCES)], [])
    unit.assertEqual(answer["columns"], {name: told.table.table.names[place] for name, place in told.table.column.items()})
    unit.assertEqual((answer["shift"], answer["counts"]), ({"minutes": told.shift // 60_000, "of": "utc" if told.utc else "contract"}, told.counts))
    items = [(kind, reason, differs, row.number if row else lead.index) for kind, reason, differs, row, lead in told.items]
    unit.assertEqual([(item["class"], item["reason"], item.get("differs", []), item.get("row", item.get("index"))) for item in answer["items"]], items[:20_000])
    unit.assertEqual({(part["class"], part["reason"]): (part["n"], part.get("micros", 0)) for part in answer["money"]["explained"]}, told.explained)
    unit.assertEqual({one["day"]: [one["log"]["n"], one["log"]["micros"], one["rows"]["n"], one["rows"].get("micros", 0)] for one in answer["days"]},
                     {"" if number is None else own_rows.day_said(number): sums for number, sums in told.days.items()})


def second(case):
    data = bytes.fromhex(case["rows"]) + case.get("again", "").encode() * case.get("times", 0) + case.get("behind", "").encode()
    def click(name, place):
        return None if place is None else own_rows.click_name(place, name)

    leads = [own_rows.Lead(l["index"], l["at_ms"], l["offset_s"], l.get("came") or l["status"], l["status"], l["micros"], l.get("reason", ""), l.get("txid", ""),
                           click(l.get("click_unrecorded"), l.get("click")), l["party"], l.get("test", False), l.get("sale", 0)) for l in case["leads"]]
    asked = own_rows.Asked(case.get("map", ""), {1: "dmy", 2: "mdy"}.get(case.get("dates")), {1: "point", 2: "comma"}.get(case.get("decimal")),
                           *(own_rows.bound(case[name]) if name in case else None for name in ("from", "to")), case.get("party", ""))
    rows = own_rows.Rows(data, asked, case.get("currency", "EUR"), case["references"].get if "references" in case else None,
                         (lambda ident: click(ident.startswith("u"), case["click_ids"].get(ident))) if "click_ids" in case else None)
    return own_rows.Reconciliation(rows, leads, asked, {click(False, one["index"]): one["class"] for one in case.get("clicks", [])}, case["last_ms"], case.get("refusals"))


def unexplained(text):
    """The table without its sentences, which are for people."""
    mark = max(";\t,", key=text.partition("\n")[0].count)
    return [cells[:2] + cells[3:] for cells in csv.reader(io.StringIO(text, newline=""), delimiter=mark)]


def rows_of(text):
    return (text if isinstance(text, bytes) else text.encode()).hex()


def wall(ms, offset_s=0):
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms + 1000 * offset_s)


def day(ms, offset_s=0):
    return wall(ms, offset_s).strftime("%Y-%m-%d")


def lead(index, at_ms, **more):
    return {"index": index, "at_ms": at_ms, "offset_s": 3600, "status": "approved", "micros": 8_000_000, "party": "P1", **more}


def one(text, leads, **more):
    return ask([{"rows": rows_of(text), "leads": leads, "last_ms": START + 40 * MS_DAY, **more}])[0]


def table(text, mark=","):
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=mark))


def words(answer):
    return [(item["class"], item["reason"]) for item in answer["items"]]


# ---- the model: a log, the rows that say the same, and what spoils a row ----

class Story:
    """Some leads, the row that each makes, and what should come of it."""

    def __init__(self, chance):
        self.chance = chance
        self.form = chance.choice(["day", "wall", "iso", "unix"])
        self.shift_ms = chance.choice([0, 0, -5, 8, 2]) * 3_600_000 if self.form in ("day", "wall") else 0
        self.offset_s = chance.choice([0, 3600, -18000, 19800])
        self.leads, self.rows, self.expected, self.clicks = [], [], [], {}
        for n in range(chance.randrange(60, 90)):
            self.add(n)
        for place in chance.sample(range(60), 12):
            self.spoil(place)

    def add(self, n):
        index = 3 * n + 1
        status = self.chance.choice(["approved"] * 6 + ["pending", "held", "converted", "returned"])
        l = lead(index, START + self.chance.randrange(28 * MS_DAY), offset_s=self.offset_s, status=status, txid=f"tx{n:04}",
                 micros=self.chance.choice([8_000_000, 12_500_000, 1_234_560_000]))
        self.leads.append(l)
        self.rows.append({"lead": l, "txid": l["txid"], "state": STATE[status], "micros": 0 if status in UNPAID else l["micros"],
                          "currency": "EUR", "click": "", "days": 0, "times": 1})
        self.expected.append(None)

    def spoil(self, n):
        row, l, chance = self.rows[n], self.leads[n], self.chance
        how = chance.choice(["dropped", "doubled", "rounding", "currency", "macro", "unknown", "state", "amount", "bot", "duplicate", "test",
                             "unknown_click", "rejected"])
        paid = STATE[l["status"]] != "unpaid"
        if how == "dropped":
            row["times"] = 0
            self.expected[n] = "dropped"
        elif how == "doubled":
            row["times"] = 2
            self.expected[n] = "doubled"
        elif how == "rounding" and paid:
            row["micros"] += chance.choice([-1, 1]) * chance.randrange(1, 10_000)
            self.expected[n] = ("differing", "rounding")
        elif how == "amount" and paid:
            row["micros"] += chance.choice([-1, 1]) * chance.randrange(10_000, 500_000)
            self.expected[n] = ("differing", "unexplained")
        elif how == "currency":
            row["currency"] = chance.choice(["USD", "JPY", "GBP"])
            self.expected[n] = ("differing", "currency")
        elif how in ("macro", "unknown", "unknown_click"):
            row.update({"macro": {"txid": chance.choice(["{txid}", "${transaction_id}", "%%ORDER%%"])}, "unknown": {"txid": f"nobody{n}"},
                        "unknown_click": {"txid": "", "click": "NoClickOfThisContract"}}[how])
            self.expected[n] = {"macro": "literal_macro", "unknown": "unexplained", "unknown_click": "unknown_click"}[how]
        elif how == "state" and paid:
            row["state"] = "open" if row["state"] == "paid" else "paid"
            self.expected[n] = ("differing", "state")
        elif how in ("bot", "duplicate", "test", "rejected"):
            l.update(status="duplicate" if how == "duplicate" else "rejected", reason={"rejected": "outside_profile"}.get(how, how))
            row.update(state="paid", micros=l["micros"])
            if how == "duplicate" and chance.random() < 0.5:
                l.update(dup_contract="C1", dup_index=1)
            self.expected[n] = ("differing", how)

    # what clocks of the rows show when the lead came
    def shown(self, row):
        return row["lead"]["at_ms"] + 1000 * self.offset_s + self.shift_ms

    def cells(self, row, style):
        ms = self.shown(row)
        at = {"day": lambda: style["day"](wall(ms)), "wall": lambda: wall(ms).strftime("%Y-%m-%d %H:%M:%S"),
              "iso": lambda: wall(row["lead"]["at_ms"]).strftime("%Y-%m-%dT%H:%M:%S") + "Z", "unix": lambda: str(row["lead"]["at_ms"] // 1000)}
        return {"txid": row["txid"], "click_id": row["click"], "at": at[self.form](), "amount": style["amount"](row["micros"]),
                "currency": row["currency"], "status": self.chance.choice(SPELLINGS[row["state"]])}

    def written(self):
        """The rows as a file, and the places of the log's leads in it: line or number, by their order."""
        chance = self.chance
        comma = chance.random() < 0.5
        order = chance.choice(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d"])
        style = {"day": lambda t: t.strftime(order), "amount": lambda m: money(m, comma)}
        names = {key: chance.choice(values) for key, values in HEADERS.items()}
        keys = list(names)
        chance.shuffle(keys)
        lines, places = [], []
        for n, row in enumerate(self.rows):
            for _ in range(row["times"]):
                lines.append(self.cells(row, style))
                places.append(n)
        if chance.random() < 0.3:
            text = json.dumps([{names[key]: cells[key] for key in keys} for cells in lines], ensure_ascii=False)
            return text.encode(), places, 1
        out = io.StringIO()
        writer = csv.writer(out, delimiter=chance.choice(";\t|,"), lineterminator=chance.choice(["\n", "\r\n"]))
        writer.writerow([names[key] for key in keys])
        writer.writerows([cells[key] for key in keys] for cells in lines)
        return out.getvalue().encode(chance.choice(["utf-8", "utf-8-sig", "utf-16"])), places, 2


def money(micros, comma):
    whole, part = divmod(abs(micros), 1_000_000)
    text = f"{whole:,}".replace(",", "." if comma else ",") + ("," if comma else ".") + (f"{part:06}".rstrip("0") or "0").ljust(2, "0")
    return ("-" if micros < 0 else "") + text


def owed(l):
    return 0 if l["status"] in UNPAID else l["micros"]


class Model(unittest.TestCase):
    def setUp(self):
        seed = int(os.environ.get("SEED", time.time_ns() // 1000))
        print(f"SEED={seed}")
        self.chance = random.Random(seed)

    def test_each_row_is_explained_by_what_spoiled_it(self):
        stories = [Story(self.chance) for _ in range(40)]
        files = [story.written() for story in stories]
        answers = ask([{"rows": rows_of(text), "leads": story.leads, "click_ids": {}, "last_ms": START + 40 * MS_DAY, "party": "P1"}
                       for story, (text, _, _) in zip(stories, files)])
        for story, (text, places, first), answer in zip(stories, files, answers):
            with self.subTest(form=story.form, shift=story.shift_ms, text=text[:300]):
                self.assertNotIn("error", answer)
                self.explained(story, places, first, answer)
                self.adds_up(story, places, answer)

    def explained(self, story, places, first, answer):
        by_row = {item["row"]: item for item in answer["items"] if "row" in item}
        by_index = {item["index"]: item for item in answer["items"] if item["class"] == "missing_there"}
        self.assertEqual(len(by_row) + len(by_index), len(answer["items"]))
        seen = set()
        for number, n in enumerate(places, first):
            row, expected, item = story.rows[n], story.expected[n], by_row.pop(number, None)
            said = item and (item["class"], item["reason"])
            moved = story.form == "day" or story.form == "wall"
            moved = moved and day(story.shown(row)) != day(row["lead"]["at_ms"], story.offset_s)
            if expected == "doubled" and n in seen:
                self.assertEqual((said, item["of_row"]), (("missing_here", "duplicate"), number - 1))
            elif isinstance(expected, str) and expected != "doubled":
                self.assertEqual(said, ("missing_here", expected))
            elif isinstance(expected, tuple):
                self.assertEqual(said, expected)
                if expected[1] == "duplicate" and row["lead"].get("dup_contract"):
                    self.assertEqual(item["of_index"], 1)
            else:
                self.assertEqual(said, ("differing", "zone") if moved else None)
            seen.add(n)
        self.assertEqual(by_row, {})
        newest = max(story.shown(story.rows[n]) // MS_DAY * MS_DAY + MS_DAY - 1 if story.form == "day" else story.shown(story.rows[n]) // 60_000 * 60_000 + 59_999
                     for n in places)
        for n, l in enumerate(story.leads):
            if story.expected[n] in ("dropped", "literal_macro", "unexplained", "unknown_click"):
                after = l["at_ms"] + (0 if answer["shift"]["of"] == "utc" else 1000 * story.offset_s) + 60_000 * answer["shift"]["minutes"] > newest
                word = "rejected" if l["status"] in UNPAID else "late" if after else "unexplained"
                self.assertEqual(by_index.pop(l["index"])["reason"], word)
        self.assertEqual(by_index, {})

    def adds_up(self, story, places, answer):
        total = answer["money"]
        own = sum(row_owed(story.rows[n]) for n in places if story.rows[n]["currency"] == "EUR")
        self.assertEqual((total["rows_micros"], total["log_micros"]), (own, sum(owed(l) for l in story.leads)))
        self.assertEqual(total["difference_micros"], total["rows_micros"] - total["log_micros"])
        self.assertEqual(total["difference_micros"], sum(part["micros"] for part in total["explained"]))
        self.assertEqual(sum(part["n"] for part in total["explained"]), len(answer["items"]))
        counts = answer["counts"]
        self.assertEqual((counts["rows"], counts["log"]), (len(places), len(story.leads)))
        self.assertEqual(counts["rows"], counts["matched"] + counts["differing"] + counts["missing_here"])
        self.assertEqual(counts["log"], counts["matched"] + counts["differing"] + counts["missing_there"])
        days = {}
        for l in story.leads:
            days.setdefault(day(l["at_ms"], story.offset_s), [0, 0, 0, 0])[0] += owed(l)
            days[day(l["at_ms"], story.offset_s)][1] += 1
        for n in places:
            row = story.rows[n]
            at = day(story.shown(row)) if story.form in ("day", "wall") else day(row["lead"]["at_ms"], story.offset_s)
            days.setdefault(at, [0, 0, 0, 0])[3] += 1
            days[at][2] += row_owed(row) if row["currency"] == "EUR" else 0
        self.assertEqual([(d["day"], d["log"]["micros"], d["log"]["n"], d["rows"]["micros"], d["rows"]["n"]) for d in answer["days"]],
                         [(d, *sums) for d, sums in sorted(days.items())])


def row_owed(row):
    return 0 if row["state"] == "unpaid" else row["micros"]


# ---- a matcher of its own ----

TXIDS, CLICKS, REFERENCES = [f"t{n}" for n in range(14)], [200 + n for n in range(8)], {f"Lref{n:043}": n for n in range(40)}


def chosen(chance, values, empty=0.3):
    return "" if chance.random() < empty else chance.choice(values)


def random_log(chance):
    offset, leads, at = chance.choice([0, 3600, -18_000, 20_700]), [], START + chance.randrange(2 * MS_DAY)
    for index in sorted(chance.sample(range(1, 40), chance.randrange(1, 22))):
        at += chance.randrange(MS_DAY // 3)
        status = chance.choice(["approved"] * 5 + ["pending", "held", "converted", "converted", "returned", "rejected", "duplicate"])
        l = lead(index, at, offset_s=offset, status=status, party=chance.choice(["P1", "P1", "P2"]), micros=chance.choice([8_000_000, 1_234_560_000]))
        if chance.random() < 0.8:
            l["txid"] = chance.choice(TXIDS)
        if chance.random() < 0.6:
            l |= {"click": chance.choice(CLICKS), "click_unrecorded": chance.random() < 0.2}
        if status == "converted" and chance.random() < 0.7:
            l["sale"] = chance.choice([5_000, 2_000_000, 3_210_000])
        if status == "rejected":
            l["reason"] = chance.choice(["bot", "honeypot", "no_click", "unknown_click", "outside_profile", "test"])
        if chance.random() < 0.1:
            l["test"] = True
        if chance.random() < 0.1:
            l["came"] = chance.choice(["rejected", "duplicate", "pending"])
        leads.append(l)
    return leads


def random_time(chance, form, ms, offset_s):
    local = wall(ms, offset_s)
    texts = {"day": local.strftime("%d.%m.%Y"), "wall": local.strftime("%d.%m.%Y %H:%M:%S"), "iso": wall(ms).strftime("%Y-%m-%dT%H:%M:%SZ"),
             "unix": str(ms // 1000), "offset": wall(ms, 19_800).strftime("%Y-%m-%dT%H:%M:%S+05:30"), "iso day": local.strftime("%Y-%m-%d")}
    return texts[form]


def random_rows(chance, leads, columns, comma):
    forms = chance.choice([["day"], ["wall"], ["iso"], ["unix"], ["offset"], ["day", "wall", "iso", "iso day", ""]])
    shift, rows = chance.choice([0, 0, 3600, -28_800, 19_800]), []
    for _ in range(chance.randrange(1, 26)):
        l = chance.choice(leads)
        micros = l["micros"] + chance.choice([0, 0, 0, 4000, -9999, 10_000, 2_000_000])
        if "sale" in l and chance.random() < 0.6:
            micros = l["micros"] - l["sale"] + chance.choice([0, 9999])
        form, at = chance.choice(forms), l["at_ms"] + chance.choice([0, 0, 0, 1, -1]) * chance.randrange(MS_DAY)
        cells = {"lead": chance.choice([str(l["index"]), *REFERENCES, "99", "Lnobody"]) if chance.random() < 0.3 else "",
                 "txid": chosen(chance, [l.get("txid", ""), chance.choice(TXIDS), "nobody", "{txid}", "null"]),
                 "click_id": chosen(chance, [f"{'u' if l.get('click_unrecorded') else 'c'}{l.get('click', 1)}", f"c{chance.choice(CLICKS)}", "foreign", "%CLICK%"], 0.5),
                 "request_id": chosen(chance, [f"{n:016x}" for n in range(1, 6)], 0.8),
                 "at": random_time(chance, form, at, l["offset_s"] + shift) if form else "",
                 "amount": money(micros, comma), "currency": chosen(chance, ["EUR", "USD"], 0.7),
                 "status": chosen(chance, ["approved", "Confirmed", "on hold", "pending", "charge-back", "rejected"], 0.4)}
        rows.append({name: cells[name] for name in columns})
    return rows


class Against(unittest.TestCase):
    """Any rows against any log, by two programs that know nothing of how they came about."""

    def setUp(self):
        self.seed = int(os.environ.get("SEED", time.time_ns() // 1000))
        print(f"SEED={self.seed}")

    def case(self, chance):
        leads, comma = random_log(chance), chance.random() < 0.5
        keys = chance.sample(["lead", "txid", "click_id"], chance.randrange(1, 4))
        columns = keys + [name for name in ("request_id", "at", "amount", "currency", "status") if chance.random() < 0.8]
        rows = random_rows(chance, leads, columns, comma)
        case = {"leads": leads, "last_ms": leads[-1]["at_ms"] + chance.choice([0, MS_DAY]), "party": "P1", "decimal": 2 if comma else 1}
        if chance.random() < 0.7:
            case["references"] = REFERENCES
        if chance.random() < 0.8:
            case |= {"click_ids": {f"{kind}{n}": n for n in CLICKS for kind in "cu"}, "clicks": [{"index": n, "class": chance.choice(["ok", "bot", "test", "prefetch"])} for n in CLICKS[:6]]}
        if chance.random() < 0.5:
            case["refusals"] = [{"at_ms": chance.choice(leads)["at_ms"] + chance.randrange(-9000, 9000), "request_id": f"{n:016x}", "reason": "no"} for n in range(1, 5)]
        for name, first in (("from", -2), ("to", 2)):
            at = chance.choice(leads)["at_ms"] + first * chance.randrange(MS_DAY)
            if chance.random() < 0.5:
                case[name] = chance.choice([wall(at).strftime("%Y-%m-%d"), wall(at).strftime("%Y-%m-%dT%H:%M:%SZ")])
        out = io.StringIO()
        writer = csv.writer(out, delimiter=chance.choice(";\t|,"))
        writer.writerow(columns)
        writer.writerows([row[name] for name in columns] for row in rows)
        return case | {"rows": rows_of(out.getvalue().encode(chance.choice(["utf-8", "utf-8-sig", "utf-16"])))}

    def test_any_rows_are_answered_alike_and_each_reason_comes_about(self):
        seen, tried = set(), 0
        reasons = {"duplicate", "literal_macro", "refused", "unknown_lead", "unknown_click", "bot", "test", "not_judged", "no_key", "rejected", "state",
                   "currency", "rounding", "sale", "unexplained", "zone", "late", "early"}
        while not seen >= reasons and tried < 3000:  # the rarest comes about in one of 55 cases: of 150 alone 1 in 16 would show none
            cases = [self.case(random.Random(f"{self.seed} {n}")) for n in range(tried, tried + 150)]
            seen |= {item["reason"] for answer in ask(cases) for item in answer["items"]}
            tried += 150
        self.assertEqual(seen, reasons, "each reason came about")
        ask([case | {"csv": 1} for case in cases[:60]])


# ---- odd sheets ----

ODD = {"at": ["2026-11-22", "2026-1-2", "22.11.26", "5/11/2026", "13/11/2026", "11/13/2026", "2026-11-22T10:00Z", "2026-11-22 10:00 pm", "2026-11-22,10:00:00.5 +0530",
              "20261122", "20261122250000", "1795305600", "2026/11/22 24:00", "2026-11-22 9:5", "2026-11-22T10:00:00 UTC+2", "2026-11-22 12:00am", "2026-11-22 12:30 pm", "2026-11-22 13:00 pm",
              "2026-02-29", " 2026-11-22 ", "2026-11-22T10:00:00+24:00", "0022.11.2026", "٢٠٢٦-11-22", "2026-11-22t10:00z", "4102444799", "4102444800", "946684799"],
       "amount": ["8", "8.5", "8,5", "1.234", "1,234", "1.234,5", "1.234.567", "1 234,5", "€8", "8€", "8 EUR", "EUR 8-", "( 8,5 )", "−8", "8-", "- EUR 8", "$-8", "--8", "8.",
                  ",5", "1,23,4", "12'345.5", "9007199254.740991", "9007199254.740992", "0.1234567", "000", "0,123", "usd1", "ABC 1", "1e3", "", "-", "EUR", "8 €€", "1.234.5"],
       "micros": ["8000000", "-5", "05", "1.5", "9007199254740991", "9007199254740992", "", "+5", "-0"], "currency": ["EUR", "eur", "USD", "XAU", "", "EURO"],
       "status": ["approved", "On Hold", "charge-back", "sonderbar", "", "APPROVED!", "p a i d"],
       "txid": ["a", "b", "{x}", "%x%", "%%y%%", "A[1]", "#x#", "<x>", "null", "N/A", "0", " e\u0301 ", "\u00e9", "'=x", "''=x", "=x", "x\ufe0f", "\u202ez", "12", "007",
                "9007199254740991", "a;=b", "{ x }", "{}", "%1x%", "x%y%z"]}
NAMES = {"txid": "txid", "Order ID": "txid", "lead": "txid", "Click ID": "txid", "at": "at", "Date": "at", "amount": "amount", "Payout": "amount", "micros": "micros",
         "payout_micros": "micros", "currency": "currency", "status": "status", "Notiz": "txid", "": "txid", "#2": "txid"}


class OddSheets(unittest.TestCase):
    """What no system exports, or what is cut: one program reads what the other reads, and refuses the same cell."""

    def cell(self, chance, name):
        cells = ODD[NAMES[name]]
        return chance.choice(cells[:6] if chance.random() < 0.6 else cells)

    def in_json(self, chance, names):
        rows = [{name: self.cell(chance, name) if chance.random() < 0.9 else chance.choice([1, 1.5, 1e3, True, None, [], {"a": 1}, 12345678901234567890]) for name in names}
                for _ in range(chance.randrange(1, 5))]
        text = json.dumps(rows, ensure_ascii=chance.random() < 0.5)
        return text[:-1] + chance.choice(["]"] * 8 + ["", "] x", ",]"])

    def in_csv(self, chance, names):
        mark, end = chance.choice(";,\t|"), chance.choice(["\n", "\r\n"])
        out = io.StringIO()
        writer = csv.writer(out, delimiter=mark, lineterminator=end)
        writer.writerow(names)
        for _ in range(chance.randrange(5)):
            writer.writerow([self.cell(chance, name) for name in names][:chance.choice([9, 9, 9, 1])] + ["more"] * (chance.random() < 0.03))
            out.write(end * (chance.random() < 0.1))
        text = (f"sep={mark}{end}" if chance.random() < 0.1 else "") + out.getvalue()
        return text.replace(chance.choice(['"', end]), chance.choice(["", "\r"]), 1) if chance.random() < 0.08 else text

    def case(self, chance):
        names = ["txid"] * (chance.random() < 0.8) + [chance.choice(list(NAMES)) for _ in range(chance.randrange(1, 5))]
        chance.shuffle(names)
        text = (self.in_json if chance.random() < 0.2 else self.in_csv)(chance, names)
        data = bytearray(text.encode(chance.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])))
        if chance.random() < 0.03:
            data[chance.randrange(len(data))] = chance.choice([0, 0xff, 0xc3])
        leads = [lead(n, START + n * MS_DAY, txid=txid, click=n) for n, txid in enumerate(("a", "\u00e9", "=x", "b"))]
        options = {"decimal": [1, 2], "dates": [1, 2], "click_ids": [{"a": 1, "b": 2}], "csv": [1],
                   "map": ["txid:#1", "txid:#2,amount:#1", "status:", "amount:Payout", "txid:txid,", "lead:#0", "micros:micros,amount:amount", "nothing:x", " txid : txid "]}
        return {"rows": rows_of(bytes(data)), "leads": leads, "last_ms": START + 40 * MS_DAY, "currency": chance.choice(["EUR", "EUR", "JPY", "KWD"]),
                **{name: chance.choice(values) for name, values in options.items() if chance.random() < 0.3}}

    def test_odd_sheets_are_read_alike(self):
        seed = int(os.environ.get("SEED", time.time_ns() // 1000))
        print(f"SEED={seed}")
        answers = ask([self.case(random.Random(f"{seed} odd {n}")) for n in range(1000)])
        self.assertTrue(100 < len([answer for answer in answers if "error" in answer]) < 900)


# ---- tables ----

NOON = START + 20 * MS_DAY + MS_DAY // 2


class Keys(unittest.TestCase):
    def test_an_id_that_left_as_unrecorded_names_its_lead_and_no_click_of_that_number(self):
        leads = [lead(1, NOON, click=7, click_unrecorded=True), lead(2, NOON, click=7)]
        told = {"click_ids": {"c7": 7, "u7": 7, "u8": 8, "c8": 8}, "clicks": [{"index": 7, "class": "ok"}, {"index": 8, "class": "ok"}]}
        answer = one("click_id\nu7\nc7\nu8\nc8\n", leads, **told)
        self.assertEqual((answer["counts"]["matched"], words(answer)), (2, [("missing_here", "unknown_click"), ("missing_here", "unexplained")]))
        self.assertEqual(words(one("click_id\nu7\n", leads[1:], **told)), [("missing_here", "unknown_click"), ("missing_there", "unexplained")])

    def test_reference_comes_before_txid_before_click(self):
        leads = [lead(1, NOON, txid="a", click=100), lead(2, NOON, txid="b", click=100), lead(3, NOON, click=200)]
        answer = one("lead,txid,click_id,amount\nLref,b,c2,8\n,a,c1,8\n,,c2,8\n,b,,8\n", leads, references={"Lref": 2},
                     click_ids={"c1": 100, "c2": 200})
        self.assertEqual(answer["counts"]["matched"], 3)
        self.assertEqual([(item["row"], item["reason"], item["of_row"]) for item in answer["items"]], [(5, "duplicate", 2)])

    def test_a_click_pairs_in_order_and_what_is_left_is_a_duplicate(self):
        leads = [lead(1, NOON, click=100), lead(2, NOON, click=100)]
        answer = one("click_id,amount\nc,8\nc,8\nc,8\n", leads, click_ids={"c": 100})
        self.assertEqual((answer["counts"]["matched"], words(answer)), (2, [("missing_here", "duplicate")]))

    def test_of_two_leads_with_one_txid_the_mended_one_and_ones_own_count(self):
        mended = [lead(1, NOON, txid="a", status="rejected", reason="missing_field"), lead(2, NOON, txid="a")]
        answer = one("txid,amount\na,8\n", mended)
        self.assertEqual((answer["counts"]["matched"], words(answer)), (1, [("missing_there", "rejected")]))
        theirs = [lead(1, NOON, txid="a", party="P1"), lead(2, NOON, txid="a", party="P2")]
        self.assertEqual([item["index"] for item in one("txid,amount\na,8\n", theirs, party="P1")["items"]], [2])
        self.assertEqual([item["index"] for item in one("txid,amount\na,8\n", theirs, party="P2")["items"]], [1])

    def test_two_books_with_ids_of_their_own_meet_by_the_click(self):
        leads = [lead(1, NOON, txid="ours1", click=100), lead(2, NOON, txid="ours2", click=101)]
        apart = one("txid,click_id,amount\nx1,c0,8\nx2,c1,8\n", leads, click_ids={"c0": 100, "c1": 101})
        self.assertEqual(apart["counts"]["matched"], 2)
        shared = one("txid,click_id,amount\nx1,c0,8\nours2,c1,8\n", leads, click_ids={"c0": 100, "c1": 101}, clicks=[{"index": 100, "class": "ok"}])
        self.assertEqual(words(shared), [("missing_here", "unexplained"), ("missing_there", "unexplained")])

    def test_why_a_key_finds_nothing(self):
        case = {"references": {}, "click_ids": {"bot": 7, "test": 8, "gone": 9, "fine": 10},
                "clicks": [{"index": 7, "class": "datacenter"}, {"index": 8, "class": "test"}, {"index": 10, "class": "ok"}]}
        rows = [("L" * 47, "", "", "unknown_lead"), ("", "", "bot", "bot"), ("", "", "test", "test"), ("", "", "gone", "unknown_click"),
                ("", "", "fine", "unexplained"), ("", "", "foreign", "unknown_click"), ("", "", "{click_id}", "literal_macro"),
                ("", "null", "", "no_key"), ("", "", "", "no_key"), ("99", "", "", "unknown_lead"), ("", "[txid]", "fine2", "literal_macro")]
        case["click_ids"]["fine2"] = 11
        text = "lead,txid,click\n" + "".join(f"{a},{b},{c}\n" for a, b, c, _ in rows[:-1])
        self.assertEqual([reason for _, reason in words(one(text, [], **case))], [row[3] for row in rows[:-1]])
        offline = one("lead,amount\n" + "L" * 47 + ",8\n", [lead(1, NOON)])
        self.assertEqual((words(offline)[0], offline["not_judged"]), (("missing_here", "not_judged"), ["lead", "refused"]))

    def test_what_was_refused_is_found_by_its_id_or_its_second(self):
        refusals = [{"at_ms": NOON, "request_id": "00000000000000aa", "reason": "must be one word"},
                    {"at_ms": NOON + MS_DAY, "request_id": "00000000000000bb", "reason": "must be two"}]
        text = ("txid,request_id,time\na,00000000000000aa,\nb,,2026-11-22T12:00:03Z\nc,,2026-11-22T12:00:02Z\nd,,2026-11-22T12:09:00Z\n"
                "{x},,2026-11-22T12:00:00Z\n")
        answer = one(text, [], refusals=refusals)
        self.assertEqual([reason for _, reason in words(answer)], ["refused", "unexplained", "refused", "unexplained", "literal_macro"])
        self.assertEqual((answer["items"][0]["explained"], answer["not_judged"]), ("the server refused it: must be one word", []))


class Periods(unittest.TestCase):
    LEADS = [lead(1, START - 3600_000 - 1, txid="before"), lead(2, START - 3600_000, txid="first"), lead(3, START + 30 * MS_DAY - 3600_001, txid="last"),
             lead(4, START + 30 * MS_DAY - 3600_000, txid="after")]
    TEXT = "txid,amount\nbefore,8\nfirst,8\nlast,8\nafter,8\n"

    def test_days_are_those_of_the_contract_and_both_are_in_it(self):
        answer = one(self.TEXT, self.LEADS, **{"from": "2026-11-01", "to": "2026-11-30"})
        self.assertEqual(words(answer), [("missing_here", "early"), ("missing_here", "late")])
        self.assertEqual((answer["period"], answer["counts"]["log"]), ({"from": "2026-11-01", "to": "2026-11-30"}, 2))

    def test_times_count_up_to_the_end_and_not_with_it(self):
        answer = one(self.TEXT, self.LEADS, **{"from": "2026-10-31T22:59:59.999Z", "to": "2026-11-30T23:00:00Z"})
        self.assertEqual(words(answer), [("missing_here", "late")])

    def test_a_file_that_goes_further_is_cut_and_a_shift_at_the_end_is_told(self):
        text = "txid,time\nbefore,2026-11-01 00:59:59\nfirst,2026-11-01 01:00:00\nlast,2026-12-01 00:59:59\nafter,2026-12-01 01:00:00\nx,2026-12-09\n"
        answer = one(text, self.LEADS, **{"from": "2026-11-01", "to": "2026-11-30"})
        self.assertEqual((words(answer), answer["counts"]["outside"]), ([("missing_here", "zone"), ("differing", "zone")], 2))
        self.assertEqual(answer["shift"], {"minutes": 60, "of": "contract"})

    def test_utc_over_a_change_of_clocks_is_one_shift(self):
        leads = [lead(n, START + n * MS_DAY - 1800_000, txid=f"t{n}", offset_s=7200 if n < 5 else 3600) for n in range(10)]
        text = "txid,time\n" + "".join(f"t{n},{wall(leads[n]['at_ms']):%Y-%m-%d %H:%M:%S}\n" for n in range(10))
        answer = one(text, leads)
        self.assertEqual((set(words(answer)), answer["shift"]), ({("differing", "zone")}, {"minutes": 0, "of": "utc"}))

    def test_days_that_nothing_shifts_are_late_or_early(self):
        leads = [lead(n, NOON, txid=f"t{n}") for n in range(9)]
        text = "txid,date\n" + "".join(f"t{n},2026-11-21\n" for n in range(7)) + "t7,2026-11-20\nt8,2026-11-23\n"
        self.assertEqual(words(one(text, leads)), [("differing", "late"), ("differing", "early")])

    def test_what_came_behind_the_file_or_behind_the_log_is_late(self):
        answer = one("txid,time\na,2026-11-21T11:00:00Z\nz,2027-02-01T00:00:00Z\n", [lead(1, NOON - 3600_000, txid="a"), lead(2, NOON, txid="b")])
        self.assertEqual(words(answer)[1:], [("missing_there", "unexplained")], "a row of February is the last one")
        text = "txid,time\na,2026-11-21T11:00:10Z\n"
        for at, word in ((NOON - 3600_000 + 59_999, "unexplained"), (NOON - 3600_000 + 60_000, "late")):
            self.assertEqual(words(one(text, [lead(1, NOON - 3600_000, txid="a"), lead(2, at, txid="b")])), [("missing_there", word)])
        answer = one(text, [lead(1, NOON - 3600_000, txid="a"), lead(2, NOON, txid="b")], to="2026-11-30")
        self.assertEqual(words(answer), [("missing_there", "unexplained")], "its rows are said to reach as far")
        answer = one("txid,time\nz,2027-02-01T00:00:00Z\n", [])
        self.assertEqual(words(answer), [("missing_here", "late")])


class States(unittest.TestCase):
    def test_a_row_without_state_counts_unless_its_amount_is_0(self):
        leads = [lead(1, NOON, txid="a", status="duplicate", reason="duplicate", dup_contract="other")]
        self.assertEqual(words(one("txid\na\n", leads)), [("differing", "duplicate")])
        self.assertEqual(words(one("txid,amount\na,0\n", leads)), [])
        self.assertEqual(words(one("txid,amount,status\na,8,declined\n", leads)), [])

    def test_without_amounts_no_money_is_compared(self):
        answer = one("txid\na\n", [lead(1, NOON, txid="a"), lead(2, NOON, txid="b")])
        self.assertEqual(answer["money"], {"explained": [{"class": "missing_there", "n": 1, "reason": "unexplained"}], "log_micros": 16_000_000})

    def test_less_than_the_smallest_coin_is_rounding_in_each_currency(self):
        for currency, off, word in (("EUR", 9_999, "rounding"), ("EUR", 10_000, "unexplained"), ("JPY", 999_999, "rounding"),
                                    ("JPY", 1_000_000, "unexplained"), ("BHD", 999, "rounding"), ("BHD", 1000, "unexplained")):
            for sign in (1, -1):
                answer = one(f"txid,micros\na,{8_000_000 + sign * off}\n", [lead(1, NOON, txid="a")], currency=currency)
                self.assertEqual((words(answer), answer["money"]["difference_micros"]), ([("differing", word)], sign * off))


    def test_a_price_without_the_share_of_its_sale_is_explained(self):
        sold = lead(1, NOON, txid="a", status="converted", micros=9_005_000, sale=1_005_000)
        for micros, word in ((8_000_000, "sale"), (8_009_999, "sale"), (7_990_001, "sale"), (8_010_000, "unexplained"), (7_990_000, "unexplained"), (9_000_000, "rounding"), (1_005_000, "unexplained")):
            self.assertEqual(words(one(f"txid,micros\na,{micros}\n", [sold])), [("differing", word)], micros)
        self.assertEqual(words(one("txid,micros\na,8000000\n", [{**sold, "status": "returned"}])), [("differing", "rejected")])


class Cells(unittest.TestCase):
    def amounts(self, *cells, **more):
        return one("txid;amount\n" + "".join(f"t{n};{cell}\n" for n, cell in enumerate(cells)), [], **more)

    def test_amounts_in_many_spellings(self):
        cells = [("8", 8), ("8.5", 8.5), ("1,234.50", 1234.5), ("12,345,678", 12345678), ("$8.00", 8), ("8.00 EUR", 8), ("EUR 8.00", 8), ("\u20ac8", 8),
                 ("(8.00)", -8), ("8.00-", -8), ("\u22128.00", -8), ("+8.00", 8), ("-EUR 8", -8), ("1\u202f234.5", 1234.5), ("1'234.50", 1234.5),
                 (".5", 0.5), ("8.123456789", 8.123456), ("1,234", 1234), ("", 0)]
        answer = self.amounts(*(cell for cell, _ in cells))
        self.assertEqual([item["own"]["micros"] for item in answer["items"]], [round(value * 1_000_000) for _, value in cells])
        comma = [("8,5", 8.5), ("1.234,50", 1234.5), ("1.234", 1234), ("1.234.567", 1234567)]
        self.assertEqual([item["own"]["micros"] for item in self.amounts(*(cell for cell, _ in comma))["items"]],
                         [round(value * 1_000_000) for _, value in comma])
        self.assertEqual(self.amounts("USD 8")["money"]["other_currencies"], [{"currency": "USD", "micros": 8_000_000, "n": 1}])

    def test_amounts_that_are_none_name_line_and_column(self):
        for cell in ("abc", "8,00,0.1", "1.2.3", "8..0", "--8", "8e3", "1,23,456.0", "nan", "12 3.", "9" * 30, "9007199254.740992"):
            answer = self.amounts("1.5", cell)
            self.assertEqual(answer["error"]["field"], "line 3, amount", cell)
        self.assertIn("decimal=point or decimal=comma", self.amounts("1.234", "5")["error"]["detail"])
        self.assertEqual([item["own"]["micros"] for item in self.amounts("1.234", decimal=2)["items"]], [1_234_000_000])
        for cell in ("1.234", "1,234"):
            self.assertIn("decimal=point or decimal=comma", self.amounts(cell, currency="KWD")["error"]["detail"], "three decimals, or thousands")
        self.assertEqual([item["own"]["micros"] for item in self.amounts("1,234", currency="KWD", decimal=2)["items"]], [1_234_000])

    def days(self, *cells, **more):
        return one("txid;at\n" + "".join(f"t{n};{cell}\n" for n, cell in enumerate(cells)), [], **more)

    def test_times_in_many_spellings(self):
        cells = [("2026-11-22", "22"), ("20261122", "22"), ("22.11.2026", "22"), ("22/11/2026", "22"), ("11/11/2026", "11"), ("5/11/2026", "05"),
                 ("2026/11/22 23:59", "22"), ("2026-11-22T23:59:59.123Z", "22"), ("2026-11-22 23:59:59 UTC", "22"), ("2026-11-23T00:30:00+01:00", "22"),
                 ("22-11-2026, 1:05 pm", "22"), ("1795305600", "22"), ("1795305600000", "22"), ("20261122235959", "22"), ("2026-11-22 12:00:00 -0530", "22")]
        answer = self.days(*(cell for cell, _ in cells))
        self.assertEqual([item["own"]["day"] for item in answer["items"]], [f"2026-11-{number}" for _, number in cells])
        self.assertEqual(self.days("11/5/2026", "11/22/2026")["items"][0]["own"]["day"], "2026-11-05")

    def test_times_that_are_none_name_line_and_column(self):
        for cell in ("2026-13-01", "2026-02-29", "31.04.2026", "22/11/26", "1999-12-31", "2026-11-22T25:00:00Z", "yesterday", "2026-11-22T10:00:00+25:00",
                     "0", "99999999999999", "2026-11", "-5", "2026-11-22x"):
            self.assertEqual(self.days("2026-11-22", cell)["error"]["field"], "line 3, at", cell)
        self.assertIn("dates=dmy or dates=mdy", self.days("5/11/2026")["error"]["detail"])
        self.assertEqual(self.days("5/11/2026", dates=2)["items"][0]["own"]["day"], "2026-05-11")
        self.assertIn("dates=dmy", self.days("5/11/2026", "13/11/2026", "11/13/2026")["error"]["detail"])

    def test_columns_by_name_by_map_by_number_and_refused(self):
        answer = one("Kunde;Bestellung;Betrag;Betrag\nx;a;8;9\n", [lead(1, NOON, txid="a")], map="txid:Bestellung,amount:#3")
        self.assertEqual((answer["columns"], answer["counts"]["matched"]), ({"txid": "Bestellung", "amount": "Betrag"}, 1))
        self.assertEqual(one("txid,status\na,sonderbar\n", [])["error"]["field"], "line 2, status")
        self.assertEqual(one("txid,status\na,sonderbar\n", [lead(1, NOON, txid="a")], map="status:")["counts"]["matched"], 1)
        answer = one("reference,txid,amount,payout,payout_micros,micros\nb,a,1,2,3,4\n", [])
        self.assertEqual(answer["columns"], {"micros": "micros", "txid": "txid"})
        self.assertEqual(one("txid,amount,payout\na,1,2\n", [])["columns"], {"amount": "payout", "txid": "txid"})
        for given in ("txid", "txid:txid,amount", "nothing:a", "txid:x", "txid:txid,txid:txid", "txid:#9", "txid:#0", ":"):
            self.assertEqual(one("txid\na\n", [], map=given)["error"]["field"], "map", given)
        self.assertIn("map=txid", one("name,mail\na,b\n", [])["error"]["detail"])

    def test_a_name_that_two_columns_have(self):
        for text, field, given in (("txid,txid\na,b\n", "line 1, txid", ""), ("Order ID,amount,order_id\na,1,b\n", "line 1, Order ID", ""),
                                   ("sep=;\ntxid;amount;amount\na;1;2\n", "line 2, amount", ""), ("mine,mine\na,b\n", "line 1, mine", "txid:mine"),
                                   ('[{"txid":"a"},{"TXID":"b"}]', "row 1, txid", "")):
            error = one(text, [], map=given)["error"]
            self.assertEqual((error["field"], "#N" in error["detail"]), (field, True), error)
        for text, given in (("txid,txid\na,b\n", "txid:#1"), ("txid,amount,amount\na,1,2\n", "amount:"), ("txid,notes,notes\na,1,2\n", ""), ("txid,micros,amount,amount\na,1,2,3\n", ""),
                            ("txid,txid\na,b\n", "txid:#2,request_id:#1"), ("order,order,txid\na,b,c\n", "")):
            self.assertEqual(one(text, [lead(1, NOON, txid="x")], map=given)["counts"]["missing_here"], 1)

    def test_no_rows_are_rows_of_nothing(self):
        """An export of a month in which nothing came, in either form."""
        for text, given in (("txid,amount\n", ""), ("[]", ""), (" [ ]\n", "txid:Order ID"), ("sep=;\ntxid\n", "")):
            answer = one(text, [lead(1, NOON, txid="x")], map=given)
            self.assertEqual([answer["counts"][name] for name in ("rows", "missing_there")], [0, 1], answer)
        for text, given in (("", ""), ("[{}]", ""), ("name\n", ""), ("[]", "txid:a,txid:b"), ("[] x", "")):
            self.assertIn("error", one(text, [], map=given), text)


class Hostile(unittest.TestCase):
    def refused(self, text, field, **more):
        error = one(text, [], **more)["error"]
        self.assertEqual(error["field"], field)
        self.assertGreater(len(error["detail"]), 10)

    def test_what_is_no_table_is_refused_with_its_place(self):
        for text, field in (("", ""), (b"\xef\xbb\xbf", ""), ("\n\n", ""), ("txid\na\x00b\n", "line 2"), (b"txid\nM\xfcller\n", "line 2"),
                            (b"\xff\xfet\x00x\x00\x00\xd8\x0a\x00", "line 1"), ("txid\n\"a\n", "line 2"), ("txid\na\"b\n", "line 2"), ("txid\na,b\n", "line 2"),
                            ("{\"txid\":\"a\"}", ""), ("[{\"txid\":\"a\"},5]", "row 2"), ("[{\"txid\":\"a\"}", "row 1"), ("[{\"txid\":\"a\"},", "row 2"), ("[{\"txid\":{}}]", "row 1, txid"),
                            ("[{\"txid\":\"a\",\"txid\":\"b\"}]", "row 1"), ("[{\"txid\":\"\\u0000\"}]", "row 1"), ("[" * 20000, "row 1"),
                            ("txid\n\"" + "a" * 70000 + "\"\n", "line 2"), ("txid\n" + "a" * 5000, "line 2, txid"), ("txid;amount\na;" + "1" * 60000, "line 2, amount")):
            with self.subTest(text=text[:40]):
                self.refused(text, field)

    def test_ten_mebibytes_of_one_line_and_a_million_columns(self):
        self.refused("", "line 1", again="a" * 1024, times=10 << 10)
        self.refused("", "line 1", again=",", times=1_000_000)
        self.refused("txid\n", "line 2", again="x,", times=1_000_000)
        self.refused("[{\"txid\":\"", "row 1", again="a" * 1024, times=10 << 10, behind="\"}]")
        self.refused("[{" + ",".join(f"\"k{n}\":1" for n in range(300)) + "}]", "row 1")

    def test_sums_that_no_number_holds_are_refused(self):
        self.refused("txid,micros\n" + "".join(f"t{n},9007199254740991\n" for n in range(3)), "")
        answer = one("txid,micros\na,-9007199254740991\nb,9007199254740991\n", [])
        self.assertEqual(answer["money"]["rows_micros"], 0)

    def test_negative_amounts_are_taken_and_add_up(self):
        answer = one("txid,amount\na,-8.00\n", [lead(1, NOON, txid="a")])
        self.assertEqual((words(answer), answer["money"]["difference_micros"]), ([("differing", "unexplained")], -16_000_000))

    def test_no_cell_of_the_csv_is_a_formula(self):
        text = "txid\n" + "".join(f"\"{mark}cmd|' /C calc'!A0\"\n" for mark in "=+-@") + "\"\"\"quoted\"\",\"\n"
        answer = one(text, [lead(1, NOON, txid="@lead")], csv=1)
        rows = table(answer["csv"])
        self.assertEqual([row["txid"] for row in rows], [f"'{mark}cmd|' /C calc'!A0" for mark in "=+-@"] + ["\"quoted\",", "'@lead"])
        self.assertEqual({row["class"] for row in rows}, {"missing_here", "missing_there"})

    def test_cells_of_a_table_of_ours_are_read_as_what_they_were(self):
        txids = [f"{mark}x" for mark in "=+-@＝＋－＠"] + ["'=x", "''@x", "a;=x", "'x", "x'"]
        leads = [lead(n, NOON, txid=txid) for n, txid in enumerate(txids, 1)]
        cells = [row["txid"] for row in table(one("txid\nnobody\n", leads, csv=1)["csv"]) if row["class"] == "missing_there"]
        self.assertEqual((len(cells), cells[0], cells[8], cells[11]), (len(txids), "'=x", "''=x", "'x"))
        again = one("txid\n" + "".join(f"\"{cell}\"\n" for cell in cells), leads)
        self.assertEqual((again["counts"]["matched"], again["items"]), (len(txids), []))

    def test_what_draws_nothing_is_seen_in_the_csv(self):
        rows = table(one("txid\na\u202eb\nc\ufe0f\n\u00e9\n", [lead(1, NOON, txid="e\U000e0100")], csv=1)["csv"])
        self.assertEqual([row["txid"] for row in rows], ["a\ufffdb", "c\ufffd", "\u00e9", "e\ufffd"])

    def test_emoji_stay_whole_and_carry_nothing_that_is_not_seen(self):
        heart, coder, key = "\u2764\ufe0f", "\U0001f469\U0001f3fd\u200d\U0001f4bb", "1\ufe0f\u20e3"
        told = {heart: heart, coder: coder, key: key, f"{heart}\u200d\U0001f525": f"{heart}\u200d\U0001f525", "\u2764\ufe0e": "\u2764\ufe0e", f"{heart}\ufe0f": f"{heart}\ufffd",
                f"{heart}\u200dx": f"{heart}\ufffdx", "a\ufe0f": "a\ufffd", "\u200d\U0001f525": "\ufffd\U0001f525", "1\ufe0fx": "1\ufffdx", "\u2764\ufe01": "\u2764\ufffd"}
        rows = table(one("".join(f"{text}\n" for text in ["txid", *(f"x{text}" for text in told)]), [], csv=1)["csv"])
        self.assertEqual([row["txid"] for row in rows], [f"x{text}" for text in told.values()])

    def test_each_row_of_the_csv_has_the_columns_of_its_first(self):
        leads = [lead(1, NOON, txid="a"), lead(2, NOON, txid="c")]
        lines = list(csv.reader(io.StringIO(one("txid,amount\na,1\nb,2\n", leads, csv=1, most=2)["csv"])))
        self.assertEqual((len(lines), {len(line) for line in lines}, lines[0][-1]), (4, {21}, "difference"))

    def test_no_cell_becomes_a_formula_where_the_reader_divides_otherwise(self):
        for mark in (";", "\t", "|", ",", "\n", "\""):
            cell = f"x{mark}=1+1{mark}y".replace("\"", "\"\"")
            out = one(f"txid,amount\n\"{cell}\",1\n", [], csv=1)["csv"]
            self.assertNotRegex(out, r"[;,|\t\n\"]=", repr(mark))
            self.assertEqual(table(out)[0]["txid"], f"x{mark}'=1+1{mark}y")

    def test_the_table_has_the_marks_of_the_rows(self):
        leads = [lead(1, NOON, txid="a", micros=1_234_500_000), lead(2, NOON, txid="b")]
        rows = {";": "txid;amount\na;1.234,51\nb,c;8\n", "\t": "txid\tamount\na\t1.234,51\nb,c\t8\n", ",": "txid,amount\na,\"1.234,51\"\n\"b,c\",8\n",
                "|": "txid|amount\na|1.234,51\nb,c|8\n", "json": "[{\"txid\":\"a\",\"amount\":1234.51},{\"txid\":\"b,c\",\"amount\":8}]"}
        for mark, text in rows.items():
            out = one(text, leads, csv=1)["csv"]
            self.assertEqual(out.splitlines()[0].split(mark if mark in ";\t" else ",")[0], "\ufeffclass")
            got, comma = table(out, mark if mark in ";\t" else ","), mark in ";\t"
            self.assertEqual([(row["txid"], row["own_amount"], row["log_amount"], row["difference"], row["difference_micros"]) for row in got],
                             [("a", *(("1234,51", "1234,50", "0,01") if comma else ("1234.51", "1234.50", "0.01")), "10000"),
                              ("b,c", "8,00" if comma else "8.00", "", "8,00" if comma else "8.00", "8000000"),
                              ("b", "", "8,00" if comma else "8.00", "-8,00" if comma else "-8.00", "-8000000")])

    def test_a_table_that_is_cut_says_what_is_left_out(self):
        out = table(one("txid,amount\n" + "".join(f"t{n},{n}\n" for n in range(1, 8)), [], csv=1, most=5)["csv"])
        self.assertEqual((len(out), out[-1]["class"], out[-1]["difference"]), (6, "left_out", "13.00"))
        self.assertIn("2 more", out[-1]["explained"])
        self.assertEqual(sum(int(row["difference_micros"]) for row in out), 28_000_000)

    def test_no_more_items_than_an_answer_holds(self):
        answer = one("txid\n" + "".join(f"t{n}\n" for n in range(20_007)), [])
        self.assertEqual((len(answer["items"]), answer["items_left_out"], answer["counts"]["missing_here"]), (20_000, 7, 20_007))


if __name__ == "__main__":
    unittest.main()
