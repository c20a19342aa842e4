"""``memory_bytes``: what the running cockpit holds and writes when nobody touches it.

The whole command on a pty of 200x50, on the mixed lab of 24 servers, polled every 10 s as the lab's
environment says. After a while of settling, one minute: bytes written to the terminal, CPU of the screen's
process; at its end the resident memory of the screen and of the collector, each with what it shares
counted in (RSS) and without (USS). The mixed lab changes by itself: some of the bytes are news.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import psutil

from tests.benchmarks.figures import Figure, Report, Sizes
from tests.benchmarks.processes import Lab, cpu_seconds
from tests.benchmarks.terminal import Terminal

START_SECONDS = 30.0
MEGABYTE = 1e6


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    with Lab(sizes.mixed_servers, scenario="mixed") as lab:
        name = lab.environment.name
        command = [sys.executable, "-m", "cockpit", "--env-file", str(lab.file)]
        with Terminal(command, lab.state) as terminal:
            terminal.until([name.encode()], START_SECONDS)
            say(f"settling {sizes.settle_seconds:.0f} s, then {sizes.minute_seconds:.0f} s of watching")
            terminal.watch(sizes.settle_seconds)
            start_bytes = terminal.written
            screen = psutil.Process(terminal.process.pid)
            collector = _collector(screen)
            cpu = cpu_seconds(screen.pid), cpu_seconds(collector.pid)
            written = terminal.watch(sizes.minute_seconds)
            spent = cpu_seconds(screen.pid) - cpu[0], cpu_seconds(collector.pid) - cpu[1]
            memory = [(p.memory_info().rss, p.memory_full_info().uss) for p in (screen, collector)]
    minute = 60.0 / sizes.minute_seconds
    figures = (
        Figure("screen_rss", memory[0][0] / MEGABYTE, "MB"),
        Figure("screen_uss", memory[0][1] / MEGABYTE, "MB"),
        Figure("collector_rss", memory[1][0] / MEGABYTE, "MB"),
        Figure("collector_uss", memory[1][1] / MEGABYTE, "MB"),
        Figure("bytes_per_idle_minute", written * minute, "B"),
        Figure("bytes_to_settle", float(start_bytes), "B"),
        Figure("screen_cpu", 100 * spent[0] / sizes.minute_seconds, "% of a core"),
        Figure("collector_cpu", 100 * spent[1] / sizes.minute_seconds, "% of a core"),
    )
    return Report("memory_bytes", figures, (f"lab of {sizes.mixed_servers} servers, scenario mixed",))


def _collector(screen: psutil.Process) -> psutil.Process:
    for child in screen.children(recursive=True):
        if "cockpit.fleet.process" in child.cmdline():
            return child
    raise RuntimeError("the screen has no collector")
