"""Obligations that were handed over, closed on the real journal; only the server's answer is scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cockpit.commands import obligations
from cockpit.commands.desk import Desk
from cockpit.config.environment import Environment
from cockpit.journal.records import Obligation, RunState
from cockpit.journal.store import Journal
from cockpit.recovery import office as offices
from cockpit.recovery.actions.settings import POLICY, Value
from cockpit.recovery.client import NotBackError
from cockpit.recovery.office import Office
from cockpit.recovery.view import Standing
from tests.recovery.bundles import RUN, kept, told

Capture = pytest.CaptureFixture[str]
PROD = Environment(entry_servers=("EX02",), name="prod", read_only=False)
REASON = "EX01 is in service again"
LIFT = "Set-MailboxServer -Identity 'EX01' -DatabaseCopyAutoActivationPolicy 'Unrestricted'"


class Unswept(Office):
    def sweep(self) -> Standing:
        return self.standing()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A run that ended with its block handed over; before it the policy was Unrestricted."""
    for opened in kept(tmp_path):
        told(opened, "Unrestricted")
        with opened.write(None) as writer:
            writer.end(RUN, RunState.ESCALATED, "Handed over.")
        yield opened


@pytest.fixture
def office(journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    made = Unswept(PROD, None, journal, read_only=False)
    monkeypatch.setattr(made, "close", lambda: None)
    monkeypatch.setattr(offices, "open_office", lambda environment, *, read_only: made)
    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What the server says of its policy from now on."""

    def say(value: str) -> None:
        def read(access: object, key: str, server: str) -> Value:
            assert (key, server) == (POLICY, "EX01")
            return Value(value, "DC1")

        monkeypatch.setattr(offices, "read_value", read)

    return say


def close(*, accept: int | None = None, alone: bool = False) -> int:
    wanted = obligations.Wanted(close=not alone, yes=not alone, reason=REASON, form="table", accept=accept)
    return obligations.run(Desk(PROD), wanted)


def owed(journal: Journal) -> Obligation:
    (found,) = journal.obligations(open_only=False)
    return found


def test_what_is_back_is_closed_with_the_operators_reason(
    office: Office, journal: Journal, reads: Callable[[str], None]
) -> None:
    reads("unrestricted")
    assert close() == 0
    assert not owed(journal).open
    assert REASON in owed(journal).closed_by


def test_what_is_not_back_stays_open_and_its_command_is_shown(
    office: Office, journal: Journal, reads: Callable[[str], None], capsys: Capture
) -> None:
    reads("Blocked")
    assert close() == 3
    assert owed(journal).open
    said = capsys.readouterr().err
    assert f"Type: {LIFT}" in said
    assert f"obligations --accept {owed(journal).id} " in said, "it is known as one that is not back"
    assert close(accept=owed(journal).id, alone=True) == 0
    assert not owed(journal).open


def test_a_value_that_is_not_back_is_a_refusal_of_its_own(
    office: Office, journal: Journal, reads: Callable[[str], None]
) -> None:
    reads("Blocked")
    with pytest.raises(NotBackError) as refused:
        office.settle(owed(journal).id, REASON)
    assert refused.value.helps.startswith(f"Type: {LIFT}")
