"""Leads to an advertiser's CRM by recipes, and what comes back in its own names and words: each recipe against a stand-in that asks for what its vendor's
documentation asks for (support/crms.py)."""

import copy
import csv
import io
import json
import sys
import tempfile
import time
import unittest
import urllib.parse

from harness import SOURCE, Market, Party, ServerCase, countersign, free_port, person, wait_for
from sent import deliveries, ended

sys.path.insert(0, str(SOURCE / "tests/support"))
import crms  # noqa: E402
from second import verify_twice  # noqa: E402

LOOPBACK = {"WEBHOOK_ALLOW": "127.0.0.0/8"}
FORM = "0f3c9a52-1111-4222-8333-444455556666"


class CrmCase(ServerCase):
    settings = LOOPBACK

    def setUp(self):
        self.market = Market(self.server, campaign={"lead": {"require": ["email"], "rules": [{"field": "f_age", "min": 25, "max": 70}]}})
        self.advertiser, self.publisher = self.market.advertiser, self.market.publisher
        self.path = f"/v1/campaigns/{self.market.campaign}/crm"

    def put(self, **document):
        return self.advertiser.put(self.path, document)

    def lead(self, **fields):
        return self.publisher.postback(person(click_id=self.market.click("?sub1=ad-7"), f_age="44", **fields)).json

    def ended(self, identity):
        return ended(self.advertiser, identity)

    def sent(self, lead):
        return self.ended(f"{lead['contract']}-{lead['index']}-{self.market.campaign}")


class Recipes(CrmCase):
    def test_a_hubspot_contact_is_created_once_and_what_it_has_is_no_failure(self):
        crm = crms.Crm(self, crms.hubspot_contacts)
        crm.busy = 1
        made = self.put(recipe="hubspot_contact", url=crm.url + "/crm/v3/objects/contacts", token=crms.TOKEN, fields={"f_age": "age", "lead": "countersign_lead"},
                        fixed={"hs_lead_status": "NEW"})
        self.assertNotIn(crms.TOKEN, json.dumps(made))
        self.assertEqual((made["token_set"], made["target"], made["campaign"]), (True, crm.url + "/crm/v3/objects/contacts", self.market.campaign))
        lead = self.lead(email="ada@example.com", first_name="Ada", last_name="Lovelace", phone="+33612345678")
        done = self.sent(lead)
        self.assertEqual(([a["status"] for a in done["attempts"]], done["state"]), ([429, 201], "delivered"), done)
        said = json.loads(crm.taken()[0])
        self.assertEqual(said, {"properties": {"email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace", "phone": "+33612345678", "age": "44",
                                               "countersign_lead": lead["lead"], "hs_lead_status": "NEW"}})
        self.assertEqual({each["headers"]["webhook-id"] for each in crm.got}, {done["id"]})
        self.advertiser.post(f"/v1/deliveries/{done['id']}/resend", {})
        wait_for(lambda: crm.statuses()[-1:] == [409] and self.sent(lead)["attempts"][-1]["status"] == 409, what="the second time")
        self.assertEqual((self.sent(lead)["state"], self.sent(lead)["attempts"][-1]["error"]), ("delivered", ""))

    def test_a_hubspot_form_is_submitted(self):
        crm = crms.Crm(self, crms.hubspot_forms)
        self.put(recipe="hubspot_form", url=crm.url + "/submissions/v3/integration/submit/{portal}/{form}", fixed={"portal": 4242, "form": FORM}, fields={"f_age": "age"})
        self.assertEqual(self.sent(self.lead(email="ada@example.com"))["attempts"][-1]["status"], 200)
        fields = {each["name"]: each["value"] for each in json.loads(crm.taken()[0])["fields"]}
        self.assertEqual((fields["email"], fields["age"], fields["firstname"]), ("ada@example.com", "44", "Léa"))
        self.assertNotIn("portal", fields)

    def test_a_salesforce_web_to_lead_form_is_posted(self):
        crm = crms.Crm(self, crms.web_to_lead)
        self.put(recipe="salesforce_web_to_lead", url=crm.url + "/servlet/servlet.WebToLead?encoding=UTF-8", fixed={"oid": "00D000000000001", "lead_source": "Comparateur & Cie"},
                 fields={"f_age": "00N000000000042", "country": ""})
        self.assertEqual(self.sent(self.lead(first_name="Zoë", last_name="O'Neil"))["state"], "delivered")
        self.assertEqual(self.sent(self.lead())["state"], "delivered")
        first, second = (dict(urllib.parse.parse_qsl(body, strict_parsing=True)) for body in crm.taken())
        self.assertEqual((first["first_name"], first["last_name"], first["lead_source"], first["00N000000000042"]), ("Zoë", "O'Neil", "Comparateur & Cie", "44"))
        self.assertNotIn("country", first)
        self.assertEqual(second["last_name"], "(unknown)")

    def test_pipedrive_is_given_persons_and_leads(self):
        crm = crms.Crm(self, crms.pipedrive)
        self.put(recipe="pipedrive_person", url=crm.url + "/v1/persons", token=crms.TOKEN)
        self.assertEqual(self.sent(self.lead(first_name="Ada", last_name="Byron"))["attempts"][-1]["status"], 201)
        self.put(recipe="pipedrive_lead", url=crm.url + "/v1/leads", token=crms.TOKEN, fixed={"organization_id": 7}, fields={"email": "b0c1_email"})
        self.assertEqual(self.sent(self.lead(first_name="Ada", last_name="Byron", email="b@example.com"))["attempts"][-1]["status"], 201)
        person_said, lead_said = map(json.loads, crm.taken())
        self.assertEqual(person_said["name"], "Ada Byron")
        self.assertEqual(lead_said, {"title": "Ada Byron", "organization_id": 7, "b0c1_email": "b@example.com"})

    def test_a_generic_webhook_gets_flat_json_or_a_form(self):
        crm = crms.Crm(self, crms.webhook)
        for recipe in ("json", "form"):
            self.put(recipe=recipe, url=crm.url + "/in?source=countersign", token=crms.TOKEN, fixed={"origin": "x=1&y"})
            lead = self.lead(email=recipe + "@example.com")
            self.assertEqual(self.sent(lead)["state"], "delivered")
            said = json.loads(crm.taken()[-1]) if recipe == "json" else dict(urllib.parse.parse_qsl(crm.taken()[-1]))
            self.assertEqual((said["email"], said["lead"], said["sub1"], said["payout"], said["currency"], said["origin"], said["status"]),
                             (recipe + "@example.com", lead["lead"], "ad-7", "12.00", "EUR", "x=1&y", "pending"), said)

    def test_what_a_crm_does_not_take_is_tried_again_as_it_is_set_by_then(self):
        """A wrong token and an unknown property are put right while the lead waits."""
        crm = crms.Crm(self, crms.hubspot_contacts)
        url = crm.url + "/crm/v3/objects/contacts"
        self.put(recipe="hubspot_contact", url=url, token="stale", fields={"f_age": "no_such_property"})
        lead = self.lead()
        wait_for(lambda: crm.statuses() == [401], what="a refusal")
        self.put(recipe="hubspot_contact", url=url, token=crms.TOKEN, fields={"f_age": "no_such_property"})
        wait_for(lambda: crm.statuses()[-1:] == [400], 30, what="another")
        self.assertTrue(self.put(recipe="hubspot_contact", url=url)["token_set"])  # it stays where it was sent before
        self.advertiser.post(f"/v1/deliveries/{lead['contract']}-{lead['index']}-{self.market.campaign}/resend", {})
        self.assertEqual(self.sent(lead)["attempts"][-1]["status"], 201)

    def test_a_test_is_nobody(self):
        crm = crms.Crm(self, crms.hubspot_contacts)
        self.put(recipe="hubspot_contact", url=crm.url + "/crm/v3/objects/contacts", token=crms.TOKEN)
        made = self.advertiser.post(self.path + "/test", {})
        self.assertEqual(self.ended(made["id"])["state"], "delivered")
        self.assertEqual(json.loads(crm.taken()[0])["properties"]["email"], "test@example.com")
        self.assertEqual(deliveries(self.publisher), [])


class Told(CrmCase):
    def test_only_those_who_stand_are_sent_and_beside_the_webhook(self):
        crm, hook = crms.Crm(self, crms.webhook), crms.Crm(self, lambda *_: (200, {}))
        self.advertiser.put(f"/v1/parties/{self.advertiser.id}/webhook", {"url": hook.url + "/hook"})
        self.put(recipe="json", url=crm.url + "/in?source=countersign", token=crms.TOKEN)
        good = self.lead(email="ada@example.com")
        self.publisher.postback(person(click_id=self.market.click(), email="ada@example.com", f_age="44"))  # a duplicate
        self.publisher.postback(person(click_id=self.market.click(), f_age="12"))  # refused by a rule
        self.publisher.postback(person(click_id=self.market.click(), f_age="44", test="1"))
        last = self.lead()
        self.sent(last)
        self.assertEqual([json.loads(body)["lead"] for body in crm.taken()], [good["lead"], last["lead"]])
        wait_for(lambda: len(hook.got) == 5, what="all of them at the webhook")

    def test_a_crm_that_is_down_holds_no_webhook_up_and_410_switches_it_off(self):
        hook, gone = crms.Crm(self, lambda *_: (200, {})), crms.Crm(self, lambda *_: (410, {}))
        self.advertiser.put(f"/v1/parties/{self.advertiser.id}/webhook", {"url": hook.url})
        self.put(recipe="json", url=f"http://127.0.0.1:{free_port()}/")
        for _ in range(3):
            self.lead()
        wait_for(lambda: len(hook.got) == 3, what="the webhook's")
        self.put(recipe="json", url=gone.url + "/")
        lead = self.lead()
        self.assertIn(self.sent(lead)["state"], ("failed", "dropped"))  # it was told so by this one, or by one of those before
        self.assertIn("disabled_at", self.advertiser.get(self.path))
        self.assertProblem(self.advertiser.call("POST", self.path + "/test", {}), 409)
        self.advertiser.delete(self.path)
        self.assertEqual(self.advertiser.get(self.path), {"campaign": self.market.campaign})

    def test_an_erased_person_is_sent_no_more(self):
        crm = crms.Crm(self, lambda *_: (500, {}))
        self.put(recipe="json", url=crm.url + "/")
        lead = self.lead(email="ada@example.com")
        wait_for(lambda: crm.got, what="an attempt")
        self.advertiser.post("/v1/erasures", {"lead": lead["lead"]})
        self.advertiser.post(f"/v1/deliveries/{lead['contract']}-{lead['index']}-{self.market.campaign}/resend", {})
        self.assertEqual(self.sent(lead)["state"], "dropped")

    def test_each_side_sees_the_attempts_and_the_advertiser_alone_what_was_sent(self):
        crm = crms.Crm(self, crms.webhook)
        self.put(recipe="form", url=crm.url + "/in?source=countersign", token=crms.TOKEN)
        identity = self.sent(self.lead(email="ada@example.com"))["id"]
        ours, theirs, operators = (party.get(f"/v1/deliveries/{identity}") for party in (self.advertiser, self.publisher, self.operator))
        self.assertEqual(ours["sent"], crm.taken()[0])
        self.assertEqual((ours["campaign"], ours["target"], theirs["target"]), (self.market.campaign, crm.url + "/in?source=countersign", crm.url + "/"))
        self.assertNotIn("ada@", json.dumps([theirs, operators]))
        self.assertNotIn("sent", operators)
        self.assertNotIn(crms.TOKEN, json.dumps([ours, theirs, operators, self.advertiser.get(self.path), self.operator.get(self.path)]))
        self.assertNotIn(crms.TOKEN, self.server.log())
        for caller, status in ((self.publisher, 403), (Party(self.operator, "Other", "advertiser"), 404)):
            for method, body in (("GET", None), ("PUT", {"recipe": "json", "url": "https://a.example/"}), ("DELETE", None)):
                self.assertProblem(caller.call(method, self.path, body), status)
        self.assertProblem(self.operator.call("PUT", self.path, {"recipe": "json", "url": "https://a.example/"}), 403)
        self.assertProblem(self.publisher.call("POST", f"/v1/deliveries/{identity}/resend", {}), 403)

    def test_logs_tell_of_it_and_check_and_verify_hold_also_after_a_restart(self):
        crm = crms.Crm(self, crms.webhook)
        self.put(recipe="json", url=crm.url + "/in?source=countersign", token=crms.TOKEN)
        self.server.stop()
        self.server.start()
        self.assertEqual(self.sent(self.lead())["state"], "delivered")  # the token was kept
        told = self.told(self.market)
        self.assertEqual([(e["party"], e["by"]) for e in told], [(self.advertiser.id, self.advertiser.id)])
        later = copy.copy(self.market)
        later.publisher = self.market.new_publisher()
        later.contract = self.market.new_contract(later.publisher)
        later.code = self.market.new_code(later.publisher, later.contract)
        self.assertEqual([e["id"] for e in self.told(later)], [e["id"] for e in told])
        with tempfile.TemporaryDirectory(prefix="countersign-test-") as mirror:
            done = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.publisher.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(verify_twice(mirror).returncode, 0)
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def told(self, market):
        return [e for e in market.settled_entries() if e["kind"] == "credential" and e["what"] == "webhook"]

    def test_a_token_is_ended_with_what_it_set(self):
        made = self.advertiser.post(f"/v1/parties/{self.advertiser.id}/tokens", {"label": "stolen", "scope": "credentials"})
        thief = type(self.operator)(self.server.url, made["token"])
        thief.put(self.path, {"recipe": "json", "url": "https://thief.example/"})
        self.advertiser.delete(f"/v1/parties/{self.advertiser.id}/tokens/{made['id']}?made_since=2020-01-01T00:00:00Z")
        self.assertEqual(self.advertiser.get(self.path), {"campaign": self.market.campaign})


class Refused(CrmCase):
    def test_what_does_not_read_is_refused_by_name(self):
        json_at = {"recipe": "json", "url": "https://crm.example/"}
        for body, field in (({}, "recipe"), ({"recipe": "siebel"}, "recipe"), ({"recipe": "json"}, "url"), ({**json_at, "url": "https://u:p@a.example/"}, "url"),
                            ({**json_at, "url": "https://crm.example/{account}"}, "account"), ({**json_at, "fields": {"mail": "x"}}, "fields.mail"),
                            ({**json_at, "fields": {"email": 1}}, "fields.email"), ({**json_at, "fields": {"email": "a\nb"}}, "fields.email"),
                            ({**json_at, "fixed": {"a": ["b"]}}, "fixed.a"), ({**json_at, "columns": {"Stage": "state"}}, "columns.Stage"),
                            ({**json_at, "statuses": {"Won": "won"}}, "statuses.Won"), ({**json_at, "token": "a\r\nHost: b"}, "token"), ({**json_at, "token": "a b"}, "token"),
                            ({**json_at, "x": 1}, "x"), ({"recipe": "hubspot_contact"}, "token"), ({"recipe": "hubspot_form", "fixed": {"portal": 1}}, "fixed.form"),
                            ({"recipe": "salesforce_web_to_lead"}, "fixed.oid"), ({"recipe": "salesforce_web_to_lead", "fixed": {"oid": "0"}, "token": "t"}, "token"),
                            ({"recipe": "pipedrive_lead", "token": "t"}, "fixed.organization_id")):
            with self.subTest(body=body):
                answer = self.advertiser.call("PUT", self.path, body)
                self.assertIn(answer.status, (400, 422), answer)
                self.assertIn(field, json.dumps(answer.json))
        self.assertEqual(self.advertiser.get(self.path), {"campaign": self.market.campaign})

    def test_a_token_goes_nowhere_else_than_it_was_given_for(self):
        self.put(recipe="hubspot_contact", token=crms.TOKEN)
        self.assertProblem(self.advertiser.call("PUT", self.path, {"recipe": "hubspot_contact", "url": "https://thief.example/"}), 422, "token")
        self.assertFalse(self.put(recipe="json", url="https://thief.example/")["token_set"])


class Back(CrmCase):
    """What became of leads, in a CRM's own table."""

    def setUp(self):
        super().setUp()
        self.put(recipe="json", url="https://crm.example/", columns={"Deal ID": "txid", "Stage": "status", "Loss reason": "reason", "Value": "amount", "Cur.": "currency"},
                 statuses={"Closed Won": "converted", "Qualifié": "approved", "Closed Lost": "rejected"})
        self.table = f"/v1/dispositions?campaign={self.market.campaign}"

    def rows(self, *rows, columns="Deal ID,Stage,Loss reason,Value,Cur.,Email,status,Phone Number"):
        text = io.StringIO()
        csv.writer(text).writerows([columns.split(","), *rows])
        return self.advertiser.do("POST", self.table, text.getvalue().encode(), {"Content-Type": "text/csv"}).json["data"]

    def test_its_columns_and_words_are_read_and_the_others_ignored(self):
        for txid in ("d-1", "d-2", "d-3"):
            self.lead(txid=txid)
        rows = (["d-1", "Closed Won", "", "49.90", "EUR", "x", "open", "{{phone}}"], ["d-2", "Closed Lost", "budget", "", "", "y", "lost", ""],
                ["d-3", "Qualifié", "", "", "", "", "", ""], ["d-9", "Closed Won", "", "", "", "", "", ""], ["d-3", "Negotiation", "", "", "", "", "", ""])
        first = self.rows(*rows)
        self.assertEqual([row.get("decision", row.get("field")) for row in first], ["converted", "rejected", "approved", "txid", "status"], first)
        self.assertEqual([row["status"] for row in first], [200, 200, 200, 404, 400])
        self.assertEqual(set(first[0]["ignored"]), {"Email", "status", "Phone Number"})
        again = self.rows(*rows)
        self.assertEqual([(row["status"], row.get("decision"), row.get("index")) for row in again], [(row["status"], row.get("decision"), row.get("index")) for row in first])

    def test_so_are_json_and_one_alone(self):
        for txid in ("d-1", "d-2"):
            self.lead(txid=txid)
        said = {"Deal ID": "d-1", "Stage": "Closed Won", "Value": 12.5, "Cur.": "EUR", "owner": {"name": "x"}, "tags": ["a"]}
        answer = self.advertiser.post(self.table, [said, {"Deal ID": "d-2", "Stage": ["x"]}])["data"]
        self.assertEqual([(row["status"], row.get("decision", row.get("field"))) for row in answer], [(200, "converted"), (400, "Stage")], answer)
        self.assertEqual(self.advertiser.post(self.table, {"Deal ID": "d-2", "Stage": "approved"})["status"], "approved")

    def test_the_campaign_is_the_callers_own(self):
        other = Party(self.operator, "Other", "advertiser")
        self.assertProblem(other.call("POST", self.table, [{"txid": "x", "status": "approved"}]), 400, "campaign")
        self.assertProblem(self.advertiser.call("POST", "/v1/dispositions?campaing=x", []), 400, "query")

    def test_ten_thousand_rows_are_answered_and_answered_the_same(self):
        for start in range(0, 8_000, 1_000):
            answer = self.publisher.post("/v1/leads", [person(txid=f"k-{n}", phone=f"+3361{n:07}", click_id=self.market.click(), f_age="44") for n in range(start, start + 1_000)])["data"]
            self.assertEqual({row["decision"] for row in answer}, {"pending"})
        rows = [[f"k-{n}", "Qualifié", "", "", "", "", "", ""] for n in range(10_000)]
        began = time.monotonic()
        first = self.rows(*rows)
        print(f"10,000 rows in {time.monotonic() - began:.2f} s", file=sys.stderr)
        self.assertEqual([row["row"] for row in first], list(range(10_000)))
        self.assertEqual([row["status"] for row in first], [200] * 8_000 + [404] * 2_000)
        self.assertEqual(self.rows(*rows), first)


if __name__ == "__main__":
    unittest.main()
