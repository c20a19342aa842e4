"""On a lab: what is for programs is English, whatever language the operator reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit import cli
from cockpit.config import environment as config
from tests.product.conftest import Running, running_lab
from tests.support.marked import MARK, spoken_in_brackets

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    folder = tmp_path_factory.mktemp("lab")
    with running_lab(folder, scenario="selftest-hung", servers=2, seed=7) as running:
        file = folder / "env.toml"
        config.save(file, running.environment)
        yield running, file


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))


def told(lab: tuple[Running, Path], command: str, capsys: Capture) -> tuple[str, str]:
    running, file = lab
    words = command.replace("SERVER", running.environment.entry_servers[0]).split()
    with spoken_in_brackets():
        cli.main(["--env-file", str(file), *words])
    return capsys.readouterr()


@pytest.mark.parametrize(
    "command",
    [
        "status --format json",
        "status --format csv",
        "status --format jsonl",
        "probe POP\\PopCTPProbe --server SERVER --format json",
        "doctor --format json --server SERVER",
        "env test --format json",
        "service status --server SERVER --format json",
        "logs trace --probe POP\\PopCTPProbe --server SERVER --last --format json",
    ],
)
def test_data_is_english(lab: tuple[Running, Path], command: str, capsys: Capture) -> None:
    data, _ = told(lab, command, capsys)
    assert data
    assert MARK not in data
    if "json" in command.split():
        assert json.loads(data)


def test_prometheus_is_english(lab: tuple[Running, Path], tmp_path: Path, capsys: Capture) -> None:
    told(lab, f"status --textfile {tmp_path}/pop.prom", capsys)
    assert MARK not in (tmp_path / "pop.prom").read_text()


@pytest.mark.parametrize(
    "command", ["status", "doctor --server SERVER", "env test", "service status --server SERVER"]
)
def test_what_people_read_is_not(lab: tuple[Running, Path], command: str, capsys: Capture) -> None:
    english = told(lab, command, capsys)[0]
    assert MARK in english
