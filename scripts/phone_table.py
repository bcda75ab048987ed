"""Writes common/decisions/phone_table.h: how telephone numbers are written in each country, as tables of a small matcher.

Source is metadata.max.json of the npm package libphonenumber-js that is pinned in tests/package-lock.json (scripts/phones installs it), which is
Google's metadata. Its regular expressions know digits, classes, choices and counts alone, so each of them is a finite language: all of them
become one graph of nodes with a way on for each digit, equal ends shared. Where a person's number is written in two ways that both read in
that metadata, or where it has forgotten an older way, OWN says what is taken instead, and why.
"""

import argparse
import json
import re
import textwrap
from itertools import product
from pathlib import Path

try:
    from re import _constants as sre, _parser as sre_parse
except ImportError:  # before Python 3.11
    import sre_constants as sre
    import sre_parse

LONGEST = 17  # digits of a national number in the metadata
INTERNATIONAL = 15  # digits of E.164

# country: general pattern or None, rules or None, why. A rule is a pattern of what stands at the front, as in the metadata's prefixes: its group
# is kept, the rest dropped; "=>$1" or "=>01$1" says what stands there instead. {group} is the group of the metadata's own pattern.
OWN = {
    "AR": (r"(?:11|8\d\d)\d{8}|[2368]\d{9}", [r"0?9?({group})15=>$1", r"0?9(\d{10})$=>$1", "0"],
           "the 9 (from abroad) and 15 (inside) before a mobile number are dialled, no part of it: no fixed line has the same ten digits"),
    "BJ": (None, [r"([2-9]\d{7})$=>01$1"], "each number of eight digits got 01 in front in November 2024"),
    "MX": (None, ["0(?:[12]|4[45])|1"], "01, 02, 044, 045 and the 1 of mobile numbers from abroad were dialled until 2020, and are still typed"),
    "UZ": (None, ["8"], "8 was dialled before an area code, and is still typed"),
}


# ---- regular expressions to nodes ----

class Graph:
    """Nodes of finite languages over digits, each once: (accepts, ten nodes). Node 0 accepts nothing, EMPTY the empty text alone."""

    def __init__(self):
        self.number, self.nodes, self.unions = {}, [], {}
        self.dead = self.node(False, None)
        self.empty = self.node(True, (0,) * 10)

    def node(self, accepts, ways):
        key = (accepts, ways or (0,) * 10)
        if key not in self.number:
            self.number[key] = len(self.nodes)
            self.nodes.append(key)
        return self.number[key]

    def compiled(self, items, lengths=None):
        """The node of a parsed pattern, of its texts that have one of the lengths."""
        machine = Machine()
        start = machine.state()
        end = machine.add(items, start)
        memo = {}

        def walk(states, depth):
            states = machine.closure(states)
            if (states, depth) not in memo:
                accepts = end in states and (lengths is None or depth in lengths)
                steps = [machine.step(states, digit) for digit in range(10)]
                ways = tuple(walk(frozenset(step), depth + 1) if step else 0 for step in steps)
                memo[states, depth] = self.node(accepts, ways) if accepts or any(ways) else 0
            return memo[states, depth]

        return walk(frozenset([start]), 0)

    def union(self, a, b):
        if a == 0 or b == 0 or a == b:
            return a or b
        if (a, b) not in self.unions:
            ways = tuple(self.union(x, y) for x, y in zip(self.nodes[a][1], self.nodes[b][1]))
            self.unions[a, b] = self.node(self.nodes[a][0] or self.nodes[b][0], ways)
        return self.unions[a, b]


class Machine:
    """Thompson's: states with ways on for digits, and for nothing."""

    def __init__(self):
        self.digits, self.nothing = [], []

    def state(self):
        self.digits.append([])
        self.nothing.append([])
        return len(self.digits) - 1

    def add(self, items, at):
        for kind, value in items:
            if kind in (sre.LITERAL, sre.IN):
                to = self.state()
                self.digits[at].append((digits_of(kind, value), to))
                at = to
            elif kind == sre.SUBPATTERN:
                at = self.add(value[-1], at)
            elif kind == sre.BRANCH:
                to = self.state()
                for branch in value[1]:
                    self.nothing[self.add(branch, at)].append(to)
                at = to
            elif kind == sre.MAX_REPEAT and value[1] <= LONGEST:
                least, most, inner = value
                ends = [at] if least == 0 else []
                for i in range(1, most + 1):
                    at = self.add(inner, at)
                    if i >= least:
                        ends.append(at)
                to = self.state()
                for end in ends:
                    self.nothing[end].append(to)
                at = to
            else:
                raise ValueError(f"a pattern with {kind}")
        return at

    def closure(self, states):
        seen, queue = set(states), list(states)
        for state in queue:
            for to in self.nothing[state]:
                if to not in seen:
                    seen.add(to)
                    queue.append(to)
        return frozenset(seen)

    def step(self, states, digit):
        return {to for state in states for digits, to in self.digits[state] if digit in digits}


def digits_of(kind, value):
    if kind == sre.LITERAL:
        return {int(chr(value))}
    found = set()
    for each, what in value:
        if each == sre.LITERAL:
            found.add(int(chr(what)))
        elif each == sre.RANGE:
            found |= {int(chr(c)) for c in range(what[0], what[1] + 1)}
        elif (each, what) == (sre.CATEGORY, sre.CATEGORY_DIGIT):
            found |= set(range(10))
        else:
            raise ValueError(f"a class with {each}")
    return found


def parsed(pattern):
    return list(sre_parse.parse(pattern))


# ---- prefixes that are dialled inside a country, as rules ----

def has_group(items):
    return any(kind == sre.SUBPATTERN and (value[0] is not None or has_group(value[-1])) or kind == sre.BRANCH and any(map(has_group, value[1])) or
               kind == sre.MAX_REPEAT and has_group(value[2]) for kind, value in items)


def alternatives(items):
    """All ways through what a group stands in, as flat lists of items; an optional part first with, then without."""
    ways = []
    for kind, value in items:
        item = (kind, value)
        if not has_group([item]) or kind == sre.SUBPATTERN and value[0] is not None:
            ways.append([[item]])
        elif kind == sre.SUBPATTERN:
            ways.append(alternatives(value[-1]))
        elif kind == sre.BRANCH:
            ways.append([way for branch in value[1] for way in alternatives(branch)])
        elif kind == sre.MAX_REPEAT and value[:2] == (0, 1):
            ways.append([*alternatives(value[2]), []])
        else:
            raise ValueError(f"a group inside {kind}")
    return [sum(way, []) for way in product(*ways)]


def rules_of(graph, pattern, template):
    """(dropped, kept, dropped behind it, up to the end, put in front) for each way of a prefix."""
    put, kept = re.fullmatch(r"(\d*)\$(\d)", template).groups() if template else ("", "0")
    found = []
    items = parsed(pattern)
    branches = items[0][1][1] if len(items) == 1 and items[0][0] == sre.BRANCH else [items]
    for way in (way for branch in branches for way in alternatives(list(branch))):
        to_end = bool(way) and way[-1] == (sre.AT, sre.AT_END)
        way = way[:-1] if to_end else way
        at = [i for i, (kind, value) in enumerate(way) if kind == sre.SUBPATTERN and value[0] == int(kept)]
        if at:
            parts = way[:at[0]], way[at[0]:at[0] + 1], way[at[0] + 1:]
        else:
            parts = way, [], []
        found.append((*map(graph.compiled, parts), to_end, put if at else ""))
    return found


def own_rules(graph, rules, group):
    found = []
    for rule in rules:
        pattern, _, template = rule.partition("=>")
        found += rules_of(graph, pattern.replace("{group}", group), template)
    return found


def prefix_rules(graph, country, row):
    """The metadata's, or our own in their place."""
    pattern, template = row[7] or row[5] or "", row[8] or ""
    own = OWN.get(country, (None, None))[1]
    if own is not None:
        group = re.search(r"\((?!\?)(.*)\)15", pattern)
        return own_rules(graph, own, group[1] if group else "")
    return rules_of(graph, pattern, template) if pattern else []


# ---- countries and calling codes ----

def general(graph, country, row):
    return graph.compiled(parsed(OWN.get(country, (None,))[0] or row[2]), set(row[3]))


def mobile(graph, country, row):
    types = row[11] or []
    if len(types) < 2 or not types[1]:
        return 0
    pattern, lengths = types[1][0] or types[0][0], types[1][1] if len(types[1]) > 1 else row[3]
    node = graph.compiled(parsed(pattern), set(lengths))
    return graph.nodes[node][1][9] if country == "AR" else node  # without the 9


def bits(lengths):
    return sum(1 << n for n in set(lengths))


def tables(metadata):
    graph = Graph()
    countries, rules, plans = [], [], {}
    rule_at = {}
    for code, row in metadata["nonGeographic"].items():
        plans[code] = {"general": general(graph, code, row), "mobile": mobile(graph, code, row), "main": None}
    for code, members in metadata["country_calling_codes"].items():
        plans[code] = {"general": 0, "mobile": 0, "main": members[0]}
        for country in members:
            row = metadata["countries"][country]
            plans[code]["general"] = graph.union(plans[code]["general"], general(graph, country, row))
            plans[code]["mobile"] = graph.union(plans[code]["mobile"], mobile(graph, country, row))
    for country, row in sorted(metadata["countries"].items()):
        own = tuple(prefix_rules(graph, country, row))
        if own not in rule_at:
            rule_at[own] = len(rules)
            rules += own
        countries.append({"id": country, "code": row[0], "general": general(graph, country, row), "abroad": graph.compiled(parsed(row[1])),
                          "lengths": bits(row[3]), "rules": rule_at[own], "n_rules": len(own)})
    return graph, countries, rules, plans


class Numbering:
    """The order of nodes in the table: those that accept come last; what nothing leads to any more is left out."""

    def __init__(self, graph, roots):
        seen, queue = {0, graph.empty}, [0, graph.empty]
        for root in roots:
            if root not in seen:
                seen.add(root)
                queue.append(root)
        for node in queue:
            for to in graph.nodes[node][1]:
                if to not in seen:
                    seen.add(to)
                    queue.append(to)
        self.order = sorted(queue, key=lambda node: graph.nodes[node][0])
        self.number = {node: i for i, node in enumerate(self.order)}
        self.accepting = sum(not graph.nodes[node][0] for node in self.order)


# ---- the file ----

def numbers(values):
    return textwrap.fill(",".join(map(str, values)).replace(",", ", "), 118, initial_indent="    ", subsequent_indent="    ").replace(", ", ",")


def each_line(texts):
    return "\n".join((" *     " + each.replace("*/", "*\\/")).rstrip() for each in texts) or " *     none"


def own_lines():
    for country, (pattern, rules, why) in OWN.items():
        yield from textwrap.wrap(f"{country}: {why}", 100, subsequent_indent="  ")
        if pattern:
            yield f"  numbers {pattern}"
        yield f"  in front {'   '.join(rules)}"


def written(package, metadata, licence):
    graph, countries, rules, plans = tables(metadata)
    codes = sorted(plans)
    roots = [node for plan in plans.values() for node in (plan["general"], plan["mobile"])]
    roots += [node for country in countries for node in (country["general"], country["abroad"])]
    roots += [node for rule in rules for node in rule[:3]]
    names = Numbering(graph, roots)
    n = names.number
    at = {country["id"]: i for i, country in enumerate(countries)}
    ways = [n[to] for node in names.order for to in graph.nodes[node][1]]
    head = f"""/* clang-format off */
/* Generated by scripts/phones (scripts/phone_table.py, which has the own rules as well): do not edit.
 * Source: npm package libphonenumber-js {package['version']}, licence {package['license']}; the metadata in it is that of Google's libphonenumber,
 * licence Apache-2.0. {len(countries)} countries, {len(plans)} calling codes. The licence of that package:
 *
{each_line(licence)}
 *
 * Own rules:
{each_line(own_lines())}
 */"""
    rows = "\n".join(f'    {{"{c["id"]}", {codes.index(c["code"])}, {n[c["general"]]}, {n[c["abroad"]]}, {c["rules"]}, {c["n_rules"]}, {c["lengths"]:#x}}},' for c in countries)
    plan_rows = "\n".join(f'    {{"{code}", {n[plans[code]["general"]]}, {n[plans[code]["mobile"]]}, {at[plans[code]["main"]] if plans[code]["main"] else -1}}},' for code in codes)
    rule_rows = "\n".join(f'    {{{n[drop]}, {n[keep]}, {n[behind]}, {int(to_end)}, "{put}"}},' for drop, keep, behind, to_end, put in rules)
    return f"""{head}
#ifndef CS_DECISIONS_PHONE_TABLE_H
#define CS_DECISIONS_PHONE_TABLE_H

#include <stdint.h>

enum {{
    PHONE_NODES = {len(names.order)}, PHONE_NOWHERE = {n[0]}, PHONE_EMPTY = {n[graph.empty]},
    PHONE_ACCEPTS = {names.accepting}, /* this node and all after it */
    PHONE_COUNTRIES = {len(countries)}, PHONE_PLANS = {len(codes)}
}};

/* Where each node goes on with each digit: ten a node. */
static const uint16_t phone_next[10 * PHONE_NODES] = {{
{numbers(ways)}
}};

/* What is taken off the front of a number: drop, keep, behind stand one after the other, up to the end where to_end
 * says so. Drop and behind go, `put` comes before what stays. */
static const struct phone_rule {{
    uint16_t drop, keep, behind;
    uint8_t to_end;
    char put[5];
}} phone_rules[{len(rules)}] = {{
{rule_rows}
}};

/* By calling code, in order: the national numbers of all its countries, the mobile ones among them, and the country
 * whose rules hold for a number from abroad (-1: none). */
static const struct phone_plan {{
    char code[4];
    uint16_t number, mobile;
    int16_t main;
}} phone_plans[PHONE_PLANS] = {{
{plan_rows}
}};

/* By ISO 3166 code, in order: its plan, its national numbers, the prefixes that are dialled to get abroad, its rules,
 * and the lengths of its numbers, a bit each. */
static const struct phone_country {{
    char id[3];
    uint16_t plan, number, abroad, rules, n_rules;
    uint32_t lengths;
}} phone_countries[PHONE_COUNTRIES] = {{
{rows}
}};

#endif
"""


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(prog="scripts/phones", description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=Path, default=root / "tests/node_modules/libphonenumber-js")
    parser.add_argument("out", type=Path, nargs="?", default=root / "common/decisions/phone_table.h")
    arguments = parser.parse_args()
    package = json.loads((arguments.package / "package.json").read_text())
    metadata = json.loads((arguments.package / "metadata.max.json").read_text())
    licence = (arguments.package / "LICENSE").read_text().strip().splitlines()
    arguments.out.write_text(written(package, metadata, licence))


if __name__ == "__main__":
    main()
