"""Many trials at once: a server of the lab for each of them, a lab for each way to sign in."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.product.conftest import running_lab
from tests.wire_chaos.failures import FAILURES, Failure
from tests.wire_chaos.trial import Outcome, Trial

AUTHS: Final = ("basic-tls", "ntlm")
SPEED: Final = 200.0
"""A probe takes ten simulated seconds."""
AT_ONCE: Final = 8

Place = tuple[str, str]
"""A failure's name and the request it strikes."""

PLACES: Final[Mapping[Place, tuple[Failure, int]]] = {
    place: (failure, turn)
    for turn, (place, failure) in enumerate(
        ((failure.name, request), failure) for failure in FAILURES for request in failure.requests
    )
}
"""Every place of the table, with the number by which its calls take turns."""


def places_of(auth: str) -> list[Place]:
    """Every place that there is with that sign-in."""
    return [place for place, (failure, _) in PLACES.items() if failure.only in ("", auth)]


def outcomes(
    auth: str, places: Sequence[Place], folder: Path, note: Callable[[Place], None] = lambda _place: None
) -> dict[Place, Outcome]:
    """What came of each place. ``note`` is told of each as it is done."""
    with running_lab(folder, auth=auth, speed=SPEED, servers=AT_ONCE) as running:
        free: queue.SimpleQueue[Trial] = queue.SimpleQueue()
        for server in running.lab.endpoints:
            free.put(Trial(running, server))

        def one(place: Place) -> tuple[Place, Outcome]:
            failure, turn = PLACES[place]
            trial = free.get()
            try:
                return place, trial.run(failure, place[1], turn)
            finally:
                free.put(trial)
                note(place)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(pool.map(one, places))
