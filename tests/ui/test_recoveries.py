"""What stands behind the screens of recoveries: the bar's line, the guards' lines, polling, threads."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.journal.records import Finding, Grade, Verdict
from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import Life, Standing
from cockpit.ui import recoveries, runs, standing, steps
from cockpit.ui.look import ASCII, UNICODE, plain, width
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.recovery_words import hour, short, span, value
from cockpit.ui.threads import in_thread
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import shown, until
from tests.ui.fleets import NOW
from tests.ui.recoveries import ORPHAN, PASSED, REFUSED, STOPPED, UNREAD, FakeRecovery


def bar(told: Standing, cells: int = 160) -> str:
    return plain(standing.line(told, NOW, UNICODE, cells, "o"))


# The line that is on every screen


def test_nothing_open_is_no_line() -> None:
    assert bar(Standing()) == ""
    live = replace(made.line(made.waiting()), life=Life.LIVE)
    assert bar(Standing(runs=(live,))) == "", "a run that goes on is nothing to worry about"
    closed = made.obligation(closed_at=NOW.timestamp(), closed_by="unblock")
    assert bar(Standing(obligations=(closed,))) == ""


def test_handed_over_is_still_open() -> None:
    handed = made.obligation(handed_to="second line", handed_reason="x", handed_at=NOW.timestamp())
    assert bar(Standing(obligations=(handed,))) == (
        " ✖ 1 obligation open: EX01 MoveNow since 02:10Z (handed to second line) · o shows"
    )


def test_an_orphan_that_is_only_told_is_no_alarm() -> None:
    mild = replace(ORPHAN, severe=False)
    (_, (text, role), *_) = standing.line(Standing(orphans=(mild,)), NOW, UNICODE, 100, "o")
    assert text.startswith("! 1 orphan")
    assert role == "state-degraded"


@given(
    cells=st.integers(70, 220),
    count=st.integers(0, 4),
    orphans=st.integers(0, 4),
    name=st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=30),
)
def test_the_counts_are_never_cut(cells: int, count: int, orphans: int, name: str) -> None:
    view = made.asking()
    told = Standing(
        (made.line(view),),
        tuple(replace(made.obligation(number=n), server=name) for n in range(count)),
        tuple(replace(ORPHAN, server=f"{name}{n}") for n in range(orphans)),
    )
    for glyphs in (UNICODE, ASCII):
        found = standing.line(told, NOW, glyphs, cells, "o")
        said = plain(found)
        assert width(found) <= cells
        assert said.endswith("o shows")
        assert "1 run waiting" in said
        assert (f"{count} obligation" in said) is (count > 0)
        assert (f"{orphans} orphan" in said) is (orphans > 0)


# Guards


def said(*findings: Finding) -> str:
    return "\n".join(plain(line) for line in steps.guards("Fail over EX01", findings, UNICODE))


def test_refusals_come_first_and_say_what_helps() -> None:
    text = said(PASSED, REFUSED, STOPPED)
    assert text.strip().startswith("REFUSED  Fail over EX01  guard copies.elsewhere")
    assert "ok DB07: EX02 Healthy" in text, "the guard's other objects stand below it"
    assert text.index("recovery.actions") > text.index("copies.elsewhere")
    assert "Override     not offered: this guard is hard" in text
    assert "Override     offered, for this object only" in text


def test_what_could_not_be_read_is_a_refusal() -> None:
    assert "REFUSED" in said(UNREAD)
    assert "DAG01: not read: EX04 did not answer" in said(UNREAD)


def test_warnings_and_overrides_are_no_refusals() -> None:
    warned = replace(STOPPED, grade=Grade.WARN)
    assert "WARNED" in said(warned)
    assert "Override" not in said(warned)
    given_up = replace(STOPPED, reason="checked by hand", by="CORP\\ann")
    assert "OVERRIDDEN" in said(given_up)
    assert "given by CORP\\ann: checked by hand" in said(given_up)
    passed = replace(STOPPED, verdict=Verdict.PASSED)
    assert "REFUSED" not in said(passed)
    assert "✔ passed  recovery.actions" in said(passed)


def test_warnings_are_a_line_each_and_the_same_one_is_said_once() -> None:
    view = made.warned(REFUSED)
    block = view.step("block")
    assert block is not None
    assert steps.against(block) == (made.WARNED, *made.ONE_COPY), "neither what blocks nor what passed"
    assert [plain(line) for line in steps.warnings(steps.against(block))] == [
        "",
        "WARNED  clients.noted  EX01: 16 connections are cut  wanted: none",
        "WARNED  copies.elsewhere  DB01, DB02: only 1 fit copy elsewhere  wanted: 2 fit copies",
    ]
    assert steps.warnings(()) == []
    given_up = replace(STOPPED, reason="checked by hand", by="CORP\\ann")
    assert plain(steps.warnings([given_up])[1]).startswith("OVERRIDDEN  recovery.actions  EX01: ")


def test_a_label_never_runs_into_its_value() -> None:
    (late,) = (step for step in made.plan().steps if step.depends)
    lines = [plain(line) for line in steps.plan_lines(late, UNICODE)]
    assert "Not known yet the boot time is read when the databases have moved" in lines
    assert plain(steps.pair("Page", "step 3")) == "Page         step 3"


# Words


def test_times_and_values() -> None:
    assert [span(s) for s in (-3, 0, 59.9, 400, 3727)] == ["0:00", "0:00", "0:59", "6:40", "1:02:07"]
    assert hour(NOW, NOW) == "03:12Z"
    assert hour(made.ago(60 * 24), NOW) == "2026-11-22 03:12Z"
    assert [value(v) for v in (None, True, False, 3, "x")] == ["$null", "$true", "$false", "3", "x"]
    assert short("4f2a") == "4f2a"
    assert len(short("f" * 32)) == 8


def test_a_clock_that_is_over_says_so() -> None:
    view = made.waiting()
    wait = view.step("wait")
    assert wait is not None
    late = "\n".join(plain(x) for x in steps.clock(replace(wait, due_at=made.ago(1)), NOW))
    assert "due now, 03:11:40Z" in late


def test_a_step_that_waits_for_a_run_has_no_time_limit() -> None:
    view = made.waits_for_run()
    block = view.step("block")
    assert block is not None
    assert "Time limit   passed" in "\n".join(plain(x) for x in steps.clock(block, NOW))
    told = "\n".join(plain(x) for x in steps.clock(runs.shown_step(view, block), NOW))
    assert "Clock        1:00 since" in told
    assert "Time limit" not in told
    alone = replace(view, child=None)
    assert runs.shown_step(alone, block) is block


# Polling


def test_the_journal_is_read_again_only_when_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    recovery = FakeRecovery(views={"4f2a": made.asking()})
    known = Recoveries(made.factory(recovery))
    assert known.read().standing is not None
    assert known.read().standing is None
    recovery.show()
    assert known.read().standing is not None
    known.look(run="4f2a")
    assert known.read().view == made.asking()
    assert known.read().view is None
    monkeypatch.setattr(recoveries, "FRESH_SECONDS", 0.0)
    assert known.read().view == made.asking(), "a lease ends without a word in the journal"
    known.look(run="gone")
    news = known.read()
    assert news.standing is not None, "the bar does not depend on the run"
    assert isinstance(news.refused, RefusedError)


def test_without_a_journal_everything_is_refused() -> None:
    with pytest.raises(RefusedError, match="without a journal"):
        Recoveries(None).client()


async def test_it_is_made_once_after_the_first_paint_and_not_in_the_screens_thread(
    make_app: MakeApp,
) -> None:
    made_in: list[tuple[str, bool]] = []
    recovery = FakeRecovery()

    def factory() -> FakeRecovery:
        made_in.append((threading.current_thread().name, bool(app.fleet_screen.size)))
        return recovery

    app = make_app(recovery=factory)
    async with app.run_test(size=(120, 34)) as pilot:
        await shown(pilot, app)
        await until(pilot, lambda: app.recoveries.standing is not None and recovery.asked("sweep"))
    assert made_in == [("recovery", True)]
    assert recovery.closed


async def test_a_factory_that_fails_is_told_and_tried_again(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recoveries, "IDLE_POLL_SECONDS", 0.05)
    answers = threading.Event()
    recovery = FakeRecovery()

    def factory() -> FakeRecovery:
        if not answers.is_set():
            raise RefusedError("The journal", "its database does not answer", "Start it.")
        return recovery

    app = make_app(recovery=factory)
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await until(pilot, lambda: app.recoveries.problem)
        answers.set()
        await until(pilot, lambda: app.recoveries.standing is not None)
        assert app.recoveries.problem == ""
        told = [n for n in app._notifications if "does not answer" in str(n.message)]
        assert len(told) <= 2, "once for the sweep, once for the poll: not at every try"


async def test_a_thread_gives_its_result_or_its_error_and_may_be_left() -> None:
    assert await in_thread(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)
    gate = threading.Event()
    waiting = asyncio.ensure_future(in_thread(gate.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
