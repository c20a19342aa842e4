"""What is let through, what is searched for, and which moment was typed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.poplog.names import Writer
from cockpit.poplog.parse import Parser
from cockpit.ui import log_times
from cockpit.ui.log_lens import Ends, Lens, Mailboxes, Needle, failed, of_monitoring, shortened
from cockpit.ui.log_times import TimeBase
from tests.ui.log_fakes import BAD_LOGIN, START, entries, raw

FRONT = entries([raw(START, 1, 0, "frank@corp.example", "stat")])[0]
BACK = entries([raw(START, 1, 0, "frank@corp.example", "stat")], writer=Writer.POP3BE)[0]
NAMELESS = entries([raw(START, 1, 0, "frank@corp.example", "stat")], writer=None)[0]
BAD = entries([raw(START, 1, 0, "", "pass", "*****", BAD_LOGIN)])[0]
BROKEN = entries([b"half a li"])[0]
PROBE = entries([raw(START, 1, 0, "HealthMailbox0af3@corp.example", "stat")])[0]
NAMING = entries([raw(START, 1, 0, "", "user", "HealthMailbox0af3@corp.example")])[0]
LOOPBACK = entries([raw(START, 1, 0, "", "OpenSession", client="127.0.0.1:50100")])[0]
ALL = (FRONT, BACK, NAMELESS, BAD, BROKEN, PROBE, NAMING, LOOPBACK)


@pytest.mark.parametrize(
    ("lens", "kept"),
    [
        (Lens(), ALL),
        (Lens(errors=True), (BAD, BROKEN)),
        (Lens(ends=Ends.BACK), (BACK, NAMELESS)),
        (Lens(ends=Ends.FRONT), tuple(e for e in ALL if e is not BACK)),
        (Lens(mailboxes=Mailboxes.ONLY), (PROBE, NAMING, LOOPBACK)),
        (Lens(mailboxes=Mailboxes.HIDE), (FRONT, BACK, NAMELESS, BAD, BROKEN)),
        (Lens(needle=Needle("FRANK")), (FRONT, BACK, NAMELESS)),
        (Lens(needle=Needle("FRANK", any_case=False)), ()),
        (Lens(needle=Needle("frank", inverse=True)), (BAD, BROKEN, PROBE, NAMING, LOOPBACK)),
        (Lens(needle=Needle("pass"), errors=True), (BAD,)),
        (Lens(errors=True, mailboxes=Mailboxes.HIDE, ends=Ends.FRONT), (BAD, BROKEN)),
    ],
)
def test_what_is_let_through(lens: Lens, kept: tuple[object, ...]) -> None:
    keeps = lens.keeper()
    assert tuple(e for e in ALL if keeps(e)) == kept
    assert lens.open is (lens == Lens())
    assert bool(lens.words()) is not lens.open


def test_toggles_go_round() -> None:
    lens = Lens()
    seen = []
    for _ in range(3):
        lens = lens.turned("mailboxes").turned("ends")
        seen.append((lens.mailboxes, lens.ends))
    assert seen == [(Mailboxes.ONLY, Ends.FRONT), (Mailboxes.HIDE, Ends.BACK), (Mailboxes.ALL, Ends.BOTH)]


def test_of_a_megabyte_of_pairs_the_beginning_is_judged() -> None:
    row = Parser().line(raw(START, 1, 0, "a", "retr", context="R=-ERR no;" + "k=v;" * 400_000))
    assert row is not None
    assert failed(row)
    assert len(shortened(row).context) < 30_000
    assert shortened(BAD.row) is BAD.row


def test_a_probe_is_known_by_its_user_its_words_or_the_loopback() -> None:
    assert [of_monitoring(e.row) for e in ALL] == [False] * 5 + [True] * 3
    v6 = entries([raw(START, 1, 0, "", "OpenSession", client="[::1]:50100")])[0]
    assert of_monitoring(v6.row)


@pytest.mark.parametrize(
    ("typed", "inverse", "text"), [("abc", False, "abc"), ("!abc", True, "abc"), ("a!", False, "a!")]
)
def test_needles(typed: str, inverse: bool, text: str) -> None:
    needle = Needle.typed(typed, True)
    assert needle == Needle(text, inverse, True)
    assert str(needle) == typed


def test_nothing_typed_is_no_needle() -> None:
    assert Needle.typed("", True) is None
    assert Needle.typed("!", True) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60), st.data())
def test_every_line_that_is_wanted_has_the_piece_in_its_file(line: bytes, data: st.DataObject) -> None:
    """``in_files`` is what a search in a file's bytes may rely on, whatever was made visible on the way."""
    row = Parser().line(b"2026-01-08T08:00:00.000Z," + line.replace(b"\n", b" ").replace(b"\r", b" "))
    if row is None or not row.line or "\\" in row.line:
        return
    start = data.draw(st.integers(0, len(row.line) - 1))
    needle = Needle(row.line[start : start + data.draw(st.integers(1, 12))], any_case=False)
    assert needle.test()(row.line)
    assert needle.in_files.encode() in b"2026-01-08T08:00:00.000Z," + line


LAST = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("14:05", datetime(2026, 1, 7, 14, 5, tzinfo=UTC)),
        ("14:05:30", datetime(2026, 1, 7, 14, 5, 30, tzinfo=UTC)),
        ("2026-01-08 14:05", datetime(2026, 1, 8, 14, 5, tzinfo=UTC)),
        ("2026-01-08T14:05:30.123Z", datetime(2026, 1, 8, 14, 5, 30, tzinfo=UTC)),
        ("2026-1-8", datetime(2026, 1, 8, tzinfo=UTC)),
        (" -10m ", LAST - timedelta(minutes=10)),
        ("-90s", LAST - timedelta(seconds=90)),
        ("- 2 h", LAST - timedelta(hours=2)),
        ("-999999d", None),
        ("25:00", None),
        ("2026-02-30", None),
        ("10m", None),
        ("", None),
        ("Z", None),
        ("noon", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    by = datetime(2026, 1, 7, 20, 0, tzinfo=UTC)
    assert log_times.typed(text, TimeBase.UTC, by, LAST) == moment


def test_local_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Rome")
    time.tzset()
    try:
        by = datetime(2026, 7, 7, 23, 0, tzinfo=UTC)  # already the 8th there
        assert log_times.typed("14:05", TimeBase.LOCAL, by, LAST) == datetime(2026, 7, 8, 12, 5, tzinfo=UTC)
        assert log_times.typed("14:05Z", TimeBase.LOCAL, by, LAST) == datetime(2026, 7, 7, 14, 5, tzinfo=UTC)
        assert log_times.shown(by, TimeBase.LOCAL, by, day=True) == "07-08 01:00:00.000"
        assert log_times.title(TimeBase.LOCAL, by) == "Time CEST"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_times_and_ages() -> None:
    at = datetime(2026, 1, 8, 8, 0, 0, 5_900, tzinfo=UTC)
    assert log_times.shown(at, TimeBase.UTC, at, day=False) == "08:00:00.005"
    assert log_times.shown(None, TimeBase.UTC, at, day=False) == ""
    ages = [log_times.age(s) for s in (0, 59.94, 61, 3_700, 90_000, -3)]
    assert ages == ["-0.0s", "-59.9s", "-1m01s", "-1h01m", "-1d01h", "+3.0s"]
