"""The verdict over gathered evidence: named only where something names it, certain only where two agree."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cockpit.exchange.model import MonitorHealthEntry
from cockpit.poplog.correlate import Clock, Skew, Window, address_of, host_key, match, skew
from cockpit.poplog.evidence import Evidence, Gathered, Kind, LogLook, MailboxLook, ProbeRun, Strength
from cockpit.poplog.names import Writer
from cockpit.poplog.sessions import Session, assemble, local_part
from cockpit.poplog.trace import Sureness, Trace, candidates, conclude, probe_name, with_health
from tests.poplog.logs import START, USER, entries, line, proxied

SERVERS = ("EX01", "EX02", "EX03")
ME = frozenset({local_part(USER)})
FRONT = "10.0.0.1"
AT = START + timedelta(seconds=10)
BEGINS, NEWEST = START - timedelta(hours=1), START + timedelta(hours=1)


def run(**changes: object) -> ProbeRun:
    made = ProbeRun("POP\\PopCTPProbe", "EX01", AT, AT + timedelta(seconds=1), "Failed", "", USER)
    return replace(made, **changes)  # type: ignore[arg-type]


def sessions(lines: list[str], writer: Writer = Writer.POP3, server: str = "EX01") -> tuple[Session, ...]:
    return assemble(entries(lines, writer=writer, server=server, file=f"{writer}2026010808-1.LOG"))


def front(*lines: list[str], **changes: object) -> LogLook:
    found = sessions([row for some in lines for row in some])
    made = LogLook("EX01", "the log of EX01", found, Clock("EX01", 0, 0), Skew(), BEGINS, NEWEST, True)
    return replace(made, **changes)  # type: ignore[arg-type]


def served(at: datetime = AT, user: str = USER, came_from: str = FRONT, n: int = 1) -> list[str]:
    """The session as the back end writes it."""
    end = f"{came_from}:26747"
    return [
        line(0, "OpenSession", at=at, session=f"{n:016x}", client_end=end),
        line(1, "auth", at=at, session=f"{n:016x}", client_end=end, user=user, context="R=ok"),
    ]


def back(server: str, *lines: list[str], **changes: object) -> LogLook:
    found = sessions([row for some in lines for row in some], Writer.POP3BE, server)
    made = LogLook(
        server, f"the back-end log of {server}", found, Clock(server, 0, 0), Skew(), BEGINS, NEWEST, True
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def gathered(run: ProbeRun, **changes: object) -> Gathered:
    users = frozenset({local_part(run.user)}) if run.user else frozenset()
    made = Gathered(run, SERVERS, users=users, addresses=frozenset({FRONT}))
    return replace(made, **changes)  # type: ignore[arg-type]


def active(server: str) -> MailboxLook:
    return MailboxLook(USER, "DB01", server)


def strengths(trace: Trace) -> dict[Kind, Strength]:
    return {e.kind: e.strength for e in trace.evidence}


# --- one piece, and two that agree ---------------------------------------------------------------


def test_state_attribute_alone_is_likely() -> None:
    trace = conclude(gathered(run(mailbox_server="EX02")))
    assert (trace.named, trace.sureness) == ("EX02", Sureness.LIKELY)
    assert trace.reason == "Only the probe result names it; nothing else could be read to confirm it."


def test_the_front_ends_log_alone_is_likely() -> None:
    trace = conclude(gathered(run(), front=front(proxied(at=AT))))
    assert (trace.named, trace.sureness) == ("EX02", Sureness.LIKELY)
    piece = trace.evidence[1]
    assert (piece.kind, piece.strength, piece.server) == (Kind.FRONT_LOG, Strength.NAMES, "EX02.contoso.test")
    assert "proxied to EX02.contoso.test port 1995 (ProxySuccess)" in piece.says
    assert any("Proxy:EX02.contoso.test:1995:SSL" in text for text in piece.lines)


@pytest.mark.parametrize(
    "more",
    [
        {"run": run(mailbox_server="ex02")},
        {"back": (back("EX02", served()),)},
        {"mailbox": active("EX02")},
    ],
)
def test_two_that_agree_are_certain(more: dict[str, object]) -> None:
    made = {"run": run(), "front": front(proxied(at=AT)), **more}
    asked = made.pop("run")
    assert isinstance(asked, ProbeRun)
    trace = conclude(gathered(asked, **made))
    assert (trace.named, trace.sureness, trace.contradictions) == ("EX02", Sureness.CERTAIN, ())


def test_the_mailbox_alone_is_likely() -> None:
    trace = conclude(gathered(run(), mailbox=active("EX03")))
    assert (trace.named, trace.sureness) == ("EX03", Sureness.LIKELY)
    trace = conclude(gathered(run(), mailbox=active("EX03"), back=(back("EX03", served()),)))
    assert (trace.named, trace.sureness) == ("EX03", Sureness.LIKELY)
    assert "its back-end log shows" in trace.reason


# --- what is missing is said ---------------------------------------------------------------------


def test_nothing_is_cannot_tell() -> None:
    trace = conclude(gathered(run(user="")))
    assert (trace.named, trace.sureness) == ("", Sureness.CANNOT_TELL)
    assert strengths(trace) == {Kind.PROBE: Strength.SILENT, Kind.MAILBOX: Strength.MISSING}
    assert trace.verdict.startswith("Cannot tell which mailbox server it was: ")


@pytest.mark.parametrize(
    ("look", "strength", "words"),
    [
        (front(problem="Access is denied."), Strength.MISSING, "Access is denied."),
        (front(newest=None, logging=False), Strength.MISSING, "no lines; logging is off now"),
        (front(begins=AT + timedelta(minutes=1)), Strength.MISSING, "not before the probe"),
        (front(newest=AT - timedelta(minutes=1)), Strength.MISSING, "nothing was written since, or not yet"),
        (front(), Strength.SILENT, "No session of healthmailbox0f3a from 2026-01-08 08:00:08.000Z"),
        (front(proxied(at=AT, user="frank")), Strength.SILENT, "No session of"),
        (front(proxied(at=AT)[:2]), Strength.SILENT, "nothing says where to it was proxied"),
        (front(proxied(at=AT + timedelta(minutes=9))), Strength.SILENT, "No session of"),
    ],
)
def test_why_the_front_ends_log_names_nobody(look: LogLook, strength: Strength, words: str) -> None:
    trace = conclude(gathered(run(), front=look))
    assert trace.sureness is Sureness.CANNOT_TELL
    assert (trace.evidence[1].strength, trace.evidence[1].kind) == (strength, Kind.FRONT_LOG)
    assert words in trace.evidence[1].says


@pytest.mark.parametrize("times", [(None, AT), (AT, None), (AT, AT - timedelta(seconds=1))])
def test_a_probe_without_times_is_not_looked_for(times: tuple[datetime | None, datetime | None]) -> None:
    asked = run(started=times[0], ended=times[1])
    trace = conclude(gathered(asked, front=front(proxied(at=AT)), back=(back("EX02", served()),)))
    assert trace.sureness is Sureness.CANNOT_TELL
    assert strengths(trace)[Kind.FRONT_LOG] is Strength.MISSING
    assert strengths(trace)[Kind.BACK_LOG] is Strength.MISSING


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (MailboxLook(USER, problem="Access is denied."), "Access is denied."),
        (MailboxLook(USER), "It has none."),
        (MailboxLook(USER, "DB01"), "No copy of DB01 is active."),
    ],
)
def test_why_the_mailbox_names_nobody(look: MailboxLook, words: str) -> None:
    trace = conclude(gathered(run(), mailbox=look))
    assert trace.sureness is Sureness.CANNOT_TELL
    assert trace.evidence[-1].says == words


def test_a_server_of_no_organization_is_not_named() -> None:
    trace = conclude(gathered(run(mailbox_server="EVIL")))
    assert (trace.named, trace.sureness) == ("", Sureness.CANNOT_TELL)
    assert trace.reason == "EVIL, named by the probe result, is no server of this organization."
    by_address = conclude(gathered(run(), front=front(proxied("10.0.0.2", at=AT))))
    assert (by_address.named, by_address.sureness) == ("", Sureness.CANNOT_TELL)
    assert conclude(gathered(run(), mailbox=active("EVIL"))).named == ""


# --- what does not fit together ------------------------------------------------------------------


def test_another_probes_session_may_be_the_one() -> None:
    """Who logged in is not known: a session that fits is likely at most, whatever else agrees."""
    asked = run(user="")
    trace = conclude(gathered(asked, front=front(proxied(at=AT)), back=(back("EX02", served()),)))
    assert (trace.named, trace.sureness) == ("EX02", Sureness.LIKELY)
    assert "does not say whom it logged in as" in trace.reason
    sure = conclude(gathered(run(user="", mailbox_server="EX02"), front=front(proxied(at=AT))))
    assert sure.sureness is Sureness.CERTAIN
    by_mailbox = conclude(gathered(asked, mailbox=active("EX02")))
    assert (by_mailbox.named, by_mailbox.sureness) == ("", Sureness.CANNOT_TELL)


def test_sessions_to_two_servers_name_nobody() -> None:
    two = front(proxied("EX02", at=AT, session="a" * 16), proxied("EX03", at=AT, session="b" * 16))
    trace = conclude(gathered(run(), front=two))
    assert (trace.named, trace.sureness) == ("", Sureness.CANNOT_TELL)
    assert trace.reason == "Sessions to ex02 and ex03 lie in the probe's time; nothing tells them apart."
    by_mailbox = conclude(gathered(run(), front=two, mailbox=active("EX03")))
    assert (by_mailbox.named, by_mailbox.sureness) == ("EX03", Sureness.LIKELY)
    elsewhere = conclude(gathered(run(), front=two, mailbox=active("EX01")))
    assert (elsewhere.named, elsewhere.sureness) == ("", Sureness.CANNOT_TELL)
    assert elsewhere.contradictions == ("Sessions went to ex02 and ex03, the mailbox is active on EX01 now.",)


def test_the_session_that_lies_wholly_inside_counts_before_one_that_overlaps() -> None:
    early = proxied("EX03", at=AT - timedelta(milliseconds=300), session="b" * 16)
    inside = proxied("EX02", at=AT + timedelta(milliseconds=100), session="a" * 16)
    trace = conclude(gathered(run(), front=front(early, inside)))
    assert (trace.named, trace.sureness) == ("EX02", Sureness.LIKELY)


def test_a_session_that_does_not_say_where_it_went_leaves_a_doubt() -> None:
    hung = proxied("EX03", at=AT, session="b" * 16)[:2]
    trace = conclude(gathered(run(), front=front(proxied(at=AT), hung), mailbox=active("EX02")))
    assert (trace.named, trace.sureness) == ("EX02", Sureness.LIKELY)
    assert "another session of that time" in trace.reason


def test_a_session_that_was_there_before_the_probe_leaves_none() -> None:
    hung = proxied("EX03", at=AT - timedelta(seconds=1), session="b" * 16)[:2]
    trace = conclude(gathered(run(), front=front(proxied(at=AT), hung), mailbox=active("EX02")))
    assert (trace.named, trace.sureness) == ("EX02", Sureness.CERTAIN)


def test_a_mailbox_that_moved_is_named_as_a_contradiction() -> None:
    trace = conclude(
        gathered(run(mailbox_server="EX02"), front=front(proxied(at=AT)), mailbox=active("EX03"))
    )
    assert (trace.named, trace.sureness) == ("EX02", Sureness.LIKELY)
    assert len(trace.contradictions) == 1
    assert "active on EX03 now" in trace.contradictions[0]


def test_a_back_end_that_shows_no_such_session_is_named_as_a_contradiction() -> None:
    trace = conclude(gathered(run(), front=front(proxied(at=AT)), back=(back("EX02"),)))
    assert (trace.named, trace.sureness) == ("EX02", Sureness.LIKELY)
    assert trace.contradictions == ("The back-end log of EX02 shows no such session.",)


def test_a_login_that_failed_need_not_be_named_by_the_back_end() -> None:
    refused = 'R="-ERR no";Msg="Proxy:EX02.contoso.test:1995:SSL"'
    rows = proxied(at=AT)
    rows[2] = line(
        2, "pass", at=AT + timedelta(milliseconds=200), parameters="*****", user=USER, context=refused
    )
    trace = conclude(gathered(run(), front=front(rows), back=(back("EX02"),), mailbox=active("EX02")))
    assert (trace.named, trace.sureness, trace.contradictions) == ("EX02", Sureness.CERTAIN, ())
    assert trace.evidence[2].strength is Strength.SILENT
    assert trace.evidence[2].says.endswith("A login that failed, or never got here, names nobody.")


def test_two_names_are_decided_by_the_back_ends_or_not_at_all() -> None:
    asked, log = run(mailbox_server="EX03"), front(proxied("EX02", at=AT))
    trace = conclude(gathered(asked, front=log))
    assert (trace.named, trace.sureness) == ("", Sureness.CANNOT_TELL)
    assert trace.contradictions == ("The probe result names EX03, the front-end log EX02.",)
    both = (back("EX02", served()), back("EX03"))
    assert (conclude(gathered(asked, front=log, back=both)).named) == "EX02"
    one = (back("EX02", served()), back("EX03", problem="Access is denied."))
    assert conclude(gathered(asked, front=log, back=one)).named == ""


def test_sessions_to_others_speak_against_the_state_attribute() -> None:
    two = front(proxied("EX02", at=AT, session="a" * 16), proxied("EX03", at=AT, session="b" * 16))
    trace = conclude(gathered(run(mailbox_server="EX01"), front=two))
    assert (trace.named, trace.sureness) == ("EX01", Sureness.LIKELY)
    assert trace.contradictions == ("The front end's log shows sessions to ex02 and ex03 in that time.",)


# --- the back end's log --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "strength"),
    [
        (back("EX02", served()), Strength.SUPPORTS),
        (back("EX02", served(came_from="10.0.0.9")), Strength.AGAINST),
        (back("EX02", served(user="HealthMailbox99")), Strength.AGAINST),
        (back("EX02", served(at=AT + timedelta(minutes=4))), Strength.AGAINST),
        (back("EX02", served(at=AT + timedelta(minutes=4)), skew=Skew(240.0, 0.5)), Strength.SUPPORTS),
        (back("EX02", served(at=AT - timedelta(minutes=4)), skew=Skew(240.0, 0.5)), Strength.AGAINST),
        (back("EX02", served(at=AT + timedelta(seconds=30)), skew=Skew(0.0, 40.0)), Strength.SUPPORTS),
        (back("EX02", served(), skew=None), Strength.MISSING),
        (back("EX02", problem="Access is denied."), Strength.MISSING),
        (back("EX02", newest=AT - timedelta(hours=1)), Strength.MISSING),
    ],
)
def test_a_back_end_is_looked_at_by_its_own_clock(look: LogLook, strength: Strength) -> None:
    trace = conclude(gathered(run(), front=front(proxied(at=AT)), back=(look,)))
    assert trace.evidence[2].kind is Kind.BACK_LOG
    assert trace.evidence[2].strength is strength
    assert trace.sureness is (Sureness.CERTAIN if strength is Strength.SUPPORTS else Sureness.LIKELY)


@pytest.mark.parametrize(
    ("server", "came_from", "front_ends", "strength"),
    [
        ("EX02", FRONT, {FRONT}, Strength.SUPPORTS),
        ("EX02", "10.0.0.9", {FRONT}, Strength.AGAINST),
        ("EX02", "127.0.0.1", {FRONT}, Strength.AGAINST),
        ("EX02", "10.0.0.9", set(), Strength.SUPPORTS),
        ("EX02", "127.0.0.1", set(), Strength.AGAINST),
        ("EX02", "10.0.0.2", set(), Strength.AGAINST),
        ("EX01", "127.0.0.1", {FRONT}, Strength.SUPPORTS),
        ("EX01", "10.0.0.2", set(), Strength.SUPPORTS),
        ("EX01", "10.0.0.9", {FRONT}, Strength.AGAINST),
    ],
)
def test_a_session_that_the_front_end_did_not_bring(
    server: str, came_from: str, front_ends: set[str], strength: Strength
) -> None:
    """The back end's address is 10.0.0.2; a probe of its own comes from there."""
    rows = [r.replace(f"{FRONT}:995", "10.0.0.2:1995") for r in served(came_from=came_from)]
    log = front(proxied(server, at=AT))
    trace = conclude(gathered(run(), front=log, back=(back(server, rows),), addresses=frozenset(front_ends)))
    assert trace.evidence[2].strength is strength


def test_whose_logs_are_worth_a_look() -> None:
    asked = run(mailbox_server="EX02.contoso.test")
    found = gathered(asked, front=front(proxied("EX03", at=AT)), mailbox=active("ex02"))
    assert candidates(found) == ("EX02", "EX03")
    assert candidates(gathered(run(mailbox_server="EVIL"))) == ()


# --- other probes --------------------------------------------------------------------------------


@pytest.mark.parametrize("probe", ["PopDeepTestProbe\\DB01", "PopSelfTestProbe"])
def test_a_probe_of_its_own_back_end(probe: str) -> None:
    trace = conclude(gathered(run(probe=f"POP.Protocol\\{probe}")))
    assert (trace.named, trace.sureness) == ("EX01", Sureness.CERTAIN)
    odd = conclude(gathered(run(probe=f"POP.Protocol\\{probe}", mailbox_server="EX02")))
    assert (odd.named, odd.sureness) == ("", Sureness.CANNOT_TELL)
    assert conclude(gathered(run(probe=f"POP.Protocol\\{probe}", server="EVIL"))).named == ""


def test_a_probe_that_never_logs_in_has_no_mailbox_server() -> None:
    trace = conclude(gathered(run(probe="POP.Proxy\\PopProxyTestProbe"), mailbox=active("EX02")))
    assert (trace.named, trace.sureness) == ("", Sureness.CANNOT_TELL)


def test_names_of_probes() -> None:
    named = ["POP\\PopCTPProbe", "POP\\PopCTPProbe\\DB01", "PopCTPProbe/DB01", "PopCTPProbe"]
    assert {probe_name(n) for n in named} == {"PopCTPProbe"}


# --- how it is told ------------------------------------------------------------------------------


def test_health_is_the_last_piece() -> None:
    trace = conclude(gathered(run(mailbox_server="EX02")))
    bad = MonitorHealthEntry("EX02", "PopDeepTestMonitor", "DB01", "POP.Protocol", "Unhealthy")
    good = replace(bad, name="PopSelfTestMonitor", target_resource="", alert_value="Healthy")
    assert with_health(trace, [good, bad], "x").evidence[-1] == Evidence(
        Kind.HEALTH, "x", "PopDeepTestMonitor DB01 Unhealthy.", Strength.SHOWS, "EX02"
    )
    assert with_health(trace, [good], "x").evidence[-1].says == "PopSelfTestMonitor Healthy."
    stale = replace(good, is_stale=True)
    assert with_health(trace, [stale], "x").evidence[-1].says == "PopSelfTestMonitor Healthy (stale)."
    assert with_health(trace, [], "x").evidence[-1].says == "It has no rows."
    assert with_health(trace, [], "x", "Refused.").evidence[-1].strength is Strength.MISSING


def test_a_trace_is_json() -> None:
    trace = conclude(gathered(run(mailbox_server="EX02"), front=front(proxied(at=AT))))
    told = json.loads(json.dumps(trace.as_dict()))
    assert (told["named"], told["sureness"]) == ("EX02", "certain")
    assert told["verdict"].startswith("EX02 (certain): ")
    assert told["run"]["started"] == "2026-01-08T08:00:10Z"
    assert told["evidence"][1]["strength"] == "names"
    assert told["evidence"][1]["clock"] == {"server": "EX01", "ahead": 0, "error": 0}


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        (Clock("EX01", 0.01, 0.02), "its clock and ours agree within 0.1 s"),
        (Clock("EX01", -1.0, 2.0), "its clock and ours agree within 2.0 s"),
        (Clock("EX01", 185.2, 0.4), "its clock is 185.2 s ahead of ours (±0.4 s)"),
        (Clock("EX01", -185.2, 0.4), "its clock is 185.2 s behind ours (±0.4 s)"),
        (Clock("EX01", 3.0, 0.001), "its clock is 3.0 s ahead of ours (±0.1 s)"),
    ],
)
def test_clocks_in_words(clock: Clock, words: str) -> None:
    assert str(clock) == words


@pytest.mark.parametrize(
    ("end", "address"),
    [
        ("10.0.0.1:995", "10.0.0.1"),
        ("[fe80::1]:995", "fe80::1"),
        ("127.0.0.1:995", ""),
        ("[::1]:995", ""),
        ("0.0.0.0:995", ""),
        ("somewhere:995", ""),
        ("", ""),
    ],
)
def test_addresses_that_name_a_machine(end: str, address: str) -> None:
    assert address_of(end) == address


def test_hosts_that_are_one() -> None:
    assert host_key("EX02.contoso.test.") == host_key("ex02") == "ex02"
    assert host_key("10.0.0.2") != host_key("10.1.1.1")
    assert host_key("[fe80::2]") == host_key("FE80::2")


# --- however clocks and orders are ---------------------------------------------------------------

_SECONDS = st.floats(-900, 900).map(lambda s: round(s, 3))


@given(ahead=_SECONDS, trip=st.floats(0, 30), at=st.floats(0, 1), other=_SECONDS)
def test_a_skew_holds_the_truth(ahead: float, trip: float, at: float, other: float) -> None:
    """Wherever between the two looks the third clock was read, and whatever our own clock does meanwhile."""
    before = START + timedelta(seconds=other)
    there = before + timedelta(seconds=trip * at + ahead)
    found = skew(before, there, before + timedelta(seconds=trip))
    assert abs(found.ahead - ahead) <= found.error + 1e-5
    assert found.error <= trip / 2 + 1e-5


@given(
    ahead=_SECONDS,
    trip=st.floats(0, 5),
    at=st.floats(0, 1),
    zone=st.integers(-12 * 4, 14 * 4),
    noise=st.lists(st.tuples(st.integers(-3600, 3600), st.sampled_from(SERVERS[1:])), max_size=12),
    chance=st.randoms(use_true_random=False),
)
def test_the_right_server_or_none(
    ahead: float,
    trip: float,
    at: float,
    zone: int,
    noise: list[tuple[int, str]],
    chance: random.Random,
) -> None:
    """A back end's clock up to a quarter of an hour off, times in any zone, other runs of the same probe to
    other servers at any time, evidence in any order: EX02, or nobody."""
    local = timezone(timedelta(minutes=15 * zone))
    asked = run(started=AT.astimezone(local), ended=(AT + timedelta(seconds=1)).astimezone(local))
    mine = proxied("EX02.contoso.test", at=AT, session="f" * 16)
    others = [
        proxied(host, at=AT + timedelta(seconds=s), session=f"{n:016x}") for n, (s, host) in enumerate(noise)
    ]
    rows = sessions([r for some in (mine, *others) for r in some])
    shuffled = list(rows)
    chance.shuffle(shuffled)
    known = skew(AT, AT + timedelta(seconds=trip * at + ahead), AT + timedelta(seconds=trip))
    there = served(at=AT + timedelta(seconds=ahead + 0.2))
    elsewhere = [
        served(at=AT + timedelta(seconds=s + ahead), n=n + 2) for n, (s, h) in enumerate(noise) if h == "EX02"
    ]
    backs = [back("EX02", there, *elsewhere, skew=known), back("EX03", skew=known)]
    chance.shuffle(backs)
    look = front(sessions=tuple(shuffled))
    trace = conclude(gathered(asked, front=look, back=tuple(backs)))
    assert trace.named in ("EX02", "")
    near = [h for s, h in noise if -3.4 <= s <= 3 and h != "EX02"]
    if not near:
        assert (trace.named, trace.sureness) == ("EX02", Sureness.CERTAIN)
    confused = conclude(gathered(asked, front=look, back=(back("EX02", there, skew=None),)))
    assert confused.sureness is not Sureness.CERTAIN
    again = conclude(gathered(asked, front=front(sessions=rows), back=tuple(reversed(backs))))
    assert (again.named, again.sureness) == (trace.named, trace.sureness)


@given(st.lists(st.tuples(st.integers(-60, 60), st.booleans()), max_size=20))
def test_no_session_outside_of_the_time_is_ever_the_probes(noise: list[tuple[int, bool]]) -> None:
    assume(all(not -3 <= s <= 3 for s, _ in noise))
    lines = [
        proxied("EX02", at=AT + timedelta(seconds=s), session=f"{n:016x}", user=USER if mine else "frank")
        for n, (s, mine) in enumerate(noise)
    ]
    trace = conclude(gathered(run(), front=front(*lines)))
    assert trace.sureness is Sureness.CANNOT_TELL


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_a_window_by_another_clock_is_the_same_window(ahead: int, error: int, length: int) -> None:
    here = Window(AT, AT + timedelta(seconds=length))
    there = here.at(Skew(ahead, error))
    session = sessions(proxied(at=AT))[0]
    moved = sessions(proxied(at=AT + timedelta(seconds=ahead)))[0]
    assert here.touches(session)
    assert there.touches(moved)
    assert match([session], here, ME).hosts == match([moved], there, ME).hosts == ("ex02",)
