"""Worker threads of the collector: each does one job at a time, on a session it borrows for it.

A lane takes jobs from its queue, runs them, and posts events. It knows nothing of the picture.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.exchange.errors import ExchangeError, SignInError
from cockpit.exchange.model import ExchangeServer, Outcome
from cockpit.exchange.refusals import Refusals
from cockpit.exchange.session import Session
from cockpit.exchange.text import clean_line
from cockpit.fleet import events as e
from cockpit.fleet import readers
from cockpit.fleet.entry import EntryFailure
from cockpit.fleet.rack import Rack, RackClosedError, Urgency
from cockpit.fleet.snapshot import Problem, WinRMReading

_LOG = logging.getLogger(__name__)

LANE_REST_SECONDS = 5.0
"""How long a lane without a session leaves the work to the others before it tries for one again."""


@dataclass(frozen=True, slots=True)
class OrganizationJob:
    pass


@dataclass(frozen=True, slots=True)
class HealthJob:
    server: ExchangeServer


@dataclass(frozen=True, slots=True)
class DetailJob:
    server: ExchangeServer


@dataclass(frozen=True, slots=True)
class SurveyJob:
    server: ExchangeServer


@dataclass(frozen=True, slots=True)
class WinRMJob:
    server: ExchangeServer


@dataclass(frozen=True, slots=True)
class ProbeJob:
    run_id: str
    server: str
    identity: str


Job: TypeAlias = OrganizationJob | HealthJob | DetailJob | SurveyJob | WinRMJob | ProbeJob
JobQueue: TypeAlias = "queue.SimpleQueue[Job | None]"
"""None ends the lane that takes it."""


def _unforeseen(job: Job, error: Exception) -> e.Event:
    """A defect of ours must not look like silence: the job ends, and says what broke it."""
    at = readers.now()
    problem = Problem(N_("The collector failed on this read"), clean_line(f"{type(error).__name__}: {error}"))
    match job:
        case OrganizationJob():
            return e.EntryFailed(at, problem, retry=True, organization=True)
        case HealthJob(server):
            return e.HealthFailed(at, server.name, problem)
        case DetailJob(server):
            return e.DetailRead(at, server.name, None, None)
        case SurveyJob(server):
            return e.SurveyRead(at, server.name, None, None)
        case WinRMJob(server):
            return e.WinRMRead(server.name, WinRMReading(problem=problem))
        case ProbeJob(run_id, name, _):
            return e.ProbeEnded(at, run_id, name, None, (), problem)


class Lane(threading.Thread, ABC):
    """A thread that works off a queue. A job that fails in an unforeseen way is logged and told."""

    def __init__(self, name: str, jobs: JobQueue, post: Callable[[e.Event], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._jobs = jobs
        self._post = post

    def run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._post(self.perform(job))
            except RackClosedError:
                break
            except EntryFailure as failure:
                self.entry_failed(job, failure.error)
            except Exception as error:
                _LOG.exception("%s failed in an unforeseen way", job)
                self._post(_unforeseen(job, error))
        self.finish()

    @abstractmethod
    def perform(self, job: Job) -> e.Event:
        """Run ``job``. Raises EntryFailure when nobody could be asked."""

    def entry_failed(self, job: Job, error: ExchangeError) -> None:
        """Tell what becomes of ``job`` when nobody could be asked."""
        self._post(_unforeseen(job, error))

    def finish(self) -> None:
        """Close what the lane holds."""

    def cut(self) -> None:
        """From any thread, at the end: delete a shell of the lane's own under the call that is under way."""


class ExchangeLane(Lane):
    """Organization, health, detail and survey reads."""

    def __init__(
        self,
        name: str,
        jobs: JobQueue,
        post: Callable[[e.Event], None],
        environment: Environment,
        rack: Rack,
        ending: threading.Event,
        urgency: Urgency,
    ) -> None:
        """``ending``: set when the collector stops, so that a lane at rest ends at once. ``urgency``: of its
        reads of health."""
        super().__init__(name, jobs, post)
        self._environment = environment
        self._rack = rack
        self._ending = ending
        self._urgency = urgency

    def perform(self, job: Job) -> e.Event:
        match job:
            case OrganizationJob():
                return self._organization()
            case HealthJob(server):
                return self._health(server)
            case DetailJob(server):
                return self._detail(server)
            case SurveyJob(server):
                return self._survey(server)
            case _:
                raise TypeError(f"not a job of this lane: {job!r}")

    def _organization(self) -> e.Event:
        try:
            return self._rack.use(Urgency.LOOK, lambda c: readers.read_organization(c, self._environment))
        except ExchangeError as error:
            raise EntryFailure(error) from error

    def _health(self, server: ExchangeServer) -> e.Event:
        scope = self._environment.polling.scope
        try:
            found = self._rack.use(self._urgency, lambda c: readers.read_health(c, server, scope))
        except ExchangeError as error:
            return e.HealthFailed(readers.now(), server.name, readers.problem_of(error))
        silent = [r for r in found.readings if r.outcome is Outcome.EMPTY_WITH_WARNING]
        if (
            found.readings
            and len(silent) == len(found.readings)
            and not readers.answers(self._environment, server)
        ):
            return e.HealthFailed(found.at, server.name, readers.unreachable(server, silent[0].warnings))
        return found

    def _detail(self, server: ExchangeServer) -> e.Event:
        try:
            return self._rack.use(Urgency.LOOK, lambda c: readers.read_detail(c, server.name))
        except ExchangeError as error:
            _LOG.warning("detail of %s: %s", server.name, error)
            return e.DetailRead(readers.now(), server.name, None, None)

    def _survey(self, server: ExchangeServer) -> e.Event:
        try:
            return self._rack.use(Urgency.SUSPECT, lambda c: readers.read_survey(c, server))
        except ExchangeError as error:
            _LOG.warning("survey of %s: %s", server.name, error)
            return e.SurveyRead(readers.now(), server.name, None, None)

    def entry_failed(self, job: Job, error: ExchangeError) -> None:
        """A read of health goes back for the other lanes, who may have sessions; this one rests a while."""
        at, problem = readers.now(), readers.problem_of(error)
        match job:
            case HealthJob():
                self._jobs.put(job)
                self._post(e.LaneFailed(at, self.name, problem, error.retry))
                self._ending.wait(LANE_REST_SECONDS)
            case DetailJob(server):
                self._post(e.DetailRead(at, server.name, None, None))
            case SurveyJob(server):
                self._post(e.SurveyRead(at, server.name, None, None))
            case _:
                refused = isinstance(error, SignInError)
                self._post(e.EntryFailed(at, problem, error.retry, organization=True, refused=refused))

    def finish(self) -> None:
        self._rack.empty()


class ProbeLane(Lane):
    """Probes run by hand, one at a time."""

    def __init__(
        self, jobs: JobQueue, post: Callable[[e.Event], None], rack: Rack, abandoned: set[str]
    ) -> None:
        """``abandoned``: ids of runs that nobody waits for; the collector adds, this lane takes away."""
        super().__init__("probe", jobs, post)
        self._rack = rack
        self._abandoned = abandoned

    def perform(self, job: Job) -> e.Event:
        if not isinstance(job, ProbeJob):
            raise TypeError(f"not a job of this lane: {job!r}")
        if job.run_id in self._abandoned:
            self._abandoned.discard(job.run_id)
            unsent = Problem(N_("The probe was not sent"), N_("nobody waited for it any more"))
            return e.ProbeEnded(readers.now(), job.run_id, job.server, None, (), unsent)
        return self._rack.use(
            Urgency.PERSON, lambda c: readers.run_probe(c, job.run_id, job.server, job.identity)
        )

    def entry_failed(self, job: Job, error: ExchangeError) -> None:
        if isinstance(job, ProbeJob):
            problem = readers.problem_of(error)
            self._post(e.ProbeEnded(readers.now(), job.run_id, job.server, None, (), problem))

    def finish(self) -> None:
        self._rack.empty()


UNTIDY_AT_MOST = 16
"""Older ones end by their idle time."""


class WinRMLane(Lane):
    """Looks at the WinRM endpoints of servers, a shell for each look.

    A shell whose deletion did not get through is tried for once more before each later look, while sign-ins
    are not held back.
    """

    def __init__(
        self,
        name: str,
        jobs: JobQueue,
        post: Callable[[e.Event], None],
        environment: Environment,
        secret: Secret | None,
        refusals: Refusals,
    ) -> None:
        super().__init__(name, jobs, post)
        self._environment = environment
        self._secret = secret
        self._refusals = refusals
        self._session: Session | None = None
        self._untidy: deque[Session] = deque(maxlen=UNTIDY_AT_MOST)

    def perform(self, job: Job) -> e.Event:
        if not isinstance(job, WinRMJob):
            raise TypeError(f"not a job of this lane: {job!r}")
        self._tidy_one()
        self._session = readers.winrm_session(self._environment, self._secret, job.server, self._refusals)
        try:
            return readers.read_winrm(self._session, job.server)
        finally:
            if self._session.untidy:
                self._untidy.append(self._session)

    def _tidy_one(self) -> None:
        """One a look: a server that does not answer takes its time."""
        if not self._untidy or self._refusals.held is not None:
            return
        session = self._untidy.popleft()
        session.forgive(time.monotonic())
        session.clean_up()
        if session.untidy:
            self._untidy.append(session)

    def cut(self) -> None:
        if self._session is not None:
            self._session.cut()
