#!/usr/bin/python3
"""Changes the product in small ways, one at a time, and says which changes the tests notice.

Works in copies of the tree under build/mutants/, built with the sanitizers of scripts/test and with assertions. What survives is either
equal (nobody can see a difference) or a hole in the tests. Not part of scripts/test: a hundred mutants take about an hour on two cores.
"""

import argparse
import fcntl
import hashlib
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sites import Site, draw

SOURCE = Path(__file__).resolve().parents[2]
SCRATCH = SOURCE / "build" / "mutants"
KINDS = ("unit", "property", "fault", "e2e")
ELSEWHERE = {"e2e/test_readme", "e2e/test_scripts",  # they install packages and build for themselves
             "e2e/test_hardening", "fault/test_nth_failure",  # they judge the release, and mutants are built otherwise
             "e2e/test_openapi"}  # it needs node modules, which a copy of the tree has not
QUICK_S = 20       # an end-to-end test that takes longer on the unchanged tree is left out
PATIENCE = 8, 20   # a mutant's test may take so many times its usual time, and so many seconds more
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:exitcode=99:abort_on_error=0:disable_coredump=1",
               "UBSAN_OPTIONS": "print_stacktrace=0:halt_on_error=1", "CMOCKA_TEST_ABORT": "0", "PYTHONUNBUFFERED": "1"}
FATAL = ("common/ledger/merkle.c", "bytes[0] = 1;", "bytes[0] = 2;")  # the prefix of RFC 6962 inner nodes: no tree fits any more
CONFIGURE = {
    "mutant": ["-DCMAKE_C_FLAGS=-O1 -g0", "-DCS_SANITIZE=address,undefined"],
    "cover": ["-DCMAKE_C_FLAGS=-O0 -g0 --coverage -fprofile-update=atomic"],
}


class Failure(Exception):
    """The tree, the tests or the machine are not fit for a run."""


def run(command, log=None, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, **options)
    if log and done.returncode:
        raise Failure(f"{log}:\n{done.stdout[-3000:]}")
    return done


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def product_files():
    return {str(p.relative_to(SOURCE)): p.read_text() for folder in ("common", "server") for p in (SOURCE / folder).rglob("*.[ch]")}


def sandbox():
    """A command line that gives what follows a network and process ids of its own, so that runs side by side cannot meet on a port
    and nothing outlives its test; empty where the kernel does not allow it."""
    inside = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    for options in (["-n", "-p", "-f", "--mount-proc", "--kill-child"], ["-r", "-n", "-p", "-f", "--mount-proc", "--kill-child"]):
        try:
            if run(["unshare", *options, *inside, "true"]).returncode == 0:
                return ["unshare", *options, *inside]
        except OSError:
            break
    return []


class Tests:
    """What can be run, as CMake names it: kind/name."""

    def __init__(self):
        self.files = {}
        for kind in KINDS:
            for path in sorted([*(SOURCE / "tests" / kind).glob("test_*.c"), *(SOURCE / "tests" / kind).glob("test_*.py")]):
                name = f"{kind}/{path.stem}"
                if name not in ELSEWHERE:
                    self.files[name] = path
        shared = [p for p in (SOURCE / "tests").rglob("*.h")] + [SOURCE / "tests/e2e/harness.py", SOURCE / "scripts/client.py"]
        self.shared = digest(*(p.read_text() for p in sorted(shared)))

    def key(self, name):
        return digest(self.shared, self.files[name].read_text())

    def target(self, name):
        return "countersign" if name.startswith("e2e/") else self.files[name].stem


class Tree:
    """A copy of the sources with a build folder of its own."""

    def __init__(self, name, kind, prefix):
        self.root, self.out, self.kind, self.prefix = SCRATCH / name, SCRATCH / name / "build" / kind, kind, prefix
        self.copy()
        self.configure()

    def copy(self):
        """Brings the copy up to date and leaves alone what is the same, for the sake of what was built."""
        listed = run(["git", "-C", SOURCE, "ls-files", "-co", "--exclude-standard"], log="git ls-files").stdout.split("\n")
        wanted = {name for name in listed if name and (SOURCE / name).is_file()}
        for folder, folders, names in os.walk(self.root):
            if Path(folder) == self.root:
                folders[:] = [f for f in folders if f != "build"]
            for name in names:
                if str((Path(folder) / name).relative_to(self.root)) not in wanted:
                    (Path(folder) / name).unlink()
        for name in wanted:
            source, target = SOURCE / name, self.root / name
            if not target.exists() or target.read_bytes() != source.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        shared = SCRATCH / "shared"
        if not shared.exists() and (SOURCE.parent / "shared").exists():
            shared.symlink_to(SOURCE.parent / "shared")

    def configure(self):
        launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        linker = ["-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=gold"] if shutil.which("ld.gold") else []
        run(["cmake", "-G", "Ninja", "-S", self.root, "-B", self.out, "-DCMAKE_BUILD_TYPE=", "-DCS_WERROR=OFF",
             "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *launcher, *linker, *CONFIGURE[self.kind]], log="cmake")
        self.compiles = {str(Path(c["file"]).relative_to(self.root)): c
                         for c in json.loads((self.out / "compile_commands.json").read_text()) if c["file"].startswith(str(self.root))}

    def build(self, *targets, jobs=1):
        return run(["ninja", "-C", self.out, "-j", jobs, *targets],
                   env={**os.environ, "CCACHE_BASEDIR": str(self.root), "CCACHE_NOHASHDIR": "1"})

    def optimized(self, path):
        """The object file of a source as the release has it, or None when it does not compile."""
        command = [part for part in shlex.split(self.compiles[path]["command"])
                   if not part.startswith("-fsanitize") and part not in ("-O1", "ccache") and not part.endswith("/ccache")]
        at = command.index("-o") + 1
        command[at] = str(self.out / "optimized.o")
        done = run([*command, "-O2", "-w"], cwd=self.compiles[path]["directory"])
        return Path(command[at]).read_bytes() if done.returncode == 0 else None

    def test(self, tests, name, limit_s, extra=None):
        """(passed, seconds, the last words); passed is None when time was up."""
        file = self.root / tests.files[name].relative_to(SOURCE)
        command = ["/usr/bin/python3", "-B", file, "-f"] if file.suffix == ".py" else [self.out / tests.target(name)]
        environment = {**os.environ, **ENVIRONMENT, "COUNTERSIGN": str(self.out / "countersign"), **(extra or {})}
        started = time.monotonic()
        with subprocess.Popen([str(part) for part in [*self.prefix, *command]], cwd=self.out, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:
            try:
                said = process.communicate(timeout=limit_s)[0]
                passed = process.returncode == 0
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                said, passed = process.communicate()[0], None
        return passed, time.monotonic() - started, said.decode(errors="replace")[-1500:]


class Coverage:
    """Which test runs which line: only those tests can notice a change of it."""

    def __init__(self, tests, prefix, product):
        self.tests, self.path = tests, SCRATCH / "coverage.json"
        known = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.lines = {}
        missing = []
        for name in tests.files:
            key = digest(product, tests.key(name))
            if known.get(name, {}).get("key") == key:
                self.lines[name] = known[name]
            else:
                missing.append((name, key))
        if missing:
            self.measure(missing, prefix)
            self.path.write_text(json.dumps(self.lines))
        for entry in self.lines.values():
            entry["sets"] = {path: (set(ran), set(idle)) for path, (ran, idle) in entry["files"].items()}

    def measure(self, missing, prefix):
        print(f"measuring which lines {len(missing)} tests run", flush=True)
        tree = Tree("cover", "cover", prefix)
        done = tree.build(*sorted({self.tests.target(name) for name, _ in missing}), jobs=os.cpu_count())
        if done.returncode:
            raise Failure(f"the build for coverage failed:\n{done.stdout[-3000:]}")
        for name, key in missing:
            data = SCRATCH / "counts"
            shutil.rmtree(data, ignore_errors=True)
            passed, _, said = tree.test(self.tests, name, 300, {"GCOV_PREFIX": str(data)})
            if not passed and not name.startswith("e2e/"):
                raise Failure(f"{name} does not pass when built for coverage:\n{said}")
            self.lines[name] = {"key": key, "files": self.collect(tree, data)}

    def collect(self, tree, data):
        """path -> (lines that ran, lines that could have)."""
        counts = [p for p in data.rglob("*.gcda") if "/common/" in str(p) or "/server/" in str(p)]
        found = {}
        for path in counts:
            notes = Path("/") / path.relative_to(data).with_suffix(".gcno")
            path.with_suffix(".gcno").symlink_to(notes)
        if counts:
            done = subprocess.run(["gcov", "-j", "-t", *map(str, counts)], cwd=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
            for document in done.stdout.decode().splitlines():
                for file in json.loads(document)["files"]:
                    path = os.path.relpath(os.path.join(tree.out, file["file"]), tree.root)
                    ran, idle = found.setdefault(path, (set(), set()))
                    for line in file["lines"]:
                        (ran if line["count"] else idle).add(line["line_number"])
        return {path: (sorted(ran), sorted(idle - ran)) for path, (ran, idle) in found.items() if not path.startswith("..")}

    def candidates(self, site):
        """The tests that run this line; where the line has no code of its own, its function, else its file, else all."""
        def those(wanted, among):
            return [name for name, entry in self.lines.items() if any(line in wanted for line in among(*entry["sets"].get(site.path, ((), ()))))]

        if those({site.line}, lambda ran, idle: [*ran, *idle]):
            # a process that dies leaves no counts: what nobody seems to run, the tests of such deaths are asked about
            return those({site.line}, lambda ran, idle: ran) or [name for name in self.lines if name.startswith("fault/")]
        if site.function:
            return those(set(range(site.function[0], site.function[1] + 1)), lambda ran, idle: ran)
        return [name for name, entry in self.lines.items() if entry["sets"].get(site.path, ((), ()))[0]] or list(self.lines)


class Log:
    """One JSON object a line: what the run is about, then each mutant. A run of the same seed goes on where it stopped."""

    def __init__(self, path, head):
        self.path, self.lock, self.results = path, threading.Lock(), {}
        if path.exists():
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            if lines[0] != head:
                raise Failure(f"{path} is about {lines[0]}, this run about {head}: move it away to start anew")
            for result in lines[1:]:
                self.results[result["number"]] = result
        else:
            path.write_text(json.dumps(head) + "\n")

    def add(self, result):
        with self.lock:
            self.results[result["number"]] = result
            with self.path.open("a") as file:
                file.write(json.dumps(result) + "\n")


class Run:
    def __init__(self, options):
        self.options, self.tests, self.prefix = options, Tests(), sandbox()
        self.sources = product_files()
        if not self.prefix and options.jobs > 1:
            raise Failure("without network namespaces (unshare, ip) tests side by side may meet on a port: use --jobs 1")
        only, lines = self.chosen()
        self.sites = draw(only, random.Random(options.seed), lines)
        self.drawn, self.lock = [], threading.Lock()
        self.product = digest(*(part for item in sorted(self.sources.items()) for part in item))

    def chosen(self):
        """The sources that --only names, and of some of them the lines."""
        if not self.options.only:
            return self.sources, None
        only, lines = {}, {}
        for name in self.options.only:
            path, _, line = name.partition(":")
            found = {source: text for source, text in self.sources.items() if source == path or source.startswith(path.rstrip("/") + "/")}
            if not found or (line and not line.isdecimal()):
                raise Failure(f"--only {name}: no such source")
            only.update(found)
            if line:
                lines.setdefault(path, set()).add(int(line))
        return only, lines

    def site(self, number):
        while len(self.drawn) <= number:
            self.drawn.append(next(self.sites, None))
        return self.drawn[number]

    def prepare(self):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.guard = (SCRATCH / "lock").open("w")
        try:
            fcntl.flock(self.guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failure(f"another run is at work in {SCRATCH}") from None
        head = {"seed": self.options.seed, "only": self.options.only, "product": self.product}
        self.log = Log(self.options.log or SCRATCH / f"seed-{self.options.seed}.jsonl", head)
        self.coverage = Coverage(self.tests, self.prefix, self.product)
        self.trees = [Tree(f"tree-{n}", "mutant", self.prefix) for n in range(self.options.jobs)]
        self.control()
        for tree in self.trees[1:]:
            self.built(tree)

    def built(self, tree):
        done = tree.build(*sorted({self.tests.target(name) for name in self.tests.files}), jobs=os.cpu_count())
        if done.returncode:
            raise Failure(f"the unchanged tree does not build:\n{done.stdout[-3000:]}")

    def control(self):
        """The unchanged tree is green, and says how long each test takes; a fatal mutant is not."""
        print("control: the unchanged tree", flush=True)
        tree, self.seconds = self.trees[0], {}
        self.built(tree)
        for name in list(self.tests.files):
            quick = name.startswith("e2e/")
            passed, seconds, said = tree.test(self.tests, name, QUICK_S if quick else 300)
            if passed is None and quick:
                print(f"  {name} takes more than {QUICK_S} s: left out", flush=True)
                del self.tests.files[name]
                self.coverage.lines.pop(name)
            elif not passed:
                raise Failure(f"{name} does not pass on the unchanged tree:\n{said}")
            self.seconds[name] = seconds
        path, before, after = FATAL
        at = self.sources[path].index(before)
        site = Site(path, self.sources[path].count("\n", 0, at) + 1, "constant", ((at, at + len(before), after),))
        result = self.judge(tree, site)
        if result["verdict"] != "caught":
            raise Failure(f"the fatal mutant {FATAL} is {result['verdict']}: the run would prove nothing")
        print(f"control: {len(self.tests.files)} tests pass in {sum(self.seconds.values()):.0f} s; the fatal mutant is caught by {result['by']}", flush=True)

    def order(self, site):
        """Cheap ones first; before them those that caught others in this file, and those that carry its name."""
        caught = {}
        with self.log.lock:
            for result in self.log.results.values():
                if result["path"] == site.path and result["verdict"] == "caught":
                    caught[result["by"]] = caught.get(result["by"], 0) + 1
        stem = re.split(r"[_.]", Path(site.path).name)[0]
        return sorted(self.coverage.candidates(site), key=lambda name: self.seconds[name] / (1 + 8 * caught.get(name, 0)) / (4 if stem in name else 1))

    def judge(self, tree, site):
        """Applies a mutant, builds it, tests it, takes it back."""
        source, file = self.sources[site.path], tree.root / site.path
        file.write_text(site.apply(source))
        try:
            return self.judge_applied(tree, site)
        finally:
            file.write_text(source)

    def judge_applied(self, tree, site):
        if site.path in tree.compiles:
            mutant = tree.optimized(site.path)
            (tree.root / site.path).write_text(self.sources[site.path])
            original = tree.optimized(site.path)
            (tree.root / site.path).write_text(site.apply(self.sources[site.path]))
            if mutant is None:
                return {"verdict": "does not compile"}
            if mutant == original:
                return {"verdict": "same code"}
        started, order = time.monotonic(), self.order(site)
        if tree.build("countersign").returncode:
            return {"verdict": "does not compile"}
        for name in order:
            if tree.build(self.tests.target(name)).returncode:
                return {"verdict": "does not compile"}
            limit_s = PATIENCE[0] * self.seconds[name] + PATIENCE[1]
            passed, _, said = tree.test(self.tests, name, limit_s)
            if passed is False and tree.test(self.tests, name, limit_s)[0]:
                continue  # once only: as likely the machine's doing as the mutant's
            if not passed:
                how = said if passed is not None else "time is up"
                return {"verdict": "caught", "by": name, "how": how, "tried": order.index(name) + 1, "seconds": time.monotonic() - started}
        return {"verdict": "survived", "tried": len(order), "seconds": time.monotonic() - started}

    def work(self, tree):
        while True:
            with self.lock:
                if self.valid + self.running >= self.options.count or self.site(self.next) is None:
                    return
                number, self.next, self.running = self.next, self.next + 1, self.running + 1
            site, known = self.site(number), self.log.results.get(number)
            again = known and known["verdict"] == "survived" and self.options.again
            if known and not again:
                result = known
            else:
                before, after = site.shown(self.sources[site.path])
                result = {"number": number, "path": site.path, "line": site.line, "operator": site.operator, "before": before, "after": after,
                          **self.judge(tree, site)}
                self.log.add(result)
            with self.lock:
                self.running -= 1
                self.valid += result["verdict"] in ("caught", "survived")
                if not known or again:
                    print(f"{self.valid:4}/{self.options.count}  {row(result)}", flush=True)

    def go(self):
        self.prepare()
        self.next = self.valid = self.running = 0
        with ThreadPoolExecutor(len(self.trees)) as pool:
            for done in [pool.submit(self.work, tree) for tree in self.trees]:
                done.result()
        return [self.log.results[n] for n in range(self.next)]


def row(result):
    verdict = {"caught": f"caught by {result.get('by')}", "survived": "SURVIVED"}
    return (f"{result['path']}:{result['line']}  {result['operator']}  `{result['before']}` -> `{result['after']}`  "
            f"{verdict.get(result['verdict'], result['verdict'])}")


def summary(results, seed):
    valid = [r for r in results if r["verdict"] in ("caught", "survived")]
    caught = [r for r in valid if r["verdict"] == "caught"]
    same = sum(r["verdict"] == "same code" for r in results)
    print("\n" + "\n".join(row(r) for r in sorted(valid, key=lambda r: (r["verdict"], r["path"], r["line"]))))
    print(f"\nseed {seed}: {len(caught)} of {len(valid)} caught ({100 * len(caught) / max(1, len(valid)):.0f} %); discarded and replaced: "
          f"{len(results) - len(valid) - same} that do not compile, {same} whose optimized code is the same")
    for operator in sorted({r["operator"] for r in valid}):
        of = [r for r in valid if r["operator"] == operator]
        print(f"  {operator}: {sum(r['verdict'] == 'caught' for r in of)} of {len(of)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="which mutants (default: by chance, printed)")
    parser.add_argument("--count", type=int, default=100, help="how many mutants that compile")
    parser.add_argument("--only", action="append", metavar="PATH[:LINE]", help="a file or folder below the root, or a line of a file; may be given again")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once, each in a tree of its own")
    parser.add_argument("--list", action="store_true", help="show the sites that would be tried, change nothing")
    parser.add_argument("--again", action="store_true", help="try the survivors in the log once more, after tests were added")
    parser.add_argument("--log", type=Path, help="where results are kept (default: build/mutants/seed-SEED.jsonl)")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    try:
        work = Run(options)
        if options.list:
            for number in range(options.count):
                site = work.site(number)
                if site is None:
                    break
                before, after = site.shown(work.sources[site.path])
                print(f"{site.path}:{site.line}  {site.operator}  `{before}` -> `{after}`")
            return 0
        summary(work.go(), options.seed)
        return 0
    except Failure as failure:
        print(f"mutants: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
