"""How many shells a cockpit takes: rules one by one, and many cockpits that live by them on one quota."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.exchange.patience import PATIENCE
from cockpit.exchange.patience import RETRY as ONE_SHOT_RETRY
from cockpit.fleet import share as s
from cockpit.fleet.share import Share

NEW = Share(6)
ROLLS = st.floats(-1.0, 1.0)


def test_a_new_one_may_open_at_once_and_side_by_side() -> None:
    assert NEW.may_open(0, 0, 0.0)
    assert NEW.may_open(1, 2, 0.0)


def test_never_more_than_its_limit() -> None:
    assert not NEW.may_open(6, 0, 0.0)
    assert not NEW.may_open(4, 2, 0.0)


def test_one_that_has_none_asks_every_few_seconds() -> None:
    share = NEW
    for now in (0.0, 10.0, 20.0, 30.0, 40.0):
        share = share.refused(0, now, 0.0)
        assert not share.may_open(0, 0, now + s.RETRY - 0.1)
        assert share.may_open(0, 0, now + s.RETRY)


def test_one_that_has_some_asks_less_often_with_every_refusal() -> None:
    share, waits = NEW, []
    for _ in range(6):
        share = share.refused(2, 0.0, 0.0)
        waits.append(share.more_at)
    assert waits == [15.0, 30.0, 60.0, 120.0, 120.0, 120.0]
    assert share.granted(0.0, 0.0).refused(2, 0.0, 0.0).more_at == 15.0
    assert share.may_open(0, 0, 1.0), "one that has lost them all may have one at once"


def test_once_refused_one_at_a_time() -> None:
    share = NEW.refused(1, 0.0, 0.0)
    assert not share.may_open(1, 1, 100.0)
    assert share.may_open(1, 0, 100.0)
    assert share.may_open(1, 1, s.CROWDED + 1)


def test_room_is_asked_for_once_a_minute_and_sooner_where_others_want_some() -> None:
    alone = NEW.granted(0.0, 0.0)
    assert not alone.must_ask(1, 59.9)
    assert alone.must_ask(1, 60.0)
    assert not alone.must_ask(0, 60.0)
    among = alone.refused(1, 1.0, 0.0)
    assert among.must_ask(1, 21.0)
    assert among.asked(21.0, 0.0, room=True).ask_at == 41.0
    assert alone.asked(60.0, 0.0, room=True).ask_at == 120.0


def test_the_last_one_is_given_back_for_a_breath_only() -> None:
    share = NEW.granted(0.0, 0.0).asked(60.0, 0.0, room=False)
    assert share.gave_back(0, 60.0, 0.0).opens_at(0) == 60.0 + s.BREATH
    assert share.gave_back(2, 60.0, 0.0).opens_at(2) == 60.0 + s.PAUSE
    waiting = share.refused(2, 60.0, 0.0)
    assert waiting.gave_back(0, 70.0, 0.0).opens_at(0) == 70.0 + s.BREATH, "whatever it waited for before"


def test_a_breath_is_longer_than_two_tries_of_one_that_has_none() -> None:
    shortest = s.BREATH * (1 - s.SPREAD)
    assert shortest > ONE_SHOT_RETRY[1]
    assert shortest > s.RETRY * (1 + s.SPREAD)
    assert s.ASK * (1 + s.SPREAD) + ONE_SHOT_RETRY[1] < PATIENCE


# --- many of them ------------------------------------------------------------------------------------

STEP = 0.1


@dataclass
class Server:
    """Counts shells; ``dead``: those of a client that died, and the second they end at."""

    quota: int
    dead: int = 0
    dead_until: float = 0.0
    held: int = 0

    def grant(self, now: float) -> bool:
        dead = self.dead if now < self.dead_until else 0
        if self.held + dead >= self.quota:
            return False
        self.held += 1
        return True


@dataclass
class Cockpit:
    """One that always has work for ``wanted`` shells, each held as the rules have it."""

    wanted: int
    random: random.Random
    share: Share = NEW
    held: int = 0
    without: list[float] = field(default_factory=list)
    lost_at: float = 0.0

    def step(self, server: Server, now: float) -> None:
        if self.share.must_ask(self.held, now):
            room = server.grant(now)
            self.share = self.share.asked(now, self._roll(), room=room)
            server.held -= 1  # the new one took an old one's place, or an old one is given back
            if not room:
                self._lose(now)
                self.share = self.share.gave_back(self.held, now, self._roll())
        if self.held < self.wanted and self.share.may_open(self.held, 0, now):
            if server.grant(now):
                if not self.held:
                    self.without.append(now - self.lost_at)
                self.held += 1
                self.share = self.share.granted(now, self._roll())
            else:
                self.share = self.share.refused(self.held, now, self._roll())

    def _lose(self, now: float) -> None:
        self.held -= 1
        if not self.held:
            self.lost_at = now

    def _roll(self) -> float:
        return self.random.uniform(-1.0, 1.0)


@dataclass
class OneShot:
    """A command that wants one shell for ``seconds``, beginning at ``at``."""

    at: float
    random: random.Random
    seconds: float = 3.0
    try_at: float = 0.0
    got: float | None = None
    done: bool = False

    def step(self, server: Server, now: float) -> None:
        if self.got is None and now >= max(self.at, self.try_at):
            if server.grant(now):
                self.got = now
            else:
                self.try_at = now + self.random.uniform(*ONE_SHOT_RETRY)
        elif self.got is not None and not self.done and now >= self.got + self.seconds:
            server.held -= 1
            self.done = True


def live(
    cockpits: list[Cockpit], shots: list[OneShot], server: Server, seconds: float, late: float = 0.0
) -> None:
    """``late``: the last cockpit begins then."""
    for number in range(int(seconds / STEP)):
        now = number * STEP
        for one in cockpits[: -1 if now < late else None]:
            one.step(server, now)
        for shot in shots:
            shot.step(server, now)
        assert server.held <= server.quota


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(2, 8), dead=st.sampled_from([0, 5, 10]))
def test_nobody_starves_and_a_command_gets_its_shell(seed: int, count: int, dead: int) -> None:
    """Eight cockpits that want 40 shells of 18, ten of which a dead client holds for its 15 minutes."""
    dice = random.Random(seed)
    server = Server(18, dead, 900.0)
    cockpits = [Cockpit(5, random.Random(dice.random())) for _ in range(count)]
    shots = [OneShot(60.0 * n + dice.uniform(0, 60), random.Random(dice.random())) for n in range(8)]
    live(cockpits, shots, server, 600.0)
    assert all(one.without for one in cockpits), "somebody never had a shell"
    longest = max(time for one in cockpits for time in one.without)
    assert longest < PATIENCE, f"somebody had none for {longest:.0f} s"
    assert all(one.held or 600.0 - one.lost_at < PATIENCE for one in cockpits)
    waits = [shot.got - shot.at for shot in shots if shot.got is not None]
    assert len(waits) == len(shots), "a command got no shell"
    assert max(waits) < PATIENCE


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_late_comer_gets_in_where_contented_cockpits_hold_all(seed: int) -> None:
    """Those who are content with what they have ask for nothing more; still they find out that they crowd."""
    dice = random.Random(seed)
    server = Server(18)
    old = [Cockpit(6, random.Random(dice.random())) for _ in range(3)]
    new = Cockpit(1, random.Random(dice.random()), lost_at=200.0)
    live([*old, new], [], server, 400.0, late=200.0)
    assert new.without
    assert new.without[0] < s.ASK * (1 + s.SPREAD) + s.RETRY * (1 + s.SPREAD)


def test_without_the_question_for_room_the_late_comer_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above is worth."""
    monkeypatch.setattr(Share, "must_ask", lambda *_: False)
    server = Server(18)
    old = [Cockpit(6, random.Random(n)) for n in range(3)]
    new = Cockpit(1, random.Random(9), lost_at=200.0)
    live([*old, new], [], server, 400.0, late=200.0)
    assert new.without == []


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_alone_it_is_never_without(seed: int) -> None:
    server = Server(18)
    alone = Cockpit(5, random.Random(seed), share=replace(NEW, limit=5))
    live([alone], [], server, 600.0)
    assert len(alone.without) == 1
    assert alone.held == 5
