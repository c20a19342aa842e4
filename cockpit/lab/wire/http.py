"""HTTP/1.1 on asyncio streams and h11.

One :class:`Connection` per TCP connection, because NTLM and Kerberos authenticate the connection, not the
request (psrp-wire §2), and because faults such as a reset need the transport itself.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

import h11

from cockpit.lab.wire.idle import IdleWatch

log = logging.getLogger(__name__)

_READ = 262_144
_HEADERS_LIMIT = 65_536
_GRACE = 2.0
"""Seconds a polite stop leaves to answers under way."""


class Hangup(Exception):  # noqa: N818  # what is done, not what went wrong
    """Raised by a handler: close without an answer, with RST if ``reset``."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("reset" if reset else "dropped")
        self.reset = reset


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Pour:
    """Bytes as they are, in place of an HTTP answer; then the connection is closed."""

    chunks: AsyncIterator[bytes]


Handler: TypeAlias = Callable[[Request], Awaitable[Response | Pour]]


def head_of(response: Response, length: int | None = None) -> bytes:
    """Status line and headers by hand, for a :class:`Pour`; without ``length`` the body is chunked."""
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}", framing]
    lines += [f"{name}: {value}" for name, value in response.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Connection:
    """One TCP connection: reads a request, answers it, again."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle_seconds: float, max_body: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._max_body = max_body
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADERS_LIMIT)
        self._idle_seconds = idle_seconds
        self._answering = False
        self._closing = False
        self._leaving = False

    @property
    def certificate(self) -> bytes | None:
        """The client's, DER, where TLS was given one."""
        tls: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) if tls is not None else None

    @property
    def gone(self) -> bool:
        """The peer has left: what would be answered now reaches nobody."""
        return self._reader.at_eof() or self._writer.transport.is_closing()

    def close(self) -> None:
        self._writer.close()

    def finish(self) -> None:
        """Close now, or after the answer under way."""
        self._closing = True
        if not self._answering:
            self.close()

    def leave(self) -> None:
        """Close after the answer under way, without announcing it. Where the system can, the end is held
        together with the answer's last bytes, so that the client sees both or neither."""
        self._leaving = True
        sock: socket.socket | None = self._writer.get_extra_info("socket")
        if sock is not None and sys.platform == "linux":
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    async def until_left(self) -> None:
        """Until the peer has closed its side."""
        while await self._reader.read(_READ):
            pass

    async def never(self) -> None:
        """Neither read nor see the peer's end, until the server hangs up."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.get_running_loop().create_future()

    def reset(self) -> None:
        """RST. Without linger 0 the kernel would send an orderly FIN."""
        sock: socket.socket | None = self._writer.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def serve(self, handler: Handler) -> None:
        watch = IdleWatch(self._idle_seconds, self.close)
        try:
            while not self._closing and (request := await self._read()) is not None:
                self._answering = True
                with watch.busy():
                    answer = await handler(request)
                    if isinstance(answer, Pour):
                        await self._pour(answer)
                        break
                    await self._write(answer)
                self._answering = False
                if self._leaving or self._h11.our_state is h11.MUST_CLOSE:
                    break
                self._h11.start_next_cycle()
        except Hangup as hangup:
            if hangup.reset:
                self.reset()
        except h11.RemoteProtocolError as error:
            log.info("not HTTP: %s", error)
            await self._write(Response(error.error_status_hint, (("Connection", "close"),)))
        except OSError as error:
            log.debug("connection lost: %s", error)
        finally:
            watch.cancel()
            self.close()

    async def _read(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                if self._h11.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    self._writer.write(self._h11.send(go_on) or b"")
                self._h11.receive_data(await self._reader.read(_READ))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._max_body:
                    await self._write(Response(413, (("Connection", "close"),)))
                    return None
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
                return Request(head.method.decode(), head.target.decode("latin-1"), headers, bytes(body))
            else:
                return None

    async def _pour(self, answer: Pour) -> None:
        async for chunk in answer.chunks:
            if self.gone:
                return
            self._writer.write(chunk)
            await self._writer.drain()
            await asyncio.sleep(0)  # what never waits would never hear that the peer has left

    async def _write(self, response: Response) -> None:
        headers = [
            *response.headers,
            ("Content-Length", str(len(response.body))),
            ("Server", "Microsoft-IIS/10.0"),
        ]
        if self._closing:
            headers.append(("Connection", "close"))
        out = self._h11.send(h11.Response(status_code=response.status, headers=headers)) or b""
        if response.body:
            out += self._h11.send(h11.Data(data=response.body)) or b""
        out += self._h11.send(h11.EndOfMessage()) or b""
        self._writer.write(out)
        await self._writer.drain()


def _reserved(host: str, port: int) -> socket.socket:
    """A socket that is bound there and never listens. While it lives no other program, and no connection
    that goes out from here, is given this port; the listener may take it, and leave it, again and again."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class HttpServer:
    """A listener and its connections. ``accept`` gives each connection its own handler.

    Its port stays its own while it does not listen, until :meth:`release`.
    """

    def __init__(
        self,
        accept: Callable[[Connection], Handler | None],
        *,
        tls: ssl.SSLContext | None,
        idle_seconds: float,
        max_body: int,
    ) -> None:
        self._accept = accept
        self._tls = tls
        self._idle_seconds = idle_seconds
        self._max_body = max_body
        self._server: asyncio.Server | None = None
        self._port: socket.socket | None = None
        self._connections: dict[Connection, asyncio.Task[None]] = {}

    @property
    def listening(self) -> bool:
        return self._server is not None

    async def listen(self, host: str, port: int) -> int:
        """Listen there (0: any port); the port."""
        if self._server is not None:
            raise RuntimeError("already listening")
        if self._port is None:
            self._port = _reserved(host, port)
            port = self._port.getsockname()[1]
        self._server = await asyncio.start_server(
            self._serve, host, port, ssl=self._tls, limit=2**20, backlog=1024
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def deafen(self) -> None:
        """No new connections; those that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def release(self) -> None:
        """Let go of the port."""
        if self._port is not None:
            self._port.close()
            self._port = None

    async def hang_up(self, *, abort: bool) -> None:
        """End every connection: with RST, or after the answer under way."""
        tasks = list(self._connections.values())
        for connection in list(self._connections):
            if abort:
                connection.reset()
            else:
                connection.finish()
        if abort:
            for task in tasks:
                task.cancel()
        elif tasks:
            _, late = await asyncio.wait(tasks, timeout=_GRACE)
            for task in late:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._idle_seconds, self._max_body)
        handler = self._accept(connection) if self.listening else None
        if handler is None:
            connection.reset()
            return
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._connections[connection] = task
        try:
            await connection.serve(handler)
        except asyncio.CancelledError:
            log.debug("connection cancelled")  # only by hang_up, which waits for this task
        except Exception:
            log.exception("lab bug while serving a connection")
            connection.reset()
        finally:
            del self._connections[connection]
