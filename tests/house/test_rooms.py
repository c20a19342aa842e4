"""The rooms' doors: imports go one way, and the core runs without a screen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def modules_after(code: str) -> set[str]:
    """The top-level names of what is loaded after ``code`` in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import cockpit", {"textual", "rich", "pypsrp", "requests", "msgspec"}),
        ("import cockpit.cli", {"textual", "rich", "pypsrp", "requests", "psrpcore"}),
        ("import cockpit.exchange.model, cockpit.exchange.catalogue", {"textual", "pypsrp", "requests"}),
        ("import cockpit.fleet.collector, cockpit.fleet.process", {"textual"}),
        (
            "import cockpit.poplog.client, cockpit.commands.logs_tail",
            {"textual", "pypsrp", "requests", "smbprotocol"},
        ),
        ("import cockpit.lab.serve", {"textual", "pypsrp", "requests"}),
        ("import cockpit.ui.app, cockpit.fleet.client", {"pypsrp", "requests", "psrpcore", "spnego"}),
    ],
)
def test_a_room_loads_only_what_it_needs(code: str, absent: set[str]) -> None:
    assert not modules_after(code) & absent
