"""The changes made through the WinRM endpoint of one server: its services, and the machine itself.

Service names come from the catalogue only: ``call`` raises ValueError for any other.
Time limits are our own numbers, the sheet is silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cockpit.config.language import N_
from cockpit.exchange.catalogue import service_named
from cockpit.exchange.errors import ShellLostError, TimeLimitError, UnreachableError
from cockpit.exchange.observation import (
    EFFECT_GRACE,
    Observation,
    applied,
    judged,
    looked,
    not_applied,
    sentence,
    unknown,
)
from cockpit.exchange.pipeline import Call
from cockpit.exchange.recovery_model import ServiceProcess, ServiceState
from cockpit.exchange.winrm import WinRMCmdlets

SERVICE_SECONDS: Final = 180.0
"""For a service to stop and start again, each of which may stay pending for a while."""
REBOOT_SECONDS: Final = 60.0
"""For Restart-Computer to be taken; it does not wait for the machine."""
REBOOT_EFFECT_SECONDS: Final = 900.0
SAME_BOOT: Final = timedelta(seconds=10)
"""Two boot times nearer than this are one boot: a corrected clock moves the time by a little [M], and no
machine is down and up again so soon."""


class _ServiceChange:
    @property
    def time_limit(self) -> float:
        return SERVICE_SECONDS

    @property
    def effect_limit(self) -> float:
        return SERVICE_SECONDS + EFFECT_GRACE


@dataclass(frozen=True, slots=True)
class RestartService(_ServiceChange):
    """Restart a service of the catalogue. ``before``: its process, read before the intent was written."""

    server: str
    service: str
    before: ServiceProcess

    def call(self) -> Call:
        parameters = {"Name": service_named(self.service), "Force": None}
        return Call("Restart-Service", parameters, time_limit=self.time_limit)

    def observe(self, cmdlets: WinRMCmdlets) -> Observation:
        return looked(lambda: self._judge(cmdlets.service_process(self.service)))

    def _judge(self, now: ServiceProcess | None) -> Observation:
        state = _not_running(self.server, self.service, now)
        if isinstance(state, Observation):
            return state
        now = state
        if now.process_id != self.before.process_id:
            words = N_("{service} on {server} is Running as process {process}, before it was {before}.")
            return applied(self._said(words, now), now)
        if now.created is None or self.before.created is None:
            words = N_(
                "{service} on {server} is Running as process {process} as before, but when the process "
                "started is not known."
            )
            return unknown(self._said(words, now), now)
        if now.created > self.before.created:
            words = N_(
                "{service} on {server} is Running as process {process}, started {time} UTC, later than the "
                "one before."
            )
            return applied(self._said(words, now), now)
        words = N_(
            "{service} on {server} is Running as process {process}, started {time} UTC, the same as before."
        )
        return not_applied(self._said(words, now), now)

    def _said(self, words: str, now: ServiceProcess) -> str:
        return words.format(
            service=self.service,
            server=self.server,
            process=now.process_id,
            before=self.before.process_id or N_("no process"),
            time=f"{now.created:%Y-%m-%d %H:%M:%S}" if now.created else "",
        )


@dataclass(frozen=True, slots=True)
class StartService(_ServiceChange):
    """Start a service of the catalogue."""

    server: str
    service: str

    def call(self) -> Call:
        return Call("Start-Service", {"Name": service_named(self.service)}, time_limit=self.time_limit)

    def observe(self, cmdlets: WinRMCmdlets) -> Observation:
        return looked(lambda: self._judge(cmdlets.service_process(self.service)))

    def _judge(self, now: ServiceProcess | None) -> Observation:
        state = _not_running(self.server, self.service, now)
        if isinstance(state, Observation):
            return state
        return applied(
            N_("{service} on {server} is Running as process {process}.").format(
                service=self.service, server=self.server, process=state.process_id
            ),
            state,
        )


def _not_running(server: str, service: str, now: ServiceProcess | None) -> ServiceProcess | Observation:
    """What a service that does not run says about a start or restart; the service itself when it runs."""
    if now is None:
        return unknown(N_("{server} has no service {service}.").format(server=server, service=service))
    words = N_("{service} on {server} is {state}.").format(
        service=service, server=server, state=now.state or N_("in no known state")
    )
    if now.state in (ServiceState.STOPPED, ServiceState.PAUSED):
        return not_applied(words, now)
    if now.state != ServiceState.RUNNING:
        return unknown(words, now)
    return now


@dataclass(frozen=True, slots=True)
class RestartComputer:
    """Reboot ``server``. ``booted_before``: its last boot time, read before the intent was written.

    The call may end in a lost connection, which is no failure: only ``observe`` tells.
    """

    server: str
    booted_before: datetime

    @property
    def time_limit(self) -> float:
        return REBOOT_SECONDS

    @property
    def effect_limit(self) -> float:
        return REBOOT_EFFECT_SECONDS

    def call(self) -> Call:
        return Call("Restart-Computer", {"Force": None}, time_limit=self.time_limit)

    def observe(self, cmdlets: WinRMCmdlets) -> Observation:
        """Until ``effect_limit`` the same boot time means "not yet": a shutdown takes its time."""
        return looked(lambda: self._look(cmdlets))

    def _look(self, cmdlets: WinRMCmdlets) -> Observation:
        try:
            booted = cmdlets.last_boot_time()
        except (UnreachableError, TimeLimitError, ShellLostError) as error:
            return unknown(
                N_("{server} does not answer, it is still down: {why}").format(
                    server=self.server, why=sentence(error)
                )
            )
        if booted is None:
            return unknown(N_("{server} did not say when it started.").format(server=self.server))
        words = N_(
            "{server} started at {booted:%Y-%m-%d %H:%M:%S} UTC, before it was "
            "{before:%Y-%m-%d %H:%M:%S} UTC."
        ).format(server=self.server, booted=booted, before=self.booted_before)
        return judged(abs(booted - self.booted_before) > SAME_BOOT, words, booted)
