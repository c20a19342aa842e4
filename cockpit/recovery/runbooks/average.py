"""AverageCommandProcessingTimeGt60sMonitor: the page's steps 1 to 6. A counter feeds it, no probe."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.recovery.runbook import RECOVERED, Runbook, Step
from cockpit.recovery.runbooks import parts


def _wait(step_id: str, page: str, then: str) -> Step:
    return Step(
        id=step_id,
        title=N_("Wait ten minutes"),
        action="wait",
        page=page,
        why=N_("The monitor needs samples of the counter after the restart; there is no probe to re-run."),
        departs=N_(
            "The page lists PopSelfTestProbe for this monitor; it is fed by a performance counter "
            "(exchange-facts §1.4 h)."
        ),
        next={"elapsed": then},
    )


def _look(step_id: str, page: str, healthy: str, unhealthy: str) -> Step:
    return Step(
        id=step_id,
        title=N_("Look at the monitor"),
        action="monitor",
        page=page,
        why=N_("Its AlertValue says whether commands are still slow."),
        asks=("unclear",),
        next={"healthy": healthy, "unhealthy": unhealthy, "unclear": "escalate"},
    )


AVERAGE: Final = Runbook(
    name="AverageCommandProcessingTime",
    title=N_("Recover slow POP3 commands"),
    source="Microsoft, Troubleshooting POP Health Set: AverageCommandProcessingTimeGt60sMonitor "
    "Recovery Actions",
    monitors=("AverageCommandProcessingTimeGt60sMonitor",),
    escalate="escalate",
    steps=(
        parts.verify("verify", healthy=RECOVERED, then="restart-front"),
        parts.restart(
            "restart-front",
            "1",
            "front",
            then="restart-back",
            guards=(*parts.WRITE_GUARDS, *parts.SERVICE_GUARDS),
        ),
        parts.restart(
            "restart-back",
            "1",
            "back",
            then="wait",
            guards=(*parts.WRITE_GUARDS, *parts.SERVICE_GUARDS),
        ),
        _wait("wait", "2", "look"),
        _look("look", "2", RECOVERED, "role"),
        parts.role("role", cas="reboot", member="away-block", standalone="escalate", page="3"),
        parts.reboot(
            "reboot",
            "3",
            then="cas-settled",
            skip="wait-rebooted",
            guards=(*parts.CHANGE_GUARDS, *parts.REBOOT_GUARDS),
        ),
        *parts.settle("cas", then="wait-rebooted"),
        _wait("wait-rebooted", "4", "look-rebooted"),
        _look("look-rebooted", "4", RECOVERED, "escalate"),
        *parts.failover(
            "away",
            parts.Pages(move="3.1", moved="3.2", reboot="3", unblock="5"),
            rebooted="wait-again",
            left="back-unblock-left",
            declined="wait-again",
        ),
        _wait("wait-again", "4", "look-again"),
        _look("look-again", "4", "back-unblock", "escalate"),
        *parts.undo_block("back", "5", then="fail-back"),
        parts.fail_back("fail-back", then=RECOVERED),
        *parts.undo_left("back", then="escalate"),
        parts.escalate("6"),
    ),
)
