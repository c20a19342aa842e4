"""Several logs on their threads: what comes out, what is said, and that no log ends another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from cockpit.poplog import follow, polling, tailing
from cockpit.poplog.beginning import BLOCK
from cockpit.poplog.errors import RefusedError
from cockpit.poplog.feed import Batch, Happened
from cockpit.poplog.follow import Follower, Step
from cockpit.poplog.merge import Merger
from cockpit.poplog.names import Writer
from cockpit.poplog.ring import weigh
from cockpit.poplog.tailing import Followed, Tailing
from tests.poplog.disk import EVERYTHING, HEADER, Disk, broken, line, named
from tests.support.waiting import eventually

A, B = named(0), named(1)
LONG = 20.0


class Heard:
    """What came out. ``gate``: closed, whoever hands out waits."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, batch: Batch) -> None:
        self.gate.wait(LONG)
        self.batches.append(batch)

    @property
    def numbers(self) -> list[int | None]:
        return [e.row.sequence for b in self.batches for e in b.entries]

    @property
    def kinds(self) -> list[Happened]:
        return [n.kind for b in self.batches for n in b.notices]

    def problem(self, server: str) -> str:
        states = [s for b in self.batches for s in b.streams if s.server == server]
        return states[-1].problem if states else "?"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BUSY_SECONDS", "IDLE_SECONDS", "FIRST_RETRY"):
        monkeypatch.setattr(polling, name, 0.01)
    monkeypatch.setattr(tailing, "BATCH_SECONDS", 0.01)


@contextmanager
def followed(heard: Heard, *disks: Disk, hold: float = 0.2) -> Iterator[Tailing]:
    tail = Tailing([Followed(d, d.name, (Writer.POP3,), EVERYTHING) for d in disks], heard, hold=hold)
    thread = threading.Thread(target=tail.run)
    thread.start()
    try:
        yield tail
    finally:
        heard.gate.set()
        tail.stop()
        thread.join(LONG)
        assert not thread.is_alive()


def disk_of(name: str, *rows: int) -> Disk:
    disk = Disk(name)
    disk.make(A, HEADER + b"".join(map(line, rows)))
    return disk


def test_rows_of_several_servers_come_in_order_of_time() -> None:
    heard, one, two = Heard(), disk_of("EX01", 1, 3, 5), disk_of("EX02", 2, 4, 6)
    with followed(heard, one, two, hold=LONG):
        eventually(lambda: len(heard.numbers) >= 6, LONG, "six rows")
        # Rows bear the time they are written at: only then can a read that began later vouch for them.
        one.append(A, line(7, datetime.now(UTC)))
        two.append(A, line(8, datetime.now(UTC)))
        eventually(lambda: len(heard.numbers) >= 8, LONG, "eight rows")
    assert heard.numbers == [1, 2, 3, 4, 5, 6, 7, 8]
    assert one.closed
    assert two.closed


def test_clocks_that_are_wrong_do_not_change_the_order() -> None:
    ahead = timedelta(minutes=7)
    began = datetime.now(UTC) - timedelta(seconds=30)
    heard, one, two = Heard(), Disk("EX01"), Disk("EX02")
    one.now, two.now = lambda: datetime.now(UTC) + ahead, lambda: datetime.now(UTC)
    one.make(A, HEADER + line(1, began + ahead) + line(3, began + ahead + timedelta(seconds=10)))
    two.make(A, HEADER + line(2, began + timedelta(seconds=5)))
    with followed(heard, one, two, hold=LONG):
        eventually(lambda: len(heard.numbers) >= 3, LONG, "three rows")
    assert heard.numbers == [1, 2, 3]
    offsets = {s.server: s.clock_offset for b in heard.batches for s in b.streams}
    assert offsets["EX01"] == pytest.approx(420, abs=5)
    assert offsets["EX02"] == pytest.approx(0, abs=5)


def test_a_lost_server_is_told_once_does_not_hold_the_others_up_and_comes_back_whole() -> None:
    heard, one, two = Heard(), disk_of("EX01"), disk_of("EX02")
    with followed(heard, one, two, hold=LONG):
        eventually(lambda: heard.problem("EX02") == "", LONG, "both read")
        two.fail = broken
        eventually(lambda: Happened.LOST in heard.kinds, LONG, "a notice")
        assert "the connection broke" in heard.problem("EX02")
        one.append(A, line(1))
        two.append(A, line(2))
        eventually(lambda: heard.numbers == [1], LONG, "the other's row")
        two.fail = lambda _what: None
        eventually(lambda: heard.numbers == [1, 2], LONG, "the row of the time between")
        assert heard.problem("EX02") == ""
    assert heard.kinds == [Happened.LOST, Happened.BACK]


def test_who_refuses_is_not_asked_again() -> None:
    heard, one, two = Heard(), disk_of("EX01", 1), disk_of("EX02")

    def refuse(_what: str) -> None:
        raise RefusedError("EX02 lets nobody in", cure="Ask for the right.")

    two.fail = refuse
    with followed(heard, one, two):
        eventually(lambda: Happened.LOST in heard.kinds, LONG, "a notice")
        asked = len(two.asked)
        one.append(A, line(2))
        eventually(lambda: heard.numbers == [1, 2], LONG, "the other's rows")
        assert len(two.asked) == asked
        assert heard.problem("EX02") == "EX02 lets nobody in. Ask for the right"


def test_when_nobody_is_left_to_be_read_it_ends() -> None:
    disk, heard = disk_of("EX01"), Heard()

    def refuse(_what: str) -> None:
        raise RefusedError("no")

    disk.fail = refuse
    Tailing([Followed(disk, "EX01", (Writer.POP3,))], heard).run()
    assert heard.kinds == [Happened.LOST]


def test_a_defect_is_no_silence(caplog: pytest.LogCaptureFixture) -> None:
    disk, heard = disk_of("EX01"), Heard()

    def defect(_what: str) -> None:
        raise ZeroDivisionError("ours")

    disk.fail = defect
    Tailing([Followed(disk, "EX01", (Writer.POP3,))], heard).run()
    assert "ZeroDivisionError" in heard.problem("EX01")
    assert "reading the logs of EX01 failed" in caplog.text


def test_no_log_file_is_a_problem_until_there_is_one() -> None:
    disk, heard = Disk("EX01"), Heard()
    with followed(heard, disk):
        eventually(lambda: "is protocol logging on" in heard.problem("EX01"), LONG, "the problem")
        disk.make(A, HEADER + line(1))
        eventually(lambda: heard.numbers == [1], LONG, "its row")
        assert heard.problem("EX01") == ""
    assert heard.kinds == []


def test_once_hands_out_all_there_is_and_ends() -> None:
    one, two, heard = disk_of("EX01", *range(0, 9000, 2)), disk_of("EX02", *range(1, 9000, 2)), Heard()
    two.make(B, HEADER + line(9000))
    Tailing(
        [Followed(d, d.name, (Writer.POP3, Writer.POP3BE), EVERYTHING) for d in (one, two)],
        heard,
        once=True,
    ).run()
    assert heard.numbers == list(range(9001))
    assert max(len(b.entries) for b in heard.batches) <= tailing.BATCH_ROWS


def test_once_a_server_that_answers_late_does_not_change_the_order() -> None:
    one, two, heard = disk_of("EX01", 1, 3, 5), disk_of("EX02", 2, 4, 6), Heard()
    followed_ = [Followed(d, d.name, (Writer.POP3,), EVERYTHING) for d in (one, two)]
    tail = Tailing(followed_, heard, once=True, hold=0.0)

    def late(_what: str) -> None:
        eventually(lambda: one.closed and not tail._news, LONG, "all that the first one said was looked at")

    two.fail = late
    tail.run()
    assert heard.numbers == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("short", [0, 700, 300])
def test_once_more_rows_than_may_be_held_come_in_order(monkeypatch: pytest.MonkeyPatch, short: int) -> None:
    monkeypatch.setattr(tailing, "HELD_ROWS", 50)
    heard, disks = Heard(), [disk_of(f"EX0{n}", *range(n, 3000, 3)) for n in range(3)]
    if short:
        monkeypatch.setattr(follow, "BLOCK", short)
    held: list[int] = []
    add = Merger.add

    def watched(self: Merger, *arguments: object) -> None:
        add(self, *arguments)  # type: ignore[arg-type]
        held.append(self.held)

    monkeypatch.setattr(Merger, "add", watched)
    Tailing([Followed(d, d.name, (Writer.POP3,), EVERYTHING) for d in disks], heard, once=True).run()
    assert heard.numbers == list(range(3000))
    assert max(held) < 3000 or not short


@pytest.mark.parametrize("short", [0, 700, 300])
def test_once_the_logs_of_one_server_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    monkeypatch.setattr(tailing, "HELD_ROWS", 50)
    heard, disk = Heard(), disk_of("EX01", *range(0, 2000, 2))
    if short:
        monkeypatch.setattr(follow, "BLOCK", short)
    disk.make(named(0, "POP3BE"), HEADER + b"".join(map(line, range(1, 2000, 2))))
    Tailing([Followed(disk, "EX01", (Writer.POP3, Writer.POP3BE), EVERYTHING)], heard, once=True).run()
    for rest in (0, 1):
        assert [n for n in heard.numbers if n is not None and n % 2 == rest] == list(range(rest, 2000, 2))


def test_once_a_log_that_cannot_be_read_is_not_waited_for() -> None:
    one, two, heard = disk_of("EX01", 1), disk_of("EX02"), Heard()
    two.fail = broken
    Tailing([Followed(d, d.name, (Writer.POP3,), EVERYTHING) for d in (one, two)], heard, once=True).run()
    assert heard.numbers == [1]
    assert heard.kinds == [Happened.LOST]


def test_while_nobody_takes_no_more_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    add = Merger.add

    def watched(self: Merger, *arguments: object) -> None:
        add(self, *arguments)  # type: ignore[arg-type]
        held.append(self.held)

    monkeypatch.setattr(Merger, "add", watched)
    monkeypatch.setattr(tailing, "HELD_ROWS", 10)
    heard, disk = Heard(), disk_of("EX01", *range(500))
    monkeypatch.setattr(follow, "BLOCK", 300)
    heard.gate.clear()
    with followed(heard, disk):
        eventually(lambda: max(held, default=0) >= 10, LONG, "as many as may be held")
        with pytest.raises(AssertionError):
            eventually(lambda: max(held) > 15, 0.3, "more than that")
        heard.gate.set()
        eventually(lambda: len(heard.numbers) == 500, LONG, "all rows")
    assert heard.numbers == list(range(500))


@pytest.mark.parametrize("once", [False, True])
def test_few_long_rows_are_as_many_as_may_be_held(monkeypatch: pytest.MonkeyPatch, once: bool) -> None:
    long = 100_000
    held: list[int] = []
    add = Merger.add

    def watched(self: Merger, *arguments: object) -> None:
        add(self, *arguments)  # type: ignore[arg-type]
        held.append(self.weight)

    monkeypatch.setattr(Merger, "add", watched)
    monkeypatch.setattr(tailing, "HELD_BYTES", 10 * long)
    monkeypatch.setattr(tailing, "BATCH_BYTES", 5 * long)
    heard, disk = Heard(), Disk("EX01")
    rows = (line(n).rstrip(b"\n") + b" " * long + b"\n" for n in range(60))
    disk.make(A, HEADER + b"".join(rows))
    if once:
        Tailing([Followed(disk, "EX01", (Writer.POP3,), EVERYTHING)], heard, once=True).run()
    else:
        with followed(heard, disk):
            eventually(lambda: len(heard.numbers) == 60, LONG, "all rows")
    assert heard.numbers == list(range(60))
    assert max(held) < 10 * long + 3 * BLOCK, "a step more than may be held at most"
    assert max(sum(map(weigh, b.entries)) for b in heard.batches) <= 5 * long


def test_trying_again_is_slower_each_time_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    disk, hub = disk_of("EX01"), _Hub()
    disk.fail = broken
    clock = [100.0]
    log = polling.Log(0, Follower(disk, "EX01", Writer.POP3))
    poller = polling.Poller(disk, [log], hub, threading.Event(), steady=lambda: clock[0])
    pauses = []
    for _ in range(8):
        asked = len(disk.asked)
        pauses.append(poller.round())
        assert len(disk.asked) == asked + 1
        clock[0] += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert hub.said == [Happened.LOST]


def test_a_round_is_quick_while_lines_come_and_then_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    disk, hub = disk_of("EX01"), _Hub()
    log = polling.Log(0, Follower(disk, "EX01", Writer.POP3, EVERYTHING))
    poller = polling.Poller(disk, [log], hub, threading.Event(), steady=lambda: 0.0)
    pauses = [poller.round() for _ in range(6)]
    assert pauses == [0.5, 0.75, 1.125, 1.6875, 2, 2]
    disk.append(A, line(1))
    assert poller.round() == 0.5


class _Hub:
    def __init__(self) -> None:
        self.said: list[Happened | None] = []

    def take(self, log: int, step: Step) -> None:
        pass

    def trouble(self, log: int, problem: str, kind: Happened | None, text: str) -> None:
        self.said.append(kind)
