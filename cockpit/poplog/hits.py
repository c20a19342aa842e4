"""All lines of local logs that hold a text, one after another, for ``logs grep``.

Blocks are searched; only lines that hit are cut out, and taken apart where that is asked for.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from cockpit.poplog import scan
from cockpit.poplog.chain import Chain, Line
from cockpit.poplog.document import Entry
from cockpit.poplog.filelog import FileLog
from cockpit.poplog.files_document import FilesDocument
from cockpit.poplog.needle import Needle
from cockpit.poplog.pages import is_no_row
from cockpit.poplog.parse import decoded
from cockpit.poplog.scan import RawLine, stretches
from cockpit.poplog.times import ASTRAY, NEVER


def _go_on() -> bool:
    return False


class _Step(NamedTuple):
    """``line``: None for a stretch without hits, all of whose lines are ordered before ``key``."""

    key: datetime
    line: Line | None


def hits(
    document: FilesDocument,
    text: str = "",
    *,
    any_case: bool = False,
    regex: re.Pattern[str] | None = None,
    stop: Callable[[], bool] = _go_on,
) -> Iterator[Entry]:
    """Entries whose line holds ``text`` and in which ``regex`` is found, in order of time, as they are found.

    ``text`` is looked for in the bytes, ``regex`` in the decoded line as it lies there. Raises LogError.
    """
    needle = Needle(text, any_case=any_case)
    chains = document.chains
    if len(chains) == 1:
        steps: Iterator[_Step] = _steps(chains[0], needle, stop, keyed=False)
    else:
        ways = [_steps(chain, needle, stop, keyed=True) for chain in chains]
        steps = heapq.merge(*ways, key=lambda step: step.key)
    for step in steps:
        if step.line is not None and (regex is None or regex.search(decoded(step.line.raw.raw))):
            yield step.line.log.entry(step.line.raw)


def raw_hits(
    document: FilesDocument,
    text: str,
    *,
    any_case: bool = False,
    regex: re.Pattern[str] | None = None,
    stop: Callable[[], bool] = _go_on,
) -> Iterator[tuple[FileLog, RawLine]]:
    """The lines themselves, not taken apart, file by file. They are hostile still. Raises LogError."""
    needle = Needle(text, any_case=any_case)
    for log in document.logs:
        for line in scan.forward(log.file, needle, 0, None, stop):
            if not is_no_row(line.raw) and (regex is None or regex.search(decoded(line.raw))):
                yield log, line


def count(
    document: FilesDocument, text: str, *, any_case: bool = False, stop: Callable[[], bool] = _go_on
) -> int:
    """How many entries hold ``text``. Raises LogError."""
    needle = Needle(text, any_case=any_case)
    return sum(scan.count(log.file, needle, stop, no_row=is_no_row) for log in document.logs)


def _steps(chain: Chain, needle: Needle, stop: Callable[[], bool], *, keyed: bool) -> Iterator[_Step]:
    """A chain's hits, and for every stretch a word on how far it has come: else a chain without hits would
    be searched to its end before another's first hit could be told."""
    now = NEVER
    for log in chain.logs:
        for stretch in stretches(log.file, needle, 0, None, stop):
            if keyed:
                begin = RawLine(stretch.start, stretch.data[: stretch.data.find(b"\n")], 0)
                now = _later(chain, Line(log, begin, now))
                yield _Step(now, None)
            for raw in stretch.lines:
                if log.is_row(raw):
                    line = Line(log, raw, now)
                    now = _later(chain, line) if keyed else now
                    yield _Step(now, line)


def _later(chain: Chain, line: Line) -> datetime:
    """The time ``line`` is ordered by; ``line.key``: its predecessor's. Only a leap is looked into."""
    time = line.log.time(line.raw)
    if time is not None and time - line.key > ASTRAY:
        time = chain.key_of(line)
    return line.key if time is None else max(line.key, time)
