"""The cockpit as its users start it, with one more step on the ladder of poll intervals."""

from __future__ import annotations

import sys
from typing import Final

from cockpit import cli
from cockpit.ui import desk

PACE: Final = 0.05
PRESSES: Final = 1 + sum(step < 30.0 for step in desk.INTERVALS)
"""Of the key for a shorter interval, from the default to ``PACE``."""

if __name__ == "__main__":
    desk.INTERVALS = (PACE, *desk.INTERVALS)  # type: ignore[assignment]  # a tuple of one more
    sys.exit(cli.main())
