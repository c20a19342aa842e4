"""Log files on a disk for the tests of documents, and what reading all of them at once makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.poplog import filelog, pages, scan, searching
from cockpit.poplog.document import Document, Entry
from cockpit.poplog.errors import LogError
from cockpit.poplog.local import LocalFolder
from cockpit.poplog.names import Writer
from cockpit.poplog.parse import Parser
from cockpit.poplog.row import LogRow
from cockpit.poplog.searching import Query


def small_pages(monkeypatch: pytest.MonkeyPatch, page: int = 256, longest: int = 4096) -> None:
    """Pages and blocks so small that a test's file has many, and lines longer than one."""
    for module in (pages, filelog):
        monkeypatch.setattr(module, "PAGE", page)
    monkeypatch.setattr(pages, "LONGEST", longest)
    monkeypatch.setattr(scan, "LONGEST", longest)
    monkeypatch.setattr(scan, "BLOCK", longest // 16)


def read_whole(data: bytes) -> list[tuple[int, LogRow]]:
    """Every row with its offset, by the parser alone."""
    parser, found, at = Parser(), [], 0
    for raw in data.split(b"\n"):
        row = parser.line(raw)
        if row is not None:
            found.append((at, row))
        at += len(raw) + 1
    return found


def walked(document: Document, most: int = 7) -> list[Entry]:
    """All entries from the start on, a few at a time."""
    anchor, found = document.start(), []
    while some := document.down(anchor, most):
        found += [entry for _, entry in some]
        anchor = some[-1][0]
    return found


def climbed(document: Document, most: int = 7) -> list[Entry]:
    """All entries from the end up, a few at a time; first line first."""
    anchor, found = document.end(), []
    while some := document.up(anchor, most):
        found += [entry for _, entry in some]
        anchor = some[-1][0]
    return found[::-1]


def searched(folder: Path, text: str, *, any_case: bool = False) -> list[Entry]:
    """What ``logs grep`` finds in a folder: one writer's after the other's. Raises LogError, also where a
    file ends too soon."""
    found: list[Entry] = []
    for writer in Writer:
        for hits in searching.search(LocalFolder(folder), writer, "", Query(text, any_case)):
            if isinstance(hits, LogError):
                raise hits
            found += hits
    return found


def counted(folder: Path, text: str, *, any_case: bool = False) -> int:
    """What ``logs grep --count`` counts in a folder. Raises as ``searched`` does."""
    number = 0
    for writer in Writer:
        for hits in searching.count(LocalFolder(folder), writer, "", Query(text, any_case), lambda: False):
            if isinstance(hits, LogError):
                raise hits
            number += hits
    return number


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
