"""Sentences that are finished already, said in the operator's language.

What rooms below the screens say (refusals, readings of guards, steps of runbooks, errors) is made in English,
because the same text goes into the journal and through pipes. Where it is shown, :func:`spoken` finds the
sentence of the catalogue that it was made of, takes the places' values out of it and says it anew. What no
sentence of the catalogue could have made (a server's own text, an identifier) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from string import Formatter
from typing import Final

from cockpit.config import language
from cockpit.frozen import dataclass

LETTERS_AT_LEAST: Final = 5
"""Letters of its own that a sentence with places must have: ``{a}: {b}`` would be found in everything."""
NESTED_AT_MOST: Final = 6
REMEMBERED: Final = 8192

Parts = tuple[tuple[str, str], ...]
_AFTER_A_SENTENCE: Final = re.compile(r"(?<=[.;:,]) |\n")


@dataclass(frozen=True, slots=True)
class Pattern:
    """The sentence ``english``, which has places. ``literal``: the longest piece between them; ``said``:
    (text, name of the place after it) of the translation."""

    english: str
    expression: re.Pattern[str]
    literal: str
    said: Parts


def spoken(text: str) -> str:
    """``text`` in the language in use."""
    return text if language.is_source() else _spoken(language.generation(), text)


@lru_cache(maxsize=REMEMBERED)
def _spoken(generation: int, text: str) -> str:
    return said(text, language.entries(), _patterns(generation))


@lru_cache(maxsize=2)
def _patterns(_generation: int) -> tuple[Pattern, ...]:
    return patterns(language.entries())


def patterns(entries: Mapping[str, str]) -> tuple[Pattern, ...]:
    """Those of ``entries`` (English to other) that have places, the most telling first."""
    with_places = [(text, parts(text), other) for text, other in entries.items() if "{" in text]
    telling = [
        (text, own, other)
        for text, own, other in with_places
        if any(name for _, name in own) and _letters(own) >= LETTERS_AT_LEAST
    ]
    telling.sort(key=lambda three: (-_letters(three[1]), len(three[1])))
    return tuple(
        Pattern(english, _expression(own), max((text for text, _ in own), key=len), parts(other))
        for english, own, other in telling
    )


def parts(template: str) -> Parts:
    """``template`` as (text, name of the place after it), the last name empty; ``{{`` is a brace."""
    return tuple((text, name or "") for text, name, _, _ in Formatter().parse(template))


def said(text: str, entries: Mapping[str, str], among: Iterable[Pattern], depth: int = 0) -> str:
    """``text`` by ``entries``: whole, else by a pattern with its values said too, else piece by piece."""
    bare = text.strip()
    if not bare or depth > NESTED_AT_MOST:
        return text
    if (whole := entries.get(text)) is not None:
        return whole
    if bare != text:
        return text.replace(bare, said(bare, entries, among, depth), 1)
    for pattern in among:
        if pattern.literal in text and (found := pattern.expression.fullmatch(text)):
            values = found.groupdict()
            return "".join(
                own + (said(values[name], entries, among, depth + 1) if name else "")
                for own, name in pattern.said
            )
    return _by_pieces(text, entries, among, depth)


def _by_pieces(text: str, entries: Mapping[str, str], among: Iterable[Pattern], depth: int) -> str:
    """For what was joined: the first end of a sentence at which both sides can be said."""
    for cut in _AFTER_A_SENTENCE.finditer(text):
        first, rest = text[: cut.start()], text[cut.end() :]
        other = said(first, entries, among, depth + 1)
        if other == first and first[-1:] in ";:,":
            bare = said(first[:-1], entries, among, depth + 1)
            other = bare + first[-1] if bare != first[:-1] else first
        if other != first:
            return other + cut.group() + said(rest, entries, among, depth)
    return text


def _letters(own: Parts) -> int:
    return sum(letter.isalpha() for text, _ in own for letter in text)


def _expression(own: Parts) -> re.Pattern[str]:
    seen: set[str] = set()
    made = []
    for text, name in own:
        made.append(re.escape(text))
        if name:
            made.append(f"(?P={name})" if name in seen else f"(?P<{name}>.*?)")
            seen.add(name)
    return re.compile("".join(made), re.DOTALL)
