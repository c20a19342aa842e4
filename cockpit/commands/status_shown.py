"""``status`` on the terminal: the report in its form on stdout, what is to be said of it on stderr, and its
exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cockpit.commands import report
from cockpit.commands.narrowing import ALL, Narrowed, Narrowing, narrowed
from cockpit.commands.saying import SaidError
from cockpit.config.environment import Environment
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.fleet.once import complete
from cockpit.fleet.snapshot import FleetSnapshot, Problem, ServerSnapshot

UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a status is asked for. ``server``: as the user wrote it, None for all; ``form``: ``--format``;
    ``narrowing``: what of it, and in which groups."""

    environment: Environment
    server: str | None
    form: str
    color: bool
    narrowing: Narrowing = ALL

    def part(self, fleet: FleetSnapshot) -> Narrowed:
        """What is to be told of ``fleet``."""
        return narrowed(report.chosen(fleet, self.only), self.narrowing)

    @property
    def only(self) -> frozenset[str]:
        """Short names in lower case; empty: all."""
        return frozenset({self.server.split(".")[0].lower()}) if self.server else frozenset()

    def check(self, fleet: FleetSnapshot) -> None:
        """Raises ConfigError for a server that ``fleet`` does not have."""
        if self.server and fleet.servers and not any(name.lower() in self.only for name in fleet.servers):
            known, left_out = ", ".join(sorted(fleet.servers)), fleet.status.left_out
            words = (
                _(
                    "--server {server}: the organization has no such server. It has: {known}, and {count} "
                    "that environment {environment} leaves out."
                )
                if left_out
                else _("--server {server}: the organization has no such server. It has: {known}.")
            )
            raise SaidError(
                words.format(
                    server=self.server, known=known, count=left_out, environment=self.environment.name
                )
            )

    def code(self, fleet: FleetSnapshot) -> int:
        """The exit code that ``fleet`` stands for (design §4)."""
        if fleet.status.problem is not None:
            return UNKNOWN
        return self.part(fleet).exit_code

    def document(self, fleet: FleetSnapshot, code: int) -> dict[str, Any]:
        """The report as data."""
        whole = report.as_dict(fleet, self.only, self.environment.name, code)
        return self.part(fleet).document(whole)

    def print(self, fleet: FleetSnapshot, code: int) -> None:
        """One report on stdout."""
        if self.form == "json":
            print(report.as_json(self.document(fleet, code)))
            return
        part = self.part(fleet)
        rows = part.rows(report.rows(fleet, self.only))
        if self.form == "csv":
            print(_csv(rows, part), end="")
        elif part.groups is None:
            _table(rows, self.color)
        else:
            for number, (group, members) in enumerate(part.grouped(rows)):
                print("\n" * bool(number) + group.heading)
                _table(members, self.color)

    def narrate_all(self, fleet: FleetSnapshot) -> None:
        """Everything that is to be said of ``fleet``, but that it is not complete."""
        narrate(fleet.status.problem)
        if fleet.status.left_out:
            narrate(self._left_out(fleet))
        part = self.part(fleet)
        if not part.states and fleet.servers:
            narrate(Problem(N_("Nothing matches the filter, which says nothing about the servers")))
        for server in report.chosen(fleet, self.only):
            if not part.keeps(server.name):
                continue
            if server.problem is not None and server.problem != fleet.status.problem:
                narrate(server.problem, server.name)
            for reading in server.readings:
                for warning in reading.warnings:
                    print(f"{server.name} {reading.health_set}: {spoken(warning)}", file=sys.stderr)

    def _left_out(self, fleet: FleetSnapshot) -> Problem:
        watched = len(fleet.servers)
        return Problem(
            N_("{watched} of {count} servers").format(watched=watched, count=watched + fleet.status.left_out),
            N_("include and exclude of environment {environment} leave out the others").format(
                environment=self.environment.name
            ),
        )


_T = TypeVar("_T")


class PerServer(Generic[_T]):
    """What ``make`` makes of each server, made anew only where the server's picture is another one."""

    def __init__(self, make: Callable[[ServerSnapshot], _T]) -> None:
        self._make = make
        self._held: dict[str, tuple[ServerSnapshot, _T]] = {}

    def of(self, servers: Iterable[ServerSnapshot]) -> list[_T]:
        held = {}
        for server in servers:
            known = self._held.get(server.name)
            held[server.name] = (
                known if known is not None and known[0] is server else (server, self._make(server))
            )
        self._held = held
        return [made for _, made in held.values()]


def narrate(problem: Problem | None, server: str = "") -> None:
    """One sentence on stderr, in the operator's language; ``server``: whose problem it is."""
    if problem is None:
        return
    text = spoken(str(problem))
    text = f"{server}: {text}" if server and server not in str(problem) else text
    cure = spoken(problem.cure)
    print(". ".join(part.rstrip(".") for part in (text, cure) if part) + ".", file=sys.stderr)


def lowered(fleet: FleetSnapshot, asked: Asked, code: int) -> int:
    """``code`` of a picture that may not be complete; why it is not is said."""
    if complete(fleet, asked.only) or fleet.status.problem is not None:
        return code
    narrate(Problem(N_("Not every server answered in time"), cure=N_("Give a longer --timeout.")))
    narrate(fleet.status.shortage)
    return max(code, UNKNOWN) if code != 2 else code


def _csv(rows: list[tuple[str, ...]], part: Narrowed) -> str:
    """With groups: one column more, at the end."""
    if part.groups is None:
        return report.as_csv(rows)
    more = [(*row, group.title) for group, members in part.grouped(rows) for row in members]
    return report.as_csv(more, (*report.COLUMNS, "group"))


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
_HEADINGS = {
    "server": N_("server"),
    "health_set": N_("health set"),
    "monitor": N_("monitor"),
    "target": N_("target"),
    "alert_value": N_("alert value"),
    "state": N_("state"),
    "since": N_("since"),
    "last_run": N_("last run"),
    "stale": N_("stale"),
}
_OURS = frozenset({"state", "stale"})
"""Columns whose cells are our words; all else is said by Exchange."""


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
        table.add_column(_(_HEADINGS[column]), no_wrap=True, overflow="ellipsis")
    for row in rows:
        # A health set without monitors still says which one it is.
        named = row if row[2] or wide else (*row[:2], row[1], *row[3:])
        table.add_row(
            *(
                Text(spoken(named[n]) if column in _OURS else named[n], style=_STYLES.get(named[n], ""))
                for column, n in zip(columns, picked, strict=True)
            )
        )
    console.print(table, crop=False)
