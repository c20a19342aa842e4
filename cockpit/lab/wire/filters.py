"""The commands every Exchange endpoint shows beside its cmdlets, as far as the lab does them: Select-Object,
Measure-Object, Out-Default (exchange-facts §5.3 [D]). They work on serialised objects.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from copy import deepcopy
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Protocol

from cockpit.lab import clixml
from cockpit.lab.cmdlet import Cmdlet, Invocation, Output
from cockpit.lab.wire import errors
from cockpit.lab.wire.binding import bind
from cockpit.lab.wire.decode import Argument

Sink = Callable[[bytes], None]
_DIALECT = "-Property names and -First"


class Filter(Protocol):
    """A later stage of a pipeline."""

    def accept(self, row: bytes, /) -> None: ...

    def end(self) -> None: ...


class OutDefault:
    """Hands objects on, as the restricted endpoints' proxy of that name does."""

    def __init__(self, parameters: dict[str, Any], sink: Sink) -> None:
        if parameters:
            raise errors.not_in_the_lab("parameters of Out-Default")
        self.accept = sink

    def end(self) -> None:
        """Nothing is held back."""


class SelectObject:
    """``-Property`` (names and wildcards) and ``-First``."""

    def __init__(self, parameters: dict[str, Any], sink: Sink) -> None:
        unknown = parameters.keys() - {"Property", "First"}
        if unknown:
            raise errors.not_in_the_lab(f"Select-Object -{min(unknown)} (it does {_DIALECT})")
        wanted = parameters.get("Property")
        names = wanted if isinstance(wanted, list) else ([] if wanted is None else [wanted])
        if not all(isinstance(name, str) for name in names):
            raise errors.not_in_the_lab("calculated properties")
        first = parameters.get("First")
        if first is not None and type(first) is not int:
            raise errors.not_in_the_lab(f"Select-Object -First {first!r}")
        self._names: list[str] = names
        self._left: int | None = first
        self._sink = sink

    def accept(self, row: bytes, /) -> None:
        if self._left is not None:
            if self._left <= 0:
                return
            self._left -= 1
        self._sink(_selected(row, self._names) if self._names else row)

    def end(self) -> None:
        """Nothing is held back."""


class MeasureObject:
    """The count."""

    def __init__(self, parameters: dict[str, Any], sink: Sink) -> None:
        if parameters:
            raise errors.not_in_the_lab(f"Measure-Object -{min(parameters)}")
        self._count = 0
        self._sink = sink

    def accept(self, _row: bytes, /) -> None:
        self._count += 1

    def end(self) -> None:
        name = "Microsoft.PowerShell.Commands.GenericMeasureInfo"
        types = (name, "Microsoft.PowerShell.Commands.MeasureInfo", "System.Object")
        unmeasured = dict.fromkeys(("Average", "Sum", "Maximum", "Minimum", "Property"))
        self._sink(clixml.serialise(types, name, {"Count": self._count, **unmeasured}, enum_objects=False))


async def _never_called(_invocation: Invocation, _output: Output) -> None:
    raise AssertionError("filters have no handler")


def _signature(name: str, parameters: Sequence[str], positional: tuple[str, ...] = ()) -> Cmdlet:
    return Cmdlet(name, _never_called, frozenset(parameters), positional=positional)


_SELECT = (
    "Property",
    "ExcludeProperty",
    "ExpandProperty",
    "First",
    "Last",
    "Skip",
    "SkipLast",
    "Unique",
    "Index",
    "Wait",
    "InputObject",
)
_MEASURE = (
    "Property",
    "Sum",
    "Average",
    "Maximum",
    "Minimum",
    "Line",
    "Word",
    "Character",
    "IgnoreWhiteSpace",
    "InputObject",
)
_BUILT: dict[str, tuple[Cmdlet, Callable[[dict[str, Any], Sink], Filter]]] = {
    "select-object": (_signature("Select-Object", _SELECT, ("Property",)), SelectObject),
    "measure-object": (_signature("Measure-Object", _MEASURE, ("Property",)), MeasureObject),
    "out-default": (_signature("Out-Default", ["InputObject", "Transcript"]), OutDefault),
}
_VISIBLE = frozenset({"get-formatdata", "exit-pssession", "get-command", "get-help"})
_ON_WINDOWS = _VISIBLE | frozenset(
    {
        "where-object",
        "foreach-object",
        "sort-object",
        "group-object",
        "format-list",
        "format-table",
        "out-string",
        "out-null",
        "invoke-expression",
        "invoke-command",
    }
)


def find(name: str, arguments: Sequence[Argument], *, full: bool) -> Callable[[Sink], Filter] | None:
    """A built-in by name, bound; None if the endpoint shows no such command.

    ``full``: Windows' own endpoint, where the usual commands exist: those the lab lacks are an error there,
    while Exchange truly does not know them (exchange-facts §0.12).
    """
    built = _BUILT.get(name.lower())
    if built is None:
        if name.lower() in (_ON_WINDOWS if full else _VISIBLE):
            raise errors.not_in_the_lab(name)
        return None
    signature, make = built
    parameters = bind(signature, arguments)
    return lambda sink: make(parameters, sink)


def _selected(raw: bytes, names: Sequence[str]) -> bytes:
    """A new PSCustomObject with those properties.

    Type-name references are written out, since their target may be among what is left behind.
    """
    source = ET.fromstring(raw)  # noqa: S314  # the lab's own bytes
    if source.tag != "Obj":
        raise errors.not_in_the_lab("Select-Object -Property on bare values")
    _inline_type_names(source)
    properties = {p.get("N", ""): p for holder in ("Props", "MS") for p in source.iterfind(f"{holder}/*")}
    kind = source.findtext("TN/T", "System.Object")
    target = ET.Element("Obj", RefId="0")
    types = ET.SubElement(target, "TN", RefId="0")
    for name in (f"Selected.{kind}", "System.Management.Automation.PSCustomObject", "System.Object"):
        ET.SubElement(types, "T").text = name
    to_string = ET.SubElement(target, "ToString")
    notes = ET.SubElement(target, "MS")
    for pattern in names:
        for name in _matching(properties, pattern):
            found = properties.get(name)
            notes.append(ET.Element("Nil", N=name) if found is None else deepcopy(found))
    to_string.text = "@{" + "; ".join(f"{e.get('N')}={_shown(e)}" for e in notes) + "}"
    references = count(1)
    for element in notes.iter("Obj"):
        element.set("RefId", str(next(references)))
    type_references = count(1)
    for element in notes.iter("TN"):
        element.set("RefId", str(next(type_references)))
    return ET.tostring(target)


def _shown(element: ET.Element) -> str:
    """A value inside the ``@{…}`` by which PowerShell shows a PSCustomObject."""
    return (element.findtext("ToString") if element.tag == "Obj" else element.text) or ""


def _matching(properties: dict[str, ET.Element], pattern: str) -> list[str]:
    """Property names by PowerShell wildcard; a plain name that is missing is selected too, as null."""
    found = [name for name in properties if fnmatchcase(name.lower(), pattern.lower())]
    return found or ([] if any(c in pattern for c in "*?[") else [pattern])


def _inline_type_names(source: ET.Element) -> None:
    known = {tn.get("RefId"): [t.text for t in tn] for tn in source.iter("TN")}
    for reference in source.iter("TNRef"):
        names = known[reference.get("RefId")]
        reference.tag = "TN"
        for name in names:
            ET.SubElement(reference, "T").text = name
