"""Which runs rest, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.journal.records import Choice, NewAttempt
from cockpit.recovery.holding import due_of
from tests.recovery.fakes import World, book, opened, say, step


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        yield found


@pytest.fixture
def held(world: World) -> str:
    """A run whose time runs at the step ``held``."""
    run = world.begin(book(step("hold", name="held"), step("monitor", name="other")))
    world.intend(NewAttempt(run, "held", "", {}, 60.0, due_in=60.0))
    return run


def ask(world: World, run: str, of: str) -> int:
    with world.journal.write(None) as writer:
        return writer.ask(run, of, "Go on?", (Choice.GO,)).id


def due(world: World, run: str) -> float | None:
    return due_of(world.journal, world.run(run))


def test_a_run_rests_at_the_question_of_the_step_whose_time_runs(world: World, held: str) -> None:
    assert due(world, held) is None, "nobody is asked yet"
    number = ask(world, held, "held")
    (attempt,) = world.journal.attempts(held)
    assert attempt.due_at is not None
    assert due(world, held) == attempt.due_at
    with world.journal.write(None) as writer:
        writer.answer(number, say(Choice.GO))
    assert due(world, held) is None, "it is decided"


@pytest.mark.parametrize("of", ["other", "undo:ProtocolLogEnabled"])
def test_a_run_that_asks_about_another_step_does_not_rest(world: World, held: str, of: str) -> None:
    ask(world, held, of)
    assert due(world, held) is None


def test_a_time_that_is_over_is_no_rest(world: World, held: str) -> None:
    (attempt,) = world.journal.attempts(held)
    with world.journal.write(None) as writer:
        writer.conclude(attempt, "over", {})
    ask(world, held, "held")
    assert due(world, held) is None
