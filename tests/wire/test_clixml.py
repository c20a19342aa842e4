"""What the writer writes, stock pypsrp reads back."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypsrp.serializer import Serializer

from cockpit.lab.clixml import Enum, ListValue, Nested, moment, primitive, serialise

TYPES = ("X.Thing", "System.Object")
COLOUR = Enum("X.Colour", "Red", 4)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["_x0041_", "_X000A_", "a_x"]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.uuids(),
    st.binary(min_size=1, max_size=20),
)


def read(clixml: bytes) -> object:
    return Serializer().deserialize(ET.fromstring(clixml))


@given(st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,12}", fullmatch=True), scalars, max_size=8))
def test_properties_come_back(properties: dict[str, object]) -> None:
    thing = read(serialise(TYPES, "a thing", properties, enum_objects=False))
    assert _properties(thing) == properties


def _properties(thing: object) -> dict[str, object]:
    found = getattr(thing, "adapted_properties", None)
    assert isinstance(found, dict)
    return found


@given(st.lists(scalars, max_size=5))
def test_lists_come_back(items: list[object]) -> None:
    thing = read(serialise(TYPES, "", {"All": ListValue(items)}, enum_objects=False))
    assert _properties(thing)["All"] == items


@given(texts)
def test_any_text_survives(text: str) -> None:
    assert read(primitive(text)) == (text or "")


def test_half_a_surrogate_pair_is_escaped() -> None:
    """Legal in .NET, though pypsrp cannot read it."""
    assert primitive("a\ud800") == b"<S>a_xD800_</S>"


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=5.5))])
    )
)
def test_times_have_seven_digits_and_keep_their_moment(value: datetime) -> None:
    shown = moment(value)
    head, _, tail = shown.partition(".")
    assert tail[:7].isdecimal()
    assert not tail[7:8].isdecimal()
    assert datetime.fromisoformat(f"{head}.{tail[:6]}{tail[7:]}") == value


def test_utc_ends_in_z_and_local_time_in_its_offset() -> None:
    assert moment(datetime(2021, 9, 28, 10, 32, 1, tzinfo=UTC)) == "2021-09-28T10:32:01.0000000Z"
    there = timezone(timedelta(hours=-7))
    assert moment(datetime(2021, 9, 28, 10, 32, 1, tzinfo=there)) == "2021-09-28T10:32:01.0000000-07:00"
    assert moment(datetime(2021, 9, 28)) == "2021-09-28T00:00:00.0000000"


def test_an_enum_goes_out_as_text_or_as_an_object() -> None:
    assert b'<S N="Colour">Red</S>' in serialise(TYPES, "", {"Colour": COLOUR}, enum_objects=False)
    raw = serialise(TYPES, "", {"Colour": COLOUR, "Again": COLOUR}, enum_objects=True)
    for value in _properties(read(raw)).values():
        assert str(value) == "Red"
    assert raw.count(b"<T>X.Colour</T>") == 1
    assert raw.count(b"<TNRef") == 1
    assert raw.count(b"<I32>4</I32>") == 2


def test_the_object_is_shaped_as_windows_does() -> None:
    inner = Nested(("X.Id", "System.Object"), "id & co", {"A": 1})
    raw = serialise(
        TYPES, "a thing", {"Id": inner, "None": ListValue([]), "Ref": UUID(int=5)}, enum_objects=False
    )
    assert raw == (
        b'<Obj RefId="0"><TN RefId="0"><T>X.Thing</T><T>System.Object</T></TN><ToString>a thing</ToString>'
        b"<Props>"
        b'<Obj N="Id" RefId="1"><TN RefId="1"><T>X.Id</T><T>System.Object</T></TN>'
        b"<ToString>id &amp; co</ToString>"
        b'<Props><I32 N="A">1</I32></Props></Obj>'
        b'<Obj N="None" RefId="2">'
        b'<TN RefId="2"><T>System.Object[]</T><T>System.Array</T><T>System.Object</T></TN>'
        b'<LST /></Obj><G N="Ref">00000000-0000-0000-0000-000000000005</G></Props></Obj>'
    )


def test_a_value_without_a_form_is_an_error() -> None:
    with pytest.raises(TypeError):
        primitive(object())
