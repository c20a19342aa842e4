"""The table of cmdlets in ``docs/first-connection.md``, from what the program binds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cockpit.exchange.grants import USED
from tests.docs.parts import code, table


def parts() -> Mapping[str, Callable[[], str]]:
    return {"cmdlets": cmdlets}


def cmdlets() -> str:
    return table(
        ("Cmdlet", "Parameters", "For"),
        (
            (code(name), ", ".join(code(f"-{p}") for p in used) or "–", _for(name))
            for name, used in USED.items()
        ),
    )


def _for(name: str) -> str:
    if name == "Invoke-MonitoringProbe":
        return "probes run by hand"
    return "reading" if name.startswith(("Get-", "Test-")) else "recovering"
