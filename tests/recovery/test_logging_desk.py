"""Protocol logging as screens and commands ask for it: which run, who has it on, what is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.environment import Environment
from cockpit.exchange.errors import UnreachableError
from cockpit.exchange.model import Reading, Role, Version
from cockpit.journal.records import Actor, Choice, Question, Run, RunState, WishKind
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.recovery import logging_runs
from cockpit.recovery.access import Access
from cockpit.recovery.actions.settings import LOGGING
from cockpit.recovery.asking import Parked
from cockpit.recovery.client import RefusedError
from cockpit.recovery.judging import case_of
from cockpit.recovery.logging_view import OFF as OFF_CHOICE
from cockpit.recovery.logging_view import PUT_BACK
from cockpit.recovery.office import Office
from cockpit.recovery.runbook import Runbook
from cockpit.recovery.runbooks import logging as books
from cockpit.recovery.runbooks.service import SERVICE
from cockpit.recovery.view import Life
from cockpit.recovery.work import Work
from tests.recovery.builders import EX01, EX02, host, server
from tests.recovery.fakes import REASON, SCOPE, World, book, opened, quick, say, step
from tests.recovery.popserver import BACK, FRONT, LONG_AGO, PopServer
from tests.recovery.test_logging_runs import bare

GO = say(Choice.GO)


class Desk(Office):
    """An office whose workers are only noted, and whose servers are a world's."""

    def __init__(self, environment: Environment, journal: Journal, access: PopServer) -> None:
        super().__init__(environment, None, journal, read_only=False)
        self.access = access
        self.started: list[str] = []

    def _work(self, run: str) -> None:
        self.started.append(run)

    @contextmanager
    def _servers(self) -> Iterator[Access]:
        yield self.access


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("ON", "OFF"):
        found = {choice: bare(b) for choice, b in getattr(books, name).items()}
        monkeypatch.setattr(logging_runs, name, found)
    with opened(tmp_path) as made:
        made.access = PopServer()
        made.settings = quick(logging_confirm=0.01)
        yield made


@pytest.fixture
def pop(world: World) -> PopServer:
    assert isinstance(world.access, PopServer)
    return world.access


@pytest.fixture
def desk(world: World, pop: PopServer) -> Desk:
    return Desk(world.environment, world.journal, pop)


def turned_on(world: World, desk: Desk, seconds: int = 0) -> str:
    """A run that rests with it on."""
    run = desk.start_logging(EX01, "", seconds)
    world.script(GO, GO)
    with pytest.raises(Parked):
        world.work(run)
    return run


def another(world: World) -> Journal:
    who = Actor("bob", "there", "elsewhere/1/bob", "tests")
    url = sqlite_url(world.folder / "journal.db")
    return open_journal(url, who, keys=world.folder / "bob", checkpoints=world.folder / "bob.jsonl")


# --- how it stands -------------------------------------------------------------------------------


def test_off_with_everything_read(desk: Desk) -> None:
    state = desk.logging(EX01)
    assert (state.enabled, state.location, state.clients) == (False, "C:\\Logs\\Pop3", 23)
    assert state.free == 5 * 10**11
    assert state.tiers == ("front", "back")
    assert [s.written.name for s in state.services if s.written is not None] == ["", ""]
    assert (state.run, state.due, state.handed, state.problems) == ("", None, None, ())
    assert state.period == 14_400.0
    assert state.commands["both"] == (
        "Set-PopSettings -Server 'EX01' -ProtocolLogEnabled $true -Confirm:$false",
        f"Restart-Service -Name '{FRONT}' -Force    (on EX01)",
        f"Restart-Service -Name '{BACK}' -Force    (on EX01)",
    )
    assert PUT_BACK not in state.commands
    assert "$false" in state.commands[OFF_CHOICE][0]


def test_on_by_a_run_of_ours_with_its_time_and_its_lines(world: World, desk: Desk, pop: PopServer) -> None:
    run = turned_on(world, desk, 1_800)
    state = desk.logging(EX01)
    assert (state.enabled, state.run, state.overdue) == (True, run, False)
    assert state.due is not None
    assert state.now is not None
    assert timedelta(seconds=1_700) < state.due - state.now <= timedelta(seconds=1_800)
    front, back = state.services
    assert front.written is not None
    assert front.written.name.startswith("POP32026")
    assert front.written.last == pop.clock
    assert back.written is not None
    assert back.written.name == ""
    assert [c.split(" ")[0] for c in state.commands[PUT_BACK]] == ["Set-PopSettings", "Restart-Service"]


def test_overdue_once_its_time_is_over(world: World, desk: Desk) -> None:
    run = turned_on(world, desk, 1)
    later = replace(desk.logging(EX01), now=desk.logging(EX01).due)
    assert later.overdue
    (line,) = desk.runs()
    assert line.due is not None
    assert line.due == later.due
    standing = desk.standing()
    assert standing.due(standing.obligations[0]) == later.due
    assert desk.view(run).question is not None


def test_a_service_from_before_the_last_change_is_behind(desk: Desk, pop: PopServer) -> None:
    pop.changed = LONG_AGO + timedelta(hours=1)
    assert [s.behind for s in desk.logging(EX01).services] == [True, True]
    pop.restart(FRONT)
    assert [s.behind for s in desk.logging(EX01).services] == [False, True]


def test_what_cannot_be_read_is_a_problem_and_the_rest_is_there(desk: Desk, pop: PopServer) -> None:
    pop.refuses = [UnreachableError("EX01 cannot be reached", "refused")]
    pop.winrm["volumes"] = UnreachableError("EX01 cannot be reached", "refused")
    state = desk.logging(EX01)
    assert state.enabled is False
    assert state.free is None
    assert all(s.written is None for s in state.services)
    assert len(state.problems) == 2
    pop.exchange["get_pop_settings"] = UnreachableError("nobody answers")
    assert desk.logging(EX01).enabled is None


def test_a_server_that_is_not_there_is_refused(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="no server EX09"):
        desk.logging("EX09")


# --- turning it on -------------------------------------------------------------------------------


def test_it_is_a_run_in_the_scope_with_its_time(world: World, desk: Desk) -> None:
    run = world.run(desk.start_logging("ex01.contoso.com", "", 1_800))
    assert (run.runbook, run.server, run.monitor) == ("ProtocolLoggingFront", EX01, "")
    assert run.facts == {"keep_for": 1_800}
    assert not run.auto
    assert desk.started == [run.id]


@pytest.mark.parametrize(("services", "name"), [("back", "Back"), ("both", "Both"), ("front", "Front")])
def test_the_services_are_chosen(world: World, desk: Desk, services: str, name: str) -> None:
    run = world.run(desk.start_logging(EX01, services, 0, auto=True))
    assert run.runbook == f"ProtocolLogging{name}"
    assert run.auto


def test_a_mailbox_server_of_2013_has_a_back_end_only(world: World, desk: Desk, pop: PopServer) -> None:
    pop.role = server(EX01, Version.E2013, frozenset({Role.MAILBOX}))
    assert world.run(desk.start_logging(EX01, "", 0)).runbook == "ProtocolLoggingBack"
    for services in ("front", "both"):
        with pytest.raises(RefusedError, match="no front end"):
            desk.start_logging(EX01, services, 0)


def test_on_already_by_ours_is_refused_and_kept_for_longer_instead(world: World, desk: Desk) -> None:
    run = turned_on(world, desk, 60)
    before = desk.logging(EX01).due
    with pytest.raises(RefusedError, match="has turned it on already"):
        desk.start_logging(EX01, "", 60)
    assert desk.keep_logging(EX01, 3_600) == run
    assert desk.started[-1] == run
    with pytest.raises(Parked):
        world.work(run)
    after = desk.logging(EX01).due
    assert before is not None
    assert after is not None
    assert after - before > timedelta(minutes=50)


def test_kept_for_no_time_in_particular_it_is_on_for_as_long_again(world: World, desk: Desk) -> None:
    run = turned_on(world, desk, 1_800)
    assert desk.logging(EX01).period == 1_800.0
    assert desk.keep_logging(EX01, 0) == run
    with pytest.raises(Parked):
        world.work(run)
    kept = desk.logging(EX01)
    assert kept.due is not None
    assert kept.now is not None
    assert timedelta(seconds=1_700) < kept.due - kept.now <= timedelta(seconds=1_800)
    assert kept.period == 1_800.0

    desk.keep_logging(EX01, 3_600)
    with pytest.raises(Parked):
        world.work(run)
    assert desk.logging(EX01).period == 3_600.0


def test_in_read_only_nothing_is_begun(world: World, pop: PopServer) -> None:
    desk = Desk(world.environment, world.journal, pop)
    desk._read_only = True
    calls: list[Callable[[], object]] = [
        lambda: desk.start_logging(EX01, "", 0),
        lambda: desk.end_logging(EX01),
        lambda: desk.keep_logging(EX01, 9),
    ]
    for call in calls:
        with pytest.raises(RefusedError, match="read-only"):
            call()
    assert desk.logging(EX01).enabled is False


# --- turning it off ------------------------------------------------------------------------------


def test_off_has_our_run_put_it_back(world: World, desk: Desk, pop: PopServer) -> None:
    run = turned_on(world, desk)
    assert desk.end_logging(EX01) == run
    world.script(GO)
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on


def test_off_by_itself_asks_no_more(world: World, desk: Desk, pop: PopServer) -> None:
    """Begun with questions, ended with none: the restart is not asked for."""
    run = turned_on(world, desk)
    asked = len(world.prompts)
    desk.end_logging(EX01, auto=True)
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on
    assert len(world.prompts) == asked


def test_off_without_a_record_is_a_run_of_its_own(world: World, desk: Desk, pop: PopServer) -> None:
    pop.on = True
    run = desk.end_logging(EX01)
    assert world.run(run).runbook == "ProtocolLoggingOffBoth"
    world.script(GO, GO, GO)
    assert world.work(run) is RunState.RECOVERED
    assert not pop.on


def test_while_our_run_is_at_work_it_is_its_own_business(world: World, desk: Desk) -> None:
    run = world.begin(book(step("monitor")))
    world.owe(run, LOGGING, False, True)
    with pytest.raises(RefusedError, match="at work with it on") as refused:
        desk.end_logging(EX01)
    assert f"runs attach {run[:8]}" in refused.value.helps
    assert desk.logging(EX01).run == run
    assert desk.logging(EX01).due is None


def test_what_was_handed_over_is_told_and_can_be_turned_off(world: World, desk: Desk, pop: PopServer) -> None:
    run = world.begin(book(step("monitor")))
    number = world.owe(run, LOGGING, False, True)
    pop.on = True
    with world.journal.write(None) as writer:
        writer.hand_over(number, "bob", REASON)
        writer.end(run, RunState.ESCALATED, "handed over")
    assert desk.logging(EX01).handed == number
    begun = desk.end_logging(EX01)
    world.script(GO, GO, GO)
    assert world.work(begun) is RunState.RECOVERED
    desk.settle(number, REASON)
    assert desk.standing().obligations == ()


@pytest.mark.parametrize("what", ["keep", "off"])
def test_who_is_not_heard_changes_nothing(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Somebody else answers in between: neither our time nor our wish to be asked no more stays behind."""
    run = turned_on(world, desk, 60)
    facts, started = world.run(run).facts, len(desk.started)
    journal, real = another(world), logging_runs.resting

    def quicker(*asked: Any) -> tuple[Run, Question]:
        found, question = real(*asked)
        with journal.write(None) as writer:
            writer.answer(question.id, replace(GO, by="bob"))
        return found, question

    monkeypatch.setattr(logging_runs, "resting", quicker)
    with pytest.raises(RefusedError, match="answered already, with go by bob"):
        desk.keep_logging(EX01, 3_600) if what == "keep" else desk.end_logging(EX01, auto=True)
    journal.close()
    assert world.run(run).facts == facts
    assert len(desk.started) == started


# --- a run that rests is in nobody's way ---------------------------------------------------------


def recovery() -> Runbook:
    return bare(SERVICE)


def test_another_run_may_begin_while_one_rests(world: World, desk: Desk) -> None:
    resting = turned_on(world, desk)
    other = desk.start_service(EX01, False)
    assert {resting, other} == {line.run.id for line in desk.runs()}
    (line,) = [each for each in desk.runs() if each.run.id == resting]
    assert line.life is Life.WAITING
    with pytest.raises(RefusedError, match="has not ended"):
        desk.start_service(EX01, True)


def test_guards_do_not_see_one_that_rests_and_see_it_again_when_it_works(world: World, desk: Desk) -> None:
    resting = turned_on(world, desk)
    other = world.begin(recovery())
    work = Work(world.journal, None, world.access, world.environment, world.folder)  # type: ignore[arg-type]
    run = world.run(other)
    assert case_of(work, run, step("restart_service", args={"tier": "front"})).runs == ()
    with world.journal.write(None) as writer:
        question = world.journal.open_question(resting)
        assert question is not None
        writer.answer(question.id, GO)
    (seen,) = case_of(work, run, step("restart_service", args={"tier": "front"})).runs
    assert seen.id == resting


@pytest.mark.parametrize("what", ["off", "keep", "answer", "abort", "wish"])
def test_while_another_run_has_the_scope_it_stays_as_it_is(world: World, desk: Desk, what: str) -> None:
    """Whoever decided now would be heard by nobody: no worker could take the run up."""
    run = turned_on(world, desk)
    journal = another(world)
    other = world.begin(recovery())
    journal.acquire(SCOPE, other, 60.0)
    question = desk.open_question(run)
    assert question is not None
    calls: dict[str, Callable[[], object]] = {
        "off": lambda: desk.end_logging(EX01),
        "keep": lambda: desk.keep_logging(EX01, 60),
        "answer": lambda: desk.answer(run, question.id, GO),
        "abort": lambda: desk.abort(run, REASON),
        "wish": lambda: desk.wish(run, WishKind.END_WAIT, REASON),
    }
    with pytest.raises(RefusedError, match="is held by bob"):
        calls[what]()
    journal.close()
    assert desk.open_question(run) == question
    assert world.journal.wishes(run) == ()
    assert world.run(run).facts.get("keep_for") == 0


def test_two_servers_of_one_dag_may_log_at_once(world: World, desk: Desk, pop: PopServer) -> None:
    turned_on(world, desk)
    pop.role = server(EX02)
    pop.exchange["get_mailbox_server"] = Reading((host(EX01), host(EX02)))
    assert desk.start_logging(EX02, "", 0)
