"""The reads that guards need on the Exchange endpoint: what is asked, and rows of every shape."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange import recovery_rows, rows
from cockpit.exchange.clixml import PSObject, read_export
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.model import Reading
from tests.exchange.standin import gives, row

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "exchange-clixml"
ASKED: list[tuple[Callable[[ExchangeCmdlets], Reading[Any]], str, dict[str, object]]] = [
    (
        lambda c: c.get_database_availability_group(domain_controller="DC01"),
        "Get-DatabaseAvailabilityGroup",
        {"Status": None, "DomainController": "DC01"},
    ),
    (lambda c: c.get_mailbox_server(), "Get-MailboxServer", {}),
    (
        lambda c: c.get_mailbox_server("EX01", domain_controller="DC01"),
        "Get-MailboxServer",
        {"Identity": "EX01", "DomainController": "DC01"},
    ),
    (
        lambda c: c.get_mailbox_database_copy_status("EX01", domain_controller="DC01"),
        "Get-MailboxDatabaseCopyStatus",
        {"Server": "EX01", "DomainController": "DC01"},
    ),
    (lambda c: c.get_database_copies("DB01"), "Get-MailboxDatabaseCopyStatus", {"Identity": "DB01"}),
    (lambda c: c.get_mailbox_databases("EX01"), "Get-MailboxDatabase", {"Server": "EX01", "Status": None}),
    (lambda c: c.get_monitoring_mailbox("HM1"), "Get-Mailbox", {"Identity": "HM1", "Monitoring": None}),
    (lambda c: c.get_monitoring_mailboxes(), "Get-Mailbox", {"Monitoring": None}),
    (lambda c: c.test_replication_health("EX01"), "Test-ReplicationHealth", {"Identity": "EX01"}),
    (lambda c: c.test_service_health("EX01"), "Test-ServiceHealth", {"Server": "EX01"}),
    (
        lambda c: c.get_server_component_state("EX01", domain_controller="DC01"),
        "Get-ServerComponentState",
        {"Identity": "EX01", "DomainController": "DC01"},
    ),
    (
        lambda c: c.get_pop_settings("EX01", domain_controller="DC01"),
        "Get-PopSettings",
        {"Server": "EX01", "DomainController": "DC01"},
    ),
    (
        lambda c: c.get_server_monitoring_overrides("EX01"),
        "Get-ServerMonitoringOverride",
        {"Server": "EX01"},
    ),
    (lambda c: c.get_global_monitoring_overrides(), "Get-GlobalMonitoringOverride", {}),
]


@pytest.mark.parametrize(("ask", "cmdlet", "parameters"), ASKED)
def test_what_is_asked(
    ask: Callable[[ExchangeCmdlets], Reading[Any]], cmdlet: str, parameters: dict[str, object]
) -> None:
    caller = gives(row(), warnings=["slow"])
    answer = ask(ExchangeCmdlets(caller))
    assert [(c.cmdlet, dict(c.parameters)) for c in caller.calls] == [(cmdlet, parameters)]
    assert caller.repeatable == [True]
    assert (len(answer.rows), answer.warnings, answer.answered_by) == (1, ("slow",), "EX01")


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.get_mailbox_server(""),
        lambda c: c.get_database_copies(" "),
        lambda c: c.get_mailbox_databases(""),
        lambda c: c.get_monitoring_mailbox(""),
        lambda c: c.test_replication_health(""),
        lambda c: c.test_service_health(""),
        lambda c: c.get_server_monitoring_overrides(""),
    ],
)
def test_an_empty_name_would_mean_everything_and_is_refused(
    ask: Callable[[ExchangeCmdlets], object],
) -> None:
    caller = gives()
    with pytest.raises(ValueError, match="must not be empty"):
        ask(ExchangeCmdlets(caller))
    assert caller.calls == []


@pytest.mark.parametrize(
    "preferences",
    [
        ["[EX02, 2]", "[EX01, 1]"],
        PSObject(value=["[EX02, 2]", "[EX01, 1]"]),
        [row(Key="EX02", Value=2), row(Key="x.y/Servers/EX01", Value=1)],
        [PSObject(text="[EX01.x.y, 1]"), PSObject(text="[EX02, 2]")],
        "{[EX01, 1], [EX02, 2]}",
    ],
)
def test_a_database_and_who_it_prefers(preferences: object) -> None:
    made = recovery_rows.mailbox_database(
        row(
            Name="DB01",
            Server="EX01.x.y",
            ReplicationType="Remote",
            Mounted=True,
            ActivationPreference=preferences,
            BackupInProgress=None,
            MasterServerOrAvailabilityGroup="DAG01",
        )
    )
    assert made.activation_preferences == (("EX01", 1), ("EX02", 2))
    assert (made.name, made.server, made.mounted, made.backup_in_progress) == ("DB01", "EX01", True, None)
    assert made.is_replicated
    assert made.master_server_or_availability_group == "DAG01"


def test_a_hostile_list_of_preferences_costs_no_time() -> None:
    made = recovery_rows.mailbox_database(row(ActivationPreference=["[" + " " * 2_000, "[" * 2_000]))
    assert made.activation_preferences == ()


def test_a_single_copy_is_not_replicated() -> None:
    made = recovery_rows.mailbox_database(row(Name="DB9", ReplicationType="None", Mounted=False))
    assert not made.is_replicated
    assert made.mounted is False
    assert made.activation_preferences == ()


def test_a_monitoring_mailbox_keeps_the_dots_of_its_database() -> None:
    made = recovery_rows.monitoring_mailbox(
        row(Name="HealthMailbox1", UserPrincipalName="h@x.y", Database="DB.01", ServerName="ex01")
    )
    assert (made.user_principal_name, made.database, made.server) == ("h@x.y", "DB.01", "ex01")


@pytest.mark.parametrize(
    ("printed", "passed"),
    [("Passed", True), (PSObject(text="passed"), True), ("*FAILED*", False), ("", False)],
)
def test_a_replication_check_passes_by_its_word(printed: object, passed: bool) -> None:
    made = recovery_rows.replication_check(row(Server="EX01", Check="QuorumGroup", Result=printed))
    assert (made.check, made.passed) == ("QuorumGroup", passed)


def test_an_override_that_turns_its_item_off() -> None:
    values = {
        "ItemType": "Responder",
        "PropertyName": "Enabled",
        "PropertyValue": "0",
        "HealthSetName": "POP",
        "MonitoringItemName": "PopCTPRestartService",
        "Identity": "POP\\PopCTPRestartService",
    }
    made = recovery_rows.monitoring_override(row(**values))
    assert made.disables
    assert made.identity == "POP\\PopCTPRestartService"
    assert not recovery_rows.monitoring_override(row(**values | {"PropertyValue": "1"})).disables


@pytest.mark.parametrize(
    ("status", "flag", "active"),
    [
        ("Healthy", False, False),
        ("ServiceDown", True, True),
        ("dismounted", False, True),
        ("Mounting", False, True),
    ],
)
def test_a_copy_is_active_by_flag_or_status(status: str, flag: bool, active: bool) -> None:
    assert rows.copy_status(row(Status=status, ActiveCopy=flag)).is_active_state is active


def test_the_added_fields_of_copies_servers_and_dags() -> None:
    seen = datetime(2026, 3, 1, tzinfo=UTC)
    made = rows.copy_status(
        row(
            DatabaseSeedStatus="Percentage:40",
            ActionInitiator="Operator",
            SuspendComment="disk \x1b swap",
            ContentIndexErrorMessage="none",
            OutgoingConnections=["EX02"],
            LastInspectedLogTime=seen,
            ReplaySuspended=True,
            ActivationDisabledAndMoveNow=True,
            AutoActivationPolicy=2,
        )
    )
    assert made.database_seed_status == "Percentage:40"
    assert made.suspend_comment == "disk \\x1b swap"
    assert (made.action_initiator, made.outgoing_connections) == ("Operator", "EX02")
    assert (made.content_index_error_message, made.last_inspected_log_time) == ("none", seen)
    assert made.replay_suspended
    assert made.activation_disabled_and_move_now
    assert made.auto_activation_policy == "Blocked"
    server = rows.mailbox_server(
        row(Name="EX01", OriginatingServer="DC01", MaximumPreferredActiveDatabases=4)
    )
    assert (server.originating_server, server.maximum_preferred_active_databases) == ("DC01", 4)
    dag = rows.dag(row(Name="D", PreferenceMoveFrequency="01:00:00", DatacenterActivationMode="DagOnly"))
    assert (dag.preference_move_frequency, dag.datacenter_activation_mode) == ("01:00:00", "DagOnly")


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text())
    )
)
def test_any_value_in_any_property_makes_a_row(value: object) -> None:
    class Everything(dict[str, object]):
        def __contains__(self, key: object) -> bool:
            return True

        def __missing__(self, key: str) -> object:
            return value

    for hostile in (PSObject(properties=Everything()), PSObject(value=value)):
        for make in (
            recovery_rows.mailbox_database,
            recovery_rows.monitoring_mailbox,
            recovery_rows.replication_check,
            recovery_rows.service_health,
            recovery_rows.monitoring_override,
            recovery_rows.service_process,
            recovery_rows.volume,
            recovery_rows.process,
            recovery_rows.cluster_node,
            recovery_rows.counter_samples,
        ):
            assert "\x1b" not in repr(make(hostile))


def _export(name: str) -> list[PSObject]:
    path = FIXTURES / name
    if not path.exists():
        pytest.skip("the exports are not beside this checkout")
    return [o for o in read_export(path.read_bytes()) if isinstance(o, PSObject)]


def test_a_real_mailbox_server_has_no_preferred_maximum() -> None:
    (made,) = [rows.mailbox_server(o) for o in _export("E16.GetMailboxServer.xml")]
    assert made.maximum_preferred_active_databases is None
    assert made.originating_server


def test_a_real_service_health() -> None:
    made = [recovery_rows.service_health(o) for o in _export("E16.TestServiceHealth.xml")]
    assert "Mailbox Server Role" in {s.role for s in made}
    assert all(s.required_services_running is not bool(s.services_not_running) for s in made)
