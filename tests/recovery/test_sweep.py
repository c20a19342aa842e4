"""The sweep: what is on at the servers against what the journal says is to be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.exchange import model as m
from cockpit.exchange.errors import NotGrantedError, UnreachableError
from cockpit.exchange.model import Reading, Role, Version
from cockpit.journal.records import Obligation
from cockpit.recovery.sweep import (
    MOVE_NOW,
    POLICY,
    POP_PROXY,
    PROTOCOL_LOG,
    Mark,
    compare,
    read_marks,
    sweep,
    unread,
)
from cockpit.recovery.view import Orphan
from tests.recovery.builders import EX01, EX02, Servers, component, host, obligation, server, settings

CLEAN = Mark(EX01, False, "Unrestricted", False, ())
SILENT = Mark(EX01, None, None, None, None)


def one(mark: Mark, open_: tuple[Obligation, ...] = (), closed: tuple[Obligation, ...] = ()) -> Orphan:
    (orphan,) = compare([mark], open_, closed)
    assert orphan.server == mark.server
    assert orphan.words
    return orphan


def closed(key: str, prior: object, wanted: object, number: int = 1) -> Obligation:
    return obligation(key, prior, wanted, number=number, closed_at=2_000.0 + number, closed_by="abort")


# --- what is on ----------------------------------------------------------------------------------


def test_a_clean_server_gives_nothing() -> None:
    assert compare([CLEAN], (), ()) == ()
    assert unread([CLEAN]) == ()


def test_movenow_without_a_record_is_severe() -> None:
    orphan = one(replace(CLEAN, move_now=True))
    assert (orphan.key, orphan.value, orphan.severe) == (MOVE_NOW, "$true", True)


def test_movenow_that_a_recovery_put_back_is_severe_all_the_same_and_says_so() -> None:
    orphan = one(replace(CLEAN, move_now=True), closed=(closed(MOVE_NOW, True, True),))
    assert orphan.severe
    assert "put it back" in orphan.words


@pytest.mark.parametrize("handed", [{}, {"handed_to": "ann", "handed_at": 3_000.0}])
def test_an_open_obligation_answers_for_it_handed_over_or_not(handed: dict[str, Any]) -> None:
    owed = obligation(MOVE_NOW, False, True, server="ex01.contoso.com", **handed)
    assert compare([replace(CLEAN, move_now=True)], (owed,), ()) == ()


def test_an_obligation_of_another_server_or_property_does_not() -> None:
    others = (
        obligation(MOVE_NOW, False, True, server=EX02),
        obligation(PROTOCOL_LOG, False, True, number=2),
    )
    found = compare([replace(CLEAN, move_now=True)], others, ())
    assert [(o.key, o.severe) for o in found] == [(MOVE_NOW, True), (PROTOCOL_LOG, False)]


@pytest.mark.parametrize("policy", ["Blocked", "IntrasiteOnly"])
def test_a_policy_without_a_record_is_told_and_not_blamed(policy: str) -> None:
    orphan = one(replace(CLEAN, policy=policy))
    assert (orphan.key, orphan.value, orphan.severe) == (POLICY, policy, False)


def test_a_sites_own_policy_that_was_put_back_is_on_record() -> None:
    mark = replace(CLEAN, policy="blocked")
    assert compare([mark], (), (closed(POLICY, "Blocked", "Blocked"),)) == ()
    assert one(mark, closed=(closed(POLICY, "IntrasiteOnly", "Blocked"),)).key == POLICY


def test_the_last_obligation_decides_what_is_on_record() -> None:
    history = (closed(POLICY, "Blocked", "Blocked", 1), closed(POLICY, "Unrestricted", "Blocked", 2))
    assert one(replace(CLEAN, policy="Blocked"), closed=history).key == POLICY
    assert compare([replace(CLEAN, policy="Blocked")], (), history[:1]) == ()


def test_protocol_logging_is_told_unless_it_was_on_before() -> None:
    on = replace(CLEAN, protocol_log=True)
    assert one(on).severe is False
    assert one(on, closed=(closed(PROTOCOL_LOG, False, True),)).key == PROTOCOL_LOG
    assert compare([on], (), (closed(PROTOCOL_LOG, True, True),)) == ()
    assert one(on, closed=(closed(PROTOCOL_LOG, 1, True),)).key == PROTOCOL_LOG


@pytest.mark.parametrize(
    ("requesters", "who"),
    [(("HealthApi",), "Managed Availability"), (("HealthApi", "Maintenance"), "somebody")],
)
def test_pop_out_of_service_is_told_with_who_took_it_out(requesters: tuple[str, ...], who: str) -> None:
    orphan = one(replace(CLEAN, pop_proxy=requesters))
    assert (orphan.key, orphan.severe) == (POP_PROXY, False)
    assert who in orphan.words
    assert all(r in orphan.value for r in requesters)


# --- what is back --------------------------------------------------------------------------------

BACK = [
    (MOVE_NOW, False, True, {"move_now": False}),
    (POLICY, "Unrestricted", "Blocked", {"policy": "Unrestricted"}),
    (PROTOCOL_LOG, False, True, {"protocol_log": False}),
]


@pytest.mark.parametrize(("key", "prior", "wanted", "change"), BACK)
def test_a_value_that_is_back_while_its_run_holds_it_open_is_told(
    key: str, prior: object, wanted: object, change: dict[str, Any]
) -> None:
    orphan = one(replace(CLEAN, **change), (obligation(key, prior, wanted),))
    assert (orphan.key, orphan.severe) == (key, False)
    assert "run-1" in orphan.words
    handed = obligation(key, prior, wanted, handed_to=r"CONTOSO\ann", handed_at=1.0)
    assert r"CONTOSO\ann" in one(CLEAN, (handed,)).words


def test_the_first_prior_value_is_the_true_one() -> None:
    first = obligation(POLICY, "IntrasiteOnly", "Blocked", number=1)
    second = obligation(POLICY, "Blocked", "Blocked", number=2, run="run-2")
    assert compare([replace(CLEAN, policy="Blocked")], (second, first), ()) == ()
    assert one(replace(CLEAN, policy="IntrasiteOnly"), (second, first)).words


def test_handing_back_by_hand_to_another_value_is_the_runs_business() -> None:
    owed = obligation(POLICY, "IntrasiteOnly", "Blocked")
    assert compare([CLEAN], (owed,), ()) == ()


# --- what could not be read ----------------------------------------------------------------------


def test_unread_is_neither_clean_nor_an_orphan() -> None:
    owed = obligation(MOVE_NOW, False, True)
    assert compare([SILENT], (owed,), ()) == ()
    assert unread([SILENT]) == tuple((EX01, key) for key in (MOVE_NOW, POLICY, PROTOCOL_LOG, POP_PROXY))


def test_a_server_without_databases_has_no_policy_to_read() -> None:
    front = replace(SILENT, databases=False)
    assert unread([front]) == ((EX01, PROTOCOL_LOG), (EX01, POP_PROXY))
    assert compare([replace(front, move_now=True, policy="Blocked")], (), ()) == ()


marks = st.builds(
    Mark,
    server=st.sampled_from(["EX01", "EX02"]),
    move_now=st.none() | st.booleans(),
    policy=st.none() | st.sampled_from(["Unrestricted", "Blocked", "IntrasiteOnly"]),
    protocol_log=st.none() | st.booleans(),
    pop_proxy=st.none() | st.sampled_from([(), ("HealthApi",)]),
)
obligations = st.lists(
    st.builds(
        obligation,
        key=st.sampled_from([MOVE_NOW, POLICY, PROTOCOL_LOG]),
        prior=st.sampled_from([True, False, "Blocked", "Unrestricted"]),
        wanted=st.sampled_from([True, "Blocked"]),
        server=st.sampled_from(["EX01", "ex02"]),
        number=st.integers(1, 9),
    ),
    max_size=5,
).map(tuple)


@given(marks, obligations, obligations)
def test_movenow_is_severe_exactly_when_nobody_answers_for_it(
    mark: Mark, open_: tuple[Obligation, ...], former: tuple[Obligation, ...]
) -> None:
    owed = any(o.key == MOVE_NOW and o.server.upper() == mark.server for o in open_)
    found = compare([mark], open_, former)
    severe = [o.key for o in found if o.severe]
    assert severe == ([MOVE_NOW] if mark.move_now is True and not owed else [])
    assert len({(o.server, o.key) for o in found}) == len(found)
    assert not {(o.server, o.key) for o in found} & set(unread([mark]))


# --- reading -------------------------------------------------------------------------------------

EDGE = server("EDGE1", roles=frozenset({Role.EDGE}))
FRONT = server("CAS1", Version.E2013, frozenset({Role.CLIENT_ACCESS}))


def servers(**changes: Any) -> Servers:
    """EX02, EX01, a Client Access server of 2013 and an Edge server, all clean."""
    answers: dict[str, Any] = {
        "get_exchange_server": Reading((server(EX02), EDGE, FRONT, server(EX01))),
        "get_mailbox_server": Reading((host(EX01), host(EX02))),
        "get_pop_settings": Reading((settings(),)),
        "get_server_component_state": Reading((component("PopProxy"),)),
    }
    return Servers(exchange={**answers, **changes})


def test_every_server_is_looked_at_but_an_edge_server() -> None:
    asked = servers()
    found, problems = read_marks(asked, None)
    assert problems == ()
    assert [mark.server for mark in found] == ["CAS1", EX01, EX02]
    assert unread(found) == ()
    assert compare(found, (), ()) == ()
    assert asked.asked[:2] == ["get_exchange_server", "get_mailbox_server"]
    assert not [call for call in asked.asked if "EDGE1" in call]


def test_named_servers_are_not_looked_for() -> None:
    asked = servers()
    found, _ = read_marks(asked, [server(EX01)])
    assert [mark.server for mark in found] == [EX01]
    assert "get_exchange_server" not in asked.asked


def test_values_come_from_their_own_server() -> None:
    odd = host(EX02, activation_disabled_and_move_now=True, activation_policy="Blocked")
    votes = component("PopProxy", "Inactive", ("HealthApi", "Inactive"), ("Functional", "Active"))
    good = component("PopProxy")
    asked = servers(
        get_mailbox_server=Reading((host(EX01), odd)),
        get_pop_settings=lambda name: Reading((settings(on=name == EX01),)),
        get_server_component_state=lambda name: Reading((votes if name == "CAS1" else good,)),
    )
    found = sweep(asked, (), ())
    assert [(o.server, o.key) for o in found.orphans] == [
        ("CAS1", POP_PROXY),
        (EX01, PROTOCOL_LOG),
        (EX02, MOVE_NOW),
        (EX02, POLICY),
    ]
    assert found.servers == 3
    assert found.whole


def test_a_server_that_fails_spoils_only_its_own_values() -> None:
    def pop_settings(name: str) -> Reading[m.PopSettings]:
        if name == EX01:
            raise UnreachableError("EX01 cannot be reached")
        return Reading((settings(on=True),))

    found = sweep(servers(get_pop_settings=pop_settings), (), ())
    assert [(o.server, o.key) for o in found.orphans] == [("CAS1", PROTOCOL_LOG), (EX02, PROTOCOL_LOG)]
    assert found.problems == ("Get-PopSettings of EX01: EX01 cannot be reached",)
    assert found.unread == ((EX01, PROTOCOL_LOG),)
    assert not found.whole


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (NotGrantedError("Get-MailboxServer is not there"), "is not there"),
        (Reading((), ("the domain controller is silent",)), "silent"),
        (Reading((), (), (m.CmdletError("access denied"),)), "access denied"),
        (Reading(()), "gave nothing"),
    ],
)
def test_no_rows_is_never_clean(answer: object, words: str) -> None:
    found = sweep(servers(get_mailbox_server=answer), (), ())
    assert any(words in problem for problem in found.problems)
    assert {key for _, key in found.unread} == {MOVE_NOW, POLICY}
    assert {name for name, _ in found.unread} == {EX01, EX02}


def test_a_server_that_get_mailboxserver_leaves_out_is_a_problem() -> None:
    found = sweep(servers(get_mailbox_server=Reading((host(EX01, activation_policy=""),))), (), ())
    assert found.problems == (
        "Get-MailboxServer does not name EX02",
        "Get-MailboxServer: no policy of EX01",
    )
    assert set(found.unread) == {(EX01, POLICY), (EX02, MOVE_NOW), (EX02, POLICY)}


def test_an_organization_that_cannot_be_read_gives_no_servers_and_a_problem() -> None:
    found = sweep(servers(get_exchange_server=UnreachableError("no entry server")), (), ())
    assert (found.servers, found.orphans) == (0, ())
    assert found.problems == ("Get-ExchangeServer: no entry server",)


def test_an_open_obligation_on_a_server_nobody_looked_at_is_a_problem() -> None:
    found = sweep(servers(), (obligation(MOVE_NOW, False, True, server="EX77"),), ())
    assert len(found.problems) == 1
    assert "EX77" in found.problems[0]
    assert not found.whole


def _breaks(name: str) -> Callable[[str], Reading[Any]]:
    def answer(server: str) -> Reading[Any]:
        if server == name:
            raise UnreachableError(
                f"{name}: Get-PopSettings of EX99: cannot be reached; Get-MailboxServer: no"
            )
        return Reading((settings(),))

    return answer


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ()),
        ({"get_pop_settings": _breaks(EX01)}, (EX01,)),
        ({"get_mailbox_server": Reading((host(EX01, activation_policy=""),))}, (EX02, EX01)),
        (
            {"get_mailbox_server": Reading((host(EX01.lower(), activation_policy=""), host(EX02))),
             "get_pop_settings": _breaks(EX01)},
            (EX01.lower(),),
        ),
        ({"get_mailbox_server": UnreachableError("no")}, None),
        ({"get_exchange_server": UnreachableError("no")}, None),
        (
            {"get_exchange_server": Reading((server(EX01),), (), (m.CmdletError("some are missing"),))},
            None,
        ),
    ],
)  # fmt: skip
def test_which_servers_were_not_read_whole(changes: dict[str, Any], names: tuple[str, ...] | None) -> None:
    found = sweep(servers(**changes), (), ())
    assert found.servers_unread == names
    assert bool(found.problems) == (names != ())


def test_a_server_with_an_open_obligation_that_was_not_looked_at_is_unread() -> None:
    found = sweep(servers(), (obligation(MOVE_NOW, False, True, server="EX77"),), ())
    assert found.servers_unread == ("EX77",)


def test_a_server_offline_as_a_whole_is_out_of_service() -> None:
    states = (
        component("PopProxy", "Inactive"),
        component("ServerWideOffline", "Inactive", ("Maintenance", "Inactive")),
    )
    found = sweep(servers(get_server_component_state=lambda _: Reading(states)), (), ())
    assert {o.value for o in found.orphans} == {"Inactive by Maintenance"}
