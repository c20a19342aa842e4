"""``pop-cockpit status``: the monitors of the POP health sets. Its exit code is for monitoring plug-ins."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cockpit.commands import report
from cockpit.commands.output import end_in_order, reader_may_leave
from cockpit.commands.screen import begin_recording
from cockpit.config import secrets
from cockpit.config.environment import ConfigError, Environment
from cockpit.config.language import _
from cockpit.fleet.once import Follower, complete, read_once
from cockpit.fleet.recording_tape import Tape
from cockpit.fleet.rollup import exit_code, server_state
from cockpit.fleet.snapshot import FleetSnapshot, Problem

UNKNOWN = 3


def run(
    environment: Environment,
    server: str | None,
    watch: bool,
    form: str,
    timeout: float,
    color: bool,
    record: Path | None = None,
) -> int:
    """Print the status; the exit code of design §4. ``record``: the file that what is watched is recorded to.
    Raises ConfigError for a server nobody knows, and for a file that cannot be recorded to."""
    if record is not None and not watch:
        raise ConfigError("status --record: give --watch too; one look is printed, not recorded.")
    secret = secrets.password(environment)
    if record is None:
        # Services and boot times are not part of a status: the WinRM endpoints are left alone.
        polling = msgspec.structs.replace(environment.polling, winrm_interval=0.0)
        environment = msgspec.structs.replace(environment, polling=polling)
    only = frozenset({server.split(".")[0].lower()}) if server else frozenset[str]()
    end_in_order()
    if watch:
        with _recorded(environment, record) as tape:
            return _watch(environment, secret, server, only, form, color, tape)
    fleet = read_once(environment, secret, only, timeout)
    _check(fleet, environment, server, only)
    return _show(fleet, environment, only, form, color)


def _check(fleet: FleetSnapshot, environment: Environment, server: str | None, only: frozenset[str]) -> None:
    if server and fleet.servers and not any(name.lower() in only for name in fleet.servers):
        known, left_out = ", ".join(sorted(fleet.servers)), fleet.status.left_out
        more = f", and {left_out} that environment {environment.name} leaves out" if left_out else ""
        raise ConfigError(f"--server {server}: the organization has no such server. It has: {known}{more}.")


def _code(fleet: FleetSnapshot, only: frozenset[str]) -> int:
    if fleet.status.problem is not None:
        return UNKNOWN
    return exit_code(server_state(s) for s in report.chosen(fleet, only))


def _show(
    fleet: FleetSnapshot, environment: Environment, only: frozenset[str], form: str, color: bool
) -> int:
    code = _code(fleet, only)
    if not complete(fleet, only) and fleet.status.problem is None:
        code = max(code, UNKNOWN) if code != 2 else code
        _narrate(Problem("Not every server answered in time", cure="Give a longer --timeout."))
        _narrate(fleet.status.shortage)
    if fleet.status.problem is not None:
        _narrate(fleet.status.problem)
    if fleet.status.left_out:
        watched = len(fleet.servers)
        _narrate(
            Problem(
                f"{watched} of {watched + fleet.status.left_out} servers",
                f"include and exclude of environment {environment.name} leave out the others",
            )
        )
    for server in report.chosen(fleet, only):
        if server.problem is not None and server.problem != fleet.status.problem:
            _narrate(server.problem, server.name)
        for reading in server.readings:
            for warning in reading.warnings:
                print(f"{server.name} {reading.health_set}: {warning}", file=sys.stderr)
    with reader_may_leave():
        _print(fleet, environment, only, form, code, color)
    return code


def _print(
    fleet: FleetSnapshot, environment: Environment, only: frozenset[str], form: str, code: int, color: bool
) -> None:
    if form == "json":
        print(report.as_json(report.as_dict(fleet, only, environment.name, code)))
    elif form == "csv":
        print(report.as_csv(report.rows(fleet, only)), end="")
    else:
        _table(report.rows(fleet, only), color)


_STYLES = {
    "Unhealthy": "bold red",
    "unreachable": "bold red",
    "not granted": "bold red",
    "Degraded": "yellow",
    "Unknown": "magenta",
    "stale": "magenta",
    "Healthy": "green",
}


WIDE = 130
"""Columns that the whole table needs; below that only what fits 80 is shown."""
PIPE_WIDTH = 400
"""A pipe has no width: a row must stay one line there."""
_NARROW = ("server", "monitor", "state", "since")


def _table(rows: list[tuple[str, ...]], color: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(no_color=not color, highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH  # Rich takes no width for one print above the console's own
    wide = not console.is_terminal or console.width >= WIDE
    columns = report.COLUMNS if wide else _NARROW
    picked = [report.COLUMNS.index(column) for column in columns]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.replace("_", " "), no_wrap=True, overflow="ellipsis")
    for row in rows:
        # A health set without monitors still says which one it is.
        named = row if row[2] or wide else (*row[:2], row[1], *row[3:])
        table.add_row(*(Text(named[n], style=_STYLES.get(named[n], "")) for n in picked))
    console.print(table, crop=False)


def _narrate(problem: Problem | None, server: str = "") -> None:
    if problem is None:
        return
    text = f"{server}: {problem}" if server and server not in str(problem) else str(problem)
    print(". ".join(part.rstrip(".") for part in (text, problem.cure) if part) + ".", file=sys.stderr)


@contextmanager
def _recorded(environment: Environment, path: Path | None) -> Iterator[Tape | None]:
    """A tape that records to ``path`` while it lasts; what ends it early is narrated. Raises ConfigError."""
    if path is None:
        yield None
        return
    tape = Tape(environment.name)
    tape.told = lambda words: print(words, file=sys.stderr, flush=True)
    begin_recording(tape, path)
    print(_("Recording to {file}").format(file=path), file=sys.stderr, flush=True)
    try:
        yield tape
    finally:
        tape.end()


def _watch(
    environment: Environment,
    secret: secrets.Secret | None,
    server: str | None,
    only: frozenset[str],
    form: str,
    color: bool,
    tape: Tape | None,
) -> int:
    """Print the status whenever it changes, until interrupted. JSON: one document a line."""
    shown: list[tuple[str, ...]] | None = None
    told: Problem | None = None
    code = UNKNOWN
    with Follower(environment, secret, only, tape) as follower:
        for fleet in follower.pictures():
            if not complete(fleet, only):
                continue
            _check(fleet, environment, server, only)
            code = _code(fleet, only)
            if fleet.status.problem not in (None, told):
                _narrate(fleet.status.problem)
            told = fleet.status.problem
            # The time of the last run changes with every read: it alone is no news.
            rows = [(*row[:7], *row[8:]) for row in report.rows(fleet, only)]
            if rows == shown:
                continue
            shown = rows
            if form == "json":
                line = report.as_json(report.as_dict(fleet, only, environment.name, code), one_line=True)
                print(line, flush=True)
            else:
                _print(fleet, environment, only, form, code, color)
                print(flush=True)
    return code
