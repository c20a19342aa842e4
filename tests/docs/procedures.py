"""The tables of ``docs/recoveries.md``, from the runbooks' own data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cockpit.journal.records import Run, RunState
from cockpit.recovery.picture import command_of
from cockpit.recovery.runbook import ENDS, Consent, Runbook, Step, freeze
from cockpit.recovery.runbooks import RUNBOOKS
from cockpit.recovery.runbooks.parts import LOGGING, MOVE_NOW, POLICY
from tests.docs.microsoft import SAYS
from tests.docs.parts import anchor, cell, code, table
from tests.recovery.builders import obligation

SERVER: Final = "EX01"
ASKED: Final[Mapping[Consent, str]] = {
    Consent.NONE: "–",
    Consent.ASK: "yes",
    Consent.PERSON: "a person",
}
OPEN: Final = (
    obligation(POLICY, "Unrestricted", "Blocked", number=1),
    obligation(MOVE_NOW, False, True, number=2),
    obligation(LOGGING, False, True, number=3),
)
"""What the commands of the undoing steps put back, where it was as Exchange has it from the start."""


def parts() -> Mapping[str, Callable[[], str]]:
    """Every generated part of the page by its name: four for each of the page's own procedures, and one for
    the others."""
    found: dict[str, Callable[[], str]] = {}
    for book in RUNBOOKS.values():
        if book.monitors:
            found[f"{book.name}-page"] = lambda book=book: beside(book)  # type: ignore[misc]
            found[f"{book.name}-steps"] = lambda book=book: steps(book)  # type: ignore[misc]
            found[f"{book.name}-why"] = lambda book=book: why(book)  # type: ignore[misc]
            found[f"{book.name}-guards"] = lambda book=book: guards(book)  # type: ignore[misc]
    found["others"] = others
    return found


def steps(book: Runbook) -> str:
    """Every step: its place on Microsoft's page, what it sends, who is asked, where it leads."""
    run = _run(book)
    head = ("Step", "Page", "What", "Sends or reads", "Asks", "Leads to")
    return table(
        head,
        (
            (
                code(step.id),
                cell(step.page),
                cell(step.title),
                code(" ".join(command_of(run, step, OPEN).split())),
                _asked(step),
                _leads(step),
            )
            for step in book.steps
        ),
    )


def _asked(step: Step) -> str:
    typed = ", the name typed" if step.typed else ""
    asks = f"on {_list(step.asks)}" if step.asks else ""
    return f"{ASKED[step.consent]}{typed}" if step.dangerous else asks or ASKED[step.consent]


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(f"*{word.replace('_', ' ')}*" for word in words)


def _leads(step: Step) -> str:
    ways = [f"{outcome.replace('_', ' ')}: {_target(to)}" for outcome, to in step.next.items()]
    return "; ".join([*ways, *([f"skipped: {_target(step.skip)}"] if step.skip else [])])


def _target(to: str) -> str:
    return f"**{to.removeprefix('@')}**" if to in ENDS else f"`{to}`"


def why(book: Runbook) -> str:
    """The reason of each kind of step, once, and where it departs from the page."""
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for step in book.steps:
        kinds.setdefault((step.title, step.why, step.departs), []).append(step.id)
    return table(
        ("What", "Steps", "Why", "Where we depart from the page, and why"),
        (
            (cell(title), ", ".join(f"`{i}`" for i in ids), cell(reason), cell(departs))
            for (title, reason, departs), ids in kinds.items()
        ),
    )


def guards(book: Runbook) -> str:
    """What is read before each step that has guards."""
    return table(
        ("Before", "Guards"),
        (
            (f"`{step.id}` {cell(step.title)}", ", ".join(_guard(i) for i in step.guards))
            for step in book.steps
            if step.guards
        ),
    )


def _guard(name: str) -> str:
    return f"[{name}](guards.md#{anchor(name)})"


def others() -> str:
    """The runbooks that no monitor leads to."""
    return table(
        ("Runbook", "What", "Steps"),
        (
            (code(book.name), cell(book.title), ", ".join(f"`{step.id}`" for step in book.steps))
            for book in RUNBOOKS.values()
            if not book.monitors
        ),
    )


def beside(book: Runbook) -> str:
    """What Microsoft's page says at each of its numbers, and the steps that do it here."""
    return table(
        ("Page", "It says", "Here"),
        (
            (number, says, ", ".join(code(step.id) for step in book.steps if number in numbers(step)))
            for number, says in SAYS[book.name].items()
        ),
    )


def numbers(step: Step) -> tuple[str, ...]:
    """The page's numbers that a step names; empty for a step of our own."""
    section, _, rest = step.page.partition("verify ")
    return (
        tuple(f"verify {n}" for n in rest.split(", ")) if rest else tuple(n for n in section.split(", ") if n)
    )


def _run(book: Runbook) -> Run:
    """A run that was never started: commands are made with its names."""
    text, digest = freeze(book)
    return Run(
        id="ID",
        parent=None,
        runbook=book.name,
        digest=digest,
        book=text,
        environment="",
        scope="",
        server=SERVER,
        monitor=book.monitors[0] if book.monitors else "",
        operator="",
        state=RunState.RUNNING,
        step=book.steps[0].id,
        auto=False,
        facts={},
        ending="",
        created_at=0.0,
        ended_at=None,
    )
