"""``status --textfile``: the states as a text file for the textfile collector of a Prometheus node_exporter
(docs/telling.md).

The exposition format is Prometheus' own [D]. What node_exporter makes of a file [D]: it reads ``*.prom``, it
refuses one that has a series twice, or times beside the values.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cockpit import __version__
from cockpit.commands import report
from cockpit.commands.saying import SaidError
from cockpit.commands.status_shown import Asked
from cockpit.config.language import _
from cockpit.exchange import catalogue
from cockpit.fleet.rollup import exit_code, health_set_state, monitor_state, server_state
from cockpit.fleet.snapshot import FleetSnapshot, ServerSnapshot
from cockpit.fleet.states import State

MODE: Final = 0o644
"""Another user, that of the node_exporter, is to read it; nothing in it is secret."""
PREFIX: Final = "pop_cockpit_"
_CODES: Final = "0 healthy, 1 degraded or stale, 2 unhealthy, 3 unknown, unreachable or not monitored"
_HELP: Final = {
    "build_info": "The version of pop-cockpit that wrote this; always 1.",
    "written_timestamp_seconds": "When this was written. Nothing here says anything of a time much later.",
    "organization_up": "Whether the organization could be read at all.",
    "organization_read_timestamp_seconds": "When the list of servers was last read.",
    "exit_code": f"Of pop-cockpit status: {_CODES}.",
    "servers": "How many servers are in each state.",
    "server_code": f"The state of a server: {_CODES}.",
    "server_state": "The state of a server in a word; always 1.",
    "server_last_success_timestamp_seconds": "When a server last answered; not there if it never did.",
    "health_set_code": f"The state of a POP health set: {_CODES}.",
    "health_set_state": "The state of a POP health set in a word; always 1.",
    "monitor_code": f"The state of a monitor: {_CODES}.",
    "monitor_state": "The state of a monitor in a word; always 1.",
}
"""In English, and the same in every file: node_exporter wants one text for a name, whatever file has it."""

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Series:
    """Values by name and labels; of two for the same the greater, which for a code is not the better one."""

    environment: str
    values: dict[str, dict[Labels, float]] = field(default_factory=lambda: {name: {} for name in _HELP})

    def add(self, name: str, value: float, **labels: str) -> None:
        key = (("environment", self.environment), *labels.items())
        held = self.values[name]
        held[key] = max(value, held.get(key, value))

    def lines(self) -> Iterator[str]:
        for name, held in self.values.items():
            if held:
                yield f"# HELP {PREFIX}{name} {_escaped(_HELP[name])}"
                yield f"# TYPE {PREFIX}{name} gauge"
            for labels, value in held.items():
                shown = ",".join(f'{key}="{_escaped(text, quotes=True)}"' for key, text in labels)
                yield f"{PREFIX}{name}{{{shown}}} {_number(value)}"


def _escaped(text: str, *, quotes: bool = False) -> str:
    found = text.replace("\\", "\\\\").replace("\n", "\\n")
    return found.replace('"', '\\"') if quotes else found


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def text(fleet: FleetSnapshot, asked: Asked, code: int, at: datetime) -> str:
    """The whole file. A server that was not heard has no healthy part in it."""
    series = _Series(asked.environment.name)
    series.add("build_info", 1, version=__version__)
    series.add("written_timestamp_seconds", at.timestamp())
    series.add(
        "organization_up", fleet.status.problem is None and fleet.status.organization_read_at is not None
    )
    if fleet.status.organization_read_at is not None:
        series.add("organization_read_timestamp_seconds", fleet.status.organization_read_at.timestamp())
    series.add("exit_code", code)
    servers = report.chosen(fleet, asked.only)
    for state in State:
        series.add("servers", sum(server_state(s) is state for s in servers), state=state.word)
    for server in servers:
        _add_server(series, server)
    return "\n".join(series.lines()) + "\n"


def _add_server(series: _Series, server: ServerSnapshot) -> None:
    name, state = server.name, server_state(server)
    series.add("server_code", exit_code([state]), server=name, dag=server.dag, site=server.server.site)
    series.add("server_state", 1, server=name, state=state.word)
    if server.last_success is not None:
        series.add("server_last_success_timestamp_seconds", server.last_success.timestamp(), server=name)
    for health_set in catalogue.expected_health_sets(server.server.version, server.server.roles):
        found = report.under(server, health_set_state(server, health_set))
        series.add("health_set_code", exit_code([found]), server=name, health_set=health_set)
        series.add("health_set_state", 1, server=name, health_set=health_set, state=found.word)
    for row in server.monitors:
        found = report.under(server, monitor_state(row))
        labels = {"server": name, "health_set": row.health_set_name, "monitor": row.name}
        labels["target"] = row.target_resource
        series.add("monitor_code", exit_code([found]), **labels)
        series.add("monitor_state", 1, **labels, state=found.word)


def refuse(path: Path) -> None:
    """Raises ConfigError where ``path`` can be seen not to be writable, before anybody is asked anything."""
    if path.is_dir():
        sentence = _("--textfile {file}: is a folder. Name a file in it, such as {example}.")
        raise SaidError(sentence.format(file=path, example=path / "pop.prom"))
    if not path.parent.is_dir():
        sentence = _("--textfile {file}: there is no folder {folder}. Make it first.")
        raise SaidError(sentence.format(file=path, folder=path.parent))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        sentence = _("--textfile {file}: {folder} may not be written to. Choose another folder.")
        raise SaidError(sentence.format(file=path, folder=path.parent))


def write_or_refuse(path: Path, content: str) -> None:
    """As ``write``. Raises ConfigError."""
    try:
        write(path, content)
    except OSError as error:
        sentence = _("--textfile {file}: cannot be written: {reason}. Mend that.")
        raise SaidError(sentence.format(file=path, reason=error.strerror)) from None


def write(path: Path, content: str) -> None:
    """Put ``content`` in the place of ``path`` at once: nobody ever reads half of it. Raises OSError."""
    # Hidden and not *.prom: node_exporter leaves it alone, also where we are killed now.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), MODE)
            file.write(content)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
