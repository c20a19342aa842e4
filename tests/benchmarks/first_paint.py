"""``first_paint``: from exec to the first painted frame, the cockpit against a three-widget program.

Both are started by the same interpreter on a pty of 200x50, in turns; the clock stops when words that only
a painted frame has were written to the terminal. The cockpit is the whole command, ``python -m cockpit
--env-file F``, on an organization whose entry server refuses connections; the other is ``hello``:
Header, Static, Footer. The ratio is the median of the pairs' ratios.

``hello`` paints its header and its text first and its footer a frame later; the cockpit's first frame is
already the whole screen. ``ratio`` compares first frames; ``ratio_whole`` whole screens.

A third run looks at which modules the screen's process has loaded at its first paint: neither the client's
nor the journal's libraries may be. Both are loaded after it, to look for obligations and orphans.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cockpit.config import environment as config
from tests.benchmarks import hello
from tests.benchmarks.figures import Figure, Report, Sizes, at_most, median
from tests.benchmarks.processes import state_folder, unreachable
from tests.benchmarks.screen import drive
from tests.benchmarks.terminal import Terminal

PAINT_SECONDS = 30.0
COCKPIT_WORDS = (b"nowhere", b"waiting")
COCKPIT_LAST = (b"quit",)
"""The environment's name in the context bar, the tree's words while there is no server; last the key bar."""
HELLO_WORDS = (hello.TITLE.encode(), hello.WORD.encode())
HELLO_LAST = (b"palette",)
FORBIDDEN = ("pypsrp", "requests", "urllib3", "spnego", "cryptography", "sqlalchemy", "alembic")

Words = tuple[bytes, ...]


class Paint(NamedTuple):
    """Seconds from exec: until a frame with content was written, until the last widget was."""

    first: float
    whole: float


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    with state_folder() as state:
        file = state / "nowhere.toml"
        config.save(file, unreachable())
        cockpit = ([sys.executable, "-m", "cockpit", "--env-file", str(file)], COCKPIT_WORDS, COCKPIT_LAST)
        least = ([sys.executable, "-m", "tests.benchmarks.hello"], HELLO_WORDS, HELLO_LAST)
        for program in (cockpit, least):
            _paint(*program, state)  # bytecode and disk caches
        pairs = []
        for n in range(sizes.paint_pairs):
            say(f"pair {n + 1} of {sizes.paint_pairs}")
            pairs.append((_paint(*cockpit, state), _paint(*least, state)))
        loaded = drive(state, file, "nowhere", 0, 0.0).modules
    found = [name for name in FORBIDDEN if name in loaded]
    figures = (
        Figure("cockpit", median([c.first for c, _ in pairs]), "s"),
        Figure("three_widgets", median([h.first for _, h in pairs]), "s"),
        Figure("ratio", median([c.first / h.first for c, h in pairs]), "×", at_most(1.6)),
        Figure("cockpit_whole", median([c.whole for c, _ in pairs]), "s"),
        Figure("three_widgets_whole", median([h.whole for _, h in pairs]), "s"),
        Figure("ratio_whole", median([c.whole / h.whole for c, h in pairs]), "×"),
        Figure("modules_before_paint", float(len(found)), "", at_most(0)),
    )
    return Report(
        "first_paint", figures, (f"libraries loaded before the first paint: {', '.join(found) or 'none'}",)
    )


def _paint(command: list[str], words: Words, last: Words, state: Path) -> Paint:
    with Terminal(command, state) as terminal:
        return Paint(terminal.until(words, PAINT_SECONDS), terminal.until(last, PAINT_SECONDS))
