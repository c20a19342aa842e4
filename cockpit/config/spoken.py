"""Sentences that are finished already, said in the operator's language.

What rooms below the screens say (refusals, readings of guards, steps of runbooks, errors) is made in English,
because the same text goes into the journal and through pipes. Where it is shown, :func:`spoken` finds the
sentence of the catalogue that it was made of, takes the places' values out of it and says it anew. What no
sentence of the catalogue could have made (a server's own text, an identifier) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from string import Formatter
from typing import Final

from cockpit.config import language
from cockpit.frozen import dataclass

LETTERS_AT_LEAST: Final = 5
"""Letters of its own that a sentence with places must have: ``{a}: {b}`` would be found in everything."""
LETTERS_OF_FEW: Final = 2
"""With so many, as in ``{monitor} on {server}`` and ``{name} is {problem}``, it is found if each value is a
name in one word or a sentence of ours."""
LETTERS_OF_SIGNS: Final = 4
SIGNS_AT_LEAST: Final = 3
"""So many of both, as in ``{file}, line {line}: {what}. {cure}``, are enough for values of any kind."""
NESTED_AT_MOST: Final = 3
PIECES_AT_MOST: Final = 8
JOINED_AT_MOST: Final = 64
REMEMBERED: Final = 8192

Parts = tuple[tuple[str, str], ...]
Found = tuple[int, str]
"""How many letters of sentences of ours were found, and the text said anew."""
Ends = tuple[tuple[str, str, str], ...]
_SIGNS: Final = ".;:,"
_ENDS: Final = f"{_SIGNS}?!"
_AFTER_A_SENTENCE: Final = re.compile(rf"(?<=[{_SIGNS}]) |\n")
_BETWEEN: Final = (re.compile(r"(?<=[.;]) "), re.compile(r"(?<=[.;,]) "))
"""Where sentences were joined, and where a list of them was."""
_COUNT: Final = "n"
"""The place of a number (``{n} server`` of ngettext): never more than one word."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The sentence ``english``, which has places. ``literal``: the longest piece between them; ``said``:
    (text, name of the place after it) of the translation; ``letters``: of its own; ``tells``: so much of
    itself that its values may be anything."""

    english: str
    expression: re.Pattern[str]
    literal: str
    said: Parts
    letters: int
    tells: bool


def spoken(text: str) -> str:
    """``text`` in the language in use."""
    return text if language.is_source() else _spoken(language.generation(), text)


@lru_cache(maxsize=REMEMBERED)
def _spoken(generation: int, text: str) -> str:
    return said(text, *_known(generation))


@lru_cache(maxsize=2)
def _known(_generation: int) -> tuple[Mapping[str, str], Sequence[Pattern]]:
    entries = bare(language.entries())
    return entries, patterns(entries)


def bare(entries: Mapping[str, str]) -> dict[str, str]:
    """``entries`` without the blanks at their ends: those of the text that is said anew are kept."""
    return {text.strip(): other.strip() for text, other in entries.items()}


def patterns(entries: Mapping[str, str]) -> tuple[Pattern, ...]:
    """Those of ``entries`` (English to other, both bare) that have places, the most telling first."""
    with_places = [(text, parts(text), other) for text, other in entries.items() if "{" in text]
    telling = [
        (text, own, other)
        for text, own, other in with_places
        if any(name for _, name in own) and _letters(own) >= LETTERS_OF_FEW
    ]
    telling.sort(key=lambda three: (-_letters(three[1]), -_length(three[1]), len(three[1])))
    return tuple(
        Pattern(
            english,
            _expression(own),
            max((text for text, _ in own), key=len),
            parts(other),
            _letters(own),
            _tells(own),
        )
        for english, own, other in telling
    )


def parts(template: str) -> Parts:
    """``template`` as (text, name of the place after it), the last name empty; ``{{`` is a brace."""
    return tuple((text, name or "") for text, name, _, _ in Formatter().parse(template))


def said(text: str, entries: Mapping[str, str], among: Sequence[Pattern], depth: int = 0) -> str:
    """``text`` by ``entries``: whole, else by a pattern with its values said too, else piece by piece."""
    return _said(text, entries, among, depth)[1]


def _said(text: str, entries: Mapping[str, str], among: Sequence[Pattern], depth: int) -> Found:
    """The way that has the most letters of sentences of ours in it; among equals the whole."""
    inner = text.strip()
    if not inner or depth > NESTED_AT_MOST:
        return 0, text
    with_stop = f"{inner}."
    near = [pattern for pattern in among if pattern.literal in with_stop]
    ways = [_piece(inner, entries, near, depth)]
    ways += [_joined(inner, cut, entries, near, depth) for cut in _BETWEEN]
    found = max((way for way in ways if way is not None), key=itemgetter(0), default=None)
    if found is None:
        found = _by_pieces(inner, entries, near, depth)
    return found if inner == text else (found[0], text.replace(inner, found[1], 1))


def _joined(
    text: str, cut: re.Pattern[str], entries: Mapping[str, str], among: Sequence[Pattern], depth: int
) -> Found | None:
    """Several sentences, where each can be said: one of them may be found that would take the others for its
    values. None for every other text."""
    pieces = cut.split(text, JOINED_AT_MOST)
    if not 1 < len(pieces) <= JOINED_AT_MOST:
        return None
    made = []
    for piece in pieces:
        if (found := _match(piece, entries, among, depth)) is None:
            return None
        made.append(found)
    return sum(letters for letters, _ in made), " ".join(anew for _, anew in made)


def _match(
    text: str, entries: Mapping[str, str], among: Sequence[Pattern], depth: int, *, with_ends: bool = True
) -> Found | None:
    """By the sentence that tells most. ``with_ends``: also without the sign that it was joined by, or with a
    full stop."""
    ways: Ends = _ends_of(text) if with_ends else ((text, "", ""),)
    for tried, put, cut in ways:
        if (whole := entries.get(tried)) is not None:
            return sum(map(str.isalpha, tried)), whole.removesuffix(cut) + put
    for pattern in among:
        for tried, put, cut in ways:
            if pattern.literal in tried and (found := pattern.expression.fullmatch(tried)):
                values = _values(found.groupdict(), pattern, entries, among, depth + 1)
                if values is not None:
                    letters = pattern.letters + sum(letters for letters, _ in values.values())
                    anew = "".join(own + (values[name][1] if name else "") for own, name in pattern.said)
                    return letters, anew.removesuffix(cut) + put
    return None


def _ends_of(text: str) -> Ends:
    """``text`` as it may stand in the catalogue; what of its end is put to what is found, and what is cut."""
    if not text:
        return ()
    if text[-1] in _ENDS:
        return (text, "", ""), (text[:-1], text[-1], "")
    return (text, "", ""), (f"{text}.", "", ".")


def _values(
    found: Mapping[str, str], by: Pattern, entries: Mapping[str, str], among: Sequence[Pattern], depth: int
) -> Mapping[str, Found] | None:
    """The values of the places, said too; None where ``by`` wants them to be sentences of ours."""
    if by.tells:
        return {name: _said(value, entries, among, depth) for name, value in found.items()}
    made = {}
    for name, value in found.items():
        own = _piece(value, entries, among, depth) if depth <= NESTED_AT_MOST else None
        if own is None and not _is_name(value):
            return None
        made[name] = (0, value) if own is None else own
    return made


def _by_pieces(text: str, entries: Mapping[str, str], among: Sequence[Pattern], depth: int) -> Found:
    """For what was joined: from the left, the longest run of pieces that can be said, and so on."""
    ends = [*[cut.span() for cut in islice(_AFTER_A_SENTENCE.finditer(text), PIECES_AT_MOST)]]
    ends.append((len(text), len(text)))
    made, letters, start, first = "", 0, 0, 0
    while first < len(ends):
        for last in range(len(ends) - 1, first - 1, -1):
            end, after = ends[last]
            if start == 0 and end == len(text):
                continue  # the whole was tried
            if (found := _piece(text[start:end], entries, among, depth)) is not None:
                break
        else:
            last, (end, after) = first, ends[first]
            found = 0, text[start:end]
        letters += found[0]
        made += found[1] + text[end:after]
        start, first = after, last + 1
    return letters, made


def _piece(text: str, entries: Mapping[str, str], among: Sequence[Pattern], depth: int) -> Found | None:
    """A piece as it is, without the sign it was joined by, or with the full stop that the sentence around it
    has; and what stands in brackets behind it."""
    if not text:
        return None
    if (match := _match(text, entries, among, depth)) is not None:
        return match
    if text[-1] in _ENDS:
        found = _piece(text[:-1], entries, among, depth)
        return None if found is None else (found[0], found[1] + text[-1])
    return _with_brackets(text, entries, among, depth) if text[-1] == ")" else None


def _with_brackets(
    text: str, entries: Mapping[str, str], among: Sequence[Pattern], depth: int
) -> Found | None:
    """``sentence (what else is known)``, or that alone."""
    if text[0] == "(":
        letters, alone = _said(text[1:-1], entries, among, depth + 1)
        return None if alone == text[1:-1] else (letters, f"({alone})")
    before, bracket, inside = text[:-1].partition(" (")
    if not bracket:
        return None
    head, own = (_match(part, entries, among, depth, with_ends=False) for part in (before, inside))
    if head is None and own is None:
        return None
    letters, anew = _said(inside, entries, among, depth + 1)
    at_first, sentence = (0, before) if head is None else head
    return letters + at_first, f"{sentence} ({anew})"


def _is_name(value: str) -> bool:
    """One word, and no plain one: ``Access is denied.`` is no sentence of ours."""
    bare_word = value.strip(_ENDS)
    return len(value.split()) == 1 and not (bare_word.isalpha() and bare_word.islower())


def _letters(own: Parts) -> int:
    return sum(letter.isalpha() for text, _ in own for letter in text)


def _length(own: Parts) -> int:
    return sum(len(text) for text, _ in own)


def _tells(own: Parts) -> bool:
    """Whether it says enough of itself that its values may be anything."""
    letters, signs = _letters(own), sum(text.count(sign) for text, _ in own for sign in _SIGNS)
    return letters >= LETTERS_AT_LEAST or (letters >= LETTERS_OF_SIGNS and signs >= SIGNS_AT_LEAST)


def _expression(own: Parts) -> re.Pattern[str]:
    seen: set[str] = set()
    made = []
    for text, name in own:
        made.append(re.escape(text))
        if name:
            value = r"\S+" if name == _COUNT else ".*?"
            made.append(f"(?P={name})" if name in seen else f"(?P<{name}>{value})")
            seen.add(name)
    return re.compile("".join(made), re.DOTALL)
