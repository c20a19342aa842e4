"""A WSMan shell, which is one PSRP runspace pool (MS-PSRP 3.2)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from cockpit.lab.wire import errors, faults
from cockpit.lab.wire.channel import PipelineChannel, Target
from cockpit.lab.wire.decode import Pipeline, create_pipeline
from cockpit.lab.wire.faults import Fault
from cockpit.lab.wire.idle import IdleWatch
from cockpit.lab.wire.pool import Pool
from cockpit.lab.wire.psrp import Defragmenter, Fragmenter, Incoming, MessageType, ProtocolError
from cockpit.lab.wire.records import PipelineState
from cockpit.lab.wire.runner import Caller, Runner
from cockpit.lab.wire.soap import POWERSHELL, RSP, SHELL, Message, duration

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShellInfo:
    """``cookie_returned``: whether the client ever sent the affinity cookie back, as load balancers need."""

    id: str
    owner: str
    age_seconds: float
    idle_seconds: float
    open_commands: int
    cookie_returned: bool


@dataclass(frozen=True, slots=True)
class ShellLimits:
    commands: int
    idle_timeout: float
    max_envelope: int


class _OpenCommand:
    """A command until the client Terminates it. ``held``: its pipeline, while the client's input is open."""

    __slots__ = ("channel", "held", "id", "refused", "target", "task")

    def __init__(self, command_id: uuid.UUID, fragmenter: Fragmenter) -> None:
        self.id = command_id
        self.target = Target(str(command_id).upper())
        self.channel = PipelineChannel(fragmenter, self.target, command_id)
        self.task: asyncio.Task[None] | None = None
        self.held: Pipeline | None = None
        self.refused = False

    def refuse(self, what: str) -> None:
        """End in Failed before it began: the client wants ``what`` the lab does not do."""
        if self.task is not None:
            raise ProtocolError(f"{what} for a running pipeline")
        self.held = None
        if not self.refused:
            self.refused = True
            self.channel.finish(PipelineState.FAILED, errors.not_in_the_lab(what).record)

    async def stop(self) -> None:
        if self.held is not None:
            self.held = None
            self.stopped()
        elif self.task is not None and not self.task.done():
            self.task.cancel()
            await asyncio.wait([self.task])

    def stopped(self) -> None:
        self.channel.finish(PipelineState.STOPPED, errors.stopped().record)


class Shell:
    """Created by Create, gone by Delete or :attr:`ShellLimits.idle_timeout`. Messages come in by creationXml,
    Command and Send, and leave by Receive."""

    def __init__(
        self,
        message: Message,
        owner: str,
        runner: Runner,
        limits: ShellLimits,
        *,
        exchange: bool,
        expired: Callable[[str], None],
    ) -> None:
        form = message.part("Shell")
        identity = _uuid(form.get("ShellId"))
        self.id = str(identity).upper()
        self.owner = owner
        self.cookie_returned = False
        self._resource = message.resource
        self._runner = runner
        self._limits = limits
        wished = form.findtext(RSP + "IdleTimeOut")
        self._idle_timeout = min(duration(wished), limits.idle_timeout) if wished else limits.idle_timeout
        self._loop = asyncio.get_running_loop()
        self._born = self._loop.time()
        self._commands: dict[uuid.UUID, _OpenCommand] = {}
        self._target = Target()
        self._fragmenter = Fragmenter(identity)
        self._defragmenter = Defragmenter()
        self._pool = Pool(self._target, self._fragmenter, exchange=exchange)
        self._feed(form.findtext(POWERSHELL + "creationXml"))
        self.watch = IdleWatch(self._idle_timeout, lambda: expired(self.id))

    def info(self) -> ShellInfo:
        age = self._loop.time() - self._born
        return ShellInfo(
            self.id, self.owner, age, self.watch.idle_seconds, len(self._commands), self.cookie_returned
        )

    def xml(self) -> str:
        """rsp:Shell, as Windows fills it [W: pypsrp's recorded Create]."""
        info = self.info()
        return (
            f'<rsp:Shell xmlns:rsp="{SHELL}"><rsp:ShellId>{self.id}</rsp:ShellId>'
            f"<rsp:ResourceUri>{escape(self._resource)}</rsp:ResourceUri>"
            f"<rsp:Owner>{escape(self.owner)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>"
            f"<rsp:IdleTimeOut>PT{self._idle_timeout:.3f}S</rsp:IdleTimeOut>"
            "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
            f"<rsp:MaxIdleTimeOut>PT{self._limits.idle_timeout:.3f}S</rsp:MaxIdleTimeOut>"
            "<rsp:State>Connected</rsp:State>"
            f"<rsp:ShellRunTime>{_elapsed(info.age_seconds)}</rsp:ShellRunTime>"
            f"<rsp:ShellInactivity>{_elapsed(info.idle_seconds)}</rsp:ShellInactivity></rsp:Shell>"
        )

    def command_ids(self) -> list[str]:
        return [str(command).upper() for command in self._commands]

    async def receive(self, message: Message, gone: Callable[[], bool]) -> str:
        wanted = message.part("Receive").find(RSP + "DesiredStream")
        command_id = None if wanted is None else wanted.get("CommandId")
        target = self._command(command_id).target if command_id else self._target
        size = min(message.envelope_size, self._limits.max_envelope)
        return await target.receive(message.timeout, size, gone)

    def command(self, message: Message) -> str:
        if len(self._commands) >= self._limits.commands:
            raise faults.too_many_operations(self._limits.commands)
        line = message.part("CommandLine")
        identity = _uuid(line.get("CommandId"))
        if identity in self._commands:
            raise faults.bad_request(f"Command {identity} exists.")
        self._commands[identity] = _OpenCommand(identity, self._fragmenter)
        try:
            for arguments in line.iterfind(RSP + "Arguments"):
                self._feed(arguments.text)
        except Fault:
            del self._commands[identity]
            raise
        created = f"<rsp:CommandId>{str(identity).upper()}</rsp:CommandId>"
        return f"<rsp:CommandResponse>{created}</rsp:CommandResponse>"

    def send(self, message: Message) -> str:
        for stream in message.part("Send").iterfind(RSP + "Stream"):
            command_id = stream.get("CommandId")
            if command_id:
                self._command(command_id)
            self._feed(stream.text)
        return "<rsp:SendResponse/>"

    async def signal(self, message: Message) -> str:
        """``…/crtl_c`` stops the pipeline; ``…/Terminate`` forgets the command as well.

        MS-PSRP 3.1.5.3.9 spells it crtl_c, and Windows' own client does; MS-WSMV 2.2.4.38 has ctrl_c, which
        pypsrp sends.
        """
        form = message.part("Signal")
        command = self._command(form.get("CommandId"))
        code = (form.findtext(RSP + "Code") or "").rpartition("/")[2].lower()
        if code not in ("crtl_c", "ctrl_c", "ctrl_break", "terminate"):
            raise faults.bad_request(f"Signal {code!r}.")
        await command.stop()
        if code == "terminate":
            command.target.close()
            self._commands.pop(command.id, None)
        return "<rsp:SignalResponse/>"

    def close(self) -> list[asyncio.Task[None]]:
        """Stop everything; the tasks that are ending."""
        self.watch.cancel()
        self._target.close()
        ending = []
        for command in self._commands.values():
            command.target.close()
            if command.task is not None and not command.task.done():
                command.task.cancel()
                ending.append(command.task)
        self._commands.clear()
        return ending

    def _command(self, command_id: str | None) -> _OpenCommand:
        found = self._commands.get(_uuid(command_id)) if command_id else None
        if found is None:
            raise faults.no_command()
        return found

    def _feed(self, encoded: str | None) -> None:
        try:
            for message in self._defragmenter.feed(base64.b64decode(encoded or "", validate=False)):
                self._handle(message)
        except (ProtocolError, binascii.Error) as error:
            raise faults.bad_request(str(error)) from error

    def _handle(self, message: Incoming) -> None:
        command = self._commands.get(message.pipeline)
        if message.kind == MessageType.CREATE_PIPELINE:
            if command is None:
                raise ProtocolError("CREATE_PIPELINE for no command")
            try:
                pipeline = create_pipeline(message.clixml)
            except ProtocolError as error:
                command.refuse(str(error))
            else:
                if pipeline.input_follows:
                    command.held = pipeline
                else:
                    self._start(pipeline, command)
        elif message.kind == MessageType.END_OF_PIPELINE_INPUT and command is not None:
            if command.held is not None:
                self._start(command.held, command)
                command.held = None
        elif message.kind == MessageType.GET_COMMAND_METADATA and command is not None:
            command.refuse("GET_COMMAND_METADATA")
        elif message.kind == MessageType.PIPELINE_INPUT and command is not None:
            command.refuse("pipeline input")
        else:
            self._pool.handle(message)

    def _start(self, pipeline: Pipeline, command: _OpenCommand) -> None:
        command.task = asyncio.create_task(self._run(pipeline, command))

    async def _run(self, pipeline: Pipeline, command: _OpenCommand) -> None:
        try:
            async with self._pool.slots.one():
                await self._runner.run(pipeline, Caller(self.owner, self.id), command.channel)
        except asyncio.CancelledError:
            command.stopped()
        except Exception as error:  # not a handler's, which the runner answers: the answer itself failed
            log.exception("lab bug: a pipeline could not end")
            command.channel.finish(PipelineState.FAILED, errors.lab_bug(error).record)


def _uuid(text: str | None) -> uuid.UUID:
    """The client's id, or a new one."""
    if not text:
        return uuid.uuid4()
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise faults.bad_request(f"{text!r} is no id.") from error


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"P0DT{hours}H{minutes}M{rest}S"
