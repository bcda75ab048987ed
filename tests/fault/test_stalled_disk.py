"""A disk that takes its time: no visitor waits for it longer than click_wait_ms, and what a worker took is recorded when it is back."""

import http.client
import json
import socket
import sys
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faulty import FaultyServer  # noqa: E402
from harness import BROWSER, Market, countersign, person, query_of, send, wait_for  # noqa: E402
from test_links import opened  # noqa: E402

UNRECORDED = 1


class Stalled(unittest.TestCase):
    def open(self, **settings):
        self.server = FaultyServer(WORKERS=1, SWEEP_MS=100, **settings)
        self.addCleanup(self.server.close)
        self.page = self.server.page
        self.addCleanup(self.resume)
        self.market = Market(self.server)
        self.keys = self.market.publisher.get(f"/v1/contracts/{self.market.contract}/click-key")["keys"]

    def stall(self):
        self.page.set(stalled=1)

    def resume(self):
        self.page.set(stalled=0)

    def stuck(self):
        return self.page.get("waiting") > 0

    def click(self, query=""):
        """(its id, opened)"""
        answer = send(self.market.code["click_url"] + query, headers=BROWSER)
        self.assertEqual(answer.status, 302)
        ident = query_of(answer.headers["Location"])["click_id"][0]
        return ident, opened(ident, self.keys)

    def later(self, call):
        """The call on a thread of its own: a function that waits for its result."""
        out = []
        thread = threading.Thread(target=lambda: out.append(call()))
        thread.start()
        self.addCleanup(thread.join)

        def result():
            thread.join(30)
            return out[0]

        return result

    def queued(self, n):
        wait_for(lambda: self.server.metric("queue_depth") >= n, what=f"{n} jobs to wait")

    def clicks(self):
        return [entry for entry in self.market.settled_entries() if entry["kind"] == "click"]

    def test_nobody_waits_longer_and_all_is_recorded_later(self):
        self.open(CLICK_WAIT_MS=300)
        recorded, told = self.click("?sub1=before")
        self.assertEqual(told[2], 0)
        self.stall()
        ident, told = self.click("?sub1=during")
        self.assertEqual(told[2], UNRECORDED)
        self.assertGreater(told[0], 1 << 32, "its place is random")
        self.assertTrue(self.stuck())
        pixel = send(f"{self.market.code['pixel_url']}?event=view&click_id={recorded}", headers=BROWSER)
        self.assertEqual((pixel.status, len(pixel.body)), (200, 43))
        self.assertEqual(self.server.metric("unwaited"), 2)

        port = urllib.parse.urlsplit(self.server.url).port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)  # a connection goes on after such an answer
        for n in range(2):
            connection.request("GET", urllib.parse.urlsplit(self.market.code["click_url"]).path + f"?sub1=kept{n}", headers=BROWSER)
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 302)
        connection.close()
        with socket.create_connection(("127.0.0.1", port)) as gone:  # a visitor who does not wait himself
            gone.sendall(f"GET {urllib.parse.urlsplit(self.market.code['click_url']).path}?sub1=gone HTTP/1.1\r\nHost: x\r\nUser-Agent: Firefox\r\n\r\n".encode())
            self.queued(4)
        self.resume()

        entries = self.market.settled_entries()
        self.assertEqual(sorted(entry["sub1"] for entry in entries if entry["kind"] == "click"), ["before", "during", "gone", "kept0", "kept1"])
        self.assertEqual(sum(entry["kind"] == "view" for entry in entries), 1)
        gaps = [entry for entry in entries if entry["kind"] == "gap"]
        self.assertEqual([set(gap) & {"clicks", "impressions", "views"} for gap in gaps], [set()] * len(gaps), "nothing is missing")
        self.assertLessEqual(sum(gap["late_clicks"] for gap in gaps), 4, "ids that left as unrecorded, as far as that is told yet")
        self.assertEqual(self.server.metric("unrecorded"), 0)
        after, told = self.click("?sub1=after")
        self.assertEqual(told[2], 0)

        held = self.market.publisher.postback({**person(), "click_id": ident})
        self.assertEqual((held.status, held.json["status"], held.json["reason"]), (200, "held", "unrecorded_click"))
        good = self.market.publisher.postback({**person(), "click_id": after})
        self.assertEqual((good.status, good.json["status"]), (200, "pending"))
        self.server.stop()
        checked = countersign("check", "--data", self.server.data)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_what_then_fails_is_a_gap(self):
        self.open(CLICK_WAIT_MS=100, QUEUE_SIZE=16)
        self.stall()
        self.click()
        wait_for(self.stuck, what="the commit to stall")
        for _ in range(20):  # the queue takes 16
            send(self.market.code["click_url"], headers=BROWSER)
        self.resume()
        wait_for(lambda: self.server.metric("queue_depth") == 0, what="the queue to run dry")
        entries = wait_for(lambda: [e for e in self.market.settled_entries() if e["kind"] == "gap"] and self.market.settled_entries(), what="a gap entry")
        clicks, gaps = (sum(entry["kind"] == "click" for entry in entries), sum(entry.get("clicks", 0) for entry in entries if entry["kind"] == "gap"))
        others = sum("marker-" in entry.get("sub1", "") for entry in entries)
        self.assertEqual(clicks - others + gaps, 21)
        self.assertGreaterEqual(gaps, 4)

    def test_a_click_that_is_recorded_later_makes_the_next_one_a_repeat(self):
        self.open(CLICK_WAIT_MS=100)
        market = Market(self.server, campaign={"repeat_window_s": 3600})
        self.stall()
        self.assertEqual(send(market.code["click_url"] + "?sub1=late", headers=BROWSER).status, 302)
        self.resume()
        market.click("?sub1=again")
        classes = {entry["sub1"]: entry["class"] for entry in market.settled_entries() if entry["kind"] == "click"}
        self.assertEqual(classes, {"late": "ok", "again": "repeat"})

    def test_a_contract_that_ends_meanwhile_has_its_click(self):
        self.open(CLICK_WAIT_MS=60_000)
        self.stall()
        first = self.later(lambda: self.click("?sub1=first"))
        wait_for(self.stuck, what="the commit to stall")
        past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
        ended = self.later(lambda: self.server.operator.call("PATCH", f"/v1/contracts/{self.market.contract}", {"ends_at": past}))
        self.queued(1)
        late = self.later(lambda: self.click("?sub1=late"))
        self.queued(2)
        self.resume()
        self.assertEqual(ended().status, 200)
        self.assertEqual((first()[1][2], late()[1][2]), (0, 0))
        wait_for(lambda: send(self.market.code["click_url"], headers=BROWSER).status == 410, what="the contract to be over")
        wait_for(lambda: self.market.head()[0] > late()[1][0], what="the checkpoint to catch up")
        entries = [entry for _, entry in self.market.entries()]
        classes = {entry["sub1"]: entry["class"] for entry in map(json.loads, entries) if entry["kind"] == "click"}
        self.assertEqual(classes, {"first": "ok", "late": "ended"})

    def test_a_stop_waits_for_what_was_answered_already(self):
        self.open(CLICK_WAIT_MS=100)
        self.stall()
        self.click("?sub1=last")
        self.server.process.terminate()
        time.sleep(0.3)
        self.assertIsNone(self.server.process.poll())
        self.resume()
        self.assertEqual(self.server.process.wait(30), 0)
        self.server.start()
        self.assertEqual([entry["sub1"] for entry in self.clicks()], ["last"])


if __name__ == "__main__":
    unittest.main()
