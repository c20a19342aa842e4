"""A text to be found in the bytes of log lines, at about the speed of grep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_SAMPLE: Final = 1 << 16
NEW_LINE: Final = b"\n"
_NO_ROW: Final = b"#dD\xef\r"
"""First bytes of headers, and of empty lines that hold something to be found (``parse.no_row``)."""
_NO_ROW_BELOW: Final = re.compile(b"\n[" + _NO_ROW + b"]")
_DENSE: Final = 400
"""Bytes for each hit, below which one pass of a compiled pattern over a block is quicker than a jump to each
hit (CPython 3.11: 1.3 against 0.7 GB/s with a hit in 200 bytes, 1.6 against 2.7 with one in 1,000)."""


class Needle:
    """What is looked for: ``forms``, every form it may have in a file. ``any_case``: ASCII letters match in
    either case, and the forms are in lower case.

    A block is first asked for the byte of the text that is rarest in the first block, which is memchr; then
    for its last hit: bytes.rfind skips over what cannot match up to twice as quickly as bytes.find.
    """

    __slots__ = ("_dense", "_line", "_rare", "any_case", "forms")

    def __init__(self, text: str, *, any_case: bool = False) -> None:
        """``text`` in UTF-8, and in Windows-1252 where that differs (parse.decoded). Every line holds "",
        none a text with a line end."""
        self.any_case = any_case
        self._rare: bytes | None = None
        self._line: re.Pattern[bytes] | None = None
        self._dense = False
        forms = [] if "\n" in text else [text.encode("utf-8", "surrogatepass")]
        if forms and not text.isascii():
            other = text.encode("cp1252", "ignore")
            forms += [other] if other.decode("cp1252", "ignore") == text else []
        self.forms = tuple(form.lower() if any_case else form for form in forms)

    @property
    def plain(self) -> bool:
        """There is one form, and it is not empty."""
        return len(self.forms) == 1 and bool(self.forms[0])

    @property
    def overlap(self) -> int:
        """Bytes of a block that have to be looked at again with the next one."""
        return max((len(form) for form in self.forms), default=1) - 1

    def hay(self, data: bytes) -> bytes:
        """``data`` as the forms are to be looked for in it."""
        return data.lower() if self.any_case else data

    def is_in(self, data: bytes) -> bool:
        hay = self.hay(data)
        return any(form in hay for form in self.forms)

    def spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Begin and end (without the line feed) of each line of ``data`` that holds one of the forms."""
        hay = self.hay(data)
        if self.plain:
            return _spans(hay, self.forms[0], self._last(hay))
        return iter(sorted({s for form in self.forms for s in _spans(hay, form, len(hay))}))

    def count(self, data: bytes) -> int | None:
        """How many lines hold the text, for ``plain`` ones; None where one may be no row by its first
        byte. Whether hits lie close together is taken from the block before."""
        hay = self.hay(data)
        found = self._count_pass(hay) if self._dense else self._count_jumps(hay)
        if found is not None:
            self._dense = found * _DENSE > len(hay)
        return found

    def _count_pass(self, hay: bytes) -> int | None:
        if hay and (hay[0] in _NO_ROW or _NO_ROW_BELOW.search(hay)):
            return None
        if self._line is None:  # the empty group: no line is copied
            self._line = re.compile(re.escape(self.forms[0]) + b"()[^\n]*")
        return len(self._line.findall(hay))

    def _count_jumps(self, hay: bytes) -> int | None:
        rfind, form = hay.rfind, self.forms[0]
        found, hit = 0, self._last(hay)
        while hit >= 0:
            found += 1
            end = rfind(NEW_LINE, 0, hit)
            if hay[end + 1] in _NO_ROW:
                return None
            hit = rfind(form, 0, end) if end > 0 else -1
        return found

    def _last(self, hay: bytes) -> int:
        """Where the last hit is, -1 for none."""
        if self._rare is None:
            sample = hay[:_SAMPLE]
            self._rare = min({self.forms[0][n : n + 1] for n in range(len(self.forms[0]))}, key=sample.count)
        return hay.rfind(self.forms[0]) if self._rare in hay else -1


def _spans(hay: bytes, form: bytes, last: int) -> Iterator[tuple[int, int]]:
    """``last``: where the last hit is, or somewhere behind it."""
    if last < 0:
        return
    if not form:
        yield from _all_lines(hay)
        return
    rfind = hay.rfind
    # Not bytes.find: for a text of six bytes and more it makes a table anew at every call on a large block.
    for hit in re.finditer(re.escape(form) + b"[^\n]*", hay):
        start, end = hit.span()
        yield rfind(NEW_LINE, 0, start) + 1, end


def _all_lines(hay: bytes) -> Iterator[tuple[int, int]]:
    at, whole = 0, len(hay)
    while at < whole:
        end = hay.find(NEW_LINE, at)
        end = whole if end < 0 else end
        yield at, end
        at = end + 1


def line_starts(hay: bytes, form: bytes) -> Iterator[int]:
    """Where the lines begin that hold ``form``."""
    return (start for start, _ in _spans(hay, form, len(hay)))
