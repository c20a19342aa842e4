"""Following one writer's log: every line once, in order, through whatever happens to its files."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cockpit.poplog.beginning import BLOCK, FromEnd
from cockpit.poplog.document import Entry
from cockpit.poplog.errors import LogError
from cockpit.poplog.feed import Happened, Notice
from cockpit.poplog.follow import LIST_SECONDS, Follower
from cockpit.poplog.lines import CUT, CUT_REST, LINE_LIMIT
from cockpit.poplog.names import Writer
from cockpit.poplog.source import Chunk
from tests.poplog.disk import BEGAN, HEADER, Disk, begun_before, broken, line, named

A, B, C = named(0), named(1), named(2)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def follower(disk: Disk, start: FromEnd | None = None, clock: Clock | None = None) -> Follower:
    """Without ``start`` it reads all there is."""
    clock = clock or Clock()
    one = Follower(disk, "EX01", Writer.POP3, start or FromEnd(), wall=clock, steady=clock)
    return one if start is not None else begun_before(disk, one)


def drained(one: Follower) -> tuple[list[Entry], list[Notice]]:
    """All that is there now."""
    entries: list[Entry] = []
    notices: list[Notice] = []
    while True:
        step = one.step()
        entries += step.entries
        notices += step.notices
        if not step.hungry:
            return entries, notices


def numbers(one: Follower) -> list[int | None]:
    return [e.row.sequence for e in drained(one)[0]]


def kinds(notices: list[Notice]) -> list[Happened]:
    return [n.kind for n in notices]


def disk_of(*names: str, rows: int = 0) -> Disk:
    disk = Disk()
    for name in names:
        disk.make(name, HEADER + b"".join(line(n) for n in range(rows)))
    return disk


def test_lines_come_once_as_they_are_written_with_their_place() -> None:
    disk = disk_of(A)
    one = follower(disk)
    assert numbers(one) == []
    disk.append(A, line(1) + line(2)[:20])
    (entry,) = drained(one)[0]
    assert (entry.server, entry.writer, entry.file) == ("EX01", Writer.POP3, A)
    assert bytes(disk.files_by_name[A].data)[entry.offset :].startswith(line(1))
    disk.append(A, line(2)[20:])
    assert numbers(one) == [2]
    assert numbers(one) == []


@pytest.mark.parametrize("wanted", [0, 1, 3, 9, 10, 11, 500])
def test_the_last_lines_are_counted_back_over_files_and_headers_are_none(wanted: int) -> None:
    disk = disk_of(A, B, C)
    for n in range(6):
        disk.append(A, line(n))
    for n in range(6, 8):
        disk.append(B, line(n))
    disk.append(C, line(8) + line(9) + b"2026-01-08T10")
    one = follower(disk, FromEnd(wanted))
    assert numbers(one) == list(range(max(0, 10 - wanted), 10))
    disk.append(C, line(10)[13:])
    assert numbers(one) == [10]


@pytest.mark.parametrize("wanted", [0, 1, 2, 3, 4, 7, 500])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r"])
def test_a_last_line_without_its_end_counts_where_nothing_more_is_waited_for(wanted: int, end: bytes) -> None:
    disk = disk_of(A, B)
    disk.append(A, line(0) + line(1).rstrip(b"\n"))
    disk.append(B, line(2) + line(3) + line(4).rstrip(b"\n") + end)
    one = follower(disk, FromEnd(wanted, unended=True))
    came = numbers(one)
    came += [e.row.sequence for e in one.finish().entries]
    assert came == list(range(max(0, 5 - wanted), 5))
    assert one.finish().entries == ()


def test_the_last_line_of_a_file_that_is_not_the_newest_counts_without_its_end() -> None:
    disk = disk_of(A, B)
    disk.append(A, line(0) + line(1).rstrip(b"\n"))
    disk.append(B, line(2))
    assert numbers(follower(disk, FromEnd(2))) == [1, 2]


def test_the_last_lines_are_found_however_far_back_they_are() -> None:
    disk = disk_of(A, rows=6000)
    assert len(disk.files_by_name[A].data) > 2 * BLOCK
    assert numbers(follower(disk, FromEnd(5000))) == list(range(1000, 6000))


def test_where_it_begins_further_down_the_layout_is_read_from_the_head() -> None:
    fields = b"dateTime,puid,sessionId,seqNumber\n"
    disk = Disk()
    disk.make(A, fields + b"2026-01-08T10:00:00.000Z,p1,s,1\n2026-01-08T10:00:01.000Z,p2,s,2\n")
    offset = len(fields) + 32
    ((entry,), _) = drained(follower(disk, FromEnd(1)))
    assert (entry.offset, entry.row.session, entry.row.sequence) == (offset, "s", 2)
    assert entry.row.others == (("puid", "p2"),)
    assert not entry.row.assumed


def test_more_than_one_newer_file_is_read_in_order_and_a_late_last_line_is_not_lost() -> None:
    disk = disk_of(A)
    one = follower(disk)
    drained(one)
    disk.append(A, line(1))
    # What the writer appends after it was seen to have made another file, the last read before leaving finds.
    once: list[str] = []

    def late(what: str) -> None:
        if what == "read" and len(disk.files_by_name) == 3 and not once:
            once.append(what)
        elif what == "read" and once == ["read"]:
            once.append("appended")
            disk.append(A, line(2))

    disk.fail = late
    disk.make(C, HEADER + line(4))
    disk.make(B, HEADER + line(3))
    entries, notices = drained(one)
    assert [e.row.sequence for e in entries] == [1, 2, 3, 4]
    assert [e.file for e in entries] == [A, A, B, C]
    assert kinds(notices) == [Happened.ROLLED_OVER] * 2


def test_a_last_line_without_end_comes_when_its_file_is_left() -> None:
    disk = disk_of(A)
    one = follower(disk)
    disk.append(A, line(1).rstrip(b"\n"))
    assert numbers(one) == []
    disk.make(B, HEADER + line(2))
    assert numbers(one) == [1, 2]


def test_other_writers_files_are_not_ours() -> None:
    disk = disk_of(A)
    one = follower(disk)
    disk.make(named(1, "POP3BE"), HEADER + line(1))
    disk.make(named(1, "IMAP4"), HEADER + line(1))
    assert drained(one) == ([], [])


def test_hourly_files_after_a_daily_one_and_back() -> None:
    daily, hourly = "POP320260108-1.LOG", "POP32026010809-1.LOG"
    disk = Disk()
    disk.make(hourly, HEADER + line(1))
    one = follower(disk)
    assert numbers(one) == [1]
    disk.make(daily, HEADER + line(2))
    assert numbers(one) == [2]
    disk.append(daily, line(3))
    assert numbers(one) == [3]
    disk.make("POP32026010812-1.LOG", HEADER + line(4))
    assert numbers(one) == [4]


@pytest.mark.parametrize("now_there", [HEADER, HEADER + line(7), HEADER + b"".join(map(line, range(50, 90)))])
def test_a_replaced_or_shorter_file_is_read_from_its_beginning(now_there: bytes) -> None:
    disk = disk_of(A, rows=5)
    one = follower(disk)
    drained(one)
    disk.append(A, line(5)[:30])
    drained(one)
    disk.files_by_name[A].data[:] = now_there
    entries, notices = drained(one)
    assert kinds(notices) == [Happened.REPLACED]
    assert entries[0].row.problem, "the begun line of the old file is passed on as the broken line it is"
    assert len(entries) - 1 == now_there.count(b"stat")


def test_a_file_that_vanishes_unread_is_told_and_the_next_one_read() -> None:
    disk = disk_of(A)
    one = follower(disk)
    drained(one)
    disk.append(A, line(1) * 9000)
    one.step()
    disk.make(B, HEADER + line(2))
    disk.make(C, HEADER + line(3))
    one.step()
    del disk.files_by_name[A], disk.files_by_name[B]
    entries, notices = drained(one)
    assert [e.row.sequence for e in entries] == [None, 3]
    assert kinds(notices) == [Happened.SKIPPED, Happened.SKIPPED, Happened.ROLLED_OVER]
    assert A in notices[0].text
    assert "bytes or more are missing" in notices[0].text
    assert B in notices[1].text


def test_of_several_files_that_vanish_none_is_passed_over_in_silence() -> None:
    disk = disk_of(A, B, C, named(3))
    one = follower(disk)
    one.step()
    del disk.files_by_name[A], disk.files_by_name[C]
    skipped = [n.text for n in drained(one)[1] if n.kind is Happened.SKIPPED]
    assert skipped == [f"{name} was deleted before it could be read" for name in (A, C)]
    assert one.file == named(3)


def test_a_file_that_vanishes_after_its_end_was_read_is_not_skipped() -> None:
    disk = disk_of(A)
    one = follower(disk)
    disk.make(B)
    one.step()
    one.step()  # reaches the end of A, knowing B
    one.step()
    disk.files_by_name.pop(A, None)
    assert Happened.SKIPPED not in kinds(drained(one)[1])
    assert one.file == B


@pytest.mark.parametrize("no_folder", [False, True])
def test_without_any_file_the_first_one_is_waited_for_and_read_whole(no_folder: bool) -> None:
    disk = Disk(no_folder=no_folder)
    one = follower(disk, FromEnd(0))
    assert drained(one) == ([], [])
    assert drained(one) == ([], [])
    assert one.waits_for_a_file
    disk.no_folder = False
    disk.make(A, HEADER + line(1))
    assert numbers(one) == [1]
    assert not one.waits_for_a_file


def test_when_all_files_are_gone_the_next_one_is_waited_for() -> None:
    disk = disk_of(A, rows=1)
    one = follower(disk)
    drained(one)
    del disk.files_by_name[A]
    assert kinds(drained(one)[1]) == [Happened.SKIPPED]
    assert drained(one) == ([], [])
    disk.make(A, HEADER + line(5))
    entries, notices = drained(one)
    assert ([e.row.sequence for e in entries], kinds(notices)) == ([5], [Happened.REPLACED])
    del disk.files_by_name[A]
    drained(one)
    disk.make(B, HEADER + line(6))
    assert numbers(one) == [6]


def test_the_folder_is_listed_once_a_minute_for_what_the_reads_do_not_tell() -> None:
    disk, clock = disk_of(A), Clock()
    one = follower(disk, clock=clock)
    drained(one)
    disk.make(B, HEADER + line(1))
    disk.files_by_name[B].created = BEGAN - timedelta(days=1)  # its clock was set back
    assert numbers(one) == []
    clock.at += LIST_SECONDS
    assert numbers(one) == [1]


def test_a_failed_step_changes_nothing() -> None:
    disk = disk_of(A, rows=3)
    one = follower(disk)
    disk.fail = broken
    with pytest.raises(LogError):
        one.step()
    disk.fail = lambda _what: None
    one.step()
    disk.fail = broken
    for _ in range(3):
        with pytest.raises(LogError):
            one.step()
    disk.fail = lambda _what: None
    assert numbers(one) == [0, 1, 2]


@pytest.mark.parametrize("short", [0, 70_000])
def test_an_endless_line_is_cut_alike_however_it_comes(short: int) -> None:
    disk = disk_of(A)
    disk.short = short
    one = follower(disk)
    disk.append(A, b"x" * (2 * LINE_LIMIT + 5) + b"\n" + line(1))
    entries, _ = drained(one)
    assert [e.row.problem for e in entries] == [CUT, CUT_REST, CUT_REST, ""]
    assert [len(e.row.line) for e in entries[:3]] == [LINE_LIMIT, LINE_LIMIT, 5]
    assert [e.offset - entries[0].offset for e in entries[:3]] == [0, LINE_LIMIT, 2 * LINE_LIMIT]


def test_no_read_asks_for_more_than_a_block() -> None:
    disk = disk_of(A, rows=9000)
    drained(follower(disk, FromEnd(3)))
    drained(follower(disk))
    assert max(most for what, _, _, most in disk.asked if what == "read") == BLOCK


def test_one_named_file_is_read_alone_whatever_its_name() -> None:
    disk = Disk()
    disk.make("copied.txt", HEADER + line(1))
    disk.make(B, HEADER + line(2))
    one = Follower(disk, "folder", None, FromEnd(5), file="copied.txt", chain=False)
    assert numbers(one) == [1]
    del disk.files_by_name["copied.txt"]
    assert kinds(drained(one)[1]) == [Happened.SKIPPED]
    disk.make("copied.txt", HEADER + line(3))
    assert numbers(one) == [3]


def test_the_far_clock_is_measured_in_the_middle_of_the_read() -> None:
    disk, clock = disk_of(A, rows=1), Clock()
    disk.now = lambda: BEGAN

    def slow(_what: str) -> None:
        clock.at = BEGAN.timestamp() - 90.0

    clock.at = BEGAN.timestamp() - 92.0
    disk.fail = slow
    one = follower(disk, clock=clock)
    one.step()
    clock.at = BEGAN.timestamp() - 92.0
    measured = one.step().clock
    assert measured is not None
    assert (measured.ahead, measured.took) == (91.0, 2.0)


def test_how_far_behind_is_known() -> None:
    disk = disk_of(A)
    one = follower(disk)
    drained(one)
    disk.append(A, line(1) * 9000)
    assert one.step().hungry
    assert one.behind == len(disk.files_by_name[A].data) - one.offset > 0


def test_a_read_that_is_shorter_than_the_file_says_is_no_news() -> None:
    disk = disk_of(A, rows=3)
    one = follower(disk)
    drained(one)
    whole = disk.read

    def cut(name: str, offset: int, most: int) -> Chunk:
        found = whole(name, offset, most)
        return Chunk(found.data[:10], offset, found.length)

    disk.read = cut  # type: ignore[method-assign]
    assert drained(one) == ([], [])
    disk.read = whole  # type: ignore[method-assign]
    disk.append(A, line(3))
    assert numbers(one) == [3]
