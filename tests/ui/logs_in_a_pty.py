"""The Logs screen by itself as a program: what the terminal tests and an eye in tmux start.

``python -m tests.ui.logs_in_a_pty DIR WHAT [FILE]``: WHAT is ``list`` (lines in memory), ``live`` (a feed of
100 lines a second) or ``file`` (the lines of FILE, read whole by the tests' own document).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cockpit.poplog.document import Entry
from cockpit.poplog.feed import Batch
from cockpit.ui import life
from cockpit.ui.logs import Live, LogsWanted, Opened
from cockpit.ui.logs_app import LogsApp
from tests.ui import log_fakes


class Ticking(log_fakes.FakeLogFeed):
    """``rate`` lines a second, in two batches."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.rate = rate
        self.number = 1
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await super().start()
        self._task = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            count = self.rate // 10
            lines = log_fakes.sessions(count, datetime.now(UTC), self.number)
            self.number += count
            self.bring(Batch(entries=tuple(log_fakes.entries(lines))))
            await asyncio.sleep(0.5)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await super().close()


def opened(what: str, file: str) -> Opened:
    if what == "live":
        return Live(log_fakes.ListDocument(most=5_000), Ticking(100))
    lines: Sequence[Entry]
    if what == "file":
        lines = log_fakes.entries(Path(file).read_bytes().split(b"\n"), file=Path(file).name)
    else:
        lines = log_fakes.entries(log_fakes.sessions(400))
    return log_fakes.ListDocument(lines)


def main() -> int:
    directory, what, *file = sys.argv[1:]
    wanted = LogsWanted(servers=("EX01",)) if what == "live" else LogsWanted(paths=(Path("POP3.LOG"),))
    app = LogsApp(wanted, lambda _: opened(what, *file or [""]), crash_dir=Path(directory))
    return life.run(app)


if __name__ == "__main__":
    sys.exit(main())
