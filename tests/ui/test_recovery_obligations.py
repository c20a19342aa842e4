"""The Obligations screen: what is open, and closing what was handed over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import Standing
from cockpit.ui.app import CockpitApp
from cockpit.ui.screens.obligations import ObligationsScreen
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.screens.settle import SettleDialog
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import until
from tests.ui.operating import REASON, cockpit, fake, footer, text_of, top
from tests.ui.recoveries import ORPHAN, FakeRecovery, asking

pytestmark = pytest.mark.usefixtures("quick_polls")


async def test_obligations_open_their_run_and_sweep(make_app: MakeApp) -> None:
    recovery = fake(asking(), ORPHAN)
    handed = made.obligation(number=9, handed_to="second line", handed_reason="MBX01 does not boot",
                             handed_at=made.ago(3).timestamp())  # fmt: skip
    recovery.told = made.standing(asking(), ORPHAN, more=(handed,))
    async with cockpit(make_app, recovery) as (app, pilot):
        sweeps = len(recovery.asked("sweep"))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
        said = text_of(app, "open")
        for part in (
            "ProtocolLogEnabled",
            "handed to second line: MBX01",
            "orphan",
            "Databases are kept away",
        ):
            assert part in said
        await pilot.press("s")
        await until(pilot, lambda: "Swept" in text_of(app, "status"))
        assert len(recovery.asked("sweep")) == sweeps + 1
        await pilot.press("j", "j")
        assert "no known prior value" in text_of(app, "about")
        await pilot.press("enter")
        assert "nothing to open" in text_of(app, "status")
        await pilot.press("home", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


def with_handed() -> FakeRecovery:
    """One obligation of a living run, and one handed over; the cursor starts on the first."""
    recovery = fake(asking())
    recovery.told = made.standing(asking(), ORPHAN, more=(made.handed(),))
    return recovery


async def on_handed(app: CockpitApp, pilot: Pilot[int]) -> ObligationsScreen:
    await pilot.press("o")
    await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
    screen = app.screen
    assert isinstance(screen, ObligationsScreen)
    await until(pilot, lambda: len(screen.rows("open").rows) == 4)
    screen.rows("open").go_to_key(("obligation", "9", "7d01"))
    return screen


async def settling(app: CockpitApp, pilot: Pilot[int]) -> SettleDialog:
    await until(pilot, lambda: isinstance(app.screen, SettleDialog))
    assert isinstance(app.screen, SettleDialog)
    return app.screen


async def give_reason(pilot: Pilot[int], dialog: SettleDialog) -> None:
    dialog.field("reason").value = REASON
    await until(pilot, lambda: not dialog.button("go").disabled)
    dialog.button("go").press()


async def test_what_was_handed_over_and_is_back_is_closed_with_a_reason(make_app: MakeApp) -> None:
    recovery = with_handed()
    async with cockpit(make_app, recovery) as (app, pilot):
        screen = await on_handed(app, pilot)
        assert "c close" in footer(app)
        for _ in range(20):
            await pilot.press("c")
        dialog = await settling(app, pilot)
        assert dialog.button("not-now").has_focus
        assert dialog.button("go").disabled
        assert "to second line" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert recovery.asked("settle") == []
        await pilot.press("c")
        await give_reason(pilot, await settling(app, pilot))
        await until(pilot, lambda: recovery.settled)
        assert recovery.settled == [(9, REASON, False)]
        await until(pilot, lambda: len(screen.rows("open").rows) == 3)
        assert "Closed: MoveNow of EX01 is back." in text_of(app, "status")


async def test_what_is_not_back_stays_as_it_is_only_with_name_and_reason(make_app: MakeApp) -> None:
    recovery = with_handed()
    recovery.not_back = True
    async with cockpit(make_app, recovery) as (app, pilot):
        screen = await on_handed(app, pilot)
        await pilot.press("c")
        first = await settling(app, pilot)
        await give_reason(pilot, first)
        await until(pilot, lambda: isinstance(app.screen, SettleDialog) and app.screen is not first)
        second = await settling(app, pilot)
        said = text_of(app)
        assert "MoveNow of EX01 is True, it was False" in said
        assert f"Type: {made.LIFT}" in said
        assert second.button("not-now").has_focus
        assert recovery.settled == []
        second.field("reason").value = REASON
        for wrong in ("", "ex01", "EX011"):
            second.field("typed").value = wrong
            await pilot.pause()
            assert second.button("go").disabled, wrong
        second.button("go").press()
        second.field("reason").value = "too short"
        second.field("typed").value = "EX01"
        await pilot.pause()
        assert second.button("go").disabled
        await give_reason(pilot, second)
        await until(pilot, lambda: recovery.settled)
        assert recovery.settled == [(9, REASON, True)]
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: "stays as it is" in text_of(app, "status"))


async def test_a_value_that_nobody_could_read_is_not_offered_to_be_left(make_app: MakeApp) -> None:
    recovery = with_handed()
    recovery.refuse["settle"] = RefusedError("Close obligation 9", "EX01 did not answer", "Start it.")
    async with cockpit(make_app, recovery) as (app, pilot):
        screen = await on_handed(app, pilot)
        await pilot.press("c")
        await give_reason(pilot, await settling(app, pilot))
        await until(pilot, lambda: "EX01 did not answer" in text_of(app, "status"))
        await pilot.pause()
        assert app.screen is screen


async def test_what_is_closed_elsewhere_cannot_be_closed_again(make_app: MakeApp) -> None:
    recovery = with_handed()
    async with cockpit(make_app, recovery) as (app, pilot):
        await on_handed(app, pilot)
        await pilot.press("c")
        dialog = await settling(app, pilot)
        dialog.field("reason").value = REASON
        await until(pilot, lambda: not dialog.button("go").disabled)
        recovery.show(told=made.standing(asking(), ORPHAN))
        await until(pilot, lambda: dialog.button("go").disabled)
        assert "closed already" in text_of(app, "dialog-note")
        dialog.button("go").press()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
        assert recovery.asked("settle") == []


async def test_only_what_was_handed_over_by_an_ended_run_is_closed(make_app: MakeApp) -> None:
    recovery = with_handed()
    living = replace(made.handed(), id=10, run="4f2a")
    recovery.told = made.standing(asking(), ORPHAN, more=(living, made.obligation("7d01", number=11)))
    async with cockpit(make_app, recovery) as (app, pilot):
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
        table = app.screen.query_one("#open", RowsPane)
        for key, said in (
            (("obligation", "1", "4f2a"), "Run 4f2a has not ended (waiting)"),
            (("obligation", "10", "4f2a"), "Run 4f2a has not ended (waiting)"),
            (("obligation", "11", "7d01"), "It was not handed over"),
            (("orphan", "EX05", "MoveNow"), "Only an obligation"),
            (("run", "4f2a", "4f2a"), "Only an obligation"),
        ):
            table.go_to_key(key)
            await pilot.press("c")
            await pilot.pause()
            assert said in text_of(app, "status"), key
            assert isinstance(top(app), ObligationsScreen)


async def test_read_only_closes_no_obligation(make_app: MakeApp) -> None:
    recovery = with_handed()
    async with cockpit(make_app, recovery, read_only=True) as (app, pilot):
        screen = await on_handed(app, pilot)
        assert "c close" not in footer(app)
        await pilot.press("c")
        await screen.run_action("close")
        screen._decided(made.handed(), True, REASON)
        await pilot.pause()
        assert app.screen is screen
        assert "not in read-only mode" in text_of(app, "status")
        assert recovery.asked("settle") == []


async def test_a_sweep_that_was_refused_to_sign_in_is_not_made_again_unasked(make_app: MakeApp) -> None:
    """Every ten minutes a wrong password locks an account out as well as ten in a row."""
    recovery = FakeRecovery(told=Standing(refused=True))
    async with cockpit(make_app, recovery) as (app, pilot):
        await until(pilot, lambda: app.recoveries.standing == recovery.told)
        assert len(recovery.asked("sweep")) == 1
        app.sweep_unasked()
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ObligationsScreen))
        await pilot.press("s")
        await until(pilot, lambda: "Swept" in text_of(app, "status"))
        assert len(recovery.asked("sweep")) == 2, "only the one that was asked for"
        recovery.told = Standing()
        await pilot.press("s")
        await until(pilot, lambda: app.recoveries.standing == recovery.told)
        app.sweep_unasked()
        await until(pilot, lambda: len(recovery.asked("sweep")) == 4)
