"""Every outcome that a step can have has words of its own, and no others are kept."""

from __future__ import annotations

from cockpit.recovery.outcomes import WORDS, outcome_words
from cockpit.recovery.runbooks import RUNBOOKS


def test_every_outcome_of_every_runbook_is_called_something() -> None:
    assert {o for book in RUNBOOKS.values() for step in book.steps for o in step.next} == set(WORDS)
    assert not [words for words in WORDS.values() if "_" in words]


def test_one_that_is_not_known_stays_as_it_is() -> None:
    assert outcome_words("of_a_newer_program") == "of_a_newer_program"
