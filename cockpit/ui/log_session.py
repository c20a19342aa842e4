"""The session under the cursor: its lines found around it, and how they are told. No Textual in here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cockpit.config.language import _, ngettext, pgettext
from cockpit.config.spoken import spoken
from cockpit.poplog.document import Document, Entry
from cockpit.poplog.sessions import Outcome, Session, SessionState, in_order, session_of
from cockpit.ui import log_times
from cockpit.ui.log_columns import end_letter, result, split, tidy
from cockpit.ui.log_lens import Needle, failed
from cockpit.ui.log_times import TimeBase
from cockpit.ui.log_window import Place
from cockpit.ui.look import Fragment, Line

SECONDS_EACH_WAY: Final = 1.0
"""How long lines of a session are looked for, upwards and then downwards: other sessions' lines between
them may be many."""
LINES_EACH_WAY: Final = 400
LINE_SHOWN: Final = 8_000
"""Characters of the line under the cursor that are shown; copying takes all of it."""
_OPEN, _CLOSE = "opensession", "closesession"


@dataclass(frozen=True, slots=True)
class Gathered:
    """``session``: None for a line without a session. ``limit_above``, ``limit_below``: the search that way
    was given up before it came to an end."""

    entry: Entry
    session: Session | None
    limit_above: bool = False
    limit_below: bool = False


def gather(document: Document, place: Place, stop: Callable[[], bool]) -> Gathered:
    """All lines of the session of ``place``. For a thread; raises LogError."""
    entry = place.entry
    if not entry.row.session:
        return Gathered(entry, None)
    above, limit_above = _way(document, place, stop, back=True)
    below, limit_below = _way(document, place, stop, back=False)
    session = session_of(in_order([*above, entry, *below]))
    return Gathered(entry, session, limit_above, limit_below)


def _way(
    document: Document, place: Place, stop: Callable[[], bool], *, back: bool
) -> tuple[list[Entry], bool]:
    mine = place.entry
    key = mine.server, mine.writer, mine.row.session
    text = Needle(mine.row.session).in_files
    deadline = time.monotonic() + SECONDS_EACH_WAY
    found: list[Entry] = []
    anchor, last = (place.before if back else place.after), mine
    while not _edge(last, back=back):
        if len(found) >= LINES_EACH_WAY:
            return found, True
        got = document.seek(
            anchor,
            lambda e: (e.server, e.writer, e.row.session) == key,
            text=text,
            back=back,
            stop=lambda: stop() or time.monotonic() > deadline,
        )
        if got is None:
            return found, stop() or time.monotonic() > deadline
        anchor, last = got
        if not back:
            if _edge(last, back=True):
                return found, False  # the id begins anew: another session
            anchor = next((after for after, _ in document.down(anchor, 1)), anchor)
        found.append(last)
    return found, False


def _edge(entry: Entry, *, back: bool) -> bool:
    """The session's first line, or its last."""
    return entry.row.command.lower() == (_OPEN if back else _CLOSE)


def title(gathered: Gathered, dot: str) -> Line:
    session = gathered.session
    if session is None:
        return ((_("Line"), ""), (f" {dot} {tidy(gathered.entry.server)}", ""))
    end = f" {end_letter(session.writer)}" if session.writer is not None else ""
    count = len(session.entries)
    lines = ngettext("{n} line", "{n} lines", count).format(n=count)
    words = f" {dot} {session.id} {dot} {tidy(session.server)}{end} {dot} {lines}"
    return ((_("Session"), ""), (words, ""))


def told(gathered: Gathered, base: TimeBase, now: datetime, ellipsis: str, cells: int) -> list[Line]:
    """The session in lines: what it is, its rows, and the line under the cursor as it was written, broken
    after ``cells``."""
    lines: list[Line] = []
    if gathered.session is not None:
        lines += _summary(gathered.session, gathered)
        lines += [_row(e, base, now, e.offset == gathered.entry.offset and e.file == gathered.entry.file)
                  for e in gathered.session.entries]  # fmt: skip
    entry = gathered.entry
    line = entry.row.line
    where = _("{file} at byte {offset}").format(file=tidy(entry.file), offset=entry.offset)
    lines.append((_label(_("Line")), (where, "text-dim")))
    if entry.row.problem:
        lines.append(
            (
                (
                    _("cannot be read as a row: {problem}").format(problem=spoken(entry.row.problem)),
                    "text-problem",
                ),
            )
        )
    rest: Line = ((tidy(line[:LINE_SHOWN]), ""),)
    while rest:
        part, rest = split(rest, max(cells, 10))
        lines.append(part)
    if len(line) > LINE_SHOWN:
        more = _("{n} more characters: copy the line to have them").format(n=len(line) - LINE_SHOWN)
        lines.append(((f"{ellipsis} {more}", "text-key"),))
    return lines


def _summary(session: Session, gathered: Gathered) -> list[Line]:
    bad = session.outcome is Outcome.FAILED
    role = "text-problem" if bad else "state-healthy" if session.outcome is Outcome.OK else "state-unknown"
    outcome = _outcome(session.outcome)
    outcome = f"{outcome}: {session.words}" if session.words else outcome
    monitoring = _("  (monitoring)") if session.health_mailbox else ""
    took = _("{duration} ms worked, {wall} ms from first to last")
    signed_in = tidy(session.user) or _("not signed in")
    facts: list[list[Fragment]] = [
        [_label(_("State")), (_state(session.state), "text-strong"), ("  ", ""), (tidy(outcome), role)],
        [_label(_("User")), (signed_in, ""), (monitoring, "text-dim"),
         (_("  from "), "text-label"), (tidy(session.client_end), ""),
         (_("  to "), "text-label"), (tidy(session.server_end), "")],
        [_label(_("Duration")), (took.format(duration=session.duration, wall=session.wall), "")],
    ]  # fmt: skip
    if (target := session.target) is not None:
        port = f":{target.port}" if target.port is not None else ""
        words = f"  {target.words}" if target.words else ""
        where = pgettext("session", "to {target}").format(target=f"{target.host}{port}{words}")
        facts.append([_label(_("Proxied")), (tidy(where), "")])
    if limits := _limits(gathered):
        facts.append([_label(_("Not whole")), (limits, "state-degraded")])
    if session.gaps:
        facts.append([_label(_("Missing")), (_("{n} of its lines").format(n=session.gaps), "text-problem")])
    return [tuple(fact) for fact in facts]


def _state(of: SessionState) -> str:
    return {
        SessionState.OPEN: pgettext("session", "open"),
        SessionState.AUTHENTICATED: pgettext("session", "authenticated"),
        SessionState.PROXIED: pgettext("session", "proxied"),
        SessionState.CLOSED: pgettext("session", "closed"),
        SessionState.CUT: pgettext("session", "cut"),
    }[of]


def _outcome(of: Outcome) -> str:
    return {
        Outcome.OK: pgettext("session", "ok"),
        Outcome.FAILED: pgettext("session", "failed"),
        Outcome.UNKNOWN: pgettext("session", "unknown"),
    }[of]


def _label(text: str) -> Fragment:
    return f"{text:<9} ", "text-label"


def _limits(gathered: Gathered) -> str:
    """What was not looked for; empty where all was."""
    match gathered.limit_above, gathered.limit_below:
        case True, True:
            return _("lines above and below are too far away to be looked for here")
        case True, False:
            return _("lines above are too far away to be looked for here")
        case False, True:
            return _("lines below are too far away to be looked for here")
        case _neither:
            return ""


def _row(entry: Entry, base: TimeBase, now: datetime, here: bool) -> Line:
    row = entry.row
    at = log_times.shown(row.at, base, now, day=False)
    number = "" if row.sequence is None else str(row.sequence)
    ms = "" if row.duration is None else f"{row.duration} ms"
    sign = ">" if here else " "
    first = f"{sign} {at:<12} {number:>3}  {tidy(row.command[:20]):<12} {ms:>8}  "
    words = "  ".join(part for part in (tidy(row.parameters[:200]), tidy(result(row)[:300])) if part)
    return ((first, "text-label"), (words, "text-problem" if failed(row) else ""))
