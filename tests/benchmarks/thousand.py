"""``thousand``: the Fleet screen on 1,000 servers, from the news to the bytes on the terminal.

The product's app on a pty of 200x50 (see ``thousand_driver``), its feed played by us: no collector, no lab.
The clock runs from the moment the driver is told, or a key is written, until a word that only the painted
change can show has arrived at the other end of the pty; the driver's own work for the news is in it.

- ``open``: the first picture, all servers at once, until the tree's first servers are written.
- ``change``: one server's state turns, on a screen that was last drawn a while ago.
- ``change_polled``: the same while all servers are read again every 30 s (four diffs a second).
- ``open_all``, ``close_all``, ``filter``, ``group``, ``move``: a key until what it does is on the terminal.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.figures import Figure, Report, Sizes, at_most, median, percentile
from tests.benchmarks.processes import state_folder
from tests.benchmarks.terminal import Terminal

START_SECONDS = 30.0
PAINT_SECONDS = 10.0
REST = 0.7
"""Seconds between two measurements: longer than the screen saves up what is only polled."""
SEEN = range(2, 32)
"""Servers of the first DAG: they are on the screen."""


class Played(Terminal):
    """The driver, what it is told and what is typed into it."""

    def __init__(self, servers: int, state: Path) -> None:
        self._path = state / "thousand.sock"
        module = "tests.benchmarks.thousand_driver"
        super().__init__([sys.executable, "-m", module, str(self._path), str(servers)], state)

    def __enter__(self) -> Played:
        super().__enter__()
        return self

    def dialled(self) -> socket.socket:
        """The connection of the driver, once its screen stands."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen()
        listener.settimeout(0.05)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.read(0.05)
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(PAINT_SECONDS)
            if connection.recv(64) == b"ready\n":
                listener.close()
                return connection
        raise RuntimeError("the driver did not dial in time")

    def rest(self) -> None:
        self.watch(REST)

    def took(self, act: Callable[[], object], *words: bytes) -> float:
        """Seconds from ``act`` until all ``words`` were written after it."""
        self.output.clear()
        begin = time.monotonic()
        act()
        self.until(words, PAINT_SECONDS + begin - self.started)
        return time.monotonic() - begin

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    rounds = sizes.thousand_rounds
    with state_folder() as state, Played(sizes.thousand, state) as terminal:
        talk = terminal.dialled()

        def tell(line: str) -> Callable[[], None]:
            return lambda: talk.sendall(f"{line}\n".encode())

        terminal.watch(2.0)
        say(f"{sizes.thousand} servers")
        opened = terminal.took(tell("open"), b"EX0000", b"EX0030")
        terminal.rest()
        changes = _changes(terminal, tell, rounds)
        say("keys")
        keys = _keys(terminal, rounds)
        say("while all servers are polled")
        tell("poll on")()
        terminal.watch(3.0)
        polled = _changes(terminal, tell, rounds)
        moves = [_move(terminal, n) for n in range(rounds)]
        talk.close()
    figures = [Figure("open", opened * 1000, "ms", at_most(1000))]
    figures += _spread("change", changes, 100) + _spread("change_polled", polled, 100)
    figures += [Figure(name, median(took) * 1000, "ms") for name, took in keys.items()]
    figures += _spread("move_polled", moves, None)
    return Report("thousand", tuple(figures), (f"{len(changes)} changes, {len(polled)} while polled",))


def _spread(name: str, seconds: list[float], bound: float | None) -> list[Figure]:
    p95 = percentile(seconds, 0.95) * 1000
    return [
        Figure(f"{name}_median", median(seconds) * 1000, "ms"),
        Figure(f"{name}_p95", p95, "ms", at_most(bound) if bound is not None else None),
    ]


def _changes(terminal: Played, tell: Callable[[str], Callable[[], None]], rounds: int) -> list[float]:
    found = []
    for n in range(rounds):
        name = f"EX{SEEN[n % len(SEEN)]:04}"
        found.append(terminal.took(tell(f"turn {name}"), b"Unhealthy", name.encode()))
        terminal.rest()
        tell(f"turn {name}")()
        terminal.rest()
    return found


def _keys(terminal: Played, rounds: int) -> dict[str, list[float]]:
    """By what is done, how long each time took."""
    steps = (
        ("open_all", "E", b"PopCTPMonitor"),
        ("close_all", "C", b"EX0030"),
        ("faults", "f", b"faults only"),
        ("group", "b", b"(site)"),
    )
    found: dict[str, list[float]] = {name: [] for name in (*(s[0] for s in steps), "filter", "move")}
    for n in range(rounds):
        for name, key, word in steps:
            found[name].append(terminal.took(lambda key=key: terminal.type(key), word))  # type: ignore[misc]
            terminal.rest()
        terminal.type("f")
        terminal.rest()
        terminal.type("Bd")
        terminal.rest()
        terminal.type("/server:ex001*")
        terminal.rest()
        found["filter"].append(terminal.took(lambda: terminal.type(" pop"), b"server:ex001* pop"))
        terminal.rest()
        terminal.type("\x1b")
        terminal.rest()
        found["move"].append(_move(terminal, n))
    return found


def _move(terminal: Played, number: int) -> float:
    """The cursor onto the next server: its name stands in the line of crumbs."""
    terminal.rest()
    terminal.type("g")
    terminal.rest()
    terminal.type("j" * (number % 20 + 1))
    terminal.rest()
    return terminal.took(lambda: terminal.type("j"), f"EX{number % 20:04}".encode())
