"""``side_by_side``: first paint and an idle minute, beside posting, harlequin, toolong and htop.

Each on a pty of 200x50 with a home of its own, in turns: the cockpit on an organization whose entry server
refuses connections; ``hello``, three widgets; posting on an empty collection; harlequin on a database in
memory; toolong on a log of 1 MB; htop as it comes. The clock starts with exec and stops when words that only
a painted frame has were written. Then, for the idle minute, each is left alone until it has settled; bytes
written to the terminal and CPU of the program with all of its children.

The cockpit's idle minute is one with a collector that cannot connect and tries again; ``busy_fleet`` has the
one with 200 servers that answer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from cockpit.config import environment as config
from tests.benchmarks import log_files
from tests.benchmarks.figures import Figure, Report, Sizes, at_most, median
from tests.benchmarks.first_paint import COCKPIT_WORDS, HELLO_WORDS
from tests.benchmarks.installed import HARLEQUIN, HTOP, POSTING, TOOLONG, Wanted, find
from tests.benchmarks.processes import family_cpu, state_folder, unreachable
from tests.benchmarks.terminal import Terminal

PAINT_SECONDS: Final = 60.0
PYTHON: Final = ("posting", "harlequin", "toolong")
OURS, LEAST = "cockpit", "three_widgets"


class Program(NamedTuple):
    """``words``: that its first frame with content has."""

    command: list[str]
    words: tuple[bytes, ...]


class Idle(NamedTuple):
    """A minute's: bytes to the terminal, CPU in percent of a core."""

    written: float
    cpu: float


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    with state_folder() as state:
        programs, notes = _programs(state, say)
        painted: dict[str, list[float]] = {name: [] for name in programs}
        for program in programs.values():
            _paint(program, state)  # bytecode and disk caches
        for n in range(sizes.paint_pairs):
            say(f"first paint, {n + 1} of {sizes.paint_pairs}: {', '.join(programs)}")
            for name, program in programs.items():
                painted[name].append(_paint(program, state))
        idle = {}
        for name, program in programs.items():
            say(f"idle: {name}")
            idle[name] = _idle(program, state, sizes)
    return Report("side_by_side", (*_painted(painted), *_idled(idle)), tuple(notes))


def _programs(state: Path, say: Callable[[str], None]) -> tuple[dict[str, Program], list[str]]:
    """Those that can be had, ours first, and what is to be said of the others."""
    file, log, collection = state / "nowhere.toml", state / log_files.NAME, state / "collection"
    config.save(file, unreachable())
    log_files.write(log, 1_000_000)
    collection.mkdir()
    found = {
        OURS: Program([sys.executable, "-m", "cockpit", "--env-file", str(file)], COCKPIT_WORDS),
        LEAST: Program([sys.executable, "-m", "tests.benchmarks.hello"], HELLO_WORDS),
    }
    others: tuple[tuple[Wanted, list[str], bytes], ...] = (
        (POSTING, ["--collection", str(collection)], b"Collection"),
        (HARLEQUIN, [":memory:"], b"Data Catalog"),
        (TOOLONG, [str(log)], b"CloseSession"),
        (HTOP, [], b"Load average"),
    )
    notes = []
    for wanted, arguments, word in others:
        path, why = find(wanted, say)
        if path is None:
            notes.append(why)
        else:
            found[wanted.name] = Program([path, *arguments], (word,))
    return found, notes


def _opened(program: Program, state: Path) -> Terminal:
    home = {
        "HOME": str(state),
        "XDG_CONFIG_HOME": str(state / "config"),
        "XDG_DATA_HOME": str(state / "data"),
        "XDG_CACHE_HOME": str(state / "cache"),
    }
    return Terminal(program.command, state, home)


def _paint(program: Program, state: Path) -> float:
    with _opened(program, state) as terminal:
        return terminal.until(program.words, PAINT_SECONDS)


def _idle(program: Program, state: Path, sizes: Sizes) -> Idle:
    with _opened(program, state) as terminal:
        terminal.until(program.words, PAINT_SECONDS)
        terminal.watch(sizes.settle_seconds)
        before = family_cpu(terminal.process.pid)
        written = terminal.watch(sizes.minute_seconds)
        spent = family_cpu(terminal.process.pid) - before
    return Idle(60 * written / sizes.minute_seconds, 100 * spent / sizes.minute_seconds)


def _painted(painted: Mapping[str, list[float]]) -> list[Figure]:
    figures = [Figure(f"first_paint_{name}", median(seconds), "s") for name, seconds in painted.items()]
    figures.append(Figure("ratio_three_widgets", _ratio(painted, LEAST), "×", at_most(1.4)))
    figures += [Figure(f"ratio_{name}", _ratio(painted, name), "×") for name in PYTHON if name in painted]
    there = [name for name in PYTHON if name in painted]
    if there:
        fastest = min(there, key=lambda name: median(painted[name]))
        figures.append(Figure("ratio_fastest_python", _ratio(painted, fastest), "×", at_most(1.0)))
    return figures


def _ratio(painted: Mapping[str, list[float]], other: str) -> float:
    """The median over the turns of ours to the other's."""
    return median([o / t for o, t in zip(painted[OURS], painted[other], strict=True)])


def _idled(idle: Mapping[str, Idle]) -> list[Figure]:
    figures = []
    for name, found in idle.items():
        ours = name == OURS
        figures += [
            Figure(f"idle_bytes_{name}", found.written, "B/min", at_most(10_000) if ours else None),
            Figure(f"idle_cpu_{name}", found.cpu, "% of a core"),
        ]
    return figures
