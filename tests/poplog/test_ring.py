"""Followed lines in memory: a ceiling, a count of what went, anchors that stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.poplog.document import Document, Entry
from cockpit.poplog.parse import Parser
from cockpit.poplog.ring import Ring, weigh
from tests.poplog.disk import BEGAN, line
from tests.poplog.localfiles import climbed, walked


def _entry(number: int, padding: int = 0) -> Entry:
    row = Parser().line(line(number, BEGAN + timedelta(seconds=number)).strip() + b"x" * padding)
    assert row is not None
    return Entry("EX01", None, "f", number, row)


def _numbers(found: list[tuple[int, Entry]]) -> list[int | None]:
    return [entry.row.sequence for _, entry in found]


def test_the_oldest_lines_go_and_are_counted() -> None:
    ring = Ring(lines=100)
    document: Document = ring
    assert ring.append(_entry(n) for n in range(60)) == 0
    assert ring.append([_entry(n) for n in range(60, 130)]) == 30
    assert (len(ring), ring.dropped) == (100, 30)
    assert ring.append([_entry(n) for n in range(130, 900)]) == 770
    assert (len(ring), ring.dropped) == (100, 800)
    assert [entry.row.sequence for entry in walked(document)] == list(range(800, 900))
    assert [entry.row.sequence for entry in climbed(document)] == list(range(800, 900))


def test_a_ceiling_in_bytes_counts_what_lines_take_and_keeps_the_newest_whole() -> None:
    ring = Ring(size=100_000)
    ring.append(_entry(n) for n in range(500))
    assert ring.weight == sum(weigh(entry) for _, entry in ring.down(ring.start(), 999)) <= 100_000
    assert 30 < len(ring) < 100
    ring.append([_entry(500, padding=1_000_000)])
    assert len(ring) == 1
    assert len(ring.down(ring.start(), 1)[0][1].row.line) > 1_000_000
    assert ring.dropped == 500
    ring.append([_entry(501)])
    assert [entry.row.sequence for entry in walked(ring)] == [501]
    with pytest.raises(ValueError, match="at least one"):
        Ring(lines=0)


def test_anchors_stay_while_lines_go() -> None:
    ring = Ring(lines=10)
    ring.append(_entry(n) for n in range(10))
    fifth = ring.down(ring.start(), 5)[-1][0]
    first = ring.start()
    ring.append([_entry(10), _entry(11)])
    assert _numbers(ring.down(fifth, 2)) == [5, 6]
    assert _numbers(ring.up(fifth, 9)) == [4, 3, 2]
    assert _numbers(ring.down(first, 1)) == [2]  # what it pointed at went: the oldest there is
    assert ring.fraction(fifth) == 0.3
    ring.append(_entry(n) for n in range(12, 40))
    assert _numbers(ring.down(fifth, 1)) == [30]
    assert (ring.fraction(fifth), ring.fraction(ring.end())) == (0.0, 1.0)


@given(batches=st.lists(st.integers(0, 30), max_size=12), lines=st.integers(1, 25), at=st.integers(0, 300))
def test_it_always_holds_the_last_lines(batches: list[int], lines: int, at: int) -> None:
    ring, total = Ring(lines), 0
    for size in batches:
        ring.append(_entry(n) for n in range(total, total + size))
        total += size
        held = list(range(max(0, total - lines), total))
        assert [entry.row.sequence for entry in walked(ring, 4)] == held
        assert ring.dropped + len(ring) == total == ring.end()
        assert _numbers(ring.down(at, 3)) == [n for n in held if n >= at][:3]
        assert _numbers(ring.up(at, 3)) == [n for n in held if n < at][::-1][:3]


def test_searching_both_ways() -> None:
    ring = Ring()
    ring.append(_entry(n) for n in range(1000))

    def even(entry: Entry) -> bool:
        return (entry.row.sequence or 0) % 2 == 0

    middle = ring.at_time(BEGAN + timedelta(seconds=500))
    assert _numbers(ring.down(middle, 1)) == [500]
    for text, any_case, back, expected in (
        ("", False, False, 500),
        ("", False, True, 498),
        (",60", False, False, 600),
        (",40", False, True, 408),
        ("FRANK", True, False, 500),
        ("FRANK", False, False, None),
    ):
        found = ring.seek(middle, even, text=text, any_case=any_case, back=back)
        assert (found[1].row.sequence if found else None) == expected
        if found:
            assert ring.down(found[0], 1)[0][1] is found[1]
    assert ring.seek(middle, even, stop=lambda: True) is None


def test_a_time_is_looked_for_among_lines_that_came_late() -> None:
    ring = Ring()
    ring.append([_entry(5), _entry(9), _entry(7), _entry(12)])
    torn = Parser().line(b"torn")
    assert torn is not None
    ring.append([Entry("EX01", None, "f", 0, torn), _entry(20)])
    for second, expected in ((0, [5]), (6, [9]), (10, [12]), (13, [20]), (21, [])):
        assert _numbers(ring.down(ring.at_time(BEGAN + timedelta(seconds=second)), 1)) == expected
