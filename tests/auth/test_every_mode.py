"""Every way to sign in, at both endpoints, over real sockets."""

from __future__ import annotations

import time

import pytest

from cockpit.exchange import errors as e
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.model import Outcome
from cockpit.exchange.session import EXCHANGE, HEAL_AFTER_IDLE, WINRM
from cockpit.lab.wire.knobs import Effect
from tests.auth.bench import MODES
from tests.auth.conftest import Make

EVERY_MODE = pytest.mark.parametrize("mode", list(MODES))
BOTH_KINDS = pytest.mark.parametrize("kind", [EXCHANGE, WINRM], ids=["exchange", "winrm"])
TICKETS = [m.name for m in MODES.values() if m.by == "cache"]


@EVERY_MODE
@BOTH_KINDS
def test_a_read(make: Make, mode: str, kind: str) -> None:
    bench = make(mode, kind)
    session = bench.session()
    answer = ExchangeCmdlets(session).get_server_health("EX07", "POP")
    assert [r.server for r in answer.rows] == ["EX07"]
    assert [c.user.lower() for c in bench.calls] == [(bench.user or "operator@LAB.EXAMPLE").lower()]
    session.close()
    assert bench.shells() == []


@pytest.mark.auth
@EVERY_MODE
@BOTH_KINDS
def test_an_error_record_and_a_failure(make: Make, mode: str, kind: str) -> None:
    cmdlets = ExchangeCmdlets(make(mode, kind).session())
    nobody = cmdlets.get_server_health("NOBODY")
    assert nobody.outcome is Outcome.EMPTY_WITH_WARNING
    assert nobody.errors[0].reason == "ManagementObjectNotFoundException"
    with pytest.raises(e.CmdletFailedError, match="it broke"):
        cmdlets.get_server_health("BROKEN")
    assert cmdlets.get_server_health("EX01").rows


@pytest.mark.auth
@EVERY_MODE
@BOTH_KINDS
def test_a_long_answer_comes_whole(make: Make, mode: str, kind: str) -> None:
    answer = ExchangeCmdlets(make(mode, kind).session()).get_server_health("MANY")
    assert [r.name for r in answer.rows] == [f"Monitor{n}" for n in range(2_000)]


@pytest.mark.auth
@EVERY_MODE
@BOTH_KINDS
def test_a_connection_that_lay_idle_is_made_anew(
    make: Make, mode: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make(mode, kind)
    cmdlets = ExchangeCmdlets(bench.session())
    cmdlets.get_server_health("EX01")
    shells = bench.shells()
    real = time.monotonic
    monkeypatch.setattr("cockpit.exchange.session.time.monotonic", lambda: real() + HEAL_AFTER_IDLE + 1)
    bench.lose_connections()
    assert cmdlets.get_server_health("EX01").rows
    if MODES[mode].sealed:
        assert bench.shells() == shells, "the shell lives on"


@pytest.mark.auth
@EVERY_MODE
@BOTH_KINDS
@pytest.mark.parametrize("action", ["Command", "Receive"])
def test_a_lost_connection_heals(make: Make, mode: str, kind: str, action: str) -> None:
    bench = make(mode, kind)
    cmdlets = ExchangeCmdlets(bench.session())
    cmdlets.get_server_health("EX01")
    bench.endpoint.knobs.add(Effect.RESET, action=action)
    assert cmdlets.get_server_health("EX01").rows
    assert cmdlets.get_server_health("EX01").rows
    assert len(bench.shells()) <= 1


@pytest.mark.auth
@BOTH_KINDS
@pytest.mark.parametrize("mode", TICKETS)
def test_a_renewed_ticket_is_taken_by_the_next_connection(make: Make, mode: str, kind: str) -> None:
    bench = make(mode, kind)
    assert bench.cache is not None
    realm = bench.kdc
    assert realm is not None
    cmdlets = ExchangeCmdlets(bench.session())
    assert cmdlets.get_server_health("EX01").rows
    bench.cache.unlink()
    assert cmdlets.get_server_health("EX01").rows, "the connection that is there needs no ticket"
    bench.lose_connections()
    with pytest.raises(e.KerberosError, match="no ticket") as refused:
        cmdlets.get_server_health("EX01")
    assert "kinit" in refused.value.cure
    realm.kinit(bench.cache)
    assert cmdlets.get_server_health("EX01").rows
