"""The plan of a recovery with every guard read now. Nothing was sent."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from cockpit.config.language import _, ngettext
from cockpit.config.spoken import spoken
from cockpit.recovery.view import Plan, PlanStep
from cockpit.ui import recovery_reasons, runs, steps
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs
from cockpit.ui.messages import Job, PlanArrived, RunWanted
from cockpit.ui.reasons import Reasons
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.screens.base import RecoveryScreen, title
from cockpit.ui.screens.start import start_job
from cockpit.ui.widgets.bars import Banner, Bar
from cockpit.ui.widgets.panes import LinesPane
from cockpit.ui.widgets.rows import RowsPane


class PlanScreen(RecoveryScreen, inherit_bindings=False):
    """Steps left, the selected one right."""

    scope = "plan"
    panes = ("plan", "step")

    def __init__(
        self, desk: Desk, recoveries: Recoveries, glyphs: Glyphs, server: str, monitor: str, runbook: str
    ) -> None:
        super().__init__(desk, recoveries, glyphs)
        self.server = server
        self.monitor = monitor
        self.runbook = runbook
        self.plan: Plan | None = None
        self.failed = False

    def body(self) -> ComposeResult:
        yield Banner(id="stands")
        with Container(id="panes"):
            yield RowsPane(id="plan", columns=runs.PLAN_COLUMNS, headed=True)
            with Container(id="aside"):
                yield LinesPane(id="step")

    def opened(self) -> None:
        self._read()

    def action_again(self) -> None:
        self._read()
        self.redraw()

    def _read(self) -> None:
        self.failed = False
        server, monitor = self.server, self.monitor
        job = Job(
            "plan", _("The plan for {monitor} on {server}").format(monitor=monitor, server=server),
            lambda r: PlanArrived(r.plan(server, monitor)), reads=True,
        )  # fmt: skip
        self.plan = None
        self.ask(job)

    def plan_arrived(self, plan: Plan) -> None:
        if (plan.server.lower(), plan.monitor.lower()) == (self.server.lower(), self.monitor.lower()):
            self.plan = plan
            self.redraw()
            refused = (s.view.id for s in plan.steps if s.in_the_way)
            self.rows("plan").go_to_key(("step", next(refused, plan.steps[0].view.id if plan.steps else "")))

    def refused(self, kind: str, run: str) -> None:  # noqa: ARG002
        if kind == "plan":
            self.failed = True
            self.redraw()

    def redraw(self) -> None:
        plan, glyphs = self.plan, self.glyphs
        head, stands = self.query_one("#head", Bar), self.query_one("#stands", Banner)
        count = ""
        if plan is not None:
            count = ngettext("{n} steps", "{n} steps", len(plan.steps)).format(n=len(plan.steps))
        self.rows("plan").set_title(title(_("1 Plan"), glyphs.dot, count))
        if plan is None:
            parts = (_("plan"), spoken(self.runbook), self.server)
            head.set_lines([((f" {f' {glyphs.dot} '.join(parts)}", "text-strong"),)])
            key = self.desk.registry.key_of("plan.again")
            words = (
                _("No plan: see below. {key} reads again.").format(key=key)
                if self.failed
                else _("Reading every guard.")
            )
            stands.set_lines([((_(" {words} Nothing is sent.").format(words=words), "text-key"),)])
            self.rows("plan").set_rows([], empty=((_(" No plan yet."), "text-dim"),))
            self.lines("step").set_lines([])
            self.draw_keys()
            return
        head.set_lines([runs.plan_head(plan, self.room, self.desk.now(), glyphs)])
        stands.set_lines(runs.plan_stands(plan, glyphs))
        self.rows("plan").set_rows(runs.plan_rows(plan, glyphs))
        self.draw_step()
        self.draw_keys()

    @property
    def selected(self) -> PlanStep | None:
        place = self.rows("plan").cursor_row
        return self.plan.steps[place] if self.plan is not None and place is not None else None

    def reasons(self) -> Reasons:
        return recovery_reasons.plan(self.plan, failed=self.failed)

    def draw_step(self) -> None:
        step = self.selected
        self.lines("step").set_title(
            title(_("2 Step"), self.glyphs.dot, spoken(step.view.title) if step else "")
        )
        self.lines("step").set_lines(steps.plan_lines(step, self.glyphs) if step is not None else [])

    @on(RowsPane.Highlighted)
    def _moved(self, event: RowsPane.Highlighted) -> None:
        event.stop()
        self.draw_step()

    def action_start(self) -> None:
        """Ask, as on Fleet."""
        from cockpit.ui.screens.recover import RecoverDialog

        under_way = self.recoveries.under_way(self.server, self.monitor)
        runbook = self.plan.title if self.plan is not None else self.runbook

        def decided(choice: str | None) -> None:
            if choice == "start":
                self.ask(start_job(self.server, self.monitor))
            elif choice == "plan":
                self.action_again()
            elif choice == "watch" and under_way is not None:
                self.app.post_message(RunWanted(under_way.run.id))

        dialog = RecoverDialog(self.desk.registry, self.server, self.monitor, runbook, under_way)
        self.app.push_screen(dialog, decided)

    def selection_text(self) -> str:
        """The exact command of the step, or the whole plan where it has none."""
        step = self.selected
        return step.view.command + "\n" if step is not None and step.view.command else self.view_text()

    def view_text(self) -> str:
        """Every step in full: a plan that is saved is read without the cockpit."""
        text = super().view_text()
        for step in self.plan.steps if self.plan is not None else ():
            lines = steps.plan_lines(step, self.glyphs)
            text += "\n" + "\n".join("".join(t for t, _ in line).rstrip() for line in lines) + "\n"
        return text
