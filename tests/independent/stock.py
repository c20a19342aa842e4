"""The same through a stock pypsrp 0.9: its RunspacePool and its PowerShell."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from pypsrp.complex_objects import GenericComplexObject, PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import Serializer
from pypsrp.wsman import WSMan

from tests.independent import normal
from tests.independent.cases import CONFIGURATIONS, Case, Role
from tests.independent.normal import Normal
from tests.product.conftest import Running

_STATES = {
    PSInvocationState.COMPLETED: "Completed",
    PSInvocationState.FAILED: "Failed",
    PSInvocationState.STOPPED: "Stopped",
}


def connection(running: Running, url: str, *, timeout: int = 20) -> WSMan:
    parts = urlsplit(url)
    addresses = running.addresses
    tls = addresses.auth == "basic-tls"
    return WSMan(
        parts.hostname or "",
        port=parts.port,
        path=parts.path.lstrip("/"),
        ssl=tls,
        auth="basic" if tls else "ntlm",
        username=addresses.user,
        password=addresses.password,
        # A path to a CA file is taken too (psrp-wire §2), which its annotation does not say.
        cert_validation=cast("bool", addresses.ca_file or True),
        operation_timeout=timeout,
        read_timeout=timeout + 10,
    )


def pool(wsman: WSMan, role: Role) -> RunspacePool:
    return RunspacePool(wsman, configuration_name=CONFIGURATIONS[role])


def run(opened: RunspacePool, case: Case, *, stop_after: int | None = None) -> dict[str, Normal]:
    """The answer to ``case``. ``stop_after``: so many seconds of nothing, then stop."""
    shell = PowerShell(opened)
    if case.script:
        shell.add_script(case.command)
    else:
        shell.add_cmdlet(case.command)
    for name, given in case.parameters.items():
        shell.add_parameter(name, list(given) if isinstance(given, tuple) else given)
    if stop_after is None:
        shell.invoke()
    else:
        shell.begin_invoke()
        shell.poll_invoke(timeout=stop_after)
        shell.stop()
    shell.close()
    errors = [_error(record) for record in shell.streams.error]
    failure = None
    if shell.state != PSInvocationState.COMPLETED:
        # pypsrp puts what ended the pipeline last in the same list.
        failure = errors.pop() if errors else None
    return normal.answer(
        _STATES[shell.state],
        [value(one) for one in shell.output],
        [str(record.message) for record in shell.streams.warning],
        errors,
        failure,
    )


def _error(record: Any) -> dict[str, str]:
    return normal.record(
        str(record.exception.adapted_properties["Message"]),
        record.fq_error,
        record.message,
        record.reason,
        record.target_name or "",
    )


def value(given: Any) -> Normal:
    """What pypsrp made of a CLIXML value, in the normal form."""
    if given is None or isinstance(given, bool | int | float):
        return given
    if isinstance(given, str):
        return normal.text(given)
    if isinstance(given, uuid.UUID):
        return str(given)
    if isinstance(given, datetime):
        return normal.moment(given)
    if isinstance(given, list):
        return [value(one) for one in given]
    if isinstance(given, dict):
        return {"entries": [[value(key), value(one)] for key, one in given.items()]}
    assert isinstance(given, GenericComplexObject), type(given)
    properties = {**given.adapted_properties, **given.extended_properties}
    inner = given.property_sets[0] if given.property_sets else None
    if isinstance(inner, str) and inner.startswith("<LST"):
        return _kept(inner)
    return normal.thing(
        list(given.types),
        given.to_string,
        value(inner),
        {name: value(one) for name, one in properties.items()},
    )


def _kept(text: str) -> list[Normal]:
    """A collection of a type pypsrp does not know stays XML. The objects in it refer to types named outside
    of it, so only their number counts."""
    return [
        normal.UNREAD if item.tag == "Obj" else value(Serializer().deserialize(item))
        for item in ET.fromstring(text)
    ]
