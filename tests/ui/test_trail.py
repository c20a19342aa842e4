"""Views looked at, as a browser keeps them; and the line of crumbs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cockpit.fleet.grouping import GroupBy
from cockpit.ui.crumbs import Lens, crumbs
from cockpit.ui.look import ASCII, UNICODE, plain, width
from cockpit.ui.trail import LONGEST, Sight, Trail
from cockpit.ui.view import Filter, Viewer
from tests.ui.fleets import NOW, demo_fleet

sights = st.builds(
    Sight, st.sampled_from(["", "a", "b"]), st.booleans(), st.sampled_from(GroupBy), st.just(("fleet",))
)
moves = st.one_of(sights, st.sampled_from(["back", "forward", "last"]))


def go(trail: Trail, move: Sight | str) -> Trail:
    if isinstance(move, Sight):
        return trail.visit(move)
    ways = {"back": trail.back, "forward": trail.forward, "last": trail.last}
    return ways[move]() or trail


@given(st.lists(moves, max_size=80))
def test_there_is_always_a_view_and_never_too_many(steps: list[Sight | str]) -> None:
    trail = Trail()
    for step in steps:
        before, trail = trail, go(trail, step)
        assert 0 <= trail.at < len(trail.sights) <= LONGEST
        assert 0 <= trail.before < len(trail.sights)
        if isinstance(step, Sight):
            assert trail.here == step
            assert trail is before or trail.forward() is None, "a new view drops what lay ahead"
        back = trail.back()
        if back is not None:
            returned = back.forward()
            assert returned is not None
            assert returned.here == trail.here
        last = trail.last()
        if last is not None:
            again = last.last()
            assert again is not None
            assert again.here == trail.here


def test_back_and_forward_and_there_and_back_again() -> None:
    trail = Trail().visit(Sight("a")).visit(Sight("b"))
    first = go(go(trail, "back"), "back")
    assert first.here == Sight()
    assert first.back() is None
    assert go(first, "last").here == Sight("a"), "the one that was on the screen before"
    assert go(go(first, "forward"), "forward").here == Sight("b")
    assert go(first, Sight("c")).sights == (Sight(), Sight("c"))
    assert Trail().last() is None
    assert trail.visit(Sight("b")) is trail


def test_where_the_cursor_was_is_kept_with_the_view() -> None:
    trail = Trail().left(("fleet", "dag:D", "EX01")).visit(Sight("a"))
    assert go(trail, "back").here.selection == ("fleet", "dag:D", "EX01")


# Crumbs

KEY = ("fleet", "dag:DAG01", "EX01", "POP", "PopCTPMonitor", "")


def line(key: tuple[str, ...], text: str = "", cells: int = 120) -> str:
    view = Viewer().fleet(demo_fleet(), NOW, Filter(text))
    lens = Lens(text, False, GroupBy.DAG, Trail())
    return plain(crumbs("CORP", key, view, lens, UNICODE, cells))


def test_crumbs_are_the_way_to_the_cursor() -> None:
    assert line(("fleet",)) == " CORP"
    assert line(KEY) == " CORP ▸ DAG01 (DAG) ▸ EX01 ▸ POP ▸ PopCTPMonitor"
    assert line(KEY, cells=30) == " … ▸ POP ▸ PopCTPMonitor"
    assert line(KEY, cells=5) == " PopCTPMonitor"
    assert line(KEY[:3], "ex01") == " CORP ▸ DAG01 (DAG) ▸ EX01 · ex01 · 5 of 110"


def test_crumbs_say_through_what_one_looks_and_fit() -> None:
    view = Viewer().fleet(demo_fleet(), NOW, Filter("ex0*", True), by=GroupBy.SITE)
    trail = Trail().visit(Sight("a")).visit(Sight("b")).back()
    assert trail is not None
    lens = Lens("ex0*", True, GroupBy.SITE, trail, "M")
    key = ("fleet", "site:Milano", "EX01")
    whole = plain(crumbs("CORP", key, view, lens, UNICODE, 200))
    for part in ("Milano (site)", "M shows all", "ex0*", "faults only", f"{view.shown} of 110", "by site"):
        assert part in whole
    assert whole.endswith("view 2 of 3")
    for cells in range(10, 200):
        assert width(crumbs("CORP", key, view, lens, ASCII, cells)) <= cells
    assert "view" not in plain(crumbs("CORP", key, view, lens, UNICODE, 60)), "the least needed goes first"
