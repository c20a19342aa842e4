"""Protocol log files of a server, over its WinRM endpoint: three small scripts with bound parameters.

They are Windows PowerShell 5.1, open a file so that its writer is not disturbed, and write nothing, no
temporary file either. The endpoint must allow scripts (FullLanguage): where it does not, ScriptsRefusedError.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange import rows
from cockpit.exchange.caller import Caller
from cockpit.exchange.clixml import PSObject
from cockpit.exchange.errors import CmdletFailedError, ExchangeError, ProtocolError
from cockpit.exchange.pipeline import Call, ParameterValue

LIST_SECONDS: Final = 30.0
READ_SECONDS: Final = 30.0
FIND_SECONDS: Final = 60.0
_FILE: Final = re.compile(r"[A-Za-z0-9]{1,40}-[0-9]{1,9}\.LOG", re.IGNORECASE)


class ScriptsRefusedError(ExchangeError):
    """The endpoint runs no scripts, or not what ours need."""

    cure_default = N_(
        "The WinRM endpoint must allow FullLanguage for this account; else read the logs over the share "
        "(pop-cockpit[smb]) or copy them here."
    )
    retry = False
    session_lost = False


class LogFileGoneError(ExchangeError):
    """There is no such file or folder."""

    cure_default = N_("Look at LogFileLocation of Get-PopSettings; files are deleted after some days.")
    session_lost = False


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the folder, by its directory entry; lengths of open files lag behind there [M]."""

    name: str
    length: int
    created: datetime | None
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class FilePiece:
    """Bytes of a file, its whole length, the server's clock (UTC), names of files created since."""

    data: bytes
    length: int
    now: datetime | None
    newer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileHits:
    """``lines``: offset of the first byte, bytes without the line feed. ``next_offset``: None at the end."""

    lines: tuple[tuple[int, bytes], ...]
    next_offset: int | None
    length: int


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The folder ``folder`` (LogFileLocation, may hold %variables%) of the server of ``session``.

    All raise ExchangeError: ScriptsRefusedError, LogFileGoneError, CmdletFailedError, and what a session
    raises. ValueError for a name that is no log file's: no other text gets into a path.
    """

    session: Caller
    folder: str

    def files(self) -> tuple[FileEntry, ...]:
        """Every ``*.LOG``, in no order."""
        found = self._run("list-log.ps1", {"Folder": self.folder}, LIST_SECONDS)
        return tuple(
            FileEntry(
                rows.text(r, "Name"),
                _whole(r, "Length"),
                rows.moment(r, "Created"),
                rows.moment(r, "Modified"),
            )
            for r in found
        )

    def read(self, name: str, offset: int, most: int) -> FilePiece:
        """At most ``most`` bytes from ``offset``."""
        parameters: dict[str, ParameterValue] = {
            "Folder": self.folder,
            "Name": _named(name),
            # As text: pypsrp sends every int as Int32, and PowerShell makes the number.
            "Offset": str(offset),
            "Most": str(most),
        }
        row = self._one("read-log.ps1", parameters, READ_SECONDS)
        return FilePiece(
            _blob(row, "Data"), _whole(row, "Length"), rows.moment(row, "Now"), rows.items(row, "Newer")
        )

    def find(self, name: str, text: str, offset: int, span: int, most: int, *, any_case: bool) -> FileHits:
        """Lines that hold ``text``; done after about ``span`` bytes, or ``most`` lines."""
        parameters: dict[str, ParameterValue] = {
            "Folder": self.folder,
            "Name": _named(name),
            "Text": text.encode().decode("latin-1"),
            "Offset": str(offset),
            "Span": str(span),
            "Most": str(most),
            "AnyCase": any_case,
        }
        row = self._one("find-log.ps1", parameters, FIND_SECONDS)
        offsets = [int(o) for o in rows.items(row, "Offsets")]
        lines = _blob(row, "Data").split(b"\n") if offsets else []
        if len(lines) != len(offsets):
            raise ProtocolError(
                N_("find-log.ps1 gave {offsets} offsets for {lines} lines").format(
                    offsets=len(offsets), lines=len(lines)
                )
            )
        return FileHits(
            tuple(zip(offsets, lines, strict=True)), rows.number(row, "Next"), _whole(row, "Length")
        )

    def _one(self, script: str, parameters: Mapping[str, ParameterValue], seconds: float) -> PSObject:
        found = self._run(script, parameters, seconds)
        if len(found) != 1:
            raise ProtocolError(N_("{script} gave {count} objects").format(script=script, count=len(found)))
        return found[0]

    def _run(self, script: str, parameters: Mapping[str, ParameterValue], seconds: float) -> list[PSObject]:
        call = Call(script, dict(parameters), time_limit=seconds, script=script_text(script))
        try:
            result = self.session.run(call)
        except CmdletFailedError as error:
            raise _explained(error, self.session.target.server) from error
        if result.errors:
            raise _explained(CmdletFailedError(script, result.errors[0]), self.session.target.server)
        found = [o for o in result.objects if isinstance(o, PSObject)]
        if len(found) != len(result.objects):
            raise ProtocolError(N_("{script} returned something that is no object").format(script=script))
        return found


@cache
def script_text(name: str) -> str:
    """The text of a script of ours."""
    return resources.files("cockpit.exchange.scripts").joinpath(name).read_text(encoding="utf-8")


def _named(name: str) -> str:
    if not _FILE.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a protocol log file")
    return name


def _whole(row: PSObject, name: str) -> int:
    found = rows.number(row, name)
    if found is None:
        raise ProtocolError(N_("a log file's {name} is missing").format(name=name))
    return found


def _blob(row: PSObject, name: str) -> bytes:
    found = row.get(name)
    if isinstance(found, PSObject):
        found = found.value
    if not isinstance(found, bytes):
        raise ProtocolError(
            N_("a log file's {name} is a {kind}, not bytes").format(name=name, kind=type(found).__name__)
        )
    return found


_GONE: Final = (
    "FileNotFoundException",
    "DirectoryNotFoundException",
    "ItemNotFoundException",
    "PathNotFound",
)
_NO_SCRIPTS: Final = (
    "MethodInvocationNotSupportedInConstrainedLanguage",
    "CannotCreateTypeConstrainedLanguage",
    "ScriptsNotAllowed",
    "NotSupportedInDataSection",
)
"""Ids of a constrained or restricted endpoint, from memory [M]: the sheet is silent."""


_STOPPED: Final = re.compile(
    r'The running command stopped because the preference variable "[^"]*" '
    r"or common parameter is set to Stop: "
)
"""What Windows PowerShell 5.1 in English puts before the error that ended a script [M]."""


def _own_words(message: str) -> str:
    """The error's words without PowerShell's about its preference, which is ours and no news."""
    return _STOPPED.sub("", message, count=1)


def _explained(error: CmdletFailedError, server: str) -> ExchangeError:
    record = error.record
    said = f"{record.fully_qualified_id} {record.reason} {record.category}"
    if any(word in said for word in _GONE):
        return LogFileGoneError(
            N_("{server} has no such log file or folder").format(server=server), _own_words(record.message)
        )
    if any(word in said for word in _NO_SCRIPTS):
        return ScriptsRefusedError(
            N_("{server} does not run scripts for us").format(server=server), _own_words(record.message)
        )
    return error
