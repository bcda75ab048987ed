#!/usr/bin/python3
"""A month of made-up traffic in a fresh data folder: a small network of four publishers and two advertisers, clicks, leads, reviews,
returns, refused postbacks, two settled periods. Everything comes through a real server's HTTP, signed as anybody's, while its clock
is moved from 32 days ago to now. Who takes part is called a demo in so many words."""

import argparse
import collections
import contextlib
import http.client
import json
import math
import os
import random
import struct
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import client
from client import Caller, Party, Refused

DAYS, TICK_S, TICKS_A_DAY = 32, 1800, 48
CONNECTIONS = 16
READY_S = 30
DAY_S = 86_400
HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 11, 12, 11, 10, 9, 10, 11, 13, 15, 16, 14, 9, 5)  # how busy each is, Paris
AGENTS = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
          "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
          "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
FIRST = ("Ana", "Louis", "Inès", "Karim", "Léa", "Jonas", "Marta", "Théo", "Wei", "Nora", "Paul", "Zoé")
LAST = ("Martin", "Dubois", "Peeters", "Nguyen", "Moreau", "Janssens", "Lefèvre", "Garcia", "Roux", "Simon", "Claes", "Petit")
WHY_NOT = ("wrong number", "no house of their own", "asked for a job", "not reached after five calls")

PUBLISHERS = {  # name: legal data, clicks a day and contract, part that become leads, part of these that are good
    "Comparateur Nord (demo)": ({"name": "Comparateur Nord SRL", "address": "Rue des Tanneurs 18, 1000 Bruxelles", "country": "BE", "vat_id": "BE0999000129"}, 70, 0.062, 0.80),
    "Guide Maison (demo)": ({"name": "Guide Maison SARL", "address": "4 quai des Orfèvres fictifs, 69002 Lyon", "country": "FR", "vat_id": "FR48999000102"}, 55, 0.05, 0.72),
    "Le Bon Toit (demo)": ({"name": "Le Bon Toit", "address": "12 rue de l'Exemple, 44000 Nantes", "country": "FR"}, 40, 0.045, 0.55),
    "Clics Express (demo)": ({"name": "Clics Express Ltd", "country": "IE"}, 90, 0.02, 0.18),
}
CAMPAIGNS = (
    {"advertiser": "Solaire Lumen (demo)", "name": "Solar roof (demo)", "currency": "EUR", "timezone": "Europe/Paris", "default_country": "FR",
     "lead": {"require": ["email", "phone"], "rules": [{"field": "country", "in": ["FR", "BE"]}]}, "review": {"mode": "auto", "auto_approve_days": 14},
     "caps": {"day": 60}, "score": {"facts": ["country", "f_owner", "f_roof", "utm_source", "sub1"], "cross": ["f_owner", "utm_source"]}},
    {"advertiser": "Pompes Réunies (demo)", "name": "Heat pump (demo)", "currency": "EUR", "timezone": "Europe/Brussels", "default_country": "BE",
     "lead": {"require_any": ["email", "phone"]}, "review": {"mode": "manual", "auto_approve_days": 10}, "return_days": 20},
)
PRICES = ({"lead": [{"when": {"field": "country", "in": ["FR"]}, "micros": 14_000_000}, {"micros": 9_000_000}]},
          {"lead": [{"micros": 22_500_000}], "sale_ppm": 20_000})


class Clock:
    """The one that the server goes by, and who signs: tests/support/clock.c reads it from a file."""

    def __init__(self, library, path):
        self.path, self.passed, self.under = path, 0, {"LD_PRELOAD": library, "COUNTERSIGN_CLOCK": path}
        Path(path).touch()
        self.write()

    def now(self):
        return time.time() - DAYS * DAY_S + self.passed

    def write(self):
        with open(self.path, "r+b") as file:
            file.write(struct.pack("=3q", -DAYS * DAY_S * 1000, self.passed * 1000, 0))

    def wait(self, seconds):
        self.passed += seconds
        self.write()


class Lines:
    """Connections that stay open, one a thread."""

    def __init__(self, base):
        host = urllib.parse.urlsplit(base)
        self.held = collections.deque(http.client.HTTPConnection(host.hostname, host.port, timeout=READY_S) for _ in range(CONNECTIONS))
        self.pool = ThreadPoolExecutor(CONNECTIONS)

    def send(self, target, headers):
        line = self.held.popleft()
        try:
            answer = self.ask(line, target, headers)
        except (http.client.HTTPException, OSError):  # closed as idle: half an hour went by in between
            line.close()  # and opens again by itself
            answer = self.ask(line, target, headers)
        self.held.append(line)
        return answer

    def ask(self, line, target, headers):
        line.request("GET", target, headers=headers)
        answer = line.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", "")

    def all(self, calls):
        return list(self.pool.map(lambda call: self.send(*call), calls))


class Month:
    def __init__(self, url, token, clock, seed):
        self.chance, self.clock, self.lines = random.Random(seed), clock, Lines(url)
        self.operator, self.url = Caller(url, token), url
        self.coming = collections.defaultdict(list)  # tick: leads that will be reported then
        self.pending, self.good = collections.defaultdict(list), {}
        self.people = 0

    # ---- who takes part ----

    def agree(self):
        self.publishers = {name: self.party(name, "publisher", legal) for name, (legal, *_) in PUBLISHERS.items()}
        self.advertisers = {each["advertiser"]: self.party(each["advertiser"], "advertiser",
                                                          {"name": each["advertiser"].removesuffix(" (demo)") + " SAS", "address": "1 place du Marché, 75001 Paris", "country": "FR"})
                            for each in CAMPAIGNS}
        self.auditor = self.party("Cabinet Audit & Fils (demo)", "auditor")
        self.codes = []  # (publisher, advertiser, contract, code, label)
        for number, campaign in enumerate(CAMPAIGNS):
            advertiser = self.advertisers[campaign["advertiser"]]
            made = advertiser.post("/v1/campaigns", {**campaign, "advertiser": advertiser.id, "landing_url": f"https://landing.example/{number}"})
            for name, publisher in self.publishers.items():
                if number == 1 and name == "Clics Express (demo)":
                    continue
                contract = self.operator.post("/v1/contracts", {"campaign": made["id"], "publisher": publisher.id, "price": PRICES[number], "settle": "manual", "due_days": 30})["id"]
                self.operator.post(f"/v1/contracts/{contract}/grants", {"party": self.auditor.id})
                for label in ("newsletter", "articles"):
                    code = publisher.post(f"/v1/contracts/{contract}/codes", {"label": label})
                    self.codes.append((name, advertiser, contract, code, label))

    def party(self, name, kind, legal=None):
        party = Party(self.operator, name, kind)
        if kind != "auditor":
            party.put_key()
        if legal:
            self.operator.patch(f"/v1/parties/{party.id}", {"legal": legal})
        return party

    # ---- what strangers do ----

    def headers(self, bot=False):
        address = f"{self.chance.choice(('198.51.100', '203.0.113', '192.0.2'))}.{self.chance.randrange(1, 255)}"
        return {"User-Agent": BOT if bot else self.chance.choice(AGENTS), "X-Forwarded-For": address, "CF-IPCountry": self.chance.choice(("FR",) * 6 + ("BE",) * 3 + ("CH",))}

    def clicks(self, tick):
        calls, by = [], []
        hour, week = HOURS[tick % TICKS_A_DAY * 24 // TICKS_A_DAY], (0.7 if time.localtime(self.clock.now()).tm_wday > 4 else 1.1)
        for row in self.codes:
            a_day = PUBLISHERS[row[0]][1] / 2 * week * (0.75 + 0.5 * tick / (DAYS * TICKS_A_DAY))
            for _ in range(self.count(a_day * hour / sum(HOURS) * 24 / TICKS_A_DAY)):
                query = {"sub1": self.chance.choice(("autumn", "autumn", "roof-guide", "prices-2026")), "utm_source": row[4],
                         "utm_medium": "email" if row[4] == "newsletter" else "referral", "utm_campaign": self.chance.choice(("launch", "evergreen"))}
                calls.append((urllib.parse.urlsplit(row[3]["click_url"]).path + "?" + urllib.parse.urlencode(query),
                              self.headers(bot=self.chance.random() < (0.3 if row[0].startswith("Clics") else 0.03))))
                by.append(row)
        views = []
        for row, (status, location), call in zip(by, self.lines.all(calls), calls):
            if status != 302:
                raise Refused(f"a click was answered {status}")
            ident = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query).get("click_id", [""])[0]
            if self.chance.random() < 0.5:
                views.append((f"{urllib.parse.urlsplit(row[3]['pixel_url']).path}?event=view&click_id={ident}", call[1]))
            if self.chance.random() < PUBLISHERS[row[0]][2]:
                self.coming[tick + 1 + int(self.chance.expovariate(0.3))].append((row, ident))
        self.lines.all(views)

    def count(self, mean):
        """So many of what comes by chance (Poisson; Knuth)."""
        n, left = 0, self.chance.random()
        while left > math.exp(-mean):
            n, left = n + 1, left * self.chance.random()
        return n

    def person(self, row, ident):
        self.people += 1
        good = self.chance.random() < PUBLISHERS[row[0]][3]
        first, last = self.chance.choice(FIRST), self.chance.choice(LAST)
        fields = {"click_id": ident, "txid": f"demo-{self.people:05}", "first_name": first, "last_name": last, "email": f"{first}.{last}.{self.people}@example.com".lower(),
                  "phone": f"+336{self.chance.randrange(10**8):08}", "country": self.chance.choice(("FR",) * 7 + ("BE",) * 2 + (("FR",) if good else ("ES",))),
                  "f_owner": "yes" if self.chance.random() < (0.9 if good else 0.35) else "no", "f_roof": self.chance.choice(("slate", "tile", "flat"))}
        if self.chance.random() < 0.05:
            fields["phone"] = ""
        self.good[fields["txid"]] = good
        return fields

    def leads(self, tick):
        for row, ident in self.coming.pop(tick, ()):
            fields = self.person(row, ident)
            for again in range(2 if self.chance.random() < 0.04 else 1):  # some people send a form twice
                answer = self.publishers[row[0]].postback({**fields, "txid": fields["txid"] + "-b" * again})
                if answer.status != 200:
                    raise Refused(f"a lead was answered {answer}")
                if answer.json["status"] in ("pending", "held"):
                    self.pending[row[1]].append((self.clock.passed, answer.json["lead"], self.good[fields["txid"]]))
            if self.chance.random() < 0.02:  # and some networks lose their secret
                sender = self.publishers[row[0]]
                target = sender.signed_target({**fields, "txid": fields["txid"] + "-x"})
                self.lines.send(target[:-4] + "0000", {})

    # ---- what parties do ----

    def review(self, patience_s):
        """Each advertiser decides what has lain a while, and now and then takes a decision back."""
        for advertiser, waiting in self.pending.items():
            due = [each for each in waiting if self.clock.passed - each[0] > patience_s and self.chance.random() < 0.7]
            rows = [{"lead": lead, "status": "approved"} if good else {"lead": lead, "status": "rejected", "reason": self.chance.choice(WHY_NOT)} for _, lead, good in due]
            if rows:
                advertiser.post("/v1/dispositions", rows)
            later = [{"lead": lead, "status": "returned", "reason": "the number was disconnected"} if self.chance.random() < 0.2
                     else {"lead": lead, "status": "converted", "amount": f"{self.chance.randrange(4000, 19000)}.00", "currency": "EUR"}
                     for _, lead, good in due if good and self.chance.random() < 0.12]
            if later:
                advertiser.post("/v1/dispositions", later)
            waiting[:] = [each for each in waiting if each not in due]

    def settle(self, answers):
        """A statement of each contract; the parties answer as the list says, in turn."""
        for number, contract in enumerate(sorted({row[2] for row in self.codes})):
            made = self.operator.post(f"/v1/contracts/{contract}/statements", {})
            row = next(row for row in self.codes if row[2] == contract)
            who = {"publisher": self.publishers[row[0]], "advertiser": row[1]}
            for role in answers[number % len(answers)]:
                answer = who[role].answer_statement(made["id"])
                if answer.status // 100 != 2:
                    raise Refused(f"the {role} could not countersign: {answer}")

    def run(self):
        self.agree()
        for tick in range(DAYS * TICKS_A_DAY - 1):
            self.clock.wait(TICK_S)
            self.clicks(tick)
            self.leads(tick)
            if tick % TICKS_A_DAY == 20:
                self.review(DAY_S)
            if tick == 12 * TICKS_A_DAY:
                self.settle([("publisher", "advertiser")])
            if tick == 26 * TICKS_A_DAY:
                self.settle([("publisher", "advertiser"), ("publisher",), ("advertiser",), ()])
        self.clock.wait(TICK_S)

    def who(self):
        """One of each role, and the name that its page shows."""
        return {role: {"token": party.token, "party": party.id, "name": party.name}
                for role, party in (("publisher", self.publishers["Comparateur Nord (demo)"]), ("advertiser", self.advertisers["Solaire Lumen (demo)"]),
                                    ("auditor", self.auditor))}


@contextlib.contextmanager
def served(binary, data, url, log, clock):
    """The server of that folder, by the clock that goes faster."""
    host = urllib.parse.urlsplit(url).netloc
    with open(log, "ab") as out:
        server = subprocess.Popen([binary, "serve", "--data", data, "--listen", host, "--trusted-proxies", "127.0.0.1", "--country-header", "CF-IPCountry",
                                   "--budget-party", "1000000", "--budget-address", "1000000", "--log-level", "warn"], stderr=out, start_new_session=True, env={**os.environ, **clock.under})
    try:
        for _ in range(READY_S * 20):
            with contextlib.suppress(OSError):
                if Caller(url, "").call("GET", "/readyz").status == 200:
                    break
            if server.poll() is not None:
                raise Refused(f"the server did not start; its log is {log}")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        if server.wait(READY_S) != 0:
            raise Refused(f"the server did not end well; its log is {log}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--data", required=True, help="the server's folder, just made")
    parser.add_argument("--binary", required=True)
    parser.add_argument("--clock", required=True, help="libwrong_clock.so")
    parser.add_argument("--log", required=True, help="of the server's stderr")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--who", required=True, help="file for the tokens of four who take part")
    args = parser.parse_args()
    month = None
    try:
        clock = Clock(args.clock, args.who + ".clock")
        client.now = clock.now
        with served(args.binary, args.data, args.url, args.log, clock):
            month = Month(args.url, (Path(args.data) / "operator.token").read_text().strip(), clock, args.seed)
            month.run()
        with open(os.open(args.who, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(month.who(), file)
    except (Refused, OSError, KeyError) as problem:
        print(f"the month broke: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 1
    print(f"A month of made-up traffic (seed {args.seed}): {month.people} leads of people who do not exist.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
