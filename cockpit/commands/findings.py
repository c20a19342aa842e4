"""Guards in words: the form of a refusal (recovery-engine §3.3). Pure functions to lines.

What does not stand in the way is never in a block that refuses: a warning is *warned*, whatever it read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from cockpit.commands.narrator import Said
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.journal.records import Finding, Grade, Verdict

_WARNED = "yellow"
_STYLES = {Verdict.PASSED: "green", Verdict.REFUSED: "bold red", Verdict.UNREAD: "magenta"}
_WORDS = {Verdict.PASSED: N_("passed"), Verdict.REFUSED: N_("refused"), Verdict.UNREAD: N_("unread")}
_COLUMN = 10


def lines(title: str, findings: Iterable[Finding], indent: int = 0) -> Iterator[Said]:
    """Every finding of a step: what is in the way, guard by guard; then the warnings; then the rest, one
    line each."""
    found = tuple(dict.fromkeys(findings))
    by_guard = attrgetter("guard", "grade")
    for (guard, _grade), group in groupby(sorted(filter(_blocks, found), key=by_guard), by_guard):
        yield from refusal(title, guard, tuple(group), indent)
    by_name = attrgetter("guard")
    for guard, group in groupby(sorted(filter(_warns, found), key=by_name), by_name):
        yield from _warning(guard, tuple(group), indent)
    for finding in found:
        if not _blocks(finding) and not _warns(finding):
            yield from _one(finding, indent)


def not_yet(findings: Iterable[Finding], indent: int = 0) -> Iterator[Said]:
    """Findings of guards that judge what earlier steps do: how it is now, which refuses nothing yet."""
    for finding in findings:
        if finding.verdict is Verdict.PASSED:
            yield from _one(finding, indent)
        else:
            head = _head(_("not yet"), finding.guard, finding.grade)
            yield Said(f"{head}  {_object(finding)}", "", indent)


def _head(word: str, guard: str, grade: Grade) -> str:
    """``word``: said already."""
    return _("{word} guard {guard} ({grade})").format(
        word=word.ljust(_COLUMN), guard=guard, grade=grade.value
    )


def _blocks(finding: Finding) -> bool:
    return finding.blocks


def _warns(finding: Finding) -> bool:
    failed = finding.verdict is not Verdict.PASSED and not finding.overridden
    return failed and finding.grade is Grade.WARN


def refusal(title: str, guard: str, findings: tuple[Finding, ...], indent: int = 0) -> Iterator[Said]:
    """One guard in the way, object by object, with what helps and whether it can be overridden.

    ``findings``: only such as block.
    """
    refused = _("REFUSED  {title}    guard {guard} ({grade})")
    words = refused.format(title=spoken(title), guard=guard, grade=findings[0].grade.value)
    yield Said(words, "bold red", indent)
    for finding in findings:
        yield Said(_object(finding), _STYLES[finding.verdict], indent + 2)
    for helps in dict.fromkeys(f.helps for f in findings if f.helps):
        yield Said(_("What helps:  {helps}").format(helps=spoken(helps)), "", indent)
    yield Said(_("Override:    {offer}").format(offer=_override(findings)), "", indent)


def _warning(guard: str, findings: tuple[Finding, ...], indent: int) -> Iterator[Said]:
    """One guard that warns: each reading once, before it the objects it is the same for."""
    same: dict[str, list[str]] = {}
    for finding in findings:
        same.setdefault(_said(finding), []).append(finding.object)
    for said, objects in same.items():
        named = ", ".join(dict.fromkeys(filter(None, objects)))
        head = _head(_("warned"), guard, Grade.WARN)
        yield Said("  ".join(filter(None, (head, named, said))), _WARNED, indent)
    for helps in dict.fromkeys(f.helps for f in findings if f.helps):
        yield Said(_("What helps:  {helps}").format(helps=spoken(helps)), "", indent + 2)


def _one(finding: Finding, indent: int) -> Iterator[Said]:
    word = _("overridden") if finding.overridden else _(_WORDS[finding.verdict])
    head = f"{_head(word, finding.guard, finding.grade)}  {_object(finding)}"
    yield Said(head, _STYLES[finding.verdict], indent)
    if finding.overridden:
        words = _("by {operator}: {reason}").format(operator=finding.by, reason=finding.reason)
        yield Said(words, "", indent + 2)


def _object(finding: Finding) -> str:
    said = _said(finding)
    return f"{finding.object}  {said}" if finding.object else said


def _said(finding: Finding) -> str:
    words = {
        Verdict.PASSED: _("ok: {reading}"),
        Verdict.REFUSED: _("{reading}; it should be: {threshold}"),
        Verdict.UNREAD: _("could not be read: {reading}; it should be: {threshold}"),
    }[finding.verdict]
    return words.format(reading=spoken(finding.reading), threshold=spoken(finding.threshold))


def _override(findings: tuple[Finding, ...]) -> str:
    if any(f.grade is Grade.HARD for f in findings):
        return _("not offered for this guard")
    objects = ", ".join(f.object or f.guard for f in findings if f.overridable)
    return _("offered for {objects}, one at a time, with a reason and the server's name typed").format(
        objects=objects
    )
