"""Two builds of Countersign in one run: what the new one costs against the old one, per click and per signed lead.

Both servers stand on CPU 0, each over a fresh folder, the load generator on CPU 1. A pair is one short load of each, with the same
number of requests, in the order A B, B A, A B, ...; the ratio new/old is taken within the pair, so whatever slows the machine for longer
than that slows both. After some pairs both get new folders: one percent can hang on a folder, whose ids are random. Counted under
valgrind instead of timed, a figure holds user-space instructions alone and hardly any noise."""

import math
import statistics
import subprocess
import sys

from servers import BINARY, Countersign, load, say

BOUND = 1.03
PAIRS_FOR_95 = 6


def loaded(server, kind, *flags):
    """A load of one kind of request. One that was answered otherwise than well would not compare: ends the run."""
    out = load(server, *server.mix(f"{kind}=1"), *flags)
    if out["bad"] or kind not in out["kinds"]:
        sys.exit(f"{server.label}: {out['bad']} requests went wrong, or no {kind} was answered, so a ratio would say nothing; its log ends with\n"
                 f"{server.log.read_text(errors='replace')[-2000:]}")
    return out, out["kinds"][kind]["answered"]


class Timed:
    """CPU time and throughput, by the machine's clocks."""

    seconds, rounds, pairs_a_folder = 1, 40, 8

    def __init__(self, folder, label, binary):
        self.server = Countersign(folder, label, 0, binary=binary)

    def measure(self, kind, count):
        out, answered = loaded(self.server, kind, "--count", count)
        return {f"CPU us per {kind}": out["spent_us"] / answered, f"{kind}s/s": answered * 1000 / out["wall_ms"]}


class Counted:
    """Instructions, by valgrind; the server takes some fifty times as long."""

    seconds, rounds, pairs_a_folder = 2, 6, 1

    def __init__(self, folder, label, binary):
        self.dumps = folder / f"{label}.callgrind"
        self.number = 0
        under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.dumps}"]
        self.server = Countersign(folder, label, 0, "--map-size-gib", 1, binary=binary, under=under)

    def control(self, order):
        subprocess.run(["callgrind_control", order, str(self.server.process.pid)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def measure(self, kind, count):
        self.control("--zero")
        _, answered = loaded(self.server, kind, "--count", count)
        self.control("--dump")
        self.number += 1
        dump = self.dumps.with_name(f"{self.dumps.name}.{self.number}").read_text()
        total = next(line for line in dump.splitlines() if line.startswith("totals:"))  # "summary:" leaves threads out
        return {f"instructions per {kind}": int(total.split()[1]) / answered}


def median_interval(ratios):
    """Between which values the true median lies with 95 % confidence, by the sign test; of fewer than PAIRS_FOR_95, between the outermost."""
    ordered, n = sorted(ratios), len(ratios)
    cut, tail = 0, 1 / 2**n
    while tail <= 0.025:
        cut += 1
        tail += math.comb(n, cut) / 2**n
    cut = max(cut - 1, 0)
    return ordered[cut], ordered[n - 1 - cut]


def verdict(ratios):
    low, high = median_interval(ratios)
    if len(ratios) < PAIRS_FOR_95:
        return f"cannot tell from fewer than {PAIRS_FOR_95} pairs"
    return "holds" if high <= BOUND else "**does not hold**" if low > BOUND else "cannot tell: more rounds, or a quieter machine"


def print_table(pairs):
    print(f"| figure | pairs | old | new | new/old, median | interval (95 % from {PAIRS_FOR_95} pairs on) | lowest to highest | cost at most {BOUND} |\n"
          "|---|---|---|---|---|---|---|---|")
    for figure in pairs[0][0]:
        old, new = ([pair[which][figure] for pair in pairs] for which in (0, 1))
        ratios = [b / a for a, b in zip(old, new)]
        low, high = median_interval(ratios)
        print(f"| {figure} | {len(ratios)} | {statistics.median(old):,.5g} | {statistics.median(new):,.5g} | "
              f"{statistics.median(ratios):.3f} | {low:.3f} to {high:.3f} | {min(ratios):.3f} to {max(ratios):.3f} | "
              f"{'' if figure.endswith('/s') else verdict(ratios)} |", flush=True)


def start(how, folder, options, stack, kind):
    """Both sides, old and new, with folders of their own and warm, and how many requests the slower one answers in the time wanted."""
    folder.mkdir()
    sides = [how(folder, label, binary) for label, binary in (("old", options.compare), ("new", BINARY))]
    for side in sides:
        stack(side.server)
    return sides, min(loaded(side.server, kind, "--duration", options.seconds)[1] for side in sides)


def compare(folder, options, stack, kind):
    how, pairs, sides = Counted if options.instructions else Timed, [], []
    for number in range(options.rounds):
        if number % how.pairs_a_folder == 0:
            for side in sides:
                side.server.stop()
            sides, count = start(how, folder / f"{kind}-{number}", options, stack, kind)
        done = {}
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            done[which] = sides[which].measure(kind, count)
        pairs.append(done)
        say(f"  pair {number + 1}, {count} {kind}s each: " +
            ", ".join(f"{figure} {done[0][figure]:,.5g} and {done[1][figure]:,.5g}" for figure in done[0]))
    print_table(pairs)


def speed(folder, options, stack):
    """Clicks, old build and new build in rotation."""
    compare(folder, options, stack, "click")


def leads(folder, options, stack):
    """Signed leads, old build and new build in rotation."""
    compare(folder, options, stack, "lead")


SECTIONS = {f.__name__: f for f in (speed, leads)}
