"""The dialogue of one question: only whole, meant answers come out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.commands import findings
from cockpit.commands.asking import ask, asked, choice_of
from cockpit.commands.keyboard import LeftError
from cockpit.commands.narrator import Said
from cockpit.journal.records import Answer, Choice, Finding, Grade, Verdict
from cockpit.recovery.view import HandView, QuestionView
from tests.cli.scripted import ASKING, finding, obligation, question


class Typed:
    """Somebody who types these lines and then hangs up."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.prompts: list[str] = []

    def line(self, prompt: str) -> str:
        self.prompts.append(prompt)
        if not self.lines:
            raise LeftError
        return self.lines.pop(0)


def answered(put: QuestionView, *lines: str) -> tuple[Answer | None, list[str]]:
    told: list[Said] = []
    view = replace(ASKING, question=put, obligations=(obligation(), obligation(id=2, key="MoveNow")))
    made = ask(view, put, Typed(*lines), told.append, "CONTOSO\\ann")
    return made, [line.text for line in told]


def never(put: QuestionView, *lines: str) -> list[str]:
    """The lines lead to no answer; what was said."""
    told: list[Said] = []
    with pytest.raises(LeftError):
        ask(replace(ASKING, question=put), put, Typed(*lines), told.append, "me")
    return [line.text for line in told]


def test_a_word_is_an_answer() -> None:
    assert answered(question(), "GO")[0] == Answer(Choice.GO, "CONTOSO\\ann")


def test_leave_is_no_answer() -> None:
    assert answered(question(), "leave")[0] is None


@pytest.mark.parametrize("mashed", [("",) * 20, ("g", "y", "yes", "ok", "1"), ("override",), ("skip",)])
def test_nothing_but_an_offered_word_is_an_answer(mashed: tuple[str, ...]) -> None:
    told = never(question(), *mashed)
    assert any("go " in text for text in told)


@pytest.mark.parametrize("wrong", ["ex01", "EX02", "", "EX01 x", "go"])
def test_go_wants_the_servers_name_exactly(wrong: str) -> None:
    never(question(typed="EX01"), "go", wrong)


def test_go_with_the_name() -> None:
    made, _ = answered(question(typed="EX01"), "go", "EX02", "go", "EX01")
    assert made == Answer(Choice.GO, "CONTOSO\\ann", typed="EX01")


def test_a_reason_of_nine_characters_is_asked_for_again_and_none_goes_back() -> None:
    made, told = answered(question(), "abort", "too short", "long enough")
    assert made == Answer(Choice.ABORT, "CONTOSO\\ann", reason="long enough")
    assert "That has 9 characters." in told
    never(question(), "abort", "")
    never(question(), "abort", "         x         "[:9])


def test_an_abort_says_first_what_will_be_undone_newest_first() -> None:
    _, told = answered(question(), "abort", "a long enough reason")
    owed = [text for text in told if "before:" in text]
    assert [text.split()[1] for text in owed] == ["MoveNow", "ProtocolLogEnabled"]


GUARDED = question(
    Choice.AGAIN,
    Choice.OVERRIDE,
    Choice.HAND_OVER,
    blocking=(
        finding(object="DB03"),
        finding(object="DB04", verdict=Verdict.UNREAD),
        finding(object="DAG1", guard="quorum", grade=Grade.HARD),
    ),
)


def test_an_override_is_of_one_guard_and_object_with_reason_and_name() -> None:
    made, told = answered(GUARDED, "override", "2", "the copy is fine", "EX01")
    assert made == Answer(
        Choice.OVERRIDE,
        "CONTOSO\\ann",
        reason="the copy is fine",
        typed="EX01",
        guard="copies.elsewhere",
        object="DB04",
    )
    assert not any(text.startswith("3") for text in told)


@pytest.mark.parametrize("which", ["3", "0", "", "-1", "DB03", "²"])
def test_a_hard_guard_is_not_among_those_to_override(which: str) -> None:
    never(GUARDED, "override", which, "the copy is fine", "EX01")


def test_nothing_to_override_goes_back() -> None:
    hard = replace(GUARDED, blocking=(finding(grade=Grade.HARD),))
    assert "No guard in the way here can be overridden." in never(hard, "override")


def test_a_hand_over_wants_a_name_and_a_reason() -> None:
    made, _ = answered(GUARDED, "hand-over", "CONTOSO\\eve", "the disk is full")
    assert made == Answer(Choice.HAND_OVER, "CONTOSO\\ann", reason="the disk is full", to="CONTOSO\\eve")
    never(GUARDED, "hand over", "")


def test_a_question_shows_command_refusal_and_choices() -> None:
    texts = [line.text for line in asked(replace(ASKING, question=GUARDED), GUARDED)]
    assert "Restart-Service -Name 'restart'" in texts
    assert "REFUSED  Step restart    guard copies.elsewhere (stop)" in texts
    assert "DB03  EX02 Failed; it should be: 1 healthy copy" in texts
    assert "What helps:  Resume it" in texts
    assert "Override:    not offered for this guard" in texts
    assert any(text.startswith("Override:    offered for DB03, DB04") for text in texts)
    words = [text.split()[0] for text in texts[texts.index("Type one of:") + 1 :]]
    assert words == ["again", "override", "hand", "leave"]


def texts_of(*found: Finding) -> list[str]:
    return [line.text for line in findings.lines("Move", found)]


def test_a_block_that_refuses_holds_only_what_blocks() -> None:
    told = texts_of(
        finding(object="DB01", grade=Grade.HARD, helps="Resume DB01"),
        finding(object="DB02", grade=Grade.WARN, reading="only 1 fit copy", helps="A DAG of two has one"),
        finding(object="DB03", verdict=Verdict.PASSED),
        finding(object="DB04", reason="it is known", by="ann"),
    )
    assert told == [
        "REFUSED  Move    guard copies.elsewhere (hard)",
        "DB01  EX02 Failed; it should be: 1 healthy copy",
        "What helps:  Resume DB01",
        "Override:    not offered for this guard",
        "warned     guard copies.elsewhere (warn)  DB02  only 1 fit copy; it should be: 1 healthy copy",
        "What helps:  A DAG of two has one",
        "passed     guard copies.elsewhere (stop)  DB03  ok: EX02 Failed",
        "overridden guard copies.elsewhere (stop)  DB04  EX02 Failed; it should be: 1 healthy copy",
        "by ann: it is known",
    ]


def test_one_guard_of_two_grades_is_two_blocks() -> None:
    told = texts_of(finding(object="DB01", grade=Grade.HARD), finding(object="DB02"))
    assert [text for text in told if text.startswith(("REFUSED", "Override"))] == [
        "REFUSED  Move    guard copies.elsewhere (hard)",
        "Override:    not offered for this guard",
        "REFUSED  Move    guard copies.elsewhere (stop)",
        "Override:    offered for DB02, one at a time, with a reason and the server's name typed",
    ]


def test_a_warning_that_is_the_same_for_several_objects_is_said_once() -> None:
    same = [finding(object=name, grade=Grade.WARN) for name in ("DB01", "DB02", "DB01")]
    assert texts_of(*same, finding(Verdict.UNREAD, Grade.WARN, object="DB03")) == [
        "warned     guard copies.elsewhere (warn)  DB01, DB02  EX02 Failed; it should be: 1 healthy copy",
        "warned     guard copies.elsewhere (warn)  DB03  could not be read: EX02 Failed; "
        "it should be: 1 healthy copy",
        "What helps:  Resume it",
    ]


def test_the_question_of_an_undoing_has_a_title() -> None:
    put = question(step="undo:ProtocolLogEnabled")
    (first, *_) = asked(replace(ASKING, question=put), put)
    assert first.text.endswith("  Put ProtocolLogEnabled back")


def test_choices_are_words_in_any_case() -> None:
    assert choice_of("Hand-Over") is choice_of("hand  over") is Choice.HAND_OVER
    assert choice_of("g") is None


# --- what is run by hand -------------------------------------------------------------------------

HAND = HandView(
    "Restart-Service -Name 'MSExchangePop3' -Force", "on EX01 itself", "WinRM of EX01 cannot be used"
)
OFFERED = question(Choice.AGAIN, Choice.DONE, Choice.SKIP, Choice.HAND_OVER, hand=HAND)


def test_an_offer_shows_the_command_on_a_line_of_its_own_and_says_what_the_words_mean() -> None:
    texts = [line.text for line in asked(replace(ASKING, question=OFFERED), OFFERED)]
    assert texts.index("run by hand, on EX01 itself:") + 1 == texts.index(HAND.command)
    assert "not sent by us: WinRM of EX01 cannot be used" in texts
    assert "would send:" not in texts
    means = {
        text.split()[0]: text for text in texts if text.split()[:1] and text.split()[0] in ("again", "done")
    }
    assert "nobody has run it" in means["again"]
    assert "has come to its end" in means["done"]


def test_done_is_one_word_and_nothing_else_is() -> None:
    assert answered(OFFERED, "done")[0] == Answer(Choice.DONE, "CONTOSO\\ann")
    never(OFFERED, "", "yes", "ok", "d", "go")
    never(question(), "done")
