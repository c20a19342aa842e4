"""What is news: pure, and whatever the order in which cockpits tell it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cockpit.fleet.sightings import Kind, Sighting
from cockpit.fleet.watching import Span
from cockpit.journal.timeline_records import Deed, Entry, Watch, away, away_since, past
from cockpit.journal.timeline_rules import REFRESH_SECONDS, State, judge, row_key, subject_key

SICK = Sighting(Kind.ALERT, "EX01", "POP", "PopCTPMonitor", "POP", "Unhealthy", 50.0, 60.0)
WELL = replace(SICK, value="Healthy", quiet=True)
SILENT = Sighting(Kind.REACH, "EX01", "", "", "", "unreachable", None, 60.0)


def test_the_first_value_is_news_only_where_it_is_not_well() -> None:
    assert judge(SICK, 60.0, None).new
    assert not judge(WELL, 60.0, None).new
    assert judge(WELL, 60.0, None).state == State("Healthy", 50.0, 60.0)


def test_a_change_names_what_was_before() -> None:
    judged = judge(SICK, 60.0, State("Healthy", 10.0, 20.0))
    assert (judged.new, judged.former, judged.state) == (True, "Healthy", State("Unhealthy", 50.0, 60.0))


def test_the_same_again_is_no_news_and_is_marked_as_seen_now_and_then() -> None:
    known = State("Unhealthy", 50.0, 60.0)
    assert judge(SICK, 90.0, known) == judge(SICK, 60.0, known)
    assert judge(SICK, 90.0, known).state is None
    later = 61.0 + REFRESH_SECONDS
    assert judge(SICK, later, known).state == State("Unhealthy", 50.0, later)


def test_a_newer_time_of_the_same_value_is_a_change() -> None:
    assert judge(replace(SICK, at=70.0), 80.0, State("Unhealthy", 50.0, 60.0)).new


def test_an_older_view_adds_its_row_but_not_the_state() -> None:
    judged = judge(SICK, 60.0, State("Healthy", 90.0, 95.0))
    assert (judged.new, judged.former, judged.state) == (True, "", None)


def test_who_began_to_look_just_before_a_change_adds_nothing_when_late() -> None:
    late = replace(WELL, at=10.0, first=True)
    assert not judge(late, 60.0, State("Unhealthy", 50.0, 62.0)).new
    assert judge(late, 64.0, State("Unhealthy", 50.0, 62.0)).new


def test_without_a_time_an_older_view_says_nothing() -> None:
    assert not judge(SILENT, 60.0, State("live", None, 70.0)).new
    assert judge(SILENT, 80.0, State("live", None, 70.0)).new
    assert not judge(SILENT, 80.0, State("unreachable", None, 70.0)).new


def test_a_time_that_is_learnt_later_is_no_change() -> None:
    judged = judge(SICK, 80.0, State("Unhealthy", None, 70.0))
    assert (judged.new, judged.state) == (False, State("Unhealthy", 50.0, 80.0))


def test_keys_are_the_same_for_everybody_and_of_one_environment() -> None:
    other = replace(SICK, server="ex01", seen=99.0, detail="other words")
    assert row_key("prod", SICK, 60.0) == row_key("prod", other, 99.0)
    assert row_key("prod", SICK, 60.0) != row_key("test", SICK, 60.0)
    assert row_key("prod", SICK, 60.0) != row_key("prod", replace(SICK, value="Degraded"), 60.0)
    assert row_key("prod", SICK, 60.0) != row_key("prod", replace(SICK, at=51.0), 60.0)
    assert subject_key("prod", SICK) == subject_key("prod", replace(other, value="Healthy"))


@given(st.data())
def test_whoever_tells_first_the_rows_are_the_same(data: st.DataObject) -> None:
    """One truth, several cockpits that each saw some of it, told in any order."""
    values = data.draw(
        st.lists(st.sampled_from(["Healthy", "Degraded", "Unhealthy"]), min_size=1, max_size=6)
    )
    truth = [replace(SICK, value=v, at=float(10 * n), quiet=False) for n, v in enumerate(values)]
    told = [
        replace(each, seen=(each.at or 0.0) + data.draw(st.floats(0.0, 9.0)))
        for each in data.draw(st.lists(st.sampled_from(truth), min_size=1, max_size=20))
    ]
    rows: set[str] = set()
    known: State | None = None
    for each in told:
        judged = judge(each, each.seen, known)
        known = judged.state or known
        if judged.new:
            rows.add(row_key("prod", each, each.seen))
    assert rows == {row_key("prod", each, 0.0) for each in told}
    assert known is not None
    assert known.value == max(told, key=lambda e: e.seen).value


# The past and the time away


def watch(since: float, until: float, operator: str = "ann", process: str = "a", ended: bool = True) -> Watch:
    return Watch(since, until, operator, "here", process, ended)


def entry(at: float, kind: str = "alert", server: str = "EX01", **more: object) -> Entry:
    return Entry(at, kind, server, **{"seen_at": at, **more})  # type: ignore[arg-type]


def test_gaps_stand_among_the_entries_newest_first() -> None:
    found = past([entry(150.0), entry(700.0)], [watch(100, 200), watch(600, 1000)], 100, 1000)
    assert [(e.kind, e.at, e.until) for e in found.entries] == [
        ("alert", 700.0, None),
        (Deed.UNWATCHED, 200, 600),
        ("alert", 150.0, None),
    ]
    assert found.unwatched == (Span(200, 600),)


def test_gaps_before_what_was_cut_off_are_cut_off_too() -> None:
    found = past([entry(700.0)], [watch(600, 1000)], 100, 1000, cut=True)
    assert found.unwatched == ()


def test_away_begins_where_the_operators_own_last_watch_ended() -> None:
    mine = [watch(0, 100), watch(200, 300, process="b"), watch(200, 900, "bob", "c")]
    assert away_since(mine, "ann", "now", 1000) == 300
    assert away_since(mine, "eve", "now", 1000) is None
    assert away_since([watch(0, 950, ended=False)], "ann", "now", 1000) is None
    assert away_since([watch(0, 500, ended=False)], "ann", "now", 1000) == 500
    assert away_since([watch(0, 950)], "ann", "now", 1000) == 950
    assert away_since([watch(0, 950)], "ann", "a", 1000) is None


def test_away_counts_what_nobody_had_seen_and_what_others_did() -> None:
    entries = [
        entry(290.0, seen_at=320.0),
        entry(280.0, seen_at=290.0),
        entry(400.0, server="ex01"),
        entry(250.0, "action", "EX02", seen_at=900.0),
        entry(500.0, "action", "EX02"),
        entry(600.0, "run", "EX03", by="bob", run="r1"),
        entry(610.0, "run", "EX03", by="bob", run="r1"),
        entry(650.0, "run", "EX04", by="ann", run="r2"),
        entry(660.0, "probe", "EX05"),
    ]
    found = away(300, 1000, entries, [watch(0, 300), watch(700, 1000)], "ann")
    assert (found.changes, found.actions, found.runs, found.servers) == (2, 1, 1, 3)
    assert found.unwatched == (Span(300, 700),)
