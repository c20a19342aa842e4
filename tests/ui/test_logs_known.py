"""Lines that come again after a reconnection, told from those that are new."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from cockpit.poplog.document import Entry
from cockpit.poplog.names import Writer
from cockpit.ui.logs import Known
from tests.ui.log_fakes import START, entries, raw

OLD, NEW = "POP32026010808-1.LOG", "POP32026010809-1.LOG"


def lines(*ms: int, file: str = OLD, offset: int = 0, writer: Writer = Writer.POP3) -> list[Entry]:
    """Lines of one file at those milliseconds after START, in that order."""
    times = [START + timedelta(milliseconds=n) for n in ms]
    return entries([raw(at, n, 0, "", "stat") for n, at in enumerate(times)], "EX01", writer, file, offset)


def reconnected(seen: list[Entry]) -> Known:
    known = Known()
    assert known.fresh(seen) == seen
    known.reconnecting()
    return known


@pytest.mark.parametrize("ms", [(0, 101, 100, 100), *sorted(set(permutations((0, 40, 40, 80))))])
def test_times_that_step_back_bring_no_line_twice(ms: tuple[int, ...]) -> None:
    all_lines = lines(*ms, 300)
    known = reconnected(all_lines[:-1])
    assert known.fresh(all_lines) == all_lines[-1:]
    assert known.skipped == 0


def test_nor_do_they_over_two_files() -> None:
    first, second = lines(0, 101), lines(100, 100, file=NEW)
    known = reconnected([*first, *second])
    assert known.fresh([*first, *second]) == []


def test_each_log_has_a_newest_time_of_its_own() -> None:
    front, back = lines(0, 500), lines(0, 100, writer=Writer.POP3BE)
    known = reconnected([*front, *back])
    again = lines(200, 250, writer=Writer.POP3BE)
    assert known.fresh([*front, *again]) == again, "a later file in the place of the one that was read"


def test_a_file_that_took_the_place_of_the_one_that_was_read_is_all_new() -> None:
    known = reconnected(lines(0, 101, 100))
    assert known.fresh(again := lines(150, 150, 160)) == again
    assert known.skipped == 1, "it does not reach back to what was there"


def test_a_line_without_a_time_goes_by_its_place() -> None:
    seen = entries([b"2026-01-08T08:00:00.000Z,half", b"no time at all", b"nor here"])
    assert isinstance(seen[0].row.at, datetime)
    known = reconnected(seen[:2])
    assert known.fresh(seen) == seen[2:]
