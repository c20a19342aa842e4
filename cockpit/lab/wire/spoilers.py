"""Sound answers made unsound: what a broken or hostile server, or a proxy between, may send as an envelope.

Each takes the envelope as the service wrote it and gives the bytes that go out in its place. Shapes:
psrp-wire §1 (one fragment to a ``<rsp:Stream>``), MS-PSRP 2.2.4.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Final

_FRAGMENT: Final = struct.Struct(">QQBI")
_MESSAGE_HEADER: Final = 40
_START, _END = 1, 2
_STREAM: Final = re.compile(rb"(<rsp:Stream [^>]*>)([^<]*)(</rsp:Stream>)")
_TO: Final = re.compile(rb"<a:To>[^<]*</a:To>")
_LEVELS: Final = 9


def _bomb() -> bytes:
    """Ten to the ninth "lol" in less than a kilobyte."""
    entities = [b'<!ENTITY e0 "lol">']
    entities += [b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, _LEVELS + 1)]
    return b"<!DOCTYPE x [" + b"".join(entities) + b"]>"


_BOMB: Final = _bomb()
_EXTERNAL: Final = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
_EXTERNAL_SUBSET: Final = b'<!DOCTYPE x SYSTEM "file:///etc/hostname">'


def _referring(envelope: bytes, entity: bytes) -> bytes:
    return _TO.sub(b"<a:To>&%s;</a:To>" % entity, envelope, count=1)


def _entity_bomb(envelope: bytes) -> bytes:
    return _BOMB + _referring(envelope, b"e%d" % _LEVELS)


def _entity_bomb_utf16(envelope: bytes) -> bytes:
    return _entity_bomb(envelope).decode().encode("utf-16")


def _external_entity(envelope: bytes) -> bytes:
    return b'<?xml version="1.0"?>\n' + _EXTERNAL + _referring(envelope, b"e")


def _external_subset(envelope: bytes) -> bytes:
    return b"<!-- -->" + _EXTERNAL_SUBSET + envelope


def _no_relates_to(envelope: bytes) -> bytes:
    return re.sub(rb"<a:RelatesTo>[^<]*</a:RelatesTo>", b"", envelope)


def _no_body(envelope: bytes) -> bytes:
    return re.sub(rb"<s:Body>.*</s:Body>", b"", envelope, flags=re.DOTALL)


def _half(envelope: bytes) -> bytes:
    return envelope[: len(envelope) // 2]


def _other_xml(_envelope: bytes) -> bytes:
    return b"<status><code>200</code></status>"


def _not_utf8(envelope: bytes) -> bytes:
    return _TO.sub(b"<a:To>\xff\xfe\xfa</a:To>", envelope, count=1)


# ---- streams and fragments


def _streams(envelope: bytes, change: Callable[[bytes, bytes, bytes], Iterable[bytes]]) -> bytes:
    """The envelope with the text of its first stream replaced by streams of those payloads."""

    def replaced(match: re.Match[bytes]) -> bytes:
        head, text, tail = match.groups()
        return b"".join(change(head, base64.b64decode(text), tail))

    return _STREAM.sub(replaced, envelope, count=1)


def _packed(head: bytes, payloads: Iterable[bytes], tail: bytes) -> Iterable[bytes]:
    return (head + base64.b64encode(payload) + tail for payload in payloads)


def _halves(fragment: bytes) -> tuple[bytes, bytes]:
    """A message of one fragment as one of two."""
    number, _, _, length = _FRAGMENT.unpack_from(fragment)
    blob = fragment[_FRAGMENT.size :]
    cut = length // 2
    first = _FRAGMENT.pack(number, 0, _START, cut) + blob[:cut]
    return first, _FRAGMENT.pack(number, 1, _END, length - cut) + blob[cut:]


def _twice(envelope: bytes) -> bytes:
    """Every stream once more, as when the answer before was sent again."""
    whole = b"".join(match.group() for match in _STREAM.finditer(envelope))
    return envelope.replace(whole, whole + whole, 1) if whole else envelope


def _fragments_swapped(envelope: bytes) -> bytes:
    return _streams(envelope, lambda head, whole, tail: _packed(head, reversed(_halves(whole)), tail))


def _fragment_twice(envelope: bytes) -> bytes:
    def change(head: bytes, whole: bytes, tail: bytes) -> Iterable[bytes]:
        first, second = _halves(whole)
        return _packed(head, (first, first, second), tail)

    return _streams(envelope, change)


def _fragment_lost(envelope: bytes) -> bytes:
    return _streams(envelope, lambda head, whole, tail: _packed(head, _halves(whole)[1:], tail))


def _fragment_cut(envelope: bytes) -> bytes:
    return _streams(envelope, lambda head, whole, tail: _packed(head, [whole[:-7]], tail))


def _not_base64(envelope: bytes) -> bytes:
    return _STREAM.sub(rb"\1@@@ not base64 @@@=\3", envelope)


def _message(envelope: bytes, clixml: bytes) -> bytes:
    """Another text in the first message, framed as it should be."""

    def change(head: bytes, whole: bytes, tail: bytes) -> Iterable[bytes]:
        number = _FRAGMENT.unpack_from(whole)[0]
        blob = whole[_FRAGMENT.size : _FRAGMENT.size + _MESSAGE_HEADER] + clixml
        return _packed(head, [_FRAGMENT.pack(number, 0, _START | _END, len(blob)) + blob], tail)

    return _streams(envelope, change)


def _message_garbage(envelope: bytes) -> bytes:
    return _message(envelope, b"\x00\x01 not CLIXML <<<")


def _message_bomb(envelope: bytes) -> bytes:
    return _message(envelope, _BOMB + b"<S>&e%d;</S>" % _LEVELS)


def _message_external(envelope: bytes) -> bytes:
    return _message(envelope, _EXTERNAL + b"<S>&e;</S>")


SPOILERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "entity bomb": _entity_bomb,
    "entity bomb in UTF-16": _entity_bomb_utf16,
    "external entity": _external_entity,
    "external subset": _external_subset,
    "no RelatesTo": _no_relates_to,
    "no Body": _no_body,
    "half an envelope": _half,
    "other XML": _other_xml,
    "not UTF-8": _not_utf8,
    "streams twice": _twice,
    "fragments swapped": _fragments_swapped,
    "fragment twice": _fragment_twice,
    "fragment lost": _fragment_lost,
    "fragment cut": _fragment_cut,
    "not base64": _not_base64,
    "message garbage": _message_garbage,
    "message bomb": _message_bomb,
    "message external": _message_external,
}
