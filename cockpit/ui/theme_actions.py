"""What the operator can do with themes: the part of the registry for it."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.ui.action import Action
from cockpit.ui.recovery_actions import moves

CHOOSE: Final = Action(
    "app.theme", ("ctrl+t",), "theme", "app", "Cockpit",
    N_("Other colours of the screen: try them, choose one, or leave it as it is."),
)  # fmt: skip
THEME_ACTIONS: Final[tuple[Action, ...]] = (
    Action("theme.keep", ("enter",), "keep", "theme", "Dialog",
           N_("Use this theme, and remember it for terminals of as many colours."), shown=True),
    Action("theme.cancel", ("escape", "q"), "cancel", "theme", "Dialog",
           N_("As it was before."), shown=True),
    Action("theme.again", ("R",), "read again", "theme", "Dialog",
           N_("Read the themes of your own folder again; while this is open that is done as they change."),
           shown=True),
    *moves("theme"),
)  # fmt: skip
