"""The table of failures, run over real sockets: a part always, the whole with ``pytest -m wire_table``."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import psutil
import pytest

from tests.support.waiting import eventually
from tests.wire_chaos import page
from tests.wire_chaos.judging import complaints
from tests.wire_chaos.running import AUTHS, PLACES, Place, outcomes, places_of
from tests.wire_chaos.trial import Outcome

EVERY: Final = 23
"""One place of so many runs always: with a number prime to the requests, each request gets its turn."""

Run = dict[Place, Outcome]


def _sample(auth: str) -> list[Place]:
    return places_of(auth)[AUTHS.index(auth) * 5 :: EVERY]


WHOLE = pytest.mark.wire_table
CASES = [
    *(
        pytest.param(auth, place, id=f"{auth}-{place[0]}-{place[1]}")
        for auth in AUTHS
        for place in _sample(auth)
    ),
    *(
        pytest.param(auth, place, id=f"{auth}-{place[0]}-{place[1]}", marks=WHOLE)
        for auth in AUTHS
        for place in places_of(auth)
        if place not in _sample(auth)
    ),
]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """What came of every place that is asked for, run many at once; no thread or process is left of it."""
    wanted: dict[str, list[Place]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.originalname == test_a_failure_on_the_wire.__name__:
            given: dict[str, Any] = item.callspec.params
            wanted.setdefault(given["auth"], []).append(given["place"])
    threads = set(threading.enumerate())
    processes = set(psutil.Process().children())
    folders = [tmp_path_factory.mktemp(auth) for auth in wanted]
    with ThreadPoolExecutor(len(wanted)) as pool:
        found = dict(zip(wanted, pool.map(outcomes, wanted, wanted.values(), folders), strict=True))
    eventually(lambda: set(threading.enumerate()) <= threads, 5.0, "no thread left")
    assert set(psutil.Process().children()) <= processes
    return found


@pytest.mark.timeout(900)  # the first of them runs all
@pytest.mark.parametrize(("auth", "place"), CASES)
def test_a_failure_on_the_wire(runs: dict[str, Run], auth: str, place: Place) -> None:
    failure, _ = PLACES[place]
    assert complaints(failure, place[1], auth, runs[auth][place]) == []


def test_the_table_is_as_large_as_it_was_meant() -> None:
    assert len(PLACES) >= 300
    assert {request for _, request in PLACES} == {request for auth in AUTHS for _, request in _sample(auth)}


def test_the_page_in_the_docs_says_what_the_table_says() -> None:
    """After a change: python -m tests.wire_chaos --write"""
    assert page.PAGE.read_text(encoding="utf-8") == page.text()
