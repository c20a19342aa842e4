"""A lane that looks at WinRM endpoints leaves no shells behind."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

import pytest

from cockpit.config.environment import Environment
from cockpit.exchange.errors import SignInError
from cockpit.exchange.refusals import Refusals
from cockpit.fleet import events as e
from cockpit.fleet import readers
from cockpit.fleet.lanes import UNTIDY_AT_MOST, WinRMJob, WinRMLane

Look = Callable[[str], None]


class Looked:
    """A session of one look. ``left``: shells it could not delete; ``stays``: nor can it later."""

    def __init__(self, server: str, left: int, *, stays: bool) -> None:
        self.server, self.left, self.stays = server, left, stays
        self.forgiven = 0

    @property
    def untidy(self) -> bool:
        return self.left > 0

    def forgive(self, _at: float) -> None:
        self.forgiven += 1

    def clean_up(self) -> None:
        assert self.forgiven, "else it would not try"
        self.left = self.left if self.stays else 0


@pytest.fixture
def sessions() -> dict[str, Looked]:
    return {}


@pytest.fixture
def refusals() -> Refusals:
    return Refusals()


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, sessions: dict[str, Looked], refusals: Refusals) -> Look:
    def opened(_environment: object, _secret: object, server: str, _refusals: object) -> Looked:
        sessions[server] = Looked(server, int("left" in server), stays="stays" in server)
        return sessions[server]

    def read(session: Looked, _server: object) -> str:
        if "fails" in session.server:
            raise OSError(session.server)
        return session.server

    monkeypatch.setattr(readers, "winrm_session", opened)
    monkeypatch.setattr(readers, "read_winrm", read)
    posted: list[e.Event] = []
    environment: Any = Environment(name="lab", entry_servers=("http://127.0.0.1:1",))
    lane = WinRMLane("winrm-0", queue.SimpleQueue(), posted.append, environment, None, refusals)

    def perform(server: str) -> None:
        job: Any = server
        lane.perform(WinRMJob(job))

    return perform


def test_what_was_left_is_deleted_before_the_next_look(look: Look, sessions: dict[str, Looked]) -> None:
    with pytest.raises(OSError, match="fails"):
        look("left fails")
    assert sessions["left fails"].left == 1
    look("another")
    assert (sessions["left fails"].left, sessions["left fails"].forgiven) == (0, 1)
    look("a third")
    assert sessions["left fails"].forgiven == 1, "it is over"


def test_not_while_sign_ins_are_held_back(
    look: Look, sessions: dict[str, Looked], refusals: Refusals
) -> None:
    refused = SignInError("refused")
    refused.tried = True
    look("left")
    refusals.note(refused)
    look("another")
    assert sessions["left"].forgiven == 0
    refusals.forget()
    look("a third")
    assert sessions["left"].left == 0


def test_one_a_look_and_the_oldest_are_given_up(look: Look, sessions: dict[str, Looked]) -> None:
    for number in range(UNTIDY_AT_MOST + 3):
        look(f"left stays {number}")
    before = sum(session.forgiven for session in sessions.values())
    look("another")
    assert sum(session.forgiven for session in sessions.values()) == before + 1
