"""The user's keys, checked: Textual ignores an unknown id or a bad key in silence, and lets one
binding take another's key without a word (terminal-ui §4.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from textual.binding import Binding, BindingError
from textual.keys import Keys

from cockpit.ui.actions import ACTIONS, Action

_MODIFIERS = {"ctrl", "shift", "alt"}
_UNSAFE_FOR_DANGER = {f"ctrl+{c}" for c in "abdkjhlsz"}
"""Keys that shells, tmux and editors have put into people's fingers (terminal-ui §2)."""
_MUST_STAY = {"app.quit", "app.help", "probe.cancel", "recover.cancel", "decide.cancel", "reason.cancel"}
SCREENS = ("fleet", "run", "plan", "history", "obligations", "logs", "trace")
"""Scopes of whole screens, on which the app's own actions work too."""


def normalised(key: str) -> str | None:
    """``key`` as Textual names it (``?`` is ``question_mark``), None when there is no such key."""
    *modifiers, last = key.split("+") if key != "+" else ["+"]
    if not last or not set(modifiers) <= _MODIFIERS:
        return None
    try:
        (name,) = (b.key for b in Binding.make_bindings([Binding(last, "x")]))
    except (BindingError, ValueError):
        return None
    if name not in _NAMES:
        return None
    return "+".join([*modifiers, name])


def _names() -> set[str]:
    names = {str(k.value) for k in Keys if "+" not in k.value and "<" not in k.value}
    for code in range(0x21, 0x7F):
        if chr(code) == ",":
            continue
        names |= {b.key for b in Binding.make_bindings([Binding(chr(code), "x")])}
    return names | {"comma"}


_NAMES = _names()


@dataclass(frozen=True, slots=True)
class KeymapProblem:
    """What is wrong with the entry for ``action_id``; the caller knows the file and the line."""

    action_id: str
    sentence: str


def check(
    user: Mapping[str, str | Sequence[str]], actions: Iterable[Action] = ACTIONS
) -> tuple[dict[str, tuple[str, ...]], list[KeymapProblem]]:
    """The keymap to use, and what was refused. An entry is a key, several in a list or ``a,b``, or none."""
    table = {a.id: a for a in actions}
    keys: dict[str, tuple[str, ...]] = {}
    problems: list[KeymapProblem] = []
    for action_id, value in user.items():
        given = [k.strip() for k in value.split(",") if k.strip()] if isinstance(value, str) else list(value)
        sentence = _refusal(action_id, given, table)
        if sentence:
            problems.append(KeymapProblem(action_id, sentence))
        else:
            keys[action_id] = tuple(given)
    clashes = _collisions(keys, table)
    refused = {problem.action_id for problem in clashes}
    return {k: v for k, v in keys.items() if k not in refused}, problems + clashes


def _refusal(action_id: str, given: list[str], table: Mapping[str, Action]) -> str:
    action = table.get(action_id)
    if action is None:
        return f"There is no action {action_id!r}."
    for key in given:
        name = normalised(key)
        if name is None:
            return f"{key!r} is not a key."
        if action.dangerous and name in _UNSAFE_FOR_DANGER:
            return f"{key!r} is too easily pressed by accident for {action_id}, which changes something."
    if not given and action_id in _MUST_STAY:
        return f"{action_id} must keep a key."
    return ""


def _collisions(keys: Mapping[str, tuple[str, ...]], table: Mapping[str, Action]) -> list[KeymapProblem]:
    """Two actions on one key where both work. The user's entry is named, also against a default.

    Going back from a screen may take the key that quits: there it goes back, and on Fleet it quits.
    """
    taken: dict[tuple[str, str], str] = {}
    found: list[KeymapProblem] = []
    ordered = sorted(table.values(), key=lambda a: a.id in keys)
    for action in ordered:
        for key in keys.get(action.id, action.keys):
            for scope in SCREENS if action.scope == "app" else (action.scope,):
                place = (scope, normalised(key) or key)
                other = taken.setdefault(place, action.id)
                if other != action.id and {other, action.id} != {f"{scope}.back", "app.quit"}:
                    sentence = f"{key!r} is already {other}; give that another key too."
                    found.append(KeymapProblem(action.id, sentence))
                    break
    return found
