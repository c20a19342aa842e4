"""The vocabulary of a runbook: plain data, frozen by hash into each run.

A runbook is a graph of steps without cycles. What a step *does* is named by its action
(``cockpit.recovery.actions``); where it leads is a table from outcome to the next step. A run keeps
the whole runbook as canonical JSON, so that an upgrade of the program never strands one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

RECOVERED: Final = "@recovered"
ESCALATED: Final = "@escalated"
ENDS: Final = (RECOVERED, ESCALATED)
UNDO: Final = "undo:"
"""Ids of steps that undo an obligation outside the procedure begin so."""


class Consent(StrEnum):
    """Who may let a step go on once its guards let it."""

    NONE = "none"
    """A read, a wait, a restored value: nobody is asked."""
    ASK = "ask"
    """It interrupts users for a moment: asked, but ``--auto`` may go on."""
    PERSON = "person"
    """Always a person; ``--auto`` stops here."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One line of a procedure.

    ``page``: the number of Microsoft's step, empty where the step is ours; ``departs``: where and why we
    depart from the page. ``next``: outcome to step id or end. ``skip``: where a skip leads, empty where
    the step cannot be skipped. ``asks``: outcomes at which the operator decides between another try and
    going on. ``opens``/``closes``: key of the obligation. ``typed``: the server's name must be typed.
    """

    id: str
    title: str
    action: str
    why: str
    next: dict[str, str]
    page: str = ""
    departs: str = ""
    consent: Consent = Consent.NONE
    typed: bool = False
    skip: str = ""
    asks: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    args: dict[str, str | int | bool] = {}
    opens: str = ""
    closes: str = ""

    @property
    def dangerous(self) -> bool:
        return self.consent is not Consent.NONE


class Runbook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A procedure. ``escalate``: the step that a hand-over leads to. The first step is ``steps[0]``."""

    name: str
    title: str
    source: str
    monitors: tuple[str, ...]
    escalate: str
    steps: tuple[Step, ...]

    def step(self, step_id: str) -> Step:
        """Raises KeyError for an id that is not of this runbook."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(f"runbook {self.name} has no step {step_id!r}")

    def reachable(self, start: str) -> frozenset[str]:
        """Steps that can still come from ``start``, which is among them."""
        found: set[str] = set()
        waiting = [start]
        while waiting:
            step_id = waiting.pop()
            if step_id in found or step_id in ENDS:
                continue
            found.add(step_id)
            waiting.extend(targets(self.step(step_id)))
        return frozenset(found)


def targets(step: Step) -> Iterator[str]:
    """Everywhere a step may lead by itself."""
    yield from step.next.values()
    if step.skip:
        yield step.skip


def freeze(runbook: Runbook) -> tuple[str, str]:
    """``(canonical JSON, SHA-256)`` of a runbook."""
    text = msgspec.json.encode(runbook, order="deterministic").decode()
    return text, hashlib.sha256(text.encode()).hexdigest()


def thaw(text: str, digest: str) -> Runbook:
    """The runbook a run was started with. Raises ValueError when the text does not have that hash."""
    if hashlib.sha256(text.encode()).hexdigest() != digest:
        raise ValueError("the runbook kept in this run is not the one it was started with")
    return msgspec.json.decode(text, type=Runbook)


def readable(text: str, digest: str) -> Runbook | None:
    """The runbook of a run; None where this program cannot read it (a newer one's, or changed rows)."""
    try:
        return thaw(text, digest)
    except (ValueError, msgspec.ValidationError):
        return None
