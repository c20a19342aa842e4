"""Spans of watching and the gaps between them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cockpit.fleet.snapshot import CollectorStatus, FleetSnapshot
from cockpit.fleet.watching import Span, gaps, heard, lengthened, merged, patience
from tests.fleet.builders import NOW, live

TIMES = st.integers(0, 50).map(float)
SPANS = st.lists(st.tuples(TIMES, TIMES).map(lambda t: Span(min(t), max(t))), max_size=8)


def test_the_newest_answer_of_any_server_counts() -> None:
    servers = {
        name: replace(live(name=name), last_success=NOW - timedelta(seconds=age))
        for name, age in (("EX01", 40), ("EX02", 5))
    }
    assert heard(FleetSnapshot(servers=servers)) == (NOW - timedelta(seconds=5)).timestamp()
    assert heard(FleetSnapshot()) is None


def test_patience_grows_with_the_interval() -> None:
    slow, quick = (FleetSnapshot(status=CollectorStatus(interval=each)) for each in (300.0, 5.0))
    assert patience(slow) == 930.0
    assert patience(quick) == 45.0


def test_a_watch_goes_on_while_answers_come_and_begins_anew_after_silence() -> None:
    first = lengthened(None, 100.0, 45.0)
    assert first == Span(100.0, 100.0)
    longer = lengthened(first, 140.0, 45.0)
    assert longer == Span(100.0, 140.0)
    assert lengthened(longer, 120.0, 45.0) == longer
    assert lengthened(longer, 186.0, 45.0) == Span(186.0, 186.0)


def test_what_two_cockpits_watched_is_no_gap() -> None:
    spans = [Span(0, 100), Span(90, 200), Span(400, 500)]
    assert gaps(spans, 50, 900) == (Span(200, 400), Span(500, 900))
    assert gaps(spans, 50, 520) == (Span(200, 400),)
    assert gaps([], 0, 100) == (Span(0, 100),)


@given(SPANS, TIMES, TIMES)
def test_a_moment_is_watched_or_in_a_gap_and_never_both(spans: list[Span], one: float, other: float) -> None:
    since, until = min(one, other), max(one, other)
    holes = gaps(spans, since, until, least=0.5)
    moment = since + 0.25
    while moment < until:
        watched = any(s.since <= moment <= s.until for s in spans)
        assert watched is not any(h.since < moment < h.until for h in holes)
        moment += 0.5


@given(SPANS)
def test_merged_spans_are_in_order_and_apart(spans: list[Span]) -> None:
    found = merged(spans)
    assert all(a.until < b.since for a, b in pairwise(found))
    assert {t for s in spans for t in (s.since, s.until)} >= {t for s in found for t in (s.since, s.until)}
