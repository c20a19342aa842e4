"""The load knob and the log actions over the control endpoint, in real time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cockpit.lab import control_client as client
from cockpit.lab.poplogs.record import Written, read
from cockpit.lab.serve import LabOptions, running

SERVER = "EX19-01"
LOAD = re.compile(r",192\.168\.(?:[5-8]\d|90)\.")
"""The clients of a load; ordinary ones have lower addresses."""


async def until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    """``done`` becomes true; looked at between the lab's batches, which have no event for it."""
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.02)


def _restart(at: tuple[str, str], service: str, server: str = SERVER) -> None:
    client.act(*at, server, "restart-service", service=service)


async def test_a_rate_in_real_time_and_back_to_none(tmp_path: Path) -> None:
    async with running(LabOptions(tmp_path, servers=2)) as (lab, found):
        at = (found.control_url, found.control_token)
        (other,) = (s.name for s in found.servers if s.name != SERVER)

        def lines(writer: str, server: str = SERVER) -> list[Written]:
            return [
                w
                for w in read(Path(found.record))
                if (w.server, w.writer, w.kind) == (server, writer, "line")
            ]

        def loaded() -> int:
            return sum(bool(LOAD.search(w.line)) for w in lines("POP3"))

        for server in (SERVER, other):
            await asyncio.to_thread(partial(client.set_knobs, *at, server, front_log_rate=400.0))
        await asyncio.to_thread(client.act, *at, other, "set-logging", enabled=True)
        await asyncio.to_thread(_restart, at, "MSExchangePop3", other)
        await until(lambda: len(lines("POP3", other)) > 100)
        assert lines("POP3") == []  # nobody writes that log
        await asyncio.to_thread(client.act, *at, SERVER, "set-logging", enabled=True)
        for service in ("MSExchangePop3", "MSExchangePOP3BE"):
            await asyncio.to_thread(_restart, at, service)
        await until(lambda: loaded() > 100)
        await asyncio.to_thread(lambda: client.set_knobs(*at, SERVER, front_log_rate=0, back_log_rate=300))
        stopped = loaded()
        await until(lambda: len(lines("POP3BE")) > 100)
        await asyncio.to_thread(lambda: client.act(*at, SERVER, "roll-log", writer="POP3BE"))
        await until(lambda: len({w.file for w in lines("POP3BE")}) == 2)
        assert loaded() == stopped
        disk = Path(next(s.disk for s in found.servers if s.name == SERVER))
        assert disk == lab.options.state_dir / "disks" / SERVER
        names = {w.file for w in lines("POP3BE")}
        assert names == {p.name for p in disk.rglob("POP3BE*.LOG")}
        state = await asyncio.to_thread(client.state, *at)
        assert state["servers"][SERVER]["protocol_log_written"] == {
            "MSExchangePop3": True,
            "MSExchangePOP3BE": True,
        }
    assert not disk.exists()
    assert list(read(Path(found.record)))


async def test_a_rate_is_kept(tmp_path: Path) -> None:
    """By the record's times: never faster than asked for, even where the lab was held up between."""
    async with running(LabOptions(tmp_path, servers=1)) as (_, found):
        at = (found.control_url, found.control_token)
        await asyncio.to_thread(client.act, *at, SERVER, "set-logging", enabled=True)
        await asyncio.to_thread(_restart, at, "MSExchangePop3")
        await asyncio.to_thread(lambda: client.set_knobs(*at, SERVER, front_log_rate=500.0))

        def times() -> list[float]:
            return [w.at for w in read(Path(found.record)) if w.kind == "line" and LOAD.search(w.line)]

        await until(lambda: len(times()) > 600)
        seen = times()
        assert len(seen) / (seen[-1] - seen[0] + 0.1) < 700
