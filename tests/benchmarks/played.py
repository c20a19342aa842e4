"""``python -m tests.benchmarks.played …``: ``python -m cockpit …`` on a collector that plays."""

from __future__ import annotations

import sys
from typing import Any

from cockpit.cli import main
from cockpit.config.child import Child
from cockpit.fleet import client


def _playing(_module: str, *rest: Any) -> Child:
    return Child("tests.benchmarks.playing", *rest)


if __name__ == "__main__":
    setattr(client, "Child", _playing)  # noqa: B010 -- a class put in place of another
    sys.exit(main(sys.argv[1:]))
