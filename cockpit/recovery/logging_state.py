"""How protocol logging stands on one server: the setting, its folder, the services, our record of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from cockpit.config.language import N_
from cockpit.exchange import catalogue
from cockpit.exchange import model as m
from cockpit.exchange.errors import ExchangeError
from cockpit.exchange.observation import sentence
from cockpit.exchange.recovery_model import ServiceProcess, Volume, free_space
from cockpit.poplog.errors import FileGoneError, LogError
from cockpit.recovery.access import Access
from cockpit.recovery.log_folder import WRITERS, look
from cockpit.recovery.logging_view import LoggingState, ServiceLog, Written
from cockpit.recovery.scope import server_of
from cockpit.recovery.whole import rows_of, whole

T = TypeVar("T")
TIERS: Final = {catalogue.FRONT_END_SERVICE: "front", catalogue.BACK_END_SERVICE: "back"}


def read(access: Access, server: str) -> LoggingState:
    """Everything the servers say; what fails of it is a problem of the state.

    Raises ExchangeError where not even the server can be found.
    """
    mine = server_of(access, server)
    reader = _Reader(access, mine)
    settings = reader.tried("Get-PopSettings", reader.settings)
    volumes = reader.tried("Win32_Volume", reader.volumes) or ()
    where = settings.log_file_location if settings is not None else ""
    written = reader.tried(N_("The log folder"), lambda: reader.written(where)) if where else None
    changed = settings.changed if settings is not None else None
    services = tuple(
        ServiceLog(name, TIERS[name], process, (written or {}).get(name), _behind(process, changed))
        for name, process in reader.processes().items()
    )
    return LoggingState(
        server=mine.name,
        enabled=settings.protocol_log_enabled if settings is not None else None,
        location=where,
        rollover=settings.log_file_rollover if settings is not None else "",
        quota=settings.log_per_file_size_quota if settings is not None else "",
        changed=changed,
        free=free_space(volumes, where) if where else None,
        clients=reader.tried(N_("The counter of connections"), reader.clients),
        services=services,
        problems=tuple(reader.problems),
    )


def _behind(process: ServiceProcess | None, changed: datetime | None) -> bool:
    created = process.created if process is not None else None
    return created is not None and changed is not None and created < changed


class _Reader:
    """The reads, one after the other; ``problems``: what went wrong."""

    def __init__(self, access: Access, server: m.ExchangeServer) -> None:
        self._access = access
        self._name = server.name
        self._services = catalogue.services(server.version, server.roles)
        self.problems: list[str] = []

    def tried(self, what: str, job: Callable[[], T]) -> T | None:
        try:
            return job()
        except (ExchangeError, LogError) as error:
            self.problems.append(f"{what}: {sentence(error)} {error.cure}".rstrip())
            return None

    def settings(self) -> m.PopSettings:
        found = rows_of(self._access.read(lambda c: c.get_pop_settings(self._name)), "Get-PopSettings")
        if not found:
            raise ExchangeError(N_("Get-PopSettings gave nothing of {server}").format(server=self._name))
        return found[0]

    def volumes(self) -> tuple[Volume, ...]:
        return rows_of(self._access.look(self._name, lambda w: w.volumes()), "Win32_Volume")

    def clients(self) -> int | None:
        answer = self._access.look(self._name, lambda w: w.pop_connections())
        return None if answer is None else int(sum(s.value for s in whole(answer, "Get-Counter")))

    def processes(self) -> dict[str, ServiceProcess | None]:
        return {name: self.tried(name, partial(self._process, name)) for name in self._services}

    def _process(self, name: str) -> ServiceProcess | None:
        return self._access.look(self._name, lambda w: w.service_process(name))

    def written(self, folder: str) -> dict[str, Written]:
        names = {WRITERS[s]: s for s in self._services}
        try:
            seen = self._access.logs(self._name, folder, lambda files: look(files, names))
        except FileGoneError:
            # The folder comes with its first file.
            return dict.fromkeys(self._services, Written())
        return {names[writer]: found for writer, found in seen.items()}
