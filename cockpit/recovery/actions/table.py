"""Every action by the name runbooks use. Names are for ever: runs keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from cockpit.config.language import N_
from cockpit.recovery.actions import find, logs, looks, machines, probes, settings
from cockpit.recovery.actions.action import Action, Context, Done

KEEP_FOR: Final = "keep_for"
"""The run's fact that says how long a temporary change is wanted, in whole seconds."""


class Wait(Action):
    """A due time in the journal; the engine waits for it."""

    outcomes: ClassVar = frozenset({"elapsed"})

    def command(self, context: Context) -> str:
        return ""

    def limit(self, context: Context) -> float:
        return context.settings.wait

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        return Done("elapsed", N_("The time is over."))


class Hold(Action):
    """A temporary change that stays until somebody ends it; the engine rests there, with a due time."""

    outcomes: ClassVar = frozenset({"over"})

    def command(self, context: Context) -> str:
        return ""

    def limit(self, context: Context) -> float:
        """Seconds until it is overdue: as asked for at the start, else as configured."""
        return float(context.facts.get(KEEP_FOR) or context.settings.logging_due)

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        raise TypeError("the engine rests at a hold")


class Child(Action):
    """Another runbook on another server, as a run of its own; the engine drives it."""

    outcomes: ClassVar = frozenset({"recovered", "escalated", "aborted"})

    def command(self, context: Context) -> str:
        server = context.facts.get("mailbox_server", "<mailbox server>")
        return N_("runbook {runbook} on {server}").format(runbook=context.step.args["runbook"], server=server)

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        raise TypeError("the engine drives child runs")


class Escalate(Action):
    """The evidence bundle; the engine settles open obligations first."""

    outcomes: ClassVar = frozenset({"done"})

    def command(self, context: Context) -> str:
        return ""

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        raise TypeError("the engine builds the bundle")


ACTIONS: Final[Mapping[str, Action]] = {
    "role": looks.LookAtRole(),
    "monitor": looks.LookAtMonitor(),
    "component": looks.LookAtComponent(),
    "await_moved": looks.AwaitMoved(),
    "await_settled": looks.AwaitSettled(),
    "find_mailbox_server": find.FindMailboxServer(),
    "probe": probes.RunProbe(),
    "set_logging": settings.TurnLoggingOn(),
    "restore_logging": settings.RestoreLogging(),
    "clear_logging": settings.ClearLogging(),
    "await_log": logs.AwaitLog(),
    "block_activation": settings.BlockActivation(),
    "restore_policy": settings.RestorePolicy(),
    "move_databases": settings.MoveDatabases(),
    "restore_move_now": settings.RestoreMoveNow(),
    "activate_component": settings.ActivateComponent(),
    "restart_service": machines.RestartPopService(),
    "start_services": machines.StartPopServices(),
    "reboot": machines.Reboot(),
    "fail_back": machines.MoveBack(),
    "wait": Wait(),
    "hold": Hold(),
    "child": Child(),
    "escalate": Escalate(),
}
