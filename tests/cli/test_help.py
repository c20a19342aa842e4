"""Every help says what a command does and gives one call that the command line takes."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

import pytest

from cockpit import cli


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
