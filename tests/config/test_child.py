"""A process of ours: frames both ways, and both ends' ends."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from pathlib import Path

import psutil
import pytest

from cockpit.config.child import Child, ChildEndedError, framed, read_frame
from tests.support.waiting import eventually

ECHO = """
import sys
from cockpit.config.child import framed, read_frame
while (body := read_frame(sys.stdin.buffer)) is not None:
    if body == b"end":
        sys.exit(3)
    sys.stdout.buffer.write(framed(body[::-1]))
    sys.stdout.buffer.flush()
"""

LINGERER = """
import os, sys
from pathlib import Path
from cockpit.config.child import framed, read_frame
sys.stdout.buffer.write(framed(b"here"))
sys.stdout.buffer.flush()
assert read_frame(sys.stdin.buffer) is None
folder = Path(__file__).parent
(folder / "go-on").read_bytes()
(folder / "done").touch()
"""


def test_frames() -> None:
    stream = io.BytesIO(framed(b"one") + framed(b"") + framed(b"cut")[:-1])
    assert [read_frame(stream) for _ in range(3)] == [b"one", b"", None]


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    (tmp_path / "echoing.py").write_text(ECHO)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    return Child("echoing", "The echo", tmp_path / "logs" / "echo.log", os.environ)


async def test_it_answers_until_it_ends(echo: Child) -> None:
    await echo.start()
    bodies = echo.bodies()
    echo.write(b"abc")
    assert await anext(bodies) == b"cba"
    echo.write(b"end")
    with pytest.raises(ChildEndedError, match=r"The echo ended \(exit code 3\); its log: "):
        await anext(bodies)
    await echo.close()


async def test_closing_ends_it(echo: Child) -> None:
    await echo.start()
    pid = echo.pid
    assert pid is not None
    await echo.close()
    echo.write(b"nobody is there")
    with pytest.raises(ChildEndedError, match="is not running"):
        await anext(echo.bodies())
    await asyncio.to_thread(eventually, lambda: not psutil.pid_exists(pid), 5.0, "an end, and no zombie")


def test_nobody_waits_for_it_and_nothing_kills_it(echo: Child, tmp_path: Path) -> None:
    """Neither closing nor the end of the loop: it takes what it needs to put things in order."""
    (tmp_path / "echoing.py").write_text(LINGERER)
    done, go_on = tmp_path / "done", tmp_path / "go-on"
    os.mkfifo(go_on)

    async def use() -> None:
        await echo.start()
        await anext(echo.bodies())
        await echo.close()

    asyncio.run(use())
    assert not done.exists()
    go_on.write_bytes(b"!")
    eventually(done.exists, 5.0, "what it had to do")


async def test_one_that_is_closed_while_it_is_read_says_how_it_ended(echo: Child) -> None:
    await echo.start()
    reading = asyncio.ensure_future(anext(echo.bodies()))
    await asyncio.sleep(0)
    await echo.close()
    with pytest.raises(ChildEndedError, match=r"ended \(exit code 0\)"):
        await reading


async def test_one_that_cannot_be_started_says_so(echo: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ChildEndedError, match="The echo could not be started"):
        await echo.start()
