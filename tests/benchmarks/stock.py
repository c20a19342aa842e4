"""A client of stock pypsrp, as its documentation says to use it; a process of its own.

Reads one job as JSON on stdin, prints one JSON object. Pipelines are closed (``with PowerShell``); a
pool is used by one thread at a time, because pypsrp's are not safe otherwise. Two ways:

- ``kept``: a pool per server, opened before the clock starts, and every cmdlet invoked on it;
- ``once``: open, invoke, close, for each server; opening and closing are measured, as they are work.

CPU is this process's own, from ``getrusage``, between two points: imports and start are not in it.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from tests.benchmarks.processes import cpu_seconds


class Job(msgspec.Struct, frozen=True):
    """``servers``: name and URL. ``calls``: per server the parameters of each Get-ServerHealth.
    ``lab``: process id of the lab, whose CPU is noted beside ours."""

    way: Literal["kept", "once"]
    threads: int
    user: str
    password: str
    ca_file: str
    servers: tuple[tuple[str, str], ...]
    calls: tuple[tuple[dict[str, str], ...], ...]
    lab: int


class Spent(msgspec.Struct, frozen=True):
    """What one round took, in seconds, and the objects it brought."""

    cpu: float
    wall: float
    lab_cpu: float
    rows: int


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def pool_of(job: Job, url: str) -> RunspacePool:
    parts = urlsplit(url)
    wsman = WSMan(
        parts.hostname or "",
        port=parts.port or 443,
        ssl=True,
        path=parts.path.lstrip("/"),
        auth="basic",
        username=job.user,
        password=job.password,
        cert_validation=job.ca_file,  # type: ignore[arg-type,unused-ignore]
    )
    return RunspacePool(wsman, configuration_name="Microsoft.Exchange")


def ask(pool: RunspacePool, calls: tuple[dict[str, str], ...]) -> int:
    """Run the calls; the number of objects that came."""
    rows = 0
    for parameters in calls:
        with PowerShell(pool) as shell:
            shell.add_cmdlet("Get-ServerHealth")
            for name, value in parameters.items():
                shell.add_parameter(name, value)
            found: list[Any] = shell.invoke()
            if shell.had_errors or shell.streams.error:
                raise RuntimeError(f"stock pypsrp got an error: {shell.streams.error}")
            rows += len(found)
    return rows


def kept(job: Job) -> Spent:
    """A round on pools that stay open; all are open before the clock starts."""
    with ThreadPoolExecutor(job.threads) as threads:
        pools = [pool_of(job, url) for _, url in job.servers]
        list(threads.map(RunspacePool.open, pools))
        spent = _timed(job, lambda: sum(threads.map(ask, pools, job.calls)))
        list(threads.map(RunspacePool.close, pools))
    return spent


def once(job: Job) -> Spent:
    """A round in which each server gets a new pool."""

    def whole(server: tuple[str, str], calls: tuple[dict[str, str], ...]) -> int:
        with pool_of(job, server[1]) as pool:
            return ask(pool, calls)

    with ThreadPoolExecutor(job.threads) as threads:
        return _timed(job, lambda: sum(threads.map(whole, job.servers, job.calls)))


def _timed(job: Job, work: Callable[[], int]) -> Spent:
    used, lab, started = cpu(), cpu_seconds(job.lab), time.monotonic()
    rows = work()
    return Spent(cpu() - used, time.monotonic() - started, cpu_seconds(job.lab) - lab, rows)


def _die_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    # One call first: lazily imported modules and the first TLS context are nobody's polling.
    with pool_of(job, job.servers[0][1]) as pool:
        ask(pool, job.calls[0][:1])
    spent = (kept if job.way == "kept" else once)(job)
    sys.stdout.buffer.write(msgspec.json.encode(spent))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
