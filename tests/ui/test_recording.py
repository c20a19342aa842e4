"""Recording from the screen: a key begins and ends it, every screen says so, the file has what was shown."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cockpit.fleet import recording_writer
from cockpit.fleet.messages import Survey
from cockpit.fleet.recording_reader import open_recording
from cockpit.fleet.recording_tape import Tape, TapedFeed
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import plain
from cockpit.ui.recording import new_name
from cockpit.ui.widgets.environment import EnvironmentStrip
from tests.ui import fleets
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, shown, status_line, until


@pytest.fixture(autouse=True)
def quick_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_writer, "FLUSH_SECONDS", 0.0)


def taped(make_app: MakeApp, folder: Path, **more: Any) -> tuple[CockpitApp, fleets.FakeFeed, TapedFeed]:
    inner = fleets.FakeFeed(fleets.demo_fleet(3))
    feed = TapedFeed(inner, Tape("CORP"))
    return make_app(feed=feed, record_dir=folder, **more), inner, feed


def surveys(feed: fleets.FakeFeed) -> list[bool]:
    return [command.wanted for command in feed.commands if isinstance(command, Survey)]


def mark(app: CockpitApp) -> str:
    strip = app.screen.query_one(EnvironmentStrip)
    return plain(strip.source[0]).strip() if strip.display else ""


@pytest.mark.parametrize("size", [SIZE, (80, 24)])
async def test_a_key_begins_and_ends_it(make_app: MakeApp, tmp_path: Path, size: tuple[int, int]) -> None:
    folder = tmp_path / "recordings"
    app, inner, _ = taped(make_app, folder)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        assert mark(app) == ""
        assert surveys(inner) == []
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "REC" in mark(app))
        (path,) = folder.iterdir()
        assert path.name in mark(app)
        assert surveys(inner) == [True]
        await pilot.press("?")
        await until(pilot, lambda: app.screen is not app.fleet_screen and "REC" in mark(app))
        await pilot.press("escape")
        inner.change(fleets.server("EX77"))
        await until(pilot, lambda: "EX77" in app.desk.snapshot.servers)
        last = app.desk.snapshot
        await pilot.press("ctrl+r")
        await until(pilot, lambda: mark(app) == "")
        assert surveys(inner) == [True, False]
        inner.change(fleets.server("EX88"))
        await until(pilot, lambda: "EX88" in app.desk.snapshot.servers)
    pictures = [moment.picture for moment in open_recording(path).pictures()]
    assert len(pictures) == 2
    assert pictures[-1] == last
    assert path.stat().st_mode & 0o777 == 0o600


async def test_from_the_beginning_and_over_a_restart_of_the_collector(
    make_app: MakeApp, tmp_path: Path
) -> None:
    app, inner, feed = taped(make_app, tmp_path)
    feed.tape.begin(tmp_path / "F")
    seen = []
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        assert "REC F" in mark(app)
        seen.append(app.desk.snapshot)
        inner.lose("it was killed")
        await until(pilot, lambda: app.desk.lost)
        inner.first = None
        await pilot.press("R")
        await until(pilot, lambda: inner.starts == 2)
        assert surveys(inner) == [True, True]
        inner.show(fleets.demo_fleet(2))
        await until(pilot, lambda: len(app.desk.snapshot.servers) == 2)
        seen.append(app.desk.snapshot)
    moments = list(open_recording(tmp_path / "F").pictures())
    assert [m.picture for m in moments if not m.note][1:] == seen
    assert [m.note for m in moments if m.note] == ["No live data from here on: it was killed"]


async def test_one_that_cannot_be_begun_or_goes_on_no_more_is_said(make_app: MakeApp, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    app, _, feed = taped(make_app, blocked)
    said: list[str] = []
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        app.notify = lambda message, **_: said.append(message)  # type: ignore[method-assign]
        await pilot.press("ctrl+r")
        await until(pilot, lambda: said)
        assert said[0].startswith("Not recorded.")
        assert mark(app) == ""
        app.record_dir = tmp_path
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "REC" in mark(app))
        recorder = feed.tape._recorder
        assert recorder is not None
        await asyncio.to_thread(recorder._give_up, "F: recording has ended: No space left on device.")
        await until(pilot, lambda: "No space left" in said[-1])
        assert mark(app) == ""


async def test_a_feed_without_a_tape_says_so(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: status_line(app) == "Nothing can be recorded here.")


def test_the_name_of_a_file_is_one_whatever_the_environment_is_called() -> None:
    assert new_name("corp", fleets.NOW) == "corp-20261123T031240.poprec"
    assert new_name("../../etc/pass wd", fleets.NOW) == "etc-pass-wd-20261123T031240.poprec"
    assert new_name("…", fleets.NOW) == "fleet-20261123T031240.poprec"
