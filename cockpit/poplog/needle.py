"""A text to be found in the bytes of log lines, at about the speed of grep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_SAMPLE: Final = 1 << 16
NEW_LINE: Final = b"\n"


class Needle:
    """What is looked for: ``forms``, every form it may have in a file. ``any_case``: ASCII letters match in
    either case, and the forms are in lower case.

    A block is first asked for the byte of the text that is rarest in the first block, which is memchr; then
    for its last hit: bytes.rfind skips over what cannot match up to twice as quickly as bytes.find.
    """

    __slots__ = ("_rare", "any_case", "forms")

    def __init__(self, text: str, *, any_case: bool = False) -> None:
        """``text`` in UTF-8, and in Windows-1252 where that differs (parse.decoded). Every line holds "",
        none a text with a line end."""
        self.any_case = any_case
        self._rare: bytes | None = None
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

    def count(self, data: bytes) -> int:
        """How many lines hold the text; for ``plain`` ones."""
        hay = self.hay(data)
        form, last = self.forms[0], self._last(hay)
        find, found, at = hay.find, 0, 0
        while at <= last:
            found += 1
            at = find(NEW_LINE, find(form, at)) + 1
            if not at:
                break
        return found

    def _last(self, hay: bytes) -> int:
        """Where the last hit is, -1 for none."""
        if self._rare is None:
            sample = hay[:_SAMPLE]
            self._rare = min({self.forms[0][n : n + 1] for n in range(len(self.forms[0]))}, key=sample.count)
        return hay.rfind(self.forms[0]) if self._rare in hay else -1


def _spans(hay: bytes, form: bytes, last: int) -> Iterator[tuple[int, int]]:
    """``last``: where the last hit is, or somewhere behind it."""
    find, rfind, whole = hay.find, hay.rfind, len(hay)
    at = 0
    while at <= last:
        hit = find(form, at)
        if not 0 <= hit < whole:
            return
        end = find(NEW_LINE, hit)
        if end < 0:
            end = whole
        yield rfind(NEW_LINE, 0, hit) + 1, end
        at = end + 1


def line_starts(hay: bytes, form: bytes) -> Iterator[int]:
    """Where the lines begin that hold ``form``."""
    return (start for start, _ in _spans(hay, form, len(hay)))
