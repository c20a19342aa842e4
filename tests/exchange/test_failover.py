"""One of two entry servers cannot be used: the other is asked, whatever is wrong with the first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from cockpit.commands import probe
from cockpit.config.environment import (
    Address,
    Credential,
    EndpointSettings,
    Environment,
    PasswordReference,
)
from cockpit.config.secrets import Secret
from cockpit.exchange.errors import CertificateError, EndpointNotFoundError, ExchangeError
from cockpit.fleet.entry import EntryFailure, EntrySession, SignInGate
from cockpit.lab.wire.knobs import Effect
from cockpit.recovery.access import Sessions
from tests.exchange.conftest import PASSWORD, Bench, Make


def two_entries(bench: Bench, first: str, second: str = "") -> Environment:
    return Environment(
        entry_servers=("EX01", "EX02"),
        credential=Credential(bench.user),
        exchange=EndpointSettings(auth="basic", ca_file=bench.target.ca_file, connect_seconds=3.0),
        addresses={"EX01": Address(exchange=first), "EX02": Address(exchange=second or bench.target.url)},
        name="here",
    )


def strangers_certificate(make_bench: Make) -> tuple[Bench, Environment]:
    """The second bench's CA takes the place of the first one's in the file."""
    stranger = make_bench("basic")
    bench = make_bench("basic")
    return bench, two_entries(bench, stranger.target.url)


def no_such_path(make_bench: Make) -> tuple[Bench, Environment]:
    bench = make_bench("basic")
    return bench, two_entries(bench, bench.target.url.replace("/PowerShell", "/Elsewhere"))


def entry(environment: Environment) -> EntrySession:
    return EntrySession(environment, Secret(PASSWORD), 0, lambda _: None, SignInGate())


@pytest.mark.parametrize("broken", [strangers_certificate, no_such_path])
def test_the_other_entry_server_is_asked(
    make_bench: Make, broken: Callable[[Make], tuple[Bench, Environment]]
) -> None:
    bench, environment = broken(make_bench)
    lane, access = entry(environment), Sessions(environment, Secret(PASSWORD))
    try:
        asked = [lane.use, access.read]
        for use in asked:
            assert use(lambda cmdlets: cmdlets.get_server_health("EX01", "POP")).rows
    finally:
        lane.close()
        access.close()
    assert len(bench.calls) == len(asked)


def test_a_probe_is_run_over_the_other_entry_server(
    make_bench: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, environment = no_such_path(make_bench)
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    reference = PasswordReference(file=str(tmp_path / "password"))
    known = msgspec.structs.replace(
        environment, credential=Credential(environment.credential.user, reference)
    )
    monkeypatch.setattr(probe, "end_in_order", lambda: None)
    probe.run(known, r"POP\PopCTPProbe", "EX01", "table")
    # This bench has no probes; it is the second one that says so.
    assert "Invoke-MonitoringProbe is not available to this account" in capsys.readouterr().err


def failure(environment: Environment) -> ExchangeError:
    lane = entry(environment)
    try:
        with pytest.raises(EntryFailure) as caught:
            lane.use(lambda cmdlets: cmdlets.get_server_health("EX01", "POP"))
    finally:
        lane.close()
    return caught.value.error


def test_what_may_come_back_is_waited_for_and_what_cannot_is_not(make_bench: Make) -> None:
    bench = make_bench("basic")
    nowhere = bench.target.url.replace("/PowerShell", "/Elsewhere")
    silent = "https://127.0.0.1:1/PowerShell"
    assert failure(two_entries(bench, silent, nowhere)).retry
    assert failure(two_entries(bench, nowhere, silent)).retry
    both = failure(two_entries(bench, nowhere, nowhere))
    assert isinstance(both, EndpointNotFoundError)
    assert not both.retry


def test_the_stranger_is_told_of_where_he_is_the_only_one(make_bench: Make) -> None:
    _, environment = strangers_certificate(make_bench)
    first = environment.addresses["EX01"].exchange or ""
    assert isinstance(failure(two_entries(make_bench("basic"), first, first)), CertificateError)


def test_a_shell_left_at_the_entry_server_before_is_deleted_while_the_next_is_used(make_bench: Make) -> None:
    """Its deletion did not get through when the lane moved on; it counts against the user's 18 till then."""
    first, second = make_bench("basic"), make_bench("basic")
    environment = msgspec.structs.replace(
        two_entries(first, first.target.url, second.target.url),
        exchange=EndpointSettings(auth="basic", verify=False),
    )
    lane = entry(environment)
    try:
        lane.open()
        for action in ("Command", "Delete"):
            first.endpoint.knobs.add(Effect.STATUS, action=action, count=None)
        first.endpoint.knobs.add(Effect.STATUS, action="Create", count=None)
        lane.use(lambda cmdlets: cmdlets.get_server_health("EX01", "POP"))
        assert len(second.endpoint.shells()) == 1
        assert len(first.endpoint.shells()) == 1
        assert lane.untidy is True
        first.endpoint.knobs.clear()
        lane.clean_up()
        assert first.endpoint.shells() == []
        assert len(second.endpoint.shells()) == 1, "the one in use stays"
    finally:
        lane.close()
