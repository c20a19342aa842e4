"""One step of a run or a plan as lines: clock, why, command, guards, output. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.journal.records import Finding, Grade, Obligation, Verdict
from cockpit.recovery.outcomes import outcome_words
from cockpit.recovery.view import HandView, OutputView, PlanStep, RunView, StepMark, StepView
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.panels import stamp
from cockpit.ui.recovery_words import elapsed, mark, moment, offered, refuses, span, value

LABEL = 13
OUTPUT_LINES = 500
"""Lines of live output kept on the screen; the journal and the evidence bundle have them all."""
BLANK: Line = (("", ""),)


def pair(label: str, text: str, role: str = "") -> Line:
    """A label and its value, never without a space between them."""
    return ((f"{label} ".ljust(LABEL), "text-label"), (text, role))


def block(label: str, text: str, role: str = "") -> list[Line]:
    """A text that may have several lines; later ones stand under the first."""
    first, *rest = text.split("\n")
    return [pair(label, first, role), *(pair("", line, role) for line in rest if line.strip())]


def head(step: StepView, glyphs: Glyphs) -> list[Line]:
    """Title, mark, outcome."""
    lines: list[Line] = [((spoken(step.title), "text-strong"),)]
    outcome: Line = ((f"  {spoken(outcome_words(step.outcome))}", "text-strong"),) if step.outcome else ()
    lines.append((*mark(step.mark, glyphs), *outcome, *_notes(step)))
    if step.words:
        lines += block(_("Result"), spoken(step.words))
    if step.attempts > 1:
        lines.append(pair(_("Attempts"), str(step.attempts)))
    return lines


def _notes(step: StepView) -> Line:
    """What kind of step it is."""
    notes = [note for note, on in (
        (_("dangerous"), step.dangerous), (_("irreversible"), step.irreversible),
        (_("can be skipped"), step.skippable),
    ) if on]  # fmt: skip
    return ((f"  {', '.join(notes)}", "text-dim"),) if notes else ()


def clock(step: StepView, present: datetime) -> list[Line]:
    """Since when, until when. ``present``: the journal's clock now."""
    seconds = elapsed(step, present)
    if seconds is None:
        return []
    if step.ended_at is not None:
        when = _("{begin} to {end}, took {span}").format(
            begin=stamp(step.started_at, present), end=stamp(step.ended_at, present), span=span(seconds)
        )
        return [pair(_("Clock"), when, "text-dim")]
    since = _("{span} since {time}").format(span=span(seconds), time=stamp(step.started_at, present))
    lines = [pair(_("Clock"), since, "text-strong")]
    for label, until, over in (
        (_("Due"), step.due_at, _("due now, {time}")),
        (_("Time limit"), step.limit_at, _("passed, {time}")),
    ):
        if until is not None:
            left = (until - present).total_seconds()
            words = _("{span} left, until {time}") if left > 0 else over
            lines.append(pair(label, words.format(span=span(left), time=stamp(until, present))))
    return lines


def reasons(step: StepView) -> list[Line]:
    """Where the step comes from, why it is done, where we depart from the page."""
    own = _("not on Microsoft's page: our own step")
    lines = [pair(_("Page"), _("step {page}").format(page=step.page) if step.page else own)]
    lines += block(_("Why"), spoken(step.why))
    if step.departs:
        lines += block(_("We depart"), spoken(step.departs), "state-degraded")
    return lines


def command(step: StepView) -> list[Line]:
    """What is or will be sent; or what a person runs for us, where, and what became of it."""
    if step.hand is not None:
        return by_hand(step.hand)
    if not step.command:
        return [pair(_("Command"), _("nothing is sent"), "text-dim")]
    return block(_("Command"), step.command, "text-strong")


def by_hand(hand: HandView) -> list[Line]:
    """A command that a person runs: never sent by us."""
    lines = block(_("By hand"), hand.command, "text-strong")
    lines += block(_("Where"), spoken(hand.where))
    lines += block(_("Why by hand"), spoken(hand.why), "state-degraded")
    if hand.done_at is not None:
        said = _("by the word of {who} at {time}").format(
            who=hand.by, time=f"{hand.done_at:%Y-%m-%d %H:%M:%SZ}"
        )
        seen = (_("seen"), "state-healthy") if hand.observed else (_("not seen from here"), "state-degraded")
        lines.append((*pair(_("Done"), f"{said}, "), seen))
    elif hand.observed:
        lines.append(pair(_("Done"), _("seen; nobody has said by whom"), "state-healthy"))
    return lines


def guards(title: str, findings: Sequence[Finding], glyphs: Glyphs) -> list[Line]:
    """What every guard said; refusals first, in the form of recovery-engine §3.3."""
    if not findings:
        return []
    lines: list[Line] = []
    by_guard: dict[str, list[Finding]] = {}
    for finding in findings:
        by_guard.setdefault(finding.guard, []).append(finding)
    refused = {name: group for name, group in by_guard.items() if any(refuses(f) for f in group)}
    for name, group in refused.items():
        lines += [BLANK, *_refused(title, name, group)]
    passed = [finding for name, group in by_guard.items() if name not in refused for finding in group]
    if passed:
        lines += [BLANK, ((_("Guards that let it pass"), "text-title"),)]
    word = _("passed")
    for finding in passed:
        lines.append(
            (
                ("  ", "text-label"),
                (f"{glyphs.marks[StepMark.DONE]} {word}  ", "state-healthy"),
                (f"{finding.guard}  ", ""),
                *_reading(finding),
            )
        )
    return lines


def _refused(title: str, guard: str, group: Sequence[Finding]) -> list[Line]:
    """One guard that refuses: its objects, what helps, the override."""
    worst = [finding for finding in group if refuses(finding)]
    warns = all(finding.grade is Grade.WARN for finding in worst)
    word, role = _word(worst)
    named = _("guard {name}").format(name=guard)
    lines: list[Line] = [((f"{word}  ", role), (spoken(title), "text-strong"), (f"  {named}", "text-dim"))]
    lines += [(("  ", "text-label"), *_reading(finding)) for finding in worst]
    lines += [(("  ", "text-label"), ("ok ", "state-healthy"), *_reading(f)) for f in group if not refuses(f)]
    lines += [
        pair(_("What helps"), spoken(helps)) for helps in dict.fromkeys(f.helps for f in worst if f.helps)
    ]
    if not warns:
        lines += _overrides(worst)
    return lines


def _word(worst: Sequence[Finding]) -> tuple[str, str]:
    """What findings that refuse come to together, and its role."""
    if any(finding.blocks for finding in worst):
        return _("REFUSED"), "state-unhealthy"
    warns = all(finding.grade is Grade.WARN for finding in worst)
    return (_("WARNED") if warns else _("OVERRIDDEN")), "state-degraded"


def against(step: StepView) -> tuple[Finding, ...]:
    """What speaks against the step and does not stop it: warnings, and refusals that were overridden."""
    return tuple(f for f in step.findings if refuses(f) and not f.blocks)


def warnings(findings: Iterable[Finding]) -> list[Line]:
    """Findings of :func:`against`, a line for each; objects of which a guard says the same share one."""
    same: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        said = (_word([finding])[0], finding.guard, _read(finding), finding.threshold)
        same.setdefault(said, []).append(finding)
    lines: list[Line] = [BLANK] if same else []
    for (word, guard, reading, threshold), group in same.items():
        objects = ", ".join(finding.object for finding in group)
        lines.append(
            (
                (f"{word}  ", "state-degraded"),
                (f"{guard}  ", "text-dim"),
                (f"{objects}: {reading}", ""),
                *_wanted(threshold),
            )
        )
    return lines


def _overrides(worst: Sequence[Finding]) -> list[Line]:
    """One line where all objects have the same answer, else one for each."""
    words = {offered(finding) for finding in worst}
    if len(words) == 1:
        return [pair(_("Override"), words.pop())]
    return [pair(_("Override"), f"{finding.object}: {offered(finding)}") for finding in worst]


def _reading(finding: Finding) -> Line:
    return ((f"{finding.object}: ", ""), (_read(finding), ""), *_wanted(finding.threshold))


def _read(finding: Finding) -> str:
    """What a guard read, or why it could not."""
    reading = spoken(finding.reading)
    return _("not read: {why}").format(why=reading) if finding.verdict is Verdict.UNREAD else reading


def _wanted(threshold: str) -> Line:
    """What it would have to be; nothing where the guard does not say."""
    words = _("wanted: {threshold}").format(threshold=spoken(threshold))
    return ((f"  {words}", "text-dim"),) if threshold else ()


def step_lines(step: StepView, present: datetime, glyphs: Glyphs) -> list[Line]:
    """Everything about a step of a run."""
    return [
        *head(step, glyphs),
        *clock(step, present),
        BLANK,
        *command(step),
        *guards(step.title, step.findings, glyphs),
        BLANK,
        *reasons(step),
    ]


def plan_lines(step: PlanStep, glyphs: Glyphs) -> list[Line]:
    """Everything about a step of a plan."""
    view = step.view
    lines: list[Line] = [
        ((spoken(view.title), "text-strong"), *_notes(view)),
        pair(_("Server"), step.server),
        BLANK,
    ]
    lines += by_hand(step.hand) if step.hand is not None else command(view)
    if step.closed and step.hand is None:
        lines += block(_("Cannot be run"), spoken(step.closed), "state-degraded")
    if step.depends:
        lines += block(_("Not known yet"), spoken(step.depends), "state-unknown")
    lines += guards(view.title, view.findings, glyphs)
    return [*lines, BLANK, *reasons(view)]


def output_lines(output: Iterable[OutputView], present: datetime) -> list[Line]:
    """The tail of the live output."""
    kept = list(output)[-OUTPUT_LINES:]
    if not kept:
        return [((_("No output yet."), "text-dim"),)]
    return [((f"{stamp(line.at, present)}  ", "text-label"), (spoken(line.text), "")) for line in kept]


def abort_lines(view: RunView) -> list[Line]:
    """What an abort of the run undoes; of one that rests also its step's words on that."""
    lines = undo_lines(view.obligations, view.now)
    question = view.question
    step = view.step(question.step) if question is not None and question.due is not None else None
    return lines if step is None else [*lines, BLANK, *block(_("At rest"), spoken(step.why))]


def undo_lines(obligations: Iterable[Obligation], now: datetime) -> list[Line]:
    """Open obligations and what they go back to, newest first."""
    still = sorted((o for o in obligations if o.open), key=lambda o: o.opened_at, reverse=True)
    if not still:
        return [((_("Nothing is open: nothing has to be undone."), ""),)]
    return [
        (
            (f"  {o.server} {o.key} ", "text-strong"),
            (
                _("back to {value}, changed {time}").format(
                    value=value(o.prior), time=stamp(moment(o.opened_at), now)
                ),
                "",
            ),
        )
        for o in still
    ]
