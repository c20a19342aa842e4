"""Actions that only look: role, monitor, component, moves, settling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange import model as m
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.model import AlertValue, ExchangeServer, Role, Version
from cockpit.recovery.actions.action import Action, Context, Done, evidence
from cockpit.recovery.guards.service import POP_PROXY
from cockpit.recovery.readings import database_copies
from cockpit.recovery.scope import mailbox_server_of, server_of
from cockpit.recovery.state_words import alert_is, service_is
from cockpit.recovery.whole import rows_of, whole


class LookAtRole(Action):
    outcomes: ClassVar = frozenset({"cas_2013", "dag_member", "standalone"})

    def command(self, context: Context) -> str:
        return f"Get-ExchangeServer; Get-MailboxServer '{context.server}'"

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        mine = server_of(context.access, context.server)
        host = mailbox_server_of(context.access, mine)
        if host is None:
            if mine.version is not Version.E2013 or Role.CLIENT_ACCESS not in mine.roles:
                raise ExchangeError(
                    N_("{server} has no role that the page knows").format(server=mine.name),
                    cure=N_("Recover it by hand."),
                )
            return Done("cas_2013", N_("A Client Access server of 2013: it holds no databases."))
        if host.dag:
            return Done(
                "dag_member", N_("A member of {dag}: databases are moved away first.").format(dag=host.dag)
            )
        return Done(
            "standalone",
            N_(
                "A Mailbox server outside a DAG: its databases cannot move, so its restart is "
                "an outage to plan."
            ),
        )


class LookAtMonitor(Action):
    """AlertValue of the run's monitor. *unclear*: Degraded, Repairing, Disabled, stale, or no row."""

    outcomes: ClassVar = frozenset({"unhealthy", "healthy", "unclear"})

    def command(self, context: Context) -> str:
        known = catalogue.monitor(context.run.monitor)
        return f"Get-ServerHealth '{context.server}' -HealthSet '{known.health_set if known else ''}'"

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        known = catalogue.monitor(context.run.monitor)
        if known is None:
            raise ExchangeError(N_("{monitor} is no monitor of the page").format(monitor=context.run.monitor))
        answer = context.access.read(lambda c: c.get_server_health(context.server, known.health_set))
        found = whole(answer, "Get-ServerHealth")
        rows = [r for r in found if r.name.lower() == known.name.lower()]
        for row in rows:
            context.say(f"{row.name} {row.target_resource}: {row.alert_value}")
        outcome, words = judge_monitor(rows, answer.warnings)
        facts = {} if known.probe is not None else evidence(context, known.name, outcome, words)
        return Done(outcome, words, facts)


def judge_monitor(rows: list[m.MonitorHealthEntry], warnings: tuple[str, ...] = ()) -> tuple[str, str]:
    """Outcome and a sentence. The worst row counts; no row is never healthy."""
    if not rows:
        return "unclear", N_("No row: {warning}.").format(
            warning=warnings[0] if warnings else N_("POP may not be monitored here")
        )
    bad = [r for r in rows if r.alert_value == AlertValue.UNHEALTHY]
    if bad:
        return "unhealthy", alert_is(bad[0].name, bad[0].alert_value)
    odd = [r for r in rows if r.alert_value != AlertValue.HEALTHY or r.is_stale]
    if odd:
        return "unclear", alert_is(odd[0].name, odd[0].alert_value, stale=odd[0].is_stale)
    return "healthy", alert_is(rows[0].name, rows[0].alert_value)


class LookAtComponent(Action):
    outcomes: ClassVar = frozenset({"active", "inactive_by_health", "inactive_by_others"})

    def command(self, context: Context) -> str:
        return f"Get-ServerComponentState '{context.server}' -Component {POP_PROXY}"

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        answer = context.access.read(lambda c: c.get_server_component_state(context.server))
        components = rows_of(answer, "Get-ServerComponentState")
        if not components:
            raise ExchangeError(
                N_("Get-ServerComponentState gave no component of {server}").format(server=context.server)
            )
        found = next((c for c in components if c.component == POP_PROXY), None)
        if found is None or found.state == "Active":
            return Done(
                "active",
                N_("PopProxy is Active.") if found else N_("There is no PopProxy here."),
            )
        votes = sorted({v.requester for v in found.votes if v.state == "Inactive"})
        words = N_("PopProxy is {state}, by {requesters}.").format(
            state=found.state, requesters=", ".join(votes) or N_("an unknown requester")
        )
        only_health = [v.lower() for v in votes] == ["healthapi"]
        return Done("inactive_by_health" if only_health else "inactive_by_others", words)


class AwaitMoved(Action):
    """Until no copy is active here, seen twice, and each moved database is Mounted elsewhere."""

    outcomes: ClassVar = frozenset({"moved", "left_behind"})

    def command(self, context: Context) -> str:
        return f"Get-MailboxDatabaseCopyStatus -Server '{context.server}'"

    def limit(self, context: Context) -> float:
        return context.settings.move_limit + context.settings.verify_gap + 120.0

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        until = context.now() + context.settings.move_limit
        seen, said = 0, ""
        while True:
            here, unsure = self._active(context)
            away = [] if here or unsure else self._not_mounted(context)
            words = _left_words(here, unsure, away)
            if words != said:
                context.say(
                    words
                    or N_("No active copy is left on {server}; looking once more.").format(
                        server=context.server
                    )
                )
                said = words
            if not here and not unsure and not away:
                seen += 1
                if seen == 2:
                    return Done(
                        "moved",
                        N_("No active copy is left on {server}, seen twice.").format(server=context.server),
                    )
                context.pause(context.settings.verify_gap)
                continue
            seen = 0
            if context.now() >= until:
                return Done("left_behind", words, data={"left": [*here, *unsure, *away]})
            context.pause(context.settings.poll)

    def _active(self, context: Context) -> tuple[list[str], list[str]]:
        answer = context.access.read(lambda c: c.get_mailbox_database_copy_status(context.server))
        copies = rows_of(answer, "Get-MailboxDatabaseCopyStatus")
        here = [f"{c.database} {c.status}" for c in copies if c.is_active_state]
        unsure = [
            f"{c.database} {c.status}"
            for c in copies
            if not c.is_active_state and c.status in ("ServiceDown", "Unknown")
        ]
        named = {c.database for c in copies}
        unsure += [
            N_("{database} is not among the copies").format(database=d)
            for d in context.facts.get("active_before", {})
            if d not in named
        ]
        return here, unsure

    def _not_mounted(self, context: Context) -> list[str]:
        """Databases that were active here and are Mounted nowhere now."""
        found = []
        for database in context.facts.get("active_before", {}):
            copies = database_copies(context.access, database)
            if not any(c.status == "Mounted" for c in copies):
                found.append(N_("{database} is mounted nowhere").format(database=database))
        return found


def _left_words(here: list[str], unsure: list[str], away: list[str]) -> str:
    parts = [N_("still active: {copies}").format(copies=", ".join(here))] if here else []
    parts += [N_("unsure: {copies}").format(copies=", ".join(unsure))] if unsure else []
    return "; ".join([*parts, *away])


class AwaitSettled(Action):
    """After a restart: the POP3 services run, replication is clean, copies are Healthy."""

    outcomes: ClassVar = frozenset({"settled", "services_down", "not_settled"})

    def command(self, context: Context) -> str:
        return f"Get-Service; Test-ReplicationHealth '{context.server}'; Get-MailboxDatabaseCopyStatus"

    def limit(self, context: Context) -> float:
        return context.settings.settle_limit + 240.0

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        until = context.now() + context.settings.settle_limit
        said, alone = "", 0
        while True:
            down, others = self._look(context)
            words = "; ".join([*down, *others])
            if words and words != said:
                context.say(words)
                said = words
            if not words:
                return self._done(
                    context, "settled", N_("Services run, replication is clean, copies Healthy.")
                )
            # A service may come a little later than all the rest: seen stopped twice, it has to be started.
            alone = alone + 1 if down and not others else 0
            if alone == 2:
                return self._done(context, "services_down", words)
            if context.now() >= until:
                return self._done(context, "not_settled", words)
            context.pause(context.settings.verify_gap if alone else context.settings.poll)

    def _done(self, context: Context, outcome: str, words: str) -> Done:
        settled = {**context.facts.get("settled", {}), context.server: outcome}
        return Done(outcome, words, {"settled": settled})

    def _look(self, context: Context) -> tuple[list[str], list[str]]:
        """Services that are stopped, and everything else that is not as it should be."""
        try:
            mine = server_of(context.access, context.server)
            stopped, pending = self._services(context, mine)
            host = mailbox_server_of(context.access, mine)
            member = host is not None and bool(host.dag)
            return stopped, [*pending, *(self._dag(context) if member else [])]
        except ExchangeError as error:
            return [], [str(error)]

    def _services(self, context: Context, mine: ExchangeServer) -> tuple[list[str], list[str]]:
        names = catalogue.services(mine.version, mine.roles)
        answer = context.access.look(context.server, lambda w: w.get_service(names))
        found = {s.name.lower(): s for s in whole(answer, "Get-Service")}
        unnamed = [n for n in names if n.lower() not in found]
        stopped, pending = [], [N_("{service} was not named").format(service=n) for n in unnamed]
        for service in found.values():
            if service.status == "Stopped":
                stopped.append(service_is(service.name, service.status))
            elif service.status != "Running":
                pending.append(service_is(service.name, service.status))
        return stopped, pending

    def _dag(self, context: Context) -> list[str]:
        checks = rows_of(
            context.access.read(lambda c: c.test_replication_health(context.server)), "Test-ReplicationHealth"
        )
        answer = context.access.read(lambda c: c.get_mailbox_database_copy_status(context.server))
        copies = rows_of(answer, "Get-MailboxDatabaseCopyStatus")
        bad = [f"{c.check} {c.result} {c.error}".strip() for c in checks if not c.passed]
        bad += [] if checks else [N_("Test-ReplicationHealth gave no check")]
        return bad + [
            f"{c.name} {c.status}"
            for c in copies
            if c.status not in ("Healthy", "Mounted", "SeedingSource") and not c.activation_suspended
        ]
