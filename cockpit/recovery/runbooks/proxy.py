"""PopProxyTestMonitor: the page's steps 1 to 5."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.recovery.runbook import RECOVERED, Runbook
from cockpit.recovery.runbooks import parts

PROXY: Final = Runbook(
    name="PopProxyTest",
    title=N_("Recover the POP3 proxy"),
    source="Microsoft, Troubleshooting POP Health Set: PopProxyTestMonitor Recovery Actions",
    monitors=("PopProxyTestMonitor",),
    escalate="escalate",
    steps=(
        parts.verify("verify", healthy=RECOVERED, then="verify-probe"),
        parts.probe(
            "verify-probe",
            "verify 2c, 2d",
            succeeded=RECOVERED,
            failed="component",
            not_runnable="component",
            title=N_("Is the fault there now: run the probe"),
        ),
        *parts.component("component", active="restart", escalate="escalate"),
        parts.restart(
            "restart", "1", "front", then="probe", guards=(*parts.WRITE_GUARDS, *parts.SERVICE_GUARDS)
        ),
        parts.probe("probe", "2", succeeded=RECOVERED, failed="role", not_runnable="watch-wait"),
        *parts.watch("watch", healthy=RECOVERED, unhealthy="escalate"),
        parts.role("role", cas="reboot", member="away-block", standalone="escalate", page="3"),
        parts.reboot(
            "reboot",
            "3",
            then="cas-settled",
            skip="probe-rebooted",
            guards=(*parts.CHANGE_GUARDS, *parts.REBOOT_GUARDS),
        ),
        *parts.settle("cas", then="probe-rebooted"),
        parts.probe(
            "probe-rebooted", "4", succeeded=RECOVERED, failed="escalate", not_runnable="rebooted-wait"
        ),
        *parts.watch("rebooted", healthy=RECOVERED, unhealthy="escalate"),
        *parts.failover(
            "away",
            parts.Pages(move="", moved="", reboot="3", unblock=""),
            rebooted="probe-again",
            left="back-unblock-left",
            declined="probe-again",
        ),
        parts.probe(
            "probe-again", "4", succeeded="back-unblock", failed="escalate", not_runnable="after-wait"
        ),
        *parts.watch("after", healthy="back-unblock", unhealthy="escalate"),
        *parts.undo_block("back", "", then="fail-back"),
        parts.fail_back("fail-back", then=RECOVERED),
        *parts.undo_left("back", then="escalate"),
        parts.escalate("5"),
    ),
)
