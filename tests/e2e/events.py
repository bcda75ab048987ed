"""Reads a stream of events (Server-Sent Events, HTML standard section 9.2) over a socket of its own, by http.client: not by what the product has."""

import http.client
import json
import ssl
import threading
import time
import urllib.parse


class Events:
    """A stream that is open. What has come is in `got`, as (event, id, object); `last` is the id to come again with."""

    def __init__(self, url, token, path="/v1/live", last=None, context=None, cookie=None):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "https":
            self.connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=60, context=context or ssl._create_unverified_context())
        else:
            self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        headers = {"Accept": "text/event-stream", **({"Cookie": cookie} if cookie else {"Authorization": "Bearer " + token})}
        if last is not None:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.status, self.got, self.comments = self.answer.status, [], []
        self.last, self.retry, self.ended, self.whole = last, None, False, False
        self.body = None
        if self.status != 200:
            self.body = json.loads(self.answer.read())
            return
        assert self.answer.headers.get_content_type() == "text/event-stream", self.answer.headers
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        fields = {}
        try:
            while True:
                line = self.answer.readline()
                if not line:
                    self.whole = True  # the last chunk came
                    break
                self.take(line.decode().rstrip("\n"), fields)
        except (http.client.HTTPException, OSError, ValueError, AttributeError):
            pass
        self.ended = True

    def take(self, line, fields):
        if line == "":
            self.last = fields.get("id", self.last)
            if "data" in fields:
                self.got.append((fields["event"], fields["id"], json.loads(fields["data"])))
            fields.clear()
        elif line.startswith(":"):
            self.comments.append(line[1:].strip())
        elif line.startswith("retry:"):
            self.retry = int(line[6:])
        else:
            name, _, value = line.partition(": ")
            assert name not in fields, line
            fields[name] = value

    def of(self, *kinds):
        return [what for event, _, what in list(self.got) if event in kinds]

    def wait(self, condition, seconds=60, what="events"):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise AssertionError(f"waited {seconds} s for {what}: {self.got[-5:]} {self.comments} ended {self.ended}")
            time.sleep(0.02)

    def wait_for(self, n, *kinds):
        self.wait(lambda: len(self.of(*kinds)) >= n, what=f"{n} of {kinds}")
        return self.of(*kinds)

    def wait_end(self):
        self.wait(lambda: self.ended, what="the end")
        return self.whole

    def close(self):
        if self.status == 200:
            try:
                self.connection.sock.shutdown(2)
            except (OSError, AttributeError):
                pass
            self.thread.join(10)
        self.connection.close()
