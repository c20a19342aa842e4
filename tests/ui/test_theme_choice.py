"""Which theme a terminal gets, and what of the last choice is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.ui.theme_choice import Choice, Terminal, choose, keep, kept, terminal

NAMES = ("dark", "light", "ansi-dark", "ansi-light", "high-contrast")


@pytest.mark.parametrize(
    ("colours", "environ", "name"),
    [
        ("truecolor", {}, "dark"),
        ("256", {}, "dark"),
        ("standard", {}, "ansi-dark"),
        (None, {}, "ansi-dark"),
        ("truecolor", {"COLORFGBG": "0;15"}, "light"),
        ("256", {"COLORFGBG": "0;default;15"}, "light"),
        ("256", {"COLORFGBG": "0;7"}, "light"),
        ("standard", {"COLORFGBG": "0;15"}, "ansi-light"),
        ("256", {"COLORFGBG": "15;0"}, "dark"),
        ("256", {"COLORFGBG": "15;default"}, "dark"),
        ("256", {"COLORFGBG": "nonsense"}, "dark"),
        ("truecolor", {"NO_COLOR": "1", "COLORFGBG": "0;15"}, "ansi-dark"),
        ("truecolor", {"NO_COLOR": ""}, "dark"),
    ],
)
def test_what_suits_a_terminal(colours: str | None, environ: dict[str, str], name: str) -> None:
    assert choose(None, None, NAMES, terminal(colours, environ)) == Choice(name)


def test_what_is_asked_for_goes_before_what_was_kept() -> None:
    few = Terminal(few=True)
    assert choose("light", "high-contrast", NAMES, few) == Choice("light")
    assert choose(None, "high-contrast", NAMES, few) == Choice("high-contrast")
    assert choose("gone", "light", NAMES, few) == Choice(
        "ansi-dark", "There is no theme 'gone'. Used: ansi-dark."
    )
    assert choose(None, "gone", NAMES, few) == Choice(
        "ansi-dark", "The theme 'gone', chosen last, is not there any more. Used: ansi-dark."
    )
    assert choose("light", "light", NAMES, Terminal(colourless=True)) == Choice("ansi-dark")
    assert choose(None, None, ("textual-dark",), few) == Choice("textual-dark")
    assert choose("\x1b[31m", None, NAMES, few).warning.isprintable()


def test_a_choice_is_kept_for_terminals_of_its_kind(tmp_path: Path) -> None:
    place = tmp_path / "state" / "theme.toml"
    few, many = Terminal(few=True), Terminal()
    assert kept(place, many) is None
    assert kept(None, many) is None
    keep(place, many, "light")
    keep(place, few, "high-contrast")
    keep(place, many, "dark")
    assert (kept(place, many), kept(place, few)) == ("dark", "high-contrast")
    assert place.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in place.parent.iterdir()] == ["theme.toml"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"many_colours = ", b"many_colours = 3", b"x" * 9000])
def test_a_state_that_is_not_ours_is_none(content: bytes, tmp_path: Path) -> None:
    place = tmp_path / "theme.toml"
    place.write_bytes(content)
    assert kept(place, Terminal()) is None
    keep(place, Terminal(), "light")
    assert kept(place, Terminal()) == "light"


def test_a_state_that_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "theme.toml").mkdir()
    with pytest.raises(OSError, match="directory"):
        keep(tmp_path / "theme.toml", Terminal(), "light")
    assert [path.name for path in tmp_path.iterdir()] == ["theme.toml"]
