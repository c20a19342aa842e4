"""The page on the doctor is written from the table."""

from __future__ import annotations

from cockpit.doctor.document import markdown
from tests.support.processes import ROOT


def test_the_page_is_the_table() -> None:
    """Else: python -m cockpit.doctor.document > docs/doctor.md"""
    assert (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8") == markdown()
