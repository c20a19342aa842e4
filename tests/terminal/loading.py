"""``python -m tests.terminal.loading FILE …``: the cockpit, with the names of all modules that were loaded at
its first paint left in FILE, one a line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp


def _note(app: CockpitApp) -> None:
    noted = Path(sys.argv[1])
    noted.with_suffix(".new").write_text("\n".join(sorted(sys.modules)), encoding="utf-8")
    noted.with_suffix(".new").rename(noted)
    _painted(app)


if __name__ == "__main__":
    from cockpit.cli import main
    from cockpit.ui.app import CockpitApp

    _painted = CockpitApp._painted
    CockpitApp._painted = _note  # type: ignore[assignment, method-assign]
    sys.exit(main(sys.argv[2:]))
