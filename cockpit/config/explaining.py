"""What is wrong in a file, in one sentence: the file, the line, the whole path of the key, and the cure.

Imported only when something is wrong.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from cockpit.config.language import N_
from cockpit.config.listing import either
from cockpit.config.toml_lines import key_lines
from cockpit.config.trouble import KeyPath, Trouble

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_AT: Final = re.compile(r" - at `\$([^`]*)`$")
_FIELD: Final = re.compile(r"field `([^`]*)`")
_ENTRY: Final = "[...]"
"""How msgspec says "an entry of this table" without its name."""


def sentence(file: Path, text: str, trouble: Trouble) -> str:
    """``trouble`` of ``file``, whose content is ``text``."""
    line = _line(key_lines(text), trouble.path)
    key, cure = shown(trouble.path), ended(trouble.cure)
    if not line:
        return f"{file}: {key}: {trouble.what}. {cure}"
    return N_("{file}, line {line}: {key}: {what}. {cure}").format(
        file=file, line=line, key=key, what=trouble.what, cure=cure
    )


def ended(text: str) -> str:
    """``text`` with a full stop, unless it ends as a question does."""
    return text if text.endswith("?") else f"{text}."


def shown(path: KeyPath) -> str:
    """A key as it is written in TOML; what is not a plain word is quoted, so that nothing in it acts on a
    terminal."""
    made = ""
    for part in path:
        if isinstance(part, int):
            made += f"[{part}]"
        else:
            made += ("." if made else "") + (part if _BARE.fullmatch(part) else json.dumps(part))
    return made


def _line(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """Of the key, or of the nearest table around it where it is missing; 0 where there is none."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 0)


def syntax(file: Path, error: tomllib.TOMLDecodeError) -> str:
    """A text that is not TOML at all."""
    said = str(error)
    where = re.search(r" \(at line (\d+), column (\d+)\)$", said)
    if where is None:
        return N_("{file}: is not valid TOML: {said}. Mend its end.").format(file=file, said=said)
    place = N_("{file}, line {line}, column {column}").format(file=file, line=where[1], column=where[2])
    return N_("{place}: is not valid TOML: {said}. Mend that line.").format(
        place=place, said=said[: where.start()]
    )


def first_trouble(raw: object, kind: type[Any]) -> Trouble:
    """The first thing for which ``raw`` is none of ``kind``, a msgspec Struct. ValueError: it is one."""
    found = _trouble(raw, kind, ())
    if found is None:
        raise ValueError(f"a sound {kind.__name__}")
    return found


def _trouble(raw: object, kind: type[Any], at: KeyPath) -> Trouble | None:
    try:
        msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        said = str(error)
    else:
        return None
    place = _AT.search(said)
    inner = place[1] if place else ""
    message = said[: place.start()] if place else said
    if _ENTRY in inner:
        return _in_entries(raw, kind, at, _parts(inner.partition(_ENTRY)[0]))
    return _told(message, kind, at, _parts(inner))


def _in_entries(raw: object, kind: type[Any], at: KeyPath, prefix: KeyPath) -> Trouble | None:
    """Which of the tables below ``prefix`` it is: each is looked at by itself."""
    held: Any = raw
    for part in prefix:
        held = held[part]
    entries = _plain(_type_at(kind, prefix))
    if not isinstance(entries, inspect.DictType) or not isinstance(entries.value_type, inspect.StructType):
        raise TypeError(f"{kind.__name__} has tables by name at {prefix} that are not Structs")
    own = entries.value_type.cls
    found = (_trouble(value, own, (*at, *prefix, name)) for name, value in held.items())
    return next((trouble for trouble in found if trouble is not None), None)


def _told(message: str, kind: type[Any], at: KeyPath, inner: KeyPath) -> Trouble:
    wanted = _type_at(kind, inner)
    path = (*at, *inner)
    field = _FIELD.search(message)
    table = _plain(wanted)
    if field is not None and isinstance(table, inspect.StructType):
        own = (*path, field[1])
        if "unknown" in message:
            return Trouble(own, N_("there is no such key"), _meant(field[1], table))
        needed = next((f for f in table.fields if f.encode_name == field[1]), None)
        cure = N_("Give {what}").format(what=_words(needed.type)) if needed else N_("Give it")
        return Trouble(own, N_("is missing"), cure)
    got = re.search(r", got `(\w+)`", message)
    what = _is(got[1]) if got else N_("cannot be used")
    return Trouble(path, what, N_("Write {what}").format(what=_words(wanted)))


def _is(got: str) -> str:
    """``got``: a type as msgspec calls it."""
    found = {
        "str": N_("is text"),
        "int": N_("is a number"),
        "float": N_("is a number"),
        "bool": N_("is true or false"),
    }
    return found.get(got) or N_("is a {kind}").format(kind=got)


def _meant(key: str, table: inspect.StructType) -> str:
    """The key that was meant, the table it belongs in, or all there are."""
    names = [f.encode_name for f in table.fields if f.encode_name]
    close = get_close_matches(key.lower().replace("-", "_"), names, n=1, cutoff=0.7)
    if close:
        return N_("Did you mean {close}?").format(close=close[0])
    inside = [f.encode_name for f in table.fields if key in _keys_of(f.type)]
    if inside:
        return N_("It belongs in the table {inside}").format(inside=either(inside))
    return N_("Keys here are {names}").format(names=", ".join(names))


def _keys_of(kind: inspect.Type) -> Sequence[str]:
    table = _plain(kind)
    return [f.encode_name for f in table.fields] if isinstance(table, inspect.StructType) else ()


def _parts(place: str) -> KeyPath:
    """``.recovery.windows[1].start`` as a path. Names of ours have no dots."""
    found = re.findall(r"\.(\w+)|\[(\d+)\]", place)
    return tuple(name or int(number) for name, number in found)


def _type_at(kind: type[Any], path: KeyPath) -> inspect.Type:
    here: inspect.Type = inspect.type_info(kind)
    for part in path:
        here = _plain(here)
        if isinstance(here, inspect.StructType):
            here = next(f.type for f in here.fields if f.encode_name == part)
        elif isinstance(here, inspect.VarTupleType):
            here = here.item_type
        else:
            raise TypeError(f"nothing below {part!r} of {kind.__name__}")
    return here


def _plain(kind: inspect.Type) -> inspect.Type:
    """Without "or nothing" and without what is only said about it."""
    while True:
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            kind = next(t for t in kind.types if not isinstance(t, inspect.NoneType))
        else:
            return kind


def _said_of(kind: inspect.Type) -> str:
    """A description that the type itself carries (``msgspec.Meta(description=…)``)."""
    while isinstance(kind, inspect.UnionType):
        kind = next(t for t in kind.types if not isinstance(t, inspect.NoneType))
    if isinstance(kind, inspect.Metadata) and kind.extra_json_schema:
        return str(kind.extra_json_schema.get("description", ""))
    return ""


def _words(kind: inspect.Type) -> str:
    """What may be written there."""
    if said := _said_of(kind):
        return said
    match _plain(kind):
        case inspect.BoolType():
            return N_("true or false")
        case inspect.IntType() as number:
            bounds = _bounds(number)
            return N_("a whole number {bounds}").format(bounds=bounds) if bounds else N_("a whole number")
        case inspect.FloatType() as number:
            bounds = _bounds(number)
            return N_("a number {bounds}").format(bounds=bounds) if bounds else N_("a number")
        case inspect.LiteralType() as choice:
            return N_("one of {names}").format(names=", ".join(json.dumps(v) for v in choice.values))
        case inspect.VarTupleType() as many:
            entry = _words(many.item_type)
            if many.min_length:
                return N_("a list with at least one entry, [ ... ], each {entry}").format(entry=entry)
            return N_("a list, [ ... ], each {entry}").format(entry=entry)
        case inspect.StructType() as table:
            return N_("a table with keys of {names}").format(
                names=", ".join(f.encode_name for f in table.fields)
            )
        case inspect.DictType():
            return N_("a table of tables, each with a name of yours")
    return N_("text in quotes")


def _bounds(number: inspect.IntType | inspect.FloatType) -> str:
    """Empty: any will do."""
    more, least, most = number.gt, number.ge, number.le
    if more is not None and most is not None:
        return N_("more than {least:g} and at most {most:g}").format(least=more, most=most)
    if least is not None and most is not None:
        return N_("of at least {least:g} and at most {most:g}").format(least=least, most=most)
    if more is not None:
        return N_("more than {least:g}").format(least=more)
    if least is not None:
        return N_("of at least {least:g}").format(least=least)
    return N_("at most {most:g}").format(most=most) if most is not None else ""
