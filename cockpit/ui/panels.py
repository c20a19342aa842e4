"""The panes beside the table, as lines: verdict, probe results, dependencies, server. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cockpit.config.language import N_, _, pgettext
from cockpit.config.spoken import spoken
from cockpit.exchange import catalogue
from cockpit.exchange.model import MonitoringProbeResult, Version
from cockpit.fleet.rollup import State, alert_state
from cockpit.fleet.snapshot import (
    FleetSnapshot,
    ProbePhase,
    ProbeRun,
    Problem,
    Reach,
    ServerSnapshot,
    WinRMPart,
    WinRMReading,
)
from cockpit.fleet.verdict import Judgement, Verdict, judge, judge_health_set, probe_identity
from cockpit.frozen import dataclass
from cockpit.ui.look import STATE_ROLES, Glyphs, Line
from cockpit.ui.render import age, state
from cockpit.ui.view import FleetView, Leaf, ServerView

NAME_LIMIT = 255
"""No name of the DNS is longer (RFC 1035 §2.3.4); what a server sends in its place must not hide the rest."""
_PHASES = {
    ProbePhase.RUNNING: N_("running"),
    ProbePhase.FINISHED: N_("finished"),
    ProbePhase.FAILED: N_("failed"),
}
_NOT_READ = N_("not read yet")
_EMPTY = N_("(empty)")
VALUE_LIMIT = 1_500
"""Characters of one value shown in a pane; the saved view has them all."""
OLDER_RUNS = 6
RECOVERY_ACTIONS = 5

_VERDICT_ROLES = {
    Verdict.HEALTHY: "state-healthy",
    Verdict.REAL: "state-unhealthy",
    Verdict.TRANSIENT: "state-repairing",
    Verdict.VERIFY: "state-degraded",
    Verdict.RUNNING: "text-key",
    Verdict.NOT_RUNNABLE: "state-unknown",
    Verdict.NOT_MONITORED: "state-not-monitored",
    Verdict.UNKNOWN: "state-unknown",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A probe this screen asked for that the collector has not spoken of yet."""

    run_id: str
    identity: str
    server: str
    at: datetime


def stamp(moment: datetime | None, now: datetime) -> str:
    """A time in UTC, with the date when it is not today's."""
    if moment is None:
        return _("never")
    same_day = moment.date() == now.date()
    return f"{moment:%H:%M:%SZ}" if same_day else f"{moment:%Y-%m-%d %H:%M:%SZ}"


def clock(seconds: float) -> str:
    whole = max(int(seconds), 0)
    return f"{whole // 60}:{whole % 60:02}"


def probe_command(identity: str, server: str) -> str:
    """The command exactly as it could be typed: quotes doubled as PowerShell wants it."""
    quoted = [value.replace("'", "''") for value in (identity, server)]
    return f"Invoke-MonitoringProbe -Identity '{quoted[0]}' -Server '{quoted[1]}'"


def _pair(label: str, value: str, role: str = "") -> Line:
    shown = value
    if len(value) > VALUE_LIMIT:
        shown = _("{begin}… ({n} characters)").format(begin=value[:VALUE_LIMIT], n=len(value))
    return ((f"{label:<15}", "text-label"), (shown, role))


def _block(label: str, value: str, role: str = "") -> list[Line]:
    """A value that may have several lines."""
    first, *rest = value.split("\n")[:40]
    return [_pair(label, first, role), *(_pair("", line, role) for line in rest if line.strip())]


# Verdict


def verdict(server: ServerView, leaf: Leaf) -> list[Line]:
    """What the cockpit makes of the selected row, and what to do next."""
    if leaf.entry is not None:
        return _judged(judge(server.snapshot, leaf.entry))
    if not leaf.health_set:
        return [((_("No POP monitors belong on a server of these roles."), "text-dim"),)]
    return _judged(judge_health_set(server.snapshot, leaf.health_set))


def _judged(judgement: Judgement) -> list[Line]:
    word = _(judgement.verdict.value).upper()
    return [
        ((f"{word}  ", _VERDICT_ROLES[judgement.verdict]), (spoken(judgement.why), "")),
        ((_("Next: "), "text-label"), (spoken(judgement.next), "")),
    ]


# Probe results


def runs_of(server: ServerSnapshot, identity: str) -> list[ProbeRun]:
    """Runs of that probe, newest first, with or without a target behind it."""
    wanted = identity.lower()
    return [r for r in server.probe_runs if (r.identity.lower() + "\\").startswith(wanted + "\\")]


def probe(
    server: ServerView,
    leaf: Leaf,
    asked: Iterable[Asked],
    now: datetime,
    probe_key: str,
    stop_key: str,
    trace_key: str = "",
) -> list[Line]:
    """The newest run of the monitor's probe in full, older ones in a line each. ``trace_key``: what looks for
    the mailbox server behind a failure; empty where nothing does."""
    identity = probe_identity(leaf.entry) if leaf.entry is not None else None
    if leaf.entry is None:
        lines: list[Line] = [((_("There is no monitor here, so there is no probe to re-run."), "text-dim"),)]
        runs: list[ProbeRun] = []
    elif identity is None:
        lines = [((_("No probe feeds this monitor: it judges a performance counter."), "text-dim"),)]
        runs = []
    else:
        runs = runs_of(server.snapshot, identity)
        lines = [_pair(_("Identity"), identity, "text-strong")]
        known = {r.id for r in server.snapshot.probe_runs}
        for waiting in asked:
            if waiting.server == server.name and waiting.identity == identity and waiting.run_id not in known:
                asked_for = _("asked for; the collector has not started it yet")
                lines.append(_pair(_("Phase"), asked_for, "text-key"))
        if runs:
            lines += _run(runs[0], now, stop_key)
            if trace_key and runs[0].result is not None and not runs[0].result.succeeded:
                finds = _("{key} finds the mailbox server behind it").format(key=trace_key)
                lines.append(_pair(_("Trace"), finds, "text-key"))
        elif len(lines) == 1:
            not_yet = _("Not re-run by hand yet. {key} shows the command.").format(key=probe_key)
            lines.append(((not_yet, "text-dim"),))
    lines += _last_monitor_error(leaf)
    others = [r for r in server.snapshot.probe_runs if not runs or r.id != runs[0].id]
    if others:
        lines += [(("", ""),), ((_("Other runs on this server"), "text-title"),)]
        lines += [_older(r, now) for r in others[:OLDER_RUNS]]
    return lines


def latencies(line: Line) -> list[Line]:
    """The sparkline of a probe under its label; nothing for an empty one."""
    return [(*_pair(_("Latencies"), "")[:1], *line)] if line else []


def _last_monitor_error(leaf: Leaf) -> list[Line]:
    e = leaf.entry
    if e is None or not (e.error or e.exception):
        return []
    blank: Line = (("", ""),)
    title: Line = ((_("The monitor's own last run"), "text-title"),)
    return [
        blank,
        title,
        *(_block(_("Error"), e.error) if e.error else []),
        *(_block(_("Exception"), e.exception) if e.exception else []),
    ]


def _run(run: ProbeRun, now: datetime, stop_key: str) -> list[Line]:
    if run.phase is ProbePhase.RUNNING:
        since = clock((now - run.started_at) / timedelta(seconds=1))
        limit = clock(catalogue.PROBE_TIME_LIMIT)
        if run.waiting:
            how = _("running {since} of at most {limit}; {key} stops waiting").format(
                since=since, limit=limit, key=stop_key
            )
        else:
            how = _(
                "still running on the server, {since}; nobody waits for it, it cannot be recalled"
            ).format(since=since)
        return [_pair(_("Phase"), how, "text-key")]
    ended = f"{_(_PHASES[run.phase])} {stamp(run.finished_at or run.started_at, now)}"
    if run.finished_at is not None:
        took = clock((run.finished_at - run.started_at) / timedelta(seconds=1))
        ended = pgettext("pane", "{ended} after {time}").format(ended=ended, time=took)
    lines = [_pair(_("Phase"), ended)]
    if run.phase is ProbePhase.FAILED:
        problem = spoken(str(run.problem)) if run.problem else _("no reason given")
        lines += _block(_("Problem"), problem, "text-problem")
        if run.problem and run.problem.cure:
            lines += _block(_("Cure"), spoken(run.problem.cure))
    elif run.result is None:
        lines.append(_pair("ResultType", _("none: the probe gave no result"), "state-unknown"))
    else:
        lines += _result(run.result, now)
    for warning in run.warnings:
        lines += _block(_("Warning"), warning, "state-degraded")
    return lines


def _result(result: MonitoringProbeResult, now: datetime) -> list[Line]:
    role = "state-healthy" if result.succeeded else "state-unhealthy"
    lines = [_pair("ResultType", result.result_type or _(_EMPTY), role)]
    blamed = result.blamed_component
    for label, value, shown in (
        (_("Error"), result.error, ""),
        (_("Blamed"), "" if result.succeeded else blamed, ""),
        (_("Reason"), result.failure_reason, ""),
        (_("Latency"), f"{result.sample_value:g} ms" if result.sample_value else "", ""),
        (_("Answered by"), result.answering_server, "text-strong"),
        (_("Mailbox server"), result.mailbox_server, "text-strong"),
        (_("Ran (server)"), _span(result, now), ""),
        (_("Retries"), str(result.retry_count) if result.retry_count else "", ""),
        (_("Failure"), result.failure_context, ""),
        (_("Exception"), result.exception, ""),
        (_("Context"), result.execution_context, ""),
    ):
        if value:
            lines += _block(label, value, shown)
    return lines


def _span(result: MonitoringProbeResult, now: datetime) -> str:
    start, end = result.execution_start_time, result.execution_end_time
    if start is None:
        return ""
    if end is None:
        return stamp(start, now)
    return pgettext("pane", "{start} to {end}").format(start=stamp(start, now), end=stamp(end, now))


def _older(run: ProbeRun, now: datetime) -> Line:
    outcome = (
        run.result.result_type
        if run.result
        else _(_PHASES[run.phase])
        if run.phase is not ProbePhase.FINISHED
        else _("no result")
    )
    role = "" if run.result is None else "state-healthy" if run.result.succeeded else "state-unhealthy"
    return (
        (f"{stamp(run.finished_at or run.started_at, now)}  ", "text-dim"),
        (f"{outcome:<10} ", role),
        (run.identity, ""),
    )


# Dependencies and server


def dependencies(server: ServerView, leaf: Leaf, now: datetime, glyphs: Glyphs) -> list[Line]:
    """What the monitor's probe leans on, and how that is."""
    known = catalogue.monitor(leaf.entry.name) if leaf.entry is not None else None
    if known is None or known.probe is None or not known.probe.dependencies:
        return [((_("The page names no dependencies for this monitor."), "text-dim"),)]
    reports = server.snapshot.health_sets
    read = {r.health_set.lower(): r for r in reports or ()}
    title = _("{probe} depends on").format(probe=known.probe.name)
    if reports is not None and server.snapshot.health_sets_read_at is not None:
        old = age(server.snapshot.health_sets_read_at, now)
        title = _("{probe} depends on, read {age} ago").format(probe=known.probe.name, age=old)
    lines: list[Line] = [((title, "text-title"),)]
    for dependency in known.probe.dependencies:
        for health_set in dependency.health_sets:
            report = read.get(health_set.lower())
            what: Line
            if reports is None:
                what = ((_(_NOT_READ), "text-dim"),)
            elif report is None:
                what = ((_("not reported by this server"), "state-unknown"),)
            else:
                what = _alert(report.alert_value, glyphs)
            lines.append(((f"{dependency.name:<29} ", "text-label"), (f"{health_set:<15} ", ""), *what))
    return lines


def _alert(value: str, glyphs: Glyphs) -> Line:
    """An AlertValue as the server named it, with the glyph of the state it stands for."""
    found = alert_state(value)
    return ((f"{glyphs.states[found]} {value or _(_EMPTY)}", STATE_ROLES[found]),)


def _named(name: str) -> str:
    return name if len(name) <= NAME_LIMIT else f"{name[:NAME_LIMIT]}..."


def server(view: ServerView, now: datetime, fleet: FleetSnapshot) -> list[Line]:
    """The server itself: how it is heard and through whom, its POP services, component, boot, recovery
    actions; and what RBAC keeps us from."""
    snapshot = view.snapshot
    e = snapshot.server
    version = "" if e.version is Version.OTHER else f"Exchange {e.version.value} "
    roles = ", ".join(sorted(e.roles)) or _("no roles")
    lines: list[Line] = [
        (
            (_named(e.fqdn or e.name), "text-strong"),
            (f"  {version}{e.build}  {roles}  {e.site}", "text-dim"),
        )
    ]
    role = {
        Reach.LIVE: "state-healthy",
        Reach.STALE: "state-stale",
        Reach.UNREACHABLE: "state-unreachable",
        Reach.NOT_GRANTED: "state-not-granted",
    }
    heard = _(snapshot.reach.value)
    if snapshot.last_success:
        when = stamp(snapshot.last_success, now)
        heard = _("{state}, last heard {time}").format(state=heard, time=when)
    lines.append(_pair(_("Connection"), heard, role.get(snapshot.reach, "state-unknown")))
    lines += _answered(snapshot, fleet)
    if snapshot.problem is not None:
        lines += _trouble(_("Problem"), snapshot.problem)
    for reading in snapshot.readings:
        for warning in reading.warnings:
            told = _("warning: {text}").format(text=warning)
            lines += _block(reading.health_set, told, "state-degraded")
        if reading.problem is not None:
            lines += _block(reading.health_set, spoken(str(reading.problem)), "text-problem")
    lines += [_pair(_("Not granted"), words, "state-not-granted") for words in _not_granted(fleet)]
    return lines + _services(snapshot) + _components(snapshot) + _recovery(snapshot, now)


def _answered(snapshot: ServerSnapshot, fleet: FleetSnapshot) -> list[Line]:
    """Who answered the last read, where that is known to be somebody else than was dialled."""
    route = snapshot.route
    if not route.elsewhere:
        return []
    own = fleet.version_of(route.dialled)
    told = [_("dialled {server}").format(server=route.dialled)]
    took, ran = _("{server} took it"), _("{server} ran it")
    for name, does in ((route.front_end, took), (route.back_end, ran)):
        if name:
            version = fleet.version_of(name)
            other = f", Exchange {version}" if version and version != own else ""
            told.append(does.format(server=name) + other)
    return _block(_("Answered by"), "; ".join(told), "state-degraded")


def _not_granted(fleet: FleetSnapshot) -> list[str]:
    """Our cmdlets that RBAC does not grant, in a line; and how to ask for them."""
    missing = fleet.status.grants.every_missing_name()
    if not missing:
        return []
    return [", ".join(missing), _("ask for a management role with them: Get-ManagementRole -Cmdlet NAME")]


def _services(snapshot: ServerSnapshot) -> list[Line]:
    winrm = snapshot.winrm
    if winrm.problem is not None:
        return _trouble("WinRM", winrm.problem)
    if (missed := winrm.missed(WinRMPart.SERVICES)) is not None:
        return _trouble(_("Services"), missed)
    if winrm.services is None:
        return [_pair(_("Services"), _(_NOT_READ), "text-dim")]
    wanted = (
        *catalogue.services(snapshot.server.version, snapshot.server.roles),
        *catalogue.HEALTH_MANAGER_SERVICES,
    )
    found = {s.name.lower(): s for s in winrm.services}
    lines = []
    for name in wanted:
        service = found.get(name.lower())
        if service is None:
            if name not in catalogue.HEALTH_MANAGER_SERVICES:
                lines.append(_pair(_("Service"), _("{name} not there").format(name=name), "state-unknown"))
            continue
        well = service.status == "Running"
        start = ""
        if service.start_type != "Automatic":
            start = _(" (start type {type})").format(type=service.start_type)
        lines.append(
            _pair(_("Service"), f"{name} {service.status}{start}", "" if well else "state-unhealthy")
        )
    return lines


def _trouble(label: str, problem: Problem) -> list[Line]:
    """Why something could not be read, and what helps."""
    lines = _block(label, spoken(str(problem)), "text-problem")
    return lines + (_block(_("Cure"), spoken(problem.cure)) if problem.cure else [])


def _missed(winrm: WinRMReading, part: WinRMPart, label: str) -> list[Line]:
    problem = winrm.missed(part)
    return [] if problem is None else _trouble(label, problem)


def _components(snapshot: ServerSnapshot) -> list[Line]:
    if snapshot.components is None:
        return [_pair("PopProxy", _(_NOT_READ), "text-dim")]
    found = next((c for c in snapshot.components if c.component.lower() == "popproxy"), None)
    if found is None:
        return [_pair("PopProxy", _("no such component here"), "text-dim")]
    votes = ", ".join(f"{v.requester} {v.state}" for v in found.votes if v.state != "Active")
    text = found.state
    if votes:
        text = pgettext("pane", "{state} (by {requesters})").format(state=found.state, requesters=votes)
    return [_pair("PopProxy", text, "" if found.state == "Active" else "state-unhealthy")]


def _recovery(snapshot: ServerSnapshot, now: datetime) -> list[Line]:
    winrm = snapshot.winrm
    lines: list[Line] = []
    if winrm.last_boot is not None:
        ago = _("{age} ago").format(age=age(winrm.last_boot, now))
        lines.append(_pair(_("Last boot"), f"{stamp(winrm.last_boot, now)}, {ago}"))
    lines += _missed(winrm, WinRMPart.LAST_BOOT, _("Last boot"))
    lines += _missed(winrm, WinRMPart.RECOVERY_ACTIONS, _("Recovery"))
    if winrm.recovery_actions is None:
        return lines
    if not winrm.recovery_actions:
        return [*lines, _pair(_("Recovery"), _("no actions of Managed Availability in its log"), "text-dim")]
    oldest = datetime.min.replace(tzinfo=now.tzinfo)
    recent = sorted(winrm.recovery_actions, key=lambda a: a.start_time or oldest, reverse=True)
    for action in recent[:RECOVERY_ACTIONS]:
        when, result = stamp(action.start_time, now), action.result or action.state
        what = f"{when} {action.id} {action.resource_name} {result}"
        if action.requestor_name:
            what = pgettext("pane", "{action} by {requestor}").format(
                action=what, requestor=action.requestor_name
            )
        role = "" if action.result in ("", "Succeeded") else "state-degraded"
        lines.append(_pair(_("Recovery"), what, role))
    return lines


def summary(view: FleetView, glyphs: Glyphs) -> list[Line]:
    """What stands in the panes when no row can be selected."""
    found: dict[State, int] = {}
    for each in view.servers.values():
        found[each.state] = found.get(each.state, 0) + 1
    return [
        (*state(s, glyphs), (_("  {n} servers").format(n=n), ""))
        for s, n in sorted(found.items(), key=lambda x: x[0].value)
    ]
