"""Guards in words: the form of a refusal (recovery-engine §3.3). Pure functions to lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from cockpit.commands.narrator import Said
from cockpit.journal.records import Finding, Grade, Verdict

_STYLES = {Verdict.PASSED: "green", Verdict.REFUSED: "bold red", Verdict.UNREAD: "magenta"}


def lines(title: str, findings: Iterable[Finding], indent: int = 0) -> Iterator[Said]:
    """Every finding of a step: the blocks of guards in the way first, then one line for each other one."""
    found = tuple(findings)
    stopping = {f.guard for f in found if f.blocks}
    of_guard = sorted((f for f in found if f.guard in stopping), key=lambda f: f.guard)
    for guard, group in groupby(of_guard, key=lambda f: f.guard):
        yield from refusal(title, guard, tuple(group), indent)
    for finding in found:
        if finding.guard not in stopping:
            yield from _one(finding, indent)


def refusal(title: str, guard: str, findings: tuple[Finding, ...], indent: int = 0) -> Iterator[Said]:
    """One guard in the way, object by object, with what helps and whether it can be overridden."""
    yield Said(f"REFUSED  {title}    guard {guard} ({findings[0].grade.value})", "bold red", indent)
    for finding in findings:
        yield Said(_object(finding), _STYLES[finding.verdict], indent + 2)
    for helps in dict.fromkeys(f.helps for f in findings if f.blocks and f.helps):
        yield Said(f"What helps:  {helps}", "", indent)
    yield Said(f"Override:    {_override(findings)}", "", indent)


def _one(finding: Finding, indent: int) -> Iterator[Said]:
    word = "overridden" if finding.overridden else finding.verdict.value
    head = f"{word:<10} guard {finding.guard} ({finding.grade.value})  {_object(finding)}"
    yield Said(head, _STYLES[finding.verdict], indent)
    if finding.overridden:
        yield Said(f"by {finding.by}: {finding.reason}", "", indent + 2)
    elif finding.verdict is not Verdict.PASSED and finding.helps:
        yield Said(f"What helps:  {finding.helps}", "", indent + 2)


def _object(finding: Finding) -> str:
    said = {
        Verdict.PASSED: f"ok: {finding.reading}",
        Verdict.REFUSED: f"{finding.reading}; it should be: {finding.threshold}",
        Verdict.UNREAD: f"could not be read: {finding.reading}; it should be: {finding.threshold}",
    }[finding.verdict]
    return f"{finding.object}  {said}" if finding.object else said


def _override(findings: tuple[Finding, ...]) -> str:
    if any(f.grade is Grade.HARD for f in findings if f.blocks):
        return "not offered for this guard"
    objects = ", ".join(f.object or f.guard for f in findings if f.blocks and f.overridable)
    return f"offered for {objects}, one at a time, with a reason and the server's name typed"
