"""An office on a world of fakes, and what is left at one: a parked run, somebody else at the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cockpit.config.environment import Environment
from cockpit.exchange.model import Reading
from cockpit.journal.records import Actor
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.recovery.access import Access
from cockpit.recovery.asking import Parked
from cockpit.recovery.office import Office
from tests.recovery.builders import EX01, EX02, server
from tests.recovery.fakes import Fakes, World, book, opened, step


class Desk(Office):
    """An office whose workers are only noted, and whose servers are a world's."""

    def __init__(self, environment: Environment, journal: Journal, access: Fakes) -> None:
        super().__init__(environment, None, journal, read_only=False)
        self.access = access
        self.started: list[str] = []

    def _work(self, run: str) -> None:
        self.started.append(run)

    @contextmanager
    def _servers(self) -> Iterator[Access]:
        yield self.access


@contextmanager
def office_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world of two servers, and a state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    with opened(folder) as found:
        servers = Reading((server(EX01), server(EX02)))
        found.access.exchange["get_exchange_server"] = servers
        yield found


def another(world: World, name: str = "bob", process: str = "elsewhere/1/bob") -> Journal:
    """The same journal, opened by somebody else."""
    who = Actor(name, "there", process, "tests")
    url = sqlite_url(world.folder / "journal.db")
    return open_journal(url, who, keys=world.folder / name, checkpoints=world.folder / f"{name}.jsonl")


def parked(world: World) -> tuple[str, int]:
    run = world.begin(book(step("monitor")))
    with pytest.raises(Parked):
        world.work(run)
    return run, world.journal.asked[-1].id
