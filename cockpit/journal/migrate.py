"""Brings a journal to this version's tables, one cockpit at a time, and refuses a newer one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from cockpit import __version__
from cockpit.config.language import N_
from cockpit.journal.database import Database
from cockpit.journal.errors import JournalError
from cockpit.journal.schema import SCHEMA

SCRIPTS: Final = Path(__file__).parent / "migrations"
_ADVISORY: Final = 0x504F50434B  # "POPCK"
_VERSION: Final = "alembic_version"
# Alembic keeps the running migration's context in a module.
_one_at_a_time = threading.Lock()


def migrate(database: Database) -> None:
    """Create or upgrade the tables. JournalError: they are newer than this program."""
    with database.read() as connection:
        if schema_of(database, connection) == SCHEMA:
            return
    with _one_at_a_time, database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))
        if schema_of(database, connection) != SCHEMA:
            _upgrade(connection)


def schema_of(database: Database, connection: sa.Connection) -> str:
    """The version of the journal's tables; empty where there are none. JournalError: newer than this
    program."""
    if not sa.inspect(connection).has_table(_VERSION):
        return ""
    found = connection.execute(sa.text(f"SELECT version_num FROM {_VERSION}")).scalar()  # noqa: S608
    version = str(found or "")
    if version > SCHEMA:
        raise JournalError(
            N_(
                "The journal at {shown} has schema {found}, and pop-cockpit {version} knows "
                "schemas up to {known}: upgrade pop-cockpit here."
            ).format(shown=database.shown, found=version, version=__version__, known=SCHEMA)
        )
    return version


def _upgrade(connection: sa.Connection) -> None:
    # Imported late: a journal that is up to date, the common case, does without.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    command.upgrade(config, "head")
