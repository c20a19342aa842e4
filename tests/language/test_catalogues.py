"""The catalogues hold every sentence of the program, whole, with all its places, and are what is loaded."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from cockpit.config import spoken
from tests.language import catalogue as c

EXTRACTED = c.extracted()
LANGUAGES = c.languages()
MARKS = {"_", "N_", "ngettext"}
PLACE = re.compile(r"\{(\w+)[^{}]*\}")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def said(language: str) -> Catalog:
    return c.read(c.path_of(language), language)


def test_italian_is_there() -> None:
    assert "it" in LANGUAGES


def test_no_sentence_is_missing_and_none_is_left_over(said: Catalog) -> None:
    wanted = {c.texts(message.id) for message in c.messages(EXTRACTED)}
    there = {c.texts(message.id) for message in c.messages(said)}
    assert wanted - there == set(), "run python -m tests.language, then translate"
    assert there - wanted == set(), "run python -m tests.language"
    assert [m.id for m in c.messages(said) if m.fuzzy or not all(c.texts(m.string or ""))] == []


def test_no_place_is_lost_or_made_up(said: Catalog) -> None:
    wrong = {}
    for message in c.messages(said):
        english = {frozenset(c.places(text)) for text in c.texts(message.id)}
        wanted = frozenset().union(*english)
        for text in c.texts(message.string or ""):
            if c.places(text) not in ({wanted} | english):
                wrong[message.id] = text
    assert wrong == {}


def test_forms_of_values_are_kept(said: Catalog) -> None:
    """``{share:.0%}`` stays ``{share:.0%}``."""
    wrong = {}
    for message in c.messages(said):
        forms = {piece for text in c.texts(message.id) for piece in re.findall(r"\{\w+[:!][^{}]+\}", text)}
        for text in c.texts(message.string or ""):
            if set(re.findall(r"\{\w+[:!][^{}]+\}", text)) != forms:
                wrong[message.id] = text
    assert wrong == {}


def test_blanks_at_the_ends_are_kept(said: Catalog) -> None:
    """Pieces are joined to lines: a blank or a newline at an end of one is there in every language."""
    pairs = [
        (english, other)
        for message in c.messages(said)
        for english, other in zip(c.texts(message.id), c.texts(message.string or ""), strict=False)
    ]
    assert {english: other for english, other in pairs if _ends(english) != _ends(other)} == {}


def _ends(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def test_what_is_compiled_is_what_is_written(language: str, said: Catalog) -> None:
    assert c.path_of(language).with_suffix(".mo").read_bytes() == c.compiled(said)
    assert c.path_of(language).read_bytes() == c.written(said)


def test_every_sentence_is_found_again_in_what_was_made_of_it(said: Catalog) -> None:
    """What lower rooms say is finished in English; where it is shown, it is said anew (``spoken``)."""
    entries = spoken.bare({m.id: str(m.string) for m in c.messages(said) if isinstance(m.id, str)})
    among = spoken.patterns(entries)
    wrong = {}
    for pattern in among:
        english = pattern.english
        values = {name: f"EX0{n}" for n, name in enumerate(dict.fromkeys(PLACE.findall(english)))}
        made = PLACE.sub(lambda found, values=values: values[found.group(1)], english)  # type: ignore[misc]
        wanted = PLACE.sub(lambda found, values=values: values[found.group(1)], entries[english])  # type: ignore[misc]
        if (got := spoken.said(_braces(made), entries, among)) != _braces(wanted):
            wrong[english] = got
    assert wrong == {}


def _braces(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def marked() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted((c.ROOT / "cockpit").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
                yield path, node


def test_what_is_marked_is_a_sentence_and_no_expression() -> None:
    """A sentence put together at run time is in no catalogue. ``_`` of a variable is what ``N_`` marked."""
    wrong = [
        f"{path.relative_to(c.ROOT)}:{call.lineno}"
        for path, call in marked()
        if any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in call.args[:2])
    ]
    assert wrong == []


def test_what_is_marked_is_extracted() -> None:
    """Babel does not look into f-strings: a sentence marked in one would be in no catalogue."""
    there = {c.texts(message.id) for message in c.messages(EXTRACTED)}
    wrong = []
    for path, call in marked():
        own = [each.value for each in call.args[:2] if isinstance(each, ast.Constant)]
        if own and tuple(own) not in there:
            wrong.append(f"{path.relative_to(c.ROOT)}:{call.lineno}: {own}")
    assert wrong == []
