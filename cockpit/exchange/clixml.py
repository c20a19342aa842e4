"""CLIXML, PowerShell's XML for objects, as plain values: fast, complete, and closed to hostile input.

pypsrp's own reader spends most of a poll on turning elements back into text, and gives up on shapes it does
not know (psrp-wire §3); this one takes about a twentieth of the time and keeps everything. In short::

    S URI XD SBK Version G C     str            LST IE QUE STK   list
    I32 and the other integers   int            DCT              dict
    B bool, Sg Db float, D Decimal, BA bytes    Ref              the object referred to
    DT datetime, TS timedelta                   Obj PR           PSObject
    Nil None, SS Secret (never its content)     any other tag    its text

- An ``Obj`` with a container and nothing else but type names is that list or dict itself.
- An ``Obj`` without a name inside another is the other's base: the two become one object.
- DT is aware when an offset or Z was sent, naive otherwise; parts of a microsecond are cut off. A time that
  UTC cannot express, and any on .NET's first or last day, is ``datetime.min`` or ``datetime.max``,
  both naive: "never", and "for ever".
- A property in both Props and MS has MS's value, as PowerShell shows it; named twice in one, the last.
- A TNRef without its TN gives no types; a Ref without its object gives a PSObject whose text says so.
  Both come from properties the server left out.
- An escape that is half of a surrogate pair is U+FFFD: no encoder would accept it later.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import XML, Element, ParseError

from cockpit.config.language import N_
from cockpit.exchange.clixml_values import (
    NAMES,
    PRIMITIVES,
    PROGRESS,
    SECRET,
    TYPE_NAMES,
    ClixmlError,
    Secret,
    plain,
    unescape,
)

__all__ = [
    "MAX_DEPTH",
    "MISSING",
    "SECRET",
    "ClixmlError",
    "PSObject",
    "Secret",
    "read_export",
    "read_message",
]

MAX_DEPTH: Final = 100
"""Objects within objects; PowerShell itself stops at about fifty."""
MISSING: Final = N_("[missing reference]")
"""Text of the object that stands for a dangling Ref."""


@dataclass(slots=True, eq=False, repr=False)
class PSObject:
    """One ``Obj``: its types, how it describes itself, the plain value it wraps, its properties.

    Objects may contain themselves, so they compare by identity, and ``str`` and ``repr`` never descend.
    """

    types: tuple[str, ...] = ()
    text: str | None = None
    value: object = None
    properties: dict[str, object] = field(default_factory=dict)

    def get(self, name: str, default: object = None) -> object:
        """The property ``name``; PowerShell ignores case, so an exact match is only preferred."""
        if name in self.properties:
            return self.properties[name]
        folded = name.casefold()
        return next((value for key, value in self.properties.items() if key.casefold() == folded), default)

    def __str__(self) -> str:
        if self.text is not None:
            return self.text
        value = self.value
        if isinstance(value, PSObject):
            return value.text or ""
        if isinstance(value, (list, dict)):
            return f"[{len(value)} items]"
        return "" if value is None else str(value)

    def __repr__(self) -> str:
        kind = self.types[0].rpartition(".")[2] if self.types else "object"
        return f"<PSObject {kind} {str(self)!r}, {len(self.properties)} properties>"


def read_message(data: bytes) -> object:
    """The value in one PIPELINE_OUTPUT payload, with or without a BOM. Raises ClixmlError."""
    try:
        return _message(data)
    except _MALFORMED as error:
        raise _explained(error) from None


def read_messages(payloads: Sequence[bytes]) -> list[object]:
    """Each payload's value, as :func:`read_message` reads them one by one, an eighth faster.

    A parser's set-up is a good part of a small message, so eight share one; more would outgrow the
    processor's cache. What does not come out one for one is read singly, and fails where it is broken.
    """
    values: list[object] = []
    for at in range(0, len(payloads), _TOGETHER):
        few = payloads[at : at + _TOGETHER]
        values += _together(few) or [read_message(payload) for payload in few]
    return values


def read_export(data: bytes) -> list[object]:
    """The values in an Export-Clixml file, UTF-8 or (with BOM) UTF-16. Raises ClixmlError."""
    try:
        return _export(data)
    except _MALFORMED as error:
        raise _explained(error) from None


# ---- documents

_Refs = dict[str | None, object]
_Types = dict[str | None, tuple[str, ...]]

# No document type can follow once the root element has begun, and without a declaration of its
# encoding it is UTF-8: two characters tell that a message is of the usual and harmless kind.
_AT_ROOT: Final = re.compile(rb"(?:\xef\xbb\xbf)?<[A-Za-z]").match


_MALFORMED: Final = (
    ParseError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)
"""What reading something that is not CLIXML may raise, here and below."""


def _explained(error: Exception) -> ClixmlError:
    if isinstance(error, ClixmlError):
        return error
    if isinstance(error, ParseError):
        return ClixmlError(N_("not well-formed XML: {error}").format(error=error))
    if isinstance(error, UnicodeDecodeError):
        return ClixmlError(
            N_("not {encoding} text, at byte {start}").format(encoding=error.encoding, start=error.start)
        )
    return ClixmlError(N_("an element's content does not fit its tag"))


_TOGETHER: Final = 8


def _together(payloads: Sequence[bytes]) -> list[object] | None:
    """The values of payloads that are an object each and well-formed, else None."""
    if len(payloads) == 1 or not all(payload.startswith(b"<Obj ") for payload in payloads):
        return None
    try:
        roots = XML(b"<_>%b</_>" % b"".join(payloads))[:]
        if len(roots) != len(payloads) or any(root.tag != "Obj" for root in roots):
            return None
        return [_object(root, {}, {}, 1) for root in roots]
    except _MALFORMED:
        return None  # read_message says which one, and why


def _message(data: bytes) -> object:
    root = XML(data) if _AT_ROOT(data) else _past_prolog(data)
    if root.tag[0] == "{":
        _drop_namespaces(root)
    return _value(root, {}, {}, 1)


def _export(data: bytes) -> list[object]:
    root = XML(data) if _AT_ROOT(data) else _past_prolog(data)  # no DTD gets here
    _drop_namespaces(root)
    if root.tag != "Objs":
        raise ClixmlError(N_("the root element is not Objs"))
    refs: _Refs = {}
    types: _Types = {}
    return [_value(child, refs, types, 1) for child in root]


def _past_prolog(data: bytes) -> Element:
    """Parse what does not begin with its root: XML declaration, comments, UTF-16. No document types."""
    utf16 = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = data.decode("utf-16" if utf16 else "utf-8-sig")
    at = 0
    while True:
        while text[at : at + 1].isspace():
            at += 1
        if text.startswith("<?", at):
            at = text.index("?>", at + 2) + 2
        elif text.startswith("<!--", at):
            at = text.index("-->", at + 4) + 3
        elif text[at : at + 1] == "<" and text[at + 1 : at + 2].isalpha():
            return XML(text[at:])
        else:  # a document type; a second BOM would hide one, as expat skips it
            raise ClixmlError(N_("there is no root element, or something CLIXML does not have before it"))


def _drop_namespaces(root: Element) -> None:
    for element in root.iter():
        if element.tag[0] == "{":
            element.tag = element.tag.rpartition("}")[2]


# ---- values


def _value(element: Element, refs: _Refs, types: _Types, depth: int) -> object:
    tag = element.tag
    if tag == "Obj":
        return _object(element, refs, types, depth)
    read = PRIMITIVES.get(tag)
    if read is not None:
        return read(element.text)
    if tag == "Ref":
        ref = element.get("RefId")
        return refs[ref] if ref is not None and ref in refs else PSObject(text=MISSING)
    if depth > MAX_DEPTH:
        raise ClixmlError(N_("objects more than {n} deep").format(n=MAX_DEPTH))
    if tag in ("LST", "IE", "QUE", "STK"):
        return [_value(child, refs, types, depth + 1) for child in element]
    if tag == "DCT":
        return _dictionary(element, refs, types, depth + 1)
    if tag == "PR":
        return _progress(element)
    return plain("".join(element.itertext()))


_new: Final = PSObject.__new__


def _object(element: Element, refs: _Refs, types: _Types, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise ClixmlError(N_("objects more than {n} deep").format(n=MAX_DEPTH))
    properties: dict[str, object] = {}
    result = _new(PSObject)  # its __init__ would cost as much as all of an enumeration value's content
    result.types = ()
    result.text = None
    result.value = None
    result.properties = properties
    ref = element.get("RefId")
    refs[ref] = result  # already here, as what is inside may refer to it
    extended: dict[str, object] | None = None
    base: PSObject | None = None
    for part in element[:]:  # a slice, as a list is walked faster than an element
        tag = part.tag
        if tag == "TN":
            result.types = types[part.get("RefId")] = TYPE_NAMES[tuple(part.itertext())]
        elif tag == "ToString":
            text = part.text
            result.text = "" if text is None else unescape(text) if "_" in text else text
        elif tag == "I32":
            result.value = int(part.text)  # type: ignore[arg-type]  # TypeError: see _MALFORMED
        elif tag == "Props":
            _properties(part, properties, refs, types, depth)
            if extended is not None:
                properties.update(extended)
        elif tag == "TNRef":
            result.types = types.get(part.get("RefId"), ())
        elif tag == "MS":
            extended = {}
            _properties(part, extended, refs, types, depth)
            properties.update(extended)
        elif part.get("N") is not None:
            properties[NAMES[part.attrib["N"]]] = _value(part, refs, types, depth + 1)
        elif tag == "Obj":
            inner = _object(part, refs, types, depth + 1)
            if type(inner) is PSObject:
                base = inner
            else:
                result.value = inner
        else:
            inner = _value(part, refs, types, depth)
            result.value = None if inner is result else inner
    if base is not None:
        _merge(base, result)
    elif not properties and result.text is None and type(result.value) in (list, dict):
        refs[ref] = result.value
        return result.value
    return result


def _merge(base: PSObject, result: PSObject) -> None:
    """Make ``base`` part of ``result``, which takes its properties over: copying them could be made slow."""
    base.properties.update(result.properties)
    result.properties = base.properties
    result.types = result.types or base.types
    result.text = base.text if result.text is None else result.text
    if result.value is None and base.value is not result:
        result.value = base.value


def _properties(part: Element, into: dict[str, object], refs: _Refs, types: _Types, depth: int) -> None:
    """The members of Props or MS. Nearly all the time goes by here, hence the spelled-out tags."""
    names = NAMES
    primitives = PRIMITIVES
    value: object
    for element in part[:]:
        tag = element.tag
        if tag == "S":
            value = element.text
            if value is None:
                value = ""
            elif "_" in value:
                value = unescape(value)
        elif tag in primitives:
            value = primitives[tag](element.text)
        elif tag == "Obj":
            value = _object(element, refs, types, depth + 1)
        else:
            value = _value(element, refs, types, depth + 1)
        into[names[element.attrib["N"]]] = value


def _dictionary(element: Element, refs: _Refs, types: _Types, depth: int) -> dict[object, object]:
    result: dict[object, object] = {}
    for entry in element:
        pair = {part.get("N"): _value(part, refs, types, depth) for part in entry}
        key = pair["Key"]
        if isinstance(key, (list, dict)):
            key = PSObject(value=key)  # what can be a key in .NET must become one here
        result[key] = pair.get("Value")
    return result


def _progress(element: Element) -> PSObject:
    """A progress record, which has a form of its own: no names, a tag for each property."""
    result = PSObject(types=("System.Management.Automation.ProgressRecord",))
    for part in element:
        name, read = PROGRESS.get(part.tag, (part.tag, plain))
        result.properties[name] = read(part.text)
    return result
