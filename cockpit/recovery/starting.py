"""Whether work may begin in a scope, or be decided there: what the journal says of leases and open runs."""

from __future__ import annotations

from cockpit.config.language import N_
from cockpit.journal.errors import LeaseHeldError
from cockpit.journal.records import Run
from cockpit.journal.store import Hold, Journal
from cockpit.recovery.client import RefusedError
from cockpit.recovery.holding import due_of
from cockpit.recovery.launch import works
from cockpit.recovery.picture import moment


def free(journal: Journal, scope: str, what: str) -> None:
    """A living lease, or a run not ended, keeps a second one out. Raises RefusedError, JournalError."""
    lease = journal.lease(scope)
    if lease is not None and not lease.expired:
        if not journal.has_run(lease.run):
            # Either it is about to be created, or its starter only looks, and is refused as we are: for
            # the run that was created before this lease was read.
            no_run(journal, scope, what)
        raise RefusedError(
            what,
            N_("{scope} is held by {operator} ({holder}) since {since} for run {run}").format(
                scope=scope,
                operator=lease.operator,
                holder=lease.holder,
                since=_clock(lease.taken_at),
                run=lease.run[:8],
            ),
            N_("Watch it: pop-cockpit runs attach {run}.").format(run=lease.run[:8]),
        )
    no_run(journal, scope, what)


def no_run(journal: Journal, scope: str, what: str) -> None:
    """Raises RefusedError where a run in the scope has not ended, and does not rest; JournalError."""
    for run in journal.runs(open_only=True, limit=10_000):
        # One that rests has given the scope back, and is in nobody's way.
        if run.scope == scope and due_of(journal, run) is None:
            raise RefusedError(
                what,
                N_("run {run} of {operator} on {server}, begun {begun}, has not ended").format(
                    run=run.id[:8],
                    operator=run.operator,
                    server=run.server,
                    begun=_clock(run.created_at),
                ),
                N_("Resume or abort it first: pop-cockpit runs resume {run}.").format(run=run.id[:8]),
            )


def acquired(journal: Journal, scope: str, run: str, ttl: float, what: str) -> Hold:
    """The lease of a run that is to be created; who was quicker is named by what they have begun.

    Raises RefusedError, LeaseHeldError, JournalError.
    """
    try:
        return journal.acquire(scope, run, ttl)
    except LeaseHeldError:
        free(journal, scope, what)
        raise


def not_held(journal: Journal, run: Run, what: str) -> None:
    """A run that rests has given its scope back: while another run has it, nobody could take up what is
    decided. Raises RefusedError, JournalError."""
    lease = journal.lease(run.scope)
    if lease is not None and works(lease) and lease.run not in journal.kin(run.id):
        raise RefusedError(
            what,
            N_("{scope} is held by {operator} for run {run}").format(
                scope=run.scope, operator=lease.operator, run=lease.run[:8]
            ),
            N_("Wait until it ends: pop-cockpit runs attach {run}.").format(run=lease.run[:8]),
        )


def _clock(at: float) -> str:
    return f"{moment(at):%Y-%m-%d %H:%M:%S}Z"
