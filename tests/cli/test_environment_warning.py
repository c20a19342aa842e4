"""Every command says on stderr that TLS is not verified, in red where that can be shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.scripted import BEGUN, Scripted

SAYS = "TLS is not verified (WinRM): whoever is on the way can read and change everything."


@pytest.fixture
def unverified(env_file: Path) -> None:
    env_file.write_text(env_file.read_text() + "winrm.verify = false\n")


@pytest.mark.usefixtures("unverified")
@pytest.mark.parametrize(
    "command", [("runs", "list"), ("obligations",), ("runs", "list", "--format", "json")]
)
def test_it_is_said_beside_the_data(
    call: Call, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    call(Scripted((BEGUN,)), *command)
    said = capsys.readouterr()
    assert said.err.startswith(SAYS + "\n")
    assert "TLS" not in said.out


@pytest.mark.usefixtures("unverified")
@pytest.mark.parametrize("no_colour", [True, False])
def test_it_is_red_on_a_terminal(
    call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, no_colour: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    call(Scripted((BEGUN,)), "runs", "list")
    assert capsys.readouterr().err.startswith(SAYS if no_colour else f"\x1b[1;31m{SAYS}\x1b[0m")


def test_where_it_is_verified_nothing_is_said(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call(Scripted((BEGUN,)), "runs", "list")
    assert "TLS" not in capsys.readouterr().err
