"""No password gets into an evidence bundle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.environment import Credential, Environment, PasswordReference
from cockpit.exchange.errors import CmdletFailedError
from cockpit.exchange.model import CmdletError
from cockpit.exchange.text import REDACTED
from cockpit.journal.store import Journal
from cockpit.recovery.bundle import Scrubber, build, safe
from tests.recovery.bundles import (
    RUN,
    SECRET,
    kept,
    lines,
    living,
    made,
    opened,
    told,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    yield from kept(tmp_path)


FORMS = [
    "Password: {}",
    "Password={}",
    'the "MonitoringMailboxPassword" : "{}"',
    "Bad password for Monitoring Account: {}",
    "<Password>{}</Password>",
    "User: a\nPassword: {}\nTarget: b",
    "Password:\n{}",
    "-Account a -Password '{}' -Endpoint b",
    "-SecondaryPassword {}",
    "-Password (ConvertTo-SecureString '{}' -AsPlainText -Force)",
    "postgresql+psycopg://ann:{}@db/journal",
]


@pytest.mark.parametrize("form", FORMS)
def test_no_password_gets_into_a_bundle(form: str, journal: Journal, tmp_path: Path) -> None:
    """Planted as an unclean journal and unclean servers would have it, in every text there is."""
    words = form.format(SECRET)
    told(journal, words)
    access = living(words, get_mailbox_server=CmdletFailedError(words, CmdletError(words)))
    files = made(journal, tmp_path, access)
    assert len(files) > 20
    for name, content in files.items():
        assert "hunter2" not in name
        assert b"hunter2" not in content, name
        assert b"rich" not in content.replace(b"Enriched", b""), name
    assert any("cut" in line for line in lines(files))
    assert REDACTED in files["run.json"].decode()


def test_a_field_called_password_is_cut_whatever_is_in_it() -> None:
    scrubber = Scrubber()
    given: dict[str, Any] = {
        "Password": "x",
        "passwordHistory": ["y", {"z": 1}],
        "Pwd": 4711,
        "PasswordExpired": False,
        "Empty_Password": "",
        "User": "ann",
    }
    assert scrubber.plain(given) == {
        "Password": REDACTED,
        "passwordHistory": [REDACTED, {"z": 1}],
        "Pwd": REDACTED,
        "PasswordExpired": False,
        "Empty_Password": "",
        "User": "ann",
    }


def test_the_password_lines_of_an_execution_context_are_dropped() -> None:
    context = f"Probe executed for\nUser: ann\nPassword: {SECRET}\nTarget: EX01"
    found = Scrubber().plain({"ExecutionContext": context})
    assert found == {"ExecutionContext": "Probe executed for\nUser: ann\nTarget: EX01"}


def test_the_environments_own_password_is_cut_wherever_it_stands(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POP_TEST_SECRET", SECRET)
    told(journal, f"somebody typed {SECRET} here")
    credential = Credential(user="ann", password=PasswordReference(env="POP_TEST_SECRET"))
    known = Environment(entry_servers=("EX02",), name="prod", credential=credential)
    files = opened(build(journal, RUN, tmp_path, living(SECRET), known))
    for name, content in files.items():
        assert SECRET.encode() not in content, name
    monkeypatch.delenv("POP_TEST_SECRET")
    assert build(journal, RUN, tmp_path, living(), known).exists()


harmless = st.text(st.characters(codec="utf-8", exclude_characters=":=-<>@"), max_size=60)


@given(harmless, harmless)
def test_text_without_a_secret_is_not_touched(before: str, after: str) -> None:
    text = f"{before} User: ann, Password: {REDACTED} {after}".splitlines()[0]
    assert Scrubber().text(text[: text.find("Password") - 1]) == text[: text.find("Password") - 1]


def test_a_text_that_was_cut_before_is_not_cut_again() -> None:
    for text in (f"Password: {REDACTED}", f"Password:{REDACTED}", f"-Password {REDACTED} -Server EX01"):
        assert Scrubber().text(text) == text


names = st.text(max_size=200)


@given(names)
def test_a_name_is_safe_on_any_system(name: str) -> None:
    found = safe(name)
    assert found
    assert len(found) <= 120
    assert not set(found) & set('/\\:*?"<>|\0\n ')
    assert found not in (".", "..")
    archive = zipfile.ZipFile(io.BytesIO(), "w")
    archive.writestr(found, b"")
