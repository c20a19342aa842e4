"""Local files as a document: whatever lies in them, each line once, in order, from any place."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.poplog.document import Document
from cockpit.poplog.errors import FileGoneError, LogError
from cockpit.poplog.files_document import FilesDocument
from cockpit.poplog.parse import WITH_PUID
from tests.poplog.disk import BEGAN, HEADER, line
from tests.poplog.localfiles import climbed, read_whole, small_pages, walked, written

NAME = "POP32026010810-1.LOG"


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        small_pages(patch)
        yield


_LINES = st.lists(
    st.one_of(
        st.integers(0, 10**6).map(line),
        st.sampled_from(
            [HEADER, b"\n", b"\r\n", b"#\n", b"rubbish\n", b"\xff\xfe\x00,\n", b"date\n", b'"open\n']
        ),
        st.integers(200, 5000).map(lambda n: b"x" * n + b"\n"),
        st.binary(max_size=40),
    ),
    max_size=60,
).map(b"".join)


@given(data=_LINES, compressed=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_each_row_once_in_order_from_both_ends(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, compressed: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / NAME
    document = FilesDocument.of([written(path, gzip.compress(data) if compressed else data)])
    expected = [offset for offset, _ in read_whole(data)]
    assert [entry.offset for entry in walked(document)] == expected
    assert [entry.offset for entry in climbed(document)] == expected


@given(data=_LINES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_anchor_is_one_place_for_both_ways(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    document = FilesDocument.of([written(tmp_path_factory.mktemp("any") / NAME, data)])
    anchor, passed = document.start(), 0
    expected = [offset for offset, _ in read_whole(data)]
    while some := document.down(anchor, 1):
        (after, entry), before = some[0], document.up(anchor, 1)
        assert entry.offset == expected[passed]
        assert [e.offset for _, e in before] == expected[passed - 1 : passed] * bool(passed)
        ((back, same),) = document.up(after, 1)
        assert (same.offset, document.down(back, 1)[0][1].offset) == (entry.offset, entry.offset)
        assert 0.0 <= document.fraction(anchor) <= document.fraction(after) <= 1.0
        anchor, passed = after, passed + 1
    assert passed == len(expected)


def test_rows_are_what_the_parser_makes_of_the_whole_file(tmp_path: Path) -> None:
    other = ",".join((*WITH_PUID[1:], "dateTime")).encode()
    shuffled = line(7).strip().split(b",")
    shuffled = [*shuffled[1:], b"p-1", shuffled[0]]
    data = (
        b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n")
        + b"".join(line(n).replace(b"\n", b"\r\n") for n in range(50))
        + b'2026-01-08T10:00:01.000Z,s,1,a,b,u,1,2,3,pass,*****,"R=ok;Msg=""Proxy:EX02:1995:SSL"""\n'
        + b"#Fields: " + other + b"\n"
        + b",".join(shuffled) + b"\n"
    )  # fmt: skip
    document: Document = FilesDocument.of([written(tmp_path / NAME, data)])
    expected = [row for _, row in read_whole(data)]
    assert [entry.row for entry in walked(document)] == expected
    assert [entry.row for entry in climbed(FilesDocument.of([tmp_path / NAME]))] == expected
    assert (expected[-1].others, expected[-1].sequence) == ((("puid", "p-1"),), 7)
    entry = walked(document)[0]
    assert (entry.server, entry.writer, entry.file) == (tmp_path.name, "POP3", NAME)


def test_any_text_file_opens_and_is_named_by_itself(tmp_path: Path) -> None:
    document = FilesDocument.of([written(tmp_path / "notes.txt", b"one\n\x1b[2Jtwo\nthree")])
    found = walked(document)
    assert [entry.row.line for entry in found] == ["one", "\\x1b[2Jtwo", "three"]
    assert {(entry.server, entry.writer, entry.file) for entry in found} == {("notes.txt", None, "notes.txt")}
    assert all(entry.row.problem for entry in found)


def test_a_line_over_the_ceiling_is_begun_and_the_rest_counted(tmp_path: Path) -> None:
    data = line(1) + b"y" * 10_000 + b"\n" + line(2)
    found = walked(FilesDocument.of([written(tmp_path / NAME, data)]))
    assert [len(entry.row.line) for entry in found] == [len(line(1)) - 1, 4096, len(line(2)) - 1]
    assert "5904 bytes" in found[1].row.problem


# --- times -----------------------------------------------------------------------------------------


def _offset_at(document: FilesDocument, moment: datetime) -> int | None:
    some = document.down(document.at_time(moment), 1)
    return some[0][1].offset if some else None


@pytest.mark.parametrize("compressed", [False, True])
def test_a_time_is_found_between_rubbish_headers_and_long_lines(tmp_path: Path, compressed: bool) -> None:
    pieces, offsets, at = [HEADER], {}, len(HEADER)
    for n in range(600):
        offsets[n] = at
        rubbish = {5: b"\n", 6: HEADER, 7: b"no time\n", 8: b"z" * 1500 + b"\n", 9: b",,,\n"}.get(n % 10, b"")
        pieces.append(line(1000 * n) + rubbish)
        at += len(pieces[-1])
    data = b"".join(pieces)
    path = written(tmp_path / NAME, gzip.compress(data) if compressed else data)
    document = FilesDocument.of([path])
    for n in range(0, 600, 13):
        moment = BEGAN + timedelta(seconds=n)
        assert _offset_at(document, moment) == offsets[n]
        if n:
            assert _offset_at(document, moment - timedelta(milliseconds=1)) == offsets[n]
    assert _offset_at(document, BEGAN - timedelta(days=9)) == offsets[0]
    assert _offset_at(document, BEGAN + timedelta(days=9)) is None


def test_a_time_over_several_files_and_of_files_without_any(tmp_path: Path) -> None:
    for n, hour in enumerate((10, 11, 12, 13)):
        rows = b"".join(line(n, BEGAN + timedelta(hours=n, minutes=m)) for m in range(60))
        written(tmp_path / f"POP320260108{hour}-1.LOG", HEADER + rows if hour != 12 else HEADER)
    document = FilesDocument.of([tmp_path])
    for hours, minutes, file in ((0, 0, "10"), (0, 59, "10"), (1, 30, "11"), (2, 0, "13"), (3, 59, "13")):
        entry = document.down(document.at_time(BEGAN + timedelta(hours=hours, minutes=minutes)), 1)[0][1]
        assert entry.file == f"POP320260108{file}-1.LOG"
        if hours != 2:
            assert entry.row.at == BEGAN + timedelta(hours=hours, minutes=minutes)


def test_times_are_found_where_their_column_is_not_the_first(tmp_path: Path) -> None:
    rows = "".join(f"{n},2026-01-08T10:00:{n:02}.000Z,stat\n" for n in range(60))
    data = ("#Fields: seqNumber,dateTime,command\n" + rows).encode()
    document = FilesDocument.of([written(tmp_path / NAME, data)])
    row = document.down(document.at_time(datetime(2026, 1, 8, 10, 0, 41, tzinfo=UTC)), 1)[0][1].row
    assert (row.sequence, row.command) == (41, "stat")


# --- a header other than the file's first ------------------------------------------------------------


def test_a_header_in_the_middle_holds_for_what_is_below_it_wherever_one_begins(tmp_path: Path) -> None:
    later = b",".join([*line(1).strip().split(b","), b"p-9"]) + b"\n"
    data = (
        HEADER
        + b"".join(map(line, range(300)))
        + b"#Fields: "
        + ",".join(WITH_PUID).encode()
        + b"\n"
        + later * 300
    )
    document = FilesDocument.of([written(tmp_path / NAME, data)])
    for _, entry in document.up(document.end(), 3):
        assert (entry.row.problem, entry.row.others) == ("", (("puid", "p-9"),))
    for _, entry in document.down(document.start(), 3):
        assert (entry.row.problem, entry.row.others) == ("", ())


# --- files that change ---------------------------------------------------------------------------


def test_a_growing_file_is_looked_at_again_by_its_end(tmp_path: Path) -> None:
    path = written(tmp_path / NAME, HEADER + line(1) + line(2)[:30])
    document = FilesDocument.of([path])
    end = document.end()
    assert [entry.row.line for _, entry in document.up(end, 1)] == [line(2)[:30].decode()]
    with path.open("ab") as file:
        file.write(line(2)[30:] + b"".join(line(n) for n in range(3, 40)))
    assert document.end() != end
    # The line that had no end yet is told again, whole.
    assert [entry.row.sequence for _, entry in document.down(end, 99)] == list(range(2, 40))
    assert [entry.row.sequence for entry in climbed(document)] == list(range(1, 40))


def test_new_files_are_taken_in_by_the_end_and_old_anchors_stay(tmp_path: Path) -> None:
    written(tmp_path / "POP32026010810-2.LOG", HEADER + line(2))
    document = FilesDocument.of([tmp_path])
    end = document.end()
    written(tmp_path / "POP32026010810-1.LOG", HEADER + line(1))
    written(tmp_path / "POP32026010810-10.LOG", HEADER + line(3))
    written(tmp_path / "POP3BE2026010810-1.LOG", HEADER + line(4, BEGAN + timedelta(hours=1)))
    document.end()
    assert [entry.row.sequence for _, entry in document.down(end, 9)] == [3, 4]
    assert [entry.row.sequence for entry in walked(document)] == [1, 2, 3, 4]


@pytest.mark.parametrize("left", [0, 90, 100, 1000])
def test_a_file_cut_while_looked_at_is_no_crash(tmp_path: Path, left: int) -> None:
    data = HEADER + b"".join(map(line, range(200)))
    path = written(tmp_path / NAME, data)
    document = FilesDocument.of([path])
    end = document.end()
    middle = document.down(document.start(), 100)[-1][0]
    os.truncate(path, left)
    before, expected = ({offset for offset, _ in read_whole(d)} for d in (data, data[:left]))
    for anchor in (middle, end):  # lines that were read before may be told until the end is looked at again
        told = {e.offset for _, e in (*document.down(anchor, 300), *document.up(anchor, 300))}
        assert told <= before | expected
        assert 0.0 <= document.fraction(anchor) <= 1.0
        assert document.seek(anchor, lambda e: True, text="no such text", back=True) is None
    document.end()
    assert [entry.offset for entry in walked(document)] == sorted(expected)
    assert [entry.offset for entry in climbed(document)] == sorted(expected)


def test_a_file_replaced_by_another_is_that_other(tmp_path: Path) -> None:
    path = written(tmp_path / NAME, HEADER + b"".join(map(line, range(50))))
    document = FilesDocument.of([path])
    walked(document)
    written(tmp_path / "other", HEADER + b"".join(map(line, range(100, 180)))).replace(path)
    document.end()
    assert [entry.row.sequence for entry in walked(document)] == list(range(100, 180))


def test_a_file_that_went_is_told_of(tmp_path: Path) -> None:
    path = written(tmp_path / NAME, HEADER + line(1))
    document = FilesDocument.of([path])
    path.unlink()
    with pytest.raises(FileGoneError):
        document.end()


def test_an_empty_file_has_no_lines_and_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    document = FilesDocument.of([written(tmp_path / NAME, b"")])
    assert document.down(document.start(), 5) == document.up(document.end(), 5) == []
    assert document.fraction(document.end()) == 0.0
    assert document.down(document.at_time(BEGAN), 1) == []
    (tmp_path / "none").mkdir()
    with pytest.raises(LogError) as caught:
        FilesDocument.of([tmp_path / "none"])
    assert caught.value.cure


def test_a_damaged_compressed_file_shows_what_is_left_and_says_so(tmp_path: Path) -> None:
    whole = gzip.compress(HEADER + b"".join(map(line, range(5000))))
    document = FilesDocument.of([written(tmp_path / f"{NAME}.gz", whole[: len(whole) // 2])])
    document.end()
    assert len(walked(document)) > 500
    (problem,) = document.problems()
    assert NAME in problem
    assert "cut off" in problem
