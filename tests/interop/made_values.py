"""What a record may hold and what it may not, member by member: each of a log's records with one member changed, signed as if it had always been so."""

import json
import random

import made_logs
from made_logs import ADVERTISER, CAMPAIGN, CONTRACT, PUBLISHER, made_log, mirror

CAMPAIGN_OF_ALL = {  # with something in every list
    "accept_from": ["advertiser", "publisher"], "advertiser": ADVERTISER, "allowed_hosts": ["shop.example", "*.deep.example"],
    "attribution": {"click_days": 30, "half_life_days": 7, "model": "last"}, "caps": {"budget_micros_month": 5, "day": 3, "month": 9}, "click_param": "click_id",
    "currency": "EUR", "dedupe": {"by": ["email", "phone"], "days": 90}, "default_country": "FR", "dispositions": "any", "fallback_url": "https://else.example/x",
    "id": CAMPAIGN, "landing_url": "https://landing.example/?s={sub1}",
    "lead": {"disposable_email": "ok", "hold_below_s": 5, "honeypot": "f_website", "min_click_to_lead_s": 2, "require": ["email", "f_age"], "require_any": ["email", "phone"],
             "rules": [{"field": "country", "in": ["FR", "BE"]}, {"field": "f_age", "max": 70, "min": 25}, {"equals": "x", "field": "f_city"}]},
    "name": "Made", "pass": ["ref"], "paused": False, "payable_classes": ["ok", "bot"], "pixel_leads": "off", "referrer_policy": "no-referrer-when-downgrade",
    "repeat_window_s": 3600, "return_days": 30, "review": {"auto_approve_days": 14, "mode": "auto"},
    "score": {"cross": ["f_age", "hour"], "facts": ["f_age", "sub1", "hour"], "hold_below": 300, "hold_days": 3, "max_held_permille": 200}, "timezone": "Europe/Paris"}
CONTRACT_OF_ALL = {
    "assent": "operator", "campaign": CAMPAIGN, "caps": {"budget_micros_month": 5, "day": 3, "month": 9}, "due_days": 30, "ends_at": "2030-01-01T00:00:00.000Z", "id": CONTRACT,
    "price": {"click_micros": 1, "impression_micros": 2, "lead": [{"micros": 12, "when": {"field": "sub1", "in": ["a"]}}, {"micros": 8}], "sale_ppm": 3},
    "publisher": PUBLISHER, "set_off": "owed", "settle": "manual", "starts_at": "2026-01-01T00:00:00.000Z", "vat_ppm": 200_000}
LEGAL_OF_ALL = {"address": "1 rue A\n75001 Paris", "cash_accounting": True, "country": "FR", "email": "a@b.example", "exemption": "art. 293 B", "name": "A", "representative_address": "2 rue B\n1000 Bruxelles",
                "representative_name": "B", "representative_vat_id": "BE0999000129", "vat_id": "FR40999000129"}

ANY = (None, True, 0, -1, 1, 2**31, 2**53 - 1, 2**53, "", "x", "X", " x", "x ", "x\n", "x\u0000", "\u00e9", "x" * 65, "x" * 201, "x" * 2100, [], ["x"], ["x", "x"], [""], [1], {}, {"x": 1})
LINKS = ("http://a.example", "HTTP://a.example/", "hTTps://a.example:8443/x?y#z", "https://[2001:db8::1]/", "https://127.0.0.1:1", "https://a.example:", "https://a.example:123456/", "https://a.example:65535/", "https://a.example:65536/", "https://a.example:0/",
         "https://u@a.example/", "https://.a.example/", "https://-a.example/", "https://a..example/", "https://a.example./", "https://a_b.example/", "https://" + "a" * 254 + "/", "https:///x",
         "https://a.example/\u00e9", "https://a.example/ x", "https://a.example/|", "javascript:alert(1)", "ftp://a.example/", "//a.example/", "https:/a.example", "https://[::1", "https://[::g]/",
         "https://[:]/", "https://a]b/", "https://[::1]x/", "https://a.example/{sub1}", "https://a.example/{sub6}", "https://a.example/{click_id}&{utm_source}{code}", "https://a.example/{Sub1}",
         "https://{sub1}.example/", "https://a.example/{", "https://a.example/{}", "https://a.example/{a b}", "https://a.example/{sub1", "https://a.example?{sub2}", "https://a.example#{sub2}",
         "https://a.example/" + "x" * 2030, "https://a.example/" + "x" * 2031, "https://a.example\\b/", "https://a.example/%zz")
MORE = {  # by the member's name
    "landing_url": LINKS, "fallback_url": LINKS,
    "referrer_policy": ("origin", "Origin", "no-referrer", "unsafe-url", "same-origin", "strict-origin", "origin-when-cross-origin", "never", "strict-origin-when-cross-origin "),
    "timezone": ("UTC", "Europe/Paris", "/UTC", "UTC/", "Etc/GMT+5", "Europe Paris", "a" * 64, "Europe.Paris"),
    "allowed_hosts": (["a.example"], ["*.a.example"], ["*.com"], ["a.example."], ["*.a.example."], [".a"], ["-a"], ["a..b"], ["*"], ["*."], ["a.*"], ["A.EXAMPLE"], ["127.0.0.1"], ["[::1]"],
                      ["a:80"], ["https://a"], ["a" * 253], ["a" * 254], ["*." + "a" * 251 + ".b"], ["*." + "a" * 252 + ".b"], ["a"] * 64, ["a"] * 65),
    "pass": (["sub1"], ["sub5"], ["sub6"], ["sub"], ["to"], ["utm_source"], ["a b"], ["a-b.c_d"], ["a" * 64], ["a" * 65], ["a"] * 32, ["a"] * 33, ["\u00e9"]),
    "click_param": ("cid", "c.i-d_", "c id", "c%20", "a" * 64, "a" * 65), "name": ("a" * 200, "\u00e9" * 100, "\u00e9" * 101, "\u2003", " a ", "a\u0085", "a\u007f", "a\tb", "\u200b"),
    "currency": ("USD", "KWD", "CLF", "ZZZ", "XAU", "XTS", "eur", "EURO", "BGN", "USN"), "default_country": ("", "GB", "UK", "GR", "EL", "XK", "ZZ", "fr", "FRA"),
    "advertiser": ("a" * 16, "a" * 17, "a.b", "-", "_"), "publisher": ("a" * 16, "a" * 17, "a.b"), "id": ("a" * 16, "a" * 17, "a b"), "campaign": ("a" * 17,),
    "click_days": (365, 366), "half_life_days": (365, 366), "days": (3650, 3651), "hold_below_s": (86_400, 86_401, 2), "min_click_to_lead_s": (86_400, 86_401), "repeat_window_s": (2_592_000, 2_592_001),
    "return_days": (365, 366), "auto_approve_days": (365, 366), "due_days": (365, 366), "vat_ppm": (10**6, 10**6 + 1), "sale_ppm": (10**6, 10**6 + 1), "click_micros": (10**10, 10**10 + 1),
    "impression_micros": (10**10, 10**10 + 1), "micros": (10**13, 10**13 + 1), "model": ("first", "linear", "time-decay", "position", "Last"), "mode": ("manual", "none"),
    "disposable_email": ("hold", "reject"), "pixel_leads": ("hold", "on"), "dispositions": ("countersigned",), "assent": ("both",), "set_off": ("next",), "settle": ("weekly", "monthly"),
    "honeypot": ("f_", "f_" + "a" * 64, "f_" + "a" * 65, "country", "email", "f_a b"), "require": (["phone", "email"], ["f_b", "f_a"], ["f_a", "email"], ["f_a", "f_a"], ["f_" + "a" * 65], [f"f_{n}" for n in range(33)]),
    "require_any": (["email"], ["phone", "email"], ["email", "email"]), "by": (["phone"], ["phone", "email"]), "accept_from": (["publisher"], ["publisher", "advertiser"]),
    "payable_classes": (["bot", "ok"], ["prefetch"], ["ok", "ok"]), "starts_at": ("2026-01-01T00:00:00Z", "2026-01-01", "2031-01-01T00:00:00.000Z", "2026-02-30T00:00:00.000Z", "2026-01-01T01:00:00.000+01:00"),
    "ends_at": ("2026-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "1969-12-31T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
    "field": ("country", "f_x", "sub1", "email", "f_", "placement", "device", "score"), "equals": ("a" * 512, "a" * 513, "  ", 7), "in": (["FR"] * 64, ["FR"] * 65, ["ZZ"], ["fr"], ["UK"]), "min": (-(2**53), 71, 70), "max": (24, 25),
    "facts": (["f_age", "f_age"], ["f_age"], ["email"], ["hour", "sub1", "f_age"], ["f_age", "hour", "contract"], [f"f_{n}" for n in range(31)], [f"f_{n}" for n in range(32)]),
    "cross": (["hour", "f_age"], ["f_age", "sub1", "hour"], ["f_age"], ["f_age", "country"]), "hold_below": (1000, 1001), "max_held_permille": (1000, 1001), "hold_days": (365, 366),
    "score": ({"facts": ["hour"]},), "lead": ([{"micros": 1, "when": {"field": "score", "min": 5}}],),
    "exemption": ("a" * 200, "a\nb"), "cash_accounting": (False, "true"), "representative_vat_id": ("GR123456789", "A" * 21), "representative_address": ("a" * 500, "a" * 501),
    "address": ("a" * 500, "a" * 501, "a\n\nb", "\na", "a\rb", "a\u0085b", "\u00a0a"), "country": ("GB", "GR", "EL", "UK", "XK", "ZZ", "fr"), "email": ("a@b", "@", "a" * 254, "@" + "a" * 253, "@" + "a" * 254),
    "vat_id": ("FR00", "FR0", "GR123456789", "A" * 20, "A" * 21, "fr48999000102", "FR 48", "FR.48")}


def changed(value, name=None):
    """(where, the same with one member changed)."""
    if name is not None:
        for other in (*ANY, *MORE.get(name, ())):
            if other != value or type(other) is not type(value):
                yield f" = {json.dumps(other)[:60]}", other
    if isinstance(value, dict):
        for member in value:
            yield f".{member} gone", {each: value[each] for each in value if each != member}
            for where, other in changed(value[member], member):
                yield f".{member}{where}", {**value, member: other}
        yield ".zz = 1", {**value, "zz": 1}
    if isinstance(value, list):
        for n, one in enumerate(value):
            if isinstance(one, dict):
                for where, other in changed(one):
                    yield f"[{n}]{where}", [*value[:n], other, *value[n + 1:]]


def documents_log():
    """The smallest log there is: its terms, the parties' keys, and who one of them is."""
    log = made_logs.MadeLog(random.Random(1), settles=False, fixed={"currency": "EUR"})
    log.entries[0] |= {"campaign": CAMPAIGN_OF_ALL, "contract": CONTRACT_OF_ALL}
    log.entries.append({"at": log.entries[-1]["at"], "by": PUBLISHER, "kind": "party", "legal": LEGAL_OF_ALL, "party": PUBLISHER})
    return log


def of_documents():
    """(what, files) of each change of a document and of legal data."""
    log = documents_log()
    yield "as it is", mirror(log.entries, [], {})
    for at, member in ((0, "campaign"), (0, "contract"), (len(log.entries) - 1, "legal")):
        for where, other in changed(log.entries[at][member]):
            entries = [*log.entries[:at], {**log.entries[at], member: other}, *log.entries[at + 1:]]
            yield f"{member}{where}", mirror(entries, [], {})


def of_entries(seed):
    """(what, files) of each change of a member of the first entry of each kind; the statements' documents are not there, so that these alone tell."""
    log = made_log(seed, 120, settles=False)
    at = {}
    for n, entry in enumerate(log.entries):
        at.setdefault(entry["kind"], n)
    yield "as it is", mirror(log.entries, log.openings, {})
    for kind, n in at.items():
        entry = log.entries[n]
        for member in sorted(set(entry) - {"kind", "campaign", "contract", "legal"}):
            for where, other in changed(entry[member], member):
                yield f"{kind} {n}.{member}{where}", mirror([*log.entries[:n], {**entry, member: other}, *log.entries[n + 1:]], log.openings, {})


NAME = made_logs.ISSUER.removeprefix("https://")
ISSUERS = {("https://" + NAME,): 0, ("http://" + NAME,): 0, ("https://" + NAME, "http://" + NAME): 1, ("http://" + NAME, "https://" + NAME): 1, ("ftp://" + NAME,): 1, ("HTTPS://" + NAME,): 1,
           ("https:" + NAME,): 1, (NAME,): 1, ("https://" + NAME + "/",): 1, ("https://" + NAME, "ftp://" + NAME): 1}


def of_issuers(seed):
    """(who names the server in the parties' keys, and in all that comes later; files)."""
    for issuers in ISSUERS:
        kept, made_logs.ISSUER = made_logs.ISSUER, issuers[0]
        log = made_logs.MadeLog(random.Random(seed))
        made_logs.ISSUER, log.ledger.issuers = issuers[-1], issuers
        while not log.statements:
            log.grow(20)
        made_logs.ISSUER = kept
        yield issuers, log.mirror()
