"""Environments: strict in what they take, silent about secrets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cockpit.config import environment as config
from cockpit.config import secrets, targets
from cockpit.config.environment import ConfigError, Credential, Environment, PasswordReference
from cockpit.config.secrets import Secret

GOOD = """
default = "prod"
[environments.prod]
entry_servers = ["ex01.contoso.com"]
[environments.test]
entry_servers = ["ex99.contoso.com"]
read_only = false
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "environments.toml"
    path.write_text(text)
    return path


def test_the_default_is_read_only_kerberos_and_verified_tls(tmp_path: Path) -> None:
    found = config.choose(write(tmp_path, GOOD), None)
    assert found.name == "prod"
    assert found.read_only
    assert found.exchange.auth == "kerberos"
    target = targets.exchange_target(found, "ex01.contoso.com")
    assert target.url == "https://ex01.contoso.com:443/PowerShell"
    assert target.ca_file is None
    assert (
        targets.winrm_target(found, "EX01", "ex01.contoso.com").url == "https://ex01.contoso.com:5986/wsman"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[environments.x]\n", "entry_servers"),
        ("[environments.x]\nentry_servers = []\n", "entry_servers"),
        ('[environments.x]\nentry_servers = ["a"]\nreadonly = true\n', "readonly"),
        ('[environments.x]\nentry_servers = ["a"]\n[environments.x.polling]\nsessions = 40\n', "sessions"),
        ('[environments.x]\nentry_servers = ["a"]\n[environments.x.exchange]\nauth = "magic"\n', "auth"),
        (
            '[environments.x]\nentry_servers = ["a"]\n[environments.x.credential]\npassword = "secret"\n',
            "password",
        ),
        ('default = "y"\n[environments.x]\nentry_servers = ["a"]\n', "'y'"),
        (
            '[environments.x]\nentry_servers = ["a"]\n[environments.x.addresses.a]\nwinrm = "a:5986/wsman"\n',
            "https://",
        ),
        (
            '[environments.x]\nentry_servers = ["a"]\n[environments.x.addresses.a]\nwinrm = "https://h:99999/"\n',
            "99999",
        ),
        ("[environments", "TOML"),
    ],
)
def test_a_bad_file_is_refused_with_the_key(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        config.choose(path, None)
    assert says in str(refused.value)
    assert str(path) in str(refused.value) or "addresses" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_the_line_of_a_wrong_key_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, '[environments.x]\nentry_servers = ["a"]\nreadonly = true\n')
    with pytest.raises(ConfigError, match="line 3"):
        config.load(path)


def test_a_missing_file_or_environment_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        config.load(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match=r"prod, test"):
        config.choose(write(tmp_path, GOOD), "stage")


def test_an_environment_written_is_read_back(tmp_path: Path) -> None:
    made = Environment(
        entry_servers=("a", "b"),
        name="lab",
        credential=Credential("op@lab.example", PasswordReference(file="/x")),
        addresses={"EX01": config.Address(exchange="https://127.0.0.1:8443/PowerShell")},
    )
    path = tmp_path / "env.toml"
    config.save(path, made)
    assert config.choose(path, None) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert targets.exchange_target(made, "ex01.lab.example").url == "https://127.0.0.1:8443/PowerShell"


def with_password(reference: PasswordReference) -> Environment:
    return Environment(entry_servers=("a",), name="x", credential=Credential("u", reference))


def test_a_password_file_must_be_private(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("hunter2\n")
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        secrets.password(with_password(PasswordReference(file=str(path))))
    path.chmod(0o600)
    secret = secrets.password(with_password(PasswordReference(file=str(path))))
    assert secret is not None
    assert secret.value == "hunter2"


def test_a_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POP_PASSWORD", raising=False)
    reference = PasswordReference(env="POP_PASSWORD")
    with pytest.raises(ConfigError, match="POP_PASSWORD"):
        secrets.password(with_password(reference))
    monkeypatch.setitem(os.environ, "POP_PASSWORD", "hunter2")
    found = secrets.password(with_password(reference))
    assert found is not None
    assert found.value == "hunter2"


def test_a_secret_is_never_shown() -> None:
    assert "hunter2" not in f"{Secret('hunter2')} {Secret('hunter2')!r}"


def test_a_naming_rule_and_an_spn_rule_make_names_of_the_servers(tmp_path: Path) -> None:
    text = (
        '[environments.x]\nentry_servers = ["mail"]\n'
        '[environments.x.exchange]\nspn_host = "{fqdn}"\n'
        '[environments.x.winrm]\nhost = "{name}-mgmt.corp.example"\nspn_host = "{name}.corp.example"\n'
    )
    found = config.choose(write(tmp_path, text), None)
    winrm = targets.winrm_target(found, "EX01", "ex01.contoso.com")
    assert (winrm.host, winrm.spn_host) == ("EX01-mgmt.corp.example", "EX01.corp.example")
    exchange = targets.exchange_target(found, "EX01", "ex01.contoso.com")
    assert (exchange.host, exchange.spn_host) == ("EX01", "ex01.contoso.com")


@pytest.mark.parametrize("rule", ["{server}", "{name!r}", "{name.x}", "a b", "{"])
def test_a_naming_rule_holds_nothing_but_names(tmp_path: Path, rule: str) -> None:
    text = f'[environments.x]\nentry_servers = ["a"]\n[environments.x.winrm]\nhost = "{rule}"\n'
    with pytest.raises(ConfigError, match="host"):
        config.load(write(tmp_path, text))
