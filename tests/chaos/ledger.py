"""Commands that came, by the lab's ledger, against commands that were meant, by the journal's attempts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cockpit.journal.records import Attempt

_SETTINGS: Final = (
    "DatabaseCopyActivationDisabledAndMoveNow",
    "DatabaseCopyAutoActivationPolicy",
    "ProtocolLogEnabled",
    "State",
)
_SHOWN: Final = re.compile(r"-(?P<name>\w+)[ :](?:'(?P<text>[^']*)'|\$(?P<bool>true|false))")
_ON: Final = re.compile(r"\(on (?P<server>[^)]+)\)")
_REPEATABLE: Final = ("Start-Service",)
"""Starting a service that runs changes nothing, and one attempt may start two."""


def came(entries: Iterable[Mapping[str, Any]], user: str) -> Counter[str]:
    """Changing commands that took effect, each as one line."""
    found: Counter[str] = Counter()
    for entry in entries:
        done = entry["kind"] == "command" and entry["outcome"] == "completed" and not entry["detail"]
        if done and entry["user"] == user:
            line = _line(entry["cmdlet"], entry["parameters"], entry["server"])
            if line:
                found[line] += 1
    return found


def meant(attempts: Iterable[Attempt]) -> Counter[str]:
    """The same lines from attempts of which nobody says that they did not take effect."""
    found: Counter[str] = Counter()
    for attempt in attempts:
        if not attempt.command or attempt.outcome == "not applied":
            continue
        cmdlet = attempt.command.split(" ", 1)[0]
        parameters = {m["name"]: m["text"] if m["text"] is not None else m["bool"] == "true"
                      for m in _SHOWN.finditer(attempt.command)}  # fmt: skip
        on = _ON.search(attempt.command)
        line = _line(cmdlet, parameters, on["server"] if on else "")
        if line:
            found[line] += 1
    return found


def _line(cmdlet: str, parameters: Mapping[str, Any], server: str) -> str:
    """Empty for a read."""
    if cmdlet == "Restart-Computer":
        return f"{cmdlet} on {server}"
    if cmdlet == "Restart-Service":
        return f"{cmdlet} {_one(parameters.get('Name'))} on {server}"
    if cmdlet.startswith(("Set-", "Move-")) and cmdlet not in _REPEATABLE:
        of = (
            parameters.get("Identity")
            or parameters.get("Server")
            or parameters.get("ActivatePreferredOnServer")
        )
        values = [f"{name} {str(parameters[name]).lower()}" for name in _SETTINGS if name in parameters]
        return " ".join([cmdlet, str(of), *values])
    return ""


def _one(name: object) -> object:
    return name[0] if isinstance(name, list) else name
