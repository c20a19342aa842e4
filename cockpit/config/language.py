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
_CONTEXT_ENDS: Final = "\x04"
"""Between a context and its sentence, in the keys of a catalogue (gettext's own sign)."""
_FOLDER: Final = Path(__file__).parent.parent / "locale"

_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_entries: Mapping[str, str] = {}
_generation = 0


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
    speak(
        gettext.NullTranslations() if language == SOURCE else gettext.translation(DOMAIN, _FOLDER, [language])
    )


def speak(catalogue: gettext.NullTranslations) -> None:
    """Speak ``catalogue`` from now on."""
    global _catalogue, _entries, _generation
    _catalogue, _entries, _generation = catalogue, _all(catalogue), _generation + 1


def is_source() -> bool:
    """Whether the language in use is the one the sentences are written in."""
    return not _entries


def entries() -> Mapping[str, str]:
    """Every sentence of the catalogue in use, English to other; of those that count, the one for one."""
    return _entries


def generation() -> int:
    """Another number after every change of language."""
    return _generation


def _all(catalogue: gettext.NullTranslations) -> Mapping[str, str]:
    # gettext gives no list of what it has, and its reader has kept it under this name since Python 2.
    found: Mapping[str | tuple[str, int], str] = getattr(catalogue, "_catalog", {})
    singular = {key[0]: text for key, text in found.items() if isinstance(key, tuple) and key[1] == 0}
    plain = {key: text for key, text in found.items() if isinstance(key, str) and key}
    return singular | {key: text for key, text in plain.items() if _CONTEXT_ENDS not in key}


def _(sentence: str) -> str:
    """An empty one stays empty: gettext has the catalogue's head under it."""
    return _catalogue.gettext(sentence) if sentence else ""


def pgettext(context: str, sentence: str) -> str:
    """``sentence`` as meant in ``context``: a word may be several in another language (``run``: a thing,
    and what one does).
    What has a context is never looked for in finished texts (``cockpit.config.spoken``)."""
    return _catalogue.pgettext(context, sentence) if sentence else ""


def ngettext(one: str, many: str, number: int) -> str:
    return _catalogue.ngettext(one, many, number)


def N_(sentence: str) -> str:  # noqa: N802 -- the name that every extractor knows
    """Marks a sentence for the catalogue; it is translated where it is shown."""
    return sentence
