"""The Logs screen of the product on a real terminal: on files, and on the servers of a lab."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.processes import COCKPIT, Home, LabProcess, run
from tests.support.terminal import terminal
from tests.support.waiting import eventually
from tests.terminal.conftest import Open
from tests.ui.log_fakes import BAD_LOGIN, HEADER, START, raw, sessions


def test_files(home: Home, tmp_path: Path) -> None:
    """A folder with both ends' logs, one of them growing: followed, searched, gone to by time, left."""
    front, back = tmp_path / "POP32026010808-1.LOG", tmp_path / "POP3BE2026010808-1.LOG"
    front.write_bytes(b"\r\n".join([HEADER, *sessions(300)]) + b"\r\n")
    back.write_bytes(b"\r\n".join([HEADER, *sessions(300, first=5000)]) + b"\r\n")
    with terminal([*COCKPIT, "logs", "view", str(tmp_path)], home.environ(), 120, 36) as term:
        text = term.wait(lambda text: "0000012c" in text and "000014b3" in text, 20.0)
        assert " F " in text
        assert " B " in text
        late = raw(datetime(2026, 1, 8, 9, tzinfo=UTC), 0xFEED, 0, "late@corp.example", "stat")
        with front.open("ab") as file:
            file.write(late + b"\r\n")
        term.wait("late@corp.exam")
        term.press("@")
        term.wait("to (UTC)")
        term.press("08:01", "enter")
        term.wait("08:01:00.000")
        term.press("e")
        term.wait(lambda text: "Errors:On" in text and text.count("Logon failure") > 20)
        term.press("q")
        assert term.exit_code() == 0
    home.nothing_left()


def test_a_path_that_is_not_there(home: Home, tmp_path: Path) -> None:
    with terminal([*COCKPIT, "logs", "view", str(tmp_path / "nothing.log")], home.environ()) as term:
        assert term.exit_code() == 3
        assert "nothing.log is not there" in term.text
        assert b"1049h" not in term.raw


@pytest.mark.parametrize("words", [(), ("--server", "EX01", "x.log")])
def test_servers_or_files_must_be_named(home: Home, words: tuple[str, ...]) -> None:
    answer = run(home, "logs", "view", *words)
    assert answer.code == 64
    assert "name either servers" in answer.err


def test_where_nothing_can_be_drawn(home: Home, tmp_path: Path) -> None:
    answer = run(home, "logs", "view", tmp_path)
    assert answer.code == 64
    assert "use 'pop-cockpit logs tail'" in answer.err


def test_t_follows_the_server_under_the_cursor(open_screen: Open, home: Home) -> None:
    """Without logging it says so; the reader goes when the screen does."""
    term = open_screen()
    term.press("2", "t")
    text = term.wait("is protocol logging on?", 20.0)
    assert "Logs EX19-01" in text
    assert home.processes("cockpit.poplog.reader")
    term.press("q")
    term.wait("8/8 up")
    eventually(lambda: not home.processes("cockpit.poplog.reader"), 6.0, "the end of the reader")
    term.press("t")
    term.wait("Logs EX19-01")
    term.press("\x11")  # quits at once
    assert term.exit_code() == 0


def test_a_server_by_its_name(home: Home, selftest_hung: LabProcess) -> None:
    command = [*COCKPIT, "--env-file", str(selftest_hung.env_file), "logs", "view", "--server", "EX19-01"]
    with terminal(command, home.environ(), 80, 24) as term:
        term.wait("is protocol logging on?", 20.0)
        term.press("q")
        assert term.exit_code() == 0
    home.nothing_left()


def test_an_error_is_told_without_colour(home: Home, tmp_path: Path) -> None:
    log = tmp_path / "POP32026010808-1.LOG"
    log.write_bytes(HEADER + b"\r\n" + raw(START, 1, 0, "", "pass", "*****", BAD_LOGIN) + b"\r\n")
    with terminal(
        [*COCKPIT, "--no-color", "logs", "view", str(log)], home.environ(TERM="xterm"), 80, 24
    ) as term:
        text = term.wait("-ERR Logon failure", 20.0)
        assert "\u2717 08:00:00.000" in text
        term.press("q")
        assert term.exit_code() == 0
