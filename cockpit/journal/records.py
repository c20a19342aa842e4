"""The rows of the journal as frozen dataclasses.

Times are seconds since the epoch by the *database's* clock, None where it has not happened yet.
``Json`` values are what ``json.dumps`` takes without floats' surprises: None, bool, int, str, list, dict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, TypeAlias

from cockpit.frozen import dataclass
from cockpit.journal.words import ENDED as ENDED
from cockpit.journal.words import Choice as Choice
from cockpit.journal.words import Grade as Grade
from cockpit.journal.words import RunState as RunState
from cockpit.journal.words import Verdict as Verdict
from cockpit.journal.words import WishKind as WishKind

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the operator's account, from where, and which process.

    ``operator``: the OS user (and sudo's origin) with the Exchange account. ``origin``: SSH client and
    host. ``process``: ``host/pid/nonce``, the holder of leases. ``program``: name and version.
    """

    operator: str
    origin: str
    process: str
    program: str


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a runbook. ``book`` is the runbook's canonical JSON, frozen at the start;
    ``digest`` its SHA-256. ``step``: where it is. ``facts``: what it has found out (JSON object).

    ``scope``: ``dag:NAME`` or ``server:NAME``. ``parent``: the run that started this one as a step.
    """

    id: str
    parent: str | None
    runbook: str
    digest: str
    book: str
    environment: str
    scope: str
    server: str
    monitor: str
    operator: str
    state: RunState
    step: str
    auto: bool
    facts: Mapping[str, Json]
    ending: str
    created_at: float
    ended_at: float | None

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one step. No ``result_at``: in doubt once its process is gone.

    ``fence``: the lease's token under which it was sent. ``command``: exactly as shown and sent,
    secrets cut. ``before``: what was read before (prior value, boot time, process id).
    ``limit_at``: after that the outcome may be observed. ``due_at``: of a wait.
    ``outcome``: of the step's vocabulary; ``detail``: JSON object, always with ``words``.
    """

    run: str
    step: str
    n: int
    fence: int
    command: str
    before: Mapping[str, Json]
    intent_at: float
    limit_at: float
    due_at: float | None
    result_at: float | None
    outcome: str
    detail: Mapping[str, Json]

    @property
    def in_doubt(self) -> bool:
        return self.result_at is None


@dataclass(frozen=True, slots=True)
class Obligation:
    """A temporary change to be undone. ``key``: Exchange's property name; ``prior``: what was there.

    ``closed_by``: the step, ``abort``, or an operator's word. Handed over: still open, in someone's name.
    """

    id: int
    run: str
    server: str
    key: str
    prior: Json
    wanted: Json
    opened_at: float
    closed_at: float | None
    closed_by: str
    handed_to: str
    handed_reason: str
    handed_at: float | None

    @property
    def open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on ``scope``. ``expired`` by the database's clock at the time of reading."""

    scope: str
    holder: str
    operator: str
    origin: str
    run: str
    token: int
    taken_at: float
    expires_at: float
    expired: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What one guard said of one object.

    ``reading``: what was read; ``threshold``: what it should be; ``helps``: what an operator can do;
    ``overridable``: whether an override is offered at all. ``reason``/``by``: of an override given.
    """

    guard: str
    object: str
    grade: Grade
    verdict: Verdict
    reading: str
    threshold: str
    helps: str = ""
    source: str = ""
    reason: str = ""
    by: str = ""

    @property
    def overridable(self) -> bool:
        return self.grade is Grade.STOP and self.verdict is not Verdict.PASSED

    @property
    def overridden(self) -> bool:
        return bool(self.reason)

    @property
    def blocks(self) -> bool:
        """It stands in the way of the step, as it is now."""
        return self.verdict is not Verdict.PASSED and self.grade is not Grade.WARN and not self.overridden


@dataclass(frozen=True, slots=True)
class Reading:
    """The findings for one step at one time, as they were stored."""

    run: str
    step: str
    at: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A durable question. ``choices`` in the order they are offered, the safe one first.

    ``typed``: the text to type for GO (a server's name), empty where none is wanted.
    ``needs_reason``: the choices that want a reason of at least ten characters.
    ``answer``: None while open, else :class:`Answer`.
    """

    id: int
    run: str
    step: str
    prompt: str
    choices: tuple[Choice, ...]
    typed: str
    needs_reason: tuple[Choice, ...]
    asked_at: float
    answered_at: float | None = None
    answer: Answer | None = None

    @property
    def open(self) -> bool:
        return self.answered_at is None


@dataclass(frozen=True, slots=True)
class Answer:
    """``guard`` and ``object``: of an override. ``to``: of a hand-over. ``by``: the operator."""

    choice: Choice
    by: str
    reason: str = ""
    typed: str = ""
    guard: str = ""
    object: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator asks of a run that is not at a question. Heeded between two sends."""

    id: int
    run: str
    kind: WishKind
    reason: str
    by: str
    at: float
    heeded_at: float | None


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line of a step's live output. Cleaned of control characters by whoever wrote it."""

    run: str
    step: str
    n: int
    line: int
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the hash chain. ``hash`` = SHA-256(prev | seq | at | body), all as text."""

    seq: int
    at: str
    body: str
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement that line ``seq`` had ``hash``. Ed25519 over the canonical JSON of the rest,
    which holds the previous checkpoint's signature."""

    seq: int
    hash: str
    at: str
    host: str
    operator: str
    previous: str
    key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Check:
    """What ``verify`` found. ``first_bad``: the first line that does not hold, None where all do.

    ``held``: the last checkpoint that agrees with the lines; ``broken``: the first that does not.
    """

    lines: int
    first_bad: int | None
    why: str
    held: Checkpoint | None
    broken: Checkpoint | None
    checkpoints: int = 0

    @property
    def sound(self) -> bool:
        return self.first_bad is None and self.broken is None


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a run is made of, before it has an id's row."""

    id: str
    runbook: str
    digest: str
    book: str
    environment: str
    scope: str
    server: str
    monitor: str
    step: str
    auto: bool = False
    parent: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewObligation:
    server: str
    key: str
    prior: Json
    wanted: Json


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """``limit`` and ``due_in``: seconds from the database's now. ``opens``: in the same transaction."""

    run: str
    step: str
    command: str
    before: Mapping[str, Json]
    limit: float
    due_in: float | None = None
    opens: Sequence[NewObligation] = ()
