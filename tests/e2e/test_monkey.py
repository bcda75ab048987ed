"""A monkey over the dashboard: whatever is followed, typed, sent twice, sent late, or cut off, what must hold holds after every step."""

import collections
import html
import json
import os
import random
import re
import secrets
import threading
import time
import unittest
import urllib.parse

from harness import BROWSER, SOURCE, Market, ServerCase, click, countersign, person, send, statement_payload, wait_for
from monkey import MARK, SURROGATE, Page, Typist
from test_pages import POLICY, Browser

STEPS = int(os.environ.get("STEPS", "3000" if "LONG" in os.environ else "220"))
SEED = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**32)
LEFT_ALONE = ("/sign-out", "/assets/", "/log/", "/v1/", "/verify", "/openapi.json", "/icon.svg", "/healthz", "/readyz")
UNSEEN = re.compile(r"[\0-\x1f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000effff]")  # what a page shows as something else
ENGLISH = re.compile(r"\b(the|must|this|which|with|not|from|and|was|were|has|have|are)\b")
WORDS = [w for w in re.findall(r'X\(\w+, "((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\)', "".join(p.read_text() for p in sorted((SOURCE / "common/pages").glob("words*.h"))))]
FIELDS = {"phone", "country", "link"}  # names as they go over the wire, and a label of the market
OWN = {"fr": 1, "zh-Hans": 2}
NUMBER = re.compile(r"[\d\u00a0\u202f,]+")
LEAD = re.compile(r'href="/leads/(L[\w-]+)"')


def plain(text):
    return re.sub(r"<[^>]+>|\s+", " ", text)[-900:]


class Walker:
    """One who is signed in, with the pages that lie before him."""

    def __init__(self, server, party, mark, language, rng):
        self.server, self.party, self.mark, self.rng = server, party, mark, rng
        self.language, self.browser = language, Browser(server)
        self.browser.jar["lang"] = language
        self.todo, self.seen, self.last = collections.deque([("/", "")]), set(), []
        self.typist = Typist(rng, mark)
        self.sign_in()

    def sign_in(self):
        if self.party.id:
            self.party.admin.call("DELETE", f"/v1/parties/{self.party.id}/lock")
            if self.rng.random() < 0.3:  # one that may not do all
                self.token = self.party.admin.post(f"/v1/parties/{self.party.id}/tokens", {"label": "monkey"})["token"]
            else:
                self.token = self.party.token
        else:
            self.token = self.party.token
        answer = self.browser.sign_in(self.token)
        assert answer.status == 303, (self.mark, answer.status, plain(answer.text))

    def back(self):
        """Signed in and unlocked, whatever became of its session and its party."""
        if "/sign-out" not in self.browser.get("/").text:
            self.sign_in()


class Faulty(Browser):
    """Stands for a server that has a fault."""

    def __init__(self, browser, fault):
        self.server, self.jar, self.fault = browser.server, browser.jar, fault

    def call(self, method, path, body=None, headers=None):
        if self.fault == "twice" and method == "POST":
            body = re.sub(rb"(^|&)once=\w+", lambda found: found[1] + b"once=" + secrets.token_hex(16).encode(), body)
        answer = super().call(method, path, body, headers)
        change = {"mark": (rb"</main>", rb"qzpczq</main>"), "kept": (rb' value="qz', rb' value="'), "number": (rb'(href="/leads\?[^"]*">)(\d+)<', rb"\g<1>1\g<2><"),
                  "html": (rb"</section>", b"", ), "link": (rb'href="/leads/L', rb'href="/leads/M'), "stale": (rb'name="kept[.](label|name|reason|url)"', b'name="lost"')}
        if self.fault in change and answer.headers.get_content_type() == "text/html":
            answer.body = re.sub(*change[self.fault], answer.body)
        return answer


class Monkey(ServerCase):
    quiet = False

    @classmethod
    def set_up_market(cls):
        print(f"SEED={SEED} STEPS={STEPS}", flush=True)
        cls.rng = random.Random(SEED)
        server, operator = cls.server, cls.operator
        operator.id = None
        cls.market = m = Market(server, {"name": "offer qzaazq"})
        cls.other = o = Market(server, {"name": "offer qzabzq"})
        cls.second = m.new_publisher()
        cls.second_contract = m.new_contract(cls.second)
        cls.parties = {"op": operator, "aa": m.advertiser, "pa": m.publisher, "xa": m.auditor, "ab": o.advertiser, "pc": o.publisher, "pb": cls.second}
        for mark, party in cls.parties.items():
            party.admin = operator
            if party.id:
                operator.do("PATCH", f"/v1/parties/{party.id}", {"name": f"party qz{mark}zq"})
        m.put_keys()
        o.put_keys()
        second_code = m.new_code(cls.second, cls.second_contract, label="link qzpbzq")
        cls.sources = []
        for market, publisher, code, mark in ((m, m.publisher, m.new_code(m.publisher, m.contract, label="link qzpazq"), "pa"), (m, cls.second, second_code, "pb"),
                                              (o, o.publisher, o.new_code(o.publisher, o.contract, label="link qzpczq"), "pc")):
            leads = []
            cls.sources.append((market, code, publisher, mark))
            for n in range(9):
                _, click_id = click(code["click_url"] + f"?sub1=qz{mark}zq&sub2={n}", **BROWSER)
                leads.append(publisher.postback(person(click_id=click_id, txid=f"tx-qz{mark}zq-{n}", first_name=f"qz{mark}zq")).json["lead"])
            publisher.postback(person(txid=f"none-qz{mark}zq"))
            publisher.postback({"email": f"qz{mark}zq", "txid": "x"})
            for n, status in enumerate(("approved", "approved", "rejected", "converted")):
                market.advertiser.postback({"lead": leads[n], "status": status, "reason": f"said qz{'aa' if market is m else 'ab'}zq"})
            contract = cls.second_contract if publisher is cls.second else market.contract
            operator.post(f"/v1/contracts/{contract}/statements", {})
        languages = ["en", "fr", "zh-Hans"]
        cls.walkers = [Walker(server, party, f"qz{mark}zq", languages[n % 3], cls.rng) for n, (mark, party) in enumerate(cls.parties.items())]
        ids = [m.contract, o.contract, m.campaign, o.campaign, o.advertiser.id, o.publisher.id, o.code["code"], "op"]
        for walker in cls.walkers:
            walker.typist.ids = ids
        cls.first_tokens = {one["id"] for party in cls.parties.values() if party.id for one in party.get(f"/v1/parties/{party.id}/tokens")["data"]}
        cls.first_operator = next(one["id"] for one in operator.get("/v1/parties?limit=200")["data"] if one["kind"] == "operator")
        cls.found, cls.done = [], collections.Counter()

    # ---- what must hold

    def tell(self, walker, what, *more):
        line = f"{walker.mark} [{walker.language}] {what}: " + " ".join(str(one)[:700] for one in more)
        kind = (what, re.sub(r"[\w-]{12,}|\d+", "#", str(more[0]).split("?")[0]) if more else "")
        if kind not in [one[0] for one in self.found]:
            self.found.append((kind, line))
            if not self.quiet:
                print("  FOUND", line, "\n      | last:", [one[:300] for one in walker.last[-3:]], flush=True)

    def known(self, walker):
        """Marks of those with whom the walker has a contract, by the API."""
        mine = walker.party
        if not mine.id:
            return set(self.parties)
        names = {party.id: mark for mark, party in self.parties.items()}
        known = {names[mine.id], "op"}
        advertisers = {one["id"]: one["advertiser"] for one in self.operator.get("/v1/campaigns?limit=200")["data"]}
        for contract in self.operator.get("/v1/contracts?limit=200")["data"]:
            sides = {contract.get("publisher"), advertisers[contract["campaign"]]}
            grants = {one["party"] for one in self.operator.get(f"/v1/contracts/{contract['id']}/grants")["data"]}
            if mine.id in sides | grants:
                known |= {names[one] for one in (sides | grants) if one in names}
        return known

    def world(self):
        """How much there is of all that forms make."""
        op, counted = self.operator, collections.Counter()
        for party in op.get("/v1/parties?limit=200")["data"]:
            counted["parties"] += 1
            counted["names " + party["name"]] += 1
            for kind in ("tokens", "invitations"):
                counted[kind] += len(op.get(f"/v1/parties/{party['id']}/{kind}?limit=200")["data"])
            counted["kids"] += len(party.get("kids", []))
        for campaign in op.get("/v1/campaigns?limit=200")["data"]:
            counted["campaigns"] += 1
            counted["versions"] += campaign.get("terms_version", 0)
        for contract in op.get("/v1/contracts?limit=200")["data"]:
            counted["contracts"] += 1
            counted["contract versions"] += contract.get("terms_version", 0)
            counted["codes"] += len(op.get(f"/v1/contracts/{contract['id']}/codes?limit=200")["data"])
            counted["grants"] += len(op.get(f"/v1/contracts/{contract['id']}/grants?limit=200")["data"])
        counted["statements"] = len(op.get("/v1/statements?limit=200")["data"])
        counted["deliveries"] = len(op.get("/v1/deliveries?limit=200")["data"])
        counted["recorded"] = self.recorded()
        return counted

    def look(self, walker, answer, path):
        """What holds of every answer; its page, if it is one."""
        if answer.status >= 500:
            self.tell(walker, "5xx", path, answer.status, answer.text)
        if answer.status == 303:
            return None
        kind = answer.headers.get_content_type()
        try:
            text = answer.text
        except UnicodeDecodeError as problem:
            self.tell(walker, "no UTF-8", path, problem)
            return None
        if set(MARK.findall(text)) - self.marks[walker]:
            self.marks[walker] = self.known(walker)
        for mark in set(MARK.findall(html.unescape(urllib.parse.unquote(text)))) - self.marks[walker]:
            at = text.find(f"qz{mark}zq")
            self.tell(walker, f"a mark of {mark}", path, text[max(0, at - 200):at + 60])
        if kind != "text/html":
            return None
        whole = re.fullmatch(r"/statements/[\w-]+(\?.*)?", path)  # a document of its own, kept as a file
        if answer.headers["Content-Security-Policy"] != POLICY and not whole or not whole and answer.headers["Cache-Control"] != "no-store":
            self.tell(walker, "headers", path, answer.headers["Content-Security-Policy"])
        if not whole and re.search(r"<style|\sstyle=|<script>|\son\w+=\"", text):
            self.tell(walker, "inline", path)
        if any(ord(c) < 32 and c not in "\n\r\t" or 0x7f <= ord(c) < 0xa0 for c in text):
            self.tell(walker, "control characters", path, [hex(ord(c)) for c in text if ord(c) < 32 and c not in "\n\r\t"][:3])
        page = Page(text)
        for fault in page.faults:
            self.tell(walker, "HTML " + re.sub(r"\d+", "#", fault), path, fault)
        if page.language != walker.language and answer.status not in (414, 431):  # of a head that was cut nothing is known
            self.tell(walker, "language", path, page.language)
        if walker.language != "en":
            said = [text for text, language in page.said if language in (None, walker.language)]
            english = {w[0] for w in WORDS if w[0] != w[OWN[walker.language]] and len(w[0]) > 3 and "{}" not in w[0]} - {w[OWN[walker.language]] for w in WORDS} - FIELDS
            for text in said:
                if text in english or walker.mark not in text and ENGLISH.search(text):
                    self.tell(walker, "English", path, repr(text))
        for control in [c for form in page.forms for c in form.typed()]:
            labelled = control.attributes.get("aria-label") or control.attributes.get("aria-labelledby") or control.attributes.get("id")
            if not labelled and not control.in_label and control.type not in ("checkbox", "radio"):
                self.tell(walker, "no label", path, control)
        return page

    # ---- steps

    def remember(self, walker, page, path):
        for href, _, _, _ in page.links:
            if href.startswith("#"):
                continue
            href = urllib.parse.urljoin(path, href).split("#")[0]
            if href.startswith("/") and not href.startswith(LEFT_ALONE) and not href.startswith("/?lang"):
                if "lang=" in href:
                    continue
                shape = re.sub(r"[\w-]{12,}|\d+", "#", href)
                if shape not in walker.seen or self.rng.random() < 0.05:
                    walker.seen.add(shape)
                    walker.todo.append((href, path))

    def get(self, walker, path, linked=True, seen_on="/"):
        answer = walker.browser.get(path)
        walker.last.append("GET " + path[:200])
        if answer.status == 303 and answer.headers["Location"].startswith("/sign-in") or path == "/" and "/sign-out" not in answer.text:
            walker.sign_in()
            answer = walker.browser.get(path)
        self.done["GET " + re.sub(r"[\w-]{12,}|\d+", "#", path.split("?")[0])] += 1
        walker.language = walker.browser.jar["lang"]  # it may have chosen another
        page = self.look(walker, answer, path)
        if linked and answer.status == 404:
            linked = path in [h.split("#")[0] for h, _, _, _ in Page(walker.browser.get(seen_on).text).links]  # it may be gone meanwhile
        if linked and answer.status not in (200, 303) and "%00" not in path:
            self.tell(walker, f"a link to {answer.status}", path, plain(answer.text))
        if page is not None:
            self.remember(walker, page, path)
        return page

    def kept(self, walker, path, form, typed, answer, page):
        """Where it was refused, what was typed stands there still."""
        again = [one for one in page.forms if one.act == form.act and one.method == "post" and (form.ident is None or one.ident == form.ident)]
        for name, values in typed.items():
            values = [re.sub(r"\r\n|\r", "\n", value) for value in values]
            stands = [re.sub(r"\r\n|\r", "\n", c.value) for one in again for c in one.controls if c.name == name]
            if any(UNSEEN.search(value) for value in values):
                continue
            choices = {o for one in form.controls if one.name == name for o in one.options}
            for value in values:
                if value and (form.act, name) != ("crm", "token") and value not in stands and (not choices or value in choices):
                    self.tell(walker, f"not kept: {form.act}.{name}", path, answer.status, repr(value[:60]), "stands", [one[:60] for one in stands],
                              plain(answer.text) if not again else "")

    def submit(self, walker, path, form):
        sent, typed = walker.typist.fill(form)
        foreign = any(one.options and one.value not in one.options for one in form.controls)
        if form.act == "respond" and self.rng.random() < 0.6:
            sent = self.signed(walker, path, sent)
        self.done[f"POST {form.act}"] += 1
        target = urllib.parse.urljoin(path, form.action or path)
        if form.act == "end-token" and (not walker.party.id or form.ident in self.first_tokens):  # by which this test acts
            return
        if form.act == "lock" and not walker.party.id and target.split("?")[0] in ("/settings", f"/parties/{self.first_operator}"):
            return  # it may, where it has made another one
        if self.rng.random() < 0.03:
            body = urllib.parse.urlencode(sent).encode() + b"&x=" + b"%ED%A0%80" + SURROGATE
            answer = walker.browser.call("POST", target, body, {"Sec-Fetch-Site": "same-origin"})
            self.look(walker, answer, target)
            return
        walker.last.append(f"POST {target[:80]} {form.act} {json.dumps(sent, ensure_ascii=False)[:600]}")
        how = self.rng.choices(["once", "twice", "at once", "stale", "killed"], [4, 3, 2, 2, 0.15])[0]
        self.done["how " + how] += 1
        walker.last.append(how)
        watched = how in ("twice", "at once", "killed")
        before = self.world() if watched or self.rng.random() < 0.1 else None
        if how == "stale":
            jar = dict(walker.browser.jar)
            walker.browser.jar.pop("countersign", None)
            asked = walker.browser.post(target, sent)
            self.look(walker, asked, target)
            if asked.status == 403 and "/sign-in" in asked.text:
                fields = [f for f in Page(asked.text).forms if f.action == "/sign-in"][0].as_it_stands()
                again = walker.browser.post("/sign-in", [(n, v) for n, v in fields if n != "token"] + [("token", walker.token)])
                page = self.look(walker, again, "/sign-in")
                back = [f for f in page.forms if f.method == "post" and f.action == target] if page else []
                if not back:
                    self.tell(walker, "stale form lost", target, form.act, again.status, again.headers["Location"], again.text[-600:])
                    return
                had = {n for n, _ in sent if n != "form"}
                got = back[0].as_it_stands()
                for name, value in sent:
                    if name != "form" and (form.act, name) != ("crm", "token") and re.sub(r"\r\n?", "\n", value) not in [re.sub(r"\r\n?", "\n", v) for n, v in got if n == name] and not UNSEEN.search(value):
                        self.tell(walker, f"stale form lost a field: {form.act}.{name}", target, repr(value[:80]), had)
                sent = got
            elif not any("\0" in value for _, value in sent):
                self.tell(walker, "stale form is not asked back", target, form.act, asked.status, asked.text[-500:])
                walker.browser.jar.update(jar)
        if how == "at once":
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(send(self.server.url + target, "POST", urllib.parse.urlencode(sent).encode(), {
                **BROWSER, "Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin",
                "Cookie": "; ".join(f"{n}={v}" for n, v in walker.browser.jar.items())}))) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            answer, again = answers
        else:
            answer, again = walker.browser.post(target, sent), None
        if how == "killed":
            walker.last.append("(killed)")
            self.server.kill()
            self.server.start()
        if how in ("twice", "killed"):
            after = self.world()
            again = walker.browser.post(target, sent)
            if self.world() != after and answer.status < 400:
                self.tell(walker, "done twice", target, form.act, answer.status, again.status, dict(self.world() - after), sent)
        if again is not None:
            self.look(walker, again, target)
            statuses = {answer.status, again.status}
            if len(statuses) > 1 and not (how == "at once" and statuses & {409, 429} or form.act == "end-token") and min(statuses) < 400:
                self.tell(walker, f"twice is not the same: {form.act}", target, how, answer.status, again.status, (again if again.status > answer.status else answer).text[-700:])
            if how == "at once" and before is not None and min(statuses) < 400:
                grown = self.world() - before
                if any(n > 1 for kind, n in grown.items() if kind in ("parties", "tokens", "kids", "campaigns", "contracts", "codes", "invitations", "statements", "grants")):
                    self.tell(walker, "done twice at once", target, form.act, dict(grown), sent)
        page = self.look(walker, answer, target)
        self.done[f"answer {answer.status}"] += 1
        if answer.status == 303:
            where = answer.headers["Location"]
            if where.startswith("/sign-in"):
                walker.sign_in()
            else:
                self.get(walker, where)
        elif answer.status >= 400 and answer.status < 500:
            if answer.status == 429 or form.act == "end-token" and answer.status in (401, 403) or any("\0" in value for _, value in sent) or answer.status == 404 and (foreign or form.act == "compare"):
                self.done["429"] += 1
            elif self.asks_to_sign_in(answer, page):  # a form before it on this page ended the session
                self.done["over meanwhile"] += 1
                if "/sign-out" in walker.browser.get("/").text:
                    self.tell(walker, f"asked to sign in who is: {form.act}", target, plain(answer.text))
                walker.back()
            elif page is None or not [f for f in page.forms if f.act == form.act and f.method == "post"]:
                if "DEBUG" in os.environ and answer.status == 404:
                    print(target, walker.party.call("POST", "/v1" + "/".join(target.split("/")[:3]) + "/pause", {"paused": True}), answer.headers["Request-Id"], self.server.log()[-1500:]); raise SystemExit
                self.tell(walker, f"refused without its form: {form.act}", target, answer.status, sent, plain(answer.text))
            else:
                self.kept(walker, target, form, typed, answer, page)
            if before is not None and again is None and self.world() != before:
                self.tell(walker, "refused, and yet done", target, form.act, dict(self.world() - before))
        if self.rng.random() < 0.3 and page is not None:
            walker.last.append("(goes on from there)")

    @staticmethod
    def asks_to_sign_in(answer, page):
        return answer.status == 403 and page is not None and any(form.action == "/sign-in" for form in page.forms)

    def signed(self, walker, path, sent):
        """The form as the page's script sends it, its answer signed by the party's key."""
        walker.back()
        payload = statement_payload(walker.party.do("GET", "/v1/statements/" + path.split("/")[2]).body)
        lines = [int(value) for name, value in sent if name == "line"]
        answer = walker.party.response(payload, *(("dispute", lines) if lines else ()))
        return [(name, value if name != "jws" else walker.party.jws(answer)) for name, value in sent]

    def meanwhile(self):
        """What others do."""
        market, code, publisher, mark = self.rng.choice(self.sources)
        _, click_id = click(code["click_url"] + f"?sub1=qz{mark}zq", **BROWSER)
        fields = person(click_id=click_id, txid=f"tx-qz{mark}zq-{self.rng.randrange(10**9)}", first_name=f"qz{mark}zq")
        if self.rng.random() < 0.3:
            fields.update(self.rng.choice([{"email": "nobody"}, {"click_id": None}, {"phone": "1"}, {"country": "US"}]))
        publisher.postback(person(**fields))

    def search(self, walker, path, form):
        sent, _ = walker.typist.fill(form)
        target = urllib.parse.urljoin(path, form.action or path.split("?")[0]) + "?" + urllib.parse.urlencode(sent)
        if target.startswith("/") and not target.startswith(LEFT_ALONE):
            self.get(walker, target, linked=False)

    def step(self, walker):
        if not walker.todo:
            walker.seen.clear()
            walker.todo.append(("/", ""))
        path, seen_on = walker.todo.popleft() if self.rng.random() < 0.5 else walker.todo.pop()
        walker.last.append("from " + seen_on[:100])
        page = self.get(walker, path, seen_on=seen_on or "/")
        if page is None:
            return
        posts = [f for f in page.forms if f.method == "post" and f.action not in ("/sign-out", "/sign-in")]
        gets = [f for f in page.forms if f.method == "get"]
        if gets and self.rng.random() < 0.4:
            self.search(walker, path, self.rng.choice(gets))
        for form in self.rng.sample(posts, min(len(posts), self.rng.choice([0, 1, 1, 2]))):
            self.submit(walker, path, form)

    # ---- numbers, when nothing is under way

    def rows(self, walker, path):
        """How many leads a list has, over all of its pages."""
        found, n = set(), 0
        while path and n < 40:
            text = walker.browser.get(path).text
            found |= set(LEAD.findall(text))
            more = [href for href, _, a, _ in Page(text).links if href.startswith("/leads?") and "after=" in href]
            path, n = more[0] if more else None, n + 1
        return len(found)

    def settle(self):
        """Everything is counted."""
        sizes = {c["id"]: c for c in self.operator.get("/v1/contracts?limit=200")["data"]}
        def covered():
            report = self.operator.get("/v1/reports")
            return all(any(a["contract"] == c and a["size"] >= self.size(c) for a in report["as_of"]) for c in sizes if self.size(c))
        wait_for(covered, what="the reports")

    def size(self, contract):
        answer = self.operator.call("GET", f"/log/{contract}/checkpoint")
        return int(answer.text.split("\n")[1]) if answer.status == 200 else 0

    def numbers(self, walker):
        walker.back()
        self.settle()
        self.waits(walker)
        paths = ["/", "/leads", "/reports?group=status", "/reports?group=campaign", "/contracts", "/links", "/publishers", "/campaigns", "/refused", "/statements", "/review", "/month-end", "/parties"]
        for path in paths:
            answer = walker.browser.get(path)
            if answer.status != 200:
                continue
            for href, text, _, _ in Page(answer.text).links:
                if href.startswith("/leads?") and NUMBER.fullmatch(text.strip()):
                    n = int(re.sub(r"\D", "", text))
                    self.done["numbers"] += 1
                    if self.rows(walker, href) != n and not self.agrees_later(walker, path, href):
                        self.tell(walker, "a number that is not that of its list", path, href, n, self.rows(walker, href))

    def agrees_later(self, walker, path, href):
        """Once all is counted that the server does by itself; a link that is gone says nothing."""
        def agree():
            self.settle()
            again = [text for link, text, _, _ in Page(walker.browser.get(path).text).links if link == href]
            return not again or int(re.sub(r"\D", "", again[0])) == self.rows(walker, href)
        until = time.monotonic() + 10
        while not agree():
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True

    def waits(self, walker):
        """How many leads wait, by the first page, by the list, and by the call."""
        if walker.party is self.operator or walker.party.get("/v1/parties/" + walker.party.id)["kind"] == "auditor":
            return
        called = walker.party.get("/v1/leads?status=pending,held&limit=200&order=newest")["data"]
        home = walker.browser.get("/").text
        link = {href for href, _, _, _ in Page(home).links if href == "/review" or href.startswith("/leads?status=pending")}
        for href in link:
            if href != "/review" and self.rows(walker, href) != len(called):
                self.tell(walker, "waits", href, self.rows(walker, href), len(called))
        shown = re.search(r'<p><b>(\d+)\+?</b></p>', home)
        if (int(shown[1]) if shown else 0) != len(called) and "/review" in link:
            self.tell(walker, "waits for review", shown and shown[1], len(called))
        self.done["waits"] += 1

    def test_each_fault_is_seen(self):
        self.marks = {walker: self.known(walker) for walker in self.walkers}
        self.quiet, kept = True, list(self.found)
        for fault, said in (("mark", "a mark of pc"), ("kept", "not kept"), ("number", "a number that"), ("html", "HTML"), ("link", "a link to 404"), ("twice", "done twice"), ("stale", "stale form lost")):
            walkers = [walker for walker in self.walkers if walker.mark in ("qzaazq", "qzpazq")]
            browsers = [walker.browser for walker in walkers]
            del self.found[:]
            for walker in walkers:
                walker.browser = Faulty(walker.browser, fault)
            for n in range(3000):
                if n % 40 == 1 and fault == "number":
                    self.numbers(walkers[0])
                self.step(walkers[n % 2])
                if any(what.startswith(said) for (what, _), _ in self.found):
                    break
            with self.subTest(fault):
                self.assertTrue(any(what.startswith(said) for (what, _), _ in self.found), self.found)
            for walker, browser in zip(walkers, browsers):
                walker.browser = browser
        self.found[:], self.quiet = kept, False

    def test_what_must_hold_holds(self):
        self.marks = {walker: self.known(walker) for walker in self.walkers}
        for n in range(STEPS):
            walker = self.rng.choice(self.walkers)
            if n % 25 == 0:
                self.marks = {walker: self.known(walker) for walker in self.walkers}
            if n % 60 == 59:
                self.numbers(walker)
            if n % 12 == 5:
                self.meanwhile()
            self.step(walker)
        for walker in self.walkers:
            self.numbers(walker)
        print(json.dumps(dict(self.done.most_common()), indent=0)[:6000])
        self.server.stop()
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.server.start()
        self.assertEqual([line for _, line in self.found], [])


if __name__ == "__main__":
    unittest.main()
