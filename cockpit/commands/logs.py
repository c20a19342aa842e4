"""What the commands of protocol logs have in common: which logs, and how a line is printed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.poplog import sources
from cockpit.poplog.document import Entry
from cockpit.poplog.errors import LogError
from cockpit.poplog.names import Writer, parse_name
from cockpit.poplog.parse import moment
from cockpit.poplog.source import LogSource

OK: Final = 0
UNREADABLE: Final = 3


class Ends(StrEnum):
    """Whose logs: of a server the front end's, of a folder whatever is in it; or as said."""

    USUAL = "usual"
    BACK = "back"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``servers`` of ``environment``, or ``paths``. ``form``: text or json."""

    environment: Environment | None
    servers: tuple[str, ...]
    paths: tuple[Path, ...]
    ends: Ends
    form: str
    local_time: bool


@dataclass(frozen=True, slots=True)
class Place:
    """One folder's logs: of ``writers``, or with ``file`` only that one."""

    source: LogSource
    writers: tuple[Writer | None, ...]
    file: str = ""


def places(wanted: Wanted) -> tuple[list[Place], bool]:
    """The logs that are wanted, and whether some could not be had, which was told. Raises ConfigError."""
    if wanted.environment is not None:
        secret = secrets.password(wanted.environment)
        of_server = {Ends.USUAL: (Writer.POP3,), Ends.BACK: (Writer.POP3BE,)}
        writers = of_server.get(wanted.ends, (Writer.POP3, Writer.POP3BE))
        found = sources.on_servers(wanted.environment, secret, wanted.servers)
        return [Place(source, writers) for source in found], False
    made: list[Place] = []
    failed = False
    alike = Counter(path.absolute().name for path in wanted.paths)
    for path in wanted.paths:
        label = str(path) if alike[path.absolute().name] > 1 else ""
        try:
            made.append(_local(path, wanted.ends, label))
        except LogError as error:
            tell(words(error))
            failed = True
    return made, failed


def _local(path: Path, ends: Ends, label: str) -> Place:
    source, file = sources.on_path(path, label)
    if file:
        name = parse_name(file)
        return Place(source, (name.writer if name else None,), file)
    writers = {name.writer for f in source.files() if (name := parse_name(f.name)) is not None}
    if ends is Ends.BACK:
        writers = {w for w in writers if w.back_end}
    return Place(source, tuple(sorted(writers)) or ((Writer.POP3BE if ends is Ends.BACK else Writer.POP3),))


def words(error: LogError) -> str:
    """An error as one line."""
    return ". ".join(part.rstrip(".") for part in (str(error), error.cure) if part) + "."


def tell(text: str) -> None:
    """One line of narration, in the operator's language."""
    print(clean_line(spoken(text)), file=sys.stderr, flush=True)


class Printer:
    """Prints entries. ``named``: several logs, so that a line says whose it is."""

    def __init__(self, form: str, *, local_time: bool, named: bool) -> None:
        self._json = form == "json"
        self._local = local_time
        self._named = named

    def show(self, entries: Iterable[Entry]) -> None:
        """Raises BrokenPipeError when nobody reads any more."""
        one = self._object if self._json else self._text
        text = "".join([one(entry) + "\n" for entry in entries])
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()

    def _text(self, entry: Entry) -> str:
        line = entry.row.line
        if self._local and entry.row.at is not None:
            first, comma, rest = line.partition(",")
            if moment(first) == entry.row.at:
                line = self._time(entry.row.at) + comma + rest
        return f"{whose(entry)} {line}" if self._named else line

    def _object(self, entry: Entry) -> str:
        row = entry.row
        made: dict[str, Any] = {
            "at": None if row.at is None else self._time(row.at),
            "server": clean_line(entry.server),
            "writer": entry.writer,
            "file": clean_line(entry.file),
            "offset": entry.offset,
            "session": row.session,
            "sequence": row.sequence,
            "server_end": row.server_end,
            "client_end": row.client_end,
            "user": row.user,
            "duration": row.duration,
            "request": row.request,
            "response": row.response,
            "command": row.command,
            "parameters": row.parameters,
            "context": row.context,
            "others": dict(row.others),
        }
        if row.problem:
            made |= {"problem": row.problem, "line": row.line}
        return json.dumps(made, ensure_ascii=False)

    def _time(self, at: datetime) -> str:
        """Milliseconds, as the log has them; with the offset to UTC where it is not UTC."""
        if self._local:
            return at.astimezone().isoformat(timespec="milliseconds")
        return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def whose(entry: Entry) -> str:
    """Server and writer, or the file where its name says no writer."""
    return clean_line(f"{entry.server} {entry.writer or entry.file}")
