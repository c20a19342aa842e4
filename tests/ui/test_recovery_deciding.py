"""Deciding at a question: what is answered, and above all what is not."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from textual.widgets import Button

from cockpit.journal.records import Answer, Choice
from cockpit.recovery.client import RefusedError
from cockpit.ui.screens.decide import TICKED, DecideDialog
from cockpit.ui.screens.run import RunScreen
from cockpit.ui.widgets.rows import RowsPane
from tests.ui import recoveries as made
from tests.ui.conftest import MakeApp
from tests.ui.driving import until
from tests.ui.operating import REASON, choose, cockpit, fake, look_at, text_of, top
from tests.ui.recoveries import REFUSED, STOPPED, UNREAD, asking, by_hand, done_by_hand

pytestmark = pytest.mark.usefixtures("quick_polls")


async def test_go_wants_the_servers_name_and_is_answered_once(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.GO)
        assert recovery.answers == [], "the choice only shows its fields"
        assert dialog.field("typed").has_focus
        for wrong in ("ex01", "EX0", "EX011", "EX02", " EX01"):
            dialog.field("typed").value = wrong
            await pilot.pause()
            assert dialog.button("send").disabled, wrong
            await pilot.press("enter", "enter")
            assert f"is not {'EX01'}" in text_of(app, "typed-note")
        dialog.field("typed").value = ""
        await pilot.press(*"EX01")
        await pilot.pause()
        assert not dialog.button("send").disabled
        await pilot.press("enter", "enter", "enter")
        assert top(app) is dialog, "enter in the field presses nothing"
        dialog.button("send").press()
        dialog.button("send").press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers == [("4f2a", 1, Answer(Choice.GO, by=made.OPERATOR, typed="EX01"))]
        await until(pilot, lambda: "Answered: go." in text_of(app, "status"))
        await pilot.press("d")
        assert isinstance(app.screen, RunScreen), "the journal still shows the question: not asked twice"
        assert "Answered" in text_of(app, "status")
        assert len(recovery.answers) == 1


async def test_pasting_the_name_is_allowed(make_app: MakeApp) -> None:
    from textual import events

    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.GO)
        dialog.field("typed").post_message(events.Paste("EX01"))
        await until(pilot, lambda: not dialog.button("send").disabled)
        await pilot.click("#send")
        await until(pilot, lambda: recovery.answers)


@pytest.mark.parametrize("key", ["d", "enter"])
async def test_the_key_that_opens_never_confirms(make_app: MakeApp, key: str) -> None:
    """Mashed twenty times it opens and closes the question, and answers nothing."""
    for view in (asking(), asking(typed=""), asking(STOPPED)):
        recovery = fake(view)
        async with cockpit(make_app, recovery) as (app, pilot):
            await look_at(app, pilot)
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, DecideDialog))
            focused = app.screen.focused
            assert isinstance(focused, Button)
            assert focused.id == "not-now"
            for _ in range(20):
                await pilot.press(key)
            await pilot.pause()
            assert recovery.answers == []
            assert recovery.asked("answer") == recovery.asked("abort") == []


async def test_done_by_hand_wants_its_tick_and_shows_what_to_run(make_app: MakeApp) -> None:
    recovery = fake(by_hand())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.DONE)
        said = text_of(app, "dialog-text")
        assert "By hand      Restart-Service -Name 'MSExchangePop3' -Force" in said
        assert "on EX01 itself, in Windows PowerShell as an administrator" in said
        assert "WinRM of EX01 cannot be used" in said
        assert dialog.button("tick").has_focus
        assert dialog.button("send").disabled
        assert str(dialog.button("tick").label) == f"[ ] {TICKED}"
        await pilot.press("enter")
        await until(pilot, lambda: not dialog.button("send").disabled)
        assert str(dialog.button("tick").label) == f"[x] {TICKED}"
        dialog.button("tick").press()
        await until(pilot, lambda: dialog.button("send").disabled)
        assert recovery.answers == []
        dialog.button("tick").press()
        await until(pilot, lambda: not dialog.button("send").disabled)
        for disabled in (True, False):
            # Textual takes no second enter while a button still shows the first.
            await until(pilot, lambda: not dialog.button("tick").has_class("-active"))
            await pilot.press("enter")
            await until(pilot, lambda: dialog.button("send").disabled is disabled)  # noqa: B023 -- awaited here
        assert recovery.answers == [], "the tick never sends"
        dialog.button("send").press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers == [("4f2a", 1, Answer(Choice.DONE, by=made.OPERATOR))]


async def test_an_offer_says_what_not_run_means(make_app: MakeApp) -> None:
    recovery = fake(by_hand())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        labels = {b.id: str(b.label) for b in app.screen.query(Button)}
        assert labels["choice-again"] == "Not run"
        assert labels["choice-done"] == "Done"
        assert not app.screen.query_one("#tick").display


async def test_the_run_tells_what_is_and_was_done_by_hand(make_app: MakeApp) -> None:
    async with cockpit(make_app, fake(by_hand())) as (app, pilot):
        screen = await look_at(app, pilot)
        said = text_of(app, "step")
        assert "By hand      Restart-Service" in said
        assert "Time limit" not in said, "nothing of ours is under way"
        assert screen.selection_text() == "Restart-Service -Name 'MSExchangePop3' -Force\n"
    async with cockpit(make_app, fake(done_by_hand())) as (app, pilot):
        screen = await look_at(app, pilot)
        screen.rows("plan").go_to_key(("step", "service"))
        await pilot.pause()
        said = text_of(app, "step")
        assert f"by the word of {made.OPERATOR} at 2" in said
        assert "not seen from here" in said


async def test_a_choice_without_fields_is_sent_by_its_button(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await choose(app, pilot, Choice.AGAIN)
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2] == Answer(Choice.AGAIN, by=made.OPERATOR)


async def test_a_reason_has_ten_characters_and_is_counted(make_app: MakeApp) -> None:
    recovery = fake(asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.SKIP)
        assert dialog.field("reason").has_focus
        await pilot.press(*"too short"[:9])
        assert "1 more" in text_of(app, "reason-note")
        assert dialog.button("send").disabled
        dialog.field("reason").value = " " * 30
        await pilot.pause()
        assert dialog.button("send").disabled, "blanks are no reason"
        dialog.field("reason").value = REASON
        await until(pilot, lambda: f"{len(REASON)} characters" in text_of(app, "reason-note"))
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2] == Answer(Choice.SKIP, by=made.OPERATOR, reason=REASON)


async def test_override_is_for_one_finding_with_name_and_reason(make_app: MakeApp) -> None:
    recovery = fake(asking(REFUSED, STOPPED, UNREAD))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.OVERRIDE)
        table = dialog.query_one("#findings", RowsPane)
        assert [row.key for row in table.rows] == [("recovery.actions", "EX01"), ("copies.quorum", "DAG01")]
        assert table.has_focus, "a hard guard is not among them"
        await pilot.press("down")
        dialog.field("reason").value = REASON
        await pilot.pause()
        assert dialog.button("send").disabled, "without the name"
        dialog.field("typed").value = "EX01"
        await until(pilot, lambda: not dialog.button("send").disabled)
        dialog.button("send").press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2] == Answer(
            Choice.OVERRIDE, made.OPERATOR, REASON, "EX01", "copies.quorum", "DAG01"
        )


async def test_no_override_is_offered_for_a_hard_guard(make_app: MakeApp) -> None:
    recovery = fake(asking(REFUSED))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        assert not app.screen.query("#choice-override")
        assert "not offered: this guard is hard" in text_of(app)


async def test_hand_over_wants_a_name_and_a_reason(make_app: MakeApp) -> None:
    recovery = fake(asking(REFUSED))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.HAND_OVER)
        dialog.field("reason").value = REASON
        await pilot.pause()
        assert dialog.button("send").disabled
        dialog.field("to").value = "second line"
        await until(pilot, lambda: not dialog.button("send").disabled)
        dialog.button("send").press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2].to == "second line"


@pytest.mark.parametrize("how", ["answered", "another question", "ended", "other findings"])
async def test_a_question_that_closes_under_the_dialog_cannot_be_answered(
    make_app: MakeApp, how: str
) -> None:
    recovery = fake(asking(STOPPED) if how == "other findings" else asking())
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        dialog = await choose(app, pilot, Choice.SKIP)
        dialog.field("reason").value = REASON
        await until(pilot, lambda: not dialog.button("send").disabled)
        after = {
            "answered": replace(asking(), question=None),
            "another question": asking(number=2),
            "ended": made.ended(),
            "other findings": asking(STOPPED, UNREAD),
        }[how]
        recovery.show(after)
        await until(pilot, lambda: dialog.over)
        assert dialog.button("send").disabled
        said = text_of(app, "dialog-note")
        assert ("changed" if how == "other findings" else "This question is closed") in said
        dialog.button("send").press()
        await pilot.press("enter")
        dialog._send()
        await pilot.pause()
        assert recovery.answers == []
        assert app.screen is dialog


async def test_a_refused_answer_is_told_and_stays_until_the_next_action(make_app: MakeApp) -> None:
    recovery = fake(asking())
    recovery.refuse["answer"] = RefusedError("The answer", "the lease is CORP\\ann's", "Ask them.")
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await choose(app, pilot, Choice.AGAIN)
        await until(pilot, lambda: "Refused" in text_of(app, "status"))
        assert "the lease is CORP\\ann's" in text_of(app, "status")
        assert "Ask them." in text_of(app, "status")
        assert any("the lease is" in str(n.message) for n in app._notifications)
        await pilot.press("j", "k", "tab")
        assert "Refused" in text_of(app, "status"), "moving about is no action"
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        assert not app.recoveries.told, "a refused answer may be given again"


async def test_one_answer_at_a_time(make_app: MakeApp) -> None:
    recovery = fake(asking())
    recovery.gate = threading.Event()
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await choose(app, pilot, Choice.AGAIN)
        await until(pilot, lambda: "answer" in app.recoveries.busy)
        recovery.show(asking(number=2))
        await until(pilot, lambda: not app.screen.answered)  # type: ignore[attr-defined]
        await choose(app, pilot, Choice.AGAIN)
        await until(pilot, lambda: "still under way" in text_of(app, "status"))
        recovery.gate.set()
        await until(pilot, lambda: recovery.answers)
        assert len(recovery.answers) == 1


DOUBT = (
    "DatabaseCopyAutoActivationPolicy of EX01 is Blocked: this run had set IntrasiteOnly and wants to put "
    "Unrestricted back. Somebody else has changed it meanwhile."
)


@pytest.mark.parametrize(
    ("step", "prompt", "label", "confirms"),
    [
        ("unblock", DOUBT, "Leave it", "Leave it as it is"),
        ("undo:ProtocolLogEnabled", "ProtocolLogEnabled of EX01 is other.", "Leave it", "Leave it as it is"),
        ("unblock", "Lift the block?", "Skip", "Skip the step"),
    ],
)
async def test_to_skip_an_undoing_that_is_doubted_is_to_leave_it(
    make_app: MakeApp, step: str, prompt: str, label: str, confirms: str
) -> None:
    view = asking(choices=(Choice.AGAIN, Choice.GO, Choice.SKIP, Choice.HAND_OVER), typed="")
    assert view.question is not None
    recovery = fake(replace(view, question=replace(view.question, step=step, prompt=prompt)))
    async with cockpit(make_app, recovery) as (app, pilot):
        await look_at(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DecideDialog))
        assert str(app.screen.query_one("#choice-skip", Button).label) == label
        app.screen.query_one("#choice-skip", Button).press()
        await until(pilot, lambda: str(app.screen.query_one("#send", Button).label) == confirms)
        app.screen.query_one("#reason").value = REASON  # type: ignore[attr-defined]
        await until(pilot, lambda: not app.screen.query_one("#send", Button).disabled)
        app.screen.query_one("#send", Button).press()
        await until(pilot, lambda: recovery.answers)
        assert recovery.answers[0][2] == Answer(Choice.SKIP, by=made.OPERATOR, reason=REASON)
