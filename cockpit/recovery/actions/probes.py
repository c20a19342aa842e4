"""Re-running a probe by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange.cmdlets import invoke_monitoring_probe_call
from cockpit.exchange.errors import CmdletFailedError, ExchangeError, NotGrantedError
from cockpit.exchange.model import MonitoringProbeResult
from cockpit.exchange.pipeline import Call
from cockpit.recovery.actions.action import Action, Context, Done, evidence
from cockpit.recovery.tracing import run_of


def _identity(context: Context) -> str:
    known = catalogue.monitor(context.run.monitor)
    if known is None or known.probe is None:
        raise ExchangeError(
            N_("No probe feeds {monitor}").format(monitor=context.run.monitor),
            cure=N_("Wait for its own runs."),
        )
    return known.probe.identity


class RunProbe(Action):
    """Three results, never two: a probe that cannot be run by hand says nothing (finding 4)."""

    outcomes: ClassVar = frozenset({"succeeded", "failed", "not_runnable"})

    def command(self, context: Context) -> str:
        return str(invoke_monitoring_probe_call(_identity(context), context.server))

    def calls(self, context: Context) -> tuple[Call, ...]:
        return (invoke_monitoring_probe_call(_identity(context), context.server),)

    def limit(self, context: Context) -> float:
        return catalogue.PROBE_TIME_LIMIT + 30.0

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        identity = _identity(context)
        context.say(N_("{identity} is running; it may take minutes.").format(identity=identity))
        try:
            answer = context.access.read(lambda c: c.invoke_monitoring_probe(identity, context.server))
        except (CmdletFailedError, NotGrantedError) as error:
            return self._unrunnable(context, identity, str(error))
        if not answer.rows:
            words = (*answer.warnings, *(e.message for e in answer.errors), N_("no result and no warning"))
            return self._unrunnable(context, identity, words[0])
        return self._result(context, identity, answer.rows[0])

    def _unrunnable(self, context: Context, identity: str, words: str) -> Done:
        said = N_("{identity} could not be run by hand: {words}").format(identity=identity, words=words)
        return Done("not_runnable", said, evidence(context, identity, "not_runnable", said))

    def _result(self, context: Context, identity: str, row: MonitoringProbeResult) -> Done:
        outcome = "succeeded" if row.succeeded else "failed"
        words = f"ResultType {row.result_type}"
        if not row.succeeded:
            why = row.failure_reason or row.error or N_("no reason given")
            words += f": {why}"
        ran = run_of(row, identity, context.server)
        facts = evidence(context, identity, outcome, words)
        facts["probe"] = {
            "mailbox_server": ran.mailbox_server,
            "user": ran.user,
            "started": ran.started.isoformat() if ran.started else "",
            "ended": ran.ended.isoformat() if ran.ended else "",
            "result": ran.result,
        }
        data = {"result_type": row.result_type, "blamed": row.blamed_component, "error": row.error}
        return Done(outcome, words, facts, data)
