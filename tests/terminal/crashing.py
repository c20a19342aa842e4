"""``python -m tests.terminal.crashing HOW …``: the cockpit with a defect that ``P`` brings out."""

from __future__ import annotations

import sys
from typing import NoReturn

from cockpit.cli import main
from cockpit.ui.screens.fleet import FleetScreen

CANARY = "canary-5w0rdf1sh"


def _fail(self: FleetScreen) -> NoReturn:
    password = CANARY
    raise RuntimeError(f"the defect of this test, {len(password)} letters; Password: {CANARY}")


def _fail_in_a_callback(self: FleetScreen) -> None:
    self.set_timer(0.01, lambda: _fail(self))


def _fail_in_a_worker(self: FleetScreen) -> None:
    async def work() -> None:
        _fail(self)

    self.run_worker(work())


def _fail_while_drawing(self: FleetScreen) -> None:
    password = CANARY

    def redraw() -> None:
        raise ValueError(f"no picture, {len(password)} letters; pwd={CANARY}")

    self.redraw = redraw  # type: ignore[method-assign]
    self.picture_changed()


HOW = {
    "action": _fail,
    "callback": _fail_in_a_callback,
    "worker": _fail_in_a_worker,
    "drawing": _fail_while_drawing,
}

if __name__ == "__main__":
    setattr(FleetScreen, "action_pause", HOW[sys.argv[1]])  # noqa: B010 -- a method put in place of another
    sys.exit(main(sys.argv[2:]))
