"""One server: its WinRM endpoint, and what hangs on it and on an entry server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cockpit.config.language import N_
from cockpit.config.targets import winrm_target
from cockpit.doctor import judging_servers, servers
from cockpit.doctor.findings import Finding, Judged, finding, needs, unknown, unused
from cockpit.doctor.links import Links
from cockpit.doctor.readings import LogFolder
from cockpit.exchange.catalogue import tiers
from cockpit.exchange.errors import ExchangeError, NotGrantedError
from cockpit.exchange.language import FULL
from cockpit.exchange.model import ExchangeServer, PopSettings, Service
from cockpit.exchange.session import WINRM, Session

ENTRY = N_("an entry server")
OFF = N_("WinRM is switched off in the environment (winrm.enabled)")


@dataclass(frozen=True, slots=True)
class Round:
    """``exchange`` None: no entry server can be asked."""

    links: Links
    exchange: servers.Exchange | None
    server: ExchangeServer

    def findings(self) -> tuple[Finding, ...]:
        if not tiers(self.server.version, self.server.roles):
            return (finding("services", self.server.name, unused(N_("no POP on this server's roles"))),)
        return tuple(self._findings())

    def _findings(self) -> Iterator[Finding]:
        name, session, mode, lost = self.server.name, None, "", False
        off = not self.links.environment.winrm.enabled
        if not off:
            subject = f"{name} WinRM"
            target = winrm_target(self.links.environment, name, self.server.fqdn)
            found, session = self.links.endpoint(subject, target, WINRM)
            yield from found
            seconds = self.links.left.most(servers.CALL_SECONDS)
            said = None if session is None else servers.language(session, seconds)
            mode = said if isinstance(said, str) else ""
            yield finding("language", subject, self._language(said))
            lost = isinstance(said, ExchangeError) and said.session_lost
        there = None if session is None or lost else servers.services(session, self.server)
        link = "language" if lost else "shell"
        yield finding("services", name, unused(OFF) if off else self._services(there, link))
        yield finding("monitored", name, self._monitored(there))
        yield finding("log-folder", name, self._log_folder(session, mode, off=off))

    def _language(self, said: str | ExchangeError | None) -> Judged:
        if said is None:
            return needs("shell")
        return judging_servers.language(said, scripts_wanted=self._over_winrm)

    @property
    def _over_winrm(self) -> bool:
        return self.links.environment.logs == "winrm"

    def _services(self, there: tuple[Service, ...] | ExchangeError | None, link: str) -> Judged:
        if there is None:
            return needs(N_("{link} of {server} WinRM").format(link=link, server=self.server.name))
        return judging_servers.services(self.server, there)

    def _monitored(self, there: tuple[Service, ...] | ExchangeError | None) -> Judged:
        if self.exchange is None:
            return needs(ENTRY)
        if self.links.left.over:
            return _late()
        return judging_servers.monitored(self.exchange.watched(self.server), there)

    def _log_folder(self, session: Session | None, mode: str, *, off: bool) -> Judged:
        if self._over_winrm and off:
            return unused(OFF)
        if self._over_winrm and (session is None or mode != FULL):
            link = "shell" if session is None else "language"
            return needs(N_("{link} of {server} WinRM").format(link=link, server=self.server.name))
        if self.exchange is None:
            return needs(ENTRY)
        if self.links.left.over:
            return _late()
        settings = self.exchange.settings(self.server.name)
        if isinstance(settings, NotGrantedError):
            return needs(N_("cmdlets (Get-PopSettings)"))
        if isinstance(settings, ExchangeError):
            return judging_servers.failed(settings)
        return judging_servers.log_folder(self._folder(session, settings))

    def _folder(self, session: Session | None, settings: PopSettings) -> LogFolder:
        if self._over_winrm and session is not None:
            return servers.log_folder(session, settings)
        return servers.log_share(self.links.environment, self.links.secret, self.server, settings)


def _late() -> Judged:
    return unknown(N_("no time was left"), N_("Give a longer --timeout, or fewer servers."))
