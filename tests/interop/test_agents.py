"""The table of user agents: it is what its package makes, it finds what its literals find, and it tells people from bots."""

import json
import lzma
import os
import re
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PACKAGE = SOURCE / "tests/node_modules/crawler-user-agents"
TABLE = SOURCE / "common/decisions/agent_table.h"
DATA = SOURCE.parent / "shared/data"

FALSE_POSITIVES = 0.0015  # of browsers
RECALL = 0.905  # of bots: 0.912 when it was measured; the data's own list is noisy
# Of what another project calls smartphones and so on, how many we call so, or the browser inside an app: measured, less a little.
DEVICES = {"matomo-smartphone": ({"phone", "app"}, 0.98), "matomo-tablet": ({"tablet", "app"}, 0.81), "matomo-feature_phone": ({"phone"}, 0.65)}

sys.path.insert(0, str(SOURCE / "scripts"))
import agent_table  # noqa: E402


def agents(name):
    """(source, agent) of each line."""
    with lzma.open(DATA / name, "rb") as file:
        return [tuple(line.rstrip(b"\n").split(b"\t", 1)) for line in file]


def answers(texts):
    """(is a bot, device) of each."""
    done = subprocess.run([os.environ["AGENT_ANSWERS"]], input=b"".join(text + b"\n" for text in texts), capture_output=True, timeout=300, check=True)
    lines = [line.split(" ") for line in done.stdout.decode().splitlines()]
    assert len(lines) == len(texts)
    return [(word == "bot", device) for word, device in lines]


def patterns():
    return [each["pattern"] for each in json.loads((PACKAGE / "crawler-user-agents.json").read_text())]


def generated(folder, *more):
    out = Path(folder) / "table.h"
    subprocess.run([sys.executable, "-B", SOURCE / "scripts/agent_table.py", *more, out], timeout=120, check=True)
    return out.read_bytes()


def expression(literals):
    """One regular expression for all, by Python's own engine."""
    def one(literal):
        return b"".join(rb"\A" if x == agent_table.BEGIN else rb"\Z" if x == agent_table.END else re.escape(bytes([x])) for x in literal)

    return re.compile(b"|".join(sorted(map(one, literals), key=len, reverse=True)))


def rate(said):
    return sum(said) / len(said)


class Generated(unittest.TestCase):
    def test_the_table_is_what_its_package_makes(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(generated(folder) == TABLE.read_bytes(), "run scripts/agents")

    def test_another_package_makes_another_table(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "LICENSE"):
                (Path(folder) / name).write_text((PACKAGE / name).read_text())
            (Path(folder) / "crawler-user-agents.json").write_text(json.dumps([{"pattern": each} for each in patterns()[1:]]))
            self.assertFalse(generated(folder, "--package", folder) == TABLE.read_bytes())

    def test_the_table_names_its_source(self):
        package, lock = (json.loads(path.read_text()) for path in (PACKAGE / "package.json", SOURCE / "tests/package-lock.json"))
        self.assertEqual(lock["packages"]["node_modules/crawler-user-agents"]["version"], package["version"])
        self.assertIn(f"crawler-user-agents {package['version']}, licence MIT, ", TABLE.read_text()[:400])

    def test_what_is_looked_for_otherwise_is_in_the_package(self):
        self.assertEqual(set(agent_table.OTHERWISE) - set(patterns()), set())


class Patterns(unittest.TestCase):
    def test_a_pattern_becomes_its_literals(self):
        for pattern, literals, cut in ((r"[wW]get", ["wget", "Wget"], False), (r"^curl", ["^curl"], False), (r"a(b|c)d\/", ["abd/", "acd/"], False),
                                       (r"(^| )PTST\/", ["^PTST/", " PTST/"], False), (r"bot$", ["bot$"], False), (r"x\.y?z", ["x.z", "x.yz"], False),
                                       (r"Google([^-]|$)", ["Google", "Google$"], True), (r"Traffic\/\d\.\d+ Feed", ["Traffic/"], True),
                                       (r"Spider[\s\S]*der\.com", ["der.com"], True), (r"(ab)+cde", ["cde"], True)):
            with self.subTest(pattern):
                found, was_cut = agent_table.literals_of(pattern)
                self.assertEqual((set(found), was_cut), (set(map(agent_table.own_literal, literals)), cut))

    def test_each_pattern_is_found_in_its_own_examples(self):
        package = json.loads((PACKAGE / "crawler-user-agents.json").read_text())
        examples = [text.encode() for each in package if each["pattern"] not in agent_table.OTHERWISE for text in each["instances"] if re.search(each["pattern"], text)]
        self.assertGreater(len(examples), 1500)
        self.assertEqual([text for text, (bot, _) in zip(examples, answers(examples)) if not bot], [])


@unittest.skipUnless(DATA.exists(), "no ../shared here")
class People(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browsers, cls.bots = agents("ua_browsers.tsv.xz"), agents("ua_bots.tsv.xz")
        cls.of_browsers, cls.of_bots = (answers([text for _, text in rows]) for rows in (cls.browsers, cls.bots))

    def test_browsers_are_hardly_ever_bots(self):
        wrong = rate([bot for bot, _ in self.of_browsers])
        print(f"false positives: {wrong:.3%} of {len(self.browsers)} browsers")
        self.assertLessEqual(wrong, FALSE_POSITIVES)

    def test_bots_are_found(self):
        found = rate([bot for bot, _ in self.of_bots])
        print(f"recall: {found:.1%} of {len(self.bots)} bots")
        self.assertGreaterEqual(found, RECALL)

    def test_the_rates_can_be_missed(self):
        """The package's patterns without exceptions and own rules: too many people, too few bots."""
        package = re.compile("|".join(patterns()))

        def found(rows):
            return rate([package.search(text.decode("utf-8", "replace")) is not None for _, text in rows])

        self.assertGreater(found(self.browsers[::10]), FALSE_POSITIVES)
        self.assertLess(found(self.bots[::50]), RECALL)

    def test_the_automaton_finds_what_its_literals_find(self):
        literals, _, _ = agent_table.bot_literals(patterns())
        whole, fewer = expression(literals), expression(literals[::2])
        some = [(text[:512], bot) for rows, said in ((self.browsers, self.of_browsers), (self.bots, self.of_bots))
                for (_, text), (bot, _) in zip(rows[::80], said[::80])]
        self.assertEqual([text for text, bot in some if bot != (text == b"" or whole.search(text) is not None)], [])
        self.assertNotEqual([text for text, bot in some if bot != (fewer.search(text) is not None)], [])

    def test_devices_are_those_that_another_project_tells(self):
        for source, (devices, least) in DEVICES.items():
            said = Counter(device for (name, _), (_, device) in zip(self.browsers, self.of_browsers) if name.split(b"/")[0].decode() == source)
            share = sum(said[device] for device in devices) / said.total()
            print(f"{source}: {share:.1%} {'/'.join(sorted(devices))}")
            self.assertGreaterEqual(share, least)


if __name__ == "__main__":
    unittest.main()
