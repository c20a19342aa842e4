"""A trace as lines and rows: its verdict, its evidence, one piece of it. Pure functions."""

from __future__ import annotations

from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.poplog.evidence import Evidence, Strength, clock_time
from cockpit.poplog.trace import Sureness, Trace
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.recovery_words import fit
from cockpit.ui.widgets.rows import Column, Row

LABEL = 11
EVIDENCE_COLUMNS = (
    Column(N_("Evidence"), least=16),
    Column(N_("It"), least=14),
    Column(N_("Server"), least=8),
    Column(N_("Clock"), least=8, drop=1),
)
_SURENESS = {
    Sureness.CERTAIN: "state-healthy",
    Sureness.LIKELY: "state-degraded",
    Sureness.CANNOT_TELL: "state-unknown",
}
_STRENGTH = {
    Strength.NAMES: "state-healthy",
    Strength.SUPPORTS: "state-healthy",
    Strength.AGAINST: "state-unhealthy",
    Strength.SILENT: "text-dim",
    Strength.MISSING: "state-unknown",
    Strength.SHOWS: "",
}


def head(probe: str, server: str, trace: Trace | None, cells: int, glyphs: Glyphs) -> Line:
    """Which run of which probe this is."""
    ran = trace.run if trace is not None else None
    span = ""
    if ran is not None:
        began, ended = spoken(clock_time(ran.started)), spoken(clock_time(ran.ended))
        span = _("{begin} to {end}").format(begin=began, end=ended)
    return fit(
        (
            (0, ((_("trace"), "text-strong"),)),
            (0, ((probe, "text-strong"),)),
            (0, ((server, "text-strong"),)),
            (1, ((ran.result, ""),) if ran is not None and ran.result else ()),
            (2, ((span, "text-dim"),) if span else ()),
        ),
        cells,
        glyphs,
    )


def stands(trace: Trace, open_key: str) -> list[Line]:
    """The verdict, and what does not fit together."""
    role = _SURENESS[trace.sureness]
    if trace.named:
        words: Line = (
            (f" {trace.named} ", role),
            (f"{spoken(trace.sureness)}  ", role),
            (spoken(trace.reason), ""),
            (_("  {key} goes there.").format(key=open_key), "text-key"),
        )
    else:
        words = ((_(" CANNOT TELL "), role), (f" {spoken(trace.reason)}", ""))
    return [words, *(((f" {spoken(text)}", "state-degraded"),) for text in trace.contradictions)]


def rows(trace: Trace) -> list[Row]:
    """One for each piece of evidence, in the order it was looked at."""
    return [Row(("evidence", str(n)), _cells(piece)) for n, piece in enumerate(trace.evidence)]


def _cells(piece: Evidence) -> tuple[Line, ...]:
    ahead = "" if piece.clock is None else f"{piece.clock.ahead:+.1f} s"
    return (
        ((spoken(piece.kind.value), "text-strong"),),
        ((spoken(piece.strength.value), _STRENGTH[piece.strength]),),
        ((piece.server, ""),),
        ((ahead, "text-dim"),),
    )


def piece(found: Evidence) -> list[Line]:
    """One piece of evidence in full: a log's lines as they stand there."""
    blank: Line = (("", ""),)
    lines: list[Line] = [
        (_label(_("Looked at")), (spoken(found.looked_at), "text-strong")),
        (_label(_("It")), (spoken(found.strength.value), _STRENGTH[found.strength])),
    ]
    if found.server:
        lines.append((_label(_("Server")), (found.server, "")))
    if found.clock is not None:
        lines.append((_label(_("Clock")), (spoken(f"{found.clock}."), "")))
    lines += [blank, ((spoken(found.says), ""),)]
    for text in found.lines:
        lines += [blank, ((text, "text-dim"),)]
    return lines


def _label(text: str) -> tuple[str, str]:
    return f"{text} ".ljust(LABEL), "text-label"
