"""``pop-cockpit logs tail``: the last lines of logs, and with ``-f`` every new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cockpit.commands.logs import OK, UNREADABLE, Place, Printer, Wanted, places, tell
from cockpit.commands.output import end_in_order, reader_may_leave, when_nobody_reads
from cockpit.poplog.beginning import FromEnd
from cockpit.poplog.document import Entry
from cockpit.poplog.feed import Batch, Happened, StreamState
from cockpit.poplog.names import parse_name
from cockpit.poplog.sessions import is_error, is_health_mailbox
from cockpit.poplog.tailing import Followed, Tailing


@dataclass(frozen=True, slots=True)
class Filters:
    """``health_mailbox``: "only", "hide" or "" for all."""

    errors: bool = False
    health_mailbox: str = ""

    def test(self) -> Callable[[Entry], bool]:
        """Whether a line is let through."""
        tests: list[Callable[[Entry], bool]] = []
        if self.errors:
            tests.append(lambda e: bool(e.row.problem) or is_error(e.row))
        if self.health_mailbox:
            only = self.health_mailbox == "only"
            tests.append(lambda e: is_health_mailbox(e.row.user) is only)
        return lambda entry: all(test(entry) for test in tests)


def run(wanted: Wanted, lines: int, follow: bool, filters: Filters) -> int:
    """Print until all was printed, or with ``follow`` until interrupted. 0; 3 where a log could not be read.
    Raises ConfigError."""
    found, failed = places(wanted)
    if not found:
        return UNREADABLE
    followed = [_followed(place, lines, follow) for place in found]
    named = sum(len(one.writers) for one in followed) > 1
    printer = Printer(wanted.form, local_time=wanted.local_time, named=named)
    shown = _Shown(printer, filters.test(), follow=follow)
    tailing = Tailing(followed, shown.take, once=not follow)
    end_in_order()
    with reader_may_leave():
        when_nobody_reads(tailing.stop)
        tailing.run()
    return UNREADABLE if failed or shown.unreadable else OK


def _followed(place: Place, lines: int, follow: bool) -> Followed:
    chain = not place.file or (follow and parse_name(place.file) is not None)
    start = FromEnd(lines, unended=not follow)
    return Followed(place.source, place.source.name, place.writers, start, file=place.file, chain=chain)


class _Shown:
    """Prints batches, and remembers which logs could not be read."""

    def __init__(self, printer: Printer, wanted: Callable[[Entry], bool], *, follow: bool) -> None:
        self._printer = printer
        self._wanted = wanted
        self._follow = follow
        self._problems: dict[int, str] = {}
        self._lost: set[tuple[str, str | None]] = set()
        self._streams: tuple[StreamState, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Some log could not be read to the end, or none is there at all."""
        return bool(self._lost) or all(s.problem for s in self._streams)

    def take(self, batch: Batch) -> None:
        """Print what a batch brought, its notices first: whoever reads a line then knows of its file."""
        for notice in batch.notices:
            if notice.kind is Happened.ROLLED_OVER and not self._follow:
                continue  # that the last lines are in several files is no news
            tell(notice.text if notice.server in notice.text else f"{notice.server}: {notice.text}")
            whose = notice.server, notice.writer
            if notice.kind is Happened.LOST or (notice.kind is Happened.SKIPPED and not self._follow):
                self._lost.add(whose)
            elif notice.kind is Happened.BACK:
                self._lost.discard(whose)
        self._tell_problems(batch.streams)
        self._printer.show(entry for entry in batch.entries if self._wanted(entry))

    def _tell_problems(self, streams: tuple[StreamState, ...]) -> None:
        """Why a log is not read, where no notice has said it."""
        self._streams = streams or self._streams
        for n, state in enumerate(streams):
            known, self._problems[n] = self._problems.get(n, ""), state.problem
            if state.problem and state.problem != known and (state.server, state.writer) not in self._lost:
                tell(f"{state.server} {state.writer or state.file}: {state.problem}")
