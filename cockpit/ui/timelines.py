"""What the cockpit keeps of the timeline, and its one way to it. No Textual in here.

One look at the live picture every few seconds, in a thread: what is new goes into the journal's database in
small batches. A database that cannot be written is said once; what was seen meanwhile is kept, within bounds,
and written when it can be. Watching itself waits for none of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import field
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from cockpit.config.language import N_
from cockpit.fleet.latency import Latency
from cockpit.fleet.sightings import Sighting, Tracker
from cockpit.fleet.snapshot import FleetSnapshot, Reach
from cockpit.fleet.watching import Span, heard, lengthened, patience
from cockpit.frozen import dataclass
from cockpit.journal.errors import JournalError

if TYPE_CHECKING:
    from cockpit.journal.records import Actor
    from cockpit.journal.timeline_records import Away, Past

NOT_HERE: Final = N_("This cockpit was opened without a journal, so it has no timeline.")
LOOK_SECONDS, SCREEN_SECONDS = 5.0, 2.0
"""Between two looks at the live picture: while nobody reads the timeline, and while its screen is open."""
SIGN_SECONDS: Final = 30.0
"""How often the row of our watch is lengthened."""
PRUNE_SECONDS: Final = 300.0
RETRY_SECONDS: Final = 30.0
"""How long a database that could not be written is left alone."""
ROUND_SECONDS: Final = 60.0
"""A server that was not read after so long is not waited for with the line about the time away."""
MOST_WAITING: Final = 10_000
"""Sightings kept while they cannot be written."""
SCREEN_DAYS: Final = 7.0


class Client(Protocol):
    """What is wanted of the timeline; ``cockpit.journal.timeline.Timeline`` has it. All of it blocks, and may
    raise JournalError."""

    actor: Actor

    def write(self, sightings: Sequence[Sighting]) -> int: ...

    def watched(self, span: Span, *, ended: bool = False) -> None: ...

    def prune(self) -> int: ...

    def now(self) -> float: ...

    def position(self) -> int: ...

    def past(self, since: float, server: str = "") -> Past: ...

    def away_since(self, operator: str, process: str) -> float | None: ...

    def away(self, since: float, operator: str) -> Away: ...

    def latencies(self) -> dict[tuple[str, str], list[Latency]]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class News:
    """What one look gave; None: nothing new. ``problem``: why the timeline is not kept, said once."""

    past: Past | None = None
    away: Away | None = None
    latencies: dict[tuple[str, str], list[Latency]] | None = None
    problem: str | None = None

    def __bool__(self) -> bool:
        return any(each is not None for each in (self.past, self.away, self.latencies, self.problem))


@dataclass(slots=True)
class Timelines:
    """``factory`` None: there is no timeline. ``past``, ``away``: as they were read last, changed by the
    app's handlers alone. ``wanted``: the server whose past a screen shows, empty for all, None without a
    screen."""

    factory: Callable[[], Client] | None
    past: Past | None = None
    away: Away | None = None
    wanted: str | None = None
    _made: Client | None = None
    _tracker: Tracker = field(default_factory=Tracker)
    _waiting: list[Sighting] = field(default_factory=list)
    _span: Span | None = None
    _left: Span | None = None
    """A span that has ended, whose end is not written yet."""
    _signed_at: float = 0.0
    _pruned_at: float = 0.0
    _failed_at: float | None = None
    _began: bool = False
    _since: float | None = None
    _first_heard: float | None = None
    _seen: tuple[int, str] | None = None
    _lock: Lock = field(default_factory=Lock)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def available(self) -> bool:
        return self.factory is not None

    def look(self, server: str | None) -> None:
        """What a screen shows now; None: it was closed."""
        if server != self.wanted:
            self.wanted, self.past = server, None
            self._wake.set()

    async def pause(self) -> None:
        """Until the next look is due, or wanted."""
        seconds = LOOK_SECONDS if self.wanted is None else SCREEN_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    # In threads

    def step(self, fleet: FleetSnapshot) -> News:
        """Look at the picture, write what is new, read what is wanted."""
        with self._lock:
            self._look_at(fleet)
            now = time.monotonic()
            if self._failed_at is not None and now - self._failed_at < RETRY_SECONDS:
                return News()
            try:
                news = self._step(self._client(), fleet, now)
            except JournalError as error:
                said = self._failed_at is not None
                self._failed_at = time.monotonic()
                return News() if said else News(problem=str(error))
            self._failed_at = None
            return news

    def _client(self) -> Client:
        """Made at the first call: that imports the database's library."""
        if self._made is None:
            if self.factory is None:
                raise JournalError(NOT_HERE)
            self._made = self.factory()
        return self._made

    def _look_at(self, fleet: FleetSnapshot) -> None:
        for server in fleet.servers.values():
            self._waiting += self._tracker.look(server)
        moment = heard(fleet)
        if moment is not None:
            span = lengthened(self._span, moment, patience(fleet))
            if self._span is not None and span.since != self._span.since:
                self._left = self._span
            self._span = span
        if len(self._waiting) > MOST_WAITING:
            # What was seen and cannot be told must not look as if it had not happened: nobody watched then.
            del self._waiting[:-MOST_WAITING]
            self._span = self._left = None

    def _step(self, client: Client, fleet: FleetSnapshot, now: float) -> News:
        latencies = None
        if not self._began:
            # Before we write of our own watch.
            self._since = client.away_since(client.actor.operator, client.actor.process)
            latencies = client.latencies()
            self._began = True
        self._write(client, now)
        self._prune(client, now)
        return News(self._past(client), self._away(client, fleet, now), latencies)

    def _write(self, client: Client, now: float) -> None:
        if self._waiting:
            client.write(self._waiting)
            self._waiting = []
        if self._left is not None:
            client.watched(self._left, ended=True)
            self._left, self._signed_at = None, 0.0
        if self._span is not None and (not self._signed_at or now - self._signed_at >= SIGN_SECONDS):
            client.watched(self._span)
            self._signed_at = now

    def _prune(self, client: Client, now: float) -> None:
        if now - self._pruned_at >= PRUNE_SECONDS and not client.prune():
            self._pruned_at = now

    def _past(self, client: Client) -> Past | None:
        wanted = self.wanted
        if wanted is None:
            return None
        seen = (client.position(), wanted)
        if seen == self._seen and self.past is not None:
            return None
        self._seen = seen
        return client.past(client.now() - SCREEN_DAYS * 86_400.0, wanted)

    def _away(self, client: Client, fleet: FleetSnapshot, now: float) -> Away | None:
        """Once, after every server was read, or long enough after the first."""
        if self._since is None or self._span is None:
            return None
        self._first_heard = self._first_heard or now
        awaited = any(s.reach is Reach.UNKNOWN for s in fleet.servers.values())
        if awaited and now - self._first_heard < ROUND_SECONDS:
            return None
        since, self._since = self._since, None
        return client.away(since, client.actor.operator)

    def close(self) -> None:
        """Write what is left and that we watch no more. Gives up at once where a look is still under way."""
        if not self._lock.acquire(timeout=0.5):
            return
        try:
            made, self._made, self.factory = self._made, None, None
            if made is None:
                return
            try:
                if self._failed_at is None:
                    self._write(made, 0.0)
                    if self._span is not None:
                        made.watched(self._span, ended=True)
            except JournalError:
                return  # that it cannot be written was said; the end of the watch is its last sign
            finally:
                made.close()
        finally:
            self._lock.release()
