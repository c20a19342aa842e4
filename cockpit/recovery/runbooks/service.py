"""One restart of a POP3 service, outside the page's procedures but under the same rules."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.recovery.runbook import RECOVERED, Runbook
from cockpit.recovery.runbooks import parts

_GUARDS: Final = tuple(g for g in parts.CHANGE_GUARDS if g != "alert.real")


def _book(name: str, tier: str, title: str) -> Runbook:
    return Runbook(
        name=name,
        title=title,
        source="ours; services and cautions: exchange-facts §3, §2.10",
        monitors=(),
        escalate="escalate",
        steps=(
            parts.restart(
                "restart", "", tier, then=RECOVERED, guards=(*_GUARDS, *parts.SERVICE_GUARDS), skip=""
            ),
            parts.escalate(""),
        ),
    )


SERVICE: Final = _book("ServiceRestart", "front", N_("Restart the POP3 service"))
BACK_END_SERVICE: Final = _book("BackEndServiceRestart", "back", N_("Restart the POP3 back-end service"))
