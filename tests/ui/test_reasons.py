"""Why an action cannot be used now: the facts that decide it, and where it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cockpit.journal.records import RunState
from cockpit.recovery.view import Life
from cockpit.ui import recovery_reasons
from cockpit.ui.actions import ACTIONS
from cockpit.ui.fleet_reasons import LOGS_AT_ONCE, FleetFacts, fleet
from cockpit.ui.log_reasons import LogFacts, logs
from cockpit.ui.look import plain
from cockpit.ui.reasons import Why, of_app
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.widgets.bars import KeyBar
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import SIZE, feed_of, shown, status_line, until
from tests.ui.operating import cockpit, fake, footer, look_at, text_of
from tests.ui.recoveries import asking

WELL = FleetFacts(
    servers=24,
    here=1,
    server="EX01",
    monitor="PopSelfTestMonitor",
    known=True,
    identity=r"POP.Protocol\PopSelfTestProbe",
    ran=True,
    waiting=True,
    place=True,
    bookmarked=True,
    back=True,
    forward=True,
    last=True,
    recoveries=True,
)
OPEN = LogFacts(
    opened=True, line=True, searched=True, live=True, connecting=False, lost=True, wrapped=False, session=True
)


def test_where_nothing_stands_in_the_way_everything_can_be_used() -> None:
    assert fleet(WELL, "R", "p", "m") == {}
    assert logs(OPEN, "w", "s", "/") == {}
    assert of_app("fleet", recoveries=True) == {}


@pytest.mark.parametrize(
    ("change", "action", "says"),
    [
        ({"server": ""}, "fleet.probe", "No monitor is selected."),
        ({"identity": ""}, "fleet.probe", "No probe to run here: it judges a performance counter."),
        ({"identity": "", "monitor": ""}, "fleet.probe", "No probe to run here: there is no monitor."),
        ({"lost": True}, "fleet.probe", "The collector has ended: R starts it again."),
        ({"lost": True}, "fleet.pause", "The collector has ended: R starts it again."),
        ({"starting": True}, "fleet.refresh", "The collector is being started."),
        ({"waiting": False}, "fleet.stop-waiting", "No probe is being waited for here."),
        ({"identity": ""}, "fleet.trace", "No probe is selected: a trace starts from a probe's result."),
        ({"ran": False}, "fleet.trace", r"POP.Protocol\PopSelfTestProbe has no result here yet: p runs it."),
        ({"servers": 0}, "fleet.recover", "No server has been read yet: a runbook belongs to a monitor."),
        ({"monitor": ""}, "fleet.recover", "No monitor is selected: a runbook belongs to a monitor."),
        ({"known": False}, "fleet.recover", "PopSelfTestMonitor is no monitor of the POP health sets"),
        ({"recoveries": False}, "fleet.recover", "opened without a journal"),
        ({"recoveries": False}, "fleet.logging", "opened without a journal"),
        ({"server": ""}, "fleet.logging", "No server is selected."),
        ({"here": 0}, "fleet.logs", "No server has been read yet."),
        ({"here": LOGS_AT_ONCE + 1}, "fleet.logs", "Logs of at most 8 servers at once"),
        ({"shortest": True}, "fleet.faster", "That is as far as it goes."),
        ({"longest": True}, "fleet.slower", "That is as far as it goes."),
        ({"back": False}, "fleet.view-back", "There is no view before this one."),
        ({"forward": False}, "fleet.view-forward", "There is no view after this one."),
        ({"last": False}, "fleet.last-view", "There is no other view yet."),
        ({"place": False}, "fleet.bookmark", "go to one first."),
        ({"bookmarked": False}, "fleet.go-to-bookmark", "There are no bookmarks yet: m puts one."),
        ({"refused": {"fleet.probe": "Not yours"}}, "fleet.probe", "Not yours."),
    ],
)
def test_of_the_fleet(change: dict[str, Any], action: str, says: str) -> None:
    why = fleet(replace(WELL, **change), "R", "p", "m")
    assert says in why[action].sentence
    assert "fleet.filter" not in why


@pytest.mark.parametrize(
    ("change", "action", "says"),
    [
        ({"opened": False}, "logs.search", "The logs are not open."),
        ({"searched": False}, "logs.next", "Nothing is searched for yet: / searches."),
        ({"wrapped": True}, "logs.right", "Lines are wrapped: w cuts them"),
        ({"session": False}, "logs.next-pane", "The session is not shown: s shows it."),
        ({"line": False}, "logs.copy", "There is no line to copy."),
        ({"connecting": True}, "logs.reconnect", "Still connecting."),
        ({"live": False}, "logs.reconnect", "These are files"),
        ({"lost": False}, "logs.reconnect", "The connection is there."),
    ],
)
def test_of_logs(change: dict[str, Any], action: str, says: str) -> None:
    assert says in logs(replace(OPEN, **change), "w", "s", "/")[action].sentence


def test_of_a_run() -> None:
    view = asking()
    assert set(recovery_reasons.run(None, ())) == {
        "run.decide", "run.end-wait", "run.resume", "run.abort", "run.current"
    }  # fmt: skip
    assert set(recovery_reasons.run(view, ())) == {"run.end-wait", "run.resume"}
    assert view.question is not None
    answered = recovery_reasons.run(view, {view.question.id})["run.decide"]
    assert answered.sentence.startswith("Answered; the run takes it")
    assert "asks nothing now" in recovery_reasons.run(made.waiting(), ())["run.decide"].sentence
    assert "run.end-wait" not in recovery_reasons.run(made.waiting(), ())
    ended = recovery_reasons.run(made.ended(), ())
    assert "nothing to abort" in ended["run.abort"].sentence
    aborting = replace(view, run=replace(view.run, state=RunState.ABORTING), life=Life.LIVE)
    assert "It aborts already" in recovery_reasons.run(aborting, ())["run.abort"].sentence
    left = replace(view, life=Life.LEFT)
    assert "run.resume" not in recovery_reasons.run(left, ())


def test_of_lists_and_traces() -> None:
    assert recovery_reasons.history(1) == {}
    assert set(recovery_reasons.history(0)) == {"history.open"}
    handed, own = made.handed(), made.obligation()
    assert recovery_reasons.obligations("obligation", handed, None, sweeping=False) == {}
    assert "not handed over" in _close(own, None)
    assert "has not ended" in _close(handed, made.line(asking()))
    assert (
        "Only an obligation"
        in recovery_reasons.obligations("", None, None, sweeping=False)["obligations.close"].sentence
    )
    assert "obligations.sweep" in recovery_reasons.obligations("run", None, None, sweeping=True)
    assert recovery_reasons.trace("EX05", looking=False) == {}
    assert set(recovery_reasons.trace("", looking=False)) == {"trace.open"}
    assert set(recovery_reasons.trace("", looking=True)) == {"trace.open", "trace.again"}
    assert recovery_reasons.plan(None, failed=True) == {}
    assert set(recovery_reasons.plan(None, failed=False)) == {"plan.again"}


def _close(obligation: Any, unfinished: Any) -> str:
    found = recovery_reasons.obligations("obligation", obligation, unfinished, sweeping=False)
    return found["obligations.close"].sentence


def test_reasons_speak_of_actions_of_the_registry() -> None:
    known = {a.id for a in ACTIONS}
    everything = {
        **fleet(FleetFacts(lost=True, starting=True, shortest=True, longest=True), "R", "p", "m"),
        **logs(LogFacts(False, False, False, False, False, False, True, False), "w", "s", "/"),
        **recovery_reasons.run(None, ()),
        **recovery_reasons.plan(None, failed=False),
        **recovery_reasons.history(0),
        **recovery_reasons.obligations("", None, None, sweeping=True),
        **recovery_reasons.trace("", looking=True),
        **of_app("history", recoveries=False),
    }
    assert set(everything) <= known
    assert all(why.sentence.endswith(".") for why in everything.values())


# --- where it is told ----------------------------------------------------------------------------


def bar(app: Any) -> str:
    return plain(app.fleet_screen.query_one("#keys", KeyBar).source[0])


async def test_the_footer_puts_it_in_brackets_and_gives_it_room_last(make_app: MakeApp) -> None:
    app = make_app(nothing=True)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert "(p probe)" in bar(app)
        assert "/ filter" in bar(app)
        from tests.ui import fleets

        feed_of(app).show(fleets.demo_fleet())
        await until(pilot, lambda: "(p probe)" not in bar(app) and "p probe" in bar(app))
    made_bar = KeyBar(id="keys", actions=app.registry.on_screen("fleet"))
    narrow = plain(made_bar.line(60))
    made_bar._why = {"fleet.filter": Why("No.")}
    assert "/ filter" in narrow
    assert "filter" not in plain(made_bar.line(60)), "what can be used has the room"
    assert "? help" in plain(made_bar.line(60))


async def test_a_click_on_it_says_why_as_its_key_does(make_app: MakeApp) -> None:
    app = make_app(nothing=True)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.pause()
        await pilot.click("#keys", offset=(bar(app).index("(p probe)") + 2, 0))
        await until(pilot, lambda: app.recoveries.told)
        assert "No monitor is selected." in plain(app.recoveries.told[0])
        assert app.screen is app.fleet_screen


async def test_a_runs_keys_help_and_status_line_agree(make_app: MakeApp) -> None:
    async with cockpit(make_app, fake(made.ended()), size=(160, 40)) as (app, pilot):
        await look_at(app, pilot)
        assert "(d decide)" in footer(app)
        assert "(a abort)" in footer(app)
        assert " y copy" in footer(app)
        await pilot.press("a")
        assert "The run has ended: there is nothing to abort." in text_of(app, "status")
        await pilot.press("?")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "not now: The run has ended: there is nothing to abort." in text_of(app, "help-lines")


async def test_an_action_called_by_name_is_asked_too(make_app: MakeApp) -> None:
    app = make_app(read_only=False)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app)
        await app.screen.run_action("stop_waiting")
        assert status_line(app) == "No probe is being waited for here."
        await app.run_action("app.history")
        assert "without a journal" in status_line(app)
        assert app.screen is app.fleet_screen
