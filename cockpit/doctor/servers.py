"""Reads about one server, over sessions that are open. Each gives a reading, or the error it met."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.doctor.limits import Time, within
from cockpit.doctor.readings import LogFolder, Trouble, Watched
from cockpit.exchange import catalogue
from cockpit.exchange.caller import Caller
from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError, ProtocolError
from cockpit.exchange.language import language_mode
from cockpit.exchange.logfiles import LogFileGoneError
from cockpit.exchange.model import ExchangeServer, PopSettings, Service
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.poplog.errors import FileGoneError, LogError
from cockpit.poplog.sources import on_share

_T = TypeVar("_T")
CALL_SECONDS = 30.0


def tried(job: Callable[[], _T]) -> _T | ExchangeError:
    """What ``job`` gives, or the ExchangeError it raises."""
    try:
        return job()
    except ExchangeError as error:
        return error


class Exchange:
    """An open session on an entry server, which threads ask in turn."""

    def __init__(self, session: Caller, left: Time) -> None:
        self._session = session
        self._left = left
        self._lock = threading.Lock()

    def ask(self, job: Callable[[ExchangeCmdlets], _T]) -> _T | ExchangeError:
        with self._lock:
            cmdlets = ExchangeCmdlets(self._session, self._left.most(CALL_SECONDS))
            return tried(lambda: job(cmdlets))

    def watched(self, server: ExchangeServer) -> Watched | ExchangeError:
        """The monitors of the POP health sets that the server is to have."""
        sets = catalogue.expected_health_sets(server.version, server.roles)
        return self.ask(
            lambda cmdlets: Watched(server, {s: cmdlets.get_server_health(server.name, s) for s in sets})
        )

    def settings(self, server: str) -> PopSettings | ExchangeError:
        """Get-PopSettings of one server."""

        def read(cmdlets: ExchangeCmdlets) -> PopSettings:
            answer = cmdlets.get_pop_settings(server)
            found = next((s for s in answer.rows if catalogue.same_server(s.server, server)), None)
            if found is None:
                said = answer.errors[0].message if answer.errors else N_("and gave no reason")
                raise ProtocolError(
                    N_("Get-PopSettings does not tell of {server}").format(server=server), said
                )
            return found

        return self.ask(read)


def services(session: Caller, server: ExchangeServer) -> tuple[Service, ...] | ExchangeError:
    """The POP3 services the server is to have, those that are there."""
    names = catalogue.services(server.version, server.roles)
    return tried(lambda: WinRMCmdlets(session).get_service(names).rows)


def language(session: Caller, seconds: float = CALL_SECONDS) -> str | ExchangeError:
    return tried(lambda: language_mode(session, seconds))


def log_folder(session: Caller, settings: PopSettings) -> LogFolder:
    """Over WinRM."""
    found = tried(lambda: WinRMCmdlets(session).log_files(settings.log_file_location).files())
    if isinstance(found, LogFileGoneError):
        return LogFolder(settings, Trouble(str(found), found.cure), gone=True)
    if isinstance(found, ExchangeError):
        return LogFolder(settings, Trouble(str(found), found.cure))
    return LogFolder(settings, len(found))


def log_share(
    environment: Environment, secret: Secret | None, server: ExchangeServer, settings: PopSettings
) -> LogFolder:
    """Over the administrative share."""
    source = on_share(environment, secret, server.name, server.fqdn, settings.log_file_location)
    try:
        return LogFolder(settings, len(within(CALL_SECONDS, source.files)))
    except FileGoneError as error:
        return LogFolder(settings, Trouble(str(error), error.cure), gone=True)
    except LogError as error:
        return LogFolder(settings, Trouble(str(error), error.cure))
    except TimeoutError as error:
        return LogFolder(settings, Trouble(str(error)))
    finally:
        source.close()
