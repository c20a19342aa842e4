"""The page for a wall: every server in a cell, as roomy as all of them fit. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.fleet.snapshot import Reach
from cockpit.fleet.states import State
from cockpit.ui.look import STATE_ROLES, Glyphs, Line, crop
from cockpit.ui.look import width as cells_of
from cockpit.ui.render import age, coarse_age, state
from cockpit.ui.view import Leaf, ServerView

CODES: Final = {
    State.UNHEALTHY: N_("Unh"),
    State.UNREACHABLE: N_("Unr"),
    State.NOT_GRANTED: N_("NoG"),
    State.DEGRADED: N_("Deg"),
    State.UNKNOWN: N_("Unk"),
    State.STALE: N_("Stl"),
    State.REPAIRING: N_("Rep"),
    State.NOT_MONITORED: N_("NoM"),
    State.DISABLED: N_("Dis"),
    State.HEALTHY: N_("OK"),
}
"""Where a word has no room; three letters at most, and none twice."""
AGE_CELLS: Final = 5
MOST_COLUMNS: Final = 24
LONGEST_NAME: Final = 15
"""NetBIOS names have no more; a longer one is cut."""


class Form(Enum):
    """How much of a server there is room for: its lines and the least cells of their width, gap included."""

    TALL = (4, 28)
    """Name, state and age, the worst monitor, a blank line."""
    FULL = (2, 20)
    """Name; state and age."""
    LINE = (1, 0)
    """Glyph and code, name, age; as wide as the longest name wants."""

    @property
    def lines(self) -> int:
        return int(self.value[0])


@dataclass(frozen=True, slots=True)
class Cell:
    """A server in a cell. ``worst``: the monitor, or the problem, it owes its state to; ``alarm``: what is
    still to be undone on it, in words, empty where nothing is. ``awaited``: not read yet, so no fault."""

    name: str
    state: State
    age: str
    worst: str = ""
    alarm: str = ""
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """``width``: of a cell with its gap. ``more``: what is said of those that have no cell; empty where all
    have one."""

    form: Form
    columns: int
    width: int
    cells: tuple[Cell, ...]
    more: Line = ()


def cell_of(view: ServerView, now: datetime, alarm: str) -> Cell:
    """``alarm``: of the server's marks."""
    guilty = [leaf for leaf in view.leaves if leaf.state is view.state and leaf.entry is not None]
    return Cell(view.name, view.state, _age(view, guilty, now), _worst(view, guilty), alarm, view.awaited)


def _worst(view: ServerView, guilty: Sequence[Leaf]) -> str:
    problem = view.snapshot.problem
    if view.snapshot.reach is not Reach.LIVE:
        return spoken(problem.what) if problem is not None else ""
    if not guilty or not view.state.is_fault or guilty[0].entry is None:
        return ""
    more = f" +{len(guilty) - 1}" if len(guilty) > 1 else ""
    return f"{guilty[0].entry.name}{more}"


def _age(view: ServerView, guilty: Sequence[Leaf], now: datetime) -> str:
    """Since when it is so, by the server's own clock; of a silent one, when it was last heard, by ours."""
    if view.snapshot.reach in (Reach.UNREACHABLE, Reach.STALE):
        return age(view.snapshot.last_success, now)
    if view.state is State.STALE:
        return ""  # since when a monitor does not run nobody tells
    times = [
        (leaf.entry.last_transition_time, leaf.clock)
        for leaf in guilty
        if leaf.entry is not None and leaf.entry.last_transition_time is not None
    ]
    if not times:
        return ""
    since, clock = (min if view.state.is_fault else max)(times, key=lambda pair: pair[0])
    return age(since, clock)


def arrange(cells: Sequence[Cell], width: int, height: int) -> Layout:
    """The roomiest form in which all fit, in their own order; else lines, the worst first, and a word on the
    rest."""
    for form in (Form.TALL, Form.FULL):
        columns = min(width // int(form.value[1]), MOST_COLUMNS)
        if columns and columns * (height // form.lines) >= len(cells):
            return Layout(form, columns, width // columns, tuple(cells))
    least = line_width(cells)
    columns = min(max(width // least, 1), MOST_COLUMNS)
    if columns * height >= len(cells):
        return Layout(Form.LINE, columns, width // columns, tuple(cells))
    room = columns * max(height - 1, 0)
    ordered = sorted(cells, key=lambda c: (not c.alarm, c.awaited, c.state.value))
    return Layout(Form.LINE, columns, width // columns, tuple(ordered[:room]), more(ordered[room:]))


def line_width(cells: Iterable[Cell]) -> int:
    """Glyph and code, name with its alarm, age, and the blanks between."""
    names = [min(len(c.name), LONGEST_NAME) + (2 if c.alarm else 0) for c in cells]
    return 1 + 3 + 1 + max(names, default=1) + 1 + AGE_CELLS + 1


def more(rest: Sequence[Cell]) -> Line:
    """What is said of those without a cell."""
    if not rest:
        return ()
    if all(cell.state is State.HEALTHY for cell in rest):
        return ((_("+{n} more, all healthy").format(n=len(rest)), STATE_ROLES[State.HEALTHY]),)
    counted = ", ".join(f"{number} {_(of.word)}" for of, number in counts(cell.state for cell in rest))
    worst = min((cell.state for cell in rest), key=lambda s: s.value)
    return ((_("+{n} more: {counts}").format(n=len(rest), counts=counted), STATE_ROLES[worst]),)


def counts(states: Iterable[State]) -> list[tuple[State, int]]:
    """How many of each, the worst first."""
    found: dict[State, int] = {}
    for each in states:
        found[each] = found.get(each, 0) + 1
    return sorted(found.items(), key=lambda item: item[0].value)


def lines(cell: Cell, form: Form, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The lines of a cell, each at most ``width`` cells."""
    role = "text-dim" if cell.awaited else STATE_ROLES[cell.state]
    alarm: Line = ((f"{glyphs.alarm} ", "state-unhealthy"),) if cell.alarm else ()
    if form is Form.LINE:
        head: Line = ((f"{glyphs.states[cell.state]}{_(CODES[cell.state]):<3} ", role), *alarm)
        return (_sided((*head, (cell.name, "")), cell.age, width, glyphs),)
    name = crop((*alarm, (cell.name, "text-strong")), width, glyphs.ellipsis)
    words = ((_("not read yet"), role),) if cell.awaited else state(cell.state, glyphs)
    if form is Form.FULL:
        return name, _sided(words, cell.age, width, glyphs)
    body = (*words, (f" {cell.age}" if cell.age else "", "text-dim"))
    return name, body, crop(((cell.worst, "text-dim"),), width, glyphs.ellipsis), ()


def _sided(left: Line, right: str, width: int, glyphs: Glyphs) -> Line:
    """``left``, and ``right`` at the right edge; cut is the left."""
    if not right:
        return crop(left, width, glyphs.ellipsis)
    kept = crop(left, width - len(right) - 1, glyphs.ellipsis)
    return (*kept, (right.rjust(width - cells_of(kept)), "text-dim"))


def head(
    cells: Sequence[Cell], oldest: datetime | None, now: datetime, glyphs: Glyphs, room: int
) -> list[Line]:
    """Counts for each state, the worst first, and how old the oldest reading is, as parts of a bar; with
    codes for words where words would need more than ``room`` cells."""
    read = [cell.state for cell in cells if not cell.awaited]
    counted = counts(read)
    parts: list[Line] = [
        ((f"{glyphs.states[of]} {number} {_(of.word)}", STATE_ROLES[of]),) for of, number in counted
    ]
    rest: list[Line] = []
    if len(read) < len(cells):
        rest.append(((_("{n} not read yet").format(n=len(cells) - len(read)), "text-dim"),))
    if oldest is not None:
        rest.append(((_("oldest read {age} ago").format(age=coarse_age(oldest, now)), ""),))
    if sum(cells_of(part) + 3 for part in (*parts, *rest)) <= room or not parts:
        return [*parts, *rest]
    short: list[tuple[str, str]] = []
    for of, number in counted:
        gap = " " if short else ""
        short.append((f"{gap}{glyphs.states[of]}{_(CODES[of])} {number}", STATE_ROLES[of]))
    return [tuple(short), *rest]
