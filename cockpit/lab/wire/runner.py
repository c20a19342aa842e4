"""Runs pipelines: language mode, command look-up, binding, handlers, filters, and one record per call."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cockpit.lab.cmdlet import (
    COMMON_PARAMETERS,
    Cmdlet,
    CmdletTable,
    ErrorRecord,
    Handler,
    Invocation,
    TerminatingError,
    stopped,
)
from cockpit.lab.wire import errors, filters, language
from cockpit.lab.wire.binding import bind
from cockpit.lab.wire.channel import PipelineChannel
from cockpit.lab.wire.decode import Argument, Command, Pipeline
from cockpit.lab.wire.language import LanguageMode
from cockpit.lab.wire.records import PipelineState

log = logging.getLogger(__name__)

ScriptHost: TypeAlias = Callable[[str, Mapping[str, Any], str], Handler | None]
"""``(text, parameters, user)``: what runs a script the lab cannot read, or None."""
Outcome: TypeAlias = Literal["completed", "failed", "stopped"]
Via: TypeAlias = Literal["cmdlet", "script"]

_SHOWN = 80
_ACTIONS: dict[object, str] = {0: "silentlycontinue", 1: "stop", 2: "continue", 3: "inquire", 4: "ignore"}


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One command that ended. ``at``: seconds since the epoch at its start; ``monotonic`` the same moment for
    measuring; ``error``: of the terminating error, or of the last non-terminating one."""

    at: float
    monotonic: float
    seconds: float
    server: str
    user: str
    cmdlet: str
    parameters: Mapping[str, Any]
    outcome: Outcome
    error: str
    shell_id: str
    via: Via


@dataclass(frozen=True, slots=True)
class Caller:
    user: str
    shell_id: str


class _CallOutput:
    """The :class:`~cockpit.lab.cmdlet.Output` of one call; heeds -ErrorAction and -WarningAction."""

    def __init__(
        self, channel: PipelineChannel, sink: filters.Sink, activity: str, common: Mapping[str, Any]
    ) -> None:
        self._channel = channel
        self._activity = activity
        self._on_error = _action(common.get("ErrorAction"))
        self._on_warning = _action(common.get("WarningAction"))
        self.write = sink
        self.last_error = ""

    def warning(self, message: str) -> None:
        if self._on_warning == "stop":
            record = ErrorRecord(message, f"ActionPreferenceStop,{self._activity}")
            raise TerminatingError(stopped(record, "WarningPreference"))
        if self._on_warning == "continue":
            self._channel.warning(message)

    def error(self, record: ErrorRecord) -> None:
        if self._on_error == "stop":
            raise TerminatingError(stopped(record))
        self.last_error = record.message
        if self._on_error == "continue":
            self._channel.error(record, self._activity)

    async def flush(self) -> None:
        self._channel.flush()
        await asyncio.sleep(0)  # a handler that never waits must not starve the Receives


def _action(given: object) -> str:
    """A preference by name or number. Inquire asks the client's host, which the lab cannot."""
    name = _ACTIONS.get(given, "continue") if isinstance(given, int) else str(given or "continue").lower()
    if name == "inquire":
        raise errors.not_in_the_lab("-ErrorAction Inquire")
    return "silentlycontinue" if name == "ignore" else name


@dataclass(frozen=True, slots=True)
class _Call:
    """A handler ready to run."""

    name: str
    handler: Handler
    parameters: Mapping[str, Any]
    via: Via
    is_cmdlet: bool


class Runner:
    """Of one endpoint."""

    def __init__(
        self,
        server: str,
        table: CmdletTable,
        mode: LanguageMode,
        script_host: ScriptHost | None,
        on_call: Callable[[CallRecord], None] | None,
    ) -> None:
        self._server = server
        self._table = table
        self._mode = mode
        self._script_host = script_host
        self._on_call = on_call

    async def run(self, pipeline: Pipeline, caller: Caller, channel: PipelineChannel) -> None:
        """Run it all and finish the channel, unless cancelled: that is the caller's to tell."""
        activity = ""
        try:
            for statement in pipeline.statements:
                via: Via = "script" if any(c.is_script for c in statement) else "cmdlet"
                for planned in self._plan(statement, caller):
                    if isinstance(planned, _Call):
                        activity = planned.name
                        await self._invoke(planned, channel.output, caller, channel)
                    else:
                        activity = planned[0].text
                        await self._statement(planned, via, caller, channel)
        except TerminatingError as error:
            named = error.record.reason not in ("CommandNotFoundException", "ParseException")
            channel.finish(PipelineState.FAILED, error.record, activity if named else "")
        except Exception as error:
            log.exception("lab bug in %s on %s", activity, self._server)
            channel.finish(PipelineState.FAILED, errors.lab_bug(error).record, activity)
        else:
            channel.finish(PipelineState.COMPLETED)

    def _plan(self, statement: Sequence[Command], caller: Caller) -> list[tuple[Command, ...] | _Call]:
        """``statement`` with script text read into commands, or handed to the script host."""
        scripts = [c for c in statement if c.is_script]
        if not scripts:
            return [tuple(statement)]
        script = scripts[0]
        if self._mode is LanguageMode.NONE:
            raise self._refused(script, caller, errors.scripts_not_allowed(script.text))
        hosted = self._mode is LanguageMode.FULL and len(statement) == 1
        try:
            if script.arguments:
                raise errors.not_in_the_lab("parameters of a script")
            read = language.parse(script.text)
        except TerminatingError as error:
            call = self._host(script, caller) if hosted else None
            if call is None:
                raise self._refused(script, caller, error) from None
            return [call]
        if len(statement) > 1:
            if len(scripts) > 1 or len(read) > 1 or statement[0] is not script:
                raise self._refused(script, caller, errors.not_in_the_lab("several scripts in one pipeline"))
            return [(*read[0], *statement[1:])]
        if hosted and not all(self._lookup(commands[0].text, caller.user) for commands in read):
            call = self._host(script, caller)
            if call is not None:
                return [call]
        return list(read)

    def _host(self, script: Command, caller: Caller) -> _Call | None:
        if self._script_host is None:
            return None
        parameters = _given(script.arguments)
        handler = self._script_host(script.text, parameters, caller.user)
        name = script_name(script.text)
        return None if handler is None else _Call(name, handler, parameters, "script", is_cmdlet=False)

    async def _statement(
        self, commands: Sequence[Command], via: Via, caller: Caller, channel: PipelineChannel
    ) -> None:
        head, *later = commands
        sink: filters.Sink = channel.output
        stages: list[filters.Filter] = []
        for command in reversed(later):
            stage = self._filter(command, via, caller)(sink)
            stages.insert(0, stage)
            sink = stage.accept
        call = self._call(head, via, caller)
        if call is None:
            stages.insert(0, self._filter(head, via, caller)(sink))
        else:
            await self._invoke(call, sink, caller, channel)
        for stage in stages:
            stage.end()

    def _filter(self, command: Command, via: Via, caller: Caller) -> Callable[[filters.Sink], filters.Filter]:
        found = filters.find(command.text, command.arguments, full=self._mode is LanguageMode.FULL)
        if found is not None:
            return found
        if self._lookup(command.text, caller.user) is not None:
            raise errors.not_in_the_lab(f"pipeline input to {command.text}")
        error = errors.command_not_found(command.text)
        self._note(command.text, _given(command.arguments), via, caller, "failed", error.record.message)
        raise error

    def _lookup(self, name: str, user: str) -> Cmdlet | None:
        found = self._table.find(user, name)
        if found is None and name.lower().endswith(".exe"):
            found = self._table.find(user, name[:-4])
            return found if found is not None and found.native else None
        return found

    def _call(self, command: Command, via: Via, caller: Caller) -> _Call | None:
        """None: not a cmdlet of the table, so perhaps a built-in."""
        cmdlet = self._lookup(command.text, caller.user)
        if cmdlet is None:
            return None
        try:
            parameters = bind(cmdlet, command.arguments)
        except TerminatingError as error:
            self._note(cmdlet.name, _given(command.arguments), via, caller, "failed", error.record.message)
            raise
        return _Call(cmdlet.name, cmdlet.handler, parameters, via, is_cmdlet=not cmdlet.native)

    async def _invoke(
        self, call: _Call, sink: filters.Sink, caller: Caller, channel: PipelineChannel
    ) -> None:
        at, start = time.time(), time.monotonic()
        common = {n: v for n, v in call.parameters.items() if call.is_cmdlet and n in COMMON_PARAMETERS}
        own = {n: v for n, v in call.parameters.items() if n not in common}
        outcome: Outcome = "failed"
        why = ""
        try:
            output = _CallOutput(channel, sink, call.name, common)
            await call.handler(Invocation(call.name, own, caller.user, self._server), output)
            outcome, why = "completed", output.last_error
        except asyncio.CancelledError:
            outcome = "stopped"
            raise
        except Exception as error:
            why = str(error)
            raise
        finally:
            self._note(call.name, call.parameters, call.via, caller, outcome, why, at, start)

    def _refused(self, script: Command, caller: Caller, error: TerminatingError) -> TerminatingError:
        """``error``, noted as the end of ``script``."""
        self._note(script.text, _given(script.arguments), "script", caller, "failed", error.record.message)
        return error

    def _note(
        self,
        name: str,
        parameters: Mapping[str, Any],
        via: Via,
        caller: Caller,
        outcome: Outcome,
        why: str,
        at: float | None = None,
        start: float | None = None,
    ) -> None:
        if self._on_call is None:
            return
        now = time.monotonic()
        began = now if start is None else start
        self._on_call(
            CallRecord(
                at=time.time() if at is None else at,
                monotonic=began,
                seconds=now - began,
                server=self._server,
                user=caller.user,
                cmdlet=name,
                parameters=parameters,
                outcome=outcome,
                error=why,
                shell_id=caller.shell_id,
                via=via,
            )
        )


def script_name(script: str) -> str:
    """What a script is called in records: its first comment line, else its beginning."""
    comment = re.match(r"\s*#\s*(.+)", script)
    words = " ".join((comment[1] if comment else script).split())
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"


def _given(arguments: Sequence[Argument]) -> dict[str, Any]:
    """Unbound arguments as they came: by name, or by place."""
    return {
        str(place) if argument.name is None else argument.name: True if argument.bare else argument.value
        for place, argument in enumerate(arguments)
    }
