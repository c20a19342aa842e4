"""What a finding takes apart is still what another room says."""

from __future__ import annotations

import re

import pytest

from cockpit.doctor.halves import HALVES
from tests.language import catalogue as c


def plain(sentence: str) -> str:
    """Without the names of its places, whatever letter it begins with."""
    return re.sub(r"\{[^{}]*\}", "…", sentence).lower()


@pytest.mark.parametrize("half", HALVES)
def test_a_half_begins_or_ends_a_whole_sentence(half: str) -> None:
    wholes = [
        plain(text)
        for message in c.messages(c.extracted())
        for text in c.texts(message.id)
        if not any("doctor/halves" in file for file, _ in message.locations)
    ]
    wanted = plain(half)
    # Who cuts takes the sign away, and gives the cure its full stop where the sentence has none.
    assert any(
        whole.startswith((f"{wanted}. ", f"{wanted}; ", f"{wanted}: "))
        or whole.rstrip(".").endswith((f". {wanted.rstrip('.')}", f"; {wanted.rstrip('.')}"))
        or whole.endswith(f": {wanted.rstrip('.')}")
        for whole in wholes
    )
