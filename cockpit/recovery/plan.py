"""The whole plan with every guard read now. Reads only: nothing is sent that changes anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.grants import Grants
from cockpit.exchange.model import Role, Version
from cockpit.journal.records import Finding, Run, RunState
from cockpit.journal.store import Journal
from cockpit.recovery.access import Access, NoWinRMError
from cockpit.recovery.actions.action import Action, Context, in_exchange
from cockpit.recovery.actions.machines import on_the_server
from cockpit.recovery.actions.table import ACTIONS
from cockpit.recovery.guards.table import judge_all, needs
from cockpit.recovery.holding import due_of
from cockpit.recovery.picture import command_of, plain_context
from cockpit.recovery.readings import Case, Readings, gather
from cockpit.recovery.runbook import Consent, Runbook, Step, freeze
from cockpit.recovery.scope import refuse_left_out, scope_of, server_of
from cockpit.recovery.view import HandView, Plan, PlanStep, StepMark, StepView

ROLES = {
    "cas_2013": N_("Client Access server of 2013"),
    "dag_member": N_("DAG member"),
    "standalone": N_("Mailbox server outside a DAG"),
}


def make(
    journal: Journal, access: Access, environment: Environment, book: Runbook, server: str, monitor: str
) -> Plan:
    """Raises ExchangeError when not even the server can be found."""
    scope = scope_of(access, server)
    server = server_of(access, server).name
    refuse_left_out(environment, access, server)
    text, digest = freeze(book)
    run = _would_be(book, text, digest, environment, scope, server, monitor)
    case = _case(journal, environment, run)
    guards = tuple(dict.fromkeys(g for s in book.steps for g in s.guards))
    readings = gather(access, case, {*needs(guards), "servers", "mailbox_servers", "monitor"}, Readings())
    role = role_of(readings, run.server)
    way = _way(book, role)
    ways = _Ways(access, run.server)
    steps = tuple(_step(run, step, case, readings, ways, step.id in way) for step in book.steps)
    return Plan(
        runbook=book.name,
        title=book.title,
        digest=digest,
        environment=environment.name,
        scope=scope,
        server=run.server,
        monitor=run.monitor,
        role=ROLES.get(role, N_("unknown role")),
        steps=steps,
        in_the_way=_in_the_way(case),
        read_at=datetime.now(UTC),
    )


def _would_be(
    book: Runbook, text: str, digest: str, environment: Environment, scope: str, server: str, monitor: str
) -> Run:
    known = catalogue.monitor(monitor)
    return Run(
        id="plan",
        parent=None,
        runbook=book.name,
        digest=digest,
        book=text,
        environment=environment.name,
        scope=scope,
        server=server,
        monitor=known.name if known is not None else monitor,
        operator="",
        state=RunState.RUNNING,
        step=book.steps[0].id,
        auto=False,
        facts={},
        ending="",
        created_at=0.0,
        ended_at=None,
    )


def _case(journal: Journal, environment: Environment, run: Run) -> Case:
    return Case(
        server=run.server,
        monitor=run.monitor,
        args={},
        facts={},
        settings=environment.recovery,
        local=datetime.now().astimezone(),
        now=journal.now(),
        obligations=journal.obligations(environment=environment.name),
        leases=tuple(x for x in journal.leases() if x.scope == run.scope and not x.expired),
        runs=tuple(
            r
            for r in journal.runs(open_only=True, limit=10_000)
            if r.scope == run.scope and due_of(journal, r) is None
        ),
    )


def role_of(readings: Readings, server: str) -> str:
    """As the action ``role`` would say; empty where it cannot be read."""
    found = readings.server(server)
    if found is None or not readings.mailbox_servers.known:
        return ""
    if Role.MAILBOX not in found.roles:
        return "cas_2013" if found.version is Version.E2013 else ""
    host = readings.mailbox_server(server)
    return "" if host is None else "dag_member" if host.dag else "standalone"


def _way(book: Runbook, role: str) -> frozenset[str]:
    """Steps that can come on a server of that role."""
    found: set[str] = set()
    waiting = [book.steps[0].id]
    while waiting:
        step_id = waiting.pop()
        if step_id in found or step_id.startswith("@"):
            continue
        found.add(step_id)
        step = book.step(step_id)
        if step.action == "role" and role:
            waiting.append(step.next[role])
        else:
            waiting.extend(step.next.values())
            waiting.extend([step.skip] if step.skip else [])
    return frozenset(found)


_LATER = frozenset({"evidence.fault", "copies.none_active", "reboot.settled"})
"""Guards that judge what earlier steps of the same run do."""


class _Ways:
    """Whether the ways that steps need are open to us now: the server's WinRM, and what RBAC grants."""

    def __init__(self, access: Access, server: str) -> None:
        self._no_winrm = _no_winrm(access, server)
        self._grants = _grants(access)

    def closed(self, run: Run, step: Step) -> tuple[str, HandView | None]:
        """Why a step cannot be sent, and what a person would run; empty and None where it can."""
        action = ACTIONS.get(step.action)
        if action is None:
            return "", None
        context = plain_context(run, step, ())
        why = self._no_winrm if action.on_machine else ""
        why = why or next((w for call in action.calls(context) if (w := self._grants.refuses(call))), "")
        if not why or not action.changes:
            return why, None
        return why, _hand(action, context, why)


def _hand(action: Action, context: Context, why: str) -> HandView:
    """The command for a person, as far as it is known before anything was read for the step."""
    try:
        hand = action.hand(context, {})
    except ExchangeError:
        hand = None
    if hand is not None:
        return HandView(hand.command, hand.where, why)
    if action.on_machine:
        return HandView(action.command(context), on_the_server(context.server), why)
    call = action.calls(context)[0]
    return HandView(str(call), in_exchange(call.cmdlet), why)


def _no_winrm(access: Access, server: str) -> str:
    try:
        access.look(server, lambda _: None)
    except NoWinRMError as error:
        return str(error)
    except ExchangeError:
        # It was had, and something failed on it: the guards' own readings tell.
        return ""
    return ""


def _grants(access: Access) -> Grants:
    try:
        return access.read(lambda c: c.get_grants())
    except ExchangeError:
        return Grants()


def _step(run: Run, step: Step, case: Case, readings: Readings, ways: _Ways, comes: bool) -> PlanStep:
    findings: tuple[Finding, ...] = ()
    if comes and step.guards:
        findings = judge_all(step.guards, readings, replace(case, server=run.server, args=step.args))
    later = tuple(g for g in step.guards if g in _LATER)
    view = StepView(
        id=step.id,
        title=step.title,
        page=step.page,
        why=step.why,
        departs=step.departs,
        command=command_of(run, step, ()),
        mark=StepMark.TO_COME if comes else StepMark.NOT_NEEDED,
        outcome="",
        words="",
        attempts=0,
        dangerous=step.dangerous,
        irreversible=step.consent is Consent.PERSON,
        skippable=bool(step.skip),
        started_at=None,
        ended_at=None,
        due_at=None,
        limit_at=None,
        findings=findings,
    )
    depends = N_("{guards}: earlier steps decide").format(guards=", ".join(later)) if later else ""
    if step.closes:
        depends = N_("puts back what was there before {key} was changed").format(key=step.closes)
    closed, hand = ways.closed(run, step) if comes else ("", None)
    return PlanStep(view, run.server, depends, later, closed, hand)


def _in_the_way(case: Case) -> tuple[str, ...]:
    leases = [
        N_("{scope} is held by {operator} for run {run} ({holder})").format(
            scope=x.scope, operator=x.operator, run=x.run[:8], holder=x.holder
        )
        for x in case.leases
    ]
    runs = [
        N_("run {run} of {operator} on {server} has not ended ({state})").format(
            run=r.id[:8], operator=r.operator, server=r.server, state=r.state.value
        )
        for r in case.runs
    ]
    return (*leases, *runs)
