"""A WSMan endpoint of a few cmdlets on a loop of its own, for the session's tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.config.secrets import Secret
from cockpit.config.targets import Target
from cockpit.exchange.session import EXCHANGE, Session
from cockpit.lab import clixml
from cockpit.lab.cmdlet import Cmdlet, CmdletTable, ErrorRecord, Invocation, Output, TerminatingError
from cockpit.lab.wire.auth import Authenticator, Basic, Negotiate, install_ntlm_users
from cockpit.lab.wire.certificate import Authority
from cockpit.lab.wire.endpoint import CallRecord, Endpoint, LanguageMode, Limits

PASSWORD = "canary-8f3a"
ENTRY = ("Microsoft.Office.Datacenter.ActiveMonitoring.Management.Common.MonitorHealthEntry", "System.Object")


def health_row(server: str, monitor: str, alert: str) -> bytes:
    properties = {
        "Server": server,
        "Name": monitor,
        "TargetResource": "\x1b]52;c;aGk=\x07[red]",
        "HealthSetName": "POP",
        "AlertValue": clixml.Enum("MonitorAlertState", alert, 3),
        "LastExecutionTime": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return clixml.serialise(ENTRY, ENTRY[0], properties, enum_objects=True)


async def get_server_health(invocation: Invocation, out: Output) -> None:
    match invocation.parameters["Identity"]:
        case "QUIET":
            return
        case "SILENT":
            out.warning("The health manager does not answer.")
        case "NOBODY":
            out.error(
                ErrorRecord(
                    "couldn't be found", "X,Y", 13, "ManagementObjectNotFoundException", target="NOBODY"
                )
            )
        case "BROKEN":
            raise TerminatingError(ErrorRecord("it broke", "Broken,X", 7, "RemoteException"))
        case "MANY":
            for n in range(2_000):
                out.write(health_row("MANY", f"Monitor{n}", "Healthy"))
        case server:
            out.write(health_row(str(server), "PopCTPMonitor", "Unhealthy"))


async def start_slow(_: Invocation, __: Output) -> None:
    await asyncio.sleep(60)


@dataclass
class Bench:
    """An endpoint, a loop to talk to it on, and what it executed."""

    loop: asyncio.AbstractEventLoop
    endpoint: Endpoint
    target: Target
    user: str
    calls: list[CallRecord]
    sessions: list[Session] = field(default_factory=list)
    shells_seen: list[int] = field(default_factory=list)

    def do(self, coroutine: object) -> object:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)  # type: ignore[arg-type]

    def session(self, password: str = PASSWORD) -> Session:
        made = Session(self.target, EXCHANGE, self.user, Secret(password), self.shells_seen.append)
        self.sessions.append(made)
        return made


Make = Callable[..., Bench]


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Make]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made: list[Bench] = []

    def make(auth: str = "basic", limits: Limits | None = None) -> Bench:
        tls, ca, user = None, None, "LAB\\operator"
        authenticator: Authenticator
        if auth == "ntlm-tls":
            install_ntlm_users(tmp_path / "users", {user: PASSWORD})
            authenticator = Negotiate(protocol="ntlm", require_encryption=False)
            ca = tmp_path / "ca.pem"
            tls = Authority(ca).server_context("localhost", "127.0.0.1")
        elif auth == "basic":
            user = "operator@lab.example"
            authenticator = Basic({user: PASSWORD})
            ca = tmp_path / "ca.pem"
            tls = Authority(ca).server_context("localhost", "127.0.0.1")
        else:
            install_ntlm_users(tmp_path / "users", {user: PASSWORD})
            authenticator = Negotiate(protocol="ntlm")
        calls: list[CallRecord] = []
        cmdlets = [
            Cmdlet("Get-ServerHealth", get_server_health, frozenset({"Identity", "HealthSet"})),
            Cmdlet("Start-Slow", start_slow, frozenset()),
        ]
        endpoint = Endpoint(
            server="EX01",
            configuration="Microsoft.Exchange",
            path="/PowerShell",
            table=CmdletTable(cmdlets),
            authenticator=authenticator,
            language=LanguageMode.RESTRICTED,
            tls=tls,
            limits=limits or Limits(),
            on_call=calls.append,
        )
        port = asyncio.run_coroutine_threadsafe(endpoint.start(), loop).result(10)
        target = Target(
            "EX01",
            "127.0.0.1",
            port,
            "PowerShell",
            tls is not None,
            "basic" if auth == "basic" else "ntlm",
            str(ca) if ca else None,
            "HTTP",
            5.0,
        )
        made.append(Bench(loop, endpoint, target, user, calls))
        return made[-1]

    yield make
    for bench in made:
        for session in bench.sessions:
            session.close()
        bench.do(bench.endpoint.stop(abort=True))
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()
