"""A server whose POP3 services write protocol logs, as an Access: a setting, two services, one folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from cockpit.config.targets import Target
from cockpit.exchange.changes import RestartService, WinRMChange
from cockpit.exchange.errors import CmdletFailedError
from cockpit.exchange.logfiles import LogFiles
from cockpit.exchange.model import CmdletError, ExchangeServer, Reading
from cockpit.exchange.pipeline import Call
from cockpit.exchange.recovery_model import CounterSample, ServiceProcess, Volume
from cockpit.exchange.session import RawResult
from cockpit.poplog.source import LogSource
from cockpit.recovery.actions.settings import LOGGING
from cockpit.recovery.log_folder import WRITERS
from cockpit.recovery.log_source import OverWinRM
from tests.exchange.standin import TARGET, result, row
from tests.recovery.builders import EX01, server
from tests.recovery.fakes import Fakes

T = TypeVar("T")

FRONT: Final = "MSExchangePop3"
BACK: Final = "MSExchangePOP3BE"
LONG_AGO: Final = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
MORNING: Final = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
HEADER: Final = (
    b"dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context\r\n"
    b"#Software: Microsoft Exchange Server\r\n"
)


def line(at: datetime) -> bytes:
    stamp = f"{at:%Y-%m-%dT%H:%M:%S.000Z}"
    return f"{stamp},0000000000000001,0,10.0.0.1:995,10.0.0.9:5000,,0,0,0,OpenSession,,\r\n".encode()


@dataclass
class PopServer(Fakes):
    """``on``: the setting; a service goes by it from its next start. ``silent``: services that write nothing
    all the same. ``stuck``: services that stop and do not start again while the setting is on, or at all
    (``dead``). ``folder``: files by name; None: there is none. ``refuses``: what every script raises.
    ``changed``: when the settings were, last."""

    role: ExchangeServer = field(default_factory=lambda: server(EX01))
    clock: datetime = MORNING
    processes: dict[str, ServiceProcess] = field(default_factory=dict)
    folder: dict[str, bytes] | None = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    refuses: list[Exception] = field(default_factory=list)
    scripts: list[Call] = field(default_factory=list)
    target: Target = TARGET
    changed: datetime | None = None

    def __post_init__(self) -> None:
        self.values[LOGGING] = False
        for number, name in enumerate((FRONT, BACK)):
            self.processes[name] = ServiceProcess(name, "Running", "Auto", 100 + number, LONG_AGO)
        self.exchange["get_exchange_server"] = lambda: Reading((self.role,))
        self.winrm.update(
            session=self,
            service_process=self.processes.get,
            volumes=Reading((Volume("C:\\", 10**12, 5 * 10**11),)),
            pop_connections=Reading((CounterSample("x", 23.0),)),
        )

    def _pop_settings(self, server: str = "", domain_controller: str = "") -> Any:
        found = super()._pop_settings(server, domain_controller)
        return Reading(tuple(replace(row, changed=self.changed) for row in found.rows))

    @property
    def on(self) -> bool:
        return bool(self.values[LOGGING])

    @on.setter
    def on(self, value: bool) -> None:
        self.values[LOGGING] = value

    def logs(self, server: str, folder: str, job: Callable[[LogSource], T]) -> T:
        return self.look(server, lambda w: job(OverWinRM(LogFiles(w.session, folder), server)))

    def act(self, change: WinRMChange) -> RawResult:
        answer = super().act(change)
        if isinstance(change, RestartService):
            self.restart(change.service)
        return answer

    def restart(self, name: str) -> None:
        self.clock += timedelta(minutes=1)
        before = self.processes[name]
        if name in self.dead or (name in self.stuck and self.on):
            self.processes[name] = replace(before, state="Stopped", process_id=0, created=None)
            raise CmdletFailedError(
                "Restart-Service", CmdletError(f"Service '{name}' cannot be started.", "CouldNotStartService")
            )
        number = max(p.process_id for p in self.processes.values()) + 1
        self.processes[name] = replace(before, state="Running", process_id=number, created=self.clock)
        if self.on and name not in self.silent:
            self.write(name)

    def write(self, name: str) -> None:
        """One more line of that service's."""
        if self.folder is None:
            self.folder = {}
        self.clock += timedelta(seconds=1)
        file = f"{WRITERS[name].value}{self.clock:%Y%m%d%H}-1.LOG"
        self.folder[file] = self.folder.get(file, HEADER) + line(self.clock)

    def run(self, call: Call, *, repeatable: bool = True) -> RawResult:
        """A script on the WinRM endpoint."""
        self.scripts.append(call)
        if self.refuses:
            raise self.refuses[0]
        if self.folder is None:
            error = CmdletError("Cannot find path", "PathNotFound,Microsoft.PowerShell.Commands")
            raise CmdletFailedError("Get-ChildItem", error)
        if call.cmdlet == "list-log.ps1":
            return result(*(self._entry(name) for name in self.folder))
        return result(self._piece(call))

    def _entry(self, name: str) -> Any:
        # Entries of open files lag behind: the length is that of the last time it was closed.
        return row(Name=name, Length=0, Created=MORNING, Modified=MORNING)

    def _piece(self, call: Call) -> Any:
        data = (self.folder or {})[str(call.parameters["Name"])]
        start, most = int(str(call.parameters["Offset"])), int(str(call.parameters["Most"]))
        return row(Data=data[start : start + most], Length=len(data), Now=self.clock, Newer=[])
