"""What was there before a recovery is there after it, whichever way it ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from cockpit.journal.records import Answer, Choice, Finding, Question, RunState
from cockpit.lab.organization import Organization
from tests.recovery.crashing import Route, World, Worlds
from tests.recovery.loopback import LOGGING, MOVE_NOW, POLICY
from tests.recovery.nursery import Point
from tests.recovery.robot import Decide, Robot, always, go_on
from tests.recovery.routes import CAS, MEMBER, ROUTES

FAILOVER = ROUTES["PopDeepTest: failover"]
LEFT = ROUTES["PopDeepTest: left behind"]
LOGGED = ROUTES["PopCTP: logging"]
NUMBERS = {"Unrestricted": 0, "IntrasiteOnly": 1, "Blocked": 2}


def _policy(value: str, organization: Organization) -> None:
    organization.server(MEMBER).activation_policy = NUMBERS[value]


def _logging(organization: Organization) -> None:
    organization.server(CAS).pop.protocol_log_enabled = True


def _both(
    first: Callable[[Organization], None],
    second: Callable[[Organization], None],
    organization: Organization,
) -> None:
    first(organization)
    second(organization)


def before(route: Route, change: Callable[[Organization], None]) -> Route:
    """The same route in an organization that was different before."""
    prepare = partial(_both, route.scenario.prepare, change)
    return dataclasses.replace(route, scenario=dataclasses.replace(route.scenario, prepare=prepare))


def with_robot(route: Route, **steps: Decide) -> Route:
    by_id = {name.replace("_", "-"): rule for name, rule in steps.items()}
    return dataclasses.replace(route, robot=lambda: Robot(steps=by_id))


@contextmanager
def opened(worlds: Worlds, route: Route) -> Iterator[World]:
    world = worlds.open(route)
    yield world
    worlds.close(world)


@pytest.mark.parametrize("policy", NUMBERS)
@pytest.mark.parametrize("route", [FAILOVER, LEFT], ids=str)
def test_the_policy_is_what_it_was(worlds: Worlds, route: Route, policy: str) -> None:
    with opened(worlds, before(route, partial(_policy, policy))) as world:
        assert world.work() == 0, world.told()

        assert world.row.state is route.ends, world.told()
        assert world.values()[MEMBER][POLICY] == policy
        world.all_undone()
        set_ = [what for what in world.changes() if POLICY in what]
        assert len(set_) == (0 if policy == "Blocked" else 2), set_


@pytest.mark.parametrize("policy", NUMBERS)
def test_the_policy_is_what_it_was_after_an_abort(worlds: Worlds, policy: str) -> None:
    with opened(worlds, before(FAILOVER, partial(_policy, policy))) as world:
        world.die(Point("away-reboot", "before intent"))
        world.abort()
        assert world.work() == 0, world.told()

        assert world.row.state is RunState.ABORTED, world.told()
        assert world.values()[MEMBER][POLICY] == policy
        world.all_undone()


def test_a_log_that_was_on_stays_on(worlds: Worlds) -> None:
    with opened(worlds, before(LOGGED, _logging)) as world:
        # Nothing is set, so the service is not restarted for it: the fault stays, and the run goes on.
        assert world.work() == 0, world.told()

        assert world.row.ended
        assert world.values()[CAS][LOGGING] is True
        assert not [what for what in world.changes() if what.startswith("Set-PopSettings")]
        world.all_undone()


def test_a_log_that_was_on_stays_on_after_an_abort(worlds: Worlds) -> None:
    with opened(worlds, before(LOGGED, _logging)) as world:
        world.die(Point("probe-logged", "after result"))
        world.abort()
        assert world.work() == 0, world.told()

        assert world.values()[CAS][LOGGING] is True
        world.all_undone()


# --- changed under us ------------------------------------------------------------------------------------


def _changed(world: World) -> list[Question]:
    """A second operator gives the server another policy than the run found and than it set; then it goes on.
    The questions about that."""
    world.die(Point("probe-again", "after result"))
    world.lab.act(MEMBER, "set-policy", policy="IntrasiteOnly", by="LAB\\somebody")
    assert world.work() == 0, world.told()
    return [q for q in world.journal.questions(world.run) if "Somebody else has changed it" in q.prompt]


def test_a_value_changed_by_somebody_is_overwritten_only_when_the_operator_says_so(worlds: Worlds) -> None:
    with opened(worlds, FAILOVER) as world:
        (asked,) = _changed(world)

        assert (asked.step, asked.choices[0]) == ("back-policy", Choice.AGAIN)
        for value in ("IntrasiteOnly", "Blocked", "Unrestricted"):
            assert value in asked.prompt
        assert asked.answer is not None
        assert asked.answer.choice is Choice.GO
        assert world.row.state is RunState.RECOVERED
        world.all_undone()


def test_and_left_as_it_is_when_the_operator_hands_it_over(worlds: Worlds) -> None:
    handed = with_robot(FAILOVER, back_policy=always(Choice.HAND_OVER, to="carol"))
    with opened(worlds, handed) as world:
        (asked,) = _changed(world)

        assert asked.answer is not None
        assert world.row.state is RunState.ESCALATED, world.told()
        assert world.values()[MEMBER][POLICY] == "IntrasiteOnly"
        assert world.values()[MEMBER][MOVE_NOW] is False
        (left,) = world.open()
        assert (left.key, left.prior, left.handed_to) == (POLICY, "Unrestricted", "carol")


def test_a_value_put_back_by_somebody_is_not_set_again(worlds: Worlds) -> None:
    with opened(worlds, FAILOVER) as world:
        world.die(Point("probe-again", "after result"))
        world.lab.act(MEMBER, "set-policy", policy="Unrestricted", by="LAB\\somebody")
        assert world.work() == 0, world.told()

        assert world.row.state is RunState.RECOVERED
        assert not [what for what in world.changes() if f"('{POLICY}', 'Unrestricted')" in what]
        world.all_undone()


def test_the_same_holds_in_an_abort(worlds: Worlds) -> None:
    """Aborting must not overwrite silently either."""
    asked: list[str] = []

    def note(question: Question, in_the_way: tuple[Finding, ...]) -> Answer:
        asked.append(question.prompt)
        return go_on(question, in_the_way)

    route = dataclasses.replace(FAILOVER, robot=lambda: Robot(otherwise=note))  # type: ignore[arg-type]
    with opened(worlds, route) as world:
        world.die(Point("away-reboot", "before intent"))
        asked.clear()
        world.lab.act(MEMBER, "set-policy", policy="IntrasiteOnly", by="LAB\\somebody")
        world.abort()
        assert world.work() == 0, world.told()

        assert [prompt for prompt in asked if "Somebody else has changed it" in prompt]
        assert world.row.state is RunState.ABORTED
        world.all_undone()
