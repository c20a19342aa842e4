"""Rule 6 of design §6, on every path of every runbook, at every moment of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from cockpit.recovery.runbook import ESCALATED, RECOVERED, Runbook, Step
from cockpit.recovery.runbooks import RUNBOOKS
from cockpit.recovery.runbooks.logging import ON
from cockpit.recovery.runbooks.parts import LOGGING
from tests.recovery.paths import (
    ABORTED,
    ALL_ENDS,
    BLOCKS,
    NOWHERE,
    OWN,
    PLAIN,
    RESTORES,
    UNDO,
    Copies,
    Kind,
    Move,
    Node,
    Phase,
    Walk,
    World,
    main,
    walk,
)
from tests.recovery.test_runbooks import DEMANDED, WITHOUT_MONITOR

BOOKS: Final = tuple(RUNBOOKS.values())

NO_PROBE: Final = frozenset({"AverageCommandProcessingTimeGt60sMonitor"})
"""Fed by a performance counter (exchange-facts §1.4 h)."""
WELL: Final = ("succeeded", "healthy")
NEEDS_A_FAULT: Final = frozenset({"set_logging", "block_activation", "move_databases", "reboot"})
"""Not for a probe that could not be run (recovery-engine, finding 4)."""

GAPS: Final[Mapping[tuple[str, str], frozenset[str]]] = {}
"""Guards that the sheet demands and a step lacks. A gap that is closed has to leave this table."""


def faults(found: Walk) -> Iterator[str]:
    """What is wrong on some path of a walk. Empty for a runbook that keeps rule 6."""
    if any(m.to.step == NOWHERE for moves in found.moves.values() for m in moves):
        yield "an outcome leads nowhere"
        return
    steps = {s.id: s for s in found.book.steps}
    for node, moves in found.moves.items():
        yield from (f"{node.step}, {node.phase}: {words}" for words in _moment(node))
        if node.step in ALL_ENDS:
            yield from (f"{node.step}: {words}" for words in _end(found.book, node))
        elif not moves:
            yield f"{node.step}, {node.phase}: a dead end"
        elif node.phase is Phase.ARRIVE:
            yield from (f"{node.step}: {words}" for words in _arrival(found.book, steps[node.step], node))
        for move in moves:
            if move.to.step == found.book.escalate and node.step != found.book.escalate:
                yield from (f"{node.step} to escalation: {words}" for words in _given_up(move))


def _moment(node: Node) -> Iterator[str]:
    """Blocked, or logging, only with a record: at every moment, also where a worker may die."""
    world = node.world
    if unrecorded := world.ours - {*world.open, *world.handed}:
        yield f"{', '.join(sorted(unrecorded))} is on without a record"


def _end(book: Runbook, node: Node) -> Iterator[str]:
    world = node.world
    if world.open:
        yield f"{', '.join(world.open)} is still to be undone"
    if node.step in (RECOVERED, ABORTED) and (world.handed or world.ours):
        yield "something is left on"
    if node.step == RECOVERED and book.monitors and world.shown not in WELL:
        yield f"recovered on evidence {world.shown}"
    if node.step == RECOVERED and (world.pending or world.settling):
        yield "recovered before the service or the server was started again and looked at"


def _given_up(move: Move) -> Iterator[str]:
    """The procedure's own escalation leaves only what the page leaves: both blocks of a failed recovery."""
    world = move.to.world
    if move.kind not in OWN:
        return
    if LOGGING in world.open:
        yield "protocol logging is left on"
    if world.begun and BLOCKS & set(world.open):
        yield "an undoing is left half done"
    if world.pending:
        yield "a changed logging setting waits for the service"


def _arrival(book: Runbook, step: Step, node: Node) -> Iterator[str]:
    world = node.world
    if step.action == "reboot":
        yield from _before_reboot(book, world)
    by_itself = step.action == "set_logging" and not book.monitors  # an operator's wish, not a fault's cure
    if step.action in NEEDS_A_FAULT and not by_itself and world.shown in (*WELL, "not_runnable", "none"):
        yield f"{step.action} on evidence {world.shown}"
    if step.action == "fail_back" and world.shown not in WELL:
        yield f"databases come back on evidence {world.shown}"
    if step.action == "fail_back" and BLOCKS & world.ours:
        yield "databases come back to a server that is blocked"
    if step.action in RESTORES and RESTORES[step.action] in world.open:
        yield from _order(RESTORES[step.action], world)
    if step.action in ("probe", "monitor", "restore_move_now", "fail_back") and world.settling:
        yield "nobody has looked whether the server settled"
    if step.action == "monitor" and world.interrupted and not world.waited:
        yield "the monitor is looked at before its own runs"
    if step.action == "probe" and world.pending:
        yield "the probe is re-run before the service has picked the setting up"
    if step.action in ("await_log", "hold") and world.pending:
        yield "lines are waited for before the service has picked the setting up"
    if step.action == "hold" and not world.open:
        yield "it rests with nothing to undo"
    gap = GAPS.get((book.name, step.id), frozenset())
    yield from (f"guard {g} is missing" for g in sorted(missing(book, step, world) - gap))


def _before_reboot(book: Runbook, world: World) -> Iterator[str]:
    if world.copies not in (Copies.IMPOSSIBLE, Copies.NONE):
        yield f"restarted with copies {world.copies.value}"
    if set(book.monitors) <= NO_PROBE:
        if world.shown != "unhealthy" or not world.waited:
            yield f"restarted on evidence {world.shown}{'' if world.waited else ' without a wait'}"
    elif world.shown != "failed":
        yield f"restarted on evidence {world.shown}"


def _order(key: str, world: World) -> Iterator[str]:
    if key in BLOCKS and [k for k in world.open if k in BLOCKS][-1] != key:
        yield f"{key} is put back before a newer block"


def missing(book: Runbook, step: Step, world: World) -> frozenset[str]:
    """Guards that the sheet demands of a step when it is come to in this world, and that it has not."""
    demanded = DEMANDED.get(_case(book, step, world), frozenset())
    if not book.monitors:
        demanded -= WITHOUT_MONITOR
    return demanded - set(step.guards)


def _case(book: Runbook, step: Step, world: World) -> str:
    if step.action == "set_logging" and not book.monitors:
        return "set_logging: by itself"
    if step.action == "reboot":
        return "reboot: DAG member" if world.role == "dag_member" else "reboot"
    if step.action == "restore_move_now" and world.copies is Copies.NONE:
        return "restore_move_now: moved"
    if step.action != "restart_service":
        return step.action
    # The restart that picks up that logging is back finishes an undoing, and is never the first by itself.
    more = world.interrupted or (world.pending and LOGGING not in world.open)
    return "restart_service: more" if more else "restart_service: first"


# --- tests -------------------------------------------------------------------------------------------------

each_book = pytest.mark.parametrize("book", BOOKS, ids=lambda b: b.name)


@pytest.fixture(scope="module")
def walks() -> Mapping[str, Walk]:
    return {b.name: walk(b) for b in BOOKS}


@each_book
def test_rule_6_holds_on_every_path(book: Runbook, walks: Mapping[str, Walk]) -> None:
    assert sorted(set(faults(walks[book.name]))) == []


@each_book
def test_the_gaps_are_gaps(book: Runbook, walks: Mapping[str, Walk]) -> None:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for step in book.steps:
        for world in walks[book.name].arrivals()[step.id]:
            lacking = missing(book, step, world)
            if lacking:
                found[book.name, step.id] = found.get((book.name, step.id), frozenset()) | lacking
    assert found == {key: gap for key, gap in GAPS.items() if key[0] == book.name}


@each_book
def test_every_step_and_every_end_is_come_to(book: Runbook, walks: Mapping[str, Walk]) -> None:
    arrived = {s for s in walks[book.name].arrivals() if not s.startswith(UNDO)}
    assert arrived == {*(s.id for s in book.steps), RECOVERED, ESCALATED, ABORTED}


@each_book
def test_every_moment_leads_to_an_end_and_to_an_abort(book: Runbook, walks: Mapping[str, Walk]) -> None:
    """No path stops anywhere else, and an operator who wants out gets out, whatever is on."""
    found = walks[book.name]
    last = {node.step for node, moves in found.moves.items() if not moves}
    assert last == {RECOVERED, ESCALATED, ABORTED}
    for node, moves in found.moves.items():
        if node.phase is Phase.ARRIVE and node.step not in ALL_ENDS:
            assert any(m.kind is Kind.ABORT for m in moves), node


@each_book
def test_more_tries_reach_nothing_new(book: Runbook, walks: Mapping[str, Walk]) -> None:
    """So one second try for each visit of a step stands for any number of them."""
    assert walk(book, tries=2).arrivals() == walks[book.name].arrivals()


@each_book
def test_the_count_is_the_number_of_paths(book: Runbook) -> None:
    """Paths that nobody interferes with, written out one by one, against the counting.

    All of them, or, where they are too many, all from the latest moment that has a thousand ahead.
    """
    found = walk(book, 0, PLAIN)
    many = [n for n in found.moves if found.paths(n) > 1_000]
    start = min(many, key=found.paths, default=found.start)
    each = [tuple((m.to.step, m.kind, m.words) for m in path) for path in found.each(start)]
    assert len(each) == len(set(each)) == found.paths(start)


@pytest.mark.parametrize("name", ["ServiceRestart", "BackEndServiceRestart"])
def test_the_count_is_the_number_of_paths_with_everything(name: str, walks: Mapping[str, Walk]) -> None:
    found = walks[name]
    each = list(found.each())
    assert len(each) == len(set(each)) == found.paths()
    assert {path[-1].to.step for path in each} == {RECOVERED, ESCALATED, ABORTED}


@each_book
def test_everything_that_may_come_between_is_walked(book: Runbook, walks: Mapping[str, Walk]) -> None:
    kinds = {m.kind for moves in walks[book.name].moves.values() for m in moves}
    expected = set(Kind)
    if not any(s.asks for s in book.steps):
        expected -= {Kind.GO_ON}
    if not any(s.skip for s in book.steps):
        expected -= {Kind.SKIP}
    if not any(s.opens for s in book.steps):
        expected -= {Kind.UNDO}
    assert kinds == expected
    if book.monitors:
        assert kinds == set(Kind)


@pytest.mark.parametrize("name", [b.name for b in BOOKS if b.monitors])
def test_a_worker_may_die_while_the_server_is_blocked(name: str, walks: Mapping[str, Walk]) -> None:
    """The walk does come to the moments that the rule is about."""
    crashed = [n for n, moves in walks[name].moves.items() if any(m.kind is Kind.CRASH for m in moves)]
    assert any(n.world.ours >= BLOCKS and n.phase is Phase.EFFECT for n in crashed)
    assert any(n.phase is Phase.INTENT and n.world.open and not n.world.ours for n in crashed)


@pytest.mark.parametrize("name", [b.name for b in ON.values()])
def test_a_worker_may_die_while_it_logs(name: str, walks: Mapping[str, Walk]) -> None:
    crashed = [n for n, moves in walks[name].moves.items() if any(m.kind is Kind.CRASH for m in moves)]
    assert any(n.step == "held" and LOGGING in n.world.ours for n in crashed)
    assert any(n.phase is Phase.INTENT and LOGGING in n.world.open and not n.world.ours for n in crashed)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["runbook", *RUNBOOKS]
