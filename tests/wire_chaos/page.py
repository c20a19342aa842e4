"""``docs/wire-failures.md``, from the table that the tests run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cockpit.exchange.guard import MAX_ANSWER
from cockpit.exchange.pipeline import MAX_CALL, MAX_OBJECT
from cockpit.exchange.session import SHELL_IDLE_SECONDS, Patience
from tests.wire_chaos.failures import CALLS, ENDING, NOTHING, OPENING, Failure, Sight
from tests.wire_chaos.running import AUTHS, PLACES
from tests.wire_chaos.trial import limit_of

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "wire-failures.md"
_REQUESTS: Final = {
    "Create": "Create",
    "OpenReceive": "Receive of opening",
    "Command": "Command",
    "Send": "Send",
    "CommandReceive": "Receive of a call",
    "Signal": "Signal",
    "Delete": "Delete",
}
_HEAD: Final = (
    "| Failure | Request | A change sees: Basic over TLS | NTLM, sealed | Cure | A read that meets it once "
    "sees | The next call succeeds by itself | Limit |",
    "|---|---|---|---|---|---|---|---|",
)
_MIB: Final = 2**20


def text() -> str:
    """The whole page."""
    cures = _cures()
    rows = [_row(failure, request, cures) for (_, request), (failure, _) in PLACES.items()]
    named = [f"{number}. {cure}" for number, cure in enumerate(cures, 1)]
    return "\n".join([*_intro(len(rows)), "Cures:", "", *named, "", *_HEAD, *rows, ""])


def _cures() -> list[str]:
    """Every cure of the table, in the order they come."""
    found = [
        sight.cured_by
        for (_, request), (failure, _) in PLACES.items()
        for sight in (*_sights(failure, request), *_once(failure, request))
        if sight.kind is not None
    ]
    return list(dict.fromkeys(found))


def _sights(failure: Failure, request: str) -> list[Sight]:
    """What a change sees, by sign-in."""
    return [failure.seen(request, auth) for auth in AUTHS if failure.only in ("", auth)]


def _once(failure: Failure, request: str) -> list[Sight]:
    """What a read sees that meets it once, by sign-in."""
    return [failure.seen_once(request, auth) for auth in AUTHS if failure.only in ("", auth)]


def _intro(rows: int) -> list[str]:
    patience = Patience()
    limits = {part[0]: limit_of(part[0], patience, 0.0) for part in (OPENING, CALLS, ENDING[1:])}
    opening, call, delete = limits.values()
    return [
        "# What fails on the wire, and what the operator sees",
        "",
        "Written by `python -m tests.wire_chaos --write` out of the table that `pytest -m wire_table` runs, "
        "whole, against the lab over real sockets: Basic over TLS, and NTLM with sealed messages over HTTP. "
        "Every row is run twice on each: with a change, which meets the failure for as long as it lasts, and "
        "with a read, which meets it once. The run fails unless, in every row,",
        "",
        "- both end as the row says, with the words and the cure it shows, within the limit;",
        "- the lab's own record has the change at most once: nothing that changes a server is ever repeated;",
        "- the next call on the same session succeeds by itself once the cause is gone;",
        "- no shell is left on the server and no socket here (where the server itself says that there is no "
        f"such shell it is believed, and the shell's idle time of {SHELL_IDLE_SECONDS} s ends it).",
        "",
        "«—» under *sees*: nothing, the call succeeds. Signal and Delete come when the call is over, so "
        "their failures are never seen; a shell that could not be deleted is deleted with the next opening.",
        "",
        "Limits, with the time limits that the cockpit has by default:",
        "",
        f"- **open** {opening:g} s: 2 x {patience.close:g} s for shells left over, {patience.open:g} s for "
        f"all requests of signing in and opening together, {patience.grace:g} s for an answer under way;",
        f"- **call** its own time limit (each cmdlet's is in the code) + {call:g} s: {patience.grace:g} s "
        f"for an answer under way, {patience.close:g} s to stop, release or delete; a read that is asked "
        "again shares the one time limit;",
        f"- **close** {delete:g} s.",
        "",
        f"An answer may have {MAX_ANSWER // _MIB} MiB, a message {MAX_OBJECT // _MIB} MiB, a call "
        f"{MAX_CALL // _MIB} MiB. Not limited by the cockpit: how long the system's resolver takes. Not "
        "detectable: a whole message that a proxy leaves out, for messages bear no unbroken numbers.",
        "",
        f"{rows} rows. Of two cures the first is for Basic over TLS. URL stands for the endpoint's address.",
        "",
    ]


def _row(failure: Failure, request: str, cures: list[str]) -> str:
    sights, once = _sights(failure, request), _once(failure, request)
    numbers = dict.fromkeys(cures.index(s.cured_by) + 1 for s in sights if s.kind is not None)
    words = [_words(sight) for sight in sights]
    cells = (
        failure.name,
        _REQUESTS[request],
        "no seal to break" if failure.only else words[0],
        "the same" if len(set(words)) < len(words) else words[-1],
        ", ".join(str(number) for number in numbers) or "—",
        _read(sights, once, cures),
        "yes; the shell ends idle" if request in failure.keeps else "yes",
        "open" if request in OPENING else "close" if request == "Delete" else "call",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _read(sights: list[Sight], once: list[Sight], cures: list[str]) -> str:
    if once == sights:
        return "the same"
    if all(sight is NOTHING for sight in once):
        return "— (asked again)"
    return " / ".join(dict.fromkeys(_with_cure(sight, cures) for sight in once))


def _with_cure(sight: Sight, cures: list[str]) -> str:
    return _words(sight) if sight is NOTHING else f"{_words(sight)} (cure {cures.index(sight.cured_by) + 1})"


def _words(sight: Sight) -> str:
    return "—" if sight.kind is None else f"{sight.kind.__name__}: {sight.what}"
