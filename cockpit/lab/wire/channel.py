"""What flows back: a queue per Receive target, and the messages that fill it.

WSMan has one stream of output per pipeline and one for the pool, each polled by its own Receive.
"""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import Callable
from uuid import UUID

from cockpit.lab.cmdlet import ErrorRecord
from cockpit.lab.wire import faults, records
from cockpit.lab.wire.http import Hangup
from cockpit.lab.wire.psrp import Fragmenter, MessageType
from cockpit.lab.wire.records import PipelineState
from cockpit.lab.wire.soap import SHELL

_ENVELOPE_ROOM = 2_500
"""Bytes of an envelope around its streams, generously."""
_STREAM_ROOM = 120
"""Bytes of a ``<rsp:Stream>`` element around its text."""


class Target:
    """What a Receive waits at. Fragments leave whole, each in its own ``<rsp:Stream>`` (psrp-wire §1 [W])."""

    def __init__(self, command_id: str = "") -> None:
        self._command_id = command_id
        self._queue: deque[bytes | None] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._done = False
        self._closed = False

    def put(self, fragments: list[bytes]) -> None:
        self._queue.extend(fragments)
        self._wake()

    def pause(self) -> None:
        """End the current response here; what follows waits for the next Receive."""
        self._queue.append(None)

    def finish(self) -> None:
        """Nothing follows: CommandState Done goes out with the last data."""
        self._done = True
        self._wake()

    def close(self) -> None:
        """The shell is gone: whoever waits is told so."""
        self._closed = True
        self._displace()

    async def receive(self, timeout: float, envelope_size: int, gone: Callable[[], bool]) -> str:
        """A ReceiveResponse. ``gone``: whether the asking connection has died; then the data must stay."""
        self._displace()
        if not self._queue and not self._done and not self._closed:
            await self._wait(timeout)
        if self._closed:
            raise faults.aborted()
        if gone():
            raise Hangup(reset=False)
        return self._response(envelope_size)

    def _displace(self) -> None:
        """A newer Receive takes the place of an older one, whose client has given up on it."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(faults.aborted())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self, seconds: float) -> None:
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            raise faults.timed_out() from None
        finally:
            if self._waiter is waiter:
                self._waiter = None

    def _response(self, envelope_size: int) -> str:
        room = envelope_size - _ENVELOPE_ROOM
        attribute = f' CommandId="{self._command_id}"' if self._command_id else ""
        parts: list[str] = []
        while self._queue:
            head = self._queue[0]
            if head is None:
                self._queue.popleft()
                break
            size = (len(head) + 2) // 3 * 4 + _STREAM_ROOM
            if size > room:
                if not parts:
                    raise faults.response_too_large(envelope_size)
                break
            room -= size
            self._queue.popleft()
            parts.append(
                f'<rsp:Stream Name="stdout"{attribute}>{base64.b64encode(head).decode()}</rsp:Stream>'
            )
        if self._done and not self._queue:
            parts.append(
                f'<rsp:CommandState{attribute} State="{SHELL}/CommandState/Done">'
                "<rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>"
            )
        return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"


class PipelineChannel:
    """One pipeline's way out. Messages gather until :meth:`flush`."""

    def __init__(self, fragmenter: Fragmenter, target: Target, pipeline: UUID) -> None:
        self._fragmenter = fragmenter
        self._target = target
        self._pipeline = pipeline
        self._held: list[bytes] = []

    def output(self, clixml: bytes) -> None:
        self._send(MessageType.PIPELINE_OUTPUT, clixml)

    def warning(self, message: str) -> None:
        self._send(MessageType.WARNING_RECORD, records.informational("Warning", message))

    def error(self, record: ErrorRecord, activity: str) -> None:
        self._send(MessageType.ERROR_RECORD, records.error(record, activity))

    def flush(self) -> None:
        held, self._held = self._held, []
        if held:
            self._target.put(held)

    def finish(self, state: PipelineState, record: ErrorRecord | None = None, activity: str = "") -> None:
        self._send(MessageType.PIPELINE_STATE, records.pipeline_state(state, record, activity))
        self.flush()
        self._target.finish()

    def _send(self, kind: MessageType, clixml: bytes) -> None:
        self._held += self._fragmenter.message(kind, clixml, self._pipeline)
