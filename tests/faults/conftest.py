"""Labs in processes of their own, for tests that hurt them or what looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.processes import Home, LabProcess, lab

OpenLab = Callable[..., LabProcess]


@pytest.fixture
def open_lab(tmp_path: Path) -> Iterator[OpenLab]:
    """Starts a lab that this test may break."""
    with ExitStack() as stack:
        yield lambda scenario="healthy", *options: stack.enter_context(
            lab(tmp_path / f"lab-{scenario}", scenario, *options)
        )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The folders of the cockpit's own run: what is found by its mark is never the lab."""
    return Home(tmp_path / "home")
