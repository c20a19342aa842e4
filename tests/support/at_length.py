"""What only ``pytest -m matrix`` runs: the other values of a test whose first ones every run takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def at_length(*values: object) -> ParameterSet:
    """One row of a ``parametrize``."""
    return pytest.param(*values, marks=pytest.mark.matrix)
