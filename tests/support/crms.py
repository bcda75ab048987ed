"""Stand-ins for CRMs on loopback: each asks for what its vendor's public documentation asks for, and answers as that says.

HubSpot contacts: developers.hubspot.com/docs/api/crm/contacts (a bearer token; `properties` with one of email, firstname, lastname at least; 201; 400 for
an unknown property; 409 for an e-mail address that it has; 429 with Retry-After). HubSpot forms: .../marketing/forms/v3-legacy (portal and form in the path;
a list of fields with objectTypeId, name and value; 200). Salesforce web-to-lead: a form of UTF-8 with oid, last_name and company; 200. Pipedrive:
pipedrive.readme.io (x-api-token; {"success":...}; persons need a name; leads a title and a person or an organization; 201; 401; 429)."""

import http.server
import json
import re
import threading
import urllib.parse

TOKEN = "pat-eu1-0f3c9a52-secret"
CONTACT_PROPERTIES = {"email", "firstname", "lastname", "phone", "company", "hs_lead_status", "age", "countersign_lead"}


class Crm:
    """`busy`: so many of the next requests are too many."""

    def __init__(self, case, answer):
        self.got, self.busy, self.lock = [], 0, threading.Lock()
        crm = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with crm.lock:
                    crm.busy, busy = max(0, crm.busy - 1), crm.busy > 0
                    status, said = (429, {"status": "error", "errorType": "RATE_LIMIT"}) if busy else answer(crm, self.path, self.headers, body)
                    crm.got.append({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body, "status": status})
                text = json.dumps(said).encode()
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)

    def statuses(self):
        with self.lock:
            return [each["status"] for each in self.got]

    def taken(self):
        """The bodies that it took."""
        with self.lock:
            return [each["body"] for each in self.got if each["status"] < 300]


def is_json(headers):
    return headers["Content-Type"] == "application/json"


def hubspot_contacts(crm, path, headers, body):
    if path != "/crm/v3/objects/contacts":
        return 404, {"status": "error"}
    if headers["Authorization"] != "Bearer " + TOKEN:
        return 401, {"status": "error", "category": "INVALID_AUTHENTICATION"}
    said = json.loads(body)
    properties = said.get("properties")
    if not is_json(headers) or set(said) - {"properties", "associations"} or not isinstance(properties, dict):
        return 400, {"status": "error", "message": "Invalid input JSON"}
    if set(properties) - CONTACT_PROPERTIES or not set(properties) & {"email", "firstname", "lastname"}:
        return 400, {"status": "error", "category": "VALIDATION_ERROR"}
    known = [json.loads(each["body"])["properties"].get("email") for each in crm.got if each["status"] == 201]
    if properties.get("email") in known:
        return 409, {"status": "error", "category": "CONFLICT", "message": "Contact already exists. Existing ID: 1"}
    return 201, {"id": str(len(crm.got) + 1), "properties": properties, "archived": False}


def hubspot_forms(_, path, headers, body):
    if not re.fullmatch(r"/submissions/v3/integration/submit/4242/[0-9a-f-]{36}", path):
        return 404, {"status": "error"}
    said = json.loads(body)
    fields = said.get("fields")
    good = is_json(headers) and set(said) <= {"fields", "submittedAt", "context", "legalConsentOptions", "skipValidation"} and fields
    good = good and all(set(each) == {"objectTypeId", "name", "value"} and each["objectTypeId"] == "0-1" and isinstance(each["value"], str) for each in fields)
    good = good and "email" in [each["name"] for each in fields]
    return (200, {"inlineMessage": "Thanks"}) if good else (400, {"status": "error", "errors": [{"errorType": "REQUIRED_FIELD"}]})


def web_to_lead(_, path, headers, body):
    if path != "/servlet/servlet.WebToLead?encoding=UTF-8" or headers["Content-Type"] != "application/x-www-form-urlencoded":
        return 404, {}
    said = urllib.parse.parse_qs(body, strict_parsing=True, errors="strict", encoding="utf-8")
    return (200, {}) if said.get("oid") == ["00D000000000001"] and said.get("last_name") and said.get("company") else (400, {})


def pipedrive(_, path, headers, body):
    if headers["x-api-token"] != TOKEN:
        return 401, {"success": False, "error": "unauthorized access", "errorCode": 401}
    said = json.loads(body)
    if not is_json(headers) or path not in ("/v1/persons", "/v1/leads"):
        return 404, {"success": False}
    if path == "/v1/persons" and not said.get("name"):
        return 400, {"success": False, "error": "Name must be given."}
    if path == "/v1/leads" and not (said.get("title") and (isinstance(said.get("organization_id"), int) or isinstance(said.get("person_id"), int))):
        return 400, {"success": False, "error": "A lead must be linked to a person or an organization"}
    return 201, {"success": True, "data": {"id": 1, **said}}


def webhook(_, path, headers, body):
    """A generic one: flat texts, a bearer token, and what tells a request that comes again."""
    if path != "/in?source=countersign" or headers["Authorization"] != "Bearer " + TOKEN or not headers["webhook-id"]:
        return 401, {}
    flat = json.loads(body) if is_json(headers) else dict(urllib.parse.parse_qsl(body, strict_parsing=True))
    return (200, {}) if flat and all(isinstance(value, str) for value in flat.values()) else (400, {})
