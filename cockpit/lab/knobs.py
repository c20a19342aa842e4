"""What a test may turn on a running lab, per server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

EVERYBODY = "*"


@dataclass(slots=True)
class ServerKnobs:
    """Knobs of one server; those of its wire are the endpoints' own (``wire/knobs.py``).

    ``rpc_delay``: real seconds before a command against this server gets its answer.
    ``slow_probe``: simulated seconds a probe run by hand takes longer. ``unrunnable_probes``,
    ``hanging_probes``: names such as ``PopSelfTestProbe`` (``*``: all) that by hand give only a warning, at
    once or after all of the time limits (§2.4).
    ``denied``: cmdlets RBAC hides, by user (``*``: everybody); with a parameter (``Set-PopSettings
    -ProtocolLogEnabled``) only that. ``no_winrm``: its WinRM endpoint takes no connections.
    ``routed_to``: the server that runs the Exchange shells which are opened here from now on.
    ``answers_for``: the server that its health manager's rows are of, a stray answer.
    ``enum_objects``: enums travel as objects. ``hostile``: hostile strings, see ``hostile.py``:
    "" off, "append" to every string but names that rows are found by, "all" to really every string.
    ``stale``: the health manager answers but runs nothing any more.
    ``front_log_rate``, ``back_log_rate``: lines per second of real time into the protocol log of that tier
    beside the natural ones, while that log is written.
    ``constrained``: scripts on the WinRM endpoint run in ConstrainedLanguage.
    """

    rpc_delay: float = 0.0
    slow_probe: float = 0.0
    unrunnable_probes: list[str] = field(default_factory=list)
    hanging_probes: list[str] = field(default_factory=list)
    denied: dict[str, list[str]] = field(default_factory=dict)
    enum_objects: bool = False
    hostile: str = ""
    stale: bool = False
    no_winrm: bool = False
    routed_to: str = ""
    answers_for: str = ""
    front_log_rate: float = 0.0
    back_log_rate: float = 0.0
    constrained: bool = False

    def change(self, values: Mapping[str, Any]) -> None:
        """Take over values by name; raises ValueError for a name or a type that does not exist."""
        known = {f.name for f in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no knob {name!r}; there are: {', '.join(sorted(known))}")
            present = getattr(self, name)
            if isinstance(present, float) and isinstance(value, int | float) and not isinstance(value, bool):
                value = float(value)
            if type(value) is not type(present):
                raise ValueError(f"knob {name!r} takes {type(present).__name__}, not {type(value).__name__}")
            if name == "hostile" and value not in ("", "append", "all"):
                raise ValueError("knob 'hostile' takes '', 'append' or 'all'")
            setattr(self, name, value)

    def probe_trouble(self, probe: str) -> str:
        """What a run by hand meets: ``unrunnable``, ``hanging``, or nothing."""
        for word, names in (("unrunnable", self.unrunnable_probes), ("hanging", self.hanging_probes)):
            if any(n == EVERYBODY or n.lower() == probe.lower() for n in names):
                return word
        return ""

    def denies(self, user: str, cmdlet: str) -> bool:
        return cmdlet.lower() in self._denied_to(user)

    def hides(self, user: str, cmdlet: str) -> frozenset[str]:
        """The parameters of ``cmdlet`` that RBAC hides, in lower case."""
        begin = f"{cmdlet.lower()} -"
        return frozenset(d.removeprefix(begin) for d in self._denied_to(user) if d.startswith(begin))

    def _denied_to(self, user: str) -> list[str]:
        theirs = (c for n, c in self.denied.items() if n == EVERYBODY or n.lower() == user.lower())
        return [entry.lower() for entries in theirs for entry in entries]

    def as_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}
