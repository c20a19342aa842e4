"""The CLIXML reader: real exports, and many messages at once."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit.exchange.clixml import (
    MISSING,
    ClixmlError,
    PSObject,
    read_export,
    read_messages,
)
from tests.exchange.clixml_reading import NAMESPACE

_FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures" / "exchange-clixml"


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
    assert len(objects) == sum(1 for _ in root.iter(f"{{{NAMESPACE}}}Obj"))
    tags = {"B": bool, "BA": bytes, "DT": datetime, "Db": float}
    for tag, kind in tags.items():
        assert sum(type(item) is kind for item in found) == sum(1 for _ in root.iter(f"{{{NAMESPACE}}}{tag}"))
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
