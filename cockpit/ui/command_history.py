"""What was typed on the command line, kept for the next time: bounded, each line once, for the user alone.

Not kept: a line that begins with a blank, as in shells, one that names a password, and one that was not
understood: it may be something that was pasted into the wrong window.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cockpit.config.language import _
from cockpit.config.paths import private_dir
from cockpit.exchange.text import clean_line

MOST: Final = 200
"""Lines that are kept."""
LONGEST: Final = 500
"""Characters of a line; longer ones are not kept."""
_MOST_BYTES: Final = MOST * LONGEST * 4


@dataclass(slots=True)
class History:
    """The lines, oldest first, and where up and down have come to. ``draft``: what was being typed."""

    lines: list[str] = field(default_factory=list)
    draft: str = ""
    _back: int = 0

    def take(self, older: Iterable[str]) -> None:
        """Lines of earlier times, from the file."""
        self.lines = merged([*older, *self.lines])

    def add(self, line: str) -> None:
        self.lines = merged([*self.lines, line])
        self.begin()

    def begin(self) -> None:
        """A new line is typed."""
        self._back, self.draft = 0, ""

    def older(self, shown: str) -> str | None:
        """The line before; None where there is none. ``shown``: kept, to come back to."""
        if self._back >= len(self.lines):
            return None
        if not self._back:
            self.draft = shown
        self._back += 1
        return self.lines[-self._back]

    def newer(self) -> str | None:
        if not self._back:
            return None
        self._back -= 1
        return self.lines[-self._back] if self._back else self.draft


def worth_keeping(line: str) -> bool:
    """Whether a line is one that we would have written: short, harmless, without a password."""
    harmless = clean_line(line) == line and "\N{REPLACEMENT CHARACTER}" not in line
    return bool(line) and not line[:1].isspace() and len(line) <= LONGEST and harmless


def merged(lines: Iterable[str]) -> list[str]:
    """Each line once, where it came last; the last ``MOST`` of those worth keeping."""
    newest_first = dict.fromkeys(reversed([line for line in lines if worth_keeping(line)]))
    return list(reversed(list(newest_first)[:MOST]))


def load(path: Path) -> list[str]:
    """What the file holds, as far as it is ours; nothing where there is none. Raises OSError.

    Whatever stands at ``path`` is not waited for and not followed: a pipe, a device, a link.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise OSError(0, _("it is no file of yours"))
        begin = max(found.st_size - _MOST_BYTES, 0)
        file.seek(begin)
        lines = file.read(_MOST_BYTES).decode("utf-8", "replace").split("\n")
    return merged(lines[1:] if begin else lines)


def keep(path: Path, line: str) -> None:
    """Add ``line`` to the file, which others may have added to meanwhile, all or nothing. Raises OSError.

    Two cockpits that write in the same moment may lose one of the two lines, never the file.
    """
    lines = merged([*load(path), line])
    descriptor, name = tempfile.mkstemp(dir=private_dir(path.parent), prefix=f".{path.name}.")
    made = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(f"{each}\n" for each in lines))
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
