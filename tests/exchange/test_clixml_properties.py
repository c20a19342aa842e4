"""The CLIXML reader beside pypsrp's: the same values for whatever pypsrp can read, and for all text."""

from __future__ import annotations

import struct
import uuid
import xml.etree.ElementTree as ET
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from queue import Queue
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import psrpcore.types as ps
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psrpcore._crypto import PSRemotingCrypto
from psrpcore.types import serialize as psrpcore_serialize
from pypsrp.complex_objects import GenericComplexObject
from pypsrp.serializer import Serializer

from cockpit.exchange.clixml import ClixmlError, PSObject, read_export, read_message

_QUICK = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

_CIPHER = PSRemotingCrypto()

# XML cannot carry control characters as they are, nor can UTF-8 lone surrogates.
_text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(
        st.sampled_from(
            [
                "_x005F_",
                "_x0041_",
                "_X000A_",
                "_x",
                "_",
                "x",
                "\0",
                "\r\n",
                "\x1b",
                "\x85",
                "😀",
                "é",
                "\ufeff",
            ]
        ),
        max_size=8,
    ).map("".join),
)


def _bytes(element: ET.Element | None) -> bytes:
    assert element is not None
    data: bytes = ET.tostring(element, encoding="utf-8")
    return data


# ---- text


@_QUICK
@given(_text)
@example("_x005F_x0041_")
@example("\U0001f600_xD83D_")
@example("\r")
def test_all_text_survives_both_serialisers(text: str) -> None:
    clean = text.replace("\ufffe", "").replace("\uffff", "")  # XML has no such characters
    for data in (_bytes(Serializer().serialize(clean)), _bytes(psrpcore_serialize(clean, _CIPHER))):
        assert read_message(data) == clean
        assert read_message(b"\xef\xbb\xbf" + data) == clean


def _escaped(text: str) -> str:
    """As PowerShell writes: control characters and astral ones (as UTF-16) escaped, and what looks it."""
    units = struct.unpack(f"<{len(text.encode('utf-16-le')) // 2}H", text.encode("utf-16-le"))
    out = []
    for at, unit in enumerate(units):
        following = units[at + 1] if at + 1 < len(units) else 0
        special = unit < 0x20 or 0x7F <= unit < 0xA0 or 0xD800 <= unit < 0xE000 or unit >= 0xFFFE
        if special or (unit == 0x5F and following in (0x58, 0x78)):
            out.append(f"_x{unit:04X}_")
        else:
            out.append(chr(unit))
    return "".join(out)


@_QUICK
@given(_text, _text, _text)
def test_all_text_survives_wherever_it_stands(name: str, text: str, kind: str) -> None:
    held = read_message(
        f'<Obj RefId="0"><TN RefId="0"><T>{escape(_escaped("T" + kind))}</T></TN>'
        f"<ToString>{escape(_escaped(text))}</ToString>"
        f"<MS><S N={quoteattr(_escaped(name))}>{escape(_escaped(text))}</S></MS></Obj>".encode()
    )
    assert isinstance(held, PSObject)
    assert (held.types, held.text, held.properties) == (("T" + kind,), text, {name: text})


# ---- whatever pypsrp can read

# A node is a pair: an element's tag and its text, or a shape and its parts.
_Node = tuple[str, Any]

_leaves: st.SearchStrategy[_Node] = st.one_of(
    _text.map(lambda text: ("S", _escaped(text))),
    _text.map(lambda text: ("URI", _escaped(text))),
    st.integers(-(2**31), 2**31 - 1).map(lambda number: ("I32", str(number))),
    st.integers(0, 2**64 - 1).map(lambda number: ("U64", str(number))),
    st.booleans().map(lambda flag: ("B", str(flag).lower())),
    st.floats(allow_nan=False).map(lambda number: ("Db", repr(number).replace("inf", "INF"))),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(lambda number: ("D", str(number))),
    st.uuids().map(lambda guid: ("G", str(guid))),
    st.integers(0x20, 0xD7FF).map(lambda code: ("C", str(code))),
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)).map(
        lambda when: ("DT", when.isoformat())
    ),
    st.sampled_from([("BA", "AQID"), ("BA", "/+8="), ("Nil", ""), ("Version", "15.2.986.5"), ("Ref", "")]),
)
_names = st.sampled_from(["Name", "Server", "State", "Identity", "name", "A b", "é"])


def _shapes(parts: st.SearchStrategy[_Node]) -> st.SearchStrategy[_Node]:
    properties = st.lists(st.tuples(_names, parts), max_size=5)
    keys = st.one_of(_text.map(lambda text: ("S", _escaped(text))), st.just(("I32", "7")))
    return st.one_of(
        st.tuples(
            st.just("Obj"),
            st.fixed_dictionaries(
                {
                    "types": st.sampled_from(["Lab.Entry", "Lab.Enum", "Lab.Other"]),
                    "text": st.none() | _text.map(_escaped),
                    "base": st.none() | _leaves.filter(lambda node: node[0] not in ("Nil", "Ref")),
                    "Props": properties,
                    "MS": properties,
                }
            ),
        ),
        st.tuples(st.sampled_from(["LST", "QUE", "STK"]), st.lists(parts, max_size=4)),
        st.tuples(st.just("DCT"), st.lists(st.tuples(keys, parts), max_size=4)),
    )


_nodes = st.recursive(_leaves, _shapes, max_leaves=25)
_CONTAINERS = {
    "LST": "System.Collections.ArrayList",
    "QUE": "System.Collections.Queue",
    "STK": "System.Collections.Stack",
    "DCT": "System.Collections.Hashtable",
}


class _Writer:
    """Nodes as CLIXML, with TNRef for types met before and Ref for objects already complete."""

    def __init__(self) -> None:
        self.types: dict[str, int] = {}
        self.complete: list[int] = []
        self.count = 0

    def write(self, node: _Node, name: str | None = None) -> str:
        tag, content = node
        named = "" if name is None else f" N={quoteattr(name)}"
        if tag == "Ref":
            return f'<Ref{named} RefId="{self.complete[-1]}"/>' if self.complete else f"<Nil{named}/>"
        if isinstance(content, str):
            return f"<{tag}{named}>{escape(content)}</{tag}>" if content else f"<{tag}{named}/>"
        self.count += 1
        ref = self.count
        if tag == "Obj":
            inner = self._types(content["types"]) + self._object(content)
        else:
            types = self._types(_CONTAINERS[tag])
            items = "".join(
                f"<En>{self.write(item[0], 'Key')}{self.write(item[1], 'Value')}</En>"
                if tag == "DCT"
                else self.write(item)
                for item in content
            )
            inner = f"{types}<{tag}>{items}</{tag}>"
        self.complete.append(ref)
        return f'<Obj{named} RefId="{ref}">{inner}</Obj>'

    def _types(self, first: str) -> str:
        if first in self.types:
            return f'<TNRef RefId="{self.types[first]}"/>'
        self.types[first] = len(self.types)
        return f'<TN RefId="{self.types[first]}"><T>{first}</T><T>System.Object</T></TN>'

    def _object(self, content: dict[str, Any]) -> str:
        text = "" if content["text"] is None else f"<ToString>{escape(content['text'])}</ToString>"
        base = "" if content["base"] is None else self.write(content["base"])
        parts = {
            part: "".join(self.write(value, name) for name, value in content[part])
            for part in ("Props", "MS")
        }
        return text + base + "".join(f"<{part}>{inner}</{part}>" for part, inner in parts.items())


def _pypsrp(value: Any) -> object:
    """What pypsrp read, in terms both readers share."""
    if isinstance(value, GenericComplexObject):
        properties = {**value.adapted_properties, **value.extended_properties}
        base = value.property_sets[-1] if value.property_sets else None
        members = {name: _pypsrp(item) for name, item in properties.items()}
        return ("Obj", tuple(value.types), value.to_string, _pypsrp(base), members)
    if isinstance(value, Queue):
        return [_pypsrp(item) for item in value.queue]
    if isinstance(value, list):
        return [_pypsrp(item) for item in value]
    if isinstance(value, dict):
        return {key: _pypsrp(item) for key, item in value.items()}
    return str(value) if isinstance(value, uuid.UUID) else value


def _ours(value: object) -> object:
    if isinstance(value, PSObject):
        members = {name: _ours(item) for name, item in value.properties.items()}
        return ("Obj", value.types, value.text, _ours(value.value), members)
    if isinstance(value, list):
        return [_ours(item) for item in value]
    if isinstance(value, dict):
        return {key: _ours(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


@settings(_QUICK, max_examples=250)
@given(_nodes)
def test_the_same_values_as_pypsrp(node: _Node) -> None:
    xml = _Writer().write(node)
    value = read_message(xml.encode())
    assert _ours(value) == _pypsrp(Serializer().deserialize(xml))
    assert repr(value)


@_QUICK
@given(st.lists(_nodes, max_size=4))
def test_an_export_is_its_messages(nodes: list[_Node]) -> None:
    writer = _Writer()
    inner = [writer.write(node) for node in nodes]
    namespace = "http://schemas.microsoft.com/powershell/2004/04"
    document = f'<Objs Version="1.1.0.1" xmlns="{namespace}">\n' + "\n ".join(inner) + "\n</Objs>"
    listed = f'<Obj RefId="none"><LST>{"".join(inner)}</LST></Obj>'
    expected = _ours(read_message(listed.encode()))
    assert _ours(read_export(document.encode())) == expected
    assert _ours(read_export(document.encode("utf-16"))) == expected


_numbers = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**31), 2**31 - 1), st.floats(width=32, allow_nan=False)
)


@_QUICK
@given(
    st.dictionaries(
        _names, st.recursive(_numbers, lambda inner: st.lists(inner, max_size=3), max_leaves=6), max_size=6
    ),
    st.booleans(),
)
def test_what_pypsrp_writes(properties: dict[str, Any], extended: bool) -> None:
    sent = GenericComplexObject()
    sent.types = ["Lab.Entry", "System.Object"]
    sent.to_string = "entry"
    (sent.extended_properties if extended else sent.adapted_properties).update(properties)
    data = _bytes(Serializer().serialize(sent))
    value = read_message(data)
    assert isinstance(value, PSObject)
    assert (value.types, value.text, value.properties) == (
        ("Lab.Entry", "System.Object"),
        "entry",
        properties,
    )


_psrpcore_values: st.SearchStrategy[tuple[Any, Any]] = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(lambda number: (ps.PSInt64(number), number)),
    st.integers(0, 255).map(lambda number: (ps.PSByte(number), number)),
    st.floats(allow_nan=False).map(lambda number: (ps.PSDouble(number), number)),
    st.binary(max_size=20).map(lambda blob: (ps.PSByteArray(blob), blob)),
    st.uuids().map(lambda guid: (ps.PSGuid(int=guid.int), str(guid))),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(
        lambda number: (ps.PSDecimal(number), number)
    ),
    # psrpcore writes the year 999 with three digits
    st.datetimes(datetime(1000, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)).map(
        lambda when: (ps.PSDateTime.combine(when.date(), when.timetz()), when)
    ),
    # psrpcore drops the zero of "30S", so the microseconds are never nought
    st.builds(
        lambda seconds, micro: (
            ps.PSDuration(seconds=seconds, microseconds=micro),
            timedelta(0, seconds, micro),
        ),
        st.integers(0, 10**9),
        st.integers(1, 999_999),
    ),
    st.integers(0, 0xD7FF).map(lambda code: (ps.PSChar(code), chr(code))),
    st.lists(st.integers(-5, 5), max_size=3).map(lambda items: (ps.PSList(items), items)),
    st.lists(st.integers(-5, 5), max_size=3).map(lambda items: (ps.PSStack(items), items)),
    st.dictionaries(st.integers(-5, 5), st.booleans(), max_size=3).map(
        lambda items: (ps.PSDict(items), items)
    ),
)


@_QUICK
@given(st.dictionaries(_names, _psrpcore_values, max_size=6))
def test_what_psrpcore_writes(pairs: dict[str, tuple[Any, Any]]) -> None:
    sent = ps.PSCustomObject(**{f"p{at}": pair[0] for at, pair in enumerate(pairs.values())})
    value = read_message(_bytes(psrpcore_serialize(sent, _CIPHER)))
    assert isinstance(value, PSObject)
    assert list(value.properties.values()) == [pair[1] for pair in pairs.values()]


# ---- hostile input


@settings(_QUICK, max_examples=250)
@given(_nodes, st.data())
def test_damage_ends_in_a_value_or_a_clixml_error(node: _Node, data: st.DataObject) -> None:
    damaged = bytearray(_Writer().write(node).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        damaged[at : at + data.draw(st.integers(0, 6))] = data.draw(
            st.sampled_from(
                [
                    b"",
                    b"<",
                    b"/",
                    b">",
                    b"&",
                    b'"',
                    b"Obj",
                    b"<Obj>",
                    b"</Obj>",
                    b"<DT>",
                    b"\xff",
                    b"9",
                    b"_x",
                ]
            )
        )
    for reader in (read_message, read_export):
        with suppress(ClixmlError):
            assert repr(reader(bytes(damaged)))


@_QUICK
@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"<S>", b"<?xml ", b"<!DOCTYPE "]),
)
def test_garbage_ends_in_a_value_or_a_clixml_error(tail: bytes, head: bytes) -> None:
    for reader in (read_message, read_export):
        with suppress(ClixmlError):
            assert repr(reader(head + tail))
