"""Writers and folders merged by time while they are looked at."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cockpit.poplog.document import Entry
from cockpit.poplog.files_document import FilesDocument
from tests.poplog.disk import BEGAN, HEADER, line
from tests.poplog.localfiles import climbed, small_pages, walked, written

FRONT, BACK = "POP32026010810-1.LOG", "POP3BE2026010810-1.LOG"


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        small_pages(patch, page=1024)
        yield


def _at(ms: int, number: int = 0) -> bytes:
    return line(number, BEGAN + timedelta(milliseconds=ms))


def _what(entries: list[Entry]) -> list[str]:
    return [entry.row.line for entry in entries]


def test_both_writers_and_several_folders_are_one_by_time(tmp_path: Path) -> None:
    chosen = random.Random(1)
    expected: list[tuple[int, int]] = []
    for folder in ("EX01", "EX02"):
        (tmp_path / folder).mkdir()
        for writer in ("POP3", "POP3BE"):
            for file in range(3):
                times = sorted(chosen.sample(range(file * 100_000, (file + 1) * 100_000), 60))
                rows = b"".join(_at(ms, n) for n, ms in enumerate(times))
                written(tmp_path / folder / f"{writer}202601081{file}-1.LOG", HEADER + rows)
                expected += [(ms, n) for n, ms in enumerate(times)]
    document = FilesDocument.of([tmp_path / "EX01", tmp_path / "EX02"])
    found = walked(document)
    told = [entry.row.at for entry in found if entry.row.at is not None]
    assert told == sorted(told)
    assert len(found) == len(expected) == 720
    assert {entry.server for entry in found} == {"EX01", "EX02"}
    assert climbed(document) == found


def test_any_anchor_leads_both_ways_to_the_same_lines(tmp_path: Path) -> None:
    chosen = random.Random(2)
    for name in (FRONT, BACK):
        times = sorted(chosen.randrange(3_000) for _ in range(80))  # many at the same time
        rows = [_at(ms, n) + (b"no time\n" if n % 7 == 0 else b"") for n, ms in enumerate(times)]
        written(tmp_path / name, HEADER + b"".join(rows))
    document = FilesDocument.of([tmp_path])
    whole = walked(document)
    anchor = document.start()
    for n, entry in enumerate(whole):
        assert [e for _, e in document.up(anchor, n + 1)] == whole[:n][::-1]
        ((anchor, same),) = document.down(anchor, 1)
        assert same == entry
    assert [e for _, e in document.down(document.up(document.end(), 40)[-1][0], 99)] == whole[-40:]


def test_rows_without_a_time_stay_below_their_neighbour(tmp_path: Path) -> None:
    front = _at(0) + b"torn\n" + b",,,,\n" + _at(100) + b"last\n"
    written(tmp_path / FRONT, HEADER + front)
    written(tmp_path / BACK, HEADER + b"first\n" + _at(50) + b"mine\n" + _at(200))
    document = FilesDocument.of([tmp_path])
    found = _what(walked(document))
    rows = {ms: _at(ms).decode().strip() for ms in (0, 50, 100, 200)}
    assert found == [rows[0], "torn", ",,,,", "first", rows[50], "mine", rows[100], "last", rows[200]]
    assert _what(climbed(document)) == found


def test_times_that_fall_by_a_little_keep_their_order_in_both_ways(tmp_path: Path) -> None:
    chosen = random.Random(3)
    for name in (FRONT, BACK):
        times = [ms + chosen.randrange(30) for ms in range(0, 3_000, 10)]
        written(tmp_path / name, HEADER + b"".join(_at(ms, n) for n, ms in enumerate(times)))
    document = FilesDocument.of([tmp_path])
    found = walked(document)
    assert climbed(document) == found
    for writer in ("POP3", "POP3BE"):
        assert [e.row.sequence for e in found if e.writer == writer] == list(range(300))


def test_a_time_far_ahead_holds_nothing_back(tmp_path: Path) -> None:
    mad = b"9999-12-31T23:59:59.999Z,s,7,a,b,u,1,2,3,stat,,\n"
    early = b"0001-01-01T00:00:00.000Z,s,8,a,b,u,1,2,3,stat,,\n"
    front = b"".join(
        _at(ms, ms) + (mad if ms == 300 else early if ms == 700 else b"") for ms in range(0, 1000, 20)
    )
    written(tmp_path / FRONT, HEADER + front)
    written(tmp_path / BACK, HEADER + b"".join(_at(ms, ms) for ms in range(10, 1000, 20)))
    found = walked(FilesDocument.of([tmp_path]))
    usual = [entry.row.sequence for entry in found if (entry.row.sequence or 0) not in (7, 8)]
    assert usual == list(range(0, 1000, 10))
    for where, mark in ((300, 7), (700, 8)):
        at = [entry.row.sequence for entry in found].index(mark)
        assert found[at - 1].row.sequence == where


def test_a_time_is_found_in_every_chain(tmp_path: Path) -> None:
    written(tmp_path / FRONT, HEADER + b"".join(_at(ms, ms) for ms in range(0, 20_000, 20)))
    written(tmp_path / BACK, HEADER + b"".join(_at(ms, ms) for ms in range(10, 20_000, 20)))
    document = FilesDocument.of([tmp_path])
    for ms in (0, 10, 5_005, 19_990):
        anchor = document.at_time(BEGAN + timedelta(milliseconds=ms))
        below = [entry.row.sequence for _, entry in document.down(anchor, 3)]
        above = [entry.row.sequence for _, entry in document.up(anchor, 3)]
        first = -(-ms // 10) * 10
        assert below == [n for n in (first, first + 10, first + 20) if n < 20_000]
        assert above == [n for n in (first - 10, first - 20, first - 30) if n >= 0]
    assert 0.45 < document.fraction(document.at_time(BEGAN + timedelta(seconds=10))) < 0.55


def test_a_file_without_any_row_hides_no_line_of_the_next(tmp_path: Path) -> None:
    """Its own end is not the place of a time: the rows of the next file before that time are above it."""
    written(tmp_path / "POP32026010810-1.LOG", HEADER)
    written(tmp_path / "POP32026010810-2.LOG", HEADER)
    written(tmp_path / "POP32026010810-3.LOG", HEADER + b"".join(_at(ms, ms) for ms in (0, 400, 800, 900)))
    written(tmp_path / BACK, HEADER + b"".join(_at(ms, ms) for ms in (100, 500, 600)))
    document = FilesDocument.of([tmp_path])
    for ms, above in ((-1, 0), (0, 0), (50, 1), (100, 1), (101, 2), (450, 3), (1_000, 7)):
        anchor = document.at_time(BEGAN + timedelta(milliseconds=ms))
        assert len(document.up(anchor, 10)) == above
        assert len(document.down(anchor, 10)) == 7 - above
    anchor, found = document.start(), []
    while hit := document.seek(anchor, lambda entry: True, text="frank"):
        found.append(hit[1].row.sequence)
        anchor = document.down(hit[0], 1)[0][0]
    assert found == [0, 100, 400, 500, 600, 800, 900]
