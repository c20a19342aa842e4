"""A replay shows what was recorded: by the clock at any speed, step by step, and from any time on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.fleet import recording_blocks, recording_writer, replay
from cockpit.fleet.feed import FeedLostError
from cockpit.fleet.messages import Pause, Refresh
from cockpit.fleet.recording_reader import Recording, open_recording
from cockpit.fleet.recording_writer import Recorder
from cockpit.fleet.replay import ReplayFeed
from cockpit.fleet.replay_clock import SPEEDS, ReplayClock, next_speed
from cockpit.fleet.snapshot import FleetDiff, FleetSnapshot, apply
from tests.fleet.builders import NOW, live, monitor

COUNT = 12
PICTURES = [
    FleetSnapshot(n, servers={"EX01": live(monitor(alert=f"A{n}")), "EX02": live(name="EX02")})
    for n in range(COUNT)
]


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """A picture every second, three or so in a block."""
    monkeypatch.setattr(recording_blocks, "BLOCK_CHANGES", 2)
    monkeypatch.setattr(recording_blocks, "BLOCK_ROUNDS", 1)
    monkeypatch.setattr(recording_writer, "FLUSH_SECONDS", 0.0)
    moment = iter(range(1000))
    recorder = Recorder(tmp_path / "F", "corp", now=lambda: at(next(moment)))
    moment = iter(range(1000))
    for picture in PICTURES:
        recorder.take(picture)
    recorder.close()
    found = open_recording(tmp_path / "F")
    assert len(found.blocks) >= 3
    assert (found.begin, found.end) == (at(0), at(COUNT - 1))
    return found


class Wall:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Looking:
    """Applies a feed's diffs, as a desk does."""

    def __init__(self, diffs: AsyncIterator[FleetDiff]) -> None:
        self._diffs = diffs
        self.picture = FleetSnapshot()

    async def next(self) -> FleetSnapshot:
        self.picture = apply(self.picture, await asyncio.wait_for(anext(self._diffs), 10))
        return self.picture


async def test_step_by_step_there_and_back_every_picture_is_shown(recording: Recording) -> None:
    feed = ReplayFeed(recording, monotonic=Wall())
    async with aclosing(feed.diffs()) as diffs:  # type: ignore[type-var]
        look = Looking(diffs)
        assert await look.next() == PICTURES[0]
        for picture in PICTURES[1:]:
            feed.step(1)
            assert await look.next() == picture
            assert feed.now() == at(picture.seq)
        assert feed.state().ended
        for picture in PICTURES[-2::-1]:
            feed.step(-1)
            assert await look.next() == picture
            assert feed.now() == at(picture.seq)
        feed.step(-1)
        feed.step(2)
        assert await look.next() == PICTURES[1]
        assert not feed.state().playing


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0, 3600.0])
async def test_by_the_clock_what_was_recorded_comes_in_order(
    recording: Recording, speed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PACE_SECONDS", 0.0)
    wall = Wall()
    feed = ReplayFeed(recording, speed=speed, monotonic=wall)
    async with aclosing(feed.diffs()) as diffs:  # type: ignore[type-var]
        look = Looking(diffs)
        await look.next()
        for seconds in (1.0, 2.0, 5.0, 8.5, 30.0):
            wall.seconds = seconds / speed
            feed.toggle_pause()
            feed.toggle_pause()  # goes on: it looks at its clock again
            wanted = PICTURES[min(int(seconds), COUNT - 1)]
            while await look.next() != wanted:
                assert look.picture.seq < wanted.seq
    assert feed.state().ended


async def test_it_can_be_put_to_any_time(recording: Recording) -> None:
    feed = ReplayFeed(recording, at=at(7.5), monotonic=Wall())
    async with aclosing(feed.diffs()) as diffs:  # type: ignore[type-var]
        look = Looking(diffs)
        assert await look.next() == PICTURES[7]
        for seconds, shown in ((2.0, 2), (10.9, 10), (-99.0, 0), (999.0, COUNT - 1), (5.0, 5)):
            feed.jump(at(seconds))
            assert await look.next() == PICTURES[shown]
        assert feed.now() == at(5.0)


async def test_while_it_stands_nothing_comes_and_commands_move_nothing(recording: Recording) -> None:
    wall = Wall()
    feed = ReplayFeed(recording, monotonic=wall)
    async with aclosing(feed.diffs()) as diffs:  # type: ignore[type-var]
        look = Looking(diffs)
        await look.next()
        assert feed.toggle_pause()
        wall.seconds = 100.0
        feed.send(Pause(False))
        feed.send(Refresh())
        coming = asyncio.ensure_future(look.next())
        done, _ = await asyncio.wait([coming], timeout=0.2)
        assert not done
        assert feed.now() == at(0)
        assert not feed.toggle_pause()
        wall.seconds = 103.0
        feed.step(0)
        feed.toggle_pause()
        assert await coming == PICTURES[3]


async def test_it_dials_nobody(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    feed = ReplayFeed(recording, speed=3600.0)
    await feed.start()
    async with aclosing(feed.diffs()) as diffs:  # type: ignore[type-var]
        look = Looking(diffs)
        while await look.next() != PICTURES[-1]:
            pass
    await feed.close()


async def test_a_file_that_went_bad_is_told(recording: Recording) -> None:
    feed = ReplayFeed(recording, monotonic=Wall())
    async with aclosing(feed.diffs()) as diffs:  # type: ignore[type-var]
        look = Looking(diffs)
        await look.next()
        recording.path.unlink()
        feed.jump(at(11))
        with pytest.raises(FeedLostError, match="No such file"):
            await look.next()


async def test_what_happened_beside_the_pictures_is_told_for_a_while(tmp_path: Path) -> None:
    times = iter([at(0), at(0), at(5), at(500)])  # the first is of the file's head
    recorder = Recorder(tmp_path / "F", "corp", now=lambda: next(times))
    recorder.take(PICTURES[0])
    recorder.note("It ended")
    recorder.take(PICTURES[1])
    recorder.close()
    feed = ReplayFeed(open_recording(tmp_path / "F"), at=at(3), monotonic=Wall())

    async def watch() -> None:
        async for _ in feed.diffs():
            pass

    async def told(words: str, when: float) -> None:
        while (feed.state().note, feed.now()) != (words, at(when)):
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    await asyncio.wait_for(told("", 3), 10)
    feed.step(1)
    await asyncio.wait_for(told("It ended", 5), 10)
    feed.jump(at(400))
    await asyncio.wait_for(told("", 400), 10)
    feed.jump(at(20))
    await asyncio.wait_for(told("It ended", 20), 10)
    watching.cancel()


# --- the clock -----------------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(st.sampled_from(["wait", "go", "speed", "play"]), st.floats(0, 5000), st.booleans()),
    max_size=12,
)


@given(ACTS)
def test_the_clock_never_leaves_the_recording_and_never_jumps_by_itself(
    acts: list[tuple[str, float, bool]],
) -> None:
    clock, wall = ReplayClock(at(0), at(1000), 1.0, 0.0), 0.0
    for act, value, yes in acts:
        before = clock.at(wall)
        if act == "wait":
            wall += value
            passed = (clock.at(wall) - before).total_seconds()
            most = value * clock.speed if clock.playing else 0.0
            assert -1e-3 <= passed <= most + 1e-3
            assert clock.at(wall) == clock.end or passed == pytest.approx(most, abs=1e-3)
        elif act == "go":
            clock.go(at(value - 1000), wall)
        elif act == "speed":
            clock.run_at(max(value, 0.1), wall)
            assert abs(clock.at(wall) - before) <= timedelta(microseconds=1)
        else:
            clock.play(yes, wall)
            assert abs(clock.at(wall) - before) <= timedelta(microseconds=1)
        assert clock.begin <= clock.at(wall) <= clock.end
        if clock.playing:
            wait = clock.until(at(1000), wall)
            assert clock.at(wall + wait + 1e-3) == clock.end


def test_the_ladder_of_speeds_has_two_ends() -> None:
    assert next_speed(1.0, True) == 2.0
    assert next_speed(1.5, False) == 1.0
    assert next_speed(SPEEDS[-1], True) is None
    assert next_speed(SPEEDS[0], False) is None
