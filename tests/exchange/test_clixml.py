"""The CLIXML reader: every element, every shape, hostile input, and real exports."""

from __future__ import annotations

import math
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from cockpit.exchange.clixml import (
    MAX_DEPTH,
    MISSING,
    ClixmlError,
    PSObject,
    Secret,
    read_export,
    read_message,
    read_messages,
)

_FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures" / "exchange-clixml"
_NAMESPACE = "http://schemas.microsoft.com/powershell/2004/04"


def read(xml: str) -> object:
    return read_message(xml.encode())


def read_object(xml: str) -> PSObject:
    value = read(xml)
    assert isinstance(value, PSObject)
    return value


# ---- primitives


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<S>text</S>", "text"),
        ("<S/>", ""),
        ("<S> kept  as it is </S>", " kept  as it is "),
        ("<S>a &lt;b&gt; &amp; c&#233;</S>", "a <b> & cé"),
        ("<URI>https://host/_x0041_</URI>", "https://host/A"),
        ("<XD>&lt;a /&gt;</XD>", "<a />"),
        ("<SBK>{ Get-Date }</SBK>", "{ Get-Date }"),
        ("<Version>15.2.986.5</Version>", "15.2.986.5"),
        ("<G>46a1b05b-0ed2-4449-a6bb-64ae4f9c1a94</G>", "46a1b05b-0ed2-4449-a6bb-64ae4f9c1a94"),
        ("<C>97</C>", "a"),
        ("<C>0</C>", "\0"),
        ("<C>55357</C>", "\ufffd"),
        ("<B>true</B>", True),
        ("<B>false</B>", False),
        ("<B> True </B>", True),
        ("<By>254</By>", 254),
        ("<SB>-127</SB>", -127),
        ("<U16>65535</U16>", 65535),
        ("<I16>-32768</I16>", -32768),
        ("<U32>4294967295</U32>", 4294967295),
        ("<I32>-2147483648</I32>", -(2**31)),
        ("<U64>18446744073709551615</U64>", 2**64 - 1),
        ("<I64>-9223372036854775808</I64>", -(2**63)),
        ("<Sg>1.5</Sg>", 1.5),
        ("<Db>-1.7976931348623157E+308</Db>", -1.7976931348623157e308),
        ("<Db>INF</Db>", math.inf),
        ("<Db>-INF</Db>", -math.inf),
        ("<D>1.50</D>", Decimal("1.50")),
        ("<D>-79228162514264337593543950335</D>", Decimal("-79228162514264337593543950335")),
        ("<BA>AQIDBA==</BA>", b"\x01\x02\x03\x04"),
        ("<BA/>", b""),
        ("<Nil/>", None),
        ("<TS>PT9.0269026S</TS>", timedelta(seconds=9, microseconds=26902)),
        ("<TS>-P1DT2H3M4S</TS>", -timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("<TS>P10675199DT2H48M5.4775807S</TS>", timedelta(10675199, 10085, 477580)),
        ("<TS>PT0S</TS>", timedelta(0)),
        ("<TS>P1Y2M</TS>", timedelta(days=425)),
        ("<Later>what a later build says_x000A_</Later>", "what a later build says\n"),
        ("<Later>with <S>a</S><S>b</S></Later>", "with ab"),
    ],
)
def test_primitives(xml: str, expected: object) -> None:
    value = read(xml)
    assert value == expected
    assert type(value) is type(expected)


def test_not_a_number() -> None:
    value = read("<Sg>NaN</Sg>")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-09-28T10:32:01-07:00", datetime(2021, 9, 28, 10, 32, 1, tzinfo=timezone(timedelta(hours=-7)))),
        ("2021-09-28T17:20:23.4772749Z", datetime(2021, 9, 28, 17, 20, 23, 477274, UTC)),
        ("2021-09-28T17:20:22.97Z", datetime(2021, 9, 28, 17, 20, 22, 970000, UTC)),
        ("2021-09-28T17:20:22", datetime(2021, 9, 28, 17, 20, 22)),
        ("0001-01-01T00:00:00", datetime.min),
        ("0001-01-01T00:00:00Z", datetime.min),
        ("0001-01-01T00:00:00+14:00", datetime.min),
        ("0001-01-02T03:00:00+14:00", datetime.min + timedelta(days=1, hours=3)),
        ("9999-12-31T23:59:59.9999999", datetime.max),
        ("9999-12-31T15:00:00-08:00", datetime.max),
        ("9999-06-01T00:00:00Z", datetime(9999, 6, 1, tzinfo=UTC)),
    ],
)
def test_times(text: str, expected: datetime) -> None:
    value = read(f"<DT>{text}</DT>")
    assert isinstance(value, datetime)
    if text.startswith("0001-01-02"):
        assert value.replace(tzinfo=None) == expected
        assert value.astimezone(UTC).year == 1
    else:
        assert (value, value.tzinfo) == (expected, expected.tzinfo)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_x000D__x000A_b", "a\r\nb"),
        ("_x005F_x0041_", "_x0041_"),
        ("_x005f_X0041_", "_X0041_"),
        ("_X0041__x0042_", "AB"),
        ("_xD83D__xDE00_", "\U0001f600"),
        ("\U0001f600_xD83D__xDE00_", "\U0001f600\U0001f600"),
        ("_xD83D_A", "\ufffdA"),
        ("A_xDE00__xD83D_", "A\ufffd\ufffd"),
        ("_xZZZZ_ _x41_ _x00410_ x_y", "_xZZZZ_ _x41_ _x00410_ x_y"),
        ("_x0000_", "\0"),
        ("_x001B_]0;owned_x0007_", "\x1b]0;owned\x07"),
    ],
)
def test_escapes(text: str, expected: str) -> None:
    assert read(f"<S>{text}</S>") == expected
    held = read_object(
        f'<Obj RefId="0"><TN RefId="0"><T>{text}</T></TN><ToString>{text}</ToString>'
        f'<Props><S N="{text}">{text}</S></Props></Obj>'
    )
    assert (held.types, held.text, held.properties) == ((expected,), expected, {expected: expected})


def test_a_secret_is_not_kept() -> None:
    held = read_object('<Obj RefId="0"><Props><SS N="Password">AAEC</SS></Props></Obj>')
    secret = held.get("Password")
    assert isinstance(secret, Secret)
    assert str(secret) == repr(secret) == f"{secret}" == "[redacted]"
    assert not hasattr(secret, "__dict__")
    assert "AAEC" not in repr(held)


# ---- objects


def test_an_object() -> None:
    held = read_object(
        '<Obj RefId="0"><TN RefId="0"><T>A.Entry</T><T>System.Object</T></TN><ToString>A.Entry</ToString>'
        '<Props><S N="Name">x</S><Nil N="None"/><I32 N="Count">3</I32>'
        '<Obj N="State" RefId="1"><TN RefId="1"><T>A.State</T><T>System.Enum</T></TN>'
        "<ToString>Active</ToString><I32>1</I32></Obj>"
        '<Obj N="Other" RefId="2"><TNRef RefId="1"/><ToString>Draining</ToString><I32>2</I32></Obj></Props>'
        '<MS><G N="RunspaceId">1-2</G></MS></Obj>'
    )
    assert held.types == ("A.Entry", "System.Object")
    assert str(held) == held.text == "A.Entry"
    assert list(held.properties) == ["Name", "None", "Count", "State", "Other", "RunspaceId"]
    state, other = held.get("State"), held.get("Other")
    assert isinstance(state, PSObject)
    assert isinstance(other, PSObject)
    assert (str(state), state.value, state.types) == ("Active", 1, ("A.State", "System.Enum"))
    assert (str(other), other.value, other.types) == ("Draining", 2, state.types)
    assert repr(held) == "<PSObject Entry 'A.Entry', 6 properties>"


def test_names_are_found_without_regard_to_case() -> None:
    held = read_object('<Obj RefId="0"><Props><I32 N="id">1</I32><I32 N="ID">2</I32></Props></Obj>')
    assert (held.get("id"), held.get("ID"), held.get("Id"), held.get("no", 7)) == (1, 2, 1, 7)


def test_type_names_are_one_tuple_for_all_rows() -> None:
    xml = '<Obj RefId="0"><TN RefId="0"><T>Shared.Type</T></TN><Props/></Obj>'
    assert read_object(xml).types is read_object(xml).types


@pytest.mark.parametrize("order", ["<Props>{p}</Props><MS>{m}</MS>", "<MS>{m}</MS><Props>{p}</Props>"])
def test_extended_properties_win(order: str) -> None:
    inner = order.format(p='<S N="A">p</S><S N="B">1</S><S N="B">2</S>', m='<S N="A">m</S>')
    assert read_object(f'<Obj RefId="0">{inner}</Obj>').properties == {"A": "m", "B": "2"}


def test_a_primitive_with_properties() -> None:
    held = read_object('<Obj RefId="0"><S>text</S><MS><S N="PSPath">p</S></MS></Obj>')
    assert (held.value, held.text, str(held), held.properties) == ("text", None, "text", {"PSPath": "p"})


def test_nested_base_objects_become_one() -> None:
    held = read_object(
        '<Obj RefId="0"><Obj RefId="1"><TN RefId="0"><T>Inner</T></TN><ToString>inner</ToString><I32>4</I32>'
        '<Props><S N="A">inner</S><S N="B">b</S></Props></Obj><MS><S N="A">outer</S></MS></Obj>'
    )
    assert (held.types, held.text, held.value) == (("Inner",), "inner", 4)
    assert held.properties == {"A": "outer", "B": "b"}
    listed = read_object(
        '<Obj RefId="0"><Obj RefId="1"><LST><S>a</S></LST></Obj><MS><S N="Note">n</S></MS></Obj>'
    )
    assert (listed.value, listed.properties) == (["a"], {"Note": "n"})


@pytest.mark.parametrize("tag", ["LST", "IE", "QUE", "STK"])
def test_containers(tag: str) -> None:
    inner = f"<{tag}><S>a</S><Nil/><Obj RefId='1'><{tag}><I32>1</I32></{tag}></Obj></{tag}>"
    expected = ["a", None, [1]]
    assert read(f'<Obj RefId="0"><TN RefId="0"><T>System.Object[]</T></TN>{inner}</Obj>') == expected
    assert read(f'<Obj RefId="0"><{tag}/></Obj>') == []
    told = read_object(f'<Obj RefId="0"><ToString>three</ToString>{inner}</Obj>')
    assert (told.text, told.value) == ("three", expected)


def test_a_dictionary() -> None:
    value = read(
        '<Obj RefId="0"><DCT><En><S N="Key">a_x0020_b</S><I32 N="Value">1</I32></En>'
        '<En><I32 N="Key">2</I32><Obj N="Value" RefId="1"><LST><S>x</S></LST></Obj></En>'
        '<En><Obj N="Key" RefId="2"><ToString>Enum</ToString><I32>5</I32></Obj><Nil N="Value"/></En>'
        '<En><Obj N="Key" RefId="3"><LST/></Obj><B N="Value">true</B></En></DCT></Obj>'
    )
    assert isinstance(value, dict)
    assert (value["a b"], value[2], len(value)) == (1, ["x"], 4)
    assert [key.value for key in value if isinstance(key, PSObject)] == [5, []]


def test_progress() -> None:
    held = read_object(
        '<Obj S="progress" RefId="0"><MS><PR N="Record"><AV>Moving_x0020_on</AV><AI>0</AI><Nil/><PI>-1</PI>'
        "<PC>50</PC><T>Processing</T><SR>-1</SR><SD> </SD></PR></MS></Obj>"
    ).get("Record")
    assert isinstance(held, PSObject)
    assert held.properties == {
        "Activity": "Moving on",
        "ActivityId": 0,
        "CurrentOperation": None,
        "ParentActivityId": -1,
        "PercentComplete": 50,
        "RecordType": "Processing",
        "SecondsRemaining": -1,
        "StatusDescription": " ",
    }


# ---- references


def test_references() -> None:
    held = read_object(
        '<Obj RefId="0"><Props><Obj N="A" RefId="1"><Props><S N="x">1</S></Props></Obj><Ref N="B" RefId="1"/>'
        '<Obj N="L" RefId="2"><LST><S>a</S><Ref RefId="1"/></LST></Obj><Ref N="M" RefId="2"/>'
        '<Ref N="Self" RefId="0"/></Props></Obj>'
    )
    assert isinstance(held.get("A"), PSObject)
    assert held.get("B") is held.get("A")
    assert held.get("M") is held.get("L")
    assert held.get("L") == ["a", held.get("A")]
    assert held.get("Self") is held
    assert "5 properties" in repr(held)


@pytest.mark.parametrize(
    "inner", ['<Ref RefId="0"/>', '<Obj RefId="1"><Ref RefId="0"/></Obj>', '<LST><Ref RefId="0"/></LST>']
)
def test_what_refers_to_itself_does_no_harm(inner: str) -> None:
    value = read(f'<Obj RefId="0">{inner}</Obj>')
    assert str(value) is not None
    assert repr(value)


def test_a_dangling_reference_shows() -> None:
    held = read_object('<Obj RefId="0"><Props><Ref N="A" RefId="9"/><Ref N="B"/></Props></Obj>')
    assert [str(value) for value in held.properties.values()] == [MISSING, MISSING]


def test_a_dangling_type_reference_gives_no_types() -> None:
    held = read_object('<Obj RefId="0"><TNRef RefId="9"/><ToString>t</ToString></Obj>')
    assert (held.types, held.text) == ((), "t")


def test_nothing_is_shared_between_messages() -> None:
    read('<Obj RefId="5"><TN RefId="5"><T>Old</T></TN></Obj>')
    assert read_object('<Obj RefId="0"><TNRef RefId="5"/></Obj>').types == ()
    assert str(read('<Ref RefId="5"/>')) == MISSING


# ---- documents


@pytest.mark.parametrize(
    "before", ["", "\ufeff", "\ufeff \n", '<?xml version="1.0" encoding="utf-8"?>\n<!-- x -->']
)
def test_what_may_come_before_a_message(before: str) -> None:
    assert read(before + "<S>é</S>") == "é"
    assert read(f'{before}<S xmlns="{_NAMESPACE}">é</S>') == "é"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="{}"?>\n'])
@pytest.mark.parametrize("namespace", ["", f' xmlns="{_NAMESPACE}"'])
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


# ---- real exports

_COUNTS = {
    "E16.GetExchangeServer.xml": 1,
    "E16.GetMailboxServer.xml": 1,
    "E16.GetServerComponentState.xml": 35,
    "E16.TestServiceHealth.xml": 4,
}


def _export(name: str) -> list[PSObject]:
    path = _FIXTURES / name
    if not path.exists():
        pytest.skip("the exports are not part of the repository")
    rows = read_export(path.read_bytes())
    assert all(isinstance(row, PSObject) for row in rows)
    return [row for row in rows if isinstance(row, PSObject)]


def _everything(value: object, seen: set[int]) -> Iterator[object]:
    """Each object, list, dictionary once, and whatever is in it."""
    if isinstance(value, (PSObject, list, dict)):
        if id(value) in seen:
            return
        seen.add(id(value))
    yield value
    if isinstance(value, PSObject):
        children: list[object] = [*value.properties.values(), value.value]
    elif isinstance(value, dict):
        children = [*value.values()]
    else:
        children = value if isinstance(value, list) else []
    for child in children:
        yield from _everything(child, seen)


@pytest.mark.parametrize("name", _COUNTS)
def test_nothing_of_an_export_is_lost(name: str) -> None:
    rows = _export(name)
    root = ET.fromstring((_FIXTURES / name).read_bytes())
    assert len(rows) == len(root) == _COUNTS[name]
    found = list(_everything(list(rows), set()))[1:]
    objects = [item for item in found if isinstance(item, (PSObject, list))]
    # every Obj is a PSObject or, with a list and no more, a list
    assert len(objects) == sum(1 for _ in root.iter(f"{{{_NAMESPACE}}}Obj"))
    tags = {"B": bool, "BA": bytes, "DT": datetime, "Db": float}
    for tag, kind in tags.items():
        assert sum(type(item) is kind for item in found) == sum(
            1 for _ in root.iter(f"{{{_NAMESPACE}}}{tag}")
        )
    assert not any(str(item) == MISSING for item in objects)
    assert all(item.types for item in objects if isinstance(item, PSObject))


def test_component_states_of_a_real_server() -> None:
    rows = {str(row.get("Component")): row for row in _export("E16.GetServerComponentState.xml")}
    proxy = rows["PopProxy"]
    state = proxy.get("State")
    assert isinstance(state, PSObject)
    assert (str(state), state.value) == ("Active", 1)
    assert proxy.get("ServerFqdn") == "Solo-E16A.Solo.local"
    assert proxy.get("ServerWideOfflineIsOffline") is False
    assert (proxy.get("RemoteStates"), proxy.get("LocalStates")) == ([], [])
    assert str(proxy.get("Identity")) == "SOLO-E16A"
    votes = [vote for row in rows.values() for vote in _votes(row)]
    assert votes[0].get("Requester") == "Functional"
    assert votes[0].get("Timestamp") == datetime(2021, 9, 28, 17, 20, 23, 569272, UTC)


def _votes(row: PSObject) -> list[PSObject]:
    states = [*_list(row.get("LocalStates")), *_list(row.get("RemoteStates"))]
    return [state for state in states if isinstance(state, PSObject)]


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def test_a_real_server() -> None:
    (server,) = _export("E16.GetExchangeServer.xml")
    assert (server.get("Name"), server.get("fqdn")) == ("SOLO-E16A", "Solo-E16A.Solo.local")
    assert str(server.get("AdminDisplayVersion")) == "Version 15.1 (Build 2375.7)"
    assert server.get("Id") is server.get("Identity")
    assert (
        server.get("WhenChangedUTC")
        == server.get("WhenChanged")
        == datetime(2021, 9, 28, 17, 20, 23, tzinfo=UTC)
    )


def test_a_real_mailbox_server() -> None:
    (server,) = _export("E16.GetMailboxServer.xml")
    assert server.get("Name") == "SOLO-E16A"
    assert server.get("DatabaseAvailabilityGroup", "?") is None
    assert server.get("MaximumActiveDatabases", "?") is None
    assert server.get("DatabaseCopyActivationDisabledAndMoveNow") is False
    policy = server.get("DatabaseCopyAutoActivationPolicy")
    assert isinstance(policy, PSObject)
    assert (str(policy), policy.value) == ("Unrestricted", 0)
    assert str(server.get("ExchangeVersion")) == "0.1 (8.0.535.0)"


def test_real_services() -> None:
    rows = _export("E16.TestServiceHealth.xml")
    running = _list(rows[0].get("ServicesRunning"))
    assert running[0] == "IISAdmin"
    assert "WinRM" in running


# ---- many at once


def test_many_messages_are_read_as_each_alone() -> None:
    payloads = [f'<Obj RefId="0"><MS><I32 N="n">{n}</I32></MS></Obj>'.encode() for n in range(21)]
    payloads[5] = b"\xef\xbb\xbf<S>a string among them</S>"
    values = read_messages(payloads)
    assert values[5] == "a string among them"
    assert [v.get("n") for v in values if isinstance(v, PSObject)] == [n for n in range(21) if n != 5]


def test_references_do_not_reach_into_another_message() -> None:
    payloads = [
        b'<Obj RefId="7"><MS><S N="a">x</S></MS></Obj>',
        b'<Obj RefId="0"><MS><Ref N="b" RefId="7"/></MS></Obj>',
    ]
    value = read_messages(payloads)[1]
    assert isinstance(value, PSObject)
    assert str(value.get("b")) == MISSING


@pytest.mark.parametrize(
    "broken",
    [
        b'<Obj RefId="0">',
        b"</_><_>",
        b'<Obj RefId="0"/><Obj RefId="1"/>',
        b'<Obj RefId="0"/>x<',
        b'<Obj RefId="0"></_>',
    ],
)
@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_broken_message_among_many_is_refused(broken: bytes, place: int) -> None:
    payloads = [b'<Obj RefId="0"/>'] * 8
    payloads[place] = broken
    with pytest.raises(ClixmlError):
        read_messages(payloads)
