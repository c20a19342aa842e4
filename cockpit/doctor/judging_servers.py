"""Servers and what an account may do there, judged: plain functions from readings."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.doctor.findings import Judged, State, broken, needs, ok, unknown, warning
from cockpit.doctor.readings import LogFolder, Trouble, Watched
from cockpit.exchange import catalogue
from cockpit.exchange.errors import ExchangeError, NotGrantedError
from cockpit.exchange.grants import USED, Grants
from cockpit.exchange.language import FULL
from cockpit.exchange.model import AlertValue, ExchangeServer, Service, Version

VITAL: Final = ("Get-ExchangeServer", "Get-ServerHealth")
"""Without these there is no live picture at all; without another one something is left out."""
_RUNNING, _AUTOMATIC, _DISABLED = "running", "automatic", "disabled"


def failed(error: ExchangeError) -> Judged:
    """A read that should have gone well did not."""
    return broken(str(error), error.cure)


def cmdlets(found: Grants | ExchangeError, *, writes: bool) -> Judged:
    """What RBAC hides of what this mode wants. ``writes``: changes are wanted too."""
    if isinstance(found, ExchangeError):
        return failed(found)
    if not found.known:
        return unknown(N_("Get-Command does not say what this account may use"))
    wanted = [name for name in USED if writes or not _changes(name)]
    missing = {name: why for name in wanted if (why := found.missing(name, USED[name]))}
    if not missing:
        words = (
            N_("all {count} that this program uses are granted")
            if writes
            else N_("all {count} that reading uses are granted")
        )
        return ok(words.format(count=len(wanted)))
    words = "; ".join(why.partition(":")[0] for why in missing.values())
    cure = next(iter(missing.values())).partition(": ")[2]
    made = f"{cure[:1].upper()}{cure[1:]}."
    return (broken if any(name in VITAL for name in missing) else warning)(words, made)


def _changes(cmdlet: str) -> bool:
    return cmdlet.startswith(("Set-", "Move-"))


def language(found: str | ExchangeError, *, scripts_wanted: bool) -> Judged:
    """``scripts_wanted``: logs are read by scripts, not over a share."""
    if isinstance(found, ExchangeError):
        return failed(found)
    if found == FULL:
        return ok(FULL)
    if not scripts_wanted:
        return ok(N_("{found}; no script is needed, logs are read over the share").format(found=found))
    return broken(
        N_("{found}: the endpoint does not run our scripts, so logs cannot be read over it").format(
            found=found
        )
    )


def services(server: ExchangeServer, found: tuple[Service, ...] | ExchangeError) -> Judged:
    """The worst of the POP3 services that the server is to have."""
    if isinstance(found, ExchangeError):
        return failed(found)
    there = {service.name.lower(): service for service in found}
    wrong: list[tuple[int, str, str]] = []
    for name in catalogue.services(server.version, server.roles):
        service = there.get(name.lower())
        if service is None and server.version is Version.OTHER:
            continue  # which roles it has could not be read
        wrong += [] if service is not None and _well(service) else [_trouble(name, service)]
    if not wrong:
        return ok(", ".join(f"{s.name} {s.status}, {s.start_type}" for s in found))
    rank, _, cure = min(wrong)
    return (broken if rank < _UNUSED else warning)("; ".join(w[1] for w in wrong), cure)


def _well(service: Service) -> bool:
    return service.status.lower() == _RUNNING and service.start_type.lower().startswith(_AUTOMATIC)


_UNUSED: Final = 2


def _trouble(name: str, service: Service | None) -> tuple[int, str, str]:
    """How bad (less is worse), what, and what helps."""
    if service is None:
        return (
            0,
            N_("{name} is not there").format(name=name),
            N_("Look at the server's roles: Exchange's Setup installs it."),
        )
    words = N_("{name} is {status}, start type {start_type}").format(
        name=name, status=service.status, start_type=service.start_type
    )
    automatic = f"Set-Service {name} -StartupType Automatic"
    if service.start_type.lower() == _DISABLED:
        return 0, words, f"{automatic}; Start-Service {name}"
    if service.status.lower() == _RUNNING:
        return _UNUSED, N_("{words}: it would not start with Windows").format(words=words), automatic
    if service.start_type.lower().startswith(_AUTOMATIC):
        return 1, words, N_("Start-Service {name}, or find out why it stopped.").format(name=name)
    return (
        _UNUSED,
        N_("{words}, as after an installation: POP is not in use").format(words=words),
        N_("Leave it so, or: {automatic}; Start-Service {name}").format(automatic=automatic, name=name),
    )


def monitored(
    found: Watched | ExchangeError, services_found: tuple[Service, ...] | ExchangeError | None
) -> Judged:
    """Whether anything would tell that POP fails. No monitors where the services do not run are no second
    fault: they come with the services (exchange-facts §7 row 2)."""
    if isinstance(found, NotGrantedError):
        return needs(N_("cmdlets (Get-ServerHealth)"))
    if isinstance(found, ExchangeError):
        return failed(found)
    entries = [entry for reading in found.sets.values() for entry in reading.rows]
    if entries:
        disabled = sum(entry.alert_value == AlertValue.DISABLED for entry in entries)
        if disabled == len(entries):
            return warning(
                N_("all {count} monitors are disabled").format(count=disabled),
                N_("Look for an override (Get-ServerMonitoringOverride, Get-GlobalMonitoringOverride)."),
            )
        return ok(
            N_("{count} monitors of {sets}").format(count=len(entries) - disabled, sets=", ".join(found.sets))
        )
    silent = next((w for reading in found.sets.values() for w in reading.warnings), "")
    if silent:
        return broken(silent, N_("Start the health manager (MSExchangeHM) on that server."))
    if isinstance(services_found, tuple) and any(not _well(s) for s in services_found):
        return Judged(State.NOT_CHECKED, N_("no monitors: needs services"))
    return broken(N_("no monitors of the POP health sets: nothing would tell that POP fails"))


def log_folder(found: LogFolder) -> Judged:
    """The folder of the protocol logs. One that nothing was ever written to need not be there [M]."""
    where = found.settings.log_file_location
    if not isinstance(found.files, Trouble):
        return ok(N_("{folder}, {count} logs").format(folder=where, count=found.files))
    if not found.gone:
        return broken(
            N_("{where} cannot be read: {cause}").format(where=where, cause=found.files.cause),
            found.files.cure,
        )
    if found.settings.protocol_log_enabled:
        return broken(N_("there is no {where}, and protocol logging is on").format(where=where))
    return ok(N_("there is no {where}; protocol logging is off").format(where=where))
