"""``pop-cockpit recover``: the whole plan with every guard read now, or a run that is followed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from cockpit.commands import findings
from cockpit.commands.desk import BAD, OK, REFUSED, Desk, refused
from cockpit.commands.follower import Follower, Terms
from cockpit.commands.narrator import Narrator, Said
from cockpit.commands.output import reader_may_leave
from cockpit.commands.plain import document, iso, plain
from cockpit.commands.saying import SaidError
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.exchange import catalogue
from cockpit.journal.records import Finding, Grade, Verdict
from cockpit.recovery.client import Recovery, RefusedError
from cockpit.recovery.view import Life, Plan, PlanStep, StepMark

MISSPELT = "PopTestDeepMonitor"
"""So Microsoft's page heads a section; its table and Exchange say otherwise (exchange-facts §1.4)."""
SPELT = "PopDeepTestMonitor"
_COLUMN = 10
AUTO_STOPS = N_("--auto stops here: this question needs a person.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``recover`` was asked for. ``form``: ``table`` or ``json``."""

    monitor: str
    server: str
    plan: bool
    auto: bool
    form: str


def run(desk: Desk, wanted: Wanted) -> int:
    """Plan or recover; the exit code of design §4. Raises ConfigError."""
    narrator = Narrator()
    monitor = monitor_named(wanted.monitor, narrator)
    if not wanted.plan:
        desk.want_write("recover")
    try:
        with desk.office() as office:
            if wanted.plan:
                return _plan(office, wanted.server, monitor, wanted.form)
            return _recover(office, desk, wanted, monitor, narrator)
    except RefusedError as error:
        return refused(narrator, error)


def monitor_named(text: str, narrator: Narrator) -> str:
    """The catalogue's name of a monitor, in any case. Raises ConfigError naming the known ones."""
    if text.lower() == MISSPELT.lower():
        narrator.say(
            _("Microsoft's page calls it {misspelt} in one heading; Exchange calls it {spelt}.").format(
                misspelt=MISSPELT, spelt=SPELT
            )
        )
        text = SPELT
    found = catalogue.monitor(text)
    if found is None:
        raise SaidError(
            _("{text!r} is no POP monitor. Known: {monitors}.").format(
                text=text, monitors=", ".join(catalogue.MONITORS)
            )
        )
    return found.name


def _recover(office: Recovery, desk: Desk, wanted: Wanted, monitor: str, narrator: Narrator) -> int:
    try:
        started = office.start(wanted.server, monitor, auto=wanted.auto)
    except RefusedError as error:
        code = refused(narrator, error)
        tell_of_open_runs(office, desk, narrator)
        return code
    why_not = AUTO_STOPS if wanted.auto else ""
    terms = Terms(desk.program, wanted.form, asks=not wanted.auto, why_not=why_not, starting=True)
    return Follower(office, started, terms, narrator).follow()


def tell_of_open_runs(office: Recovery, desk: Desk, narrator: Narrator) -> None:
    """Name the runs that may be what stands in the way: whose, since when, and how to see them."""
    try:
        lines = [line for line in office.runs() if line.life is not Life.ENDED]
    except RefusedError as error:
        refused(narrator, error)
        return
    for line in lines:
        words = (
            _(
                "not ended: run {run} on {server} ({scope}), {life}, held by {holder}, started {time} by "
                "{operator}"
            )
            if line.holder
            else _("not ended: run {run} on {server} ({scope}), {life}, started {time} by {operator}")
        )
        said = words.format(
            run=line.run.id,
            server=line.run.server,
            scope=spoken(line.run.scope),
            life=spoken(line.life.value),
            holder=line.holder,
            time=iso(line.started),
            operator=line.run.operator,
        )
        narrator.say(said, indent=2)
        narrator.command(f"{desk.program} runs attach {line.run.id}")


# --- the plan ------------------------------------------------------------------------------------


def _plan(office: Recovery, server: str, monitor: str, form: str) -> int:
    plan = office.plan(server, monitor)
    code = plan_code(plan)
    with reader_may_leave():
        if form == "json":
            print(document({"exit_code": code, **plain(plan)}))
        else:
            Narrator(sys.stdout).tell(plan_lines(plan))
    return code


def plan_code(plan: Plan) -> int:
    """0 nothing in the way; 2 something is, now or at a step that could come; 3 something is unread.

    What depends on earlier steps of the run refuses nothing yet.
    """
    coming = [f for step in plan.steps if _may_come(step) for f in _by_now(step)]
    if plan.in_the_way or any(_refuses(f) for f in coming):
        return BAD
    return REFUSED if any(f.verdict is Verdict.UNREAD for f in coming) else OK


def _may_come(step: PlanStep) -> bool:
    return step.view.mark not in (StepMark.NOT_NEEDED, StepMark.DONE, StepMark.SKIPPED)


def _by_now(step: PlanStep) -> list[Finding]:
    """The findings that say something before earlier steps ran."""
    return [f for f in step.view.findings if f.guard not in step.later]


def _refuses(finding: Finding) -> bool:
    return finding.verdict is Verdict.REFUSED and finding.grade is not Grade.WARN and not finding.overridden


def plan_lines(plan: Plan) -> Iterator[Said]:
    """The whole plan as text."""
    yield Said(_("PLAN  {title}").format(title=spoken(plan.title)), "bold")
    where = _("{monitor} on {server} ({role})  {scope}  environment {environment}").format(
        monitor=plan.monitor,
        server=plan.server,
        role=spoken(plan.role),
        scope=spoken(plan.scope),
        environment=plan.environment,
    )
    yield Said(where, "", 2)
    yield Said(f"runbook {plan.runbook}  {plan.digest[:12]}", "", 2)
    yield Said(_("every guard read at {time}; nothing was sent").format(time=iso(plan.read_at)), "", 2)
    for reason in plan.in_the_way:
        yield Said(_("IN THE WAY  {reason}").format(reason=spoken(reason)), "bold red", 2)
    yield from summary(plan)
    for n, step in enumerate(plan.steps, 1):
        yield from _step_lines(n, step)


def summary(plan: Plan) -> Iterator[Said]:
    """Which steps would be refused now and by what, what was not read, what only earlier steps decide."""
    coming = [step for step in plan.steps if _may_come(step)]
    refusing = {s.view.id: [f for f in _by_now(s) if _refuses(f)] for s in coming}
    unread = {s.view.id: [f for f in _by_now(s) if f.verdict is Verdict.UNREAD] for s in coming}
    count = sum(map(bool, refusing.values()))
    style = "bold red" if count else "bold"
    words = (
        _("{count} of {steps} steps would be refused as things are now")
        if count
        else _("none of {steps} steps would be refused as things are now")
    )
    yield Said(words.format(count=count, steps=len(coming)), style, 2)
    for word, told, shade in ((_("refused"), refusing, "bold red"), (_("not read"), unread, "magenta")):
        for step, found in told.items():
            if found:
                yield Said(f"{word:<{_COLUMN}}{step}: {_by_guards(found)}", shade, 4)
    for planned in coming:
        if planned.closed:
            word = _("by hand") if planned.hand is not None else _("closed")
            yield Said(f"{word:<{_COLUMN}}{planned.view.id}: {spoken(planned.closed)}", "yellow", 4)
    for planned in coming:
        if planned.depends:
            word = _("not yet")
            yield Said(f"{word:<{_COLUMN}}{planned.view.id}: {spoken(planned.depends)}", "", 4)


def _by_guards(found: list[Finding]) -> str:
    objects: dict[str, list[str]] = {}
    for finding in found:
        objects.setdefault(f"{finding.guard} ({finding.grade.value})", []).append(finding.object)
    named = ((guard, ", ".join(dict.fromkeys(filter(None, of)))) for guard, of in objects.items())
    return "; ".join(f"{guard}: {of}" if of else guard for guard, of in named)


def _step_lines(n: int, step: PlanStep) -> Iterator[Said]:
    view = step.view
    page = _("  (step {page} of Microsoft's page)").format(page=view.page) if view.page else ""
    head = f"{n:>2}  {view.id}  {spoken(view.title)}{page}  {spoken(view.mark.value)}"
    yield Said(head, "bold", 0)
    on = _("  on {server}").format(server=step.server) if step.server else ""
    marks = [
        word
        for word, true in (
            (_("interrupts users or waits for consent"), view.dangerous),
            (_("cannot be undone"), view.irreversible),
            (_("can be skipped"), view.skippable),
        )
        if true
    ]
    if marks or on:
        yield Said(f"{', '.join(marks)}{on}".strip(), "", 6)
    yield Said(_("why: {why}").format(why=spoken(view.why)), "", 6)
    if view.departs:
        yield Said(_("departs from the page: {how}").format(how=spoken(view.departs)), "", 6)
    if step.hand is not None:
        yield Said(
            _("by hand, {where}: {command}").format(where=spoken(step.hand.where), command=step.hand.command),
            "cyan",
            6,
        )
    elif view.command:
        yield Said(_("command: {command}").format(command=view.command), "cyan", 6)
    if step.closed:
        words = _("not sent by us: {why}") if step.hand is not None else _("cannot be run: {why}")
        yield Said(words.format(why=spoken(step.closed)), "yellow", 6)
    if step.depends:
        yield Said(_("not known yet: {on_what}").format(on_what=spoken(step.depends)), "", 6)
    yield from findings.lines(view.title, _by_now(step), 6)
    yield from findings.not_yet((f for f in view.findings if f.guard in step.later), 6)
