"""Reports by a model of attribution, against a model of its own: what the advertiser reads of its campaign's logs (entries, openings, click keys), dealt with
fractions. Shapley's value is summed over all orders, Markov's chain solved exactly, for what docs/reports.md "By a model of attribution" says."""

import base64
import csv
import datetime
import io
import itertools
import json
import math
import os
import random
import secrets
import sys
import tempfile
import time
import unittest
import urllib.parse
import zoneinfo
from collections import Counter, defaultdict
from fractions import Fraction

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from harness import BROWSER, SOURCE, Market, Party, ServerCase, click, countersign, person, send, wait_for
from test_shares import WHOLE, shares

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import verify_twice  # noqa: E402

SEED = int(os.environ.get("SEED", secrets.randbelow(1 << 32)))
BY_TOUCH = ("last", "first", "linear", "time-decay", "position")
MODELS = (*BY_TOUCH, "shapley", "markov")
STANDS = ("pending", "held", "approved", "converted")
BOT = {"User-Agent": "curl/8.5.0"}
HALF_LIFE = 7
DIMENSIONS = ("sub1", "utm_source", "country", "code")


def opened(keys, ident):
    """What a contract's click key makes of a click id: (place, second, flags), or None."""
    data = base64.urlsafe_b64decode(ident + "==")
    if data[1] not in keys:
        return None
    inner = Cipher(algorithms.AES(keys[data[1]]), modes.ECB()).decryptor().update(data[2:18])
    return None if inner[13:] != b"\0\0\0" else (int.from_bytes(inner[:8], "big"), int.from_bytes(inner[8:12], "big"), inner[12])


class Campaign:
    """Three publishers' contracts, of two codes each, and random ways to leads, some with clicks of several publishers."""

    def __init__(self, server, chance, model):
        self.market = Market(server, {"attribution": {"model": model, "click_days": 30, "half_life_days": HALF_LIFE}})
        self.server, self.chance, self.operator, self.advertiser, self.campaign = server, chance, server.operator, self.market.advertiser, self.market.campaign
        price = {"price": {"lead": [{"micros": 10_000_001}], "click_micros": 700, "sale_ppm": 30_000}}
        publishers = [Party(self.operator, f"Publisher {n}", "publisher") for n in range(3)]
        self.contracts = {self.market.new_contract(publisher, **price): publisher for publisher in publishers}
        self.codes = {contract: [self.market.new_code(publisher, contract) for _ in range(2)] for contract, publisher in self.contracts.items()}
        self.people, self.leads = [], []

    def click(self):
        contract = self.chance.choice(list(self.contracts))
        query = {name: self.chance.choice(["a", "b"]) for name in self.chance.sample(["sub1", "utm_source"], self.chance.randrange(3))}
        _, click_id = click(self.chance.choice(self.codes[contract])["click_url"] + "?" + urllib.parse.urlencode(query), **self.chance.choice([BROWSER, BROWSER, BOT]))
        time.sleep(0.005)  # none of the millisecond of the one before
        return click_id

    def traffic(self, leads):
        for _ in range(leads):
            clicks = [self.click() for _ in range(self.chance.choice([1, 1, 2, 2, 3, 4, 6]))]
            self.click()  # that leads nowhere
            who = person(**({"f_other": self.chance.choice(["own", 'o"w\\n'])} if self.chance.random() < 0.3 else {}))
            named = self.chance.sample(clicks, len(clicks))
            fields = {"touches": ",".join(named)} if self.chance.random() < 0.7 else {"click_id": named[0], "touches": ",".join(named[1:])}
            answer = self.advertiser.postback({**who, **fields})
            assert answer.status == 200, answer
            self.people.append((who, len(clicks)))
            lead = answer.json["lead"]
            for status in self.chance.choice([(), (), ("approved",), ("approved", "returned"), ("rejected",), ("converted",), ("converted",)]):
                sale = {"amount": f"{self.chance.randrange(1, 9000) / 100:.2f}", "currency": "EUR"} if status == "converted" else {}
                self.advertiser.postback({"lead": lead, "status": status, **sale})
            self.leads.append(lead)

    # what an advertiser reads

    def read(self):
        def still():
            first = self.advertiser.get("/v1/reports", model="linear")["as_of"]
            time.sleep(0.3)
            return first if first == self.advertiser.get("/v1/reports")["as_of"] else None

        sizes = {each["contract"]: each["size"] for each in wait_for(still, what="the sweep")}
        reader = Market.__new__(Market)
        reader.contract, reader.publisher, reader.operator = None, self.advertiser, self.advertiser
        self.entries, self.openings, self.keys = {}, {}, {}
        for contract in self.contracts:
            self.entries[contract] = [json.loads(entry) for _, entry in reader.entries(contract, size=sizes[contract])]
            text = self.advertiser.do("GET", f"/log/{contract}/openings?from=0&to=1000").text
            self.openings[contract] = {json.loads(line)["index"]: json.loads(line) for line in text.splitlines()}
            keys = self.advertiser.get(f"/v1/contracts/{contract}/click-key")["keys"]
            self.keys[contract] = {each["kid"]: base64.urlsafe_b64decode(each["key"] + "=") for each in keys}

    def touch(self, ident):
        """Whose click an id names, and which; None: it is no click of the campaign's."""
        for contract, keys in self.keys.items():
            place, second, flags = opened(keys, ident) or (None, None, None)
            entries = self.entries[contract]
            if place is not None and flags == 0 and place < len(entries) and entries[place]["kind"] == "click" and abs(entries[place]["at"] // 1000 - second) <= 1:
                return contract, place
        return None

    def says(self, contract, at):
        entry = self.entries[contract][at]
        return {"contract": contract, "publisher": self.contracts[contract].id, "campaign": self.campaign, "class": entry["class"],
                **{name: entry.get(name, "") for name in ("sub1", "utm_source", "country")}, "code": self.codes[contract][entry["placement"] - 1]["code"]}

    def dealt(self):
        """Each lead or part: when, as what it counts, its part of a whole, its money, and its touches as they say themselves."""
        self.without = 0
        for contract, entries in self.entries.items():
            for at, entry in enumerate(entries):
                if entry["kind"] != "lead":
                    continue
                later = [each for each in entries[at:] if each["kind"] == "disposition" and each["lead"] == at]
                status = later[-1]["status"] if later else entry["status"]
                micros = (entry.get("payout_micros", 0) if entry["status"] == "approved" else 0) + sum(each.get("payable_micros", 0) for each in later)
                revenue = later[-1].get("amount_micros", 0) if status == "converted" else 0
                ids = self.openings[contract][at].get("contact", {}).get("touches", "")
                found = {self.touch(ident) for ident in ids.split(",")} if ids else {(contract, entry["click"])}
                self.without += not ids and entry.get("other_touches", 0) > 0
                assert None not in found and (not ids or len(found) == 1 + entry["other_touches"]), (entry, ids)
                touches = sorted(found, key=lambda touch: (self.entries[touch[0]][touch[1]]["at"], touch[1]))
                yield {"at": entry["at"], "status": status, "reason": entry.get("reason", ""), "part": entry.get("share_to", WHOLE) - entry.get("share_from", 0),
                       "micros": micros, "revenue": revenue, "times": [self.entries[of][n]["at"] for of, n in touches], "touches": [self.says(*touch) for touch in touches]}

    def key(self, groups, lead, touch):
        day = datetime.datetime.fromtimestamp(lead["at"] / 1000, zoneinfo.ZoneInfo("Europe/Paris")).strftime("%Y-%m-%d")
        of = {**touch, "status": lead["status"], "reason": lead["reason"], "day": day}
        return tuple(of[group] for group in groups)

    def credit(self, model, groups, only=lambda lead, touch: True):
        """{key: Counter of credit by status, micros, revenue}, by exact parts cut along the row of shares."""
        rows = defaultdict(Counter)
        for lead in self.dealt():
            if model == "shapley":
                keys = list(dict.fromkeys(self.key(groups, lead, touch) for touch in lead["touches"]))
                dealt = [(key, lead["touches"][0], share) for key, share in zip(keys, shares("linear", range(len(keys))))]
            else:
                dealt = [(self.key(groups, lead, touch), touch, share)
                         for touch, share in zip(lead["touches"], shares(model, lead["times"], HALF_LIFE))]
            at = 0
            for key, touch, share in dealt:
                for name, v in ((lead["status"], lead["part"]), ("micros", lead["micros"]), ("revenue", lead["revenue"])):
                    rows[key][name] += (v * (at + share) // WHOLE - v * at // WHOLE) if only(lead, touch) else 0
                at += share
        return {key: plain for key, row in rows.items() if (plain := {name: n for name, n in row.items() if n})}

    def game(self, groups):
        """Shapley's value over all orders in which rows may come, of leads that stand: exact."""
        ways = [({self.key(groups, lead, touch) for touch in lead["touches"]}, Fraction(lead["part"])) for lead in self.dealt()]
        players = sorted(set().union(*(way for way, _ in ways)))
        value = dict.fromkeys(players, Fraction(0))
        for order in itertools.permutations(players):
            there = set()
            for player in order:
                came = sum(part for way, part in ways if player in way and way <= there | {player})
                there.add(player)
                value[player] += came
        return {player: v / math.factorial(len(players)) for player, v in value.items()}

    def effects(self, groups):
        """Of each row, which part of the chance to convert is lost where every step to it leads to nothing."""
        steps, named, clicks = defaultdict(Counter), Counter(), Counter()
        for lead in self.dealt():
            way = [self.key(groups, lead, touch) for touch in lead["touches"]]
            named.update(way)
            for a, b in itertools.pairwise(["start", *way, "won" if lead["status"] in STANDS else "lost"]):
                steps[a][b] += Fraction(lead["part"], WHOLE)
        for contract, entries in self.entries.items():
            for at, entry in enumerate(entries):
                if entry["kind"] == "click" and entry["class"] == "ok":
                    clicks[self.key(groups, {"at": entry["at"], "status": "", "reason": ""}, self.says(contract, at))] += 1
        rows = sorted(named)
        for row in rows:
            alone = max(0, clicks[row] - named[row])
            steps["start"][row] += alone
            steps[row]["lost"] += alone
        whole = self.chance_of(steps, rows, None)
        return {row: 1 - self.chance_of(steps, rows, row) / whole for row in rows}

    @staticmethod
    def chance_of(steps, rows, removed):
        """That "start" ends at "won": Gauss and Jordan, in fractions."""
        states = ["start", *(row for row in rows if row != removed)]
        matrix = []
        for state in states:
            out = Fraction(sum(steps[state].values()))
            matrix.append([(state == to) - steps[state][to] / out for to in states] + [steps[state]["won"] / out])
        for i in range(len(states)):
            pivot = next(k for k in range(i, len(states)) if matrix[k][i] != 0)
            matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
            matrix[i] = [v / matrix[i][i] for v in matrix[i]]
            for k in range(len(states)):
                if k != i and matrix[k][i]:
                    matrix[k] = [a - matrix[k][i] * b for a, b in zip(matrix[k], matrix[i])]
        return matrix[0][-1]


def told(row):
    words = {**row["credit"], "micros": row["lead_micros"], "revenue": row["revenue_micros"]}
    return {name: n for name, n in words.items() if n and name != "total"}


class Models(ServerCase):
    maxDiff = None
    settings = {"WORKERS": 2, "SWEEP_MS": 100}

    @classmethod
    def set_up_market(cls):
        print("seed", SEED)
        cls.shops = {}
        for n, model in enumerate(("last", "linear")):
            cls.shops[model] = Campaign(cls.server, random.Random(SEED + n), model)
            cls.shops[model].traffic(60)
            cls.shops[model].read()

    def report(self, shop, model, groups=(), caller=None, **query):
        return (caller or shop.advertiser).get("/v1/reports", model=model, group=",".join(groups), campaign=shop.campaign, **query)

    def rows(self, report, groups):
        rows = {tuple(row["key"][group] for group in groups): told(row) for row in report["rows"]}
        self.assertEqual(len(rows), len(report["rows"]))
        return {key: row for key, row in rows.items() if row}

    def test_each_model_deals_as_fractions_do_in_every_grouping(self):
        for shop in self.shops.values():
            for model in (*BY_TOUCH, "shapley"):
                for groups in ((), ("publisher",), ("sub1",), ("contract", "utm_source"), ("day", "code"), ("status", "class"), ("country",), ("reason", "campaign", "sub1")):
                    report = self.report(shop, model, groups)
                    self.assertEqual(self.rows(report, groups), shop.credit(model, groups), (model, groups))
                    self.assertEqual((report["model"], report["without_touches"]), (model, 0))

    def test_each_model_sums_to_what_the_ledger_has(self):
        for shop in self.shops.values():
            booked = shop.advertiser.get("/v1/reports", campaign=shop.campaign)["totals"][0]
            of_leads = Counter()
            for lead in shop.dealt():
                of_leads[lead["status"]] += lead["part"]
            for model in MODELS:
                for groups in (("publisher",), ("sub1",), ("class",)):
                    total = self.report(shop, model, groups)["totals"][0]
                    for name in ("clicks", "views", "click_micros", "lead_micros", "payout_micros", "revenue_micros", "adjustment_micros"):
                        self.assertEqual(total[name], booked[name], (model, groups, name))
                    want = {status: n for status, n in of_leads.items() if model != "markov" or status in STANDS}
                    self.assertEqual({status: n for status, n in total["credit"].items() if status != "total"}, want, (model, groups))
                    self.assertEqual(total["credit"]["total"], sum(want.values()))

    def test_filters_keep_of_the_dealt_what_they_name(self):
        for shop in self.shops.values():
            contract, publisher = next(iter(shop.contracts.items()))
            code = shop.codes[contract][1]["code"]
            for model in BY_TOUCH:
                for query, only in (({"contract": contract}, lambda lead, touch: touch["contract"] == contract), ({"publisher": publisher.id}, lambda lead, touch: touch["contract"] == contract),
                                    ({"class": "bot"}, lambda lead, touch: touch["class"] == "bot"), ({"status": "pending"}, lambda lead, touch: lead["status"] == "pending"),
                                    ({"sub1": "a"}, lambda lead, touch: touch["sub1"] == "a"), ({"sub1": ""}, lambda lead, touch: touch["sub1"] == ""),
                                    ({"code": code}, lambda lead, touch: touch["code"] == code)):
                    report = self.report(shop, model, ("status",), **query)
                    self.assertEqual(self.rows(report, ("status",)), shop.credit(model, ("status",), only), (model, query))
                    self.assertLessEqual(set(shop.contracts), {each["contract"] for each in report["as_of"]})
            only = self.report(shop, "shapley", ("publisher",), status="approved")
            self.assertEqual(self.rows(only, ("publisher",)), {key: kept for key, row in shop.credit("shapley", ("publisher", "status")).items() if key[1] == "approved"
                                                               for key, kept in [(key[:1], row)]})

    def test_shapley_is_the_mean_over_all_orders(self):
        for shop in self.shops.values():
            for groups in (("publisher",), ("sub1",)):
                game = {key: v for key, v in shop.game(groups).items() if v}
                rows = {tuple(row["key"][group] for group in groups): row["credit"]["total"] for row in self.report(shop, "shapley", groups)["rows"] if row["credit"]["total"]}
                self.assertEqual(set(rows), set(game))
                for key, v in game.items():
                    self.assertLess(abs(rows[key] - v), len(shop.people) * 3, (groups, key))  # a millionth a lead and part at most

    def test_markov_divides_by_what_is_lost_without_each(self):
        for shop in self.shops.values():
            totals = Counter()
            for lead in shop.dealt():
                if lead["status"] in STANDS:
                    totals.update({lead["status"]: lead["part"], "micros": lead["micros"], "revenue": lead["revenue"]})
            for groups in (("publisher",), ("sub1",), ("class", "utm_source"), ("code",)):
                effects, rows = shop.effects(groups), {}
                for row in self.report(shop, "markov", groups)["rows"]:
                    if "removal_ppm" in row:
                        rows[tuple(row["key"][group] for group in groups)] = row
                self.assertEqual(set(rows), set(effects))
                for key, effect in effects.items():
                    self.assertLessEqual(abs(rows[key]["removal_ppm"] - effect * 1_000_000), 1, (groups, key))
                    for name, n in totals.items():
                        got = told(rows[key]).get(name, 0)
                        self.assertLess(abs(got - n * effect / sum(effects.values())), 2, (groups, key, name))

    def test_the_period_before_stands_beside(self):
        shop = self.shops["last"]
        today = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Paris")).date()
        after = {"from": str(today + datetime.timedelta(days=2)), "to": str(today + datetime.timedelta(days=4)), "compare": "previous"}
        for model in ("linear", "shapley", "markov"):
            plain = self.report(shop, model, ("publisher",))
            later = self.report(shop, model, ("publisher",), **after)
            self.assertEqual({row["key"]["publisher"]: told(row["before"]) for row in later["rows"]}, {row["key"]["publisher"]: told(row) for row in plain["rows"]})
            self.assertTrue(all(row["credit"]["total"] == 0 for row in later["rows"]))

    def test_it_is_for_who_reads_all_of_the_campaign(self):
        shop = self.shops["last"]
        for caller in (next(iter(shop.contracts.values())), shop.market.auditor):
            self.assertEqual(self.assertProblem(caller.call("GET", "/v1/reports?model=last"), 403)["field"], "model")
        self.assertEqual(self.report(shop, "linear", ("publisher",), caller=self.operator)["rows"], self.report(shop, "linear", ("publisher",))["rows"])
        lead = next(lead for lead, (_, clicks) in zip(shop.leads, shop.people) if clicks > 1)
        self.assertIn("touches", shop.advertiser.get(f"/v1/leads/{lead}")["contact"])
        contract = next(iter(shop.contracts))
        self.assertNotIn("touches", shop.contracts[contract].do("GET", f"/log/{contract}/openings?from=0&to=1000").text)

    def test_csv_and_the_command_show_the_same(self):
        shop = self.shops["linear"]
        report = self.report(shop, "position", ("publisher",))
        text = shop.advertiser.do("GET", f"/v1/reports?model=position&group=publisher&campaign={shop.campaign}&format=csv").body.decode()
        rows = {row["publisher"]: row for row in csv.DictReader(io.StringIO(text[1:]))}
        for row in report["rows"]:
            line = rows[row["key"]["publisher"]]
            self.assertEqual((int(line["credit"]), int(line["credit_pending"]), int(line["lead_micros"])), (row["credit"]["total"], row["credit"].get("pending", 0), row["lead_micros"]))
            self.assertEqual(line["cost_per_lead_micros"], str(row.get("cost_per_lead_micros", "")))
            good = row["credit"].get("approved", 0) + row["credit"].get("converted", 0)
            self.assertEqual(row.get("cost_per_lead_micros"), row["payout_micros"] * WHOLE // good if good else None)
        self.assertFalse({"leads", "sales", "scored"} & set(rows[next(iter(rows))]))
        shown = countersign("report", self.server.url, "--token", shop.advertiser.token, "--model", "position", "--group", "publisher", "--campaign", shop.campaign)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for line, row in zip(shown.stdout.splitlines()[1:], report["rows"]):
            self.assertEqual(line.split("EUR")[1].split()[2], f"{row['credit']['total'] // 10000 / 100:.2f}")

    def test_mirrors_of_both_verifiers_hold(self):
        shop = self.shops["linear"]
        for contract in shop.contracts:
            with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
                pulled = countersign("pull", self.server.url, mirror, "--contract", contract, "--token", shop.advertiser.token)
                self.assertEqual(pulled.returncode, 0, pulled.stderr)
                self.assertEqual(verify_twice(mirror).returncode, 0)

    def test_pixel_s_lead_keeps_the_clicks_of_its_cookie(self):
        market = Market(self.server, {"pixel_leads": "on"})
        ids, jar = [], None
        for _ in range(3):
            answer, click_id = click(market.code["click_url"], **BROWSER, **({"Cookie": jar} if jar else {}))
            jar = (answer.headers.get("set-cookie") or answer.headers.get("Set-Cookie")).split(";")[0]
            ids.append(click_id)
        self.assertStatus(send(market.code["pixel_url"] + "?event=lead&txid=P1", headers={**BROWSER, "Cookie": jar}), 200)
        lead = wait_for(lambda: market.advertiser.get(f"/v1/contracts/{market.contract}/leads")["data"], what="the lead")[0]
        self.assertEqual(sorted(market.advertiser.get(f"/v1/leads/{lead['lead']}")["contact"]["touches"].split(",")), sorted(ids))

    def test_zz_an_erased_person_s_lead_is_its_own_click_s(self):
        shop = self.shops["linear"]
        who = next(who for who, clicks in shop.people if clicks > 2)
        self.assertStatus(shop.operator.call("POST", "/v1/erasures", {"email": who["email"]}), 200)
        shop.read()
        for model in (*BY_TOUCH, "shapley"):
            report = self.report(shop, model, ("publisher",))
            self.assertEqual(self.rows(report, ("publisher",)), shop.credit(model, ("publisher",)), model)
            self.assertGreater(shop.without, 0)
            self.assertEqual(report["without_touches"], shop.without)


if __name__ == "__main__":
    unittest.main()
