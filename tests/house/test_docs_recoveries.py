"""docs/recoveries.md: what is said of Microsoft's page is of the numbers that the runbooks have."""

from __future__ import annotations

import pytest

from cockpit.recovery.runbook import Runbook
from cockpit.recovery.runbooks import RUNBOOKS
from tests.docs.microsoft import SAYS, VERIFY
from tests.docs.pages import page
from tests.docs.procedures import numbers
from tests.recovery.test_runbooks import PAGE

BOOKS = [book for book in RUNBOOKS.values() if book.monitors]


def test_every_procedure_of_the_page_is_told() -> None:
    assert {book.name for book in BOOKS} == set(SAYS) == set(PAGE)
    text = page("recoveries.md").read_text(encoding="utf-8")
    assert all(f"`{book.name}`" in text and monitor in text for book in BOOKS for monitor in book.monitors)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
def test_its_numbers_are_the_pages(book: Runbook) -> None:
    assert set(SAYS[book.name]) == {number for step in book.steps for number in numbers(step)}
    assert [n for n in SAYS[book.name] if n not in VERIFY] == list(PAGE[book.name])


def test_a_number_leads_to_the_steps_that_name_it() -> None:
    steps = RUNBOOKS["PopCTP"]
    assert numbers(steps.step("find")) == ("3.4", "3.5")
    assert numbers(steps.step("verify")) == ("verify 2a", "verify 2b")
    assert numbers(steps.step("component")) == ()
