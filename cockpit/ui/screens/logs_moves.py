"""Moving about on the Logs screen, and how its lines are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual import on

from cockpit.poplog.errors import LogError
from cockpit.ui.log_columns import SKIP_MOST
from cockpit.ui.log_times import TimeBase
from cockpit.ui.log_window import Window
from cockpit.ui.screens.logs_hunting import LogsHunting
from cockpit.ui.widgets.logview import LogView
from cockpit.ui.widgets.panes import LinesPane

SKIP_STEP: Final = 16


class LogsMoves(LogsHunting, inherit_bindings=False):
    """Up and down, left and right, follow and stand still; wrap, times, session."""

    def begin(self) -> None:
        """The operator's next action ends what was said; moving about does not."""
        if not self.hunting:
            self.say("")
        if self.known.notices:
            self.known.notices.clear()
            self.redraw()

    # Move

    @property
    def lines_pane(self) -> LogView:
        return self.query_one("#lines", LogView)

    @property
    def session_pane(self) -> LinesPane:
        return self.query_one("#session", LinesPane)

    def go(self, how: Callable[[Window], None], *, follow: bool = False, anew: bool = False) -> None:
        """Move the window; ``anew``: to another place, which nobody hunts for yet."""
        window = self.window
        if window is None:
            return
        if anew:
            self.stop_hunt()
        try:
            if follow and not self.board.follow:
                window.to_end()
            how(window)
        except LogError as error:
            self.say_error(error)
            return
        self.board.follow = follow or not window.items  # where nothing is, what comes is shown
        if self.board.follow:
            self.board.new, self.board.more_new = 0, False
        self.settle()
        self.redraw()

    def _step(self, lines: int, *, page: bool = False) -> None:
        if self.session_pane.has_focus:
            self.session_pane.move_page(lines) if page else self.session_pane.move(lines)
            return
        window = self.window
        if window is None:
            return
        if lines > 0 and self.board.follow:
            return  # the cursor is on the last line, and stays there
        if lines > 0 and window.at_last and not self.hunting:
            self.go(Window.to_end, follow=True, anew=True)
        elif page:
            step = max(self.lines_pane.room - 1, 1) * lines
            self.go(lambda w: w.scroll(step))
        else:
            self.go(lambda w: w.move(lines))

    def action_down(self) -> None:
        self._step(1)

    def action_up(self) -> None:
        self._step(-1)

    def action_page_down(self) -> None:
        self._step(1, page=True)

    def action_page_up(self) -> None:
        self._step(-1, page=True)

    def action_first(self) -> None:
        if self.session_pane.has_focus:
            self.session_pane.move_end(last=False)
        else:
            self.go(Window.to_start, anew=True)

    def action_last(self) -> None:
        if self.session_pane.has_focus:
            self.session_pane.move_end(last=True)
        else:
            self.go(Window.to_end, follow=True, anew=True)

    @on(LogView.Turned)
    def _turned(self, event: LogView.Turned) -> None:
        event.stop()
        if not (event.lines > 0 and self.board.follow):
            self.go(lambda w: w.scroll(event.lines))

    @on(LogView.Pointed)
    def _pointed(self, event: LogView.Pointed) -> None:
        event.stop()
        self.lines_pane.focus()
        self.go(lambda w: w.point(event.line))

    def _skip(self, cells: int) -> None:
        self.board.skip = min(max(self.board.skip + cells, 0), SKIP_MOST)
        self.redraw()

    def action_right(self) -> None:
        self._skip(SKIP_STEP)

    def action_left(self) -> None:
        self._skip(-SKIP_STEP)

    def action_next_pane(self) -> None:
        if self.board.session and self.lines_pane.has_focus:
            self.session_pane.focus()
        else:
            self.lines_pane.focus()

    # View

    def action_follow(self) -> None:
        self.begin()
        if self.board.follow:
            self.board.follow = False
            self.redraw()
        else:
            self.action_last()

    def action_wrap(self) -> None:
        self.begin()
        self.board.wrap, self.board.skip = not self.board.wrap, 0
        self.redraw()
        self.go(lambda w: w.move(0), follow=self.board.follow)

    def action_times(self) -> None:
        self.begin()
        bases = list(TimeBase)
        self.board.base = bases[(bases.index(self.board.base) + 1) % len(bases)]
        self.forget_session()
        self.redraw()

    def action_session(self) -> None:
        self.begin()
        self.board.session = not self.board.session
        self.session_pane.display = self.board.session
        self.forget_session()
        if not self.board.session:
            self.lines_pane.focus()
        self.call_after_refresh(self.redraw)
