"""What the command line does on the Fleet screen: filter, group, and go to a health set or a monitor."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cockpit.config.language import _
from cockpit.fleet.completing import complete
from cockpit.fleet.filtering import FilterError
from cockpit.fleet.grouping import GroupBy
from cockpit.ui.expansion import HEALTH_SET
from cockpit.ui.screens.fleet_finding import FleetFinding
from cockpit.ui.view import Filter, Leaf, ServerView


class FleetCommands(FleetFinding, inherit_bindings=False):
    """The commands whose argument names something in the tree."""

    subject: tuple[ServerView, Leaf] | None

    def command_filter(self, text: str) -> None:
        """As typed into its own line; a text that means nothing says why."""
        try:
            wanted = Filter(text, self.filter.faults_only)
        except FilterError as error:
            self.say(error.sentence, warning=True)
            return
        self._leave()
        self._close_filter()
        self.filter = wanted
        self._arrive()

    def command_group(self, by: str) -> None:
        self.group_by(GroupBy(by))

    def command_go_to_bookmark(self, key: str) -> None:
        self._jump(key)

    def filters(self, typed: str) -> list[str]:
        """Whole filters that ``typed`` may become."""
        found = complete(typed, len(typed), self.desk.snapshot, self.desk.bookmarks)
        return [typed[: found.start] + option for option in found.options]

    def health_sets(self) -> list[str]:
        return _names(leaf.health_set for leaf in self._leaves())

    def monitors(self) -> list[str]:
        return _names(leaf.entry.name for leaf in self._leaves() if leaf.entry is not None)

    def _leaves(self) -> list[Leaf]:
        """Of the selected server first, then of all as the tree has them."""
        groups = self.view.groups if self.view is not None else ()
        servers = [server for group in groups for server in group.servers]
        chosen = self.subject[0].name if self.subject is not None else ""
        servers.sort(key=lambda server: server.name != chosen)
        return [leaf for server in servers for leaf in server.leaves]

    def go_to_health_set(self, name: str) -> None:
        self._go_to_leaf(name, lambda leaf: leaf.health_set == name, HEALTH_SET)

    def go_to_monitor(self, name: str) -> None:
        self._go_to_leaf(name, lambda leaf: leaf.entry is not None and leaf.entry.name == name, None)

    def _go_to_leaf(self, name: str, wanted: Callable[[Leaf], bool], depth: int | None) -> None:
        """To the first that is ``wanted``; ``depth``: as many parts of its key, None for all."""
        found = next((leaf.key for leaf in self._leaves() if wanted(leaf)), None)
        if found is None:
            self.say(_("{name} is not in the fleet's tree now.").format(name=name), warning=True)
        else:
            self._leave()
            self.select(found[:depth])
            self._tree.focus()
            self._arrive()


def _names(found: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(found) if name]
