"""One clock and one limit of size for everything that a session does on the network.

requests and urllib3 limit the time of each ``recv`` and nothing else: a server that sends a byte now and
then, or never stops, keeps them for ever. Here every connection of a session goes by one deadline, whatever
it does (name, connect, TLS, send, sign-in, headers, body), and no answer may be larger than it could honestly
be.
"""

from __future__ import annotations

import io
import math
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from cockpit.config.language import N_
from cockpit.exchange.bounded import bounded
from cockpit.exchange.errors import ProtocolError, TimeLimitError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_ANSWER: Final = 2 * 2**20
"""Bytes of an answer with its headers. We ask for envelopes of at most 500 KiB (``MaxEnvelopeSize``), and no
answer of Windows is above 512 KB (psrp-wire §3.5): four times that leaves room for sealing."""
_FOREVER: Final = 86_400.0
_PIECE: Final = 16_384
"""Bytes sent under one look at the clock: a TLS record."""

_TOO_LARGE: Final = N_(
    "Something between here and the server, or the server itself, is not what it should be."
)
_COMPRESSED: Final = N_(
    "Switch off what compresses answers on the way (a proxy, IIS' dynamic compression): the cockpit asks "
    "for none."
)


class Guard:
    """The deadline of whatever is under way; ``where``: the URL, for words. One per connection pool."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.requests = 0
        """Requests whose sending began."""
        self._until = math.inf
        self._pools: list[HTTPConnectionPool] = []

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything inside ends in ``seconds``, and in the time that is left outside."""
        outer = self._until
        self._until = min(outer, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._until = outer

    def left(self, received: int = 0) -> float:
        """Seconds to go, for a socket. Raises TimeLimitError; ``received``: bytes that came so far."""
        left = self._until - time.monotonic()
        if left > 0:
            return min(left, _FOREVER)
        raise self.late(received)

    def late(self, received: int = 0) -> TimeLimitError:
        if received:
            return TimeLimitError(
                N_("{where} answers too slowly").format(where=self.where),
                N_("{n} bytes came in time").format(n=received),
            )
        return TimeLimitError(
            N_("{where} does not answer").format(where=self.where), N_("nothing came in time")
        )

    def count(self, received: int) -> None:
        """Raises ProtocolError when an answer of so many bytes cannot be an honest one."""
        if received > MAX_ANSWER:
            raise ProtocolError(
                N_("{where} sends more than an answer can hold").format(where=self.where),
                N_("more than {n} MiB").format(n=MAX_ANSWER // 2**20),
                _TOO_LARGE,
            )

    def keep(self, pool: HTTPConnectionPool) -> None:
        self._pools.append(pool)

    def was_closed(self) -> bool:
        """Whether the server has closed a connection that lies idle here."""
        idle = [connection for pool in self._pools for connection in _idle(pool)]
        return any(connection.sock is not None and not connection.is_connected for connection in idle)

    def hang_up(self) -> None:
        """Close every connection. urllib3 itself closes a pool that was given up when Python's collector
        comes by, and what an error holds on to is not collected soon."""
        while self._pools:
            self._pools.pop().close()


def _idle(pool: HTTPConnectionPool) -> list[HTTPConnection]:
    """The connections that wait in ``pool``, which nobody else uses."""
    return [c for c in (pool.pool.queue if pool.pool else ()) if isinstance(c, HTTPConnection)]


def install(http: requests.Session, guard: Guard) -> None:
    """Put every connection that ``http`` will make under ``guard``, through a proxy or not."""
    for adapter in http.adapters.values():
        if not isinstance(adapter, HTTPAdapter):
            raise TypeError(f"not an HTTP adapter: {adapter!r}")
        _guard_pools(adapter.poolmanager, guard)
        through = adapter.proxy_manager_for
        adapter.proxy_manager_for = partial(_guarded_proxy, through, guard)  # type: ignore[method-assign]


def _guard_pools(manager: Any, guard: Guard) -> None:
    """urllib3 makes its pools by these; an instance may have its own."""
    manager.pool_classes_by_scheme = {
        "http": partial(_pool, HTTPConnectionPool, _HTTPConnection, guard),
        "https": partial(_pool, HTTPSConnectionPool, _HTTPSConnection, guard),
    }


def _guarded_proxy(make: Any, guard: Guard, proxy: str, **settings: Any) -> Any:
    manager = make(proxy, **settings)
    _guard_pools(manager, guard)
    return manager


def _pool(
    kind: type[HTTPConnectionPool],
    connection: Callable[..., HTTPConnection],
    guard: Guard,
    *place: Any,
    **settings: Any,
) -> HTTPConnectionPool:
    pool = kind(*place, **settings)
    pool.ConnectionCls = partial(connection, guard=guard)  # type: ignore[assignment]
    guard.keep(pool)
    return pool


def _unresolved(host: str) -> TimeLimitError:
    """The resolver of the system takes its own time limits, which may be minutes."""
    return TimeLimitError(
        N_("The DNS does not say in time where {host} is").format(host=host),
        cure=N_("Look at the DNS of this host (resolv.conf), or dial addresses."),
    )


class _Guarded(HTTPConnection):
    """What both kinds of connections do under a guard."""

    def __init__(self, *place: Any, guard: Guard, **settings: Any) -> None:
        super().__init__(*place, **settings)
        self._guard = guard
        self.response_class = partial(_Response, guard)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        """As urllib3's own, which gives every address of a name the whole time limit."""
        try:
            sock = self._first_that_answers()
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out.") from error
        except OSError as error:
            raise NewConnectionError(self, f"Failed to establish a new connection: {error}") from error
        sock.settimeout(self._guard.left())
        return sock

    def _first_that_answers(self) -> socket.socket:
        host = self._dns_host.strip("[]")
        last: OSError = OSError("getaddrinfo returns an empty list")
        for family, kind, protocol, _, address in bounded(
            lambda: socket.getaddrinfo(host, self.port, allowed_gai_family(), socket.SOCK_STREAM),
            self._guard.left(),
            partial(_unresolved, host),
            "resolver",
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(min(float(self.timeout or _FOREVER), self._guard.left()))
                sock.connect(address)
            except OSError as error:
                sock.close()
                last = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise last

    def send(self, data: Any) -> None:
        """In pieces, for ssl counts the time limit anew for each record."""
        if self.sock is None:
            self.connect()
        self._guard.requests += 1
        rest = memoryview(data)
        while rest:
            self.sock.settimeout(self._guard.left())
            try:
                self.sock.sendall(rest[:_PIECE])
            except TimeoutError:
                raise self._guard.late() from None
            rest = rest[_PIECE:]


class _HTTPConnection(_Guarded):
    pass


class _HTTPSConnection(_Guarded, HTTPSConnection):
    pass


class _Response(HTTPResponse):
    """http.client's response, whose bytes come under the guard."""

    def __init__(self, guard: Guard, sock: socket.socket, *rest: Any, **settings: Any) -> None:
        super().__init__(sock, *rest, **settings)
        self._guard = guard
        self.fp.close()
        self.fp = io.BufferedReader(_Incoming(guard, sock))

    def begin(self) -> None:
        super().begin()
        if self.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise ProtocolError(
                N_("{where} compresses its answers").format(where=self._guard.where),
                N_("it was asked not to"),
                _COMPRESSED,
            )
        self._guard.count(self.length or 0)


class _Incoming(io.RawIOBase):
    """The bytes of one answer. ``_sock`` is where pypsrp looks for the certificate of a channel binding."""

    def __init__(self, guard: Guard, sock: socket.socket) -> None:
        super().__init__()
        self._guard = guard
        self._raw = sock.makefile("rb", buffering=0)
        self._sock = sock
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(self._guard.left(self._received))
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            raise self._guard.late(self._received) from None
        self._received += count or 0
        self._guard.count(self._received)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
