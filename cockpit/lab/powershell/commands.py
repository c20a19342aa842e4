"""Commands within scripts: the few cmdlets that the lab's PowerShell has [M]."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cockpit.lab.powershell import library, types
from cockpit.lab.powershell.access import arguments
from cockpit.lab.powershell.core import Blocks, operand
from cockpit.lab.powershell.errors import (
    NetError,
    drive_not_found,
    from_constructor,
    no_types,
    not_here,
    path_not_found,
)
from cockpit.lab.powershell.files import FileInfo
from cockpit.lab.powershell.run import Expression, Run
from cockpit.lab.powershell.tree import Node, parts, source
from cockpit.lab.powershell.values import ScriptBlock, items, text, truth, whole

Flow: TypeAlias = Callable[[Run, list[object] | None], list[object]]
"""A stage of a pipeline: what comes in (None for the first), what goes out."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A command's arguments by lower-case parameter name; a switch is True."""

    values: Mapping[str, object]

    def get(self, name: str) -> object:
        return self.values.get(name)

    def text(self, name: str) -> str:
        return text(self.values.get(name))


@dataclass(frozen=True, slots=True)
class _Command:
    """``parameters`` take a value, ``switches`` none, ``positional`` in order; lower case all."""

    act: Callable[[Run, Bound, list[object] | None], list[object]]
    parameters: tuple[str, ...]
    switches: tuple[str, ...] = ()
    positional: tuple[str, ...] = ()
    everything: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        every = (*self.parameters, *self.switches, "erroraction", "warningaction")
        object.__setattr__(self, "everything", frozenset(every))


def command(node: Node, blocks: Blocks) -> Flow:
    """A ``command`` node. What it does not know of a command it refuses before the script begins."""
    names = [p for p in parts(node) if p.type == "command_name"]
    if len(names) != 1:
        raise not_here(f"calls of this kind: {source(node)[:40]}")
    name = source(names[0])
    found = _COMMANDS.get(_ALIASES.get(name.lower(), name.lower()))
    if found is None:
        raise not_here(f"command {name} in a script")
    given = _given(node, blocks)
    bound = _bind(name, found, given)

    def run(run: Run, flow: list[object] | None) -> list[object]:
        return found.act(run, Bound({key: value(run) for key, value in bound.items()}), flow)

    return run


_Given: TypeAlias = list[tuple[str | None, Expression | None]]


def _given(node: Node, blocks: Blocks) -> _Given:
    """Pairs of parameter name and value, either of which may be missing."""
    elements = [e for p in parts(node) if p.type == "command_elements" for e in parts(p)]
    found: _Given = []
    for element in elements:
        if element.type == "command_argument_sep":
            continue
        if element.type == "command_parameter":
            found.append((source(element)[1:].rstrip(":").lower(), None))
            continue
        if element.type == "generic_token":
            value = _word(source(element))
        elif element.type == "argument_list":
            value = _several(arguments(element, blocks))
        else:
            value = operand(element, blocks)
        if found and found[-1][0] is not None and found[-1][1] is None:
            found[-1] = (found[-1][0], value)
        else:
            found.append((None, value))
    return found


def _word(words: str) -> Expression:
    if re.search(r"[$>`'\"]", words):
        raise not_here(f"argument {words}")
    return lambda _: words


def _several(values: list[Expression]) -> Expression:
    return lambda run: [value(run) for value in values]


def _bind(name: str, found: _Command, given: _Given) -> dict[str, Expression]:
    bound: dict[str, Expression] = {}
    loose: list[Expression] = []
    for parameter, value in given:
        if parameter is None:
            loose += [value] if value is not None else []
            continue
        fit = [p for p in found.everything if p == parameter] or [
            p for p in found.everything if p.startswith(parameter)
        ]
        if len(fit) != 1:
            raise not_here(f"parameter -{parameter} of {name}")
        if fit[0] in found.switches:
            loose += [value] if value is not None else []
            bound[fit[0]] = lambda _: True
        elif value is None:
            raise not_here(f"parameter -{parameter} of {name} without a value")
        else:
            bound[fit[0]] = value
    free = [p for p in found.positional if p not in bound]
    if len(loose) > len(free):
        raise not_here(f"further arguments of {name}")
    bound.update(zip(free, loose, strict=False))
    return bound


# -- the commands -------------------------------------------------------------------------------------------


def _get_child_item(run: Run, bound: Bound, _: list[object] | None) -> list[object]:
    """``-LiteralPath`` (or ``-Path`` without wildcards), ``-Filter`` by name, ``-File``, ``-Directory``."""
    given = bound.get("literalpath") if bound.get("literalpath") is not None else bound.get("path")
    out: list[object] = []
    for one in items(given):
        path = text(one)
        if bound.get("literalpath") is None and any(c in path for c in "*?["):
            raise not_here("Get-ChildItem with wildcards in -Path")
        out += _listed(run, bound, path)
    return out


def _listed(run: Run, bound: Bound, path: str) -> list[object]:
    disk = run.machine.disk
    action = bound.text("erroraction")
    if re.match(r"[A-Za-z]:", path) and not disk.is_drive(path):
        run.report(drive_not_found(path[0], "GetChildItemCommand"), action)
        return []
    place = disk.place(path)
    if place is None or not place.exists():
        run.report(path_not_found(path, "GetChildItemCommand"), action)
        return []
    wanted = bound.text("filter").lower()
    found = [FileInfo(e) for e in disk.entries(place)] if place.is_dir() else []
    if wanted:
        found = [f for f in found if fnmatch.fnmatchcase(f.entry.name.lower(), wanted)]
    if bound.get("file"):
        found = [f for f in found if not f.entry.is_folder]
    if bound.get("directory"):
        found = [f for f in found if f.entry.is_folder]
    # Folders come first, each by name.
    return [*(f for f in found if f.entry.is_folder), *(f for f in found if not f.entry.is_folder)]


def _new_object(run: Run, bound: Bound, _: list[object] | None) -> list[object]:
    name = bound.text("typename")
    kind = types.find(name)
    if run.constrained and not types.is_core(kind.name):
        raise no_types()
    given = bound.get("argumentlist")
    values = [] if given is None else items(given)
    if kind.element is not None:
        size = whole(values[0]) if values else 0
        return [bytearray(size) if kind.element.name == "System.Byte" else [None] * size]
    try:
        return [library.static(run.machine, kind, "new", values)]
    except NetError as error:
        raise from_constructor(len(values), error) from error


def _block_of(bound: Bound, name: str) -> ScriptBlock:
    block = bound.get(name)
    if not isinstance(block, ScriptBlock):
        raise not_here("Where-Object or ForEach-Object without a script block")
    return block


def _where(_: Run, bound: Bound, flow: list[object] | None) -> list[object]:
    block = _block_of(bound, "filterscript")
    return [item for item in flow or [] if truth(block.run(item))]


def _for_each(_: Run, bound: Bound, flow: list[object] | None) -> list[object]:
    block = _block_of(bound, "process")
    return [found for item in flow or [] for found in block.run(item)]


def _write_output(_: Run, bound: Bound, flow: list[object] | None) -> list[object]:
    return items(bound.get("inputobject")) if flow is None else flow


_COMMANDS: Final[Mapping[str, _Command]] = {
    "get-childitem": _Command(
        _get_child_item,
        ("path", "literalpath", "filter"),
        ("file", "directory", "force"),
        ("path", "filter"),
    ),
    "new-object": _Command(_new_object, ("typename", "argumentlist"), (), ("typename", "argumentlist")),
    "where-object": _Command(_where, ("filterscript",), (), ("filterscript",)),
    "foreach-object": _Command(_for_each, ("process",), (), ("process",)),
    "write-output": _Command(_write_output, ("inputobject",), (), ("inputobject",)),
    "out-null": _Command(lambda _run, _bound, _flow: [], ()),
}
_ALIASES: Final = {
    "gci": "get-childitem",
    "dir": "get-childitem",
    "ls": "get-childitem",
    "where": "where-object",
    "?": "where-object",
    "foreach": "foreach-object",
    "%": "foreach-object",
    "echo": "write-output",
    "write": "write-output",
}
