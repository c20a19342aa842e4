"""The links to the endpoints alone: what has to hold before an environment is of any use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.config.targets import Target, winrm_target
from cockpit.doctor import host, judging_servers, network, servers
from cockpit.doctor.examining import entry
from cockpit.doctor.findings import Finding, finding, needs
from cockpit.doctor.limits import Time
from cockpit.doctor.links import Links
from cockpit.doctor.readings import Certificate, Trouble
from cockpit.exchange.session import WINRM

SECONDS: Final = 120.0


def chain(environment: Environment, secret: Secret | None, seconds: float = SECONDS) -> Iterator[Finding]:
    """Every link to each entry server's Exchange endpoint, down to what its cmdlets are, and to the WinRM
    endpoint of the first, down to its language mode. Reads only, and closes its shells."""
    ticket = finding("ticket", host.SUBJECT, host.ticket(environment))
    yield ticket
    links = Links(environment, secret, Time(seconds), ticket)
    try:
        for name in environment.entry_servers:
            yield from entry(links, name)[0]
        if environment.winrm.enabled:
            yield from _winrm(links, environment)
    finally:
        links.close()


def _winrm(links: Links, environment: Environment) -> Iterator[Finding]:
    first = environment.entry_servers[0]
    subject = f"{first} WinRM"
    found, session = links.endpoint(subject, winrm_target(environment, first), WINRM)
    yield from found
    scripts = environment.logs == "winrm"
    mode = None if session is None else servers.language(session)
    judged = needs("shell") if mode is None else judging_servers.language(mode, scripts_wanted=scripts)
    yield finding("language", subject, judged)


def presented(target: Target) -> tuple[Certificate, Trouble | None] | None:
    """The certificate that an endpoint shows, and why it would be refused; None where none can be seen."""
    unseeing = msgspec.structs.replace(target, verify=False, pin=None, ca_file=None)
    shown = network.look(unseeing, target.connect_seconds).certificate
    if not isinstance(shown, Certificate):
        return None
    judged = network.look(target, target.connect_seconds).certificate
    return shown, judged if isinstance(judged, Trouble) else None
