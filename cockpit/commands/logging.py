"""``pop-cockpit logging``: protocol logging of one server on for a time, off again, and how it stands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cockpit.commands.desk import BAD, LEFT, OK, REFUSED, Desk, refused
from cockpit.commands.follower import Follower, Terms
from cockpit.commands.narrator import Narrator, Said
from cockpit.commands.output import reader_may_leave
from cockpit.commands.plain import document, iso, plain
from cockpit.commands.recover import tell_of_open_runs
from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.recovery.client import Recovery, RefusedError
from cockpit.recovery.logging_view import LoggingState, ServiceLog, Written

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Wanted:
    """``services``: whose are restarted: ``front``, ``back``, ``both``, empty: the front end's where there
    is one. ``seconds``: for how long, 0: as configured. ``auto``: without asking where nothing refuses."""

    services: str
    seconds: int
    auto: bool


def on(desk: Desk, server: str, wanted: Wanted, form: str) -> int:
    """Turn it on, or keep it on for longer; 0 once lines arrive and the run rests, else as ``recover``."""
    desk.want_write("logging on")

    def work(office: Recovery, narrator: Narrator) -> str:
        now = office.logging(server)
        narrator.tell(lines(now, desk.writing))
        if now.due is not None:
            return office.keep_logging(now.server, wanted.seconds)
        return office.start_logging(now.server, wanted.services, wanted.seconds, auto=wanted.auto)

    return _followed(desk, server, form, work)


def off(desk: Desk, server: str, auto: bool, form: str) -> int:
    """Put it back, or turn it off where no run of ours has it on; the exit code is ``recover``'s."""
    desk.want_write("logging off")
    return _followed(desk, server, form, lambda office, _: office.end_logging(server, auto=auto))


def _followed(desk: Desk, server: str, form: str, work: Callable[[Recovery, Narrator], str]) -> int:
    narrator = Narrator()
    try:
        with desk.office() as office:
            try:
                run = work(office, narrator)
            except RefusedError as error:
                code = refused(narrator, error)
                tell_of_open_runs(office, desk, narrator)
                return code
            back = f"{desk.program} logging off --server {server}"
            terms = Terms(desk.program, form, starting=True, puts_back=back)
            return Follower(office, run, terms, narrator).follow()
    except RefusedError as error:
        return refused(narrator, error)


# --- how it stands -------------------------------------------------------------------------------


def status(desk: Desk, server: str, form: str) -> int:
    """Print how it stands; 0 off or a run at work has it on, 1 on for a time by a run of ours, 2 on without
    a record or overdue, 3 not readable."""
    narrator = Narrator()
    try:
        with desk.office() as office:
            found = office.logging(server)
    except RefusedError as error:
        return refused(narrator, error)
    code = code_of(found)
    for problem in found.problems:
        narrator.hear(problem, "magenta")
    with reader_may_leave():
        if form == "json":
            print(document(as_plain(found, code)))
        else:
            Narrator(sys.stdout).tell(lines(found, desk.writing))
    return code


def code_of(state: LoggingState) -> int:
    """What is overdue weighs most: also where the server does not say whether it is on."""
    if state.overdue:
        return BAD
    if state.enabled is None:
        return REFUSED
    if state.due is not None:
        return LEFT
    return BAD if state.enabled and not state.run else OK


def as_plain(state: LoggingState, code: int) -> dict[str, Any]:
    """The state as plain data, times as text."""
    return {"exit_code": code, **plain(state), "overdue": state.overdue}


def lines(state: LoggingState, program: str) -> Iterator[Said]:
    """The state as text. ``program``: how to call this one in write mode."""
    word = {True: _("on"), False: _("off"), None: _("not known")}[state.enabled]
    style = {True: "bold yellow", False: "bold", None: "bold magenta"}[state.enabled]
    yield Said(_("protocol logging of {server}: {word}").format(server=state.server, word=word), style)
    yield from _record(state, program)
    if state.location:
        free = _("not known") if state.free is None else f"{state.free / _GIB:.1f} GB"
        yield Said(_("folder: {location}  free: {free}").format(location=state.location, free=free), "", 2)
        yield Said(
            _("rolls over: {rollover}  size quota: {quota}").format(
                rollover=state.rollover, quota=state.quota
            ),
            "",
            2,
        )
    if state.changed is not None:
        yield Said(_("POP3 settings changed last: {time}").format(time=iso(state.changed)), "", 2)
    clients = _("not known") if state.clients is None else str(state.clients)
    yield Said(_("POP3 connections: {count}").format(count=clients), "", 2)
    for service in state.services:
        yield from _service(service, state)


def _record(state: LoggingState, program: str) -> Iterator[Said]:
    if state.handed is not None:
        yield Said(
            _("obligation {handed} of an ended run: handed over, see obligations").format(
                handed=state.handed
            ),
            "bold red",
            2,
        )
    elif state.due is not None:
        over = state.overdue
        words = (
            _("OVERDUE since {time}, by run {run}") if over else _("for a time, until {time}, by run {run}")
        )
        said = words.format(time=iso(state.due), run=state.run)
        yield Said(said, "bold red" if over else "", 2)
        if state.enabled is False:
            yield Said(_("somebody else has put it back already; its run is to be ended all the same"), "", 2)
        yield Said(
            _("put it back: {program} logging off --server {server}").format(
                program=program, server=state.server
            ),
            "cyan",
            2,
        )
    elif state.run:
        yield Said(_("run {run} is at work with it, and puts it back itself").format(run=state.run), "", 2)
    elif state.enabled:
        yield Said(
            _("no record: no run of ours has turned it on, and nobody will turn it off"), "bold red", 2
        )


def _service(service: ServiceLog, state: LoggingState) -> Iterator[Said]:
    process = service.process
    how = _("not readable or not there") if process is None else process.state
    created = process.created if process is not None else None
    since = _(" since {time}").format(time=iso(created)) if created is not None else ""
    yield Said(f"{spoken(f'{service.tier} end')}  {service.service}  {how}{since}", "", 2)
    if service.behind and service.runs:
        words = (
            _("started before the settings changed: it may not write yet until its next restart")
            if state.enabled
            else _("started before the settings changed: it may still write until its next restart")
        )
        yield Said(words, "yellow", 4)
    yield Said(_files(service.written), "", 4)


def _files(written: Written | None) -> str:
    if written is None:
        return _("log files: not read")
    if not written.name:
        return _("log files: none")
    return _("newest log file: {name}  {length} bytes  {last}").format(
        name=written.name, length=written.length, last=_last(written)
    )


def _last(written: Written) -> str:
    if written.last is None:
        return _("without a line")
    if written.now is None:
        return _("last line {time}").format(time=iso(written.last))
    seconds = max(0, int((written.now - written.last).total_seconds()))
    return _("last line {time}, {seconds} s old").format(time=iso(written.last), seconds=seconds)
