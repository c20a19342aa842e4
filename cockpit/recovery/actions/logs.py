"""Looking whether a protocol log is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.logfiles import ScriptsRefusedError
from cockpit.exchange.observation import sentence
from cockpit.exchange.recovery_model import ServiceProcess, ServiceState
from cockpit.poplog.errors import FileGoneError, LogError, RefusedError
from cockpit.poplog.names import Writer
from cockpit.recovery.actions.action import READ_LIMIT, Action, Context, Done
from cockpit.recovery.actions.machines import own_services
from cockpit.recovery.log_folder import WRITERS, look
from cockpit.recovery.logging_view import Written
from cockpit.recovery.state_words import service_is
from cockpit.recovery.whole import whole

_TIERS: Final = {
    "front": (catalogue.FRONT_END_SERVICE,),
    "back": (catalogue.BACK_END_SERVICE,),
    "all": (catalogue.FRONT_END_SERVICE, catalogue.BACK_END_SERVICE),
}


class AwaitLog(Action):
    """Until every service in question has written a line since it was started.

    *not_seen*: the folder was read, and no such line came in time. *unreadable*: the folder could not be
    read, so nobody can say.
    """

    outcomes: ClassVar = frozenset({"arrives", "not_seen", "unreadable"})

    def command(self, context: Context) -> str:
        return N_("Read the newest log files in LogFileLocation    (on {server})").format(
            server=context.server
        )

    def limit(self, context: Context) -> float:
        return context.settings.logging_confirm + READ_LIMIT

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        wanted = _TIERS[str(context.step.args["tier"])]
        services = [name for name in own_services(context) if name in wanted]
        folder = _folder(context)
        context.say(
            N_("Looking in {folder} for lines of {names}.").format(
                folder=folder, names=", ".join(WRITERS[s].value for s in services)
            )
        )
        return _Watch(context, folder, services).until(context.settings.logging_confirm)


def _folder(context: Context) -> str:
    answer = context.access.read(lambda c: c.get_pop_settings(context.server))
    for settings in whole(answer, "Get-PopSettings"):
        if settings.log_file_location:
            return settings.log_file_location
    raise ExchangeError(
        N_("LogFileLocation of {server} was not read").format(server=context.server),
        cure=N_("Read it by hand."),
    )


class _Watch:
    """Looks at one folder again and again. ``_first``: what the first look showed."""

    def __init__(self, context: Context, folder: str, services: list[str]) -> None:
        self._context = context
        self._folder = folder
        self._services = services
        self._first: dict[Writer, Written] | None = None
        self._said = ""

    def until(self, seconds: float) -> Done:
        end = self._context.now() + seconds
        waited = N_("Waited {seconds:.0f} s.").format(seconds=seconds)
        while True:
            try:
                missing, words = self._look()
                outcome = "arrives" if not missing else "not_seen"
            except (ScriptsRefusedError, RefusedError) as error:
                return Done("unreadable", f"{sentence(error)} {error.cure}")
            except (ExchangeError, LogError) as error:
                outcome, words = "unreadable", f"{sentence(error)} {error.cure}"
            if outcome == "arrives":
                return Done(outcome, words)
            self._tell(words)
            if self._context.now() >= end:
                return Done(outcome, f"{words} {waited}")
            self._context.pause(self._context.settings.poll)

    def _tell(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self._context.say(words)

    def _look(self) -> tuple[list[str], str]:
        """Services that have not written since their start, and what was seen."""
        context = self._context
        seen = self._read()
        if self._first is None and seen:
            self._first = seen
        missing, parts = [], []
        for name in self._services:
            process = _process(context, name)
            written = seen.get(WRITERS[name], Written())
            first = (self._first or seen).get(WRITERS[name], written)
            if not _writes(process, written, first):
                missing.append(name)
            parts.append(_words(name, process, written))
        return missing, " ".join(parts)

    def _read(self) -> dict[Writer, Written]:
        """Nothing where the folder is not there, or a file went between two reads: neither says what came."""
        writers = [WRITERS[s] for s in self._services]
        try:
            return self._context.access.logs(
                self._context.server, self._folder, lambda files: look(files, writers)
            )
        except FileGoneError as error:
            # A folder comes with its first file, and a file may go between two reads: not yet.
            self._tell(sentence(error))
            return {}


def _process(context: Context, service: str) -> ServiceProcess | None:
    return context.access.look(context.server, lambda w: w.service_process(service))


def _writes(process: ServiceProcess | None, written: Written, first: Written) -> bool:
    if process is None or process.state != ServiceState.RUNNING or written.last is None:
        return False
    since = process.created
    return written.grew(first) or (since is not None and written.last >= since)


def _words(service: str, process: ServiceProcess | None, written: Written) -> str:
    if process is None:
        return N_("There is no service {service}.").format(service=service)
    if process.state != ServiceState.RUNNING:
        return f"{service_is(service, process.state)}."
    since = _clock(process.created) if process.created else ""
    if not written.name and since:
        return N_("{service} runs since {since}, and has no log file.").format(service=service, since=since)
    if not written.name:
        return N_("{service} runs, and has no log file.").format(service=service)
    last = N_("last line {time}").format(time=_clock(written.last)) if written.last else N_("without a line")
    runs = N_("{service} runs since {since}") if since else N_("{service} runs")
    return f"{runs.format(service=service, since=since)}; {written.name}: {last}."


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
