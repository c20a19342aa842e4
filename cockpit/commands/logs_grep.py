"""``pop-cockpit logs grep``: lines that hold a text, searched where the logs are."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from cockpit.commands.logs import OK, UNREADABLE, Place, Printer, Wanted, places, tell, words
from cockpit.commands.output import end_in_order, reader_may_leave
from cockpit.poplog import searching
from cockpit.poplog.document import Entry
from cockpit.poplog.errors import LogError
from cockpit.poplog.names import Writer
from cockpit.poplog.searching import Query

NOTHING: Final = 1
_AHEAD: Final = 16
"""Stretches of hits that a server may be ahead of what is printed."""
_END_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Search:
    """``since`` and ``until``: aware; None is open. ``count``: only the number."""

    text: str
    any_case: bool
    since: datetime | None
    until: datetime | None
    count: bool


def run(wanted: Wanted, search: Search) -> int:
    """Print the hits of every log, one after the other, as they come: 0 found, 1 not, 3 a log could not be
    searched. Raises ConfigError."""
    found, failed = places(wanted)
    printer = Printer(
        wanted.form,
        local_time=wanted.local_time,
        named=len(found) > 1 or any(len(p.writers) > 1 for p in found),
    )
    query = Query(search.text, search.any_case, search.since, search.until)
    stop = threading.Event()
    end_in_order()
    # All are searched at the same time; their hits are printed in the order they were named.
    searched = [_Searched(place, query, stop, search.count) for place in found]
    count = 0
    try:
        with reader_may_leave():
            for one in searched:
                for hits in one.hits():
                    if isinstance(hits, int):
                        count += hits
                    else:
                        count += len(hits)
                        printer.show(hits)
            if search.count:
                print(count)
    finally:
        stop.set()
        for one in searched:
            one.end()
    failed = failed or any(one.failed for one in searched)
    return UNREADABLE if failed else OK if count else NOTHING


_Part: TypeAlias = "list[Entry] | int"
_Hits: TypeAlias = "_Part | Exception | None"


class _Searched:
    """One source, searched on a thread of its own: an interrupt does not wait for the server's answer.
    ``count``: hits are only counted."""

    def __init__(self, place: Place, query: Query, stop: threading.Event, count: bool) -> None:
        self.failed = False
        self._place = place
        self._query = query
        self._stop = stop
        self._count = count
        self._found: queue.Queue[_Hits] = queue.Queue(_AHEAD)
        self._thread = threading.Thread(target=self._run, name="search", daemon=True)
        self._thread.start()

    def hits(self) -> Iterator[_Part]:
        """Hits in order, or how many. A log that cannot be searched (any further) is told of."""
        while (found := self._found.get()) is not None:
            if isinstance(found, LogError):
                tell(f"{self._place.source.name}: {words(found)}")
                self.failed = True
            elif isinstance(found, Exception):
                raise found
            else:
                yield found

    def end(self) -> None:
        """The session is given back if that goes quickly."""
        while self._thread.is_alive() and not self._found.empty():
            self._found.get()
        self._thread.join(_END_SECONDS)

    def _parts(self, writer: Writer | None) -> Iterator[_Part | LogError]:
        place = self._place
        if self._count:
            return searching.count(place.source, writer, place.file, self._query, self._stop.is_set)
        return searching.search(place.source, writer, place.file, self._query)

    def _run(self) -> None:
        place = self._place
        try:
            for writer in place.writers:
                try:
                    for hits in self._parts(writer):
                        self._found.put(hits)
                        if self._stop.is_set():
                            return
                except LogError as error:
                    self._found.put(error)
        except Exception as error:
            self._found.put(error)
        finally:
            place.source.close()
            self._found.put(None)
