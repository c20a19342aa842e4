"""The cases through ``psrp`` of pypsrp 1.0's beta: another WSMan stack, on httpx, over psrpcore.

``python -m tests.independent.with_psrp`` in an environment of its own, since the beta brings a ``pypsrp`` of
its own too. A JSON object on stdin (:class:`Asked`), one of answers by name on stdout. Imports nothing of the
product.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import psrp

from tests.independent import normal
from tests.independent.cases import CASES, CONFIGURATIONS, SERVER, Case, Role
from tests.independent.normal import Normal


@dataclass(frozen=True)
class Asked:
    """``urls`` by role. ``names``: of the cases, or ``stop``, or ``fault``. ``timeout``: seconds one Receive
    waits."""

    urls: dict[Role, str]
    auth: str
    user: str
    password: str
    ca_file: str
    names: list[str]
    timeout: int = 20


def connection(asked: Asked, role: Role) -> psrp.WSManInfo:
    """A whole URL would do, but the beta then forgets to seal what it sends in the clear."""
    parts = urlsplit(asked.urls[role])
    return psrp.WSManInfo(
        parts.hostname,
        scheme=parts.scheme,
        port=parts.port,
        path=parts.path.lstrip("/"),
        auth="basic" if asked.auth == "basic-tls" else "ntlm",
        username=asked.user,
        password=asked.password,
        verify=asked.ca_file or True,
        configuration_name=CONFIGURATIONS[role],
        operation_timeout=asked.timeout,
    )


def run(pool: psrp.SyncRunspacePool, case: Case) -> dict[str, Normal]:
    shell = _shell(pool, case)
    failure = None
    output: list[Any] = psrp.SyncPSDataCollection()
    try:
        shell.invoke(output_stream=output)
    except psrp.PipelineFailed as error:
        failure = _error(error.error_record)
    return _answer(shell, output, failure)


def stop(pool: psrp.SyncRunspacePool, case: Case, seconds: float) -> dict[str, Normal]:
    shell = _shell(pool, case)
    output: list[Any] = psrp.SyncPSDataCollection()
    failure = None
    threading.Timer(seconds, shell.stop).start()
    try:
        shell.invoke(output_stream=output)
    except psrp.PipelineStopped as error:
        failure = _error(error.error_record)
    return _answer(shell, output, failure)


def _shell(pool: psrp.SyncRunspacePool, case: Case) -> psrp.SyncPowerShell:
    shell = psrp.SyncPowerShell(pool)
    if case.script:
        shell.add_script(case.command)
    else:
        shell.add_command(case.command)
    for name, given in case.parameters.items():
        shell.add_parameter(name, list(given) if isinstance(given, tuple) else given)
    return shell


def _answer(
    shell: psrp.SyncPowerShell, output: list[Any], failure: dict[str, str] | None
) -> dict[str, Normal]:
    return normal.answer(
        shell.state.name,
        [value(one) for one in list.__iter__(output)],
        [str(record.Message) for record in list.__iter__(shell.streams.warning)],
        [_error(record) for record in list.__iter__(shell.streams.error)],
        failure,
    )


def _error(record: Any) -> dict[str, str]:
    info = record.CategoryInfo
    return normal.record(
        str(record.Exception.Message),
        str(record.FullyQualifiedErrorId),
        # psrpcore leaves out the colon that PowerShell puts after the category.
        str(info).replace(" (", ": (", 1),
        str(info.Reason),
        str(info.TargetName or ""),
    )


def value(given: Any) -> Normal:
    """What psrpcore made of a CLIXML value, in the normal form."""
    if given is None or isinstance(given, bool):
        return given
    if isinstance(given, uuid.UUID):
        return str(given)
    if isinstance(given, datetime):
        return normal.moment(given)
    if isinstance(given, list):
        return [value(one) for one in given]
    if isinstance(given, dict):
        return {"entries": [[value(key), value(one)] for key, one in given.items()]}
    members = given.PSObject
    every = (*members.adapted_properties, *members.extended_properties)
    properties = {one.name: value(one.get_value(given)) for one in every}
    inner = _plain(given)
    if inner is not None and not properties and "System.Enum" not in "".join(members.type_names):
        return inner
    return normal.thing(list(members.type_names), members.to_string, inner, properties)


def _plain(given: Any) -> Normal:
    """What is text or a number in itself; an enumeration is a number with names."""
    if isinstance(given, str):
        return normal.text(str(given))
    if isinstance(given, int):
        return int(given)
    return float(given) if isinstance(given, float) else None


def fault(asked: Asked) -> dict[str, Normal]:
    """What an open that is refused says."""
    try:
        with psrp.SyncRunspacePool(connection(asked, "exchange")):
            return {"code": 0, "message": ""}
    except psrp.WSManFault as error:
        return {"code": error.code, "message": (error.reason or "").strip()}


def main() -> None:
    asked = Asked(**json.load(sys.stdin))
    cases = {case.name: case for case in CASES}
    answers: dict[str, Normal] = {}
    for name in asked.names:
        if name == "fault":
            answers[name] = fault(asked)
            continue
        case = cases.get(name) or Case("stop", "exchange", "Get-ServerHealth", {"Identity": SERVER})
        with psrp.SyncRunspacePool(connection(asked, case.role)) as pool:
            answers[name] = stop(pool, case, 1.5) if name == "stop" else run(pool, case)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
