"""``docs/guards.md``, from the table of guards, the runbooks that name them, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from cockpit.journal.records import Finding, Grade
from cockpit.recovery.guards.guard import Guard
from cockpit.recovery.guards.table import GUARDS, needs
from cockpit.recovery.runbooks import RUNBOOKS
from tests.docs.parts import anchor, cell, code, table
from tests.docs.refusals import shown

READS: Final[Mapping[str, str]] = {
    "servers": "Get-ExchangeServer",
    "mailbox_servers": "Get-MailboxServer",
    "dags": "Get-DatabaseAvailabilityGroup -Status",
    "monitor": "Get-ServerHealth",
    "report": "Get-HealthReport",
    "components": "Get-ServerComponentState, of every member of the DAG",
    "nodes": "Get-ClusterNode",
    "actions": "the event log of Managed Availability's recovery actions",
    "clock": "the server's time, and its LastBootUpTime",
    "setup": "the processes ExSetup, ExSetupUI and Setup",
    "services": "Get-Service",
    "settings": "Get-PopSettings",
    "volumes": "the volumes and their free space",
    "connections": "the performance counter of POP3 connections",
    "here": "Get-MailboxDatabaseCopyStatus of the server",
    "copies": "Get-MailboxDatabaseCopyStatus of every database that is active on the server",
    "databases": "Get-MailboxDatabase of the server",
    "replication": "Test-ReplicationHealth",
    "pool": "Get-ServerHealth of other servers of its tier and site",
}
"""What each reading of ``cockpit.recovery.readings`` looks at."""


def parts() -> Mapping[str, Callable[[], str]]:
    return {"all": all_guards, "readings": readings, "one-by-one": one_by_one}


def all_guards() -> str:
    return table(
        ("Guard", "Grade", "Asks", "Passes at"),
        (
            (f"[{g.id}](#{anchor(g.id)})", f"*{g.grade.value}*", cell(g.title), cell(g.threshold))
            for g in GUARDS.values()
        ),
    )


def readings() -> str:
    return table(("Reading", "Is"), ((code(name), cell(words)) for name, words in READS.items()))


def one_by_one() -> str:
    return "\n\n".join(_section(guard) for guard in GUARDS.values())


def _section(guard: Guard) -> str:
    return "\n".join(
        [
            f"### {guard.id}",
            "",
            f"{guard.title}.",
            "",
            f"- Grade: *{guard.grade.value}*{_also(guard)}.",
            f"- Passes at: {guard.threshold}.",
            f"- Needs: {_needs(guard)}.",
            f"- Before: {_before(guard)}.",
            f"- Source: {guard.source}.",
            "",
            table(("Reads, for example", "Grade", "What helps"), _examples(guard)),
        ]
    )


def _also(guard: Guard) -> str:
    """Other grades that it gives."""
    others = [grade.value for grade in Grade if grade in {f.grade for f in shown(guard.id)} - {guard.grade}]
    return f", in some cases {' or '.join(f'*{word}*' for word in others)}" if others else ""


def _needs(guard: Guard) -> str:
    wanted = ", ".join(code(need) for need in guard.needs) or "nothing of the servers"
    more = sorted(needs([guard.id]) - set(guard.needs))
    return f"{wanted}; where it can be had: {', '.join(code(need) for need in more)}" if more else wanted


def _before(guard: Guard) -> str:
    """Kinds of steps that it stands before, by their titles."""
    titles = [s.title for book in RUNBOOKS.values() for s in book.steps if guard.id in s.guards]
    return "; ".join(dict.fromkeys(titles))


def _examples(guard: Guard) -> Iterator[tuple[str, str, str]]:
    for finding in dict.fromkeys(shown(guard.id)):
        yield cell(_reading(finding)), f"*{finding.grade.value}*", cell(finding.helps)


def _reading(finding: Finding) -> str:
    return f"{finding.object}: {finding.reading}"
