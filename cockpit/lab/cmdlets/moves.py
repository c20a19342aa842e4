"""Move-ActiveMailboxDatabase. Which checks it has follows the names of its Skip switches [A]; the wording of
its refusals and the shape of its result are from memory [M]."""

from __future__ import annotations

from typing import Final

from cockpit.lab.clixml import Enum
from cockpit.lab.cmdlet import ErrorRecord, Invocation, Output
from cockpit.lab.cmdlets import shapes
from cockpit.lab.dag import SUPPRESSED_FOR, Obstacle, has_quorum, move_targets, obstacles, seeds_others
from cockpit.lab.organization import Copy, Database
from cockpit.lab.simulation import Simulation

PARAMETERS: Final = (
    "Identity ActivateOnServer Server ActivatePreferredOnServer MoveComment MountDialOverride "
    "MoveAllDatabasesOrNone SkipActiveCopyChecks SkipAllChecks SkipClientExperienceChecks SkipCpuChecks "
    "SkipHealthChecks SkipLagChecks SkipMaximumActiveDatabasesChecks SkipMoveSuppressionChecks "
    "TerminateOnWarning DomainController Confirm WhatIf"
)
_TASKS: Final = "Microsoft.Exchange.Management.SystemConfigurationTasks."
_RESULT: Final = (f"{_TASKS}DatabaseMoveResult", *shapes.CONFIGURABLE)
_STATUS: Final = f"{_TASKS}MoveStatus"
_MOUNT: Final = f"{_TASKS}MountStatus"
_SUPPRESSED: Final = "AmDbMoveMoveSuppressedBlackoutException"
_REFUSED: Final = "AmDbActionWrapperException"


async def move_active_mailbox_database(sim: Simulation, call: Invocation, out: Output) -> None:
    """One after the other; each is refused, or moves whether or not the caller goes on waiting."""
    wanted = _wanted(sim, call, out)
    for database, target in wanted:
        await _one(sim, call, out, database, target)
        await out.flush()


def _wanted(sim: Simulation, call: Invocation, out: Output) -> list[tuple[Database, str]]:
    """Databases with the server each shall go to, "" where the active manager chooses."""
    organization = sim.organization
    target = _named(sim, call, out, "ActivateOnServer")
    if target is None:
        return []
    if shapes.text(call, "ActivatePreferredOnServer"):
        preferred = _named(sim, call, out, "ActivatePreferredOnServer")
        return [
            (d, preferred)
            for d in organization.databases.values()
            if preferred and d.active != preferred and _first_copy(d) == preferred
        ]
    if shapes.text(call, "Server"):
        source = _named(sim, call, out, "Server")
        return [(d, target) for d in organization.databases.values() if source and d.active == source]
    database = organization.database(shapes.text(call, "Identity"))
    if database is None:
        shapes.not_found(sim, call, out, shapes.text(call, "Identity"))
        return []
    return [(database, target)]


def _first_copy(database: Database) -> str:
    return min(database.copies, key=lambda c: c.preference).server


def _named(sim: Simulation, call: Invocation, out: Output, parameter: str) -> str | None:
    """The short name of the server in ``parameter``, "" where it was not given, None after an error."""
    given = shapes.text(call, parameter)
    if not given:
        return ""
    found = sim.organization.find(given)
    if found is None:
        shapes.not_found(sim, call, out, given)
        return None
    return found.name


async def _one(sim: Simulation, call: Invocation, out: Output, database: Database, target: str) -> None:
    t = sim.touch()
    copy, problem, reason = _choose(sim, call, database, target, t)
    if copy is None:
        out.error(_refusal(sim, call, database, problem, reason))
        return
    if shapes.switch(call, "WhatIf"):
        return
    source, mounted = database.active, database.mounted
    comment = shapes.text(call, "MoveComment")
    move = sim.lifecycle.begin_move(database, copy.server, t, call.user, comment)
    await sim.until(move.ends)
    done = database.active == copy.server and database.mounted
    if not done:
        out.error(_refusal(sim, call, database, "the copy could not be mounted there", _REFUSED))
    shapes.send(sim, call, out, _RESULT, database.name, _result(sim, database, source, mounted, done))


def _choose(
    sim: Simulation, call: Invocation, database: Database, target: str, t: float
) -> tuple[Copy | None, str, str]:
    """The copy to activate; or None, why not, and the exception that says so."""
    organization = sim.organization
    dag = organization.dag(database.dag)
    if dag is not None and not has_quorum(organization, dag):
        return None, f"the cluster of '{dag.name}' has no quorum", _REFUSED
    if database.move is not None:
        return None, f"it is being moved to server '{database.move.target}'", _REFUSED
    suppressed = database.moved_at is not None and t < database.moved_at + SUPPRESSED_FOR
    if suppressed and not _skips(call, "SkipMoveSuppressionChecks"):
        return None, "moves of it are suppressed: it was moved a moment ago", _SUPPRESSED
    if seeds_others(database, database.active) and not _skips(call, "SkipActiveCopyChecks"):
        return None, "its active copy is the source of a seed, which a move would cancel", _REFUSED
    if not target:
        fit = move_targets(organization, database, t)
        return (fit[0], "", "") if fit else (None, "no copy of it may be activated", _REFUSED)
    if target == database.active:
        return None, f"it is active on server '{target}' already", _REFUSED
    copy = database.copy_on(target)
    if copy is None:
        return None, f"it has no copy on server '{target}'", _REFUSED
    against = [o for o in obstacles(organization, database, copy, t, automatic=False) if not _waived(call, o)]
    if against:
        return None, "; ".join(o.words for o in against), _REFUSED
    return copy, "", ""


def _skips(call: Invocation, name: str) -> bool:
    return shapes.switch(call, name) or shapes.switch(call, "SkipAllChecks")


def _waived(call: Invocation, obstacle: Obstacle) -> bool:
    return bool(obstacle.skip) and _skips(call, obstacle.skip)


def _refusal(sim: Simulation, call: Invocation, database: Database, problem: str, reason: str) -> ErrorRecord:
    words = (
        f"An Active Manager operation failed. Error: {reason}: the database '{database.name}' was not moved:"
        f" {problem}. [Database: {database.name}, Server: {database.active}]"
    )
    return ErrorRecord(
        words,
        shapes.fully_qualified(sim, call, reason, f"{_TASKS}MoveActiveMailboxDatabase"),
        category=7,
        reason=reason,
        exception_type=f"Microsoft.Exchange.Cluster.Replay.{reason}",
        target=database.name,
    )


def _result(sim: Simulation, database: Database, source: str, mounted: bool, done: bool) -> dict[str, object]:
    def mount(is_mounted: bool) -> Enum:
        return Enum(_MOUNT, "Mounted" if is_mounted else "Dismounted", 1 if is_mounted else 2)

    return {
        "Guid": database.guid,
        "ActiveServerAtStart": source,
        "ActiveServerAtEnd": database.active,
        "Status": Enum(_STATUS, "Succeeded" if done else "Failed", 2 if done else 4),
        "NumberOfLogsLost": 0,
        "RecoveryPointObjective": sim.clock.now(),
        "MountStatusAtMoveStart": mount(mounted),
        "MountStatusAtMoveEnd": mount(database.mounted),
        "ErrorMessage": None,
        **shapes.tail(database.name),
    }
