"""Makes common/decisions/agent_table.h, the automaton that tells bots and devices by their user agents: scripts/agents calls it.

The patterns of the npm package crawler-user-agents are regular expressions, nearly all of them literals with a few choices. Each is
written out as the literals that it can begin or end with, in the pattern's own case: choices are multiplied out, `^` and `$` hold on to the
text's ends, and where something follows that is no short choice (`.`, `[^-]`, `\\d`, repetitions) the longest literal that must be
there stands for the whole. Those cut patterns find a little more than the package's; they are named in the table's head.
"""

import argparse
import json
import textwrap
from itertools import product
from pathlib import Path
from re import _constants as sre, _parser as sre_parse

BEGIN, END, GAP = "begin", "end", None  # what stands in a literal beside bytes
CHOICES = 4  # a class of more characters is a gap
SHORTEST = 3  # a literal shorter than this says nothing

# The package's patterns that people's browsers have in them: what is looked for instead, and why.
OTHERWISE = {
    r"AP3A\.240617\.008": ([], "the build number of an Android release on many phones"),
    "Sogou": (["Sogou web", "Sogou inst", "Sogou News", "Sogou Pic", "Sogou Orion", "Sogou head", "Sogou+"], "Sogou's browser"),
    "Sonic": (["^Sonic", " Sonic/"], "ViewSonic's tablets"),
    "Butterfly": (["Butterfly/"], "phones named Butterfly"),
    "Fever": (["^Fever", " Fever/"], "phones named Fever"),
    "Expanse": (["Expanse, a", "Expanse indexes"], "phones named Expanse"),
    r"008\/": (["^008/", " 008/"], "the end of many numbers"),
    "Fluid": ([], "a browser for single pages"),
    r"Code\/1\.": ([], "an editor's browser, which a person looks into"),
    r"Trae\/": ([], "an editor's browser, which a person looks into"),
    "MetaIAB Facebook": ([], "the browser inside Facebook's app"),
    "Podimo": ([], "an app for people"),
    "Viber": ([], "the browser inside Viber's app"),
}

# Own rules. `^` first and `$` last hold on to the text's ends.
OWN = {
    "words that robots call themselves": [
        "crawl", "Crawl", "CRAWL", "spider/", "Spider/", "spider;", "spider)", "Spider)", "-spider", "bot/", "Bot/", "BOT/", "bot;", "Bot;", "bot)", "Bot)",
        "bot,", "-bot", "robot", "Robot", "bot@", "bot.", "Bot.", "bot-", "Bot-", "Bot v", "scraper", "Scraper",
        "(+http", "; +http", "linkcheck", "LinkCheck", "linkchecker", "Linkchecker", "^bot", "^Bot", "bot$", "SkypeUriPreview", "SkypeURIPreview",
    ],
    "HTTP libraries and tools": [
        "^curl", "^Curl", "^libcurl", "PycURL", "^Wget", "^wget", "python-requests", "^python", "^Python", "aiohttp", "^httpx", "urllib", "httplib2",
        "Go-http-client", "^Go ", "^okhttp", "^okHttp", "^Java/", "^Java-", "^Java1", "^Jakarta", "Apache-Http", "HttpClient", "HTTPClient", "^HttpURL",
        "libwww-perl", "^LWP/", "^LWP::", "axios/", "node-fetch", "undici", "^node$", "^node/", "superagent", "GuzzleHttp", "^Guzzle", "^PHP", "HTTP_Request", "HTTPRequest",
        "^Ruby", "Faraday", "^RestSharp", "^Dart/", "PostmanRuntime", "^insomnia/", "^HTTPie", "^Deno/", "^Bun/", "^reqwest", "^hyper/", "^ureq/",
        "lua-resty", "unirest", "aws-sdk", "^Boto3", "^gvfs", "WebDAV", "^WordPress", "YOURLS", "^SVN/", "^git/", "^Jetty", "^Scrapy", "^perl", "^Perl",
        "^fasthttp", "^http.rb", "^Typhoeus", "^lwp", "^Zend", "^Symfony", "^Camo", "^ClamAV", "^FDM/", "^Thumbor", "^AsyncHttp", "AsyncHTTP",
    ],
    "browsers that nobody sits before": [
        "HeadlessChrome", "Headless", "headless", "PhantomJS", "SlimerJS", "Puppeteer", "puppeteer", "Playwright", "playwright", "Selenium", "selenium",
        "WebDriver", "webdriver", "Cypress/", "HtmlUnit", "Splash", "Lighthouse", "jsdom/", "Zombie.js", "WebRender", "Widget Server",
    ],
    "texts that no browser sends": [
        "^Mozilla$", "^Mozilla/4.0$", "^Mozilla/5.0$", "^Mozilla/5.0 $", "^-$", "^<", "^http:", "^https:", "^javascript:", "${jndi", "<script", "&lt;", "^'", '^"',
        "^test$", "^Test$", "^User-Agent", "^user-agent", "^Anonymous", "^{", "^null$", "^undefined$",
    ],
}

# What tells the device; agent.c decides by these marks.
DEVICE = {
    "TABLET": ["iPad", "Tablet;", "PlayBook", "Kindle", "Silk/"],
    "PHONE": ["iPhone", "iPod", "Mobile", "Windows Phone", "Opera Mini", "Opera Mobi", "BlackBerry", "BB10", "Nokia", "Symbian", "SymbOS", "MIDP",
              "IEMobile", "KAIOS", "UCWEB"],
    "ANDROID": ["Android", "Adr "],
    "IOS": ["iPhone;", "iPad;", "iPod touch;"],
    "SAFARI": ["Safari/"],
    "DESKTOP": ["Windows NT", "Windows 9", "Macintosh", "X11;", "CrOS", "Linux x86_64", "Linux i686"],
    "APP": ["; wv)", "FBAN/", "FBAV/", "FB_IAB", "Instagram ", " Line/", "MicroMessenger", "Snapchat", "musical_ly", "BytedanceWebview", "trill_",
            "[Pinterest/", "GSA/", "Twitter for ", "LinkedInApp", "KAKAOTALK", "NAVER(inapp", "WebView", "DuckDuckGo/", "^Dalvik/", "CFNetwork/"],
    "OTHER": ["SmartTV", "SMART-TV", "Smart-TV", "Smart TV", "SmartHub", "GoogleTV", "Google TV", "Android TV", "AppleTV", "Apple TV", "BRAVIA", "HbbTV", "NetCast", "Web0S",
              "WebOS", "Roku", "VIDAA", " AFT", "CrKey", "PlayStation", "PLAYSTATION", "Nintendo", "Xbox", "Tizen TV", "OculusBrowser", "Watch"],
}
MARKS = {name: 1 << i for i, name in enumerate(DEVICE)}


# ---- regular expressions to literals ----

def of_class(items):
    """The characters of [..] when they are few, else a gap."""
    characters = []
    for kind, value in items:
        if kind == sre.LITERAL:
            characters.append(value)
        elif kind == sre.RANGE:
            characters.extend(range(value[0], value[1] + 1))
        else:
            return [(GAP,)]
    return [(chr(each),) for each in characters] if len(characters) <= CHOICES else [(GAP,)]


def of_item(kind, value):
    """All that one item of a pattern can be: tuples of characters, ends and gaps."""
    if kind == sre.LITERAL:
        return [(chr(value),)]
    if kind == sre.IN:
        return of_class(value)
    if kind == sre.AT and value in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
        return [(BEGIN,)]
    if kind == sre.AT and value in (sre.AT_END, sre.AT_END_STRING):
        return [(END,)]
    if kind == sre.SUBPATTERN:
        return written_out(value[-1])
    if kind == sre.BRANCH:
        return [each for branch in value[1] for each in written_out(branch)]
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, inner = value
        once = written_out(inner)
        if (least, most) == (0, 1):
            return [(), *once]
        return [sum(each, ()) + (() if least == most else (GAP,)) for each in product(once, repeat=min(least, 2))] if least else [(GAP,)]
    return [(GAP,)]


def written_out(pattern):
    return [sum(each, ()) for each in product(*(of_item(*item) for item in pattern))]


def longest(text):
    """The longest run without a gap, as bytes and ends."""
    runs, run = [], []
    for each in (*text, GAP):
        if each is GAP:
            runs.append(run)
            run = []
        else:
            run += [each] if each in (BEGIN, END) else list(each.encode())
    return tuple(max(runs, key=lambda r: sum(isinstance(x, int) for x in r)))


def literals_of(pattern):
    """The literals that stand for a pattern, and whether something was cut."""
    texts = written_out(sre_parse.parse(pattern))
    return [longest(text) for text in texts], any(GAP in text for text in texts)


def own_literal(text):
    body = text[text.startswith("^"):len(text) - text.endswith("$")]
    return (BEGIN,) * text.startswith("^") + tuple(body.encode()) + (END,) * text.endswith("$")


def bot_literals(patterns):
    """Literals in a fixed order, the patterns that were cut, those that no literal can stand for."""
    found, cut, none = [], [], []
    for pattern in patterns:
        literals, shorter = literals_of(pattern) if pattern not in OTHERWISE else ([own_literal(t) for t in OTHERWISE[pattern][0]], False)
        if any(sum(isinstance(x, int) for x in each) < SHORTEST for each in literals):
            none.append(pattern)
            continue
        found += literals
        if shorter:
            cut.append(pattern)
    return list(dict.fromkeys(found + [own_literal(t) for texts in OWN.values() for t in texts])), cut, none


# ---- the automaton ----

class Automaton:
    """Aho and Corasick's, over classes of bytes. State 0 is the root; a state that says BOT has no way on."""

    BOT = 1 << len(DEVICE)

    def __init__(self, bots, devices):
        used = sorted({each for literal in (*bots, *devices) for each in literal if isinstance(each, int)})
        self.classes = {each: i for i, each in enumerate((*used, BEGIN, END), 1)}  # 0: any other byte
        self.next, self.string, self.marks = [{}], [()], [0]
        for literal in bots:
            self.add(literal, self.BOT)
        for literal, mark in devices.items():
            self.add(literal, mark)
        self.link()

    def add(self, literal, mark):
        state = 0
        for symbol in (self.classes[each] for each in literal):
            if symbol not in self.next[state]:
                self.next[state][symbol] = len(self.next)
                self.next.append({})
                self.string.append((*self.string[state], symbol))
                self.marks.append(0)
            state = self.next[state][symbol]
        self.marks[state] |= mark

    def link(self):
        """Failure links, breadth first; what a state says includes what its suffixes say."""
        self.fail = [0] * len(self.next)
        queue = list(self.next[0].values())
        for state in queue:
            self.marks[state] |= self.marks[self.fail[state]]
            for symbol, child in self.next[state].items():
                self.fail[child] = self.step(self.fail[state], symbol)
                queue.append(child)

    def step(self, state, symbol):
        while state and symbol not in self.next[state]:
            state = self.fail[state]
        return self.next[state].get(symbol, 0)

    def kept(self):
        """The states that a text can come to before it is known for a bot, in the table's order: what says nothing, what says
        something of the device, and last the one state for all bots."""
        seen, queue = {0}, [0]
        for state in queue:
            for child in self.next[state].values():
                if not self.marks[child] & self.BOT and child not in seen:
                    seen.add(child)
                    queue.append(child)
        return sorted(queue, key=lambda state: self.marks[state] != 0)


def placed(rows):
    """Rows of {symbol: target} laid into one list of (owner, target), each from its base on; the fullest first, each where it fits first."""
    base, slots, taken = [0] * len(rows), {}, 0  # taken: a bit for each slot
    for owner in sorted(range(len(rows)), key=lambda i: -len(rows[i])):
        blocked = 0
        for symbol in rows[owner]:
            blocked |= taken >> symbol
        at = base[owner] = (~blocked & (blocked + 1)).bit_length() - 1 if rows[owner] else 0
        for symbol, target in rows[owner].items():
            taken |= 1 << (at + symbol)
            slots[at + symbol] = (owner, target)
    return base, slots


def tables(automaton):
    states = automaton.kept()
    number = {state: i for i, state in enumerate(states)}
    bot = len(states)
    quiet = sum(not automaton.marks[state] for state in states)
    width = len(automaton.classes) + 1

    def target(state):
        return bot if automaton.marks[state] & automaton.BOT else number[state]

    def after(p, c):  # the state of the longest end of "pc"
        return automaton.step(automaton.step(0, p), c)

    pairs = [target(after(p, c)) for p in range(width) for c in range(width)]
    rows = []
    for state in states:
        goes = {}
        walk = state
        while walk:  # what any suffix of three symbols and more can go on with
            for symbol, child in automaton.next[walk].items():
                if len(automaton.string[child]) >= 3:
                    goes.setdefault(symbol, target(child))
            walk = automaton.fail[walk]
        rows.append(goes)
    base, slots = placed(rows)
    size = max(base) + width
    nobody = (bot, 0)
    return {
        "classes": [automaton.classes.get(byte, 0) for byte in range(256)],
        "pairs": pairs, "base": base, "slots": [slots.get(i, nobody) for i in range(size)],
        "marks": [automaton.marks[state] for state in states[quiet:]],
        "width": width, "quiet": quiet, "bot": bot,
        "begin": automaton.classes[BEGIN], "end": automaton.classes[END],
        "first": target(automaton.step(0, automaton.classes[BEGIN])),
    }


# ---- the file ----

def numbers(values):
    return textwrap.fill(",".join(map(str, values)).replace(",", ", "), 118, initial_indent="    ", subsequent_indent="    ").replace(", ", ",")


def each_line(texts):
    return "\n".join((" *     " + each.replace("*/", "*\\/")).rstrip() for each in texts) or " *     none"


def written(package, patterns, licence):
    bots, cut, none = bot_literals(patterns)
    devices = {}
    for name, words in DEVICE.items():
        for word in words:
            devices[own_literal(word)] = devices.get(own_literal(word), 0) | MARKS[name]
    t = tables(Automaton(bots, devices))
    otherwise = [f"{p}   {why}; " + ("looked for: " + " | ".join(instead) if instead else "left out")
                 for p, (instead, why) in OTHERWISE.items() if p in patterns]
    source = f"npm package crawler-user-agents {package['version']}, licence {package['license']}, {len(patterns)} patterns"
    head = f"""/* clang-format off */
/* Generated by scripts/agents (scripts/agent_table.py, which has the own rules as well): do not edit.
 * Source: {source}; {len(bots)} literals with the own rules.
 * The licence of that package:
 *
{each_line(licence)}
 *
 * Patterns that more than one text is behind, cut to their longest literal:
{each_line(cut)}
 *
 * Patterns that people's browsers have in them:
{each_line(otherwise)}
 *
 * Patterns without a literal of {SHORTEST} bytes, left out:
{each_line(none)}
 */"""
    marks = "\n".join(f"    AGENT_{name} = {bit}," for name, bit in MARKS.items())
    return f"""{head}
#ifndef CS_DECISIONS_AGENT_TABLE_H
#define CS_DECISIONS_AGENT_TABLE_H

#include <stdint.h>

enum agent_mark {{
{marks}
}};

enum {{
    AGENT_CLASSES = {t['width']}, AGENT_CLASS_BEGIN = {t['begin']}, AGENT_CLASS_END = {t['end']},
    AGENT_STATE_FIRST = {t['first']},
    AGENT_STATE_MARKED = {t['quiet']}, /* and all after it say something */
    AGENT_STATE_BOT = {t['bot']}
}};

/* The class of each byte. */
static const uint8_t agent_class[256] = {{
{numbers(t['classes'])}
}};

/* The state after two classes when the state before knew nothing longer. */
static const uint16_t agent_pair[AGENT_CLASSES * AGENT_CLASSES] = {{
{numbers(t['pairs'])}
}};

/* Where the slots of each state begin. */
static const uint16_t agent_base[AGENT_STATE_BOT] = {{
{numbers(t['base'])}
}};

/* Whose slot it is, and the state to go to: owner, target, one after the other. */
static const uint16_t agent_slot[2 * {len(t['slots'])}] = {{
{numbers(each for slot in t['slots'] for each in slot)}
}};

/* What the states from AGENT_STATE_MARKED on say of the device. */
static const uint8_t agent_marks[AGENT_STATE_BOT - AGENT_STATE_MARKED] = {{
{numbers(t['marks'])}
}};

#endif
"""


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(prog="scripts/agents", description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=Path, default=root / "tests/node_modules/crawler-user-agents")
    parser.add_argument("out", type=Path, nargs="?", default=root / "common/decisions/agent_table.h")
    arguments = parser.parse_args()
    package = json.loads((arguments.package / "package.json").read_text())
    patterns = [each["pattern"] for each in json.loads((arguments.package / "crawler-user-agents.json").read_text())]
    licence = (arguments.package / "LICENSE").read_text().strip().splitlines()
    arguments.out.write_text(written(package, patterns, licence))


if __name__ == "__main__":
    main()
