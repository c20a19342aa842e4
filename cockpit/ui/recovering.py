"""The app's side of recoveries: the workers that ask, and what is done with their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from textual import on, work
from textual.actions import ActionParseResult
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from cockpit.config.language import _
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line
from cockpit.recovery.client import RefusedError
from cockpit.ui.actions import ACTIONS
from cockpit.ui.commanding import CommandingApp
from cockpit.ui.desk import Desk
from cockpit.ui.life import crash_line
from cockpit.ui.look import Line
from cockpit.ui.messages import (
    Done,
    Job,
    JobWanted,
    LoggingArrived,
    PlanArrived,
    RecoveryFailed,
    RunArrived,
    RunsArrived,
    RunStarted,
    RunWanted,
    StandingArrived,
    TraceArrived,
)
from cockpit.ui.reasons import Reasons, of_app
from cockpit.ui.recoveries import NOT_HERE, SWEEP_SECONDS, Recoveries
from cockpit.ui.threads import in_thread
from cockpit.ui.widgets.standing import StandingBar, StatusBar

CLOSE_LIMIT = 3.0
WATCH = "watch"
_MOVES = {a.method for a in ACTIONS if a.group == "Move"} - {"back"}


class RecoveringApp(CommandingApp, inherit_bindings=False):
    """Polls the journal, carries out jobs, and brings what arrives to the screens that are open."""

    desk: Desk
    recoveries: Recoveries

    def start_recoveries(self) -> None:
        """After the first paint: look at the journal, sweep, and go on doing both."""
        if self.recoveries.available:
            self.watch_journal()
            self.sweep()
            self.set_interval(SWEEP_SECONDS, self.sweep_unasked)

    def why_not(self, screen: Screen[Any]) -> Reasons:
        scope = str(getattr(screen, "scope", ""))
        return {**of_app(scope, recoveries=self.recoveries.available), **super().why_not(screen)}

    def sweep_unasked(self) -> None:
        """From time to time; not after a refused sign-in, until somebody has asked for one that was none."""
        standing = self.recoveries.standing
        if standing is None or not standing.refused:
            self.sweep()

    def sweep(self) -> None:
        job = Job("sweep", _("Sweep over the servers"), lambda r: StandingArrived(r.sweep(), swept=True))
        self._start(job, quiet=True)

    # Workers: they post messages and touch no widget

    @work(exclusive=True, group="recovery-watch", exit_on_error=False)
    async def watch_journal(self) -> None:
        said = ""
        while True:
            try:
                news = await in_thread(self.recoveries.read)
            except Exception as error:
                refused = await self._refusal(error, _("The journal"))
                if str(refused) != said:
                    self.post_message(RecoveryFailed(refused, WATCH))
                said = str(refused)
            else:
                if said and news.standing is not None:
                    said = ""
                if news.standing is not None:
                    self.post_message(StandingArrived(news.standing))
                if news.view is not None:
                    self.post_message(RunArrived(news.view))
                if news.runs is not None:
                    self.post_message(RunsArrived(news.runs))
                if news.refused is not None and str(news.refused) != said:
                    said = str(news.refused)
                    self.post_message(RecoveryFailed(news.refused, "view", self.recoveries.run))
            await self.recoveries.pause()

    async def _refusal(self, error: Exception, what: str) -> RefusedError:
        """``error`` as a refusal; what was not foreseen goes to a crash file, once for each kind of it."""
        if isinstance(error, RefusedError):
            return error
        kind = f"{what}: {type(error).__name__}"
        if kind not in self._reported:
            self._reported[kind] = await asyncio.to_thread(crash_line, error, self.crash_dir)
        return RefusedError(what, clean_line(self._reported[kind]))

    @property
    def _reported(self) -> dict[str, str]:
        return self.recoveries.reported

    def _start(self, job: Job, quiet: bool = False) -> None:
        if job.changes and self.desk.registry.read_only:
            self.tell(((_(" {what}: not in read-only mode.").format(what=job.what), "state-degraded"),))
            return
        if job.kind in self.recoveries.busy and not job.reads:
            if not quiet:
                self.tell(((_(" {what}: still under way.").format(what=job.what), "state-degraded"),))
            return
        self.recoveries.busy.add(job.kind)
        self.run_worker(
            self._carry_out(job), group=f"recovery-{job.kind}", exclusive=True, exit_on_error=False
        )

    async def _carry_out(self, job: Job) -> None:
        try:
            self.post_message(await in_thread(lambda: job.call(self.recoveries.client())))
        except Exception as error:
            self.post_message(RecoveryFailed(await self._refusal(error, job.what), job.kind, job.run))
        finally:
            self.recoveries.busy.discard(job.kind)
            self.recoveries.poke()

    # What arrives

    @on(JobWanted)
    def _job_wanted(self, message: JobWanted) -> None:
        if self.recoveries.available:
            self._start(message.job)
        else:
            self.notify(_(NOT_HERE), severity="warning", markup=False)

    @on(StandingArrived)
    def _standing_arrived(self, message: StandingArrived) -> None:
        changed = self.recoveries.arrived(message.standing) or bool(self.recoveries.problem)
        self.recoveries.problem = ""
        if changed or message.swept:
            self._tell_screens("standing_arrived", message.swept)
        if changed:
            self.draw_bars()

    @on(RunArrived)
    def _run_arrived(self, message: RunArrived) -> None:
        self._tell_screens("run_arrived", message.view)

    @on(RunsArrived)
    def _runs_arrived(self, message: RunsArrived) -> None:
        self.recoveries.runs = message.runs
        self._tell_screens("runs_arrived")

    @on(PlanArrived)
    def _plan_arrived(self, message: PlanArrived) -> None:
        self._tell_screens("plan_arrived", message.plan)

    @on(LoggingArrived)
    def _logging_arrived(self, message: LoggingArrived) -> None:
        self._tell_screens("logging_arrived", message.state)

    @on(TraceArrived)
    def _trace_arrived(self, message: TraceArrived) -> None:
        self._tell_screens("trace_arrived", message.trace, message.asked)

    @on(RunStarted)
    def _run_started(self, message: RunStarted) -> None:
        self.open_run(message.run)

    @on(Done)
    def _done(self, message: Done) -> None:
        self.tell(((f" {message.words}", ""),))

    @on(RecoveryFailed)
    def _recovery_failed(self, message: RecoveryFailed) -> None:
        error = message.error
        what, why, helps = (spoken(clean_line(text)) for text in (error.what, error.why, error.helps))
        cure = _(" What helps: {helps}").format(helps=helps) if helps else ""
        self.notify(f"{what}: {why}{cure}", severity="error", markup=False, timeout=10)
        tail: Line = ((_("  What helps: "), "text-label"), (helps, "")) if helps else ()
        self.tell(((_(" Refused: {what}. ").format(what=what), "text-problem"), (why, ""), *tail))
        if message.kind == WATCH:
            self.recoveries.problem = f"{what}: {why}"
            self.draw_bars()
        self._tell_screens("refused", message.kind, message.run)

    def _tell_screens(self, method: str, *values: object) -> None:
        """Every open screen that wants to know: those that are covered too."""
        for screen in self.screen_stack:
            handler = getattr(screen, method, None)
            if handler is not None:
                handler(*values)

    # Bars

    def tell(self, *lines: Line) -> None:
        """The status line of every screen; stays until the next action."""
        if lines != self.recoveries.told:
            self.recoveries.told = lines
            self._draw(StatusBar)

    def tell_of(self, *texts: str) -> None:
        """On the status line, where the screen on top has one."""
        if self.screen.query(StatusBar):
            self.tell(*(((f" {text}", ""),) for text in texts))
        else:
            super().tell_of(*texts)

    def draw_bars(self) -> None:
        self._draw(StandingBar)

    def _draw(self, kind: type[Widget]) -> None:
        for screen in self.screen_stack:
            for bar in screen.query(kind):
                if isinstance(bar, StandingBar | StatusBar):
                    bar.draw()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """The operator's next action ends what the status line said; moving about does not."""
        name = action if isinstance(action, str) else action[1]
        if name.rpartition(".")[2].partition("(")[0] not in _MOVES:
            self.tell()
        return await super().run_action(action, default_namespace, namespaces)

    # Screens

    @on(RunWanted)
    def _run_wanted(self, message: RunWanted) -> None:
        self.open_run(message.run)

    def open_run(self, run: str) -> None:
        """Look at a run; where it is on the screen already, nothing happens."""
        from cockpit.ui.screens.run import RunScreen

        if not (isinstance(self.screen, RunScreen) and self.screen.run_id == run):
            self.push_screen(RunScreen(self.desk, self.recoveries, self.glyphs, run))

    def action_obligations(self) -> None:
        from cockpit.ui.screens.obligations import ObligationsScreen

        self.push_screen(ObligationsScreen(self.desk, self.recoveries, self.glyphs))

    def action_history(self) -> None:
        from cockpit.ui.screens.history import HistoryScreen

        self.push_screen(HistoryScreen(self.desk, self.recoveries, self.glyphs))

    async def close_recoveries(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await in_thread(self.recoveries.close)
