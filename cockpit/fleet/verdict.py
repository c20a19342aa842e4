"""The page's first section as a decision: is the fault real?

"It is possible that the service recovered after it issued the alert. Therefore, when you receive an
alert that specifies that the health set is unhealthy, first verify that the issue still exists."
Sources: Microsoft's page, section *Verifying the issue*; exchange-facts §1.3, §2.4, §8.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.model import MonitorHealthEntry
from cockpit.fleet.rollup import State, health_set_state, monitor_state
from cockpit.fleet.snapshot import ProbePhase, ProbeRun, Reach, ServerSnapshot
from cockpit.frozen import dataclass


class Verdict(Enum):
    """What the cockpit says of a monitor."""

    HEALTHY = N_("healthy")
    REAL = N_("real")
    TRANSIENT = N_("transient")
    VERIFY = N_("verify")
    """Unhealthy, and the probe has not been re-run since."""
    RUNNING = N_("running")
    NOT_RUNNABLE = N_("not runnable by hand")
    NOT_MONITORED = N_("not monitored")
    UNKNOWN = N_("unknown")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and what to do next: each one sentence."""

    verdict: Verdict
    why: str
    next: str


_NOT_GRANTED = N_("This account may not read the server's health (RBAC): nothing is known of it.")


def probe_identity(entry: MonitorHealthEntry) -> str | None:
    """The probe to re-run for a monitor, None where there is none (fed by a counter, or not ours)."""
    known = catalogue.monitor(entry.name)
    return None if known is None or known.probe is None else known.probe.identity


def latest_run(server: ServerSnapshot, identity: str) -> ProbeRun | None:
    """The newest run by hand that says something of that probe's monitor.

    A run on one database (``identity\\<database>``) that succeeds says nothing of the others, so it
    counts only when it did not succeed.
    """
    wanted = identity.lower()
    return next((r for r in server.probe_runs if _counts(r, wanted)), None)


def _counts(run: ProbeRun, wanted: str) -> bool:
    identity = run.identity.lower()
    if identity == wanted:
        return True
    succeeded = run.result is not None and run.result.succeeded
    return identity.startswith(wanted + "\\") and not succeeded


def judge(server: ServerSnapshot, entry: MonitorHealthEntry) -> Judgement:
    """The verdict on one monitor of ``server``, from its row and the newest run of its probe."""
    state = monitor_state(entry)
    if server.reach is Reach.UNREACHABLE:
        return Judgement(
            Verdict.UNKNOWN,
            N_("The server does not answer: the last known value is old."),
            N_("Find out why it is unreachable first."),
        )
    if server.reach is Reach.NOT_GRANTED:
        return Judgement(Verdict.UNKNOWN, _NOT_GRANTED, N_("Ask for a management role that may read it."))
    if state is State.STALE:
        return Judgement(
            Verdict.UNKNOWN,
            N_("The row is stale: the monitor has not run lately, so its value says nothing."),
            N_("Look at the health manager (MSExchangeHM) on this server."),
        )
    if state is State.UNKNOWN:
        return Judgement(
            Verdict.UNKNOWN,
            N_("AlertValue is {alert_value}: Managed Availability does not know.").format(
                alert_value=entry.alert_value or N_("empty")
            ),
            N_("Look at the health manager (MSExchangeHM) on this server."),
        )
    if server.reach is not Reach.LIVE and state in (State.HEALTHY, State.DISABLED):
        return Judgement(
            Verdict.UNKNOWN,
            N_("The server has not answered lately: the last known value is old."),
            N_("Wait for its next read."),
        )
    if state is State.DISABLED:
        return Judgement(
            Verdict.NOT_MONITORED,
            N_("The monitor is disabled: it says nothing of POP."),
            N_("Look for an override (Get-ServerMonitoringOverride, Get-GlobalMonitoringOverride)."),
        )
    identity = probe_identity(entry)
    if state is State.HEALTHY:
        return Judgement(
            Verdict.HEALTHY,
            N_("AlertValue is {alert_value}.").format(alert_value=entry.alert_value),
            N_("Nothing to do."),
        )
    if identity is None:
        return Judgement(
            Verdict.NOT_RUNNABLE,
            N_("No probe feeds this monitor: it judges a performance counter."),
            N_("Wait for its next runs and look at the AlertValue again."),
        )
    run = latest_run(server, identity)
    if run is None or _older_than(run, entry.last_transition_time):
        return Judgement(
            Verdict.VERIFY,
            N_("AlertValue is {alert_value}; {identity} has not been re-run since.").format(
                alert_value=entry.alert_value, identity=identity
            ),
            N_("Re-run the probe."),
        )
    return _judge_run(run)


def _older_than(run: ProbeRun, moment: datetime | None) -> bool:
    return (
        run.phase is ProbePhase.FINISHED
        and moment is not None
        and (run.finished_at or run.started_at) < moment
    )


def _judge_run(run: ProbeRun) -> Judgement:
    if run.phase is ProbePhase.RUNNING:
        return Judgement(
            Verdict.RUNNING,
            N_("{identity} is running.").format(identity=run.identity),
            N_("Wait: it may take minutes."),
        )
    if run.phase is ProbePhase.FAILED:
        return Judgement(
            Verdict.UNKNOWN,
            N_("{identity} could not be run: {problem}.").format(
                identity=run.identity, problem=run.problem or N_("no reason given")
            ),
            (run.problem.cure if run.problem else "") or N_("Try again."),
        )
    if run.result is None:
        warning = run.warnings[0] if run.warnings else N_("no result and no warning")
        return Judgement(
            Verdict.NOT_RUNNABLE,
            N_("{identity} gave no result: {warning}").format(identity=run.identity, warning=warning),
            N_("Wait for the monitor's own next runs; a probe that cannot be run proves nothing."),
        )
    if run.result.succeeded:
        return Judgement(
            Verdict.TRANSIENT,
            N_("The probe succeeds now: the fault was transient."),
            N_("Watch the monitor turn Healthy on its next runs."),
        )
    return Judgement(
        Verdict.REAL,
        N_("The probe fails now too: ResultType is {result_type}.").format(
            result_type=run.result.result_type or N_("empty")
        ),
        N_("Recover it."),
    )


def judge_health_set(server: ServerSnapshot, health_set: str) -> Judgement:
    """The verdict on a health set without rows: not monitored here, or unknown."""
    state = health_set_state(server, health_set)
    if server.reach is Reach.NOT_GRANTED:
        return Judgement(Verdict.UNKNOWN, _NOT_GRANTED, N_("Ask for a management role that may read it."))
    if server.reach is not Reach.LIVE:
        return Judgement(
            Verdict.UNKNOWN,
            N_("The server does not answer, or was not asked yet: what is shown is old, or nothing."),
            N_("Find out why it is silent first."),
        )
    if state is State.NOT_MONITORED:
        return Judgement(
            Verdict.NOT_MONITORED,
            N_(
                "POP is not monitored here: no rows, and no warning either. POP monitors exist only where "
                "the POP3 service's start type was Automatic when the health manager started."
            ),
            N_("Nothing to do where POP is not used; else set the start type and restart MSExchangeHM."),
        )
    if state is State.UNKNOWN:
        return Judgement(
            Verdict.UNKNOWN,
            N_("No rows and a warning, or no answer at all: this is not healthy."),
            N_("Read the warning; look at the health manager (MSExchangeHM) on this server."),
        )
    verdict = Verdict.HEALTHY if state is State.HEALTHY else Verdict.UNKNOWN
    return Judgement(
        verdict, N_("The health set is {state}.").format(state=state.word), N_("Select a monitor.")
    )
