"""The first frames to our children hold passwords, and never show them."""

from __future__ import annotations

import msgspec
import pytest

from cockpit.config.environment import Environment
from cockpit.fleet import process
from cockpit.poplog import messages
from cockpit.recovery.worker import Task

CANARY = "canary-8f3a"
ORG = Environment(entry_servers=("EX01",), name="corp")
FRAMES: tuple[msgspec.Struct, ...] = (
    process.Hello(ORG, CANARY),
    messages.Hello(ORG, CANARY, messages.Ask(("EX01",))),
    Task("4f2a", ORG, CANARY, f"postgresql://ann:{CANARY}@host/db", "", "", "", "ann", "", ""),
)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__module__)
def test_a_frame_does_not_show_its_passwords(frame: msgspec.Struct) -> None:
    """An error's text, a log or a report may come to hold it."""
    assert CANARY in str(msgspec.to_builtins(frame))
    for shown in (repr(frame), str(frame), f"{[frame]}"):
        assert "corp" in shown
        assert CANARY not in shown
