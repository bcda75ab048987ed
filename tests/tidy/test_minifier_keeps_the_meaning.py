"""server/minify.py: what it makes small means the same, and what it cannot read is refused."""

import subprocess
import sys
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "server"))

from minify import minified  # noqa: E402

SAMPLE = r"""
/* comment; with 'quotes */
(() => {
  var first = 3, second = [first, 'a // b', "it's"], third, all = [...second, ...[first]]; // tail
  var add = (left, right) => left + +right - -right, twice = x => ({first: x, left: x * 2});
  function name(first) { return first.left ? {second: first.left, name: 'x'} : null; }
  third = /[/\]'"]\/;/g.test("]/;") ? first++ - --first : 8 / first / 2;
  try { throw {message: 'm'}; } catch (problem) { second.push(problem.message); }
  for (var key in {alpha: 1, beta: 2}) second.push(key);
  for (var i = 0; i < 2; i++) { second.push(i); }
  console.log(JSON.stringify([first, second, all, third, add(1, 2), twice(4), name({left: 5}), typeof undeclared]));
})();
"""


def printed(script):
    return subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout


class Minifier(unittest.TestCase):
    def test_the_sample_says_the_same_and_is_much_smaller(self):
        small = minified(SAMPLE)
        self.assertEqual(printed(small), printed(SAMPLE))
        self.assertLess(len(small), 0.7 * len(SAMPLE))
        for word in ("second.push", "problem", "third", "comment", "tail"):
            self.assertNotIn(word, small)

    def test_properties_and_texts_keep_their_names(self):
        self.assertEqual(minified("var left = {left: 1}; f(left.left, 'left', left ? left : 0);\n"), "var a={left:1};f(a.left,'left',a?a:0);\n")

    def test_a_short_name_hides_nothing_that_is_used(self):
        self.assertEqual(minified("var long = a; b(long);"), "var c=a;b(c);\n")

    def test_vars_in_a_row_are_one_and_no_others(self):
        self.assertEqual(minified("var a = 1; var b = () => { var c = {}; var d; return c; }; var e; if (a) var f = 1; var g = 2; h(); var i;"),
                         "var a=1,c=()=>{var b={},d;return b},e;if(a)var f=1;var g=2;h();var i;\n")

    def test_signs_in_a_row_stay_apart(self):
        self.assertEqual(minified("x = y - --z + +w; if (v-- < 0) u++;"), "x=y- --z+ +w;if(v--<0)u++;\n")

    def test_what_is_not_read_is_refused(self):
        for script in ("let a = 1;", "const a = 1;", "class A {}", "f(`text`);", "var a = 1"):
            with self.assertRaises(SystemExit, msg=script):
                minified(script)


if __name__ == "__main__":
    unittest.main()
