from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cockpit.lab.knobs import ServerKnobs
from cockpit.lab.ledger import CUT, Ledger
from tests.lab.harness import lab, later

START = datetime(2026, 1, 1, tzinfo=UTC)


def _ledger(limit: int = 10) -> Ledger:
    return Ledger(lambda t: START + timedelta(seconds=t), limit=limit, real=lambda: START)


def test_ledger_numbers_from_one_and_reads_on() -> None:
    ledger = _ledger()
    assert (ledger.last, ledger.since()) == (0, [])
    ledger.change(1.0, "EX16-01", "service started", "MSExchangePop3 4", "operator")
    ledger.command(2.0, "EX16-01", "operator", "Get-ServerHealth", {"Identity": "EX16-01"}, "completed")
    assert [e.seq for e in ledger.since()] == [1, 2]
    assert [e.kind for e in ledger.since(1)] == ["command"]
    assert ledger.since(2) == []
    assert ledger.since()[1].simulated == START + timedelta(seconds=2)


def test_ledger_is_bounded_and_counts_what_it_drops() -> None:
    ledger = _ledger(limit=3)
    for number in range(5):
        ledger.change(float(number), "S", "x", str(number))
    assert (ledger.dropped, ledger.last) == (2, 5)
    assert [e.seq for e in ledger.since()] == [3, 4, 5]
    assert [e.seq for e in ledger.since(1)] == [3, 4, 5]
    assert [e.seq for e in ledger.since(4)] == [5]


def test_ledger_cuts_secrets_and_is_json() -> None:
    ledger = _ledger()
    given = {
        "Identity": "POP\\PopCTPProbe",
        "Password": "hunter2",
        "SecondaryPassword": "hunter3",
        "MailboxCredential": object(),
        "Nested": {"password": "hunter4", "list": [1, 2.5, None, True]},
        "Odd": {1, 2},
    }
    entry = ledger.command(0.0, "S", "u", "Invoke-MonitoringProbe", given, "completed")
    text = json.dumps(entry.as_json())
    assert "hunter" not in text
    assert entry.as_json()["parameters"]["Password"] == CUT


def test_ledger_tells_the_history_of_a_fault() -> None:
    sim = lab("proxy-broken")
    later(sim, 3600)
    words = [e.outcome for e in sim.ledger.since() if e.server == "EX13-CAS01"]
    for what in ("monitor", "component", "service stopped", "recovery action", "escalation"):
        assert what in words


def test_knobs_refuse_unknown_names_and_types() -> None:
    knobs = ServerKnobs()
    knobs.change({"rpc_delay": 1, "stale": True, "denied": {"*": ["Get-PopSettings"]}})
    assert knobs.rpc_delay == 1.0
    assert knobs.denies("anybody", "get-popsettings")
    for bad in ({"nope": 1}, {"stale": 1}, {"rpc_delay": "1"}, {"hostile": "yes"}):
        with pytest.raises(ValueError, match="knob"):
            knobs.change(bad)
    assert json.dumps(knobs.as_json())
