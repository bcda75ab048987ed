"""C is as clang-format wants it, tests are named by sentences, functions fit a screen, errors are called err, nothing is left to do."""

import os
import re
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from test_scripts_are_clean import SOURCE, files

LINES, LINES_OF_A_TEST = 60, 80
OTHER_ERRORS = {("server/http/http_head.c", "known_method")}
WRITTEN = {".c", ".h", ".py", ".sh", ".mjs", ".js", ".go", ".md", ".txt", ".html", ".css", ".yaml", ".yml"}


def c_files(*folders):
    return sorted(path for path in files()
                  if path.suffix in {".c", ".h"} and path.relative_to(SOURCE).parts[0] in folders)


def unformatted(*paths):
    """What clang-format would change, shared out over the cores."""
    def of(some):
        done = subprocess.run(["clang-format", f"--style=file:{SOURCE / '.clang-format'}", "--dry-run", "-Werror", *map(str, some)],
                              capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""

    cores = min(os.cpu_count() or 1, len(paths))
    with ThreadPoolExecutor(cores) as pool:
        return "".join(pool.map(of, (paths[i::cores] for i in range(cores))))


def test_names(path):
    """Of its cmocka tests, whether they stand in the table by cmocka's macro or by one of the file's own."""
    text = path.read_text()
    macro = re.compile(r"^#define(?:.*\\\n)*.*\n", re.M)
    own = [re.match(r"#define\s+(\w+)\(", said) for said in macro.findall(text) if "cmocka_unit_test" in said]
    entry = "|".join([r"cmocka_unit_test\w*", *(name[1] for name in own if name)])
    return re.findall(rf"\b(?:{entry})\(\s*(\w+)", macro.sub("\n", text))


def is_sentence(name):
    return re.fullmatch(r"(?!test_)[a-z0-9]+(_[a-z0-9]+){2,}", name) is not None


def unsaid(*paths):
    """Words of the tables of pages (words_*.h) that no source says by name or by a macro over its beginning. Those of these three are what the
    API says: twins/test_refusals."""
    texts = {path: path.read_text() for path in paths}
    words = [word for path, text in texts.items() if path.name.startswith("words_") and path.name not in ("words_differences.h", "words_refusals.h", "words_told.h") for word in re.findall(r"^    X\((\w+), \"", text, re.M)]
    said = {word for text in texts.values() for word in re.findall(r"\bWORD_(\w+)\b(?!##)", text)}
    kinds = tuple({kind for text in texts.values() for kind in re.findall(r"\bWORD_(\w+)##", text)})
    return [word for word in words if word not in said and not (kinds and word.startswith(kinds))]


def functions(path):
    """Line of its opening brace and lines between the braces, for each: both stand at column 0."""
    opened, lines = None, path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if line == "{":
            opened = number
        elif line.startswith("}") and opened is not None:
            yield opened, lines[opened:number - 1]
            opened = None


def long_functions(path, most):
    return [f"{path}:{at}: {len(body)} lines" for at, body in functions(path) if len(body) > most]


def error_names(path):
    """Of the locals that are an enum err."""
    for _, body in functions(path):
        text = re.sub(r'"(?:\\.|[^"\\])*"', '""', "\n".join(body))
        for declared in re.findall(r"\benum err (\w[^;]*)", text):
            while declared != (declared := re.sub(r"\([^()]*\)|\{[^{}]*\}", "", declared)):
                pass
            yield from (re.match(r"\s*\**(\w+)", each)[1] for each in declared.split(","))


def answering(*paths):
    """Names of functions and function pointers whose result is an enum err."""
    declared = re.compile(r"\benum err (?:(\w+)\(|\(\*(\w+)\)\()")
    return {a or b for path in paths for a, b in declared.findall(path.read_text())}


def closed(text, at):
    """Where the parenthesis that opens at `at` is closed."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
    return len(text)


def taken_for_truth(path, names):
    """Calls of those functions that stand where a condition stands, with nothing that compares their answer: C takes the three
    answers for two there, and says nothing."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', path.read_text())
    names = names - set(re.findall(r"^static (?:inline )?(?!enum err)[\w ]+?\**\b(\w+)\(", text, re.M))  # another file's namesake
    condition = re.compile(r"(?:\b(?:if|while|assert|assert_true|assert_false) ?\(|&&|\|\||!|\bbool \w+ = )\s*((?:\w+(?:->|\.))*(\w+))(\()")
    for found in condition.finditer(text):
        after = text[closed(text, found.start(3)) + 1:].lstrip()
        if found[2] in names and (found[0].startswith("!") or re.match(r"\)|&&|\|\||\?|;", after)):
            yield f"{path}:{text.count(chr(10), 0, found.start(1)) + 1}: {found[1]}"


def left_to_do(path):
    return re.findall(r"\b(?:TODO|FIXME|XXX)\b", path.read_text())


class Clean(unittest.TestCase):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def written(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_c_is_as_clang_format_wants_it(self):
        paths = [path for path in files() if path.suffix in {".c", ".h"}]
        self.assertLessEqual({SOURCE / "server/http/http_head.c", SOURCE / "tests/support/world.h"}, set(paths))
        self.assertEqual(unformatted(*sorted(paths)), "")

    def test_what_is_not_formatted_is_found(self):
        good = self.written("good.c", "int f(void)\n{\n    return 1;\n}\n")
        bad = self.written("bad.h", "int f(void) {\n  return 1;\n}\n")
        self.assertEqual(unformatted(good), "")
        self.assertIn("bad.h:1:", unformatted(good, bad))

    def test_tests_are_named_by_sentences(self):
        names = [(str(path.relative_to(SOURCE)), name) for path in c_files("tests") for name in test_names(path)]
        self.assertGreater(len(names), 300)
        self.assertEqual([each for each in names if not is_sentence(each[1])], [])

    def test_no_test_is_missed(self):
        for path in c_files("tests"):
            text = path.read_text()
            if path.suffix == ".c" and "cmocka_run_group_tests" in text:
                taking_state = re.findall(r"^static void (\w+)\(void \*\*state\)", text, re.M)
                self.assertEqual(set(taking_state) - set(test_names(path)), set(), path)

    def test_a_name_that_says_nothing_is_found(self):
        bad = self.written("test_bad.c", "#define ROW(name) \\\n    cmocka_unit_test_setup(name, setup)\n"
                                         "const struct CMUnitTest tests[] = {ROW(round_trip), cmocka_unit_test(\n    test_it_all_holds),\n"
                                         "    cmocka_unit_test_teardown(what_was_put_is_there, teardown)};\n")
        self.assertEqual(test_names(bad), ["round_trip", "test_it_all_holds", "what_was_put_is_there"])
        self.assertEqual(list(map(is_sentence, test_names(bad))), [False, False, True])

    def test_each_word_of_pages_is_said_somewhere(self):
        self.assertEqual(unsaid(*c_files("common", "server")), [])

    def test_a_word_that_no_page_says_is_found(self):
        table = self.written("words_of.h", '    X(SAID, "a", "b", "c") \\\n    X(KIND_ONE, "a", "b", "c") \\\n    X(UNSAID, "a", "b", "c") \\\n')
        page = self.written("page.c", "f(WORD_SAID, WORD_UNSAID_ELSE);\n#define X(name) WORD_KIND_##name\n")
        self.assertEqual(unsaid(table, page), ["UNSAID"])

    def test_functions_fit_a_screen(self):
        sources, tests = c_files("common", "server", "loadtest"), c_files("tests")
        self.assertGreater(sum(len(list(functions(path))) for path in sources), 1000)
        self.assertGreater(sum(len(list(functions(path))) for path in tests), 300)
        self.assertEqual([said for path in sources for said in long_functions(path, LINES)], [])
        self.assertEqual([said for path in tests for said in long_functions(path, LINES_OF_A_TEST)], [])

    def test_a_long_function_is_found(self):
        def path(lines):
            return self.written("long.c", "struct s {\n" + "    int i;\n" * 99 + "};\n\nint f(void)\n{\n" + "    g();\n" * lines + "}\n")

        self.assertEqual(long_functions(path(LINES), LINES), [])
        self.assertRegex(long_functions(path(LINES + 1), LINES)[0], rf"long\.c:104: {LINES + 1} lines")

    def test_errors_are_called_err(self):
        names = [(str(path.relative_to(SOURCE)), name)
                 for path in c_files("common", "server", "loadtest", "tests") for name in error_names(path)]
        self.assertGreater(len(names), 300)
        self.assertEqual({each for each in names if each[1] not in ("err", "step")}, OTHER_ERRORS)  # step: what a cursor's last one answered

    def test_an_error_by_another_name_is_found(self):
        bad = self.written("err.c", "enum err f(enum err given)\n{\n    enum err err = g(\",\", 1), e2;\n"
                                    "    for (enum err k = ERR_OK; k < 3; k++)\n        h((enum err)k);\n    enum err rc =\n        g(f(1, 2), (struct s){3, 4});\n}\n")
        self.assertEqual(list(error_names(bad)), ["err", "e2", "k", "rc"])

    def test_an_answer_is_no_truth_value(self):
        paths = c_files("common", "server", "loadtest", "tests")
        names = answering(*paths)
        self.assertLessEqual({"store_get", "cursor_next", "row_lead", "click", "seek"}, names)
        self.assertEqual([said for path in paths for said in taken_for_truth(path, names)], [])

    def test_an_answer_taken_for_a_truth_value_is_found(self):
        bad = self.written("truth.c", "MUST_CHECK enum err get(int a);\nstruct v {\n    enum err (*seek)(int a);\n};\nint f(struct v *v)\n{\n"
                                      "    if (get(1) == ERR_OK && v->seek((2)) != ERR_OK)\n        use(get(3));\n    if (get((4)))\n        return 1;\n"
                                      "    while (a && v->seek(5))\n        ;\n    if (!get(6) || b)\n        return x ? 1 : 2;\n    bool d = get(7), e = 1;\n    bool g = get(8);\n}\n")
        self.assertEqual([said.split(":")[1] for said in taken_for_truth(bad, answering(bad))], ["9", "11", "13", "16"])

    def test_nothing_is_left_to_do(self):
        paths = [path for path in files() if path.suffix in WRITTEN and path != Path(__file__).resolve()]
        self.assertIn(SOURCE / "README.md", paths)
        self.assertEqual([path for path in paths if left_to_do(path)], [])

    def test_what_is_left_to_do_is_found(self):
        self.assertEqual(left_to_do(self.written("later.c", "/* TODO: more */ /* FIXME */ int x; // XXX")), ["TODO", "FIXME", "XXX"])
        self.assertEqual(left_to_do(self.written("now.c", 'mkdtemp("/tmp/x-XXXXXX");')), [])


if __name__ == "__main__":
    unittest.main()
