"""Questions on a real terminal: words, names, reasons; leaving in every way there is."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cli.scripted import RUN
from tests.support.processes import Home
from tests.support.terminal import Terminal, terminal

Open = Callable[..., Terminal]
RECOVER = ("recover", "PopSelfTestMonitor", "--server", "EX01")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.json"


@pytest.fixture
def opened(tmp_path: Path, env_file: Path, log: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def start(name: str, *arguments: str, **environ: str) -> Terminal:
            command = [
                sys.executable,
                "-m",
                "tests.cli.in_a_pty",
                name,
                str(log),
                "--env-file",
                str(env_file),
            ]
            environment = Home(tmp_path).environ(**environ)
            return stack.enter_context(
                terminal([*command, *(arguments or RECOVER)], environment, columns=100, rows=60)
            )

        yield start


def given(log: Path) -> list[list[str]]:
    found: dict[str, Any] = json.loads(log.read_text())
    answers: list[list[str]] = found["answers"]
    return answers


def test_go_by_word_and_enter_alone_is_nothing(opened: Open, log: Path) -> None:
    term = opened("plain")
    term.wait("answer>")
    term.press("\r" * 20)
    term.press("go\r")
    assert term.exit_code() == 0
    assert given(log) == [["go", "", "", "", "", ""]]


def test_a_finished_step_is_told_once_on_one_terminal(opened: Open, log: Path) -> None:
    term = opened("plain")
    term.wait("answer>")
    assert term.text.count("3 readings") == 1


def test_go_wants_reason_and_the_name_typed(opened: Open, log: Path) -> None:
    term = opened("typed")
    term.wait("answer>")
    term.press("go\r")
    term.wait("reason (")
    term.press("because it is 3 am\r")
    term.wait("type EX01")
    term.press("ex01\r")
    term.wait("That is not EX01.")
    term.press("go\rbecause it is 3 am\rEX01\r")
    assert term.exit_code() == 0
    assert given(log) == [["go", "EX01", "because it is 3 am", "", "", ""]]


def test_an_override_of_one_guard(opened: Open, log: Path) -> None:
    term = opened("guarded")
    term.wait("answer>")
    term.press("override\r")
    term.wait("which one (1-2")
    term.press("2\r")
    term.wait("reason (")
    term.press("the copy is fine\r")
    term.wait("type EX01")
    term.press("EX01\r")
    assert term.exit_code() == 0
    assert given(log) == [["override", "EX01", "the copy is fine", "copies.elsewhere", "DB04", ""]]


@pytest.mark.parametrize(("keys", "code"), [("leave\r", 1), ("\x04", 1), ("\x03", 130)])
def test_leaving_at_a_question_answers_nothing(opened: Open, log: Path, keys: str, code: int) -> None:
    term = opened("plain")
    term.wait("answer>")
    term.press(keys)
    assert term.exit_code() == code
    assert f"runs attach {RUN}" in "".join(term.screen)
    assert given(log) == []


def test_an_interrupt_while_it_goes_on_leaves_it_going(opened: Open, log: Path) -> None:
    term = opened("endless")
    term.wait("begins")
    term.press("\x03")
    assert term.exit_code() == 130
    assert f"runs attach {RUN}" in "".join(term.screen)
    assert json.loads(log.read_text())["calls"] == ["start"]


def test_what_was_typed_before_the_question_is_no_answer(opened: Open, log: Path) -> None:
    term = opened("plain")
    term.press("go\rgo\rgo\r")
    term.wait("answer>")
    term.settle()
    term.press("leave\r")
    assert term.exit_code() == 1
    assert given(log) == []


def test_a_question_answered_elsewhere_closes_by_itself(opened: Open, log: Path) -> None:
    term = opened("elsewhere")
    term.wait("answered elsewhere")
    assert term.exit_code() == 0
    assert given(log) == []


def test_auto_asks_nobody_even_on_a_terminal(opened: Open, log: Path) -> None:
    term = opened("plain", *RECOVER, "--auto")
    assert term.exit_code() == 1
    assert "answer>" not in term.text
    assert given(log) == []


@pytest.mark.parametrize("how", [{"NO_COLOR": "1"}, {}])
def test_colour_is_on_a_terminal_and_off_when_told(opened: Open, how: dict[str, str]) -> None:
    term = opened("plain", *RECOVER, "--auto", **how)
    term.exit_code()
    colours = b"\x1b[36m" in term.raw or b"\x1b[1;33m" in term.raw
    assert colours == ("NO_COLOR" not in how)


def test_a_closed_window_ends_the_command_and_not_the_run(opened: Open, log: Path) -> None:
    term = opened("plain")
    term.wait("answer>")
    term.signal(signal.SIGHUP)
    assert term.exit_code() == -signal.SIGHUP
    assert not log.exists()


# Obligations that were handed over

CLOSE = ("obligations", "--close")


def settled(log: Path) -> list[list[object]]:
    found: list[list[object]] = json.loads(log.read_text())["settled"]
    return found


def test_what_is_not_back_is_left_as_it_is_only_by_word_and_reason(opened: Open, log: Path) -> None:
    term = opened("handed", *CLOSE)
    term.wait("reason (")
    term.press("it was put back\r")
    term.wait("is True, it was False")
    term.wait("-ProtocolLogEnabled $false")
    term.wait("type accept to leave it as it is")
    term.press("accept\rshort\rlogging is wanted now\r")
    assert term.exit_code() == 2, "the scripted journal still has it open"
    assert settled(log) == [[5, "it was put back", False], [5, "logging is wanted now", True]]


@pytest.mark.parametrize("keys", ["\r", "yes\r", "accept\r\r", "\x04"])
def test_what_is_not_back_stays_open_by_anything_else(opened: Open, log: Path, keys: str) -> None:
    term = opened("handed", *CLOSE)
    term.wait("reason (")
    term.press("it was put back\r")
    term.wait("type accept")
    term.press(keys)
    assert term.exit_code() == 3
    assert settled(log) == [[5, "it was put back", False]]


def test_without_a_reason_nothing_is_asked_of_the_server(opened: Open, log: Path) -> None:
    term = opened("handed", *CLOSE)
    term.wait("reason (")
    term.press("\r")
    assert term.exit_code() == 2
    assert settled(log) == []
