"""A language that says every sentence of the program in brackets: what is without them was not said in it."""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from cockpit.config import language
from tests.language import catalogue as c

MARK = "⟦"


def _marked(text: str) -> str:
    """Brackets inside the blanks at the ends, which pieces of a line rely on."""
    bare = text.strip()
    return text.replace(bare, f"{MARK}{bare}⟧", 1) if bare else text


@cache
def _sentences() -> dict[str | tuple[str, int], str]:
    made: dict[str | tuple[str, int], str] = {}
    for message in c.messages(c.extracted()):
        texts = c.texts(message.id)
        if len(texts) == 1:
            made[texts[0]] = _marked(texts[0])
        else:
            made |= {(texts[0], number): _marked(text) for number, text in enumerate(texts)}
    return made


class Marked(gettext.NullTranslations):
    def __init__(self) -> None:
        super().__init__()
        self._catalog = _sentences()  # where gettext's own readers keep theirs

    def gettext(self, message: str) -> str:
        return self._catalog.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._catalog.get((msgid1, int(n != 1)), msgid1 if n == 1 else msgid2)


@contextmanager
def spoken_in_brackets() -> Iterator[None]:
    """Whatever language is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "use", lambda _language: language.speak(Marked()))
        yield
    language.use(language.SOURCE)
