"""Follows the live picture in this process, and keeps every one that came."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.fleet.once import Follower
from cockpit.fleet.readers import now
from cockpit.fleet.snapshot import FleetSnapshot, Reach


class Pictures:
    """Every picture so far. ``wait`` for one that fits."""

    def __init__(self) -> None:
        self._seen: list[FleetSnapshot] = []
        self._news = threading.Condition()

    def add(self, picture: FleetSnapshot) -> None:
        with self._news:
            self._seen.append(picture)
            self._news.notify_all()

    @property
    def seen(self) -> list[FleetSnapshot]:
        with self._news:
            return list(self._seen)

    def wait(self, fits: Callable[[FleetSnapshot], object], seconds: float, what: str) -> FleetSnapshot:
        deadline = time.monotonic() + seconds
        with self._news:
            while not (self._seen and fits(self._seen[-1])):
                left = deadline - time.monotonic()
                assert left > 0, f"not within {seconds:g} s: {what}; last: {_summary(self._seen[-1:])}"
                self._news.wait(left)
            return self._seen[-1]

    def reaches(self, server: str) -> list[Reach]:
        """What was said of how well ``server`` is heard, without repetitions."""
        found: list[Reach] = []
        for picture in self.seen:
            about = picture.servers.get(server)
            if about is not None and found[-1:] != [about.reach]:
                found.append(about.reach)
        return found


def _summary(pictures: list[FleetSnapshot]) -> Any:
    return [
        (p.status, {n: (s.reach.value, s.last_success, str(s.problem)) for n, s in p.servers.items()})
        for p in pictures
    ]


def all_fresh(picture: FleetSnapshot, since: Any, but: frozenset[str] = frozenset()) -> bool:
    """Every server but those has answered after ``since``, and nothing is wrong with anybody."""
    others = [s for name, s in picture.servers.items() if name not in but]
    return (
        bool(others)
        and picture.status.problem is None
        and all(
            s.reach is Reach.LIVE
            and s.problem is None
            and s.last_success is not None
            and s.last_success > since
            for s in others
        )
    )


@contextmanager
def following(environment: Environment, interval: float) -> Iterator[Pictures]:
    """A collector of this environment, more often than an environment file may ask for."""
    polling = msgspec.structs.replace(environment.polling, interval=interval, winrm_interval=0.0)
    changed = msgspec.structs.replace(environment, polling=polling)
    pictures = Pictures()
    with Follower(changed, secrets.password(environment)) as follower:

        def follow() -> None:
            for picture in follower.pictures():
                pictures.add(picture)

        threading.Thread(target=follow, name="pictures", daemon=True).start()
        began = now()
        pictures.wait(lambda p: all_fresh(p, began), 15.0, "a first answer of every server")
        yield pictures
