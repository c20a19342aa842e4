"""This host: its terminal and its journal, looked at without changing anything."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from cockpit.config.environment import Environment, JournalSettings
from cockpit.config.paths import paths
from cockpit.doctor import host
from cockpit.doctor.findings import State
from cockpit.doctor.readings import Terminal
from cockpit.recovery.opening import open_journal_of

UTF8 = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
ENVIRONMENT = Environment(name="one", entry_servers=("EX01",))


@pytest.mark.parametrize(
    ("environ", "size", "state"),
    [
        (UTF8, (80, 24), State.OK),
        ({}, None, State.UNUSED),
        ({**UTF8, "TERM": "dumb"}, (200, 50), State.BROKEN),
        ({"LANG": "C.UTF-8"}, (200, 50), State.BROKEN),
        (UTF8, (79, 24), State.WARNING),
        (UTF8, (80, 23), State.WARNING),
        ({"TERM": "xterm", "LANG": "C"}, (80, 24), State.WARNING),
        ({**UTF8, "LC_ALL": "de_DE.ISO-8859-1"}, (80, 24), State.WARNING),
        ({"TERM": "xterm", "LC_CTYPE": "de_DE.utf8", "LANG": "C"}, (80, 24), State.OK),
    ],
)
def test_terminals(environ: dict[str, str], size: tuple[int, int] | None, state: State) -> None:
    assert host.judge_terminal(Terminal(environ, size)).state is state


def test_a_terminal_says_what_it_can() -> None:
    said = host.judge_terminal(Terminal({**UTF8, "COLORTERM": "truecolor"}, (120, 40))).found
    assert said == "xterm-256color, all colours, 120x40, UTF-8"
    assert "NO_COLOR" in host.judge_terminal(Terminal({**UTF8, "NO_COLOR": "1"}, (80, 24))).found


def test_a_journal_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "journal"
    environment = _journal(folder / "journal.sqlite")
    assert host.journal(environment, 10.0).state is State.OK
    assert not folder.parent.exists()


def test_looking_at_a_journal_changes_no_byte_of_it(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    environment = _journal(file)
    journal = open_journal_of(environment)
    journal.acquire("DAG01", "run", 60.0)
    journal.checkpoint()
    journal.close()
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.name.startswith("journal")}
    judged = host.journal(environment, 10.0)
    assert (judged.state, judged.found) == (State.OK, "can be written, and its 1 lines hold")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.name.startswith("journal")} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told_of(tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    assert host.journal(_journal(folder / "journal.sqlite"), 10.0).state is State.BROKEN


def test_a_password_in_the_journals_address_is_told_of_without_it(tmp_path: Path) -> None:
    settings = JournalSettings(url="postgresql+psycopg://me:canary-17@127.0.0.1/journal")
    judged = host.journal(msgspec.structs.replace(ENVIRONMENT, journal=settings), 10.0)
    assert judged.state is State.BROKEN
    assert "canary-17" not in judged.found + judged.cure


def test_a_journals_folder_that_others_may_write_or_read_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = paths().journal
    folder.mkdir(parents=True)
    for mode, state in ((0o700, State.OK), (0o750, State.WARNING), (0o770, State.BROKEN)):
        folder.chmod(mode)
        assert host.judge_files(ENVIRONMENT, None).state is state, oct(mode)


def test_a_configuration_that_others_may_write_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "environments.toml"
    file.write_text("")
    file.chmod(0o666)
    judged = host.judge_files(ENVIRONMENT, file)
    assert judged.state is State.BROKEN
    assert judged.cure.startswith("Run: chmod go-w ")


def _journal(file: Path) -> Environment:
    return msgspec.structs.replace(ENVIRONMENT, journal=JournalSettings(url=f"sqlite:///{file}"))
