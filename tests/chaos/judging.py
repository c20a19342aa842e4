"""What must hold after each kill and each end, by the lab's state and ledger."""

from __future__ import annotations

from typing import Final

from cockpit.journal.records import Run, RunState
from cockpit.journal.store import Journal
from tests.chaos.ledger import came, meant
from tests.chaos.station import FLAGS, Flags, Station

_KEYS: Final = dict(
    zip(
        FLAGS,
        (
            "DatabaseCopyActivationDisabledAndMoveNow",
            "DatabaseCopyAutoActivationPolicy",
            "ProtocolLogEnabled",
        ),
        strict=True,
    )
)


def family(journal: Journal, run: str) -> tuple[Run, ...]:
    """The run and those it started."""
    return tuple(r for r in journal.runs() if run in (r.id, r.parent))


def known(station: Station, when: str) -> None:
    """No MoveNow is on without an open obligation."""
    owed = {(o.server, o.key) for o in station.journal.obligations()}
    for (server, flag), value in station.flags().items():
        if flag == FLAGS[0] and value and (server, _KEYS[flag]) not in owed:
            station.figures.violation("orphans", f"{when}: {_KEYS[flag]} on {server}")


def judge(station: Station, run: str, before: Flags, since: int, name: str) -> None:
    """``before``: the flags when it was started; ``since``: the last line of the lab's ledger then."""
    journal, figures = station.journal, station.figures
    row, members = journal.run(run), family(journal, run)
    figures.ends[row.state.value] += 1
    own = {r.id for r in members}
    owed = {(o.server, o.key): o for o in journal.obligations() if o.run in own}
    for (server, key), obligation in owed.items():
        given = obligation.handed_at is not None and journal.run(obligation.run).state is RunState.ESCALATED
        if row.ended and not given:
            figures.violation("lost obligations", f"{name}: {key} of {server} is open and nobody's")
    for (server, flag), value in station.flags().items():
        if row.ended and value != before[server, flag] and (server, _KEYS[flag]) not in owed:
            figures.violation("flags left", f"{name}: {_KEYS[flag]} of {server} is {value}")
    attempts = [a for r in members for a in journal.attempts(r.id)]
    user = station.environment.credential.user
    for line, number in (came(station.served.ledger(since), user) - meant(attempts)).items():
        figures.violation("duplicates", f"{name}: {line}: {number} more than meant")
