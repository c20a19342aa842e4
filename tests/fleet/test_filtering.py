"""The filter's language: what is typed means what it says, and is written down again the same."""

from __future__ import annotations

import string
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cockpit.exchange.model import Role
from cockpit.fleet.filtering import (
    KEYS,
    LONGEST,
    FilterError,
    Query,
    Term,
    Value,
    age,
    parse,
    quoted,
    roles_of,
    show,
    states_of,
)
from cockpit.fleet.states import State

FREE = [k for k in KEYS if k not in ("state", "role", "since", "older")]
"""Keys whose values are names: anything."""

names = st.text(string.ascii_letters + string.digits + " ,\":!*?\\.-_()'é\u3042", max_size=12)
bare = st.text(string.ascii_letters + string.digits + ":!*?\\.-_()'é", min_size=1, max_size=12)
values = st.one_of(bare.map(Value), names.map(lambda t: Value(t, literal=True)))
ages = st.builds(lambda n, unit: Value(f"{n}{unit}"), st.integers(0, 500), st.sampled_from("smhdw"))
keyed = st.one_of(
    st.builds(
        Term, st.sampled_from(FREE), st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    st.builds(Term, st.sampled_from(["since", "older"]), ages.map(lambda v: (v,)), st.booleans()),
    st.builds(
        Term,
        st.just("state"),
        st.lists(st.sampled_from(["unh", "not-monitored", "UNKNOWN", "s*"]).map(Value), min_size=1).map(
            tuple
        ),
        st.booleans(),
    ),
)
words = st.lists(
    st.text(string.ascii_letters + string.digits + "()*?-_.", min_size=1, max_size=8).filter(
        lambda w: w.lower() != "marked"
    ),
    min_size=1,
    max_size=3,
).map(" ".join)
literal = st.builds(lambda t, n: Term("", (Value(t, literal=True),), n), names, st.booleans())


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Any query there is: plain text can only go on after something that ends it."""
    terms: list[Term] = []
    for _ in range(draw(st.integers(0, 5))):
        open_text = bool(terms) and terms[-1].key == "" and not terms[-1].values[0].literal
        plain = st.builds(lambda t, n, must=open_text: Term("", (Value(t),), n or must), words, st.booleans())
        terms.append(draw(st.one_of(keyed, literal, plain)))
    return Query(tuple(terms))


@given(queries())
def test_what_is_written_is_read_the_same(query: Query) -> None:
    assert parse(show(query)) == query


@given(st.text(string.ascii_letters + ' :!",*?sinceolder10mh', max_size=30))
@example("!A:")
@example("x !! A:")
def test_whatever_is_typed_is_read_or_refused_with_its_place(text: str) -> None:
    refused: FilterError | None = None
    try:
        query = parse(text)
    except FilterError as error:
        refused = error
    if refused is None:
        assert parse(show(query)) == query
    else:
        assert refused.term
        assert text[refused.start :].startswith(refused.term)
        assert refused.why in refused.sentence


@given(words, st.sampled_from(["", "!", "!!", "! "]), st.sampled_from(["", " ", "  "]))
def test_plain_text_is_one_text_with_or_without_its_opposite(text: str, mark: str, blanks: str) -> None:
    """As it was before there were keys: one substring, blanks and all; a leading ! turns it round."""
    assert parse(f"{mark}{text}{blanks}") == Query((Term("", (Value(text),), bool(mark)),))


@pytest.mark.parametrize("nothing", ["", "   ", "!", " ! ", "!!"])
def test_nothing_asks_for_everything(nothing: str) -> None:
    assert parse(nothing) == Query()


def test_the_sentence_of_the_issue() -> None:
    found = parse("server:ex* set:POP.Protocol state:unhealthy since:10m !stale")
    assert [(t.key, t.values[0].text, t.negated) for t in found.terms] == [
        ("server", "ex*", False),
        ("set", "POP.Protocol", False),
        ("state", "unhealthy", False),
        ("since", "10m", False),
        ("", "stale", True),
    ]


def test_quotation_marks_and_alternatives() -> None:
    (term,) = parse(r'!target:"a, ""b""",POP\Pop*').terms
    assert term == Term("target", (Value('a, "b"', literal=True), Value(r"POP\Pop*")), negated=True)
    assert [v.wild for v in term.values] == [False, True]
    two = parse('dag01 (dag) "not a: key" ex marked more').terms
    assert [(t.key, t.values[0].text) for t in two] == [
        ("", "dag01 (dag)"),
        ("", "not a: key"),
        ("", "ex"),
        ("mark", "*"),
        ("", "more"),
    ]


@pytest.mark.parametrize(
    ("text", "term", "why", "possible"),
    [
        ("x sever:ex01", "sever:", "is server: meant?", "server:"),
        ("moniter:x", "moniter:", "is monitor: meant?", "monitor:"),
        (r"zzz:\logs", "zzz:", "no such key", "server:"),
        ("state:sick", "state:sick", "no state is called so", "unhealthy"),
        ('state:"un*"', 'state:"un*"', "no state is called so", "unhealthy"),
        ("role:mail", "role:mail", "no role is called so", "Mailbox"),
        ("state:", "state:", "a state or its start", "not-monitored"),
        ("!server: ex01", "!server:", "the name of a server", ""),
        ("server:a,,b", "server:a,", "the name of a server", ""),
        ("since:soon", "since:soon", "such as 10m", ""),
        ("older:99999999w", "older:99999999w", "at most ten years", ""),
        ("since:1h,2h", "since:1h,2h", "only one time", ""),
        ('target:"a b', 'target:"a b', 'closing " is missing', ""),
        ('"a"b c', '"a"b', "around the whole value", ""),
        ('server:a"b"', 'server:a"b"', "around the whole value", ""),
    ],
)
def test_refusals_say_which_term_why_and_what_is_possible(
    text: str, term: str, why: str, possible: str
) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert error.term == term
    assert text[error.start :].startswith(term)
    assert why in error.why
    assert possible in error.possible if possible else error.possible == ()
    assert f'"{term}": ' in str(error)


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [
        ("x state:", True),
        ("!server:a,", True),
        ('target:"a b', True),
        ("server: x", False),
        ("sever:", False),
    ],
)
def test_what_is_being_typed_is_told_from_what_is_wrong(text: str, unfinished: bool) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.unfinished is unfinished
    parse(text[: caught.value.start])  # what stands before it means something


def test_an_unknown_key_is_told_the_nearest_first() -> None:
    with pytest.raises(FilterError) as caught:
        parse("taget:x")
    assert caught.value.possible[0] == "target:"
    assert set(caught.value.possible) == {f"{key}:" for key in KEYS}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("1h30m", 5400), ("2D", 172_800), ("90s", 90), ("1w", 604_800), ("0s", 0)],
)
def test_ages(text: str, seconds: int) -> None:
    assert age(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "1.5h", "10 m", "4000d", "1y", "1111111111s"])
def test_no_ages(text: str) -> None:
    assert age(text) is None
    assert age("3660d") == LONGEST


def test_states_by_their_start_but_a_whole_word_is_that_word() -> None:
    assert states_of(Value("unh")) == {State.UNHEALTHY}
    assert states_of(Value("un")) == {State.UNHEALTHY, State.UNREACHABLE, State.UNKNOWN}
    assert states_of(Value("Healthy")) == {State.HEALTHY}
    assert states_of(Value("not_monitored")) == states_of(Value("not monitored", literal=True))
    assert states_of(Value("*healthy")) == {State.HEALTHY, State.UNHEALTHY}
    assert states_of(Value("", literal=True)) == frozenset()
    assert roles_of(Value("CAS")) == {Role.CLIENT_ACCESS}
    assert roles_of(Value("m*")) == {Role.MAILBOX}


@given(names)
def test_a_name_is_quoted_so_that_it_means_itself(name: str) -> None:
    (term,) = parse(f"server:{quoted(name)}").terms
    (value,) = term.values
    assert value.text == name
    assert not value.wild
