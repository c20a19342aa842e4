"""Storms of resizes, from a window that is too small for anything to one over two screens."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.terminal import Terminal
from tests.terminal.small import is_drawn_whole, small_screen

SMALLEST, LARGEST = (20, 5), (400, 100)
ENDS = [(80, 24), SMALLEST, (200, 50), LARGEST, (100, 30)]


def _storm(term: Terminal, resizes: int, chance: random.Random) -> None:
    """As fast as they go, with keys among them."""
    for _ in range(resizes):
        term.resize(
            chance.randint(SMALLEST[0], LARGEST[0]),
            chance.randint(SMALLEST[1], LARGEST[1]),
        )
        term.press(chance.choice(["down", "up", "1", "2", "f", "\x1b[5~", "\x1b[6~", "E"]))


def _is_right(term: Terminal, size: tuple[int, int]) -> None:
    """Drawn for this size, the whole of it, and nothing from another size left."""
    term.resize(*size)
    columns, rows = size
    wanted = "q quit" if columns >= 60 else "CORP"
    text = term.wait(lambda text: wanted in text, 20.0)
    assert len(text.split("\n")) == rows
    is_drawn_whole(term)


def test_a_storm(tmp_path: Path) -> None:
    with small_screen(tmp_path) as term:
        _storm(term, 40, random.Random(1))
        _is_right(term, (80, 24))


@pytest.mark.endurance
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(3))
def test_storm_after_storm(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with small_screen(tmp_path) as term:
        for size in ENDS:
            _storm(term, 100, chance)
            _is_right(term, size)
            assert term.process.poll() is None
        term.press("q")
        assert term.exit_code() == 0


@pytest.mark.endurance
@pytest.mark.timeout(120)
def test_every_width_on_the_way(tmp_path: Path) -> None:
    """Dragging the corner slowly: each size is drawn for itself."""
    with small_screen(tmp_path) as term:
        for step in range(0, 191, 10):
            size = (SMALLEST[0] + 2 * step, SMALLEST[1] + step // 2)
            term.resize(*size)
            term.wait("CORP")
        _is_right(term, LARGEST)
