"""Eight cockpits of one user want 48 shells of the 18 there are: none starves another, nobody is locked out.

``pytest -m shells -n 0``; real processes, a lab that answers slowly enough that every cockpit wants all the
shells it may have, and that counts the user's shells over all servers together, which is the hardest case:
one entry server's quota is everybody's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from cockpit.config import secrets
from cockpit.config.targets import exchange_target
from tests.independent.byhand import Shell
from tests.independent.wsman import Basic, Connection
from tests.shells.cockpits import Cockpit, running
from tests.support.processes import Answer, LabProcess, lab

pytestmark = [pytest.mark.shells, pytest.mark.timeout(400)]

COCKPITS, QUOTA, SERVERS = 8, 18, 16
LATENCY = 0.1
"""Seconds each request takes longer: a read of one server's three health sets is about a second."""
FIRST_SECONDS = 90.0
"""Within which every cockpit has read every server."""
OLD_SECONDS = 90.0
"""No answer of any server is ever older than this on any cockpit."""
COMMAND_SECONDS = 90.0
"""Within which an operator's own command has had its shell and its answer."""
WATCHED_SECONDS = 60.0
COMMANDS: dict[tuple[str, ...], int] = {
    ("status", "--server", "EX19-01", "--format", "json"): 0,
    ("probe", "POP\\PopCTPProbe", "--server", "EX19-01"): 0,
    ("recover", "PopSelfTestMonitor", "--server", "EX19-01", "--plan"): 2,
}
"""One-shot, a probe by hand, and what a run's process reads with; the exit code of each on a healthy lab. The
plan's guards refuse to recover what is not sick: they have been read."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[LabProcess]:
    with lab(tmp_path / "lab", "healthy", "--one-budget", "--servers", str(SERVERS), "--speed", "20") as up:
        up.knobs(wire={"endpoint": "exchange", "latency": LATENCY})
        yield up


@contextmanager
def left_behind(served: LabProcess, number: int) -> Iterator[None]:
    """Shells of a client that died: nobody deletes them, nobody uses them, they count."""
    environment = served.environment
    target = exchange_target(environment, environment.entry_servers[0])
    password = secrets.password(environment)
    assert password is not None
    login = Basic(environment.credential.user, password.value)
    with ExitStack() as connections:
        for _ in range(number):
            link = Connection(target.url, "Microsoft.Exchange", login, ca_file=target.ca_file or "")
            connections.callback(link.close)
            Shell(link).open()
        yield


class Ledger:
    """The most shells the lab ever had open."""

    def __init__(self, served: LabProcess) -> None:
        self._served = served
        self.most = 0

    async def watch(self) -> None:
        while True:
            self.most = max(self.most, len(await asyncio.to_thread(self._served.exchange_shells)))
            await asyncio.sleep(0.5)


@pytest.mark.parametrize("dead", [0, 10], ids=["all-18", "10-of-a-dead-client"])
async def test_none_starves_another_and_nobody_is_locked_out(
    served: LabProcess, tmp_path: Path, dead: int
) -> None:
    polling = msgspec.structs.replace(served.environment.polling, interval=5.0, winrm_interval=0.0)
    environment = msgspec.structs.replace(served.environment, polling=polling)
    assert COCKPITS * polling.sessions > QUOTA
    ledger = Ledger(served)
    with left_behind(served, dead):
        watch = asyncio.create_task(ledger.watch())
        async with running(environment, tmp_path, COCKPITS) as cockpits:
            await _first_pictures(cockpits)
            answers = await _commands(served)
            await asyncio.sleep(max(0.0, WATCHED_SECONDS - sum(seconds for _, _, seconds in answers)))
            told = [f"{c.first=:.0f} {c.oldest=:.0f} {c.without=:.0f} {c.most=}" for c in cockpits if c.first]
        watch.cancel()
        print(f"dead: {dead}; most shells: {ledger.most}", *told, sep="\n")
        print(*(f"{words[0]}: {seconds:.1f} s" for words, _, seconds in answers))
    assert ledger.most == QUOTA, "the cockpits wanted all there are, and never had more"
    for cockpit in cockpits:
        assert cockpit.oldest < OLD_SECONDS, f"cockpit {cockpit.number}: an answer {cockpit.oldest:.0f} s old"
        assert cockpit.problems == [], f"cockpit {cockpit.number}"
    for words, answer, seconds in answers:
        assert answer.code == COMMANDS[words], f"{words}: {answer.code}: {answer.err}"
        assert seconds < COMMAND_SECONDS, f"{words} took {seconds:.0f} s"


async def _first_pictures(cockpits: list[Cockpit]) -> None:
    deadline = time.monotonic() + FIRST_SECONDS
    while any(cockpit.first is None for cockpit in cockpits):
        behind = [(c.number, str(c.fleet.status.shortage), c.problems) for c in cockpits if c.first is None]
        assert time.monotonic() < deadline, f"no whole picture within {FIRST_SECONDS:.0f} s: {behind}"
        await asyncio.sleep(0.25)


async def _commands(served: LabProcess) -> list[tuple[tuple[str, ...], Answer, float]]:
    found = []
    for words in COMMANDS:
        began = time.monotonic()
        answer = await asyncio.to_thread(lambda w=words: served.run(*w, seconds=COMMAND_SECONDS + 30))  # type: ignore[misc]
        found.append((words, answer, time.monotonic() - began))
    return found
