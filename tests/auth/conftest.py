"""A KDC for the session, a realm for each test that wants one, and endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cockpit.exchange.session import EXCHANGE
from tests.auth.bench import MODES, SERVICES, Bench, bench
from tests.support import kdc as support
from tests.support.kdc import Kdc

Make: TypeAlias = Callable[..., Bench]


@pytest.fixture(scope="session")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    with support.kdc(tmp_path_factory.mktemp("kdc"), *SERVICES) as made:
        yield made


@pytest.fixture
def realm(kdc: Kdc) -> Iterator[Kdc]:
    """The KDC, and this process knows it; there are no tickets yet."""
    with support.variables(kdc.variables):
        yield kdc


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def one(mode: str, configuration: str = EXCHANGE, **options: Any) -> Bench:
            kdc = request.getfixturevalue("realm") if MODES[mode].by else None
            return stack.enter_context(bench(MODES[mode], tmp_path, kdc, configuration, **options))

        yield one
