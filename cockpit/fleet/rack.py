"""The Exchange sessions of a collector: lent to whoever has work, as many as the user's quota leaves us.

Lanes borrow a session for one job each. The rack opens a further one when work waits and :class:`Share`
allows it, asks for room from time to time, and closes what nobody uses. A thread of its own does the latter.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, TypeVar

from cockpit.exchange.cmdlets import ExchangeCmdlets
from cockpit.exchange.errors import ExchangeError, ThrottledError
from cockpit.exchange.patience import PATIENCE
from cockpit.fleet.entry import EntryFailure, EntrySession
from cockpit.fleet.share import Share

_T = TypeVar("_T")

IDLE_SECONDS: Final = 60.0
"""A session that nobody used for so long is closed."""
GROWTH_SECONDS: Final = 0.25
"""How long a read waits for one of the sessions there are before a further one is opened for it."""
TIDY_SECONDS: Final = 10.0
"""Between two tries to delete shells that could not be deleted, on servers that are asked nothing else."""
_LOOK_SECONDS: Final = 1.0
"""The longest nap of anybody who waits: times are read anew."""


class Urgency(IntEnum):
    """Who comes first."""

    PERSON = 0
    """Somebody waits for this very answer."""
    LOOK = 1
    """The list of servers, and what is on the screen."""
    POLL = 2
    SUSPECT = 3
    """A server that may not answer, and will hold its session for long."""


class RackClosedError(Exception):
    """The collector ends: there are no more sessions."""


@dataclass(eq=False, slots=True)
class _Slot:
    """A session that is open. ``leaves``: closed when it comes back; ``for_room``: to make room."""

    entry: EntrySession
    born: float
    used: float
    leaves: bool = False
    for_room: bool = False


@dataclass(order=True, slots=True)
class _Waiter:
    urgency: Urgency
    number: int
    since: float = field(compare=False)
    opening: bool = field(default=False, compare=False)


class Rack:
    """Sessions made by ``make``, which is given a running number. Any thread may ask for one."""

    def __init__(
        self,
        limit: int,
        make: Callable[[int], EntrySession],
        *,
        clock: Callable[[], float] = time.monotonic,
        roll: Callable[[], float] = lambda: random.uniform(-1.0, 1.0),  # noqa: S311 -- jitter
    ) -> None:
        self._make = make
        self._clock = clock
        self._roll = roll
        self._changed = threading.Condition()
        self._share = Share(limit)
        self._idle: list[_Slot] = []
        self._lent: set[_Slot] = set()
        self._spare: list[EntrySession] = []
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._opening = 0
        self._made = 0
        self._closed = False
        self._refusal: ExchangeError | None = None
        self._tidy_at = 0.0
        self._keeper = threading.Thread(target=self._keep, name="rack", daemon=True)

    def start(self) -> None:
        self._keeper.start()

    def use(self, urgency: Urgency, job: Callable[[ExchangeCmdlets], _T]) -> _T:
        """Run ``job`` on a session, waiting for one where there is none.

        Raises ExchangeError for what concerns the job itself, EntryFailure when no entry server works or
        no shell was granted for PATIENCE seconds, RackClosedError at the end.
        """
        since = self._clock()
        while True:
            with self._borrowed(urgency, since) as slot:
                try:
                    return slot.entry.use(job)
                except EntryFailure as failure:
                    # The session was lost, and its place was taken by somebody else: nothing was sent.
                    if not isinstance(failure.error, ThrottledError):
                        raise
                    self._was_refused(failure.error)

    @property
    def shortage(self) -> ExchangeError | None:
        """The refusal that leaves us without any session; None while there is one, or nobody needs one."""
        with self._changed:
            return None if self._idle or self._lent else self._refusal

    def close(self) -> None:
        """No more sessions: whoever waits is told, what comes back is closed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def empty(self) -> None:
        """After :meth:`close`: close what lies idle. Several threads may do it together."""
        while True:
            with self._changed:
                if self._idle:
                    slot = self._idle.pop()
                    self._lent.add(slot)
                elif self._spare:
                    entry, slot = self._spare.pop(), None
                else:
                    return
            if slot is not None:
                self._put_away(slot)
            else:
                entry.close()

    def cuts(self) -> list[Callable[[], None]]:
        """For each session that is in use: what deletes its shell under the call, from any thread."""
        with self._changed:
            return [slot.entry.cut for slot in self._lent]

    # --- lending -----------------------------------------------------------------------------------

    @contextmanager
    def _borrowed(self, urgency: Urgency, since: float) -> Iterator[_Slot]:
        slot = self._take(urgency, since)
        try:
            yield slot
        finally:
            self._give_back(slot)

    def _take(self, urgency: Urgency, since: float) -> _Slot:
        waiter = _Waiter(urgency, next(self._numbers), since)
        with self._changed:
            insort(self._waiting, waiter)
        try:
            while True:
                slot = self._wait(waiter) or self._open()
                if slot is not None:
                    return slot
        finally:
            with self._changed:
                self._waiting.remove(waiter)
                self._changed.notify_all()

    def _wait(self, waiter: _Waiter) -> _Slot | None:
        """A session that has come free; None when ``waiter`` shall open one."""
        with self._changed:
            waiter.opening = False
            while True:
                if self._closed:
                    raise RackClosedError
                now = self._clock()
                if next(w for w in self._waiting if not w.opening) is waiter:
                    if self._idle:
                        slot = self._idle.pop()
                        self._lent.add(slot)
                        return slot
                    if self._may_open(waiter, now):
                        waiter.opening = True
                        self._opening += 1
                        self._changed.notify_all()
                        return None
                if not self._held() and self._refusal is not None and now - waiter.since > PATIENCE:
                    raise EntryFailure(self._refusal)
                self._changed.wait(self._nap(waiter, now))

    def _held(self) -> int:
        return len(self._idle) + len(self._lent)

    def _may_open(self, waiter: _Waiter, now: float) -> bool:
        held = self._held()
        if held and waiter.urgency > Urgency.LOOK and now - waiter.since < GROWTH_SECONDS:
            return False
        return self._share.may_open(held, self._opening, now)

    def _nap(self, waiter: _Waiter, now: float) -> float:
        due = max(self._share.opens_at(self._held()), waiter.since + GROWTH_SECONDS)
        return min(due - now, _LOOK_SECONDS) if due > now else _LOOK_SECONDS

    def _open(self) -> _Slot | None:
        """A session of our own; None when there is no shell left for it."""
        entry = self._closed_entry()
        try:
            entry.open()
        except EntryFailure as failure:
            self._put_entry_away(entry)
            if not isinstance(failure.error, ThrottledError):
                raise
            self._was_refused(failure.error)
            return None
        except BaseException:
            self._put_entry_away(entry)
            raise
        with self._changed:
            self._opening -= 1
            slot = self._opened(entry)
            self._lent.add(slot)
            if not self._closed:
                return slot
        self._put_away(slot)
        raise RackClosedError

    def _opened(self, entry: EntrySession) -> _Slot:
        """Under the lock: what a new session changes."""
        now = self._clock()
        self._share = self._share.granted(now, self._roll())
        self._refusal = None
        return _Slot(entry, now, now)

    def _closed_entry(self) -> EntrySession:
        """One to open: used ones first, for they know of shells that could not be deleted yet."""
        with self._changed:
            if self._spare:
                return self._spare.pop(0)
            number, self._made = self._made, self._made + 1
        return self._make(number)

    def _put_entry_away(self, entry: EntrySession) -> None:
        with self._changed:
            self._opening -= 1
            self._spare.append(entry)
            self._changed.notify_all()

    def _was_refused(self, error: ExchangeError) -> None:
        with self._changed:
            held = sum(slot.entry.is_open for slot in (*self._idle, *self._lent))
            self._share = self._share.refused(held, self._clock(), self._roll())
            self._refusal = error

    def _give_back(self, slot: _Slot) -> None:
        with self._changed:
            slot.used = self._clock()
            if slot.entry.is_open and not slot.leaves and not self._closed:
                self._lent.remove(slot)
                self._idle.append(slot)
                self._changed.notify_all()
                return
        self._put_away(slot)

    def _put_away(self, slot: _Slot) -> None:
        """Close a session that is lent (to us)."""
        slot.entry.close()
        with self._changed:
            self._lent.remove(slot)
            self._spare.append(slot.entry)
            if slot.for_room:
                self._share = self._share.gave_back(self._held(), self._clock(), self._roll())
            self._changed.notify_all()

    # --- keeping -----------------------------------------------------------------------------------

    def _keep(self) -> None:
        """On a thread of its own, until the end."""
        while True:
            with self._changed:
                if self._closed:
                    return
                now = self._clock()
                slot, asks = self._unused(now), self._asks(now)
                if slot is None and not asks and now < self._tidy_at:
                    self._changed.wait(_LOOK_SECONDS)
                    continue
            if slot is not None:
                self._put_away(slot)
            elif asks:
                self._ask()
            else:
                self._tidy()

    def _unused(self, now: float) -> _Slot | None:
        """Under the lock: one that nobody used for long, taken out."""
        slot = next((s for s in self._idle if now - s.used >= IDLE_SECONDS), None)
        if slot is not None:
            self._idle.remove(slot)
            self._lent.add(slot)
        return slot

    def _asks(self, now: float) -> bool:
        return self._opening == 0 and self._share.must_ask(self._held(), now)

    def _tidy(self) -> None:
        """One by one, so that whoever wants to open a session finds the others."""
        self._tidy_at = self._clock() + TIDY_SECONDS
        with self._changed:
            number = len(self._spare)
            untidy = [slot for slot in self._idle if slot.entry.untidy]
        for _ in range(number):
            with self._changed:
                if not self._spare:
                    break
                entry = self._spare.pop(0)
            entry.clean_up()
            with self._changed:
                self._spare.append(entry)
        for slot in untidy:
            self._tidy_open(slot)

    def _tidy_open(self, slot: _Slot) -> None:
        """A session that is open may have left shells at the entry servers it was at before. Not while
        somebody uses it."""
        with self._changed:
            if slot not in self._idle:
                return
            self._idle.remove(slot)
            self._lent.add(slot)
            used = slot.used
        try:
            slot.entry.clean_up()
        finally:
            self._give_back(slot)
            slot.used = used

    def _ask(self) -> None:
        """Ask for room, on the entry server of the session that would leave."""
        with self._changed:
            oldest = min((*self._idle, *self._lent), key=lambda s: s.born, default=None)
            if oldest is None:
                return
            full = self._held() >= self._share.limit
            self._opening += 1
        entry = self._closed_entry()
        entry.follow(oldest.entry)
        error: ExchangeError | None = None
        try:
            if not full:
                entry.open_here()
        except ExchangeError as refused:
            error = refused
        with self._changed:
            self._opening -= 1
            self._answered(entry, oldest, error)
            leaves = oldest.leaves and oldest in self._idle
            if leaves:
                self._idle.remove(oldest)
                self._lent.add(oldest)
            self._changed.notify_all()
        if leaves:
            self._put_away(oldest)

    def _answered(self, entry: EntrySession, oldest: _Slot, error: ExchangeError | None) -> None:
        """Under the lock: what the answer to the question for room means."""
        now = self._clock()
        room = entry.is_open
        if room:
            self._idle.insert(0, self._opened(entry))
        else:
            self._spare.append(entry)
        # At our own limit nobody was asked: one is given back all the same, as others may be at theirs.
        crowded = isinstance(error, ThrottledError)
        self._share = self._share.asked(now, self._roll(), room=not crowded)
        if room or crowded or error is None:
            oldest.leaves = True
            oldest.for_room = not room
