"""Every help says what a command does and gives one call that the command line takes."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

import pytest

from cockpit import cli
from cockpit.commands.parsing import USAGE
from cockpit.commands.topics import EXAMPLES, TOPICS


def commands(of: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield " ".join((*path, name)), str(inner.epilog)
                yield from commands(inner, (*path, name))


@pytest.mark.parametrize(("path", "epilog"), commands(cli.parser()))
def test_the_example_is_of_this_command_and_parses(path: str, epilog: str) -> None:
    before, command, words = epilog.partition("example: pop-cockpit ")
    assert (before, bool(command)) == ("", True)
    options = cli.parser().parse_args(shlex.split(words))
    assert path.startswith(options.command)
    assert path in words


def every(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield of
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from every(inner)


@pytest.mark.parametrize("parser", every(cli.parser()), ids=lambda parser: parser.prog)
def test_a_help_says_what_it_is_for_and_fits_a_small_terminal(
    parser: argparse.ArgumentParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    # argparse cuts no usage between options that exclude each other.
    _usage, _blank, said = parser.format_help().partition("\n\n")
    assert parser.description
    assert parser.description.rstrip().endswith((".", ".fish"))
    # What is to be copied is not cut into two, nor are the words that an option may have.
    long = [line for line in said.split("\n") if len(line) > 80]
    assert [line for line in long if "pop-cockpit" not in line and "{" not in line] == []


def test_the_help_of_all_is_by_what_an_operator_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = cli.parser().format_help()
    headings = [line[:-1] for line in said.split("\n") if line.endswith(":") and not line.startswith(" ")]
    assert headings == [*TOPICS, "options", "examples", "exit codes"]
    for names in TOPICS.values():
        assert all(f"\n  {name} " in said for name in names)


@pytest.mark.parametrize("command", [command for command, _words in EXAMPLES])
def test_its_examples_parse(command: str) -> None:
    assert cli.parser().parse_args(shlex.split(command)).command == shlex.split(command)[0]
    assert f"  pop-cockpit {command}\n" in cli.parser().format_help()


@pytest.mark.parametrize("code", ["0", "64", "70", "130"])
def test_its_exit_codes_are_those_of_the_program(code: str) -> None:
    assert int(code) in (0, USAGE, cli.CRASH, cli.INTERRUPTED)
    assert f"\n  {code} " in cli.parser().format_help()
