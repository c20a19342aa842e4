"""What the outcomes of steps are called where people read them: in a runbook, in the journal and in pipes an
outcome is its identifier, as ``services_down``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.config.language import N_

WORDS: Final[Mapping[str, str]] = {
    "aborted": N_("run aborted"),
    "active": N_("component Active"),
    "already": N_("was so already"),
    "arrives": N_("lines arrive"),
    "cas_2013": N_("2013 CAS"),
    "dag_member": N_("DAG member"),
    "done": N_("done"),
    "elapsed": N_("time is over"),
    "escalated": N_("run escalated"),
    "failed": N_("failed"),
    "healthy": N_("healthy"),
    "inactive_by_health": N_("Inactive by HealthAPI"),
    "inactive_by_others": N_("Inactive by others"),
    "left_behind": N_("copies left behind"),
    "moved": N_("moved"),
    "not_found": N_("not found"),
    "not_runnable": N_("cannot be run"),
    "not_seen": N_("no line seen"),
    "not_settled": N_("not settled"),
    "nothing": N_("nothing to do"),
    "over": N_("time is over"),
    "recovered": N_("run recovered"),
    "services_down": N_("services down"),
    "settled": N_("settled"),
    "standalone": N_("in no DAG"),
    "succeeded": N_("succeeded"),
    "unclear": N_("unclear"),
    "unhealthy": N_("unhealthy"),
    "unreadable": N_("cannot be read"),
}


def outcome_words(outcome: str) -> str:
    """In English; one that is not of this program's runbooks (a newer one's) is said as it stands."""
    return WORDS.get(outcome, outcome)
