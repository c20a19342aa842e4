"""The operator's own program, run for what is told: bounded in time, in number and in what it may say.

It is run without a shell; its arguments are those of the configuration, and what has happened reaches it on
stdin and in variables only, so that no name from a server is ever a word of a command.
"""

from __future__ import annotations

import json
import os
import queue
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cockpit.config.language import N_, _
from cockpit.config.notify import NotifySettings
from cockpit.config.paths import private_dir
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.fleet.told import variables

NEEDED: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ"),
    *("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES"),
)
"""Variables of ours that programs cannot do without; no other is handed on unless it is asked for."""
WAITING: Final = 32
"""Tellings that wait for a hook to end; one more is left out, which is a failure."""
SAID_LIMIT: Final = 4_096
"""Bytes kept of what a hook prints; the rest is read and dropped."""
SHOWN_LIMIT: Final = 400
LOG_LIMIT: Final = 262_144
CLOSE_SECONDS: Final = 1.0
_PIECE: Final = 65_536


class HookError(Exception):
    """It did not do its work: why, in a few cleaned words."""


class Hook:
    """Runs the hook of ``settings`` on threads of its own; none of this blocks the caller.

    ``environ``: where its variables come from; ``log``: a file for what it said, for this user alone;
    ``notice``: called on one of those threads with one sentence when it fails, and not again before it has
    worked.
    """

    def __init__(
        self,
        settings: NotifySettings,
        environ: Mapping[str, str],
        log: Path,
        notice: Callable[[str], None],
    ) -> None:
        self._command = settings.hook
        self._seconds = settings.hook_seconds
        self._at_once = settings.hook_at_once
        kept = {*NEEDED, *settings.hook_variables}
        self._environ = {name: value for name, value in environ.items() if name in kept}
        self._log = log
        self._notice = notice
        self._wanted: queue.Queue[dict[str, Any] | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._living: set[int] = set()
        self._threads: list[threading.Thread] = []
        self._left_out = 0
        self._logging = threading.Lock()
        self._failed = False
        self._closed = False

    def run(self, facts: dict[str, Any]) -> None:
        """Run it with ``facts`` (``told.document``), as soon as one of them may."""
        if self._closed:
            return
        try:
            self._wanted.put_nowait(facts)
        except queue.Full:
            with self._lock:
                self._left_out += 1
            return
        if len(self._threads) < self._at_once:
            thread = threading.Thread(target=self._work, name="hook", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Kill those that run, with all that they started and did not let go of; a moment at most."""
        with self._lock:
            self._closed = True
            for group in self._living:
                _kill(group)
        with suppress(queue.Full):
            for _thread in self._threads:
                self._wanted.put_nowait(None)
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    # On the threads

    def _work(self) -> None:
        while (facts := self._wanted.get()) is not None and not self._closed:
            started = time.monotonic()
            said = bytearray()
            try:
                self._run(facts, said)
                why = ""
            except HookError as error:
                why = str(error)
            if not self._closed:
                self._ended(facts, time.monotonic() - started, bytes(said), why)
                self._say_what_was_left_out(facts)

    def _run(self, facts: Mapping[str, Any], said: bytearray) -> None:
        """Once, to its end. ``said``: takes what it printed. Raises HookError."""
        deadline = time.monotonic() + self._seconds
        try:
            process = subprocess.Popen(  # noqa: S603 -- the user's own words, never a shell's
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**self._environ, **variables(facts)},
                cwd="/",
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise HookError(N_("it cannot be run: {reason}").format(reason=error.strerror)) from None
        with process:
            self._born(process.pid)
            try:
                _converse(process, json.dumps(facts).encode() + b"\n", said, deadline)
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill(process.pid)
                process.wait()
                raise HookError(N_("it did not end within {n:g} s").format(n=self._seconds)) from None
            finally:
                with self._lock:
                    self._living.discard(process.pid)
        if code != 0:
            how = N_("it ended with signal {n}") if code < 0 else N_("it ended with exit code {n}")
            raise HookError(how.format(n=abs(code)))

    def _born(self, group: int) -> None:
        with self._lock:
            self._living.add(group)
            if self._closed:
                _kill(group)

    def _say_what_was_left_out(self, facts: Mapping[str, Any]) -> None:
        with self._lock:
            left_out, self._left_out = self._left_out, 0
        if left_out:
            why = N_("{n} tellings were left out, because {waiting} were waiting already")
            self._ended(facts, 0.0, b"", why.format(n=left_out, waiting=WAITING))

    def _ended(self, facts: Mapping[str, Any], seconds: float, said: bytes, why: str) -> None:
        """Log it, and say so where it failed for the first time since it last worked."""
        words = clean_line(" / ".join(said.decode("utf-8", "replace").split("\n")).strip(" /"), SHOWN_LIMIT)
        with self._logging:
            logged = self._logged(f"{facts['at']} {facts['kind']}: {why or 'done'} ({seconds:.1f} s) {words}")
            new, self._failed = bool(why) and not self._failed, bool(why)
        if new:
            name = clean_line(self._command[0], SHOWN_LIMIT)
            self._notice(
                _("The hook {name} failed: {reason}. See {log}").format(
                    name=name, reason=spoken(why), log=self._log
                )
                if logged
                else _("The hook {name} failed: {reason}").format(name=name, reason=spoken(why))
            )

    def _logged(self, line: str) -> bool:
        """Whether ``line`` is in the log now. A log that is full makes way for a new one, once."""
        try:
            private_dir(self._log.parent)
            with suppress(FileNotFoundError):
                if self._log.stat().st_size > LOG_LIMIT:
                    self._log.replace(self._log.with_name(f"{self._log.name}.1"))
            handle = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}\n")
        except OSError:
            return False
        return True


def _converse(process: subprocess.Popen[bytes], text: bytes, said: bytearray, deadline: float) -> None:
    """Give it ``text`` and take what it prints, until it prints no more or ``deadline``
    (``time.monotonic``) has come. Raises TimeoutExpired."""
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise ValueError("a process without pipes")
    os.set_blocking(stdin.fileno(), False)
    with selectors.DefaultSelector() as ends:
        ends.register(stdout, selectors.EVENT_READ)
        ends.register(stdin, selectors.EVENT_WRITE)
        while True:
            left = deadline - time.monotonic()
            ready = ends.select(left) if left > 0 else []
            if not ready:
                raise subprocess.TimeoutExpired(process.args, left)
            for end, _events in ready:
                if end.fileobj is stdout:
                    piece = os.read(stdout.fileno(), _PIECE)
                    if not piece:
                        return
                    said += piece[: SAID_LIMIT - len(said)]
                else:
                    text = _given(stdin.fileno(), text)
                    if not text:
                        ends.unregister(stdin)
                        stdin.close()


def _given(descriptor: int, text: bytes) -> bytes:
    """What of ``text`` is left to be given; nothing to one that does not read."""
    try:
        return text[os.write(descriptor, text) :]
    except BlockingIOError:
        return text
    except BrokenPipeError:
        return b""


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
