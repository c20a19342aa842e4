"""One recovery with everything that goes wrong in it: breaking, answering, killing, taking up again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Final

import psutil
import sqlalchemy as sa

from cockpit.journal.records import Choice, Run
from cockpit.recovery.client import RefusedError
from tests.chaos.judging import family, judge, known
from tests.chaos.operator import REASON, Operator
from tests.chaos.station import ACCESS, MEMBERS, POLICIES, Flags, Station, Trial, trial
from tests.support.waiting import eventually

STUCK: Final = 150.0
"""Seconds after which a run is told to be stuck."""
LEFT: Final = 6.0
"""Seconds without a worker after which an operator takes a run up: longer than one takes to start."""


class Recovery:
    """``go`` once. Everything random comes from ``random``; what the clock does to it does not repeat."""

    def __init__(self, station: Station, random: Random, name: str) -> None:
        self._station = station
        self._journal = station.journal
        self._figures = station.figures
        self._random = random
        self._name = name
        self._trial: Trial = trial(random)
        self._operator = Operator(random, "operator")
        self._id = ""
        self._worked_at = 0.0

    def go(self) -> None:
        station = self._station
        self._break()
        before, since = station.flags(), station.last_line()
        try:
            self._id = self._start(auto=self._random.random() < 0.5)
            self._live(self._random.choice((0, 1, 1, 2, 3)), time.monotonic() + STUCK)
            judge(station, self._id, before, since, self._name)
        finally:
            self._mend(before)

    def _start(self, *, auto: bool) -> str:
        """A server that somebody restarted a moment ago refuses for a while."""
        refused = ""

        def started() -> str:
            nonlocal refused
            try:
                return self._station.office.start(self._trial.server, self._trial.monitor, auto=auto)
            except RefusedError as error:
                refused = str(error)
                return ""

        try:
            run = eventually(started, 60.0, f"a start of {self._name}")
        except AssertionError as error:
            raise AssertionError(f"{error}; refused: {refused}") from None
        self._figures.counts["workers"] += 1
        return run

    def _break(self) -> None:
        what = self._trial
        self._station.served.act(
            what.server,
            "break",
            kind=what.kind,
            cured_by=[what.service] if self._random.random() < 0.6 else [],
            restarts=self._random.choice((1, 1, 2)),
            automatic_restart_fails=True,
        )
        eventually(self._unhealthy, 30.0, f"{what.monitor} Unhealthy on {what.server}")

    def _unhealthy(self) -> bool:
        rows = self._station.state()[self._trial.server]["monitors"]
        return any(r["name"] == self._trial.monitor and r["alert"] == "Unhealthy" for r in rows)

    def _live(self, kills: int, until: float) -> None:
        trouble_at = time.monotonic() + self._random.uniform(0.5, 8.0)
        kill_at, in_doubt = self._next_kill()
        self._worked_at = time.monotonic()
        while not (run := self._journal.run(self._id)).ended:
            now = time.monotonic()
            if now > until:
                self._figures.violation("stuck runs", f"{self._name} ({self._id}) at {run.step}")
                self._kill(run)
                return
            if now >= trouble_at:
                self._trouble()
                trouble_at = now + self._random.uniform(3.0, 12.0)
            if kills and (now >= kill_at or (in_doubt and self._in_doubt())):
                if self._kill(run):
                    kills -= 1
                    self._after_death(run)
                kill_at, in_doubt = self._next_kill()
            self._answer()
            self._take_up_what_was_left(run)
            time.sleep(0.01 if in_doubt and kills else 0.05)

    # --- killing -------------------------------------------------------------------------------------

    def _next_kill(self) -> tuple[float, bool]:
        """At a random moment; or, half of them, as soon as a step is under way."""
        return time.monotonic() + self._random.uniform(0.8, 7.0), self._random.random() < 0.5

    def _in_doubt(self) -> bool:
        attempts = self._journal.attempts(self._id)
        return bool(attempts) and attempts[-1].in_doubt and self._random.random() < 0.3

    def _kill(self, run: Run) -> bool:
        """kill -9 of the process that works on the run now; False where there is none."""
        lease = self._journal.lease(run.scope)
        if lease is None or lease.expired:
            return False
        try:
            process = psutil.Process(int(lease.holder.split("/")[1]))
            if "cockpit.recovery.worker" not in process.cmdline():
                return False
            os.kill(process.pid, signal.SIGKILL)
            psutil.wait_procs([process], 5.0)
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False
        self._figures.counts["kills"] += 1
        return True

    def _after_death(self, run: Run) -> None:
        """Its lease runs out by itself. Its commands' time limits are of the lab's fast time."""
        known(self._station, f"{self._name} after a kill")

        def over() -> bool:
            lease = self._journal.lease(run.scope)
            return lease is None or lease.expired

        eventually(over, 10.0, "an expired lease")
        engine = sa.create_engine(self._station.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE attempt SET limit_at = intent_at + 3 WHERE result_at IS NULL")
        self._take_up("aborts" if self._random.random() < 0.3 else "resumes")

    def _take_up(self, how: str) -> None:
        office = self._station.office
        try:
            office.abort(self._id, REASON) if how == "aborts" else office.resume(self._id)
        except RefusedError:
            # It ended just before its worker died, or somebody works on it: the next look tells.
            return
        self._figures.counts[how] += 1
        self._figures.counts["workers"] += 1
        self._worked_at = time.monotonic()

    def _take_up_what_was_left(self, run: Run) -> None:
        """A worker may end by itself, at a question that its servers' silence put and nobody answered."""
        lease = self._journal.lease(run.scope)
        if lease is not None and not lease.expired:
            self._worked_at = time.monotonic()
        elif time.monotonic() - self._worked_at > LEFT:
            self._take_up("resumes")

    # --- living --------------------------------------------------------------------------------------

    def _answer(self) -> None:
        for run in family(self._journal, self._id):
            question = None if run.ended else self._journal.open_question(run.id)
            if question is None:
                continue
            readings = self._journal.readings(run.id, question.step)
            answer = self._operator.decide(question, readings[-1].findings if readings else ())
            if answer.choice is Choice.OVERRIDE:
                answer = replace(answer, typed=run.server)
            try:
                self._station.office.answer(run.id, question.id, answer)
            except RefusedError:
                # Withdrawn meanwhile, or not taken: then it is still open at the next look.
                continue
            self._figures.counts["answers"] += 1

    def _trouble(self) -> None:
        served = self._station.served
        self._figures.counts["troubles"] += 1
        if self._random.random() < 0.3:
            served.act(self._random.choice((*MEMBERS, *ACCESS)), "reboot", by="LAB\\somebody")
            return
        effect = self._random.choice(("DROP", "RESET", "STATUS", "GARBAGE"))
        after = effect in ("DROP", "RESET") and self._random.random() < 0.5
        served.knobs(wire={"troubles": [{"effect": effect, "count": 1, "after": after}]})

    # --- after it --------------------------------------------------------------------------------------

    def _mend(self, before: Flags) -> None:
        """What was handed over is done by whom it was handed to; the lab is as it was."""
        station, served = self._station, self._station.served
        served.knobs(wire={"clear": True})
        for obligation in self._journal.obligations():
            with self._journal.write(None) as writer:
                writer.close_obligation(obligation.id, "second line")
        now = station.flags()
        for (server, flag), value in before.items():
            if now[server, flag] != value:
                action, fields = _put_back(flag, value)
                served.act(server, action, **fields)
        for server, about in station.state().items():
            served.act(server, "cure")
            if about["components"].get("PopProxy") == "Inactive":
                served.act(
                    server, "set-component", component="PopProxy", state="Active", requester="HealthApi"
                )


def _put_back(flag: str, value: object) -> tuple[str, Mapping[str, object]]:
    if flag == "activation_policy":
        return "set-policy", {"policy": POLICIES[int(str(value))]}
    if flag == "protocol_log_enabled":
        return "set-logging", {"enabled": value}
    return "set-move-now", {"value": value}
