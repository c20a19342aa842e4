"""Whole runs over the wire: what must hold whatever the way, and that the ways are all there are."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Final

import pytest

from cockpit.journal.records import Choice, RunState
from cockpit.recovery.runbook import Runbook
from cockpit.recovery.runbooks import RUNBOOKS, runbook_for
from cockpit.recovery.runbooks.service import BACK_END_SERVICE, SERVICE
from tests.recovery import test_branches_average as average
from tests.recovery import test_branches_ctp as ctp
from tests.recovery import test_branches_deep as deep
from tests.recovery import test_branches_proxy as proxy
from tests.recovery.cases import (
    ABORT,
    ACCESS,
    BACK,
    FRONT,
    SKIP,
    Case,
    Meanwhile,
    act,
    as_said,
    away,
    block,
    check,
    logging,
    move,
    reboot,
    restart,
    run_case,
    taken_up,
    unblock,
)
from tests.recovery.robot import Robot, always, first
from tests.recovery.wire import BE, POP, Bench, bench, hasty
from tests.support.at_length import at_length

CASES: Final = (*deep.CASES, *ctp.CASES, *proxy.CASES, *average.CASES)
_BOOKS: Final = tuple(b for b in RUNBOOKS.values() if b.monitors)
_DEEP, _CTP, _PROXY = "PopDeepTestMonitor", "PopCTPMonitor", "PopProxyTestMonitor"

_FAILED: Final = taken_up(ctp.MEMBER).facts

Reached = tuple[str, str, str]
"""Runbook, step, outcome."""


def _edges(book: Runbook) -> Iterator[Reached]:
    for step in book.steps:
        yield from ((book.name, step.id, outcome) for outcome in step.next)
        if step.skip:
            yield book.name, step.id, "skipped"


def _reached(case: Case) -> Iterator[Reached]:
    book = runbook_for(case.monitor)
    assert book is not None
    yield from ((book.name, *edge) for edge in case.edges)
    yield from (("PopDeepTest", *edge) for edge in case.child_edges)


def test_every_edge_of_every_runbook_is_some_cases_way() -> None:
    """Each case asserts its whole way; together they go everywhere. Nothing is excepted."""
    every = {edge for book in _BOOKS for edge in _edges(book)}
    reached = {edge for case in CASES for edge in _reached(case)}
    assert sorted(every - reached) == []
    known = {(book.name, step.id) for book in _BOOKS for step in book.steps}
    strange = {(b, s) for b, s, _ in reached if not s.startswith("undo:")} - known
    assert strange == set()


def test_every_case_that_turns_logging_on_turns_it_off() -> None:
    for case in CASES:
        server, sent = case.server, list(case.changes)
        assert sent.count(logging(server, True)) == sent.count(logging(server, False)), case.name
        if case.before and logging(server, True) not in sent:
            assert logging(server, False) not in sent, "what was on before stays on"


def test_no_case_reboots_without_having_declared_it() -> None:
    """The data of the cases themselves: a restart of the computer only where a probe or look has failed,
    and on a DAG member only behind ``away-moved moved``."""
    for case in CASES:
        reboots = [c for c in case.changes if c.startswith("Restart-Computer")]
        path = [*case.edges, *case.child_edges]
        moved, member = ("away-moved", "moved") in path, ("away-reboot", "done") in path
        assert len(reboots) <= 1
        assert bool(reboots) == (member or ("reboot", "done") in path), case.name
        assert moved or not member, case.name


# -- restarts of the computer ----------------------------------------------------------------------------


def _active_at_reboot(world: Bench, server: str, where: dict[str, str]) -> list[str]:
    """Databases that were active on the server when Restart-Computer came, by the lab's own ledger.

    ``where``: the server of each when the lab opened.
    """
    for entry in world.lab.on_loop(lambda: world.lab.lab.simulation.ledger.since(0)):
        if entry.kind == "change" and entry.outcome == "database moved":
            name, _, way = entry.detail.partition(": ")
            where[name] = way.partition(" -> ")[2]
        if entry.kind == "command" and entry.cmdlet == "Restart-Computer":
            return sorted(name for name, at in where.items() if at == server)
    raise AssertionError("no Restart-Computer came")


@pytest.mark.parametrize("case", [ctp.MEMBER, at_length(proxy.MEMBER)], ids=["CTP", "Proxy"])
def test_from_2016_on_no_computer_is_restarted_while_a_copy_is_active(case: Case) -> None:
    with bench(case.scenario) as world:
        databases = world.lab.lab.simulation.organization.databases.values()
        where = {d.name: d.active for d in databases}
        assert case.server in where.values(), "the server must have had something to lose"
        ended = run_case(case, world)
        assert _active_at_reboot(world, case.server, where) == []
    as_said(case, ended)
    written = [e for e in ended.commands if e.cmdlet in ("Set-MailboxServer", "Set-PopSettings")]
    assert len({(e.parameters or {})["DomainController"] for e in written}) == 1, "read back where it was set"
    sent = ended.changes
    assert sent.index(move(case.server)) < sent.index(reboot(case.server))


@pytest.mark.parametrize("monitor", [_CTP, at_length(_PROXY)])
def test_a_copy_that_becomes_active_again_keeps_the_computer_up(monitor: str) -> None:
    """Somebody moves a database back between the verification and the restart: copies.none_active, hard."""
    back = Meanwhile([act(FRONT, "move-database", database="DB005")])
    case = Case(
        *(monitor, "reboot-cures", FRONT, monitor),
        path="role dag_member, away-block done, away-move done, away-moved moved",
        changes=[],
        steps={"away-reboot": back},
        start="role",
        facts=taken_up(ctp.MEMBER).facts,
    )
    with bench(case.scenario) as world:
        ended = run_case(case, world)
    findings = [f for r in ended.readings for f in r.findings if f.guard == "copies.none_active"]
    assert [f.object for f in findings if f.blocks] == ["DB005"]
    assert reboot(FRONT) not in ended.changes
    assert ended.run.state is RunState.ESCALATED


@pytest.mark.parametrize("case", [ctp.COMPUTER, at_length(proxy.COMPUTER)], ids=["CTP", "Proxy"])
def test_a_2013_client_access_server_is_restarted_without_a_failover(case: Case) -> None:
    ended = check(case)
    assert ended.changes.count(reboot(ACCESS)) == 1
    assert not [c for c in ended.changes if c.startswith(("Set-MailboxServer", "Move-"))]


@pytest.mark.parametrize(
    "case", [deep.BLIND, *map(at_length, (ctp.BLIND, proxy.BLIND))], ids=["Deep", "CTP", "Proxy"]
)
def test_a_probe_that_cannot_be_run_by_hand_never_leads_to_a_reboot(case: Case) -> None:
    ended = check(case)
    assert set(ended.outcomes("verify-probe") + ended.outcomes("probe")) == {"not_runnable"}
    assert not [e for e in ended.commands if e.cmdlet == "Restart-Computer"]


def test_not_even_an_operator_who_wants_it_reboots_on_a_probe_that_could_not_be_run() -> None:
    """Taken up before the restart with nothing that shows the fault: evidence.fault is hard."""
    with bench("no-probe") as world:
        ended = world.recover(ACCESS, _CTP, start="reboot", facts={})
    offered = {c for q in ended.questions if q.step == "reboot" for c in q.choices}
    assert Choice.GO not in offered
    assert Choice.SKIP in offered
    assert ended.changes == []


def test_a_computer_that_does_not_come_back_is_said_and_left_to_a_person() -> None:
    with bench("no-return", hasty("reboot")) as world:
        ended = world.recover(
            *(ACCESS, _CTP, Robot({"reboot": first(Choice.GO, ABORT)})), start="role", facts=_FAILED
        )
    assert ended.changes == [reboot(ACCESS)]
    assert ended.path[:2] == [("role", "cas_2013"), ("reboot", "unknown")]
    assert ended.run.state is RunState.ABORTED
    assert "was not seen to restart within its time" in ended.questions[-1].prompt


# -- what was there before is there after ----------------------------------------------------------------


def test_protocol_logging_that_was_on_stays_on() -> None:
    with bench("logging-on") as world:
        server = world.lab.lab.simulation.organization.server(ACCESS)
        ended = world.recover(ACCESS, _CTP, Robot({"find": SKIP}), start="logging-on", facts=_FAILED)
        assert server.pop.protocol_log_enabled
    assert ended.outcomes("logging-on") == ["already"]
    assert not [c for c in ended.changes if c.startswith("Set-PopSettings")]
    assert ended.obligations == ()


@pytest.mark.parametrize(("scenario", "number"), [("policy-blocked", 2), at_length("policy-intrasite", 1)])
def test_the_policy_that_was_there_before_is_there_after(scenario: str, number: int) -> None:
    with bench(scenario) as world:
        server = world.lab.lab.simulation.organization.server(BACK)
        assert server.activation_policy == number
        ended = world.recover(
            BACK, _DEEP, Robot({"away-reboot": SKIP, "fail-back": SKIP}), start="role", facts=_FAILED
        )
        assert server.activation_policy == number
        assert not server.move_now
    blocked = scenario == "policy-blocked"
    expected = [move(BACK), move(BACK, False)]
    if not blocked:
        expected = [block(BACK), move(BACK), move(BACK, False), block(BACK, "IntrasiteOnly")]
    assert ended.changes == expected
    assert ended.outcomes("away-block") == ["already" if blocked else "done"]


def test_move_now_that_somebody_left_on_stays_on() -> None:
    with bench("movenow-left") as world:
        server = world.lab.lab.simulation.organization.server(BACK)
        ended = world.recover(BACK, _DEEP, Robot({"away-reboot": SKIP}), start="role", facts=_FAILED)
        assert server.move_now
    assert ended.outcomes("away-move") == ["already"]
    assert ended.changes == [block(BACK), block(BACK, "Unrestricted")]


def test_a_value_that_a_second_operator_changed_is_not_overwritten_unasked() -> None:
    """Blocked by the run, IntrasiteOnly by somebody: the run asks, and the answer decides."""
    at = {"away-move!": [act(BACK, "set-policy", policy="IntrasiteOnly", by="lab.example/Users/oncall")]}
    with bench("second-operator", speed=60.0) as world:
        ended = world.recover(
            *(BACK, _DEEP, Robot({"away-reboot": SKIP, "fail-back": SKIP}), at),
            start="role",
            facts=_FAILED,
        )
    asked = [q for q in ended.questions if "Somebody else has changed it meanwhile" in q.prompt]
    assert len(asked) == 1
    assert "IntrasiteOnly" in asked[0].prompt
    assert ended.changes[-1] == block(BACK, "Unrestricted")


# -- ends ------------------------------------------------------------------------------------------------


def test_an_abort_undoes_what_is_open_newest_first() -> None:
    with bench("reboot-cures") as world:
        ended = world.recover(BACK, _DEEP, Robot({"away-reboot": ABORT}), start="role", facts=_FAILED)
    assert ended.run.state is RunState.ABORTED
    assert ended.changes == [*away(BACK), *unblock(BACK)]
    assert all(o.closed_at is not None for o in ended.obligations)


def test_a_hand_over_leaves_the_block_in_somebodys_name() -> None:
    hand_over = always(Choice.HAND_OVER)
    with bench("reboot-cures") as world:
        ended = world.recover(BACK, _DEEP, Robot({"away-reboot": hand_over}), start="role", facts=_FAILED)
    assert ended.run.state is RunState.ESCALATED
    assert ended.changes == away(BACK)
    assert {o.handed_to for o in ended.obligations} == {"second line"}


def test_an_escalation_leaves_a_bundle() -> None:
    with bench("standalone") as world:
        world.bundle = True
        ended = world.recover(BACK, _DEEP, start="role", facts=_FAILED)
        found = list((world.folder / "bundles").iterdir())
        assert len(found) == 1
        with zipfile.ZipFile(found[0]) as archive:
            assert archive.testzip() is None
    assert found[0].name in ended.run.ending
    assert ended.changes == []


def test_without_a_person_a_run_stops_where_one_is_wanted() -> None:
    """--auto restarts the service by itself; blocking the server wants a person, who then sees to it."""
    with bench("reboot-cures") as world:
        ended = world.recover(BACK, _DEEP, Robot(otherwise=ABORT), auto=True)
    assert [q.step for q in ended.questions] == ["away-block"]
    assert ended.changes == [restart(BACK, BE)]


@pytest.mark.parametrize(
    ("book", "server", "service"), [(SERVICE, ACCESS, POP), (BACK_END_SERVICE, BACK, BE)]
)
def test_one_service_is_restarted_under_the_same_rules(book: Runbook, server: str, service: str) -> None:
    with bench() as world:
        ended = world.recover(server, "", book=book)
        again = world.recover(server, "", Robot(otherwise=always(Choice.HAND_OVER)), book=book)
    assert ended.path == [("restart", "done")]
    assert ended.run.state is RunState.RECOVERED
    assert again.path == [("escalate", "done")]
    assert again.changes == [restart(server, service)], "the second run has sent nothing"
