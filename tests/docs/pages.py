"""The pages with generated parts, and what they should be now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.docs import granted, guards, procedures, rooms
from tests.docs.parts import filled
from tests.support.processes import ROOT

DOCS: Final = ROOT / "docs"
PARTS: Final[Mapping[str, Callable[[], Mapping[str, Callable[[], str]]]]] = {
    "recoveries.md": procedures.parts,
    "guards.md": guards.parts,
    "first-connection.md": granted.parts,
    "architecture.md": rooms.parts,
}


def wanted(name: str) -> str:
    """The whole page as it should be: its own prose, and its generated parts made anew."""
    return filled(page(name).read_text(encoding="utf-8"), PARTS[name]())


def page(name: str) -> Path:
    return DOCS / name
