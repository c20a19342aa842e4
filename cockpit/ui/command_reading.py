"""What is typed on the command line, read: what it may become, and what it asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from cockpit.config.language import _
from cockpit.ui.action import Action
from cockpit.ui.actions import key_label
from cockpit.ui.commands import ALIASES, Command, Kind, Sight
from cockpit.ui.reasons import Why

_MOVE: Final = "Move"
_HIDDEN: Final = ("command_line",)
SAID: Final = 4
"""Names that a refusal lists."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is on this screen now: actions with the reason why not, commands, and what to choose."""

    actions: tuple[tuple[Action, Why | None], ...]
    commands: tuple[Command, ...]
    sight: Sight

    def action(self, name: str) -> tuple[Action, Why | None] | None:
        return next(((a, why) for a, why in self.actions if name_of(a) == name), None)

    def command(self, name: str) -> Command | None:
        return next((c for c in self.commands if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of what may be meant. ``text``: the whole line it completes to; ``name``, ``keys``, ``help``:
    shown beside it; ``why``: why it cannot be used now."""

    text: str
    name: str
    keys: str = ""
    help: str = ""
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An action to run, or a command with its argument; ``why``: not now."""

    action: Action | None = None
    command: Command | None = None
    argument: str = ""
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was typed is nothing that could be done, now or ever; a sentence."""

    sentence: str


Read: TypeAlias = Order | Refusal


def name_of(action: Action) -> str:
    """What an action is called on the command line: the last part of its id."""
    return action.id.rpartition(".")[2]


def offer(actions: Sequence[tuple[Action, Why | None]], commands: Sequence[Command], sight: Sight) -> Offer:
    """Without the action that opened the line."""
    return Offer(tuple(pair for pair in actions if pair[0].method not in _HIDDEN), tuple(commands), sight)


# What it may become


def choices(typed: str, there: Offer) -> list[Choice]:
    """What begins so first, then what has it inside; moving about last. Behind a command's name, what its
    argument may be."""
    text = typed.lstrip()
    head, blank, rest = text.partition(" ")
    command = there.command(ALIASES.get(head.lower(), head.lower())) if blank else None
    if command is not None and command.kind is not None:
        return _arguments(command, command.kind, rest.lstrip(), there)
    if blank and _title_begins(text, there):
        return _names(text, there)
    return [] if blank else _names(text, there)


def _arguments(command: Command, kind: Kind, typed: str, there: Offer) -> list[Choice]:
    names = kind.choices(there.sight, typed)
    found = names if kind.free else _ranked(typed.rstrip(), names)
    return [Choice(f"{command.name} {each}", each, help=_about(kind, each, there)) for each in found]


def _about(kind: Kind, name: str, there: Offer) -> str:
    """What a name stands for, where it is an action's."""
    found = there.action(name) if kind.name == "ACTION" else None
    return (_(found[0].help) or found[0].said_title) if found is not None else ""


def _names(typed: str, there: Offer) -> list[Choice]:
    wanted = typed.casefold()
    rows = [(rank, row) for row in _rows(there) if (rank := _rank(wanted, row[0])) is not None]
    rows.sort(key=lambda pair: (pair[0], pair[1][2]))
    return [row[1] for _, row in rows]


def _rows(there: Offer) -> Iterator[tuple[tuple[str, ...], Choice, bool]]:
    """Each with the words it is found by, and whether it only moves."""
    taken = {command.name for command in there.commands}
    for command in there.commands:
        yield (command.name,), _of_command(command, there), False
    for action, why in there.actions:
        name = name_of(action)
        if name not in taken:
            keys = " ".join(key_label(k) for k in action.keys)
            yield (
                (name, *_titles(action), action.id),
                Choice(name, name, keys, _told(name, action), why),
                action.group == _MOVE,
            )


def _told(name: str, action: Action) -> str:
    """Title and help, without the title where it says the name again."""
    title = action.said_title
    own = "" if title == name.replace("-", " ") else title
    return ": ".join(part for part in (own, _(action.help)) if part)


def _titles(action: Action) -> tuple[str, ...]:
    """As it is shown, and as it is in the documentation."""
    return tuple(dict.fromkeys((action.said_title, action.title)))


def _of_command(command: Command, there: Offer) -> Choice:
    action = there.action(command.name)
    keys = " ".join(key_label(k) for k in action[0].keys) if action is not None else ""
    text = command.name if command.kind is None or command.optional else f"{command.name} "
    return Choice(text, command.shape, keys, _(command.help), _why_no_command(command, there))


def _why_no_command(command: Command, there: Offer) -> Why | None:
    """A command that may be the action of its name is as usable as that, where there is nothing to choose."""
    kind, action = command.kind, there.action(command.name)
    if kind is None or kind.free or kind.choices(there.sight, ""):
        return None
    if command.optional:
        return action[1] if action is not None else None
    return Why(_(kind.nothing)) if kind.nothing else None


def _rank(wanted: str, words: Sequence[str]) -> int | None:
    """How well ``wanted`` fits: the name begins so, a part of it or the title, or it is somewhere inside."""
    name, *others = (word.casefold() for word in words)
    if name.startswith(wanted):
        return 0
    if any(part.startswith(wanted) for part in (*name.split("-"), *others)):
        return 1
    return 2 if any(wanted in word for word in (name, *others)) else None


def _title_begins(text: str, there: Offer) -> bool:
    titles = (title for action, _why in there.actions for title in _titles(action))
    return any(title.casefold().startswith(text.casefold()) for title in titles)


def _ranked(typed: str, names: Sequence[str]) -> list[str]:
    wanted = typed.casefold()
    begins = [n for n in names if n.casefold().startswith(wanted)]
    return [*begins, *(n for n in names if wanted in n.casefold() and n not in begins)]


# What it asks for


def read(typed: str, there: Offer) -> Read:
    """The order of a whole line. A name may be cut short where only one begins so, but not that of what
    changes something: that is written out."""
    text = typed.strip()
    head, _blank, argument = text.partition(" ")
    name, argument = ALIASES.get(head.lower(), head.lower()), argument.strip()
    whole = _by_title(text, there) or (_by_name(name, there) if not argument else None)
    command = there.command(name)
    if command is not None and (argument or whole is None or command.kind is None):
        return _ordered(command, argument, there)
    if whole is not None:
        return Order(action=whole[0], why=whole[1])
    if argument and there.action(name) is not None:
        return Refusal(_("{name} takes no more words.").format(name=name))
    return _cut_short(name, argument, there)


def _by_name(name: str, there: Offer) -> tuple[Action, Why | None] | None:
    found = there.action(name)
    return found or next(((a, why) for a, why in there.actions if a.id == name), None)


def _by_title(text: str, there: Offer) -> tuple[Action, Why | None] | None:
    """By a title of several words that only one has; one word is a name."""
    wanted = text.casefold()
    named = [pair for pair in there.actions if wanted in (title.casefold() for title in _titles(pair[0]))]
    found = named if " " in wanted else []
    return found[0] if len(found) == 1 else None


def _cut_short(name: str, argument: str, there: Offer) -> Read:
    names = [c.name for c in there.commands] + [name_of(a) for a, _ in there.actions]
    found = [n for n in dict.fromkeys(names) if name and n.startswith(name)]
    if not found:
        return Refusal(
            _("There is no command {name!r} here: tab shows those that there are.").format(name=name)
        )
    if len(found) > 1:
        return Refusal(_("{name} may be {names}.").format(name=name, names=_some(found)))
    action = there.action(found[0])
    if action is not None and action[0].dangerous:
        text = _("{name} changes something: write its whole name, {whole}.")
        return Refusal(text.format(name=name, whole=found[0]))
    return read(f"{found[0]} {argument}", there)


def _ordered(command: Command, argument: str, there: Offer) -> Read:
    kind, why = command.kind, _why_no_command(command, there)
    if kind is None:
        words = _("{name} takes no more words.").format(name=command.name)
        return Refusal(words) if argument else Order(command=command)
    if why is not None:
        return Order(command=command, why=why)
    if not argument and not (command.optional and kind.free):
        return Refusal(_("{name} wants more: {shape}.").format(name=command.name, shape=command.shape))
    if not argument or kind.free:
        return Order(command=command, argument=argument)
    return _chosen(command, kind, argument, there)


def _chosen(command: Command, kind: Kind, argument: str, there: Offer) -> Read:
    names = kind.choices(there.sight, argument)
    exact = [n for n in names if n.casefold() == argument.casefold()]
    found = exact or [n for n in names if n.casefold().startswith(argument.casefold())]
    if len(found) == 1:
        return Order(command=command, argument=found[0])
    if found:
        return Refusal(_("{name} may be {names}.").format(name=argument, names=_some(found)))
    text = _("{command}: there is no {name!r} to choose here.")
    return Refusal(text.format(command=command.name, name=argument))


def _some(names: Sequence[str]) -> str:
    more = len(names) - SAID
    shown = ", ".join(names[:SAID])
    return _("{names} or {number} more").format(names=shown, number=more) if more > 0 else shown
