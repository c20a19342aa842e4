"""Manual steps: what we cannot send is offered as the exact command, and is never sent by us as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cockpit.exchange import changes, server_changes
from cockpit.exchange.errors import UnreachableError
from cockpit.exchange.model import Reading
from cockpit.exchange.recovery_model import ServiceProcess
from cockpit.exchange.server_clock import ServerClock
from cockpit.journal.records import Answer, Attempt, Choice, Question, RunState
from cockpit.recovery import by_hand
from cockpit.recovery.actions import machines, sightings
from cockpit.recovery.actions.settings import LOGGING, MOVE_NOW, POLICY
from cockpit.recovery.asking import Parked
from cockpit.recovery.runbook import RECOVERED
from tests.recovery.builders import EX01, NOW, component, monitor, server
from tests.recovery.fakes import Killed, World, book, opened, say, step

SERVICE = "MSExchangePop3"
RESTART = f"Restart-Service -Name '{SERVICE}' -Force"
FRONT = {"tier": "front"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        found.access.exchange["get_exchange_server"] = Reading((server(EX01),))
        yield found


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SET_SECONDS", "MOVE_SECONDS", "EFFECT_GRACE"):
        monkeypatch.setattr(changes, name, 0.02)
    monkeypatch.setattr(server_changes, "EFFECT_GRACE", 0.02)


def restarting(world: World, **changed: Any) -> str:
    world.access.no_winrm = True
    return world.begin(book(step("restart_service", args=FRONT, **changed)))


def last(world: World, run: str) -> Attempt:
    return world.journal.attempts(run)[-1]


def process(pid: int = 7, state: str = "Running", created: Any = NOW) -> ServiceProcess:
    return ServiceProcess(SERVICE, state, "Auto", pid, created)


def lines(world: World, run: str) -> list[dict[str, Any]]:
    return [json.loads(line.body) for line in world.journal.lines(run=run)]


# --- the offer -----------------------------------------------------------------------------------


def test_without_winrm_the_exact_command_is_offered_and_where_to_run_it(world: World) -> None:
    run = restarting(world)
    with pytest.raises(Parked):
        world.work(run)
    (prompt,) = world.prompts
    assert RESTART in prompt
    assert f"on {EX01} itself" in prompt
    assert "switched off for this environment" in prompt
    assert world.journal.asked[-1].choices == (
        Choice.AGAIN,
        Choice.DONE,
        Choice.HAND_OVER,
        Choice.ABORT,
    )
    assert world.access.sent == []


def test_the_intent_is_written_before_anybody_can_see_the_command(world: World) -> None:
    seen: list[Attempt] = []

    def looks(question: Question) -> Answer:
        seen.append(last(world, question.run))
        return Answer(Choice.DONE, "ann")

    run = restarting(world)
    world.script(looks)
    assert world.work(run) is RunState.RECOVERED
    (attempt,) = seen
    assert attempt.in_doubt
    assert attempt.command == RESTART
    kept = attempt.before[by_hand.MARK]
    assert (kept["command"], kept["where"][:12]) == (RESTART, f"on {EX01} itse")
    events = [line["event"] for line in lines(world, run)]
    assert events.index("step.intent") < events.index("question.asked")


def test_a_word_is_kept_as_a_word_with_name_and_time(world: World) -> None:
    world.access.exchange["get_server_component_state"] = Reading((component("PopProxy", "Inactive"),))
    world.access.exchange["get_server_health"] = Reading((monitor(),))
    run = restarting(world)
    world.script(Answer(Choice.DONE, "ann"))
    assert world.work(run) is RunState.RECOVERED
    attempt = last(world, run)
    assert attempt.outcome == "done"
    kept = by_hand.of(attempt)
    assert kept["by"] == "ann"
    assert kept["observed"] is False
    answered = world.journal.questions(run)[-1].answered_at
    assert answered is not None
    assert kept["done_at"] == int(answered)
    words = attempt.detail["words"]
    assert "by the word of ann at " in words
    assert "could not be seen from here" in words
    assert "PopProxy is Inactive: POP3 stops by design" in words
    assert "is Unhealthy" in words
    (line,) = [x for x in lines(world, run) if x["event"] == "step.by hand"]
    assert (line["by"], line["observed"], line["command"]) == ("ann", False, RESTART)
    assert world.access.sent == []


def test_what_an_action_cannot_be_done_by_hand_for_is_asked_as_before(world: World) -> None:
    """A value whose prior is not known must not be set by anybody on our word."""
    world.access.denied = {"Set-PopSettings"}
    world.access.readings = [UnreachableError("Get-PopSettings is not available")] * 2
    run = world.begin(book(step("set_logging")))
    with pytest.raises(Parked):
        world.work(run)
    assert Choice.DONE not in world.journal.asked[-1].choices
    assert world.tries(run) == []


# --- not run -------------------------------------------------------------------------------------


def test_again_says_that_nobody_ran_it_and_then_it_is_sent(world: World) -> None:
    run = restarting(world)

    def comes_back(question: Question) -> Answer:
        world.access.no_winrm = False
        pids = iter((7, 8, 8, 8))
        world.access.winrm["service_process"] = lambda name: process(next(pids))
        return say(Choice.AGAIN)

    world.script(comes_back)
    assert world.work(run) is RunState.RECOVERED
    assert world.tries(run) == [("it", "not run"), ("it", "done")]
    assert [str(call) for call in world.access.sent] == [RESTART]


def test_skip_leaves_the_offer_with_an_end_of_its_own(world: World) -> None:
    run = restarting(world, skip=RECOVERED)
    world.script(say(Choice.SKIP))
    assert world.work(run) is RunState.RECOVERED
    assert world.tries(run) == [("it", "not run"), ("it", "skipped")]
    assert "ann says that it was not run by hand" in world.journal.attempts(run)[0].detail["words"]


def test_a_skip_answered_while_nobody_works_is_taken_up(world: World) -> None:
    run = restarting(world, skip=RECOVERED)
    with pytest.raises(Parked):
        world.work(run)
    world.journal.script.clear()
    with world.journal.write(None) as writer:
        writer.answer(world.journal.questions(run)[-1].id, say(Choice.SKIP))
    assert world.work(run) is RunState.RECOVERED
    assert world.tries(run) == [("it", "not run"), ("it", "skipped")]


# --- crashes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["after intent", "after effect"])
def test_a_worker_that_dies_with_an_offer_open_asks_again_and_never_sends(world: World, phase: str) -> None:
    run = restarting(world)

    def dies(_: str, at: str) -> None:
        if at == phase:
            raise Killed

    world.phase = dies
    if phase == "after effect":
        world.script(Answer(Choice.DONE, "ann"))
    with pytest.raises(Killed):
        world.work(run)
    assert last(world, run).in_doubt

    world.phase = lambda step, phase: None
    world.access.no_winrm = False
    old = process(created=NOW - timedelta(days=9))
    world.access.winrm["service_process"] = lambda name: old
    world.access.winrm["now"] = lambda: NOW
    if phase == "after intent":
        with pytest.raises(Parked):
            world.work(run)
        assert world.journal.asked[-1].choices[1] is Choice.DONE
        world.script(Answer(Choice.DONE, "bob"))
    assert world.work(run) is RunState.RECOVERED
    assert len(world.journal.attempts(run)) == 1
    assert world.access.sent == [], "what somebody may have run is never sent as well"


def test_a_tick_given_while_nobody_works_counts(world: World) -> None:
    run = restarting(world)
    with pytest.raises(Parked):
        world.work(run)
    with world.journal.write(None) as writer:
        writer.answer(world.journal.questions(run)[-1].id, Answer(Choice.DONE, "bob"))
    assert world.work(run) is RunState.RECOVERED
    assert by_hand.of(last(world, run))["by"] == "bob"
    assert len(world.journal.questions(run)) == 1


@pytest.mark.parametrize("choice", [Choice.ABORT, Choice.HAND_OVER])
def test_leaving_ends_the_offer_without_a_guess(world: World, choice: Choice) -> None:
    run = restarting(world)
    world.script(say(choice))
    assert world.work(run).value in ("aborted", "escalated")
    attempt = next(a for a in world.journal.attempts(run) if a.step == "it")
    assert attempt.outcome == "unknown"
    assert "nobody has said that it was" in attempt.detail["words"]
    assert world.access.sent == []


def test_leaving_tells_what_shows(world: World) -> None:
    run = restarting(world)

    def ran_and_aborts(question: Question) -> Answer:
        world.access.no_winrm = False
        world.access.winrm["service_process"] = lambda name: process(created=NOW)
        world.access.winrm["now"] = lambda: NOW
        return say(Choice.ABORT)

    world.script(ran_and_aborts)
    assert world.work(run) is RunState.ABORTED
    attempt = world.journal.attempts(run)[0]
    assert attempt.outcome == "done"
    assert "nobody has said by whom" in attempt.detail["words"]
    assert by_hand.of(attempt)["by"] == ""


# --- what is seen --------------------------------------------------------------------------------


def test_a_service_younger_than_the_offer_was_seen(world: World) -> None:
    run = restarting(world)

    def runs_it(question: Question) -> Answer:
        world.access.no_winrm = False
        world.access.winrm["service_process"] = lambda name: process(created=NOW)
        world.access.winrm["now"] = lambda: NOW
        return Answer(Choice.DONE, "ann")

    world.script(runs_it)
    assert world.work(run) is RunState.RECOVERED
    kept = by_hand.of(last(world, run))
    assert kept["observed"] is True
    assert "runs as process 7" in kept["seen"] or "process 7" in kept["seen"]
    assert "Observed: " in last(world, run).detail["words"]


def test_a_word_against_what_is_seen_is_not_taken(world: World) -> None:
    run = restarting(world)

    def says_so(question: Question) -> Answer:
        world.access.no_winrm = False
        world.access.winrm["service_process"] = lambda name: process(0, "Stopped", None)
        return Answer(Choice.DONE, "ann")

    def mends(question: Question) -> Answer:
        assert "ann says it is done, and it is not" in question.prompt
        assert "Stopped" in question.prompt
        world.access.winrm["service_process"] = lambda name: process(created=NOW)
        world.access.winrm["now"] = lambda: NOW
        return Answer(Choice.DONE, "bob")

    world.script(says_so, mends)
    assert world.work(run) is RunState.RECOVERED
    assert by_hand.of(last(world, run))["by"] == "bob"
    assert len(world.journal.attempts(run)) == 1


def test_an_older_process_is_told_and_proves_nothing(world: World) -> None:
    """Our clock and the server's may count differently, so an age alone never gives an operator the lie."""
    run = restarting(world)

    def says_so(question: Question) -> Answer:
        world.access.no_winrm = False
        world.access.winrm["service_process"] = lambda name: process(created=NOW - timedelta(days=9))
        world.access.winrm["now"] = lambda: NOW
        return Answer(Choice.DONE, "ann")

    world.script(says_so)
    assert world.work(run) is RunState.RECOVERED
    kept = by_hand.of(last(world, run))
    assert kept["observed"] is False
    assert "9 days" in kept["seen"]


def test_a_restart_that_is_not_granted_is_compared_with_the_process_before(world: World) -> None:
    """Here the endpoint can be read, so a word is not enough."""
    world.access.denied = {"Restart-Service"}
    world.access.winrm["service_process"] = lambda name: process(7)
    run = world.begin(book(step("restart_service", args=FRONT)))

    def too_soon(question: Question) -> Answer:
        return Answer(Choice.DONE, "ann")

    def runs_it(question: Question) -> Answer:
        assert "the same as before" in question.prompt
        world.access.winrm["service_process"] = lambda name: process(8)
        return Answer(Choice.DONE, "ann")

    world.script(too_soon, runs_it)
    assert world.work(run) is RunState.RECOVERED
    assert world.tries(run) == [("it", "not applied"), ("it", "done")]
    assert by_hand.of(last(world, run))["observed"] is True
    assert world.access.sent == []


def test_a_reboot_that_is_not_granted_is_seen_by_the_boot_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.access.denied = {"Restart-Computer"}
    booted = [NOW - timedelta(days=9)]
    world.access.winrm["last_boot_time"] = lambda: booted[0]
    monkeypatch.setattr(machines, "server_clock", lambda _: ServerClock(booted[0], NOW))
    run = world.begin(book(step("reboot")))

    def early(question: Question) -> Answer:
        assert question.prompt.count("Restart-Computer -Force") == 1
        return Answer(Choice.DONE, "ann")

    def restarts(question: Question) -> Answer:
        assert "and it is not" in question.prompt
        booted[0] = NOW
        return Answer(Choice.DONE, "ann")

    world.script(early, restarts)
    assert world.work(run) is RunState.RECOVERED
    assert by_hand.of(last(world, run))["observed"] is True


def test_a_computer_younger_than_the_offer_was_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.access.no_winrm = True
    run = world.begin(book(step("reboot")))

    def restarts(question: Question) -> Answer:
        world.access.no_winrm = False
        monkeypatch.setattr(sightings, "server_clock", lambda _: ServerClock(NOW, NOW))
        return Answer(Choice.DONE, "ann")

    world.script(restarts)
    assert world.work(run) is RunState.RECOVERED
    assert by_hand.of(last(world, run))["observed"] is True


def test_services_are_named_one_by_one(world: World) -> None:
    world.access.no_winrm = True
    run = world.begin(book(step("start_services")))
    world.script(Answer(Choice.DONE, "ann"))
    assert world.work(run) is RunState.RECOVERED
    assert last(world, run).command == (
        "Start-Service -Name 'MSExchangePop3'; Start-Service -Name 'MSExchangePOP3BE'"
    )


# --- settings that RBAC does not let us set ------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "key", "prior", "wanted", "cmdlet"),
    [
        ("set_logging", LOGGING, False, True, "Set-PopSettings"),
        ("block_activation", POLICY, "Unrestricted", "Blocked", "Set-MailboxServer"),
        ("move_databases", MOVE_NOW, False, True, "Set-MailboxServer"),
    ],
)
def test_a_setting_is_owed_whoever_sets_it_and_its_undoing_is_offered_too(
    world: World, action: str, key: str, prior: Any, wanted: Any, cmdlet: str
) -> None:
    world.access.denied = {cmdlet}
    world.access.values[key] = prior
    world.access.exchange["get_mailbox_database_copy_status"] = Reading(())
    restore = {LOGGING: "restore_logging", POLICY: "restore_policy", MOVE_NOW: "restore_move_now"}[key]
    run = world.begin(book(step(action, "back", opens=key), step(restore, name="back", closes=key)))

    def not_yet(question: Question) -> Answer:
        assert cmdlet in question.prompt
        assert "Exchange Management Shell" in question.prompt
        assert world.open_keys(run) == [key]
        return Answer(Choice.DONE, "ann")

    def sets(question: Question) -> Answer:
        assert "ann says it is done, and it is not" in question.prompt
        world.access.values[key] = wanted
        return Answer(Choice.DONE, "ann")

    def puts_back(question: Question) -> Answer:
        assert question.step == "back"
        assert world.open_keys(run) == [key]
        world.access.values[key] = prior
        return Answer(Choice.DONE, "bob")

    world.script(not_yet, sets, puts_back)
    assert world.work(run) is RunState.RECOVERED
    assert world.open_keys(run) == []
    assert [o.closed_by for o in world.journal.obligations(run=run, open_only=False)] == ["back"]
    assert world.access.sent == []
    assert [by_hand.of(a).get("by", "") for a in world.journal.attempts(run) if a.outcome == "done"] == [
        "ann",
        "bob",
    ]


def test_an_abort_offers_its_undoing_by_hand_and_does_not_end_before_it_is_read_back(world: World) -> None:
    run = world.begin(book(step("monitor")))
    world.owe(run, MOVE_NOW, False, True)
    world.access.denied = {"Set-MailboxServer"}
    world.script(say(Choice.ABORT), Answer(Choice.DONE, "ann"))
    with pytest.raises(Parked):
        world.work(run)
    asked = world.journal.asked[-1]
    assert asked.step == f"undo:{MOVE_NOW}"
    assert asked.choices == (Choice.AGAIN, Choice.DONE, Choice.HAND_OVER)
    assert "and it is not" in asked.prompt
    assert not world.run(run).ended
    assert world.open_keys(run) == [MOVE_NOW]

    def puts_back(question: Question) -> Answer:
        world.access.values[MOVE_NOW] = False
        return Answer(Choice.DONE, "bob")

    world.script(puts_back)
    assert world.work(run) is RunState.ABORTED
    assert world.open_keys(run) == []


def test_an_undoing_that_nobody_can_read_back_is_no_word_s_business(world: World) -> None:
    """A setting is never closed on anybody's word: it stays owed until it is read, or handed over."""
    run = world.begin(book(step("restore_move_now", closes=MOVE_NOW)))
    world.owe(run, MOVE_NOW, False, True)
    world.access.denied = {"Set-MailboxServer"}

    def falls_silent(question: Question) -> Answer:
        world.access.values[MOVE_NOW] = False
        world.access.readings = [UnreachableError("EX01 cannot be reached")] * 1_000
        return Answer(Choice.DONE, "ann")

    world.script(falls_silent)
    with pytest.raises(Parked):
        world.work(run)
    assert "could not be read back" in world.prompts[-1]
    assert world.open_keys(run) == [MOVE_NOW]

    world.script(say(Choice.HAND_OVER))
    assert world.work(run) is RunState.ESCALATED
    assert [o.handed_to for o in world.journal.obligations(run=run)] == ["bob"]
