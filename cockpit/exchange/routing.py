"""Which servers are at work behind the one that was dialled.

Since 2013 CU11 a front end routes a PowerShell session by its anchor mailbox, so commands may run on another
server, and another version, than the one dialled (exchange-facts §5.4 [C]). Two things tell while a shell
lives: the header ``X-FEServer``, with which a front end names itself (§5.1 [B]), and ``[Server=…,RequestId=``
at the beginning of a cmdlet's error id, which names the back end that ran it (§5.6 [C]). A shell that was
routed away ends in a fault that names both (§5.4 [C]); its words are told as they came. Nothing else on the
sheet says it: what ``SupportedVersions`` of the ApplicationPrivateData means is not said there, so it is not
used. So a back end that has reported no error has not said who it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from cockpit.exchange.names import same_server
from cockpit.frozen import dataclass

FRONT_END_HEADER: Final = "X-FEServer"
_NAME: Final = r"([A-Za-z0-9][\w.-]{0,62})"
_ERROR_ID: Final = re.compile(rf"^\[Server={_NAME},")


@dataclass(frozen=True, slots=True)
class Route:
    """``dialled``: the server we asked. ``front_end``: who took it; ``back_end``: who ran it; each empty
    where nothing has said so."""

    dialled: str = ""
    front_end: str = ""
    back_end: str = ""

    @property
    def elsewhere(self) -> bool:
        """Whether somebody else than the server dialled is known to be at work."""
        return any(name and not same_server(name, self.dialled) for name in (self.front_end, self.back_end))

    def fronted_by(self, header: str) -> Route:
        """With the front end of a response's header; without a name in it, the same."""
        found = re.fullmatch(_NAME, header.strip())
        return replace(self, front_end=found[1]) if found is not None else self

    def told_by(self, error_id: str) -> Route:
        """With the back end that a cmdlet's error id names, where it does."""
        found = _ERROR_ID.match(error_id)
        return replace(self, back_end=found[1]) if found is not None else self


UNKNOWN_ROUTE: Final = Route()
