"""The runspace pool's own conversation: opening and key exchange through psrpcore, the rest by hand.

psrpcore looks up ``ci`` in its own spelling only, and pypsrp sends ``CI`` (psrp-wire §1 [M]); so questions
about runspace counts are answered here.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from uuid import UUID

import psrpcore
from psrpcore.types import PSVersion, SessionCapability

from cockpit.lab.wire.channel import Target
from cockpit.lab.wire.psrp import Defragmenter, Fragmenter, Incoming, MessageType, ProtocolError, fragment
from cockpit.lab.wire.slots import Slots

_WHOLE = 2**20
"""Larger than any message of the pool: psrpcore then never splits one."""
_EMPTY = UUID(int=0)
_EXCHANGE_DATA = {"ImplicitRemoting": {"Hash": "lab"}, "SupportedVersions": "14.0.0.0"}
"""ApplicationPrivateData of Exchange holds these two (exchange-facts §5.4 [D]); the values are ours."""


class Pool:
    """Of one shell."""

    def __init__(self, target: Target, fragmenter: Fragmenter, *, exchange: bool) -> None:
        self._target = target
        self._fragmenter = fragmenter
        self._received = 0
        self._core = psrpcore.ServerRunspacePool(dict(_EXCHANGE_DATA) if exchange else None)
        if exchange:  # its plug-in runs PowerShell 3.0, which speaks 2.2 (exchange-facts §5.4)
            self._core.our_capability = SessionCapability(
                PSVersion=PSVersion("2.0"),
                protocolversion=PSVersion("2.2"),
                SerializationVersion=PSVersion("1.1.0.1"),
            )
        self.slots = Slots(1)

    def handle(self, message: Incoming) -> None:
        kind = message.kind
        if kind in (MessageType.SET_MAX_RUNSPACES, MessageType.SET_MIN_RUNSPACES):
            numbers = _numbers(message.clixml)
            if kind == MessageType.SET_MAX_RUNSPACES:
                self.slots.resize(max(1, numbers.get("maxrunspaces", 1)))
            self._available(numbers, '<B N="SetMinMaxRunspacesResponse">true</B>')
        elif kind == MessageType.GET_AVAILABLE_RUNSPACES:
            free = f'<I64 N="SetMinMaxRunspacesResponse">{self.slots.free}</I64>'
            self._available(_numbers(message.clixml), free)
        elif kind == MessageType.RESET_RUNSPACE_STATE:
            self._available(_numbers(message.clixml), '<B N="SetMinMaxRunspacesResponse">true</B>')
        else:
            self._through_core(message)

    def _available(self, numbers: dict[str, int], response: str) -> None:
        clixml = f'<Obj RefId="0"><MS>{response}<I64 N="ci">{numbers.get("ci", 0)}</I64></MS></Obj>'
        self._target.put(self._fragmenter.message(MessageType.RUNSPACE_AVAILABILITY, clixml.encode()))

    def _through_core(self, message: Incoming) -> None:
        self._received += 1
        for piece in fragment(self._received, message.raw):
            self._core.receive_data(psrpcore.PSRPPayload(piece, psrpcore.StreamType.default, None))
        try:
            while (event := self._core.next_event()) is not None:
                if isinstance(event, psrpcore.InitRunspacePoolEvent):
                    self.slots.resize(max(1, event.max_runspaces))
        except (psrpcore.PSRPCoreError, ET.ParseError, AttributeError, ValueError) as error:
            raise ProtocolError(f"psrpcore: {error}") from error
        for answer in self._answers():
            if answer.kind == MessageType.RUNSPACEPOOL_STATE:
                self._target.pause()  # Opened comes with the second Receive (psrp-wire §1 [W])
            empty = _EMPTY if answer.kind == MessageType.SESSION_CAPABILITY else None
            self._target.put(self._fragmenter.message(MessageType(answer.kind), answer.clixml, pool=empty))

    def _answers(self) -> Iterator[Incoming]:
        defragmenter = Defragmenter()
        while (payload := self._core.data_to_send(_WHOLE)) is not None:
            yield from defragmenter.feed(payload.data)


def _numbers(clixml: bytes) -> dict[str, int]:
    """The message's integers by lower-case name."""
    try:
        root = ET.fromstring(clixml)  # noqa: S314  # as in soap.parse
        return {
            e.get("N", "").lower(): int(e.text or "0")
            for e in root.iterfind("MS/*")
            if e.tag in ("I32", "I64")
        }
    except (ET.ParseError, ValueError) as error:
        raise ProtocolError(str(error)) from error
