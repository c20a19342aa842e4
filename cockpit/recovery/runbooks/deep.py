"""PopDeepTestMonitor and PopSelfTestMonitor, "typically Mailbox servers": the page's steps 1 to 8."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.recovery.runbook import RECOVERED, Runbook
from cockpit.recovery.runbooks import parts

DEEP: Final = Runbook(
    name="PopDeepTest",
    title=N_("Recover the POP3 back end (deep test, self test)"),
    source="Microsoft, Troubleshooting POP Health Set: PopDeepTestMonitor and PopSelfTestMonitor "
    'Recovery Actions (its heading says "PopTestDeepMonitor")',
    monitors=("PopDeepTestMonitor", "PopSelfTestMonitor"),
    escalate="escalate",
    steps=(
        parts.verify("verify", healthy=RECOVERED, then="verify-probe"),
        parts.probe(
            "verify-probe",
            "verify 2c, 2d",
            succeeded=RECOVERED,
            failed="restart",
            not_runnable="restart",
            title=N_("Is the fault there now: run the probe"),
        ),
        parts.restart(
            "restart", "1", "back", then="probe", guards=(*parts.WRITE_GUARDS, *parts.SERVICE_GUARDS)
        ),
        parts.probe("probe", "2", succeeded=RECOVERED, failed="role", not_runnable="watch-wait"),
        *parts.watch("watch", healthy=RECOVERED, unhealthy="escalate"),
        parts.role("role", cas="escalate", member="away-block", standalone="escalate"),
        *parts.failover(
            "away",
            parts.Pages(move="3", moved="4", reboot="5", unblock="7"),
            rebooted="probe-again",
            left="back-unblock-left",
            declined="probe-again",
        ),
        parts.probe(
            "probe-again", "6", succeeded="back-unblock", failed="escalate", not_runnable="after-wait"
        ),
        *parts.watch("after", healthy="back-unblock", unhealthy="escalate"),
        *parts.undo_block("back", "7", then="fail-back"),
        parts.fail_back("fail-back", then=RECOVERED),
        *parts.undo_left("back", then="escalate"),
        parts.escalate("8"),
    ),
)
