"""How long probes took, lately: a bounded ring for each probe of each server. No clock, no screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from cockpit.fleet.snapshot import ProbeRun, ServerSnapshot
from cockpit.frozen import dataclass

KEPT: Final = 64
"""Results kept of one probe on one server."""


@dataclass(frozen=True, slots=True)
class Latency:
    """One result. ``at``: seconds since the epoch by our clock; ``ms``: SampleValue (exchange-facts §2.4:
    milliseconds for POP)."""

    at: float
    ms: float
    succeeded: bool


def probe_of(identity: str) -> str:
    """The probe without its target, in lower case: ``SET\\PROBE`` of ``SET\\PROBE\\TARGET``."""
    return "\\".join(identity.casefold().split("\\")[:2])


class Latencies:
    """All rings, by server and probe."""

    def __init__(self) -> None:
        self._rings: dict[tuple[str, str], deque[Latency]] = {}
        self._runs: dict[str, frozenset[str]] = {}

    def of(self, server: str, identity: str) -> tuple[Latency, ...]:
        """Oldest first."""
        return tuple(self._rings.get((server.casefold(), probe_of(identity)), ()))

    def saw(self, servers: Iterable[ServerSnapshot]) -> None:
        """Take the results that are new in these pictures."""
        for server in servers:
            known = self._runs.get(server.name, frozenset())
            done = [run for run in server.probe_runs if run.result is not None]
            for run in reversed(done):
                if run.id not in known:
                    self._add(server.name, run)
            if done or known:
                self._runs[server.name] = frozenset(run.id for run in done)

    def remembered(self, server: str, identity: str, before: Iterable[Latency]) -> None:
        """Put results of earlier days, oldest first, before those that were seen here."""
        ring = self._ring(server, identity)
        first = ring[0].at if ring else float("inf")
        older = [each for each in before if each.at < first]
        room = KEPT - len(ring)
        ring.extendleft(reversed(older[-room:] if room else ()))

    def _add(self, server: str, run: ProbeRun) -> None:
        if run.result is None or run.finished_at is None or run.result.sample_value <= 0:
            return
        made = Latency(run.finished_at.timestamp(), run.result.sample_value, run.result.succeeded)
        self._ring(server, run.identity).append(made)

    def _ring(self, server: str, identity: str) -> deque[Latency]:
        key = (server.casefold(), probe_of(identity))
        return self._rings.setdefault(key, deque(maxlen=KEPT))
