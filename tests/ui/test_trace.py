"""``x`` on a probe's result: the evidence, what it comes to, and the way to the server."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from cockpit.poplog.correlate import Clock
from cockpit.poplog.evidence import Evidence, Kind, ProbeRun, Strength
from cockpit.poplog.trace import Sureness, Trace
from cockpit.recovery.client import RefusedError
from cockpit.ui.app import CockpitApp
from cockpit.ui.look import ASCII, UNICODE, plain
from cockpit.ui.screens.trace import TraceScreen
from cockpit.ui.widgets.bars import Banner
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import cursor, go_to, on_fleet, said, shown, status_line, until
from tests.ui.recoveries import FakeRecovery

FRONT_LINE = (
    "2026-11-23T03:03:41.100Z,00000000000001A7,2,10.0.0.1:995,127.0.0.1:50002,HealthMailbox0f3a,205,48,24,"
    'pass,*****,"R=ok;Msg=""Proxy:EX05.corp.example:1995:SSL;ProxySuccess"""'
)


def trace(named: str = "EX05", sureness: Sureness = Sureness.CERTAIN, *against: str) -> Trace:
    at = fleets.SERVER_NOW - timedelta(minutes=2)
    ran = ProbeRun(
        "POP\\PopCTPProbe", "EX01", at, at + timedelta(seconds=6), "Failed", "", "HealthMailbox0f3a"
    )
    mine, theirs = Clock("EX01", -420.2, 0.2), Clock("EX05", 61.4, 0.3)
    evidence = (
        Evidence(Kind.PROBE, "StateAttribute4 of POP\\PopCTPProbe on EX01", "It is empty.", Strength.SILENT),
        Evidence(
            Kind.FRONT_LOG,
            "the front end's log of EX01: POP32026112303-1.LOG in C:\\Logs\\Pop3",
            "Session 00000000000001A7 of HealthMailbox0f3a, proxied to EX05.corp.example port 1995.",
            Strength.NAMES,
            "EX05.corp.example",
            mine,
            (FRONT_LINE,),
        ),
        Evidence(
            Kind.BACK_LOG,
            "the back end's log of EX05",
            "EX05 does not run scripts for us.",
            Strength.MISSING,
            "EX05",
            theirs,
        ),
        Evidence(
            Kind.MAILBOX,
            "the database of HealthMailbox0f3a",
            "DB07 is active on EX05 now.",
            Strength.NAMES,
            "EX05",
        ),
        Evidence(
            Kind.HEALTH, "Get-ServerHealth 'EX05'", "PopDeepTestMonitor Unhealthy.", Strength.SHOWS, "EX05"
        ),
    )
    reason = "The front-end log names it, and the probe's mailbox is active there."
    return Trace(ran, evidence, named, sureness, reason, against)


UNTOLD = replace(
    trace("", Sureness.CANNOT_TELL),
    reason="Neither the probe, nor a log, nor its mailbox names a mailbox server.",
)


@asynccontextmanager
async def cockpit(
    make_app: MakeApp, *traces: Trace, monitor: str = "PopCTPMonitor", **more: Any
) -> AsyncIterator[tuple[CockpitApp, Pilot[int], FakeRecovery]]:
    recovery = more.pop("recovery", None) or FakeRecovery(traces=list(traces))
    app = make_app(recovery=made.factory(recovery), **more)
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, monitor)
        yield app, pilot, recovery


def verdict(app: CockpitApp) -> str:
    return "\n".join(plain(line) for line in app.screen.query_one("#stands", Banner).source)


def pieces(app: CockpitApp) -> list[str]:
    return ["|".join(plain(c).strip() for c in r.cells) for r in app.screen.query_one("#plan", RowsPane).rows]


def piece(app: CockpitApp) -> str:
    return "\n".join(plain(line) for line in app.screen.query_one("#step", LinesPane).source)


async def traced(pilot: Pilot[int], app: CockpitApp) -> TraceScreen:
    await pilot.press("x")
    await until(pilot, lambda: isinstance(app.screen, TraceScreen) and app.screen.trace is not None)
    await until(pilot, lambda: pieces(app))
    assert isinstance(app.screen, TraceScreen)
    return app.screen


async def test_the_evidence_and_what_it_comes_to(make_app: MakeApp) -> None:
    async with cockpit(make_app, trace()) as (app, pilot, recovery):
        assert "x finds the mailbox server behind it" in said(app, "probe")
        await traced(pilot, app)
        assert recovery.asked("trace") == [("trace", "EX01", "POP\\PopCTPProbe", "Failed")]
        assert "EX05 certain  The front-end log names it" in verdict(app)
        assert "enter goes there" in verdict(app)
        assert pieces(app) == [
            "probe result|tells nothing||",
            "front-end log|names|EX05.corp.example|-420.2 s",
            "back-end log|missing|EX05|+61.4 s",
            "mailbox database|names|EX05|",
            "health|shows|EX05|",
        ]
        assert "It is empty." in piece(app)
        await pilot.press("j")
        await until(pilot, lambda: FRONT_LINE in piece(app))
        assert "its clock is 420.2 s behind ours (±0.2 s)." in piece(app)


async def test_enter_goes_to_the_server(make_app: MakeApp) -> None:
    async with cockpit(make_app, trace()) as (app, pilot, _):
        await traced(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: on_fleet(app) and (cursor(app) or ("",))[-1] == "EX05")
        assert app.fleet_screen.query_one("#tree", RowsPane).has_focus


async def test_a_server_that_a_filter_hides_is_gone_to_all_the_same(make_app: MakeApp) -> None:
    async with cockpit(make_app, trace()) as (app, pilot, _):
        await pilot.press("f")
        await pilot.pause()
        await go_to(pilot, app, "PopCTPMonitor")
        await traced(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: on_fleet(app) and (cursor(app) or ("",))[-1] == "EX05")
        assert not app.fleet_screen.filter.active


async def test_a_server_that_is_not_in_the_tree_is_said(make_app: MakeApp) -> None:
    async with cockpit(make_app, trace("ELSEWHERE")) as (app, pilot, _):
        before = cursor(app)
        await traced(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: on_fleet(app) and list(app._notifications))
        assert "ELSEWHERE is not in the fleet's tree." in [n.message for n in app._notifications]
        assert cursor(app) == before


async def test_what_cannot_be_told_leads_nowhere(make_app: MakeApp) -> None:
    async with cockpit(make_app, UNTOLD) as (app, pilot, _):
        screen = await traced(pilot, app)
        assert "CANNOT TELL  Neither the probe" in verdict(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is screen
        await pilot.press("q")
        await until(pilot, lambda: on_fleet(app))


async def test_contradictions_are_seen(make_app: MakeApp) -> None:
    words = "The back-end log of EX05 shows no such session."
    async with cockpit(make_app, trace("EX05", Sureness.LIKELY, words)) as (app, pilot, _):
        await traced(pilot, app)
        assert "EX05 likely" in verdict(app)
        assert words in verdict(app)


async def test_a_refusal_is_said_and_it_can_be_looked_again(make_app: MakeApp) -> None:
    recovery = FakeRecovery(traces=[trace()])
    recovery.refuse["trace"] = RefusedError("The trace", "EX01 cannot be reached", "See whether it is up.")
    async with cockpit(make_app, recovery=recovery) as (app, pilot, _):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, TraceScreen) and app.screen.failed)
        await until(pilot, lambda: "No trace: see below. R looks again." in verdict(app))
        assert pieces(app) == []
        recovery.refuse.clear()
        await pilot.press("R")
        await until(pilot, lambda: "EX05 certain" in verdict(app))


async def test_a_trace_that_comes_late_goes_to_its_own_screen(make_app: MakeApp) -> None:
    """Left while it was looked at, and opened anew: the first answer is nobody's."""
    gate = threading.Event()
    recovery = FakeRecovery(traces=[trace()], gate=gate)
    async with cockpit(make_app, recovery=recovery) as (app, pilot, _):
        await pilot.press("x")
        await until(pilot, lambda: recovery.asked("trace"))
        assert "Looking at logs and mailbox." in verdict(app)
        await pilot.press("q")
        await until(pilot, lambda: on_fleet(app))
        gate.set()
        await traced(pilot, app)
        assert len(recovery.asked("trace")) == 2


@pytest.mark.parametrize(
    ("monitor", "words"),
    [
        ("AverageCommandProcessingTimeGt60sMonitor", "No probe is selected"),
        ("PopDeepTestMonitor", "has no result here yet: p runs it."),
    ],
)
async def test_without_a_result_there_is_nothing_to_trace(
    make_app: MakeApp, monitor: str, words: str
) -> None:
    async with cockpit(make_app, trace()) as (app, pilot, recovery):
        await go_to(pilot, app, monitor)
        await pilot.press("x")
        await until(pilot, lambda: words in status_line(app))
        assert on_fleet(app)
        assert recovery.asked("trace") == []


async def test_without_a_journal_it_is_said(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        assert "finds the mailbox server" not in said(app, "probe")
        await pilot.press("x")
        await until(pilot, lambda: "without a journal" in status_line(app))
        assert on_fleet(app)


async def test_the_saved_view_has_every_piece(make_app: MakeApp, tmp_path: Any) -> None:
    async with cockpit(make_app, trace()) as (app, pilot, _):
        screen = await traced(pilot, app)
        text = screen.view_text()
        assert FRONT_LINE in text
        assert "DB07 is active on EX05 now." in text


@pytest.mark.parametrize(
    ("name", "size"),
    [("wide", (120, 34)), ("narrow", (80, 24)), ("untold", (120, 34)), ("ascii", (100, 30))],
    ids=["wide", "narrow", "untold", "ascii"],
)
def test_pictures(name: str, size: tuple[int, int], make_app: MakeApp, snap_compare: Any) -> None:
    words = "The back-end log of EX05 shows no such session."
    shown_trace = UNTOLD if name == "untold" else trace("EX05", Sureness.LIKELY, words)
    recovery = FakeRecovery(traces=[shown_trace])
    ascii_ = name == "ascii"
    app = make_app(
        recovery=made.factory(recovery),
        theme="ansi-dark" if ascii_ else "dark",
        glyphs=ASCII if ascii_ else UNICODE,
    )

    async def prepare(pilot: Pilot[int]) -> None:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        await until(pilot, lambda: app.recoveries.standing is not None)
        await traced(pilot, app)
        await pilot.press("j")
        await until(pilot, lambda: FRONT_LINE in piece(app))
        for _ in range(5):
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)
