"""One thing the operator can do: the row of the registry."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import pgettext
from cockpit.frozen import dataclass

TITLES: Final = "action"
"""The context of the titles in a catalogue: ``open`` on a key is another word than an open session."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the operator can do.

    ``scope``: where its keys work (a screen, or ``app`` for everywhere but dialogs).
    ``dangerous``: changes something in the organization; not bound at all in read-only mode.
    ``shown``: in the footer, in the table's order.
    ``typing``: opens a line to type into. Its key is carried out before the next one is looked at: over SSH
    several come at once, and what is typed after ``:`` must not be taken for keys of the screen.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    scope: str
    group: str
    help: str = ""
    dangerous: bool = False
    shown: bool = False
    typing: bool = False

    @property
    def method(self) -> str:
        """The name Textual calls: ``fleet.faults-only`` is ``action_faults_only``."""
        return self.id.rsplit(".", 1)[-1].replace("-", "_")

    @property
    def said_title(self) -> str:
        """The title in the operator's language."""
        return pgettext(TITLES, self.title)
