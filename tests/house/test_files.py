"""The table of docs/files.md, against what is really written under a hostile umask: 000 and 077.

What all of the product together leaves is compared with the same table in tests/secrets/test_canary.py.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.commands import status_metrics
from cockpit.config import adding
from cockpit.config import environment as config
from cockpit.config.child import Child
from cockpit.config.environment import Environment
from cockpit.config.notify import NotifySettings
from cockpit.config.paths import paths, private_dir
from cockpit.fleet.bookmarks import Place, bookmarks_file, toggle_bookmark
from cockpit.fleet.hook import Hook
from cockpit.fleet.recording_writer import Recorder
from cockpit.fleet.snapshot import FleetSnapshot
from cockpit.fleet.telling import Kind, Telling
from cockpit.fleet.told import Told, document
from cockpit.journal.records import Actor
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.recovery import bundle, launch
from cockpit.ui import command_history, life
from cockpit.ui.clipboard import save_text
from cockpit.ui.theme_choice import Terminal, keep
from tests.support.files import stated, wrong_modes

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ENVIRONMENT = Environment(name="prod", entry_servers=("ex01",))


@pytest.fixture(params=[0o000, 0o077], ids=["umask 000", "umask 077"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No folder of ours is there yet, nor any above it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    for name, below in (("CONFIG", ".config"), ("STATE", ".local/state"), ("CACHE", ".cache")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / below))
    return home


def journal() -> Journal:
    """Given back open: whoever has let go of it may find its -wal and -shm gone at any moment."""
    folder = paths().journal
    opened = open_journal(
        sqlite_url(folder / "journal.sqlite"),
        Actor("ann", "here", "here/1/x", "test"),
        keys=folder,
        checkpoints=folder / "journal.checkpoints.jsonl",
    )
    opened.checkpoint()
    assert len(list(folder.iterdir())) == 5
    return opened


def recording() -> None:
    """Both parts of one."""
    for _ in range(3):
        recorder = Recorder(paths().recordings / "corp.poprec", "corp", now=lambda: NOW, limit=2)
        recorder.take(FleetSnapshot())
        recorder.close()


def run_log() -> None:
    with launch._log(private_dir(paths().runs) / "4f2a1b3c.log"):
        pass


def child(log: Path) -> None:
    async def run() -> None:
        made = Child("cockpit.nothing_here", "Nothing", log, os.environ)
        await made.start()
        await made.close()

    asyncio.run(run())


def log_file(home: Path) -> None:
    cli.main(["--log-file", str(home / "LOG-FILE"), "info"])


def hook() -> None:
    done = threading.Event()
    made = Hook(NotifySettings(hook=("/no/such",)), {}, paths().hook_log, lambda _: done.set())
    made.run(document(Told(Telling(Kind.DIGEST, ()), "prod", NOW, {})))
    assert done.wait(10)
    made.close()


def saved(home: Path) -> None:
    config.save(private_dir(home / "ready") / "READY", ENVIRONMENT)


WRITERS: dict[str, Callable[[Path], object]] = {
    "env add": lambda _: adding.add(paths().environments, ENVIRONMENT, default=True),
    "journal": lambda _: journal(),
    "run log": lambda _: run_log(),
    "bundle": lambda _: bundle._write(paths().bundles, "run-4f2a", b"PK"),
    "view": lambda _: save_text(paths().views, "fleet", "text", NOW),
    "bookmarks": lambda _: toggle_bookmark(bookmarks_file(paths().bookmarks, "prod"), "a", Place("EX01")),
    "commands": lambda _: command_history.keep(paths().commands, "refresh"),
    "theme": lambda _: keep(paths().chosen_theme, Terminal(), "light"),
    "recording": lambda _: recording(),
    "crash": lambda _: life.crash_line(ValueError("x"), paths().crashes),
    "collector": lambda _: child(paths().collector_log),
    "log reader": lambda _: child(paths().reader_log),
    "log file": log_file,
    "hook log": lambda _: hook(),
    "text file": lambda home: status_metrics.write(home / "TEXTFILE", "up 1\n"),
    "lab": saved,
}


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_has_the_mode_that_is_stated(
    home: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = WRITERS[name](home)
    try:
        written = [path for path in home.rglob("*") if path.is_file()]
        assert written
        assert wrong_modes(home) == []
    finally:
        if isinstance(kept, Journal):
            kept.close()


def test_the_table_states_every_place_once() -> None:
    rows = stated()
    assert len(rows) > 20
    assert len({row.path for row in rows}) == len(rows)
    assert all(row.mode for row in rows)


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    there.chmod(0o755)
    private_dir(there / "a" / "b")
    modes = [path.stat().st_mode & 0o777 for path in (there, there / "a", there / "a" / "b")]
    assert modes == [0o755, 0o700, 0o700]
    (there / "file").touch()
    with pytest.raises(FileExistsError):
        private_dir(there / "file")
