"""The theme that a screen starts with: ``--theme``, then the configuration, then what was chosen last."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.config.paths import paths
from cockpit.ui import first_frame, life
from cockpit.ui.terminal_app import TerminalApp
from cockpit.ui.theme_choice import Terminal, keep

CONFIGURED = '[screen]\ntheme = "high-contrast"\n'
ENVIRONMENT = '[environments.prod]\nentry_servers = ["ex01.corp.example"]\n'


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[TerminalApp]:
    """The apps that were started, none of which was drawn."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORTERM", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    apps: list[TerminalApp] = []

    def run(app: TerminalApp, *, mouse: bool = True) -> int:
        apps.append(app)
        return 0

    monkeypatch.setattr(life, "run", run)
    monkeypatch.setattr(life, "refuse", lambda _environ: None)
    monkeypatch.setattr(first_frame, "drawn", lambda _document, _wanted: nullcontext())
    return apps


@pytest.mark.parametrize("screen", ["fleet", "logs"])
@pytest.mark.parametrize(
    ("option", "configured", "name"),
    [
        ([], "", "light"),
        ([], CONFIGURED, "high-contrast"),
        (["--theme", "colour-blind"], CONFIGURED, "colour-blind"),
        (["--theme", "mine"], "", "mine"),
    ],
)
def test_what_goes_before_what(
    screen: str, option: list[str], configured: str, name: str, started: list[TerminalApp], tmp_path: Path
) -> None:
    places = paths()
    places.themes.mkdir(parents=True)
    (places.themes / "mine.toml").write_text('primary = "#5f87af"\n')
    keep(places.chosen_theme, Terminal(), "light")
    places.environments.write_text(configured + ENVIRONMENT)
    places.environments.chmod(0o600)
    log = tmp_path / "POP3.LOG"
    log.write_text("#Fields: dateTime,sessionId\n")
    command = ["logs", "view", str(log)] if screen == "logs" else []
    assert cli.main([*option, *command]) == 0
    (app,) = started
    assert app.theme == name
