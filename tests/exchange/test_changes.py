"""Changes on the Exchange endpoint: exactly what is bound, and what a look makes of every reading."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from cockpit.exchange.changes import (
    ActivateDatabase,
    ActivatePreferred,
    Effect,
    ExchangeChange,
    SetActivationPolicy,
    SetComponentState,
    SetMoveNow,
    SetProtocolLog,
    send,
)
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import CmdletFailedError, ShellLostError
from cockpit.exchange.model import CmdletError
from cockpit.exchange.pipeline import ParameterValue, create_pipeline
from tests.exchange.standin import StandIn, gives, raises, row

RUN = "pop-cockpit run 7"
LOG = SetProtocolLog("EX01", True)
MOVE_NOW = SetMoveNow("EX01", True)
POLICY = SetActivationPolicy("EX01", "Blocked")
COMPONENT = SetComponentState("EX01", "PopProxy", "Maintenance", "Active")
ACTIVATE = ActivateDatabase("DB01", "EX02", RUN)
PREFERRED = ActivatePreferred("EX01", RUN)
ALL: list[ExchangeChange] = [LOG, MOVE_NOW, POLICY, COMPONENT, ACTIVATE, PREFERRED]


@pytest.mark.parametrize(
    ("change", "cmdlet", "parameters", "seconds"),
    [
        (
            SetProtocolLog("EX01", False),
            "Set-PopSettings",
            {"Server": "EX01", "ProtocolLogEnabled": False, "Confirm": False},
            60,
        ),
        (
            SetMoveNow("EX01", True, "DC01.x.y"),
            "Set-MailboxServer",
            {
                "Identity": "EX01",
                "DatabaseCopyActivationDisabledAndMoveNow": True,
                "DomainController": "DC01.x.y",
                "Confirm": False,
            },
            60,
        ),
        (
            POLICY,
            "Set-MailboxServer",
            {"Identity": "EX01", "DatabaseCopyAutoActivationPolicy": "Blocked", "Confirm": False},
            60,
        ),
        (
            COMPONENT,
            "Set-ServerComponentState",
            {
                "Identity": "EX01",
                "Component": "PopProxy",
                "Requester": "Maintenance",
                "State": "Active",
                "Confirm": False,
            },
            60,
        ),
        (
            ACTIVATE,
            "Move-ActiveMailboxDatabase",
            {"Identity": "DB01", "ActivateOnServer": "EX02", "MoveComment": RUN, "Confirm": False},
            300,
        ),
        (
            PREFERRED,
            "Move-ActiveMailboxDatabase",
            {"ActivatePreferredOnServer": "EX01", "MoveComment": RUN, "Confirm": False},
            300,
        ),
    ],
)
def test_what_is_bound(
    change: ExchangeChange, cmdlet: str, parameters: dict[str, ParameterValue], seconds: float
) -> None:
    call = change.call()
    assert (call.cmdlet, dict(call.parameters), call.arguments) == (cmdlet, parameters, ())
    assert call.time_limit == change.time_limit == seconds
    assert change.effect_limit == seconds + 30


def test_the_shown_command_is_what_one_would_type() -> None:
    shown = str(SetProtocolLog("EX01", True).call())
    assert shown == "Set-PopSettings -Server 'EX01' -ProtocolLogEnabled $true -Confirm:$false"


def test_a_hostile_name_stays_one_value() -> None:
    hostile = "EX01'; Restart-Computer </S>"
    root = ET.fromstring(create_pipeline(SetMoveNow(hostile, True).call(), "2.3"))
    assert hostile in [e.text for e in root.iter("S") if e.get("N") == "V"]
    assert [e.text for e in root.iter("S") if e.get("N") == "Cmd"] == ["Set-MailboxServer"]
    assert "false" in [e.text for e in root.iter("B") if e.get("N") == "V"]


@pytest.mark.parametrize(
    "change",
    [
        SetProtocolLog("", True),
        SetMoveNow("", False),
        SetActivationPolicy("EX01", ""),
        ActivateDatabase("DB01", "", RUN),
        ActivatePreferred("", RUN),
    ],
)
def test_nothing_empty_is_sent(change: ExchangeChange) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        change.call()


def test_a_change_is_never_repeated_and_its_warnings_come_back() -> None:
    caller = gives(warnings=["no settings of 'EX01' have been modified"])
    assert send(caller, MOVE_NOW).warnings == ("no settings of 'EX01' have been modified",)
    assert caller.calls == [MOVE_NOW.call()]
    assert caller.repeatable == [False]


def test_an_error_record_is_a_failure_with_its_cause() -> None:
    record = CmdletError("the copy is suspended", reason="AmDbActionException")
    with pytest.raises(CmdletFailedError, match="the copy is suspended") as caught:
        send(gives(row(), errors=[record]), ACTIVATE)
    assert caught.value.record == record


def test_an_exchange_error_while_sending_comes_through() -> None:
    with pytest.raises(ShellLostError):
        send(raises(ShellLostError("gone")), LOG)


@pytest.mark.parametrize("change", ALL, ids=lambda c: type(c).__name__)
def test_what_cannot_be_read_is_unknown_with_the_words(change: ExchangeChange) -> None:
    lost = change.observe(ExchangeCmdlets(raises(ShellLostError("the shell is gone", "fault 1."))))
    assert (lost.effect, lost.value) == (Effect.UNKNOWN, None)
    assert lost.words == "It could not be read: the shell is gone: fault 1."
    empty = change.observe(ExchangeCmdlets(gives(warnings=["the directory does not answer"])))
    assert empty.effect is Effect.UNKNOWN
    assert "the directory does not answer" in empty.words
    nothing = change.observe(ExchangeCmdlets(gives()))
    assert nothing.effect is Effect.UNKNOWN


@pytest.mark.parametrize("change", ALL, ids=lambda c: type(c).__name__)
def test_looking_changes_nothing(change: ExchangeChange) -> None:
    caller = gives()
    change.observe(ExchangeCmdlets(caller))
    assert caller.calls
    assert all(c.cmdlet.startswith("Get-") for c in caller.calls)


@pytest.mark.parametrize(
    ("change", "found", "effect", "value"),
    [
        (LOG, row(Server="ex01", ProtocolLogEnabled=True), Effect.APPLIED, True),
        (LOG, row(Server="EX01", ProtocolLogEnabled=False), Effect.NOT_APPLIED, False),
        (LOG, row(Server="EX02", ProtocolLogEnabled=True), Effect.UNKNOWN, None),
        (
            MOVE_NOW,
            row(Name="EX01", DatabaseCopyActivationDisabledAndMoveNow=True),
            Effect.APPLIED,
            True,
        ),
        (
            MOVE_NOW,
            row(Name="EX01", DatabaseCopyActivationDisabledAndMoveNow=False),
            Effect.NOT_APPLIED,
            False,
        ),
        (POLICY, row(Name="EX01", DatabaseCopyAutoActivationPolicy=2), Effect.APPLIED, "Blocked"),
        (
            POLICY,
            row(Name="EX01", DatabaseCopyAutoActivationPolicy="Unrestricted"),
            Effect.NOT_APPLIED,
            "Unrestricted",
        ),
        (POLICY, row(Name="EX01"), Effect.UNKNOWN, None),
    ],
)
def test_a_setting_is_read_back(change: ExchangeChange, found: object, effect: Effect, value: object) -> None:
    seen = change.observe(ExchangeCmdlets(gives(found)))
    assert (seen.effect, seen.value) == (effect, value)


def test_read_back_from_the_domain_controller_that_was_written() -> None:
    caller = gives()
    cmdlets = ExchangeCmdlets(caller)
    SetProtocolLog("EX01", True, "DC01").observe(cmdlets)
    SetMoveNow("EX01", True, "DC01").observe(cmdlets)
    SetActivationPolicy("EX01", "Blocked", "DC01").observe(cmdlets)
    assert [dict(c.parameters) for c in caller.calls] == [
        {"Server": "EX01", "DomainController": "DC01"},
        {"Identity": "EX01", "DomainController": "DC01"},
        {"Identity": "EX01", "DomainController": "DC01"},
    ]


def vote(requester: str, state: str) -> object:
    return row(Requester=requester, State=state)


@pytest.mark.parametrize(
    ("wanted", "state", "local", "remote", "effect"),
    [
        ("Active", "Inactive", [("maintenance", "Active"), ("HealthApi", "Inactive")], [], Effect.APPLIED),
        ("Active", "Active", [], [], Effect.APPLIED),
        ("Active", "Inactive", [("HealthApi", "Inactive")], [], Effect.NOT_APPLIED),
        ("Inactive", "Active", [], [], Effect.NOT_APPLIED),
        (
            "Active",
            "Inactive",
            [("Maintenance", "Inactive")],
            [("Maintenance", "Inactive")],
            Effect.NOT_APPLIED,
        ),
        ("Active", "Inactive", [("Maintenance", "Active")], [("Maintenance", "Inactive")], Effect.UNKNOWN),
    ],
)
def test_a_vote_is_judged_by_its_requester(
    wanted: str,
    state: str,
    local: list[tuple[str, str]],
    remote: list[tuple[str, str]],
    effect: Effect,
) -> None:
    found = row(
        ServerFqdn="EX01.x.y",
        Component="PopProxy",
        State=state,
        LocalStates=[vote(*v) for v in local],
        RemoteStates=[vote(*v) for v in remote],
    )
    change = SetComponentState("EX01", "PopProxy", "Maintenance", wanted)
    seen = change.observe(ExchangeCmdlets(gives(row(ServerFqdn="EX01", Component="ImapProxy"), found)))
    assert seen.effect is effect
    assert seen.words.startswith(f"PopProxy of EX01 is {state}; Maintenance")


def copy(server: str, status: str, *, active: bool = False, database: str = "DB01", **more: object) -> object:
    return row(
        Name=f"{database}\\{server}",
        DatabaseName=database,
        MailboxServer=server,
        Status=status,
        ActiveCopy=active,
        **more,
    )


@pytest.mark.parametrize(
    ("copies", "effect"),
    [
        ([copy("EX01", "Healthy"), copy("ex02", "Mounted", active=True)], Effect.APPLIED),
        ([copy("EX01", "Mounted", active=True), copy("EX02", "Healthy")], Effect.NOT_APPLIED),
        ([copy("EX01", "Healthy"), copy("EX02", "Mounting", active=True)], Effect.UNKNOWN),
        ([copy("EX01", "Healthy"), copy("EX02", "Dismounted")], Effect.UNKNOWN),
        ([copy("EX01", "Dismounting", active=True), copy("EX02", "Healthy")], Effect.UNKNOWN),
        ([copy("EX01", "ServiceDown", active=True), copy("EX02", "Healthy")], Effect.UNKNOWN),
        ([copy("EX01", "Mounted"), copy("EX02", "Mounted")], Effect.UNKNOWN),
        ([copy("EX01", "Healthy"), copy("EX02", "Healthy")], Effect.UNKNOWN),
        ([copy("EX02", "Mounted", active=True, database="DB02")], Effect.UNKNOWN),
    ],
)
def test_a_move_is_done_when_it_is_mounted(copies: list[object], effect: Effect) -> None:
    caller = gives(*copies)
    assert ACTIVATE.observe(ExchangeCmdlets(caller)).effect is effect
    assert dict(caller.calls[0].parameters) == {"Identity": "DB01"}


def preferring(database: str, status: str, preference: int | None, *, active: bool = False) -> object:
    return copy("EX01", status, active=active, database=database, ActivationPreference=preference)


@pytest.mark.parametrize(
    ("copies", "effect", "value"),
    [
        ([preferring("A", "Mounted", 1, active=True), preferring("B", "Healthy", 2)], Effect.APPLIED, ("A",)),
        ([preferring("A", "Healthy", 2)], Effect.APPLIED, ()),
        (
            [preferring("A", "Mounted", 1, active=True), preferring("B", "Healthy", 1)],
            Effect.NOT_APPLIED,
            ("A",),
        ),
        ([preferring("A", "Mounting", 1, active=True)], Effect.UNKNOWN, ("A",)),
        ([preferring("A", "Healthy", None)], Effect.UNKNOWN, None),
    ],
)
def test_the_preferred_are_back_when_each_is_mounted_here(
    copies: list[object], effect: Effect, value: object
) -> None:
    seen = PREFERRED.observe(ExchangeCmdlets(gives(*copies)))
    assert (seen.effect, seen.value) == (effect, value)


def test_half_an_answer_does_not_prove_that_all_are_back() -> None:
    error = CmdletError("the replication service does not answer")
    half = gives(preferring("A", "Mounted", 1, active=True), errors=[error])
    seen = PREFERRED.observe(ExchangeCmdlets(half))
    assert seen.effect is Effect.UNKNOWN
    assert "the replication service does not answer" in seen.words


def test_a_look_says_what_it_saw() -> None:
    seen = ACTIVATE.observe(
        ExchangeCmdlets(StandIn([gives(copy("EX01", "Mounted", active=True)).answers[0]]))
    )
    assert seen.words == "The active copy of DB01: Mounted on EX01."
    assert seen.value == "EX01"
