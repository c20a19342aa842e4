"""The collector: polls all servers and keeps the picture. The main thread alone changes it.

Lanes (threads, on sessions lent by the rack) bring events; commands come from the screen; what changed goes
out as diffs, at most a few a second. One dead server delays nobody: a server whose last read
failed waits in a lane of its own.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.exchange.catalogue import tiers
from cockpit.exchange.refusals import WINRM_REFUSALS
from cockpit.fleet import events as e
from cockpit.fleet import messages, picture, readers
from cockpit.fleet.entry import EntrySession, SignInGate
from cockpit.fleet.lanes import (
    DetailJob,
    ExchangeLane,
    HealthJob,
    JobQueue,
    Lane,
    OrganizationJob,
    ProbeJob,
    ProbeLane,
    SurveyJob,
    WinRMJob,
    WinRMLane,
)
from cockpit.fleet.rack import Rack, Urgency
from cockpit.fleet.schedule import Schedule
from cockpit.fleet.snapshot import CollectorStatus, FleetDiff, FleetSnapshot, Problem, ServerSnapshot, diff
from cockpit.fleet.survey import Survey

EMIT_SECONDS: Final = 0.25
TICK_SECONDS: Final = 1.0
ORGANIZATION_SECONDS: Final = 600.0
WINRM_LANES: Final = 4
RETRY_FIRST, RETRY_LIMIT = 2.0, 60.0
NO_RETRY_SECONDS: Final = 300.0
"""Pause after what does not pass by itself; after a refused password nothing is tried until somebody acts."""

END_SECONDS: Final = 3.0
GRACE_SECONDS: Final = 0.5
"""At the end, how long a call under way has to come to its own end before its shell is deleted."""

POLL_LANE: Final = "poll-"
HELD: Final = N_(
    "It is not tried again by itself, as each try counts towards a lock-out: refresh, or start again."
)

Item: TypeAlias = e.Event | messages.Command | None


class Collector:
    """Reads the organization of ``environment`` until stopped; ``emit`` takes each diff.

    ``run`` blocks; ``tell`` and ``stop`` may be called from any thread.
    """

    def __init__(
        self,
        environment: Environment,
        secret: Secret | None,
        emit: Callable[[FleetDiff], None],
        *,
        only: frozenset[str] = frozenset(),
        end_seconds: float = END_SECONDS,
    ) -> None:
        """``only``: short names in lower case of the servers to read; empty: all. ``end_seconds``: how long
        ``run`` may take for the shells once it is told to stop."""
        polling = environment.polling
        self._environment = environment
        self._only = only
        self._end_seconds = end_seconds
        self._emit = emit
        self._inbox: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._shells = 0
        self._shells_lock = threading.Lock()
        self._fleet = FleetSnapshot(
            status=CollectorStatus(interval=polling.interval, session_limit=polling.sessions)
        )
        self._sent = FleetSnapshot(status=CollectorStatus())
        self._emitted_at = 0.0
        self._schedule = Schedule(polling.interval)
        self._winrm_schedule = Schedule(polling.winrm_interval or 1.0)
        self._winrm_timed = polling.winrm_interval > 0
        self._winrm_blocked = False
        self._connected = False
        self._organization_due = 0.0
        self._organization_asked = False
        self._failures = 0
        self._watched = ""
        self._watch_due = 0.0
        self._detail_in_flight = False
        self._survey = Survey()
        self._round_pending: set[str] = set()
        self._round_started = 0.0
        self._fast: JobQueue = queue.SimpleQueue()
        self._slow: JobQueue = queue.SimpleQueue()
        self._detail: JobQueue = queue.SimpleQueue()
        self._probes: JobQueue = queue.SimpleQueue()
        self._winrm: JobQueue = queue.SimpleQueue()
        self._ending = threading.Event()
        self._gate = SignInGate()
        self._polls = polling.sessions - 3
        self._failed_lanes: set[str] = set()
        self._winrm_refusals = 0
        self._winrm_wanted: set[str] = set()
        self._abandoned: set[str] = set()
        self._rack = Rack(polling.sessions, lambda number: self._entry(secret, number))
        self._lanes = self._make_lanes(secret)

    def _make_lanes(self, secret: Secret | None) -> list[tuple[Lane, JobQueue]]:
        """As many lanes as shells at most: suspects, detail and probes have one each, polling the rest."""
        env, post, rack = self._environment, self._inbox.put, self._rack
        exchange = [(f"{POLL_LANE}{n}", self._fast, Urgency.POLL) for n in range(self._polls)]
        exchange += [("suspects", self._slow, Urgency.SUSPECT), ("detail", self._detail, Urgency.LOOK)]
        lanes: list[tuple[Lane, JobQueue]] = [
            (ExchangeLane(name, jobs, post, env, rack, self._ending, urgency), jobs)
            for name, jobs, urgency in exchange
        ]
        lanes.append((ProbeLane(self._probes, post, rack, self._abandoned), self._probes))
        lanes += [
            (WinRMLane(f"winrm-{n}", self._winrm, post, env, secret, self._gate.winrm), self._winrm)
            for n in range(WINRM_LANES)
        ]
        return lanes

    def _entry(self, secret: Secret | None, number: int) -> EntrySession:
        return EntrySession(self._environment, secret, number, self._count_shell, self._gate)

    # --- from any thread ---------------------------------------------------------------------------

    def tell(self, command: messages.Command) -> None:
        """Take a command from the screen."""
        self._inbox.put(command)

    def stop(self) -> None:
        """Make ``run`` return."""
        self._inbox.put(None)

    def _count_shell(self, change: int) -> None:
        with self._shells_lock:
            self._shells += change

    # --- the loop ----------------------------------------------------------------------------------

    def run(self) -> None:
        """Poll until ``stop``; then close every session."""
        self._rack.start()
        for lane, _ in self._lanes:
            lane.start()
        try:
            while self._step():
                pass
        finally:
            self._finish()

    def _step(self) -> bool:
        now = time.monotonic()
        self._dispatch(now)
        self._maybe_emit(now)
        try:
            item = self._inbox.get(timeout=self._patience(now))
        except queue.Empty:
            return True
        while item is not None:
            self._take(item)
            try:
                item = self._inbox.get_nowait()
            except queue.Empty:
                return True
        return False

    def _patience(self, now: float) -> float:
        wake = now + TICK_SECONDS
        if self._has_news():
            wake = min(wake, self._emitted_at + EMIT_SECONDS)
        due = self._schedule.next_due()
        if due is not None and self._connected and not self._fleet.status.paused:
            wake = min(wake, due)
        return max(0.01, wake - now)

    def _has_news(self) -> bool:
        return self._fleet is not self._sent

    def _maybe_emit(self, now: float) -> None:
        if now - self._emitted_at < EMIT_SECONDS:
            return
        self._fleet = picture.aged(self._fleet, readers.now())
        refusal = self._rack.shortage
        shortage = None if refusal is None else readers.problem_of(refusal)
        status = replace(self._fleet.status, sessions=self._shells, shortage=shortage)
        if status != self._fleet.status:
            self._fleet = replace(self._fleet, status=status)
        if not self._has_news():
            return
        self._fleet = replace(self._fleet, seq=self._sent.seq + 1)
        self._emit(diff(self._sent, self._fleet))
        self._sent, self._emitted_at = self._fleet, now

    # --- what is due -------------------------------------------------------------------------------

    def _dispatch(self, now: float) -> None:
        due = now >= self._organization_due and not self._gate.holds
        if not self._organization_asked and due and not self._fleet.status.paused:
            self._organization_asked = True
            self._gate.try_again()
            self._detail.put(OrganizationJob())
        if not self._connected or self._fleet.status.paused:
            return
        for name in self._schedule.take_due(now):
            lane = self._slow if self._schedule.is_suspect(name) else self._fast
            lane.put(HealthJob(self._fleet.servers[name].server))
        if not self._winrm_blocked:
            self._dispatch_winrm(now)
        if self._watched in self._fleet.servers and now >= self._watch_due and not self._detail_in_flight:
            self._look_at(self._watched, now)
        if not self._detail_in_flight and (name := self._survey.take(self._schedule.names(), now)):
            self._detail.put(SurveyJob(self._fleet.servers[name].server))

    def _dispatch_winrm(self, now: float) -> None:
        """Everybody's turn where it is timed; else only those that somebody looks at."""
        wanted = None if self._winrm_timed else self._winrm_wanted
        for name in self._winrm_schedule.take_due(now, wanted):
            self._winrm_wanted.discard(name)
            self._winrm.put(WinRMJob(self._fleet.servers[name].server))

    def _look_at(self, name: str, now: float) -> None:
        """Read what only the server on the screen needs: all health sets, components, services."""
        self._watch_due = now + self._fleet.status.interval
        self._detail_in_flight = True
        self._detail.put(DetailJob(self._fleet.servers[name].server))
        self._winrm_wanted.add(name)
        self._winrm_schedule.ask_now(name, now)

    # --- what came in ------------------------------------------------------------------------------

    def _take(self, item: e.Event | messages.Command) -> None:
        now = time.monotonic()
        match item:
            case messages.Refresh(server):
                self._refresh(server, now)
            case messages.Pause(paused):
                self._fleet = replace(self._fleet, status=replace(self._fleet.status, paused=paused))
            case messages.SetInterval(seconds):
                self._schedule.set_interval(seconds, now)
                self._fleet = picture.with_interval(self._fleet, seconds)
            case messages.Watch(server):
                self._watched, self._watch_due = server, now
            case messages.Survey(wanted):
                self._survey.want(wanted, now)
            case messages.RunProbe(run_id, server, identity):
                self._take(e.ProbeStarted(readers.now(), run_id, server, identity))
                self._probes.put(ProbeJob(run_id, server, identity))
            case messages.AbandonProbe(run_id):
                self._abandoned.add(run_id)
                self._fleet = picture.abandoned(self._fleet, run_id)
            case e.EntryFailed(problem=problem, organization=True, refused=False) if self._connected:
                self._organization_failed(problem, now)
            case _:
                self._fleet = picture.take(self._fleet, item)
                self._follow_up(item, now)

    def _refresh(self, server: str, now: float) -> None:
        if not self._connected or not server:
            self._organization_due = now
        self._schedule.ask_now(server, now)
        self._watch_due = now
        self._winrm_blocked = False
        self._winrm_refusals = 0
        self._gate.open()

    def _follow_up(self, event: e.Event, now: float) -> None:
        match event:
            case e.OrganizationRead():
                self._organization_read(now)
            case e.EntryFailed(retry=retry):
                self._entry_failed(now, retry)
            case e.LaneFailed():
                self._lane_failed(event)
            case e.HealthRead(server=server):
                self._health_done(server, now, failed=False)
            case e.HealthFailed(server=server):
                self._health_done(server, now, failed=True)
            case e.DetailRead():
                self._detail_in_flight = False
            case e.SurveyRead():
                self._survey.done()
            case e.ProbeEnded(run_id=run_id):
                self._abandoned.discard(run_id)
            case e.WinRMRead(server, reading, refused):
                self._winrm_schedule.done(server, now, failed=reading.problem is not None)
                self._winrm_refusals = self._winrm_refusals + 1 if refused else 0
                if self._winrm_refusals >= WINRM_REFUSALS:
                    self._winrm_blocked = True
                    _drain(self._winrm)
                    self._winrm_schedule.release_all()

    def _organization_read(self, now: float) -> None:
        self._organization_asked = False
        self._organization_due = now + ORGANIZATION_SECONDS
        self._failures = 0
        names = [s.name for s in self._fleet.servers.values() if self._is_read(s)]
        self._schedule.set_servers(names, now)
        self._winrm_schedule.set_servers(names, now)
        if not self._connected:
            self._schedule.ask_now("", now)
            self._round_pending, self._round_started = set(names), now
        self._connected = True

    def _organization_failed(self, problem: Problem, now: float) -> None:
        """The list of servers could not be read again: the one at hand serves on, and so do the lanes.

        When nobody can be asked any more, the lanes find out by themselves.
        """
        self._organization_asked = False
        self._organization_due = now + RETRY_LIMIT
        logging.getLogger(__name__).warning("the organization could not be read again: %s", problem)

    def _is_read(self, server: ServerSnapshot) -> bool:
        wanted = not self._only or server.name.lower() in self._only
        return wanted and bool(tiers(server.server.version, server.server.roles))

    def _entry_failed(self, now: float, retry: bool) -> None:
        """Nobody can be asked: stop reading, and try the organization again after a while."""
        self._organization_asked = False
        if self._connected:
            self._failures = 0
        self._connected = False
        pause = min(RETRY_FIRST * 2**self._failures, RETRY_LIMIT) if retry else NO_RETRY_SECONDS
        self._failures += 1
        if self._gate.holds:
            self._fleet = picture.with_cure(self._fleet, HELD)
        self._organization_due = now + pause * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter
        self._schedule.release_all()
        _drain(self._fast)
        _drain(self._slow)

    def _lane_failed(self, event: e.LaneFailed) -> None:
        """One lane without a session is a shell too many; every lane without one is nobody to ask."""
        if event.lane.startswith(POLL_LANE):
            self._failed_lanes.add(event.lane)
        if self._connected and len(self._failed_lanes) >= self._polls:
            self._failed_lanes.clear()
            self._take(e.EntryFailed(event.at, event.problem, event.retry, organization=False))

    def _health_done(self, server: str, now: float, *, failed: bool) -> None:
        self._schedule.done(server, now, failed=failed)
        self._failed_lanes.clear()
        self._round_pending.discard(server)
        if not self._round_pending and self._round_started:
            seconds = round(now - self._round_started, 3)
            status = replace(self._fleet.status, last_round_seconds=seconds)
            self._fleet = replace(self._fleet, status=status)
            self._round_started = 0.0
        elif not self._round_started:
            self._round_pending, self._round_started = set(self._schedule.names()), now

    # --- the end -----------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Close idle sessions at once. A call that is under way has a moment; then its shell is deleted over
        a connection of its own, which ends the call. What no server answers to in time is left, and ends by
        its idle time."""
        deadline = time.monotonic() + self._end_seconds
        self._ending.set()
        self._rack.close()
        for _, jobs in self._lanes:
            _drain(jobs)
        for _, jobs in self._lanes:
            jobs.put(None)
        lanes = [lane for lane, _ in self._lanes]
        _join(lanes, min(deadline, time.monotonic() + GRACE_SECONDS))
        busy = [lane for lane in lanes if lane.is_alive()]
        if not busy:
            return
        jobs_left = [self._rack.empty, *self._rack.cuts(), *(lane.cut for lane in busy)]
        cutters = [threading.Thread(target=job, name="cut", daemon=True) for job in jobs_left]
        for cutter in cutters:
            cutter.start()
        _join([*cutters, *busy], deadline)


def _join(threads: Sequence[threading.Thread], deadline: float) -> None:
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _drain(jobs: JobQueue) -> None:
    while True:
        try:
            jobs.get_nowait()
        except queue.Empty:
            return
