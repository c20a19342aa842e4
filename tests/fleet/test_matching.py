"""What a filter finds in a fleet, term by term."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange.model import Role, Version
from cockpit.fleet.bookmarks import Bookmarks, Place
from cockpit.fleet.filtering import parse
from cockpit.fleet.matching import matcher
from cockpit.fleet.snapshot import ServerSnapshot
from cockpit.ui.view import Leaf, view_server
from tests.ui.fleets import ago, demo_fleet, entry, server

FLEET = demo_fleet()
MARKS = Bookmarks({"a": Place("EX01"), "b": Place("ex03", "pop.protocol")})
ROWS = [(s, leaf) for s in FLEET.servers.values() for leaf in view_server(s).leaves]


def found(text: str, marks: Bookmarks = MARKS) -> list[tuple[ServerSnapshot, Leaf]]:
    matching = matcher(parse(text), marks)
    return [(s, leaf) for s, leaf in ROWS if matching.keeps(s, leaf)]


def servers(text: str) -> set[str]:
    return {s.name for s, _ in found(text)}


def monitors(text: str) -> set[str]:
    return {leaf.entry.name for _, leaf in found(text) if leaf.entry is not None}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("server:ex01", {"EX01"}),
        ("server:ex01.corp.example", {"EX01"}),
        ("server:ex0", set()),
        ("server:ex0?", {f"EX0{n}" for n in range(1, 10)}),
        ('server:"ex0?"', set()),
        ("server:ex01,mbx*", {"EX01", "MBX2013-01"}),
        ("dag:dag01", {"EX01", "EX02", "EX03", "EX04"}),
        ("!dag:*", {"CAS2013-01", "CAS2013-02", "MBX2013-01"}),
        ('dag:""', {"CAS2013-01", "CAS2013-02", "MBX2013-01"}),
        ("site:torino role:cas", {"CAS2013-01", "CAS2013-02"}),
        ("version:2013 !role:clientaccess", {"MBX2013-01"}),
        ("version:15.0.*", {"CAS2013-01", "CAS2013-02", "MBX2013-01"}),
        ("state:unreachable", {"EX04"}),
        ("state:not-monitored", {"EX06"}),
        ("state:unknown,stale dag:dag02", {"EX07", "EX08", "EX09"}),
        ("marked", {"EX01", "EX03"}),
        ("mark:b", {"EX03"}),
        ("!marked dag:dag01", {"EX02", "EX03", "EX04"}),
    ],
)
def test_servers(text: str, wanted: set[str]) -> None:
    assert servers(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("server:ex01 set:POP", {"PopCTPMonitor", "AverageCommandProcessingTimeGt60sMonitor"}),
        ("server:ex01 monitor:popself*", {"PopSelfTestMonitor"}),
        ("server:ex01 target:MSExchangePop3", {"PopProxyTestMonitor"}),
        (r"server:ex01 probe:POP\PopCTPProbe", {"PopCTPMonitor"}),
        ("server:ex01 probe:popselftestprobe", {"PopSelfTestMonitor"}),
        ("server:ex01 !probe:*", {"AverageCommandProcessingTimeGt60sMonitor"}),
        ("server:ex01 since:10m", {"PopProxyTestMonitor"}),
        ("server:ex01 older:10m since:30m", {"PopCTPMonitor"}),
        ("server:ex01 older:30m set:POP", {"AverageCommandProcessingTimeGt60sMonitor"}),
        ("mark:b", {"PopSelfTestMonitor", "PopDeepTestMonitor"}),
    ],
)
def test_monitors(text: str, wanted: set[str]) -> None:
    assert monitors(text) == wanted


def test_a_state_that_is_ours_has_no_age() -> None:
    """As in the column Since: the server is silent, so nobody knows how long it has been so."""
    silent = found("server:ex04")
    assert silent
    assert found("server:ex04 since:500w") == []
    assert found("server:ex04 older:1s") == []
    assert len(found("server:ex04 !older:1s")) == len(silent)


def test_an_age_is_the_servers_own_and_both_ends_are_told_apart() -> None:
    exact = entry("EX01", "PopCTPMonitor", last_transition_time=ago(10), last_execution_time=ago(0))
    one = replace(server("EX01"), monitors=(exact,))
    leaf = next(x for x in view_server(one).leaves if x.entry is exact)
    ages = {text: matcher(parse(text)).keeps(one, leaf) for text in ("since:10m", "older:10m", "since:599s")}
    assert ages == {"since:10m": True, "older:10m": False, "since:599s": False}
    unknown = replace(exact, last_transition_time=None)
    without = replace(one, monitors=(unknown,))
    leaf = next(x for x in view_server(without).leaves if x.entry is unknown)
    assert not matcher(parse("since:500w")).keeps(without, leaf)
    assert not matcher(parse("older:1s")).keeps(without, leaf)


def before(text: str, leaf: Leaf) -> bool:
    """The filter as it was when it knew plain text only."""
    needle = text.lstrip("!").strip().lower()
    if not needle:
        return True
    words = (leaf.state.word, leaf.entry.alert_value if leaf.entry else "")
    hit = needle in leaf.words or any(w.lower().startswith(needle) for w in words)
    return hit is not text.startswith("!")


PIECES = ["ex0", "EX01", "pop", "popctp", "healthy", "unh", "not monitored", "no rows", "dag01 (dag)", "(",
          "15.2", "msexchangepop3be", "torino cas", "pop.p", "stale", "-01", "a", " "]  # fmt: skip


@given(st.sampled_from(["", "!"]), st.lists(st.sampled_from(PIECES), min_size=1, max_size=2).map("".join))
def test_plain_text_means_what_it_meant(mark: str, text: str) -> None:
    matching = matcher(parse(mark + text))
    for snapshot, leaf in ROWS:
        assert matching.keeps(snapshot, leaf) is before(mark + text.strip(), leaf), leaf.key


@given(st.sampled_from(["server:ex0*", "state:unh", "since:1h", "dag:dag01", "marked", "pop", 'target:"x"']))
def test_an_exclamation_mark_finds_exactly_the_others(term: str) -> None:
    positive, negative = ({x.key for _, x in found(text)} for text in (term, f"!{term}"))
    assert positive | negative == {x.key for _, x in ROWS}
    assert not positive & negative


@given(st.lists(st.sampled_from(["server:ex*", "!stale", "set:POP", "state:un*", "!dag:dag03"]), max_size=4))
def test_all_terms_hold_and_their_order_does_not_matter(terms: list[str]) -> None:
    together = {x.key for _, x in found(" ".join(terms))}
    assert together == {x.key for _, x in found(" ".join(reversed(terms)))}
    for term in terms:
        assert together <= {x.key for _, x in found(term)}


def test_wild_text_is_looked_for_anywhere() -> None:
    assert monitors("pop*self") >= {"PopSelfTestMonitor"}
    assert servers("un?each*") == {"EX04"}
    assert servers('"un?each*"') == set()


def test_a_name_with_wild_characters_is_found_between_quotation_marks() -> None:
    odd = server("EX*1", version=Version.E2019, roles=frozenset({Role.MAILBOX}))
    leaf = view_server(odd).leaves[0]
    assert matcher(parse('server:"ex*1"')).keeps(odd, leaf)
    assert not matcher(parse('server:"ex*1"')).keeps(FLEET.servers["EX01"], leaf)
