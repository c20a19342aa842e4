"""A language made of the program's own sentences: each letter of theirs is another one, values stay.

What is said in it and still has a word in our letters was in no sentence of the catalogue. Only names,
identifiers and states of Exchange may stand so: they are values.
"""

from __future__ import annotations

import re
import string
from functools import cache
from typing import Final

from cockpit.config.spoken import Pattern, bare, parts, patterns, said
from cockpit.recovery.readings import NEEDS
from tests.language import catalogue as c

_OTHER: Final = str.maketrans(string.ascii_letters, "".join(map(chr, range(0x3B1, 0x3B1 + 52))))
_WORD: Final = re.compile(r"(?<!\w)[-$]?[A-Za-z][\w.:/\\-]*")
_IDENTIFIER: Final = re.compile(
    r"[-$]\w+"  # an option, $true
    r"|.*\d.*"  # EX01, DB01, 1a2b, 03:00Z
    r"|\w+\\.*|\w:.*"  # CONTOSO\bob, C:\Logs
    r"|[A-Z][a-z]+-[A-Z]\w+"  # a cmdlet
    r"|\w+[a-z][A-Z]\w*|[A-Z]{2,}\w*"  # MailboxServer, POP
    r"|[a-z]+\.[a-z_]+"  # a guard: alert.real
)
_PRINTED: Final = """
    Healthy Unhealthy Degraded Disabled Repairing Unknown Unavailable Sulking Mounted Failed Suspended
    SeedingSource Seeding ServiceDown Paused Up Down Running Automatic Inactive Active Draining
    Maintenance Unrestricted Blocked None Remote Edge Mailbox Exchange
"""
"""States and kinds as Exchange, Windows and clusters print them."""
_OF_THE_PAGE: Final = """
    Store Security Clustering Network Active Directory Authentication High Availability Information Server
"""
"""Health sets, and what Microsoft's page calls what they stand for."""
_PEOPLE_AND_DAYS: Final = "bob ssh Wed sat"
VALUES: Final = NEEDS.union(_PRINTED.split(), _OF_THE_PAGE.split(), _PEOPLE_AND_DAYS.split())
"""Values that are plain words. ``NEEDS``: readings by the names that guards have for them."""


@cache
def entries() -> dict[str, str]:
    """Every sentence that the program's code marks, in our letters and in the others."""
    return bare({text: foreign(text) for m in c.messages(c.extracted()) for text in c.texts(m.id)})


@cache
def among() -> tuple[Pattern, ...]:
    return patterns(entries())


@cache
def spoken(text: str) -> str:
    return said(text, entries(), among())


def foreign(sentence: str) -> str:
    """``sentence`` with its letters exchanged, its places kept."""
    made = []
    for text, name, form, conversion in string.Formatter().parse(sentence):
        made.append(text.translate(_OTHER).replace("{", "{{").replace("}", "}}"))
        if name is not None:
            made.append(f"{{{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}}}")
    return "".join(made)


def english(text: str, *values: str) -> list[str]:
    """The words of ``text`` that stay as they are in the other language and are no values."""
    left = spoken(text)
    for value in sorted(values, key=len, reverse=True):
        left = left.replace(value, "")
    words = (word.rstrip(".:-\\/") for word in _WORD.findall(left))
    return [word for word in words if word not in VALUES and not _IDENTIFIER.fullmatch(word)]


def of(*folders: str) -> list[str]:
    """The sentences of the files in ``folders``."""
    return [
        text
        for m in c.messages(c.extracted())
        if any(file.startswith(folders) for file, _ in m.locations)
        for text in c.texts(m.id)
    ]


def unused(sentences: list[str], texts: set[str]) -> list[str]:
    """Sentences that none of ``texts`` has been made of."""
    return [one for one in sentences if not any(_made_of(one).search(text) for text in texts)]


def _made_of(sentence: str) -> re.Pattern[str]:
    return re.compile(
        "".join(re.escape(text) + (".+?" if name else "") for text, name in parts(sentence)), re.DOTALL
    )
