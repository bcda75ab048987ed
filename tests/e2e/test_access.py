"""Who may call what: every call of the API by every kind of caller, over the list that the server itself publishes."""

import json
import re
import unittest

from harness import Caller, Market, Party, Server, ServerCase, countersign, send, wait_for
from test_pages import Browser, forms

CALLERS = ("operator", "advertiser", "publisher", "auditor", "sibling", "other_advertiser", "other_publisher", "other_auditor", "nobody")

# What each caller of CALLERS gets. `sibling` is a publisher with a contract of its own in the same campaign; the others know nothing
# of this campaign. A write is sent with a body that is refused (400): who gets that answer was let in, and nothing is changed.
OF_CONTRACT = (200, 200, 200, 200, 404, 404, 404, 404, 401)
OF_CAMPAIGN = (200, 200, 200, 200, 200, 404, 404, 404, 401)
OF_PARTIES = (200, 200, 200, 403, 404, 404, 404, 403, 401)
OF_PUBLISHER = (200, 404, 200, 404, 404, 404, 404, 404, 401)
LIST = (200,) * 8 + (401,)
PUBLIC = (200,) * 9
OPERATOR = (400,) + (403,) * 7 + (401,)

READS = {
    "/v1/parties": LIST, "/v1/campaigns": LIST, "/v1/contracts": LIST, "/v1/statements": LIST, "/v1/settlements": (200, 403, 403, 403, 403, 403, 403, 403, 401),
    "/v1/changes": LIST,
    "/v1/refused": (200, 200, 200, 403, 200, 200, 200, 403, 401),
    "/v1/reports": LIST,
    "/v1/clock": (200,) + (403,) * 7 + (401,), "/v1/upkeep": (200,) + (403,) * 7 + (401,), "/v1/live": LIST,
    "/v1/parties/{party}/webhook": (200, 404, 200, 404, 404, 404, 404, 404, 401),
    "/v1/parties/{party}/notices": (200, 404, 200, 404, 404, 404, 404, 404, 401), "/v1/leads": LIST,
    "/v1/campaigns/{campaign}/crm": (200, 200, 403, 403, 403, 404, 403, 403, 401),
    "/v1/deliveries": (200, 200, 200, 403, 200, 200, 200, 403, 401),
    "/v1/deliveries/{delivery}": (200, 200, 200, 403, 404, 404, 404, 403, 401),
    "/v1/parties/{party}": OF_PUBLISHER, "/v1/parties/{party}/tokens": OF_PUBLISHER, "/v1/parties/{party}/invitations": OF_PUBLISHER,
    "/v1/campaigns/{campaign}": OF_CAMPAIGN,
    "/v1/contracts/{contract}": OF_CONTRACT, "/v1/contracts/{contract}/codes": OF_CONTRACT,
    "/v1/contracts/{contract}/adjustments": OF_CONTRACT, "/v1/contracts/{contract}/grants": OF_CONTRACT,
    "/v1/contracts/{contract}/terms": OF_CONTRACT, "/v1/contracts/{contract}/terms/{version}": OF_CONTRACT,
    "/v1/contracts/{contract}/click-key": OF_PARTIES, "/v1/contracts/{contract}/leads": OF_CONTRACT, "/v1/contracts/{contract}/statements": OF_CONTRACT,
    "/v1/contracts/{contract}/models/{sha256}": (404,) * 8 + (401,),  # it has none
    "/v1/leads/{lead}": OF_CONTRACT, "/v1/leads/{lead}/proof": OF_CONTRACT,
    "/v1/statements/{statement}": OF_CONTRACT, "/v1/statements/{statement}/lines": OF_CONTRACT,
    "/v1/statements/{statement}/checkpoint": OF_CONTRACT, "/v1/statements/{statement}/responses": OF_CONTRACT,
    "/v1/statements/{statement}/shares": OF_CONTRACT, "/log/{contract}/heads": OF_CONTRACT,
    "/log/{contract}/checkpoint": OF_CONTRACT, "/log/{contract}/tile/{level}/{tile}": OF_CONTRACT, "/log/{contract}/openings": OF_CONTRACT,
    "/v1/statements/{statement}/proof": OF_CONTRACT,
    "/log/witnessed": (404,) * 9, "/log/{contract}/witnessed": (404,) * 8 + (401,), "/witness/key": (404,) * 9,  # this server has no witness and is none
    "/log/checkpoint": PUBLIC, "/log/tile/{level}/{tile}": PUBLIC, "/log/keys": PUBLIC, "/.well-known/jwks.json": PUBLIC, "/openapi.json": PUBLIC,
    "/unsubscribe/{link}": (404,) * 9,
    "/invite/{invitation}": (404,) * 9,  # by its id, which is no link
    "/leads": (303,) * 9, "/leads/{lead}": (303,) * 9, "/statements": (303,) * 9, "/statements/{statement}": (303,) * 9, "/statements/{statement}/answer": (303,) * 9,
    "/leads.csv": (303,) * 9, "/review": (303,) * 9, "/answers": (303,) * 9, "/reconcile": (303,) * 9, "/publishers": (303,) * 9, "/campaigns": (303,) * 9,
    "/campaigns/{campaign}": (303,) * 9, "/campaigns/{campaign}/rules": (303,) * 9, "/campaigns/{campaign}/landing": (303,) * 9, "/campaigns/{campaign}/crm": (303,) * 9,  # pages of a session, whatever token comes
    "/reports": (303,) * 9, "/links": (303,) * 9, "/offers": (303,) * 9, "/offers/{contract}": (303,) * 9, "/postbacks": (303,) * 9, "/live": (401,) * 9,
    **{path: (303,) * 9 for path in ("/settings", "/parties", "/parties/{party}", "/contracts", "/contracts/{contract}", "/month-end", "/audit", "/system", "/refused",
                                     "/deliveries", "/search")},
    "/sign-in/link/{link}": (410,) * 9,
    "/assets/{asset}": PUBLIC, "/sign-in": PUBLIC,
    "/": PUBLIC, "/t.js": PUBLIC, "/robots.txt": PUBLIC, "/favicon.ico": PUBLIC, "/icon.svg": PUBLIC, "/verify": PUBLIC, "/healthz": PUBLIC, "/readyz": PUBLIC, "/metrics": PUBLIC,
}

WRITES = {
    ("post", "/v1/parties"): OPERATOR,
    ("post", "/v1/parties/{party}/secrets"): (400, 404, 400, 404, 404, 404, 404, 404, 401),
    ("post", "/v1/parties/{party}/tokens"): (400, 404, 400, 404, 404, 404, 404, 404, 401),
    ("post", "/v1/parties/{party}/invitations"): (400, 404, 400, 404, 404, 404, 404, 404, 401),
    ("post", "/v1/parties/{party}/lock"): (400, 404, 400, 404, 404, 404, 404, 404, 401),
    ("put", "/v1/parties/{party}/key"): (403, 404, 400, 404, 404, 404, 404, 404, 401),
    ("put", "/v1/parties/{party}/postback-key"): (400, 404, 400, 404, 404, 404, 404, 404, 401),
    ("put", "/v1/parties/{party}/webhook"): (403, 404, 400, 404, 404, 404, 404, 404, 401),
    ("post", "/v1/parties/{party}/webhook/test"): (403, 404, 400, 404, 404, 404, 404, 404, 401),
    ("put", "/v1/parties/{party}/notices"): (403, 404, 400, 403, 404, 404, 404, 403, 401),
    ("put", "/v1/campaigns/{campaign}/crm"): (403, 400, 403, 403, 403, 404, 403, 403, 401),
    ("post", "/v1/campaigns/{campaign}/crm/test"): (403, 400, 403, 403, 403, 404, 403, 403, 401),
    ("post", "/v1/deliveries/{delivery}/resend"): (403, 403, 400, 403, 404, 404, 404, 403, 401),
    ("patch", "/v1/parties/{party}"): (400, 404, 400, 404, 404, 404, 404, 404, 401),
    ("post", "/v1/campaigns"): (400, 400, 403, 403, 403, 400, 403, 403, 401),
    ("patch", "/v1/campaigns/{campaign}"): (400, 400, 403, 403, 403, 404, 403, 403, 401),
    ("post", "/v1/campaigns/{campaign}/pause"): (400, 400, 403, 403, 403, 404, 403, 403, 401),
    ("post", "/v1/campaigns/{campaign}/try"): (400, 400, 403, 403, 403, 404, 403, 403, 401),
    ("post", "/v1/postbacks/explain"): (400, 400, 400, 403, 400, 400, 400, 403, 401),
    ("post", "/v1/contracts"): OPERATOR,
    ("post", "/v1/clock/confirm"): OPERATOR,
    ("post", "/v1/backups"): OPERATOR,
    ("post", "/v1/checks"): OPERATOR,
    ("post", "/v1/erasures"): (400, 400, 403, 403, 403, 400, 403, 403, 401),
    ("post", "/witness/add-checkpoint"): (404,) * 9,
    ("post", "/invite/{invitation}"): (404,) * 9,
    ("post", "/unsubscribe/{link}"): (404,) * 9,
    **{("post", path): (415,) * 9 for path in ("/settings", "/parties", "/parties/{party}", "/contracts", "/contracts/{contract}", "/month-end", "/system", "/deliveries")},
    ("post", "/sign-in/link"): (404,) * 9,  # without an SMTP server
    ("post", "/sign-in/link/{link}"): (410,) * 9,
    ("post", "/review"): (415,) * 9, ("post", "/answers"): (415,) * 9, ("post", "/reconcile"): (415,) * 9, ("post", "/campaigns"): (415,) * 9,
    ("post", "/campaigns/{campaign}"): (415,) * 9, ("post", "/campaigns/{campaign}/rules"): (415,) * 9, ("post", "/campaigns/{campaign}/landing"): (415,) * 9,
    ("post", "/campaigns/{campaign}/crm"): (415,) * 9, ("post", "/statements/{statement}/answer"): (415,) * 9,
    ("post", "/leads/{lead}"): (415,) * 9, ("post", "/sign-in"): (415,) * 9, ("post", "/sign-out"): (415,) * 9, ("post", "/links"): (415,) * 9, ("post", "/postbacks"): (415,) * 9,  # forms of pages
    ("patch", "/v1/contracts/{contract}"): OPERATOR,
    ("post", "/v1/contracts/{contract}/grants"): OPERATOR,
    ("post", "/v1/contracts/{contract}/statements"): OPERATOR,
    ("post", "/v1/contracts/{contract}/reconcile"): (400, 400, 400, 400, 404, 404, 404, 404, 401),
    ("post", "/v1/contracts/{contract}/codes"): (400, 403, 400, 403, 404, 404, 404, 403, 401),
    ("patch", "/v1/contracts/{contract}/codes/{code}"): (400, 403, 400, 403, 404, 404, 404, 403, 401),
    ("post", "/v1/contracts/{contract}/adjustments"): OPERATOR,
    ("post", "/v1/contracts/{contract}/adjustments/{adjustment}/assent"): (403, 400, 400, 403, 404, 404, 404, 403, 401),
    ("post", "/v1/contracts/{contract}/terms/{version}/assent"): (403, 400, 400, 403, 404, 404, 404, 403, 401),
    ("post", "/v1/contracts/{contract}/terms/{version}/withdraw"): (403, 400, 400, 403, 404, 404, 404, 403, 401),
    ("post", "/v1/leads"): (403, 400, 400, 403, 400, 400, 400, 403, 401),
    ("post", "/v1/dispositions"): (400, 400, 403, 403, 403, 400, 403, 403, 401),
    ("post", "/v1/leads/{lead}/dispositions"): (400, 400, 403, 403, 403, 404, 403, 403, 401),
    ("post", "/v1/statements/{statement}/shares"): (400, 400, 400, 400, 404, 404, 404, 404, 401),
    ("post", "/v1/statements/{statement}/responses"): (403, 400, 400, 403, 404, 404, 404, 403, 401),
}

# The same of pages, each caller by a session of its own. What belongs to another is told from what is for another role as the call does it.
EVERYBODY = (200,) * 8 + (303,)
OPERATORS = (200,) + (403,) * 7 + (303,)
ADVERTISERS = (403, 200, 403, 403, 403, 200, 403, 403, 303)
PUBLISHERS = (403, 403, 200, 403, 200, 403, 200, 403, 303)
ITS_PARTIES = (200, 200, 200, 200, 404, 404, 404, 404, 303)
OF_ITS_OWNER = (200, 200, 403, 403, 403, 404, 404, 404, 303)
PAGES = {
    "/": PUBLIC, "/leads": EVERYBODY, "/leads.csv": EVERYBODY, "/leads/{lead}": ITS_PARTIES, "/review": ADVERTISERS, "/answers": ADVERTISERS, "/reconcile": EVERYBODY,
    "/statements": EVERYBODY, "/statements/{statement}": ITS_PARTIES, "/statements/{statement}/answer": (403, 200, 200, 403, 404, 404, 404, 403, 303),
    "/publishers": (200, 200, 403, 403, 403, 200, 403, 403, 303), "/campaigns": EVERYBODY, "/campaigns/{campaign}": (200, 200, 200, 200, 200, 404, 404, 404, 303),
    "/campaigns/{campaign}/rules": OF_ITS_OWNER, "/campaigns/{campaign}/landing": OF_ITS_OWNER, "/campaigns/{campaign}/crm": OF_ITS_OWNER,
    "/reports": EVERYBODY, "/links": PUBLISHERS, "/offers": PUBLISHERS, "/offers/{contract}": (403, 403, 200, 403, 404, 403, 404, 403, 303), "/postbacks": PUBLISHERS,
    "/settings": EVERYBODY, "/parties": EVERYBODY, "/parties/{party}": (200, 404, 200, 404, 404, 404, 404, 404, 303),
    "/contracts": EVERYBODY, "/contracts/{contract}": ITS_PARTIES, "/month-end": OPERATORS, "/audit": EVERYBODY, "/system": OPERATORS,
    "/refused": (200, 200, 200, 403, 200, 200, 200, 403, 303), "/deliveries": (200, 200, 200, 403, 200, 200, 200, 403, 303), "/search": EVERYBODY,
}

ENDINGS = {("delete", "/v1/parties/{party}/webhook"): (403, 404, 200, 404, 404, 404, 404, 404, 401),
           ("delete", "/v1/parties/{party}/notices"): (403, 404, 200, 403, 404, 404, 404, 403, 401),
           ("delete", "/v1/campaigns/{campaign}/crm"): (403, 200, 403, 403, 403, 404, 403, 403, 401),
           ("delete", "/v1/contracts/{contract}/grants/{auditor}"): (200,) + (403,) * 7 + (401,),
           ("delete", "/v1/parties/{party}/postback-key"): (200, 404, 200, 404, 404, 404, 404, 404, 401),  # without a body
           ("delete", "/v1/parties/{party}/lock"): (200,) + (403,) * 7 + (401,),
           ("delete", "/v1/parties/{party}/secrets/{kid}"): (200, 404, 200, 404, 404, 404, 404, 404, 401),
           ("delete", "/v1/parties/{party}/tokens/{token}"): (200, 404, 200, 404, 404, 404, 404, 404, 401),
           ("delete", "/v1/parties/{party}/invitations/{invitation}"): (200, 404, 200, 404, 404, 404, 404, 404, 401),
           ("delete", "/v1/statements/{statement}/shares/{share}"): (200, 403, 200, 403, 404, 404, 404, 404, 401)}

# The scope that the token of a call wants; what is not here wants none.
SCOPES = {
    "campaigns": [("post", "/v1/campaigns"), ("patch", "/v1/campaigns/{campaign}"), ("post", "/v1/campaigns/{campaign}/pause"), ("post", "/v1/contracts"), ("patch", "/v1/contracts/{contract}")],
    "clock": [("post", "/v1/clock/confirm")],
    "codes": [("post", "/v1/contracts/{contract}/codes"), ("patch", "/v1/contracts/{contract}/codes/{code}")],
    "credentials": [("post", "/v1/parties"), ("post", "/v1/parties/{party}/secrets"), ("post", "/v1/parties/{party}/tokens"), ("post", "/v1/parties/{party}/lock"),
                    ("post", "/v1/parties/{party}/invitations"), ("delete", "/v1/parties/{party}/invitations/{invitation}"),
                    ("put", "/v1/parties/{party}/key"), ("put", "/v1/parties/{party}/postback-key"), ("delete", "/v1/parties/{party}/postback-key"),
                    ("put", "/v1/parties/{party}/webhook"), ("delete", "/v1/parties/{party}/webhook"), ("put", "/v1/parties/{party}/notices"),
                    ("put", "/v1/campaigns/{campaign}/crm"), ("delete", "/v1/campaigns/{campaign}/crm"),
                    ("delete", "/v1/parties/{party}/lock"), ("delete", "/v1/parties/{party}/secrets/{kid}")],
    "erasures": [("post", "/v1/erasures")],
    "grants": [("post", "/v1/contracts/{contract}/grants"), ("delete", "/v1/contracts/{contract}/grants/{auditor}")],
    "parties": [("patch", "/v1/parties/{party}")],
    "settlement": [("post", "/v1/contracts/{contract}/adjustments"), ("post", "/v1/contracts/{contract}/statements")],
    "upkeep": [("post", "/v1/backups"), ("post", "/v1/checks")],
}
WANTED = {call: scope for scope, calls in SCOPES.items() for call in calls}

SIGNED = re.compile(r"/(c|p|postback)(/|$)")  # for browsers, or signed: no bearer tokens; other tests have them
PLAIN = {path for path, row in READS.items() if row == PUBLIC} - {"/log/checkpoint", "/log/tile/{level}/{tile}"}  # a query means nothing there

ENDLESS = {"/v1/live"}  # an answer that nobody waits for the end of


class Access(ServerCase):
    @classmethod
    def set_up_market(cls):
        super().set_up_market()
        market, other = cls.market, Market(cls.server)
        sibling = Party(cls.operator, "Sibling", "publisher")
        market.new_contract(sibling)
        market.publisher.put(f"/v1/parties/{market.publisher.id}/webhook", {"url": "https://127.0.0.1:1/"})
        lead = market.publisher.postback({"click_id": market.click(), "email": "a@example.com", "phone": "+33612345678"}).json["lead"]
        other.publisher.postback({"click_id": other.click(), "email": "b@example.com", "phone": "+33612345679"})
        statement = cls.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        share = market.publisher.post(f"/v1/statements/{statement['id']}/shares", {})["id"]
        kid = market.publisher.post(f"/v1/parties/{market.publisher.id}/secrets", {})["kid"]
        token = market.publisher.post(f"/v1/parties/{market.publisher.id}/tokens", {})["id"]
        invitation = market.publisher.post(f"/v1/parties/{market.publisher.id}/invitations", {})
        gone = Party(cls.operator, "Former auditor", "auditor").id
        cls.operator.post(f"/v1/contracts/{market.contract}/grants", {"party": gone})
        size, _ = market.head()
        cls.callers = {"operator": cls.operator, "advertiser": market.advertiser, "publisher": market.publisher, "auditor": market.auditor,
                       "sibling": sibling, "other_advertiser": other.advertiser, "other_publisher": other.publisher,
                       "other_auditor": other.auditor}
        cls.real = {"party": market.publisher.id, "campaign": market.campaign, "contract": market.contract, "lead": lead,
                    "statement": statement["id"], "share": share, "link": "A", "kid": kid, "token": token, "invitation": invitation["id"], "code": market.code["code"], "version": "1", "adjustment": "1", "level": "entries", "tile": f"000.p/{size}",
                    "asset": re.search(r"/assets/([^\"]+)", send(cls.server.url + "/sign-in").text)[1],
                    "auditor": gone, "sha256": "0" * 64, "delivery": market.publisher.get("/v1/deliveries?event=lead")["data"][0]["id"]}
        cls.openapi = send(cls.server.url + "/openapi.json").json
        root_size = wait_for(lambda: int(send(cls.server.url + "/log/checkpoint").text.split("\n")[1]), what="a sweep of the root log")
        cls.root_tile = f"entries/000.p/{root_size}"

    def path(self, template, **ids):
        if template == "/log/tile/{level}/{tile}":
            return "/log/tile/" + self.root_tile
        return template.format(**{**self.real, **ids})

    def call(self, caller, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if caller != "nobody":
            return self.callers[caller].call(method.upper(), path, body, headers)
        return send(self.server.url + path, method.upper(), body, headers)

    def described(self):
        """(method, path) of all calls but the tracking lane's and the postbacks'."""
        return {(method, path) for path, item in self.openapi["paths"].items() for method in item
                if method in ("get", "put", "post", "patch", "delete") and not SIGNED.match(path)}

    def test_each_call_has_its_row_here(self):
        self.assertEqual(self.described(), {("get", path) for path in READS} | set(WRITES) | set(ENDINGS))

    def test_each_caller_reads_its_own_and_nothing_else(self):
        for template, row in READS.items():
            path = self.path(template) + ("?from=0&to=1" if template.endswith("/openings") else "")
            for caller, status in zip(CALLERS, row):
                with self.subTest(template, caller=caller):
                    self.assertStatus(self.call(caller, "head" if template in ENDLESS else "get", path), status)

    def test_each_caller_writes_what_its_role_may(self):
        before = self.recorded()
        for (method, template), row in WRITES.items():
            for caller, status in zip(CALLERS, row):
                with self.subTest(f"{method} {template}", caller=caller):
                    self.assertProblem(self.call(caller, method, self.path(template), b'{"colour": '), status)
        self.assertNothingRecorded(before)

    def sessions(self):
        browsers = {caller: Browser(self.server) for caller in CALLERS}
        for caller, party in self.callers.items():
            self.assertStatus(browsers[caller].sign_in(party.token), 303)
        return browsers

    def test_each_page_has_its_row_here(self):
        self.assertEqual(set(PAGES) - {"/"}, {path for path, row in READS.items() if row == (303,) * 9})

    def test_each_session_sees_its_own_and_nothing_else(self):
        browsers = self.sessions()
        for template, row in PAGES.items():
            for caller, status in zip(CALLERS, row):
                with self.subTest(template, caller=caller):
                    self.assertStatus(browsers[caller].get(self.path(template)), status)

    def test_a_page_that_is_not_yours_looks_like_one_that_does_not_exist(self):
        browsers = self.sessions()
        nowhere = {"party": "P000000000000", "campaign": "A000000000000", "contract": "C000000000000", "lead": "x" * len(self.real["lead"]), "statement": "S000000000000"}
        own = re.compile(r'name="(form|once)" value="[^"]*"|<code[^>]*>[^<]*</code>|' + "|".join(re.escape(ident) for ident in (*nowhere.values(), *(self.real[name] for name in nowhere))))
        tried = 0
        for template, row in PAGES.items():
            for caller, status in zip(CALLERS, row):
                if status != 404:
                    continue
                with self.subTest(template, caller=caller):
                    foreign, unknown = (browsers[caller].get(path) for path in (self.path(template), self.path(template, **nowhere)))
                    self.assertEqual((foreign.status, own.sub("", foreign.text)), (unknown.status, own.sub("", unknown.text)))
                    tried += 1
        self.assertGreater(tried, 25)

    def shown(self, browsers):
        """Which forms each caller is shown: {(what it does, to what): {caller: (where, its fields)}}."""
        found = {}
        parties = [f"/parties/{party['id']}" for party in self.callers["operator"].get("/v1/parties?limit=100")["data"]]
        for caller in self.callers:
            paths = [self.path(template) for template, row in PAGES.items() if row[CALLERS.index(caller)] == 200]
            for path in paths + (parties if caller == "operator" else []):
                for act, fields in forms(browsers[caller].get(path).text):
                    if act:  # what has none signs out
                        what = tuple(sorted(pair for pair in fields.items() if pair[0] not in ("form", "once")))
                        found.setdefault(what, {}).setdefault(caller, []).append((path, fields))
        return found

    def test_no_session_sends_the_form_that_another_one_is_shown(self):
        """Each form on each page, sent by whoever is shown none that does the same, as that one's own session sends forms."""
        browsers, before = self.sessions(), self.recorded()
        shown, tried = self.shown(browsers), set()
        tokens = {caller: browsers[caller].form_token("/settings") for caller in self.callers}
        for what, by in shown.items():
            for caller in set(self.callers) - set(by):
                for path, fields in next(iter(by.values())):
                    own = fields.get("party") == getattr(self.callers[caller], "id", None)
                    if (caller, fields["act"]) == ("operator", "make") or (own and fields["act"] == "lock"):  # they may, by another form or call
                        continue
                    with self.subTest(what, path=path, caller=caller):
                        answer = browsers[caller].post(path, {**fields, "form": tokens[caller], "name": "Another"})
                        self.assertIn(answer.status, (403, 404))
                        tried.add((dict(what)["act"], path))
        self.assertGreater(len(tried), 60)
        self.assertNothingRecorded(before)
        self.assertEqual(set(self.shown(browsers)), set(shown))

    def scoped(self, caller, scope):
        """The same caller by another token of its own, with that scope alone, or none."""
        party = self.callers[caller]
        ident = party.id if caller != "operator" else party.get("/v1/parties?limit=1")["data"][0]["id"]
        made = party.call("POST", f"/v1/parties/{ident}/tokens", {"scope": scope} if scope else {})
        if made.status == 422:  # its role has no calls of that scope
            return None
        return Caller(party.base, self.assertStatus(made, 201).json["token"])

    def test_each_call_wants_its_scope_and_no_other(self):
        """What is refused changes nothing, and neither does a body that does not read: so each is sent by a token with every scope."""
        said = {(method, path): self.openapi["paths"][path][method].get("x-scope") for method, path in self.described()}
        self.assertEqual({call: scope for call, scope in said.items() if scope}, WANTED)
        rows = {**WRITES, **{call: row for call, row in ENDINGS.items() if call in WANTED}}
        for caller in ("operator", "advertiser", "publisher"):
            tokens = {scope: self.scoped(caller, scope) for scope in (None, *SCOPES, "operators")}
            for (method, template), row in rows.items():
                status, wanted = row[CALLERS.index(caller)], WANTED.get((method, template))
                if status in (403, 404):  # not for its role, or not its own
                    continue
                for scope, token in tokens.items():
                    if token is None or (method == "delete" and scope == wanted):
                        continue
                    with self.subTest(f"{method} {template}", caller=caller, scope=scope):
                        answer = token.call(method.upper(), self.path(template), *((b'{"colour": ', {"Content-Type": "application/json"}) if method != "delete" else ()))
                        self.assertStatus(answer, status if wanted in (None, scope) else 403)
                        if wanted not in (None, scope):
                            self.assertIn(f'"{wanted}"', answer.json["detail"])
                        self.assertEqual(answer.headers.get("WWW-Authenticate"),
                                         None if wanted in (None, scope) else f'Bearer error="insufficient_scope", scope="{wanted}"')

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.openapi["components"]["schemas"][schema["$ref"].rsplit("/", maxsplit=1)[1]]
        return schema

    def test_texts_may_be_as_long_as_described(self):
        """One byte more is refused by the name of the text and its limit; as many as said are not."""
        tried, known = 0, {"advertiser": self.market.advertiser.id, "currency": "EUR", "landing_url": "https://landing.example/"}
        for (method, template), row in WRITES.items():
            content = self.openapi["paths"][template][method].get("requestBody", {}).get("content", {})
            schema = self.resolved(content.get("application/json", {}).get("schema", {}))
            callers = [caller for caller, status in zip(CALLERS, row) if status == 400]
            for name, said in schema.get("properties", {}).items():
                most = self.resolved(said).get("maxLength")
                if most is None or not callers:
                    continue
                for length in (most, most + 1):
                    needed = {other: 1 if self.resolved(schema["properties"][other]).get("type") == "integer" else "x" for other in schema.get("required", [])}
                    needed |= {other: value for other, value in known.items() if other in needed}
                    body = {**needed, name: "x" * length}
                    with self.subTest(f"{method} {template}", name=name, length=length):
                        answer = self.call(callers[0], method, self.path(template), json.dumps(body).encode()).json
                        longer = bool(re.search(f"not be longer than {most} bytes|too long: at most {most} bytes", answer.get("detail", ""))) and answer["field"] == name
                        self.assertEqual(longer, length > most, answer)
                tried += 1
        self.assertGreater(tried, 12)

    def test_each_caller_ends_what_is_its_own(self):
        for (method, template), row in ENDINGS.items():
            for caller, status in zip(CALLERS, row):
                with self.subTest(f"{method} {template}", caller=caller):
                    self.assertStatus(self.call(caller, method, self.path(template)), status)

    def test_what_is_not_yours_looks_like_what_does_not_exist(self):
        """Not one byte tells a stranger that an id is in use."""
        nowhere = {"party": "P000000000000000", "campaign": "A000000000000000", "contract": "C000000000000000", "lead": "x" * len(self.real["lead"]),
                   "statement": "S000000000000", "share": "H000000000000", "version": "1", "adjustment": "1", "level": "entries", "tile": self.real["tile"],
                   "delivery": "C000000000000-1-P000000000000", "sha256": "0" * 64}
        for template, row in READS.items():
            if 404 not in row:
                continue
            query = "?from=0&to=1" if template.endswith("/openings") else ""
            with self.subTest(template):
                foreign = self.assertProblem(self.call("other_advertiser", "get", self.path(template) + query), 404)
                unknown = self.assertProblem(self.call("other_advertiser", "get", self.path(template, **nowhere) + query), 404)
                self.assertEqual(foreign, unknown)
                self.assertProblem(self.call("operator", "get", self.path(template, **nowhere) + query), 404)

    def test_a_grant_opens_one_contract(self):
        """The auditor of one contract sees neither its sibling nor, in lists, anything of it."""
        seen = self.callers["auditor"].get("/v1/contracts")["data"]
        self.assertEqual([contract["id"] for contract in seen], [self.market.contract])
        self.assertEqual(self.callers["other_auditor"].get("/v1/statements")["data"], [])
        self.assertEqual([s["id"] for s in self.callers["auditor"].get("/v1/statements")["data"]], [self.real["statement"]])

    def test_lists_show_ones_own(self):
        market = self.market
        owned = {"advertiser": 3, "publisher": 1, "auditor": 1, "sibling": 1, "other_advertiser": 2}  # the direct contract is the advertiser's
        for caller, contracts in owned.items():
            with self.subTest(caller):
                party = self.callers[caller]
                self.assertEqual([p["id"] for p in party.get("/v1/parties")["data"]], [party.id])
                self.assertEqual(len(party.get("/v1/contracts")["data"]), contracts)
                campaigns = [c["id"] for c in party.get("/v1/campaigns")["data"]]
                self.assertEqual(campaigns == [market.campaign], not caller.startswith("other"), campaigns)
                self.assertEqual(len(campaigns), 1)

    def test_a_campaigns_direct_contract_is_shown_to_its_owner_alone(self):
        path = f"/v1/campaigns/{self.market.campaign}"
        shown = {caller: "direct_contract" in self.callers[caller].get(path) for caller in ("operator", "advertiser", "publisher", "auditor")}
        self.assertEqual(shown, {"operator": True, "advertiser": True, "publisher": False, "auditor": False})

    def test_an_advertiser_makes_campaigns_for_itself_alone(self):
        campaign = {"advertiser": self.market.advertiser.id, "name": "n", "currency": "EUR", "landing_url": "https://landing.example/"}
        self.assertProblem(self.callers["other_advertiser"].call("POST", "/v1/campaigns", campaign), 403, "advertiser")

    def test_unknown_parameters_are_refused_by_name(self):
        for template in sorted(set(READS) - PLAIN - {"/live", "/invite/{invitation}", "/unsubscribe/{link}", "/sign-in/link/{link}"} - {path for path, row in READS.items() if row == (303,) * 9}):  # what mail programs append to a link
            query = "?from=0&to=1&colour=1" if template.endswith("/openings") else "?colour=1"
            with self.subTest(template):
                self.assertProblem(self.call("operator", "get", self.path(template) + query), 400, "colour")

    def test_parameters_given_twice_are_refused_by_name(self):
        values = {"limit": "1", "status": "pending", "contract": self.market.contract, "campaign": self.market.campaign, "from": "0", "to": "1",
                  "format": "jws", "share": "x", "lang": "fr", "lines": "all", "after": "x", "verdict": "none", "until": "2026-10", "party": self.market.publisher.id, "event": "lead",
                  "state": "pending", "order": "newest", "day": "2026-11-28"}
        tried = 0
        for template in READS:
            for parameter in self.openapi["paths"][template]["get"].get("parameters", []):
                if "$ref" in parameter:
                    parameter = self.openapi["components"]["parameters"][parameter["$ref"].rsplit("/", maxsplit=1)[1]]
                if parameter["in"] != "query":
                    continue
                name = parameter["name"]
                value = values.get(name, "x")
                query = f"?{name}={value}&{name}={value}"
                with self.subTest(template, name=name):
                    self.assertProblem(self.call("operator", "get", self.path(template) + query), 400, name, "twice")
                    tried += 1
        self.assertGreater(tried, 10)

    def test_the_bearer_scheme_is_asked_for(self):
        """Any spelling of the scheme, no other scheme, and the whole token."""
        token = self.market.publisher.token
        for template in ("/v1/contracts/{contract}", "/v1/statements/{statement}"):
            url = self.server.url + self.path(template)
            for value, status in ((f"Bearer {token}", 200), (f"bearer {token}", 200), (f"BEARER {token}", 200), (f"Basic {token}", 401),
                                  (f"Bearer{token}", 401), (f"Bearer {token[:-1]}", 401), (f"Bearer {token}x", 401), ("Bearer ", 401),
                                  ("Bearer", 401), (token, 401)):
                with self.subTest(template, value=value[:12]):
                    answer = self.assertStatus(send(url, headers={"Authorization": value}), status)
                    sent = value.lower().startswith("bearer ") and value != "Bearer "
                    self.assertEqual(answer.headers.get("WWW-Authenticate"), None if status == 200 else 'Bearer error="invalid_token"' if sent else "Bearer")

    def test_a_head_request_is_refused_like_its_get(self):
        for template, row in READS.items():
            for caller, status in ((CALLERS[0], row[0]), (CALLERS[5], row[5]), (CALLERS[8], row[8])):
                path = self.path(template) + ("?from=0&to=1" if template.endswith("/openings") else "")
                with self.subTest(template, caller=caller):
                    answer = self.assertStatus(self.call(caller, "head", path), status)
                    self.assertEqual(answer.body, b"")

    def test_other_methods_are_refused_and_name_those_that_would_do(self):
        known = {}
        for method, template in self.described():
            known.setdefault(template, set()).add(method.upper())
        for template, methods in known.items():
            with self.subTest(template):
                other = next(method for method in ("DELETE", "PUT", "PATCH") if method not in methods)
                taken = methods | ({"HEAD"} if "GET" in methods else set())
                answer = self.call("operator", other, self.path(template))
                self.assertProblem(answer, 405)
                self.assertEqual(set(answer.headers["Allow"].split(", ")), taken)
                answer = self.assertStatus(self.call("nobody", "options", self.path(template)), 204)
                self.assertEqual(set(answer.headers["Allow"].split(", ")), taken | {"OPTIONS"})

    def test_pages_of_other_origins_read_what_is_public_alone_unless_they_are_listed(self):
        """What a browser asks beforehand, and what it is told with the answer."""
        listed, others = "https://portal.example:8443", ("https://portal.example", "http://portal.example:8443", "https://evil.example", "null", "*")
        server = Server(CORS_ORIGINS=f"https://crm.example, {listed}")
        self.addCleanup(server.close)
        token = server.operator.token
        for closed, origins in ((server, others), (self.server, (listed, *others))):
            for origin in origins:
                for path, public in (("/v1/parties", False), ("/v1/statements/S0", False), ("/log/C0/checkpoint", False), ("/postback", False), ("/", False), ("/verify", False), ("/invite/csi_x", False), ("/log/checkpoint", True), ("/.well-known/jwks.json", True)):
                    with self.subTest(path, origin=origin):
                        ahead = send(closed.url + path, "OPTIONS", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
                        answer = send(closed.url + path, headers={"Origin": origin, "Authorization": f"Bearer {token}"})
                        self.assertEqual({one.headers.get("Access-Control-Allow-Origin") for one in (ahead, answer)}, {"*" if public else None})
                        self.assertIsNone(answer.headers.get("Access-Control-Allow-Credentials"))
        ahead = self.assertStatus(send(server.url + "/v1/parties/P0/tokens", "OPTIONS", headers={"Origin": listed, "Access-Control-Request-Method": "POST"}), 204)
        self.assertEqual((ahead.headers["Access-Control-Allow-Origin"], ahead.headers["Vary"]), (listed, "Origin"))
        self.assertIn("POST", ahead.headers["Access-Control-Allow-Methods"].split(", "))
        self.assertLessEqual({"Authorization", "Content-Type", "Idempotency-Key"}, set(ahead.headers["Access-Control-Allow-Headers"].split(", ")))
        for path, status in (("/v1/parties", 200), ("/v1/parties/P0", 404)):
            answer = self.assertStatus(send(server.url + path, headers={"Origin": listed, "Authorization": f"Bearer {token}"}), status)
            self.assertEqual((answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]), (listed, "Origin"))
            self.assertIn("Request-Id", answer.headers["Access-Control-Expose-Headers"])
        server.stop()
        for origins in ("*", "portal.example", "https://portal.example/", "https://Portal.example", "https://", "https://a:b", "null", "https://u@a.example"):
            done = countersign("serve", "--data", server.data, "--cors-origins", origins, "--listen", "127.0.0.1:0")
            self.assertEqual((done.returncode, "cors_origins" in done.stderr), (2, True), origins)

    def test_problems_say_no_more_than_they_must(self):
        answer = self.call("nobody", "get", self.path("/v1/leads/{lead}"))
        self.assertNotIn(self.real["lead"], json.dumps(self.assertProblem(answer, 401)))


if __name__ == "__main__":
    unittest.main()
