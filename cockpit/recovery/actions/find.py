"""The mailbox server behind a front end's probe, and whether POP is well there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange import model as m
from cockpit.exchange.model import AlertValue
from cockpit.poplog.evidence import ProbeRun
from cockpit.poplog.trace import Trace, with_health
from cockpit.recovery.actions.action import READ_LIMIT, Action, Context, Done
from cockpit.recovery.tracing import Tracer, health_command

TRIES: Final = 3
"""Looks at the front end's log while it has not got as far as the probe's end."""


class FindMailboxServer(Action):
    """The trace of the probe's last run, as ``logs trace`` shows it, with all its evidence.

    Evidence in the order of exchange-facts §4.5: StateAttribute4; the front end's log between the probe's
    start and end; the log of the back end it was proxied to; the server with the active copy of the probe's
    mailbox. Then POP.Protocol of the server they name. A trace that cannot tell has not found it.
    """

    outcomes: ClassVar = frozenset({"unhealthy", "healthy", "not_found"})

    def command(self, context: Context) -> str:
        found = str((context.facts.get("probe") or {}).get("mailbox_server", ""))
        return health_command(found or "<mailbox server>")

    def limit(self, context: Context) -> float:
        return READ_LIMIT + TRIES * (context.settings.verify_gap + READ_LIMIT)

    def perform(self, context: Context, before: Mapping[str, Any]) -> Done:
        gap = context.settings.verify_gap
        tracer = Tracer(context.access, context.say, context.pause, gap, TRIES)
        trace = tracer.trace(_run(context))
        for piece in trace.evidence:
            context.say(f"{piece.looked_at}: {piece.says}")
        if not trace.named:
            return Done("not_found", trace.verdict, data={"trace": trace.as_dict()})
        rows = tracer.health_rows(trace.named)
        for row in rows:
            context.say(f"{trace.named} {row.name} {row.target_resource}: {row.alert_value}")
        return _judged(with_health(trace, rows, health_command(trace.named)), rows)


def _run(context: Context) -> ProbeRun:
    """The run of the front end's probe as ``probes.RunProbe`` has kept it; of one that never ran, nothing."""
    found: Mapping[str, Any] = context.facts.get("probe") or {}
    return ProbeRun(
        catalogue.PROBES["PopCTPProbe"].identity,
        context.server,
        _moment(found.get("started")),
        _moment(found.get("ended")),
        str(found.get("result", "")),
        str(found.get("mailbox_server", "")),
        str(found.get("user", "")),
    )


def _moment(text: object) -> datetime | None:
    """As ``RunProbe`` wrote it: ISO 8601 with its zone, or empty."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def _judged(trace: Trace, rows: tuple[m.MonitorHealthEntry, ...]) -> Done:
    """Healthy only where every row says so: what is stale or unknown finds nothing."""
    bad = [r for r in rows if r.alert_value == AlertValue.UNHEALTHY]
    well = [r for r in rows if r.alert_value == AlertValue.HEALTHY and not r.is_stale]
    facts = {"mailbox_server": trace.named, "mailbox_monitor": bad[0].name if bad else ""}
    data = {"trace": trace.as_dict()}
    if bad:
        return Done(
            "unhealthy",
            N_("{monitor} is Unhealthy there: {verdict}").format(monitor=bad[0].name, verdict=trace.verdict),
            facts,
            data,
        )
    if rows and len(well) == len(rows):
        return Done(
            "healthy", N_("POP is Healthy there: {verdict}").format(verdict=trace.verdict), facts, data
        )
    odd = ", ".join(f"{r.name} {r.alert_value}" for r in rows if r not in well) or N_("no rows")
    return Done(
        "not_found",
        N_("It does not say how POP.Protocol is ({odd}): {verdict}").format(odd=odd, verdict=trace.verdict),
        facts,
        data,
    )
