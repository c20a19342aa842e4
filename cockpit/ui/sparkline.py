"""A line of latencies in eight glyphs. Pure; it changes only when a result comes.

Textual's own Sparkline costs 2.6 kB for each drawing (terminal-ui §4.8); this one is part of a line of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cockpit.config.language import _, ngettext
from cockpit.fleet.latency import Latency
from cockpit.fleet.states import State
from cockpit.ui.look import STATE_ROLES, Glyphs, Line
from cockpit.ui.recovery_words import hour

BLOCKS: Final = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS: Final = "_.-~=+*#"
CELLS: Final = 24


def sparkline(results: Sequence[Latency], cells: int, glyphs: Glyphs) -> Line:
    """The newest ``cells`` results, oldest left: a block from nothing to the slowest success, the mark of
    Unhealthy for a failure (how long a failure took says nothing of how quick POP is)."""
    shown = results[-cells:]
    most = max((each.ms for each in shown if each.succeeded), default=0.0)
    fragments: list[tuple[str, str]] = []
    for each in shown:
        text, state = _glyph(each, most, glyphs)
        role = STATE_ROLES[state]
        if fragments and fragments[-1][1] == role:
            fragments[-1] = (fragments[-1][0] + text, role)
        else:
            fragments.append((text, role))
    return tuple(fragments)


def _glyph(result: Latency, most: float, glyphs: Glyphs) -> tuple[str, State]:
    if not result.succeeded:
        return glyphs.states[State.UNHEALTHY], State.UNHEALTHY
    blocks = ASCII_BLOCKS if glyphs.ascii else BLOCKS
    level = min(int(result.ms / most * len(blocks)), len(blocks) - 1) if most else 0
    return blocks[level], State.HEALTHY


def latency_line(results: Sequence[Latency], now: datetime, glyphs: Glyphs) -> Line:
    """The sparkline with what it means in words; empty for fewer than two results."""
    if len(results) < 2:
        return ()
    shown = results[-CELLS:]
    well = [each.ms for each in shown if each.succeeded]
    runs = ngettext("{n} run", "{n} runs", len(shown)).format(n=len(shown))
    since = hour(datetime.fromtimestamp(shown[0].at, UTC), now)
    if well:
        words = _("{least:g} to {most:g} ms, {runs} since {since}").format(
            least=min(well), most=max(well), runs=runs, since=since
        )
    else:
        words = _("none succeeded, {runs} since {since}").format(runs=runs, since=since)
    return (*sparkline(shown, CELLS, glyphs), (f"  {words}", ""))
