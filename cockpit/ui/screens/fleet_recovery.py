"""Recover, from the Fleet screen: plan or start the runbook of the selected monitor; protocol logging."""

from __future__ import annotations

from cockpit.exchange import catalogue
from cockpit.ui.desk import Desk
from cockpit.ui.look import Glyphs
from cockpit.ui.messages import JobWanted, RunWanted
from cockpit.ui.recoveries import Recoveries
from cockpit.ui.screens.moving import MovingScreen
from cockpit.ui.view import Leaf, ServerView


class FleetRecovery(MovingScreen, inherit_bindings=False):
    """The actions behind ``r`` and ``l``."""

    desk: Desk
    recoveries: Recoveries
    glyphs: Glyphs
    subject: tuple[ServerView, Leaf] | None

    def say(self, text: str, warning: bool = False) -> None:
        raise NotImplementedError

    def action_recover(self) -> None:
        if self.subject is None or self.subject[1].entry is None:
            return
        server, name = self.subject[0].name, self.subject[1].entry.name
        from cockpit.recovery.runbooks import runbook_for  # not needed for the first paint

        known, runbook = catalogue.monitor(name), runbook_for(name)
        if known is not None and runbook is not None:
            self._ask(server, known.name, runbook.title)

    def action_logging(self) -> None:
        """Protocol logging of the server under the cursor: reads first, and asks."""
        if self.subject is None:
            return
        from cockpit.ui.screens.logging import WATCH, LoggingDialog, read_job, run_job

        server = self.subject[0].name
        dialog = LoggingDialog(self.desk.registry, server, self.desk.now)

        def decided(choice: str | None) -> None:
            if choice == WATCH and dialog.state is not None:
                self.app.post_message(RunWanted(dialog.state.run))
            elif choice is not None:
                self.app.post_message(JobWanted(run_job(server, choice)))

        self.app.push_screen(dialog, decided)
        self.app.post_message(JobWanted(read_job(server)))

    def _ask(self, server: str, monitor: str, runbook: str) -> None:
        from cockpit.ui.screens.plan import PlanScreen
        from cockpit.ui.screens.recover import RecoverDialog
        from cockpit.ui.screens.start import start_job

        under_way = self.recoveries.under_way(server, monitor)

        def decided(choice: str | None) -> None:
            if choice == "plan":
                screen = PlanScreen(self.desk, self.recoveries, self.glyphs, server, monitor, runbook)
                self.app.push_screen(screen)
            elif choice == "start":
                self.app.post_message(JobWanted(start_job(server, monitor)))
            elif choice == "watch" and under_way is not None:
                self.app.post_message(RunWanted(under_way.run.id))

        self.app.push_screen(RecoverDialog(self.desk.registry, server, monitor, runbook, under_way), decided)
