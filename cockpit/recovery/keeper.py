"""Keeps leases alive while a run works, and says at once when one is gone."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Final

from cockpit.journal.errors import JournalError, LeaseLostError
from cockpit.journal.store import Hold, Journal

_LOG = logging.getLogger(__name__)

BEATS: Final = 4
"""Renewals in one time-to-live: 60 s gives the 15 s of recovery-engine §6."""
MARGIN: Final = 0.1
"""Part of the time-to-live that must be left when something is sent: the send itself takes time."""


class Keeper:
    """A context manager round a thread. ``hold`` and ``check`` are for the run's own thread."""

    def __init__(self, journal: Journal, ttl: float, *, deadline_check: bool = True) -> None:
        """``deadline_check``: rule 7's look at the local clock. Only a test of the sweep turns it off."""
        self._journal = journal
        self._ttl = ttl
        self._deadline_check = deadline_check
        self._holds: dict[str, Hold] = {}
        self._lost: dict[str, LeaseLostError] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        for scope in tuple(self._holds):
            self.release(scope)

    def acquire(self, scope: str, run: str) -> Hold:
        """Our lease on ``scope``, taken if it is not ours yet. Raises LeaseHeldError."""
        with self._lock:
            held = self._holds.get(scope)
        if held is not None:
            return self.hold(scope)
        taken = self._journal.acquire(scope, run, self._ttl)
        with self._lock:
            self._holds[scope] = taken
        return taken

    def hold(self, scope: str) -> Hold:
        """Our lease as last renewed. Raises LeaseLostError once it is gone."""
        with self._lock:
            if scope in self._lost:
                raise self._lost[scope]
            return self._holds[scope]

    def renewed(self, hold: Hold | None) -> None:
        """A write has renewed it."""
        if hold is None:
            return
        with self._lock:
            kept = self._holds.get(hold.scope)
            if kept is not None and kept.token == hold.token and kept.deadline < hold.deadline:
                self._holds[hold.scope] = hold

    def check(self, scope: str) -> None:
        """The last look before a send (rule 7): by our own clock, inside the lease. Raises LeaseLostError."""
        hold = self.hold(scope)
        if self._deadline_check and hold.remaining() < self._ttl * MARGIN:
            raise LeaseLostError(scope, hold.token)

    def release(self, scope: str) -> None:
        """Let go; a lease that is somebody else's by now needs no release."""
        with self._lock:
            hold = self._holds.pop(scope, None)
            self._lost.pop(scope, None)
        if hold is None:
            return
        try:
            self._journal.release(hold)
        except LeaseLostError as error:
            _LOG.warning("not released: %s", error)

    def _beat(self) -> None:
        while not self._ending.wait(self._ttl / BEATS):
            with self._lock:
                held = tuple(self._holds.values())
            for hold in held:
                self._renew(hold)

    def _renew(self, hold: Hold) -> None:
        try:
            self.renewed(self._journal.renew(hold))
        except LeaseLostError as error:
            with self._lock:
                if self._holds.get(hold.scope) is not None:
                    self._lost[hold.scope] = error
        except JournalError as error:
            # The database may come back before the lease runs out; the deadline decides.
            _LOG.warning("the lease on %s could not be renewed: %s", hold.scope, error)
