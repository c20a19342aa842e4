"""Manual steps: what we cannot send is offered to the operator as the exact command, and ticked when done.

The intent is written before the command is shown, as before a send: from that moment on somebody may have
run it. So an attempt that was offered is never sent by us as well; only the operator's word that it was
*not* run ends it, and lets the step be tried anew. What was done is looked for from here; where it cannot be
seen, the operator's word is kept as what it is, with the name and the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cockpit.config.language import N_
from cockpit.exchange.changes import Effect, Observation
from cockpit.exchange.text import clean_line
from cockpit.journal.records import Answer, Attempt, Choice
from cockpit.recovery.actions.action import Hand
from cockpit.recovery.runbook import Step

MARK: Final = "by_hand"
"""Under this name an attempt that was offered keeps what was offered (in ``before``), and what became of it
(in the ``data`` of its detail)."""
NOT_RUN: Final = "not run"


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that is offered. ``why``: why we cannot send it ourselves."""

    command: str
    where: str
    word: bool
    why: str

    def kept(self) -> dict[str, Any]:
        """As the attempt keeps it."""
        return {"command": self.command, "where": self.where, "word": self.word, "why": self.why}


def offer(hand: Hand, why: str) -> Offer:
    return Offer(hand.command, hand.where, hand.word, clean_line(why))


def offered(before: Mapping[str, Any]) -> Offer | None:
    """What an attempt offered; None for one that was sent."""
    kept = before.get(MARK)
    if kept is None:
        return None
    return Offer(str(kept["command"]), str(kept["where"]), bool(kept["word"]), str(kept["why"]))


def prompt(step: Step, made: Offer, note: str = "") -> str:
    """The question. The same for every worker that takes the attempt up, but for ``note``: what speaks
    against an answer that it is done."""
    said = N_(
        "{step}: {why}. Run this by hand {where}: {command} Answer done when it has come to its end."
    ).format(
        step=step.title,
        why=made.why.rstrip(". "),
        where=made.where,
        command=f"{made.command} {note}".rstrip(),
    )
    return clean_line(said)


def choices(step: Step, *, undoes: bool) -> tuple[Choice, ...]:
    """What may be answered, the safe one first. To try again says that nobody has run it."""
    skip = (Choice.SKIP,) if step.skip and not undoes else ()
    abort = () if undoes else (Choice.ABORT,)
    return (Choice.AGAIN, Choice.DONE, *skip, Choice.HAND_OVER, *abort)


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody has said that it is done: who, and when (seconds, the journal's clock)."""

    by: str
    at: float

    def __str__(self) -> str:
        return f"{self.by} at {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S}Z"


def accepted(made: Offer, seen: Observation) -> bool:
    """Whether it is done now: it shows, or it cannot be seen and a word suffices."""
    return seen.effect is Effect.APPLIED or (seen.effect is Effect.UNKNOWN and made.word)


def result_words(word: Word | None, seen: Observation) -> str:
    """The result in a sentence: what was seen, or that there is only a word for it. ``word`` None: it was
    seen, and nobody has said who ran it."""
    if word is None:
        return N_("Run by hand; nobody has said by whom. Observed: {seen}").format(seen=seen.words)
    if seen.effect is Effect.APPLIED:
        return N_("Run by hand by {word}. Observed: {seen}").format(word=word, seen=seen.words)
    return N_("Run by hand, by the word of {word}; it could not be seen from here: {seen}").format(
        word=word, seen=seen.words
    )


def contradiction(word: Word, seen: Observation) -> str:
    """Why the word of an operator is not taken."""
    if seen.effect is Effect.NOT_APPLIED:
        return N_("{by} says it is done, and it is not: {seen}").format(by=word.by, seen=seen.words)
    return N_("{by} says it is done, and it could not be read back: {seen}").format(
        by=word.by, seen=seen.words
    )


def record(made: Offer, word: Word | None, seen: Observation) -> dict[str, Any]:
    """What the attempt's detail, the journal's line and the evidence bundle keep. ``done_at``: seconds, the
    journal's clock; None with an empty ``by`` where nobody has said that it was run."""
    return {
        **made.kept(),
        "by": word.by if word is not None else "",
        "done_at": int(word.at) if word is not None else None,
        "observed": seen.effect is Effect.APPLIED,
        "seen": seen.words,
    }


def of(attempt: Attempt) -> Mapping[str, Any]:
    """What is kept of an attempt by hand: what was offered, and once it is done by whom, when, what was
    seen. Empty for an attempt that was sent."""
    data = attempt.detail.get("data")
    done = data.get(MARK) if isinstance(data, Mapping) else None
    return dict(done or attempt.before.get(MARK) or {})


def not_run(answer: Answer) -> str:
    """The words of an attempt that nobody has run."""
    return clean_line(
        N_("{by} says that it was not run by hand. {reason}").format(by=answer.by, reason=answer.reason)
    ).strip()
