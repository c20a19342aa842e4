"""The lab's own record of every command it executed and every change of state.

Tests compare what the product says with what is written here. Passwords never get in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_SECRET_WORDS = ("password", "credential")
CUT = "*****"


def _real_now() -> datetime:
    return datetime.now(UTC)


def without_secrets(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON values, secrets replaced."""
    return {
        name: CUT if any(word in name.lower() for word in _SECRET_WORDS) else _plain(value)
        for name, value in parameters.items()
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return without_secrets({str(k): v for k, v in value.items()})
    return str(value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a ``command`` (cmdlet, parameters, outcome) or a ``change`` (detail says of what)."""

    seq: int
    simulated: datetime
    real: datetime
    kind: str
    server: str
    user: str = ""
    cmdlet: str = ""
    parameters: Mapping[str, Any] | None = None
    outcome: str = ""
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "simulated": self.simulated.isoformat(),
            "real": self.real.isoformat(),
            "kind": self.kind,
            "server": self.server,
            "user": self.user,
            "cmdlet": self.cmdlet,
            "parameters": dict(self.parameters or {}),
            "outcome": self.outcome,
            "detail": self.detail,
        }


class Ledger:
    """Append-only; the oldest entries are dropped beyond ``limit``, and counted."""

    def __init__(
        self,
        at: Callable[[float], datetime],
        *,
        limit: int = 200_000,
        real: Callable[[], datetime] = _real_now,
    ) -> None:
        self.at = at
        self._real = real
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._seq = 0

    @property
    def dropped(self) -> int:
        return self._seq - len(self._entries)

    @property
    def last(self) -> int:
        """Sequence number of the newest entry; 0 while there is none."""
        return self._seq

    def command(
        self,
        t: float,
        server: str,
        user: str,
        cmdlet: str,
        parameters: Mapping[str, Any],
        outcome: str,
        detail: str = "",
    ) -> Entry:
        return self._add(
            t, "command", server, user, cmdlet, without_secrets(parameters), outcome=outcome, detail=detail
        )

    def change(self, t: float, server: str, what: str, detail: str = "", by: str = "") -> Entry:
        """``what``: short word for the kind of change (outcome); ``by``: who did it."""
        return self._add(t, "change", server, by, outcome=what, detail=detail)

    def _add(
        self,
        t: float,
        kind: str,
        server: str,
        user: str,
        cmdlet: str = "",
        parameters: Mapping[str, Any] | None = None,
        *,
        outcome: str,
        detail: str,
    ) -> Entry:
        self._seq += 1
        entry = Entry(
            self._seq, self.at(t), self._real(), kind, server, user, cmdlet, parameters, outcome, detail
        )
        self._entries.append(entry)
        return entry

    def since(self, seq: int = 0) -> list[Entry]:
        """Entries with a higher number than ``seq``, oldest first."""
        if not self._entries or seq >= self._seq:
            return []
        skip = max(0, seq - self.dropped)
        return list(self._entries)[skip:]
