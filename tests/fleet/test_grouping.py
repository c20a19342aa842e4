"""By what servers stand together, and what the filter box offers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.exchange.model import Version
from cockpit.fleet.bookmarks import Bookmarks, Place
from cockpit.fleet.completing import complete
from cockpit.fleet.filtering import FilterError, parse
from cockpit.fleet.grouping import GroupBy, group_of, rank
from cockpit.fleet.rollup import server_state
from cockpit.fleet.states import State
from cockpit.ui.view import Filter, Viewer
from tests.ui.fleets import NOW, demo_fleet, server

FLEET = demo_fleet()
MARKS = Bookmarks({"a": Place("EX01"), "b": Place("EX02", "POP")})


@pytest.mark.parametrize("by", GroupBy)
def test_every_server_is_in_one_group_whose_state_is_its_worst(by: GroupBy) -> None:
    view = Viewer().fleet(FLEET, NOW, Filter(), by=by)
    names = [s.name for g in view.groups for s in g.servers]
    assert sorted(names) == sorted(FLEET.servers)
    for group in view.groups:
        faults = [s for s in group.servers if s.state.is_fault]
        assert group.faulty == len(faults)
        assert group.total == len(group.servers)
        if faults:
            assert group.state is min((s.state for s in faults), key=lambda s: s.value)
        assert all(leaf.key[:2] == group.key for s in group.servers for leaf in s.leaves)


def test_groups_in_order_and_by_name() -> None:
    def titles(by: GroupBy) -> list[str]:
        return [g.title for g in Viewer().fleet(FLEET, NOW, Filter(), by=by).groups]

    assert titles(GroupBy.DAG) == ["DAG01 (DAG)", "DAG02 (DAG)", "DAG03 (DAG)", "Torino (site)"]
    assert titles(GroupBy.SITE) == ["Bari (site)", "Milano (site)", "Roma (site)", "Torino (site)"]
    assert titles(GroupBy.VERSION) == ["2013 (version)", "2016 (version)", "2019 (version)"]
    states = titles(GroupBy.STATE)
    assert states[0] == "Unhealthy (state)"
    assert states[-1] == "Healthy (state)"
    order = [State[s.removesuffix(" (state)").upper().replace(" ", "_")].value for s in states]
    assert order == sorted(order)


def test_a_server_in_no_dag_has_a_group_by_its_site() -> None:
    alone = server("EX90", site="")
    assert group_of(alone, State.HEALTHY, GroupBy.DAG) == ("site:", "unknown (site)")
    assert group_of(alone, State.HEALTHY, GroupBy.SITE)[0] == "site:"
    odd = replace(alone, server=replace(alone.server, version=Version.OTHER))
    assert group_of(odd, State.HEALTHY, GroupBy.VERSION) == ("version:other", "other (version)")
    assert sorted(["site:A", "dag:Z"], key=rank) == ["dag:Z", "site:A"]


def test_regrouping_and_a_changed_state_make_no_view_of_another_time() -> None:
    """One viewer through all groupings shows what a new one does."""
    viewer = Viewer()
    sick = server("EX02", dag="DAG01", alerts={"PopCTPMonitor": ("Unhealthy", 1)})
    later = replace(FLEET, servers={**FLEET.servers, "EX02": sick})
    assert server_state(sick) is State.UNHEALTHY
    for by in (*GroupBy, *reversed(GroupBy)):
        for fleet in (FLEET, later):
            kept, new = (v.fleet(fleet, NOW, Filter("!ex03"), by=by) for v in (viewer, Viewer()))
            assert [(g.key, g.state, g.faulty, [s.name for s in g.servers]) for g in kept.groups] == [
                (g.key, g.state, g.faulty, [s.name for s in g.servers]) for g in new.groups
            ]
    assert GroupBy.DAG.next is GroupBy.SITE
    assert GroupBy.STATE.next is GroupBy.DAG


def test_plain_text_finds_the_same_however_servers_are_grouped() -> None:
    found = {
        tuple(sorted(s.name for g in view.groups for s in g.servers))
        for by in GroupBy
        for view in (Viewer().fleet(FLEET, NOW, Filter("dag01 (dag)"), by=by),)
    }
    assert found == {("EX01", "EX02", "EX03", "EX04")}


def test_a_bookmark_that_is_set_is_found_at_once() -> None:
    viewer, wanted = Viewer(), Filter("marked")
    assert viewer.fleet(FLEET, NOW, wanted).shown == 0
    assert [g.key for g in viewer.fleet(FLEET, NOW, wanted, bookmarks=MARKS).groups] == [
        ("fleet", "dag:DAG01")
    ]
    assert viewer.fleet(FLEET, NOW, wanted).shown == 0


# Completion


def offered(text: str, cursor: int | None = None) -> tuple[str, tuple[str, ...]]:
    """What would be replaced, and by what."""
    found = complete(text, len(text) if cursor is None else cursor, FLEET, MARKS)
    return text[found.start : found.end], found.options


@pytest.mark.parametrize(
    ("text", "replaced", "options"),
    [
        ("st", "st", ("state:",)),
        ("!st", "st", ("state:",)),
        ("server:ex01 s", "s", ("server:", "site:", "set:", "state:", "since:")),
        ("mar", "mar", ("mark:", "marked")),
        ("state:un", "un", ("unhealthy", "unreachable", "unknown")),
        ("state:unhealthy,deg", "deg", ("degraded",)),
        ("dag:", "", ("DAG01", "DAG02", "DAG03")),
        ("server:mbx", "mbx", ("MBX2013-01",)),
        ("server:13-02", "13-02", ("CAS2013-02",)),
        ("set:pop.", "pop.", ("POP.Protocol", "POP.Proxy")),
        (r"probe:pop\p", r"pop\p", (r"POP\PopCTPProbe",)),
        ("mark:", "", ("a", "b")),
        ("role:m", "m", ("Mailbox",)),
        ("nosuch:x", "x", ()),
        ("server:EX01", "EX01", ()),
    ],
)
def test_what_can_be_typed_next(text: str, replaced: str, options: tuple[str, ...]) -> None:
    assert offered(text) == (replaced, options)


def test_nothing_typed_offers_every_key_and_the_cursor_says_where() -> None:
    assert offered("")[1][0] == "server:"
    assert offered("server:ex01 ")[1] == offered("")[1]
    assert offered("sta server:ex01", 3) == ("sta", ("state:",))
    assert complete("server:ex0", 10, FLEET, MARKS).common == "EX0"
    assert complete("", 0, FLEET, MARKS).common == ""


def test_a_name_with_blanks_is_offered_so_that_it_can_be_read() -> None:
    odd = replace(FLEET, servers={"A": server("A", site='Reggio "n" Emilia')})
    for typed in ("site:", 'site:"Reg', "site:reg"):
        found = complete(typed, len(typed), odd, MARKS)
        whole = typed[: found.start] + found.options[0]
        assert parse(whole).terms[0].values[0].text == 'Reggio "n" Emilia'
        with pytest.raises(FilterError):
            parse("site:")
