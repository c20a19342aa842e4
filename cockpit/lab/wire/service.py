"""WSMan's verbs on one endpoint: which shell, which quota, which answer (MS-WSMV 3.1.4)."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from cockpit.lab.wire import faults, soap
from cockpit.lab.wire.runner import Runner
from cockpit.lab.wire.shell import Shell, ShellInfo, ShellLimits
from cockpit.lab.wire.soap import Message

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Exchange's (exchange-facts §5.4, §5.5). ``shells``: per user. ``commands``: per shell, unless
    Terminated. ``connection_idle``: http.sys (psrp-wire §4.3 [I])."""

    shells: int = 18
    commands: int = 1000
    idle_timeout: float = 900.0
    max_envelope: int = 512_000
    connection_idle: float = 120.0


class Service:
    """The shells of one endpoint."""

    def __init__(
        self,
        server: str,
        configuration: str,
        path: str,
        runner: Callable[[], Runner],
        limits: Limits,
        held: Callable[[str], int] | None = None,
    ) -> None:
        """``runner``: of a shell that is opened now. ``held``: a user's shells that count against the quota;
        None: those of this endpoint."""
        self.server = server
        self._held = held or self.held
        self.affinity = secrets.token_hex(16)
        self._resource = soap.RESOURCE + configuration
        self._path = path
        self._runner = runner
        self._limits = limits
        self._shells: dict[str, Shell] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self.exchange = configuration.lower() == "microsoft.exchange"

    def held(self, user: str) -> int:
        """The shells of ``user`` here."""
        return sum(shell.owner.lower() == user.lower() for shell in self._shells.values())

    def shells(self) -> list[ShellInfo]:
        return [shell.info() for shell in self._shells.values()]

    async def answer(self, message: Message, user: str, gone: Callable[[], bool], *, cookie: bool) -> bytes:
        """The response envelope. Raises :class:`~cockpit.lab.wire.faults.Fault`."""
        if message.action == soap.TRANSFER + "Create":
            body = self._create(message, user)
        elif message.action == soap.ENUMERATION + "Enumerate":
            body = self._enumerate(message, user)
        elif message.action == soap.TRANSFER + "Get" and message.resource.lower().endswith("/wsman/1/config"):
            size = self._limits.max_envelope // 1024
            body = (
                '<cfg:Config xmlns:cfg="http://schemas.microsoft.com/wbem/wsman/1/config">'
                f"<cfg:MaxEnvelopeSizekb>{size}</cfg:MaxEnvelopeSizekb></cfg:Config>"
            )
        else:
            shell = self._owned(message.selectors.get("shellid"), user)
            shell.cookie_returned |= cookie
            with shell.watch.busy():
                body = await self._on_shell(message, shell, gone)
        return soap.envelope(message.action + "Response", message.message_id, body)

    def close(self) -> None:
        """Every shell dies."""
        for shell_id in list(self._shells):
            self._drop(shell_id)

    async def settle(self) -> None:
        """Wait for the pipelines of closed shells to end."""
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _on_shell(self, message: Message, shell: Shell, gone: Callable[[], bool]) -> str:
        if message.action == soap.TRANSFER + "Delete":
            self._drop(shell.id)
            return ""
        if message.action == soap.TRANSFER + "Get":
            return shell.xml()
        if message.action.startswith(soap.SHELL):
            match message.verb:
                case "Receive":
                    return await shell.receive(message, gone)
                case "Command":
                    return shell.command(message)
                case "Send":
                    return shell.send(message)
                case "Signal":
                    return await shell.signal(message)
                case "Disconnect" | "Reconnect" | "Connect":
                    raise faults.disconnection_unsupported()
        raise faults.unknown_action(message.action)

    def _create(self, message: Message, user: str) -> str:
        if message.resource.lower() != self._resource.lower():
            raise faults.unknown_resource(message.resource)
        if self._held(user) >= self._limits.shells:
            raise faults.too_many_shells(self._limits.shells, exchange=self.exchange)
        limits = ShellLimits(self._limits.commands, self._limits.idle_timeout, self._limits.max_envelope)
        shell = Shell(message, user, self._runner(), limits, exchange=self.exchange, expired=self._expire)
        if shell.id in self._shells:
            shell.close()
            raise faults.bad_request(f"Shell {shell.id} exists.")
        self._shells[shell.id] = shell
        return (
            f"<x:ResourceCreated><a:Address>http://{escape(self.server)}{escape(self._path)}</a:Address>"
            f"<a:ReferenceParameters><w:ResourceURI>{escape(message.resource)}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{shell.id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
            f"</x:ResourceCreated>{shell.xml()}"
        )

    def _enumerate(self, message: Message, user: str) -> str:
        if message.resource.endswith("/Command"):
            shell = self._owned(soap.selectors(message.body).get("shellid"), user)
            items = "".join(
                f"<rsp:Command><rsp:CommandId>{command}</rsp:CommandId>"
                "<rsp:CommandState>Running</rsp:CommandState></rsp:Command>"
                for command in shell.command_ids()
            )
        else:
            items = "".join(shell.xml() for shell in self._shells.values() if shell.owner == user)
        return (
            f"<n:EnumerateResponse><n:EnumerationContext/><w:Items>{items}</w:Items><w:EndOfSequence/>"
            "</n:EnumerateResponse>"
        )

    def _owned(self, shell_id: str | None, user: str) -> Shell:
        shell = self._shells.get((shell_id or "").upper())
        if shell is None or shell.owner.lower() != user.lower():
            raise faults.no_shell()
        return shell

    def _expire(self, shell_id: str) -> None:
        log.info("%s: shell %s idle too long", self.server, shell_id)
        self._drop(shell_id)

    def _drop(self, shell_id: str) -> None:
        for task in self._shells.pop(shell_id).close():
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
