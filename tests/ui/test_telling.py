"""The cockpit tells of changes: what really leaves for the terminal and the hook, and when nothing does."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.environment import Environment, RecoverySettings, Window
from cockpit.config.notify import NotifySettings
from cockpit.ui import app as app_module
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import plain
from cockpit.ui.telling import Telling
from cockpit.ui.widgets.environment import EnvironmentStrip
from tests.support.processes import Home
from tests.support.terminal import Terminal, terminal
from tests.support.waiting import eventually
from tests.ui import fleets
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, feed_of, shown, until

WELL, SICK = ("Healthy", 1.0), ("Unhealthy", 1.0)


def picture(**states: tuple[str, float]) -> Any:
    return fleets.fleet_of(
        *(fleets.server(name, dag="DAG01", alerts={"PopCTPMonitor": alert}) for name, alert in states.items())
    )


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What leaves for the terminal beside what Textual draws."""
    found: list[str] = []
    monkeypatch.setattr(app_module, "write_to_terminal", lambda _, data: found.append(data))
    return found


def tell(app: CockpitApp) -> None:
    """What the app does every few seconds."""
    app._tell()


def mark(app: CockpitApp) -> str:
    """What the strip on top of the screen says."""
    return "".join(plain(line).strip() for line in app.screen.query_one(EnvironmentStrip).source)


MakeTelling = Callable[..., CockpitApp]


@pytest.fixture
def telling(make_app: MakeApp, tmp_path: Path) -> MakeTelling:
    """A cockpit on two healthy servers that tells; ``clock``: how many seconds later it is."""

    def made(clock: list[float] | None = None, windows: tuple[Window, ...] = (), **notify: Any) -> CockpitApp:
        later = clock if clock is not None else [0.0]
        environment = Environment(
            name="CORP",
            entry_servers=("ex01",),
            recovery=RecoverySettings(maintenance_windows=windows),
            notify=NotifySettings(**{"bell": True, "osc": "777", **notify}),
        )
        now = lambda: fleets.NOW + timedelta(seconds=later[0])  # noqa: E731
        tell = Telling(environment, now, tmp_path / "hook.log", {"TERM": "xterm-256color", **os.environ})
        return make_app(picture(EX01=WELL, EX02=WELL), now=now, telling=lambda: tell)

    return made


async def test_a_change_rings_and_is_shown_and_the_first_picture_is_none(
    telling: MakeTelling, sent: list[str]
) -> None:
    app = telling()
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        assert sent == []
        feed_of(app).show(picture(EX01=SICK, EX02=WELL))
        await until(pilot, lambda: sent)
        feed_of(app).show(picture(EX01=WELL, EX02=WELL))
        await until(pilot, lambda: len(sent) == 2)
    ill = "EX01 is Unhealthy (was Healthy): PopCTPMonitor"
    assert sent == [
        f"\a\x1b]777;notify;POP cockpit;{ill}\a",
        "\a\x1b]777;notify;POP cockpit;EX01 is Healthy (was Unhealthy)\a",
    ]


async def test_a_bell_for_all_that_comes_together(telling: MakeTelling, sent: list[str]) -> None:
    app = telling(osc="none")
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed_of(app).show(picture(EX01=SICK, EX02=SICK))
        await until(pilot, lambda: sent)
    assert sent == ["\a"]


async def test_a_collector_that_ended_is_told_and_what_it_missed(
    telling: MakeTelling, sent: list[str]
) -> None:
    clock = [0.0]
    app = telling(clock, bell=False)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed = feed_of(app)
        feed.first = None
        feed.lose("killed by signal 9; \x1b]0;owned\a")
        await until(pilot, lambda: sent)
        await pilot.press("R")
        await until(pilot, lambda: feed.starts == 2)
        tell(app)
        assert len(sent) == 1, "one that was started has not told anything yet"
        clock[0] = 60.0
        back = fleets.server("EX01", dag="DAG01", alerts={"PopCTPMonitor": SICK})
        feed.show(fleets.fleet_of(replace(back, last_attempt=fleets.NOW + timedelta(seconds=60))))
        await until(pilot, lambda: len(sent) == 2)
    first = sent[0].removeprefix("\x1b]777;notify;POP cockpit;").removesuffix("\a")
    assert first == ("The organization is unreachable (was readable): killed by signal 9, \\x1b]0,owned\\x07")
    ill = "EX01 is Unhealthy (was Healthy): PopCTPMonitor"
    assert sent[1] == (
        f"\x1b]777;notify;POP cockpit;{ill}\a"
        "\x1b]777;notify;POP cockpit;The organization is readable (was unreachable)\a"
    )


async def test_quiet_for_an_hour_and_told_afterwards(telling: MakeTelling, sent: list[str]) -> None:
    clock = [0.0]
    app = telling(clock, osc="none")
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("Q")
        feed_of(app).show(picture(EX01=SICK, EX02=WELL))
        await until(pilot, lambda: app.desk.snapshot.seq == 2)
        assert sent == []
        assert [n.message.partition(" until ")[0] for n in app._notifications] == ["Quiet"]
        end = f"{fleets.NOW.astimezone() + timedelta(hours=1):%H:%M}"
        assert mark(app) == f"QUIET until {end}  CORP"
        clock[0] = 3599.0
        tell(app)
        assert sent == []
        assert mark(app).startswith("QUIET")
        clock[0] = 3600.0
        tell(app)
        assert sent == ["\a"]
        assert mark(app) == ""


async def test_quiet_is_over_when_it_is_pressed_again(telling: MakeTelling, sent: list[str]) -> None:
    app = telling(osc="none")
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await pilot.press("Q")
        feed_of(app).show(picture(EX01=SICK, EX02=WELL))
        await until(pilot, lambda: app.desk.snapshot.seq == 2)
        assert mark(app).startswith("QUIET")
        await pilot.press("Q")
        assert mark(app) == ""
        tell(app)
        assert sent == ["\a"]


@pytest.mark.parametrize("quiet", [True, False])
async def test_a_maintenance_window_is_quiet(telling: MakeTelling, sent: list[str], quiet: bool) -> None:
    app = telling(windows=(Window(),), osc="none", quiet_in_maintenance=quiet)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed_of(app).show(picture(EX01=SICK, EX02=WELL))
        await until(pilot, lambda: app.desk.snapshot.seq == 2)
        assert sent == ([] if quiet else ["\a"])


async def test_a_cockpit_that_tells_nobody_says_so(telling: MakeTelling, sent: list[str]) -> None:
    app = telling(bell=False, osc="none")
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed_of(app).show(picture(EX01=SICK, EX02=SICK))
        await pilot.press("Q")
        await until(pilot, lambda: app._notifications)
        (said,) = (n.message for n in app._notifications)
    assert said == "Nothing is told here: [notify] of the environment has no bell, no osc and no hook."
    assert sent == []


async def test_a_hook_that_fails_is_one_notice_on_the_screen(
    telling: MakeTelling, sent: list[str], tmp_path: Path
) -> None:
    app = telling(bell=False, osc="none", hook=("/no/such/[bold]program",))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        feed_of(app).show(picture(EX01=SICK, EX02=SICK))
        await until(pilot, lambda: app._notifications)
        (notice,) = app._notifications
    assert notice.message.startswith("The hook /no/such/[bold]program failed: it cannot be run: No such file")
    assert notice.severity == "warning"
    assert len((tmp_path / "hook.log").read_text().splitlines()) == 2


# On a real terminal

HOSTILE = "EX01;\x1b]0;owned\x07\x9d4;1;50\x1b\\"


@contextmanager
def program(folder: Path, name: str, notify: dict[str, Any], **environ: str) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "tests.ui.telling_in_a_pty", str(folder), json.dumps(notify), name]
    with terminal(command, Home(folder).environ(**environ), 120, 40) as term:
        term.wait("DAG01", 15)
        yield term


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def step(term: Terminal, told: bytes) -> None:
    """The next picture, and what it makes the program write."""
    before = term.raw.count(told)
    term.signal(signal.SIGUSR1)
    eventually(lambda: term.raw.count(told) > before, 10, repr(told))


def test_on_a_terminal_the_bytes_leave_and_the_hook_is_run(tmp_path: Path) -> None:
    hook = tmp_path / "hook.sh"
    hook.write_text(f'#!/bin/sh\ncat >> {tmp_path}/told\necho "$POP_COCKPIT_SERVER" > {tmp_path}/server\n')
    hook.chmod(0o755)
    with program(tmp_path, "EX01", {"bell": True, "osc": "9", "hook": [str(hook)]}) as term:
        assert b"\x1b]9;" not in term.raw
        step(term, b"\a\x1b]9;POP cockpit: EX01 is Unhealthy (was Healthy): PopCTPMonitor\a")
        step(term, b"\a\x1b]9;POP cockpit: EX01 is Healthy (was Unhealthy)\a")
        lines = eventually(lambda: read(tmp_path / "told"), 8, "what was told")
        term.press("q")
        assert term.exit_code() == 0
    assert json.loads(lines.splitlines()[0])["changes"][0]["after"] == "Unhealthy"
    assert (tmp_path / "server").read_text() == "EX01\n"
    assert b"\x1bP" not in term.said(), "no device control string where there is no tmux"


@pytest.mark.parametrize("environ", [{}, {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}])
def test_no_name_of_a_server_breaks_out_of_a_notification(tmp_path: Path, environ: dict[str, str]) -> None:
    """Names are cleaned where they enter; here one comes that was not."""
    with program(tmp_path, HOSTILE, {"osc": "777"}, **environ) as term:
        step(term, b"is Unhealthy (was Healthy)")
        term.press("q")
        assert term.exit_code() == 0
        raw = term.said()
    shown = (
        rb"POP cockpit;EX01,\\x1b\]0,owned\\x07\\x9d4,1,50\\x1b\\ is Unhealthy \(was Healthy\): PopCTPMonitor"
    )
    wanted = rb"\x1b\]777;notify;" + shown + rb"\x07"
    if environ:
        wanted = rb"\x1bPtmux;\x1b" + wanted + rb"\x1b\\"
    assert len(re.findall(wanted, raw)) == 1
    assert len(re.findall(rb"\x1b\]777", raw)) == 1
    assert bool(environ) is (b"\x1bP" in raw)


def test_a_hook_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    hook = tmp_path / "hook.sh"
    hook.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nsleep 61\n")
    hook.chmod(0o755)
    with program(tmp_path, "EX01", {"bell": True, "hook": [str(hook)], "hook_seconds": 60}) as term:
        step(term, b"\a")
        pid = int(eventually(lambda: read(tmp_path / "pid"), 8, "a hook"))
        term.press("?")
        term.wait("Cockpit", 5)
        term.press("q", "q")
        assert term.exit_code(5) == 0
    eventually(lambda: not Path(f"/proc/{pid}").exists(), 5, "an end of the hook")
