"""What a replay of leads.csv (../shared/data/README.md) must come to, worked out from the file alone: it knows nothing of the product but the
words of its statuses. The market below is the one that test_replay.py sets up. Run by itself it prints what it expects: real_leads.py FILE."""

import csv
import json
import sys
from collections import Counter, defaultdict

OCCUPATIONS = ["Businessman", "Housewife", "Other", "Student", "Unemployed", "Working Professional"]
NEAR = {"AE": "United Arab Emirates", "BD": "Bangladesh", "IN": "India", "LK": "Sri Lanka"}
KEEN_S = 900  # on the website

CAMPAIGN = {
    "default_country": "IN",
    "lead": {"require": ["email", "phone"], "rules": [{"field": "f_occupation", "in": OCCUPATIONS}, {"field": "f_seconds", "min": 1}]},
    "review": {"mode": "manual"}, "repeat_window_s": 0,
    "score": {"facts": ["f_country", "f_origin", "f_visits", "f_seconds", "f_pages", "f_specialization", "f_heard", "f_occupation", "f_matters", "f_city",
                        "f_free_copy", "placement"], "cross": ["f_origin", "f_seconds", "f_occupation", "f_city"]},
}
# Of each publisher: its sources ("*": all that nobody else has), and its prices: for keen visitors, for near countries, for all others.
PUBLISHERS = {
    "Search": (["Google", "Organic Search"], 25_000_000, 12_340_567, 3_333_333),
    "Direct": (["Direct Traffic"], 9_990_000, 7_000_001, None),
    "Chat": (["Olark Chat"], 4_000_000, 2_000_000, 1),
    "Friends": (["Reference", "Welingak Website"], 60_000_000, 45_500_000, 30_000_000),
    "Others": (["*"], None, 5_000_000, 4_999_999),
}


def prices(publisher):
    """The price book of a contract."""
    _, keen, near, others = PUBLISHERS[publisher]
    tiers = [(keen, {"when": {"field": "f_seconds", "min": KEEN_S}}), (near, {"when": {"field": "country", "in": sorted(NEAR)}}), (others, {})]
    return {"lead": [{**when, "micros": micros} for micros, when in tiers if micros is not None]}


def publisher_of(row):
    return next((name for name, (sources, *_) in PUBLISHERS.items() if row["Lead Source"] in sources), "Others")


def price(row):
    _, keen, near, others = PUBLISHERS[publisher_of(row)]
    if keen is not None and int(row["Total Time Spent on Website"]) >= KEEN_S:
        return keen
    return near if row["Country"] in NEAR.values() else others or 0


def fate(row):
    """(status, reason) as a statement counts it."""
    if row["Do Not Email"] == "Yes":
        return "rejected", "missing_field"
    if row["What is your current occupation"] not in OCCUPATIONS or int(row["Total Time Spent on Website"]) < 1:
        return "rejected", "outside_profile"
    return ("approved", "") if row["Converted"] == "1" else ("rejected", "review")


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def expected(rows):
    """By publisher: how many leads have which status and reason, and what it earns."""
    leads, micros = defaultdict(Counter), Counter()
    for row in rows:
        leads[publisher_of(row)][fate(row)] += 1
        micros[publisher_of(row)] += price(row) if fate(row)[0] == "approved" else 0
    return {name: {"leads": leads[name], "micros": micros[name]} for name in PUBLISHERS}


if __name__ == "__main__":
    told = expected(read(sys.argv[1]))
    print(json.dumps({name: {**of, "leads": {" ".join(why).strip(): n for why, n in of["leads"].items()}} for name, of in told.items()}, indent=1))
