"""On which line of a TOML text each key stands. Pure; the text must be valid TOML 1.0 already.

tomllib knows no positions, and a key's name alone does not tell its place: ``auth`` may stand in several
tables. This reads just enough of the grammar (headers, dotted and quoted keys, inline tables, arrays, every
kind of string) to know which key a line belongs to; what the values are is tomllib's business.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

from cockpit.config.trouble import KeyPath

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")'
    r"|'''.*?'''(?!')"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """The line, from 1, of every key, table and element of an array in ``text``.

    A table is where its own header is; one that is only implied (``a`` of ``[a.b]``) is where it is first
    named. A dotted key's line is that of its last part.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._ends = [m.start() for m in re.finditer("\n", text)]
        self._arrays: dict[KeyPath, int] = {}
        self._implied: set[KeyPath] = set()

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip():
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        array = self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        parts = self._key()
        self._at += 2 if array else 1
        path: KeyPath = ()
        for number, (name, line) in enumerate(parts, 1):
            path = (*path, name)
            last = number == len(parts)
            self._record(path, line, implied=not last)
            if last and array:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            if path in self._arrays:
                path = (*path, self._arrays[path])
                self._record(path, line, implied=not last)
        return path

    def _pair(self, table: KeyPath) -> None:
        path, parts = table, self._key()
        for number, (name, line) in enumerate(parts, 1):
            path = (*path, name)
            self._record(path, line, implied=number < len(parts))
        self._at += 1  # the equals sign
        self._value(path)

    def _key(self) -> list[tuple[str, int]]:
        """The parts of a key with their lines, up to the sign that ends it."""
        parts = []
        while True:
            self._skip()
            line, quoted = self._line(), _STRING.match(self._text, self._at)
            found = quoted or _BARE.match(self._text, self._at)
            if found is None:
                raise ValueError(f"line {line}: not TOML")
            self._at = found.end()
            parts.append((_unquoted(found.group()) if quoted else found.group(), line))
            self._skip()
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        self._skip()
        match self._text[self._at]:
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                found = _STRING.match(self._text, self._at) or _SCALAR.match(self._text, self._at)
                self._at = found.end() if found else self._at

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        number = 0
        while self._skip() and self._text[self._at] != "]":
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._record((*path, number), self._line(), implied=False)
            self._value((*path, number))
            number += 1
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._skip() and self._text[self._at] != "}":
            if self._text[self._at] == ",":
                self._at += 1
            else:
                self._pair(path)
        self._at += 1

    def _skip(self) -> bool:
        """Over blanks, line ends and comments; False at the end of the text."""
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at < len(self._text)

    def _line(self) -> int:
        return bisect_left(self._ends, self._at) + 1

    def _record(self, path: KeyPath, line: int, *, implied: bool) -> None:
        if path in self.found and (implied or path not in self._implied):
            return
        self.found[path] = line
        (self._implied.add if implied else self._implied.discard)(path)


def _unquoted(quoted: str) -> str:
    return str(tomllib.loads(f"key = {quoted}")["key"])
