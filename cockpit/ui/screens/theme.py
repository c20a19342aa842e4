"""Themes: a list beside the screen it was opened over, which is seen in each while one moves through them."""

from __future__ import annotations

from typing import Final, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from cockpit.config.language import N_, _
from cockpit.ui import theme_words
from cockpit.ui._textual_hacks import replace_bindings
from cockpit.ui.actions import Registry
from cockpit.ui.look import Line
from cockpit.ui.theme import traces
from cockpit.ui.themed_app import ThemedApp
from cockpit.ui.threads import in_thread
from cockpit.ui.widgets.bars import KeyBar
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import Column, Row, RowsPane
from cockpit.ui.widgets.standing import StandingBar

LOOK_SECONDS: Final = 2.0
"""Between two looks at the operator's folder, while this is open."""
ABOUT_LEAST, ABOUT_MOST = 3, 8
"""Lines of what is told of a theme; more where files were left out."""
_COLUMNS: Final = (Column("", least=1), Column(N_("Theme"), least=12), Column(N_("For"), drop=2),
                   Column(N_("From"), drop=1))  # fmt: skip


class ThemeScreen(ModalScreen[None], inherit_bindings=False):
    """Enter keeps the theme under the cursor, escape brings the one before back. What is below is not dimmed:
    it is what is looked at."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-high")]  # noqa: RUF012
    DEFAULT_CSS = """
    ThemeScreen { align: right top; background: transparent; }
    #theme-box { width: 62; max-width: 100%; height: 100%; background: $surface; padding-left: 1; }
    ThemeScreen.-narrow #theme-box { width: 52; }
    #theme-list { height: 1fr; min-height: 3; }
    #theme-sample { height: 13; }
    ThemeScreen.-narrow #theme-sample { height: 9; }
    ThemeScreen.-short #theme-sample, ThemeScreen.-short #theme-about { display: none; }
    """

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self.registry = registry
        self._before = ""
        self._traces: object = None
        replace_bindings(self, registry.bindings("theme"))

    def compose(self) -> ComposeResult:
        with Vertical(id="theme-box"):
            yield EnvironmentStrip()
            yield RowsPane(id="theme-list", columns=_COLUMNS, headed=False)
            yield LinesPane(id="theme-sample", can_focus=False, wrapped=False)
            yield LinesPane(id="theme-about", can_focus=False)
            yield StandingBar()
            yield KeyBar(id="theme-keys", actions=self.registry.live("theme"))

    def on_mount(self) -> None:
        self._before = self._app.theme
        self._list.set_title(((_("Themes"), ""),))
        self.query_one("#theme-sample", LinesPane).set_title(((_("Sample"), ""),))
        self.query_one("#theme-about", LinesPane).set_title(((_("About"), ""),))
        self._draw()
        self._list.go_to_key((self._before,))
        self._list.focus()
        self._look_at_folder()
        if self._app.theme_files.own is not None:
            self.set_interval(LOOK_SECONDS, self._look_at_folder)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    @property
    def _app(self) -> ThemedApp:
        return cast(ThemedApp, self.app)

    @property
    def _list(self) -> RowsPane:
        return self.query_one("#theme-list", RowsPane)

    @property
    def _chosen(self) -> str:
        key = self._list.cursor_key
        return key[0] if key else self._before

    # Drawing

    def _draw(self) -> None:
        self._list.set_rows(self._rows())
        pane = self.query_one("#theme-sample", LinesPane)
        pane.set_lines(theme_words.sample(self._app.glyphs, pane.cells, airy=not self.has_class("-narrow")))
        self._tell()

    def _rows(self) -> list[Row]:
        shown = [(each.theme, _("yours") if each.own else "") for each in self._app.themes.loaded]
        if self._app.themes.of(self._before) is None:
            shown.append((self._app.available_themes[self._before], ""))
        return [
            Row((theme.name,), (
                (("*" if theme.name == self._before else " ", "text-key"),),
                ((theme.name, "text-strong"),), ((theme_words.kind(theme), ""),), ((whose, "text-dim"),),
            ))
            for theme, whose in shown
        ]  # fmt: skip

    def _tell(self) -> None:
        """Of the theme under the cursor, and of what was left out."""
        app, folder = self._app, self._app.theme_files.own
        found = app.themes.of(self._chosen)
        lines: list[Line] = theme_words.about(found, app.themes, app.terminal, str(folder) if folder else "")
        pane = self.query_one("#theme-about", LinesPane)
        pane.set_lines(lines)
        pane.styles.height = 1 + min(max(pane.body_lines(), ABOUT_LEAST), ABOUT_MOST)

    @on(RowsPane.Highlighted)
    def _highlighted(self, event: RowsPane.Highlighted) -> None:
        event.stop()
        self._app.show_theme(self._chosen)  # where the cursor is now: several moves may have been made
        self._tell()

    @on(RowsPane.Clicked)
    async def _clicked(self, event: RowsPane.Clicked) -> None:
        event.stop()
        self.action_keep()

    # The folder

    @work(exclusive=True, group="theme-folder", exit_on_error=False)
    async def _look_at_folder(self) -> None:
        """Read the themes anew where a file of the operator's has changed since the last look."""
        folder = self._app.theme_files.own
        seen = await in_thread(lambda: traces(folder), "theme")
        if self._traces is not None and seen != self._traces:
            await self._read()
        self._traces = seen

    async def _read(self) -> None:
        await self._app.read_themes()
        if self.is_current:
            self._draw()
            self._app.show_theme(self._chosen)

    # Actions

    @work(exclusive=True, group="theme-folder", exit_on_error=False)
    async def action_again(self) -> None:
        await self._read()

    def action_keep(self) -> None:
        self._app.show_theme(self._chosen)
        self._app.keep_theme(self._chosen)
        self.dismiss(None)

    def action_cancel(self) -> None:
        self._app.show_theme(self._before)
        self.dismiss(None)

    def action_down(self) -> None:
        self._list.move(1)

    def action_up(self) -> None:
        self._list.move(-1)

    def action_page_down(self) -> None:
        self._list.move_page(1)

    def action_page_up(self) -> None:
        self._list.move_page(-1)

    def action_first(self) -> None:
        self._list.move_end(last=False)

    def action_last(self) -> None:
        self._list.move_end(last=True)
