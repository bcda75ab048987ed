"""Who earns how much of a lead, and credit over paths, against a model of their own in exact fractions, and against published numbers for
10,000 real paths (../shared/data/README.md)."""

import csv
import itertools
import math
import os
import random
import re
import secrets
import subprocess
import unittest
from fractions import Fraction
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
DATA = SOURCE.parent / "shared/data"
WHOLE = 1_000_000
TOUCHES = 10
DAY = 86_400_000
NANO = 10**9
ROUNDS = 4_000
MODELS = ("last", "first", "linear", "time-decay", "position")


def ask(questions):
    done = subprocess.run([os.environ["ATTRIBUTION_ANSWERS"]], input="".join(q + "\n" for q in questions), capture_output=True, text=True,
                          timeout=300, check=True)
    return [[int(number) for number in line.split()] for line in done.stdout.splitlines()]


# ---- shares: FORMATS.md "Shares", written again ----

ROOTS = [2**61]
for _ in range(32):
    ROOTS.append(math.isqrt(ROOTS[-1] * 2**62))


def power_of_two(age, half_life):
    """2^(-age/half_life) in units of 2^-62, as FORMATS.md has it."""
    halvings, rest = divmod(age, half_life)
    x = 2**62
    for k, bit in enumerate(f"{rest * 2**32 // half_life:032b}", 1):
        if bit == "1":
            x = x * ROOTS[k] // 2**62
    return x // 2**halvings if halvings <= 62 else 0


def weights(model, days, lead, at):
    n = len(at)
    if model == "last":
        return [0] * (n - 1) + [1]
    if model == "first":
        return [1] + [0] * (n - 1)
    if model == "position" and n > 2:
        return [Fraction(2, 5), *[Fraction(1, 5) / (n - 2)] * (n - 2), Fraction(2, 5)]
    if model == "time-decay":
        ages = [max(0, lead - t) for t in at]
        return [power_of_two(age - ages[-1], days * DAY) for age in ages]
    return [1] * n


def share_out(weight):
    due = [Fraction(w) * WHOLE / sum(weight) for w in weight]
    shares = [math.floor(d) for d in due]
    order = sorted(range(len(due)), key=lambda i: (due[i] - shares[i], i), reverse=True)
    for i in order[:WHOLE - sum(shares)]:
        shares[i] += 1
    return shares


def some_touches(chance):
    n = chance.randint(1, TOUCHES)
    lead = chance.choice([1_770_000_000_000, 0, -DAY, 2**62])
    reach = chance.choice([0, 1, 1000, DAY, 40 * DAY, 4000 * DAY, 2**61])
    late = chance.choice([0, 0, 0, DAY])  # a clock may put touches behind their lead
    at = sorted(lead + late - chance.randint(0, reach) for _ in range(n))
    if n > 1 and chance.random() < .3:  # ties
        at[chance.randrange(n - 1)] = at[-1]
        at.sort()
    return chance.choice([1, 2, 7, 30, 3650, 2**40]), lead, at


# ---- paths, in exact fractions ----

def credited(paths, channels, weigh):
    got = [Fraction(0)] * channels
    for converted, _, touches in paths:
        weight = weigh(touches)
        for channel, w in zip(touches, weight):
            got[channel] += converted * Fraction(w) / sum(weight)
    return got


def shapley_by_definition(paths, channels):
    """Over all orders in which channels can join: what each adds to what can convert without the others."""
    sets = [(converted, frozenset(touches)) for converted, _, touches in paths]
    got = [Fraction(0)] * channels
    for order in itertools.permutations(range(channels)):
        there, worth = set(), 0
        for channel in order:
            there.add(channel)
            now = sum(converted for converted, members in sets if members <= there)
            got[channel] += now - worth
            worth = now
    return [g / math.factorial(channels) for g in got]


def shapley(paths, channels):
    return credited([(c, l, sorted(set(t))) for c, l, t in paths], channels, lambda t: [1] * len(t))


def chance_to_convert(steps, without):
    """Of the chain whose steps into `without` lead to nothing: (I - Q) x = r, by elimination with fractions."""
    states = [s for s in steps if s != without]
    place = {s: i for i, s in enumerate(states)}
    rows = []
    for s in states:
        total = sum(steps[s].values())
        line = [Fraction(int(s == t)) - Fraction(steps[s].get(t, 0), total) for t in states]
        rows.append([*line, Fraction(steps[s].get("converted", 0), total)])
    for i in range(len(rows)):
        pivot = next(r for r in range(i, len(rows)) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(len(rows)):
            if r != i and rows[r][i]:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i])]
    return rows[place["start"]][-1] / rows[place["start"]][place["start"]]


def removal(paths, channels, total):
    steps = {"start": {}}
    for converted, lost, touches in paths:
        if converted + lost == 0:
            continue
        way = ["start", *touches]
        for a, b in itertools.pairwise(way):
            steps.setdefault(a, {})[b] = steps.setdefault(a, {}).get(b, 0) + converted + lost
        last = steps.setdefault(way[-1], {})
        last["converted"] = last.get("converted", 0) + converted
        last["lost"] = last.get("lost", 0) + lost
    base = chance_to_convert(steps, None) if steps["start"] else 0
    effects = [1 - chance_to_convert(steps, c) / base if base and c in steps else Fraction(0) for c in range(channels)]
    return effects, [total * e / sum(effects) if base else Fraction(0) for e in effects]


def rounded(fractions, unit):
    return [math.floor(f * unit + Fraction(1, 2)) for f in fractions]


def question(paths, channels, unit):
    return "\n".join([f"paths {unit} {channels} {len(paths)}", *(" ".join(map(str, (c, l, *t))) for c, l, t in paths)])


def collapsed(touches):
    return [channel for channel, _ in itertools.groupby(touches)]


def some_paths(chance):
    channels, longest = chance.randint(1, 5), chance.choice([2, 5, 12])
    return channels, [(chance.choice([0, 1, 3, 10**6]), chance.choice([0, 1, 50, 10**6]),
                       [chance.randrange(channels) for _ in range(chance.randint(1, longest))]) for _ in range(chance.randint(0, 12))]


SEED = int(os.environ.get("SEED") or secrets.randbits(32))


class Attribution(unittest.TestCase):
    def setUp(self):
        self.chance = random.Random(SEED)


class Shares(Attribution):
    def test_shares_are_those_of_the_model(self):
        asked = [(model, *some_touches(self.chance)) for _ in range(ROUNDS) for model in MODELS]
        answers = ask([f"shares {model} {days} {lead} {' '.join(map(str, at))}" for model, days, lead, at in asked])
        for question_, shares in zip(asked, answers, strict=True):
            model, _, _, at = question_
            self.assertEqual(sum(shares), WHOLE, question_)
            self.assertEqual(shares, share_out(weights(*question_)), question_)
            if model == "time-decay":
                self.assertEqual(shares, sorted(shares), question_)
                self.assertGreaterEqual(shares[-1], WHOLE // len(at), question_)
            elif model in ("linear", "position"):
                self.assertLessEqual(max(abs(a - b) for a, b in zip(shares, shares[::-1])), 1, question_)

    def test_the_table_of_roots_is_the_specified_one(self):
        """Its last bits hardly ever change a share."""
        source = (SOURCE / "common/decisions/attribution.c").read_text(encoding="utf-8")
        self.assertEqual([int(root, 16) for root in re.findall(r"0x[0-9a-f]{16}", source)], ROOTS[1:])

    def test_time_decay_is_a_power_of_two(self):
        for _ in range(ROUNDS):
            half_life, age = self.chance.randint(1, 400) * DAY, self.chance.randint(0, 400 * DAY)
            self.assertAlmostEqual(power_of_two(age, half_life) / 2**62 * 2**(age / half_life), 1, delta=1e-9 + 2.0**(age / half_life - 62))

    def test_another_rule_for_the_rest_is_noticed(self):
        """The negative control: ties to the earlier touch."""
        shares, = ask(["shares linear 0 3 0 1 2"])
        self.assertNotEqual(shares, share_out([1, 1, 1])[::-1])

    def test_the_parts_of_a_price_sum_to_it(self):
        asked, prices = [], []
        for _ in range(ROUNDS):
            price = self.chance.choice([1, -1]) * self.chance.randrange(2**self.chance.randint(1, 53))
            cuts = sorted(self.chance.randint(0, WHOLE) for _ in range(self.chance.randint(0, TOUCHES)))
            parts = list(itertools.pairwise([0, *cuts, WHOLE]))
            prices.append((price, parts))
            asked += [f"micros {price} {a} {b}" for a, b in parts]
        answers = iter(ask(asked))
        for price, parts in prices:
            got = [next(answers)[0] for _ in parts]
            self.assertEqual(sum(got), price)
            self.assertEqual(got, [math.floor(Fraction(price * b, WHOLE)) - math.floor(Fraction(price * a, WHOLE)) for a, b in parts])


class Paths(Attribution):
    def same(self, channels, paths, unit, answers):
        total = sum(c for c, _, _ in paths)
        want = [credited(paths, channels, lambda t, model=model: weights(model, 0, 0, [0] * len(t)))
                for model in ("last", "first", "linear", "position")] + [shapley(paths, channels)]
        self.assertEqual(answers[:5], [rounded(w, unit) for w in want])
        for got, exact, scale in zip(answers[5:], removal(paths, channels, total), (NANO, unit), strict=True):
            for g, e in zip(got, exact, strict=True):
                self.assertLessEqual(abs(g - e * scale), 1 + e * scale / 10**12)

    def test_credit_is_that_of_fractions(self):
        cases = [some_paths(self.chance) for _ in range(300)]
        units = [self.chance.choice([1, 7, NANO]) for _ in cases]
        answers, again = (ask([question([(c, l, see(t)) for c, l, t in paths], channels, unit) for (channels, paths), unit in zip(cases, units)])
                          for see in (list, collapsed))
        for i, ((channels, paths), unit) in enumerate(zip(cases, units)):
            got = answers[7 * i:7 * i + 7]
            with self.subTest(channels=channels, unit=unit, paths=paths):
                self.same(channels, paths, unit, got)
                self.assertEqual(got[4], rounded(shapley_by_definition(paths, channels), unit))
                self.assertEqual(again[7 * i + 5:7 * i + 7], got[5:])

    def test_a_chain_that_hardly_ever_ends_loses_no_digits(self):
        """Thousands of steps between two channels before one leads out, and conversions a million times rarer than the rest."""
        paths = [(1, 10**6, [0, 1] * 200), (0, 10**6, [1, 2] * 200), (1, 0, [2])]
        for repeated in (paths, [(c, l, [t[0]] * 100 + t) for c, l, t in paths]):
            self.same(3, repeated, NANO, ask([question(repeated, 3, NANO)]))


def table(name):
    with open(DATA / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@unittest.skipUnless(DATA.is_dir(), f"no {DATA}: the published numbers of real paths are not compared")
class RealPaths(unittest.TestCase):
    """PathData of the R package ChannelAttribution."""

    @classmethod
    def setUpClass(cls):
        cls.exact = table("PathData_exact_shapley_markov_position.csv")
        cls.names = [row["channel"] for row in cls.exact]
        number = {name: i for i, name in enumerate(cls.names)}
        rows = table("PathData.csv")
        cls.paths = [(int(row["total_conversions"]), int(row["total_null"]), [number[c] for c in row["path"].split(" > ")]) for row in rows]
        cls.values = [Fraction(row["total_conversion_value"]) for row in rows]
        cls.answers = ask([question(cls.paths, len(cls.names), NANO)])

    def equal(self, got, column, exactly):
        """Nine places are printed: all of them, or 10^-6."""
        want = [Fraction(row[column]) for row in self.exact]
        for name, g, w in zip(self.names, got, want, strict=True):
            if exactly:
                self.assertEqual(g, w * NANO, (column, name))
            else:
                self.assertLessEqual(abs(g - w * NANO), NANO / 10**6, (column, name))

    def test_shapley_and_position_are_the_published_ones(self):
        self.equal(self.answers[4], "shapley_unique_set", exactly=True)
        self.equal(self.answers[3], "position_40_20_40", exactly=True)

    def test_the_removal_effect_is_the_exact_one_raw_and_collapsed(self):
        merged = ask([question([(c, l, collapsed(t)) for c, l, t in self.paths], len(self.names), NANO)])
        for way, answers in (("raw", self.answers), ("collapsed", merged)):
            self.equal(answers[5], f"markov1_exact_re_{way}", exactly=False)
            self.equal(answers[6], f"markov1_exact_conv_{way}", exactly=False)

    def test_first_last_and_linear_are_the_published_ones(self):
        """Of conversions and of their value, whose digits are asked for in two parts: credit is additive."""
        upper, lower, unit = 10**8, 10**18, 10**4
        parts = [divmod(value * lower, lower // upper) for value in self.values]
        self.assertEqual({low.denominator for _, low in parts}, {1})
        high, low = (ask([question([(int(part[k]), 0, t) for part, (_, _, t) in zip(parts, self.paths)], len(self.names), unit)]) for k in (0, 1))
        published = {row["channel_name"]: row for row in table("PathData_heuristic_expected.csv")}
        for number, model in enumerate(("last", "first", "linear")):
            for c, name in enumerate(self.names):
                value = Fraction(high[number][c], upper * unit) + Fraction(low[number][c], lower * unit)
                for got, what in ((Fraction(self.answers[number][c], NANO), "conversions"), (value, "value")):
                    want = Fraction(published[name][f"{model}_touch_{what}"])
                    self.assertLessEqual(abs(got - want), Fraction(2, NANO), (model, name, what))

    def test_ours_are_those_of_fractions_and_the_columns_can_tell(self):
        total = sum(c for c, _, _ in self.paths)
        effects, credit = removal(self.paths, len(self.names), total)
        for got, want in ((self.answers[5], effects), (self.answers[6], credit)):
            for g, w in zip(got, want, strict=True):
                self.assertLessEqual(abs(g - w * NANO), 1)
        self.assertEqual(self.answers[2], rounded(credited(self.paths, len(self.names), lambda t: [1] * len(t)), NANO))
        spoilt = [(c + (i == 17), l, t) for i, (c, l, t) in enumerate(self.paths)]
        answers = ask([question(spoilt, len(self.names), NANO)])
        with self.assertRaises(AssertionError):
            self.equal(answers[4], "shapley_unique_set", exactly=True)
        with self.assertRaises(AssertionError):
            self.equal(answers[6], "markov1_exact_conv_raw", exactly=False)


if __name__ == "__main__":
    print(f"SEED={SEED}")
    unittest.main(verbosity=2)
