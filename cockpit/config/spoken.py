"""Sentences that are finished already, said in the operator's language.

What rooms below the screens say (refusals, readings of guards, steps of runbooks, errors) is made in English,
because the same text goes into the journal and through pipes. Where it is shown, :func:`spoken` finds the
sentence of the catalogue that it was made of, takes the places' values out of it and says it anew. What no
sentence of the catalogue could have made (a server's own text, an identifier) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from string import Formatter
from typing import Final

from cockpit.config import language
from cockpit.frozen import dataclass

LETTERS_AT_LEAST: Final = 8
"""Letters of its own that a sentence with places must have, so that they may be anything: ``{a}: {b}`` and
``{a} is not {b}`` would be found in everything. A sign, as in ``{now}, outside``, counts for two."""
LETTERS_BESIDE_SIGNS: Final = 4
LETTERS_AT_BEGIN: Final = 5
"""So many are enough before the first place, as in ``It said: {words}``."""
LETTERS_OF_FEW: Final = 2
"""With so many, as in ``{monitor} on {server}`` and ``{name} is {problem}``, it is found if each value is a
name in one word or a sentence of ours."""
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
    """By the sentence that it is; else by one with places, whose values are whole sentences; else by the one
    that tells most. ``with_ends``: also without the sign that it was joined by, or with a full stop."""
    ways: Ends = _ends_of(text) if with_ends else ((text, "", ""),)
    for tried, put, cut in ways:
        if (whole := entries.get(tried)) is not None:
            return sum(map(str.isalpha, tried)), whole.removesuffix(cut) + put
    first: Found | None = None
    for pattern in among:
        for tried, put, cut in ways:
            if pattern.literal not in tried or (match := pattern.expression.fullmatch(tried)) is None:
                continue
            values = match.groupdict()
            ours = all(value in entries or value.removesuffix(".") in entries for value in values.values())
            if ours or (first is None and (pattern.tells or _are_ours(values.values(), entries, among))):
                letters, anew = _filled(pattern, values, entries, among, depth + 1)
                found = letters, anew.removesuffix(cut) + put
                if ours:
                    return found
                first = found
    return first


def _ends_of(text: str) -> Ends:
    """``text`` as it may stand in the catalogue; what of its end is put to what is found, and what is cut."""
    if not text:
        return ()
    if text[-1] in _ENDS:
        return (text, "", ""), (text[:-1], text[-1], "")
    return (text, "", ""), (f"{text}.", "", ".")


def _filled(
    pattern: Pattern,
    values: Mapping[str, str],
    entries: Mapping[str, str],
    among: Sequence[Pattern],
    depth: int,
) -> Found:
    made = {name: _said(value, entries, among, depth) for name, value in values.items()}
    letters = pattern.letters + sum(own for own, _ in made.values())
    return letters, "".join(own + (made[name][1] if name else "") for own, name in pattern.said)


def _are_ours(values: Collection[str], entries: Mapping[str, str], among: Sequence[Pattern]) -> bool:
    """Whether each is a name, or a sentence of ours; or all are words, as in ``env and prompt``. ``Access is
    denied.`` is no sentence of ours."""
    return all(map(_is_word, values)) or all(
        (_is_one(value) and not _is_word(value))
        or value in entries
        or any(p.tells and p.literal in value and p.expression.fullmatch(value) for p in among)
        for value in values
    )


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


def _is_one(value: str) -> bool:
    return len(value.split()) == 1 and value[-1] not in _ENDS


def _is_word(value: str) -> bool:
    """One of a language, as far as can be seen: a name has a capital letter, a sign or a digit."""
    return value.isalpha() and value.islower()


def _letters(own: Parts) -> int:
    return sum(letter.isalpha() for text, _ in own for letter in text)


def _length(own: Parts) -> int:
    return sum(len(text) for text, _ in own)


def _tells(own: Parts) -> bool:
    """Whether it says enough of itself that its values may be anything."""
    letters, signs = _letters(own), sum(text.count(sign) for text, _ in own for sign in _SIGNS)
    enough = letters >= LETTERS_BESIDE_SIGNS and letters + 2 * signs >= LETTERS_AT_LEAST
    return enough or _letters(own[:1]) >= LETTERS_AT_BEGIN


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
