"""How an event changes the picture: plain functions from snapshot to snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from cockpit.fleet import events as e
from cockpit.fleet.rollup import reach_at
from cockpit.fleet.snapshot import (
    PROBE_RUNS_KEPT,
    FleetSnapshot,
    ProbePhase,
    ProbeRun,
    Reach,
    ServerSnapshot,
    WinRMReading,
)


def take(fleet: FleetSnapshot, event: e.Event) -> FleetSnapshot:
    """The picture after ``event``. An event about a server that is no longer there changes nothing."""
    match event:
        case e.OrganizationRead():
            return _organization(fleet, event)
        case e.EntryFailed():
            return _entry_failed(fleet, event)
        case e.LaneFailed():
            return fleet
        case _:
            server = fleet.servers.get(event.server)
            if server is None:
                return fleet
            changed = _server(server, event)
            if isinstance(event, e.HealthRead):
                changed = replace(changed, poll_interval=_pace(fleet.status.interval, server, event.at))
            return with_server(fleet, changed)


def with_server(fleet: FleetSnapshot, server: ServerSnapshot) -> FleetSnapshot:
    """The picture with one server replaced; the others keep their places."""
    return replace(fleet, servers={**fleet.servers, server.name: server})


def _organization(fleet: FleetSnapshot, event: e.OrganizationRead) -> FleetSnapshot:
    dag_of = {m.name.lower(): m.dag for m in event.mailbox_servers if m.dag}
    for dag in event.dags:
        dag_of.update({name.lower(): dag.name for name in dag.servers})
    mailbox_of = {m.name.lower(): m for m in event.mailbox_servers}
    servers = {}
    for server in sorted(event.servers, key=lambda s: (dag_of.get(s.name.lower(), "~"), s.site, s.name)):
        known = fleet.servers.get(server.name)
        found = known or ServerSnapshot(server, poll_interval=fleet.status.interval)
        dag_name, mailbox = dag_of.get(server.name.lower(), ""), mailbox_of.get(server.name.lower())
        servers[server.name] = replace(found, server=server, dag=dag_name, mailbox=mailbox)
    status = replace(
        fleet.status,
        problem=None,
        organization_read_at=event.at,
        entry_server=event.entry_server,
        left_out=event.left_out,
        grants=event.grants,
    )
    return replace(fleet, status=status, dags=event.dags, servers=servers)


def _entry_failed(fleet: FleetSnapshot, event: e.EntryFailed) -> FleetSnapshot:
    """Nobody can be asked, so nothing is known of any server from now on."""
    servers = {
        n: s if s.problem else replace(s, problem=event.problem, last_attempt=event.at)
        for n, s in fleet.servers.items()
    }
    return replace(fleet, servers=servers, status=replace(fleet.status, problem=event.problem))


def with_cure(fleet: FleetSnapshot, more: str) -> FleetSnapshot:
    """With ``more`` said to what helps where nobody can be asked."""
    problem = fleet.status.problem
    if problem is None or problem.cure.endswith(more):
        return fleet
    told = replace(problem, cure=f"{problem.cure} {more}".strip())
    return replace(fleet, status=replace(fleet.status, problem=told))


def _server(server: ServerSnapshot, event: e.Event) -> ServerSnapshot:
    match event:
        case e.HealthRead():
            return _health(server, event)
        case e.HealthFailed():
            return replace(server, last_attempt=event.at, problem=event.problem)
        case e.DetailRead():
            return replace(
                server,
                health_sets=event.health_sets if event.health_sets is not None else server.health_sets,
                health_sets_read_at=event.at if event.health_sets is not None else server.health_sets_read_at,
                components=event.components if event.components is not None else server.components,
            )
        case e.SurveyRead():
            return _surveyed(server, event)
        case e.WinRMRead():
            return replace(server, winrm=_winrm(server.winrm, event.reading))
        case e.ProbeStarted():
            run = ProbeRun(event.run_id, event.identity, event.server, ProbePhase.RUNNING, event.at)
            return replace(server, probe_runs=(run, *server.probe_runs)[:PROBE_RUNS_KEPT])
        case e.ProbeEnded():
            return replace(server, probe_runs=tuple(_ended(r, event) for r in server.probe_runs))
        case _:
            return server


def _pace(interval: float, before: ServerSnapshot, at: datetime) -> float:
    """The pace a server is really read at: a large fleet on few shells is slower than it was told to
    be, and an answer is not stale because the next one takes its turn."""
    if before.last_success is None or before.problem is not None:
        return interval
    return min(max(interval, (at - before.last_success).total_seconds()), interval * 10)


def _health(server: ServerSnapshot, event: e.HealthRead) -> ServerSnapshot:
    read_all = event.health_sets is not None
    return replace(
        server,
        last_attempt=event.at,
        last_success=event.at,
        problem=None,
        readings=event.readings,
        monitors=event.monitors,
        route=event.route,
        health_sets=event.health_sets if read_all else server.health_sets,
        health_sets_read_at=event.at if read_all else server.health_sets_read_at,
    )


def _surveyed(server: ServerSnapshot, event: e.SurveyRead) -> ServerSnapshot:
    """What could not be read stays as it was; nothing read is no survey."""
    if event.components is None and event.copies is None:
        return server
    return replace(
        server,
        components=event.components if event.components is not None else server.components,
        copies=event.copies if event.copies is not None else server.copies,
        surveyed_at=event.at,
    )


def _winrm(old: WinRMReading, new: WinRMReading) -> WinRMReading:
    """A failed read keeps what was known, with the time it was known at, and says why it failed; so does each
    part that could not be read."""
    if new.problem is not None:
        return replace(old, problem=new.problem, unread=())
    known: dict[str, Any] = {u.part.value: getattr(old, u.part.value) for u in new.unread}
    return replace(new, **known)


def _ended(run: ProbeRun, event: e.ProbeEnded) -> ProbeRun:
    if run.id != event.run_id:
        return run
    return replace(
        run,
        phase=ProbePhase.FAILED if event.problem else ProbePhase.FINISHED,
        finished_at=event.at,
        result=event.result,
        warnings=event.warnings,
        problem=event.problem,
    )


def abandoned(fleet: FleetSnapshot, run_id: str) -> FleetSnapshot:
    """The picture in which nobody waits for that probe run any more."""
    for server in fleet.servers.values():
        if any(r.id == run_id and r.waiting for r in server.probe_runs):
            runs = tuple(replace(r, waiting=False) if r.id == run_id else r for r in server.probe_runs)
            return with_server(fleet, replace(server, probe_runs=runs))
    return fleet


def aged(fleet: FleetSnapshot, now: datetime) -> FleetSnapshot:
    """The picture as time passes: how well each server is heard at ``now``."""
    changed = {
        name: replace(server, reach=reach)
        for name, server in fleet.servers.items()
        if (reach := _reach(server, now)) is not server.reach
    }
    return replace(fleet, servers={**fleet.servers, **changed}) if changed else fleet


def _reach(server: ServerSnapshot, now: datetime) -> Reach:
    problem = server.problem
    return reach_at(
        server.last_success,
        server.last_attempt,
        server.poll_interval,
        problem is not None,
        now,
        denied=problem is not None and problem.denied,
    )


def with_interval(fleet: FleetSnapshot, seconds: float) -> FleetSnapshot:
    """The picture after the poll rate was changed."""
    servers = {n: replace(s, poll_interval=seconds) for n, s in fleet.servers.items()}
    return replace(fleet, servers=servers, status=replace(fleet.status, interval=seconds))
