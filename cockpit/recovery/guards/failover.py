"""Guards before databases are moved away: quorum, and for every database a place to go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange import model as m
from cockpit.exchange.recovery_model import NodeState
from cockpit.journal.records import Finding, Grade
from cockpit.recovery.guards.guard import Guard, copies_problem, dag_problem, unread
from cockpit.recovery.readings import Case, Readings

COPY_QUEUE: Final = 10
REPLAY_QUEUE: Final = 50
"""Best copy selection's first set of criteria (active-manager.md)."""
INDEX_IN_ORDER: Final = frozenset({"", "Healthy", "NotApplicable", "HealthyAndUpgrading"})
"""ContentIndexState of a copy whose index keeps no move back. Healthy (2013 and 2016) and NotApplicable
(2019) are the sheet's (exchange-facts §2.7, §6.2); it is silent on HealthyAndUpgrading, which is from memory
[M], and on an index that is not said."""
NO_WITNESS: Final = frozenset({"", "none", "invalidconfiguration"})
"""WitnessShareInUse, in small letters, of a witness that gives no vote. The sheet names Primary and Alternate
(exchange-facts §2.12) and is silent on the others: these words are from memory [M]. Whatever is not Primary
is refused beside the count of votes, so that no word that nobody foresaw lets a move go on."""


def _member(readings: Readings, case: Case) -> Iterator[Finding]:
    dag = readings.dag_of(case.server)
    if dag is None:
        yield MEMBER.refused(
            case.server,
            N_("not a member of a DAG"),
            N_("Its databases cannot move: plan an outage, do it by hand."),
        )
    else:
        yield MEMBER.passed(case.server, N_("member of {dag}").format(dag=dag.name))


MEMBER: Final = Guard(
    id="dag.member",
    grade=Grade.HARD,
    title=N_("The server is a DAG member"),
    threshold=N_("DatabaseAvailabilityGroup is set"),
    needs=("mailbox_servers", "dags"),
    judge=_member,
    source="exchange-facts §6.2",
)


def _quorum(readings: Readings, case: Case) -> Iterator[Finding]:
    if problem := dag_problem(readings, case.server):
        yield unread(QUORUM, case.server, problem)
        return
    dag = readings.dag_of(case.server)
    if dag is None:
        yield QUORUM.passed(case.server, N_("not in a DAG"))
        return
    up = [s for s in dag.operational_servers if s.lower() in {n.lower() for n in dag.servers}]
    even = len(dag.servers) % 2 == 0
    voters = len(dag.servers) + even
    witness_works = even and dag.witness_share_in_use.lower() not in NO_WITNESS
    majority = voters // 2 + 1
    left = len([s for s in up if s.lower() != case.server.lower()]) + witness_works
    words = N_("{left} of {voters} voters left without {server}, {majority} needed").format(
        left=left, voters=voters, server=case.server, majority=majority
    )
    if left < majority:
        yield QUORUM.refused(dag.name, words, N_("Bring another member or the witness back first."))
    elif left - 1 < majority and len(dag.servers) > 2:
        words = N_("{words}: one more loss dismounts every database").format(words=words)
        yield QUORUM.refused(dag.name, words, N_("Bring a member back first."), Grade.STOP)
    elif left - 1 < majority:
        helps = N_("A DAG of two has no second one: keep the other server safe meanwhile.")
        yield QUORUM.refused(dag.name, words, helps, Grade.WARN)
    else:
        yield QUORUM.passed(dag.name, words)
    if even and dag.witness_share_in_use.lower() != "primary":
        yield QUORUM.refused(
            N_("{dag} witness").format(dag=dag.name),
            dag.witness_share_in_use or N_("not in use"),
            N_("Look at the witness server."),
        )
    yield from _quorum_checks(readings)


_CHECKS: Final = frozenset({"clusterservice", "quorumgroup", "filesharequorum", "dagmembersup"})


def _quorum_checks(readings: Readings) -> Iterator[Finding]:
    checks = [c for c in readings.replication.value or () if c.check.lower() in _CHECKS]
    if not checks:
        yield unread(QUORUM, "Test-ReplicationHealth", N_("none of the quorum checks is among its rows"))
    for check in checks:
        if check.check.lower() in _CHECKS and not check.passed:
            yield QUORUM.refused(
                f"Test-ReplicationHealth {check.check}",
                f"{check.result} {check.error}".strip(),
                N_("Mend it first."),
            )


QUORUM: Final = Guard(
    id="dag.quorum",
    grade=Grade.HARD,
    title=N_("Quorum survives"),
    threshold=N_(
        "a majority without this member (hard), and without one more (stop; in a DAG of two a "
        "warning); the witness in use where the number of members is even; the quorum checks passed"
    ),
    needs=("mailbox_servers", "dags", "replication"),
    judge=_quorum,
    source="database-availability-groups.md l.95-112; monitor-dags.md",
)


def fit(copy: m.DatabaseCopyStatus, readings: Readings) -> str:
    """Empty when a copy may take its database over, else why it may not."""
    return _unfit(copy, readings)[0]


def _unfit(copy: m.DatabaseCopyStatus, readings: Readings) -> tuple[str, str]:
    """Why a copy may not take its database over: alone, and behind its status. Both empty: it may."""
    host = readings.mailbox_server(copy.server)
    node = next((n for n in readings.nodes.value or () if n.name.lower() == copy.server.lower()), None)
    if copy.status not in ("Healthy", "DisconnectedAndHealthy"):
        return copy.status, copy.status
    if copy.activation_suspended:
        return _both(copy, N_("activation suspended"), N_("{status} but activation suspended"))
    if copy.copy_queue_length is None or copy.copy_queue_length >= COPY_QUEUE:
        length = _length(copy.copy_queue_length)
        return _both(copy, N_("copy queue {value}"), N_("{status} but copy queue {value}"), length)
    if copy.replay_queue_length is None or copy.replay_queue_length >= REPLAY_QUEUE:
        length = _length(copy.replay_queue_length)
        return _both(copy, N_("replay queue {value}"), N_("{status} but replay queue {value}"), length)
    if copy.content_index_state not in INDEX_IN_ORDER:
        index = copy.content_index_state
        return _both(copy, N_("content index {value}"), N_("{status} but content index {value}"), index)
    if host is None:
        return _both(copy, N_("its server is unknown"), N_("{status} but its server is unknown"))
    if host.activation_policy == "Blocked":
        blocked = N_("{status} but its server is Blocked (policy)")
        return _both(copy, N_("its server is Blocked (policy)"), blocked)
    if host.activation_disabled_and_move_now is None:
        return _both(copy, N_("its MoveNow is unknown"), N_("{status} but its MoveNow is unknown"))
    if host.activation_disabled_and_move_now:
        return _both(copy, N_("its server has MoveNow on"), N_("{status} but its server has MoveNow on"))
    if node is not None and node.state != NodeState.UP:
        paused = N_("{status} but its cluster node is {value}")
        return _both(copy, N_("its cluster node is {value}"), paused, node.state)
    return "", ""


def _both(copy: m.DatabaseCopyStatus, alone: str, behind: str, value: str = "") -> tuple[str, str]:
    return alone.format(value=value), behind.format(status=copy.status, value=value)


def _length(queue: int | None) -> str:
    return N_("unknown") if queue is None else str(queue)


def lagged(copy: m.DatabaseCopyStatus) -> bool:
    """ReplayLagStatus as printed: its words are from memory [M], so anything that says Enabled:True."""
    return "enabled:true" in copy.replay_lag_status.replace(" ", "").lower()


def _elsewhere(readings: Readings, case: Case) -> Iterator[Finding]:
    dag = readings.dag_of(case.server)
    small = dag is not None and len(dag.servers) <= 2
    if problem := copies_problem(readings, case):
        yield unread(ELSEWHERE, case.server, problem)
    elif not readings.copies.value:
        yield ELSEWHERE.passed(case.server, N_("no database is active here"))
    for database, copies in (readings.copies.value or {}).items():
        others = [c for c in copies if c.server.lower() != case.server.lower()]
        good = [c for c in others if not fit(c, readings)]
        words = "; ".join(f"{c.server} {_shown(c, readings)}" for c in others) or N_("no other copy")
        if not good:
            yield ELSEWHERE.refused(
                database, N_("0 fit copies elsewhere: {words}").format(words=words), _cure(others)
            )
        elif len(good) == 1 and small:
            yield ELSEWHERE.refused(
                database,
                N_("only 1 fit copy elsewhere: {words}").format(words=words),
                N_("A DAG of two has no second one: keep the other server safe meanwhile."),
                Grade.WARN,
            )
        elif len(good) == 1:
            yield ELSEWHERE.refused(
                database,
                N_("only 1 fit copy elsewhere: {words}").format(words=words),
                _cure(others),
                Grade.STOP,
            )
        else:
            yield ELSEWHERE.passed(database, words)


def _shown(copy: m.DatabaseCopyStatus, readings: Readings) -> str:
    why, behind = _unfit(copy, readings)
    if why and why != copy.status:
        return behind
    copied, replayed = _length(copy.copy_queue_length), _length(copy.replay_queue_length)
    return N_("{status}  copy {copied}  replay {replayed}").format(
        status=copy.status, copied=copied, replayed=replayed
    )


def _cure(others: list[m.DatabaseCopyStatus]) -> str:
    suspended = next((c for c in others if c.activation_suspended or "Suspended" in c.status), None)
    if suspended is not None:
        return f"Resume-MailboxDatabaseCopy '{suspended.database}\\{suspended.server}'"
    return N_("Bring another copy to Healthy, or lift the block on its server.")


ELSEWHERE: Final = Guard(
    id="copies.elsewhere",
    grade=Grade.HARD,
    title=N_("Every active database has a healthy copy elsewhere"),
    threshold=N_(
        "two fit copies elsewhere (in a DAG of two: one); none is hard, one is stop; copy queue "
        "< 10, replay queue < 50, not suspended, its server not Blocked, MoveNow or paused"
    ),
    needs=("here", "copies", "mailbox_servers"),
    judge=_elsewhere,
    source="active-manager.md; GetCriticalMailboxResources; Set-MailboxServer.md",
)


def _lagged(readings: Readings, case: Case) -> Iterator[Finding]:
    if not readings.copies.value:
        yield LAGGED.passed(case.server, N_("no database is active here"))
    for database, copies in (readings.copies.value or {}).items():
        good = [c for c in copies if c.server.lower() != case.server.lower() and not fit(c, readings)]
        if good and all(lagged(c) for c in good):
            yield LAGGED.refused(
                database,
                N_("its only target is a lagged copy on {server}").format(server=good[0].server),
                N_("Activating it replays its whole log first; make another copy fit."),
            )
        else:
            yield LAGGED.passed(database, N_("a target without replay lag") if good else N_("no target"))


LAGGED: Final = Guard(
    id="copies.lagged",
    grade=Grade.STOP,
    title=N_("No lagged copy is the only target"),
    threshold=N_("a fit copy without replay lag"),
    needs=("here", "copies", "mailbox_servers"),
    judge=_lagged,
    source="recovery-engine §3.2",
)


def _seeding(readings: Readings, case: Case) -> Iterator[Finding]:
    sources = [c for c in readings.here.value or () if c.status in ("SeedingSource", "Seeding")]
    for copy in sources:
        yield SEEDING.refused(copy.name, copy.status, N_("Wait for the seed: a move cancels it."))
    if not sources:
        yield SEEDING.passed(case.server, N_("no copy here is seeding"))


SEEDING: Final = Guard(
    id="copies.seeding",
    grade=Grade.STOP,
    title=N_("No seed is running from here"),
    threshold=N_("no copy with status SeedingSource or Seeding"),
    needs=("here",),
    judge=_seeding,
    source="Move-ActiveMailboxDatabase.md, -SkipActiveCopyChecks",
)


def _room(readings: Readings, case: Case) -> Iterator[Finding]:
    if not readings.copies.value:
        yield ROOM.passed(case.server, N_("no database is active here"))
    for database, copies in (readings.copies.value or {}).items():
        good = [c for c in copies if c.server.lower() != case.server.lower() and not fit(c, readings)]
        limits = []
        for copy in good:
            host = readings.mailbox_server(copy.server)
            maximum = host.maximum_active_databases if host is not None else None
            if maximum is not None:
                limits.append(
                    N_("{server} takes at most {maximum} active").format(server=copy.server, maximum=maximum)
                )
        if good and len(limits) == len(good):
            yield ROOM.refused(
                database, "; ".join(limits), N_("Raise MaximumActiveDatabases, or move by hand.")
            )
        else:
            yield ROOM.passed(database, N_("a target without a limit") if good else N_("no target"))


ROOM: Final = Guard(
    id="target.room",
    grade=Grade.STOP,
    title=N_("A target has room"),
    threshold=N_(
        "a fit copy on a server without MaximumActiveDatabases; whether a move is suppressed just "
        "now cannot be read"
    ),
    needs=("here", "copies", "mailbox_servers"),
    judge=_room,
    source="Set-MailboxServer.md; Skip* notes of Move-ActiveMailboxDatabase.md",
)


def _unreplicated(readings: Readings, case: Case) -> Iterator[Finding]:
    if problem := copies_problem(readings, case):
        yield unread(UNREPLICATED, case.server, problem)
        return
    if not readings.databases.value and readings.here.value:
        yield unread(
            UNREPLICATED, case.server, N_("Get-MailboxDatabase names no database, though copies are here")
        )
        return
    alone = [d for d in readings.databases.value or () if not d.is_replicated]
    for database in alone:
        yield UNREPLICATED.refused(
            database.name,
            N_("ReplicationType {type}: goes down with the server").format(type=database.replication_type),
            N_("Add a copy, or say why it may be down."),
        )
    if not alone:
        yield UNREPLICATED.passed(case.server, N_("every database here is replicated"))


UNREPLICATED: Final = Guard(
    id="databases.unreplicated",
    grade=Grade.STOP,
    title=N_("No database without a second copy"),
    threshold="ReplicationType Remote",
    needs=("databases",),
    judge=_unreplicated,
    source="StartDagServerMaintenance.ps1",
)


def _backup(readings: Readings, case: Case) -> Iterator[Finding]:
    running = [d for d in readings.databases.value or () if d.backup_in_progress]
    for database in running:
        yield BACKUP.refused(
            database.name, N_("backup in progress"), N_("Wait for the backup: a move ends it.")
        )
    if not running:
        yield BACKUP.passed(case.server, N_("no backup in progress"))


BACKUP: Final = Guard(
    id="databases.backup",
    grade=Grade.STOP,
    title=N_("No backup is running on what is moved"),
    threshold=N_("no BackupInProgress"),
    needs=("databases",),
    judge=_backup,
    source="ours; exchange-facts §6.2 names running backups among what admins look at",
)


def _stored(readings: Readings, case: Case) -> Iterator[Finding]:
    host = readings.mailbox_server(case.server)
    if host is None:
        yield STORED.refused(case.server, N_("Get-MailboxServer does not name it"), N_("Look at RBAC."))
        return
    if host.activation_disabled_and_move_now is None or not host.activation_policy:
        yield unread(STORED, case.server, N_("policy or MoveNow was not said"))
        return
    if problem := copies_problem(readings, case):
        yield unread(STORED, case.server, problem)
        return
    active = ", ".join(c.database for c in readings.active_here(case.server)) or N_("none")
    yield STORED.passed(
        case.server,
        N_("policy {policy}, MoveNow ${move_now}, active here: {active}").format(
            policy=host.activation_policy,
            move_now=str(host.activation_disabled_and_move_now).lower(),
            active=active,
        ),
    )


STORED: Final = Guard(
    id="prior.stored",
    grade=Grade.HARD,
    title=N_("What is there now is known, so that it can be put back"),
    threshold=N_("policy, MoveNow, each copy's ActivationSuspended, active server and preference were read"),
    needs=("mailbox_servers", "here", "databases"),
    judge=_stored,
    source="recovery-engine finding 6",
)


def _preference(readings: Readings, case: Case) -> Iterator[Finding]:
    if problem := dag_problem(readings, case.server):
        yield unread(PREFERENCE, case.server, problem)
        return
    dag = readings.dag_of(case.server)
    often = dag.preference_move_frequency if dag is not None else ""
    if often and not often.startswith("-"):
        yield PREFERENCE.refused(
            dag.name if dag is not None else case.server,
            f"PreferenceMoveFrequency {often}",
            N_("Databases may move by themselves within that time; this is no fault."),
        )
    else:
        yield PREFERENCE.passed(case.server, N_("databases do not move by preference"))


PREFERENCE: Final = Guard(
    id="dag.preference",
    grade=Grade.WARN,
    title=N_("The DAG may move databases by itself"),
    threshold=N_("off"),
    needs=("mailbox_servers", "dags"),
    judge=_preference,
    source="Set-DatabaseAvailabilityGroup.md",
)

GUARDS: Final = (MEMBER, QUORUM, ELSEWHERE, LAGGED, SEEDING, ROOM, UNREPLICATED, BACKUP, STORED, PREFERENCE)
