"""What the workers and prompts of the Logs screen post to it. A worker touches no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from cockpit.poplog.errors import LogError
from cockpit.poplog.feed import Batch
from cockpit.ui.log_hunt import Catch
from cockpit.ui.logs import Opened

if TYPE_CHECKING:
    from cockpit.ui.log_session import Gathered


class LogsOpened(Message):
    """The logs are there to be looked at."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        super().__init__()


class LogsRefused(Message):
    """They cannot be opened."""

    def __init__(self, error: LogError) -> None:
        self.error = error
        super().__init__()


class LinesArrived(Message):
    """The reader brought something."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        super().__init__()


class LogsEnded(Message):
    """No more lines will come; ``reason`` is one line."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


class Caught(Message):
    """The hunt ``number`` has found something, or is over."""

    def __init__(self, number: int, catch: Catch) -> None:
        self.number = number
        self.catch = catch
        super().__init__()


class HuntFailed(Message):
    """The hunt ``number`` could not read on."""

    def __init__(self, number: int, error: LogError) -> None:
        self.number = number
        self.error = error
        super().__init__()


class SessionGathered(Message):
    """The session that was asked for, or why it could not be read."""

    def __init__(self, number: int, found: Gathered | LogError) -> None:
        self.number = number
        self.found = found
        super().__init__()


class Prompted(Message):
    """What is typed into the prompt of ``kind``; ``done``: enter was pressed."""

    def __init__(self, kind: str, text: str, done: bool) -> None:
        self.kind = kind
        self.text = text
        self.done = done
        super().__init__()
