"""Which servers an environment is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.environment import Environment
from cockpit.config.watched import why_left_out


def about(include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> Environment:
    return Environment(entry_servers=("a",), name="prod", include=include, exclude=exclude)


@pytest.mark.parametrize(
    ("include", "exclude", "name", "fqdn", "why"),
    [
        ((), (), "EX01", "ex01.contoso.com", ""),
        (("ex0?",), (), "EX01", "ex01.contoso.com", ""),
        (("EX1*",), (), "EX01", "ex01.contoso.com", 'not among include = ["EX1*"] of environment prod'),
        ((), ("*01",), "EX01", "ex01.contoso.com", 'left out by exclude = "*01" of environment prod'),
        (("ex*",), ("ex0[1-3]",), "EX02", "ex02.contoso.com", 'left out by exclude = "ex0[1-3]" of'),
        ((), ("*.Branch.contoso.com",), "EX01", "ex01.BRANCH.contoso.com", "left out by exclude"),
        ((), ("*.branch.contoso.com",), "EX01", "ex01.contoso.com", ""),
        (("*.contoso.com",), (), "EX01", "", None),
        (("*.contoso.com", "ex*"), (), "EX01", "", ""),
        ((), ("*.contoso.com",), "EX01", "", None),
        (("*.contoso.com",), (), "ex01.contoso.com", "", ""),
        ((), ("ex01",), "ex01.contoso.com", "", "left out by exclude"),
        ((), ("ex02", "*.contoso.com"), "EX02", "", "left out by exclude"),
    ],
)
def test_what_it_is_about(
    include: tuple[str, ...], exclude: tuple[str, ...], name: str, fqdn: str, why: str | None
) -> None:
    found = why_left_out(about(include, exclude), name, fqdn)
    if why:
        assert found is not None
        assert found.startswith(why)
    else:
        assert found == why


NAMES = st.text("exEX01-", min_size=1, max_size=6)
PATTERNS = st.lists(st.text("exEX01-*?.", min_size=1, max_size=6), max_size=3).map(tuple)


@given(PATTERNS, PATTERNS, NAMES)
def test_case_does_not_matter_and_an_exclusion_holds(
    include: tuple[str, ...], exclude: tuple[str, ...], name: str
) -> None:
    fqdn = f"{name}.contoso.com"
    found = why_left_out(about(include, exclude), name, fqdn)
    assert found is not None  # with both names known it can always be told
    upper = about(tuple(p.upper() for p in include), tuple(p.upper() for p in exclude))
    assert bool(why_left_out(upper, name.lower(), fqdn.upper())) == bool(found)
    assert why_left_out(about(include, (*exclude, fqdn)), name, fqdn)
    if not found:
        assert why_left_out(about(include, exclude), name) in ("", None)
