"""``pop-cockpit status``: the monitors of the POP health sets. Its exit code is for monitoring plug-ins."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cockpit.commands import narrowing, status_metrics
from cockpit.commands.output import end_in_order, reader_may_leave
from cockpit.commands.saying import SaidError
from cockpit.commands.status_lines import Lines
from cockpit.commands.status_shown import Asked, lowered
from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.config.language import _
from cockpit.fleet.once import read_once
from cockpit.fleet.readers import now

HEARTBEAT = 30.0
"""Seconds between two heartbeats, where nothing else is said."""


def run(
    environment: Environment,
    server: str | None,
    watch: bool,
    form: str,
    timeout: float,
    color: bool,
    *,
    heartbeat: float = HEARTBEAT,
    textfile: Path | None = None,
    notify: bool = False,
    record: Path | None = None,
    wanted: str = "",
    by: str | None = None,
) -> int:
    """Print the status; the exit code of design §4. ``record``: the file that what is watched is recorded to.
    ``wanted``: a filter, ``by``: how servers are grouped. Raises ConfigError for a server nobody knows, for a
    ``textfile`` that cannot be written, for a file that cannot be recorded to, and for a filter that means
    nothing."""
    part = narrowing.from_options(wanted, by, environment.name)
    if part != narrowing.ALL and (form == "jsonl" or textfile is not None or notify):
        raise SaidError(_("--filter and --group-by: jsonl, --textfile and --notify tell of every server."))
    if record is not None and not watch:
        raise SaidError(_("status --record: give --watch too; one look is printed, not recorded."))
    secret = secrets.password(environment)
    if record is None:
        # Services and boot times are not part of a status: the WinRM endpoints are left alone.
        polling = msgspec.structs.replace(environment.polling, winrm_interval=0.0)
        environment = msgspec.structs.replace(environment, polling=polling)
    asked = Asked(environment, server, form, color, part)
    if textfile is not None:
        status_metrics.refuse(textfile)
    end_in_order()
    if watch:
        from cockpit.commands import status_watch

        return status_watch.run(asked, secret, heartbeat, textfile, notify=notify, record=record)
    fleet = read_once(environment, secret, asked.only, timeout)
    asked.check(fleet)
    code = lowered(fleet, asked, asked.code(fleet))
    asked.narrate_all(fleet)
    if textfile is not None:
        status_metrics.write_or_refuse(textfile, status_metrics.text(fleet, asked, code, now()))
    with reader_may_leave():
        if form == "jsonl":
            Lines(asked, None).show(fleet, now(), code, beat=True)
        else:
            asked.print(fleet, code)
    return code
