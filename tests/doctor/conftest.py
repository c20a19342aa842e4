"""A small healthy lab, and a doctor for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.bench import Bench, of
from tests.product.conftest import running_lab


@pytest.fixture(scope="module", params=["basic-tls", pytest.param("ntlm", marks=pytest.mark.matrix)])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running_lab(tmp_path_factory.mktemp("lab"), auth=request.param, servers=2) as running:
        yield of(running)


@pytest.fixture
def bench(lab: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """The lab, healthy. Afterwards: only reads were sent to it, and no shell is left."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = len(lab.running.commands())
    yield lab
    sent = {entry.cmdlet for entry in lab.running.commands()[before:]}
    assert not {
        name for name in sent if not name.startswith(("Get-", "The files of", "The language mode of"))
    }
    assert lab.running.shells() == 0
