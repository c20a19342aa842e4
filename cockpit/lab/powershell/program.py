"""Whole scripts: their parameters, and what they put out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cockpit.lab.powershell import types
from cockpit.lab.powershell.compiler import (
    BLOCKS,
    BreakError,
    ContinueError,
    ReturnError,
    nothing,
    statements,
)
from cockpit.lab.powershell.core import type_of_literal
from cockpit.lab.powershell.errors import NotHereError, PowerShellError, bad_parameter, not_here
from cockpit.lab.powershell.expressions import expression
from cockpit.lab.powershell.run import Expression, Run, Statement
from cockpit.lab.powershell.tree import Node, child, parse, parts, source
from cockpit.lab.powershell.values import NetType


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of ``param(…)``."""

    shown: str
    kind: NetType | None
    value: Expression | None

    @property
    def name(self) -> str:
        return self.shown.lower()


@dataclass(frozen=True, slots=True)
class Program:
    """A script, ready to run."""

    parameters: tuple[Parameter, ...]
    body: Statement

    def run(self, run: Run, given: Mapping[str, Any]) -> list[object]:
        """What it put out. ``given``: parameters by name. Raises PowerShellError for what ended it."""
        self._bind(run, given)
        out: list[object] = []
        try:
            self.body(run, out)
        except ReturnError:
            return out
        except (BreakError, ContinueError):  # outside a loop they end the script
            return out
        return out

    def _bind(self, run: Run, given: Mapping[str, Any]) -> None:
        """As for a script block without CmdletBinding: names in any case, or by a beginning that only one
        has; what is too much goes to ``$args``."""
        left: list[object] = []
        found: dict[str, object] = {}
        for name, value in given.items():
            fit = [p for p in self.parameters if p.name == name.lower()] or [
                p for p in self.parameters if p.name.startswith(name.lower())
            ]
            if name.isdecimal() or len(fit) != 1:
                left.append(value)
            else:
                found[fit[0].name] = value
        for parameter in self.parameters:
            if parameter.name in found or (left and parameter.name not in found):
                value = found[parameter.name] if parameter.name in found else left.pop(0)
                run.set(parameter.name, _converted(parameter, value), parameter.kind)
            elif parameter.value is not None:
                run.set(parameter.name, parameter.value(run), parameter.kind)
            else:
                run.set(parameter.name, types.default(parameter.kind), parameter.kind)
        run.set("args", left)


def _converted(parameter: Parameter, value: object) -> object:
    if isinstance(value, tuple):
        value = list(value)
    if parameter.kind is None:
        return value
    try:
        return types.as_parameter(parameter.kind, value)
    except NotHereError:
        raise
    except PowerShellError as error:
        raise bad_parameter(parameter.shown, error) from error


@lru_cache(maxsize=64)
def program(script: str) -> Program:
    """Raises PowerShellError for a text that is no PowerShell, or that has what the lab does not know."""
    root = parse(script)
    parameters: list[Parameter] = []
    body: Statement = nothing
    for node in parts(root):
        if node.type == "param_block":
            parameters = [_parameter(p) for p in parts(child(node, "parameter_list"))]
        elif node.type == "statement_list":
            body = statements(node)
        else:
            raise not_here(f"syntax: {node.type}")
    return Program(tuple(parameters), body)


def _parameter(node: Node) -> Parameter:
    kind: NetType | None = None
    value: Expression | None = None
    for part in parts(node):
        if part.type == "attribute_list":
            literals = [a for attribute in parts(part) for a in parts(attribute)]
            if len(literals) != 1 or literals[0].type != "type_literal":
                raise not_here(f"attribute {source(part)}")
            kind = type_of_literal(literals[0])
        elif part.type == "script_parameter_default":
            value = expression(parts(part)[0], BLOCKS)
        elif part.type != "variable":
            raise not_here(f"parameter syntax: {part.type}")
    return Parameter(source(child(node, "variable"))[1:], kind, value)
