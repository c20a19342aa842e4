"""A load on a log: so many lines per second of real time, as whole sessions that run beside each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from cockpit.lab.health import HealthEngine
from cockpit.lab.organization import Server
from cockpit.lab.poplogs.logs import Process, ProtocolLogs, row_of
from cockpit.lab.poplogs.people import USERS, mailbox_of
from cockpit.lab.poplogs.rows import BACK, FRONT, Row
from cockpit.lab.poplogs.sessions import End, Login, back, front
from cockpit.lab.simulation import Simulation

BESIDE: Final = 6
"""Sessions that go on at once."""
_LONGEST: Final = 1.0
"""Seconds of lines that are made up for at most when the lab was held up."""


class Stream:
    """Endless rows for one process: its sessions, a step here and a step there."""

    def __init__(self, engine: HealthEngine, process: Process) -> None:
        self._organization = engine.organization
        self._process = process
        self._rng = random.Random(f"{process.server.name} {process.writer}")  # noqa: S311 - nothing secret
        self._running = [self._session() for _ in range(BESIDE)]

    def take(self, count: int) -> list[Row]:
        """The next ``count`` rows."""
        rows: list[Row] = []
        while len(rows) < count:
            place = self._rng.randrange(BESIDE)
            row = next(self._running[place], None)
            if row is None:
                self._running[place] = self._session()
            else:
                rows.append(row)
        return rows

    def _session(self) -> Iterator[Row]:
        """Rows of one session; it gets its number when it begins."""
        rng, server = self._rng, self._process.server
        databases = self._organization.front_end_targets(server) or [
            d for d in self._organization.databases.values() if d.copy_on(server.name) is not None
        ]
        mailbox = mailbox_of(rng.choice(databases), rng.randrange(USERS)) if databases else "nobody"
        target = self._organization.server(rng.choice(databases).active) if databases else server
        own = self._organization.address(server)
        login = Login(mailbox, self._organization.domain, target.fqdn, End.GOOD, 2.0, rng.choice((0, 1, 3)))
        if self._process.writer == FRONT:
            client = f"192.168.{rng.randint(50, 90)}.{rng.randint(2, 254)}:{rng.randint(49152, 65535)}"
            steps, here = front(login), f"{own}:995"
        else:
            client, here = f"{own}:{rng.randint(20_000, 60_000)}", f"{own}:1995"
            steps = back(login)
        self._process.sessions += 1
        session = self._process.sessions
        for number, step in enumerate(steps):
            yield row_of(step, session, number, here, client)


class Load:
    """Keeps a log of one server at a rate; ``due`` is to be called often, with real seconds."""

    def __init__(self, logs: ProtocolLogs, engine: HealthEngine, server: Server, writer: str) -> None:
        self._logs = logs
        self._engine = engine
        self.server = server
        self.writer = writer
        self._stream: Stream | None = None
        self._process: Process | None = None
        self._owed = 0.0
        self._at: float | None = None

    def rest(self) -> None:
        """Nothing is asked for now; time that passes until something is again does not count."""
        self._at = None
        self._owed = 0.0

    def due(self, now: float, rate: float, t: Callable[[], float]) -> int:
        """Write what is owed at real second ``now``; how many lines. Nothing is owed while nobody writes that
        log. ``t`` lets happen what is due and gives the simulated second; asked only when there is something
        to write."""
        passed = 0.0 if self._at is None else min(now - self._at, _LONGEST)
        self._at = now
        if rate <= 0 or self._logs.process(self.server, self.writer) is None:
            self._owed = 0.0
            return 0
        self._owed += passed * rate
        count = int(self._owed)
        if not count:
            return 0
        at = t()
        # What was due may have ended the process, or begun another.
        process = self._logs.process(self.server, self.writer)
        if process is None:
            self._owed = 0.0
            return 0
        self._owed -= count
        if self._stream is None or process is not self._process:
            self._stream, self._process = Stream(self._engine, process), process
        self._logs.write(process, self._stream.take(count), at)
        return count


def loads_of(simulation: Simulation) -> list[Load]:
    """One for each log of a lab that has disks."""
    logs = simulation.logs
    if logs is None:
        return []
    return [
        Load(logs, simulation.engine, server, writer)
        for server in simulation.organization.servers.values()
        for writer, there in ((FRONT, server.has_front_end), (BACK, server.has_back_end))
        if there
    ]


def rate_of(simulation: Simulation, load: Load) -> float:
    """Lines per second of real time that the server's knobs ask of it."""
    knobs = simulation.knobs[load.server.name]
    return knobs.front_log_rate if load.writer == FRONT else knobs.back_log_rate


def keep_up(simulation: Simulation, loads: Iterable[Load], now: float) -> bool:
    """Each load writes what it owes at real second ``now``, or rests where nothing is asked of it; whether
    anything is asked of one."""
    busy = False
    for load in loads:
        rate = rate_of(simulation, load)
        if rate > 0:
            load.due(now, rate, simulation.touch)
            busy = True
        else:
            load.rest()
    return busy
