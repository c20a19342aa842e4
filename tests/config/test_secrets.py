"""Passwords from programs and keyrings: asked once, told in words when they cannot be had, never shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import InitError, KeyringLocked

from cockpit.config import secrets
from cockpit.config.environment import (
    ConfigError,
    Credential,
    Environment,
    JournalSettings,
    PasswordReference,
)
from cockpit.config.password_command import CommandError, first_line

CANARY = "c4nary pass'word"
KEY = "environments.prod.credential.password"


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_kept", {})


def prod(reference: PasswordReference, user: str = "ann@contoso.com") -> Environment:
    return Environment(entry_servers=("ex01",), name="prod", credential=Credential(user, reference))


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", code)


def commanded(code: str) -> Environment:
    return prod(PasswordReference(command=python(code)))


def refusal(environment: Environment) -> str:
    with pytest.raises(ConfigError) as refused:
        secrets.password(environment)
    said = str(refused.value)
    assert CANARY not in said
    assert said.isprintable()
    return said


def test_the_first_line_of_a_command_is_the_password_and_it_is_run_once(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'a').write('x'); print({CANARY!r} + '\\r'); print('user: ann')"
    for found in (secrets.password(commanded(code)), secrets.password(commanded(code))):
        assert found is not None
        assert found.value == CANARY
    assert ran.read_text() == "x"
    assert secrets.known(commanded(code)) == (CANARY,)


def test_nobody_is_asked_before_the_value_is_wanted(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    environment = commanded(f"open({str(ran)!r}, 'a').write('x'); print({CANARY!r})")
    later = secrets.later(environment)
    assert later is not None
    assert secrets.known(environment) == ()
    assert not ran.exists()
    assert (later.value, later.value) == (CANARY, CANARY)
    assert ran.read_text() == "x"
    assert CANARY not in f"{later} {later!r}"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            f"import sys; print({CANARY!r}); sys.stderr.write('vault: \\x1b]0;x\\x07sealed'); sys.exit(3)",
            "ended with exit code 3. It said: vault: \ufffd]0;x\ufffdsealed",
        ),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("pass", "printed nothing on its first line"),
        (f"print(); print({CANARY!r})", "printed nothing on its first line"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\n')", "printed a line that is not UTF-8"),
        ("print(input())", "ended with exit code 1. It said:"),
    ],
)  # fmt: skip
def test_a_command_that_gives_no_password(code: str, says: str) -> None:
    said = refusal(commanded(code))
    assert said.startswith(f"{KEY}.command: {sys.executable} {says}")
    assert said.endswith("Run it by hand and mend what it says.")


def test_a_command_that_is_not_there() -> None:
    said = refusal(prod(PasswordReference(command=("/nowhere/pass", "show"))))
    assert said.startswith(f"{KEY}.command: /nowhere/pass cannot be run: No such file or directory.")


def test_a_command_that_does_not_end() -> None:
    code = f"import sys, time; print({CANARY!r}, flush=True); print('touch it', file=sys.stderr, flush=True)"
    with pytest.raises(CommandError) as refused:
        first_line(python(f"{code}; time.sleep(60)"), os.environ, seconds=1.0)
    assert str(refused.value) == f"{sys.executable} did not end within 1 s. It said: touch it"
    assert refused.value.__cause__ is None


def test_no_shell_reads_the_command() -> None:
    words = python("import sys; print(sys.argv[1])")
    reference = PasswordReference(command=(*words, "$HOME; `id` 'x'"))
    found = secrets.password(prod(reference))
    assert found is not None
    assert found.value == "$HOME; `id` 'x'"


def test_a_command_does_not_get_the_journals_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_PASSWORD", CANARY)
    code = "import os; print(os.environ.get('JOURNAL_PASSWORD', 'not there'))"
    environment = Environment(
        entry_servers=("ex01",),
        credential=Credential("ann", PasswordReference(command=python(code))),
        journal=JournalSettings(url="postgresql://u@h/d", password=PasswordReference(env="JOURNAL_PASSWORD")),
    )
    found = secrets.password(environment)
    assert found is not None
    assert found.value == "not there"
    assert set(secrets.known(environment)) == {"not there", CANARY}


class Kept(KeyringBackend):
    """A keyring of this process. ``trouble``: what asking it raises."""

    priority = 1
    trouble: Exception | None = None
    asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        Kept.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return CANARY if (service, username) == ("pop", "ann@contoso.com") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture
def kept() -> Iterator[Kept]:
    before = keyring.get_keyring()
    mine = Kept()  # type: ignore[no-untyped-call]
    Kept.asked = 0
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_a_password_from_the_keyring_is_asked_for_once(kept: Kept) -> None:
    environment = prod(PasswordReference(keyring="pop"))
    found = secrets.password(environment)
    assert found is not None
    assert found.value == CANARY
    secrets.password(environment)
    assert kept.asked == 1


def test_a_keyring_without_that_password(kept: Kept) -> None:
    assert refusal(prod(PasswordReference(keyring="other"))) == (
        f"{KEY}.keyring: the keyring has no password of ann@contoso.com under other. "
        "Put it there: keyring set 'other' 'ann@contoso.com'."
    )


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (
            KeyringLocked("Failed to unlock\nthe collection!"),
            "the keyring is locked: Failed to unlock the coll",
        ),
        (
            InitError("no bus"),
            "the keyring could not be read: no bus. See `keyring diagnose`, or refer to it",
        ),
    ],
)
def test_a_keyring_that_cannot_be_read(kept: Kept, trouble: Exception, says: str) -> None:
    kept.trouble = trouble
    assert refusal(prod(PasswordReference(keyring="pop"))).startswith(f"{KEY}.keyring: {says}")


def test_a_session_without_any_keyring(kept: Kept) -> None:
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    said = refusal(prod(PasswordReference(keyring="pop")))
    assert said.startswith(f"{KEY}.keyring: this session has no keyring. Start one (a Secret Service")


def test_the_extra_for_keyrings_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    said = refusal(prod(PasswordReference(keyring="pop")))
    assert said.startswith(f"{KEY}.keyring: the library for keyrings is not installed. Run: pip install")


def test_a_ticket_cache_is_named_to_kerberos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", "KCM:")
    secrets.take_ticket_cache(Environment(entry_servers=("a",)))
    assert os.environ["KRB5CCNAME"] == "KCM:"
    secrets.take_ticket_cache(Environment(entry_servers=("a",), credential=Credential(ccache="FILE:/run/x")))
    assert os.environ["KRB5CCNAME"] == "FILE:/run/x"
    assert secrets.environ_of(Environment(entry_servers=("a",)))["KRB5CCNAME"] == "FILE:/run/x"
