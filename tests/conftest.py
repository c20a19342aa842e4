"""What holds for every run of the tests.

The order of the files: those that wait for processes and clocks begin first, beside those that compute. xdist
hands out whole files in the order of collection (``--no-loadscope-reorder``); by its own order, most tests
first, the few long ones would come last and one worker would wait for them alone.
"""

from __future__ import annotations

import signal

import pytest

WAITING = ("product", "faults", "recovery", "terminal", "secrets", "lab", "independent", "fleet", "exchange")
"""Folders, those that wait longest for how little they compute first."""


def pytest_configure() -> None:
    """A shell that starts the tests in the background has them ignore SIGINT, and so all that they start, of
    which some is to be interrupted."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    room = item.path.relative_to(__file__[: -len("conftest.py")]).parts[0]
    return WAITING.index(room) if room in WAITING else len(WAITING)
