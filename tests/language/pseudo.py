"""A language for tests: every sentence in letters that look like ours, as wide, and none of ASCII's."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from babel.messages.catalog import Catalog

from cockpit.config import language
from cockpit.config import spoken as anew
from tests.language import catalogue as c

_LOOK_ALIKES: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀćđéƒǵĥíĵķĺɱńóṕɋŕśţúṽŵẋýźÁƁĆĐÉƑǴĤÍĴĶĹṀŃÓṔɊŔŚŢÚṼŴẊÝŹ",
)
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_PLACE: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}|%\(\w+\)[a-z]|%%")


def said(sentence: str) -> str:
    """``sentence`` in the language; its places are kept."""
    kept = _PLACE.findall(sentence)
    own = [piece.translate(_LOOK_ALIKES) for piece in _PLACE.split(sentence)]
    return "".join(piece + place for piece, place in zip(own, [*kept, ""], strict=True))


@cache
def catalogue() -> gettext.GNUTranslations:
    """All sentences of the program in it, as a catalogue that is loaded."""
    made = Catalog(locale="en", charset="utf-8", fuzzy=False)
    for message in c.messages(c.extracted()):
        texts = tuple(said(text) for text in c.texts(message.id))
        text = texts if isinstance(message.id, tuple | list) else texts[0]
        made.add(message.id, text, context=message.context)
    return gettext.GNUTranslations(io.BytesIO(c.compiled(made)))


@contextmanager
def spoken() -> Iterator[None]:
    """It is spoken, and no longer."""
    language.speak(catalogue())
    try:
        yield
    finally:
        language.use(language.SOURCE)


def english_in(text: str, *values: object) -> list[str]:
    """The words of ``text`` that are English still where it is shown; those of ``values`` do not count."""
    own = {word for value in values for word in _WORD.findall(str(value))}
    return [word for word in _WORD.findall(anew.spoken(text)) if word not in own]
