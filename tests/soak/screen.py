"""``python -m tests.soak.screen [--hours 8] [--servers 200] [--seed N] [--json]``

The cockpit on a terminal of 200x50, its collector beside it, a lab of 200 servers: a day in which servers
fall ill, are cured, go down and come back, while an operator looks around. Each minute the memory, threads
and file descriptors of the screen and of the collector are looked at. Then every server hangs and the
cockpit is quit. Exit 1 when something grows, or is left.

An hour is an hour's work: every server is asked 120 times, as at the default interval, and the lab's clock is
pushed on with it. The reads are not fewer, only closer together; what the screen gets is told of four times a
second at most, as always, so that each telling is of more servers than in life. Its clocks (the age of what
it shows, the journal's polls, the sweep) run in real time. The operator presses a key a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from tests.soak.cockpit import PRESSES
from tests.soak.looks import Cost
from tests.soak.trend import Finding, Flat, verdict
from tests.soak.troubles import TROUBLES, Fate, Trouble, Where, in_order
from tests.support.processes import Home, LabProcess, lab
from tests.support.terminal import Terminal, terminal
from tests.support.waiting import eventually

ROUNDS_A_MINUTE: Final = 2
ILLS: Final = tuple(trouble for trouble in TROUBLES if trouble.where is Where.ONE)
"""The day is about servers; what befalls those that are dialled is ``polling``'s."""
KEYS: Final = (
    *("down", "down", "?", "\x1b", "T", "\x1b", "tab", "up", "W", "\x1b", "f", "down", "f", "b"),
    *("H", "\x1b", "/", "e", "x", "\x1b", "enter", "o", "\x1b", "left", "\x1b"),
)
MINUTE_SECONDS: Final = 120.0
"""More than a minute's work takes on the busiest machine."""
FIRST_SECONDS: Final = 90.0
END_SECONDS: Final = 15.0
SCREEN_MEMORY: Final = Flat("own memory of the screen", " MB", per_hour=1.0)
COLLECTOR_MEMORY: Final = Flat("own memory of the collector", " MB", per_hour=1.0)
SCREEN_FILES: Final = Flat("file descriptors of the screen", "", per_hour=0.05)
SCREEN_THREADS: Final = Flat("threads of the screen", "", per_hour=0.05)


@dataclass(frozen=True, slots=True)
class Day:
    """``minutes`` of work, an hour being 60; ``strikes``: how many ills come in an hour."""

    minutes: int = 480
    servers: int = 200
    seed: int = 7
    strikes: int = 60
    warm_up: float = 1.0
    ills: tuple[Trouble, ...] = ILLS


@dataclass(frozen=True, slots=True)
class Look:
    """``hours`` of work; ``asked``: reads so far; ``written``: bytes on the terminal so far."""

    hours: float
    wall: float
    asked: int
    written: int
    screen: Cost
    collector: Cost


@dataclass(slots=True)
class Report:
    """``quit_seconds``: from the key to the screen's end, every server hung; ``collector_seconds``: to the
    collector's."""

    day: Day
    looks: list[Look] = field(default_factory=list)
    ills: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    quit_seconds: float = 0.0
    collector_seconds: float = 0.0

    @property
    def findings(self) -> tuple[Finding, ...]:
        warm_up = self.day.warm_up
        return (
            SCREEN_MEMORY.judge([(x.hours, x.screen.own) for x in self.looks], warm_up),
            COLLECTOR_MEMORY.judge([(x.hours, x.collector.own) for x in self.looks], warm_up),
            SCREEN_THREADS.judge([(x.hours, float(x.screen.threads)) for x in self.looks], warm_up),
            SCREEN_FILES.judge([(x.hours, float(x.screen.files)) for x in self.looks], warm_up),
        )

    @property
    def wrong(self) -> tuple[str, ...]:
        return verdict(self.findings, self.violations)


class Asked:
    """How often every server was asked for its health, by the lab's own record."""

    def __init__(self, served: LabProcess) -> None:
        self._served = served
        self._seen = 0
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self) -> int:
        """Each of a server's health sets is asked for by itself: the one asked for most often counts."""
        for entry in self._served.ledger(self._seen):
            self._seen = entry["seq"]
            if entry["cmdlet"] == "Get-ServerHealth":
                given = entry["parameters"]
                self._counts[given["Identity"], given["HealthSet"]] += 1
        reads: dict[str, int] = {}
        for (server, _), number in self._counts.items():
            reads[server] = max(reads.get(server, 0), number)
        return sum(reads.values())


class Screened:
    """One day on ``term``. ``say``: takes lines for whoever waits."""

    def __init__(self, served: LabProcess, term: Terminal, home: Home, day: Day, say: Any) -> None:
        self._served, self._term, self._home, self._day, self._say = served, term, home, day, say
        self._fate = Fate(served, day.seed, day.ills)
        self._asked = Asked(served)
        self._screen = psutil.Process(term.process.pid)
        (self._collector,) = home.processes("cockpit.fleet.process")
        self._began = self._minute_began = time.monotonic()
        self.report = Report(day)

    def go(self) -> Report:
        before = self._asked.count()
        self._term.press(*"+" * PRESSES)
        for minute in range(1, self._day.minutes + 1):
            if self._fate.chance(self._day.strikes / 60):
                self._fate.strike()
            self._term.press(KEYS[minute % len(KEYS)])
            self._pass_minute(before + minute * ROUNDS_A_MINUTE * self._day.servers)
            self._look(minute)
        self._fate.relent()
        self._quit()
        self.report.ills = self._fate.counts
        return self.report

    def _pass_minute(self, asked: int) -> None:
        eventually(lambda: self._asked.count() >= asked, MINUTE_SECONDS, f"{asked} reads", step=0.5)
        self._fate.pass_minute()
        at = time.monotonic()
        self._served.advance(max(0.0, 60.0 - (at - self._minute_began)))
        self._minute_began = at

    def _look(self, minute: int) -> None:
        look = Look(
            hours=minute / 60,
            wall=time.monotonic() - self._began,
            asked=self._asked.count(),
            written=self._term.written,
            screen=Cost.of(self._screen),
            collector=Cost.of(self._collector),
        )
        if minute % 15 == 0:
            self._say(_line(look))
        self.report.looks.append(look)

    def _quit(self) -> None:
        """Every server hangs, and ctrl+q is pressed, which quits wherever the operator is."""
        self._served.knobs(rpc_delay=600.0)
        eventually(self._hung, 30.0, "reads that hang")
        pressed = time.monotonic()
        self._term.press("\x11")
        code = self._term.process.wait(END_SECONDS)
        self.report.quit_seconds = time.monotonic() - pressed
        _, alive = psutil.wait_procs([self._collector], END_SECONDS)
        self.report.collector_seconds = time.monotonic() - pressed
        if code:
            self._wrong(f"the screen ended with {code}")
        if alive:
            self._wrong("the collector has not ended")
        with suppress(AssertionError):
            self._home.nothing_left()
        if left := self._home.processes():
            self._wrong(f"left over: {left}")
        if shells := self._served.shells():
            self._wrong(f"{len(shells)} shells are left at the lab")

    def _hung(self) -> bool:
        return sum(bool(shell["open_commands"]) for shell in self._served.exchange_shells()) >= 3

    def _wrong(self, words: str) -> None:
        self._say(f"  WRONG: {words}")
        self.report.violations.append(words)


HEAD: Final = (
    "  hours    wall    asked  written kB | screen MB  threads  files  CPU s | collector MB  threads  files"
)


def _line(look: Look) -> str:
    screen, collector = look.screen, look.collector
    return (
        f"{look.hours:7.2f} {look.wall:6.0f}s {look.asked:8d} {look.written / 1000:11.0f} | "
        f"{screen.own:9.2f} {screen.threads:8d} {screen.files:6d} {screen.seconds:6.0f} | "
        f"{collector.own:12.2f} {collector.threads:8d} {collector.files:6d}"
    )


def soak(folder: Path, day: Day, say: Callable[[str], Any] = print) -> Report:
    """Run it."""
    say(HEAD)
    home = Home(folder / "home")
    home.folder.mkdir()
    with lab(folder / "lab", "healthy", "--servers", str(day.servers), seed=day.seed) as served:
        file = served.with_polling(interval=30.0, winrm_interval=30.0, time_limit=5.0)
        command = [sys.executable, "-m", "tests.soak.cockpit", "--env-file", str(file)]
        with terminal(command, home.environ(), 200, 50) as term:
            term.wait(f"{day.servers}/{day.servers} up", FIRST_SECONDS)
            return Screened(served, term, home, day, say).go()


def summary(report: Report) -> list[str]:
    last = report.looks[-1]
    return [
        f"{last.hours:g} simulated hours of {report.day.servers} servers in {last.wall / 60:.1f} minutes: "
        f"{last.asked} reads, {last.written / 1000:.0f} kB on the terminal, "
        f"{last.screen.seconds:.0f} s CPU of the screen",
        f"{sum(report.ills.values())} ills: {in_order(report.ills)}",
        *(str(finding) for finding in report.findings),
        f"every server hung: the screen ended {report.quit_seconds:.2f} s after the key, the collector "
        f"{report.collector_seconds:.2f} s after it, and no shell was left" * (not report.violations),
    ]


def as_json(report: Report) -> dict[str, Any]:
    last = report.looks[-1]
    return {
        "hours": last.hours,
        "servers": report.day.servers,
        "seed": report.day.seed,
        "minutes": round(last.wall / 60, 1),
        "asked": last.asked,
        "ills": report.ills,
        "slopes": {finding.bound.name: finding.slope for finding in report.findings},
        "quit_seconds": round(report.quit_seconds, 3),
        "collector_seconds": round(report.collector_seconds, 3),
        "looks": [asdict(look) for look in report.looks],
        "wrong": list(report.wrong),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.screen", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--hours", type=int, default=8, help="simulated ones: 120 reads of every server each")
    parser.add_argument("--servers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout; the rest on stderr")
    asked = parser.parse_args()

    def say(words: str) -> None:
        print(words, file=sys.stderr if asked.json else sys.stdout, flush=True)

    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        report = soak(Path(folder), Day(asked.hours * 60, asked.servers, asked.seed), say)
    for words in summary(report):
        say(words)
    if asked.json:
        print(json.dumps(as_json(report), indent=2))
    say("\n".join(report.wrong) or "flat: nothing grew, nothing was left")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
