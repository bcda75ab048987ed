"""Reports over HTTP against a model of its own that folds pulled entries: every grouping, filter and form; days of zones whose clocks change; kill -9."""

import csv
import datetime
import io
import itertools
import json
import os
import random
import secrets
import time
import unittest
import urllib.parse
import zoneinfo
from collections import Counter, defaultdict
from pathlib import Path

from harness import BROWSER, Market, Server, ServerCase, click, countersign, person, send, statement_payload, wait_for
from test_clock import ClockServer

SEED = int(os.environ.get("SEED", secrets.randbelow(1 << 32)))
SUBS = [f"sub{n}" for n in range(1, 6)]
UTMS = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"]
DIMENSIONS = ["code", *SUBS, *UTMS, "channel", "country", "device", "score"]
UNSAID = ("lags", "reason.", "scores")  # of the model's words those that no row has
CLASSES = ["ok", "prefetch", "bot", "datacenter", "test", "embedded", "repeat", "ended"]
BOT = {"User-Agent": "curl/8.5.0"}
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"}
# docs/reports.md: the model reads the channels there, as a person would
REPORTS = (Path(__file__).resolve().parents[2] / "docs/reports.md").read_text()


def channel_table():
    rows = {}
    for line in REPORTS.split("## Channels", 1)[1].split("\n\n", 3)[2].splitlines()[2:]:
        channel, media, ids, sources = (cell.strip().replace("`", "").split() for cell in line[1:-1].split("|"))
        rows[channel[0]] = (set(media), set(ids), set(sources))
    return rows


CHANNELS = channel_table()


def channel_of(entry):
    medium, source = entry.get("utm_medium", "").lower(), entry.get("utm_source", "").lower()
    link = {name.lower() for name, value in urllib.parse.parse_qsl(urllib.parse.urlsplit(entry.get("to", "")).query) if value}
    for place, said in enumerate(({medium}, link, {source})):
        for channel, words in CHANNELS.items():
            if words[place] & said:
                return channel
    return "referral" if medium or source else "direct"


class Model:
    """What the entries of logs come to: facts, each a moment, what it says of itself, and what it counts."""

    def __init__(self):
        self.facts = []

    def add_log(self, contract, publisher, campaign, currency, zone, codes, entries):
        price, leads = {}, {}
        here = {"contract": contract, "publisher": publisher, "campaign": campaign}

        def fact(at, says, counts, money=currency):
            self.facts.append((at, zone, money, {**dict.fromkeys(DIMENSIONS, ""), "class": "", "status": "", "reason": "", **here, **says}, counts))

        def traffic(entry):
            says = {name: entry.get(name, "") for name in (*SUBS, *UTMS, "country", "device")}
            return {**says, "code": codes.get(entry.get("placement", 0), ""), "channel": channel_of(entry)}

        for at, entry in enumerate(entries):
            kind = entry["kind"]
            if kind == "terms":
                price = {**entry["contract"]["price"], "payable": entry["campaign"]["payable_classes"]}
            elif kind == "click":
                pays = price["click_micros"] if entry["class"] in price["payable"] else 0
                fact(entry["at"], {**traffic(entry), "class": entry["class"]}, {"click": 1, f"click.{entry['class']}": 1, "click_micros": pays})
            elif kind == "view":
                says = traffic(entries[entry["click"]]) if "click" in entry else {"code": codes.get(entry.get("placement", 0), "")}
                fact(entry["at"], {**says, "class": entry["class"]}, {"view": 1})
            elif kind == "impression":
                pays = price["impression_micros"] if entry["class"] in price["payable"] else 0
                fact(entry["at"], {"code": codes[entry["placement"]], "class": entry["class"]}, {"impression": 1, "impression_micros": pays})
            elif kind == "lead":
                leads[at] = {"entry": entry, "status": entry["status"], "micros": entry.get("payout_micros", 0) if entry["status"] == "approved" else 0,
                             "sale": None}
            elif kind == "disposition":
                lead = leads[entry["lead"]]
                lead["status"] = entry["status"]
                lead["micros"] += entry.get("payable_micros", 0)
                lead["sale"] = (entry["currency"], entry["amount_micros"]) if entry["status"] == "converted" and entry.get("amount_micros") else None
            elif kind == "adjustment" and not entry.get("on_assent"):
                fact(entry["at"], {}, {"adjustment_micros": entry["micros"]})
        for lead in leads.values():
            entry = lead["entry"]
            if "click" in entry and not entry.get("click_unrecorded"):
                clicked = entries[entry["click"]]
                says = {**traffic(clicked), "class": clicked["class"]}
                lag = max(0, entry["at"] - clicked["at"]) / 1000
            else:
                says = {"code": codes.get(entry.get("placement", 0), ""), "country": entry.get("facts", {}).get("country", ""),
                        **{name: entry.get(name, "") for name in SUBS}}
                lag = None
            band = min(entry["score"] // 100, 9) * 100 if "score" in entry else None
            says |= {"status": lead["status"], "reason": entry.get("reason", ""), "score": "" if band is None else f"{band}-{1000 if band == 900 else band + 99}"}
            counts = {"lead": 1, f"lead.{lead['status']}": 1, f"reason.{entry.get('reason', '')}": 1, "lead_micros": lead["micros"], "scored": "score" in entry, "scores": entry.get("score", 0)}
            fact(entry["at"], says, {**counts, "lags": [lag]})
            if lead["sale"]:
                fact(entry["at"], says, {"revenue": lead["sale"][1]}, lead["sale"][0])

    @staticmethod
    def time_key(at, zone, group):
        local = datetime.datetime.fromtimestamp(at / 1000, zoneinfo.ZoneInfo(zone))
        if group == "hour":
            offset = local.utcoffset() // datetime.timedelta(minutes=1)
            return local.strftime("%Y-%m-%dT%H:00") + f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
        if group == "week":
            year, week, _ = local.isocalendar()
            return f"{year}-W{week:02}"
        return local.strftime({"day": "%Y-%m-%d", "month": "%Y-%m"}[group])

    def rows(self, groups, zone=None, only=lambda says, at: True):
        rows = defaultdict(Counter)
        for at, own, currency, says, counts in self.facts:
            if not only(says, at):
                continue
            key = tuple(self.time_key(at, zone or own, group) if group in ("hour", "day", "week", "month") else says[group] for group in groups)
            row = rows[(*key, currency)]
            for name, n in counts.items():
                if name == "lags":
                    row.setdefault("lags", [])
                    row["lags"] = row["lags"] + [lag for lag in n if lag is not None]
                else:
                    row[name] += n
        plain = {key: {name: n for name, n in row.items() if n} for key, row in rows.items()}
        return {key: row for key, row in plain.items() if row}


def said(row):
    """A row of an answer in the model's words."""
    words = {"click": row["clicks"]["total"], "view": row["views"], "impression": row["impressions"], "lead": row["leads"]["total"],
             "revenue": row["revenue_micros"], "scored": row.get("scored", 0),
             **{name: row[name] for name in ("click_micros", "impression_micros", "lead_micros", "adjustment_micros")},
             **{f"click.{name}": n for name, n in row["clicks"].items() if name != "total"},
             **{f"lead.{name}": n for name, n in row["leads"].items() if name != "total"},
             **{f"reason.{name}": n for name, n in row["reasons"].items() if name != "total"}}
    return {name: n for name, n in words.items() if n}


def cut(what, by):
    return int(abs(what) // by) * (1 if what >= 0 else -1) if by > 0 else None


def ratios(words):
    """By the README's words."""
    n = Counter(words)
    good, payout = n["lead.approved"] + n["lead.converted"], n["click_micros"] + n["impression_micros"] + n["lead_micros"]
    found = {"approval_ppm": cut(good * 10**6, n["lead"]), "conversion_ppm": cut(n["lead"] * 10**6, n["click.ok"]), "cost_per_lead_micros": cut(payout, good),
             "cost_per_sale_micros": cut(payout, n["lead.converted"]), "click_through_ppm": cut(n["click"] * 10**6, n["impression"]),
             "roi_ppm": cut((n["revenue"] - payout) * 10**6, payout)}
    return {name: v for name, v in found.items() if v is not None}, payout, n["lead.converted"]


class Shops:
    """Two campaigns of two currencies and zones, each with two publishers, and random traffic."""

    def __init__(self, server, chance):
        self.server, self.chance, self.operator = server, chance, server.operator
        prices = {"price": {"lead": [{"when": {"field": "country", "in": ["FR"]}, "micros": 12_000_000}, {"micros": 8_000_000}],
                            "click_micros": 30_000, "impression_micros": 700, "sale_ppm": 50_000}}
        self.markets = [Market(server, {"review": {"mode": "manual"}, "repeat_window_s": 3600, "score": {"facts": ["country", "utm_source", "hour"]}}, prices),
                        Market(server, {"currency": "USD", "timezone": "America/St_Johns", "review": {"mode": "manual"}}, prices)]
        self.contracts = []  # (market, publisher, contract, [codes])
        for market in self.markets:
            other = market.new_publisher()
            for publisher, contract in ((market.publisher, market.contract), (other, market.new_contract(other, **prices))):
                self.contracts.append((market, publisher, contract, [market.new_code(publisher, contract) for _ in range(2)]))
        self.leads = []

    def traffic(self, steps):
        """Of a click's parameters few values: rows are then of more than one thing."""
        chance = self.chance
        for _ in range(steps):
            market, publisher, contract, codes = chance.choice(self.contracts)
            code, act = chance.choice(codes), chance.random()
            if act < 0.5:
                query = {name: chance.choice(["a", "b", "Ünï çode", "=1+1", "x" * 300]) for name in chance.sample([*SUBS, *UTMS], chance.randrange(4))}
                if chance.random() < 0.5:
                    query |= {"utm_source": chance.choice(["google", "Facebook", "nobody", "youtube"]), "utm_medium": chance.choice(["cpc", "email", "", "what"])}
                if chance.random() < 0.2:
                    query["to"] = "https://shop.example/?gclid=1"
                agent = chance.choice([BROWSER, BROWSER, BOT, PHONE])
                _, click_id = click(code["click_url"] + "?" + urllib.parse.urlencode(query), **{**agent})
                if click_id and chance.random() < 0.4:
                    send(code["pixel_url"] + "?event=view&click_id=" + click_id, headers=BROWSER)
                if click_id and chance.random() < 0.5:
                    self.lead(market, publisher, click_id=click_id, country=chance.choice(["FR", "BE", "DE"]))
            elif act < 0.65:
                send(code["pixel_url"] + "?event=impression", headers=chance.choice([BROWSER, BOT]))
            elif act < 0.7:
                send(code["pixel_url"], headers=BROWSER)
            elif act < 0.75:
                self.lead(market, publisher, contract=contract, sub2="own", phone=chance.choice(["+33612345678", "nonsense"]))
            elif act < 0.78:
                self.operator.post(f"/v1/contracts/{contract}/adjustments", {"micros": chance.randrange(-5000, 5000) or 1, "reason": "x"})
            elif self.leads:
                market, lead = chance.choice(self.leads)
                status = chance.choice(["approved", "approved", "rejected", "converted", "returned"])
                sale = {"amount": f"{chance.randrange(1, 9000) / 100:.2f}", "currency": chance.choice(["EUR", "USD", "GBP"])} if status == "converted" and chance.random() < 0.8 else {}
                market.advertiser.postback({"lead": lead, "status": status, **sale})

    def lead(self, market, publisher, **fields):
        answer = publisher.postback(person(**fields))
        assert answer.status == 200, answer
        self.leads.append((market, answer.json["lead"]))

    def log(self, contract):
        return [json.loads(entry) for _, entry in Market.entries(self.reader(contract), contract=contract)]

    def reader(self, contract):
        """What Market.entries asks of a market, as the operator."""
        reader = Market.__new__(Market)
        reader.contract, reader.publisher, reader.operator = contract, self.operator, self.operator
        return reader

    def model(self):
        """Of what the operator's report says that it is of, once that stands still."""
        def still():
            first = self.operator.get("/v1/reports")["as_of"]
            time.sleep(0.3)
            return first if self.operator.get("/v1/reports")["as_of"] == first else None

        sizes = {each["contract"]: each["size"] for each in wait_for(still, what="the sweep")}
        model = Model()
        for market in self.markets:
            campaign = self.operator.get(f"/v1/campaigns/{market.campaign}")
            for row in self.operator.get("/v1/contracts", limit=200)["data"]:
                if row["campaign"] != market.campaign:
                    continue
                codes = {n: code["code"] for n, code in enumerate(self.operator.get(f"/v1/contracts/{row['id']}/codes", limit=200)["data"], 1)}
                entries = self.log(row["id"])
                assert len(entries) == sizes[row["id"]], (row["id"], len(entries), sizes)
                model.add_log(row["id"], row.get("publisher") or "", market.campaign, campaign["currency"], campaign["timezone"], codes, entries)
        return model


class Reports(ServerCase):
    settings = {"WORKERS": 2}

    @classmethod
    def set_up_market(cls):
        print("seed", SEED)
        cls.shops = Shops(cls.server, random.Random(SEED))
        cls.shops.traffic(350)
        cls.model = cls.shops.model()

    def report(self, caller=None, **query):
        return (caller or self.operator).get("/v1/reports", **query)

    def assertReport(self, groups, zone=None, only=lambda says, at: True, caller=None, **query):
        report = self.report(caller, group=",".join(groups), **({"timezone": zone} if zone else {}), **query)
        want = self.model.rows(groups, zone, only)
        got = {(*(row["key"][group] for group in groups), row["currency"]): row for row in report["rows"]}
        self.assertEqual(len(got), len(report["rows"]), (groups, query, report["rows"]))
        self.assertEqual({key: said(row) for key, row in got.items()}, {key: {name: n for name, n in row.items() if name not in UNSAID}
                                                                         for key, row in want.items()}, (groups, query))
        for key, row in got.items():
            expected, payout, sales = ratios(said(row))
            self.assertEqual({name: row[name] for name in row if name.endswith("_ppm") or name.startswith("cost_")}, expected, key)
            self.assertEqual((row["payout_micros"], row["sales"]), (payout, sales))
            self.assertEqual(row.get("mean_score"), cut(want[key].get("scores", 0), want[key].get("scored", 0)), key)
            lags = sorted(want[key].get("lags", []))
            if lags:
                middle, told = lags[(len(lags) - 1) // 2], row["click_to_lead"]
                self.assertLessEqual(told["from_s"], middle)
                self.assertLess(middle, told.get("below_s", 1e9))
                self.assertEqual(told["leads"], len(lags))
        totals = {row["currency"]: said(row) for row in report["totals"]}
        self.assertEqual(totals, {key[0]: {name: n for name, n in row.items() if name not in UNSAID} for key, row in self.model.rows([], zone, only).items()})
        return report

    def test_every_group_alone_and_with_a_time_sums_to_the_same(self):
        for group in ("campaign", "contract", "publisher", "class", "status", "reason", "hour", "day", "week", "month", *DIMENSIONS):
            self.assertReport([group])
        for when, group in itertools.product(("hour", "day"), ("sub1", "code", "channel", "status")):
            self.assertReport([group, when])
        self.assertReport([])

    def test_random_crossings_zones_and_filters(self):
        chance = random.Random(SEED + 1)
        for _ in range(60):
            groups = chance.sample(["campaign", "contract", "publisher", "class", "status", "reason"], chance.randrange(3))
            dimension = chance.choice(DIMENSIONS)
            if chance.random() < 0.6:
                groups.append(dimension)
            if chance.random() < 0.5:
                groups.append(chance.choice(["hour", "day", "week", "month"]))
            chance.shuffle(groups)
            query = {}
            for name in [dimension] * (chance.random() < 0.5) + chance.sample(["class", "status", "reason", "contract", "campaign", "publisher"], chance.randrange(2)):
                values = sorted({says[name] for _, _, _, says, _ in self.model.facts} - (set() if name == dimension else {""}))
                query[name] = chance.choice(values)
            zone = chance.choice([None, "UTC", "Asia/Kathmandu", "America/New_York"])
            self.assertReport(groups, zone, lambda says, at: all(says[name] == value for name, value in query.items()), **query)

    def test_periods_are_days_of_the_zone_or_quarters_of_an_hour(self):
        at = self.model.facts[0][0]
        for zone in ("Pacific/Kiritimati", "Europe/Paris", "America/St_Johns"):
            day = datetime.datetime.fromtimestamp(at / 1000, zoneinfo.ZoneInfo(zone)).date().isoformat()
            only = lambda says, at: Model.time_key(at, zone, "day") == day  # noqa: E731
            self.assertReport(["day"], zone, only, **{"from": day, "to": day})
        border = at // 900_000 * 900_000 + 900_000
        text = datetime.datetime.fromtimestamp(border / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.assertReport(["sub1"], None, lambda says, at: at < border, to=text)
        self.assertReport(["sub1"], None, lambda says, at: at >= border, **{"from": text})

    def test_each_caller_s_is_of_what_it_may_read(self):
        market, publisher, contract, _ = self.shops.contracts[0]
        self.assertReport(["contract"], None, lambda says, at: says["contract"] == contract, caller=publisher)
        self.assertReport(["publisher"], None, lambda says, at: says["campaign"] == market.campaign, caller=market.advertiser)
        self.assertReport([], None, lambda says, at: says["contract"] == contract, caller=market.auditor)
        _, _, foreign, codes = self.shops.contracts[2]
        for name, value in (("contract", foreign), ("campaign", self.shops.markets[1].campaign), ("code", codes[0]["code"])):
            self.assertProblem(publisher.call("GET", f"/v1/reports?{name}={value}"), 404)

    def test_the_period_before(self):
        at = self.model.facts[0][0]
        day = datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc).date()
        after = (day + datetime.timedelta(days=1)).isoformat()
        for first, last, now, before in ((day, day, True, False), (after, after, False, True)):
            report = self.report(group="sub1", timezone="UTC", compare="previous", **{"from": first, "to": last})
            want = {key: row for key, row in self.model.rows(["sub1"], "UTC", lambda says, at: Model.time_key(at, "UTC", "day") == day.isoformat()).items()}
            for row in report["rows"]:
                own = {name: n for name, n in want[row["key"]["sub1"], row["currency"]].items() if name not in UNSAID}
                self.assertEqual((said(row), said(row["before"])), (own if now else {}, own if before else {}))
            self.assertEqual(len(report["rows"]), len(want))

    def test_the_largest_have_rows_and_the_rest_is_together(self):
        whole = self.report(group="sub1")
        sizes = Counter()
        for row in whole["rows"]:
            if row["key"]["sub1"]:
                sizes[row["key"]["sub1"]] += row["clicks"]["total"] + row["views"] + row["impressions"] + row["leads"]["total"]
        few = self.report(group="sub1", values=2)
        kept = {row["key"]["sub1"] for row in few["rows"] if not row.get("other") and row["key"]["sub1"]}
        self.assertEqual(sorted(sizes[name] for name in kept), sorted(n for _, n in sizes.most_common(2)))
        self.assertTrue(any(row.get("other") for row in few["rows"]))
        self.assertEqual(few["totals"], whole["totals"])

    def test_signed_and_as_a_table(self):
        plain = self.report(group="day,sub1")
        answer = self.operator.do("GET", "/v1/reports?group=day,sub1", headers={"Accept": "application/jose+json"})
        payload = json.loads(statement_payload(answer.text))
        self.assertEqual(payload["typ"], "countersign-report")
        self.assertEqual(payload["rows"], plain["rows"])
        self.assertTrue(all(len(each["root"]) == 64 for each in payload["as_of"] if each["size"]))
        for path, headers in (("&format=csv", {}), ("", {"Accept": "text/csv"})):
            text = self.operator.do("GET", "/v1/reports?group=day,sub1" + path, headers=headers).body.decode()
            self.assertTrue(text.startswith("\ufeff"))
            rows = list(csv.DictReader(io.StringIO(text[1:])))
            self.assertEqual([(row["day"], row["currency"], int(row["clicks"]), int(row["clicks_ok"]), int(row["leads"]), int(row["payout_micros"])) for row in rows],
                             [(row["key"]["day"], row["currency"], row["clicks"]["total"], row["clicks"].get("ok", 0), row["leads"]["total"], row["payout_micros"])
                              for row in plain["rows"]])
            self.assertTrue({row["sub1"] for row in rows} <= {row["key"]["sub1"] for row in plain["rows"]} | {"'=1+1"})

    def test_bands_of_scores_say_what_came_true(self):
        report = self.assertReport(["score"])
        told = {(row["key"]["score"], row["currency"]): (row.get("scored", 0), row.get("mean_score")) for row in report["rows"]}
        self.assertTrue(any(band and mean // 100 == int(band.split("-")[0]) // 100 for (band, _), (_, mean) in told.items()), told)
        self.assertTrue(all(not band or n > 0 for (band, _), (n, _) in told.items()), told)
        text = self.operator.do("GET", "/v1/reports?group=score&format=csv").body.decode()
        rows = {(row["score"], row["currency"]): (int(row["scored"]), int(row["mean_score"]) if row["mean_score"] else None) for row in csv.DictReader(io.StringIO(text[1:]))}
        self.assertEqual(rows, told)
        shown = countersign("report", self.server.url, "--token", self.operator.token, "--group", "score").stdout
        self.assertTrue(any(line.startswith(band) and line.split()[-1] == str(mean) for (band, _), (_, mean) in told.items() if band for line in shown.splitlines()), shown)

    def test_what_cannot_be_asked_is_named_with_its_cure(self):
        for query, field in (("group=sub1,sub2", "group"), ("group=day,hour", "group"), ("group=day,day", "group"), ("group=nothing", "group"), ("group=", None),
                             ("from=2026-11-02&to=2026-11-01", "from"), ("from=2026-11-01T00:07:00Z", "from"), ("from=yesterday", "from"), ("timezone=Mars/Olympus", "timezone"),
                             ("class=people", "class"), ("status=good", "status"), ("reason=why", "reason"), ("group=sub1&sub2=x", "sub2"), ("compare=previous", "compare"),
                             ("compare=next", "compare"), ("group=day&compare=previous&from=2026-11-01&to=2026-11-01", "compare"), ("values=0", "values"),
                             ("values=10001", "values"), ("format=xml", "format"), ("model=best", "model"), ("model=", "model"), ("model=shapley&class=ok", "model"), ("model=shapley&sub1=a", "model"), ("model=markov", "model"),
                             ("model=markov&campaign=" + self.shops.markets[0].campaign + "&group=day", "model"), ("model=shapley&contract=" + self.shops.contracts[0][2], "model"), ("sub1=" + "x" * 257, "sub1")):
            answer = self.operator.call("GET", "/v1/reports?" + query)
            if field is None:
                self.assertStatus(answer, 200)
            else:
                self.assertEqual(self.assertProblem(answer, 400)["field"], field, query)

    def test_the_statement_counts_the_same(self):
        market, _, contract, _ = self.shops.contracts[0]
        statement = self.operator.post(f"/v1/contracts/{contract}/statements", {})
        payload = json.loads(statement_payload(market.advertiser.do("GET", f"/v1/statements/{statement['id']}").text))
        row = self.report(contract=contract, group="contract")["rows"][0]
        counts = payload["counts"]
        self.assertEqual(row["clicks"], {name: n for name, n in counts["clicks"].items() if n})
        for name in ("views", "impressions"):
            self.assertEqual(row[name], counts[name]["total"])
        leads = {**counts["leads"], "rejected": sum(counts["leads"]["rejected"].values())}
        self.assertEqual(row["leads"], {name: n for name, n in leads.items() if n})
        earned = payload["gross_micros"] + sum(each["micros"] for each in payload["adjustments"])
        self.assertEqual(row["payout_micros"] + row["adjustment_micros"], earned)

    def test_the_command_shows_the_same_in_aligned_columns(self):
        def run(status, *flags):
            done = countersign("report", self.server.url, "--token", self.operator.token, *flags)
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            return done

        for flags, query in (((), {"group": "day"}), (("--group", "sub1,status", "--where", "utm_source="), None),
                             (("--group", "status,sub1", "--where", "class=ok", "--contract", self.shops.contracts[0][2]),
                              {"group": "status,sub1", "class": "ok", "contract": self.shops.contracts[0][2]})):
            if query is None:
                self.assertIn("utm_source", run(2, *flags).stderr)
                continue
            report = self.report(**query)
            self.assertEqual(json.loads(run(0, *flags, "--json").stdout), report)
            answer = self.operator.do("GET", "/v1/reports?" + urllib.parse.urlencode({**query, "format": "csv"}))
            self.assertEqual(run(0, *flags, "--csv").stdout.encode().replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"), answer.body)
            lines = run(0, *flags).stdout.splitlines()
            self.assertEqual(len(lines), 1 + len(report["rows"]) + len(report["totals"]))
            self.assertEqual(len({len(line) for line in lines}), 1)
            for line, row in zip(lines[1:], report["rows"] + report["totals"]):
                self.assertIn(f"{row['currency']} ", line)
                self.assertEqual(line.split(row["currency"])[1].split()[:2], [str(row["clicks"]["total"]), str(row["clicks"].get("ok", 0))])
        self.assertIn("--json or --csv", run(2, "--json", "--csv").stderr)
        self.assertIn("NAME=VALUE", run(2, "--where", "sub1").stderr)

    def test_zz_check_proves_the_table(self):
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Killed(unittest.TestCase):
    def test_kill_9_at_any_moment_leaves_what_the_entries_give(self):
        print("seed", SEED)
        chance = random.Random(SEED + 2)
        server = Server(SWEEP_MS=10)
        self.addCleanup(server.close)
        shops = Shops(server, chance)
        for _ in range(6):
            shops.traffic(chance.randrange(10, 40))
            time.sleep(chance.random() * 0.02)
            server.kill()
            server.start()
        model = shops.model()
        report = server.operator.get("/v1/reports", group="sub1,status")
        self.assertEqual({(row["key"]["sub1"], row["key"]["status"], row["currency"]): said(row) for row in report["rows"]},
                         {key: {name: n for name, n in row.items() if name not in UNSAID} for key, row in model.rows(["sub1", "status"]).items()})
        self.assertIn("stop it first", countersign("check", "--data", server.data, "--rebuild").stderr)
        server.stop()
        for flags in ((), ("--rebuild",)):
            done = countersign("check", "--data", server.data, *flags)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        server.start()
        self.assertEqual(server.operator.get("/v1/reports", group="sub1,status"), report)


class Prices(unittest.TestCase):
    def test_each_click_earns_by_the_terms_of_its_time_though_several_came_between_two_sweeps(self):
        server = Server(SWEEP_MS=2000)
        self.addCleanup(server.close)
        market = Market(server)
        prices = [0, 70, 0, 1100, 13]
        for micros in prices:
            server.operator.patch(f"/v1/contracts/{market.contract}", {"price": {"lead": [{"micros": 1}], "click_micros": micros}})
            market.click()
        earned = wait_for(lambda: (report := market.publisher.get("/v1/reports"))["totals"] and report["totals"][0]["clicks"]["total"] == len(prices)
                          and report["totals"][0]["click_micros"], what="the sweep")
        self.assertEqual(earned, sum(prices))
        server.stop()
        done = countersign("check", "--data", server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Beyond(unittest.TestCase):
    def test_rows_beyond_what_is_written_as_an_integer_are_refused_though_they_cancel(self):
        server = Server()
        self.addCleanup(server.close)
        markets = [Market(server), Market(server)]
        for market, micros in zip(markets, (6 * 10**15, -6 * 10**15)):
            for _ in range(2):
                last = server.operator.post(f"/v1/contracts/{market.contract}/adjustments", {"micros": micros, "reason": "much"})["index"]
        def swept():
            sizes = {each["contract"]: each["size"] for each in server.operator.get("/v1/reports")["as_of"]}
            return all(sizes[market.contract] == len(list(market.entries())) > last for market in markets)
        wait_for(swept, what="the sweep")
        self.assertEqual(server.operator.get("/v1/reports")["totals"], [])  # nothing, all in all
        for query in ("group=contract", "group=contract&format=csv", f"contract={markets[0].contract}"):
            problem = self.problem(server.operator.call("GET", "/v1/reports?" + query))
            self.assertEqual((problem["field"], "more than 9007199254.740991" in problem["detail"]), ("from", True), problem)

    def problem(self, answer):
        self.assertEqual(answer.status, 422, answer.text)
        return answer.json


class Zones(unittest.TestCase):
    """Clicks at the milliseconds around midnights and changes of clocks: their days and hours are Python's."""

    def test_days_and_hours_are_the_zone_s_over_both_changes(self):
        changes = {"America/New_York": [(2027, 3, 14), (2027, 11, 7)], "Europe/Paris": [(2027, 3, 28), (2027, 10, 31)],
                   "Australia/Lord_Howe": [(2027, 4, 4), (2027, 10, 3)]}  # half an hour each
        server = ClockServer(stands=int(datetime.datetime(2027, 3, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000))
        self.addCleanup(server.close)
        steps, markets = [], {}
        for zone, dates in changes.items():
            markets[zone] = Market(server, {"timezone": zone})
            for date in dates:
                midnight = datetime.datetime(*date, tzinfo=zoneinfo.ZoneInfo(zone)).timestamp() * 1000
                steps += [(int(midnight + hours * 3_600_000) + ms, zone) for hours in (0, 0.5, 1, 1.5, 2, 2.5, 3, 23, 24, 25) for ms in (-1, 0)]
        for at, zone in sorted(steps):
            server.stand(at)
            before = server.metric("clicks")
            wait_for(lambda zone=zone, before=before: markets[zone].click() and server.metric("clicks") > before, what="the day's key")
        model = Model()
        for zone, market in markets.items():
            entries = wait_for(lambda market=market, zone=zone: self.whole(server, market, sum(each == zone for _, each in steps)), what="the sweep")
            model.add_log(market.contract, market.publisher.id, market.campaign, "EUR", zone, {1: market.code["code"]}, entries)
        lengths = set()
        for zone, asked in itertools.product([None, *changes, "Asia/Kolkata"], ("day", "hour", "week", "month")):
            report = server.operator.get("/v1/reports", group=f"{asked},contract", **({"timezone": zone} if zone else {}))
            got = {(row["key"][asked], row["key"]["contract"], row["currency"]): row["clicks"]["total"] for row in report["rows"] if row["clicks"]["total"]}
            want = {key: row["click"] for key, row in model.rows([asked, "contract"], zone).items()}
            self.assertEqual(got, want, (zone, asked))
            self.assertEqual(report["timezone"], zone or "contract")
        for zone, dates in changes.items():
            for date in dates:
                day = "-".join(f"{part:02}" for part in date)
                report = server.operator.get("/v1/reports", contract=markets[zone].contract, **{"from": day, "to": day})
                begin, end = (datetime.datetime.fromisoformat(report[name]).timestamp() for name in ("from", "to"))
                lengths.add((end - begin) / 3600)
                own = [at for at, each in steps if each == zone and Model.time_key(at, zone, "day") == day]
                self.assertEqual(sum(row["clicks"]["total"] for row in report["totals"]), len(own), (zone, day))
        self.assertEqual(lengths, {23, 23.5, 24.5, 25})

    @staticmethod
    def whole(server, market, clicks):
        server.stand(server.stands + 2000)  # heads are signed once a second
        size = {each["contract"]: each["size"] for each in server.operator.get("/v1/reports")["as_of"]}[market.contract]
        entries = [json.loads(entry) for _, entry in market.entries()]
        return entries if len(entries) == size and sum(entry["kind"] == "click" for entry in entries) >= clicks else None


class Crowds(unittest.TestCase):
    def test_behind_a_thousand_values_of_a_day_the_rest_is_one(self):
        server = Server(BUDGET_ADDRESS=20_000)
        self.addCleanup(server.close)
        market = Market(server)
        for n in range(1003):
            if n in (400, 900):  # which values have a row is then found in the table
                server.kill()
                server.start()
            market.click(f"?sub1=value-{n}&sub2=same")
        late, early = market.click("?sub1=value-1002"), market.click("?sub1=value-7")
        for click_id in (late, early):
            lead = market.publisher.postback(person(click_id=click_id)).json["lead"]
            market.advertiser.postback({"lead": lead, "status": "approved"})
        report = wait_for(lambda: (report := market.publisher.get("/v1/reports", group="sub1", values=10_000))["totals"][0]["leads"].get("approved") == 2 and report, what="the sweep")
        rows = {row["key"]["sub1"] if not row.get("other") else None: row for row in report["rows"]}
        self.assertEqual((len(rows), report["crowded_days"]), (1001, 1))
        self.assertEqual((rows[None]["clicks"]["total"], rows[None]["leads"]["approved"]), (4, 1))
        self.assertEqual((rows["value-7"]["clicks"]["total"], rows["value-7"]["leads"]["approved"]), (2, 1))
        self.assertEqual((report["totals"][0]["clicks"]["total"], report["totals"][0]["leads"]["total"]), (1005, 2))
        for value, crowded, found in (("value-1002", 1, []), ("value-7", 1, [2])):
            one = market.publisher.get("/v1/reports", sub1=value)
            self.assertEqual((one["crowded_days"], [row["clicks"]["total"] for row in one["rows"]]), (crowded, found))
        self.assertEqual(market.publisher.get("/v1/reports", group="sub2")["crowded_days"], 0)
        server.stop()
        done = countersign("check", "--data", server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
