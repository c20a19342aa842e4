"""A run as lines and rows: its head, how it stands, what can be done now, its plan. Pure functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.journal.records import RunState
from cockpit.recovery.outcomes import outcome_words
from cockpit.recovery.view import Life, Plan, PlanStep, RunView, StepMark, StepView
from cockpit.ui.actions import Registry
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.panels import stamp
from cockpit.ui.recovery_words import (
    MARK_ROLES,
    doubtful,
    fit,
    life_words,
    mark,
    refuses,
    short,
    span,
    state,
)
from cockpit.ui.widgets.rows import Column, Row

STEP_COLUMNS = (
    Column(N_("State"), least=10),
    Column(N_("Step"), least=18),
    Column(N_("Outcome"), least=6, drop=1),
)
PLAN_COLUMNS = (
    Column(N_("Guards"), least=9),
    Column(N_("Page"), least=2),
    Column(N_("Step"), least=18),
    Column(N_("Server"), least=5, drop=1),
)


def head(view: RunView, cells: int, glyphs: Glyphs) -> Line:
    """Which run this is."""
    run = view.run
    return fit(
        (
            (0, ((_("run {run}").format(run=short(run.id)), "text-strong"),)),
            (2, ((spoken(view.title), ""),)),
            (0, ((run.server, "text-strong"),)),
            (1, ((run.monitor, ""),)),
            (3, ((run.operator, "text-dim"),)),
            (4, ((run.environment, "text-dim"),)),
            (4, ((_("goes on by itself where it may"), "text-dim"),) if run.auto else ()),
        ),
        cells,
        glyphs,
    )


def stands(view: RunView, registry: Registry, present: datetime, glyphs: Glyphs) -> list[Line]:
    """How the run stands, and what can be done about it: at most three lines."""
    lines: list[Line] = [
        ((" ", ""), *state(view.run.state, view.life, glyphs), (f"  {life_words(view)}", ""))
    ]
    todo = _todo(view, registry, present)
    lines += [todo] if todo else []
    doubt = doubtful(view)
    if doubt is not None:
        text = _(" In doubt: {doubt}. Looked at before anything is sent.").format(doubt=spoken(doubt.title))
        lines.append(((text, "state-unhealthy"),))
    return lines


def _todo(view: RunView, registry: Registry, present: datetime) -> Line:
    """What the run waits for, and the keys that do something about it."""
    if view.life is Life.ENDED:
        return ()
    words, keys = _doing(view, present)
    live = [(action, does) for action, does in keys if registry.allows(action)]
    tail: list[tuple[str, str]] = []
    for action, does in live:
        tail += [(f"  {registry.key_of(action)}", "text-key"), (f" {does}", "")]
    if keys and not live:
        tail.append((_("  read-only: only to be watched"), "mode-read-only"))
    return ((f" {words}", "text-strong" if keys else ""), *tail)


def _doing(view: RunView, present: datetime) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A sentence, and actions with what they do."""
    if view.question is not None and view.question.due is not None:
        return _rests(view.question.due, present), (("run.decide", _("puts it back, or keeps it on")),)
    if view.question is not None:
        asks = _("Asks: {prompt}").format(prompt=spoken(view.question.prompt))
        return asks, (("run.decide", _("decides")),)
    if view.life is Life.LEFT:
        keys = (("run.resume", _("resumes or takes over")), ("run.abort", _("aborts")))
        return _("Nothing more is sent."), keys
    if view.run.state is RunState.ABORTING:
        return _("Aborting: what is open is being undone, newest first."), ()
    wait = waiting(view)
    if wait is not None and wait.due_at is not None:
        left = (wait.due_at - present).total_seconds()
        words = (
            _("Waits until {time}, {span} left.").format(time=stamp(wait.due_at, present), span=span(left))
            if left > 0
            else _("Waits no longer: it is due.")
        )
        return words, (("run.end-wait", _("ends the wait early")),)
    if view.child is not None:
        return _("Waits for run {child}; enter on its step opens it.").format(child=short(view.child)), ()
    current = view.step(view.current)
    if current is None:
        return _("Between two steps."), ()
    return _("Now: {step}").format(step=spoken(current.title)), ()


def _rests(due: datetime, present: datetime) -> str:
    left = (due - present).total_seconds()
    if left > 0:
        return _("On until {time}, {span} left. No process waits for that.").format(
            time=stamp(due, present), span=span(left)
        )
    return _("OVERDUE since {time}: it is still on.").format(time=stamp(due, present))


def waiting(view: RunView) -> StepView | None:
    """The step that waits for a time, when the run is at one."""
    step = view.step(view.current)
    waits = step is not None and step.mark is StepMark.DOING and step.due_at is not None
    return step if waits and view.question is None and view.life is Life.LIVE else None


def child_of(view: RunView, step: StepView | None) -> str | None:
    """The run that ``step`` waits for, where it waits for one."""
    return view.child if step is not None and step.id == view.current else None


def shown_step(view: RunView, step: StepView) -> StepView:
    """``step`` as it is shown: one that waits for a run has no time limit, the steps of that run have."""
    return step if child_of(view, step) is None else replace(step, limit_at=None)


def step_rows(view: RunView, glyphs: Glyphs) -> list[Row]:
    """The whole plan at once; links to the run that waits for this one, and to the one waited for."""
    rows: list[Row] = []
    if view.run.parent is not None:
        words = _("started by run {run}").format(run=short(view.run.parent))
        rows.append(_link("parent", view.run.parent, words, glyphs))
    for step in view.steps:
        here = step.id == view.current and view.life is not Life.ENDED
        role = "text-strong" if here else "text-dim" if step.mark is StepMark.NOT_NEEDED else ""
        outcome: Line = ((spoken(outcome_words(step.outcome)), role),)
        title: Line = ((spoken(step.title), role),)
        rows.append(Row(("step", step.id), (mark(step.mark, glyphs), title, outcome)))
        child = child_of(view, step)
        if child is not None:
            words = _("waits for run {run}").format(run=short(child))
            rows.append(_link("child", child, words, glyphs))
    return rows


def _link(kind: str, run: str, words: str, glyphs: Glyphs) -> Row:
    link = _("link")
    return Row(
        (kind, run),
        (
            ((f"{glyphs.collapsed} {link}", "text-label"),),
            ((words, "text-key"),),
            ((_("enter opens"), "text-dim"),),
        ),
    )


# Plans


def plan_head(plan: Plan, cells: int, now: datetime, glyphs: Glyphs) -> Line:
    return fit(
        (
            (0, ((_("plan"), "text-strong"),)),
            (2, ((spoken(plan.title), ""),)),
            (0, ((plan.server, "text-strong"),)),
            (1, ((plan.monitor, ""),)),
            (3, ((spoken(plan.role), "text-dim"),)),
            (3, ((spoken(plan.scope), "text-dim"),)),
            (1, ((_("read {time}").format(time=stamp(plan.read_at, now)), ""),)),
            (4, ((plan.environment, "text-dim"),)),
        ),
        cells,
        glyphs,
    )


def plan_stands(plan: Plan, glyphs: Glyphs) -> list[Line]:
    """That nothing was sent, how many steps refuse, what stands in the way of a start."""
    refused = sum(bool(step.in_the_way) for step in plan.steps)
    words = (
        _("{refused} of {count} steps would be refused as things are now.").format(
            refused=refused, count=len(plan.steps)
        )
        if refused
        else _("No guard refuses as things are now.")
    )
    role = "state-degraded" if refused else "state-healthy"
    lines: list[Line] = [
        ((_(" Nothing was sent: every guard was only read. "), "text-strong"), (words, role))
    ]
    lines += [
        ((_(" {alarm} In the way: ").format(alarm=glyphs.alarm), "text-problem"), (spoken(why), ""))
        for why in plan.in_the_way
    ]
    return lines


def plan_rows(plan: Plan, glyphs: Glyphs) -> list[Row]:
    return [
        Row(
            ("step", step.view.id),
            (
                _verdict(step, glyphs),
                ((step.view.page or "-", "text-label"),),
                ((spoken(step.view.title), ""),),
                ((step.server, ""),),
            ),
        )
        for step in plan.steps
    ]


def _verdict(step: PlanStep, glyphs: Glyphs) -> Line:
    """What the guards say of a step together, as far as it can be known before the steps above it."""
    sign, word, role = _verdict_words(step, glyphs)
    return ((f"{sign} {word}", role),)


def _verdict_words(step: PlanStep, glyphs: Glyphs) -> tuple[str, str, str]:
    """Glyph, word and role."""
    if step.in_the_way:
        return glyphs.alarm, _("refused"), "state-unhealthy"
    if step.closed:
        word = _("by hand") if step.hand is not None else _("not granted")
        return glyphs.alarm, word, "state-degraded"
    if any(refuses(finding) for finding in step.view.findings if finding.guard not in step.later):
        return "!", _("warned"), "state-degraded"
    if step.later:
        return "…", _("later"), "state-unknown"
    if step.view.findings:
        return glyphs.marks[StepMark.DONE], _("passed"), "state-healthy"
    return glyphs.marks[StepMark.NOT_NEEDED], _("none"), MARK_ROLES[StepMark.NOT_NEEDED]
