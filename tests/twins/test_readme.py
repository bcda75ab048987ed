"""The tables of settings, scopes and commands of README and docs/ against the program's own, and what each command's --help says; and
every link among these texts leads somewhere."""

import copy
import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from markdown import table, words

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/e2e"))

from harness import countersign  # noqa: E402

FACTS = os.environ.get("TWIN_FACTS", str(SOURCE / "build/asan/twin_facts"))
TEXTS = [SOURCE / "README.md", *sorted((SOURCE / "docs").rglob("*.md"))]
SETTINGS, COMMANDS, SCOPES = ("key", "default", "meaning"), ("command", "does"), ("scope", "roles", "a token with it may")


def tables():
    made = json.loads(subprocess.run([FACTS, "tables"], capture_output=True, text=True, timeout=60, check=True).stdout)
    return {**made, "schemas": json.loads((SOURCE / "server/api/openapi.json").read_text())["components"]["schemas"]}


def helps():
    """What each command says of itself, by its name; under "" the overview."""
    overview = countersign("--help").stdout
    names = re.findall(r"^  (\w+) ", overview, re.MULTILINE)
    return {"": overview, **{name: countersign(name, "--help").stdout for name in names}}


def scopes(readme, made, _):
    """Word for word, in the program's order."""
    said = [(word.strip("`"), roles, lets) for word, roles, lets in table(readme, *SCOPES)]
    if said != [(scope["word"], ", ".join(scope["roles"]), scope["lets"]) for scope in made["token_scopes"]]:
        yield "other scopes"


def members(schemas, name, path=""):
    """Of an object and those within it, with dots between."""
    for member, schema in schemas[name]["properties"].items():
        inner = schema.get("$ref", "").rsplit("/", maxsplit=1)[-1]
        if schemas.get(inner, {}).get("type") == "object":
            yield from members(schemas, inner, f"{path}{member}.")
        elif schema.get("type") == "object":
            yield from members({member: schema, **{other: of for other, of in schemas.items() if other != member}}, member, f"{path}{member}.")
        else:
            yield path + member


def documents(readme, made, _):
    """Each member of a campaign and of a contract stands in its table."""
    for schema, what in (("NewCampaign", "campaign"), ("NewContract", "contract")):
        said = [word for names, _, _ in table(readme, what, "default", "meaning") for word in re.findall(r"`([\w.]+)`", names)]
        yield from (f"{what}: {name}" for name in set(said) ^ set(members(made["schemas"], schema)))


def settings(readme, made, texts):
    """Keys, defaults, bounds where the README has them; no word in backticks that the help does not have; each is a flag of serve."""
    rows, options = table(readme, *SETTINGS), made["options"]
    if [key.strip("`") for key, _, _ in rows] != [option["name"] for option in options]:
        yield "other keys, or another order"
    by_name = {option["name"]: option for option in options}
    for key, default, meaning in rows:
        option = by_name.get(key.strip("`"), {"name": key, "default": "", "least": 0, "most": 0, "help": ""})
        if default.strip("`") != option["default"]:
            yield f"{key}: default {default}, not {option['default']}"
        bounds = [int(n) for m in re.findall(r"\b(\d+) to (\d+)\b", meaning) for n in m]
        if bounds and bounds != [option["least"], option["most"]]:
            yield f"{key}: bounds {bounds}"
        yield from (f"{key}: {word} is not in its help" for word in words(meaning) if not re.search(re.escape(word), option["help"]))
        if not re.search(rf"^  --{option['name'].replace('_', '-')} (TEXT|N) ", texts["serve"], re.MULTILINE):
            yield f"{key} is no flag of serve"
    said = re.search(r"What needs a restart stays(.*?); and to turn on or off(.*?)\n", readme.replace("\n", " ") + "\n")
    for names, kinds in ((said[1], {"start"}), (said[2].split(". ")[0], {"hup but off"})):
        yield from (f"{name}: not told to need a restart, or told to" for name in
                    {word for word in re.findall(r"`(\w+)`", names) if word in by_name} ^ {option["name"] for option in options if option.get("change") in kinds})
    flags = set(re.findall(r"^  --([\w-]+) ", texts["serve"], re.MULTILINE)) - {"config", "print-config"}
    yield from flags ^ {option["name"].replace("_", "-") for option in options}


def taken(synopsis):
    """The flags and plain words of a synopsis, those in brackets apart: (required, optional)."""
    optional = " ".join(re.findall(r"\[([^\]]*)\]", synopsis))
    required = re.sub(r"\[[^\]]*\]", "", synopsis)
    values = r"(--[\w-]+) [^-\s]\S*"  # a flag's value is no word of its own
    return tuple(set(re.sub(values, r"\1", part).replace("...", "").split()) for part in (required, optional))


def commands(readme, _, texts):
    """Names in the order of the overview; what a command takes, as its usage line says; variables that its help knows."""
    rows = table(readme, *COMMANDS)
    synopses = [words_of(command) for command, _ in rows]
    if [name for name, _ in synopses] != [name for name in texts if name]:
        yield "other commands, or another order"
    for (name, synopsis), (_, does) in zip(synopses, rows):
        text = texts.get(name, "")
        usage = re.search(rf"^usage: countersign {name} (.*)$", text, re.MULTILINE)
        if usage is None:
            yield f"{name} has no usage line"
            continue
        required, _ = taken(usage[1])
        said_required, said_optional = taken(synopsis)
        flags = set(re.findall(r"^  (--[\w-]+|[A-Z]+) ", text, re.MULTILINE))
        if not required <= said_required:
            yield f"{name} wants {required - said_required}"
        if not said_required | said_optional <= flags:
            yield f"{name} does not take {(said_required | said_optional) - flags}"
        if "[FLAG...]" not in usage[0] and flags != said_required | said_optional:
            yield f"{name} also takes {flags - (said_required | said_optional)}"
        yield from (f"{name}: {variable} is not in its help" for variable in re.findall(r"`([A-Z_]{4,})`", does) if variable not in text)


def words_of(command):
    """Name and synopsis of "`countersign NAME SYNOPSIS`"."""
    name, _, synopsis = command.strip("`").removeprefix("countersign ").partition(" ")
    return name, synopsis


# Words of the README that stand there once, and what to put there.
CHANGES = {
    settings: [("| `workers` | 2 |", "| `workers` | 3 |"), ("HTTP worker threads, 1 to 64", "HTTP worker threads, 1 to 65"),
               ("| `sweep_ms` |", "| `sweep_s` |"), ("`warn` or `error`", "`warn` or `fatal`"),
               ("| `queue_size` | 8192 | requests that may wait for a commit, per worker; past it the answer is 503 |\n", "")],
    documents: [("| `return_days` | 30 |", "| `returns` | 30 |"), ("| `caps.day` `caps.month` `caps.budget_micros_month` | none | as a", "| `caps.day` `caps.month` | none | as a")],
    scopes: [("let auditors read, and no longer", "let auditors read"), ("| `clock` | operator |", "| `clock` | advertiser |")],
    commands: [("`countersign init --data DIR --public-url URL`", "`countersign init --data DIR`"),
               ("`countersign verify DIR... [--json] ", "`countersign verify DIR... [--html] "), ("`countersign token ", "`countersign tokens "),
               ("[--config FILE]`", "[--colour]`"), ("token also from `COUNTERSIGN_TOKEN`", "token also from `COUNTERSIGN_SECRET`")],
}


def more_options(made, _):
    made["options"].append({"name": "colour", "least": 0, "most": 0, "default": "", "help": "of the server"})


def one_member_more(made, _):
    made["schemas"]["NewContract"]["properties"]["colour"] = {"type": "string"}


def one_scope_less(made, _):
    made["token_scopes"].pop()


def another_default(made, _):
    made["options"][1]["default"] = "127.0.0.1:80"


def one_flag_more(_, texts):
    texts["check"] += "  --colour         of the answer\n"


def one_command_more(_, texts):
    texts["dream"] = "usage: countersign dream\n"


CODE_CHANGES = [(settings, more_options), (settings, another_default), (scopes, one_scope_less), (documents, one_member_more), (commands, one_flag_more), (commands, one_command_more)]


def anchors(text):
    """What the headings of a text are linked by."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)", text, re.MULTILINE)}


def astray(path, text):
    """The links of a text that lead to no file, or to no heading of it."""
    for to, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", text):
        file = path.parent / to if to else path
        if not file.exists() or (anchor and anchor not in anchors(text if not to else file.read_text())):
            yield f"{path.name}: {to}#{anchor}"


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.readme, cls.made, cls.helps = "".join(path.read_text() for path in TEXTS), tables(), helps()

    def test_the_tables_say_what_the_program_does(self):
        for check in CHANGES:
            with self.subTest(check.__name__):
                self.assertEqual(list(check(self.readme, self.made, self.helps)), [])

    def test_every_link_leads_somewhere(self):
        texts = [*TEXTS, SOURCE / "server/ARCHITECTURE.md", SOURCE / "common/FORMATS.md"]
        self.assertEqual([said for path in texts for said in astray(path, path.read_text())], [])
        self.assertTrue(all(f"]({path.relative_to(SOURCE)})" in TEXTS[0].read_text() for path in TEXTS[1:]))
        for link in ("[a](docs/api.md#nowhere)", "[a](docs/nothing.md)", "[a](#nowhere)"):
            self.assertEqual(len(list(astray(TEXTS[0], link))), 1)

    def test_each_change_of_the_readme_is_noticed(self):
        for check, changes in CHANGES.items():
            for old, new in changes:
                with self.subTest(check.__name__, old=old):
                    self.assertEqual(self.readme.count(old), 1, "stands there once")
                    self.assertNotEqual(list(check(self.readme.replace(old, new), self.made, self.helps)), [])

    def test_each_change_of_the_program_is_noticed(self):
        for check, change in CODE_CHANGES:
            with self.subTest(change.__name__):
                made, texts = copy.deepcopy(self.made), dict(self.helps)
                change(made, texts)
                self.assertNotEqual(list(check(self.readme, made, texts)), [])


if __name__ == "__main__":
    unittest.main()
