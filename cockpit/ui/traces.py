"""A trace as lines and rows: its verdict, its evidence, one piece of it. Pure functions."""

from __future__ import annotations

from cockpit.config.language import _
from cockpit.poplog.evidence import Evidence, Strength, clock_time
from cockpit.poplog.trace import Sureness, Trace
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.recovery_words import fit
from cockpit.ui.widgets.rows import Column, Row

EVIDENCE_COLUMNS = (
    Column("Evidence", least=16),
    Column("It", least=14),
    Column("Server", least=8),
    Column("Clock", least=8, drop=1),
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
    span = f"{clock_time(ran.started)} to {clock_time(ran.ended)}" if ran is not None else ""
    return fit(
        (
            (0, (("trace", "text-strong"),)),
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
            (f"{trace.sureness}  ", role),
            (trace.reason, ""),
            (_("  {open_key} goes there.").format(open_key=open_key), "text-key"),
        )
    else:
        words = ((" CANNOT TELL ", role), (f" {trace.reason}", ""))
    return [words, *(((f" {text}", "state-degraded"),) for text in trace.contradictions)]


def rows(trace: Trace) -> list[Row]:
    """One for each piece of evidence, in the order it was looked at."""
    return [Row(("evidence", str(n)), _cells(piece)) for n, piece in enumerate(trace.evidence)]


def _cells(piece: Evidence) -> tuple[Line, ...]:
    ahead = "" if piece.clock is None else f"{piece.clock.ahead:+.1f} s"
    return (
        ((piece.kind.value, "text-strong"),),
        ((piece.strength.value, _STRENGTH[piece.strength]),),
        ((piece.server, ""),),
        ((ahead, "text-dim"),),
    )


def piece(found: Evidence) -> list[Line]:
    """One piece of evidence in full: a log's lines as they stand there."""
    blank: Line = (("", ""),)
    lines: list[Line] = [
        ((_("Looked at  "), "text-label"), (found.looked_at, "text-strong")),
        (("It         ", "text-label"), (found.strength.value, _STRENGTH[found.strength])),
    ]
    if found.server:
        lines.append((("Server     ", "text-label"), (found.server, "")))
    if found.clock is not None:
        lines.append((("Clock      ", "text-label"), (f"{found.clock}.", "")))
    lines += [blank, ((found.says, ""),)]
    for text in found.lines:
        lines += [blank, ((text, "text-dim"),)]
    return lines
