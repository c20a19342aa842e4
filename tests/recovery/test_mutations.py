"""The proof can fail: every single thing that makes a runbook safe, taken away once, is missed.

No mutation is left out as harmless; a new one that survives shows a rule that is too weak.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
import pytest

from cockpit.recovery.runbook import Consent, Runbook, Step, targets
from cockpit.recovery.runbooks import RUNBOOKS, logging
from tests.recovery import test_paths, test_runbooks
from tests.recovery.paths import PLAIN, RESTORES, Kind, Walk, walk

BOOKS: Final = tuple(RUNBOOKS.values())
STAGES: Final = ((0, PLAIN), (0, PLAIN | {Kind.SKIP}), (1, frozenset(Kind)))
"""Whatever is wrong on some of the paths is wrong on all: so few are walked first."""

LEFT_ON: Final = ("is still to be undone", "half done", "is left on", "before a newer block")
EVIDENCE: Final = ("on evidence",)
COPIES: Final = ("restarted with copies",)


@dataclass(frozen=True, slots=True)
class Mutation:
    """``words``: one of them is in what the proof must find. ``paths``: found by walking, not by shape."""

    name: str
    book: Runbook
    words: tuple[str, ...]
    paths: bool = True

    def found(self) -> str:
        """The first thing that the proof says against it; empty when it survives."""
        said = self._on_paths() if self.paths else test_runbooks.faults(self.book)
        return next((f for f in said if any(w in f for w in self.words)), "")

    def _on_paths(self) -> Iterator[str]:
        for tries, kinds in STAGES:
            yield from test_paths.faults(walk(self.book, tries, kinds))


def changed(book: Runbook, step: Step, **fields: Any) -> Runbook:
    new = msgspec.structs.replace(step, **fields)
    return msgspec.structs.replace(book, steps=tuple(new if s is step else s for s in book.steps))


def routed(book: Runbook, step: Step, outcome: str, target: str) -> Runbook:
    asks = tuple(a for a in step.asks if a != outcome)
    return changed(book, step, next={**step.next, outcome: target}, asks=asks)


def without(book: Runbook, gone: Step, target: str) -> Runbook:
    """The step taken out, everything that led to it leading to ``target``."""

    def past(step: Step) -> Step:
        onward = {o: target if t == gone.id else t for o, t in step.next.items()}
        return msgspec.structs.replace(step, next=onward, skip=target if step.skip == gone.id else step.skip)

    return msgspec.structs.replace(book, steps=tuple(past(s) for s in book.steps if s is not gone))


def undoing(book: Runbook) -> Iterator[Mutation]:
    for step in book.steps:
        if step.action in RESTORES:
            then = step.next["done"]
            yield Mutation(f"without {step.id}", without(book, step, then), LEFT_ON)
            yield Mutation(f"{step.id} closes nothing", changed(book, step, closes=""), LEFT_ON)
            yield Mutation(f"{step.id} may be skipped", changed(book, step, skip=then), LEFT_ON)
        if step.opens:
            words = ("without a record", "something is left on")
            yield Mutation(f"{step.id} opens nothing", changed(book, step, opens=""), words)
        if step.id.endswith("restart-quiet"):
            words = ("recovered before", "waits for the service")
            yield Mutation(f"without {step.id}", without(book, step, step.next["done"]), words)


def asking(book: Runbook) -> Iterator[Mutation]:
    for step in book.steps:
        for less in (Consent.NONE, Consent.ASK) if step.consent is Consent.PERSON else (Consent.NONE,):
            if step.consent is not Consent.NONE:
                worse = changed(book, step, consent=less)
                yield Mutation(f"{step.id} with consent {less.value}", worse, ("consent is",), paths=False)
        if step.typed:
            worse = changed(book, step, typed=False)
            yield Mutation(f"{step.id} without a typed name", worse, ("typed is",), paths=False)
        if step.action in RESTORES:
            worse = changed(book, step, guards=(*step.guards, "window.open"))
            words = ("a guard refuses where nobody is asked",)
            yield Mutation(f"{step.id} held up by a guard", worse, words, paths=False)


def ways(book: Runbook) -> Iterator[Mutation]:
    """Outcomes that lead where another one belongs."""
    reboots = [s.id for s in book.steps if s.action == "reboot"]
    for step in book.steps:
        if step.action == "probe":
            failed = step.next["failed"]
            if failed != step.next["not_runnable"]:
                worse = routed(book, step, "not_runnable", failed)
                words = ("counts as a failure",)
                yield Mutation(f"{step.id}, not runnable as if failed", worse, words, paths=False)
            for reboot in reboots:
                worse = routed(book, step, "not_runnable", reboot)
                yield Mutation(f"{step.id}, not runnable, {reboot}", worse, (*EVIDENCE, *COPIES))
        if step.action == "role":
            for role in ("dag_member", "standalone"):
                for reboot in reboots:
                    worse = routed(book, step, role, reboot)
                    yield Mutation(f"{step.id}, {role}, {reboot}", worse, COPIES)
        if step.action == "await_moved":
            worse = routed(book, step, "left_behind", step.next["moved"])
            yield Mutation(f"{step.id}, left behind, restarted", worse, COPIES)
        if step.action == "monitor" and step.next["unclear"] != step.next["healthy"]:
            worse = routed(book, step, "unclear", step.next["healthy"])
            yield Mutation(f"{step.id}, unclear as if healthy", worse, (*EVIDENCE, *LEFT_ON))


def order(book: Runbook) -> Iterator[Mutation]:
    """Steps that are there, and come too early or not at all."""
    for step in book.steps:
        if step.action == "await_moved":
            yield Mutation(f"without {step.id}", without(book, step, step.next["moved"]), COPIES)
        if step.action == "move_databases":
            yield Mutation(f"without {step.id}", without(book, step, step.next["done"]), COPIES)
        if step.action == "reboot":
            settled = next(s for s in book.steps if s.id == step.next["done"])
            worse = without(book, settled, settled.next["settled"])
            words = ("nobody has looked", "recovered before")
            yield Mutation(f"without {settled.id}", worse, words)
        if step.action == "wait":
            worse = without(book, step, step.next["elapsed"])
            yield Mutation(f"without {step.id}", worse, ("before its own runs",))
        if step.action == "fail_back":
            unblock = next(s for s in book.steps if s.action == "restore_move_now")
            policy = next(s for s in book.steps if s.id == unblock.next["done"])
            turned = changed(book, unblock, action="restore_policy", closes=policy.closes)
            turned = changed(turned, policy, action="restore_move_now", closes=unblock.closes)
            yield Mutation("blocks lifted oldest first", turned, ("before a newer block",))
            early = without(book, step, step.next["done"])
            early = changed(
                early, early.step(unblock.id), action="fail_back", closes="", next={"done": policy.id}
            )
            yield Mutation("moved back instead of unblocked", early, ("that is blocked",))
            entry = next(s for s in book.steps if unblock.id in targets(s))
            hasty = routed(book, entry, "failed" if entry.action == "probe" else "unhealthy", unblock.id)
            yield Mutation("moved back although not well", hasty, EVIDENCE)


GUARDED: Final = [
    pytest.param(book, step, guard, id=f"{book.name}: {step.id} without {guard}")
    for book in BOOKS
    for step in book.steps
    for guard in step.guards
]
MUTATIONS: Final = [
    pytest.param(mutation, id=f"{book.name}: {mutation.name}")
    for book in BOOKS
    for kind in (undoing, asking, ways, order)
    for mutation in kind(book)
]


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutation_is_found(mutation: Mutation) -> None:
    assert mutation.found()


LOGGING_BOOKS: Final = (*logging.ON.values(), *logging.OFF.values())


def _quiet(book: Runbook) -> frozenset[Kind]:
    """Where nobody interferes; those that turn logging on or off have steps that only a skip leads to."""
    return PLAIN | {Kind.SKIP} if book in LOGGING_BOOKS else PLAIN


@cache
def _undisturbed(name: str) -> Walk:
    return walk(RUNBOOKS[name], 0, _quiet(RUNBOOKS[name]))


@pytest.mark.parametrize(("book", "step", "guard"), GUARDED)
def test_a_missing_guard_is_found(book: Runbook, step: Step, guard: str) -> None:
    """Where nobody interferes no path depends on guards, so the walk of the whole runbook is its own."""
    mutant = changed(book, step, guards=tuple(g for g in step.guards if g != guard))
    base = _undisturbed(book.name)
    assert f"{step.id}: guard {guard} is missing" in test_paths.faults(Walk(mutant, base.start, base.moves))


@pytest.mark.parametrize("book", BOOKS, ids=lambda b: b.name)
def test_the_undisturbed_walk_depends_on_no_guard(book: Runbook) -> None:
    bare = msgspec.structs.replace(
        book, steps=tuple(msgspec.structs.replace(s, guards=()) for s in book.steps)
    )
    assert walk(bare, 0, PLAIN).moves == walk(book, 0, PLAIN).moves
    assert walk(bare, 0, _quiet(book)).arrivals() == _undisturbed(book.name).arrivals()


@pytest.mark.parametrize("book", BOOKS, ids=lambda b: b.name)
def test_without_a_mutation_nothing_is_found(book: Runbook) -> None:
    assert not Mutation("none", book, ("",)).found()
    assert not Mutation("none", book, ("",), paths=False).found()
