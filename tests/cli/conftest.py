"""An environment, and a way to call the command line on a scripted Recovery."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit import cli
from tests.cli.scripted import Scripted, install

Call = Callable[..., int]


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / "env.toml"
    file.write_text('[environments.lab]\nentry_servers = ["EX01"]\nread_only = false\n')
    return file


@pytest.fixture
def call(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """``call(recovery, *arguments)``: the exit code. No time is spent between two looks."""
    monkeypatch.setattr("cockpit.commands.follower.LOOK_SECONDS", 0.001)

    def called(recovery: Scripted, *arguments: str, journal: object = None) -> int:
        install(recovery, lambda name, m: monkeypatch.setitem(sys.modules, name, m), journal)
        return cli.main(["--env-file", str(env_file), *arguments])

    return called
