"""``screen``: how late the screen's event loop runs while the collector polls 200 servers.

The product's cockpit on a pty of 200x50 (see ``driver``), on a lab of 200 servers. A task in its loop
sleeps 10 ms and notes by how much it came late: with the collector paused (idle), and with every
server polled every five seconds (40 servers a second, a diff four times a second). Rounds alternate in
one process; all samples of a kind are put together. The lab is a third process on the same cores.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.benchmarks.driver import SETTLE, Findings, Job
from tests.benchmarks.figures import Figure, Report, Sizes, at_most, percentile
from tests.benchmarks.processes import Lab
from tests.benchmarks.terminal import Terminal

INTERVAL = 5.0
START_SECONDS = 60.0


def run(sizes: Sizes, say: Callable[[str], None]) -> Report:
    with Lab(sizes.servers) as lab:
        say(f"{sizes.servers} servers, {sizes.screen_rounds} rounds idle and polling")
        found = drive(lab.state, lab.file, lab.environment.name, sizes.screen_rounds, sizes.screen_seconds)
    idle = [late * 1000 for part in found.idle for late in part]
    polling = [late * 1000 for part in found.polling for late in part]
    figures = [
        Figure(f"{kind}_{name}", value, "ms")
        for kind, values in (("idle", idle), ("polling", polling))
        for name, value in (
            ("median", percentile(values, 0.5)),
            ("p95", percentile(values, 0.95)),
            ("p99", percentile(values, 0.99)),
            ("max", max(values)),
        )
    ]
    over = percentile(polling, 0.99) - percentile(idle, 0.99)
    figures.append(Figure("p99_over_idle", over, "ms", at_most(10)))
    seconds = sizes.screen_rounds * sizes.screen_seconds
    figures.append(Figure("diffs_per_second", found.diffs / seconds, "1/s"))
    return Report("screen", tuple(figures), (f"{len(idle)} samples idle, {len(polling)} polling",))


def drive(state: Path, file: Path, environment: str, rounds: int, seconds: float) -> Findings:
    """Run the driver on a pty to its end."""
    report, job = state / "findings.json", state / "job.json"
    job.write_bytes(msgspec.json.encode(Job(str(file), environment, str(report), rounds, seconds, INTERVAL)))
    limit = START_SECONDS + rounds * (2 * seconds + 2 * SETTLE + 5)
    with Terminal([sys.executable, "-m", "tests.benchmarks.driver", str(job)], state) as terminal:
        code = terminal.finish(limit)
        tail = bytes(terminal.output[-300:])
    if code != 0 or not report.exists():
        raise RuntimeError(f"the screen ended with exit code {code}: {tail!r}")
    return msgspec.json.decode(report.read_bytes(), type=Findings)
