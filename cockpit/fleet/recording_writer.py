"""Writing a recording, on a thread of its own: whoever shows pictures never waits for a disk."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from cockpit import __version__
from cockpit.config.language import N_
from cockpit.config.paths import private_dir
from cockpit.fleet.recording import MAGIC, OLDER, VERSION, Entry, Head, Kind, RecordingError, framed
from cockpit.fleet.recording_blocks import Blocks
from cockpit.fleet.recording_frames import whole_until
from cockpit.fleet.snapshot import FleetSnapshot

_LOG = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 1.0
"""What was shown longer ago than this is in the file: all that a killed process takes with it is younger."""
SIZE_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of both parts of a recording together, where nobody says otherwise."""
WAITING_LIMIT: Final = 2_000
"""Changes that wait for a slow disk; then those in between are left out, and the recording says so."""
CLOSE_SECONDS: Final = 5.0


def _nobody(_: str) -> None:
    return


class Recorder:
    """Appends to ``path`` until closed. When its file is half of ``limit`` bytes it becomes the older part
    and a new one begins; the older part before it is gone.

    ``now``: the present time. ``tell``: called from the writer's thread, with a sentence when the recording
    ends early. Raises RecordingError where the file cannot be written, is being written by another process,
    or is something else.
    """

    def __init__(
        self,
        path: Path,
        environment: str,
        *,
        now: Callable[[], datetime],
        tell: Callable[[str], None] = _nobody,
        limit: int = SIZE_LIMIT,
    ) -> None:
        self.path = path
        self._head = msgspec.msgpack.encode(Head(VERSION, __version__, environment))
        self._now = now
        self._tell = tell
        self._part_limit = max(limit // 2, 1)
        self._blocks = Blocks()
        self._changed = threading.Condition()
        self._waiting: list[tuple[datetime, FleetSnapshot | str]] = []
        self._left_out = 0
        self._last: datetime | None = None
        self._closing = False
        self.problem: str = ""
        """Why nothing is written any more; empty while it is."""
        self._file = self._open()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    # --- from any thread ---------------------------------------------------------------------------

    def take(self, picture: FleetSnapshot) -> None:
        """``picture`` is shown from now on. Never waits."""
        self._put(picture)

    def note(self, words: str) -> None:
        """Something happened that is no picture, in one sentence."""
        self._put(words)

    def _put(self, what: FleetSnapshot | str) -> None:
        with self._changed:
            if self.problem or self._closing:
                return
            if len(self._waiting) >= WAITING_LIMIT:
                self._left_out += len(self._waiting)
                self._waiting.clear()
            # A clock that is put back would put moments in the wrong order.
            at = self._last = self._now() if self._last is None else max(self._now(), self._last)
            self._waiting.append((at, what))
            self._changed.notify()

    def finish(self) -> None:
        """Take nothing more; what waits is still written. Never waits."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def close(self) -> None:
        """``finish``, and wait until all is written; bounded, for a disk may hang."""
        self.finish()
        self._thread.join(CLOSE_SECONDS)

    # --- the writer's thread -----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._write_some():
                pass
        except OSError as error:
            self._give_up(
                N_("{path}: recording has ended: {reason}.").format(path=self.path, reason=error.strerror)
            )
        except RecordingError as error:
            self._give_up(N_("Recording has ended. {error}").format(error=error))
        except Exception as error:
            _LOG.exception("recording into %s failed in an unforeseen way", self.path)
            self._give_up(
                N_("{path}: recording has ended on a defect of ours ({error}).").format(
                    path=self.path, error=type(error).__name__
                )
            )
        finally:
            self._file.close()

    def _give_up(self, why: str) -> None:
        with self._changed:
            self.problem = why
            self._waiting.clear()
        self._tell(why)

    def _write_some(self) -> bool:
        """Write what came within ``FLUSH_SECONDS`` as few frames; False once all is written and it ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            self._changed.wait_for(lambda: self._closing, FLUSH_SECONDS)
            waiting, self._waiting = self._waiting, []
            left_out, self._left_out = self._left_out, 0
            closing = self._closing
        if left_out and waiting:
            words = N_("{n} changes before this moment were not recorded: the disk was too slow").format(
                n=left_out
            )
            waiting.append((waiting[-1][0], words))
        entries: list[Entry] = []
        for at, what in waiting:
            entry = Entry(at, note=what) if isinstance(what, str) else self._blocks.entry(at, what)
            if entry.whole:
                self._flush(entries)
                entries = []
            if entry.whole or self._blocks.begun:
                entries.append(entry)
        self._flush(entries)
        return not closing

    def _flush(self, entries: list[Entry]) -> None:
        if not entries:
            return
        self._file.write(self._blocks.frame(entries))
        self._file.flush()
        if self._file.tell() >= self._part_limit:
            self._begin_part()

    def _begin_part(self) -> None:
        os.replace(self.path, self.path.with_name(self.path.name + OLDER))
        self._file.close()
        self._file = self._open()
        self._blocks.begin()

    def _open(self) -> BinaryIO:
        """The file, ours alone and locked, behind what is whole of it. Raises RecordingError."""
        try:
            private_dir(self.path.parent)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise RecordingError(self.path, f"{error.strerror}.") from error
        file = os.fdopen(descriptor, "r+b")
        try:
            self._take_over(file)
        except BaseException:
            file.close()
            raise
        return file

    def _take_over(self, file: BinaryIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            why = N_("another process is recording into this file: give another name.")
            raise RecordingError(self.path, why) from error
        try:
            os.fchmod(file.fileno(), 0o600)
            if os.fstat(file.fileno()).st_size == 0:
                file.write(MAGIC + framed(Kind.HEAD, self._now(), self._head))
                file.flush()
                return
            end, self._last = whole_until(file, self.path)
            file.truncate(end)  # what the last one could not write whole
            file.seek(end)
        except OSError as error:
            raise RecordingError(self.path, f"{error.strerror}.") from error
