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
from cockpit.ui.look import UNICODE
from tests.ui import fleets

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
        snapshot: FleetSnapshot | None = None, *, nothing: bool = False, read_only: bool = True, **more: Any
    ) -> CockpitApp:
        first = None if nothing else snapshot or fleets.demo_fleet()
        badge = EnvironmentBadge("CORP", r"CORP\svc-pop", read_only, "ex01.corp.example", "TLS not verified")
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
