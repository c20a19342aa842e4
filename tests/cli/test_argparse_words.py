"""argparse's own words are in our catalogue, and are said in the operator's language."""

from __future__ import annotations

import argparse
import ast
import gettext
import inspect
import os
import re
from collections.abc import Iterator

import pytest

from cockpit import cli
from cockpit.commands.argparse_words import NEVER_SAID, NUMBER, SENTENCES
from cockpit.commands.parsing import USAGE
from cockpit.config import language


def asked_for() -> Iterator[str]:
    """What this Python's argparse asks gettext for."""
    for node in ast.walk(ast.parse(inspect.getsource(argparse))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            count = {"_": 1, "ngettext": 2}.get(node.func.id, 0)
            yield from (str(a.value) for a in node.args[:count] if isinstance(a, ast.Constant))


def plain(sentence: str) -> str:
    """Its places without their names."""
    return re.sub(r"%(?:\(\w+\))?[sr]|\{\w+\}", "…", sentence)


def test_every_sentence_of_argparse_is_known() -> None:
    ours = {plain(text) for text in (*SENTENCES, *NEVER_SAID)}
    assert [text for text in asked_for() if plain(text) not in ours] == []


class Loud(gettext.NullTranslations):
    """Says the same in capital letters."""

    def __init__(self) -> None:
        super().__init__()
        texts = (*SENTENCES, NUMBER, "{prog}: {message}. See {prog} --help.\n")
        self._catalog = {
            t: re.sub(r"[a-z]+(?![^{]*\})", lambda found: found.group().upper(), t) for t in texts
        }

    def gettext(self, message: str) -> str:
        return self._catalog.get(message, message)


@pytest.fixture
def shouted() -> Iterator[None]:
    language.speak(Loud())
    yield
    language.use(language.SOURCE)


@pytest.mark.usefixtures("shouted")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("probe", "THE FOLLOWING ARGUMENTS ARE REQUIRED: 'SET\\PROBE', --server"),
        ("statu", "ARGUMENT COMMAND: INVALID CHOICE: 'statu' (CHOOSE FROM 'demo', 'lab', "),
        ("status --timeout x", "ARGUMENT --timeout: INVALID NUMBER VALUE: 'x'"),
        ("status --server", "ARGUMENT --server: EXPECTED ONE ARGUMENT"),
        ("status --nothing", "UNRECOGNIZED ARGUMENTS: --nothing"),
        ("status --t 3", "AMBIGUOUS OPTION: --t COULD MATCH --timeout, --textfile"),
        ("--write --read-only", "ARGUMENT --read-only: NOT ALLOWED WITH ARGUMENT --write"),
        ("status --watch=1", "ARGUMENT --watch: IGNORED EXPLICIT ARGUMENT '1'"),
    ],
)
def test_what_is_wrong_with_a_command_line(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parser().parse_args(line.split())
    assert ended.value.code == USAGE
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("shouted")
def test_a_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.parser().parse_args(["probe", "--help"])
    said = capsys.readouterr().out
    headings = [line for line in said.split("\n") if line.endswith(":")]
    assert said.startswith("USAGE: pop-cockpit probe ")
    assert headings == ["POSITIONAL ARGUMENTS:", "OPTIONS:"]
    assert "-h, --help            SHOW THIS HELP MESSAGE AND EXIT" in said


def test_the_language_is_not_put_into_the_environment_of_children(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit):
        cli.main(["--lang", "it", "--help"])
    language.use(language.SOURCE)
    assert not {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"} & set(os.environ)
    assert capsys.readouterr().out
