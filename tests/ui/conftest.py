"""The same terminal for every UI test, whatever the machine's is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.fleet.snapshot import FleetSnapshot
from cockpit.ui import recoveries
from cockpit.ui.app import CockpitApp
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.logs import LogsWanted, Opened
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.look import UNICODE
from cockpit.ui.screens import logs_feed, logs_hunting
from tests.ui import fleets
from tests.ui.log_fakes import NOW
from tests.ui.logs_driving import FILES, Make

MakeApp = Callable[..., CockpitApp]


@pytest.fixture(autouse=True)
def same_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    for name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "TMUX",
        "TEXTUAL_THEME",
        "TEXTUAL_COLOR_SYSTEM",
        "COLUMNS",
        "LINES",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is looked at far more often than an operator needs."""
    monkeypatch.setattr(recoveries, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(recoveries, "IDLE_POLL_SECONDS", 0.05)


@pytest.fixture
def make_app(tmp_path: Path) -> MakeApp:
    """A cockpit on a FakeFeed (``feed_of(app)``) with the demo fleet, at a fixed time."""

    def make(
        snapshot: FleetSnapshot | None = None,
        *,
        nothing: bool = False,
        read_only: bool = True,
        warning: str = "",
        colour: str = "",
        **more: Any,
    ) -> CockpitApp:
        first = None if nothing else snapshot or fleets.demo_fleet()
        badge = EnvironmentBadge("CORP", r"CORP\svc-pop", read_only, "ex01.corp.example", warning, colour)
        settings: dict[str, Any] = {
            "crash_dir": tmp_path,
            "theme": "dark",
            "now": lambda: fleets.NOW,
            "glyphs": UNICODE,
            **more,
        }
        feed = settings.pop("feed", None) or fleets.FakeFeed(first)
        return CockpitApp(feed, badge, **settings)

    return make


@pytest.fixture
def quick_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Logs screen draws at once and waits for nothing."""
    monkeypatch.setattr(logs_feed, "DRAW_SECONDS", 0.02)
    monkeypatch.setattr(logs_hunting, "TELL_AFTER", 0.01)
    monkeypatch.setattr(logs_hunting, "SESSION_DELAY", 0.01)


@pytest.fixture
def make(tmp_path: Path, quick_logs: None) -> Make:
    """A program of nothing but logs; ``opened``: what is opened, or what opening it raises."""

    def made(opened: Opened | Exception, wanted: LogsWanted = FILES, **more: Any) -> LogsApp:
        def open_logs(_: LogsWanted) -> Opened:
            if isinstance(opened, Exception):
                raise opened
            return opened

        settings: dict[str, Any] = {"glyphs": UNICODE, "theme": "dark", "now": lambda: NOW, **more}
        return LogsApp(wanted, open_logs, crash_dir=tmp_path, **settings)

    return made
