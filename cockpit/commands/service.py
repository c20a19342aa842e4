"""``pop-cockpit service``: the POP3 services of one server, and a restart through the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cockpit.commands import left_out, tables
from cockpit.commands.desk import BAD, OK, REFUSED, Desk, refused
from cockpit.commands.follower import Follower, Terms
from cockpit.commands.narrator import Narrator
from cockpit.commands.output import end_in_order, reader_may_leave
from cockpit.commands.plain import document, iso, plain
from cockpit.commands.recover import tell_of_open_runs
from cockpit.config import secrets
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.config.targets import winrm_target
from cockpit.exchange import catalogue
from cockpit.recovery.client import RefusedError

if TYPE_CHECKING:
    from cockpit.exchange.recovery_model import ServiceProcess

COLUMNS = (
    *(N_("server"), N_("service"), N_("tier"), N_("state")),
    *(N_("start type"), "process_id", N_("created")),
)
RUNNING = "running"
_TIERS = {catalogue.FRONT_END_SERVICE: N_("front end"), catalogue.BACK_END_SERVICE: N_("back end")}
_START_TYPES = {"Auto": "Automatic"}
"""CIM's word, where Get-Service and Set-Service -StartupType have another; JSON keeps CIM's name and word."""
_STYLES = {"Running": "green", "Stopped": "bold red"}


def status(desk: Desk, server: str, backend: bool, form: str) -> int:
    """Print state, start mode and process; 0 all running, 2 one is not, 3 none could be read.

    Without ``backend`` those of the server's tiers: an absent one is none of its.
    """
    from cockpit.exchange.errors import ExchangeError

    narrator = Narrator()
    end_in_order()
    names = (catalogue.BACK_END_SERVICE,) if backend else tuple(_TIERS)
    try:
        left_out.by_directory(desk.environment, server)
        found = _read(desk, server, names)
    except ExchangeError as error:
        narrator.say(f"{server}: {spoken(str(error))}. {spoken(error.cure)}")
        return REFUSED
    if not found:
        words = (
            _("{server} has no service {service}.")
            if len(names) == 1
            else _("{server} has no service {service} or {other}.")
        )
        narrator.say(words.format(server=server, service=names[0], other=names[-1]))
        return REFUSED
    code = OK if all(s.state.lower() == RUNNING for s in found) else BAD
    with reader_may_leave():
        if form == "json":
            print(document({"exit_code": code, "server": server, "services": [_as_plain(s) for s in found]}))
        else:
            tables.show([_(column) for column in COLUMNS], (_row(server, s) for s in found), _STYLES)
    return code


def _read(desk: Desk, server: str, names: tuple[str, ...]) -> list[ServiceProcess]:
    from cockpit.exchange.session import WINRM, Session
    from cockpit.exchange.winrm import WinRMCmdlets

    environment = desk.environment
    target = winrm_target(environment, server)
    session = Session(target, WINRM, environment.credential.user, secrets.password(environment))
    try:
        session.open()
        cmdlets = WinRMCmdlets(session)
        return [found for name in names if (found := cmdlets.service_process(name)) is not None]
    finally:
        session.close()


def _tier(service: ServiceProcess) -> str:
    return next((tier for name, tier in _TIERS.items() if name.lower() == service.name.lower()), "")


def _as_plain(service: ServiceProcess) -> dict[str, Any]:
    return {**plain(service), "created": iso(service.created), "tier": _tier(service)}


def _row(server: str, service: ServiceProcess) -> tuple[str, ...]:
    return (
        server,
        service.name,
        _tier(service),
        service.state,
        _START_TYPES.get(service.start_mode, service.start_mode),
        str(service.process_id or ""),
        iso(service.created) or "",
    )


def restart(desk: Desk, server: str, backend: bool, form: str) -> int:
    """Restart one POP3 service as a run of its own, with guards and journal; followed like ``recover``."""
    desk.want_write("service restart")
    narrator = Narrator()
    try:
        with desk.office() as office:
            try:
                started = office.start_service(server, backend)
            except RefusedError as error:
                code = refused(narrator, error)
                tell_of_open_runs(office, desk, narrator)
                return code
            return Follower(office, started, Terms(desk.program, form, starting=True), narrator).follow()
    except RefusedError as error:
        return refused(narrator, error)
