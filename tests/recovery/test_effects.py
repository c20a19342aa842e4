"""A command's answer is never taken for its effect (design §6 rules 2 and 3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cockpit.exchange import changes, server_changes
from cockpit.exchange.errors import CertificateError, NotGrantedError, UnreachableError
from cockpit.exchange.model import Reading
from cockpit.exchange.recovery_model import ServiceProcess
from cockpit.journal.records import Choice, NewAttempt, Question, RunState
from cockpit.recovery.access import NotSentError
from cockpit.recovery.actions.action import Context
from cockpit.recovery.actions.machines import MoveBack, StartPopServices
from cockpit.recovery.actions.settings import LOGGING, MOVE_NOW, POLICY
from cockpit.recovery.asking import Parked
from cockpit.recovery.picture import plain_context
from cockpit.recovery.runbook import RECOVERED
from tests.exchange.standin import gives, row
from tests.recovery.builders import EX01, NOW, component, copy, server
from tests.recovery.fakes import World, book, opened, say, step

RESTORES = [
    ("restore_move_now", MOVE_NOW, False, True),
    ("restore_policy", POLICY, "Unrestricted", "Blocked"),
    ("restore_logging", LOGGING, False, True),
]
GONE = UnreachableError("EX01 cannot be reached", "connection refused")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        yield found


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute and a half of doubt is shown in no time."""
    for module, name in ((changes, "SET_SECONDS"), (changes, "MOVE_SECONDS"), (changes, "EFFECT_GRACE")):
        monkeypatch.setattr(module, name, 0.02)
    monkeypatch.setattr(server_changes, "EFFECT_GRACE", 0.02)


def restoring(world: World, action: str, key: str, prior: Any, wanted: Any) -> str:
    run = world.begin(book(step(action, closes=key)))
    world.owe(run, key, prior, wanted)
    return run


# --- an undo that has no effect ------------------------------------------------------------------


@pytest.mark.parametrize(("action", "key", "prior", "wanted"), RESTORES)
def test_an_undo_that_was_accepted_and_ignored_stays_owed_and_is_asked(
    world: World, action: str, key: str, prior: Any, wanted: Any
) -> None:
    run = restoring(world, action, key, prior, wanted)
    world.access.ignores = True
    with pytest.raises(Parked):
        world.work(run)
    assert len(world.access.sent) == 1
    assert world.tries(run)[-1] == ("it", "not applied")
    assert world.open_keys(run) == [key]
    (prompt,) = world.prompts
    assert "did not take effect" in prompt
    assert not world.run(run).ended

    world.access.ignores = False
    world.script(say(Choice.AGAIN))
    assert world.work(run) is RunState.RECOVERED
    assert world.open_keys(run) == []
    assert world.access.values[key] == prior


@pytest.mark.parametrize(("action", "key", "prior", "wanted"), RESTORES)
def test_an_undo_that_nobody_can_read_back_is_asked(
    world: World, action: str, key: str, prior: Any, wanted: Any
) -> None:
    run = restoring(world, action, key, prior, wanted)
    world.access.after = [GONE] * 10_000
    with pytest.raises(Parked):
        world.work(run)
    assert world.open_keys(run) == [key]
    assert "Nobody can say" in world.prompts[0]
    assert world.journal.attempts(run)[-1].in_doubt

    world.access.readings.clear()
    world.script(say(Choice.AGAIN))
    assert world.work(run) is RunState.RECOVERED
    assert world.open_keys(run) == []
    assert len(world.access.sent) == 1, "what was sent is looked for, not sent again"


@pytest.mark.parametrize("action", ["block_activation", "set_logging"])
def test_a_value_that_was_accepted_and_ignored_is_asked(world: World, action: str) -> None:
    world.access.values.update({POLICY: "Unrestricted", LOGGING: False})
    world.access.ignores = True
    run = world.begin(book(step(action)))
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run) == [("it", "not applied")]
    assert len(world.open_keys(run)) == 1
    assert "did not take effect" in world.prompts[0]


def test_a_vote_that_was_not_taken_back_is_asked(world: World) -> None:
    out = component("PopProxy", "Inactive", ("HealthApi", "Inactive"))
    world.access.exchange["get_server_component_state"] = Reading((out,))
    run = world.begin(book(step("activate_component")))
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run) == [("it", "not applied")]
    assert "PopProxy did not take effect" in world.prompts[0]


def test_databases_that_did_not_come_back_are_asked(world: World) -> None:
    """Looking first opens the session, so that the time limit is the move's own."""
    away = Reading((copy(EX01),))
    world.access.exchange["get_mailbox_database_copy_status"] = away
    run = world.begin(book(step("fail_back")))
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run) == [("it", "not applied")]
    assert world.access.asked[0].startswith("get_mailbox_database_copy_status")


def test_a_move_back_looks_before_its_intent(world: World) -> None:
    run = world.begin(book(step("fail_back")))
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run) == []
    assert world.access.sent == []


# --- limits --------------------------------------------------------------------------------------


def test_two_starts_have_the_time_of_two(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    one = server_changes.StartService(EX01, "MSExchangePop3").effect_limit
    run = world.begin(book(step("start_services")))
    limit = StartPopServices().limit(context_of(world, run))
    assert limit >= 2 * one


def test_a_move_back_has_its_own_limit(world: World) -> None:
    run = world.begin(book(step("fail_back")))
    assert MoveBack().limit(context_of(world, run)) == pytest.approx(0.04)


def context_of(world: World, run: str) -> Context:
    return plain_context(world.run(run), step("start_services"), ())


def test_doubt_does_not_outlast_its_limit_when_the_databases_clock_is_set_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_now = world.journal.now
    monkeypatch.setattr(world.journal, "now", lambda: true_now() - 3_600.0 * len(world.access.sent))
    world.access.ignores = True
    world.access.sending = [GONE]
    run = restoring(world, *RESTORES[0])
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run)[-1] == ("it", "not applied")


# --- a restart of the computer that was never sent -----------------------------------------------


@pytest.mark.parametrize(
    ("error", "offered"),
    [
        # What we may not send a person may: it is offered, and the offer has an attempt of its own.
        (NotGrantedError("Restart-Computer is not granted"), [("it", "")]),
        (NotSentError("EX01 was not reached", "refused"), []),
    ],
)
def test_a_restart_that_was_never_sent_is_asked_at_once(
    world: World, error: Exception, offered: list[tuple[str, str]]
) -> None:
    booted = gives(row(LastBootUpTime=NOW, LocalDateTime=NOW))
    world.access.winrm.update({"session": booted, "last_boot_time": NOW})
    world.access.sending = [error]
    run = world.begin(book(step("reboot")))
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run) == [("it", "not applied"), *offered]
    assert "Do reboot" in world.prompts[0]
    assert len(world.access.sent) == 1


def test_a_restart_that_was_never_sent_is_asked_at_once_where_nobody_answers(world: World) -> None:
    def silent() -> Any:
        raise CertificateError("EX01 shows a certificate of somebody else")

    booted = gives(row(LastBootUpTime=NOW, LocalDateTime=NOW))
    world.access.winrm.update({"session": booted, "last_boot_time": silent})
    world.access.sending = [NotSentError("EX01 was not reached", "certificate")]
    run = world.begin(book(step("reboot")))
    with pytest.raises(Parked):
        world.work(run)
    assert world.tries(run) == [("it", "not applied")]


def test_a_restart_whose_connection_broke_is_looked_for(world: World) -> None:
    later = iter([NOW, NOW, datetime(2026, 3, 4, 4, 0, tzinfo=NOW.tzinfo)])
    booted = gives(row(LastBootUpTime=NOW, LocalDateTime=NOW))
    world.access.winrm.update({"session": booted, "last_boot_time": lambda: next(later)})
    world.access.sending = [UnreachableError("the connection was reset")]
    run = world.begin(book(step("reboot")))
    assert world.work(run) is RunState.RECOVERED
    assert world.tries(run) == [("it", "done")]


# --- the domain controller -----------------------------------------------------------------------


def test_the_domain_controller_that_gave_the_prior_value_is_asked_throughout(world: World) -> None:
    """Another one may not have it yet: a stale prior value, or an undo taken for done."""
    world.access.values[POLICY] = "Unrestricted"
    steps = (step("block_activation", "back"), step("restore_policy", name="back", closes=POLICY))
    run = world.begin(book(*steps))

    def elsewhere() -> None:
        # From now on another domain controller is nearest, and knows of nothing.
        world.access.nearest = "dc2"
        world.access.stale = {"dc2": {**world.access.values, POLICY: "Unrestricted"}}

    world.access.on_send = elsewhere
    assert world.work(run) is RunState.RECOVERED
    assert [c.parameters.get("DomainController") for c in world.access.sent] == ["dc1", "dc1"]
    assert world.access.controllers == ["", *["dc1"] * 5]
    assert world.access.values[POLICY] == "Unrestricted"
    assert "-DomainController" in world.journal.attempts(run)[-1].command


def test_a_domain_controller_that_is_gone_does_not_keep_the_block(world: World) -> None:
    world.access.dead = {"dc9"}
    run = world.begin(book(step("restore_policy", closes=POLICY)), facts={"dc": {POLICY: "dc9"}})
    world.owe(run, POLICY, "Unrestricted", "Blocked")
    assert world.work(run) is RunState.RECOVERED
    assert world.access.controllers[:2] == ["dc9", ""]
    assert [c.parameters.get("DomainController") for c in world.access.sent] == ["dc1"]
    said = [line.text for _, line in world.journal.output(run)]
    assert any("dc9" in line and "Another domain controller" in line for line in said)


# --- somebody else has changed it ----------------------------------------------------------------


def foreign(world: World) -> str:
    run = world.begin(book(step("restore_policy", closes=POLICY)))
    world.owe(run, POLICY, "Unrestricted", "Blocked")
    world.access.values[POLICY] = "IntrasiteOnly"
    return run


def test_a_value_changed_again_while_the_operator_thought_is_asked_again(world: World) -> None:
    run = foreign(world)

    def go(question: Question) -> Any:
        world.access.values[POLICY] = "Blocked" if len(world.prompts) > 1 else "Unknown"
        return say(Choice.GO)

    world.script(go)
    with pytest.raises(Parked):
        world.work(run)
    assert world.access.sent == []
    assert len(world.prompts) == 2
    assert "is IntrasiteOnly" in world.prompts[0]
    assert "is Unknown" in world.prompts[1]
    assert world.open_keys(run) == [POLICY]


def test_a_go_on_the_same_value_puts_the_prior_one_back(world: World) -> None:
    run = foreign(world)
    world.script(say(Choice.GO))
    assert world.work(run) is RunState.RECOVERED
    assert world.access.values[POLICY] == "Unrestricted"


def test_left_as_it_is_is_an_answer_and_says_whose(world: World) -> None:
    run = foreign(world)
    world.script(say(Choice.SKIP))
    assert world.work(run) is RunState.RECOVERED
    assert world.access.sent == []
    assert world.access.values[POLICY] == "IntrasiteOnly"
    assert world.open_keys(run) == []
    assert world.words(run, "it") == "Left as it is by ann: because the test wants it"


# --- attempts whose worker is gone ---------------------------------------------------------------


def test_a_restore_seen_applied_in_a_hand_over_is_not_handed_over(world: World) -> None:
    """It was sent, its worker died, and it had its effect: nothing is left for bob."""
    run = world.begin(book(step("monitor", name="look"), step("restore_policy", closes=POLICY)))
    number = world.owe(run, POLICY, "Unrestricted", "Blocked")
    world.intend(NewAttempt(run, "it", "Set-MailboxServer", {"prior": "Unrestricted", "dc": ""}, 0.0))
    world.access.values[POLICY] = "Unrestricted"
    world.script(say(Choice.HAND_OVER))
    assert world.work(run) is RunState.ESCALATED
    found = world.obligation(number)
    assert not found.open
    assert found.handed_to == ""


def test_a_service_of_two_that_did_not_start_is_asked(world: World) -> None:
    process = {"MSExchangePop3": "Running", "MSExchangePOP3BE": "Stopped"}
    world.access.exchange["get_exchange_server"] = Reading((server(EX01),))
    world.access.winrm.update(
        {
            "get_service": lambda names: Reading(()),
            "service_process": lambda name: ServiceProcess(name, process[name], "Auto", 7, NOW),
        }
    )
    run = world.begin(book(step("start_services", RECOVERED)))
    world.intend(NewAttempt(run, "it", "x", {"stopped": ["MSExchangePop3", "MSExchangePOP3BE"]}, 0.0))
    # Taken up by another worker: one runs, one does not, so it was not applied, and it begins anew.
    assert world.work(run) is RunState.RECOVERED
    assert world.tries(run) == [("it", "not applied"), ("it", "done")]
