"""``python -m tests.soak.polling [--hours 24] [--servers 50] [--seed N] [--json]``

A collector in a process of its own polls a lab in another one, over real sockets, while troubles drawn from a
seed come and go. Once an hour everything is put right; the collector must recover by itself, and when nothing
is under way it is looked at: memory, threads, file descriptors, shells held at the lab. Exit 1 when one of
them grows, or anything else was wrong.

An hour is an hour's work: at the default interval a server is read 120 times, and so it is here. What is
faster than life, and what is not:

- The reads are not fewer, only closer together: the collector is told to begin the next one at once. An hour
  lasts as long as 120 answers a server take. The list of servers and the services of a server (WinRM) are
  read as often as the schedule of a day asks for, or nearly; the count of both is in the figures.
- The lab's clock is pushed on a minute with each minute's work, so its monitors, probes, reboots and
  failovers live through the whole day.
- Time limits are shorter (the environment's ``time_limit`` and ``connect_seconds``), troubles last a few
  seconds, which are minutes of the lab's.
- Everything else runs in real time: how long a session may lie idle, how long a lane rests and a failed
  sign-in is left alone (an operator presses R after each hour), how long shells live without their client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec
import psutil

from cockpit.config.environment import Environment
from cockpit.fleet.messages import AbandonProbe, Pause, Refresh, RunProbe, SetInterval, Watch
from cockpit.fleet.readers import now
from tests.soak.collecting import Collecting, collecting
from tests.soak.looks import HEAD, Cost, Look, Peaks, line
from tests.soak.trend import Finding, Flat, verdict
from tests.soak.troubles import TROUBLES, Fate, Trouble, in_order
from tests.support.processes import LabProcess, lab

MINUTES: Final = 60
ROUNDS_A_MINUTE: Final = 2
"""At the default interval of 30 s."""
MINUTES_BETWEEN_LISTS: Final = 10
"""The collector reads the list of servers every ten minutes, and whenever an operator presses R."""
PACE: Final = 0.05
"""Seconds between two reads of a server: as fast as it can."""
WINRM_SECONDS: Final = 6.0
"""The default of 300 s, as much faster as an hour of work is when it takes little more than a minute."""
LIMITS: Final = {"time_limit": 3.0, "winrm_interval": WINRM_SECONDS}
CONNECT_SECONDS: Final = 1.5
STALLED_SECONDS: Final = 8.0
"""Work stands still that long: what is wrong is put right, for no minute would pass any more."""
WELL_SECONDS: Final = 120.0
QUIET_SECONDS: Final = 60.0
END_SECONDS: Final = 20.0
PROBE: Final = "POP\\PopSelfTestProbe"

MEMORY: Final = Flat("own memory", " MB", per_hour=0.2)
THREADS: Final = Flat("threads", "", per_hour=0.0, spread=0.0)
FILES: Final = Flat("file descriptors beside those of sessions", "", per_hour=0.05)


@dataclass(frozen=True, slots=True)
class Course:
    """How long, and how hard. ``legs`` of ``minutes`` of work each, a rest after each; ``troubles``: to draw
    from, ``strikes``: how many of them come in a leg."""

    legs: int = 24
    minutes: int = MINUTES
    servers: int = 50
    seed: int = 7
    strikes: int = 15
    troubles: tuple[Trouble, ...] = TROUBLES

    @property
    def warm_up(self) -> float:
        """Simulated hours: a sixth of all, the first leg at least."""
        return max(1.0, self.legs / 6) * self.minutes / MINUTES

    def wanted(self, legs: int) -> int:
        """Answers after so many legs, but for those that nobody could give."""
        return legs * self.minutes * ROUNDS_A_MINUTE * self.servers


@dataclass(slots=True)
class Report:
    """What was seen. ``wrong``: in words; empty where all was well."""

    course: Course
    looks: list[Look] = field(default_factory=list)
    peaks: Peaks = field(default_factory=Peaks)
    violations: list[str] = field(default_factory=list)
    troubles: Mapping[str, int] = field(default_factory=dict)
    stalls: int = 0
    recovered: list[float] = field(default_factory=list)
    """Seconds from the end of all troubles until every server was read and well, for each rest."""
    ended: float = 0.0
    """Seconds from the end of its stdin to that of the collector."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        warm_up = self.course.warm_up
        own = [(look.hours, look.cost.own) for look in self.looks]
        threads = [(look.hours, float(look.cost.threads)) for look in self.looks]
        files = [(look.hours, float(look.other_files)) for look in self.looks]
        return (
            MEMORY.judge(own, warm_up),
            THREADS.judge(threads, warm_up),
            FILES.judge(files, warm_up),
        )

    @property
    def wrong(self) -> tuple[str, ...]:
        return verdict(self.findings, self.violations)


class Soak:
    """One run on ``served``. ``say``: takes lines for whoever waits."""

    def __init__(self, served: LabProcess, course: Course, say: Any = print) -> None:
        self._served = served
        self._course = course
        self._say = say
        self._fate = Fate(served, course.seed, course.troubles)
        self._lab = psutil.Process(served.process.pid)
        self._began = time.monotonic()
        self._minute_began = self._began
        self._met: list[str] = []
        """The troubles of this leg."""
        self.report = Report(course)

    async def run(self, folder: Path) -> Report:
        self._say(HEAD)
        async with collecting(_environment(self._served), folder / "collector.log", **LIMITS) as collector:
            collector.send(SetInterval(PACE))
            watching = asyncio.create_task(self._watch(collector))
            for leg in range(self._course.legs):
                await self._work(collector, leg)
                await self._rest(collector, leg)
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            process, ending = collector.process, time.monotonic()
        await self._ended(process, ending)
        self.report.troubles = self._fate.counts
        return self.report

    # --- a leg ---------------------------------------------------------------------------------------

    async def _work(self, collector: Collecting, leg: int) -> None:
        course = self._course
        for minute in range(1, course.minutes + 1):
            if self._fate.chance(course.strikes / course.minutes):
                self._met.append(str(await asyncio.to_thread(self._fate.strike)))
            done = course.wanted(leg) + minute * ROUNDS_A_MINUTE * course.servers
            glance = asyncio.create_task(self._operate(collector, minute, done))
            if not await collector.have_answered(done, STALLED_SECONDS):
                await self._put_right(collector, done)
            await glance
            await self._pass_minute()

    async def _put_right(self, collector: Collecting, done: int) -> None:
        """Nothing moves, or little: end what is wrong, and wait for this minute's answers."""
        self.report.stalls += 1
        await asyncio.to_thread(self._fate.relent)
        collector.send(Refresh())
        if not await collector.have_answered(done, WELL_SECONDS):
            self._wrong(f"{done} answers wanted, {collector.answers} came: {collector.ills(now())}")

    async def _pass_minute(self) -> None:
        """The lab's clock has run by itself meanwhile."""
        await asyncio.to_thread(self._fate.pass_minute)
        at = time.monotonic()
        await asyncio.to_thread(self._served.advance, max(0.0, 60.0 - (at - self._minute_began)))
        self._minute_began = at

    async def _operate(self, collector: Collecting, minute: int, done: int) -> None:
        """What somebody at the screen does: reads everything anew, runs a probe, looks at a server until all
        of it was read, or the minute is over."""
        server = self._fate.server()
        if minute % MINUTES_BETWEEN_LISTS == 0:
            collector.send(Refresh())
        if minute % MINUTES_BETWEEN_LISTS == 5:
            run = uuid4().hex
            collector.send(RunProbe(run, server, PROBE))
            if self._fate.chance(0.5):
                collector.send(AbandonProbe(run))
        before = collector.fleet.servers[server].health_sets_read_at
        collector.send(Watch(server))
        await collector.until(
            lambda: (
                collector.fleet.servers[server].health_sets_read_at != before or collector.answers >= done
            ),
            STALLED_SECONDS,
        )
        collector.send(Watch(""))

    # --- a rest --------------------------------------------------------------------------------------

    async def _rest(self, collector: Collecting, leg: int) -> None:
        """Everything is put right and must be well again by itself; then nothing is done, and it is looked
        at."""
        await asyncio.to_thread(self._fate.relent)
        await asyncio.to_thread(self._served.advance, 600.0)
        since, began = now(), time.monotonic()
        collector.send(Refresh())
        if not await collector.until(lambda: collector.well(since), WELL_SECONDS):
            self._wrong(f"after leg {leg + 1} it does not recover: {collector.ills(since)}")
        self.report.recovered.append(time.monotonic() - began)
        collector.send(Pause(True))
        held = await self._quiet(collector)
        look = await self._look(collector, leg, held)
        self._say(line(look, self.report.looks[-1] if self.report.looks else None))
        self.report.looks.append(look)
        self._met.clear()
        collector.send(Pause(False))

    async def _quiet(self, collector: Collecting) -> list[dict[str, Any]]:
        """The shells at the lab once there are none that the collector does not speak of, and nothing runs in
        them; else what there is after a while, and a violation. There may be fewer: a server that was down
        has forgotten its shells, which a client learns when it uses them."""
        deadline = time.monotonic() + QUIET_SECONDS
        while True:
            shells = await asyncio.to_thread(self._served.shells)
            kinds = [shell["kind"] for shell in shells]
            sessions = collector.fleet.status.sessions
            if (
                collector.fleet.status.paused
                and kinds.count("exchange") <= sessions
                and "winrm" not in kinds
                and not any(shell["open_commands"] for shell in shells)
            ):
                return shells
            if time.monotonic() > deadline:
                held = [f"{s['kind']} at {s['server']}, {s['idle_seconds']:.0f} s idle" for s in shells]
                self._wrong(f"at rest the lab holds {held} for {sessions} sessions, after {self._met}")
                return shells
            await collector.until(lambda: False, 0.25)

    async def _look(self, collector: Collecting, leg: int, held: list[dict[str, Any]]) -> Look:
        course = self._course
        kinds = [shell["kind"] for shell in held]
        return Look(
            hours=(leg + 1) * course.minutes / MINUTES,
            wall=time.monotonic() - self._began,
            answers=collector.answers,
            winrm_answers=collector.winrm_answers,
            cost=Cost.of(collector.process),
            lab=Cost.of(self._lab),
            exchange=kinds.count("exchange"),
            winrm=kinds.count("winrm"),
            sessions=collector.fleet.status.sessions,
        )

    async def _watch(self, collector: Collecting) -> None:
        """What it costs while it works."""
        while True:
            shells = await asyncio.to_thread(self._served.shells)
            self.report.peaks.see(Cost.of(collector.process), len(shells))
            await asyncio.sleep(1.0)

    # --- the end -------------------------------------------------------------------------------------

    async def _ended(self, process: psutil.Process, ending: float) -> None:
        """Nothing is left: no process, no shell."""
        _, alive = await asyncio.to_thread(psutil.wait_procs, [process], END_SECONDS)
        self.report.ended = time.monotonic() - ending
        if alive:
            self._wrong(f"the collector has not ended after {END_SECONDS:g} s")
        if shells := self._served.shells():
            self._wrong(f"{len(shells)} shells are left at the lab")

    def _wrong(self, words: str) -> None:
        self._say(f"  WRONG: {words}")
        self.report.violations.append(words)


def _environment(served: LabProcess) -> Environment:
    environment = served.environment
    return msgspec.structs.replace(
        environment,
        exchange=msgspec.structs.replace(environment.exchange, connect_seconds=CONNECT_SECONDS),
        winrm=msgspec.structs.replace(environment.winrm, connect_seconds=CONNECT_SECONDS),
    )


def soak(folder: Path, course: Course, say: Any = print) -> Report:
    """Run it."""
    with lab(folder / "lab", "healthy", "--servers", str(course.servers), seed=course.seed) as served:
        return asyncio.run(Soak(served, course, say).run(folder))


def summary(report: Report) -> list[str]:
    """The figures, for people."""
    course, last = report.course, report.looks[-1]
    rounds = last.answers / course.servers
    day = course.legs * course.minutes
    return [
        f"{last.hours:g} simulated hours of {course.servers} servers in {last.wall / 60:.1f} minutes: "
        f"{last.answers} answers, {rounds:.0f} rounds of {day * ROUNDS_A_MINUTE}; "
        f"WinRM {last.winrm_answers} of {day // 5 * course.servers}",
        f"{sum(report.troubles.values())} troubles: {in_order(report.troubles)}",
        f"well again by itself within {max(report.recovered):.1f} s at most; {report.stalls} minutes stood "
        "still",
        f"while it worked at most {report.peaks.resident:.1f} MB resident, {report.peaks.threads} threads, "
        f"{report.peaks.files} file descriptors, {report.peaks.shells} shells at the lab",
        f"it ended {report.ended:.2f} s after its stdin, and left no shell" if not report.violations else "",
        *(str(finding) for finding in report.findings),
    ]


def as_json(report: Report) -> dict[str, Any]:
    last = report.looks[-1]
    return {
        "hours": last.hours,
        "servers": report.course.servers,
        "seed": report.course.seed,
        "minutes": round(last.wall / 60, 1),
        "answers": last.answers,
        "rounds": round(last.answers / report.course.servers, 1),
        "winrm_answers": last.winrm_answers,
        "troubles": dict(report.troubles),
        "stalls": report.stalls,
        "recovered_seconds": [round(seconds, 2) for seconds in report.recovered],
        "peaks": asdict(report.peaks),
        "slopes": {finding.bound.name: finding.slope for finding in report.findings},
        "looks": [asdict(look) for look in report.looks],
        "ended_seconds": round(report.ended, 2),
        "wrong": list(report.wrong),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.polling", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument(
        "--hours", type=int, default=24, help="simulated ones: 120 reads of every server each"
    )
    parser.add_argument("--servers", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout; the rest on stderr")
    asked = parser.parse_args()

    def say(words: str) -> None:
        print(words, file=sys.stderr if asked.json else sys.stdout, flush=True)

    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        report = soak(Path(folder), Course(asked.hours, servers=asked.servers, seed=asked.seed), say)
    for words in summary(report):
        say(words)
    if asked.json:
        print(json.dumps(as_json(report), indent=2))
    say("\n".join(report.wrong) or "flat: nothing grew, nothing was left, it always recovered")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
