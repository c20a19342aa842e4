"""What RBAC grants: read from Get-Command, and never guessed where it does not say."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from cockpit.exchange.changes import (
    ActivatePreferred,
    SetActivationPolicy,
    SetComponentState,
    SetMoveNow,
    SetProtocolLog,
)
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import CmdletFailedError, NotGrantedError, UnreachableError
from cockpit.exchange.grants import USED, Grants
from cockpit.exchange.model import CmdletError
from cockpit.exchange.pipeline import Call
from tests.exchange.standin import StandIn, gives, raises, result, row

GONE = CmdletError(
    "The term 'x' is not recognized", fully_qualified_id="CommandNotFoundException,Microsoft.PowerShell"
)
OTHER = CmdletError("The pipeline broke", fully_qualified_id="Broken,Microsoft.X")


def everything(**parameters: Any) -> list[Any]:
    """A row for every cmdlet of ours, with its parameters."""
    return [
        row(Name=name, Parameters=parameters.get(name, dict.fromkeys(used, "metadata")))
        for name, used in USED.items()
    ]


def grants(*rows: Any, errors: tuple[CmdletError, ...] = ()) -> Grants:
    return ExchangeCmdlets(gives(*rows, errors=errors)).get_grants()


def test_what_is_visible_is_not_missing() -> None:
    found = grants(*everything())
    assert found.known
    assert found.every_missing() == ()


def test_a_cmdlet_that_is_not_visible_is_named_with_what_to_ask_for() -> None:
    left = [r for r in everything() if r.get("Name") != "Set-MailboxServer"]
    found = grants(*left, errors=(GONE,))
    (said,) = found.every_missing()
    assert said == (
        "Set-MailboxServer is not granted to this account: ask for a management role that has it "
        "(Get-ManagementRole -Cmdlet Set-MailboxServer names them)"
    )
    assert found.missing("set-mailboxserver") != ""
    assert found.missing("Get-ServerHealth") == ""


def test_a_parameter_that_is_not_visible_is_named() -> None:
    hidden = {"Server": "x", "DomainController": "x", "Confirm": "x"}
    found = grants(*everything(**{"Set-PopSettings": hidden}))
    (said,) = found.every_missing()
    assert said.startswith("Set-PopSettings -ProtocolLogEnabled is not granted")
    assert "-CmdletParameters ProtocolLogEnabled" in said
    assert found.refuses(SetProtocolLog("EX01", True).call()) == said
    assert found.missing("Set-PopSettings", ("server",)) == ""


@pytest.mark.parametrize("parameters", [None, "[42 items]"])
def test_parameters_that_were_not_said_are_not_called_missing(parameters: Any) -> None:
    found = grants(*everything(**{"Set-PopSettings": parameters}))
    assert found.known
    assert found.every_missing() == ()


@pytest.mark.parametrize(
    "caller",
    [
        raises(NotGrantedError("Get-Command is not available")),
        raises(CmdletFailedError("Get-Command failed", OTHER)),
        gives(),
        gives(*everything()[:3], errors=(OTHER,)),
    ],
    ids=["not there", "failed", "nothing", "partial"],
)
def test_where_nobody_can_say_nothing_is_called_missing(caller: StandIn) -> None:
    found = ExchangeCmdlets(caller).get_grants()
    assert not found.known
    assert found.missing("Set-MailboxServer") == ""
    assert found.every_missing() == ()


def test_nothing_visible_at_all_is_an_answer() -> None:
    found = grants(errors=(GONE,))
    assert found.known
    assert len(found.every_missing()) == len(USED)


def test_a_lost_session_is_no_answer() -> None:
    with pytest.raises(UnreachableError):
        ExchangeCmdlets(raises(UnreachableError("EX01 cannot be reached"))).get_grants()


def test_everything_that_the_cockpit_runs_is_asked_about() -> None:
    """A cmdlet or parameter that is used and not asked about could never be told of as missing."""
    unused = {"get_grants", "get_monitoring_item_identity", "test_pop_connectivity", "test_service_health"}
    calls: list[Call] = []
    for name, method in inspect.getmembers(ExchangeCmdlets, inspect.isfunction):
        if name.startswith("_") or name in unused:
            continue
        caller = StandIn([result()])
        named = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
        given = {p.name: "x" for p in named if p.default is inspect.Parameter.empty}
        optional = {p.name: "x" for p in named if p.name in ("server", "health_set", "domain_controller")}
        getattr(ExchangeCmdlets(caller), name)(**{**given, **optional})
        calls += caller.calls
    for change in (
        SetProtocolLog("EX01", True, "dc1"),
        SetMoveNow("EX01", True, "dc1"),
        SetActivationPolicy("EX01", "Blocked", "dc1"),
        SetComponentState("EX01", "PopProxy", "HealthAPI", "Active"),
        ActivatePreferred("EX01", "why"),
    ):
        calls.append(change.call())
    used: dict[str, set[str]] = {}
    for call in calls:
        used.setdefault(call.cmdlet, set()).update(call.parameters)
    # Domain controllers are only named where a value was written.
    for cmdlet in used:
        if cmdlet not in ("Get-MailboxServer", "Get-PopSettings", "Set-PopSettings", "Set-MailboxServer"):
            used[cmdlet].discard("DomainController")
    assert used == {name: set(parameters) for name, parameters in USED.items()}
