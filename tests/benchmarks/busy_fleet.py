"""``busy_fleet``: 200 servers with three health sets each, of whose monitors 5 % change every 10 s.

The cockpit on a pty of 200x50 on a collector that plays the fleet (``playing``); what is counted is the
screen's process alone. In turns the collector is paused (idle: nothing but the age label moves) and goes on
(busy). A turn is a while without keys, for bytes and CPU, and then keys: up and down in the tree, one at a
time, from writing the key to the first byte of its drawing. Last, PageUp from the end of the tree with every
row open, each until its drawing is over.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cockpit.config import environment as config
from tests.benchmarks.figures import Figure, Report, Sizes, at_most, median, percentile
from tests.benchmarks.playing import VARIABLE
from tests.benchmarks.processes import cpu_seconds, state_folder, unreachable
from tests.benchmarks.terminal import Terminal

INTERVAL: Final = 10.0
START_SECONDS: Final = 60.0
TURNS: Final = 3
KEYS: Final = 80
PAGES: Final = 10
KEY_SECONDS: Final = 2.0
UP, DOWN, PAGE_UP = b"\x1b[A", b"\x1b[B", b"\x1b[5~"
BOUND_RATIO: Final = 1.3


class Turn(NamedTuple):
    """Bytes a minute, CPU in percent of a core, and for each key the seconds to its drawing."""

    written: float
    cpu: float
    keys: list[float]


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    idle: list[Turn] = []
    busy: list[Turn] = []
    with state_folder() as state, _opened(sizes.servers, state) as terminal:
        terminal.until([f"{sizes.servers}/{sizes.servers} up".encode()], START_SECONDS)
        terminal.watch(sizes.settle_seconds)
        for n in range(TURNS):
            for name, turns in (("idle", idle), ("busy", busy)):
                say(f"turn {n + 1} of {TURNS}: {name}")
                _pause_or_go_on(terminal)
                turns.append(_turn(terminal, sizes.minute_seconds))
        _pause_or_go_on(terminal)
        say("pages")
        pages = _pages(terminal)
    p95 = {name: percentile([k for t in turns for k in t.keys], 0.95) for name, turns in _named(idle, busy)}
    p50 = {name: median([k for t in turns for k in t.keys]) for name, turns in _named(idle, busy)}
    figures = (
        Figure("idle_bytes", median([t.written for t in idle]), "B/min", at_most(10_000)),
        Figure("idle_cpu", median([t.cpu for t in idle]), "% of a core", at_most(1)),
        Figure("busy_bytes", median([t.written for t in busy]), "B/min", at_most(60_000)),
        Figure("busy_cpu", median([t.cpu for t in busy]), "% of a core", at_most(3)),
        Figure("idle_key_median", 1000 * p50["idle"], "ms"),
        Figure("busy_key_median", 1000 * p50["busy"], "ms"),
        Figure("idle_key_p95", 1000 * p95["idle"], "ms"),
        Figure("busy_key_p95", 1000 * p95["busy"], "ms"),
        Figure("key_p95_ratio", p95["busy"] / p95["idle"], "of idle's", at_most(BOUND_RATIO)),
        Figure("page_up_bytes", float(max(pages)), "B", at_most(25_000)),
    )
    notes = (f"{sizes.servers} servers, {TURNS} turns, {TURNS * KEYS} keys of each kind",)
    return Report("busy_fleet", figures, notes)


def _named(idle: list[Turn], busy: list[Turn]) -> tuple[tuple[str, list[Turn]], ...]:
    return ("idle", idle), ("busy", busy)


def _opened(servers: int, state: Path) -> Terminal:
    environment = unreachable()
    polling = msgspec.structs.replace(environment.polling, interval=INTERVAL)
    config.save(state / "played.toml", msgspec.structs.replace(environment, polling=polling))
    command = [sys.executable, "-m", "tests.benchmarks.played", "--env-file", str(state / "played.toml")]
    return Terminal(command, state, {VARIABLE: str(servers)})


def _pause_or_go_on(terminal: Terminal) -> None:
    terminal.press(b"P")
    terminal.watch(2.0)


def _turn(terminal: Terminal, seconds: float) -> Turn:
    pid = terminal.process.pid
    before = cpu_seconds(pid)
    written = terminal.watch(seconds)
    cpu = cpu_seconds(pid) - before
    return Turn(60 * written / seconds, 100 * cpu / seconds, _keys(terminal))


def _keys(terminal: Terminal) -> list[float]:
    """Between two keys a while that is no multiple of anything: they meet the polling anywhere."""
    chance = random.Random(2)
    found = []
    for n in range(KEYS):
        terminal.watch(0.05 + 0.1 * chance.random())
        terminal.press(DOWN if n % 20 < 10 else UP)
        pressed = time.monotonic()
        while not terminal.read(KEY_SECONDS):
            raise RuntimeError("a key brought no drawing")
        found.append(time.monotonic() - pressed)
    return found


def _pages(terminal: Terminal) -> list[int]:
    """The bytes of each PageUp."""
    terminal.press(b"1EG")
    terminal.quiet(0.5, 10.0)
    found = []
    for _ in range(PAGES):
        terminal.press(PAGE_UP)
        found.append(terminal.quiet(0.5, 5.0))
    return found
