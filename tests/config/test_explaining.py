"""What is wrong in a file of environments: the line, the whole key, the cure; and whose the file is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cockpit.config import environment as config
from cockpit.config import secrets
from cockpit.config.environment import ConfigError, Credential, Environment, PasswordReference

BASE = '[environments.prod]\nentry_servers = ["ex01"]\n'
WINDOWS = "[[environments.prod.recovery.maintenance_windows]]\n"
NO_KEY = "there is no such key."
UNUSABLE = "cannot be used. Write"

IN_BASE: list[tuple[str, int, str, str]] = [
    ("readonly = true\n", 3, "readonly", f"{NO_KEY} Did you mean read_only?"),
    ("read-only = true\n", 3, "read-only", f"{NO_KEY} Did you mean read_only?"),
    ('auth = "ntlm"\n', 3, "auth", f"{NO_KEY} It belongs in the table exchange or winrm."),
    ("zzz = 1\n", 3, "zzz", f"{NO_KEY} Keys here are entry_servers, include,"),
    ('name = "x"\n', 3, "name", f"{NO_KEY} The name is that of the table: take it out."),
    ('"\\u001b[31m" = 1\n', 3, '"\\u001b[31m"', NO_KEY),
    ("read_only = 1\n", 3, "read_only", "is a number. Write true or false."),
    ("include = [true]\n", 3, "include[0]", "is true or false. Write text in quotes."),
    ('polling.interval = "5"\n', 3, "polling.interval", "is text. Write a number of at least 5 and at most"),
    ("polling.time_limit = inf\n", 3, "polling.time_limit", f"{UNUSABLE} a number more than 0 and at most"),
    (
        "exchange.port = 0\n",
        3,
        "exchange.port",
        f"{UNUSABLE} a whole number of at least 1 and at most 65535.",
    ),
    ("credential.password = { file = 3 }\n", 3, "credential.password.file", "is a number. Write text in"),
    ('exchange.pin = "sha256:12"\n', 3, "exchange.pin", f'{UNUSABLE} "sha256:" and the 64 hexadecimal'),
    ('winrm.host = "{server}"\n', 3, "winrm.host", f"{UNUSABLE} a host name, with {{name}} and {{fqdn}}"),
    (
        "[environments.prod.addresses.a]\n[environments.prod.addresses.b]\nfoo = 1\n",
        *(5, "addresses.b.foo", f"{NO_KEY} Keys here are exchange, winrm."),
    ),
    (
        WINDOWS + WINDOWS + 'days = ["mon",\n"funday"]\n',
        *(6, "recovery.maintenance_windows[1].days[1]", f'{UNUSABLE} one of "fri", "mon",'),
    ),
    (
        WINDOWS + 'start = "9"\n',
        *(4, "recovery.maintenance_windows[0].start", f'{UNUSABLE} a time of day such as "22:30".'),
    ),
    (
        'exchange.auth = "kerberos"\n[environments.prod.winrm]\nauth = "magic"\n',
        *(5, "winrm.auth", f'{UNUSABLE} one of "basic", "certificate", "kerberos",'),
    ),
]
CONTRADICTIONS: list[tuple[str, int, str, str]] = [
    (
        "credential.password = {}\n",
        *(3, "credential.password", "does not say where the password comes from. Give one of file, env,"),
    ),
    (
        'credential.password.env = "A"\ncredential.password.prompt = true\n',
        *(4, "credential.password.prompt", "says env and prompt, and a password comes from one place. Keep"),
    ),
    (
        '[environments.prod.journal]\nurl = "postgresql://u@h/d"\npassword = { file = "a", env = "B" }\n',
        *(5, "journal.password.env", "says file and env"),
    ),
    (
        'exchange.auth = "basic"\nexchange.tls = false\n',
        *(3, "exchange.auth", '"basic" without TLS would show the sign-in to everybody on the way. Take tls'),
    ),
    (
        'winrm.tls = false\nwinrm.auth = "certificate"\nwinrm.certificate = "c"\n',
        *(4, "winrm.auth", '"certificate" without TLS would'),
    ),
    ('winrm.auth = "certificate"\n', 3, "winrm.certificate", "is missing, and auth is"),
    (
        'winrm = { auth = "certificate", certificate = "c.pem" }\n',
        *(3, "winrm.certificate_key", 'is missing, and auth is "certificate". Give certificate and'),
    ),
    ('winrm.ca_file = "a"\nwinrm.verify = false\n', 4, "winrm.verify", "contradicts ca_file: a certificate"),
    (
        f'exchange = {{ verify = false, pin = "sha256:{"ab" * 32}" }}\n',
        3,
        "exchange.verify",
        "contradicts pin",
    ),
    (
        'credential.ccache = "FILE:/x"\nexchange.auth = "ntlm"\nwinrm.auth = "ntlm"\n',
        *(3, "credential.ccache", "a ticket cache is for kerberos and negotiate only. Set auth"),
    ),
    (
        'credential.ccache = "FILE:/x"\ncredential.password.env = "A"\n',
        *(3, "credential.ccache", "with a password the ticket cache would not be used"),
    ),
    ('credential.password.keyring = "pop"\n', 3, "credential.user", "is missing, and the keyring is asked"),
    (
        'addresses.a.winrm = "a:5986/wsman"\n',
        *(3, "addresses.a.winrm", "'a:5986/wsman' is no address. Write it as https://server:port/path."),
    ),
    (
        'exchange.auth = "basic"\naddresses.a.exchange = "http://a/PowerShell"\n',
        *(4, "addresses.a.exchange", 'is without TLS, and auth is "basic". Write it as https:'),
    ),
    ('journal.group = "g"\n', 3, "journal.group", "a group shares a SQLite journal in a folder of its own."),
    ('journal = { url = "postgresql://u@h/d", group = "g" }\n', 3, "journal.group", "a group shares a"),
    (
        'journal.url = "sqlite:////x/j"\njournal.password.env = "A"\n',
        *(4, "journal.password", "a SQLite journal has no password. Take it out."),
    ),
]
WHOLE = [
    (
        'environments.prod = { entry_servers = ["a"], exchange.port = 1, winrm.port = 0 }\n',
        f", line 1: environments.prod.winrm.port: {UNUSABLE} a whole number",
    ),
    (
        '["environments".\'my org\']\nentry_servers = ["a"]\npolling.sessions = 40\n',
        f', line 3: environments."my org".polling.sessions: {UNUSABLE} a whole number of at least 4 and',
    ),
    ("\n\n[environments.prod]\nread_only = true\n", ", line 3: environments.prod.entry_servers: is missing."),
    (
        '[environments.prod]\nentry_servers = [\n"a",\n"https://b/"]\n',
        f", line 4: environments.prod.entry_servers[1]: {UNUSABLE} a server's name alone, without https://",
    ),
    ("default = 3\n", ", line 1: default: is a number. Write text in quotes."),
    ("environments = 3\n", ", line 1: environments: is a number. Write a table of tables"),
    ("[environments]\nprod = 3\n", ", line 2: environments.prod: is a number. Write a table with keys"),
    ('[environments]\nx = "\n', ", line 2, column 6: is not valid TOML: Illegal character"),
    ('default = """\n', ": is not valid TOML: "),
    ('default = "y"\n' + BASE, ", line 1: default: 'y' names no environment. Choose from: prod."),
]


def refusal(folder: Path, text: str) -> str:
    path = folder / "environments.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        config.load(path)
    said = str(refused.value)
    assert said.startswith(str(path))
    return said.removeprefix(str(path))


@pytest.mark.parametrize(("more", "line", "key", "says"), [*IN_BASE, *CONTRADICTIONS])
def test_the_line_the_key_and_the_cure(tmp_path: Path, more: str, line: int, key: str, says: str) -> None:
    assert refusal(tmp_path, BASE + more).startswith(f", line {line}: environments.prod.{key}: {says}")


@pytest.mark.parametrize(("text", "says"), WHOLE)
def test_wherever_the_key_stands(tmp_path: Path, text: str, says: str) -> None:
    assert refusal(tmp_path, text).startswith(says)


def test_what_does_not_contradict_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "environments.toml"
    path.write_text(
        BASE + 'credential.ccache = "KCM:"\nwinrm = { verify = false, tls = false }\n'
        'addresses.unheard-of.winrm = "http://a/wsman"\n'
        'journal = { url = "sqlite:////srv/pop/journal.sqlite", group = "popadmins" }\n'
        'exchange = { auth = "certificate", certificate = "c.pem", certificate_key = "k.pem" }\n'
    )
    (found,) = config.load(path)[1].values()
    assert found.exchange.certificate == "c.pem"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o660])
def test_a_file_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "my environments.toml"
    path.write_text(BASE)
    path.chmod(mode)
    with pytest.raises(ConfigError) as refused:
        config.load(path)
    assert str(refused.value) == f"{path}: others can write this file. Run: chmod go-w '{path}'"
    path.chmod(mode & 0o755)
    assert set(config.load(path)[1]) == {"prod"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(BASE)
    path.chmod(0o600)
    os.chown(path, 12345, -1)
    whose = r"belongs to another user \(uid 12345\)\. .*chown 0 "
    with pytest.raises(ConfigError, match=whose):
        config.load(path)
    credential = Credential("u", PasswordReference(file=str(path)))
    with pytest.raises(ConfigError, match=whose):
        secrets.password(Environment(entry_servers=("a",), credential=credential))


def test_a_file_that_is_not_text_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "environments.toml"
    path.write_bytes(b'default = "\xff"\n')
    with pytest.raises(ConfigError, match=r"byte 11 is not UTF-8\. Write it in that encoding\."):
        config.load(path)
    with pytest.raises(ConfigError, match="Is a directory"):
        config.load(tmp_path)
