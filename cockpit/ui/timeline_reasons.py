"""Why an action of the timeline, or of the pulse page, cannot be used now. Pure."""

from __future__ import annotations

from cockpit.config.language import _
from cockpit.ui.reasons import Why, first, of_scope
from cockpit.ui.timelines import NOT_HERE


def of_app(scope: str, *, available: bool) -> dict[str, Why]:
    """Why the timeline and the pulse page cannot be opened now."""
    here = _("It is on the screen.")
    sentences = {
        "timeline": first(here if scope == "timeline" else "", "" if available else _(NOT_HERE)),
        "pulse": here if scope == "pulse" else "",
    }
    return of_scope("app", sentences)


def timeline(*, run: bool, server: bool) -> dict[str, Why]:
    """``run``: the line under the cursor is of one. ``server``: it is, or the screen was opened, on one."""
    sentences = {
        "open": "" if run else _("No run did this: there is nothing to open."),
        "all": "" if server else _("Go to a line of a server first."),
    }
    return of_scope("timeline", sentences)


def pulse(server: str) -> dict[str, Why]:
    """``server``: under the cursor; empty for none."""
    return of_scope("pulse", {"open": "" if server else _("No server has been read yet.")})
