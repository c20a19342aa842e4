"""A lab without sockets: the wire's own bytes, between a worker's process and a simulation's.

What a call becomes (CREATE_PIPELINE), how it is bound, run, recorded and answered is the lab's and the
product's own code; only WSMan's envelopes and the sign-in are left out. Time is the lab's: it passes with
every call, as far as what the call waits for, so that moves, restarts and settling cost no real time.
A lab can be forked: from then on there are two of the same past.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Client, Connection, Listener, wait
from typing import Any, Final, NoReturn, TypeAlias

from cockpit.lab import actions
from cockpit.lab.clock import Clock
from cockpit.lab.cmdlets.table import exchange_table_of, winrm_table_of
from cockpit.lab.ledger import Entry
from cockpit.lab.scenarios import Scenario, open_lab
from cockpit.lab.simulation import WARM_UP
from cockpit.lab.wire.channel import PipelineChannel
from cockpit.lab.wire.channel import Target as Gathering
from cockpit.lab.wire.decode import create_pipeline
from cockpit.lab.wire.language import LanguageMode
from cockpit.lab.wire.psrp import Fragmenter
from cockpit.lab.wire.runner import Caller, CallRecord, Runner

USER: Final = "operator@lab.example"
EXCHANGE: Final = "Microsoft.Exchange"
OPENS: Final = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PACE: Final = 6.0
"""Simulated seconds that pass with every call."""
CONNECT: Final = 20.0
"""Simulated seconds that pass until a server that is down is known not to answer."""
MOVE_NOW: Final = "DatabaseCopyActivationDisabledAndMoveNow"
POLICY: Final = "DatabaseCopyAutoActivationPolicy"
LOGGING: Final = "ProtocolLogEnabled"
_POLICIES: Final = {0: "Unrestricted", 1: "IntrasiteOnly", 2: "Blocked"}

Line: TypeAlias = "Connection[Any, Any]"
Values: TypeAlias = Mapping[str, Mapping[str, Any]]
"""By server and Exchange's property: what recoveries change for a time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call. Answered with its fragments; with ``"down"`` or ``"lost"`` where the server is gone."""

    configuration: str
    server: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Elapse:
    """Let simulated seconds pass: what a wait step waits for."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Act:
    """A control action: breakage, or a second operator."""

    body: Mapping[str, Any]


@dataclass(slots=True)
class Delay:
    """The next call of ``cmdlet`` takes effect only ``seconds`` (real) after it came, and is not answered."""

    cmdlet: str
    seconds: float
    due: float = 0.0
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class Fork:
    """Go on as two; the other one listens at ``address``."""

    address: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer to ``None``: the lab as it is. ``under_way``: calls whose effect is still to come."""

    values: Values
    ledger: tuple[Entry, ...]
    under_way: int


class _Gathered(Gathering):
    """Keeps the fragments of one pipeline."""

    def __init__(self) -> None:
        super().__init__()
        self.data: list[bytes] = []

    def put(self, fragments: list[bytes]) -> None:
        self.data += fragments


class LabServer:
    """A simulation that answers. One thread; ``serve`` ends with the first line that was ever opened."""

    def __init__(self, scenario: Scenario, servers: int | None) -> None:
        self._clock = Clock(OPENS, elapsed=WARM_UP, monotonic=lambda: 0.0)
        self._clock.freeze()
        self._simulation = open_lab(scenario, servers, clock=self._clock, sleep=self._sleep)
        self._delays: list[Delay] = []
        self._runners: dict[tuple[str, str], Runner] = {}

    def serve(self, address: str) -> NoReturn:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            address = self._serve(address)

    def _serve(self, address: str) -> str:
        """Until it is forked: then, in the other one, the address it is to listen at."""
        self._loop = asyncio.new_event_loop()
        listener = Listener(address, "AF_UNIX", backlog=16)
        # The listener's own socket: its accept() must not wait while others are served.
        door: Any = listener._listener._socket  # type: ignore[attr-defined]
        lines: list[Line] = [listener.accept()]
        owner = lines[0]
        while True:
            ready: list[Any] = wait([door, *lines], self._until_due())
            self._take_effect()
            for one in ready:
                if one is door:
                    lines.append(listener.accept())
                elif (asked := _received(one)) is not _GONE:
                    if isinstance(asked, Fork):
                        pid = os.fork()
                        if pid == 0:
                            for open_one in (*lines, door):
                                open_one.close()
                            return asked.address
                        one.send(pid)
                    elif (answer := self._answer(asked)) is not None:
                        _sent(one, answer)
                elif one is owner:
                    os._exit(0)
                else:
                    # Its worker was killed; an answer under way is lost with it.
                    lines.remove(one)
                    one.close()

    def _answer(self, asked: object) -> object:
        """None where nothing is ever said."""
        match asked:
            case Asked():
                for delay in self._delays:
                    if delay.asked is None and f">{delay.cmdlet}<".encode() in asked.payload:
                        delay.asked, delay.due = asked, time.monotonic() + delay.seconds
                        return None
                return self._run(asked)
            case Elapse(seconds):
                self._clock.advance(seconds)
                self._simulation.touch()
            case Act(body):
                actions.act(self._simulation, body)
            case Delay():
                self._delays.append(asked)
            case _:
                return self._seen()
        return "done"

    def _seen(self) -> Seen:
        self._simulation.touch()
        organization = self._simulation.organization
        values = {
            s.name: {
                MOVE_NOW: s.move_now,
                POLICY: _POLICIES[s.activation_policy],
                LOGGING: s.pop.protocol_log_enabled,
            }
            for s in organization.servers.values()
        }
        under_way = sum(d.asked is not None for d in self._delays)
        return Seen(values, tuple(self._simulation.ledger.since(0)), under_way)

    def _run(self, asked: Asked) -> list[bytes] | str:
        self._clock.advance(PACE)
        self._simulation.touch()
        server = self._simulation.organization.server(asked.server.split(".")[0])
        down, booted = not server.up, server.booted_at
        if down:
            self._clock.advance(CONNECT)
            self._simulation.touch()
            return "down"
        gathered = _Gathered()
        channel = PipelineChannel(Fragmenter(uuid.uuid4()), gathered, uuid.uuid4())
        runner = self._runner(asked.configuration, server.name)
        pipeline = create_pipeline(asked.payload)
        self._loop.run_until_complete(runner.run(pipeline, Caller(USER, "loopback"), channel))
        stayed = server.up and server.booted_at == booted
        return gathered.data if stayed else "lost"

    def _runner(self, configuration: str, server: str) -> Runner:
        key = (configuration, server)
        if key not in self._runners:
            exchange = configuration == EXCHANGE
            table = (exchange_table_of if exchange else winrm_table_of)(self._simulation, server)
            mode = LanguageMode.RESTRICTED if exchange else LanguageMode.FULL
            self._runners[key] = Runner(server, table, mode, None, self._record)
        return self._runners[key]

    def _record(self, call: CallRecord) -> None:
        self._simulation.ledger.command(
            self._clock.seconds(),
            *(call.server, call.user, call.cmdlet, call.parameters, call.outcome, call.error),
        )

    async def _sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def _until_due(self) -> float | None:
        waiting = [d.due for d in self._delays if d.asked is not None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _take_effect(self) -> None:
        for delay in tuple(self._delays):
            if delay.asked is not None and delay.due <= time.monotonic():
                self._delays.remove(delay)
                self._run(delay.asked)


_GONE: Final = object()


def _received(line: Line) -> object:
    try:
        return line.recv()
    except (EOFError, OSError):
        return _GONE


def _sent(line: Line, answer: object) -> None:
    try:
        line.send(answer)
    except OSError:
        # Whoever asked was killed meanwhile; the next look at its line says so.
        return


@dataclass
class Lab:
    """The test's own line to a lab's process, which ends with it."""

    address: str
    pid: int
    _line: Line = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._line = dial(self.address)

    def seen(self) -> Seen:
        found: Seen = self._ask(None)
        return found

    def act(self, server: str, action: str, **fields: Any) -> None:
        self._ask(Act({"name": server, "action": action, **fields}))

    def delay(self, cmdlet: str, seconds: float) -> None:
        self._ask(Delay(cmdlet, seconds))

    def elapse(self, seconds: float) -> None:
        self._ask(Elapse(seconds))

    def fork(self, address: str) -> Lab:
        return Lab(address, self._ask(Fork(address)))

    def close(self) -> None:
        self._line.close()

    def _ask(self, asked: object) -> Any:
        self._line.send(asked)
        return self._line.recv()


def dial(address: str) -> Line:
    """A line to a lab that may be just about to listen. Raises OSError after two seconds."""
    until = time.monotonic() + 2.0
    while True:
        try:
            return Client(address, "AF_UNIX")
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > until:
                raise
            time.sleep(0.001)
