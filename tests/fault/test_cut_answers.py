"""An answer in pieces that fails midway: its connection ends without the end of the body, so that nobody takes what came for all of it."""

import unittest

from faulty import LOOKUP, STEP, Closed, FaultyServer, ask
from harness import Market, person

LEADS = 600
SOME = 12  # of the calls that one answer makes


class CutAnswers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = FaultyServer()
        cls.addClassCleanup(cls.server.close)
        market = cls.market = Market(cls.server)
        click = market.click()
        leads = market.publisher.call("POST", "/v1/leads", [person(click_id=click, txid=f"n{i}") for i in range(LEADS)]).json["data"]
        market.advertiser.call("POST", "/v1/dispositions", [{"lead": row["lead"], "status": "approved"} for row in leads])
        statement = cls.server.operator.post(f"/v1/contracts/{market.contract}/statements", {})
        cls.path = f"/v1/statements/{statement['id']}"

    def read(self, path):
        if self.server.ended(0):  # the call that failed was another thread's, which cannot go on without it
            self.server.start()
        return ask(lambda: self.market.publisher.call("GET", path))

    def test_what_came_is_never_taken_for_all(self):
        for form in ("/lines", "?format=csv", "?format=html&lines=all"):
            whole, cut = self.read(self.path + form), 0
            self.assertEqual(whole.headers["Transfer-Encoding"], "chunked")
            for kind in (LOOKUP, STEP):
                self.server.page.arm(kind, 1 << 40)
                self.assertEqual(self.read(self.path + form).body, whole.body)
                met, _ = self.server.page.disarm()
                for nth in range(1, met + 1, max(met // SOME, 1)):
                    with self.subTest(form=form, kind=kind.name, nth=nth):
                        self.server.page.arm(kind, nth)
                        try:
                            answer = self.read(self.path + form)
                        except Closed:
                            cut += 1
                            continue
                        finally:
                            self.server.page.disarm()
                        self.assertTrue(answer.status >= 500 or answer.body == whole.body, answer.status)
            self.assertGreater(cut, 1, form)
            self.assertRegex(self.server.said(), r'\{"request_id":"[0-9a-f]{16}","at":"[^"]+","level":"error","event":"cut_off",.*"cause":"')
        self.assertEqual(self.read(self.path + "/lines").status, 200)


if __name__ == "__main__":
    unittest.main()
