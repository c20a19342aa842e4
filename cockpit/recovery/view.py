"""A run as a screen or a command shows it: plain data, made of journal rows by ``cockpit.recovery.picture``.

All times are aware datetimes in UTC by the journal's database clock; ``RunView.now`` is its present.
"""

from __future__ import annotations

from datetime import datetime

from cockpit.frozen import dataclass
from cockpit.journal.records import Choice, Finding, Lease, Obligation, Run
from cockpit.recovery.marks import Life as Life
from cockpit.recovery.marks import StepMark as StepMark


@dataclass(frozen=True, slots=True)
class HandView:
    """A command that a person runs for us. ``where``: on which host, in which shell, as whom; ``why``: why
    it is not sent by us.

    ``by``, ``done_at``: who says that it is done, and since when; empty and None until then. ``observed``:
    its effect was seen; else there is only that word for it.
    """

    command: str
    where: str
    why: str
    by: str = ""
    done_at: datetime | None = None
    observed: bool = False


@dataclass(frozen=True, slots=True)
class StepView:
    """``command``: exactly what is or will be sent, empty for a wait or a decision. ``words``: its
    result in a sentence. ``hand``: of the last attempt, where that is or was made by a person."""

    id: str
    title: str
    page: str
    why: str
    departs: str
    command: str
    mark: StepMark
    outcome: str
    words: str
    attempts: int
    dangerous: bool
    irreversible: bool
    skippable: bool
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    limit_at: datetime | None
    findings: tuple[Finding, ...]
    hand: HandView | None = None


@dataclass(frozen=True, slots=True)
class QuestionView:
    """``typed``: what must be typed to go, empty for nothing. ``blocking``: findings in the way.

    ``due``: the run rests at this question with a temporary change on, until then; to go ends it, again
    keeps it on for longer. None: the question of a run at work.
    ``hand``: what is to be run by hand before done is answered; None: another question.
    """

    id: int
    step: str
    prompt: str
    choices: tuple[Choice, ...]
    typed: str
    needs_reason: tuple[Choice, ...]
    asked_at: datetime
    blocking: tuple[Finding, ...]
    due: datetime | None = None
    hand: HandView | None = None


@dataclass(frozen=True, slots=True)
class OutputView:
    at: datetime
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything about one run. ``child``: the run it waits for. ``run.parent`` waits for this one."""

    run: Run
    title: str
    life: Life
    lease: Lease | None
    steps: tuple[StepView, ...]
    current: str
    question: QuestionView | None
    output: tuple[OutputView, ...]
    obligations: tuple[Obligation, ...]
    child: str | None
    now: datetime

    def step(self, step_id: str) -> StepView | None:
        return next((s for s in self.steps if s.id == step_id), None)


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list. ``started`` and ``ended`` in UTC; ``waiting_for``: the open question's prompt.

    ``due``: until when the run rests with a temporary change on; None for one that does not rest.
    """

    run: Run
    title: str
    life: Life
    holder: str
    started: datetime
    ended: datetime | None
    step_title: str
    waiting_for: str
    open_obligations: int
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Orphan:
    """Something that is on without a record: nobody's obligation, nobody's known prior value.

    ``severe``: it keeps databases away or may be left behind by a recovery; else it is only told.
    """

    server: str
    key: str
    value: str
    severe: bool
    words: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What every screen must tell: runs not ended, obligations open, orphans found by the last sweep.

    ``problem``: why the sweep is not whole, empty where it is. ``unread``: the servers that it could not
    read, or not whole; None where nobody knows which. ``refused``: its sign-in was refused, so that it is not
    made again unasked: each try counts towards a lock-out."""

    runs: tuple[RunLine, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    swept_at: datetime | None = None
    problem: str = ""
    unread: tuple[str, ...] | None = ()
    refused: bool = False

    def due(self, obligation: Obligation) -> datetime | None:
        """When an obligation is to be undone at the latest; None where no time was set."""
        return next((line.due for line in self.runs if line.run.id == obligation.run), None)


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of a plan. ``depends``: what its guards or command cannot know before earlier steps ran.

    ``later``: ids of the guards that judge what earlier steps do: their findings say how it is now, and
    refuse nothing yet.
    ``closed``: why it cannot be sent from here as things are: no WinRM, or not granted; empty where it can.
    ``hand``: then what a person would run in our place; None where nobody can.
    """

    view: StepView
    server: str
    depends: str
    later: tuple[str, ...] = ()
    closed: str = ""
    hand: HandView | None = None

    @property
    def in_the_way(self) -> tuple[Finding, ...]:
        """What would refuse this step as things are now."""
        return tuple(f for f in self.view.findings if f.blocks and f.guard not in self.later)


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan with every guard read now. Nothing but reads was sent."""

    runbook: str
    title: str
    digest: str
    environment: str
    scope: str
    server: str
    monitor: str
    role: str
    steps: tuple[PlanStep, ...]
    in_the_way: tuple[str, ...]
    """Why a run could not start now: a lease, a run not ended."""
    read_at: datetime
