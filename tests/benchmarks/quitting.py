"""``quitting``: from the key to the end of the process, with servers that answer and with every one hung.

A lab of 20 servers that are polled every 5 s. Hung: the lab's process is stopped, so that connections stay
open and nothing comes; the key is pressed when every lane of the collector has asked and waits.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from cockpit.config import environment as config
from tests.benchmarks.figures import Figure, Report, Sizes, at_most, median
from tests.benchmarks.processes import Lab
from tests.benchmarks.terminal import Terminal

SERVERS: Final = 20
INTERVAL: Final = 5.0
ROUNDS: Final = 3
START_SECONDS: Final = 60.0
END_SECONDS: Final = 30.0


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    with Lab(SERVERS) as lab:
        say("servers that answer")
        sound = [_quit(lab, hung=False) for _ in range(ROUNDS)]
        say("every server hung")
        hung = [_quit(lab, hung=True) for _ in range(ROUNDS)]
    figures = (
        Figure("answering", median(sound), "s"),
        Figure("hung", median(hung), "s"),
        Figure("hung_slowest", max(hung), "s", at_most(1.0)),
    )
    return Report("quitting", figures, (f"lab of {SERVERS} servers, {ROUNDS} rounds each",))


def _quit(lab: Lab, *, hung: bool) -> float:
    polling = msgspec.structs.replace(lab.environment.polling, interval=INTERVAL)
    file = lab.state / "polled.toml"
    config.save(file, msgspec.structs.replace(lab.environment, polling=polling))
    with Terminal([sys.executable, "-m", "cockpit", "--env-file", str(file)], lab.state) as terminal:
        terminal.until([f"{SERVERS}/{SERVERS} up".encode()], START_SECONDS)
        terminal.watch(INTERVAL)
        with _stopped(lab.pid if hung else None):
            terminal.watch(2 * INTERVAL if hung else 0.0)
            terminal.press(b"q")
            pressed = time.monotonic()
            terminal.finish(END_SECONDS)
            return time.monotonic() - pressed


@contextmanager
def _stopped(pid: int | None) -> Iterator[None]:
    if pid is None:
        yield
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
