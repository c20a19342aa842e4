"""The CLIXML reader: every element, every shape."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from cockpit.exchange.clixml import (
    MISSING,
    PSObject,
    Secret,
)
from tests.exchange.clixml_reading import read, read_object

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
