"""Commands of a cockpit on a fleet, from whatever screen they are typed on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cockpit.config.language import _
from cockpit.ui.messages import RunWanted
from cockpit.ui.recording import RecordingApp
from cockpit.ui.recovery_words import short

if TYPE_CHECKING:
    from cockpit.recovery.view import RunLine
    from cockpit.ui.commands import Sight
    from cockpit.ui.logs import LogsWanted
    from cockpit.ui.screens.fleet import FleetScreen


class FleetCommandingApp(RecordingApp, inherit_bindings=False):
    """Goes home to the Fleet screen where a command is about its tree."""

    fleet_screen: FleetScreen

    def open_logs(self, wanted: LogsWanted) -> None:
        raise NotImplementedError

    def sight(self) -> Sight:
        fleet = self.fleet_screen
        return replace(
            super().sight(),
            servers=sorted(self.desk.snapshot.servers),
            health_sets=fleet.health_sets(),
            monitors=fleet.monitors(),
            bookmarks=sorted(self.desk.bookmarks.places),
            filters=fleet.filters if self.screen is fleet else (lambda _: ()),
            runs=[short(line.run.id) for line in self._runs()],
        )

    def _runs(self) -> list[RunLine]:
        """Those that have not ended, and those that the history has read."""
        known = self.recoveries
        lines = (*(known.standing.runs if known.standing is not None else ()), *(known.runs or ()))
        return list({line.run.id: line for line in lines}.values())

    def _go_home(self) -> FleetScreen:
        while self.screen is not self.fleet_screen:
            self.pop_screen()
        return self.fleet_screen

    def command_server(self, name: str) -> None:
        self._go_home().go_to_server(name)

    def command_set(self, name: str) -> None:
        self._go_home().go_to_health_set(name)

    def command_monitor(self, name: str) -> None:
        self._go_home().go_to_monitor(name)

    def command_logs(self, name: str) -> None:
        from cockpit.ui.logs import LogsWanted  # not needed for the first paint

        self.open_logs(LogsWanted(servers=(name,)))

    def command_run(self, name: str) -> None:
        line = next((line for line in self._runs() if short(line.run.id) == name), None)
        if line is not None:
            self.post_message(RunWanted(line.run.id))

    def environment_told(self) -> list[str]:
        status, paused = self.desk.snapshot.status, self.desk.snapshot.status.paused
        read = _("{servers} servers, each read every {seconds:g}s.").format(
            servers=len(self.desk.snapshot.servers), seconds=self.desk.wished_interval or status.interval
        )
        stands = [_("Polling pauses.")] if paused else []
        return [read, *stands, *super().environment_told()]
