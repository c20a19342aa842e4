"""What the parts of the engine share: the journal, the leases, the servers, the environment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cockpit.config.environment import Environment, RecoverySettings
from cockpit.journal.errors import JournalError
from cockpit.journal.records import Obligation, Run
from cockpit.journal.store import Journal, Writer
from cockpit.recovery.access import Access
from cockpit.recovery.keeper import Keeper

T = TypeVar("T")


def _no_phase(step: str, phase: str) -> None:  # noqa: ARG001
    return


def _local_now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Work:
    """``bundles``: where evidence bundles go. ``phase(step, name)`` is told where an attempt is: ``before
    intent``, ``after intent``, ``after effect``, ``after result``. ``local``: this host's present time."""

    journal: Journal
    keeper: Keeper
    access: Access
    environment: Environment
    bundles: Path
    phase: Callable[[str, str], None] = _no_phase
    local: Callable[[], datetime] = _local_now
    secrets: tuple[str, ...] = ()
    """Passwords of this worker, to be cut wherever they should turn up in a bundle."""
    look_every: float = 0.5
    """Seconds between two looks for an answer or a wish."""

    @property
    def settings(self) -> RecoverySettings:
        return self.environment.recovery

    @contextmanager
    def write(self, run: Run) -> Iterator[Writer]:
        """One transaction under the run's lease."""
        with self.journal.write(self.keeper.hold(run.scope)) as writer:
            yield writer
        self.keeper.renewed(writer.hold)

    def patient(self, run: Run, read: Callable[[], T]) -> T:
        """A read of the journal that waits out its short absences, for as long as the lease is ours.

        Raises JournalError, LeaseLostError.
        """
        while True:
            try:
                return read()
            except JournalError:
                if self.keeper.hold(run.scope).remaining() <= 0:
                    raise
                time.sleep(self.look_every)

    def obligations(self, run: Run) -> tuple[Obligation, ...]:
        """The run's own open ones that nobody has taken over, oldest first."""
        return tuple(o for o in self.journal.obligations(run=run.id) if o.handed_at is None)
