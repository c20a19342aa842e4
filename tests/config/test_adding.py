"""One environment more in a file that people write: what was there stays, and what cannot be read back is not
written."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import tomlkit

from cockpit.config import adding
from cockpit.config import environment as config
from cockpit.config.environment import (
    ConfigError,
    Credential,
    EndpointSettings,
    Environment,
    PasswordReference,
    WinRMSettings,
)

MADE = Environment(
    name="test lab",
    entry_servers=("ex01", "ex02"),
    colour="orange",
    read_only=False,
    credential=Credential("ann@contoso.com", PasswordReference(command=("pass", "show", 'a "quoted" one'))),
    exchange=EndpointSettings(auth="basic", ca_file="/etc/ca.pem", port=4430),
    winrm=WinRMSettings(enabled=False),
)
WRITTEN = """\
# Ours. Ask Ann before you change it.
default = "prod"          # never the other one

[environments.prod]  # the real one
# both are in the same site
entry_servers = [
  "ex01.contoso.com", # old
  "ex02.contoso.com",
]

[environments.prod.exchange]
auth = "kerberos"
"""


def test_a_file_is_made_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "environments.toml"
    adding.add(path, MADE, default=False)
    assert config.load(path) == ("test lab", {"test lab": MADE})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("default", [False, True])
def test_what_was_there_stays_as_it_was_written(tmp_path: Path, default: bool) -> None:
    path = tmp_path / "environments.toml"
    path.write_text(WRITTEN)
    path.chmod(0o644)
    before = config.load(path)[1]
    adding.add(path, MADE, default=default)
    chosen, found = config.load(path)
    assert chosen == ("test lab" if default else "prod")
    assert found == {**before, "test lab": MADE}
    kept = WRITTEN.replace('"prod" ', '"test lab" ') if default else WRITTEN
    assert path.read_text().startswith(kept)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        '[environments]\nprod = { entry_servers = ["a"] }\n',
        'environments = { prod = { entry_servers = ["a"] } }\n',
        '[environments.prod]\nentry_servers = ["a"]',
        '[environments.prod]\r\nentry_servers = ["a"]\r\n',
        '[environments."pr.od"]\nentry_servers = ["a"]\nrecovery.maintenance_windows = [{ end = "01:00" }]\n',
        'environments.prod.entry_servers = ["a"]\n',
    ],
)
def test_in_whatever_way_it_is_written(tmp_path: Path, text: str) -> None:
    path = tmp_path / "environments.toml"
    path.write_bytes(text.encode())
    before = config.load(path)[1]
    adding.add(path, MADE, default=False)
    assert config.load(path)[1] == {**before, "test lab": MADE}
    assert all(line in path.read_text() for line in text.splitlines() if line.startswith("#"))


def test_what_cannot_be_read_back_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "environments.toml"
    path.write_text(WRITTEN)
    monkeypatch.setattr(adding, "_table", lambda _: tomlkit.table())
    with pytest.raises(ConfigError, match="Put these into it by hand"):
        adding.add(path, MADE, default=False)
    assert path.read_text() == WRITTEN
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "environments.toml"
    adding.add(path, MADE, default=False)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="there is an environment 'test lab' already"):
        adding.add(path, MADE, default=False)
    assert path.read_bytes() == before


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    own, link = tmp_path / "dotfiles.toml", tmp_path / "environments.toml"
    own.write_text(WRITTEN)
    link.symlink_to(own)
    adding.add(link, MADE, default=False)
    assert link.is_symlink()
    assert set(config.load(own)[1]) == {"prod", "test lab"}


def test_an_unsound_one_is_told_by_its_line() -> None:
    unsound = Environment(name="x", entry_servers=("a",), exchange=EndpointSettings(auth="basic", tls=False))
    with pytest.raises(
        ConfigError, match=r"The new environment, line \d+: environments\.x\.exchange\.auth: "
    ):
        adding.refuse_unsound(unsound)
