"""What screens and commands may do with recoveries. The journal is the only interface to a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cockpit.exchange.model import MonitoringProbeResult
    from cockpit.journal.records import Answer, WishKind
    from cockpit.poplog.trace import Trace
    from cockpit.recovery.logging_view import LoggingState
    from cockpit.recovery.view import Plan, RunLine, RunView, Standing


class RefusedError(Exception):
    """It was not done: ``what`` was asked, ``why`` not, what ``helps``; each one sentence."""

    def __init__(self, what: str, why: str, helps: str = "") -> None:
        super().__init__(f"{what}: {why}")
        self.what = what
        self.why = why
        self.helps = helps


class NotBackError(RefusedError):
    """An obligation's value is not what it was before; ``helps`` gives the command that puts it back."""


class Recovery(Protocol):
    """All methods block (a file or database is read, at ``plan``, ``trace`` and ``sweep`` also servers), so a
    screen calls them from a thread. All raise RefusedError, and nothing else that is foreseen."""

    def position(self) -> int:
        """A number that changes whenever anything does; cheap."""

    def standing(self) -> Standing:
        """What is open, with the orphans of the last sweep."""

    def runs(self, limit: int = 100) -> tuple[RunLine, ...]:
        """Newest first."""

    def view(self, run: str) -> RunView:
        """One run, whole. ``run`` may be a unique beginning of its id."""

    def plan(self, server: str, monitor: str) -> Plan:
        """Read everything now and send nothing else."""

    def trace(self, server: str, identity: str, result: MonitoringProbeResult) -> Trace:
        """The mailbox server behind a probe's result, with all evidence; reads only."""

    def start(self, server: str, monitor: str, *, auto: bool = False) -> str:
        """Start a run in a process of its own; its id. Refused while the scope is someone's."""

    def answer(self, run: str, question: int, answer: Answer) -> None:
        """Answer a question; starts a worker when nobody works on the run any more."""

    def wish(self, run: str, kind: WishKind, reason: str) -> None:
        """Ask a living run to abort, or to end its wait."""

    def resume(self, run: str) -> None:
        """Work on a run that was left, or take it over once its lease has ended."""

    def abort(self, run: str, reason: str) -> None:
        """Undo what is open, newest first, and end the run; by its worker, or by a new one."""

    def export(self, run: str, folder: Path) -> Path:
        """Write the evidence bundle; its path."""

    def settle(self, obligation: int, reason: str, *, accept: bool = False) -> None:
        """Close an obligation that was handed over: its value is back, or (``accept``) stays as it is."""

    def logging(self, server: str) -> LoggingState:
        """How protocol logging stands on a server, everything read now; asks servers."""

    def start_logging(self, server: str, services: str, seconds: int, *, auto: bool = False) -> str:
        """Turn protocol logging on for a time (0: as configured) in a run, which rests while it is on; the
        run's id. ``services``: whose are restarted: ``front``, ``back``, ``both``, or empty: by the role."""

    def keep_logging(self, server: str, seconds: int) -> str:
        """Have the run that rests with it on keep it on, for so long from now (0: for as long as it
        was to be on so far); its id."""

    def end_logging(self, server: str, *, auto: bool = False) -> str:
        """Have the run that rests with it on put it back; without one, start one that turns it off."""

    def sweep(self) -> Standing:
        """Look at every server now and compare with the open obligations."""

    def operator(self) -> str:
        """Who we are, as the journal writes it."""

    def close(self) -> None: ...
