"""Ways through the runbooks, as data: what is broken, what happens meanwhile, and what has to come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cockpit.config.environment import RecoverySettings
from cockpit.journal.records import Answer, Choice, Finding, Question, RunState
from tests.recovery.robot import REASON, Decide, Robot, always, go_on
from tests.recovery.wire import MOVE_NOW, POLICY, QUICK, Bench, Body, Edge, Ended, bench

SKIP: Final = always(Choice.SKIP)
ABORT: Final = always(Choice.ABORT)
HAND_OVER: Final = always(Choice.HAND_OVER)
BACK, FRONT, ACCESS = "EX19-01", "EX16-01", "EX13-CAS01"
FAILED: Final[Mapping[str, Any]] = {"evidence": {"of": "probe", "outcome": "failed", "words": "it failed"}}
UNDO: Final = f"undo:{MOVE_NOW} done, undo:{POLICY} done"
STALE: Final[Mapping[str, Any]] = {"knobs": {"stale": True}}


def persist(question: Question, in_the_way: Sequence[Finding]) -> Answer:
    """Try again what did not come to a result, instead of skipping it."""
    if Choice.GO in question.choices or Choice.OVERRIDE in question.choices:
        return go_on(question, in_the_way)
    return Answer(Choice.AGAIN, "robot", REASON)


@dataclass(frozen=True)
class Meanwhile:
    """At the first question of a step something happens in the lab, then ``choice`` is answered."""

    bodies: Sequence[Body]
    choice: Choice = Choice.AGAIN

    def on(self, world: Bench) -> Decide:
        done = False

        def decide(question: Question, in_the_way: Sequence[Finding]) -> Answer:
            nonlocal done
            if done:
                return go_on(question, in_the_way)
            done = True
            world.act(*self.bodies)
            return Answer(self.choice, "robot", REASON, typed=question.typed)

        return decide


@dataclass(frozen=True)
class Case:
    """``path``: every step of the run with its outcome, in order, ``step outcome, step outcome``.

    ``changes``: what the lab's ledger must hold besides reads, no more and no less, in order. ``before``:
    done when the lab has opened. ``at``: see ``Bench.recover``. ``child``: the path of the child run.
    """

    name: str
    scenario: str
    server: str
    monitor: str
    path: str
    changes: Sequence[str]
    state: RunState = RunState.RECOVERED
    steps: Mapping[str, Decide | Meanwhile] = field(default_factory=dict)
    before: Sequence[Body] = ()
    at: Mapping[str, Sequence[Body]] = field(default_factory=dict)
    start: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    child: str = ""
    settings: RecoverySettings = QUICK

    @property
    def edges(self) -> list[Edge]:
        return _edges(self.path)

    @property
    def child_edges(self) -> list[Edge]:
        return _edges(self.child)


def _edges(path: str) -> list[Edge]:
    words = [part.strip().split(" ", 1) for part in path.split(",") if part.strip()]
    return [(step, outcome) for step, outcome in words]


def run_case(case: Case, world: Bench) -> Ended:
    world.act(*case.before)
    steps = {k: v.on(world) if isinstance(v, Meanwhile) else v for k, v in case.steps.items()}
    return world.recover(case.server, case.monitor, Robot(steps), case.at, start=case.start, facts=case.facts)


def check(case: Case) -> Ended:
    """The case in a lab of its own, and as it says."""
    with bench(case.scenario, case.settings) as world:
        ended = run_case(case, world)
    as_said(case, ended)
    return ended


def as_said(case: Case, ended: Ended) -> None:
    """The run's way, its end, and the lab's ledger are what the case says."""
    assert ended.path == case.edges
    if case.child:
        assert ended.child is not None
        assert [(a.step, a.outcome) for a in ended.attempts if a.run == ended.child.id] == case.child_edges
    assert ended.run.state is case.state, ended.run.ending
    assert ended.changes == list(case.changes)
    assert not [o for o in ended.obligations if o.open], "something is still to be undone"


def taken_up(case: Case, start: str = "role", **facts: Any) -> Case:
    """The same, begun at ``start`` by a run that has seen the probe fail and knows ``facts``."""
    return replace(case, start=start, facts={**FAILED, **facts})


# -- commands as the ledger shows them -------------------------------------------------------------------


def restart(server: str, service: str) -> str:
    return f"Restart-Service {server} {service}"


def start_services(server: str, *services: str) -> list[str]:
    return [f"Start-Service {server} {service}" for service in services]


def reboot(server: str) -> str:
    return f"Restart-Computer {server}"


def block(server: str, policy: str = "Blocked") -> str:
    return f"Set-MailboxServer {server} {POLICY}={policy}"


def move(server: str, value: bool = True) -> str:
    return f"Set-MailboxServer {server} {MOVE_NOW}={value}"


def away(server: str) -> list[str]:
    return [block(server), move(server)]


def unblock(server: str) -> list[str]:
    return [move(server, False), block(server, "Unrestricted")]


def fail_back(server: str) -> str:
    return f"Move-ActiveMailboxDatabase {server}"


def logging(server: str, on: bool) -> str:
    return f"Set-PopSettings {server} ProtocolLogEnabled={on}"


def active(server: str) -> str:
    return f"Set-ServerComponentState {server} Component=PopProxy Requester=HealthAPI State=Active"


def unrunnable(server: str) -> Body:
    return {"name": server, "knobs": {"unrunnable_probes": ["*"]}}


def act(server: str, action: str, **fields: Any) -> Body:
    return {"name": server, "action": action, **fields}
