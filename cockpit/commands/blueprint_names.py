"""Names in a blueprint: each recorded one has one there, kept or replaced, the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cockpit.config.language import _
from cockpit.lab.rehearsal import SERVER_NAME

_OTHER: Final = re.compile(r"[\w][\w .()&+-]{0,63}")


class Names:
    """Of servers, groups, databases and sites. Servers are known from the beginning; the others are named as
    they come. What cannot be a name is replaced, whether or not names are kept."""

    def __init__(self, servers: Sequence[str], *, anonymize: bool) -> None:
        self._anonymize = anonymize
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()
        self._unfit = 0
        for name in sorted(
            servers, key=lambda n: not SERVER_NAME.fullmatch(n)
        ):  # those that stay have theirs
            self._name("server", name, "EX", SERVER_NAME)

    def __contains__(self, server: str) -> bool:
        return ("server", _short(server)) in self._given

    def server(self, name: str) -> str:
        """Of one that is known, by its short or full name, in any case."""
        return self._given[("server", _short(name))]

    def dag(self, name: str) -> str:
        """Empty for a server outside any."""
        return self._name("dag", name, "DAG", _OTHER) if name else ""

    def database(self, name: str) -> str:
        return self._name("database", name, "DB", _OTHER)

    def site(self, name: str) -> str:
        return self._name("site", name, "Site", _OTHER)

    def title(self, source: str) -> str:
        """What the organization is called."""
        return "organization" if self._anonymize or not _OTHER.fullmatch(source) else source

    def replaced_in_words(self) -> list[str]:
        if not self._unfit:
            return []
        words = _("{number} names that cannot be names here were replaced")
        return [words.format(number=self._unfit)]

    def _name(self, kind: str, name: str, prefix: str, fit: re.Pattern[str]) -> str:
        key = (kind, _short(name) if kind == "server" else name.lower())
        if key not in self._given:
            short = name.split(".")[0] if kind == "server" else name
            fits = bool(fit.fullmatch(short)) and (kind, short.lower()) not in self._taken
            self._unfit += not fits
            self._given[key] = short if fits and not self._anonymize else self._new(kind, prefix)
            self._taken.add((kind, self._given[key].lower()))
        return self._given[key]

    def _new(self, kind: str, prefix: str) -> str:
        number = 1
        while (kind, f"{prefix}{number:02d}".lower()) in self._taken:
            number += 1
        return f"{prefix}{number:02d}"


def _short(name: str) -> str:
    return name.split(".")[0].lower()
