"""Real leads, replayed through HTTP by the load tester, end as a script that has only the file says: counts by status and reason, and money."""

import json
import subprocess
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import real_leads
import test_score
from harness import BINARY, SOURCE, Market, ServerCase, countersign, statement_payload

LEADS = SOURCE.parent / "shared/data/leads.csv"
LOADTEST = Path(BINARY).with_name("countersign-loadtest")


class RealMarket(Market):
    """One campaign; each publisher with a contract, its prices, and a code for each of its sources."""

    def __init__(self, server):
        super().__init__(server, campaign=real_leads.CAMPAIGN)
        self.contracts, self.lines = {}, []
        for name, (sources, *_) in real_leads.PUBLISHERS.items():
            publisher = self.operator.post("/v1/parties", {"name": name, "kind": "publisher"})
            contract = self.operator.post("/v1/contracts", {"campaign": self.campaign, "publisher": publisher["id"], "price": real_leads.prices(name)})["id"]
            self.contracts[name] = contract
            for source in sources:
                code = self.operator.post(f"/v1/contracts/{contract}/codes", {"label": source})["code"]
                self.lines.append(f"{code} {source}\n")

    def replay(self, path, *flags):
        with tempfile.NamedTemporaryFile("w", suffix=".codes") as codes:
            codes.writelines(self.lines)
            codes.flush()
            command = [LOADTEST, "--replay", path, "--codes", codes.name, "--url", self.server.url, "--kid", self.advertiser.kid,
                       "--secret", self.advertiser.secret, "--connections", "128", "--timeout", "60", *flags]
            return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=380, check=False)


def flat(counts):
    """A statement's leads by (status, reason), without what there is none of."""
    out = Counter({(status, ""): n for status, n in counts.items() if status not in ("rejected", "total")})
    out.update({("rejected", reason): n for reason, n in counts["rejected"].items()})
    return +out


@unittest.skipUnless(LEADS.is_file(), f"no {LEADS}")
class Replay(ServerCase):
    @classmethod
    def set_up_market(cls):
        cls.market = RealMarket(cls.server)

    def statement(self, contract):
        made = self.operator.post(f"/v1/contracts/{contract}/statements", {})
        return json.loads(statement_payload(self.operator.do("GET", f"/v1/statements/{made['id']}").body))

    def test_real_leads_end_as_the_file_alone_says(self):
        done = self.market.replay(LEADS, "--json")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        said, rows = json.loads(done.stdout), real_leads.read(LEADS)
        print(f"{len(rows)} leads in {said['wall_ms'] / 1000:.1f} s, {said['answered']} requests")
        want = real_leads.expected(rows)
        self.assertEqual((said["replay"]["rows"], said["replay"]["unfinished"]), (len(rows), 0))
        self.the_statements_say(want, rows)
        self.the_scores_are_those_of_the_documents_alone()
        self.the_tool_says(said, want)
        self.an_auditor_finds_the_same(self.market.contracts["Search"])

    def the_statements_say(self, want, rows):
        statements = {name: self.statement(contract) for name, contract in self.market.contracts.items()}
        got = {name: {"leads": flat(s["counts"]["leads"]), "micros": s["gross_micros"]} for name, s in statements.items()}
        self.assertEqual(got, want)
        for name, s in statements.items():
            n = sum(want[name]["leads"].values())
            self.assertEqual((s["counts"]["leads"]["total"], s["net_micros"]), (n, want[name]["micros"]))
            self.assertGreaterEqual(s["counts"]["clicks"]["ok"], n)  # a connection that broke clicks again
        spoilt = next(row for row in rows if real_leads.fate(row)[0] == "approved")
        spoilt["Converted"] = "0"
        self.assertNotEqual(got, real_leads.expected(rows), "one lead of thousands is not noticed")

    def the_scores_are_those_of_the_documents_alone(self):
        scored = 0
        for contract in self.market.contracts.values():
            size = int(self.operator.do("GET", f"/log/{contract}/checkpoint").text.split("\n")[1])
            entries = [json.loads(entry) for _, entry in self.market.entries(contract, size=size)]
            scores, _ = test_score.told(contract, entries, lambda named, of=contract: self.operator.do("GET", f"/v1/contracts/{of}/models/{named}").body)
            for index, (said, _) in scores.items():
                self.assertEqual({name: entries[index][name] for name in test_score.MEMBERS if name in entries[index]}, said, f"{contract}, {index}")
                scored += said != {}
        print(f"{scored} scores")
        self.assertGreater(scored, 4000)

    def the_tool_says(self, said, want):
        decided = Counter()
        for of in want.values():
            for (status, reason), n in of["leads"].items():
                decided["rejected " + reason if reason not in ("", "review") else "pending "] += n
        self.assertEqual({f"{o['status']} {o['reason']}": o["n"] for o in said["replay"]["leads"]}, decided)
        approved = next(o for o in said["replay"]["dispositions"] if o["asked"] == "approved")
        self.assertEqual((approved["status"], approved["micros"]), ("approved", sum(of["micros"] for of in want.values())))

    def an_auditor_finds_the_same(self, contract):
        with tempfile.TemporaryDirectory(prefix="countersign-mirror-") as mirror:
            pulled = countersign("pull", self.server.url, mirror, "--contract", contract, "--token", self.operator.token)
            self.assertEqual(pulled.returncode, 0, pulled.stderr)
            verified = countersign("verify", mirror)
            self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_what_cannot_be_replayed_is_named(self):
        lines = self.market.lines
        for cut, flags, word in (([line for line in lines if not line.endswith("*\n")], (), "source"), ([lines[0][:35] + "\n"], (), "tracking code"),
                                 (lines, ("--rate", "5"), "--rate"), (lines, ("--secret", "none"), "--secret")):
            with self.subTest(word=word):
                self.market.lines = cut
                done = self.market.replay(LEADS, *flags)
                self.market.lines = lines
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
