"""Why an action of a screen of recoveries cannot be used now. Pure."""

from __future__ import annotations

from collections.abc import Collection

from cockpit.config.language import _
from cockpit.journal.records import Obligation, RunState
from cockpit.recovery.view import Life, Plan, RunLine, RunView
from cockpit.ui import runs
from cockpit.ui.reasons import Why, first, of_scope
from cockpit.ui.recovery_words import short


def run(view: RunView | None, answered: Collection[int]) -> dict[str, Why]:
    """``answered``: questions answered here that the journal still shows as open."""
    if view is None:
        unread = _("The run has not been read yet.")
        return of_scope("run", dict.fromkeys(("decide", "end-wait", "resume", "abort", "current"), unread))
    sentences = {
        "decide": _no_question(view, answered),
        "end-wait": "" if runs.waiting(view) is not None else _("The run waits for no time now."),
        "resume": ""
        if view.life is Life.LEFT
        else _("Somebody works on this run, or it has ended: there is nothing to take over."),
        "abort": _no_abort(view),
    }
    return of_scope("run", sentences)


def _no_question(view: RunView, answered: Collection[int]) -> str:
    if view.question is None:
        return _("The run asks nothing now.")
    if view.question.id in answered:
        return _("Answered; the run takes it at its next look at the journal.")
    return ""


def _no_abort(view: RunView) -> str:
    if view.life is Life.ENDED:
        return _("The run has ended: there is nothing to abort.")
    if view.run.state is RunState.ABORTING and view.life is Life.LIVE:
        return _("It aborts already: what is open is being undone.")
    return ""


def plan(shown: Plan | None, *, failed: bool) -> dict[str, Why]:
    """``failed``: the reading was refused."""
    reading = shown is None and not failed
    return of_scope("plan", {"again": _("Every guard is being read.") if reading else ""})


def history(rows: int) -> dict[str, Why]:
    return of_scope("history", {"open": "" if rows else _("No run is shown.")})


def obligations(
    kind: str, obligation: Obligation | None, unfinished: RunLine | None, *, sweeping: bool
) -> dict[str, Why]:
    """``kind``: of the row under the cursor, empty for none; ``obligation``: where it is one;
    ``unfinished``: its run, while that has not ended."""
    opens = kind in ("obligation", "run")
    return of_scope(
        "obligations",
        {
            "open": "" if opens else _("No run has left this: there is nothing to open."),
            "sweep": _("A sweep is under way.") if sweeping else "",
            "close": _no_closing(obligation, unfinished),
        },
    )


def _no_closing(obligation: Obligation | None, unfinished: RunLine | None) -> str:
    if obligation is None:
        return _("Only an obligation can be closed, and only one that was handed over.")
    name = short(obligation.run)
    if unfinished is not None:
        text = _("Run {run} has not ended ({life}) and puts it back itself: open it.")
        return text.format(run=name, life=_(unfinished.life.value))
    if not obligation.handed_to:
        return _("It was not handed over: run {run} puts it back itself: open it.").format(run=name)
    return ""


def trace(named: str, *, looking: bool) -> dict[str, Why]:
    """``named``: the server that the trace names, empty for none; ``looking``: it is not over."""
    under_way = _("Logs and mailbox are being looked at.") if looking else ""
    no_server = "" if named else _("No server is named here.")
    return of_scope("trace", {"open": first(under_way, no_server), "again": under_way})
