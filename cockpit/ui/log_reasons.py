"""Why an action of the Logs screen cannot be used now. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.config.language import _
from cockpit.ui.reasons import Why, first, of_scope


@dataclass(frozen=True, slots=True)
class LogFacts:
    """``opened``: the logs are; ``line``: there is one under the cursor. ``searched``: something is searched
    for. ``live``: they come from servers; ``connecting``, ``lost``: how that stands. ``wrapped`` and
    ``session`` are on."""

    opened: bool
    line: bool
    searched: bool
    live: bool
    connecting: bool
    lost: bool
    wrapped: bool
    session: bool


def logs(facts: LogFacts, wrap_key: str, session_key: str, search_key: str) -> dict[str, Why]:
    """The reasons; the keys are named where they help."""
    unopened = "" if facts.opened else _("The logs are not open.")
    nothing = first(unopened, "" if facts.searched else _nothing_searched(search_key))
    aside = _("Lines are wrapped: {key} cuts them, then they can be scrolled sideways.").format(key=wrap_key)
    alone = _("The session is not shown: {key} shows it.").format(key=session_key)
    return of_scope(
        "logs",
        {
            **dict.fromkeys(("search", "jump", "follow"), unopened),
            **dict.fromkeys(("next", "previous"), nothing),
            **dict.fromkeys(("left", "right"), aside if facts.wrapped else ""),
            "next-pane": "" if facts.session else alone,
            "reconnect": _no_reconnecting(facts),
            "copy": "" if facts.line else _("There is no line to copy."),
        },
    )


def _nothing_searched(key: str) -> str:
    return _("Nothing is searched for yet: {key} searches.").format(key=key)


def _no_reconnecting(facts: LogFacts) -> str:
    if facts.connecting:
        return _("Still connecting.")
    if facts.opened and not facts.live:
        return _("These are files: there is nothing to reconnect to.")
    if facts.live and not facts.lost:
        return _("The connection is there.")
    return ""
