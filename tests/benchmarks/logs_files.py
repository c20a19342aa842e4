"""``logs_files``: a log of 1 GB on this machine: jumps to a time, searches beside grep, lines to rows.

``jump_ms``: a fresh document goes to the time in the middle and has 50 lines; the file was read before,
so the disk is not in it. ``search_*``: a count of the lines with a text, over the speed of ``LC_ALL=C grep
-c -F`` on the same file, taken in turn. ``rows``: ``Parser.rows`` beside ``csv.reader`` on the same lines,
which finds cells and nothing more.
"""

from __future__ import annotations

import csv
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from cockpit.poplog import searching
from cockpit.poplog.files_document import FilesDocument
from cockpit.poplog.local import LocalFolder
from cockpit.poplog.names import Writer
from cockpit.poplog.parse import Parser
from cockpit.poplog.searching import Query
from tests.benchmarks import log_files
from tests.benchmarks.figures import Figure, Report, Sizes, at_least, at_most, median
from tests.benchmarks.processes import state_folder

PAIRS: Final = 3
JUMPS: Final = 5
LINES: Final = 50
MEGABYTE: Final = 1_000_000
_PARSED_BYTES: Final = 20 * MEGABYTE


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    with state_folder() as state:
        path = state / log_files.NAME
        say(f"writing a log of {sizes.log_megabytes} MB")
        middle = log_files.write(path, sizes.log_megabytes * MEGABYTE)
        figures: list[Figure] = []
        say("searching")
        for name, text in (("few", log_files.FEW), ("many", log_files.MANY)):
            figures += _searched(name, text, path)
        say(f"jumping {JUMPS} times")
        jumps = [_seconds(lambda: _jump(path, middle)) for _ in range(JUMPS)]
        figures.append(Figure("jump_ms", median(jumps) * 1000, "ms", at_most(200)))
        say("taking lines apart")
        figures += _parsed(path)
    return Report("logs_files", tuple(figures))


def _seconds(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def _jump(path: Path, middle: datetime) -> None:
    document = FilesDocument.of([path])
    found = document.down(document.at_time(middle), LINES)
    if len(found) != LINES or found[0][1].row.at != middle:
        raise RuntimeError("the jump went astray")


def _searched(name: str, text: str, path: Path) -> Iterable[Figure]:
    """Ours and grep's in turn; both must find the same number of lines."""
    size = path.stat().st_size / MEGABYTE
    found: set[int] = set()
    pairs = []
    for number in range(PAIRS + 1):
        ours = _seconds(lambda: found.add(_count(path, text)))
        theirs = _seconds(lambda: found.add(_grep(path, text)))
        if number:  # the first pair only warms up
            pairs.append((ours, theirs))
    if len(found) != 1:
        raise RuntimeError(f"ours and grep's do not agree on {text}: {found}")
    return (
        Figure(f"search_{name}_lines", found.pop(), "lines"),
        Figure(f"search_{name}_ours", size / median([ours for ours, _ in pairs]), "MB/s"),
        Figure(f"search_{name}_grep", size / median([theirs for _, theirs in pairs]), "MB/s"),
        Figure(
            f"search_{name}_ratio",
            median([theirs / ours for ours, theirs in pairs]),
            "of grep -c's speed",
            at_least(0.5),
        ),
    )


def _count(path: Path, text: str) -> int:
    """As ``logs grep --count`` does it."""
    source = LocalFolder(path.parent, (path.name,))
    parts = searching.count(source, Writer.POP3, path.name, Query(text), lambda: False)
    return sum(part for part in parts if isinstance(part, int))


def _grep(path: Path, text: str) -> int:
    done = subprocess.run(
        ["grep", "-c", "-F", "-e", text, str(path)],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,  # with /dev/null for its output grep ends at the first hit
        check=True,
    )
    return int(done.stdout)


def _parsed(path: Path) -> Iterable[Figure]:
    with path.open("rb") as file:
        lines = file.read(_PARSED_BYTES).split(b"\n")[:-1]
    decoded = [line.decode() for line in lines]
    pairs = []
    for _ in range(PAIRS):
        ours = _seconds(lambda: Parser().rows(lines))
        theirs = _seconds(lambda: list(csv.reader(decoded)))
        pairs.append((ours, theirs))
    return (
        Figure("rows_per_second", len(lines) / median([ours for ours, _ in pairs]), "rows/s"),
        Figure("csv_rows_per_second", len(lines) / median([theirs for _, theirs in pairs]), "rows/s"),
        Figure("rows_ratio", median([theirs / ours for ours, theirs in pairs]), "of csv.reader's speed"),
    )
