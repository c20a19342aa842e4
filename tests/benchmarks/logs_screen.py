"""``logs_screen``: the Logs screen beside toolong (``tl``) and plain ``tail -F``, on the same local files.

Each on a pty of 200x50. Following: 100 lines a second, in ten appends; CPU of the program with all of its
children, bytes it writes to the terminal, and its memory at the beginning and the end. Opening: a log of
1 GB; the clock stops at the first line of the log that was written to the terminal (``open``), and when the
bar of keys was too (``open_whole``); memory after that, beside the same screen on a log of a second.

Where toolong cannot be installed its figures are missing, and the notes say so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from tests.benchmarks import log_files
from tests.benchmarks.figures import Figure, Report, Sizes, at_least, at_most, median
from tests.benchmarks.installed import TOOLONG, find
from tests.benchmarks.processes import family_cpu, state_folder
from tests.benchmarks.terminal import Terminal

RATE: Final = 100
FIRST_WORD: Final = (b"CloseSession",)
"""In the last line of every log that is opened, and in no other part of a screen."""
LAST: Final = {"ours": (b"search", b"help"), "toolong": (b"Help",)}
"""Words of the bar of keys, which is drawn when the program takes keys."""
OPEN_SECONDS: Final = 60.0
WARM_SECONDS: Final = 4.0
MEGABYTE: Final = 1_000_000


class Followed(NamedTuple):
    """CPU in percent of one core, bytes to the terminal a minute, memory in bytes at both ends."""

    cpu: float
    bytes_per_minute: float
    memory_before: int
    memory_after: int


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    with state_folder() as state:
        toolong, why = find(TOOLONG, say)
        figures = [*_following(sizes, state, toolong, say), *_opening(sizes, state, toolong, say)]
    notes = () if toolong else (why,)
    return Report("logs_screen", tuple(figures), notes)


def _ours(path: Path) -> list[str]:
    return [sys.executable, "-m", "cockpit", "logs", "view", str(path)]


# --- following ---------------------------------------------------------------------------------------


def _following(sizes: Sizes, state: Path, toolong: str | None, say: Callable[[str], None]) -> list[Figure]:
    seconds = sizes.minute_seconds
    found: dict[str, Followed] = {}
    programs: dict[str, Callable[[Path], list[str]]] = {"ours": _ours}
    if toolong is not None:
        programs["toolong"] = lambda path: [toolong, str(path)]
    programs["tail"] = lambda path: ["tail", "-n", "50", "-F", str(path)]
    for name, command in programs.items():
        say(f"following {RATE} lines/s for {seconds:.0f} s: {name}")
        folder = state / name
        folder.mkdir(exist_ok=True)
        path = folder / log_files.NAME
        log_files.write(path, MEGABYTE)
        found[name] = _follow(command(path), path, state, seconds)
    figures = []
    for name, each in found.items():
        growth = each.memory_after - each.memory_before
        figures += [
            Figure(f"follow_cpu_{name}", each.cpu, "% of a core"),
            Figure(f"follow_kb_per_minute_{name}", each.bytes_per_minute / 1000, "kB/min"),
            Figure(f"follow_memory_{name}", each.memory_after / MEGABYTE, "MB"),
            Figure(f"follow_memory_growth_{name}", growth / MEGABYTE, "MB"),
        ]
    if "toolong" in found:
        ours, theirs = found["ours"], found["toolong"]
        figures += [
            Figure("follow_cpu_ratio", ours.cpu / theirs.cpu, "of toolong's", at_most(0.1)),
            Figure(
                "follow_bytes_ratio",
                ours.bytes_per_minute / theirs.bytes_per_minute,
                "of toolong's",
                at_most(0.1),
            ),
        ]
    return figures


def _follow(command: Sequence[str], path: Path, state: Path, seconds: float) -> Followed:
    with Terminal(command, state) as terminal, log_files.Writing(path, RATE):
        terminal.until(FIRST_WORD, OPEN_SECONDS)
        terminal.watch(WARM_SECONDS)
        before, memory = family_cpu(terminal.process.pid), _memory(terminal.process.pid)
        written = terminal.watch(seconds)
        cpu = family_cpu(terminal.process.pid) - before
        return Followed(cpu / seconds * 100, written / seconds * 60, memory, _memory(terminal.process.pid))


def _family(pid: int) -> list[psutil.Process]:
    top = psutil.Process(pid)
    return [top, *top.children(recursive=True)]


def _memory(pid: int) -> int:
    """Resident bytes of the program and its children."""
    return int(sum(p.memory_info().rss for p in _family(pid)))


# --- opening -----------------------------------------------------------------------------------------


class Opened(NamedTuple):
    """Seconds from exec until a line of the log was on the terminal, and until its bar of keys was too;
    resident bytes a while after."""

    seconds: float
    whole: float
    memory: int


def _opening(sizes: Sizes, state: Path, toolong: str | None, say: Callable[[str], None]) -> list[Figure]:
    big, small = state / "big", state / "small"
    big.mkdir()
    small.mkdir()
    say(f"writing a log of {sizes.log_megabytes} MB")
    log_files.write(big / log_files.NAME, sizes.log_megabytes * MEGABYTE)
    log_files.write(small / log_files.NAME, 1)
    ours = _ours(big / log_files.NAME)
    programs = {"ours": ours} | ({"toolong": [toolong, str(big / log_files.NAME)]} if toolong else {})
    for name, command in programs.items():
        _open(command, LAST[name], state, 0.5)  # bytecode and disk caches
    pairs: dict[str, list[Opened]] = {name: [] for name in programs}
    for n in range(sizes.paint_pairs):
        say(f"opening, {n + 1} of {sizes.paint_pairs}")
        for name, command in programs.items():
            pairs[name].append(_open(command, LAST[name], state, 2.0))
    nothing = _ours(small / log_files.NAME)
    empty = median([_open(nothing, LAST["ours"], state, 2.0).memory for _ in range(3)])
    mine = pairs["ours"]
    more = median([o.memory for o in mine]) - empty
    figures = [
        Figure("open_ours", median([o.seconds for o in mine]), "s"),
        Figure("open_whole_ours", median([o.whole for o in mine]), "s"),
        Figure("open_memory_over_empty", more / MEGABYTE, "MB", at_most(30.0)),
    ]
    if "toolong" in pairs:
        theirs = pairs["toolong"]
        ratios = [t.seconds / o.seconds for o, t in zip(mine, theirs, strict=True)]
        figures += [
            Figure("open_toolong", median([o.seconds for o in theirs]), "s"),
            Figure("open_whole_toolong", median([o.whole for o in theirs]), "s"),
            Figure("open_memory_toolong", median([o.memory for o in theirs]) / MEGABYTE, "MB"),
            Figure("open_times_sooner", median(ratios), "times", at_least(3.0)),
        ]
    return figures


def _open(command: Sequence[str], last: tuple[bytes, ...], state: Path, settle: float) -> Opened:
    with Terminal(command, state) as terminal:
        seconds = terminal.until(FIRST_WORD, OPEN_SECONDS)
        whole = terminal.until(last, OPEN_SECONDS)
        terminal.watch(settle)
        return Opened(seconds, whole, _memory(terminal.process.pid))
