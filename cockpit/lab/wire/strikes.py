"""How a :class:`~cockpit.lab.wire.knobs.Trouble` strikes: in place of an answer, or upon one."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final

from cockpit.lab.wire import faults
from cockpit.lab.wire.auth import Admitted
from cockpit.lab.wire.http import Connection, Hangup, Pour, Response, head_of
from cockpit.lab.wire.knobs import Effect, Trouble
from cockpit.lab.wire.sealing import SOAP
from cockpit.lab.wire.spoilers import SPOILERS

_HTML: Final = (("Content-Type", "text/html"),)
_PAGES: Final = {
    "": b"Service Unavailable<br>\r\n",
    "empty": b"",
    "html": b"<!DOCTYPE html><html><head><title>404<body><h1>404 - File or directory not found.</h1>",
    "xhtml": b"<html><head><title>Not found</title></head><body><p>There is no such page.</p></body></html>",
    "xhtml with doctype": (
        b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" '
        b'"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html><body><p>Error</p></body></html>'
    ),
}
"""``html`` is not well-formed, like IIS's page, and ``xhtml`` is (psrp-wire §4.5)."""
_GARBAGE: Final = b"\x00\x01 this is not XML <"
_NOT_HTTP: Final = b"SSH-2.0-OpenSSH_9.2p1\r\n"
_LARGE: Final = 300 * 2**20
_PIECE: Final = b" " * 65_536


class Instead(Exception):  # noqa: N818  # as Hangup
    """Answer this and nothing else."""

    def __init__(self, answer: Response | Pour) -> None:
        super().__init__()
        self.answer = answer


async def strike(trouble: Trouble, admitted: Admitted, connection: Connection) -> None:
    """What happens in place of the answer. Raises Instead, Hangup or Fault; a delay only takes its time."""
    match trouble.effect:
        case Effect.DELAY:
            await asyncio.sleep(trouble.seconds)
            if connection.gone:
                raise Hangup(reset=False)
        case Effect.DROP | Effect.RESET | Effect.REFUSE:
            raise Hangup(reset=trouble.effect is not Effect.DROP)
        case Effect.HANG:
            await connection.until_left()
            raise Hangup(reset=False)
        case Effect.DEAF:
            await connection.never()
        case Effect.STATUS:
            raise Instead(Response(trouble.status, _HTML, _PAGES[trouble.page]))
        case Effect.REJECT:
            raise Instead(admitted.reject())
        case Effect.REDIRECT:
            raise Instead(Response(trouble.status, (*_HTML, ("Location", trouble.location))))
        case Effect.FAULT:
            raise faults.numbered(trouble.code, trouble.message, trouble.subcode)
        case Effect.GARBAGE:
            raise Instead(admitted.answer(200, _GARBAGE))
        case Effect.NOT_HTTP:
            raise Instead(Pour(_once(_NOT_HTTP)))
        case Effect.ENDLESS_HEAD:
            raise Instead(Pour(_endless_head()))


def spoilt(troubles: list[Trouble], envelope: bytes) -> bytes:
    """The answer's envelope after the spoilers among ``troubles``."""
    for trouble in troubles:
        if trouble.effect is Effect.SPOIL:
            envelope = SPOILERS[trouble.how](envelope)
    return envelope


def wrecked(
    troubles: list[Trouble], plain: bytes, response: Response, connection: Connection
) -> Response | Pour:
    """What goes out for the (sealed) ``response``, whose envelope was ``plain``."""
    answer: Response | Pour = response
    for trouble in troubles:
        if isinstance(answer, Response):
            answer = _wreck(trouble, plain, answer, connection)
    return answer


def _wreck(trouble: Trouble, plain: bytes, response: Response, connection: Connection) -> Response | Pour:
    body = response.body
    match trouble.effect:
        case Effect.LEAVE:
            connection.leave()
        case Effect.CUT:
            return Pour(_once(head_of(response, length=len(body)) + body[: len(body) // 2]))
        case Effect.CUT_CHUNKED:
            return Pour(_once(head_of(response) + b"%x\r\n" % len(body) + body[: len(body) // 2]))
        case Effect.DRIP_HEAD:
            return Pour(_drip(b"", head_of(response, length=len(body)) + body, trouble.seconds))
        case Effect.DRIP_BODY:
            return Pour(_drip(head_of(response, length=len(body)), body, trouble.seconds))
        case Effect.HUGE:
            return Pour(_huge(head_of(response, length=len(body) + _LARGE) + body))
        case Effect.ENDLESS:
            return Pour(_endless(head_of(response)))
        case Effect.GZIP:
            return _packed(response, zlib.compress(body, wbits=31))
        case Effect.GZIP_BOMB:
            return _packed(response, _inflating())
        case Effect.WRONG_SEAL:
            turned = bytes([body[-_FROM_END] ^ 1])
            return Response(
                response.status, response.headers, body[:-_FROM_END] + turned + body[1 - _FROM_END :]
            )
        case Effect.UNSEALED:
            return Response(response.status, (("Content-Type", SOAP),), plain)
    return response


_FROM_END: Final = 60
"""Bytes from the end of a sealed body that are still before its closing boundary (24 bytes)."""


def _packed(response: Response, body: bytes) -> Response:
    return Response(response.status, (*response.headers, ("Content-Encoding", "gzip")), body)


def _inflating() -> bytes:
    """One compressed piece, over and over: a gzip file may have any number of members."""
    return zlib.compress(_PIECE * 16, wbits=31) * (_LARGE // (16 * len(_PIECE)))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _drip(at_once: bytes, slowly: bytes, seconds: float) -> AsyncIterator[bytes]:
    if at_once:
        yield at_once
    for at in range(len(slowly)):
        yield slowly[at : at + 1]
        await asyncio.sleep(seconds)


async def _huge(head: bytes) -> AsyncIterator[bytes]:
    yield head
    for _ in range(_LARGE // len(_PIECE)):
        yield _PIECE


async def _endless(head: bytes) -> AsyncIterator[bytes]:
    yield head
    while True:
        yield b"%x\r\n" % len(_PIECE) + _PIECE + b"\r\n"


async def _endless_head() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-Padding: " + b"x" * 60_000 + b"\r\n"
