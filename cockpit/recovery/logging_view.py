"""How protocol logging stands on one server, as screens and commands show it: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cockpit.exchange.recovery_model import ServiceProcess, ServiceState

PUT_BACK: Final = "put-back"
"""To end the run that has it on."""
OFF: Final = "off"
"""To turn off what is on without a record."""


@dataclass(frozen=True, slots=True)
class Written:
    """The newest file of one writer. ``name`` empty: it has none. ``length``: bytes, as a read says.

    ``last``: UTC time of its newest line; None where it has no line, or none with a time. ``now``: the
    server's clock at the look.
    """

    name: str = ""
    length: int = 0
    last: datetime | None = None
    now: datetime | None = None

    def grew(self, before: Written) -> bool:
        """Whether lines came since ``before``: a longer file, or another one with a newer line in it."""
        if self.name == before.name:
            return self.length > before.length
        return self.last is not None and (before.last is None or self.last > before.last)


@dataclass(frozen=True, slots=True)
class ServiceLog:
    """One POP3 service of the server, and the files it writes. ``written`` None: the folder was not read.

    ``behind``: it runs since before the settings were changed last, so it may not go by them. Which setting
    was changed then, WhenChanged does not say.
    """

    service: str
    tier: str
    process: ServiceProcess | None
    written: Written | None
    behind: bool

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.state == ServiceState.RUNNING


@dataclass(frozen=True, slots=True)
class LoggingState:
    """``enabled`` None: it was not read. ``changed``: when any POP3 setting of the server was changed last.

    ``free``: bytes on the volume of ``location``; ``clients``: POP3 connections; None: not known.
    ``problems``: what could not be read, each a sentence. ``run``: the run of ours that has turned it on
    and puts it back; ``due``: until when it rests, None while it does not. ``handed``: the obligation that
    an ended run has left in somebody's name.
    """

    server: str
    enabled: bool | None
    location: str = ""
    rollover: str = ""
    quota: str = ""
    changed: datetime | None = None
    free: int | None = None
    clients: int | None = None
    services: tuple[ServiceLog, ...] = ()
    problems: tuple[str, ...] = ()
    run: str = ""
    due: datetime | None = None
    now: datetime | None = None
    """The journal's clock at the look."""
    handed: int | None = None
    period: float = 0.0
    """Seconds that it is on until it is overdue, where nothing else is asked for: what our run with it on was
    begun or kept with, else as configured."""
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What would be sent, as typed: by ``front``, ``back``, ``both`` to turn it on, and by PUT_BACK, OFF."""

    @property
    def overdue(self) -> bool:
        return self.due is not None and self.now is not None and self.now >= self.due

    @property
    def tiers(self) -> tuple[str, ...]:
        return tuple(s.tier for s in self.services)
