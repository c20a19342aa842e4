"""Guards before any change: the fault is real, nobody else acts, the time is right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from cockpit.config.language import N_
from cockpit.config.windows import one_is_on
from cockpit.exchange import catalogue
from cockpit.exchange import model as m
from cockpit.exchange.model import AlertValue, Role, Version
from cockpit.exchange.recovery_model import NodeState
from cockpit.exchange.responders import ResponderAction, due_actions
from cockpit.journal.records import Finding, Grade
from cockpit.recovery.guards.guard import Guard, component_states, dag_problem, unread
from cockpit.recovery.readings import Case, Readings

MOVE_NOW: Final = "DatabaseCopyActivationDisabledAndMoveNow"
POLICY: Final = "DatabaseCopyAutoActivationPolicy"


def _role(readings: Readings, case: Case) -> Iterator[Finding]:
    server = readings.server(case.server)
    if server is None:
        yield ROLE.refused(
            case.server, N_("no server of that name"), N_("Name a server of this organization.")
        )
        return
    held = ", ".join(sorted(r.value for r in server.roles)) or N_("none of ours")
    if server.version is Version.OTHER or not catalogue.tiers(server.version, server.roles):
        yield ROLE.refused(
            server.name,
            N_("build {build}, roles {held}").format(build=server.build or N_("unknown"), held=held),
            N_("Recover it by hand."),
        )
        return
    if Role.MAILBOX in server.roles and readings.mailbox_server(server.name) is None:
        yield ROLE.refused(
            server.name,
            N_("has the Mailbox role, but Get-MailboxServer does not name it"),
            N_("Look at RBAC."),
        )
        return
    yield ROLE.passed(server.name, f"Exchange {server.version.value}, {held}")


ROLE: Final = Guard(
    id="role.known",
    grade=Grade.HARD,
    title=N_("The server's role is known"),
    threshold=N_("Exchange 2013, 2016, 2019 or SE with Client Access or Mailbox"),
    needs=("servers", "mailbox_servers"),
    judge=_role,
    source="recovery-engine §3.2; finding 3",
)


def _alert(readings: Readings, case: Case) -> Iterator[Finding]:
    rows = readings.monitor.value or ()
    if not rows:
        yield ALERT.refused(
            case.server,
            N_("{monitor} gave no row").format(monitor=case.monitor),
            N_("Look at the health manager."),
        )
    real = any(_in_alert(row) for row in rows)
    for row in rows:
        about = f"{row.name} {row.target_resource}".strip()
        if _in_alert(row):
            yield ALERT.passed(about, _since(row))
        elif real and row.alert_value == AlertValue.HEALTHY and not row.is_stale:
            yield ALERT.passed(about, row.alert_value)
        else:
            reading = N_("{alert}, stale").format(alert=row.alert_value) if row.is_stale else row.alert_value
            yield ALERT.refused(about, reading, _WAIT.get(row.alert_value, _LOOK))


def _in_alert(row: m.MonitorHealthEntry) -> bool:
    return row.alert_value == AlertValue.UNHEALTHY and not row.is_stale


def _since(row: m.MonitorHealthEntry) -> str:
    if row.last_transition_time is None:
        return row.alert_value
    return N_("{alert} since {at:%H:%M}Z").format(alert=row.alert_value, at=row.last_transition_time)


_LOOK: Final = N_("Look at the monitor before anything is changed.")
_WAIT: Final = {
    AlertValue.DEGRADED: N_("Wait: a monitor is Degraded for its first 60 s, then Unhealthy or well."),
    AlertValue.REPAIRING: N_("Ask who set Repairing (Set-ServerMonitor): somebody is at work."),
    AlertValue.DISABLED: N_("Look for the override that disables it."),
    AlertValue.HEALTHY: N_("Nothing to recover."),
}

ALERT: Final = Guard(
    id="alert.real",
    grade=Grade.STOP,
    title=N_("The alert is there now"),
    threshold=N_("AlertValue Unhealthy, not stale"),
    needs=("monitor",),
    judge=_alert,
    source="Microsoft's page; managed-availability.md",
)


def _dependencies(readings: Readings, case: Case) -> Iterator[Finding]:
    known = catalogue.monitor(case.monitor)
    reports = {r.health_set.lower(): r for r in readings.report.value or ()}
    dependencies = known.probe.dependencies if known is not None and known.probe is not None else ()
    if not dependencies:
        yield DEPENDENCIES.passed(case.server, N_("the page lists none for this probe"))
    for dependency in dependencies:
        for name in dependency.health_sets:
            report = reports.get(name.lower())
            about = f"{dependency.name} ({name})"
            if report is None:
                # A Client Access server of 2013 has no store of its own to report.
                yield DEPENDENCIES.passed(about, N_("not reported by this server"))
            elif report.alert_value in (AlertValue.HEALTHY, AlertValue.DISABLED):
                yield DEPENDENCIES.passed(about, report.alert_value)
            else:
                yield DEPENDENCIES.refused(
                    about, report.alert_value, N_("Look at {name} first.").format(name=name)
                )


DEPENDENCIES: Final = Guard(
    id="dependencies.healthy",
    grade=Grade.WARN,
    title=N_("What POP depends on is healthy"),
    threshold=N_("health sets of the probe's dependencies Healthy"),
    needs=("report",),
    judge=_dependencies,
    source="Microsoft's page, its table",
)


def _lease(_: Readings, case: Case) -> Iterator[Finding]:
    # Of an expired lease whoever acts next takes over; what its run left behind is that run's finding below.
    living = [lease for lease in case.leases if not lease.expired]
    if not living and not case.runs:
        yield LEASE.passed(case.server, N_("nobody else holds it, no other run is open"))
    for lease in living:
        yield LEASE.refused(
            lease.scope,
            N_("held by {operator} for run {run}, {holder}").format(
                operator=lease.operator, run=lease.run[:8], holder=lease.holder
            ),
            N_("Watch it (pop-cockpit runs attach {run}), or wait until it ends.").format(run=lease.run[:8]),
        )
    for run in case.runs:
        yield LEASE.refused(
            run.scope,
            N_("run {run} of {operator} on {server} has not ended").format(
                run=run.id[:8], operator=run.operator, server=run.server
            ),
            N_("Resume or abort it: pop-cockpit runs resume {run}.").format(run=run.id[:8]),
            Grade.STOP,
        )


LEASE: Final = Guard(
    id="others.lease",
    grade=Grade.HARD,
    title=N_("Nobody else acts on this DAG or server"),
    threshold=N_("the lease is ours, and no other run is open here"),
    needs=(),
    judge=_lease,
    source="design §6 rule 4",
)


def _marks(readings: Readings, case: Case) -> Iterator[Finding]:
    if problem := dag_problem(readings, case.server):
        yield unread(MARKS, case.server, problem)
    dag = readings.dag_of(case.server)
    members = dag.servers if dag is not None else (case.server,)
    for name in members:
        yield from _marks_of(readings, case, name)
    for node in readings.nodes.value or ():
        if node.state == NodeState.PAUSED:
            yield MARKS.refused(
                N_("{node} cluster node").format(node=node.name),
                node.state,
                N_("Ask who paused it; Resume-ClusterNode {node}.").format(node=node.name),
            )
    if dag is not None and not readings.nodes.known:
        yield unread(
            MARKS,
            N_("{dag} cluster nodes").format(dag=dag.name),
            readings.nodes.problem or N_("nodes was not read"),
        )


def _marks_of(readings: Readings, case: Case, name: str) -> Iterator[Finding]:
    found, components = readings.mailbox_server(name), component_states(readings, name)
    if found is None and readings.dag_of(case.server) is not None:
        yield unread(MARKS, name, N_("a member that Get-MailboxServer does not name"))
        return
    if not components:
        yield unread(MARKS, name, N_("Get-ServerComponentState gave no component"))
        return
    marks = []
    if found is not None and (found.activation_disabled_and_move_now is None or not found.activation_policy):
        yield unread(
            MARKS,
            name,
            N_("DatabaseCopyActivationDisabledAndMoveNow or DatabaseCopyAutoActivationPolicy was not said"),
        )
    if found is not None and found.activation_disabled_and_move_now and not case.ours(name, MOVE_NOW):
        marks.append((MOVE_NOW, case.left("$true", name, MOVE_NOW)))
    if found is not None and found.activation_policy == "Blocked" and not case.ours(name, POLICY):
        marks.append((POLICY, case.left(found.activation_policy, name, POLICY)))
    for component in components:
        votes = [
            v
            for v in component.votes
            if v.state == "Inactive" and v.requester in ("Maintenance", "Deployment")
        ]
        if votes and component.state == "Inactive":
            marks.append(
                (component.component, N_("Inactive by {requesters}").format(requesters=votes[0].requester))
            )
    for key, value in marks:
        yield MARKS.refused(
            f"{name} {key}",
            value,
            N_("Ask who set it: {name} may be in maintenance; two at once break a DAG.").format(name=name),
        )
    if not marks:
        yield MARKS.passed(name, N_("no marks"))


MARKS: Final = Guard(
    id="others.marks",
    grade=Grade.STOP,
    title=N_("No member is marked by somebody else"),
    threshold=N_(
        "no MoveNow, no Blocked, no paused node, no component Inactive by Maintenance or Deployment"
    ),
    needs=("mailbox_servers", "dags", "components"),
    judge=_marks,
    source="recovery-engine §3.2; DagCommonLibrary; technet samdrey 2013-10-07",
)


def _managed_availability(readings: Readings, case: Case) -> Iterator[Finding]:
    clock = readings.clock.value
    if clock is None:
        return
    quiet = timedelta(seconds=case.settings.quiet)
    recent = [a for a in readings.actions.value or () if _age(a, clock.now) < quiet]
    for action in recent:
        yield MANAGED_AVAILABILITY.refused(
            f"{action.id} {action.resource_name}".strip(),
            _acted(action),
            N_("Wait and see whether it helped; it is a second operator."),
        )
    for row in readings.monitor.value or ():
        for due in due_actions(row, clock.now):
            acts = due.action is not ResponderAction.ESCALATE
            if acts and not due.past and due.at is not None and due.at - clock.now < quiet:
                yield MANAGED_AVAILABILITY.refused(
                    f"{due.responder} {row.target_resource}".strip(),
                    N_("due at {at:%H:%M:%S}Z: {action}").format(at=due.at, action=due.action.value),
                    N_("Let it act first, or it acts in the middle of this step."),
                )
        in_alert = row.alert_value in (AlertValue.DEGRADED, AlertValue.UNHEALTHY)
        if in_alert and row.first_alert_observed_time is None:
            yield MANAGED_AVAILABILITY.refused(
                f"{row.name} {row.target_resource}".strip(),
                N_("FirstAlertObservedTime was not said: when it acts next is unknown"),
                N_("Look at its recovery actions again just before you go."),
                Grade.WARN,
            )
    if not recent:
        minutes = int(quiet.total_seconds() // 60)
        yield MANAGED_AVAILABILITY.passed(
            case.server, N_("no recovery action in the last {minutes} min").format(minutes=minutes)
        )


def _acted(action: m.RecoveryAction) -> str:
    at = action.end_time or action.start_time
    if at is None:
        return N_("without a time")
    acted = (
        N_("at {at:%H:%M:%S}Z by {requester}")
        if action.end_time
        else N_("at {at:%H:%M:%S}Z by {requester}, not ended")
    )
    return acted.format(at=at, requester=action.requestor_name)


def _age(action: m.RecoveryAction, now: datetime) -> timedelta:
    at = action.end_time or action.start_time
    return now - at if at is not None else timedelta(0)


MANAGED_AVAILABILITY: Final = Guard(
    id="others.managed_availability",
    grade=Grade.STOP,
    title=N_("Managed Availability is not at work here"),
    threshold=N_("no recovery action in the last 15 min, none due within them (our own number)"),
    needs=("actions", "clock", "monitor"),
    judge=_managed_availability,
    source="managed-availability.md l.125-145; finding 5",
)


def _setup(readings: Readings, case: Case) -> Iterator[Finding]:
    running = readings.setup.value or ()
    for process in running:
        yield SETUP.refused(
            case.server,
            N_("{process} runs (process {process_id})").format(
                process=process.name, process_id=process.process_id
            ),
            N_("Wait for it."),
        )
    if not running:
        yield SETUP.passed(case.server, N_("no Setup process"))


SETUP: Final = Guard(
    id="others.setup",
    grade=Grade.STOP,
    title=N_("Exchange Setup is not running"),
    threshold=N_("no process ExSetup, ExSetupUI or Setup"),
    needs=("setup",),
    judge=_setup,
    source="ExchangeDsc Test-ExchangeSetupRunning",
)


def _window(_: Readings, case: Case) -> Iterator[Finding]:
    windows = case.settings.maintenance_windows
    now = f"{case.local:%a %H:%M}"
    if not windows:
        yield WINDOW.passed(case.server, N_("{now}, no maintenance windows are set").format(now=now))
    elif one_is_on(windows, case.local):
        yield WINDOW.passed(case.server, N_("{now}, inside").format(now=now))
    else:
        times = "; ".join(f"{'/'.join(w.days)} {w.start}-{w.end}" for w in windows)
        yield WINDOW.refused(
            case.server,
            N_("{now}, outside").format(now=now),
            N_("Wait for a window: {times}.").format(times=times),
        )


WINDOW: Final = Guard(
    id="window.open",
    grade=Grade.STOP,
    title=N_("Inside a maintenance window"),
    threshold=N_("a window of the environment's configuration is open"),
    needs=(),
    judge=_window,
    source="own configuration; kured --start-time, --end-time, --reboot-days",
)

GUARDS: Final = (ROLE, ALERT, DEPENDENCIES, LEASE, MARKS, MANAGED_AVAILABILITY, SETUP, WINDOW)
