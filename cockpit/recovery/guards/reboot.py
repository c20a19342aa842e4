"""Guards before a computer is restarted, and after it, before databases may come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.recovery_model import NodeState
from cockpit.journal.records import Finding, Grade
from cockpit.recovery.guards.guard import Guard, copies_problem, dag_problem, unread
from cockpit.recovery.readings import Case, Readings

FAULT: Final = ("failed", "unhealthy")
"""Outcomes of a probe, or of a monitor that no probe feeds, that say: the fault is there."""


FRESH_MINUTES: Final = 30
"""Our own number: a failure older than this may have been mended by somebody since."""


def _evidence(_: Readings, case: Case) -> Iterator[Finding]:
    evidence = case.facts.get("evidence") or {}
    outcome, words = str(evidence.get("outcome", "")), str(evidence.get("words", ""))
    about = str(evidence.get("of", case.monitor))
    minutes = int((case.now - float(evidence.get("at", case.now))) // 60)
    if outcome in FAULT and minutes >= FRESH_MINUTES:
        yield EVIDENCE.refused(
            about,
            N_("{words}, {minutes} min ago").format(words=words or outcome, minutes=minutes),
            N_("Run the probe by hand again, or say why what it said still holds."),
            Grade.STOP,
        )
    elif outcome in FAULT:
        yield EVIDENCE.passed(about, words or outcome)
    else:
        yield EVIDENCE.refused(
            about,
            words or N_("nothing has shown the fault since the last change"),
            N_("A computer is not restarted on a probe that could not be run: escalate instead."),
        )


EVIDENCE: Final = Guard(
    id="evidence.fault",
    grade=Grade.HARD,
    title=N_("The fault was shown after the last change"),
    threshold=N_(
        "the last probe failed, within 30 minutes; for a monitor without a probe, it is Unhealthy "
        "after its wait"
    ),
    needs=(),
    judge=_evidence,
    source="design §6 rule 6; finding 4",
)


def _boot(readings: Readings, case: Case) -> Iterator[Finding]:
    clock = readings.clock.value
    if clock is not None:
        yield BOOT.passed(case.server, f"LastBootUpTime {clock.booted:%Y-%m-%d %H:%M:%S}Z")


BOOT: Final = Guard(
    id="boottime.stored",
    grade=Grade.HARD,
    title=N_("The boot time is known, to be compared after"),
    threshold=N_("LastBootUpTime was read"),
    needs=("clock",),
    judge=_boot,
    source="ansible.windows reboot; recovery-engine §2.4",
)


def _backup(readings: Readings, case: Case) -> Iterator[Finding]:
    at_work = False
    for database in readings.databases.value or ():
        if database.backup_in_progress:
            at_work = True
            yield BACKUP.refused(database.name, N_("backup in progress"), N_("Wait for the backup."))
        elif database.backup_in_progress is None:
            # Exchange leaves it empty for a database that no server answers for: a person may know better.
            at_work = True
            yield BACKUP.refused(
                database.name,
                N_("BackupInProgress was not said"),
                N_("Look at the backup software, and at the server that has the database."),
                Grade.STOP,
            )
    for copy in readings.here.value or ():
        if copy.status in ("Seeding", "SeedingSource"):
            at_work = True
            yield BACKUP.refused(copy.name, copy.status, N_("Wait for the seed."))
    if not at_work:
        yield BACKUP.passed(case.server, N_("no backup, no seed"))


def _backup_or_no_databases(readings: Readings, case: Case) -> Iterator[Finding]:
    if readings.mailbox_server(case.server) is None:
        yield BACKUP.passed(case.server, N_("holds no databases"))
        return
    if problem := readings.problem(("databases", "here")):
        yield unread(BACKUP, case.server, problem)
        return
    if problem := copies_problem(readings, case):
        yield unread(BACKUP, case.server, problem)
        return
    yield from _backup(readings, case)


BACKUP: Final = Guard(
    id="backup.running",
    grade=Grade.HARD,
    title=N_("Nothing long is running on its databases"),
    threshold=N_("no BackupInProgress, no copy Seeding or SeedingSource"),
    needs=("mailbox_servers",),
    judge=_backup_or_no_databases,
    source="recovery-engine §3.2",
)


def _none_active(readings: Readings, case: Case) -> Iterator[Finding]:
    problem = copies_problem(readings, case)
    if problem:
        yield unread(NONE_ACTIVE, case.server, problem)
    active = readings.active_here(case.server)
    down = [c for c in readings.here.value or () if c.status in ("ServiceDown", "Unknown")]
    for copy in active:
        yield NONE_ACTIVE.refused(
            copy.database,
            N_("active here, {status}").format(status=copy.status),
            N_("Move it away; a restart takes it down."),
        )
    for copy in down:
        if copy not in active:
            yield NONE_ACTIVE.refused(
                copy.database,
                N_("{status}: nobody knows whether it is active").format(status=copy.status),
                N_("Look at the replication service (MSExchangeRepl)."),
            )
    if not active and not down and not problem:
        yield NONE_ACTIVE.passed(
            case.server, N_("{count} copies, none active").format(count=len(readings.here.value or ()))
        )


NONE_ACTIVE: Final = Guard(
    id="copies.none_active",
    grade=Grade.HARD,
    title=N_("No copy is active here"),
    threshold=N_("no row with ActiveCopy in any state; ServiceDown counts as active"),
    needs=("here", "mailbox_servers", "databases"),
    judge=_none_active,
    source="DagCommonLibrary.ps1; Microsoft's page, step 5",
)


def _pam(readings: Readings, case: Case) -> Iterator[Finding]:
    if problem := dag_problem(readings, case.server):
        yield unread(PAM, case.server, problem)
        return
    dag = readings.dag_of(case.server)
    if dag is None:
        yield PAM.passed(case.server, N_("not in a DAG"))
    elif dag.primary_active_manager.lower() == case.server.lower():
        yield PAM.refused(
            dag.name,
            N_("{server} is the Primary Active Manager").format(server=case.server),
            N_(
                "It moves by itself when the server goes down, after a pause; better move it first "
                "(cluster group 'Cluster Group', Move-ClusterGroup on a member)."
            ),
        )
    elif not dag.primary_active_manager:
        yield unread(PAM, dag.name, N_("PrimaryActiveManager was not said: Active Manager is silent"))
    else:
        yield PAM.passed(
            dag.name,
            N_("Primary Active Manager is {server}").format(server=dag.primary_active_manager),
        )


PAM: Final = Guard(
    id="pam.elsewhere",
    grade=Grade.STOP,
    title=N_("This server is not the Primary Active Manager"),
    threshold=N_("PrimaryActiveManager is another member"),
    needs=("mailbox_servers", "dags"),
    judge=_pam,
    source="StartDagServerMaintenance.ps1",
)


def _members(readings: Readings, case: Case) -> Iterator[Finding]:
    nodes = {node.name.lower(): node for node in readings.nodes.value or ()}
    if not nodes:
        yield unread(MEMBERS, case.server, N_("Get-ClusterNode gave no node"))
    dag = readings.dag_of(case.server)
    missing = [name for name in (dag.servers if dag is not None else ()) if name.lower() not in nodes]
    for name in missing if nodes else ():
        yield unread(MEMBERS, name, N_("a member of the DAG that Get-ClusterNode does not name"))
    for node in nodes.values():
        if node.name.lower() == case.server.lower():
            continue
        if node.state == NodeState.UP:
            yield MEMBERS.passed(node.name, node.state)
        else:
            yield MEMBERS.refused(
                node.name, node.state, N_("Bring it up first: two at once break redundancy.")
            )


MEMBERS: Final = Guard(
    id="members.up",
    grade=Grade.HARD,
    title=N_("All other members are Up"),
    threshold=N_("every other cluster node Up"),
    needs=("nodes",),
    judge=_members,
    source="recovery-engine §3.2",
)


def _console(_: Readings, case: Case) -> Iterator[Finding]:
    yield CONSOLE.refused(
        case.server,
        N_("cannot be read from here"),
        N_("Be sure that you can reach its console (iLO, iDRAC, hypervisor) before you type its name."),
    )


CONSOLE: Final = Guard(
    id="console.reachable",
    grade=Grade.WARN,
    title=N_("A remote console is at hand"),
    threshold=N_("you can reach it when the network does not come back"),
    needs=(),
    judge=_console,
    source="recovery-engine §3.2; nothing can read it, so it is only a reminder",
)


def _settled(_: Readings, case: Case) -> Iterator[Finding]:
    settled = (case.facts.get("settled") or {}).get(case.server)
    if settled == "settled":
        yield SETTLED.passed(case.server, N_("the server had settled"))
    else:
        yield SETTLED.refused(
            case.server,
            str(settled or N_("not looked at")),
            N_("Look at services and copies; the block is lifted all the same."),
        )


SETTLED: Final = Guard(
    id="reboot.settled",
    grade=Grade.WARN,
    title=N_("The server has settled"),
    threshold=N_(
        "services running, Test-ReplicationHealth clean, copies Healthy; a block is never kept for it"
    ),
    needs=(),
    judge=_settled,
    source="recovery-engine §3.2: unblocking is never blocked by a health guard; ansible #47216",
)

GUARDS: Final = (EVIDENCE, BOOT, BACKUP, NONE_ACTIVE, PAM, MEMBERS, CONSOLE, SETTLED)
