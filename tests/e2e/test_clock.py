"""A machine whose clock is set otherwise, while the server runs or between two runs: no lead is lost by it, and nothing is approved, settled or
forgotten on the word of a clock that jumped, until the operator confirms it."""

import datetime
import json
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from harness import SOURCE, Market, Server, countersign, person, send, statement_payload, wait_for

sys.path.insert(0, str(SOURCE / "tests/support"))
from second import second_verify, verify_twice  # noqa: E402

HOUR_S, DAY_S = 3600, 24 * 3600
JUMPS_S = (HOUR_S, -HOUR_S, 400 * DAY_S, -400 * DAY_S)
LIBRARY = os.environ.get("CLOCK_LIBRARY", "")


class ClockServer(Server):
    """`wall` seconds are added to its wall clock, `passed` to all of its clocks."""

    def __init__(self, wall=0, stands=0, **settings):
        self.wall, self.passed, self.stands = 0, 0, stands
        self.numbers = tempfile.NamedTemporaryFile(prefix="countersign-clock-")
        self.numbers.write(bytes(24))
        self.numbers.flush()
        self.shared = mmap.mmap(self.numbers.fileno(), 24)
        self.set(wall=wall)
        super().__init__(**settings)

    def set(self, wall=None, passed=None):
        self.wall = self.wall if wall is None else wall
        self.passed = self.passed if passed is None else passed
        self.shared[:] = struct.pack("=qqq", int(self.wall * 1000), int(self.passed * 1000), self.stands)

    def stand(self, ms):
        """Its wall clock stands there."""
        self.stands = ms
        self.set()

    def wait(self, seconds):
        """Time goes by."""
        self.set(passed=self.passed + seconds)

    def now(self):
        """What its clock says, in whole seconds."""
        return int(time.time() + self.wall + self.passed)

    def start(self):
        env = dict(os.environ, LD_PRELOAD=LIBRARY, COUNTERSIGN_CLOCK=self.numbers.name,
                   **{f"COUNTERSIGN_{name}": str(value) for name, value in self.settings.items()})
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, env=env)
        wait_for(self.ready, 60, "the server to be ready")

    def restart(self):
        self.stop()
        self.start()

    def steps(self):
        return self.operator.get("/v1/clock")["steps"]

    def jump(self, seconds, restart=False):
        """The clock is set; answers when the server has seen it."""
        known = self.steps()
        if restart:
            self.stop()
        self.set(wall=self.wall + seconds)
        if restart:
            self.start()
        wait_for(lambda: self.steps() == known + 1, what="the step to be seen")

    def confirm(self, steps=None):
        return self.operator.call("POST", "/v1/clock/confirm", {"steps": self.steps() if steps is None else steps})

    def check(self):
        self.stop()
        done = countersign("check", "--data", self.data)
        assert done.returncode == 0, done.stdout + done.stderr
        self.start()


CAMPAIGN = {"lead": {"require": ["email"], "min_click_to_lead_s": 2}, "attribution": {"click_days": 30}, "review": {"mode": "manual"}}


class ClockCase(unittest.TestCase):
    def serve(self, wall=0, campaign=None, contract=None):
        self.server = ClockServer(wall)
        self.addCleanup(self.server.close)
        self.market = Market(self.server, {**CAMPAIGN, **(campaign or {})}, contract)

    def signed(self, fields, **options):
        target = self.market.publisher.signed_target(fields, ts=self.server.now(), **options)
        return self.server.url + target

    def post(self, url):
        """A sender tries again where it is told to."""
        def once():
            answer = send(url)
            return None if answer.status == 503 else answer
        answer = wait_for(once, what="the postback to be taken")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def click(self):
        """One that is on record: right after a step to another day there is no key to seal it with."""
        def once():
            gone, visit = self.server.metric("unrecorded"), self.market.click()
            return visit if self.server.metric("unrecorded") == gone else None
        return wait_for(once, what="a click to be recorded")

    def lead(self, visit, **fields):
        got = self.post(self.signed(person(click_id=visit, **fields)))
        return got["status"], got["reason"]

    def later_lead(self, **fields):
        """Of a click of its own, that took 5 s."""
        visit = self.click()
        self.server.wait(5)
        return self.lead(visit, **fields)

    def settle(self):
        return self.server.operator.call("POST", f"/v1/contracts/{self.market.contract}/statements", {})

    def assertSettled(self):
        answer = self.settle()
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def assertUnsure(self):
        answer = send(self.server.url + "/readyz")
        self.assertEqual(answer.status, 200)
        self.assertIn("/v1/clock/confirm", answer.text)
        self.assertEqual(self.server.metric("clock_sure"), 0)
        answer = self.settle()
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("/v1/clock/confirm", answer.text)

    def assertSure(self):
        self.assertEqual(send(self.server.url + "/readyz").text, "ready as owner\n")
        self.assertEqual(self.server.metric("clock_sure"), 1)

    def assertHolds(self):
        """The parties' mirror is good, times never run backwards, and so is the store."""
        times = [entry["at"] for entry in map(json.loads, (bytes_ for _, bytes_ in self.market.entries()))]
        self.assertEqual(times, sorted(times))
        with tempfile.TemporaryDirectory() as folder:
            mirror = Path(folder) / "mirror"
            done = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = countersign("verify", mirror)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotRegex(done.stdout, "the terms say (weekly|monthly)")  # none was settled late
            done = second_verify(mirror)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.server.check()


class Jumps(ClockCase):
    def one_jump(self, seconds, restart):
        before = self.click()
        self.server.wait(5)
        steps = self.server.steps()
        known = {"email": f"known.{steps}@example.com"}
        self.assertEqual(self.lead(before, **known), ("pending", ""))
        self.assertSettled()
        self.server.jump(seconds, restart)
        self.assertUnsure()
        self.assertEqual(self.lead(before), ("held", "review"))  # how long it took is not known
        self.assertEqual(self.later_lead(), ("pending", ""))
        self.assertEqual(self.lead(self.click()), ("rejected", "too_fast"))  # this is
        self.assertEqual(self.later_lead(**known), ("held", "review"))  # nor how long ago it was reported first
        self.assertEqual(self.later_lead(**known), ("duplicate", "duplicate"))
        self.server.restart()
        self.assertUnsure()
        shown = self.server.operator.get("/v1/clock")
        self.assertEqual((shown["confirmed"], shown["steps"]), (False, steps + 1))
        self.assertNotIn("confirmed_at", shown["data"][0])
        self.assertEqual(self.server.confirm(steps).status, 409)
        self.assertEqual(self.market.advertiser.call("POST", "/v1/clock/confirm", {"steps": steps + 1}).status, 403)
        self.assertEqual(self.server.confirm().status, 200)
        self.assertSure()
        self.assertEqual(self.lead(before), ("held", "review"))
        self.assertEqual(self.later_lead(), ("pending", ""))
        self.assertEqual(self.later_lead(**known), ("duplicate", "duplicate"))
        self.assertSettled()
        self.server.restart()
        self.assertSure()
        self.assertIn("confirmed_at", self.server.operator.get("/v1/clock")["data"][0])

    def all_jumps(self, restart):
        self.serve()
        for seconds in JUMPS_S:
            with self.subTest(seconds=seconds, restart=restart):
                self.one_jump(seconds, restart)
        self.assertHolds()
        told = [line for line in self.server.log().splitlines() if '"clock_step"' in line]
        self.assertEqual([json.loads(line)["level"] for line in told], ["error"] * len(JUMPS_S), told)

    def test_while_it_runs(self):
        self.all_jumps(restart=False)

    def test_a_contract_made_after_steps_knows_them(self):
        """Its log did not cross them: nothing in it is dated back by them."""
        self.serve()
        self.one_jump(400 * DAY_S, restart=False)
        self.server.jump(HOUR_S)
        unsure = Market(self.server, campaign=CAMPAIGN)
        self.assertEqual(self.server.confirm().status, 200)
        for market in (unsure, Market(self.server, campaign=CAMPAIGN)):
            later = datetime.datetime.fromtimestamp(self.server.now() + 9 * DAY_S, datetime.timezone.utc)
            market.advertiser.do("PATCH", f"/v1/campaigns/{market.campaign}", {"name": "Later", "effective_at": later.strftime("%Y-%m-%dT%H:%M:%SZ")})
            self.market = market
            for _ in range(2):  # the second has the version that waits too
                visit = self.click()
                self.server.wait(5)
                self.assertEqual(self.lead(visit), ("pending", ""))
                self.assertHolds()
                market.publisher = market.new_publisher()
                market.contract = market.new_contract(market.publisher)
                market.code = market.new_code(market.publisher, market.contract)

    def test_between_two_runs(self):
        self.all_jumps(restart=True)

    def test_who_was_reported_by_another_publisher_before_a_step_is_held(self):
        self.serve()
        first = self.market.publisher, self.market.contract, self.market.code
        self.market.publisher = self.market.new_publisher()
        self.market.contract = self.market.new_contract(self.market.publisher)
        self.market.code = self.market.new_code(self.market.publisher, self.market.contract)
        self.assertEqual(self.later_lead(email="known@example.com"), ("pending", ""))
        self.market.publisher, self.market.contract, self.market.code = first
        self.server.jump(400 * DAY_S)
        self.assertEqual(self.later_lead(email="known@example.com"), ("held", "review"))
        self.assertHolds()  # this log alone does not tell why
        self.assertEqual(self.server.confirm().status, 200)

    def test_a_small_step_is_known_and_needs_no_word(self):
        self.serve()
        before = self.click()
        self.server.jump(10)
        self.assertSure()
        self.server.wait(5)
        self.assertEqual(self.lead(before), ("held", "review"))
        self.assertSettled()
        self.assertHolds()

    def test_what_slews_is_nothing(self):
        self.serve()
        visit = self.click()
        for _ in range(5):
            self.server.set(wall=self.server.wall + 1)
            time.sleep(0.5)
        self.server.wait(5)
        self.assertEqual(self.server.steps(), 0)
        self.assertEqual(self.lead(visit), ("pending", ""))


class SetBack(ClockCase):
    """The server began with a clock that was ahead, which nothing told it; then the clock was set right."""

    def test_a_statement_issued_ahead_rejects_no_later_lead(self):
        for ahead_s in (HOUR_S, 400 * DAY_S):
            with self.subTest(ahead_s=ahead_s):
                self.serve(wall=ahead_s)
                self.assertEqual(self.later_lead(), ("pending", ""))
                statement = self.assertSettled()
                self.server.jump(-ahead_s)
                for _ in range(3):
                    self.assertEqual(self.later_lead(), ("pending", ""))
                self.assertUnsure()
                self.assertEqual(self.server.confirm().status, 200)
                ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 80 * DAY_S))
                self.server.operator.patch(f"/v1/contracts/{self.market.contract}", {"ends_at": ends})
                for _ in range(3):
                    self.assertEqual(self.later_lead(), ("pending", ""))
                    self.server.wait(12 * DAY_S)  # the time that the clock shows, not the one that entries stand at
                visit = self.click()
                self.server.wait(31 * DAY_S)
                self.assertEqual(self.lead(visit), ("rejected", "outside_window"))
                after = self.assertSettled()
                self.assertGreater(after["number"], statement["number"])
                self.assertGreaterEqual(after["issued_at"], statement["issued_at"])
                self.assertHolds()

    def test_an_end_that_was_passed_ahead_alone_ends_nothing(self):
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 100 * DAY_S))
        self.serve(contract={"ends_at": ends})
        visit = self.click()
        self.server.jump(400 * DAY_S)
        self.assertEqual(self.lead(visit), ("held", "review"))  # over, by a clock that nobody trusts
        self.server.jump(-400 * DAY_S)
        self.assertEqual(self.server.confirm().status, 200)
        self.assertEqual(self.later_lead(), ("pending", ""))
        self.assertHolds()

    def test_the_latest_click_is_not_the_one_whose_clock_was_ahead(self):
        self.serve()
        self.server.jump(400 * DAY_S)
        ahead = self.click()
        self.server.jump(-400 * DAY_S)
        right = self.click()
        self.server.wait(5)
        got = self.post(self.signed(person(touches=f"{ahead},{right}")))
        self.assertEqual((got["status"], got["reason"]), ("pending", ""))


class Kept(ClockCase):
    def test_a_click_behind_a_step_back_is_not_called_dropped(self):
        """What was kept since is later than the mirror, though its second is before the times that entries have."""
        self.serve()
        self.click()
        self.server.jump(-3600)
        self.assertEqual(self.server.confirm().status, 200)
        before = self.click()
        with tempfile.TemporaryDirectory() as folder:
            mirror, kept = Path(folder) / "mirror", Path(folder) / "kept"
            done = countersign("pull", self.server.url, mirror, "--contract", self.market.contract, "--token", self.market.publisher.token)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.server.wait(5)
            kept.write_text(f"{before}\n{self.click()}\n")
            done = verify_twice(mirror, "--clicks", kept)
            self.assertEqual((done.returncode, "line 2: the click came after this mirror was pulled" in done.stdout), (2, True), done.stdout)


class Nonces(ClockCase):
    def test_a_nonce_is_known_after_a_jump_ahead_a_restart_and_a_jump_back(self):
        self.serve()
        visit = self.click()
        self.server.wait(5)
        fields = person(click_id=visit)
        url = self.signed(fields, nonce="a-nonce-that-was-seen")
        first = self.post(url)["lead"]
        for seconds in (HOUR_S, 400 * DAY_S):
            self.server.jump(seconds)
            self.server.restart()
            self.assertEqual(self.server.confirm().status, 200)
            time.sleep(1)  # several rounds of forgetting
            self.server.jump(-seconds, restart=True)
            other = self.signed({**fields, "txid": "another"}, nonce="a-nonce-that-was-seen")
            self.assertEqual(send(other).status, 409)  # before the same bytes, which were known by their txid too
            self.assertEqual(self.post(url)["lead"], first)
        self.server.check()

    def test_it_is_forgotten_when_the_time_is_over(self):
        self.serve()
        visit = self.click()
        self.server.wait(5)
        self.post(self.signed(person(click_id=visit), nonce="a-nonce-that-was-seen"))
        self.server.wait(700)
        def again():
            return send(self.signed(person(click_id=visit), nonce="a-nonce-that-was-seen")).status == 200
        wait_for(again, what="the nonce to be forgotten")


class ShareLinks(ClockCase):
    def opened(self, url):
        """What a link answers: 200 in each form, or what it says where it does not open, for programs and for people."""
        answers = [send(url.replace("format=html", f"format={form}")) for form in ("html", "csv", "jws")]
        self.assertEqual(len({answer.status for answer in answers}), 1, answers)
        if answers[0].status == 200:
            return 200
        said = [{name: value for name, value in answer.json.items() if name != "request_id"} for answer in answers[1:]]
        self.assertEqual(said[0], said[1])
        page = [send(f"{url}&lang={language}") for language in ("en", "fr", "zh")]
        if page[0].headers.get_content_type() != "text/html":
            return said[0]
        self.assertEqual([("Content-Security-Policy" in answer.headers, answer.headers["Content-Language"]) for answer in page], [(True, "en"), (True, "fr"), (True, "zh-Hans")])
        return said[0] | {"page": [answer.text.split("<h1>")[1].split("</h1>")[0] for answer in page]}

    def test_a_link_ends_with_its_last_second_and_says_what_one_says_that_was_ended(self):
        self.serve()
        self.later_lead()
        path = f"/v1/statements/{self.assertSettled()['id']}/shares"
        self.later_lead()
        other = self.assertSettled()["id"]
        short, ended, left = (self.market.publisher.post(path, {"days": days}) for days in (1, 3, 2))
        self.market.publisher.do("DELETE", f"{path}/{ended['id']}")
        self.server.wait(DAY_S - 30)
        self.assertEqual([self.opened(link["url"]) for link in (short, left)], [200, 200])
        self.server.wait(60)
        answers = [self.opened(link["url"]) for link in (short, ended)]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual((answers[0]["status"], answers[0]["field"]), (404, "share"))
        self.assertEqual(answers[0]["page"], ["This link has expired or was ended", "Ce lien a expiré ou a été désactivé", "此链接已过期或已停用"])
        self.assertEqual(self.opened(left["url"]), 200)
        self.assertEqual({link["id"]: "url" in link for link in self.market.publisher.get(path)["data"]}, {short["id"]: False, ended["id"]: False, left["id"]: True})
        foreign = self.opened(left["url"].replace(path.split("/")[3], other))
        self.assertEqual((foreign["status"], foreign["field"]), (404, "share"))
        self.assertEqual(foreign, self.opened(short["url"].replace(path.split("/")[3], other)))
        self.server.restart()
        self.assertEqual([self.opened(link["url"]) == answers[0] for link in (short, ended)], [True, True])
        self.server.wait(2 * DAY_S)
        self.assertEqual(self.opened(left["url"]), answers[0])
        for restart in (False, True):  # nothing opens it again, whatever the clock is set to
            self.server.jump(-5 * DAY_S, restart=restart)
            self.assertEqual(self.opened(left["url"]), answers[0])
            self.assertEqual([link["id"] for link in self.market.publisher.get(path)["data"] if "url" in link], [])
        new = self.market.publisher.post(path, {"days": 1})
        self.assertEqual((self.opened(new["url"]), new["url"] != ""), (200, True))  # it knows of no time before it was made

    def test_a_token_that_expired_once_opens_nothing_whatever_the_clock_is_set_to(self):
        self.serve()
        path = f"/v1/parties/{self.market.publisher.id}"

        def mint(seconds):
            until = datetime.datetime.fromtimestamp(self.server.now() + seconds, datetime.timezone.utc)
            return self.market.publisher.post(path + "/tokens", {"expires_at": until.isoformat()})["token"]

        def opens(token):
            return send(self.server.url + path, headers={"Authorization": f"Bearer {token}"}).status

        short, long = mint(60), mint(DAY_S)
        self.assertEqual((opens(short), opens(long)), (200, 200))
        self.server.wait(120)
        self.assertEqual((opens(short), opens(long)), (401, 200))
        for restart in (False, True):
            self.server.jump(-HOUR_S, restart=restart)
            self.assertEqual((opens(short), opens(long)), (401, 200))
        self.assertEqual(opens(mint(60)), 200)  # it knows of no time before it was made
        self.server.jump(2 * DAY_S)
        self.assertEqual(opens(long), 401)
        self.server.jump(-2 * DAY_S)
        self.assertEqual(opens(long), 401)  # for a clock that was wrong, too: what was over is over
        self.server.check()


class Settling(ClockCase):
    """`settle` weekly and monthly, by the clocks of Paris."""

    def begin(self, settle, now):
        self.serve(wall=datetime.datetime.fromisoformat(now).timestamp() - time.time(), campaign={"timezone": "Europe/Paris"}, contract={"settle": settle})

    def periods(self):
        rows = self.server.operator.get("/v1/statements", contract=self.market.contract)["data"]
        return [(row["to_at"], statement_payload(self.server.operator.do("GET", f"/v1/statements/{row['id']}").body)) for row in rows]

    def leads(self):
        return [(to_at, json.loads(payload)["counts"]["leads"]["total"]) for to_at, payload in self.periods()]

    def test_a_month_ends_with_the_year_and_what_came_later_is_of_the_next(self):
        self.begin("monthly", "2026-12-31T22:57:00+00:00")
        self.later_lead()
        self.later_lead()
        self.assertEqual(self.periods(), [])
        self.server.wait(4 * 60)
        self.later_lead()  # of January, before anybody can have settled December
        wait_for(lambda: self.leads() == [("2026-12-31T23:00:00.000Z", 2)], what="the statement of December")
        self.server.wait(90 * DAY_S)  # over the last Sunday of March, and two months in which nothing came
        wait_for(lambda: self.leads()[1:] == [("2027-01-31T23:00:00.000Z", 1)], what="the statement of January")
        self.later_lead()
        self.server.wait(9 * DAY_S)
        wait_for(lambda: self.leads()[2:] == [("2027-04-30T22:00:00.000Z", 1)] or self.server.wait(7 * DAY_S), 30, "the statement of April")
        self.assertHolds()

    def test_what_stands_carried_is_owed_when_the_month_ends_in_which_the_contract_did(self):
        self.begin("monthly", "2026-12-31T22:57:00+00:00")
        contract = f"/v1/contracts/{self.market.contract}"
        self.server.operator.patch(contract, {"set_off": "next", "ends_at": "2027-02-10T00:00:00Z"})
        self.server.operator.post(f"{contract}/adjustments", {"micros": -20_000_000, "reason": "paid twice"})
        said = lambda: [(to_at, read["payable_minor"], read["carried_micros"], read["payable_by"]) for to_at, read in ((to_at, json.loads(payload)) for to_at, payload in self.periods())]  # noqa: E731
        self.server.wait(4 * 60)
        wait_for(lambda: said() == [("2026-12-31T23:00:00.000Z", 0, -20_000_000, "")], what="the statement of December")
        self.server.wait(60 * DAY_S)  # January, in which nothing came, and it went on to
        wait_for(lambda: said()[1:] == [("2027-02-28T23:00:00.000Z", -2000, 0, "publisher")], what="the statement of February")
        self.server.wait(90 * DAY_S)
        self.assertEqual(len(said()), 2)
        self.assertHolds()

    def test_who_settles_after_the_15th_of_the_next_month_is_warned(self):
        self.begin("manual", "2027-01-20T12:00:00+00:00")
        for party, legal in ((self.market.advertiser, {"country": "FR", "vat_id": "FR48999000102"}), (self.market.publisher, {"country": "BE", "vat_id": "BE0999000129"})):
            self.server.operator.patch(f"/v1/parties/{party.id}", {"legal": legal})
        self.later_lead()
        late = lambda: [row["draft"]["number"] for row in self.server.operator.get("/v1/settlements", contract=self.market.contract, until="2027-01")["data"]  # noqa: E731
                        if "late_invoice" in [each["warning"] for each in row["warnings"]]]
        self.server.wait(26 * DAY_S + 11 * 3600 - 60)  # the evening of February 15, in Paris
        self.assertEqual(late(), [])
        self.server.wait(3600)
        wait_for(lambda: late() == [1], what="the warning")
        shown = countersign("settle", self.server.url, "--token", self.server.operator.token, "--contract", self.market.contract, "--until", "2027-01", "--preview")
        self.assertIn("by the 15th of the next one", shown.stdout)
        self.server.wait(20 * DAY_S)  # the beginning of March: later still
        wait_for(lambda: late() == [1], what="the warning")

    def test_a_week_ends_on_sunday_and_an_hour_is_lost_in_it(self):
        self.begin("weekly", "2027-03-27T12:00:00+00:00")
        self.later_lead()
        self.server.wait(2 * DAY_S)
        wait_for(lambda: self.leads() == [("2027-03-28T22:00:00.000Z", 1)], what="the statement of the week")
        self.later_lead()
        self.server.jump(30 * DAY_S)  # nobody's month is over by that
        time.sleep(2.5)
        self.assertEqual(len(self.periods()), 1)
        self.server.confirm()
        wait_for(lambda: len(self.periods()) == 2, what="the next one, once the clock is confirmed")
        self.assertHolds()


class Approvals(ClockCase):
    def setUp(self):
        self.serve(campaign={"review": {"mode": "auto", "auto_approve_days": 14}})
        visit = self.click()
        self.server.wait(5)
        self.ref = self.post(self.signed(person(click_id=visit)))["lead"]

    def status(self):
        return self.server.operator.get(f"/v1/leads/{self.ref}")["status"]

    def assertApproved(self):
        wait_for(lambda: self.status() == "approved", what="the lead to be approved")

    def stays_pending(self):
        time.sleep(2.5)  # two rounds of approvals
        self.assertEqual(self.status(), "pending")
        self.assertUnsure()

    def test_time_that_went_by_approves(self):
        self.server.wait(15 * DAY_S)
        self.assertApproved()

    def test_a_jump_does_not_until_it_is_confirmed(self):
        self.server.jump(20 * DAY_S)
        self.stays_pending()
        self.server.restart()
        self.stays_pending()
        self.assertEqual(self.server.confirm().status, 200)
        self.assertApproved()
        self.assertSettled()
        self.assertHolds()

    def test_nor_is_a_lead_that_would_be_approved_at_once(self):
        self.market.advertiser.patch(f"/v1/campaigns/{self.market.campaign}", {"review": {"mode": "auto", "auto_approve_days": 0}})
        self.assertEqual(self.later_lead(), ("approved", ""))
        self.server.jump(HOUR_S)
        visit = self.click()
        self.server.wait(5)
        self.ref = self.post(self.signed(person(click_id=visit)))["lead"]
        self.stays_pending()
        self.assertEqual(self.server.confirm().status, 200)
        self.assertApproved()
        self.assertHolds()


if __name__ == "__main__":
    unittest.main()
