"""Makes a script of ours small: minify.py FROM TO, at build time.

Comments and blanks go; names that the script declares itself become short, one short name for each, wherever they stand. That is right
for scripts that keep to a few habits: ES2015 without template literals, let, const and class (refused), a semicolon after each statement,
no empty statement, no word that means a variable here and a global there, no label."""

import itertools
import re
import string
import sys
from collections import Counter

TOKEN = re.compile(r"""(?P<gap>\s+|/\*.*?\*/|//[^\n]*)|(?P<text>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|(?P<word>[\w$]+)|(?P<mark>\+\+|--|\.{3}|.)""", re.S)
REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
BEFORE_REGEX = set("(,=:[!&|?{};+") | {"return", ""}
NOT_READ = {"`", "let", "const", "class"}
RESERVED = set("""break case catch continue debugger default delete do else finally for function if in instanceof new return switch this
throw try typeof var void while with class const enum export extends import super let static yield null true false""".split())


def tokens(text):
    found, at = [], 0
    while at < len(text):
        last = found[-1] if found else ""
        match = REGEX.match(text, at) if last in BEFORE_REGEX else None
        if match is None or text.startswith(("//", "/*"), at):
            match = TOKEN.match(text, at)
        if match.lastgroup != "gap":
            found.append(match[0])
        at = match.end()
    if NOT_READ & set(found):
        raise SystemExit(f"not read here: {NOT_READ & set(found)}")
    return found


def joined(found):
    """With the `var` statements that follow each other as one."""
    out, levels = [""], [False]  # of each open bracket: whether the statement under way is one of these
    for token in found:
        last = out[-1]
        if token == "var" and last == ";" and levels[-1]:
            out[-1] = ","
            continue
        if token == "var":
            levels[-1] = last in ("", ";", "{", "}", "(")
        elif last == ";":
            levels[-1] = False
        if token in ("(", "[", "{"):
            levels.append(False)
        elif token in (")", "]", "}"):
            levels.pop()
        out.append(token)
    return out[1:]


def parameters(found, at):
    """The words of the parenthesis that opens at `at`."""
    end = found.index(")", at)
    return [token for token in found[at + 1:end] if token != ","]


def variables(found, at):
    """The names that the `var` at `at` declares."""
    depth, fresh = 0, True
    for token in found[at + 1:]:
        if fresh:
            yield token
        depth += (token in "([{") - (token in ")]}")
        fresh = depth == 0 and token == ","
        if depth == 0 and token in (";", "in"):
            return
    raise SystemExit("a var without a semicolon")


def declared(found):
    names = set()
    for at, token in enumerate(found):
        if token == "var":
            names.update(variables(found, at))
        elif token == "catch":
            names.update(parameters(found, at + 1))
        elif token == "function":
            named = found[at + 1] != "("
            names.update(found[at + 1:at + 1 + named])
            names.update(parameters(found, at + 1 + named))
        elif (token, found[at + 1:at + 2]) == ("=", [">"]):
            opened = at - 1 if found[at - 1] != ")" else at - 1 - found[at - 1::-1].index("(")
            names.update(found[opened:at] if opened == at - 1 else parameters(found, opened))
    return names


def is_name(found, at):
    """Whether the word there is a variable, and not a property's name."""
    return found[at - 1] != "." and not (found[at + 1] == ":" and found[at - 1] in "{,")


def minified(text):
    found = ["", *joined(tokens(text)), ""]
    own = declared(found)
    uses = Counter(token for at, token in enumerate(found) if token in own and is_name(found, at))
    taken = RESERVED | set(found) - own
    letters = string.ascii_letters + "_$"
    fresh = (name for n in (1, 2) for name in map("".join, itertools.product(letters, repeat=n)) if name not in taken)
    short = {name: next(fresh) for name, _ in uses.most_common()}
    out, last = [], ""
    for at, token in enumerate(found):
        if token in short and is_name(found, at):
            token = short[token]
        if token == "}" and last == ";":
            out.pop()
        if re.match(r"[\w$]", token[:1]) and re.match(r"[\w$]", last[-1:]) or token[:1] in ("+", "-") and token[:1] == last[-1:]:
            out.append(" ")
        out.append(token)
        last = token
    return "".join(out) + "\n"


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        small = minified(file.read())
    with open(target, "w", encoding="utf-8") as file:
        file.write(small)


if __name__ == "__main__":
    main()
