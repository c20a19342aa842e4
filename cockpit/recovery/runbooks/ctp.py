"""PopCTPMonitor, "typically Client Access servers": the page's steps 1 to 8."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.recovery.runbook import RECOVERED, Consent, Runbook, Step
from cockpit.recovery.runbooks import parts

_LOG: Final = (
    Step(
        id="logging-on",
        title=N_("Turn protocol logging on"),
        action="set_logging",
        page="3.1",
        why=N_("The log of the front end names the mailbox server that it proxied the probe to."),
        departs=N_(
            "The page writes -ProtocolLoggingEnabled, which does not exist: it is -ProtocolLogEnabled."
        ),
        consent=Consent.ASK,
        guards=(*parts.LATER_GUARDS, "logging.prior", "logging.space"),
        opens=parts.LOGGING,
        skip="find",
        next={"done": "restart-logged", "already": "probe-logged"},
    ),
    parts.restart(
        "restart-logged",
        "3.2",
        "front",
        then="probe-logged",
        guards=(*parts.WRITE_GUARDS, *parts.SERVICE_GUARDS),
        why=N_("A changed setting is not picked up before the service's next start."),
    ),
    parts.probe("probe-logged", "3.3", succeeded="good-logging-off", failed="find", not_runnable="find"),
    Step(
        id="find",
        title=N_("Find the mailbox server behind the probe"),
        action="find_mailbox_server",
        page="3.4, 3.5",
        why=N_("A fault behind the front end is cured where it is."),
        departs=N_("The page compares times with Get-ServerHealth of a server one has to guess. Here the "
        "probe's StateAttribute4 names it, else the front end's log of that time; the back end's log and the "
        "active copy of the probe's mailbox are held against it, by each server's own clock."),
        asks=("not_found",),
        next={"unhealthy": "behind", "healthy": "last-look", "not_found": "bad-logging-off"},
    ),
    Step(
        id="behind",
        title=N_("Recover the mailbox server behind it"),
        action="child",
        page="3.6",
        why=N_("That server is Unhealthy: its own procedure comes first."),
        args={"runbook": "PopDeepTest"},
        consent=Consent.ASK,
        skip="last-look",
        next={"recovered": "probe-behind", "escalated": "bad-logging-off", "aborted": "bad-logging-off"},
    ),
    parts.probe(
        "probe-behind",
        "",
        succeeded="good-logging-off",
        failed="role",
        not_runnable="behind-wait",
        title=N_("Re-run the front end's probe"),
    ),
    *parts.watch("behind", healthy="good-logging-off", unhealthy="bad-logging-off"),
    parts.probe(
        "last-look",
        "4",
        succeeded="good-logging-off",
        failed="role",
        not_runnable="bad-logging-off",
        title=N_("Look once more before the computer is restarted"),
    ),
)  # fmt: skip

CTP: Final = Runbook(
    name="PopCTP",
    title=N_("Recover POP3 as customers see it (customer touch point)"),
    source="Microsoft, Troubleshooting POP Health Set: PopCTPMonitor Recovery Actions",
    monitors=("PopCTPMonitor",),
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
        parts.probe("probe", "2", succeeded=RECOVERED, failed="logging-on", not_runnable="watch-wait"),
        *parts.watch("watch", healthy=RECOVERED, unhealthy="logging-on"),
        *_LOG,
        parts.role("role", cas="reboot", member="away-block", standalone="bad-logging-off", page="4"),
        parts.reboot(
            "reboot",
            "4",
            then="cas-settled",
            skip="probe-rebooted",
            guards=(*parts.CHANGE_GUARDS, *parts.REBOOT_GUARDS),
        ),
        *parts.settle("cas", then="probe-rebooted"),
        parts.probe(
            "probe-rebooted",
            "5",
            succeeded="good-logging-off",
            failed="bad-logging-off",
            not_runnable="rebooted-wait",
        ),
        *parts.watch("rebooted", healthy="good-logging-off", unhealthy="bad-logging-off"),
        *parts.failover(
            "away",
            parts.Pages(move="", moved="", reboot="4", unblock=""),
            rebooted="probe-again",
            left="back-unblock-left",
            declined="probe-again",
        ),
        parts.probe(
            "probe-again", "5", succeeded="back-unblock", failed="bad-logging-off", not_runnable="after-wait"
        ),
        *parts.watch("after", healthy="back-unblock", unhealthy="bad-logging-off"),
        *parts.undo_block("back", "", then="fail-back"),
        parts.fail_back("fail-back", then="good-logging-off"),
        *parts.undo_left("back", then="bad-logging-off"),
        *parts.logging_off("good", "6", then=RECOVERED),
        *parts.logging_off("bad", "6", then="escalate"),
        parts.escalate("8"),
    ),
)
