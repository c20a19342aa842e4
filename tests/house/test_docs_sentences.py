"""What the pages quote from the screen, in “”, the program says so, word for word."""

from __future__ import annotations

import re
from typing import Final

import pytest

from cockpit.doctor.table import CHECKS
from tests.docs.pages import page
from tests.docs.sentences import plain, said, sentences

QUOTING: Final = ("troubleshooting.md", "first-connection.md")


def quoted(name: str) -> list[str]:
    return re.findall(r"“([^”]+)”", page(name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", QUOTING)
def test_quoted_sentences_are_the_programs(name: str) -> None:
    """What is left here nothing says any more: quote what is said now."""
    assert [sentence for sentence in dict.fromkeys(quoted(name)) if not said(sentence)] == []


def test_every_page_that_quotes_quotes_enough() -> None:
    assert all(len(quoted(name)) > 15 for name in QUOTING)
    assert all(len(plain(s).replace("…", "").strip()) > 5 for name in QUOTING for s in quoted(name))


def test_a_sentence_keeps_its_form_when_it_is_marked_for_translation() -> None:
    assert plain("{server} was not read: {problem}") == "… was not read: …"
    assert said("its certificate is for other names")
    assert not said("its certificate is for other nam")
    assert not said("certificates are for the others")


def test_docstrings_are_not_what_the_program_says() -> None:
    assert not any("One family of errors for everything" in text for text in sentences())


def test_the_refusals_of_every_check_are_told() -> None:
    text = page("first-connection.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([\w-]+)` \| [“*]", text, re.MULTILINE))
    assert told == set(CHECKS) - {"terminal", "files", "journal"}
