"""A replay in the screens: what was shown is shown again, marked everywhere, and nobody is asked for it."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from cockpit.fleet import recording_writer
from cockpit.fleet.recording_reader import Recording, open_recording
from cockpit.fleet.recording_writer import Recorder
from cockpit.fleet.replay import ReplayFeed
from cockpit.ui.actions import ACTIONS
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.look import ASCII, UNICODE, plain
from cockpit.ui.replay_actions import NEEDS_SERVERS, REPLAY, REPLAY_ACTIONS, replayed
from cockpit.ui.replaying import ReplayApp
from cockpit.ui.widgets.environment import EnvironmentStrip
from tests.ui import fleets
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, rows, shown, until

BEGIN = fleets.NOW
FLEETS = [fleets.demo_fleet(8), fleets.demo_fleet(5), fleets.demo_fleet(3)]
MINUTES = (0, 2, 10)


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    monkeypatch.setattr(recording_writer, "FLUSH_SECONDS", 0.0)
    times = iter([BEGIN, *(BEGIN + timedelta(minutes=m) for m in MINUTES)])
    recorder = Recorder(tmp_path / "F", "CORP", now=lambda: next(times))
    for fleet in FLEETS:
        recorder.take(fleet)
    recorder.close()
    return open_recording(tmp_path / "F")


def app_of(recording: Recording, folder: Path, *, speed: float = 1.0, **more: Any) -> ReplayApp:
    feed = ReplayFeed(recording, speed=speed)
    badge = EnvironmentBadge("CORP")
    settings: dict[str, Any] = {"theme": "dark", "glyphs": UNICODE, **more}
    return ReplayApp(feed, badge, crash_dir=folder, save_dir=folder / "views", **settings)


def mark(screen: Screen[Any]) -> str:
    strip = screen.query_one(EnvironmentStrip)
    return plain(strip.source[0]).strip() if strip.display else ""


async def servers(pilot: Pilot[int], app: ReplayApp, count: int) -> None:
    await until(pilot, lambda: len(app.desk.snapshot.servers) == count)


async def test_the_screens_show_what_they_showed(
    recording: Recording, make_app: MakeApp, tmp_path: Path
) -> None:
    live = make_app(FLEETS[0], now=lambda: BEGIN)
    async with live.run_test(size=SIZE) as pilot:
        await shown(pilot, live)
        wanted = {name: rows(live, name) for name in ("tree", "monitors")}
        verdict = live.fleet_screen.view_text().split("\n\n", 1)[1]
    app = app_of(recording, tmp_path)
    app.replay.toggle_pause()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        assert {name: rows(app, name) for name in wanted} == wanted
        assert app.fleet_screen.view_text().split("\n\n", 1)[1] == verdict


@pytest.mark.parametrize("size", [(80, 24), SIZE])
async def test_every_screen_says_that_it_is_a_replay_and_of_when(
    recording: Recording, tmp_path: Path, size: tuple[int, int]
) -> None:
    app = app_of(recording, tmp_path)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        assert mark(app.screen).startswith("REPLAY 2026-11-23 03:12:4")
        await pilot.press("P")
        await until(pilot, lambda: "standing still" in mark(app.screen))
        for key in ("?", "ctrl+p", "@", "W"):
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not app.fleet_screen)
            assert mark(app.screen).startswith("REPLAY 2026-11-23 03:12:4"), key
            app.pop_screen()
            await pilot.pause()
        await pilot.press(".")
        await servers(pilot, app, 5)
        now = "REPLAY 2026-11-23 03:14:40 UTC, standing still"
        await until(pilot, lambda: mark(app.screen).startswith(now))
        assert str(app.desk.now())[:19] == "2026-11-23 03:14:40"


async def test_the_keys_move_it(recording: Recording, tmp_path: Path) -> None:
    app = app_of(recording, tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("P", ".", ".")
        await servers(pilot, app, 3)
        await until(pilot, lambda: ", the end" in mark(app.screen))
        await pilot.press(",")
        await servers(pilot, app, 5)
        await pilot.press(">", ">")
        assert app.replay.now() == BEGIN + timedelta(minutes=4)
        await pilot.press("<", "<", "<")
        await servers(pilot, app, 8)
        assert app.replay.now() == BEGIN + timedelta(minutes=1)
        await pilot.press("@", *"3:15", "enter")
        await servers(pilot, app, 5)
        assert f"{app.replay.now():%H:%M:%S}" == "03:15:00"
        await pilot.press("@", *"nonsense", "enter")
        await pilot.pause()
        assert app.screen is not app.fleet_screen, "what is no time goes nowhere"
        await pilot.press("escape")
        await pilot.press("+", "+", "-")
        assert app.replay.state().speed == 2.0
        await pilot.press("P")
        await until(pilot, lambda: "x2" in mark(app.screen))


async def test_by_its_clock_it_comes_to_the_end_and_stays(recording: Recording, tmp_path: Path) -> None:
    app = app_of(recording, tmp_path, speed=3600.0)
    async with app.run_test(size=SIZE) as pilot:
        await servers(pilot, app, 3)
        await until(pilot, lambda: app.replay.state().ended)
        assert app.desk.lost is None
        assert "EX01" in "".join(rows(app, "tree"))


async def test_the_command_line_opens_no_logs_either(recording: Recording, tmp_path: Path) -> None:
    app = app_of(recording, tmp_path)
    said: list[str] = []
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        app.say_why = lambda why: said.append(why.said)  # type: ignore[method-assign]
        await pilot.press(":", *"logs EX01", "enter")
        await until(pilot, lambda: said)
        assert said == [REPLAY]
        assert app.screen is app.fleet_screen


@pytest.mark.parametrize("action", sorted(NEEDS_SERVERS))
async def test_what_would_ask_somebody_says_why_not(
    recording: Recording, tmp_path: Path, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    app = app_of(recording, tmp_path)
    said: list[str] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        app.tell = lambda *lines: said.extend(plain(line).strip() for line in lines)  # type: ignore[method-assign]
        (found,) = (a for a in app.registry.actions if a.id == action)
        await pilot.press(found.keys[0])
        await until(pilot, lambda: said)
        assert said == [REPLAY]
        assert app.screen is app.fleet_screen
        assert app.why_not(app.screen)[action].told == f"replay: {REPLAY}"
        await app.run_action(found.method, app if found.scope == "app" else app.screen)
        assert said == [REPLAY] * 2


def test_nothing_that_needs_servers_was_forgotten() -> None:
    """Every action of a replay either moves it, or is of the screen alone, or says that it needs servers."""
    harmless = {"Find", "Keep", "Move", "Cockpit", "Replay", "Dialog", "Look", "View"}
    harmless |= {"Command line", "In the filter"}
    here = {*NEEDS_SERVERS, "pulse.open"}
    rest = [a for a in replayed(ACTIONS) if a.group not in harmless and a.id not in here]
    assert [a.id for a in rest] == []
    assert {a.id for a in ACTIONS} >= NEEDS_SERVERS
    assert not any(a.dangerous for a in replayed(ACTIONS))


def test_no_key_of_a_replay_is_taken_by_another() -> None:
    places: dict[tuple[str, str], str] = {}
    for action in replayed(ACTIONS):
        for key in action.keys:
            for scope in ("fleet", "pulse") if action.scope == "app" else (action.scope,):
                other = places.setdefault((scope, key), action.id)
                assert other == action.id or {other, action.id} == {"pulse.back", "app.quit"}
    assert len(REPLAY_ACTIONS) > 8


async def test_a_file_that_went_bad_is_a_banner(recording: Recording, tmp_path: Path) -> None:
    app = app_of(recording, tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        body = bytearray(recording.path.read_bytes())
        body[-10:] = b"0123456789"
        recording.path.write_bytes(body)
        app.replay._moments = []
        app.replay.jump(app.replay.state().end)
        await until(pilot, lambda: app.desk.lost)
        assert "cannot be read" in (app.desk.lost or "")


async def test_hostile_texts_of_a_file_do_not_reach_the_strip(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "F", "CORP", now=lambda: BEGIN)
    recorder.take(FLEETS[0])
    recorder.note("\x1b]52;c;aGk=\x07")
    recorder.close()
    app = app_of(open_recording(tmp_path / "F"), tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: "\\x1b]52" in mark(app.screen))


CASES: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {
    "replay-80x24": ((80, 24), {}),
    "replay-200x50": (SIZE, {}),
    "replay-ansi": ((80, 24), {"theme": "ansi-dark", "glyphs": ASCII}),
}


@pytest.mark.parametrize("name", CASES)
def test_picture(name: str, recording: Recording, tmp_path: Path, snap_compare: Any) -> None:
    size, settings = CASES[name]
    app = app_of(recording, tmp_path, **settings)

    async def prepare(pilot: Pilot[int]) -> None:
        app.replay.jump(BEGIN)
        app.replay.toggle_pause()
        app.replay.jump(BEGIN)
        await shown(pilot, app)
        app._moved()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)
