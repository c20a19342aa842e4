"""Opens a lab: an Exchange and a WinRM endpoint per server, and the control endpoint, all on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cockpit.lab.cmdlet import CmdletTable
from cockpit.lab.cmdlets.table import exchange_table_of, winrm_table_of
from cockpit.lab.control import Control
from cockpit.lab.doors import DoorOptions, Doors
from cockpit.lab.organization import Server
from cockpit.lab.poplogs.load import keep_up, loads_of
from cockpit.lab.powershell.host import Host
from cockpit.lab.rehearsal import Blueprint
from cockpit.lab.rehearsal_states import open_rehearsal
from cockpit.lab.scenarios import SCENARIOS, Scenario, open_lab
from cockpit.lab.simulation import DISKS, RECORD, Simulation
from cockpit.lab.wire.acceptors import Hardening
from cockpit.lab.wire.endpoint import Endpoint
from cockpit.lab.wire.language import LanguageMode
from cockpit.lab.wire.runner import CallRecord, Runner

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
EXCHANGE = ("Microsoft.Exchange", "/PowerShell")
WINRM = ("Microsoft.PowerShell", "/wsman")
_TICK = 0.5
"""Real seconds between two looks at what is due."""
_LOAD_TICK = 0.05
"""Real seconds between two batches of a log's load."""


@dataclass(frozen=True, slots=True)
class LabOptions:
    """``servers`` None: the scenario's own number. ``port`` 0: any ports, else the first of a row.

    ``auth``, ``keytab``, ``hardening``, ``kerberos_only``: how one signs in, see DoorOptions. ``state_dir``
    holds what that takes: the CA's certificate, for NTLM the file of users, the user's certificate and key.
    ``one_budget``: a user's Exchange shells are counted over all servers, not for each. Since 2013 CU11 the
    front end routes by the user's anchor mailbox (exchange-facts §5.4 [C]), so that wherever one dials, one
    back end counts; that real servers share the budget is not known (psrp-wire §6 [U]). ``rehearsal``: the
    organization is this one, with the scenario over it, in place of one of so many servers.
    """

    state_dir: Path
    scenario: str = "healthy"
    servers: int | None = None
    speed: float = 1.0
    seed: int = 1
    port: int = 0
    auth: str = "basic-tls"
    keytab: Path | None = None
    hardening: Hardening = "relaxed"
    kerberos_only: bool = False
    die_with_stdin: bool = False
    one_budget: bool = False
    rehearsal: Blueprint | None = None

    @property
    def doors(self) -> DoorOptions:
        return DoorOptions(self.auth, self.keytab, self.hardening, self.kerberos_only)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where one simulated server listens; ``disk``: the folder that holds its volumes, ``C`` and so on."""

    name: str
    fqdn: str
    exchange_url: str
    winrm_url: str
    disk: str = ""


@dataclass(frozen=True, slots=True)
class LabAddresses:
    """All that a client needs to know. ``ca_file`` is empty where there is no TLS; ``user`` and ``password``
    where Kerberos tickets are wanted; ``certificate`` and ``certificate_key`` where one signs in otherwise.
    ``record``: the lab's own record of every line of a protocol log (``poplogs/record.py`` reads it), there
    with the first line."""

    organization: str
    user: str
    password: str
    auth: str
    ca_file: str
    servers: tuple[ServerAddress, ...]
    control_url: str
    control_token: str
    pid: int
    record: str = ""
    certificate: str = ""
    certificate_key: str = ""


def _opened(scenario: Scenario, options: LabOptions) -> Simulation:
    """Raises RehearsalError where the scenario finds nothing to break."""
    if options.rehearsal is None:
        return open_lab(scenario, options.servers, options.seed, options.speed, folder=options.state_dir)
    return open_rehearsal(options.rehearsal, scenario, options.seed, options.speed, folder=options.state_dir)


class Lab:
    """A running lab. ``start`` and ``stop`` once each."""

    def __init__(self, options: LabOptions) -> None:
        scenario = SCENARIOS.get(options.scenario)
        if scenario is None:
            raise ValueError(f"there is no scenario {options.scenario!r}; there are: {', '.join(SCENARIOS)}")
        options.doors.check()
        self.options = options
        self.scenario = scenario
        self.simulation: Simulation = _opened(scenario, options)
        self.endpoints: dict[str, dict[str, Endpoint]] = {}
        self._addresses: dict[Endpoint, int] = {}
        self._listening: dict[str, bool] = {}
        self._booted: dict[str, float] = {}
        self._power = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._load_changed = asyncio.Event()
        self._following = asyncio.Lock()
        self._control = Control(self)

    async def start(self) -> LabAddresses:
        options = self.options
        _raise_file_limit(len(self.simulation.organization.servers))
        options.state_dir.mkdir(parents=True, exist_ok=True)
        doors = Doors(options.doors, self.simulation.organization.domain, options.state_dir)
        port = options.port
        servers = []
        for server in self.simulation.organization.servers.values():
            urls = []
            self.endpoints[server.name] = {}
            names = frozenset({server.name, server.fqdn})
            for kind, (configuration, path) in (("exchange", EXCHANGE), ("winrm", WINRM)):
                endpoint = Endpoint(
                    server=server.name,
                    configuration=configuration,
                    path=path,
                    table=self._table(kind, server),
                    authenticator=doors.authenticator(names, exchange=kind == "exchange"),
                    language=LanguageMode.RESTRICTED if kind == "exchange" else LanguageMode.FULL,
                    tls=doors.tls,
                    script_host=self._host(server) if kind == "winrm" else None,
                    on_call=self._record,
                    held=self._held if kind == "exchange" and options.one_budget else None,
                )
                bound = await endpoint.start(HOST, port)
                if kind == "exchange":
                    endpoint.elsewhere = partial(self._elsewhere, server.name)
                elif self.simulation.knobs[server.name].no_winrm:
                    await endpoint.refuse()
                port += 1 if port else 0
                self.endpoints[server.name][kind] = endpoint
                self._addresses[endpoint] = bound
                urls.append(f"{'https' if doors.tls else 'http'}://{HOST}:{bound}{path}")
            self._listening[server.name] = True
            self._booted[server.name] = server.booted_at
            disk = options.state_dir.absolute() / DISKS / server.name
            servers.append(ServerAddress(server.name, server.fqdn, urls[0], urls[1], str(disk)))
        control_port = await self._control.start(HOST, port)
        self.simulation.lifecycle.on_power = self._power.set
        self._pump = asyncio.create_task(self._run())
        self._loading = asyncio.create_task(self._load())
        return LabAddresses(
            organization=self.simulation.organization.name,
            user=doors.user,
            password=doors.password,
            auth=options.auth,
            ca_file=doors.ca_file,
            servers=tuple(servers),
            control_url=f"http://{HOST}:{control_port}",
            control_token=self._control.token,
            pid=os.getpid(),
            record=str(options.state_dir.absolute() / RECORD),
            certificate=doors.certificate,
            certificate_key=doors.certificate_key,
        )

    async def stop(self) -> None:
        under_way = [task for task in (self._pump, self._loading) if task is not None]
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way)
        every = [e for both in self.endpoints.values() for e in both.values()]
        await asyncio.gather(*(e.stop(abort=True) for e in every), self._control.stop())
        self.simulation.close()

    def _elsewhere(self, server: str) -> Runner | None:
        """Where the knob ``routed_to`` sends the Exchange shells that are opened on ``server``."""
        routed = self.simulation.organization.find(self.simulation.knobs[server].routed_to)
        return None if routed is None else self.endpoints[routed.name]["exchange"].runner

    async def shut_winrm(self, server: str) -> None:
        """Have the WinRM endpoint of ``server`` be as the knob ``no_winrm`` wants it."""
        endpoint = self.endpoints[server]["winrm"]
        await (endpoint.refuse() if self.simulation.knobs[server].no_winrm else endpoint.accept())

    def _held(self, user: str) -> int:
        """Over the Exchange endpoints of all servers."""
        return sum(both["exchange"].held(user) for both in self.endpoints.values() if "exchange" in both)

    def _table(self, kind: str, server: Server) -> CmdletTable:
        make = exchange_table_of if kind == "exchange" else winrm_table_of
        return make(self.simulation, server.name)

    def _host(self, server: Server) -> Host | None:
        sim = self.simulation
        if sim.disks is None:
            return None
        return Host(sim.disks.of(server.name), sim.touch, lambda: sim.knobs[server.name].constrained)

    def _record(self, call: CallRecord) -> None:
        self.simulation.ledger.command(
            self.simulation.clock.seconds(),
            *(call.server, call.user, call.cmdlet, call.parameters, call.outcome, call.error),
        )

    async def _run(self) -> None:
        """Keeps the simulation going while nobody asks, and the listeners in step with the servers."""
        while True:
            try:
                self.simulation.touch()
                await self.follow()
            except Exception:
                log.exception("lab bug while time went on")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK):
                    await self._power.wait()
            self._power.clear()

    def load_changed(self) -> None:
        """A knob of a log's rate was turned."""
        self._load_changed.set()

    async def _load(self) -> None:
        """Keeps the logs at the rates that the knobs ask for; waits for a knob while none does."""
        sim = self.simulation
        loads = loads_of(sim)
        while True:
            self._load_changed.clear()
            busy = True
            try:
                busy = keep_up(sim, loads, time.monotonic())
            except Exception:
                log.exception("lab bug while a load was written")
            await (asyncio.sleep(_LOAD_TICK) if busy else self._load_changed.wait())

    async def follow(self) -> None:
        """A server that is down listens no more and forgets its shells; one that is up again listens.

        One that was down between two looks, as a fast clock has it, loses its shells too.
        """
        async with self._following:
            for server in self.simulation.organization.servers.values():
                name, up, booted = server.name, server.up, server.booted_at
                listened = self._listening[name]
                if up == listened and booted == self._booted[name]:
                    continue
                self._listening[name], self._booted[name] = up, booted
                for endpoint in self.endpoints[name].values():
                    if listened:
                        await endpoint.stop(abort=True, keep_port=True)
                    if up:
                        await endpoint.start(HOST, self._addresses[endpoint])


@contextlib.asynccontextmanager
async def running(options: LabOptions) -> AsyncIterator[tuple[Lab, LabAddresses]]:
    """A lab for as long as the block lasts."""
    lab = Lab(options)
    try:
        yield lab, await lab.start()
    finally:
        await lab.stop()


async def serve(options: LabOptions, on_ready: Callable[[LabAddresses], None]) -> None:
    """Run until SIGTERM or SIGINT, or, with ``die_with_stdin``, until stdin ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread
            loop.add_signal_handler(number, stop.set)
    if options.die_with_stdin:
        _watch_stdin(loop, stop)
    async with running(options) as (_, addresses):
        on_ready(addresses)
        await stop.wait()


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A thread, since stdin may be of any kind; a daemon, since nobody may ever write to it."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(sys.stdin.fileno(), 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="stdin", daemon=True).start()


def _raise_file_limit(servers: int) -> None:
    """Two listeners and some connections per server: above the usual soft limit of 1024 for large labs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < servers * 16 + 256 and soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
