"""Bookmarks, and the file they are kept in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cockpit.fleet.bookmarks import (
    NO_BOOKMARKS,
    Bookmarks,
    BookmarksError,
    Place,
    bookmarks_file,
    read_bookmarks,
    toggle_bookmark,
)


def test_a_key_is_put_on_a_place_moved_and_taken_off() -> None:
    one = NO_BOOKMARKS.toggled("a", Place("EX01"))
    assert one.places == {"a": Place("EX01")}
    moved = one.toggled("a", Place("EX02", "POP"))
    assert moved.places == {"a": Place("EX02", "POP")}
    assert moved.toggled("a", Place("ex02", "pop")).places == {}
    for key in ("", "ab", "-", " ", "é", "\x1b"):
        with pytest.raises(ValueError, match="is no key of a bookmark"):
            one.toggled(key, Place("EX01"))


def test_a_mark_on_a_server_holds_its_health_sets_and_not_the_other_way_round() -> None:
    marks = Bookmarks({"a": Place("EX01"), "b": Place("EX02", "POP")})
    assert marks.keys_of("ex01", "POP") == "a"
    assert marks.keys_of("ex01") == "a"
    assert marks.keys_of("EX02", "pop") == "b"
    assert marks.keys_of("EX02", "POP.Proxy") == ""
    assert marks.keys_of("EX02") == ""
    assert marks.by_server() == {"ex01": (("", "a"),), "ex02": (("pop", "b"),)}


def test_what_is_written_is_read_and_nobody_else_may(tmp_path: Path) -> None:
    path = bookmarks_file(tmp_path / "new", "Contoso / prod")
    assert path.parent == tmp_path / "new", "no name of an environment leads elsewhere"
    before = os.umask(0)
    try:
        toggle_bookmark(path, "a", Place("EX01"))
        kept = toggle_bookmark(path, "B", Place("EX02", "POP.Proxy"))
    finally:
        os.umask(before)
    assert read_bookmarks(path) == kept
    assert kept.places == {"B": Place("EX02", "POP.Proxy"), "a": Place("EX01")}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"
    assert toggle_bookmark(path, "a", Place("EX01")).places == {"B": Place("EX02", "POP.Proxy")}


def test_no_file_is_no_bookmarks(tmp_path: Path) -> None:
    assert read_bookmarks(tmp_path / "none.json") == NO_BOOKMARKS


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"version": 2, "bookmarks": {}}',
        b'{"version": 1, "bookmarks": {"ab": {"server": "EX01"}}}',
        b'{"version": 1, "bookmarks": {"a": {"server": "EX01", "more": 1}}}',
        b'{"version": 1, "bookmarks": {"a": {"server": "\xff"}}}',
    ],
)
def test_a_damaged_file_is_told_of_and_never_written_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "prod.json"
    path.write_bytes(content)
    with pytest.raises(BookmarksError, match="move the file away"):
        read_bookmarks(path)
    with pytest.raises(BookmarksError, match="move the file away"):
        toggle_bookmark(path, "a", Place("EX01"))
    assert path.read_bytes() == content


def test_names_in_the_file_are_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "prod.json"
    path.write_text('{"version": 1, "bookmarks": {"a": {"server": "EX\\u001b]52;c;x\\u0007"}}}')
    (place,) = read_bookmarks(path).places.values()
    assert "\x1b" not in place.server
    assert "\x07" not in place.server


def test_a_folder_that_cannot_be_written_to_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BookmarksError, match=r"could not be (read|written)"):
        toggle_bookmark(tmp_path / "file" / "prod.json", "a", Place("EX01"))
