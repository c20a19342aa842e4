"""Every test of the journal runs on SQLite and, where there is one, on PostgreSQL.

POP_COCKPIT_TEST_POSTGRESQL: a SQLAlchemy URL of a database where schemas may be made (`.ci/postgresql`
starts one). Without it the PostgreSQL parameters are skipped.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cockpit.journal.store import Journal, sqlite_url
from tests.journal.support import Opener

SERVER = "POP_COCKPIT_TEST_POSTGRESQL"
BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database nobody has used."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "state" / "journal.db")
        return
    server = os.environ.get(SERVER)
    if not server:
        pytest.skip(f"no PostgreSQL: {SERVER} is not set")
    name = f"journal_{uuid.uuid4().hex}"
    engine = sa.create_engine(server)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    yield with_schema(server, name)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(name, cascade=True))
    engine.dispose()


def with_schema(server: str, name: str) -> str:
    parsed = sa.make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    return parsed.render_as_string(hide_password=False)


@pytest.fixture
def opener(url: str, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same journal as other people and processes would."""
    opened = Opener(url, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def journal(opener: Opener) -> Journal:
    return opener("ann")


@pytest.fixture
def tamper(url: str) -> Iterator[Callable[..., None]]:
    """Runs SQL behind the journal's back."""
    engine = sa.create_engine(url)

    def run(statement: str, **values: Any) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    yield run
    engine.dispose()
