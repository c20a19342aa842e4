"""Recovery as screens and commands use it: the journal, and workers started in processes of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.paths import paths
from cockpit.config.secrets import Secret
from cockpit.exchange import catalogue
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.model import MonitoringProbeResult
from cockpit.exchange.text import clean_line
from cockpit.journal.errors import JournalError
from cockpit.journal.records import (
    Answer,
    Choice,
    Question,
    Reading,
    Run,
    RunState,
    WishKind,
)
from cockpit.journal.store import Journal
from cockpit.journal.words import REASON_LENGTH
from cockpit.poplog.trace import Trace
from cockpit.recovery import bundle, plan, starting, sweep
from cockpit.recovery.actions.settings import change_of, read_value, same
from cockpit.recovery.client import NotBackError, RefusedError
from cockpit.recovery.holding import due_of
from cockpit.recovery.launch import works
from cockpit.recovery.logging_desk import LoggingDesk
from cockpit.recovery.opening import open_journal_of
from cockpit.recovery.picture import Rows, run_line, run_view
from cockpit.recovery.refusing import refusals as _refusals
from cockpit.recovery.runbook import Runbook, readable
from cockpit.recovery.runbooks import runbook_for
from cockpit.recovery.runbooks.service import BACK_END_SERVICE, SERVICE
from cockpit.recovery.tracing import Tracer, run_of
from cockpit.recovery.view import Plan, RunLine, RunView, Standing

TRACE_TRIES, TRACE_GAP = 3, 4.0
"""How often, and every how many seconds, a log is looked at that has not got as far as the probe's end."""

_WISHES: Final = {WishKind.ABORT: N_("Wish to abort"), WishKind.END_WAIT: N_("Wish to end wait")}


def open_office(environment: Environment, *, read_only: bool | None = None) -> Office:
    """Recovery on an environment. Raises RefusedError when the journal cannot be opened."""
    only = environment.read_only if read_only is None else read_only
    try:
        return Office(environment, secrets.later(environment), open_journal_of(environment), only)
    except JournalError as error:
        raise RefusedError(N_("The journal cannot be opened"), str(error)) from error


class Office(LoggingDesk):
    """Implements ``cockpit.recovery.client.Recovery``."""

    def __init__(
        self, environment: Environment, secret: Secret | None, journal: Journal, read_only: bool
    ) -> None:
        super().__init__(environment, secret, journal, read_only)
        self._swept = Standing()

    # --- reading -----------------------------------------------------------------------------------

    def position(self) -> int:
        with _refusals(N_("Reading the journal")):
            return self._journal.position()

    def standing(self) -> Standing:
        with _refusals(N_("Reading the journal")):
            obligations = self._journal.obligations(environment=self._environment.name)
            return Standing(
                runs=tuple(line for line in self.runs() if not line.run.ended),
                obligations=obligations,
                orphans=self._swept.orphans,
                swept_at=self._swept.swept_at,
                problem=self._swept.problem,
                unread=self._swept.unread,
                refused=self._swept.refused,
            )

    def runs(self, limit: int = 100) -> tuple[RunLine, ...]:
        with _refusals(N_("Reading the journal")):
            leases = {x.scope: x for x in self._journal.leases()}
            return tuple(
                run_line(
                    run,
                    self._line(run),
                    leases.get(run.scope),
                    None if run.ended else self._journal.open_question(run.id),
                    0 if run.ended and run.state is not RunState.ESCALATED else self._open(run),
                    due_of(self._journal, run),
                )
                for run in self._journal.runs(limit=limit, environment=self._environment.name)
            )

    def _line(self, run: Run) -> tuple[str, ...]:
        """Ids of the run and of those that wait for it."""
        found = [run]
        while found[-1].parent is not None and not run.ended:
            found.append(self._journal.run(found[-1].parent))
        return tuple(r.id for r in found)

    def _open(self, run: Run) -> int:
        return len(self._journal.obligations(run=run.id))

    def view(self, run: str) -> RunView:
        with _refusals(N_("Reading the run")):
            found = self._find(run)
            journal = self._journal
            if readable(found.book, found.digest) is None:
                raise RefusedError(
                    N_("Run {run}").format(run=found.id[:8]),
                    N_("this program cannot read its runbook"),
                    N_("Upgrade pop-cockpit; to undo what is open: pop-cockpit runs abort."),
                )
            return run_view(
                Rows(
                    run=found,
                    attempts=journal.attempts(found.id),
                    questions=journal.questions(found.id),
                    readings=journal.readings(found.id),
                    output=tuple(line for _, line in journal.output(found.id)),
                    obligations=journal.obligations(run=found.id, open_only=False),
                    lease=journal.lease(found.scope),
                    line=self._line(found),
                    now=journal.now(),
                )
            )

    def _find(self, run: str) -> Run:
        """A run by its id or a unique beginning of it. Raises RefusedError."""
        found = [
            r
            for r in self._journal.runs(limit=10_000, environment=self._environment.name)
            if r.id.startswith(run.lower())
        ]
        if len(found) == 1 and run:
            return found[0]
        why = N_("there is none") if not found else N_("{count} runs begin so").format(count=len(found))
        raise RefusedError(N_("Run {run!r}").format(run=run), why, N_("List them: pop-cockpit runs list."))

    def open_question(self, run: str) -> Question | None:
        """The question a run waits at."""
        with _refusals(N_("Reading the run")):
            return self._journal.open_question(run)

    def readings(self, run: str) -> tuple[Reading, ...]:
        """Everything the run's guards said, oldest first."""
        with _refusals(N_("Reading the run")):
            return self._journal.readings(run)

    def plan(self, server: str, monitor: str) -> Plan:
        book = self._book(monitor)
        with (
            self._servers() as access,
            _refusals(N_("A plan for {monitor} on {server}").format(monitor=monitor, server=server)),
        ):
            return plan.make(self._journal, access, self._environment, book, server, monitor)

    def trace(self, server: str, identity: str, result: MonitoringProbeResult) -> Trace:
        with (
            self._servers() as access,
            _refusals(N_("The trace of {identity} on {server}").format(identity=identity, server=server)),
        ):
            tracer = Tracer(access, gap=TRACE_GAP, tries=TRACE_TRIES)
            return tracer.health(tracer.trace(run_of(result, identity, server)))

    # --- acting ------------------------------------------------------------------------------------

    def start(self, server: str, monitor: str, *, auto: bool = False) -> str:
        return self._start(self._book(monitor), server, catalogue_name(monitor), auto=auto)

    def start_service(self, server: str, back_end: bool) -> str:
        """Restart one POP3 service under the rules of a recovery; the run's id. Raises RefusedError."""
        return self._start(BACK_END_SERVICE if back_end else SERVICE, server, "", auto=False)

    def answer(self, run: str, question: int, answer: Answer) -> None:
        what = N_("Answer {choice}").format(choice=answer.choice.value)
        self._may_write(what)
        with _refusals(what):
            found = self._find(run)
            asked = next((q for q in self._journal.questions(found.id) if q.id == question), None)
            if asked is None:
                raise RefusedError(
                    what,
                    N_("question {question} is not of run {run}").format(question=question, run=found.id[:8]),
                )
            starting.not_held(self._journal, found, what)
            if answer.choice is Choice.OVERRIDE:
                self._may_override(what, found, asked, answer)
            if answer.choice is Choice.HAND_OVER and not answer.to.strip():
                raise RefusedError(what, N_("nobody is named"), N_("Name who takes it over."))
            with self._journal.write(None) as writer:
                writer.answer(question, replace(answer, by=self.operator()))
            self._work_if_left(found)

    def _may_override(self, what: str, run: Run, question: Question, answer: Answer) -> None:
        """An override is for a finding in the way, with the server's name typed. Raises RefusedError."""
        read = self._journal.readings(run.id, question.step)
        offered = [f for f in read[-1].findings if f.blocks and f.overridable] if read else []
        if (answer.guard, answer.object) not in [(f.guard, f.object) for f in offered]:
            names = "; ".join(
                N_("{guard} for {object}").format(guard=f.guard, object=f.object) for f in offered
            )
            raise RefusedError(
                what,
                N_("no such finding is in the way ({guard} {object})").format(
                    guard=answer.guard, object=answer.object
                ),
                N_("Offered: {names}.").format(names=names or N_("none")),
            )
        if not same_server(answer.typed, run.server):
            raise RefusedError(
                what, N_("it wants {server} typed").format(server=run.server), N_("Type the server's name.")
            )

    def wish(self, run: str, kind: WishKind, reason: str) -> None:
        what = _WISHES[kind]
        self._may_write(what)
        with _refusals(what):
            found = self._find(run)
            starting.not_held(self._journal, found, what)
            waits = any(a.in_doubt and a.due_at is not None for a in self._journal.attempts(found.id))
            if kind is WishKind.END_WAIT and not waits:
                raise RefusedError(
                    what,
                    N_("run {run} is at no wait now").format(run=found.id[:8]),
                )
            with self._journal.write(None) as writer:
                writer.wish(found.id, kind, reason, self.operator())
            self._work_if_left(found)

    def resume(self, run: str) -> None:
        what = N_("Resume run {run}").format(run=run[:8])
        self._may_write(what)
        with _refusals(what):
            found = self._top(self._find(run))
            if found.ended:
                raise RefusedError(what, N_("it has ended: {state}").format(state=found.state.value))
            lease = self._journal.lease(found.scope)
            if lease is not None and works(lease):
                left = max(0.0, lease.expires_at - self._journal.now())
                raise RefusedError(
                    what,
                    N_("{operator} works on it ({holder}), its lease runs {left:.0f} s more").format(
                        operator=lease.operator, holder=lease.holder, left=left
                    ),
                    N_("Watch it: pop-cockpit runs attach {run}.").format(run=found.id[:8]),
                )
            with self._journal.write(None) as writer:
                writer.log("run.resumed", run=found.id, by=self.operator())
            self._work(found.id)

    def abort(self, run: str, reason: str) -> None:
        what = N_("Abort run {run}").format(run=run[:8])
        self._may_write(what)
        with _refusals(what):
            found = self._top(self._find(run))
            if found.ended:
                raise RefusedError(what, N_("it has ended: {state}").format(state=found.state.value))
            starting.not_held(self._journal, found, what)
            with self._journal.write(None) as writer:
                writer.wish(found.id, WishKind.ABORT, reason, self.operator())
            self._work_if_left(found)

    def export(self, run: str, folder: Path) -> Path:
        what = N_("Export run {run}").format(run=run[:8])
        with _refusals(what), self._servers() as access:
            found = self._find(run)
            try:
                return bundle.build(self._journal, found.id, folder, access, self._environment)
            except OSError as error:
                raise RefusedError(what, f"{folder}: {error.strerror}", N_("Name another folder.")) from error

    def settle(self, obligation: int, reason: str, *, accept: bool = False) -> None:
        """Close an obligation that was handed over: its value is back, or (``accept``) stays as it is.

        Nothing is sent. ``reason``: at least ten characters, for the journal. Raises RefusedError.
        """
        what = N_("Close obligation {obligation}").format(obligation=obligation)
        self._may_write(what)
        if len(reason.strip()) < REASON_LENGTH:
            raise RefusedError(
                what,
                N_("a reason of at least {least} characters is wanted").format(least=REASON_LENGTH),
            )
        with _refusals(what):
            found = next((o for o in self._journal.obligations() if o.id == obligation), None)
            if found is None:
                raise RefusedError(what, N_("it is not open"), N_("List them: pop-cockpit obligations."))
            if not self._journal.run(found.run).ended:
                raise RefusedError(
                    what,
                    N_("run {run} has not ended, and puts it back itself").format(run=found.run[:8]),
                    f"pop-cockpit runs abort {found.run[:8]}",
                )
            with self._servers() as access:
                now = read_value(access, found.key, found.server).value
            if not same(now, found.prior) and not accept:
                command, asks = change_of(found.key, found.server, found.prior).call(), N_("Type")
                raise NotBackError(
                    what,
                    N_("{key} of {server} is {now}, it was {prior}").format(
                        key=found.key, server=found.server, now=now, prior=found.prior
                    ),
                    f"{asks}: {command}",
                )
            with self._journal.write(None) as writer:
                words = N_("{operator}: {reason} (it is {now}, was {prior})").format(
                    operator=self.operator(), reason=clean_line(reason), now=now, prior=found.prior
                )
                writer.close_obligation(obligation, words)

    def sweep(self) -> Standing:
        what = N_("Look at every server")
        with _refusals(what):
            try:
                seen = self._launcher.look(paths())
            except (OSError, EOFError) as error:
                raise RefusedError(what, N_("the process that looks has ended"), N_("Try again.")) from error
            # The journal after the servers: what a run has taken on meanwhile is then among the open ones.
            name = self._environment.name
            found = sweep.judge(
                seen.marks,
                seen.problems,
                self._journal.obligations(environment=name),
                sweep.closed(self._journal, name),
            )
            self._swept = Standing(
                orphans=found.orphans,
                swept_at=datetime.now(UTC),
                problem="; ".join(found.problems),
                unread=found.servers_unread,
                refused=seen.refused,
            )
            with self._journal.write(None) as writer:
                sweep.record(writer, found)
        return self.standing()

    # --- small things --------------------------------------------------------------------------------

    def _book(self, monitor: str) -> Runbook:
        book = runbook_for(monitor)
        if book is None:
            known = ", ".join(catalogue.MONITORS)
            raise RefusedError(
                N_("Recover {monitor}").format(monitor=monitor),
                N_("the page has no procedure for it"),
                N_("Known: {monitors}.").format(monitors=known),
            )
        return book


def catalogue_name(monitor: str) -> str:
    known = catalogue.monitor(monitor)
    return known.name if known is not None else monitor
