"""What a guard is: data with a grade, a threshold, a source, and one pure judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cockpit.config.language import N_
from cockpit.exchange import model as m
from cockpit.exchange.catalogue import same_server
from cockpit.journal.records import Finding, Grade, Verdict
from cockpit.recovery.readings import Case, Readings


@dataclass(frozen=True, slots=True)
class Guard:
    """A precondition of a dangerous step (design §2).

    ``needs``: the readings it judges; when one is missing the guard is *unread*, which for a hard or
    stop guard is a refusal. ``judge`` gives a finding for every object, passed or refused.
    ``source``: recovery-engine §3.2's, "ours" where the number is our own judgement.
    """

    id: str
    grade: Grade
    title: str
    threshold: str
    needs: tuple[str, ...]
    judge: Callable[[Readings, Case], Iterable[Finding]]
    source: str

    def passed(self, about: str, reading: str) -> Finding:
        return Finding(self.id, about, self.grade, Verdict.PASSED, reading, self.threshold, "", self.source)

    def refused(self, about: str, reading: str, helps: str, grade: Grade | None = None) -> Finding:
        return Finding(
            self.id, about, grade or self.grade, Verdict.REFUSED, reading, self.threshold, helps, self.source
        )


def judge(guard: Guard, readings: Readings, case: Case) -> tuple[Finding, ...]:
    """The guard's findings: never empty, so that a guard that looked at nothing is seen."""
    problem = readings.problem(guard.needs)
    if problem:
        return (unread(guard, case.server, problem),)
    found = tuple(guard.judge(readings, case))
    return found or (unread(guard, case.server, N_("what was read says nothing of it")),)


def component_states(readings: Readings, server: str) -> tuple[m.ServerComponentState, ...]:
    """The components of ``server`` in whatever case its name is written; empty where none were read."""
    found = (readings.components.value or {}).items()
    return next((states for name, states in found if name.lower() == server.lower()), ())


def dag_problem(readings: Readings, server: str) -> str:
    """Why nothing can be said of the DAG of ``server`` although it is in one; empty otherwise.

    Without it a member whose DAG is not in the answer would pass for a server outside of any.
    """
    found = readings.mailbox_server(server)
    if found is None or not found.dag or readings.dag_of(server) is not None:
        return ""
    return N_("member of {dag}, which Get-DatabaseAvailabilityGroup does not name").format(dag=found.dag)


def copies_problem(readings: Readings, case: Case) -> str:
    """Why the copies on the server were not read whole, as far as other reads can tell; else empty.

    No row is not "no copy": only Get-MailboxDatabase's own empty answer says that. Databases that this run
    saw active here must still be among the rows.
    """
    host = readings.mailbox_server(case.server)
    if host is None or not host.dag:
        return ""
    here = {c.database.lower() for c in readings.here.value or () if same_server(c.server, case.server)}
    there = {d.name.lower() for d in readings.databases.value or ()}
    missing = (there | {str(d).lower() for d in case.facts.get("active_before") or ()}) - here
    if missing:
        return N_("no copy row of {names} on {server}").format(
            names=", ".join(sorted(missing)), server=case.server
        )
    if not here and not readings.databases.known:
        return N_("no copy row at all, and Get-MailboxDatabase was not read")
    return ""


def unread(guard: Guard, about: str, problem: str) -> Finding:
    """The finding for an object that could not be judged; ``problem``: why."""
    return Finding(
        guard.id,
        about,
        guard.grade,
        Verdict.UNREAD,
        problem,
        guard.threshold,
        N_("Make it readable and read again."),
        guard.source,
    )
