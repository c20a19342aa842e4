"""The one place that knows which database it is: opening, transactions, and the database's clock."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection

from cockpit.config.language import N_
from cockpit.journal.errors import JournalError
from cockpit.journal.sharing import ALONE, Sharing

_WRITES: Final = "cockpit_writes"
_SQLITE: Final = "sqlite"
_POSTGRESQL: Final = "postgresql+psycopg"
_CLOCK: Final = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::float8",
}
WAIT_MS = 30_000
"""How long a writer waits for another before it says so."""
FROZEN_MS = 15_000
"""PostgreSQL ends a transaction whose program is silent so long: a suspended laptop must not hold the head
row for ever. Less than ``WAIT_MS``, so that those who wait go on."""


def sqlite_url(path: Path) -> str:
    """The URL of a journal in the file ``path``. SQLite's WAL wants a local disk (recovery-engine §2.4)."""
    return sa.URL.create(_SQLITE, database=str(path.absolute())).render_as_string(hide_password=False)


def _parse(url: str) -> sa.URL:
    # Not "from error": what cannot be read may hold a password anywhere.
    wanted = N_("write it as sqlite:////folder/journal.db or postgresql://user@host/database")
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise JournalError(N_("The journal's URL cannot be read: {wanted}.").format(wanted=wanted)) from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername=_POSTGRESQL)
    if parsed.drivername not in (_SQLITE, _POSTGRESQL):
        raise JournalError(
            N_("The journal's URL is neither SQLite's nor PostgreSQL's: {wanted}.").format(wanted=wanted)
        )
    if "@" in (parsed.host or ""):
        raise JournalError(N_("The journal's URL has an @ inside its password: write that one as %40."))
    if parsed.drivername == _SQLITE and parsed.database in (None, "", ":memory:"):
        raise JournalError(
            N_("The journal must be in a file, or it forgets: {wanted}.").format(wanted=wanted)
        )
    return parsed


def _create(path: Path, sharing: Sharing) -> None:
    """SQLite gives -wal and -shm the mode of this file."""
    sharing.prepare(path.parent)
    sharing.make(path)


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "postgresql":
        limits: dict[str, Any] = {} if "connect_timeout" in url.query else {"connect_timeout": 10}
        engine = sa.create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args=limits,
        )
        sa.event.listen(engine, "connect", _prepare_postgresql)
        return engine
    engine = sa.create_engine(url, hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (f"busy_timeout={WAIT_MS}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _change_to_wal(connection)


def _change_to_wal(connection: sqlite3.Connection) -> None:
    """A file that is in WAL stays so. Changing wants the file alone, and SQLite does not wait for that as it
    does for other locks: two that open a new file at once have to ask again."""
    until = time.monotonic() + WAIT_MS / 1000
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _prepare_postgresql(connection: DBAPIConnection, _record: object) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"SET lock_timeout = {WAIT_MS:d}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {FROZEN_MS:d}")
    connection.commit()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def cause(error: Exception) -> str:
    """The driver's own words on one line, without SQLAlchemy's and without parameters."""
    said = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return " ".join(str(said).split()).rstrip(".") or type(said).__name__


class Database:
    """An engine with its transactions. May be used from several threads; each gets its own connection."""

    def __init__(self, url: str, sharing: Sharing = ALONE) -> None:
        """``sharing``: whose the files of SQLite are.

        JournalError: the URL cannot be used, a driver is missing, the file cannot be created or shared.
        """
        self._url = _parse(url)
        self.shown = self._url.set(query={}).render_as_string(hide_password=True)
        try:
            if self._url.drivername == _SQLITE:
                _create(Path(str(self._url.database)), sharing)
            self._engine = _engine(self._url)
        except OSError as error:
            raise JournalError(
                N_("Cannot open the journal at {shown}: {reason}; give a folder you may write to.").format(
                    shown=self.shown, reason=error.strerror
                )
            ) from error
        except ModuleNotFoundError as error:
            raise JournalError(
                N_(
                    "Cannot open the journal at {shown}: {package} is not installed; "
                    "install pop-cockpit[team]."
                ).format(shown=self.shown, package=error.name)
            ) from error

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    def close(self) -> None:
        self._engine.dispose()

    def now(self, connection: sa.Connection) -> float:
        """Seconds since the epoch by the database's clock, at this moment."""
        return float(connection.exec_driver_sql(_CLOCK[self.dialect]).scalar_one())

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[sa.Connection]:
        """A transaction that only reads, and blocks nobody. ``snapshot``: all its reads see one moment."""
        options = {"isolation_level": "REPEATABLE READ"} if snapshot and self.dialect == "postgresql" else {}
        told = N_("Cannot read the journal at {shown}: {said}; {cure}.")
        with self._told(told), self._engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that writes: committed at the end of the block, rolled back by an exception."""
        with (
            self._told(N_("Cannot write to the journal at {shown}: {said}; {cure}.")),
            self._engine.connect().execution_options(**{_WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _told(self, sentence: str) -> Iterator[None]:
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            said = self._without_password(cause(error))
            raise JournalError(sentence.format(shown=self.shown, said=said, cure=self._cure)) from error

    def _without_password(self, text: str) -> str:
        secrets = (self._url.password, self._url.query.get("password"))
        for secret in secrets:
            if isinstance(secret, str) and secret:
                text = text.replace(secret, "***")
        return text

    @property
    def _cure(self) -> str:
        if self.dialect == "postgresql":
            return N_("check that the server runs and takes this user")
        return N_("check the file, its folder's space, and that no other program holds it")
