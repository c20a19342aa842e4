"""Which rows of the tree are open."""

from __future__ import annotations

from cockpit.fleet.rollup import State
from cockpit.ui.widgets.rows import Key

GROUP, SERVER, HEALTH_SET = 2, 3, 4
AUTO_LIMIT = 12
"""Servers that open by themselves; a fleet that is all red is better read closed."""
_WORTH_OPENING = (State.UNHEALTHY, State.DEGRADED, State.REPAIRING)


def _thing(key: Key) -> Key:
    """What ``key`` is about, whichever group it stands under: it stays open when servers are regrouped."""
    return key if len(key) <= GROUP else ("fleet", "", *key[GROUP:])


class Expansion:
    """Groups are open, servers closed, and what is faulty opens by itself, once.

    It does not close by itself when it heals: rows must not move under the operator's eyes.
    """

    def __init__(self) -> None:
        self._chosen: dict[Key, bool] = {}
        self._opened_itself: set[Key] = set()

    def is_open(self, key: Key, state: State) -> bool:
        if len(key) > GROUP:
            key = _thing(key)
        chosen = self._chosen.get(key)
        if chosen is not None:
            return chosen
        if len(key) <= GROUP:
            return True
        if state in _WORTH_OPENING and key not in self._opened_itself:
            if len(key) == SERVER and sum(len(k) == SERVER for k in self._opened_itself) >= AUTO_LIMIT:
                return False
            self._opened_itself.add(key)
        return key in self._opened_itself

    def set(self, key: Key, opened: bool) -> None:
        self._chosen[_thing(key)] = opened

    def close_all(self) -> None:
        """Every server closed, also those that opened themselves."""
        self._chosen = {k: v for k, v in self._chosen.items() if len(k) <= GROUP}
        self._chosen.update((k, False) for k in self._opened_itself)

    def open_all(self, keys: list[Key]) -> None:
        self._chosen.update((_thing(k), True) for k in keys)
