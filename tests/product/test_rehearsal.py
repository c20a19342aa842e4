"""A lab is recorded over the wire, and a lab made of that: what is read back is what was recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from cockpit.commands.blueprint import Drawing, drawn
from cockpit.commands.rehearse import made_up
from cockpit.exchange.model import DatabaseCopyStatus, Outcome, Role, Version
from cockpit.fleet.once import Follower
from cockpit.fleet.recording_reader import open_recording
from cockpit.fleet.recording_tape import Tape
from cockpit.fleet.snapshot import FleetSnapshot, ServerSnapshot
from cockpit.journal.records import RunState
from cockpit.lab import actions
from cockpit.lab.components import INACTIVE
from cockpit.lab.organization import BLOCKED
from cockpit.lab.rehearsal import Blueprint, RehearsalError, encode, read, wrong_with
from cockpit.lab.rehearsal_build import organization_of
from cockpit.lab.rehearsal_states import open_rehearsal
from cockpit.lab.scenarios import SCENARIOS
from cockpit.lab.state import describe
from tests.fleet.builders import NOW, fleets, live
from tests.product.conftest import Running, running_lab
from tests.recovery.wire import bench

PATIENCE = 40.0
PERSON = "Concetta Esposito"
SICK, MONITOR = "EX19-01", "PopSelfTestMonitor"


def recorded(running: Running, path: Path) -> FleetSnapshot:
    """The last picture of a recording that holds all that one of this lab can hold."""
    tape = Tape("CORP")
    tape.begin(path)
    with Follower(running.environment, running.secret, tape=tape) as follower:
        for fleet in follower.pictures(PATIENCE):
            if fleet.servers and all(_whole(server) for server in fleet.servers.values()):
                break
        else:
            raise AssertionError(f"not within {PATIENCE} s: {fleet}")
    tape.end()
    recording = open_recording(path)
    return recording.picture_at(recording.end)


def _whole(server: ServerSnapshot) -> bool:
    if server.problem is not None:
        return True
    surveyed = server.surveyed_at is not None and server.components is not None
    return surveyed and bool(server.readings) and server.winrm.services is not None


def spoil(running: Running) -> None:
    """More that can be wrong than the scenario has; what a person wrote is in it."""
    simulation = running.lab.simulation
    organization = simulation.organization
    suspended = next(d for d in organization.databases.values() if d.dag == "DAG02").copies[1]
    suspended.status, suspended.suspend_comment = 5, f"by {PERSON}"
    lagged = next(d for d in organization.databases.values() if d.dag == "DAG03").copies[1]
    lagged.replay_lag, lagged.replay_queue, lagged.activation_suspended = 86_400.0, 4_000, True
    organization.server("EX16-02").activation_policy = BLOCKED
    organization.server("EX16-02").maximum_active_databases = 7
    access = organization.server("EX13-CAS02")
    simulation.engine.vote(access, "PopProxy", "HealthApi", INACTIVE, simulation.touch(), "a test")
    moved = next(d for d in organization.databases.values() if d.dag == "DAG01" and d.active == "EX19-02")
    simulation.lifecycle.move(moved, "EX19-01", simulation.touch())
    actions.act(simulation, {"name": "EX16-01", "action": "pause-node", "by": "a test"})
    simulation.engine.stop_service(
        organization.server("EX13-MBX02"), organization.server("EX13-MBX02").services["msexchangehm"],
        simulation.touch(), "a test",
    )  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What was recorded, and the lab's own truth at that time."""

    picture: FleetSnapshot
    truth: dict[str, Any]
    drawing: Drawing
    file: Path
    secrets: tuple[str, ...]

    @property
    def blueprint(self) -> Blueprint:
        return self.drawing.blueprint


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    folder = tmp_path_factory.mktemp("recorded")
    polling = {"winrm_interval": 1.0, "interval": 5.0}
    with running_lab(folder, scenario="selftest-hung", polling=polling) as running:
        running.on_loop(lambda: spoil(running))
        picture = recorded(running, folder / "F")
        truth = running.on_loop(lambda: describe(running.lab.simulation))
        databases = running.lab.simulation.organization.databases.values()
        assert running.secret is not None
        secrets = (running.secret.value, *(d.monitoring_password for d in databases))
    drawing = drawn(picture, "CORP", open_recording(folder / "F").end, anonymize=False)
    return Known(picture, truth, drawing, folder / "F", secrets)


def of_server(server: ServerSnapshot) -> dict[str, Any]:
    """What must come back of it."""
    return {
        "about": (server.server.version, server.server.build, server.server.roles, server.server.site),
        "dag": server.dag,
        "reach": server.reach,
        "alerts": sorted((m.health_set_name, m.name, m.alert_value) for m in server.monitors),
        "outcomes": sorted((r.health_set, r.outcome or Outcome.EMPTY) for r in server.readings),
        "copies": sorted(of_copy(c) for c in server.copies or ()),
        "components": sorted((c.component, c.state) for c in server.components or ()),
        "services": sorted((s.name, s.status, s.start_type) for s in server.winrm.services or ()),
        "mailbox": server.mailbox and replace(server.mailbox, originating_server=""),
    }


def of_copy(copy: DatabaseCopyStatus) -> tuple[Any, ...]:
    flags = (copy.active_copy, copy.activation_suspended, bool(copy.replay_lag_status))
    numbers = (copy.activation_preference, copy.copy_queue_length, copy.replay_queue_length)
    return (copy.database, copy.server, copy.status, *numbers, *flags)


def test_what_is_read_back_over_the_wire_is_what_was_recorded(known: Known, tmp_path: Path) -> None:
    polling = {"winrm_interval": 1.0, "interval": 5.0}
    with running_lab(tmp_path, scenario="healthy", rehearsal=known.blueprint, polling=polling) as running:
        again = recorded(running, tmp_path / "F")
        truth = running.on_loop(lambda: describe(running.lab.simulation))
    assert list(again.servers) == list(known.picture.servers)
    for name, server in known.picture.servers.items():
        assert of_server(again.servers[name]) == of_server(server), name
    unnamed = [replace(d, witness_server="") for d in (*known.picture.dags, *again.dags)]
    assert unnamed[: len(known.picture.dags)] == unnamed[len(known.picture.dags) :]
    for key in ("databases", "dags"):
        assert truth[key] == known.truth[key]


def test_the_spoiled_states_were_there_to_be_recorded(known: Known) -> None:
    """So that the comparison above compares something."""
    servers = known.picture.servers
    alerts = {(s.name, m.name): m.alert_value for s in servers.values() for m in s.monitors}
    assert alerts[SICK, MONITOR] == "Unhealthy"
    copies = [c for s in servers.values() for c in s.copies or ()]
    assert {"Suspended", "Mounted", "Healthy"} <= {c.status for c in copies}
    assert any(c.replay_lag_status and c.activation_suspended for c in copies)
    assert any(PERSON in c.suspend_comment for c in copies)
    assert {r.outcome for r in servers["EX13-MBX02"].readings} == {Outcome.EMPTY_WITH_WARNING}
    assert servers["EX16-02"].mailbox is not None
    assert servers["EX16-02"].mailbox.activation_policy == "Blocked"
    states = {c.component: c.state for c in servers["EX13-CAS02"].components or ()}
    assert states["PopProxy"] == "Inactive"
    assert any(d.servers_in_maintenance for d in known.picture.dags)
    active = {(c.database, c.server) for c in copies if c.active_copy}
    assert sum(server == "EX19-01" for _, server in active) == 3


def test_a_recovery_runs_to_its_end_in_a_rehearsal(known: Known) -> None:
    with bench("healthy", rehearsal=known.blueprint) as world:
        ended = world.recover(SICK, MONITOR)
    assert ended.run.state is RunState.RECOVERED, ended.run.ending
    assert any("Restart-Service" in change for change in ended.changes)
    assert not [o for o in ended.obligations if o.open]


def test_what_was_not_recorded_is_said(known: Known) -> None:
    said = "\n".join(made_up(known.drawing))
    assert f"why {MONITOR} was not healthy on {SICK}" in said
    assert "monitoring mailboxes" in said
    assert "every server" not in said, "all that a survey reads was recorded"
    bare = FleetSnapshot(
        1, servers={n: ServerSnapshot(s.server, s.dag) for n, s in known.picture.servers.items()}
    )
    less = "\n".join(made_up(drawn(bare, "CORP", NOW, anonymize=False)))
    for what in (
        "health, where",
        "states of components",
        "database copies",
        "policies",
        "services",
        "last boot",
    ):
        assert what in less
    assert "every server" in less


def test_a_picture_without_a_survey_gives_a_lab_too(known: Known) -> None:
    bare = FleetSnapshot(
        1,
        dags=known.picture.dags,
        servers={n: ServerSnapshot(s.server, s.dag) for n, s in known.picture.servers.items()},
    )
    blueprint = drawn(bare, "CORP", NOW, anonymize=False).blueprint
    simulation = open_rehearsal(blueprint, SCENARIOS["healthy"])
    state = describe(simulation)
    assert set(state["servers"]) == set(known.picture.servers)
    assert {d["dag"] for d in state["databases"].values()} == {d.name for d in known.picture.dags}
    alerts = {m["alert"] for s in state["servers"].values() for m in s["monitors"]}
    assert alerts == {"Healthy"}


def test_no_name_of_a_person_and_no_secret_is_taken_over(known: Known) -> None:
    body = encode(known.blueprint).decode()
    assert PERSON.split()[0] not in body
    assert "HealthMailbox" not in body
    assert "@" not in body
    assert not any(secret in body for secret in known.secrets)


def test_no_secret_is_in_a_recording(known: Known) -> None:
    """All of it, inflated: every text of every moment."""
    recording = open_recording(known.file)
    texts = [msgspec.json.encode(m.picture).decode() for m in recording.pictures()]
    assert texts
    assert SICK in texts[-1]
    for secret in known.secrets:
        assert not any(secret in text for text in texts)


def test_other_names_are_the_same_everywhere_and_none_was_recorded(known: Known) -> None:
    blueprint = drawn(known.picture, "CORP", NOW, anonymize=True).blueprint
    body = encode(blueprint).decode()
    copies = [c for s in known.picture.servers.values() for c in s.copies or ()]
    names = {*known.picture.servers, *(d.name for d in known.picture.dags), "CORP", "North", "South"}
    own = {s.name for s in blueprint.servers} | {d.name for d in blueprint.dags}
    for name in names - own:
        assert f'"{name}"' not in body, name
    assert wrong_with(blueprint) == ""
    assert len({s.name for s in blueprint.servers}) == len(known.picture.servers)
    assert sum(len(s.copies or ()) for s in blueprint.servers) == len(copies)
    kept = [(s.version, s.roles, len(s.copies or ())) for s in known.blueprint.servers]
    assert [(s.version, s.roles, len(s.copies or ())) for s in blueprint.servers] == kept


def test_a_scenario_is_laid_over_it(known: Known) -> None:
    simulation = open_rehearsal(known.blueprint, SCENARIOS["ctp-frontend"])
    state = describe(simulation)
    alerts = {(name, m["name"]): m["alert"] for name, s in state["servers"].items() for m in s["monitors"]}
    assert alerts[SICK, MONITOR] == "Unhealthy", "as recorded"
    assert alerts["EX13-CAS01", "PopCTPMonitor"] == "Unhealthy", "the scenario's"
    assert open_dags(simulation) == open_dags(open_rehearsal(known.blueprint, SCENARIOS["healthy"]))


def open_dags(simulation: Any) -> dict[str, float | None]:
    return {d.name: d.preference_moves for d in simulation.organization.dags.values()}


def test_a_scenario_that_finds_nothing_to_break_is_refused_in_words() -> None:
    only = live(name="CAS01")
    access = replace(only.server, version=Version.E2013, roles=frozenset({Role.CLIENT_ACCESS}))
    blueprint = drawn(FleetSnapshot(1, servers={"CAS01": replace(only, server=access)}), "x", NOW,
                      anonymize=False).blueprint  # fmt: skip
    with pytest.raises(RehearsalError, match="selftest-hung finds nothing"):
        open_rehearsal(blueprint, SCENARIOS["selftest-hung"])


@settings(max_examples=40, deadline=None)
@given(fleets())
def test_every_picture_gives_a_lab_or_has_no_server_for_one(picture: FleetSnapshot) -> None:
    drawing = drawn(picture, "CORP", NOW, anonymize=False)
    if not drawing.blueprint.servers:
        return
    assert wrong_with(drawing.blueprint) == ""
    organization = organization_of(drawing.blueprint, 1)
    assert {s.name for s in organization.servers.values()} == set(picture.servers)
    assert made_up(drawing)


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", "x" * 70, "EX 01", "-x", "\u202eEX"])
def test_a_name_that_can_be_no_hosts_is_replaced(name: str) -> None:
    server = live(name="EX01")
    bad = replace(server, server=replace(server.server, name=name))
    drawing = drawn(FleetSnapshot(1, servers={name: bad, "EX01": server}), "a/b", NOW, anonymize=False)
    assert wrong_with(drawing.blueprint) == ""
    assert [s.name for s in drawing.blueprint.servers][1] == "EX01"
    assert any("replaced" in words for words in drawing.missing)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"servers": []}, "1 to 400"),
        ({"servers.0.name": "../x"}, "cannot be the name"),
        ({"servers.1.name": SICK}, "same name"),
        ({"dags.0.servers": ["GONE"]}, "does not have it"),
        ({"dags": []}, "does not have it"),
        ({"servers.0.version": "1999"}, "Invalid enum"),
    ],
)
def test_a_blueprint_that_was_changed_is_refused(
    known: Known, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    body = json.loads(encode(known.blueprint))
    for path, value in change.items():
        *way, last = path.split(".")
        place: Any = body
        for part in way:
            place = place[int(part)] if part.isdigit() else place[part]
        place[last] = value
    (tmp_path / "b.json").write_text(json.dumps(body))
    with pytest.raises(RehearsalError, match=words):
        read(tmp_path / "b.json")
    (tmp_path / "b.json").write_bytes(encode(known.blueprint))
    assert read(tmp_path / "b.json") == known.blueprint
