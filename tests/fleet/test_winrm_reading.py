"""One look at a WinRM endpoint: each part fails alone, and a sign-in is refused once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cockpit.config.environment import Credential, Environment
from cockpit.exchange.errors import (
    CmdletFailedError,
    ExchangeError,
    SignInError,
    TimeLimitError,
    UnreachableError,
)
from cockpit.exchange.model import CmdletError
from cockpit.exchange.pipeline import Call
from cockpit.exchange.refusals import Refusals
from cockpit.exchange.session import RawResult
from cockpit.fleet import events as e
from cockpit.fleet import picture, readers
from cockpit.fleet.messages import decode_diff, encode
from cockpit.fleet.snapshot import FleetSnapshot, WinRMPart, WinRMReading, diff
from tests.exchange.standin import TARGET, result, row
from tests.fleet.builders import NOW, live, server

HERE = Environment(entry_servers=("EX01",), credential=Credential("ann", None))
ACTION = "<Event><UserData><x><Id>RestartService</Id></x></UserData></Event>"
GOOD = {
    "Get-Service": result(row(Name="MSExchangePop3", Status="Running", StartType="Automatic")),
    "Get-CimInstance": result(row(LastBootUpTime=NOW)),
    "wevtutil": result(ACTION),
}
CALLS = dict(zip(WinRMPart, GOOD, strict=True))
SLOW = TimeLimitError("it took longer than 30 s")
LOST = UnreachableError("EX01 cannot be reached", "the connection was reset")
DENIED = CmdletFailedError("it failed", CmdletError("Access is denied."))
REFUSED = SignInError("EX01 refuses us")

Look = Callable[..., tuple[e.WinRMRead, "Machine"]]


class Machine:
    """A session. ``fails``: what its calls raise; ``shut``: what opening raises, once anything has failed
    where ``later``. ``opened``: how often a shell was asked for."""

    def __init__(
        self, fails: dict[str, ExchangeError], shut: ExchangeError | None = None, *, later: bool = False
    ) -> None:
        self.target = TARGET
        self.fails, self.shut, self.later = fails, shut, later
        self.is_open = self.closed = False
        self.opened = 0
        self.called: list[str] = []

    def open(self) -> None:
        if self.is_open:
            return
        self.opened += 1
        if self.shut is not None and not (self.later and self.opened == 1):
            raise self.shut
        self.is_open = True

    def run(self, call: Call, *, repeatable: bool = True) -> RawResult:
        assert self.is_open
        self.called.append(call.cmdlet)
        if (error := self.fails.get(call.cmdlet)) is not None:
            self.is_open = not error.session_lost
            raise error
        return GOOD[call.cmdlet]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    def read(*given: Any, **more: Any) -> tuple[e.WinRMRead, Machine]:
        machine = Machine(*given, **more)
        monkeypatch.setattr(readers, "Session", lambda *_, **__: machine)
        found = readers.read_winrm(readers.winrm_session(HERE, None, server(), Refusals()), server())
        assert machine.closed
        return found, machine

    return read


def parts(reading: WinRMReading) -> set[WinRMPart]:
    """What was read."""
    return {part for part in WinRMPart if getattr(reading, part.value) is not None}


def test_everything_is_read_on_one_shell(look: Look) -> None:
    found, machine = look({})
    assert parts(found.reading) == set(WinRMPart)
    assert (found.reading.problem, found.reading.unread, found.refused) == (None, (), False)
    assert machine.opened == 1


@pytest.mark.parametrize("part", list(WinRMPart))
@pytest.mark.parametrize("error", [SLOW, LOST, DENIED])
def test_a_part_that_fails_hides_no_other(look: Look, part: WinRMPart, error: ExchangeError) -> None:
    found, machine = look({CALLS[part]: error})
    reading = found.reading
    assert parts(reading) == set(WinRMPart) - {part}
    assert reading.problem is None
    assert reading.read_at is not None
    assert [u.part for u in reading.unread] == [part]
    assert reading.missed(part) == readers.problem_of(error)
    assert set(machine.called) == set(GOOD)


def test_where_every_part_fails_nothing_was_read(look: Look) -> None:
    found, _ = look(dict.fromkeys(GOOD, SLOW))
    assert found.reading == WinRMReading(problem=readers.problem_of(SLOW))


@pytest.mark.parametrize(("shut", "refused"), [(LOST, False), (REFUSED, True)])
def test_where_no_shell_can_be_had_it_is_tried_once(look: Look, shut: ExchangeError, refused: bool) -> None:
    found, machine = look({}, shut)
    assert found.reading == WinRMReading(problem=readers.problem_of(shut))
    assert found.refused is refused
    assert (machine.opened, machine.called) == (1, [])


def test_a_server_that_goes_in_between_is_not_dialled_again_for_every_part(look: Look) -> None:
    found, machine = look({"Get-CimInstance": LOST}, LOST, later=True)
    assert parts(found.reading) == {WinRMPart.SERVICES}
    assert [u.part for u in found.reading.unread] == [WinRMPart.LAST_BOOT, WinRMPart.RECOVERY_ACTIONS]
    assert machine.opened == 2


def test_a_sign_in_that_is_refused_in_between_is_not_tried_again(look: Look) -> None:
    found, machine = look({"Get-Service": REFUSED})
    assert found.refused
    assert found.reading == WinRMReading(problem=readers.problem_of(REFUSED))
    assert (machine.opened, machine.called) == (1, ["Get-Service"])


def test_a_part_that_failed_keeps_what_was_known_of_it(look: Look) -> None:
    before = look({})[0]
    after = look({"wevtutil": SLOW, "Get-Service": DENIED})[0]
    first = picture.take(FleetSnapshot(servers={"EX01": live()}), before)
    made = picture.take(first, after)
    winrm = made.servers["EX01"].winrm
    assert winrm.services == before.reading.services
    assert winrm.recovery_actions == before.reading.recovery_actions
    assert (winrm.read_at, winrm.unread) == (after.reading.read_at, after.reading.unread)
    change = diff(first, made)
    assert decode_diff(encode(change)) == change, "as the screen has it from the collector's process"

    gone = e.WinRMRead("EX01", WinRMReading(problem=readers.problem_of(LOST)))
    assert picture.take(made, gone).servers["EX01"].winrm.unread == (), "one problem says it all"
    assert picture.take(made, look({})[0]).servers["EX01"].winrm.unread == ()
