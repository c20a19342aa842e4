"""Ways to break a lab, one thing each: what is broken, and in which environment that shows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import trustme

from cockpit.config.environment import Environment
from cockpit.lab.wire.knobs import Effect, Trouble
from cockpit.recovery.opening import open_journal_of
from tests.doctor.bench import HOST, Bench, closed_port

Broken = tuple[Environment, tuple[str, str]]
"""The environment to look at, and the check and subject of what is broken."""
Break = Callable[[Bench, Path], Iterator[Broken]]


def _of_entry(bench: Bench) -> str:
    return f"{bench.entry} Exchange"


def _of_other(bench: Bench) -> str:
    return f"{bench.other} WinRM"


def a_name_that_does_not_resolve(bench: Bench, folder: Path) -> Iterator[Broken]:
    url = bench.url().replace("127.0.0.1", "no-such-host.invalid")
    yield bench.dialling(exchange=url), ("name", _of_entry(bench))


def a_closed_port(bench: Bench, folder: Path) -> Iterator[Broken]:
    scheme = bench.url().partition(":")[0]
    url = f"{scheme}://127.0.0.1:{closed_port()}/PowerShell"
    yield bench.dialling(exchange=url), ("port", _of_entry(bench))


def plain_http_behind_a_tls_port(bench: Bench, folder: Path) -> Iterator[Broken]:
    port = bench.running.addresses.control_url.rpartition(":")[2]
    yield bench.dialling(exchange=f"https://127.0.0.1:{port}/PowerShell"), ("tls", _of_entry(bench))


def an_untrusted_ca(bench: Bench, folder: Path) -> Iterator[Broken]:
    other = folder / "other-ca.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    yield bench.exchange(ca_file=str(other)), ("tls", _of_entry(bench))


def a_certificate_of_another_name(bench: Bench, folder: Path) -> Iterator[Broken]:
    with bench.relayed("127.0.0.2") as port:
        url = f"https://127.0.0.2:{port}/PowerShell"
        yield bench.dialling(exchange=url), ("tls", _of_entry(bench))


def another_certificate_than_the_pinned_one(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield bench.exchange(pin=f"sha256:{'0' * 64}"), ("tls", _of_entry(bench))


def verification_switched_off(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield bench.exchange(verify=False, ca_file=None), ("tls", _of_entry(bench))


def a_wrong_path(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield bench.dialling(exchange=bench.url().replace("PowerShell", "PowerShel")), ("path", _of_entry(bench))


def exchange_dialled_at_winrm(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield bench.dialling(exchange=bench.url("winrm")), ("path", _of_entry(bench))


def a_denied_cmdlet(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield from _denied(bench, "Get-ServerHealth")


def a_denied_change(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield from _denied(bench, "Set-PopSettings")


def a_denied_parameter(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield from _denied(bench, "Set-PopSettings -ProtocolLogEnabled")


def _denied(bench: Bench, what: str) -> Iterator[Broken]:
    knobs = bench.running.lab.simulation.knobs[bench.entry]
    knobs.denied = {"*": [what]}
    try:
        yield bench.environment, ("cmdlets", _of_entry(bench))
    finally:
        knobs.denied = {}


def constrained_language(bench: Bench, folder: Path) -> Iterator[Broken]:
    knobs = bench.running.lab.simulation.knobs[bench.other]
    knobs.constrained = True
    try:
        yield bench.environment, ("language", _of_other(bench))
    finally:
        knobs.constrained = False


def a_full_shell_quota(bench: Bench, folder: Path) -> Iterator[Broken]:
    sessions = [bench.running.exchange(bench.entry) for _ in range(18)]
    try:
        for session in sessions:
            session.open()
        yield bench.environment, ("shell", _of_entry(bench))
    finally:
        for session in sessions:
            session.close()


def winrm_down_on_one_server(bench: Bench, folder: Path) -> Iterator[Broken]:
    endpoint = bench.endpoint(bench.other, "winrm")
    bench.running.do(endpoint.refuse())
    try:
        yield bench.environment, ("port", _of_other(bench))
    finally:
        bench.running.do(endpoint.accept())


def no_rights_at_winrm(bench: Bench, folder: Path) -> Iterator[Broken]:
    knobs = bench.endpoint(bench.other, "winrm").knobs
    knobs.troubles.append(Trouble(Effect.FAULT, "Create", None, code=5, message="Access is denied. "))
    try:
        yield bench.environment, ("sign-in", _of_other(bench))
    finally:
        knobs.clear()


def a_winrm_that_hangs_up_on_commands(bench: Bench, folder: Path) -> Iterator[Broken]:
    knobs = bench.endpoint(bench.other, "winrm").knobs
    knobs.add(Effect.DROP, action="Command", count=None)
    try:
        yield bench.environment, ("language", _of_other(bench))
    finally:
        knobs.clear()


def a_disabled_service(bench: Bench, folder: Path) -> Iterator[Broken]:
    service = "MSExchangePop3"
    bench.act(bench.other, "set-service", service=service, start_type="Disabled")
    bench.act(bench.other, "stop-service", service=service)
    try:
        yield bench.environment, ("services", bench.other)
    finally:
        bench.act(bench.other, "set-service", service=service, start_type="Automatic")
        bench.act(bench.other, "start-service", service=service)


def pop_that_is_not_monitored(bench: Bench, folder: Path) -> Iterator[Broken]:
    """Services that were Manual when the health manager started, and are not any more."""
    _start_type(bench, "Manual")
    _restart_health_manager(bench)
    _start_type(bench, "Automatic")
    try:
        yield bench.environment, ("monitored", bench.other)
    finally:
        _restart_health_manager(bench)


def _start_type(bench: Bench, kind: str) -> None:
    for service in ("MSExchangePop3", "MSExchangePOP3BE"):
        if bench.running.lab.simulation.organization.server(bench.other).service(service) is not None:
            bench.act(bench.other, "set-service", service=service, start_type=kind)


def _restart_health_manager(bench: Bench) -> None:
    bench.act(bench.other, "stop-health-manager")
    bench.act(bench.other, "start-health-manager")


def a_silent_health_manager(bench: Bench, folder: Path) -> Iterator[Broken]:
    bench.act(bench.other, "stop-health-manager")
    try:
        yield bench.environment, ("monitored", bench.other)
    finally:
        bench.act(bench.other, "start-health-manager")


def a_missing_log_folder(bench: Bench, folder: Path) -> Iterator[Broken]:
    pop = bench.running.lab.simulation.organization.server(bench.other).pop
    before = pop.log_file_location, pop.protocol_log_enabled
    pop.log_file_location, pop.protocol_log_enabled = "C:\\Moved\\Pop3", True
    try:
        yield bench.environment, ("log-folder", bench.other)
    finally:
        pop.log_file_location, pop.protocol_log_enabled = before


def a_journal_that_was_tampered_with(bench: Bench, folder: Path) -> Iterator[Broken]:
    file = folder / "journal.sqlite"
    environment = _with_journal(bench, file)
    journal = open_journal_of(environment)
    journal.release(journal.acquire("DAG01", "run", 60.0))
    journal.close()
    with sqlite3.connect(file) as database:
        assert database.execute("UPDATE journal SET body = replace(body, 'DAG01', 'DAG02')").rowcount == 2
    yield environment, ("journal", HOST)


def a_journal_that_cannot_be_written(bench: Bench, folder: Path) -> Iterator[Broken]:
    """In the place of its folder is a file: that stops root too."""
    blocking = folder / "blocking"
    blocking.write_text("")
    yield _with_journal(bench, blocking / "journal.sqlite"), ("journal", HOST)


def a_journal_that_is_none(bench: Bench, folder: Path) -> Iterator[Broken]:
    file = folder / "journal.sqlite"
    file.write_bytes(b"not a database" * 100)
    yield _with_journal(bench, file), ("journal", HOST)


def _with_journal(bench: Bench, file: Path) -> Environment:
    settings = msgspec.structs.replace(bench.environment.journal, url=f"sqlite:///{file}")
    return msgspec.structs.replace(bench.environment, journal=settings)


def a_clock_that_is_ahead(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield from _clock(bench, 400.0)


def a_clock_that_is_a_bit_behind(bench: Bench, folder: Path) -> Iterator[Broken]:
    yield from _clock(bench, -90.0)


def _clock(bench: Bench, ahead: float) -> Iterator[Broken]:
    endpoint = bench.endpoint(bench.other, "winrm")
    endpoint.clock_ahead = ahead
    try:
        yield bench.environment, ("clock", _of_other(bench))
    finally:
        endpoint.clock_ahead = 0.0


def a_password_file_that_others_read(bench: Bench, folder: Path) -> Iterator[Broken]:
    reference = bench.environment.credential.password
    assert reference is not None
    assert reference.file is not None
    file = Path(reference.file)
    file.chmod(0o644)
    try:
        yield bench.environment, ("files", HOST)
    finally:
        file.chmod(0o600)


OVER_TLS: tuple[Break, ...] = (
    plain_http_behind_a_tls_port,
    an_untrusted_ca,
    a_certificate_of_another_name,
    another_certificate_than_the_pinned_one,
    verification_switched_off,
)
EVERYWHERE: tuple[Break, ...] = (
    a_name_that_does_not_resolve,
    a_closed_port,
    a_wrong_path,
    exchange_dialled_at_winrm,
    a_denied_cmdlet,
    a_denied_change,
    a_denied_parameter,
    constrained_language,
    a_full_shell_quota,
    winrm_down_on_one_server,
    no_rights_at_winrm,
    a_winrm_that_hangs_up_on_commands,
    a_disabled_service,
    pop_that_is_not_monitored,
    a_silent_health_manager,
    a_missing_log_folder,
    a_journal_that_was_tampered_with,
    a_journal_that_cannot_be_written,
    a_journal_that_is_none,
    a_clock_that_is_ahead,
    a_clock_that_is_a_bit_behind,
)


@contextmanager
def broken(how: Break, bench: Bench, folder: Path) -> Iterator[Broken]:
    """``bench`` broken like that for as long as the block lasts."""
    yield from how(bench, folder)
