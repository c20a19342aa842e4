"""docs/guards.md shows real refusals: every guard's own, of readings spoilt in one way."""

from __future__ import annotations

import pytest

from cockpit.journal.records import Verdict
from cockpit.recovery.guards.table import GUARDS
from cockpit.recovery.readings import NEEDS
from cockpit.recovery.runbooks import RUNBOOKS
from tests.docs.guards import READS
from tests.docs.pages import page
from tests.docs.parts import anchor
from tests.docs.reading import Page
from tests.docs.refusals import SPOILT, passing, shown

NEVER_PASS = {"copies.none_active", "console.reachable"}
"""On the healthy readings: a copy is active there on purpose; and nothing can read a console."""


def test_every_guard_and_every_reading_is_told() -> None:
    assert set(SPOILT) == set(GUARDS)
    assert set(READS) == NEEDS
    assert {anchor(name) for name in GUARDS} <= Page(page("guards.md")).anchors()


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_refuses_what_was_spoilt_and_nothing_else(name: str) -> None:
    assert shown(name)
    assert passing(name) is (name not in NEVER_PASS)


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_shows_the_grade_that_its_page_says(name: str) -> None:
    assert GUARDS[name].grade in {finding.grade for finding in shown(name)}


def test_every_refusal_says_what_helps() -> None:
    assert all(f.helps for name in GUARDS for f in shown(name) if f.verdict is Verdict.REFUSED)


def test_a_guard_that_no_runbook_names_would_stand_before_nothing() -> None:
    named = {guard for book in RUNBOOKS.values() for step in book.steps for guard in step.guards}
    assert named == set(GUARDS)
