"""A page of the server as a monkey sees it: strictly read, with its links and forms, and what somebody careless or spiteful would type."""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img", "hr", "rect", "path", "line", "circle", "col", "wbr"}


FOREIGN = ("script", "style", "code", "pre", "bdi", "option", "textarea", "kbd", "title", "svg")  # what is in no language, or a party's own


class Control:
    """A field of a form, with the value that it stands at."""

    def __init__(self, tag, attributes):
        self.tag, self.attributes = tag, attributes
        self.name, self.type = attributes.get("name"), attributes.get("type", "text" if tag == "input" else tag)
        self.value, self.options, self.chosen = attributes.get("value", ""), [], "checked" in attributes

    def __repr__(self):
        return f"<{self.type} {self.name}={self.value!r}>"


class Form:
    def __init__(self, attributes):
        self.method, self.action = attributes.get("method", "get").lower(), attributes.get("action", "")
        self.multipart = attributes.get("enctype")
        self.controls, self.buttons = [], []

    @property
    def act(self):
        return next((one.value for one in self.controls if one.name == "act"), None)

    @property
    def ident(self):
        return next((one.value for one in self.controls if one.name == "id"), None)

    def typed(self):
        return [one for one in self.controls if one.name and one.type not in ("hidden", "file", "submit")]

    def as_it_stands(self, button=None):
        """(name, value) of each that a browser would send."""
        sent = []
        for one in self.controls:
            if not one.name or one.type in ("file", "submit") or (one.type in ("checkbox", "radio") and not one.chosen):
                continue
            sent.append((one.name, one.value if one.type not in ("checkbox", "radio") else one.attributes.get("value", "on")))
        return sent + ([(button["name"], button.get("value", ""))] if button and button.get("name") else [])


class Page(HTMLParser):
    """Raises nothing: what is wrong with it stands in `faults`."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text, self.faults, self.links, self.forms, self.stack, self.said = text, [], [], [], [], []
        self.ids, self.wanted, self.language = set(), [], None
        self._link = self._control = self._option = self._form = None
        self.feed(text)
        self.close()
        if self.stack:
            self.faults.append(f"left open: {self.stack}")
        self.faults += [f"{what} names no id {ident!r}" for what, ident in self.wanted if ident not in self.ids]

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        a = {name: "" if value is None else value for name, value in a.items()}
        if len(a) != len(attrs):
            self.faults.append(f"an attribute twice: {self.get_starttag_text()}")
        if "id" in a:
            if a["id"] in self.ids:
                self.faults.append(f"the id {a['id']!r} twice")
            self.ids.add(a["id"])
        for name in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            self.wanted += [(name, ident) for ident in a.get(name, "").split()]
        if a.get("href", "").startswith("#") and len(a["href"]) > 1:
            self.wanted.append(("href", a["href"][1:]))
        if tag == "html":
            self.language = a.get("lang")
        if tag == "form":
            if self._form:
                self.faults.append("a form in a form")
            self._form = Form(a)
            self.forms.append(self._form)
        if tag in ("input", "select", "textarea") and self._form is not None:
            self._control = Control(tag, a)
            self._control.in_label = any(one == "label" for one, _ in self.stack)
            self._form.controls.append(self._control)
        if tag == "button" and self._form is not None and a.get("type", "submit") == "submit":
            self._form.buttons.append(a)
        if tag == "option" and self._control is not None and self._control.tag == "select":
            self._option = a
            self._control.options.append(a.get("value", ""))
            if "selected" in a or len(self._control.options) == 1:
                self._control.value = a.get("value", "")
        if tag == "a" and "href" in a:
            self._link = [a["href"], "", a, [one for one, _ in self.stack]]
            self.links.append(self._link)
        if tag not in VOID:
            self.stack.append((tag, a))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if tag in VOID or tag == "p" and not any(one == "p" for one, _ in self.stack):
            self.faults.append(f"an end of {tag}")
            return
        if not self.stack or self.stack[-1][0] != tag:
            self.faults.append(f"</{tag}> where {self.stack[-1:]} stands, line {self.getpos()[0]}")
            while self.stack and self.stack[-1][0] != tag:
                self.stack.pop()
        if self.stack:
            self.stack.pop()
        if tag == "form":
            self._form = None
        if tag in ("select", "textarea"):
            self._control = None
        if tag == "a":
            self._link = None

    def handle_data(self, data):
        if self._link is not None:
            self._link[1] += data
        if self._control is not None and self._control.tag == "textarea":
            # the first line end behind the tag is none of the text
            self._control.value += data.removeprefix("\n") if not self._control.value else data
        if data.strip() and not any(tag in FOREIGN for tag, _ in self.stack):
            self.said.append((" ".join(data.split()), next((a["lang"] for _, a in reversed(self.stack) if "lang" in a), None)))


WILD = ("", " ", "0", "-1", "1e400", "NaN", "999999999999999999999999", "9223372036854775807", "-9223372036854775808", "1,234.56", "1.234,56", "1 234,56", "０１２",
        "0001-01-01", "9999-12-31", "2026-02-30", "2026-03-29T02:30", "2026-10-25T02:30:00Z", "10000-01-01", "-0001-01-01",
        "<script>x</script>", "\"'><b>", "&amp;&lt;{}", "{}", "%s%n", "%00", "%", "../../etc/passwd", "'; DROP TABLE leads", "javascript:alert(1)",
        "http://127.0.0.1/", "https://[::1]:99999/", "https://münchen.example/ü?ö=ß#é", "//evil.example", "\\\\evil",
        "\u202eRTL\u202c", "عربي שלום", "e\u0301" * 20, "Z̸̧̢̛" * 12, "👩‍👩‍👧‍👦🏳️‍🌈", "\u0000", "a\u0000b", "\ufeff", "\u2028x\u2029", "\t", "  around  ", "line\r\nline\r\nthree", "\r\n",
        "x" * 61, "x" * 257, "é" * 300, "漢" * 2000, "A" * 40000, "null", "[]", '{"a":1}', "true", "on", "C0000000000", "L" + "A" * 22, "@", "a@b", "+33", "00")
SURROGATE = b"\xed\xa0\x80"


class Typist:
    """Values for fields. Everything that has room for it carries the marker of who types."""

    def __init__(self, rng, marker, ids=()):
        self.rng, self.marker, self.ids = rng, marker, list(ids)

    def plausible(self, one):
        r, name, kind = self.rng, one.name, one.type
        if one.options:
            return r.choice(one.options)
        if kind == "number" or name in ("lead", "sale", "click", "due_days", "score"):
            return r.choice(["1", "7", "12.50", "12,50", "30"])
        if kind == "email" or "email" in name:
            return f"{self.marker}{r.randrange(99)}@mail.example"
        if kind == "url" or name in ("url", "to", "landing_url", "landing"):
            return f"https://{self.marker}.example/p?x={r.randrange(99)}"
        if kind == "date" or name in ("expires", "from", "to"):
            return r.choice(["2026-11-01", "2027-03-28", "2099-12-31"])
        if kind == "datetime-local" or name.endswith("_at"):
            return r.choice(["2027-01-01", "2027-03-28T02:30", "2027-06-01T00:00:00Z"])
        if "country" in name:
            return r.choice(["FR", "DE", "CN"])
        return f"{self.marker} {r.choice(['été', 'name', '广告', 'x'])} {r.randrange(1000)}"

    def wild(self):
        r = self.rng
        if self.ids and r.random() < 0.15:
            return r.choice(self.ids)
        if r.random() < 0.1:
            return "".join(chr(r.choice([r.randrange(32, 127), r.randrange(160, 0xd7ff), r.randrange(0x10000, 0x10ffff)])) for _ in range(r.randrange(1, 40)))
        return r.choice(WILD)

    def fill(self, form):
        """(what is sent, what was typed by control): as it stands, plausible, one field wild, or all."""
        how = self.rng.choices(["stands", "plausible", "one", "all"], [1, 4, 4, 1])[0]
        button = self.rng.choice(form.buttons) if form.buttons else None
        typed = {}
        if how != "stands":
            controls = form.typed()
            odd = self.rng.choice(controls) if controls else None
            for one in controls:
                wild = how == "all" or how == "one" and one is odd
                if one.type in ("checkbox", "radio"):
                    one.chosen = self.rng.random() < 0.5
                    if one.type == "radio" and one.chosen:
                        for other in controls:
                            if other is not one and other.name == one.name:
                                other.chosen = False
                    continue
                if wild or one.options or not one.value or self.rng.random() < 0.3:
                    one.value = self.wild() if wild else self.plausible(one)
                typed[one.name] = typed.get(one.name, ()) + (one.value,)
        return form.as_it_stands(button), typed


MARK = re.compile(r"qz([a-z]{2})zq")
