"""Waiting for a shell: tried again while it is refused, and not for ever."""

from __future__ import annotations

import pytest

from cockpit.exchange.errors import ThrottledError, UnreachableError
from cockpit.exchange.patience import PATIENCE, RETRY, patiently


class Desk:
    """A clock that moves as one waits, and a job that is refused ``refusals`` times."""

    def __init__(self, refusals: int) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self.refusals = refusals
        self.tries = 0

    def job(self) -> str:
        self.tries += 1
        if self.tries <= self.refusals:
            raise ThrottledError("no shell left")
        return "done"

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_what_is_granted_at_once_waits_for_nothing() -> None:
    desk = Desk(0)
    assert patiently(desk.job, pause=desk.pause, clock=lambda: desk.now) == "done"
    assert desk.pauses == []


def test_what_is_refused_is_tried_again_with_a_pause_drawn_anew() -> None:
    desk = Desk(5)
    told: list[ThrottledError] = []
    assert patiently(desk.job, told=told.append, pause=desk.pause, clock=lambda: desk.now) == "done"
    assert len(told) == len(desk.pauses) == 5
    assert all(RETRY[0] <= pause <= RETRY[1] for pause in desk.pauses)
    assert len(set(desk.pauses)) > 1


def test_not_for_ever() -> None:
    desk = Desk(1000)
    with pytest.raises(ThrottledError):
        patiently(desk.job, pause=desk.pause, clock=lambda: desk.now)
    assert PATIENCE - RETRY[1] <= desk.now <= PATIENCE


def test_any_other_error_is_told_at_once() -> None:
    def unreachable() -> None:
        raise UnreachableError("x")

    with pytest.raises(UnreachableError):
        patiently(unreachable, pause=lambda _: pytest.fail("it waited"))
