"""The words, glyphs and times of recoveries, the same on every screen. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.journal.words import RunState, Verdict
from cockpit.recovery.marks import Life, StepMark
from cockpit.ui.look import Glyphs, Line, width

if TYPE_CHECKING:
    from cockpit.journal.records import Finding, Json
    from cockpit.recovery.view import RunView, StepView

MARK_ROLES: Final[Mapping[StepMark, str]] = {
    StepMark.DONE: "state-healthy",
    StepMark.DOING: "state-repairing",
    StepMark.ASKING: "state-degraded",
    StepMark.IN_DOUBT: "state-unhealthy",
    StepMark.TO_COME: "text-dim",
    StepMark.SKIPPED: "state-unknown",
    StepMark.NOT_NEEDED: "text-dim",
}
LIFE_MARKS: Final[Mapping[Life, StepMark]] = {
    Life.LIVE: StepMark.DOING,
    Life.WAITING: StepMark.ASKING,
    Life.LEFT: StepMark.IN_DOUBT,
    Life.ENDED: StepMark.DONE,
}
_ENDINGS: Final[Mapping[RunState, tuple[StepMark, str]]] = {
    RunState.RECOVERED: (StepMark.DONE, "state-healthy"),
    RunState.ESCALATED: (StepMark.IN_DOUBT, "state-degraded"),
    RunState.ABORTED: (StepMark.SKIPPED, "state-unknown"),
}
SHORT_ID: Final = 8


def short(run: str) -> str:
    """Enough of a run's id to name it on a screen."""
    return run if len(run) <= SHORT_ID + 4 else run[:SHORT_ID]


def moment(seconds: float | None) -> datetime | None:
    """A time of the journal (seconds since the epoch) as aware UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def hour(when: datetime | None, now: datetime) -> str:
    """A time in UTC to the minute, with the date when it is not today's."""
    if when is None:
        return _("never")
    return f"{when:%H:%MZ}" if when.date() == now.date() else f"{when:%Y-%m-%d %H:%MZ}"


def span(seconds: float) -> str:
    """A length of time that ticks: ``6:40``, ``1:02:07``; never negative."""
    whole = max(int(seconds), 0)
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def value(of: Json) -> str:
    """A prior value as PowerShell writes it."""
    if of is None:
        return "$null"
    if isinstance(of, bool):
        return "$true" if of else "$false"
    return str(of)


def fit(parts: Iterable[tuple[int, Line]], cells: int, glyphs: Glyphs) -> Line:
    """``parts`` in their order, joined by dots; where it gets tight those of the highest number go first."""
    kept = [(rank, part) for rank, part in parts if width(part)]
    gap = width(((f" {glyphs.dot} ", ""),))
    while len(kept) > 1 and 1 + sum(width(part) + gap for _, part in kept) - gap > cells:
        worst = max(rank for rank, _ in kept)
        kept.pop(max(i for i, (rank, _) in enumerate(kept) if rank == worst))
    line: list[tuple[str, str]] = [(" ", "")]
    for index, (_rank, part) in enumerate(kept):
        line += [(f" {glyphs.dot} ", "text-dim")] if index else []
        line += part
    return tuple(line)


def mark(of: StepMark, glyphs: Glyphs) -> Line:
    """Glyph, word and colour: never colour alone."""
    return ((f"{glyphs.marks[of]} {_(of.value)}", MARK_ROLES[of]),)


def state(of: RunState, life: Life, glyphs: Glyphs) -> Line:
    """A run's state: how it ended, or how it stands."""
    if of in _ENDINGS:
        sign, role = _ENDINGS[of]
        return ((f"{glyphs.marks[sign]} {_(of.value)}", role),)
    sign = LIFE_MARKS[life]
    word = life.value if life is Life.LEFT else of.value
    return ((f"{glyphs.marks[sign]} {_(word)}", MARK_ROLES[sign]),)


def life_words(view: RunView) -> str:
    """Who works on a run, in a sentence without its full stop."""
    lease = view.lease
    who = lease.operator if lease is not None else _("somebody")
    if view.life is Life.LIVE:
        taken = moment(lease.taken_at) if lease is not None else None
        return _("worked on by {who} since {hour}").format(who=who, hour=hour(taken, view.now))
    if view.life is Life.WAITING:
        asked = view.question.asked_at if view.question is not None else None
        if asked is None:
            return _("waits for an answer; any cockpit may give it")
        since = hour(asked, view.now)
        return _("waits for an answer since {hour}; any cockpit may give it").format(hour=since)
    if view.life is Life.LEFT:
        ended = moment(lease.expires_at) if lease is not None else None
        return (
            _("nobody works on it; {who} did until {hour}").format(who=who, hour=hour(ended, view.now))
            if lease
            else _("nobody works on it")
        )
    return spoken(view.run.ending or Life.ENDED.value)


def doubtful(view: RunView) -> StepView | None:
    """The step that was sent and has no result, when there is one."""
    return next((step for step in view.steps if step.mark is StepMark.IN_DOUBT), None)


def elapsed(step: StepView, present: datetime) -> float | None:
    """Seconds since the step was started, up to its end; None before its start."""
    if step.started_at is None:
        return None
    return ((step.ended_at or present) - step.started_at).total_seconds()


def offered(finding: Finding) -> str:
    """Whether an override is offered for a finding that refuses, and why not."""
    if finding.overridden:
        return _("given by {by}: {reason}").format(by=finding.by or _("an operator"), reason=finding.reason)
    if finding.overridable:
        return _("offered, for this object only, with a reason and the server's name typed")
    return _("not offered: this guard is {grade}").format(grade=finding.grade.value)


def refuses(finding: Finding) -> bool:
    return finding.verdict is not Verdict.PASSED
