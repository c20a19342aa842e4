"""Judging: what readings mean, without any lab."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cockpit.config.targets import Target
from cockpit.doctor import judging, judging_servers
from cockpit.doctor.findings import Finding, Judged, State, exit_code, finding
from cockpit.doctor.judging import Seen
from cockpit.doctor.readings import Answer, Certificate, Network, Opening, Trouble
from cockpit.doctor.table import CHECKS
from cockpit.exchange import errors as e
from cockpit.exchange.grants import USED, Grants
from cockpit.exchange.model import ExchangeServer, Role, Service, Version
from cockpit.exchange.session import EXCHANGE, WINRM

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TARGET = Target("EX01", "ex01.example", 443, "PowerShell", True, "kerberos", None, "HTTP", 5.0)
WELL = Network(
    ("192.0.2.1",),
    "192.0.2.1",
    Certificate("CN=ex01.example", NOW + timedelta(days=100), "ab" * 32, verified=True),
    Answer(401, 0.3, ("Negotiate",)),
)
SERVER = ExchangeServer("EX01", "ex01.example", Version.E2019, "15.2", frozenset({Role.MAILBOX}), "")


def seen(network: Network = WELL, opening: Opening | None = Opening(), **more: object) -> Seen:  # noqa: B008
    made = Seen("EX01 Exchange", TARGET, EXCHANGE, network, opening, None, NOW)
    return replace(made, **more)  # type: ignore[arg-type]


def states(given: Seen) -> dict[str, State]:
    return {f.check: f.state for f in judging.endpoint(given)}


def found(given: Seen, check: str) -> Finding:
    return next(f for f in judging.endpoint(given) if f.check == check)


def test_a_sound_endpoint_is_well() -> None:
    assert set(states(seen()).values()) == {State.OK}


@pytest.mark.parametrize(
    ("error", "check"),
    [
        (e.CertificateError("x"), "tls"),
        (e.EndpointNotFoundError("x"), "path"),
        (e.UnavailableError("x"), "path"),
        (e.KerberosError("x", "the KDC knows no service HTTP/a (said)"), "spn"),
        (e.KerberosError("x", "the server could not read the ticket for HTTP/a"), "spn"),
        (e.KerberosError("x", "the clocks are more than five minutes apart"), "clock"),
        (e.KerberosError("x", "no KDC of this realm answers"), "sign-in"),
        (e.SignInError("x"), "sign-in"),
        (e.MissingLibraryError("x"), "sign-in"),
        (e.NotGrantedError("x"), "sign-in"),
        (e.ThrottledError("x"), "shell"),
        (e.TimeLimitError("x"), "shell"),
        (e.ProtocolError("x"), "shell"),
    ],
)
def test_an_error_of_opening_is_one_links_own(error: e.ExchangeError, check: str) -> None:
    judged = states(seen(opening=Opening(error)))
    assert [c for c, state in judged.items() if state is State.BROKEN] == [check]
    above = judging.ENDPOINT[judging.ENDPOINT.index(check) + 1 :]
    # Name, port, certificate, path and clock were read from below: they stand whatever was refused later.
    later = [c for c in above if check == "tls" or c in ("spn", "sign-in", "shell")]
    assert {judged[c] for c in later} <= {State.NOT_CHECKED}
    assert {judged[c] for c in judging.ENDPOINT if c not in later and c != check} == {State.OK}


def test_who_has_no_right_is_told_which_one_is_wanted() -> None:
    refused = Opening(e.NotGrantedError("x refused (fault 5)", "Access is denied."))
    at_winrm = found(seen(opening=refused, configuration=WINRM), "sign-in")
    assert "local administrator" in at_winrm.cure
    assert "RemotePowerShellEnabled" in found(seen(opening=refused), "sign-in").cure


def test_without_a_ticket_neither_spn_nor_sign_in_is_checked() -> None:
    ticket = finding("ticket", "this host", Judged(State.BROKEN, "expired"))
    judged = states(seen(opening=None, ticket=ticket))
    assert {judged[c] for c in ("spn", "sign-in", "shell")} == {State.NOT_CHECKED}
    assert {judged[c] for c in ("name", "port", "tls", "path", "clock")} == {State.OK}


@pytest.mark.parametrize(
    ("ahead", "state"),
    [
        (60.0, State.OK),
        (-60.0, State.OK),
        (60.1, State.WARNING),
        (-300.0, State.WARNING),
        (300.1, State.BROKEN),
        (-301.0, State.BROKEN),
        (None, State.UNKNOWN),
    ],
)
def test_clocks(ahead: float | None, state: State) -> None:
    assert states(seen(replace(WELL, answer=Answer(401, ahead, ()))))["clock"] is state


@pytest.mark.parametrize(
    ("days", "state"), [(22, State.OK), (20, State.WARNING), (0, State.WARNING), (-1, State.WARNING)]
)
def test_the_end_of_a_certificate(days: int, state: State) -> None:
    certificate = Certificate("CN=ex01", NOW + timedelta(days=days), "ab", verified=True)
    assert states(seen(replace(WELL, certificate=certificate)))["tls"] is state


def test_plain_http_is_for_sign_ins_that_seal() -> None:
    plain = Target("EX01", "ex01", 80, "PowerShell", False, "basic", None, "HTTP", 5.0)
    over = replace(WELL, certificate=None)
    assert states(seen(over, target=plain))["tls"] is State.BROKEN
    sealed = Target("EX01", "ex01", 80, "PowerShell", False, "ntlm", None, "HTTP", 5.0)
    judged = states(seen(over, target=sealed))
    assert judged["tls"] is State.UNUSED
    assert judged["spn"] is State.UNUSED


def test_a_redirection_says_where_to() -> None:
    told = found(seen(replace(WELL, answer=Answer(302, 0.0, (), "https://mail.example/owa")), None), "path")
    assert told.state is State.BROKEN
    assert "https://mail.example/owa" in told.found


def test_what_is_no_http_is_the_paths_fault_and_the_clock_is_not_checked() -> None:
    judged = states(seen(replace(WELL, answer=Trouble("what answers is not HTTP")), None))
    assert judged["path"] is State.BROKEN
    assert judged["clock"] is State.NOT_CHECKED


def service(status: str, start_type: str, name: str = "MSExchangePop3") -> Service:
    return Service(name, name, status, start_type)


WELL_BACK = service("Running", "Automatic", "MSExchangePOP3BE")


@pytest.mark.parametrize(
    ("front", "state"),
    [
        (service("Running", "Automatic"), State.OK),
        (service("Running", "AutomaticDelayedStart"), State.OK),
        (service("Stopped", "Automatic"), State.BROKEN),
        (service("Stopped", "Disabled"), State.BROKEN),
        (service("Running", "Manual"), State.WARNING),
        (service("Stopped", "Manual"), State.WARNING),
    ],
)
def test_services(front: Service, state: State) -> None:
    judged = judging_servers.services(SERVER, (front, WELL_BACK))
    assert judged.state is state
    assert ("MSExchangePOP3BE" in judged.found) is (state is State.OK)


def test_a_missing_service_is_broken_unless_the_roles_are_not_known() -> None:
    assert judging_servers.services(SERVER, (WELL_BACK,)).state is State.BROKEN
    unread = replace(SERVER, version=Version.OTHER)
    assert judging_servers.services(unread, (WELL_BACK,)).state is State.OK


def test_changes_that_are_not_granted_do_not_matter_in_read_only_mode() -> None:
    reads = {name.lower(): None for name in USED if not name.startswith(("Set-", "Move-"))}
    grants = Grants(known=True, cmdlets=reads)
    assert judging_servers.cmdlets(grants, writes=False).state is State.OK
    writing = judging_servers.cmdlets(grants, writes=True)
    assert writing.state is State.WARNING
    assert "Set-PopSettings" in writing.found
    assert judging_servers.cmdlets(Grants(), writes=False).state is State.UNKNOWN


def test_another_language_does_not_matter_where_no_script_is_wanted() -> None:
    assert judging_servers.language("NoLanguage", scripts_wanted=True).state is State.BROKEN
    assert judging_servers.language("NoLanguage", scripts_wanted=False).state is State.OK


def test_exit_codes() -> None:
    def code(*given: State) -> int:
        return exit_code(Finding("name", "x", state, "") for state in given)

    assert code() == 0
    assert code(State.OK, State.UNUSED) == 0
    assert code(State.OK, State.WARNING) == 1
    assert code(State.WARNING, State.UNKNOWN) == 3
    assert code(State.WARNING, State.NOT_CHECKED) == 3
    assert code(State.UNKNOWN, State.BROKEN, State.NOT_CHECKED) == 2


def test_what_a_check_needs_comes_before_it() -> None:
    order = list(CHECKS)
    for check in CHECKS.values():
        assert all(order.index(need) < order.index(check.id) for need in check.needs), check.id
