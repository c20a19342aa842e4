"""Every path through a runbook: a model of what a run may do, written from the sheet, not from the engine.

A path goes from a step's arrival through consent and guards, intent, effect and result to the next step,
with everything that may come between: refusals, overrides, skips, errors, a worker's crash at each of
its four points, doubt, a hand-over, an abort. It carries an abstract ``World``. A second try of a step is
modelled once per visit (``tries``); more of them reach nothing new, which a test proves.
A crash after a result is the arrival at the next step: nothing of it lies between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from cockpit.journal.records import Grade
from cockpit.recovery.actions.table import ACTIONS
from cockpit.recovery.guards.table import GUARDS
from cockpit.recovery.runbook import ENDS, ESCALATED, Consent, Runbook, Step
from cockpit.recovery.runbooks import RUNBOOKS
from cockpit.recovery.runbooks.parts import LOGGING, MOVE_NOW, POLICY

ABORTED: Final = "@aborted"
NOWHERE: Final = "@nowhere"
"""Where an outcome leads that a step has no answer to; no runbook may come here."""
ALL_ENDS: Final = (*ENDS, ABORTED, NOWHERE)
UNDO: Final = "undo:"
BLOCKS: Final = frozenset({MOVE_NOW, POLICY})

SETS: Final = {"set_logging": LOGGING, "block_activation": POLICY, "move_databases": MOVE_NOW}
RESTORES: Final = {"restore_logging": LOGGING, "restore_policy": POLICY, "restore_move_now": MOVE_NOW}
CURES: Final = frozenset({"restart_service", "activate_component", "start_services", "reboot", "child"})
"""After these, what was shown before says nothing any more."""
CHANGES: Final = frozenset({*SETS, *RESTORES, *CURES, "fail_back", "clear_logging"}) - {"child"}
"""Actions that send something: in doubt without a result. A child run is looked up, never repeated."""
LOGGINGS: Final = frozenset({"set_logging", "clear_logging"})
"""What changes the logging setting, and is no undoing."""
IDLE: Final = frozenset({"restart_service", "start_services"})
"""Changes that may find nothing to send, and are done then."""


class Copies(StrEnum):
    """What is known of active database copies on the server.

    *active*: some may be. *leaving*: MoveNow is on, nobody saw that all have gone. *none*: it was seen.
    """

    UNKNOWN = "unknown"
    IMPOSSIBLE = "none possible"
    ACTIVE = "active"
    LEAVING = "leaving"
    NONE = "none"


class World(NamedTuple):
    """``open``: recorded obligations, oldest first; ``handed``: those that a name has taken over.

    ``ours``: keys whose value on the server is one that this run set. ``shown``: the last outcome of a
    probe or a monitor since the last cure; ``waited``: a wait has elapsed since. ``pending``: the tiers
    whose service has not picked up yet that protocol logging has changed, by a start. ``begun``: a block was
    lifted by a step. ``interrupted``: users were, once. ``settling``: restarted, and not looked at since.
    """

    open: tuple[str, ...] = ()
    handed: tuple[str, ...] = ()
    ours: frozenset[str] = frozenset()
    role: str = ""
    copies: Copies = Copies.UNKNOWN
    shown: str = "none"
    waited: bool = False
    pending: frozenset[str] = frozenset()
    begun: bool = False
    interrupted: bool = False
    settling: bool = False

    def close(self, key: str) -> World:
        return self._replace(open=tuple(k for k in self.open if k != key))


class Kind(StrEnum):
    GO = "go"
    OVERRIDE = "override"
    OUTCOME = "outcome"
    GO_ON = "go on"
    SKIP = "skip"
    AGAIN = "again"
    CRASH = "crash"
    HAND_OVER = "hand over"
    ABORT = "abort"
    UNDO = "undo"


OWN: Final = frozenset({Kind.OUTCOME, Kind.GO_ON, Kind.SKIP, Kind.CRASH})
"""Moves by which the procedure itself goes from one step to another, or to its end."""


class Phase(StrEnum):
    ARRIVE = "arrive"
    AGREED = "agreed"
    """Guards and consent are past; nothing is recorded yet."""
    INTENT = "after intent"
    EFFECT = "after effect"
    ASKED = "asked"
    ABORTING = "aborting"
    ESCALATING = "escalating"


class Node(NamedTuple):
    """A moment of a path. ``outcome``: the one that is asked about. ``tries``: second tries left."""

    step: str
    world: World
    phase: Phase = Phase.ARRIVE
    tries: int = 0
    outcome: str = ""


class Move(NamedTuple):
    kind: Kind
    words: str
    to: Node


def tiers(book: Runbook) -> frozenset[str]:
    """Those whose service a runbook restarts."""
    return frozenset(str(s.args["tier"]) for s in book.steps if s.action == "restart_service")


def effected(book: Runbook, step: Step, world: World) -> World:
    """What is so on the server once the command has worked, whoever knows of it."""
    action = step.action
    if action in SETS:
        world = world._replace(ours=world.ours | {SETS[action]})
    if action in RESTORES:
        world = world._replace(ours=world.ours - {RESTORES[action]})
    if action in LOGGINGS:
        return world._replace(pending=tiers(book))
    if action == "move_databases":
        return _copies(world, Copies.LEAVING)
    if action in ("restore_move_now", "restore_policy", "fail_back"):
        return _copies(world, Copies.ACTIVE)
    # The page does not look again after the restart that only picks up that logging is back.
    quiet = action == "restart_service" and world.pending and LOGGING not in world.open
    if action in CURES and not quiet:
        world = world._replace(shown="none", waited=False)
    return world._replace(
        interrupted=world.interrupted or action in ("restart_service", "reboot"),
        settling=world.settling or action == "reboot",
    )


def _copies(world: World, copies: Copies) -> World:
    return world if world.copies is Copies.IMPOSSIBLE else world._replace(copies=copies)


def concluded(book: Runbook, step: Step, outcome: str, world: World) -> World:
    """What a result tells, and what its transaction closes."""
    action = step.action
    if action == "role":
        copies = Copies.IMPOSSIBLE if outcome == "cas_2013" else Copies.ACTIVE
        return world._replace(role=outcome, copies=copies)
    if action in ("probe", "monitor"):
        return world._replace(shown=outcome)
    if action == "await_moved" and outcome == "moved":
        # Without MoveNow none that was seen is none for long: a copy may be activated at any moment.
        return _copies(world, Copies.NONE if world.copies is Copies.LEAVING else Copies.UNKNOWN)
    if action == "move_databases" and outcome == "already":
        return _copies(world, Copies.LEAVING)
    if action in RESTORES and outcome == "done":
        block = RESTORES[action] in BLOCKS
        closed = world.close(step.closes)
        pending = world.pending if block else tiers(book)
        return closed._replace(begun=world.begun or block, pending=pending)
    return world._replace(
        waited=world.waited or action == "wait",
        settling=world.settling and action != "await_settled",
        pending=picked_up(step, world),
    )


def picked_up(step: Step, world: World) -> frozenset[str]:
    """The tiers that still go by the former setting after a restart."""
    return world.pending - {str(step.args["tier"])} if step.action == "restart_service" else world.pending


class At(NamedTuple):
    """A moment at a step of a runbook."""

    book: Runbook
    step: Step
    node: Node
    limit: int

    def enter(self, target: str, world: World) -> Node:
        return Node(target, world, tries=0 if target in ALL_ENDS else self.limit)

    def stay(self, phase: Phase, world: World | None = None, *, used: int = 0, outcome: str = "") -> Node:
        now = self.node.world if world is None else world
        return Node(self.step.id, now, phase, self.node.tries - used, outcome)


def _question(
    at: At, why: str, *, skip: bool = True, again: Phase = Phase.ARRIVE, abort: bool = True
) -> Iterator[Move]:
    world = at.node.world
    if at.node.tries:
        yield Move(Kind.AGAIN, f"{why}: again", at.stay(again, used=1))
    if skip and at.step.skip:
        # A skipped restart was offered: whoever skips it knows that the setting waits for it.
        left = world._replace(pending=picked_up(at.step, world))
        yield Move(Kind.SKIP, f"{why}: skip", at.enter(at.step.skip, left))
    yield Move(Kind.HAND_OVER, f"{why}: hand over", at.enter(at.book.escalate, _handed(world)))
    if abort:
        yield _abort(at, why)


def _handed(world: World) -> World:
    return world._replace(open=(), handed=(*world.handed, *world.open))


def _abort(at: At, why: str) -> Move:
    return Move(Kind.ABORT, f"{why}: abort", _undo_next(at, at.node.world, Phase.ABORTING))


def _undo_next(at: At, world: World, phase: Phase) -> Node:
    """The newest open obligation, or what comes when none is open."""
    if world.open:
        return Node(UNDO + world.open[-1], world, phase, at.limit)
    if phase is Phase.ESCALATING:
        return at.enter(at.book.escalate, world)
    return at.enter(ESCALATED if world.handed else ABORTED, world)


def grades(step: Step) -> frozenset[Grade]:
    return frozenset(GUARDS[g].grade for g in step.guards)


def _arrive(at: At) -> Iterator[Move]:
    yield _abort(at, "wish")
    if at.step.consent is Consent.NONE:
        yield Move(Kind.GO, "nobody is asked", at.stay(Phase.AGREED))
        return
    found = grades(at.step)
    yield Move(Kind.GO, "go", at.stay(Phase.AGREED))
    yield from _question(at, "asked")
    if Grade.STOP in found:
        yield Move(Kind.OVERRIDE, "stop guard refuses: override", at.stay(Phase.AGREED))
        yield from _question(at, "stop guard refuses")
    if Grade.HARD in found:
        yield from _question(at, "hard guard refuses")


def _agreed(at: At) -> Iterator[Move]:
    action = at.step.action
    if action == "escalate":
        yield from _escalate(at)
    elif action == "wait":
        yield from _outcome(at, "elapsed", "elapsed")
        yield from _outcome(at, "elapsed", "ended early")
        if at.node.tries:
            yield Move(Kind.CRASH, "crash: the due time stays", at.stay(Phase.AGREED, used=1))
    elif action == "hold":
        # It rests at a question: whoever answers, however late, ends it or makes its time longer.
        yield from _outcome(at, "over", "put back now")
        yield from _outcome(at, "over", "ended by a wish")
        yield from _question(at, "held", again=Phase.AGREED)
        if at.node.tries:
            yield Move(Kind.CRASH, "crash: it rests on", at.stay(Phase.AGREED, used=1))
    elif action in CHANGES or action == "child":
        yield from _before_intent(at)
    else:
        for outcome in sorted(ACTIONS[action].outcomes):
            yield from _outcome(at, outcome, outcome)
        yield from _question(at, "error")
        if at.node.tries:
            yield Move(Kind.CRASH, "crash: read anew", at.stay(Phase.ARRIVE, used=1))


def _before_intent(at: At) -> Iterator[Move]:
    action, world = at.step.action, at.node.world
    key = RESTORES.get(action)
    if key is not None and key not in world.open:
        yield from _outcome(at, "nothing", "nothing")
        return
    if action == "clear_logging" or (action in SETS and SETS[action] not in world.open):
        yield from _outcome(at, "already", "already")
    if action in IDLE or (key is not None and key not in world.ours):
        yield from _outcome(at, "done", "nothing to send")
    if key is not None:
        yield from _question(at, "changed by somebody else", skip=False)
    # The intent's transaction records the obligation with it (design §6 rule 1).
    new = (at.step.opens,) if at.step.opens and at.step.opens not in world.open else ()
    yield Move(Kind.GO, "intent", at.stay(Phase.INTENT, world._replace(open=world.open + new)))
    yield from _question(at, "error before intent")
    if at.node.tries:
        yield Move(Kind.CRASH, "crash before intent", at.stay(Phase.ARRIVE, used=1))


def _intent(at: At) -> Iterator[Move]:
    yield Move(Kind.GO, "effect", at.stay(Phase.EFFECT, effected(at.book, at.step, at.node.world)))
    yield from _question(at, "nobody can say", skip=False, again=Phase.INTENT)
    child = at.step.action == "child"
    if not child:
        yield from _question(at, "error, not applied")
    if at.node.tries:
        yield Move(Kind.CRASH, "crash after intent: looked at again", at.stay(Phase.INTENT, used=1))
    if at.node.tries and not child:
        yield Move(Kind.CRASH, "crash after intent: not applied", at.stay(Phase.ARRIVE, used=1))


def _effect(at: At) -> Iterator[Move]:
    child = at.step.action == "child"
    for outcome in sorted(ACTIONS["child"].outcomes) if child else ["done"]:
        yield from _outcome(at, outcome, outcome)
        if not child:
            yield from _outcome(at, outcome, "error, observed applied")
        if at.node.tries:
            yield from _outcome(at, outcome, "crash after effect: observed applied", Kind.CRASH)
    yield from _question(at, "unknown after effect", skip=False, again=Phase.EFFECT)


def _outcome(at: At, outcome: str, words: str, kind: Kind = Kind.OUTCOME) -> Iterator[Move]:
    world = concluded(at.book, at.step, outcome, at.node.world)
    if outcome in at.step.asks:
        yield Move(kind, words, at.stay(Phase.ASKED, world, outcome=outcome))
    else:
        yield Move(kind, words, at.enter(at.step.next.get(outcome, NOWHERE), world))


def _asked(at: At) -> Iterator[Move]:
    target = at.step.next.get(at.node.outcome, NOWHERE)
    yield Move(Kind.GO_ON, f"{at.node.outcome}: go on", at.enter(target, at.node.world))
    yield from _question(at, at.node.outcome)


def _escalate(at: At) -> Iterator[Move]:
    world = at.node.world
    if world.open:
        yield Move(Kind.UNDO, "undo first", _undo_next(at, world, Phase.ESCALATING))
        yield from _question(at, "before it is escalated", skip=False, abort=False)
        return
    yield from _outcome(at, "done", "bundle built")
    if at.node.tries:
        yield Move(Kind.CRASH, "crash: bundle built anew", at.stay(Phase.ARRIVE, used=1))


def _undoing(at: At) -> Iterator[Move]:
    """Outside the procedure: in an abort, or before an escalation."""
    world, phase = at.node.world, at.node.phase
    key = at.node.step.removeprefix(UNDO)
    back = _copies(world, Copies.ACTIVE) if key in BLOCKS else world
    back = back._replace(ours=world.ours - {key})
    yield Move(Kind.UNDO, "put back", _undo_next(at, back.close(key), phase))
    if at.node.tries:
        for words, now in (("before", world), ("after", back)):
            again = at.node._replace(world=now, tries=at.node.tries - 1)
            yield Move(Kind.CRASH, f"crash {words} effect", again)
        yield Move(Kind.AGAIN, "error: again", at.node._replace(tries=at.node.tries - 1))
    yield Move(Kind.HAND_OVER, "error: hand over", _undo_next(at, _handed(world), phase))


_PHASES: Final[Mapping[Phase, Callable[[At], Iterator[Move]]]] = {
    Phase.ARRIVE: _arrive, Phase.AGREED: _agreed, Phase.INTENT: _intent, Phase.EFFECT: _effect,
    Phase.ASKED: _asked, Phase.ABORTING: _undoing, Phase.ESCALATING: _undoing,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Walk:
    """``moves``: every moment that can come, with everything that may follow it; an end has nothing."""

    book: Runbook
    start: Node
    moves: Mapping[Node, tuple[Move, ...]]
    _counts: dict[Node, int] = field(default_factory=dict)

    def arrivals(self) -> Mapping[str, frozenset[World]]:
        """The worlds in which each step, undoing and end can be come to."""
        found = defaultdict(set)
        for node in self.moves:
            if node.phase in (Phase.ARRIVE, Phase.ABORTING, Phase.ESCALATING):
                found[node.step].add(node.world)
        return {step: frozenset(worlds) for step, worlds in found.items()}

    def paths(self, node: Node | None = None) -> int:
        """How many ways lead from a moment to an end, exactly."""
        here = self.start if node is None else node
        if here not in self._counts:
            self._counts[here] = sum(self.paths(m.to) for m in self.moves[here]) or 1
        return self._counts[here]

    def each(self, node: Node | None = None) -> Iterator[tuple[Move, ...]]:
        """Every path itself; for small walks."""
        here = self.start if node is None else node
        if not self.moves[here]:
            yield ()
        for move in self.moves[here]:
            for rest in self.each(move.to):
                yield (move, *rest)


def walk(book: Runbook, tries: int = 1, kinds: Collection[Kind] = frozenset(Kind)) -> Walk:
    """Everything that may happen in a run; with ``kinds`` only by moves of those kinds."""
    steps = {s.id: s for s in book.steps}
    start = Node(book.steps[0].id, World(), tries=tries)
    found: dict[Node, tuple[Move, ...]] = {}
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        step = steps.get(node.step, book.steps[0])
        moves = () if node.step in ALL_ENDS else tuple(_PHASES[node.phase](At(book, step, node, tries)))
        found[node] = tuple(m for m in moves if m.kind in kinds)
        waiting.extend(m.to for m in found[node])
    return Walk(book, start, found)


PLAIN: Final = frozenset({Kind.GO, Kind.OUTCOME, Kind.GO_ON, Kind.UNDO})
"""Nobody interferes, nothing crashes and nothing is tried twice."""


def main() -> None:
    print(f"{'runbook':30}{'steps':>6}{'states':>8}{'moments':>9}{'transitions':>13}{'paths':>50}")
    for book in RUNBOOKS.values():
        whole = walk(book)
        states, transitions = (sum(map(len, x.values())) for x in (whole.arrivals(), whole.moves))
        print(f"{book.name:30}{len(book.steps):6}{states:8}{len(whole.moves):9}{transitions:13}", end="")
        print(f"{whole.paths():>50,}")


if __name__ == "__main__":
    main()
