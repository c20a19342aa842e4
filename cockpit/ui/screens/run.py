"""The Run screen: the plan left; this step's why, command, guards, clock and output right."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.timer import Timer

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.recovery.client import Recovery
from cockpit.recovery.view import Life, RunView, StepView
from cockpit.ui import runs, steps
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs, Line
from cockpit.ui.messages import Done, Job, RunWanted
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.recovery_words import short
from cockpit.ui.screens.base import title
from cockpit.ui.screens.run_actions import RunActions
from cockpit.ui.widgets.bars import Banner, Bar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane

STANDS_LINES: Final = 8
"""How a run has ended is said in full: a reason, and the path of a bundle."""


class RunScreen(RunActions, inherit_bindings=False):
    """Watches a run, whoever works on it. It never sends anything itself: it writes to the journal."""

    def __init__(self, desk: Desk, recoveries: Recoveries, glyphs: Glyphs, run: str) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.run_id = run
        self.view: RunView | None = None
        self.following = True
        self._arrived_at = desk.now()
        self._tick: Timer | None = None

    def body(self) -> ComposeResult:
        yield Banner(id="stands", most=STANDS_LINES)
        with Container(id="panes"):
            yield RowsPane(id="plan", columns=runs.STEP_COLUMNS, headed=False)
            with Container(id="aside"):
                yield LinesPane(id="step")
                yield LinesPane(id="output")

    def opened(self) -> None:
        self.rows("plan").set_title(title(_("1 Plan"), self.glyphs.dot))
        self.lines("output").set_title(title(_("3 Output"), self.glyphs.dot))

    def look(self) -> None:
        self.recoveries.look(run=self.run_id)

    # What arrives

    def run_arrived(self, view: RunView) -> None:
        if view.run.id != self.run_id and not view.run.id.startswith(self.run_id):
            return
        self.run_id = view.run.id
        self.view, self._arrived_at = view, self.desk.now()
        if view.question is None or view.question.id not in self.answered:
            self.answered.clear()
        if self.dialog is not None:
            self.dialog.run_changed(view)
        self.redraw()

    @property
    def present(self) -> datetime:
        """The journal's clock now: what it said last, and the time since by ours."""
        if self.view is None:
            return self.desk.now()
        return self.view.now + (self.desk.now() - self._arrived_at)

    # Drawing

    def redraw(self) -> None:
        view = self.view
        if view is None:
            text = _(" run {run}: reading the journal ").format(run=short(self.run_id))
            self.query_one("#head", Bar).set_lines([((text + self.glyphs.ellipsis, "text-key"),)])
            self.draw_keys()
            return
        self.query_one("#head", Bar).set_lines([runs.head(view, self.room, self.glyphs)])
        self.draw_keys()
        plan = self.rows("plan")
        following = self.following
        plan.set_rows(runs.step_rows(view, self.glyphs))
        self.following = following
        if following:
            plan.go_to_key(("step", view.current))
        done = sum(step.ended_at is not None for step in view.steps)
        plan.set_title(
            title(
                _("1 Plan"),
                self.glyphs.dot,
                _("{done} of {count} done").format(done=done, count=len(view.steps)),
            )
        )
        self.draw_clocks()
        self._draw_output(view)

    def draw_clocks(self) -> None:
        """What ticks: once a second while the run goes on; lines that stay the same cost nothing."""
        view = self.view
        if view is None:
            return
        self.query_one("#stands", Banner).set_lines(
            runs.stands(view, self.desk.registry, self.present, self.glyphs)
        )
        step = self.selected
        pane = self.lines("step")
        pane.set_title(title(_("2 Step"), self.glyphs.dot, self._where(view, step)))
        pane.set_lines(
            steps.step_lines(runs.shown_step(view, step), self.present, self.glyphs)
            if step is not None
            else _ending(view)
        )
        if view.life is Life.ENDED:
            if self._tick is not None:
                self._tick.stop()
                self._tick = None
        elif self._tick is None:
            self._tick = self.set_interval(1.0, self.draw_clocks)

    def _where(self, view: RunView, step: StepView | None) -> str:
        if step is None or step.id == view.current:
            return _("the current one")
        return _("not the current one, {key} goes back").format(key=self.desk.registry.key_of("run.current"))

    def _draw_output(self, view: RunView) -> None:
        """The tail; whoever has scrolled up stays where he reads."""
        pane = self.lines("output")
        lines = tuple(steps.output_lines(view.output, view.now))
        if lines == pane.source:
            return
        at_end = pane.scroll_offset.y >= pane.max_scroll_y
        pane.set_lines(lines)
        if at_end:
            pane.call_after_refresh(pane.move_end, True)

    @property
    def selected(self) -> StepView | None:
        """The step under the cursor; on a link the current one."""
        if self.view is None:
            return None
        key = self.rows("plan").cursor_key
        if key is not None and key[0] == "step":
            return self.view.step(key[1])
        return self.view.step(self.view.current)

    @on(RowsPane.Highlighted)
    def _moved(self, event: RowsPane.Highlighted) -> None:
        event.stop()
        if self.view is not None:
            self.following = event.key == ("step", self.view.current)
            self.draw_clocks()

    @on(RowsPane.Clicked)
    def _clicked(self, event: RowsPane.Clicked) -> None:
        event.stop()
        self.open_link()

    def open_link(self) -> bool:
        """Open the run that the cursor stands on; False where it stands on none."""
        key = self.rows("plan").cursor_key
        if key is None or key[0] not in ("child", "parent"):
            return False
        if key[0] == "parent" and self._came_from(key[1]):
            self.dismiss(None)
        else:
            self.app.post_message(RunWanted(key[1]))
        return True

    def open_child(self) -> bool:
        """Open the run that the step under the cursor waits for; False where it waits for none, or asks."""
        view = self.view
        child = runs.child_of(view, self.selected) if view is not None and view.question is None else None
        if child is not None:
            self.app.post_message(RunWanted(child))
        return child is not None

    def _came_from(self, run: str) -> bool:
        below = self.app.screen_stack[-2:-1]
        return bool(below) and isinstance(below[0], RunScreen) and below[0].run_id == run

    def action_current(self) -> None:
        self.following = True
        self.show_pane("plan")
        if self.view is not None:
            self.rows("plan").go_to_key(("step", self.view.current))
            self.draw_clocks()

    def action_export(self) -> None:
        folder, run = self.desk.save_dir, self.run_id
        self.say(_("Writing the evidence bundle."))
        self.ask(Job("export", _("Export of the evidence"), lambda r: _exported(r, run, folder), run))

    def selection_text(self) -> str:
        """The exact command of the step, or the step where it has none."""
        step = self.selected
        if step is not None and step.command:
            return step.command + "\n"
        return self.view_text()


def _exported(recovery: Recovery, run: str, folder: Path) -> Done:
    return Done(_("Evidence bundle written to {path}").format(path=recovery.export(run, folder)))


def _ending(view: RunView) -> list[Line]:
    """For a run that stands at no step."""
    return [((spoken(view.run.ending) or _("The run stands at no step."), ""),)]
