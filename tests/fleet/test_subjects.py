"""From pictures to states: what is not known is as it was, and one lost entry server is one change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cockpit.exchange.model import AlertValue
from cockpit.fleet.snapshot import CollectorStatus, FleetSnapshot, Problem, Reach, ServerSnapshot
from cockpit.fleet.states import State
from cockpit.fleet.subjects import ORGANIZATION, Sight, Subject, why
from tests.fleet.builders import NOW, live, monitor, server

EX01, EX02 = Subject("EX01"), Subject("EX02")
SILENT = Problem("no entry server answers", "connection refused", "Look at the network")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def fleet(*servers: ServerSnapshot, problem: Problem | None = None) -> FleetSnapshot:
    status = CollectorStatus(interval=30, organization_read_at=NOW, problem=problem)
    return FleetSnapshot(1, status, servers={s.name: s for s in servers})


def unheard(name: str, reach: Reach, seconds: float) -> ServerSnapshot:
    return replace(live(name=name), reach=reach, problem=SILENT, last_attempt=at(seconds))


def test_a_server_that_was_not_asked_yet_has_no_state() -> None:
    sight = Sight()
    not_asked = ServerSnapshot(server("EX02"))
    assert sight.look(FleetSnapshot(), NOW) == {}
    states = sight.look(fleet(live(name="EX01"), not_asked), NOW)
    assert states == {ORGANIZATION: State.HEALTHY, EX01: State.HEALTHY}


def test_a_collector_that_was_started_again_has_forgotten_nothing() -> None:
    """Its first pictures have servers that it has not asked yet."""
    sight = Sight()
    sick = live(monitor(alert=AlertValue.UNHEALTHY), name="EX01")
    before = sight.look(fleet(sick), NOW)
    again = sight.look(fleet(ServerSnapshot(server("EX01"))), at(5))
    assert again == before
    assert sight.look(fleet(live(name="EX01")), at(10))[EX01] is State.HEALTHY


def test_when_nobody_can_be_asked_the_servers_are_as_they_were() -> None:
    """Until each has been asked again, though nothing is heard of any meanwhile."""
    sight = Sight()
    sight.look(fleet(live(name="EX01"), live(name="EX02")), NOW)
    gone = [unheard(name, Reach.UNREACHABLE, 100) for name in ("EX01", "EX02")]
    lost = sight.look(fleet(*gone, problem=SILENT), at(10))
    assert lost == {ORGANIZATION: State.STALE, EX01: State.HEALTHY, EX02: State.HEALTHY}
    assert sight.look(fleet(*gone, problem=SILENT), at(130))[ORGANIZATION] is State.STALE
    assert sight.look(fleet(*gone, problem=SILENT), at(131))[ORGANIZATION] is State.UNREACHABLE

    back = sight.look(fleet(*gone), at(200))
    assert back == {ORGANIZATION: State.HEALTHY, EX01: State.HEALTHY, EX02: State.HEALTHY}
    asked = [live(monitor(alert=AlertValue.UNHEALTHY), name="EX01"), gone[1]]
    asked[0] = replace(asked[0], last_attempt=at(205))
    assert sight.look(fleet(*asked), at(206))[EX01] is State.UNHEALTHY
    asked[1] = unheard("EX02", Reach.UNREACHABLE, 210)
    assert sight.look(fleet(*asked), at(211))[EX02] is State.UNREACHABLE


def test_a_server_that_nobody_asks_again_is_not_taken_for_well_for_ever() -> None:
    sight = Sight()
    sight.look(fleet(live(name="EX01")), NOW)
    gone = unheard("EX01", Reach.UNREACHABLE, 5)
    sight.look(fleet(gone, problem=SILENT), at(10))
    assert sight.look(fleet(gone), at(20))[EX01] is State.HEALTHY
    assert sight.look(fleet(gone), at(140))[EX01] is State.HEALTHY
    assert sight.look(fleet(gone), at(141))[EX01] is State.UNREACHABLE


def test_a_collector_that_ended_is_lost_at_once_and_a_refusal_has_its_own_word() -> None:
    sight = Sight()
    sight.look(fleet(live(name="EX01")), NOW)
    ended = sight.look(fleet(live(name="EX01")), at(1), Problem("the collector ended"))
    assert ended == {ORGANIZATION: State.UNREACHABLE, EX01: State.HEALTHY}
    denied = fleet(live(name="EX01"), problem=Problem("not granted", denied=True))
    assert Sight().look(denied, NOW) == {ORGANIZATION: State.NOT_GRANTED}


def test_monitors_are_subjects_where_that_is_wanted_each_once() -> None:
    sick = monitor("PopCTPMonitor", AlertValue.UNHEALTHY, "POP")
    one = live(monitor("PopCTPMonitor", health_set="POP"), sick, name="EX01")
    states = Sight(monitors=True).look(fleet(one), NOW)
    assert states[Subject("EX01", "POP", "PopCTPMonitor")] is State.UNHEALTHY
    assert {s.kind for s in states} == {"organization", "server", "monitor"}
    assert len(Sight().look(fleet(one), NOW)) == 2
    assert Subject("EX01", "POP").kind == "health_set"


def test_the_reason_is_a_few_words() -> None:
    names = [f"Pop{n}Monitor" for n in range(5)]
    sick = live(*(monitor(n, AlertValue.UNHEALTHY) for n in names), monitor("Well"), name="EX01")
    assert why(fleet(sick), EX01) == "Pop0Monitor, Pop1Monitor, Pop2Monitor +2"
    assert why(fleet(unheard("EX01", Reach.UNREACHABLE, 0)), EX01) == str(SILENT)
    assert why(fleet(problem=SILENT), ORGANIZATION) == str(SILENT)
    assert why(fleet(live(name="EX01")), EX01) == why(fleet(), EX02) == ""
    failed = replace(monitor("M", AlertValue.UNHEALTHY, "POP"), error="the probe timed out")
    one = live(failed, name="EX01")
    assert why(fleet(one), Subject("EX01", "POP", "M")) == "the probe timed out"
