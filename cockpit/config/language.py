"""The operator's language: every sentence of the program goes through here (gettext).

Sentences are whole, with named places: ``_("{server} was not read").format(server=name)``. Identifiers of
Exchange, PowerShell and Windows, command names and keys are places, and are never translated. Texts that go
into the journal, into logs or into data on stdout stay English: they are read by programs and by others.
Sentences kept in tables are marked with :func:`N_` and go through ``_`` where they are shown.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from pathlib import Path
from typing import Final

DOMAIN: Final = "cockpit"
SOURCE: Final = "en"
"""The language the sentences are written in; it has no catalogue."""
_FOLDER: Final = Path(__file__).parent.parent / "locale"

_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def languages() -> tuple[str, ...]:
    """All there are, the source language first."""
    return (SOURCE, *sorted(p.parent.parent.name for p in _FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


def chosen(wanted: str | None, environ: Mapping[str, str]) -> str:
    """``wanted`` where it is a language of ours, else the terminal's (POSIX: LC_ALL, LC_MESSAGES, LANG), else
    the source language."""
    values = [environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    first = wanted or next((v for v in values if v), SOURCE)
    short = first.split(".")[0].split("@")[0].split("_")[0].lower()
    return short if short in languages() else SOURCE


def use(language: str) -> None:
    """Speak ``language`` from now on; raises FileNotFoundError for one without a catalogue."""
    global _catalogue
    if language == SOURCE:
        _catalogue = gettext.NullTranslations()
    else:
        _catalogue = gettext.translation(DOMAIN, _FOLDER, [language])


def _(sentence: str) -> str:
    return _catalogue.gettext(sentence)


def ngettext(one: str, many: str, number: int) -> str:
    return _catalogue.ngettext(one, many, number)


def N_(sentence: str) -> str:  # noqa: N802 -- the name that every extractor knows
    """Marks a sentence for the catalogue; it is translated where it is shown."""
    return sentence
