"""An environment that is about some servers only, and one whose first entry server is dead: every command
against one lab."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cockpit import cli
from cockpit.commands import probe, service, trace
from cockpit.commands.desk import Desk
from cockpit.config import environment as config
from cockpit.config.environment import Address, Environment
from cockpit.fleet.once import read_once
from cockpit.journal.records import Actor
from cockpit.journal.store import open_journal, sqlite_url
from cockpit.poplog.places import Places
from cockpit.recovery.access import Sessions
from cockpit.recovery.client import RefusedError
from cockpit.recovery.office import Office
from cockpit.recovery.sweep import read_marks
from tests.product.conftest import Running, running_lab

INSIDE, OUTSIDE = "EX19-01", "EX13-CAS01"
PROBE = "POP.Protocol\\PopSelfTestProbe"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_lab(tmp_path_factory.mktemp("lab"), speed=20.0) as found:
        yield found


def changed(environment: Environment, **changes: object) -> Environment:
    return msgspec.structs.replace(environment, **changes)


# --- include and exclude -------------------------------------------------------------------------


@pytest.fixture(params=[("ex13*",), ("*13-CAS*.LAB.example",)], ids=["by name", "by FQDN"])
def part(request: pytest.FixtureRequest, running: Running) -> Environment:
    """Without the Client Access servers of 2013."""
    return changed(running.environment, exclude=request.param)


def test_the_fleet_holds_no_server_that_is_left_out(running: Running, part: Environment) -> None:
    whole = {s.name for s in running.addresses.servers}
    left_out = {name for name in whole if name.startswith("EX13-CAS" if "CAS" in part.exclude[0] else "EX13")}
    fleet = read_once(part, running.secret, frozenset(), 20)
    assert set(fleet.servers) == whole - left_out
    assert left_out
    assert fleet.status.left_out == len(left_out)


def test_the_sweep_does_not_look_at_it(running: Running, part: Environment) -> None:
    access = Sessions(part, running.secret)
    try:
        marks, _ = read_marks(access, None, part)
    finally:
        access.close()
    assert marks
    assert OUTSIDE not in {mark.server for mark in marks}


def test_commands_on_it_are_refused_with_the_reason(
    running: Running, part: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.save(tmp_path / "env.toml", part)
    before = len(running.commands("Invoke-MonitoringProbe"))
    for words in (
        ("status", "--server", OUTSIDE),
        ("probe", PROBE, "--server", OUTSIDE),
        ("service", "status", "--server", OUTSIDE.lower()),
        ("logs", "tail", "--server", INSIDE, "--server", OUTSIDE),
        ("logs", "trace", "--probe", PROBE, "--server", OUTSIDE),
    ):
        code = cli.main(["--env-file", str(tmp_path / "env.toml"), *words])
        said = capsys.readouterr()
        # What only the organization can tell is told by the command that asks it.
        by_name = part.exclude == ("ex13*",) or words[0] == "status"
        assert code == (64 if by_name else 3), words
        assert said.out == "", words
        assert "environment lab" in said.err, words
    assert len(running.commands("Invoke-MonitoringProbe")) == before


def test_nothing_is_planned_or_begun_on_it(running: Running, part: Environment, tmp_path: Path) -> None:
    actor = Actor("ann", "here", "here/1/x", "test")
    url = sqlite_url(tmp_path / "journal.sqlite")
    journal = open_journal(url, actor, keys=tmp_path, checkpoints=tmp_path / "outside")
    office = Office(part, running.secret, journal, read_only=False)
    try:
        for begin in (
            lambda: office.plan(OUTSIDE, "PopCTPMonitor"),
            lambda: office.start(OUTSIDE, "PopCTPMonitor"),
            lambda: office.start_service(OUTSIDE, False),
            lambda: office.logging(OUTSIDE),
            lambda: office.start_logging(OUTSIDE, "", 0),
        ):
            with pytest.raises(RefusedError, match=f"{OUTSIDE} is left out by exclude = "):
                begin()
        assert office.runs() == ()
        assert office.plan(INSIDE, "PopSelfTestMonitor").server == INSIDE
    finally:
        office.close()


# --- entry servers -------------------------------------------------------------------------------


@pytest.fixture
def half_dead(running: Running) -> Iterator[Environment]:
    """The first entry server's port is taken, and nobody answers there."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{nobody.getsockname()[1]}/PowerShell"
        here = running.environment
        dead = {"DEAD": Address(exchange=url, winrm=url)}
        yield changed(here, entry_servers=("DEAD", *here.entry_servers), addresses={**here.addresses, **dead})


def test_every_read_goes_on_to_the_next_entry_server(
    running: Running, half_dead: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe.run(half_dead, PROBE, INSIDE, "json") == 0
    assert json.loads(capsys.readouterr().out)["AnsweredBy"] != "DEAD"

    assert Places(half_dead, running.secret, (INSIDE,)).of(INSIDE).server == INSIDE

    access = Sessions(half_dead, running.secret)
    try:
        assert access.read(lambda c: c.get_exchange_server()).rows
        access.avoid(half_dead.entry_servers[1])
        assert access.read(lambda c: c.get_exchange_server()).rows
    finally:
        access.close()

    fleet = read_once(half_dead, running.secret, frozenset({INSIDE.lower()}), 20)
    assert fleet.status.problem is None
    assert fleet.servers[INSIDE].monitors


def test_a_service_is_looked_at_past_a_dead_entry_server(half_dead: Environment) -> None:
    part = changed(half_dead, include=("*.lab.example",))
    assert service.status(Desk(part), INSIDE, False, "json") == 0


def test_a_trace_goes_past_a_dead_entry_server(
    half_dead: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    code = trace.run(half_dead, "POP\\PopCTPProbe", INSIDE, "json", last=False)
    assert code in (trace.NAMED, trace.CANNOT_TELL), capsys.readouterr().err


def test_where_none_answers_it_is_said(half_dead: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    dead = changed(half_dead, entry_servers=("DEAD",))
    assert probe.run(dead, PROBE, INSIDE, "table") == probe.NOT_RUN
    assert "nothing listens there" in capsys.readouterr().err
