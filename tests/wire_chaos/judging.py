"""Whether what came of a failure is what the table says."""

from __future__ import annotations

from tests.wire_chaos.failures import NOTHING, Failure, Sight
from tests.wire_chaos.trial import SLACK, Outcome, Seen


def complaints(failure: Failure, request: str, auth: str, outcome: Outcome) -> list[str]:
    """What is not as it should be; empty when all is well."""
    sight = failure.seen(request, auth)
    once = failure.seen_once(request, auth)
    found = [
        *_differs("the change", outcome.changing, sight, outcome.cmdlets[0]),
        *_differs("the read", outcome.reading, once, outcome.cmdlets[1]),
    ]
    for seen in outcome.after:
        found += _differs("the next call", seen, NOTHING, "")
    if outcome.sent > 1:
        found.append(f"the change was carried out {outcome.sent} times")
    for seconds in outcome.seconds:
        if seconds > outcome.limit + SLACK:
            found.append(f"it took {seconds:.1f} s, its limit is {outcome.limit:.1f} s")
    left = [thing for thing in outcome.left if not (request in failure.keeps and thing.startswith("shell"))]
    if left:
        found.append(f"left behind: {', '.join(left)}")
    return found


def _differs(which: str, seen: Seen, sight: Sight, cmdlet: str) -> list[str]:
    kind = sight.kind.__name__ if sight.kind else ""
    what = sight.what.replace("CMDLET", cmdlet)
    if (seen.kind, seen.what) != (kind, what):
        return [
            f"{which} gave {seen.kind or 'success'} «{seen.what}», not {kind or 'success'} «{what}»: {seen}"
        ]
    if seen.cure != sight.cured_by:
        return [f"{which} has the cure «{seen.cure}», not «{sight.cured_by}»"]
    if sight.kind is not None and not seen.cure:
        return [f"{which} has no cure"]
    return []
