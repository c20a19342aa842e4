"""Pictures of the Logs screen. Frozen: time, theme, size, terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from cockpit.poplog.document import Entry
from cockpit.poplog.feed import Batch, Happened, Notice, StreamState
from cockpit.poplog.names import Writer
from cockpit.ui.logs import Live, LogsWanted, Opened
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.look import ASCII, UNICODE
from tests.ui.driving import until
from tests.ui.log_fakes import NOW, START, FakeLogFeed, ListDocument, entries, raw, sessions

SIZES = {"80x24": (80, 24), "200x50": (200, 50)}
HOSTILE = [
    raw(START, 901, 0, "\x1b[31mred\x1b]0;owned\x07", "user", "[b]bold[/b]"),
    raw(START, 902, 0, "日本語ユーザー名前長い名前", "user", "e\u0301\u0301\u0301\u0301 👍🏽 🇮🇹"),
    raw(START, 903, 0, "x\x00y", "retr", "A" * 100_000),
    b'2026-01-08T08:00:00.000Z,"open quote,1',
]
CASES: dict[str, tuple[str, ...]] = {
    "end": (),
    "session": ("k", "k", "k", "s"),
    "errors": ("e",),
    "wrapped": ("w",),
    "searched": ("slash", *"pass", "enter"),
    "nothing": ("ampersand", *"nowhere", "enter"),
    "help": ("question_mark",),
}


def two_servers() -> list[Entry]:
    front = entries(sessions(30))
    back = entries(sessions(30, first=500), "EX02", Writer.POP3BE, "POP3BE2026010808-1.LOG")
    return [entry for both in zip(front, back, strict=True) for entry in both]


def app_on(opened: Opened, wanted: LogsWanted, tmp_path: Path, **more: Any) -> LogsApp:
    settings: dict[str, Any] = {"theme": "dark", "glyphs": UNICODE, "now": lambda: NOW, **more}
    return LogsApp(wanted, lambda _: opened, crash_dir=tmp_path, **settings)


async def settled(pilot: Pilot[int], app: LogsApp) -> None:
    await until(pilot, lambda: app.logs_screen.lines_pane.rows and not app.logs_screen.hunting)
    for _ in range(5):
        await pilot.pause(0.05)


async def pressed(pilot: Pilot[int], app: LogsApp, keys: tuple[str, ...]) -> None:
    await settled(pilot, app)
    for key in keys:
        await pilot.press(key)
        await pilot.pause(0.02)
    await settled(pilot, app)
    if app.logs_screen.board.session:
        await until(pilot, lambda: app.logs_screen.session_pane.source)
        await settled(pilot, app)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", CASES)
def test_files(name: str, size: tuple[int, int], tmp_path: Path, snap_compare: Any) -> None:
    document = ListDocument(entries([*sessions(40), *HOSTILE, *sessions(2, first=950)]))
    app = app_on(document, LogsWanted(paths=(Path("POP32026010808-1.LOG"),)), tmp_path)

    async def prepare(pilot: Pilot[int]) -> None:
        await pressed(pilot, app, CASES[name])

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_two_servers_one_of_them_behind_and_one_lost(
    size: tuple[int, int], tmp_path: Path, snap_compare: Any
) -> None:
    feed = FakeLogFeed(
        Batch(
            tuple(two_servers()),
            (Notice("EX01", Writer.POP3, Happened.ROLLED_OVER, "EX01 goes on in POP32026010809-1.LOG"),),
            (
                StreamState("EX01", Writer.POP3, "POP32026010809-1.LOG", 10, 1_234_567, 0.0),
                StreamState("EX02", Writer.POP3BE, "POP3BE2026010808-1.LOG", 0, 0, 0.0, "It is silent."),
            ),
        )
    )  # fmt: skip
    app = app_on(Live(ListDocument(most=250), feed), LogsWanted(servers=("EX01", "EX02")), tmp_path)

    async def prepare(pilot: Pilot[int]) -> None:
        await pressed(pilot, app, ("k", "k"))
        feed.lines(entries(sessions(10, first=31), offset=50_000))
        await until(pilot, lambda: app.logs_screen.board.new == 50)
        await settled(pilot, app)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("theme", ["ansi-dark", "light", "high-contrast"])
def test_other_looks(theme: str, tmp_path: Path, snap_compare: Any) -> None:
    document = ListDocument(entries([*sessions(12), *HOSTILE]))
    glyphs = ASCII if theme == "ansi-dark" else UNICODE
    app = app_on(document, LogsWanted(paths=(Path("POP3.LOG"),)), tmp_path, theme=theme, glyphs=glyphs)

    async def prepare(pilot: Pilot[int]) -> None:
        await pressed(pilot, app, ("k", "k", "slash", *"pass", "enter", "s"))

    assert snap_compare(app, terminal_size=(120, 34), run_before=prepare)


def test_connecting(tmp_path: Path, snap_compare: Any) -> None:
    app = app_on(Live(ListDocument(), FakeLogFeed()), LogsWanted(servers=("EX01",)), tmp_path)
    assert snap_compare(app, terminal_size=(80, 24), run_before=lambda pilot: settled(pilot, app))
