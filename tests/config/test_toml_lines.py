"""Which line a key stands on: against TOML texts that are made line by line, in every way to write a key."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.config.toml_lines import key_lines
from cockpit.config.trouble import KeyPath

NAMES = st.sampled_from(["auth", "a", "b-1", "per.iod", "le ft", "", "é", '"q"', "x#y", "[h]", "=", "\t"])
NOISE = st.sampled_from(["# auth = 1 [x]", "", "  ", '# """', "#'"])
SCALARS = st.sampled_from(
    [
        "1",
        "-0.5e3",
        "true",
        "inf",
        "2026-03-02 03:00:00",
        '"auth = 1 # [x]"',
        '"\\"]}"',
        "'lit\"eral]'",
        '""',
        '"""auth = 1\n[x]\n# "" \\""" """',
        '""""two quotes""""',
        "'''auth = 1\n[x]\n''''",
        '"""cut \\\n   off"""',
    ]
)


@dataclass
class Text:
    """A TOML text under way, and the line that each key was written on."""

    parts: list[str] = field(default_factory=list)
    lines: dict[KeyPath, int] = field(default_factory=dict)

    @property
    def line(self) -> int:
        return "".join(self.parts).count("\n") + 1

    def write(self, text: str) -> None:
        self.parts.append(text)

    def mark(self, path: KeyPath) -> None:
        self.lines[path] = self.line

    def __str__(self) -> str:
        return "".join(self.parts)


def key(draw: Any, name: str) -> str:
    """One part of a key, bare where it can be and in either kind of quotes where it can be."""
    ways = [json.dumps(name)]
    if name.isascii() and name.replace("-", "").isalnum():
        ways.append(name)
    if "'" not in name and name.isprintable():
        ways.append(f"'{name}'")
    return str(draw(st.sampled_from(ways)))


def value(draw: Any, text: Text, path: KeyPath, depth: int) -> None:
    """A scalar, an array over lines, or an inline table, which stays on its line but for what is in it."""
    kind = draw(st.sampled_from(["scalar", "array", "table"])) if depth else "scalar"
    if kind == "scalar":
        text.write(draw(SCALARS))
    elif kind == "array":
        text.write("[")
        for number in range(draw(st.integers(0, 3))):
            text.write(draw(st.sampled_from(["", "\n", " # [ auth = 1\n  "])))
            text.mark((*path, number))
            value(draw, text, (*path, number), depth - 1)
            text.write(",")
        text.write(draw(st.sampled_from(["]", "\n]"])))
    else:
        text.write("{ ")
        pairs(draw, text, path, depth - 1, "")
        text.write(" }")


def pairs(draw: Any, text: Text, table: KeyPath, depth: int, end: str) -> None:
    """Keys of one table, plain or dotted, each name once."""
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    for number, name in enumerate(names):
        if number and not end:
            text.write(", ")
        path = (*table, name)
        text.mark(path)
        text.write(key(draw, name))
        if draw(st.booleans()):
            text.write(draw(st.sampled_from([".", " . "])))
            path = (*path, "dotted")
            text.mark(path)
            text.write("dotted")
        text.write(" = ")
        value(draw, text, path, depth)
        if end:
            text.write(draw(st.sampled_from(["", " # auth = 1"])) + end)


@st.composite
def texts(draw: Any) -> Text:
    text = Text()
    end = draw(st.sampled_from(["\n", "\r\n"]))
    pairs(draw, text, (), 2, end)
    for number in range(draw(st.integers(0, 3))):
        text.write(draw(NOISE) + end)
        header(draw, text, f"table{number}", end)
    return text


def header(draw: Any, text: Text, first: str, end: str) -> None:
    """``[first]``, ``[first.name]`` or some ``[[first]]``, each with keys, one with a table below it."""
    name, kind = draw(NAMES), draw(st.sampled_from(["table", "deep", "array"]))
    if kind == "table":
        text.mark((first,))
        text.write(f"[ {first} ]{end}")
        pairs(draw, text, (first,), 2, end)
    elif kind == "deep":
        text.mark((first,))
        text.mark((first, name))
        text.write(f"[{first}.{key(draw, name)}]{end}")
        pairs(draw, text, (first, name), 2, end)
        if draw(st.booleans()):
            text.mark((first,))
            text.write(f"[{first}]{end}")
    else:
        for number in range(draw(st.integers(1, 3))):
            if not number:
                text.mark((first,))
            text.mark((first, number))
            text.write(f"[[{first}]]{end}")
            pairs(draw, text, (first, number), 1, end)
            text.mark((first, number, "below"))
            text.write(f"[{first}.below]{end}")
            pairs(draw, text, (first, number, "below"), 1, end)


def paths(found: Any, at: KeyPath = ()) -> set[KeyPath]:
    """Every key path of a parsed text."""
    inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return {at} - {()} | {path for name, each in inner for path in paths(each, (*at, name))}


@settings(max_examples=150, deadline=None)
@given(texts())
def test_every_key_is_found_on_the_line_it_was_written_on(text: Text) -> None:
    found = key_lines(str(text))
    assert set(found) == paths(tomllib.loads(str(text)))
    assert dict(found) == text.lines


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("[a.b]\n[a]\n", ("a",), 2),
        ("[a.b]\n[a.c]\n", ("a",), 1),
        ("a.b = 1\na.c = 2\n", ("a", "c"), 2),
        ("[[f]]\n[[f.v]]\nx = 1\n[[f]]\n[[f.v]]\n[[f.v]]\nx = 2\n", ("f", 1, "v", 1, "x"), 7),
        ('x = """\n\n"""\n\n[y]\nz = 1', ("y", "z"), 6),
    ],
)
def test_the_line_of_one_key(text: str, path: KeyPath, line: int) -> None:
    assert key_lines(text)[path] == line
