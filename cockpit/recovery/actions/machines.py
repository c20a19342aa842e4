"""Actions on the WinRM endpoint: POP3 services and the computer itself; and moving databases back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.changes import (
    ActivatePreferred,
    Effect,
    Observation,
    RestartComputer,
    RestartService,
    StartService,
    WinRMChange,
)
from cockpit.exchange.errors import (
    ExchangeError,
    ProtocolError,
    ShellLostError,
    TimeLimitError,
    UnreachableError,
)
from cockpit.exchange.pipeline import Call
from cockpit.exchange.recovery_model import ServiceProcess
from cockpit.exchange.server_clock import server_clock
from cockpit.recovery.actions import sightings
from cockpit.recovery.actions.action import (
    Action,
    Context,
    Done,
    Hand,
    NotDoneError,
    Prepared,
    confirmed,
    in_exchange,
)
from cockpit.recovery.scope import server_of
from cockpit.recovery.whole import rows_of

_TIERS = {"front": catalogue.FRONT_END_SERVICE, "back": catalogue.BACK_END_SERVICE}


def look_at(context: Context, change: WinRMChange) -> Observation:
    """The change's observation; an endpoint that does not answer is *unknown*, like any silence."""
    try:
        return context.access.look(change.server, change.observe)
    except ExchangeError as error:
        return Observation(Effect.UNKNOWN, f"{error}.")


def on_the_server(server: str) -> str:
    """Where a command of the WinRM endpoint is run by hand: these cmdlets act on the machine they are typed
    on, in the Exchange Management Shell too (exchange-facts §3)."""
    return N_("on {server} itself, in Windows PowerShell as an administrator").format(server=server)


def own_services(context: Context) -> tuple[str, ...]:
    """The POP3 services this server should have, by version and role. Raises ExchangeError."""
    mine = server_of(context.access, context.server)
    return catalogue.services(mine.version, mine.roles)


class RestartPopService(Action):
    """Restart one tier's service, and see that the process is a new one."""

    outcomes: ClassVar = frozenset({"done"})
    changes: ClassVar = True
    on_machine: ClassVar = True

    def _service(self, context: Context) -> str:
        return _TIERS[str(context.step.args["tier"])]

    def command(self, context: Context) -> str:
        return N_("Restart-Service -Name '{service}' -Force    (on {server})").format(
            service=self._service(context), server=context.server
        )

    def limit(self, context: Context) -> float:
        return self._change(context, {}).effect_limit

    def _change(self, context: Context, before: Mapping[str, Any]) -> RestartService:
        service = self._service(context)
        return RestartService(context.server, service, _process(service, before))

    def prepare(self, context: Context) -> Prepared:
        service = self._service(context)
        if service not in own_services(context):
            words = N_("{server} has no {service} by its role.").format(
                server=context.server, service=service
            )
            return Prepared(instead=Done("done", words))
        now = context.access.look(context.server, lambda w: w.service_process(service))
        if now is None:
            raise ExchangeError(
                N_("{server} has no service {service}").format(server=context.server, service=service),
                cure=N_("Look at the server."),
            )
        created = now.created.isoformat() if now.created else ""
        before = {"state": now.state, "start": now.start_mode, "pid": now.process_id, "created": created}
        return Prepared(before)

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        change = self._change(context, before)
        context.access.act(change)
        words = confirmed(look_at(context, change), N_("The restart of the service"))
        return self.observed(context, before, words)

    def observe(self, context: Context, before: Mapping[str, Any]) -> Observation:
        return look_at(context, self._change(context, before))

    def observed(self, context: Context, before: Mapping[str, Any], words: str) -> Done:
        return Done("done", words, {"evidence": {}})

    def hand(self, context: Context, before: Mapping[str, Any]) -> Hand:
        return Hand(str(self._change(context, {}).call()), on_the_server(context.server), word=True)

    def seen(self, context: Context, before: Mapping[str, Any], since: float) -> Observation:
        if "pid" in before:
            return self.observe(context, before)
        return sightings.restarted(context, self._service(context), since)


def _process(service: str, before: Mapping[str, Any]) -> ServiceProcess:
    created = str(before.get("created", ""))
    return ServiceProcess(
        service,
        str(before.get("state", "")),
        str(before.get("start", "")),
        int(before.get("pid", 0)),
        datetime.fromisoformat(created) if created else None,
    )


class StartPopServices(Action):
    """Start the POP3 services that do not run. Starting one that runs changes nothing."""

    outcomes: ClassVar = frozenset({"done"})
    changes: ClassVar = True
    on_machine: ClassVar = True

    def command(self, context: Context) -> str:
        names = ", ".join(f"'{n}'" for n in _TIERS.values())
        return N_("Start-Service -Name {names}, those that are stopped    (on {server})").format(
            names=names, server=context.server
        )

    def limit(self, context: Context) -> float:
        return len(_TIERS) * StartService(context.server, _TIERS["front"]).effect_limit

    def prepare(self, context: Context) -> Prepared:
        names = own_services(context)
        found = context.access.look(context.server, lambda w: w.get_service(names)).rows
        stopped = [s.name for s in found if s.status != "Running"]
        if not stopped:
            return Prepared(instead=Done("done", N_("All POP3 services run.")))
        return Prepared({"stopped": stopped})

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        for name in before["stopped"]:
            context.access.act(StartService(context.server, str(name)))
        words = confirmed(self.observe(context, before), N_("The start of the POP3 services"))
        return self.observed(context, before, words)

    def observe(self, context: Context, before: Mapping[str, Any]) -> Observation:
        seen = [look_at(context, StartService(context.server, str(n))) for n in before["stopped"]]
        bad = [s for s in seen if s.effect is not Effect.APPLIED]
        return bad[0] if bad else Observation(Effect.APPLIED, " ".join(s.words for s in seen))

    def observed(self, context: Context, before: Mapping[str, Any], words: str) -> Done:
        return Done("done", words, {"evidence": {}})

    def hand(self, context: Context, before: Mapping[str, Any]) -> Hand:
        """Those that are stopped, where that was read; else all: starting one that runs changes nothing."""
        names = before.get("stopped") or own_services(context)
        commands = [str(StartService(context.server, str(n)).call()) for n in names]
        return Hand("; ".join(commands), on_the_server(context.server), word=True)

    def seen(self, context: Context, before: Mapping[str, Any], since: float) -> Observation:
        names = before.get("stopped") or own_services(context)
        return self.observe(context, {"stopped": names})


class Reboot(Action):
    """Restart the computer, and see that its boot time has changed."""

    outcomes: ClassVar = frozenset({"done"})
    changes: ClassVar = True
    on_machine: ClassVar = True

    def command(self, context: Context) -> str:
        return N_("Restart-Computer -Force    (on {server})").format(server=context.server)

    def limit(self, context: Context) -> float:
        return context.settings.reboot_limit

    def prepare(self, context: Context) -> Prepared:
        clock = context.access.look(context.server, server_clock)
        return Prepared({"booted": clock.booted.isoformat()})

    def _change(self, context: Context, before: Mapping[str, Any]) -> RestartComputer:
        return RestartComputer(context.server, datetime.fromisoformat(str(before["booted"])))

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        change = self._change(context, before)
        context.access.avoid(context.server)
        try:
            context.access.act(change)
        except (UnreachableError, TimeLimitError, ShellLostError, ProtocolError) as error:
            # A machine that goes down takes the connection with it: only its boot time tells.
            context.say(f"{error}.")
        return self._await(context, before)

    def _await(self, context: Context, before: Mapping[str, Any]) -> Done:
        until = context.now() + context.settings.reboot_limit
        said = ""
        while True:
            seen = self.observe(context, before)
            if seen.effect is Effect.APPLIED:
                return self.observed(context, before, seen.words)
            if seen.words != said:
                context.say(seen.words)
                said = seen.words
            if context.now() >= until:
                raise NotDoneError(
                    N_("{server} was not seen to restart within its time").format(server=context.server),
                    seen.words,
                    N_("Look at its console."),
                )
            context.pause(context.settings.poll)

    def observe(self, context: Context, before: Mapping[str, Any]) -> Observation:
        return look_at(context, self._change(context, before))

    def observed(self, context: Context, before: Mapping[str, Any], words: str) -> Done:
        return Done("done", words, {"evidence": {}})

    def hand(self, context: Context, before: Mapping[str, Any]) -> Hand:
        change = RestartComputer(context.server, datetime.min)
        return Hand(str(change.call()), on_the_server(context.server), word=True)

    def seen(self, context: Context, before: Mapping[str, Any], since: float) -> Observation:
        context.access.avoid(context.server)
        if "booted" in before:
            return self.observe(context, before)
        return sightings.booted(context, since)


class MoveBack(Action):
    """Bring the databases that prefer this server back to it. Looking first opens the session, so that
    the time limit is the move's own."""

    outcomes: ClassVar = frozenset({"done"})
    changes: ClassVar = True

    def _change(self, context: Context) -> ActivatePreferred:
        return ActivatePreferred(context.server, context.comment)

    def command(self, context: Context) -> str:
        return str(self._change(context).call())

    def calls(self, context: Context) -> tuple[Call, ...]:
        return (self._change(context).call(),)

    def limit(self, context: Context) -> float:
        return self._change(context).effect_limit

    def prepare(self, context: Context) -> Prepared:
        answer = context.access.read(lambda c: c.get_mailbox_database_copy_status(context.server))
        copies = rows_of(answer, "Get-MailboxDatabaseCopyStatus")
        return Prepared({"active": [c.database for c in copies if c.is_active_state]})

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        context.access.send(self._change(context))
        return Done("done", confirmed(self.observe(context, before), N_("The move")))

    def observe(self, context: Context, before: Mapping[str, Any]) -> Observation:
        return context.access.read(self._change(context).observe)

    def hand(self, context: Context, before: Mapping[str, Any]) -> Hand:
        return Hand(str(self._change(context).call()), in_exchange("Move-ActiveMailboxDatabase"), word=False)
