"""A collector that plays a fleet: the frames of ``cockpit.fleet.process``, with no server behind them.

``python -m tests.benchmarks.playing``, started by ``played`` in the place of the product's. The lab's servers
do not change as wanted: here every server is read once in the environment's interval, and with each read
``SHARE`` of the monitors change their AlertValue: half of them fall ill, and those that were ill are well
again by the next read. As the real one it sends a diff four times a second at most, and heeds a pause, for
which no server grows stale here. PLAYED_SERVERS among the variables: how many there are.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from cockpit.config.child import framed, read_frame
from cockpit.exchange import catalogue
from cockpit.exchange.model import ExchangeServer, MonitorHealthEntry, Outcome, Role, Version
from cockpit.fleet.messages import Pause, decode_command, encode
from cockpit.fleet.process import Hello
from cockpit.fleet.snapshot import (
    CollectorStatus,
    FleetDiff,
    FleetSnapshot,
    HealthSetReading,
    Reach,
    ServerSnapshot,
    diff,
)

SHARE: Final = 0.05
EMIT_SECONDS: Final = 0.25
NEVER_STALE: Final = 86_400.0
"""The pace at which servers are said to be read."""
SERVERS_IN_A_DAG: Final = 8
VARIABLE: Final = "PLAYED_SERVERS"
_ROLES: Final = frozenset({Role.MAILBOX})


def _monitor(server: str, name: str, now: datetime) -> MonitorHealthEntry:
    known = catalogue.MONITORS[name]
    return MonitorHealthEntry(
        server=server,
        name=name,
        target_resource=known.health_set,
        health_set_name=known.health_set,
        alert_value="Healthy",
        last_transition_time=now - timedelta(days=3),
        last_execution_time=now,
        last_execution_result="Succeeded",
    )


def _server(number: int, now: datetime) -> ServerSnapshot:
    name = f"EX{number:03}"
    return ServerSnapshot(
        server=ExchangeServer(
            name=name,
            fqdn=f"{name.lower()}.lab.example",
            version=Version.E2019,
            build="15.2.1544.11",
            roles=_ROLES,
            site="Site",
        ),
        dag=f"DAG{number // SERVERS_IN_A_DAG + 1:02}",
        reach=Reach.LIVE,
        last_success=now,
        last_attempt=now,
        poll_interval=NEVER_STALE,
        readings=_readings(now),
        monitors=tuple(
            _monitor(name, m.name, now) for m in catalogue.expected_monitors(Version.E2019, _ROLES)
        ),
    )


def _readings(now: datetime) -> tuple[HealthSetReading, ...]:
    sets = catalogue.expected_health_sets(Version.E2019, _ROLES)
    return tuple(HealthSetReading(name, Outcome.ROWS, now) for name in sets)


def _read(server: ServerSnapshot, now: datetime, chance: random.Random) -> ServerSnapshot:
    """The server as the next read finds it."""

    def next_of(monitor: MonitorHealthEntry) -> MonitorHealthEntry:
        ran = replace(monitor, last_execution_time=now)
        ill = monitor.alert_value != "Healthy"
        if not ill and chance.random() >= SHARE / 2:
            return ran
        return replace(ran, alert_value="Healthy" if ill else "Unhealthy", last_transition_time=now)

    return replace(
        server,
        last_success=now,
        last_attempt=now,
        readings=_readings(now),
        monitors=tuple(map(next_of, server.monitors)),
    )


class Player:
    """Sends what changes, a few servers at a time, until stdin ends."""

    def __init__(self, servers: int, interval: float) -> None:
        self._chance = random.Random(1)
        self._interval = interval
        now = datetime.now(UTC)
        made = (_server(n + 1, now) for n in range(servers))
        status = CollectorStatus(
            interval=interval, sessions=servers, entry_server="EX001", organization_read_at=now
        )
        self._fleet = FleetSnapshot(1, status, (), {s.name: s for s in made})
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def run(self) -> None:
        self._send(diff(FleetSnapshot(), self._fleet))
        threading.Thread(target=self._listen, daemon=True).start()
        names = list(self._fleet.servers)
        at, due = 0.0, len(names) * EMIT_SECONDS / self._interval
        while not self._ended.wait(EMIT_SECONDS):
            if self._fleet.status.paused:
                continue
            before, at = int(at), at + due
            self._poll([names[n % len(names)] for n in range(before, int(at))])

    def _poll(self, names: list[str]) -> None:
        now = datetime.now(UTC)
        with self._lock:
            read = {name: _read(self._fleet.servers[name], now, self._chance) for name in names}
            self._move_to(replace(self._fleet, servers={**self._fleet.servers, **read}))

    def _move_to(self, fleet: FleetSnapshot) -> None:
        fleet = replace(fleet, seq=self._fleet.seq + 1)
        self._send(diff(self._fleet, fleet))
        self._fleet = fleet

    def _send(self, change: FleetDiff) -> None:
        try:
            sys.stdout.buffer.write(framed(encode(change)))
            sys.stdout.buffer.flush()
        except OSError:
            self._ended.set()

    def _listen(self) -> None:
        while (body := read_frame(sys.stdin.buffer)) is not None:
            command = decode_command(body)
            if isinstance(command, Pause):
                with self._lock:
                    status = replace(self._fleet.status, paused=command.paused)
                    self._move_to(replace(self._fleet, status=status))
        self._ended.set()


def main() -> None:
    first = read_frame(sys.stdin.buffer)
    if first is not None:
        hello = msgspec.msgpack.decode(first, type=Hello)
        Player(int(os.environ[VARIABLE]), hello.environment.polling.interval).run()


if __name__ == "__main__":
    main()
