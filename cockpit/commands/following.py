"""What changed between two views of a run, and what a follower does next. No printing, no waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cockpit.commands.narrator import Said
from cockpit.commands.plain import iso
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.journal.records import Json, Obligation, RunState
from cockpit.recovery.outcomes import outcome_words
from cockpit.recovery.view import Life, OutputView, RunView, StepMark, StepView

LEFT_SECONDS = 10.0
"""So long, by the journal's clock, a run may be without a worker before it counts as left: one starts."""
STARTING = N_("starting")
"""In place of ``left`` while the first worker of a run may still be on its way."""
TAIL = 20
"""Lines of output shown of what was said before we came."""

EXIT_CODES = {RunState.RECOVERED: 0, RunState.ESCALATED: 2, RunState.ABORTED: 3}
_ENDINGS = {RunState.RECOVERED: "bold green", RunState.ESCALATED: "bold yellow", RunState.ABORTED: "bold red"}
_WORKING = frozenset({StepMark.DOING, StepMark.IN_DOUBT})


@dataclass(frozen=True, slots=True)
class News:
    """``finished``: steps that ended since, in the runbook's order."""

    said: tuple[Said, ...]
    finished: tuple[StepView, ...]


class Turn(StrEnum):
    WAIT = "wait"
    ASK = "ask"
    LEFT = "left"
    ENDED = "ended"


def turn(chain: Sequence[RunView], left_since: datetime | None) -> tuple[Turn, RunView]:
    """What to do next, and with which run of ``chain``: a run, the run it waits for, and so on.

    ``left_since``: since when the run that acts has nobody working on it, None while somebody does.
    """
    if chain[0].run.ended:
        return Turn.ENDED, chain[0]
    acting = acts(chain)
    if acting.question is not None:
        return Turn.ASK, acting
    if left_since is not None and (acting.now - left_since).total_seconds() >= LEFT_SECONDS:
        return Turn.LEFT, acting
    return Turn.WAIT, acting


def acts(chain: Sequence[RunView]) -> RunView:
    """The run of ``chain`` that acts now: the last one that has not ended."""
    return next((view for view in reversed(chain) if not view.run.ended), chain[0])


def news(before: RunView | None, now: RunView, *, starting: bool = False) -> News:
    """What to tell of ``now`` to someone who has seen ``before``; None: nothing yet.

    ``starting``: a worker was started just now, and need not have come yet.
    """
    finished = tuple(s for s in now.steps if _finished(s, _step(before, s.id)))
    said: list[Said] = []
    if before is None:
        said += head(now, starting=starting)
    for step in now.steps:
        old = _step(before, step.id)
        if _begun(step, old):
            said += _begins(step)
        if step in finished:
            said += _begins(step) if before is not None and _unseen(step, old) else ()
            said += _ends(step)
    said += _output(before, now)
    said += _obligations(before, now)
    if now.child is not None and (before is None or before.child != now.child):
        said.append(Said(_("waits for run {run}").format(run=now.child), "", 2))
    if now.run.ended and not (before is not None and before.run.ended):
        said += _end(now)
    return News(tuple(said), finished)


def _step(view: RunView | None, step: str) -> StepView | None:
    return None if view is None else view.step(step)


def head(view: RunView, *, starting: bool = False) -> Iterator[Said]:
    """Which run it is, and who works on it. ``starting``: as for :func:`news`."""
    run = view.run
    life = STARTING if view.life is Life.LEFT and (starting or _young(view)) else view.life.value
    yield Said(_("run {run}  {title}").format(run=run.id, title=spoken(view.title)), "bold")
    words = _("{monitor} on {server}  {scope}  {state}, {life}").format(
        monitor=run.monitor,
        server=run.server,
        scope=spoken(run.scope),
        state=spoken(run.state.value),
        life=spoken(life),
    )
    yield Said(words, "", 2)
    if view.lease is not None and not view.lease.expired:
        yield Said(
            _("worked on for {operator} since {time}").format(
                operator=view.lease.operator, time=iso(view.lease.taken_at)
            ),
            "",
            2,
        )


def _young(view: RunView) -> bool:
    """It was made just now, and its worker has done nothing yet."""
    age = view.now.timestamp() - view.run.created_at
    return age < LEFT_SECONDS and not any(step.attempts or step.started_at for step in view.steps)


def gone(view: RunView) -> bool:
    """It was left, and not only because its worker is still starting."""
    return is_left(view) and not _young(view)


def _finished(step: StepView, old: StepView | None) -> bool:
    if step.ended_at is not None:
        return old is None or (old.ended_at, old.attempts) != (step.ended_at, step.attempts)
    done = step.mark in (StepMark.DONE, StepMark.SKIPPED)
    return done and (old is None or old.mark is not step.mark)


def _begun(step: StepView, old: StepView | None) -> bool:
    """There is an attempt without a result that was not told yet, or is in doubt only now.

    A step that is merely come to has sent nothing: its guards are read, or it will ask.
    """
    if step.mark not in _WORKING or step.started_at is None or step.ended_at is not None:
        return False
    doubted = step.mark is StepMark.IN_DOUBT and (old is None or old.mark is not step.mark)
    return doubted or _unseen(step, old)


def _unseen(step: StepView, old: StepView | None) -> bool:
    """Whether its last attempt began since ``old``. What is skipped never begins."""
    begun = step.started_at is not None and step.mark is not StepMark.SKIPPED
    return begun and (old is None or old.started_at != step.started_at)


def _begins(step: StepView) -> Iterator[Said]:
    if step.started_at is None:
        return
    page = _("  (step {page} of Microsoft's page)").format(page=step.page) if step.page else ""
    word = _("IN DOUBT") if step.mark is StepMark.IN_DOUBT else _("begins")
    style = "bold magenta" if step.mark is StepMark.IN_DOUBT else "bold"
    yield Said(f"{clock(step.started_at)}  {word}  {step.id}  {spoken(step.title)}{page}", style, 1)
    if step.hand is not None:
        yield Said(
            _("by hand, {where}: {command}").format(where=spoken(step.hand.where), command=step.hand.command),
            "cyan",
            4,
        )
    elif step.command:
        yield Said(_("command: {command}").format(command=step.command), "cyan", 4)
    if step.departs:
        yield Said(_("departs from the page: {how}").format(how=spoken(step.departs)), "", 4)
    if step.ended_at is not None:
        return
    if step.due_at is not None:
        yield Said(_("waits until {time}").format(time=clock(step.due_at)), "", 4)
    elif step.limit_at is not None and step.hand is None:
        yield Said(_("answers by {time}, or it will be looked at").format(time=clock(step.limit_at)), "", 4)


def _ends(step: StepView) -> Iterator[Said]:
    skipped = step.mark is StepMark.SKIPPED
    what = _("skipped") if skipped else spoken(outcome_words(step.outcome or "done"))
    at = "         " if step.ended_at is None else clock(step.ended_at)
    words = (
        _("{time}  ends    {step}  {outcome}  (try {number})")
        if step.attempts > 1
        else _("{time}  ends    {step}  {outcome}")
    )
    said = words.format(time=at, step=step.id, outcome=what, number=step.attempts)
    yield Said(said, "yellow" if skipped else "green", 1)
    if step.words:
        yield Said(spoken(step.words), "", 4, bar=True)


def _output(before: RunView | None, now: RunView) -> Iterator[Said]:
    for line in fresh(() if before is None else before.output, now.output, seen=before is not None):
        yield Said(spoken(line.text), "dim", 4, bar=True)


def fresh(old: Sequence[OutputView], new: Sequence[OutputView], *, seen: bool) -> Sequence[OutputView]:
    """The lines of ``new`` after those of ``old``, both tails of one stream; the last few if nothing was
    ``seen`` yet."""
    if not seen:
        return new[-TAIL:]
    for length in range(min(len(old), len(new)), 0, -1):
        if tuple(old[-length:]) == tuple(new[:length]):
            return new[length:]
    return new


def _obligations(before: RunView | None, now: RunView) -> Iterator[Said]:
    known = {} if before is None else {o.id: o for o in before.obligations}
    for obligation in now.obligations:
        old = known.get(obligation.id)
        if obligation.open and old is None:
            yield Said(_("to be undone: {owed}").format(owed=owed(obligation)), "yellow", 2)
        elif not obligation.open and old is not None and old.open:
            yield Said(_("undone: {owed}").format(owed=owed(obligation)), "green", 2)
    gone = known.keys() - {o.id for o in now.obligations}
    for obligation in (known[n] for n in sorted(gone) if known[n].open):
        yield Said(_("undone: {owed}").format(owed=owed(obligation)), "green", 2)


def owed(obligation: Obligation) -> str:
    """An obligation in one line."""
    wanted, prior = shown(obligation.wanted), shown(obligation.prior)
    text = _("{server} {key} = {wanted}, before: {prior}").format(
        server=obligation.server, key=obligation.key, wanted=wanted, prior=prior
    )
    if obligation.open and obligation.handed_to:
        text += _("; handed over to {name}: {reason}").format(
            name=obligation.handed_to, reason=obligation.handed_reason
        )
    return text


def shown(value: Json) -> str:
    """A property's value as PowerShell writes it."""
    if value is None:
        return "$null"
    return f"${str(value).lower()}" if isinstance(value, bool) else str(value)


def _end(view: RunView) -> Iterator[Said]:
    state = view.run.state
    words = _("run {run}  {title}").format(run=view.run.id, title=spoken(state.value).upper())
    yield Said(words, _ENDINGS.get(state, "bold"))
    if view.run.ending:
        yield Said(spoken(view.run.ending), "", 2)
    for obligation in view.obligations:
        if obligation.open:
            yield Said(_("STILL OPEN: {owed}").format(owed=owed(obligation)), "bold red", 2)


def clock(moment: datetime) -> str:
    """A time of day in UTC: nine characters."""
    return moment.astimezone(UTC).strftime("%H:%M:%SZ")


def record(run: str, step: StepView) -> dict[str, object]:
    """A finished step as one object of ``--format json``."""
    return {
        "run": run,
        "step": step.id,
        "title": step.title,
        "mark": step.mark,
        "attempts": step.attempts,
        "outcome": step.outcome,
        "words": step.words,
        "command": step.command,
        "by_hand": step.hand,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
    }


def row(run: str, step: StepView) -> str:
    """A finished step as one line, tab separated: time, run, step, attempts, outcome, words."""
    outcome = step.outcome or step.mark.value
    cells = (iso(step.ended_at) or "", run, step.id, str(step.attempts), outcome, step.words)
    return "\t".join(clean_line(cell) for cell in cells)


def is_left(view: RunView) -> bool:
    """Nobody works on it, and it is not at a question."""
    return view.life is Life.LEFT and view.question is None
