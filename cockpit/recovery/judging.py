"""Reads a step's guards now, and stores what they say."""

from __future__ import annotations

from collections.abc import Iterable

from cockpit.journal.records import ENDED, Finding, Lease, Run
from cockpit.recovery import consent
from cockpit.recovery.guards.table import judge_all, needs
from cockpit.recovery.holding import due_of
from cockpit.recovery.readings import Case, Readings, gather
from cockpit.recovery.runbook import Step
from cockpit.recovery.work import Work


def case_of(work: Work, run: Run, step: Step) -> Case:
    """What the guards of a step are asked about."""
    kin = frozenset(work.journal.kin(run.id))
    return Case(
        server=run.server,
        monitor=run.monitor,
        args=step.args,
        facts=run.facts,
        settings=work.settings,
        local=work.local(),
        now=work.journal.now(),
        kin=kin,
        obligations=work.journal.obligations(environment=work.environment.name),
        leases=_others_leases(work.journal.leases(), run.scope, work.journal.actor.process),
        runs=tuple(
            r
            for r in work.journal.runs(open_only=True, limit=10_000)
            if r.scope == run.scope
            and r.id not in kin
            and r.state not in ENDED
            and due_of(work.journal, r) is None
        ),
    )


def _others_leases(leases: Iterable[Lease], scope: str, process: str) -> tuple[Lease, ...]:
    return tuple(x for x in leases if x.scope == scope and not x.expired and x.holder != process)


def look(work: Work, run: Run, step: Step) -> tuple[Finding, ...]:
    """Every guard of the step, read now, with the overrides that hold; kept in the journal."""
    if not step.guards:
        return ()
    case = case_of(work, run, step)
    readings = gather(work.access, case, needs(step.guards), Readings())
    found = consent.overridden(
        judge_all(step.guards, readings, case),
        step.id,
        consent.given(work.journal.questions(run.id), work.journal.readings(run.id)),
        work.journal.attempts(run.id),
    )
    with work.write(run) as writer:
        writer.reading(run.id, step.id, found)
    return found
