"""A wire that drops, resets, delays and garbles: polling heals by itself and leaves no shells behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.conftest import OpenLab
from tests.support.processes import LabProcess
from tests.support.waiting import eventually
from tests.support.watching import Pictures, all_fresh, following

INTERVAL = 1.0


def _now() -> datetime:
    return datetime.now(UTC)


TROUBLES: dict[str, list[dict[str, Any]]] = {
    "dropped": [{"effect": "DROP", "count": 6}],
    "reset": [{"effect": "RESET", "count": 6}],
    "lost answers": [{"effect": "DROP", "count": 4, "after": True}],
    "lost shells": [
        {"effect": "DROP", "action": "Create", "count": 1, "after": True},
        {"effect": "RESET", "action": "Receive", "count": 3},
    ],
    "busy": [{"effect": "STATUS", "status": 503, "count": 6}],
    "not XML": [{"effect": "GARBAGE", "count": 4}],
    "another's answer": [{"effect": "WRONG_RELATES_TO", "count": 4}],
    "a fault": [{"effect": "FAULT", "count": 4}],
}


def _recovers(pictures: Pictures) -> None:
    """Every server answers again, from now on."""
    since = _now()
    pictures.wait(lambda p: all_fresh(p, since), 20.0, "recovery")


@contextmanager
def _counting_shells(served: LabProcess) -> Iterator[list[int]]:
    """How many Exchange shells there were at each look."""
    counts: list[int] = []
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.1):
            counts.append(len(served.exchange_shells()))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield counts
    finally:
        done.set()
        sampler.join(5)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_on_the_wire(trouble: str, open_lab: OpenLab) -> None:
    """Whatever happens to some requests and answers, polling goes on by itself, within the budget."""
    served = open_lab()
    with following(served.environment, INTERVAL) as pictures, _counting_shells(served) as counts:
        entry = served.environment.entry_servers[0]
        served.knobs(entry, wire={"troubles": TROUBLES[trouble], "endpoint": "exchange"})
        _recovers(pictures)
    assert counts
    assert max(counts) <= served.environment.polling.sessions


def test_slow_wire(open_lab: OpenLab) -> None:
    """Latency costs time, not answers."""
    served = open_lab()
    with following(served.environment, INTERVAL) as pictures, _counting_shells(served) as counts:
        served.knobs(wire={"latency": 0.1, "endpoint": "exchange"})
        slowed = _now()
        pictures.wait(
            lambda p: all(s.last_success and s.last_success > slowed for s in p.servers.values()),
            20.0,
            "an answer of everybody over a slow wire",
        )
        served.knobs(wire={"clear": True})
        _recovers(pictures)
    assert max(counts) <= served.environment.polling.sessions


def test_short_losses_of_the_network_do_not_pile_up_shells(open_lab: OpenLab) -> None:
    """A shell that could not be deleted when its connection broke is not forgotten: Exchange allows 18."""
    served = open_lab()
    with following(served.environment, INTERVAL) as pictures, _counting_shells(served) as counts:
        for _ in range(2):
            served.knobs(wire={"refuse": True, "endpoint": "exchange"})
            pictures.wait(lambda p: p.status.problem is not None, 10.0, "nobody to ask")
            served.knobs(wire={"refuse": False, "endpoint": "exchange"})
            _recovers(pictures)
    assert max(counts) <= served.environment.polling.sessions
    eventually(lambda: not served.shells(), 5.0, "every shell deleted at the end")
