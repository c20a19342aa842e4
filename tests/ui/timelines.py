"""A timeline to look at, and one in memory that can fail: no database, no clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cockpit.fleet.latency import Latency
from cockpit.fleet.sightings import Kind, Sighting
from cockpit.fleet.watching import Span
from cockpit.journal.errors import JournalError
from cockpit.journal.records import Actor
from cockpit.journal.timeline_records import Away, Deed, Entry, Past, Watch, past
from tests.ui.fleets import NOW

AT = NOW.timestamp()
HOUR = 3600.0
ANN = r"ann as CORP\svc-pop"
PROBE = r"POP\PopCTPProbe"


def night() -> tuple[Entry, ...]:
    """What an operator finds in the morning, one of every kind."""
    monitor = {"health_set": "POP", "what": "PopCTPMonitor", "target": "POP"}

    def alert(ago: float, server: str, former: str, value: str, seen: float = 0.2, **more: object) -> Entry:
        about = {**monitor, **more, "former": former, "value": value, "seen_at": AT - (ago - seen) * 60}
        return Entry(AT - ago * 60, Kind.ALERT.value, server, told=True, **about)  # type: ignore[arg-type]

    return (
        alert(21, "EX01", "Healthy", "Unhealthy", detail="Proxy connection was refused"),
        alert(75, "EX03", "Healthy", "Healthy", seen=70),
        Entry(
            AT - 20 * 60, Kind.ACTION.value, "EX01", "", "RestartService", "MSExchangePop3", "", "Succeeded",
            "PopCTPRestart", "", AT - 15 * 60, True,
        ),
        Entry(
            AT - 18 * 60, Kind.ACTION.value, "EX01", "", "RestartService", "MSExchangePop3", "", "Failed",
            "PopCTPRestart", "the service did not stop in time", AT - 15 * 60, True,
        ),
        Entry(AT - 17 * 60, Kind.PROBE.value, "EX01", "", PROBE, "", "", "Failed", ANN, "refused",
              AT - 17 * 60, False, 30112.0),
        Entry(AT - 12 * 60, Kind.REACH.value, "EX04", former="live", value="unreachable", seen_at=AT - 720,
              detail="No answer: connection timed out after 10 s"),
        Entry(AT - 11 * 60, Kind.ROWS.value, "EX07", "POP", former="rows", value="empty, with a warning",
              seen_at=AT - 660, detail="The health manager service on EX07 is not running."),
        Entry(AT - 10 * 60, Kind.STALE.value, "EX09", "POP", "PopCTPMonitor", "POP", "runs again", "stale",
              seen_at=AT - 600),
        Entry(AT - 16 * 60, Deed.RUN.value, "EX01", what="front-end", target="PopCTPMonitor",
              value="started", by=ANN, run="4f2a1b3c9d"),
        Entry(AT - 14 * 60, Deed.STEP.value, "EX01", what="service", target="PopCTPMonitor", value="applied",
              by=ANN, detail="Restart-Service -Name 'MSExchangePop3' -Force", run="4f2a1b3c9d"),
        Entry(AT - 9 * 60, Deed.RUN.value, "EX01", what="front-end", target="PopCTPMonitor",
              value="recovered", by=ANN, run="4f2a1b3c9d", detail="PopCTPMonitor is Healthy"),
    )  # fmt: skip


WATCHES = (
    Watch(AT - 5 * HOUR, AT - 3 * HOUR, ANN, "10.0.0.7", "jump1/1/a", True),
    Watch(AT - 1.5 * HOUR, AT, "bob", "10.0.0.8", "jump1/2/b", False),
)


def told(server: str = "", entries: Sequence[Entry] | None = None) -> Past:
    chosen = [e for e in (night() if entries is None else entries) if not server or e.server == server]
    return past(chosen, WATCHES, AT - 6 * HOUR, AT)


AWAY = Away(AT - 3 * HOUR, 5, 2, 1, 5, (Span(AT - 3 * HOUR, AT - 1.5 * HOUR),))


@dataclass
class FakeTimeline:
    """Keeps what it is given; fails while ``problem`` says so."""

    actor: Actor = field(default_factory=lambda: Actor(ANN, "10.0.0.7", "jump1/9/z", "test"))
    since: float | None = None
    gone: Away = AWAY
    entries: tuple[Entry, ...] = field(default_factory=night)
    remembered: dict[tuple[str, str], list[Latency]] = field(default_factory=dict)
    problem: str = ""
    written: list[Sighting] = field(default_factory=list)
    spans: list[tuple[Span, bool]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    place: int = 1
    prunes: list[int] = field(default_factory=list)
    closed: bool = False
    block: Callable[[], object] = lambda: None

    def _may(self) -> None:
        self.block()
        if self.problem:
            raise JournalError(self.problem)

    def write(self, sightings: Sequence[Sighting]) -> int:
        self._may()
        self.written += sightings
        return len(sightings)

    def watched(self, span: Span, *, ended: bool = False) -> None:
        self._may()
        self.spans.append((span, ended))

    def prune(self) -> int:
        self._may()
        return self.prunes.pop(0) if self.prunes else 0

    def now(self) -> float:
        return AT

    def position(self) -> int:
        self._may()
        return self.place

    def past(self, since: float, server: str = "") -> Past:
        self.asked.append(server)
        return told(server, self.entries)

    def away_since(self, operator: str, process: str) -> float | None:
        self._may()
        return self.since

    def away(self, since: float, operator: str) -> Away:
        assert (since, operator) == (self.since, ANN)
        return self.gone

    def latencies(self) -> dict[tuple[str, str], list[Latency]]:
        return self.remembered

    def close(self) -> None:
        self.closed = True


def latencies(
    *values: float, server: str = "EX01", ended: float = 0.0
) -> dict[tuple[str, str], list[Latency]]:
    """Results a minute apart, up to ``ended`` seconds ago; a negative one failed."""
    start = AT - ended - 60.0 * len(values)
    ring = [Latency(start + 60.0 * n, abs(ms), ms > 0) for n, ms in enumerate(values)]
    return {(server, PROBE): ring}
