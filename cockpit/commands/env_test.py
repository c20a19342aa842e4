"""``pop-cockpit env test``: every link of the chain to the endpoints, one line each, with the cure.

It reads, and changes nothing. What is behind the endpoints, on every server, is ``doctor``'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.commands import doctor
from cockpit.commands.narrator import Narrator
from cockpit.config.environment import Environment
from cockpit.config.secrets import Secret
from cockpit.doctor.chain import chain
from cockpit.doctor.findings import OK, WARNINGS, Finding, exit_code

_STYLES: Final = {"ok": "green", "broken": "bold red", "warning": "yellow", "unknown": "magenta"}
HOLDS: Final = (OK, WARNINGS)
"""Exit codes of a chain that can be used."""


def run(environment: Environment, secret: Secret | None, form: str) -> int:
    """Print the chain; the exit code is doctor's."""
    return doctor.tell(chain(environment, secret), form, who=f"env test {environment.name}")


def narrated(findings: Iterable[Finding], narrator: Narrator) -> int:
    """The same as narration, while something is asked; the exit code."""
    found = []
    for one in findings:
        found.append(one)
        narrator.say(doctor.one_line(one), _STYLES.get(one.state.value, ""))
    return exit_code(found)
