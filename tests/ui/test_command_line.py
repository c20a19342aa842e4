"""The command line under an operator's fingers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from cockpit.ui.actions import ACTIONS
from cockpit.ui.app import CockpitApp
from cockpit.ui.commands import COMMANDS
from cockpit.ui.logs_app import LogsApp
from cockpit.ui.look import plain
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.history import HistoryScreen
from cockpit.ui.screens.probe import ProbeDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.widgets.commandline import CommandLine
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, cursor, go_to, on_fleet, said, shown, until
from tests.ui.log_fakes import ListDocument, entries, sessions
from tests.ui.logs_driving import Make
from tests.ui.operating import cockpit, fake, look_at
from tests.ui.recoveries import asking

pytestmark = pytest.mark.usefixtures("quick_polls")


def typed(app: CockpitApp | LogsApp) -> str:
    return app.screen.query_one(CommandLine).query_one(Input).value


def offered(app: CockpitApp | LogsApp) -> list[str]:
    pane = app.screen.query_one("#command-choices", LinesPane)
    return [plain(line).rstrip() for line in pane.source]


def told(app: CockpitApp) -> str:
    return "\n".join(plain(line) for line in app.recoveries.told)


def is_open(app: CockpitApp | LogsApp) -> bool:
    return bool(app.screen.query(CommandLine))


async def send(app: CockpitApp | LogsApp, pilot: Pilot[int], line: str) -> None:
    """Type a line and enter, as fast as a paste: no key waits for what the one before did."""
    for key in (":", *line, "\r"):
        name = {":": "colon", " ": "space", "\r": "enter", "\t": "tab", "\b": "backspace"}.get(key, key)
        app.post_message(events.Key(name, key if key.isprintable() else None))
    await pilot.pause()


async def test_it_lies_over_the_footer_and_gives_the_focus_back(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        before = [w.region for w in app.screen.query(RowsPane)]
        await pilot.press("2", ":")
        line = app.screen.query_one(CommandLine)
        assert line.region.bottom == 24
        assert not line.query_one(Input).cursor_blink
        assert [w.region for w in app.screen.query(RowsPane)] == before, "nothing else is moved"
        assert offered(app)[0].split()[0] == "filter"
        await pilot.press("escape")
        assert not is_open(app)
        assert app.screen.focused is app.fleet_screen.rows("monitors")
        await pilot.press(":", "backspace")
        assert not is_open(app)
        await pilot.press(":", "x", "backspace")
        assert is_open(app)
        await pilot.press("enter")
        assert not is_open(app), "an empty line is no command"


async def test_tab_goes_through_what_fits_and_then_on_to_its_argument(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press(":", *"re", "tab")
        assert typed(app) == "recover"
        await pilot.press("tab")
        assert typed(app) == "refresh"
        assert any(line.startswith(" ▸ refresh") for line in offered(app))
        await pilot.press("shift+tab")
        assert typed(app) == "recover"
        await pilot.press("ctrl+u", *"serv", "tab")
        assert typed(app) == "server "
        await pilot.press(*"ex", "tab", "tab")
        assert typed(app) == "server EX02"
        await pilot.press("enter")
        await until(pilot, lambda: cursor(app) == ("fleet", "dag:DAG01", "EX02"))


async def test_keys_of_a_burst_are_typed_in_their_order_and_none_is_the_screens(
    make_app: MakeApp,
) -> None:
    app = make_app(read_only=False)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await send(app, pilot, "servx\b\tEX9")
        await until(pilot, lambda: is_open(app) and "there is no" in "".join(offered(app)))
        assert typed(app) == "server EX9"
        assert on_fleet(app)
        assert not app.fleet_screen.filter.active
        await pilot.press("escape")
        await send(app, pilot, "faults-only")
        await until(pilot, lambda: app.fleet_screen.filter.faults_only)


async def test_in_a_dialog_there_is_none(make_app: MakeApp) -> None:
    app = make_app(read_only=False, recovery=made.factory(fake(asking())))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        await pilot.press("p", ":")
        await pilot.pause()
        assert isinstance(app.screen, ProbeDialog)
        assert not is_open(app)


async def test_commands_go_and_filter_from_wherever_one_is(make_app: MakeApp) -> None:
    async with cockpit(make_app, fake(asking()), size=SIZE) as (app, pilot):
        await look_at(app, pilot)
        await send(app, pilot, "monitor PopProxyTestMonitor")
        await until(pilot, lambda: on_fleet(app) and (cursor(app) or ("",))[4:5] == ("PopProxyTestMonitor",))
        await send(app, pilot, "set POP.Protocol")
        await until(pilot, lambda: (cursor(app) or ("",))[3:] == ("POP.Protocol",))
        await send(app, pilot, "filter popctp")
        await until(pilot, lambda: app.fleet_screen.filter.text == "popctp")
        await send(app, pilot, "run 4f2a")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.view is not None)
        await send(app, pilot, "history")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        await send(app, pilot, "filter ex09")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen) and app.screen.filter == "ex09")
        await send(app, pilot, "server EX05")
        await until(pilot, lambda: on_fleet(app) and cursor(app) == ("fleet", "dag:DAG02", "EX05"))


async def test_it_says_what_it_knows(make_app: MakeApp) -> None:
    app = make_app(read_only=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await send(app, pilot, "env")
        await until(pilot, lambda: "CORP" in told(app))
        assert r"CORP\svc-pop, read-only; asks ex01.corp.example." in told(app)
        assert "24 servers, each read every" in told(app)
        await send(app, pilot, "help logging")
        await until(pilot, lambda: "logging (l)" in told(app))
        assert "read-only: start with --write" in told(app)
        await send(app, pilot, "help")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_what_cannot_be_used_now_says_why_and_does_nothing(make_app: MakeApp) -> None:
    app = make_app(read_only=True)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press(":", *"logging")
        await until(pilot, lambda: "read-only: start with --write" in "\n".join(offered(app)))
        await pilot.press("enter")
        await until(pilot, lambda: "read-only: start with --write" in told(app))
        assert on_fleet(app)
        assert "without a journal" not in told(app), "one reason is enough"
        await send(app, pilot, "stop-waiting")
        await until(pilot, lambda: "No probe is being waited for here." in told(app))
        await send(app, pilot, "nonsense")
        await until(pilot, lambda: is_open(app) and "There is no command 'nonsense'" in offered(app)[0])


async def test_a_theme_is_switched_and_painted(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        tree = app.fleet_screen.rows("tree")
        before = tree.render_line(3)
        await send(app, pilot, "theme light")
        await until(pilot, lambda: app.theme == "light")
        await pilot.pause()
        assert tree.render_line(3) != before
        assert tree.render_line(3).text == before.text


async def test_it_works_where_there_are_only_logs(make: Make) -> None:
    app = make(ListDocument(entries(sessions(6))))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.logs_screen.lines_pane.rows)
        await pilot.press(":")
        names = {line.split()[0] for line in offered(app)}
        assert "filter" in names
        assert "server" not in names, "there is no fleet"
        await pilot.press(*"filter nobody", "enter")
        await until(pilot, lambda: app.logs_screen.board.lens.needle is not None)
        await send(app, pilot, "env")
        await until(pilot, lambda: [n for n in app._notifications if "these are files" in str(n.message)])


# --- what was typed before -----------------------------------------------------------------------


async def run_once(make_app: MakeApp, file: Path, *lines: str, **more: Any) -> None:
    app = make_app(commands_file=file, **more)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        for line in lines:
            await send(app, pilot, line)
        await until(pilot, lambda: not is_open(app))


async def test_it_remembers_across_restarts_also_the_last_line_before_the_end(
    make_app: MakeApp, tmp_path: Path
) -> None:
    file = tmp_path / "state" / "commands"
    await run_once(make_app, file, "faults-only", "filter  Password: hunter2", "quit")
    assert file.read_text() == "faults-only\nquit\n"
    app = make_app(commands_file=file)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press(":")
        await until(pilot, lambda: app._history is not None and app._history.lines)
        await pilot.press("f", "up")
        assert typed(app) == "quit"
        await pilot.press("up", "up")
        assert typed(app) == "faults-only"
        assert any("faults-only" in line for line in offered(app)), "the choices are for what stands there"
        await pilot.press("down", "down")
        assert typed(app) == "f"
        await pilot.press("up", "up", "enter")
        await until(pilot, lambda: app.fleet_screen.filter.faults_only)
    assert file.read_text() == "quit\nfaults-only\n"


async def test_what_was_not_understood_is_not_remembered(make_app: MakeApp, tmp_path: Path) -> None:
    file = tmp_path / "commands"
    app = make_app(commands_file=file)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await send(app, pilot, "hunter2-pasted-here")
        await until(pilot, lambda: is_open(app) and "no command" in offered(app)[0])
    assert not file.exists()


async def test_a_hostile_file_is_neither_shown_nor_an_end(make_app: MakeApp, tmp_path: Path) -> None:
    file = tmp_path / "commands"
    file.write_bytes(b"filter \x1b]52;c;QQ==\x07\nfaults-only\nfilter \xff\n")
    app = make_app(commands_file=file)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press(":")
        await until(pilot, lambda: app._history is not None and app._history.lines)
        await pilot.press("up")
        assert typed(app) == "faults-only"
        await pilot.press("up")
        assert typed(app) == "faults-only"
    link = tmp_path / "link"
    link.symlink_to(file)
    app = make_app(commands_file=link)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app)
        await pilot.press(":")
        await until(pilot, lambda: [n for n in app._notifications if str(link) in str(n.message)])
        await pilot.press("escape")
        await send(app, pilot, "faults-only")
        await until(pilot, lambda: app.fleet_screen.filter.faults_only)
        assert len(app._notifications) == 1, "said once"
    assert link.is_symlink()


def test_every_command_is_carried_out_by_somebody() -> None:
    from cockpit.ui.screens.fleet import FleetScreen
    from cockpit.ui.screens.logs import LogsScreen

    owners = (CockpitApp, LogsApp, FleetScreen, HistoryScreen, LogsScreen)
    assert len({c.name for c in COMMANDS}) == len(COMMANDS)
    for command in COMMANDS:
        assert any(hasattr(owner, command.method) for owner in owners), command.name
    names = {a.id.rpartition(".")[2] for a in ACTIONS}
    assert {c.name for c in COMMANDS if c.optional} <= names


async def test_a_click_takes_a_choice_and_a_second_one_runs_it(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press(":", *"faul")
        await pilot.click("#command-choices", offset=(5, 0))
        await until(pilot, lambda: typed(app) == "faults-only")
        await pilot.click("#command-choices", offset=(5, 0))
        await until(pilot, lambda: app.fleet_screen.filter.faults_only)
        assert said(app, "keys")
