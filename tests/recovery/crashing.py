"""Runs on loopback labs whose workers are killed, frozen and taken up again; and what must hold then."""

from __future__ import annotations

import os
import shutil
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from cockpit.config.environment import Environment, RecoverySettings
from cockpit.journal.errors import AnsweredError
from cockpit.journal.records import Actor, NewRun, Obligation, Question, Run, RunState, WishKind
from cockpit.journal.store import Journal
from cockpit.lab.ledger import Entry
from cockpit.lab.scenarios import Scenario
from cockpit.recovery.runbook import freeze, thaw
from cockpit.recovery.runbooks import RUNBOOKS
from cockpit.recovery.worker import EXIT_PARKED
from tests.recovery.loopback import Lab, Values
from tests.recovery.nursery import Job, Nursery, OpenLab, Point
from tests.recovery.robot import Robot
from tests.recovery.scripts import is_reading_script
from tests.recovery.statements import open_shared

SECONDS: Final = 60.0
"""A worker that takes longer hangs."""
LOOK: Final = 0.01
"""Between two looks of the operator for a question."""
PHASES: Final = ("before intent", "after intent", "after effect", "after result")

QUICK: Final = RecoverySettings(
    wait=0.01,
    verify_gap=0.001,
    poll=0.001,
    move_limit=0.5,
    settle_limit=3.0,
    reboot_limit=8.0,
    quiet=0.0,
    lease=2.0,
    linger=15.0,
    logging_confirm=0.05,
)
_READS: Final = ("Get-", "Test-", "Invoke-MonitoringProbe", "wevtutil")


def _reads(cmdlet: str) -> bool:
    return cmdlet.startswith(_READS) or is_reading_script(cmdlet)


@dataclass(frozen=True)
class Route:
    """One way through a runbook: what is broken, whom it is on, how the operator answers.

    ``start``: where the run begins, its first step if empty; ``facts``: what it has found out by then.
    ``passes``: the steps whose attempts it must pass, in order, so that a worker can be killed in them.
    ``means``: the property of its server that the run is there to change for good, and to what.
    """

    name: str
    runbook: str
    scenario: Scenario
    scope: str
    server: str
    monitor: str
    passes: tuple[str, ...]
    ends: RunState
    servers: int | None = None
    entry: tuple[str, ...] = ()
    start: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    auto: bool = True
    robot: Callable[[], Robot] = Robot
    means: tuple[str, Any] | None = None

    def __str__(self) -> str:
        return self.name


def changes(entries: Sequence[Entry]) -> Counter[str]:
    """Changing commands of a lab's ledger, counted. Left out is what differs from run to run without
    meaning: the comment that names the run, and which entry server an Exchange cmdlet was sent to."""
    found: Counter[str] = Counter()
    for entry in entries:
        if entry.kind == "command" and not _reads(entry.cmdlet):
            kept = {k: v for k, v in (entry.parameters or {}).items() if k not in ("MoveComment", "Confirm")}
            on_the_machine = entry.cmdlet in ("Restart-Service", "Start-Service", "Restart-Computer")
            where = f"{entry.server}: " if on_the_machine else ""
            found[f"{where}{entry.cmdlet} {sorted(kept.items())}"] += 1
    return found


@dataclass
class World:
    """One lab, one journal, one run, and whoever works on it."""

    nursery: Nursery
    folder: Path
    url: str
    route: Route
    lab: Lab
    environment: Environment
    journal: Journal
    robot: Robot
    run: str
    before: Values

    # --- acting ------------------------------------------------------------------------------------

    def job(self, **more: Any) -> Job:
        return Job(self.run, self.environment, self.url, self.folder, self.lab.address, **more)

    def start(self, **more: Any) -> int:
        return self.nursery.start(self.job(**more))

    def work(self, seconds: float = SECONDS, **more: Any) -> int:
        """A worker to its end, questions answered meanwhile; its exit code. Where the run rests, what it
        rests at is answered, and another worker takes it up."""
        code = self.finish(self.start(**more), seconds)
        while code == EXIT_PARKED and self._rests():
            self.answer()
            code = self.finish(self.start(**more), seconds)
        return code

    def _rests(self) -> bool:
        """It may have been answered since its worker let go."""
        book = thaw(self.row.book, self.row.digest)
        return any(s.id == self.row.step and s.action == "hold" for s in book.steps)

    def finish(self, pid: int, seconds: float = SECONDS) -> int:
        until = time.monotonic() + seconds
        while (code := self.nursery.look(pid, LOOK)) is None:
            self.answer()
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
                self.nursery.look(pid, 5.0)
                raise AssertionError(f"the worker hangs: {self.told()}")
        return code

    def answer(self) -> None:
        """As an operator at a cockpit does: through the journal."""
        for run in self.journal.runs(open_only=True):
            if run.state is RunState.RUNNING:
                continue
            question = self.journal.open_question(run.id)
            if question is not None:
                answer = self.robot.decide(question, self.journal.readings(run.id, question.step))
                # The run may have ended meanwhile, its question withdrawn.
                with suppress(AnsweredError), self.journal.write(None) as writer:
                    writer.answer(question.id, answer)

    def die(self, point: Point) -> None:
        """A worker is killed there, and much time passes."""
        code = self.work(die_at=point)
        assert code == -signal.SIGKILL, f"{point} was not passed: {self.told()}"
        self.nothing_lost()
        self.time_passes()

    def abort(self) -> None:
        with self.journal.write(None) as writer:
            writer.wish(self.run, WishKind.ABORT, "a test wants it so", "ann")

    def time_passes(self) -> None:
        """What hours do to what a dead worker left: its lease runs out, and its commands' time limits."""
        self.tamper(
            "UPDATE lease SET expires_at = 1 WHERE expires_at > 0",
            "UPDATE attempt SET limit_at = intent_at WHERE result_at IS NULL",
        )

    def tamper(self, *statements: str) -> None:
        """SQL behind the journal's back."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    # --- looking -----------------------------------------------------------------------------------

    @property
    def row(self) -> Run:
        return self.journal.run(self.run)

    def values(self) -> Values:
        return self.lab.seen().values

    def changes(self) -> Counter[str]:
        return changes(self.lab.seen().ledger)

    def open(self) -> tuple[Obligation, ...]:
        return self.journal.obligations()

    def told(self) -> str:
        """The whole story, for whoever reads a failed test."""
        lines = []
        for run in reversed(self.journal.runs()):
            lines.append(f"{run.runbook} on {run.server}: {run.state.value} at {run.step}: {run.ending}")
            lines += [
                f"  {a.step}#{a.n}: {a.outcome or 'in doubt'} {a.detail.get('words', '')}"
                for a in self.journal.attempts(run.id)
            ]
            lines += [f"  {q.step}: {q.prompt} -> {_chosen(q)}" for q in self.journal.questions(run.id)]
        lines += [f"  {what} x{number}" for what, number in self.changes().items()]
        return "\n".join(lines)

    # --- what must hold ----------------------------------------------------------------------------

    def nothing_lost(self) -> None:
        """Whatever differs from the beginning has an open obligation, and the first of them knows it."""
        owed = {(o.server, o.key): o for o in reversed(self.open())}
        for server, properties in self.temporary(self.values()).items():
            for key, value in properties.items():
                prior = self.before[server][key]
                if value == prior:
                    continue
                obligation = owed.get((server, key))
                assert obligation is not None, f"{key} of {server} is {value}, unrecorded: {self.told()}"
                assert obligation.prior == prior, f"{key} of {server} was {prior}: {self.told()}"

    def all_undone(self) -> None:
        """Nothing is left on, nothing is owed, and the journal proves itself."""
        assert self.temporary(self.values()) == self.temporary(self.before), self.told()
        assert not self.open(), self.told()
        check = self.journal.verify()
        assert check.sound, check.why

    def temporary(self, values: Values) -> Values:
        """Without what the run is there to change for good."""
        meant = (self.route.server, self.route.means[0]) if self.route.means is not None else None
        return {
            server: {key: value for key, value in properties.items() if (server, key) != meant}
            for server, properties in values.items()
        }

    def no_more_than(self, uncrashed: Counter[str]) -> None:
        """No changing command came more often than in the run that nothing happened to."""
        more = self.changes() - uncrashed
        assert not more, f"too often: {more}: {self.told()}"


def _chosen(question: Question) -> str:
    return question.answer.choice.value if question.answer is not None else "open"


@dataclass
class Worlds:
    """Makes worlds. ``fresh(folder)``: the URL of an empty journal; ``copy(world, folder)``: of one like it;
    ``drop(url)``: away with it, where that is more than its folder."""

    nursery: Nursery
    folder: Path
    fresh: Callable[[Path], str]
    copy: Callable[[World, Path], str]
    drop: Callable[[str], None] = lambda url: None

    def open(self, route: Route, **recovery: Any) -> World:
        folder = self._folder()
        url = self.fresh(folder)
        environment = Environment(
            entry_servers=route.entry,
            recovery=msgspec.structs.replace(QUICK, **recovery),
            read_only=False,
            name="lab",
        )
        lab = self.nursery.open(OpenLab(route.scenario, route.servers, _address(folder)))
        journal = _journal(url, folder)
        run = uuid.uuid4().hex
        before = lab.seen().values
        world = World(self.nursery, folder, url, route, lab, environment, journal, route.robot(), run, before)
        with journal.write(None) as writer:
            writer.create_run(_new(route, run))
        return world

    def fork(self, world: World) -> World:
        """Another world with the same past. Nobody may be at work in the first meanwhile."""
        folder = self._folder()
        url = self.copy(world, folder)
        return World(
            *(world.nursery, folder, url, world.route, world.lab.fork(_address(folder))),
            *(world.environment, _journal(url, folder), world.route.robot(), world.run, world.before),
        )

    def close(self, world: World) -> None:
        world.journal.close()
        world.lab.close()
        self.drop(world.url)
        shutil.rmtree(world.folder)

    def _folder(self) -> Path:
        folder = self.folder / uuid.uuid4().hex[:8]
        folder.mkdir()
        return folder


def _address(folder: Path) -> str:
    return str(folder / "lab")


def _journal(url: str, folder: Path) -> Journal:
    actor = Actor("operator", "here", f"test/{os.getpid()}/{folder.name}", "tests")
    return open_shared(url, actor, folder)


def _new(route: Route, run: str) -> NewRun:
    book = RUNBOOKS[route.runbook]
    text, digest = freeze(book)
    return NewRun(
        id=run,
        runbook=book.name,
        digest=digest,
        book=text,
        environment="lab",
        scope=route.scope,
        server=route.server,
        monitor=route.monitor,
        step=route.start or book.steps[0].id,
        auto=route.auto,
        facts=route.facts,
    )


@dataclass
class Matrix:
    """Every crash of one route, each taken up with resume, and with abort.

    ``here``: the world in which a worker dies before each intent and after each result, and the next one
    goes on; ``end`` sees it through. After an intent and after an effect it is forked, and each fork is
    seen through by itself.
    """

    worlds: Worlds
    route: Route
    here: World
    uncrashed: Counter[str]

    @classmethod
    def begin(cls, worlds: Worlds, route: Route) -> Matrix:
        """Runs the route once without a crash: it must pass its steps, and leave nothing behind."""
        world = worlds.open(route)
        trace = world.folder / "trace"
        code = world.work(trace=trace, rehearsal=True)
        assert (code, world.row.state) == (0, route.ends), world.told()
        seen = [tuple(line.split("\t")[:2]) for line in trace.read_text(encoding="utf-8").splitlines()]
        missing = [f"{s}/{p}" for s in route.passes for p in PHASES if (s, p) not in seen]
        assert not missing, f"{missing}: {world.told()}"
        world.all_undone()
        uncrashed = world.changes()
        worlds.close(world)
        return cls(worlds, route, worlds.open(route), uncrashed)

    def step(self, step: str) -> None:
        """Kill a worker in each phase of that step."""
        before_intent, *between, after_result = (Point(step, phase) for phase in PHASES)
        self.here.die(before_intent)
        self._abort(self.here)
        for point in between:
            world = self.worlds.fork(self.here)
            world.die(point)
            self._abort(world)
            self._resume(world)
            self.worlds.close(world)
        self.here.die(after_result)
        if not self.here.row.ended:
            self._abort(self.here)

    def end(self) -> None:
        """What all these deaths left behind ends like the run that nothing happened to."""
        if not self.here.row.ended:
            self._resume(self.here)
        else:
            self._ended(self.here)
        self.worlds.close(self.here)

    def _resume(self, world: World) -> None:
        assert world.work() == 0, world.told()
        self._ended(world)

    def _ended(self, world: World) -> None:
        assert world.row.state is self.route.ends, world.told()
        world.all_undone()
        if self.route.means is not None:
            key, value = self.route.means
            assert world.values()[self.route.server][key] == value, world.told()
        world.no_more_than(self.uncrashed)

    def _abort(self, dead: World) -> None:
        world = self.worlds.fork(dead)
        world.abort()
        assert world.work() == 0, world.told()
        assert world.row.state is RunState.ABORTED, world.told()
        world.all_undone()
        # An abort may undo what the route never has to: that once, everything else as often as there.
        world.no_more_than(self.uncrashed | Counter(dict.fromkeys(world.changes(), 1)))
        self.worlds.close(world)
