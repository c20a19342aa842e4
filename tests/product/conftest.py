"""A lab on a loop of its own in this process, and the environment that points at it.

The product sees only sockets; the lab's own state is at hand to compare with.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cockpit.commands.lab import credential_of, dialled
from cockpit.config import secrets
from cockpit.config.environment import (
    Address,
    EndpointSettings,
    Environment,
    Polling,
    WinRMSettings,
)
from cockpit.config.secrets import Secret
from cockpit.config.targets import exchange_target, winrm_target
from cockpit.exchange.session import EXCHANGE, WINRM, Session
from cockpit.lab.serve import Lab, LabAddresses, LabOptions

_T = TypeVar("_T")


@dataclass(frozen=True)
class Running:
    """A lab that serves, and what is needed to talk to it and to look behind it."""

    lab: Lab
    addresses: LabAddresses
    environment: Environment
    loop: asyncio.AbstractEventLoop

    def do(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def on_loop(self, function: Callable[[], _T]) -> _T:
        async def call() -> _T:
            return function()

        return self.do(call())

    @property
    def secret(self) -> Secret | None:
        return secrets.password(self.environment)

    def exchange(self, server: str = "") -> Session:
        server = server or self.environment.entry_servers[0]
        target = exchange_target(self.environment, server)
        return Session(target, EXCHANGE, self.environment.credential.user, self.secret)

    def winrm(self, server: str) -> Session:
        return Session(
            winrm_target(self.environment, server), WINRM, self.environment.credential.user, self.secret
        )

    def commands(self, cmdlet: str = "") -> list[Any]:
        """The lab's own record of what it executed."""
        page = self.on_loop(lambda: self.lab.simulation.ledger.since(0))
        return [e for e in page if e.kind == "command" and (not cmdlet or e.cmdlet == cmdlet)]

    def shells(self) -> int:
        return self.on_loop(
            lambda: sum(len(e.shells()) for both in self.lab.endpoints.values() for e in both.values())
        )


def environment_of(addresses: LabAddresses, folder: Path, **polling: Any) -> Environment:
    return Environment(
        name="lab",
        entry_servers=tuple(s.name for s in addresses.servers[:2]),
        credential=credential_of(addresses, folder),
        exchange=EndpointSettings(**dialled(addresses, 3.0)),
        winrm=WinRMSettings(**dialled(addresses, 3.0)),
        addresses={s.name: Address(exchange=s.exchange_url, winrm=s.winrm_url) for s in addresses.servers},
        polling=Polling(**{"interval": 5.0, "winrm_interval": 0.0, **polling}),
    )


@contextmanager
def running_lab(folder: Path, *, polling: dict[str, Any] | None = None, **options: Any) -> Iterator[Running]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    lab = Lab(LabOptions(folder / "lab", **options))
    addresses = asyncio.run_coroutine_threadsafe(lab.start(), loop).result(30)
    try:
        yield Running(lab, addresses, environment_of(addresses, folder, **(polling or {})), loop)
    finally:
        asyncio.run_coroutine_threadsafe(lab.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@pytest.fixture(scope="module", params=["basic-tls", "ntlm"])
def healthy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A healthy lab of eight servers, over both ways to sign in."""
    with running_lab(tmp_path_factory.mktemp("lab"), auth=request.param, speed=20.0) as running:
        yield running
