"""What is sent is what pypsrp would have sent; what comes in pieces is put together."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypsrp.messages import Message, MessageType
from pypsrp.powershell import Fragmenter, PowerShell, RunspacePool
from pypsrp.serializer import Serializer
from pypsrp.wsman import WSMan

from cockpit.exchange.clixml import ClixmlError
from cockpit.exchange.pipeline import Call, Defragmenter, create_pipeline, fragments, message

VALUES = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.none(),
    st.lists(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)), min_size=1, max_size=3).map(
        tuple
    ),
)
NAMES = st.from_regex(r"[A-Z][A-Za-z]{0,12}", fullmatch=True)


def by_pypsrp(call: Call) -> str:
    """The payload pypsrp itself makes of the call."""

    class Kept(PowerShell):
        def _invoke(self, msg: object) -> None:
            self.kept = msg

    pool = RunspacePool(WSMan("localhost", auth="basic", username="", password="", ssl=True))
    pool.protocol_version = "2.3"
    shell = Kept(pool)
    shell.add_cmdlet(call.cmdlet)
    for name, value in call.parameters.items():
        shell.add_parameter(name, list(value) if isinstance(value, tuple) else value)
    for argument in call.arguments:
        shell.add_argument(argument)
    shell.begin_invoke(remote_stream_options=0)
    element = Serializer().serialize(shell.kept)
    assert element is not None
    return ET.tostring(element, encoding="unicode")


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.lists(st.text(), max_size=2).map(tuple))
def test_a_call_is_the_payload_pypsrp_makes(
    parameters: dict[str, object], arguments: tuple[str, ...]
) -> None:
    call = Call("Get-ServerHealth", parameters, arguments)  # type: ignore[arg-type]
    ours = ET.canonicalize(create_pipeline(call, "2.3").decode("utf-8", "surrogatepass"))
    assert ours == ET.canonicalize(by_pypsrp(call))


def test_a_value_is_never_a_command() -> None:
    call = Call("Get-ServerHealth", {"Identity": 'x\'; Restart-Computer </S><S N="Cmd">Stop-Service'})
    root = ET.fromstring(create_pipeline(call, "2.3"))
    assert [e.text for e in root.iter("S") if e.get("N") == "Cmd"] == ["Get-ServerHealth"]
    assert [e.text for e in root.iter("S") if e.get("N") == "V"] == [call.parameters["Identity"]]


def test_shown_as_an_administrator_would_type_it() -> None:
    call = Call("Get-X", {"Identity": "O'Neill", "Flag": None, "Force": True, "Name": ("a", "b"), "N": 5})
    assert str(call) == "Get-X -Identity 'O''Neill' -Flag -Force $true -Name 'a','b' -N 5"


IDS = st.uuids().map(str)


@given(st.binary(max_size=5_000), st.integers(60, 400), st.integers(1, 2**63 - 1), IDS, IDS)
def test_fragments_are_read_back_by_pypsrp(data: bytes, size: int, number: int, pool: str, pipe: str) -> None:
    whole = message(MessageType.CREATE_PIPELINE, pool, pipe, data)
    pieces = fragments(number, whole, size)
    assert all(len(p) <= size for p in pieces)
    with patch.object(Message, "unpack", side_effect=lambda raw, _serializer: raw):
        seen: list[object] = list(Fragmenter(500_000, Serializer()).defragment(b"".join(pieces)))
    assert seen == [whole]
    assert uuid.UUID(bytes_le=whole[8:24]) == uuid.UUID(pool)


@given(st.lists(st.binary(min_size=1, max_size=2_000), max_size=5), st.integers(70, 300))
def test_messages_come_out_whole_and_in_order(bodies: list[bytes], size: int) -> None:
    zero = str(uuid.UUID(int=0))
    pieces = [
        piece
        for n, body in enumerate(bodies, 1)
        for piece in fragments(n, message(MessageType.PIPELINE_OUTPUT, zero, zero, body), size)
    ]
    reader = Defragmenter()
    got = [body for piece in pieces for _, body in reader.feed(piece)]
    assert got == [b.removeprefix(b"\xef\xbb\xbf") for b in bodies]


def test_a_byte_order_mark_is_not_part_of_the_message() -> None:
    zero = str(uuid.UUID(int=0))
    piece = fragments(1, message(MessageType.PIPELINE_OUTPUT, zero, zero, b"\xef\xbb\xbf<S>x</S>"), 500)[0]
    assert Defragmenter().feed(piece) == [(MessageType.PIPELINE_OUTPUT, b"<S>x</S>")]


@given(st.binary(min_size=1, max_size=200))
def test_nonsense_ends_in_an_error_or_nothing(data: bytes) -> None:
    try:
        Defragmenter().feed(data)
    except ClixmlError:
        return


def test_fragments_out_of_order_are_refused() -> None:
    zero = str(uuid.UUID(int=0))
    pieces = fragments(1, message(MessageType.PIPELINE_OUTPUT, zero, zero, b"x" * 500), 100)
    with pytest.raises(ClixmlError, match="out of order"):
        Defragmenter().feed(pieces[0] + pieces[2])


def _pieces(*object_ids: int, size: int = 40) -> list[bytes]:
    """A message for each id, cut into fragments."""
    body = message(MessageType.PIPELINE_OUTPUT, POOL, POOL, b"<S>" + b"x" * 50 + b"</S>")
    return [piece for number in object_ids for piece in fragments(number, body, size)]


POOL = str(uuid.UUID(int=7))


@given(st.data())
def test_what_comes_once_more_is_passed_over(data: st.DataObject) -> None:
    """Any answer sent again, whole or in part, whether its message was complete or not."""
    pieces = _pieces(5, 9, 12)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(pieces)), min_size=2, max_size=2)))
    again = pieces[slice(*cuts)]
    at = data.draw(st.integers(cuts[1], len(pieces)))
    incoming = Defragmenter()
    got = [m for piece in (*pieces[:at], *again, *pieces[at:]) for m in incoming.feed(piece)]
    assert len(got) == 3


def test_a_fragment_that_comes_again_with_other_words_is_refused() -> None:
    first, second, *_ = _pieces(5)
    incoming = Defragmenter()
    incoming.feed(first + second)
    with pytest.raises(ClixmlError, match="out of order"):
        incoming.feed(second[:-1] + b"!")


@pytest.mark.parametrize("order", [(1, 0), (1,)])
def test_a_message_that_does_not_begin_with_its_first_fragment_is_refused(order: tuple[int, ...]) -> None:
    pieces = _pieces(5)
    with pytest.raises(ClixmlError, match="out of order"):
        Defragmenter().feed(b"".join(pieces[n] for n in order))


def test_an_object_and_a_call_have_their_limits() -> None:
    body = message(MessageType.PIPELINE_OUTPUT, POOL, POOL, b"x" * 20_000)
    pieces = fragments(5, body, 50)
    with (
        patch("cockpit.exchange.pipeline.MAX_OBJECT", 10_000),
        pytest.raises(ClixmlError, match="an object of more than"),
    ):
        Defragmenter().feed(b"".join(pieces))
    incoming = Defragmenter()
    with patch("cockpit.exchange.pipeline.MAX_CALL", 100):
        incoming.feed(_pieces(5)[0])
        incoming.feed(_pieces(6)[0])
        with pytest.raises(ClixmlError, match="in one call"):
            incoming.feed(_pieces(7)[0])
