"""What was sent to webhooks and CRMs, as their party sees it."""

import urllib.parse

from harness import wait_for


def deliveries(caller, **query):
    return caller.get("/v1/deliveries?" + urllib.parse.urlencode(query))["data"]


def ended(caller, identity):
    """The delivery once it is no longer pending."""
    return wait_for(lambda: next((d for d in deliveries(caller) if d["id"] == identity and d["state"] != "pending"), None), what="an end of " + identity)
