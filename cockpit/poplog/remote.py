"""Logs of a server over its WinRM endpoint. Pulls the wire's libraries in: only for those that read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.config.targets import winrm_target
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.logfiles import LogFileGoneError, LogFiles
from cockpit.exchange.refusals import Refusals
from cockpit.exchange.session import WINRM, Session
from cockpit.poplog.errors import LogError
from cockpit.poplog.names import parse_name
from cockpit.poplog.places import Place, log_error
from cockpit.poplog.source import Chunk, Found, Hit, LogFile


class RemoteFolder:
    """A :class:`~cockpit.poplog.source.LogSource` on ``server``. Nothing is dialled until the first call; a
    lost session is made anew by the next one.

    ``place``: tells where the logs are, raises LogError; ``forget``: told when the folder is not there.
    ``refusals``: shared with the readers of other servers.
    """

    def __init__(
        self,
        environment: Environment,
        secret: Secret | None,
        server: str,
        place: Callable[[], Place],
        forget: Callable[[], None] = lambda: None,
        refusals: Refusals | None = None,
    ) -> None:
        self._environment = environment
        self._secret = secret
        self._server = server
        self._place = place
        self._forget = forget
        self._refusals = refusals
        self._session: Session | None = None

    @property
    def name(self) -> str:
        return self._server

    def files(self) -> tuple[LogFile, ...]:
        """See :class:`~cockpit.poplog.source.LogSource`."""
        with self._explained() as logs:
            try:
                found = logs.files()
            except LogFileGoneError:
                self._forget()
                raise
        return tuple(
            LogFile(f.name, f.length, f.created, f.modified) for f in found if parse_name(f.name) is not None
        )

    def read(self, name: str, offset: int, most: int) -> Chunk:
        """See :class:`~cockpit.poplog.source.LogSource`."""
        with self._explained() as logs:
            piece = logs.read(name, offset, most)
        return Chunk(piece.data, offset, piece.length, piece.now, piece.newer)

    def find(self, name: str, text: str, offset: int, span: int, most: int, *, any_case: bool) -> Found:
        """See :class:`~cockpit.poplog.source.LogSource`: searched on the server."""
        with self._explained() as logs:
            found = logs.find(name, text, offset, span, most, any_case=any_case)
        hits = tuple(Hit(at, line.removesuffix(b"\r")) for at, line in found.lines)
        return Found(hits, found.next_offset, found.length)

    def close(self) -> None:
        """Give the shell back."""
        if self._session is not None:
            self._session.close()
            self._session = None

    @contextmanager
    def _explained(self) -> Iterator[LogFiles]:
        place = self._place()
        if self._session is None:
            target = winrm_target(self._environment, place.server, place.fqdn)
            user = self._environment.credential.user
            self._session = Session(target, WINRM, user, self._secret, refusals=self._refusals)
        try:
            yield LogFiles(self._session, place.folder)
        except ExchangeError as error:
            raise log_error(error) from error
        except ValueError as error:
            raise LogError(N_("That is no log file of Exchange"), str(error)) from error
