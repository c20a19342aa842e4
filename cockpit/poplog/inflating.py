"""A gzip decompressor on its way through a file, which can be copied and goes on from where it was."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from cockpit.config.language import N_

_INPUT: Final = 1 << 14
_GZIP: Final = 31  # zlib's word for a window of 32 KiB in a gzip frame


class Cursor:
    """``out``: bytes it has given. ``problem``: why it ended before the file's end, "".

    ``at``: the next compressed byte to read; ``_tail``: those read and not used yet.
    """

    __slots__ = ("_ended", "_engine", "_tail", "at", "out", "problem")

    def __init__(self) -> None:
        self.at = self.out = 0
        self.problem = ""
        self._tail = b""
        self._engine = zlib.decompressobj(_GZIP)
        self._ended = False

    def copy(self) -> Cursor:
        twin = Cursor()
        twin.at, twin.out, twin.problem = self.at, self.out, self.problem
        twin._tail, twin._ended = self._tail, self._ended
        twin._engine = self._engine.copy()
        return twin

    def take(self, read: Callable[[int, int], bytes], most: int) -> bytes:
        """The next ``most`` bytes, fewer only at the end. ``read``: compressed bytes, by offset and size."""
        found: list[bytes] = []
        got = 0
        while got < most and not self._ended:
            if self._engine.eof and not self._next_member(read):
                break
            piece = self._inflate(read, most - got)
            found.append(piece)
            got += len(piece)
        self.out += got
        return b"".join(found)

    def _inflate(self, read: Callable[[int, int], bytes], most: int) -> bytes:
        data = self._tail or self._more(read)
        try:
            piece = self._engine.decompress(data, most)
        except zlib.error as error:
            self._end(N_("damaged: {error}").format(error=error))
            return b""
        self._tail = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
        if not data and not piece and not self._engine.eof:
            self._end(N_("cut off: its end is missing"))
        return piece

    def _more(self, read: Callable[[int, int], bytes]) -> bytes:
        data = read(self.at, _INPUT)
        self.at += len(data)
        return data

    def _next_member(self, read: Callable[[int, int], bytes]) -> bool:
        """Go on behind a member's end, past zeros that fill a block; False at the file's end."""
        rest = self._tail.lstrip(b"\0")
        while len(rest) < 2:
            data = self._more(read)
            if not data:
                break
            rest = (rest + data).lstrip(b"\0")
        if rest[:2] != b"\x1f\x8b":
            self._end(N_("followed by bytes that are not compressed") if rest else "")
            return False
        self._engine, self._tail = zlib.decompressobj(_GZIP), rest
        return True

    def _end(self, problem: str) -> None:
        self._ended, self.problem = True, problem
