"""What every program of ours on a terminal is: its look, its size, its help, its end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from rich.console import RenderableType
from textual import events
from textual.actions import ActionParseResult
from textual.dom import DOMNode
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from cockpit.config.language import _
from cockpit.ui._textual_hacks import (
    catch_up_with_size,
    driver_class,
    forget_closed_screens,
    keep_screen_on_focus,
)
from cockpit.ui.action import Action
from cockpit.ui.actions import Registry
from cockpit.ui.clipboard import save_text
from cockpit.ui.environment import EnvironmentBadge
from cockpit.ui.life import EXIT_CRASH, crash_line, install_signals
from cockpit.ui.look import Glyphs
from cockpit.ui.reasons import Reasons, Why, read_only
from cockpit.ui.themed_app import NO_THEME_FILES, ThemedApp, ThemeFiles

RESIZE_SETTLES = 0.3
"""Seconds without another resize until the size is looked at once more."""
FAREWELL_SECONDS = 6.0
"""What is still being closed when the program ends has as long; each bounds itself, this is for one that
does not."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@runtime_checkable
class HasReasons(Protocol):
    """A screen that knows why its actions cannot be used now, and has a place to say it."""

    def reasons(self) -> Reasons: ...

    def say_why(self, why: Why) -> None: ...


def _taker(focused: Widget | None) -> Callable[[str], object] | None:
    """What takes a character that is typed while ``focused`` is: a question for one key, an Input. By its
    name: neither is needed for the first paint."""
    return getattr(focused, "take_key", None) or getattr(focused, "insert_text_at_cursor", None)


class TerminalApp(ThemedApp, inherit_bindings=False):
    """``crash_dir``: where a crash is reported. ``save_dir``: where copies and views go; ``present``: the
    time that the screens speak of."""

    TITLE = "POP cockpit"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False  # ours is opened by an action of the registry
    start_scope: ClassVar[str] = "fleet"
    badge: EnvironmentBadge | None = None
    """The environment that every screen speaks of; None where there is none."""

    save_dir: Path
    present: Callable[[], datetime]

    def __init__(
        self,
        crash_dir: Path,
        *,
        theme: str | None = None,
        theme_files: ThemeFiles = NO_THEME_FILES,
        glyphs: Glyphs | None = None,
    ) -> None:
        keep_screen_on_focus()
        forget_closed_screens()
        super().__init__(theme, theme_files, glyphs, driver_class())
        self.animation_level = "none"
        self.crash_dir = crash_dir
        self.crash_report = ""
        self.save_dir = crash_dir
        self.present = utc_now
        self._settling: Timer | None = None
        self._farewells: set[asyncio.Task[None]] = set()

    @property
    def registry(self) -> Registry:
        raise NotImplementedError

    def why_not(self, screen: Screen[Any]) -> Reasons:
        """Why actions of ``screen``, and of every screen, cannot be used there now."""
        own = screen.reasons() if isinstance(screen, HasReasons) else {}
        return {**own, **read_only(self.registry)}

    @property
    def scope(self) -> str:
        """The scope of the screen on top: whose actions help and palette speak of."""
        return str(getattr(self.screen, "scope", self.start_scope))

    def on_resize(self) -> None:
        """The terminal has moved what it shows about, also where the size is the same again. Once it has
        stood still for a moment it is looked at once more."""
        self.forget_glass()
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(RESIZE_SETTLES, self._size_has_settled)

    def _size_has_settled(self) -> None:
        if not catch_up_with_size(self):
            self.draw_rest()

    def on_mount(self) -> None:
        install_signals(self)
        self.tell_of_themes()

    def on_key(self, event: events.Key) -> None:
        """A character that nobody took, while something is typed into, was meant for that.

        Textual hands all keys of one packet to what had the focus when they came; ``/pop`` on a line that
        lags would open the filter, run a probe and open the obligations.
        """
        take = _taker(self.focused)
        if take is not None and event.character is not None and event.is_printable:
            event.stop()
            event.prevent_default()
            take(event.character)

    # Actions of the registry that work on every screen

    def action_help(self) -> None:
        from cockpit.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.registry, self.scope, self.why_not(self.screen)))

    def action_redraw(self) -> None:
        self.draw_whole()

    def action_palette(self) -> None:
        from cockpit.ui.palette import ActionProvider, CockpitPalette

        self.push_screen(CockpitPalette(providers=[ActionProvider]))

    def action_save_picture(self) -> None:
        """The whole screen as SVG, as it is now."""
        from cockpit.ui.saving import not_saved, picture, saved

        svg = picture(self.export_screenshot())
        try:
            path = save_text(self.save_dir, f"{self.scope}-screen", svg, self.present(), ".svg")
        except OSError as error:
            self.notify(not_saved(self.save_dir, error), severity="warning", markup=False)
        else:
            self.notify(saved([path]), markup=False)

    def action_theme(self) -> None:
        from cockpit.ui.screens.theme import ThemeScreen

        self.push_screen(ThemeScreen(self.registry))

    async def action_quit(self) -> None:
        self.exit(0)

    def action_interrupt(self) -> None:
        copies = f"{self.scope}.copy"
        words = [_("{key} quits").format(key=self.registry.key_of("app.quit"))]
        if self.registry.allows(copies):
            words.append(_("{key} copies what is selected").format(key=self.registry.key_of(copies)))
        self.notify(f"{'; '.join(words)}.", markup=False)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """What cannot be used now says why and does nothing, whatever way it was asked for."""
        asked = self._action_asked(action, default_namespace)
        why = self.why_not(self.screen).get(asked.id) if asked is not None else None
        if why is not None:
            self.say_why(why)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def _action_asked(
        self, action: str | ActionParseResult, default_namespace: DOMNode | None
    ) -> Action | None:
        """The registry's action that Textual is about to call; None for Textual's own."""
        space, _dot, name = action.rpartition(".") if isinstance(action, str) else (action[0], "", action[1])
        node = self if space == "app" or default_namespace is None else default_namespace
        scope = "app" if node is self else getattr(node, "scope", None)
        return self.registry.find(scope, name) if isinstance(scope, str) else None

    def say_why(self, why: Why) -> None:
        """In one line, where the screen on top says things."""
        if isinstance(self.screen, HasReasons):
            self.screen.say_why(why)
        else:
            self.notify(why.said, severity="warning", markup=False)

    # The end

    def close_later(self, closing: Coroutine[Any, Any, None]) -> None:
        """Close something whose user has gone; nobody waits for it but the end of the program, a while."""
        task = asyncio.create_task(closing)
        self._farewells.add(task)
        task.add_done_callback(self._said_farewell)

    def _said_farewell(self, task: asyncio.Task[None]) -> None:
        self._farewells.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.notify(crash_line(error, self.crash_dir), severity="error", markup=False)

    async def on_unmount(self) -> None:
        """Textual calls this for every class, a subclass's first."""
        if self._farewells:
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await asyncio.wait(self._farewells)

    def _fatal_error(self) -> None:
        """In place of Rich's traceback, which prints every local variable, passwords too."""
        error = self._exception or sys.exc_info()[1] or RuntimeError("unknown")
        self._return_code = EXIT_CRASH
        self.crash_report = crash_line(error, self.crash_dir)  # life.run prints it: Rich would cut the path
        self._exit_renderables = []
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:  # noqa: ARG002
        self._fatal_error()
