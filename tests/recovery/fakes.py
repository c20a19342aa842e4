"""A worker on a real journal and engine, with servers made of a few values and an operator made of a list.

Everything happens in the test's own thread: the operator answers when the engine looks for an answer,
so no test waits for another thread, and none depends on how fast anything is.
"""

from __future__ import annotations

import functools
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar
from unittest import mock

import msgspec

from cockpit.config.environment import Environment, RecoverySettings
from cockpit.exchange.changes import ExchangeChange, WinRMChange
from cockpit.exchange.errors import NotGrantedError, UnreachableError
from cockpit.exchange.model import Reading
from cockpit.exchange.pipeline import Call
from cockpit.exchange.session import RawResult
from cockpit.journal.errors import JournalError
from cockpit.journal.records import (
    Actor,
    Answer,
    Attempt,
    Choice,
    NewAttempt,
    NewObligation,
    NewRun,
    Obligation,
    Question,
    Run,
    RunState,
    Wish,
    WishKind,
)
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.recovery.access import NotSentError, no_winrm
from cockpit.recovery.actions.settings import LOGGING, MOVE_NOW, POLICY
from cockpit.recovery.actions.table import ACTIONS
from cockpit.recovery.asking import Asker
from cockpit.recovery.engine import Engine
from cockpit.recovery.keeper import Keeper
from cockpit.recovery.runbook import ESCALATED, RECOVERED, Runbook, Step, freeze
from cockpit.recovery.work import Work
from tests.recovery.builders import EX01, MONITOR, Cmdlets, host, settings

T = TypeVar("T")

ANN: Final = Actor("ann", "here", "host/1/ann", "tests")
REASON: Final = "because the test wants it"
SCOPE: Final = "dag:DAG1"
QUICK: Final = RecoverySettings(
    wait=0.2, verify_gap=0.001, poll=0.001, linger=0.001, lease=30.0, reboot_limit=5.0
)


def quick(**changes: float) -> RecoverySettings:
    """``QUICK`` with other times, in seconds."""
    return msgspec.structs.replace(QUICK, **changes)


class Killed(BaseException):
    """The worker's process is gone."""


# --- servers -------------------------------------------------------------------------------------


@dataclass
class Fakes:
    """An Access. ``values``: of EX01 at the domain controller ``nearest``; ``stale``: at other ones.

    ``ignores``: sends are accepted and change nothing. ``readings``: what the next reads raise, None where
    one works. ``after``: what the reads after a send raise. ``sending``: what the next sends raise.
    ``dead``: domain controllers that do not answer. ``exchange``, ``winrm``: answers by method name.
    ``no_winrm``: the WinRM endpoint cannot be used. ``denied``: cmdlets that RBAC hides.
    """

    values: dict[str, Any] = field(default_factory=lambda: {MOVE_NOW: True, POLICY: "Blocked", LOGGING: True})
    nearest: str = "dc1"
    stale: dict[str, dict[str, Any]] = field(default_factory=dict)
    ignores: bool = False
    readings: list[Exception | None] = field(default_factory=list)
    after: list[Exception | None] = field(default_factory=list)
    sending: list[Exception | None] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    exchange: dict[str, Any] = field(default_factory=dict)
    winrm: dict[str, Any] = field(default_factory=dict)
    no_winrm: bool = False
    denied: set[str] = field(default_factory=set)
    sent: list[Call] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    controllers: list[str] = field(default_factory=list)
    """The domain controllers that values were read from or written to, as named in the calls."""
    forgiven: int = 0
    on_send: Callable[[], None] = lambda: None

    def read(self, job: Callable[[Any], T]) -> T:
        failure = self.readings.pop(0) if self.readings else None
        if failure is not None:
            raise failure
        mine = {"get_mailbox_server": self._mailbox_server, "get_pop_settings": self._pop_settings}
        return job(_Silent({**mine, **self.exchange}, self.asked))

    def look(self, server: str, job: Callable[[Any], T]) -> T:
        if self.no_winrm:
            raise no_winrm(server, None)
        return job(_Silent(self.winrm, self.asked))

    def logs(self, server: str, folder: str, job: Callable[[Any], T]) -> T:
        raise UnreachableError(f"{server} cannot be reached")

    def send(self, change: ExchangeChange) -> RawResult:
        call = change.call()
        if call.cmdlet in self.denied:
            raise NotGrantedError(f"{call.cmdlet} is not available to this account here")
        self.sent.append(call)
        self.on_send()
        failure = self.sending.pop(0) if self.sending else None
        self.readings.extend(self.after)
        if failure is not None:
            raise failure
        at = str(call.parameters.get("DomainController", ""))
        self._asked_at(at)
        if not self.ignores:
            self.at(at).update({k: v for k, v in call.parameters.items() if k in self.values})
        return RawResult((), (), (), 0.0)

    def act(self, change: WinRMChange) -> RawResult:
        if self.no_winrm:
            error = no_winrm(change.server, None)
            raise NotSentError(error.what, error.cause) from error
        if change.call().cmdlet in self.denied:
            raise NotGrantedError(f"{change.call().cmdlet} is not available to this account here")
        self.sent.append(change.call())
        failure = self.sending.pop(0) if self.sending else None
        if failure is not None:
            raise failure
        return RawResult((), (), (), 0.0)

    def fence(self, check: Callable[[], None]) -> None:
        return

    def forgive(self) -> None:
        self.forgiven += 1

    def avoid(self, server: str) -> None:
        return

    def close(self) -> None:
        return

    def at(self, domain_controller: str) -> dict[str, Any]:
        return self.stale.get(domain_controller or self.nearest, self.values)

    def _asked_at(self, domain_controller: str) -> None:
        self.controllers.append(domain_controller)
        if domain_controller in self.dead:
            raise UnreachableError(f"{domain_controller} cannot be reached")

    def _mailbox_server(self, server: str = "", domain_controller: str = "") -> Any:
        self._asked_at(domain_controller)
        now = self.at(domain_controller)
        row = host(
            EX01,
            activation_policy=now[POLICY],
            activation_disabled_and_move_now=now[MOVE_NOW],
            originating_server=domain_controller or self.nearest,
        )
        return Reading((row,))

    def _pop_settings(self, server: str = "", domain_controller: str = "") -> Any:
        self._asked_at(domain_controller)
        logs = self.at(domain_controller)[LOGGING]
        at = domain_controller or self.nearest
        return Reading((replace(settings(), protocol_log_enabled=logs, originating_server=at),))


class _Silent(Cmdlets):
    """What nobody has an answer for cannot be reached."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self._answers:
            return lambda *_, **__: _unreachable(name)
        return super().__getattr__(name)


def _unreachable(name: str) -> Any:
    raise UnreachableError(f"{EX01} cannot be reached", name)


# --- the operator --------------------------------------------------------------------------------

Says = Answer | Callable[[Question], Answer | None]
"""An answer, or what makes one; None leaves the question open."""


class Attended(Journal):
    """A journal with an operator at it. ``script``: what they say to one question after the other;
    ``absent``: how many of the next reads fail. ``waited``: the engine waits for an answer now."""

    script: list[Says]
    asked: list[Question]
    waited: bool
    absent: int

    def questions(self, run: str) -> tuple[Question, ...]:
        self._there()
        found = super().questions(run)
        if not found or not found[-1].open:
            return found
        if not self.asked or self.asked[-1].id != found[-1].id:
            self.asked.append(found[-1])
        if not self.script or not self.waited:
            return found
        said = self.script.pop(0)
        answer = said if isinstance(said, Answer) else said(found[-1])
        if answer is not None:
            with self.write(None) as writer:
                writer.answer(found[-1].id, answer)
        return super().questions(run)

    def now(self) -> float:
        self._there()
        return super().now()

    def wishes(self, run: str) -> tuple[Wish, ...]:
        self._there()
        return super().wishes(run)

    def _there(self) -> None:
        if self.absent:
            self.absent -= 1
            raise JournalError("Cannot read the journal: the connection was refused")


def say(choice: Choice, **more: str) -> Answer:
    return Answer(choice, "ann", **{"reason": REASON, "to": "bob", **more})


# --- a world -------------------------------------------------------------------------------------


@functools.cache
def _empty() -> bytes:
    """A journal that its migrations have run on."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal.db"
        open_journal(sqlite_url(file), ANN, keys=Path(folder), checkpoints=Path(folder) / "c.jsonl").close()
        return file.read_bytes()


@dataclass
class World:
    """One journal, one set of servers, and workers that come and go."""

    folder: Path
    journal: Attended
    access: Fakes
    settings: RecoverySettings = QUICK
    phase: Callable[[str, str], None] = lambda step, phase: None
    secrets: tuple[str, ...] = ()

    @property
    def environment(self) -> Environment:
        return Environment(entry_servers=(EX01,), name="prod", recovery=self.settings)

    def begin(self, of: Runbook, /, **changes: Any) -> str:
        """A run of that runbook at its first step; its id."""
        text, digest = freeze(of)
        new = NewRun(uuid.uuid4().hex, of.name, digest, text, "prod", SCOPE, EX01, MONITOR, of.steps[0].id)
        new = replace(new, **changes)
        with self.journal.write(None) as writer:
            writer.create_run(new)
        return new.id

    def owe(self, run: str, key: str, prior: Any, wanted: Any, server: str = EX01) -> int:
        """An obligation that a finished step of the run has opened; its id."""
        with self.journal.write(None) as writer:
            opens = (NewObligation(server, key, prior, wanted),)
            attempt = writer.intend(NewAttempt(run, f"set-{key}", "x", {}, 0.0, opens=opens))
            writer.conclude(attempt, "done", {})
        return self.journal.obligations(run=run)[-1].id

    def intend(self, new: NewAttempt) -> Attempt:
        with self.journal.write(None) as writer:
            return writer.intend(new)

    def wish(self, run: str, kind: WishKind = WishKind.ABORT) -> None:
        with self.journal.write(None) as writer:
            writer.wish(run, kind, REASON, "ann")

    def script(self, *answers: Says) -> None:
        self.journal.script.extend(answers)

    def work(self, run: str) -> RunState:
        """One worker, until the run has ended. Raises Parked where the script has no answer."""
        with Keeper(self.journal, self.settings.lease) as keeper, self._attending():
            work = Work(
                self.journal, keeper, self.access, self.environment, self.folder / "bundles",
                phase=self.phase, secrets=self.secrets, look_every=0.001,
            )  # fmt: skip
            return Engine(work).drive(run)

    @contextmanager
    def _attending(self) -> Iterator[None]:
        """The operator answers what the engine waits for, not what it only looks at."""
        real = Asker._await

        def waiting(asker: Asker, run: Run, question: int, seconds: float) -> Answer:
            self.journal.waited = True
            try:
                return real(asker, run, question, seconds)
            finally:
                self.journal.waited = False

        with mock.patch.object(Asker, "_await", waiting):
            yield

    def run(self, run: str) -> Run:
        return self.journal.run(run)

    def open_keys(self, run: str) -> list[str]:
        return [o.key for o in self.journal.obligations(run=run)]

    def obligation(self, number: int) -> Obligation:
        return next(o for o in self.journal.obligations(open_only=False) if o.id == number)

    def tries(self, run: str) -> list[tuple[str, str]]:
        return [(a.step, a.outcome) for a in self.journal.attempts(run)]

    def words(self, run: str, step: str) -> str:
        return str([a for a in self.journal.attempts(run) if a.step == step][-1].detail.get("words", ""))

    @property
    def prompts(self) -> list[str]:
        return [q.prompt for q in self.journal.asked]


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """A world in ``folder``, closed afterwards."""
    file = folder / "journal.db"
    file.write_bytes(_empty())
    plain = open_journal(sqlite_url(file), ANN, keys=folder / "keys", checkpoints=folder / "c.jsonl")
    journal = Attended(plain._database, ANN, folder / "keys", folder / "c.jsonl")
    journal.script, journal.asked, journal.waited, journal.absent = [], [], False, 0
    yield World(folder, journal, Fakes())
    journal.close()


# --- small runbooks ------------------------------------------------------------------------------

END: Final = Step(id="escalate", title="Escalate", action="escalate", why="", next={"done": ESCALATED})


def book(*steps: Step) -> Runbook:
    return Runbook(
        name="Small",
        title="A small one",
        source="tests",
        monitors=(),
        escalate="escalate",
        steps=(*steps, END),
    )


def step(action: str, then: str = RECOVERED, name: str = "it", **changes: Any) -> Step:
    """A step whose every outcome leads to ``then``."""
    outcomes = ACTIONS[action].outcomes if action in ACTIONS else frozenset({"done"})
    made = {"title": f"Do {action}", "why": "", "next": dict.fromkeys(sorted(outcomes), then), **changes}
    return Step(id=name, action=action, **made)
