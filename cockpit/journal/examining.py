"""Whether a journal can be written and whether its chain holds, without making or changing one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cockpit.config.language import N_
from cockpit.journal import chain, checkpoints, reading
from cockpit.journal.database import Database
from cockpit.journal.errors import JournalError
from cockpit.journal.migrate import schema_of
from cockpit.journal.records import Check
from cockpit.journal.schema import SCHEMA
from cockpit.journal.sharing import sharing_of


@dataclass(frozen=True, slots=True)
class Examined:
    """``where``: without a password. ``check`` None: there is no journal there yet. ``old``: it will be
    brought up to date when it is next opened."""

    where: str
    check: Check | None
    old: bool = False


def examine(url: str, outside: Path, group: str | None = None) -> Examined:
    """Look at the journal at ``url``; ``outside``: the file of checkpoints; ``group``: that shares it.

    A write is begun and given up. Raises JournalError where it cannot be written or read.
    """
    file = _file(url)
    if file is not None and not file.exists():
        _refuse_unless_makable(file)
        return Examined(str(file), None)
    database = Database(url, sharing_of(group))
    try:
        return _examined(database, file, outside)
    finally:
        database.close()


def _file(url: str) -> Path | None:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # told by Database, without what might be a password
        return None
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _refuse_unless_makable(file: Path) -> None:
    above = next((p for p in file.parents if os.path.lexists(p)), file.parent)
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise JournalError(
            N_(
                "Cannot make the journal {file}: {above} may not be written to; give a folder of your own"
            ).format(file=file, above=above)
        )


def _examined(database: Database, file: Path | None, outside: Path) -> Examined:
    if file is not None and not os.access(file.parent, os.W_OK | os.X_OK):
        # SQLite needs its folder too, for what it writes ahead.
        raise JournalError(
            N_(
                "Cannot write to the journal at {file}: its folder is read-only; give it back to its owner"
            ).format(file=file)
        )
    with database.read() as connection:
        schema = schema_of(database, connection)
    if not schema:
        return Examined(database.shown, None)
    _refuse_unless_writable(database)
    kept = checkpoints.read(outside) if outside.exists() else ()
    with database.read(snapshot=True) as connection:
        check = chain.verify(
            reading.every_line(connection),
            reading.head(connection),
            reading.checkpoints(connection),
            kept,
            checkpoints.genuine,
        )
    return Examined(database.shown, check, old=schema < SCHEMA)


def _refuse_unless_writable(database: Database) -> None:
    with database.write() as connection:
        if database.dialect == "postgresql":
            allowed = connection.exec_driver_sql(
                "SELECT NOT pg_is_in_recovery() AND has_table_privilege('journal', 'INSERT') "
                "AND has_table_privilege('journal_head', 'UPDATE')"
            ).scalar_one()
            if not allowed:
                raise JournalError(
                    N_("The journal at {shown} is read-only for this user; grant it").format(
                        shown=database.shown
                    )
                )
        # SQLite has taken its lock for writing by now; nothing was written, so nothing is committed.
