"""``status --watch``: the same picture for all who want it - stdout, a text file, the hook - whenever it
changes, and again when a heartbeat is due."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cockpit.commands import report, status_metrics
from cockpit.commands.output import when_nobody_reads
from cockpit.commands.screen import begin_recording
from cockpit.commands.status_lines import Lines
from cockpit.commands.status_shown import Asked, PerServer, narrate
from cockpit.config.environment import Environment
from cockpit.config.language import N_, _
from cockpit.config.paths import paths
from cockpit.config.secrets import Secret
from cockpit.config.spoken import spoken
from cockpit.fleet.hook import Hook
from cockpit.fleet.once import Follower, complete
from cockpit.fleet.picture import aged
from cockpit.fleet.readers import now
from cockpit.fleet.recording_tape import Tape
from cockpit.fleet.snapshot import FleetSnapshot, Problem, ServerSnapshot
from cockpit.fleet.teller import Teller
from cockpit.fleet.terminal_bytes import BELL, chosen, notification
from cockpit.fleet.told import document

TICK = 5.0
"""Seconds between two looks without news: what is silent grows old, what is held back falls due."""


class Taker(Protocol):
    """Who wants the picture. ``beat``: a heartbeat is due."""

    def show(self, fleet: FleetSnapshot, at: datetime, code: int, *, beat: bool) -> None: ...


def run(
    asked: Asked,
    secret: Secret | None,
    heartbeat: float,
    textfile: Path | None,
    *,
    notify: bool,
    record: Path | None = None,
) -> int:
    """Until interrupted. Raises ConfigError for a server nobody knows, BrokenPipeError once nobody reads."""
    takers: list[Taker] = [Lines(asked, heartbeat) if asked.form == "jsonl" else Printed(asked)]
    if textfile is not None:
        takers.append(Textfile(textfile, asked))
    notifier = Notifier(asked) if notify else None
    if notifier is not None:
        takers.append(notifier)
    try:
        with (
            _recorded(asked.environment, record) as tape,
            Follower(asked.environment, secret, asked.only, tape) as follower,
        ):
            when_nobody_reads(follower.leave)
            _follow(follower, asked, takers, heartbeat)
    finally:
        if notifier is not None:
            notifier.close()
    raise BrokenPipeError


@contextmanager
def _recorded(environment: Environment, path: Path | None) -> Iterator[Tape | None]:
    """A tape that records to ``path`` while it lasts; what ends it early is narrated. Raises ConfigError."""
    if path is None:
        yield None
        return
    tape = Tape(environment.name)
    tape.told = lambda words: print(spoken(words), file=sys.stderr, flush=True)
    begin_recording(tape, path)
    print(_("Recording to {file}").format(file=path), file=sys.stderr, flush=True)
    try:
        yield tape
    finally:
        tape.end()


def _follow(
    follower: Follower,
    asked: Asked,
    takers: list[Taker],
    heartbeat: float,
    steady: Callable[[], float] = time.monotonic,
) -> None:
    """Until somebody leaves."""
    fleet = FleetSnapshot()
    due = steady() + heartbeat
    while not follower.left:
        fleet = follower.newer(fleet, max(0.0, min(TICK, due - steady()))) or fleet
        asked.check(fleet)
        beat = steady() >= due
        if beat:
            due = steady() + heartbeat
        # By our own clock too: a collector that says nothing more must not leave old health standing.
        shown = aged(fleet, now())
        for taker in takers:
            taker.show(shown, now(), asked.code(shown), beat=beat)


def _news(server: ServerSnapshot) -> list[tuple[str, ...]]:
    """The time of the last run changes with every read: it alone is no news."""
    return [(*row[:7], *row[8:]) for row in report.server_rows(server)]


class Printed:
    """The report on stdout whenever it has changed. JSON: one document a line."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._rows = PerServer(_news)
        self._shown: list[list[tuple[str, ...]]] | None = None
        self._told: Problem | None = None

    def show(self, fleet: FleetSnapshot, at: datetime, code: int, *, beat: bool) -> None:  # noqa: ARG002
        asked = self._asked
        if not complete(fleet, asked.only):
            return
        if fleet.status.problem not in (None, self._told):
            narrate(fleet.status.problem)
        self._told = fleet.status.problem
        part = asked.part(fleet)
        rows = [part.rows(found) for found in self._rows.of(report.chosen(fleet, asked.only))]
        if rows == self._shown:
            return
        self._shown = rows
        if asked.form == "json":
            print(report.as_json(asked.document(fleet, code), one_line=True), flush=True)
        else:
            asked.print(fleet, code)
            print(flush=True)


class Textfile:
    """The text file, when something has changed and with every heartbeat. Where it cannot be written that is
    said once; what is there then says by its time that it is old."""

    def __init__(self, path: Path, asked: Asked) -> None:
        self._path = path
        self._asked = asked
        self._rows = PerServer(_news)
        self._written: list[list[tuple[str, ...]]] | None = None
        self._why = ""

    def show(self, fleet: FleetSnapshot, at: datetime, code: int, *, beat: bool) -> None:
        if not complete(fleet, self._asked.only):
            return
        rows = self._rows.of(report.chosen(fleet, self._asked.only))
        if rows == self._written and not beat:
            return
        try:
            status_metrics.write(self._path, status_metrics.text(fleet, self._asked, code, at))
        except OSError as error:
            why = error.strerror or type(error).__name__
            if why != self._why:
                what = N_("--textfile {file} cannot be written").format(file=self._path)
                narrate(Problem(what, why, N_("It is tried again")))
            self._why = why
            return
        self._written, self._why = rows, ""


class Notifier:
    """The bell and the desktop where stderr is a terminal, and the hook: ``[notify]`` without a screen."""

    def __init__(self, asked: Asked) -> None:
        settings = asked.environment.notify
        self._teller = Teller(asked.environment, now)
        terminal = sys.stderr.isatty()
        self._bell = BELL if settings.bell and terminal else ""
        self._osc = chosen(settings.osc if terminal else "none", os.environ)
        self._tmux = bool(os.environ.get("TMUX"))
        self._hook: Hook | None = None
        if settings.hook:
            self._hook = Hook(settings, os.environ, paths().hook_log, _say)

    def show(self, fleet: FleetSnapshot, at: datetime, code: int, *, beat: bool) -> None:  # noqa: ARG002
        told = self._teller.look(fleet)
        shown = "".join(notification(self._osc, spoken(each.text), tmux=self._tmux) for each in told)
        if told and (self._bell or shown):
            sys.stderr.write(self._bell + shown)
            sys.stderr.flush()
        if self._hook is not None:
            for each in told:
                self._hook.run(document(each))

    def close(self) -> None:
        if self._hook is not None:
            self._hook.close()


def _say(sentence: str) -> None:
    print(spoken(sentence), file=sys.stderr, flush=True)
