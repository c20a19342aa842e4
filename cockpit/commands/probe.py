"""``pop-cockpit probe``: run one probe by hand and show all it says."""

from __future__ import annotations

import json
import sys
from typing import Any

from cockpit.commands.output import end_in_order, reader_may_leave
from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.config.language import N_, _
from cockpit.config.secrets import Secret
from cockpit.config.spoken import spoken
from cockpit.config.targets import exchange_target
from cockpit.config.watched import ELSEWHERE, why_left_out
from cockpit.exchange.catalogue import same_server
from cockpit.exchange.cmdlets import ExchangeCmdlets, invoke_monitoring_probe_call
from cockpit.exchange.errors import ExchangeError, ThrottledError
from cockpit.exchange.model import MonitoringProbeResult, Reading
from cockpit.exchange.patience import patiently
from cockpit.exchange.session import EXCHANGE, Session

SUCCEEDED, FAILED, NOT_RUN = 0, 2, 3


def run(environment: Environment, identity: str, server: str, form: str) -> int:
    """Print the result; 0 Succeeded, 2 failed, 3 not runnable or unknown."""
    call = invoke_monitoring_probe_call(identity, server)
    print(_("{call}   (may take minutes)").format(call=call), file=sys.stderr)
    secret = secrets.password(environment)
    end_in_order()
    try:
        session = patiently(lambda: _session(environment, secret), told=_Waiting())
    except ExchangeError as error:
        return _not_run(error, identity, server, form)
    # Once it may have been sent it is not sent again, to nobody.
    try:
        cmdlets = ExchangeCmdlets(session)
        _refuse_left_out(cmdlets, environment, server)
        answer = cmdlets.invoke_monitoring_probe(identity, server)
        return _show(answer, identity, server, form)
    except ExchangeError as error:
        return _not_run(error, identity, server, form)
    finally:
        session.close()


def _session(environment: Environment, secret: Secret | None) -> Session:
    """On the first entry server that gives one. Raises ExchangeError: what the last one said."""
    failure: ExchangeError | None = None
    for entry in environment.entry_servers:
        session = Session(exchange_target(environment, entry), EXCHANGE, environment.credential.user, secret)
        try:
            session.open()
        except ExchangeError as error:
            session.close()
            failure = error
            if not error.elsewhere:
                break
        else:
            return session
    if failure is None:
        raise AssertionError("an environment has at least one entry server")
    raise failure


class _Waiting:
    """Says once that it waits."""

    def __init__(self) -> None:
        self._said = False

    def __call__(self, error: ThrottledError) -> None:
        if not self._said:
            words = _("{error}. Waiting for one to come free.")
            print(words.format(error=spoken(str(error))), file=sys.stderr)
            self._said = True


def _not_run(failure: ExchangeError, identity: str, server: str, form: str) -> int:
    print(f"{spoken(str(failure))}. {spoken(failure.cure)}", file=sys.stderr)
    if form == "json":
        print(json.dumps(_as_dict(Reading(()), identity, server, str(failure)), ensure_ascii=False, indent=2))
    return NOT_RUN


def _refuse_left_out(cmdlets: ExchangeCmdlets, environment: Environment, server: str) -> None:
    """Raises ExchangeError where the server's FQDN, which Exchange knows, leaves it out."""
    if why_left_out(environment, server) is not None:
        return
    found = next((s for s in cmdlets.get_exchange_server().rows if same_server(s.name, server)), None)
    if found is not None and (why := why_left_out(environment, found.name, found.fqdn)):
        raise ExchangeError(N_("{server} is {why}").format(server=found.name, why=why), cure=ELSEWHERE)


def _show(answer: Reading[MonitoringProbeResult], identity: str, server: str, form: str) -> int:
    for words in (*answer.warnings, *(e.message for e in answer.errors)):
        print(words, file=sys.stderr)
    report = _as_dict(answer, identity, server, None)
    with reader_may_leave():
        _print(report, form)
    if not answer.rows:
        return NOT_RUN
    return SUCCEEDED if answer.rows[0].succeeded else FAILED


def _print(report: dict[str, Any], form: str) -> None:
    if form == "json":
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        for name, value in report.items():
            if value not in (None, "", [], {}):
                # Indented, so that no line of a server's text can pass for one of ours.
                print(f"{name:<22}: {_text(value)}")


def _text(value: object) -> str:
    lines = [f"{n} = {v}" for n, v in value.items()] if isinstance(value, dict) else [str(value)]
    return "\n".join(lines).replace("\n", "\n" + " " * 24)


def _as_dict(
    answer: Reading[MonitoringProbeResult], identity: str, server: str, problem: str | None
) -> dict[str, Any]:
    """Exchange's own property names; times are ISO 8601 in UTC; latency in ms."""
    head: dict[str, Any] = {
        "Server": server,
        "Identity": identity,
        "Problem": problem,
        "Warnings": list(answer.warnings),
        "Errors": [e.message for e in answer.errors],
        "SecondsWaited": round(answer.seconds, 3),
        "AnsweredBy": answer.answered_by,
    }
    if not answer.rows:
        return {**head, "ResultType": None}
    row = answer.rows[0]
    return {
        **head,
        "ResultType": row.result_type,
        "ResultName": row.result_name,
        "MonitorIdentity": row.monitor_identity,
        "ExecutionStartTime": row.execution_start_time and row.execution_start_time.isoformat(),
        "ExecutionEndTime": row.execution_end_time and row.execution_end_time.isoformat(),
        "SampleValue": row.sample_value,
        "Error": row.error,
        "Exception": row.exception,
        "BlamedComponent": row.blamed_component,
        "FailureReason": row.failure_reason,
        "AnsweringServer": row.answering_server,
        "MailboxServer": row.mailbox_server,
        "ExecutionContext": row.execution_context,
        "FailureContext": row.failure_context,
        "StateAttributes": {f"StateAttribute{n}": v for n, v in row.state_attributes.items()},
        "RequestId": row.request_id,
    }
