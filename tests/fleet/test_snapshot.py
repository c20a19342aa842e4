"""A diff carries exactly what turns one picture into another, also over the wire."""

from __future__ import annotations

from hypothesis import given

from cockpit.fleet.messages import (
    AbandonProbe,
    Pause,
    Refresh,
    RunProbe,
    SetInterval,
    Watch,
    decode_command,
    decode_diff,
    encode,
)
from cockpit.fleet.snapshot import FleetSnapshot, apply, diff
from tests.fleet.builders import fleets


@given(fleets(), fleets())
def test_applying_a_diff_gives_the_new_picture(old: FleetSnapshot, new: FleetSnapshot) -> None:
    made = apply(old, diff(old, new))
    assert made == new
    assert list(made.servers) == list(new.servers)


@given(fleets(), fleets())
def test_a_diff_survives_the_wire(old: FleetSnapshot, new: FleetSnapshot) -> None:
    change = diff(old, new)
    assert decode_diff(encode(change)) == change


@given(fleets())
def test_nothing_changed_is_an_empty_diff(fleet: FleetSnapshot) -> None:
    change = diff(fleet, fleet)
    assert (change.status, change.dags, change.changed, change.order) == (None, None, (), None)


@given(fleets(), fleets())
def test_only_what_changed_is_sent(old: FleetSnapshot, new: FleetSnapshot) -> None:
    sent = {s.name for s in diff(old, new).changed}
    assert sent == {n for n, s in new.servers.items() if old.servers.get(n) != s}


def test_changed_and_changed_back_is_told_both_times() -> None:
    """A reader that compares with what it last saw must not miss the way back."""
    from tests.fleet.builders import live, monitor

    healthy = FleetSnapshot(1, servers={"EX01": live()})
    sick = FleetSnapshot(2, servers={"EX01": live(monitor(alert="Unhealthy"))})
    assert diff(healthy, sick).changed
    assert diff(sick, FleetSnapshot(3, servers=healthy.servers)).changed


def test_commands_survive_the_wire() -> None:
    for command in (
        Refresh("EX01"),
        Pause(True),
        SetInterval(5.0),
        Watch("EX01"),
        RunProbe("1", "EX01", "POP\\P"),
        AbandonProbe("1"),
    ):
        assert decode_command(encode(command)) == command
