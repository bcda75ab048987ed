"""A server whose disk is full: what it still answers, what it refuses and how, and that nothing is recorded by halves."""

import errno
import json
import os
import resource
import secrets
import subprocess
import time
import unittest
from contextlib import contextmanager
from pathlib import Path

from harness import Caller, Market, Server, ServerCase, countersign, person, send, wait_for

FIRST_PAGES = 16 * 4096  # what the gaps file has, which has its room


class FullDisk(ServerCase):
    def setUp(self):
        self.market = Market(self.server)

    def fill(self):
        """No write past the first pages succeeds, into no hole of the file either, whose pages LMDB would use again."""
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (FIRST_PAGES, resource.RLIM_INFINITY))
        while send(self.server.url + "/readyz").status == 200:
            for _ in range(20):
                self.market.click("?sub1=" + "x" * 200)

    @contextmanager
    def full(self):
        """Relieved on the way out."""
        pid = self.server.process.pid
        try:
            self.fill()
            yield
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            wait_for(self.server.ready, what="the server to notice that there is room")

    def assertFull(self, answer):
        self.assertProblem(answer, 503, "storage_full")
        self.assertEqual(answer.headers["Retry-After"], "1")

    def gap_clicks(self):
        return sum(entry.get("clicks", 0) for entry in self.market.settled_entries() if entry["kind"] == "gap")

    def test_visitors_are_sent_on_and_what_was_missed_is_told(self):
        before = self.gap_clicks()
        with self.full():
            recorded = self.recorded()
            for _ in range(3):
                self.assertEqual(len(self.market.click()), 51)
            gif = send(self.market.code["pixel_url"] + "?event=view")
            self.assertEqual((gif.status, len(gif.body)), (200, 43))
            self.assertNothingRecorded(recorded)
            self.assertStatus(send(self.server.url + "/healthz"), 200)
            self.assertStatus(self.market.advertiser.call("GET", f"/v1/contracts/{self.market.contract}"), 200)
        wait_for(lambda: self.gap_clicks() >= before + 3, what="the gap entry")
        views = sum(entry.get("views", 0) for entry in self.market.settled_entries() if entry["kind"] == "gap")
        self.assertGreaterEqual(views, 1)

    def test_what_was_missed_outlives_the_process_however_it_ends(self):
        """TERM while there is no room, and kill -9: what the next process reads in DATA/gaps it records once."""
        for end in (self.server.stop, self.server.kill):
            with self.subTest(end.__name__):
                before, missed = self.gap_clicks(), self.server.metric("unrecorded")
                self.fill()
                for _ in range(5):
                    self.market.click()
                missed = self.server.metric("unrecorded") - missed
                time.sleep(0.2)  # the thread that keeps them has its turn
                end()
                kept = (self.server.data / "gaps").read_bytes()
                self.server.start()
                wait_for(lambda: self.gap_clicks() >= before + missed, what="the gap entries")
                self.server.kill()
                (self.server.data / "gaps").write_bytes(kept)  # as if it had ended between the entries and the file
                self.server.start()
                time.sleep(1.5)
                self.assertEqual(self.gap_clicks(), before + missed)

    def test_a_click_that_was_not_recorded_makes_no_repeat_of_the_next(self):
        market = Market(self.server, campaign={"repeat_window_s": 3600})
        with self.full():
            market.click("?sub1=missed")
        for name in ("first", "second"):
            market.click("?sub1=" + name)
        classes = {entry["sub1"]: entry["class"] for entry in market.settled_entries() if entry["kind"] == "click"}
        self.assertEqual(classes, {"first": "ok", "second": "repeat"})

    def test_postbacks_are_refused_and_can_be_sent_again(self):
        publisher, fields = self.market.publisher, person(click_id=self.market.click())
        target = publisher.signed_target(fields)
        with self.full():
            self.assertFull(send(self.server.url + target))
            self.assertFull(publisher.postback_json(person(click_id=fields["click_id"])))
        answer = self.assertStatus(send(self.server.url + target), 200).json
        self.assertEqual((answer["status"], answer["reason"]), ("pending", ""))
        bad = publisher.postback(person(txid="{txid}"))  # what is told of a refusal later than these were
        rows = wait_for(lambda: (rows := publisher.get("/v1/refused")["data"]) and rows[0]["request_id"] == bad.headers["Request-Id"] and rows,
                        what="the refused log")
        self.assertEqual([row["status"] for row in rows], [400], "that this server is full is nobody's fault who asked")
        self.assertEqual(self.assertStatus(send(self.server.url + target), 200).json, answer)

    def test_every_write_is_refused_and_changes_nothing(self):
        market, operator = self.market, self.operator
        market.put_keys()
        lead = market.publisher.postback(person(click_id=market.click())).json["lead"]
        statement = operator.post(f"/v1/contracts/{market.contract}/statements", {})["id"]
        market.click()  # something for the next one
        campaign = {"advertiser": market.advertiser.id, "name": "late", "currency": "EUR", "landing_url": "https://landing.example/"}
        contract = {"campaign": market.campaign, "publisher": market.new_publisher().id, "price": {"lead": [{"micros": 1}]}}
        writes = [(operator, "POST", "/v1/parties", {"name": "late", "kind": "auditor"}),
                  (market.publisher, "POST", f"/v1/parties/{market.publisher.id}/secrets", {}),
                  (market.publisher, "DELETE", f"/v1/parties/{market.publisher.id}/secrets/{market.publisher.kid}", None),
                  (market.publisher, "POST", f"/v1/parties/{market.publisher.id}/tokens", {}),
                  (market.auditor, "PUT", f"/v1/parties/{market.auditor.id}/key", market.auditor.key_body()),
                  (market.advertiser, "POST", "/v1/campaigns", campaign),
                  (market.advertiser, "PATCH", f"/v1/campaigns/{market.campaign}", {"name": "late"}),
                  (operator, "POST", "/v1/contracts", contract),
                  (operator, "PATCH", f"/v1/contracts/{market.contract}", {"ends_at": "2099-01-01T00:00:00Z"}),
                  (operator, "POST", f"/v1/contracts/{market.contract}/grants", {"party": market.auditor.id}),
                  (market.publisher, "POST", f"/v1/contracts/{market.contract}/codes", {"label": "late"}),
                  (operator, "POST", f"/v1/contracts/{market.contract}/statements", {}),
                  (market.advertiser, "POST", f"/v1/leads/{lead}/dispositions", {"status": "approved"})]
        before = self.state(lead, statement)
        keys = [{"Idempotency-Key": secrets.token_hex(8)} if method == "POST" else {} for _, method, _, _ in writes]
        with self.full():
            for (caller, method, path, body), key in zip(writes, keys):
                with self.subTest(f"{method} {path}", body=body):
                    self.assertFull(caller.call(method, path, body, key))
            with self.subTest("a countersignature"):
                self.assertFull(market.publisher.answer_statement(statement))
            self.assertEqual(self.state(lead, statement), before)
        self.assertEqual(self.state(lead, statement), before)
        for (caller, method, path, body), key in zip(writes, keys):
            with self.subTest(f"{method} {path} again"):
                answer = caller.call(method, path, body, key)
                self.assertIn(answer.status, (200, 201), answer)
                self.assertNotIn("Idempotent-Replayed", answer.headers)
        self.assertStatus(market.publisher.answer_statement(statement), 201)

    def state(self, lead, statement):
        """What the writes above would change, as the operator sees it."""
        contract = self.market.contract
        paths = ["/v1/parties?limit=200", "/v1/campaigns?limit=200", "/v1/contracts?limit=200", f"/v1/contracts/{contract}/codes?limit=200",
                 "/v1/statements?limit=200", f"/v1/statements/{statement}/responses", f"/v1/leads/{lead}"]
        return [json.dumps(self.operator.get(path), sort_keys=True) for path in paths]

    def test_what_a_full_disk_leaves_behind_holds(self):
        with self.full():
            self.assertFull(self.market.publisher.postback(person(click_id=self.market.click())))
        done = countersign("check", "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_stop_while_the_disk_is_full_loses_nothing_that_was_told(self):
        server = Server()
        self.addCleanup(server.close)
        market = Market(server)
        kept = market.publisher.postback(person(click_id=market.click())).json["lead"]
        size = (server.data / "store.mdb").stat().st_size
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        while send(server.url + "/readyz").status == 200:
            market.click("?sub1=" + "x" * 200)
        server.stop()
        server.start()
        self.assertEqual(market.advertiser.get(f"/v1/leads/{kept}")["status"], "pending")
        self.assertEqual(countersign("check", "--data", server.data).returncode, 0)


POINTS = int(os.environ.get("POINTS") or 1)
FILE_SYSTEM_MIB, STEP_KIB = 16, 12


def can_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


class OnTmpfs(Server):
    """Its data have a file system of their own, that is nearly full after `leave`."""

    def prepare(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FILE_SYSTEM_MIB}m", "tmpfs", self.folder.name], check=True)
        self.ballast = Path(self.folder.name) / "ballast"

    def leave(self, room):
        """Bytes that can still be written, rounded to pages: what the server takes meanwhile is not there any more."""
        with self.ballast.open("wb") as file:
            while (takes := (disk := os.statvfs(self.folder.name)).f_bavail * disk.f_frsize - room) > 0:
                try:
                    return os.posix_fallocate(file.fileno(), 0, takes)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def ready(self):
        """Or answering, as one that starts where there is no room does."""
        if not self.without_room:
            return super().ready()
        try:
            return send(self.url + "/healthz").status == 200
        except OSError:
            return self.process.poll() is not None

    without_room = False

    def close(self):
        try:
            self.ballast.unlink(missing_ok=True)
            self.stop()
        finally:
            subprocess.run(["umount", "-l", self.folder.name], check=True)
            self.folder.cleanup()


@unittest.skipUnless(can_mount(), "only who may mount has a file system to fill")
class RealFullDisk(unittest.TestCase):
    """The room of a file system ends at one place after the other of what is under way: whatever is answered is so."""

    def fill(self, server, market):
        """Until nothing is recorded. Leads that were taken."""
        leads, statements = [], []
        for n in range(3000):
            answer = market.publisher.postback(person(click_id=market.click()))
            self.assertIn(answer.status, (200, 503), answer)
            if answer.status == 503:
                return leads, statements
            leads.append(answer.json["lead"])
            if n % 5 == 4:
                made = market.operator.call("POST", f"/v1/contracts/{market.contract}/statements", {})
                self.assertIn(made.status, (201, 409, 503), made)
                statements += [made.json["id"]] if made.status == 201 else []
        self.fail("the disk is not full")

    def test_what_takes_a_right_away_needs_no_room(self):
        server = OnTmpfs(LEAST_ROOM_MIB=1)
        self.addCleanup(server.close)
        market, operator, reserve = Market(server), server.operator, server.data / "reserve"
        publisher, auditor = market.publisher, market.auditor
        self.assertEqual(reserve.stat().st_size, 1 << 20)
        secret = publisher.post(f"/v1/parties/{publisher.id}/secrets", {})["kid"]
        made = [publisher.post(f"/v1/parties/{publisher.id}/tokens", {}) for _ in range(20)]
        leaked = [Caller(server.url, each["token"]) for each in made]
        ids = {each["id"] for each in made}
        server.leave(0)
        self.fill(server, market)

        def assertFull():
            self.assertEqual(publisher.postback(person(txid=secrets.token_hex(8))).status, 503)
            self.assertEqual(publisher.call("POST", f"/v1/parties/{publisher.id}/tokens", {}).status, 503)

        for n, each in enumerate(ids):
            self.assertEqual(operator.call("DELETE", f"/v1/parties/{publisher.id}/tokens/{each}").status, 200, n)
            if n % 5 == 0:
                assertFull()
        self.assertEqual({each.call("GET", "/v1/contracts").status for each in leaked}, {401})
        ends = [("DELETE", f"/v1/parties/{publisher.id}/secrets/{secret}", None), ("DELETE", f"/v1/contracts/{market.contract}/grants/{auditor.id}", None),
                ("PATCH", f"/v1/contracts/{market.contract}/codes/{market.code['code']}", {"off": True}), ("POST", f"/v1/parties/{auditor.id}/lock", {})]
        for method, path, body in ends:
            answer = operator.call(method, path, body)
            self.assertIn(answer.status, (200, 201, 204), (path, answer))
        assertFull()
        self.assertEqual(reserve.stat().st_size, 0)
        server.kill()
        server.without_room = True
        server.start()
        server.without_room = False
        self.assertEqual({each.call("GET", "/v1/contracts").status for each in leaked}, {401})
        self.assertEqual(countersign("check", "--data", server.data).returncode, 0)
        assertFull()
        server.ballast.unlink()
        wait_for(server.ready, what="the server to notice that there is room")
        self.assertEqual(reserve.stat().st_size, 1 << 20)
        self.assertEqual(countersign("check", "--data", server.data).returncode, 0)

    def test_wherever_the_room_ends_nothing_that_was_answered_is_lost(self):
        for point in range(POINTS):
            with self.subTest(point):
                server = OnTmpfs(LEAST_ROOM_MIB=1)
                self.addCleanup(server.close)
                market = Market(server)
                kept = market.publisher.postback(person(click_id=market.click())).json["lead"]
                server.leave(point * STEP_KIB * 1024)
                leads, statements = self.fill(server, market)
                self.assertIn("full", send(server.url + "/readyz").text)
                missed = server.metric("unrecorded")
                copied = countersign("backup", "--data", server.data, Path(server.folder.name) / "copy")
                self.assertNotEqual(copied.returncode, 0)
                self.assertFalse((Path(server.folder.name) / "copy").exists())
                if point % 2:
                    time.sleep(0.2)
                    server.kill()
                server.ballast.unlink()
                if point % 2:
                    server.start()
                wait_for(server.ready, what="the server to notice that there is room")
                for lead in (kept, *leads[-3:]):
                    self.assertEqual(market.advertiser.get(f"/v1/leads/{lead}")["status"], "pending")
                for statement in statements:
                    market.operator.get(f"/v1/statements/{statement}/responses")
                wait_for(lambda: sum(e.get("clicks", 0) for e in market.settled_entries() if e["kind"] == "gap") >= missed, what="the gap entries")
                self.assertEqual(countersign("check", "--data", server.data).returncode, 0)


class Room(ServerCase):
    settings = {"LEAST_ROOM_MIB": 1500}  # the harness maps 1 GiB

    def test_that_there_is_little_room_is_told_before_there_is_none(self):
        answer = self.assertStatus(send(self.server.url + "/readyz"), 200)
        self.assertRegex(answer.text, r"^ready as owner; .*but the map has room for 102[0-9] MiB alone: raise map_size_gib and restart\n$")
        self.assertIn('"room_low"', self.server.log())
        self.assertGreater(self.server.metric("store_room_bytes", 'of="map"'), 1000 << 20)
        self.assertGreater(self.server.metric("store_room_bytes", 'of="disk"'), 0)


class Idle(ServerCase):
    settings = {"SWEEP_MS": 60000}

    def test_one_request_alone_is_committed_at_once(self):
        """Nothing but the request itself wakes the committer."""
        self.market.click()
        started = time.monotonic()
        for _ in range(20):
            self.market.click()
        self.assertLess(time.monotonic() - started, 5)


if __name__ == "__main__":
    unittest.main()
