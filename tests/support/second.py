"""`countersign verify` and scripts/verify.py asked the same."""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

from harness import SOURCE, countersign

sys.path.insert(0, str(Path(SOURCE) / "scripts"))

import verify  # noqa: E402


def second_verify(*arguments):
    """What scripts/verify.py answers, as a process that ended: run here, for to start Python costs more than most mirrors."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            status = verify.main([str(each) for each in arguments])
        except SystemExit as ended:
            status = ended.code
    return subprocess.CompletedProcess(arguments, status, text.getvalue(), "")


def verify_twice(*arguments):
    """What `countersign verify` answers; the second implementation ends with the same status, and says the same of what was asked for. Its words are `second`."""
    done = countersign("verify", *arguments)
    again = second_verify(*(each for each in arguments if each != "--json"))
    done.second = again.stdout
    if done.returncode == 2 and not done.stdout:
        assert again.returncode == 2, again.stdout  # neither has begun
        return done
    first, second = asked(done.stdout, "--json" in arguments), asked(again.stdout)
    assert (again.returncode, second) == (done.returncode, first), f"{done.stdout}{done.stderr}\n-- the second:\n{again.stdout}"
    assert len(second) >= len([each for each in arguments if str(each) in ("--pin", "--against", "--witnesses", "--not-older-than", "--receipts", "--clicks", "--reconcile")]), second
    return done


def asked(output, is_json=False):
    """[(check, its verdict)] of the checks that are made when they are asked for."""
    if is_json:
        told = [(each["check"], each["verdict"].replace("_", " ").replace("fails", "FAILS")) for each in json.loads(output)["checks"]]
    else:
        told = [(line[:12].strip(), line[12:24].strip()) for line in output.splitlines()]
    return [(name, verdict) for name, verdict in told if name in verify.ASKED]
