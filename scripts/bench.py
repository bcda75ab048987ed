"""Measures Countersign beside nginx and beside our own evhttp that stores nothing, in one run, and prints Markdown.

Claims are ratios: each is taken within one round, in which all cases ran one after the other, and the median over the rounds is
printed. Rounds are rotated so that no case always runs first. Servers stand on CPU 0, the load generator on CPU 1."""

import argparse
import collections
import contextlib
import datetime
import http.client
import io
import json
import os
import pathlib
import random
import resource
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import typing

import client
import compare
import tenants as of_tenants
from servers import (BINARY, CHANGES, FILL, FILL_TRAFFIC, NGINX, ROOT, SCORE, USER_AGENT, Clock, Countersign, Encrypted, load, lua_redis, nginx, null, say,
                     wrk)

CPU_BOUND, THROUGHPUT_BOUND = 2.2, 0.65
LEAD_BOUND_US = 20
SCORE_BOUND_US, HASH_BOUND_US = 3, 40
VERIFY_CPU_BOUND, VERIFY_WALL_BOUND, VERIFY_FLAT_BOUND, VERIFY_SCORED_BOUND = 8, 0.6, 1.1, 1.25
ISSUE_BOUND_S, FIRST_BYTE_BOUND_MS, BESIDE_BOUND, BATCH_BOUND_MS = 1, 50, 2, 5
LIVE_BOUND, LISTENERS_OF_PARTY = 1.1, 25
LAST = 19  # what may wait, for the scheduler
P99_BOUND_MS, MEMORY_BOUND_MIB, CLICK_BOUND_BYTES, RESTART_BOUND_S = 10, 64, 480, 3
PATH_LIKE_A_PIXEL = "/p/" + "x" * 35 + ".gif?event=view&click_id=" + "x" * 46


def cpu_times():
    """The machine's CPU time so far, what of it the hypervisor gave to others, and what other programs here took, in seconds."""
    ticks = [int(n) for n in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _iowait, irq, softirq, stolen = (n / os.sysconf("SC_CLK_TCK") for n in ticks)
    ours = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(ticks) / os.sysconf("SC_CLK_TCK"), stolen, user + nice + system + irq + softirq - ours


def median(rounds, case, value):
    return statistics.median(r[case][value] for r in rounds)


def median_ratio(rounds, case, base, value):
    return statistics.median(r[case][value] / r[base][value] for r in rounds)


def verdict(holds):
    return "holds" if holds else "**does not hold**"


def speed(folder, options, stack):
    """Requests per second and CPU per request, side by side."""
    pinned = stack(Countersign(folder, "pinned", 0))
    free = stack(Countersign(folder, "free", None))
    raw = ["--raw", PATH_LIKE_A_PIXEL]
    cases = {"nginx": (stack(nginx(folder, 0)), raw), "null": (stack(null(folder, 0)), raw),
             "click": (pinned, pinned.mix("click=1")), "pixel": (pinned, pinned.mix("view=1")),
             "click, server unpinned": (free, free.mix("click=1")), "pixel, server unpinned": (free, free.mix("view=1"))}
    for server, _ in cases.values():
        server.wait_ready()
    print("| case | connections | requests/s | CPU us/request | server busy | generator busy | CPU against nginx | "
          "requests/s against null |\n|---|---|---|---|---|---|---|---|")
    for connections in (128, 512):
        rounds, names = [], list(cases)
        for number in range(options.rounds):
            done = {}
            for name in names[number % len(names):] + names[:number % len(names)]:
                server, flags = cases[name]
                done[name] = load(server, *flags, "--duration", options.seconds, connections=connections)
                say(f"  {connections} connections, round {number + 1}, {name}: {done[name]['per_s']}/s, "
                    f"{done[name]['cpu_us']:.2f} us")
            rounds.append(done)
        for name in names:
            cpu, rate = median_ratio(rounds, name, "nginx", "cpu_us"), median_ratio(rounds, name, "null", "per_s")
            judged = name in ("click", "pixel")
            print(f"| {name} | {connections} | {median(rounds, name, 'per_s'):,.0f} | {median(rounds, name, 'cpu_us'):.2f} | "
                  f"{median(rounds, name, 'busy'):.0%} | {median(rounds, name, 'generator_busy'):.0%} | "
                  f"{cpu:.2f}{f' (at most {CPU_BOUND}: {verdict(cpu <= CPU_BOUND)})' if judged else ''} | "
                  f"{rate:.2f}{f' (at least {THROUGHPUT_BOUND}: {verdict(rate >= THROUGHPUT_BOUND)})' if judged else ''} |", flush=True)


class Side(typing.NamedTuple):
    """One of what is measured side by side."""

    make: typing.Callable  # (folder) -> its server
    mix: str = "click=1"  # None: a path like a pixel's
    neighbour: bool = False  # a process beside it that never waits, on its CPU
    by_wrk: bool = False


class Sides(typing.NamedTuple):
    """A section of sides, in one run: the first is what the others are set against."""

    doc: str
    sides: dict
    connections: tuple = (128, 512)
    packages: tuple = ()


def ours(label, cpu=0, **how):
    return lambda folder: Countersign(folder, label, cpu, **how)


BESIDE = {
    "workers": Sides("Clicks by how many workers, on both CPUs beside the load generator.",
                     {f"{n} worker{'s' * (n > 1)}": Side(ours(f"workers-{n}", None, workers=n)) for n in (1, 2)}),
    "connections": Sides("Clicks beside nginx, by how many connections.",
                         {"nginx": Side(lambda folder: nginx(folder, 0), None), "clicks": Side(ours("connections"))}, (32, 128, 512, 2048)),
    "tls": Sides("Clicks by TLS and without, from wrk, 8 times as long as others: the handshakes of all connections are among them.",
                 {"plain": Side(ours("plain"), by_wrk=True), "TLS": Side(lambda folder: Encrypted(folder, "tls", 0), by_wrk=True)}, (32, 128), ("wrk", "openssl")),
    "mixed": Sides("Clicks with views and signed leads among them.",
                   {"clicks": Side(ours("alone")), "80 clicks, 15 views, 5 leads": Side(ours("mixed"), "click=80,view=15,lead=5")}),
    "neighbours": Sides("Clicks beside a process that never waits, on the server's CPU: half of the clicks/s are wanted.",
                        {"alone": Side(ours("quiet")), "beside it": Side(ours("beside"), neighbour=True)}),
    "redis": Sides("Clicks beside nginx whose Lua keeps each in Redis, appendfsync always: 3 times the clicks/s are wanted at 512.",
                   {"nginx, Lua, Redis": Side(lambda folder: lua_redis(folder, 0), None), "clicks": Side(ours("redis-beside"))}, (32, 128, 512),
                   ("libnginx-mod-http-lua", "redis-server")),
}


@contextlib.contextmanager
def neighbour(there):
    """A process on CPU 0 that never waits."""
    process = subprocess.Popen(["taskset", "-c", "0", sys.executable, "-c", "while True: pass"]) if there else None
    try:
        yield
    finally:
        if process is not None:
            process.kill()
            process.wait()


def fired(side, server, connections, seconds):
    """One load of a side."""
    with neighbour(side.neighbour):
        if side.by_wrk:
            return wrk(server, connections, 8 * seconds)
        flags = ["--raw", PATH_LIKE_A_PIXEL] if side.mix is None else server.mix(side.mix)
        return load(server, *flags, "--duration", seconds, connections=connections)


def beside(name):
    """The section of a row of BESIDE."""
    row = BESIDE[name]

    def section(folder, options, stack):
        servers = {label: stack(side.make(folder)) for label, side in row.sides.items()}
        for server in servers.values():
            server.wait_ready()
        first, labels = next(iter(row.sides)), list(row.sides)
        print(f"| case | connections | requests/s | CPU us/request | server busy | requests/s against {first} | CPU against {first} |\n|---|---|---|---|---|---|---|")
        for connections in row.connections:
            rounds = []
            for number in range(options.rounds):
                turn = number % len(labels)
                rounds.append({label: fired(row.sides[label], servers[label], connections, options.seconds) for label in labels[turn:] + labels[:turn]})
            for label in labels:
                print(f"| {label} | {connections} | {median(rounds, label, 'per_s'):,.0f} | {median(rounds, label, 'cpu_us'):.2f} | "
                      f"{median(rounds, label, 'busy'):.0%} | {median_ratio(rounds, label, first, 'per_s'):.2f} | "
                      f"{median_ratio(rounds, label, first, 'cpu_us'):.2f} |", flush=True)
        for server in servers.values():
            server.stop()

    section.__doc__ = row.doc
    return section


def total(metrics, name):
    """A counter over all its labels."""
    return sum(value for key, value in metrics.items() if key.split("{")[0] == name)


def leads(folder, options, stack):
    """Signed lead postbacks, and what bounds them."""
    print("| signed leads, server | leads/s | CPU us/lead | server busy | generator busy | commits/s | leads a commit | bound by |\n"
          "|---|---|---|---|---|---|---|---|")
    for name, cpu in (("pinned", 0), ("unpinned", None)):
        server = stack(Countersign(folder, f"leads-{name}", cpu))
        before = server.metrics()
        out = load(server, *server.mix("lead=1"), "--duration", options.seconds * 2)
        after = server.metrics()
        seconds = out["wall_ms"] / 1000
        commits = after["countersign_commit_seconds_count"] - before["countersign_commit_seconds_count"]
        recorded = total(after, "countersign_leads_total") - total(before, "countersign_leads_total")
        acknowledged = out["kinds"]["lead"]["status"].get("200", 0)
        bound = ("the generator" if out["generator_busy"] > 0.95 else
                 "the server's CPU" if out["busy"] > (0.95 if cpu is not None else 1.5) else
                 "waiting: commits to the disk, and hand-overs between threads")
        if recorded != acknowledged:
            say(f"  warning: {acknowledged} leads acknowledged, {recorded:.0f} recorded")
        print(f"| {name} | {acknowledged / seconds:,.0f} | {out['cpu_us']:.1f} | {out['busy']:.0%} | {out['generator_busy']:.0%} | "
              f"{commits / seconds:,.0f} | {recorded / max(commits, 1):.1f} | {bound} |", flush=True)
        server.stop()


def latency(folder, options, stack):
    """Latency of clicks at 70 % of the saturated rate, open loop."""
    print("| clicks at 70 % of saturation, server | saturated/s | fired/s | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | "
          f"p99 under {P99_BOUND_MS} ms |\n|---|---|---|---|---|---|---|---|---|")
    for name, cpu in (("pinned", 0), ("unpinned", None)):
        server = stack(Countersign(folder, f"latency-{name}", cpu))
        full = statistics.median(load(server, *server.mix("click=1"), "--duration", options.seconds)["per_s"] for _ in range(3))
        out = load(server, *server.mix("click=1"), "--duration", options.seconds * 3, "--rate", int(full * 0.7))
        ms = {k: v / 1000 for k, v in out["latency"].items()}
        print(f"| {name} | {full:,.0f} | {out['per_s']:,} | {ms['p50_us']:.2f} | {ms['p90_us']:.2f} | {ms['p99_us']:.2f} | "
              f"{ms['p99_9_us']:.2f} | {ms['max_us']:.2f} | {verdict(ms['p99_us'] < P99_BOUND_MS)} |", flush=True)
        server.stop()


def growth(folder, options, stack):
    """CPU, memory and disk as events accumulate."""
    steps, server = 10, stack(Countersign(folder, "growth", 0))
    step = options.events // steps
    empty, rows = server.stored_bytes(), []
    print("| clicks so far | CPU us/click | clicks/s | RssAnon MiB | database bytes/click |\n|---|---|---|---|---|")
    for number in range(1, steps + 1):
        out = load(server, *server.mix("click=1"), "--count", step, "--timeout", 30, connections=256)
        time.sleep(1.5)  # a sweep, so that tiles and heads are counted
        size = (server.stored_bytes() - empty) / (number * step)
        rows.append((out["cpu_us"], server.rss_anon_mib(), size))
        print(f"| {number * step:,} | {out['cpu_us']:.2f} | {out['per_s']:,} | {rows[-1][1]:.1f} | {size:.0f} |", flush=True)
    half, last = rows[steps // 2 - 1], rows[-1]
    print(f"\nMemory without the mapped file after {step * steps // 2:,} clicks: {half[1]:.1f} MiB "
          f"(under {MEMORY_BOUND_MIB}: {verdict(half[1] < MEMORY_BOUND_MIB)}). "
          f"Database per click with a user agent of {len(USER_AGENT)} bytes: {last[2]:.0f} bytes "
          f"(under {CLICK_BOUND_BYTES}: {verdict(last[2] < CLICK_BOUND_BYTES)}). "
          f"CPU per click, last tenth against first: {last[0] / rows[0][0]:.2f}.", flush=True)
    server.stop()


def restart(folder, options, stack):
    """kill -9 with events that no sweep has seen, then the time to ready."""
    server = stack(Countersign(folder, "restart", None, "--sweep-ms", 60000))
    sweeps = server.metrics()["countersign_sweeps_total"]
    out = load(server, *server.mix("click=1"), "--count", options.unswept, "--timeout", 30, connections=512)
    swept = server.metrics()["countersign_sweeps_total"] - sweeps
    server.kill()
    server.start()
    stack(server)
    seconds = server.wait_ready()
    judged = "a sweep ran meanwhile, so fewer were unswept: says nothing" if swept else verdict(seconds < RESTART_BOUND_S)
    print(f"Restart after kill -9 with {out['answered']:,} unswept clicks: ready after {seconds:.2f} s "
          f"(under {RESTART_BOUND_S} s for a million: {judged}).", flush=True)
    server.stop()


def cost(folder, options, stack):
    """The committer's CPU per lead as stored leads accumulate."""
    server = stack(Countersign(folder, "cost", None))
    sample, stored = max(options.leads // 100, 500), 0
    print("| leads stored | committer us/lead | leads a commit | worker us/lead | database bytes/lead |\n|---|---|---|---|---|")
    for least in (options.leads // 100, options.leads // 10, options.leads):
        server.stop()
        if least > stored:
            subprocess.run([FILL, server.data, str(least - stored)], check=True)
        server.start()
        stack(server)
        server.wait_ready()
        stored = max(least, stored)
        settle(server)
        size, before, commits = server.stored_bytes(), server.thread_us(), server.metrics()["countersign_commit_seconds_count"]
        out = load(server, *server.mix("lead=1"), "--count", sample, "--timeout", 30, connections=256)
        leads = out["kinds"]["lead"]["answered"]
        spent = server.thread_us() - before
        commits = server.metrics()["countersign_commit_seconds_count"] - commits
        us = spent["committer"] / leads
        judged = f" (at most {LEAD_BOUND_US}: {verdict(us <= LEAD_BOUND_US)})" if least == options.leads else ""
        print(f"| {stored:,} | {us:.1f}{judged} | {leads / commits:.0f} | {spent['worker'] / leads:.1f} | {size / stored:.0f} |", flush=True)
        stored += leads
    again(server)
    server.stop()


def again(server):
    """The committer's CPU per later lead of one person: as long as the first stands, and once it is rejected, when duplicates are looked through."""
    code = server.codes.read_text().split()[0]
    who = {"email": "again@bench.example", "phone": "+33612345678", "click_id": client.click(f"{server.url}/c/{code}")[1]}
    half = {name: value for name, value in who.items() if name != "phone"}  # comes to stand in nobody's way
    first = server.advertiser.post("/v1/leads", who)["lead"]

    def us(lead, n, wanted):
        before = server.thread_us()["committer"]
        rows = server.advertiser.post("/v1/leads", [lead] * n)["data"]
        assert {row["decision"] for row in rows} == {wanted}, rows[0]
        return (server.thread_us()["committer"] - before) / n

    standing = us(who, 1000, "duplicate")
    server.advertiser.post(f"/v1/leads/{first}/dispositions", {"status": "rejected"})
    print(f"\nA person's later lead: {standing:.1f} us while one stands, {us(half, 100, 'rejected'):.0f} us behind 1,000 duplicates of one that was rejected.", flush=True)


def settle(server):
    """Until the sweep has caught up with what was filled in."""
    busy = True
    while busy:
        before = server.thread_us()["committer"]
        time.sleep(2)
        busy = server.thread_us()["committer"] - before > 20_000


# A process that starts another hands its own peak of memory on: this one is small.
MEASURE = """
import os, sys, time
start = time.monotonic()
_, status, used = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]), 0)
print(used.ru_utime + used.ru_stime, time.monotonic() - start, used.ru_maxrss / 1024)
sys.exit(status != 0)
"""


def spent(command, cpus, stdin=None):
    """What a command took on those CPUs: CPU and wall seconds, peak MiB (10 at least). It must end with 0."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, "taskset", "-c", cpus, *map(str, command)], stdin=stdin,
                          check=True, stdout=subprocess.PIPE, text=True)
    return dict(zip(("cpu", "wall", "mib"), map(float, done.stdout.split())))


def audited(options, mirror):
    """verify on one and on two CPUs, beside sha256sum over the same bytes; medians over the rounds, ratios within one."""
    rounds, whole_file = [], mirror.with_suffix(".all")
    for _ in range(options.rounds):
        with open(whole_file, "rb") as whole:
            done = {"sum": spent(["sha256sum"], "0", whole)}
        done["one"], done["two"] = (spent([BINARY, "verify", mirror], cpus) for cpus in ("0", "0,1"))
        rounds.append({**done, "cpu": done["two"]["cpu"] / done["sum"]["cpu"], "wall": done["two"]["wall"] / done["one"]["wall"]})
    return {"size": whole_file.stat().st_size, "mib": max(r["two"]["mib"] for r in rounds),
            **{f"{case} {what}": median(rounds, case, what) for case in ("sum", "one", "two") for what in ("cpu", "wall")},
            **{ratio: statistics.median(r[ratio] for r in rounds) for ratio in ("cpu", "wall")}}


def verify(folder, options, stack):
    """What the audit of a mirror takes, and what of it grows: first clicks with leads, then as many again of clicks alone."""
    server = stack(Countersign(folder, "verify", None))
    contract, token = server.narrow()
    entries, recorded, rows = 0, 0, []
    print(f"A mirror of {options.entries:,} entries, 94 % clicks, 2 % views, 4 % leads (--entries); then as many clicks more.\n\n"
          "| entries | leads | MiB | sha256sum, CPU s | verify, CPU s | ratio | wall s, one CPU | two CPUs | ratio | peak MiB |\n"
          "|---|---|---|---|---|---|---|---|---|---|")
    for count, mix in ((options.entries // 2, "click=94,view=2,lead=4"), (options.entries - options.entries // 2, "click=94,view=2,lead=4"),
                       (options.entries, "click=1")):
        out = load(server, *server.mix(mix), "--count", count, "--timeout", 60, connections=256)
        entries, recorded = entries + out["answered"], recorded + out["kinds"].get("lead", {"answered": 0})["answered"]
        settle(server)
        mirror = folder / "mirror"
        subprocess.run([BINARY, "pull", server.url, mirror, "--contract", contract, "--token", token], check=True, stdout=subprocess.DEVNULL)
        with open(mirror.with_suffix(".all"), "wb") as whole:
            for path in sorted(path for path in mirror.rglob("*") if path.is_file()):
                whole.write(path.read_bytes())
        row = audited(options, mirror)
        rows.append((recorded, row))
        print(f"| {entries:,} | {recorded:,} | {row['size'] / 2**20:.0f} | {row['sum cpu']:.2f} | {row['two cpu']:.2f} | "
              f"{row['cpu']:.1f} (at most {VERIFY_CPU_BOUND}: {verdict(row['cpu'] <= VERIFY_CPU_BOUND)}) | {row['one wall']:.2f} | "
              f"{row['two wall']:.2f} | {row['wall']:.2f} (at most {VERIFY_WALL_BOUND}: {verdict(row['wall'] <= VERIFY_WALL_BOUND)}) | "
              f"{row['mib']:.1f} |", flush=True)
    (few, less), (many, more), (_, last) = rows
    print(f"\nMemory for {(more['mib'] - less['mib']) * 2**20 / max(many - few, 1):,.0f} bytes a lead; twice the entries without more leads took "
          f"{last['mib'] / more['mib']:.2f} times (at most {VERIFY_FLAT_BOUND}: {verdict(last['mib'] <= VERIFY_FLAT_BOUND * more['mib'])}).\n", flush=True)
    scored(server, folder, options)
    server.stop()


SCORED_FIELDS = [f"f_field_number_{n}" for n in range(25)]
SCORED_CASES = {"without": {}, "scored": {"score": {"facts": SCORED_FIELDS}}, "with 8 crossed": {"score": {"facts": SCORED_FIELDS, "cross": SCORED_FIELDS[:8]}}}
SCORED_RETURNS, SCORED_ROWS = 20, 1000  # one lead of so many; in one call


def scored_reports(n):
    """What is reported of that many leads: the same each time."""
    chance = random.Random(n)
    for serial in range(n):
        fields = {name: str(chance.randrange(3000)) if at % 4 == 0 else f"value {int(chance.expovariate(0.3))}" for at, name in enumerate(SCORED_FIELDS)}
        yield {"email": f"lead.{serial}@example.com", **fields}


def tell_scored(server, folder, name, terms, n):
    """A contract with so many leads, approved at once, each with its 25 fields in its entry whether they score or not; some are returned."""
    campaign = server.operator.post("/v1/campaigns", {
        "advertiser": server.advertiser.id, "name": name, "currency": "EUR", "landing_url": "https://landing.example/offer",
        "lead": {"require": ["email", *SCORED_FIELDS], "min_click_to_lead_s": 0, "hold_below_s": 0}, "review": {"mode": "auto", "auto_approve_days": 0}, **terms})
    publisher = server.operator.post("/v1/parties", {"name": f"Bench publisher {name}", "kind": "publisher"})
    contract = server.operator.post("/v1/contracts", {"campaign": campaign["id"], "publisher": publisher["id"], "price": {"lead": [{"micros": 12_000_000}]}})["id"]
    codes, acks = folder / "scored.codes", folder / "scored.acks"
    codes.write_text(server.operator.post(f"/v1/contracts/{contract}/codes", {"label": "all"})["code"] + "\n")
    load(server, "--codes", codes, "--count", n, "--timeout", 60, "--acks", acks, connections=256)
    clicks = [line.rsplit(" ", 1)[1] for line in acks.read_text().splitlines()]
    acks.unlink()
    reports = iter(scored_reports(len(clicks)))
    for at in range(0, len(clicks), SCORED_ROWS):
        rows = [{"click_id": click, **next(reports)} for click in clicks[at:at + SCORED_ROWS]]
        told = server.advertiser.post("/v1/leads", rows)["data"]
        if any(row["decision"] != "approved" for row in told):
            sys.exit(f"a lead was not taken: {next(row for row in told if row['decision'] != 'approved')}")
        server.advertiser.post("/v1/dispositions", [{"lead": row["lead"], "status": "returned"} for row in told[::SCORED_RETURNS]])
    settle(server)
    auditor = client.Party(server.operator, f"Bench auditor {name}", "auditor")
    server.operator.post(f"/v1/contracts/{contract}/grants", {"party": auditor.id})
    mirror = folder / f"scored {name}"
    subprocess.run([BINARY, "pull", server.url, mirror, "--contract", contract, "--token", auditor.token], check=True, stdout=subprocess.DEVNULL)
    return mirror


def scored(server, folder, options):
    """What working the scores out again adds to the audit of leads: pairs of mirrors of the same ones, in rotation."""
    print(f"{options.leads:,} leads (--leads) of {len(SCORED_FIELDS)} fields that are all in their entries, approved at once, one of {SCORED_RETURNS} returned later; medians of {options.rounds} rounds, in rotation.\n\n"
          "| what is scored | verify, CPU s | times that without | peak MiB |\n|---|---|---|---|", flush=True)
    mirrors = {name: tell_scored(server, folder, name, terms, options.leads) for name, terms in SCORED_CASES.items()}
    done = in_turns(options.rounds, {name: lambda mirror=mirror: spent([BINARY, "verify", mirror], "0") for name, mirror in mirrors.items()})
    for name in mirrors:
        ratio = statistics.median(each[name]["cpu"] / each["without"]["cpu"] for each in done)
        judged = "" if name == "without" else f" (at most {VERIFY_SCORED_BOUND}: {verdict(ratio <= VERIFY_SCORED_BOUND)})"
        print(f"| {name} | {median(done, name, 'cpu'):.2f} | {ratio:.3f}{judged} | {max(each[name]['mib'] for each in done):.0f} |", flush=True)


def batches(server):
    """How many batches the committer had so far, of requests and of its own, by the bound in seconds that they kept within."""
    found = collections.Counter()
    for key, n in server.metrics().items():
        if key.startswith(("countersign_commit_seconds_bucket", "countersign_chore_seconds_bucket")):
            found[key.split('"')[1]] += n
    return found


def beside_clicks(server, seconds, work):
    """Clicks at a steady rate for so long, and the work beside them: their p99 in ms, what the work answers, and how late batches
    were: the share past the bound, and the seconds within which all of them were. Both stand for other machines, and yet share this
    one's CPUs: so who measures runs before the server where it may, and whose requests are the work runs behind it."""
    out, done, before = [], [], batches(server)
    click = threading.Thread(target=lambda: out.append(load(server, *server.mix("click=1"), "--duration", seconds, "--rate", 1000, connections=32, prompt=True)))
    click.start()
    time.sleep(0.5)
    beside = threading.Thread(target=lambda: (os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LAST), done.append(work())))
    beside.start()
    beside.join()
    click.join()
    if not done:
        sys.exit("what was to run beside the clicks failed")
    after = batches(server)
    late = 1 - (after[f"{BATCH_BOUND_MS / 1000:g}"] - before[f"{BATCH_BOUND_MS / 1000:g}"]) / (after["+Inf"] - before["+Inf"])
    most = next((float(bound) for bound in sorted(after, key=float) if after[bound] - before[bound] == after["+Inf"] - before["+Inf"]), 0)
    return out[0]["latency"]["p99_us"] / 1000, done[0], late, most


def read_whole(server, path):
    """ms to the first byte, seconds to the last, MiB, CPU seconds of the thread that reads."""
    before = server.thread_us()["reader"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    start = time.monotonic()
    connection.request("GET", path, headers={"Authorization": f"Bearer {server.operator.token}"})
    answer = connection.getresponse()
    size = len(answer.read(1))
    first = time.monotonic() - start
    while piece := answer.read(1 << 14):
        size += len(piece)
    connection.close()
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status}")
    return first * 1000, time.monotonic() - start, size / 2**20, (server.thread_us()["reader"] - before) / 1e6


def read_often(server, path, seconds):
    """One read after the other for so long."""
    end, reads = time.monotonic() + seconds, []
    while not reads or time.monotonic() < end:
        reads.append(read_whole(server, path))
    return reads


def statements(folder, options, stack):
    """A statement of very many line items: issued beside clicks of others, approvals overdue and not, and read."""
    clock = Clock(folder / "clock")
    server = Countersign(folder, "statements", None, under=clock.under)
    server.spare(1)
    path = f"/v1/contracts/{server.contracts[0]}/statements"

    def issue():
        before, start = server.thread_us()["reader"], time.monotonic()
        made = server.operator.post(path, {})["id"]
        return made, time.monotonic() - start, (server.thread_us()["reader"] - before) / 1e6
    print(f"Periods of {options.lines:,} line items (--lines), a lead and its approval in turns, beside 1,000 clicks/s of others, whose p99 right before stands beside.\n\n"
          "| case | issued after s | reader, CPU s | click p99 ms | before | ratio | batches past 5 ms | all within ms |\n|---|---|---|---|---|---|---|---|")
    for case in ("all approvals overdue", "none"):
        server.stop()
        subprocess.run([FILL, server.data, str(options.lines // 2), "1"], check=True)
        server.start()
        stack(server)
        server.wait_ready()
        settle(server)
        if case == "none":
            clock.pass_days(30)
            settle(server)
        alone = beside_clicks(server, options.seconds, lambda: None)[0]
        if case != "none":
            clock.pass_days(15)
        p99, (ident, took, cpu), late, most = beside_clicks(server, options.seconds, issue)
        judged = f" (at most {ISSUE_BOUND_S}: {verdict(took <= ISSUE_BOUND_S)})" if case == "none" else ""
        print(f"| {case} | {took:.2f}{judged} | {cpu:.2f} | {p99:.2f} | {alone:.2f} | {p99 / alone:.1f} (at most {BESIDE_BOUND}: {verdict(p99 <= BESIDE_BOUND * alone)}) | "
              f"{late:.1%} | {most * 1000:g} |", flush=True)
    print(f"\nRead again and again meanwhile, medians of {options.rounds} rounds.\n\n| read | first byte ms | whole s | reader, CPU s | MiB | click p99 ms | before | ratio |\n|---|---|---|---|---|---|---|---|")
    for name, path in (("page", "?format=html"), ("page of all lines", "?format=html&lines=all"), ("CSV", "?format=csv"), ("lines", "/lines")):
        rounds = []
        for _ in range(options.rounds):
            alone = beside_clicks(server, options.seconds, lambda: None)[0]
            p99, reads, _, _ = beside_clicks(server, options.seconds, lambda of=path: read_often(server, f"/v1/statements/{ident}{of}", options.seconds - 1))
            rounds.append({"p99": p99, "alone": alone, "ratio": p99 / alone, **dict(zip(("first", "whole", "size", "cpu"), map(statistics.median, zip(*reads))))})
        of = {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
        print(f"| {name} | {of['first']:.1f} (at most {FIRST_BYTE_BOUND_MS}: {verdict(of['first'] <= FIRST_BYTE_BOUND_MS)}) | {of['whole']:.2f} | {of['cpu']:.2f} | {of['size']:.1f} | "
              f"{of['p99']:.2f} | {of['alone']:.2f} | {of['ratio']:.1f} (at most {BESIDE_BOUND}: {verdict(of['ratio'] <= BESIDE_BOUND)}) |", flush=True)
    server.stop()


def catalog(folder, options, _stack):
    """what a change of the control data costs the committer beside a click, each in a commit of its own, and what contracts and codes hold"""
    for contracts in (1_000, 10_000):
        (folder / f"catalog{contracts}").mkdir()
        say(f"at {contracts:,} contracts:")
        sys.stdout.flush()
        subprocess.run([CHANGES, folder / f"catalog{contracts}", str(contracts), "200" if options.quick else "1000"], check=True)


def score(_folder, options, _stack):
    """the fold of the lead score alone: tokens, predict and learn of invented leads, and the hash of what they leave"""
    chance, leads, rounds = random.Random(1), 2_000, 2 if options.quick else 20
    print("| fields | crossed | us a lead | us a hash of the state | bounds |\n|---|---|---|---|---|")
    for fields, crossed in ((25, 0), (25, 8), (32, 8)):
        shape = [part for n in range(fields) for part in (f"f_field_number_{n}", 0)]
        rows = [[str(chance.randrange(3000)) if n % 4 == 0 else f"value {int(chance.expovariate(0.3))}" for n in range(fields)] for _ in range(leads)]
        asked = [("begin", *shape), ("cross", *range(crossed))] if crossed else [("begin", *shape)]
        asked += [question for n, row in enumerate(rows) for question in (("predict", *row), ("learn", n, n % 3 // 2, -1))]
        text = "".join("\t".join(map(str, question)) + "\n" for question in [*asked, ("time", rounds)])
        said = subprocess.run([SCORE], input=text, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
        us, hashed = (int(ns) / 1000 for ns in said.split("\t"))
        judged = f"at most {HASH_BOUND_US} a hash: {verdict(hashed <= HASH_BOUND_US)}"
        if (fields, crossed) == (25, 8):
            judged = f"at most {SCORE_BOUND_US} a lead: {verdict(us <= SCORE_BOUND_US)}; {judged}"
        print(f"| {fields} | {crossed} | {us:.2f} | {hashed:.1f} | {judged} |", flush=True)


class Listeners:
    """Streams of events that are open, some auditors' each, and read as they come. `contract`: whose events they get; None: nobody's."""

    def __init__(self, server, contract, n):
        self.sockets, self.selector, self.bytes, self.over = [], selectors.DefaultSelector(), 0, False
        for first in range(0, n, LISTENERS_OF_PARTY):
            auditor = client.Party(server.operator, f"Listener {first}", "auditor")
            if contract is not None:
                server.operator.post(f"/v1/contracts/{contract}/grants", {"party": auditor.id})
            for _ in range(min(LISTENERS_OF_PARTY, n - first)):
                self.open(server.port, auditor.token)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def open(self, port, token):
        stream = socket.create_connection(("127.0.0.1", port))
        stream.sendall(f"GET /v1/live HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        if not stream.recv(65536).startswith(b"HTTP/1.1 200 "):
            sys.exit("a stream was refused")
        self.sockets.append(stream)
        self.selector.register(stream, selectors.EVENT_READ)

    def read(self):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LAST)
        while not self.over:
            for key, _ in self.selector.select(0.2):
                piece = key.fileobj.recv(65536)
                if not piece:
                    sys.exit("a stream ended")
                self.bytes += len(piece)

    def close(self):
        self.over = True
        self.thread.join()
        self.selector.close()
        for stream in self.sockets:
            stream.close()


def leads_of(server):
    """References of all leads that are not refused."""
    found, after = [], {}
    while after is not None:
        page = server.advertiser.get("/v1/leads", limit=200, **after)
        found += [lead["lead"] for lead in page["data"] if lead["status"] in ("pending", "approved", "returned")]
        after = {"after": page["next"]} if page.get("next") else None
    return found


def in_turns(rounds, cases):
    """What each case gives in each round, [{name: ...}], with the cases' order rotated."""
    names, out = list(cases), []
    for number in range(rounds):
        order = names[number % len(names):] + names[:number % len(names)]
        out.append({name: cases[name]() for name in order})
    return out


def live(folder, options, stack):
    """Clicks beside very many who listen to events: what these cost in memory, and clicks in time."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(options.listeners + 512, 1024), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    server = stack(Countersign(folder, "live", 0))
    server.wait_ready()
    rounds = options.rounds * 3
    print(f"{options.listeners:,} streams (--listeners), {LISTENERS_OF_PARTY} of a party, beside 1,000 clicks/s; medians of {rounds} rounds, each with streams and twice without, in "
          "rotation. `noise` is the ratio of the two without: what a ratio is worth here.\n\n"
          "| streams | MiB more | click p99 ms | without | ratio | noise | worker CPU us/s more | reader more | sent KiB/s |\n|---|---|---|---|---|---|---|---|---|")

    def beside(contract):
        mib, listeners = server.rss_anon_mib(), Listeners(server, contract, options.listeners) if contract != 0 else None
        time.sleep(1)
        more, before, got = server.rss_anon_mib() - mib, server.thread_us(), listeners.bytes if listeners else 0
        p99 = beside_clicks(server, options.seconds, lambda: None)[0]
        spent_us = {name: us / options.seconds for name, us in (server.thread_us() - before).items()}
        sent = (listeners.bytes - got) / 1024 / options.seconds if listeners else 0
        if listeners:
            listeners.close()
        return {"mib": more, "p99": p99, "worker": sum(us for name, us in spent_us.items() if name.startswith("worker")), "reader": spent_us.get("reader", 0), "sent": sent}
    for name, contract in (("of nothing that happens", None), ("of the contract that is clicked: counters each second", server.contracts[0])):
        done = in_turns(rounds, {"with": lambda contract=contract: beside(contract), "without": lambda: beside(0), "again": lambda: beside(0)})

        def of(case, what, done=done):
            return statistics.median(each[case][what] for each in done)

        def more(what, done=done):
            return statistics.median(each["with"][what] - (each["without"][what] + each["again"][what]) / 2 for each in done)
        ratio = statistics.median(2 * each["with"]["p99"] / (each["without"]["p99"] + each["again"]["p99"]) for each in done)
        noise = statistics.median(max(each["without"]["p99"], each["again"]["p99"]) / min(each["without"]["p99"], each["again"]["p99"]) for each in done)
        mib = max(each["with"]["mib"] for each in done)
        memory = f" (at most {MEMORY_BOUND_MIB}: {verdict(mib <= MEMORY_BOUND_MIB)})"
        judged = f" (at most {LIVE_BOUND}: {verdict(ratio <= LIVE_BOUND)})" if contract is None else ""
        print(f"| {name} | {mib:.1f}{memory} | {of('with', 'p99'):.2f} | {of('without', 'p99'):.2f} | {ratio:.2f}{judged} | {noise:.2f} | {more('worker'):,.0f} | {more('reader'):,.0f} | "
              f"{of('with', 'sent'):.0f} |", flush=True)
    server.stop()


TENANTS_BUDGET = 2000  # requests a second, as it is unless somebody sets it


def tenants(folder, options, stack):
    """What one party may ask without end, by its pages and its calls, beside clicks of others, and what the server holds then."""
    server = stack(Countersign(folder, "tenants", None, "--quota-codes", 1_000_000, budget=TENANTS_BUDGET))
    contract, email = server.contracts[0], 0
    server.spare(1)
    while email < options.lines:
        rows = [{"contract": contract, "txid": f"T{n}", "email": f"a{n}@example.com", "phone": "+336%08d" % n} for n in range(email, email + 1000)]
        taken = [row for row in server.advertiser.post("/v1/leads", rows)["data"] if row["status"] == 200]
        if len(taken) < len(rows):
            sys.exit("a lead was refused")
        server.advertiser.post("/v1/dispositions", [{"lead": row["lead"], "status": "approved"} for row in taken])
        email += 1000
        time.sleep(1)
    settle(server)
    statement = server.operator.post(f"/v1/contracts/{contract}/statements", {})["id"]
    campaign = server.operator.get("/v1/contracts/" + contract)["campaign"]
    cases = {**of_tenants.pages(server, server.advertiser, server.operator, contract, campaign, statement),
             **of_tenants.calls(server, server.advertiser, server.operator, contract)}
    idle = server.rss_anon_mib()
    rounds = options.rounds
    print(f"A contract of {options.lines:,} leads (--lines), and 1,000 clicks/s of other contracts; medians of {rounds} rounds, each with it and twice without, "
          "in rotation. `noise` is the ratio of the two without: what a ratio is worth here. us: CPU of each thread a request, without clicks. MiB: at most, more than idle.\n\n"
          "| what one party does without end | done a second | worker us | reader us | click p99 ms | without | ratio | noise | MiB |\n|---|---|---|---|---|---|---|---|---|")
    for name, work in cases.items():
        held, told, before = [], {}, server.thread_us()
        answered = sum(n for status, n in work(1).items() if isinstance(status, int))
        worker, reader = ((server.thread_us()[thread] - before[thread]) / answered if answered else 0 for thread in ("worker", "reader"))

        def watch(work=work, held=held, told=told):
            held.append(server.rss_anon_mib())
            stop = threading.Event()

            def look():
                while not stop.wait(0.02):
                    held.append(server.rss_anon_mib())
            looking = threading.Thread(target=look)
            looking.start()
            for status, n in work(options.seconds - 1).items():
                told[status] = told.get(status, 0) + n
            stop.set()
            looking.join()
        done = in_turns(rounds, {"with": lambda watch=watch: beside_clicks(server, options.seconds, watch)[0], "without": lambda: beside_clicks(server, options.seconds, lambda: None)[0],
                                 "again": lambda: beside_clicks(server, options.seconds, lambda: None)[0]})
        p99, alone = (statistics.median(each[case] for each in done) for case in ("with", "without"))
        ratio = statistics.median(2 * each["with"] / (each["without"] + each["again"]) for each in done)
        noise = statistics.median(max(each["without"], each["again"]) / min(each["without"], each["again"]) for each in done)
        said = ", ".join(f"{n / rounds / (options.seconds - 1):,.0f} {status}" for status, n in sorted(told.items(), key=str))
        print(f"| {name} | {said} | {worker:,.0f} | {reader:,.0f} | {p99:.2f} | {alone:.2f} | {ratio:.2f} (at most {BESIDE_BOUND}: {verdict(ratio <= BESIDE_BOUND)}) | {noise:.2f} | {max(held) - idle:.0f} "
              f"(at most {MEMORY_BOUND_MIB}: {verdict(max(held) - idle <= MEMORY_BOUND_MIB)}) |", flush=True)
    server.stop()


BULK_ROWS, BULK_S, BULK_BOUND = 10_000, 5, 2


def bulk(folder, options, stack):
    """Many dispositions in one call beside clicks: what they take, and clicks in time."""
    server = stack(Countersign(folder, "bulk", 0))
    server.wait_ready()
    while len(leads_of(server)) < BULK_ROWS:
        load(server, *server.mix("lead=1"), "--duration", 2)
    refs, states, taken = leads_of(server)[:BULK_ROWS], ["approved", "returned"], []

    def call():
        rows = [{"lead": ref, "status": states[len(taken) % 2]} for ref in refs]
        start = time.monotonic()
        answer = server.advertiser.post("/v1/dispositions", rows)["data"]
        taken.append(time.monotonic() - start)
        if any(row["status"] != 200 for row in answer):
            sys.exit(f"a row was refused: {next(row for row in answer if row['status'] != 200)}")
        return answer
    rounds = options.rounds * 3
    done = in_turns(rounds, {"with": lambda: beside_clicks(server, options.seconds, call), "without": lambda: beside_clicks(server, options.seconds, lambda: None)})
    alone = statistics.median(each["without"][0] for each in done)
    p99, ratio = statistics.median(each["with"][0] for each in done), statistics.median(each["with"][0] / each["without"][0] for each in done)
    took = statistics.median(taken)
    print(f"{BULK_ROWS:,} rows in one call beside 1,000 clicks/s; medians of {rounds} rounds, in rotation.\n\n| seconds a call | click p99 ms | without | ratio | batches past {BATCH_BOUND_MS} ms | without |\n"
          "|---|---|---|---|---|---|")
    print(f"| {took:.2f} (at most {BULK_S}: {verdict(took <= BULK_S)}) | {p99:.2f} | {alone:.2f} | {ratio:.2f} (at most {BULK_BOUND}: {verdict(ratio <= BULK_BOUND)}) | "
          f"{statistics.median(each['with'][2] for each in done):.2%} | {statistics.median(each['without'][2] for each in done):.2%} |", flush=True)
    server.stop()


REPORT_DAYS, REPORT_BOUND_MS, SEVERAL_LEADS, SEVERAL_ROWS = 90, 50, 20_000, 1000


def reports(folder, options, stack):
    """Reports over many clicks of 90 days: what a sweep costs a click, and what an answer takes the reader."""
    clock = Clock(folder / "reports.clock")
    server = stack(Countersign(folder, "reports", None, under=clock.under))
    server.stop()
    clock.pass_days(REPORT_DAYS + 1)  # what is filled in comes behind the terms
    plain = shutil.copytree(server.data, folder / "plain")

    def fill(data, clicks, *env):
        done = subprocess.run(["env", *env, *clock.under, FILL_TRAFFIC, data, str(clicks), str(REPORT_DAYS)], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()
    print(f"Clicks that say nothing, so that all are alike: {fill(plain, options.clicks // 10, 'PLAIN=1')}.\n", flush=True)
    shutil.rmtree(plain)
    print(f"{options.clicks:,} clicks of {REPORT_DAYS} days (--clicks) in 4 contracts, each with nine parameters of its own: {fill(server.data, options.clicks)}. Of each report the fastest of 5.\n\n"
          "| report | reader, CPU ms | answered after ms | KiB |\n|---|---|---|---|", flush=True)
    server.start()
    stack(server)
    server.wait_ready()
    today = datetime.date.today() + datetime.timedelta(REPORT_DAYS + 1)
    half = f"from={today - datetime.timedelta(REPORT_DAYS // 2)}&to={today}&timezone=UTC"
    campaign = server.operator.get(f"/v1/contracts/{server.contracts[0]}")["campaign"]
    for query in ("", *("group=" + name for name in ("hour", "day", "campaign", "publisher", "contract", "status", "code", "sub1", "sub2", "utm_source", "utm_campaign", "channel", "country",
                                                     "device", "day,sub1", "day,sub2", "day,channel", "day,country,publisher")),
                  "group=day,sub1&timezone=Asia/Kathmandu", "group=day&sub2=value-7", "group=publisher&sub1=value-7&class=ok", f"group=sub1&compare=previous&{half}",
                  f"group=day,publisher&{half}", *(f"group=publisher&model={model}&campaign={campaign}" for model in ("linear", "shapley", "markov"))):
        report_row(server, query)
    server.stop()
    several(stack(Countersign(folder, "several", None)), folder)


def report_row(server, query):
    tried = []
    for _ in range(5):
        before, start = server.thread_us()["reader"], time.monotonic()
        size = len(server.operator.do("GET", "/v1/reports?" + query).body)
        tried.append(((server.thread_us()["reader"] - before) / 1000, (time.monotonic() - start) * 1000))
    cpu, took = map(min, zip(*tried))
    print(f"| `{query or 'totals'}` | {cpu:.1f} (at most {REPORT_BOUND_MS}: {verdict(cpu <= REPORT_BOUND_MS)}) | {took:.1f} | {size >> 10} |", flush=True)


def several(server, folder):
    """Leads that three clicks each led to, which a model deals one by one."""
    acks = folder / "several.acks"
    load(server, "--codes", server.codes, "--count", 3 * SEVERAL_LEADS, "--timeout", 60, "--acks", acks, connections=64)
    clicks = [line.rsplit(" ", 1)[1] for line in acks.read_text().splitlines()]
    random.Random(1).shuffle(clicks)
    for at in range(0, len(clicks) - 2, 3 * SEVERAL_ROWS):
        ways = [clicks[n:n + 3] for n in range(at, min(at + 3 * SEVERAL_ROWS, len(clicks) - 2), 3)]
        server.advertiser.post("/v1/leads", [{"click_id": way[0], "touches": ",".join(way), "email": f"lead.{at}.{n}@example.com", "phone": f"+336{at + n:08}"} for n, way in enumerate(ways)])
    settle(server)
    campaign = server.operator.get(f"/v1/contracts/{server.contracts[0]}")["campaign"]
    print(f"\n{SEVERAL_LEADS:,} leads that three clicks each led to.\n\n| report | reader, CPU ms | answered after ms | KiB |\n|---|---|---|---|", flush=True)
    for query in ("publisher", "device"):
        for model in ("linear", "shapley", "markov"):
            report_row(server, f"group={query}&model={model}&campaign={campaign}")


SECTIONS = {**{f.__name__: f for f in (speed, leads, latency, growth, restart, cost, catalog, score, verify, statements, live, tenants, bulk, reports)},
            **{name: beside(name) for name in BESIDE}}


class Told(io.StringIO):
    """Passes on what is printed, and keeps it."""

    def __init__(self, out):
        super().__init__()
        self.out = out

    def write(self, text):
        self.out.write(text)
        return super().write(text)

    def flush(self):
        self.out.flush()


def cell(text):
    """A number where a cell of a table is one; of a share in percent the share."""
    plain = text.replace(",", "").removesuffix("%")
    try:
        return float(plain) / 100 if text.endswith("%") else float(plain)
    except ValueError:
        return text


def as_json(markdown):
    """The tables of a section's Markdown as lists of objects, and the rest as text."""
    tables, text, names = [], [], None
    for line in filter(None, markdown.splitlines()):
        cells = [part.strip() for part in line.strip("|").split("|")] if line.startswith("|") else None
        if cells is None:
            names = None
            text.append(line)
        elif names is None:
            names = cells
            tables.append([])
        elif set("".join(cells)) - set("-"):
            tables[-1].append(dict(zip(names, map(cell, cells))))
    return {"tables": tables, "text": text}


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown CPU")
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"


def executable(path):
    path = pathlib.Path(path).resolve()
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise argparse.ArgumentTypeError(f"{path} is not a program")
    return path


def parse():
    """The arguments, with the defaults that hang together put in."""
    parser = argparse.ArgumentParser(prog="scripts/bench", allow_abbrev=False, description="Side-by-side benchmark; prints Markdown.")
    parser.add_argument("--quick", action="store_true", help="short rounds and few events: shows that it works, proves nothing")
    parser.add_argument("--compare", metavar="BINARY", type=executable,
                        help="an earlier countersign against this one, in rotation, instead of the rest; sections: speed, leads")
    parser.add_argument("--instructions", action="store_true", help="with --compare: count instructions under valgrind, not time")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section; may be repeated [all but " + ", ".join(BESIDE) + "]")
    parser.add_argument("--rounds", type=int, help="rounds of a side-by-side comparison [3; --compare 40; --instructions 6]")
    parser.add_argument("--seconds", type=int, help="seconds of one measurement [4; quick and --compare 1; --instructions 2]")
    parser.add_argument("--events", type=int, help="events of the growth curve [10000000; quick 100000]")
    parser.add_argument("--leads", type=int, help="stored leads at the end of the cost curve, and of a mirror that is scored [1000000; quick 20000]")
    parser.add_argument("--entries", type=int, help="entries of the mirror that is verified [200000; quick 20000]")
    parser.add_argument("--lines", type=int, help="line items of a statement [100000; quick 5000]")
    parser.add_argument("--listeners", type=int, help="streams of events [2000; quick 200]")
    parser.add_argument("--clicks", type=int, help="clicks that reports are of [10000000; quick 100000]")
    parser.add_argument("--unswept", type=int, help="events before the kill [1000000; quick 50000]")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="the same figures there as JSON")
    parser.add_argument("--data", help="folder on the disk to measure [a new one below build/]")
    options = parser.parse_args()
    options.sections = compare.SECTIONS if options.compare else SECTIONS
    options.only = options.only or [name for name in options.sections if name not in BESIDE]
    if options.instructions and not options.compare:
        parser.error("--instructions goes with --compare")
    if not set(options.only) <= set(options.sections):
        parser.error(f"--compare has the sections {' and '.join(options.sections)}")
    if (os.cpu_count() or 1) < 2:
        parser.error("needs two CPUs: one for the servers, one for the load generator")
    how = compare.Counted if options.instructions else compare.Timed
    rounds, seconds = (how.rounds, how.seconds) if options.compare else (3, 4)
    options.rounds = options.rounds or (3 if options.quick else rounds)
    options.seconds = options.seconds or (1 if options.quick else seconds)
    options.events = options.events or (100_000 if options.quick else 10_000_000)
    options.leads = options.leads or (20_000 if options.quick else 1_000_000)
    options.entries = options.entries or (20_000 if options.quick else 200_000)
    options.lines = options.lines or (5_000 if options.quick else 100_000)
    options.listeners = options.listeners or (200 if options.quick else 2000)
    options.clicks = options.clicks or (100_000 if options.quick else 10_000_000)
    options.unswept = options.unswept or (50_000 if options.quick else 1_000_000)
    return options


def prepare(options):
    """Installs and builds what these options need, by the means of all scripts."""
    packages = ["valgrind"] if options.instructions else []
    if not options.compare and not pathlib.Path(NGINX).exists():
        packages.append("nginx-light")
    packages += {package for name in options.only if name in BESIDE for package in BESIDE[name].packages}
    script = '. "$1"; shift; need "${build_packages[@]}" "$@"; build release countersign countersign-loadtest fill_leads changes fill_traffic score_answers wrong_clock'
    done = subprocess.run(["bash", "-c", script, "scripts/bench", ROOT / "scripts/lib.sh", *packages], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main():
    client.TIMEOUT_S = 300
    options = parse()
    prepare(options)
    told = {}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.data or ROOT / "build"))
    try:
        print(f"Measured on {machine()}, {time.strftime('%Y-%m-%d')}.\n")
        for name in options.only:
            section = options.sections[name]
            say(f"{name}: {section.__doc__}")
            before = cpu_times()
            with contextlib.ExitStack() as running, contextlib.redirect_stdout(Told(sys.stdout)) as out:
                def stack(server):
                    running.callback(server.stop)
                    return server
                section(folder, options, stack)
            told[name] = {"what": section.__doc__, **as_json(out.getvalue())}
            whole, stolen, others = (after - before for after, before in zip(cpu_times(), before))
            print(f"\nMeanwhile the hypervisor gave {stolen / whole:.0%} of this machine's CPU time to others, and other programs on it took "
                  f"{max(others, 0) / whole:.0%}; past a few percent, times say little.\n", flush=True)
        if options.json is not None:
            options.json.write_text(json.dumps({"machine": machine(), "date": time.strftime("%Y-%m-%d"), "sections": told}, indent=1) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
