"""The app's side of themes: reads them, chooses one, shows another, remembers, reads them again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from textual import work
from textual.driver import Driver
from textual.theme import Theme
from textual.widget import Widget

from cockpit.config.language import _
from cockpit.exchange.text import clean_line
from cockpit.frozen import dataclass
from cockpit.ui import theme as themes
from cockpit.ui._textual_hacks import PatientApp, set_colourless, show_theme_again
from cockpit.ui.look import (
    VARIABLE_DEFAULTS,
    Glyphs,
    Look,
    colourless_look,
    make_look,
    terminal_glyphs,
)
from cockpit.ui.theme_choice import Terminal, choose, keep, kept, terminal
from cockpit.ui.threads import in_thread

TOLD: Final = 3
"""Warnings about themes that are told at the start; the rest is counted, and is on the theme screen."""


@dataclass(frozen=True, slots=True)
class ThemeFiles:
    """``own``: the folder of the operator's themes; ``chosen``: where the last choice is kept. None: there is
    no such place."""

    own: Path | None = None
    chosen: Path | None = None


NO_THEME_FILES: Final = ThemeFiles()


class ThemedApp(PatientApp, inherit_bindings=False):
    """``wanted``: the theme's name on the command line or in the configuration."""

    terminal = Terminal()
    """What is known of it; until then (Textual asks for colours while it is made) nothing."""

    def __init__(
        self,
        wanted: str | None,
        files: ThemeFiles,
        glyphs: Glyphs | None,
        driver: type[Driver] | None,
    ) -> None:
        super().__init__(driver_class=driver)
        self.glyphs = glyphs or terminal_glyphs(sys.__stderr__.encoding if sys.__stderr__ else "utf-8")
        self.terminal = terminal(self.console.color_system, os.environ)
        self.theme_files = files
        self.themes = themes.load(files.own)
        self._look: tuple[Theme, Look] | None = None
        set_colourless(self, self.terminal.colourless)
        for each in self.themes.loaded:
            self.register_theme(each.theme)
        last = kept(files.chosen, self.terminal)
        choice = choose(wanted, last, self.available_themes, self.terminal)
        self.theme = choice.name
        self._theme_warnings = [*self.themes.warnings, *([choice.warning] if choice.warning else [])]
        self._styled_with = self.get_css_variables()
        self.stylesheet.set_variables(self._styled_with)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(VARIABLE_DEFAULTS)

    def refresh_css(self, animate: bool = True) -> None:
        """The rules are parsed anew only for other variables. Textual by itself parses all of them twice at
        the start, as if the theme had been changed."""
        variables = self.get_css_variables()
        if variables == self._styled_with:
            self.stylesheet.update(self, animate=animate)
            return
        self._styled_with = variables
        super().refresh_css(animate)

    @property
    def look(self) -> Look:
        theme = self.current_theme
        if self._look is None or self._look[0] is not theme:
            made = (
                colourless_look(self.glyphs)
                if self.terminal.colourless
                else make_look(
                    {**VARIABLE_DEFAULTS, **theme.variables}, theme.ansi, self.glyphs, dark=theme.dark
                )
            )
            self._look = (theme, made)
        return self._look[1]

    def tell_of_themes(self) -> None:
        """What was wrong with them at the start."""
        for warning in self._theme_warnings[:TOLD]:
            self.notify(warning, severity="warning", markup=False)
        if more := len(self._theme_warnings) - TOLD if len(self._theme_warnings) > TOLD else 0:
            sentence = _("{n} more themes are left out; the theme screen says why.")
            self.notify(sentence.format(n=more), severity="warning", markup=False)

    def show_theme(self, name: str) -> None:
        """From now on, on every screen; not remembered. One that is not there changes nothing, and without
        colours there is nothing to change."""
        if name in self.available_themes and name != self.theme and not self.terminal.colourless:
            self.theme = name
            self.call_after_refresh(self._draw_all)

    def _draw_all(self) -> None:
        """Textual draws anew what its own style sheet has other colours for; our roles are not in there."""
        for screen in self.screen_stack:
            for widget in screen.walk_children(Widget):
                widget.refresh()

    @work(group="theme-kept", exit_on_error=False)
    async def keep_theme(self, name: str) -> None:
        """Remember ``name`` for terminals like this one."""
        place = self.theme_files.chosen
        if place is None:
            return
        try:
            await in_thread(lambda: keep(place, self.terminal, name), "theme")
        except OSError as error:
            sentence = _("The theme is used, but cannot be remembered: {path}: {why}.")
            text = clean_line(sentence.format(path=place, why=error.strerror))
            self.notify(text, severity="warning", markup=False)

    async def read_themes(self) -> None:
        """Read them again, and show the one in use as it is now. One that is gone, or is not right any more,
        stays as it was until another is chosen."""
        own = self.theme_files.own
        self.themes = await in_thread(lambda: themes.load(own), "theme")
        for each in self.themes.loaded:
            if self.available_themes.get(each.name) != each.theme:
                self.register_theme(each.theme)
                if each.name == self.theme:
                    show_theme_again(self)
                    self.call_after_refresh(self._draw_all)
