"""The runbooks, by monitor: Microsoft's *Troubleshooting POP Health Set*, corrected as design §7 says."""

from __future__ import annotations

from typing import Final

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


def runbook_for(monitor: str) -> Runbook | None:
    """The procedure of a monitor, by its name in any case; None where the page has none."""
    return _BY_MONITOR.get(monitor.lower())
