"""A lab, an environment with one entry server, and what the doctor says of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from cockpit.config.environment import Address, Environment
from cockpit.config.secrets import Secret
from cockpit.doctor.examining import Wanted, examine
from cockpit.doctor.findings import Finding, State
from cockpit.lab.actions import act
from cockpit.lab.wire.endpoint import Endpoint
from tests.product.conftest import Running

HOST = "this host"


@dataclass(frozen=True)
class Bench:
    """``entry`` is the entry server, ``other`` the server that is none."""

    running: Running
    environment: Environment
    entry: str
    other: str

    def findings(
        self, environment: Environment | None = None, secret: Secret | None = None, **wanted: Any
    ) -> list[Finding]:
        chosen = self.environment if environment is None else environment
        return list(examine(chosen, secret or self.running.secret, Wanted(**wanted)))

    def endpoint(self, server: str, kind: str) -> Endpoint:
        return self.running.lab.endpoints[server][kind]

    def act(self, server: str, action: str, **more: Any) -> None:
        simulation = self.running.lab.simulation
        self.running.on_loop(lambda: act(simulation, {"name": server, "action": action, **more}))

    def dialling(self, **address: str) -> Environment:
        """The entry server's Exchange endpoint, or the other one's, at another address."""
        name = self.entry if "exchange" in address else self.other
        kept = self.environment.addresses
        changed = msgspec.structs.replace(kept[name], **address)
        return msgspec.structs.replace(self.environment, addresses={**kept, name: changed})

    def exchange(self, **settings: Any) -> Environment:
        changed = msgspec.structs.replace(self.environment.exchange, **settings)
        return msgspec.structs.replace(self.environment, exchange=changed)

    def url(self, kind: str = "exchange") -> str:
        address: Address = self.environment.addresses[self.entry if kind == "exchange" else self.other]
        found = address.exchange if kind == "exchange" else address.winrm
        assert found is not None
        return found

    @contextmanager
    def relayed(self, host: str) -> Iterator[int]:
        """A port of ``host`` behind which the entry server's Exchange endpoint is."""
        port = int(self.url().rpartition(":")[2].partition("/")[0])

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))

        server = self.running.do(asyncio.start_server(serve, host, 0))
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            self.running.on_loop(server.close)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:  # the other end has gone: so does this one
        pass
    finally:
        writer.close()


def of(running: Running) -> Bench:
    entry, other = (server.name for server in running.addresses.servers)
    environment = msgspec.structs.replace(running.environment, entry_servers=(entry,), read_only=False)
    return Bench(running, environment, entry, other)


def wrong(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """Check and subject of everything that is said to be wrong."""
    well = (State.OK, State.UNUSED, State.NOT_CHECKED)
    return {(f.check, f.subject) for f in findings if f.state not in well}


def unchecked(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(f.check, f.subject) for f in findings if f.state is State.NOT_CHECKED}


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found
