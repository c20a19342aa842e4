"""What the cockpit knows of recoveries, and its one way to them. No Textual in here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import field
from threading import Lock
from typing import TYPE_CHECKING

from cockpit.config.language import N_
from cockpit.frozen import dataclass
from cockpit.recovery.client import RefusedError
from cockpit.recovery.marks import Life
from cockpit.ui.look import Line
from cockpit.ui.standing import Marks, marks

if TYPE_CHECKING:
    from cockpit.recovery.client import Recovery
    from cockpit.recovery.view import RunLine, RunView, Standing

NOT_HERE = N_("This cockpit was opened without a journal, so it has no recoveries.")
POLL_SECONDS, IDLE_POLL_SECONDS = 0.5, 2.0
"""Between two looks at the journal's position: while a run or the history is open, and else."""
FRESH_SECONDS = 5.0
"""A lease ends without anything being written: what is not ended is read again after this."""
SWEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class News:
    """What one look at the journal gave; None where it was not read. ``refused``: of the run alone."""

    standing: Standing | None = None
    view: RunView | None = None
    runs: tuple[RunLine, ...] | None = None
    refused: RefusedError | None = None


@dataclass(slots=True)
class Recoveries:
    """State beside the screens; changed only by the app's handlers and the screens that open and close.

    ``run``: the run that is looked at; ``listing``: the history is. ``told``: the status line.
    """

    factory: Callable[[], Recovery] | None
    standing: Standing | None = None
    runs: tuple[RunLine, ...] | None = None
    marks: Marks = field(default_factory=Marks)
    run: str = ""
    listing: bool = False
    busy: set[str] = field(default_factory=set)
    told: tuple[Line, ...] = ()
    problem: str = ""
    said_leaving: bool = False
    reported: dict[str, str] = field(default_factory=dict)
    """Kinds of unforeseen errors, with the line that names their crash file."""
    _made: Recovery | None = None
    _lock: Lock = field(default_factory=Lock)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: tuple[int, str, bool] | None = None
    _read_at: float = 0.0

    @property
    def available(self) -> bool:
        return self.factory is not None

    def arrived(self, standing: Standing) -> bool:
        """A standing; True when it differs from what was known."""
        if standing == self.standing:
            return False
        self.standing = standing
        self.marks = marks(standing)
        return True

    def look(self, run: str = "", listing: bool = False) -> None:
        """What is on the screen now: it is read at once, and polled."""
        if (run, listing) != (self.run, self.listing):
            self.run, self.listing = run, listing
            self._wake.set()

    def poke(self) -> None:
        """Something was written: look now."""
        self._wake.set()

    async def pause(self) -> None:
        """Until the next look is due, or wanted."""
        seconds = POLL_SECONDS if self.run or self.listing else IDLE_POLL_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    # In threads

    def client(self) -> Recovery:
        """The recoveries, made at the first call: that imports the database's library."""
        with self._lock:
            if self._made is None:
                if self.factory is None:
                    raise RefusedError(N_("Recoveries"), NOT_HERE)
                self._made = self.factory()
            return self._made

    def read(self) -> News:
        """Look at the journal: cheap while nothing changes. Raises RefusedError."""
        run, listing = self.run, self.listing
        client = self.client()
        before, self._seen = self._seen, None  # what fails below is read again whole
        seen = (client.position(), run, listing)
        if seen == before and time.monotonic() - self._read_at < FRESH_SECONDS:
            self._seen = before
            return News()
        view, refused = None, None
        try:
            view = client.view(run) if run else None
        except RefusedError as error:
            refused = error
        runs = client.runs() if listing else None
        news = News(client.standing(), view, runs, refused)
        self._seen, self._read_at = seen, time.monotonic()
        return news

    def close(self) -> None:
        with self._lock:
            made, self._made, self.factory = self._made, None, None
        if made is not None:
            made.close()

    def line(self, run: str) -> RunLine | None:
        """The run in the standing or the history, when it is there."""
        lines = (*(self.standing.runs if self.standing is not None else ()), *(self.runs or ()))
        return next((line for line in lines if line.run.id == run), None)

    def under_way(self, server: str, monitor: str) -> RunLine | None:
        """The run for this monitor that has not ended."""
        lines = self.standing.runs if self.standing is not None else ()
        wanted = (server.lower(), monitor.lower())
        return next(
            (
                line
                for line in lines
                if line.life is not Life.ENDED
                and (line.run.server.lower(), line.run.monitor.lower()) == wanted
            ),
            None,
        )
