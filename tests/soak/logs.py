"""``python -m tests.soak.logs --minutes 10 --rate 100 [--seed N]``

A lab in a process of its own whose server logs so many lines a second, ``logs tail -f`` beside it, and
meanwhile three rollovers, a dropped connection, a server that cannot be reached for a while, and a restart of
the service. In the end what came out is held against the lab's own record: every line once and in order.
Exit 1 on any difference. Prints what it cost.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from cockpit.lab.poplogs.record import read
from cockpit.poplog.parse import Parser
from tests.support.processes import COCKPIT, ROOT, LabProcess, lab
from tests.support.waiting import eventually

WRITERS: Final = ("POP3", "POP3BE")
SERVICES: Final = ("MSExchangePop3", "MSExchangePOP3BE")
DROPPED: Final = {"endpoint": "winrm", "troubles": [{"effect": "RESET", "count": 3}]}


@dataclass(frozen=True)
class Event:
    """``at``: share of the whole time."""

    at: float
    what: str
    do: Callable[[LabProcess, str], None]


def _roll(served: LabProcess, server: str) -> None:
    for writer in WRITERS:
        served.act(server, "roll-log", writer=writer)


def _drop(served: LabProcess, server: str) -> None:
    served.knobs(server, wire=DROPPED)


def _refuse(served: LabProcess, server: str) -> None:
    served.knobs(server, wire={"endpoint": "winrm", "refuse": True})


def _accept(served: LabProcess, server: str) -> None:
    served.knobs(server, wire={"endpoint": "winrm", "refuse": False})


def _restart(served: LabProcess, server: str) -> None:
    served.act(server, "restart-service", service=SERVICES[0])


EVENTS: Final = (
    Event(0.15, "rollover", _roll),
    Event(0.3, "connection dropped", _drop),
    Event(0.45, "rollover", _roll),
    Event(0.6, "service restarted", _restart),
    Event(0.7, "server out of reach", _refuse),
    Event(0.75, "server within reach", _accept),
    Event(0.85, "rollover", _roll),
)


@dataclass
class Tail:
    """A ``logs tail -f`` that runs. ``lines``: what it printed; ``memory``: bytes, at each look."""

    process: subprocess.Popen[bytes]
    lines: list[str] = field(default_factory=list)
    size: int = 0
    memory: list[int] = field(default_factory=list)

    def listen(self) -> None:
        """On a thread: take what it prints."""
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            self.size += len(raw)
            self.lines.append(raw.decode().rstrip("\n"))

    def of(self, server: str, writer: str) -> list[str]:
        prefix = f"{server} {writer} "
        return [line.removeprefix(prefix) for line in self.lines if line.startswith(prefix)]

    def look(self) -> None:
        self.memory.append(psutil.Process(self.process.pid).memory_info().rss)

    def seconds(self) -> float:
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system)


@contextmanager
def tailing(served: LabProcess, server: str, log: Path) -> Iterator[Tail]:
    """Both writers' logs of ``server``, from their first line on."""
    command = [*COCKPIT, "--env-file", str(served.env_file), "logs", "tail", "-f", "--both"]
    with (
        open(log, "wb") as stderr,
        subprocess.Popen(
            [*command, "--server", server, "-n", "100000"],
            env=served.home.environ(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=stderr,
        ) as process,
    ):
        tail = Tail(process)
        listener = threading.Thread(target=tail.listen)
        listener.start()
        try:
            yield tail
        finally:
            process.kill()
            listener.join()


def wanted(record: Path, server: str, writer: str) -> list[str]:
    """What the lab wrote, as it is to be shown."""
    parser = Parser()
    rows = (
        parser.line(w.data) for w in read(record) if (w.server, w.writer, w.kind) == (server, writer, "line")
    )
    return [row.line for row in rows if row is not None]


def differences(name: str, came: list[str], written: list[str]) -> list[str]:
    """In words; none where every line came once and in order."""
    if came == written:
        return []
    first = next((n for n, (a, b) in enumerate(zip(came, written, strict=False)) if a != b), len(written))
    lost, made_up = len(set(written) - set(came)), len(set(came) - set(written))
    doubled = len(came) - len(set(came))
    return [
        f"{name}: {len(came)} lines came, {len(written)} were written; {lost} lost, {doubled} doubled, "
        f"{made_up} made up; the first difference is at line {first + 1}"
    ]


def soak(folder: Path, minutes: float, rate: float, seed: int) -> list[str]:
    """Run it; what was wrong, in words."""
    with lab(folder / "lab", "healthy", "--servers", "2", seed=seed) as served:
        server = served.environment.entry_servers[0]
        served.act(server, "set-logging", enabled=True)
        for service in SERVICES:
            served.act(server, "restart-service", service=service)
        served.knobs(server, front_log_rate=rate * 3 / 4, back_log_rate=rate / 4)
        with tailing(served, server, folder / "tail.err") as tail:
            _through(served, server, tail, minutes * 60)
            return _judged(served, server, tail, folder / "tail.err", minutes)


def _through(served: LabProcess, server: str, tail: Tail, seconds: float) -> None:
    began, todo = time.monotonic(), list(EVENTS)
    looks = max(20, int(seconds // 10))
    # The time that passes is what is tested; nothing is waited for by it.
    clock = threading.Event()
    for look in range(1, looks + 1):
        clock.wait(max(0.0, began + seconds * look / looks - time.monotonic()))
        tail.look()
        while todo and todo[0].at <= look / looks:
            event = todo.pop(0)
            print(f"{time.monotonic() - began:6.0f} s  {len(tail.lines):7d} lines  {event.what}", flush=True)
            event.do(served, server)


def _judged(served: LabProcess, server: str, tail: Tail, log: Path, minutes: float) -> list[str]:
    served.knobs(server, front_log_rate=0.0, back_log_rate=0.0)
    for service in SERVICES:
        served.act(server, "stop-service", service=service)
    record = Path(str(served.state()["poplog_record"]))
    written = {writer: wanted(record, server, writer) for writer in WRITERS}
    count = sum(map(len, written.values()))
    problems: list[str] = []
    try:
        eventually(lambda: len(tail.lines) >= count, 60.0, f"{count} lines; {len(tail.lines)} came")
    except AssertionError as error:
        problems.append(str(error))
    cpu = tail.seconds()
    tail.process.send_signal(signal.SIGINT)
    code = tail.process.wait(20)
    if code != 130:
        problems.append(f"it ended with {code}, not 130")
    for writer in WRITERS:
        problems += differences(f"{server} {writer}", tail.of(server, writer), written[writer])
    print(log.read_text(), end="")
    print(
        f"{count} lines in {minutes:g} min; CPU {cpu:.1f} s; {tail.size / minutes / 1e6:.2f} MB/min; memory "
        f"{tail.memory[0] / 1e6:.1f} MB at first, {tail.memory[-1] / 1e6:.1f} MB at last, "
        f"{max(tail.memory) / 1e6:.1f} MB at most"
    )
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.logs", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=100.0, help="lines a second")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        problems = soak(Path(folder), asked.minutes, asked.rate, asked.seed)
    print("\n".join(problems) or "every line once and in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
