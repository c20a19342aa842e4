"""Endpoints on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.lab.wire.certificate import Authority
from cockpit.lab.wire.endpoint import Endpoint
from tests.wire.demo import Demo


@pytest.fixture
def demo() -> Demo:
    return Demo()


@pytest.fixture
async def start(demo: Demo) -> AsyncIterator[Callable[..., Awaitable[tuple[Endpoint, int]]]]:
    """Starts endpoints and stops them after the test."""
    running: list[Endpoint] = []

    async def begin(*authenticator: Any, **more: Any) -> tuple[Endpoint, int]:
        endpoint = demo.endpoint(*authenticator, **more)
        port = await endpoint.start()
        running.append(endpoint)
        return endpoint, port

    yield begin
    for endpoint in running:
        await endpoint.stop(abort=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca") / "ca.pem")


@pytest.fixture
def other_ca(tmp_path: Path) -> Path:
    return Authority(tmp_path / "other.pem").ca_path
