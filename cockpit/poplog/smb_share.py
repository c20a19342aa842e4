"""One share of a file server, over SMB 2 and 3: list a folder, read a file. Needs ``pop-cockpit[smb]``.

Files are opened so that whoever writes them may go on writing, renaming and deleting.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from smbprotocol.connection import Connection
from smbprotocol.exceptions import (
    EndOfFile,
    NoMoreFiles,
    SMBAuthenticationError,
    SMBException,
    SMBResponseException,
)
from smbprotocol.file_info import FileInformationClass
from smbprotocol.header import NtStatus
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    DirectoryAccessMask,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    QueryDirectoryFlags,
    ShareAccess,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from cockpit.config.language import N_
from cockpit.poplog.errors import FileGoneError, LogError, RefusedError
from cockpit.poplog.source import LogFile

# It logs each message at debug, and at warning what it raises: the mapped error is told.
logging.getLogger("smbprotocol").setLevel(logging.CRITICAL)

ANSWER_SECONDS: Final = 30.0
_READ: Final = 64 * 1024 * 4
_ALL: Final = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE
_IS_FOLDER: Final = 0x10

_GONE: Final = frozenset(
    {
        NtStatus.STATUS_OBJECT_NAME_NOT_FOUND,
        NtStatus.STATUS_OBJECT_PATH_NOT_FOUND,
        NtStatus.STATUS_NO_SUCH_FILE,
    }
)
_REFUSED: Final = {
    NtStatus.STATUS_LOGON_FAILURE: N_("Check user name and password."),
    NtStatus.STATUS_ACCESS_DENIED: N_(
        "To read a server's c$ share the account must be an administrator of it."
    ),
    NtStatus.STATUS_BAD_NETWORK_NAME: N_("The server has no such share: look at LogFileLocation."),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a file; the file's length and time of creation as of when it was opened."""

    data: bytes
    length: int
    created: datetime | None


class _Connection(Connection):  # type: ignore[misc]
    """Bounds every wait (the library's own have no end), and keeps the server's clock of the negotiation."""

    clock: tuple[datetime, float] | None = None

    def receive(
        self, request: Any, wait: bool = True, timeout: float | None = None, resolve_symlinks: bool = True
    ) -> Any:
        return super().receive(request, wait, timeout or ANSWER_SECONDS, resolve_symlinks)

    def _send_smb2_negotiate(self, *arguments: Any) -> Any:
        answer = super()._send_smb2_negotiate(*arguments)
        found = answer["system_time"].get_value()
        if isinstance(found, datetime) and found.tzinfo is not None and found.year > 1970:
            self.clock = (found.astimezone(UTC), time.monotonic())
        return answer


class Share:
    """A connection to ``share`` of ``host``, made at once. For one thread. All methods raise LogError; after
    one that is not a FileGoneError a new one is to be made."""

    def __init__(
        self, host: str, share: str, user: str, password: str | None, protocol: str, port: int, seconds: float
    ) -> None:
        self._where = rf"\\{host}\{share}"
        self._connection = _Connection(uuid.uuid4(), host, port)
        with self._explained(self._where):
            try:
                self._connection.connect(timeout=seconds)
                session = Session(
                    self._connection,
                    user or None,
                    password,
                    require_encryption=False,
                    auth_protocol=protocol,
                )
                session.connect()
                self._tree = TreeConnect(session, self._where)
                self._tree.connect()
            except BaseException:
                self.close()
                raise

    def now(self) -> datetime | None:
        """The server's clock: what it said when the connection was made, and the time since by ours."""
        clock = self._connection.clock
        return None if clock is None else clock[0] + timedelta(seconds=time.monotonic() - clock[1])

    def files(self, folder: str, pattern: str) -> list[LogFile]:
        """Files of a folder whose name matches."""
        with self._explained(folder), self._open(folder, is_folder=True) as opened:
            found: list[LogFile] = []
            flags = QueryDirectoryFlags.SMB2_RESTART_SCANS
            while True:
                try:
                    entries = opened.query_directory(
                        pattern, FileInformationClass.FILE_DIRECTORY_INFORMATION, flags=flags
                    )
                except NoMoreFiles:
                    return found
                except SMBResponseException as error:
                    if error.status == NtStatus.STATUS_NO_SUCH_FILE:  # of a folder without any such file
                        return found
                    raise
                found += [_entry(e) for e in entries if not e["file_attributes"].get_value() & _IS_FOLDER]
                flags = 0

    def read(self, path: str, offset: int, most: int) -> Piece:
        """At most ``most`` bytes from ``offset``."""
        with self._explained(path), self._open(path, is_folder=False) as opened:
            length, pieces, at = int(opened.end_of_file), [], offset
            step = min(_READ, self._connection.max_read_size)
            while most > 0:
                try:
                    piece = opened.read(at, min(step, most))
                except EndOfFile:
                    break
                if not piece:
                    break
                pieces.append(piece)
                at, most = at + len(piece), most - len(piece)
            return Piece(b"".join(pieces), max(length, at if pieces else 0), _moment(opened.creation_time))

    def close(self) -> None:
        """Sign off; quiet."""
        try:
            self._connection.disconnect(timeout=2)
        except (SMBException, OSError, ValueError, AttributeError):
            return  # it is gone already, or was never there (its transport is None then)

    @contextmanager
    def _open(self, path: str, *, is_folder: bool) -> Iterator[Any]:
        opened = Open(self._tree, path)
        file, folder = FilePipePrinterAccessMask, DirectoryAccessMask
        opened.create(
            ImpersonationLevel.Impersonation,
            (folder.FILE_LIST_DIRECTORY | folder.FILE_READ_ATTRIBUTES | folder.SYNCHRONIZE)
            if is_folder
            else (file.FILE_READ_DATA | file.FILE_READ_ATTRIBUTES | file.SYNCHRONIZE),
            0,
            _ALL,
            CreateDisposition.FILE_OPEN,
            CreateOptions.FILE_DIRECTORY_FILE if is_folder else CreateOptions.FILE_NON_DIRECTORY_FILE,
        )
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except SMBResponseException as error:
            if error.status in _GONE:
                raise FileGoneError(
                    N_("{where} has no {path}").format(where=self._where, path=path)
                ) from error
            what = N_("{where} refused to let us read {path}").format(where=self._where, path=path)
            if error.status in _REFUSED:
                raise RefusedError(what, str(error), _REFUSED[error.status]) from error
            raise LogError(what, str(error)) from error
        except SMBAuthenticationError as error:
            cure = N_("Check user name, password and ticket.")
            raise RefusedError(
                N_("Signing in at {where} failed").format(where=self._where), str(error), cure
            ) from error
        except (SMBException, OSError, ValueError) as error:  # ValueError: what its transport raises
            cure = N_("Check that the server is up and port 445 is open from here.")
            raise LogError(
                N_("{where} does not answer").format(where=self._where), str(error), cure
            ) from error


def _entry(found: Any) -> LogFile:
    name = found["file_name"].get_value().decode("utf-16-le")
    created, modified = (_moment(found[key].get_value()) for key in ("creation_time", "last_write_time"))
    return LogFile(name, int(found["end_of_file"].get_value()), created, modified)


def _moment(found: object) -> datetime | None:
    return found.astimezone(UTC) if isinstance(found, datetime) and found.tzinfo is not None else None
