"""The bar on every screen, the marks in Fleet, the history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.recovery.client import RefusedError
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.obligations import ObligationsScreen
from cockpit.ui.screens.run import RunScreen
from tests.ui import fleets
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import go_to, on_fleet, rows, shown, status_line, until
from tests.ui.operating import cockpit, fake, footer, look_at, text_of
from tests.ui.recoveries import ORPHAN, asking

pytestmark = pytest.mark.usefixtures("quick_polls")


async def test_the_bar_is_on_every_screen_and_gone_when_all_is_clean(make_app: MakeApp) -> None:
    recovery = fake(made.in_doubt(), ORPHAN)
    recovery.past = ()
    async with cockpit(make_app, recovery, size=(160, 40)) as (app, pilot):
        for key in ("", "?", "H", "o"):
            if key:
                await pilot.press(key)
                await pilot.pause()
            said = text_of(app, "standing")
            assert "✖ 1 obligation open" in said
            assert "1 orphan" in said
            assert "1 run left" in said
            if not isinstance(app.screen, HelpScreen):
                assert "open: EX01 MoveNow since 02:10Z (run 4f2a)" in said, key
                assert "EX05 MoveNow $true without a record" in said
                assert "1 run left: 4f2a EX01" in said
            assert said.endswith("o shows")
            if isinstance(app.screen, HelpScreen):
                await pilot.press("escape")
        assert isinstance(app.screen, ObligationsScreen)
        recovery.show(told=made.standing(made.ended()))
        await until(pilot, lambda: not app.screen.query_one("#standing").display)
        await pilot.press("q", "q")
        await until(pilot, lambda: on_fleet(app))
        assert not app.screen.query_one("#standing").display


async def test_a_journal_that_cannot_be_read_is_told_in_the_bar(make_app: MakeApp) -> None:
    recovery = fake(made.in_doubt())
    async with cockpit(make_app, recovery) as (app, pilot):
        recovery.refuse["position"] = RefusedError("The journal", "the file is gone", "Mount it.")
        await until(pilot, lambda: "What is open is not known" in text_of(app, "standing"))
        assert "the file is gone" in text_of(app, "standing")
        del recovery.refuse["position"]
        recovery.show()
        await until(pilot, lambda: "1 obligation open" in text_of(app, "standing"))


async def test_fleet_marks_servers_and_monitors(make_app: MakeApp) -> None:
    recovery = fake(made.in_doubt(), ORPHAN)
    async with cockpit(make_app, recovery, size=(200, 50)) as (app, pilot):
        await until(pilot, lambda: any("✖ MoveNow open" in r for r in rows(app, "tree")))
        assert any("EX05  ✖ MoveNow orphan" in r for r in rows(app, "tree"))
        assert any(r.startswith("✗ Unhealthy") and "run 4f2a Move the" in r for r in rows(app, "monitors"))
        recovery.show(told=made.standing(made.ended()))
        await until(pilot, lambda: not any("✖" in r for r in rows(app, "tree")))
        assert not any("run 4f2a" in r for r in rows(app, "monitors"))


async def test_history_filters_and_attaches(make_app: MakeApp) -> None:
    recovery = fake(asking())
    old = replace(made.ended(), run=replace(made.ended().run, id="7d01", server="EX09"))
    recovery.past = (made.line(asking()), made.line(old))
    recovery.show(old)
    async with cockpit(make_app, recovery) as (app, pilot):
        await pilot.press("H")
        await until(pilot, lambda: "7d01" in text_of(app, "runs"))
        assert "✔ recovered" in text_of(app, "runs")
        await pilot.press("/", *"ex09")
        await until(pilot, lambda: "4f2a" not in text_of(app, "runs"))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.run_id == "7d01")
        await pilot.press("q", "q")
        await until(pilot, lambda: "4f2a" in text_of(app, "runs"))
        await pilot.press("q")
        await until(pilot, lambda: on_fleet(app))


async def test_without_a_journal_the_keys_say_why(make_app: MakeApp) -> None:
    app = make_app(read_only=False)
    async with app.run_test(size=(160, 40), notifications=True) as pilot:
        await shown(pilot, app)
        assert "recover" not in footer(app)
        await go_to(pilot, app, "PopCTPMonitor")
        for key in ("r", "o", "H"):
            await pilot.press("j", "k", key)
            await pilot.pause()
            assert on_fleet(app)
            assert "without a journal" in status_line(app), key
            await pilot.press("f", "f")
            assert status_line(app) == "", "until the next action"


async def test_a_covered_fleet_is_not_drawn_and_is_up_to_date_when_it_is_seen_again(
    make_app: MakeApp,
) -> None:
    from tests.ui.driving import feed_of

    recovery = fake(made.waiting())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        before = rows(app, "tree")
        ill = fleets.server("EX02", dag="DAG01", alerts={"PopCTPMonitor": ("Unhealthy", 1.0)})
        feed_of(app).change(ill)
        await until(pilot, lambda: app.desk.snapshot.servers["EX02"].monitors == ill.monitors)
        assert rows(app, "tree") == before
        await pilot.press("q")
        await until(pilot, lambda: any(r.startswith("✗") and "EX02" in r for r in rows(app, "tree")))
