"""Lines for people, mostly narration on stderr: coloured on a terminal only, each plainly whose it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.frozen import dataclass

if TYPE_CHECKING:
    from rich.console import Console

BAR = "| "
"""Stands before every line of a server's output."""
PIPE_WIDTH = 100_000
"""A pipe has no width: a line stays one line there."""
NARROWEST = 20
HANGING = 4
"""Columns by which what is wrapped stands further right."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of narration, in the operator's language. ``bar``: it is a server's own text. ``style``: of
    rich, seen on a terminal."""

    text: str
    style: str = ""
    indent: int = 0
    bar: bool = False


class Narrator:
    """Prints lines with a hanging indent, so that no wrapped text of a server begins a line of ours."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        from rich.console import Console

        self._console: Console = Console(
            file=stream or sys.stderr, highlight=False, markup=False, emoji=False, soft_wrap=True
        )
        self._console.no_color = bool(os.environ.get("NO_COLOR"))

    def say(self, text: str, style: str = "", *, indent: int = 0, bar: bool = False) -> None:
        """Print one line as it is; whatever control characters are in it are made visible."""
        from rich.text import Text

        margin = " " * indent + (BAR if bar else "")
        under = margin if bar else margin + " " * HANGING
        width = self._console.width if self._console.is_terminal else PIPE_WIDTH
        room = max(NARROWEST, width - len(under))
        for n, piece in enumerate(Text(clean_line(text), style=style).wrap(self._console, room)):
            piece.rstrip()
            self._console.print(Text(under if n else margin) + piece)

    def command(self, text: str) -> None:
        """Print a call of this program, to be copied: not cut into lines, for it is all ours."""
        from rich.text import Text

        self._console.print(Text("  " + clean_line(text)))

    def hear(self, text: str, style: str = "", *, indent: int = 0) -> None:
        """Print a line that another room made in English, in the operator's language."""
        self.say(spoken(text), style, indent=indent)

    def tell(self, lines: Iterable[Said]) -> None:
        for line in lines:
            self.say(line.text, line.style, indent=line.indent, bar=line.bar)

    def prompt(self, text: str) -> None:
        """Print ``text`` and stay on its line."""
        from rich.text import Text

        self._console.print(Text(clean_line(text), style="bold"), end="")
        self._console.file.flush()
