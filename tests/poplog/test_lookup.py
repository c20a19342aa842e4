"""A probe's session out of big and many files, by reading little."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.poplog import lookup
from cockpit.poplog.correlate import Window
from cockpit.poplog.lookup import Looked, look
from cockpit.poplog.names import Writer
from tests.poplog.logs import START, USER, line, proxied
from tests.poplog.sources import Folder, log

HOUR = timedelta(hours=1)


def crowd(at: datetime, count: int, apart: timedelta = timedelta(milliseconds=50)) -> list[str]:
    """Rows of customers, one after the other."""
    return [
        line(0, "stat", session=f"{n:016x}", at=at + n * apart, user=f"user{n % 97}", context="R=ok")
        for n in range(count)
    ]


def window(at: datetime = START, seconds: float = 1.0) -> Window:
    return Window(at, at + timedelta(seconds=seconds))


def hourly(hours: int, at: datetime = START) -> dict[str, bytes]:
    """A quiet day: a file an hour, a row a minute."""
    found = {}
    for n in range(hours):
        begins = at + n * HOUR
        found[f"POP3{begins:%Y%m%d%H}-1.LOG"] = log(crowd(begins, 60, timedelta(minutes=1)))
    return found


def targets(found: Looked) -> list[str]:
    return [s.target.host for s in found.sessions if s.target is not None]


def test_a_session_among_a_million_rows_bytes() -> None:
    """20 MB of log, of which about 0.2 are read; the whole session comes, its first rows too."""
    rows = crowd(START, 200_000)
    at = START + timedelta(hours=1)
    here = next(n for n, r in enumerate(rows) if r > at.strftime("%Y-%m-%dT%H:%M:%S"))
    rows[here:here] = proxied("EX02", at=at, session="ffff000000000001")
    folder = Folder({"POP320260108-1.LOG": log(rows)})
    found = look(folder, Writer.POP3, window(at), "HealthMailbox")
    assert targets(found) == ["EX02"]
    assert len(found.sessions[0].entries) == 5
    assert found.begins == START
    assert found.newest is not None
    assert found.newest > at + HOUR
    size = len(folder.data["POP320260108-1.LOG"])
    assert sum(a for a in folder.asked if isinstance(a, int)) < size / 10


def test_a_busy_time_is_searched_on_the_far_side() -> None:
    rows = crowd(START, 20_000, timedelta(milliseconds=10))
    at = START + timedelta(seconds=100)
    rows[10_000:10_000] = proxied("EX02", at=at, session="ffff000000000001")
    folder = Folder({"POP320260108-1.LOG": log(rows)})
    found = look(folder, Writer.POP3, window(at), "healthMAILBOX")
    assert targets(found) == ["EX02"]
    assert len(found.sessions[0].entries) == 5
    assert [a for a in folder.asked if isinstance(a, str)] == ["healthMAILBOX", "ffff000000000001"]


@pytest.mark.parametrize("hour", [0, 1, 11, 22, 23])
def test_the_file_is_found_by_what_is_in_it(hour: int) -> None:
    files = hourly(24)
    at = START + hour * HOUR + timedelta(minutes=30)
    name = sorted(files)[hour]
    rows = crowd(START + hour * HOUR, 60, timedelta(minutes=1))
    rows[31:31] = proxied("EX02", at=at)
    files[name] = log(rows)
    found = look(Folder(files), Writer.POP3, window(at), USER)
    assert targets(found) == ["EX02"]
    assert found.files == (name,)
    assert found.begins is not None
    assert found.begins <= at
    assert found.newest is not None
    assert found.newest >= at + timedelta(minutes=29)


def test_a_session_over_midnight_is_whole() -> None:
    at = START + HOUR - timedelta(milliseconds=250)
    rows = proxied("EX02", at=at, session="ffff000000000001")
    files = {
        "POP32026010808-1.LOG": log([*crowd(START, 100), *rows[:2]]),
        "POP32026010809-1.LOG": log([*rows[2:], *crowd(START + HOUR, 3)]),
    }
    found = look(Folder(files), Writer.POP3, window(at), USER)
    assert [len(s.entries) for s in found.sessions] == [5]
    assert found.files == tuple(files)


def test_the_other_writers_files_are_left_alone() -> None:
    files = {"POP3BE2026010808-1.LOG": log(proxied("EX02")), "IMAP42026010808-1.LOG": log(proxied("EX03"))}
    assert look(Folder(files), Writer.POP3, window(), USER) == Looked()


def test_files_without_rows_and_files_that_went_are_no_hindrance() -> None:
    files = hourly(9)
    at = START + 4 * HOUR + timedelta(minutes=5)
    files[sorted(files)[4]] = log([*proxied("EX02", at=at), *crowd(at + HOUR / 2, 1)])
    files["POP32026010807-1.LOG"] = b""
    files["POP32026010812-2.LOG"] = log([])
    folder = Folder(files, gone={"POP32026010806-1.LOG", sorted(files)[2]})
    folder.data["POP32026010806-1.LOG"] = b""
    found = look(folder, Writer.POP3, window(at), USER)
    assert targets(found) == ["EX02"]


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [r for n in range(9) for r in proxied("EX02", session=f"{n:016x}", at=START)]
    folder = Folder({"POP320260108-1.LOG": log(rows)})
    monkeypatch.setattr(lookup, "MOST_SESSIONS", 4)
    found = look(folder, Writer.POP3, window(), USER)
    assert found.problem == "only 4 of 9 sessions were read"
    monkeypatch.setattr(lookup, "MOST_SESSIONS", 60)
    assert look(folder, Writer.POP3, window(), USER).problem == ""
    monkeypatch.setattr(lookup, "_AT_ONCE", 0)
    monkeypatch.setattr(lookup, "MOST_LINES", 7)
    found = look(folder, Writer.POP3, window(), USER)
    assert found.problem == "POP320260108-1.LOG has more such lines than were read"


def test_a_megabyte_in_one_line_is_no_hindrance() -> None:
    at = START + timedelta(minutes=50)
    rows = crowd(START, 72_000)
    rows.insert(100, line(0, "user", parameters="x" * 3_000_000, at=START + timedelta(seconds=5)))
    here = next(n for n, r in enumerate(rows) if n > 100 and r > at.strftime("%Y-%m-%dT%H:%M:%S"))
    rows[here:here] = [*proxied("EX02", at=at), "\x1b]0;gotcha\x07" * 1000, "no row at all"]
    found = look(Folder({"POP320260108-1.LOG": log(rows)}), Writer.POP3, window(at), USER)
    assert targets(found) == ["EX02"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 3600), min_size=1, max_size=200),
    st.integers(0, 3600),
    st.integers(1, 4),
    st.booleans(),
)
def test_wherever_the_session_is(seconds: list[int], at: int, files: int, searched: bool) -> None:
    """Rows at any times, cut into files anywhere: the session is found, and found whole."""
    moment = START + timedelta(seconds=at)
    rows = sorted(
        [
            *(
                line(0, "stat", session=f"{n:016x}", at=START + timedelta(seconds=s), parameters="x" * 900)
                for n, s in enumerate(seconds)
            ),
            *proxied("EX02", at=moment, session="ffff000000000001"),
        ],
        key=lambda r: r.split(",")[0],
    )
    size = -(-len(rows) // files)
    parts = [rows[n : n + size] for n in range(0, len(rows), size)]
    folder = Folder({f"POP320260108-{n + 1}.LOG": log(part) for n, part in enumerate(parts)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup, "_ENOUGH", 2048)
        if searched:
            patch.setattr(lookup, "_AT_ONCE", 0)
        found = look(folder, Writer.POP3, window(moment), USER)
    assert [len(s.entries) for s in found.sessions] == [5]
    assert targets(found) == ["EX02"]
