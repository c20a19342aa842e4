"""``status`` in words, JSON and CSV: plain functions from a picture to text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.model import MonitorHealthEntry
from cockpit.exchange.text import inert_cell
from cockpit.fleet.rollup import State, health_set_state, monitor_state, reading_of, server_state
from cockpit.fleet.snapshot import FleetSnapshot, ServerSnapshot

COLUMNS = ("server", "health_set", "monitor", "target", "alert_value", "state", "since", "last_run", "stale")


def chosen(fleet: FleetSnapshot, only: frozenset[str]) -> list[ServerSnapshot]:
    """The servers to report on: those asked for, else all with a POP tier."""
    wanted = (s for s in fleet.servers.values() if not only or s.name.lower() in only)
    return [s for s in wanted if catalogue.tiers(s.server.version, s.server.roles)]


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def as_dict(fleet: FleetSnapshot, only: frozenset[str], environment: str, exit_code: int) -> dict[str, Any]:
    """The whole report as plain data; times are ISO 8601 in UTC."""
    problem = fleet.status.problem
    return {
        "environment": environment,
        "entry_server": fleet.status.entry_server,
        "read_at": iso(fleet.status.organization_read_at),
        "problem": None if problem is None else str(problem),
        "exit_code": exit_code,
        "not_granted": list(fleet.status.grants.every_missing()),
        "servers": [server_dict(s, fleet) for s in chosen(fleet, only)],
    }


def under(server: ServerSnapshot, state: State) -> State:
    """A state of a part of ``server`` under what is still heard of the whole: old health is no health."""
    whole = server_state(server)
    return whole if whole in (State.UNREACHABLE, State.NOT_GRANTED, State.STALE) else state


def _under(server: ServerSnapshot, state: State) -> str:
    return under(server, state).word


def _route(server: ServerSnapshot, fleet: FleetSnapshot) -> dict[str, Any]:
    """Who answered the last read of ``server``; null where nothing has said so. Versions by the list of
    servers."""
    route = server.route
    return {
        "dialled": route.dialled or None,
        "front_end": route.front_end or None,
        "front_end_version": fleet.version_of(route.front_end) or None,
        "back_end": route.back_end or None,
        "back_end_version": fleet.version_of(route.back_end) or None,
        "elsewhere": route.elsewhere,
    }


def server_dict(server: ServerSnapshot, fleet: FleetSnapshot) -> dict[str, Any]:
    """One server of the report."""
    expected = catalogue.expected_health_sets(server.server.version, server.server.roles)
    return {
        "name": server.name,
        "fqdn": server.server.fqdn,
        "version": server.server.version.value,
        "site": server.server.site,
        "dag": server.dag,
        "state": server_state(server).word,
        "reach": server.reach.value,
        "last_success": iso(server.last_success),
        "problem": None if server.problem is None else str(server.problem),
        "answered": _route(server, fleet),
        "health_sets": [_health_set(server, name) for name in expected],
    }


def _health_set(server: ServerSnapshot, name: str) -> dict[str, Any]:
    reading = reading_of(server, name)
    rows = [m for m in server.monitors if m.health_set_name.lower() == name.lower()]
    return {
        "name": name,
        "state": _under(server, health_set_state(server, name)),
        "outcome": None if reading is None or reading.outcome is None else reading.outcome.value,
        "warnings": [] if reading is None else list(reading.warnings),
        "monitors": [_monitor(server, m) for m in rows],
    }


def _monitor(server: ServerSnapshot, entry: MonitorHealthEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "target_resource": entry.target_resource,
        "alert_value": entry.alert_value,
        "state": _under(server, monitor_state(entry)),
        "is_stale": entry.is_stale,
        "last_transition_time": iso(entry.last_transition_time),
        "first_alert_observed_time": iso(entry.first_alert_observed_time),
        "last_execution_time": iso(entry.last_execution_time),
        "last_execution_result": entry.last_execution_result,
        "error": entry.error,
    }


def rows(fleet: FleetSnapshot, only: frozenset[str]) -> list[tuple[str, ...]]:
    """One row a monitor under ``COLUMNS``; a health set without monitors is one row that says why."""
    return [row for server in chosen(fleet, only) for row in server_rows(server)]


def server_rows(server: ServerSnapshot) -> list[tuple[str, ...]]:
    """Those of one server."""
    found: list[tuple[str, ...]] = []
    for name in catalogue.expected_health_sets(server.server.version, server.server.roles):
        monitors = [m for m in server.monitors if m.health_set_name.lower() == name.lower()]
        if monitors:
            found += (_row(server, m) for m in monitors)
        else:
            word = _under(server, health_set_state(server, name))
            found.append((server.name, name, "", "", "", word, "", "", ""))
    return found


def _row(server: ServerSnapshot, entry: MonitorHealthEntry) -> tuple[str, ...]:
    return (
        server.name,
        entry.health_set_name,
        entry.name,
        entry.target_resource,
        entry.alert_value,
        _under(server, monitor_state(entry)),
        iso(entry.last_transition_time) or "",
        iso(entry.last_execution_time) or "",
        N_("yes") if entry.is_stale else N_("no"),
    )


def as_json(report: dict[str, Any], *, one_line: bool = False) -> str:
    return json.dumps(report, ensure_ascii=False, indent=None if one_line else 2)


def as_csv(table: Iterable[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS) -> str:
    """CSV with a header. A cell that a spreadsheet would run as a formula is put in quotes by ``'``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([inert_cell(cell) for cell in row] for row in table)
    return out.getvalue()
