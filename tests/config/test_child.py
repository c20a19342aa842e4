"""A process of ours: frames both ways, and both ends' ends."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from cockpit.config.child import Child, ChildEndedError, framed, read_frame

ECHO = """
import sys
from cockpit.config.child import framed, read_frame
while (body := read_frame(sys.stdin.buffer)) is not None:
    if body == b"end":
        sys.exit(3)
    sys.stdout.buffer.write(framed(body[::-1]))
    sys.stdout.buffer.flush()
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
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    echo.write(b"nobody is there")
    with pytest.raises(ChildEndedError, match="is not running"):
        await anext(echo.bodies())


async def test_one_that_cannot_be_started_says_so(echo: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ChildEndedError, match="The echo could not be started"):
        await echo.start()
