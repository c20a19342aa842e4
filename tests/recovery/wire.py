"""Runs of the real engine against a lab over real sockets, answered by a robot.

What is compared is the lab's own ledger: which changing commands came, in what order, with which
parameters, and none else.
"""

from __future__ import annotations

import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias
from unittest.mock import patch

import msgspec

from cockpit.config.environment import Environment, RecoverySettings
from cockpit.journal.records import Actor, Attempt, NewRun, Obligation, Question, Reading, Run
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.lab import actions
from cockpit.lab.ledger import Entry
from cockpit.recovery.access import Sessions
from cockpit.recovery.asking import Parked
from cockpit.recovery.engine import Engine
from cockpit.recovery.keeper import Keeper
from cockpit.recovery.office import Office, catalogue_name
from cockpit.recovery.runbook import Runbook, freeze
from cockpit.recovery.runbooks import runbook_for
from cockpit.recovery.scope import scope_of
from cockpit.recovery.view import Plan
from cockpit.recovery.work import Work
from tests.product.conftest import Running, running_lab
from tests.recovery.robot import Robot
from tests.recovery.scripts import is_reading_script

SPEED: Final = 6000.0
LIMIT: Final = 60.0
"""Real seconds that a run may take before the test gives up on it."""
POP, BE = "MSExchangePop3", "MSExchangePOP3BE"
MOVE_NOW: Final = "DatabaseCopyActivationDisabledAndMoveNow"
POLICY: Final = "DatabaseCopyAutoActivationPolicy"

_MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None

Edge: TypeAlias = tuple[str, str]
"""A step and its outcome."""
Body: TypeAlias = Mapping[str, Any]
"""An action of the lab's control endpoint; ``{"knobs": …, "name": SERVER}`` turns knobs instead."""

QUICK: Final = RecoverySettings(
    wait=600 / SPEED,
    verify_gap=0.02,
    poll=0.02,
    move_limit=LIMIT,
    settle_limit=LIMIT,
    reboot_limit=LIMIT,
    quiet=0.0,
    lease=LIMIT,
    linger=LIMIT,
)
"""Waits as much shorter as the lab's clock is faster; Managed Availability's actions are not in the way.

The limits are those of a loaded machine: what is to reach one of them has ``hasty`` settings."""


def hasty(name: str) -> RecoverySettings:
    """``QUICK`` but for one limit that is meant to be reached: ``move``, ``settle`` or ``reboot``."""
    return msgspec.structs.replace(QUICK, **{f"{name}_limit": 1.0 if name == "reboot" else 0.3})


def reads_only(entry: Entry) -> bool:
    return (
        entry.cmdlet.startswith(("Get-", "Test-"))
        or entry.cmdlet in ("Invoke-MonitoringProbe", "wevtutil")
        or is_reading_script(entry.cmdlet)
    )


_UNSAID: Final = frozenset({"Confirm", "MoveComment", "DomainController"})


def shown(entry: Entry) -> str:
    """A changing command in a line: cmdlet, what it is about, and what it sets."""
    parameters = {k: v for k, v in (entry.parameters or {}).items() if k not in _UNSAID}
    named = [parameters.pop(key, None) for key in ("Identity", "Server", "ActivatePreferredOnServer")]
    about = next((value for value in named if value), entry.server)
    name = parameters.pop("Name", "")
    rest = " ".join(f"{k}={v}" for k, v in parameters.items() if k != "Force")
    return " ".join(word for word in (entry.cmdlet, str(about), str(name), rest) if word)


@dataclass(frozen=True)
class Ended:
    """A run as it ended, its child with it. ``attempts``, ``readings``: of all runs, in order of their time.

    ``commands``: the lab's whole ledger of commands; ``changes``: the changing ones, in a line each.
    """

    run: Run
    child: Run | None
    attempts: tuple[Attempt, ...]
    readings: tuple[Reading, ...]
    questions: tuple[Question, ...]
    obligations: tuple[Obligation, ...]
    commands: tuple[Entry, ...]

    @property
    def changes(self) -> list[str]:
        return [shown(e) for e in self.commands if not reads_only(e)]

    @property
    def path(self) -> list[Edge]:
        """The run's own steps with their outcomes, in order."""
        return [(a.step, a.outcome) for a in self.attempts if a.run == self.run.id]

    def outcomes(self, step: str) -> list[str]:
        return [a.outcome for a in self.attempts if a.step == step]


@dataclass
class Bench:
    """A lab, a journal of its own, and the servers' sessions."""

    lab: Running
    journal: Journal
    folder: Path
    settings: RecoverySettings = QUICK
    bundle: bool = False
    """Whether an escalation builds its evidence bundle; else it only says its name, which is quicker."""

    def act(self, *bodies: Body) -> None:
        """Let a second operator, or fate, do something now."""
        for body in bodies:
            self.lab.on_loop(lambda body=body: self._one(body))  # type: ignore[misc]

    def _one(self, body: Body) -> None:
        if "knobs" in body:
            self._turn(str(body["name"]), body["knobs"])
        else:
            actions.act(self.lab.lab.simulation, body)

    def _turn(self, name: str, knobs: Mapping[str, Any]) -> None:
        simulation = self.lab.lab.simulation
        simulation.knobs[name].change(knobs)
        if "stale" in knobs:
            simulation.set_stale(simulation.organization.server(name), bool(knobs["stale"]))

    def _let_time_pass(self) -> None:
        clock = self.lab.lab.simulation.clock
        clock.freeze()
        clock.resume()

    @property
    def environment(self) -> Environment:
        return msgspec.structs.replace(self.lab.environment, recovery=self.settings)

    def plan(self, server: str, monitor: str) -> Plan:
        """As the cockpit plans a recovery."""
        return Office(self.environment, self.lab.secret, self.journal, False).plan(server, monitor)

    def recover(
        self,
        server: str,
        monitor: str,
        robot: Robot | None = None,
        at: Mapping[str, Sequence[Body]] | None = None,
        *,
        book: Runbook | None = None,
        start: str = "",
        facts: Mapping[str, Any] | None = None,
        auto: bool = False,
    ) -> Ended:
        """Drive one run to its end. ``at``: what happens in the lab just before a step begins, once each:
        ``step`` before it, ``step!`` just after its effect. ``start``, ``facts``: a run that is taken up at
        that step, knowing this much."""
        run = self._create(server, monitor, book, auto, start, facts or {})
        pending = {step: list(bodies) for step, bodies in (at or {}).items()}

        def phase(step: str, name: str) -> None:
            key = {"before intent": step, "after effect": f"{step}!"}.get(name, "")
            self.act(*pending.pop(key, ()))

        self.lab.on_loop(self._let_time_pass)
        failed: list[BaseException] = []
        patched = nullcontext() if self.bundle else patch("cockpit.recovery.engine.build", _no_bundle)
        with patched:
            self._live(run, phase, robot or Robot(), failed)
        if failed:
            raise failed[0]
        assert not pending, f"these steps were never reached: {', '.join(pending)}"
        return self._ended(run)

    def _live(
        self, run: str, phase: Callable[[str, str], None], robot: Robot, failed: list[BaseException]
    ) -> None:
        thread = threading.Thread(target=self._drive, args=(run, phase, failed), daemon=True)
        thread.start()
        self._answer(thread, robot)
        thread.join(1.0)

    def _create(
        self,
        server: str,
        monitor: str,
        book: Runbook | None,
        auto: bool,
        start: str,
        facts: Mapping[str, Any],
    ) -> str:
        found = book or runbook_for(monitor)
        assert found is not None, monitor
        text, digest = freeze(found)
        access = Sessions(self.environment, self.lab.secret)
        try:
            scope = scope_of(access, server)
        finally:
            access.close()
        new = NewRun(
            *(uuid.uuid4().hex, found.name, digest, text, self.environment.name, scope, server),
            monitor=catalogue_name(monitor),
            step=start or found.steps[0].id,
            auto=auto,
            facts=facts,
        )
        with self.journal.write(None) as writer:
            writer.create_run(new)
        return new.id

    def _drive(self, run: str, phase: Callable[[str, str], None], failed: list[BaseException]) -> None:
        access = Sessions(self.environment, self.lab.secret)
        try:
            with Keeper(self.journal, self.settings.lease) as keeper:
                work = Work(
                    *(self.journal, keeper, access, self.environment, self.folder / "bundles"),
                    phase=phase,
                    look_every=0.01,
                )
                Engine(work).drive(run)
        except Parked:
            pass
        except BaseException as error:
            failed.append(error)
        finally:
            access.close()

    def _answer(self, thread: threading.Thread, robot: Robot) -> None:
        until = time.monotonic() + LIMIT
        while thread.is_alive():
            assert time.monotonic() < until, self._where()
            for run in self.journal.runs(open_only=True):
                question = self.journal.open_question(run.id)
                if question is not None:
                    answer = robot.decide(question, self.journal.readings(run.id))
                    with self.journal.write(None) as writer:
                        writer.answer(question.id, answer)
            thread.join(0.015)

    def _where(self) -> str:
        runs = self.journal.runs(open_only=True)
        return "; ".join(f"{r.runbook} on {r.server} is still at {r.step}" for r in runs) or "it hangs"

    def _ended(self, run_id: str) -> Ended:
        runs = [self.journal.run(run_id), *(r for r in self.journal.runs() if r.parent == run_id)]
        journal = self.journal
        return Ended(
            run=runs[0],
            child=runs[1] if len(runs) > 1 else None,
            attempts=tuple(sorted((a for r in runs for a in journal.attempts(r.id)), key=_intended)),
            readings=tuple(x for r in runs for x in journal.readings(r.id)),
            questions=tuple(q for r in runs for q in journal.questions(r.id)),
            obligations=tuple(o for r in runs for o in journal.obligations(run=r.id, open_only=False)),
            commands=tuple(self.lab.commands()),
        )


def _no_bundle(_: object, run: str, folder: Path, *__: object, **___: object) -> Path:
    return folder / f"{run[:8]}.zip"


def _intended(attempt: Attempt) -> float:
    return attempt.intent_at


def _journal(folder: Path) -> Journal:
    actor = Actor("robot", "a test", f"test/{uuid.uuid4().hex[:6]}", "pop-cockpit")
    url = sqlite_url(folder / "journal.sqlite")
    return open_journal(url, actor, keys=folder, checkpoints=folder / "checkpoints")


@cache
def _empty_journal() -> bytes:
    """A journal's file with its tables, so that not every test makes them."""
    with tempfile.TemporaryDirectory(prefix="wire-") as name:
        _journal(Path(name)).close()
        return (Path(name) / "journal.sqlite").read_bytes()


@contextmanager
def bench(
    scenario: str = "healthy",
    settings: RecoverySettings = QUICK,
    speed: float = SPEED,
    **options: Any,
) -> Iterator[Bench]:
    """A lab in that scenario with a journal of its own; both end with the block.

    Its clock stands as the lab has opened until a run begins.
    """
    with tempfile.TemporaryDirectory(prefix="wire-", dir=_MEMORY) as name:
        folder = Path(name)
        (folder / "journal.sqlite").write_bytes(_empty_journal())
        journal = _journal(folder)
        try:
            with running_lab(folder, scenario=scenario, **options) as lab:
                clock = lab.lab.simulation.clock
                lab.on_loop(clock.freeze)
                clock.speed = speed
                yield Bench(lab, journal, folder, settings)
        finally:
            journal.close()
