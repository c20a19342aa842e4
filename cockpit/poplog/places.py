"""Where the servers keep their logs: asked of Exchange once for all of them, on one session."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.config.targets import exchange_target
from cockpit.config.watched import ELSEWHERE, why_left_out
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import CmdletFailedError, ExchangeError, SignInError
from cockpit.exchange.logfiles import LogFileGoneError
from cockpit.exchange.model import ExchangeServer
from cockpit.exchange.patience import patiently
from cockpit.exchange.refusals import WINRM_REFUSALS, Refusals
from cockpit.exchange.session import EXCHANGE, Session
from cockpit.poplog.errors import FileGoneError, LogError, RefusedError

ASK_SECONDS: Final = 60.0
"""Between two questions where a folder is that is not there."""
_LIST_CURE: Final = N_("Look at `pop-cockpit status` for the servers there are.")


@dataclass(frozen=True, slots=True)
class Place:
    """``folder``: LogFileLocation, may hold %variables% of that server."""

    server: str
    fqdn: str
    folder: str


def log_error(error: ExchangeError) -> LogError:
    """``error`` in the words of this room. What a script stumbled over on the server may pass by itself (a
    file that is just being deleted), whatever a cmdlet's failure means elsewhere."""
    if isinstance(error, LogFileGoneError):
        kind: type[LogError] = FileGoneError
    else:
        kind = LogError if error.retry or isinstance(error, CmdletFailedError) else RefusedError
    return kind(error.what, error.cause, error.cure)


class Places:
    """Where each of ``servers`` keeps its POP3 logs. Any thread may ask; the first asks Exchange for all.

    A refused sign-in is not tried again for the next server: each try counts towards a lock-out.
    """

    def __init__(self, environment: Environment, secret: Secret | None, servers: Iterable[str]) -> None:
        self._environment = environment
        self._secret = secret
        self._servers = tuple(servers)
        self._known: dict[str, Place] = {}
        self._asked_at: dict[str, float] = {}
        self._refusal: LogError | None = None
        self._refusals = Refusals()
        self.winrm = Refusals(WINRM_REFUSALS, self._refusals)
        """For whoever reads the logs themselves."""
        self._lock = threading.Lock()

    def of(self, server: str) -> Place:
        """Raises LogError."""
        with self._lock:
            if self._refusal is not None:
                raise self._refusal
            if server not in self._known:
                self._ask(server)
            return self._known[server]

    def forget(self, server: str) -> None:
        """Its folder was not there: ask again, but not every time."""
        with self._lock:
            if time.monotonic() - self._asked_at.get(server, 0.0) > ASK_SECONDS:
                self._known.pop(server, None)

    def _ask(self, wanted: str) -> None:
        """Where all of the user's shells are taken, it waits its turn for one."""
        try:
            patiently(lambda: self._ask_once(wanted))
        except ExchangeError as error:
            raise log_error(error) from error

    def _ask_once(self, wanted: str) -> None:
        """Raises ExchangeError and LogError."""
        self._asked_at[wanted] = time.monotonic()
        last: ExchangeError | None = None
        for entry in self._environment.entry_servers:
            target = exchange_target(self._environment, entry)
            user = self._environment.credential.user
            session = Session(target, EXCHANGE, user, self._secret, refusals=self._refusals)
            try:
                session.open()
                self._ask_all(ExchangeCmdlets(session), wanted)
            except ExchangeError as error:
                last = error
                if isinstance(error, SignInError):
                    self._refusal = log_error(error)
                    break
            else:
                return
            finally:
                session.close()
        if last is not None:
            raise last

    def _ask_all(self, cmdlets: ExchangeCmdlets, wanted: str) -> None:
        names = {s.name.lower(): s for s in cmdlets.get_exchange_server().rows}
        self._refuse_left_out(names)
        self._known[wanted] = _place(cmdlets, names, wanted)
        for server in self._servers:
            if server not in self._known:
                # Whatever is wrong with another one is told when that one is asked for.
                with contextlib.suppress(LogError, CmdletFailedError):
                    self._known[server] = _place(cmdlets, names, server)

    def _refuse_left_out(self, names: Mapping[str, ExchangeServer]) -> None:
        """Raises RefusedError where one that was asked for is none of this environment's."""
        for server in self._servers:
            found = names.get(server.split(".")[0].lower())
            why = why_left_out(self._environment, found.name, found.fqdn) if found is not None else ""
            if why:
                raise RefusedError(N_("{name} is {problem}").format(name=server, problem=why), cure=ELSEWHERE)


def _place(cmdlets: ExchangeCmdlets, names: Mapping[str, ExchangeServer], server: str) -> Place:
    found = names.get(server.split(".")[0].lower())
    if found is None:
        raise RefusedError(
            N_("The organization has no server {server}").format(server=server), cure=_LIST_CURE
        )
    settings = cmdlets.get_pop_settings(found.name).rows
    if not settings or not settings[0].log_file_location:
        what = N_("Get-PopSettings does not say where {server} keeps its logs").format(server=found.name)
        raise LogError(what, cure=N_("Has that server POP3?"))
    return Place(found.name, found.fqdn, settings[0].log_file_location)
