"""What is told between two views of a run, and what a follower does next."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.commands import following
from cockpit.commands.following import Turn, fresh, news, turn
from cockpit.commands.plain import document
from cockpit.journal.records import RunState
from cockpit.recovery.view import HandView, Life, OutputView, RunView, StepMark
from tests.cli.scripted import (
    ASKING,
    BEGUN,
    HOSTILE,
    NOW,
    RECOVERED,
    done,
    lease,
    obligation,
    run,
    said,
    step,
    view,
)


def texts(before: RunView | None, now: RunView) -> list[str]:
    return [line.text for line in news(before, now).said]


def begun(before: RunView | None, now: RunView) -> list[str]:
    return [text for text in texts(before, now) if "begins" in text]


def test_a_step_that_was_only_come_to_has_not_begun() -> None:
    come_to = replace(BEGUN, steps=(done("read"), step("restart", StepMark.DOING)))
    assert begun(BEGUN, come_to) == []
    assert "command: Restart-Service -Name 'restart'" not in texts(BEGUN, come_to)
    again = replace(done("restart", "failed"), mark=StepMark.DOING)
    assert begun(come_to, replace(come_to, steps=(done("read"), again))) == [
        "02:00:00Z  begins  restart  Step restart  (step 1 of Microsoft's page)"
    ]
    tried = replace(come_to, steps=(done("read"), done("restart", "failed")))
    assert begun(tried, replace(come_to, steps=(done("read"), again))) == [], "no second attempt yet"


def test_a_step_begins_once_however_often_it_is_seen() -> None:
    limit = NOW + timedelta(minutes=1)
    working = step("restart", StepMark.DOING, started_at=NOW, attempts=1, limit_at=limit)
    frames = [
        view(step("restart")),
        view(step("restart", StepMark.DOING)),
        view(working),
        view(replace(working, limit_at=None)),
        view(done("restart")),
    ]
    told = [text for old, new in pairwise(frames) for text in begun(old, new)]
    assert len(told) == 1


def test_a_step_that_came_and_went_between_two_looks_begins_before_it_ends() -> None:
    told = texts(view(step("restart")), view(done("restart", "applied")))
    assert [text.split()[1] for text in told if text.startswith("02:00")] == ["begins", "ends"]
    assert begun(view(step("a")), view(replace(done("a"), mark=StepMark.SKIPPED))) == []


def test_a_run_made_just_now_is_starting_and_later_it_is_left() -> None:
    new = view(step("read"), life=Life.LEFT)
    assert texts(None, new)[1].endswith("running, starting")
    assert not following.gone(new)
    old = replace(new, now=NOW + timedelta(seconds=following.LEFT_SECONDS))
    assert texts(None, old)[1].endswith("running, left")
    assert following.gone(old)
    assert texts(None, view(done("read"), life=Life.LEFT))[1].endswith("running, left")
    resumed = following.news(None, old, starting=True)
    assert resumed.said[1].text.endswith("running, starting")


def test_nothing_is_told_twice() -> None:
    for shown in (BEGUN, ASKING, RECOVERED):
        assert news(shown, shown) == following.News((), ())


def test_the_first_look_names_the_run_and_who_works_on_it() -> None:
    told = texts(None, replace(BEGUN, lease=lease()))
    assert "4f2a77aa" in told[0]
    assert any("CONTOSO\\bob" in text for text in told)
    assert not any(
        "CONTOSO\\bob" in t for t in texts(None, replace(BEGUN, lease=replace(lease(), expired=True)))
    )


def test_a_step_that_begins_shows_its_exact_command_and_its_end_shows_its_words() -> None:
    begun = replace(BEGUN, steps=(done("read"), step("restart", StepMark.DOING, started_at=NOW)))
    told = texts(BEGUN, begun)
    assert "command: Restart-Service -Name 'restart'" in told
    ended = replace(begun, steps=(done("read"), done("restart", "applied", words="a new process")))
    changed = news(begun, ended)
    assert [s.id for s in changed.finished] == ["restart"]
    assert [line.text for line in changed.said if line.bar] == ["a new process"]


def test_a_second_try_is_a_step_finished_again() -> None:
    first = view(done("restart", "failed"))
    again = view(done("restart", "applied", attempts=2, ended_at=NOW + timedelta(minutes=1)))
    assert [s.outcome for s in news(first, again).finished] == ["applied"]


def test_a_skipped_step_is_finished_and_one_not_needed_is_not() -> None:
    before = view(step("a"), step("b"))
    now = view(step("a", StepMark.SKIPPED), step("b", StepMark.NOT_NEEDED))
    assert [s.id for s in news(before, now).finished] == ["a"]


def test_a_step_in_doubt_is_called_so() -> None:
    doubted = view(step("restart", StepMark.IN_DOUBT, started_at=NOW))
    assert any(
        "IN DOUBT" in text for text in texts(view(step("restart", StepMark.DOING, started_at=NOW)), doubted)
    )


def test_obligations_are_told_when_they_open_and_when_they_close() -> None:
    owing = replace(BEGUN, obligations=(obligation(),))
    assert texts(BEGUN, owing) == ["to be undone: EX01 ProtocolLogEnabled = $true, before: $false"]
    closed = replace(BEGUN, obligations=(obligation(closed_at=1.0),))
    assert texts(owing, closed) == ["undone: EX01 ProtocolLogEnabled = $true, before: $false"]
    assert texts(owing, BEGUN) == texts(owing, closed)


def test_an_end_with_something_handed_over_says_it_is_still_open() -> None:
    handed = obligation(handed_to="CONTOSO\\eve", handed_reason="the disk is full")
    ended = replace(view(state=RunState.ESCALATED), obligations=(handed,))
    told = texts(BEGUN, ended)
    assert any("ESCALATED" in text for text in told)
    assert any("STILL OPEN" in text and "CONTOSO\\eve" in text for text in told)


streams = st.lists(st.integers(0, 3), max_size=12).map(lambda ns: [said(str(n), i) for i, n in enumerate(ns)])


@given(streams, st.integers(0, 12), st.integers(0, 12))
def test_output_is_told_once_in_order_whatever_tail_is_kept(
    stream: list[OutputView], seen: int, kept: int
) -> None:
    old, new = stream[:seen], stream
    tail = new[-kept:] if kept else []
    told = list(fresh(old, tail, seen=True))
    assert told == (tail if len(new) - seen > kept else new[seen:])


def test_of_output_before_we_came_only_the_last_lines_are_shown() -> None:
    stream = [said(str(n)) for n in range(100)]
    assert list(fresh((), stream, seen=False)) == stream[-following.TAIL :]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ((BEGUN,), Turn.WAIT),
        ((ASKING,), Turn.ASK),
        ((RECOVERED,), Turn.ENDED),
        ((replace(BEGUN, child="c1"), replace(ASKING, run=run(id="c1"))), Turn.ASK),
        ((replace(BEGUN, child="c1"), replace(RECOVERED, run=run(RunState.RECOVERED, id="c1"))), Turn.WAIT),
    ],
)
def test_a_turn(chain: tuple[RunView, ...], expected: Turn) -> None:
    assert turn(chain, None)[0] is expected


def test_a_run_is_left_only_after_a_while_without_a_worker() -> None:
    left = replace(BEGUN, life=Life.LEFT)
    assert turn((left,), NOW)[0] is Turn.WAIT
    later = replace(left, now=NOW + timedelta(seconds=following.LEFT_SECONDS))
    assert turn((later,), NOW)[0] is Turn.LEFT


def test_a_row_is_one_line_of_six_cells_whatever_a_server_says() -> None:
    made = following.row("4f2a", done("restart", words=f"a\tb{HOSTILE}"))
    assert made.count("\t") == 5
    assert not {"\n", "\x1b", "\x07", "\u202e"} & set(made)


def test_a_step_by_hand_is_told_as_such_and_has_no_time_limit() -> None:
    hand = HandView("Restart-Computer -Force", "on EX01 itself", "not granted")
    limit = NOW + timedelta(minutes=1)
    working = step("restart", StepMark.DOING, started_at=NOW, attempts=1, limit_at=limit, hand=hand)
    said_now = texts(view(step("restart")), view(working))
    assert "by hand, on EX01 itself: Restart-Computer -Force" in said_now
    assert not [text for text in said_now if text.startswith(("command:", "answers by"))]
    ended = replace(done("restart"), hand=replace(hand, by="ann", done_at=NOW))
    by_hand = following.record("4f2a", ended)["by_hand"]
    assert json.loads(document(by_hand)) == {
        "command": "Restart-Computer -Force",
        "where": "on EX01 itself",
        "why": "not granted",
        "by": "ann",
        "done_at": "2026-03-01T02:00:00Z",
        "observed": False,
    }
