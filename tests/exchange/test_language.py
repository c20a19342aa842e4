"""What an endpoint's answer says of its language mode."""

from __future__ import annotations

import pytest

from cockpit.exchange.language import refused_by


@pytest.mark.parametrize(
    ("error_id", "mode"),
    [
        ("ScriptsNotAllowed", "NoLanguage"),
        ("PropertyReferenceNotSupportedInDataSection", "RestrictedLanguage"),
        ("VariableReferenceNotSupportedInDataSection", "RestrictedLanguage"),
        ("CommandNotFoundException", ""),
        ("", ""),
    ],
)
def test_the_mode_that_refuses_the_question(error_id: str, mode: str) -> None:
    assert refused_by(error_id) == mode
