"""The screen on a real terminal, on a lab in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.processes import COCKPIT, Home, LabProcess, lab
from tests.support.terminal import Terminal, terminal

Open = Callable[..., Terminal]


@pytest.fixture(scope="module")
def selftest_hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    with lab(tmp_path_factory.mktemp("lab"), "selftest-hung") as served:
        yield served


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def open_screen(home: Home, selftest_hung: LabProcess) -> Iterator[Open]:
    """Opens the cockpit on the lab and waits until it shows servers that answered."""
    with ExitStack() as stack:

        def opened(
            *options: str,
            columns: int = 120,
            rows: int = 40,
            start: tuple[str, ...] = COCKPIT,
            **environ: str,
        ) -> Terminal:
            command = [*start, "--env-file", str(selftest_hung.env_file), *options]
            term = stack.enter_context(terminal(command, home.environ(**environ), columns, rows))
            term.wait("8/8 up", 15.0)
            return term

        yield opened
    home.nothing_left()
