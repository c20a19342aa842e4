"""The CLIXML reader: what a document may begin with, malformed and hostile input."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cockpit.exchange.clixml import (
    MAX_DEPTH,
    ClixmlError,
    PSObject,
    read_export,
    read_message,
)
from tests.exchange.clixml_reading import NAMESPACE, read

# ---- documents


@pytest.mark.parametrize(
    "before", ["", "\ufeff", "\ufeff \n", '<?xml version="1.0" encoding="utf-8"?>\n<!-- x -->']
)
def test_what_may_come_before_a_message(before: str) -> None:
    assert read(before + "<S>é</S>") == "é"
    assert read(f'{before}<S xmlns="{NAMESPACE}">é</S>') == "é"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="{}"?>\n'])
@pytest.mark.parametrize("namespace", ["", f' xmlns="{NAMESPACE}"'])
def test_exports(encoding: str, declared: str, namespace: str) -> None:
    inner = (
        '<Obj RefId="0"><TN RefId="0"><T>A</T></TN>\n <Props>\n <S N="é">ü</S></Props></Obj>\n <I32>4</I32>'
    )
    second = '<Obj RefId="1"><TNRef RefId="0"/><Props><Ref N="o" RefId="0"/></Props></Obj>'
    xml = f'{declared.format(encoding)}<Objs Version="1.1.0.1"{namespace}>{inner}{second}<Nil/></Objs>'
    first, four, other, nil = read_export(xml.encode(encoding))
    assert isinstance(first, PSObject)
    assert isinstance(other, PSObject)
    assert (first.types, first.properties, four, nil) == (("A",), {"é": "ü"}, 4, None)
    assert (other.types, other.get("o")) == (("A",), first)


# ---- malformed and hostile input

_ENTRY = (
    '<Obj RefId="0"><TN RefId="0"><T>A</T></TN><Props><S N="A">é_x000A_</S><I32 N="B">1</I32></Props></Obj>'
)


def test_whatever_is_cut_short_is_refused() -> None:
    data = _ENTRY.encode()
    for length in range(len(data)):
        with pytest.raises(ClixmlError):
            read_message(data[:length])
        with pytest.raises(ClixmlError):
            read_export(b"<Objs>" + data[:length])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xff\xfe\x00",
        b"\x00" * 64,
        b"garbage",
        b"<?xml",
        b"<!-->",
        b"<!",
        b"<S>\xff</S>",
        b"<S>\x01</S>",
        b"<S>&unknown;</S>",
        b"<S>&#xD83D;</S>",
        b"<S/><S/>",
        b"<I32>one</I32>",
        b"<I32/>",
        b"<I64>" + b"9" * 100_000 + b"</I64>",
        b"<B>maybe</B>",
        b"<B/>",
        b"<C>65536</C>",
        b"<C>-1</C>",
        b"<DT>yesterday</DT>",
        b"<DT/>",
        b"<DT>2021-09-28T10:32:01+99:00</DT>",
        b"<TS>PT</TS>x",
        b"<TS>1:00</TS>",
        b"<TS>P" + b"9" * 4000 + b"D</TS>",
        b"<TS/>",
        b"<Db>much</Db>",
        b"<D>x</D>",
        b"<D/>",
        b"<BA>A</BA>",
        b'<Obj RefId="0"><Props><S>nameless</S></Props></Obj>',
        b'<Obj RefId="0"><DCT><En><S N="Value">v</S></En></DCT></Obj>',
        b'<?xml version="1.0" encoding="utf-7"?>+ADwAUw-',
        "<S>é</S>".encode("utf-32"),
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(ClixmlError):
        read_message(data)


def test_an_export_has_its_root() -> None:
    with pytest.raises(ClixmlError):
        read_export(_ENTRY.encode())


def test_errors_do_not_quote_values() -> None:
    with pytest.raises(ClixmlError) as caught:
        read("<I32>hunter2</I32>")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def _nested(depth: int) -> Iterator[str]:
    yield "<Obj>" * depth + "</Obj>" * depth
    yield "<Obj><LST>" * depth + "</LST></Obj>" * depth
    yield "<LST>" * depth + "</LST>" * depth
    yield '<Obj><Props><Obj N="x">' * depth + "</Obj></Props></Obj>" * depth
    yield '<Obj><DCT><En><I32 N="Key">1</I32><Obj N="Value">' * depth + "</Obj></En></DCT></Obj>" * depth


@pytest.mark.parametrize("xml", _nested(50_000), ids=["Obj", "Obj-LST", "LST", "Props", "DCT"])
def test_depth_is_limited(xml: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ClixmlError, match="deep"):
        read(xml)
    assert time.perf_counter() - started < 5


def test_depth_is_enough() -> None:
    depth = MAX_DEPTH - 1
    value = read(
        '<Obj RefId="0"><Props><I32 N="i">0</I32>'
        + '<Obj N="o"><Props>' * depth
        + "</Props></Obj>" * depth
        + "</Props></Obj>"
    )
    levels = 0
    while isinstance(value, PSObject):
        value, levels = value.get("o"), levels + 1
    assert levels == MAX_DEPTH
    assert read("<Obj><LST>" * MAX_DEPTH + "</LST></Obj>" * MAX_DEPTH) is not None


_LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


_BOMB = f'<!DOCTYPE S [<!ENTITY l0 "lol">{_LAUGHS}]><S>&l9;</S>'


@pytest.mark.parametrize(
    "before",
    ["", "\ufeff", " \n", '<?xml version="1.0"?>', "<!-- <S> -->", "<?a ?><!---->\t", "\ufeff\ufeff"],
)
@pytest.mark.parametrize(
    "bomb",
    [_BOMB, "<!DOCTYPE S><S/>", '<!DOCTYPE S SYSTEM "file:///etc/passwd"><S/>'],
    ids=["laughs", "empty", "external"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused(before: str, bomb: str, encoding: str) -> None:
    started = time.perf_counter()
    for reader in (read_message, read_export):
        with pytest.raises(ClixmlError):
            reader((before + bomb).encode(encoding))
    assert time.perf_counter() - started < 1


def test_references_cannot_be_made_to_grow() -> None:
    """A list of ten references to the list before it, forty times: a tree of 10**40 leaves."""
    items = "".join(
        f'<Obj RefId="{i}"><LST>' + f'<Ref RefId="{i - 1}"/>' * 10 + "</LST><MS><I32 N='i'>1</I32></MS></Obj>"
        for i in range(1, 40)
    )
    started = time.perf_counter()
    value = read(f'<Obj RefId="a"><LST><Obj RefId="0"/>{items}</LST></Obj>')
    assert isinstance(value, list)
    assert len(repr(value)) < 10_000
    assert time.perf_counter() - started < 1


def test_many_comments_in_front_take_no_time() -> None:
    started = time.perf_counter()
    assert read("<!-- c --> " * 50_000 + "<I32>1</I32>") == 1
    assert time.perf_counter() - started < 2
