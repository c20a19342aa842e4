"""From objects to rows: whichever way an enum comes, and never a hostile string."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange import model as m
from cockpit.exchange import rows
from cockpit.exchange.clixml import PSObject, read_export
from cockpit.exchange.model import Role, Version

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "exchange-clixml"


def row(**properties: object) -> PSObject:
    return PSObject(properties=dict(properties))


@pytest.mark.parametrize(
    "value", ["Unhealthy", 3, "3", PSObject(text="Unhealthy", value=3), PSObject(value=3)]
)
def test_an_enum_comes_as_string_number_or_object(value: object) -> None:
    assert rows.enum(row(AlertValue=value), "AlertValue", m.ALERT_VALUES) == "Unhealthy"


@pytest.mark.parametrize(
    ("value", "kept"), [("Melting", "Melting"), (99, "99"), (PSObject(text="New", value=7), "New")]
)
def test_an_unknown_enum_value_is_kept_as_it_came(value: object, kept: str) -> None:
    assert rows.enum(row(AlertValue=value), "AlertValue", m.ALERT_VALUES) == kept


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text())
    )
)
def test_any_value_in_any_property_makes_a_row(value: object) -> None:
    """A server of a later build may send any type anywhere: a row comes out all the same."""

    class Everything(dict[str, object]):
        def __contains__(self, key: object) -> bool:
            return True

        def __missing__(self, key: str) -> object:
            return value

    hostile = PSObject(properties=Everything())
    for make in (
        rows.exchange_server,
        rows.dag,
        rows.mailbox_server,
        rows.copy_status,
        rows.monitor_health_entry,
        rows.health_report,
        rows.monitoring_item,
        rows.probe_result,
        rows.component_state,
        rows.pop_settings,
        rows.pop_connectivity,
        rows.service,
    ):
        made = make(hostile)
        assert "\x1b" not in repr(made)


def test_times_are_utc_and_min_value_is_never() -> None:
    local = datetime(2026, 1, 8, 9, 0, tzinfo=timezone(timedelta(hours=-7)))
    assert rows.moment(row(T=local), "T") == datetime(2026, 1, 8, 16, 0, tzinfo=UTC)
    assert rows.moment(row(T=datetime.min), "T") is None
    assert rows.moment(row(T=None), "T") is None


@pytest.mark.parametrize(
    ("printed", "version", "build"),
    [
        ("Version 15.0 (Build 1497.2)", Version.E2013, "15.0.1497.2"),
        ("Version 15.1 (Build 2375.7)", Version.E2016, "15.1.2375.7"),
        ("Version 15.2 (Build 986.5)", Version.E2019, "15.2.986.5"),
        ("Version 16.0 (Build 1.0)", Version.OTHER, "16.0.1.0"),
        ("", Version.OTHER, ""),
    ],
)
def test_versions(printed: str, version: Version, build: str) -> None:
    assert rows.version(printed) == (version, build)


def test_probe_passwords_are_cut_in_every_text() -> None:
    context = "Probe executed for\r\nUser: HealthMailbox7\r\nPassword: hunter2\r\nTarget: 10.0.0.1:995\r\n"
    names = ["Error", "Exception", "ExecutionContext", "FailureContext", "ExtensionXml", "ResultName"]
    names += [f"StateAttribute{n}" for n in (1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 21, 22, 23, 24, 25)]
    made = rows.probe_result(row(**dict.fromkeys(names, context)))
    assert "hunter2" not in repr(made)
    assert "HealthMailbox7" in made.execution_context


def test_votes_come_as_objects_or_as_text() -> None:
    text = "Requestor:Functional; State:Active; Timestamp:9/28/2021 5:32:01 PM"
    vote = PSObject(properties={"Requester": "HealthApi", "State": "Inactive", "Timestamp": None})
    made = rows.component_state(
        row(ServerFqdn="EX01.x.y", Component="PopProxy", State=0, LocalStates=[text], RemoteStates=[vote])
    )
    assert made.server == "EX01"
    assert made.state == "Inactive"
    assert [(v.requester, v.state, v.where) for v in made.votes] == [
        ("Functional", "Active", "Local"),
        ("HealthApi", "Inactive", "Remote"),
    ]


def _export(name: str) -> list[PSObject]:
    path = FIXTURES / name
    if not path.exists():
        pytest.skip("the exports are not beside this checkout")
    return [o for o in read_export(path.read_bytes()) if isinstance(o, PSObject)]


def test_a_real_exchange_server() -> None:
    made = [rows.exchange_server(o) for o in _export("E16.GetExchangeServer.xml")]
    server = made[0]
    assert server.version is Version.E2016
    assert server.build == "15.1.2375.7"
    assert server.roles == {Role.MAILBOX, Role.CLIENT_ACCESS}
    assert server.fqdn.lower().startswith(server.name.lower())
    assert "/" not in server.site


def test_a_real_mailbox_server() -> None:
    made = [rows.mailbox_server(o) for o in _export("E16.GetMailboxServer.xml")]
    assert made[0].dag == ""
    assert made[0].activation_policy == "Unrestricted"
    assert made[0].activation_disabled_and_move_now is False
    assert made[0].maximum_active_databases is None


def test_real_component_states() -> None:
    made = {s.component: s for s in map(rows.component_state, _export("E16.GetServerComponentState.xml"))}
    assert made["PopProxy"].state == "Active"
    assert made["PopProxy"].votes == ()
    assert made["ForwardSyncDaemon"].state == "Inactive"
    assert any(s.votes for s in made.values())
