"""The screens of a recovery on a real terminal: sizes, ends, hostile strings, and what they cost at rest."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cockpit.lab.hostile import MARK
from tests.support.at_length import at_length
from tests.support.processes import COCKPIT, Home, LabProcess, lab
from tests.support.recovering import (
    FIRST,
    MONITOR,
    NEXT,
    PROMPTS,
    SCENARIO,
    SENT,
    SERVER,
    SPEED,
    Rows,
    attach_by_keys,
    go_by_keys,
    ready_to_go,
    rows_of,
    sent,
    start_by_keys,
)
from tests.support.terminal import Terminal, terminal
from tests.support.waiting import eventually
from tests.terminal.test_ends import restored
from tests.terminal.test_hostile import _has_no_payload as has_no_payload

AT_REST_SECONDS, AT_REST_BYTES = 10.0, 4096
WIDE, USUAL, LOW = (200, 60), (80, 24), (40, 12)
ASKED = f"Asks: {SERVER}: {PROMPTS[FIRST]}"


@dataclass(frozen=True)
class Place:
    """A lab of its own, its journal, and folders for the cockpit on it."""

    served: LabProcess
    home: Home
    rows: Rows
    env_file: Path

    @contextmanager
    def open(self, columns: int = 120, rows: int = 40) -> Iterator[Terminal]:
        command = [*COCKPIT, "--env-file", str(self.env_file)]
        with terminal(command, self.home.environ(), columns, rows) as term:
            yield term

    @contextmanager
    def at_the_question(self, columns: int = 120, rows: int = 40) -> Iterator[Terminal]:
        """The Run screen of the run that waits; left by keys, and nothing has crashed."""
        with self.open(columns, rows) as term:
            attach_by_keys(term)
            term.wait(ASKED)
            yield term
            _quit(term)
        assert not list((self.home.state / "crashes").glob("*"))


@contextmanager
def _place(folder: Path) -> Iterator[Place]:
    home = Home(folder / "home")
    with ExitStack() as stack:
        served = stack.enter_context(lab(folder / "lab", SCENARIO, *SPEED))
        rows = stack.enter_context(rows_of(served, folder))
        stack.callback(_end, home)
        stack.callback(_end, served.home)
        yield Place(served, home, rows, ready_to_go(served))


def _end(home: Home) -> None:
    """The workers, which nothing else ends."""
    for process in home.processes("cockpit.recovery.worker"):
        with suppress(psutil.Error):
            process.kill()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with _place(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A run at its first question, only to be looked at."""
    with _place(tmp_path_factory.mktemp("waiting")) as made:
        answer = made.served.run("recover", MONITOR, "--server", SERVER)
        assert answer.code == 1, answer.err
        made.rows.asks(FIRST)
        yield made


@dataclass(frozen=True)
class Resting:
    """A Run screen at a question that nobody touches, since ``began`` (monotonic) at ``before`` bytes."""

    term: Terminal
    began: float
    before: int

    def measured(self) -> tuple[float, int]:
        """Seconds, at least ten, and the bytes written in them."""
        eventually(lambda: time.monotonic() - self.began >= AT_REST_SECONDS, 2 * AT_REST_SECONDS, "its time")
        return time.monotonic() - self.began, len(self.term.raw) - self.before


@pytest.fixture(scope="module")
def resting(waiting: Place) -> Iterator[Resting]:
    """Its ten seconds pass while other tests go on, another cockpit on the same run among them."""
    with waiting.at_the_question() as term:
        term.settle(1.0, 5.0)
        yield Resting(term, time.monotonic(), len(term.raw))


# --- sizes -------------------------------------------------------------------------------------------


def _drawn(term: Terminal, name: str, size: tuple[int, int]) -> None:
    """The head names the run, and at a usual size the question is there with the key that answers it."""
    columns, rows = size
    term.resize(columns, rows)
    term.settle(0.3, 5.0)  # what was there before, cut to the new size, is no drawing of it

    def is_drawn(text: str) -> bool:
        lines = text.split("\n")
        whole = "Asks:" in text and "decides" in text and "1 Plan" in text
        return f"run {name[:8]}" in lines[0] and (whole or size == LOW)

    text = term.wait(is_drawn)
    assert max(map(len, text.split("\n"))) <= columns
    assert len(text.split("\n")) == rows


@pytest.mark.matrix
@pytest.mark.usefixtures("resting")
def test_resize_storm(waiting: Place) -> None:
    """Dragging the corner of the window, over the screen and over its dialog."""
    name = waiting.rows.run().id
    with waiting.at_the_question() as term:
        for step in range(60):
            size = (USUAL, WIDE, LOW)[step % 3] if step % 2 else (40 + step * 2, 12 + step % 48)
            term.resize(*size)
            term.press("tab" if step % 4 else "down")
        for size in (USUAL, WIDE, LOW, USUAL):
            _drawn(term, name, size)
        term.press("d")
        term.wait(f"Decide on {SERVER}")
        for step in range(30):
            term.resize(*(LOW, WIDE, USUAL)[step % 3])
            term.press("tab")
        term.resize(*USUAL)
        term.settle(0.5, 5.0)
        term.wait(f"Decide on {SERVER}")
        term.press("\x1b")
        term.wait(lambda text: f"Decide on {SERVER}" not in text)
        _drawn(term, name, USUAL)
    assert waiting.rows.asks(FIRST, 1.0).answer is None, "tab chooses nothing"
    assert sent(waiting.served) == []


# --- ends ------------------------------------------------------------------------------------------


def _terminated(term: Terminal, name: str) -> None:
    """The terminal is as it was, and below the command line stands what goes on."""
    term.signal(signal.SIGTERM)
    assert term.exit_code() == 143
    restored(term)
    tail = term.said().rpartition(b"\x1b[?1049l")[2].decode()
    assert re.search(rf"Run {name[:8]} on {SERVER} has not ended \(waiting\)", tail), tail


def _killed(term: Terminal, _: str) -> None:
    term.signal(signal.SIGKILL)
    term.process.wait(5)


@pytest.mark.parametrize("ended", [_killed, at_length(_terminated)])
def test_the_worker_outlives_its_screen(place: Place, ended: Callable[[Terminal, str], None]) -> None:
    """However the screen that started it ends; nor does a hang-up of the worker's own session end it."""
    with place.open() as term:
        start_by_keys(term)
        worker = place.rows.worker()
        assert os.getsid(worker.pid) == os.getpgid(worker.pid) == worker.pid
        assert worker.terminal() is None
        ended(term, place.rows.run().id)
        eventually(lambda: place.home.processes() == [worker], 8.0, "only the worker left")
    os.killpg(worker.pid, signal.SIGHUP)
    answer = place.served.run("runs", "answer", place.rows.run().id, "go")
    assert answer.code == 0, answer.err
    place.rows.asks(NEXT)
    assert place.rows.worker() == worker
    assert sent(place.served) == [SENT[FIRST]]


# --- hostile strings -------------------------------------------------------------------------------


def test_hostile_answers(place: Place) -> None:
    """Plan, Run, its dialog and Obligations, with payloads in every answer but in names."""
    place.served.knobs(hostile="append")
    with place.open(*WIDE) as term:
        term.wait("8/8 up", 15.0)
        term.press("2", "f")
        term.wait(f"Verdict · {MONITOR}")
        term.press("r")
        term.wait("Recover?")
        term.press("p")
        term.wait("every guard was only read", 20.0)
        assert MARK in _down(term, 9)
        term.press("q")
        term.wait(lambda text: "every guard was only read" not in text)
        term.press("r")
        term.wait("Recover?")
        term.press("y")
        term.wait(lambda text: "Asks:" in text and MARK in text, 20.0)
        _down(term, 3)
        term.press("d")
        term.wait(lambda text: "Not now" in text and MARK in text)
        term.press("\x1b")
        term.wait(lambda text: "Not now" not in text)
        _obligations(term)
        _quit(term)
        raw = term.said()
    has_no_payload(raw)


@pytest.mark.matrix
def test_hostile_names_too(place: Place) -> None:
    """In the middle of a run every string turns hostile, those that rows are found by as well."""
    with place.open(*WIDE) as term:
        start_by_keys(term)
        place.served.knobs(hostile="all")
        go_by_keys(term)
        term.wait(lambda text: "Asks:" in text and "no server of that name" in text, 20.0)
        _down(term, 3)
        term.press("d")
        text = term.wait("Not now")
        assert "Send the command" not in text
        term.press("\x1b")
        term.wait(lambda text: "Not now" not in text)
        _obligations(term)
        term.press("q")
        assert MARK in term.wait(lambda text: "2 Monitors" in text and MARK in text, 20.0)
        term.press("r")
        term.settle()
        _quit(term)
        raw = term.said()
    assert sent(place.served) == []
    has_no_payload(raw)


def _obligations(term: Terminal) -> None:
    """From the Run screen and back, with a sweep in between."""
    term.press("o")
    term.wait("s sweeps now")
    term.press("s")
    term.wait(lambda text: "Swept:" in text or "Refused:" in text, 20.0)
    _down(term, 3)
    term.press("q")
    term.wait("Asks:")


def _down(term: Terminal, rows: int) -> str:
    """All that shows on the way down."""
    seen = term.text
    for _ in range(rows):
        term.press("down")
        seen += term.settle(0.1, 1.0)
    return seen


def _quit(term: Terminal) -> None:
    """Back, from whatever is open, and out."""
    for _ in range(4):
        term.press("q")
    assert term.exit_code() == 0


# --- bytes -----------------------------------------------------------------------------------------


@pytest.mark.matrix
def test_at_rest(resting: Resting) -> None:
    """At a question nothing is going on, and that is what goes over the wire."""
    seconds, written = resting.measured()
    print(f"{written} bytes in {seconds:.0f} s at a question")
    assert written < AT_REST_BYTES
    assert ASKED in resting.term.text
