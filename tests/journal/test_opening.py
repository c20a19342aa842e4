"""Opening: made once, private, upgraded by one, refused when newer, silent about passwords."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from cockpit.journal import database, schema
from cockpit.journal.errors import JournalError
from cockpit.journal.migrate import SCRIPTS
from cockpit.journal.store import Journal, open_journal, sqlite_url
from tests.journal.support import Opener, actor

Tamper = Callable[..., None]
ROOT = Path(__file__).parents[2]

OPENS = """
import sys
import alembic.command, alembic.config, alembic.autogenerate
from pathlib import Path
from cockpit.journal.records import Actor
from cockpit.journal.store import open_journal
url, folder = sys.argv[1], Path(sys.argv[2])
if url.startswith("postgresql"):
    import psycopg, sqlalchemy.dialects.postgresql.psycopg
print("ready", flush=True)
sys.stdin.readline()
journal = open_journal(url, Actor("a", "b", "c/1/x", "d"), keys=folder, checkpoints=folder / "c.jsonl")
with journal.write(None) as writer:
    writer.log("opened")
"""


def refused(url: str, folder: Path) -> JournalError:
    with pytest.raises(JournalError) as error:
        open_journal(url, actor("ann"), keys=folder, checkpoints=folder / "c.jsonl")
    return error.value


def test_processes_that_start_at_once_make_the_tables_once(url: str, tmp_path: Path, opener: Opener) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS, url, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=50)[1] for process in started]
    assert [process.returncode for process in started] == [0] * 4, told
    journal = opener("ann")
    assert len(list(journal.lines())) == 4
    assert journal.verify().sound


def test_a_newer_schema_is_refused_naming_both(journal: Journal, tamper: Tamper, opener: Opener) -> None:
    tamper("UPDATE alembic_version SET version_num = '0417'")
    with pytest.raises(JournalError, match=r"0417.*0002.*upgrade pop-cockpit"):
        opener("bob")
    assert journal.position() == 0


def test_the_migrations_end_in_the_tables_this_version_knows(journal: Journal, url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.SCHEMA]
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()
    assert journal.position() == 0


def test_what_one_wrote_the_next_reads(journal: Journal, opener: Opener) -> None:
    with journal.write(None) as writer:
        writer.log("note")
    journal.close()
    assert opener("bob").position() == 1


def test_the_clock_is_near_ours_and_goes_on(journal: Journal) -> None:
    first = journal.now()
    assert abs(first - time.time()) < 5
    assert journal.now() >= first


def test_a_file_is_the_users_alone_with_its_companions_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.db"
    before = os.umask(0)
    try:
        journal = Opener(sqlite_url(path), tmp_path)("ann")
        with journal.write(None) as writer:
            writer.log("note")
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("journal.db", "journal.db-wal", "journal.db-shm"), 384)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    journal.close()


def test_a_reader_is_not_blocked_by_a_writer_in_sqlite(tmp_path: Path) -> None:
    opener = Opener(sqlite_url(tmp_path / "journal.db"), tmp_path)
    ann, bob = opener("ann"), opener("bob", pid=2)
    with ann.write(None) as writer:
        writer.log("note")
        assert bob.position() == 0
        assert bob.verify().sound
    assert bob.position() == 1
    opener.close()


def test_a_frozen_writer_stands_in_nobodys_way_for_long(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "FROZEN_MS", 200)
    monkeypatch.setattr(database, "WAIT_MS", 400 if url.startswith("sqlite") else 20_000)
    opener = Opener(url, tmp_path)
    ann, bob = opener("ann"), opener("bob", pid=2)

    def others_write_while_ann_is_frozen() -> None:
        with ann.write(None) as writer:
            writer.log("half")
            with bob.write(None) as other:
                other.log("whole")

    with pytest.raises(JournalError, match=r"Cannot write to the journal at .*; check"):
        others_write_while_ann_is_frozen()
    events = [line.body for line in bob.lines()]
    assert ["whole" in body for body in events] == ([] if url.startswith("sqlite") else [True])
    assert bob.verify().sound
    opener.close()


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "mysql://ann:hunter2@db/journal",
        "postgresql://ann:hun@ter2@db/journal",
        "postgresql://ann:hunter2@db:port/journal",
        "postgresql://ann:hunter2@127.0.0.1:1/journal",
        "postgresql://ann@127.0.0.1:1/journal?password=hunter2",
        "postgresql://ann:hunter2@127.0.0.1:1/journal?nonsense=hunter2",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_url_that_cannot_be_used_is_one_sentence_without_its_password(url: str, tmp_path: Path) -> None:
    error = refused(url, tmp_path)
    told = "".join(traceback.format_exception(error))
    assert "hunter2" not in told
    assert "ter2" not in told
    assert "\n" not in str(error)
    assert str(error).endswith(".")


def test_a_file_that_is_no_database_and_a_folder_that_cannot_be_are_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_text("not a database, and long enough to be looked at " * 50)
    assert "not a database" in str(refused(sqlite_url(path), tmp_path))
    assert str(path) in str(refused(sqlite_url(path / "below" / "journal.db"), tmp_path))
