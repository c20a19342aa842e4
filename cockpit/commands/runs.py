"""``pop-cockpit runs``: history and living runs; answer, end a wait, resume, abort, export."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from cockpit.commands import findings, tables
from cockpit.commands.asking import asked, choice_of, titled
from cockpit.commands.desk import OK, Desk, Office, SaidRefusalError, refused
from cockpit.commands.follower import Follower, Terms
from cockpit.commands.following import TAIL, clock, gone, head, owed
from cockpit.commands.narrator import Narrator, Said
from cockpit.commands.output import reader_may_leave
from cockpit.commands.plain import document, iso
from cockpit.commands.saying import SaidError
from cockpit.config.language import N_, _, pgettext
from cockpit.config.spoken import spoken
from cockpit.journal.records import Answer, Choice, WishKind
from cockpit.recovery.client import Recovery, RefusedError
from cockpit.recovery.outcomes import outcome_words
from cockpit.recovery.view import HandView, Life, RunLine, RunView, StepView

_STYLES = {
    "recovered": "green",
    "escalated": "yellow",
    "aborted": "red",
    "left": "bold red",
    "waiting": "yellow",
}
READ_ONLY = N_("Read-only: give --write before the command to answer here.")


def listed(desk: Desk, only_open: bool, form: str) -> int:
    """Print the runs, newest first."""

    def work(office: Recovery, narrator: Narrator) -> int:
        found = [line for line in office.runs() if not only_open or line.life is not Life.ENDED]
        with reader_may_leave():
            if form == "json":
                print(document(found))
            else:
                tables.show(_columns(), map(_row, found), _STYLES)
        if form != "json":
            for line in found:
                if line.life is Life.LEFT:
                    _how_to_resume(desk, line.run.id, narrator)
        return OK

    return _with(desk, work, dials=False)


def _how_to_resume(desk: Desk, run: str, narrator: Narrator) -> None:
    narrator.say(
        _("Nobody works on run {run} any more. Go on with it, or end it:").format(run=run), "bold red"
    )
    narrator.command(f"{desk.writing} runs resume {run}")
    narrator.command(f"{desk.writing} runs abort {run} --reason REASON")


def _columns() -> tuple[str, ...]:
    return (
        *(pgettext("column", "run"), _("server"), _("monitor"), _("state"), _("life"), _("step")),
        *(_("started"), _("ended"), pgettext("column", "open"), _("operator")),
    )


def _row(line: RunLine) -> tuple[str, ...]:
    run = line.run
    return (
        run.id,
        run.server,
        run.monitor,
        run.state.value,
        line.life.value,
        line.step_title,
        iso(line.started) or "",
        iso(line.ended) or "",
        str(line.open_obligations),
        run.operator,
    )


def show(desk: Desk, run: str, form: str) -> int:
    """Print one run, whole."""

    def work(office: Recovery, narrator: Narrator) -> int:
        view = office.view(run)
        with reader_may_leave():
            if form == "json":
                print(document(view))
            else:
                Narrator(sys.stdout).tell(run_lines(view))
        if form != "json" and gone(view):
            _how_to_resume(desk, view.run.id, narrator)
        return OK

    return _with(desk, work, dials=False)


def run_lines(view: RunView) -> Iterator[Said]:
    """One run as text."""
    yield from head(view)
    run = view.run
    words = (
        _("started {started} by {operator}; ended {ended}")
        if run.ended_at
        else _("started {started} by {operator}; ended not yet")
    )
    said = words.format(started=iso(run.created_at), operator=run.operator, ended=iso(run.ended_at))
    yield Said(said, "", 2)
    for words, other in ((_("waited for by run {run}"), run.parent), (_("waits for run {run}"), view.child)):
        if other is not None:
            yield Said(words.format(run=other), "", 2)
    if run.ending:
        yield Said(_("ending: {words}").format(words=spoken(run.ending)), "", 2)
    for step in view.steps:
        yield from _step(step)
    for obligation in view.obligations:
        words = _("STILL OPEN: {owed}") if obligation.open else _("undone: {owed}")
        yield Said(words.format(owed=owed(obligation)), "bold red" if obligation.open else "", 2)
    for line in view.output[-TAIL:]:
        yield Said(f"{clock(line.at)} {line.step}: {spoken(line.text)}", "", 4, bar=True)
    if view.question is not None:
        yield from asked(view, view.question)


def _step(step: StepView) -> Iterator[Said]:
    outcome = f"  {spoken(outcome_words(step.outcome))}" if step.outcome else ""
    ended = f"  {iso(step.ended_at)}" if step.ended_at else ""
    mark, title = spoken(step.mark.value), spoken(step.title)
    yield Said(f"{mark:<10}  {step.id}  {title}{outcome}{ended}", "", 2)
    if step.words:
        yield Said(spoken(step.words), "", 6, bar=True)
    if step.hand is not None:
        yield from by_hand(step.hand)
    elif step.command and step.attempts:
        yield Said(_("command: {command}").format(command=step.command), "cyan", 6)
    yield from findings.lines(step.title, (f for f in step.findings if f.blocks), 6)


def by_hand(hand: HandView) -> Iterator[Said]:
    words = _("by hand, {where}: {command}")
    yield Said(words.format(where=spoken(hand.where), command=hand.command), "cyan", 6)
    yield Said(_("not sent by us: {why}").format(why=spoken(hand.why)), "yellow", 6)
    if hand.done_at is not None:
        words = (
            _("done by the word of {operator} at {time}, seen")
            if hand.observed
            else _("done by the word of {operator} at {time}, not seen from here")
        )
        yield Said(words.format(operator=hand.by, time=iso(hand.done_at)), "", 6)


def attach(desk: Desk, run: str, form: str) -> int:
    """Follow a run; in write mode its questions are put here. The exit code is :mod:`recover`'s."""

    def work(office: Recovery, narrator: Narrator) -> int:
        return _follow(office, desk, office.view(run).run.id, form, narrator)

    return _with(desk, work, dials=not desk.environment.read_only)


def _follow(
    office: Recovery, desk: Desk, run: str, form: str, narrator: Narrator, *, starting: bool = False
) -> int:
    read_only = desk.environment.read_only
    why_not = READ_ONLY if read_only else ""
    terms = Terms(desk.program, form, asks=not read_only, why_not=why_not, starting=starting)
    return Follower(office, run, terms, narrator).follow()


def resume(desk: Desk, run: str, form: str) -> int:
    """Work on a run that was left, and follow it."""
    desk.want_write("runs resume")

    def work(office: Recovery, narrator: Narrator) -> int:
        whole = office.view(run).run.id
        office.resume(whole)
        return _follow(office, desk, whole, form, narrator, starting=True)

    return _with(desk, work)


def abort(desk: Desk, run: str, reason: str) -> int:
    """Ask for what is open to be undone and the run ended; 0 once that is asked."""
    desk.want_write("runs abort")

    def work(office: Recovery, narrator: Narrator) -> int:
        whole = office.view(run).run.id
        office.abort(whole, reason)
        narrator.say(
            _("Run {run} was asked to undo what is open and to end; it may ask first. See it with:").format(
                run=whole
            )
        )
        narrator.command(f"{desk.program} runs attach {whole}")
        return OK

    return _with(desk, work)


def end_wait(desk: Desk, run: str, reason: str) -> int:
    """Ask a run, or the run it waits for, to end its wait now; 0 asked, 3 refused."""
    desk.want_write("runs end-wait")

    def work(office: Recovery, narrator: Narrator) -> int:
        view = office.view(run)
        while view.child is not None:
            view = office.view(view.child)
        try:
            office.wish(view.run.id, WishKind.END_WAIT, reason)
        except RefusedError as error:
            raise RefusedError(N_("No wait was ended"), error.why, error.helps) from error
        narrator.say(_("Run {run} ends its wait at its next look at the journal.").format(run=view.run.id))
        return OK

    return _with(desk, work)


def export(desk: Desk, run: str, folder: Path) -> int:
    """Write the evidence bundle and print its path. Raises ConfigError for a folder that is not there."""
    if not folder.is_dir():
        words = _("--to {folder}: there is no such folder. Make it first.")
        raise SaidError(words.format(folder=folder))

    def work(office: Recovery, _: Narrator) -> int:
        print(office.export(office.view(run).run.id, folder))
        return OK

    return _with(desk, work)


def choice_named(text: str) -> Choice:
    """The choice of that word. Raises ConfigError naming them all."""
    found = choice_of(text)
    if found is None:
        raise SaidError(
            _("{text!r} is no choice. Choose from: {choices}.").format(
                text=text, choices=", ".join(c.value for c in Choice)
            )
        )
    return found


def answer(desk: Desk, run: str, given: Answer) -> int:
    """Answer the open question of a run, or of the run it waits for; 0 done, 3 refused.

    ``given.by`` is filled in here.
    """
    desk.want_write("runs answer")

    def work(office: Recovery, narrator: Narrator) -> int:
        view = _asking(office, run)
        question = view.question
        if question is None:
            raise SaidRefusalError(
                _("Nothing was answered"), _("run {run} is at no question").format(run=view.run.id)
            )
        if given.choice not in question.choices:
            offered = ", ".join(choice.value for choice in question.choices)
            raise SaidRefusalError(
                _("Nothing was answered"), _("the question offers: {offered}").format(offered=offered)
            )
        office.answer(view.run.id, question.id, _by(given, office.operator()))
        narrator.say(
            _("Run {run}, {title}: answered {choice}.").format(
                run=view.run.id, title=titled(view, question), choice=given.choice.value
            )
        )
        return OK

    return _with(desk, work)


def _asking(office: Recovery, run: str) -> RunView:
    view = office.view(run)
    while view.question is None and view.child is not None:
        view = office.view(view.child)
    return view


def _by(given: Answer, operator: str) -> Answer:
    return Answer(given.choice, operator, given.reason, given.typed, given.guard, given.object, given.to)


def _with(desk: Desk, work: Callable[[Office, Narrator], int], *, dials: bool = True) -> int:
    narrator = Narrator()
    try:
        with desk.office(dials=dials) as office:
            return work(office, narrator)
    except RefusedError as error:
        return refused(narrator, error)
