r"""Logs of a server over its administrative share: ``\\server\c$\…``. Wants the extra ``pop-cockpit[smb]``.

A share cannot search: what is looked for is read over and searched here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from cockpit.config.language import N_
from cockpit.exchange.names import same_server
from cockpit.poplog.errors import FileGoneError, LogError, RefusedError
from cockpit.poplog.names import parse_name
from cockpit.poplog.needle import Needle
from cockpit.poplog.source import Chunk, Found, Hit, LogFile

if TYPE_CHECKING:
    from cockpit.poplog.smb_share import Share

_T = TypeVar("_T")
PORT: Final = 445
_BLOCK: Final = 1 << 20
_LONGEST: Final = 1 << 24
"""Bytes of one line, when searching; a longer one is taken in pieces, as on a server."""
_UNC: Final = re.compile(r"\\\\([^\\/]+)\\([^\\/]+)(?:\\(.*))?")
_DRIVE: Final = re.compile(r"([A-Za-z]):\\(.*)")


@dataclass(frozen=True, slots=True)
class Unc:
    """``folder``: within the share, without backslashes at its ends."""

    host: str
    share: str
    folder: str

    def __str__(self) -> str:
        return "\\".join(["", "", self.host, self.share, *filter(None, [self.folder])])


def parse_unc(text: str) -> Unc | None:
    r"""``\\host\share\folder``; None for anything else."""
    found = _UNC.fullmatch(text)
    return None if found is None else Unc(found[1], found[2], (found[3] or "").strip("\\"))


def unc_of(host: str, folder: str) -> Unc:
    """Where a folder of ``host`` is for others: on its administrative share, unless it is a share's already.
    Raises RefusedError, also for a share of another host: what a setting of one server says must not decide
    to whom we show who we are."""
    if "%" in folder:
        cure = N_('Read this server\'s logs over WinRM (logs = "winrm"), which knows its variables.')
        raise RefusedError(
            N_("LogFileLocation of {host} holds a variable of that server: {folder}").format(
                host=host, folder=folder
            ),
            cure=cure,
        )
    found = _DRIVE.fullmatch(folder)
    unc = Unc(host, f"{found[1].lower()}$", found[2].strip("\\")) if found else parse_unc(folder)
    if unc is None:
        raise RefusedError(
            N_("LogFileLocation of {host} is no path: {folder}").format(host=host, folder=folder)
        )
    if not same_server(unc.host, host):
        raise RefusedError(
            N_("LogFileLocation of {host} is on another host: {unc}").format(host=host, unc=unc),
            cure=N_(
                "We sign in at that server only. Find out who set it so; `pop-cockpit logs tail FOLDER` "
                "reads copies of the files."
            ),
        )
    return unc


@dataclass(frozen=True, slots=True)
class SignIn:
    """``protocol``: negotiate, ntlm or kerberos. ``password`` None: the ticket cache's."""

    user: str = ""
    password: str | None = None
    protocol: str = "negotiate"
    seconds: float = 10.0

    def __repr__(self) -> str:
        return f"SignIn({self.user!r}, …)"


class SmbFolder:
    """A :class:`~cockpit.poplog.source.LogSource` over a share. ``unc``: tells where, raises LogError.
    Connects at the first call, and anew after an error."""

    def __init__(self, name: str, unc: Callable[[], Unc], sign_in: SignIn, *, port: int = PORT) -> None:
        self._name = name
        self._unc = unc
        self._sign_in = sign_in
        self._port = port
        self._share: Share | None = None

    @property
    def name(self) -> str:
        return self._name

    def files(self) -> tuple[LogFile, ...]:
        """See :class:`~cockpit.poplog.source.LogSource`."""
        return self._with(lambda share, folder: self._listed(share, folder))

    def read(self, name: str, offset: int, most: int) -> Chunk:
        """See :class:`~cockpit.poplog.source.LogSource`. ``newer``: once the end was reached."""

        def read(share: Share, folder: str) -> Chunk:
            piece = share.read(_path(folder, name), offset, most)
            newer: tuple[str, ...] = ()
            if offset + len(piece.data) >= piece.length:
                newer = tuple(f.name for f in self._listed(share, folder) if _newer(f, name, piece.created))
            return Chunk(piece.data, offset, piece.length, share.now(), newer)

        return self._with(read)

    def find(self, name: str, text: str, offset: int, span: int, most: int, *, any_case: bool) -> Found:
        """See :class:`~cockpit.poplog.source.LogSource`; all that is searched is read over."""
        needle = Needle(text, any_case=any_case)
        hits: list[Hit] = []
        start, at, length, rest = offset, offset, 0, b""
        while True:
            chunk = self._with(lambda share, folder: share.read(_path(folder, name), at, _BLOCK))  # noqa: B023
            at, length = at + len(chunk.data), chunk.length
            rest += chunk.data
            whole = rest.rfind(b"\n") + 1 if chunk.data else len(rest)
            if not whole and len(rest) >= _LONGEST:
                whole = len(rest)
            for first, last in needle.spans(rest[:whole]):
                if len(hits) >= most:
                    return Found(tuple(hits), start + first, length)
                hits.append(Hit(start + first, rest[first:last].removesuffix(b"\r")))
            start, rest = start + whole, rest[whole:]
            if not chunk.data:
                return Found(tuple(hits), None, length)
            if start - offset >= span:
                return Found(tuple(hits), start, length)

    def close(self) -> None:
        """Sign off."""
        share, self._share = self._share, None
        if share is not None:
            share.close()

    def _listed(self, share: Share, folder: str) -> tuple[LogFile, ...]:
        return tuple(f for f in share.files(folder, "*.LOG") if parse_name(f.name) is not None)

    def _with(self, does: Callable[[Share, str], _T]) -> _T:
        unc = self._unc()
        share = self._share
        if share is None:
            share = self._share = self._connect(unc)
        try:
            return does(share, unc.folder)
        except FileGoneError:
            raise
        except LogError:
            self.close()
            raise

    def _connect(self, unc: Unc) -> Share:
        try:
            from cockpit.poplog.smb_share import Share
        except ImportError as error:
            raise RefusedError(
                N_("Reading {unc} wants a package that is not installed").format(unc=unc),
                str(error),
                N_("Run: pip install 'pop-cockpit[smb]'"),
            ) from error
        s = self._sign_in
        return Share(unc.host, unc.share, s.user, s.password, s.protocol, self._port, s.seconds)


def _path(folder: str, name: str) -> str:
    if parse_name(name) is None:
        raise RefusedError(N_("{name} is no name of a log file").format(name=name))
    return f"{folder}\\{name}" if folder else name


def _newer(file: LogFile, name: str, created: datetime | None) -> bool:
    """By name too: some file servers make a time of creation up from the last change."""
    other, ours = parse_name(file.name), parse_name(name)
    if other is None or ours is None or file.name == name:
        return False
    if other.writer is ours.writer and other.order > ours.order:
        return True
    return file.created is not None and created is not None and file.created >= created
