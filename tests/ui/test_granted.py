"""What RBAC keeps an operator from is shown where it would be done, with the reason; and who answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from cockpit.exchange.grants import USED, Grants
from cockpit.exchange.routing import Route
from cockpit.fleet.messages import RunProbe
from cockpit.fleet.snapshot import FleetSnapshot, Problem, Reach
from cockpit.ui.granted import NEEDS
from cockpit.ui.look import plain
from cockpit.ui.palette import ActionProvider, CockpitPalette
from cockpit.ui.screens.help import help_lines
from cockpit.ui.screens.probe import ProbeDialog
from cockpit.ui.widgets.bars import KeyBar
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, feed_of, go_to, rows, said, shown, status_line, until
from tests.ui.operating import fake


def granted(*without: str) -> Grants:
    """Everything of ours but that: cmdlets, or ``Cmdlet -Parameter``."""
    hidden = {name for name in without if " -" not in name}
    cut = {tuple(name.split(" -")) for name in without if " -" in name}
    return Grants(
        True,
        {
            name.lower(): tuple(p.lower() for p in used if (name, p) not in cut)
            for name, used in USED.items()
            if name not in hidden
        },
    )


def fleet_with(grants: Grants, **servers: Any) -> FleetSnapshot:
    demo = fleets.demo_fleet()
    changed = {n: replace(demo.servers[n], **c) for n, c in servers.items()}
    return replace(demo, servers={**demo.servers, **changed}, status=replace(demo.status, grants=grants))


def footer(app: Any) -> str:
    return plain(app.fleet_screen.query_one("#keys", KeyBar).source[0])


async def test_a_key_without_its_right_says_why_and_does_nothing(make_app: MakeApp) -> None:
    grants = granted("Invoke-MonitoringProbe", "Set-PopSettings -ProtocolLogEnabled")
    app = make_app(fleet_with(grants), read_only=False, recovery=made.factory(fake(made.ended())))
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        assert "p probe (not granted)" in footer(app)
        assert "l log (not granted)" in footer(app)
        assert "r recover (" not in footer(app), "a plan only reads, and a person may do what we may not"
        await pilot.press("p")
        why = "Invoke-MonitoringProbe is not granted to this account: ask for a management role"
        assert why in status_line(app)
        await pilot.press("l")
        assert "Set-PopSettings -ProtocolLogEnabled is not granted" in status_line(app)
        await pilot.pause()
        assert app.screen is app.fleet_screen
        assert not [c for c in feed_of(app).commands if isinstance(c, RunProbe)]


async def test_a_right_that_comes_later_gives_the_key_back(make_app: MakeApp) -> None:
    app = make_app(fleet_with(granted("Invoke-MonitoringProbe")), read_only=False)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        assert "p probe (not granted)" in footer(app)
        feed_of(app).show(fleet_with(granted()))
        await until(pilot, lambda: "p probe  " in footer(app))
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ProbeDialog))


@pytest.mark.parametrize("grants", [Grants(), granted("Get-Mailbox")], ids=["unknown", "another"])
async def test_what_nobody_knows_or_needs_takes_no_key_away(make_app: MakeApp, grants: Grants) -> None:
    app = make_app(fleet_with(grants), read_only=False)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "PopCTPMonitor")
        assert "not granted" not in footer(app)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ProbeDialog))


async def test_help_and_palette_tell_it_too(make_app: MakeApp) -> None:
    app = make_app(fleet_with(granted("Invoke-MonitoringProbe")), read_only=False)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        lines = "\n".join(plain(x) for x in help_lines(app.registry, "fleet", app.why_not(app.screen)))
        assert "not granted: Invoke-MonitoringProbe is not granted to this account" in lines
        assert lines.count("not granted:") == 1
        hits = [hit async for hit in _hits(app, pilot)]
        told = {str(hit.display): hit.help for hit in hits}
        (probe,) = [words for title, words in told.items() if title.startswith("Act: probe")]
        assert probe is not None
        assert probe.startswith("not granted: Invoke-MonitoringProbe is not granted")


async def _hits(app: Any, pilot: Pilot[int]) -> Any:
    await pilot.press("ctrl+p")
    await until(pilot, lambda: isinstance(app.screen, CockpitPalette))
    await pilot.press("escape")
    await until(pilot, lambda: app.screen is app.fleet_screen)
    async for hit in ActionProvider(app.fleet_screen).discover():
        yield hit


def test_every_action_named_here_is_one_of_the_registry() -> None:
    from cockpit.ui.actions import ACTIONS

    assert set(NEEDS) <= {a.id for a in ACTIONS}
    for cmdlet, parameters in NEEDS.values():
        assert set(parameters) <= set(USED[cmdlet])


async def test_a_server_that_may_not_be_read_has_a_word_of_its_own(make_app: MakeApp) -> None:
    denied = Problem("Get-ServerHealth is not available", "not recognized", "Ask for a role.", denied=True)
    never = {"last_success": None, "monitors": (), "readings": (), "problem": denied}
    fleet = fleet_with(granted("Get-ServerHealth"), EX01={**never, "reach": Reach.NOT_GRANTED})
    app = make_app(fleet)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "EX01")
        assert any("§ not granted" in row and "EX01" in row for row in rows(app, "tree"))
        assert "This account may not read the server's health (RBAC)" in said(app, "verdict")
        side = said(app, "side")
        assert "Connection     not granted" in side
        assert "Not granted    Get-ServerHealth" in side
        assert "Ask for a role." in side
        assert "unreachable" not in side


async def test_who_answered_is_told_where_it_was_somebody_else(make_app: MakeApp) -> None:
    fleet = fleet_with(granted(), EX01={"route": Route("EX01", "EX02.corp.example", "MBX2013-01")})
    app = make_app(fleet)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app)
        await go_to(pilot, app, "EX01")
        assert (
            "Answered by    dialled EX01; EX02.corp.example took it; MBX2013-01 ran it, Exchange 2013"
            in said(app, "side")
        )
        await go_to(pilot, app, "EX02")
        assert "Answered by    dialled" not in said(app, "side")
