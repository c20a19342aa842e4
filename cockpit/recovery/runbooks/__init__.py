"""The runbooks, by monitor: Microsoft's *Troubleshooting POP Health Set*, corrected as design §7 says."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.recovery.runbook import Runbook
from cockpit.recovery.runbooks.average import AVERAGE
from cockpit.recovery.runbooks.ctp import CTP
from cockpit.recovery.runbooks.deep import DEEP
from cockpit.recovery.runbooks.logging import LOGGING_BOOKS
from cockpit.recovery.runbooks.proxy import PROXY
from cockpit.recovery.runbooks.service import BACK_END_SERVICE, SERVICE

_BOOKS: Final = (DEEP, CTP, PROXY, AVERAGE, SERVICE, BACK_END_SERVICE, *LOGGING_BOOKS)
RUNBOOKS: Final = {b.name: b for b in _BOOKS}
_BY_MONITOR: Final = {m.lower(): b for b in RUNBOOKS.values() for m in b.monitors}

STARTING: Final = {
    "PopDeepTest": N_("Start recover the pop3 back end (deep test, self test) on {server}"),
    "PopCTP": N_("Start recover pop3 as customers see it (customer touch point) on {server}"),
    "PopProxyTest": N_("Start recover the pop3 proxy on {server}"),
    "AverageCommandProcessingTime": N_("Start recover slow pop3 commands on {server}"),
    "ServiceRestart": N_("Start restart the pop3 service on {server}"),
    "BackEndServiceRestart": N_("Start restart the pop3 back-end service on {server}"),
    "ProtocolLoggingFront": N_("Start turn pop3 protocol logging on (front end) on {server}"),
    "ProtocolLoggingBack": N_("Start turn pop3 protocol logging on (back end) on {server}"),
    "ProtocolLoggingBoth": N_("Start turn pop3 protocol logging on (front end and back end) on {server}"),
    "ProtocolLoggingOffFront": N_("Start turn pop3 protocol logging off (front end) on {server}"),
    "ProtocolLoggingOffBack": N_("Start turn pop3 protocol logging off (back end) on {server}"),
    "ProtocolLoggingOffBoth": N_("Start turn pop3 protocol logging off (front end and back end) on {server}"),
}
"""What is asked when a runbook is to be started, by its name: whole sentences, for what may refuse it."""


def runbook_for(monitor: str) -> Runbook | None:
    """The procedure of a monitor, by its name in any case; None where the page has none."""
    return _BY_MONITOR.get(monitor.lower())
