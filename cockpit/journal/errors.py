"""What the journal refuses, each as one sentence with its cause and its cure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cockpit.journal.records import Lease, Obligation


class JournalError(Exception):
    """The journal cannot do what was asked: one sentence with cause and cure."""


class LeaseHeldError(JournalError):
    """Somebody else's living lease is on the scope. ``lease``: theirs."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        super().__init__(
            f"{lease.scope} is held by {lease.operator} ({lease.holder}, from {lease.origin}) "
            f"for run {lease.run}: wait until it is released or has expired."
        )


class LeaseLostError(JournalError):
    """Our lease is gone: its token or its holder changed, or it was released."""

    def __init__(self, scope: str, token: int) -> None:
        self.scope = scope
        self.token = token
        super().__init__(
            f"The lease on {scope} (token {token}) is no longer ours: "
            "nothing more may be sent; look who holds it now, and attach to that run."
        )


class ObligationsOpenError(JournalError):
    """A run cannot end so: ``obligations`` are still open."""

    def __init__(self, run: str, obligations: Sequence[Obligation]) -> None:
        self.obligations = tuple(obligations)
        named = ", ".join(f"{o.server} {o.key}" for o in self.obligations)
        super().__init__(
            f"Run {run} cannot end while a temporary change is still to be undone ({named}): "
            "undo it, or hand it over by name and escalate."
        )


class AnsweredError(JournalError):
    """The question is closed already: answered by somebody, or withdrawn."""
