"""The user's keys, checked: Textual ignores an unknown id or a bad key in silence, and lets one
binding take another's key without a word (terminal-ui §4.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from textual.binding import Binding, BindingError
from textual.keys import Keys

from cockpit.config.language import _
from cockpit.ui.actions import ACTIONS, Action

_MODIFIERS = {"ctrl", "shift", "alt"}
_UNSAFE_FOR_DANGER = {f"ctrl+{c}" for c in "abdkjhlsz"}
"""Keys that shells, tmux and editors have put into people's fingers (terminal-ui §2)."""
_MUST_STAY = {
    *("app.quit", "app.help", "probe.cancel", "recover.cancel", "decide.cancel", "reason.cancel"),
    *("logging.cancel", "command.cancel", "command.run", "help.close"),
}
SCREENS = ("fleet", "run", "plan", "history", "obligations", "logs", "trace", "timeline", "pulse")
"""Scopes of whole screens, on which the app's own actions work too."""
OPENERS: Final[Mapping[str, tuple[str, ...]]] = {
    "probe.run": ("fleet.probe",),
    "recover.start": ("fleet.recover", "plan.start"),
    "logging.go": ("fleet.logging",),
}
"""What sends something from a dialog, and what opens that dialog: a key pressed twice must not do both."""
_OF_THE_FOCUS: Final = ("enter", "space")
"""They press the button that has the focus, which is the safe one."""
_TYPED_IN: Final = ("decide", "reason", "command", "filter")
"""Scopes in which one writes: a letter is a letter there."""


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


def _signs() -> set[str]:
    """Names of the keys that write a character."""
    codes = (chr(code) for code in range(0x21, 0x7F) if chr(code) != ",")
    return {b.key for sign in codes for b in Binding.make_bindings([Binding(sign, "x")])} | {"comma", "space"}


_SIGNS = _signs()
_NAMES = {str(k.value) for k in Keys if "+" not in k.value and "<" not in k.value} | _SIGNS


@dataclass(frozen=True, slots=True)
class KeymapProblem:
    """What is wrong with the entry for ``action_id``, and what helps, each without a full stop; the caller
    knows the file and the line."""

    action_id: str
    what: str
    cure: str

    @property
    def sentence(self) -> str:
        return f"{self.what}. {self.cure}."


def check(
    user: Mapping[str, str | Sequence[str]], actions: Iterable[Action] = ACTIONS
) -> tuple[dict[str, tuple[str, ...]], list[KeymapProblem]]:
    """The keymap to use, and what was refused. An entry is a key, several in a list or ``a,b``, or none.
    ``actions``: with the keys they have without the user, those of a preset perhaps."""
    table = {a.id: a for a in actions}
    keys: dict[str, tuple[str, ...]] = {}
    problems: list[KeymapProblem] = []
    for action_id, value in user.items():
        given = [k.strip() for k in value.split(",") if k.strip()] if isinstance(value, str) else list(value)
        refusal = _refusal(action_id, given, table)
        if refusal is not None:
            problems.append(refusal)
        else:
            keys[action_id] = tuple(given)
    clashes = [*_collisions(keys, table), *_confirming(keys, table)]
    refused = {problem.action_id for problem in clashes}
    return {k: v for k, v in keys.items() if k not in refused}, problems + clashes


def _refusal(action_id: str, given: list[str], table: Mapping[str, Action]) -> KeymapProblem | None:
    action = table.get(action_id)
    if action is None:
        what = _("There is no action {name!r}").format(name=action_id)
        return KeymapProblem(action_id, what, _meant(action_id, table))
    for key in given:
        problem = _key_refusal(action, key)
        if problem is not None:
            return problem
    if not given and action_id in _MUST_STAY:
        what = _("{action} must keep a key").format(action=action_id)
        cure = _("Give it one, or take the line out: then it has {keys}")
        return KeymapProblem(action_id, what, cure.format(keys=", ".join(action.keys)))
    return None


def _key_refusal(action: Action, key: str) -> KeymapProblem | None:
    name = normalised(key)
    if name is None:
        what = _("{key!r} is not a key").format(key=key)
        cure = _("Keys are letters, signs, names such as f5, pagedown and escape, and ctrl+ before a letter")
        return KeymapProblem(action.id, what, cure)
    if action.dangerous and name in _UNSAFE_FOR_DANGER:
        what = _("{key!r} is too easily pressed by accident for {action}, which changes something")
        cure = _("Choose a letter or a function key")
        return KeymapProblem(action.id, what.format(key=key, action=action.id), cure)
    if action.scope in _TYPED_IN and _writes(name):
        what = _("{key!r} is written, where {action} works").format(key=key, action=action.id)
        cure = _("Choose a function key, or ctrl+ with a letter")
        return KeymapProblem(action.id, what, cure)
    return None


def _writes(name: str) -> bool:
    """Whether the key writes a character into a line."""
    return name.removeprefix("shift+") in _SIGNS


def _meant(action_id: str, table: Mapping[str, Action]) -> str:
    close = get_close_matches(action_id, table, n=1, cutoff=0.6)
    if close:
        return _("Perhaps {name} is meant").format(name=close[0])
    return _("`pop-cockpit keys` lists them all")


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
                    found.append(_clash(action.id, key, table[other]))
                    break
    return found


def _clash(action_id: str, key: str, other: Action) -> KeymapProblem:
    what = _("{key!r} is already {other}").format(key=key, other=other.id)
    if other.dangerous:
        what = _("{key!r} is already {other}, which changes something").format(key=key, other=other.id)
    return KeymapProblem(action_id, what, _("Choose another key, or give {other} another too").format(
        other=other.id))  # fmt: skip


def _confirming(keys: Mapping[str, tuple[str, ...]], table: Mapping[str, Action]) -> Iterator[KeymapProblem]:
    """The key that opens a question must not answer it, and the safe answer has the focus."""
    for answer, openers in OPENERS.items():
        if answer not in table:
            continue
        held = {normalised(k): k for k in keys.get(answer, table[answer].keys)}
        for opener in (o for o in openers if o in table):
            shared = [k for k in keys.get(opener, table[opener].keys) if normalised(k) in held]
            if shared:
                what = _("{key!r} would open the question ({opener}) and answer it ({answer})")
                named = answer if answer in keys else opener
                what = what.format(key=shared[0], opener=opener, answer=answer)
                yield KeymapProblem(named, what, _("Choose different keys"))
        for key in (k for k in _OF_THE_FOCUS if k in held):
            what = _("{key!r} presses the button that has the focus, so it cannot be {answer}")
            yield KeymapProblem(answer, what.format(key=key, answer=answer), _("Choose a letter"))


def doubtful(keys: Mapping[str, Sequence[str]]) -> list[KeymapProblem]:
    """Keys that are taken, but do not arrive everywhere (terminal-ui §4.3): worth a warning."""
    found = []
    for action_id, given in keys.items():
        for key in given:
            what = _does_not_arrive(key, normalised(key) or key)
            if what:
                cure = _("A letter or f1 to f10 always does")
                found.append(KeymapProblem(action_id, what, cure))
    return found


_CURSOR: Final = {
    "up",
    "down",
    "left",
    "right",
    "home",
    "end",
    "pageup",
    "pagedown",
    "insert",
    "delete",
    "tab",
}
_SAME_BYTE: Final = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}
_PREFIXES: Final = {"ctrl+b": "tmux", "ctrl+a": "screen"}


def _does_not_arrive(key: str, name: str) -> str:
    """What becomes of ``key``, which Textual calls ``name``, on its way; empty where it arrives.

    [M] with pterm 0.78, the engine of PuTTY, and xterm; the prefixes are the defaults of tmux and screen;
    that a terminal sends the same byte for ctrl+i and tab is ASCII.
    """
    *modifiers, last = name.split("+")
    if name in _SAME_BYTE:
        return _("{key!r} is the same byte as {other}").format(key=key, other=_SAME_BYTE[name])
    if name in _PREFIXES:
        return _("{key!r} is the prefix of {program}, which keeps it").format(
            key=key, program=_PREFIXES[name]
        )
    if "alt" in modifiers:
        return _("{key!r} does not arrive from xterm, which writes another letter").format(key=key)
    if modifiers and last in _CURSOR and name != "shift+tab":
        return _("{key!r} arrives from PuTTY as {other}").format(key=key, other=last)
    if "shift" in modifiers and name != "shift+tab":
        return _("{key!r} is not told from the key without shift by most terminals").format(key=key)
    if "ctrl" in modifiers and (len(last) > 1 or not last.isalpha()):
        return _("{key!r} is sent by few terminals").format(key=key)
    if name in ("f11", "f12"):
        return _("{key!r} is kept by many terminals for themselves").format(key=key)
    return ""
