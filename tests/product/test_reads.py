"""Every typed read over the real protocol, compared with what the lab itself holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cockpit.exchange import catalogue
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import CmdletFailedError
from cockpit.exchange.model import AlertValue, Outcome, Role, Version
from cockpit.exchange.winrm import WinRMCmdlets
from tests.product.conftest import Running


@pytest.fixture
def cmdlets(healthy: Running) -> Iterator[ExchangeCmdlets]:
    session = healthy.exchange()
    yield ExchangeCmdlets(session)
    session.close()


@pytest.fixture(params=[False, True], ids=["strings", "objects"])
def forms(request: pytest.FixtureRequest, healthy: Running) -> bool:
    """Both ways an enum may travel (exchange-facts §2.0)."""
    for knobs in healthy.lab.simulation.knobs.values():
        knobs.enum_objects = bool(request.param)
    return bool(request.param)


def test_the_organization(healthy: Running, cmdlets: ExchangeCmdlets, forms: bool) -> None:
    truth = healthy.lab.simulation.organization
    servers = {s.name: s for s in cmdlets.get_exchange_server().rows}
    held = {s.name: s for s in truth.servers.values()}
    assert set(servers) == set(held)
    for name, server in servers.items():
        assert (server.fqdn, server.site) == (held[name].fqdn, held[name].site)
    assert servers["EX13-CAS01"].roles == {Role.CLIENT_ACCESS}
    assert servers["EX13-MBX01"].roles == {Role.MAILBOX}
    assert servers["EX19-01"].version is Version.E2019
    dags = cmdlets.get_database_availability_group().rows
    assert {d.name: set(d.servers) for d in dags} == {d.name: set(d.servers) for d in truth.dags.values()}
    members = {m.name: m.dag for m in cmdlets.get_mailbox_server().rows}
    assert members["EX19-01"] in {d.name for d in dags}


def test_health_of_each_pop_set(cmdlets: ExchangeCmdlets, forms: bool) -> None:
    for health_set in catalogue.POP_HEALTH_SETS:
        answer = cmdlets.get_server_health("EX19-01", health_set)
        assert answer.outcome is Outcome.ROWS
        assert {r.health_set_name for r in answer.rows} == {health_set}
        assert {r.alert_value for r in answer.rows} == {AlertValue.HEALTHY}
        assert all(r.last_execution_time and r.last_transition_time for r in answer.rows)
    names = {r.name for s in catalogue.POP_HEALTH_SETS for r in cmdlets.get_server_health("EX19-01", s).rows}
    assert names == set(catalogue.MONITORS)


def test_the_whole_server_has_what_a_real_one_has(cmdlets: ExchangeCmdlets) -> None:
    rows = cmdlets.get_server_health("EX19-01").rows
    assert len({r.health_set_name for r in rows}) >= 50
    assert len(rows) >= 150
    report = {r.health_set: r for r in cmdlets.get_health_report("EX19-01").rows}
    assert set(report) == {r.health_set_name for r in rows}
    assert report["POP"].monitor_count == 2
    assert report["POP"].alert_value == AlertValue.HEALTHY


def test_what_can_be_run_is_listed(cmdlets: ExchangeCmdlets) -> None:
    items = cmdlets.get_monitoring_item_identity("EX19-01", "POP.Protocol").rows
    probes = {i.name for i in items if i.item_type == "Probe"}
    assert probes == {"PopSelfTestProbe", "PopDeepTestProbe"}
    assert all(i.identity.startswith("POP.Protocol\\") for i in items)


def test_components_settings_and_copies(healthy: Running, cmdlets: ExchangeCmdlets, forms: bool) -> None:
    states = {s.component: s for s in cmdlets.get_server_component_state("EX19-01").rows}
    assert states["PopProxy"].state == "Active"
    assert len(states) == 34
    settings = cmdlets.get_pop_settings("EX19-01").rows[0]
    assert settings.protocol_log_enabled is False
    assert settings.proxy_target_port == 1995
    assert settings.login_type == "SecureLogin"
    copies = cmdlets.get_mailbox_database_copy_status("EX19-01").rows
    truth = healthy.lab.simulation.organization
    assert {c.database for c in copies} == {
        d.name for d in truth.databases.values() if any(c.server == "EX19-01" for c in d.copies)
    }
    for copy in copies:
        assert copy.status == ("Mounted" if copy.active_copy else "Healthy")


@pytest.mark.parametrize("probe", [p.identity for p in catalogue.PROBES.values()])
def test_every_probe_succeeds_on_a_healthy_server(cmdlets: ExchangeCmdlets, forms: bool, probe: str) -> None:
    answer = cmdlets.invoke_monitoring_probe(probe, "EX19-01")
    assert answer.outcome is Outcome.ROWS
    row = answer.rows[0]
    assert row.succeeded
    assert row.execution_start_time is not None
    assert row.execution_end_time is not None
    assert row.execution_end_time >= row.execution_start_time
    if probe.endswith("CTPProbe"):
        assert row.mailbox_server


def test_an_unknown_probe_is_a_warning_and_a_malformed_one_an_error(cmdlets: ExchangeCmdlets) -> None:
    unknown = cmdlets.invoke_monitoring_probe("POP\\NoSuchProbe", "EX19-01")
    assert unknown.outcome is Outcome.EMPTY_WITH_WARNING
    assert unknown.warnings
    try:
        malformed = cmdlets.invoke_monitoring_probe("NoSuchProbe", "EX19-01")
    except CmdletFailedError as error:
        reason = error.record.reason
    else:
        reason = malformed.errors[0].reason
    assert reason == "ArgumentException"


def test_an_unknown_server_is_an_error_with_the_servers_words(cmdlets: ExchangeCmdlets) -> None:
    try:
        errors = cmdlets.get_server_health("EX99").errors
    except CmdletFailedError as error:
        errors = (error.record,)
    assert errors[0].reason == "ManagementObjectNotFoundException"
    assert "EX99" in errors[0].message
    assert "ManagementObjectNotFoundException" in errors[0].fully_qualified_id


def test_test_pop_connectivity_answers(cmdlets: ExchangeCmdlets) -> None:
    answer = cmdlets.test_pop_connectivity("EX19-01")
    assert answer.rows or answer.warnings or answer.errors


def test_services_boot_time_and_recovery_actions(healthy: Running) -> None:
    session = healthy.winrm("EX19-01")
    try:
        cmdlets = WinRMCmdlets(session)
        services = {
            s.name: s
            for s in cmdlets.get_service(("MSExchangePop3", "MSExchangePOP3BE", "MSExchangeHM")).rows
        }
        assert {s.status for s in services.values()} == {"Running"}
        assert {s.start_type for s in services.values()} == {"Automatic"}
        missing = cmdlets.get_service(("MSExchangePop3", "NoSuchService"))
        assert [s.name for s in missing.rows] == ["MSExchangePop3"]
        assert missing.errors
        assert cmdlets.last_boot_time() is not None
        assert isinstance(cmdlets.recovery_actions().rows, tuple)
    finally:
        session.close()


def test_the_ledger_saw_bound_parameters_and_no_script(healthy: Running, cmdlets: ExchangeCmdlets) -> None:
    cmdlets.get_server_health("EX19-02", "POP.Proxy")
    last = healthy.commands("Get-ServerHealth")[-1]
    assert last.parameters == {"Identity": "EX19-02", "HealthSet": "POP.Proxy"}
    assert last.outcome == "completed"
