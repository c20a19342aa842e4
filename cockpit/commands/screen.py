"""The cockpit itself: on an environment, or on a demo's lab."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.commands import liking
from cockpit.commands.output import let_go_of_a_dead_terminal
from cockpit.commands.saying import SaidError
from cockpit.config import environment as config
from cockpit.config import secrets
from cockpit.config.environment import ConfigError, Environment
from cockpit.config.language import _
from cockpit.config.paths import Paths, paths, private_dir
from cockpit.config.preferences import NOTHING_SAID, Preferences
from cockpit.config.spoken import spoken
from cockpit.frozen import dataclass

if TYPE_CHECKING:
    from cockpit.fleet.recording_tape import Tape
    from cockpit.journal.timeline import Timeline
    from cockpit.recovery.client import Recovery
    from cockpit.recovery.view import Standing
    from cockpit.ui.telling import Telling

LAB_SECONDS = 60.0
LAB_END_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The lab that a demo starts. ``rehearsal``: the blueprint of its organization, if that was recorded."""

    scenario: str
    servers: int | None
    speed: float
    seed: int
    rehearsal: Path | None = None


def run(
    environment: Environment,
    *,
    mouse: bool,
    theme: str | None,
    preferences: Preferences = NOTHING_SAID,
    record: Path | None = None,
    pulse: bool = False,
) -> int:
    """Open the cockpit, with ``pulse`` on that page; its exit code. Refuses where no screen can be drawn.
    ``record``: the file that what it shows is recorded to from the beginning."""
    # Collecting while everything is imported costs a tenth of the time to the first paint; the app
    # switches it on again then.
    gc.disable()
    from cockpit.ui import life

    if reason := life.refuse(os.environ):
        raise SaidError(reason)
    from cockpit.commands.logs_view import badge_of, server_logs
    from cockpit.fleet.bookmarks import bookmarks_file
    from cockpit.fleet.client import CollectorFeed
    from cockpit.fleet.recording_tape import Tape, TapedFeed
    from cockpit.ui.app import CockpitApp
    from cockpit.ui.themed_app import ThemeFiles

    places = paths()
    liking.warn(preferences)
    secret = secrets.ask(environment)
    tape = Tape(environment.name)
    if record is not None:
        begin_recording(tape, record)
    feed = TapedFeed(CollectorFeed(environment, secret, places.collector_log), tape)
    app = CockpitApp(
        feed,
        badge_of(environment),
        crash_dir=places.crashes,
        save_dir=places.views,
        commands_file=places.commands,
        theme=theme,
        theme_files=ThemeFiles(places.themes, places.chosen_theme),
        keymap=liking.keymap(preferences),
        recovery=lambda: _recovery(environment),
        logs=server_logs(environment, secret, places),
        record_dir=places.recordings,
        telling=lambda: _telling(environment, places),
        bookmarks=bookmarks_file(places.bookmarks, environment.name),
        timeline=lambda: _timeline(environment),
        pulse=pulse,
    )
    code = life.run(app, mouse=mouse)
    _say_what_stays(environment, places)
    let_go_of_a_dead_terminal()
    return code


def begin_recording(tape: Tape, path: Path) -> None:
    """Raises ConfigError where the file is none that can be recorded to."""
    from cockpit.fleet.recording import RecordingError

    try:
        tape.begin(path)
    except RecordingError as error:
        raise SaidError(f"--record {spoken(str(error))}") from error


def _telling(environment: Environment, places: Paths) -> Telling:
    """Made after the first paint, for which none of it is needed."""
    from cockpit.ui.telling import Telling
    from cockpit.ui.terminal_app import utc_now

    return Telling(environment, utc_now, places.hook_log)


def _recovery(environment: Environment) -> Recovery:
    """Made after the first paint, in a thread: the imports alone take longer than it."""
    from cockpit.recovery.office import open_office

    return open_office(environment)


def _timeline(environment: Environment) -> Timeline:
    """As :func:`_recovery`. Raises JournalError alone: that is said, and watching goes on."""
    from cockpit.journal.errors import JournalError
    from cockpit.recovery.opening import open_timeline_of

    try:
        return open_timeline_of(environment)
    except ConfigError as error:
        raise JournalError(str(error)) from error


def _say_what_stays(environment: Environment, places: Paths) -> None:
    """On leaving: what goes on or stays open without us. Only where a journal has been made at all."""
    if environment.journal.url is None and not places.journal.exists():
        return
    from cockpit.recovery.client import RefusedError
    from cockpit.recovery.office import open_office

    try:
        office = open_office(environment, read_only=True)
    except RefusedError as error:
        print(f"{spoken(str(error))}. {spoken(error.helps)}", file=sys.stderr)
        return
    try:
        standing = office.standing()
    finally:
        office.close()
    with suppress(OSError):  # a terminal that is gone has nobody to tell
        for line in _staying(standing):
            print(line, file=sys.stderr)


def _staying(standing: Standing) -> Iterator[str]:
    from cockpit.commands.following import shown
    from cockpit.recovery.view import Life

    for run in standing.runs:
        name = run.run.id[:8]
        verb = "--write runs resume" if run.life is Life.LEFT else "runs attach"
        yield _("Run {run} on {server} has not ended ({life}): {command}").format(
            run=name,
            server=run.run.server,
            life=spoken(run.life.value),
            command=f"pop-cockpit {verb} {name}",
        )
    for open_ in standing.obligations:
        words = (
            _("Still to be undone: {key} on {server}, was {prior} (handed over to {name})")
            if open_.handed_to
            else _("Still to be undone: {key} on {server}, was {prior} (run {run})")
        )
        yield words.format(
            key=open_.key,
            server=open_.server,
            prior=shown(open_.prior),
            name=open_.handed_to,
            run=open_.run[:8],
        )


def demo(
    options: DemoOptions,
    *,
    write: bool | None,
    mouse: bool,
    theme: str | None,
    preferences: Preferences = NOTHING_SAID,
    record: Path | None = None,
) -> int:
    """Start a lab as a process of its own, open the cockpit on it, end the lab."""
    from cockpit.ui import life

    if reason := life.refuse(os.environ):
        raise SaidError(reason)
    with _Lab(options, private_dir(paths().state) / "lab.log") as lab:
        # Import the screen while the lab starts.
        import cockpit.ui.app  # noqa: F401

        environment = config.choose(lab.environment_file(), None)
        if write is not None:
            environment = config.with_mode(environment, write=write)
        return run(environment, mouse=mouse, theme=theme, preferences=preferences, record=record)


class _Lab:
    """A lab process that ends with us, however we end: it watches its stdin, which only we hold."""

    def __init__(self, options: DemoOptions, log: Path) -> None:
        self._command = [
            *(sys.executable, "-m", "cockpit", "lab", "serve", "--die-with-stdin"),
            *("--scenario", options.scenario, "--seed", str(options.seed), "--speed", str(options.speed)),
            *(("--servers", str(options.servers)) if options.servers else ()),
            *(("--rehearsal", str(options.rehearsal)) if options.rehearsal else ()),
        ]
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> _Lab:
        with open(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own program
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        return self

    def environment_file(self) -> Path:
        """The lab's environment file, once it serves. Raises ConfigError when it does not come up."""
        process = self._process
        if process is None or process.stdout is None:
            raise SaidError(_("The lab was not started."))
        watchdog = threading.Timer(LAB_SECONDS, process.kill)
        watchdog.start()
        try:
            line = process.stdout.readline().strip()
        finally:
            watchdog.cancel()
        if not line:
            raise SaidError(
                _("The lab did not come up (exit code {code}). Its words: {log}").format(
                    code=process.wait(), log=self._log
                )
            )
        return Path(line)

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(LAB_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
