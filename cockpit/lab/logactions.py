"""Actions on the protocol logs. Fields: see ``actions.py``."""

from __future__ import annotations

from typing import Final

from cockpit.lab.actionkit import Action, BadRequestError, Context
from cockpit.lab.poplogs.logs import Process, ProtocolLogs
from cockpit.lab.poplogs.rows import BACK, FRONT
from cockpit.lab.poplogs.trouble import HOSTILE, write_hostile, write_partial


def _log(c: Context) -> tuple[ProtocolLogs, Process]:
    """The log of ``writer``. Raises BadRequestError where nobody writes it."""
    writer = str(c.body.get("writer", FRONT)).upper()
    if writer not in (FRONT, BACK):
        raise BadRequestError(f"writer takes {FRONT} or {BACK}")
    logs = c.simulation.logs
    process = logs.process(c.server, writer) if logs is not None else None
    if logs is None or process is None:
        raise BadRequestError(f"{c.server.name} writes no {writer} log")
    logs.flush(c.t)
    return logs, process


def _noted(c: Context, process: Process, what: str) -> None:
    c.change("protocol log", f"{process.writer} {what}")


def _roll(c: Context) -> None:
    _, process = _log(c)
    process.files.roll()
    _noted(c, process, "rolls over")


def _truncate(c: Context) -> None:
    _, process = _log(c)
    _noted(c, process, f"{process.files.current} truncated")
    process.files.truncate()


def _replace(c: Context) -> None:
    logs, process = _log(c)
    _noted(c, process, f"{process.files.current} replaced")
    process.files.replace(logs.moment(c.server, c.t))


def _hostile(c: Context) -> None:
    logs, process = _log(c)
    kinds = c.body.get("kinds", ())
    if not isinstance(kinds, list | tuple) or not set(kinds) <= set(HOSTILE):
        raise BadRequestError(f"kinds takes a list of: {', '.join(HOSTILE)}")
    count = write_hostile(logs, process, tuple(kinds), c.t)
    _noted(c, process, f"{count} hostile lines")


def _half(c: Context) -> None:
    logs, process = _log(c)
    write_partial(logs, process, c.t, goes_on=c.flag("goes_on") if "goes_on" in c.body else False)
    _noted(c, process, "a line without its end")


LOG_ACTIONS: Final[dict[str, Action]] = {
    "roll-log": _roll,
    "truncate-log": _truncate,
    "replace-log": _replace,
    "write-hostile": _hostile,
    "write-half": _half,
}
