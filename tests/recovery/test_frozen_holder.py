"""A holder that is frozen past its lease, a command that goes on after its sender's death."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from cockpit.journal.records import RunState
from cockpit.recovery.sweep import Swept, sweep
from cockpit.recovery.worker import EXIT_ENDED, EXIT_LOST
from tests.recovery.crashing import PHASES, World, Worlds
from tests.recovery.loopback import MOVE_NOW
from tests.recovery.looping import Loopback
from tests.recovery.nursery import Point
from tests.recovery.routes import CAS, MEMBER, ROUTES
from tests.support.waiting import eventually

RESTART = "PopDeepTest: restart"
FAILOVER = "PopDeepTest: failover"
REBOOT = "PopCTP: restart of a Client Access server"
LEASE = 0.4
MOVE = 2
"""The failover's second send: the first one blocks activation."""


@contextmanager
def opened(worlds: Worlds, route: str, **recovery: float) -> Iterator[World]:
    world = worlds.open(ROUTES[route], **recovery)
    yield world
    worlds.close(world)


def frozen(world: World, **how: object) -> int:
    """A worker that has stopped where it was told to, questions before that answered."""
    pid = world.start(**how)

    def stopped() -> bool:
        world.answer()
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED

    eventually(stopped, 10.0, "a frozen worker")
    return pid


def lease_over(world: World) -> None:
    def expired() -> bool:
        lease = world.journal.lease(world.route.scope)
        return lease is not None and lease.expired

    eventually(expired, 5.0, "an expired lease")


def thawed(world: World, pid: int) -> int:
    os.kill(pid, signal.SIGCONT)
    return world.finish(pid)


def swept(world: World) -> Swept:
    access = Loopback(world.environment, world.lab.address)
    try:
        closed = tuple(o for o in world.journal.obligations(open_only=False) if not o.open)
        return sweep(access, world.open(), closed)
    finally:
        access.close()


@pytest.mark.parametrize(
    ("route", "point", "dangerous"),
    [
        *((RESTART, Point("restart", phase), "Restart-Service") for phase in PHASES),
        (FAILOVER, Point("away-move", "after intent"), f"('{MOVE_NOW}', True)"),
        (FAILOVER, Point("away-reboot", "after intent"), "Restart-Computer"),
        (FAILOVER, Point("away-reboot", "after effect"), "Restart-Computer"),
    ],
    ids=str,
)
def test_the_other_finishes_and_the_first_exits_lost(
    worlds: Worlds, route: str, point: Point, dangerous: str
) -> None:
    with opened(worlds, route, lease=LEASE) as world:
        pid = frozen(world, freeze_at=point)
        lease_over(world)
        world.time_passes()

        assert world.work(operator="bob") == 0, world.told()

        assert world.row.state is RunState.RECOVERED, world.told()
        # With the result written and the run ended by the other there is nothing left to lose.
        nothing_left = point.phase == "after result"
        assert thawed(world, pid) == (EXIT_ENDED if nothing_left else EXIT_LOST)
        sent = {what: n for what, n in world.changes().items() if dangerous in what}
        assert list(sent.values()) == [1], world.told()
        world.all_undone()
        assert not swept(world).orphans


@pytest.mark.parametrize(
    "how",
    [
        {"freeze_at_check": MOVE, "deadline_check": False},
        # No check can close the gap between itself and the send.
        {"freeze_at_send": MOVE},
    ],
    ids=["without the deadline check", "between check and send"],
)
def test_what_slips_through_is_found_by_the_sweep(worlds: Worlds, how: dict[str, object]) -> None:
    with opened(worlds, FAILOVER, lease=LEASE) as world:
        pid = frozen(world, **how)
        lease_over(world)
        world.time_passes()
        world.abort()
        assert world.work(operator="bob") == 0, world.told()
        assert world.row.state is RunState.ABORTED
        world.all_undone()
        assert not swept(world).orphans

        assert thawed(world, pid) == EXIT_LOST

        assert world.values()[MEMBER][MOVE_NOW] is True
        assert not world.open()
        orphans = [(o.server, o.key, o.severe) for o in swept(world).orphans]
        assert orphans == [(MEMBER, MOVE_NOW, True)]


def test_with_the_deadline_check_nothing_slips_through(worlds: Worlds) -> None:
    with opened(worlds, FAILOVER, lease=LEASE) as world:
        pid = frozen(world, freeze_at_check=MOVE)
        lease_over(world)
        world.time_passes()
        world.abort()
        assert world.work(operator="bob") == 0, world.told()

        assert thawed(world, pid) == EXIT_LOST

        world.all_undone()
        assert not swept(world).orphans


def under_way(world: World, cmdlet: str, seconds: float) -> None:
    """A worker dies while its command is on its way, which takes effect ``seconds`` later all the same."""
    world.lab.delay(cmdlet, seconds)
    pid = world.start()

    def sent() -> bool:
        world.answer()
        return world.lab.seen().under_way == 1

    eventually(sent, 10.0, f"{cmdlet} under way")
    os.kill(pid, signal.SIGKILL)
    assert world.nursery.look(pid, 5.0) == -signal.SIGKILL
    world.tamper("UPDATE lease SET expires_at = 1")


def test_a_command_that_goes_on_after_our_death_is_seen_and_not_sent_again(worlds: Worlds) -> None:
    with opened(worlds, REBOOT, reboot_limit=6.0) as world:
        under_way(world, "Restart-Computer", 0.8)

        assert world.work() == 0, world.told()

        assert world.row.state is RunState.RECOVERED
        (tried,) = [a for a in world.journal.attempts(world.run) if a.step == "reboot"]
        assert tried.outcome == "done"
        assert world.changes()[f"{CAS}: Restart-Computer [('Force', True)]"] == 1
        world.all_undone()


def test_it_is_sent_again_only_after_its_time_limit(worlds: Worlds) -> None:
    """This one never takes effect: whoever takes the run up must wait until nothing can come any more."""
    with opened(worlds, REBOOT, reboot_limit=1.5) as world:
        under_way(world, "Restart-Computer", 3600.0)

        assert world.work() == 0, world.told()

        assert world.row.state is RunState.RECOVERED
        first, second = [a for a in world.journal.attempts(world.run) if a.step == "reboot"]
        assert (first.outcome, second.outcome) == ("not applied", "done")
        assert second.intent_at >= first.limit_at
        assert world.changes()[f"{CAS}: Restart-Computer [('Force', True)]"] == 1
        world.all_undone()
