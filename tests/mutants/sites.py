"""Where a source file of the product can be changed in a small way that a test should notice."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(r"""
    (?P<skip>/\*.*?\*/ | //[^\n]* | ^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)
  | (?P<text>"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+')
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

# Calls whose arguments are said or believed, but not what the program does.
QUIET = {"assert", "static_assert", "_Static_assert", "log_line", "log_members", "die", "fprintf", "perror", "crypto_wipe", "OPENSSL_cleanse", "abort",
         "__attribute__"}
KEYWORDS = {"return", "if", "while", "for", "switch", "case", "goto", "break", "continue", "else", "do", "default", "sizeof", "struct",
            "enum", "union", "const", "static"}
CONTROL = {"if", "while", "for", "switch"}
COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
SIGN = {"+": "-", "-": "+", "+=": "-=", "-=": "+="}
ASSIGNMENT = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
OPERATORS = ("comparison", "constant", "logic", "negation", "not", "return", "removal", "sign")


@dataclass
class Token:
    kind: str
    text: str
    start: int
    line: int
    column: int
    parens: int = 0
    match: int = -1  # index of the partner of a bracket


@dataclass(frozen=True)
class Site:
    """One possible change: `edits` are (start, end, text) in the file, in order and without overlap."""
    path: str
    line: int
    operator: str
    edits: tuple
    function: tuple = field(default=None)  # first and last line, None outside of functions

    def apply(self, source):
        for start, end, text in reversed(self.edits):
            source = source[:start] + text + source[end:]
        return source

    def shown(self, source):
        """The changed lines before and after, each folded into one line."""
        first = source.rfind("\n", 0, self.edits[0][0]) + 1
        last = (source + "\n").find("\n", self.edits[-1][1])
        grown = sum(len(text) - (end - start) for start, end, text in self.edits)
        return tuple(" ".join(text.split()) for text in (source[first:last], self.apply(source)[first:last + grown]))


def tokens_of(source):
    found, line, at = [], 1, 0
    for m in TOKEN.finditer(source):
        line += source.count("\n", at, m.start())
        at = m.start()
        if m.lastgroup != "skip":
            found.append(Token(m.lastgroup, m.group(), m.start(), line, m.start() - source.rfind("\n", 0, m.start()) - 1))
    opened, parens = [], 0
    for i, token in enumerate(found):
        if token.kind == "op" and token.text in "([{":
            opened.append(i)
            parens += token.text == "("
        elif token.kind == "op" and token.text in ")]}" and opened:
            token.match = opened.pop()
            found[token.match].match = i
            parens -= token.text == ")"
        token.parens = parens
    return found


def code_lines(source):
    return len({token.line for token in tokens_of(source)})


class Reader:
    """Collects the sites of one file."""

    def __init__(self, path, source):
        self.path, self.tokens, self.sites = path, tokens_of(source), []
        self.quiet = self.find_quiet()
        self.function_of = self.find_functions()
        for i, token in enumerate(self.tokens):
            if i in self.quiet:
                continue
            self.operators(i, token)
            if i in self.function_of:
                self.statements(i, token)

    def text(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def find_quiet(self):
        quiet = set()
        for i, token in enumerate(self.tokens):
            if token.text in QUIET and self.text(i + 1) == "(" and self.tokens[i + 1].match > 0:
                quiet.update(range(i, self.tokens[i + 1].match + 1))
        return quiet

    def find_functions(self):
        """Token index -> (first line, last line, kind of what it returns). A function's braces stand in column 0."""
        inside, head = {}, 0
        for i, token in enumerate(self.tokens):
            if token.text == "{" and token.column == 0 and self.text(i - 1) == ")":
                words = [t.text for t in self.tokens[head:i] if t.text not in ("static", "inline", "MUST_CHECK")]
                kind = "err" if words[:2] == ["enum", "err"] and words[2] != "*" else \
                    "bool" if words[0] == "bool" and words[1] != "*" else ""
                inside.update(dict.fromkeys(range(i + 1, token.match), (self.tokens[head].line, self.tokens[token.match].line, kind)))
            if token.text in (";", "}") and token.parens == 0 and i not in inside:
                head = i + 1
        return inside

    def add(self, i, operator, *edits):
        function = self.function_of.get(i)
        self.sites.append(Site(self.path, self.tokens[i].line, operator, tuple(edits), function and function[:2]))

    def end(self, i):
        return self.tokens[i].start + len(self.tokens[i].text)

    def replace(self, i, operator, text):
        self.add(i, operator, (self.tokens[i].start, self.end(i), text))

    def operators(self, i, token):
        before = self.tokens[i - 1] if i else token
        if token.kind == "number":
            self.number(i, token)
        elif token.text in COMPARISON:
            self.replace(i, "comparison", COMPARISON[token.text])
        elif token.text in LOGIC:
            self.replace(i, "logic", LOGIC[token.text])
        elif token.text == "!":
            self.replace(i, "not", "")
        elif token.text in SIGN and (before.kind == "number" or before.text in (")", "]") or
                                     (before.kind == "word" and before.text not in KEYWORDS)):
            self.replace(i, "sign", SIGN[token.text])

    def number(self, i, token):
        m = re.fullmatch(r"(0x[0-9a-fA-F]+|0[0-7]*|[1-9]\d*)([uUlL]*)", token.text)
        if not m or (self.text(i - 1) == "{" and self.text(i + 1) == "}"):
            return
        digits = m.group(1)
        base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") and len(digits) > 1 else 10
        value = int(digits, base)
        for other in (value + 1, value - 1):
            if other >= 0 and not (other > value and self.dimension(i)):
                self.replace(i, "constant", {16: f"0x{other:x}", 8: f"0{other:o}", 10: str(other)}[base] + m.group(2))

    def dimension(self, i):
        """Whether this stands in the dimension of a declared array: one element more is without effect."""
        while i > 0 and self.text(i) not in ("[", "]", ";", "{", ","):
            i -= 1
        name, before = self.tokens[i - 1], self.tokens[i - 2]
        return self.text(i) == "[" and name.kind == "word" and (before.text == "*" or before.kind == "word") and \
            before.text not in KEYWORDS

    def statements(self, i, token):
        if token.text == "if" and self.text(i + 1) == "(":
            opened, closed = i + 1, self.tokens[i + 1].match
            self.add(i, "negation", (self.end(opened), self.end(opened), "!("), (self.tokens[closed].start, self.tokens[closed].start, ")"))
        elif token.text == "return":
            self.returned(i)
        elif token.text == "=" and re.fullmatch(r"ERR_[A-Z_]+", self.text(i + 1)) and self.text(i + 2) == ";" and self.text(i + 1) != "ERR_OK":
            self.replace(i + 1, "return", "ERR_OK")
        if self.starts_statement(i):
            self.removal(i)

    def statement_end(self, i):
        """Its semicolon; the end of the file for the use of a table macro, which has none."""
        while i < len(self.tokens) - 1 and (self.tokens[i].text != ";" or self.tokens[i].parens):
            i += 1
        return i

    def returned(self, i):
        kind, last = self.function_of[i][2], self.statement_end(i)
        if not kind or last == i + 1:
            return
        start, end, only = self.tokens[i + 1].start, self.tokens[last].start, self.text(i + 1) if last == i + 2 else ""
        if kind == "err":
            text = "ERR_INTERNAL" if only == "ERR_OK" else "ERR_OK"
            edits = [(start, end, text)] if only else [(start, start, "(void)("), (end, end, "), ERR_OK")]
        elif only in ("true", "false"):
            edits = [(start, end, "false" if only == "true" else "true")]
        else:
            edits = [(start, start, "!("), (end, end, ")")]
        self.add(i, "return", *edits)

    def starts_statement(self, i):
        token, before = self.tokens[i], self.tokens[i - 1]
        if token.parens or not (token.kind == "word" or token.text in ("*", "++", "--")) or token.text in KEYWORDS:
            return False
        if before.text == "{":
            return before.column == 0 or self.opens_block(i - 1)
        if before.text == ")":
            return self.text(before.match - 1) in CONTROL
        return before.text in (";", "}", "else", "do")

    def opens_block(self, i):
        """Whether this brace is one of statements: no initializer, no compound literal."""
        before = self.tokens[i - 1]
        return before.text in (";", "}", "else", "do", ":") or (before.text == ")" and self.text(before.match - 1) in CONTROL)

    def removal(self, i):
        """A bare call or an assignment; never a declaration."""
        last = self.statement_end(i)
        body = self.tokens[i:last]
        if self.text(last) != ";" or any(t.text == "}" and t.match < i for t in body):
            return
        call = body[0].kind == "word" and self.text(i + 1) == "(" and self.tokens[i + 1].match == last - 1
        target = next((n for n, t in enumerate(body) if t.text in ASSIGNMENT and t.parens == 0), None)
        step = body[0].text in ("++", "--") or body[-1].text in ("++", "--")
        left = body[:target] if target is not None else body
        declares = any(a.kind == "word" and (b.kind == "word" or b.text == "*") for a, b in zip(left, left[1:]))
        if call or ((target is not None or step) and not declares):
            self.add(i, "removal", (self.tokens[i].start, self.tokens[last].start, ""))


def sites_of(path, source):
    return Reader(path, source).sites


def draw(sources, chance, lines=None):
    """Sites without repeat until none is left: a file by its share of the code lines, an operator, a site of it.

    sources: path -> text. lines: path -> the lines that count, for files of which not all do. Depends on nothing but these and `chance`."""
    left = {}
    for path in sorted(sources):
        by_operator = {}
        for site in sites_of(path, sources[path]):
            if lines and path in lines and site.line not in lines[path]:
                continue
            by_operator.setdefault(site.operator, []).append(site)
        if by_operator:
            left[path] = by_operator
    weight = {path: code_lines(sources[path]) for path in left}
    while left:
        paths = sorted(left)
        path = chance.choices(paths, [weight[p] for p in paths])[0]
        operator = chance.choice(sorted(left[path]))
        sites = left[path][operator]
        yield sites.pop(chance.randrange(len(sites)))
        if not sites:
            del left[path][operator]
        if not left[path]:
            del left[path]
