"""No help is forgotten: in a language of no ASCII letters only names have such letters."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from typing import Final

import pytest

from cockpit import cli
from tests.language import pseudo

PROGRAM: Final = "pop-cockpit"
_WORD: Final = re.compile(r"[A-Za-z]{2,}")


def parsers(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """``of`` and all below it."""
    yield of
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)


def names(of: argparse.ArgumentParser) -> Iterator[str]:
    """What is typed: the command, its options, what stands for an option's value, choices, defaults."""
    yield from of.prog.split()
    for action in of._actions:
        yield from action.option_strings
        yield from ([action.metavar] if isinstance(action.metavar, str) else action.metavar or ())
        yield from map(str, action.choices or ())
        yield from (str(action.default), action.dest, action.dest.upper())


def left_over(text: str, known: Iterable[str]) -> list[str]:
    """Words of ``text`` that are none of ``known``; the calls that an epilog gives are left out."""
    prose = re.sub(rf"(?m)(?:(?<=: )|^ +)(?:{PROGRAM}|{pseudo.said(PROGRAM)}) .*$", "", text)
    longest_first = sorted({name for name in known if _WORD.search(name)}, key=len, reverse=True)
    every = "|".join(re.escape(name) for name in longest_first)
    return _WORD.findall(re.sub(rf"(?<![\w-])(?:{every})(?![\w-])", " ", prose))


def test_a_help_has_no_word_that_is_not_in_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")  # no word is broken
    with pseudo.spoken():
        left = {each.prog: left_over(each.format_help(), names(each)) for each in parsers(cli.parser())}
    assert {prog: words for prog, words in left.items() if words} == {}


def test_what_is_forgotten_is_found() -> None:
    parser = argparse.ArgumentParser(prog=f"{PROGRAM} do", add_help=False, usage=pseudo.said("usage"))
    parser.add_argument("--watch", metavar="FILE", help=pseudo.said("it looks"), choices=("csv",))
    parser.add_argument("--again", action="store_true", help="once more")
    assert left_over(parser.format_help(), names(parser)) == ["usage", "options", "once", "more"]
