"""What one party may ask of a server without end: its pages, by a session, and its calls, so many at once."""

import contextlib
import html.parser
import http.client
import socket
import threading
import time
import urllib.parse

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
FORM_BYTES = 60_000  # a little less than a form may have, once it is encoded


class Forms(html.parser.HTMLParser):
    """What the forms of a page send as they stand: name of its act -> fields."""

    def __init__(self, text):
        super().__init__()
        self.fields, self.chosen, self.of = {}, None, {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        of = dict(attrs)
        if tag == "form":
            self.fields = {}
        elif tag == "input" and "name" in of and (of.get("type") not in ("checkbox", "radio") or "checked" in of):
            self.fields[of["name"]] = of.get("value") or ""
            if of["name"] == "act":
                self.of[of["value"]] = self.fields
        elif tag in ("select", "textarea"):
            self.chosen = of.get("name")
            self.fields.setdefault(self.chosen, "")
        elif tag == "option" and (not self.fields.get(self.chosen) or "selected" in of):
            self.fields[self.chosen] = of.get("value") or ""


class Session:
    """A browser of one party, without its scripts."""

    def __init__(self, server, token):
        self.server, self.token = server, token
        self.cookie = self.signed_in()

    def call(self, method, path, fields=None, cookie=True, most=None):
        """Its status and text; most: no more is read of it than so many bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=300)
        with contextlib.closing(connection):
            headers = {"Accept": "text/html", **(FORM if fields is not None else {}), **({"Cookie": self.cookie} if cookie else {})}
            connection.request(method, path, urllib.parse.urlencode(fields) if fields is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(most).decode(errors="replace"), answer.headers

    def signed_in(self):
        status, _, headers = self.call("POST", "/sign-in", {"token": self.token, "to": "/"}, cookie=False)
        if status != 303:
            raise RuntimeError(f"/sign-in: {status}")
        return headers["Set-Cookie"].split(";")[0]

    def get(self, path, most=None):
        return self.call("GET", path, most=most)[0]

    def form(self, path, act, **typed):
        """That form as it stands on its page, and so filled in: a function that sends it."""
        text = self.call("GET", path)[1]
        fields = {**Forms(text).of[act], **typed}
        return lambda: self.call("POST", path, fields)[0]


def hammer(at_once, seconds, once):
    """So many threads, each doing it again and again for so long: how often what was answered."""
    end, done = time.monotonic() + seconds, {}

    def work():
        while time.monotonic() < end:
            try:
                status = once()
            except OSError as problem:
                status = type(problem).__name__
            done[status] = done.get(status, 0) + 1
    threads = [threading.Thread(target=work) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def pages(server, advertiser, operator, contract, campaign, statement):
    """name -> what is done for so many seconds, by a session of the advertiser or the operator."""
    browser, ours = Session(server, advertiser.token), Session(server, operator.token)
    rules = browser.form(f"/campaigns/{campaign}/rules", "rules", do="try", field0="country", values0="BE", accept="advertiser", any="email", classes="ok")
    landing = browser.form(f"/campaigns/{campaign}/landing", "map", html="<input name=a>" * (FORM_BYTES // 24))
    rows = browser.form("/reconcile", "compare", contract=contract, csv="Order ID,Payout\n" + "x-1,13.00\n" * (FORM_BYTES // 18))

    def of(at_once, once):
        return lambda seconds: hammer(at_once, seconds, once)
    return {
        "reports": of(8, lambda: browser.get("/reports?group=sub1")),
        "leads that nothing is found of": of(8, lambda: browser.get("/leads?sub1=nothing-of-this")),
        "the table of all leads, half read": of(8, lambda: browser.get("/leads.csv", most=20_000)),
        "search": of(8, lambda: browser.get("/search?q=nobody@nowhere.example")),
        "today": of(8, lambda: browser.get("/")),
        "a statement and its answer's page": of(8, lambda: browser.get(f"/statements/{statement}") and browser.get(f"/statements/{statement}/answer")),
        "the month's end, of all contracts": of(4, lambda: ours.get("/month-end?all=1")),
        "rules tried on 500 leads": of(8, rules),
        "a landing page of 60 KB": of(8, landing),
        "60 KB of rows held against the log": of(8, rows),
        "signing in": of(8, lambda: browser.call("POST", "/sign-in", {"token": browser.token, "to": "/"}, cookie=False)[0]),
    }


def sheet(server, caller, contract):
    """As many rows as a call takes, held against the log."""
    body = b"Order ID\n" + b"".join(b"%x\n" % n for n in range(400_000))
    return lambda: caller.call("POST", f"/v1/contracts/{contract}/reconcile", body, {"Content-Type": "text/csv"}).status


def pipeline(server, seconds):
    """Requests without end on 8 connections, whose answers are read now and then."""
    asked, end, sockets = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 200, time.monotonic() + seconds, []
    for _ in range(8):
        sockets.append(socket.create_connection(("127.0.0.1", server.port)))
        sockets[-1].setblocking(False)
    done = 0
    while time.monotonic() < end:
        for each in sockets:
            with contextlib.suppress(BlockingIOError):
                each.send(asked)
            with contextlib.suppress(BlockingIOError):
                done += len(each.recv(1 << 16))
        time.sleep(0.001)
    for each in sockets:
        each.close()
    return {"MiB read": done >> 20}


def slow(server, seconds, n):
    """So many connections that send a byte of a head now and then."""
    end, sockets, closed = time.monotonic() + seconds, [], 0
    while time.monotonic() < end:
        while len(sockets) < n and time.monotonic() < end:
            sockets.append(socket.create_connection(("127.0.0.1", server.port)))
            sockets[-1].send(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na=")
        for each in sockets:
            try:
                each.send(b"b")
            except OSError:
                closed += 1
    for each in sockets:
        each.close()
    return {"open": n, "sent to a closed one": closed}


def calls(server, advertiser, operator, contract):
    """Likewise, by API tokens."""
    rows = [{"contract": contract, "email": f"a{n}@example.com", "phone": "+33612345678"} for n in range(1000)]
    many = sheet(server, advertiser, contract)
    made = iter(range(1 << 40))

    def of(at_once, once):
        return lambda seconds: hammer(at_once, seconds, once)
    return {
        "reports by day and two more": of(8, lambda: advertiser.call("GET", "/v1/reports?group=day,country,publisher").status),
        "50 openings calls": of(50, lambda: operator.call("GET", f"/log/{contract}/openings?from=0").status),
        "codes in a loop": of(8, lambda: operator.call("POST", f"/v1/contracts/{contract}/codes", {"label": f"c{next(made)}"}).status),
        "a thousand leads a call": of(4, lambda: advertiser.call("POST", "/v1/leads", rows).status),
        "400,000 rows held against the log": of(2, many),
        "pipelining": lambda seconds: pipeline(server, seconds),
        "5,000 slow connections": lambda seconds: slow(server, seconds, 5000),
    }
