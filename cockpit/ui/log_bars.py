"""What the Logs screen says of itself: where the lines come from, every toggle, what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cockpit.config.language import _, ngettext, pgettext
from cockpit.config.spoken import spoken
from cockpit.poplog.errors import LogError
from cockpit.poplog.feed import Happened
from cockpit.ui.log_lens import Ends, Lens, Mailboxes, Needle
from cockpit.ui.log_times import TimeBase
from cockpit.ui.logs import Known, LogsWanted
from cockpit.ui.look import Fragment, Glyphs, Line, crop, width

NARROW: Final = 100
SHOWN_PROBLEMS: Final = 2
_UNITS: Final = ("B", "kB", "MB", "GB")


@dataclass(slots=True)
class Board:
    """What is on or off. ``new``: lines that came since it stands still; ``more_new``: there are more.
    ``skip``: cells scrolled to the right."""

    follow: bool = True
    wrap: bool = False
    session: bool = False
    base: TimeBase = TimeBase.UTC
    any_case: bool = True
    lens: Lens = field(default_factory=Lens)
    search: Needle | None = None
    new: int = 0
    more_new: bool = False
    skip: int = 0


def toggles(board: Board, cells: int, glyphs: Glyphs) -> Line:
    """Every toggle with its state. Below NARROW cells the times' is only above their column, and the
    session's is its pane."""
    lens = board.lens
    items = [
        (_("Follow"), _switch(board.follow), board.follow),
        (_("Wrap"), _switch(board.wrap), board.wrap),
        (_("Filter"), _switch(lens.needle is not None), lens.needle is not None),
        (_("Errors"), _switch(lens.errors), lens.errors),
        (_("Probes"), _(lens.mailboxes.value), lens.mailboxes is not Mailboxes.ALL),
        (_("Ends"), _(lens.ends.value), lens.ends is not Ends.BOTH),
        (_("Case"), _switch(not board.any_case), not board.any_case),
    ]
    if cells >= NARROW:
        items.append((_("Times"), _(board.base.value), board.base is not TimeBase.UTC))
        items.append((_("Session"), _switch(board.session), board.session))
    gap = "   " if cells >= NARROW else "  "
    parts: list[Line] = [
        ((f"{name}:", "text-dim"), (value, "text-key" if on else "")) for name, value, on in items
    ]
    line: list[Fragment] = [(" ", "")]
    for part in parts:
        line += [(gap, "")] if len(line) > 1 else []
        line += part
    return crop(tuple(line), cells, glyphs.ellipsis)


def _switch(on: bool) -> str:
    return pgettext("switch", "On") if on else pgettext("switch", "Off")


def place_words(fraction: float) -> str:
    if fraction >= 1:
        return _("end")
    return _("top") if fraction <= 0 else f"{fraction * 100:.0f}%"


def head(wanted: LogsWanted, facts: Iterable[tuple[int, Line]], cells: int, glyphs: Glyphs) -> Line:
    """Whose logs, then ``facts`` by rank: what does not fit is left out, the highest number first."""
    dot: Fragment = (f" {glyphs.dot} ", "text-dim")
    name: Line = ((_(" Logs "), "text-strong"), (wanted.words, ""))
    kept = [(rank, part) for rank, part in facts if part]

    def used() -> int:
        return sum(width((dot, *part)) for _, part in kept)

    while len(kept) > 1 and used() > cells - min(width(name), max(cells // 3, 20)):
        kept.remove(max(kept, key=lambda item: item[0]))
    name = crop(name, cells - used(), glyphs.ellipsis)
    return crop((*name, *(fragment for _, part in kept for fragment in (dot, *part))), cells, glyphs.ellipsis)


def facts(board: Board, known: Known, state: Line, lines: int | None, dropped: int,
          place: str) -> list[tuple[int, Line]]:  # fmt: skip
    """Parts of the head line with their ranks. ``lines``: None where nobody counts them."""
    found: list[tuple[int, Line]] = [(0, state)]
    if board.lens.needle is not None:
        found.append((1, ((_('filter "{text}"').format(text=board.lens.needle), "text-key"),)))
    if board.search is not None:
        found.append((1, ((f"/{board.search}", "text-key"),)))
    if not board.follow and (board.new or board.more_new):
        count = f"{board.new}{'+' if board.more_new else ''}"
        found.append((0, ((ngettext("{n} new", "{n} new", board.new).format(n=count), "text-key"),)))
    if known.skipped:
        found.append((1, ((_("lines missed {times}x").format(times=known.skipped), "text-problem"),)))
    if known.behind:
        found.append((2, ((_("{size} behind").format(size=size_words(known.behind)), "state-degraded"),)))
    if lines is not None:
        found.append((3, ((_("{n} lines").format(n=lines), ""),)))
        found.append(
            (4, ((_("{n} dropped").format(n=dropped), "state-degraded" if dropped else "text-dim"),))
        )
    if place:
        found.append((2, ((place, ""),)))
    return found


def size_words(size: int) -> str:
    value = float(size)
    for unit in _UNITS[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_UNITS[-1]}"


def notices(known: Known, reconnect: str, damage: Sequence[str] = ()) -> list[Line]:
    """What is wrong, then what has happened since the operator's last action. ``damage``: what is wrong with
    files, a sentence each."""
    lines: list[Line] = []
    if known.lost:
        why = _(" No new lines: {why} ").format(why=spoken(known.lost))
        lines.append(((why, "text-problem"), (_("{key} reconnects.").format(key=reconnect), "text-key")))
    lines += [
        ((_(" {problem}; lines behind that are lost.").format(problem=spoken(problem)), "text-problem"),)
        for problem in damage[:SHOWN_PROBLEMS]
    ]
    if len(damage) > SHOWN_PROBLEMS:
        words = _(" and {n} more files end too soon.").format(n=len(damage) - SHOWN_PROBLEMS)
        lines.append(((words, "text-problem"),))
    groups = known.problems()
    for problem, whose in list(groups.items())[:SHOWN_PROBLEMS]:
        lines.append(((f" {', '.join(whose)}: ", "text-label"), (spoken(problem), "text-problem")))
    if len(groups) > SHOWN_PROBLEMS:
        left = sum(len(whose) for whose in list(groups.values())[SHOWN_PROBLEMS:])
        lines.append(((_(" and {n} more are not read.").format(n=left), "text-problem"),))
    for notice in known.notices[-2:]:
        role = "text-problem" if notice.kind in (Happened.SKIPPED, Happened.LOST) else "text-label"
        lines.append(((f" {spoken(notice.text)}", role),))
    return lines


def refusal(error: LogError) -> list[Line]:
    """Why there is nothing to see, and what helps."""
    lines: list[Line] = [((f" {spoken(error.what)}.".replace("..", "."), "text-problem"),)]
    if error.cause:
        lines.append(((f" {spoken(error.cause)}", ""),))
    if error.cure:
        lines.append(((_(" What helps: "), "text-label"), (spoken(error.cure), "")))
    return lines


def nothing(wanted: LogsWanted, board: Board, known: Known, *, live: bool, opened: bool, hunting: bool,
            toggle_key: str) -> list[Line]:  # fmt: skip
    """What stands where lines would be: never an empty screen that looks well. ``toggle_key``: the key that
    turns protocol logging on, "" where there is none."""
    if not opened:
        return [((_(" Opening {wanted}").format(wanted=wanted.words), "text-key"),)]
    if hunting:
        looking = _(" Looking for lines: {lens}. esc stops.").format(lens=board.lens.words())
        return [((looking, "text-key"),)]
    if not board.lens.open:
        return [((_(" No line passes {lens}.").format(lens=board.lens.words()), "text-problem"),
                 (_("  esc takes the filter away."), "text-key"))]  # fmt: skip
    if not live:
        return [((_(" There is no line in {wanted}.").format(wanted=wanted.words), "text-problem"),)]
    if known.lost or known.problems():
        return [((_(" No lines: see above."), "text-problem"),), *_turns_on(toggle_key)]
    if not known.connected:
        return [((_(" Connecting to {wanted}").format(wanted=wanted.words), "text-key"),)]
    lines: list[Line] = [
        ((_(" No line has come yet."), "text-key"),),
        ((_(" Lines come when clients do, and only while protocol logging is on and the POP3 service was "
          "restarted since."), ""),),
    ]  # fmt: skip
    return [*lines, *_turns_on(toggle_key)]


def _turns_on(toggle_key: str) -> list[Line]:
    if not toggle_key:
        return [((_(" pop-cockpit logging status --server S tells how it stands there."), ""),)]
    text = _(" {key} on the Fleet screen tells how protocol logging stands, and turns it on or off.")
    return [((text.format(key=toggle_key), ""),)]
