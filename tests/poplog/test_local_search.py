"""Searching local files: by blocks of bytes, and by what a line must be."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.poplog import scan
from cockpit.poplog.bytefile import PlainFile
from cockpit.poplog.document import Entry
from cockpit.poplog.files_document import FilesDocument
from cockpit.poplog.needle import Needle
from tests.poplog.disk import BEGAN, HEADER, line
from tests.poplog.localfiles import counted, read_whole, searched, small_pages, walked, written

FRONT, BACK = "POP32026010810-1.LOG", "POP3BE2026010810-1.LOG"


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        small_pages(patch)
        yield


_PIECES = st.lists(
    st.one_of(
        st.sampled_from([b"ab", b"AB", b"a", b"b", b"\n", b"\r\n", b"\xc3\xa9", b"\xe9", b"#", b"xyz" * 40]),
        st.integers(100, 6000).map(lambda n: b"-" * n),
    ),
    max_size=80,
).map(b"".join)
_TEXTS = st.sampled_from(["ab", "AB", "a", "é", "bé", "zx", "-ab", ""])


@given(data=_PIECES, text=_TEXTS, any_case=st.booleans())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_lines_that_hold_a_text_are_found_each_once_both_ways(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, text: str, any_case: bool
) -> None:
    file = PlainFile(written(tmp_path_factory.mktemp("any") / "f", data))
    needle = Needle(text, any_case=any_case)
    expected, at = [], 0
    for raw in data.split(b"\n"):
        if at < len(data) and needle.is_in(raw):
            expected.append((at, raw[:4096]))
        at += len(raw) + 1
    down = [(found.start, found.raw) for found in scan.forward(file, needle, 0, None, lambda: False)]
    up = [(found.start, found.raw) for found in scan.backward(file, needle, 0, len(data), lambda: False)]
    assert down == expected
    assert up[::-1] == expected
    assert scan.count(file, needle, lambda: False, no_row=lambda raw: False) == len(expected)


_LINES = st.lists(
    st.text("ab.(\r", max_size=12).map(str.encode) | st.integers(60, 900).map(lambda n: b"-" * n),
    max_size=60,
)


@given(
    blocks=st.lists(st.tuples(_LINES, st.booleans()), max_size=6),
    text=st.text("ab.(AB", min_size=1, max_size=4),
    any_case=st.booleans(),
)
@settings(max_examples=500)
def test_lines_are_counted_once_whether_hits_are_dense_or_not(
    blocks: list[tuple[list[bytes], bool]], text: str, any_case: bool
) -> None:
    """Of one block after another, as each way of counting is chosen by the block before."""
    needle = Needle(text, any_case=any_case)
    for lines, closed in blocks:
        data = b"\n".join(lines) + (b"\n" if closed else b"")
        wanted = text.lower().encode() if any_case else text.encode()
        naive = [raw for raw in data.split(b"\n") if wanted in (raw.lower() if any_case else raw)]
        may_be_no_row = any(raw[:1] == b"\r" for raw in data.split(b"\n"))
        assert needle.count(data) in ((len(naive), None) if may_be_no_row else (len(naive),))
        assert [data[first:last] for first, last in needle.spans(data)] == naive


def test_close_hits_are_counted_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Needle, "_count_pass", lambda needle, hay: -1)
    dense, sparse = b"ab and more\n" * 100, b"ab and more\n" + b"-" * 10_000
    needle = Needle("ab")
    assert [needle.count(data) for data in (dense, dense)] == [100, -1]
    needle = Needle("ab")
    assert [needle.count(data) for data in (sparse, sparse, dense)] == [1, 1, 100]


def test_a_text_is_found_in_either_encoding() -> None:
    needle = Needle("Müller")
    assert needle.is_in("x Müller".encode())
    assert needle.is_in("x Müller".encode("cp1252"))
    assert not Needle("a\nb").is_in(b"a\nb")
    assert len(Needle("Ж").forms) == 1


@pytest.fixture
def two(tmp_path: Path) -> FilesDocument:
    """Front end: every 20 ms from 0; back end from 10 on. Each sequence number is its ms."""
    for name, first in ((FRONT, 0), (BACK, 10)):
        rows = [line(ms, BEGAN + timedelta(milliseconds=ms)) for ms in range(first, 8_000, 20)]
        written(tmp_path / name, HEADER + b"".join(rows))
    return FilesDocument.of([tmp_path])


def test_the_nearest_line_is_found_in_both_directions(two: FilesDocument) -> None:
    middle = two.at_time(BEGAN + timedelta(milliseconds=4_000))
    for text, back, expected in (
        (",410", False, 4_100),
        (",10.0", True, 3_990),
        (",39", True, 3_990),
        (",3", True, 3_990),
    ):
        found = two.seek(middle, lambda entry: True, text=text, back=back)
        assert found is not None
        anchor, entry = found
        assert entry.row.sequence == expected
        ((after, same),) = two.down(anchor, 1)
        assert same == entry
        assert [e for _, e in two.up(after, 1)] == [entry]
    assert two.seek(middle, lambda entry: True, text="no such") is None
    assert two.seek(middle, lambda entry: True, text="a\nb") is None


def test_going_on_from_hit_to_hit_meets_each_once(two: FilesDocument) -> None:
    def wanted(entry: Entry) -> bool:
        return (entry.row.sequence or 0) % 70 == 0

    expected = list(range(0, 8_000, 70))
    for text in ("FRANK", ""):
        anchor, found = two.start(), []
        while hit := two.seek(anchor, wanted, text=text, any_case=True):
            found.append(hit[1].row.sequence)
            anchor = two.down(hit[0], 1)[0][0]
        assert found == expected
        anchor, found = two.end(), []
        while hit := two.seek(anchor, wanted, text=text, any_case=True, back=True):
            found.append(hit[1].row.sequence)
            anchor = hit[0]
        assert found == expected[::-1]


def test_what_is_made_of_a_line_is_found_too(tmp_path: Path) -> None:
    document = FilesDocument.of([written(tmp_path / "a.txt", b"one\n\x1b[2J two\nthree\n")])
    found = document.seek(document.start(), lambda entry: "\\x1b" in entry.row.line, text="\\x1b")
    assert found is not None
    assert found[1].row.line == "\\x1b[2J two"


def test_a_search_can_be_stopped(two: FilesDocument) -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    for text in ("no such", ""):
        asked.clear()
        assert two.seek(two.start(), lambda entry: False, text=text, stop=stop) is None
        assert asked


def test_a_search_beside_the_screen_disturbs_neither(two: FilesDocument) -> None:
    expected = walked(two)
    wrong: list[object] = []

    def search() -> None:
        wrong.extend(two.seek(two.start(), lambda entry: False) for _ in range(5))

    thread = threading.Thread(target=search)
    thread.start()
    while thread.is_alive():
        if walked(two, 50) != expected:
            wrong.append("other lines")
    thread.join()
    assert wrong == [None] * 5


# --- all hits ----------------------------------------------------------------------------------------


def test_all_hits_come_writer_by_writer_in_order(two: FilesDocument) -> None:
    by_writer = sorted(walked(two), key=lambda entry: entry.writer or "")
    expected = [entry.row.sequence for entry in by_writer if "frank" in entry.row.line]
    folder = two.logs[0].file.path.parent
    assert [entry.row.sequence for entry in searched(folder, "frank")] == expected
    assert len(expected) == counted(folder, "frank") == counted(folder, "FRANK", any_case=True) == 800
    assert searched(folder, "FRANK") == []


def test_headers_are_no_hits(tmp_path: Path) -> None:
    data = HEADER + line(1) + b"dateTime,user\n" + line(2) + b"#user\nDATETIME,user\n\r\n"
    data += b"\xef\xbb\xbfdateTime,user\n"
    written(tmp_path / FRONT, data)
    for text in ("user", "dateTime", "DATE", "#", "Exchange", "\r"):
        assert searched(tmp_path, text) == []
        assert counted(tmp_path, text) == 0


@pytest.mark.parametrize("compressed", [False, True])
def test_hits_are_what_reading_everything_finds(tmp_path: Path, compressed: bool) -> None:
    data = HEADER + b"".join(line(n) + (b"\n" if n % 5 else b"torn 7") for n in range(900))
    written(tmp_path / FRONT, gzip.compress(data) if compressed else data)
    expected = [row for _, row in read_whole(data) if "7" in row.line]
    assert [entry.row for entry in searched(tmp_path, "7")] == expected
    assert counted(tmp_path, "7") == len(expected)
