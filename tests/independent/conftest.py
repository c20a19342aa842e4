"""Labs whose clock stands still: the same question has the same answer, whenever it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.independent.byhand import Shell
from tests.independent.cases import CONFIGURATIONS, SERVER, Case, Role
from tests.independent.ntlm import Ntlm
from tests.independent.wsman import Basic, Connection
from tests.product.conftest import Running, running_lab
from tests.support.at_length import at_length

HELD_BACK = 1.3
"""Real seconds a slow answer is held back; one Receive of a test waits a second."""
FOR_EVER = 60.0


@contextmanager
def still(folder: Path, auth: str) -> Iterator[Running]:
    with running_lab(folder, auth=auth, speed=50.0) as running:
        running.on_loop(running.lab.simulation.clock.freeze)
        yield running


@pytest.fixture(scope="module", params=["basic-tls", at_length("ntlm")])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with still(tmp_path_factory.mktemp("lab"), request.param) as running:
        yield running


def url_of(running: Running, role: Role) -> str:
    [address] = [s for s in running.addresses.servers if s.name == SERVER]
    return address.exchange_url if role == "exchange" else address.winrm_url


def connection(running: Running, role: Role, timeout: float = 20.0, *, password: str = "") -> Connection:
    """By hand. ``timeout``: seconds one Receive waits. ``password``: another than the right one."""
    addresses = running.addresses
    login = (Ntlm if addresses.auth == "ntlm" else Basic)(addresses.user, password or addresses.password)
    return Connection(
        url_of(running, role), CONFIGURATIONS[role], login, ca_file=addresses.ca_file, timeout=timeout
    )


@contextmanager
def by_hand(running: Running, role: Role, timeout: float = 20.0) -> Iterator[Shell]:
    link = connection(running, role, timeout)
    try:
        with Shell(link) as shell:
            yield shell
    finally:
        link.close()


@contextmanager
def arranged(running: Running, *, objects: bool = False, delay: float = 0.0) -> Iterator[None]:
    """``objects``: enumerations travel as objects. ``delay``: real seconds before an answer about SERVER."""
    knobs = running.lab.simulation.knobs[SERVER]

    def turn(as_objects: bool, seconds: float) -> None:
        knobs.enum_objects, knobs.rpc_delay = as_objects, seconds

    running.on_loop(lambda: turn(objects, delay))
    try:
        yield
    finally:
        running.on_loop(lambda: turn(False, 0.0))


@contextmanager
def held(running: Running, role: Role, number: int) -> Iterator[None]:
    """So many shells that nobody uses."""
    with ExitStack() as shells:
        for _ in range(number):
            shells.enter_context(by_hand(running, role))
        yield


def wanted(running: Running, case: Case) -> bool:
    """Sealed connections carry the same; a few cases of each shape of traffic show it."""
    return running.addresses.auth == "basic-tls" or case.sealed
