"""docs/extending.md: every section's code, taken out of the page and run as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from tests.docs.pages import page
from tests.docs.reading import Block, blocks_of
from tests.support.processes import ROOT

PAGE: Final = page("extending.md")
SECTIONS: Final = ("A scenario", "A cmdlet", "A runbook", "A theme")


def blocks(section: str) -> list[Block]:
    """The section's code, in order."""
    _, _, below = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")
    return list(blocks_of(below.partition("\n## ")[0]))


@pytest.fixture
def module() -> Iterator[ModuleType]:
    """Where a section's names live: dataclasses look their module up."""
    made = ModuleType("docs_extending")
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_does_what_it_says(section: str, module: ModuleType, tmp_path: Path) -> None:
    asserted = 0
    for block in blocks(section):
        if block.language == "toml":
            (tmp_path / "slate.toml").write_text(block.text, encoding="utf-8")
            module.__dict__["OWN"] = tmp_path
        else:
            exec(compile(block.text, f"docs/extending.md, {section}", "exec"), module.__dict__)
            asserted += block.text.count("assert ")
    assert asserted, "nothing is proved"


def test_every_section_is_run() -> None:
    found = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(found) == SECTIONS


@pytest.mark.parametrize("wanted", [["format", "--check"], ["check", "--ignore", "F821,S101"]], ids=" ".join)
def test_its_code_is_written_as_ours(wanted: list[str], tmp_path: Path) -> None:
    for section in SECTIONS:
        for number, block in enumerate(b for b in blocks(section) if b.language == "python"):
            (tmp_path / f"{section[2:]}_{number}.py").write_text(block.text + "\n", encoding="utf-8")
    settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *wanted, *settings, str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
