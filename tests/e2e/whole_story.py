"""One story in which everything happens once: for tests that look at all that a server is sent, answers and keeps."""

import threading
import urllib.parse

from datetime import datetime, timedelta, timezone

from harness import BROWSER, Caller, Market, Party, person, wait_for

import client  # from scripts/, where harness points to

MODES = ("jws", "html", "csv")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signed_in(base, token):
    """The cookie."""
    answer = client.send(base + "/sign-in", "POST", urllib.parse.urlencode({"token": token}).encode(), FORM)
    return {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}


def look_at_pages(market, publisher, lead):
    """Signed in with a token, as a browser."""
    base, contract = publisher.base, market.contract
    cookie = signed_in(base, market.operator.token)
    for path in ("/month-end", "/audit", "/system"):
        client.send(base + path, "GET", None, {**cookie, "Accept": "text/html"})
    cookie, text = signed_in(base, publisher.token), ""
    for path in ("/sign-in", "/leads", "/leads/" + lead, "/statements", "/reports", "/links", "/offers", "/offers/" + contract, "/postbacks", "/"):
        text = client.send(base + path, "GET", None, {**cookie, "Accept": "text/html"}).text
    client.send(base + text.split('rel="stylesheet" href="')[1].split('"')[0])
    token = text.split('name="form" value="')[1].split('"')[0]
    several = ("/settings", "/deliveries", "/parties", "/parties/" + publisher.id, "/contracts", "/contracts/" + contract)
    for path in (*several, "/search?q=T1", "/refused"):
        client.send(base + path, "GET", None, {**cookie, "Accept": "text/html"})
    for path in (*several, "/leads/" + lead, "/month-end", "/system", "/links", "/postbacks"):  # of a session before
        client.send(base + path, "POST", b"", {**FORM, **cookie, "Sec-Fetch-Site": "same-origin"})
    client.send(base + "/sign-out", "POST", urllib.parse.urlencode({"form": token}).encode(), {**FORM, **cookie})
    client.send(base + "/statements/S0")  # leads to the sign-in


def tell_a_whole_story(server):
    """Calls every operation of the API with success, and some without. Answers the market it played in."""
    market = Market(server, {"score": {"facts": ["country", "f_age", "utm_source", "sub1"], "cross": ["country", "f_age"]}})
    market.put_keys()
    market.publisher.assent(market.contract, 1)
    operator, advertiser, publisher = market.operator, market.advertiser, market.publisher
    lead = report_leads(market)
    for path in ("/v1/parties", "/v1/campaigns", "/v1/contracts", f"/v1/parties/{publisher.id}", f"/v1/campaigns/{market.campaign}",
                 f"/v1/contracts/{market.contract}", f"/v1/contracts/{market.contract}/codes", f"/v1/contracts/{market.contract}/click-key",
                 f"/v1/contracts/{market.contract}/leads",
                 f"/v1/leads/{lead}", "/.well-known/jwks.json", "/log/keys", "/", "/healthz", "/readyz", "/metrics", "/openapi.json",
                 "/t.js", "/v1/refused", "/v1/clock", "/robots.txt", "/favicon.ico", "/icon.svg", "/verify"):
        operator.do("GET", path)
    operator.do("POST", "/v1/checks")
    wait_for(lambda: "running" not in operator.get("/v1/upkeep")["check"], what="the check to end")
    operator.call("POST", "/v1/backups")  # 409 where there is no folder for copies
    wait_for(lambda: "running" not in operator.get("/v1/upkeep")["backup"], what="the copy to be made")
    operator.post("/v1/clock/confirm", {"steps": operator.get("/v1/clock")["steps"]})
    advertiser.patch(f"/v1/campaigns/{market.campaign}", {"return_days": 14, "review": None})
    advertiser.post(f"/v1/campaigns/{market.campaign}/pause", {"paused": True})
    advertiser.post(f"/v1/campaigns/{market.campaign}/pause", {"paused": False})
    market.publisher.patch(f"/v1/parties/{market.publisher.id}", {"legal": {"name": "Comparateur Nord SRL", "country": "be", "vat_id": "BE 0999.000.129"}})
    operator.patch(f"/v1/contracts/{market.contract}", {"price": {"lead": [{"micros": 9_000_000}]}})
    soon = datetime.now(timezone.utc) + timedelta(seconds=1)
    operator.patch(f"/v1/contracts/{market.contract}", {"ends_at": "2100-01-01T00:00:00Z", "effective_at": soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
    advertiser.post(f"/v1/campaigns/{market.campaign}/try", {"return_days": 15, "contract": {"id": market.contract, "price": {"lead": [{"micros": 1}]}}})
    publisher.post("/v1/postbacks/explain", {"url": publisher.signed_target(person(click_id=market.click()))})
    for path in ("", "/1"):
        publisher.do("GET", f"/v1/contracts/{market.contract}/terms{path}")
    wait_for(lambda: datetime.now(timezone.utc) > soon, what="the time that the change waits for")
    made = publisher.post(f"/v1/parties/{publisher.id}/secrets", {})
    publisher.delete(f"/v1/parties/{publisher.id}/secrets/{made['kid']}")
    for _ in range(2):
        publisher.do("POST", f"/v1/contracts/{market.contract}/codes", {"label": "own page", "landing_url": "https://shop.example/page"},
                     {"Idempotency-Key": "code-1"})
    token = publisher.post(f"/v1/parties/{publisher.id}/tokens", {"label": "CRM", "expires_at": "2100-01-01T00:00:00Z", "scope": "credentials"})
    Caller(publisher.base, token["token"]).do("GET", "/v1/contracts")
    publisher.do("GET", f"/v1/parties/{publisher.id}/tokens")
    publisher.delete(f"/v1/parties/{publisher.id}/tokens/{token['id']}")
    invite(operator, publisher)
    look_at_pages(market, publisher, lead)
    key = publisher.put(f"/v1/parties/{publisher.id}/postback-key", {"cidrs": ["127.0.0.0/8"]})["key"]
    client.send(f"{publisher.base}/postback?" + urllib.parse.urlencode({**person(click_id=market.click()), "key": key}))
    rows = [person(click_id=market.click()), {"email": "{email}"}]
    publisher.post("/v1/leads", person(click_id=market.click()))
    publisher.do("POST", "/v1/leads", rows, {"Idempotency-Key": "rows-1"})
    advertiser.post("/v1/dispositions", [{"txid": rows[0]["txid"], "status": "approved"}, {"txid": "nobody's", "status": "approved"}])
    text = f"txid,status,reason\r\n{rows[0]['txid']},returned,\"no, thanks\"\r\n".encode()
    advertiser.do("POST", "/v1/dispositions", text, {"Content-Type": "text/csv"})
    advertiser.put(f"/v1/parties/{advertiser.id}/postback-key", {"cidrs": ["192.0.2.1"]})
    publisher.do("DELETE", f"/v1/parties/{publisher.id}/postback-key")
    follow_live(market)
    for query in ("group=day,sub1", "format=csv", "format=jws", "group=channel&from=2026-01-01&to=2026-12-31&compare=previous"):
        publisher.do("GET", "/v1/reports?" + query)
    lock_parties(market)
    settle(market)
    reconcile(market, rows[0]["txid"])
    read_the_logs(market, lead)
    be_refused(market)
    share_a_lead(market)
    publisher.postback(person(click_id=market.click(), phone="+33611223344"))  # waits to be approved by itself
    return market


def follow_live(market):
    """An answer that ends with its token."""
    publisher = market.publisher
    token = publisher.post(f"/v1/parties/{publisher.id}/tokens", {})
    by = {"/v1/live": {"Authorization": "Bearer " + token["token"]}, "/live": signed_in(publisher.base, token["token"])}
    streams = [threading.Thread(target=client.send, args=(publisher.base + path,), kwargs={"headers": headers}) for path, headers in by.items()]
    for path, stream in zip(by, streams):
        stream.start()
        wait_for(lambda: market.server.metric("requests", f'route="{path}"'), what="a stream")
    publisher.delete(f"/v1/parties/{publisher.id}/tokens/{token['id']}")
    for stream in streams:
        stream.join()


def lock_parties(market):
    publisher, operator = market.publisher, market.operator
    code = publisher.post(f"/v1/contracts/{market.contract}/codes", {"label": "old page"})["code"]
    publisher.patch(f"/v1/contracts/{market.contract}/codes/{code}", {"label": "gone page", "off": True})
    operator.patch(f"/v1/parties/{publisher.id}", {"name": "Nova Media Group"})
    publisher.do("POST", f"/v1/parties/{publisher.id}/lock", {})
    operator.do("DELETE", f"/v1/parties/{publisher.id}/lock")
    locked = Party(operator, "Locked", "auditor").id
    operator.do("POST", f"/v1/parties/{locked}/lock", {})
    operator.do("POST", f"/v1/contracts/{market.contract}/grants", {"party": locked})
    operator.do("DELETE", f"/v1/contracts/{market.contract}/grants/{locked}")
    publisher.do("GET", f"/v1/contracts/{market.contract}/grants")


def invite(operator, publisher):
    """One invitation is withdrawn, one is used."""
    path = f"/v1/parties/{publisher.id}/invitations"
    publisher.delete(f"{path}/{operator.post(path, {})['id']}")
    link = operator.post(path, {"label": "the agency"})["invite_url"]
    publisher.do("GET", path)
    for method in ("GET", "POST"):
        client.send(link, method)


def report_leads(market):
    publisher, advertiser = market.publisher, market.advertiser
    click = market.click("?sub1=november")
    client.send(f"{market.code['pixel_url']}?event=view&click_id={click}", headers=BROWSER)
    client.send(market.code["pixel_url"], "POST", b"event=impression", {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"})
    client.send(market.code["pixel_url"], "OPTIONS")
    lead = publisher.postback(person(click_id=click, f_age="41", sub1="mine")).json["lead"]
    publisher.postback(person(click_id=click, phone=None))
    publisher.postback(person(click_id=click, **{"return": "taken"}))
    publisher.postback_form(person(click_id=click, test="1"))
    other = publisher.postback_json(person(click_id=click, fields={"age": 41}, touches=[click])).json["lead"]
    advertiser.postback({"lead": lead, "status": "approved"})
    advertiser.do("POST", f"/v1/leads/{other}/dispositions", {"status": "rejected", "reason": "wrong number"})
    return lead


def settle(market):
    advertiser, publisher = market.advertiser, market.publisher
    market.operator.do("GET", "/v1/settlements")
    market.operator.do("GET", "/v1/changes?change=grant")
    statement = market.operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
    for mode in MODES:
        advertiser.do("GET", f"/v1/statements/{statement}?format={mode}")
    for _ in range(2):
        advertiser.answer_statement(statement)
    jws = publisher.jws(publisher.response(b"another statement"))
    publisher.call("POST", f"/v1/statements/{statement}/responses", {"jws": jws})
    for path in ("", "/lines", "/checkpoint", "/responses", "/proof"):
        publisher.do("GET", f"/v1/statements/{statement}{path}")
    publisher.do("GET", "/v1/statements")
    link = publisher.post(f"/v1/statements/{statement}/shares", {"days": 3, "texts": True})
    publisher.do("GET", f"/v1/statements/{statement}/shares")
    client.send(link["url"])
    publisher.do("DELETE", f"/v1/statements/{statement}/shares/{link['id']}")
    correct(market, statement)
    erase(market)


def reconcile(market, txid):
    target = f"/v1/contracts/{market.contract}/reconcile"
    rows = f"txid;payout\n{txid};1,5\n".encode()
    for mode in ("jws", "json", "csv"):
        market.publisher.do("POST", f"{target}?format={mode}", rows, {"Content-Type": "text/csv"})
    market.publisher.post(target, [{"txid": txid, "payout": 1.5}])
    market.publisher.call("POST", target, [{"txid": txid, "payout": "much"}])


def correct(market, statement):
    """By the operator's word, and, of another contract, by an adjustment that both have to assent to. What nobody assented to yet is withdrawn."""
    operator, other = market.operator, Party(market.operator, "Who is asked", "publisher")
    operator.post(f"/v1/contracts/{market.contract}/adjustments", {"micros": -1_000_000, "reason": "agreed by telephone", "statement": statement})
    contract = operator.post("/v1/contracts", {"campaign": market.campaign, "publisher": other.id, "price": {"lead": [{"micros": 10}]}, "assent": "both"})["id"]
    other.put_key()
    for party in (market.advertiser, other):
        party.assent(contract, 1)
    dearer = operator.patch(f"/v1/contracts/{contract}", {"price": {"lead": [{"micros": 20}]}})["terms_version"]
    operator.do("POST", f"/v1/contracts/{contract}/terms/{dearer}/withdraw", b"")
    made = operator.post(f"/v1/contracts/{contract}/adjustments", {"micros": 2_000_000, "reason": "and taken back"})
    for party in (market.advertiser, other, other):
        party.assent_to_adjustment(contract, made["index"])
    other.do("GET", f"/v1/contracts/{contract}/adjustments")
    other.do("GET", f"/v1/contracts/{contract}/statements")


def erase(market):
    """By address and by number, what is gone already, and nobody."""
    operator, advertiser = market.operator, market.advertiser
    market.publisher.postback(person(click_id=market.click(), email="erased@example.com", phone="+33699999999"))
    for caller, whom in ((operator, {"email": "erased@example.com"}), (advertiser, {"email": "erased@example.com"}), (operator, {"phone": "+33699999999"}), (operator, {"email": "nobody@example.com"})):
        caller.call("POST", "/v1/erasures", whom)


def share_a_lead(market):
    """Of a campaign of its own, whose two publishers brought the same person."""
    operator, advertiser = market.operator, market.advertiser
    campaign = advertiser.post("/v1/campaigns", {"advertiser": advertiser.id, "name": "Shared", "currency": "EUR",
                                                 "landing_url": "https://landing.example/", "attribution": {"model": "linear"}})["id"]
    clicks = []
    for publisher in (market.publisher, Party(operator, "Other publisher", "publisher")):
        contract = operator.post("/v1/contracts", {"campaign": campaign, "publisher": publisher.id,
                                                   "price": {"lead": [{"micros": 10_000_001}]}})["id"]
        clicks.append(client.click(market.new_code(publisher, contract)["click_url"], **BROWSER)[1])
    lead = advertiser.postback(person(touches=",".join(clicks))).json["lead"]
    advertiser.postback({"lead": lead, "status": "approved"})
    operator.post(f"/v1/contracts/{contract}/statements", {})


def read_the_logs(market, lead):
    operator = market.operator
    wait_for(lambda: operator.call("GET", f"/v1/leads/{lead}/proof").status == 200, what="the lead's proof")
    for log in ("", f"/{market.contract}"):
        size = wait_for(lambda log=log: int(operator.do("GET", f"/log{log}/checkpoint").text.split("\n")[1]), what="a log with entries")
        operator.do("GET", f"/log{log}/tile/0/000.p/{size}")
        operator.do("GET", f"/log{log}/tile/entries/000.p/{size}")
    operator.do("GET", f"/log/{market.contract}/openings?from=0&to={size}")
    operator.do("GET", f"/log/{market.contract}/heads?from=0")


def be_refused(market):
    click = market.click()
    market.publisher.call("GET", "/v1/leads/nobody")
    market.publisher.call("POST", "/v1/parties", {"name": "x", "kind": "auditor"})
    market.operator.call("POST", "/v1/campaigns", {"advertiser": market.advertiser.id, "name": "x", "currency": "EURO", "landing_url": "x"})
    market.publisher.postback(person(click_id=click, txid="x" * 600))
    client.send(market.server.url + "/postback?kid=x")
    client.send(market.server.url + "/c/unknown")
    client.send(market.code["pixel_url"] + "?event=purchase")
    client.send(market.server.url + "/p/unknown.gif")
    wait_for(lambda: len(market.operator.get("/v1/refused")["data"]) == 4, what="what was refused to stand in its log")
