"""A lab that writes its protocol logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.lab.simulation import Simulation
from tests.lab.poplogs import opened


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Simulation]:
    sim = opened(tmp_path)
    yield sim
    sim.close()
