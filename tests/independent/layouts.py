"""PSRP's messages and fragments, laid out by hand from MS-PSRP 2.2.1, 2.2.2 and 2.2.4.

Nothing here comes from pypsrp, psrpcore or the product: these bytes are the tests' own reading of the
specification, so that a mistake shared by the product and the lab shows.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple, TypeAlias
from xml.sax.saxutils import escape

SESSION_CAPABILITY: Final = 0x00010002
INIT_RUNSPACEPOOL: Final = 0x00010004
RUNSPACEPOOL_STATE: Final = 0x00021005
CREATE_PIPELINE: Final = 0x00021006
APPLICATION_PRIVATE_DATA: Final = 0x00021009
PIPELINE_OUTPUT: Final = 0x00041004
ERROR_RECORD: Final = 0x00041005
PIPELINE_STATE: Final = 0x00041006
WARNING_RECORD: Final = 0x00041009

WINDOWS_BLOB: Final = 32_747
"""The largest blob of a fragment that Windows sends (psrp-wire §1 [W])."""

_TO_SERVER, _TO_CLIENT = 2, 1
_START, _END = 1, 2
_BOM: Final = b"\xef\xbb\xbf"
NOBODY: Final = uuid.UUID(int=0)

Value: TypeAlias = str | bool | int | Sequence[str] | None
"""Of a parameter; None binds a switch."""


class Fragment(NamedTuple):
    """MS-PSRP 2.2.4: 8 + 8 + 1 + 4 bytes big-endian, then the blob."""

    object_id: int
    number: int
    start: bool
    end: bool
    blob: bytes


class Message(NamedTuple):
    """MS-PSRP 2.2.1: destination, type, pool, pipeline little-endian, then CLIXML."""

    kind: int
    pool: uuid.UUID
    pipeline: uuid.UUID
    clixml: bytes


def pack(kind: int, pool: uuid.UUID, pipeline: uuid.UUID, clixml: str) -> bytes:
    """A message to the server."""
    head = struct.pack("<II", _TO_SERVER, kind) + pool.bytes_le + pipeline.bytes_le
    return head + _BOM + clixml.encode()


def unpack(data: bytes) -> Message:
    """A message from the server; Windows puts a BOM before every one (psrp-wire §1 [W])."""
    destination, kind = struct.unpack_from("<II", data)
    assert destination == _TO_CLIENT, f"a message for destination {destination}"
    pool, pipeline = uuid.UUID(bytes_le=data[8:24]), uuid.UUID(bytes_le=data[24:40])
    assert data[40:43] == _BOM, "a message without a BOM"
    return Message(kind, pool, pipeline, data[43:])


def cut(object_id: int, message: bytes, room: int) -> list[bytes]:
    """``message`` as fragments whose blobs are at most ``room`` bytes."""
    blobs = [message[at : at + room] for at in range(0, len(message), room)]
    last = len(blobs) - 1
    return [
        struct.pack(">QQBI", object_id, n, (_START if n == 0 else 0) | (_END if n == last else 0), len(blob))
        + blob
        for n, blob in enumerate(blobs)
    ]


def fragments(data: bytes) -> Iterator[Fragment]:
    at = 0
    while at < len(data):
        object_id, number, flags, length = struct.unpack_from(">QQBI", data, at)
        blob = data[at + 21 : at + 21 + length]
        assert len(blob) == length, "a fragment is cut short"
        assert flags & ~(_START | _END) == 0, f"reserved flags are set: {flags}"
        yield Fragment(object_id, number, bool(flags & _START), bool(flags & _END), blob)
        at += 21 + length


class Joiner:
    """Fragments to messages, holding the server to the numbering of MS-PSRP 2.2.4."""

    def __init__(self) -> None:
        self._parts: dict[int, list[bytes]] = {}

    def join(self, fragment: Fragment) -> Message | None:
        """The message that ``fragment`` completes."""
        if fragment.start:
            assert fragment.object_id not in self._parts, "an object starts twice"
            self._parts[fragment.object_id] = []
        parts = self._parts[fragment.object_id]
        assert fragment.number == len(parts), "fragments are out of order"
        parts.append(fragment.blob)
        if not fragment.end:
            return None
        return unpack(b"".join(self._parts.pop(fragment.object_id)))


def session_capability() -> str:
    """2.2.2.1."""
    return (
        '<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0</Version>'
        '<Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>'
    )


_ENUM_BASES: Final = "<T>System.Enum</T><T>System.ValueType</T><T>System.Object</T>"


def _enum(name: str, ref: int, kind: str, text: str, number: int) -> str:
    return (
        f'<Obj N="{name}" RefId="{ref}"><TN RefId="{ref}"><T>{kind}</T>{_ENUM_BASES}</TN>'
        f"<ToString>{text}</ToString><I32>{number}</I32></Obj>"
    )


_NO_HOST: Final = (
    "<MS>"
    '<B N="_isHostNull">true</B><B N="_isHostUINull">true</B><B N="_isHostRawUINull">true</B>'
    '<B N="_useRunspaceHost">true</B></MS>'
)
"""2.2.3.14, a client without a user interface."""


def init_runspacepool() -> str:
    """2.2.2.2: one runspace."""
    return (
        '<Obj RefId="0"><MS><I32 N="MinRunspaces">1</I32><I32 N="MaxRunspaces">1</I32>'
        + _enum("PSThreadOptions", 1, "System.Management.Automation.Runspaces.PSThreadOptions", "Default", 0)
        + _enum("ApartmentState", 2, "System.Threading.ApartmentState", "Unknown", 2)
        + f'<Obj N="HostInfo" RefId="3">{_NO_HOST}</Obj><Nil N="ApplicationArguments" /></MS></Obj>'
    )


_LIST: Final = (
    "<T>System.Collections.Generic.List`1[[System.Management.Automation.PSObject, System.Management."
    "Automation, Version=3.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]</T><T>System.Object</T>"
)
_MERGES: Final = (
    "MergeMyResult",
    "MergeToResult",
    "MergePreviousResults",
    "MergeError",
    "MergeWarning",
    "MergeVerbose",
    "MergeDebug",
)
_RESULT_TYPES: Final = "System.Management.Automation.Runspaces.PipelineResultTypes"


def create_pipeline(command: str, parameters: Mapping[str, Value], *, script: bool = False) -> str:
    """2.2.2.10 with one command (2.2.3.12)."""
    merges = "".join(_enum(name, 20 + n, _RESULT_TYPES, "None", 0) for n, name in enumerate(_MERGES))
    arguments = "".join(
        f'<Obj RefId="{ref}"><MS><S N="N">-{_text(name)}</S>{_value(ref + 1, value)}</MS></Obj>'
        for ref, (name, value) in zip(count(100, 2), parameters.items(), strict=False)
    )
    one = (
        f'<Obj RefId="10"><MS><S N="Cmd">{_text(command)}</S><B N="IsScript">{str(script).lower()}</B>'
        f'<Nil N="UseLocalScope" />{merges}'
        f'<Obj N="Args" RefId="11"><TN RefId="40">{_LIST}</TN><LST>{arguments}</LST></Obj></MS></Obj>'
    )
    return (
        '<Obj RefId="0"><MS><B N="NoInput">true</B>'
        + _enum("ApartmentState", 1, "System.Threading.ApartmentState", "Unknown", 2)
        + _enum("RemoteStreamOptions", 2, "System.Management.Automation.RemoteStreamOptions", "None", 0)
        + f'<B N="AddToHistory">false</B><Obj N="HostInfo" RefId="3">{_NO_HOST}</Obj>'
        '<Obj N="PowerShell" RefId="4"><MS><B N="IsNested">false</B><Nil N="ExtraCmds" />'
        f'<Obj N="Cmds" RefId="5"><TN RefId="41">{_LIST}</TN><LST>{one}</LST></Obj>'
        '<Nil N="History" /><B N="RedirectShellErrorOutputPipe">true</B></MS></Obj>'
        '<B N="IsNested">false</B></MS></Obj>'
    )


def _value(ref: int, value: Value) -> str:
    if value is None:
        return '<Nil N="V" />'
    if isinstance(value, bool):
        return f'<B N="V">{str(value).lower()}</B>'
    if isinstance(value, int):
        return f'<I32 N="V">{value}</I32>'
    if isinstance(value, str):
        return f'<S N="V">{_text(value)}</S>'
    items = "".join(f"<S>{_text(item)}</S>" for item in value)
    names = "<T>System.Object[]</T><T>System.Array</T><T>System.Object</T>"
    return f'<Obj N="V" RefId="{ref}"><TN RefId="{ref}">{names}</TN><LST>{items}</LST></Obj>'


def _text(value: str) -> str:
    """2.2.5.3.2: controls and what looks like an escape become ``_xHHHH_``; then XML's own."""
    out = []
    for at, character in enumerate(value):
        looks = character == "_" and value[at + 1 : at + 2] in ("x", "X")
        if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 or ord(character) > 0xFFFF or looks:
            units = character.encode("utf-16-be")
            out += [f"_x{units[i]:02X}{units[i + 1]:02X}_" for i in range(0, len(units), 2)]
        else:
            out.append(character)
    return escape("".join(out))
