"""Worlds of recoveries on SQLite and, where a server is named, on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cockpit.journal.records import Actor
from cockpit.journal.store import open_journal, sqlite_url
from tests.recovery.crashing import World, Worlds
from tests.recovery.nursery import Nursery

_DATABASE = "journal.db"
SERVER = "POP_COCKPIT_TEST_POSTGRESQL"


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as found:
        yield found


@pytest.fixture(scope="session")
def quick_folder() -> Iterator[Path]:
    """Where fsync costs nothing, if there is such a place; and where a socket's path is short enough."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="cockpit-", dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def empty_journal(quick_folder: Path) -> Path:
    """A journal that its migrations have run on."""
    path = quick_folder / "empty" / _DATABASE
    actor = Actor("operator", "here", "test/1/0", "tests")
    keys, checkpoints = quick_folder / "empty", quick_folder / "empty" / "checkpoints.jsonl"
    open_journal(sqlite_url(path), actor, keys=keys, checkpoints=checkpoints).close()
    return path


@pytest.fixture(scope="session")
def sqlite_worlds(nursery: Nursery, quick_folder: Path, empty_journal: Path) -> Worlds:
    def fresh(folder: Path) -> str:
        shutil.copy(empty_journal, folder / _DATABASE)
        return sqlite_url(folder / _DATABASE)

    def copy(world: World, folder: Path) -> str:
        # Reading the file closes it, and with that goes our own connection's lock on it: a worker would take
        # itself for the last one, and take the -wal away under us. The next read makes a new connection.
        world.journal.close()
        for file in world.folder.glob(f"{_DATABASE}*"):
            # The -shm is made anew from the -wal; nobody writes meanwhile.
            if not file.name.endswith("-shm"):
                shutil.copy(file, folder / file.name)
        return sqlite_url(folder / _DATABASE)

    return Worlds(nursery, quick_folder, fresh, copy)


@pytest.fixture(scope="session")
def postgresql_worlds(nursery: Nursery, quick_folder: Path) -> Iterator[Worlds]:
    """Every world a database of its own: a template is copied as SQLite's file is."""
    server = os.environ.get(SERVER)
    if not server:
        pytest.skip(f"no PostgreSQL: {SERVER} is not set")
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def create(template: str) -> str:
        name = f"cockpit_{uuid.uuid4().hex}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(url: str) -> None:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def url(name: str) -> str:
        return sa.make_url(server).set(database=name).render_as_string(hide_password=False)

    empty = create("template0")
    actor = Actor("operator", "here", "test/1/0", "tests")
    keys = quick_folder / "empty-postgresql"
    open_journal(url(empty), actor, keys=keys, checkpoints=keys / "checkpoints.jsonl").close()

    def copy(world: World, folder: Path) -> str:
        # A template must have no connections; the journal's next read makes a new one.
        world.journal.close()
        return url(create(sa.make_url(world.url).database or ""))

    yield Worlds(nursery, quick_folder, lambda folder: url(create(empty)), copy, drop)
    drop(url(empty))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def worlds(request: pytest.FixtureRequest) -> Worlds:
    """Worlds on SQLite, and on PostgreSQL."""
    found: Worlds = request.getfixturevalue(f"{request.param}_worlds")
    return found
