"""The properties of a MonitoringProbeResult from what a probe run saw (exchange-facts §2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from cockpit.exchange.model import RESULT_TYPES, ResultType
from cockpit.lab.clixml import Enum
from cockpit.lab.faults import ON_DEMAND_LIMIT, Outcome
from cockpit.lab.organization import Database, Server

RESULT_TYPE: Final = "Microsoft.Office.Datacenter.ActiveMonitoring.ResultType"
"""Full name from memory [M]: the sheet gives ResultType only."""
_NUMBERS: Final = {name: number for number, name in RESULT_TYPES.items()}
_TEXTS: Final = (1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 21, 22, 23, 24, 25)
_DOUBLES: Final = (6, 7, 8, 9, 10, 16, 17, 18, 19, 20)

LOGIN_PROBES: Final = frozenset({"PopDeepTestProbe", "PopCTPProbe"})
_PORTS: Final = {
    "PopSelfTestProbe": 1995,
    "PopDeepTestProbe": 1995,
    "PopProxyTestProbe": 995,
    "PopCTPProbe": 995,
}


def result_type(name: str) -> Enum:
    return Enum(RESULT_TYPE, name, _NUMBERS[name])


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """One run by hand. ``identity`` as the caller wrote it; times are the server's local ones."""

    server: Server
    health_set: str
    probe: str
    identity: str
    request: UUID
    started: datetime
    ended: datetime
    outcome: Outcome
    database: Database | None
    domain: str
    number: int
    address: str


def properties(run: ProbeRun) -> dict[str, object]:
    """All properties in the order of §2.4, before the ConfigurableObject tail."""
    outcome = run.outcome
    result = (
        ResultType.SUCCEEDED
        if outcome.ok
        else (ResultType.TIMED_OUT if outcome.timed_out else ResultType.FAILED)
    )
    target = run.database.name if run.database else ""
    attributes = _attributes(run)
    shown: dict[str, object] = {
        "Server": run.server.name,
        "MonitorIdentity": run.identity,
        "RequestId": run.request,
        "ExecutionStartTime": run.started,
        "ExecutionEndTime": run.ended,
        "Error": _error(outcome),
        "Exception": _exception(outcome),
        "PoisonedCount": 0,
        "ExecutionId": 70_000 + run.number,
        "SampleValue": round(min(outcome.seconds, ON_DEMAND_LIMIT) * 1000.0, 1),
        "ExecutionContext": _context(run),
        "FailureContext": "" if outcome.ok else outcome.component,
        "ExtensionXml": "",
        "ResultType": result_type(result),
        "RetryCount": 0,
        "ResultName": f"{run.probe}/{target}" if target else run.probe,
        "IsNotified": False,
        "ResultId": 500_000 + run.number,
        "ServiceName": run.health_set,
    }
    for number in range(1, 26):
        value: object = 0.0 if number in _DOUBLES else attributes.get(number, "")
        shown[f"StateAttribute{number}"] = value
    return shown


def _error(outcome: Outcome) -> str:
    if outcome.ok:
        return ""
    if outcome.timed_out:
        return "Aborted probe due to timeout"
    if outcome.reason.startswith("NetworkConnectionFailed"):
        return "Unable to initialise TCP Network connection"
    return "Failed probe instance, please check reasons for failure."


def _exception(outcome: Outcome) -> str:
    return "" if outcome.ok else f"System.InvalidOperationException: {_error(outcome)}"


def _context(run: ProbeRun) -> str:
    """On failure a login probe gives its mailbox's password away, as the real one does (§2.4 [D])."""
    if run.outcome.ok:
        return ""
    target = f"Target: {run.server.fqdn}:{_PORTS.get(run.probe, 0)}"
    if run.database is None or run.probe not in LOGIN_PROBES:
        return f"Probe executed for\r\n{target}"
    user = f"User: {run.database.monitoring_mailbox}@{run.domain}"
    return f"Probe executed for\r\n{user}\r\nPassword: {run.database.monitoring_password}\r\n{target}"


def _attributes(run: ProbeRun) -> dict[int, str]:
    outcome = run.outcome
    login = run.probe in LOGIN_PROBES
    connected = outcome.ok or outcome.answered_by == run.server.name
    steps = ["C1:CONNECT", "C2:CAPA", *(["C3:USER", "C4:PASS", "C5:STAT"] if login else [])]
    if outcome.ok:
        trail = " ".join([*steps, f"C{len(steps) + 1}:FIN"])
    else:
        reached = (steps[:4] if login else steps[:1]) if connected else []
        trail = " ".join([*reached, f"C{len(reached) + 1}:FAIL"])
    replies = []
    if connected:
        replies.append("+OK The Microsoft Exchange POP3 service is ready.")
        replies.append("+OK Capability list follows")
    if outcome.reply:
        replies.append(outcome.reply)
    elif outcome.ok and login:
        proxy = f" [Proxy={outcome.mailbox_server}.{run.domain}]" if outcome.mailbox_server else ""
        replies.append(f"+OK User successfully logged on.{proxy}")
    milliseconds = round(min(outcome.seconds, ON_DEMAND_LIMIT) * 1000)
    return {
        1: outcome.component,
        2: outcome.reason or "OK",
        3: outcome.answered_by,
        4: outcome.mailbox_server if login else "",
        12: " ".join(replies),
        13: trail,
        21: f"Connect:{min(milliseconds, 12)};Total:{milliseconds}",
        22: run.address if login else "127.0.0.1",
    }
