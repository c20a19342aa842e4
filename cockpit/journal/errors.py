"""What the journal refuses, each as one sentence with its cause and its cure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cockpit.config.language import N_

if TYPE_CHECKING:
    from cockpit.journal.records import Lease, Obligation


class JournalError(Exception):
    """The journal cannot do what was asked: one sentence with cause and cure."""


class LeaseHeldError(JournalError):
    """Somebody else's living lease is on the scope. ``lease``: theirs."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        super().__init__(
            N_(
                "{scope} is held by {operator} ({holder}, from {origin}) for run {run}: wait until "
                "it is released or has expired."
            ).format(
                scope=lease.scope,
                operator=lease.operator,
                holder=lease.holder,
                origin=lease.origin,
                run=lease.run,
            )
        )


class LeaseLostError(JournalError):
    """Our lease is gone: its token or its holder changed, or it was released."""

    def __init__(self, scope: str, token: int) -> None:
        self.scope = scope
        self.token = token
        super().__init__(
            N_(
                "The lease on {scope} (token {token}) is no longer ours: nothing more may be sent; "
                "look who holds it now, and attach to that run."
            ).format(scope=scope, token=token)
        )


class ObligationsOpenError(JournalError):
    """A run cannot end so: ``obligations`` are still open."""

    def __init__(self, run: str, obligations: Sequence[Obligation]) -> None:
        self.obligations = tuple(obligations)
        named = ", ".join(f"{o.server} {o.key}" for o in self.obligations)
        super().__init__(
            N_(
                "Run {run} cannot end while a temporary change is still to be undone ({named}): undo "
                "it, or hand it over by name and escalate."
            ).format(run=run, named=named)
        )


class AnsweredError(JournalError):
    """The question is closed already: answered by somebody, or withdrawn."""
