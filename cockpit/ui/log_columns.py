"""A line of a log as a line of the screen: which columns fit, what stands in them. Pure.

Which columns there are by the width, in cells (``server`` only where there are several, ``F/B`` only where
a file's name tells; what follows is cut to what is left of the line, and drawn in full in the pane below):

==========  ======================  ======  =======  ====  =======  ==========  ==  =======
width       time                    server  session  user  command  parameters  ms  result
==========  ======================  ======  =======  ====  =======  ==========  ==  =======
160 ...     18, with month and day  ... 14  8        24    12       28          7   rest
120 ... 159  12                     ... 12  8        18    12       16          6   rest
100 ... 119  12                     ... 10  8        16    12       in result   6   rest
70 ... 99   12                      ... 8   none     14    12       in result   6   rest
... 69      8                       ... 8   none     10    8        in result   no  rest
==========  ======================  ======  =======  ====  =======  ==========  ==  =======

80 cells have no session and no column of parameters: these stand before the result, unless that is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.fleet.states import State
from cockpit.poplog.document import Entry
from cockpit.poplog.names import Writer
from cockpit.poplog.parse import pairs
from cockpit.poplog.row import LogRow
from cockpit.ui import log_times
from cockpit.ui.log_lens import Needle, failed
from cockpit.ui.log_times import TimeBase
from cockpit.ui.look import Fragment, Glyphs, Line, width

WRAP_LINES: Final = 4
"""Screen lines of one line of the log when lines are wrapped."""
MARK: Final = 2
WITH_DAY: Final = 18
"""Cells of a time with month and day."""
_LOOKED_AT: Final = 4_000
"""Characters of a text that are looked at to draw it; further to the right nobody scrolls."""
SKIP_MOST: Final = _LOOKED_AT - 500
_ODD: Final = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]")
_FLAGS: Final = re.compile("[\U0001f1e6-\U0001f1ff]")
_ACCENT: Final = "[\u0300-\u036f\u0483-\u0489\u0e31-\u0e4e\u1ab0-\u1aff\u20d0-\u20ff]"
_PILED: Final = re.compile(f"({_ACCENT}{{2}}){_ACCENT}+")


class Columns(NamedTuple):
    """Cells of each column, 0: it is not there."""

    time: int
    server: int
    writer: int
    session: int
    user: int
    command: int
    parameters: int
    ms: int


def columns(cells: int, server: int, writer: bool, base: TimeBase) -> Columns:
    """The columns for a line of ``cells``. ``server``: cells of the longest name, 0 for one server only."""
    end = 1 if writer else 0
    if cells >= 160:
        found = Columns(WITH_DAY, min(server, 14), end, 8, 24, 12, 28, 7)
    elif cells >= 120:
        found = Columns(12, min(server, 12), end, 8, 18, 12, 16, 6)
    elif cells >= 100:
        found = Columns(12, min(server, 10), end, 8, 16, 12, 0, 6)
    elif cells >= 70:
        found = Columns(12, min(server, 8), end, 0, 14, 12, 0, 6)
    else:
        found = Columns(8, min(server, 8), end, 0, 10, 8, 0, 0)
    if base is not TimeBase.AGE:
        return found
    return found._replace(time=9)


@dataclass(frozen=True, slots=True)
class Pencil:
    """All that decides how a line looks. ``skip``: cells of its right part that are scrolled out.
    ``clocks``: seconds that servers' clocks are ahead of ours, for ages."""

    columns: Columns
    cells: int
    base: TimeBase
    now: datetime
    glyphs: Glyphs
    wrap: bool = False
    skip: int = 0
    needle: Needle | None = None
    clocks: Mapping[str, float] = field(default_factory=dict)

    def draws_like(self, other: Pencil) -> bool:
        """Whether lines look the same: only ages depend on the time."""
        return self == (other if self.base is TimeBase.AGE else replace(other, now=self.now))

    def head(self) -> Line:
        """The titles of the columns."""
        c = self.columns
        titles = ((_("Server"), c.server), ("E", c.writer), (_("Session"), c.session), (_("User"), c.user))
        more = ((_("Command"), c.command), (_("Parameters"), c.parameters), ("ms".rjust(c.ms), c.ms))
        right = _join((*titles, *more)) + (_("Result") if c.parameters else _("Parameters, result"))
        first = set_cell_size(" " * MARK + log_times.title(self.base, self.now), MARK + c.time + 1)
        return ((first + right[self.skip :], "text-label"),)

    def lines(self, entry: Entry) -> list[Line]:
        """``entry`` drawn: one line, when wrapped up to WRAP_LINES, none wider than ``cells``."""
        left, right = self._left(entry), self._right(entry)
        room = self.cells - width(left)
        if not self.wrap:
            cut = _fitting(_skipped(right, self.skip), room, self.glyphs.ellipsis)
            return [self._marked((*left, *cut), entry.row)]
        first, rest = split(right, room)
        shown = [self._marked((*left, *first), entry.row)]
        indent: Fragment = (" " * min(MARK + self.columns.time + 1, self.cells // 3), "")
        room = self.cells - width((indent,))
        while width(rest) and len(shown) < WRAP_LINES:
            if len(shown) == WRAP_LINES - 1:
                part, rest = _fitting(rest, room, self.glyphs.ellipsis), ()
            else:
                part, rest = split(rest, room)
            shown.append(self._marked((indent, *part)))
        return shown

    def _left(self, entry: Entry) -> Line:
        row, c = entry.row, self.columns
        now = self.now + timedelta(seconds=self.clocks.get(entry.server, 0.0)) if self.clocks else self.now
        at = log_times.shown(row.at, self.base, now, day=c.time == WITH_DAY)
        time = set_cell_size(at or _("no time"), c.time) + " "
        if row.problem:
            return ((self.glyphs.states[State.UNKNOWN] + " ", "text-problem"), (time, "text-dim"))
        if failed(row):
            return ((self.glyphs.states[State.UNHEALTHY] + " ", "text-problem"), (time, "text-dim"))
        return ((" " * MARK + time, "text-dim"),)

    def _right(self, entry: Entry) -> Line:
        row, c = entry.row, self.columns
        cut = self.glyphs.ellipsis
        whose = _join(((entry.server, c.server), (end_letter(entry.writer), c.writer)), cut)
        start: Line = ((whose, "text-label"),) if whose else ()
        if row.problem:
            line = tidy(row.line[:_LOOKED_AT])
            return (
                *start,
                (_("cannot be read ({problem}): ").format(problem=spoken(row.problem)), "text-problem"),
                (line, ""),
            )
        ms = "" if row.duration is None else str(row.duration)
        fields = ((row.session[-8:], c.session), (row.user, c.user), (row.command, c.command),
                  (row.parameters, c.parameters), (ms.rjust(c.ms), c.ms))  # fmt: skip
        said = tidy(result(row))
        if failed(row):
            return (*start, (_join(fields, cut), ""), (said, "text-problem"))
        if not c.parameters and row.parameters:
            said = f"{tidy(row.parameters[:_LOOKED_AT])}  {said}"
        return (*start, (_join(fields, cut) + said, ""))

    def _marked(self, line: Line, row: LogRow | None = None) -> Line:
        """What was searched for stands out; in a line that has it out of sight, the time does."""
        needle = self.needle
        if needle is None or needle.inverse:
            return line
        parts = tuple(part for fragment in line for part in _parted(fragment, needle.pattern))
        if row is None or len(parts) > len(line) or not needle.test()(row.line):
            return parts
        time = 1 if len(line[0][0]) == MARK else 0
        return tuple((text, "text-match" if n == time else role) for n, (text, role) in enumerate(line))


def end_letter(writer: Writer | None) -> str:
    if writer is None:
        return ""
    return "B" if writer.back_end else "F"


def result(row: LogRow) -> str:
    """The context for reading: the reply first, without its ``R=``, then the other keys."""
    if not row.context:
        return ""
    keys = pairs(row.context[:_LOOKED_AT])
    reply = next((value for name, value in keys.items() if name in ("R", "r")), "")
    others = [f"{name}={value}" if name else value for name, value in keys.items() if name not in ("R", "r")]
    return "  ".join([reply, *others] if reply else others)


def tidy(text: str) -> str:
    """``text`` without what terminals do not agree on how wide it is: variation selectors, skin tones, flags,
    more than two marks above one another."""
    if text.isascii():
        return text
    return _PILED.sub(r"\1", _FLAGS.sub("?", _ODD.sub("", text)))


def _join(fields: Iterable[tuple[str, int]], ellipsis: str = "") -> str:
    """Fields in their widths, a blank after each; those of width 0 are left out."""
    return "".join(f"{_sized(text, cells, ellipsis)} " for text, cells in fields if cells)


def _sized(text: str, cells: int, ellipsis: str) -> str:
    if len(text) <= cells and text.isascii():
        return text.ljust(cells)
    text = tidy(text[: cells * 4])
    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(text, cells - cell_len(ellipsis)) + ellipsis


def _fitting(line: Line, cells: int, ellipsis: str) -> Line:
    """At most ``cells`` of ``line``, its end marked where it was cut."""
    first, rest = split(line, cells)
    if not rest or not width(rest):
        return first
    first, _ = split(line, cells - cell_len(ellipsis))
    return (*first, (ellipsis, "text-dim"))


def _skipped(line: Line, cells: int) -> Line:
    return split(line, cells)[1] if cells else line


def split(line: Line, cells: int) -> tuple[Line, Line]:
    """``line`` in two, the first of at most ``cells``; a wide character at the place goes to the second."""
    first: list[Fragment] = []
    rest = list(line)
    while rest and cells > 0:
        text, role = rest[0]
        size = len(text) if text.isascii() else cell_len(text)
        if size <= cells:
            first.append(rest.pop(0))
            cells -= size
            continue
        at = cells if text.isascii() else _place(text, cells)
        first.append((text[:at], role))
        rest[0] = (text[at:], role)
        break
    return tuple(first), tuple(rest)


def _place(text: str, cells: int) -> int:
    """How many characters of ``text`` fit in ``cells``."""
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > cells:
            return index
    return len(text)


def _parted(fragment: Fragment, pattern: re.Pattern[str]) -> Line:
    text, role = fragment
    parts: list[Fragment] = []
    done = 0
    for found in pattern.finditer(text):
        if found.start() > done:
            parts.append((text[done : found.start()], role))
        parts.append((found.group(), "text-match"))
        done = found.end()
    if not parts:
        return (fragment,)
    return (*parts, (text[done:], role)) if done < len(text) else tuple(parts)
