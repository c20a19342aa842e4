"""Answers that say too little, wishes at the wrong time, and a journal that is away for a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.environment import Environment
from cockpit.config.targets import Target
from cockpit.exchange.errors import ExchangeError, SignInError
from cockpit.exchange.model import CmdletError, Reading, Role, Version
from cockpit.exchange.recovery_model import ReplicationCheck
from cockpit.exchange.session import WINRM, Session
from cockpit.journal.errors import JournalError
from cockpit.journal.records import Choice, NewAttempt, Obligation, RunState, WishKind
from cockpit.recovery.access import NoWinRMError, Sessions
from cockpit.recovery.actions.action import Action, Context, Done
from cockpit.recovery.actions.find import FindMailboxServer
from cockpit.recovery.actions.looks import (
    AwaitMoved,
    AwaitSettled,
    LookAtMonitor,
    LookAtRole,
)
from cockpit.recovery.actions.settings import MOVE_NOW, POLICY, MoveDatabases, read_value
from cockpit.recovery.asking import Parked
from cockpit.recovery.picture import plain_context
from cockpit.recovery.runbook import RECOVERED
from cockpit.recovery.scope import scope_of
from cockpit.recovery.sweep import Swept, still
from cockpit.recovery.view import Orphan
from tests.exchange.standin import gives, row
from tests.recovery.builders import EX01, EX02, NOW, copy, host, monitor, obligation, server, service
from tests.recovery.fakes import QUICK, REASON, Fakes, Killed, World, book, opened, quick, say, step

DENIED = CmdletError("Access is denied")
SLOW = "The domain controller did not answer"
CAS = server(EX01, Version.E2013, frozenset({Role.CLIENT_ACCESS}))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as found:
        yield found


# --- waits and wishes ----------------------------------------------------------------------------

TWO_WAITS = book(step("wait", "w2", name="w1"), step("wait", name="w2"))


def wished_at(world: World, run: str, *places: tuple[str, str]) -> None:
    left = list(places)

    def press(name: str, phase: str) -> None:
        if (name, phase) in left:
            left.remove((name, phase))
            world.wish(run, WishKind.END_WAIT)

    world.phase = press


def test_a_wish_ends_the_wait_it_was_made_in(world: World) -> None:
    world.settings = quick(wait=30.0)
    run = world.begin(TWO_WAITS)
    wished_at(world, run, ("w1", "after intent"), ("w2", "after intent"))
    assert world.work(run) is RunState.RECOVERED
    assert world.words(run, "w1") == "Ended early by ann: because the test wants it"
    assert world.words(run, "w2") == "Ended early by ann: because the test wants it"


@pytest.mark.parametrize("action", ["wait", "hold"])
def test_a_wish_outlives_the_worker_that_took_it_up(world: World, action: str) -> None:
    """Killed between its look at the wish and the end of the wait: the next one ends the wait by it."""
    world.settings = quick(wait=30.0)
    run = world.begin(book(step(action, name="w1")))
    died: list[str] = []

    def die(_: str, phase: str) -> None:
        if phase == "after intent":
            world.wish(run, WishKind.END_WAIT)
        elif phase == "after effect" and not died:
            died.append(phase)
            raise Killed

    world.phase = die
    with pytest.raises(Killed):
        world.work(run)
    assert len(world.journal.wishes(run)) == 1
    assert world.work(run) is RunState.RECOVERED
    assert f"by ann: {REASON}" in world.words(run, "w1")
    assert world.journal.wishes(run) == ()
    assert len(world.journal.attempts(run)) == 1


def test_a_second_press_does_not_cut_the_next_wait(world: World) -> None:
    run = world.begin(TWO_WAITS)
    wished_at(world, run, ("w1", "after intent"), ("w1", "after effect"))
    assert world.work(run) is RunState.RECOVERED
    assert world.words(run, "w1").startswith("Ended early")
    assert world.words(run, "w2") == "The time is over."
    assert world.journal.wishes(run) == ()
    first, second = world.journal.attempts(run)
    assert second.result_at is not None
    assert second.result_at >= (second.due_at or 0.0)
    assert first.result_at is not None
    assert first.result_at < (first.due_at or 0.0)


def test_a_press_before_any_wait_cuts_none(world: World) -> None:
    run = world.begin(TWO_WAITS)
    world.wish(run, WishKind.END_WAIT)
    assert world.work(run) is RunState.RECOVERED
    assert {world.words(run, name) for name in ("w1", "w2")} == {"The time is over."}


# --- the journal is away for a moment ------------------------------------------------------------


def test_a_wait_outlasts_an_absence_of_the_journal(world: World) -> None:
    run = world.begin(TWO_WAITS)

    def away(name: str, phase: str) -> None:
        if phase == "after intent":
            world.journal.absent = 10

    world.phase = away
    assert world.work(run) is RunState.RECOVERED
    assert world.journal.absent == 0


def test_a_question_outlasts_an_absence_of_the_journal(world: World) -> None:
    world.settings = quick(linger=60.0)
    run = world.begin(book(step("monitor")))
    looks: list[int] = []

    def later(_: Any) -> Any:
        looks.append(1)
        world.journal.absent = 10
        if len(looks) < 3:
            world.journal.script.insert(0, later)
            return None
        return say(Choice.HAND_OVER)

    world.script(later)
    assert world.work(run) is RunState.ESCALATED
    assert len(looks) == 3


def test_a_restart_of_the_computer_outlasts_an_absence_of_the_journal(world: World) -> None:
    """The worst time for a worker to go: the server is blocked, and down."""
    looks: list[int] = []

    def booted() -> Any:
        looks.append(1)
        world.journal.absent = 3
        return NOW if len(looks) < 4 else NOW.replace(hour=5)

    times = gives(row(LastBootUpTime=NOW, LocalDateTime=NOW))
    world.access.winrm.update({"session": times, "last_boot_time": booted})
    run = world.begin(book(step("reboot")))
    assert world.work(run) is RunState.RECOVERED
    assert len(looks) == 4


def test_an_absence_longer_than_the_lease_ends_the_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settings = quick(lease=0.2)
    run = world.begin(TWO_WAITS)

    def gone(name: str, phase: str) -> None:
        if phase == "after intent":
            world.journal.absent = 1_000_000
            monkeypatch.setattr(world.journal, "renew", _away)

    world.phase = gone
    with pytest.raises(JournalError):
        world.work(run)


def _away(*_: Any) -> Any:
    raise JournalError("the connection was refused")


# --- partial answers in steps --------------------------------------------------------------------


def context(access: Fakes, *, world: World, **facts: Any) -> Context:
    run = world.run(world.begin(book(step("monitor")), facts=facts))
    clock = iter(range(10_000))
    return replace(
        plain_context(run, step("monitor"), ()), access=access, settings=QUICK, now=lambda: float(next(clock))
    )


def member(**changed: Any) -> Fakes:
    """A DAG member on which all is well, or is not."""
    exchange: dict[str, Any] = {
        "get_exchange_server": Reading((server(EX01), server(EX02))),
        "get_mailbox_server": Reading((host(EX01), host(EX02))),
        "test_replication_health": Reading((ReplicationCheck(EX01, "ClusterService", "Passed", ""),)),
        "get_mailbox_database_copy_status": Reading((copy(EX01), copy(EX01, "DB02"))),
        "get_database_copies": lambda database: Reading((copy(EX02, database, status="Mounted"),)),
        "get_server_health": Reading((monitor("Healthy"),)),
    }
    names = ("MSExchangePop3", "MSExchangePOP3BE")
    winrm = {"get_service": lambda asked: Reading(tuple(service(n) for n in names))}
    left = {k: v for k, v in changed.items() if k != "get_service"}
    service_answer = {"get_service": changed["get_service"]} if "get_service" in changed else {}
    return Fakes(exchange={**exchange, **left}, winrm={**winrm, **service_answer})


NOTHING: Reading[Any] = Reading((), (SLOW,))
PARTIAL: Reading[Any] = Reading((), (), (DENIED,))


@pytest.mark.parametrize(
    "changed",
    [
        {"get_service": PARTIAL},
        {"get_service": Reading((service("MSExchangePop3"),))},
        {"get_service": Reading(())},
        {"get_mailbox_server": Reading(())},
        {"get_mailbox_server": NOTHING},
        {"test_replication_health": PARTIAL},
        {"test_replication_health": Reading(())},
        {"get_mailbox_database_copy_status": PARTIAL},
        {"get_mailbox_database_copy_status": NOTHING},
        {"get_exchange_server": PARTIAL},
    ],
)
def test_a_server_of_which_only_a_part_was_read_has_not_settled(
    world: World, changed: dict[str, Any]
) -> None:
    done = AwaitSettled().perform(context(member(**changed), world=world), {})
    assert done.outcome == "not_settled"


def test_a_server_that_is_well_has_settled(world: World) -> None:
    assert AwaitSettled().perform(context(member(), world=world), {}).outcome == "settled"


def services(*states: str) -> Callable[[Any], Reading[Any]]:
    """The back end's status, look after look."""
    left = list(states)

    def answer(_: Any) -> Reading[Any]:
        now = left.pop(0) if len(left) > 1 else left[0]
        return Reading((service("MSExchangePop3"), replace(service("MSExchangePOP3BE"), status=now)))

    return answer


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        (("Stopped", "Running"), "settled"),
        (("StartPending", "StartPending", "Running"), "settled"),
        (("Stopped", "StartPending", "Stopped", "Running"), "settled"),
        (("Stopped", "Stopped"), "services_down"),
    ],
)
def test_a_service_is_down_only_when_seen_stopped_twice(
    world: World, states: tuple[str, ...], outcome: str
) -> None:
    asked = context(member(get_service=services(*states)), world=world)
    assert AwaitSettled().perform(asked, {}).outcome == outcome


@pytest.mark.parametrize("answer", [PARTIAL, NOTHING])
def test_copies_that_were_not_read_whole_have_not_left(world: World, answer: Reading[Any]) -> None:
    asked = context(member(get_mailbox_database_copy_status=answer), world=world)
    with pytest.raises(ExchangeError):
        AwaitMoved().perform(asked, {})


def test_a_database_that_is_no_longer_named_has_not_left(world: World) -> None:
    rows = Reading((copy(EX01, "DB02"),))
    asked = context(member(get_mailbox_database_copy_status=rows), world=world, active_before={"DB01": 1})
    done = AwaitMoved().perform(replace(asked, settings=quick(move_limit=3.0)), {})
    assert done.outcome == "left_behind"
    assert "DB01 is not among the copies" in done.words


def partial(outcome: str) -> Reading[Any]:
    return Reading((monitor(outcome),), (), (DENIED,))


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        (LookAtMonitor(), {"get_server_health": partial("Healthy")}),
        (FindMailboxServer(), {"get_server_health": partial("Healthy")}),
        (LookAtRole(), {"get_mailbox_server": PARTIAL}),
        (LookAtRole(), {"get_mailbox_server": Reading(())}),
        (LookAtRole(), {"get_exchange_server": Reading((server(EX01),), (), (DENIED,))}),
    ],
)
def test_a_partial_answer_is_no_outcome(world: World, action: Action, changed: dict[str, Any]) -> None:
    asked = context(member(**changed), world=world, probe={"mailbox_server": EX02})
    with pytest.raises(ExchangeError):
        action.perform(asked, {})


def test_a_run_does_not_recover_on_a_partial_answer(world: World) -> None:
    world.access.exchange["get_server_health"] = partial("Healthy")
    run = world.begin(book(step("monitor", RECOVERED)))
    with pytest.raises(Parked):
        world.work(run)
    assert "not read whole" in world.prompts[0]


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ((monitor("Healthy"),), "healthy"),
        ((monitor("Healthy", is_stale=True),), "not_found"),
        ((monitor("Healthy"), monitor("Unknown")), "not_found"),
        ((), "not_found"),
        ((monitor("Healthy"), monitor("Unhealthy")), "unhealthy"),
    ],
)
def test_a_mailbox_server_is_healthy_only_where_every_row_says_so(
    world: World, rows: tuple[Any, ...], outcome: str
) -> None:
    access = member(get_server_health=Reading(rows))
    done: Done = FindMailboxServer().perform(context(access, world=world, probe={"mailbox_server": EX02}), {})
    assert done.outcome == outcome


@pytest.mark.parametrize("answer", [PARTIAL, NOTHING])
def test_what_is_to_be_moved_is_known_whole_before(world: World, answer: Reading[Any]) -> None:
    access = member(get_mailbox_database_copy_status=answer)
    with pytest.raises(ExchangeError):
        MoveDatabases().prepare(context(access, world=world))
    assert access.sent == []


@pytest.mark.parametrize("key", [MOVE_NOW, POLICY])
@pytest.mark.parametrize(
    "row", [host(EX01, activation_policy="", activation_disabled_and_move_now=None), None]
)
def test_a_value_that_was_not_said_is_no_prior_value(key: str, row: Any) -> None:
    access = member(get_mailbox_server=Reading(() if row is None else (row,)))
    with pytest.raises(ExchangeError, match="was not read"):
        read_value(access, key, EX01)


# --- the scope -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"get_mailbox_server": Reading(())},
        {"get_mailbox_server": NOTHING},
        {"get_mailbox_server": PARTIAL},
        {"get_mailbox_server": Reading((host(EX02),))},
        {"get_mailbox_server": Reading((host(EX01),), (), (DENIED,))},
        {"get_exchange_server": Reading((server(EX01),), (), (DENIED,))},
        {"get_exchange_server": NOTHING},
    ],
)
def test_a_partial_answer_gives_no_scope(changed: dict[str, Any]) -> None:
    """Two operators would act on one DAG under two leases."""
    with pytest.raises(ExchangeError):
        scope_of(member(**changed), EX01)


def test_scopes_of_whole_answers() -> None:
    assert scope_of(member(), "ex01.contoso.com") == "dag:DAG1"
    alone = member(get_mailbox_server=Reading((host(EX01, dag=""),)))
    assert scope_of(alone, EX01) == "server:EX01"
    front = member(get_exchange_server=Reading((CAS,)), get_mailbox_server=NOTHING)
    assert scope_of(front, EX01) == "server:EX01"


# --- a refused sign-in ---------------------------------------------------------------------------


class Door(Session):
    """A session that opens, or is refused."""

    def __init__(self, target: Target, configuration: str, refused: set[str], tries: list[str]) -> None:
        super().__init__(target, configuration, "ann", None)
        self._refuses, self._tries, self.opened = refused, tries, False

    @property
    def is_open(self) -> bool:
        return self.opened

    def open(self) -> None:
        self._tries.append(self._configuration)
        if self._configuration in self._refuses:
            raise SignInError(f"{self.target.server} refused")
        self.opened = True

    def close(self) -> None:
        self.opened = False


class Doors(Sessions):
    def __init__(self) -> None:
        super().__init__(Environment(entry_servers=(EX01,), name="prod"), None)
        self.refused: set[str] = {WINRM}
        self.tries: list[str] = []

    def _session(self, target: Target, configuration: str) -> Session:
        return Door(target, configuration, self.refused, self.tries)


def refused_by_winrm(access: Doors) -> None:
    with pytest.raises(NoWinRMError, match=EX01) as refused:
        access.look(EX01, lambda _: None)
    assert isinstance(refused.value.__cause__, SignInError)


def test_a_sign_in_refused_by_winrm_leaves_exchange_usable() -> None:
    access = Doors()
    access.read(lambda _: None)
    refused_by_winrm(access)
    # A time-out has dropped the session since: the undo has to go through it all the same.
    access._entry().close()
    access.read(lambda _: None)


def test_a_refused_sign_in_is_not_tried_again_unasked_and_is_after_an_answer() -> None:
    """Every try counts towards a lock-out; an operator may have mended the account."""
    access = Doors()
    for _ in range(3):
        refused_by_winrm(access)
    assert access.tries == [WINRM]
    access.refused.clear()
    access.forgive()
    access.look(EX01, lambda _: None)
    assert access.tries == [WINRM, WINRM]


def test_an_answer_forgives(world: World) -> None:
    run = world.begin(book(step("monitor")))
    world.script(say(Choice.AGAIN), say(Choice.HAND_OVER))
    assert world.work(run) is RunState.ESCALATED
    assert world.access.forgiven == 2


# --- the sweep -----------------------------------------------------------------------------------


def orphan(key: str, *, severe: bool, name: str = EX01) -> Orphan:
    return Orphan(name, key, "$true", severe, "no recovery answers for it")


def test_a_sweep_does_not_blame_a_run_that_began_meanwhile() -> None:
    found = Swept((orphan(MOVE_NOW, severe=True), orphan(MOVE_NOW, severe=True, name=EX02)), ("slow",), 2)
    owed: tuple[Obligation, ...] = (obligation(MOVE_NOW, False, True, server="ex01"),)
    now = still(found, owed)
    assert [o.server for o in now.orphans] == [EX02]
    assert now.problems == found.problems
    assert still(found, ()) == found


def test_a_sweep_still_tells_what_nobody_owes() -> None:
    found = Swept((orphan(POLICY, severe=False), orphan(MOVE_NOW, severe=True)), (), 1)
    owed = (obligation(POLICY, "Unrestricted", "Blocked"),)
    assert still(found, owed).orphans == found.orphans


# --- what operators type -------------------------------------------------------------------------


def test_reasons_are_cleaned_where_they_enter(world: World) -> None:
    """A colleague's terminal must not obey them."""
    evil = "it is \x1b]52;c;bad\x07 late\nand dark"
    run = world.begin(book(step("monitor")))
    with world.journal.write(None) as writer:
        asked = writer.ask(run, "it", "Go on?", (Choice.HAND_OVER,))
        writer.answer(asked.id, say(Choice.HAND_OVER, reason=evil, to="bob\x1b[2J"))
        writer.wish(run, WishKind.ABORT, evil, "ann")
    (question,) = world.journal.questions(run)
    (wish,) = world.journal.wishes(run)
    assert question.answer is not None
    for text in (question.answer.reason, question.answer.to, wish.reason):
        assert text.isprintable()
    assert "late" in wish.reason


def test_an_attempt_of_a_read_whose_worker_died_is_made_anew(world: World) -> None:
    world.access.exchange["get_server_health"] = Reading((monitor("Healthy"),))
    run = world.begin(book(step("monitor")))
    world.intend(NewAttempt(run, "it", "Get-ServerHealth", {}, 0.0))
    assert world.work(run) is RunState.RECOVERED
    assert world.tries(run) == [("it", "interrupted"), ("it", "healthy")]
