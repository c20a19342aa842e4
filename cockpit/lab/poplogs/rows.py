"""Rows of a protocol log as bytes (exchange-facts §4.2), and the lines at a file's beginning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from cockpit.exchange.model import Version
from cockpit.lab.organization import Server

FRONT: Final = "POP3"
BACK: Final = "POP3BE"

_COLUMNS: Final = (
    "dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context"
)
_NEEDS_QUOTES: Final = frozenset(' ,";')


class Row(NamedTuple):
    """One row but for its time. ``session``: number of the session within its process; ``duration``: ms;
    ``request``, ``response``: bytes."""

    session: int
    sequence: int
    server_end: str
    client_end: str
    user: str
    duration: int
    request: int
    response: int
    command: str
    parameters: str
    context: str


def columns(server: Server) -> str:
    """Builds from 2016 on have ``puid`` at the end [C]."""
    return f"{_COLUMNS},puid" if has_puid(server) else _COLUMNS


def has_puid(server: Server) -> bool:
    return server.version is not Version.E2013


def stamp(moment: datetime) -> str:
    """UTC with milliseconds and ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def header(server: Server, moment: datetime) -> list[bytes]:
    """The bare CSV header first, then the ``#`` lines. ``puid`` stays empty: what it holds is not in the
    sheet."""
    names = columns(server)
    first, second, third, fourth = server.build
    return [
        f"{text}\r\n".encode()
        for text in (
            names,
            "#Software: Microsoft Exchange Server",
            f"#Version: {first:02d}.{second:02d}.{third:04d}.{fourth:03d}",
            "#Log-type: POP3 Log",
            f"#Date: {stamp(moment)}",
            f"#Fields: {names}",
        )
    ]


def line(row: Row, time: str, *, puid: bool) -> bytes:
    """One row with its end. The context is quoted where it holds a space, comma, quote or semicolon; the
    parameters where they hold a comma or a quote: the fixture leaves one with a space bare [C]."""
    context = row.context
    if not _NEEDS_QUOTES.isdisjoint(context):
        context = '"' + context.replace('"', '""') + '"'
    parameters = row.parameters
    if "," in parameters or '"' in parameters:
        parameters = '"' + parameters.replace('"', '""') + '"'
    return (
        f"{time},{row.session:016X},{row.sequence},{row.server_end},{row.client_end},{row.user},"
        f"{row.duration},{row.request},{row.response},{row.command},{parameters},{context}"
        f"{',' if puid else ''}\r\n"
    ).encode()


def quoted(value: str) -> str:
    """A value within a context: in quotes, its own doubled. How the real ones nest is not in the sheet."""
    return '"' + value.replace('"', '""') + '"'
