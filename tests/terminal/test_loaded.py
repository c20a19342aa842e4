"""What is loaded at the first paint: nothing that is needed only later."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.processes import Home
from tests.support.terminal import terminal
from tests.support.waiting import eventually

ENVIRONMENT = """
[environments.nowhere]
entry_servers = ["EX01"]
[environments.nowhere.credential]
user = "nobody@lab.example"
[environments.nowhere.exchange]
auth = "basic"
[environments.nowhere.addresses.EX01]
exchange = "https://127.0.0.1:9/PowerShell"
"""
LATER = {
    # the client, which is the collector's, and what it is made of
    "pypsrp", "psrpcore", "requests", "urllib3", "spnego", "cryptography", "gssapi", "krb5", "xml",
    # the journal's
    "sqlalchemy", "alembic", "mako", "psycopg", "sqlite3",
    # the lab's, the shares' and other commands'
    "h11", "trustme", "tree_sitter", "smbprotocol", "keyring", "tomlkit", "concurrent.futures.process",
}  # fmt: skip
OURS_LATER = (
    "cockpit.lab", "cockpit.doctor", "cockpit.poplog", "cockpit.exchange.session", "cockpit.exchange.cmdlets",
    "cockpit.fleet.collector", "cockpit.journal.records", "cockpit.journal.store", "cockpit.recovery.view",
    "cockpit.recovery.office", "cockpit.recovery.runbooks", "cockpit.ui.log_window", "cockpit.ui.logs",
    "cockpit.ui.palette", "cockpit.ui.screens.help", "cockpit.ui.screens.run", "cockpit.ui.screens.plan",
)  # fmt: skip


def test_at_the_first_paint(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "nowhere.toml").write_text(ENVIRONMENT)
    noted = tmp_path / "modules"
    command = [sys.executable, "-m", "tests.terminal.loading", str(noted), "--env-file"]
    with terminal([*command, str(tmp_path / "nowhere.toml")], home.environ(POP_COCKPIT_PASSWORD="x")) as term:
        term.wait("Connecting to")
        eventually(noted.exists, 5.0, "the names are noted")
        term.press("q")
        assert term.exit_code() == 0
    home.nothing_left()
    names = noted.read_text(encoding="utf-8").split()
    assert {"textual.app", "cockpit.ui.screens.fleet"} <= set(names)
    assert {name for name in names if {name, name.partition(".")[0]} & LATER} == set()
    assert [name for name in names if name.startswith(OURS_LATER)] == []
