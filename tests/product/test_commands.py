"""The commands as processes against a lab: what a shell script relies on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.commands import probe
from cockpit.config import environment as config
from cockpit.exchange import errors as e
from cockpit.exchange.session import Session
from tests.product.conftest import running_lab


def test_a_reader_that_leaves_does_not_change_the_exit_code(tmp_path: Path) -> None:
    with running_lab(tmp_path, scenario="selftest-hung", seed=7) as running:
        config.save(tmp_path / "env.toml", running.environment)
        command = [
            sys.executable,
            "-m",
            "cockpit",
            "--env-file",
            str(tmp_path / "env.toml"),
            "status",
            "--format",
            "csv",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 2


def test_a_probe_that_may_have_been_sent_is_sent_to_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def broken(self: Session, *_: object, **__: object) -> None:
        asked.append(self.target.server)
        raise e.UnreachableError("the connection broke")

    with running_lab(tmp_path, servers=2) as running:
        monkeypatch.setattr(Session, "run", broken)
        assert probe.run(running.environment, "POP\\PopCTPProbe", "EX19-01", "json") == probe.NOT_RUN
    assert len(asked) == 1
