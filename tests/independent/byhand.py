"""A runspace pool over WSMan, by hand (MS-PSRP 3.1, MS-WSMV 3.1.4): open, run, stop, close."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Final

from tests.independent import clixml, layouts, normal
from tests.independent.layouts import Joiner, Message, Value
from tests.independent.normal import Normal
from tests.independent.wsman import CREATE, DELETE, SHELL, Connection, FaultAnswer

TIMED_OUT: Final = 2150858793
OPENED: Final = 2
CTRL_C: Final = "powershell/signal/crtl_c"
"""Spelled like this by MS-PSRP 3.1.5.3.9, and so by Windows."""
TERMINATE: Final = f"{SHELL}/signal/Terminate"
_STATES: Final = {3: "Stopped", 4: "Completed", 5: "Failed"}
_REQUEST_ROOM: Final = 100_000
"""Bytes of a fragment's blob in a request: base64 makes a third more of them, and an envelope around."""


class Shell:
    """One shell with one runspace, open while the block lasts."""

    def __init__(self, connection: Connection, *, room: int = _REQUEST_ROOM) -> None:
        self._connection = connection
        self._room = room
        self._pool = uuid.uuid4()
        self._joiner = Joiner()
        self._sent = 0
        self.id = ""
        self.private_data: Normal = None
        self.empty_polls = 0
        self.sent_fragments = 0
        self.largest_message = 0

    def __enter__(self) -> Shell:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Create, then Receive until the pool says Opened (MS-PSRP 3.1.5.4.1)."""
        opening = self._fragments(layouts.SESSION_CAPABILITY, layouts.NOBODY, layouts.session_capability())
        opening += self._fragments(layouts.INIT_RUNSPACEPOOL, layouts.NOBODY, layouts.init_runspacepool())
        creation = base64.b64encode(b"".join(opening)).decode()
        body = self._connection.request(
            CREATE,
            f'<rsp:Shell ShellId="{str(self._pool).upper()}" Name="by hand">'
            "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
            f'<creationXml xmlns="http://schemas.microsoft.com/powershell">{creation}</creationXml></rsp:Shell>',
            options={"protocolversion": "2.3"},
        )
        selectors = body.iter("{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}Selector")
        self.id = next(s.text or "" for s in selectors if s.get("Name") == "ShellId")
        seen = []
        for message in self._receive(None):
            seen.append(message.kind)
            if message.kind == layouts.APPLICATION_PRIVATE_DATA:
                self.private_data = clixml.read(message.clixml)
            elif message.kind == layouts.RUNSPACEPOOL_STATE:
                state = clixml.read(message.clixml)["properties"]["RunspaceState"]
                assert state == OPENED, f"the pool is in state {state}"
                break
        expected = [layouts.SESSION_CAPABILITY, layouts.APPLICATION_PRIVATE_DATA, layouts.RUNSPACEPOOL_STATE]
        assert seen == expected, f"an opening of {[hex(kind) for kind in seen]}"

    def close(self) -> None:
        self._connection.request(DELETE, shell=self.id)

    def run(
        self,
        command: str,
        parameters: Mapping[str, Value] | None = None,
        *,
        script: bool = False,
        stop_after: int | None = None,
    ) -> dict[str, Normal]:
        """The answer of one pipeline. ``stop_after``: so many empty polls, then Ctrl-C."""
        pipeline = uuid.uuid4()
        created = layouts.create_pipeline(command, parameters or {}, script=script)
        first, *rest = self._fragments(layouts.CREATE_PIPELINE, pipeline, created)
        body = self._connection.request(
            f"{SHELL}/Command",
            f'<rsp:CommandLine CommandId="{str(pipeline).upper()}"><rsp:Command />'
            f"<rsp:Arguments>{base64.b64encode(first).decode()}</rsp:Arguments></rsp:CommandLine>",
            shell=self.id,
        )
        command_id = body.findtext(f".//{{{SHELL}}}CommandId") or ""
        for fragment in rest:
            self._connection.request(
                f"{SHELL}/Send",
                f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command_id}">'
                f"{base64.b64encode(fragment).decode()}</rsp:Stream></rsp:Send>",
                shell=self.id,
            )
        try:
            return self._answer(command_id, pipeline, stop_after)
        finally:
            self._signal(command_id, TERMINATE)

    def _answer(self, command_id: str, pipeline: uuid.UUID, stop_after: int | None) -> dict[str, Normal]:
        output: list[Normal] = []
        warnings: list[str] = []
        errors: list[dict[str, str]] = []
        for message in self._receive(command_id, stop_after):
            assert message.pipeline == pipeline, "a message of another pipeline"
            value = clixml.read(message.clixml)
            if message.kind == layouts.PIPELINE_OUTPUT:
                output.append(value)
            elif message.kind == layouts.WARNING_RECORD:
                warnings.append(value["properties"]["InformationalRecord_Message"])
            elif message.kind == layouts.ERROR_RECORD:
                errors.append(clixml.error(value))
            elif message.kind == layouts.PIPELINE_STATE:
                state = _STATES[value["properties"]["PipelineState"]]
                why = value["properties"].get("ExceptionAsErrorRecord")
                failure = None if why is None else clixml.error(why)
                return normal.answer(state, output, warnings, errors, failure)
        raise AssertionError("the pipeline ended without saying how")

    def _receive(self, command_id: str | None, stop_after: int | None = None) -> Iterator[Message]:
        """Messages until CommandState Done; without a command for ever."""
        which = f' CommandId="{command_id}"' if command_id else ""
        asked = f"<rsp:Receive><rsp:DesiredStream{which}>stdout</rsp:DesiredStream></rsp:Receive>"
        done = False
        while not done:
            try:
                body = self._connection.request(
                    f"{SHELL}/Receive",
                    asked,
                    shell=self.id,
                    options={"WSMAN_CMDSHELL_OPTION_KEEPALIVE": "TRUE"},
                )
            except FaultAnswer as fault:
                if fault.code != TIMED_OUT:
                    raise
                self.empty_polls += 1
                if stop_after is not None and self.empty_polls >= stop_after and command_id:
                    stop_after = None
                    self._signal(command_id, CTRL_C)
                continue
            for stream in body.iter(f"{{{SHELL}}}Stream"):
                assert stream.get("CommandId", "") == (command_id or ""), "a stream of another command"
                [fragment] = layouts.fragments(base64.b64decode(stream.text or "", validate=True))
                assert len(fragment.blob) <= layouts.WINDOWS_BLOB, "a fragment larger than Windows sends"
                if (message := self._joiner.join(fragment)) is not None:
                    self.largest_message = max(self.largest_message, len(message.clixml))
                    yield message
            state = body.find(f".//{{{SHELL}}}CommandState")
            done = state is not None and state.get("State", "").endswith("/Done")

    def _signal(self, command_id: str, code: str) -> None:
        self._connection.request(
            f"{SHELL}/Signal",
            f'<rsp:Signal CommandId="{command_id}"><rsp:Code>{code}</rsp:Code></rsp:Signal>',
            shell=self.id,
        )

    def _fragments(self, kind: int, pipeline: uuid.UUID, clixml_text: str) -> list[bytes]:
        self._sent += 1
        message = layouts.pack(kind, self._pool, pipeline, clixml_text)
        pieces = layouts.cut(self._sent, message, self._room)
        self.sent_fragments += len(pieces)
        return pieces
