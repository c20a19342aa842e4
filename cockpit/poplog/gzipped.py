"""A ``.gz`` file read at any place, without a decompressed copy on the disk.

The way through the file is marked every few megabytes with a copy of the decompressor (its window of 32 KiB
and its tables); a read goes on from the nearest mark before it. What a file of any size costs: at most
``MARKS`` marks of about 60 KiB, and the ``PIECES`` pieces decompressed last, 10 MB in all. Of several
such files a ``Shelf`` keeps four; the others begin anew when they are looked at again.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cockpit.poplog.bytefile import Mark, mark_of, open_file, read_at
from cockpit.poplog.inflating import Cursor

MAGIC: Final = b"\x1f\x8b"
PIECE: Final = 1 << 18
PIECES: Final = 8
SPACING: Final = 1 << 22
MARKS: Final = 128


class Shelf:
    """The compressed files looked at last; of the others only what is small is kept."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._files: OrderedDict[int, GzippedFile] = OrderedDict()

    def touch(self, file: GzippedFile) -> None:
        with self._lock:
            self._files[id(file)] = file
            self._files.move_to_end(id(file))
            oldest = self._files.popitem(last=False)[1] if len(self._files) > self._most else None
        if oldest is not None:
            oldest.forget()


class GzippedFile:
    """The decompressed bytes of a file of one or more gzip members. Damaged: what comes before the damage."""

    def __init__(self, path: Path, shelf: Shelf | None = None) -> None:
        self.path = path
        self.epoch = 0
        self.problem = ""
        self._shelf = shelf
        self._lock = threading.RLock()
        self._mark: Mark | None = None
        self._length: int | None = None
        self.forget()

    def forget(self) -> None:
        """Give back what is held to read on quickly."""
        with self._lock:
            self._cursor = Cursor()
            self._marks = [Cursor()]
            self._spacing = SPACING
            self._pieces: OrderedDict[int, bytes] = OrderedDict()

    def length(self) -> int:
        self.learn()
        return self._length or 0

    def about(self) -> int:
        descriptor = open_file(self.path)
        try:
            self._look(descriptor)
            if self._length is not None:
                return self._length
            size = os.fstat(descriptor).st_size
            # The frame ends with its length modulo 4 GiB, which says the last member's only.
            said = int.from_bytes(read_at(descriptor, max(0, size - 4), 4, self.path), "little")
            return max(size, said)
        finally:
            os.close(descriptor)

    def learn(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Go through to the end once, for the length; False where ``stop`` said so before."""
        while not stop():
            with self._lock:
                descriptor = open_file(self.path)
                try:
                    self._look(descriptor)
                    if self._length is not None:
                        return True
                    if self._cursor.out < self._marks[-1].out:
                        self._cursor = self._marks[-1].copy()
                    for _ in range(SPACING // PIECE):
                        if not self._step(descriptor):
                            break
                finally:
                    os.close(descriptor)
        return False

    def read(self, offset: int, most: int) -> bytes:
        if self._shelf is not None:
            self._shelf.touch(self)
        with self._lock:
            descriptor = open_file(self.path)
            try:
                self._look(descriptor)
                return self._read(descriptor, offset, most)
            finally:
                os.close(descriptor)

    def _look(self, descriptor: int) -> None:
        mark = mark_of(descriptor)
        with self._lock:
            if self._mark is not None and self._mark != mark:
                self.epoch += 1
                self.problem = ""
                self._length = None
                self.forget()
            self._mark = mark

    def _read(self, descriptor: int, offset: int, most: int) -> bytes:
        found = []
        number, end = offset // PIECE, offset + most
        while number * PIECE < end:
            piece = self._piece(descriptor, number)
            found.append(piece[max(0, offset - number * PIECE) : end - number * PIECE])
            if len(piece) < PIECE:
                break
            number += 1
        return b"".join(found)

    def _piece(self, descriptor: int, number: int) -> bytes:
        if number in self._pieces:
            self._pieces.move_to_end(number)
            return self._pieces[number]
        start = number * PIECE
        if self._length is not None and start >= self._length:
            return b""
        nearest = self._marks[bisect_right(self._marks, start, key=lambda m: m.out) - 1]
        if not nearest.out <= self._cursor.out <= start:
            self._cursor = nearest.copy()
        while True:
            here = self._cursor.out
            piece = self._step(descriptor)
            if here == start or len(piece) < PIECE:
                return piece if here == start else b""

    def _step(self, descriptor: int) -> bytes:
        """The cursor's next piece, kept; shorter than PIECE, or none, at the end."""
        cursor = self._cursor
        number = cursor.out // PIECE
        piece = cursor.take(lambda at, most: read_at(descriptor, at, most, self.path), PIECE)
        if piece:
            self._pieces[number] = piece
            if len(self._pieces) > PIECES:
                self._pieces.popitem(last=False)
        if len(piece) < PIECE:
            self._length = cursor.out
            self.problem = cursor.problem
            self._cursor = Cursor()
        elif cursor.out >= self._marks[-1].out + self._spacing:
            self._add_mark(cursor)
        return piece

    def _add_mark(self, cursor: Cursor) -> None:
        self._marks.append(cursor.copy())
        if len(self._marks) > MARKS:
            del self._marks[1::2]
            self._spacing *= 2
