"""Gathers what a trace needs, over a run's way to the servers; reading only.

Exchange is asked about servers, settings and the mailbox; a server's logs are read where they are, and only
the part of them that holds the time. What a server refuses is a missing piece of evidence with its
reason; only where Exchange itself cannot be reached is there no trace.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.errors import CmdletFailedError, ExchangeError, NotGrantedError
from cockpit.exchange.model import MonitorHealthEntry, MonitoringProbeResult, PopSettings
from cockpit.poplog import lookup
from cockpit.poplog.correlate import Clock, Skew, Window, address_of, skew
from cockpit.poplog.errors import LogError
from cockpit.poplog.evidence import Gathered, LogLook, MailboxLook, ProbeRun, matched, says_same
from cockpit.poplog.names import Writer
from cockpit.poplog.sessions import is_health_mailbox, local_part
from cockpit.poplog.trace import Trace, candidates, conclude, goes_through, with_health
from cockpit.recovery.access import Access
from cockpit.recovery.readings import database_copies
from cockpit.recovery.whole import rows_of, whole

T = TypeVar("T")

_USER: Final = re.compile(r"(?:^|\s)User:\s*(\S+)")
ANY_PROBE: Final = "HealthMailbox"
_FRONT: Final = (
    N_("the front end's log of {server}: {files} in {folder}"),
    N_("the front end's log of {server}: {files} in {folder} ({problem})"),
)
_BACK: Final = (
    N_("the back end's log of {server}: {files} in {folder}"),
    N_("the back end's log of {server}: {files} in {folder} ({problem})"),
)
_REFUSED: Final = (CmdletFailedError, NotGrantedError)
"""An Exchange server has answered, and said no."""


@dataclass(frozen=True, slots=True)
class Tracer:
    """``say``: a line on what is being done. ``tries``: how often the front end's log is looked at while it
    has not got as far as the probe's end, with ``pause(gap)`` in between: the sheet is silent on how late a
    line may be written. ``clock``: ours, seconds since the epoch."""

    access: Access
    say: Callable[[str], None] = lambda _: None
    pause: Callable[[float], None] = time.sleep
    gap: float = 5.0
    tries: int = 1
    clock: Callable[[], float] = time.time

    def trace(self, run: ProbeRun) -> Trace:
        """The mailbox server behind a probe's run. Raises ExchangeError where Exchange cannot be asked."""
        servers = rows_of(self.access.read(lambda c: c.get_exchange_server()), "Get-ExchangeServer")
        known = Gathered(run, tuple(s.name for s in servers), users=_names(run.user))
        if not goes_through(run):
            return conclude(known)
        if run.user:
            known = self._with_mailbox(known, run.user)
        known = replace(known, front=self._front(known))
        seen = matched(known.front, run, known.users)
        if known.mailbox is None and len(seen.users) == 1:
            # The mailbox of a session that only may be the probe's: its server is told, its names are not the
            # probe's.
            known = replace(self._with_mailbox(known, seen.sessions[0].user), users=known.users)
        known = replace(known, addresses=frozenset(_addresses(known.front)))
        backs = tuple(self._back(known, server) for server in candidates(known))
        return conclude(replace(known, back=backs))

    def health(self, trace: Trace) -> Trace:
        """The trace with how POP is on the named server. Raises ExchangeError."""
        if not trace.named:
            return trace
        try:
            return with_health(trace, self.health_rows(trace.named), health_command(trace.named))
        except _REFUSED as error:
            return with_health(trace, (), health_command(trace.named), str(error))

    def health_rows(self, server: str) -> tuple[MonitorHealthEntry, ...]:
        """POP.Protocol's monitors on ``server``. Raises ExchangeError."""
        answer = self.access.read(lambda c: c.get_server_health(server, catalogue.POP_PROTOCOL))
        return whole(answer, "Get-ServerHealth")

    # -- the mailbox --

    def _with_mailbox(self, known: Gathered, user: str) -> Gathered:
        try:
            mailbox, names = self._mailbox(user)
        except _REFUSED as error:
            return replace(known, mailbox=MailboxLook(user, problem=str(error)))
        return replace(known, mailbox=mailbox, users=known.users | names)

    def _mailbox(self, user: str) -> tuple[MailboxLook, frozenset[str]]:
        found = whole(self.access.read(lambda c: c.get_monitoring_mailbox(user)), "Get-Mailbox")
        if not found:
            return MailboxLook(
                user, problem=N_("There is no monitoring mailbox {user}.").format(user=user)
            ), frozenset()
        names = _names(found[0].name, found[0].user_principal_name)
        database = found[0].database
        if not database:
            return MailboxLook(user), names
        active = [c.server for c in database_copies(self.access, database) if c.is_active_state]
        return MailboxLook(user, database, active[0] if active else ""), names

    # -- logs --

    def _front(self, known: Gathered) -> LogLook:
        run = known.run
        window = run.window
        if window is None:
            return LogLook(run.server, _log_of(Writer.POP3, run.server))
        self.say(N_("Looking for the session in the front end's log of {server}.").format(server=run.server))
        found = self._log(run.server, Writer.POP3, window, known)
        for _ in range(self.tries - 1):
            late = not found.problem and (found.newest is None or found.newest < window.end)
            if not late or not found.logging or matched(found, run, known.users).sessions:
                break
            self.say(
                N_("The log of {server} has not got as far as the probe's end.").format(server=run.server)
            )
            self.pause(self.gap)
            found = self._log(run.server, Writer.POP3, window, known)
        return found

    def _back(self, known: Gathered, server: str) -> LogLook:
        run, window = known.run, known.run.window
        if window is None:
            return LogLook(server, _log_of(Writer.POP3BE, server))
        self.say(N_("Looking for the session in the back end's log of {server}.").format(server=server))
        if says_same(server, run.server):
            return self._log(server, Writer.POP3BE, window, known)
        try:
            ahead = self._skew(run.server, server)
        except ExchangeError as error:
            problem = N_("Its clock could not be compared: {error}").format(error=error)
            return LogLook(server, _log_of(Writer.POP3BE, server), problem=problem)
        found = self._log(server, Writer.POP3BE, window.at(ahead), known)
        return replace(found, skew=ahead)

    def _log(self, server: str, writer: Writer, window: Window, known: Gathered) -> LogLook:
        """``window`` is by the clock of ``server``."""
        look = LogLook(server, _log_of(writer, server), skew=Skew())
        try:
            settings = self._settings(server)
            look = replace(look, logging=settings.protocol_log_enabled)
            text = ANY_PROBE if all(map(is_health_mailbox, known.users)) else sorted(known.users)[0]
            folder = settings.log_file_location
            found = self.access.logs(server, folder, lambda logs: lookup.look(logs, writer, window, text))
        except (ExchangeError, LogError) as error:
            off = N_("Protocol logging is off now.") if look.logging is False else ""
            return replace(look, problem=f"{str(error).rstrip('.')}. {off}".rstrip())
        look = replace(look, clock=self._clock_of(server))
        files = ", ".join(found.files) or N_("no {writer} file").format(writer=writer)
        looked_in = (_BACK if writer.back_end else _FRONT)[bool(found.problem)]
        words = looked_in.format(server=server, files=files, folder=folder, problem=found.problem)
        return replace(
            look, looked_at=words, sessions=found.sessions, begins=found.begins, newest=found.newest
        )

    def _settings(self, server: str) -> PopSettings:
        found = rows_of(self.access.read(lambda c: c.get_pop_settings(server)), "Get-PopSettings")
        if not found or not found[0].log_file_location:
            raise ExchangeError(
                N_("Get-PopSettings does not say where {server} keeps its logs").format(server=server)
            )
        return found[0]

    # -- clocks --

    def _clock(self, server: str) -> tuple[Clock, datetime]:
        before = self.clock()
        now = self.access.look(server, lambda w: w.now())
        after = self.clock()
        ahead = now.timestamp() - (before + after) / 2
        return Clock(server, ahead, abs(after - before) / 2), now

    def _clock_of(self, server: str) -> Clock | None:
        """For those who look at the evidence: where logs are read over a share WinRM may be closed."""
        try:
            return self._clock(server)[0]
        except ExchangeError:
            return None

    def _skew(self, front: str, back: str) -> Skew:
        """How far the back end's clock is ahead of the front end's. The first look opens the session, which
        takes longer than the looks that count."""
        self._clock(back)
        before = self._clock(front)[1]
        there = self._clock(back)[1]
        return skew(before, there, self._clock(front)[1])


def run_of(row: MonitoringProbeResult, identity: str, server: str) -> ProbeRun:
    """A probe's result as the run that is traced. Whom it logged in as stands in ExecutionContext, on failure
    only (§2.4 [D])."""
    return ProbeRun(
        identity,
        server,
        row.execution_start_time,
        row.execution_end_time,
        row.result_type,
        row.mailbox_server,
        user_in(row.execution_context),
    )


def _log_of(writer: Writer, server: str) -> str:
    log = N_("the back end's log of {server}") if writer.back_end else N_("the front end's log of {server}")
    return log.format(server=server)


def user_in(context: str) -> str:
    """Whom the probe logged in as, by its ExecutionContext; empty where that does not say. A line may have
    become a part of one: then the name ends at the next blank."""
    found = _USER.search(context)
    return found.group(1) if found else ""


def health_command(server: str) -> str:
    return f"Get-ServerHealth '{server}' -HealthSet '{catalogue.POP_PROTOCOL}'"


def _names(*users: str) -> frozenset[str]:
    return frozenset(name for user in users if (name := local_part(user)))


def _addresses(front: LogLook | None) -> Iterable[str]:
    """Addresses that the front end listens on, so that they are its own."""
    sessions = front.sessions if front is not None else ()
    return (address for s in sessions if (address := address_of(s.server_end)))
