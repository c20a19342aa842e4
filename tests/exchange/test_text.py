"""Nothing hostile survives the door."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.text import BLOCK_LIMIT, LINE_LIMIT, REDACTED, clean_block, clean_line, redact

ANY_TEXT = st.text(st.characters(codec=None))  # surrogates too


def _harmless(text: str, allowed: str = "") -> bool:
    return all(
        c in allowed
        or (unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") and c not in "\u202e\u2066\u200b\ufeff")
        for c in text
    )


@given(ANY_TEXT)
def test_a_clean_line_has_no_control_characters(text: str) -> None:
    clean = clean_line(text)
    assert _harmless(clean)
    assert clean.encode("utf-8").decode("utf-8") == clean


@given(ANY_TEXT)
def test_a_clean_block_keeps_only_line_ends(text: str) -> None:
    assert _harmless(clean_block(text), allowed="\n")


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200))
def test_plain_ascii_passes_unless_it_is_a_secret(text: str) -> None:
    if REDACTED not in (clean := clean_line(text)):
        assert clean == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("\x9b1m", "\\x9b1m"),
        ("user\u202etxt.exe", "user\\u{202e}txt.exe"),
        ("one\r\ntwo\tthree", "one  two three"),
        ("[red]not markup[/]", "[red]not markup[/]"),
    ],
)
def test_control_characters_become_visible(hostile: str, shown: str) -> None:
    assert clean_line(hostile) == shown


def test_long_values_are_cut_and_counted() -> None:
    assert clean_line("x" * (LINE_LIMIT + 7)).endswith("… [7 more characters]")
    huge = clean_line("x" * 100_000)
    assert len(huge) < LINE_LIMIT + 100
    assert "more not read" in huge
    assert len(clean_block("y" * 1_000_000)) < BLOCK_LIMIT + 100


SECRETS = [
    "User: HealthMailbox1\r\nPassword: s3cr et]!\r\nTarget: EX01",
    "Bad password for Monitoring Account: hunter2;x",
    "pwd=hunter2",
    "MonitoringPassword : hunter2",
    "<AccountPassword>hunter2</AccountPassword>",
    '"password": "hunter2"',
    '""password"": ""hunter2""',  # JSON in a cell of CSV
    "<x:PasswordOf a='b'>hunter2</x:PasswordOf>",
]


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("clean", [clean_line, clean_block, redact])
def test_passwords_of_probes_are_cut(text: str, clean: object) -> None:
    assert callable(clean)
    cleaned = clean(text)
    assert REDACTED in cleaned
    assert "hunter2" not in cleaned
    assert "s3cr" not in cleaned


@pytest.mark.parametrize(
    "hostile",
    [
        *("pwd" * 300_000, "<pwd>" * 200_000, "password " * 100_000, "_" * 900_000),
        *(("<" + "pwd:" * 20 + ">") * 40_000, ("<" + "pwd:" * 19 + "-" * 190 + ">") * 10_000),
    ],
)
def test_no_text_makes_the_redaction_run_away(hostile: str) -> None:
    """A quadratic pattern would need hours for these and run into the test's time limit."""
    assert isinstance(redact(hostile), str)


def test_a_password_as_an_attribute_is_cut() -> None:
    assert "hunter2" not in redact('<P Name="Password" Value="hunter2"/>')


def test_what_stands_around_a_password_stays() -> None:
    assert clean_block(SECRETS[0]) == f"User: HealthMailbox1\nPassword: {REDACTED}\nTarget: EX01"


@given(
    st.text(min_size=1).filter(
        lambda s: s.strip() and "redacted" not in s and "\n" not in s and "\r" not in s
    )
)
def test_any_password_is_cut(secret: str) -> None:
    marked = f"Password: Zq9{secret}"
    assert "Zq9" not in redact(marked)
