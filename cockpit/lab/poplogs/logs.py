"""Both protocol logs of every server: who writes, what, and when.

Sessions begin in simulated time, and each row waits until the moment it is about; then it goes to the file of
the process it belongs to, if that was started with ProtocolLogEnabled and still lives. Session numbers count
from 1 within a process: the sheet has sixteen hexadecimal digits, and small ones in its samples.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from cockpit.exchange.catalogue import BACK_END_SERVICE, FRONT_END_SERVICE
from cockpit.lab.clock import Clock
from cockpit.lab.disk import Disks
from cockpit.lab.faults import Outcome
from cockpit.lab.health import HealthEngine
from cockpit.lab.organization import Database, Server, WindowsService
from cockpit.lab.poplogs.files import Line, LogFiles
from cockpit.lab.poplogs.people import Crowd
from cockpit.lab.poplogs.record import Record
from cockpit.lab.poplogs.rows import BACK, FRONT, Row, has_puid, line, stamp
from cockpit.lab.poplogs.sessions import (
    Login,
    Step,
    back,
    capabilities,
    direct,
    end_of,
    front,
    unsecured,
)

_SERVICES: Final = {FRONT_END_SERVICE: FRONT, BACK_END_SERVICE: BACK}
_BACK_PORT: Final = 1995
_FRONT_PORT: Final = 995
_LOOPBACK: Final = "127.0.0.1"


@dataclass(slots=True)
class Process:
    """One life of a POP3 service that writes its log."""

    server: Server
    writer: str
    number: int
    files: LogFiles
    sessions: int = 0


class ProtocolLogs:
    """A witness of the health engine. ``flush`` brings the files up to a moment."""

    def __init__(self, engine: HealthEngine, clock: Clock, disks: Disks, record: Record) -> None:
        self._engine = engine
        self._organization = engine.organization
        self._clock = clock
        self._disks = disks
        self.record = record
        self._processes: dict[tuple[str, str], Process] = {}
        self._pending: list[tuple[float, int, Process, Row]] = []
        self._seq = 0
        self._ports = 20_000
        self._addresses = {s.name: self._organization.address(s) for s in self._organization.servers.values()}
        engine.witnesses.add(self)
        for server in self._organization.servers.values():
            for name in _SERVICES:
                service = server.service(name)
                if service is not None and service.running:
                    self.service_changed(server, service, 0.0)
            if server.has_front_end:
                crowd = Crowd(self._organization, engine.faults, server)
                engine.at(crowd.gap(), partial(self._client_comes, crowd))

    # -- processes ----------------------------------------------------------------------------------------

    def service_changed(self, server: Server, service: WindowsService, t: float) -> None:
        writer = _SERVICES.get(service.name)
        if writer is None:
            return
        self.flush(t)
        ended = self._processes.pop((server.name, writer), None)
        if ended is not None:
            ended.files.close()
        settings = service.settings
        if not service.running or settings is None or not settings.protocol_log_enabled:
            return

        def complain(why: str) -> None:
            self._engine.ledger.change(self._engine.now, server.name, "protocol log not written", why, writer)

        disk = self._disks.of(server.name)
        files = LogFiles(server, writer, settings, disk, self.record, complain)
        self._processes[server.name, writer] = Process(server, writer, service.process_id, files)

    def process(self, server: Server, writer: str) -> Process | None:
        """The one that writes that log now; None where nobody does."""
        return self._processes.get((server.name, writer))

    # -- what happens -------------------------------------------------------------------------------------

    def probe_ran(
        self, server: Server, probe: str, database: Database | None, outcome: Outcome, t: float, end: float
    ) -> None:
        """A run that reached the service leaves its session; one that met a closed port or a service that
        answers nothing leaves none.

        Where each probe connects to is the sheet's (§2.4), and that a row of a login names its HealthMailbox
        (§4.5). What a run that failed leaves, and that one which found no database to log in to leaves CAPA
        and QUIT, is the lab's own choice; the sheet is silent."""
        if outcome.reason.endswith("SocketError"):
            return
        seconds = end - t
        own = self._addresses[server.name]
        if probe == "PopSelfTestProbe":
            if outcome.ok:
                self._session(server, BACK, f"{_LOOPBACK}:{_BACK_PORT}", _LOOPBACK, capabilities(seconds), t)
        elif probe == "PopProxyTestProbe":
            steps = capabilities(seconds) if outcome.ok else unsecured(seconds)
            self._session(server, FRONT, f"{_LOOPBACK}:{_FRONT_PORT}", _LOOPBACK, steps, t)
        elif probe == "PopDeepTestProbe":
            if outcome.timed_out:
                return
            login = self._probe_login(server, database, outcome, seconds)
            steps = capabilities(seconds) if login is None else direct(login)
            self._session(server, BACK, f"{own}:{_BACK_PORT}", own, steps, t)
        elif probe == "PopCTPProbe":
            login = self._probe_login(server, database, outcome, seconds)
            if login is None:
                steps = capabilities(seconds) if outcome.ok else unsecured(seconds)
                self._session(server, FRONT, f"{own}:{_FRONT_PORT}", own, steps, t)
            elif database is not None:
                self._proxied(server, login, database, f"{own}:{self._port()}", t)

    def _probe_login(
        self, server: Server, database: Database | None, outcome: Outcome, seconds: float
    ) -> Login | None:
        if database is None:
            return None
        target = outcome.proxied_to
        return Login(
            *(database.monitoring_mailbox, self._organization.domain),
            self._organization.server(target).fqdn if target else server.fqdn,
            end_of(outcome),
            seconds,
            error=outcome.reason.partition(" ")[0],
            reply=outcome.reply,
        )

    def _client_comes(self, crowd: Crowd, t: float) -> None:
        self._engine.at(t + crowd.gap(), partial(self._client_comes, crowd))
        if not self._processes or not crowd.server.runs(FRONT_END_SERVICE):
            return
        found = crowd.login(t)
        if found is not None:
            self._proxied(crowd.server, *found, crowd.caller(), t)

    def _proxied(self, server: Server, login: Login, database: Database, client: str, t: float) -> None:
        """A session with the front end of ``server``, and the one that it opens with the back end."""
        own = self._addresses[server.name]
        self._rows(server, FRONT, f"{own}:{_FRONT_PORT}", client, front(login), t)
        target = self._organization.server(database.active)
        if self.process(target, BACK) is not None and (steps := back(login)):
            here = f"{self._addresses[target.name]}:{_BACK_PORT}"
            self._rows(target, BACK, here, f"{own}:{self._port()}", steps, t)

    def _session(
        self, server: Server, writer: str, here: str, client: str, steps: Sequence[Step], t: float
    ) -> None:
        self._rows(server, writer, here, f"{client}:{self._port()}", steps, t)

    def _port(self) -> int:
        self._ports = 20_000 + (self._ports - 19_999) % 40_000
        return self._ports

    def _rows(
        self, server: Server, writer: str, here: str, client: str, steps: Sequence[Step], t: float
    ) -> None:
        process = self.process(server, writer)
        if process is None:
            return
        process.sessions += 1
        for number, step in enumerate(steps):
            self._seq += 1
            row = row_of(step, process.sessions, number, here, client)
            heapq.heappush(self._pending, (t + step.after, self._seq, process, row))

    # -- writing ------------------------------------------------------------------------------------------

    def flush(self, t: float) -> None:
        """Write what is due by ``t``, each log's rows in the order of their time."""
        pending = self._pending
        due: dict[int, tuple[Process, list[Line]]] = {}
        while pending and pending[0][0] <= t:
            at, _, process, row = heapq.heappop(pending)
            if self._processes.get((process.server.name, process.writer)) is process:
                due.setdefault(id(process), (process, []))[1].append(self._line(process.server, row, at))
        for process, lines in due.values():
            process.files.write(lines)

    def moment(self, server: Server, t: float) -> datetime:
        """By the server's own clock, UTC."""
        return self._clock.at(t + server.clock_error).astimezone(UTC)

    def _line(self, server: Server, row: Row, t: float) -> Line:
        at = self.moment(server, t)
        return Line(at, line(row, stamp(at), puid=has_puid(server)))

    def write(self, process: Process, rows: Sequence[Row], t: float) -> None:
        """Rows of this very moment."""
        self.flush(t)
        process.files.write([self._line(process.server, row, t) for row in rows])

    def write_raw(self, process: Process, lines: Sequence[tuple[str, bytes]], t: float) -> None:
        """Lines as they are: (kind, bytes)."""
        self.flush(t)
        at = self.moment(process.server, t)
        process.files.write([Line(at, data, kind) for kind, data in lines])

    def close(self) -> None:
        for process in self._processes.values():
            process.files.close()
        self._processes.clear()
        self.record.close()


def row_of(step: Step, session: int, sequence: int, here: str, client: str) -> Row:
    return Row(
        *(session, sequence, here, client, step.user, step.duration, step.request, step.response),
        *(step.command, step.parameters, step.context),
    )
