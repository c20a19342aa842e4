"""Where no screen can be drawn the cockpit says so in a sentence, and draws nothing (terminal-ui §4.9)."""

from __future__ import annotations

import pytest

from tests.support.processes import COCKPIT, Home, run
from tests.support.terminal import terminal

COMMANDS = [("--env-file", "{env}"), ("demo",)]


def _command(command: tuple[str, ...], home: Home) -> list[str]:
    """The environment is sound: it is the terminal that is refused."""
    env = home.folder / "environment.toml"
    env.write_text('[environments.x]\nentry_servers = ["ex1"]\n')
    return [word.format(env=env) for word in command]


def _is_a_sentence(text: str) -> None:
    assert text.startswith("pop-cockpit: ")
    assert text.rstrip().count("\n") == 0
    assert text.rstrip().endswith(".") or text.rstrip().endswith("xterm-256color")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_terminal(command: tuple[str, ...], home: Home) -> None:
    answer = run(home, *_command(command, home))
    assert (answer.code, answer.out) == (64, "")
    _is_a_sentence(answer.err)
    assert "ssh -t" in answer.err
    assert "\x1b" not in answer.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("term", ["dumb", ""])
def test_terminals_that_cannot_be_drawn_on(command: tuple[str, ...], term: str, home: Home) -> None:
    with terminal([*COCKPIT, *_command(command, home)], home.environ(TERM=term)) as opened:
        assert opened.exit_code() == 64
        said = opened.said()
    assert b"\x1b" not in said
    _is_a_sentence(said.decode().replace("\r\n", "\n"))
    assert b"TERM" in said
    home.nothing_left()


def test_output_that_is_no_terminal(home: Home) -> None:
    """Textual draws on stderr: a terminal on stdin alone is not enough."""
    words = [*COCKPIT, *_command(COMMANDS[0], home)]
    err = home.folder / "err"
    with terminal(["/bin/sh", "-c", '"$@" 2>"$0"', str(err), *words], home.environ()) as opened:
        assert opened.exit_code() == 64
        assert opened.said() == b""
    _is_a_sentence(err.read_text())
