"""The line on top of every screen and dialog that has to say which environment this is."""

from __future__ import annotations

from typing import Protocol, cast

from cockpit.ui.environment import EnvironmentBadge, strip
from cockpit.ui.widgets.bars import Bar


class HasBadge(Protocol):
    """What the strip wants of the app."""

    badge: EnvironmentBadge | None


class EnvironmentStrip(Bar):
    """The environment's name in its colour, and in red that TLS is not verified; no line without either."""

    DEFAULT_CSS = """
    EnvironmentStrip { display: none; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__(id="environment")

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()
        super().on_resize()

    def draw(self) -> None:
        badge = cast(HasBadge, self.app).badge
        line = strip(badge, self.size.width or self.app.size.width, self.look.glyphs) if badge else ()
        self.set_lines([line] if line else [])
        self.display = bool(line)
