"""The way to the protocol logs that the environment names, and what is not yet a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from cockpit.exchange.errors import CmdletFailedError
from cockpit.exchange.logfiles import ScriptsRefusedError
from cockpit.exchange.model import CmdletError
from cockpit.journal.records import Choice
from cockpit.poplog.errors import FileGoneError, LogError, RefusedError
from cockpit.poplog.source import LogSource
from cockpit.recovery import logging_state
from cockpit.recovery.asking import Parked
from cockpit.recovery.logging_view import Written
from tests.poplog.sources import Folder
from tests.recovery.builders import EX01
from tests.recovery.fakes import World, opened, quick, say
from tests.recovery.popserver import FRONT, LONG_AGO, MORNING, PopServer
from tests.recovery.test_logging_runs import rests, turn_on

T = TypeVar("T")
GO = say(Choice.GO)
NO_SCRIPTS = ScriptsRefusedError("EX01 does not run scripts for us")
NOT_THERE = CmdletFailedError("list-log.ps1", CmdletError("no such file", "FileNotFoundException"))


@dataclass
class Shared(PopServer):
    """Its logs are read over a share. ``fails``: what the next looks raise, None where one works."""

    fails: list[Exception | None] = field(default_factory=list)
    looks: int = 0

    def logs(self, server: str, folder: str, job: Callable[[LogSource], T]) -> T:
        self.looks += 1
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None:
            raise failure
        return job(Folder(self.folder or {}))


@dataclass
class Staged(PopServer):
    """``before``: what happens before one look at the folder after the other."""

    before: list[Callable[[], None]] = field(default_factory=list)
    looks: int = 0

    def logs(self, server: str, folder: str, job: Callable[[LogSource], T]) -> T:
        self.looks += 1
        if self.before:
            self.before.pop(0)()
        return super().logs(server, folder, job)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        # More than any look takes: what ends these watches is what they see.
        found.settings = quick(logging_confirm=100.0)
        yield found


def test_lines_are_looked_for_over_the_share_where_scripts_are_refused(world: World) -> None:
    pop = world.access = Shared(refuses=[NO_SCRIPTS])
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    assert world.tries(run)[-2] == ("seen", "arrives")
    assert pop.scripts == []


def test_how_it_stands_is_read_over_the_share_where_scripts_are_refused() -> None:
    pop = Shared(refuses=[NO_SCRIPTS], folder={})
    pop.on = True
    pop.write(FRONT)
    state = logging_state.read(pop, EX01)
    assert state.problems == ()
    assert [s.written is not None and s.written.last for s in state.services] == [pop.clock, None]
    assert pop.scripts == []


def test_a_share_that_cannot_be_read_is_a_problem_of_the_state() -> None:
    state = logging_state.read(Shared(fails=[LogError("EX01 cannot be reached", "refused")]), EX01)
    assert state.enabled is False
    assert state.problems == ("The log folder: EX01 cannot be reached: refused.",)
    assert [s.written for s in state.services] == [None, None]


def test_a_share_whose_folder_is_not_there_yet_has_no_file() -> None:
    state = logging_state.read(Shared(fails=[FileGoneError("EX01 has no such folder")]), EX01)
    assert state.problems == ()
    assert [s.written for s in state.services] == [Written(), Written()]


def test_a_share_that_fails_for_a_while_is_looked_at_again(world: World) -> None:
    pop = world.access = Shared(fails=[LogError("EX01 cannot be reached", "refused"), None])
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    assert world.tries(run)[-2] == ("seen", "arrives")
    assert pop.looks == 2


def test_a_share_that_refuses_us_is_not_asked_again(world: World) -> None:
    pop = world.access = Shared(fails=[RefusedError("EX01 refuses us", "denied", "Ask for the share.")])
    run = turn_on(world)
    world.script(GO, GO)
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run)[-1] == ("seen", "unreadable")
    assert "EX01 refuses us: denied. Ask for the share." in world.prompts[-1]
    assert pop.looks == 1


def test_what_was_there_before_a_look_that_found_nothing_is_no_new_line(world: World) -> None:
    """A file that goes between the list and the read says nothing of the lines that were there."""
    pop = world.access = Staged(silent={FRONT})
    pop.write(FRONT)
    pop.before = [
        lambda: pop.refuses.append(NOT_THERE),
        pop.refuses.clear,
        lambda: pop.write(FRONT),
    ]
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    assert world.tries(run)[-2] == ("seen", "arrives")
    assert pop.looks == 3


@pytest.mark.parametrize(
    ("now", "before", "grew"),
    [
        (Written("a", 9, MORNING), Written("a", 8, MORNING), True),
        (Written("a", 9, MORNING), Written("a", 9, MORNING), False),
        (Written("b", 9, MORNING), Written("a", 9, LONG_AGO), True),
        (Written("b", 9, MORNING), Written("a", 9), True),
        (Written("b", 9, MORNING), Written(), True),
        (Written("b", 9, LONG_AGO), Written("a", 9, MORNING), False),
        (Written("b", 9, MORNING), Written("a", 9, MORNING), False),
        (Written("b", 9), Written("a", 9, MORNING), False),
    ],
)
def test_lines_came_where_the_file_is_longer_or_another_has_a_newer_one(
    now: Written, before: Written, grew: bool
) -> None:
    assert now.grew(before) is grew


def test_the_older_file_left_when_the_newest_is_deleted_shows_no_new_line(world: World) -> None:
    pop = world.access = Staged(silent={FRONT})
    pop.write(FRONT)
    pop.clock += timedelta(hours=2)
    pop.write(FRONT)

    def delete() -> None:
        assert pop.folder is not None
        del pop.folder[max(pop.folder)]

    pop.before = [lambda: None, delete, lambda: pop.write(FRONT)]
    run = turn_on(world)
    world.script(GO, GO)
    rests(world, run)
    assert pop.looks == 3
