"""Two lines of every screen: what is open, until it is closed; what was said, until the next action."""

from __future__ import annotations

from typing import Protocol, cast

from textual import events

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.ui.actions import Registry
from cockpit.ui.desk import Desk
from cockpit.ui.look import Line
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.recovery_words import fit
from cockpit.ui.standing import line
from cockpit.ui.widgets.bars import Banner, Bar


class HasRecoveries(Protocol):
    """What the bars want of the app."""

    recoveries: Recoveries
    desk: Desk
    registry: Registry


class StandingBar(Bar):
    """Obligations, orphans, runs that wait or were left: one line, none when all is clean."""

    DEFAULT_CSS = """
    StandingBar { display: none; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__(id="standing")

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        if not hasattr(self.app, "recoveries"):  # a dialog over nothing but logs
            return
        app = cast(HasRecoveries, self.app)
        shown: Line = ()
        cells = (self.size.width or self.app.size.width) - 1
        glyphs, known = self.look.glyphs, app.recoveries
        if known.problem:
            text: Line = (
                (
                    _("{alarm} What is open is not known. {problem}").format(
                        alarm=glyphs.alarm, problem=spoken(known.problem)
                    ),
                    "text-problem",
                ),
            )
            shown = fit([(0, text)], cells, glyphs)
        elif known.standing is not None:
            key = app.registry.key_of("app.obligations")
            shown = line(known.standing, app.desk.now(), glyphs, cells, key)
        self.set_lines([shown] if shown else [])
        self.display = bool(shown)

    async def on_click(self, event: events.Click) -> None:
        event.stop()
        if not self.screen.is_modal:
            await self.app.run_action("obligations", self.app)


class StatusBar(Banner):
    """What was refused, or done: there until the operator's next action."""

    DEFAULT_CSS = """
    StatusBar { display: none; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__(id="status")

    def on_mount(self) -> None:
        self.draw()

    def draw(self) -> None:
        lines = cast(HasRecoveries, self.app).recoveries.told
        self.set_lines(lines)
        self.display = bool(lines)
