"""The part of a log that is on the screen, and a little around it: never more of a document than that.

Lines that the lens holds back are passed over here, a bounded number at a time; what takes longer is a hunt
(``log_hunt``), in a thread. No Textual in here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from cockpit.poplog.document import Anchor, Document, Entry
from cockpit.ui.log_lens import Lens

BLOCK: Final = 256
AT_ONCE: Final = 1_500
"""Lines that are looked at without a thread: some ten milliseconds."""
NEWS_AT_ONCE: Final = 3_000


class Place(NamedTuple):
    """A line with the anchors on both its sides."""

    before: Anchor
    entry: Entry
    after: Anchor


class News(NamedTuple):
    """What came at the end. ``more``: there is more than was looked at."""

    places: tuple[Place, ...]
    more: bool


def _one(_: Entry) -> int:
    return 1


class Window:
    """``items``: lines that pass the lens, without a gap from ``above`` to ``below``, which are how far was
    looked. ``top``, ``cursor``: places in it. ``room``: screen lines; ``height``: those of one entry.

    ``ended_above``, ``ended_below``: there was nothing more when it was looked. ``owed``: lines that the
    last move could not go, for they have not been found yet. ``hunted_below``, ``hunted_above``: a hunt is
    under way there, which alone goes further. All methods raise LogError.
    """

    def __init__(self, document: Document, room: int = 24) -> None:
        self.document = document
        self.room = room
        self.height: Callable[[Entry], int] = _one
        self.lens = Lens()
        self.items: list[Place] = []
        self.top = 0
        self.cursor = 0
        self.above = self.below = self.tail = document.end()
        self.ended_above = self.ended_below = False
        self.owed = 0
        self.hunted_below = self.hunted_above = False
        self._keeps = self.lens.keeper()

    # What it shows

    @property
    def current(self) -> Place | None:
        """The line under the cursor."""
        return self.items[self.cursor] if self.items else None

    @property
    def at_last(self) -> bool:
        """The cursor is on the last line there is, as far as is known."""
        return self.ended_below and self.cursor >= len(self.items) - 1

    def visible(self) -> Sequence[Place]:
        """From the top on, as many as may be on the screen."""
        return self.items[self.top : self.top + self.room]

    def lacks(self) -> int:
        """Lines that the screen has room for and that have not been found yet: below when more than 0, above
        when less."""
        if self.owed:
            return self.owed + (self.room if self.owed > 0 else -self.room)
        if self._used(self.top) >= self.room:
            return 0
        missing = self.room - self._used(self.top)
        if not self.ended_below:
            return missing
        return 0 if self.ended_above or self.top else -missing  # what is above the top does not fit

    # Where it goes

    def to_end(self) -> None:
        """The cursor on the last line."""
        self._empty(self.document.end())
        self.tail = self.below
        self.ended_below = True
        self._fill_up(self.room)
        self.cursor = max(len(self.items) - 1, 0)
        self._settle()

    def to_start(self) -> None:
        self._empty(self.document.start())
        self.ended_above = True
        self._fill_down(self.room)
        self._settle()

    def go(self, anchor: Anchor) -> None:
        """The cursor on the first line after ``anchor``, a third of the screen above it."""
        self._empty(anchor)
        self._fill_down(self.room)
        added = self._fill_up(self.room)
        self.top = max(added - self.room // 3, 0)
        self.cursor = added
        self.owed = 1 if 0 < added == len(self.items) and not self.ended_below else 0
        self._settle()

    def go_to(self, place: Place) -> None:
        """The cursor on a line that is known to pass."""
        for index, known in enumerate(self.items):
            if known.entry is place.entry or known.before == place.before:
                self.cursor = index
                self._settle()
                return
        self._empty(place.before)
        self.items, self.below = [place], place.after
        added = self._fill_up(self.room)
        self._fill_down(self.room)
        self.top = max(added - self.room // 3, 0)
        self.cursor = added
        self._settle()

    def move(self, lines: int) -> None:
        """The cursor up or down."""
        self._reach(lines)
        self._owe(lines)
        self.cursor += lines
        self._settle()

    def scroll(self, lines: int) -> None:
        """Cursor and screen together, as a page does."""
        self._reach(lines)
        self._owe(lines)
        self.cursor += lines
        self.top = min(max(self.top + lines, 0), max(len(self.items) - 1, 0))
        self._settle()

    def point(self, line: int) -> None:
        """The cursor on the entry that covers a line of the screen."""
        index = self.top
        while index < len(self.items) - 1 and line >= (high := self.height(self.items[index].entry)):
            line -= high
            index += 1
        self.cursor = min(index, max(len(self.items) - 1, 0))
        self._settle()

    def resize(self, room: int) -> None:
        self.room = max(room, 1)
        at_end = self.at_last
        self._reach(self.room)
        if at_end:
            self.cursor = max(len(self.items) - 1, 0)
        self._settle()

    def look_through(self, lens: Lens) -> None:
        """The same place through another lens: the line under the cursor, or the next one that passes."""
        at_end, current = self.at_last, self.current
        self.lens, self._keeps = lens, lens.keeper()
        if at_end or current is None:
            self.to_end()
        else:
            self.go(current.before)

    # What comes

    def news(self) -> News:
        """Lines after what was last known as the end. They are not on the screen yet: see ``take``."""
        found: list[Place] = []
        left = NEWS_AT_ONCE
        if self.document.end() == self.tail:  # asked first: only this looks whether a file has grown
            return News((), False)
        while left > 0:
            got = self.document.down(self.tail, min(BLOCK, left))
            for after, entry in got:
                if self._keeps(entry):
                    found.append(Place(self.tail, entry, after))
                self.tail = after
            left -= len(got)
            if not got:
                return News(tuple(found), False)
        return News(tuple(found), True)

    def take(self, places: Sequence[Place]) -> None:
        """New lines at the end, the cursor on the last one."""
        for place in places:
            self._append(place)
        self.below, self.ended_below = self.tail, True
        spare = len(self.items) - 2 * self.room
        if spare > 0:
            self._cut_above(spare)
        self.cursor = max(len(self.items) - 1, 0)
        self._settle()

    def skip_news(self) -> None:
        """What came is more than can be counted: from here on."""
        self.tail = self.document.end()

    def hunted(self, places: Sequence[Place], reached: Anchor, *, back: bool, ended: bool) -> None:
        """What a hunt from ``below`` (``back``: from ``above``) has found, nearest first."""
        if back:
            at_end = self.at_last
            self.items[:0] = list(reversed(places))
            self.top += len(places)
            self.cursor += len(places) if len(self.items) > len(places) else 0
            self.above, self.ended_above = reached, ended
            if at_end:
                self.cursor = max(len(self.items) - 1, 0)
        else:
            for place in places:
                self._append(place)
            self.below, self.ended_below = reached, ended
        wanted = self.cursor + self.owed
        self.cursor = min(max(wanted, 0), max(len(self.items) - 1, 0))
        self.owed = 0 if ended else wanted - self.cursor
        self._settle()

    # Inside

    def _append(self, place: Place) -> None:
        """A line at the end of a file may have been read before its writer was through with it: the whole one
        takes its place."""
        if self.items:
            last, entry = self.items[-1].entry, place.entry
            if (last.offset, last.file, last.server) == (entry.offset, entry.file, entry.server):
                place = Place(self.items.pop().before, entry, place.after)
        self.items.append(place)

    def _empty(self, anchor: Anchor) -> None:
        """Begin anew at ``anchor``. Whoever hunts for the old place has to be stopped."""
        self.items = []
        self.hunted_below = self.hunted_above = False
        self.top = self.cursor = 0
        self.above = self.below = anchor
        self.ended_above = self.ended_below = False
        self.owed = 0

    def _owe(self, lines: int) -> None:
        """What of a move by ``lines`` has to wait until the lines are found."""
        beyond = self.cursor + lines - (len(self.items) - 1)
        if beyond > 0 and not self.ended_below:
            self.owed = beyond
        elif self.cursor + lines < 0 and not self.ended_above:
            self.owed = self.cursor + lines
        else:
            self.owed = 0

    def _reach(self, lines: int) -> None:
        """Have so many lines below or above the cursor, and a screen more."""
        if lines > 0:
            self._fill_down(self.cursor + lines + self.room - len(self.items))
        else:
            self._fill_up(-lines + self.room - self.top)

    def _fill_down(self, wanted: int) -> None:
        left = 0 if self.hunted_below else AT_ONCE
        while wanted > 0 and left > 0:
            got = self.document.down(self.below, wanted if self.lens.open else min(BLOCK, left))
            self.ended_below = not got
            if not got:
                return
            left -= len(got)
            for after, entry in got:
                before, self.below = self.below, after
                if self._keeps(entry):
                    self._append(Place(before, entry, after))
                    wanted -= 1
                    if not wanted:
                        break

    def _fill_up(self, wanted: int) -> int:
        """How many lines came in above."""
        left, found = 0 if self.hunted_above else AT_ONCE, list[Place]()
        while len(found) < wanted and left > 0:
            most = wanted - len(found) if self.lens.open else min(BLOCK, left)
            got = self.document.up(self.above, most)
            self.ended_above = not got
            if not got:
                break
            left -= len(got)
            for before, entry in got:
                after, self.above = self.above, before
                if self._keeps(entry):
                    found.append(Place(before, entry, after))
                    if len(found) == wanted:
                        break
        self.items[:0] = found[::-1]
        self.top += len(found)
        self.cursor += len(found)
        return len(found)

    def _used(self, top: int) -> int:
        """Screen lines from ``top`` on, no more than there is room for."""
        used = 0
        for place in self.items[top:]:
            used += self.height(place.entry)
            if used >= self.room:
                return self.room
        return used

    def _settle(self) -> None:
        """The cursor on the screen, no blank lines below while there are lines above, no more kept than is
        near."""
        self._show_cursor()
        if self._used(self.top) < self.room and not self.ended_above and self.ended_below:
            self._fill_up(self.room)
            self._show_cursor()
        while self.top > 0 and self._used(self.top) < self.room:
            if self._used(self.top) + self.height(self.items[self.top - 1].entry) > self.room:
                break
            self.top -= 1
        self._trim()

    def _show_cursor(self) -> None:
        self.cursor = min(max(self.cursor, 0), max(len(self.items) - 1, 0))
        self.top = min(self.top, self.cursor)
        while self.top < self.cursor and self._over():
            self.top += 1

    def _over(self) -> bool:
        """The line under the cursor ends below the screen."""
        used = 0
        for place in self.items[self.top : self.cursor + 1]:
            used += self.height(place.entry)
            if used > self.room:
                return True
        return False

    def _trim(self) -> None:
        spare = self.top - 4 * self.room
        if spare > 0:
            self._cut_above(spare)
        end = self.top + 6 * self.room
        if end < len(self.items) and not self.hunted_below:
            del self.items[end:]
            self.below, self.ended_below = self.items[-1].after, False

    def _cut_above(self, lines: int) -> None:
        if self.hunted_above:
            return
        del self.items[:lines]
        self.top = max(self.top - lines, 0)
        self.cursor = max(self.cursor - lines, 0)
        if self.items:
            self.above = self.items[0].before
        self.ended_above = False
