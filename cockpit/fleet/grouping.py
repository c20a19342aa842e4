"""By what the servers of a fleet are put together: the first level of the tree, and of ``status``."""

from __future__ import annotations

from enum import StrEnum

from cockpit.config.language import N_
from cockpit.fleet.snapshot import ServerSnapshot
from cockpit.fleet.states import State


class GroupBy(StrEnum):
    """The values are what people type."""

    DAG = "dag"
    """Servers outside of a DAG stand under their site."""
    SITE = "site"
    VERSION = "version"
    STATE = "state"

    @property
    def next(self) -> GroupBy:
        every = list(GroupBy)
        return every[(every.index(self) + 1) % len(every)]


_BY_WORD = {state.word: state for state in State}


def group_of(server: ServerSnapshot, state: State, by: GroupBy) -> tuple[str, str]:
    """The id of the group of ``server``, which is in ``state``, and its title, in English."""
    if by is GroupBy.STATE:
        return f"state:{state.word}", N_("{state} (state)").format(state=state.word)
    if by is GroupBy.VERSION:
        version = server.server.version.value
        return f"version:{version}", N_("{version} (version)").format(version=version)
    if by is GroupBy.DAG and server.dag:
        return f"dag:{server.dag}", N_("{dag} (DAG)").format(dag=server.dag)
    site = server.server.site
    return f"site:{site}", N_("{site} (site)").format(site=site or N_("unknown"))


def rank(group: str) -> tuple[int, str]:
    """Where the group of that id stands among the others: states worst first, all else by name, servers of a
    DAG before those of none."""
    kind, _colon, name = group.partition(":")
    return (_BY_WORD[name].value, "") if kind == "state" and name in _BY_WORD else (0, group)
