"""What a runbook must say of itself, whichever path is taken: the sheet's demands on every step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import pytest

from cockpit.journal.records import Grade
from cockpit.recovery.actions.table import ACTIONS
from cockpit.recovery.guards.table import GUARDS
from cockpit.recovery.runbook import ENDS, Consent, Runbook, Step, freeze, targets, thaw
from cockpit.recovery.runbooks import RUNBOOKS, runbook_for
from tests.recovery.paths import CHANGES, RESTORES, SETS, grades

BOOKS: Final = tuple(RUNBOOKS.values())

CONSENT: Final = {
    "restart_service": Consent.ASK,
    "start_services": Consent.ASK,
    "activate_component": Consent.ASK,
    "set_logging": Consent.ASK,
    "clear_logging": Consent.ASK,
    "block_activation": Consent.PERSON,
    "child": Consent.ASK,
    "move_databases": Consent.PERSON,
    "reboot": Consent.PERSON,
    "fail_back": Consent.PERSON,
}
"""Everything else is a read, a wait or an undoing, and nobody is asked."""
TYPED: Final = frozenset({"reboot", "move_databases"})

LATER: Final = frozenset({"role.known", "others.lease", "others.managed_availability", "others.setup",
                          "window.open"})  # fmt: skip
"""recovery-engine §3.2, rows *any* and *any write*, as far as they may change within a run."""
ANY: Final = LATER | {"alert.real", "others.marks"}
"""The same rows whole; of them *dependencies* is for the first interruption."""
SERVICE: Final = LATER | {"service.right", "popproxy.active", "clients.noted"}
"""Row *restart POP3*."""

DEMANDED: Final[Mapping[str, frozenset[str]]] = {
    "restart_service: first": ANY | SERVICE | {"dependencies.healthy", "pool.others"},
    "restart_service: more": SERVICE,
    # It ends an outage of the whole service: nobody is connected whom it would cut off.
    "start_services": SERVICE - {"clients.noted"},
    "activate_component": LATER,
    # It interrupts nobody by itself.
    "set_logging": LATER | {"logging.prior", "logging.space"},
    # Outside a recovery it is the first thing done, and what its restart would be refused for comes first.
    "set_logging: by itself": ANY | SERVICE | {"dependencies.healthy", "pool.others", "logging.prior",
                                               "logging.space"},
    "clear_logging": ANY | SERVICE | {"dependencies.healthy", "pool.others", "logging.prior"},
    "block_activation": ANY | {"dag.member", "prior.stored"},
    "move_databases": ANY | {"dag.member", "dag.quorum", "copies.elsewhere", "copies.lagged",
                             "copies.seeding", "target.room", "databases.unreplicated", "databases.backup",
                             "prior.stored", "dag.preference"},
    "reboot": ANY | {"evidence.fault", "boottime.stored", "backup.running", "pool.others",
                     "console.reachable"},
    # With the databases gone the monitor may be well without the fault being so: evidence.fault stands.
    "reboot: DAG member": ANY - {"alert.real"} | {
        "evidence.fault", "boottime.stored", "backup.running", "pool.others", "console.reachable",
        "copies.none_active", "pam.elsewhere", "dag.quorum", "members.up"},
    # It only warns: lifting a block is never held up.
    "restore_move_now: moved": frozenset({"reboot.settled"}),
    # The alert is over by then.
    "fail_back": LATER | {"others.marks", "reboot.settled"},
}  # fmt: skip
WITHOUT_MONITOR: Final = frozenset({"alert.real", "dependencies.healthy"})
"""Where a runbook is of no monitor there is no alert to judge."""

PAGE: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "PopDeepTest": {
        "1": ("restart_service",), "2": ("probe",), "3": ("move_databases",), "4": ("await_moved",),
        "5": ("reboot",), "6": ("probe",), "7": ("restore_move_now",), "8": ("escalate",),
    },
    "PopCTP": {
        "1": ("restart_service",), "2": ("probe",), "3.1": ("set_logging",), "3.2": ("restart_service",),
        "3.3": ("probe",), "3.4": ("find_mailbox_server",), "3.5": ("find_mailbox_server",),
        "3.6": ("child",), "4": ("probe", "reboot", "role"), "5": ("probe",), "6": ("restore_logging",),
        "7": ("restart_service",), "8": ("escalate",),
    },
    "PopProxyTest": {
        "1": ("restart_service",), "2": ("probe",), "3": ("reboot", "role"), "4": ("probe",),
        "5": ("escalate",),
    },
    "AverageCommandProcessingTime": {
        "1": ("restart_service",), "2": ("monitor", "wait"), "3": ("reboot", "role"),
        "3.1": ("move_databases",), "3.2": ("await_moved",), "4": ("monitor", "wait"),
        "5": ("restore_move_now",), "6": ("escalate",),
    },
}  # fmt: skip
"""exchange-facts §1.3: the page's number, and what it says there."""
TIERS: Final = {
    "PopDeepTest": {"back"},
    "PopCTP": {"front"},
    "PopProxyTest": {"front"},
    "AverageCommandProcessingTime": {"front", "back"},
    "ServiceRestart": {"front"},
    "BackEndServiceRestart": {"back"},
    "ProtocolLoggingFront": {"front"},
    "ProtocolLoggingBack": {"back"},
    "ProtocolLoggingBoth": {"front", "back"},
    "ProtocolLoggingOffFront": {"front"},
    "ProtocolLoggingOffBack": {"back"},
    "ProtocolLoggingOffBoth": {"front", "back"},
}

DEPARTS: Final = {
    "set_logging": "-ProtocolLogEnabled",
    "probe": "ResultType",
    "restore_move_now": "lifts the block",
    "fail_back": "optional",
    "find_mailbox_server": "StateAttribute4",
    "role": "failover path",
    "await_moved": "Dismounted",
    "component": "never mentions",
    "restore_logging": "prior value",
}
"""Design §7: a word of the departure that each such step must name."""


def faults(book: Runbook) -> Iterator[str]:
    """What is wrong with a runbook's data. Empty for a good one."""
    ids = [s.id for s in book.steps]
    if len(set(ids)) != len(ids):
        yield "a step id is there twice"
    if book.escalate not in ids or book.step(book.escalate).action != "escalate":
        yield "a hand-over leads to no escalation"
    known = {*ids, *ENDS}
    for step in book.steps:
        yield from (f"{step.id}: {words}" for words in _step_faults(step))
        yield from (f"{step.id} leads to {t}, which is not" for t in targets(step) if t not in known)
    if all(t in known for s in book.steps for t in targets(s)):
        yield from (f"{i} is on a cycle" for i in ids if _returns(book, i))
        reached = book.reachable(ids[0]) | book.reachable(book.escalate)
        yield from (f"{i} is never come to" for i in ids if i not in reached)


def _returns(book: Runbook, start: str) -> bool:
    return any(t not in ENDS and start in book.reachable(t) for t in targets(book.step(start)))


def _step_faults(step: Step) -> Iterator[str]:
    action = step.action
    if set(step.next) != ACTIONS[action].outcomes:
        yield f"its table is of {sorted(step.next)}, its action ends in {sorted(ACTIONS[action].outcomes)}"
    if not set(step.asks) <= ACTIONS[action].outcomes:
        yield "it asks at an outcome that cannot come"
    if step.consent is not CONSENT.get(action, Consent.NONE):
        yield f"consent is {step.consent.value}"
    if step.typed is not (action in TYPED):
        yield f"typed is {step.typed}"
    if step.opens != SETS.get(action, ""):
        yield f"opens {step.opens or 'nothing'}"
    if step.closes != RESTORES.get(action, ""):
        yield f"closes {step.closes or 'nothing'}"
    if step.consent is Consent.NONE and grades(step) - {Grade.WARN}:
        yield "a guard refuses where nobody is asked"
    if action in RESTORES and step.skip:
        yield "an undoing can be skipped"
    if action == "probe" and step.next.get("failed") == step.next.get("not_runnable"):
        yield from _told_apart(step)


FIRST_LOOKS: Final = frozenset({"verify-probe", "probe-logged"})
"""Before anything was tried, and where either way only more is looked at."""


def _told_apart(step: Step) -> Iterator[str]:
    if step.id not in FIRST_LOOKS:
        yield "a probe that cannot be run counts as a failure"


# --- tests -------------------------------------------------------------------------------------------------

each_book = pytest.mark.parametrize("book", BOOKS, ids=lambda b: b.name)


@each_book
def test_its_data_is_sound(book: Runbook) -> None:
    assert list(faults(book)) == []


def test_the_models_changes_are_the_actions() -> None:
    assert {name for name, action in ACTIONS.items() if action.changes} == CHANGES


def test_every_change_wants_consent_or_undoes() -> None:
    assert set(CONSENT) | set(RESTORES) == {*CHANGES, "child"}


def test_every_guard_is_demanded_somewhere() -> None:
    assert frozenset().union(*DEMANDED.values()) == set(GUARDS)


@pytest.mark.parametrize("name", PAGE)
def test_every_number_of_the_page_is_there(name: str) -> None:
    """Each number where the page has it, at an action that does what the page says there."""
    found: dict[str, set[str]] = {}
    for step in RUNBOOKS[name].steps:
        for number in filter(re.compile(r"\d(\.\d)?").fullmatch, step.page.split(", ")):
            found.setdefault(number, set()).add(step.action)
    assert {number: tuple(sorted(actions)) for number, actions in found.items()} == PAGE[name]


@pytest.mark.parametrize("name", PAGE)
def test_verification_comes_first(name: str) -> None:
    """The page: verify that the issue still exists, 2a to 2d, before anything is changed."""
    first = RUNBOOKS[name].steps[0]
    assert (first.action, first.page) == ("monitor", "verify 2a, 2b")
    probes = [s for s in RUNBOOKS[name].steps if s.page == "verify 2c, 2d"]
    assert [s.action for s in probes] == ([] if name == "AverageCommandProcessingTime" else ["probe"])


@each_book
def test_the_right_tier_is_restarted(book: Runbook) -> None:
    tiers = {s.args["tier"] for s in book.steps if s.action == "restart_service"}
    assert tiers == TIERS[book.name]


@each_book
def test_departures_are_told(book: Runbook) -> None:
    silent = [
        s.id for s in book.steps if s.action in DEPARTS and DEPARTS[s.action].lower() not in s.departs.lower()
    ]
    assert silent == []


@pytest.mark.parametrize("name", PAGE)
def test_a_step_that_the_page_has_not_says_so(name: str) -> None:
    assert not {s.id for s in RUNBOOKS[name].steps if not s.page and not s.departs}


@each_book
def test_every_step_says_what_and_why(book: Runbook) -> None:
    assert all(s.title and s.why for s in book.steps)
    assert book.source
    assert book.title


def test_where_a_run_rests_it_says_what_an_abort_leaves_out() -> None:
    """An abort undoes obligations; a restart is none, and without it the service writes on."""
    holds = [(b, s) for b in BOOKS for s in b.steps if s.action == "hold"]
    assert len(holds) == 3
    for book, hold in holds:
        after = [book.step(i).action for i in book.reachable(hold.next["over"]) if i not in ENDS]
        assert "restart_service" in after
        assert "to abort puts back the setting alone, and restarts nothing" in hold.why


@each_book
def test_unblocking_and_moving_back_are_two_steps(book: Runbook) -> None:
    moves = [s for s in book.steps if s.action == "move_databases"]
    assert len(moves) == len([s for s in book.steps if s.action == "fail_back"])
    assert all(s.closes == "" for s in book.steps if s.action == "fail_back")


@each_book
def test_a_run_keeps_the_whole_of_it(book: Runbook) -> None:
    text, digest = freeze(book)
    assert thaw(text, digest) == book
    with pytest.raises(ValueError, match="not the one"):
        thaw(text.replace(book.title, "another"), digest)


def test_every_monitor_of_the_page_has_its_own() -> None:
    monitors = [m for b in BOOKS for m in b.monitors]
    assert len(monitors) == len(set(monitors)) == 5
    for book in BOOKS:
        for monitor in book.monitors:
            assert runbook_for(monitor.upper()) is book
    assert runbook_for("PopTestDeepMonitor") is None
    assert "PopTestDeepMonitor" in RUNBOOKS["PopDeepTest"].source


def test_a_fault_of_the_data_is_found() -> None:
    """The rules above are able to fail: each is broken once."""
    book = RUNBOOKS["PopCTP"]
    for change, words in (
        ({"next": {}}, "its table is of"),
        ({"asks": ("never",)}, "asks at an outcome"),
        ({"skip": "nowhere"}, "which is not"),
        ({"skip": "verify"}, "on a cycle"),
    ):
        first = book.steps[1]
        worse = msgspec.structs.replace(first, **change)
        steps = tuple(worse if s is first else s for s in book.steps)
        found = list(faults(msgspec.structs.replace(book, steps=steps)))
        assert any(words in f for f in found), (change, found)
