"""What shows from here of a command that a person has run on a server.

Over the WinRM endpoint, where it can be had again, a process or a boot that is younger than the offer has
come after it: ages are told by the server's own clock alone. Over the Exchange endpoint nothing tells of a
restart: POP's services are not in Test-ServiceHealth (exchange-facts §2.11 [B]), and a monitor's row says how
POP is, not what was done to it. It is told all the same, beside the operator's word; that POP3 stops by
design while PopProxy is Inactive (§2.10 [A]) is one thing it can be held against.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.changes import Effect, Observation, StartService
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.observation import applied, sentence, unknown
from cockpit.exchange.recovery_model import ServiceProcess
from cockpit.exchange.server_clock import server_clock
from cockpit.exchange.winrm import WinRMCmdlets
from cockpit.recovery.actions.action import Context
from cockpit.recovery.guards.service import POP_PROXY
from cockpit.recovery.state_words import alert_is
from cockpit.recovery.whole import rows_of


def restarted(context: Context, service: str, since: float) -> Observation:
    """Whether ``service`` was started within the last ``since`` seconds."""

    def look(winrm: WinRMCmdlets) -> Observation:
        running = StartService(context.server, service).observe(winrm)
        process = running.value
        if running.effect is not Effect.APPLIED or not isinstance(process, ServiceProcess):
            return running
        if process.created is None:
            return unknown(running.words)
        age, seen = winrm.now() - process.created, running.words.rstrip(".")
        told = N_("{seen}, for {span} by its own clock").format(seen=seen, span=_span(age))
        return _young(told, age, since)

    return _over_winrm(context, look)


def booted(context: Context, since: float) -> Observation:
    """Whether the computer was started within the last ``since`` seconds."""

    def look(winrm: WinRMCmdlets) -> Observation:
        clock = server_clock(winrm)
        age = clock.now - clock.booted
        told = N_("{server} runs, for {span} by its own clock").format(server=context.server, span=_span(age))
        return _young(told, age, since)

    return _over_winrm(context, look)


def _young(told: str, age: timedelta, since: float) -> Observation:
    """By age: started after the offer is applied. An older one may be one that our clock and the server's
    count differently, so it is only told."""
    if age <= timedelta(seconds=since):
        return applied(N_("{told}, which is less than since it was offered.").format(told=told))
    return unknown(
        N_("{told}, which is more than the {span} since it was offered.").format(
            told=told, span=_span(timedelta(seconds=since))
        )
    )


def _span(age: timedelta) -> str:
    return str(timedelta(seconds=max(0, int(age.total_seconds()))))


def _over_winrm(context: Context, look: Callable[[WinRMCmdlets], Observation]) -> Observation:
    try:
        return context.access.look(context.server, look)
    except ExchangeError as error:
        return unknown(f"{sentence(error)} {through_exchange(context)}".strip())


def through_exchange(context: Context) -> str:
    """What the Exchange endpoint says of POP on the server: PopProxy, and the run's monitor. Words only."""
    told = [_told(context, part) for part in (_component, _monitor)]
    return " ".join(words for words in told if words)


def _told(context: Context, part: Callable[[Context], str]) -> str:
    try:
        return part(context)
    except ExchangeError as error:
        return sentence(error)


def _component(context: Context) -> str:
    answer = context.access.read(lambda c: c.get_server_component_state(context.server))
    found = next((c for c in rows_of(answer, "Get-ServerComponentState") if c.component == POP_PROXY), None)
    if found is None:
        return ""
    if found.state == "Active":
        return N_("PopProxy is Active.")
    return N_("PopProxy is {state}: POP3 stops by design.").format(state=found.state)


def _monitor(context: Context) -> str:
    known = catalogue.monitor(context.run.monitor)
    if known is None:
        return ""
    answer = context.access.read(lambda c: c.get_server_health(context.server, known.health_set))
    rows = [r for r in rows_of(answer, "Get-ServerHealth") if r.name.lower() == known.name.lower()]
    return " ".join(alert_is(f"{r.name} {r.target_resource}".strip(), r.alert_value) for r in rows)
