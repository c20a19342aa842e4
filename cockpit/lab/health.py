"""Managed Availability of the whole organization, in simulated time.

One heap of events, moved on demand by ``advance_to``; the same seed and the same acts give the same
history. Only POP is simulated run by run (exchange-facts §2.4); other health sets are computed from
the faults when somebody asks (``rows.py``).
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.exchange.model import AlertValue
from cockpit.lab import faults as judge
from cockpit.lab.components import INACTIVE, POP_PROXY, RECOVERY_ACTIONS, Vote
from cockpit.lab.events import EventLog
from cockpit.lab.faults import Fault, Faults, Kind, Outcome
from cockpit.lab.ledger import Ledger
from cockpit.lab.organization import (
    AUTOMATIC,
    DISABLED,
    HEALTH_MANAGER,
    STOPPED,
    Database,
    Organization,
    Server,
    WindowsService,
    start,
    stop,
)
from cockpit.lab.popmonitors import (
    ESCALATE_AFTER,
    ESCALATE_SUPPRESSED,
    OFFLINE_AFTER,
    RESTART_AFTER,
    RESTART_LATE_AFTER,
    RULES,
    UNHEALTHY_AFTER,
    MonitorState,
    RecoveryAction,
)
from cockpit.lab.witness import Witnesses

_Act: TypeAlias = Callable[[Server, MonitorState, float], None]
_KEPT_ACTIONS = 200
DID_NOT_STOP = "The service did not stop within the time limit."
DID_NOT_START = "The service did not stay started."
"""The lab's own wordings."""
_RESPONDER = "PopSelfTestRestartService"


class HealthEngine:
    """Probes, monitors and responders of POP on every server, and what happens to services."""

    def __init__(self, organization: Organization, faults: Faults, ledger: Ledger) -> None:
        self.organization = organization
        self.faults = faults
        self.ledger = ledger
        self.now = 0.0
        self.monitors: dict[str, dict[str, MonitorState]] = {}
        self.started: dict[str, float] = {}
        self.stale_since: dict[str, float] = {}
        """Servers whose health manager answers but runs nothing any more, and since when."""
        self.held: dict[tuple[str, str], float] = {}
        """Monitors whose probe is not run again before that time: (server, monitor)."""
        self.actions: dict[str, list[RecoveryAction]] = {}
        self.events = EventLog()
        self.witnesses = Witnesses()
        self._generation: dict[str, int] = {}
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._seq = 0
        self._records = 0
        self._rng = random.Random(organization.seed)  # noqa: S311 - nothing secret
        self._probe_results = 0
        for server in organization.servers.values():
            if server.runs(HEALTH_MANAGER):
                self._start_health_manager(server, 0.0, settled=True)

    # -- time ---------------------------------------------------------------------------------------------

    def at(self, t: float, act: Callable[[float], None]) -> None:
        """Do something at ``t`` of simulated time."""
        self._seq += 1
        heapq.heappush(self._heap, (t, self._seq, act))

    def advance_to(self, t: float) -> None:
        """Let everything happen that is due until ``t``; going back does nothing."""
        heap = self._heap
        while heap and heap[0][0] <= t:
            due, _, act = heapq.heappop(heap)
            if due > self.now:
                self.now = due
            act(due)
        if t > self.now:
            self.now = t

    # -- the health manager -------------------------------------------------------------------------------

    def running(self, server: Server) -> bool:
        """The health manager answers."""
        return server.runs(HEALTH_MANAGER)

    def _start_health_manager(self, server: Server, t: float, *, settled: bool = False) -> None:
        """Make the work items. POP has some only where its service is Automatic right now."""
        generation = self._generation[server.name] = self._generation.get(server.name, 0) + 1
        service = server.services[HEALTH_MANAGER.lower()]
        created = min(t, service.started_at)
        self.started[server.name] = created
        for key in [k for k in self.held if k[0] == server.name]:
            del self.held[key]
        front = server.service(FRONT_END_SERVICE)
        back = server.service(BACK_END_SERVICE)
        server.front_monitored = front is not None and front.start_type == AUTOMATIC
        server.back_monitored = back is not None and back.start_type == AUTOMATIC
        states: dict[str, MonitorState] = {}
        for index, rule in enumerate(RULES.values()):
            front_end = rule.service == FRONT_END_SERVICE or (not rule.service and server.front_monitored)
            if not (server.front_monitored if front_end else server.back_monitored):
                continue
            state = MonitorState(server.name, rule, 9000 + index, created)
            state.transitioned = created
            if settled:
                state.alert = AlertValue.HEALTHY
            states[rule.spec.name] = state
            first = t + self._rng.uniform(1.0, rule.interval)
            self.at(first, self._runner(server, state, generation))
        self.monitors[server.name] = states
        for fault in self.faults.on(server.name):
            # The health manager's worker makes anew what is wrong with its mailboxes (§7 row 5 [C]).
            if fault.kind is Kind.BAD_PASSWORD and fault.active(t) and not settled:
                self._cured([self._end(fault, t)], t)

    def _end(self, fault: Fault, t: float) -> Fault:
        fault.ended = t
        return fault

    def _runner(self, server: Server, state: MonitorState, generation: int) -> Callable[[float], None]:
        rule = state.rule

        def run(t: float) -> None:
            if self._generation.get(server.name) != generation or not server.runs(HEALTH_MANAGER):
                return
            self.at(t + rule.interval, run)
            if server.name in self.stale_since or t < self.held.get((server.name, rule.spec.name), t):
                return
            outcome = self._judge_next(server, state, t)
            if outcome.seconds < 1.0:
                self.events.probe_ran(server.name, rule.probe, outcome, t, t)
                self._take(server, state, t, outcome)
                return
            late = partial(self._take_late, server, state, outcome, generation, t)
            self.at(t + outcome.seconds, late)

        return run

    def _judge_next(self, server: Server, state: MonitorState, t: float) -> Outcome:
        rule = state.rule
        databases = self.targets(server, rule.spec.name) if rule.per_database else []
        state.turn += 1
        database = databases[state.turn % len(databases)] if databases else None
        outcome = self.judge(server, rule.spec.name, database, t)
        self.witnesses.probe_ran(server, rule.probe, database, outcome, t, t + outcome.seconds)
        return outcome

    def targets(self, server: Server, monitor: str) -> list[Database]:
        """Databases that a per-database probe runs for: those active here (deep test), or
        ``Organization.front_end_targets`` (touch point).

        The sheet says one probe per database, not of which; databases without a monitoring mailbox are
        skipped.
        """
        if monitor == "PopDeepTestMonitor":
            found = self.organization.active_on(server.name)
        else:
            found = self.organization.front_end_targets(server)
        return [d for d in found if d.monitoring_mailbox]

    def judge(self, server: Server, monitor: str, database: Database | None, t: float) -> Outcome:
        """What a run of the monitor's probe, begun at ``t``, sees."""
        if monitor == "PopSelfTestMonitor":
            return judge.judge_self_test(server, self.faults, t)
        if monitor == "PopProxyTestMonitor":
            return judge.judge_proxy_test(server, self.faults, t)
        if monitor == "PopDeepTestMonitor":
            return judge.judge_deep_test(server, database, self.faults, t)
        if monitor == "PopCTPMonitor":
            if database is None:  # nothing to log in to: all that is left is what the proxy test sees
                return judge.judge_proxy_test(server, self.faults, t)
            return judge.judge_touch_point(self.organization, server, database, self.faults, t)
        slow = self.faults.find(server.name, Kind.SLOW_COMMANDS, t) is not None
        return Outcome(not slow, 0.0, reason="counter above 60000 ms" if slow else "")

    # -- monitors -----------------------------------------------------------------------------------------

    def _take_late(
        self, server: Server, state: MonitorState, outcome: Outcome, generation: int, begun: float, t: float
    ) -> None:
        if self._generation.get(server.name) == generation and server.runs(HEALTH_MANAGER):
            self.events.probe_ran(server.name, state.rule.probe, outcome, begun, t)
            self._take(server, state, t, outcome)

    def _take(self, server: Server, state: MonitorState, t: float, outcome: Outcome) -> None:
        self._probe_results += 1
        if not outcome.ok:
            state.failed_probe_result = self._probe_results
            state.failed_database = outcome.database
            state.error = outcome.reason
        alert = state.sample(t, outcome.ok)
        if alert is not None:
            self._transition(server, state, t, alert)

    def _transition(self, server: Server, state: MonitorState, t: float, alert: str) -> None:
        before = state.alert
        state.transition(t, alert)
        name = state.rule.spec.name
        self.ledger.change(t, server.name, "monitor", f"{name}: {before} -> {alert}", "health manager")
        self.events.monitor_changed(server.name, name, state.rule.spec.health_set, alert, t, state.error)
        if alert == AlertValue.HEALTHY and name == "PopProxyTestMonitor":
            self._online(server, t)
        if alert == AlertValue.DEGRADED:
            self.fallen(server, state, t)

    def fallen(self, server: Server, state: MonitorState, fell: float) -> None:
        """What follows a fall at ``fell``, as far as its time has not passed."""
        acts: list[tuple[float, _Act]] = [(UNHEALTHY_AFTER, self._unhealthy)]
        if state.rule.spec.component == POP_PROXY:
            acts.append((OFFLINE_AFTER, self._offline))
        if state.rule.service:
            acts += [(RESTART_AFTER, self._restart), (RESTART_LATE_AFTER, self._restart_late)]
        for after, act in (*acts, (ESCALATE_AFTER, self._escalate)):
            if fell + after > self.now:
                self._timer(server, state, fell + after, act)

    def _timer(self, server: Server, state: MonitorState, t: float, act: _Act) -> None:
        episode = state.episode
        generation = self._generation[server.name]

        def ring(due: float) -> None:
            if (
                state.episode == episode
                and self._generation.get(server.name) == generation
                and server.runs(HEALTH_MANAGER)
                and server.name not in self.stale_since
            ):
                act(server, state, due)

        self.at(t, ring)

    def _unhealthy(self, server: Server, state: MonitorState, t: float) -> None:
        self._transition(server, state, t, AlertValue.UNHEALTHY)

    # -- responders ---------------------------------------------------------------------------------------

    def _may_act(self, server: Server, responder: str, t: float) -> bool:
        if server.component(RECOVERY_ACTIONS) == INACTIVE:
            self.ledger.change(t, server.name, "skipped", f"{responder}: RecoveryActionsEnabled is Inactive")
            return False
        if server.responder_disabled(responder, t):
            self.ledger.change(t, server.name, "skipped", f"{responder}: disabled by an override")
            return False
        return True

    def _restart(self, server: Server, state: MonitorState, t: float) -> None:
        self._restart_by(server, state.rule.service, f"{state.rule.prefix}RestartService", t)

    def _restart_late(self, server: Server, state: MonitorState, t: float) -> None:
        self._restart_by(server, state.rule.service, f"{state.rule.prefix}RestartServiceLate", t)

    def _restart_by(
        self, server: Server, service: str, responder: str, t: float, *, at_once: bool = False
    ) -> None:
        found = server.service(service)
        if found is None or not self._may_act(server, responder, t):
            return
        seconds, why = 8.0, ""
        if found.will_not_stop or self.faults.restart_fails(server.name, service, t):
            seconds, why = 60.0, DID_NOT_STOP
        elif not self.restart_service(server, found, t, responder, automatic=True):
            why = DID_NOT_START
        end = t if at_once else t + seconds
        result = "Failed" if why else "Succeeded"
        self._record(server, t, end, "RestartService", service, responder, result, why)

    def _offline(self, server: Server, _: MonitorState, t: float) -> None:
        """PopProxyTestCafeOffline: PopProxy Inactive by HealthApi; the POP3 service stops by design."""
        responder = "PopProxyTestCafeOffline"
        if not self._may_act(server, responder, t):
            return
        self.vote(server, POP_PROXY, "HealthApi", INACTIVE, t, responder)
        self._record(server, t, t + 1, "TakeComponentOffline", POP_PROXY, responder, "Succeeded")

    def _online(self, server: Server, t: float) -> None:
        """Takes the HealthApi vote back once the proxy test is Healthy again (§6.3 names *online*)."""
        for vote in server.votes:
            if vote.component == POP_PROXY and vote.requester == "HealthApi" and vote.state == INACTIVE:
                self.vote(server, POP_PROXY, "HealthApi", 1, t, "PopProxyTestCafeOnline")
                break

    def _escalate(self, server: Server, state: MonitorState, t: float) -> None:
        responder = f"{state.rule.prefix}Escalate"
        last = state.escalated
        if last is not None and t < last + ESCALATE_SUPPRESSED:
            self.ledger.change(t, server.name, "suppressed", responder, "health manager")
            self._timer(server, state, last + ESCALATE_SUPPRESSED, self._escalate)
            return
        if not server.responder_disabled(responder, t):
            state.escalated = t
            state.notified = True
            self.ledger.change(t, server.name, "escalation", responder, "health manager")
        self._timer(server, state, t + ESCALATE_SUPPRESSED, self._escalate)

    def _record(
        self,
        server: Server,
        begin: float,
        end: float,
        action: str,
        resource: str,
        requestor: str,
        result: str,
        exception: str = "",
    ) -> None:
        self._records += 1
        entry = RecoveryAction(
            *(self._records, server.name, begin, end, action, resource, requestor, result, "Finished"),
            exception=exception,
        )
        kept = self.actions.setdefault(server.name, [])
        kept.append(entry)
        del kept[:-_KEPT_ACTIONS]
        self.events.action_started(server.name, action, resource, requestor, begin)
        self.ledger.change(begin, server.name, "recovery action", f"{action} {resource}: {result}", requestor)

    # -- acts on services and components ------------------------------------------------------------------

    def start_service(
        self, server: Server, service: WindowsService, t: float, by: str, *, automatic: bool = False
    ) -> bool:
        """False where it cannot run: disabled, or POP3 while PopProxy is Inactive. A new process cures."""
        if service.start_type == DISABLED:
            return False
        was = service.running
        done = start(server, service, t)
        if done and not was:
            self.ledger.change(t, server.name, "service started", f"{service.name} {service.process_id}", by)
            self._cured(self.faults.restarted(server.name, service.name, t, automatic=automatic), t, by)
            if service.name == HEALTH_MANAGER:
                self._start_health_manager(server, t)
            self.witnesses.service_changed(server, service, t)
        return done

    def stop_service(self, server: Server, service: WindowsService, t: float, by: str) -> None:
        if service.state == STOPPED:
            return
        stop(service)
        self.ledger.change(t, server.name, "service stopped", service.name, by)
        self.witnesses.service_changed(server, service, t)

    def restart_service(
        self, server: Server, service: WindowsService, t: float, by: str, *, automatic: bool = False
    ) -> bool:
        self.stop_service(server, service, t, by)
        return self.start_service(server, service, t, by, automatic=automatic)

    def act_now(self, server: Server, service: WindowsService, t: float) -> None:
        """A restart responder acts at this very moment, whatever its monitor says, and is done with it."""
        self._restart_by(server, service.name, _RESPONDER, t, at_once=True)

    def _cured(self, faults: Iterable[Fault], t: float, by: str = "") -> None:
        for fault in faults:
            self.ledger.change(t, fault.server, "cured", f"{fault.kind.name} {fault.database}".strip(), by)

    def cure(self, server: Server, t: float, by: str = "") -> None:
        """End every fault of a server, as if by magic."""
        self._cured([self._end(f, t) for f in self.faults.on(server.name) if f.active(t)], t, by)

    def failed_over(self, server: Server, t: float, by: str) -> None:
        """No active database is left on ``server``."""
        gone = [f for f in self.faults.on(server.name) if f.active(t) and f.cured_by_failover]
        self._cured([self._end(f, t) for f in gone], t, by)

    def vote(self, server: Server, component: str, requester: str, state: int, t: float, by: str) -> None:
        """A requester's vote, in both places; POP3 stops when PopProxy turns Inactive, and is not started."""
        server.votes = [
            v
            for v in server.votes
            if not (v.component == component and v.requester.lower() == requester.lower())
        ]
        server.votes += [Vote(component, requester, state, t, local) for local in (False, True)]
        words = f"{component} {requester} {('Inactive', 'Active', 'Draining')[state]}"
        self.ledger.change(t, server.name, "component", words, by)
        service = server.service(FRONT_END_SERVICE)
        if service is not None and service.running and server.component(POP_PROXY) == INACTIVE:
            self.stop_service(server, service, t, f"{POP_PROXY} Inactive")
