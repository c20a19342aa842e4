"""An endpoint of a simulated server: a port, a path, a configuration, and who may run what there."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from uuid import uuid4

from cockpit.lab.cmdlet import CmdletTable
from cockpit.lab.wire import faults, soap
from cockpit.lab.wire.auth import Admitted, Authenticator
from cockpit.lab.wire.faults import Fault
from cockpit.lab.wire.http import Connection, Handler, Hangup, HttpServer, Pour, Request, Response
from cockpit.lab.wire.knobs import BEFORE, Effect, Trouble, WireKnobs
from cockpit.lab.wire.language import LanguageMode
from cockpit.lab.wire.runner import CallRecord, Runner, ScriptHost
from cockpit.lab.wire.service import Limits, Service
from cockpit.lab.wire.shell import ShellInfo
from cockpit.lab.wire.soap import Message
from cockpit.lab.wire.strikes import Instead, spoilt, strike, wrecked

__all__ = ["CallRecord", "Endpoint", "LanguageMode", "Limits", "ScriptHost", "ShellInfo", "WireKnobs"]

log = logging.getLogger(__name__)

_NOT_FOUND = b"<!DOCTYPE html><html><head><title>404<body><h1>404 - File or directory not found.</h1>"
"""Not well-formed, like IIS's page (psrp-wire §4.5)."""
_BODY_SLACK = 4
"""HTTP bodies beyond so many envelopes are cut off before WSMan sees them."""
_COOKIE = "MS-WSMAN"
_FRONT_END = "X-FEServer"


class Endpoint:
    """Start it and point a WSMan client at its port and ``path``.

    ``clock_ahead``: how many seconds the server's clock is ahead of this host's, as its Date headers tell.
    Shells live until deleted, idle too long, or :meth:`stop`.
    """

    def __init__(
        self,
        *,
        server: str,
        configuration: str,
        path: str,
        table: CmdletTable,
        authenticator: Authenticator,
        language: LanguageMode,
        tls: ssl.SSLContext | None = None,
        limits: Limits = Limits(),  # noqa: B008  # frozen
        knobs: WireKnobs | None = None,
        script_host: ScriptHost | None = None,
        on_call: Callable[[CallRecord], None] | None = None,
        held: Callable[[str], int] | None = None,
    ) -> None:
        """``held``: a user's shells that count against the quota; None: those of this endpoint."""
        self.server = server
        self.clock_ahead = 0.0
        self.knobs = knobs or WireKnobs()
        self.elsewhere: Callable[[], Runner | None] = lambda: None
        """The runner of another server that shells opened from now on run at (exchange-facts §5.4)."""
        self._path = "/" + path.strip("/")
        self._authenticator = authenticator
        self._limits = limits
        self._address = ("127.0.0.1", 0)
        self.runner = Runner(server, table, language, script_host, on_call)
        self._service = Service(server, configuration, self._path, self._route, limits, held)
        self._http = HttpServer(
            self._accept,
            tls=tls,
            idle_seconds=limits.connection_idle,
            max_body=limits.max_envelope * _BODY_SLACK,
        )

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; the port. After :meth:`stop` it may be started again, without its old shells."""
        self._address = (host, await self._http.listen(host, port))
        return self._address[1]

    async def stop(self, *, abort: bool = False, keep_port: bool = False) -> None:
        """Shells die. ``abort``: as if the host lost power, with RST on every connection. ``keep_port``: it
        will be started again there."""
        self._http.deafen()
        self._service.close()
        await self._http.hang_up(abort=abort)
        await self._service.settle()
        if not keep_port:
            self._http.release()

    async def refuse(self) -> None:
        """Take no connections and reset those that are open; the shells stay."""
        self._go_deaf()
        await self._http.hang_up(abort=True)

    async def accept(self) -> None:
        """End of :meth:`refuse`, on the same port."""
        self.knobs.refuse = False
        if not self._http.listening:
            await self._http.listen(*self._address)

    def held(self, user: str) -> int:
        """The shells of ``user`` here."""
        return self._service.held(user)

    def shells(self) -> list[ShellInfo]:
        return self._service.shells()

    def _route(self) -> Runner:
        return self.elsewhere() or self.runner

    def _accept(self, connection: Connection) -> Handler | None:
        if self.knobs.refuse:
            return None
        session = _Session(
            *(self._service, self.knobs, self._path, self._limits, self._authenticator, connection),
            self._go_deaf,
        )

        async def dated(request: Request) -> Response | Pour:
            answer = await session.handle(request)
            if isinstance(answer, Pour):
                return answer
            date = formatdate(time.time() + self.clock_ahead, usegmt=True)
            return replace(answer, headers=(*answer.headers, ("Date", date)))

        return dated

    def _go_deaf(self) -> None:
        self.knobs.refuse = True
        self._http.deafen()


class _Session:
    """One connection's requests: path, caller, troubles, and then WSMan."""

    def __init__(
        self,
        service: Service,
        knobs: WireKnobs,
        path: str,
        limits: Limits,
        authenticator: Authenticator,
        connection: Connection,
        deafen: Callable[[], None],
    ) -> None:
        self._deafen = deafen
        self._service = service
        self._knobs = knobs
        self._path = path
        self._limits = limits
        self._gate = authenticator.gate(connection.certificate)
        self._connection = connection

    async def handle(self, request: Request) -> Response | Pour:
        if self._knobs.refuse:
            raise Hangup(reset=True)
        if request.target.partition("?")[0].rstrip("/").lower() != self._path.lower():
            return Response(404, (("Content-Type", "text/html"),), _NOT_FOUND)
        try:
            admitted = self._gate.admit(request)
        except Exception:
            log.exception("lab bug in authentication on %s", self._service.server)
            return Response(500, (("Content-Type", "text/plain"),), b"lab bug in authentication")
        if isinstance(admitted, Response):
            return admitted
        cookie = f"{_COOKIE}=" in request.headers.get("cookie", "")
        response = await self._answer(admitted, cookie)
        if not isinstance(response, Response) or not self._service.exchange:
            return response
        # The front end names itself (exchange-facts §5.1 [B]).
        headers = (*response.headers, (_FRONT_END, self._service.server.upper()))
        if not cookie:
            kept = f"{_COOKIE}={self._service.affinity}; path={self._path}"
            headers = (*headers, ("Set-Cookie", kept))
        return replace(response, headers=headers)

    async def _answer(self, admitted: Admitted, cookie: bool) -> Response | Pour:
        message_id = ""
        troubles: list[Trouble] = []
        try:
            if len(admitted.body) > self._limits.max_envelope:
                raise faults.request_too_large(self._limits.max_envelope)
            message = soap.parse(admitted.body)
            message_id = message.message_id
            troubles = self._knobs.take(message.names)
            status, body = 200, await self._carry_out(message, admitted, cookie, troubles)
        except Instead as instead:
            return instead.answer
        except Fault as fault:
            status, body = 500, soap.fault(message_id, fault, self._service.server)
        except Hangup:
            raise
        except Exception as error:
            log.exception("lab bug on %s", self._service.server)
            bug = faults.internal(f"Lab bug: {error!r}")
            status, body = 500, soap.fault(message_id, bug, self._service.server)
        body = spoilt(troubles, body)
        return wrecked(troubles, body, admitted.answer(status, body), self._connection)

    async def _carry_out(
        self, message: Message, admitted: Admitted, cookie: bool, troubles: list[Trouble]
    ) -> bytes:
        if self._knobs.latency:
            await asyncio.sleep(self._knobs.latency)
        if any(trouble.effect is Effect.WRONG_RELATES_TO for trouble in troubles):
            message = replace(message, message_id=f"uuid:{str(uuid4()).upper()}")
        await self._strike([t for t in troubles if not t.after], admitted)
        body = await self._service.answer(
            message, admitted.user, lambda: self._connection.gone, cookie=cookie
        )
        await self._strike([t for t in troubles if t.after], admitted)
        return body

    async def _strike(self, troubles: list[Trouble], admitted: Admitted) -> None:
        for trouble in troubles:
            if trouble.effect is Effect.REFUSE:
                self._deafen()
            if trouble.effect in BEFORE:
                await strike(self._placed(trouble), admitted, self._connection)

    def _placed(self, trouble: Trouble) -> Trouble:
        """A redirect without a place goes round in a circle."""
        here = trouble.effect is Effect.REDIRECT and not trouble.location
        return replace(trouble, location=self._path) if here else trouble
