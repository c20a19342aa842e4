"""Reads pages: their links, headings, blocks of code and command lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.docs.parts import anchor
from tests.support.processes import ROOT

PROGRAM: Final = "pop-cockpit"
_FENCE: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
_INDENTED: Final = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")
_SPAN: Final = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK: Final = re.compile(r"\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)
SHELL: Final = ("sh", "")


def pages() -> tuple[Path, ...]:
    """All that is written for people."""
    return (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code. ``language``: empty where none is named."""

    language: str
    text: str


def blocks_of(text: str) -> Iterator[Block]:
    """Fenced and indented code of ``text``, the fenced first."""
    for indent, language, body in _FENCE.findall(text):
        yield Block(language, "\n".join(line.removeprefix(indent) for line in body.splitlines()))
    for body in _INDENTED.findall(_FENCE.sub("", text)):
        yield Block("", "\n".join(line[4:] for line in body.splitlines()))


@dataclass(frozen=True, slots=True)
class Page:
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self) -> str:
        """Without its blocks of code."""
        return _INDENTED.sub("", _FENCE.sub("", self.text))

    def blocks(self) -> Iterator[Block]:
        yield from blocks_of(self.text)

    def spans(self) -> Iterator[str]:
        """Code within a line."""
        yield from _SPAN.findall(self.prose)

    def links(self) -> Iterator[str]:
        yield from _LINK.findall(_SPAN.sub("`", self.prose))

    def anchors(self) -> frozenset[str]:
        """Of its headings; one that comes again is counted, as GitHub does."""
        found: dict[str, int] = {}
        names = []
        for heading in _HEADING.findall(self.prose):
            name = anchor(re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading))
            times = found.get(name, 0)
            found[name] = times + 1
            names.append(f"{name}-{times}" if times else name)
        return frozenset(names)

    def commands(self) -> Iterator[str]:
        """Command lines of this program, as they stand there."""
        for block in self.blocks():
            if block.language in SHELL:
                yield from (line.strip() for line in block.text.splitlines() if _is_ours(line))
        yield from (span.replace("\\|", "|") for span in self.spans() if _is_ours(span))


def _is_ours(line: str) -> bool:
    return line.split()[:1] == [PROGRAM]


def words(line: str) -> list[str]:
    """The words of a command line after the program's name, up to what is the shell's own: a comment, a
    redirection, an ampersand, a pipe between blanks."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    lexer.escape = ""
    found: list[str] = []
    for word in list(lexer)[1:]:
        if word and set(word) <= set("&;<>"):
            break
        found.append(word)
    return found
