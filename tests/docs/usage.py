"""A line of usage, such as ``status [--server S] [--format table|json]``, held against the real parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from itertools import product
from typing import Final

_MARKS: Final = re.compile(r"[\[\]…]|\.\.\.")
_OPTION: Final = re.compile(r"--?[a-z][\w-]*")


def is_usage(line: str) -> bool:
    """Whether it shows what may be written rather than what somebody writes."""
    return bool(re.search(r"[\[|…]|\.\.\.", line))


def complaints(top: argparse.ArgumentParser, words: list[str]) -> Iterator[str]:
    """What the line says that is not so: commands, options, their values and choices."""
    plain = [word for word in (_MARKS.sub("", w) for w in words) if word and word != "|"]
    parsers = list(_parsers(top, plain))
    if not parsers:
        yield f"no such command: {' '.join(plain)}"
        return
    for at, word in enumerate(plain):
        for name in word.split("|") if word.startswith("-") else ():
            after = plain[at + 1] if at + 1 < len(plain) else ""
            if not any(_fits(found, name, after) for found in parsers):
                yield f"no parser has {name} {after}"


def _fits(parser: argparse.ArgumentParser, name: str, after: str) -> bool:
    action = parser._option_string_actions.get(name)
    if action is None:
        return False
    values = set(after.split("|")) if action.choices is not None and "|" in after else set()
    return values <= set(action.choices or ())


def _parsers(top: argparse.ArgumentParser, plain: list[str]) -> Iterator[argparse.ArgumentParser]:
    """The parsers of every command that the first words name; none where one of them is no command."""
    names = []
    for word in plain:
        if word.startswith("-") or not re.fullmatch(r"[a-z][a-z|-]*", word):
            break
        names.append(word.split("|"))
    for chain in product(*names):
        parser = top
        for name in chain:
            below = subparsers(parser)
            if name not in below:
                if not below and any(a.nargs != 0 for a in parser._get_positional_actions()):
                    break
                return
            parser = below[name]
        yield parser


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def is_name(top: argparse.ArgumentParser, words: list[str]) -> bool:
    """Whether the words only name a command, without saying what it is to be done with."""
    parser = top
    for word in words:
        below = subparsers(parser)
        if word not in below:
            return False
        parser = below[word]
    return True


def every_option(parser: argparse.ArgumentParser) -> frozenset[str]:
    own = set(parser._option_string_actions)
    return frozenset(own.union(*(every_option(below) for below in subparsers(parser).values())))
