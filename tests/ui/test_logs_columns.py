"""Lines of a log drawn: what fits, what is cut, and that nothing hostile makes one wider than the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cockpit.poplog.document import Entry
from cockpit.ui.log_columns import WRAP_LINES, Pencil, columns, result, split, tidy
from cockpit.ui.log_lens import Needle
from cockpit.ui.log_times import TimeBase
from cockpit.ui.look import UNICODE, Line, plain, width
from tests.ui.log_fakes import BAD_LOGIN, NOW, PROXIED, START, entries, raw


def pencil(cells: int = 200, server: int = 0, **more: Any) -> Pencil:
    base = more.get("base", TimeBase.UTC)
    return Pencil(
        columns(cells, server, True, base), cells, now=NOW, glyphs=UNICODE, **{"base": base, **more}
    )


def one(line: bytes, **more: Any) -> Entry:
    return entries([line], **more)[0]


GOOD = one(raw(START, 0xABC, 3, "frank@corp.example", "pass", "*****", PROXIED))
BAD = one(raw(START, 0xABC, 3, "", "pass", "*****", BAD_LOGIN))


def drawn(entry: Entry, **more: Any) -> str:
    (line,) = pencil(**more).lines(entry)
    return plain(line)


def test_wide_has_everything() -> None:
    said = drawn(GOOD, server=4)
    words = "01-08 08:00:00.000 EX01 F 00000abc frank@corp.example pass ***** 12 ok"
    assert said.split() == [*words.split(), "Msg=Proxy:ex01.corp.example:1995:SSL;ProxySuccess"]
    head = plain(pencil(server=4).head())
    assert " ".join(head.split()) == "Time UTC Serv E Session User Command Parameters ms Result"
    assert head.index("Result") == said.index("ok")


@pytest.mark.parametrize(
    ("cells", "there", "gone"),
    [
        (160, {"time": 18, "session": 8, "parameters": 28, "ms": 7}, ()),
        (120, {"time": 12, "session": 8, "parameters": 16}, ()),
        (100, {"session": 8, "user": 16}, ("parameters",)),
        (80, {"time": 12, "user": 14, "command": 12, "ms": 6}, ("session", "parameters")),
        (60, {"time": 8, "user": 10}, ("session", "parameters", "ms")),
    ],
)
def test_which_columns_fit(cells: int, there: dict[str, int], gone: tuple[str, ...]) -> None:
    found = columns(cells, 0, True, TimeBase.UTC)
    assert {name: getattr(found, name) for name in there} == there
    assert [getattr(found, name) for name in gone] == [0] * len(gone)
    assert found.server == 0
    assert columns(cells, 30, False, TimeBase.UTC).server in (8, 10, 12, 14)
    assert columns(cells, 30, False, TimeBase.UTC).writer == 0


def test_at_80_cells_parameters_stand_before_the_result_unless_it_is_an_error() -> None:
    assert drawn(one(raw(START, 1, 1, "", "user", "frank")), cells=80).endswith("frank  ok")
    assert "*****" not in drawn(BAD, cells=80)
    assert "-ERR Logon" in drawn(BAD, cells=80)


def test_an_error_has_a_glyph_words_and_a_colour() -> None:
    (line,) = pencil().lines(BAD)
    assert line[0] == ("✗ ", "text-problem")
    assert ("-ERR Logon failure: unknown user name or bad password.", "text-problem") in line
    (fine,) = pencil().lines(GOOD)
    assert all(role != "text-problem" for _, role in fine)


def test_a_line_that_cannot_be_read_is_shown_with_why() -> None:
    (line,) = pencil().lines(one(b"half a li"))
    assert plain(line).startswith("? no time")
    assert "cannot be read (1 fields, and no header says which): half a li" in plain(line) or (
        "cannot be read (1 fields, the header has 12): half a li" in plain(line)
    )


def test_columns_keep_their_places_whatever_is_in_them() -> None:
    names = (
        "frank",
        "日本語ユーザー名前長い名前もっと長い",
        "e\u0301" * 30,
        "👍🏽🇮🇹❤️",
        "\x1b[31mred",
        "x" * 300,
    )
    places = set()
    for name in names:
        said = drawn(one(raw(START, 1, 1, name, "retr")))
        places.add(cell_len(said[: said.index("retr")]))
    assert len(places) == 1


def test_long_lines_are_cut_with_a_mark_and_scroll_sideways() -> None:
    entry = one(raw(START, 1, 1, "frank", "retr", context="R=ok;Msg=" + "0123456789" * 50))
    assert drawn(entry, cells=120).endswith("…")
    assert cell_len(drawn(entry, cells=120)) == 120
    moved = drawn(entry, cells=120, skip=64)
    assert moved.startswith("  08:00:00.000 ")
    assert "frank" not in moved
    assert "0123456789" * 5 in moved
    assert cell_len(drawn(entry, cells=120, skip=5_000)) <= 120


def test_wrapped_lines_are_bounded() -> None:
    short = pencil(cells=80, wrap=True).lines(GOOD)
    assert len(short) == 2
    assert "ProxySuccess" in plain(short[1])
    long = one(raw(START, 1, 1, "frank", "retr", "x" * 1_000_000))
    lines = pencil(cells=80, wrap=True).lines(long)
    assert len(lines) == WRAP_LINES
    assert plain(lines[-1]).endswith("…")
    assert all(width(line) <= 80 for line in lines)


def test_what_is_searched_for_stands_out() -> None:
    (line,) = pencil(needle=Needle("PROXY")).lines(GOOD)
    assert [text for text, role in line if role == "text-match"] == ["Proxy", "Proxy"]
    assert plain(line) == drawn(GOOD)
    (out_of_sight,) = pencil(cells=80, needle=Needle("10.1.1.70")).lines(GOOD)
    assert out_of_sight[0] == ("  08:00:00.000 ", "text-match")
    (bad,) = pencil(cells=80, needle=Needle("10.1.1.70")).lines(BAD)
    assert [role for _, role in bad[:2]] == ["text-problem", "text-match"]
    (other,) = pencil(needle=Needle("nowhere")).lines(GOOD)
    assert all(role != "text-match" for _, role in other)
    (inverse,) = pencil(needle=Needle("proxy", inverse=True)).lines(GOOD)
    assert all(role != "text-match" for _, role in inverse)


def test_ages_go_by_the_servers_clock() -> None:
    assert "-1h00m" in drawn(GOOD, base=TimeBase.AGE)
    assert "-1h05m" in drawn(GOOD, base=TimeBase.AGE, clocks={"EX01": 300.0})
    old = pencil(base=TimeBase.AGE)
    assert not replace(old, now=NOW + timedelta(seconds=1)).draws_like(old)
    fixed = pencil()
    assert replace(fixed, now=NOW + timedelta(seconds=1)).draws_like(fixed)
    assert not replace(fixed, skip=16).draws_like(fixed)


def test_the_reply_comes_first() -> None:
    row = one(raw(START, 1, 1, "a", "pass", context='"Rows=3;R=ok;alone;Msg=""a;b"""')).row
    assert result(row) == "ok  Rows=3  alone  Msg=a;b"
    assert result(one(raw(START, 1, 1, "a", "pass", context="")).row) == ""


PATIENT = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy."""
ODD = st.sampled_from("🇮👍🏽\ufe0f\u0301한\u200d\x1b")
NASTY = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), ODD), max_size=120)


@PATIENT
@given(NASTY, NASTY, NASTY, st.sampled_from([20, 40, 80, 119, 200]), st.booleans(), st.integers(0, 300))
def test_no_line_is_wider_than_the_screen(
    user: str, parameters: str, context: str, cells: int, wrap: bool, skip: int
) -> None:
    line = raw(START, 1, 1, user, "retr", parameters, context).replace(b"\n", b" ")
    for entry in entries([line, context.replace("\n", " ").encode() or b"x"]):
        for shown in pencil(cells=cells, server=9, wrap=wrap, skip=0 if wrap else skip).lines(entry):
            assert width(shown) <= cells
            assert cell_len(plain(shown)) <= cells
            assert plain(shown).isprintable() or not plain(shown).isascii()


@PATIENT
@given(NASTY, st.integers(0, 60))
def test_splitting_loses_nothing(text: str, cells: int) -> None:
    line: Line = ((tidy(text[:50]), "a"), (tidy(text[50:]), "b"))
    first, rest = split(line, cells)
    assert plain(first) + plain(rest) == plain(line)
    assert width(first) <= cells
