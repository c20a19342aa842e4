"""Why an action of the Fleet screen cannot be used now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.config.language import _
from cockpit.frozen import dataclass
from cockpit.ui.reasons import Why, first, not_granted, of_scope
from cockpit.ui.recoveries import NOT_HERE

LOGS_AT_ONCE: Final = 8
"""Servers whose logs are followed on one screen."""


@dataclass(frozen=True, slots=True)
class FleetFacts:
    """What the screen shows, as far as it decides what can be done.

    ``servers``: how many are known; ``here``: how many the cursor is for. ``server``, ``monitor``: what is
    selected, empty for none; ``known``: the page has a runbook for that monitor. ``identity``: of the probe
    behind it; ``ran``: a result of that probe is here; ``waiting``: it runs and is waited for. ``lost``: the
    collector has ended; ``starting``: it is being started again. ``shortest``, ``longest``: reads cannot come
    more, or less, often. ``place``: the cursor is on what can have a bookmark; ``bookmarked``: there are
    some. ``back``, ``forward``, ``last``: there is such a view. ``refused``: what RBAC does not grant.
    """

    servers: int = 0
    here: int = 0
    server: str = ""
    monitor: str = ""
    known: bool = False
    identity: str = ""
    ran: bool = False
    waiting: bool = False
    lost: bool = False
    starting: bool = False
    shortest: bool = False
    longest: bool = False
    place: bool = False
    bookmarked: bool = False
    back: bool = False
    forward: bool = False
    last: bool = False
    recoveries: bool = False
    refused: Mapping[str, str] | None = None


def fleet(facts: FleetFacts, refresh_key: str, probe_key: str, bookmark_key: str) -> dict[str, Why]:
    """The reasons; the keys are named where they help."""
    ended = _("The collector has ended: {key} starts it again.").format(key=refresh_key) if facts.lost else ""
    here = "" if facts.recoveries else _(NOT_HERE)
    own = {
        "probe": first(_no_monitor(facts), _no_probe(facts), ended),
        "stop-waiting": "" if facts.waiting else _("No probe is being waited for here."),
        "trace": first(here, _no_trace(facts, probe_key)),
        "recover": first(here, _no_runbook(facts)),
        "logging": first(here, "" if facts.server else _("No server is selected.")),
        "logs": _no_logs(facts),
        "refresh": _("The collector is being started.") if facts.starting else "",
        "pause": ended,
        "faster": first(ended, _ladder_ends() if facts.shortest else ""),
        "slower": first(ended, _ladder_ends() if facts.longest else ""),
        **_finding(facts, bookmark_key),
    }
    return {**of_scope("fleet", own), **not_granted(facts.refused or {})}


def _finding(facts: FleetFacts, bookmark_key: str) -> dict[str, str]:
    on_none = _("A bookmark is put on a server or a health set: go to one first.")
    none = _("There are no bookmarks yet: {key} puts one.").format(key=bookmark_key)
    return {
        "bookmark": "" if facts.place else on_none,
        "go-to-bookmark": "" if facts.bookmarked else none,
        "view-back": "" if facts.back else _("There is no view before this one."),
        "view-forward": "" if facts.forward else _("There is no view after this one."),
        "last-view": "" if facts.last else _("There is no other view yet."),
    }


def _ladder_ends() -> str:
    return _("That is as far as it goes.")


def _no_monitor(facts: FleetFacts) -> str:
    return "" if facts.server else _("No monitor is selected.")


def _no_probe(facts: FleetFacts) -> str:
    if facts.identity:
        return ""
    if facts.monitor:
        return _("No probe to run here: it judges a performance counter.")
    return _("No probe to run here: there is no monitor.")


def _no_trace(facts: FleetFacts, probe_key: str) -> str:
    if not facts.identity:
        return _("No probe is selected: a trace starts from a probe's result.")
    if not facts.ran:
        return _("{probe} has no result here yet: {key} runs it.").format(probe=facts.identity, key=probe_key)
    return ""


def _no_runbook(facts: FleetFacts) -> str:
    if not facts.servers:
        return _("No server has been read yet: a runbook belongs to a monitor.")
    if not facts.monitor:
        return _("No monitor is selected: a runbook belongs to a monitor.")
    if not facts.known:
        return _("{monitor} is no monitor of the POP health sets: there is no runbook for it.").format(
            monitor=facts.monitor
        )
    return ""


def _no_logs(facts: FleetFacts) -> str:
    if not facts.here:
        return _("No server has been read yet.")
    if facts.here > LOGS_AT_ONCE:
        most = _("Logs of at most {most} servers at once: go to a server or a smaller group.")
        return most.format(most=LOGS_AT_ONCE)
    return ""
