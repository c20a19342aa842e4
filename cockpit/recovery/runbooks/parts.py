"""Sequences that several of the page's procedures share, each as steps with a prefix in their ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from cockpit.config.language import N_
from cockpit.recovery.runbook import ESCALATED, Consent, Step

WRITE_GUARDS: Final = ("role.known", "alert.real", "dependencies.healthy", "others.lease", "others.marks",
                       "others.managed_availability", "others.setup", "window.open")  # fmt: skip
"""Before anything that interrupts users for the first time in a run."""
CHANGE_GUARDS: Final = tuple(g for g in WRITE_GUARDS if g != "dependencies.healthy")
LATER_GUARDS: Final = ("role.known", "others.lease", "others.managed_availability", "others.setup",
                       "window.open")  # fmt: skip
"""Before every later change of a run, the harmless ones too."""
AFTER_MOVE_GUARDS: Final = tuple(g for g in CHANGE_GUARDS if g != "alert.real")
"""With its databases away a deep test has nothing to fail on: ``evidence.fault`` stands for the alert."""
SERVICE_GUARDS: Final = ("service.right", "popproxy.active", "clients.noted", "pool.others")
FAILOVER_GUARDS: Final = (
    "dag.member", "dag.quorum", "copies.elsewhere", "copies.lagged", "copies.seeding", "target.room",
    "databases.unreplicated", "databases.backup", "prior.stored", "dag.preference",
)  # fmt: skip
REBOOT_GUARDS: Final = (
    "evidence.fault", "boottime.stored", "backup.running", "pool.others", "console.reachable",
)  # fmt: skip
MEMBER_REBOOT_GUARDS: Final = ("copies.none_active", "pam.elsewhere", "dag.quorum", "members.up")

MOVE_NOW: Final = "DatabaseCopyActivationDisabledAndMoveNow"
POLICY: Final = "DatabaseCopyAutoActivationPolicy"
LOGGING: Final = "ProtocolLogEnabled"

NOT_RUNNABLE_WHY: Final = N_(
    "Only some probes can be run by hand; one that cannot proves nothing. The monitor's own next runs decide."
)

NOT_RUNNABLE_DEPARTS: Final = N_("Ours: the page believes that every probe can be run by hand.")


def role(step_id: str, *, cas: str, member: str, standalone: str, page: str = "") -> Step:
    """Which way a server may go: a Client Access server of 2013, a DAG member, or neither."""
    return Step(
        id=step_id,
        title=N_("Which role has this server"),
        action="role",
        page=page,
        why=N_(
            "What a restart of the computer costs depends on it: a Client Access server of 2013 holds no "
            "databases; from 2016 on every server is a Mailbox server."
        ),
        departs=N_(
            'The page says "restart the CAS" for all; from 2016 on that takes databases down, so a DAG '
            "member takes the failover path."
        ),
        next={"cas_2013": cas, "dag_member": member, "standalone": standalone},
    )


def verify(first: str, *, healthy: str, then: str) -> Step:
    return Step(
        id=first,
        title=N_("Is the alert still there"),
        action="monitor",
        page="verify 2a, 2b",
        why=N_("The service may have recovered after the alert was issued."),
        next={"unhealthy": then, "healthy": healthy, "unclear": then},
    )


def probe(
    step_id: str,
    page: str,
    *,
    succeeded: str,
    failed: str,
    not_runnable: str,
    title: str = N_("Re-run the probe"),
) -> Step:
    return Step(
        id=step_id,
        title=title,
        action="probe",
        page=page,
        why=N_("Its ResultType says whether the fault is there now."),
        departs=N_(
            "The page reads a value named Result; the property is ResultType. A probe that cannot be run "
            "by hand is a third result here, which never leads to a restart of the computer."
        ),
        next={"succeeded": succeeded, "failed": failed, "not_runnable": not_runnable},
    )


def watch(prefix: str, *, healthy: str, unhealthy: str) -> tuple[Step, Step]:
    """Where no probe can tell: let the monitor run by itself, then look."""
    look = f"{prefix}-look"
    return (
        Step(
            id=f"{prefix}-wait",
            title=N_("Wait for the monitor's own runs"),
            action="wait",
            why=NOT_RUNNABLE_WHY,
            departs=NOT_RUNNABLE_DEPARTS,
            next={"elapsed": look},
        ),
        Step(
            id=look,
            title=N_("Look at the monitor"),
            action="monitor",
            why=N_("Its AlertValue after its own runs stands in for the probe."),
            departs=NOT_RUNNABLE_DEPARTS,
            asks=("unclear",),
            next={"healthy": healthy, "unhealthy": unhealthy, "unclear": unhealthy},
        ),
    )


def restart(
    step_id: str,
    page: str,
    tier: str,
    *,
    then: str,
    guards: tuple[str, ...],
    why: str = "",
    skip: str | None = None,
) -> Step:
    titles = {
        "front": N_("Restart the POP3 service"),
        "back": N_("Restart the POP3 back-end service"),
    }
    return Step(
        id=step_id,
        title=titles[tier],
        action="restart_service",
        page=page,
        why=why or N_("A hung or confused process is replaced; its clients are disconnected and come back."),
        consent=Consent.ASK,
        guards=guards,
        args={"tier": tier},
        skip=then if skip is None else skip,
        next={"done": then},
    )


@dataclass(frozen=True, slots=True)
class Pages:
    """The page's numbers on the failover path; empty where a procedure has none."""

    move: str
    moved: str
    reboot: str
    unblock: str


def failover(prefix: str, pages: Pages, *, rebooted: str, left: str, declined: str) -> tuple[Step, ...]:
    """Block, move, see that all left, restart the computer, see that it settled. Leads to ``rebooted``.

    ``left``: databases that stayed, so no restart. ``declined``: the operator skipped the restart.
    """
    return (
        Step(
            id=f"{prefix}-block",
            title=N_("Block activation on this server"),
            action="block_activation",
            why=N_("Nothing is to be activated here while it goes down and comes back."),
            departs=N_(
                "Ours: the page only moves databases away. Microsoft's own maintenance procedure sets "
                "the policy too. The prior value is kept and put back."
            ),
            consent=Consent.PERSON,
            guards=(*CHANGE_GUARDS, "dag.member", "prior.stored"),
            opens=POLICY,
            skip=f"{prefix}-move",
            next={"done": f"{prefix}-move", "already": f"{prefix}-move"},
        ),
        Step(
            id=f"{prefix}-move",
            title=N_("Move the databases away"),
            action="move_databases",
            page=pages.move,
            why=N_(
                "A restart takes every database that is active here down; users of a moved one barely notice."
            ),
            departs=N_(
                "The page moves without looking. Here each database is shown to have a healthy copy "
                "elsewhere."
            ),
            consent=Consent.PERSON,
            typed=True,
            guards=(*CHANGE_GUARDS, *FAILOVER_GUARDS),
            opens=MOVE_NOW,
            next={"done": f"{prefix}-moved", "already": f"{prefix}-moved"},
        ),
        Step(
            id=f"{prefix}-moved",
            title=N_("See that no active copy is left"),
            action="await_moved",
            page=pages.moved,
            why=N_("A database without another healthy copy silently stays."),
            departs=N_(
                "The page groups by Status, which misses Dismounted and ServiceDown: ActiveCopy is read, "
                "twice."
            ),
            asks=("left_behind",),
            next={"moved": f"{prefix}-reboot", "left_behind": left},
        ),
        reboot(
            f"{prefix}-reboot",
            pages.reboot,
            then=f"{prefix}-settled",
            skip=declined,
            guards=(*AFTER_MOVE_GUARDS, *REBOOT_GUARDS, *MEMBER_REBOOT_GUARDS),
        ),
        *settle(prefix, then=rebooted),
    )


def reboot(step_id: str, page: str, *, then: str, skip: str, guards: tuple[str, ...]) -> Step:
    return Step(
        id=step_id,
        title=N_("Restart the computer"),
        action="reboot",
        page=page,
        why=N_("The fault outlived the restart of the service."),
        consent=Consent.PERSON,
        typed=True,
        guards=guards,
        skip=skip,
        next={"done": then},
    )


def settle(prefix: str, *, then: str) -> tuple[Step, Step]:
    start = f"{prefix}-services"
    return (
        Step(
            id=f"{prefix}-settled",
            title=N_("See that the server has settled"),
            action="await_settled",
            why=N_(
                "A server that answers is not yet a server that works: services, replication and copies come "
                "later."
            ),
            departs=N_("Ours: the page only waits until the server was restarted successfully."),
            asks=("not_settled",),
            next={"settled": then, "services_down": start, "not_settled": then},
        ),
        Step(
            id=start,
            title=N_("Start the POP3 services that did not come back"),
            action="start_services",
            why=N_(
                "A service of start type Manual does not start by itself, and PopProxy Inactive keeps it "
                "down."
            ),
            departs=N_("Ours: the page does not look."),
            consent=Consent.ASK,
            guards=(*LATER_GUARDS, "service.right", "popproxy.active"),
            skip=then,
            next={"done": then},
        ),
    )


def undo_block(prefix: str, page: str, *, then: str) -> tuple[Step, Step]:
    """Lift both blocks, to the values that were there before. Nothing moves back by that."""
    return (
        Step(
            id=f"{prefix}-unblock",
            title=N_("Let databases be activated here again"),
            action="restore_move_now",
            page=page,
            why=N_("The block must not outlive the recovery."),
            departs=N_(
                'The page calls this "fail the databases back"; it only lifts the block. Moving back is '
                "the next but one step, and optional."
            ),
            guards=("reboot.settled",),
            closes=MOVE_NOW,
            next={"done": f"{prefix}-policy", "nothing": f"{prefix}-policy"},
        ),
        Step(
            id=f"{prefix}-policy",
            title=N_("Put the activation policy back"),
            action="restore_policy",
            page="",
            why=N_("The value that was there before, not a default."),
            departs=N_("Ours, as blocking activation is."),
            closes=POLICY,
            next={"done": then, "nothing": then},
        ),
    )


def fail_back(step_id: str, *, then: str) -> Step:
    return Step(
        id=step_id,
        title=N_("Move databases back to this server"),
        action="fail_back",
        why=N_(
            "Databases whose first preference is here may come back now, or stay until the DAG's "
            "PreferenceMoveFrequency moves them."
        ),
        departs=N_("Ours and optional: the page believes that lifting the block moves them."),
        consent=Consent.PERSON,
        guards=(*LATER_GUARDS, "others.marks", "reboot.settled"),
        skip=then,
        next={"done": then},
    )


def logging_off(prefix: str, page: str, *, then: str) -> tuple[Step, Step]:
    return (
        Step(
            id=f"{prefix}-logging-off",
            title=N_("Put protocol logging back"),
            action="restore_logging",
            page=page,
            why=N_("The log grows without bound for as long as it is on."),
            departs=N_(
                "The page turns it off; here the prior value is put back, so a log that was on stays on."
            ),
            closes=LOGGING,
            next={"done": f"{prefix}-restart-quiet", "nothing": then},
        ),
        restart(
            f"{prefix}-restart-quiet",
            str(int(page) + 1) if page.isdigit() else "",
            "front",
            then=then,
            guards=(*LATER_GUARDS, "service.right", "popproxy.active", "clients.noted"),
            why=N_("A changed setting is not picked up before the service's next start."),
        ),
    )


def component(step_id: str, *, active: str, escalate: str) -> tuple[Step, Step]:
    """PopProxy: while it is Inactive the front-end POP3 service stops by design."""
    put = f"{step_id}-active"
    return (
        Step(
            id=step_id,
            title=N_("Is the component PopProxy Active"),
            action="component",
            why=N_("POP3 stops by design while PopProxy is Inactive, and a restart does not help."),
            departs=N_("Ours: the page never mentions the component."),
            asks=("inactive_by_others",),
            next={"active": active, "inactive_by_health": put, "inactive_by_others": escalate},
        ),
        Step(
            id=put,
            title=N_("Take Managed Availability's vote on PopProxy back"),
            action="activate_component",
            why=N_(
                "Its responder PopProxyTestCafeOffline took POP out; only the same requester, HealthApi, can "
                "take that vote back."
            ),
            departs=N_("Ours: the page never mentions the component."),
            consent=Consent.ASK,
            guards=LATER_GUARDS,
            skip=active,
            next={"done": active},
        ),
    )


def escalate(page: str) -> Step:
    return Step(
        id="escalate",
        title=N_("Build the evidence bundle and call Microsoft support"),
        action="escalate",
        page=page,
        why=N_("The procedure ends here: what was read and done is what support will ask for."),
        departs=N_("Ours: open obligations are undone first, or handed over by name."),
        next={"done": ESCALATED},
    )


def undo_left(prefix: str, *, then: str) -> tuple[Step, Step]:
    """The same undoing where databases stayed, so that nothing was restarted."""
    first, second = undo_block(prefix, "", then=then)
    return (
        msgspec.structs.replace(
            first,
            id=f"{first.id}-left",
            guards=(),
            next={"done": f"{second.id}-left", "nothing": f"{second.id}-left"},
        ),
        msgspec.structs.replace(second, id=f"{second.id}-left"),
    )
