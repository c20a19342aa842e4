"""What the screens of recoveries share: their bars, moving about, saving and copying."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from cockpit.config.language import _
from cockpit.recovery.view import Plan, RunView
from cockpit.ui._textual_hacks import replace_bindings, write_to_terminal
from cockpit.ui.clipboard import clipboard, save_text
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs, Line, plain
from cockpit.ui.messages import Job, JobWanted
from cockpit.ui.reasons import Reasons, Why
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.saving import not_saved, save_view, saved
from cockpit.ui.screens.moving import MovingScreen
from cockpit.ui.widgets.bars import Bar, KeyBar
from cockpit.ui.widgets.commandplace import CommandPlace
from cockpit.ui.widgets.environment import EnvironmentStrip
from cockpit.ui.widgets.panes import LinesPane, Pane
from cockpit.ui.widgets.rows import RowsPane
from cockpit.ui.widgets.standing import StandingBar, StatusBar


class RecoveryScreen(MovingScreen, inherit_bindings=False):
    """A head line, a body, and below it what was said, what is open, the keys.

    ``scope``: of the registry. ``panes``: ids in the order of ``tab``.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (140, "-wide")]  # noqa: RUF012
    scope: ClassVar[str]
    panes: ClassVar[tuple[str, ...]]

    def __init__(self, desk: Desk, recoveries: Recoveries, glyphs: Glyphs) -> None:
        super().__init__(classes="recovery")
        self.desk = desk
        self.recoveries = recoveries
        self.glyphs = glyphs
        self._why: Reasons = {}
        replace_bindings(self, desk.registry.bindings(self.scope))

    def compose(self) -> ComposeResult:
        yield EnvironmentStrip()
        yield Bar(id="head")
        with Container(id="content"):
            yield from self.body()
        yield StatusBar()
        yield StandingBar()
        registry = self.desk.registry
        note = _("read-only") if registry.read_only else ""
        yield KeyBar(id="keys", actions=registry.on_screen(self.scope), note=note)
        yield CommandPlace()

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def on_mount(self) -> None:
        if len(self.panes) > 1:
            self.add_class("-pane-2")
        self.first_pane().focus()
        self.opened()
        self.redraw()

    def opened(self) -> None:
        """Once, before the first drawing. Textual calls the ``on_mount`` of every class by itself."""

    def on_screen_resume(self) -> None:
        self.look()

    def look(self) -> None:
        """What is on the screen is what is polled."""
        self.recoveries.look()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        raise NotImplementedError

    @property
    def room(self) -> int:
        """The cells of a bar; before the first layout there is only the app's width."""
        return (self.size.width or self.app.size.width) - 1

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """In read-only mode a dangerous action is refused here too, whatever way it came."""
        ids = [a.id for a in self.desk.registry.actions if a.scope == self.scope and a.method == action]
        return all(self.desk.registry.allows(i) for i in ids)

    def reasons(self) -> Reasons:
        """Why actions of this screen cannot be used now."""
        return {}

    def say_why(self, why: Why) -> None:
        self.say(why.said, "state-degraded")

    def draw_keys(self) -> None:
        """At the end of every drawing, and when the cursor stands elsewhere."""
        why = self.app.why_not(self)  # type: ignore[attr-defined]
        if why != self._why:
            self._why = why
            self.query_one("#keys", KeyBar).set_actions(self.desk.registry.on_screen(self.scope), why)

    def ask(self, job: Job) -> None:
        self.app.post_message(JobWanted(job))

    def say(self, text: str, role: str = "") -> None:
        """On the status line, until the next action."""
        self.app.tell(((f" {text}", role),))  # type: ignore[attr-defined]

    def lines(self, name: str) -> LinesPane:
        return self.query_one(f"#{name}", LinesPane)

    def rows(self, name: str) -> RowsPane:
        return self.query_one(f"#{name}", RowsPane)

    # Keep

    def view_text(self) -> str:
        """The whole screen as text, nothing cut."""
        parts = [plain(x) for bar in self.query(Bar) if bar.display and bar.id != "keys" for x in bar.source]
        for name in self.panes:
            parts += ["", *_text_of(self.query_one(f"#{name}", Pane))]
        return "\n".join(part.rstrip() for part in parts) + "\n"

    def selection_text(self) -> str:
        return self.view_text()

    def view_rows(self) -> list[tuple[str, ...]]:
        """The rows of the first list of the screen below their names; empty where there is none."""
        panes = (self.query_one(f"#{name}", Pane) for name in self.panes)
        return next((pane.table() for pane in panes if isinstance(pane, RowsPane)), [])

    def _saved(self, kind: str, text: str) -> str:
        try:
            path = save_text(self.desk.save_dir, kind, text, self.desk.now())
        except OSError as error:
            return _("could not be saved in {folder}: {why}").format(
                folder=self.desk.save_dir, why=error.strerror
            )
        return _("saved to {path}").format(path=path)

    def action_save(self) -> None:
        desk = self.desk
        try:
            files = save_view(desk.save_dir, self.scope, self.view_text(), self.view_rows(), desk.now())
        except OSError as error:
            self.say(not_saved(desk.save_dir, error))
        else:
            self.say(saved(files))

    def action_copy(self) -> None:
        text = self.selection_text()
        sequence = clipboard(text, os.environ)
        if sequence is not None:
            write_to_terminal(self.app, sequence)
        sent = (
            _("Sent to the terminal") if sequence is not None else _("Too long for the terminal's clipboard")
        )
        self.say(f"{sent}; {self._saved('copy', text)}")

    # Move

    def first_pane(self) -> Pane:
        return self.query_one(f"#{self.panes[0]}", Pane)

    def show_pane(self, name: str) -> None:
        """Focus a pane; on a narrow screen those below the list take turns."""
        index = self.panes.index(name)
        for other in range(1, len(self.panes)):
            self.set_class(other == max(index, 1) if index else self.has_class(f"-pane-{other + 1}"),
                           f"-pane-{other + 1}")  # fmt: skip
        self.call_after_refresh(self.query_one(f"#{name}", Pane).focus)

    def _cycle(self, step: int) -> None:
        current = self.focused.id if self.focused is not None else None
        index = self.panes.index(current) if current in self.panes else 0
        self.show_pane(self.panes[(index + step) % len(self.panes)])

    def action_next_pane(self) -> None:
        self._cycle(1)

    def action_previous_pane(self) -> None:
        self._cycle(-1)

    def action_back(self) -> None:
        self.dismiss(None)

    # What arrives, for those that want it

    def standing_arrived(self, swept: bool) -> None:
        """The standing changed, or a sweep has ended."""

    def run_arrived(self, view: RunView) -> None:
        """A run that is looked at changed."""

    def plan_arrived(self, plan: Plan) -> None:
        """A plan was made."""

    def runs_arrived(self) -> None:
        """The list of runs changed."""

    def refused(self, kind: str, run: str) -> None:
        """Something was refused; the status line says what."""


def _text_of(pane: Widget) -> list[str]:
    if isinstance(pane, RowsPane):
        return pane.text_lines()
    return [plain(line) for line in pane.source] if isinstance(pane, LinesPane) else []


def title(text: str, dot: str, more: str = "") -> Line:
    """A pane's title with what it is about."""
    return ((text, ""), (f" {dot} {more}", "")) if more else ((text, ""),)
