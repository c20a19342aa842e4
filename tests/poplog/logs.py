"""Rows as servers write them, for the tests of sessions and traces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cockpit.poplog.document import Entry
from cockpit.poplog.names import Writer
from cockpit.poplog.parse import CLASSIC, Parser

START = datetime(2026, 1, 8, 8, 0, tzinfo=UTC)
USER = "HealthMailbox0f3a"


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def line(
    n: int,
    command: str,
    *,
    session: str = "0000000000000002",
    at: datetime | None = None,
    user: str = "",
    parameters: str = "",
    context: str = "",
    server_end: str = "10.0.0.1:995",
    client_end: str = "127.0.0.1:50002",
    duration: int = 5,
) -> str:
    """One line; ``context`` unquoted, as it is meant."""
    when = stamp(at or START + timedelta(milliseconds=100 * n))
    quoted = '"' + context.replace('"', '""') + '"' if any(c in context for c in ' ,";') else context
    cells = (when, session, str(n), server_end, client_end, user, str(duration), "10", "20")
    return ",".join((*cells, command, parameters, quoted))


def entries(
    lines: list[str],
    *,
    server: str = "EX01",
    writer: Writer | None = Writer.POP3,
    file: str = "POP32026010808-1.LOG",
    offset: int = 0,
) -> list[Entry]:
    """The entries of a file that holds these lines after its header."""
    parser = Parser()
    parser.line(",".join(CLASSIC).encode())
    found = []
    for text in lines:
        row = parser.line(text.encode())
        assert row is not None
        found.append(Entry(server, writer, file, offset, row))
        offset += len(text) + 2
    return found


def proxied(
    host: str = "EX02.contoso.test",
    *,
    session: str = "0000000000000002",
    user: str = USER,
    at: datetime = START,
    first: int = 0,
) -> list[str]:
    """A probe's session on the front end, proxied to ``host``, from start to end: 0.4 s."""

    def row(n: int, command: str, **rest: str) -> str:
        when = at + timedelta(milliseconds=100 * n)
        return line(n, command, session=session, at=when, **rest)  # type: ignore[arg-type]

    reply = f'R=ok;Msg="Proxy:{host}:1995:SSL;ProxySuccess"'
    whole = [
        row(0, "OpenSession"),
        row(1, "user", parameters=user, context="R=ok"),
        row(2, "pass", parameters="*****", user=user, context=reply),
        row(3, "quit", user=user, context="R=ok"),
        row(4, "CloseSession", user=user),
    ]
    return whole[first:]
