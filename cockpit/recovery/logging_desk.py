"""Protocol logging, as screens and commands turn it on and off: the part of an office for it."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.config.language import N_
from cockpit.journal.records import Answer, Choice, Json
from cockpit.recovery import logging_runs, starting
from cockpit.recovery.engine import GOES_ON
from cockpit.recovery.logging_view import LoggingState
from cockpit.recovery.refusing import refusals
from cockpit.recovery.scope import refuse_left_out
from cockpit.recovery.workroom import Workroom


class LoggingDesk(Workroom):
    """What :class:`cockpit.recovery.office.Office` has beside the recoveries."""

    def logging(self, server: str) -> LoggingState:
        """How protocol logging stands on a server, everything read now. Raises RefusedError."""
        with self._servers() as access, refusals(N_("Protocol logging of {server}").format(server=server)):
            refuse_left_out(self._environment, access, server)
            return logging_runs.state(self._journal, access, self._environment, server)

    def start_logging(self, server: str, services: str, seconds: int, *, auto: bool = False) -> str:
        """Turn it on for a time, 0: as long as configured; the run's id. ``services``: ``front``, ``back``,
        ``both``, or empty for the front end where the server has one. Raises RefusedError."""
        what = N_("Turn protocol logging on on {server}").format(server=server)
        self._may_write(what)
        with refusals(what):
            with self._servers() as access:
                book = logging_runs.on(self._journal, access, self._environment.name, server, services)
            return self._start(book, server, "", auto=auto, facts=logging_runs.kept(seconds))

    def keep_logging(self, server: str, seconds: int) -> str:
        """Have our run keep it on, for so long from now, 0: as long as it was for so far; the run's id.
        Raises RefusedError."""
        what = N_("Keep protocol logging on on {server}").format(server=server)
        return self._decide(what, server, Choice.AGAIN, logging_runs.kept(seconds) if seconds else {})

    def end_logging(self, server: str, *, auto: bool = False) -> str:
        """Have our run put it back; without one a run that turns it off. Its id. Raises RefusedError.

        ``auto``: from now on it asks no more where no guard is in the way.
        """
        what = N_("Turn protocol logging off on {server}").format(server=server)
        self._may_write(what)
        with refusals(what):
            if logging_runs.owner(self._journal, self._environment.name, server) is not None:
                return self._decide(what, server, Choice.GO, {GOES_ON: auto} if auto else {})
            with self._servers() as access:
                book = logging_runs.off(access, server)
            return self._start(book, server, "", auto=auto)

    def _decide(self, what: str, server: str, choice: Choice, facts: Mapping[str, Json]) -> str:
        """Answer the question that our run rests at. Only who is heard changes ``facts``: one transaction."""
        self._may_write(what)
        with refusals(what):
            run, question = logging_runs.resting(self._journal, self._environment.name, server)
            starting.not_held(self._journal, run, what)
            with self._journal.write(None) as writer:
                writer.answer(question.id, Answer(choice, self.operator()))
                if facts:
                    writer.facts(run.id, facts)
            self._work_if_left(run)
            return run.id
