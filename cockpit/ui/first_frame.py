"""The Logs screen's first frame, drawn before Textual is there: the end of a log is read while it loads.

Plain text on the alternate screen, by the same functions that draw the screen itself a moment later. Whoever
draws it must bring the terminal back if the program then does not start: :func:`drawn` does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from cockpit.poplog.document import Document
from cockpit.poplog.errors import LogError
from cockpit.ui import log_bars
from cockpit.ui.log_columns import Pencil, columns
from cockpit.ui.log_times import TimeBase
from cockpit.ui.logs import LogsWanted
from cockpit.ui.look import Glyphs, Line, crop, plain, terminal_glyphs

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J"
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
BARS: Final = 4
"""Lines that are not the log's: head, toggles, titles of the columns, keys."""


def frame(document: Document, wanted: LogsWanted, cells: int, rows: int, glyphs: Glyphs) -> list[str]:
    """The frame's lines, none wider than ``cells``, ``rows`` at most. Raises LogError."""
    entries = [entry for _, entry in document.up(document.end(), max(0, rows - BARS))][::-1]
    writers = any(entry.writer is not None for entry in entries)
    names = {entry.server for entry in entries}
    server = max(map(len, names)) if len(names) > 1 else 0
    pencil = Pencil(
        columns(cells, server, writers, TimeBase.UTC), cells, TimeBase.UTC, datetime.now(UTC), glyphs
    )
    lines: list[Line] = [
        log_bars.head(wanted, [], cells, glyphs),
        log_bars.toggles(log_bars.Board(), cells, glyphs),
        pencil.head(),
        *(line for entry in entries for line in pencil.lines(entry)),
    ]
    return [plain(crop(line, cells, glyphs.ellipsis)) for line in lines][:rows]


@contextmanager
def drawn(document: Document | None, wanted: LogsWanted) -> Iterator[None]:
    """Draw the frame, where there is a log to draw; the terminal is as it was should the block raise, or the
    process be asked to end in it."""
    if document is None:
        yield
        return
    out = sys.__stderr__  # what Textual draws on
    if out is None:
        yield
        return
    former = signal.signal(signal.SIGTERM, _end)
    try:
        with suppress(LogError):  # the screen itself says what is wrong
            size = os.get_terminal_size(out.fileno())
            glyphs = terminal_glyphs(out.encoding)
            lines = frame(document, wanted, size.columns, size.lines, glyphs)
            out.write(_ENTER + "\r\n".join(lines))
            out.flush()
        yield
    except BaseException:
        out.write(_LEAVE)
        out.flush()
        raise
    finally:
        signal.signal(signal.SIGTERM, former)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
