"""What the API says of a form, and the French and Chinese of it (common/pages/words_refusals.h, words_told.h): each row is of a text that
the code has, and each text that a page or its form can bring up has a row, or stands in english.txt with what excuses it.

What can come up is read from the source: routes.c names the functions of a page, the forms' tables calls, routes.c the functions of a call,
jobs.c that of a record, and from there each function leads to those that it names. That is more than really comes up, never less. What is
made of pieces is held to them: to those that its own functions write.

  test_refusals.py --list     what is neither translated nor excused
"""

import itertools
import re
import sys
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
WORDS, EXCUSED = [SOURCE / "common/pages" / name for name in ("words_refusals.h", "words_told.h")], SOURCE / "tests/twins/english.txt"
PIECES = ("common/reconcile/reconcile_items.c", "common/reconcile/reconcile.h", "common/settlement/corrections.c", "common/settlement/statement_text.c", "server/api/ops.c",
          "server/settlement/settlements.c", "server/commit/source.c")  # texts that are written part by part
QUOTED = r'"(?:[^"\\\n]|\\.)*"'
JOINED = re.compile(rf"(?:[A-Z][A-Za-z0-9_]*\s+)?{QUOTED}(?:\s*(?:[A-Z][A-Za-z0-9_]*|{QUOTED}))*")
HOLE = "\0"  # what a text is filled with
MARK = re.compile(r"\{[_t]?\}")  # and where a row says so
FORMAT = re.compile(r"%[-+ 0#]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh?|ll?|z|j)?[a-zA-Z]")
DEFINED = re.compile(r"^(?!#)(?P<head>[A-Za-z_][^;{}#\"]*?)(?P<body>\n\{\n.*?^\}|=\s*\{.*?\};|=\s*\"[^;]*;)", re.MULTILINE | re.DOTALL)
FORM = re.compile(r"const struct act \w+(?:\[\w*\])? = (\{.*?\});", re.DOTALL)
ROUTE = re.compile(r'^\s*\{.*?"/[^"]*", [^,]*, (\w+), (\w+)(.*)$', re.MULTILINE)
SERVER_FAULTS = ("ERR_CORRUPT", "ERR_IO")  # told as the server's own, without a text
BEGINNING = re.compile(r"(?:must|is|are|has|cannot|stands|asks|compares|names|there is no) ")  # of texts that tables of members hold


def without_comments(text):
    return re.sub(rf"({QUOTED})|/\*.*?\*/", lambda m: m[1] or " ", text, flags=re.DOTALL)


def plain(literal):
    """The text of C's literals with what stands between them, a hole for each name and each format but %s, which stays."""
    parts = re.findall(rf"({QUOTED})|(\w+)", literal)
    text = "".join(re.sub(r"\\(.)", r"\1", quoted[1:-1]) if quoted else HOLE for quoted, _ in parts)
    return FORMAT.sub(lambda m: m[0] if m[0] == "%s" else HOLE, text.replace("%" + HOLE, HOLE))


def literals(text):
    return [plain(found) for found in JOINED.findall(text)]


def filled(text, others):
    """What a text comes to where each %s is one of the others, or is filled otherwise."""
    n = text.count("%s")
    for way in itertools.product(*[[HOLE, *others] if n <= 3 else [HOLE]] * n):
        parts = iter(way)
        yield re.sub("%s", lambda _, parts=parts: next(parts), text)


def calls(body, name):
    """The arguments of each call of that name."""
    step = re.compile(rf"{QUOTED}|'(?:[^'\\]|\\.)'|.", re.DOTALL)
    for found in re.finditer(rf"\b{name}\(", body):
        depth, at, arguments = 1, found.end(), [""]
        while depth:
            token = step.match(body, at)[0]
            depth += {"(": 1, ")": -1}.get(token, 0)
            at += len(token)
            if token == "," and depth == 1:
                arguments.append("")
            elif depth:
                arguments[-1] += token
        yield arguments


def texts_of(body):
    """Each with what it may come to."""
    said = set()
    told = [*calls(body, "problem"), *(("", "", "", form, *others) for _, _, _, form, *others in calls(body, "warn"))]
    told += [("", "", "", form) for _, _, form in calls(body, "param_problem")]
    for _, fault, _, form, *others in told:
        with_these = [text for other in others for text in literals(other)]
        with_these += [text for table in re.findall(r"\b(\w+)\[", " ".join(others)) for row in re.findall(rf"\b{table}\[\w*\] = \{{(.*?)\}};", body, re.DOTALL) for text in literals(row)]
        said |= {*literals(form), *with_these}
        if fault.strip() not in SERVER_FAULTS:
            yield from ((text, list(filled(text, with_these))) for text in literals(form))
    yield from ((text, [text]) for text in literals(body) if BEGINNING.match(text) and text not in said)


def shown(text):
    return re.sub(rf"(?:{HOLE}|%s)+", "*", text)


class Code:
    """Its functions and tables by file and name; of those that others see, the file is None."""

    def __init__(self):
        self.defined = {}
        named = dict(pair for path in [*SOURCE.glob("server/**/*.[ch]"), *SOURCE.glob("common/**/*.[ch]")] for pair in re.findall(rf"^#define ([A-Z_]+) ({QUOTED})", path.read_text(), re.MULTILINE))
        self.named = {name: text for name, text in named.items() if BEGINNING.match(text[1:])}
        for path in sorted([*SOURCE.glob("server/**/*.c"), *SOURCE.glob("common/**/*.c")]):
            if path.name not in ("routes.c", "jobs.c") and path.parent.name != "cmd":
                self.read(path)
        self.routes = {m[1]: {m[1], m[2], *re.findall(r"\.admit = (\w+)", m[3])} for m in ROUTE.finditer((SOURCE / "server/routes.c").read_text())}
        self.runs = {}
        for kind, run in re.findall(r"\[(RECORD_\w+)\] = (\w+)", (SOURCE / "server/jobs.c").read_text()):
            self.runs.setdefault(kind, set()).add(run)

    def read(self, path):
        text = re.sub(r"\b[A-Z_]{3,}\b", lambda m: self.named.get(m[0], m[0]), without_comments(path.read_text()))
        for m in DEFINED.finditer(text):
            name = re.search(r"(\w+)\(" if m["body"].startswith("\n{") else r"(\w+)(?:\[[^\]]*\])*\s*$", m["head"].rstrip(" ="))
            if name:
                self.defined[str(path) if "static" in m["head"].split() else None, name[1]] = str(path), m["body"]

    def beginnings(self):
        """What reads forms, the calls of all forms, and what makes their bodies."""
        yield from ((None, "act_body"), (None, "form_read"), (None, "act_post"), (str(SOURCE / "server/pages/act.c"), "call"))
        yield from ((None, name) for name in ("sign_in_post", "mail_sign_in_ask", "mail_sign_in_post", "invite_post", "invite_finish"))
        for path in SOURCE.glob("server/pages/*.c"):
            for form in FORM.findall(without_comments(path.read_text())):
                for word in re.findall(r"\w+", form):
                    if word in self.routes:
                        yield from ((None, name) for name in self.routes[word])
                    elif (str(path), word) in self.defined and not word.endswith(("_read", "_show", "_page")):
                        yield str(path), word
        for name in set(re.findall(r"\w+", (SOURCE / "server/routes.c").read_text())):
            if "/server/pages/" in self.defined.get((None, name), ("",))[0]:
                yield None, name

    def reached(self):
        seen, ahead = set(), list(self.beginnings())
        while ahead:
            at = ahead.pop()
            if at in seen or at not in self.defined:
                continue
            seen.add(at)
            path, body = self.defined[at]
            for word in set(re.findall(r"\b[A-Za-z_]\w*", re.sub(QUOTED, "", body))):
                ahead += [(None, run) for run in self.runs.get(word, ())]
                ahead.append((path, word) if (path, word) in self.defined else (None, word))
        return seen

    def texts(self, among=None):
        """Each by its file and how english.txt writes it: what it may come to."""
        found = {}
        for at in self.defined if among is None else among:
            path, body = self.defined[at]
            for text, made in texts_of(body):
                if text.strip(HOLE + " :") and text != "%s":
                    found.setdefault((str(Path(path).relative_to(SOURCE)), shown(text)), set()).update(made)
        return found

    def all_texts(self):
        said = {text for made in self.texts().values() for text in made}
        return said | {text for _, body in self.defined.values() for text in literals(body)}


def rows(paths=WORDS):
    return [row for path in paths for row in re.findall(r'^    X\(\w+, ("(?:[^"\\]|\\.)*")', path.read_text(), re.MULTILINE)]


def patterns():
    """Each as what it takes."""
    taken = {}
    for row in rows():
        text = re.sub(r"\\(.)", r"\1", row[1:-1])
        taken[text] = re.compile(".*".join(re.escape(part) for part in MARK.split(text)), re.DOTALL)
    return taken


def pieces(paths=PIECES):
    """What those files write, between what fills it."""
    found = {part for path in paths for text in literals(without_comments((SOURCE / path).read_text())) for part in re.split(rf"{HOLE}|%s", text)}
    return {part.removeprefix("; but ") for part in found if part}  # of /readyz, which the page takes apart there


def is_made_of(text, parts):
    ends = {0}
    for at in range(len(text)):
        if at in ends:
            ends |= {at + len(part) for part in parts if text.startswith(part, at)}
    return len(text) in ends


def is_in_pieces(row, parts):
    return all(is_made_of(between, parts) for between in MARK.split(row))


def excused():
    """Files and texts, `*` in the place of a hole."""
    lines = [line for line in EXCUSED.read_text().splitlines() if line and not line.startswith("#")]
    return {line for line in lines if line.endswith(".c")}, {line for line in lines if not line.endswith(".c")}


def is_told(ways, taken):
    """With its holes whatever, or else with each of the words that the call itself fills them with."""
    fits = {way: any(pattern.fullmatch(way) for pattern in taken.values()) for way in ways}
    most = max(way.count(HOLE) for way in ways)
    left = [fits[way] for way in ways if way.count(HOLE) < most]
    return any(fits[way] for way in ways if way.count(HOLE) == most) or bool(left) and all(left)


def untold(texts, taken, files, single):
    """What has no translation and no excuse; excuses that excuse nothing."""
    english = {at for at, made in texts.items() if not is_told(made, taken)}
    missing = sorted((path, text) for path, text in english if path not in files and text not in single)
    return missing, sorted((single - {text for _, text in english}) | (files - {path for path, _ in english}))


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.code = Code()
        cls.reached = cls.code.reached()

    def test_each_row_is_of_a_text_that_the_code_has(self):
        texts = self.code.all_texts()
        parts = pieces()
        self.assertEqual([row for row, pattern in patterns().items() if not any(pattern.fullmatch(text) for text in texts) and not is_in_pieces(row, parts)], [])

    def test_each_difference_is_told_in_the_words_that_the_code_has(self):
        parts = pieces(["common/decisions/terms_diff.c"])
        told = [row[1:-1] for row in rows([SOURCE / "common/pages/words_differences.h"])]
        self.assertGreater(len(told), 10)
        self.assertEqual([row for row in told if not is_in_pieces(row, parts)], [])
        self.assertFalse(is_in_pieces("{} hours", parts))

    def test_no_row_stands_behind_one_that_takes_its_texts(self):
        taken = patterns()
        for row in taken:
            self.assertEqual(next(other for other, pattern in taken.items() if pattern.fullmatch(MARK.sub("7", row))), row)

    def test_a_row_of_a_text_that_changed_is_seen(self):
        texts = self.code.all_texts()
        for row in ("must be later then now", "must be a hole number from {} to {}", "is required: a text of 1 to {} bytes, not only banks", "the rows' clock is {} h beside {t}: by it the days are equal"):
            pattern = re.compile(".*".join(re.escape(part) for part in row.split("{}")))
            self.assertFalse(any(pattern.fullmatch(text) for text in texts), row)
            self.assertFalse(is_in_pieces(row, pieces()), row)

    def test_each_text_that_a_form_brings_up_is_translated_or_excused(self):
        missing, idle = untold(self.code.texts(self.reached), patterns(), *excused())
        self.assertEqual(missing, [], "translate it in words_refusals.h or words_told.h, or excuse it in english.txt")
        self.assertEqual(idle, [], "english.txt excuses what is not there, or is translated")

    def test_what_lost_its_row_or_its_excuse_is_seen(self):
        files, single = excused()
        texts, taken = self.code.texts(self.reached), patterns()
        for row in ("must be later than now", "must name one at least", "this page is the publisher's", "its period has not ended yet in {}", "the lead is {} and cannot become {}: it can become {}"):
            missing, _ = untold(texts, {text: pattern for text, pattern in taken.items() if text != row}, files, single)
            self.assertEqual({text for _, text in missing}, {row.replace("{}", "*")})
        one = min(single)
        self.assertEqual({text for _, text in untold(texts, taken, files, single - {one})[0]}, {one})


if __name__ == "__main__":
    if "--list" in sys.argv:
        CODE = Code()
        for where, what in untold(CODE.texts(CODE.reached()), patterns(), *excused())[0]:
            print(f"{where}: {what}")
    else:
        unittest.main()
