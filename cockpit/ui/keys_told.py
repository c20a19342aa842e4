"""The keymap told: every action with its keys, for `pop-cockpit keys` and docs/keys.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from cockpit.config.language import N_, _, pgettext
from cockpit.ui.action import TITLES, Action
from cockpit.ui.actions import ACTIONS, key_label
from cockpit.ui.commands import COMMANDS

PLACES: Final[Mapping[str, str]] = {
    "app": N_("Every screen"),
    "fleet": N_("Fleet"),
    "filter": N_("Fleet: in the filter"),
    "run": N_("Run"),
    "plan": N_("Plan"),
    "history": N_("History"),
    "obligations": N_("Obligations"),
    "trace": N_("Trace"),
    "logs": N_("Logs"),
    "timeline": N_("Timeline"),
    "pulse": N_("Pulse"),
    "probe": N_("Dialog: re-run a probe"),
    "recover": N_("Dialog: recover"),
    "logging": N_("Dialog: protocol logging"),
    "decide": N_("Dialog: the question of a run"),
    "reason": N_("Dialog: a reason"),
    "theme": N_("Dialog: themes"),
    "help": N_("Help"),
    "command": N_("Command line"),
}
"""What a scope is called, in the order in which they are told."""


class Told(NamedTuple):
    """One action; ``keys`` as they are written in the configuration."""

    id: str
    scope: str
    group: str
    title: str
    help: str
    dangerous: bool
    keys: tuple[str, ...]

    @property
    def said_title(self) -> str:
        return pgettext(TITLES, self.title)


def told(actions: Iterable[Action] = ACTIONS) -> list[Told]:
    """Every action, those of one scope together."""
    places = list(PLACES)
    ordered = sorted(actions, key=lambda a: places.index(a.scope))
    return [Told(a.id, a.scope, a.group, a.title, a.help, a.dangerous, a.keys) for a in ordered]


def columns(sets: Mapping[str, Iterable[Action]]) -> list[tuple[Told, tuple[tuple[str, ...], ...]]]:
    """Every action of the first of ``sets`` with its keys in each of them."""
    by_id = {name: {a.id: a.keys for a in actions} for name, actions in sets.items()}
    first = told(next(iter(sets.values())))
    return [(each, tuple(keys[each.id] for keys in by_id.values())) for each in first]


def markdown(sets: Mapping[str, Sequence[Action]]) -> str:
    """A table for each scope, and one of the commands with an argument; ``sets``: the columns of keys, by
    name."""
    rows = columns(sets)
    parts: list[str] = []
    for scope, name in PLACES.items():
        mine = [row for row in rows if row[0].scope == scope]
        if mine:
            parts += [f"## {_(name)}", "", *_table(mine, list(sets)), ""]
    return "\n".join([*parts, *_commands(), ""])


def _commands() -> Iterator[str]:
    """What the command line has beside the actions."""
    title = _("Commands that take an argument")
    columns = (_("Command"), _("What it does"))
    yield f"## {title}"
    yield ""
    yield f"| {' | '.join(columns)} |"
    yield "|---|---|"
    for command in COMMANDS:
        yield f"| `{_cell(command.shape)}` | {_cell(_(command.help))} |"


def _table(rows: Iterable[tuple[Told, tuple[tuple[str, ...], ...]]], names: Sequence[str]) -> Iterator[str]:
    titles = (_("Action"), *names, _("What it does"))
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * (len(names) + 2)
    for each, held in rows:
        mark = " **!**" if each.dangerous else ""
        keys = " | ".join(" ".join(f"`{_cell(key_label(k))}`" for k in own) or "–" for own in held)
        words = f"{each.said_title}: {_(each.help)}" if each.help else each.said_title
        yield f"| `{each.id}`{mark} | {keys} | {_cell(words)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
