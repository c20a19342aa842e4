"""One server's logs, read over and over on a thread of its own: quickly while lines come, then slower."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cockpit.config.language import N_
from cockpit.exchange.text import clean_line
from cockpit.poplog.beginning import BLOCK
from cockpit.poplog.errors import LogError
from cockpit.poplog.feed import Happened
from cockpit.poplog.follow import Follower, Step
from cockpit.poplog.source import LogSource

_LOG = logging.getLogger(__name__)

BUSY_SECONDS: Final = 0.5
IDLE_SECONDS: Final = 2.0
"""Between two rounds: after one that brought lines, and at most after ones that did not."""
_SLOWER: Final = 1.5
FIRST_RETRY: Final = 1.0
LAST_RETRY: Final = 30.0
ROUND_BYTES: Final = 4 * 1024 * 1024
"""Of one log before the server's other one has its turn."""


class Hub(Protocol):
    """Where rows go. ``log``: the number of a log, which the hub gave it."""

    def take(self, log: int, step: Step) -> None:
        """Rows, notices and clock of a step. Waits while there are too many rows already."""
        ...

    def trouble(self, log: int, problem: str, kind: Happened | None, text: str) -> None:
        """Why a log is not read now, "" when it is; with ``kind`` a notice of it."""
        ...


@dataclass(slots=True)
class Log:
    """One writer's log and how it is doing. ``due``: not before then (steady clock). ``retry``: seconds it
    was last left alone, 0 when it was read."""

    number: int
    follower: Follower
    problem: str = ""
    lost: bool = False
    ended: bool = False
    due: float = 0.0
    retry: float = 0.0

    @property
    def name(self) -> str:
        """The log in words."""
        if self.follower.writer:
            return N_("The {writer} log of {server}").format(
                writer=self.follower.writer, server=self.follower.server
            )
        return self.follower.file or N_("log")


class Poller:
    """Reads the ``logs`` of one ``source`` until ``stop``, or ``once``: to their present end.

    A log that cannot be read is tried again after 1 to 30 s, unless asking again cannot help; the others go
    on meanwhile.
    """

    def __init__(
        self,
        source: LogSource,
        logs: Sequence[Log],
        hub: Hub,
        stop: threading.Event,
        *,
        once: bool = False,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._logs = logs
        self._hub = hub
        self._stop = stop
        self._once = once
        self._steady = steady
        self._pause = BUSY_SECONDS

    def run(self) -> None:
        """On the thread. Returns when nothing is left to read."""
        try:
            while not self._stop.is_set() and not all(log.ended for log in self._logs):
                pause = self.round()
                self._stop.wait(pause)
        except Exception as error:
            # A defect of ours must not look like a silent log.
            _LOG.exception("reading the logs of %s failed", self._source.name)
            for log in self._logs:
                self._lose(
                    log, LogError(N_("the reader failed"), f"{type(error).__name__}: {error}"), final=True
                )
        finally:
            self._source.close()

    def round(self) -> float:
        """Read every log that is due; seconds until the next round."""
        came = hungry = False
        for log in self._logs:
            if log.ended or log.due > self._steady() or self._stop.is_set():
                continue
            try:
                size, more = self._drain(log)
            except LogError as error:
                self._lose(log, error, final=self._once or not error.retry)
                continue
            came, hungry = came or size > 0, hungry or more
            self._well(log)
            if self._once and not more:
                log.ended = True
                self._hub.take(log.number, log.follower.finish())
        if hungry:
            return 0.0
        self._pause = BUSY_SECONDS if came else min(IDLE_SECONDS, self._pause * _SLOWER)
        return self._until_due()

    def _drain(self, log: Log) -> tuple[int, bool]:
        size, most = 0, BLOCK if self._once else ROUND_BYTES  # once, both wait for each other's rows
        while size < most:
            step = log.follower.step()
            self._hub.take(log.number, step)
            size += step.size
            if not step.hungry:
                return size, False
            if self._stop.is_set():
                break
        return size, True

    def _lose(self, log: Log, error: LogError, *, final: bool) -> None:
        problem = clean_line(". ".join(part.rstrip(".") for part in (str(error), error.cure) if part))
        log.ended = log.ended or final
        log.retry = min(LAST_RETRY, log.retry * 2 or FIRST_RETRY)
        log.due = self._steady() + log.retry
        if problem == log.problem and log.lost:
            return
        log.problem, log.lost = problem, True
        self._hub.trouble(
            log.number,
            problem,
            Happened.LOST,
            N_("{log} is not read: {problem}").format(log=log.name, problem=problem),
        )

    def _well(self, log: Log) -> None:
        log.retry, log.due = 0.0, 0.0
        problem = (
            N_("there is no log file yet; is protocol logging on?") if log.follower.waits_for_a_file else ""
        )
        if log.lost:
            self._hub.trouble(
                log.number, problem, Happened.BACK, N_("{log} is read again").format(log=log.name)
            )
        elif problem != log.problem:
            self._hub.trouble(log.number, problem, None, "")
        log.problem, log.lost = problem, False

    def _until_due(self) -> float:
        now = self._steady()
        waiting = [
            max(self._pause if not log.due else 0.0, log.due - now) for log in self._logs if not log.ended
        ]
        return min(waiting, default=0.0)
