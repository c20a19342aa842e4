"""``fleet``: what one poll of 200 servers costs the collector, and what it costs stock pypsrp.

Subjects, each a process of its own, on one lab process, in the same run and interleaved:

- the product's collector process, running, with its sessions open. A round is asked for with the command
  that the screen's refresh key sends, for every server. CPU: user and system seconds of that process
  from before the round until a second after its last server answered; start, imports, sign-in and
  reading the organization are not in it, but diffing and sending the changes are;
- ``kept``: stock pypsrp, a pool per server opened beforehand, 32 threads;
- ``once``: stock pypsrp, open, invoke, close for each server, 8 threads.

Small: one Get-ServerHealth for each POP health set that a server has (2013's single roles have two of the
three). Large: one Get-ServerHealth without a filter. The same calls for all three. The parsing is
nearly all of stock's cost for the large call, so there it reads ``stock_servers`` servers, evenly
chosen, and its seconds are scaled by the rows that the collector's calls bring. ``_lab_cpu`` figures are
the lab's CPU seconds per second of wall: it shares the cores with whom it serves.

Growth: collectors on labs of 100, 200 and 400 servers, all alive, rounds taken in turns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Literal

import msgspec

from cockpit.config.targets import exchange_target
from tests.benchmarks.collecting import CollectorProcess, Round
from tests.benchmarks.figures import Figure, Report, Sizes, at_least, at_most, median
from tests.benchmarks.processes import Lab, run_module
from tests.benchmarks.stock import Job, Spent

STOCK_SECONDS = 400.0
Way = Literal["kept", "once"]
Scope = Literal["pop", "all"]
THREADS: dict[Way, int] = {"kept": 32, "once": 8}


CASES: tuple[tuple[Scope, str, float], ...] = (("pop", "small", 3.0), ("all", "large", 10.0))
"""Scope of polling, its name here, how many times less the collector is to spend."""


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    figures: list[Figure] = []
    notes: list[str] = []
    with Lab(sizes.servers) as lab:
        for scope, name, needed in CASES:
            say(f"{name} calls, {sizes.servers} servers")
            found, said = _compare(lab, scope, name, needed, sizes)
            figures += found
            notes += said
    say(f"growth over {', '.join(map(str, sizes.growth))} servers")
    figures += _growth(sizes)
    return Report("fleet", tuple(figures), tuple(notes))


def _compare(
    lab: Lab, scope: Scope, name: str, needed: float, sizes: Sizes
) -> tuple[list[Figure], list[str]]:
    rounds: list[Round] = []
    stock: dict[Way, list[Spent]] = {"kept": [], "once": []}
    with CollectorProcess(lab, scope) as collector:
        jobs = {way: _job(lab, collector, way, scope, sizes) for way in stock}
        asked = len(jobs["kept"].servers)
        total = sizes.servers if scope == "pop" else _all_rows(collector)
        for n in range(sizes.rounds):
            rounds.append(collector.round())
            if n and scope == "all":
                continue  # stock takes a minute for it; once has to do
            for way, job in jobs.items():
                stock[way].append(_stock(job, lab, total if scope == "all" else None))
    cpu = median([r.cpu for r in rounds])
    figures = [
        Figure(f"{name}_collector_cpu", cpu, "s"),
        Figure(f"{name}_collector_wall", median([r.wall for r in rounds]), "s"),
        Figure(f"{name}_collector_lab_cpu", median([r.lab_cpu / r.wall for r in rounds]), "of wall"),
    ]
    for way, runs in stock.items():
        spent = median([r.cpu for r in runs])
        figures += [
            Figure(f"{name}_stock_{way}_cpu", spent, "s"),
            Figure(f"{name}_stock_{way}_wall", median([r.wall for r in runs]), "s"),
            Figure(f"{name}_stock_{way}_lab_cpu", median([r.lab_cpu / r.wall for r in runs]), "of wall"),
            Figure(f"{name}_ratio_{way}", spent / cpu, "×", at_least(needed)),
        ]
    notes = [f"{name}: {sum(len(c) for c in jobs['kept'].calls)} calls on {asked} servers for stock"]
    if asked < sizes.servers:
        notes[0] += f", its CPU and wall scaled by rows to {sizes.servers} servers ({total} rows)"
    return figures, notes


def _all_rows(collector: CollectorProcess) -> int:
    """Monitors of all health sets that one round of the collector read."""
    return sum(h.monitor_count for s in collector.fleet.servers.values() for h in s.health_sets or ())


def _job(lab: Lab, collector: CollectorProcess, way: Way, scope: Scope, sizes: Sizes) -> Job:
    names = collector.polled()
    if scope == "all":
        wanted = min(len(names), sizes.stock_servers)
        names = [names[n * len(names) // wanted] for n in range(wanted)]
    calls: list[tuple[dict[str, str], ...]] = []
    for name in names:
        sets = collector.fleet.servers[name].readings
        small = tuple({"Identity": name, "HealthSet": r.health_set} for r in sets)
        calls.append(({"Identity": name},) if scope == "all" else small)
    environment = lab.environment
    return Job(
        way=way,
        threads=THREADS[way],
        user=environment.credential.user,
        password=lab.password.value if lab.password else "",
        ca_file=environment.exchange.ca_file or "",
        servers=tuple((n, exchange_target(environment, n).url) for n in names),
        calls=tuple(calls),
        lab=lab.pid,
    )


def _stock(job: Job, lab: Lab, rows: int | None) -> Spent:
    """``rows``: scale what was spent to as many; None: as it is."""
    said = run_module("tests.benchmarks.stock", msgspec.json.encode(job), lab.state, STOCK_SECONDS)
    spent = msgspec.json.decode(said, type=Spent)
    scale = 1.0 if rows is None else rows / spent.rows
    return Spent(spent.cpu * scale, spent.wall * scale, spent.lab_cpu * scale, spent.rows)


def _growth(sizes: Sizes) -> list[Figure]:
    """CPU per server at each size, and the last over the first: 1 is linear."""
    with contextlib.ExitStack() as stack:
        labs = [stack.enter_context(Lab(n)) for n in sizes.growth]
        collectors = [stack.enter_context(CollectorProcess(lab)) for lab in labs]
        spent = [[c.round() for c in collectors] for _ in range(sizes.rounds)]
    each = [median([rounds[i].cpu for rounds in spent]) / count for i, count in enumerate(sizes.growth)]
    figures = [
        Figure(f"growth_{count}_cpu_per_server", cpu * 1000, "ms")
        for count, cpu in zip(sizes.growth, each, strict=True)
    ]
    return [*figures, Figure("growth_ratio", each[-1] / each[0], "×", at_most(1.2))]
