"""One line of a protocol log."""

from __future__ import annotations

from datetime import datetime

import msgspec


class LogRow(msgspec.Struct, frozen=True):
    """A line taken apart (exchange-facts §4.2). All texts are harmless: control characters made visible.

    ``at``: aware, UTC. ``duration``: ms. ``request``, ``response``: bytes. A number that is empty or none is
    None. ``others``: columns this program has no name for (``puid`` of newer builds, and what may come), in
    their order. ``line``: the whole line, never cut. ``problem``: why it could not be read as a row; then
    whatever could not be told is empty. ``assumed``: no header was seen, the usual columns were taken.
    """

    at: datetime | None
    session: str
    sequence: int | None
    server_end: str
    client_end: str
    user: str
    duration: int | None
    request: int | None
    response: int | None
    command: str
    parameters: str
    context: str
    others: tuple[tuple[str, str], ...]
    line: str
    problem: str = ""
    assumed: bool = False
