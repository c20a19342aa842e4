"""One question on the terminal: what is asked, what would be sent, what stands in the way, the answer.

Choices are typed as words. Nothing is the default: an empty line asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from cockpit.commands import findings
from cockpit.commands.following import owed
from cockpit.commands.keyboard import Reader
from cockpit.commands.narrator import Said
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.journal.records import Answer, Choice, Finding
from cockpit.journal.words import REASON_LENGTH
from cockpit.recovery.view import HandView, QuestionView, RunView

LEAVE: Final = "leave"
ALWAYS_A_REASON: Final = frozenset({Choice.OVERRIDE, Choice.HAND_OVER})
UNDO: Final = "undo:"
"""So begin the ids of steps outside the procedure that put something back."""
_MEANS: Final = {
    Choice.GO: N_("go on with this step"),
    Choice.AGAIN: N_("read the guards anew, or try the step once more"),
    Choice.SKIP: N_("go on without this step"),
    Choice.DONE: N_("it was run by hand, and has come to its end"),
    Choice.OVERRIDE: N_("let one guard go for one object, with a reason"),
    Choice.HAND_OVER: N_("end it as escalated, in someone's name"),
    Choice.ABORT: N_("undo what is open, newest first, and end the run"),
}
_MEANS_AT_REST: Final = {
    **_MEANS,
    Choice.GO: N_("put it back now"),
    Choice.AGAIN: N_("keep it on for as long again"),
}
_MEANS_BY_HAND: Final = {
    **_MEANS,
    Choice.AGAIN: N_("nobody has run it: try to send it"),
    Choice.SKIP: N_("nobody has run it: go on without this step"),
}
Say = Callable[[Said], None]


class _BackError(Exception):
    """The operator thought better of this choice."""


def choice_of(text: str) -> Choice | None:
    """The choice a word names, in any case; ``hand-over`` as well as ``hand over``."""
    word = " ".join(text.replace("-", " ").lower().split())
    return next((choice for choice in Choice if choice.value == word), None)


def asked(view: RunView, question: QuestionView) -> Iterator[Said]:
    """The question as it is put: prompt, exact command, findings in the way, choices."""
    step = view.step(question.step)
    title = titled(view, question)
    yield Said(_("QUESTION  run {run}  {title}").format(run=view.run.id, title=title), "bold yellow")
    yield Said(spoken(question.prompt), "", 2)
    if step is not None and step.why:
        yield Said(_("why: {why}").format(why=spoken(step.why)), "", 2)
    if step is not None and step.departs:
        yield Said(_("departs from the page: {how}").format(how=spoken(step.departs)), "", 2)
    if question.hand is not None:
        yield from by_hand(question.hand)
    elif step is not None and step.command:
        yield Said(_("would send:"), "", 2)
        yield Said(step.command, "cyan", 4)
    if step is not None and step.irreversible:
        yield Said(_("This cannot be undone."), "bold red", 2)
    rest = () if step is None else tuple(f for f in step.findings if f not in question.blocking)
    yield from findings.lines(title, (*question.blocking, *rest), 2)
    yield from offered(question)


def by_hand(hand: HandView) -> Iterator[Said]:
    """A command that a person runs for us, ready to be copied."""
    yield Said(_("run by hand, {where}:").format(where=spoken(hand.where)), "bold", 2)
    yield Said(hand.command, "cyan", 4)
    yield Said(_("not sent by us: {why}").format(why=spoken(hand.why)), "yellow", 2)


def titled(view: RunView, question: QuestionView) -> str:
    """The title of the step that asks."""
    step = view.step(question.step)
    if step is not None:
        return spoken(step.title)
    key = question.step.removeprefix(UNDO)
    return question.step if key == question.step else _("Put {key} back").format(key=key)


def offered(question: QuestionView) -> Iterator[Said]:
    """The choices, the safe one first."""
    yield Said(_("Type one of:"), "", 2)
    means = _MEANS_BY_HAND if question.hand is not None else _MEANS
    means = _MEANS_AT_REST if question.due is not None else means
    for choice in question.choices:
        yield Said(f"{choice.value:<10} {_(means[choice])}{_wants(question, choice)}", "", 4)
    later = _("decide later; the run waits here")
    yield Said(f"{LEAVE:<10} {later}", "", 4)


def _wants(question: QuestionView, choice: Choice) -> str:
    match _typed_for(question, choice), _reason_for(question, choice):
        case True, True:
            return _(" (wants the server's name typed and a reason)")
        case True, False:
            return _(" (wants the server's name typed)")
        case False, True:
            return _(" (wants a reason)")
    return ""


def _typed_for(question: QuestionView, choice: Choice) -> bool:
    return choice is Choice.OVERRIDE or (choice is Choice.GO and bool(question.typed))


def _reason_for(question: QuestionView, choice: Choice) -> bool:
    return choice in question.needs_reason or choice in ALWAYS_A_REASON


def ask(view: RunView, question: QuestionView, reader: Reader, say: Say, by: str) -> Answer | None:
    """Ask until there is a whole answer; None: the operator leaves. Raises LeftError and GoneError."""
    while True:
        text = reader.line(_("answer> "))
        if text.lower() == LEAVE:
            return None
        choice = choice_of(text)
        if choice is None or choice not in question.choices:
            if text:
                say(Said(_("{text!r} is none of the choices.").format(text=text), "yellow", 2))
            for line in offered(question):
                say(line)
            continue
        try:
            return _whole(view, question, choice, reader, say, by)
        except _BackError:
            say(Said(_("Nothing was answered."), "yellow", 2))


def _whole(
    view: RunView, question: QuestionView, choice: Choice, reader: Reader, say: Say, by: str
) -> Answer:
    finding = _overridden(question, reader, say) if choice is Choice.OVERRIDE else None
    if choice is Choice.ABORT:
        _will_be_undone(view, say)
    to = _name(reader) if choice is Choice.HAND_OVER else ""
    reason = _reason(reader, say) if _reason_for(question, choice) else ""
    typed = _typed(question.typed or view.run.server, reader, say) if _typed_for(question, choice) else ""
    return Answer(
        choice=choice,
        by=by,
        reason=reason,
        typed=typed,
        guard="" if finding is None else finding.guard,
        object="" if finding is None else finding.object,
        to=to,
    )


def _overridden(question: QuestionView, reader: Reader, say: Say) -> Finding:
    open_ones = [f for f in question.blocking if f.overridable and not f.overridden]
    if not open_ones:
        say(Said(_("No guard in the way here can be overridden."), "yellow", 2))
        raise _BackError
    for n, finding in enumerate(open_ones, 1):
        line = _("{number}  guard {guard}  {object}: {reading}").format(
            number=n, guard=finding.guard, object=finding.object, reading=spoken(finding.reading)
        )
        say(Said(line, "", 4))
    text = reader.line(_("which one (1-{count}, empty: back)> ").format(count=len(open_ones)))
    if text not in {str(n) for n in range(1, len(open_ones) + 1)}:
        raise _BackError
    return open_ones[int(text) - 1]


def _will_be_undone(view: RunView, say: Say) -> None:
    still = [o for o in view.obligations if o.open]
    say(Said(_("will be undone, newest first:") if still else _("nothing is to be undone"), "", 2))
    for obligation in reversed(still):
        say(Said(owed(obligation), "", 4))


def _name(reader: Reader) -> str:
    text = clean_line(reader.line(_("hand over to (a name, empty: back)> ")))
    if not text:
        raise _BackError
    return text


def _reason(reader: Reader, say: Say) -> str:
    while True:
        question = _("reason (at least {count} characters, empty: back)> ").format(count=REASON_LENGTH)
        text = clean_line(reader.line(question))
        if not text:
            raise _BackError
        if len(text) >= REASON_LENGTH:
            return text
        say(Said(_("That has {count} characters.").format(count=len(text)), "yellow", 2))


def _typed(wanted: str, reader: Reader, say: Say) -> str:
    text = reader.line(_("type {wanted} to confirm (empty: back)> ").format(wanted=wanted))
    if text != wanted:
        if text:
            say(Said(_("That is not {wanted}.").format(wanted=wanted), "yellow", 2))
        raise _BackError
    return text
