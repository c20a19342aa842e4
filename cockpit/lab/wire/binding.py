"""Parameter binding, as PowerShell does it: canonical name, alias, unambiguous prefix, then position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cockpit.lab.cmdlet import COMMON_PARAMETERS, Cmdlet
from cockpit.lab.wire import errors
from cockpit.lab.wire.decode import Argument


def bind(cmdlet: Cmdlet, arguments: Sequence[Argument]) -> dict[str, Any]:
    """Canonical names to values, common parameters included. Raises the ParameterBindingException.

    A parameter without a value and one with a null look the same on the wire. Parameters that are mandatory
    or positional take values, so theirs is null and goes to the handler; any other is a switch and becomes
    True.
    """
    if cmdlet.native:
        return {"Arguments": _raw(arguments)}
    takes_value = cmdlet.mandatory.union(cmdlet.positional)
    bound: dict[str, Any] = {}
    loose: list[Any] = []
    for argument in arguments:
        if argument.name is None:
            loose.append(argument.value)
            continue
        name = _resolve(cmdlet, argument.name)
        if name in bound:
            raise errors.repeated_parameter(cmdlet.name, name)
        bound[name] = True if argument.bare and name not in takes_value else argument.value
    free = [name for name in cmdlet.positional if name not in bound]
    if len(loose) > len(free):
        raise errors.unplaced_argument(cmdlet.name, loose[len(free)])
    bound.update(zip(free, loose, strict=False))
    missing = sorted(cmdlet.mandatory - bound.keys())
    if missing:
        raise errors.missing_parameters(cmdlet.name, missing)
    return bound


def _raw(arguments: Sequence[Argument]) -> list[Any]:
    words: list[Any] = []
    for argument in arguments:
        if argument.name is not None:
            words.append(f"-{argument.name}")
        if not argument.bare:
            words.append(argument.value)
    return words


def _resolve(cmdlet: Cmdlet, given: str) -> str:
    wanted = given.lower()
    spellings = {name.lower(): name for name in (*cmdlet.parameters, *COMMON_PARAMETERS)}
    spellings.update({alias.lower(): name for alias, name in cmdlet.aliases.items()})
    exact = spellings.get(wanted)
    if exact is not None:
        return exact
    matches = sorted({name for spelling, name in spellings.items() if spelling.startswith(wanted)})
    if not matches:
        raise errors.unknown_parameter(cmdlet.name, given)
    if len(matches) > 1:
        raise errors.ambiguous_parameter(cmdlet.name, given, matches)
    return matches[0]
