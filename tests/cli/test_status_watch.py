"""The loop of ``status --watch``: time passes though nobody says anything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from cockpit.commands import status_watch
from cockpit.commands.status_shown import Asked
from cockpit.config.environment import ConfigError, Environment
from cockpit.fleet.once import Follower
from cockpit.fleet.snapshot import CollectorStatus, FleetSnapshot, Reach
from tests.fleet.builders import NOW, live

PICTURE = FleetSnapshot(
    1,
    CollectorStatus(interval=30, organization_read_at=NOW),
    servers={"EX01": replace(live(name="EX01"), poll_interval=30.0)},
)


@dataclass
class Silent:
    """A collector that tells of one picture and then of nothing more; each wait is over at once, and takes
    ``step`` seconds of the clock."""

    step: float
    turns: int
    clock: float = 0.0
    waits: list[float] = field(default_factory=list)

    @property
    def left(self) -> bool:
        return len(self.waits) > self.turns

    def newer(self, seen: FleetSnapshot, seconds: float | None) -> FleetSnapshot | None:
        assert seconds is not None
        self.waits.append(seconds)
        if len(self.waits) == 1:
            return PICTURE
        self.clock += self.step
        return None

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.clock)


@dataclass
class Taker:
    seen: list[tuple[Reach, bool]] = field(default_factory=list)

    def show(self, fleet: FleetSnapshot, at: datetime, code: int, *, beat: bool) -> None:
        self.seen.append((fleet.servers["EX01"].reach, beat))


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Silent:
    made = Silent(step=10.0, turns=14)
    monkeypatch.setattr(status_watch, "now", made.now)
    return made


def follow(silent: Silent, heartbeat: float = 30.0, server: str | None = None) -> Taker:
    asked = Asked(Environment(name="x", entry_servers=("a",)), server, "jsonl", False)
    taker = Taker()
    status_watch._follow(cast(Any, silent), asked, [taker], heartbeat, lambda: silent.clock)
    return taker


def test_old_health_does_not_stand_though_the_collector_says_nothing_more(silent: Silent) -> None:
    reaches = [reach for reach, _ in follow(silent).seen]
    assert reaches[:7] == [Reach.LIVE] * 7
    assert reaches[7:] == [Reach.STALE] * 8


def test_a_heartbeat_is_due_by_the_clock(silent: Silent) -> None:
    beats = [beat for _, beat in follow(silent).seen]
    assert [place for place, beat in enumerate(beats) if beat] == [3, 6, 9, 12]
    assert max(silent.waits) <= status_watch.TICK


def test_a_server_that_nobody_knows_is_refused(silent: Silent) -> None:
    with pytest.raises(ConfigError, match=r"--server EX99: .* no such server\. It has: EX01\."):
        follow(silent, server="EX99")


def test_what_the_collector_broke_on_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs on a thread: what is raised there must not look like silence."""
    follower = Follower(Environment(name="x", entry_servers=("127.0.0.1",)), None)

    def broken() -> None:
        raise ZeroDivisionError("in the collector")

    monkeypatch.setattr(follower._collector, "run", broken)
    with follower, pytest.raises(ZeroDivisionError, match="in the collector"):
        follower.newer(FleetSnapshot(), 10.0)
