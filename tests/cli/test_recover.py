"""``recover``: the plan, the start, the following; exit codes and what is on stdout."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cockpit.journal.records import Finding, Grade, RunState, Verdict
from cockpit.recovery.client import RefusedError
from cockpit.recovery.view import Life, Plan, PlanStep, StepMark
from tests.cli.conftest import Call
from tests.cli.scripted import (
    ASKING,
    BEGUN,
    HOSTILE,
    NOW,
    RECOVERED,
    RUN,
    Scripted,
    done,
    finding,
    line,
    run,
    step,
    view,
)

RECOVER = ("recover", "PopSelfTestMonitor", "--server", "EX01")
Capture = pytest.CaptureFixture[str]


def plan(*found: Finding, mark: StepMark = StepMark.TO_COME, in_the_way: tuple[str, ...] = ()) -> Plan:
    return Plan(
        runbook="SelfTest",
        title="Self test recovery",
        digest="ab" * 32,
        environment="lab",
        scope="dag:DAG1",
        server="EX01",
        monitor="PopSelfTestMonitor",
        role="2016 or later",
        steps=(PlanStep(step("restart", mark, findings=found), "EX01", "depends on step read"),),
        in_the_way=in_the_way,
        read_at=NOW,
    )


@pytest.mark.parametrize(
    ("planned", "code"),
    [
        (plan(), 0),
        (plan(finding(Verdict.PASSED)), 0),
        (plan(finding(grade=Grade.WARN)), 0),
        (plan(finding()), 2),
        (plan(finding(grade=Grade.HARD)), 2),
        (plan(finding(), mark=StepMark.NOT_NEEDED), 0),
        (plan(finding(reason="it is known", by="ann")), 0),
        (plan(in_the_way=("run 1 holds dag:DAG1",)), 2),
        (plan(finding(Verdict.UNREAD)), 3),
        (plan(finding(Verdict.UNREAD, Grade.WARN)), 3),
        (plan(finding(Verdict.UNREAD), finding()), 2),
    ],
)
def test_the_exit_code_of_a_plan(call: Call, planned: Plan, code: int, capsys: Capture) -> None:
    recovery = Scripted(planned=planned)
    assert call(recovery, *RECOVER, "--plan") == code
    assert recovery.calls == [("plan", "EX01", "PopSelfTestMonitor")]
    assert recovery.closed
    out, err = capsys.readouterr()
    assert "nothing was sent" in out
    assert err == ""


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.UNREAD])
def test_what_earlier_steps_decide_refuses_nothing_yet(call: Call, verdict: Verdict, capsys: Capture) -> None:
    hard = finding(verdict, Grade.HARD, guard="copies.none_active", reading="Mounted", threshold="no copy")
    (only,) = plan(hard).steps
    later = replace(plan(hard), steps=(replace(only, later=("copies.none_active",)),))
    assert call(Scripted(planned=later), *RECOVER, "--plan") == 0
    out = capsys.readouterr().out
    assert "REFUSED" not in out
    assert "none of 1 steps would be refused as things are now\n" in out
    assert "not yet    guard copies.none_active (hard)  DB03  " in out
    assert "Mounted; it should be: no copy\n" in out
    also = replace(later, steps=(replace(later.steps[0], view=step("restart", findings=(hard, finding()))),))
    assert call(Scripted(planned=also), *RECOVER, "--plan") == 2


def test_a_plan_shows_every_guard_and_refuses_in_blocks(call: Call, capsys: Capture) -> None:
    call(Scripted(planned=plan(finding(), finding(Verdict.PASSED, guard="alert.real"))), *RECOVER, "--plan")
    out = capsys.readouterr().out
    assert "REFUSED  Step restart    guard copies.elsewhere (stop)\n" in out
    assert "  DB03  EX02 Failed; it should be: 1 healthy copy\n" in out
    assert "What helps:  Resume it\n" in out
    assert "Override:    offered for DB03" in out
    assert "passed     guard alert.real (stop)  DB03  ok: EX02 Failed\n" in out
    assert "command: Restart-Service -Name 'restart'\n" in out
    assert "not known yet: depends on step read\n" in out


def test_a_plan_begins_with_which_steps_refuse_and_what_is_not_known_yet(call: Call, capsys: Capture) -> None:
    made = plan(finding(), finding(object="DB04"), finding(Verdict.UNREAD, guard="quorum", object=""))
    free = PlanStep(step("probe"), "EX01", "")
    other = PlanStep(step("move", StepMark.NOT_NEEDED, findings=(finding(),)), "EX01", "never")
    call(Scripted(planned=replace(made, steps=(free, *made.steps, other))), *RECOVER, "--plan")
    told = [text.strip() for text in capsys.readouterr().out.splitlines()]
    assert told[4:9] == [
        "1 of 2 steps would be refused as things are now",
        "refused   restart: copies.elsewhere (stop): DB03, DB04",
        "not read  restart: quorum (stop)",
        "not yet   restart: depends on step read",
        "1  probe  Step probe  (step 1 of Microsoft's page)  to come",
    ]
    call(Scripted(planned=plan(finding(grade=Grade.WARN))), *RECOVER, "--plan")
    assert "none of 1 steps would be refused" in capsys.readouterr().out


def test_a_plan_as_json(call: Call, capsys: Capture) -> None:
    assert call(Scripted(planned=plan(finding())), *RECOVER, "--plan", "--format", "json") == 2
    found = json.loads(capsys.readouterr().out)
    assert found["exit_code"] == 2
    assert found["read_at"] == "2026-03-01T02:00:00Z"
    (only,) = found["steps"]
    assert only["depends"] == "depends on step read"
    assert only["view"]["mark"] == "to come"
    assert only["view"]["findings"][0] == {
        "guard": "copies.elsewhere",
        "object": "DB03",
        "grade": "stop",
        "verdict": "refused",
        "reading": "EX02 Failed",
        "threshold": "1 healthy copy",
        "helps": "Resume it",
        "source": "",
        "reason": "",
        "by": "",
        "blocks": True,
        "overridable": True,
    }


@pytest.mark.parametrize("name", ["popselftestmonitor", "PopSelfTestMonitor"])
def test_a_monitor_in_any_case(call: Call, name: str) -> None:
    recovery = Scripted(planned=plan())
    call(recovery, "recover", name, "--server", "EX01", "--plan")
    assert recovery.made("plan") == [("EX01", "PopSelfTestMonitor")]


def test_the_pages_slip_is_understood_and_said(call: Call, capsys: Capture) -> None:
    recovery = Scripted(planned=plan())
    assert call(recovery, "recover", "PopTestDeepMonitor", "--server", "EX01", "--plan") == 0
    assert recovery.made("plan") == [("EX01", "PopDeepTestMonitor")]
    assert "PopDeepTestMonitor" in capsys.readouterr().err


def test_an_unknown_monitor_is_64_and_names_the_known_ones(call: Call, capsys: Capture) -> None:
    recovery = Scripted()
    assert call(recovery, "recover", "OwaCtpMonitor", "--server", "EX01") == 64
    assert "PopCTPMonitor" in capsys.readouterr().err
    assert recovery.calls == []


def test_read_only_plans_and_starts_nothing(call: Call, capsys: Capture) -> None:
    recovery = Scripted(planned=plan())
    assert call(recovery, "--read-only", *RECOVER) == 64
    assert "--write" in capsys.readouterr().err
    assert recovery.calls == []
    assert call(recovery, "--read-only", *RECOVER, "--plan") == 0


@pytest.mark.parametrize(
    ("state", "code"),
    [(RunState.RECOVERED, 0), (RunState.ESCALATED, 2), (RunState.ABORTED, 3)],
)
def test_the_exit_code_of_a_run(call: Call, state: RunState, code: int, capsys: Capture) -> None:
    recovery = Scripted((BEGUN, view(done("read", words="3 readings"), state=state)))
    assert call(recovery, *RECOVER) == code
    assert recovery.made("start") == [("EX01", "PopSelfTestMonitor", False)]
    out, err = capsys.readouterr()
    assert out == f"2026-03-01T02:00:05Z\t{RUN}\tread\t1\tok\t3 readings\n"
    assert state.value.upper() in err
    assert "command: Restart-Service -Name 'read'" in err


def test_finished_steps_as_json_lines(call: Call, capsys: Capture) -> None:
    assert call(Scripted((BEGUN, RECOVERED)), *RECOVER, "--format", "json") == 0
    found = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [(f["step"], f["mark"], f["outcome"]) for f in found] == [
        ("read", "done", "ok"),
        ("restart", "done", "applied"),
    ]
    assert found[0]["ended_at"] == "2026-03-01T02:00:05Z"


def test_without_a_terminal_the_first_question_leaves_it_waiting(call: Call, capsys: Capture) -> None:
    recovery = Scripted((BEGUN, ASKING, RECOVERED))
    assert call(recovery, *RECOVER) == 1
    assert recovery.answers == []
    err = capsys.readouterr().err
    assert "Restart POP3 on EX01?" in err
    assert f"env.toml runs answer {RUN} CHOICE\n" in err
    assert f"runs attach {RUN}\n" in err


def test_auto_stops_at_a_question_for_a_person(call: Call, capsys: Capture) -> None:
    recovery = Scripted((BEGUN, ASKING, RECOVERED))
    assert call(recovery, *RECOVER, "--auto") == 1
    assert recovery.made("start") == [("EX01", "PopSelfTestMonitor", True)]
    assert "--auto stops here" in capsys.readouterr().err


def test_plan_and_auto_do_not_go_together(call: Call) -> None:
    with pytest.raises(SystemExit) as left:
        call(Scripted(), *RECOVER, "--plan", "--auto")
    assert left.value.code == 64


def test_a_refused_start_says_why_what_helps_and_whose_run_to_attach_to(call: Call, capsys: Capture) -> None:
    refusal = RefusedError("Recover EX01", "dag:DAG1 is held by CONTOSO\\bob since 02:00", "wait for it")
    recovery = Scripted(refuses={"start": refusal}, lines=(line(), line(Life.ENDED, run=run(id="old1"))))
    assert call(recovery, *RECOVER) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "REFUSED  Recover EX01\n" in err
    assert "dag:DAG1 is held by CONTOSO\\bob since 02:00\n" in err
    assert "What helps:  wait for it\n" in err
    assert f"runs attach {RUN}\n" in err
    assert "jump1/77/x" in err
    assert "old1" not in err


def test_a_run_that_cannot_be_read_any_more_goes_on(call: Call, capsys: Capture) -> None:
    gone = RefusedError("The run was not read", "the disk is gone")
    assert call(Scripted(refuses={"view": gone}), *RECOVER) == 3
    assert f"runs attach {RUN}" in capsys.readouterr().err


def test_a_run_that_nobody_works_on_is_said_to_be_left(call: Call, capsys: Capture) -> None:
    left = replace(BEGUN, life=Life.LEFT)
    later = replace(left, now=NOW.replace(minute=5))
    assert call(Scripted((left, later)), *RECOVER) == 3
    assert f"runs resume {RUN}" in capsys.readouterr().err


def test_a_child_run_is_followed_to_its_end(call: Call, capsys: Capture) -> None:
    parent = replace(BEGUN, child="c1")
    child = replace(BEGUN, run=run(id="c1", parent=RUN))
    child_ended = replace(RECOVERED, run=run(RunState.RECOVERED, id="c1", parent=RUN))
    recovery = Scripted(((parent, child), (RECOVERED, child_ended)))
    assert call(recovery, *RECOVER) == 0
    out = capsys.readouterr().out
    assert [text.split("\t")[1:3] for text in out.splitlines()] == [
        ["c1", "read"],
        ["c1", "restart"],
        [RUN, "read"],
        [RUN, "restart"],
    ]


def test_no_text_of_a_server_reaches_the_terminal_as_it_is(call: Call, capsys: Capture) -> None:
    bad = finding(reading=HOSTILE, object=HOSTILE, threshold=HOSTILE, helps=HOSTILE)
    said = replace(
        ASKING,
        steps=(done("read", words=HOSTILE), step("restart", StepMark.ASKING, findings=(bad,))),
        question=replace(ASKING.question, prompt=HOSTILE, blocking=(bad,)) if ASKING.question else None,
    )
    call(Scripted((BEGUN, said), planned=plan(bad, in_the_way=(HOSTILE,))), *RECOVER)
    call(Scripted(planned=plan(bad, in_the_way=(HOSTILE,))), *RECOVER, "--plan")
    call(Scripted(planned=plan(bad, in_the_way=(HOSTILE,))), *RECOVER, "--plan", "--format", "json")
    shown = "".join(capsys.readouterr())
    assert "[red]x[/red]" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert not any(text.startswith("REFUSED  fake") for text in shown.splitlines())
