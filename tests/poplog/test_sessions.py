"""Rows put together to sessions: state, outcome, target, gaps; POP3's and IMAP4's."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.poplog import sessions
from cockpit.poplog.names import Writer
from cockpit.poplog.sessions import Assembler, Outcome, ProxyTarget, Session, SessionState, assemble
from tests.poplog.logs import START, USER, entries, line, proxied

REFUSED = 'R="-ERR Logon failure: unknown user name or bad password."'


def one(lines: list[str]) -> Session:
    found = assemble(entries(lines))
    assert len(found) == 1
    return found[0]


def test_a_whole_session() -> None:
    found = one(proxied())
    assert (found.id, found.server, found.writer) == ("0000000000000002", "EX01", Writer.POP3)
    assert (found.first, found.last) == (START, START + timedelta(milliseconds=400))
    assert (found.user, found.client_end, found.server_end) == (USER, "127.0.0.1:50002", "10.0.0.1:995")
    assert found.commands == ("OpenSession", "user", "pass", "quit", "CloseSession")
    assert (found.state, found.outcome, found.words) == (SessionState.CLOSED, Outcome.OK, "")
    assert (found.duration, found.wall, found.request, found.response) == (25, 400, 50, 100)
    assert found.target == ProxyTarget("EX02.contoso.test", 1995, "ProxySuccess")
    assert found.health_mailbox
    assert (found.gaps, found.starts_before) == (0, False)


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        (1, SessionState.OPEN),
        (2, SessionState.OPEN),
        (3, SessionState.PROXIED),
        (4, SessionState.CLOSED),
        (5, SessionState.CLOSED),
    ],
)
def test_how_far_it_came(rows: int, state: SessionState) -> None:
    found = one(proxied()[:rows])
    assert found.state is state
    if state is not SessionState.CLOSED:
        assert (found.outcome, found.words) == (Outcome.UNKNOWN, "its end is missing")


def test_the_back_end_only_authenticates() -> None:
    found = one([line(0, "OpenSession"), line(1, "pass", user="frank", context="R=ok")])
    assert (found.state, found.target, found.health_mailbox) == (SessionState.AUTHENTICATED, None, False)


def test_a_refused_login_is_no_authentication() -> None:
    found = one([line(0, "OpenSession"), line(1, "pass", user="frank", context=REFUSED)])
    assert (found.state, found.outcome) == (SessionState.OPEN, Outcome.FAILED)
    assert found.words == "-ERR Logon failure: unknown user name or bad password."


def test_a_login_that_went_well_at_last_is_no_failure() -> None:
    rows = [
        line(0, "OpenSession"),
        line(1, "pass", context=REFUSED),
        line(2, "pass", user="frank", context="R=ok"),
        line(4, "CloseSession", user="frank"),
    ]
    rows[3:3] = [line(3, "stat", user="frank", context="R=ok")]
    assert one(rows).outcome is Outcome.OK
    rows[3] = line(3, "retr", parameters="7", user="frank", context='R="-ERR No such message"')
    assert (one(rows).outcome, one(rows).words) == (Outcome.FAILED, "-ERR No such message")


def test_whom_the_client_calls_itself_before_it_is_signed_in() -> None:
    found = one(proxied()[:2])
    assert (found.user, found.health_mailbox, found.state) == (USER, True, SessionState.OPEN)
    assert one([line(0, "login", parameters="frank *****")]).user == "frank"
    assert one([line(0, "user", parameters=" "), line(1, "stat")]).user == ""


def test_without_its_begin_nothing_is_called_well() -> None:
    found = one(proxied(first=3))
    assert (found.state, found.starts_before) == (SessionState.CLOSED, True)
    assert (found.outcome, found.words) == (Outcome.UNKNOWN, "its begin is missing")
    open_yet = one([line(7, "list", user="frank", context="R=ok")])
    assert open_yet.state is SessionState.AUTHENTICATED


def test_missing_lines_are_counted() -> None:
    rows = proxied()
    del rows[1]
    found = one(rows)
    assert (found.gaps, found.outcome, found.words) == (1, Outcome.UNKNOWN, "1 of its lines is missing")


def test_an_id_that_comes_again_is_another_session() -> None:
    found = assemble(entries([*proxied("EX02")[:3], *proxied("EX03", at=START + timedelta(hours=1))]))
    assert [s.state for s in found] == [SessionState.CUT, SessionState.CLOSED]
    assert [s.target.host for s in found if s.target] == ["EX02", "EX03"]
    assert (found[0].outcome, found[0].words) == (Outcome.UNKNOWN, "its end is missing")


def test_an_id_that_comes_again_without_its_begin() -> None:
    found = assemble(entries([*proxied("EX02")[:3], *proxied("EX03", at=START + timedelta(hours=1))[2:]]))
    assert [len(s.entries) for s in found] == [3, 3]


def test_an_id_is_one_writers_of_one_server() -> None:
    front = entries(proxied())
    back = entries(proxied(), writer=Writer.POP3BE, file="POP3BE2026010808-1.LOG")
    other = entries(proxied(), server="EX02")
    assert len(assemble([*front, *back, *other])) == 3


def test_as_they_come() -> None:
    assembler = Assembler()
    first, second = entries(proxied()), entries(proxied(session="0000000000000003"))
    mixed = [e for pair in zip(first, second, strict=True) for e in pair]
    ended = [assembler.add(e) for e in mixed]
    assert [len(e) for e in ended] == [0] * 8 + [1, 1]
    assert assembler.rest() == ()
    assembler.add(first[0])
    assert [s.state for s in assembler.rest()] == [SessionState.OPEN]


def test_lines_that_are_no_rows_are_no_session() -> None:
    assert assemble(entries(["what is this", '2026-01-08T08:00:00.000Z,"cut off'])) == ()
    with pytest.raises(ValueError, match="at least one row"):
        sessions.session_of([])


def test_imap() -> None:
    proxy = 'R=OK;Msg="Proxy:EXCH01.contoso.test:1993:SSL;ProxySuccess"'
    rows = [line(0, "OpenSession"), line(2, "login", user="frank", parameters="frank *****", context=proxy)]
    found = assemble(entries(rows, writer=Writer.IMAP4, file="IMAP42026100108-1.LOG"))[0]
    assert found.target == ProxyTarget("EXCH01.contoso.test", 1993, "ProxySuccess")
    assert (found.state, found.gaps, found.writer) == (SessionState.PROXIED, 1, Writer.IMAP4)
    refused = one([line(0, "OpenSession"), line(1, "login", context='R="a2 NO LOGIN failed."')])
    assert (refused.outcome, refused.words) == (Outcome.FAILED, "a2 NO LOGIN failed.")


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("", ""),
        ("R=ok", ""),
        ("R=OK;Rows=3", ""),
        ('R="+OK 2 messages"', ""),
        ('R="a1 OK CAPABILITY completed"', ""),
        ('R="-ERR"', "-ERR"),
        ('R="a2 BAD command"', "a2 BAD command"),
        ("R=ok;ErrMsg=UserConnectionLimitReached", "UserConnectionLimitReached"),
        (
            'R="-ERR Server Unavailable. 21";ErrMsg=ProxyFailed;Excpt="Socket; ""closed"""',
            '-ERR Server Unavailable. 21; ProxyFailed; Socket; "closed"',
        ),
        ("r=ok;errmsg=;excpt=", ""),
        ("-ERR Protocol error", "-ERR Protocol error"),
        ("CafeActivityId=NO BAD ERR", ""),
    ],
)
def test_what_counts_as_an_error(context: str, words: str) -> None:
    row = entries([line(1, "stat", context=context)])[0].row
    assert sessions.error_words(row) == words
    assert sessions.is_error(row) == bool(words)


@pytest.mark.parametrize(
    ("command", "parameters", "context", "target"),
    [
        ("pass", "*****", 'R=ok;Msg="Proxy:ex02:1995:SSL;ProxyFailed"',
         ProxyTarget("ex02", 1995, "ProxyFailed")),
        ("auth", "PLAIN", "R=ok;Msg=Proxy:ex02:1995:SSL", ProxyTarget("ex02", 1995)),
        ("proxy", "ex02.contoso.test:1995:SSL", "R=ok", ProxyTarget("ex02.contoso.test", 1995)),
        ("proxy", "[fe80::2]:1995:SSL", "", ProxyTarget("fe80::2", 1995)),
        ("pass", "*****", 'R="-ERR no [Error=""LoginDenied"" Proxy=ex02.contoso.test]"',
         ProxyTarget("ex02.contoso.test", None)),
        ("pass", "*****", 'R="-ERR no [Proxy=ex02]"', ProxyTarget("ex02", None)),
        ("pass", "*****", "R=ok;Msg=Proxy:ex02:199500:SSL", None),
        ("pass", "*****", "R=ok;Msg=Proxy::1995:SSL", None),
        ("pass", "*****", "R=ok;ErrMsg=Proxy:ex02:1995:SSL", None),
        ("user", "Proxy:ex02:1995:SSL", "R=ok", None),
        ("stat", "", "", None),
    ],
)  # fmt: skip
def test_where_it_was_proxied_to(
    command: str, parameters: str, context: str, target: ProxyTarget | None
) -> None:
    row = entries([line(1, command, parameters=parameters, context=context)])[0].row
    assert sessions.proxy_target(row) == target


@pytest.mark.parametrize(
    ("user", "health"),
    [
        ("HealthMailbox0f3a", True),
        ("healthmailbox0f3a@contoso.test", True),
        ("CONTOSO\\HealthMailbox0f3a", True),
        ("frank@healthmailbox.test", False),
        ("frank", False),
        ("", False),
    ],
)
def test_mailboxes_of_probes(user: str, health: bool) -> None:
    assert sessions.is_health_mailbox(user) is health


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_however_they_are_mixed_and_shuffled(ids: list[str], chance: random.Random) -> None:
    """Interleaved sessions of one log, their entries handed over in any order and some twice."""
    lines: list[str] = []
    waiting = [proxied(f"EX-{i}", session=i * 16) for i in sorted(set(ids))]
    order = [i for i in ids if i]
    while any(waiting):
        pick = next((w for w in waiting if w and order and w[0].split(",")[1][0] == order[0]), None)
        order = order[1:]
        taken = pick or chance.choice([w for w in waiting if w])
        lines.append(taken.pop(0))
    whole = entries(lines)
    shuffled = whole + whole[:3]
    chance.shuffle(shuffled)
    assert sessions.in_order(shuffled) == whole
    found = {s.id: s for s in assemble(sessions.in_order(shuffled))}
    assert set(found) == {i * 16 for i in ids}
    for session in found.values():
        assert session.target is not None
        assert session.target.host == f"EX-{session.id[0]}"
        assert (session.state, session.outcome, session.gaps) == (SessionState.CLOSED, Outcome.OK, 0)


@given(st.text(max_size=200), st.text(max_size=80))
def test_no_context_upsets_it(context: str, parameters: str) -> None:
    written = line(0, "proxy", parameters=parameters.replace(",", ""), context=context)
    for row in (e.row for e in entries([written.replace("\n", " ").replace("\r", " ")])):
        sessions.error_words(row)
        sessions.proxy_target(row)
